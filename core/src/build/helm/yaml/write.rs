//! Values to YAML, as `sigs.k8s.io/yaml` prints them.

use super::analyze::{analyze, is_break, is_printable};
use super::keys::natural_key;
use super::resolve;
use crate::build::helm::budget::{VISIT, check_depth};
use crate::build::helm::failure::Result;
use crate::build::helm::object::Object;
use crate::build::helm::value::{Data, Entry, Heap, Value};
use crate::build::helm::{encode, format};
use crate::build::origin::Text;
use crate::text::Span;

/// Number of columns after which a long line is folded at its next blank.
const WIDTH: usize = 80;

/// Maximum number of bytes of a key on one line.
const MAX_SIMPLE_KEY: usize = 128;

/// Where the dashes of a list below a key stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequences {
    /// Below the key's first letter: `toYaml`.
    Flush,
    /// Two columns further: `toYamlPretty`.
    Indented,
}

/// Prints a value without the last line break.
pub fn to_yaml(value: &Value, heap: &Heap, sequences: Sequences) -> Result<Text> {
    let mut writer = Writer { out: Text::new(), column: 0, sequences, heap };
    let at = Place { indent: 0, scalar_indent: 2 };
    writer.node(value, at, 0)?;
    writer.end_line();
    let text = writer.out;
    Ok(text.keep(|text| text.strip_suffix('\n').unwrap_or(text)))
}

#[derive(Debug, Clone, Copy)]
struct Place {
    /// Column of a collection that begins here.
    indent: usize,
    /// Column of the further lines of a scalar that stands here.
    scalar_indent: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

struct Writer<'w> {
    out: Text,
    column: usize,
    sequences: Sequences,
    heap: &'w Heap,
}

