//! YAML text to values that know where they were written.

use crate::build::helm::budget::check_depth;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::format;
use crate::build::helm::value::{Data, Entries, Entry, Heap, Origin, Value};
use crate::build::origin::Text;
use crate::syntax::{Node, NodeKind, ProblemKind, Scalar, Style, Tree, parse};
use crate::text::{FileId, Span};
use smol_str::SmolStr;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// The value of the first document; null for an empty text.
pub fn read_one(source: &Text, heap: &Heap) -> Result<Value> {
    let documents = read(source, heap, 1)?;
    Ok(documents.into_iter().next().unwrap_or(Value::NULL))
}

/// The values of all documents.
pub fn read_all(source: &Text, heap: &Heap) -> Result<Vec<Value>> {
    read(source, heap, usize::MAX)
}

fn read(source: &Text, heap: &Heap, most: usize) -> Result<Vec<Value>> {
    heap.budget.spend_bytes(source.len())?;
    let text: Arc<str> = source.as_str().into();
    let (tree, problems) = parse(FileId(0), &text, None);
    for problem in problems {
        match problem.kind {
            // The last of two equal keys counts.
            ProblemKind::DuplicateKey => {}
            ProblemKind::Syntax
            | ProblemKind::UnknownAnchor
            | ProblemKind::Limit
            | ProblemKind::Config => {
                let line =
                    1 + text[..problem.span.range().start.min(text.len())].matches('\n').count();
                let message = format!(
                    "error converting YAML to JSON: yaml: line {line}: {}",
                    problem.message
                );
                let mut failure = Failure::new(message);
                failure.span = place(source, problem.span).map(|place| place.0);
                return Err(failure);
            }
        }
    }
    let reader = Reader { source, heap };
    let documents = tree.documents.iter().take(most);
    documents
        .map(|document| {
            document.root.map_or(Ok(Value::NULL), |root| reader.value(tree.node(root), 0))
        })
        .collect()
}

/// Where a span of the parsed text was really written, and whether byte by byte.
fn place(source: &Text, span: Span) -> Option<(Span, bool)> {
    source.locate(span.range()).map(|place| (place.span, place.exact))
}

struct Reader<'r> {
    source: &'r Text,
    heap: &'r Heap,
}

