//! Label selectors.

use super::find;
use crate::model::kubernetes::read::scalar::string_pairs;
use crate::model::read::{Place, Reader, Str};
use crate::syntax::Node;
use crate::text::Span;

/// A label selector with `matchLabels` and `matchExpressions`, all of which must hold. A plain map of
/// labels, as in a Service, is read as `matchLabels`. An empty selector matches everything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Selector {
    pub match_labels: Vec<(Str, Str)>,
    pub expressions: Vec<Requirement>,
    pub place: Place,
    /// The place of the labels; equal to `place` for a plain map.
    pub labels_place: Option<Place>,
}

/// An item of `matchExpressions`.
#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    pub key: Str,
    pub operator: Operator,
    pub values: Vec<Str>,
    pub span: Span,
}

/// The operator of a requirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    /// An operator that the API server refuses. It matches nothing.
    Unknown,
}

impl Selector {
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.expressions.is_empty()
    }

    /// Whether a set of labels meets all requirements.
    pub fn matches(&self, labels: &[(Str, Str)]) -> bool {
        self.match_labels
            .iter()
            .all(|(key, value)| find(labels, key).is_some_and(|it| it.value == value.value))
            && self.expressions.iter().all(|it| it.matches(labels))
    }
}

impl Requirement {
    pub fn matches(&self, labels: &[(Str, Str)]) -> bool {
        let value = find(labels, &self.key);
        let listed = value.is_some_and(|own| self.values.iter().any(|one| one.value == own.value));
        match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Unknown => false,
        }
    }
}

/// Reads a LabelSelector with `matchLabels` and `matchExpressions`.
pub(crate) fn read_selector(reader: &mut Reader, node: Node<'_>) -> Option<Selector> {
    if node.is_null() {
        return None;
    }
    let mut selector = Selector { place: reader.place(node), ..Selector::default() };
    reader.each(node, "LabelSelector", |reader, key, entry| {
        match key {
            "matchLabels" => {
                selector.match_labels = string_pairs(reader, entry.value);
                selector.labels_place = Some(reader.place(entry.value));
            }
            "matchExpressions" => {
                selector.expressions = reader.list(entry.value, read_requirement);
            }
            _ => return false,
        }
        true
    });
    Some(selector)
}

/// Reads a plain map of labels, as in a Service.
pub(crate) fn read_label_map(reader: &mut Reader, node: Node<'_>) -> Option<Selector> {
    if node.is_null() {
        return None;
    }
    let place = reader.place(node);
    Some(Selector {
        match_labels: string_pairs(reader, node),
        expressions: Vec::new(),
        place,
        labels_place: Some(place),
    })
}

/// Reads an item of `matchExpressions` or `matchFields`.
pub(crate) fn read_requirement(reader: &mut Reader, node: Node<'_>) -> Option<Requirement> {
    let (mut name, mut operator, mut values) = (None, None, Vec::new());
    reader.each(node, "LabelSelectorRequirement", |reader, key, entry| {
        match key {
            "key" => name = reader.str(entry.value),
            "operator" => operator = reader.str(entry.value),
            "values" => values = reader.strings(entry.value),
            _ => return false,
        }
        true
    });
    let operator = match operator.as_ref().map(|it| it.as_str()) {
        Some("In") => Operator::In,
        Some("NotIn") => Operator::NotIn,
        Some("Exists") => Operator::Exists,
        Some("DoesNotExist") => Operator::DoesNotExist,
        _ => Operator::Unknown,
    };
    Some(Requirement { key: name?, operator, values, span: node.span() })
}
