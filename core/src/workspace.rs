//! The door for editors: files come and go, and only what changed is read again.
//!
//! The first stage ([`FileModel::read`]) sees one file and may run anywhere, on any thread; the
//! second (projects, facts, rules, decision) sees the first's results and is all that `report` does.

use crate::config::Config;
use crate::facts::Facts;
use crate::index::Index;
use crate::model::{FileModel, compose};
use crate::report::{FileEntry, Finding, Findings, Kind, Level, Report, Severity};
use crate::text::{File, FileId};
use crate::{decision, rules, suppress};
use std::ops::Range;
use std::sync::Arc;

/// What a caller wants to know.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Wins over a `plimsoll.yaml` among the files.
    pub config: Config,
    /// Codes, families (`PLM1`) or names; empty means all.
    pub select: Vec<String>,
    /// Codes, families or names to leave out.
    pub ignore: Vec<String>,
    /// Findings below it are left out.
    pub min_severity: Option<Severity>,
}

impl Options {
    /// Whether a rule takes part in this run.
    fn wants(&self, rule: &rules::Rule) -> bool {
        (self.select.is_empty() || self.select.iter().any(|it| rule.is(it)))
            && !self.ignore.iter().any(|it| rule.is(it))
    }
}

/// The files of a project, each read once.
#[derive(Debug, Default)]
pub struct Workspace {
    files: Vec<Arc<FileModel>>,
    /// The files by their paths: the last number of a path counts, and [`GONE`] is none.
    index: Index,
}

impl Workspace {
    /// Puts files together that were read elsewhere, as by several threads. Each must have been read
    /// with its index in the list as its [`FileId`], and no path may stand twice.
    pub fn from_models(files: Vec<FileModel>) -> Workspace {
        let files: Vec<Arc<FileModel>> = files.into_iter().map(Arc::new).collect();
        Workspace { index: by_path(&files), files }
    }

    /// Adds a file, or gives it a new text.
    pub fn set(&mut self, path: &str, text: impl Into<Arc<str>>) {
        self.set_file(File::new(path, text));
    }

    pub fn set_file(&mut self, file: File) {
        match self.find(&file.path) {
            Some(at) => {
                let old = &self.files[at];
                if old.file.text == file.text {
                    return;
                }
                let edited = edited_range(&old.file.text, &file.text);
                let id = old.id;
                self.files[at] = Arc::new(FileModel::read(id, file, Some(edited)));
            }
            None => {
                let at = self.files.len();
                self.index.add(&[&file.path], at);
                self.files.push(Arc::new(FileModel::read(id_of(at), file, None)));
            }
        }
    }

    /// Takes a file out. The last file takes its number, so that numbers stay without gaps.
    pub fn remove(&mut self, path: &str) {
        let path = crate::text::normalise_path(path);
        let Some(at) = self.find(&path) else { return };
        self.index.add(&[path.as_str()], GONE);
        self.files.swap_remove(at);
        if let Some(moved) = self.files.get_mut(at) {
            self.index.add(&[&moved.file.path], at);
            *moved = Arc::new(FileModel::read(id_of(at), moved.file.clone(), None));
        }
    }

    fn find(&self, path: &str) -> Option<usize> {
        self.index.get(&[path]).last().copied().filter(|it| *it != GONE)
    }

    pub fn files(&self) -> impl ExactSizeIterator<Item = &File> {
        self.files.iter().map(|it| &it.file)
    }

    /// Analyses the files as they are now.
    pub fn report(&self, options: &Options) -> Report {
        let config = self.configuration(&options.config);
        let projects = compose_projects(&self.files);
        let facts = Facts::new(&self.files, &projects, &config);
        let mut out = Findings::default();
        let wanted =
            |rule: &rules::Rule| options.wants(rule) && level(&config, rule) != Some(Level::Off);
        let mut ran: Vec<&str> = Vec::with_capacity(rules::all().count());
        for rule in rules::all().filter(|it| wanted(it)) {
            ran.push(rule.code);
            let before = out.count();
            out.next(rule.code, rule.name, rule.severity);
            rule.run(&facts, &mut out);
            tell(rule, &facts, out.since(before));
        }
        let mut findings = out.into_list();
        let suppressed = self.suppress(&facts, &mut findings, &wanted);
        let decision = decision::decide(&facts, &findings, &ran);
        findings.retain(|it| options.min_severity.is_none_or(|least| it.severity <= least));
        let path = |it: &Finding| &self.files[it.span.file.index()].file.path;
        findings.sort_by(|a, b| {
            (path(a), a.span.start, a.code, a.span.end, &a.message).cmp(&(
                path(b),
                b.span.start,
                b.code,
                b.span.end,
                &b.message,
            ))
        });
        findings.dedup_by(|a, b| a.code == b.code && a.span == b.span && a.message == b.message);
        let files = self.files.iter().map(|it| FileEntry {
            file: it.file.clone(),
            kind: it.kind,
            role: facts.role_of(it.id),
            lines: it.lines.clone(),
        });
        Report { files: files.collect(), findings, decision, map: facts.map(), suppressed }
    }

