//! The blocks and pipelines of templates.

use super::shape::{MAX_KEY_LENGTH, MAX_WEIGHT, Missing, Shape};
use super::{Condition, ValueRead, ValueUses, Wanted};
use crate::build::helm::template::node::{
    Branch, Command, Expression, ExpressionKind, Literal, Node, Pipe,
};
use crate::build::helm::template::{Source, Template};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// Maximum number of commands that are followed and of shapes that are looked at for one chart.
pub(super) const MAX_STEPS: usize = 500_000;

/// Maximum number of conditions around a place.
const MAX_CONDITIONS: usize = 64;

/// Maximum number of templates that include one another.
const MAX_DEPTH: usize = 32;

/// Maximum number of pipelines inside each other in which conditions are looked for.
const MAX_NESTED_CONDITIONS: usize = 8;

/// Follows contexts through the templates of one chart.
pub(super) struct Walker<'w> {
    pub chart: &'w str,
    pub templates: &'w FxHashMap<String, Arc<Template>>,
    /// Whether there are no other named templates.
    pub is_complete: bool,
    pub uses: ValueUses,
    /// The named templates that were followed, with their contexts.
    seen: FxHashSet<(String, String)>,
    steps: usize,
    depth: usize,
    /// Whether the pipeline decides about a branch, so that what it reads may be missing.
    testing: bool,
    /// The command that is followed.
    place: Option<Span>,
    /// What the blocks that are followed ask of values.
    conditions: Vec<Condition>,
    /// The same as the reads have them, for as long as the blocks are the same.
    shared_conditions: Option<Arc<[Condition]>>,
    /// The reads that are noted.
    noted: FxHashSet<Noted>,
}

/// What tells two reads apart: the path, the place, whether all is read, what may be missing, and where the
/// conditions are kept.
type Noted = (Rc<[SmolStr]>, Span, bool, Missing, *const Condition);

/// The dot and the variables in scope at one place of a template.
pub(super) struct Scope {
    source: Arc<Source>,
    dot: Shape,
    /// `$`: the context of the whole template.
    root: Shape,
    variables: Vec<(Arc<str>, Shape)>,
}

