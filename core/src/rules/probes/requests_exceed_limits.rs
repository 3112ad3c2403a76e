use super::size;
use crate::facts::{Facts, Service, in_shell};
use crate::model::Str;
use crate::model::kubernetes::{Quantity, Resources};
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
                check_quantity(facts, &resource.name, &resource.raw, out);
            }
            check_limits(&unit.label, resources, out);
        }
        if let Some(resources) = &workload.model.template.spec.resources {
            check_limits(&format!("the Pod of {}", workload.label), resources, out);
        }
    }
    for amount in facts.amounts() {
        check_quantity(facts, amount.name, amount.raw, out);
    }
}

/// Reports requests above the limits of the same container or Pod.
fn check_limits(label: &str, resources: &Resources, out: &mut Findings) {
    for request in &resources.requests {
        let Some(limit) = resources.limit(&request.name) else { continue };
        let Some((asked, most)) = request.quantity.zip(limit.quantity) else { continue };
        // A limit of thousandths of a byte is reported by itself.
        if asked > most && !(is_memory(&limit.name) && limit.raw.ends_with('m')) {
            out.at(
                &request.raw.span,
                format!(
                    "{label} requests `{}` of {}, more than its limit of `{}`",
                    request.raw, request.name, limit.raw
                ),
            )
            .also(&limit.raw.span, "the limit");
        }
    }
}

