//! A small YAML tree that can be changed and written again.

use plimsoll_core::syntax::{Node, NodeKind, Scalar, Style};

#[derive(Debug, Clone, PartialEq)]
pub struct Yaml {
    pub tag: Option<String>,
    pub anchor: Option<String>,
    pub form: Form,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    Scalar(String, Style),
    Map(Vec<(Yaml, Yaml)>),
    List(Vec<Yaml>),
    Alias(String),
}

/// Maximum number of nodes of a document whose aliases are expanded.
const MAX_EXPANDED: usize = 50_000;

impl From<Form> for Yaml {
    fn from(form: Form) -> Yaml {
        Yaml { tag: None, anchor: None, form }
    }
}

impl Yaml {
    pub fn plain(text: impl Into<String>) -> Yaml {
        Form::Scalar(text.into(), Style::Plain).into()
    }

    pub fn string(text: impl Into<String>) -> Yaml {
        Form::Scalar(text.into(), Style::DoubleQuoted).into()
    }

    pub fn map(entries: Vec<(&str, Yaml)>) -> Yaml {
        let entries = entries.into_iter().map(|(key, value)| (Yaml::plain(key), value));
        Form::Map(entries.collect()).into()
    }

    pub fn list(items: Vec<Yaml>) -> Yaml {
        Form::List(items).into()
    }

    /// Reads a node as it is written, with its anchors and aliases.
    pub fn read(node: Node<'_>) -> Yaml {
        let form = match node.kind() {
            NodeKind::Scalar => Form::Scalar(text_of(node), node.style()),
            NodeKind::Mapping => Form::Map(
                node.entries().map(|it| (Yaml::read(it.key), Yaml::read(it.value))).collect(),
            ),
            NodeKind::Sequence => Form::List(node.items().map(Yaml::read).collect()),
            NodeKind::Alias => {
                let name = node.resolve().anchor().map_or("", |(name, _)| name);
                Form::Alias(name.to_owned())
            }
        };
        let anchor = match node.kind() {
            NodeKind::Alias => None,
            _ => node.anchor().map(|(name, _)| name.to_owned()),
        };
        Yaml { tag: tag_of(node), anchor, form }
    }

    /// Reads a node with aliases and merge keys expanded; `None` where the result would be huge.
    pub fn expanded(node: Node<'_>) -> Option<Yaml> {
        expand(node, &mut 0)
    }

    /// Returns the value of a key.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Yaml> {
        let Form::Map(entries) = &mut self.form else { return None };
        entries.iter_mut().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    pub fn get(&self, key: &str) -> Option<&Yaml> {
        self.entries().iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    pub fn entries(&self) -> &[(Yaml, Yaml)] {
        if let Form::Map(entries) = &self.form { entries } else { &[] }
    }

    pub fn text(&self) -> Option<&str> {
        if let Form::Scalar(text, _) = &self.form { Some(text) } else { None }
    }

    /// Whether the node stands for itself alone: no tag, no anchor, no merge key.
    pub fn is_simple(&self) -> bool {
        let merges = self.entries().iter().any(|(key, _)| key.text() == Some("<<"));
        self.tag.is_none() && self.anchor.is_none() && !merges
    }

    /// Calls a function with every node, parents first. `is_key` says whether a node is a key.
    pub fn visit(&mut self, change: &mut impl FnMut(&mut Yaml, bool)) {
        self.visit_as(false, change);
    }

    fn visit_as(&mut self, is_key: bool, change: &mut impl FnMut(&mut Yaml, bool)) {
        change(self, is_key);
        match &mut self.form {
            Form::Scalar(..) | Form::Alias(_) => {}
            Form::List(items) => items.iter_mut().for_each(|it| it.visit_as(false, change)),
            Form::Map(entries) => {
                for (key, value) in entries {
                    key.visit_as(true, change);
                    value.visit_as(false, change);
                }
            }
        }
    }
}

fn text_of(node: Node<'_>) -> String {
    node.as_str().unwrap_or_default().to_owned()
}

fn tag_of(node: Node<'_>) -> Option<String> {
    node.tag().map(|(tag, _)| tag.to_owned())
}

fn expand(node: Node<'_>, count: &mut usize) -> Option<Yaml> {
    *count += 1;
    if *count > MAX_EXPANDED {
        return None;
    }
    let node = node.resolve();
    let form = match node.kind() {
        NodeKind::Mapping => {
            let entries = node.merged_entries().into_iter();
            Form::Map(
                entries
                    .map(|it| Some((expand(it.key, count)?, expand(it.value, count)?)))
                    .collect::<Option<_>>()?,
            )
        }
        NodeKind::Sequence => {
            Form::List(node.items().map(|it| expand(it, count)).collect::<Option<_>>()?)
        }
        NodeKind::Scalar | NodeKind::Alias => Form::Scalar(text_of(node), node.style()),
    };
    Some(Yaml { tag: tag_of(node), anchor: None, form })
}

/// Writes documents in block style, or in flow style with each document on a line.
pub fn write(documents: &[Yaml], style: Style) -> String {
    let mut out = String::new();
    for (at, document) in documents.iter().enumerate() {
        if at > 0 {
            out.push_str("---\n");
        }
        match style {
            Style::Flow => write_flow(document, &mut out),
            _ => write_block(document, 0, &mut out),
        }
        out.push('\n');
    }
    out
}

fn write_properties(node: &Yaml, out: &mut String) {
    if let Some(tag) = &node.tag {
        out.push_str(tag);
        out.push(' ');
    }
    if let Some(anchor) = &node.anchor {
        out.push('&');
        out.push_str(anchor);
        out.push(' ');
    }
}

fn write_flow(node: &Yaml, out: &mut String) {
    write_properties(node, out);
    match &node.form {
        Form::Scalar(text, style) => write_scalar(text, *style, true, out),
        Form::Alias(name) => out.push_str(&format!("*{name} ")),
        Form::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_flow(item, out);
            }
            out.push(']');
        }
        Form::Map(entries) => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_flow(key, out);
                out.push_str(": ");
                write_flow(value, out);
            }
            out.push('}');
        }
    }
}

