//! The tree in which files are merged: owned, interpolated, with a source span on every node.

use crate::model::Place;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};
use smol_str::SmolStr;

/// A merge tag of Compose on a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    None,
    /// `!reset`: removes the value that earlier files set.
    Reset,
    /// `!override`: replaces the value that earlier files set instead of merging with it.
    Override,
}

/// A node of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub span: Span,
    pub tag: Tag,
    /// Whether the value is written as `{ ... }` or `[ ... ]`.
    pub flow: bool,
    /// Whether the value is reached through an alias or a merge key.
    pub shared: bool,
    pub data: Data,
}

/// The content of a node.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    Scalar(Scalar),
    List(Vec<Value>),
    // Boxed, so that the many scalars are not as large as the few mappings.
    Map(Box<Map>),
}

/// The type of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Int,
    Float,
    Str,
}

/// A single value, after interpolation.
#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub kind: Kind,
    /// The value as a string; a number in the form in which Compose prints it.
    pub text: SmolStr,
    /// The text before interpolation, if it contains a variable.
    pub raw: Option<Box<str>>,
    /// Number of bytes between the start of the span and the text (1 for a quote). `None` where the
    /// file holds the text in another form, because of escapes or folding.
    pub offset: Option<u8>,
}

/// The entries of a mapping by their keys, in the order in which they were written.
pub(crate) type Entries = IndexMap<SmolStr, Entry, FxBuildHasher>;

/// A mapping.
#[derive(Debug, Clone, Default)]
pub(crate) struct Map {
    pub entries: Entries,
    /// The place of the mapping in the last file that writes it; `None` for an expanded short form.
    pub place: Option<Place>,
    /// The places of the mapping in the files before that one.
    pub earlier: Vec<Place>,
    /// Whether the mapping is the expansion of a short form.
    pub short: bool,
}

/// The value of a key, with the places of both.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The key in the first file that writes the entry.
    pub key: Span,
    /// The whole entry, from key to value, in the first file that writes it.
    pub first: Span,
    /// The key and the whole entry in the last file that writes it, if several do.
    pub again: Option<Box<(Span, Span)>>,
    /// Whether the entry was a list item `KEY=value`.
    pub list: bool,
    pub value: Value,
}

impl Entry {
    pub fn new(key: Span, span: Span, value: Value) -> Entry {
        Entry { key, first: span, again: None, list: false, value }
    }

    /// Returns the key in the last file that writes the entry.
    pub fn last_key(&self) -> Span {
        self.again.as_ref().map_or(self.key, |spans| spans.0)
    }

    /// Returns the whole entry in the last file that writes it.
    pub fn last(&self) -> Span {
        self.again.as_ref().map_or(self.first, |spans| spans.1)
    }

    /// Records that a later file writes the same entry.
    pub fn write_again(&mut self, over: &Entry) {
        self.again = Some(Box::new((over.key, over.first)));
        self.list = over.list;
    }
}

impl Value {
    pub fn new(span: Span, data: Data) -> Value {
        Value { span, tag: Tag::None, flow: false, shared: false, data }
    }

    pub fn map(span: Span, map: Map) -> Value {
        Value::new(span, Data::Map(Box::new(map)))
    }

    pub fn place(&self) -> Place {
        Place { span: self.span, flow: self.flow, shared: self.shared }
    }

    pub fn null(span: Span) -> Value {
        Value::scalar(span, Kind::Null, SmolStr::default())
    }

    pub fn string(span: Span, text: impl Into<SmolStr>) -> Value {
        Value::scalar(span, Kind::Str, text.into())
    }

    pub fn scalar(span: Span, kind: Kind, text: SmolStr) -> Value {
        Value::new(span, Data::Scalar(Scalar { kind, text, raw: None, offset: None }))
    }

