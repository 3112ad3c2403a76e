//! Single templates over values that are not those of a chart, as an ApplicationSet has them.

use super::exec::{Engine, Namespace};
use super::failure::Result;
use super::template::Source;
use super::value::{Data, Heap, Value};
use crate::build::kustomize;
use crate::build::origin::Text;
use crate::syntax::Scalar;
use std::rc::Rc;

/// Returns what a template prints for some values; `None` where it fails, and in an engine without
/// templates.
pub fn fill(template: &str, values: &kustomize::Map) -> Option<String> {
    if !cfg!(feature = "targets") {
        return None;
    }
    let heap = Heap::default();
    print(template, values, &heap).ok()
}

fn print(template: &str, values: &kustomize::Map, heap: &Heap) -> Result<String> {
    const NAME: &str = "template";
    let mut namespace = Namespace::default();
    namespace.add_source(Source { name: NAME.to_owned(), text: Text::plain(template) })?;
    let namespace = Rc::new(namespace);
    let Some(template) = namespace.get(NAME).cloned() else { return Ok(String::new()) };
    let dot = dict(values, heap)?;
    let text = Engine::new(heap, 0).execute(&template, &namespace, &dot)?;
    Ok(text.as_str().to_owned())
}

fn dict(values: &kustomize::Map, heap: &Heap) -> Result<Value> {
    let entries = values.iter().map(|(key, field)| Ok((key.as_str(), value(&field.value, heap)?)));
    let entries = entries.collect::<Result<Vec<_>>>()?;
    Ok(Data::Dict(heap.dict_of(entries)?).into())
}

fn value(from: &kustomize::Value, heap: &Heap) -> Result<Value> {
    Ok(match &from.data {
        kustomize::Data::Map(map) => dict(map, heap)?,
        kustomize::Data::List(items) => {
            let items: Result<Vec<Value>> = items.iter().map(|item| value(item, heap)).collect();
            heap.list(items?)?
        }
        kustomize::Data::Scalar(scalar) => match scalar.typed() {
            Scalar::Null => Value::NULL,
            Scalar::Bool(flag) => Value::bool(flag),
            Scalar::Int(_) | Scalar::Float(_) | Scalar::NotFinite(_) | Scalar::Str(_) => {
                Value::string(scalar.text.as_str())
            }
        },
    })
}
