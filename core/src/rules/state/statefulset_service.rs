use crate::facts::{Facts, Named, Workload, in_shell};
use crate::model::kubernetes::{Body, WorkloadKind};
use crate::report::{Confidence, Findings, Fix, Severity};
use crate::rules::rule;
use rustc_hash::FxHashSet;

rule! {
    /// The `serviceName` of a StatefulSet does not name a headless Service.
    ///
    /// ## Why it hurts
    /// The DNS names of its Pods (`db-0.db`) come from that Service, and they resolve only if it
    /// exists and is headless. A replica set or a cluster whose members look for each other by
    /// these names never forms.
    ///
    /// ## What helps
    /// A Service with `clusterIP: None` that selects the Pods, and its name in `serviceName`. A
    /// second Service with an address can exist beside it for clients that need just any Pod.
    ///
    /// ## How to troubleshoot
    /// `kubectl run -it --rm dns --image=busybox -- nslookup db-0.db` shows whether the name
    /// resolves.
    ///
    /// ## When to ignore
    /// Where nothing addresses single Pods by their names.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: db-headless }
    /// spec:
    ///   clusterIP: None
    ///   selector: { app: db }
    ///   ports: [{ port: 5432 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: { name: db }
    /// spec:
    ///   serviceName: db-headles # <- StatefulSet `db` names Service `db-headles`, which does not exist; did you mean `db-headless`?
    ///   replicas: 3
    ///   selector: { matchLabels: { app: db } }
    ///   template:
    ///     metadata: { labels: { app: db } }
    ///     spec: { containers: [{ name: db, image: "cockroachdb/cockroach:v24.3.1" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: db-headless }
    /// spec:
    ///   clusterIP: None
    ///   selector: { app: db }
    ///   ports: [{ port: 5432 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: { name: db }
    /// spec:
    ///   serviceName: db-headless
    ///   replicas: 3
    ///   selector: { matchLabels: { app: db } }
    ///   template:
    ///     metadata: { labels: { app: db } }
    ///     spec: { containers: [{ name: db, image: "cockroachdb/cockroach:v24.3.1" }] }
    /// ```
    PLM713 "statefulset-service" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check, about: absence,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let named_pods = named_pods(facts);
    // An operator may create the Services for its objects.
    let custom = facts.objects().iter().filter(|it| {
        it.body.is_custom() && it.group().contains('.') && !it.group().ends_with("k8s.io")
    });
    let operated: FxHashSet<usize> = custom.map(|it| facts.part_of(it.file)).collect();
    for workload in facts.workloads().iter().filter(|it| it.kind() == WorkloadKind::StatefulSet) {
        let label = &workload.label;
        // If nothing addresses a Pod by name, the finding is for information only.
        let asked = workload.copies.is_many() && named_pods.asks_for(workload);
        let severity = if asked { Severity::Warning } else { Severity::Info };
        let Some(name) = workload.model.service_name.as_ref().filter(|it| !it.is_empty()) else {
            // A fragment without containers is a patch.
            if workload.model.service_name.is_none() && !workload.units.is_empty() {
                out.at(
                    &workload.span(),
                    format!(
                        "{label} has no `serviceName`, so its Pods have no DNS names of their own"
                    ),
                )
                .severity(severity)
                .cause(label.as_str());
            }
            continue;
        };
        let flag = workload.namespace_flag();
        let check = format!("kubectl get service{flag} {}", in_shell(name));
        let home = workload.object.file;
        if let Some(object) = facts.named(Named::Service, home, workload.namespace, name) {
            let Body::Service(service) = &object.body else { continue };
            if !service.is_headless() {
                out.at(
                    &name.span,
                    format!(
                        "{label} names Service `{name}`, which is not headless, so its Pods have no DNS names of their own"
                    ),
                )
                .severity(severity)
                .also(&object.name_span(), format!("Service `{name}` does not set `clusterIP: None`"))
                .cause(format!("{label} {name}"))
                .check(check);
            }
            continue;
        }
        // If there are no Services here at all, they are defined elsewhere. That of another application may
        // be meant, or it may not.
        if facts.services_in(home, workload.namespace).next().is_none()
            || facts.is_named_elsewhere(Named::Service, workload.namespace, name)
        {
            continue;
        }
        let message = format!("{label} names Service `{name}`, which does not exist");
        match facts.near_name(Named::Service, home, workload.namespace, name) {
            Some(near) => {
                let edit = facts.replace_scalar(&name.span, near);
                out.at(&name.span, format!("{message}; did you mean `{near}`?"))
                    .check(check)
                    .fix(Fix::r#unsafe(format!("Use Service `{near}`"), [edit]));
            }
            None => {
                let is_operated = operated.contains(&facts.part_of(workload.object.file));
                // Nobody asks for the only Pod by its name.
                let is_idle = !workload.copies.is_many() && !named_pods.asks_for(workload);
                let severity =
                    if is_operated || is_idle { Severity::Info } else { Severity::Warning };
                out.at(&name.span, format!("{message} in these files"))
                    .severity(severity)
                    .confidence(Confidence::Likely)
                    .check(check);
            }
        }
    }
}

/// The Pods of StatefulSets that the files address by name, as `db-0.db`.
struct NamedPods<'f> {
    /// Every text that ends before a `-0.`, because a name may be part of a longer word.
    names: FxHashSet<&'f str>,
    /// Whether a command builds a name from its own host name, which may be that of any Pod.
    any: bool,
}

