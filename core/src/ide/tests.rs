//! What stands where: each kind of name, in whole projects.

use super::testing::{assert_definition, assert_references, with_cursor};

#[test]
fn services_are_named_by_every_key_that_takes_one() {
    assert_references(
        "=== compose.yaml
services:
  d<>b: {image: 'postgres:17'}
  web:
    image: acme/web:1
    depends_on: [db]
    links: ['db:database']
    volumes_from: [db:ro]
    network_mode: service:db
    environment:
      DATABASE_URL: postgres://app@db:5432/app
    command: [wait-for, 'db:5432']
  worker:
    extends: {service: db}
    depends_on: {db: {condition: service_started}}
    env_file: app.env
=== compose.override.yaml
services:
  db: {ports: ['5432:5432']}
  web: {depends_on: ['db']}
=== app.env
PGHOST=db
",
        &[
            "PGHOST=^db",
            "{depends_on: ['^db",
            "    depends_on: [^db",
            "links: ['^db",
            "volumes_from: [^db",
            "service:^db",
            "app@^db",
            "'^db^:5432",
            "extends: {service: ^db",
            "depends_on: {^db",
        ],
    );
}

#[test]
fn a_service_is_defined_in_every_file_that_writes_it() {
    assert_definition(
        "=== compose.yaml
services:
  db: {image: 'postgres:17'}
  web: {image: 'acme/web:1', depends_on: [<>db]}
=== compose.override.yaml
services:
  db: {ports: ['5432:5432']}
",
        &["  ^db^: {ports", "  ^db^: {image"],
    );
}

#[test]
fn an_extended_service_of_another_file_is_defined_there() {
    assert_definition(
        "=== compose.yaml
services:
  web: {extends: {file: common/base.yaml, service: b<>ase}}
=== common/base.yaml
services:
  base: {image: 'acme/base:1'}
",
        &["  ^base^: {image"],
    );
    assert_definition(
        "=== compose.yaml
include: [db/compose.yaml]
services:
  web: {image: 'acme/web:1', depends_on: [d<>b]}
=== db/compose.yaml
services:
  db: {image: 'postgres:17'}
",
        &["  ^db^: {image"],
    );
}

#[test]
fn a_service_that_is_only_extended_waits_for_services_of_the_project() {
    assert_references(
        "=== compose.yaml
services:
  d<>b: {image: 'postgres:17'}
  web: {extends: {file: common/base.yaml, service: base}}
=== common/base.yaml
services:
  base: {image: 'acme/base:1', depends_on: [db]}
",
        &["depends_on: [^db"],
    );
}

#[test]
fn a_name_that_a_variable_makes_is_found() {
    assert_references(
        "=== compose.yaml
services:
  d<>b: {image: 'postgres:17'}
  web: {image: 'acme/web:1', depends_on: ['${DB:-db}']}
",
        &["'^${DB:-db}^'"],
    );
}

#[test]
fn volumes_networks_secrets_configs_and_profiles_have_places() {
    let text = "=== compose.yaml
services:
  web:
    image: acme/web:1
    volumes: ['data:/data', {type: volume, source: data, target: /more}, './data:/x']
    networks: {front: {aliases: [front]}}
    secrets: [key, {source: key}]
    configs: [{source: conf, target: /conf}]
    profiles: [debug]
  other: {image: 'acme/o:1', networks: [front], profiles: [debug, tools]}
volumes: {data: {}}
networks: {front: {}}
secrets: {key: {file: key.txt}}
configs: {conf: {file: conf.txt}}
=== .env
COMPOSE_PROFILES=tools,debug
";
    assert_references(&with_cursor(text, "^data: {}"), &["volumes: ['^data", "source: ^data"]);
    let front = ["networks: {^front^: {aliases", "networks: [^front"];
    assert_references(&with_cursor(text, "^front: {}"), &front);
    assert_references(&with_cursor(text, "^key: {file"), &["secrets: [^key", "{source: ^key"]);
    assert_references(&with_cursor(text, "^conf: {file"), &["source: ^conf"]);
    let debug = with_cursor(text, "^debug, tools");
    assert_definition(&debug, &["    profiles: [^debug", ", profiles: [^debug"]);
    assert_references(&debug, &["tools,^debug"]);
}

