//! The one cursor that all readers share.

use crate::knowledge::kube_keys;
use crate::syntax::{Entry, Node, NodeKind, Problem, ProblemKind, Scalar, Style};
use crate::text::{Span, Spanned};
use smol_str::SmolStr;

/// A string and where it is written.
pub type Str = Spanned<SmolStr>;

/// Where a mapping is written, for fixes that want to add to it.
///
/// The span runs from the first byte of the first key to the last byte of the last value (in flow
/// style: with the braces). The indentation is not kept: `Editor` reads it off the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    pub span: Span,
    /// Written as `{ ... }`.
    pub flow: bool,
    /// Reached through an alias or a merge key: a change here would change other places too.
    pub shared: bool,
}

/// A value that may be a number or a word, as a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntOrStr {
    Int(i64),
    Str(SmolStr),
}

impl IntOrStr {
    pub fn as_int(&self) -> Option<i64> {
        match self {
            IntOrStr::Int(it) => Some(*it),
            IntOrStr::Str(_) => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            IntOrStr::Str(it) => Some(it),
            IntOrStr::Int(_) => None,
        }
    }
}

impl std::fmt::Display for IntOrStr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            IntOrStr::Int(it) => it.fmt(f),
            IntOrStr::Str(it) => it.fmt(f),
        }
    }
}

/// A key that the reader of its mapping does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// The type that the mapping has by its place: `Container`, `PodSpec`, `service`.
    pub owner: &'static str,
    pub key: Str,
    /// From the key's first byte to the value's last.
    pub entry: Span,
    /// The value is a mapping or a sequence, which says something about where it belongs.
    pub collection: bool,
}

/// A value whose type is not the one that its place asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongType {
    pub span: Span,
    /// `a list`, `a whole number`, `true or false`.
    pub expected: &'static str,
    /// `a mapping`, `a string`.
    pub found: &'static str,
}

/// How many items may be read through aliases and merge keys in one file. What is not aliased is
/// read once and needs no limit.
pub const MAX_SHARED_ITEMS: usize = 200_000;

/// Readers may call one another this deep.
const MAX_DEPTH: usize = 64;

/// Reads nodes and keeps what was odd about them. One for each file.
#[derive(Debug, Default)]
pub struct Reader {
    pub problems: Vec<Problem>,
    pub wrong: Vec<WrongType>,
    pub unknown: Vec<UnknownKey>,
    shared: bool,
    shared_items: usize,
    depth: usize,
    over: bool,
}

/// A field whose type says how it is read.
pub trait Field {
    fn read(&mut self, reader: &mut Reader, node: Node<'_>);
}

impl Field for Option<Str> {
    fn read(&mut self, reader: &mut Reader, node: Node<'_>) {
        *self = reader.str(node);
    }
}

impl Field for Option<Spanned<i64>> {
    fn read(&mut self, reader: &mut Reader, node: Node<'_>) {
        *self = reader.int(node);
    }
}

impl Field for Option<Spanned<bool>> {
    fn read(&mut self, reader: &mut Reader, node: Node<'_>) {
        *self = reader.bool(node);
    }
}

impl Field for Option<Spanned<IntOrStr>> {
    fn read(&mut self, reader: &mut Reader, node: Node<'_>) {
        *self = reader.int_or_str(node);
    }
}

impl Field for Vec<Str> {
    fn read(&mut self, reader: &mut Reader, node: Node<'_>) {
        *self = reader.strings(node);
    }
}

impl Reader {
    pub fn new() -> Reader {
        Reader::default()
    }

    /// Takes what was recorded since the last call, for the object just read.
    pub fn take_unknown(&mut self) -> Vec<UnknownKey> {
        std::mem::take(&mut self.unknown)
    }

    fn spend(&mut self, node: Node<'_>) -> bool {
        if self.shared {
            self.shared_items += 1;
        }
        let deep = self.depth > MAX_DEPTH;
        if !deep && self.shared_items <= MAX_SHARED_ITEMS {
            return true;
        }
        if !self.over {
            self.over = true;
            let message = if deep {
                "this document is nested deeper than its meaning can be; the rest is not read"
                    .to_owned()
            } else {
                format!(
                    "aliases make this file larger than {MAX_SHARED_ITEMS} items; the rest is not read"
                )
            };
            self.problems.push(Problem {
                kind: ProblemKind::Limit,
                span: node.span(),
                message,
                related: None,
            });
        }
        false
    }

