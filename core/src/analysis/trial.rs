//! Fixes in targets, tried: their edits are applied to the sources, and the targets that these sources
//! go into are built again.
//!
//! A rule makes a fix from the built form, where a text that one object shows may be printed by a helper
//! for ten others. A fix is kept where the finding goes, in every target that had it, and nothing else
//! changes.

use super::fold::without_names;
use super::run::run_rules;
use super::variants::choose_variants;
use super::{Sources, compose_projects};
use crate::edit::apply::splice;
use crate::edit::guard;
use crate::facts::{Facts, NOTHING, Scope, Whole};
use crate::model::{BuiltTarget, FileModel, TargetCache, targets};
use crate::report::{Edit, Finding, Fix, Severity};
use crate::rules::Rule;
use crate::text::{File, FileId, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::Range;
use std::sync::Arc;

/// Maximum number of targets that are built to try the fixes of one report. Of the projects that were
/// measured, the one that needs the most builds four.
const MAX_BUILDS: usize = 512;

/// Maximum number of bytes of sources that are built to try the fixes of one report, counted once for
/// each target.
const MAX_BYTES: usize = 32 << 20;

/// The trials of one report.
pub(super) struct Trials<'a> {
    sources: &'a Sources,
    wanted: &'a dyn Fn(&Rule) -> bool,
    /// Outcomes of the targets without any edit, by their source files.
    unedited: FxHashMap<Vec<FileId>, Vec<Outcome>>,
    builds_left: usize,
    bytes_left: usize,
}

/// Result of building one target, for comparing it before and after an edit.
#[derive(Debug, PartialEq)]
struct Outcome {
    name: String,
    /// Number of reasons why it is not built in full.
    reasons: usize,
    documents: Vec<String>,
    /// How often each finding was made.
    findings: FxHashMap<Words, usize>,
}

/// Code, subject and message of a finding, which identify it in a trial.
type Words = (&'static str, String, String);

impl<'a> Trials<'a> {
    pub(super) fn new(sources: &'a Sources, wanted: &'a dyn Fn(&Rule) -> bool) -> Trials<'a> {
        Trials {
            sources,
            wanted,
            unedited: FxHashMap::default(),
            builds_left: MAX_BUILDS,
            bytes_left: MAX_BYTES,
        }
    }

    /// Keeps those fixes of a finding that settle it and do nothing else; of several with one title, the first.
    pub(super) fn those_that_work(&mut self, finding: &Finding, fixes: Vec<Fix>) -> Vec<Fix> {
        let mut kept: Vec<Fix> = Vec::new();
        for fix in fixes {
            let is_known = kept.iter().any(|it| it.title == fix.title);
            if !is_known && self.works(finding, &fix) {
                kept.push(fix);
            }
        }
        kept
    }

    fn works(&mut self, finding: &Finding, fix: &Fix) -> bool {
        let sources = self.sources;
        let mut edited: Vec<FileId> = fix.edits.iter().map(|edit| edit.span.file).collect();
        edited.sort_unstable();
        edited.dedup();
        let is_exact = |edit: &Edit| !touches_action(text_of(sources, edit), edit.span.range());
        let is_source = |file: &FileId| sources.built_files.contains(file);
        if !fix.edits.iter().all(is_exact) || !edited.iter().all(is_source) {
            return false;
        }
        // What goes into the same targets is built together.
        let touched = || {
            let is_touched = |it: &&BuiltTarget| edited.iter().any(|file| it.has_source(*file));
            sources.targets.iter().map(|it| &**it).filter(is_touched)
        };
        let mut group: Vec<FileId> =
            touched().flat_map(|it| it.target.sources.iter().copied()).collect();
        group.sort_unstable();
        group.dedup();
        let size_of = |file: &FileId| sources.files[file.index()].file.text.len();
        let bytes: usize = touched().flat_map(|it| &it.target.sources).map(size_of).sum::<usize>();
        if !self.spend(touched().count(), bytes) {
            return false;
        }
        let Some(files) = apply(sources, fix, &edited) else { return false };
        if !self.unedited.contains_key(&group) {
            let before = outcomes(sources, &sources.files, &group, self.wanted);
            self.unedited.insert(group.clone(), before);
        }
        let after = outcomes(sources, &files, &group, self.wanted);
        is_settled(finding, &self.unedited[&group], &after)
    }

    /// Takes a trial off the budget; `false` where there is not enough left.
    fn spend(&mut self, builds: usize, bytes: usize) -> bool {
        let left = (self.builds_left.checked_sub(builds), self.bytes_left.checked_sub(bytes));
        let (Some(builds_left), Some(bytes_left)) = left else { return false };
        (self.builds_left, self.bytes_left) = (builds_left, bytes_left);
        true
    }
}

