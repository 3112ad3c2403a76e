//! Applies the fixes of a project in rounds, since one fix may make another possible. A fix that would do
//! damage is left out alone, with the reason.

use crate::analysis::Options;
use crate::edit::apply::apply_all;
use crate::edit::guard::{self, Damage};
use crate::model::FileModel;
use crate::report::{Finding, Fix, Report, Safety, Severity, TargetEntry, TargetKind};
use crate::text::{File, FileId};
use crate::workspace::Workspace;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// Maximum number of analyses for the fixes of one project. Fixes that do damage are found by halves: one
/// of a thousand costs ten.
const MAX_TRIALS: usize = 256;

/// Maximum size of all that is analysed for the fixes of one project; see [`Analysis::size`].
const MAX_WORK: usize = 8 << 20;

/// Minimum number of analyses that a project gets however large its files are: only what they repeat is bounded.
const LEAST_TRIALS: usize = 32;

/// Which findings a caller wants fixed, and in which files.
pub struct Wanted<'a> {
    pub options: &'a Options,
    pub unsafe_too: bool,
    /// Whether a finding is worth a change to the files.
    pub finding: &'a dyn Fn(&Finding) -> bool,
    /// Whether the file at a path may be changed.
    pub may_change: &'a dyn Fn(&str) -> bool,
}

/// Files with fixes applied.
#[derive(Debug)]
pub struct Fixed {
    pub files: Vec<File>,
    /// Number of fixes.
    pub applied: usize,
    pub refused: Vec<Refused>,
    /// What is still found in the files.
    pub report: Report,
}

/// A fix that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub path: String,
    /// The line of the finding, counted from 1.
    pub line: usize,
    pub code: &'static str,
    pub title: String,
    pub reason: Reason,
}

/// Why a fix was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    Damage(Damage),
    /// The finding would still be there.
    Unsettled,
    /// The code and the message of an error that there was not before.
    Error(&'static str, String),
    /// A chart or an overlay that could not be built any more.
    Target(String),
    /// The file may not be changed.
    Locked,
    /// There have been [`MAX_TRIALS`] analyses, or as much work as [`MAX_WORK`].
    Untried,
}

impl Reason {
    /// Completes "is left out, because ...".
    pub fn says(&self) -> String {
        match self {
            Reason::Damage(damage) => damage.says().to_owned(),
            Reason::Unsettled => "the finding would stay".to_owned(),
            Reason::Error(code, message) => format!("it would lead to an error, {code}: {message}"),
            Reason::Target(name) => format!("`{name}` could not be built any more"),
            Reason::Locked => "the file cannot be written back as it is".to_owned(),
            Reason::Untried => "too many other fixes had to be tried first".to_owned(),
        }
    }
}

