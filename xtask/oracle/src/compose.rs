//! Finds the projects, asks the real tool, compares and tells.

use crate::shape;
use plimsoll_core::model::compose::{
    FileInput, Problem, ProblemKind, Project, project_of, projects,
};
use plimsoll_core::model::detect::detect;
use plimsoll_core::report::Kind;
use plimsoll_core::syntax::{Tree, parse};
use plimsoll_core::text::{File, FileId};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of a project, read by itself.
pub struct Loaded {
    pub file: File,
    tree: Option<Tree>,
    broken: bool,
    compose: bool,
}

/// How often a key was compared, and how often both sides said the same.
#[derive(Default)]
struct Tally {
    compared: usize,
    same: usize,
}

/// Compares all projects below a folder; `false` where anything differs without a known reason.
pub fn run(folder: &Path, tool: &Path) -> Result<bool, String> {
    let files = load(folder)?;
    let inputs = inputs_of(&files);
    let mut all = projects(&inputs);
    // Each file alone as well, so that nothing is left out because another file includes it.
    for input in inputs.iter().filter(|it| it.compose) {
        if !all.iter().any(|it| it.files == [input.id]) {
            all.push(project_of(&inputs, &[input.id]));
        }
    }
    if all.is_empty() {
        return Err(format!("{}: no Compose project below this folder", folder.display()));
    }
    let mut tallies: BTreeMap<&'static str, Tally> = BTreeMap::new();
    let (mut accepted, mut refused, mut agreeing) = (0, 0, 0);
    let mut unexplained = 0;
    let mut explained = 0;
    for project in &all {
        let names: Vec<&str> =
            project.files.iter().map(|it| &*files[it.index()].file.path).collect();
        let title = names.join(" + ");
        let broken =
            project.files.iter().chain(&project.included).any(|it| files[it.index()].broken);
        let ours_refuses = broken || project.is_refused();
        match ask(folder, project, &names, tool)? {
            Answer::Refused(message) => {
                refused += 1;
                if ours_refuses {
                    agreeing += 1;
                    let ours = project.problems.iter().find(|it| it.kind.is_refused());
                    let ours = ours.map_or("it does not parse", |it| it.message.as_str());
                    println!("{title}\n    both refuse: {message}\n    as we say:   {ours}");
                } else {
                    unexplained += 1;
                    println!("{title}\n    only the real tool refuses: {message}");
                }
            }
            Answer::Unprinted(why) if !ours_refuses => {
                accepted += 1;
                agreeing += 1;
                println!("{title}\n    accepted by both; the real tool cannot print it: {why}");
            }
            answer @ (Answer::Model(_) | Answer::Unprinted(_)) => {
                accepted += 1;
                let refusals = || project.problems.iter().filter(|it| it.kind.is_refused());
                if ours_refuses && refusals().all(|it| stricter(it).is_some()) && !broken {
                    explained += 1;
                    let reason = refusals().find_map(stricter).unwrap_or_default();
                    println!("{title}\n    only we refuse (known: {reason})");
                    continue;
                }
                if ours_refuses {
                    unexplained += 1;
                    println!("{title}\n    only we refuse:");
                    for problem in &project.problems {
                        println!("        {:?}: {}", problem.kind, problem.message);
                    }
                    continue;
                }
                agreeing += 1;
                let Answer::Model(theirs) = answer else { continue };
                let differences = compare(project, &theirs, &mut tallies);
                let mut told = false;
                for difference in differences {
                    if !std::mem::replace(&mut told, true) {
                        println!("{title}");
                    }
                    match reason(&difference) {
                        Some(reason) => {
                            explained += 1;
                            println!("    {} (known: {reason})", difference.place);
                        }
                        None => {
                            unexplained += 1;
                            println!("    {}", difference.place);
                            println!("        ours:   {}", difference.ours);
                            println!("        theirs: {}", difference.theirs);
                        }
                    }
                }
            }
        }
    }
    println!();
    println!("{:<24} {:>9} {:>9}", "key", "compared", "the same");
    for (key, tally) in &tallies {
        println!("{key:<24} {:>9} {:>9}", tally.compared, tally.same);
    }
    println!();
    println!(
        "{} projects: the real tool accepts {accepted} and refuses {refused}; we agree on {agreeing}",
        all.len()
    );
    let compared: usize = tallies.values().map(|it| it.compared).sum();
    let same: usize = tallies.values().map(|it| it.same).sum();
    println!("{same} of {compared} values are the same; {explained} differ for a known reason");
    Ok(unexplained == 0)
}

/// Returns the files as the reader of Compose projects takes them.
pub fn inputs_of(files: &[Loaded]) -> Vec<FileInput<'_>> {
    let numbered = files.iter().enumerate();
    let inputs = numbered.map(|(at, file)| FileInput {
        id: FileId(u32::try_from(at).unwrap_or(u32::MAX)),
        path: &file.file.path,
        text: &file.file.text,
        tree: file.tree.as_ref(),
        compose: file.compose,
    });
    inputs.collect()
}

pub struct Difference {
    pub place: String,
    pub ours: String,
    pub theirs: String,
}

