use crate::facts::{Counterpart, Facts, Service, Unit, Var, VarSource, Workload};
use crate::knowledge::env::{Purpose, is_environment_switch, purpose, switch};
use crate::knowledge::secrets::{Verdict, judge};
use crate::report::{Confidence, Findings, Role, Severity};
use crate::rules::rule;

rule! {
    /// A variable that selects behaviour has one value in Compose and another one in the cluster.
    ///
    /// ## Why it hurts
    /// What was tested is not what runs: a feature is on in one place and off in the other, the cache is
    /// a file here and Redis there, and the bug report from production cannot be reproduced.
    ///
    /// ## What helps
    /// Use the production value on both sides. Where a difference is wanted, say why in a comment beside
    /// it.
    ///
    /// ## How to troubleshoot
    /// Print the variable in both containers and compare.
    ///
    /// ## When to ignore
    /// Where the two sides are meant to differ.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       CACHE_DRIVER: array # <- service `web` and its counterpart in the cluster behave differently: `CACHE_DRIVER` is `array` in Compose and `redis` in container `web` of Deployment `web`
    ///       LOG_LEVEL: debug
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
    ///           env:
    ///             - { name: CACHE_DRIVER, value: redis }
    ///             - { name: LOG_LEVEL, value: info }
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       CACHE_DRIVER: redis
    ///       LOG_LEVEL: debug
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
    ///           env:
    ///             - { name: CACHE_DRIVER, value: redis }
    ///             - { name: LOG_LEVEL, value: info }
    /// ```
    PLM518 "value-drift" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for pair in facts.counterparts().iter().filter(|pair| !facts.is_other_publisher(pair)) {
        let (service, workload, unit) = facts.pair(pair);
        let drifted = drifted(facts, service, workload, unit);
        // What a comment accepts gets a finding of its own for the comment to suppress.
        let (accepted, open): (Vec<_>, Vec<_>) = drifted
            .into_iter()
            .partition(|it| facts.stands_alone(it.here.value_span, &|selector| RULE.is(selector)));
        for drifts in accepted.chunks(1).chain([open.as_slice()]) {
            report(facts, pair, drifts, out);
        }
    }
}

/// A variable with two values.
struct Drift<'u, 'a> {
    here: &'u Var<'a>,
    there: &'u Var<'a>,
    purpose: Purpose,
    /// Whether Compose switches on another of the same kind in its place.
    is_variant: bool,
}

/// Returns the variables whose values select different behaviour.
fn drifted<'u, 'a>(
    facts: &Facts<'a>,
    service: &'u Service<'a>,
    workload: &Workload<'a>,
    unit: &'u Unit<'a>,
) -> Vec<Drift<'u, 'a>> {
    let is_development = service.role == Role::Development
        || facts.object_role(workload.object) == Role::Development;
    let mut all = Vec::new();
    for here in service.unit.env.iter().filter(|it| it.literal) {
        let Some(there) = unit.var(here.name).filter(|it| is_written(it)) else { continue };
        let (Some(one), Some(other)) = (here.value, there.value) else { continue };
        let is_secret = [one, other].iter().any(|it| judge(here.name, it).verdict != Verdict::No);
        // Kubernetes replaces `$(NAME)` in a value.
        if is_secret || other.contains("$(") || is_development && is_environment_switch(here.name) {
            continue;
        }
        if let Some(purpose) = purpose(here.name, one, other) {
            let is_variant = is_variant(service, unit, here);
            all.push(Drift { here, there, purpose, is_variant });
        }
    }
    // What changes behaviour most comes first, and is what the finding points at.
    all.sort_by_key(|it| !is_warning(it));
    all
}

/// Whether the files show the value of a variable.
fn is_written(variable: &Var<'_>) -> bool {
    match variable.source {
        VarSource::Inline | VarSource::EnvFile | VarSource::ConfigMap => variable.literal,
        VarSource::Secret | VarSource::Field => false,
    }
}

/// Whether a switch of Compose is off because another of its kind is on there and not in the cluster: one of
/// several stores, of which a program uses a single one (`FILER_ETCD_ENABLED`, `FILER_LEVELDB_ENABLED`).
fn is_variant(service: &Service<'_>, unit: &Unit<'_>, here: &Var<'_>) -> bool {
    let family = |name: &str| {
        let stem = name.strip_suffix("_ENABLED")?;
        stem.rsplit_once('_').map(|it| it.0.to_owned())
    };
    let is_on = |variable: &Var<'_>| variable.value.and_then(switch) == Some(true);
    let Some(own) = family(here.name).filter(|_| !is_on(here)) else { return false };
    service.unit.env.iter().any(|other| {
        family(other.name).as_ref() == Some(&own)
            && is_on(other)
            && !unit.var(other.name).is_some_and(is_on)
    })
}

fn is_warning(drift: &Drift<'_, '_>) -> bool {
    if drift.is_variant {
        return false;
    }
    match drift.purpose {
        Purpose::Switch | Purpose::Driver => true,
        Purpose::DatabaseName | Purpose::Size => false,
    }
}

/// Maximum number of variables that a message names.
const MAX_NAMES: usize = 3;

