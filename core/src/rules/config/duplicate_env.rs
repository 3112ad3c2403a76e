use crate::facts::{Facts, Service, Unit, Workload};
use crate::model::compose::{EnvSource, EnvVar};
use crate::model::kubernetes::{self, Container};
use crate::report::{Findings, Role, Severity, phrases};
use crate::rules::rule;
use crate::text::{FileId, Span};
use indexmap::IndexMap;
use rustc_hash::{FxHashMap, FxHashSet};

rule! {
    /// One container sets the same variable twice, to different values.
    ///
    /// ## Why it hurts
    /// Only one of the values counts, and whoever changes the other one sees no effect. In Compose,
    /// `environment` wins over `env_file`; in a list, the last entry wins. Kubernetes keeps the last one
    /// too, but a later `kubectl apply` may drop either, because it merges the list by name. Where
    /// `environment` makes an exception to an `env_file`, the finding is a note.
    ///
    /// ## What helps
    /// Keep one of the entries.
    ///
    /// ## How to troubleshoot
    /// `printenv NAME` in the container shows which value counts.
    ///
    /// ## When to ignore
    /// Where `environment` makes an exception to an `env_file` on purpose.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       - WORKERS=2 # <- `WORKERS` of service `web` is set again further down, and this entry has no effect
    ///       - LOG_LEVEL=info
    ///       - WORKERS=8
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       - WORKERS=8
    ///       - LOG_LEVEL=info
    /// ```
    PLM512 "duplicate-env" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut services: FxHashMap<(&str, FileId), &Service<'_>> = FxHashMap::default();
    for service in facts.services() {
        services.extend(service.project.files.iter().map(|file| ((service.name, *file), service)));
    }
    for twice in facts.repeated_variables().into_iter().filter(|it| !it.is_same) {
        let service = services.get(&(twice.service, twice.first.file));
        let finding = out.at(
            &twice.first,
            format!(
                "`{}` of service `{}` is set again further down, and this entry has no effect",
                twice.name, twice.service
            ),
        );
        finding.unnecessary = true;
        finding.also(&twice.last, "this entry counts");
        if let Some(service) = service {
            finding.check(facts.show_variable(&service.unit, twice.name));
            if service.role == Role::Development {
                finding.severity(Severity::Info);
            }
        }
    }
    let mut seen: FxHashSet<Span> = FxHashSet::default();
    overridden(facts, out);
    for workload in facts.workloads() {
        for (unit, container) in workload.containers() {
            in_list(facts, workload, (unit, container), &mut seen, out);
        }
    }
}

/// Whether `environment` sets a variable to a text that is written out.
fn is_literal(service: &Service<'_>, variable: &EnvVar) -> bool {
    let own = service.model.env(&variable.name);
    own.is_some_and(|it| !it.interpolated && it.value.is_some())
}

/// The services that set a variable of an env file to another value, and the variables for which they are
/// the same services.
struct Override<'f, 'a> {
    services: Vec<&'f Service<'a>>,
    variables: Vec<&'a EnvVar>,
}

/// Reports the variables of env files that `environment` sets to other values, which is the way that Compose
/// offers for exceptions.
fn overridden(facts: &Facts, out: &mut Findings) {
    // Many services may read one file and need the same exception.
    let mut by_variable: IndexMap<(&str, Span), Override<'_, '_>> = IndexMap::new();
    for service in facts.services() {
        for variable in service.model.overridden.iter().filter(|it| is_literal(service, it)) {
            let key = (variable.name.as_str(), variable.span);
            let new = || Override { services: Vec::new(), variables: vec![variable] };
            let services = &mut by_variable.entry(key).or_insert_with(new).services;
            if services.iter().all(|it| it.name != service.name) {
                services.push(service);
            }
        }
    }
    let mut by_services: IndexMap<Vec<usize>, Override<'_, '_>> = IndexMap::new();
    for it in by_variable.into_values() {
        let services = it.services.iter().map(|it| it.index).collect();
        let known = by_services.entry(services);
        let new = || Override { services: it.services, variables: Vec::new() };
        known.or_insert_with(new).variables.extend(it.variables);
    }
    by_services.values().for_each(|it| report_override(facts, it, out));
}

fn report_override(facts: &Facts, it: &Override<'_, '_>, out: &mut Findings) {
    let (Some(service), Some(there)) = (it.services.first(), it.variables.first()) else { return };
    let Some(here) = service.model.env(&there.name) else { return };
    let names: Vec<&str> = it.variables.iter().map(|it| it.name.as_str()).collect();
    let path = match there.from {
        EnvSource::EnvFile(file) => facts.file(file).path(),
        EnvSource::Environment => "its `env_file`",
    };
    let values = match names.len() {
        1 => "another value here, which wins",
        _ => "other values here, which win",
    };
    let services: Vec<&str> = it.services.iter().map(|it| it.name).collect();
    let listed = phrases::first_named(&services, 3);
    let (noun, take, set) = match services.len() {
        1 => ("service", "takes", "sets"),
        _ => ("services", "take", "set"),
    };
    let finding = out.at(
        &here.name.span,
        format!(
            "{noun} {listed} {take} {} from `{path}` and {set} {values}",
            phrases::first_named(&names, 4)
        ),
    );
    for variable in &it.variables {
        finding.also(&variable.span, format!("`{}` has no effect here", variable.name));
    }
    for other in &it.services[1..] {
        if let Some(here) = other.model.env(&there.name) {
            finding.also(&here.name.span, format!("service `{}` sets it too", other.name));
        }
    }
    finding.severity(Severity::Info).check(facts.show_variable(&service.unit, &there.name));
}

