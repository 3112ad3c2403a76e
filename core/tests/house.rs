//! Keeps the house as `docs/architecture.md` draws it: who may import whom, and what a rule file
//! must have. Reads the sources as text, so a new file is seen without being registered anywhere.

#![allow(clippy::unwrap_used)]

mod common;

use plimsoll_core::{explain, rules};
use std::fs;
use std::path::{Path, PathBuf};

/// What each room may import. A room imports only rooms above it in this list, so that there are no
/// cycles.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("knowledge", &[]),
    ("report", &["text"]),
    ("syntax", &["text"]),
    ("build", &["report", "syntax", "text"]),
    ("model", &["build", "text", "report", "syntax", "knowledge"]),
    ("edit", &["text", "report", "syntax", "model"]),
    ("config", &["build", "text", "report", "syntax"]),
    ("facts", &["text", "report", "syntax", "model", "edit", "knowledge", "config"]),
    ("rules", &["text", "report", "syntax", "model", "edit", "knowledge", "facts"]),
    ("suppress", &["text", "report", "model", "rules"]),
    ("compare", &["text", "report", "model", "knowledge", "facts"]),
    ("decision", &["text", "report", "model", "edit", "knowledge", "config", "facts", "compare"]),
    ("explain", &["report", "rules"]),
    ("output", &["build", "text", "model", "report", "edit", "rules", "explain"]),
    (
        "analysis",
        &[
            "text", "report", "syntax", "model", "edit", "config", "facts", "rules", "suppress",
            "decision", "compare",
        ],
    ),
    (
        "ide",
        &[
            "build",
            "text",
            "report",
            "syntax",
            "model",
            "edit",
            "knowledge",
            "facts",
            "compare",
            "explain",
            "rules",
            "config",
            "decision",
            "analysis",
        ],
    ),
    ("workspace", &["text", "report", "model", "config", "analysis"]),
    ("autofix", &["text", "report", "model", "edit", "analysis", "workspace"]),
    ("adopt", &["report", "analysis", "workspace"]),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    common::files_of_type(folder, &["rs"])
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

/// The lines of production code that are not comments, with their numbers.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = production(text).lines().enumerate().map(|(at, line)| (at + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn the_import_table_has_no_cycles() {
    for (at, (room, imports)) in MAY_IMPORT.iter().enumerate() {
        for import in *imports {
            let is_above = MAY_IMPORT[..at].iter().any(|(above, _)| above == import);
            assert!(is_above, "{room} imports {import}, which is not above it in the table");
        }
    }
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
        // The chain of `super::` that leads from this file to the root of the crate.
        let to_root = "super::".repeat(depth(&path));
        for (number, line) in code_lines(&text) {
            let mut names = imported(line, "crate::");
            names.extend(imported(line, &to_root));
            for name in names {
                if name != room && !allowed.contains(&name.as_str()) {
                    wrong
                        .push(format!("{}:{number}: {room} may not import {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How deep a file's module lies below the root of the crate.
fn depth(path: &Path) -> usize {
    let parts = path.strip_prefix(source()).unwrap().components().count();
    if path.ends_with("mod.rs") { parts - 1 } else { parts }
}

/// The names that a line imports right below a prefix, also in `use crate::{a, b::c}`.
fn imported(line: &str, prefix: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect()
    };
    let mut names = Vec::new();
    for (at, _) in line.match_indices(prefix) {
        // `$crate::` in a macro, or a longer path that ends alike.
        if line[..at].ends_with(['$', ':']) || line[..at].ends_with(|it: char| it.is_alphanumeric())
        {
            continue;
        }
        let rest = &line[at + prefix.len()..];
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
    names.retain(|it| it.chars().next().is_some_and(|it| it.is_lowercase()) && it != "super");
    names
}

#[test]
fn no_rule_imports_another() {
    let mut wrong = Vec::new();
    for path in rust_files(&source().join("rules")) {
        let folder = path.parent().unwrap();
        if folder.ends_with("rules") || path.ends_with("mod.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in code_lines(&text) {
            let siblings = imported(line, "super::").into_iter();
            let siblings = siblings.filter(|it| folder.join(format!("{it}.rs")).exists());
            let families = imported(line, "crate::rules::").into_iter();
            let families = families.filter(|it| source().join("rules").join(it).is_dir());
            for name in siblings.chain(families) {
                wrong.push(format!("{}:{number}: a rule may not import {name}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "move what they share into facts:\n{}", wrong.join("\n"));
}

/// Fields of the report and the decision that hold sentences or parts of them, a rule's own code and name, or
/// a key of Compose. Every other field has a closed set of values, and is an enum.
const PROSE: &[&str] = &[
    "code", "name", "text", "because", "next", "key", "instead", "see", "by", "noun", "does",
    "sentence", "would_be",
];

#[test]
fn closed_vocabularies_are_enums() {
    let mut wrong = Vec::new();
    for room in ["report", "decision"] {
        for path in rust_files(&source().join(room)) {
            let text = fs::read_to_string(&path).unwrap();
            for (number, line) in code_lines(&text) {
                let field = line.trim().trim_start_matches("pub ");
                let Some((name, "&'static str,")) = field.split_once(": ") else { continue };
                if !PROSE.contains(&name) {
                    wrong.push(format!("{}:{number}: `{name}` is a string", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "make them enums:\n{}", wrong.join("\n"));
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
const HEADINGS: &[&str] =
    &["Why it hurts", "What helps", "How to troubleshoot", "When to ignore", "Bad", "Good"];

#[test]
fn every_rule_file_is_a_rule_in_full() {
    let mut problems = Vec::new();
    let all: Vec<_> = rules::all().collect();
    let files = rust_files(&source().join("rules"));
    for rule in &all {
        let name = format!("{}.rs", rule.name.replace('-', "_"));
        let mut say = |what: String| problems.push(format!("{} ({name}): {what}", rule.code));
        let Some(file) = files.iter().find(|it| it.ends_with(&name)) else {
            say("no file has the name of the rule".into());
            continue;
        };
        let text = fs::read_to_string(file).unwrap();
        let parts = explain::explain(rule);
        let titles: Vec<_> = parts.sections.iter().map(|it| it.title).collect();
        let examples = titles.contains(&"Bad");
        let wanted = if examples { HEADINGS } else { &HEADINGS[..4] };
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
    let mut codes: Vec<_> = all.iter().map(|it| it.code).collect();
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
        // The folder of a rule belongs to the file with its name.
        let family = folder.join("mod.rs");
        let parent = if family.exists() { family } else { folder.with_extension("rs") };
        let parent = fs::read_to_string(parent).unwrap();
        assert!(
            parent.contains(&format!("mod {stem};")),
            "{} is not declared in its mod.rs",
            path.display()
        );
    }
}
