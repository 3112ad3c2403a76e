//! Health checks that always pass or always fail, whatever the state of the server.

use super::shell::{Command, Joint, commands};

/// What is wrong with the command of a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The last command succeeds whatever the ones before it did: `|| true`, `; exit 0`.
    EndsInSuccess,
    /// `[ x ]` or `[ "$A"=="b" ]`: a test of one word, which is true unless the word is empty.
    OneWordTest,
    /// `curl` without `-f`, which succeeds for every answer, also for an error 500.
    CurlWithoutFail,
    /// `[-f /tmp/ready]`: without a space after the bracket this is the name of a program.
    BracketWithoutSpace,
    /// `/dev/tcp/HOST/PORT`, which only bash knows, under `sh`.
    DevTcp,
}

impl Flaw {
    /// Whether the check fails even when the server is well.
    #[must_use]
    pub fn always_fails(self) -> bool {
        matches!(self, Flaw::BracketWithoutSpace | Flaw::DevTcp)
    }
}

/// Returns the flaw of a check that `sh -c` runs; `is_bash` where the shell is bash.
#[must_use]
pub fn flaw(script: &str, is_bash: bool) -> Option<Flaw> {
    if !is_bash && script.contains("/dev/tcp/") && !script.contains("bash") {
        return Some(Flaw::DevTcp);
    }
    let all = commands(script);
    let last = all.last()?;
    let before = all.len().checked_sub(2).and_then(|at| all.get(at));
    if succeeds(last) && before.is_some_and(|it| matches!(it.joint, Joint::Or | Joint::Then)) {
        return Some(Flaw::EndsInSuccess);
    }
    if all.iter().any(|it| it.name().starts_with('[') && it.name().len() > 1 && it.name() != "[[") {
        return Some(Flaw::BracketWithoutSpace);
    }
    // Only the command whose status counts: what follows a failure, `|| exit 1`, hands it on.
    let deciding = match before {
        Some(before) if before.joint == Joint::Or && fails(last) => before,
        _ => last,
    };
    if is_one_word_test(deciding) {
        return Some(Flaw::OneWordTest);
    }
    (deciding.name() == "curl" && !fails_on_errors(deciding)).then_some(Flaw::CurlWithoutFail)
}

fn texts(command: &Command) -> Vec<&str> {
    command.program().iter().map(|it| it.text.as_str()).collect()
}

fn succeeds(command: &Command) -> bool {
    matches!(texts(command)[..], ["true" | ":"] | ["exit", "0"])
}

fn fails(command: &Command) -> bool {
    matches!(texts(command)[..], ["false" | "exit"] | ["exit", _]) && !succeeds(command)
}

fn is_one_word_test(command: &Command) -> bool {
    match texts(command)[..] {
        ["[", word, "]"] | ["[[", word, "]]"] | ["test", word] => {
            !word.starts_with('$') || word.contains('=')
        }
        _ => false,
    }
}

/// Whether `curl` fails when the server answers with an error, or somebody looks at its answer.
fn fails_on_errors(command: &Command) -> bool {
    command.joint == Joint::Pipe
        || texts(command)[1..].iter().any(|word| {
            let short = word.strip_prefix('-').filter(|it| !it.starts_with('-'));
            word.starts_with("--fail")
                || short.is_some_and(|it| it.contains('f'))
                || matches!(*word, "-w" | "--write-out" | "telnet")
                || word.starts_with("telnet:")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_that_cannot_fail() {
        assert_eq!(flaw("curl -f http://localhost/ || true", false), Some(Flaw::EndsInSuccess));
        assert_eq!(flaw("pg_isready; exit 0", false), Some(Flaw::EndsInSuccess));
        assert_eq!(flaw("[ ready ]", false), Some(Flaw::OneWordTest));
        assert_eq!(flaw("[ \"$(x)\"==\"ok\" ] || exit 1", false), Some(Flaw::OneWordTest));
        assert_eq!(flaw("curl http://localhost:80/ || exit 1", false), Some(Flaw::CurlWithoutFail));
        assert_eq!(flaw("curl -s localhost", false), Some(Flaw::CurlWithoutFail));
    }

    #[test]
    fn checks_that_cannot_pass() {
        assert_eq!(flaw("[-f /tmp/ready]", false), Some(Flaw::BracketWithoutSpace));
        assert_eq!(flaw("echo > /dev/tcp/localhost/80", false), Some(Flaw::DevTcp));
        assert_eq!(flaw("echo > /dev/tcp/localhost/80", true), None);
        assert_eq!(flaw("bash -c 'echo > /dev/tcp/localhost/80'", false), None);
    }

    #[test]
    fn checks_that_do_their_work() {
        for script in [
            "curl -fsS http://localhost/ || exit 1",
            "curl --fail http://localhost/",
            "curl -s localhost | grep ok",
            "curl -so /dev/null -w '%{http_code}' localhost",
            "wget -q -O- http://localhost/",
            "[ -f /tmp/ready ]",
            "test \"$(redis-cli ping)\" = PONG",
            "pg_isready -U app || exit 1",
            "pg_isready && true",
            "true",
        ] {
            assert_eq!(flaw(script, false), None, "{script}");
        }
    }
}