impl Reader<'_> {
    fn value(&self, node: Node<'_>, depth: usize) -> Result<Value> {
        check_depth(depth)?;
        self.heap.budget.spend_steps(1)?;
        let node = node.resolve();
        match node.kind() {
            NodeKind::Mapping => {
                let mut entries = Entries::new();
                self.entries(node, &mut entries, depth)?;
                let is_empty = entries.is_empty();
                let dict = Data::Dict(self.heap.dict(entries)?).into();
                Ok(if is_empty { self.placed(node, dict) } else { dict })
            }
            NodeKind::Sequence => {
                let items: Result<Vec<Value>> =
                    node.items().map(|item| self.value(item, depth + 1)).collect();
                let items = items?;
                let is_empty = items.is_empty();
                let list = self.heap.list(items)?;
                Ok(if is_empty { self.placed(node, list) } else { list })
            }
            NodeKind::Scalar => self.scalar(node),
            NodeKind::Alias => Err(Failure::new("yaml: unknown anchor referenced")),
        }
    }

    /// Adds the entries of a mapping in their order, so that what is merged replaces the keys before it.
    fn entries(&self, node: Node<'_>, entries: &mut Entries, depth: usize) -> Result<()> {
        check_depth(depth)?;
        for entry in node.entries() {
            if entry.key.is_merge_key() {
                self.merge(entry.value.resolve(), entries, depth)?;
                continue;
            }
            let key = self.key(entry.key)?;
            let value = self.value(entry.value, depth + 1)?;
            let place = place(self.source, entry.key.span()).map(|place| place.0);
            entries.insert(key, Entry { key: place, value });
        }
        Ok(())
    }

    /// Adds the entries of the mappings behind a merge key, the first of several last, so that it wins.
    fn merge(&self, merged: Node<'_>, entries: &mut Entries, depth: usize) -> Result<()> {
        match merged.kind() {
            NodeKind::Mapping => self.entries(merged, entries, depth + 1),
            NodeKind::Sequence => {
                let items: Vec<Node<'_>> = merged.items().collect();
                let mut items = items.into_iter().rev();
                items.try_for_each(|item| self.entries(item.resolve(), entries, depth + 1))
            }
            NodeKind::Scalar | NodeKind::Alias => {
                Err(Failure::new("yaml: map merge requires map or sequence of maps as the value"))
            }
        }
    }

    /// A key as the string that JSON has for it.
    fn key(&self, node: Node<'_>) -> Result<Rc<str>> {
        let value = match node.resolve().kind() {
            NodeKind::Scalar => self.scalar(node.resolve())?,
            NodeKind::Mapping | NodeKind::Sequence | NodeKind::Alias => {
                return Err(Failure::new("error converting YAML to JSON: unsupported map key"));
            }
        };
        match &value.data {
            Data::Null => Err(Failure::new(
                "error converting YAML to JSON: unsupported map key of type: null",
            )),
            Data::Float(number) => Ok(format::float_json(*number).into()),
            _ => Ok(format::display(&value, self.heap)?.as_str().into()),
        }
    }

    fn scalar(&self, node: Node<'_>) -> Result<Value> {
        let text = node.as_str().unwrap_or_default();
        if node.style() == Style::Plain
            && node.tag().is_none()
            && let Some(word) = Scalar::yaml_1_1_bool(text)
        {
            return Ok(self.placed(node, Value::bool(word)));
        }
        let value = match node.scalar().unwrap_or(Scalar::Str(text)) {
            Scalar::Null => Value::NULL,
            Scalar::Bool(value) => Value::bool(value),
            #[allow(clippy::cast_precision_loss)]
            Scalar::Int(value) => Data::Float(value as f64).into(),
            Scalar::Float(value) => Data::Float(value).into(),
            Scalar::NotFinite(name) => {
                let message =
                    format!("error converting YAML to JSON: json: unsupported value: {name}");
                return Err(Failure::new(message));
            }
            Scalar::Str(text) => return Ok(Value::text(self.string(node, text))),
        };
        Ok(self.placed(node, value))
    }

    fn placed(&self, node: Node<'_>, value: Value) -> Value {
        let origin = place(self.source, node.span()).map(|(span, exact)| {
            let text = if exact { written(node) } else { "" };
            Rc::new(Origin { span, text: SmolStr::new(text) })
        });
        value.at(origin)
    }

    /// A string with the places of its bytes, as far as they stand in the source as they are.
    fn string(&self, node: Node<'_>, text: &str) -> Text {
        let span = node.span().range();
        let source = written(node);
        if node.style() == Style::Literal {
            return self.literal(text, source, span);
        }
        let inner = match node.style() {
            Style::SingleQuoted | Style::DoubleQuoted if source.len() >= 2 => {
                span.start + 1..span.end - 1
            }
            _ => span.clone(),
        };
        if self.source.as_str().get(inner.clone()) == Some(text) {
            return self.source.slice(inner);
        }
        self.whole(text, span)
    }

    fn whole(&self, text: &str, span: Range<usize>) -> Text {
        match self.source.locate(span) {
            Some(place) => Text::from_place(text, place.span, false, place.via),
            None => Text::plain(text),
        }
    }

    /// A block scalar: each of its lines is a line of the source without its indentation.
    fn literal(&self, text: &str, source: &str, span: Range<usize>) -> Text {
        let mut built = Text::new();
        let mut at = span.start + source.find('\n').map_or(source.len(), |length| length + 1);
        for line in text.split_inclusive('\n') {
            let rest = &self.source.as_str()[at.min(span.end)..];
            let length = rest.find('\n').map_or(rest.len(), |length| length + 1);
            let written = &rest[..length];
            let content = line.trim_end_matches('\n');
            match written.trim_end_matches(['\n', '\r']).strip_suffix(content) {
                Some(indentation) if indentation.bytes().all(|byte| byte == b' ') => {
                    let start = at + indentation.len();
                    built.push_slice(self.source, start..start + content.len());
                    if line.len() > content.len() {
                        built.push_plain("\n");
                    }
                }
                _ => built.push(&self.whole(line, span.clone())),
            }
            at += length;
        }
        built
    }
}

fn written<'t>(node: Node<'t>) -> &'t str {
    node.tree_text().get(node.span().range()).unwrap_or_default()
}

trait TreeText<'t> {
    fn tree_text(self) -> &'t str;
}

impl<'t> TreeText<'t> for Node<'t> {
    fn tree_text(self) -> &'t str {
        let tree: &'t Tree = self.tree();
        tree.text()
    }
}
