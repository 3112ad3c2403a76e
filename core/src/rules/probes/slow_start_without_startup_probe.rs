use super::{Slow, check_span, note_in_development, patience_span, slow_start};
use crate::edit::Yaml;
use crate::facts::{Facts, Unit, Workload};
use crate::knowledge::starts::is_jvm;
use crate::model::kubernetes::{Container, Probe, ProbeHandler};
use crate::report::{Confidence, Findings, Fix};
use crate::rules::rule;

rule! {
    /// A workload that starts slowly has a liveness probe and no startup probe.
    ///
    /// ## Why it hurts
    /// A JVM that warms up, a model that is loaded, a migration that runs first: on a busy node such a
    /// start takes minutes. The liveness probe counts from the first second, so that the container is
    /// restarted before it has ever answered, and starts from the beginning.
    ///
    /// ## What helps
    /// Add a startup probe with the same check and a budget for the slowest start. Liveness and readiness
    /// wait until it has passed, and may then be strict.
    ///
    /// ## How to troubleshoot
    /// `kubectl get pods` shows restarts soon after each rollout, and `kubectl describe pod POD` shows
    /// `Liveness probe failed` in the first minutes.
    ///
    /// ## When to ignore
    /// Where the start was measured on the slowest node and fits the budget.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: llm }
    /// spec:
    ///   containers:
    ///     - name: llm
    ///       image: vllm/vllm-openai:v0.10.0
    ///       livenessProbe:
    ///         httpGet:
    ///           path: /health # <- container `llm` of Pod `llm` loads a model before it answers, but its liveness probe restarts it after 30 s
    ///           port: 8000
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: llm }
    /// spec:
    ///   containers:
    ///     - name: llm
    ///       image: vllm/vllm-openai:v0.10.0
    ///       startupProbe:
    ///         httpGet: { path: /health, port: 8000 }
    ///         failureThreshold: 60
    ///       livenessProbe:
    ///         httpGet: { path: /health, port: 8000 }
    /// ```
    PLM601 "slow-start-without-startup-probe" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

/// Seconds that a data store on a JVM is given, which reads its data and joins others before it answers.
const STORE: i64 = 300;

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads().iter().filter(|it| !it.kind().is_job()) {
        for (unit, container) in workload.running() {
            let Some(liveness) = container.liveness.as_deref() else { continue };
            let budget = liveness.initial_delay().saturating_add(liveness.budget());
            let slow = slow_start(unit).filter(|it| it.seconds > budget);
            if let (Some(slow), None) = (slow, &container.startup) {
                report(facts, out, (workload, unit, container), liveness, &slow);
            }
        }
    }
}

