//! Upkeep of a server: what backs up, watches, terminates TLS and bounds the logs of a Compose project.

use super::{Backing, Facts, Service, Var};
use crate::knowledge::families::Class;
use crate::knowledge::net;
use crate::knowledge::shell::{self, Command};
use crate::knowledge::upkeep::{Topic, words};
use crate::model::FileModel;
use crate::model::compose::{Mount, Port};
use crate::report::Kind;
use crate::text::name_of;

/// Prefixes of variables that connect a program to a monitoring service.
const MONITORING_PREFIXES: &[&str] =
    &["SENTRY_", "OTEL_", "NEW_RELIC_", "PROMETHEUS_", "HEALTHCHECKS_"];

/// Variables that connect a program to Datadog. Their prefix belongs to other programs too.
///
/// Source: <https://docs.datadoghq.com/agent/guide/environment-variables/>
const DATADOG_VARIABLES: &[&str] =
    &["DD_AGENT_HOST", "DD_API_KEY", "DD_DOGSTATSD_URL", "DD_SITE", "DD_TRACE_AGENT_URL"];

/// Variables that connect a program to a service that somebody else runs: a key of theirs, or the address in it.
///
/// Sources: <https://docs.sentry.io/concepts/key-terms/dsn-explainer/>,
/// <https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/> and the page above.
const OUTSIDE_VARIABLES: &[&str] =
    &["SENTRY_DSN", "NEW_RELIC_LICENSE_KEY", "DD_API_KEY", "HEALTHCHECKS_URL"];

/// Families of monitors that send a message to people when something is down.
///
/// Sources: the pages on notifications of each project.
const CALLING_FAMILIES: &[&str] = &["alertmanager", "gatus", "netdata", "uptime-kuma", "zabbix"];

/// Whether a path is one of certificates that a server shows to its clients, unlike the certificates by which
/// it checks others.
fn is_certificate(path: &str) -> bool {
    let trusted = path.starts_with("/etc/ssl/certs") || path.contains("ca-certificates");
    !trusted && Topic::Certificate.is_in(&words(path))
}

/// Whether a variable connects a program to monitoring.
fn connects_to_monitoring(name: &str) -> bool {
    DATADOG_VARIABLES.contains(&name)
        || MONITORING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a service ends TLS, as far as its files show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    Ends,
    /// It publishes a port on which TLS is usual, and nothing shows a certificate.
    Likely,
    No,
}

/// Whether the protocol of a port is declared to be one within TLS.
///
/// Source: <https://docs.docker.com/reference/compose-file/services/#long-syntax-3>, `app_protocol`
fn speaks_tls(port: &Port) -> bool {
    port.app_protocol.as_ref().is_some_and(|it| matches!(it.as_str(), "https" | "wss" | "grpcs"))
}

/// Whether a port is one on which TLS is usual.
fn is_secure(port: &Port) -> bool {
    let is_tls = |number: u16| matches!(number, 443 | 8443 | 9443);
    is_tls(port.target.value) || port.published.is_some_and(|it| is_tls(it.value.0))
}

/// Programs that copy a whole folder somewhere else.
const COPYING: &[&str] = &["rsync", "rclone", "zip", "7z"];

/// Whether a command packs or copies a folder, as `tar czf` does and `tar xzf` does not.
fn is_copying(command: &Command) -> bool {
    let packs = |options: &str| match options.strip_prefix("--") {
        Some(long) => long == "create",
        None => options.trim_start_matches('-').contains('c'),
    };
    let words = command.program();
    let mut options = words.iter().skip(1).map(|it| it.text.as_str());
    COPYING.contains(&command.name())
        || matches!(command.name(), "tar" | "bsdtar")
            && options
                .next()
                .is_some_and(|first| packs(first) || options.any(|it| it == "--create"))
}

/// Whether a command makes a backup, by the tools and words in it: `docker compose exec db pg_dump app`.
fn is_backing_up(command: &Command) -> bool {
    let text = words(&command.words.iter().map(|it| &*it.text).collect::<Vec<_>>().join(" "));
    let is_said = matches!(command.name(), "echo" | "printf" | "mkdir" | "cd" | "test" | "[");
    !is_said && Topic::Backup.is_in(&text) && !text.iter().any(|it| it.contains("restore"))
}

