//! Inputs that nobody writes by hand: dense, repeated and huge ones. What they cost must be linear or be refused in
//! words, in every format.

use crate::shapes::{deployment, service, variable};
use plimsoll_core::File;
use std::fmt::Write;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extreme {
    /// A List whose items are aliases of one Deployment.
    Aliases,
    /// Services that share an environment full of URLs.
    SharedUrls,
    /// Services each of which waits for the 60 before it.
    Dense,
    /// Services that publish all ports there are.
    Ports,
    /// A Compose file in one line.
    LongLine,
    /// A command of many megabytes.
    LongCommand,
    /// Documents of one pair each.
    TinyDocuments,
    /// A file of many megabytes, in which most documents are fine.
    LargeFile,
    /// Deployments in which much is wrong.
    Findings,
}

impl Extreme {
    pub const ALL: [Extreme; 9] = [
        Extreme::Aliases,
        Extreme::SharedUrls,
        Extreme::Dense,
        Extreme::Ports,
        Extreme::LongLine,
        Extreme::LongCommand,
        Extreme::TinyDocuments,
        Extreme::LargeFile,
        Extreme::Findings,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Extreme::Aliases => "aliases",
            Extreme::SharedUrls => "shared-urls",
            Extreme::Dense => "dense",
            Extreme::Ports => "ports",
            Extreme::LongLine => "long-line",
            Extreme::LongCommand => "long-command",
            Extreme::TinyDocuments => "tiny-documents",
            Extreme::LargeFile => "large-file",
            Extreme::Findings => "findings",
        }
    }

    pub fn from_name(name: &str) -> Option<Extreme> {
        Extreme::ALL.into_iter().find(|extreme| extreme.name() == name)
    }

    /// Number of items of the smaller of two inputs. The larger one has ten times as many: 200 KB in those shapes
    /// that a small file may have, and otherwise what a person may have at most.
    pub fn small(self) -> usize {
        match self {
            Extreme::Aliases => 2_000,
            Extreme::SharedUrls => 330,
            Extreme::Dense => 60,
            Extreme::Ports => 30,
            Extreme::LongLine => 200,
            Extreme::LongCommand => 2_500_000,
            Extreme::TinyDocuments => 100_000,
            Extreme::LargeFile => 6_000,
            Extreme::Findings => 600,
        }
    }

    pub fn files(self, count: usize) -> Vec<File> {
        let (path, text) = match self {
            Extreme::Aliases => ("list.yaml", aliases(count)),
            Extreme::SharedUrls => ("compose.yaml", shared_urls(count)),
            Extreme::Dense => ("compose.yaml", dense(count)),
            Extreme::Ports => ("compose.yaml", ports(count)),
            Extreme::LongLine => ("compose.yaml", long_line(count)),
            Extreme::LongCommand => ("compose.yaml", long_command(count)),
            Extreme::TinyDocuments => ("stream.yaml", "a: 1\n---\n".repeat(count)),
            Extreme::LargeFile => ("stream.yaml", crate::generate::documents(count)),
            Extreme::Findings => return (0..count).map(faulty).collect(),
        };
        vec![File::new(path, text)]
    }
}

fn aliases(count: usize) -> String {
    let item = deployment("web", "shop", &variable("DB_HOST", "db")).replace('\n', "\n    ");
    format!(
        "apiVersion: v1\nkind: List\nitems:\n  - &web\n    {}\n{}",
        item.trim_end(),
        "  - *web\n".repeat(count)
    )
}

fn shared_urls(services: usize) -> String {
    let mut text = "x-environment: &environment\n".to_owned();
    for number in 0..services / 3 {
        let _ = writeln!(text, "  URL_{number}: http://host-{number}:8080/path");
    }
    text.push_str("services:\n");
    for number in 0..services {
        let _ = writeln!(
            text,
            "  s{number}: {{ image: 'acme/s{number}:1', environment: *environment }}"
        );
    }
    text
}

fn dense(services: usize) -> String {
    let mut text = "services:\n".to_owned();
    for number in 0..services {
        let before: Vec<String> =
            (number.saturating_sub(60)..number).map(|at| format!("s{at}")).collect();
        let before = before.join(", ");
        let _ =
            writeln!(text, "  s{number}: {{ image: 'acme/s{number}:1', depends_on: [{before}] }}");
    }
    text
}

fn ports(services: usize) -> String {
    let mut text = "services:\n".to_owned();
    for number in 0..services {
        let _ = writeln!(
            text,
            "  s{number}: {{ image: 'acme/s{number}:1', ports: ['1-65535:1-65535'] }}"
        );
    }
    text
}

fn long_line(services: usize) -> String {
    let service = |number: usize| {
        format!("s{number}: {{ image: nginx, depends_on: [s{}], ports: ['80:80'] }}", number / 2)
    };
    let all: Vec<String> = (0..services).map(service).collect();
    format!("services: {{ {} }}\n", all.join(", "))
}

fn long_command(words: usize) -> String {
    format!(
        "services:\n  web:\n    image: postgres\n    command: sh -c 'alembic upgrade head && {}'\n",
        "x ".repeat(words)
    )
}

fn faulty(number: usize) -> File {
    let name = format!("web-{number}");
    let environment =
        variable("DB_PASSWORD", "hunter2") + &variable("API_URL", "http://nobody:8080");
    let text = deployment(&name, "shop", &environment)
        .replace(":1.4.2", ":latest")
        .replace("limits: { memory: 256Mi }", "limits: { memory: 256MB }")
        + &service(&name, "shop").replace("app: web", "app: other");
    File::new(format!("services/{name}.yaml"), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_core::{Options, analyze};

    #[test]
    fn every_extreme_is_valid_yaml_and_has_findings() {
        for extreme in Extreme::ALL.into_iter().filter(|it| *it != Extreme::TinyDocuments) {
            let report = analyze(&extreme.files(20), &Options::default());
            assert!(!report.findings.is_empty(), "{extreme:?}");
            assert!(report.findings.iter().all(|it| it.code != "PLM001"), "{extreme:?}");
        }
    }
}
