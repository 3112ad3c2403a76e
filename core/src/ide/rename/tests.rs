//! What renaming changes, and what it refuses.

use super::*;
use crate::edit::apply::splice;
use crate::ide::testing::{WEB_OF_SHOP, project};

/// Renames what stands at the cursor, and returns every changed line.
#[track_caller]
pub(super) fn renamed(text: &str, new: &str) -> Vec<String> {
    let asked = project(text);
    let edits = match rename(asked.indexed(), asked.file, asked.offset, new) {
        Renaming::Possible(edits) => edits,
        other => panic!("{other:?}"),
    };
    let mut changed = Vec::new();
    for file in asked.analysis.files() {
        let own = edits.iter().filter(|it| it.span.file == file.id);
        let after = splice(file.text(), own);
        let lines = file.text().lines().zip(after.lines());
        changed.extend(lines.filter(|(a, b)| a != b).map(|(_, line)| line.trim().to_owned()));
    }
    changed
}

#[track_caller]
pub(super) fn refused(text: &str, new: &str) -> String {
    let asked = project(text);
    match rename(asked.indexed(), asked.file, asked.offset, new) {
        Renaming::Refused(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_service_changes_in_every_file_with_its_quotes() {
    let text = "=== compose.yaml
services:
  d<>b: {image: 'postgres:17'}
  web:
    image: acme/web:1
    depends_on: ['db', \"db\"]
    environment: {DATABASE_URL: 'postgres://app@db:5432/db'}
=== compose.override.yaml
services:
  db: {ports: ['5432:5432']}
";
    assert_eq!(
        renamed(text, "postgres"),
        [
            "postgres: {ports: ['5432:5432']}",
            "postgres: {image: 'postgres:17'}",
            "depends_on: ['postgres', \"postgres\"]",
            "environment: {DATABASE_URL: 'postgres://app@postgres:5432/db'}",
        ]
    );
    assert_eq!(
        renamed(text, "5"),
        [
            "\"5\": {ports: ['5432:5432']}",
            "\"5\": {image: 'postgres:17'}",
            "depends_on: ['5', \"5\"]",
            "environment: {DATABASE_URL: 'postgres://app@5:5432/db'}",
        ]
    );
    assert_eq!(
        refused(text, "my db"),
        "`my db` is not a valid name for a service: it may have letters, digits, `.`, `_` and `-`."
    );
    assert_eq!(refused(text, "web"), "There is already a service `web` at compose.yaml:3.");
}

#[test]
fn a_service_changes_in_commands_that_dial_it() {
    let text = "=== compose.yaml
services:
  d<>b:
    image: postgres:17
    healthcheck: {test: [CMD-SHELL, 'pg_isready -h db -U db']}
  replica: {image: 'redis:8', command: redis-server --replicaof db 6379}
  web:
    image: acme/web:1
    entrypoint: [psql, --host=db, db]
    command: |
      until nc -z db 5432; do sleep 1; done
      exec start db
";
    assert_eq!(
        renamed(text, "store"),
        [
            "store:",
            "healthcheck: {test: [CMD-SHELL, 'pg_isready -h store -U db']}",
            "replica: {image: 'redis:8', command: redis-server --replicaof store 6379}",
            "entrypoint: [psql, --host=store, db]",
            "until nc -z store 5432; do sleep 1; done",
        ]
    );
}

#[test]
fn volumes_networks_secrets_and_configs_change_with_their_uses() {
    let text = "=== compose.yaml
services:
  web:
    image: acme/web:1
    volumes: ['data:/data']
    networks: [front]
    secrets: [key]
    configs: [conf]
volumes: {da<>ta: {}}
networks: {front: {}}
secrets: {key: {file: key.txt}}
configs: {conf: {file: conf.txt}}
";
    let at = |name: &str| {
        text.replace("<>", "").replace(&format!("{{{name}: {{"), &format!("{{<>{name}: {{"))
    };
    assert_eq!(renamed(text, "store"), ["volumes: ['store:/data']", "volumes: {store: {}}"]);
    assert_eq!(renamed(&at("front"), "net"), ["networks: [net]", "networks: {net: {}}"]);
    assert_eq!(renamed(&at("key"), "k"), ["secrets: [k]", "secrets: {k: {file: key.txt}}"]);
    assert_eq!(renamed(&at("conf"), "c"), ["configs: [c]", "configs: {c: {file: conf.txt}}"]);
}

#[test]
fn a_name_in_a_variable_is_refused() {
    let text = "=== compose.yaml
services:
  d<>b: {image: 'postgres:17'}
  web: {image: 'acme/web:1', depends_on: ['${DB:-db}']}
";
    assert_eq!(
        refused(text, "postgres"),
        "The name of the service is put together from other values at compose.yaml:3; change it there by hand."
    );
    let variable = text.replace("d<>b", "db").replace("{DB", "{D<>B");
    assert_eq!(
        refused(&variable, "X"),
        "The variable `DB` cannot be renamed here, since a shell or another program may set it."
    );
}

#[test]
fn what_no_file_defines_is_refused() {
    let text = "=== compose.yaml
services:
  web: {image: 'acme/web:1', networks: [def<>ault]}
";
    assert_eq!(refused(text, "x"), "The files do not define the network `default`.");
    let asked = project("=== compose.yaml\nservices:\n  web: {ima<>ge: nginx}\n");
    assert_eq!(rename(asked.indexed(), asked.file, asked.offset, "x"), Renaming::NoName);
}

const MANIFESTS: &str = "=== app.yaml
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
    - name: web
      image: acme/web:1
      env:
        - {name: MODE, valueFrom: {configMapKeyRef: {name: settings, key: mode}}}
        - {name: DB_URL, value: 'postgres://db.default.svc:5432'}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: fast, other: slow}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {selector: {app: web}, ports: [{port: 5432}]}
";

fn manifests(around: &str) -> String {
    crate::ide::testing::with_cursor(MANIFESTS, around)
}

#[test]
fn objects_keys_labels_and_hosts_change_together() {
    assert_eq!(
        renamed(&manifests("metadata: {name: ^settings"), "conf"),
        [
            "- {name: MODE, valueFrom: {configMapKeyRef: {name: conf, key: mode}}}",
            "metadata: {name: conf}",
        ]
    );
    assert_eq!(
        renamed(&manifests("key: ^mode"), "speed"),
        [
            "- {name: MODE, valueFrom: {configMapKeyRef: {name: settings, key: speed}}}",
            "data: {speed: fast, other: slow}",
        ]
    );
    assert_eq!(
        renamed(&manifests("metadata: {name: ^db"), "database"),
        [
            "- {name: DB_URL, value: 'postgres://database.default.svc:5432'}",
            "metadata: {name: database}",
        ]
    );
    assert_eq!(
        renamed(&manifests("selector: {app: ^web"), "front"),
        [
            "metadata: {name: web, labels: {app: front}}",
            "spec: {selector: {app: front}, ports: [{port: 5432}]}",
        ]
    );
}

#[test]
fn invalid_and_taken_names_of_objects_are_refused() {
    assert_eq!(
        refused(&manifests("metadata: {name: ^db"), "My_DB"),
        "`My_DB` is not a valid name for a Service: it may contain only lowercase letters, digits and `-`, and must start and end with a letter or digit."
    );
    assert_eq!(
        refused(&manifests("data: {^mode"), "other"),
        "There is already a key `other` at app.yaml:15."
    );
}

#[test]
fn a_kind_that_is_named_in_unknown_places_is_refused() {
    let text = "=== app.yaml
apiVersion: v1
kind: Namespace
metadata: {name: sh<>op}
";
    assert_eq!(
        refused(text, "x"),
        "The Namespace `shop` cannot be renamed here, since not everything that names it is known."
    );
}

#[test]
fn a_value_behind_an_anchor_is_refused() {
    let text = "=== app.yaml
apiVersion: v1
kind: Pod
metadata: {name: &name web, labels: {app: *name}}
spec: {containers: [{name: web, image: 'acme/web:1'}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: w<>eb}, ports: [{port: 80}]}
";
    assert_eq!(
        refused(text, "x"),
        "The name of the label at app.yaml:3 comes from an anchor; change it there by hand."
    );
}

#[test]
fn a_service_changes_in_the_hosts_of_a_gateway() {
    let gateway = "apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: inside, namespace: shop}
spec:
  servers:
    - hosts: [web.shop.svc.cluster.local, './web.shop.svc.cluster.local', web.shop.example.com]
    - hosts: ['*/web.other.svc.cluster.local']
";
    assert_eq!(
        renamed(&format!("{WEB_OF_SHOP}{gateway}"), "site"),
        [
            "metadata: {name: site, namespace: shop}",
            "- hosts: [site.shop.svc.cluster.local, './site.shop.svc.cluster.local', web.shop.example.com]",
        ]
    );
}

#[cfg(feature = "targets")]
mod patches;

#[cfg(feature = "targets")]
mod targets {
    use super::*;

    pub(super) const OVERLAY: &str = "=== base/kustomization.yaml
resources: [web.yaml]
=== base/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: w<>eb}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'acme/web:1'}]}
=== dev/kustomization.yaml
resources: [../base]
nameSuffix: -dev
replicas: [{name: web, count: 1}]
=== prod/kustomization.yaml
resources: [../base]
namePrefix: prod-
patches: [path: patch.yaml]
=== prod/patch.yaml
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec: {minReadySeconds: 5}
";

    /// Returns a base with the Service `db`, in whose name the cursor stands, and a Pod that dials a host. `settings` are
    /// further lines of its kustomization.
    pub(super) fn store(settings: &str, host: &str) -> String {
        format!(
            "=== base/kustomization.yaml
resources: [web.yaml]
{settings}=== base/web.yaml
apiVersion: v1
kind: Service
metadata: {{name: d<>b}}
spec: {{ports: [{{port: 80}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web}}
spec: {{containers: [{{name: web, image: 'acme/web:1', env: [{{name: DB_URL, value: 'http://{host}:80'}}]}}]}}
"
        )
    }

    #[test]
    fn an_object_of_a_base_changes_in_every_overlay() {
        assert_eq!(
            renamed(OVERLAY, "site"),
            [
                "metadata: {name: site}",
                "replicas: [{name: site, count: 1}]",
                "metadata: { name: site }",
            ]
        );
        let from_patch = OVERLAY.replace("<>", "").replace("{ name: ", "{ name: <>");
        assert_eq!(renamed(&from_patch, "site").len(), 3);
    }

    #[test]
    fn replicas_name_a_workload_and_no_service() {
        let replicas = "replicas: [{name: db, count: 2}]\n";
        let expected = ["metadata: {name: store}"];
        assert_eq!(renamed(&store(replicas, "cache"), "store"), expected);
    }

    #[test]
    fn a_name_with_a_prefix_that_is_written_out_is_refused() {
        assert_eq!(
            refused(&store("namePrefix: my-\n", "my-db"), "x"),
            "The name of the Service is put together from other values at base/web.yaml:9; change it there by hand."
        );
    }

    const CHART: &str = "=== chart/Chart.yaml
apiVersion: v2
name: shop
version: 1.0.0
=== chart/values.yaml
image: {repository: acme/web, t<>ag: '1'}
resources: {limits: {cpu: 1}}
=== chart/values-prod.yaml
image: {tag: '2'}
=== chart/templates/web.yaml
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-web
spec:
  containers:
    - name: web
      image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"
      resources: {{- toYaml .Values.resources | nindent 8 }}
      envFrom: [{configMapRef: {name: \"{{ .Release.Name }}-web\"}}]
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-web
data: {mode: fast}
";

    #[test]
    fn a_value_changes_in_values_files_and_templates() {
        assert_eq!(
            renamed(CHART, "version"),
            [
                "image: \"{{ .Values.image.repository }}:{{ .Values.image.version }}\"",
                "image: {version: '2'}",
                "image: {repository: acme/web, version: '1'}",
            ]
        );
        assert_eq!(
            refused(CHART, "my-tag"),
            "`my-tag` is not a valid name for a value: it may have letters, digits and `_`, and must not start with a digit."
        );
        assert_eq!(
            refused(CHART, "repository"),
            "There is already a value `repository` at chart/values.yaml:1."
        );
    }

    #[test]
    fn a_value_that_is_printed_with_its_parent_is_refused() {
        let text = CHART.replace("<>", "").replace("{limits", "{lim<>its");
        assert_eq!(
            refused(&text, "max"),
            "The template at chart/templates/web.yaml:9 uses everything below `resources`, and with it the key `limits`."
        );
    }

    #[test]
    fn a_name_that_a_template_computes_is_refused() {
        let bare = CHART.replace("<>", "");
        let text = bare.replace("-web\ndata", "-w<>eb\ndata");
        let computed = "is put together from other values at chart/templates/web.yaml:";
        assert!(refused(&text, "x").contains(computed));
        let text = bare.replace("{{ .Release.Name }}-web\ndata", "{{ .Release<>.Name }}\ndata");
        assert!(refused(&text, "x").contains(computed));
    }

    const GENERATED: &str = "=== kustomization.yaml
resources: [web.yaml]
configMapGenerator: [{name: settings, literals: ['MODE=fast', LEVEL=1], files: [conf.ini, other.ini=o.ini]}]
labels: [{pairs: {team: blue}, includeSelectors: true}]
=== conf.ini
x
=== o.ini
x
=== web.yaml
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: web
      image: acme/web:1
      env:
        - {name: M, valueFrom: {configMapKeyRef: {name: settings, key: MODE}}}
        - {name: C, valueFrom: {configMapKeyRef: {name: settings, key: conf.ini}}}
        - {name: O, valueFrom: {configMapKeyRef: {name: settings, key: other.ini}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}], selector: {app: web}}
";

    #[test]
    fn a_generated_config_map_and_its_keys_change_at_their_generator() {
        let at = |around: &str| crate::ide::testing::with_cursor(GENERATED, around);
        assert_eq!(renamed(&at("Generator: [{name: ^settings"), "conf").len(), 4);
        assert_eq!(
            renamed(&at("key: ^MODE"), "SPEED"),
            [
                "configMapGenerator: [{name: settings, literals: ['SPEED=fast', LEVEL=1], files: [conf.ini, other.ini=o.ini]}]",
                "- {name: M, valueFrom: {configMapKeyRef: {name: settings, key: SPEED}}}",
            ]
        );
        assert_eq!(
            renamed(&at("key: ^other.ini"), "new.ini"),
            [
                "configMapGenerator: [{name: settings, literals: ['MODE=fast', LEVEL=1], files: [conf.ini, new.ini=o.ini]}]",
                "- {name: O, valueFrom: {configMapKeyRef: {name: settings, key: new.ini}}}",
            ]
        );
        assert_eq!(
            refused(&at("key: ^conf.ini"), "new.ini"),
            "The key `conf.ini` is the name of the file that kustomization.yaml:2 names."
        );
    }

    #[test]
    fn a_label_that_a_kustomization_sets_changes_there() {
        let text = crate::ide::testing::with_cursor(GENERATED, "team: ^blue");
        let expected = ["labels: [{pairs: {team: green}, includeSelectors: true}]"];
        assert_eq!(renamed(&text, "green"), expected);
    }
}