    pub fn is_null(&self) -> bool {
        matches!(&self.data, Data::Scalar(it) if it.kind == Kind::Null)
    }

    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.data {
            Data::Scalar(it) => Some(it),
            _ => None,
        }
    }

    /// Returns the text of a scalar that is not null.
    pub fn text(&self) -> Option<&SmolStr> {
        self.as_scalar().filter(|scalar| scalar.kind != Kind::Null).map(|scalar| &scalar.text)
    }

    pub fn as_map(&self) -> Option<&Map> {
        match &self.data {
            Data::Map(it) => Some(it),
            _ => None,
        }
    }

    pub fn as_map_mut(&mut self) -> Option<&mut Map> {
        match &mut self.data {
            Data::Map(it) => Some(it),
            _ => None,
        }
    }

    /// Returns the mapping under a key.
    pub fn map_mut(&mut self, key: &str) -> Option<&mut Map> {
        self.get_mut(key)?.as_map_mut()
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.as_map_mut()?.get_mut(key)
    }

    /// Calls `change` with every item of a list or every value of a mapping.
    pub fn each(&mut self, change: &mut dyn FnMut(&mut Value)) {
        match &mut self.data {
            Data::Scalar(_) => {}
            Data::List(items) => items.iter_mut().for_each(change),
            Data::Map(map) => map.entries.values_mut().for_each(|it| change(&mut it.value)),
        }
    }

    /// Returns the items of a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match &self.data {
            Data::List(it) => Some(it),
            _ => None,
        }
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// Removes the places of all mappings in this value: a copy is not written anywhere itself.
    pub fn clear_places(&mut self) {
        if let Data::Map(map) = &mut self.data {
            map.place = None;
            map.earlier.clear();
        }
        self.each(&mut Value::clear_places);
    }

    /// Returns the number of nodes, which is what a copy costs. Counts no further than `limit`.
    pub fn weight(&self, limit: usize) -> usize {
        let mut stack = vec![self];
        let mut count = 0;
        while let Some(value) = stack.pop() {
            count += 1;
            if count > limit {
                break;
            }
            match &value.data {
                Data::Scalar(_) => {}
                Data::List(items) => stack.extend(items),
                Data::Map(map) => stack.extend(map.entries.values().map(|it| &it.value)),
            }
        }
        count
    }

    /// Whether two values are equal, wherever they are written.
    pub fn same(&self, other: &Value) -> bool {
        let mut stack = vec![(self, other)];
        while let Some((left, right)) = stack.pop() {
            match (&left.data, &right.data) {
                (Data::Scalar(left), Data::Scalar(right)) => {
                    if left.kind != right.kind || left.text != right.text {
                        return false;
                    }
                }
                (Data::List(left), Data::List(right)) => {
                    if left.len() != right.len() {
                        return false;
                    }
                    stack.extend(left.iter().zip(right));
                }
                (Data::Map(left), Data::Map(right)) => {
                    if left.entries.len() != right.entries.len() {
                        return false;
                    }
                    for (key, entry) in &left.entries {
                        let Some(other) = right.entries.get(key) else { return false };
                        stack.push((&entry.value, &other.value));
                    }
                }
                _ => return false,
            }
        }
        true
    }
}

impl Map {
    /// Returns an empty mapping for the expansion of a short form.
    pub fn short() -> Map {
        Map { short: true, ..Map::default() }
    }

    /// Adds an entry to the expansion of a short form.
    pub fn put(&mut self, key: &'static str, value: Value) {
        self.insert(key, Entry::new(value.span, value.span, value));
    }

    /// Returns the place of the mapping in each file that writes it.
    pub fn places(&self) -> Vec<Place> {
        self.earlier.iter().chain(&self.place).copied().collect()
    }

    /// Records that a later file writes the same mapping.
    pub fn write_again(&mut self, place: Option<Place>, earlier: Vec<Place>) {
        if place.is_some() {
            self.earlier.extend(self.place.take());
            self.earlier.extend(earlier);
            self.place = place;
        }
    }

    /// Calls `change` with every value of the named sections that are mappings.
    pub fn each_in(&mut self, sections: &[&str], change: &mut dyn FnMut(&mut Value)) {
        for section in sections {
            if let Some(section @ Value { data: Data::Map(_), .. }) = self.get_mut(section) {
                section.each(change);
            }
        }
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(key).map(|it| &it.value)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.entries.get_mut(key).map(|it| &mut it.value)
    }

    /// Adds an entry at the end, or replaces the one with the same key in its position.
    pub fn insert(&mut self, key: impl Into<SmolStr>, entry: Entry) {
        self.entries.insert(key.into(), entry);
    }

    /// Removes entries by their keys; the others keep their order.
    pub fn remove_all(&mut self, keys: &FxHashSet<SmolStr>) {
        if !keys.is_empty() {
            self.entries.retain(|key, _| !keys.contains(key));
        }
    }
}

impl Scalar {
    /// Returns the text as written, before interpolation.
    pub fn written(&self) -> &str {
        self.raw.as_deref().unwrap_or(&self.text)
    }

    /// Returns the span of a part of the written text; the whole span where escapes or folding hide
    /// the position of the part.
    pub fn part(&self, span: Span, start: usize, end: usize) -> Span {
        match self.offset {
            Some(offset) => span.inner(start + offset as usize..end + offset as usize),
            None => span,
        }
    }
}
