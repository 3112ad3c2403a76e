use super::{check_span, probes};
use crate::facts::Facts;
use crate::knowledge::checks::{self, Flaw};
use crate::knowledge::shell::{base_name, is_shell};
use crate::model::compose::HealthTest;
use crate::model::kubernetes::ProbeHandler;
use crate::report::{Confidence, Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A health check cannot fail, or cannot pass.
    ///
    /// ## Why it hurts
    /// A check that always passes is worse than none: what depends on it starts too early, and a server
    /// that hangs stays "healthy" for ever. A check that always fails keeps a good server out of use.
    /// Both are easy to write: `CMD-SHELL` takes one string and passes over the words behind it, `curl`
    /// without `-f` succeeds for every answer, `|| true` hides each failure.
    ///
    /// ## What helps
    /// Let the last command be the one whose failure counts: `curl -f`, `pg_isready`, a test with spaces
    /// around its operator.
    ///
    /// ## How to troubleshoot
    /// Stop the server inside the container and look whether the state changes within a few intervals.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: acme/web:1
    ///     healthcheck:
    ///       test: ["CMD-SHELL", "sh", "-c", "wget -q -O- localhost:80 || exit 1"] # <- the healthcheck of service `web` runs only `sh`, which always succeeds: `CMD-SHELL` takes one string
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: acme/web:1
    ///     healthcheck:
    ///       test: ["CMD-SHELL", "wget -q -O- localhost:80 || exit 1"]
    /// ```
    PLM624 "check-always-passes" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        let health = service.model.healthcheck.as_ref().filter(|it| !it.disabled);
        let Some(test) = health.and_then(|it| it.test.as_ref()) else { continue };
        let what = format!("the healthcheck of service `{}`", service.name);
        let ps = facts.compose(service, &format!("ps {}", service.name));
        if test.is_shell() && test.arguments().len() > 1 {
            bare_word(facts, out, &what, test, ps);
        } else if let Some((script, span, is_bash)) = script_of_test(test) {
            judge(out, &what, &script, span, is_bash, ps);
        }
    }
    for workload in facts.workloads() {
        for (unit, container) in workload.running() {
            for (field, probe) in probes(container) {
                let ProbeHandler::Exec { command, .. } = &probe.handler else { continue };
                let words: Vec<(&str, Span)> =
                    command.iter().map(|it| (it.as_str(), it.span)).collect();
                let Some((script, span, is_bash)) = script_of(&words, check_span(probe)) else {
                    continue;
                };
                let what = format!("the {field} of {}", unit.label);
                judge(out, &what, &script, span, is_bash, workload.events());
            }
        }
    }
}

/// Reports a test of `CMD-SHELL` and several words, of which the shell runs only the first.
fn bare_word(facts: &Facts, out: &mut Findings, what: &str, test: &HealthTest, ps: String) {
    let [first, rest @ ..] = test.arguments() else { return };
    let head = &test.words[0];
    // Without input a shell reads no command, and succeeds.
    let is_shell = is_shell(base_name(&first.value));
    let outcome = if is_shell { ", which always succeeds" } else { "" };
    let message = format!("{what} runs only `{first}`{outcome}: `CMD-SHELL` takes one string");
    let finding = out.at(&first.span, message);
    finding.severity(Severity::Error).check(ps);
    if let Some(last) = rest.last() {
        finding.also(&last.span, "the words from here on are not run");
    }
    // `CMD` runs the words as they stand. The check then says something, which it did not before.
    let fix = Fix::r#unsafe("Run all words, with `CMD`", [facts.replace_scalar(&head.span, "CMD")]);
    finding.fix(fix);
}

/// Returns the script of a healthcheck, its place, and whether bash runs it.
fn script_of_test(test: &HealthTest) -> Option<(String, Span, bool)> {
    if test.is_shell() {
        let word = test.arguments().first()?;
        return Some((word.value.to_string(), word.span, false));
    }
    let words: Vec<(&str, Span)> =
        test.arguments().iter().map(|it| (it.as_str(), it.span)).collect();
    script_of(&words, test.span)
}

