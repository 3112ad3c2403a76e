//! Each fix of a project applied alone.

use super::changes::{changes, general};
use super::engine::Engine;
use super::text::lost_comments;
use super::{Sample, Totals, allowed, manifests};
use plimsoll_core::edit::apply::splice;
use plimsoll_core::report::{Finding, Fix, Report, Severity};
use plimsoll_core::{File, Options, Workspace};
use std::collections::{BTreeMap, BTreeSet};

/// Applies each fix of each finding alone.
pub fn run(sample: &Sample, engine: &mut Engine, totals: &mut Totals) -> Result<(), String> {
    let mut workspace = Workspace::default();
    sample.files.iter().for_each(|file| workspace.set_file(file.clone()));
    for finding in &sample.report.findings {
        for fix in &finding.fixes {
            let changed = apply(sample, fix);
            let (mut problems, paths) = outside(sample, engine, &changed, &[finding.code])?;
            problems.extend(inside(sample, finding, &changed, &mut workspace));
            let tally = totals.fixes.entry((finding.code, fix.safety.name())).or_default();
            for path in &paths {
                if finding.targets.is_empty() && !allowed::is_allowed(finding.code, path) {
                    problems.push(format!("changes `{path}`"));
                }
                *tally.paths.entry(path.clone()).or_default() += 1;
            }
            tally.tried += 1;
            tally.damaged += usize::from(!problems.is_empty());
            if !problems.is_empty() {
                let entry = sample.report.entry(finding.span.file);
                let line = entry.lines.line_of(finding.span.start as usize) + 1;
                let place = format!("{}:{line} {}", entry.file.path, finding.code);
                println!("    {place} {} fix `{}`", fix.safety.name(), fix.title);
                problems.iter().for_each(|problem| println!("        {problem}"));
            }
        }
    }
    Ok(())
}

/// Returns the files that a fix changes, before and after.
fn apply<'s>(sample: &'s Sample, fix: &Fix) -> Vec<(&'s File, File)> {
    let mut edits: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for edit in &fix.edits {
        let path = &*sample.report.entry(edit.span.file).file.path;
        edits.entry(path).or_default().push(edit);
    }
    let files = sample.files.iter().filter_map(|file| {
        let edits = edits.get(&*file.path)?;
        Some((file, File::new(&file.path, splice(&file.text, edits.iter().copied()))))
    });
    files.collect()
}

/// Returns what the real tools and an independent parser say about files that fixes of some rules have
/// changed, and the key paths that have changed.
pub fn outside(
    sample: &Sample,
    engine: &Engine,
    changed: &[(&File, File)],
    codes: &[&str],
) -> Result<(Vec<String>, BTreeSet<String>), String> {
    let mut problems = Vec::new();
    let mut paths = BTreeSet::new();
    let after: Vec<&File> = changed.iter().map(|it| &it.1).collect();
    let before: Vec<&File> = changed.iter().map(|it| it.0).collect();
    for (old, new) in changed {
        let lost = lost_comments(&old.text, &new.text);
        problems.extend(lost.iter().map(|comment| format!("{}: loses `{comment}`", old.path)));
        let (different, changed_paths) = manifests::compare(&old.text, &new.text);
        problems.extend(different.into_iter().map(|it| format!("{}: {it}", old.path)));
        let is_compose =
            engine.projects.iter().any(|it| it.sources.iter().any(|it| **it == *old.path));
        if !is_compose {
            paths.extend(changed_paths.iter().map(|path| general(path)));
        }
    }
    sample.write(&after)?;
    for project in &engine.projects {
        let is_touched =
            after.iter().any(|it| project.sources.iter().any(|name| **name == *it.path));
        let Some(old) = project.before.as_ref().filter(|_| is_touched) else { continue };
        match engine.ask(project)? {
            Ok(new) => paths.extend(changes(old, &new).iter().map(|path| general(path))),
            Err(why) if codes.iter().any(|code| allowed::may_refuse(code, &why)) => {}
            Err(why) => problems.push(format!("{:?} is refused: {why}", project.files)),
        }
    }
    sample.write(&before)?;
    Ok((problems, paths))
}

/// Returns what our own analysis says about changed files.
fn inside(
    sample: &Sample,
    finding: &Finding,
    changed: &[(&File, File)],
    workspace: &mut Workspace,
) -> Vec<String> {
    changed.iter().for_each(|(_, new)| workspace.set_file(new.clone()));
    let options = Options { leave_fixes_untried: true, ..Options::default() };
    let report = workspace.report(&options);
    changed.iter().for_each(|(old, _)| workspace.set_file((*old).clone()));
    let mut problems = new_errors(&sample.report, &report);
    let own = words(&sample.report, finding);
    let count =
        |report: &Report| report.findings.iter().filter(|it| words(report, it) == own).count();
    if count(&report) >= count(&sample.report) {
        problems.push("the finding is still there".to_owned());
    }
    problems
}

/// Returns code, path, subject and message of a finding. The number of others that it stands for gets smaller
/// where a fix mends some of them.
fn words(report: &Report, finding: &Finding) -> (&'static str, String, String, String) {
    let path = report.entry(finding.span.file).file.path.to_string();
    (finding.code, path, finding.subject.clone(), finding.message.clone())
}

/// Returns the errors of a report that another one does not have.
pub fn new_errors(before: &Report, after: &Report) -> Vec<String> {
    let count = |report: &Report| {
        let mut counts: BTreeMap<(&str, String, String), (usize, String)> = BTreeMap::new();
        for it in report.findings.iter().filter(|it| it.severity == Severity::Error) {
            let path = report.entry(it.span.file).file.path.to_string();
            let entry = counts.entry((it.code, path, it.subject.clone())).or_default();
            entry.0 += 1;
            entry.1.clone_from(&it.message);
        }
        counts
    };
    let old = count(before);
    let is_new = |(key, new): &(&(&str, String, String), &(usize, String))| {
        new.0 > old.get(*key).map_or(0, |it| it.0)
    };
    let new = count(after);
    let new = new.iter().filter(is_new);
    new.map(|((code, path, _), (_, message))| format!("new error {path} {code}: {message}"))
        .collect()
}
