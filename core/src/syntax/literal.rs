//! Where the text of a literal block is written: a patch inside a kustomization has its own lines there.

use crate::text::Span;
use std::ops::Range;

/// The places of the lines of a literal block's text.
#[derive(Debug)]
pub struct LiteralLines {
    /// Where each line begins in the text, and where in the file.
    lines: Vec<(usize, usize)>,
    block: Span,
}

impl LiteralLines {
    /// Pairs the lines of a text with those of the block that it was read from. `written` is the block from its
    /// header on, as the file has it.
    pub fn new(block: Span, text: &str, written: &str) -> LiteralLines {
        let mut lines = Vec::new();
        let mut inner = 0;
        let mut at = written.find('\n').map_or(written.len(), |end| end + 1);
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            let rest = written.get(at..).unwrap_or_default();
            let source = rest.split_inclusive('\n').next().unwrap_or_default();
            let length = source.trim_end_matches(['\n', '\r']).len();
            // A blank line may be shorter than the indentation.
            if let Some(indent) = length.checked_sub(content.len()) {
                lines.push((inner, block.start as usize + at + indent));
            }
            at += source.len();
            inner += line.len();
        }
        LiteralLines { lines, block }
    }

    /// Returns the place in the file of a range of the text.
    pub fn span(&self, inner: Range<usize>) -> Option<Span> {
        let (start, end) = (self.offset(inner.start)?, self.offset(inner.end)?);
        Some(Span::new(self.block.file, start, end))
    }

    fn offset(&self, inner: usize) -> Option<usize> {
        let after = self.lines.partition_point(|(start, _)| *start <= inner);
        let (start, written) = self.lines.get(after.checked_sub(1)?)?;
        Some((written + inner - start).min(self.block.end as usize))
    }
}
