//! Executes templates.

mod call;
mod evaluate;
mod member;

use super::budget::MAX_NESTING;
use super::failure::{Failure, Frame, Result};
use super::format;
use super::functions;
use super::template::node::{Branch, Node, Pipe};
use super::template::{Parsed, Source, Template, parse};
use super::value::{Data, Heap, Value};
use crate::build::origin::Text;
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// What all templates of one rendering share.
#[derive(Debug)]
pub struct Engine<'e> {
    pub heap: &'e Heap,
    /// What `now` is, in seconds since 1970.
    pub now: i64,
    depth: Cell<usize>,
    /// How many random values were made: each has its own placeholder.
    randoms: Cell<usize>,
}

/// The named templates that can be included: those of the charts, and for `tpl` its own before them.
#[derive(Debug, Default)]
pub struct Namespace {
    outer: Option<Rc<Namespace>>,
    templates: FxHashMap<String, Arc<Template>>,
}

impl Namespace {
    pub fn get(&self, name: &str) -> Option<&Arc<Template>> {
        let own = self.templates.get(name);
        own.or_else(|| self.outer.as_ref().and_then(|outer| outer.get(name)))
    }

    /// Parses a source and adds its templates.
    pub fn add_source(&mut self, source: Source) -> Result<()> {
        let parsed = parse(&Arc::new(source), functions::is_known)?;
        self.add(&parsed);
        Ok(())
    }

    /// Adds the body of a source under its name and what it defines. A later definition replaces an earlier
    /// one, unless it is blank.
    pub fn add(&mut self, parsed: &Parsed) {
        for template in parsed.defined.iter().chain([&parsed.body]) {
            self.define(template);
        }
    }

    fn define(&mut self, template: &Arc<Template>) {
        let is_blank = template.nodes.iter().all(|node| match node {
            Node::Text(text) => text.as_str().trim().is_empty(),
            _ => false,
        });
        if is_blank && self.get(&template.name).is_some() {
            return;
        }
        self.templates.insert(template.name.clone(), Arc::clone(template));
    }
}

/// Context of a function call: the engine, the heap and the templates by name.
#[derive(Debug)]
pub struct Context<'c> {
    pub engine: &'c Engine<'c>,
    pub heap: &'c Heap,
    namespace: &'c Rc<Namespace>,
}

impl Context<'_> {
    /// Executes a named template and returns its output.
    pub fn include(&self, name: &str, dot: &Value) -> Result<Text> {
        let Some(template) = self.namespace.get(name) else {
            let message =
                format!("template: no template {name:?} associated with template \"gotpl\"");
            return Err(Failure::new(message));
        };
        self.engine.execute(template, self.namespace, dot)
    }

    /// Parses a string as a template and executes it.
    pub fn tpl(&self, text: &Rc<Text>, dot: &Value) -> Result<Text> {
        let excuse = |mut failure: Box<Failure>| {
            if let Some(outer) = failure.frames.last_mut() {
                let quoted = format::quoted(text);
                outer.cause = format!("error during tpl function execution for {quoted}: ");
            }
            failure
        };
        let source = Source { name: "gotpl".to_owned(), text: (**text).clone() };
        let mut namespace =
            Namespace { outer: Some(Rc::clone(self.namespace)), ..Namespace::default() };
        self.heap.budget.spend_steps(1 + text.len() / 16)?;
        namespace.add_source(source).map_err(excuse)?;
        let namespace = Rc::new(namespace);
        let Some(template) = namespace.get("gotpl").cloned() else { return Ok(Text::new()) };
        let output = self.engine.execute(&template, &namespace, dot).map_err(excuse)?;
        Ok(output.replace(format::NO_VALUE, &Text::new()))
    }

    /// A number that is different for each random value of one rendering.
    pub fn next_random(&self) -> usize {
        let number = self.engine.randoms.get();
        self.engine.randoms.set(number + 1);
        number
    }
}

