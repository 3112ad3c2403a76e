//! Directories of images: those that an image fills, and those that its program writes to.
//!
//! Source: see `data/filled_directories.txt` and `data/written_directories.txt`.

use super::data::entries;
use std::sync::LazyLock;

/// A directory that an image fills with files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledDirectory {
    pub path: &'static str,
    /// The entries that the program cannot do without.
    pub needed: Vec<&'static str>,
    /// Whether images of every family have it.
    pub everywhere: bool,
}

/// The rows of a table: the words before the colon, and those after it.
type Rows = Vec<(Vec<&'static str>, Vec<&'static str>)>;

fn rows(text: &'static str) -> Rows {
    let row = |line: &'static str| {
        let (before, after) = line.split_once(": ").expect("internal error: a malformed row");
        (before.split(' ').collect(), after.split(' ').collect())
    };
    entries(text).map(row).collect()
}

static FILLED: LazyLock<Rows> = LazyLock::new(|| rows(include_str!("data/filled_directories.txt")));

static WRITTEN: LazyLock<Rows> =
    LazyLock::new(|| rows(include_str!("data/written_directories.txt")));

/// Returns the directories that an image fills. `family` is the id of its family, if it is known.
#[must_use]
pub fn filled_directories(family: Option<&str>, repository: &str) -> Vec<FilledDirectory> {
    let mut found = Vec::new();
    for (before, needed) in FILLED.iter() {
        let (whose, path) = (before[0], before[1]);
        let everywhere = whose == "*";
        let fits = everywhere
            || family == Some(whose)
            || whose.ends_with('/') && repository.contains(whose);
        if fits {
            found.push(FilledDirectory { path, needed: needed.clone(), everywhere });
        }
    }
    // What is known of the family is more exact than what holds for every image.
    found.sort_by_key(|it| it.everywhere);
    found
}

/// Returns the directories that the program of an image writes to, besides those that the image declares
/// as volumes.
#[must_use]
pub fn written_directories(family: &str, repository: &str) -> &'static [&'static str] {
    let of_family = || WRITTEN.iter().filter(|it| it.0[0] == family);
    let own = of_family().find(|it| it.0.get(1).is_some_and(|own| *own == repository));
    let row = own.or_else(|| of_family().find(|it| it.0.len() == 1));
    row.map_or(&[], |it| &it.1)
}

#[cfg(test)]
mod tests {
    use super::super::families;
    use super::*;

    #[test]
    fn the_tables_are_well_formed() {
        for (before, after) in FILLED.iter().chain(WRITTEN.iter()) {
            assert!(!after.is_empty() && !before.is_empty(), "{before:?}");
        }
        for (before, _) in FILLED.iter() {
            assert!(before.len() == 2 && before[1].starts_with('/'), "{before:?}");
        }
        for (before, after) in WRITTEN.iter() {
            assert!(after.iter().all(|it| it.starts_with('/')), "{before:?}");
        }
    }

    #[test]
    fn every_named_family_exists() {
        let repositories = [
            "nginx",
            "httpd",
            "caddy",
            "haproxy",
            "kong",
            "php",
            "postgres",
            "mysql",
            "mariadb",
            "rabbitmq",
            "elasticsearch",
            "opensearchproject/opensearch",
            "kibana",
            "solr",
            "grafana/grafana",
            "prom/prometheus",
            "quay.io/keycloak/keycloak",
            "apache/kafka",
            "cassandra",
            "clickhouse/clickhouse-server",
            "neo4j",
            "couchdb",
            "emqx",
            "sonarqube",
            "jenkins/jenkins",
            "tomcat",
            "louislam/uptime-kuma",
            "phpmyadmin",
            "python",
            "wordpress",
            "redis",
            "node",
            "ruby",
            "mongo",
            "nextcloud",
            "nginxproxy/nginx-proxy",
            "nginxinc/nginx-unprivileged",
        ];
        let ids: Vec<&str> = repositories
            .iter()
            .filter_map(|it| families::family_of(it))
            .map(|it| it.0.id)
            .collect();
        for (before, _) in FILLED.iter().chain(WRITTEN.iter()) {
            let known = before[0] == "*" || before[0].ends_with('/') || ids.contains(&before[0]);
            assert!(known, "{before:?} is not among {ids:?}");
        }
    }

    #[test]
    fn a_repository_of_its_own_replaces_the_row_of_the_family() {
        assert_eq!(written_directories("nginx", "nginx"), ["/var/cache/nginx", "/var/run"]);
        assert_eq!(
            written_directories("nginx-unprivileged", "nginxinc/nginx-unprivileged"),
            ["/tmp"]
        );
        assert!(written_directories("node", "node").is_empty());
    }

    #[test]
    fn directories_of_a_family_come_before_those_of_every_image() {
        let nginx = filled_directories(Some("nginx"), "nginx");
        assert_eq!(nginx[0].path, "/etc/nginx");
        assert!(nginx.iter().any(|it| it.path == "/usr/bin" && it.everywhere));
        assert!(filled_directories(None, "bitnami/foo").iter().any(|it| it.path == "/opt/bitnami"));
        assert!(!filled_directories(None, "acme/web").iter().any(|it| it.path == "/etc/nginx"));
    }
}
