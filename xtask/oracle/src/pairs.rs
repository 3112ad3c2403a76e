//! `xtask-oracle pairs [DIR...]`: which Compose service is taken for which container in the cluster, and
//! why, to be compared with the files by hand.
//!
//! Every folder directly below a `DIR` is a project. Each line is a pair, `service → workload/container
//! (reason)`, or one side without a counterpart.

use plimsoll_core::facts::{Counterpart, Facts, Part, Service, Unit, Workload};
use plimsoll_core::{Config, Workspace};
use plimsoll_files::{load, walk};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Prints the pairs of each project.
pub fn run(folders: &[PathBuf]) -> Result<(), String> {
    for folder in folders {
        for project in crate::fixes::projects_in(folder)? {
            print(&project)?;
        }
    }
    Ok(())
}

fn print(project: &Path) -> Result<(), String> {
    let mut workspace = Workspace::default();
    for path in walk(project, None).files {
        let name = path.strip_prefix(project).unwrap_or(&path).to_string_lossy().into_owned();
        let loaded = load(&path, &name).map_err(|error| format!("{}: {error}", path.display()))?;
        workspace.set_file(loaded.file);
    }
    let analysis = workspace.analysis(&Config::default());
    let facts = analysis.facts();
    let (pairs, services, workloads) = (facts.counterparts(), facts.services(), facts.workloads());
    println!("\n{}", project.file_name().unwrap_or_default().to_string_lossy());
    println!("  {} services, {} workloads, {} pairs", services.len(), workloads.len(), pairs.len());
    for pair in pairs {
        print_pair(facts, pair);
    }
    let matched: BTreeSet<usize> = pairs.iter().map(|it| it.service).collect();
    let mut alone: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for service in services.iter().filter(|it| !matched.contains(&it.index)) {
        alone.entry(file_of(facts, service)).or_default().push(named(service.name, &service.unit));
    }
    for (file, names) in alone {
        println!("  - {file}: {}", names.join(", "));
    }
    let matched: BTreeSet<(usize, usize)> = pairs.iter().map(|it| (it.workload, it.unit)).collect();
    let mut alone: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for workload in workloads {
        for (at, unit) in workload.units.iter().enumerate() {
            if unit.part == Part::Main && !matched.contains(&(workload.index, at)) {
                let path = facts.file(workload.object.file).path().to_owned();
                alone.entry(path).or_default().push(named(workload.name, unit));
            }
        }
    }
    for (file, names) in alone {
        println!("  + {file}: {}", names.join(", "));
    }
    Ok(())
}

fn print_pair(facts: &Facts<'_>, pair: &Counterpart) {
    let (service, workload, unit): (&Service<'_>, &Workload<'_>, &Unit<'_>) = facts.pair(pair);
    println!(
        "  {} {} → {} {} / {} ({})",
        file_of(facts, service),
        named(service.name, &service.unit),
        facts.file(workload.object.file).path(),
        workload.label,
        named(unit.name, unit),
        pair.why.says()
    );
}

fn file_of(facts: &Facts<'_>, service: &Service<'_>) -> String {
    let files = service.project.files.iter().map(|it| facts.file(*it).path());
    files.collect::<Vec<_>>().join(" + ")
}

/// Renders a name with the image repository.
fn named(name: &str, unit: &Unit<'_>) -> String {
    match &unit.image {
        Some(image) => format!("{name} [{}]", image.repository),
        None => name.to_owned(),
    }
}