#[test]
fn variables_lead_to_the_env_file() {
    let text = "=== compose.yaml
services:
  web: {image: 'acme/web:${T<>AG:-1}', environment: {TAG: $TAG}}
=== .env
A=2
TAG=2
";
    assert_definition(text, &["=2\n^TAG"]);
    assert_references(text, &["${^TAG", " $^TAG"]);
}

#[test]
fn aliases_lead_to_the_anchor_before_them() {
    assert_definition(
        "=== a.yaml
a: &x 1
b: *x
c: &x 2
d: *<>x
",
        &["c: &^x"],
    );
}

const SHOP: &str = "=== k8s/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: runner
      imagePullSecrets: [{name: pull}]
      containers:
        - name: web
          image: acme/web:1
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: http}}
          envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: keys}}]
          env:
            - {name: MODE, valueFrom: {configMapKeyRef: {name: settings, key: mode}}}
            - {name: KEY, valueFrom: {secretKeyRef: {name: keys, key: api}}}
            - {name: WEB_URL, value: 'http://web.shop.svc:80/'}
      volumes:
        - {name: conf, configMap: {name: settings, items: [{key: mode, path: mode.txt}]}}
        - {name: data, persistentVolumeClaim: {claimName: data}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: main, port: 80, targetPort: http}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {mode: fast}
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: shop}
stringData: {api: '1'}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner, namespace: shop}
=== k8s/around.yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  rules:
    - http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: main}}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {namespace: other, name: settings}
data: {mode: slow}
";

/// Asserts what defines the name at the `^` of `cursor` in the shop, and who refers to it.
#[track_caller]
fn shop(cursor: &str, definitions: &[&str], references: &[&str]) {
    let text = with_cursor(SHOP, cursor);
    assert_definition(&text, definitions);
    assert_references(&text, references);
}

#[test]
fn config_maps_and_their_keys_are_found_in_their_namespace() {
    shop(
        "configMapRef: {name: ^settings",
        &["kind: ConfigMap\nmetadata: {name: ^settings"],
        &[
            "configMapRef: {name: ^settings",
            "configMapKeyRef: {name: ^settings",
            "configMap: {name: ^settings",
        ],
    );
    shop("data: {^mode: fast", &["data: {^mode^: fast"], &["settings, key: ^mode", "[{key: ^mode"]);
}

#[test]
fn secrets_claims_and_accounts_are_found() {
    shop("keys, key: ^api", &["stringData: {^api"], &["keys, key: ^api"]);
    shop(
        "secretRef: {name: ^keys",
        &["metadata: {name: ^keys"],
        &["secretRef: {name: ^keys", "secretKeyRef: {name: ^keys"],
    );
    shop("claimName: ^data", &["metadata: {name: ^data"], &["claimName: ^data"]);
    let account = "serviceAccountName: ^runner";
    shop(account, &["metadata: {name: ^runner"], &[account]);
    shop("imagePullSecrets: [{name: ^pull", &[], &["imagePullSecrets: [{name: ^pull"]);
}

#[test]
fn volumes_of_a_pod_are_named_by_their_mounts() {
    let text = "=== app.yaml
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  volumes: [{name: cache, emptyDir: {}}]
  containers: [{name: web, image: 'acme/web:1', volumeMounts: [{name: ca<>che, mountPath: /a}]}]
";
    assert_definition(text, &["volumes: [{name: ^cache"]);
    assert_references(text, &["volumeMounts: [{name: ^cache"]);
}

