//! `plimsoll explain`: one rule in full, or the list of all rules.

use crate::args::PageFormat;
use crate::terminal::{Terminal, print_exactly};
use crate::{Failure, json};
use anstyle::Style;
use plimsoll_core::explain;
use plimsoll_core::output::wire;
use plimsoll_core::rules::{self, Pitfall, Rule};
use plimsoll_core::text::{did_you_mean, escape_line};
use serde::Serialize;

/// Prints a rule or the list of all rules, and returns the exit code.
pub fn run(name: Option<&str>, format: PageFormat, terminal: &Terminal) -> Result<u8, Failure> {
    let text = text(name, format)?;
    match format {
        PageFormat::Text if name.is_some() && terminal.style.color => {
            terminal.print(&with_bold_titles(&text))?;
        }
        PageFormat::Text | PageFormat::Markdown | PageFormat::Json => print_exactly(&text)?,
    }
    Ok(0)
}

/// Returns a rule in full, or the list of all rules.
pub fn text(name: Option<&str>, format: PageFormat) -> Result<String, Failure> {
    match name {
        None => Ok(list(format)),
        Some(name) => match rules::find(name) {
            Some(rule) => Ok(page(rule, format)),
            None => Err(Failure(unknown(name))),
        },
    }
}

/// Says that a code or name means no rule, and which ones were probably meant.
pub fn unknown(selector: &str) -> String {
    let what = format!("`{}` is not a known rule", escape_line(selector));
    let meant = did_you_mean(&rules::nearest(selector));
    match meant.is_empty() {
        true => format!("{what}; `plimsoll explain` lists all rules"),
        false => what + &meant,
    }
}

/// Lists the rules by pitfall.
fn list(format: PageFormat) -> String {
    let by_pitfall = |part: &dyn Fn(Pitfall) -> String| Pitfall::ALL.map(part).join("\n");
    match format {
        PageFormat::Text => by_pitfall(&|pitfall| {
            let rules: String = pitfall.rules().map(text_line).collect();
            format!("{} ({})\n{}\n{rules}", pitfall.title(), pitfall.family(), pitfall.about())
        }),
        PageFormat::Json => json(&rules::all().map(explained).collect::<Vec<_>>()),
        PageFormat::Markdown => by_pitfall(&|pitfall| {
            let rules: String = pitfall.rules().map(markdown_line).collect();
            format!(
                "## {} ({})\n\n{}\n\n{rules}",
                pitfall.title(),
                pitfall.family(),
                pitfall.about()
            )
        }),
    }
}

/// A rule with all that its page says, the same in the list and by itself.
#[derive(Serialize)]
struct Explained {
    #[serde(flatten)]
    own: wire::Rule,
    /// The same once more, for those who know the shape of the npm package.
    #[serde(flatten)]
    explanation: wire::Explanation,
}

fn explained(rule: &'static Rule) -> Explained {
    let explanation = wire::Explanation::from(rule);
    Explained { own: rule.into(), explanation }
}

fn text_line(rule: &'static Rule) -> String {
    let summary = &explain::explain(rule).summary;
    format!("  {} {:<8} {:<36} {summary}\n", rule.code, rule.severity.name(), rule.name)
}

fn markdown_line(rule: &'static Rule) -> String {
    let (url, summary) = (wire::rule_url(rule), &explain::explain(rule).summary);
    format!("- [{} {}]({url}) ({}): {summary}\n", rule.code, rule.name, rule.severity.name())
}

fn page(rule: &'static Rule, format: PageFormat) -> String {
    match format {
        PageFormat::Text | PageFormat::Markdown => explain::markdown(rule),
        PageFormat::Json => json(&explained(rule)),
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
