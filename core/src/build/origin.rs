//! Text that knows where each of its parts was written.
//!
//! Every operation of a renderer (slicing, indenting, replacing, joining) is made here on text and
//! map at once, so that a finding in rendered output can point at the line a person would change.

use crate::text::Span;
use std::ops::Range;

/// Maximum number of pieces of one line that are looked at for the values behind them.
const MAX_PIECES: usize = 16;

/// A stretch of a [`Text`] that came from one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Offset in the text, in bytes.
    pub at: usize,
    pub length: usize,
    /// Whether the bytes of the text are, one by one, the bytes of `from`.
    pub exact: bool,
    /// The place that a person would change.
    pub from: Span,
    /// The place behind it: the value that an action printed, or the action that printed a value.
    pub via: Option<Span>,
}

impl Piece {
    fn end(&self) -> usize {
        self.at + self.length
    }

    /// The piece cut to a range of the text, and moved by `shift` afterwards.
    fn cut(&self, range: &Range<usize>) -> Option<Piece> {
        let start = self.at.max(range.start);
        let end = self.end().min(range.end);
        if start >= end {
            return None;
        }
        let from =
            if self.exact { self.from.inner(start - self.at..end - self.at) } else { self.from };
        Some(Piece { at: start - range.start, length: end - start, from, ..*self })
    }
}

/// The source of a range of rendered text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub span: Span,
    pub exact: bool,
    pub via: Option<Span>,
}

/// A string with the origins of its parts. Pieces are in order and do not overlap; what lies
/// between them was made by the renderer itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    text: String,
    pieces: Vec<Piece>,
}

impl Text {
    pub fn new() -> Text {
        Text::default()
    }

    /// Text that was written nowhere.
    pub fn plain(text: impl Into<String>) -> Text {
        Text { text: text.into(), pieces: Vec::new() }
    }

    /// Text that stands in a source. It is exact if `span` has the same length.
    pub fn written(text: impl Into<String>, span: Span) -> Text {
        let text = text.into();
        let exact = span.range().len() == text.len();
        Text::from_place(text, span, exact, None)
    }

