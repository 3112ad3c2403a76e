//! What an editor shows about a place when somebody points at it.

mod compose;
mod image;
mod merged;
mod numbers;
mod shared;
mod targets;
#[cfg(test)]
pub(super) mod testing;
mod users;
mod variables;

use super::Indexed;
use super::here::Here;
use crate::explain;
use crate::report::Finding;
use crate::text::markdown::{fence, paragraphs};
use crate::text::{FileId, Span, escape};

/// Hover text for a place, as Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// The text that the hover is about.
    pub span: Span,
    pub markdown: String,
}

/// A part of a hover.
struct Section {
    span: Span,
    text: String,
}

/// Returns what there is to say about a place. `findings` are those of a report on the same snapshot; their
/// messages are left out, since an editor shows them with its own marker.
pub fn hover(
    snapshot: Indexed<'_>,
    findings: &[Finding],
    file: FileId,
    offset: usize,
) -> Option<Hover> {
    let here = Here::new(snapshot.analysis, file, offset);
    let mut sections = findings_at(&here, findings);
    sections.extend(compose::sections(&here, snapshot.names));
    sections.extend(shared::sections(&here));
    sections.extend(variables::sections(&here));
    sections.extend(image::sections(&here));
    sections.extend(users::sections(&here, snapshot.names));
    sections.extend(targets::sections(&here));
    sections.extend(numbers::sections(&here));
    let span = sections.iter().map(|it| it.span).min_by_key(|it| it.range().len())?;
    let mut texts: Vec<String> = Vec::new();
    for section in sections {
        if !texts.contains(&section.text) {
            texts.push(section.text);
        }
    }
    Some(Hover { span, markdown: texts.join("\n\n---\n\n") })
}

/// Returns why each finding at the place matters, what helps against it and how to check it.
fn findings_at(here: &Here<'_>, findings: &[Finding]) -> Vec<Section> {
    let found = findings.iter().filter(|it| here.is_in(it.span));
    found.map(|it| Section { span: it.span, text: finding_text(it) }).collect()
}

fn finding_text(finding: &Finding) -> String {
    let mut parts = vec![format!("**{} {}**", finding.code, finding.name)];
    let parts_of_rule =
        [(explain::WHY, explain::why(finding)), (explain::HELP, explain::help(finding))];
    for (title, body) in parts_of_rule.into_iter().filter(|it| !it.1.is_empty()) {
        parts.push(format!("**{title}**: {}", paragraphs(body)));
    }
    if !finding.check.is_empty() {
        let commands: Vec<String> = finding.check.iter().map(|it| escape(it)).collect();
        let commands = commands.join("\n");
        let fence = fence(&commands);
        parts.push(format!("**How to check**\n\n{fence}sh\n{commands}\n{fence}"));
    }
    parts.join("\n\n")
}

#[cfg(test)]
mod tests {
    use crate::Options;
    use crate::ide::hover::testing::{hover_at, marked};

    /// Returns the text under the hover at the mark, and what it says.
    fn hovered(text: &str) -> (String, String) {
        let (analysis, file, offset) = marked(text);
        let report = analysis.check(&Options::default());
        let hover = hover_at(&analysis, &report.findings, file, offset).expect("there is a hover");
        (report.snippet(hover.span).to_owned(), hover.markdown)
    }

    #[test]
    fn a_finding_is_explained_without_its_message() {
        let text = "# Größe 🎵\r\nservices:\r\n  web:\r\n    image: 'acme/web:1'\r\n    depends_on: [‸db]\r\n  db:\r\n    image: postgres:17\r\n    healthcheck: {test: [CMD, pg_isready]}\r\n";
        let (analysis, file, offset) = marked(text);
        let report = analysis.check(&Options::default());
        let finding = report.findings.iter().find(|it| it.code == "PLM101").unwrap();
        let hover = hover_at(&analysis, &report.findings, file, offset).unwrap();
        assert_eq!(report.snippet(hover.span), "db");
        assert!(
            hover.markdown.starts_with("**PLM101 depends-on-started-only**\n\n**Why it hurts**: ")
        );
        assert!(hover.markdown.contains("**What helps**: "));
        assert!(hover.markdown.contains("**How to check**\n\n```sh\n"));
        assert!(!hover.markdown.contains(&finding.message));
    }

    #[test]
    fn nothing_is_said_where_there_is_nothing_to_say() {
        let (analysis, file, offset) =
            marked("# a comm‸ent\nservices: {web: {image: 'acme/web:1'}}\n");
        assert_eq!(hover_at(&analysis, &[], file, offset), None);
        assert_eq!(hover_at(&analysis, &[], file, usize::MAX), None);
    }

    #[test]
    fn a_broken_file_keeps_its_hovers() {
        let (at, said) =
            hovered("services:\n  web:\n    image: postg‸res:17\n    depends_on:\n      - [\n");
        assert_eq!(at, "postgres:17");
        assert!(said.contains("**PostgreSQL** 17"), "{said}");
    }
}
