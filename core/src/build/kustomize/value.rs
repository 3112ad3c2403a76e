//! The values that a build works on: trees that can be changed, in which every node keeps the span
//! of the source that it came from.

use crate::syntax::{Entry, Node, NodeId, NodeKind, Scalar as Typed, Style, TreeBuilder};
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use smol_str::SmolStr;

/// Maximum depth of a value. The parser stops at the same depth; aliases could go further.
pub(super) const MAX_DEPTH: usize = 255;

/// A node of an object under construction.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    pub data: Data,
    /// Where the value is written; for a computed value, what a person would change to change it.
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    Scalar(Scalar),
    Map(Map),
    List(Vec<Value>),
}

/// A scalar as written: its text without quotes, and what decides about its type.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    pub text: SmolStr,
    pub style: Style,
    pub tag: Option<SmolStr>,
    /// The entry that wrote this scalar into several fields at once. Kustomize keeps one node for all of
    /// them: who changes one of these scalars changes all (see [`Value::change_twins`]).
    pub twin: Option<Span>,
    /// Where the scalar is written that this one replaced.
    pub replaced: Option<Span>,
}

/// The entries of a mapping by key, in the order of the text.
pub type Map = IndexMap<SmolStr, Field, FxBuildHasher>;

/// The value of a key, and where the key is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub key: Span,
    pub value: Value,
}

/// The number of nodes that a build may still make.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
}

impl Budget {
    pub(super) fn new(nodes: usize) -> Budget {
        Budget { left: nodes }
    }

    /// Takes some nodes off the budget; `false` where there are not enough.
    pub(super) fn take(&mut self, nodes: usize) -> bool {
        let enough = self.left >= nodes;
        self.left = self.left.saturating_sub(nodes);
        enough
    }

    /// Whether there was not enough at some time.
    pub(super) fn is_spent(&self) -> bool {
        self.left == 0
    }
}

impl Scalar {
    /// Returns a string, whatever it looks like.
    pub fn string(text: impl Into<SmolStr>) -> Scalar {
        Scalar {
            text: text.into(),
            style: Style::DoubleQuoted,
            tag: None,
            twin: None,
            replaced: None,
        }
    }

    /// Returns a scalar as if it were written without quotes.
    pub fn plain(text: impl Into<SmolStr>) -> Scalar {
        Scalar { style: Style::Plain, ..Scalar::string(text) }
    }

    /// Returns the type that a reader gives the scalar.
    pub fn typed(&self) -> Typed<'_> {
        Typed::read(&self.text, self.style, self.tag.as_deref())
    }
}

impl Value {
    pub fn string(text: impl Into<SmolStr>, span: Span) -> Value {
        Value { data: Data::Scalar(Scalar::string(text)), span }
    }

    pub fn plain(text: impl Into<SmolStr>, span: Span) -> Value {
        Value { data: Data::Scalar(Scalar::plain(text)), span }
    }

    pub fn map(span: Span) -> Value {
        Value { data: Data::Map(Map::default()), span }
    }

    pub fn list(span: Span) -> Value {
        Value { data: Data::List(Vec::new()), span }
    }

    /// Copies a node with its aliases and merge keys resolved; `None` where the budget or the
    /// maximum depth does not allow it.
    pub(super) fn read(node: Node<'_>, budget: &mut Budget) -> Option<Value> {
        Value::read_at(node, budget, 0)
    }