    /// Text that comes from one place as a whole.
    pub fn from_place(text: impl Into<String>, from: Span, exact: bool, via: Option<Span>) -> Text {
        let text = text.into();
        let piece = Piece { at: 0, length: text.len(), exact, from, via };
        let pieces = if text.is_empty() { Vec::new() } else { vec![piece] };
        Text { text, pieces }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn len(&self) -> usize {
        self.text.len()
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Bytes of memory, roughly: what a budget counts.
    pub fn weight(&self) -> usize {
        self.text.len() + 16 * self.pieces.len()
    }

    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    pub fn into_parts(self) -> (String, Vec<Piece>) {
        (self.text, self.pieces)
    }

    pub fn push_plain(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub fn push(&mut self, other: &Text) {
        self.push_slice(other, 0..other.len());
    }

    /// Appends a part of another text.
    pub fn push_slice(&mut self, other: &Text, range: Range<usize>) {
        let shift = self.text.len();
        self.text.push_str(&other.text[range.clone()]);
        for piece in other.pieces_in(&range) {
            self.add(Piece { at: piece.at + shift, ..piece });
        }
    }

    /// Appends text that comes from one place as a whole.
    pub fn push_placed(&mut self, text: &str, from: Span, exact: bool, via: Option<Span>) {
        let at = self.text.len();
        self.text.push_str(text);
        self.add(Piece { at, length: text.len(), exact, from, via });
    }

    /// Adds a piece at the end, as part of the one before where both are one stretch of a source.
    fn add(&mut self, piece: Piece) {
        if piece.length == 0 {
            return;
        }
        if let Some(last) = self.pieces.last_mut()
            && last.end() == piece.at
            && last.exact == piece.exact
            && last.via == piece.via
        {
            if !piece.exact && last.from == piece.from {
                last.length += piece.length;
                return;
            }
            let next = last.from.file == piece.from.file && last.from.end == piece.from.start;
            if piece.exact && next {
                last.length += piece.length;
                last.from.end = piece.from.end;
                return;
            }
        }
        self.pieces.push(piece);
    }

    fn pieces_in(&self, range: &Range<usize>) -> impl Iterator<Item = Piece> {
        let first = self.pieces.partition_point(|piece| piece.end() <= range.start);
        let range = range.clone();
        self.pieces[first..]
            .iter()
            .take_while({
                let end = range.end;
                move |piece| piece.at < end
            })
            .filter_map(move |piece| piece.cut(&range))
    }

    pub fn slice(&self, range: Range<usize>) -> Text {
        let mut cut = Text::new();
        cut.push_slice(self, range);
        cut
    }

    /// Puts texts side by side with a separator between them.
    pub fn join<'t>(texts: impl IntoIterator<Item = &'t Text>, separator: &Text) -> Text {
        let mut joined = Text::new();
        for (index, text) in texts.into_iter().enumerate() {
            if index > 0 {
                joined.push(separator);
            }
            joined.push(text);
        }
        joined
    }

    /// Replaces each occurrence of `old`, as Go's `strings.ReplaceAll` does: an empty `old` stands
    /// before every character and at the end.
    pub fn replace(&self, old: &str, new: &Text) -> Text {
        let mut replaced = Text::new();
        let mut copied = 0;
        for (at, found) in self.text.match_indices(old) {
            replaced.push_slice(self, copied..at);
            replaced.push(new);
            copied = at + found.len();
        }
        replaced.push_slice(self, copied..self.len());
        replaced
    }

    /// Indents every line, empty ones too, as sprig does.
    pub fn indent(&self, width: usize) -> Text {
        let padding = " ".repeat(width);
        let mut indented = Text::new();
        let mut start = 0;
        loop {
            indented.push_plain(&padding);
            let Some(length) = self.text[start..].find('\n') else { break };
            let end = start + length + 1;
            indented.push_slice(self, start..end);
            start = end;
        }
        indented.push_slice(self, start..self.len());
        indented
    }

    /// Keeps what `keep` leaves of the string: a trim, a prefix or a suffix cut off.
    pub fn keep(&self, keep: impl FnOnce(&str) -> &str) -> Text {
        let kept = keep(&self.text);
        let start = kept.as_ptr() as usize - self.text.as_ptr() as usize;
        self.slice(start..start + kept.len())
    }

    /// Changes letters one by one (upper, lower). Pieces stay where the lengths are the same; else
    /// the whole text is from the first piece, and not exact.
    pub fn recast(&self, text: String) -> Text {
        if text == self.text {
            return self.clone();
        }
        match self.pieces.first() {
            Some(first) => Text::from_place(text, first.from, false, first.via),
            None => Text::plain(text),
        }
    }

    /// The text as output of an action at `action`. On one line the place to change is the action,
    /// with the value behind it; on several lines it is each line's own place.
    pub fn printed_by(&self, action: Span) -> Text {
        if !self.text.contains('\n') {
            let behind = self.pieces.first().map(|piece| piece.via.unwrap_or(piece.from));
            return Text::from_place(self.text.clone(), action, false, behind);
        }
        let mut printed = Text { text: self.text.clone(), pieces: Vec::new() };
        let mut end = 0;
        let gap = |from: usize, to: usize| Piece {
            at: from,
            length: to - from,
            exact: false,
            from: action,
            via: None,
        };
        for piece in &self.pieces {
            printed.add(gap(end, piece.at));
            printed.add(Piece { via: piece.via.or(Some(action)), ..*piece });
            end = piece.end();
        }
        printed.add(gap(end, self.text.len()));
        printed
    }

    /// The source of a range: of its first piece, widened to the last one where both are one
    /// stretch of the same file.
    pub fn locate(&self, range: Range<usize>) -> Option<Place> {
        let wide = range.start..range.end.max(range.start + 1);
        let mut pieces = self.pieces_in(&wide);
        let first = pieces.next()?;
        let place = Place { span: first.from, exact: first.exact, via: first.via };
        if range.is_empty() {
            let span = Span { end: place.span.start, ..place.span };
            return Some(if place.exact { Place { span, ..place } } else { place });
        }
        let others: Vec<Piece> = pieces.collect();
        if others.is_empty() {
            let exact = first.exact && first.length == range.len();
            return Some(Place { exact, ..place });
        }
        // What a value printed at the end may come from another file.
        let last = others.iter().rev().find(|piece| piece.from.file == first.from.file);
        let span = match last {
            Some(last) if last.from.end > first.from.end => first.from.to(last.from),
            _ => first.from,
        };
        Some(Place { span, exact: false, via: first.via })
    }
}

impl Text {
    /// Returns the places behind the pieces of a range that is on one line: the values of an image's
    /// name and of its tag, in the order of the text.
    pub fn behind(&self, range: Range<usize>) -> Vec<Span> {
        let mut behind: Vec<Span> = Vec::new();
        if self.text.get(range.clone()).is_none_or(|text| text.contains('\n')) {
            behind.extend(self.locate(range).and_then(|place| place.via));
            return behind;
        }
        for via in self.pieces_in(&range).take(MAX_PIECES).filter_map(|piece| piece.via) {
            if !behind.contains(&via) {
                behind.push(via);
            }
        }
        behind
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::plain(text)
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FileId;

    fn span(start: usize, end: usize) -> Span {
        Span::new(FileId(7), start, end)
    }

    #[test]
    fn slices_of_exact_text_stay_exact() {
        let text = Text::written("abcdef", span(10, 16)).slice(2..4);
        assert_eq!(text.as_str(), "cd");
        assert_eq!(
            text.pieces(),
            [Piece { at: 0, length: 2, exact: true, from: span(12, 14), via: None }]
        );
    }

    #[test]
    fn indenting_keeps_every_line_at_its_place() {
        let text = Text::written("a: 1\nb: 2", span(0, 9)).indent(2);
        assert_eq!(text.as_str(), "  a: 1\n  b: 2");
        assert_eq!(text.locate(9..13).map(|place| place.span), Some(span(5, 9)));
        assert_eq!(text.locate(0..1), None);
    }

    #[test]
    fn replacing_leaves_the_rest_where_it_was() {
        let text = Text::written("a+b+c", span(0, 5)).replace("+", &Text::plain("__"));
        assert_eq!(text.as_str(), "a__b__c");
        assert_eq!(text.locate(6..7).map(|place| place.span), Some(span(4, 5)));
        assert_eq!(Text::plain("ab").replace("", &Text::plain("-")).as_str(), "-a-b-");
    }

    #[test]
    fn one_line_belongs_to_the_action_and_several_to_their_own_lines() {
        let value = Text::written("nginx", span(30, 35));
        let printed = value.printed_by(span(1, 9));
        let place = printed.locate(0..5).unwrap();
        assert_eq!((place.span, place.exact, place.via), (span(1, 9), false, Some(span(30, 35))));

        let mut lines = value.clone();
        lines.push_plain("\n");
        lines.push(&value);
        let printed = lines.printed_by(span(1, 9));
        let place = printed.locate(6..11).unwrap();
        assert_eq!((place.span, place.exact, place.via), (span(30, 35), true, Some(span(1, 9))));
        assert_eq!(printed.locate(5..6).map(|place| place.span), Some(span(1, 9)));
    }

    #[test]
    fn neighbours_of_one_source_are_one_piece() {
        let mut text = Text::written("ab", span(0, 2));
        text.push(&Text::written("cd", span(2, 4)));
        assert_eq!(text.pieces().len(), 1);
        assert_eq!(
            text.locate(1..3).map(|place| (place.span, place.exact)),
            Some((span(1, 3), true))
        );
    }
}
