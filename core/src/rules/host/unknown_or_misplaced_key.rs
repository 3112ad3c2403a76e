use crate::facts::{Facts, nearest};
use crate::knowledge::kube_keys;
use crate::model::Str;
use crate::model::compose::{Project, known_keys};
use crate::model::kubernetes::Object;
use crate::report::{Confidence, Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A key is unknown to the platform, or is at the wrong level.
    ///
    /// ## Why it hurts
    /// Compose refuses the whole file. Kubernetes is worse: depending on the tool, it warns or
    /// silently drops the key, and the probe, limit or selector that everybody sees in the file
    /// does not exist in the cluster.
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
            if !seen.contains(&unknown.key.span) {
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
        let check = format!(
            "kubectl apply --dry-run=server --validate=strict -f {}",
            facts.file(key.span.file).path()
        );
        let keys = kube_keys::known_keys(unknown.owner);
        let exact = kube_keys::belongs_to(key).filter(|owner| *owner != unknown.owner);
        let meant = nearest(key, keys.iter().copied()).or_else(|| spelt(key, keys));
        if let Some(meant) = meant.filter(|_| exact.is_none()) {
            let edit = facts.replace_scalar(&key.span, meant);
            // What a server dropped until now takes effect: a probe, say, that has never passed.
            out.at(&key.span, format!("`{key}` is not a key of {words}; did you mean `{meant}`?"))
                .cause(format!("{} {key}", unknown.owner))
                .check(check)
                .fix(Fix::r#unsafe(format!("Write `{meant}`"), [edit]));
        } else if let Some(meant) = kube_keys::synonym(unknown.owner, key) {
            out.at(&key.span, format!("`{key}` is not a key of {words}; did you mean `{meant}`?"))
                .check(check);
        } else if let Some(place) = exact.and_then(kube_keys::words_for) {
            let place = place.replace("Deployment", &object.kind);
            out.at(&key.span, format!("`{key}` has no effect in {words}: it belongs in {place}"))
                .check(check);
        } else if !patch {
            out.at(&key.span, format!("`{key}` is not a key of {words}"))
                .confidence(Confidence::Likely)
                .check(check);
        }
    }
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
