//! Upkeep of a server: what backs up, watches, terminates TLS and bounds the logs of a Compose project.

use super::Service;
use crate::knowledge::families::Class;
use crate::model::compose::Port;

/// Words that suggest a backup.
const BACKUP_WORDS: &[&str] = &[
    "backup",
    "restic",
    "borg",
    "kopia",
    "duplicati",
    "duplicity",
    "litestream",
    "wal-g",
    "walg",
    "pgbackrest",
    "barman",
    "pg_dump",
    "mysqldump",
    "mongodump",
    "mariadb-dump",
    "rclone",
    "xtrabackup",
    "snapshot",
];

/// Words in the names, images and labels of services for monitoring.
const MONITORING_WORDS: &[&str] = &[
    "exporter",
    "prometheus",
    "grafana",
    "loki",
    "uptime",
    "monitor",
    "netdata",
    "zabbix",
    "datadog",
    "newrelic",
    "telegraf",
    "alertmanager",
    "healthchecks",
    "sentry",
    "glances",
    "checkmk",
    "nagios",
    "otel",
    "opentelemetry",
    "cadvisor",
    "metrics",
    "signoz",
    "dozzle",
    "beszel",
    "gatus",
    "vector",
    "fluent",
    "promtail",
    "alloy",
    "jaeger",
    "zipkin",
    "elastic/",
];

/// Prefixes of variables that connect a program to a monitoring service.
const MONITORING_PREFIXES: &[&str] =
    &["SENTRY_", "OTEL_", "DD_", "NEW_RELIC_", "PROMETHEUS_", "HEALTHCHECKS_"];

impl Service<'_> {
    /// Whether a service seems to make backups, by its image, its name, its command, its variables, its
    /// volumes or its labels.
    pub fn backs_up(&self) -> bool {
        let model = self.model;
        let mut texts = self.unit.start.joined();
        let mut add = |text: &str| {
            texts.push('\n');
            texts.push_str(text);
        };
        add(self.name);
        if let Some(image) = &self.unit.image {
            add(image.text);
        }
        for label in &model.labels {
            add(&label.key);
        }
        for var in &self.unit.env {
            add(var.name);
        }
        for volume in &model.volumes {
            add(&volume.target);
            add(volume.source.as_ref().map_or("", |it| it.as_str()));
        }
        texts.make_ascii_lowercase();
        self.unit.family().is_some_and(|it| it.class == Class::Backup)
            || BACKUP_WORDS.iter().any(|word| texts.contains(word))
    }

    /// Whether a service monitors others, or is itself connected to monitoring.
    pub fn monitors(&self) -> bool {
        let labels = self.model.labels.iter().map(|it| it.key.as_str());
        let mut texts = self.name.to_owned();
        for text in self.unit.image.iter().map(|it| it.text).chain(labels) {
            texts.push('\n');
            texts.push_str(text);
        }
        texts.make_ascii_lowercase();
        let driver = self.model.logging.as_ref().and_then(|it| it.driver.as_ref());
        self.unit.family().is_some_and(|it| it.class == Class::Monitoring)
            || MONITORING_WORDS.iter().any(|word| texts.contains(word))
            || self
                .unit
                .env
                .iter()
                .any(|var| MONITORING_PREFIXES.iter().any(|prefix| var.name.starts_with(prefix)))
            || driver.is_some_and(|it| {
                !matches!(it.as_str(), "json-file" | "local" | "none" | "journald")
            })
    }

    /// Whether a service suggests TLS: a proxy or tunnel, a port for TLS, a certificate, or labels for
    /// a proxy elsewhere.
    pub fn brings_tls(&self) -> bool {
        let model = self.model;
        let edge = self.unit.family().is_some_and(|it| {
            it.class == Class::Tunnel
                || matches!(
                    it.id,
                    "caddy" | "traefik" | "nginx-proxy" | "nginx-proxy-manager" | "swag"
                )
        });
        let is_secure = |number: u16| matches!(number, 443 | 8443 | 9443);
        let secure_port = |port: &Port| {
            is_secure(port.target.value) || port.published.is_some_and(|it| is_secure(it.value.0))
        };
        let is_certificate = |path: &str| {
            let path = path.to_ascii_lowercase();
            ["letsencrypt", "cert", "ssl", "tls", "acme"].iter().any(|word| path.contains(word))
        };
        edge || model.ports.iter().any(secure_port)
            || model.labels.iter().any(|it| {
                it.key.value.starts_with("traefik.") || it.key.value.starts_with("caddy")
            })
            || self.unit.env.iter().any(|it| matches!(it.name, "VIRTUAL_HOST" | "LETSENCRYPT_HOST"))
            // On the host's own network a proxy needs no published port.
            || model.network_mode.as_ref().is_some_and(|it| it.value == "host")
            || model.volumes.iter().any(|volume| {
                is_certificate(&volume.target)
                    || volume.source.as_ref().is_some_and(|it| is_certificate(it))
            })
    }

    /// Whether a service uses Docker's default driver without a size limit.
    pub fn logs_grow(&self) -> bool {
        let Some(logging) = &self.model.logging else {
            return !self.model.has_key("logging") && !self.model.has_key("provider");
        };
        let default = logging.driver.as_ref().is_none_or(|it| it.value == "json-file");
        default && !logging.options.iter().any(|it| it.key.value == "max-size")
    }
}
