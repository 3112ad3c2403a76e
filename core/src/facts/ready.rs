//! Whether the ready check of an image family would tell the truth about a service, which decides whether a
//! fix may write the check, or make others wait for it, without being read first.

use super::{Facts, Health, Service, Wait, is_below};
use crate::edit::Yaml;
use crate::knowledge::checks::{self, Flaw};
use crate::knowledge::families::{Certainty, Class};
use crate::knowledge::net;
use crate::knowledge::patience::Patience;
use crate::knowledge::ready::{is_client, settings_of};
use crate::model::compose::{Condition, Healthcheck, MountKind};
use crate::report::{Edit, Fix, Safety};
use crate::text::Spanned;
use std::time::Duration;

/// How well it is known what a ready check says about a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadyCheck {
    /// Image, command, listeners and credentials are those that the check is written for.
    Understood,
    /// Something about the service may make the check fail.
    Unread,
    /// The check would fail: the server asks for a password or listens elsewhere, or there is no server.
    Contradicted,
}

impl<'a> Facts<'a> {
    /// Returns the fix that gives a service the ready check of its image family: safe where everything about
    /// the service is understood, and `None` where the check would fail.
    pub fn healthcheck_fix(&self, service: &Service<'a>, title: String) -> Option<Fix> {
        let edit = self.healthcheck_entry(service)?;
        match service.ready_check() {
            ReadyCheck::Understood => Some(Fix::safe(title, [edit])),
            ReadyCheck::Unread => Some(Fix::r#unsafe(title, [edit])),
            ReadyCheck::Contradicted => None,
        }
    }

    /// Returns how safe it is to make others wait for the health of a service, with the ready check of its
    /// image family where it has no healthcheck; `None` where they would wait in vain.
    pub fn wait_safety(&self, on: &Service<'a>) -> Option<Safety> {
        let trust = match &on.model.healthcheck {
            Some(_) if self.broken_check(on).is_some() => ReadyCheck::Contradicted,
            Some(check) => self.written_check(on, check),
            None if self.image_brings_check(on) => ReadyCheck::Unread,
            None => on.ready_check(),
        };
        // Somebody chose a short time to start, and may know that it is enough.
        let is_short = || {
            let lacking = self.lacking_time_to_start(on);
            lacking.is_some_and(|(check, _)| check.start_period.is_some())
        };
        match trust {
            ReadyCheck::Understood if is_short() => Some(Safety::Unsafe),
            ReadyCheck::Understood => Some(Safety::Safe),
            ReadyCheck::Unread => Some(Safety::Unsafe),
            ReadyCheck::Contradicted => None,
        }
    }

    /// Whether a service has no healthcheck of its own, and its image or its Dockerfile is known to bring one.
    pub fn image_brings_check(&self, service: &Service<'a>) -> bool {
        service.model.healthcheck.is_none() && self.health(service) == Health::Checked
    }

    /// Returns the edit that gives a service more time to start, before others wait for its health: an empty list
    /// where its healthcheck has time enough or says itself how much it has, and `None` where the time cannot be
    /// written here.
    pub fn time_to_start(&self, on: &Service<'a>) -> Option<Vec<Edit>> {
        let Some((check, period)) = self.lacking_time_to_start(on) else { return Some(Vec::new()) };
        if check.start_period.is_some() {
            return Some(Vec::new());
        }
        let place = check.place.as_ref()?;
        Some(vec![self.insert_entry(place, "start_period", &Yaml::raw(period))?])
    }

    /// Returns the healthcheck of a service that may give the service up while it starts, and the `start_period`
    /// that would be enough.
    ///
    /// Compose gives a dependency up as soon as its container is unhealthy, which it is after `retries` failures
    /// in a row. Failures within `start_period` do not count, and a check that passes ends the wait at once.
    ///
    /// Source: <https://docs.docker.com/reference/dockerfile/#healthcheck>
    fn lacking_time_to_start(&self, on: &Service<'a>) -> Option<(&'a Healthcheck, &'static str)> {
        let check = on.model.healthcheck.as_ref()?;
        let seconds = |it: &Option<Spanned<Duration>>| it.as_ref().map(|it| it.value.as_secs_f64());
        let interval = seconds(&check.interval).unwrap_or(30.0);
        let retries = check.retries.as_ref().map_or(3, |it| it.value.max(1)) as f64;
        let given = seconds(&check.start_period).unwrap_or_default() + interval * retries;
        let class = on.unit.family().map(|it| it.class);
        let is_quick = class == Some(Class::Cache) || on.unit.is_family("postgres");
        let (needed, period) = match on.unit.family().is_some_and(|it| it.is_data_store()) {
            _ if is_quick => (0.0, ""),
            true => (60.0, "60s"),
            // Nobody knows how long a program of the project takes; many load for more than a minute.
            false => (120.0, "120s"),
        };
        (given < needed).then_some((check, period))
    }

    /// Whether a service may start before the one that it depends on can answer. Swarm ignores `depends_on`,
    /// and takes it as a list only.
    pub fn is_early(&self, wait: &Wait<'_, 'a>) -> bool {
        let (from, on) = (wait.from, wait.on);
        let is_checked = || match on.model.healthcheck {
            Some(_) => self.health(on) == Health::Checked,
            None => self.image_brings_check(on) && !is_beside_the_application(on),
        };
        wait.dependency.condition.value == Condition::Started
            && (is_checked() || on.must_be_ready())
            && !self.is_one_shot(on)
            && !self.is_for_swarm(from)
            && !self.leaves_to_sidecar(from, on)
            && self.patience(from, on) != Patience::Waits
    }

    /// Returns the code of the rule that says why the healthcheck of a service can never pass.
    pub fn broken_check(&self, service: &Service<'a>) -> Option<&'static str> {
        let check = service.model.healthcheck.as_ref().filter(|it| !it.disabled)?;
        let test = check.test.as_ref()?;
        let words: Vec<&str> = test.arguments().iter().map(|it| it.as_str()).collect();
        if checks::flaw(words.last()?, true) == Some(Flaw::EndsInSuccess) {
            return None;
        }
        if self.missing_tool(&service.unit, &words, test.is_shell()).is_some() {
            return Some("PLM621");
        }
        let has_bash = service.unit.family().is_some_and(|it| checks::may_have_bash_as_sh(it.id));
        let flaw = checks::flaw(&words.join(" "), has_bash || !test.is_shell());
        flaw.is_some_and(Flaw::always_fails).then_some("PLM624")
    }

    /// Whether a healthcheck that somebody wrote is known to pass: others already wait for it, or it asks as
    /// the image family's own ready check does.
    pub fn written_check(&self, service: &Service<'a>, check: &Healthcheck) -> ReadyCheck {
        let is_awaited = self.is_awaited_healthy(service);
        let asks_like_family =
            service.ready_shell().zip(check.test.as_ref()).is_some_and(|(shell, test)| {
                let text = test.arguments().iter().map(|it| it.as_str()).collect::<Vec<_>>();
                let text = text.join(" ");
                let words: Vec<&str> = text.split_whitespace().collect();
                words.first().copied() == shell.split_whitespace().next() && !asks_elsewhere(&words)
            });
        match is_awaited || asks_like_family && service.ready_check() == ReadyCheck::Understood {
            true => ReadyCheck::Understood,
            false => ReadyCheck::Unread,
        }
    }
}

/// Whether a service runs the image of a helper or of monitoring: that such an image brings a healthcheck does not
/// say that anybody needs it at once.
fn is_beside_the_application(service: &Service<'_>) -> bool {
    let family = service.unit.family().filter(|_| !service.is_built());
    family.is_some_and(|it| matches!(it.class, Class::Tool | Class::Monitoring | Class::AdminUi))
}

/// Whether the options of a check name a host or a port that may not be the server's own.
fn asks_elsewhere(words: &[&str]) -> bool {
    let here = |host: &str| net::is_loopback(host);
    words.iter().enumerate().any(|(at, word)| {
        let next = || words.get(at + 1).is_some_and(|it| here(it));
        match word.strip_prefix("--host=").or_else(|| word.strip_prefix("-h")) {
            _ if *word == "--host" => !next(),
            Some("") => !next(),
            Some(host) => !here(host),
            None => ["-p", "--port", "-a", "--tls"].iter().any(|flag| word.starts_with(flag)),
        }
    })
}

impl Service<'_> {
    /// Returns how well it is known what the ready check of its image family says about it.
    pub fn ready_check(&self) -> ReadyCheck {
        let Some(shell) = self.ready_shell() else { return ReadyCheck::Unread };
        if self.is_client_only()
            || self.wants_unknown_password(shell)
            || self.listens_elsewhere(shell)
        {
            return ReadyCheck::Contradicted;
        }
        if self.is_understood() { ReadyCheck::Understood } else { ReadyCheck::Unread }
    }

    /// Whether it runs a server whose clients are of no use until it answers.
    pub fn must_be_ready(&self) -> bool {
        self.unit.family().is_some_and(|it| it.must_be_ready()) && !self.is_client_only()
    }

    /// Whether its command runs a client of the image and no server.
    fn is_client_only(&self) -> bool {
        let commands = &self.unit.start.commands;
        let serves = |name: &str| {
            ["server", "entrypoint", "start", "run"].iter().any(|word| name.contains(word))
                || matches!(name, "mysqld" | "mariadbd" | "mongod" | "postgres")
        };
        commands.iter().any(|it| is_client(it.name()))
            && !commands.iter().any(|it| serves(it.name()))
    }

    /// Whether the server asks for a password that the check does not send.
    fn wants_unknown_password(&self, shell: &str) -> bool {
        let asks_without = shell.contains("-cli ping") && !shell.contains("AUTH");
        let words = self.unit.start.words.iter().map(|it| it.as_str());
        let values = self.unit.env.iter().filter_map(|it| it.value);
        let is_password =
            |name: &str| name.ends_with("PASSWORD") || name.ends_with("PASSWORD_FILE");
        asks_without
            && (words.chain(values).any(|text| text.contains("requirepass"))
                || self.unit.env.iter().any(|it| is_password(it.name)))
    }

    /// Whether the address that the check asks is none that the server listens on.
    fn listens_elsewhere(&self, shell: &str) -> bool {
        let Some(family) = self.unit.family() else { return false };
        let asked = shell
            .split_once("localhost:")
            .map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        let main = || family.ports().first().map(ToString::to_string);
        let Some(port) = asked.clone().or_else(main) else { return false };
        let moved = port_options(&self.unit.start.joined()).any(|other| other != port);
        if moved || family.id != "kafka" {
            return moved;
        }
        let value = |names: [&str; 2]| names.into_iter().find_map(|it| self.unit.value(it));
        // Without listeners, the images listen on every address at the advertised ports.
        let (listeners, all) = match value(["KAFKA_LISTENERS", "KAFKA_CFG_LISTENERS"]) {
            Some(it) => (it, false),
            None => match value(["KAFKA_ADVERTISED_LISTENERS", "KAFKA_CFG_ADVERTISED_LISTENERS"]) {
                Some(it) => (it, true),
                None => return false,
            },
        };
        !listeners.split(',').any(|listener| {
            let address = listener.rsplit_once("//").map_or(listener, |it| it.1);
            let (host, at) = address.rsplit_once(':').unwrap_or((address, ""));
            let near = matches!(host.trim(), "" | "0.0.0.0" | "localhost" | "127.0.0.1" | "[::]");
            at.trim() == port && (all || near)
        })
    }

    /// Whether everything that could change the answer of the ready check is known.
    fn is_understood(&self) -> bool {
        let model = self.model;
        let Some(image) = self.unit.image.as_ref() else { return false };
        let Some(settings) = settings_of(&image.repository) else { return false };
        let words: Vec<&str> = self.unit.start.words.iter().map(|it| it.as_str()).collect();
        let data = image.family.map(|it| it.data_dirs(&image.repository, image.major));
        let is_harmless = |target: &str| {
            let dirs = data.iter().flatten();
            let is_data = dirs.clone().any(|dir| is_below(target, dir) || is_below(dir, target));
            is_data || is_below(target, "/docker-entrypoint-initdb.d") || target == "/etc/localtime"
        };
        // Without a version, an older image without the client may be what is there, and an image that is
        // emulated takes longer than the check allows for.
        image.certainty == Certainty::Certain
            && image.major.is_some()
            && model.platform.is_none()
            && model.build.is_none()
            && model.entrypoint.is_none()
            && model.configs.is_empty()
            && model.env_files.iter().all(|it| it.file.is_some())
            && self.unit.env.iter().all(|it| settings.knows_variable(it.name))
            && settings.knows_command(&words)
            && model
                .volumes
                .iter()
                .all(|it| it.kind != MountKind::Bind || is_harmless(it.target.as_str()))
    }
}

/// Returns the values of the options in a command that set a port: `--port 6380`, `-p=5433`.
fn port_options(command: &str) -> impl Iterator<Item = &str> {
    let words: Vec<&str> = command.split([' ', '=']).filter(|it| !it.is_empty()).collect();
    let pairs: Vec<(&str, &str)> = words.windows(2).map(|pair| (pair[0], pair[1])).collect();
    pairs.into_iter().filter(|(flag, _)| matches!(*flag, "--port" | "-p" | "port")).map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::ReadyCheck::{self, *};
    use crate::Workspace;
    use crate::config::Config;

    #[track_caller]
    fn check(service: &str) -> ReadyCheck {
        let mut workspace = Workspace::default();
        workspace.set("compose.yaml", format!("services: {{s: {{{service}}}}}\n").as_str());
        let analysis = workspace.analysis(&Config::default());
        analysis.facts().services()[0].ready_check()
    }

    #[test]
    fn a_server_as_its_image_starts_it_is_understood() {
        assert_eq!(check("image: 'postgres:17', environment: {POSTGRES_PASSWORD: x}"), Understood);
        assert_eq!(check("image: 'redis:8', command: redis-server --appendonly yes"), Understood);
        let data = "image: 'mysql:8', volumes: ['./data:/var/lib/mysql', './init:/docker-entrypoint-initdb.d']";
        assert_eq!(check(data), Understood);
    }

    #[test]
    fn what_may_change_the_answer_is_read_first() {
        for service in [
            "image: 'postgres:17', environment: {PGPORT: 5433}",
            "image: 'postgres:17', volumes: ['./postgresql.conf:/etc/postgresql/postgresql.conf']",
            "image: 'postgres:17', entrypoint: /start.sh",
            "image: 'postgres:17', env_file: missing.env",
            "image: 'redis:8', command: redis-server /etc/redis.conf",
            "image: 'registry.example/postgres:17'",
            "image: 'postgres:17', build: ./db",
            "image: 'postgres'",
            "image: 'mongo:latest'",
            "image: 'mysql:8.4', platform: linux/amd64",
        ] {
            assert_eq!(check(service), Unread, "{service}");
        }
    }

    #[test]
    fn a_password_from_a_file_contradicts() {
        let command = "command: sh -c 'redis-server --requirepass $$(cat /run/secrets/redis)'";
        assert_eq!(check(&format!("image: 'redis:8', {command}")), Contradicted);
        let file = "environment: {REDIS_PASSWORD_FILE: /run/secrets/redis}";
        assert_eq!(check(&format!("image: 'bitnami/redis:8', {file}")), Contradicted);
    }

    #[test]
    fn a_listener_elsewhere_contradicts() {
        let kafka = |listeners: &str| {
            check(&format!(
                "image: 'apache/kafka:4.0.0', environment: {{KAFKA_LISTENERS: '{listeners}'}}"
            ))
        };
        assert_eq!(kafka("PLAINTEXT://kafka:9092,CONTROLLER://kafka:9093"), Contradicted);
        assert_eq!(kafka("PLAINTEXT://:19092"), Contradicted);
        assert_eq!(kafka("PLAINTEXT://0.0.0.0:9092"), Unread);
        assert_eq!(check("image: 'redis:8', command: redis-server --port 6380"), Contradicted);
    }

    #[test]
    fn a_client_of_the_family_contradicts() {
        let command = "command: kafka-producer-perf-test --topic t";
        assert_eq!(
            check(&format!("image: 'confluentinc/cp-kafka:7.6.0', {command}")),
            Contradicted
        );
        assert_eq!(check("image: 'postgres:17', command: psql -h db"), Contradicted);
    }
}
