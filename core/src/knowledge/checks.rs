//! Health checks that always pass or always fail, whatever the state of the server, and health endpoints
//! that also ask other servers.

use super::data::entries;
use super::shell::{Command, Joint, commands};
use std::sync::LazyLock;

/// What is wrong with the command of a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The last command succeeds whatever the ones before it did: `|| true`, `; exit 0`.
    EndsInSuccess,
    /// `true`, `exit 0`, `echo` or a look at the container's first process, and nothing else.
    AsksNothing,
    /// `[ x ]` or `[ "$A"=="b" ]`: a test of one word, which is true unless the word is empty.
    OneWordTest,
    /// `curl` without `-f`, which succeeds for every answer, also for an error 500.
    CurlWithoutFail,
    /// `[-f /tmp/ready]`: without a space after the bracket this is the name of a program.
    BracketWithoutSpace,
    /// `[ -f /tmp/ready]`: without a space before it, the closing bracket is a part of the word.
    BracketNotClosed,
    /// `/dev/tcp/HOST/PORT`, which only bash knows, under `sh`.
    DevTcp,
}

impl Flaw {
    /// Whether the check fails even when the server is well.
    #[must_use]
    pub fn always_fails(self) -> bool {
        matches!(self, Flaw::BracketWithoutSpace | Flaw::BracketNotClosed | Flaw::DevTcp)
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
    // With a redirection, `echo` may open a connection: `echo > /dev/tcp/localhost/80`.
    let only_speaks = last.name() == "echo" && !script.contains(['>', '<', '$', '`']);
    let asks_nothing = succeeds(last) || looks_at_first_process(last) || says_version(last);
    if all.len() == 1 && (asks_nothing || only_speaks) {
        return Some(Flaw::AsksNothing);
    }
    let before = all.len().checked_sub(2).and_then(|at| all.get(at));
    if succeeds(last) && before.is_some_and(|it| matches!(it.joint, Joint::Or | Joint::Then)) {
        return Some(Flaw::EndsInSuccess);
    }
    if all.iter().any(|it| it.name().starts_with('[') && it.name().len() > 1 && it.name() != "[[") {
        return Some(Flaw::BracketWithoutSpace);
    }
    if all.iter().any(lacks_its_bracket) {
        return Some(Flaw::BracketNotClosed);
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

/// Returns the variable of the shell in a word that no shell reads: `$REDIS_PASSWORD`, `${PASSWORD}`. Names in small
/// letters belong to other languages, such as the operators of MongoDB.
#[must_use]
pub fn unfilled_variable(word: &str) -> Option<&str> {
    let at = word.find('$')?;
    let rest = word[at..].trim_start_matches('$');
    let braced = rest.strip_prefix('{');
    let name = braced.unwrap_or(rest);
    let end = name
        .find(|it: char| !it.is_ascii_uppercase() && !it.is_ascii_digit() && it != '_')
        .unwrap_or(name.len());
    let is_name = end > 1 && name.starts_with(|it: char| it.is_ascii_uppercase());
    let is_closed = braced.is_none() || name[end..].starts_with('}');
    (is_name && is_closed).then(|| &name[..end])
}

/// Returns the variables of a word that the kubelet is to fill in: `$(NAME)`, but not `$$(NAME)`.
///
/// Source: Kubernetes documentation, "Define Dependent Environment Variables".
pub fn variables_for_kubelet(word: &str) -> impl Iterator<Item = &str> {
    word.match_indices("$(").filter_map(|(at, _)| {
        let before = word[..at].len() - word[..at].trim_end_matches('$').len();
        let name = word[at + 2..].split_once(')')?.0;
        before.is_multiple_of(2).then_some(name)
    })
}

/// Returns the flaw of a whole script that is run as a check. A script that may end with another status
/// somewhere says more than its last command does.
#[must_use]
pub fn flaw_of_script(script: &str) -> Option<Flaw> {
    let first = script.lines().next().unwrap_or_default();
    let shebang = first.strip_prefix("#!").unwrap_or_default();
    let is_shell = shebang.is_empty() || shebang.ends_with("sh") || shebang.contains("sh -");
    if !is_shell {
        return None;
    }
    let is_bash = shebang.contains("bash") || shebang.contains("ksh");
    let all = commands(script);
    let ends_early = |it: &Command| {
        matches!(it.name(), "exit" | "return" | "kill" | "exec") && !succeeds(it)
            || it.name() == "set"
                && texts(it).iter().any(|word| word.starts_with('-') && word.contains('e'))
    };
    let is_strict = shebang.contains(" -e") || all.iter().any(ends_early);
    match flaw(script, is_bash)? {
        Flaw::EndsInSuccess | Flaw::AsksNothing | Flaw::CurlWithoutFail | Flaw::OneWordTest
            if is_strict =>
        {
            None
        }
        // In a script a test stands mostly in an `if`, which the flat list of commands does not show.
        Flaw::OneWordTest => None,
        found => Some(found),
    }
}

/// Families whose images have bash under the name of `sh`, since they start from Red Hat's or Oracle's
/// Linux. In Debian's and Alpine's images `sh` is a smaller shell.
const BASH_AS_SH: &[&str] = &[
    "keycloak",
    "mysql",
    "oracle",
    "db2",
    "ibm-mq",
    "kafka",
    "kafka-connect",
    "kafka-rest",
    "schema-registry",
    "java-server",
];

/// Whether `sh` may be bash in the images of a family.
#[must_use]
pub fn may_have_bash_as_sh(family: &str) -> bool {
    BASH_AS_SH.contains(&family)
}

/// A health endpoint that also asks other servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DependencyEndpoint {
    family: Option<&'static str>,
    pub path: &'static str,
    /// The path that says only whether the process is well.
    pub liveness: Option<&'static str>,
}

static DEPENDENCY_ENDPOINTS: LazyLock<Vec<DependencyEndpoint>> = LazyLock::new(|| {
    let rows = entries(include_str!("data/dependency_endpoints.txt"));
    rows.map(|row| read_endpoint(row).expect("internal error: a malformed row")).collect()
});

impl DependencyEndpoint {
    /// Whether it is the endpoint of a certain server, and not of whatever is built with a framework.
    #[must_use]
    pub fn is_by_family(&self) -> bool {
        self.family.is_some()
    }
}

/// Reads `FAMILY|any PATH = LIVENESS-PATH`.
fn read_endpoint(row: &'static str) -> Option<DependencyEndpoint> {
    let (what, liveness) = row.split_once(" = ")?;
    let (family, path) = what.split_once(' ')?;
    Some(DependencyEndpoint {
        family: Some(family).filter(|it| *it != "any"),
        path,
        liveness: Some(liveness).filter(|it| *it != "-"),
    })
}

/// Returns what is known of a health endpoint that also asks other servers, for a container of a family.
#[must_use]
pub fn dependency_endpoint(family: Option<&str>, path: &str) -> Option<DependencyEndpoint> {
    let path = path.split('?').next().unwrap_or(path).trim_end_matches('/');
    let is = |it: &&DependencyEndpoint| match it.family {
        None => path.ends_with(it.path),
        Some(own) => family == Some(own) && path == it.path,
    };
    DEPENDENCY_ENDPOINTS.iter().find(is).copied()
}

fn texts(command: &Command) -> Vec<&str> {
    command.program().iter().map(|it| it.text.as_str()).collect()
}

fn succeeds(command: &Command) -> bool {
    matches!(texts(command)[..], ["true" | ":" | "/bin/true" | "/usr/bin/true"] | ["exit", "0"])
}

/// Whether a command only asks whether process 1 is there, without which the container itself would be over.
fn looks_at_first_process(command: &Command) -> bool {
    let words = texts(command);
    let is_of_first = |it: &&str| *it == "/proc/1" || it.starts_with("/proc/1/");
    match words.as_slice() {
        ["cat" | "ls" | "stat" | "test" | "[", rest @ ..] => rest.iter().any(is_of_first),
        ["kill", "-0", "1"] => true,
        _ => false,
    }
}

/// Whether a command only says which version a program has, which it does whether a server runs or not.
fn says_version(command: &Command) -> bool {
    matches!(
        texts(command)[..],
        [_, "--version" | "-version"]
            | ["php" | "node" | "nginx" | "ruby", "-v"]
            | ["python" | "python3" | "perl", "-V" | "-v"]
            | ["go", "version"]
    )
}

fn fails(command: &Command) -> bool {
    matches!(texts(command)[..], ["false" | "exit"] | ["exit", _]) && !succeeds(command)
}

/// Whether the closing bracket of a test is the end of its last word: `[ -f /tmp/ready]`.
fn lacks_its_bracket(command: &Command) -> bool {
    let words = texts(command);
    let closing = match words.first() {
        Some(&"[") => "]",
        Some(&"[[") => "]]",
        _ => return false,
    };
    words[1..].last().is_some_and(|it| it.len() > closing.len() && it.ends_with(closing))
        && !words.contains(&closing)
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
        assert_eq!(flaw("exit 0", false), Some(Flaw::AsksNothing));
        assert_eq!(flaw("true", false), Some(Flaw::AsksNothing));
        assert_eq!(flaw("cat /proc/1/status", false), Some(Flaw::AsksNothing));
        assert_eq!(flaw("'kill' '-0' '1'", true), Some(Flaw::AsksNothing));
        assert_eq!(flaw("grep -q server /proc/1/cmdline", false), None);
        assert_eq!(flaw("kill -0 $(cat /run/server.pid)", false), None);
        assert_eq!(flaw("echo \"liveness\"", false), Some(Flaw::AsksNothing));
        assert_eq!(flaw("echo ok", true), Some(Flaw::AsksNothing));
        for version in ["php -v", "node --version", "java -version", "nginx -v", "python3 -V"] {
            assert_eq!(flaw(version, false), Some(Flaw::AsksNothing), "{version}");
        }
        for fine in ["php -v && php-fpm-healthcheck", "php check.php -v", "curl -f --version=1 x"] {
            assert_eq!(flaw(fine, false), None, "{fine}");
        }
        for asks in [
            "echo > /dev/tcp/localhost/80",
            "echo ruok | nc localhost 2181",
            "pg_isready && echo ok",
        ] {
            assert_eq!(flaw(asks, true), None, "{asks}");
        }
        assert_eq!(flaw("[ ready ]", false), Some(Flaw::OneWordTest));
        assert_eq!(flaw("[ \"$(x)\"==\"ok\" ] || exit 1", false), Some(Flaw::OneWordTest));
        assert_eq!(flaw("curl http://localhost:80/ || exit 1", false), Some(Flaw::CurlWithoutFail));
        assert_eq!(flaw("curl -s localhost", false), Some(Flaw::CurlWithoutFail));
    }

    #[test]
    fn checks_that_cannot_pass() {
        assert_eq!(flaw("[-f /tmp/ready]", false), Some(Flaw::BracketWithoutSpace));
        for test in ["[ -f /tmp/ready]", "[ -f /tmp/ready] || exit 1", "[[ -f /tmp/ready]]"] {
            assert_eq!(flaw(test, false), Some(Flaw::BracketNotClosed), "{test}");
        }
        for test in ["[ -f /tmp/ready ]", "[[ $A = [a-z] ]]", "[ -n \"${A[0]}\" ]", "ls [a-z]"] {
            assert_eq!(flaw(test, false), None, "{test}");
        }
        assert_eq!(flaw("echo > /dev/tcp/localhost/80", false), Some(Flaw::DevTcp));
        assert_eq!(flaw("echo > /dev/tcp/localhost/80", true), None);
        assert_eq!(flaw("bash -c 'echo > /dev/tcp/localhost/80'", false), None);
    }

    #[test]
    fn scripts_that_cannot_fail() {
        let judged = |script| flaw_of_script(script);
        assert_eq!(judged("#!/bin/sh\npg_isready -U app\nexit 0\n"), Some(Flaw::EndsInSuccess));
        assert_eq!(judged("curl -s localhost:8080/health\n"), Some(Flaw::CurlWithoutFail));
        assert_eq!(judged("#!/bin/sh\necho > /dev/tcp/db/80\n"), Some(Flaw::DevTcp));
    }

    #[test]
    fn scripts_that_may_fail_somewhere() {
        for script in [
            "#!/bin/sh\nif ! pg_isready; then exit 1; fi\nexit 0\n",
            "#!/bin/sh\nset -e\npg_isready\ntrue\n",
            "#!/bin/sh -e\npg_isready\ntrue\n",
            "#!/bin/sh\npg_isready\n",
            "#!/usr/bin/env bash\necho > /dev/tcp/db/80\n",
            "#!/usr/bin/env python3\nimport sys\nexit 0\n",
        ] {
            assert_eq!(flaw_of_script(script), None, "{script}");
        }
    }

    #[test]
    fn endpoints_that_ask_other_servers() {
        let liveness = |family, path| dependency_endpoint(family, path).map(|it| it.liveness);
        assert_eq!(liveness(None, "/actuator/health"), Some(Some("/actuator/health/liveness")));
        assert_eq!(
            liveness(None, "/shop/actuator/health/?x=1"),
            Some(Some("/actuator/health/liveness"))
        );
        assert_eq!(liveness(Some("gitea"), "/api/healthz"), Some(None));
        assert_eq!(liveness(None, "/api/healthz"), None);
        assert_eq!(liveness(None, "/actuator/health/liveness"), None);
        assert_eq!(liveness(None, "/health"), None);
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
        ] {
            assert_eq!(flaw(script, false), None, "{script}");
        }
    }

    #[test]
    fn variables_that_no_shell_fills_in() {
        for word in ["$REDIS_PASSWORD", "$$REDIS_PASSWORD", "-p${REDIS_PASSWORD}"] {
            assert_eq!(unfilled_variable(word), Some("REDIS_PASSWORD"), "{word}");
        }
        let filled = |word| variables_for_kubelet(word).collect::<Vec<_>>();
        assert_eq!(filled("a$(B)$$(C)$$$(D)"), ["B", "D"]);
        for word in ["ping", "$match", "{$1}", "a$", "$(hostname)", "${a:-B}", "$A"] {
            assert_eq!(unfilled_variable(word), None, "{word}");
        }
    }
}