    /// The `plimsoll.yaml` nearest to the root, with the caller's own settings on top.
    fn configuration(&self, own: &Config) -> Config {
        let files = self.files.iter().filter(|it| it.kind == Kind::Config);
        let nearest =
            files.min_by_key(|it| (it.file.path.matches('/').count(), Arc::clone(&it.file.path)));
        match nearest {
            Some(file) => Config::read(&file.tree, &rules::is_known).0.with(own),
            None => own.clone(),
        }
    }

    fn suppress(
        &self,
        facts: &Facts,
        findings: &mut Vec<Finding>,
        wanted: &dyn Fn(&rules::Rule) -> bool,
    ) -> usize {
        let mut suppressions = Vec::new();
        for file in facts.files() {
            suppressions.extend(&file.directives.suppressions);
        }
        let stale = rules::find("PLM006").expect("internal error: PLM006 exists");
        let mut out = Findings::new(stale.code, stale.name, stale.severity);
        let suppressed = suppress::apply(findings, &suppressions, wanted, &mut out);
        for file in facts.files() {
            for (word, span) in &file.directives.unknown {
                let known = "use `ignore`, `ignore-file` or `role=production`";
                out.at(span, format!("`{word}` is not a known directive; {known}"));
            }
        }
        if wanted(stale) {
            tell(stale, facts, out.since(0));
            findings.append(&mut out.into_list());
        }
        suppressed
    }
}

/// The Compose projects of all files.
fn compose_projects(files: &[Arc<FileModel>]) -> Vec<compose::Project> {
    let inputs: Vec<compose::FileInput<'_>> = files
        .iter()
        .map(|it| compose::FileInput {
            id: it.id,
            path: &it.file.path,
            text: &it.file.text,
            tree: Some(&it.tree),
            compose: it.kind == Kind::Compose,
        })
        .collect();
    compose::projects(&inputs)
}

/// The number of a file that was taken out.
const GONE: usize = usize::MAX;

fn by_path(files: &[Arc<FileModel>]) -> Index {
    let mut index = Index::default();
    for (at, it) in files.iter().enumerate() {
        index.add(&[&it.file.path], at);
    }
    index
}

fn id_of(at: usize) -> FileId {
    FileId(u32::try_from(at).unwrap_or(u32::MAX))
}

/// Returns the level that the configuration sets for a rule.
fn level(config: &Config, rule: &rules::Rule) -> Option<Level> {
    config.level(|selector| rule.is(selector))
}

/// Gives a rule's findings the severity that the configuration wants, and says whose they are.
fn tell(rule: &rules::Rule, facts: &Facts, findings: &mut [Finding]) {
    // Most rules find nothing.
    if findings.is_empty() {
        return;
    }
    let wanted = level(facts.config(), rule).and_then(Level::severity);
    for finding in findings {
        if let Some(severity) = wanted {
            finding.severity = severity;
        }
        if finding.subject.is_empty() {
            finding.subject = facts.subject_at(finding.span);
        }
    }
}

/// What changed between two texts, as a range of the new one.
fn edited_range(old: &str, new: &str) -> Range<usize> {
    let prefix = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - prefix;
    let suffix =
        old.bytes().rev().zip(new.bytes().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let start = crate::text::floor_boundary(new, prefix);
    let end = new.len() - suffix;
    start..crate::text::floor_boundary(new, end).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_after_others_went() {
        let mut workspace = Workspace::default();
        for name in ["a.yaml", "b.yaml", "c.yaml"] {
            workspace.set(name, "a: 1\n");
        }
        workspace.remove("a.yaml");
        workspace.remove("a.yaml");
        workspace.set("c.yaml", "c: 2\n");
        workspace.set("a.yaml", "a: 3\n");
        workspace.remove("b.yaml");
        let files: Vec<_> = workspace.files().map(|it| (&*it.path, &*it.text)).collect();
        assert_eq!(files, [("c.yaml", "c: 2\n"), ("a.yaml", "a: 3\n")]);
        workspace.remove("c.yaml");
        workspace.set("a.yaml", "a: 4\n");
        assert_eq!(workspace.files().map(|it| &*it.text).collect::<Vec<_>>(), ["a: 4\n"]);
    }

    #[test]
    fn an_edit_is_what_differs() {
        assert_eq!(edited_range("a: 1\nb: 2\n", "a: 1\nb: 23\n"), 9..10);
        assert_eq!(edited_range("aa", "a"), 1..1);
        assert_eq!(edited_range("ü", "ö"), 0..2);
    }

    #[test]
    fn removing_a_file_keeps_the_others_in_place() {
        let mut workspace = Workspace::default();
        let broken = |name: &str| format!("services:\n  {name}:\n    image: [\n");
        for name in ["a", "b", "c"] {
            workspace.set(&format!("{name}/compose.yaml"), broken(name));
        }
        workspace.remove("./a/compose.yaml");
        let report = workspace.report(&Options::default());
        let paths: Vec<_> = report
            .findings
            .iter()
            .filter(|it| it.code == "PLM001")
            .map(|it| &*report.entry(it.span.file).file.path)
            .collect();
        assert_eq!(paths, ["b/compose.yaml", "c/compose.yaml"]);
    }
}
