//! Where the text of a scalar is written: a patch inside a kustomization has its own lines there.

use super::value::{Data, Value};
use crate::syntax::Style;
use crate::text::Span;

/// The places of the lines of a scalar's text.
#[derive(Debug)]
pub(super) struct Places {
    scalar: Span,
    /// Where each line begins in the scalar's text, and where in the file. Empty where the two differ
    /// by more than indentation.
    lines: Vec<(usize, usize)>,
}

impl Places {
    pub(super) fn new(scalar: &Value, source: &str) -> Places {
        let literal = scalar.as_scalar().filter(|it| it.style == Style::Literal);
        let written = source.get(scalar.span.range());
        let lines = match (literal, written) {
            (Some(literal), Some(written)) => lines(&literal.text, written, scalar.span),
            _ => Vec::new(),
        };
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
        let range = inner.range();
        match (self.offset(range.start), self.offset(range.end)) {
            (Some(start), Some(end)) => Span::new(self.scalar.file, start, end),
            _ => self.scalar,
        }
    }

    fn offset(&self, inner: usize) -> Option<usize> {
        let after = self.lines.partition_point(|(start, _)| *start <= inner);
        let (start, written) = self.lines.get(after.checked_sub(1)?)?;
        Some((written + inner - start).min(self.scalar.end as usize))
    }
}

/// Pairs the lines of a literal block with those of its text.
fn lines(text: &str, written: &str, span: Span) -> Vec<(usize, usize)> {
    let mut lines = Vec::new();
    let mut inner = 0;
    let mut at = written.find('\n').map_or(written.len(), |end| end + 1);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let rest = written.get(at..).unwrap_or_default();
        let source = rest.split_inclusive('\n').next().unwrap_or_default();
        let Some(indent) = source.trim_end_matches(['\n', '\r']).len().checked_sub(content.len())
        else {
            // A blank line may be shorter than the indentation.
            at += source.len();
            inner += line.len();
            continue;
        };
        lines.push((inner, span.start as usize + at + indent));
        at += source.len();
        inner += line.len();
    }
    lines
}
