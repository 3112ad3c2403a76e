use crate::facts::{Facts, KubeHost, Part, Workload, first_label};
use crate::knowledge::net;
use crate::knowledge::starts::{Target, wait_of};
use crate::report::{Confidence, Findings};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// An init container waits for a host name that no Service has.
    ///
    /// ## Why it hurts
    /// The wait never ends: the Pod stays in `Init:0/1`, and no error appears anywhere.
    ///
    /// ## What helps
    /// Wait for the name of a Service in the same namespace, or add the namespace to the name
    /// (`SERVICE.NAMESPACE`).
    ///
    /// ## How to troubleshoot
    /// `kubectl logs POD -c INIT` repeats "bad address" or "could not resolve host".
    ///
    /// ## When to ignore
    /// Where something outside of these files creates the Service: another repository, or an operator.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: postgres }
    /// spec: { selector: { app: postgres }, ports: [{ port: 5432 }] }
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   initContainers:
    ///     - name: wait
    ///       image: busybox:1.37
    ///       command: ["sh", "-c", "until nc -z postgress 5432; do sleep 1; done"] # <- container `wait` of Pod `web` waits for `postgress`, but no Service has that name; did you mean `postgres`?
    ///   containers:
    ///     - name: web
    ///       image: ghcr.io/acme/web:1.4.2
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: postgres }
    /// spec: { selector: { app: postgres }, ports: [{ port: 5432 }] }
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   initContainers:
    ///     - name: wait
    ///       image: busybox:1.37
    ///       command: ["sh", "-c", "until nc -z postgres 5432; do sleep 1; done"]
    ///   containers:
    ///     - name: web
    ///       image: ghcr.io/acme/web:1.4.2
    /// ```
    PLM109 "waits-for-unknown-service" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check, about: absence,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for unit in workload.units.iter().filter(|it| it.part == Part::Init) {
            for command in &unit.start.commands {
                let Some(wait) = wait_of(command) else { continue };
                for target in &wait.targets {
                    let span = unit.start.span_of(target.word);
                    let Some(end) = unknown(facts, workload, target) else { continue };
                    let finding = out.at(
                        &narrow(facts, span, target.host),
                        format!("{} waits for `{}`, {end}", unit.label, target.host),
                    );
                    finding.confidence(Confidence::Likely).check(workload.logs(unit, "--tail 5"));
                }
            }
        }
    }
}

/// Returns the end of the message, if the host does not resolve.
fn unknown(facts: &Facts, workload: &Workload<'_>, target: &Target<'_>) -> Option<String> {
    let (home, host) = (workload.object.file, target.host);
    if let KubeHost::OtherNamespace(service) = facts.kube_host(home, workload.namespace, host) {
        let there = service.object.meta.namespace.as_ref()?;
        let here = workload.object.meta.namespace.as_ref()?;
        return Some(format!("which is in namespace `{there}`, not in `{here}`"));
    }
    if !facts.is_unknown_service(home, workload.namespace, host) {
        return None;
    }
    let name = first_label(host);
    let wanted = net::cluster_name(host).and_then(|it| it.namespace);
    match facts.near_service(home, wanted.unwrap_or(workload.namespace), name) {
        Some(near) => Some(format!("but no Service has that name; did you mean `{near}`?")),
        // A qualified name may belong to a Service outside of these files.
        None => (name == host).then(|| "but no Service has that name".to_owned()),
    }
}

/// Narrows a span to the host, if the text contains the host exactly once.
fn narrow(facts: &Facts, span: Span, host: &str) -> Span {
    let text = facts.written(&span);
    match (text.find(host), text.matches(host).count()) {
        (Some(at), 1) => span.inner(at..at + host.len()),
        _ => span,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn pod(host: &str, more: &str) -> usize {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop}}\nspec:\n  initContainers: [{{name: w, image: b, command: [sh, -c, 'until nc -z {host} 80; do sleep 1; done']}}]\n  containers: [{{name: c, image: a}}]\n{more}"
        );
        messages(&RULE, &text).len()
    }

    fn service(namespace: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: api, namespace: {namespace}}}\nspec: {{ports: [{{port: 80}}]}}\n"
        )
    }

    #[test]
    fn every_way_to_wait_is_read() {
        let count = |command: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop}}\nspec:\n  initContainers: [{{name: w, image: b, {command}}}]\n  containers: [{{name: c, image: a}}]\n{}",
                service("shop")
            );
            messages(&RULE, &text).len()
        };
        for command in [
            "command: [sh, -c, 'until nslookup db; do sleep 1; done']",
            "command: [sh, -c, 'until pg_isready -h db -p 5432; do sleep 2; done']",
            "command: [sh, -c], args: ['while ! curl -sf http://db:80/; do sleep 1; done']",
            "command: ['/bin/sh', '-c', 'until getent hosts db; do sleep 2; done']",
            "command: [wait-for-it, 'db:5432']",
            "args: [dockerize, -wait, 'tcp://db:5432']",
        ] {
            assert_eq!(count(command), 1, "{command}");
            assert_eq!(count(&command.replace("db", "api")), 0, "{command}");
        }
        assert_eq!(count("command: [sh, -c, 'echo db']"), 0);
    }

    #[test]
    fn outside_names_and_projects_without_services_are_silent() {
        assert_eq!(pod("db", &service("shop")), 1);
        assert_eq!(pod("api", &service("shop")), 0);
        assert_eq!(pod("api", &service("back")), 1, "a short name does not reach there");
        assert_eq!(pod("api.back", &service("back")), 0);
        assert_eq!(pod("db.example.com", &service("shop")), 0);
        assert_eq!(pod("db", ""), 0);
    }

    #[test]
    fn jobs_and_full_names_are_read() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: db, labels: {app: db}}\nspec: {containers: [{name: db, image: 'postgres:17'}]}\n---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {initContainers: [{name: w, image: 'busybox:1.36', command: [sh, -c, 'until nc -z store 5432; do sleep 1; done']}], containers: [{name: c, image: 'a/b:1'}]}}}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: db, labels: {app: db}}\nspec: {containers: [{name: db, image: 'postgres:17'}]}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {initContainers: [{name: w, image: 'busybox:1.36', command: [sh, -c, 'until nc -z store 5432; do sleep 1; done']}], containers: [{name: c, image: 'a/b:1'}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: db, labels: {app: db}}\nspec: {containers: [{name: db, image: 'postgres:17'}]}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {initContainers: [{name: w, image: 'busybox:1.36', command: [sh, -c, 'until nc -z db 5432; do sleep 1; done']}], containers: [{name: c, image: 'a/b:1'}]}}}\n"
            ),
            0
        );
        assert_eq!(
            count(
                "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: db, labels: {app: db}}\nspec: {containers: [{name: db, image: 'postgres:17'}]}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {initContainers: [{name: w, image: 'busybox:1.36', command: [sh, -c, 'until nc -z db.default.svc.cluster.local 5432; do sleep 1; done']}], containers: [{name: c, image: 'a/b:1'}]}}}\n"
            ),
            0
        );
    }
}
