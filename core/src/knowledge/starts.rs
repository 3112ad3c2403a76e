//! What a simple command does at start: serves, waits, sleeps, or prepares.
//!
//! Source: the command line reference of each server and of the wait helpers (`wait-for-it`,
//! `dockerize`, `wait-for`, `wait4x`).

use super::data::{entries, words};
use super::net;
use super::shell::{Command, Joint, Place, Word, base_name, is_wait_helper};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::LazyLock;

/// Programs that serve until they are stopped, whatever their arguments.
static SERVERS: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("data/server_programs.txt")));

/// Programs that serve when one of these words follows.
static SERVING_WORDS: LazyLock<FxHashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let rows = entries(include_str!("data/serving_commands.txt"));
    rows.map(|row| {
        let (program, words) = row.split_once(": ").expect("internal error: a malformed row");
        (program, words.split(' ').collect())
    })
    .collect()
});

/// Package managers and task runners, whose `run NAME` starts a script of the project.
const TASK_RUNNERS: &[&str] =
    &["npm", "yarn", "pnpm", "bun", "make", "just", "task", "rake", "composer", "deno"];

/// Names of scripts that serve.
const SERVING_SCRIPTS: &[&str] = &[
    "start",
    "serve",
    "server",
    "dev",
    "develop",
    "prod",
    "production",
    "preview",
    "run",
    "worker",
    "web",
    "api",
];

/// Options with which a server only checks or prints something.
const CHECKING_OPTIONS: &[&str] =
    &["--version", "--help", "-V", "-t", "--check-config", "validate"];

/// Options with which a program that otherwise works for ever ends when there is nothing more to do.
///
/// Sources: RQ documentation, "Workers" (`--burst`); Laravel documentation, "Queues" (`--once`, `--stop-when-empty`);
/// Watchtower documentation, "Arguments" (`--run-once`).
const ENDING_OPTIONS: &[&str] = &["--burst", "--once", "--stop-when-empty", "--run-once"];

/// Whether a program ends when it has done what there is to do, although it is one that works for ever otherwise.
#[must_use]
pub fn ends_when_done(command: &Command) -> bool {
    command.words.iter().any(|it| ENDING_OPTIONS.contains(&&*it.text))
}

/// Whether a command certainly starts a long-running process.
#[must_use]
pub fn is_server_start(command: &Command) -> bool {
    let program = command.program();
    let Some(first) = program.first() else { return false };
    if first.text.starts_with("$@") || first.text == "$*" {
        // `exec "$@"` at the end of an entrypoint script starts the image's command.
        return command.words.first().is_some_and(|it| it.text == "exec");
    }
    let name = base_name(&first.text);
    let texts: Vec<&str> = program.iter().map(|it| it.text.as_str()).collect();
    if texts.iter().any(|it| CHECKING_OPTIONS.contains(it)) || ends_when_done(command) {
        return false;
    }
    // `python manage.py runserver`, `php artisan serve`, `python -m uvicorn`.
    let script = script_index(&texts);
    let name = script.map_or(name, |it| base_name(texts[it]));
    let arguments = &texts[script.unwrap_or(0) + 1..];
    if SERVERS.contains(name) && !is_preparation(name, arguments) {
        return true;
    }
    if name == "dotnet" && arguments.first().is_some_and(|it| it.ends_with(".dll")) {
        return true;
    }
    if let Some(words) = SERVING_WORDS.get(name) {
        return arguments.iter().any(|it| words.contains(it));
    }
    if TASK_RUNNERS.contains(&name) {
        let script = arguments
            .iter()
            .find(|it| !it.starts_with('-') && !matches!(**it, "run" | "run-script"));
        let stem = script.and_then(|it| it.split([':', '-']).next());
        return stem.is_some_and(|it| SERVING_SCRIPTS.contains(&it));
    }
    if name == "java" {
        return arguments
            .iter()
            .any(|it| *it == "-jar" || it.ends_with(".jar") || it.contains("JarLauncher"));
    }
    let stem = name.split_once('.').map_or(name, |it| it.0);
    match stem {
        "server" | "runserver" | "start-server" | "serve" | "httpd" | "main-server"
        | "webserver" => true,
        "app" | "index" | "main" => script.is_some(),
        _ => false,
    }
}

/// Families whose program runs on a JVM.
const JVM_FAMILIES: &[&str] = &[
    "java",
    "java-server",
    "elasticsearch",
    "opensearch",
    "kafka",
    "cassandra",
    "keycloak",
    "jenkins",
    "sonarqube",
    "neo4j",
    "solr",
    "zookeeper",
    "logstash",
    "activemq",
    "nexus",
    "pulsar",
];