impl Writer<'_> {
    /// Writes text of the format itself.
    fn raw(&mut self, text: &str) {
        self.out.push_plain(text);
        self.column += text.chars().count();
    }

    fn slice(&mut self, text: &Text, start: usize, end: usize) {
        self.out.push_slice(text, start..end);
        self.column += text.as_str()[start..end].chars().count();
    }

    fn line_break(&mut self) {
        self.out.push_plain("\n");
        self.column = 0;
    }

    fn end_line(&mut self) {
        if self.column > 0 {
            self.line_break();
        }
    }

    /// Begins a line at a column.
    fn start_line(&mut self, indent: usize) {
        self.end_line();
        self.raw(&" ".repeat(indent));
    }

    fn node(&mut self, value: &Value, at: Place, depth: usize) -> Result<()> {
        check_depth(depth)?;
        self.heap.budget.spend_steps(VISIT)?;
        match &value.data {
            Data::Dict(dict) if dict.is_empty() => self.scalar("{}", value),
            Data::List(list) if list.is_empty() => self.scalar("[]", value),
            Data::Dict(dict) => {
                let entries = dict.entries();
                let entries: Vec<(&str, &Entry)> =
                    entries.iter().map(|(key, entry)| (&**key, entry)).collect();
                self.mapping(entries, at.indent, depth)
            }
            Data::List(list) => self.sequence(&list.items(), at.indent, depth),
            Data::Object(object) => self.object(object, at, depth),
            Data::Str(text) => {
                self.string(text, at.scalar_indent, false);
                self.heap.budget.spend_bytes(text.len())
            }
            Data::Null => self.scalar("null", value),
            Data::Bool(flag) => self.scalar(if *flag { "true" } else { "false" }, value),
            Data::Int(number) | Data::Int64(number) => self.scalar(&number.to_string(), value),
            Data::Float(number) => self.scalar(&number_text(*number), value),
            Data::Bytes(bytes) => {
                let text = Text::plain(encode::base64_encode(bytes.as_bytes()));
                self.string(&text, at.scalar_indent, false);
                Ok(())
            }
            Data::Time(seconds) => {
                let text = crate::build::helm::functions::date::rfc3339(*seconds);
                self.string(&Text::plain(text), at.scalar_indent, false);
                Ok(())
            }
        }
    }

    fn scalar(&mut self, text: &str, value: &Value) -> Result<()> {
        let placed = format::placed(text.to_owned(), value);
        self.slice(&placed, 0, placed.len());
        Ok(())
    }

    fn object(&mut self, object: &Object, at: Place, depth: usize) -> Result<()> {
        let entry = |value: Value| Entry { key: None, value };
        let entries: Vec<(String, Entry)> = match object {
            Object::ApiVersions(versions) => {
                let versions: Vec<Value> =
                    versions.iter().map(|version| Value::string(version.as_str())).collect();
                return self.sequence(&versions, at.indent, depth);
            }
            Object::Files(files) => files
                .iter()
                .map(|(path, text)| {
                    let encoded = encode::base64_encode(text.as_str().as_bytes());
                    (path.to_string(), entry(Value::string(encoded)))
                })
                .collect(),
            Object::Record(record) => record
                .fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), entry(value.clone())))
                .collect(),
        };
        let entries = entries.iter().map(|(key, entry)| (key.as_str(), entry)).collect();
        self.mapping(entries, at.indent, depth)
    }

    /// Writes a mapping. The first entry goes on where the line stands.
    fn mapping(
        &mut self,
        mut entries: Vec<(&str, &Entry)>,
        indent: usize,
        depth: usize,
    ) -> Result<()> {
        if entries.is_empty() {
            self.raw("{}");
            return Ok(());
        }
        entries.sort_by_cached_key(|(key, _)| natural_key(key));
        for (index, (key, entry)) in entries.into_iter().enumerate() {
            if index > 0 {
                self.start_line(indent);
            }
            self.heap.budget.spend_bytes(key.len())?;
            self.key(key, entry.key, indent);
            self.value_of_key(&entry.value, indent, depth)?;
        }
        Ok(())
    }

    fn key(&mut self, key: &str, place: Option<Span>, indent: usize) {
        let text = match place {
            Some(span) => {
                // A quoted key keeps its place, but its bytes are others.
                Text::written(key, span)
            }
            None => Text::plain(key),
        };
        if key.len() > MAX_SIMPLE_KEY || key.contains('\n') && analyze(key).multiline {
            self.raw("? ");
            self.string(&text, indent + 2, false);
            self.start_line(indent);
            self.raw(":");
        } else {
            self.string(&text, indent + 2, true);
            self.raw(":");
        }
    }

    fn value_of_key(&mut self, value: &Value, indent: usize, depth: usize) -> Result<()> {
        match is_filled_collection(value) {
            Some(Collection::Mapping) => {
                self.start_line(indent + 2);
                let at = Place { indent: indent + 2, scalar_indent: indent + 4 };
                self.node(value, at, depth + 1)
            }
            Some(Collection::Sequence) => {
                let indent = match self.sequences {
                    Sequences::Flush => indent,
                    Sequences::Indented => indent + 2,
                };
                self.start_line(indent);
                self.node(value, Place { indent, scalar_indent: indent + 2 }, depth + 1)
            }
            None => {
                self.raw(" ");
                self.node(value, Place { indent, scalar_indent: indent + 2 }, depth + 1)
            }
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize, depth: usize) -> Result<()> {
        if items.is_empty() {
            self.raw("[]");
            return Ok(());
        }
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.start_line(indent);
            }
            self.raw("- ");
            let at = Place { indent: indent + 2, scalar_indent: indent + 2 };
            self.node(item, at, depth + 1)?;
        }
        Ok(())
    }

    fn string(&mut self, text: &Text, indent: usize, is_key: bool) {
        match style_of(text.as_str(), is_key) {
            Style::Plain => self.plain(text, indent, !is_key),
            Style::SingleQuoted => self.single_quoted(text, indent, !is_key),
            Style::DoubleQuoted => self.double_quoted(text, indent, !is_key),
            Style::Literal => self.literal(text, indent),
        }
    }

    /// Whether a long line is folded at this blank, which stands alone.
    fn folds(&self, text: &str, at: usize, fold: bool, blank_before: bool) -> bool {
        fold && !blank_before && self.column > WIDTH && !text[at + 1..].starts_with(' ')
    }

    fn plain(&mut self, text: &Text, indent: usize, fold: bool) {
        let source = text.as_str();
        let mut written = 0;
        let mut blank_before = false;
        for (at, letter) in source.char_indices() {
            if letter == ' ' {
                self.slice(text, written, at);
                written = at;
                if self.folds(source, at, fold, blank_before) {
                    self.start_line(indent);
                    written = at + 1;
                }
            }
            blank_before = letter == ' ';
        }
        self.slice(text, written, source.len());
    }

    fn single_quoted(&mut self, text: &Text, indent: usize, fold: bool) {
        let source = text.as_str();
        self.raw("'");
        let mut written = 0;
        let mut blank_before = false;
        let mut break_before = false;
        for (at, letter) in source.char_indices() {
            self.slice(text, written, at);
            written = at;
            if letter == ' ' {
                let inside = at > 0 && at + 1 < source.len();
                if inside && self.folds(source, at, fold, blank_before) {
                    self.start_line(indent);
                    written = at + 1;
                }
            } else if is_break(letter) {
                if !break_before && letter == '\n' {
                    self.line_break();
                }
                self.line_break();
                written = at + letter.len_utf8();
            } else {
                if break_before {
                    self.raw(&" ".repeat(indent));
                }
                if letter == '\'' {
                    self.raw("'");
                }
            }
            blank_before = letter == ' ';
            break_before = is_break(letter);
        }
        self.slice(text, written, source.len());
        self.raw("'");
    }

    fn double_quoted(&mut self, text: &Text, indent: usize, fold: bool) {
        let source = text.as_str();
        self.raw("\"");
        let mut written = 0;
        let mut blank_before = false;
        for (at, letter) in source.char_indices() {
            let escaped = !is_printable(letter) || is_break(letter) || matches!(letter, '"' | '\\');
            if escaped || letter == ' ' {
                self.slice(text, written, at);
                written = at;
            }
            if escaped {
                let escape = text.slice(at..at + letter.len_utf8()).recast(escape(letter));
                self.slice(&escape, 0, escape.len());
                written = at + letter.len_utf8();
            } else if letter == ' ' {
                let inside = at > 0 && at + 1 < source.len();
                if fold && inside && !blank_before && self.column > WIDTH {
                    self.start_line(indent);
                    if source[at + 1..].starts_with(' ') {
                        self.raw("\\");
                    }
                    written = at + 1;
                }
            }
            blank_before = letter == ' ';
        }
        self.slice(text, written, source.len());
        self.raw("\"");
    }

    fn literal(&mut self, text: &Text, indent: usize) {
        let source = text.as_str();
        self.raw("|");
        if source.starts_with(' ') || source.starts_with(is_break) {
            self.raw("2");
        }
        let without = source.strip_suffix(is_break);
        match without {
            None => self.raw("-"),
            Some(rest) if rest.is_empty() || rest.ends_with(is_break) => self.raw("+"),
            Some(_) => {}
        }
        self.line_break();
        let mut start = 0;
        for line in source.split_inclusive('\n') {
            let end = start + line.trim_end_matches('\n').len();
            if end > start {
                self.raw(&" ".repeat(indent));
                self.slice(text, start, end);
            }
            start += line.len();
            if start > end {
                self.line_break();
            }
        }
    }
}