fn text_of<'s>(sources: &'s Sources, edit: &Edit) -> &'s str {
    sources.files[edit.span.file.index()].text()
}

/// Whether an edit changes an action of a template, or writes into one: `{{ .Values.port }}`.
pub(super) fn touches_action(text: &str, edit: Range<usize>) -> bool {
    // The edit may end between the two braces.
    let before = text.get(..edit.end + 1).unwrap_or(&text[..edit.end]);
    // The last action that opens before the end of the edit: those before it are over by then.
    let Some(open) = before.rfind("{{") else { return false };
    let end = text[open..].find("}}").map_or(text.len(), |at| open + at + 2);
    edit.start < end
}

/// Returns the files with a fix applied; `None` where that does damage to an edited file.
fn apply(sources: &Sources, fix: &Fix, edited: &[FileId]) -> Option<Vec<Arc<FileModel>>> {
    let mut files = sources.files.clone();
    for id in edited {
        let old = &sources.files[id.index()];
        let edits = fix.edits.iter().filter(|edit| edit.span.file == *id);
        let file = File::new(&old.file.path, splice(old.text(), edits));
        let new = FileModel::read(*id, file, None);
        if guard::damage(old, &new).is_some() {
            return None;
        }
        files[id.index()] = Arc::new(new);
    }
    Some(files)
}

/// Whether a fix in files that no target is built from settles its finding and leads to no new error.
pub(super) fn works_in_files(
    sources: &Sources,
    facts: &Facts<'_>,
    wanted: &dyn Fn(&Rule) -> bool,
    finding: &Finding,
    fix: &Fix,
) -> bool {
    let mut edited: Vec<FileId> = fix.edits.iter().map(|edit| edit.span.file).collect();
    edited.sort_unstable();
    edited.dedup();
    let Some(files) = apply(sources, fix, &edited) else { return false };
    if edited.iter().any(|file| sources.built_files.contains(file)) {
        // What is built from these files is seen in the next report.
        return true;
    }
    let projects = compose_projects(&files);
    let changed = Facts::new(Scope {
        files: &files,
        whole: Whole::new(&files, &sources.built_files, &sources.parts),
        projects: &projects,
        config: &sources.config,
        targets: &sources.targets,
        charts: &sources.charts,
        built_files: &sources.built_files,
        parts: &sources.parts,
        outside: &sources.outside,
        chosen: choose_variants(&sources.targets, &files).0,
        is_main: true,
    });
    let before = run_rules(facts, wanted).0;
    let after = run_rules(&changed, wanted).0;
    // The finding may stand for several in other words.
    let says_it = |it: &&Finding| {
        it.code == finding.code && it.message_for_one() == finding.message_for_one()
    };
    let like_it = |all: &[Finding]| all.iter().filter(says_it).count();
    let errors = |all: &[Finding]| {
        let mut counts: FxHashMap<(&str, String), usize> = FxHashMap::default();
        for it in all.iter().filter(|it| it.severity == Severity::Error) {
            *counts.entry((it.code, it.subject.clone())).or_default() += 1;
        }
        counts
    };
    let (old, new) = (errors(&before), errors(&after));
    let is_known = |(key, count): (_, &usize)| old.get(key).is_some_and(|old| old >= count);
    let left = like_it(&after);
    (left == 0 || left < like_it(&before)) && new.iter().all(is_known)
}

