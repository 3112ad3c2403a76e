use super::*;
use crate::model::read::{IntOrStr, Reader};
use crate::syntax::parse;
use std::sync::Arc;

fn read_text(text: &str) -> (Vec<Object>, Reader) {
    let (tree, problems) = parse(FileId(0), &Arc::from(text), None);
    assert!(problems.is_empty(), "{problems:?}");
    let mut reader = Reader::new();
    let objects = read(&tree, &mut reader);
    (objects, reader)
}

fn one(text: &str) -> Object {
    let (mut objects, _) = read_text(text);
    assert_eq!(objects.len(), 1);
    objects.remove(0)
}

fn unknown(object: &Object) -> Vec<(&str, &str)> {
    object.unknown.iter().map(|it| (it.owner, it.key.as_str())).collect()
}

#[track_caller]
fn is(value: Option<&Str>, wanted: &str) {
    assert_eq!(value.map(|it| it.as_str()), Some(wanted));
}

const DEPLOYMENT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  namespace: shop
  labels: {app: api}
  annotations:
    plimsoll.dev/ignore: PLM101
spec:
  replicas: 3
  selector:
    matchLabels: {app: api}
    matchExpressions:
    - {key: tier, operator: In, values: [web, edge]}
    - {key: gone, operator: DoesNotExist}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}
  template:
    metadata:
      labels: {app: api, tier: web}
    spec:
      terminationGracePeriodSeconds: 45
      enableServiceLinks: false
      serviceAccountName: api
      imagePullSecrets: [{name: registry}]
      hostAliases: [{ip: 10.0.0.1, hostnames: [db]}]
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
            - matchExpressions: [{key: disk, operator: In, values: [ssd]}]
              matchFields: [{key: metadata.name, operator: In, values: [node-1]}]
          preferredDuringSchedulingIgnoredDuringExecution:
          - {weight: 1, preference: {matchExpressions: [{key: zone, operator: Exists}]}}
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
          - weight: 1
            podAffinityTerm:
              topologyKey: kubernetes.io/hostname
              labelSelector: {matchLabels: {app: api}}
      topologySpreadConstraints:
      - {topologyKey: zone, maxSkew: 1, minDomains: 2, whenUnsatisfiable: DoNotSchedule}
      securityContext: {runAsNonRoot: true, fsGroup: 2000}
      initContainers:
      - {name: proxy, image: envoy:1, restartPolicy: Always}
      - {name: wait, image: busybox, command: [sh, -c, until nc -z db 5432; do sleep 1; done]}
      containers:
      - name: web
        image: example/api:1.2 # pinned
        args: ["--port", "8080"]
        env:
        - {name: A, value: "1"}
        - {name: B, value: true}
        - {name: C, value: 1_000}
        - {name: D, value: no}
        - {name: E, value: 22:22}
        - name: F
          valueFrom: {secretKeyRef: {name: db, key: password, optional: true}}
        - name: G
          valueFrom: {fieldRef: {fieldPath: status.podIP}}
        - name: H
        envFrom:
        - {prefix: APP_, configMapRef: {name: settings}}
        - secretRef: {name: db, optional: true}
        ports:
        - {name: http, containerPort: 8080}
        - {containerPort: 9090, hostPort: 9090, protocol: UDP}
        readinessProbe:
          httpGet: {path: /ready, port: http, httpHeaders: [{name: Host, value: x}]}
          periodSeconds: 5
        livenessProbe:
          exec: {command: [pg_isready, -U, app]}
          initialDelaySeconds: 10
          timeoutSeconds: 2
        startupProbe: {tcpSocket: {port: 8080}, failureThreshold: 30}
        lifecycle:
          preStop: {sleep: {seconds: 5}}
          postStart: {exec: {command: [./migrate]}}
        resources:
          requests: {cpu: 250m, memory: 512m}
          limits: {memory: 1GB, nvidia.com/gpu: "1"}
        volumeMounts:
        - {name: conf, mountPath: /etc/app, subPath: app.yaml, readOnly: true}
        securityContext:
          readOnlyRootFilesystem: true
          capabilities: {add: [SYS_ADMIN], drop: [ALL]}
      volumes:
      - {name: conf, configMap: {name: settings, items: [{key: app.yaml, path: app.yaml}], defaultMode: 0644}}
      - {name: all, projected: {sources: [{secret: {name: db}}, {configMap: {name: settings}}, {serviceAccountToken: {path: t}}]}}
      - {name: data, persistentVolumeClaim: {claimName: data, readOnly: true}}
      - {name: tmp, emptyDir: {medium: Memory, sizeLimit: 64Mi}}
      - {name: sock, hostPath: {path: /var/run/docker.sock, type: Socket}}
