//! The cursor that all readers of Kubernetes objects share.

use crate::knowledge::kube_keys;
use crate::syntax::{Entry, Node, NodeKind, Problem, ProblemKind, Scalar, Style};
use crate::text::{Span, Spanned};
use smol_str::SmolStr;

/// A string with its place.
pub type Str = Spanned<SmolStr>;

/// The place of a mapping or sequence, for fixes that add to it.
///
/// The span starts at the first key and ends with the last value; in flow style it includes the brackets.
/// `Editor` takes the indentation from the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    pub span: Span,
    /// Whether the collection is written as `{ ... }` or `[ ... ]`.
    pub flow: bool,
    /// Whether the collection is reached through an alias or a merge key, so that a change would affect
    /// other places too.
    pub shared: bool,
}

/// A value that is a number or a name, as a port.
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
    /// The type of the mapping: `Container`, `PodSpec`.
    pub owner: &'static str,
    pub key: Str,
    /// The entry, from the first byte of the key to the last byte of the value.
    pub entry: Span,
    /// Whether the value is a mapping or a sequence, which hints at where the key belongs.
    pub collection: bool,
}

/// A value that does not have the type of its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongType {
    pub span: Span,
    /// `a list`, `an integer`, `true or false`.
    pub expected: &'static str,
    /// `a mapping`, `a string`.
    pub found: &'static str,
}

/// Maximum number of items read through aliases and merge keys in one file. Items that are not aliased
/// are read once and need no limit.
pub const MAX_SHARED_ITEMS: usize = 50_000;

/// Maximum depth of nested readers.
const MAX_DEPTH: usize = 64;

/// Reads the nodes of one file and records what is wrong with them.
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

/// A field that can be read from a node by its type.
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

    /// Returns the unknown keys recorded since the last call.
    pub fn take_unknown(&mut self) -> Vec<UnknownKey> {
        std::mem::take(&mut self.unknown)
    }

    /// Whether another item may be read without exceeding the limits.
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
                format!(
                    "this document is nested more than {MAX_DEPTH} levels deep; the rest is not read"
                )
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

    /// Calls `known` with every entry of a mapping, merge keys applied; `known` returns whether it knows
    /// the key. `owner` is the type of the mapping. Null is an empty mapping; any other value that is not
    /// a mapping is recorded as a wrong type.
    pub fn each<'t>(
        &mut self,
        node: Node<'t>,
        owner: &'static str,
        mut known: impl FnMut(&mut Reader, &'t str, Entry<'t>) -> bool,
    ) {
        self.each_entry(node, owner, &mut known);
    }

    /// [`Reader::each`] without a type parameter, so that its many callers share one function.
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
        let may_merge = self.shared_items <= MAX_SHARED_ITEMS;
        if may_merge && node.entries().any(|entry| entry.key.is_merge_key()) {
            let own = node.resolve().span();
            let aliased = self.shared;
            let all = node.merged_entries();
            // The merge itself read all of them.
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

    /// Records a key that no reader knows, unless the schema has it or lacks the type. Keys with a dollar
    /// sign (`$patch`) are directives for merges.
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

    /// Reads every item of a sequence. Null is an empty sequence; any other value is recorded as a wrong
    /// type.
    pub fn list<'t, T>(
        &mut self,
        node: Node<'t>,
        mut item: impl FnMut(&mut Reader, Node<'t>) -> Option<T>,
    ) -> Vec<T> {
        let mut all = Vec::new();
        self.each_item(node, &mut |reader, node| all.extend(item(reader, node)));
        all
    }

    /// Calls `read` with every item of a sequence.
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
        for item in node.items() {
            if !self.spend(item) {
                break;
            }
            read(self, item);
        }
        self.shared = before;
        self.depth -= 1;
    }

    /// Reads something that is reached through a merge key if `shared`. Inside its callback,
    /// [`each`](Self::each) takes care of that itself.
    pub fn as_shared<T>(&mut self, shared: bool, read: impl FnOnce(&mut Reader) -> T) -> T {
        let before = self.shared;
        self.shared |= shared;
        let value = read(self);
        self.shared = before;
        value
    }

    /// Returns the place of a mapping or a sequence.
    pub fn place(&self, node: Node<'_>) -> Place {
        let target = node.resolve();
        Place {
            span: target.span(),
            flow: target.style() == Style::Flow,
            shared: self.shared || node.kind() == NodeKind::Alias,
        }
    }

    /// Reads a node into a field, by the type of the field.
    pub fn read<T: Field>(&mut self, node: Node<'_>, field: &mut T) {
        field.read(self, node);
    }

    /// Reads any scalar as text; `None` for null.
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
                self.wrong_type(node, "an integer");
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

    /// Reads a number or a string. A number in quotes is a string.
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

    /// Reads a mapping from strings to scalars; null becomes an empty string.
    pub fn pairs(&mut self, node: Node<'_>) -> Vec<(Str, Str)> {
        let mut all = Vec::new();
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

    /// Records a value of the wrong type.
    pub fn wrong_type(&mut self, node: Node<'_>, expected: &'static str) {
        let found = match node.resolve().kind() {
            NodeKind::Mapping => "a mapping",
            NodeKind::Sequence => "a list",
            NodeKind::Alias => "an alias without an anchor",
            NodeKind::Scalar => match node.scalar() {
                Some(Scalar::Null) => "an empty value",
                Some(Scalar::Bool(_)) => "true or false",
                Some(Scalar::Int(_) | Scalar::Float(_) | Scalar::NotFinite(_)) => "a number",
                Some(Scalar::Str(_)) | None => "a string",
            },
        };
        self.wrong.push(WrongType { span: node.span(), expected, found });
    }
}