/// A finding, whatever its place: code, path, subject and message. The message of a finding that stands for
/// others has their number, which gets smaller where a fix mends some of them.
type Words = (&'static str, String, String, String);

/// An error, whatever it says: code, path and subject.
type ErrorKey = (&'static str, String, String);

/// The state of a run.
struct Run<'a> {
    wanted: &'a Wanted<'a>,
    workspace: &'a mut Workspace,
    fixed: Fixed,
    /// The report of all rules, if only some of them were selected.
    all: Option<Report>,
    refused: FxHashSet<(Words, String)>,
    /// The size of all that was analysed so far.
    work: usize,
}

/// Applies fixes until none is left. The workspace holds the files, and those with fixes in the end.
pub fn fix_all(
    files: Vec<File>,
    workspace: &mut Workspace,
    report: Report,
    wanted: &Wanted<'_>,
) -> Fixed {
    let written: usize = files.iter().map(|it| it.text.len()).sum();
    fix_within(MAX_WORK.max(LEAST_TRIALS * written), files, workspace, report, wanted)
}

fn fix_within(
    most: usize,
    files: Vec<File>,
    workspace: &mut Workspace,
    report: Report,
    wanted: &Wanted<'_>,
) -> Fixed {
    let all = every_rule(wanted.options).map(|options| workspace.report(&options));
    let fixed = Fixed { files, applied: 0, refused: Vec::new(), report };
    let refused = FxHashSet::default();
    let mut run = Run { wanted, workspace, fixed, all, refused, work: 0 };
    let mut share = usize::MAX;
    for trial in 0.. {
        // Two fixes, each of them right, may not go together: after a failure half as many are tried.
        let chosen = run.choose(share);
        if chosen.is_empty() {
            break;
        }
        if trial == MAX_TRIALS || run.work >= most {
            let (rest, _) = run.usable();
            rest.into_iter().for_each(|it| run.refuse(it, Reason::Untried));
            break;
        }
        match run.apply(&chosen) {
            Ok(()) => share = usize::MAX,
            Err(reason) if chosen.len() == 1 => {
                run.refuse(chosen[0], reason);
                share = usize::MAX;
            }
            Err(_) => share = chosen.len() / 2,
        }
    }
    run.fixed
}

/// Returns options for all rules; `None` if the caller's own options leave out none.
fn every_rule(options: &Options) -> Option<Options> {
    let is_restricted =
        !options.select.is_empty() || !options.ignore.is_empty() || options.min_severity.is_some();
    is_restricted.then(|| Options {
        config: options.config.clone(),
        leave_fixes_untried: true,
        ..Options::default()
    })
}

/// The indices of a finding and of its fix.
type Choice = (usize, usize);

impl Run<'_> {
    /// Returns the first usable fix of each wanted finding: those that may be applied, and those in files that
    /// may not be changed.
    fn usable(&self) -> (Vec<Choice>, Vec<Choice>) {
        let mut chosen: Vec<Choice> = Vec::new();
        let mut locked: Vec<Choice> = Vec::new();
        let report = &self.fixed.report;
        for (at, finding) in report.findings.iter().enumerate() {
            if !(self.wanted.finding)(finding) {
                continue;
            }
            let is_usable = |fix: &Fix| {
                (self.wanted.unsafe_too || fix.safety == Safety::Safe)
                    && !self.refused.contains(&(words(report, finding), fix.title.clone()))
            };
            let Some(number) = finding.fixes.iter().position(is_usable) else { continue };
            let path = |file: FileId| &*report.entry(file).file.path;
            let edits = &finding.fixes[number].edits;
            if edits.iter().all(|edit| (self.wanted.may_change)(path(edit.span.file))) {
                chosen.push((at, number));
            } else {
                locked.push((at, number));
            }
        }
        (chosen, locked)
    }

    /// Chooses usable fixes, at most `share` of them, and none that touches another one.
    fn choose(&mut self, share: usize) -> Vec<Choice> {
        let (mut chosen, locked) = self.usable();
        chosen.truncate(share);
        let report = &self.fixed.report;
        let fixes = chosen.iter().map(|choice| fix_of(report, *choice));
        let (_, applied) = apply_all(&self.fixed.files, report, fixes);
        let mut applied = applied.into_iter();
        chosen.retain(|_| applied.next() == Some(true));
        locked.into_iter().for_each(|it| self.refuse(it, Reason::Locked));
        chosen
    }

    /// Applies fixes and analyses again. Where they do damage, everything stays as it was.
    fn apply(&mut self, chosen: &[Choice]) -> Result<(), Reason> {
        let fixes = chosen.iter().map(|choice| fix_of(&self.fixed.report, *choice));
        let (files, _) = apply_all(&self.fixed.files, &self.fixed.report, fixes);
        let pairs = self.fixed.files.iter().zip(&files);
        let changed: Vec<(&File, &File)> = pairs.filter(|(old, new)| old != new).collect();
        let damage = changed.iter().find_map(|(old, new)| {
            let read = |file: &File| FileModel::read(FileId(0), file.clone(), None);
            guard::damage(&read(old), &read(new))
        });
        if let Some(damage) = damage {
            return Err(Reason::Damage(damage));
        }
        changed.iter().for_each(|(_, new)| self.workspace.set_file((*new).clone()));
        let analysis = self.workspace.analysis(&self.wanted.options.config);
        self.work += analysis.size();
        let report = analysis.report(self.wanted.options);
        let all = every_rule(self.wanted.options).map(|it| analysis.report(&it));
        if let Some(reason) = self.objection(chosen, &report, all.as_ref()) {
            changed.iter().for_each(|(old, _)| self.workspace.set_file((*old).clone()));
            return Err(reason);
        }
        self.fixed.applied += chosen.len();
        self.fixed.files = files;
        self.fixed.report = report;
        self.all = all;
        Ok(())
    }

    /// Returns what speaks against fixes, by what is found with them.
    fn objection(
        &self,
        chosen: &[Choice],
        report: &Report,
        all: Option<&Report>,
    ) -> Option<Reason> {
        let before = &self.fixed.report;
        if let Some(target) = spoiled_target(&before.targets, &report.targets) {
            return Some(Reason::Target(target.name.clone()));
        }
        let old = errors(self.all.as_ref().unwrap_or(before));
        let new = errors(all.unwrap_or(report));
        let is_new = |(key, (count, _)): &(&ErrorKey, &(usize, &str))| {
            old.get(*key).is_none_or(|old| old.0 < *count)
        };
        if let Some((key, (_, message))) = new.iter().filter(is_new).min_by_key(|it| it.0) {
            return Some(Reason::Error(key.0, (*message).to_owned()));
        }
        let mut left: FxHashMap<Words, usize> = FxHashMap::default();
        for finding in &before.findings {
            *left.entry(words(before, finding)).or_default() += 1;
        }
        for (at, _) in chosen {
            let count = left.entry(words(before, &before.findings[*at])).or_default();
            *count = count.saturating_sub(1);
        }
        let mut found: FxHashMap<Words, usize> = FxHashMap::default();
        for finding in &report.findings {
            *found.entry(words(report, finding)).or_default() += 1;
        }
        let stays = |at: usize| {
            let own = words(before, &before.findings[at]);
            found.get(&own).copied().unwrap_or(0) > left.get(&own).copied().unwrap_or(0)
        };
        chosen.iter().any(|(at, _)| stays(*at)).then_some(Reason::Unsettled)
    }

    fn refuse(&mut self, (at, number): Choice, reason: Reason) {
        let report = &self.fixed.report;
        let finding = &report.findings[at];
        let entry = report.entry(finding.span.file);
        let title = finding.fixes[number].title.clone();
        self.refused.insert((words(report, finding), title.clone()));
        self.fixed.refused.push(Refused {
            path: entry.file.path.to_string(),
            line: entry.lines.line_of(finding.span.start as usize) + 1,
            code: finding.code,
            title,
            reason,
        });
    }
}

