//! `.Chart`: the chart's metadata under Go's names, all of them, with those that are not written.

use crate::build::helm::chart::Chart;
use crate::build::helm::failure::Result;
use crate::build::helm::format;
use crate::build::helm::value::{Data, Dict, Heap, Value};
use crate::build::helm::yaml;
use crate::build::origin::Text;

/// What a field of the metadata holds where it is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Text,
    Flag,
    List,
    Dict,
}

const FIELDS: &[(&str, &str, Field)] = &[
    ("apiVersion", "APIVersion", Field::Text),
    ("name", "Name", Field::Text),
    ("version", "Version", Field::Text),
    ("appVersion", "AppVersion", Field::Text),
    ("kubeVersion", "KubeVersion", Field::Text),
    ("description", "Description", Field::Text),
    ("type", "Type", Field::Text),
    ("home", "Home", Field::Text),
    ("icon", "Icon", Field::Text),
    ("condition", "Condition", Field::Text),
    ("tags", "Tags", Field::Text),
    ("deprecated", "Deprecated", Field::Flag),
    ("sources", "Sources", Field::List),
    ("keywords", "Keywords", Field::List),
    ("maintainers", "Maintainers", Field::List),
    ("dependencies", "Dependencies", Field::List),
    ("annotations", "Annotations", Field::Dict),
];

const MAINTAINER: &[(&str, &str, Field)] =
    &[("name", "Name", Field::Text), ("email", "Email", Field::Text), ("url", "URL", Field::Text)];

const DEPENDENCY: &[(&str, &str, Field)] = &[
    ("name", "Name", Field::Text),
    ("version", "Version", Field::Text),
    ("repository", "Repository", Field::Text),
    ("condition", "Condition", Field::Text),
    ("alias", "Alias", Field::Text),
    ("tags", "Tags", Field::List),
    ("import-values", "ImportValues", Field::List),
];

/// `.Chart` of a chart that its parent may have renamed.
pub fn chart(chart: &Chart, name: &str, is_root: bool, heap: &Heap) -> Result<Dict> {
    let written = yaml::read_one(&chart.chart_file, heap)?;
    let written = match written.data {
        Data::Dict(dict) => dict,
        _ => heap.dict_of([])?,
    };
    let fields = translated(&written, FIELDS, heap)?;
    if written.get("name").and_then(|value| value.as_str().map(str::to_owned)).as_deref()
        != Some(name)
    {
        fields.set("Name", Value::string(name));
    }
    for (key, names) in [("Maintainers", MAINTAINER), ("Dependencies", DEPENDENCY)] {
        let Some(Data::List(list)) = fields.get(key).map(|value| value.data) else { continue };
        let mut items = Vec::new();
        for item in list.items().iter() {
            items.push(match item.as_dict() {
                Some(dict) => Data::Dict(translated(dict, names, heap)?).into(),
                None => item.clone(),
            });
        }
        fields.set(key, heap.list(items)?);
    }
    fields.set("IsRoot", Value::bool(is_root));
    Ok(fields)
}

fn translated(written: &Dict, names: &[(&str, &str, Field)], heap: &Heap) -> Result<Dict> {
    let fields = heap.dict_of([])?;
    for (key, name, field) in names {
        let value = written.get(key).filter(|value| !value.is_null());
        let value = match (field, value) {
            (Field::Text, Some(value)) => as_text(&value, heap)?,
            (Field::Text, None) => Value::string(""),
            (Field::Flag | Field::List | Field::Dict, Some(value)) => value,
            (Field::Flag, None) => Value::bool(false),
            (Field::List, None) => heap.list(Vec::new())?,
            (Field::Dict, None) => Data::Dict(heap.dict_of([])?).into(),
        };
        fields.set(name, value);
    }
    Ok(fields)
}

/// A number or boolean as the string that JSON has for it: `appVersion: 1.10` is `1.1`.
fn as_text(value: &Value, heap: &Heap) -> Result<Value> {
    let text: Text = match &value.data {
        Data::Float(number) => format::placed(format::float_json(*number), value),
        _ => format::display(value, heap)?,
    };
    heap.text(text)
}