fn report(
    facts: &Facts,
    out: &mut Findings,
    (workload, unit, container): (&Workload<'_>, &Unit<'_>, &Container),
    liveness: &Probe,
    slow: &Slow,
) {
    let budget = liveness.initial_delay().saturating_add(liveness.budget());
    let message = format!(
        "{} {} before it answers, but its liveness probe restarts it after {budget} s",
        unit.label, slow.says
    );
    let delay = liveness.initial_delay();
    let place = match liveness.handler {
        ProbeHandler::Exec { .. } => patience_span(liveness),
        _ => check_span(liveness),
    };
    let finding = out.at(&place, message);
    if delay > 0 {
        finding.why(format!("A JVM that warms up, a model that is loaded, a migration that runs first: on a busy node such a start takes minutes. The liveness probe counts from {delay} s on, so that the container is restarted before it has ever answered, and starts from the beginning."));
    }
    note_in_development(facts, unit, finding);
    finding.confidence(Confidence::Likely).check(workload.events());
    if let Some(span) = &slow.span {
        finding.also(span, "this makes the start slow");
    }
    let is_store = unit.family().is_some_and(|it| it.is_data_store() && is_jvm(it.id));
    let allowed = if is_store { STORE.max(slow.seconds) } else { slow.seconds };
    let edit = startup_probe(liveness, allowed)
        .and_then(|it| facts.insert_entry(&container.place, "startupProbe", &it));
    let title = format!("Give it {allowed} s to start, with the check of the liveness probe");
    finding.maybe_fix(edit.map(|it| Fix::r#unsafe(title, [it])));
}

/// Returns a startup probe with the check of the liveness probe and a budget of some seconds.
fn startup_probe(liveness: &Probe, seconds: i64) -> Option<Yaml<'static>> {
    let port = |it: &crate::model::IntOrStr| match it {
        crate::model::IntOrStr::Int(it) => Yaml::int(*it),
        crate::model::IntOrStr::Str(it) => Yaml::str(it.to_string()),
    };
    let handler = match &liveness.handler {
        ProbeHandler::Http { path, port: at, host: None, scheme, headers, .. }
            if headers.is_empty() =>
        {
            let mut fields = Vec::new();
            if let Some(it) = path {
                fields.push(("path", Yaml::str(it.as_str().to_owned())));
            }
            fields.push(("port", port(&at.as_ref()?.value)));
            if let Some(it) = scheme {
                fields.push(("scheme", Yaml::str(it.as_str().to_owned())));
            }
            ("httpGet", Yaml::map(fields))
        }
        ProbeHandler::Tcp { port: at, host: None, .. } => {
            ("tcpSocket", Yaml::map([("port", port(&at.as_ref()?.value))]))
        }
        ProbeHandler::Exec { command, .. } => {
            let words: Vec<String> = command.iter().map(|it| it.as_str().to_owned()).collect();
            ("exec", Yaml::map([("command", Yaml::words(words))]))
        }
        _ => return None,
    };
    let mut fields = vec![handler, ("periodSeconds", Yaml::int(10))];
    if let Some(it) = liveness.timeout_seconds {
        fields.push(("timeoutSeconds", Yaml::int(it.value.min(10))));
    }
    fields.push(("failureThreshold", Yaml::int(seconds / 10)));
    Some(Yaml::map(fields))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn pod(container: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: a\n    image: acme/a:1\n{container}"
        )
    }

    const LIVENESS: &str = "    livenessProbe: {httpGet: {path: /live, port: http}}\n";

    #[test]
    fn what_makes_a_start_slow() {
        for slow in [
            "    command: [java, -jar, app.jar]\n",
            "    command: [sh, -c, 'alembic upgrade head && uvicorn app:app']\n",
            "    env: [{name: JAVA_OPTS, value: '-Xmx1g'}]\n",
            "    env: [{name: MODEL_ID, value: meta/llama}]\n",
        ] {
            assert_eq!(messages(&RULE, &pod(&format!("{slow}{LIVENESS}"))).len(), 1, "{slow}");
        }
        assert!(messages(&RULE, &pod(LIVENESS)).is_empty());
        let beside = "    command: [sh, -c, '{ alembic upgrade head && uvicorn app:app; } & collect & wait']\n";
        assert!(
            messages(&RULE, &pod(&format!("{beside}{LIVENESS}"))).is_empty(),
            "`collect` may answer"
        );
    }

    #[test]
    fn a_startup_probe_patience_and_no_liveness_are_silent() {
        let java = "    command: [java, -jar, app.jar]\n";
        let startup = "    startupProbe: {tcpSocket: {port: 80}}\n";
        assert!(messages(&RULE, &pod(&format!("{java}{LIVENESS}{startup}"))).is_empty());
        let patient = "    livenessProbe: {tcpSocket: {port: 80}, initialDelaySeconds: 60}\n";
        assert!(messages(&RULE, &pod(&format!("{java}{patient}"))).is_empty());
        assert!(messages(&RULE, &pod(java)).is_empty());
    }

    #[test]
    fn the_delay_of_the_probe_is_not_counted_as_a_failure() {
        let java = "    command: [java, -jar, app.jar]\n";
        let late = LIVENESS.replace("}}", "}, initialDelaySeconds: 15}");
        let why = |probe: &str| findings(&RULE, &pod(&format!("{java}{probe}")))[0].why.clone();
        assert!(why(&late).is_some_and(|it| it.contains("counts from 15 s on")));
        assert_eq!(why(LIVENESS), None, "that of the rule");
    }

    #[test]
    fn a_data_store_on_a_jvm_is_given_minutes() {
        let text = pod(LIVENESS).replace("acme/a:1", "cassandra:5.0");
        let found = findings(&RULE, &text);
        assert!(found[0].fixes[0].edits[0].text.contains("failureThreshold: 30"));
        assert!(found[0].check[0].starts_with("kubectl describe pods"), "{:?}", found[0].check);
    }

    #[test]
    fn the_fix_asks_what_the_liveness_probe_asks() {
        let java = "    command: [java, -jar, app.jar]\n";
        let found = findings(&RULE, &pod(&format!("{java}{LIVENESS}")));
        let text = &found[0].fixes[0].edits[0].text;
        assert!(text.contains("path: /live") && text.contains("port: http"), "{text}");
        assert!(text.contains("failureThreshold: 6"), "{text}");
    }

    #[test]
    fn a_warm_up_before_the_server_makes_its_start_slow() {
        let count = |command: &str| {
            messages(&RULE, &pod(&format!("    command: [sh, -c, '{command}']\n{LIVENESS}"))).len()
        };
        for slow in [
            "php bin/console cache:warmup && exec php-fpm",
            "./warm-up.sh && serve",
            "python -m app.prewarm; uvicorn app:app",
        ] {
            assert_eq!(count(slow), 1, "{slow}");
        }
        for quick in ["serve --warmup=false", "serve && ./warm-up.sh", "./warm-up.sh & serve"] {
            assert_eq!(count(quick), 0, "{quick}");
        }
    }

    #[test]
    fn the_servers_of_models_start_slowly() {
        for image in [
            "vllm/vllm-openai:v0.10.0",
            "ghcr.io/huggingface/text-generation-inference:3.0",
            "nvcr.io/nvidia/tritonserver:24.12-py3",
            "ollama/ollama:0.5",
            "pytorch/torchserve:0.12.0-cpu",
        ] {
            let text = pod(LIVENESS).replace("acme/a:1", image);
            let found = findings(&RULE, &text);
            assert!(found.len() == 1 && found[0].message.contains("loads a model"), "{image}");
            assert!(found[0].fixes[0].edits[0].text.contains("failureThreshold: 30"), "{image}");
        }
    }
}
