//! TOML in both directions, as far as charts use it.

use super::budget::check_depth;
use super::failure::{Failure, Result};
use super::format;
use super::json::{Layout, to_json};
use super::value::{Data, Dict, Heap, Value};
use crate::build::origin::Text;

/// Prints a dict: its plain values first, then a table for each dict in it.
pub fn to_toml(value: &Value, heap: &Heap) -> Result<Text> {
    let mut out = Text::new();
    match &value.data {
        Data::Dict(dict) => table(dict, &mut Vec::new(), &mut out, heap)?,
        Data::Null => {
            return Err(Failure::new("reflect: call of reflect.Value.Type on zero Value"));
        }
        _ => inline(value, &mut out, heap, 0)?,
    }
    Ok(out)
}

fn key_text(key: &str) -> String {
    let bare = !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if bare { key.to_owned() } else { format!("{key:?}") }
}

fn is_table_list(value: &Value) -> bool {
    value.as_list().is_some_and(|list| {
        !list.is_empty() && list.items().iter().all(|item| item.as_dict().is_some())
    })
}

fn table(dict: &Dict, path: &mut Vec<String>, out: &mut Text, heap: &Heap) -> Result<()> {
    check_depth(path.len())?;
    let indentation = "  ".repeat(path.len());
    let entries = dict.entries();
    let is_table = |value: &Value| value.as_dict().is_some() || is_table_list(value);
    for (key, entry) in entries.iter().filter(|(_, entry)| !is_table(&entry.value)) {
        if entry.value.is_null() {
            continue;
        }
        heap.budget.spend_bytes(key.len() + indentation.len())?;
        out.push_plain(&format!("{indentation}{} = ", key_text(key)));
        inline(&entry.value, out, heap, path.len())?;
        out.push_plain("\n");
    }
    for (key, entry) in entries.iter().filter(|(_, entry)| is_table(&entry.value)) {
        path.push(key_text(key));
        let outer = "  ".repeat(path.len() - 1);
        if let Some(dict) = entry.value.as_dict() {
            header(&format!("{outer}[{}]\n", path.join(".")), path.len(), out);
            table(dict, path, out, heap)?;
        } else if let Some(list) = entry.value.as_list() {
            for item in list.items().iter() {
                header(&format!("{outer}[[{}]]\n", path.join(".")), path.len(), out);
                if let Some(dict) = item.as_dict() {
                    table(dict, path, out, heap)?;
                }
            }
        }
        path.pop();
    }
    Ok(())
}

/// A blank line stands before a table of the first level.
fn header(line: &str, depth: usize, out: &mut Text) {
    if depth == 1 && !out.is_empty() {
        out.push_plain("\n");
    }
    out.push_plain(line);
}

fn inline(value: &Value, out: &mut Text, heap: &Heap, depth: usize) -> Result<()> {
    check_depth(depth)?;
    heap.budget.spend_steps(1)?;
    match &value.data {
        Data::Float(number) => {
            let text = format::float(*number);
            let point = if text.contains(['.', 'e', 'N', 'I']) { "" } else { ".0" };
            out.push_plain(&(text + point));
        }
        Data::List(list) => {
            out.push_plain("[");
            for (index, item) in list.items().iter().enumerate() {
                if index > 0 {
                    out.push_plain(", ");
                }
                inline(item, out, heap, depth + 1)?;
            }
            out.push_plain("]");
        }
        Data::Dict(dict) => {
            out.push_plain("{");
            for (index, (key, entry)) in dict.entries().iter().enumerate() {
                out.push_plain(if index > 0 { ", " } else { "" });
                out.push_plain(&format!("{} = ", key_text(key)));
                inline(&entry.value, out, heap, depth + 1)?;
            }
            out.push_plain("}");
        }
        Data::Null
        | Data::Bool(_)
        | Data::Int(_)
        | Data::Int64(_)
        | Data::Str(_)
        | Data::Bytes(_)
        | Data::Time(_)
        | Data::Object(_) => out.push(&to_json(value, heap, Layout::Raw)?),
    }
    Ok(())
}

/// Reads TOML: tables, lists of tables, dotted keys, strings, numbers, booleans, lists, inline
/// tables. Dates are read as strings.
pub fn from_toml(text: &Text, heap: &Heap) -> Result<Value> {
    heap.budget.spend_bytes(text.len())?;
    let root = heap.dict_of([])?;
    let mut reader = Reader { text: text.as_str(), at: 0, heap };
    let mut current = root.clone();
    loop {
        reader.skip_lines();
        match reader.peek() {
            None => break,
            Some('[') => {
                reader.at += 1;
                let list = reader.take('[');
                let path = reader.key_path()?;
                reader.expect(']')?;
                if list {
                    reader.expect(']')?;
                }
                current = reader.open(&root, &path, list)?;
            }
            Some(_) => {
                let path = reader.key_path()?;
                reader.expect('=')?;
                let value = reader.value(0)?;
                let Some((last, path)) = path.split_last() else { continue };
                reader.open(&current, path, false)?.set(last, value);
            }
        }
    }
    Ok(Data::Dict(root).into())
}