impl<'w> Walker<'w> {
    pub fn new(chart: &'w str, templates: &'w FxHashMap<String, Arc<Template>>) -> Walker<'w> {
        Walker {
            chart,
            templates,
            is_complete: false,
            uses: ValueUses::default(),
            seen: FxHashSet::default(),
            steps: 0,
            depth: 0,
            testing: false,
            place: None,
            conditions: Vec::new(),
            shared_conditions: None,
            noted: FxHashSet::default(),
        }
    }

    /// What was read, and the number of steps.
    pub fn finish(self) -> (ValueUses, usize) {
        (self.uses, self.steps)
    }

    /// Spends steps. Where none are left, anything may be read.
    pub fn spend(&mut self, steps: usize) -> bool {
        if steps > MAX_STEPS - self.steps {
            self.steps = MAX_STEPS;
            self.uses.is_open = true;
            return false;
        }
        self.steps += steps;
        true
    }

    /// The shape, unless it has grown too large to be followed.
    fn bounded(&mut self, shape: Shape) -> Shape {
        if shape.weight() <= MAX_WEIGHT {
            return shape;
        }
        self.uses.is_open = true;
        Shape::Unknown
    }

    /// Follows a template with a context.
    pub fn template(&mut self, template: &Template, dot: Shape) {
        if self.depth >= MAX_DEPTH {
            self.uses.is_open = true;
            return;
        }
        self.depth += 1;
        let testing = std::mem::replace(&mut self.testing, false);
        let source = Arc::clone(&template.source);
        let mut scope = Scope { source, root: dot.clone(), dot, variables: Vec::new() };
        self.nodes(&template.nodes, &mut scope);
        self.testing = testing;
        self.depth -= 1;
    }

    /// Follows a named template, once with each context.
    pub fn named(&mut self, name: &str, dot: Shape) {
        let Some(template) = self.templates.get(name) else {
            // Rendering stops at a template that is defined nowhere.
            if !self.is_complete {
                self.consume(&dot, true);
            }
            return;
        };
        let mut key = String::new();
        dot.write_key(&mut key, 0);
        if !self.spend(dot.weight()) || key.len() > MAX_KEY_LENGTH {
            self.uses.is_open = true;
            return;
        }
        if self.seen.insert((name.to_owned(), key)) {
            let template = Arc::clone(template);
            self.template(&template, dot);
        }
    }

    fn nodes(&mut self, nodes: &[Node], scope: &mut Scope) {
        let variables = scope.variables.len();
        for node in nodes {
            match node {
                Node::Text(_) | Node::Break | Node::Continue => {}
                Node::Action(pipe) => {
                    let shape = self.pipe(pipe, scope);
                    if pipe.variables.is_empty() {
                        self.consume(&shape, true);
                    }
                }
                Node::If(branch) => self.branch(branch, scope, Block::If),
                Node::With(branch) => self.branch(branch, scope, Block::With),
                Node::Range(branch) => self.branch(branch, scope, Block::Range),
                Node::Template { name, pipe, .. } => {
                    let dot = match pipe {
                        Some(pipe) => self.pipe(pipe, scope),
                        None => Shape::Unknown,
                    };
                    self.named(name, dot);
                }
            }
        }
        scope.variables.truncate(variables);
    }

    fn branch(&mut self, branch: &Branch, scope: &mut Scope, block: Block) {
        let variables = scope.variables.len();
        let testing = std::mem::replace(&mut self.testing, true);
        let shape = self.pipe(&branch.pipe, scope);
        let inner = match block {
            Block::If => {
                self.consume(&shape, false);
                None
            }
            Block::With => {
                self.consume(&shape, false);
                Some(shape)
            }
            Block::Range => Some(self.element(&shape)),
        };
        self.testing = testing;
        if let (Block::Range, Some(element)) = (block, &inner) {
            // The last variable is the element, the one before it the key.
            let last = scope.variables.len();
            for (_, shape) in &mut scope.variables[variables..last] {
                *shape = Shape::Unknown;
            }
            if let Some((_, shape)) = scope.variables[variables..last].last_mut() {
                *shape = element.clone();
            }
        }
        let known = self.conditions.len();
        let shared = self.shared_conditions.clone();
        if block != Block::Range {
            self.add_conditions(&branch.pipe, scope, 0);
            self.shared_conditions = None;
        }
        let outer = match inner {
            Some(inner) => std::mem::replace(&mut scope.dot, inner),
            None => scope.dot.clone(),
        };
        self.nodes(&branch.then, scope);
        self.conditions.truncate(known);
        self.shared_conditions = shared;
        scope.dot = outer;
        self.nodes(&branch.otherwise, scope);
        scope.variables.truncate(variables);
    }

    /// Adds what the pipeline of a block asks of values: that they are there, or equal to a text, or several
    /// such things at once.
    fn add_conditions(&mut self, pipe: &Pipe, scope: &mut Scope, depth: usize) {
        let [Command { words, .. }] = pipe.commands.as_slice() else { return };
        let Some((first, rest)) = words.split_first().filter(|_| depth < MAX_NESTED_CONDITIONS)
        else {
            return;
        };
        match (&first.kind, rest) {
            (ExpressionKind::Field(_) | ExpressionKind::Variable(..), []) => {
                let shape = self.expression(first, scope);
                self.add_condition(&shape, Wanted::Something);
            }
            (ExpressionKind::Chain(inner, names), []) if names.is_empty() => {
                self.add_conditions(inner, scope, depth + 1);
            }
            (ExpressionKind::Function(name), all) if &**name == "and" => {
                for word in all {
                    self.add_conditions_of(word, scope, depth);
                }
            }
            // One of them is enough.
            (ExpressionKind::Function(name), all) if &**name == "or" => {
                let known = self.conditions.len();
                for word in all {
                    self.add_conditions_of(word, scope, depth);
                    if self.conditions.len() > known {
                        break;
                    }
                }
                for condition in &mut self.conditions[known..] {
                    condition.is_alternative = true;
                }
            }
            (ExpressionKind::Function(name), [a, b]) if matches!(&**name, "eq" | "contains") => {
                let is_plain = |it: &Expression| {
                    !matches!(it.kind, ExpressionKind::Chain(..) | ExpressionKind::Function(_))
                };
                if !is_plain(a) || !is_plain(b) {
                    return;
                }
                let sides = (self.expression(a, scope), self.expression(b, scope));
                if let (value @ Shape::Value { .. }, Shape::Text(text))
                | (Shape::Text(text), value @ Shape::Value { .. }) = sides
                {
                    let wanted = match &**name {
                        "eq" => Wanted::Equal(text),
                        _ => Wanted::Containing(text),
                    };
                    self.add_condition(&value, wanted);
                }
            }
            _ => {}
        }
    }

    /// Adds what a part of `and` or `or` asks of values.
    fn add_conditions_of(&mut self, word: &Expression, scope: &mut Scope, depth: usize) {
        match &word.kind {
            ExpressionKind::Chain(inner, names) if names.is_empty() => {
                self.add_conditions(inner, scope, depth + 1);
            }
            ExpressionKind::Field(_) | ExpressionKind::Variable(..) => {
                let shape = self.expression(word, scope);
                self.add_condition(&shape, Wanted::Something);
            }
            ExpressionKind::Chain(..)
            | ExpressionKind::Dot
            | ExpressionKind::Nil
            | ExpressionKind::Literal(_)
            | ExpressionKind::Function(_) => {}
        }
    }

    fn add_condition(&mut self, shape: &Shape, wanted: Wanted) {
        if let Shape::Value { path, .. } = shape {
            if self.conditions.len() >= MAX_CONDITIONS {
                self.uses.is_open = true;
                return;
            }
            let condition = Condition { path: path.to_vec(), wanted, is_alternative: false };
            self.conditions.push(condition);
        }
    }

    /// What `range` goes over. The elements of a value are read with it.
    fn element(&mut self, shape: &Shape) -> Shape {
        match shape {
            Shape::List(items) => Shape::either(items.to_vec()),
            Shape::Record(fields) => Shape::either(fields.values().cloned().collect()),
            _ => {
                self.consume(shape, true);
                Shape::Unknown
            }
        }
    }

    pub fn pipe(&mut self, pipe: &Pipe, scope: &mut Scope) -> Shape {
        let mut shape = Shape::Unknown;
        let mut piped = None;
        for command in &pipe.commands {
            shape = self.command(command, piped.take(), scope);
            shape = self.bounded(shape);
            piped = Some(shape.clone());
        }
        for name in &pipe.variables {
            if !pipe.assigns {
                scope.variables.push((Arc::clone(name), shape.clone()));
            } else if let Some(known) =
                scope.variables.iter_mut().rev().find(|known| known.0 == *name)
            {
                let before = known.1.clone();
                let weight = before.weight() + shape.weight();
                let is_small = weight <= MAX_WEIGHT;
                known.1 = match is_small && self.spend(weight) {
                    true => Shape::either(vec![before.optional(), shape.clone().optional()]),
                    false => Shape::Unknown,
                };
                self.uses.is_open |= !is_small;
            }
        }
        shape
    }

    fn command(&mut self, command: &Command, piped: Option<Shape>, scope: &mut Scope) -> Shape {
        if !self.spend(1) {
            return Shape::Unknown;
        }
        let Some((first, rest)) = command.words.split_first() else { return Shape::Unknown };
        let mut arguments: Vec<Shape> =
            rest.iter().map(|word| self.expression(word, scope)).collect();
        arguments.extend(piped);
        if let ExpressionKind::Function(name) = &first.kind {
            self.place = scope.source.span(&command.range);
            return self.call(name, arguments);
        }
        // Arguments of a method, such as `.Files.Get`.
        arguments.iter().for_each(|argument| self.consume(argument, true));
        self.expression(first, scope)
    }

    fn expression(&mut self, expression: &Expression, scope: &mut Scope) -> Shape {
        let range = &expression.range;
        match &expression.kind {
            ExpressionKind::Dot => scope.dot.clone(),
            ExpressionKind::Nil => Shape::Unknown,
            ExpressionKind::Literal(Literal::Text(text)) => Shape::Text(text.as_str().into()),
            ExpressionKind::Literal(Literal::Bool(_) | Literal::Int(_) | Literal::Float(_)) => {
                Shape::Unknown
            }
            ExpressionKind::Field(names) => {
                let dot = scope.dot.clone();
                self.fields(dot, names, range, scope)
            }
            ExpressionKind::Variable(name, names) => {
                let shape = match &**name {
                    "$" => scope.root.clone(),
                    name => {
                        let known = scope.variables.iter().rev().find(|known| &*known.0 == name);
                        known.map_or(Shape::Unknown, |known| known.1.clone())
                    }
                };
                self.fields(shape, names, range, scope)
            }
            ExpressionKind::Chain(pipe, names) => {
                let shape = self.pipe(pipe, scope);
                // A field of a value in parentheses that is missing is missing too, and no error.
                let shape = if names.is_empty() { shape } else { shape.optional() };
                self.fields(shape, names, range, scope)
            }
            ExpressionKind::Function(name) => self.call(name, Vec::new()),
        }
    }

    fn fields(
        &mut self,
        start: Shape,
        names: &[Arc<str>],
        range: &Range<usize>,
        scope: &Scope,
    ) -> Shape {
        if !self.spend(start.weight().saturating_mul(names.len())) {
            return Shape::Unknown;
        }
        let span = scope.source.span(range);
        names.iter().fold(start, |shape, name| shape.field(name, span, self.chart))
    }

    /// The place of the call that is followed.
    pub fn place(&self) -> Option<Span> {
        self.place
    }

    /// Notes that something is read, with all that is below it or by itself.
    pub fn consume(&mut self, shape: &Shape, is_whole: bool) {
        if !self.spend(1) {
            return;
        }
        match shape {
            Shape::Value { path, missing, span } => {
                let missing = if self.testing { (*missing).max(Missing::Last) } else { *missing };
                self.read(path, is_whole, missing, *span);
            }
            Shape::Root => self.uses.is_open |= is_whole,
            Shape::Record(fields) if is_whole => {
                fields.values().for_each(|shape| self.consume(shape, true));
            }
            Shape::List(shapes) if is_whole => {
                shapes.iter().for_each(|shape| self.consume(shape, true));
            }
            Shape::Either(shapes) => shapes.iter().for_each(|shape| self.consume(shape, is_whole)),
            Shape::Record(_)
            | Shape::List(_)
            | Shape::Metadata
            | Shape::TemplatePath
            | Shape::Text(_)
            | Shape::Unknown => {}
        }
    }

    fn read(&mut self, path: &Rc<[SmolStr]>, is_whole: bool, missing: Missing, span: Option<Span>) {
        let Some(span) = span else {
            // `.Values` itself, which has no field that was named.
            self.uses.is_open |= is_whole;
            return;
        };
        let conditions = self.shared_conditions.get_or_insert_with(|| self.conditions[..].into());
        let conditions = Arc::clone(conditions);
        if self.noted.insert((Rc::clone(path), span, is_whole, missing, conditions.as_ptr())) {
            let path = path.to_vec();
            self.uses.reads.push(ValueRead { path, span, is_whole, missing, conditions });
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    If,
    With,
    Range,
}
