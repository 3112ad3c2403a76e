//! Storage: what backs the paths that a container mounts.

use super::unit::{Part, Site, Unit};
use super::{Facts, Named, Workload};
use crate::knowledge::families::{Certainty, Family};
use crate::knowledge::shell::Command;
use crate::knowledge::starts;
use crate::model::Str;
use crate::model::compose::MountKind;
use crate::model::kubernetes::{self, Body, Claim, Object, VolumeSource};
use crate::text::Span;

/// What backs a mounted path.
#[derive(Debug, Clone, Copy)]
pub enum Backing<'a> {
    /// A named volume of a Compose project.
    Volume(&'a Str),
    /// A claim by its name, and its object where the files define it.
    Claim(&'a Str, Option<&'a Claim>),
    /// A claim that a StatefulSet creates for each Pod.
    ClaimTemplate(&'a kubernetes::ClaimTemplate),
    /// A folder or file of the host.
    Host(&'a Str),
    /// A Compose volume without a name: kept until the container is removed.
    Anonymous,
    /// Main memory.
    Memory,
    /// Storage that is deleted with the Pod: `emptyDir`, an ephemeral claim.
    Scratch,
    /// A ConfigMap, a Secret or an image: only read.
    Config,
    /// NFS, a CSI driver or another network disk, which several nodes may write.
    Network,
    /// A volume that is named but not defined.
    Unknown,
}

impl Backing<'_> {
    /// Returns what it is, for a message about a cluster.
    pub fn words(self) -> String {
        match self {
            Backing::Claim(name, _) => format!("the claim `{}`", name.value),
            Backing::ClaimTemplate(template) => {
                format!("the claim template `{}`", template.name().map_or("", |it| it.as_str()))
            }
            Backing::Host(path) => format!("`{}` of the node", path.value),
            Backing::Volume(name) => format!("the volume `{}`", name.value),
            Backing::Anonymous => "a volume without a name".to_owned(),
            Backing::Memory => "an `emptyDir` in memory".to_owned(),
            Backing::Scratch => "an `emptyDir`".to_owned(),
            Backing::Config => "a ConfigMap or Secret".to_owned(),
            Backing::Network => "a network disk".to_owned(),
            Backing::Unknown => "a volume that is not defined".to_owned(),
        }
    }

    /// Whether the data outlives the container.
    pub fn lasts(self) -> bool {
        !matches!(self, Backing::Anonymous | Backing::Memory | Backing::Scratch | Backing::Config)
    }
}

/// One mounted path of a container.
#[derive(Debug, Clone, Copy)]
pub struct Mounted<'a> {
    /// The path in the container.
    pub path: &'a Str,
    pub backing: Backing<'a>,
    pub read_only: bool,
    /// The whole entry as written.
    pub span: Span,
}

impl Mounted<'_> {
    /// Whether a path of the container lies on this mount.
    pub fn covers(&self, path: &str) -> bool {
        is_below(path, &self.path.value)
    }
}

/// Whether a path is that of the Docker engine's socket.
pub fn is_docker_socket(path: &str) -> bool {
    matches!(
        path,
        "/var/run/docker.sock"
            | "/run/docker.sock"
            | "//var/run/docker.sock"
            | "//./pipe/docker_engine"
    )
}

/// Whether a path is that of the socket of any Docker engine, also of one without root rights.
pub fn is_engine_socket(path: &str) -> bool {
    path.ends_with("docker.sock") || is_docker_socket(path)
}

/// Whether a path is a folder or lies in it.
pub fn is_below(path: &str, folder: &str) -> bool {
    let (path, folder) = (path.trim_end_matches('/'), folder.trim_end_matches('/'));
    path.strip_prefix(folder).is_some_and(|it| it.is_empty() || it.starts_with('/'))
}

