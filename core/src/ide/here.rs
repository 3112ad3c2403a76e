//! The place that somebody points at.

use crate::analysis::Analysis;
use crate::facts::Facts;
use crate::model::{BuiltTarget, FileModel};
use crate::report::{Kind, TargetKind};
use crate::text::{FileId, Span};
use rustc_hash::FxHashSet;
use std::cell::OnceCell;

/// A place in a file of a snapshot.
#[derive(Debug)]
pub(super) struct Here<'a> {
    pub analysis: &'a Analysis,
    pub facts: &'a Facts<'a>,
    pub file: &'a FileModel,
    pub offset: usize,
    /// The places in charts and overlays that take what they say from here.
    fed: OnceCell<FxHashSet<Span>>,
    overlays: OnceCell<Vec<&'a BuiltTarget>>,
}

impl<'a> Here<'a> {
    pub fn new(analysis: &'a Analysis, file: FileId, offset: usize) -> Here<'a> {
        let facts = analysis.facts();
        let file = facts.file(file);
        let offset = offset.min(file.text().len());
        let (fed, overlays) = (OnceCell::new(), OnceCell::new());
        Here { analysis, facts, file, offset, fed, overlays }
    }

    /// Returns the overlays that the file goes into.
    pub fn overlays(&self) -> &[&'a BuiltTarget] {
        self.overlays.get_or_init(|| {
            let targets = self.analysis.targets().iter().map(|it| &**it);
            let overlays = targets.filter(|it| it.target.kind == TargetKind::Kustomization);
            overlays.filter(|it| it.has_source(self.file.id)).collect()
        })
    }

    /// Whether a span covers the place. A cursor behind the last letter still counts.
    pub fn is_in(&self, span: Span) -> bool {
        let (start, end) = (span.start as usize, span.end as usize);
        span.file == self.file.id && start <= self.offset && self.offset <= end && start < end
    }

    /// Whether a value is written here: at its own place, or where a chart or an overlay takes it from. An
    /// action that prints many values is the place of none of them.
    pub fn is_at(&self, span: Span) -> bool {
        self.is_in(span) || self.file.kind != Kind::Template && self.is_behind(span)
    }

    /// Whether this is where a target takes a value from that is printed or patched elsewhere.
    fn is_behind(&self, span: Span) -> bool {
        self.fed.get_or_init(|| self.places_fed()).contains(&span)
    }

    fn places_fed(&self) -> FxHashSet<Span> {
        let targets = self.analysis.targets().iter().filter(|it| it.has_source(self.file.id));
        let behind = targets.flat_map(|it| &it.target.behind);
        let from_here = behind.filter(|(_, behind)| behind.iter().any(|it| self.is_in(*it)));
        from_here.map(|(span, _)| *span).collect()
    }

    /// Whether the place lies on the key in front of a value.
    pub fn is_on_key_of(&self, value: Span) -> bool {
        let start = value.start as usize;
        if value.file != self.file.id || start <= self.offset {
            return false;
        }
        let Some(key) = key_before(self.file.text(), start) else { return false };
        key.0 <= self.offset && self.offset <= key.1
    }

    /// Whether the place lies on a value or on its key.
    pub fn is_on(&self, value: Span) -> bool {
        self.is_at(value) || self.is_on_key_of(value)
    }

    /// Returns the range of the value or of its key, whichever the place lies on.
    pub fn pointed(&self, value: Span) -> Span {
        if self.is_in(value) {
            return value;
        }
        match key_before(self.file.text(), value.start as usize) {
            Some((start, end)) if self.is_on_key_of(value) => Span::new(self.file.id, start, end),
            _ => self.word(),
        }
    }

    /// Returns the range of the word around the place.
    pub fn word(&self) -> Span {
        let text = self.file.text();
        let offset = text.floor_char_boundary(self.offset);
        let is_word = |letter: char| letter.is_alphanumeric() || "-_./$".contains(letter);
        let start = text[..offset].trim_end_matches(is_word).len();
        let rest = &text[offset..];
        let end = offset + rest.len() - rest.trim_start_matches(is_word).len();
        Span::new(self.file.id, start, end)
    }
}

/// Returns the range of the key in front of a value that starts at an offset, without its quotes.
pub(super) fn key_before(text: &str, start: usize) -> Option<(usize, usize)> {
    let before = text.get(..start)?.trim_end().strip_suffix(':')?.trim_end();
    let quoted = before.strip_suffix(['"', '\'']);
    let key = quoted.unwrap_or(before);
    let is_key = |letter: char| letter.is_alphanumeric() || "-_./".contains(letter);
    let from = key.trim_end_matches(is_key).len();
    (from < key.len()).then_some((from, key.len()))
}

#[cfg(test)]
mod tests {
    use super::key_before;

    #[test]
    fn a_key_stands_in_front_of_its_value() {
        let key =
            |text: &str| key_before(text, text.len()).map(|(from, to)| text[from..to].to_owned());
        assert_eq!(key("a:\n  - livenessProbe:\r\n      ").as_deref(), Some("livenessProbe"));
        assert_eq!(key("ü: {\"x.y/z\": ").as_deref(), Some("x.y/z"));
        assert_eq!(key("- "), None);
        assert_eq!(key(": "), None);
    }
}