"#;

#[test]
fn all_fields_of_a_deployment_are_read() {
    let object = one(DEPLOYMENT);
    assert_eq!(object.unknown, []);
    assert_eq!((object.group(), object.namespace()), ("apps", "shop"));
    is(object.name(), "api");
    assert_eq!(&DEPLOYMENT[object.name_span().range()], "api");
    is(object.meta.annotation("plimsoll.dev/ignore"), "PLM101");
    let it = object.workload().unwrap();
    assert_eq!((it.kind, it.replica_count()), (WorkloadKind::Deployment, Some(3)));
    assert!(it.selector.as_ref().unwrap().matches(&it.template.meta.labels));
    let strategy = it.strategy.as_ref().unwrap();
    assert_eq!(strategy.max_surge.as_ref().unwrap().value, IntOrStr::Str("25%".into()));
    assert_eq!(strategy.max_unavailable.as_ref().unwrap().value, IntOrStr::Int(0));
    let spec = &it.template.spec;
    assert_eq!(spec.termination_grace_period_seconds.unwrap().value, 45);
    assert_eq!(spec.enable_service_links.map(|it| it.value), Some(false));
    is(spec.image_pull_secrets.first(), "registry");
    is(spec.host_aliases[0].hostnames.first(), "db");
    assert!(spec.affinity.anti.is_some() && spec.affinity.pod.is_none());
    let [required, preferred] = &spec.affinity.node_terms[..] else { panic!("two terms") };
    assert!(required.required && !preferred.required);
    assert_eq!(
        (required.labels[0].key.as_str(), required.labels[0].operator),
        ("disk", Operator::In)
    );
    assert_eq!(required.fields[0].values[0].as_str(), "node-1");
    assert_eq!(preferred.labels[0].operator, Operator::Exists);
    is(spec.affinity.anti_terms[0].topology_key.as_ref(), "kubernetes.io/hostname");
    assert_eq!(spec.topology_spread[0].max_skew.unwrap().value, 1);
    assert_eq!(spec.topology_spread[0].min_domains.unwrap().value, 2);
    assert_eq!(spec.security.as_ref().unwrap().fs_group.unwrap().value, 2000);
    let running: Vec<&str> = it.running().map(Container::label).collect();
    assert_eq!(running, ["web", "proxy"]);
}

#[test]
fn all_fields_of_a_container_are_read() {
    let object = one(DEPLOYMENT);
    let web = &object.workload().unwrap().template.spec.containers[0];
    assert_eq!(&DEPLOYMENT[web.image.as_ref().unwrap().span.range()], "example/api:1.2");
    assert_eq!(web.words().map(|it| it.as_str()).collect::<Vec<_>>(), ["--port", "8080"]);
    let env = |name| &web.env(name).unwrap().value;
    assert!(matches!(env("A"), EnvValue::Literal(it) if it.as_str() == "1"));
    assert!(
        matches!(env("B"), EnvValue::NotAString(it, ScalarType::Bool) if it.as_str() == "true")
    );
    assert!(matches!(env("C"), EnvValue::NotAString(_, ScalarType::Number)));
    assert!(matches!(env("D"), EnvValue::NotAString(_, ScalarType::Bool)));
    assert!(matches!(env("E"), EnvValue::Literal(_)));
    assert!(matches!(env("G"), EnvValue::Field(it) if it.as_str() == "status.podIP"));
    assert_eq!(*env("H"), EnvValue::Empty);
    let EnvValue::SecretKey(key) = env("F") else { panic!("{:?}", env("F")) };
    is(key.name.as_ref(), "db");
    is(key.key.as_ref(), "password");
    assert!(is_true(key.optional));
    is(web.env_from[0].prefix.as_ref(), "APP_");
    assert_eq!(web.env_from[0].source, EnvSource::ConfigMap);
    assert_eq!(web.env_from[1].source, EnvSource::Secret);
    assert!(is_true(web.env_from[1].optional) && !is_true(web.env_from[0].optional));
    assert_eq!(web.ports[1].host_port.unwrap().value, 9090);

    let ready = web.readiness.as_ref().unwrap();
    assert!(web.ports[0].is(ready.handler.port().unwrap()));
    assert_eq!((ready.period(), ready.timeout(), ready.failures()), (5, 1, 3));
    let live = web.liveness.as_ref().unwrap();
    let ProbeHandler::Exec { command, .. } = &live.handler else { panic!("{live:?}") };
    assert_eq!(command.len(), 3);
    assert!(!live.handler.same_as(&ready.handler, &[]) && live.handler.same_as(&live.handler, &[]));
    assert_eq!(web.startup.as_ref().unwrap().handler.port().unwrap().value, IntOrStr::Int(8080));
    let stop = &web.pre_stop.as_ref().unwrap().handler;
    assert!(matches!(stop, HookHandler::Sleep(Some(it)) if it.value == 5));

    let resources = web.resources.as_ref().unwrap();
    assert_eq!(resources.request("cpu").unwrap().quantity, Some(Quantity { milli: 250 }));
    assert_eq!(resources.request("memory").unwrap().quantity, Some(Quantity { milli: 512 }));
    assert_eq!(resources.limit("memory").unwrap().quantity, None);
    assert_eq!(resources.gpus().count(), 1);
    is(web.mounts[0].sub_path.as_ref(), "app.yaml");
    is(web.security.as_ref().unwrap().capabilities_add.first(), "SYS_ADMIN");
}

