use crate::edit::Yaml;
use crate::facts::{Facts, KubeService, Unit, Workload};
use crate::knowledge::env::link_variables;
use crate::model::kubernetes::{EnvSource, is_true};
use crate::report::{Findings, Fix};
use crate::rules::rule;
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

rule! {
    /// A variable that a Service injects into every Pod has the name of one that the program reads.
    ///
    /// ## Why it hurts
    /// A Service `redis` gives all Pods in its namespace `REDIS_PORT=tcp://10.96.0.12:6379`. A
    /// program that reads `REDIS_PORT` as a number fails at startup, and only in the cluster.
    ///
    /// ## What helps
    /// Set `enableServiceLinks: false` in the Pod's spec, or set the variable yourself.
    ///
    /// ## How to troubleshoot
    /// `kubectl exec POD -- env` shows variables whose values start with `tcp://`.
    ///
    /// ## When to ignore
    /// Where the program accepts a value such as `tcp://10.96.0.12:6379` in that variable.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       REDIS_PORT: "6379"
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: redis }
    /// spec:
    ///   selector: { app: redis }
    ///   ports: [{ port: 6379 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web # <- Service `redis` sets `REDIS_PORT` in container `web` of Deployment `web`, but Compose sets it to `6379`
    ///           image: ghcr.io/acme/web:1.4.2
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       REDIS_PORT: "6379"
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: redis }
    /// spec:
    ///   selector: { app: redis }
    ///   ports: [{ port: 6379 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       enableServiceLinks: false
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    /// ```
    PLM421 "service-link-collision" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        let spec = &workload.model.template.spec;
        if spec.enable_service_links.is_some_and(|it| !it.value) || is_true(spec.host_network) {
            continue;
        }
        for (at, unit) in workload.units.iter().enumerate() {
            if may_be_set_elsewhere(facts, workload, at) {
                continue;
            }
            for name in names_read(facts, workload, at, unit) {
                if unit.var(name).is_some() {
                    continue;
                }
                let Some(service) = injecting(facts, workload, name) else { continue };
                let Some(reason) = reads(facts, workload, at, unit, name) else { continue };
                let finding = out.at(
                    &workload.container(at).span(),
                    format!(
                        "Service `{}` sets `{name}` in {}, {}",
                        service.name, unit.label, reason.0
                    ),
                );
                finding
                    .also(&service.span(), format!("Service `{}`", service.name))
                    .also(&reason.1, "the program reads the variable here")
                    .check(facts.show_variable(unit, name));
                if let Some(place) = spec.place.filter(|_| spec.enable_service_links.is_none()) {
                    let off = Yaml::bool(false);
                    let edit = facts.insert_entry(&place, "enableServiceLinks", &off);
                    finding.maybe_fix(
                        edit.map(|it| Fix::r#unsafe("Disable Service links for this Pod", [it])),
                    );
                }
            }
        }
    }
}

/// Returns the names of the variables that a container is known to read and a Service could set.
fn names_read<'f>(
    facts: &'f Facts,
    workload: &Workload<'_>,
    at: usize,
    unit: &'f Unit<'_>,
) -> IndexSet<&'f str, FxBuildHasher> {
    let pair = facts.counterpart_of_container(workload.index, at);
    let in_compose = pair.map_or(&[][..], |it| &facts.pair(it).0.unit.env);
    let names = in_compose.iter().map(|it| it.name);
    let names = names.chain(unit.read_variables().into_iter().map(|it| it.0));
    names.filter(|it| it.contains("_PORT") || it.ends_with("_SERVICE_HOST")).collect()
}

/// Returns the nearest Service in the namespace that injects a variable into the workload's Pods.
fn injecting<'f, 'a>(
    facts: &'f Facts<'a>,
    workload: &Workload<'a>,
    name: &str,
) -> Option<&'f KubeService<'a>> {
    // `A_PORT_B_PORT` may come from Service `a-port-b` as well as from a port of Service `a`.
    let ends = ["_SERVICE_", "_PORT"].into_iter().flat_map(|mark| name.match_indices(mark));
    let mut services =
        ends.flat_map(|(end, _)| facts.services_around(workload.object, &name[..end]));
    services.find(|service| {
        // A Service without an address of its own injects no variables.
        let has_address = !service.model.is_headless() && !service.model.is_external_name();
        has_address && variables_of(service).iter().any(|variable| variable == name)
    })
}

