//! The values files of charts.

use crate::model::FileModel;
use crate::syntax::{Node, NodeKind, Scalar};
use crate::text::{FileId, Span};
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use smol_str::SmolStr;

/// Maximum number of values that are read from one values file. Aliases can make a short file long.
const MAX_VALUES: usize = 20_000;

/// Maximum number of levels of a values file.
pub(super) const MAX_DEPTH: usize = 32;

/// A values file of a chart.
#[derive(Debug)]
pub struct ValuesFile {
    pub file: FileId,
    /// Path from the chart's folder.
    pub name: String,
    pub values: Values,
    /// The keys in comments, which document values that may be set, and where they stand.
    documented: Vec<(SmolStr, u32)>,
    /// Whether the file was not read in full.
    pub is_cut: bool,
}

/// The values below a key, in the order of the file.
pub type Values = IndexMap<SmolStr, Value, FxBuildHasher>;

/// A value and the values below it.
#[derive(Debug)]
pub struct Value {
    pub key: Span,
    pub span: Span,
    pub kind: ValueKind,
    /// Whether it is an empty text, list or mapping.
    pub is_empty: bool,
    /// The values below; empty for anything but a mapping.
    pub below: Values,
    /// Whether an anchor stands at the value or below it, so that aliases may use it.
    pub is_anchored: bool,
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    Null,
    Bool,
    Number,
    Text,
    List,
    Mapping,
}

impl ValueKind {
    /// Returns the kind with its article.
    pub fn name(self) -> &'static str {
        match self {
            ValueKind::Null => "null",
            ValueKind::Bool => "a boolean",
            ValueKind::Number => "a number",
            ValueKind::Text => "a string",
            ValueKind::List => "a list",
            ValueKind::Mapping => "a mapping",
        }
    }
}

/// Returns the value at a path of keys.
pub fn value_at<'v>(values: &'v Values, path: &[SmolStr]) -> Option<&'v Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(values.get(first)?, |value, key| value.below.get(key))
}

impl ValuesFile {
    pub(super) fn read(name: &str, model: &FileModel) -> ValuesFile {
        let mut reader = ValuesReader { left: MAX_VALUES, is_cut: !model.problems.is_empty() };
        let mut values = Values::default();
        for root in model.tree.roots() {
            values.extend(reader.values(root, 0));
        }
        ValuesFile {
            file: model.id,
            name: name.to_owned(),
            values,
            documented: keys_in_comments(model.text()),
            is_cut: reader.is_cut,
        }
    }

    /// Whether a comment among the values below `parent` names a key: a value that may be set there.
    pub fn documents(&self, parent: &[SmolStr], key: &str) -> bool {
        let places = self.documented.iter().filter(|(name, _)| name == key).map(|(_, at)| *at);
        let within = match parent {
            [] => 0..u32::MAX,
            parent => {
                let Some(value) = value_at(&self.values, parent) else { return false };
                // Comments behind the last value belong to it too.
                let next = next_key(&self.values, value.span.end);
                value.key.start..next.unwrap_or(u32::MAX)
            }
        };
        places.into_iter().any(|at| within.contains(&at))
    }
}

/// Returns the place of the first key at or behind an offset.
fn next_key(values: &Values, offset: u32) -> Option<u32> {
    let mut open: Vec<&Values> = vec![values];
    let mut next: Option<u32> = None;
    while let Some(values) = open.pop() {
        for value in values.values() {
            let start = value.key.start;
            if start >= offset && next.is_none_or(|next| start < next) {
                next = Some(start);
            }
            open.push(&value.below);
        }
    }
    next
}

/// Returns the keys that comments name, and where.
fn keys_in_comments(text: &str) -> Vec<(SmolStr, u32)> {
    let mut keys = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        keys.extend(key_in_comment(line).map(|key| (SmolStr::from(key), offset)));
        offset = u32::saturating_add(offset, u32::try_from(line.len()).unwrap_or(u32::MAX));
    }
    keys
}

/// Returns the key of a line that is commented out: `# claimName: data`.
fn key_in_comment(line: &str) -> Option<&str> {
    let text = line.trim_start().strip_prefix('#')?;
    let (key, _) = text.trim_start_matches(['#', ' ', '-']).split_once(':')?;
    let is_key = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.');
    (!key.is_empty() && key.chars().all(is_key)).then_some(key)
}

struct ValuesReader {
    left: usize,
    is_cut: bool,
}

impl ValuesReader {
    fn values(&mut self, node: Node<'_>, depth: usize) -> Values {
        let mut values = Values::default();
        if !node.is_mapping() {
            return values;
        }
        for entry in node.merged_entries() {
            let Some(key) = entry.key.as_str() else { continue };
            if self.left == 0 || depth >= MAX_DEPTH {
                self.is_cut = true;
                break;
            }
            self.left -= 1;
            let value = entry.value.resolve();
            let below = self.values(value, depth + 1);
            let is_anchored = value.anchor().is_some()
                || below.values().any(|value| value.is_anchored)
                || value.items().any(|item| item.anchor().is_some());
            values.insert(
                key.into(),
                Value {
                    key: entry.key.span(),
                    span: entry.value.span(),
                    kind: kind_of(value),
                    is_empty: is_empty(value),
                    below,
                    is_anchored,
                },
            );
        }
        values
    }
}

/// Whether a node is an empty text, list or mapping.
fn is_empty(node: Node<'_>) -> bool {
    match node.kind() {
        NodeKind::Mapping => node.entries().len() == 0,
        NodeKind::Sequence => node.items().len() == 0,
        NodeKind::Scalar | NodeKind::Alias => node.as_str() == Some(""),
    }
}

fn kind_of(node: Node<'_>) -> ValueKind {
    match node.kind() {
        NodeKind::Mapping => ValueKind::Mapping,
        NodeKind::Sequence => ValueKind::List,
        NodeKind::Scalar | NodeKind::Alias => match node.scalar() {
            Some(Scalar::Null) => ValueKind::Null,
            Some(Scalar::Bool(_)) => ValueKind::Bool,
            Some(Scalar::Int(_) | Scalar::Float(_) | Scalar::NotFinite(_)) => ValueKind::Number,
            Some(Scalar::Str(_)) | None => ValueKind::Text,
        },
    }
}
