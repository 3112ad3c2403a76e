//! What stands where: each kind of name, in whole projects.

use super::testing::{assert_definition, assert_references};

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
            "app.env:1:8 db",
            "compose.override.yaml:3:22 db",
            "compose.yaml:5:18 db",
            "compose.yaml:6:14 db",
            "compose.yaml:7:20 db",
            "compose.yaml:8:27 db",
            "compose.yaml:10:36 db",
            "compose.yaml:11:26 db",
            "compose.yaml:13:24 db",
            "compose.yaml:14:18 db",
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
        &["compose.override.yaml:2:3 db", "compose.yaml:2:3 db"],
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
        &["common/base.yaml:2:3 base"],
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
        &["db/compose.yaml:2:3 db"],
    );
}

#[test]
fn volumes_networks_secrets_configs_and_profiles_have_places() {
    let text = |cursor: &str| {
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
";
        text.replacen(cursor, &format!("<>{cursor}"), 1)
    };
    assert_references(&text("data: {}"), &["compose.yaml:4:16 data", "compose.yaml:4:52 data"]);
    assert_references(&text("front: {}"), &["compose.yaml:5:16 front", "compose.yaml:9:41 front"]);
    assert_references(&text("key: {file"), &["compose.yaml:6:15 key", "compose.yaml:6:29 key"]);
    assert_references(&text("conf: {file"), &["compose.yaml:7:24 conf"]);
    assert_definition(
        &text("debug, tools"),
        &["compose.yaml:8:16 debug", "compose.yaml:9:60 debug"],
    );
}

#[test]
fn variables_lead_to_the_env_file() {
    let text = "=== compose.yaml
services:
  web: {image: 'acme/web:${T<>AG:-1}', environment: {TAG: $TAG}}
=== .env
TAG=2
";
    assert_definition(text, &[".env:1:1 TAG"]);
    assert_references(text, &["compose.yaml:2:27 TAG", "compose.yaml:2:58 TAG"]);
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
        &["a.yaml:3:5 x"],
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
metadata: {name: settings, namespace: other}
data: {mode: slow}
";

#[track_caller]
fn shop(cursor: &str, definitions: &[&str], references: &[&str]) {
    let text = SHOP.replacen(cursor, &cursor.replacen('^', "<>", 1).replace('^', ""), 1);
    let bare = cursor.replace('^', "");
    let text = match text.contains("<>") {
        true => text,
        false => SHOP.replacen(&bare, &cursor.replacen('^', "<>", 1), 1),
    };
    assert_definition(&text, definitions);
    assert_references(&text, references);
}

#[test]
fn config_maps_and_their_keys_are_found_in_their_namespace() {
    shop(
        "configMapRef: {name: ^settings",
        &["k8s/web.yaml:34:18 settings"],
        &[
            "k8s/web.yaml:16:37 settings",
            "k8s/web.yaml:18:61 settings",
            "k8s/web.yaml:22:40 settings",
        ],
    );
    shop(
        "data: {^mode: fast",
        &["k8s/web.yaml:35:8 mode"],
        &["k8s/web.yaml:18:76 mode", "k8s/web.yaml:22:65 mode"],
    );
}

#[test]
fn secrets_claims_and_accounts_are_found() {
    shop("key: ^api", &["k8s/web.yaml:40:14 api"], &["k8s/web.yaml:19:70 api"]);
    shop(
        "secretRef: {name: ^keys",
        &["k8s/web.yaml:39:18 keys"],
        &["k8s/web.yaml:16:68 keys", "k8s/web.yaml:19:58 keys"],
    );
    shop("claimName: ^data", &["k8s/web.yaml:44:18 data"], &["k8s/web.yaml:23:59 data"]);
    shop(
        "serviceAccountName: ^runner",
        &["k8s/web.yaml:49:18 runner"],
        &["k8s/web.yaml:9:27 runner"],
    );
    shop("imagePullSecrets: [{name: ^pull", &[], &["k8s/web.yaml:10:33 pull"]);
}

#[test]
fn services_are_named_by_routes_and_hosts() {
    shop(
        "service: {name: ^web",
        &["k8s/web.yaml:28:18 web"],
        &["k8s/around.yaml:6:76 web", "k8s/web.yaml:20:44 web"],
    );
    shop("name: ^main, port", &["k8s/web.yaml:31:18 main"], &["k8s/around.yaml:6:94 main"]);
}

#[test]
fn workloads_are_named_by_autoscalers_and_selected_by_labels() {
    shop(
        "kind: Deployment, name: ^web",
        &["k8s/web.yaml:3:18 web"],
        &["k8s/around.yaml:11:72 web"],
    );
    shop(
        "labels: {app: ^web",
        &["k8s/web.yaml:7:30 web"],
        &[
            "k8s/around.yaml:16:55 web",
            "k8s/around.yaml:21:42 web",
            "k8s/around.yaml:21:100 web",
            "k8s/web.yaml:5:33 web",
            "k8s/web.yaml:30:19 web",
        ],
    );
}

#[test]
fn ports_are_found_by_their_names() {
    shop(
        "targetPort: ^http",
        &["k8s/web.yaml:14:26 http"],
        &["k8s/web.yaml:15:53 http", "k8s/web.yaml:31:46 http"],
    );
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
metadata: {name: web}
spec: {minReadySeconds: 5}
";

    #[test]
    fn patches_and_replicas_name_the_object_of_the_base() {
        assert_references(
            &OVERLAY.replace('^', "<>").replace('~', ""),
            &[
                "prod/kustomization.yaml:3:65 web",
                "prod/kustomization.yaml:4:19 web",
                "prod/patch.yaml:3:18 web",
            ],
        );
    }

    #[test]
    fn a_generated_config_map_is_defined_by_its_generator() {
        assert_definition(
            &OVERLAY.replace('~', "<>").replace('^', ""),
            &["base/kustomization.yaml:2:29 settings"],
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
        assert_definition(&text, &["chart/values-prod.yaml:1:9 tag", "chart/values.yaml:1:31 tag"]);
        let text = CHART.replace("image: {rep", "<>image: {rep");
        assert_references(
            &text,
            &["chart/templates/web.yaml:9:26 image", "chart/templates/web.yaml:9:56 image"],
        );
    }

    #[test]
    fn named_templates_are_defined_by_helpers() {
        let text = CHART.replace("include \"shop", "include \"<>shop");
        assert_definition(&text, &["chart/templates/_helpers.tpl:1:12 shop.labels"]);
    }

    #[test]
    fn objects_of_a_chart_are_found_in_its_templates() {
        let text = CHART.replace("Ref: {name: set", "Ref: {name: <>set");
        assert_definition(&text, &["chart/templates/web.yaml:15:9 settings"]);
    }
}