struct Reader<'r> {
    text: &'r str,
    at: usize,
    heap: &'r Heap,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn fail<T>(&self, what: &str) -> Result<T> {
        let line = self.text[..self.at].matches('\n').count() + 1;
        Err(Failure::new(format!("toml: line {line}: {what}")))
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.at += 1;
        }
    }

    fn skip_lines(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r' | '\n') => self.at += 1,
                Some('#') => {
                    let rest = &self.text[self.at..];
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }

    fn take(&mut self, letter: char) -> bool {
        let found = self.peek() == Some(letter);
        self.at += if found { letter.len_utf8() } else { 0 };
        found
    }

    fn expect(&mut self, letter: char) -> Result<()> {
        self.skip_blanks();
        if self.take(letter) { Ok(()) } else { self.fail(&format!("expected '{letter}'")) }
    }

    fn key_path(&mut self) -> Result<Vec<String>> {
        let mut path = Vec::new();
        loop {
            self.skip_blanks();
            let key = match self.peek() {
                Some('"' | '\'') => self.string()?,
                _ => {
                    let rest = &self.text[self.at..];
                    let bare = |letter: char| {
                        letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')
                    };
                    let length = rest.find(|letter| !bare(letter)).unwrap_or(rest.len());
                    self.at += length;
                    rest[..length].to_owned()
                }
            };
            if key.is_empty() {
                return self.fail("expected a key");
            }
            path.push(key);
            self.skip_blanks();
            if !self.take('.') {
                return Ok(path);
            }
        }
    }

    /// The table at a path, made where it is missing; the last table of a list.
    fn open(&self, start: &Dict, path: &[String], list: bool) -> Result<Dict> {
        check_depth(path.len())?;
        let mut dict = start.clone();
        for (index, key) in path.iter().enumerate() {
            let appends = list && index + 1 == path.len();
            let old = dict.get(key);
            let next = match old.as_ref().map(|value| &value.data) {
                Some(Data::Dict(next)) => next.clone(),
                Some(Data::List(items)) if !appends => {
                    match items.items().last().and_then(|item| item.as_dict().cloned()) {
                        Some(next) => next,
                        None => return self.fail("key is not a table"),
                    }
                }
                Some(Data::List(items)) => {
                    let next = self.heap.dict_of([])?;
                    let mut items = items.items().clone();
                    items.push(Data::Dict(next.clone()).into());
                    dict.set(key, self.heap.list(items)?);
                    next
                }
                Some(_) => return self.fail("key is defined twice"),
                None => {
                    let next = self.heap.dict_of([])?;
                    let value: Value = Data::Dict(next.clone()).into();
                    dict.set(key, if appends { self.heap.list(vec![value])? } else { value });
                    next
                }
            };
            dict = next;
        }
        Ok(dict)
    }

    fn value(&mut self, depth: usize) -> Result<Value> {
        check_depth(depth)?;
        self.heap.budget.spend_steps(1)?;
        self.skip_blanks();
        match self.peek() {
            Some('"' | '\'') => Ok(Value::string(self.string()?)),
            Some('[') => {
                self.at += 1;
                let mut items = Vec::new();
                loop {
                    self.skip_lines();
                    if self.take(']') {
                        return self.heap.list(items);
                    }
                    items.push(self.value(depth + 1)?);
                    self.skip_lines();
                    if !self.take(',') && self.peek() != Some(']') {
                        return self.fail("expected ',' or ']'");
                    }
                }
            }
            Some('{') => self.inline_table(depth),
            _ => self.word(),
        }
    }

    fn inline_table(&mut self, depth: usize) -> Result<Value> {
        self.at += 1;
        let dict = self.heap.dict_of([])?;
        loop {
            self.skip_lines();
            if self.take('}') {
                return Ok(Data::Dict(dict).into());
            }
            let path = self.key_path()?;
            self.expect('=')?;
            let value = self.value(depth + 1)?;
            if let Some((last, path)) = path.split_last() {
                self.open(&dict, path, false)?.set(last, value);
            }
            self.skip_lines();
            if !self.take(',') && self.peek() != Some('}') {
                return self.fail("expected ',' or '}'");
            }
        }
    }

    /// A number, boolean or date.
    fn word(&mut self) -> Result<Value> {
        let rest = &self.text[self.at..];
        let ends =
            |letter: char| matches!(letter, ',' | ']' | '}' | '#' | '\n' | '\r' | ' ' | '\t');
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += word.len();
        let digits = word.replace('_', "");
        match (word, digits.parse::<i64>(), digits.parse::<f64>()) {
            ("", ..) => self.fail("expected a value"),
            ("true", ..) => Ok(Value::bool(true)),
            ("false", ..) => Ok(Value::bool(false)),
            (_, Ok(number), _) => Ok(Data::Int64(number).into()),
            (_, _, Ok(number)) => Ok(Data::Float(number).into()),
            (word, ..) if word.starts_with(|letter: char| letter.is_ascii_digit()) => {
                Ok(Value::string(word))
            }
            _ => self.fail("unexpected word"),
        }
    }

    fn string(&mut self) -> Result<String> {
        let rest = &self.text[self.at..];
        let quote = &rest[..1];
        let triple = quote.repeat(3);
        let delimiter = if rest.starts_with(&triple) { triple.as_str() } else { quote };
        let inside = &rest[delimiter.len()..];
        let inside =
            if delimiter.len() == 3 { inside.strip_prefix('\n').unwrap_or(inside) } else { inside };
        let skipped = rest.len() - inside.len();
        let Some(length) = string_end(inside, delimiter) else {
            return self.fail("unterminated string");
        };
        self.at += skipped + length + delimiter.len();
        let content = &inside[..length];
        if quote == "'" || !content.contains('\\') {
            return Ok(content.to_owned());
        }
        let json = format!("\"{}\"", content.replace('\n', "\\n"));
        serde_json::from_str(&json).or_else(|_| self.fail("invalid escape"))
    }
}

/// The offset of the delimiter that ends a string.
fn string_end(inside: &str, delimiter: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in inside.char_indices() {
        if escaped {
            escaped = false;
        } else if letter == '\\' && delimiter.starts_with('"') {
            escaped = true;
        } else if inside[at..].starts_with(delimiter) {
            return Some(at);
        }
    }
    None
}
