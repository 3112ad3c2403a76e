use crate::facts::{Counterpart, Facts, Service, Unit, Var, VarSource, Workload};
use crate::knowledge::env::is_platform_only;
use crate::model::kubernetes::{Container, EnvSource};
use crate::report::{Confidence, Finding, Findings, Role, Severity};
use crate::rules::rule;
use rustc_hash::FxHashSet;

rule! {
    /// One side, Compose or the cluster, sets variables that the other does not.
    ///
    /// ## Why it hurts
    /// The program falls back to a default that nobody chose, on one side only. That is how a cache
    /// ends up switched off in production, or mail goes to the test server.
    ///
    /// ## What helps
    /// Keep one list of variables for both sides: in Compose through `environment` or `env_file`,
    /// in Kubernetes through a ConfigMap or Secret with `envFrom`.
    ///
    /// ## How to troubleshoot
    /// Print the sorted environment of both containers and compare.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment: # <- Compose sets `CACHE_URL`, `MAIL_HOST` for `web`, but container `web` of Deployment `web` gets none of them
    ///       CACHE_URL: redis://cache:6379
    ///       MAIL_HOST: smtp.acme.example
    ///       LOG_LEVEL: info
    /// ```
    /// ```yaml file=k8s/web.yaml
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
    ///           image: ghcr.io/acme/web:1
    ///           env: [{ name: LOG_LEVEL, value: info }]
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       LOG_LEVEL: info
    /// ```
    /// ```yaml file=k8s/web.yaml
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
    ///           image: ghcr.io/acme/web:1
    ///           env: [{ name: LOG_LEVEL, value: info }]
    /// ```
    PLM506 "env-drift" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for pair in facts.counterparts() {
        let (service, workload, unit) = facts.pair(pair);
        let container = workload.container(pair.unit);
        let (mut here, mut there) = (Vec::new(), Vec::new());
        if !has_unknown_source(facts, workload, container) {
            here = missing(&service.unit, unit);
        }
        if service.model.env_files.iter().all(|it| it.file.is_some()) {
            there = missing(unit, &service.unit);
        }
        let is_ours = |it: &&Var<'_>| !is_platform_only(it.name);
        let is_platform_only = !here.iter().chain(&there).any(is_ours);
        if !is_platform_only {
            here.retain(is_ours);
            there.retain(is_ours);
        }
        let Some(finding) = report(facts, pair, &here, &there, out) else { continue };
        lower_severity(finding, service);
        if is_platform_only {
            finding.severity(Severity::Hint);
        }
    }
}

/// Whether a container takes variables from an object whose keys are not fully known, or under a
/// prefix: such a source may set anything.
fn has_unknown_source(facts: &Facts, workload: &Workload<'_>, container: &Container) -> bool {
    container.env_from.iter().any(|from| {
        let secret = from.source == EnvSource::Secret;
        let keys = from
            .name
            .as_ref()
            .and_then(|name| facts.keys(workload.object.file, workload.namespace, name, secret));
        keys.is_none_or(|it| !it.complete) || from.prefix.as_ref().is_some_and(|it| !it.is_empty())
    })
}

/// Reports the variables that only Compose sets and those that only the cluster sets, in one finding.
fn report<'f>(
    facts: &Facts,
    pair: &Counterpart,
    here: &[&Var<'_>],
    there: &[&Var<'_>],
    out: &'f mut Findings,
) -> Option<&'f mut Finding> {
    let (service, workload, unit) = facts.pair(pair);
    let name = service.name;
    let (span, message) = match (here, there) {
        ([], []) => return None,
        ([], [first, ..]) => (
            first.name_span,
            format!(
                "{} gets {}, but service `{name}` in Compose {}",
                unit.label,
                names(there),
                lacks(there)
            ),
        ),
        ([first, ..], _) => {
            let block =
                service.model.key("environment").filter(|_| first.source == VarSource::Inline);
            let mut message = format!(
                "Compose sets {} for `{name}`, but {} {}",
                names(here),
                unit.label,
                lacks(here)
            );
            if !there.is_empty() {
                message
                    .push_str(&format!(", and gets {}, which Compose does not set", names(there)));
            }
            (block.map_or(first.name_span, |it| it.name.span), message)
        }
    };
    let finding = out.at(&span, message);
    let counterpart = format!("the counterpart, matched by {}", pair.why.says());
    if here.is_empty() {
        finding.also(&service.span(), counterpart);
    } else {
        finding.also(&workload.container(pair.unit).span(), counterpart);
        if let Some(first) = there.first() {
            finding.also(&first.name_span, format!("only the cluster sets `{}`", first.name));
        }
    }
    finding.check(facts.exec(&service.unit, "printenv")).check(facts.exec(unit, "printenv"));
    Some(finding)
}

