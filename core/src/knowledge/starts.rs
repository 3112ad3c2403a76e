//! What a simple command does at start: serves, waits, sleeps, or prepares.
//!
//! Source: the command line pages of each server and of the wait helpers (`wait-for-it`,
//! `dockerize`, `wait-for`, `wait4x`).

use super::net;
use super::shell::{Command, Place, Word, base_name};
use crate::words::{Words, is_among, lines};

/// Programs that serve until they are stopped, whatever their arguments.
const SERVERS: Words = Words::new(
    "gunicorn uvicorn hypercorn daphne granian waitress-serve uwsgi unit unitd puma unicorn thin \
    passenger php-fpm apache2-foreground httpd-foreground apachectl nginx openresty supervisord \
    frankenphp catalina.sh standalone.sh nodemon pm2-runtime ts-node-dev caddy traefik haproxy \
    envoy redis-server valkey-server postgres mysqld mariadbd mongod rabbitmq-server memcached \
    kc.sh vllm ollama tritonserver text-generation-launcher torchserve sidekiq resque good_job \
    dramatiq rq huey_consumer huey_consumer.py arq faktory streamlit chainlit mlflow jupyter air \
    next nuxt vite webpack-dev-server http-server serve json-server crond cron supercronic \
    prometheus grafana-server minio etcd",
);

/// Programs that serve when a given word follows: `celery … worker`, `rails server`.
const SERVING_WORDS: &str = "\
celery: worker beat flower
flask: run
fastapi: run dev
rails: server s
manage.py: runserver runserver_plus run_gunicorn qcluster rqworker db_worker
django-admin: runserver
artisan: serve queue:work queue:listen horizon octane:start schedule:work reverb:start
console: messenger:consume server:run
symfony: serve server:start
mix: phx.server
airflow: webserver scheduler worker api-server standalone triggerer
dagster: dev
dagster-webserver: -h
n8n: start worker
ng: serve
gatsby: develop serve
astro: dev preview
remix-serve:
quarkus: dev
dagger: run
dotnet: run watch
temporal-server: start
hasura: console
nest: start
strapi: start develop
directus: start
medusa: start develop
deno: serve task
cargo: run
redpanda: start
weed: server master volume filer s3 mount
consul: agent
vault: server
cockroach: start start-single-node
nomad: agent
surreal: start
hugo: server
go: run
";

/// Package managers, and the script names that serve.
const RUNNERS: &str = "npm yarn pnpm bun make just task rake composer deno";
const SERVING_SCRIPTS: &str =
    "start serve server dev develop prod production preview run worker web api";

/// Whether a command surely starts a long-running process.
#[must_use]
pub fn is_server_start(command: &Command) -> bool {
    let program = command.program();
    let Some(first) = program.first() else { return false };
    if first.text.starts_with("$@") || first.text == "$*" {
        // `exec "$@"` at the end of an entrypoint script hands over to the image's command.
        return command.words.first().is_some_and(|it| it.text == "exec");
    }
    let name = base_name(&first.text);
    let texts: Vec<&str> = program.iter().map(|it| it.text.as_str()).collect();
    if texts.iter().any(|it| is_among("--version --help -V -t --check-config validate", it)) {
        return false;
    }
    // `python manage.py runserver`, `php artisan serve`, `python -m uvicorn`.
    let script = script_index(&texts);
    let name = script.map_or(name, |it| base_name(texts[it]));
    let arguments = &texts[script.unwrap_or(0) + 1..];
    if SERVERS.has(name) && !is_preparation(name, arguments) {
        return true;
    }
    if name == "dotnet" && arguments.first().is_some_and(|it| it.ends_with(".dll")) {
        return true;
    }
    let words = |it: &'static str| it.strip_prefix(name)?.strip_prefix(':');
    if let Some(words) = lines(SERVING_WORDS).find_map(words) {
        return words.is_empty() || arguments.iter().any(|it| is_among(words, it));
    }
    if is_among(RUNNERS, name) {
        let script = arguments
            .iter()
            .find(|it| !it.starts_with('-') && !matches!(**it, "run" | "run-script"));
        return script.is_some_and(|it| {
            it.split([':', '-']).next().is_some_and(|it| is_among(SERVING_SCRIPTS, it))
        });
    }
    if matches!(name, "java") {
        return arguments
            .iter()
            .any(|it| *it == "-jar" || it.ends_with(".jar") || it.contains("JarLauncher"));
    }
    let stem = name.split_once('.').map_or(name, |it| it.0);
    is_among("server runserver start-server serve httpd main-server webserver", stem)
        || (is_among("app index main", stem) && script.is_some())
}

