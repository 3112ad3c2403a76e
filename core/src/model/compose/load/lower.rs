//! From the tree of one document to the [`Value`] that is merged: aliases and merge keys followed,
//! variables replaced.

use crate::model::Place;
use crate::model::compose::load::interpolate::{Failure, TOO_DEEP, Use, substitute};
use crate::model::compose::load::value::{Data, Entry, Kind, Map, Scalar, Tag, Value};
use crate::model::compose::{Problem, ProblemKind, VariableUse};
use crate::syntax::{Entry as SourceEntry, Node, NodeKind, Scalar as Typed, Style};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::{SmolStr, format_smolstr};

/// What variables are looked up in: the variables of one `.env` file, or of an `include` on top of
/// its project's.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    names: FxHashMap<SmolStr, usize>,
    values: Vec<(SmolStr, Option<Span>)>,
}

impl Environment {
    /// Variables that are set already win.
    pub fn with(&self, variables: &[crate::model::compose::DotEnvVar]) -> Environment {
        let mut all = Environment::default();
        for variable in variables {
            if let Some(value) = &variable.value {
                let place = variable.name.span.to(value.span);
                all.set(&variable.name.value, &value.value, Some(place));
            }
        }
        for (name, at) in &self.names {
            let (value, place) = &self.values[*at];
            all.set(name, value, *place);
        }
        all
    }

    /// Sets a variable over what was there; one that Compose itself provides has no place.
    pub fn set(&mut self, name: &SmolStr, value: &SmolStr, place: Option<Span>) {
        self.names.insert(name.clone(), self.values.len());
        self.values.push((value.clone(), place));
    }

    pub fn value(&self, name: &str) -> Option<SmolStr> {
        self.get(name).map(|it| it.0.clone())
    }

    pub fn get(&self, name: &str) -> Option<&(SmolStr, Option<Span>)> {
        self.values.get(*self.names.get(name)?)
    }
}

/// How many nodes aliases and merge keys may add to one project.
pub(crate) const MAX_SHARED: usize = 200_000;
/// How deep values may lie in one another; aliases can build more than the parser allows.
const MAX_DEPTH: usize = 200;

/// Collects what was seen on the way.
#[derive(Debug, Default)]
pub(crate) struct Lowering {
    pub variables: Vec<VariableUse>,
    pub problems: Vec<Problem>,
    /// The service that problems are told of.
    pub service: Option<SmolStr>,
    /// Some value has a tag of Compose's own.
    pub tagged: bool,
    shared_nodes: usize,
    over: bool,
}

impl Lowering {
    /// `{}` in the message stands for the name.
    #[cold]
    pub fn problem(&mut self, kind: ProblemKind, span: Span, name: &str, message: &'static str) {
        let message = match message.split_once("{}") {
            Some((before, after)) => [before, name, after].concat(),
            None => message.to_owned(),
        };
        self.told(kind, span, name, message);
    }

    /// A problem whose message holds more than the name.
    #[cold]
    pub fn told(&mut self, kind: ProblemKind, span: Span, name: &str, message: String) {
        let (name, service) = (SmolStr::new(name), self.service.clone());
        self.problems.push(Problem { kind, span, name, service, message });
    }

    fn limit(&mut self, span: Span, message: &'static str) {
        if !self.over {
            self.over = true;
            self.problem(ProblemKind::Limit, span, "", message);
        }
    }

