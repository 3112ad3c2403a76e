//! Whole projects with what the decision must say about them, and what must not change the decision.
//!
//! Each folder of `projects` is one project; its `expected.yaml` says what the documentation of the platforms
//! implies for it.
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
mod expected;
mod meaning;

use common::{handed_over, projects};
use expected::Expected;
use plimsoll_core::config::Server;
use plimsoll_core::report::System;
use plimsoll_core::{Config, File, Options, analyze};
use std::path::Path;

/// A project of the folder.
struct Project {
    name: String,
    files: Vec<File>,
    expected: Expected,
}

/// Returns every project, without the file that says what is expected of it.
fn all() -> Vec<Project> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decisions/projects");
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (expected, files): (Vec<File>, Vec<File>) =
            handed_over(path).into_iter().partition(|it| &*it.path == "expected.yaml");
        let expected = yaml_serde::from_str(&expected[0].text)
            .unwrap_or_else(|error| panic!("{name}/expected.yaml: {error}"));
        Project { name, files, expected }
    };
    projects(&folder).iter().map(read).collect()
}

impl Project {
    /// Returns the configuration with the answers and the server of the project.
    fn config(&self) -> Config {
        let mut config = Config::default();
        for answer in &self.expected.answers {
            let (key, value) = answer.split_once('=').unwrap();
            config
                .answers
                .set(key, value)
                .unwrap_or_else(|it| panic!("{answer}: {}", it.message()));
        }
        let server = self.expected.server.as_ref();
        config.server = server.map(|it| Server { cpus: it.cpus, memory_bytes: it.memory_bytes() });
        config
    }

    fn decide(&self, files: &[File], config: Config) -> Vec<System> {
        analyze(files, &Options { config, ..Options::default() }).systems
    }
}

#[test]
fn every_cell_is_as_expected() {
    let mut wrong = String::new();
    let projects = all();
    assert!(projects.len() >= 40, "{} projects", projects.len());
    for project in &projects {
        let systems = project.decide(&project.files, project.config());
        let differences = project.expected.differences(&systems);
        if !differences.is_empty() {
            wrong.push_str(&format!("\n{} ({})\n", project.name, project.expected.about));
            wrong.extend(differences.iter().map(|it| format!("  {it}\n")));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
