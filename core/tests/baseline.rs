//! A baseline of what is found in a project accepts all of it, however rules put places together.
#![allow(clippy::unwrap_used)]

mod common;

use common::{examples, handed_over, projects};
use plimsoll_core::explain::explain;
use plimsoll_core::{File, Options, Workspace, accept_each, rules};
use std::sync::Arc;

/// Returns what is still found with a baseline of everything, and the entries that nothing uses.
fn left(files: &[File], options: &Options) -> Vec<String> {
    let mut workspace = Workspace::default();
    files.iter().for_each(|file| workspace.set_file(file.clone()));
    let (baseline, _) = accept_each(&workspace, options, &|_| {});
    let mut options = options.clone();
    options.config.baseline = Some(Arc::new(baseline));
    let report = workspace.report(&options);
    let found = report.findings.iter().map(|it| format!("{}: {}", it.code, it.message));
    let stale = report.stale.iter().map(|it| format!("stale: {:?}", it.0));
    found.chain(stale).collect()
}

#[test]
fn nothing_is_left_of_the_examples() {
    for project in projects(&examples()) {
        let left = left(&handed_over(&project), &Options::default());
        assert!(left.is_empty(), "{}: {left:#?}", project.display());
    }
}

#[test]
fn nothing_is_left_of_what_each_rule_finds() {
    for rule in rules() {
        let examples = explain(rule).examples.iter().filter(|it| it.section == "Bad");
        let files: Vec<File> = examples.map(|it| File::new(&it.path, it.text.as_str())).collect();
        let mut options = Options { select: vec![rule.code.to_owned()], ..Options::default() };
        options.config.preview = Some(true);
        let left = left(&files, &options);
        assert!(left.is_empty(), "{}: {left:#?}", rule.code);
    }
}

#[test]
fn findings_at_one_place_are_counted_before_they_become_one() {
    // Both services read the host from one line.
    let compose = "services:\n  a: {image: 'acme/a:1', env_file: [.env]}\n  b: {image: 'acme/b:1', env_file: [.env]}\n  cache: {image: 'redis:7'}\n";
    let files = [File::new("compose.yaml", compose), File::new(".env", "REDIS_HOST=cache\n")];
    let select = vec!["PLM104".to_owned()];
    let left = left(&files, &Options { select, ..Options::default() });
    assert!(left.is_empty(), "{left:#?}");
}
