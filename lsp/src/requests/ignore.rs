//! Actions that accept a finding with a comment.

use super::View;
use plimsoll_core::edit::accept;
use plimsoll_core::model::FileModel;
use plimsoll_core::report::{Edit, Finding};

/// What stands where the reason belongs.
const REASON: &str = "say why";

/// Returns an edit that accepts a finding where it stands.
pub fn here(view: &View, finding: &Finding) -> Option<Edit> {
    let file = view.analysis().file(finding.span.file);
    accept::here(
        file,
        is_rendered(view, file),
        finding.span.start as usize,
        &[finding.code],
        REASON,
    )
}

/// Returns an edit that accepts the findings of a rule in the whole file.
pub fn in_file(view: &View, finding: &Finding) -> Option<Edit> {
    let file = view.analysis().file(finding.span.file);
    accept::in_file(
        file,
        is_rendered(view, file),
        finding.span.start as usize,
        finding.code,
        REASON,
    )
}

/// Whether a chart of the project renders a file.
fn is_rendered(view: &View, file: &FileModel) -> bool {
    let has = |path: &str| view.report().files.iter().any(|entry| &*entry.file.path == path);
    accept::is_rendered(file.path(), &has)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::view;
    use plimsoll_core::text::{FileId, Span};

    fn with(view: &View, edit: &Edit) -> String {
        let mut text = view.text.to_string();
        text.insert_str(edit.span.start as usize, &edit.text);
        text
    }

    /// Returns code, subject and message of each finding.
    fn said(text: &str) -> Vec<(&'static str, String, String)> {
        let view = view(&[("compose.yaml", text)]);
        let findings = view.report().findings.iter();
        findings.map(|it| (it.code, it.subject.clone(), it.message.clone())).collect()
    }

    #[test]
    fn an_accepted_finding_is_gone_and_the_comment_is_not_stale() {
        let text = "services:\n  web:\n    image: nginx\n    ports:\n      - \"5432:5432\"\n  db:\n    image: postgres\n";
        let view = view(&[("compose.yaml", text)]);
        let mut accepted = 0;
        for finding in &view.report().findings {
            let code = finding.code;
            let whole = said(&with(&view, &in_file(&view, finding).unwrap()));
            assert!(!whole.iter().any(|it| it.0 == code), "{code}: {whole:?}");
            let Some(edit) = here(&view, finding) else { continue };
            let after = said(&with(&view, &edit));
            assert!(!after.iter().any(|it| it.0 == "PLM006"), "{code}: {after:?}");
            let words = (code, finding.subject.clone(), finding.message.clone());
            assert!(!after.contains(&words), "{code}: {after:?}");
            accepted += 1;
        }
        assert!(accepted > 3);
    }

    #[test]
    fn no_comment_is_offered_inside_of_a_text() {
        let text = "services:\n  web:\n    image: |\n      a\n      b\n";
        let view = view(&[("compose.yaml", text)]);
        let inside = text.find("a\n").unwrap();
        let finding = Finding {
            span: Span::new(FileId(0), inside, inside + 1),
            ..view.report().findings[0].clone()
        };
        let edit = here(&view, &finding);
        assert!(edit.as_ref().is_none_or(|it| it.span.start < inside as u32 - 6), "{edit:?}");
    }
}