/// Writes a node whose first line goes on where `out` ends, and its other lines with an indentation.
fn write_block(node: &Yaml, indent: usize, out: &mut String) {
    match &node.form {
        Form::Map(entries) if !entries.is_empty() => {
            write_own_line(node, indent, out);
            for (at, (key, value)) in entries.iter().enumerate() {
                if at > 0 {
                    start_line(indent, out);
                }
                write_flow(key, out);
                out.push(':');
                write_value(value, indent, out);
            }
        }
        Form::List(items) if !items.is_empty() => {
            write_own_line(node, indent, out);
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    start_line(indent, out);
                }
                out.push_str("- ");
                write_block(item, indent + 2, out);
            }
        }
        Form::Scalar(text, Style::Literal | Style::Folded) if is_literal(text) => {
            write_properties(node, out);
            write_literal(text, indent, out);
        }
        Form::Scalar(text, style) => {
            write_properties(node, out);
            write_scalar(text, *style, false, out);
        }
        Form::Map(_) | Form::List(_) | Form::Alias(_) => write_flow(node, out),
    }
}

fn write_value(value: &Yaml, indent: usize, out: &mut String) {
    let is_block = match &value.form {
        Form::Map(entries) => !entries.is_empty(),
        Form::List(items) => !items.is_empty(),
        Form::Scalar(..) | Form::Alias(_) => false,
    };
    if !is_block {
        out.push(' ');
        write_block(value, indent + 2, out);
    } else if value.tag.is_some() || value.anchor.is_some() {
        // The properties share the line of the key.
        out.push(' ');
        write_block(value, indent + 2, out);
    } else {
        start_line(indent + 2, out);
        write_block(value, indent + 2, out);
    }
}

/// Writes tag and anchor of a block collection, which then begins on the next line.
fn write_own_line(node: &Yaml, indent: usize, out: &mut String) {
    if node.tag.is_some() || node.anchor.is_some() {
        write_properties(node, out);
        start_line(indent, out);
    }
}

fn start_line(indent: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Whether a text can be written as a literal block scalar without an indentation indicator.
fn is_literal(text: &str) -> bool {
    let is_special = |it: char| it.is_control() && it != '\n';
    !text.is_empty() && !text.starts_with([' ', '\n', '\t']) && !text.contains(is_special)
}

/// Writes a block scalar. A folded one becomes a literal one, which has the same value.
fn write_literal(text: &str, indent: usize, out: &mut String) {
    let lines = text.strip_suffix('\n');
    out.push_str(match lines {
        None => "|-",
        Some(lines) if lines.ends_with('\n') => "|+",
        Some(_) => "|",
    });
    for line in lines.unwrap_or(text).split('\n') {
        if line.is_empty() {
            out.push('\n');
        } else {
            // A scalar that is a document needs an indentation too.
            start_line(indent.max(1), out);
            out.push_str(line);
        }
    }
}

fn write_scalar(text: &str, style: Style, flow: bool, out: &mut String) {
    let is_plain = match style {
        Style::Plain if text.is_empty() => return out.push_str("null"),
        Style::Plain if flow => {
            !text.contains([',', '[', ']', '{', '}', '\n']) && !text.ends_with(':')
        }
        Style::Plain => !text.contains('\n'),
        _ => false,
    };
    if is_plain {
        out.push_str(text);
    } else if style == Style::SingleQuoted && !text.contains(char::is_control) {
        out.push_str(&format!("'{}'", text.replace('\'', "''")));
    } else {
        write_double_quoted(text, out);
    }
}

fn write_double_quoted(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{A0}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' => {
                out.push_str(&format!("\\u{:04X}", u32::from(letter)));
            }
            _ if letter.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out.push('"');
}

/// Writes a node as JSON; `None` where JSON cannot say the same.
pub fn write_json(node: &Yaml, out: &mut String) -> Option<()> {
    match &node.form {
        Form::Alias(_) => return None,
        Form::Scalar(text, style) => match Scalar::read(text, *style, node.tag.as_deref()) {
            _ if node.tag.is_some() => return None,
            Scalar::Null => out.push_str("null"),
            Scalar::Bool(it) => out.push_str(if it { "true" } else { "false" }),
            Scalar::Int(it) => out.push_str(&it.to_string()),
            Scalar::Float(it) if it.to_string() == *text => out.push_str(text),
            Scalar::Float(_) | Scalar::NotFinite(_) => return None,
            Scalar::Str(text) => write_double_quoted(text, out),
        },
        Form::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_json(item, out)?;
            }
            out.push(']');
        }
        Form::Map(entries) => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write_double_quoted(key.text()?, out);
                out.push_str(": ");
                write_json(value, out)?;
            }
            out.push('}');
        }
    }
    (node.tag.is_none()).then_some(())
}
