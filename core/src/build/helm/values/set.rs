//! Values on the command line: `--set a.b=1,c[0]=x,d={y,z}`.

use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::value::{Data, Dict, Heap, Value};
use crate::build::origin::Text;
use crate::text::Span;

/// Maximum index of a list, as in Helm.
const MAX_INDEX: usize = 65_536;

/// Maximum number of keys in one path, as in Helm.
const MAX_PATH: usize = 30;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// Sets what the assignments say. With `strings` every value is a string (`--set-string`).
pub fn apply(
    values: &Dict,
    assignments: &str,
    strings: bool,
    place: Option<Span>,
    heap: &Heap,
) -> Result<()> {
    let mut reader = Reader { letters: assignments.chars().collect(), at: 0, strings, place, heap };
    while reader.at < reader.letters.len() {
        let path = reader.path()?;
        let value = reader.value()?;
        assign(values, &path, value, heap)?;
    }
    Ok(())
}

/// Whether an assignment may begin with this path.
pub fn is_path(path: &str) -> bool {
    let (letters, heap) = (format!("{path}=").chars().collect(), Heap::default());
    let mut reader = Reader { letters, at: 0, strings: false, place: None, heap: &heap };
    let read = reader.path();
    reader.at == reader.letters.len() && matches!(read.as_deref(), Ok([Step::Key(_), ..]))
}

struct Reader<'r> {
    letters: Vec<char>,
    at: usize,
    strings: bool,
    place: Option<Span>,
    heap: &'r Heap,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    /// Letters up to one of `stops`; a backslash takes a letter as it is.
    fn word(&mut self, stops: &[char]) -> String {
        let mut word = String::new();
        while let Some(letter) = self.peek() {
            if stops.contains(&letter) {
                break;
            }
            self.at += 1;
            if letter == '\\' {
                word.extend(self.peek());
                self.at += 1;
            } else {
                word.push(letter);
            }
        }
        word
    }

    fn path(&mut self) -> Result<Vec<Step>> {
        let mut path = Vec::new();
        loop {
            if path.len() > MAX_PATH {
                return Err(Failure::new(format!("a key has more than {MAX_PATH} parts")));
            }
            let key = self.word(&['.', '=', ',', '[']);
            if !key.is_empty() {
                path.push(Step::Key(key));
            }
            match self.peek() {
                Some('=') => {
                    self.at += 1;
                    return Ok(path);
                }
                Some('.') => self.at += 1,
                Some('[') => {
                    self.at += 1;
                    let digits = self.word(&[']']);
                    self.at += 1;
                    let index = digits.parse().ok().filter(|index| *index <= MAX_INDEX);
                    let index = index.ok_or_else(|| {
                        Failure::new(format!("error parsing index: {digits:?} is not an index"))
                    })?;
                    path.push(Step::Index(index));
                }
                Some(_) | None => {
                    let key = path.iter().rev().find_map(|step| match step {
                        Step::Key(key) => Some(key.as_str()),
                        Step::Index(_) => None,
                    });
                    let key = key.unwrap_or_default();
                    return Err(Failure::new(format!("key {key:?} has no value")));
                }
            }
        }
    }

    fn value(&mut self) -> Result<Value> {
        if self.peek() == Some('{') {
            self.at += 1;
            let mut items = Vec::new();
            loop {
                let word = self.word(&[',', '}']);
                let empty = items.is_empty() && word.is_empty();
                if !(empty && self.peek() == Some('}')) {
                    items.push(self.typed(&word));
                }
                match self.peek() {
                    Some(',') => self.at += 1,
                    Some('}') => break,
                    Some(_) | None => {
                        return Err(Failure::new("list must terminate with '}'"));
                    }
                }
            }
            self.at += 1;
            if self.peek() == Some(',') {
                self.at += 1;
            }
            return self.heap.list(items);
        }
        let word = self.word(&[',']);
        self.at += 1;
        Ok(self.typed(&word))
    }

    fn typed(&self, word: &str) -> Value {
        let text = || match self.place {
            Some(span) => Value::text(Text::from_place(word, span, false, None)),
            None => Value::string(word),
        };
        if self.strings {
            return text();
        }
        let leading_zero = word.len() > 1 && word.starts_with('0');
        match word {
            "true" => Value::bool(true),
            "false" => Value::bool(false),
            "null" => Value::NULL,
            "0" => Data::Int64(0).into(),
            _ if leading_zero => text(),
            _ => word.parse().map_or_else(|_| text(), |number| Data::Int64(number).into()),
        }
    }
}

