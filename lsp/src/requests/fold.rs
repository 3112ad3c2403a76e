//! `textDocument/foldingRange`: what can be folded, from the text as it is.

use super::Source;
use plimsoll_core::ide::folding::{FoldKind, folds};
use tower_lsp_server::ls_types::{FoldingRange, FoldingRangeKind};

pub fn ranges(source: &Source) -> Vec<FoldingRange> {
    let line = |at: u32| source.position(at as usize).line;
    let folds = folds(&source.model()).into_iter();
    let folding = folds.map(|fold| FoldingRange {
        start_line: line(fold.span.start),
        end_line: line(fold.span.end),
        kind: (fold.kind == FoldKind::Comment).then_some(FoldingRangeKind::Comment),
        ..FoldingRange::default()
    });
    folding.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::view;

    #[test]
    fn services_and_comments_fold() {
        let text = "# one\n# two\nservices:\n  a:\n    image: x\n  b: {image: y}\n";
        let folded = ranges(&view(&[("compose.yaml", text)]).source);
        let lines: Vec<(u32, u32, bool)> =
            folded.iter().map(|it| (it.start_line, it.end_line, it.kind.is_some())).collect();
        assert_eq!(lines, [(0, 1, true), (2, 5, false), (3, 4, false)]);
    }
}