    /// Reads one node. `text` is the text of its file.
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
        if shared {
            self.out.shared_nodes += 1;
            if self.out.shared_nodes > MAX_SHARED {
                self.out.limit(
                    span,
                    "aliases make this file larger than 200,000 values; the rest is not read",
                );
                return Value::null(span);
            }
        }
        if depth > MAX_DEPTH {
            self.out.limit(
                span,
                "the values of this file lie deeper in one another than 200; the rest is not read",
            );
            return Value::null(span);
        }
        let target = node.resolve();
        let data = match target.kind() {
            NodeKind::Mapping => Data::Map(Box::new(self.mapping(target, shared, depth))),
            NodeKind::Sequence => {
                let items = target.items().map(|it| self.value(it, shared, depth + 1));
                Data::List(items.collect())
            }
            NodeKind::Scalar => Data::Scalar(self.scalar(target)),
            NodeKind::Alias => return Value::null(span),
        };
        let tag = match node.tag().or_else(|| target.tag()).map(|it| it.0) {
            Some("!reset") => Tag::Reset,
            Some("!override") => Tag::Override,
            _ => Tag::None,
        };
        self.out.tagged |= tag != Tag::None;
        // A value behind an alias is at fault where it is written, and used where the alias stands;
        // the former is where a reader can change it.
        Value { span: target.span(), tag, flow: target.style() == Style::Flow, shared, data }
    }

    fn mapping(&mut self, node: Node<'_>, shared: bool, depth: usize) -> Map {
        let mut map = Map { place: Some(place(node, shared)), ..Map::default() };
        if node.entries().any(|it| it.key.is_merge_key()) {
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
        for entry in node.entries() {
            let read = self.entry(&mut map, entry, shared, depth);
            if let Some((key, twice)) = read.filter(|_| !shared) {
                self.key(entry.key, key, twice);
            }
        }
        map
    }

    /// Reads one entry: its key, and whether that was there already.
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
        let twice = map.entries.insert(SmolStr::new(key), Entry::new(span, whole, value));
        Some((key, twice))
    }

    /// `<<` takes a mapping or a list of mappings.
    fn merge_source(&mut self, entry: SourceEntry<'_>) {
        if !entry.key.is_merge_key() {
            return;
        }
        let value = entry.value.resolve();
        let fits =
            value.is_mapping() || (value.is_sequence() && value.items().all(|it| it.is_mapping()));
        if !fits {
            let message = "`<<` takes a mapping or a list of mappings";
            self.out.problem(ProblemKind::WrongType, entry.value.span(), "<<", message);
        }
    }

    /// Checks the keys as they are written, those that a merge overrides among them.
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
            let message = "the key `{}` is no string; Compose wants it in quotes";
            self.out.problem(ProblemKind::WrongType, node.span(), key, message);
        }
        if twice {
            let message = "the key `{}` is written twice";
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
        let result = substitute(written, &|name| environment.value(name), &mut |it| {
            self.record(it, span, offset, &mut from);
        });
        let any = self.out.variables.len() > before;
        let value = match result {
            Ok(value) => SmolStr::new(value),
            Err(failure) => {
                self.fail(failure, span, offset);
                SmolStr::default()
            }
        };
        let raw = (any || value != written).then(|| Box::from(written));
        Scalar { kind, text: value, raw, offset }
    }

    /// How far from the span's start the text begins, if it stands there as it is.
    fn offset(&self, node: Node<'_>, written: &str) -> Option<u8> {
        let source = self.text.as_bytes().get(node.span().range())?;
        match (source, source.len() - written.len().min(source.len())) {
            (text, 0) if text == written.as_bytes() => Some(0),
            ([_, text @ .., _], 2) if text == written.as_bytes() => Some(1),
            _ => None,
        }
    }

    /// `from`: behind the use before, for a text that does not stand in the file as it is.
    fn record(&mut self, it: Use, span: Span, offset: Option<u8>, from: &mut usize) {
        let place = match offset {
            Some(offset) => {
                let offset = offset as usize;
                span.inner(it.range.start + offset..it.range.end + offset)
            }
            // Folding and escapes move the text, but hardly ever change the expression.
            None => {
                let source = self.text.get(span.range()).unwrap_or_default();
                match source.get(*from..).and_then(|rest| rest.find(it.expression.as_str())) {
                    Some(at) => {
                        let start = *from + at;
                        *from = start + 1;
                        span.inner(start..start + it.expression.len())
                    }
                    None => span,
                }
            }
        };
        let set = self.environment.get(&it.name);
        self.out.variables.push(VariableUse {
            name: it.name,
            form: it.form,
            word: it.word,
            span: place,
            scalar: span,
            set_by: set.and_then(|it| it.1),
            value: set.map(|it| it.0.clone()),
        });
    }

    fn fail(&mut self, failure: Failure, span: Span, offset: Option<u8>) {
        let place = |range: std::ops::Range<usize>| match offset {
            Some(offset) => span.inner(range.start + offset as usize..range.end + offset as usize),
            None => span,
        };
        match failure {
            Failure::Invalid(range) => {
                let span = place(range);
                let message = "`${` starts no variable that Compose can read; a plain dollar sign is written `$$`";
                self.out.problem(ProblemKind::InvalidInterpolation, span, "", message);
            }
            Failure::Required { range, name, message } => {
                let message = format!("the variable `{name}` must be set: {message}");
                self.out.told(ProblemKind::RequiredVariable, place(range), &name, message);
            }
            Failure::TooDeep(range) => {
                self.out.problem(ProblemKind::Limit, place(range), "", TOO_DEEP);
            }
        }
    }
}