impl<'e> Engine<'e> {
    pub fn new(heap: &'e Heap, now: i64) -> Engine<'e> {
        Engine { heap, now, depth: Cell::new(0), randoms: Cell::new(0) }
    }

    pub fn execute(
        &self,
        template: &Arc<Template>,
        namespace: &Rc<Namespace>,
        dot: &Value,
    ) -> Result<Text> {
        let mut state = State {
            engine: self,
            heap: self.heap,
            namespace,
            template,
            variables: vec![Variable { name: "$".into(), value: dot.clone(), is_item: false }],
            null_item: false,
            out: Text::new(),
        };
        state.nested(|state| state.walk(dot, &template.nodes))?;
        Ok(state.out)
    }
}

/// How a list of nodes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Normal,
    Break,
    Continue,
}

/// The execution of one template.
struct State<'s> {
    engine: &'s Engine<'s>,
    heap: &'s Heap,
    namespace: &'s Rc<Namespace>,
    template: &'s Template,
    variables: Vec<Variable>,
    /// The dot is an item of a `range` and null.
    null_item: bool,
    out: Text,
}

struct Variable {
    name: Arc<str>,
    value: Value,
    /// The value is an item of a `range`: a field of a null item is an error, a field of any other
    /// null is null again.
    is_item: bool,
}