/// The script or module that an interpreter runs.
fn script_index(texts: &[&str]) -> Option<usize> {
    let name = base_name(texts.first()?);
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !is_among("python php node ruby tsx ts-node bun perl pypy", bare) {
        return None;
    }
    let skip = texts[1..].iter().take_while(|it| it.starts_with('-')).count();
    let found = texts.get(skip + 1)?;
    (*found != "run" || bare != "bun").then_some(skip + 1)
}

/// Server programs that with these words prepare something and end.
fn is_preparation(name: &str, arguments: &[&str]) -> bool {
    let first = arguments.first().copied().unwrap_or_default();
    match name {
        "next" | "nuxt" | "vite" => is_among("build generate lint info telemetry", first),
        "ollama" => first != "serve",
        "vllm" => first != "serve",
        "caddy" => is_among("fmt validate adapt hash-password reload", first),
        "minio" => first != "server",
        "mlflow" => !matches!(first, "server" | "ui"),
        "rq" => first != "worker",
        "postgres" | "mysqld" | "mariadbd" => {
            arguments.iter().any(|it| it.starts_with("--initialize"))
        }
        "kc.sh" => is_among("build export import", first),
        _ => false,
    }
}

const TRIVIAL: &str = "echo printf cd set export true : exit env date pwd ls cat whoami id test \
    [ [[ trap umask ulimit source . wait mkdir chmod chown sleep shift unset local return ln \
    touch rm cp mv";

/// Whether a command changes nothing that matters at start: it prints, changes directory, sets
/// options, or ends the script.
#[must_use]
pub fn is_trivial(command: &Command) -> bool {
    command.words.is_empty() || is_among(TRIVIAL, command.name())
}

/// The seconds of a fixed sleep outside a loop: `sleep 10`, `sleep 1m`. Endless sleeps are none.
#[must_use]
pub fn fixed_sleep(command: &Command) -> Option<u64> {
    if command.name() != "sleep" || command.place != Place::Plain {
        return None;
    }
    // Milliseconds.
    let mut total = 0_u64;
    for word in &command.program()[1..] {
        let text = word.text.as_str();
        let (digits, unit) = match text.char_indices().next_back()? {
            (at, 's') => (&text[..at], 1),
            (at, 'm') => (&text[..at], 60),
            (at, 'h') => (&text[..at], 3600),
            (at, 'd') => (&text[..at], 86_400),
            _ => (text, 1),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if digits == "." || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let thousandths: u64 = format!("0{whole}{:0<3.3}", fraction).parse().ok()?;
        total = total.saturating_add(thousandths.saturating_mul(unit));
    }
    // A day and more is a container that is kept alive, not one that waits for another.
    (0 < total && total < 86_400_000).then_some(total.div_ceil(1000))
}

/// A command that waits for something else to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait<'a> {
    /// The program that waits, such as `wait-for-it.sh` or `nc`.
    pub tool: &'a str,
    pub targets: Vec<Target<'a>>,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    pub host: &'a str,
    pub port: Option<u16>,
    /// The word that holds the host.
    pub word: &'a Word,
}

