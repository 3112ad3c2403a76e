//! `plimsoll init`: a commented configuration for the files that are there.

use crate::Failure;
use crate::args::Input;
use crate::input;
use crate::terminal::Terminal;
use plimsoll_core::edit::quote_scalar;
use plimsoll_core::output::escape_line;
use plimsoll_core::report::{FileKind, Report, Role, Severity, TargetEntry, TargetKind};
use plimsoll_core::text::{folder_of, name_of};
use plimsoll_core::{Options, rules};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Number of rules that are suggested to be looked at.
const RULES: usize = 5;

const HEAD: &str = "\
# yaml-language-server: $schema=https://plimsoll.dev/config.schema.json
#
# Configuration of Plimsoll. Every setting is optional; what is commented out shows the form, with what the files say
# today. All settings: https://plimsoll.dev/docs/configuration/
";

/// Writes the configuration. One that is there already stays.
pub fn run(path: Option<PathBuf>, terminal: &Terminal) -> Result<u8, Failure> {
    let folder = path.unwrap_or_else(|| PathBuf::from("."));
    if !folder.is_dir() {
        return Err(Failure::at(&folder, &"this is not a folder"));
    }
    if let Some(name) = plimsoll_files::own_config(&folder) {
        return Err(Failure::at(&folder.join(name), &"this configuration is there already"));
    }
    let input = Input {
        paths: vec![folder.clone()],
        stdin_filename: "stdin.yaml".to_owned(),
        config: None,
        within: None,
    };
    let options =
        Options { config: input::config(&input)?, leave_fixes_untried: true, ..Options::default() };
    let project = input::gather(&input, terminal)?;
    let report = project.report(&project.workspace(terminal), &options, terminal)?;
    let file = folder.join("plimsoll.yaml");
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&file)
        .and_then(|mut out| out.write_all(configuration(&report, &folder).as_bytes()))
        .map_err(|error| Failure::at(&file, &error))?;
    if !terminal.quiet {
        terminal.say(&format!("{}: written", file.display()));
    }
    Ok(0)
}

fn configuration(report: &Report, folder: &Path) -> String {
    let prefix = format!("{}/", folder.display());
    let below = |path: &str| {
        let path = path.strip_prefix(prefix.trim_start_matches("./")).unwrap_or(path);
        quote_scalar(&escape_line(path))
    };
    let mut out = HEAD.to_owned();
    let mut section = |about: &str, key: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out.push_str(&format!("\n# {about}\n#{key}:\n"));
            out.extend(lines.iter().map(|line| format!("#  {line}\n")));
        }
    };
    section("What Compose files are for.", "roles", roles(report, &below));
    section("What is deployed.", "targets", targets(report, &below));
    section("How loud rules are: error, warning, info, hint or off.", "rules", levels(report));
    section("Files that are not read.", "exclude", vec!["- examples/**".to_owned()]);
    let overrides = vec![
        "- files: '*.local.yaml'".to_owned(),
        "  role: development".to_owned(),
        "  rules: { PLM8: off }".to_owned(),
    ];
    section("Settings for some of the files.", "overrides", overrides);
    out.push_str("\n# The lowest severity that makes a check fail: error, warning, info or never.\n#fail-on: warning\n");
    out.push_str("\n# The release of Kubernetes that the cluster runs; without one, the newest.\n#kubernetes: 1.33\n");
    out.push_str("\n# The server that `plimsoll decide` measures against, and your answers to its questions.\n#server: { cpus: 16, memory: 64GiB }\n#answers: { downtime: minutes, teams: 1, audit: no }\n");
    out
}

/// Returns the roles of the Compose files, as they are taken today.
fn roles(report: &Report, below: &dyn Fn(&str) -> String) -> Vec<String> {
    let compose = report.files.iter().filter(|entry| entry.kind == FileKind::Compose);
    let role = |role: Option<Role>| role.unwrap_or(Role::Unknown).name();
    compose.map(|entry| format!("{}: {}", below(&entry.file.path), role(entry.role))).collect()
}

/// Returns the charts and overlays that are found.
fn targets(report: &Report, below: &dyn Fn(&str) -> String) -> Vec<String> {
    let folder = |target: &TargetEntry, names: &[&str]| {
        let paths = target.files.iter().map(|file| &*report.entry(*file).file.path);
        let paths = paths.filter(|path| names.contains(&name_of(path)));
        // An overlay is called after its own folder, and its bases may lie nearer to the root.
        let path =
            paths.min_by_key(|path| (folder_of(path) != target.name, path.matches('/').count()))?;
        let folder = folder_of(path);
        Some(if folder.is_empty() { ".".to_owned() } else { folder.to_owned() })
    };
    let mut lines = Vec::new();
    let mut seen = BTreeSet::new();
    for target in &report.targets {
        let (key, folder) = match target.kind {
            TargetKind::Chart => ("chart", folder(target, &["Chart.yaml"])),
            TargetKind::Kustomization => (
                "kustomization",
                folder(target, &["kustomization.yaml", "kustomization.yml", "Kustomization"]),
            ),
            TargetKind::Compose | TargetKind::Manifests | TargetKind::Application => continue,
        };
        if let Some(folder) = folder.filter(|folder| seen.insert(folder.clone())) {
            lines.push(format!("- {key}: {}", below(&folder)));
        }
    }
    lines
}

/// Returns the rules with the most findings.
fn levels(report: &Report) -> Vec<String> {
    let mut counts: BTreeMap<&str, (usize, Severity)> = BTreeMap::new();
    for finding in &report.findings {
        let (count, worst) = counts.entry(finding.code).or_insert((0, finding.severity));
        *count += 1;
        *worst = finding.severity.min(*worst);
    }
    let mut counts: Vec<(&str, (usize, Severity))> = counts.into_iter().collect();
    counts.sort_by_key(|(code, (count, _))| (usize::MAX - count, *code));
    let line = |(code, (count, worst)): &(&str, (usize, Severity))| {
        let rule = rules::find(code)?;
        let findings = if *count == 1 { "finding" } else { "findings" };
        Some(format!("{code}: {worst} # {}, {count} {findings} today", rule.name))
    };
    counts.iter().take(RULES).filter_map(line).collect()
}
