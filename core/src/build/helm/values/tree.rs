//! A chart while its values are worked out: what dependencies do to it is done to this copy.

use crate::build::helm::chart::{Chart, Dependency};
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::value::{Data, Dict, Heap};
use crate::build::helm::yaml;
use crate::text::Span;

/// A chart under the name that its parent gives it, with its own default values.
#[derive(Debug, Clone)]
pub struct Node<'c> {
    pub chart: &'c Chart,
    pub name: String,
    pub defaults: Dict,
    pub children: Vec<Node<'c>>,
    /// The dependencies that are switched on, by the names under which the chart has them.
    pub dependencies: Vec<(String, &'c Dependency)>,
}

impl<'c> Node<'c> {
    /// A chart with all of its subcharts, before its dependencies are looked at.
    pub fn new(chart: &'c Chart, heap: &Heap) -> Result<Node<'c>> {
        let children: Result<Vec<Node<'c>>> =
            chart.subcharts.iter().map(|subchart| Node::new(subchart, heap)).collect();
        Ok(Node {
            chart,
            name: chart.metadata.name.clone(),
            defaults: read_values(chart, heap)?,
            children: children?,
            dependencies: Vec::new(),
        })
    }

    /// A copy under another name whose values are its own.
    pub fn renamed(&self, name: &str, heap: &Heap) -> Result<Node<'c>> {
        Ok(Node {
            name: name.to_owned(),
            defaults: heap.copy_dict(&self.defaults)?,
            ..self.clone()
        })
    }
}

/// The documents of `values.yaml`, later ones over earlier ones.
fn read_values(chart: &Chart, heap: &Heap) -> Result<Dict> {
    let values = heap.dict_of([])?;
    let Some(text) = &chart.values else { return Ok(values) };
    let named = |mut failure: Box<Failure>, place: Option<Span>| {
        failure.message = format!("cannot load values.yaml: {}", failure.message);
        failure.span = failure.span.or(place);
        failure
    };
    let whole = text.locate(0..text.len()).map(|place| place.span);
    let documents = yaml::read_all(text, heap).map_err(|failure| named(failure, whole))?;
    for document in documents {
        match document.data {
            Data::Null => {}
            Data::Dict(dict) => super::merge_over(&values, &dict, heap)?,
            _ => {
                let kind = document.kind();
                let message = format!(
                    "json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
                );
                return Err(named(Failure::new(message), whole));
            }
        }
    }
    Ok(values)
}