#[test]
fn the_sources_of_volumes_are_read() {
    let object = one(DEPLOYMENT);
    let spec = &object.workload().unwrap().template.spec;
    let source = |name| &spec.volume(name).unwrap().source;
    assert!(matches!(source("conf").keyed()[..], [(false, _)]));
    let all = source("all").keyed();
    is(all.iter().find(|it| it.0).unwrap().1.name.as_ref(), "db");
    assert_eq!(all.iter().filter(|it| !it.0).count(), 1);
    let VolumeSource::Claim { name, read_only } = source("data") else { panic!() };
    is(name.as_ref(), "data");
    assert!(is_true(*read_only));
    let VolumeSource::EmptyDir { medium, .. } = source("tmp") else { panic!() };
    is(medium.as_ref(), "Memory");
    let VolumeSource::HostPath { path, .. } = source("sock") else { panic!() };
    is(path.as_ref(), "/var/run/docker.sock");
}

#[test]
fn unknown_and_misplaced_keys_are_recorded() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  replica: 2\n  template:\n    spec:\n      livenessProbe: {}\n      $patch: replace\n      containers:\n      - name: a\n        readynessProbe:\n          httpGet: {port: 80}\n";
    let object = one(text);
    let wanted = [
        ("DeploymentSpec", "replica"),
        ("PodSpec", "livenessProbe"),
        ("Container", "readynessProbe"),
    ];
    assert_eq!(unknown(&object), wanted);
    assert_eq!(&text[object.unknown[0].entry.range()], "replica: 2");
    assert!(object.unknown[2].collection);
}

#[test]
fn streams_lists_and_fragments_are_read() {
    let text = "---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: None, ports: [{port: 80, targetPort: http}]}}\n- {kind: ConfigMap, metadata: {name: b}, data: {PORT: 80, x: z}}\n---\nkind: Pod\nspec:\n  containers: [{image: nginx}]\n---\nkind: SecretList\nitems: [{metadata: {name: s}, stringData: {k: v}}]\n---\njust: text\n";
    let (objects, _) = read_text(text);
    let seen: Vec<(&str, usize)> =
        objects.iter().map(|it| (it.kind.as_str(), it.document)).collect();
    let first = seen[0].1;
    assert_eq!(
        seen,
        [("Service", first), ("ConfigMap", first), ("Pod", first + 1), ("Secret", first + 2)]
    );
    let service = objects[0].service().unwrap();
    assert!(service.is_headless());
    assert_eq!(service.ports[0].target().unwrap().value, IntOrStr::Str("http".into()));
    let Body::ConfigMap(config) = &objects[1].body else { panic!() };
    assert!(config.has_key("PORT") && config.has_key("x"));
    // The API server refuses a number here.
    assert_eq!(objects[1].wrong.len(), 1);
    assert_eq!(objects[2].workload().unwrap().template.spec.containers[0].label(), "nginx");
    assert_eq!(objects[2].name(), None);
    let Body::Secret(secret) = &objects[3].body else { panic!() };
    assert!(secret.keys_known && secret.has_key("k"));
}

#[test]
fn jobs_and_cron_jobs_are_read() {
    let object = one(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {generateName: nightly-}\nspec:\n  schedule: '0 3 * * *'\n  concurrencyPolicy: Forbid\n  jobTemplate:\n    spec:\n      parallelism: 2\n      ttlSecondsAfterFinished: 60\n      template:\n        metadata: {labels: {job: x}}\n        spec:\n          restartPolicy: Never\n          containers: [{name: dump, image: postgres:17}]\n",
    );
    assert_eq!(object.unknown, []);
    let it = object.workload().unwrap();
    is(it.cron.schedule.as_ref(), "0 3 * * *");
    assert_eq!(it.job.parallelism.unwrap().value, 2);
    assert_eq!(it.job.ttl_seconds_after_finished.unwrap().value, 60);
    assert_eq!(it.template.spec.containers.len(), 1);
    assert!(it.kind.is_job() && it.job.place.is_some());
}