/// Whether a command waits: a helper made for it, or a check as the condition of a loop.
#[must_use]
pub fn wait_of(command: &Command) -> Option<Wait<'_>> {
    let program = command.program();
    let first = program.first()?;
    let tool = base_name(&first.text);
    let arguments = &program[1..];
    let stem = tool.strip_suffix(".sh").or_else(|| tool.strip_suffix(".py"));
    let stem = stem.unwrap_or(tool).replace('_', "-");
    let helper = stem == "wait-for-it"
        || stem == "wait4x"
        || stem == "waitforit"
        || stem.starts_with("wait-for")
        || (tool == "dockerize"
            && arguments.iter().any(|it| it.text.starts_with("-wait") || it.text == "--wait"))
        || (tool == "wait" && first.text.contains('/'))
        || (tool == "kubectl" && arguments.first().is_some_and(|it| it.text == "wait"))
        || arguments.iter().any(|it| it.text == "wait_for_db" || it.text == "wait_for_database");
    let looped = match command.place {
        Place::UntilCondition => true,
        Place::WhileCondition => command.negated && is_check(tool),
        Place::LoopBody | Place::Plain => false,
    };
    if !helper && !looped {
        return None;
    }
    Some(Wait { tool, targets: targets(tool, arguments) })
}

/// Programs that ask whether something answers.
fn is_check(tool: &str) -> bool {
    is_among(CLIENTS, tool)
        || is_among("nc ncat netcat curl wget nslookup getent ping dig host telnet timeout", tool)
}

/// Clients that take the host behind `-h` or `--host`.
const CLIENTS: &str = "pg_isready psql mysqladmin mysql mariadb mariadb-admin redis-cli \
    valkey-cli mongosh mongo sqlcmd cqlsh clickhouse-client etcdctl consul";

fn targets<'a>(tool: &str, arguments: &'a [Word]) -> Vec<Target<'a>> {
    let target = |word: &'a Word, text: &'a str, port| Target { host: text, port, word };
    let mut out = Vec::new();
    if is_among("nc ncat netcat telnet", tool) {
        let mut plain = Vec::new();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.text.as_str() {
                // Options of nc that take a value.
                "-w" | "-i" | "-q" | "-s" | "-p" | "-G" => drop(words.next()),
                it if it.starts_with('-') && it.ends_with('w') => drop(words.next()),
                it if it.starts_with('-') => {}
                _ => plain.push(word),
            }
        }
        if let Some(host) = plain.first().filter(|it| net::is_host(&it.text)) {
            out.push(target(host, &host.text, plain.get(1).and_then(|it| it.text.parse().ok())));
        }
        if !out.is_empty() {
            return out;
        }
    }
    if is_among("nslookup getent ping dig host", tool) {
        let plain = arguments.iter().find(|it| {
            let text = it.text.as_str();
            !text.starts_with('-') && !matches!(text, "hosts" | "ahosts") && net::is_host(text)
        });
        out.extend(plain.map(|it| target(it, &it.text, None)));
        return out;
    }
    if is_among(CLIENTS, tool) {
        let port = option(arguments, &["-p", "--port", "-P"]).and_then(|it| it.1.parse().ok());
        if let Some((word, host)) = option(arguments, &["-h", "--host", "-H"])
            && net::is_host(host)
        {
            out.push(target(word, host, port));
            return out;
        }
    }
    for word in arguments {
        let found = net::endpoints(&word.text);
        out.extend(found.iter().map(|it| Target {
            host: it.host,
            port: it.effective_port(),
            word,
        }));
        // A helper's `db:80` is an address whatever the port.
        if found.is_empty()
            && let Some((host, port)) = word.text.split_once(':')
            && net::is_host(host)
            && let Ok(port) = port.parse()
        {
            out.push(target(word, host, Some(port)));
        }
    }
    if out.is_empty()
        && let Some((word, host)) = option(arguments, &["-h", "--host"])
        && net::is_host(host)
    {
        let port = option(arguments, &["-p", "--port"]).and_then(|it| it.1.parse().ok());
        out.push(target(word, host, port));
    }
    if out.is_empty()
        && matches!(tool, "curl" | "wget")
        && let Some(word) =
            arguments.iter().find(|it| !it.text.starts_with('-') && it.text.contains(['/', '.']))
    {
        let host = word.text.split(['/', ':']).next().unwrap_or_default();
        if net::is_host(host) {
            out.push(target(word, host, None));
        }
    }
    out
}

