//! Turns the tree of one document into the [`Value`] that is merged: aliases and merge keys are
//! followed and variables replaced.

use crate::model::Place;
use crate::model::compose::load::interpolate::{
    Event, Failure, Missing, TOO_DEEP, Use, substitute,
};
use crate::model::compose::load::scalar::{read, typed};
use crate::model::compose::load::value::{Data, Entry, Kind, Map, Scalar, Tag, Value};
use crate::model::compose::{DotEnvVar, Problem, ProblemKind, VariableUse};
use crate::syntax::{Entry as SourceEntry, Node, NodeKind, Scalar as Typed, Style};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::ops::Range;

/// The variables for interpolation: those of a project's `.env` file, and for an included file also
/// those of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    variables: FxHashMap<SmolStr, Variable>,
}

/// A variable with its value.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub value: SmolStr,
    /// The line of the `.env` file that sets the variable; `None` if Compose itself provides it.
    pub place: Option<Span>,
}

impl Environment {
    /// Returns these variables and, behind them, those of another `.env` file: a name that is set
    /// already keeps its value.
    pub fn with(&self, more: &[DotEnvVar]) -> Environment {
        let mut all = Environment::default();
        for variable in more {
            if let Some(value) = &variable.value {
                let place = variable.name.span.to(value.span);
                all.set(variable.name.value.clone(), value.value.clone(), Some(place));
            }
        }
        all.variables.extend(self.variables.clone());
        all
    }

    /// Sets a variable, replacing an earlier value.
    pub fn set(&mut self, name: SmolStr, value: SmolStr, place: Option<Span>) {
        self.variables.insert(name, Variable { value, place });
    }

    pub fn value(&self, name: &str) -> Option<SmolStr> {
        self.get(name).map(|variable| variable.value.clone())
    }

    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }
}

/// Maximum number of values that aliases, merge keys, variables and env files add to a project.
pub(crate) const MAX_SHARED: usize = 50_000;
/// Number of bytes of repeated text that count as one more value.
const SHARED_TEXT: usize = 64;
/// Maximum depth of nested values. Aliases can nest deeper than the parser allows.
const MAX_DEPTH: usize = 200;

/// Everything that loading a project finds besides its values.
#[derive(Debug, Default)]
pub(crate) struct Lowering {
    pub variables: Vec<VariableUse>,
    pub problems: Vec<Problem>,
    /// The service that is being read, to which new problems belong.
    pub service: Option<SmolStr>,
    /// The scalars that only the environment knows: they contain a required variable that is not set.
    pub unknown: FxHashSet<Span>,
    /// Whether any value has a merge tag, `!reset` or `!override`.
    pub tagged: bool,
    shared_nodes: usize,
    /// Whether a limit was reported already.
    over: bool,
}

impl Lowering {
    /// Records a problem; `name` is the name at fault, as in [`Problem::name`].
    pub fn problem(
        &mut self,
        kind: ProblemKind,
        span: Span,
        name: &str,
        message: impl Into<String>,
    ) {
        let (name, service) = (SmolStr::new(name), self.service.clone());
        self.problems.push(Problem { kind, span, name, service, message: message.into() });
    }

    /// Records that a limit was reached, once for each project.
    fn limit(&mut self, span: Span, message: &str) {
        if !self.over {
            self.over = true;
            self.problem(ProblemKind::Limit, span, "", message);
        }
    }

    /// Counts a value that is repeated, with the length of its text. Returns whether it may be read.
    pub(crate) fn share(&mut self, length: usize, span: Span) -> bool {
        self.shared_nodes += 1 + length / SHARED_TEXT;
        let is_within = self.shared_nodes <= MAX_SHARED;
        if !is_within {
            let message = "aliases, variables and env files repeat more than 50,000 values of this project; the rest is not read";
            self.limit(span, message);
        }
        is_within
    }

    /// Turns one node into a value. `text` is the text of its file.
    pub fn lower(&mut self, node: Node<'_>, text: &str, environment: &Environment) -> Value {
        Walk { out: self, text, environment }.value(node, false, 0)
    }
}

struct Walk<'w> {
    out: &'w mut Lowering,
    text: &'w str,
    environment: &'w Environment,
}

