//! What is found does not depend on how a project is written down.
//!
//! Each transformation writes whole projects in another form with the same meaning. The findings must be
//! the same codes, severities and subjects, except for the rules that speak about the form itself
//! ([`ABOUT_FORM`]). The second half runs over the projects in the folders of a corpus
//! (`cargo xtask oracle forms DIR`):
//! `PLIMSOLL_CORPUS=DIR cargo test --test metamorphic -- --ignored --nocapture`, where
//! `PLIMSOLL_TRANSFORMATION=WORDS` takes only the transformations whose names contain the words.
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;
mod compose;
mod forms;
mod kubernetes;
mod rename;
mod tree;

use common::{handed_over, projects};
use plimsoll_core::explain::explain;
use plimsoll_core::report::{Finding, Kind, Report, Sum, System};
use plimsoll_core::syntax::{Style, Tree, parse};
use plimsoll_core::text::{FileId, folder_of};
use plimsoll_core::{File, Options, analyze};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tree::Yaml;

/// A file that is written anew: YAML without problems that is neither a template nor a values file.
pub struct Source {
    pub file: File,
    pub kind: Kind,
    pub tree: Tree,
}

pub struct Project {
    pub files: Vec<File>,
    pub sources: Vec<Source>,
}

/// A way to write a project in another form.
pub struct Transformation {
    pub name: &'static str,
    pub apply: Apply,
    pub folding: Folding,
}

/// What a transformation does to folded findings. Objects have one finding where they share its place
/// through an anchor, and some rules speak once in a file.
#[derive(Clone, Copy, PartialEq)]
pub enum Folding {
    /// The findings are those of the project.
    Kept,
    /// More findings are folded, so that fewer objects are subjects.
    More,
    /// Fewer findings are folded.
    Less,
    /// The findings are those of the project without aliases, which are expanded on the way.
    OfExpanded,
}

#[derive(Clone, Copy)]
pub enum Apply {
    /// Returns the new text of a file; `None` where the transformation does not apply.
    Text(fn(&Source) -> Option<String>),
    /// Returns the new files in place of a file.
    Split(fn(&Source, &Project) -> Option<Vec<File>>),
    /// Returns all files of the project.
    Whole(fn(&Project) -> Option<Vec<File>>),
}

const ONE_FILE: &[&str] = &["Kubernetes: one file per document", "Kubernetes: one file per folder"];

/// Rules whose findings depend on the form, with the transformations that touch them and the reason.
const ABOUT_FORM: &[(&str, &[&str], &str)] = &[
    (
        "PLM004",
        &["anchors expanded", "equal parts as aliases"],
        "speaks of merge keys and their aliases as they are written",
    ),
    (
        "PLM511",
        &["JSON", "Compose: long ports"],
        "speaks of plain text that versions of YAML read differently",
    ),
    (
        "PLM501",
        &["equal parts as aliases"],
        "speaks of a variable where it is written, which may be another service",
    ),
    (
        "PLM508",
        &["equal parts as aliases"],
        "speaks of a variable where it is written, which may be another service",
    ),
    (
        "PLM502",
        &["equal parts as aliases"],
        "names the object of a List where a shared value is written",
    ),
    ("PLM801", ONE_FILE, "speaks once in a file about an image"),
    (
        "PLM801",
        &["equal parts as aliases"],
        "counts places to change, and an image that services share is written in one place",
    ),
    (
        "PLM101",
        &["equal parts as aliases"],
        "counts places to change, and a list that dependents share is written in one place",
    ),
    (
        "PLM624",
        &["equal parts as aliases"],
        "counts places to change, and a check that probes share is written in one place",
    ),
    (
        "PLM103",
        &["Compose: depends_on as a map"],
        "leaves files for Swarm alone, which takes dependencies as a list only",
    ),
    ("PLM809", ONE_FILE, "speaks once in a file about an API version"),
    ("PLM614", &["services and objects renamed"], "proposes the nearest name"),
    (
        "PLM802",
        &["Compose: depends_on as a map"],
        "leaves files for Swarm alone, which takes dependencies as a list only",
    ),
    (
        "PLM807",
        &["Compose: depends_on as a map"],
        "leaves files for Swarm alone, which takes dependencies as a list only",
    ),
];

/// Words in comments that call a file an example.
const CALLED_EXAMPLE: &[&str] =
    &["an example", "example only", "edit this", "for demonstration", "not for production"];

