use crate::facts::{Facts, Service, Unit, Var, VarSource};
use crate::knowledge::env::is_platform_only;
use crate::report::{Confidence, Findings, Role, Severity};
use crate::rules::rule;

rule! {
    /// One side sets variables that the other does not.
    ///
    /// ## Why it hurts
    /// The program falls back to a default that nobody chose, on one side only. This is how a cache is
    /// off in production, or mail goes to the test server.
    ///
    /// ## What helps
    /// One list of variables for both sides: in Compose through `environment` or `env_file`, in
    /// Kubernetes through a ConfigMap or Secret with `envFrom`.
    ///
    /// ## How to troubleshoot
    /// Print the environment of both containers, sorted, and compare.
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
        // A source that is not handed over, or has a prefix, may set anything.
        let container = workload.container(pair.unit);
        let open = container.env_from.iter().any(|it| {
            let secret = it.source == crate::model::kubernetes::EnvSource::Secret;
            let known =
                it.name.as_ref().and_then(|name| facts.keys(workload.namespace, name, secret));
            known.is_none_or(|it| !it.complete)
                || it.prefix.as_ref().is_some_and(|it| !it.is_empty())
        });
        let unread_file = service.model.env_files.iter().any(|it| it.file.is_none());
        if !open {
            let only_here: Vec<&Var<'_>> = missing(&service.unit, unit);
            if let Some(first) = only_here.first() {
                let place =
                    service.model.key("environment").filter(|_| first.source == VarSource::Inline);
                let span = place.map_or(first.name_span, |it| it.name.span);
                let none =
                    if only_here.len() == 1 { "does not get it" } else { "gets none of them" };
                let finding = out.at(
                    &span,
                    format!(
                        "Compose sets {} for `{}`, but {} {none}",
                        names(&only_here),
                        service.name,
                        unit.label
                    ),
                );
                finding.also(
                    &container.span(),
                    format!("the counterpart, matched by {}", pair.why.says()),
                );
                quiet(finding, service);
            }
        }
        if !unread_file {
            let only_there: Vec<&Var<'_>> = missing(unit, &service.unit);
            if let Some(first) = only_there.first() {
                let none =
                    if only_there.len() == 1 { "does not get it" } else { "gets none of them" };
                let finding = out.at(
                    &first.name_span,
                    format!(
                        "{} gets {}, but service `{}` in Compose {none}",
                        unit.label,
                        names(&only_there),
                        service.name
                    ),
                );
                finding.also(
                    &service.span(),
                    format!("the counterpart, matched by {}", pair.why.says()),
                );
                quiet(finding, service);
            }
        }
    }
}

/// The variables of one that the other lacks, without those that only a platform needs and those that
/// may be set from a file (`NAME_FILE`).
fn missing<'u, 'a>(here: &'u Unit<'a>, there: &Unit<'a>) -> Vec<&'u Var<'a>> {
    let mut missing = Vec::new();
    for var in &here.env {
        if var.source == VarSource::Field || is_platform_only(var.name) {
            continue;
        }
        let bare = plain(var.name);
        if !there.env.iter().any(|it| plain(it.name) == bare) {
            missing.push(var);
        }
    }
    missing
}

/// `spring.profiles.active` and `SPRING_PROFILES_ACTIVE` are one setting, and so are `KEY` and
/// `KEY_FILE`.
fn plain(name: &str) -> String {
    let name = name.to_ascii_uppercase().replace(['.', '-'], "_");
    name.strip_suffix("_FILE").map(str::to_owned).unwrap_or(name)
}

fn names(vars: &[&Var<'_>]) -> String {
    let mut shown: Vec<String> = Vec::new();
    for var in vars.iter().take(8) {
        shown.push(format!("`{}`", var.name));
    }
    if vars.len() > 8 {
        shown.push(format!("and {} more", vars.len() - 8));
    }
    shown.join(", ")
}

/// A public product often takes other variables from its chart than from a Compose file.
fn quiet(finding: &mut crate::report::Finding, service: &Service<'_>) {
    finding.confidence(Confidence::Likely);
    if service.role == Role::Development || service.unit.family().is_some() {
        finding.severity(Severity::Info);
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

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
    fn an_unseen_source_may_set_anything() {
        assert!(sides("{A: x}", "envFrom: [{configMapRef: {name: elsewhere}}]", "").is_empty());
    }

    #[test]
    fn both_directions_are_told_and_platform_names_are_not() {
        assert_eq!(sides("{A: x, TZ: UTC}", "env: [{name: B, value: x}]", "").len(), 2);
    }
}