/// Differences that are meant to be.
fn reason(difference: &Difference) -> Option<&'static str> {
    if difference.place.ends_with(".environment") && difference.theirs.contains("\"\":\"") {
        return Some(
            "a lone name at the very end of an env file: the real tool makes it the value of a variable without a name",
        );
    }
    if difference.place.ends_with(".stop_grace_period") && difference.theirs.contains("NaN") {
        return Some("a negative duration is none at all to us");
    }
    None
}

/// Refusals of ours that are meant to be, although the real tool goes on.
fn stricter(problem: &Problem) -> Option<&'static str> {
    match problem.kind {
        ProblemKind::WrongType | ProblemKind::Conflict
            if problem.message.contains("mapping or a list")
                || problem.message.contains("does not have the type here") =>
        {
            Some(
                "an override with a plain value where a mapping belongs: the real tool makes a list of it",
            )
        }
        _ => None,
    }
}

fn compare(
    project: &Project,
    theirs: &Value,
    tallies: &mut BTreeMap<&'static str, Tally>,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut one = |key: &'static str, place: String, ours: Value, theirs: Value| {
        let tally = tallies.entry(key).or_default();
        tally.compared += 1;
        if ours == theirs {
            tally.same += 1;
        } else {
            differences.push(Difference {
                place,
                ours: ours.to_string(),
                theirs: theirs.to_string(),
            });
        }
    };
    let empty = serde_json::Map::new();
    let services = theirs["services"].as_object().unwrap_or(&empty);
    let mut names: Vec<&str> = services.keys().map(String::as_str).collect();
    let mut own: Vec<&str> = project.services.iter().map(|it| it.name.value.as_str()).collect();
    names.sort_unstable();
    own.sort_unstable();
    one("services", "services".to_owned(), own.into(), names.into());
    for service in &project.services {
        let name = service.name.value.as_str();
        let Some(real) = services.get(name) else { continue };
        for (key, read) in shape::SERVICE {
            one(
                key,
                format!("services.{name}.{key}"),
                read(service, project),
                shape::service(key, &real[*key]),
            );
        }
    }
    for (section, read) in shape::TOP_LEVEL {
        // The real tool leaves out what no service uses.
        for (key, real) in theirs[*section].as_object().unwrap_or(&empty) {
            let ours = read(project, key);
            let real = shape::object(section, key, real, &project.name.value);
            one(section, format!("{section}.{key}"), ours, real);
        }
    }
    one("name", "name".to_owned(), project.name.value.as_str().into(), theirs["name"].clone());
    differences
}

/// What the real tool says of a project.
enum Answer {
    Model(Value),
    /// It accepts the project and cannot print it, for this reason.
    Unprinted(String),
    Refused(String),
}

/// Asks the real tool about a project.
fn ask(folder: &Path, project: &Project, names: &[&str], tool: &Path) -> Result<Answer, String> {
    let call = |arguments: &[&str]| {
        let mut command = Command::new(tool);
        command.current_dir(folder.join(project.folder.as_str()));
        // Nothing of this machine may show: no shell variables and a home of its own.
        command.env_clear().env("HOME", "/plimsoll-oracle-home");
        for name in names {
            command.arg("-f").arg(folder.join(name));
        }
        command.args(["--profile", "*", "config"]).args(arguments);
        command.output().map_err(|error| format!("{}: {error}", tool.display()))
    };
    // Some refusals only come while paths are resolved, which the comparison leaves out.
    let output = call(&["--quiet"])?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let last = message.lines().filter(|it| !it.starts_with("time=")).collect::<Vec<_>>();
        return Ok(Answer::Refused(last.join(" ")));
    }
    let output = call(&["--format", "json", "--no-path-resolution"])?;
    if !output.status.success() {
        // Some values it reads and cannot write as JSON, keys for `ssh` among them.
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Ok(Answer::Unprinted(why));
    }
    let value: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("the answer for {names:?} is no JSON: {error}"))?;
    Ok(Answer::Model(shape::unescape(value)))
}

/// Returns the paths of all files below a folder, sorted.
pub fn all_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        let entries = std::fs::read_dir(&next).map_err(|it| format!("{}: {it}", next.display()))?;
        for entry in entries {
            let path = entry.map_err(|it| format!("{}: {it}", next.display()))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != ".git" && name != "node_modules" {
                    folders.push(path);
                }
            } else {
                paths.push(path);
            }
        }
    }
    paths.sort();
    Ok(paths)
}

/// Reads all files below a folder.
pub fn load(folder: &Path) -> Result<Vec<Loaded>, String> {
    let mut all = Vec::new();
    for path in all_files(folder)? {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        if bytes.len() > 4_000_000 {
            continue;
        }
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let file = File::from_bytes(&name, &bytes);
        let id = FileId(u32::try_from(all.len()).unwrap_or(u32::MAX));
        let yaml = [".yml", ".yaml"].iter().any(|it| name.ends_with(it));
        let (tree, broken) = if yaml {
            let (tree, problems) = parse(id, &file.text, None);
            (Some(tree), !problems.is_empty())
        } else {
            (None, false)
        };
        let compose = tree
            .as_ref()
            .is_some_and(|tree| detect(&file.path, &file.text, tree, &[]) == Kind::Compose);
        all.push(Loaded { file, tree, broken, compose });
    }
    Ok(all)
}
