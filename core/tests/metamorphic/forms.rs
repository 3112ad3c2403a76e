//! Transformations of YAML as such.

use crate::tree::{Form, Yaml, write, write_json};
use crate::{Folding, Source, Transformation};
use plimsoll_core::syntax::{NodeKind, Scalar, Style};
use std::collections::HashMap;

pub const ALL: &[Transformation] = &[
    Transformation::text("block style", block),
    Transformation::text("flow style", flow),
    Transformation::text("double quotes", double_quotes),
    Transformation::text("single quotes", single_quotes),
    Transformation::text("keys reversed", keys_reversed).with(Folding::OfExpanded),
    EXPANDED,
    Transformation::text("equal parts as aliases", aliased).with(Folding::More),
    Transformation::text("JSON", json).with(Folding::OfExpanded),
    Transformation::text("CRLF", crlf),
    Transformation::text("byte order mark", byte_order_mark),
    Transformation::text("comments stripped", comments_stripped),
];

pub const EXPANDED: Transformation =
    Transformation::text("anchors expanded", anchors_expanded).with(Folding::Less);

fn block(source: &Source) -> Option<String> {
    Some(write(&source.documents()?, Style::Block))
}

fn flow(source: &Source) -> Option<String> {
    Some(write(&source.documents()?, Style::Flow))
}

fn double_quotes(source: &Source) -> Option<String> {
    quoted(source, Style::DoubleQuoted)
}

fn single_quotes(source: &Source) -> Option<String> {
    quoted(source, Style::SingleQuoted)
}

/// Quotes plain strings, keys too.
fn quoted(source: &Source, quotes: Style) -> Option<String> {
    source.changed(|document| {
        document.visit(&mut |node, is_key| {
            let tagged = node.tag.is_some();
            if let Form::Scalar(text, style @ Style::Plain) = &mut node.form
                && !tagged
                && is_always_string(text)
                && !(is_key && text == "<<")
            {
                *style = quotes;
            }
        });
    })
}

/// Whether plain text is a string in YAML 1.1 and YAML 1.2: no boolean, date or number to the base of 60.
fn is_always_string(text: &str) -> bool {
    let starts_like_date = text.starts_with(|it: char| it.is_ascii_digit()) && text.contains('-');
    let is_sexagesimal =
        text.contains(':') && text.chars().all(|it| it.is_ascii_digit() || it == ':');
    matches!(Scalar::read(text, Style::Plain, None), Scalar::Str(_))
        && Scalar::yaml_1_1_bool(text).is_none()
        && !starts_like_date
        && !is_sexagesimal
}

fn keys_reversed(source: &Source) -> Option<String> {
    let mut documents = source.expanded()?;
    for document in &mut documents {
        document.visit(&mut |node, _| {
            if let Form::Map(entries) = &mut node.form {
                entries.reverse();
            }
        });
    }
    Some(write(&documents, Style::Block))
}

fn anchors_expanded(source: &Source) -> Option<String> {
    let has_aliases = source.tree.nodes().any(|it| it.kind() == NodeKind::Alias);
    has_aliases.then_some(())?;
    Some(write(&source.expanded()?, Style::Block))
}

/// Writes mappings and lists that stand several times in a document once, with aliases for the others.
fn aliased(source: &Source) -> Option<String> {
    let mut documents = source.expanded()?;
    let before = documents.clone();
    for document in &mut documents {
        let mut counts: HashMap<String, usize> = HashMap::new();
        document.visit(&mut |node, _| {
            if is_collection(node) {
                *counts.entry(format!("{:?}", node.form)).or_default() += 1;
            }
        });
        alias_repeated(document, &counts, &mut HashMap::new());
    }
    (documents != before).then(|| write(&documents, Style::Block))
}

fn is_collection(node: &Yaml) -> bool {
    match &node.form {
        Form::Map(entries) => !entries.is_empty(),
        Form::List(items) => !items.is_empty(),
        Form::Scalar(..) | Form::Alias(_) => false,
    }
}

/// Gives the first of equal nodes an anchor and makes the others aliases. What is inside of an anchor stays.
fn alias_repeated(
    node: &mut Yaml,
    counts: &HashMap<String, usize>,
    names: &mut HashMap<String, String>,
) {
    let shown = format!("{:?}", node.form);
    if is_collection(node) && node.tag.is_none() && counts.get(&shown).is_some_and(|it| *it > 1) {
        let next = format!("a{}", names.len());
        match names.get(&shown) {
            Some(name) => node.form = Form::Alias(name.clone()),
            None => {
                node.anchor = Some(next.clone());
                names.insert(shown, next);
            }
        }
        return;
    }
    match &mut node.form {
        Form::Map(entries) => {
            entries.iter_mut().for_each(|it| alias_repeated(&mut it.1, counts, names))
        }
        Form::List(items) => items.iter_mut().for_each(|it| alias_repeated(it, counts, names)),
        Form::Scalar(..) | Form::Alias(_) => {}
    }
}

fn json(source: &Source) -> Option<String> {
    let mut documents = Vec::new();
    for document in source.expanded()? {
        let mut text = String::new();
        write_json(&document, &mut text)?;
        documents.push(text);
    }
    Some(documents.join("\n---\n"))
}

fn crlf(source: &Source) -> Option<String> {
    let text = &source.file.text;
    (!text.contains('\r')).then(|| text.replace('\n', "\r\n"))
}

fn byte_order_mark(source: &Source) -> Option<String> {
    let text = &source.file.text;
    (!text.starts_with('\u{FEFF}')).then(|| format!("\u{FEFF}{text}"))
}

/// Strips comments, and spaces at the ends of lines outside of scalars.
fn comments_stripped(source: &Source) -> Option<String> {
    source.head().is_empty().then_some(())?;
    let text = &*source.file.text;
    let mut out = String::new();
    let mut done = 0;
    for comment in source.tree.comments() {
        let range = comment.span.range();
        if text[range.clone()].contains("plimsoll:") {
            continue;
        }
        out.push_str(text[done..range.start].trim_end_matches([' ', '\t']));
        done = range.end;
        if comment.own_line {
            done += text[done..].find('\n').map_or(0, |it| it + 1);
        }
    }
    out.push_str(&text[done..]);
    Some(out)
}