/// Returns the names of all variables that a Service injects.
fn variables_of(service: &KubeService<'_>) -> Vec<String> {
    let ports = service.model.ports.iter().filter_map(|port| {
        let number = port.port.and_then(|it| u16::try_from(it.value).ok())?;
        let protocol = port.protocol.as_ref().map_or("TCP", |it| it.as_str());
        Some((number, port.name.as_ref().map(|it| it.as_str()), protocol))
    });
    link_variables(service.name, &ports.collect::<Vec<_>>())
}

/// Whether the container takes all variables of a source whose keys are not fully known.
fn may_be_set_elsewhere(facts: &Facts, workload: &Workload<'_>, unit: usize) -> bool {
    workload.container(unit).env_from.iter().any(|from| {
        let secret = from.source == EnvSource::Secret;
        let keys = from
            .name
            .as_ref()
            .and_then(|name| facts.keys(workload.object.file, workload.namespace, name, secret));
        keys.is_none_or(|it| !it.complete) || from.prefix.is_some()
    })
}

/// Returns the evidence that the program reads the variable, as the end of the message and a place:
/// its Compose service sets the variable, or its command reads it.
fn reads(
    facts: &Facts,
    workload: &Workload<'_>,
    at: usize,
    unit: &Unit<'_>,
    name: &str,
) -> Option<(String, crate::text::Span)> {
    let pair = facts.counterpart_of_container(workload.index, at);
    if let Some(pair) = pair {
        let (service, _, _) = facts.pair(pair);
        if let Some(var) = service.unit.var(name) {
            let text = match var.value.filter(|it| !it.is_empty()) {
                Some(value) => format!("but Compose sets it to `{value}`"),
                None => "but Compose sets it too".to_owned(),
            };
            return Some((text, var.span));
        }
    }
    // A command that reads `X_SERVICE_HOST` means the Service's variable: PLM403 reports that.
    let plain = name.ends_with("_PORT") && !name.contains("_SERVICE_") && !name.contains("_TCP");
    let read = unit.read_variables().into_iter().find(|it| plain && it.0 == name)?;
    Some(("and the command reads that variable".to_owned(), read.1))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn pod(service: &str, spec: &str, container: &str) -> usize {
        let text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: redis}}\nspec: {{{service}ports: [{{port: 6379}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{{spec}containers: [{{name: c, image: a, args: [sh, -c, 'serve -p $REDIS_PORT'], {container}}}]}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn own_values_and_disabled_links_are_silent() {
        assert_eq!(pod("", "", "tty: true"), 1);
        assert_eq!(pod("", "enableServiceLinks: false, ", "tty: true"), 0);
        assert_eq!(pod("", "", "env: [{name: REDIS_PORT, value: '6379'}]"), 0);
        assert_eq!(pod("", "", "envFrom: [{configMapRef: {name: elsewhere}}]"), 0);
        assert_eq!(pod("clusterIP: None, ", "", "tty: true"), 0);
    }

    #[test]
    fn every_injected_name_that_compose_sets_counts() {
        let sides = |variable: &str, service: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'a/web:1', environment: {{{variable}: '1'}}}}}}\n# file: k.yaml\napiVersion: v1\nkind: Service\nmetadata: {{name: {service}}}\nspec: {{selector: {{app: x}}, ports: [{{name: main, port: 6379}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'a/web:1'}}]}}\n"
            );
            let found = crate::rules::testing::findings(&RULE, &text);
            assert!(found.iter().all(|it| it.fixes.len() == 1), "{variable}");
            found.len()
        };
        for variable in [
            "REDIS_PORT",
            "REDIS_SERVICE_HOST",
            "REDIS_SERVICE_PORT",
            "REDIS_SERVICE_PORT_MAIN",
            "REDIS_PORT_6379_TCP",
        ] {
            assert_eq!(sides(variable, "redis"), 1, "{variable}");
            assert_eq!(sides(variable, "cache"), 0, "{variable}");
        }
        assert_eq!(sides("MY_DB_PORT", "my-db"), 1);
        assert_eq!(sides("REDIS_URL", "redis"), 0);
    }
}
