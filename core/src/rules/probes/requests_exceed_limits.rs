use crate::facts::Facts;
use crate::model::kubernetes::Resource;
use crate::report::{Findings, Fix, Severity};
use crate::rules::rule;

rule! {
    /// A resource quantity is invalid or means something else, or a request exceeds its limit.
    ///
    /// ## Why it hurts
    /// `500MB` and `1GB` are not valid quantities: the API server refuses the object. `512m` of
    /// memory is half a byte, which is accepted silently. A request above its limit is refused too.
    ///
    /// ## What helps
    /// Use `Mi` and `Gi` for memory, `m` (thousandths of a core) for CPU, and requests at or below
    /// limits.
    ///
    /// ## How to troubleshoot
    /// `kubectl apply --dry-run=server -f FILE` shows the error.
    ///
    /// ## Bad
    /// ```yaml
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
    /// ```yaml
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
        since: "0.1.0", on: Kubernetes, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
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
    use crate::rules::testing::messages;

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
}
