//! Whole example projects under all rules: the only place where rules meet. What they say is in
//! `tests/snapshots`; `UPDATE_DOCS=1` rewrites it, and the diff shows what a change did.
#![allow(clippy::unwrap_used)]

mod common;

use common::{examples, handed_over};
use plimsoll_core::edit::apply::apply;
use plimsoll_core::{File, Options, Report, Workspace, analyze};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of `examples/`, sorted.
fn projects() -> Vec<(String, Vec<File>)> {
    let folders = common::projects(&examples());
    assert!(folders.len() >= 3, "the examples are gone");
    let named = |folder: PathBuf| {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        (name, handed_over(&folder))
    };
    folders.into_iter().map(named).collect()
}

fn summary(report: &Report) -> String {
    let mut text = String::new();
    for it in &report.findings {
        let entry = report.entry(it.span.file);
        let line = entry.lines.line_of(it.span.start as usize) + 1;
        let fixes = if it.fixes.is_empty() { "" } else { " (fix)" };
        let severity = it.severity.name();
        writeln!(text, "{}:{line} {} {severity}: {}{fixes}", entry.file.path, it.code, it.message)
            .unwrap();
    }
    let decision = &report.decision();
    let answers: Vec<_> =
        decision.questions.iter().map(|it| format!("{} {}", it.id, it.answer.name())).collect();
    writeln!(text, "\n{}", answers.join(", ")).unwrap();
    let outcome = &decision.outcome;
    writeln!(
        text,
        "platform {}, helm {}, argocd {}",
        outcome.platform, outcome.helm, outcome.argocd
    )
    .unwrap();
    writeln!(text, "today {}, fit {}", decision.today, decision.fit).unwrap();
    text
}

#[test]
fn examples_say_what_they_said() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    for (name, files) in projects() {
        let now = summary(&analyze(&files, &Options::default()));
        let path = folder.join(format!("{name}.txt"));
        if update {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &now).unwrap();
        }
        let before = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert_eq!(now, before, "{name} changed: read the difference, then `cargo xtask docs`");
    }
}

#[test]
fn the_order_of_files_and_the_door_do_not_matter() {
    for (name, files) in projects() {
        let forward = summary(&analyze(&files, &Options::default()));
        let mut workspace = Workspace::default();
        for file in files.iter().rev() {
            workspace.set(&file.path, file.text.clone());
        }
        assert_eq!(summary(&workspace.report(&Options::default())), forward, "{name}");
        // A detour through other texts ends where it began.
        for file in &files {
            workspace.set(&file.path, "services: {");
            workspace.report(&Options::default());
            workspace.remove(&file.path);
            workspace.set(&file.path, file.text.clone());
        }
        assert_eq!(
            summary(&workspace.report(&Options::default())),
            forward,
            "{name}, after a detour"
        );
    }
}

#[test]
fn safe_fixes_settle() {
    for (name, mut files) in projects() {
        let mut rounds = 0;
        loop {
            let report = analyze(&files, &Options::default());
            let (fixed, applied) = apply(&files, &report, false);
            let changed = fixed != files;
            assert!(applied > 0 || !changed, "{name}: text changed without a fix");
            let syntax =
                analyze(&fixed, &Options { select: vec!["PLM0".into()], ..Options::default() });
            let broken: Vec<_> =
                syntax.findings.iter().filter(|it| it.severity.name() == "error").collect();
            assert!(broken.is_empty(), "{name}: {broken:?}");
            files = fixed;
            rounds += 1;
            if !changed {
                break;
            }
            assert!(rounds < 8, "{name}: fixes never settle");
        }
    }
}

/// What somebody sees while typing: the findings that do not depend on the typed line stay. Three
/// prefixes of every line stand for all; the rest of the file is as it was. A finding depends on a
/// line if it goes away when the line is left empty.
#[test]
fn half_typed_lines_keep_the_other_findings() {
    let (mut states, mut kept) = (0_usize, 0_usize);
    let mut lost = String::new();
    for (name, files) in projects() {
        let whole = told(&analyze(&files, &Options::default()));
        let mut workspace = Workspace::default();
        for file in &files {
            workspace.set_file(file.clone());
        }
        for file in files.iter().filter(|it| it.path.ends_with(".yaml")) {
            let mut at = 0;
            for line in file.text.split_inclusive('\n') {
                let content = line.trim_end();
                let indent = content.len() - content.trim_start().len();
                let mut state = |cut: usize| {
                    let text =
                        format!("{}{}", &file.text[..at + cut], &file.text[at + content.len()..]);
                    workspace.set(&file.path, text);
                    told(&workspace.report(&Options::default()))
                };
                let cuts = [
                    indent + 1,
                    indent + (content.len() - indent) / 2,
                    content.len().saturating_sub(1),
                ];
                let cuts = cuts.into_iter().filter(|it| *it > indent && *it < content.len());
                let cuts: Vec<usize> =
                    cuts.filter(|it| file.text.is_char_boundary(at + it)).collect();
                if !cuts.is_empty() {
                    let without = state(0);
                    let others: Vec<_> = whole.iter().filter(|it| without.contains(it)).collect();
                    for cut in cuts {
                        let now = state(cut);
                        states += 1;
                        let all = others.iter().all(|it| now.contains(it));
                        kept += usize::from(all);
                        if !all {
                            writeln!(lost, "{name}/{}: {}", file.path, &content[..cut]).unwrap();
                        }
                    }
                }
                at += line.len();
            }
            workspace.set_file(file.clone());
        }
    }
    assert!(states > 500, "only {states} states were tried");
    let share = kept as f64 / states as f64;
    let share = share * 100.0;
    assert!(
        share >= 95.0,
        "only {kept} of {states} states ({share:.1} %) keep the other findings:\n{lost}"
    );
    println!("{kept} of {states} states ({share:.1} %) keep the other findings");
}

/// Findings without their lines, since a line more or less moves them.
fn told(report: &Report) -> Vec<(&'static str, String, String)> {
    let one = |it: &plimsoll_core::report::Finding| {
        (it.code, report.entry(it.span.file).file.path.to_string(), it.message.clone())
    };
    report.findings.iter().map(one).collect()
}
