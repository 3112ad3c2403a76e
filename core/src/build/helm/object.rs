//! Go values with fields and methods that templates meet: `.Files`, `.Capabilities` and records.

use super::failure::{Failure, Result};
use super::value::{Heap, Value};
use super::{encode, glob};
use crate::build::origin::Text;
use std::rc::Rc;

#[derive(Debug)]
pub enum Object {
    Files(Files),
    /// `.Capabilities.APIVersions`.
    ApiVersions(Vec<String>),
    Record(Record),
}

/// A Go struct: named fields and a text.
#[derive(Debug)]
pub struct Record {
    pub type_name: &'static str,
    /// As `%v` prints it.
    pub display: String,
    pub fields: Vec<(&'static str, Value)>,
}

/// The files of a chart that are not templates, by path from the chart's folder, in order.
#[derive(Debug, Clone, Default)]
pub struct Files(Vec<(Rc<str>, Rc<Text>)>);

impl Object {
    pub fn kind(&self) -> &'static str {
        match self {
            Object::Files(_) => "map",
            Object::ApiVersions(_) => "slice",
            Object::Record(_) => "ptr",
        }
    }

    pub fn type_name(&self) -> &'static str {
        match self {
            Object::Files(_) => "engine.files",
            Object::ApiVersions(_) => "common.VersionSet",
            Object::Record(record) => record.type_name,
        }
    }

    pub fn is_empty(&self) -> bool {
        match self {
            Object::Files(files) => files.0.is_empty(),
            Object::ApiVersions(versions) => versions.is_empty(),
            Object::Record(_) => false,
        }
    }

    /// The field or method of that name, called with the arguments; `None` where there is none.
    pub fn member(&self, name: &str, arguments: &[Value], heap: &Heap) -> Result<Option<Value>> {
        match self {
            Object::Files(files) => files.member(name, arguments, heap),
            Object::ApiVersions(versions) => match name {
                "Has" => {
                    let wanted = string_argument("Has", arguments)?;
                    let has = versions.iter().any(|version| version == wanted.as_str());
                    Ok(Some(Value::bool(has)))
                }
                _ => Ok(None),
            },
            Object::Record(record) => {
                let field = record.fields.iter().find(|field| field.0 == name);
                Ok(field.map(|field| field.1.clone()))
            }
        }
    }
}

impl Files {
    pub fn new(mut files: Vec<(Rc<str>, Rc<Text>)>) -> Files {
        files.sort_by(|a, b| a.0.cmp(&b.0));
        Files(files)
    }

    pub fn iter(&self) -> impl Iterator<Item = &(Rc<str>, Rc<Text>)> {
        self.0.iter()
    }

    fn get(&self, path: &str) -> Option<&Rc<Text>> {
        let at = self.0.binary_search_by(|file| (*file.0).cmp(path)).ok()?;
        Some(&self.0[at].1)
    }

    fn member(&self, name: &str, arguments: &[Value], heap: &Heap) -> Result<Option<Value>> {
        let value = match name {
            "Get" => {
                let path = string_argument(name, arguments)?;
                let text = self.get(path.as_str()).cloned().unwrap_or_default();
                super::value::Data::Str(text).into()
            }
            "GetBytes" => {
                let path = string_argument(name, arguments)?;
                let bytes = self.get(path.as_str()).map_or("", |text| text.as_str());
                super::value::Data::Bytes(bytes.into()).into()
            }
            "Glob" => {
                let pattern = string_argument(name, arguments)?;
                let pattern = glob::Pattern::new(pattern.as_str());
                let found = self.0.iter().filter(|file| pattern.matches(&file.0)).cloned();
                let files = Object::Files(Files(found.collect()));
                super::value::Data::Object(Rc::new(files)).into()
            }
            "Lines" => {
                let path = string_argument(name, arguments)?;
                let text = self.get(path.as_str()).cloned().unwrap_or_default();
                heap.list(lines(&text))?
            }
            "AsConfig" => heap.text(self.as_data(heap, Text::clone)?)?,
            "AsSecrets" => {
                let encoded =
                    |text: &Text| text.recast(encode::base64_encode(text.as_str().as_bytes()));
                heap.text(self.as_data(heap, encoded)?)?
            }
            _ => return Ok(None),
        };
        Ok(Some(value))
    }

    /// The files as the `data` of a ConfigMap or Secret, by their names without folders.
    fn as_data(&self, heap: &Heap, encode: impl Fn(&Text) -> Text) -> Result<Text> {
        let mut entries = super::value::Entries::new();
        for (path, text) in &self.0 {
            let name = path.rsplit('/').next().unwrap_or(path);
            let value = Value::text(encode(text));
            entries.insert(name.into(), super::value::Entry { key: None, value });
        }
        let dict = super::value::Data::Dict(heap.dict(entries)?).into();
        super::yaml::to_yaml(&dict, heap, super::yaml::Sequences::Flush)
    }
}

/// The lines of a file, without the empty one after the last line break.
fn lines(text: &Text) -> Vec<Value> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.as_str().split('\n') {
        let end = start + line.len();
        lines.push(Value::text(text.slice(start..end)));
        start = end + 1;
    }
    if text.as_str().ends_with('\n') {
        lines.pop();
    }
    lines
}

fn string_argument(name: &str, arguments: &[Value]) -> Result<Rc<Text>> {
    let [argument] = arguments else {
        let message = format!("wrong number of args for {name}: want 1 got {}", arguments.len());
        return Err(Failure::new(message));
    };
    match &argument.data {
        super::value::Data::Str(text) => Ok(Rc::clone(text)),
        _ => {
            let kind = argument.type_name();
            Err(Failure::new(format!("wrong type for value; expected string; got {kind}")))
        }
    }
}
