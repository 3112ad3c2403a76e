//! A rule's doc comment, taken apart again: summary, sections and examples. One source for
//! `plimsoll explain`, hovers, the pages in `docs/rules` and the web's rule list.

use crate::report::Finding;
use crate::rules::{self, Rule};

/// A fenced block of YAML in a rule's documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The section that it stands in, `Bad` or `Good`.
    pub section: &'static str,
    /// The name after `file=`, or one that fits the content.
    pub path: String,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub title: &'static str,
    /// Markdown without the heading.
    pub body: String,
}

/// The parts of one rule's documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub code: &'static str,
    pub name: &'static str,
    pub summary: String,
    pub sections: Vec<Section>,
    pub examples: Vec<Example>,
}

impl Explanation {
    pub fn section(&self, title: &str) -> Option<&str> {
        self.sections.iter().find(|it| it.title == title).map(|it| it.body.as_str())
    }
}

/// The heading whose text is shown as a finding's "why".
pub const WHY: &str = "Why it hurts";
/// The heading whose text is shown as a finding's help.
pub const HELP: &str = "What helps";

pub fn explain(rule: &'static Rule) -> Explanation {
    let mut sections: Vec<Section> = vec![Section { title: "", body: String::new() }];
    let mut examples: Vec<Example> = Vec::new();
    let mut fence: Option<Example> = None;
    for line in rule.doc().lines() {
        // A doc comment keeps the space after `///`.
        let line = line.strip_prefix(' ').unwrap_or(line);
        let title = sections.last().map_or("", |it| it.title);
        if fence.is_none()
            && let Some(title) = line.strip_prefix("## ")
        {
            sections.push(Section { title, body: String::new() });
            continue;
        }
        if let Some(info) = line.strip_prefix("```") {
            match fence.take() {
                Some(mut example) => {
                    if example.path.is_empty() {
                        example.path = fitting_name(&example.text).to_owned();
                    }
                    examples.push(example);
                }
                None => {
                    let path = info
                        .split_whitespace()
                        .find_map(|it| it.strip_prefix("file="))
                        .unwrap_or_default();
                    fence = Some(Example {
                        section: title,
                        path: path.to_owned(),
                        text: String::new(),
                    });
                }
            }
        } else if let Some(example) = &mut fence {
            example.text.push_str(line);
            example.text.push('\n');
        }
        if let Some(section) = sections.last_mut() {
            section.body.push_str(line);
            section.body.push('\n');
        }
    }
    for section in &mut sections {
        section.body = section.body.trim().to_owned();
    }
    let summary = sections.remove(0).body;
    Explanation {
        code: rule.code(),
        name: rule.name(),
        summary: unwrap(summary.lines(), summary.len()),
        sections,
        examples,
    }
}

fn fitting_name(text: &str) -> &'static str {
    if text.lines().any(|it| it.starts_with("apiVersion:")) { "app.yaml" } else { "compose.yaml" }
}

/// Hard-wrapped prose as one line a paragraph.
fn unwrap<'a>(lines: impl Iterator<Item = &'a str>, length: usize) -> String {
    let mut prose = String::with_capacity(length);
    for line in lines {
        if line.is_empty() {
            prose.push_str("\n\n");
        } else {
            if !prose.is_empty() && !prose.ends_with('\n') {
                prose.push(' ');
            }
            prose.push_str(line);
        }
    }
    prose
}

/// Why a finding matters: its rule tells.
pub fn why(finding: &Finding) -> String {
    rules::find(finding.code).map_or_else(String::new, |rule| prose(rule, WHY))
}

/// What helps against a finding: it may know better than its rule.
pub fn help(finding: &Finding) -> String {
    match &finding.help {
        Some(own) => own.clone(),
        None => rules::find(finding.code).map_or_else(String::new, |rule| prose(rule, HELP)),
    }
}

/// The prose of a section as one line a paragraph. It looks for this section alone, because a report
/// shows those of every finding.
pub fn prose(rule: &'static Rule, title: &str) -> String {
    let mut headings = memchr::memchr_iter(b'\n', rule.doc().as_bytes())
        .map(|it| &rule.doc()[it + 1..])
        .filter_map(|it| it.strip_prefix(" ## "));
    let body = headings.find_map(|it| it.strip_prefix(title)?.strip_prefix('\n'));
    let rest = headings.next().map_or(0, |it| it.len() + " ## ".len());
    let body = body.map_or("", |it| it[..it.len() - rest].trim());
    unwrap(body.lines().map(|it| it.strip_prefix(' ').unwrap_or(it)), body.len())
}

/// The page in `docs/rules` for a rule.
pub fn markdown(rule: &'static Rule) -> String {
    let explanation = explain(rule);
    let mut page = format!(
        "# {} {}\n\n{}\n\n*{} · reads {} · since {}*\n",
        rule.code(),
        rule.name(),
        explanation.summary,
        rule.severity.name(),
        rule.on.name(),
        rule.since
    );
    for section in &explanation.sections {
        page.push_str(&format!("\n## {}\n\n{}\n", section.title, section.body));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_to_a_section_finds_what_the_whole_explanation_has() {
        for rule in crate::rules() {
            let explanation = explain(rule);
            for title in [WHY, HELP] {
                let section = explanation.section(title).unwrap_or_default();
                assert_eq!(
                    prose(rule, title),
                    unwrap(section.lines(), section.len()),
                    "{}",
                    rule.code()
                );
            }
        }
    }
}