#[test]
fn stateful_sets_and_claims_are_read() {
    let object = one(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  serviceName: db\n  updateStrategy: {rollingUpdate: {partition: 1}}\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    spec: {containers: [{name: db, image: postgres}]}\n  volumeClaimTemplates:\n  - metadata: {name: data}\n    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
    );
    assert_eq!(object.unknown, []);
    let it = object.workload().unwrap();
    is(it.service_name.as_ref(), "db");
    is(it.volume_claim_templates[0].name(), "data");
    assert!(it.volume_claim_templates[0].claim.single_node());
    let storage = it.volume_claim_templates[0].claim.storage.as_ref().unwrap();
    assert_eq!(storage.quantity.unwrap().units(), 1 << 30);
    assert_eq!(it.strategy.as_ref().unwrap().partition.unwrap().value, 1);
}

#[test]
fn the_backends_of_every_kind_of_route_are_read() {
    let (objects, _) = read_text(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec:\n  ingressClassName: nginx\n  tls: [{hosts: [a.example], secretName: cert}]\n  defaultBackend: {service: {name: fallback, port: {name: http}}}\n  rules:\n  - host: a.example\n    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: h}\nspec:\n  parentRefs: [{name: gw, namespace: infra}]\n  hostnames: [b.example]\n  rules:\n  - matches: [{path: {value: /api}}]\n    backendRefs: [{name: api, port: 8080, namespace: shop}, {kind: Other, name: x}]\n---\napiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: t}\nspec:\n  routes: [{match: 'Host(`c.example`) && Path(`/x`)', services: [{name: web, port: http}, {name: api@internal, kind: TraefikService}]}]\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\nspec:\n  hosts: [d.example]\n  http: [{route: [{destination: {host: web.shop.svc.cluster.local, port: {number: 80}}}, {destination: {host: api.example.com}}]}]\n",
    );
    let routes: Vec<&Routes> = objects
        .iter()
        .map(|it| match &it.body {
            Body::Routes(it) => &**it,
            other => panic!("{other:?}"),
        })
        .collect();
    let backends = |at: usize| -> Vec<&str> {
        routes[at].backends.iter().map(|it| it.service.as_str()).collect()
    };
    assert_eq!(backends(0), ["fallback", "web"]);
    is(routes[0].tls[0].secret.as_ref(), "cert");
    is(routes[0].backends[1].path.as_ref(), "/");
    assert_eq!(routes[0].backends[0].port.as_ref().unwrap().as_str(), Some("http"));
    assert_eq!(backends(1), ["api"]);
    is(routes[1].backends[0].namespace.as_ref(), "shop");
    is(routes[1].backends[0].path.as_ref(), "/api");
    assert_eq!(backends(2), ["web"]);
    is(routes[2].hosts.first(), "c.example");
    assert_eq!(routes[2].hosts.len(), 1);
    assert_eq!(backends(3), ["web"]);
    is(routes[3].backends[0].namespace.as_ref(), "shop");
}

#[test]
fn objects_that_create_secrets_are_read_as_secrets() {
    let (objects, _) = read_text(
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {encryptedData: {password: AgB}}\n---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: e}\nspec: {target: {name: db}, dataFrom: [{extract: {key: x}}]}\n---\napiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c}\nspec: {secretName: tls}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: p}\ntype: Opaque\ndata: {a: ENC}\nsops: {mac: x}\n",
    );
    let secrets: Vec<&Secret> = objects
        .iter()
        .map(|it| match &it.body {
            Body::Secret(it) => &**it,
            other => panic!("{other:?}"),
        })
        .collect();
    let names = |at: usize| -> Vec<&str> { objects[at].secret_names() };
    assert!(secrets[0].keys_known && secrets[0].has_key("password"));
    assert_eq!((names(0), names(1), names(2)), (vec!["s"], vec!["db"], vec!["tls"]));
    assert!(!secrets[1].keys_known);
    assert_eq!(secrets[3].kind, SecretKind::Sops);
}

