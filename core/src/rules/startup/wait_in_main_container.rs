use crate::facts::{Facts, Part};
use crate::knowledge::net;
use crate::knowledge::starts::{Wait, wait_of};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A main container waits for another service in its own start command.
    ///
    /// ## Why it hurts
    /// While it waits, the container looks like a running program: a liveness probe may kill it
    /// because it does not answer, and nobody sees what it is waiting for. The image also has to
    /// carry the tools for waiting.
    ///
    /// ## What helps
    /// Wait in an init container, where `kubectl get pods` shows `Init:0/1`, or let the program
    /// itself retry.
    ///
    /// ## How to troubleshoot
    /// `kubectl logs POD` shows the output of the wait; `kubectl describe pod` shows probe failures
    /// from the same minutes.
    ///
    /// ## When to ignore
    /// Where the wait takes a second or two, and the startup probe allows for it.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: ghcr.io/acme/web:1.4.2
    ///       command:
    ///         - sh
    ///         - -c
    ///         - until nc -z db 5432; do sleep 1; done; exec gunicorn app:app # <- container `web` of Pod `web` waits for `db` in its start command; an init container would make the wait visible
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   initContainers:
    ///     - name: wait-for-db
    ///       image: busybox:1.37
    ///       command: ["sh", "-c", "until nc -z db 5432; do sleep 1; done"]
    ///   containers:
    ///     - name: web
    ///       image: ghcr.io/acme/web:1.4.2
    ///       command: ["gunicorn", "app:app"]
    /// ```
    PLM108 "wait-in-main-container" {
        since: "0.1.0", on: Kubernetes, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads().iter().filter(|it| !it.kind().is_job()) {
        for unit in workload.units.iter().filter(|it| it.part == Part::Main) {
            let commands = &unit.start.commands;
            let found = commands.iter().find_map(|it| Some((it, wait_of(it)?)));
            let Some((command, wait)) = found.filter(|it| is_for_others(&it.1)) else { continue };
            let what = match wait.targets.first() {
                Some(target) => format!("`{}`", target.host),
                None => format!("another service with `{}`", wait.tool),
            };
            let word = wait.targets.first().map(|it| it.word).or_else(|| command.words.first());
            out.at(
                &word.map_or_else(Default::default, |it| unit.start.span_of(it)),
                format!(
                    "{} waits for {what} in its start command; an init container would make the wait visible",
                    unit.label
                ),
            )
            .check(workload.logs(unit, "--tail 20"));
        }
    }
}

/// Whether the wait is for something outside of the Pod: only a main container can wait for a
/// sidecar on loopback.
fn is_for_others(wait: &Wait<'_>) -> bool {
    if wait.targets.is_empty() {
        let stem = wait.tool.strip_suffix(".sh").unwrap_or(wait.tool).replace('_', "-");
        return stem.starts_with("wait-for")
            || matches!(stem.as_str(), "dockerize" | "wait4x" | "pg-isready" | "mysqladmin");
    }
    !wait.targets.iter().any(|it| net::is_loopback(it.host))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn pod(command: &str) -> usize {
        messages(
            &RULE,
            &format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: a, command: {command}}}]}}\n"
            ),
        )
        .len()
    }

    #[test]
    fn helpers_and_loops_wait_and_servers_do_not() {
        assert_eq!(pod("[./wait-for-it.sh, 'db:5432', --, serve]"), 1);
        assert_eq!(pod("[dockerize, -wait, 'tcp://db:5432', serve]"), 1);
        assert_eq!(pod("[wait-for, 'db:5432', --, serve]"), 1);
        assert_eq!(pod("[./wait-for.sh, 'db:5432', --, serve]"), 1);
        assert_eq!(pod("[sh, -c, './wait-for-it.sh db:5432 -- serve']"), 1);
        assert_eq!(pod("[sh, -c], args: ['until pg_isready -h db; do sleep 1; done; serve']"), 1);
        assert_eq!(pod("[sh, -c, 'while ! nc -z db 5432; do sleep 1; done; serve']"), 1);
        assert_eq!(
            pod("[sh, -c, 'until curl -s localhost:15021/ready; do sleep 1; done; serve']"),
            0
        );
        assert_eq!(pod("[sh, -c, 'while true; do curl http://a:80; sleep 1; done']"), 0);
        assert_eq!(pod("[serve]"), 0);
    }

    #[test]
    fn waiting_in_an_init_container_is_fine() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {initContainers: [{name: i, image: a, command: [wait-for, 'db:5432']}], containers: [{name: c, image: a}]}\n";
        assert!(messages(&RULE, text).is_empty());
        let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {containers: [{name: c, image: a, command: [wait-for, 'db:5432', --, work]}]}}}\n";
        assert!(messages(&RULE, job).is_empty(), "nothing probes it");
    }

    #[test]
    fn every_helper_and_every_kind_of_workload_are_read() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', command: [sh, -c, 'wait-for db:5432 && serve']}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', command: [sh, -c, './wait-for-it.sh db:5432 && serve']}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', command: [sh, -c, 'dockerize -wait tcp://db:5432 && serve']}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', command: [serve]}], initContainers: [{name: w, image: 'a/b:1', command: [wait-for, 'db:5432']}]}}}\n"
            ),
            0
        );
    }
}