    fn read_at(node: Node<'_>, budget: &mut Budget, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH || !budget.take(1) {
            return None;
        }
        let node = node.resolve();
        let data = match node.kind() {
            NodeKind::Mapping => {
                let mut map = Map::default();
                for Entry { key, value } in node.merged_entries() {
                    // A key that is a collection means nothing to Kubernetes.
                    let Some(name) = key.as_str() else { continue };
                    let value = Value::read_at(value, budget, depth + 1)?;
                    map.insert(name.into(), Field { key: key.span(), value });
                }
                Data::Map(map)
            }
            NodeKind::Sequence => {
                let items = node.items().map(|item| Value::read_at(item, budget, depth + 1));
                Data::List(items.collect::<Option<_>>()?)
            }
            NodeKind::Scalar | NodeKind::Alias => Data::Scalar(Scalar {
                text: node.as_str().unwrap_or("").into(),
                style: node.style(),
                tag: node.tag().map(|(tag, _)| tag.into()),
                twin: None,
                replaced: None,
            }),
        };
        Some(Value { data, span: node.span() })
    }

    /// Adds the value to a tree, leaves first.
    pub fn push(&self, builder: &mut TreeBuilder) -> NodeId {
        match &self.data {
            Data::Scalar(scalar) => {
                let id = builder.scalar(self.span, &scalar.text, scalar.style);
                if let Some(tag) = &scalar.tag {
                    builder.set_tag(id, tag, self.span);
                }
                id
            }
            Data::List(items) => {
                let ids: Vec<NodeId> = items.iter().map(|item| item.push(builder)).collect();
                builder.sequence(self.span, &ids, collection_style(ids.is_empty()))
            }
            Data::Map(map) => {
                let mut ids = Vec::with_capacity(2 * map.len());
                for (key, field) in map {
                    ids.push(builder.scalar(field.key, key, Style::Plain));
                    ids.push(field.value.push(builder));
                }
                builder.mapping(self.span, &ids, collection_style(ids.is_empty()))
            }
        }
    }

    /// Calls `note` with the place of each scalar that replaced another one, and the place of that one.
    pub fn replaced_places(&self, note: &mut dyn FnMut(Span, Span)) {
        match &self.data {
            Data::Scalar(scalar) => {
                if let Some(old) = scalar.replaced {
                    note(self.span, old);
                }
            }
            Data::List(items) => items.iter().for_each(|item| item.replaced_places(note)),
            Data::Map(map) => map.values().for_each(|field| field.value.replaced_places(note)),
        }
    }

    /// Returns the number of nodes in the value, itself included.
    pub(super) fn size(&self) -> usize {
        1 + match &self.data {
            Data::Scalar(_) => 0,
            Data::List(items) => items.iter().map(Value::size).sum(),
            Data::Map(map) => map.values().map(|field| field.value.size()).sum(),
        }
    }

    /// Returns the number of levels of the value, 1 for a scalar.
    pub(super) fn depth(&self) -> usize {
        1 + match &self.data {
            Data::Scalar(_) => 0,
            Data::List(items) => items.iter().map(Value::depth).max().unwrap_or(0),
            Data::Map(map) => map.values().map(|field| field.value.depth()).max().unwrap_or(0),
        }
    }

    pub fn as_map(&self) -> Option<&Map> {
        match &self.data {
            Data::Map(map) => Some(map),
            Data::Scalar(_) | Data::List(_) => None,
        }
    }

    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.data {
            Data::Map(map) => Some(map),
            Data::Scalar(_) | Data::List(_) => None,
        }
    }

    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.data {
            Data::Scalar(scalar) => Some(scalar),
            Data::Map(_) | Data::List(_) => None,
        }
    }

    /// Returns the text of a scalar.
    pub fn as_str(&self) -> Option<&str> {
        self.as_scalar().map(|scalar| scalar.text.as_str())
    }

    /// Returns the items of a list; empty for anything else.
    pub fn items(&self) -> &[Value] {
        match &self.data {
            Data::List(items) => items,
            Data::Scalar(_) | Data::Map(_) => &[],
        }
    }

    /// Returns the items of a list, to be changed.
    pub(super) fn items_mut(&mut self) -> Option<&mut Vec<Value>> {
        match &mut self.data {
            Data::List(items) => Some(items),
            Data::Scalar(_) | Data::Map(_) => None,
        }
    }

    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(|scalar| scalar.typed() == Typed::Null)
    }

    /// Whether the reader of kustomizations, which follows YAML 1.1, takes the value for a string or for
    /// nothing.
    pub(super) fn is_string(&self) -> bool {
        self.as_scalar().is_some_and(|scalar| {
            let plain = scalar.style == Style::Plain && scalar.tag.is_none();
            let word = plain && Typed::yaml_1_1_bool(&scalar.text).is_some();
            matches!(scalar.typed(), Typed::Str(_) | Typed::Null) && !word
        })
    }

    pub fn is_true(&self) -> bool {
        self.as_scalar().is_some_and(|scalar| scalar.typed() == Typed::Bool(true))
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key).map(|field| &field.value)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.as_map_mut()?.get_mut(key).map(|field| &mut field.value)
    }

    /// Returns the value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// Returns the text of the scalar at a path of keys; `None` for null.
    pub fn str_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).filter(|value| !value.is_null())?.as_str()
    }

    /// Gives a key of a mapping a value, and keeps the place of a key that was there.
    pub fn set(&mut self, key: &str, value: Value) {
        if let Some(map) = self.as_map_mut() {
            match map.get_mut(key) {
                Some(field) => field.value = value,
                None => {
                    map.insert(key.into(), Field { key: value.span, value });
                }
            }
        }
    }

    /// Returns the mapping under a key, made where there is none.
    pub fn map_at(&mut self, key: &str, span: Span) -> Option<&mut Value> {
        let map = self.as_map_mut()?;
        let field =
            map.entry(key.into()).or_insert_with(|| Field { key: span, value: Value::map(span) });
        if field.value.is_null() {
            field.value = Value::map(span);
        }
        field.value.as_map().is_some().then_some(&mut field.value)
    }

    /// Whether two values mean the same, wherever they are written.
    pub fn same(&self, other: &Value) -> bool {
        match (&self.data, &other.data) {
            (Data::Scalar(one), Data::Scalar(two)) => one.typed() == two.typed(),
            (Data::List(one), Data::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.same(two))
            }
            (Data::Map(one), Data::Map(two)) => {
                let equal = |(key, field): (&SmolStr, &Field)| {
                    two.get(key).is_some_and(|other| field.value.same(&other.value))
                };
                one.len() == two.len() && one.iter().all(equal)
            }
            (Data::Scalar(_) | Data::List(_) | Data::Map(_), _) => false,
        }
    }

    /// Puts another value here. A scalar in the place of a scalar remembers where the old one is written.
    pub(super) fn replace(&mut self, new: Value) {
        let old = std::mem::replace(self, new);
        let before = self.span;
        if let (Data::Scalar(new), Data::Scalar(_)) = (&mut self.data, &old.data)
            && old.span != before
        {
            new.replaced = Some(old.span);
        }
    }

    /// Overwrites a scalar as Kustomize does, in place, and returns what its twins have to become.
    pub(super) fn overwrite(&mut self, new: &Value) -> Option<(Span, Value)> {
        let twin = self.as_scalar().and_then(|scalar| scalar.twin);
        self.replace(new.clone());
        if let Data::Scalar(scalar) = &mut self.data {
            scalar.twin = twin;
        }
        twin.map(|twin| (twin, self.clone()))
    }

    /// Changes all scalars that were written by the same entry as one that was overwritten.
    pub(super) fn change_twins(&mut self, twin: Span, new: &Value) {
        match &mut self.data {
            Data::Scalar(scalar) if scalar.twin == Some(twin) => *self = new.clone(),
            Data::Scalar(_) => {}
            Data::List(items) => items.iter_mut().for_each(|item| item.change_twins(twin, new)),
            Data::Map(map) => {
                map.values_mut().for_each(|field| field.value.change_twins(twin, new));
            }
        }
    }

    /// Makes every scalar one of its own.
    pub(super) fn part_twins(&mut self) {
        match &mut self.data {
            Data::Scalar(scalar) => scalar.twin = None,
            Data::List(items) => items.iter_mut().for_each(Value::part_twins),
            Data::Map(map) => map.values_mut().for_each(|field| field.value.part_twins()),
        }
    }

    /// Gives the words that YAML 1.1 takes for booleans that meaning, as the reader of JSON patches does.
    pub(super) fn read_old_booleans(&mut self) {
        match &mut self.data {
            Data::Scalar(scalar) => {
                let plain = scalar.style == Style::Plain && scalar.tag.is_none();
                if let (true, Some(it)) = (plain, Typed::yaml_1_1_bool(&scalar.text)) {
                    *scalar = Scalar::plain(if it { "true" } else { "false" });
                }
            }
            Data::List(items) => items.iter_mut().for_each(Value::read_old_booleans),
            Data::Map(map) => map.values_mut().for_each(|field| field.value.read_old_booleans()),
        }
    }
}

fn collection_style(empty: bool) -> Style {
    if empty { Style::Flow } else { Style::Block }
}