/// Builds the targets of a group of sources and runs the rules over each of them.
fn outcomes(
    sources: &Sources,
    files: &[Arc<FileModel>],
    group: &[FileId],
    wanted: &dyn Fn(&Rule) -> bool,
) -> Vec<Outcome> {
    let own: Vec<Arc<FileModel>> =
        group.iter().map(|file| Arc::clone(&files[file.index()])).collect();
    // What is asked for elsewhere is not there.
    let asked = sources.config.targets.requests.iter();
    let asked =
        asked.filter(|request| own.iter().any(|file| file.path().starts_with(&request.folder)));
    let requests: Vec<_> = asked.cloned().collect();
    let kubernetes = sources.config.kubernetes.as_ref().map(|it| it.as_str());
    let built = targets(&own, &requests, kubernetes, &mut TargetCache::default());
    let built_files: FxHashSet<FileId> = group.iter().copied().collect();
    let whole = Whole::new(files, &built_files, &sources.parts);
    let outcome = |at: usize| {
        let facts = Facts::new(Scope {
            files,
            whole: Arc::clone(&whole),
            projects: &[],
            config: &sources.config,
            targets: &built,
            charts: &[],
            built_files: &built_files,
            parts: &sources.parts,
            outside: &NOTHING,
            chosen: vec![at],
            is_main: false,
        });
        let mut findings: FxHashMap<Words, usize> = FxHashMap::default();
        for finding in run_rules(&facts, wanted).0 {
            let Finding { code, subject, message, .. } = finding;
            *findings.entry((code, subject, message)).or_default() += 1;
        }
        let target = &built[at].target;
        Outcome {
            name: target.name.clone(),
            reasons: target.reasons.len(),
            documents: target.manifests().into_iter().map(|document| document.text).collect(),
            findings,
        }
    };
    (0..built.len()).map(outcome).collect()
}

/// Whether a finding is gone from all targets that had it, with nothing else found and no other object
/// changed. A variant of a target may have had the same finding in other words.
fn is_settled(finding: &Finding, before: &[Outcome], after: &[Outcome]) -> bool {
    let own = without_names(finding);
    let own_targets = finding.targets_of_place();
    let is_own = |(code, subject, message): &Words| {
        let said =
            Finding { subject: subject.clone(), message: message.clone(), ..finding.clone() };
        *code == finding.code && without_names(&said) == own
    };
    before.len() == after.len()
        && before.iter().zip(after).all(|(before, after)| {
            let pairs = before.documents.iter().zip(&after.documents);
            let changed = pairs.filter(|(old, new)| old != new).count();
            let is_same_in_kind = before.name == after.name
                && before.documents.len() == after.documents.len()
                && after.reasons <= before.reasons;
            let Some(gone) = gone(before, after) else { return false };
            let goes = match gone.as_slice() {
                [] => !own_targets.contains(&before.name) && changed == 0,
                [words] if own_targets.contains(&before.name) => is_own(words) && changed == 1,
                [(code, ..)] => *code == finding.code && changed == 1,
                [_, _, ..] => false,
            };
            is_same_in_kind && goes
        })
}

/// Returns what was found before and is not found any more; `None` where something new is found.
fn gone(before: &Outcome, after: &Outcome) -> Option<Vec<Words>> {
    let count = |outcome: &Outcome, words: &Words| outcome.findings.get(words).copied();
    let is_new = |words: &&Words| count(after, words) > count(before, words);
    if after.findings.keys().any(|words| is_new(&words)) {
        return None;
    }
    let mut gone = Vec::new();
    for (words, old) in &before.findings {
        let left = count(after, words).unwrap_or(0);
        gone.extend(std::iter::repeat_n(words.clone(), old - left));
    }
    Some(gone)
}

/// Moves the edits of a fix from the action that prints a value to the value.
pub(super) fn edit_values<'t>(
    fix: &mut Fix,
    behind: &FxHashMap<Span, Vec<Span>>,
    text_of: &dyn Fn(FileId) -> &'t str,
) {
    let is_action = |edit: &&mut Edit| touches_action(text_of(edit.span.file), edit.span.range());
    for edit in fix.edits.iter_mut().filter(is_action) {
        if let Some([value]) = behind.get(&edit.span).map(Vec::as_slice) {
            edit.span = *value;
        }
    }
    fix.edits.sort_by_key(|edit| edit.span);
}