/// Maximum length of a Pod's host name, which is a DNS label.
const MAX_LABEL: usize = 63;

fn named_pods<'f>(facts: &'f Facts<'_>) -> NamedPods<'f> {
    let mut named = NamedPods { names: FxHashSet::default(), any: false };
    for unit in facts.units() {
        let values = unit.env.iter().filter_map(|it| it.value);
        let words = unit.start.words.iter().map(|it| it.as_str());
        for text in values.chain(words) {
            for (end, _) in text.match_indices("-0.") {
                let before = &text[..end];
                let starts = before.char_indices().rev().take(MAX_LABEL);
                named.names.extend(starts.map(|(at, _)| &before[at..]));
            }
        }
        named.any |= unit.start.words.iter().any(|it| it.contains("${HOSTNAME}."));
    }
    named
}

impl NamedPods<'_> {
    /// Whether anything in the files addresses one of the workload's Pods by name.
    fn asks_for(&self, workload: &Workload<'_>) -> bool {
        self.any || self.names.contains(workload.name)
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn project(service: &str, spec: &str) -> Vec<(String, &'static str)> {
        let text = format!(
            "{service}apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{ name: db }}\nspec:\n{spec}  template:\n    \
             metadata: {{ labels: {{ app: db }} }}\n    spec: {{ containers: [{{ name: db, image: 'a:1' }}] }}\n"
        );
        findings(&RULE, &text).into_iter().map(|it| (it.message, it.severity.name())).collect()
    }

    fn service(name: &str, spec: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{ name: {name} }}\nspec: {{ {spec} }}\n---\n"
        )
    }

    #[test]
    fn a_pod_that_is_addressed_by_name_needs_a_headless_service() {
        let plain = service("db", "ports: [{ port: 1 }]");
        let found = project(&plain, "  replicas: 3\n  serviceName: db\n");
        assert_eq!(found.len(), 1);
        assert!(found[0].0.contains("not headless") && found[0].1 == "info");
        let peer = "apiVersion: v1\nkind: Pod\nmetadata: { name: p }\n\
                    spec: { containers: [{ name: p, image: 'a:1', args: [db-0.db, db-1.db] }] }\n---\n";
        let found = project(&format!("{plain}{peer}"), "  replicas: 3\n  serviceName: db\n");
        assert_eq!(found[0].1, "warning");
        assert_eq!(project("", "  replicas: 3\n")[0].1, "info");
        let other = service("web", "ports: [{ port: 1 }]");
        let found = project(&other, "  replicas: 3\n  serviceName: db\n");
        assert!(found[0].0.contains("in these files") && found[0].1 == "warning");
    }

    #[test]
    fn an_operator_may_create_the_service() {
        let other = service("web", "ports: [{ port: 1 }]");
        let custom = "apiVersion: example.com/v1\nkind: Database\nmetadata: { name: x }\n---\n";
        let found = project(&format!("{other}{custom}"), "  replicas: 3\n  serviceName: db\n");
        assert_eq!(found[0].1, "info");
    }

    #[test]
    fn one_replica_is_only_an_info() {
        let found = project(&service("db", "ports: [{ port: 1 }]"), "  serviceName: db\n");
        assert_eq!(found[0].1, "info");
        let other = service("web", "ports: [{ port: 1 }]");
        assert_eq!(project(&other, "  serviceName: db\n")[0].1, "info");
        let peer = "apiVersion: v1\nkind: Pod\nmetadata: { name: p }\n\
                    spec: { containers: [{ name: p, image: 'a:1', args: [db-0.db] }] }\n---\n";
        assert_eq!(project(&format!("{other}{peer}"), "  serviceName: db\n")[0].1, "warning");
    }

    #[test]
    fn a_project_without_services_is_silent() {
        assert!(project("", "  serviceName: db\n").is_empty());
        assert!(project(&service("db", "clusterIP: None"), "  serviceName: db\n").is_empty());
    }

    #[test]
    fn the_forms_of_a_workload_say_it_once() {
        let form = |path: &str, name: &str| {
            format!(
                "# file: k8s/{path}\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec: {{serviceName: {name}, selector: {{matchLabels: {{a: b}}}}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: db, image: 'mysql:8'}}]}}}}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{a: b}}, ports: [{{port: 3306}}]}}\n"
            )
        };
        let found = |second: &str| {
            let text = form("full/db.yaml", "db") + &form("small/db.yaml", second);
            crate::rules::testing::messages(&RULE, &text).len()
        };
        assert_eq!(found("db"), 1);
        assert_eq!(found("other"), 2);
    }
}
