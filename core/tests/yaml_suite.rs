//! Reads the 402 texts of the YAML test suite: those that are YAML into the suite's events, the others with
//! something to say about each.

#![allow(clippy::unwrap_used)]

mod common;

use common::{check, read};
use plimsoll_core::syntax::{Node, NodeKind, ProblemKind, Style, Tree};

/// The texts, one a line; `yaml/README.md` says where they come from.
const SUITE: &str = include_str!("yaml/suite.jsonl");

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    yaml: String,
    /// The suite's events for a text that is YAML.
    events: Option<Vec<String>>,
}

fn cases() -> Vec<Case> {
    let all: Vec<Case> = SUITE.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(all.len(), 402);
    assert_eq!(all.iter().filter(|it| it.events.is_none()).count(), 94);
    all
}

/// Writes the events of a tree as the suite does, without tags, which Plimsoll keeps as they are written.
fn events(tree: &Tree) -> Vec<String> {
    let mut events = Vec::new();
    for document in &tree.documents {
        events.push("+DOC".to_owned());
        match document.root {
            Some(root) => node_events(tree.node(root), &mut events),
            None => events.push("=VAL :".to_owned()),
        }
    }
    events
}

fn node_events(node: Node<'_>, events: &mut Vec<String>) {
    let anchor = node.anchor().map_or(String::new(), |(name, _)| format!(" &{name}"));
    match node.kind() {
        NodeKind::Alias => {
            let written = &node.tree().text()[node.span().range()];
            events.push(format!("=ALI {written}"));
        }
        NodeKind::Scalar => {
            let mark = match node.style() {
                Style::SingleQuoted => '\'',
                Style::DoubleQuoted => '"',
                Style::Literal => '|',
                Style::Folded => '>',
                Style::Plain | Style::Block | Style::Flow => ':',
            };
            events.push(format!("=VAL{anchor} {mark}{}", escaped(node.as_str().unwrap())));
        }
        NodeKind::Sequence => {
            let style = if node.style() == Style::Flow { " []" } else { "" };
            events.push(format!("+SEQ{style}{anchor}"));
            node.items().for_each(|item| node_events(item, events));
            events.push("-SEQ".to_owned());
        }
        NodeKind::Mapping => {
            let style = if node.style() == Style::Flow { " {}" } else { "" };
            events.push(format!("+MAP{style}{anchor}"));
            for entry in node.entries() {
                node_events(entry.key, events);
                node_events(entry.value, events);
            }
            events.push("-MAP".to_owned());
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{8}' => out.push_str("\\b"),
            other => out.push(other),
        }
    }
    out
}

/// Removes from an event of the suite what a tree does not keep: the resolved tag, and whether a document
/// has a `---`.
fn kept(event: &str) -> String {
    if event.starts_with("+DOC") {
        return "+DOC".to_owned();
    }
    let head = event.find([':', '\'', '"', '|', '>']).unwrap_or(event.len());
    match event.find(" <").filter(|at| *at < head) {
        Some(at) => {
            let end = at + event[at..].find('>').unwrap() + 1;
            format!("{}{}", &event[..at], &event[end..])
        }
        None => event.to_owned(),
    }
}

#[test]
fn every_text_of_the_suite_is_read_as_the_suite_says() {
    let mut different = Vec::new();
    for case in cases() {
        // In a text without a final line break, a block scalar has none in libyaml and here, but has one in
        // the suite.
        let text = format!("{}\n", case.yaml.strip_suffix('\n').unwrap_or(&case.yaml));
        let (tree, problems) = read(&text);
        check(&text, &tree, &problems);
        let is_refused = problems.iter().any(|it| it.kind != ProblemKind::DuplicateKey)
            || !tree.under_indented().is_empty();
        match case.events {
            None if !is_refused => different.push(format!("{}: nothing is said", case.id)),
            None => {}
            Some(_) if is_refused => {
                let lines = tree.under_indented();
                different.push(format!("{}: {problems:?} {lines:?}", case.id));
            }
            Some(expected) => {
                let expected: Vec<String> = expected.iter().map(|it| kept(it)).collect();
                let found = events(&tree);
                if found != expected {
                    different.push(format!("{}: {found:?}, not {expected:?}", case.id));
                }
            }
        }
    }
    assert!(different.is_empty(), "{} of 402 differ:\n{}", different.len(), different.join("\n"));
}