fn transformations() -> impl Iterator<Item = &'static Transformation> {
    forms::ALL.iter().chain(compose::ALL).chain(kubernetes::ALL).chain(rename::ALL)
}

impl Source {
    /// Returns the documents as they are written. `None` where comments mean something, since they get lost.
    pub fn documents(&self) -> Option<Vec<Yaml>> {
        let is_silent = !self.file.text.contains("plimsoll:");
        is_silent.then(|| self.tree.roots().map(Yaml::read).collect())
    }

    /// Returns the comments at the head of the file if they may say that it is an example, which makes findings
    /// weigh less. They stay where the rest is written anew.
    pub fn head(&self) -> String {
        let text = self.file.text.trim_start_matches('\u{FEFF}');
        let head = text.lines().take_while(|it| it.trim().is_empty() || it.starts_with('#'));
        let head: String = head.map(|line| format!("{line}\n")).collect();
        let lower = head.to_ascii_lowercase();
        let is_called = CALLED_EXAMPLE.iter().any(|words| lower.contains(words));
        if is_called { head } else { String::new() }
    }

    /// Returns the documents with aliases and merge keys expanded.
    pub fn expanded(&self) -> Option<Vec<Yaml>> {
        self.documents()?;
        self.tree.roots().map(Yaml::expanded).collect()
    }

    pub fn is_one_of(&self, kinds: &[Kind]) -> bool {
        kinds.contains(&self.kind)
    }

    /// Writes changed documents; `None` where a function changed none of them.
    pub fn changed(&self, change: impl Fn(&mut Yaml)) -> Option<String> {
        let before = self.documents()?;
        let mut after = before.clone();
        after.iter_mut().for_each(change);
        (before != after).then(|| tree::write(&after, Style::Block))
    }
}

impl Project {
    fn new(files: Vec<File>, report: &Report) -> Project {
        let charts: Vec<&str> = files
            .iter()
            .filter(|it| it.path.ends_with("Chart.yaml"))
            .map(|it| folder_of(&it.path))
            .collect();
        let in_chart = |path: &str| charts.iter().any(|chart| Path::new(path).starts_with(chart));
        let kinds = [Kind::Compose, Kind::Kubernetes, Kind::Kustomization, Kind::ArgoCd];
        let mut sources = Vec::new();
        for entry in report.files.iter().filter(|it| kinds.contains(&it.kind)) {
            let file = &entry.file;
            let (tree, problems) = parse(FileId(0), &file.text, None);
            let is_template = file.text.contains("{{") || file.text.contains("{ {");
            if problems.is_empty() && !in_chart(&file.path) && !is_template {
                sources.push(Source { file: file.clone(), kind: entry.kind, tree });
            }
        }
        Project { files, sources }
    }

    /// Returns the files with some of them replaced; `None` where nothing changed.
    pub fn replacing(&self, new: impl Fn(&Source) -> Option<Vec<File>>) -> Option<Vec<File>> {
        let mut files = self.files.clone();
        let mut any = false;
        for source in &self.sources {
            if let Some(new) = new(source) {
                files.retain(|it| it.path != source.file.path);
                files.extend(new);
                any = true;
            }
        }
        any.then_some(files)
    }
}

impl Transformation {
    pub const fn new(name: &'static str, apply: Apply) -> Transformation {
        Transformation { name, apply, folding: Folding::Kept }
    }

    pub const fn text(name: &'static str, write: fn(&Source) -> Option<String>) -> Transformation {
        Transformation::new(name, Apply::Text(write))
    }

    pub const fn with(self, folding: Folding) -> Transformation {
        Transformation { name: self.name, apply: self.apply, folding }
    }

    fn files(&self, project: &Project) -> Option<Vec<File>> {
        match self.apply {
            Apply::Text(write) => project.replacing(|source| {
                let mut text = write(source).filter(|text| *text != *source.file.text)?;
                if !text.trim_start_matches('\u{FEFF}').starts_with(['#', '\r', '\n']) {
                    text.insert_str(0, &source.head());
                }
                assert_parses(self.name, &source.file.path, &text);
                Some(vec![File::new(&*source.file.path, text)])
            }),
            Apply::Split(split) => project.replacing(|source| split(source, project)),
            Apply::Whole(whole) => whole(project),
        }
    }