/// Returns the script of a list of words: that of `sh -c`, or the words themselves.
fn script_of(words: &[(&str, Span)], span: Span) -> Option<(String, Span, bool)> {
    let (program, _) = words.first()?;
    let program = base_name(program);
    if is_shell(program) {
        let at = words.iter().position(|(it, _)| it.starts_with('-') && it.ends_with('c'))?;
        let (script, span) = words.get(at + 1)?;
        return Some(((*script).to_owned(), *span, program == "bash"));
    }
    // Words are quoted, since no shell takes them apart.
    let quoted: Vec<String> =
        words.iter().map(|(it, _)| format!("'{}'", it.replace('\'', ""))).collect();
    Some((quoted.join(" "), span, true))
}

fn judge(out: &mut Findings, what: &str, script: &str, span: Span, is_bash: bool, check: String) {
    let Some(flaw) = checks::flaw(script, is_bash) else { return };
    let says = match flaw {
        Flaw::EndsInSuccess => "cannot fail: its last command always succeeds",
        Flaw::OneWordTest => {
            "cannot fail: a test of a single word is true, and an operator needs spaces around it"
        }
        Flaw::CurlWithoutFail => {
            "passes for every answer, also for an error 500: `curl` fails only with `-f`"
        }
        Flaw::BracketWithoutSpace => {
            "cannot pass: without a space after the bracket this is the name of a program"
        }
        Flaw::DevTcp => "cannot pass under `sh`: only bash knows `/dev/tcp`",
    };
    let finding = out.at(&span, format!("{what} {says}"));
    finding.check(check);
    match flaw {
        Flaw::EndsInSuccess | Flaw::OneWordTest | Flaw::BracketWithoutSpace => {
            finding.severity(Severity::Error);
        }
        // Some images have bash under the name of `sh`.
        Flaw::DevTcp => {
            finding.confidence(Confidence::Likely);
        }
        Flaw::CurlWithoutFail => {}
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn test(test: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!("services: {{web: {{image: 'a:1', healthcheck: {{test: {test}}}}}}}\n"),
        )
    }

    #[test]
    fn string_and_list_form() {
        assert_eq!(test("curl http://localhost || exit 1").len(), 1);
        assert_eq!(test("[CMD-SHELL, 'curl http://localhost || exit 1']").len(), 1);
        assert_eq!(test("[CMD, curl, 'http://localhost']").len(), 1);
        assert_eq!(test("[CMD, sh, -c, 'pg_isready || true']").len(), 1);
        assert_eq!(test("[CMD-SHELL, curl, -f, 'http://localhost']").len(), 1);
        assert_eq!(test("[CMD-SHELL, '[-f /x]']").len(), 1);
        assert_eq!(test("[CMD-SHELL, 'echo > /dev/tcp/localhost/80']").len(), 1);
    }

    #[test]
    fn real_checks_and_disabled_ones_are_silent() {
        assert!(test("curl -f http://localhost || exit 1").is_empty());
        assert!(test("[CMD, curl, -fsS, 'http://localhost']").is_empty());
        assert!(test("[CMD, bash, -c, 'echo > /dev/tcp/localhost/80']").is_empty());
        assert!(test("[CMD-SHELL, pg_isready -U app]").is_empty());
        assert!(test("[NONE]").is_empty());
    }

    #[test]
    fn exec_probes_are_judged_alike() {
        let probe = |command: &str| {
            messages(&RULE, &format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, livenessProbe: {{exec: {{command: {command}}}}}}}]}}\n"
            )).len()
        };
        assert_eq!(probe("[sh, -c, 'test -f /x || true']"), 1);
        assert_eq!(probe("[curl, localhost]"), 1);
        assert_eq!(probe("[curl, -f, localhost]"), 0);
    }

    #[test]
    fn the_fix_runs_all_words() {
        let text = "services: {web: {image: 'a:1', healthcheck: {test: [CMD-SHELL, curl, -f, localhost]}}}\n";
        assert_eq!(findings(&RULE, text)[0].fixes[0].edits[0].text, "CMD");
    }
}