/// Whether a file is a script or a table of jobs for cron, which somebody runs.
fn is_run_by_somebody(file: &FileModel) -> bool {
    let name = name_of(file.path());
    let is_script = name.ends_with(".sh") || file.text().starts_with("#!") || name.contains("cron");
    file.kind == Kind::Unknown && is_script
}

impl<'a> Facts<'a> {
    /// Whether something may back up the data of a Compose project: a service of it, a script of the same
    /// application, or a service that packs what another one keeps.
    pub fn is_backed_up(&self, project: usize) -> bool {
        let services = self.services_of(project);
        let part = self.part_of(self.base_of(&self.projects()[project]));
        let is_of_application =
            |file: &FileModel| self.part_of(file.id) == part || self.projects().len() == 1;
        let mut scripts =
            self.files().iter().filter(|it| is_run_by_somebody(it) && is_of_application(it));
        services.iter().any(|it| it.backs_up() || self.packs_data_of_another(it))
            || scripts.any(|it| shell::commands(it.text()).iter().any(is_backing_up))
            || services.iter().any(|it| {
                let scripts = self.started_scripts(&it.unit);
                scripts.iter().any(|it| shell::commands(it.script.text).iter().any(is_backing_up))
            })
    }

    /// Whether a service packs or copies a volume or a folder in which a data store beside it keeps its data.
    fn packs_data_of_another(&self, service: &Service<'a>) -> bool {
        let scripts = self.started_scripts(&service.unit);
        let is_packing = service.unit.start.commands.iter().any(is_copying)
            || scripts.iter().any(|it| shell::commands(it.script.text).iter().any(is_copying));
        let place = |backing: Backing<'a>| match backing {
            Backing::Volume(name) | Backing::Host(name) => Some(name.as_str()),
            _ => None,
        };
        is_packing && {
            let own: Vec<&str> =
                self.mounted(&service.unit).iter().filter_map(|it| place(it.backing)).collect();
            let others = self.siblings(service).iter().filter(|it| it.index != service.index);
            let mut stores = others.filter(|it| it.unit.stored().is_some());
            stores.any(|it| {
                let mut kept =
                    self.mounted(&it.unit).into_iter().filter_map(|it| place(it.backing));
                kept.any(|it| own.contains(&it))
            })
        }
    }
}

