use crate::facts::Facts;
use crate::model::kubernetes::Resource;
use crate::report::{Findings, Fix, Severity};
use crate::rules::rule;

rule! {
    /// A quantity is refused, means something else, or requests more than its limit.
    ///
    /// ## Why it hurts
    /// `500MB` and `1GB` are no quantities: the API server refuses the object. `512m` of memory is half
    /// a byte, taken without a word. A request above its limit is refused too.
    ///
    /// ## What helps
    /// `Mi` and `Gi` for memory, `m` (thousandths of a core) for CPU, and requests at or below limits.
    ///
    /// ## How to troubleshoot
    /// `kubectl apply --dry-run=server -f FILE` shows the refusal.
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
    ///           memory: 1GB # <- `1GB` is no quantity: Kubernetes refuses it; did you mean `1G`?
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
            for it in resources.requests.iter().chain(&resources.limits) {
                malformed(facts, it, out);
            }
            for request in &resources.requests {
                let Some(limit) = resources.limit(&request.name) else { continue };
                let Some((asked, most)) = request.quantity.zip(limit.quantity) else { continue };
                if asked > most && !is_tiny_memory(limit) {
                    let name = &request.name;
                    out.at(
                        &request.raw.span,
                        format!(
                            "{} requests {} of {name}, more than its limit of {}",
                            unit.label, request.raw, limit.raw
                        ),
                    )
                    .also(&limit.raw.span, "the limit");
                }
            }
        }
    }
}

/// Memory in thousandths of a byte: always `Mi` that lost its `i`.
fn is_tiny_memory(resource: &Resource) -> bool {
    let bytes = matches!(resource.name.as_str(), "memory" | "ephemeral-storage" | "storage");
    bytes && resource.raw.ends_with('m') && resource.quantity.is_some()
}

fn malformed(facts: &Facts<'_>, resource: &Resource, out: &mut Findings) {
    let raw = resource.raw.as_str();
    let editor = facts.editor(resource.raw.span.file);
    if is_tiny_memory(resource) {
        let better = format!("{}Mi", &raw[..raw.len() - 1]);
        let milli = resource.quantity.map_or(0, |it| i64::try_from(it.milli).unwrap_or(i64::MAX));
        let bytes = format!("{}.{:03}", milli / 1000, milli.unsigned_abs() % 1000);
        let bytes = bytes.trim_end_matches('0').trim_end_matches('.');
        out.at(
            &resource.raw.span,
            format!("`{raw}` of {} is {bytes} bytes; did you mean `{better}`?", resource.name),
        )
        .severity(Severity::Warning)
        .fix(Fix::r#unsafe(
            format!("Ask for `{better}`"),
            [editor.replace_scalar(resource.raw.span, &better)],
        ));
    } else if resource.quantity.is_none() && !raw.is_empty() && !raw.contains(['$', '{']) {
        // `1GB` is decimal by its letters, and so is `1G`: the fix changes the spelling, not the size.
        let digits = raw.trim_end_matches(|it: char| it.is_ascii_alphabetic());
        let unit = &raw[digits.len()..];
        let better = match unit {
            "B" => Some(""),
            "KB" | "kB" | "kb" => Some("k"),
            "MB" | "mb" | "Mb" => Some("M"),
            "GB" | "gb" | "Gb" => Some("G"),
            "TB" | "tb" => Some("T"),
            "KiB" | "K" | "ki" => Some("Ki"),
            "MiB" | "mi" => Some("Mi"),
            "GiB" | "gi" | "g" => Some("Gi"),
            "TiB" => Some("Ti"),
            _ => None,
        };
        let better = better.map(|it| format!("{digits}{it}"));
        let hint = better.as_ref().map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
        let finding = out
            .at(&resource.raw.span, format!("`{raw}` is no quantity: Kubernetes refuses it{hint}"));
        if let Some(better) = better {
            let edit = editor.replace_scalar(resource.raw.span, &better);
            finding.fix(Fix::safe(format!("Write `{better}`"), [edit]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn a_request_above_its_limit_is_told_with_both() {
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
            ["container `a` of Pod `a` requests 2 of cpu, more than its limit of 500m"]
        );
        assert!(pod("requests: {cpu: 500m, memory: 1G}, limits: {cpu: 1, memory: 1Gi}").is_empty());
        assert!(pod("requests: {memory: 1e3}").is_empty());
    }
}
