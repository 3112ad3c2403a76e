use crate::facts::{Facts, Unit};
use crate::knowledge::env::{Injected, injected_variable};
use crate::report::phrases::first_named;
use crate::report::{Finding, Findings, Severity};
use crate::rules::rule;
use crate::text::Span;

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
    /// ## When to ignore
    /// In a Pod that is always created after its Services, such as one that a person starts by hand.
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

/// A variable that a container reads, with the name of the Service in it and the place.
type Read<'u> = (&'u str, Injected<'u>, Span);

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units() {
        let mut all: Vec<Read<'_>> = Vec::new();
        for (name, span) in unit.read_variables() {
            let Some(injected) = injected_variable(name) else { continue };
            let is_set = unit.var(name).is_some() || injected.service == "KUBERNETES";
            if !is_set && all.iter().all(|it| it.0 != name) {
                all.push((name, injected, span));
            }
        }
        // What a comment accepts gets a finding of its own for the comment to suppress.
        let (accepted, open): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|it| facts.stands_alone(it.2, &|it| RULE.is(it)));
        for reads in accepted.chunks(1).chain([open.as_slice()]) {
            report(facts, unit, reads, out);
        }
    }
}

/// Maximum number of variables that a message names.
const MAX_NAMES: usize = 3;

/// Maximum number of other places at which a finding points.
const MAX_PLACES: usize = 10;

/// Reports the variables that a container reads in one finding: they have one cause.
fn report<'a>(facts: &Facts<'a>, unit: &Unit<'a>, reads: &[Read<'_>], out: &mut Findings) {
    let Some(((name, _, span), others)) = reads.split_first() else { return };
    let names: Vec<&str> = reads.iter().map(|it| it.0).collect();
    let what = format!("{} reads {}", unit.label, first_named(&names, MAX_NAMES));
    let is_one = others.is_empty();
    let Some(workload) = facts.workload_of(unit) else {
        let finding = out.at(span, format!("{what}, which only Docker's legacy links set"));
        finding.gathers(unit.label.as_str());
        also_read(others, finding);
        return;
    };
    let links = workload.model.template.spec.enable_service_links;
    let finding = match links.filter(|it| !it.value) {
        Some(off) => {
            let them = if is_one { "it" } else { "them" };
            let message =
                format!("{what}, but `enableServiceLinks: false` keeps {them} from being set");
            let finding = out.at(span, message).severity(Severity::Error);
            finding.also(&off.span, "Service links are disabled here")
        }
        None => {
            let when = match is_one {
                true => "which is set only if its Service is older than the Pod",
                false => "which are set only if their Services are older than the Pod",
            };
            out.at(span, format!("{what}, {when}"))
        }
    };
    finding.gathers(unit.label.as_str());
    also_read(others, finding);
    let home = workload.object.file;
    for (_, injected, _) in reads.iter().take(MAX_PLACES) {
        let service = facts.service_with_prefix(home, workload.namespace, injected.service);
        if let Some(service) = service {
            finding.also(&service.span(), format!("Service `{}`", service.name));
        }
    }
    finding.check(facts.show_variable(unit, name));
}

fn also_read(others: &[Read<'_>], finding: &mut Finding) {
    for (name, _, span) in others.iter().take(MAX_PLACES) {
        finding.also(span, format!("`{name}` is read here"));
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
        assert_eq!(pod("command: [sh, -c], args: ['serve ${REDIS_SERVICE_PORT}']").len(), 1);
        assert_eq!(pod("env: [{name: A, value: '$(REDIS_PORT_6379_TCP_ADDR)'}]").len(), 1);
        assert_eq!(pod("env: [{name: A, value: '$(REDIS_SERVICE_PORT_HTTP)'}]").len(), 1);
        assert!(pod("args: ['$(KUBERNETES_SERVICE_HOST)']").is_empty());
        assert!(pod("args: ['$(REDIS_PORT)']").is_empty());
        let own =
            "env: [{name: REDIS_SERVICE_HOST, value: redis}], args: ['$(REDIS_SERVICE_HOST)']";
        assert!(pod(own).is_empty());
    }

    #[test]
    fn the_variables_of_a_container_are_one_finding() {
        let urls = |count: usize| {
            let var = |at: usize| {
                format!(
                    "{{name: U{at}, value: 'http://$(S{at}_SERVICE_HOST):$(S{at}_SERVICE_PORT)'}}"
                )
            };
            format!("env: [{}]", (0..count).map(var).collect::<Vec<_>>().join(", "))
        };
        assert_eq!(
            pod(&urls(15)),
            [
                "container `c` of Pod `p` reads `S0_SERVICE_HOST`, `S0_SERVICE_PORT`, `S1_SERVICE_HOST` and 27 more, which are set only if their Services are older than the Pod"
            ]
        );
        let two = format!("{}, args: ['$(S0_SERVICE_HOST)']", urls(1));
        assert_eq!(pod(&two).len(), 1, "each variable counts once");
        assert!(pod("env: [{name: U, value: 'http://s0:80'}]").is_empty());
    }

    #[test]
    fn what_a_comment_accepts_is_not_counted() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: c\n      image: a\n      env:\n        - name: A\n          # plimsoll: ignore PLM403 -- the Service is older\n          value: $(A_SERVICE_HOST)\n        - name: B\n          value: $(B_SERVICE_HOST)\n";
        let found = messages(&RULE, text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("reads `B_SERVICE_HOST`, which is set only"), "{found:?}");
    }

    #[test]
    fn in_compose_only_links_set_them() {
        let text = |word: &str| {
            format!("services: {{a: {{image: 'x:1', command: [sh, -c, 'nc {word}']}}}}\n")
        };
        assert_eq!(messages(&RULE, &text("$$DB_PORT_5432_TCP_ADDR")).len(), 1);
        assert!(messages(&RULE, &text("$$DB_HOST")).is_empty());
        let linked = "services: {a: {image: 'x:1', links: [db], entrypoint: [sh, -c, 'serve $$DB_PORT_5432_TCP_PORT']}, db: {image: 'postgres:17'}}\n";
        assert_eq!(messages(&RULE, linked).len(), 1);
    }

    #[test]
    fn disabled_links_set_nothing() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {enableServiceLinks: false, containers: [{name: c, image: a, args: ['$(R_SERVICE_HOST)']}]}\n";
        assert!(messages(&RULE, text)[0].contains("keeps it from being set"));
    }
}
