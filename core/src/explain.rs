//! The documentation of the rules, taken apart into summary, sections and examples: one source for
//! `plimsoll explain`, editor hovers, the pages in `docs/rules`, the rule list of the website, and
//! the advice shown with a finding.

use crate::report::Finding;
use crate::rules::{self, Rule};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// A fenced block of YAML in the documentation of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The title of the section around it, `Bad` or `Good`.
    pub section: &'static str,
    /// The name after `file=`, or one that suits the content.
    pub path: String,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub title: &'static str,
    /// Markdown without the heading.
    pub body: String,
}

/// The documentation of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub code: &'static str,
    pub name: &'static str,
    pub summary: String,
    /// Why the pitfall matters, with one line per paragraph.
    pub why: String,
    /// What helps against it, with one line per paragraph.
    pub help: String,
    pub sections: Vec<Section>,
    pub examples: Vec<Example>,
}

impl Explanation {
    /// Returns the body of a section.
    pub fn section(&self, title: &str) -> Option<&str> {
        self.sections.iter().find(|it| it.title == title).map(|it| it.body.as_str())
    }
}

/// The heading of the section that is shown as the "why" of a finding.
pub const WHY: &str = "Why it hurts";
/// The heading of the section that is shown as the help of a finding.
pub const HELP: &str = "What helps";

/// The explanations of all rules by code.
static EXPLANATIONS: LazyLock<FxHashMap<&'static str, Explanation>> =
    LazyLock::new(|| rules::all().map(|rule| (rule.code, take_apart(rule))).collect());

/// Returns the explanation of a rule.
pub fn explain(rule: &'static Rule) -> &'static Explanation {
    EXPLANATIONS.get(rule.code).expect("internal error: every rule is listed in its family")
}

/// Returns why a finding matters: its own reason, or else that of its rule.
pub fn why(finding: &Finding) -> &str {
    match &finding.why {
        Some(own) => own,
        None => EXPLANATIONS.get(finding.code).map_or("", |it| it.why.as_str()),
    }
}

/// Returns what helps against a finding: its own advice, or else that of its rule.
pub fn help(finding: &Finding) -> &str {
    match &finding.help {
        Some(own) => own,
        None => EXPLANATIONS.get(finding.code).map_or("", |it| it.help.as_str()),
    }
}

fn take_apart(rule: &'static Rule) -> Explanation {
    let mut sections: Vec<Section> = vec![Section { title: "", body: String::new() }];
    let mut examples: Vec<Example> = Vec::new();
    let mut open_example: Option<Example> = None;
    for line in rule.doc.lines() {
        // A doc comment keeps the space after `///`.
        let line = line.strip_prefix(' ').unwrap_or(line);
        if open_example.is_none()
            && let Some(title) = line.strip_prefix("## ")
        {
            sections.push(Section { title, body: String::new() });
            continue;
        }
        let section = sections.last_mut().expect("internal error: there is always a section");
        section.body.push_str(line);
        section.body.push('\n');
        match (line.strip_prefix("```"), &mut open_example) {
            (Some(info), None) => open_example = Some(opened(section.title, info)),
            (Some(_), Some(_)) => examples.extend(open_example.take().map(named)),
            (None, Some(example)) => {
                example.text.push_str(line);
                example.text.push('\n');
            }
            (None, None) => {}
        }
    }
    for section in &mut sections {
        section.body = section.body.trim().to_owned();
    }
    let summary = unwrap(&sections.remove(0).body);
    let mut explanation = Explanation {
        code: rule.code,
        name: rule.name,
        summary,
        why: String::new(),
        help: String::new(),
        sections,
        examples,
    };
    explanation.why = unwrap(explanation.section(WHY).unwrap_or_default());
    explanation.help = unwrap(explanation.section(HELP).unwrap_or_default());
    explanation
}

/// Returns an empty example, from the words behind the opening fence.
fn opened(section: &'static str, info: &str) -> Example {
    let path = info.split_whitespace().find_map(|word| word.strip_prefix("file="));
    Example { section, path: path.unwrap_or_default().to_owned(), text: String::new() }
}

/// Returns the example with a path that suits its content, if it has none yet.
fn named(mut example: Example) -> Example {
    if example.path.is_empty() {
        let kubernetes = example.text.lines().any(|line| line.starts_with("apiVersion:"));
        example.path = if kubernetes { "app.yaml" } else { "compose.yaml" }.to_owned();
    }
    example
}

/// Returns hard-wrapped prose with one line per paragraph.
fn unwrap(text: &str) -> String {
    let mut prose = String::with_capacity(text.len());
    for line in text.lines() {
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

/// Returns the page of a rule in `docs/rules`.
pub fn markdown(rule: &'static Rule) -> String {
    let explanation = explain(rule);
    let mut page = format!(
        "# {} {}\n\n{}\n\n*{} · reads {} · since {}*\n",
        rule.code, rule.name, explanation.summary, rule.severity, rule.on, rule.since
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
    fn hard_wrapped_lines_are_joined_and_paragraphs_are_kept() {
        assert_eq!(unwrap("one\ntwo\n\nthree"), "one two\n\nthree");
    }

    #[test]
    fn every_rule_says_why_it_matters_and_what_helps() {
        for rule in crate::rules() {
            let explanation = explain(rule);
            assert!(!explanation.why.is_empty(), "{}", rule.code);
            assert!(!explanation.help.is_empty(), "{}", rule.code);
        }
    }
}
