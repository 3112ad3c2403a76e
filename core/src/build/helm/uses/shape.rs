//! Abstract values of template expressions, for following reads of `.Values` without rendering.

use crate::text::Span;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

/// Maximum number of levels of a shape that tell two contexts of a template apart.
const MAX_KEY_DEPTH: usize = 8;

/// Which keys of a path may be missing without harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// All keys have to be there.
    None,
    /// The last key: `default`, `if`, `with`.
    Last,
    /// Every key: `dig`, `(.Values.a).b`.
    Any,
}

/// Abstract value of an expression.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// The context of the chart: `.Values`, `.Chart`, `.Release`, …
    Root,
    /// `.Chart` of the context.
    Metadata,
    /// `.Template` of the context, or text that starts with the path of the templates.
    TemplatePath,
    /// A value at a path below `.Values`, and where it was named.
    Value { path: Rc<[SmolStr]>, missing: Missing, span: Option<Span> },
    /// A dict that a template makes.
    Record(Rc<BTreeMap<SmolStr, Shape>>),
    /// A list that a template makes.
    List(Rc<[Shape]>),
    /// One of several.
    Either(Rc<[Shape]>),
    /// A text that is known.
    Text(SmolStr),
    /// Anything without values that have not been read yet.
    Unknown,
}

impl Shape {
    pub fn values() -> Shape {
        Shape::Value { path: Rc::new([]), missing: Missing::None, span: None }
    }

    pub fn either(shapes: Vec<Shape>) -> Shape {
        let mut shapes: Vec<Shape> = shapes
            .into_iter()
            .filter(|shape| !matches!(shape, Shape::Unknown | Shape::Text(_)))
            .collect();
        match shapes.len() {
            0 => Shape::Unknown,
            1 => shapes.remove(0),
            _ => Shape::Either(shapes.into()),
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Shape::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same, where the value itself may be missing.
    pub fn optional(self) -> Shape {
        match self {
            Shape::Value { path, missing, span } => {
                Shape::Value { path, missing: missing.max(Missing::Last), span }
            }
            Shape::Either(shapes) => {
                Shape::Either(shapes.iter().cloned().map(Shape::optional).collect())
            }
            other => other,
        }
    }

    /// The field of that name; `chart` is the name of the chart.
    pub fn field(&self, name: &str, span: Option<Span>, chart: &str) -> Shape {
        match self {
            Shape::Root => match name {
                "Values" => Shape::values(),
                "Chart" => Shape::Metadata,
                "Template" => Shape::TemplatePath,
                _ => Shape::Unknown,
            },
            Shape::Metadata if name == "Name" => Shape::Text(chart.into()),
            Shape::TemplatePath => Shape::TemplatePath,
            Shape::Value { path, missing, .. } => {
                let path = path.iter().cloned().chain([SmolStr::from(name)]).collect();
                // Below a value that may be missing, every key may be.
                let missing = if *missing == Missing::None { Missing::None } else { Missing::Any };
                Shape::Value { path, missing, span }
            }
            Shape::Record(fields) => fields.get(name).cloned().unwrap_or(Shape::Unknown),
            Shape::Either(shapes) => {
                let fields = shapes.iter().map(|shape| shape.field(name, span, chart).optional());
                Shape::either(fields.collect())
            }
            Shape::Metadata | Shape::List(_) | Shape::Text(_) | Shape::Unknown => Shape::Unknown,
        }
    }

    /// Writes what tells contexts of a template apart.
    pub fn write_key(&self, out: &mut String, depth: usize) {
        let mut nested = |shapes: &mut dyn Iterator<Item = (&str, &Shape)>| {
            for (name, shape) in shapes {
                let _ = write!(out, "{name:?}:");
                if depth < MAX_KEY_DEPTH {
                    shape.write_key(out, depth + 1);
                }
                out.push(',');
            }
        };
        match self {
            Shape::Root => out.push('$'),
            Shape::Metadata => out.push_str("chart"),
            Shape::TemplatePath => out.push_str("template"),
            Shape::Value { path, missing, .. } => {
                let _ = write!(out, "{path:?}{missing:?}");
            }
            Shape::Record(fields) => {
                nested(&mut fields.iter().map(|(name, shape)| (name.as_str(), shape)));
            }
            Shape::List(shapes) => nested(&mut shapes.iter().map(|shape| ("list", shape))),
            Shape::Either(shapes) => nested(&mut shapes.iter().map(|shape| ("or", shape))),
            Shape::Text(text) => {
                let _ = write!(out, "{text:?}");
            }
            Shape::Unknown => out.push('?'),
        }
    }
}
