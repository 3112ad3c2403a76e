//! Upkeep of a server: what backs up, watches, terminates TLS and bounds the logs of a Compose project.

use super::Service;
use crate::knowledge::families::Class;
use crate::model::compose::{Mount, Port};

/// Words that suggest a backup. Words of several parts are joined by `-`.
const BACKUP_WORDS: &[&str] = &[
    "backup",
    "backups",
    "autobackup",
    "dbbackup",
    "pgbackup",
    "pgbackups",
    "backuppc",
    "restic",
    "resticprofile",
    "borg",
    "borgbackup",
    "borgmatic",
    "kopia",
    "duplicati",
    "duplicity",
    "litestream",
    "wal-g",
    "walg",
    "pgbackrest",
    "barman",
    "pg-dump",
    "pg-dumpall",
    "pg-basebackup",
    "mysqldump",
    "mongodump",
    "mariadb-dump",
    "rclone",
    "xtrabackup",
    "mariabackup",
    "snapshot",
    "snapshots",
];

/// Last words of variables that name a place and not an action: `BACKUP_DIR`.
const PLACE_WORDS: &[&str] = &["dir", "directory", "path", "folder", "file", "location", "volume"];

/// Words in the names and images of services for monitoring.
const MONITORING_WORDS: &[&str] = &[
    "exporter",
    "exporters",
    "prometheus",
    "grafana",
    "loki",
    "uptime",
    "monitor",
    "monitoring",
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
    "otelcol",
    "opentelemetry",
    "cadvisor",
    "metrics",
    "signoz",
    "dozzle",
    "beszel",
    "gatus",
    "fluent",
    "fluentd",
    "fluentbit",
    "promtail",
    "alloy",
    "jaeger",
    "zipkin",
    "filebeat",
    "metricbeat",
    "heartbeat",
    "timberio",
    "victoriametrics",
];

/// Prefixes of variables that connect a program to a monitoring service.
const MONITORING_PREFIXES: &[&str] =
    &["SENTRY_", "OTEL_", "DD_", "NEW_RELIC_", "PROMETHEUS_", "HEALTHCHECKS_"];

/// Words of paths for certificates.
const CERTIFICATE_WORDS: &[&str] =
    &["letsencrypt", "certbot", "cert", "certs", "certificate", "certificates", "ssl", "tls"];

/// The words of a text in lower case, each between two hyphens: `-docker-volume-backup-`.
struct Words(String);

impl Words {
    fn of(text: &str) -> Words {
        let mut words = String::from("-");
        for word in text.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty()) {
            words.push_str(&word.to_ascii_lowercase());
            words.push('-');
        }
        Words(words)
    }

    /// Whether one of these words, or of these sequences of words, is among them.
    fn has_any(&self, wanted: &[&str]) -> bool {
        wanted.iter().any(|it| self.0.contains(&format!("-{it}-")))
    }

    fn ends_with_any(&self, wanted: &[&str]) -> bool {
        wanted.iter().any(|it| self.0.ends_with(&format!("-{it}-")))
    }
}

/// Whether a path is one of certificates that a server shows to its clients, unlike the certificates by which
/// it checks others.
fn is_certificate(path: &str) -> bool {
    let trusted = path.starts_with("/etc/ssl/certs") || path.contains("ca-certificates");
    let words = Words::of(path);
    let acme = words.has_any(&["acme-json", "acme-sh"]);
    !trusted && (acme || words.has_any(CERTIFICATE_WORDS))
}

/// Whether a port is one on which TLS is usual.
fn is_secure(port: &Port) -> bool {
    let is_tls = |number: u16| matches!(number, 443 | 8443 | 9443);
    is_tls(port.target.value) || port.published.is_some_and(|it| is_tls(it.value.0))
}

