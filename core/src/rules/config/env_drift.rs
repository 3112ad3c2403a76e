use crate::facts::{Change, Counterpart, Facts, Service, Unit, Var, VarSource, Workload};
use crate::knowledge::env::is_platform_only;
use crate::model::kubernetes::{Container, EnvSource};
use crate::report::{Confidence, Finding, Findings, Role, Severity};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};

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

/// The names that only Compose sets and those that only the cluster sets, for one pair.
struct Drift<'f, 'a> {
    pair: &'f Counterpart,
    here: Vec<&'f Var<'a>>,
    there: Vec<&'f Var<'a>>,
    is_platform_only: bool,
}

/// What pairs with the same drift have in common: one list of variables that somebody forgot to carry over.
#[derive(PartialEq, Eq, Hash)]
struct Cause<'f> {
    project: usize,
    change: Change,
    severity: Severity,
    here: Vec<&'f str>,
    there: Vec<&'f str>,
    /// Where a comment accepts the finding, which does not cover the same drift elsewhere.
    accepted_at: Option<Span>,
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut causes: IndexMap<Cause<'_>, Vec<Drift<'_, '_>>, FxBuildHasher> = IndexMap::default();
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
        let drift = Drift { pair, here, there, is_platform_only };
        if let Some(span) = drift.span(facts) {
            causes.entry(drift.cause(facts, span)).or_default().push(drift);
        }
    }
    for (cause, drifts) in causes {
        let Some((first, others)) = drifts.split_first() else { continue };
        let Some(finding) = report(facts, first, out) else { continue };
        finding.confidence(Confidence::Likely).severity(cause.severity);
        let others = others.iter().filter_map(|it| {
            let (service, _, unit) = facts.pair(it.pair);
            Some((it.span(facts)?, format!("the same for `{}` and {}", service.name, unit.label)))
        });
        finding.stands_for(&others.collect::<Vec<_>>());
    }
}

impl<'f, 'a> Drift<'f, 'a> {
    /// Returns the place of the finding; `None` where the two sides set the same names.
    fn span(&self, facts: &Facts) -> Option<Span> {
        let (service, ..) = facts.pair(self.pair);
        let Some(first) = self.here.first() else {
            return self.there.first().map(|it| it.name_span);
        };
        let block = service.model.key("environment").filter(|_| first.source == VarSource::Inline);
        Some(block.map_or(first.name_span, |it| it.name.span))
    }

    fn cause(&self, facts: &Facts<'a>, span: Span) -> Cause<'f> {
        let (service, _, unit) = facts.pair(self.pair);
        let sorted = |vars: &[&'f Var<'a>]| {
            let mut names: Vec<&'f str> = vars.iter().map(|it| it.name).collect();
            names.sort_unstable();
            names
        };
        let accepted = facts.is_accepted(span, &|selector| RULE.is(selector));
        Cause {
            project: service.project_index,
            change: facts.changed_with(unit),
            severity: if self.is_platform_only { Severity::Hint } else { severity(service) },
            here: sorted(&self.here),
            there: sorted(&self.there),
            accepted_at: accepted.then_some(span),
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
    drift: &Drift<'_, '_>,
    out: &'f mut Findings,
) -> Option<&'f mut Finding> {
    let Drift { pair, here, there, .. } = drift;
    let (service, workload, unit) = facts.pair(pair);
    let name = service.name;
    let span = drift.span(facts)?;
    let message = match here.as_slice() {
        [] => format!(
            "{} gets {}, but service `{name}` in Compose {}",
            unit.label,
            names(there),
            lacks(there)
        ),
        _ => {
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
            message
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

/// Returns the severity of a drift, lower where differences are normal: the chart of a public product often
/// sets other variables than its Compose file.
fn severity(service: &Service<'_>) -> Severity {
    match service.role == Role::Development || service.unit.family().is_some() {
        true => Severity::Info,
        false => Severity::Warning,
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

    /// Two services that run one image, and their counterparts.
    fn two_services(first: &str, second: &str) -> Vec<crate::report::Finding> {
        let service = |name: &str, env: &str| {
            format!("  {name}:\n    image: acme/{name}:1\n    environment: {env}\n")
        };
        let pod = |name: &str| {
            format!(
                "# file: k8s/{name}.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: {name}, image: acme/{name}:1}}]}}\n"
            )
        };
        let compose = format!("{}{}", service("web", first), service("api", second));
        findings(
            &RULE,
            &format!("# file: compose.yaml\nservices:\n{compose}{}{}", pod("web"), pod("api")),
        )
    }

    #[test]
    fn the_same_drift_of_several_services_is_one_finding() {
        let found = two_services("{TLS: x, GC: y}", "{GC: y, TLS: x}");
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].message,
            "Compose sets `TLS`, `GC` for `web`, but container `web` of Pod `web` gets none of them (and 1 more like it)"
        );
        let places: Vec<&str> = found[0].related.iter().map(|it| it.message.as_str()).collect();
        assert!(places.contains(&"the same for `api` and container `api` of Pod `api`"));
        assert_eq!(two_services("{TLS: x}", "{GC: y}").len(), 2);
        assert_eq!(
            two_services("{TLS: x}", "{TLS: x} # plimsoll: ignore PLM506 - on purpose").len(),
            1
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