fn fix_of(report: &Report, (finding, fix): Choice) -> &Fix {
    &report.findings[finding].fixes[fix]
}

fn words(report: &Report, finding: &Finding) -> Words {
    let path = report.entry(finding.span.file).file.path.to_string();
    (finding.code, path, finding.subject.clone(), finding.message.clone())
}

/// Returns how often each error is found, and what it says.
fn errors(report: &Report) -> FxHashMap<ErrorKey, (usize, &str)> {
    let mut errors: FxHashMap<ErrorKey, (usize, &str)> = FxHashMap::default();
    for finding in report.findings.iter().filter(|it| it.severity == Severity::Error) {
        let (code, path, subject, _) = words(report, finding);
        errors.entry((code, path, subject)).or_insert((0, &finding.message)).0 += 1;
    }
    errors
}

/// Returns a target that is built with fewer of its parts than before. Several targets may have one name, as
/// the Applications of several examples do; they keep their order.
fn spoiled_target<'t>(before: &'t [TargetEntry], after: &[TargetEntry]) -> Option<&'t TargetEntry> {
    let mut left: FxHashMap<(&str, TargetKind), VecDeque<&TargetEntry>> = FxHashMap::default();
    for new in after {
        left.entry((&new.name, new.kind)).or_default().push_back(new);
    }
    before.iter().find(|old| {
        let new = left.get_mut(&(old.name.as_str(), old.kind)).and_then(VecDeque::pop_front);
        new.is_none_or(|new| !new.built && (old.built || new.reason != old.reason))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_fixes_that_are_left_untried_are_named() {
        let services: String = (0..20)
            .map(|at| format!("  web{at}: {{image: 'acme/web:1', enviroment: {{A: b}}}}\n"))
            .collect();
        let files = vec![File::new("compose.yaml", format!("services:\n{services}"))];
        let options = Options { select: vec!["PLM808".to_owned()], ..Options::default() };
        let mut workspace = Workspace::default();
        files.iter().for_each(|it| workspace.set_file(it.clone()));
        let report = workspace.report(&options);
        let count = report.findings.len();
        let wanted = Wanted {
            options: &options,
            unsafe_too: true,
            finding: &|_| true,
            may_change: &|_| true,
        };
        let fixed = fix_within(0, files.clone(), &mut workspace, report.clone(), &wanted);
        assert_eq!((fixed.applied, fixed.refused.len()), (0, count));
        assert!(fixed.refused.iter().all(|it| it.reason == Reason::Untried));
        assert!(fix_within(1, files, &mut workspace, report, &wanted).applied > 0);
    }

    fn target(name: &str, reason: Option<&str>) -> TargetEntry {
        TargetEntry {
            name: name.to_owned(),
            kind: TargetKind::Chart,
            environment: None,
            files: Vec::new(),
            built: reason.is_none(),
            reason: reason.map(str::to_owned),
        }
    }

    #[test]
    fn a_target_is_spoiled_by_a_reason_that_it_did_not_have() {
        let before = [target("a", None), target("b", Some("no `x`")), target("c", None)];
        let after = [target("a", Some("no `y`")), target("b", Some("no `x`")), target("c", None)];
        let spoiled =
            |after: &[TargetEntry]| spoiled_target(&before, after).map(|it| it.name.clone());
        assert_eq!(spoiled(&after).as_deref(), Some("a"));
        assert_eq!(spoiled(&[target("a", None), target("b", None)]).as_deref(), Some("c"));
        assert_eq!(spoiled(&before), None);
        // Two targets of one name are told apart by their order.
        let twins = [target("a", Some("no `x`")), target("a", None)];
        assert_eq!(spoiled_target(&twins, &twins), None);
        let worse = [target("a", Some("no `x`")), target("a", Some("no `y`"))];
        assert!(spoiled_target(&twins, &worse).is_some());
    }
}