enum Collection {
    Mapping,
    Sequence,
}

/// The kind of a collection that takes lines of its own.
fn is_filled_collection(value: &Value) -> Option<Collection> {
    match &value.data {
        Data::Dict(dict) => (!dict.is_empty()).then_some(Collection::Mapping),
        Data::List(list) => (!list.is_empty()).then_some(Collection::Sequence),
        Data::Object(object) => match &**object {
            Object::ApiVersions(versions) => (!versions.is_empty()).then_some(Collection::Sequence),
            Object::Files(_) | Object::Record(_) => {
                (!object.is_empty()).then_some(Collection::Mapping)
            }
        },
        Data::Null
        | Data::Bool(_)
        | Data::Int(_)
        | Data::Int64(_)
        | Data::Float(_)
        | Data::Str(_)
        | Data::Bytes(_)
        | Data::Time(_) => None,
    }
}

fn style_of(text: &str, is_key: bool) -> Style {
    let analysis = analyze(text);
    let mut style = if text.contains('\n') {
        Style::Literal
    } else if resolve::is_string(text) {
        Style::Plain
    } else {
        Style::DoubleQuoted
    };
    if is_key && analysis.multiline {
        style = Style::DoubleQuoted;
    }
    if style == Style::Plain && !analysis.plain {
        style = Style::SingleQuoted;
    }
    if style == Style::SingleQuoted && !analysis.single_quoted {
        style = Style::DoubleQuoted;
    }
    if style == Style::Literal && (!analysis.block || is_key) {
        style = Style::DoubleQuoted;
    }
    style
}

/// A float that went through JSON: a whole number where it is one.
fn number_text(number: f64) -> String {
    let json = format::float_json(number);
    if json.parse::<i64>().is_ok() || json.parse::<u64>().is_ok() {
        json
    } else {
        format::float(number)
    }
}

fn escape(letter: char) -> String {
    match letter {
        '\0' => "\\0".to_owned(),
        '\u{7}' => "\\a".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\t' => "\\t".to_owned(),
        '\n' => "\\n".to_owned(),
        '\u{b}' => "\\v".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\r' => "\\r".to_owned(),
        '\u{1b}' => "\\e".to_owned(),
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\u{85}' => "\\N".to_owned(),
        '\u{a0}' => "\\_".to_owned(),
        '\u{2028}' => "\\L".to_owned(),
        '\u{2029}' => "\\P".to_owned(),
        letter if (letter as u32) < 0x100 => format!("\\x{:02X}", letter as u32),
        letter if (letter as u32) < 0x1_0000 => format!("\\u{:04X}", letter as u32),
        letter => format!("\\U{:08X}", letter as u32),
    }
}