/// Whether the program of an image family runs on a JVM.
#[must_use]
pub fn is_jvm(family: &str) -> bool {
    JVM_FAMILIES.contains(&family)
}

/// Returns the index of the script or module that an interpreter runs.
fn script_index(texts: &[&str]) -> Option<usize> {
    let name = base_name(texts.first()?);
    let unversioned = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !matches!(
        unversioned,
        "python" | "php" | "node" | "ruby" | "tsx" | "ts-node" | "bun" | "perl" | "pypy"
    ) {
        return None;
    }
    let at = 1 + texts[1..].iter().take_while(|it| it.starts_with('-')).count();
    let script = *texts.get(at)?;
    // `bun run NAME` starts a script of the project.
    (unversioned != "bun" || script != "run").then_some(at)
}

/// Whether a server program, with these arguments, only prepares something and exits.
fn is_preparation(name: &str, arguments: &[&str]) -> bool {
    let first = arguments.first().copied().unwrap_or_default();
    match name {
        "next" | "nuxt" | "vite" => {
            matches!(first, "build" | "generate" | "lint" | "info" | "telemetry")
        }
        "ollama" | "vllm" => first != "serve",
        "caddy" => matches!(first, "fmt" | "validate" | "adapt" | "hash-password" | "reload"),
        "minio" => first != "server",
        "mlflow" => !matches!(first, "server" | "ui"),
        "rq" => first != "worker",
        "postgres" | "mysqld" | "mariadbd" => {
            arguments.iter().any(|it| it.starts_with("--initialize"))
        }
        "kc.sh" => matches!(first, "build" | "export" | "import"),
        _ => false,
    }
}

/// Words in the name of a task of Rake that runs until it is stopped: `jobs:work`, `resque:scheduler`.
const LASTING_TASKS: &[&str] = &[
    "work",
    "worker",
    "workers",
    "start",
    "run",
    "watch",
    "server",
    "serve",
    "scheduler",
    "listen",
    "listener",
    "consume",
    "consumer",
    "poll",
    "daemon",
];

/// Words with which the client of MinIO runs until it is stopped.
/// Source: MinIO documentation, "MinIO Client": `mc mirror --watch`, `mc watch`, `mc admin trace`.
const LASTING_MC: &[&str] = &["--watch", "-w", "watch", "trace", "console", "--follow", "-f"];

/// Whether a container with these commands certainly does its work and ends.
#[must_use]
pub fn runs_to_an_end(commands: &[Command]) -> bool {
    let Some((last, before)) = commands.split_last() else { return false };
    let is_endless = |it: &Command| match it.place {
        Place::WhileCondition => !it.negated && matches!(it.name(), "true" | ":" | "sleep"),
        Place::UntilCondition => it.name() == "false",
        Place::LoopBody | Place::Plain => {
            is_server_start(it) || matches!(it.name(), "tail" | "wait" | "crond" | "supercronic")
        }
    };
    // Commands after a failure do not show how the command usually ends.
    let is_conditional = before.last().is_some_and(|it| it.joint == Joint::Or);
    let ends = match last.name() {
        "exit" => !before.is_empty() && last.texts() == ["exit", "0"],
        "rails" | "rake" => is_task_of_rake(last),
        "mc" => !last.texts().iter().any(|it| LASTING_MC.contains(it)),
        _ => false,
    };
    ends && !is_conditional && last.place == Place::Plain && !commands.iter().any(is_endless)
}

/// Whether a command runs a task of Rake that ends: `rake search:reindex`, `rails db:seed`.
///
/// Source: <https://guides.rubyonrails.org/command_line.html>.
fn is_task_of_rake(command: &Command) -> bool {
    let task = command.program()[1..].iter().find(|it| !it.text.starts_with('-'));
    let mut words = task.iter().flat_map(|it| it.text.split([':', '_', '[', '-']));
    task.is_some_and(|it| it.text.contains(':')) && !words.any(|it| LASTING_TASKS.contains(&it))
}

/// Programs and builtins that change nothing that matters at start.
const TRIVIAL: &[&str] = &[
    "echo", "printf", "cd", "set", "export", "true", ":", "exit", "env", "date", "pwd", "ls",
    "cat", "whoami", "id", "test", "[", "[[", "trap", "umask", "ulimit", "source", ".", "wait",
    "mkdir", "chmod", "chown", "sleep", "shift", "unset", "local", "return", "ln", "touch", "rm",
    "cp", "mv",
];

