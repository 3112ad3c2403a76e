use super::{check_span, note_in_development, probes};
use crate::facts::{Facts, Service, Unit, Workload, as_probe_word, in_shell};
use crate::knowledge::checks::{self, Flaw};
use crate::knowledge::shell::{self, base_name, is_shell};
use crate::model::Str;
use crate::model::compose::HealthTest;
use crate::model::kubernetes::{Container, EnvValue, ProbeHandler};
use crate::report::{Confidence, Edit, Finding, Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A health check cannot fail, or cannot pass.
    ///
    /// ## Why it hurts
    /// A check that always passes is worse than none: what depends on it starts too early, and a server
    /// that is down stays "healthy" for ever. A check that always fails keeps a good server out of use.
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
    /// ## When to ignore
    /// Where the check is there only to give others a state to wait for.
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
        let ps = facts.compose(service, &format!("ps {}", in_shell(service.name)));
        let is_script = test.is_shell();
        if is_script && test.arguments().len() > 1 {
            bare_word(facts, out, &what, test, ps);
        } else if let Some(script) = script_of_test(test) {
            let words: Vec<&str> = test.arguments().iter().map(|it| it.as_str()).collect();
            let flaw = flaw_in(facts, &service.unit, &script, (&words, is_script));
            let check = match own_question(&script) {
                Some(ask) if is_blind_curl(flaw.as_ref()) => {
                    facts.compose(service, &format!("exec {} {ask}", in_shell(service.name)))
                }
                _ => ps,
            };
            let is_blind = is_blind_curl(flaw.as_ref());
            if let Some(finding) = judge(out, &what, (flaw, &script), check) {
                advise(facts, &service.unit, &script, finding);
                // It still fails for a server that is down; nothing starts too early because of it.
                if is_blind && !facts.is_awaited_healthy(service) && !facts.is_for_swarm(service) {
                    finding.severity = finding.severity.max(Severity::Info);
                }
            } else if !is_script {
                unfilled(facts, out, service, test);
            }
        }
    }
    for workload in facts.workloads() {
        for (unit, container) in workload.running() {
            for (field, probe) in probes(container) {
                let ProbeHandler::Exec { command, .. } = &probe.handler else { continue };
                let words: Vec<(&str, Span)> =
                    command.iter().map(|it| (it.as_str(), it.span)).collect();
                let Some(script) = script_of(&words, check_span(probe)) else { continue };
                let what = format!("the {field} of {}", unit.label);
                let words: Vec<&str> = words.iter().map(|it| it.0).collect();
                let flaw = flaw_in(facts, unit, &script, (&words, false));
                let check = match own_question(&script) {
                    Some(ask) if is_blind_curl(flaw.as_ref()) => workload.exec(unit, &ask),
                    _ if flaw.as_ref().is_some_and(|it| it.flaw.always_fails()) => {
                        workload.events()
                    }
                    // Nothing that a server does makes it fail, so that no event tells.
                    _ => run_as_probe(workload, (unit, container), command),
                };
                if let Some(finding) = judge(out, &what, (flaw, &script), check) {
                    advise(facts, unit, &script, finding);
                } else {
                    emptied(facts, out, (workload, unit, container), (field, command));
                }
            }
        }
    }
}

/// The script of a check, written out where the check is.
struct Script {
    text: String,
    span: Span,
    is_bash: bool,
}

/// A flaw of a check, and its place.
struct Found {
    flaw: Flaw,
    span: Span,
    /// The name of the script that has the flaw, and its place.
    script: Option<(String, Span)>,
}

