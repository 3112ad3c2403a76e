use crate::facts::{Facts, in_shell, nearest};
use crate::knowledge::{kube, kube_keys};
use crate::model::Str;
use crate::model::compose::{Project, known_keys};
use crate::model::kubernetes::Object;
use crate::model::read::UnknownKey;
use crate::report::{Confidence, Findings, Fix, Severity, TargetKind};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A key is unknown to the platform, or is at the wrong level.
    ///
    /// ## Why it hurts
    /// Compose refuses the whole file, and so does `kubectl apply` with an object unless it is told
    /// otherwise. What talks to the API server in another way gets a warning at best: the key is
    /// dropped, and the probe, limit or selector that everybody sees in the file does not exist in
    /// the cluster.
    ///
    /// ## What helps
    /// Use the right name at the right level: most of these keys are typing mistakes, or are one
    /// level too high or too low.
    ///
    /// ## How to troubleshoot
    /// `docker compose config -q` names the key. For a cluster,
    /// `kubectl apply --dry-run=server --validate=strict -f FILE` does the same, and
    /// `kubectl explain` lists the keys that are allowed in each place.
    ///
    /// ## When to ignore
    /// Where another tool reads the key. A name that starts with `x-` tells Compose so, and in a cluster an
    /// annotation is the place for it.
    ///
    /// ## Bad
    /// ```yaml file=deployment.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           readynessProbe: # <- `readynessProbe` is not a key of a container; did you mean `readinessProbe`?
    ///             httpGet: { path: /ready, port: 8080 }
    ///       livenessProbe: # <- `livenessProbe` has no effect in the Pod's `spec`: it belongs in a container
    ///         httpGet: { path: /live, port: 8080 }
    /// ```
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     enviroment: # <- Compose refuses `enviroment` in a service; did you mean `environment`?
    ///       PORT: "8080"
    /// ```
    ///
    /// ## Good
    /// ```yaml file=deployment.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           readinessProbe:
    ///             httpGet: { path: /ready, port: 8080 }
    ///           livenessProbe:
    ///             httpGet: { path: /live, port: 8080 }
    /// ```
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       PORT: "8080"
    /// ```
    PLM808 "unknown-or-misplaced-key" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut seen: Vec<Span> = Vec::new();
    for project in facts.projects() {
        for unknown in &project.unknown_keys {
            // PLM004 reports a merge key in quotes.
            let is_merge = unknown.key.as_str() == "<<" && unknown.collection;
            if !is_merge && !seen.contains(&unknown.key.span) {
                seen.push(unknown.key.span);
                compose(facts, project, unknown.owner, &unknown.key, out);
            }
        }
    }
    for object in facts.objects() {
        kubernetes(facts, object, out);
    }
}

fn compose(facts: &Facts<'_>, project: &Project, owner: &str, key: &Str, out: &mut Findings) {
    let inside = match owner {
        "project" => "at the top level".to_owned(),
        "service" => "in a service".to_owned(),
        _ => format!("in `{}`", owner.replace('-', " ")),
    };
    let keys = known_keys(owner);
    // Compose reads an entry of `include` without its schema.
    let (said, severity) = match owner {
        "include" => (format!("Compose ignores `{key}` {inside}"), Severity::Warning),
        _ => (format!("Compose refuses `{key}` {inside}"), Severity::Error),
    };
    let check = facts.compose_of(project, "config -q");
    if let Some(meant) = nearest(key, keys.iter().copied()).or_else(|| spelt(key, &keys)) {
        let edit = facts.replace_scalar(&key.span, meant);
        out.at(&key.span, format!("{said}; did you mean `{meant}`?"))
            .severity(severity)
            .check(check)
            .fix(Fix::safe(format!("Write `{meant}`"), [edit]));
    } else if let Some(place) = elsewhere(owner, key) {
        out.at(&key.span, format!("{said}; it belongs {place}")).severity(severity).check(check);
    } else {
        // A newer Compose, or another tool that reads the file, may know the key.
        out.at(&key.span, said).severity(severity).confidence(Confidence::Likely).check(check);
    }
}

