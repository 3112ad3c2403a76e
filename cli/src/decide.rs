//! `plimsoll decide`: which platform the files call for.

use crate::args::{Input, PageFormat};
use crate::terminal::{Terminal, print_exactly};
use crate::{Failure, input};
use plimsoll_core::config::Answers;
use plimsoll_core::output::{self, escape_line, wire};
use plimsoll_core::{Options, Report};

/// System and answers that the command line asks for.
pub struct Wanted {
    /// Name of the only system that is meant.
    pub system: Option<String>,
    /// The person's own answers, which are laid over those of the configuration.
    pub answers: Vec<Answers>,
}

/// Prints the decision and returns the exit code.
pub fn run(
    input: &Input,
    wanted: &Wanted,
    format: PageFormat,
    details: bool,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let report = report(input, wanted, terminal)?;
    match format {
        PageFormat::Text => terminal.print(&output::decision(&report, terminal.style, details)),
        PageFormat::Json => print_exactly(&wire::decision_json(&report)),
        PageFormat::Markdown => print_exactly(&output::decision_markdown(&report)),
    }?;
    Ok(0)
}

/// Analyses the files, and returns the report with the decision that is wanted.
pub fn report(input: &Input, wanted: &Wanted, terminal: &Terminal) -> Result<Report, Failure> {
    let mut config = input::config(input)?;
    config.answers = wanted.answers.iter().fold(config.answers, Answers::with);
    let options = Options { config, ..Options::default() };
    let project = input::gather(input, terminal)?;
    let mut report = project.report(&project.workspace(terminal), &options, terminal)?;
    if let Some(name) = &wanted.system {
        keep_system(&mut report, name)?;
    }
    Ok(report)
}

/// Leaves only one system in a report.
fn keep_system(report: &mut Report, name: &str) -> Result<(), Failure> {
    let known: Vec<String> =
        report.systems.iter().map(|system| format!("`{}`", system.name)).collect();
    report.systems.retain(|system| system.name == name);
    if report.systems.is_empty() {
        return Err(Failure(format!(
            "`{}` is not a system in these files; there are {}",
            escape_line(name),
            escape_line(&known.join(", "))
        )));
    }
    Ok(())
}