fn assign(values: &Dict, path: &[Step], value: Value, heap: &Heap) -> Result<()> {
    match path {
        [] => Err(Failure::new("key \"\" has no value")),
        [Step::Index(_), ..] => Err(Failure::new("a path begins with a key, not with an index")),
        [Step::Key(key)] => {
            values.set(key, value);
            Ok(())
        }
        [Step::Key(key), rest @ ..] => {
            let changed = changed(values.get(key), rest, value, heap)?;
            values.set(key, changed);
            Ok(())
        }
    }
}

/// The old value with something set inside of it.
fn changed(old: Option<Value>, path: &[Step], value: Value, heap: &Heap) -> Result<Value> {
    match path {
        [] => Ok(value),
        [Step::Key(_), ..] => {
            let dict = match old.map(|old| old.data) {
                Some(Data::Dict(dict)) => dict,
                _ => heap.dict_of([])?,
            };
            assign(&dict, path, value, heap)?;
            Ok(Data::Dict(dict).into())
        }
        [Step::Index(index), rest @ ..] => {
            let mut items = match old.map(|old| old.data) {
                Some(Data::List(list)) => list.items().clone(),
                _ => Vec::new(),
            };
            if items.len() <= *index {
                items.resize(index + 1, Value::NULL);
            }
            let inner = Some(items[*index].clone()).filter(|inner| !inner.is_null());
            items[*index] = changed(inner, rest, value, heap)?;
            heap.list(items)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::helm::json::{Layout, to_json};

    fn set(assignments: &str, strings: bool) -> String {
        let heap = Heap::default();
        let values = heap.dict_of([]).unwrap();
        match apply(&values, assignments, strings, None, &heap) {
            Ok(()) => to_json(&Data::Dict(values).into(), &heap, Layout::Raw).unwrap().to_string(),
            Err(failure) => failure.message,
        }
    }

    /// From Helm's documentation of `--set`.
    #[test]
    fn assignments_become_values() {
        for (assignments, expected) in [
            ("name=value", r#"{"name":"value"}"#),
            ("a=b,c=d", r#"{"a":"b","c":"d"}"#),
            ("outer.inner=value", r#"{"outer":{"inner":"value"}}"#),
            ("name={a,b,c}", r#"{"name":["a","b","c"]}"#),
            ("name=[],a=null", r#"{"a":null,"name":"[]"}"#),
            ("servers[0].port=80", r#"{"servers":[{"port":80}]}"#),
            (
                "servers[0].port=80,servers[0].host=example",
                r#"{"servers":[{"host":"example","port":80}]}"#,
            ),
            (r"name=value1\,value2", r#"{"name":"value1,value2"}"#),
            (
                r"nodeSelector.kubernetes\.io/role=master",
                r#"{"nodeSelector":{"kubernetes.io/role":"master"}}"#,
            ),
            ("a=true,b=012,c=0", r#"{"a":true,"b":"012","c":0}"#),
            ("a={}", r#"{"a":[]}"#),
            ("a", r#"key "a" has no value"#),
            ("a={b", "list must terminate with '}'"),
            ("a[99999]=1", r#"error parsing index: "99999" is not an index"#),
        ] {
            assert_eq!(set(assignments, false), expected, "{assignments}");
        }
        assert_eq!(set("a=true,b=1", true), r#"{"a":"true","b":"1"}"#);
    }

    #[test]
    fn a_path_is_what_an_assignment_may_begin_with() {
        for path in ["a", "image.tag", "hosts[0].name", r"node\.io/role", r"a\,b", r"a\=b", "a."] {
            assert!(is_path(path), "{path}");
        }
        for path in ["", ".", "[0]", "a[x", "a[x]", "a[-1]", "a[99999]", "a=b", "a,b", r"a\"] {
            assert!(!is_path(path), "{path}");
        }
    }
}
