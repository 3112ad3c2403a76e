//! The program in each container: by its image, by the Dockerfile that the image is built from, by its
//! ports and data directory, and by its counterpart in the cluster.

use super::dockerfile;
use super::images::Image;
use super::service::listed_ports;
use super::storage::{SERVERS, is_below};
use super::{Facts, Service, Unit, Workload};
use crate::knowledge::families::{self, Certainty, Class, Family};
use crate::knowledge::image::{ImageRef, Version};
use crate::knowledge::shell::base_name;
use crate::knowledge::stores::set_up_by;
use crate::model::FileModel;
use smol_str::SmolStr;

/// The program in a container.
#[derive(Debug, Clone)]
pub struct Program {
    pub family: &'static Family,
    pub certainty: Certainty,
    /// The normalised repository whose facts hold, which is the base of an image that is built here.
    pub repository: SmolStr,
    /// The major version of the program, where it is known.
    pub major: Option<u64>,
    /// The whole version of the program, as far as the tag says it.
    pub version: Option<Version>,
}

impl Program {
    /// Returns the program that an image is known to contain.
    pub(super) fn of_image(image: &Image<'_>) -> Option<Program> {
        Some(Program {
            family: image.family?,
            certainty: image.certainty,
            repository: image.repository.clone(),
            major: image.major,
            version: image.tag.and_then(|it| image.family?.version(it)),
        })
    }

    /// Returns the program of an image that others are built from.
    fn of_base(base: &str) -> Option<Program> {
        let reference = ImageRef::parse(base);
        if reference.has_variable_repository() {
            return None;
        }
        let repository = reference.repository();
        let (family, certainty) = families::family_of(&repository)?;
        // A language runtime says nothing about what is built on it.
        let serves = !matches!(family.class, Class::Runtime | Class::Base);
        let tag = reference.tag.filter(|it| !it.contains('$'));
        (serves && certainty > Certainty::Possible).then(|| Program {
            family,
            certainty,
            major: tag.and_then(|it| family.major(it)),
            version: tag.and_then(|it| family.version(it)),
            repository,
        })
    }
}

/// Where a container listens and keeps files, as far as its definition says.
struct Shape<'s> {
    ports: Vec<u16>,
    paths: Vec<&'s str>,
}

impl Shape<'_> {
    /// Whether a port or a mount is one that this family is known for.
    fn confirms(&self, family: &Family, repository: &str) -> bool {
        self.has_port(family.ports()) || self.has_path(&family.data_dirs(repository, None))
    }

    fn has_port(&self, ports: &[u16]) -> bool {
        self.ports.iter().any(|it| ports.contains(it))
    }

    fn has_path(&self, dirs: &[&str]) -> bool {
        let at = |path: &str| dirs.iter().any(|dir| path == *dir || is_below(path, dir));
        self.paths.iter().any(|it| at(it))
    }

    /// Returns the program that its name suggests and its ports or mounts confirm, or that its main
    /// port and data directory give away together.
    fn program(&self, image: Option<&Image<'_>>) -> Option<Program> {
        let repository = image.map_or(SmolStr::default(), |it| it.repository.clone());
        let major = image.and_then(|it| it.major);
        let likely = |family: &'static Family| Program {
            family,
            certainty: Certainty::Likely,
            repository: repository.clone(),
            major,
            version: image.and_then(|it| family.version(it.tag?)),
        };
        if let Some(family) = image.and_then(|it| it.suggests) {
            return self.confirms(family, &repository).then(|| likely(family));
        }
        let fits = |it: &&Family| {
            let main = it.ports().first().is_some_and(|port| self.ports.contains(port));
            // Many programs keep their data in `/data`.
            let mut dirs = it.data_dirs("", None);
            dirs.retain(|dir| dir.trim_matches('/').contains('/'));
            main && self.has_path(&dirs)
        };
        let mut fitting = families::stores().filter(fits);
        let only = fitting.next()?;
        fitting.next().is_none().then(|| likely(only))
    }
}

/// Words that end the names of databases.
const DATABASE_WORDS: &[&str] = &[
    "db",
    "database",
    "sql",
    "mysql",
    "mysqldb",
    "mariadb",
    "postgres",
    "postgresql",
    "mongo",
    "mongodb",
    "patroni",
];

