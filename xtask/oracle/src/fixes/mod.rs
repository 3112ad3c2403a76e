//! `xtask-oracle fixes DIR...`: fixes are applied to copies of real projects, and the real tools say what
//! has changed.
//!
//! Every folder directly below a `DIR` is a project. The command `plimsoll fix` runs over a copy of it three
//! times: as it stands, with all rules selected, and with the unsafe fixes as well. Apart from that, each
//! single fix is applied alone. After each of these the real `docker-compose config` must still accept what
//! it accepted, an independent parser must find the same Kubernetes objects, and only such keys may have
//! changed as the rule speaks about. No comment may be lost, no line changed elsewhere, and the finding must
//! be gone, with no new error. A second run must change nothing.

mod allowed;
mod changes;
mod engine;
mod manifests;
mod runs;
mod singles;
mod text;

use crate::compose;
use engine::Engine;
use plimsoll_core::report::Report;
use plimsoll_core::{File, Options, analyze};
use plimsoll_files::{load, walk};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What happened to the fixes of one rule.
#[derive(Default)]
struct Tally {
    tried: usize,
    damaged: usize,
    /// How often each key path has changed.
    paths: BTreeMap<String, usize>,
}

/// What happened in all projects.
#[derive(Default)]
struct Totals {
    projects: usize,
    compose_projects: usize,
    accepted: usize,
    /// By code and safety.
    fixes: BTreeMap<(&'static str, &'static str), Tally>,
    /// By the title of the run: projects with changes, changed files, runs with damage.
    runs: BTreeMap<&'static str, [usize; 3]>,
    refused: usize,
}

/// A copy of a project, which fixes may change.
struct Sample {
    name: String,
    root: PathBuf,
    files: Vec<File>,
    report: Report,
}

/// Applies fixes to the projects in some folders; `false` where any of them does damage.
pub fn run(folders: &[PathBuf], tool: &Path) -> Result<bool, String> {
    let command = beside("plimsoll")?;
    let space = std::path::absolute("target/oracle-fixes").map_err(|error| error.to_string())?;
    let mut totals = Totals::default();
    for folder in folders {
        for project in projects_in(folder)? {
            let sample = Sample::copy(&project, &space)?;
            println!("{}", sample.name);
            let mut engine = Engine::new(&sample, tool)?;
            totals.projects += 1;
            totals.compose_projects += engine.projects.len();
            totals.accepted += engine.accepted();
            singles::run(&sample, &mut engine, &mut totals)?;
            runs::run(&sample, &mut engine, &command, &mut totals)?;
        }
    }
    totals.print();
    Ok(totals.is_clean())
}

impl Sample {
    fn copy(project: &Path, space: &Path) -> Result<Sample, String> {
        let name = project.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let root = space.join(&name);
        if root.exists() {
            std::fs::remove_dir_all(&root).map_err(|it| format!("{}: {it}", root.display()))?;
        }
        for path in compose::all_files(project)? {
            let relative = path.strip_prefix(project).unwrap_or(&path);
            let Ok(bytes) = std::fs::read(&path) else { continue };
            write(&root.join(relative), &bytes)?;
        }
        let files = read(&root)?;
        let report = analyze(&files, &Options::default());
        Ok(Sample { name, root, files, report })
    }

    /// Writes some files into the copy.
    fn write(&self, files: &[&File]) -> Result<(), String> {
        files.iter().try_for_each(|it| write(&self.root.join(&*it.path), it.text.as_bytes()))
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let parent = path.parent().unwrap_or(path);
    let written = std::fs::create_dir_all(parent).and_then(|()| std::fs::write(path, bytes));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads the files of a project as the command does.
fn read(root: &Path) -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    for path in walk(root, None).files {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        let loaded = load(&path, &name).map_err(|error| format!("{}: {error}", path.display()))?;
        files.push(loaded.file);
    }
    Ok(files)
}

/// Returns the folders directly below a folder.
pub fn projects_in(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = folder.read_dir().map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut projects: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    projects.retain(|path| path.is_dir());
    projects.sort();
    Ok(projects)
}

/// Returns a program that was built together with this one.
fn beside(program: &str) -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let path = own.with_file_name(program);
    path.is_file().then_some(path).ok_or_else(|| {
        format!("`{program}` is not built; `cargo build --release --package plimsoll` does that")
    })
}

impl Totals {
    fn print(&self) {
        println!("\nSingle fixes: code, safety, tried, damaged, changed key paths");
        for ((code, safety), tally) in &self.fixes {
            let paths = tally.paths.iter().map(|(path, count)| format!("{path} ({count})"));
            let paths = paths.collect::<Vec<_>>().join(", ");
            println!("{code} {safety:<6} {:>5} {:>4}  {paths}", tally.tried, tally.damaged);
        }
        println!("\nRuns of `plimsoll fix`: projects changed, files changed, projects damaged");
        for (run, [projects, files, damaged]) in &self.runs {
            println!("{run:<24} {projects:>5} {files:>5} {damaged:>5}");
        }
        let sum = |safety: &str, count: fn(&Tally) -> usize| -> usize {
            let own = self.fixes.iter().filter(|it| it.0.1 == safety);
            own.map(|it| count(it.1)).sum()
        };
        println!(
            "\n{} projects; {} Compose projects in them, of which the real tool accepts {}",
            self.projects, self.compose_projects, self.accepted
        );
        for safety in ["safe", "unsafe"] {
            let (tried, damaged) = (sum(safety, |it| it.tried), sum(safety, |it| it.damaged));
            println!("{tried} {safety} fixes alone: {damaged} do damage");
        }
        println!("{} fixes were refused by `plimsoll fix` with a reason", self.refused);
    }

    fn is_clean(&self) -> bool {
        self.fixes.values().all(|it| it.damaged == 0) && self.runs.values().all(|it| it[2] == 0)
    }
}
