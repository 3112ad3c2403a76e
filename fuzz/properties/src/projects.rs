//! Fixes mend what they are for, and nothing else is worse afterwards.

use crate::generate::project;
use crate::sound::{assert_every_format, assert_sound, errors};
use crate::{Choices, mutated, seeds};
use plimsoll_core::autofix::{Fixed, Wanted, fix_all};
use plimsoll_core::edit::apply::apply_all;
use plimsoll_core::{File, Options, Report, Workspace, analyze};

/// Maximum number of fixes of a project that are applied alone.
const ALONE: usize = 4;

/// Analyses a generated project, writes what is found in every format and applies the fixes: all of them, and
/// some alone.
pub fn fixes_mend_and_do_no_harm(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let mut files = project(&mut choices);
    if choices.one_in(3) {
        let at = choices.below(files.len());
        let other = choices.pick(&seeds().files);
        files[at] = File::new(&files[at].path, mutated(&files[at].text, &other.text, &mut choices));
    }
    let mut workspace = Workspace::default();
    files.iter().for_each(|file| workspace.set_file(file.clone()));
    let analysis = workspace.analysis(&Options::default().config);
    let report = analysis.report(&Options::default());
    assert_sound(&report);
    assert_every_format(&report, Some(&analysis));
    for finding in report.findings.iter().filter(|it| !it.fixes.is_empty()).take(ALONE) {
        for fix in analysis.tried_fixes(finding) {
            let (fixed, applied) = apply_all(&files, &report, [&fix]);
            assert_eq!(applied, [true], "{fix:?}");
            let after = analyze(&fixed, &Options::default());
            assert_no_new_error(&report, &after, &fix);
            let same = |it: &&plimsoll_core::report::Finding| {
                it.code == finding.code
                    && it.message == finding.message
                    && it.subject == finding.subject
            };
            let count = |report: &Report| report.findings.iter().filter(same).count();
            assert!(
                count(&after) < count(&report),
                "{} stays after {fix:?} in {fixed:#?}",
                finding.code
            );
        }
    }
    let fixed = fix(files.clone(), &mut workspace, report.clone());
    assert_sound(&fixed.report);
    assert_no_new_error(&report, &fixed.report, &"all fixes");
    assert_comments_stay(&files, &fixed.files);
    let fresh = analyze(&fixed.files, &Options::default());
    assert_eq!(fixed.report.findings, fresh.findings, "after fixes");
    let again = fix(fixed.files.clone(), &mut workspace, fresh);
    assert_eq!(again.applied, 0, "fixes of {:#?} do not settle: {:#?}", fixed.files, again.files);
}

fn fix(files: Vec<File>, workspace: &mut Workspace, report: Report) -> Fixed {
    let options = Options::default();
    let wanted =
        Wanted { options: &options, unsafe_too: true, finding: &|_| true, may_change: &|_| true };
    fix_all(files, workspace, report, &wanted)
}

fn assert_no_new_error(before: &Report, after: &Report, fix: &dyn std::fmt::Debug) {
    let old = errors(before);
    for (error, count) in errors(after) {
        assert!(old.get(&error).is_some_and(|old| *old >= count), "{error:?} is new after {fix:?}");
    }
}

/// Panics where a file has fewer comments than before.
fn assert_comments_stay(before: &[File], after: &[File]) {
    let comments = |file: &File| {
        let (tree, _) =
            plimsoll_core::syntax::parse(plimsoll_core::text::FileId(0), &file.text, None);
        tree.comments().len()
    };
    for (old, new) in before.iter().zip(after) {
        assert!(
            comments(new) >= comments(old),
            "a comment is lost:\n{}\n---\n{}",
            old.text,
            new.text
        );
    }
}
