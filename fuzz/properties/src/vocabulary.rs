//! Keys of Compose and Kubernetes with values that fit, and some that do not.

/// A key and the values that it may have, as they stand in flow style.
pub type Key = (&'static str, &'static [&'static str]);

/// Names of services and workloads, few enough that files often mean the same one.
pub const NAMES: &[&str] = &["web", "db", "api", "worker", "cache", "migrate", "x-a"];

pub const IMAGES: &[&str] = &[
    "nginx",
    "nginx:1.29",
    "postgres:17",
    "postgres:latest",
    "redis:8",
    "mysql:8.4",
    "rabbitmq:4-management",
    "acme/app:1",
    "acme/app:2",
    "${IMAGE:?}",
    "'postgres:${PG:-16}'",
    "ghcr.io/acme/app@sha256:00",
    "''",
];

/// Keys of a service in Compose.
pub const SERVICE: &[Key] = &[
    ("build", &[".", "{context: ., target: prod}", "{context: ../app}", "[]", ""]),
    (
        "command",
        &[
            "sh -c 'alembic upgrade head && gunicorn app'",
            "[npm, run, dev]",
            "postgres -c x=1",
            "''",
            "[]",
        ],
    ),
    ("container_name", &["web", "db", "''"]),
    (
        "depends_on",
        &[
            "[db]",
            "[db, cache]",
            "{db: {condition: service_healthy}}",
            "{db: {condition: nothing}}",
            "[]",
            "",
            "web",
            "{db: }",
        ],
    ),
    (
        "deploy",
        &[
            "{replicas: 3}",
            "{replicas: 9223372036854775807}",
            "{resources: {limits: {memory: 512M, cpus: '0.5'}}}",
            "{resources: {limits: {memory: 1Q}}}",
            "{}",
        ],
    ),
    (
        "environment",
        &[
            "{DB_HOST: db, DB_PASSWORD: hunter2}",
            "['DATABASE_URL=postgres://u:p@db:5432/x', 'A=${A:?}']",
            "{POSTGRES_PASSWORD: x}",
            "{REDIS_URL: 'redis://cache:6379'}",
            "[A, B=1, 'C']",
            "{API_URL: 'http://api:8080'}",
            "''",
        ],
    ),
    ("env_file", &[".env", "[.env, {path: x.env, required: false}]", "missing.env", "[]"]),
    ("expose", &["['80']", "[80, 8080]", "80"]),
    ("extends", &["{service: web}", "{file: other.yaml, service: db}", "db", "{}"]),
    (
        "healthcheck",
        &[
            "{test: [CMD, pg_isready]}",
            "{test: curl -f http://localhost/}",
            "{disable: true}",
            "",
            "[]",
            "{test: [NONE]}",
            "{interval: 1x}",
        ],
    ),
    ("labels", &["{a: b}", "[a=b, c]", "[]", "{traefik.enable: true}"]),
    ("logging", &["{driver: json-file, options: {max-size: 10m}}", "", "json-file"]),
    ("networks", &["[front]", "{front: {aliases: [db]}}", "[front, back]", "default"]),
    ("network_mode", &["host", "none", "'service:web'"]),
    (
        "ports",
        &[
            "['80:80']",
            "['5432:5432']",
            "['127.0.0.1:6379:6379']",
            "[{target: 80, published: '8080'}]",
            "['1-65535:1-65535']",
            "['${PORT:-80}:80']",
            "['x:y']",
            "80",
        ],
    ),
    ("privileged", &["true", "'yes'"]),
    ("profiles", &["[dev]", "[]"]),
    ("restart", &["always", "'no'", "no", "unless-stopped", "'on-failure:3'", "", "[]"]),
    ("restar", &["always"]),
    ("secrets", &["[key]", "[{source: key, target: x}]"]),
    ("stop_grace_period", &["30s", "1m30s", "-1s", "1"]),
    ("tmpfs", &["/tmp", "[/tmp, '/run:size=1m']"]),
    ("user", &["root", "'1000:1000'", "0"]),
    (
        "volumes",
        &[
            "['data:/var/lib/postgresql/data']",
            "['./src:/app']",
            "['/var/run/docker.sock:/var/run/docker.sock']",
            "[{type: bind, source: ./a, target: /a}]",
            "[/anonymous]",
            "['.:/']",
            "['::']",
            "data",
        ],
    ),
    ("mem_limit", &["512m", "1e3", "0"]),
    ("<<", &["*base", "[*base, {restart: always}]", "{a: b}"]),
];

/// Keys at the top of a Compose file.
pub const COMPOSE: &[Key] = &[
    ("name", &["shop", "Shop", "${N:-shop}"]),
    ("version", &["'3.8'", "3", "&v '2'"]),
    ("volumes", &["{data: }", "{data: {external: true}}", "{data: {driver: local}}", "[]", ""]),
    ("networks", &["{front: , back: {internal: true}}", "{front: {external: true}}"]),
    (
        "secrets",
        &["{key: {file: key.txt}}", "{key: {environment: KEY}}", "{key: {external: true}}"],
    ),
    ("configs", &["{c: {content: a}}"]),
    ("x-base", &["&base {restart: always, logging: {options: {max-size: 1m}}}", "&base []"]),
    ("include", &["[other.yaml]", "[{path: [compose.yaml]}]", "missing.yaml"]),
];

/// Keys of a container.
pub const CONTAINER: &[Key] = &[
    ("imagePullPolicy", &["Always", "Never", "IfNotPresent", "''"]),
    ("command", &["[sh, -c, 'alembic upgrade head']", "[pg_dump]", "sh", "[]"]),
    ("args", &["[serve, --port, '8080']", "[]"]),
    (
        "env",
        &[
            "[{name: DB_HOST, value: db}, {name: DB_PASSWORD, value: hunter2}]",
            "[{name: A, valueFrom: {secretKeyRef: {name: web, key: a}}}]",
            "[{name: DATABASE_URL, value: 'postgres://u:p@db:5432/x'}]",
            "[{name: A}, {name: A, value: 1}]",
            "{}",
            "[{value: a}]",
        ],
    ),
    ("envFrom", &["[{configMapRef: {name: web}}]", "[{secretRef: {name: nobody}}]", "[]"]),
    (
        "ports",
        &[
            "[{containerPort: 80}]",
            "[{name: http, containerPort: 8080}]",
            "[{containerPort: 70000}]",
            "[{containerPort: http}]",
        ],
    ),
    (
        "readinessProbe",
        &[
            "{httpGet: {path: /, port: 80}}",
            "{httpGet: {path: /, port: http}}",
            "{exec: {command: [a]}}",
            "",
            "[]",
            "{periodSeconds: 99999999999}",
        ],
    ),
    (
        "livenessProbe",
        &[
            "{httpGet: {path: /, port: 80}}",
            "{tcpSocket: {port: 5432}, initialDelaySeconds: 1}",
            "{exec: {command: 'pg_isready'}}",
        ],
    ),
    (
        "resources",
        &[
            "{requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}",
            "{limits: {memory: 1GB}}",
            "{requests: {cpu: 1e99}}",
            "{limits: {cpu: 0.5, memory: 1G}}",
            "{}",
        ],
    ),
    (
        "securityContext",
        &[
            "{runAsNonRoot: true}",
            "{privileged: true}",
            "{runAsUser: 0, readOnlyRootFilesystem: true}",
        ],
    ),
    (
        "volumeMounts",
        &["[{name: data, mountPath: /data}]", "[{name: nobody, mountPath: /x, subPath: a}]", "[]"],
    ),
    (
        "lifecycle",
        &["{preStop: {exec: {command: [sleep, '5']}}}", "{preStop: {sleep: {seconds: 5}}}"],
    ),
];

/// Keys of the spec of a Pod.
pub const POD: &[Key] = &[
    (
        "volumes",
        &[
            "[{name: data, persistentVolumeClaim: {claimName: data}}]",
            "[{name: data, emptyDir: {}}]",
            "[{name: data, hostPath: {path: /}}]",
            "[{name: data, configMap: {name: web}}]",
        ],
    ),
    (
        "initContainers",
        &[
            "[{name: migrate, image: 'acme/app:1', command: [alembic, upgrade, head]}]",
            "[{name: wait, image: busybox, command: [sh, -c, 'until nc -z db 5432; do sleep 1; done']}]",
        ],
    ),
    ("restartPolicy", &["Never", "Always", "OnFailure"]),
    ("terminationGracePeriodSeconds", &["0", "30", "-1", "x"]),
    ("serviceAccountName", &["web"]),
    ("nodeSelector", &["{a: b}"]),
    ("affinity", &["{podAntiAffinity: {}}"]),
    ("hostNetwork", &["true"]),
];

/// Keys of the spec of a workload.
pub const WORKLOAD: &[Key] = &[
    ("replicas", &["2", "1", "0", "9223372036854775807", "'2'", "-1"]),
    (
        "strategy",
        &[
            "{type: Recreate}",
            "{rollingUpdate: {maxUnavailable: 100%}}",
            "{rollingUpdate: {maxUnavailable: 0, maxSurge: 0}}",
        ],
    ),
    (
        "selector",
        &[
            "{matchLabels: {app: web}}",
            "{matchLabels: {app: db}}",
            "{}",
            "{matchExpressions: [{key: app, operator: In, values: [web]}]}",
        ],
    ),
    ("serviceName", &["db", "nobody"]),
    (
        "volumeClaimTemplates",
        &["[{metadata: {name: data}, spec: {resources: {requests: {storage: 1Gi}}}}]"],
    ),
    ("schedule", &["'0 * * * *'", "'* * * *'", "'@daily'", "'99 99 * * *'"]),
    ("concurrencyPolicy", &["Allow", "Forbid", "", "[]"]),
    ("backoffLimit", &["0", "99999999999"]),
    ("revisionHistoryLimit", &["0"]),
];

/// Objects without a Pod, where `NAME` is a name.
pub const OBJECTS: &[&str] = &[
    "{apiVersion: v1, kind: Service, metadata: {name: NAME}, spec: {selector: {app: NAME}, ports: [{port: 80, targetPort: http}]}}",
    "{apiVersion: v1, kind: Service, metadata: {name: NAME, namespace: shop}, spec: {selector: {app: nobody}, type: LoadBalancer, ports: [{port: 5432, targetPort: 99}]}}",
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: NAME}, data: {A: b, DB_HOST: db, yes: 1}}",
    "{apiVersion: v1, kind: Secret, metadata: {name: NAME}, stringData: {a: hunter2}, data: {b: '%%%'}}",
    "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}",
    "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: NAME}, spec: {scaleTargetRef: {kind: Deployment, name: NAME}, minReplicas: 1, maxReplicas: 9223372036854775807}}",
    "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: NAME}, spec: {minAvailable: 100%, selector: {matchLabels: {app: NAME}}}}",
    "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: NAME}, spec: {rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: NAME, port: {number: 80}}}}]}}]}}",
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: NAME}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}",
    "{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: NAME}, spec: {source: {repoURL: 'https://example.com/a', path: k8s}, destination: {namespace: shop}}}",
    "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: NAME}}, 1, ]}",
    "{kind: 1, metadata: []}",
];

pub const KINDS: &[&str] = &["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"];
