//! Label selectors, and what they match.

use super::find;
use crate::model::read::{Place, Str};
use crate::text::Span;

/// `matchLabels` and `matchExpressions`; a Service's plain map of labels reads as `matchLabels`.
/// All of them must hold. One with neither matches everything.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Selector {
    pub match_labels: Vec<(Str, Str)>,
    pub expressions: Vec<Requirement>,
    pub place: Place,
    /// The mapping that holds the labels; equal to `place` for a plain map.
    pub labels_place: Option<Place>,
}

/// One of `matchExpressions`.
#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    pub key: Str,
    pub operator: Operator,
    pub values: Vec<Str>,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    /// Refused by the API server: it matches nothing that we could name.
    Unknown,
}

impl Selector {
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.expressions.is_empty()
    }

    /// Whether labels meet every requirement.
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
        let listed = value.is_some_and(|it| self.values.iter().any(|one| one.value == it.value));
        match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Unknown => false,
        }
    }
}