#[test]
fn autoscalers_of_every_kind_are_read() {
    let (objects, _) = read_text(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}\n  maxReplicas: 5\n  metrics:\n  - type: Resource\n    resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}\n  - type: Resource\n    resource: {name: memory, target: {type: AverageValue, averageValue: 500Mi}}\n---\napiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: old}\nspec: {scaleTargetRef: {kind: Deployment, name: api}, minReplicas: 2, maxReplicas: 3, targetCPUUtilizationPercentage: 80}\n---\napiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: k}\nspec: {scaleTargetRef: {name: api}, triggers: [{type: cpu, metricType: Utilization, metadata: {value: '60'}}]}\n",
    );
    let all: Vec<&Autoscaler> = objects
        .iter()
        .map(|it| match &it.body {
            Body::Autoscaler(it) => &**it,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(objects.iter().all(|it| it.unknown.is_empty()));
    assert_eq!((all[0].minimum(), all[0].maximum()), (Some(1), Some(5)));
    assert!(all[0].metrics[0].is_utilization() && !all[0].metrics[1].is_utilization());
    assert!(all[1].metrics[0].is_utilization());
    is(all[1].metrics[0].name.as_ref(), "cpu");
    assert_eq!((all[2].minimum(), all[2].maximum()), (Some(0), Some(100)));
    assert!(all[2].metrics[0].is_utilization());
    is(all[2].target.as_ref().unwrap().name.as_ref(), "api");
}

#[test]
fn the_same_kind_in_another_group_is_not_read() {
    let (objects, _) = read_text(
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: k}\nspec: {template: {}}\n---\napiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: v}\nspec: {tasks: []}\n---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {a: 1}\n",
    );
    assert!(objects.iter().all(|it| it.body == Body::Other && it.unknown.is_empty()));
}

#[test]
fn values_behind_an_alias_are_shared() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - &base\n    name: a\n    image: x\n    resources: &r\n      limits: {cpu: 1}\n  - <<: *base\n    name: b\n    readinessProbe:\n      tcpSocket: {port: 1}\n  - name: c\n    resources: *r\n";
    let object = one(text);
    let containers = &object.workload().unwrap().template.spec.containers;
    is(containers[1].image.as_ref(), "x");
    is(containers[1].name.as_ref(), "b");
    let shared = |at: usize| containers[at].resources.as_ref().unwrap().place.shared;
    assert!(!shared(0) && shared(1) && shared(2));
    assert!(!containers[1].place.shared);
    assert!(!containers[1].readiness.as_ref().unwrap().place.shared);
}

#[test]
fn aliases_that_multiply_are_stopped() {
    let mut text =
        String::from("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    env: &e\n");
    for at in 0..1000 {
        text.push_str(&format!("    - {{name: V{at}, value: x}}\n"));
    }
    for at in 0..1000 {
        text.push_str(&format!("  - {{name: c{at}, env: *e}}\n"));
    }
    let (objects, reader) = read_text(&text);
    assert_eq!(reader.problems.len(), 1, "said once");
    assert_eq!(reader.problems[0].kind, crate::syntax::ProblemKind::Limit);
    let read: usize = objects[0].workload().unwrap().running().map(|it| it.env.len()).sum();
    assert!(read < 60_000, "{read}");
}

#[test]
fn an_object_that_a_list_repeats_by_alias_is_stopped() {
    let mut text =
        "apiVersion: v1\nkind: List\nitems:\n- &a\n  kind: ConfigMap\n  data:\n".to_owned();
    for at in 0..200 {
        text.push_str(&format!("    k{at}: x\n"));
    }
    text.push_str(&"- *a\n".repeat(10_000));
    let (objects, reader) = read_text(&text);
    assert_eq!(reader.problems.len(), 1, "said once");
    assert_eq!(reader.problems[0].kind, crate::syntax::ProblemKind::Limit);
    assert!(objects.len() < 500, "{}", objects.len());
}

#[test]
fn selectors_support_every_operator() {
    let labels = |all: &[(&str, &str)]| -> Vec<(Str, Str)> {
        let word = |it: &str| Str::new(it.into(), Span::default());
        all.iter().map(|(key, value)| (word(key), word(value))).collect()
    };
    let selector = |expression: &str| {
        let text = format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nspec:\n  selector: {{matchExpressions: [{expression}]}}\n"
        );
        match one(&text).body {
            Body::DisruptionBudget(it) => it.selector.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    let with = labels(&[("a", "1")]);
    for (expression, on, off) in [
        ("{key: a, operator: In, values: ['1']}", true, false),
        ("{key: a, operator: NotIn, values: ['1']}", false, true),
        ("{key: a, operator: Exists}", true, false),
        ("{key: a, operator: DoesNotExist}", false, true),
        ("{key: a, operator: Like}", false, false),
    ] {
        let selector = selector(expression);
        assert_eq!((selector.matches(&with), selector.matches(&[])), (on, off), "{expression}");
    }
    assert!(Selector::default().matches(&[]));
}
