//! One cause is one finding: no two findings of warning or above share a range, and no rule says the same
//! sentence twice in a file. And every such finding has a command that can be pasted.
//!
//! The second half runs over the projects in the folders of a corpus:
//! `PLIMSOLL_CORPUS=DIR cargo test --test one_cause -- --ignored`.
#![allow(clippy::unwrap_used)]

mod common;

use common::{examples, handed_over, projects};
use plimsoll_core::report::{Finding, Severity};
use plimsoll_core::{Options, Report, analyze};
use std::collections::BTreeMap;
use std::path::Path;

/// Rules whose findings no command of the running system can show: the text itself is wrong.
const WITHOUT_COMMAND: [&str; 1] = ["PLM0"];

fn grave(report: &Report) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(|it| it.severity <= Severity::Warning)
}

/// Returns what breaks the promises, a line each.
fn repeats(name: &str, report: &Report) -> Vec<String> {
    let mut broken = Vec::new();
    let mut by_range: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    let mut sentences: BTreeMap<_, usize> = BTreeMap::new();
    for finding in grave(report) {
        by_range.entry(finding.span).or_default().push(finding);
        *sentences.entry((finding.span.file, finding.code, &finding.message)).or_default() += 1;
    }
    for (span, all) in by_range.iter().filter(|it| it.1.len() > 1) {
        let path = &report.entry(span.file).file.path;
        let codes: Vec<&str> = all.iter().map(|it| it.code).collect();
        broken.push(format!(
            "{name}/{path}: {} share a range: {}",
            codes.join(" "),
            all[0].message
        ));
    }
    for ((_, code, message), count) in sentences.iter().filter(|it| *it.1 > 1) {
        broken.push(format!("{name}: {code} says {count} times: {message}"));
    }
    broken
}

fn without_commands(name: &str, report: &Report) -> Vec<String> {
    grave(report)
        .filter(|it| it.check.is_empty() && !WITHOUT_COMMAND.iter().any(|f| it.code.starts_with(f)))
        .map(|it| format!("{name}: {} has no command: {}", it.code, it.message))
        .collect()
}

#[test]
fn examples_repeat_no_cause_and_have_commands() {
    let mut broken = Vec::new();
    let mut count = 0;
    for project in projects(&examples()) {
        let name = project.file_name().unwrap().to_string_lossy().into_owned();
        let report = analyze(&handed_over(&project), &Options::default());
        count += grave(&report).count();
        broken.extend(repeats(&name, &report));
        broken.extend(without_commands(&name, &report));
    }
    assert!(count > 0, "the examples have no findings");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
#[ignore = "needs PLIMSOLL_CORPUS, a folder of folders of projects"]
fn a_corpus_repeats_no_cause_and_has_commands() {
    let corpus = std::env::var_os("PLIMSOLL_CORPUS").expect("PLIMSOLL_CORPUS names a folder");
    let mut broken = Vec::new();
    let mut count = 0;
    for kind in projects(Path::new(&corpus)) {
        for project in projects(&kind) {
            let name = project.strip_prefix(&corpus).unwrap().to_string_lossy().into_owned();
            let report = analyze(&handed_over(&project), &Options::default());
            count += grave(&report).count();
            broken.extend(repeats(&name, &report));
            broken.extend(without_commands(&name, &report));
        }
    }
    assert!(count > 0, "no findings in {}", Path::new(&corpus).display());
    assert!(broken.is_empty(), "{} of {count}:\n{}", broken.len(), broken.join("\n"));
}