#[test]
fn services_are_named_by_routes_and_hosts() {
    shop(
        "service: {name: ^web",
        &["kind: Service\nmetadata: {name: ^web"],
        &["service: {name: ^web", "http://^web"],
    );
    shop("[{name: ^main", &["[{name: ^main"], &["port: {name: ^main"]);
}

#[test]
fn workloads_are_named_by_autoscalers_and_selected_by_labels() {
    let target = "kind: Deployment, name: ^web";
    shop(target, &["kind: Deployment\nmetadata: {name: ^web"], &[target]);
    shop(
        "metadata: {labels: {app: ^web",
        &["metadata: {labels: {app: ^web"],
        &[
            "\n  selector: {matchLabels: {app: ^web",
            "\n  selector: {app: ^web",
            "1, selector: {matchLabels: {app: ^web",
            "spec: {podSelector: {matchLabels: {app: ^web",
            "[{podSelector: {matchLabels: {app: ^web",
        ],
    );
}

#[test]
fn ports_are_found_by_their_names() {
    let references = ["port: ^http", "targetPort: ^http"];
    shop("targetPort: ^http", &["ports: [{name: ^http"], &references);
}

#[cfg(feature = "targets")]
mod targets {
    use super::*;

    const OVERLAY: &str = "=== base/kustomization.yaml
resources: [web.yaml]
configMapGenerator: [{name: settings, literals: [MODE=fast]}]
=== base/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: ^web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: 'acme/web:1', envFrom: [{configMapRef: {name: ~settings}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
=== prod/kustomization.yaml
resources: [../base]
namePrefix: prod-
patches: [{path: patch.yaml}, {target: {kind: Deployment, name: web}, patch: '[{op: add, path: /spec/paused, value: true}]'}]
replicas: [{name: web, count: 3}]
=== prod/patch.yaml
apiVersion: apps/v1
kind: Deployment
metadata: { name: web}
spec: {minReadySeconds: 5}
";

    #[test]
    fn patches_and_replicas_name_the_object_of_the_base() {
        assert_references(
            &OVERLAY.replace('^', "<>").replace('~', ""),
            &[
                "kind: Deployment, name: ^web",
                "replicas: [{name: ^web",
                "kind: Deployment\nmetadata: { name: ^web",
            ],
        );
    }

    #[test]
    fn a_generated_config_map_is_defined_by_its_generator() {
        assert_definition(
            &OVERLAY.replace('~', "<>").replace('^', ""),
            &["configMapGenerator: [{name: ^settings"],
        );
    }

    const CHART: &str = "=== chart/Chart.yaml
apiVersion: v2
name: shop
version: 1.0.0
=== chart/values.yaml
image: {repository: acme/web, tag: '1'}
mode: fast
=== chart/values-prod.yaml
image: {tag: '2'}
=== chart/templates/_helpers.tpl
{{- define \"shop.labels\" }}
app: web
{{- end }}
=== chart/templates/web.yaml
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {{- include \"shop.labels\" . | nindent 4 }}
spec:
  containers:
    - name: web
      image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"
      envFrom: [{configMapRef: {name: settings}}]
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  mode: {{ .Values.mode }}
";

    #[test]
    fn values_are_defined_in_values_files_and_read_by_templates() {
        let text = CHART.replace("image.tag", "image.t<>ag");
        assert_definition(&text, &["image: {^tag", "acme/web, ^tag"]);
        let text = CHART.replace("image: {rep", "<>image: {rep");
        assert_references(&text, &["\"{{ .Values.^image", ":{{ .Values.^image"]);
    }

    #[test]
    fn named_templates_are_defined_by_helpers() {
        let text = CHART.replace("include \"shop", "include \"<>shop");
        assert_definition(&text, &["define \"^shop.labels"]);
    }

    #[test]
    fn objects_of_a_chart_are_found_in_its_templates() {
        let text = CHART.replace("Ref: {name: set", "Ref: {name: <>set");
        assert_definition(&text, &["\n  name: ^settings"]);
    }
}