impl Service<'_> {
    /// Whether a service may make backups: it is one, or mounts something under that name.
    pub fn backs_up(&self) -> bool {
        let source = |it: &Mount| it.source.as_ref().map_or("", |text| text.as_str()).to_owned();
        let named = |text: &str| Topic::Backup.is_in(&words(text));
        self.is_backup()
            || self.model.volumes.iter().any(|it| named(&it.target) || named(&source(it)))
    }

    /// Whether a service makes backups, by its image, its name, its command, its variables or its labels.
    pub fn is_backup(&self) -> bool {
        let named = |text: &str| Topic::Backup.is_in(&words(text));
        let acts = |name: &str| {
            let words = words(name);
            let is_snapshot = words.iter().any(|it| it == "snapshot" || it == "snapshots");
            Topic::Backup.is_in(&words) && !is_snapshot && !Topic::Place.ends(&words)
        };
        self.unit.family().is_some_and(|it| it.class == Class::Backup)
            || named(self.name)
            || named(&self.unit.start.joined())
            || self.unit.image.as_ref().is_some_and(|it| named(&it.repository))
            || self.model.labels.iter().any(|it| named(&it.key))
            || self.unit.env.iter().any(|it| acts(it.name))
    }

    /// Whether a service monitors others, or reports to monitoring.
    pub fn monitors(&self) -> bool {
        self.reports() || self.watches()
    }

    /// Whether a service watches the services beside it, by its image or its name.
    pub fn watches(&self) -> bool {
        let named = |text: &str| Topic::Monitoring.is_in(&words(text));
        self.unit.family().is_some_and(|it| it.class == Class::Monitoring)
            || named(self.name)
            || self.unit.image.as_ref().is_some_and(|it| named(it.text))
    }

    /// Whether a service is a monitor that calls people, unlike one that only draws what it measures.
    pub fn calls_people(&self) -> bool {
        self.unit.family().is_some_and(|it| CALLING_FAMILIES.contains(&it.id))
    }

    /// Whether variables connect a service to monitoring.
    pub fn reports(&self) -> bool {
        self.unit.env.iter().any(|it| connects_to_monitoring(it.name))
    }

    /// Whether variables connect a service to monitoring elsewhere: with a key of a service, or to a host with a
    /// domain.
    pub fn reports_elsewhere(&self) -> bool {
        let is_set = |it: &&Var<'_>| it.value.is_none_or(|value| !value.is_empty());
        let is_elsewhere = |it: &Var<'_>| {
            let mut hosts = it.value.into_iter().flat_map(net::endpoints);
            hosts.any(|to| to.host.contains('.') && !net::is_private_ip(to.host))
        };
        self.unit.env.iter().filter(is_set).any(|it| {
            OUTSIDE_VARIABLES.contains(&it.name)
                || connects_to_monitoring(it.name) && is_elsewhere(it)
        })
    }

    /// Whether a service suggests TLS: it ends TLS, or is reached through a proxy that may do so.
    pub fn brings_tls(&self) -> bool {
        let model = self.model;
        let is_proxy = |name: &str| name.starts_with("traefik.") || name.starts_with("caddy");
        self.tls() != Tls::No
            || matches!(self.edge_family(), Some("traefik" | "nginx-proxy"))
            || model.labels.iter().any(|it| is_proxy(&it.key.value))
            || self.unit.env.iter().any(|it| matches!(it.name, "VIRTUAL_HOST" | "LETSENCRYPT_HOST"))
            // On the host's own network a proxy needs no published port.
            || self.is_on_host()
            || self.mounts_certificates()
    }

    /// Returns whether a service ends TLS. A tunnel does, and so does a proxy that obtains certificates by itself, a
    /// port that is declared to speak TLS, or certificates behind a published port or on the network of the host.
    pub fn tls(&self) -> Tls {
        const OBTAINING: &[&str] = &["caddy", "nginx-proxy-manager", "swag"];
        let model = self.model;
        let listens = !model.ports.is_empty() || self.is_on_host();
        if self.unit.family().is_some_and(|it| it.class == Class::Tunnel)
            || self.edge_family().is_some_and(|id| OBTAINING.contains(&id))
            || model.ports.iter().any(speaks_tls)
            || listens && (self.mounts_certificates() || self.starts_with_certificates())
        {
            Tls::Ends
        } else if model.ports.iter().any(is_secure) {
            Tls::Likely
        } else {
            Tls::No
        }
    }

    /// Whether options of the command name certificates, or where Traefik obtains them.
    ///
    /// Source: <https://doc.traefik.io/traefik/https/acme/>
    fn starts_with_certificates(&self) -> bool {
        let mut options =
            self.unit.start.words.iter().map(|it| it.as_str()).filter(|it| it.starts_with('-'));
        options.any(|it| {
            it.starts_with("--certificatesresolvers.") || Topic::Certificate.is_in(&words(it))
        })
    }

    /// Returns the identifier of the family of a proxy that is usually the edge of a server.
    fn edge_family(&self) -> Option<&'static str> {
        const EDGES: &[&str] = &["caddy", "traefik", "nginx-proxy", "nginx-proxy-manager", "swag"];
        self.unit.family().map(|it| it.id).filter(|id| EDGES.contains(id))
    }

    fn mounts_certificates(&self) -> bool {
        let delivered = self.model.secrets.iter().chain(&self.model.configs);
        let mut names = delivered.flat_map(|it| [Some(&it.source), it.target.as_ref()]).flatten();
        names.any(|it| Topic::Certificate.is_in(&words(it)))
            || self.model.volumes.iter().any(|it| {
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
    fn certificates_are_those_that_a_server_shows() {
        for path in ["./certs", "/etc/letsencrypt", "./traefik/acme.json", "/etc/nginx/ssl"] {
            assert!(is_certificate(path), "{path}");
        }
        for path in ["./acme/app", "/srv/concerts", "/srv/titles", "/etc/ssl/certs", "./tslib"] {
            assert!(!is_certificate(path), "{path}");
        }
    }
}