/// Whether a command changes nothing that matters at start: it prints, changes directory, sets
/// options, or ends the script.
#[must_use]
pub fn is_trivial(command: &Command) -> bool {
    command.words.is_empty() || TRIVIAL.contains(&command.name())
}

/// The seconds of a day.
const DAY: f64 = 86_400.0;

/// Returns the seconds of a fixed sleep outside a loop, rounded up: `sleep 10`, `sleep 1m`. A sleep
/// of a day or more keeps a container alive rather than waiting for another, so it does not count.
#[must_use]
pub fn fixed_sleep(command: &Command) -> Option<u64> {
    if command.name() != "sleep" || command.place != Place::Plain {
        return None;
    }
    let durations = command.program()[1..].iter().map(|it| seconds(&it.text));
    let total = durations.sum::<Option<f64>>()?;
    (0.0 < total && total < DAY).then_some(total.ceil() as u64)
}

/// Returns the seconds of one argument of `sleep`: `10`, `0.5`, `1m`.
fn seconds(text: &str) -> Option<f64> {
    let (number, unit) = match text.char_indices().next_back()? {
        (at, 's') => (&text[..at], 1.0),
        (at, 'm') => (&text[..at], 60.0),
        (at, 'h') => (&text[..at], 3600.0),
        (at, 'd') => (&text[..at], DAY),
        _ => (text, 1.0),
    };
    // What Rust also reads as a number, such as `infinity` and `1e3`, is not a fixed sleep here.
    let plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    number.parse::<f64>().ok().filter(|_| plain).map(|number| number * unit)
}

/// A command that waits for something else to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait<'a> {
    /// The program that waits, such as `wait-for-it.sh` or `nc`.
    pub tool: &'a str,
    pub targets: Vec<Target<'a>>,
}

/// A host that a command waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    pub host: &'a str,
    pub port: Option<u16>,
    /// The word that contains the host.
    pub word: &'a Word,
}

/// Returns the wait that a command is: a helper made for waiting, or a check as the condition of a
/// loop.
#[must_use]
pub fn wait_of(command: &Command) -> Option<Wait<'_>> {
    let connected: Vec<Target<'_>> = command.connections.iter().filter_map(connection).collect();
    let is_loop = match command.place {
        Place::UntilCondition => true,
        Place::WhileCondition => command.negated,
        Place::LoopBody | Place::Plain => false,
    };
    // In `while ! (echo > /dev/tcp/db/5432)`, the `!` stands before the parentheses.
    let is_condition = matches!(command.place, Place::UntilCondition | Place::WhileCondition);
    if is_condition && !connected.is_empty() {
        return Some(Wait { tool: "/dev/tcp", targets: connected });
    }
    let program = command.program();
    let first = program.first()?;
    let tool = base_name(&first.text);
    let arguments = &program[1..];
    let helper = is_wait_helper(tool)
        || (tool == "dockerize"
            && arguments.iter().any(|it| it.text.starts_with("-wait") || it.text == "--wait"))
        || (tool == "wait" && first.text.contains('/'))
        || (tool == "kubectl" && arguments.first().is_some_and(|it| it.text == "wait"))
        || arguments.iter().any(|it| it.text == "wait_for_db" || it.text == "wait_for_database");
    let looped = is_loop && (command.place == Place::UntilCondition || is_check(tool));
    if !helper && !looped {
        return None;
    }
    Some(Wait { tool, targets: targets(tool, arguments) })
}

/// Returns the host of a redirection to `/dev/tcp/HOST/PORT`, with which Bash connects.
///
/// Source: Bash reference manual, "Redirections".
fn connection(word: &Word) -> Option<Target<'_>> {
    let (host, port) = word.text.strip_prefix("/dev/tcp/")?.split_once('/')?;
    net::is_host(host).then(|| Target { host, port: port.parse().ok(), word })
}

/// Clients that take the host after `-h` or `--host`.
const CLIENTS: &[&str] = &[
    "pg_isready",
    "psql",
    "mysqladmin",
    "mysql",
    "mariadb",
    "mariadb-admin",
    "redis-cli",
    "valkey-cli",
    "mongosh",
    "mongo",
    "sqlcmd",
    "cqlsh",
    "clickhouse-client",
    "etcdctl",
    "consul",
];

/// Whether a program checks that something answers.
fn is_check(tool: &str) -> bool {
    CLIENTS.contains(&tool)
        || is_netcat(tool)
        || is_lookup(tool)
        || matches!(tool, "curl" | "wget" | "telnet" | "timeout")
}