/// Returns the flaw of a check, in its own words or in the script that it runs.
fn flaw_in(
    facts: &Facts,
    unit: &Unit<'_>,
    script: &Script,
    (words, in_shell): (&[&str], bool),
) -> Option<Found> {
    let Script { text, span, is_bash } = script;
    if let Some(flaw) = checks::flaw(text, *is_bash) {
        // A program that is not there fails in its own way, which PLM621 reports.
        let is_missing = || facts.missing_tool(unit, words, in_shell).is_some();
        if flaw == Flaw::DevTcp
            && unit.family().is_some_and(|it| checks::may_have_bash_as_sh(it.id))
        {
            return None;
        }
        if flaw != Flaw::EndsInSuccess && is_missing() {
            return None;
        }
        return Some(Found { flaw, span: *span, script: None });
    }
    let commands = shell::commands(text);
    let [command] = commands.as_slice() else { return None };
    let program = command.program().iter().find(|it| it.text.starts_with('/'))?;
    let mounted = facts.mounted_script(unit, &program.text)?;
    let flaw = checks::flaw_of_script(mounted.text)?;
    let name = base_name(&program.text).to_owned();
    Some(Found { flaw, span: *span, script: Some((name, mounted.span)) })
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

/// Reports a word of `CMD` with a variable that only a shell would fill in.
fn unfilled(facts: &Facts, out: &mut Findings, service: &Service<'_>, test: &HealthTest) {
    let words = test.arguments();
    // A word may be a script for another program.
    if words.iter().any(|it| is_shell(base_name(it)) || it.contains(char::is_whitespace)) {
        return;
    }
    let found = words.iter().find_map(|it| Some((it, checks::unfilled_variable(it)?)));
    let Some((word, variable)) = found else { return };
    let name = service.name;
    let finding = out.at(
        &word.span,
        format!(
            "the healthcheck of service `{name}` passes `${variable}` on as it stands: `CMD` runs no shell to fill it in"
        ),
    );
    finding
        .confidence(Confidence::Likely)
        .why("With `CMD` the program gets the name of the variable instead of its value. A client that prints the refusal and ends with success makes the check pass for ever; any other makes it fail for ever.")
        .help("Write the check as one string, with `CMD-SHELL` or without a list: a shell then fills the variable in.")
        .cause(format!("{name} {variable}"))
        .check(format!(
            "docker inspect --format '{{{{json .State.Health.Log}}}}' $({})",
            facts.compose(service, &format!("ps -q {}", in_shell(name)))
        ));
    note_in_development(facts, &service.unit, finding);
}

/// Reports a word of a probe with a variable that the kubelet fills in with nothing.
fn emptied(
    facts: &Facts,
    out: &mut Findings,
    (workload, unit, container): (&Workload<'_>, &Unit<'_>, &Container),
    (field, command): (&str, &[Str]),
) {
    let source_of = |name: &str| {
        let variable = container.env.iter().find(|it| it.name.as_str() == name)?;
        match &variable.value {
            EnvValue::ConfigMapKey(_) | EnvValue::SecretKey(_) => Some(variable),
            EnvValue::Field(_) | EnvValue::Resource(_) | EnvValue::Other(_) => Some(variable),
            EnvValue::Empty | EnvValue::Literal(_) | EnvValue::NotAString(..) => None,
        }
    };
    let found = command.iter().find_map(|word| {
        let mut names = checks::variables_for_kubelet(word);
        Some((word, names.find_map(source_of)?))
    });
    let Some((word, variable)) = found else { return };
    let name = variable.name.as_str();
    let label = &unit.label;
    let finding = out.at(
        &word.span,
        format!(
            "the {field} of {label} gets nothing for `$({name})`, whose value comes from elsewhere"
        ),
    );
    finding
        .also(&variable.name.span, format!("`{name}` has `valueFrom` here"))
        .why("In the command of a probe the kubelet fills in only variables with a `value`; one with `valueFrom` becomes an empty text. A client that prints the refusal and ends with success makes the probe pass for ever, as `redis-cli` does; any other makes it fail for ever.")
        .help(format!(
            "Let a shell in the container fill the variable in: `[sh, -c, '… \"${name}\" …']`. Make the check fail for a refusal too: `redis-cli ping | grep -q PONG`."
        ))
        .cause(format!("{label} {name}"))
        .check(run_as_probe(workload, (unit, container), command));
    note_in_development(facts, unit, finding);
}

/// Returns the command that runs a probe as the kubelet does, and shows how it ends.
fn run_as_probe(
    workload: &Workload<'_>,
    (unit, container): (&Unit<'_>, &Container),
    command: &[Str],
) -> String {
    let words: Vec<String> =
        command.iter().map(|it| in_shell(&as_probe_word(container, it))).collect();
    format!("{}; echo $?", workload.exec(unit, &words.join(" ")))
}

/// Returns the script of a healthcheck.
fn script_of_test(test: &HealthTest) -> Option<Script> {
    if test.is_shell() {
        let word = test.arguments().first()?;
        return Some(Script { text: word.value.to_string(), span: word.span, is_bash: false });
    }
    let words: Vec<(&str, Span)> =
        test.arguments().iter().map(|it| (it.as_str(), it.span)).collect();
    script_of(&words, test.span)
}

/// Returns the script of a list of words: that of `sh -c`, or the words themselves.
fn script_of(words: &[(&str, Span)], span: Span) -> Option<Script> {
    let (program, _) = words.first()?;
    let program = base_name(program);
    let at = words.iter().position(|(it, _)| it.starts_with('-') && it.ends_with('c'));
    if let Some(at) = at.filter(|_| is_shell(program)) {
        let (script, span) = words.get(at + 1)?;
        return Some(Script {
            text: (*script).to_owned(),
            span: *span,
            is_bash: program == "bash",
        });
    }
    // Words are quoted, since no shell takes them apart.
    let quoted: Vec<String> =
        words.iter().map(|(it, _)| format!("'{}'", it.replace('\'', ""))).collect();
    Some(Script { text: quoted.join(" "), span, is_bash: true })
}

fn is_blind_curl(found: Option<&Found>) -> bool {
    found.is_some_and(|it| it.flaw == Flaw::CurlWithoutFail && it.script.is_none())
}

/// Returns the request of a check that has `curl` print the status of the answer.
fn own_question(script: &Script) -> Option<String> {
    let commands = shell::commands(&script.text);
    let curl = commands.iter().find(|it| it.name() == "curl")?;
    let words = curl.program().iter().map(|it| it.text.as_str());
    let words: Vec<&str> =
        words.filter(|it| !it.contains(['>', '<']) && *it != "/dev/null").collect();
    let status = r"-s -o /dev/null -w '%{http_code}\n'";
    // Variables are those of the container, which a shell in it fills in.
    if words.iter().any(|it| it.contains('$')) {
        let request = format!("{} -s -o /dev/null -w '%{{http_code}}'", words.join(" "));
        return Some(format!("sh -c {}", in_shell(&request.replace("$$", "$"))));
    }
    let words: Vec<String> = words.into_iter().map(in_shell).collect();
    Some(format!("{} {status}", words.join(" ")))
}

/// Says what helps against `curl` without `-f`. Where the server asks for a password, `-f` alone would make
/// the check fail for ever.
fn advise(facts: &Facts, unit: &Unit<'_>, script: &Script, finding: &mut Finding) {
    note_in_development(facts, unit, finding);
    let is_blind = finding.message.ends_with(BLIND);
    if !is_blind {
        return;
    }
    finding.why("`curl` without `-f` succeeds as soon as the server answers at all: also with 503 while it starts, or with 500 when it cannot work. Only a server that does not answer fails the check, so that what waits for it starts too early.");
    let sends_password =
        ["-u", "--user", "Authorization"].iter().any(|it| script.text.contains(it));
    let password = match unit.family().map(|it| it.id) {
        Some("elasticsearch") => Some("elastic:$$ELASTIC_PASSWORD"),
        Some("opensearch") => Some("admin:$$OPENSEARCH_INITIAL_ADMIN_PASSWORD"),
        _ => None,
    };
    if let Some(password) = password.filter(|_| !sends_password && facts.open_door(unit).is_none())
    {
        let user =
            if unit.is_compose() { password.to_owned() } else { password.replace("$$", "$") };
        finding.help(format!(
            "Let the check fail for errors and send the password, since the server answers 401 without one and `-f` alone would never pass: `curl -f -u {user} …`."
        ));
        return;
    }
    finding.help(
        "Add `-f` (`--fail`) to `curl`, so that the check fails when the answer is an error.",
    );
    let written = facts.written(&finding.span);
    let mut places = written.match_indices("curl ");
    if let (Some((at, _)), None) = (places.next(), places.next()) {
        let after = finding.span.start + u32::try_from(at + "curl".len()).unwrap_or_default();
        let span = Span::new(finding.span.file, after as usize, after as usize);
        // Whether the path answers without an error, nobody knows from the files.
        finding.fix(Fix::r#unsafe(
            "Let `curl` fail for errors",
            [Edit { span, text: " -f".to_owned() }],
        ));
    }
}

/// The words for a check that takes every answer for a good one.
const BLIND: &str = "passes for every answer, also for an error 500: `curl` fails only with `-f`";

fn judge<'o>(
    out: &'o mut Findings,
    what: &str,
    (found, own): (Option<Found>, &Script),
    check: String,
) -> Option<&'o mut Finding> {
    let Found { flaw, span, script } = found?;
    let says = match flaw {
        Flaw::EndsInSuccess => "cannot fail: its last command always succeeds",
        Flaw::AsksNothing => "cannot fail: it asks nothing",
        Flaw::OneWordTest => {
            "cannot fail: a test of a single word is true, and an operator needs spaces around it"
        }
        Flaw::CurlWithoutFail => BLIND,
        Flaw::BracketWithoutSpace => {
            "cannot pass: without a space after the bracket this is the name of a program"
        }
        Flaw::BracketNotClosed => {
            "cannot pass: without a space before it, the closing bracket belongs to the word"
        }
        Flaw::DevTcp => "cannot pass under `sh`: only bash knows `/dev/tcp`",
    };
    let by = script.as_ref().map(|it| format!(", by `{}`,", it.0)).unwrap_or_default();
    let finding = out.at(&span, format!("{what}{by} {says}"));
    finding.check(check);
    if let Some((_, span)) = &script {
        finding.also(span, "this is the script");
    }
    match flaw {
        Flaw::EndsInSuccess
        | Flaw::OneWordTest
        | Flaw::BracketWithoutSpace
        | Flaw::BracketNotClosed => {
            finding.severity(Severity::Error);
        }
        // Some images have bash under the name of `sh`.
        Flaw::DevTcp => {
            finding.confidence(Confidence::Likely);
        }
        Flaw::AsksNothing => {
            finding
                .why("The check shows only that the container runs, which is known without it. A server that hangs stays healthy for ever, and what waits for it starts too early.")
                .help("Ask the program itself: its health page, its port, or the client that comes with it. Where the program accepts no connections, leave the check out.");
        }
        Flaw::CurlWithoutFail => {}
    }
    finding.cause(match flaw {
        Flaw::CurlWithoutFail => "curl without -f".to_owned(),
        Flaw::AsksNothing => "asks nothing".to_owned(),
        Flaw::EndsInSuccess
        | Flaw::OneWordTest
        | Flaw::BracketWithoutSpace
        | Flaw::BracketNotClosed
        | Flaw::DevTcp => own.text.clone(),
    });
    Some(finding)
}

#[cfg(test)]
mod tests;
