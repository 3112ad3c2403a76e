//! Comments that accept a finding. A comment is offered only where it is read as one and covers the finding: not
//! inside a block of text, for example.

use super::View;
use plimsoll_core::File;
use plimsoll_core::model::FileModel;
use plimsoll_core::report::{Edit, Finding};
use plimsoll_core::text::{FileId, Span};

/// What stands where the reason belongs.
const REASON: &str = "say why";

/// Returns an edit that accepts a finding where it stands: a comment above its line, or else at the end of it.
pub fn here(view: &View, finding: &Finding) -> Option<Edit> {
    let comment = format!("# plimsoll: ignore {} -- {REASON}", finding.code);
    let file = finding.span.file;
    let entry = view.report().entry(file);
    let line = entry.lines.line_range(entry.lines.line_of(finding.span.start as usize));
    let text = entry.file.text.get(line.clone())?;
    let indent = &text[..text.len() - text.trim_start_matches([' ', '\u{FEFF}']).len()];
    let new_line = if entry.file.text.contains("\r\n") { "\r\n" } else { "\n" };
    let at = |at: usize| Span::new(file, at, at);
    let above = Edit {
        span: at(line.start + indent.len()),
        text: format!("{comment}{new_line}{}", indent.trim_start_matches('\u{FEFF}')),
    };
    let behind = Edit { span: at(line.end), text: format!(" {comment}") };
    [above, behind].into_iter().find(|edit| accepts(view, finding, edit))
}

/// Returns an edit that accepts the findings of a rule in the whole file: a comment in its first line.
pub fn in_file(view: &View, finding: &Finding) -> Option<Edit> {
    let text = &*view.report().entry(finding.span.file).file.text;
    let start = text.len() - text.trim_start_matches('\u{FEFF}').len();
    let new_line = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let edit = Edit {
        span: Span::new(finding.span.file, start, start),
        text: format!("# plimsoll: ignore-file {} -- {REASON}{new_line}", finding.code),
    };
    accepts(view, finding, &edit).then_some(edit)
}

/// Whether an edit leaves a file that is read as before and accepts a finding.
fn accepts(view: &View, finding: &Finding, edit: &Edit) -> bool {
    let old = &view.report().entry(finding.span.file).file;
    let at = edit.span.start as usize;
    let text = [&old.text[..at], &edit.text, &old.text[at..]].concat();
    let read = |file: File| FileModel::read(FileId(0), file, None);
    let (before, after) = (read(old.clone()), read(File::new(&*old.path, text)));
    let start = match finding.span.start >= edit.span.start {
        true => finding.span.start + u32::try_from(edit.text.len()).unwrap_or(u32::MAX),
        false => finding.span.start,
    };
    let covers = |it: Span| it.start <= start && start <= it.end;
    before.problems.len() == after.problems.len()
        && before.objects.len() == after.objects.len()
        && after.directives.suppressions.iter().any(|it| {
            covers(it.covers) && it.selectors.iter().any(|(word, _)| word == finding.code)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::view;

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
