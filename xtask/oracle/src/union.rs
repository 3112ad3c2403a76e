//! `xtask-oracle union DIR...`: the projects in some folders side by side, against each of them alone.
//!
//! Every folder directly below a `DIR` is a project. What is found in all of them together must be what
//! is found in each alone; what differs is printed, `-` for what only the project alone has, `+` for
//! what only all together have. Afterwards each two projects of a `DIR` are compared in the same way.

use plimsoll_core::{File, Options, Report, analyze};
use plimsoll_files::{load, walk};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A finding by its code, path, place and message.
type Said = (&'static str, String, (u32, u32), String);

/// A project with what is found in it alone.
struct Project {
    files: Vec<File>,
    alone: BTreeSet<Said>,
}

/// Compares all projects together and each two of one folder with each project alone; `false` where
/// anything differs.
pub fn run(folders: &[PathBuf]) -> Result<bool, String> {
    let mut groups = Vec::new();
    for folder in folders {
        groups.push(projects(folder)?);
    }
    let all: Vec<&Project> = groups.iter().flatten().collect();
    let alone: usize = all.iter().map(|project| project.alone.len()).sum();
    let files: usize = all.iter().map(|project| project.files.len()).sum();
    println!("{} projects, {files} files, {alone} findings", all.len());
    let different = difference(&all);
    print(&different);
    println!("together: {} findings differ", different.len());
    let mut pairs = 0;
    let mut in_pairs: BTreeMap<(char, Said), usize> = BTreeMap::new();
    for group in &groups {
        for (at, first) in group.iter().enumerate() {
            for second in &group[at + 1..] {
                pairs += 1;
                for line in difference(&[first, second]) {
                    *in_pairs.entry(line).or_default() += 1;
                }
            }
        }
    }
    let new: Vec<_> = in_pairs.into_keys().filter(|it| !different.contains(it)).collect();
    print(&new);
    println!("{pairs} pairs: {} further findings differ", new.len());
    Ok(different.is_empty() && new.is_empty())
}

fn print(lines: &[(char, Said)]) {
    for (sign, (code, path, (start, _), message)) in lines {
        println!("{sign} {code} {path}@{start}: {message}");
    }
}

/// Reads the projects of a folder.
fn projects(folder: &Path) -> Result<Vec<Project>, String> {
    let entries = folder.read_dir().map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut roots: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    roots.retain(|path| path.is_dir());
    roots.sort();
    let mut projects = Vec::new();
    for root in roots {
        let mut files = Vec::new();
        for path in walk(&root, None).files {
            let name = path.to_string_lossy();
            let loaded = load(&path, name.trim_start_matches('/'));
            files.push(loaded.map_err(|error| format!("{}: {error}", path.display()))?.file);
        }
        let alone = said(&analyze(&files, &Options::default()));
        projects.push(Project { files, alone });
    }
    Ok(projects)
}

/// Returns the findings that some projects have only alone (`-`) or only together (`+`).
fn difference(projects: &[&Project]) -> Vec<(char, Said)> {
    let files: Vec<File> = projects.iter().flat_map(|project| project.files.clone()).collect();
    let together = said(&analyze(&files, &Options::default()));
    let alone: BTreeSet<Said> =
        projects.iter().flat_map(|project| project.alone.iter().cloned()).collect();
    let lost = alone.difference(&together).map(|it| ('-', it.clone()));
    let gained = together.difference(&alone).map(|it| ('+', it.clone()));
    lost.chain(gained).collect()
}

fn said(report: &Report) -> BTreeSet<Said> {
    let findings = report.findings.iter().map(|finding| {
        let path = report.entry(finding.span.file).file.path.to_string();
        let place = (finding.span.start, finding.span.end);
        (finding.code, path, place, finding.message.clone())
    });
    findings.collect()
}
