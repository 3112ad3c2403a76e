//! What functions do with values: most read all of their arguments, some hand them on.

use super::shape::Shape;
use super::walk::Walker;
use std::collections::BTreeMap;

impl Walker<'_> {
    /// What a call returns. Whatever is not handed on is read.
    pub(super) fn call(&mut self, name: &str, arguments: Vec<Shape>) -> Shape {
        if !self.spend(arguments.iter().map(Shape::weight).sum()) {
            return Shape::Unknown;
        }
        match (name, arguments.as_slice()) {
            ("include", [template, context]) => self.include(template, context),
            ("tpl", [text, context]) => {
                self.uses.renders_texts = true;
                self.consume(text, true);
                if !matches!(context, Shape::Root | Shape::Record(_)) {
                    self.consume(context, true);
                }
                Shape::Unknown
            }
            ("default" | "coalesce" | "ternary" | "and" | "or", _) => self.one_of(arguments),
            ("empty" | "not", [value]) => self.test(value),
            ("kindIs" | "typeIs" | "typeIsLike", [_, value]) => self.test(value),
            ("kindOf" | "typeOf", [value]) => self.test(value),
            ("required", [_, value]) => {
                self.test(value);
                value.clone().optional()
            }
            ("dict", _) => self.record(&arguments),
            ("list" | "tuple", _) => Shape::list(arguments),
            ("first" | "last" | "mustFirst" | "mustLast", [Shape::List(items)]) => {
                Shape::either(items.to_vec())
            }
            ("index", [base, keys @ ..]) => self.at(base, keys),
            ("get", [base, key]) => self.at(&base.clone().optional(), std::slice::from_ref(key)),
            ("dig", [keys @ .., fallback, base]) => {
                let found = self.at(&base.clone().optional(), keys);
                Shape::either(vec![found.optional(), fallback.clone()])
            }
            ("hasKey", [base, key]) => {
                let value = self.at(&base.clone().optional(), std::slice::from_ref(key));
                self.test(&value.optional())
            }
            ("set", [base, key, value]) => {
                // From here on the key is there.
                if let (Shape::Value { .. }, Some(_)) = (base, key.as_text()) {
                    let known = self.at(base, std::slice::from_ref(key));
                    self.consume(&known.optional(), true);
                }
                self.consume(value, true);
                base.clone()
            }
            ("deepCopy" | "mustDeepCopy" | "unset", [value, ..]) => value.clone(),
            ("merge" | "mergeOverwrite" | "mustMerge" | "mustMergeOverwrite", _) => {
                for argument in arguments.iter().filter(|it| !matches!(it, Shape::Root)) {
                    self.merged(argument);
                }
                Shape::either(arguments.into_iter().map(Shape::optional).collect())
            }
            ("print" | "printf", _) => self.print(name, &arguments),
            _ => {
                arguments.iter().for_each(|argument| self.consume(argument, true));
                Shape::Unknown
            }
        }
    }

    /// Follows an included template. A computed name can be any template, so that its context counts as
    /// read, unless the name is that of another file of the chart, which is rendered anyway.
    fn include(&mut self, template: &Shape, context: &Shape) -> Shape {
        match template {
            Shape::Text(name) => self.named(name, context.clone()),
            Shape::TemplatePath => {}
            _ => self.consume(context, true),
        }
        Shape::Unknown
    }

    /// Notes that values are tested, and returns that it is one of them.
    fn one_of(&mut self, arguments: Vec<Shape>) -> Shape {
        arguments.iter().for_each(|argument| {
            self.test(argument);
        });
        Shape::either(arguments.into_iter().map(Shape::optional).collect())
    }

    /// Notes that a value is looked at, and may be missing.
    fn test(&mut self, value: &Shape) -> Shape {
        self.consume(&value.clone().optional(), false);
        Shape::Unknown
    }

    fn record(&mut self, arguments: &[Shape]) -> Shape {
        let mut fields = BTreeMap::new();
        for pair in arguments.chunks(2) {
            match pair {
                [Shape::Text(key), value] => {
                    fields.insert(key.clone(), value.clone());
                }
                _ => pair.iter().for_each(|shape| self.consume(shape, true)),
            }
        }
        Shape::record(fields)
    }

    /// The value at keys below another one. Where a key is computed, all of it counts as read.
    fn at(&mut self, base: &Shape, keys: &[Shape]) -> Shape {
        if let (Shape::List(items), [_]) = (base, keys) {
            return Shape::either(items.to_vec());
        }
        let names: Option<Vec<&str>> = keys.iter().map(Shape::as_text).collect();
        let Some(names) = names else {
            self.consume(base, true);
            keys.iter().for_each(|key| self.consume(key, true));
            return Shape::Unknown;
        };
        let span = self.place();
        names.iter().fold(base.clone(), |shape, name| shape.field(name, span, self.chart))
    }

    /// Notes that all of a value is read, but for the context of the chart inside of a dict.
    fn merged(&mut self, shape: &Shape) {
        match shape {
            Shape::Record(fields) => {
                for field in fields.values().filter(|field| !matches!(field, Shape::Root)) {
                    self.merged(field);
                }
            }
            Shape::Value { .. } | Shape::List(_) | Shape::Either(_) => {
                self.consume(&shape.clone().optional(), true);
            }
            Shape::Root
            | Shape::Metadata
            | Shape::TemplatePath
            | Shape::Text(_)
            | Shape::Unknown => {}
        }
    }

    /// The text that is printed, where it is known.
    fn print(&mut self, name: &str, arguments: &[Shape]) -> Shape {
        if arguments.iter().any(|argument| matches!(argument, Shape::TemplatePath)) {
            return Shape::TemplatePath;
        }
        let texts: Option<Vec<&str>> = arguments.iter().map(Shape::as_text).collect();
        match (name, texts.as_deref()) {
            ("print", Some(texts)) => Shape::Text(texts.concat().into()),
            ("printf", Some([format, texts @ ..]))
                if format.matches('%').count() == texts.len()
                    && format.matches("%s").count() == texts.len() =>
            {
                let mut printed = String::new();
                let mut texts = texts.iter();
                for (at, part) in format.split("%s").enumerate() {
                    if at > 0 {
                        printed.push_str(texts.next().copied().unwrap_or_default());
                    }
                    printed.push_str(part);
                }
                Shape::Text(printed.into())
            }
            _ => {
                arguments.iter().for_each(|argument| self.consume(argument, true));
                Shape::Unknown
            }
        }
    }
}
