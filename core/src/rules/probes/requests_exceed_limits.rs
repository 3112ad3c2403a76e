use super::size;
use crate::facts::{Facts, Service, in_shell};
use crate::model::kubernetes::Resource;
use crate::report::{Findings, Fix, Severity};
use crate::rules::rule;

rule! {
    /// A resource quantity is invalid or means something else, or a request exceeds its limit.
    ///
    /// ## Why it hurts
    /// `500MB` and `1GB` are not valid quantities: the API server refuses the object. `512m` of
    /// memory is half a byte, which is accepted silently. A request above its limit is refused too, and
    /// Docker creates no container whose memory reservation is above its limit.
    ///
    /// ## What helps
    /// Use `Mi` and `Gi` for memory, `m` (thousandths of a core) for CPU, and requests at or below
    /// limits.
    ///
    /// ## How to troubleshoot
    /// `kubectl apply --dry-run=server -f FILE` shows the error. In Compose, `docker compose create` does.
    ///
    /// ## When to ignore
    /// Never: a container with such quantities is refused, or gets an amount that nobody meant.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: acme/web:1
    ///     mem_limit: 256m
    ///     mem_reservation: 512m # <- service `web` reserves 512 MiB of memory, more than its limit of 256 MiB, so Docker does not create the container
    /// ```
    /// ```yaml file=web.yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       resources:
    ///         requests:
    ///           memory: 512m # <- `512m` of memory is 0.512 bytes; did you mean `512Mi`?
    ///         limits:
    ///           memory: 1GB # <- `1GB` is not a valid quantity, so Kubernetes refuses it; did you mean `1G`?
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: acme/web:1
    ///     mem_limit: 512m
    ///     mem_reservation: 256m
    /// ```
    /// ```yaml file=web.yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       resources:
    ///         requests:
    ///           memory: 512Mi
    ///         limits:
    ///           memory: 1Gi
    /// ```
    PLM611 "requests-exceed-limits" {
        since: "0.1.0", on: Both, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        check_reservation(facts, service, out);
    }
    for workload in facts.workloads() {
        for (unit, container) in workload.containers() {
            let Some(resources) = &container.resources else { continue };
            for resource in resources.requests.iter().chain(&resources.limits) {
                if is_tiny_memory(resource) {
                    report_tiny_memory(facts, resource, out);
                } else {
                    report_invalid(facts, resource, out);
                }
            }
            for request in &resources.requests {
                let Some(limit) = resources.limit(&request.name) else { continue };
                let Some((asked, most)) = request.quantity.zip(limit.quantity) else { continue };
                if asked > most && !is_tiny_memory(limit) {
                    out.at(
                        &request.raw.span,
                        format!(
                            "{} requests `{}` of {}, more than its limit of `{}`",
                            unit.label, request.raw, request.name, limit.raw
                        ),
                    )
                    .also(&limit.raw.span, "the limit");
                }
            }
        }
    }
}

/// Reports a reservation of memory above the limit, with which Docker creates no container. Swarm only looks for a
/// node with as much memory, and PLM009 reports sizes that Compose cannot read.
///
/// Source: moby/moby, `daemon/daemon_unix.go`, `verifyPlatformContainerResources`.
fn check_reservation(facts: &Facts, service: &Service<'_>, out: &mut Findings) {
    let model = service.model;
    let Some((asked, most)) = model.memory_reservation().zip(model.memory_limit()) else { return };
    let is_set_elsewhere =
        [asked.span, most.span].iter().any(|it| service.project.is_interpolated(*it));
    if asked.value <= most.value || is_set_elsewhere || facts.is_for_swarm(service) {
        return;
    }
    let size = |it: i64| size(it.unsigned_abs());
    let finding = out.at(
        &asked.span,
        format!(
            "service `{}` reserves {} of memory, more than its limit of {}, so Docker does not create the container",
            service.name,
            size(asked.value),
            size(most.value)
        ),
    );
    finding
        .also(&most.span, "the limit")
        .why("Docker refuses a container whose memory reservation is above its limit: \"Minimum memory limit can not be less than memory reservation limit\".")
        .help("Let the reservation be what the service needs on an ordinary day, and the limit what it may use at most.")
        .check(facts.compose(service, &format!("config {}", in_shell(service.name))))
        .cause("a reservation above the limit");
}

/// Whether a quantity is memory in thousandths of a byte, which is always a mistyped `Mi`.
fn is_tiny_memory(resource: &Resource) -> bool {
    let bytes = matches!(resource.name.as_str(), "memory" | "ephemeral-storage" | "storage");
    bytes && resource.raw.ends_with('m') && resource.quantity.is_some()
}