fn is_netcat(tool: &str) -> bool {
    matches!(tool, "nc" | "ncat" | "netcat")
}

/// Whether a program looks up or reaches a host without a port.
fn is_lookup(tool: &str) -> bool {
    matches!(tool, "nslookup" | "getent" | "ping" | "dig" | "host")
}

/// Returns the hosts in the arguments of a program that waits.
fn targets<'a>(tool: &str, arguments: &'a [Word]) -> Vec<Target<'a>> {
    if is_lookup(tool) {
        let host = arguments.iter().find(|it| {
            let text = it.text.as_str();
            !text.starts_with('-') && !matches!(text, "hosts" | "ahosts") && net::is_host(text)
        });
        return host
            .map(|it| Target { host: &it.text, port: None, word: it })
            .into_iter()
            .collect();
    }
    let own_form = if is_netcat(tool) || tool == "telnet" {
        host_and_port_words(arguments)
    } else if CLIENTS.contains(&tool) {
        host_option(arguments, &["-h", "--host", "-H"], &["-p", "--port", "-P"])
    } else {
        None
    };
    if let Some(target) = own_form {
        return vec![target];
    }
    let endpoints: Vec<Target<'a>> = arguments.iter().flat_map(endpoints_in).collect();
    if !endpoints.is_empty() {
        return endpoints;
    }
    let last_resort = host_option(arguments, &["-h", "--host"], &["-p", "--port"])
        .or_else(|| if matches!(tool, "curl" | "wget") { bare_url(arguments) } else { None });
    last_resort.into_iter().collect()
}

/// Returns the target of `nc -z db 5432`.
fn host_and_port_words(arguments: &[Word]) -> Option<Target<'_>> {
    let mut plain = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.text.as_str() {
            // Options of nc that take a value; `-zw 2` is `-z -w 2`.
            "-w" | "-i" | "-q" | "-s" | "-p" | "-G" => drop(words.next()),
            text if text.starts_with('-') && text.ends_with('w') => drop(words.next()),
            text if text.starts_with('-') => {}
            _ => plain.push(word),
        }
    }
    let word = plain.first().filter(|it| net::is_host(&it.text))?;
    let port = plain.get(1).and_then(|it| it.text.parse().ok());
    Some(Target { host: &word.text, port, word })
}

/// Returns the target of `pg_isready -h db -p 5432`.
fn host_option<'a>(
    arguments: &'a [Word],
    host_names: &[&str],
    port_names: &[&str],
) -> Option<Target<'a>> {
    let (word, host) = option(arguments, host_names).filter(|it| net::is_host(it.1))?;
    let port = option(arguments, port_names).and_then(|it| it.1.parse().ok());
    Some(Target { host, port, word })
}

/// Returns the hosts in one argument: `http://db:80/x`, `tcp://db:5432`, `db:5432`.
fn endpoints_in(word: &Word) -> Vec<Target<'_>> {
    let found = net::endpoints(&word.text);
    // As an argument of a wait helper, `db:80` is an address whatever the port.
    if found.is_empty()
        && let Some((host, port)) = word.text.split_once(':')
        && net::is_host(host)
        && let Ok(port) = port.parse()
    {
        return vec![Target { host, port: Some(port), word }];
    }
    found.iter().map(|it| Target { host: it.host, port: it.effective_port(), word }).collect()
}

/// Returns the target of `curl db/health`.
fn bare_url(arguments: &[Word]) -> Option<Target<'_>> {
    let word =
        arguments.iter().find(|it| !it.text.starts_with('-') && it.text.contains(['/', '.']))?;
    let host = word.text.split(['/', ':']).next().filter(|it| net::is_host(it))?;
    Some(Target { host, port: None, word })
}

/// Returns the value of an option and the word that contains it: `-h db`, `-hdb`, `--host=db`.
fn option<'a>(arguments: &'a [Word], names: &[&str]) -> Option<(&'a Word, &'a str)> {
    for (at, word) in arguments.iter().enumerate() {
        for name in names {
            if word.text == *name {
                return arguments.get(at + 1).map(|it| (it, it.text.as_str()));
            }
            let Some(rest) = word.text.strip_prefix(name) else { continue };
            let value = if name.starts_with("--") { rest.strip_prefix('=') } else { Some(rest) };
            if let Some(value) = value {
                return Some((word, value));
            }
        }
    }
    None
}
#[cfg(test)]
mod tests;
