//! `xtask-oracle crossing [DIR...]`: the YAML that the crossing table gives in the place of Compose keys,
//! validated with the JSON schemas of Kubernetes.
//!
//! Every folder directly below a `DIR` is a project. So is the Compose file with every key in
//! `core/tests/crossing`, beside a workload of each kind. A fragment that is only part of a workload is laid over
//! the smallest valid workload of its kind.

use plimsoll_core::facts::Facts;
use plimsoll_core::report::Crossing;
use plimsoll_core::{Config, Options, Workspace};
use plimsoll_files::{load, walk};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A fragment as the validator gets it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Fragment {
    key: String,
    kind: &'static str,
    yaml: String,
}

/// Validates the fragments of all projects; `false` where one is invalid.
pub fn run(folders: &[PathBuf], python: &Path) -> Result<bool, String> {
    // Where each fragment comes from first.
    let mut fragments: BTreeMap<Fragment, String> = BTreeMap::new();
    let (mut rows, mut written) = (0, 0);
    let projects = projects(folders)?;
    for (root, paths) in &projects {
        for (crossing, kind) in crossings(root, paths)? {
            rows += 1;
            if crossing.yaml.is_empty() {
                continue;
            }
            written += 1;
            let place = format!("`{}` of {}", crossing.service, root.display());
            let fragment = Fragment { key: crossing.key, kind, yaml: crossing.yaml };
            fragments.entry(fragment).or_insert(place);
        }
    }
    let answers = validated(fragments.keys(), python)?;
    let (mut invalid, mut unknown) = (0, 0);
    for ((fragment, place), problems) in fragments.iter().zip(&answers) {
        let Some(problems) = problems else {
            unknown += 1;
            continue;
        };
        if !problems.is_empty() {
            invalid += 1;
            println!("\n`{}` of {place}, for a {}:", fragment.key, fragment.kind);
            problems.iter().for_each(|problem| println!("  {problem}"));
            fragment.yaml.lines().for_each(|line| println!("    {line}"));
        }
    }
    let keys: BTreeSet<&str> = fragments.keys().map(|it| it.key.as_str()).collect();
    println!(
        "{} projects, {rows} rows, {written} with a fragment, {} different ones of {} keys: \
         {invalid} invalid, {unknown} without a schema",
        projects.len(),
        fragments.len(),
        keys.len()
    );
    Ok(invalid == 0)
}

/// A folder, and those of its files that are a project together.
type Project = (PathBuf, Vec<PathBuf>);

/// Returns the projects of some folders, and the one with every key beside a workload of each kind.
fn projects(folders: &[PathBuf]) -> Result<Vec<Project>, String> {
    let mut projects = Vec::new();
    for folder in folders {
        let all = crate::fixes::projects_in(folder)?.into_iter();
        projects.extend(all.map(|root| (root.clone(), walk(&root, None).files)));
    }
    let root = PathBuf::from("core/tests/crossing");
    let all = walk(&root, None).files.into_iter();
    let (kinds, every_key): (Vec<PathBuf>, Vec<PathBuf>) =
        all.partition(|path| path.parent().is_some_and(|it| it.ends_with("kinds")));
    projects.extend(
        kinds.into_iter().map(|kind| (root.clone(), [vec![kind], every_key.clone()].concat())),
    );
    projects.push((root, every_key));
    Ok(projects)
}

/// Returns the rows of a project, each with the kind of the workload that its service has or would have.
fn crossings(root: &Path, paths: &[PathBuf]) -> Result<Vec<(Crossing, &'static str)>, String> {
    let mut workspace = Workspace::default();
    for path in paths {
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        let loaded = load(path, &name).map_err(|error| format!("{}: {error}", path.display()))?;
        workspace.set_file(loaded.file);
    }
    let analysis = workspace.analysis(&Config::default());
    let report = analysis.report(&Options::default());
    let facts = analysis.facts();
    let mut all = Vec::new();
    for system in report.systems {
        for crossing in system.decision.crossing {
            let kind = kind(facts, &crossing);
            all.push((crossing, kind));
        }
    }
    Ok(all)
}

/// Returns the kind of the counterpart of the service that a row is about, or else the kind that it asks for.
fn kind(facts: &Facts<'_>, crossing: &Crossing) -> &'static str {
    let file = crossing.span.map(|it| it.file);
    let service = facts.services().iter().find(|it| {
        let mut keys = it.model.keys.iter();
        it.model.name.value == crossing.service
            && file.is_none_or(|file| keys.any(|key| key.name.span.file == file))
    });
    let Some(service) = service else { return "Deployment" };
    let pair = facts.counterparts().iter().find(|it| it.service == service.index);
    if let Some(pair) = pair {
        return facts.pair(pair).1.kind().name();
    }
    let mode = service.model.deploy.as_deref().and_then(|it| it.mode.as_ref());
    match mode.map(|it| it.as_str()) {
        Some("global") => "DaemonSet",
        _ if facts.is_one_shot(service) => "Job",
        _ => "Deployment",
    }
}

/// Returns what the validator says of each fragment; `None` for a kind without a schema.
fn validated<'f>(
    fragments: impl Iterator<Item = &'f Fragment>,
    python: &Path,
) -> Result<Vec<Option<Vec<String>>>, String> {
    let cannot = |error: std::io::Error| format!("{}: {error}", python.display());
    let mut input = String::new();
    for fragment in fragments {
        input += &serde_json::to_string(fragment).map_err(|error| error.to_string())?;
        input.push('\n');
    }
    let mut validator = Command::new(python)
        .args(["-c", include_str!("crossing.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    let mut stdin = validator.stdin.take().ok_or("the validator has no input")?;
    // Written beside the reading, since each answer comes at once.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = validator.wait_with_output().map_err(cannot)?;
    writer.join().map_err(|_| "the writer failed".to_owned())?.map_err(cannot)?;
    if !output.status.success() {
        return Err(format!("the validator ended with {}", output.status));
    }
    let lines = String::from_utf8_lossy(&output.stdout);
    lines.lines().map(|it| serde_json::from_str(it).map_err(|error| error.to_string())).collect()
}
