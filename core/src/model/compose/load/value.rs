//! The tree that files are merged in: owned, interpolated, and every node knows its place.

use crate::model::Place;
use crate::model::compose::load::entries::Entries;
use crate::text::Span;
use smol_str::SmolStr;

/// A Compose tag on a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    None,
    /// `!reset`: takes the value of the files before away.
    Reset,
    /// `!override`: replaces it instead of merging with it.
    Override,
}

#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub span: Span,
    pub tag: Tag,
    /// Written as `{ ... }` or `[ ... ]`.
    pub flow: bool,
    /// Reached through an alias or a merge key.
    pub shared: bool,
    pub data: Data,
}

#[derive(Debug, Clone)]
pub(crate) enum Data {
    Scalar(Scalar),
    List(Vec<Value>),
    /// Apart, since scalars are many and mappings few: what is small is moved and kept for less.
    Map(Box<Map>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Int,
    Float,
    Str,
}

#[derive(Debug, Clone)]
pub(crate) struct Scalar {
    pub kind: Kind,
    /// The value as a string, numbers in the form that Compose gives them.
    pub text: SmolStr,
    /// The text before interpolation, where it holds a variable.
    pub raw: Option<Box<str>>,
    /// How many bytes of the span come before the text, where the text stands in the file as it is.
    pub offset: Option<u8>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Map {
    pub entries: Entries,
    /// Where the last file that writes this mapping does; nowhere for one made from a short form.
    pub place: Option<Place>,
    /// Where the files before do.
    pub earlier: Vec<Place>,
    /// Made from a short form.
    pub short: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The key, where it was first written.
    pub key: Span,
    /// From key to value, where it was first written.
    pub first: Span,
    /// The same two where it was written last, for one that was written again.
    pub again: Option<Box<(Span, Span)>>,
    /// An item `KEY=value` of a list.
    pub list: bool,
    pub value: Value,
}

impl Entry {
    pub fn new(key: Span, span: Span, value: Value) -> Entry {
        Entry { key, first: span, again: None, list: false, value }
    }

    /// The key, where it was written last.
    pub fn last_key(&self) -> Span {
        self.again.as_ref().map_or(self.key, |it| it.0)
    }

    /// From key to value, where it was written last.
    pub fn last(&self) -> Span {
        self.again.as_ref().map_or(self.first, |it| it.1)
    }

    /// Another file writes it too.
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

    /// The text of a scalar that is not null.
    pub fn text(&self) -> Option<&SmolStr> {
        self.as_scalar().filter(|it| it.kind != Kind::Null).map(|it| &it.text)
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

    /// The mapping below a key.
    pub fn map_mut(&mut self, key: &str) -> Option<&mut Map> {
        self.get_mut(key)?.as_map_mut()
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.as_map_mut()?.get_mut(key)
    }

    /// Changes every item of a list and every value of a mapping.
    pub fn each(&mut self, change: &mut dyn FnMut(&mut Value)) {
        match &mut self.data {
            Data::Scalar(_) => {}
            Data::List(items) => items.iter_mut().for_each(change),
            Data::Map(map) => map.entries.values_mut().for_each(|it| change(&mut it.value)),
        }
    }

    /// The items of a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match &self.data {
            Data::List(it) => Some(it),
            _ => None,
        }
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key)
    }

    /// Forgets where its mappings are written: a copy stands at no place of its own.
    pub fn clear_places(&mut self) {
        if let Data::Map(map) = &mut self.data {
            map.place = None;
            map.earlier.clear();
        }
        self.each(&mut Value::clear_places);
    }

    /// How many nodes there are, to pay for a copy. Counts no further than `limit`.
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

    /// Whether two values mean the same, wherever they are written.
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
    /// A mapping made from a short form; it has no place of its own.
    pub fn short(keys: usize) -> Map {
        let mut map = Map { short: true, ..Map::default() };
        map.entries.reserve(keys);
        map
    }

    /// Adds a key that is not there yet to a mapping made from a short form.
    pub fn put(&mut self, key: &'static str, value: Value) {
        self.entries.push(SmolStr::new_static(key), Entry::new(value.span, value.span, value));
    }

    /// Where each file writes it.
    pub fn places(&self) -> Vec<Place> {
        self.earlier.iter().chain(&self.place).copied().collect()
    }

    /// Another file writes it too.
    pub fn write_again(&mut self, place: Option<Place>, earlier: Vec<Place>) {
        if place.is_some() {
            self.earlier.extend(self.place.take());
            self.earlier.extend(earlier);
            self.place = place;
        }
    }

    /// Changes every value of some sections, which are named with blanks between them.
    pub fn each_in(&mut self, sections: &str, change: &mut dyn FnMut(&mut Value)) {
        for section in sections.split(' ') {
            if let Some(section @ Value { data: Data::Map(_), .. }) = self.get_mut(section) {
                section.each(change);
            }
        }
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(key).map(|it| &it.value)
    }

    /// The values of several keys of a small mapping, at the price of one walk.
    pub fn all<const KEYS: usize>(&self, keys: [&str; KEYS]) -> [Option<&Value>; KEYS] {
        let mut found = [None; KEYS];
        self.fill(&keys, &mut found);
        found
    }

    fn fill<'m>(&'m self, keys: &[&str], found: &mut [Option<&'m Value>]) {
        for (key, entry) in &self.entries {
            if let Some(at) = keys.iter().position(|it| *it == key) {
                found[at] = Some(&entry.value);
            }
        }
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.entries.get_mut(key).map(|it| &mut it.value)
    }

    pub fn insert(&mut self, key: impl Into<SmolStr>, entry: Entry) {
        self.entries.insert(key.into(), entry);
    }
}

impl Scalar {
    /// The text as written, before interpolation.
    pub fn written(&self) -> &str {
        self.raw.as_deref().unwrap_or(&self.text)
    }

    /// The span of a part of the text as written, the whole span where escapes hide it.
    pub fn part(&self, span: Span, start: usize, end: usize) -> Span {
        match self.offset {
            Some(offset) => span.inner(start + offset as usize..end + offset as usize),
            None => span,
        }
    }
}