    fn excuses(&self, code: &str) -> bool {
        ABOUT_FORM.iter().any(|(known, names, _)| *known == code && names.contains(&self.name))
    }
}

fn assert_parses(transformation: &str, path: &str, text: &str) {
    let (_, problems) = parse(FileId(0), &text.into(), None);
    let problem = problems.first().map(|it| &it.message);
    assert!(problem.is_none(), "{transformation} breaks {path}: {problem:?}\n{text}");
}

/// The code, the severity and the subject of findings, with the path and the message of each.
type Said = BTreeMap<(&'static str, &'static str, String), Vec<String>>;

/// Collects for each finding what a function says about it: the subjects, and how often each of them counts.
fn collect(report: &Report, subjects: impl Fn(&Finding) -> Vec<String>) -> Said {
    let mut said = Said::new();
    for finding in &report.findings {
        let path = &report.entry(finding.span.file).file.path;
        for subject in subjects(finding) {
            let key = (finding.code, finding.severity.name(), subject);
            said.entry(key).or_default().push(format!("{path}: {}", finding.message));
        }
    }
    said
}

fn said(report: &Report) -> Said {
    collect(report, |it| vec![rename::original(&it.subject)])
}

/// Leaves the subjects away and counts each place of a folded finding.
fn unfolded(report: &Report) -> Said {
    collect(report, |it| vec![String::new(); it.more + 1])
}

/// Leaves the containers away: what stands behind an alias belongs to the container where it is written. The
/// objects of a folded finding are those of all its places.
fn by_object(report: &Report) -> Said {
    let object = |subject: &str| subject.split(", container").next().unwrap_or_default().to_owned();
    collect(report, |it| {
        let others = it.others.iter().map(|other| object(&other.subject));
        std::iter::once(object(&it.subject)).chain(others).collect()
    })
}

/// Returns what a transformation changes in the findings of a project, a line each.
fn differences(transformation: &Transformation, before: &Said, after: &Said) -> Vec<String> {
    let nothing = Vec::new();
    let mut lines = Vec::new();
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let old = before.get(key).unwrap_or(&nothing);
        let new = after.get(key).unwrap_or(&nothing);
        if old.len() == new.len() || transformation.excuses(key.0) {
            continue;
        }
        let (code, severity, subject) = key;
        lines.push(format!("{code} {severity} [{subject}] {} -> {}", old.len(), new.len()));
        lines.extend(old.iter().filter(|it| !new.contains(it)).map(|it| format!("    - {it}")));
        lines.extend(new.iter().filter(|it| !old.contains(it)).map(|it| format!("    + {it}")));
    }
    lines
}

/// Returns what differs where the second findings are folded more than the first: the numbers of places, and
/// objects that have more findings than before.
fn unfolded_differences(
    transformation: &Transformation,
    many: &Report,
    few: &Report,
) -> Vec<String> {
    let mut lines = differences(transformation, &unfolded(many), &unfolded(few));
    let (many, few) = (by_object(many), by_object(few));
    for (key, messages) in &few {
        let before = many.get(key).map_or(0, Vec::len);
        if messages.len() > before && !transformation.excuses(key.0) {
            let (code, severity, object) = key;
            lines
                .push(format!("{code} {severity} [{object}] {before} when unfolded: {messages:?}"));
        }
    }
    lines
}

/// Returns what is decided on each system, without names and words.
fn decided(report: &Report) -> Vec<String> {
    let system = |system: &System| {
        let decision = &system.decision;
        let answers: Vec<&str> = decision.questions.iter().map(|it| it.answer.name()).collect();
        let sum = |sum: Sum| {
            let Sum { min, max, sized, containers } = sum;
            format!("{min:.2} to {max:.2} of {sized}/{containers}")
        };
        let sums = [decision.sums.cpu, decision.sums.memory].map(sum);
        let (today, fit) = (decision.today, decision.fit);
        format!("{today}, {fit}, {:?}, {answers:?}, {sums:?}", decision.outcome)
    };
    let mut decided: Vec<String> = report.systems.iter().map(system).collect();
    decided.sort();
    decided
}