impl State<'_> {
    /// Goes one level deeper; the stack is the machine's, so levels are counted.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let depth = self.engine.depth.get();
        if depth >= MAX_NESTING {
            let message = format!("templates are nested more than {MAX_NESTING} levels deep");
            return Err(Failure::limit(message));
        }
        self.engine.depth.set(depth + 1);
        let result = inner(self);
        self.engine.depth.set(depth);
        result
    }

    /// The failure with the expression that it happened in.
    fn framed(
        &self,
        mut failure: Box<Failure>,
        range: &Range<usize>,
        at: usize,
        prefix: String,
    ) -> Box<Failure> {
        let source = &self.template.source;
        failure.frames.push(Frame {
            template: self.template.name.clone(),
            location: source.location(at),
            expression: source.text.as_str()[range.clone()].to_owned(),
            prefix,
            cause: String::new(),
            span: source.span(range),
        });
        failure
    }

    fn fail<T>(&self, message: impl Into<String>, range: &Range<usize>, at: usize) -> Result<T> {
        Err(self.framed(Failure::new(message), range, at, String::new()))
    }

    fn walk(&mut self, dot: &Value, nodes: &[Node]) -> Result<Flow> {
        for node in nodes {
            self.heap.budget.spend_steps(1)?;
            match node {
                Node::Text(text) => {
                    self.heap.budget.spend_bytes(text.weight())?;
                    self.out.push(text);
                }
                Node::Action(pipe) => self.action(dot, pipe)?,
                Node::If(branch) | Node::With(branch) => {
                    let sets_dot = matches!(node, Node::With(_));
                    match self.nested(|state| state.branch(dot, branch, sets_dot))? {
                        Flow::Normal => {}
                        flow => return Ok(flow),
                    }
                }
                Node::Range(branch) => match self.nested(|state| state.range(dot, branch))? {
                    Flow::Normal => {}
                    flow => return Ok(flow),
                },
                Node::Template { name, pipe, range } => {
                    self.template(dot, name, pipe.as_ref(), range)?;
                }
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
        }
        Ok(Flow::Normal)
    }

    fn action(&mut self, dot: &Value, pipe: &Pipe) -> Result<()> {
        let value = self.pipeline(dot, pipe)?;
        if !pipe.variables.is_empty() {
            return Ok(());
        }
        let text = format::printed(&value, self.heap)?;
        self.heap.budget.spend_bytes(text.weight())?;
        match self.template.source.span(&pipe.range) {
            Some(span) => self.out.push(&text.printed_by(span)),
            None => self.out.push(&text),
        }
        Ok(())
    }

    fn branch(&mut self, dot: &Value, branch: &Branch, sets_dot: bool) -> Result<Flow> {
        let known = self.variables.len();
        let value = self.pipeline(dot, &branch.pipe)?;
        let flow = if value.is_true() {
            let outer = self.null_item;
            self.null_item &= !sets_dot;
            let flow = self.walk(if sets_dot { &value } else { dot }, &branch.then);
            self.null_item = outer;
            flow
        } else {
            self.walk(dot, &branch.otherwise)
        };
        self.variables.truncate(known);
        flow
    }

    fn range(&mut self, dot: &Value, branch: &Branch) -> Result<Flow> {
        let known = self.variables.len();
        let value = self.pipeline(dot, &branch.pipe)?;
        let items = self.items(&value, &branch.pipe)?;
        if items.is_empty() {
            let flow = self.walk(dot, &branch.otherwise);
            self.variables.truncate(known);
            return flow;
        }
        let outer = self.null_item;
        for (key, item) in items {
            self.heap.budget.spend_steps(1)?;
            self.set_loop_variables(branch, known, key, &item);
            self.null_item = item.is_null();
            match self.walk(&item, &branch.then)? {
                Flow::Break => break,
                Flow::Normal | Flow::Continue => {}
            }
        }
        self.null_item = outer;
        self.variables.truncate(known);
        Ok(Flow::Normal)
    }

    /// The pairs that a `range` goes through.
    fn items(&self, value: &Value, pipe: &Pipe) -> Result<Vec<(Value, Value)>> {
        let numbered = |items: Vec<Value>| -> Vec<(Value, Value)> {
            items.into_iter().enumerate().map(|(at, item)| (Value::count(at), item)).collect()
        };
        let items = match &value.data {
            Data::Null => Vec::new(),
            Data::List(list) => numbered(list.items().clone()),
            Data::Dict(dict) => {
                let entries = dict.entries();
                let pairs = entries.iter().map(|(key, entry)| {
                    (Value::text(functions::key_text(key, entry.key)), entry.value.clone())
                });
                pairs.collect()
            }
            Data::Int(count) | Data::Int64(count) => {
                let count = usize::try_from(*count).unwrap_or(0);
                self.heap.budget.spend_steps(count)?;
                (0..count).map(|at| (Value::count(at), Value::count(at))).collect()
            }
            Data::Object(object) => match member::range_items(object) {
                Some(items) => items,
                None => return self.cannot_range(value, pipe),
            },
            Data::Bool(_) | Data::Float(_) | Data::Str(_) | Data::Bytes(_) | Data::Time(_) => {
                return self.cannot_range(value, pipe);
            }
        };
        self.heap.budget.spend_steps(items.len())?;
        Ok(items)
    }

    fn cannot_range<T>(&self, value: &Value, pipe: &Pipe) -> Result<T> {
        let text = format::display(value, self.heap)?;
        self.fail(format!("range can't iterate over {text}"), &pipe.range, pipe.range.start)
    }

    /// Gives a loop's variables their values. What was declared inside the last round is gone.
    fn set_loop_variables(&mut self, branch: &Branch, known: usize, key: Value, item: &Value) {
        let pipe = &branch.pipe;
        let values = match pipe.variables.len() {
            0 => Vec::new(),
            1 => vec![item.clone()],
            _ => vec![key, item.clone()],
        };
        self.variables.truncate(known);
        for (name, value) in pipe.variables.iter().zip(values) {
            if pipe.assigns {
                self.assign(name, value);
            } else {
                self.variables.push(Variable { name: Arc::clone(name), value, is_item: true });
            }
        }
    }

    fn assign(&mut self, name: &str, value: Value) {
        if let Some(known) = self.variables.iter_mut().rev().find(|known| &*known.name == name) {
            (known.value, known.is_item) = (value, false);
        }
    }

    fn template(
        &mut self,
        dot: &Value,
        name: &str,
        pipe: Option<&Pipe>,
        range: &Range<usize>,
    ) -> Result<()> {
        let namespace = self.namespace;
        let Some(template) = namespace.get(name) else {
            let message = format!("template {name:?} not defined");
            return self.fail(message, range, range.start);
        };
        let value = match pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Value::NULL,
        };
        let text = self.engine.execute(template, namespace, &value)?;
        match self.template.source.span(range) {
            Some(span) => self.out.push(&text.printed_by(span)),
            None => self.out.push(&text),
        }
        Ok(())
    }
}
