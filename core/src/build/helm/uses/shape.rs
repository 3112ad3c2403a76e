//! Abstract values of template expressions, for following reads of `.Values` without rendering.

use crate::text::Span;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Deref;
use std::rc::Rc;

/// Maximum number of levels of a shape that tell two contexts of a template apart.
const MAX_KEY_DEPTH: usize = 8;

/// Maximum length of the text that tells two contexts of a template apart.
pub(super) const MAX_KEY_LENGTH: usize = 16 << 10;

/// Maximum number of shapes inside of one another and beside one another. Templates can double a list in one line.
pub(super) const MAX_WEIGHT: usize = 1_000;

/// Maximum number of keys of a path that are followed.
const MAX_KEYS: usize = 64;

/// Which keys of a path may be missing without harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    Record(Rc<Weighed<BTreeMap<SmolStr, Shape>>>),
    /// A list that a template makes.
    List(Rc<Weighed<Vec<Shape>>>),
    /// One of several.
    Either(Rc<Weighed<Vec<Shape>>>),
    /// A text that is known.
    Text(SmolStr),
    /// Anything without values that have not been read yet.
    Unknown,
}

/// The parts of a shape, with the number of shapes in all of them.
#[derive(Debug)]
pub(super) struct Weighed<T> {
    parts: T,
    weight: usize,
}

impl<T> Deref for Weighed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.parts
    }
}

/// Returns the number of shapes, those inside of others counted too, and each as often as it is there.
fn weight<'s>(shapes: impl Iterator<Item = &'s Shape>) -> usize {
    shapes.map(Shape::weight).fold(1, usize::saturating_add)
}

impl Shape {
    pub fn record(fields: BTreeMap<SmolStr, Shape>) -> Shape {
        let weight = weight(fields.values());
        Shape::Record(Rc::new(Weighed { parts: fields, weight }))
    }

    pub fn list(items: Vec<Shape>) -> Shape {
        let weight = weight(items.iter());
        Shape::List(Rc::new(Weighed { parts: items, weight }))
    }

    fn one_of(shapes: Vec<Shape>) -> Shape {
        let weight = weight(shapes.iter());
        Shape::Either(Rc::new(Weighed { parts: shapes, weight }))
    }

    /// The number of shapes in this one: what it costs to look at all of it.
    pub fn weight(&self) -> usize {
        match self {
            Shape::Record(fields) => fields.weight,
            Shape::List(shapes) | Shape::Either(shapes) => shapes.weight,
            Shape::Root
            | Shape::Metadata
            | Shape::TemplatePath
            | Shape::Value { .. }
            | Shape::Text(_)
            | Shape::Unknown => 1,
        }
    }

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
            _ => Shape::one_of(shapes),
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
                Shape::one_of(shapes.iter().cloned().map(Shape::optional).collect())
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
            // What is deeper counts as the value above it.
            Shape::Value { path, .. } if path.len() >= MAX_KEYS => self.clone(),
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

    /// Writes what tells contexts of a template apart, and not much more than may be written.
    pub fn write_key(&self, out: &mut String, depth: usize) {
        if out.len() > MAX_KEY_LENGTH {
            return;
        }
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