impl Unit<'_> {
    /// Returns the family that the container sets up an empty store of: it is called like a database, and has
    /// variables that only the server reads, or those that clients read too and the port of the server.
    pub fn set_up_store(&self, ports: &[u16]) -> Option<&'static Family> {
        let is_database = |name: &str| {
            let last = name.rsplit(['-', '_', '.']).next().unwrap_or(name);
            DATABASE_WORDS.iter().any(|word| last.eq_ignore_ascii_case(word))
        };
        (is_database(self.name) || is_database(self.program())).then_some(())?;
        let is_postgres = || ports.contains(&5432) && self.var("POSTGRES_PASSWORD").is_some();
        let by_port = || is_postgres().then_some("postgres");
        families::by_id(self.env.iter().find_map(|it| set_up_by(it.name)).or_else(by_port)?)
    }

    /// Returns the program that the container's variables and its ports give away.
    fn set_up_program(&self, ports: &[u16]) -> Option<Program> {
        let image = self.image.as_ref()?;
        Some(Program {
            family: self.set_up_store(ports)?,
            certainty: Certainty::Likely,
            repository: image.repository.clone(),
            // The tag of an image of somebody's own says nothing about the store in it.
            major: None,
            version: None,
        })
    }
}

/// Settles what runs in each Compose service.
pub(super) fn of_services(services: &mut [Service<'_>], files: &[&FileModel]) {
    for service in services {
        let model = service.model;
        if let Some(build) = &model.build {
            let file = build.dockerfile_id.and_then(|id| files.iter().find(|it| it.id == id));
            let inline = build.dockerfile_inline.as_ref().map(|it| it.as_str());
            if let Some(text) = inline.or(file.map(|it| it.text())) {
                // What the Dockerfile says is stronger than the name that the image is given.
                let runs = of_dockerfile(text, service);
                service.unit.runs = runs;
                continue;
            }
        }
        if service.unit.runs.is_some() {
            continue;
        }
        let ports = listed_ports(model);
        let paths = model.volumes.iter().map(|it| it.target.as_str()).collect();
        let shape = Shape { ports, paths };
        let program = shape.program(service.unit.image.as_ref());
        service.unit.runs = program.or_else(|| service.unit.set_up_program(&shape.ports));
    }
}

/// Returns the program of the image that a Dockerfile's final stage starts from, unless the stage
/// starts something else.
fn of_dockerfile(text: &str, service: &Service<'_>) -> Option<Program> {
    let stage = dockerfile::built_stage(text, service)?;
    let program = Program::of_base(&stage.base)?;
    let starts_server = |words: &dockerfile::Words| {
        let name = base_name(words.first());
        name.starts_with('-') || SERVERS.contains(&name) || name == program.family.id
    };
    let started = [&stage.entrypoint, &stage.command];
    started.into_iter().flatten().all(starts_server).then_some(program)
}

/// Settles what runs in the containers of each workload.
pub(super) fn of_workloads(workloads: &mut [Workload<'_>]) {
    for workload in workloads {
        for at in 0..workload.units.len() {
            if workload.units[at].runs.is_some() {
                continue;
            }
            let container = workload.container(at);
            let numbers = container.ports.iter().filter_map(|it| it.container_port.as_ref());
            let ports = numbers.filter_map(|it| u16::try_from(it.value).ok()).collect();
            let paths = container.mounts.iter().filter_map(|it| it.mount_path.as_ref());
            let paths = paths.map(|it| it.as_str()).collect();
            let shape = Shape { ports, paths };
            let program = shape.program(workload.units[at].image.as_ref());
            let unit = &workload.units[at];
            let runs = program.or_else(|| unit.set_up_program(&shape.ports));
            workload.units[at].runs = runs;
        }
    }
}

/// Takes over what runs in a service's counterpart, where a service is built and its Dockerfile was
/// not handed over.
pub(super) fn of_counterparts(facts: &mut Facts<'_>) {
    let mut found: Vec<(usize, Program)> = Vec::new();
    for pair in facts.counterparts() {
        let service = &facts.services[pair.service];
        let read = service
            .model
            .build
            .as_ref()
            .is_some_and(|it| it.dockerfile_id.is_some() || it.dockerfile_inline.is_some());
        if !service.is_built() || read || service.unit.runs.is_some() {
            continue;
        }
        let runs = facts.workloads[pair.workload].units[pair.unit].runs.as_ref();
        let stores = runs.filter(|it| it.family.is_data_store());
        found.extend(
            stores.map(|it| (pair.service, Program { certainty: Certainty::Likely, ..it.clone() })),
        );
    }
    for (service, program) in found {
        facts.services[service].unit.runs = Some(program);
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::files;
    use crate::{Options, analyze};

    /// Returns the subjects that a rule reports for a text.
    fn subjects(code: &str, text: &str) -> Vec<String> {
        let options = Options { select: vec![code.to_owned()], ..Options::default() };
        let findings = analyze(&files(text), &options).findings;
        findings.into_iter().map(|it| it.subject.to_string()).collect()
    }

    /// Returns how often a database's published port is reported for a service with this body.
    fn published(body: &str, dockerfile: Option<&str>) -> usize {
        let mut text = format!("# file: compose.yaml\nservices:\n  db: {{ {body} }}\n");
        if let Some(dockerfile) = dockerfile {
            text.push_str(&format!("# file: db/Dockerfile\n{dockerfile}\n"));
        }
        subjects("PLM412", &text).len()
    }

    #[test]
    fn a_dockerfile_tells_what_is_built_on() {
        let body = "build: ./db, ports: ['3306:3306']";
        assert_eq!(published(body, Some("FROM mysql:5.7")), 1);
        assert_eq!(published(body, Some("ARG V=8.4\nFROM mysql:${V}\nCMD [\"mysqld\"]")), 1);
        let given = "build: { context: ./db, args: ['BASE=mysql:8.4'] }, ports: ['3306:3306']";
        assert_eq!(published(given, Some("ARG BASE\nFROM ${BASE}")), 1);
        assert_eq!(published(given, Some("ARG OTHER\nFROM node:${OTHER}")), 0);
        assert_eq!(published(body, Some("FROM mysql:5.7 AS a\nFROM node:22")), 0);
        assert_eq!(published(body, Some("FROM mysql:5.7\nCMD [\"./dump.sh\"]")), 0);
        assert_eq!(published(body, None), 0);
        let two = "build: { context: ./db, target: db }, ports: ['3306:3306']";
        assert_eq!(published(two, Some("FROM mysql:8.4 AS db\nFROM node:22 AS web")), 1);
        let given = "build: { context: ./db, args: { BASE: 'mysql:8.4' } }, ports: ['3306:3306']";
        assert_eq!(published(given, Some("ARG BASE\nFROM ${BASE}")), 1);
        assert_eq!(published(given, Some("ARG BASE=node:22\nFROM ${BASE}")), 1);
        assert_eq!(published(given, Some("ARG OTHER\nFROM ${OTHER}")), 0);
        let inline =
            "build: { context: ., dockerfile_inline: 'FROM mysql:8.4' }, ports: ['3306:3306']";
        assert_eq!(published(inline, None), 1);
    }

    #[test]
    fn what_is_built_counts_more_than_its_name() {
        let body = "build: ./db, image: acme/mysql, ports: ['3306:3306']";
        assert_eq!(published(body, Some("FROM node:22")), 0);
        assert_eq!(published(body, None), 1);
    }

    #[test]
    fn a_name_with_an_unknown_word_needs_a_port_or_a_mount() {
        assert_eq!(published("image: 'acme-postgresql:16', ports: ['5432:5432']", None), 1);
        assert_eq!(published("image: 'acme-postgresql:16', ports: ['8080:8080']", None), 0);
        assert_eq!(published("image: 'acme/postgres-exporter', ports: ['5432:5432']", None), 0);
        assert_eq!(published("image: 'acme/kafka', ports: ['9092:9092']", None), 1);
        assert_eq!(published("image: 'acme/kafka-consumer', ports: ['9092:9092']", None), 0);
    }

    #[test]
    fn variables_that_only_a_server_reads_give_a_store_away() {
        let body = |name: &str, variable: &str| {
            let text = format!(
                "services: {{ {name}: {{ image: 'acme/shop-data:1', ports: ['3306:3306'], environment: {{ {variable} }} }} }}\n"
            );
            subjects("PLM412", &text).len()
        };
        assert_eq!(body("shop-db", "MYSQL_ROOT_PASSWORD: '${PASSWORD}'"), 1);
        assert_eq!(body("shop-db", "MYSQL_USER: shop, MYSQL_PASSWORD: '${PASSWORD}'"), 0);
        assert_eq!(body("backup", "MYSQL_ROOT_PASSWORD: '${PASSWORD}'"), 0);
    }

    #[test]
    fn a_port_and_a_data_directory_together_give_a_store_away() {
        let mounted = "volumes: ['/srv/db:/var/lib/postgresql/data']";
        let port = "ports: ['5432:5432']";
        assert_eq!(published(&format!("image: 'acme/core:1', {port}, {mounted}"), None), 1);
        assert_eq!(published(&format!("image: 'acme/core:1', {port}"), None), 0);
        assert_eq!(
            published(&format!("image: 'acme/core:1', ports: ['80:80'], {mounted}"), None),
            0
        );
    }

    #[test]
    fn a_counterpart_tells_what_a_service_is_whose_dockerfile_is_not_there() {
        let text = "# file: compose.yaml\nservices:\n  mysql: { build: ./mysql, ports: ['3306:3306'] }\n\
                    # file: k8s/db.yaml\napiVersion: apps/v1\nkind: StatefulSet\n\
                    metadata: { name: mysql }\nspec:\n  selector: { matchLabels: { app: mysql } }\n  \
                    template:\n    metadata: { labels: { app: mysql } }\n    spec:\n      \
                    containers: [{ name: mysql, image: 'mysql:8.4' }]\n";
        assert_eq!(subjects("PLM412", text).len(), 1);
        let without = text.replace("mysql:8.4", "acme/shop:1");
        assert_eq!(subjects("PLM412", &without).len(), 0);
    }
}
