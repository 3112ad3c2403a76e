//! Whether the ready check of an image family would tell the truth about a service, which decides whether a
//! fix may write the check, or make others wait for it, without being read first.

use super::{Facts, Health, Service, Wait, is_below};
use crate::knowledge::families::Certainty;
use crate::knowledge::ready::{is_client, settings_of};
use crate::model::compose::{Condition, Healthcheck, MountKind};
use crate::report::{Edit, Fix};

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
        graded(service.ready_check(), title, vec![edit])
    }

    /// Returns the fix that makes a service wait for the health of another one. The edits add the other
    /// one's healthcheck where there is none.
    pub fn wait_fix(&self, on: &Service<'a>, title: String, edits: Vec<Edit>) -> Option<Fix> {
        let trust = match &on.model.healthcheck {
            Some(check) => self.written_check(on, check),
            None => on.ready_check(),
        };
        graded(trust, title, edits)
    }

    /// Whether a service may start before the one that it depends on can answer.
    pub fn is_early(&self, wait: &Wait<'_, 'a>) -> bool {
        let (from, on) = (wait.from, wait.on);
        let is_checked = || on.model.healthcheck.is_some() && self.health(on) == Health::Checked;
        let is_needed = || on.unit.family().is_some_and(|it| it.must_be_ready());
        wait.dependency.condition.value == Condition::Started
            && (is_needed() || is_checked())
            && !self.is_one_shot(on)
            && !self.waits_by_itself(&from.unit)
    }

    /// Whether a healthcheck that somebody wrote is known to pass: others already wait for it, or it asks as
    /// the image family's own ready check does.
    pub fn written_check(&self, service: &Service<'a>, check: &Healthcheck) -> ReadyCheck {
        let is_awaited =
            self.waiters(service).any(|wait| wait.dependency.condition.value == Condition::Healthy);
        let asks_like_family =
            service.ready_shell().zip(check.test.as_ref()).is_some_and(|(shell, test)| {
                let text = test.arguments().iter().map(|it| it.as_str()).collect::<Vec<_>>();
                let text = text.join(" ");
                let mut words = text.split_whitespace();
                let elsewhere = ["-h", "-p", "--host", "--port", "-a", "--tls"];
                words.next() == shell.split_whitespace().next()
                    && !words.any(|word| elsewhere.iter().any(|flag| word.starts_with(flag)))
            });
        match is_awaited || asks_like_family && service.ready_check() == ReadyCheck::Understood {
            true => ReadyCheck::Understood,
            false => ReadyCheck::Unread,
        }
    }
}

fn graded(trust: ReadyCheck, title: String, edits: Vec<Edit>) -> Option<Fix> {
    match trust {
        ReadyCheck::Understood => Some(Fix::safe(title, edits)),
        ReadyCheck::Unread => Some(Fix::r#unsafe(title, edits)),
        ReadyCheck::Contradicted => None,
    }
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
        image.certainty == Certainty::Certain
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