/// The value of an option: `-h db`, `-hdb`, `--host=db`.
fn option<'a>(arguments: &'a [Word], names: &[&str]) -> Option<(&'a Word, &'a str)> {
    for (at, word) in arguments.iter().enumerate() {
        for name in names {
            if word.text == *name {
                return arguments.get(at + 1).map(|it| (it, it.text.as_str()));
            }
            let rest = word.text.strip_prefix(name);
            let value =
                rest.and_then(
                    |it| if name.starts_with("--") { it.strip_prefix('=') } else { Some(it) },
                );
            if let Some(value) = value {
                return Some((word, value));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::shell::commands;

    fn serves(text: &str) -> bool {
        commands(text).last().is_some_and(is_server_start)
    }

    #[test]
    fn tells_servers_from_preparations() {
        for text in [
            "gunicorn app:app",
            "exec \"$@\"",
            "python manage.py runserver",
            "python -m uvicorn x:app",
            "npm start",
            "npm run start:prod",
            "java -Xmx1g -jar app.jar",
            "node server.js",
            "bundle exec rails s -b 0.0.0.0",
            "celery -A x worker",
            "dotnet Web.dll",
            "php artisan queue:work",
            "nginx -g 'daemon off;'",
            "/app/server",
            "exec uvicorn main:app",
            "node dist/main.js",
        ] {
            assert!(serves(text), "{text}");
        }
        for text in [
            "python manage.py migrate",
            "npm run build",
            "next build",
            "nginx -t",
            "echo gunicorn",
            "java -version",
            "node scripts/seed.js",
            "npm ci",
            "celery -A x inspect ping",
            "ollama pull x",
            "rails db:migrate",
            "\"$@\"",
            "",
        ] {
            assert!(!serves(text), "{text}");
        }
    }

    #[test]
    fn reads_sleeps() {
        let sleep = |text: &str| commands(text).first().and_then(fixed_sleep);
        assert_eq!(sleep("sleep 10 && x"), Some(10));
        assert_eq!(sleep("sleep 1m 5s"), Some(65));
        assert_eq!(sleep("sleep 0.5"), Some(1));
        assert_eq!(sleep("sleep infinity"), None);
        assert_eq!(sleep("sleep $T"), None);
        assert_eq!(sleep("sleep 365d"), None);
        let all = commands("until x; do sleep 2; done");
        assert_eq!(all.iter().find_map(fixed_sleep), None);
    }

    #[test]
    fn finds_waits_and_their_targets() {
        let wait = |text: &str| {
            let all = commands(text);
            let found = all.iter().find_map(wait_of);
            found.map(|it| {
                it.targets.iter().map(|it| (it.host.to_owned(), it.port)).collect::<Vec<_>>()
            })
        };
        let db = Some(vec![("db".to_owned(), Some(5432))]);
        assert_eq!(wait("until nc -z -w 2 db 5432; do sleep 1; done"), db);
        assert_eq!(wait("until nc -zv db 5432; do sleep 1; done"), db);
        assert_eq!(wait("while ! nc -z db 5432; do sleep 1; done"), db);
        assert_eq!(wait("until pg_isready -h db -p 5432; do sleep 1; done"), db);
        assert_eq!(wait("./wait-for-it.sh db:5432 -- gunicorn x"), db);
        assert_eq!(wait("dockerize -wait tcp://db:5432 -timeout 20s x"), db);
        assert_eq!(wait("wait-for db:5432"), db);
        assert_eq!(
            wait("until nslookup db; do sleep 2; done"),
            Some(vec![("db".to_owned(), None)])
        );
        assert_eq!(
            wait("until getent hosts db; do sleep 2; done"),
            Some(vec![("db".to_owned(), None)])
        );
        assert_eq!(wait("until curl -sf http://db:5432/x; do sleep 2; done"), db);
        assert_eq!(wait("until mysqladmin ping -hdb -P5432; do sleep 2; done"), db);
        assert_eq!(wait("python manage.py wait_for_db && gunicorn x"), Some(vec![]));
        for text in [
            "while true; do work; done",
            "nc -z db 5432",
            "wait",
            "sleep 5",
            "while read x; do y; done",
            "dockerize -template a:b",
        ] {
            assert_eq!(wait(text), None, "{text}");
        }
    }
}
