use crate::facts::Facts;
use crate::knowledge::env::injected_variable;
use crate::report::{Findings, Severity};
use crate::rules::rule;

rule! {
    /// A container reads a variable that only Service links set.
    ///
    /// ## Why it hurts
    /// Variables such as `REDIS_SERVICE_HOST` are set when the Pod starts, from the Services that
    /// exist in its namespace at that moment. If the manifests are applied in another order, the
    /// variables are missing, and when a Service is recreated, they keep the old values.
    ///
    /// ## What helps
    /// Use the Service's name: DNS resolves it at any time.
    ///
    /// ## How to troubleshoot
    /// `kubectl exec POD -- env` shows whether the variable is set.
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
    ///       env:
    ///         - name: CACHE_URL
    ///           value: redis://$(REDIS_SERVICE_HOST):6379 # <- container `web` of Pod `web` reads `REDIS_SERVICE_HOST`, which is set only if its Service is older than the Pod
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: ghcr.io/acme/web:1.4.2
    ///       env:
    ///         - name: CACHE_URL
    ///           value: redis://redis:6379
    /// ```
    PLM403 "injected-service-variables" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units() {
        let mut reported: Vec<&str> = Vec::new();
        for (name, span) in unit.read_variables() {
            let Some(injected) = injected_variable(name) else { continue };
            let set = unit.var(name).is_some() || injected.service == "KUBERNETES";
            if set || reported.contains(&name) {
                continue;
            }
            reported.push(name);
            let Some(workload) = facts.workload_of(unit) else {
                out.at(
                    &span,
                    format!("{} reads `{name}`, which only Docker's legacy links set", unit.label),
                );
                continue;
            };
            let links = workload.model.template.spec.enable_service_links;
            let finding = match links.filter(|it| !it.value) {
                Some(off) => {
                    let message = format!(
                        "{} reads `{name}`, but `enableServiceLinks: false` keeps it from being set",
                        unit.label
                    );
                    let finding = out.at(&span, message).severity(Severity::Error);
                    finding.also(&off.span, "Service links are disabled here")
                }
                None => out.at(
                    &span,
                    format!(
                        "{} reads `{name}`, which is set only if its Service is older than the Pod",
                        unit.label
                    ),
                ),
            };
            let home = workload.object.file;
            let service = facts.service_with_prefix(home, workload.namespace, injected.service);
            if let Some(service) = service {
                finding.also(&service.span(), format!("Service `{}`", service.name));
            }
            finding.check(facts.show_variable(unit, name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn pod(container: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: a, {container}}}]}}\n"
            ),
        )
    }

    #[test]
    fn variables_that_the_container_sets_itself_are_silent() {
        assert_eq!(pod("args: ['--db=$(DB_PORT_5432_TCP_ADDR)']").len(), 1);
        assert_eq!(pod("command: [sh, -c, 'serve $REDIS_SERVICE_HOST']").len(), 1);
        assert!(pod("args: ['$(KUBERNETES_SERVICE_HOST)']").is_empty());
        assert!(pod("args: ['$(REDIS_PORT)']").is_empty());
        let own =
            "env: [{name: REDIS_SERVICE_HOST, value: redis}], args: ['$(REDIS_SERVICE_HOST)']";
        assert!(pod(own).is_empty());
    }

    #[test]
    fn in_compose_only_links_set_them() {
        let text = |word: &str| {
            format!("services: {{a: {{image: 'x:1', command: [sh, -c, 'nc {word}']}}}}\n")
        };
        assert_eq!(messages(&RULE, &text("$$DB_PORT_5432_TCP_ADDR")).len(), 1);
        assert!(messages(&RULE, &text("$$DB_HOST")).is_empty());
    }

    #[test]
    fn disabled_links_set_nothing() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {enableServiceLinks: false, containers: [{name: c, image: a, args: ['$(R_SERVICE_HOST)']}]}\n";
        assert!(messages(&RULE, text)[0].contains("keeps it from being set"));
    }
}