/// Runs every transformation over projects with their names; returns a table and what differs.
fn compare(projects: impl Iterator<Item = (String, Vec<File>)>) -> (String, String) {
    let wanted = std::env::var("PLIMSOLL_TRANSFORMATION").unwrap_or_default();
    let mut tried: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut broken = String::new();
    for (name, files) in projects {
        let report = analyze(&files, &Options::default());
        let project = Project::new(files, &report);
        let expanded = forms::EXPANDED.files(&project);
        let expanded = expanded.map(|it| analyze(&it, &Options::default()));
        let expanded = expanded.as_ref().unwrap_or(&report);
        for transformation in transformations().filter(|it| it.name.contains(&wanted)) {
            let Some(files) = transformation.files(&project) else { continue };
            let after = analyze(&files, &Options::default());
            let kept = |before| differences(transformation, &said(before), &said(&after));
            let mut lines = match transformation.folding {
                Folding::Kept => kept(&report),
                Folding::OfExpanded => kept(expanded),
                Folding::More => unfolded_differences(transformation, expanded, &after),
                Folding::Less => unfolded_differences(transformation, &after, &report),
            };
            let [decided, now] = [&report, &after].map(decided);
            if decided != now {
                lines.push(format!("decided {decided:#?}\n  now {now:#?}"));
            }
            let count = tried.entry(transformation.name).or_default();
            count.0 += 1;
            if !lines.is_empty() {
                count.1 += 1;
                let lines = lines.join("\n  ");
                broken.push_str(&format!("{}: {name}\n  {lines}\n", transformation.name));
            }
        }
    }
    let rows = transformations().map(|it| {
        let (count, differing) = tried.get(it.name).copied().unwrap_or_default();
        format!("{:40} {count:3} projects, {differing:3} differ\n", it.name)
    });
    (rows.collect(), broken)
}

fn read(folder: &Path) -> (String, Vec<File>) {
    (folder.display().to_string(), handed_over(folder))
}

#[test]
fn examples_say_the_same_in_every_form() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let (table, broken) = compare(projects(&examples).iter().map(|it| read(it)));
    assert!(broken.is_empty(), "{table}\n{broken}");
}

/// The projects with expected decisions have systems of every kind.
#[test]
fn projects_with_decisions_say_the_same_in_every_form() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decisions/projects");
    let (table, broken) = compare(projects(&folder).iter().map(|it| read(it)));
    assert!(broken.is_empty(), "{table}\n{broken}");
}

/// A project that has every form.
const ALL_FORMS: &str = include_str!("all_forms.yaml");

#[test]
fn every_transformation_has_a_project() {
    let mut files = Vec::new();
    for part in ALL_FORMS.split("# file: ").skip(1) {
        let (path, text) = part.split_once('\n').unwrap();
        files.push(File::new(path, text));
    }
    let report = analyze(&files, &Options::default());
    assert!(report.findings.len() > 15, "{}", report.findings.len());
    let project = Project::new(files.clone(), &report);
    for transformation in transformations() {
        assert!(transformation.files(&project).is_some(), "{}", transformation.name);
    }
    let (table, broken) = compare(std::iter::once(("all forms".to_owned(), files)));
    assert!(broken.is_empty(), "{table}\n{broken}");
}

/// The bad and the good examples of every rule are small projects.
#[test]
fn examples_of_rules_say_the_same_in_every_form() {
    // How a line is indented is what PLM011 is about, and no other form keeps it.
    let of_forms = plimsoll_core::rules().into_iter().filter(|rule| rule.code != "PLM011");
    let sections = of_forms.flat_map(|rule| {
        let mut sections: BTreeMap<&str, Vec<File>> = BTreeMap::new();
        for example in &explain(rule).examples {
            let file = File::new(&example.path, example.text.as_str());
            sections.entry(example.section).or_default().push(file);
        }
        sections.into_iter().map(|(name, files)| (format!("{} {name}", rule.code), files))
    });
    let (table, broken) = compare(sections);
    assert!(broken.is_empty(), "{table}\n{broken}");
}

#[test]
#[ignore = "needs PLIMSOLL_CORPUS, a folder of folders of projects"]
fn a_corpus_says_the_same_in_every_form() {
    let corpus = std::env::var_os("PLIMSOLL_CORPUS").expect("PLIMSOLL_CORPUS names a folder");
    let projects: Vec<PathBuf> =
        projects(Path::new(&corpus)).iter().flat_map(|kind| projects(kind)).collect();
    assert!(!projects.is_empty(), "no projects in {}", Path::new(&corpus).display());
    let (table, broken) = compare(projects.iter().map(|it| read(it)));
    println!("{table}");
    assert!(broken.is_empty(), "{broken}");
}
