//! `textDocument/hover`: what is to be said about the place under the cursor.

use super::View;
use plimsoll_core::output::wire::rule_url;
use plimsoll_core::report::Finding;
use plimsoll_core::{explain, rules};
use tower_lsp_server::ls_types::{
    Hover, HoverContents, MarkupContent, MarkupKind, Position, Range,
};

/// Returns the findings at a position in full; `None` where there is nothing to say.
pub fn hover(view: &View, at: Position) -> Option<Hover> {
    let wanted = view.span(Range { start: at, end: at })?;
    let touches = |it: &&Finding| {
        let span = it.span;
        span.file == wanted.file && span.start <= wanted.end && wanted.start <= span.end
    };
    let findings: Vec<&Finding> = view.report().findings.iter().filter(touches).collect();
    let first = findings.iter().min_by_key(|it| it.span.end - it.span.start)?;
    let text: Vec<String> = findings.iter().map(|it| explained(it)).collect();
    let value = text.join("\n---\n\n");
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }),
        range: Some(view.range(first.span)),
    })
}

/// Renders a finding in full, as Markdown for a hover.
fn explained(finding: &Finding) -> String {
    let mut out = format!(
        "**{} {}** ({})\n\n{}\n",
        finding.code,
        finding.name,
        finding.severity.name(),
        finding.message
    );
    let mut section = |title: &str, body: &str| {
        if !body.is_empty() {
            out.push_str(&format!("\n**{title}**\n\n{body}\n"));
        }
    };
    section(explain::WHY, explain::why(finding));
    section(explain::HELP, explain::help(finding));
    if !finding.check.is_empty() {
        section("How to check", &format!("```sh\n{}\n```", finding.check.join("\n")));
    }
    if let Some(rule) = rules::find(finding.code) {
        out.push_str(&format!("\n[More about {}]({})\n", rule.code, rule_url(rule)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::{position_of, view};

    #[test]
    fn a_finding_under_the_cursor_is_explained() {
        let view = view(&[("compose.yaml", "services:\n  a:\n    image: x\n    image: y\n")]);
        let at = Position { line: 3, character: 6 };
        let found = hover(&view, at).unwrap();
        let HoverContents::Markup(said) = found.contents else { panic!("not Markdown") };
        assert!(said.value.contains("PLM002") && said.value.contains("Why it hurts"));
        assert_eq!(hover(&view, position_of(&view, "services")), None);
    }
}
