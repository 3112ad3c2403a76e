use crate::facts::{Facts, Part, Unit};
use crate::knowledge::singletons;
use crate::report::{Confidence, Findings};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A scheduler of which only one may run has several replicas.
    ///
    /// ## Why it hurts
    /// Each replica starts every job at its time: invoices go out twice, imports run over each other.
    ///
    /// ## What helps
    /// One replica with `strategy: { type: Recreate }`, so that an update does not overlap either; a
    /// CronJob with `concurrencyPolicy: Forbid`; or the scheduler's own leader election.
    ///
    /// ## How to troubleshoot
    /// The logs of all replicas show the same job at the same second.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: beat }
    /// spec:
    ///   replicas: 2
    ///   selector: { matchLabels: { app: beat } }
    ///   template:
    ///     metadata: { labels: { app: beat } }
    ///     spec:
    ///       containers:
    ///         - name: beat
    ///           image: ghcr.io/acme/shop:1.4.2
    ///           command: ["celery", "-A", "shop", "beat"] # <- container `beat` of Deployment `beat` runs celery beat, of which only one may run, with 2 replicas
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: beat }
    /// spec:
    ///   replicas: 1
    ///   strategy: { type: Recreate }
    ///   selector: { matchLabels: { app: beat } }
    ///   template:
    ///     metadata: { labels: { app: beat } }
    ///     spec:
    ///       containers:
    ///         - name: beat
    ///           image: ghcr.io/acme/shop:1.4.2
    ///           command: ["celery", "-A", "shop", "beat"]
    /// ```
    PLM708 "singleton-replicated" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units().filter(|it| it.part != Part::Init) {
        let Some(many) = unit.copies.many() else { continue };
        let served = facts.workload_of(unit).is_none_or(|it| it.is_server_like());
        if !served || elects(unit) {
            continue;
        }
        let replicas = facts.replica_words(unit);
        let label = &unit.label;
        if let Some((tool, span)) = scheduler(unit) {
            out.at(
                &span,
                format!("{label} runs {tool}, of which only one may run, with {replicas}"),
            )
            .also(&many, "more than one replica is asked for here");
        } else if is_named_so(unit) && unit.family().is_none() {
            out.at(&many, format!("{label} is called a scheduler and has {replicas}, which may each start every job"))
                .confidence(Confidence::Possible);
        }
    }
}

fn scheduler(unit: &Unit<'_>) -> Option<(&'static str, Span)> {
    unit.start.commands.iter().find_map(|command| {
        let found = singletons::singleton(command)?;
        Some((found.tool, unit.start.span_of(command.words.get(found.index)?)))
    })
}

fn is_named_so(unit: &Unit<'_>) -> bool {
    let last = unit.name.rsplit(['-', '_']).next().unwrap_or_default();
    matches!(last, "beat" | "celerybeat" | "cron" | "crond" | "scheduler" | "clock" | "clockwork")
}

/// A leader election lets the others stand by. So do schedulers with locks, as `redbeat` has.
fn elects(unit: &Unit<'_>) -> bool {
    let says = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["leader", "redbeat", "distributed", "single-beat"].iter().any(|it| text.contains(it))
    };
    let words = unit.start.words.iter().any(|it| says(it));
    let kubernetes = unit.image.as_ref().is_some_and(|it| it.repository.contains("kube-scheduler"));
    words || kubernetes || unit.env.iter().any(|it| says(it.name))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn service(name: &str, body: &str) -> Vec<&'static str> {
        let text = format!("services: {{ {name}: {{ image: 'a:1', {body} }} }}\n");
        findings(&RULE, &text).iter().map(|it| it.confidence.name()).collect()
    }

    #[test]
    fn commands_prove_it_and_names_suggest_it() {
        assert_eq!(service("a", "scale: 2, command: celery -A app beat"), ["certain"]);
        assert_eq!(service("shop-scheduler", "scale: 2"), ["possible"]);
    }

    #[test]
    fn one_copy_workers_and_elected_leaders_are_silent() {
        assert!(service("a", "command: celery -A app beat").is_empty());
        assert!(service("a", "scale: 2, command: celery -A app worker").is_empty());
        assert!(service("a-scheduler", "scale: 2, command: [run, --leader-elect=true]").is_empty());
        assert!(
            service("a-scheduler", "scale: 2, environment: { LEADER_ELECTION: 'true' }").is_empty()
        );
        assert!(service("scheduler-api", "scale: 2").is_empty());
    }
}