/// Reports the variables that the `env` of a container lists twice.
fn in_list<'a>(
    facts: &Facts<'a>,
    workload: &Workload<'a>,
    (unit, container): (&Unit<'a>, &Container),
    seen: &mut FxHashSet<Span>,
    out: &mut Findings,
) {
    let mut last: FxHashMap<&str, &kubernetes::EnvVar> = FxHashMap::default();
    for variable in &container.env {
        let Some(earlier) = last.insert(&variable.name, variable) else { continue };
        let is_same = match (earlier.literal(), variable.literal()) {
            (Some(one), Some(other)) => one.value == other.value,
            _ => earlier.value == variable.value,
        };
        if is_same || !seen.insert(earlier.name.span) {
            continue;
        }
        let finding = out.at(
            &earlier.name.span,
            format!(
                "`{}` of {} is set again further down, and this entry has no effect",
                variable.name, unit.label
            ),
        );
        finding.unnecessary = true;
        finding
            .also(&variable.name.span, "this entry counts")
            .check(facts.show_variable(unit, &variable.name));
        if facts.workload_role(workload) == Role::Development {
            finding.severity(Severity::Info);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn compose(environment: &str, env: &str) -> usize {
        let text = format!(
            "# file: compose.yaml\nservices: {{web: {{image: 'web:1', env_file: web.env, environment: {environment}}}}}\n# file: web.env\n{env}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn a_list_of_compose_sets_a_variable_twice() {
        assert_eq!(compose("[A=1, B=2, A=3]", ""), 1);
        assert_eq!(compose("[A=1, A]", ""), 1);
        assert_eq!(compose("[A=1, B=1, A=1]", ""), 0, "same value");
        assert_eq!(compose("[A=1, AB=2]", ""), 0);
    }

    #[test]
    fn environment_and_env_file_disagree() {
        assert_eq!(compose("{A: '1'}", "A=2"), 1);
        assert_eq!(compose("[A=1, B=1]", "A=2\nB=2"), 1, "one finding for the service");
        assert_eq!(compose("{A: '1'}", "A=1"), 0, "same value");
        assert_eq!(compose("{A: '${A}'}", "A=2"), 0, "the shell decides");
        assert_eq!(compose("{A: }", "A=2"), 0);
    }

    #[test]
    fn the_same_exception_in_many_services_is_one_note() {
        let service = |name: &str, environment: &str| {
            format!("  {name}: {{image: 'x:1', env_file: .env, environment: [{environment}]}}\n")
        };
        let text = format!(
            "# file: compose.yaml\nservices:\n{}{}{}# file: .env\nA=1\nB=1\n",
            service("rails", "A=2, B=2"),
            service("sidekiq", "A=2, B=2"),
            service("web", "B=1")
        );
        let found = findings(&RULE, &text);
        assert_eq!((found.len(), found[0].severity.name()), (1, "info"));
        assert_eq!(
            found[0].message,
            "services `rails`, `sidekiq` take `A`, `B` from `.env` and set other values here, which win"
        );
    }

    #[test]
    fn an_override_file_is_meant_to_override() {
        let text = "# file: compose.yaml\nservices: {web: {image: 'web:1', environment: [A=1]}}\n# file: compose.override.yaml\nservices: {web: {environment: [A=2]}}\n";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn shared_lists_are_reported_once() {
        let text = "x-env: &env [A=1, A=2]\nservices: {a: {image: 'a:1', environment: *env}, b: {image: 'b:1', environment: *env}}\n";
        assert_eq!(messages(&RULE, text).len(), 1);
    }

    #[test]
    fn a_container_lists_a_variable_twice() {
        let pod = |env: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, env: [{env}]}}]}}\n"
            );
            messages(&RULE, &text)
        };
        assert_eq!(
            pod("{name: A, value: x}, {name: A, value: y}"),
            [
                "`A` of container `a` of Pod `a` is set again further down, and this entry has no effect"
            ]
        );
        assert_eq!(
            pod("{name: A, value: x}, {name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}")
                .len(),
            1
        );
        assert!(pod("{name: A, value: x}, {name: A, value: x}").is_empty());
        assert!(pod("{name: A, value: x}, {name: B, value: y}").is_empty());
    }

    #[test]
    fn init_containers_are_read() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {initContainers: [{name: c, image: 'a/b:1', env: [{name: A, value: '1'}, {name: A, value: '2'}]}], containers: [{name: d, image: 'a/b:1'}]}}}\n"
            ),
            1
        );
    }
}
