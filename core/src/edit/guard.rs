//! Keeps fixes from doing damage: whether the text under an edit is what the parser read, and whether a
//! file is still what it was where nothing was to change.

use crate::model::FileModel;
use crate::report::{Edit, Fix};
use crate::syntax::{Node, ProblemKind, Step};
use crate::text::FileId;
use rustc_hash::FxHashMap;

/// Unintended damage that edits would do to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The text has more problems than before, as an equal key or an alias without its anchor.
    Syntax,
    Comment,
    Anchor,
}

impl Damage {
    /// Completes "is left out, because ...".
    pub fn says(self) -> &'static str {
        match self {
            Damage::Syntax => "the file could not be read any more",
            Damage::Comment => "a comment would be lost",
            Damage::Anchor => "an anchor would be lost",
        }
    }
}

/// Whether all edits of a fix stand on text that the parser read as it is, and none of them takes an
/// anchor away or gives a key the name of its neighbour.
pub fn may_be_offered<'m>(fix: &Fix, file: impl Fn(FileId) -> &'m FileModel) -> bool {
    fix.edits.iter().all(|edit| {
        let model = file(edit.span.file);
        is_read_as_written(model, edit)
            && keeps_anchors(model, edit)
            && !is_renamed_to_neighbour(model, edit)
    })
}

/// Whether the document under an edit was read without repair. A template has no documents.
fn is_read_as_written(model: &FileModel, edit: &Edit) -> bool {
    let documents = &model.tree.documents;
    let after = documents.partition_point(|it| it.span.start <= edit.span.start);
    let document = after.checked_sub(1).or(Some(0)).and_then(|at| documents.get(at));
    document.is_none_or(|it| !it.is_repaired() && !it.broken)
}

fn keeps_anchors(model: &FileModel, edit: &Edit) -> bool {
    let old = model.text().get(edit.span.range()).unwrap_or_default();
    anchors_in(old).all(|anchor| anchors_in(&edit.text).any(|kept| kept == anchor))
}

/// Returns the words that may be anchors: `&name` at the start of a word.
fn anchors_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split([' ', '\t', '\n', '\r', '[', '{', ',']);
    words.filter(|word| word.len() > 1 && word.starts_with('&'))
}

/// Whether an edit replaces a key by one that its mapping has already.
fn is_renamed_to_neighbour(model: &FileModel, edit: &Edit) -> bool {
    if edit.span.is_empty() || edit.text.contains('\n') {
        return false;
    }
    let path = model.tree.path_at(edit.span.start as usize);
    let Some((Step::Entry(entry), outer)) = path.split_last() else { return false };
    if entry.key.span() != edit.span {
        return false;
    }
    let name = edit.text.trim_matches(['"', '\'']);
    let mapping = match outer.last() {
        Some(step) => Some(step.value()),
        None => model.tree.root_at(edit.span.start as usize),
    };
    let is_taken = |key: Node<'_>| key.span() != edit.span && key.as_str() == Some(name);
    mapping.is_some_and(|it| it.entries().any(|entry| is_taken(entry.key)))
}

/// Returns what edits have done to a file that they should not.
pub fn damage(before: &FileModel, after: &FileModel) -> Option<Damage> {
    let problems = |model: &FileModel| {
        model.problems.iter().filter(|it| it.kind != ProblemKind::Limit).count()
    };
    if problems(after) > problems(before) || after.kind != before.kind {
        return Some(Damage::Syntax);
    }
    if after.tree.documents.len() != before.tree.documents.len() {
        return Some(Damage::Syntax);
    }
    if is_any_lost(&comments(before), &comments(after)) {
        return Some(Damage::Comment);
    }
    is_any_lost(&anchors(before), &anchors(after)).then_some(Damage::Anchor)
}

fn comments(model: &FileModel) -> Vec<&str> {
    let comments = model.tree.comments();
    comments.iter().map(|it| model.text()[it.span.range()].trim_end()).collect()
}

fn anchors(model: &FileModel) -> Vec<&str> {
    model.tree.nodes().filter_map(|node| node.anchor()).map(|(name, _)| name).collect()
}

/// Whether a list has some word more often than another one.
fn is_any_lost(before: &[&str], after: &[&str]) -> bool {
    let mut left: FxHashMap<&str, usize> = FxHashMap::default();
    after.iter().for_each(|word| *left.entry(word).or_default() += 1);
    before.iter().any(|word| match left.get_mut(word) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        Some(_) | None => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{File, Span};

    fn read(text: &str) -> FileModel {
        FileModel::read(FileId(0), File::new("compose.yaml", text), None)
    }

    /// Whether replacing a piece of a text may be offered.
    fn may_replace(text: &str, old: &str, new: &str) -> bool {
        let model = read(text);
        let at = text.rfind(old).unwrap();
        let span = Span::new(FileId(0), at, at + old.len());
        may_be_offered(&Fix::safe("", [Edit { span, text: new.to_owned() }]), |_| &model)
    }

    #[test]
    fn nothing_is_offered_in_a_repaired_document() {
        let half = "services:\n  a: {image: x, \n  b: {restart: no}\n";
        assert!(!may_replace(half, "no", "'no'"));
        // The other documents stay.
        let two = format!("{half}---\nc: no\n");
        assert!(may_replace(&two, "c: no", "c: 'no'"));
        assert!(may_replace("a: no\n", "no", "'no'"));
    }

    #[test]
    fn anchors_stay() {
        assert!(!may_replace("version: &v '3'\nx: *v\n", "version: &v '3'\n", ""));
        assert!(may_replace("a: &v '3'\n", "&v '3'", "&v '4'"));
        assert!(may_replace("a: 'x & y, ?a=1&b'\n", "'x & y, ?a=1&b'", "'z'"));
    }

    #[test]
    fn a_key_is_not_renamed_to_its_neighbour() {
        assert!(!may_replace("s:\n  restart: no\n  restar: always\n", "restar", "restart"));
        assert!(!may_replace("restart: no\nrestar: always\n", "restar", "\"restart\""));
        assert!(may_replace("s:\n  restart: no\nt:\n  restar: always\n", "restar", "restart"));
        assert!(may_replace("data: {yes: a}\n", "yes", "\"yes\""));
    }

    #[test]
    fn damage_is_seen_in_the_text_afterwards() {
        let seen = |before: &str, after: &str| damage(&read(before), &read(after));
        assert_eq!(seen("a: 1 # x\n", "a: 2 # x\nb: 1\n"), None);
        assert_eq!(seen("a: 1 # x\n", "a: 2\n"), Some(Damage::Comment));
        assert_eq!(seen("a: &x 1\n", "a: 2\n"), Some(Damage::Anchor));
        assert_eq!(seen("a: 1\n", "a: 1\na: 2\n"), Some(Damage::Syntax));
        assert_eq!(seen("a: &x 1\nb: *x\n", "a: 1\nb: *x\n"), Some(Damage::Syntax));
        assert_eq!(seen("a: 1\n---\nb: 1\n", "a: 1\nb: 1\n"), Some(Damage::Syntax));
    }
}