impl Service<'_> {
    /// Whether a service may make backups: it is one, or mounts something under that name.
    pub fn backs_up(&self) -> bool {
        let source = |it: &Mount| it.source.as_ref().map_or("", |text| text.as_str()).to_owned();
        let named = |text: &str| Words::of(text).has_any(BACKUP_WORDS);
        self.is_backup()
            || self.model.volumes.iter().any(|it| named(&it.target) || named(&source(it)))
    }

    /// Whether a service makes backups, by its image, its name, its command, its variables or its labels.
    pub fn is_backup(&self) -> bool {
        let named = |text: &str| Words::of(text).has_any(BACKUP_WORDS);
        let acts = |name: &str| {
            let words = Words::of(name);
            words.has_any(BACKUP_WORDS)
                && !words.has_any(&["snapshot", "snapshots"])
                && !words.ends_with_any(PLACE_WORDS)
        };
        self.unit.family().is_some_and(|it| it.class == Class::Backup)
            || named(self.name)
            || named(&self.unit.start.joined())
            || self.unit.image.as_ref().is_some_and(|it| named(it.text))
            || self.model.labels.iter().any(|it| named(&it.key))
            || self.unit.env.iter().any(|it| acts(it.name))
    }

    /// Whether a service monitors others, or reports to monitoring.
    pub fn monitors(&self) -> bool {
        self.reports() || self.watches()
    }

    /// Whether a service watches the services beside it, by its image or its name.
    pub fn watches(&self) -> bool {
        let named = |text: &str| Words::of(text).has_any(MONITORING_WORDS);
        self.unit.family().is_some_and(|it| it.class == Class::Monitoring)
            || named(self.name)
            || self.unit.image.as_ref().is_some_and(|it| named(it.text))
    }

    /// Whether a service is a known monitor that keeps what it measures, unlike an agent or an exporter.
    pub fn keeps_measurements(&self) -> bool {
        self.unit.family().is_some_and(|it| it.class == Class::Monitoring && it.persistent)
    }

    /// Whether variables connect a service to monitoring.
    pub fn reports(&self) -> bool {
        let connects =
            |name: &str| MONITORING_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        self.unit.env.iter().any(|it| connects(it.name))
    }

    /// Whether a service suggests TLS: it ends TLS, or is reached through a proxy that may do so.
    pub fn brings_tls(&self) -> bool {
        let model = self.model;
        let is_proxy = |name: &str| name.starts_with("traefik.") || name.starts_with("caddy");
        self.ends_tls()
            || matches!(self.edge_family(), Some("traefik" | "nginx-proxy"))
            || model.ports.iter().any(is_secure)
            || model.labels.iter().any(|it| is_proxy(&it.key.value))
            || self.unit.env.iter().any(|it| matches!(it.name, "VIRTUAL_HOST" | "LETSENCRYPT_HOST"))
            // On the host's own network a proxy needs no published port.
            || self.is_on_host()
            || self.mounts_certificates()
    }

    /// Whether a service ends TLS: a tunnel or a proxy that obtains certificates by itself, a published port
    /// for TLS, or certificates behind a published port or on the network of the host.
    pub fn ends_tls(&self) -> bool {
        let model = self.model;
        self.unit.family().is_some_and(|it| it.class == Class::Tunnel)
            || matches!(self.edge_family(), Some("caddy" | "nginx-proxy-manager" | "swag"))
            || model.ports.iter().any(is_secure)
            || (!model.ports.is_empty() || self.is_on_host()) && self.mounts_certificates()
    }

    /// Returns the identifier of the family of a proxy that is usually the edge of a server.
    fn edge_family(&self) -> Option<&'static str> {
        const EDGES: &[&str] = &["caddy", "traefik", "nginx-proxy", "nginx-proxy-manager", "swag"];
        self.unit.family().map(|it| it.id).filter(|id| EDGES.contains(id))
    }

    fn mounts_certificates(&self) -> bool {
        self.model.volumes.iter().any(|it| {
            is_certificate(&it.target)
                || it.source.as_ref().is_some_and(|source| is_certificate(source))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_count() {
        let has = |text: &str, words: &[&str]| Words::of(text).has_any(words);
        assert!(has("prodrigestivill/postgres-backup-local:17", BACKUP_WORDS));
        assert!(has("sh -c 'pg_dump app > /out'", BACKUP_WORDS));
        assert!(has("GITLAB_BACKUP_SCHEDULE", BACKUP_WORDS));
        assert!(!has("acme/walgreen", BACKUP_WORDS) && !has("cyborg", BACKUP_WORDS));
        assert!(!has("pgvector/pgvector:pg17", MONITORING_WORDS));
        assert!(!has("acme/influential", MONITORING_WORDS));
        assert!(has("prom/node-exporter:v1.9.1", MONITORING_WORDS));
    }

    #[test]
    fn certificates_are_those_that_a_server_shows() {
        for path in ["./certs", "/etc/letsencrypt", "./traefik/acme.json", "/etc/nginx/ssl"] {
            assert!(is_certificate(path), "{path}");
        }
        for path in ["./acme/app", "/srv/concerts", "/srv/titles", "/etc/ssl/certs", "./tslib"] {
            assert!(!is_certificate(path), "{path}");
        }
    }
}
