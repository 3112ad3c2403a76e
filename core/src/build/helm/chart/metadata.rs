//! `Chart.yaml`: a chart's name, versions and dependencies.

use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::format;
use crate::build::helm::value::{Data, Dict, Value};
use crate::build::origin::Text;
use crate::text::Span;

/// What rendering needs to know of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    pub name: String,
    pub version: String,
    pub app_version: String,
    pub kube_version: String,
    /// A chart of helpers that renders nothing by itself.
    pub library: bool,
    pub dependencies: Vec<Dependency>,
    /// The name in `Chart.yaml`.
    pub place: Option<Span>,
}

/// A chart that this one brings with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub name: String,
    pub version: String,
    pub alias: String,
    /// Paths of values, the first boolean of which switches the dependency on or off.
    pub condition: String,
    pub tags: Vec<String>,
    pub import_values: Vec<ImportValue>,
    /// The name in `Chart.yaml`.
    pub place: Option<Span>,
}

/// Values of a subchart that its parent takes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportValue {
    /// What the subchart has under `exports` and this name, into the parent's top.
    Exported(String),
    Mapped {
        child: String,
        parent: String,
    },
}

impl Dependency {
    /// The name under which the parent has the chart.
    pub fn key(&self) -> &str {
        if self.alias.is_empty() { &self.name } else { &self.alias }
    }
}

impl Metadata {
    /// Reads `Chart.yaml`; charts of the first version name dependencies in `requirements.yaml`.
    pub fn read(chart: &Value, requirements: Option<&Value>, source: &Text) -> Result<Metadata> {
        let whole = source.locate(0..source.len()).map(|place| place.span);
        let Data::Dict(dict) = &chart.data else {
            let mut failure = Failure::new("cannot load Chart.yaml: it is not a mapping");
            failure.span = whole;
            return Err(failure);
        };
        let name = string(dict, "name");
        let mut dependencies = read_dependencies(dict);
        // Helm warns about `requirements.yaml` beside `apiVersion: v2`, and reads it all the same.
        if let Some(Data::Dict(requirements)) = requirements.map(|value| &value.data) {
            dependencies.extend(read_dependencies(requirements));
        }
        let metadata = Metadata {
            version: string(dict, "version"),
            app_version: string(dict, "appVersion"),
            kube_version: string(dict, "kubeVersion"),
            library: string(dict, "type").eq_ignore_ascii_case("library"),
            place: place(dict, "name").or(whole),
            dependencies,
            name,
        };
        let missing = [
            ("apiVersion", string(dict, "apiVersion").is_empty()),
            ("name", metadata.name.is_empty()),
            ("version", metadata.version.is_empty()),
        ];
        if let Some((key, _)) = missing.iter().find(|missing| missing.1) {
            let message = format!("validation: chart.metadata.{key} is required");
            let mut failure = Failure::new(message);
            failure.span = metadata.place;
            return Err(failure);
        }
        Ok(metadata)
    }
}

fn read_dependencies(dict: &Dict) -> Vec<Dependency> {
    let Some(Data::List(list)) = dict.get("dependencies").map(|value| value.data) else {
        return Vec::new();
    };
    let items = list.items();
    items.iter().filter_map(Value::as_dict).map(read_dependency).collect()
}

fn read_dependency(dict: &Dict) -> Dependency {
    let list = |key: &str| match dict.get(key).map(|value| value.data) {
        Some(Data::List(list)) => list.items().clone(),
        _ => Vec::new(),
    };
    Dependency {
        name: string(dict, "name"),
        version: string(dict, "version"),
        alias: string(dict, "alias"),
        condition: string(dict, "condition"),
        tags: list("tags").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        import_values: list("import-values").iter().filter_map(import_value).collect(),
        place: place(dict, "name"),
    }
}

fn import_value(value: &Value) -> Option<ImportValue> {
    match &value.data {
        Data::Str(text) => Some(ImportValue::Exported(text.as_str().to_owned())),
        Data::Dict(dict) => Some(ImportValue::Mapped {
            child: string(dict, "child"),
            parent: string(dict, "parent"),
        }),
        _ => None,
    }
}

/// A scalar as a string, as Helm reads `appVersion: 1.1`.
pub fn string(dict: &Dict, key: &str) -> String {
    match dict.get(key).map(|value| value.data) {
        Some(Data::Str(text)) => text.as_str().to_owned(),
        Some(Data::Float(number)) => format::float_json(number),
        Some(Data::Bool(flag)) => flag.to_string(),
        _ => String::new(),
    }
}

fn place(dict: &Dict, key: &str) -> Option<Span> {
    match dict.get(key) {
        Some(Value { data: Data::Str(text), .. }) => text.locate(0..text.len()).map(|it| it.span),
        Some(value) => value.origin.map(|origin| origin.span),
        None => None,
    }
}
