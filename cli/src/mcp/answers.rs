//! The arguments of the tools, and their answers as text. The doc comments are what an agent reads.

use super::workspace::Workspace;
use crate::args::{self, PageFormat, RenderFormat, Rules};
use crate::filter::Filter;
use crate::terminal::Terminal;
use crate::{Failure, decide, explain, input, options, render};
use plimsoll_core::config::Answers;
use plimsoll_core::output::{self, Include, Length};
use plimsoll_core::report::{Confidence, Severity};
use rmcp::schemars::{self, JsonSchema};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// Number of findings in an answer unless the client asks for another one.
const FINDINGS: usize = 100;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Check {
    /// Files and folders of one project, from the root of the workspace; all of it if omitted
    paths: Vec<String>,
    /// Report only findings that have to do with these files and folders; the project is read all the same
    only: Vec<String>,
    /// Run only these rules: codes (PLM101), families (PLM1) or names
    select: Vec<String>,
    /// Run all rules except these: codes, families or names
    ignore: Vec<String>,
    /// Leave out findings below this severity: error, warning, info or hint
    min_severity: Option<String>,
    /// Leave out findings below this confidence: certain, likely or possible
    min_confidence: Option<String>,
    /// `agent` (the default) is a line for each finding, `text` shows the source lines with reasons and help,
    /// `json` has everything, with the edits of fixes
    format: Format,
    /// Maximum number of findings in the format `agent`, 100 unless given
    limit: Option<usize>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Agent,
    Text,
    Json,
}

/// An answer as agents write it: `minutes`, `3` or `true`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Answer {
    Text(String),
    Number(u32),
    Flag(bool),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Text(text) => f.write_str(text),
            Answer::Number(number) => write!(f, "{number}"),
            Answer::Flag(flag) => write!(f, "{flag}"),
        }
    }
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Decide {
    /// Files and folders of one project, from the root of the workspace; all of it if omitted
    paths: Vec<String>,
    /// Answers to what files cannot say: `downtime` (none, seconds, minutes, hours), `teams` (a number), `audit`
    /// (yes, no), or one of the six questions by name with yes or no
    answers: BTreeMap<String, Answer>,
    /// Only this system, by its name in the table of systems
    system: Option<String>,
    /// Add the evidence, both checklists and what becomes of each key
    details: bool,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Explain {
    /// Code or name of a rule, such as PLM101 or depends-on-started-only; all rules if omitted
    rule: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Render {
    /// A chart, an overlay or a folder, from the root of the workspace; all of it if omitted
    path: Option<String>,
    /// Print the names of the targets instead
    list: bool,
    /// Print only these targets, by their names in the list
    targets: Vec<String>,
    /// Values files for the chart, over its own values; later files win
    values: Vec<String>,
    /// Values for the chart such as `image.tag=1.2`, over all values files
    set: Vec<String>,
    /// Name of the chart's release
    release: Option<String>,
    /// Namespace of the chart's release
    namespace: Option<String>,
}

/// Returns what is found.
pub fn check(workspace: &Workspace, wanted: Check) -> Result<String, Failure> {
    let min_severity = named("min_severity", wanted.min_severity, Severity::from_name)?;
    let min_confidence = named("min_confidence", wanted.min_confidence, Confidence::from_name)?;
    let input = workspace.input(&wanted.paths)?;
    let filter = Filter::about(&workspace.paths(&wanted.only)?, min_confidence);
    let Check { select, ignore, .. } = wanted;
    let mut options = options(&input, &Rules { select, ignore, min_severity, fail_on: None })?;
    options.gathers_siblings = filter.takes_all();
    let terminal = Terminal::quiet();
    let project = input::gather(&input, &terminal)?;
    let mut report = project.report(&project.workspace(&terminal), &options, &terminal)?;
    filter.apply(&mut report, None);
    Ok(match wanted.format {
        Format::Agent => first(&output::agent(&report), wanted.limit.unwrap_or(FINDINGS)),
        Format::Text => output::text(&report, terminal.style, true, Length::Readable),
        Format::Json => output::checked_json(&report, Include::default()),
    })
}

/// Returns the first findings and the line that counts them all.
fn first(text: &str, limit: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let (summary, findings) = lines.split_last().expect("internal error: there is a summary");
    let mut kept: Vec<&str> = findings.iter().take(limit).copied().collect();
    let more = match findings.len().saturating_sub(limit) {
        0 => String::new(),
        more => format!("{more} more; narrow with only, select or min_severity, or raise limit"),
    };
    kept.extend((!more.is_empty()).then_some(more.as_str()));
    kept.push(summary);
    kept.join("\n") + "\n"
}

/// Returns the value that a name stands for, or a failure that repeats the name.
fn named<T>(
    key: &str,
    name: Option<String>,
    from_name: fn(&str) -> Option<T>,
) -> Result<Option<T>, Failure> {
    let Some(name) = name else { return Ok(None) };
    match from_name(&name) {
        Some(value) => Ok(Some(value)),
        None => Err(Failure(format!("`{name}` is not a value of `{key}`"))),
    }
}

/// Returns the decision.
pub fn decide(workspace: &Workspace, wanted: Decide) -> Result<String, Failure> {
    let mut answers = Answers::default();
    for (key, value) in &wanted.answers {
        let value = value.to_string();
        answers.set(key, &value).map_err(|wrong| Failure(wrong.message()))?;
    }
    let input = workspace.input(&wanted.paths)?;
    let terminal = Terminal::quiet();
    let asked = decide::Wanted { system: wanted.system, answers: vec![answers] };
    let report = decide::report(&input, &asked, &terminal)?;
    Ok(output::decision(&report, terminal.style, wanted.details))
}

/// Returns a rule in full, or the list of all rules.
pub fn explain(wanted: &Explain) -> Result<String, Failure> {
    explain::text(wanted.rule.as_deref(), PageFormat::Markdown)
}

/// Returns what targets put onto the cluster, below comments that say what could not be built.
pub fn render(workspace: &Workspace, wanted: Render) -> Result<String, Failure> {
    let input = workspace.input(&wanted.path.into_iter().collect::<Vec<_>>())?;
    let release = args::Release {
        values: workspace.paths(&wanted.values)?,
        set: wanted.set,
        release: wanted.release,
        namespace: wanted.namespace,
    };
    let asked = render::Wanted {
        list: wanted.list,
        names: wanted.targets,
        release,
        format: RenderFormat::Yaml,
    };
    let rendered = render::rendered(input, &asked, &Terminal::quiet())?;
    let reasons = rendered
        .reasons
        .iter()
        .map(|it| format!("# not built in full: {}\n", output::escape_line(it)));
    Ok(reasons.collect::<String>() + &rendered.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_says_how_many_findings_are_left_out() {
        let text = "a\nb\nc\nsummary: 3 warnings\n";
        assert_eq!(first(text, 3), text);
        let expected = "a\n2 more; narrow with only, select or min_severity, or raise limit\nsummary: 3 warnings\n";
        assert_eq!(first(text, 1), expected);
    }
}
