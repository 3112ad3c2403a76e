//! Keeps the house as `docs/architecture.md` draws it: who may import whom, and what a rule file
//! must have. Reads the sources as text, so a new file is seen without being registered anywhere.

#![allow(clippy::unwrap_used)]

use plimsoll_core::{explain, rules};
use std::fs;
use std::path::{Path, PathBuf};

/// What each room may name with `crate::`. Text flows down this list; imports only point back up.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("sort", &[]),
    ("index", &[]),
    ("words", &[]),
    ("decimal", &[]),
    ("knowledge", &[]),
    ("report", &["text"]),
    ("syntax", &["text"]),
    ("build", &["text", "syntax"]),
    ("model", &["text", "report", "syntax", "knowledge", "suppress", "workspace"]),
    ("facts", &["text", "report", "syntax", "model", "knowledge", "config"]),
    ("rules", &["text", "report", "syntax", "model", "knowledge", "facts"]),
    ("config", &["report", "rules", "syntax", "text"]),
    ("suppress", &["config", "model", "report", "rules", "syntax", "text"]),
    ("decision", &["config", "facts", "knowledge", "model", "report", "text"]),
    ("explain", &["report", "rules"]),
    ("fix", &["report", "text"]),
    ("render", &["explain", "report", "rules", "text", "fix"]),
    ("workspace", &["config", "decision", "facts", "model", "report", "rules", "suppress", "text"]),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut open = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The lines outside `#[cfg(test)]` modules, which stand at the end of a file here.
fn production(text: &str) -> &str {
    text.split("\n#[cfg(test)]\n").next().unwrap_or(text)
}

fn room(path: &Path) -> String {
    let relative = path.strip_prefix(source()).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn imports_point_up_the_stream() {
    let mut wrong = Vec::new();
    for path in rust_files(&source()) {
        let room = room(&path);
        if room == "lib" || path.ends_with("tests.rs") || path.ends_with("testing.rs") {
            continue;
        }
        let allowed = MAY_IMPORT
            .iter()
            .find(|it| it.0 == room)
            .unwrap_or_else(|| panic!("{room} is a new room: say in this table what it may import"))
            .1;
        let text = fs::read_to_string(&path).unwrap();
        for (at, line) in production(&text).lines().enumerate() {
            if line.trim_start().starts_with("//") {
                continue;
            }
            for name in imported(line) {
                // These are tools like those of the standard library: everyone may use them.
                let tool = matches!(name.as_str(), "sort" | "index" | "words" | "decimal");
                if name != room && !tool && !allowed.contains(&name.as_str()) {
                    wrong.push(format!(
                        "{}:{}: {room} may not import {name}",
                        path.display(),
                        at + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rooms that a line names after `crate::`, also in `use crate::{a, b::c}`.
fn imported(line: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect()
    };
    let mut names = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        if line[..at].ends_with('$') {
            continue;
        }
        let rest = &line[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => {
                let mut depth = 0;
                let mut start = true;
                for (at, letter) in list.char_indices() {
                    match letter {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        ' ' => {}
                        _ if start => {
                            names.push(word(&list[at..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
            None => names.push(word(rest)),
        }
    }
    names.retain(|it| it.chars().next().is_some_and(|it| it.is_lowercase()));
    names
}

#[test]
fn only_syntax_knows_the_parser() {
    for path in rust_files(&source()) {
        let text = fs::read_to_string(&path).unwrap();
        let knows = text.contains("granit_parser");
        assert!(!knows || room(&path) == "syntax", "{} names the parser", path.display());
    }
}

#[test]
fn the_core_touches_nothing_outside() {
    for path in rust_files(&source()) {
        let text = fs::read_to_string(&path).unwrap();
        for forbidden in [
            "std::fs",
            "std::env",
            "TcpStream",
            "UdpSocket",
            "std::thread",
            "Instant::",
            "SystemTime",
            "std::process",
            "println!",
        ] {
            assert!(!production(&text).contains(forbidden), "{} uses {forbidden}", path.display());
        }
    }
}

/// Headings that a rule's documentation must have, in this order. Examples may be left out only
/// where no arrow can stand in the text, and then the file has tests of its own.
const HEADINGS: &[&str] = &["Why it hurts", "What helps", "How to troubleshoot", "Bad", "Good"];

#[test]
fn every_rule_file_is_a_rule_in_full() {
    let mut problems = Vec::new();
    let all: Vec<_> = rules::all().collect();
    let files = rust_files(&source().join("rules"));
    for rule in &all {
        let name = format!("{}.rs", rule.name().replace('-', "_"));
        let mut say = |what: String| problems.push(format!("{} ({name}): {what}", rule.code()));
        let Some(file) = files.iter().find(|it| it.ends_with(&name)) else {
            say("no file has the name of the rule".into());
            continue;
        };
        let text = fs::read_to_string(file).unwrap();
        let parts = explain::explain(rule);
        let titles: Vec<_> = parts.sections.iter().map(|it| it.title).collect();
        let examples = titles.contains(&"Bad");
        let wanted = if examples { HEADINGS } else { &HEADINGS[..3] };
        let known: Vec<_> = titles.iter().copied().filter(|it| HEADINGS.contains(it)).collect();
        if known != wanted {
            say(format!("has the headings {titles:?}, not {wanted:?}"));
        }
        if !examples && !text.contains("#[cfg(test)]") {
            say("has neither examples nor tests".into());
        }
        if parts.summary.len() > 160 || !parts.summary.ends_with('.') {
            say("the summary is one sentence of at most 160 letters".into());
        }
        if examples
            && !parts.examples.iter().any(|it| it.section == "Bad" && it.text.contains("# <- "))
        {
            say("Bad has no arrow".into());
        }
    }
    let mut codes: Vec<_> = all.iter().map(|it| it.code()).collect();
    codes.dedup();
    assert_eq!(codes.len(), all.len(), "two rules have one code");
    assert!(codes.is_sorted(), "the families list their rules by code");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_file_in_a_family_is_declared() {
    for path in rust_files(&source().join("rules")) {
        let folder = path.parent().unwrap();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if stem == "mod" || folder.ends_with("rules") {
            continue;
        }
        let parent = fs::read_to_string(folder.join("mod.rs")).unwrap();
        assert!(
            parent.contains(&format!("mod {stem};")),
            "{} is not declared in its mod.rs",
            path.display()
        );
    }
}
