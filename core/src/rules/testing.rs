//! Helpers for the tests of rules, which run one rule over a small project and compare its findings
//! with the arrows in the text.

use super::Rule;
use crate::report::{Finding, Report};
use crate::text::File;
use crate::{Options, analyze};

/// Splits a text into files at its `# file: PATH` lines. Without such a line the whole text is one
/// file, named after its content.
pub fn files(text: &str) -> Vec<File> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(path) = line.strip_prefix("# file: ") {
            files.push((path.trim().to_owned(), String::new()));
        } else {
            if files.is_empty() {
                let name = if text.contains("apiVersion:") { "app.yaml" } else { "compose.yaml" };
                files.push((name.to_owned(), String::new()));
            }
            files.last_mut().expect("internal error: a file was just pushed").1.push_str(line);
        }
    }
    files.into_iter().map(|(path, text)| File::new(path, text)).collect()
}

/// Returns the report of one rule alone.
pub fn run(rule: &'static Rule, files: &[File]) -> Report {
    analyze(files, &Options { select: vec![rule.code.to_owned()], ..Options::default() })
}

/// Returns the messages that one rule reports for a text.
pub fn messages(rule: &'static Rule, text: &str) -> Vec<String> {
    run(rule, &files(text)).findings.into_iter().map(|it| it.message).collect()
}

/// Returns the findings of one rule for a text.
pub fn findings(rule: &'static Rule, text: &str) -> Vec<Finding> {
    run(rule, &files(text)).findings
}

/// Returns path, line and message of each `# <- message` arrow. A line may carry several.
fn arrows(files: &[File]) -> Vec<(String, usize, String)> {
    let mut arrows = Vec::new();
    for file in files {
        for (at, line) in file.text.lines().enumerate() {
            for message in line.split("# <- ").skip(1) {
                arrows.push((file.path.to_string(), at + 1, message.trim().to_owned()));
            }
        }
    }
    arrows.sort();
    arrows
}

fn found(report: &Report) -> Vec<(String, usize, String)> {
    let mut found: Vec<_> = report
        .findings
        .iter()
        .map(|it| {
            let entry = report.entry(it.span.file);
            let line = entry.lines.line_of(it.span.start as usize) + 1;
            (entry.file.path.to_string(), line, it.message.clone())
        })
        .collect();
    found.sort();
    found
}

/// Compares one rule's findings with the arrows in the text.
#[track_caller]
pub fn check_files(rule: &'static Rule, files: &[File]) -> Report {
    let report = run(rule, files);
    assert_eq!(
        found(&report),
        arrows(files),
        "{} {}: findings (left) and arrows (right)",
        rule.code,
        rule.name
    );
    report
}

/// Compares the findings of one rule with the arrows in a text, which [`files`] splits.
#[track_caller]
pub fn check_rule(rule: &'static Rule, text: &str) {
    check_files(rule, &files(text));
}

/// Applies the first fix of each finding, skipping fixes that overlap.
pub fn apply_fixes(files: &[File], report: &Report) -> Vec<File> {
    crate::edit::apply::apply(files, report, true).0
}

#[test]
fn every_example_of_every_rule_does_what_it_says() {
    let failed: Vec<&str> = super::all()
        .filter(|rule| std::panic::catch_unwind(|| check_examples(rule)).is_err())
        .map(|rule| rule.code)
        .collect();
    assert!(failed.is_empty(), "the examples of {failed:?} fail; each says above what it found");
}

fn check_examples(rule: &'static Rule) {
    let explanation = crate::explain::explain(rule);
    for section in ["Bad", "Good"] {
        let examples = explanation.examples.iter().filter(|it| it.section == section);
        let files: Vec<File> = examples.map(|it| File::new(&it.path, it.text.as_str())).collect();
        if files.is_empty() {
            continue;
        }
        let report = check_files(rule, &files);
        assert_eq!(report.findings.is_empty(), section == "Good", "{} {section}", rule.code);
        check_fixes(rule, &files, &report);
    }
}

/// Checks that the fixes of an example leave nothing that the rule can still fix, keep every comment
/// and leave valid YAML.
fn check_fixes(rule: &'static Rule, before: &[File], report: &Report) {
    let fixable = report.findings.iter().filter(|it| !it.fixes.is_empty()).count();
    if fixable == 0 {
        return;
    }
    let after = apply_fixes(before, report);
    let again = run(rule, &after);
    let left: Vec<_> =
        again.findings.iter().filter(|it| !it.fixes.is_empty()).map(|it| &it.message).collect();
    assert!(left.is_empty(), "{} still finds {left:?} in\n{}", rule.code, after[0].text);
    for (old, new) in before.iter().zip(&after) {
        let comments = |file: &File| file.text.matches("# ").count();
        assert!(
            comments(old) <= comments(new),
            "{}: a comment was lost in\n{}",
            rule.code,
            new.text
        );
    }
    let clean = analyze(
        &after,
        &Options { select: vec!["PLM001".into(), "PLM002".into()], ..Options::default() },
    );
    assert!(clean.findings.is_empty(), "{}: the fix broke the YAML\n{}", rule.code, after[0].text);
}