/// Reports a quantity that the API server refuses, or that means something else than it says.
fn check_quantity(facts: &Facts<'_>, name: &str, raw: &Str, out: &mut Findings) {
    match Quantity::parse(raw) {
        Some(quantity) if is_memory(name) && raw.ends_with('m') => {
            report_tiny_memory(facts, name, raw, quantity, out);
        }
        Some(_) => {}
        None => report_invalid(facts, raw, out),
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

/// Whether a resource is measured in bytes, so that thousandths of one are always a mistyped `Mi`. A quota prefixes the
/// names of resources: `requests.memory`.
fn is_memory(name: &str) -> bool {
    let resource = name.rsplit('.').next().unwrap_or(name);
    matches!(resource, "memory" | "ephemeral-storage" | "storage" | "sizeLimit")
}

fn report_tiny_memory(
    facts: &Facts<'_>,
    name: &str,
    raw: &Str,
    quantity: Quantity,
    out: &mut Findings,
) {
    let better = format!("{}Mi", &raw[..raw.len() - 1]);
    let milli = i64::try_from(quantity.milli).unwrap_or(i64::MAX);
    let bytes = format!("{}.{:03}", milli / 1000, milli.unsigned_abs() % 1000);
    let bytes = bytes.trim_end_matches('0').trim_end_matches('.');
    let edit = facts.replace_scalar(&raw.span, &better);
    out.at(&raw.span, format!("`{raw}` of {name} is {bytes} bytes; did you mean `{better}`?"))
        .severity(Severity::Warning)
        .fix(Fix::r#unsafe(format!("Write `{better}`"), [edit]));
}

fn report_invalid(facts: &Facts<'_>, raw: &Str, out: &mut Findings) {
    // A template or a variable may become a quantity.
    if raw.is_empty() || raw.contains(['$', '{']) {
        return;
    }
    let better = corrected(raw);
    let hint = better.as_ref().map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
    let finding = out
        .at(&raw.span, format!("`{raw}` is not a valid quantity, so Kubernetes refuses it{hint}"));
    if let Some(better) = better {
        let edit = facts.replace_scalar(&raw.span, &better);
        finding.fix(Fix::safe(format!("Write `{better}`"), [edit]));
    }
}

/// Returns the quantity with its unit as Kubernetes spells it, behind the number without a blank. A decimal unit stays
/// decimal: `1GB` becomes `1G`, not `1Gi`.
fn corrected(raw: &str) -> Option<String> {
    let joined: String = raw.split_whitespace().collect();
    if Quantity::parse(&joined).is_some() {
        return Some(joined);
    }
    let digits = joined.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let unit = match &joined[digits.len()..] {
        "B" => "",
        "KB" | "kB" | "kb" => "k",
        "MB" | "mb" | "Mb" => "M",
        "GB" | "gb" | "Gb" => "G",
        "TB" | "tb" => "T",
        "KiB" | "K" | "ki" => "Ki",
        "MiB" | "mi" => "Mi",
        "GiB" | "gi" | "g" => "Gi",
        "TiB" | "ti" => "Ti",
        _ => return None,
    };
    let better = format!("{digits}{unit}");
    Quantity::parse(&better).map(|_| better)
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

    #[test]
    fn quantities_outside_of_containers_are_read() {
        let workload = |spec: &str| {
            format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: a}}\nspec: {{{spec}}}\n"
            )
        };
        let pod = |spec: &str| {
            workload(&format!(
                "template: {{spec: {{containers: [{{name: a, image: a}}], {spec}}}}}"
            ))
        };
        let object = |kind: &str, spec: &str| {
            format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: a}}\nspec: {{{spec}}}\n")
        };
        let scaler = |metric: &str| {
            format!(
                "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: a}}\nspec: {{scaleTargetRef: {{kind: Deployment, name: a}}, maxReplicas: 3, metrics: [{metric}]}}\n"
            )
        };
        // The quantity stands in the place of the `@`.
        let forms = [
            workload(
                "volumeClaimTemplates: [{metadata: {name: d}, spec: {resources: {requests: {storage: @}}}}]",
            ),
            pod("volumes: [{name: d, emptyDir: {sizeLimit: @}}]"),
            pod("resources: {limits: {memory: @}}"),
            object("PersistentVolumeClaim", "resources: {requests: {storage: @}}"),
            object("ResourceQuota", "hard: {requests.memory: @}"),
            scaler(
                "{type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: @}}}",
            ),
        ];
        for form in forms {
            for (written, better) in
                [("10GB", "10G"), ("1 Gi", "1Gi"), ("'1 GB'", "'1G'"), ("512m", "512Mi")]
            {
                let text = form.replace('@', written);
                let found = findings(&RULE, &text);
                assert_eq!(found.len(), 1, "{text}");
                assert_eq!(found[0].fixes[0].edits[0].text, better, "{text}");
            }
            assert!(findings(&RULE, &form.replace('@', "10Gi")).is_empty(), "{form}");
        }
        let rate = "{type: Pods, pods: {metric: {name: requests}, target: {type: AverageValue, averageValue: 500m}}}";
        assert!(findings(&RULE, &scaler(rate)).is_empty());
        for other in [
            "{type: Pods, pods: {metric: {name: memory}, target: {type: AverageValue, averageValue: 500m}}}",
            "{type: Object, object: {metric: {name: memory}, target: {type: Value, value: 500m}}}",
            "{type: External, external: {metric: {name: memory}, target: {type: Value, value: 500m}}}",
        ] {
            assert!(findings(&RULE, &scaler(other)).is_empty(), "{other}");
        }
        let of_one = "{type: ContainerResource, containerResource: {name: memory, container: a, target: {type: AverageValue, averageValue: 500m}}}";
        assert_eq!(findings(&RULE, &scaler(of_one)).len(), 1);
        let above = pod("resources: {requests: {cpu: 2}, limits: {cpu: 1}}");
        assert_eq!(
            messages(&RULE, &above),
            ["the Pod of StatefulSet `a` requests `2` of cpu, more than its limit of `1`"]
        );
    }

    #[test]
    fn init_containers_are_read() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {initContainers: [{name: i, image: 'a/b:1', resources: {limits: {memory: 1GB}}}], containers: [{name: c, image: 'a/b:1'}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {initContainers: [{name: i, image: 'a/b:1', resources: {limits: {memory: 1Gi}}}], containers: [{name: c, image: 'a/b:1'}]}}}\n"
            ),
            0
        );
    }
}