impl<'a> Facts<'a> {
    /// Returns what a container mounts, in the order of the file.
    pub fn mounted(&self, unit: &Unit<'a>) -> Vec<Mounted<'a>> {
        let mut mounted = Vec::new();
        match unit.site {
            Site::Service(at) => {
                let model = self.services[at].model;
                for it in &model.volumes {
                    mounted.push(Mounted {
                        path: &it.target,
                        backing: match (it.kind, &it.source) {
                            (MountKind::Volume, Some(name)) => Backing::Volume(name),
                            (MountKind::Bind, Some(path)) => Backing::Host(path),
                            (MountKind::Volume | MountKind::Anonymous, _) => Backing::Anonymous,
                            (MountKind::Tmpfs, _) => Backing::Memory,
                            (MountKind::Image, _) => Backing::Config,
                            (MountKind::Cluster, _) => Backing::Network,
                            (MountKind::Bind | MountKind::Npipe, _) => Backing::Unknown,
                        },
                        read_only: it.read_only,
                        span: it.span,
                    });
                }
                for path in &model.tmpfs {
                    let (backing, span) = (Backing::Memory, path.span);
                    mounted.push(Mounted { path, backing, read_only: false, span });
                }
            }
            Site::Container(workload, at) => {
                let workload = &self.workloads[workload];
                for it in &workload.container(at).mounts {
                    let (Some(name), Some(path)) = (&it.name, &it.mount_path) else { continue };
                    let (backing, locked) = self.backing(workload, name);
                    let read_only = locked || kubernetes::is_true(it.read_only);
                    mounted.push(Mounted { path, backing, read_only, span: it.place.span });
                }
            }
        }
        mounted
    }

    /// Returns what backs a volume of a Pod, and whether it is read-only.
    pub fn backing(&self, workload: &Workload<'a>, volume: &str) -> (Backing<'a>, bool) {
        let model = workload.model;
        let template = model
            .volume_claim_templates
            .iter()
            .find(|it| it.name().is_some_and(|it| it.value == volume));
        if let Some(template) = template {
            return (Backing::ClaimTemplate(template), false);
        }
        let Some(volume) = model.template.spec.volume(volume) else {
            return (Backing::Unknown, false);
        };
        match &volume.source {
            VolumeSource::EmptyDir { medium, .. } => {
                let memory = medium.as_ref().is_some_and(|it| it.value == "Memory");
                (if memory { Backing::Memory } else { Backing::Scratch }, false)
            }
            VolumeSource::HostPath { path: Some(path), .. } => (Backing::Host(path), false),
            VolumeSource::Claim { name: Some(name), read_only } => {
                let claim = self.claim(workload, name);
                (Backing::Claim(name, claim), kubernetes::is_true(*read_only))
            }
            VolumeSource::Ephemeral(_) => (Backing::Scratch, false),
            VolumeSource::ConfigMap(_)
            | VolumeSource::Secret(_)
            | VolumeSource::Projected(_)
            | VolumeSource::DownwardApi => (Backing::Config, true),
            VolumeSource::Csi { read_only, .. }
            | VolumeSource::Nfs { read_only, .. }
            | VolumeSource::Disk { read_only, .. } => {
                (Backing::Network, kubernetes::is_true(*read_only))
            }
            VolumeSource::Other(_) => (Backing::Network, false),
            _ => (Backing::Unknown, false),
        }
    }

    /// Returns the claim that a workload means by a name.
    pub fn claim(&self, workload: &Workload<'a>, name: &str) -> Option<&'a Claim> {
        match &self.claim_object(workload, name)?.body {
            Body::Claim(it) => Some(it),
            _ => None,
        }
    }

    /// Returns the object of the claim that a workload means by a name.
    pub fn claim_object(&self, workload: &Workload<'a>, name: &str) -> Option<&'a Object> {
        self.named(Named::Claim, workload.object.file, workload.namespace, name)
    }
}

/// Programs in data store images that only talk to a server or copy its data.
const CLIENTS: &[&str] = &[
    "psql",
    "pg_dump",
    "pg_dumpall",
    "pg_isready",
    "pg_basebackup",
    "mysql",
    "mysqldump",
    "mariadb",
    "mariadb-dump",
    "mysqladmin",
    "mongosh",
    "mongo",
    "mongodump",
    "mongoimport",
    "mongos",
    "redis-cli",
    "redis-sentinel",
    "valkey-cli",
    "clickhouse-client",
    "cqlsh",
    "influx",
    "mc",
    "etcdctl",
    "rabbitmqadmin",
    "kafka-topics",
    "kafka-topics.sh",
    "rpk",
    "crond",
    "cron",
    "tail",
    "kafka-console-consumer",
];

/// Programs and scripts that start the server itself.
pub(super) const SERVERS: &[&str] = &[
    "postgres",
    "mysqld",
    "mariadbd",
    "mongod",
    "redis-server",
    "valkey-server",
    "rabbitmq-server",
    "etcd",
    "elasticsearch",
    "docker-entrypoint.sh",
    "entrypoint.sh",
    "run.sh",
];

impl<'a> Unit<'a> {
    /// Returns the image family if it is certainly that of a data store that must keep its data, and the
    /// start command does not run only a client.
    pub fn stored(&self) -> Option<&'static Family> {
        let runs = self.runs.as_ref()?;
        let keeps = |it: &Family| it.persistent || self.appends_to_a_file();
        let family = Some(runs.family).filter(|it| keeps(it) && it.is_data_store())?;
        let known = runs.certainty == Certainty::Certain;
        let commands = &self.start.commands;
        let ran = |list: &[&str]| commands.iter().any(|it| list.contains(&it.name()));
        let client = ran(CLIENTS) && !ran(SERVERS);
        (known && self.part != Part::Init && !client).then_some(family)
    }

    /// Whether the start command has a cache write every change to disk: what is in it is not made again.
    ///
    /// Source: <https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/>
    pub fn appends_to_a_file(&self) -> bool {
        self.start.commands.iter().any(|command| {
            let mut words = command.words.iter().map(|it| it.text.as_ref());
            words.any(|it| it == "--appendonly") && words.next() == Some("yes")
        })
    }

    /// Returns the family of its image, where the image is certainly of that family.
    pub fn certain_family(&self) -> Option<&'static Family> {
        let runs = self.runs.as_ref()?;
        (runs.certainty == Certainty::Certain).then_some(runs.family)
    }

    /// Whether its start command leaves the program of its image to run, as far as that is certain: there
    /// is none, it only has options, or it starts a server.
    pub fn starts_its_program(&self) -> bool {
        let commands = &self.start.commands;
        let Some(first) = self.start.words.first() else { return true };
        let serves = |it: &Command| SERVERS.contains(&it.name()) || starts::is_server_start(it);
        // The entrypoints of some images, such as Keycloak's, take a subcommand.
        let is_subcommand = !self.start.replaces_entrypoint
            && matches!(first.as_str(), "start" | "start-dev" | "server" | "serve");
        first.starts_with('-') || is_subcommand || commands.iter().any(serves)
    }
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn paths_are_compared_by_their_parts() {
        assert!(is_below("/var/lib/mysql", "/var/lib/mysql/"));
        assert!(is_below("/data/db", "/data"));
        assert!(is_below("/data", "/"));
        assert!(!is_below("/database", "/data"));
        assert!(!is_below("/data", "/data/db"));
    }
}
