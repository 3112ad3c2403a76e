//! Where the text of a scalar is written: a patch inside a kustomization has its own lines there.

use super::value::{Data, Value};
use crate::syntax::{LiteralLines, Style};
use crate::text::Span;

/// The places of the lines of a scalar's text.
#[derive(Debug)]
pub(super) struct Places {
    scalar: Span,
    /// `None` where the text differs from what is written by more than indentation.
    lines: Option<LiteralLines>,
}

impl Places {
    pub(super) fn new(scalar: &Value, source: &str) -> Places {
        let literal = scalar.as_scalar().filter(|it| it.style == Style::Literal);
        let written = source.get(scalar.span.range());
        let lines = literal.zip(written);
        let lines =
            lines.map(|(literal, written)| LiteralLines::new(scalar.span, &literal.text, written));
        Places { scalar: scalar.span, lines }
    }

    /// Moves all spans of a value that was read from the scalar's text into the file.
    pub(super) fn map(&self, value: &mut Value) {
        value.span = self.span(value.span);
        match &mut value.data {
            Data::Scalar(_) => {}
            Data::List(items) => items.iter_mut().for_each(|item| self.map(item)),
            Data::Map(map) => map.values_mut().for_each(|field| {
                field.key = self.span(field.key);
                self.map(&mut field.value);
            }),
        }
    }

    fn span(&self, inner: Span) -> Span {
        let lines = self.lines.as_ref();
        lines.and_then(|lines| lines.span(inner.range())).unwrap_or(self.scalar)
    }
}