/// Reports all differences of one pair in one finding.
fn report(facts: &Facts, pair: &Counterpart, drifts: &[Drift<'_, '_>], out: &mut Findings) {
    let [first, others @ ..] = drifts else { return };
    let (service, _, unit) = facts.pair(pair);
    let value = |it: &Var<'_>| it.value.unwrap_or_default().trim().to_owned();
    let mut parts: Vec<String> = drifts
        .iter()
        .take(MAX_NAMES)
        .map(|it| {
            format!(
                "`{}` is `{}` in Compose and `{}`",
                it.here.name,
                value(it.here),
                value(it.there)
            )
        })
        .collect();
    if let Some(part) = parts.first_mut() {
        part.push_str(&format!(" in {}", unit.label));
    }
    let mut list = parts.join(", ");
    if drifts.len() > MAX_NAMES {
        list.push_str(&format!(", and {} more", drifts.len() - MAX_NAMES));
    }
    let finding = out.at(
        &first.here.value_span,
        format!(
            "service `{}` and its counterpart in the cluster behave differently: {list}",
            service.name
        ),
    );
    finding.gathers(format!("values of {} and {}", service.name, unit.label));
    finding.confidence(Confidence::Likely);
    finding.also(
        &first.there.value_span,
        format!("the value in the counterpart, matched by {}", pair.why.says()),
    );
    for other in others {
        finding.also(&other.here.value_span, format!("`{}` differs too", other.here.name));
    }
    if !is_warning(first) || service.role == Role::Development {
        finding.severity(Severity::Info);
    }
    let name = first.here.name;
    finding.check(facts.show_variable(&service.unit, name)).check(facts.show_variable(unit, name));
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn sides(path: &str, compose: &str, cluster: &str) -> Vec<(&'static str, String)> {
        let text = format!(
            "# file: {path}\nservices:\n  web:\n    image: acme/web:1\n    environment: {compose}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: acme/web:1, {cluster}}}]}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{FEATURE_X: 'off'}}\n"
        );
        findings(&RULE, &text).into_iter().map(|it| (it.severity.name(), it.message)).collect()
    }

    fn values(name: &str, compose: &str, cluster: &str) -> Vec<&'static str> {
        let cluster = format!("env: [{{name: {name}, value: '{cluster}'}}]");
        let found = sides("compose.yaml", &format!("{{{name}: '{compose}'}}"), &cluster);
        found.into_iter().map(|it| it.0).collect()
    }

    #[test]
    fn what_selects_behaviour_is_compared() {
        assert_eq!(values("FEATURE_X", "true", "false"), ["warning"]);
        assert_eq!(values("QUEUE_MODE", "sync", "async"), ["warning"]);
        assert_eq!(values("SESSION_DRIVER", "file", "redis"), ["warning"]);
        assert_eq!(values("POSTGRES_DB", "shop", "store"), ["info"]);
        assert_eq!(values("POOL_SIZE", "5", "50"), ["info"]);
        assert_eq!(values("ALLOW_EMPTY_PASSWORD", "yes", "no"), ["warning"]);
    }

    #[test]
    fn one_of_several_switches_is_a_variant() {
        let cluster = "env: [{name: APP_FILES_ENABLED, value: 'true'}]";
        let found = |compose: &str| sides("compose.yaml", compose, cluster)[0].0;
        assert_eq!(found("{APP_FILES_ENABLED: 'false', APP_ETCD_ENABLED: 'true'}"), "info");
        assert_eq!(found("{APP_FILES_ENABLED: 'false', APP_ETCD_ENABLED: 'false'}"), "warning");
        assert_eq!(found("{APP_FILES_ENABLED: 'false', WEB_ETCD_ENABLED: 'true'}"), "warning");
    }

    #[test]
    fn what_selects_a_place_is_not() {
        for (name, one, other) in [
            ("DATABASE_URL", "postgres://db/a", "postgres://pg/a"),
            ("REDIS_HOST", "redis", "redis-master"),
            ("SMTP_PORT", "25", "587"),
            ("LOG_LEVEL", "debug", "info"),
            ("APP_ENV", "local", "production"),
            ("NODE_ENV", "development", "production"),
            ("DB_PASSWORD", "one", "two"),
            ("FEATURE_X", "true", "1"),
            ("FEATURE_X", "on", "on"),
        ] {
            assert!(values(name, one, other).is_empty(), "{name}");
        }
    }

    #[test]
    fn every_route_counts_and_one_pair_is_one_finding() {
        let cluster = "envFrom: [{configMapRef: {name: c}}], env: [{name: A_MODE, value: x}, {name: POOL_SIZE, value: '1'}]";
        let compose = "[FEATURE_X=on, A_MODE=y, POOL_SIZE=2]";
        let found = sides("compose.yaml", compose, cluster);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "warning");
        for name in ["FEATURE_X", "A_MODE", "POOL_SIZE"] {
            assert!(found[0].1.contains(name), "{name}");
        }
        let variable = sides("compose.yaml", "{FEATURE_X: '${X:-on}'}", cluster);
        assert!(variable.is_empty(), "a variable of Compose is not a literal");
    }

    #[test]
    fn a_development_file_may_differ_in_its_environment_switch() {
        let cluster = "env: [{name: HASURA_GRAPHQL_DEV_MODE, value: 'false'}]";
        let compose = "{HASURA_GRAPHQL_DEV_MODE: 'true'}";
        assert!(sides("compose.dev.yaml", compose, cluster).is_empty());
        assert_eq!(sides("compose.yaml", compose, cluster).len(), 1);
    }
}
