use super::{note_in_development, size, two_decimals};
use crate::facts::{Facts, Part, Unit};
use crate::knowledge::shell::base_name;
use crate::report::{Findings, Severity};
use crate::rules::rule;

rule! {
    /// The cluster limits a container to less than Compose does.
    ///
    /// ## Why it hurts
    /// The limit in Compose is what the service was found to need. With a lower memory limit the same
    /// load ends in `OOMKilled`, with a lower CPU limit it is throttled until its probes fail.
    ///
    /// ## What helps
    /// Take over the limit from Compose, or lower it there too if the lower one is right.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod POD` shows `OOMKilled` as the last state of the container.
    ///
    /// ## When to ignore
    /// Where the limit in the cluster was measured there, and that in Compose is a guess.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   api:
    ///     image: ghcr.io/acme/api:1
    ///     mem_limit: 1g
    /// ```
    /// ```yaml file=k8s/api.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: api }
    /// spec:
    ///   selector: { matchLabels: { app: api } }
    ///   template:
    ///     metadata: { labels: { app: api } }
    ///     spec:
    ///       containers:
    ///         - name: api
    ///           image: ghcr.io/acme/api:1
    ///           resources:
    ///             limits:
    ///               memory: 512Mi # <- container `api` of Deployment `api` gets at most 512 MiB of memory, half of the 1 GiB that Compose allows `api`
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   api:
    ///     image: ghcr.io/acme/api:1
    ///     mem_limit: 1g
    /// ```
    /// ```yaml file=k8s/api.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: api }
    /// spec:
    ///   selector: { matchLabels: { app: api } }
    ///   template:
    ///     metadata: { labels: { app: api } }
    ///     spec:
    ///       containers:
    ///         - name: api
    ///           image: ghcr.io/acme/api:1
    ///           resources:
    ///             limits:
    ///               memory: 1Gi
    /// ```
    PLM616 "resource-drift" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

/// Share of the limit in Compose from which on the difference is one of units: 512M and 512Mi.
const SAME: f64 = 0.93;

fn check(facts: &Facts, out: &mut Findings) {
    for pair in facts.counterparts() {
        let (service, workload, unit) = facts.pair(pair);
        if unit.part == Part::Init || workload.kind().is_job() {
            continue;
        }
        let Some(resources) = &workload.container(pair.unit).resources else { continue };
        let memory = service.model.memory_limit().map(|it| (it.value as f64, it.span));
        let cpu = service.model.cpu_limit().map(|it| (it.value, it.span));
        for (name, wanted) in [("memory", memory), ("cpu", cpu)] {
            let Some((wanted, span)) = wanted else { continue };
            let Some(limit) = resources.limit(name).and_then(|it| it.value()) else { continue };
            let given = limit.value.milli as f64 / 1000.0;
            if given >= wanted * SAME {
                continue;
            }
            let message = format!(
                "{} gets at most {}, {} of the {} that Compose allows `{}`",
                unit.label,
                amount(name, given),
                share(given / wanted),
                quantity(name, wanted),
                service.name
            );
            let finding = out.at(&limit.span, message);
            finding
                .also(&span, format!("the limit of `{}` in Compose", service.name))
                .check(workload.pods("top pod", "--containers"));
            // A little less is within what people guess, and another program needs something else.
            let is_note = given >= wanted * NEAR || !runs_the_same(&service.unit, unit);
            finding.severity(if is_note { Severity::Info } else { Severity::Warning });
            finding.cause(format!("less than in Compose, a note: {is_note}"));
            note_in_development(facts, unit, finding);
        }
    }
}

/// The part of what Compose allows from which on the difference is only a note.
const NEAR: f64 = 0.75;

/// Whether two images are the same program in the same major version, as far as they say.
fn runs_the_same(a: &Unit<'_>, b: &Unit<'_>) -> bool {
    let (Some(a), Some(b)) = (&a.image, &b.image) else { return true };
    let is_same_name = || base_name(&a.repository) == base_name(&b.repository);
    is_same_name() && a.major.zip(b.major).is_none_or(|(a, b)| a == b)
}

fn amount(name: &str, value: f64) -> String {
    match name {
        "memory" => format!("{} of memory", quantity(name, value)),
        _ => quantity(name, value),
    }
}

/// Returns an amount as people say it: "512 MiB", "0.5 CPUs".
fn quantity(name: &str, value: f64) -> String {
    match name {
        "cpu" if value == 1.0 => "1 CPU".to_owned(),
        "cpu" => format!("{} CPUs", two_decimals(value)),
        _ => size(value as u64),
    }
}

fn share(part: f64) -> String {
    if part == 0.5 { "half".to_owned() } else { format!("{} %", (part * 100.0).floor()) }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn found(compose: &str, limits: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', {compose}}}}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', resources: {{limits: {{{limits}}}}}}}]}}\n"
            ),
        )
    }

    #[test]
    fn memory_and_cpu_in_either_form() {
        assert_eq!(found("mem_limit: 1g", "memory: 256Mi").len(), 1);
        let deploy = "deploy: {resources: {limits: {memory: 1g, cpus: '2'}}}";
        let both = found(deploy, "memory: 256Mi, cpu: 500m");
        assert!(both.len() == 1 && both[0].contains("and 1 more"), "{both:?}");
        assert!(found("cpus: 2", "cpu: 500m")[0].contains("0.5 CPUs, 25 % of the 2 CPUs"));
    }

    #[test]
    fn a_little_less_or_another_version_is_a_note() {
        let severity = |image: &str, limit: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'postgres:17', mem_limit: 1000m}}}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: '{image}', resources: {{limits: {{memory: {limit}}}}}}}]}}\n"
            );
            findings(&RULE, &text)[0].severity.name()
        };
        assert_eq!(severity("postgres:17", "500Mi"), "warning");
        assert_eq!(severity("postgres:17", "850Mi"), "info");
        assert_eq!(severity("postgres:15", "500Mi"), "info");
    }

    #[test]
    fn as_much_or_no_limit_is_silent() {
        assert!(found("mem_limit: 512m", "memory: 512M").is_empty());
        assert!(found("mem_limit: 512m", "memory: 1Gi").is_empty());
        assert!(found("mem_limit: 512m", "cpu: 1").is_empty());
        assert!(found("", "memory: 1Mi").is_empty());
    }
}