/// Returns the known key that differs only in spelling: `container_name` for `containerName`.
fn spelt(key: &str, keys: &[&'static str]) -> Option<&'static str> {
    let plain = |it: &str| it.to_ascii_lowercase().replace(['_', '-'], "");
    keys.iter().copied().find(|it| plain(it) == plain(key))
}

/// Returns where in a Compose file the key is known.
fn elsewhere(owner: &str, key: &str) -> Option<&'static str> {
    const PLACES: &[(&str, &str)] = &[
        ("deploy", "under `deploy`"),
        ("healthcheck", "under `healthcheck`"),
        ("build", "under `build`"),
        ("logging", "under `logging`"),
        ("service", "in a service"),
        ("project", "at the top level"),
    ];
    let found = PLACES.iter().filter(|it| it.0 != owner);
    found.clone().find(|it| known_keys(it.0).contains(&key)).map(|it| it.1)
}

fn kubernetes(facts: &Facts<'_>, object: &Object, out: &mut Findings) {
    // A patch may be meant for another kind than it names.
    let patch = object.workload().is_some_and(|it| it.template.spec.containers.is_empty());
    for unknown in &object.unknown {
        let Some(words) = kube_keys::words_for(unknown.owner) else { continue };
        let key = &unknown.key;
        // Placeholders of templates and of tools that rewrite the file.
        if key.starts_with(['<', '{', '#', '_']) || key.starts_with("x-") {
            continue;
        }
        if facts.is_guessed(key.span) {
            continue;
        }
        let keys = kube_keys::known_keys(unknown.owner);
        let exact = kube_keys::belongs_to(key).filter(|owner| *owner != unknown.owner);
        let meant = nearest(key, keys.iter().copied()).or_else(|| spelt(key, keys));
        let not_known = format!("`{key}` is not a key of {words}");
        let finding = if unknown.owner == "Container" && lists_mounts(facts, unknown) {
            out.at(&key.span, format!("{not_known}; did you mean `volumeMounts`?"))
        } else if let Some(meant) = meant.filter(|_| exact.is_none()) {
            let edit = facts.replace_scalar(&key.span, meant);
            // What a server dropped until now takes effect: a probe, say, that has never passed.
            out.at(&key.span, format!("{not_known}; did you mean `{meant}`?"))
                .fix(Fix::r#unsafe(format!("Write `{meant}`"), [edit]))
        } else if let Some(meant) = kube_keys::synonym(unknown.owner, key) {
            out.at(&key.span, format!("{not_known}; did you mean `{meant}`?"))
        } else if let Some(place) = exact.and_then(kube_keys::words_for) {
            let place = place.replace("Deployment", &object.kind);
            out.at(&key.span, format!("`{key}` has no effect in {words}: it belongs in {place}"))
        } else if !patch {
            out.at(&key.span, not_known).confidence(Confidence::Likely)
        } else {
            continue;
        };
        // Manifests that are copied from one another have the same slip.
        finding.cause(format!("{key} in {}", unknown.owner)).why(why(object, unknown));
        if let Some(check) = command(facts, object, key.span) {
            finding.check(check);
        }
    }
}

/// Returns what becomes of an object with an unknown key.
///
/// Source: Kubernetes documentation, "Kubernetes API Concepts", the section about field validation; the option
/// `--validate` of kubectl, whose default is `strict`.
fn why(object: &Object, unknown: &UnknownKey) -> String {
    let refused = "`kubectl apply` refuses the object, since `--validate=strict` is its default.";
    if unknown.owner != "EnvVar" || unknown.key.as_str() != "envFrom" {
        return format!(
            "{refused} Where it is applied without that check, as some controllers do, the key is dropped, and what everybody sees in the file does not exist in the cluster."
        );
    }
    let containers = object.workload().into_iter().flat_map(|it| it.template.spec.all_containers());
    let variable = containers
        .flat_map(|it| &it.env)
        .find(|it| it.place.span.contains(unknown.key.span))
        .map_or("the variable".to_owned(), |it| format!("variable `{}`", it.name));
    format!(
        "{refused} Where it is applied without that check, {variable} is empty, and no ConfigMap or Secret is read."
    )
}

/// Whether the items below a key are those of `volumeMounts`: a volume itself has no `mountPath`.
fn lists_mounts(facts: &Facts<'_>, unknown: &UnknownKey) -> bool {
    unknown.key.as_str() == "volumes" && facts.written(&unknown.entry).contains("mountPath")
}

/// Returns the command by which the server names the key. A server that does not know the API version says only
/// that, and a template is no manifest.
fn command(facts: &Facts<'_>, object: &Object, place: Span) -> Option<String> {
    let version = object.api_version.as_ref().map_or("", |it| it.as_str());
    let is_gone = kube::old_api(version, &object.kind).is_some_and(|it| it.removed_in.is_some());
    if is_gone || kube::never_existed(version, &object.kind).is_some() {
        return None;
    }
    let apply = "kubectl apply --dry-run=server --validate=strict -f";
    let target = facts.built_target(place.file).map(|it| &it.target);
    let folder = |folder: &str| in_shell(if folder.is_empty() { "." } else { folder });
    Some(match target.map(|it| (it.kind, it.folder.as_str())) {
        Some((TargetKind::Chart, at)) => format!("helm template {} | {apply} -", folder(at)),
        Some((TargetKind::Kustomization, at)) => {
            format!("kubectl kustomize {} | {apply} -", folder(at))
        }
        _ => format!("{apply} {}", in_shell(facts.file(place.file).path())),
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Severity;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn compose_says_what_was_meant() {
        let say = |body: &str| {
            messages(&RULE, &format!("services: {{ a: {{ image: 'a:1', {body} }} }}\n"))
        };
        assert!(say("containerName: x")[0].contains("did you mean `container_name`?"));
        assert!(say("replicas: 2")[0].contains("under `deploy`"));
        assert_eq!(say("frobnicate: 1"), ["Compose refuses `frobnicate` in a service"]);
        assert!(say("x-note: 1").is_empty());
    }

    #[test]
    fn every_level_of_a_compose_file_is_read() {
        let say = |body: &str| {
            messages(&RULE, &format!("services: {{ a: {{ image: 'a:1', {body} }} }}\n"))
        };
        for (body, meant) in [
            ("healthcheck: { test: x, intervall: 5s }", "interval"),
            ("build: { contex: . }", "context"),
            ("deploy: { resources: { limit: {} } }", "limits"),
            ("networks: { n: { aliasses: [x] } }", "aliases"),
            ("ports: [{ traget: 80 }]", "target"),
            ("volumes: [{ type: bind, sorce: a, target: /b }]", "source"),
        ] {
            let found = say(body);
            let meant = format!("did you mean `{meant}`?");
            assert!(found.len() == 1 && found[0].ends_with(&meant), "{body}: {found:?}");
        }
        assert!(say("interval: 5s")[0].ends_with("it belongs under `healthcheck`"));
        let top = "services: { a: { image: 'a:1' } }\nnetworks: { n: { drivr: x } }\n";
        assert!(messages(&RULE, top)[0].ends_with("did you mean `driver`?"));
    }

    #[test]
    fn every_level_of_a_workload_is_read() {
        let pod = |spec: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{ name: a }}\nspec: {{ schedule: '@daily', jobTemplate: {{ spec: {{ template: {{ spec: {{ {spec} }} }} }} }} }}\n"
                ),
            )
        };
        let container =
            |body: &str| pod(&format!("containers: [{{ name: a, image: 'a:1', {body} }}]"));
        for (body, meant) in [
            ("envFrom: [{ configMap: { name: c } }]", "configMapRef"),
            ("env: [{ name: A, valueFrom: { secretRef: { name: s, key: k } } }]", "secretKeyRef"),
            ("env: [{ name: A, valueFrom: { configMapKeyRef: { name: s, kye: k } } }]", "key"),
            ("lifecycle: { preStopp: {} }", "preStop"),
            ("lifecycle: { preStop: { exce: { command: [a] } } }", "exec"),
            ("livenessProbe: { tcpSocket: { prt: 80 } }", "port"),
            ("securityContext: { capabilities: { ad: [ALL] } }", "add"),
        ] {
            let found = container(body);
            let meant = format!("did you mean `{meant}`?");
            assert!(found.len() == 1 && found[0].ends_with(&meant), "{body}: {found:?}");
        }
        for (spec, meant) in [
            ("volumes: [{ name: a, configmap: { name: c } }]", "configMap"),
            ("volumes: [{ name: a, persistentVolumeClaim: { name: c } }]", "claimName"),
            ("volumes: [{ name: a, emptyDir: { sizelimit: 1Gi } }]", "sizeLimit"),
            ("tolerations: [{ key: a, efect: NoSchedule }]", "effect"),
            ("affinity: { nodeAfinity: {} }", "nodeAffinity"),
        ] {
            let found = pod(&format!("{spec}, containers: [{{ name: a, image: 'a:1' }}]"));
            let meant = format!("did you mean `{meant}`?");
            assert!(found.len() == 1 && found[0].ends_with(&meant), "{spec}: {found:?}");
        }
        let fine = pod(
            "volumes: [{ name: a, csi: { driver: d } }, { name: b, rbd: {} }], affinity: { podAffinity: {} }, tolerations: [{ operator: Exists, tolerationSeconds: 5 }], hostAliases: [{ ip: 1.2.3.4, hostnames: [a] }], containers: [{ name: a, image: 'a:1', envFrom: [{ prefix: A_, secretRef: { name: s, optional: true } }], lifecycle: { stopSignal: SIGQUIT, preStop: { sleep: { seconds: 5 } } } }]",
        );
        assert!(fine.is_empty(), "{fine:?}");
    }

    #[test]
    fn the_reason_is_that_of_the_platform() {
        let why = |env: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, {env}}}]}}\n"
            );
            findings(&RULE, &text)[0].why.clone().unwrap_or_default()
        };
        let dropped = why("readynessProbe: {}");
        assert!(
            dropped.contains("`kubectl apply` refuses") && !dropped.contains("Compose"),
            "{dropped}"
        );
        let empty = why("env: [{name: settings, envFrom: [{configMapRef: {name: c}}]}]");
        assert!(empty.contains("variable `settings` is empty"), "{empty}");
        let compose = findings(&RULE, "services: { a: { image: 'a:1', frobnicate: 1 } }\n");
        assert_eq!(compose[0].why, None, "the reason of the rule names Compose first");
    }

    #[test]
    fn what_compose_refuses_is_an_error_and_what_it_ignores_is_not() {
        let severity = |text: &str| {
            let text = format!("# file: compose.yaml\n{text}\n# file: db.yaml\nservices: {{}}\n");
            findings(&RULE, &text).iter().map(|it| it.severity).collect::<Vec<_>>()
        };
        for refused in [
            "services: { a: { image: 'a:1', frobnicate: 1 } }",
            "services: { a: { image: 'a:1', deploy: { resources: { frobnicate: 1 } } } }",
            "services: { a: { image: 'a:1', replicas: 2 } }",
            "services: { a: { image: 'a:1', enviroment: {} } }",
            "services: { a: { image: 'a:1' } }\nfrobnicate: {}",
        ] {
            assert_eq!(severity(refused), [Severity::Error], "{refused}");
        }
        let ignored =
            "include: [{ path: db.yaml, frobnicate: 1 }]\nservices: { a: { image: 'a:1' } }";
        assert_eq!(severity(ignored), [Severity::Warning]);
    }

    #[test]
    fn a_key_in_a_file_that_two_projects_share_is_reported_once() {
        let text = "# file: base.yaml\nservices: { a: { image: 'a:1', enviroment: {} } }\n\
                    # file: compose.yaml\ninclude: [base.yaml]\nservices: { b: { image: 'a:1' } }\n";
        assert_eq!(messages(&RULE, text).len(), 1);
    }

    #[test]
    fn volumes_with_a_mount_path_are_mounts() {
        let with = |volumes: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{ name: a }}\nspec: {{ containers: [{{ name: a, image: 'a:1', volumes: [{volumes}] }}] }}\n"
            );
            messages(&RULE, &text)
        };
        assert_eq!(
            with("{ name: data, mountPath: /data }"),
            ["`volumes` is not a key of a container; did you mean `volumeMounts`?"]
        );
        assert_eq!(
            with("{ name: data, emptyDir: {} }"),
            ["`volumes` has no effect in a container: it belongs in the Pod's `spec`"]
        );
    }

    #[test]
    fn one_slip_in_copied_manifests_is_one_finding() {
        let pod = |name: &str| {
            format!(
                "# file: k/{name}.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{ name: {name} }}\nspec: {{ containers: [{{ name: a, image: 'a:1', ttlSecondsAfterFinished: 5 }}] }}\n"
            )
        };
        let found = messages(&RULE, &format!("{}{}", pod("a"), pod("b")));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].ends_with("(the same in `k/b.yaml`)"), "{found:?}");
    }

    #[test]
    fn what_a_repair_takes_for_a_key_is_silent() {
        let text = |indent: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: db}}\nspec:\n  containers:\n    - name: db\n      image: a/db:1\n    {indent}volumeMounts:\n    {indent}- name: data\n    {indent}  mountPaht: /data\n"
            )
        };
        assert!(messages(&RULE, &text("")).is_empty());
        assert_eq!(messages(&RULE, &text("  ")).len(), 1);
    }

    #[test]
    fn the_command_asks_a_server_that_knows_the_object() {
        let object = |version: &str| {
            format!(
                "apiVersion: {version}\nkind: Deployment\nmetadata: {{ name: a }}\nspec: {{ replcas: 2 }}\n"
            )
        };
        let command = |text: &str| findings(&RULE, text)[0].check.clone();
        let apply = "kubectl apply --dry-run=server --validate=strict -f";
        assert_eq!(command(&object("apps/v1")), [format!("{apply} app.yaml")]);
        for gone in ["extensions/v1beta1", "v1"] {
            assert!(command(&object(gone)).is_empty(), "{gone}");
        }
        let chart = "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/templates/a.yaml\n";
        let template = format!("{chart}{}", object("apps/v1"));
        assert_eq!(command(&template), [format!("helm template c | {apply} -")]);
    }

    #[test]
    fn one_slip_in_two_containers_is_one_finding() {
        let pod = |second: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - {{name: a, image: a, ports: [{{containerPort: 80, hostport: 80}}]}}\n    - {{name: b, image: b, ports: [{{containerPort: 81, {second}: 81}}]}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(pod("hostport"), 1);
        assert_eq!(pod("hostip"), 2);
    }

    #[test]
    fn real_fields_custom_kinds_and_pod_level_resources_are_silent() {
        let pod = |spec: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{ name: a }}\nspec: {{ {spec}, containers: [{{ name: a, image: 'a:1' }}] }}\n"
            )
        };
        assert!(messages(&RULE, &pod("resources: { limits: { memory: 1Gi } }")).is_empty());
        assert!(messages(&RULE, &pod("shareProcessNamespace: true")).is_empty());
        assert_eq!(findings(&RULE, &pod("imagePullPolicy: Always")).len(), 1);
        let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\nspec: { serviceName: a }\n";
        assert!(messages(&RULE, patch).is_empty());
        let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: { name: a }\n\
                   spec: { template: { spec: { replicas: 2, containers: [{ name: a, image: 'a:1', ports: [{ port: 80 }] }] } } }\n";
        let found = messages(&RULE, set);
        assert!(
            found.iter().any(|it| it.ends_with("belongs in the `spec` of a StatefulSet")),
            "{found:?}"
        );
        assert!(found.iter().any(|it| it.ends_with("did you mean `containerPort`?")), "{found:?}");
        let custom = "apiVersion: example.com/v1\nkind: Widget\nmetadata: { name: a }\nspec: { anything: true }\n";
        assert!(messages(&RULE, custom).is_empty());
    }
}