    /// Calls `known` for every entry of a mapping, merge keys honoured. It answers whether it knows
    /// the key. `owner` names the mapping's type. Null is an empty mapping; anything else that is
    /// no mapping is recorded.
    pub fn each<'t>(
        &mut self,
        node: Node<'t>,
        owner: &'static str,
        mut known: impl FnMut(&mut Reader, &'t str, Entry<'t>) -> bool,
    ) {
        self.each_entry(node, owner, &mut known);
    }

    // Not generic, as there are some hundred callers and each would have a copy of its own.
    fn each_entry<'t>(
        &mut self,
        node: Node<'t>,
        owner: &'static str,
        known: &mut dyn FnMut(&mut Reader, &'t str, Entry<'t>) -> bool,
    ) {
        if !node.is_mapping() {
            if !node.is_null() {
                self.wrong_type(node, "a mapping");
            }
            return;
        }
        let before = self.shared;
        self.depth += 1;
        self.shared |= node.kind() == NodeKind::Alias;
        let mut one = |reader: &mut Reader, entry: Entry<'t>| {
            if !reader.spend(entry.key) {
                return false;
            }
            let Some(key) = entry.key.as_str() else {
                reader.wrong_type(entry.key, "a string");
                return true;
            };
            if !known(reader, key, entry) {
                reader.unknown_key(owner, key, entry);
            }
            true
        };
        if node.entries().any(|it| it.key.is_merge_key()) {
            let own = node.resolve().span();
            let aliased = self.shared;
            let all = node.merged_entries();
            // What is overridden was looked at, too.
            self.shared_items += all.len();
            for entry in all {
                self.shared = aliased || !own.contains(entry.key.span());
                if !one(self, entry) {
                    break;
                }
            }
        } else {
            for entry in node.entries() {
                if !one(self, entry) {
                    break;
                }
            }
        }
        self.shared = before;
        self.depth -= 1;
    }

    /// Keeps a key that nobody reads, unless the type has it or is none that we know. Those with a
    /// dollar (`$patch`) speak to whoever merges.
    pub fn unknown_key(&mut self, owner: &'static str, key: &str, entry: Entry<'_>) {
        if key.starts_with('$') || !kube_keys::is_wrong(owner, key) {
            return;
        }
        self.unknown.push(UnknownKey {
            owner,
            key: Spanned::new(SmolStr::new(key), entry.key.span()),
            entry: entry.span(),
            collection: !entry.value.is_scalar(),
        });
    }

    /// Reads every item of a sequence. Null is an empty one; anything else is recorded.
    pub fn list<'t, T>(
        &mut self,
        node: Node<'t>,
        mut item: impl FnMut(&mut Reader, Node<'t>) -> Option<T>,
    ) -> Vec<T> {
        // Most have one item or two, and what is read from one is large.
        let mut all = Vec::with_capacity(node.items().len().min(4));
        self.each_item(node, &mut |reader, it| {
            if let Some(it) = item(reader, it) {
                all.push(it);
            }
        });
        all
    }

    // Not generic, for the same reason as `each_entry`.
    fn each_item<'t>(&mut self, node: Node<'t>, read: &mut dyn FnMut(&mut Reader, Node<'t>)) {
        if !node.is_sequence() {
            if !node.is_null() {
                self.wrong_type(node, "a list");
            }
            return;
        }
        let before = self.shared;
        self.depth += 1;
        self.shared |= node.kind() == NodeKind::Alias;
        for it in node.items() {
            if !self.spend(it) {
                break;
            }
            read(self, it);
        }
        self.shared = before;
        self.depth -= 1;
    }

    /// Reads something that is known to be reached through a merge key, as [`each`](Self::each) does
    /// by itself for what is read inside its callback.
    pub fn as_shared<T>(&mut self, shared: bool, read: impl FnOnce(&mut Reader) -> T) -> T {
        let before = self.shared;
        self.shared |= shared;
        let value = read(self);
        self.shared = before;
        value
    }

    /// Where a mapping (or a sequence) is written.
    pub fn place(&self, node: Node<'_>) -> Place {
        let target = node.resolve();
        Place {
            span: target.span(),
            flow: target.style() == Style::Flow,
            shared: self.shared || node.kind() == NodeKind::Alias,
        }
    }

    /// Reads what the type of the field asks for.
    // In place: to return a value of forty bytes and to drop the old one costs each of some two
    // hundred callers more code than the call itself, and browsers download them all.
    pub fn read<T: Field>(&mut self, node: Node<'_>, field: &mut T) {
        field.read(self, node);
    }

    /// Any scalar as the text that it was written with; null is nothing.
    pub fn str(&mut self, node: Node<'_>) -> Option<Str> {
        match node.as_str() {
            Some(_) if node.is_null() => None,
            Some(text) => Some(Spanned::new(SmolStr::new(text), node.span())),
            None => {
                self.wrong_type(node, "a string");
                None
            }
        }
    }

    pub fn int(&mut self, node: Node<'_>) -> Option<Spanned<i64>> {
        match node.scalar() {
            Some(Scalar::Int(it)) => Some(Spanned::new(it, node.span())),
            Some(Scalar::Null) => None,
            _ => {
                self.wrong_type(node, "a whole number");
                None
            }
        }
    }

    pub fn bool(&mut self, node: Node<'_>) -> Option<Spanned<bool>> {
        match node.scalar() {
            Some(Scalar::Bool(it)) => Some(Spanned::new(it, node.span())),
            Some(Scalar::Str(text)) if node.resolve().style() == Style::Plain => {
                let value = Scalar::yaml_1_1_bool(text);
                if value.is_none() {
                    self.wrong_type(node, "true or false");
                }
                value.map(|it| Spanned::new(it, node.span()))
            }
            Some(Scalar::Null) => None,
            _ => {
                self.wrong_type(node, "true or false");
                None
            }
        }
    }

    /// A number or a word. Words are kept as written, a quoted number is a word.
    pub fn int_or_str(&mut self, node: Node<'_>) -> Option<Spanned<IntOrStr>> {
        let value = match node.scalar() {
            Some(Scalar::Int(it)) => IntOrStr::Int(it),
            Some(Scalar::Null) => return None,
            Some(_) => IntOrStr::Str(SmolStr::new(node.as_str().unwrap_or_default())),
            None => {
                self.wrong_type(node, "a number or a string");
                return None;
            }
        };
        Some(Spanned::new(value, node.span()))
    }

    pub fn strings(&mut self, node: Node<'_>) -> Vec<Str> {
        self.list(node, Reader::str)
    }

    /// A mapping from strings to scalars; nulls become empty strings.
    pub fn pairs(&mut self, node: Node<'_>) -> Vec<(Str, Str)> {
        let mut all = Vec::with_capacity(node.entries().len());
        self.each(node, "", |reader, key, entry| {
            let key = Spanned::new(SmolStr::new(key), entry.key.span());
            match entry.value.as_str() {
                Some(_) if entry.value.is_null() => {
                    all.push((key, Spanned::new(SmolStr::default(), entry.value.span())));
                }
                Some(text) => all.push((key, Spanned::new(SmolStr::new(text), entry.value.span()))),
                None => reader.wrong_type(entry.value, "a string"),
            }
            true
        });
        all
    }

    pub fn wrong_type(&mut self, node: Node<'_>, expected: &'static str) {
        let found = match node.resolve().kind() {
            NodeKind::Mapping => "a mapping",
            NodeKind::Sequence => "a list",
            NodeKind::Alias => "an alias to nothing",
            NodeKind::Scalar => match node.scalar() {
                Some(Scalar::Null) => "nothing",
                Some(Scalar::Bool(_)) => "true or false",
                Some(Scalar::Int(_) | Scalar::Float(_) | Scalar::NotFinite(_)) => "a number",
                _ => "a string",
            },
        };
        self.wrong.push(WrongType { span: node.span(), expected, found });
    }
}