fn place(node: Node<'_>, shared: bool) -> Place {
    Place { span: node.span(), flow: node.style() == Style::Flow, shared }
}

fn read<'t>(node: Node<'_>, text: &'t str) -> Typed<'t> {
    Typed::read(text, node.style(), node.tag().map(|it| it.0))
}

/// The type that Compose's reader gives a scalar, and how it prints it.
fn typed(node: Node<'_>, written: &str) -> (Kind, SmolStr) {
    match read(node, written) {
        Typed::Null => (Kind::Null, SmolStr::default()),
        Typed::Bool(it) => (Kind::Bool, SmolStr::new_static(if it { "true" } else { "false" })),
        Typed::Int(it) => match octal(written) {
            Some(it) => (Kind::Int, format_smolstr!("{it}")),
            None => (Kind::Int, format_smolstr!("{it}")),
        },
        // Up to 64 bits without a sign, this is a whole number to Compose.
        Typed::Float(_) if written.parse::<u64>().is_ok_and(|it| it > i64::MAX as u64) => {
            (Kind::Int, SmolStr::new(written))
        }
        Typed::Float(it) => (Kind::Float, format_smolstr!("{it}")),
        Typed::NotFinite(it) => (Kind::Float, SmolStr::new_static(it)),
        Typed::Str(text) if node.style() == Style::Plain && node.tag().is_none() => {
            plain_string(text)
        }
        Typed::Str(text) => (Kind::Str, SmolStr::new(text)),
    }
}

/// `0755` is octal to Compose.
fn octal(written: &str) -> Option<i64> {
    let (sign, digits) = match written.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, written.strip_prefix('+').unwrap_or(written)),
    };
    let digits = digits.strip_prefix('0')?;
    if digits.is_empty() || digits.starts_with(['x', 'o', 'b']) {
        return None;
    }
    i64::from_str_radix(digits, 8).ok().map(|it| sign * it)
}

/// What YAML 1.2 takes for a string and Compose's reader does not: `1_000` and dates.
fn plain_string(text: &str) -> (Kind, SmolStr) {
    let numeric = text.starts_with(|it: char| it.is_ascii_digit() || it == '-' || it == '+');
    if numeric && text.contains('_') && !text.contains("__") && !text.ends_with('_') {
        let plain = text.replace('_', "");
        if let Ok(value) = plain.parse::<i64>() {
            let value = octal(&plain).unwrap_or(value);
            return (Kind::Int, format_smolstr!("{value}"));
        }
    }
    if let Some(date) = date(text) {
        return (Kind::Str, date);
    }
    (Kind::Str, SmolStr::new(text))
}

/// A plain date is a point in time to Compose, and prints as one.
fn date(text: &str) -> Option<SmolStr> {
    if !text.starts_with(|it: char| it.is_ascii_digit()) {
        return None;
    }
    let digits = |it: &str, least: usize, most: usize| {
        let plain = it.bytes().all(|it| it.is_ascii_digit());
        (plain && (least..=most).contains(&it.len())).then(|| it.parse::<u32>().ok())?
    };
    let day_end = text.find(['T', 't', ' ']).unwrap_or(text.len());
    let (day, rest) = text.split_at(day_end);
    let mut parts = day.split('-');
    let year = digits(parts.next()?, 4, 4)?;
    let month = digits(parts.next()?, 1, 2).filter(|it| (1..=12).contains(it))?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let day = digits(parts.next()?, 1, 2).filter(|it| (1..=length).contains(it))?;
    if parts.next().is_some() {
        return None;
    }
    if rest.is_empty() {
        return Some(format_smolstr!("{year:04}-{month:02}-{day:02} 00:00:00 +0000 UTC"));
    }
    let blank = rest.starts_with(' ');
    let clock = &rest[1..];
    let zone_at = clock.find(['Z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at(zone_at);
    // The form with a blank has no zone, the one with `T` must have one.
    let zone = match zone {
        "" if blank => "+0000 UTC".to_owned(),
        "Z" if !blank => "+0000 UTC".to_owned(),
        zone if !blank && zone.len() == 6 && zone.as_bytes()[3] == b':' => {
            let plain = zone.replace(':', "");
            format!("{plain} {plain}")
        }
        _ => return None,
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 1, 2).filter(|it| *it < 24)?;
    let minute = digits(parts.next()?, 1, 2).filter(|it| *it < 60)?;
    let second = digits(parts.next()?, 1, 2).filter(|it| *it < 60)?;
    if parts.next().is_some() || !fraction.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format_smolstr!(
        "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{point}{fraction} {zone}"
    ))
}