impl Walk<'_> {
    fn value(&mut self, node: Node<'_>, shared: bool, depth: usize) -> Value {
        let span = node.span();
        let shared = shared || node.kind() == NodeKind::Alias;
        let length = node.resolve().as_str().map_or(0, str::len);
        if shared && !self.out.share(length, span) {
            return Value::null(span);
        }
        if depth > MAX_DEPTH {
            self.out.limit(
                span,
                "the values of this file are nested more than 200 levels deep; the rest is not read",
            );
            return Value::null(span);
        }
        let target = node.resolve();
        let data = match target.kind() {
            NodeKind::Mapping => Data::Map(Box::new(self.mapping(target, shared, depth))),
            NodeKind::Sequence => {
                let items = target.items().map(|item| self.value(item, shared, depth + 1));
                Data::List(items.collect())
            }
            NodeKind::Scalar => Data::Scalar(self.scalar(target)),
            NodeKind::Alias => return Value::null(span),
        };
        let tag = match node.tag().or_else(|| target.tag()).map(|(tag, _)| tag) {
            Some("!reset") => Tag::Reset,
            Some("!override") => Tag::Override,
            _ => Tag::None,
        };
        self.out.tagged |= tag != Tag::None;
        // A finding about a value behind an alias points at the anchor, where it can be changed.
        Value { span: target.span(), tag, flow: target.style() == Style::Flow, shared, data }
    }

    fn mapping(&mut self, node: Node<'_>, shared: bool, depth: usize) -> Map {
        let mut map = Map { place: Some(place(node, shared)), ..Map::default() };
        // Merging reads all of the other mapping, also where nothing of it may be added any more.
        let may_merge = self.out.shared_nodes <= MAX_SHARED;
        if may_merge && node.entries().any(|entry| entry.key.is_merge_key()) {
            let own = node.span();
            let entries = node.merged_entries();
            map.entries.reserve(entries.len());
            if !shared {
                self.keys(node);
            }
            for entry in entries {
                let brought = !own.contains(entry.key.span());
                self.entry(&mut map, entry, shared || brought, depth);
            }
            return map;
        }
        map.entries.reserve(node.entries().len());
        for entry in node.entries().filter(|entry| may_merge || !entry.key.is_merge_key()) {
            let read = self.entry(&mut map, entry, shared, depth);
            if let Some((key, twice)) = read.filter(|_| !shared) {
                self.key(entry.key, key, twice);
            }
        }
        map
    }

    /// Adds one entry to a mapping. Returns its key and whether the mapping had that key already.
    fn entry<'t>(
        &mut self,
        map: &mut Map,
        entry: SourceEntry<'t>,
        shared: bool,
        depth: usize,
    ) -> Option<(&'t str, bool)> {
        let Some(key) = entry.key.as_str() else {
            let message = "a key must be a plain string";
            self.out.problem(ProblemKind::WrongType, entry.key.span(), "", message);
            return None;
        };
        let value = self.value(entry.value, shared, depth + 1);
        let span = entry.key.span();
        let whole = span.to(entry.value.span());
        let old = map.entries.insert(SmolStr::new(key), Entry::new(span, whole, value));
        Some((key, old.is_some()))
    }

    /// Checks that a merge key has a mapping or a list of mappings as its value.
    fn merge_source(&mut self, entry: SourceEntry<'_>) {
        if !entry.key.is_merge_key() {
            return;
        }
        let value = entry.value.resolve();
        let fits =
            value.is_mapping() || (value.is_sequence() && value.items().all(Node::is_mapping));
        if !fits {
            let message = "`<<` takes a mapping or a list of mappings";
            self.out.problem(ProblemKind::WrongType, entry.value.span(), "<<", message);
        }
    }

    /// Checks all keys as they are written, including those that a merge would override.
    fn keys(&mut self, node: Node<'_>) {
        let mut seen = FxHashSet::default();
        for entry in node.entries() {
            self.merge_source(entry);
            let Some(key) = entry.key.as_str() else { continue };
            let twice = !seen.insert(key) && !entry.key.is_merge_key();
            self.key(entry.key, key, twice);
        }
    }

    fn key(&mut self, node: Node<'_>, key: &str, twice: bool) {
        if !matches!(read(node.resolve(), key), Typed::Str(_)) {
            let message =
                format!("the key `{key}` is not a string; Compose requires quotes around it");
            self.out.problem(ProblemKind::WrongType, node.span(), key, message);
        }
        if twice {
            let message = format!("the key `{key}` appears twice in this mapping");
            self.out.problem(ProblemKind::DuplicateKey, node.span(), key, message);
        }
    }

    fn scalar(&mut self, node: Node<'_>) -> Scalar {
        let written = node.as_str().unwrap_or_default();
        let span = node.span();
        let offset = self.offset(node, written);
        let (kind, text) = typed(node, written);
        if kind != Kind::Str || !written.contains('$') {
            return Scalar { kind, text, raw: None, offset };
        }
        let environment = self.environment;
        let before = self.out.variables.len();
        let mut from = 0;
        let result =
            substitute(written, &|name| environment.value(name), &mut |event| match event {
                Event::Used(variable) => self.record(variable, span, offset, &mut from),
                Event::Missing(variable) => self.miss(variable, span, offset),
            });
        let any = self.out.variables.len() > before;
        let value = match result {
            Ok(value) => SmolStr::new(value),
            Err(failure) => {
                self.fail(failure, span, offset);
                SmolStr::default()
            }
        };
        let added = value.len().saturating_sub(written.len());
        let is_read = added < SHARED_TEXT || self.out.share(added, span);
        let value = if is_read { value } else { SmolStr::default() };
        if !is_read {
            self.out.unknown.insert(span);
        }
        let raw = (any || value != written).then(|| Box::from(written));
        Scalar { kind, text: value, raw, offset }
    }

    /// Returns [`Scalar::offset`] for a node.
    fn offset(&self, node: Node<'_>, written: &str) -> Option<u8> {
        let source = self.text.as_bytes().get(node.span().range())?;
        match (source, source.len() - written.len().min(source.len())) {
            (text, 0) if text == written.as_bytes() => Some(0),
            ([_, text @ .., _], 2) if text == written.as_bytes() => Some(1),
            _ => None,
        }
    }

    /// Records the use of a variable. `from` is where in the source of an escaped or folded scalar the
    /// search for the next expression starts.
    fn record(&mut self, used: Use, span: Span, offset: Option<u8>, from: &mut usize) {
        let place = match offset {
            Some(offset) => {
                let offset = offset as usize;
                span.inner(used.range.start + offset..used.range.end + offset)
            }
            // Folding and escapes move the text, but hardly ever change the expression.
            None => {
                let source = self.text.get(span.range()).unwrap_or_default();
                match source.get(*from..).and_then(|rest| rest.find(used.expression.as_str())) {
                    Some(at) => {
                        let start = *from + at;
                        *from = start + 1;
                        span.inner(start..start + used.expression.len())
                    }
                    None => span,
                }
            }
        };
        let set = self.environment.get(&used.name);
        self.out.variables.push(VariableUse {
            name: used.name,
            form: used.form,
            word: used.word,
            span: place,
            scalar: span,
            set_by: set.and_then(|variable| variable.place),
            value: set.map(|variable| variable.value.clone()),
        });
    }

    /// Records a required variable that is not set.
    fn miss(&mut self, missing: Missing, span: Span, offset: Option<u8>) {
        let Missing { range, name, message } = missing;
        let message = format!("the variable `{name}` must be set: {message}");
        let place = inside(span, range, offset);
        self.out.unknown.insert(span);
        self.out.problem(ProblemKind::RequiredVariable, place, &name, message);
    }

    fn fail(&mut self, failure: Failure, span: Span, offset: Option<u8>) {
        match failure {
            Failure::Invalid(range) => {
                let span = inside(span, range, offset);
                let message =
                    "Compose cannot read this variable; write `$$` for a literal dollar sign";
                self.out.problem(ProblemKind::InvalidInterpolation, span, "", message);
            }
            Failure::Unclosed(range) => {
                let span = inside(span, range, offset);
                let message = "the closing brace of this variable is missing";
                self.out.problem(ProblemKind::InvalidInterpolation, span, "", message);
            }
            Failure::TooDeep(range) => {
                let span = inside(span, range, offset);
                self.out.problem(ProblemKind::Limit, span, "", TOO_DEEP);
            }
        }
    }
}

/// Returns the place of a part of a scalar, or of the whole scalar where its text is not as it is written.
fn inside(span: Span, range: Range<usize>, offset: Option<u8>) -> Span {
    match offset {
        Some(offset) => span.inner(range.start + offset as usize..range.end + offset as usize),
        None => span,
    }
}

/// Returns the place of a mapping.
fn place(node: Node<'_>, shared: bool) -> Place {
    Place { span: node.span(), flow: node.style() == Style::Flow, shared }
}
