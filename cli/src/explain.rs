//! `plimsoll explain`: one rule in full, or the list of all rules.

use crate::args::PageFormat;
use crate::terminal::{Terminal, print_exactly};
use crate::{Failure, json};
use anstyle::Style;
use plimsoll_core::explain;
use plimsoll_core::output::wire;
use plimsoll_core::rules::{self, Rule};

pub fn run(name: Option<&str>, format: PageFormat, terminal: &Terminal) -> Result<u8, Failure> {
    match name {
        None => list(format)?,
        Some(name) => match rules::find(name) {
            Some(rule) => page(rule, format, terminal)?,
            None => {
                return Err(Failure(format!(
                    "`{name}` is not a known rule; `plimsoll explain` lists all rules"
                )));
            }
        },
    }
    Ok(0)
}

fn list(format: PageFormat) -> Result<(), Failure> {
    print_exactly(&match format {
        PageFormat::Text => rules::all().map(text_line).collect(),
        PageFormat::Json => json(&rules::all().map(wire::Rule::from).collect::<Vec<_>>()),
        PageFormat::Markdown => rules::all().map(markdown_line).collect(),
    })
}

fn text_line(rule: &'static Rule) -> String {
    let summary = &explain::explain(rule).summary;
    format!("{} {:<8} {:<36} {summary}\n", rule.code, rule.severity.name(), rule.name)
}

fn markdown_line(rule: &'static Rule) -> String {
    let (url, summary) = (wire::rule_url(rule), &explain::explain(rule).summary);
    format!("- [{} {}]({url}) ({}): {summary}\n", rule.code, rule.name, rule.severity.name())
}

fn page(rule: &'static Rule, format: PageFormat, terminal: &Terminal) -> Result<(), Failure> {
    let markdown = explain::markdown(rule);
    match format {
        PageFormat::Text if terminal.style.color => terminal.print(&with_bold_titles(&markdown)),
        PageFormat::Text | PageFormat::Markdown => print_exactly(&markdown),
        PageFormat::Json => print_exactly(&json(&wire::Explanation::from(rule))),
    }
}

/// Markdown reads well as it is; on a terminal its titles stand out without their `#`.
fn with_bold_titles(markdown: &str) -> String {
    let bold = Style::new().bold();
    let line = |line: &str| match line.trim_start_matches('#') {
        title if title.len() < line.len() => format!("{bold}{}{bold:#}\n", title.trim()),
        _ => format!("{line}\n"),
    };
    markdown.lines().map(line).collect()
}