/// Returns the variables that only `here` has.
fn missing<'u, 'a>(here: &'u Unit<'a>, there: &Unit<'a>) -> Vec<&'u Var<'a>> {
    let there: FxHashSet<String> = there.env.iter().map(|it| setting(it.name)).collect();
    here.env
        .iter()
        .filter(|var| var.source != VarSource::Field)
        .filter(|var| !there.contains(&setting(var.name)))
        .collect()
}

/// Returns the setting behind a variable name: `spring.profiles.active` and
/// `SPRING_PROFILES_ACTIVE` are the same setting, and so are `KEY` and `KEY_FILE`.
fn setting(name: &str) -> String {
    let name = name.to_ascii_uppercase().replace(['.', '-'], "_");
    name.strip_suffix("_FILE").map(str::to_owned).unwrap_or(name)
}

/// Maximum number of variables that a message names.
const MAX_NAMES: usize = 8;

fn names(vars: &[&Var<'_>]) -> String {
    let mut shown: Vec<String> =
        vars.iter().take(MAX_NAMES).map(|var| format!("`{}`", var.name)).collect();
    if vars.len() > MAX_NAMES {
        shown.push(format!("and {} more", vars.len() - MAX_NAMES));
    }
    shown.join(", ")
}

/// Returns the end of the message, for one variable or several.
fn lacks(vars: &[&Var<'_>]) -> &'static str {
    if vars.len() == 1 { "does not get it" } else { "gets none of them" }
}

/// Lowers the severity where differences are normal: the chart of a public product often sets other
/// variables than its Compose file.
fn lower_severity(finding: &mut Finding, service: &Service<'_>) {
    finding.confidence(Confidence::Likely);
    if service.role == Role::Development || service.unit.family().is_some() {
        finding.severity(Severity::Info);
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn sides(compose: &str, cluster: &str, more: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "# file: compose.yaml\nservices:\n  web:\n    image: acme/web:1\n    environment: {compose}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: acme/web:1, {cluster}}}]}}\n{more}"
            ),
        )
    }

    #[test]
    fn every_route_into_the_container_counts() {
        let config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {A: x}\n";
        assert!(sides("{A: x}", "envFrom: [{configMapRef: {name: c}}]", config).is_empty());
        assert!(
            sides("{A: x}", "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: a}}}]", "")
                .is_empty()
        );
        assert!(sides("{A_FILE: /run/secrets/a}", "env: [{name: A, value: x}]", "").is_empty());
    }

    #[test]
    fn a_source_that_is_not_in_the_files_may_set_anything() {
        assert!(sides("{A: x}", "envFrom: [{configMapRef: {name: elsewhere}}]", "").is_empty());
    }

    #[test]
    fn both_directions_are_one_finding() {
        assert_eq!(
            sides("{A: x, TZ: UTC}", "env: [{name: B, value: x}]", ""),
            [
                "Compose sets `A` for `web`, but container `web` of Pod `web` does not get it, and gets `B`, which Compose does not set"
            ]
        );
    }

    #[test]
    fn names_of_one_platform_alone_are_a_hint() {
        let text = "# file: compose.yaml\nservices: {web: {image: acme/web, environment: {TZ: UTC}}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: acme/web}]}\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].severity.name(), "hint");
    }
}
