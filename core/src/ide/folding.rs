//! The ranges of a file that an editor can fold.

use super::templates;
use crate::model::FileModel;
use crate::report::Kind;
use crate::syntax::{Node, NodeKind};
use crate::text::Span;
use rustc_hash::FxHashSet;

/// What a range holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FoldKind {
    Content,
    Comment,
}

/// A range of several lines, from a place in its first line to a place in its last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    pub span: Span,
    pub kind: FoldKind,
}

/// Returns the documents, entries, items, block scalars and runs of comments that span several lines, in the
/// order of the text. Of several that span the same lines there is only one.
pub fn folds(file: &FileModel) -> Vec<Fold> {
    let mut spans: Vec<Span> = Vec::new();
    if file.kind == Kind::Template {
        spans.extend(templates::folds(file));
    }
    if file.tree.documents.len() > 1 {
        spans.extend(file.tree.documents.iter().map(|document| document.span));
    }
    for node in file.tree.nodes() {
        match node.kind() {
            NodeKind::Mapping => spans.extend(node.entries().filter_map(|it| {
                let holds_lines = it.value.kind() != NodeKind::Alias;
                holds_lines.then(|| it.span())
            })),
            NodeKind::Sequence => spans.extend(node.items().map(Node::full_span)),
            NodeKind::Scalar | NodeKind::Alias => {}
        }
    }
    let content = spans.into_iter().map(|span| Fold { span, kind: FoldKind::Content });
    let comments = comment_runs(file);
    let comments = comments.into_iter().map(|span| Fold { span, kind: FoldKind::Comment });
    let mut folds: Vec<Fold> = content.chain(comments).collect();
    for fold in &mut folds {
        fold.span = without_blanks(file, fold.span);
    }
    let lines = |fold: &Fold| {
        let last = (fold.span.end as usize).saturating_sub(1);
        (file.lines.line_of(fold.span.start as usize), file.lines.line_of(last))
    };
    folds.sort_by_key(|fold| (fold.span, fold.kind));
    let mut seen = FxHashSet::default();
    folds.retain(|fold| {
        let lines = lines(fold);
        lines.0 < lines.1 && seen.insert(lines)
    });
    folds
}

/// Returns a span without the blank lines at its ends.
fn without_blanks(file: &FileModel, span: Span) -> Span {
    let text = file.text().get(span.range()).unwrap_or_default();
    let start = text.len() - text.trim_start().len();
    let end = text.trim_end().len().max(start);
    span.inner(start..end)
}

/// Returns the runs of comments that have their lines for themselves.
fn comment_runs(file: &FileModel) -> Vec<Span> {
    let mut runs: Vec<Span> = Vec::new();
    let line = |at: u32| file.lines.line_of(at as usize);
    for comment in file.tree.comments().into_iter().filter(|it| it.own_line) {
        match runs.last_mut() {
            Some(run) if line(run.end) + 1 == line(comment.span.start) => {
                *run = run.to(comment.span);
            }
            _ => runs.push(comment.span),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::File;
    use crate::text::FileId;

    /// Returns the folds as `first-last`, with the numbers of their lines.
    fn lines(text: &str) -> Vec<String> {
        lines_of("a.yaml", text)
    }

    fn lines_of(path: &str, text: &str) -> Vec<String> {
        let file = FileModel::read(FileId(0), File::new(path, text), None);
        let line = |at: u32| file.lines.line_of(at as usize) + 1;
        let say = |fold: &Fold| {
            let mark = if fold.kind == FoldKind::Comment { "#" } else { "" };
            format!("{mark}{}-{}", line(fold.span.start), line(fold.span.end - 1))
        };
        folds(&file).iter().map(say).collect()
    }

    #[test]
    fn entries_items_and_block_scalars_fold() {
        let text = "a:\n  b: 1\n  c: |\n    x\n    y\n\n\nd:\n  - e: 1\n    f: 2\n  - g\nh: {i: 1,\n  j: 2}\nk: 1\n";
        assert_eq!(lines(text), ["1-5", "3-5", "8-11", "9-10", "12-13"]);
    }

    #[test]
    fn documents_and_runs_of_comments_fold() {
        let text = "# one\n# two\na: 1\nb: 2\n---\n# three\nc: 1\nd: 2\n";
        let found = lines(text);
        assert!(found.contains(&"#1-2".to_owned()), "{found:?}");
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn a_template_folds_by_indentation_and_between_its_actions() {
        let text = "{{- if .Values.on }}\nkind: Pod\nmetadata:\n  name: a\n{{- if .Values.x }}\n  labels:\n  - b: {{ .x }}\n    c: 1\n{{- else }}\n  other: 1\n{{- end }}\n{{- end }}\n{{/* {{ if x }} */}}\nspec: 1\n";
        let found = lines_of("chart/templates/a.yaml", text);
        assert_eq!(found, ["1-11", "3-10", "5-8", "6-8", "7-8", "9-10"]);
    }

    #[test]
    fn a_file_without_content_has_nothing_to_fold() {
        assert!(lines("").is_empty());
        assert!(lines("a: 1\n").is_empty());
    }
}
