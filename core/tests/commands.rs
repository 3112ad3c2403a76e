//! Commands to paste hold every name as part of one word, whatever letters it has.

#![allow(clippy::unwrap_used)]

mod common;

use common::read;
use plimsoll_core::syntax::NodeKind;
use plimsoll_core::{File, Options, analyze, explain, rules};
use std::collections::BTreeSet;

/// The word that must never stand outside of quotes.
const MARK: &str = "HOSTILE";

/// What is put behind a name. Placeholders of templates, which have a `$`, are often left out of commands.
const ENDINGS: [&str; 2] = [";'`HOSTILE`|& \"x", "$(HOSTILE)\n\\"];

/// Returns a command without what stands in single quotes.
fn outside_of_quotes(command: &str) -> String {
    let mut out = String::new();
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '\'' if out.ends_with('$') => {
                let mut is_escaped = false;
                letters.by_ref().find(|it| {
                    let ends = *it == '\'' && !is_escaped;
                    is_escaped = *it == '\\' && !is_escaped;
                    ends
                });
            }
            '\'' => {
                letters.by_ref().find(|it| *it == '\'');
            }
            other => out.push(other),
        }
    }
    out
}

/// Returns the words of a YAML file that may be names.
fn names(text: &str) -> BTreeSet<String> {
    let (tree, _) = read(text);
    let texts = tree.nodes().filter(|it| matches!(it.kind(), NodeKind::Scalar));
    let texts: Vec<String> = texts.filter_map(|it| it.as_str().map(str::to_owned)).collect();
    let is_between = |letter: char| !letter.is_alphanumeric() && !"-_.".contains(letter);
    let words = texts.iter().flat_map(|text| text.split(is_between));
    words.filter(|it| it.len() > 1 && it.len() < 40).map(str::to_owned).collect()
}

/// Returns a file in which a name has another ending, wherever a scalar has it.
fn renamed(file: &File, name: &str, ending: &str) -> File {
    let (tree, _) = read(&file.text);
    let mut text = file.text.to_string();
    let mut scalars: Vec<_> = tree
        .nodes()
        .filter_map(|it| Some((it.span(), it.as_str()?.to_owned())))
        .filter(|(_, value)| has_word(value, name) && !value.contains('\n'))
        .collect();
    scalars.sort_by_key(|it| it.0.start);
    for (span, value) in scalars.into_iter().rev() {
        let value = value.replace(name, &format!("{name}{ending}"));
        let quoted = serde_json::to_string(&value).unwrap();
        text.replace_range(span.range(), &quoted);
    }
    File::new(&*file.path, text)
}

fn has_word(text: &str, word: &str) -> bool {
    let is_letter = |it: char| it.is_alphanumeric() || "-_.".contains(it);
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_letter) && !text[at + word.len()..].starts_with(is_letter)
    })
}

/// Returns the commands of all findings.
fn commands(files: &[File], options: &Options) -> Vec<String> {
    analyze(files, options).findings.into_iter().flat_map(|it| it.check).collect()
}

#[test]
fn a_hostile_name_is_one_word_of_every_command_of_every_rule() {
    let mut hostile = BTreeSet::new();
    let mut seen = 0;
    for rule in rules::all() {
        let examples = explain::explain(rule).examples.iter().filter(|it| it.section == "Bad");
        let files: Vec<File> = examples.map(|it| File::new(&it.path, it.text.as_str())).collect();
        let select = vec![rule.code.to_owned()];
        let options = Options { select, leave_fixes_untried: true, ..Options::default() };
        let commands = commands(&files, &options).join("\n");
        let mut names: BTreeSet<String> = files.iter().flat_map(|it| names(&it.text)).collect();
        names.retain(|name| commands.contains(name));
        for (name, ending) in names.iter().flat_map(|name| ENDINGS.map(|ending| (name, ending))) {
            let files: Vec<File> = files.iter().map(|it| renamed(it, name, ending)).collect();
            for command in self::commands(&files, &options) {
                seen += usize::from(command.contains(MARK));
                if outside_of_quotes(&command).contains(MARK) || command.contains('\n') {
                    hostile.insert(format!("{} {name}: {command}", rule.code));
                }
            }
        }
    }
    let hostile: Vec<String> = hostile.into_iter().collect();
    assert!(hostile.is_empty(), "{}", hostile.join("\n"));
    assert!(seen > 100, "only {seen} commands have a hostile name");
}

#[test]
fn what_stands_in_quotes_is_told_from_the_rest() {
    assert_eq!(outside_of_quotes(r"a 'b'\''c' d"), "a  d");
    assert_eq!(outside_of_quotes(r"a $'b\'c' d"), "a $ d");
}