fn report_tiny_memory(facts: &Facts<'_>, resource: &Resource, out: &mut Findings) {
    let raw = resource.raw.as_str();
    let better = format!("{}Mi", &raw[..raw.len() - 1]);
    let milli = resource.quantity.map_or(0, |it| i64::try_from(it.milli).unwrap_or(i64::MAX));
    let bytes = format!("{}.{:03}", milli / 1000, milli.unsigned_abs() % 1000);
    let bytes = bytes.trim_end_matches('0').trim_end_matches('.');
    let edit = facts.replace_scalar(&resource.raw.span, &better);
    out.at(
        &resource.raw.span,
        format!("`{raw}` of {} is {bytes} bytes; did you mean `{better}`?", resource.name),
    )
    .severity(Severity::Warning)
    .fix(Fix::r#unsafe(format!("Write `{better}`"), [edit]));
}

fn report_invalid(facts: &Facts<'_>, resource: &Resource, out: &mut Findings) {
    let raw = resource.raw.as_str();
    // A template or a variable may become a quantity.
    if resource.quantity.is_some() || raw.is_empty() || raw.contains(['$', '{']) {
        return;
    }
    let better = corrected(raw);
    let hint = better.as_ref().map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
    let finding = out.at(
        &resource.raw.span,
        format!("`{raw}` is not a valid quantity, so Kubernetes refuses it{hint}"),
    );
    if let Some(better) = better {
        let edit = facts.replace_scalar(&resource.raw.span, &better);
        finding.fix(Fix::safe(format!("Write `{better}`"), [edit]));
    }
}

/// Returns the quantity with its unit as Kubernetes spells it. A decimal unit stays decimal: `1GB`
/// becomes `1G`, not `1Gi`.
fn corrected(raw: &str) -> Option<String> {
    let digits = raw.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let unit = match &raw[digits.len()..] {
        "B" => "",
        "KB" | "kB" | "kb" => "k",
        "MB" | "mb" | "Mb" => "M",
        "GB" | "gb" | "Gb" => "G",
        "TB" | "tb" => "T",
        "KiB" | "K" | "ki" => "Ki",
        "MiB" | "mi" => "Mi",
        "GiB" | "gi" | "g" => "Gi",
        "TiB" => "Ti",
        _ => return None,
    };
    Some(format!("{digits}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn a_request_above_its_limit_is_reported_with_both() {
        let pod = |resources: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, resources: {{{resources}}}}}]}}\n"
                ),
            )
        };
        assert_eq!(
            pod("requests: {cpu: 2}, limits: {cpu: 500m}"),
            ["container `a` of Pod `a` requests `2` of cpu, more than its limit of `500m`"]
        );
        assert!(pod("requests: {cpu: 500m, memory: 1G}, limits: {cpu: 1, memory: 1Gi}").is_empty());
        assert!(pod("requests: {memory: 1e3}").is_empty());
    }

    #[test]
    fn a_reservation_above_the_limit_in_compose() {
        let service =
            |body: &str| messages(&RULE, &format!("services: {{a: {{image: 'a:1', {body}}}}}\n"));
        let deploy = |limit: &str, reserved: &str| {
            format!("deploy: {{resources: {{limits: {{{limit}}}, reservations: {{{reserved}}}}}}}")
        };
        let above = "service `a` reserves 1 GiB of memory, more than its limit of 256 MiB, so Docker does not create the container";
        assert_eq!(service("mem_limit: 256m, mem_reservation: 1g"), [above]);
        assert_eq!(service(&deploy("memory: 256M", "memory: 1G")), [above]);
        for fine in [
            "mem_limit: 1g, mem_reservation: 1g".to_owned(),
            "mem_limit: 1g, mem_reservation: 512m".to_owned(),
            "mem_reservation: 1g".to_owned(),
            "mem_limit: '${LIMIT:-256m}', mem_reservation: 1g".to_owned(),
            deploy("cpus: '1'", "cpus: '2'"),
            format!("{}, networks: [n]", deploy("memory: 256M", "memory: 1G")),
        ] {
            let swarm = "networks: {n: {driver: overlay}}\n";
            let text = format!("services: {{a: {{image: 'a:1', {fine}}}}}\n{swarm}");
            assert!(messages(&RULE, &text).is_empty(), "{fine}");
        }
    }

    #[test]
    fn quantities_as_kubernetes_reads_them() {
        let pod = |limits: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, resources: {{limits: {{{limits}}}}}}}]}}\n"
            );
            findings(&RULE, &text)
        };
        for (written, better) in [
            ("memory: 500MB", "500M"),
            ("memory: 1GB", "1G"),
            ("memory: 1.5GiB", "1.5Gi"),
            ("memory: 512mb", "512M"),
            ("memory: 512m", "512Mi"),
        ] {
            let found = pod(written);
            assert_eq!(found.len(), 1, "{written}");
            assert_eq!(found[0].fixes[0].edits[0].text, better, "{written}");
        }
        for fine in [
            "memory: 512M",
            "memory: 1.5Gi",
            "memory: 128974848",
            "memory: '512'",
            "cpu: 500m",
            "cpu: 0.5",
        ] {
            assert!(pod(fine).is_empty(), "{fine}");
        }
    }
}
