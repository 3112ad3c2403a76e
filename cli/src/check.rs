//! `plimsoll check`: what is found, printed in the formats that were asked for.

use crate::args::{self, CheckFormat, Input, OutputFile, Part, Printing};
use crate::filter::Filter;
use crate::input::{self, Project};
use crate::terminal::{Terminal, print_exactly};
use crate::{Failure, baseline, exit_code, options, watch};
use plimsoll_core::accept_each;
use plimsoll_core::output::{self, Include, Length, MAX_ANNOTATIONS, Style, escape_line};
use plimsoll_core::report::Report;
use plimsoll_core::text::{normalise_path, path_at_start};
use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs the subcommand and returns the exit code.
pub fn run(wanted: &args::Check, terminal: &Terminal) -> Result<u8, Failure> {
    if wanted.watch {
        return watch::run(wanted, terminal);
    }
    let (input, filter) = Filter::of(&wanted.input, &wanted.filter)?;
    let project = input::gather(&input, terminal)?;
    of_project(wanted, &input, &filter, &project, terminal)
}

/// Checks a project that was read, and returns the exit code.
pub fn of_project(
    wanted: &args::Check,
    input: &Input,
    filter: &Filter,
    project: &Project,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let args::Check { rules, baseline, printing, .. } = wanted;
    let mut options = options(input, rules)?;
    let root = input::root(input, baseline.file());
    options.gathers_siblings = filter.takes_all();
    options.config.base = input::base(&root);
    options.config.unread = Arc::new(project.unread());
    if baseline.prune {
        baseline.baseline.as_deref().map(baseline::refuse_pipe).transpose()?;
    }
    let known = baseline.baseline.as_deref().map(baseline::read).transpose()?.map(Arc::new);
    options.config.baseline.clone_from(&known);
    let mut workspace = project.workspace(terminal);
    if wanted.show_files {
        if !matches!(printing.format, CheckFormat::Text | CheckFormat::Concise) {
            let cause = "`--show-files` prints a list for people and has no other format; `--format json` also lists the files";
            return Err(Failure(cause.to_owned()));
        }
        let report = project.report_even_of_nothing(&workspace, &options, terminal)?;
        terminal.print(&files(project, &report))?;
        project.refuse_nothing(&report)?;
        return Ok(0);
    }
    let mut report = project.report(&workspace, &options, terminal)?;
    refuse_repeated(&printing.output)?;
    let outputs = printing.output.iter().map(|it| &it.path);
    let configs = input::config_with_files(input)?.1;
    let others: Vec<PathBuf> = baseline.baseline.iter().cloned().chain(configs).collect();
    for path in outputs.chain(&baseline.write_baseline) {
        project.refuse_to_overwrite(path, &others, &report)?;
    }
    let before = filter.before(project, &mut workspace, &options);
    filter.apply(&mut report, before.as_ref());
    if let Some(file) = &baseline.write_baseline {
        let wanted = |report: &mut Report| filter.apply(report, None);
        let found = accept_each(&workspace, &options, &wanted).0;
        baseline::write(file, &found)?;
        if !terminal.quiet {
            let count: usize = found.entries().map(|it| it.1).sum();
            terminal.say(&format!("{}: findings in the baseline: {count}", file.display()));
        }
        return Ok(0);
    }
    print(&report, printing, terminal)?;
    if let Some((file, known)) = baseline.baseline.as_ref().zip(known) {
        let stale = baseline::stale(&report, &root);
        match baseline.prune {
            true if !stale.is_empty() => {
                baseline::write(file, &known.without(&stale))?;
            }
            true => {}
            false => baseline::warn(file, &stale, terminal),
        }
    }
    Ok(exit_code(&report, rules))
}

/// Refuses two outputs to one file, of which only the last would stay.
fn refuse_repeated(outputs: &[OutputFile]) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    for OutputFile { path, .. } in outputs {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let name = normalise_path(&absolute.to_string_lossy());
        let real = path.canonicalize().unwrap_or_else(|_| name.into());
        if !seen.insert(real) {
            return Err(Failure::at(path, &"two outputs go to this file"));
        }
    }
    Ok(())
}

/// Prints the findings, and writes them to the files that were asked for.
fn print(report: &Report, printing: &Printing, terminal: &Terminal) -> Result<(), Failure> {
    if printing.statistics {
        warn_without_statistics(printing, terminal);
    }
    for OutputFile { format, path } in &printing.output {
        let text = rendered(report, *format, printing, Style::default(), true);
        fs::write(path, text).map_err(|error| Failure::at(path, &error))?;
    }
    let text = rendered(report, printing.format, printing, terminal.style, !terminal.quiet);
    match printing.format {
        CheckFormat::Text | CheckFormat::Concise => terminal.print(&text)?,
        CheckFormat::Json
        | CheckFormat::JsonLines
        | CheckFormat::Sarif
        | CheckFormat::Github
        | CheckFormat::Gitlab
        | CheckFormat::Junit
        | CheckFormat::Markdown
        | CheckFormat::Rdjson
        | CheckFormat::Agent => print_exactly(&text)?,
    }
    if printing.format == CheckFormat::Github && report.findings.len() > MAX_ANNOTATIONS {
        write_job_summary(report)?;
    }
    Ok(())
}

/// Names the outputs that have no statistics.
fn warn_without_statistics(printing: &Printing, terminal: &Terminal) {
    let only = "`--statistics` counts findings in the formats text, concise and json only";
    if !has_statistics(printing.format) {
        terminal.warn(only);
    }
    for OutputFile { path, .. } in printing.output.iter().filter(|it| !has_statistics(it.format)) {
        terminal.warn(&format!("{}: {only}", path.display()));
    }
}

fn has_statistics(format: CheckFormat) -> bool {
    match format {
        CheckFormat::Text | CheckFormat::Concise | CheckFormat::Json => true,
        CheckFormat::JsonLines
        | CheckFormat::Sarif
        | CheckFormat::Github
        | CheckFormat::Gitlab
        | CheckFormat::Junit
        | CheckFormat::Markdown
        | CheckFormat::Rdjson
        | CheckFormat::Agent => false,
    }
}

fn rendered(
    report: &Report,
    format: CheckFormat,
    printing: &Printing,
    style: Style,
    summary: bool,
) -> String {
    let include = Include {
        decision: printing.include.contains(&Part::Decision),
        map: printing.include.contains(&Part::Map),
    };
    let length = if printing.all { Length::All } else { Length::Readable };
    match format {
        CheckFormat::Text | CheckFormat::Concise if printing.statistics => {
            output::statistics(report, style, summary)
        }
        CheckFormat::Json if printing.statistics => output::statistics_json(report),
        CheckFormat::Text => output::text(report, style, summary, length),
        CheckFormat::Concise => output::concise(report, style, summary),
        CheckFormat::Json => output::checked_json(report, include),
        CheckFormat::JsonLines => output::json_lines(report),
        CheckFormat::Sarif => output::sarif(report),
        CheckFormat::Github => output::github(report),
        CheckFormat::Gitlab => output::gitlab(report),
        CheckFormat::Junit => output::junit(report),
        CheckFormat::Markdown => output::markdown(report),
        CheckFormat::Rdjson => output::rdjson(report),
        CheckFormat::Agent => output::agent(report),
    }
}

/// Adds the findings to the summary of the job, as many as it takes, where a workflow of GitHub runs the command.
fn write_job_summary(report: &Report) -> Result<(), Failure> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = Path::new(&path);
    // The limit counts for a step, which may have written something before.
    let written = path.metadata().map_or(0, |it| it.len());
    let summary = output::job_summary(report, usize::try_from(written).unwrap_or(usize::MAX));
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(summary.as_bytes()))
        .map_err(|error| Failure::at(path, &error))
}

/// Lists what is read and what is not, by path, and the targets that are not built in full.
fn files(project: &Project, report: &Report) -> String {
    let mut lines: Vec<(String, String)> = Vec::new();
    let is_skipped = |path: &str| report.skipped.iter().any(|it| it.path == path);
    let read = report.files.iter().filter(|entry| !entry.is_companion());
    for entry in read.filter(|entry| !is_skipped(&entry.file.path)) {
        let role = entry.role.map(|role| format!(", {role}")).unwrap_or_default();
        lines.push((entry.file.path.to_string(), format!("{}{role}", entry.kind)));
    }
    let excluded = project.excluded.iter();
    lines.extend(excluded.map(|path| (path.clone(), "not read: excluded".to_owned())));
    let skipped = report.skipped.iter();
    lines.extend(skipped.map(|it| (it.path.clone(), format!("not read: {}", it.reason.words()))));
    lines.sort();
    let mut out: String = lines
        .iter()
        .map(|(path, what)| {
            format!("{}: {}\n", escape_line(&path_at_start(path)), escape_line(what))
        })
        .collect();
    for target in report.targets.iter().filter(|target| !target.built) {
        let reason = target.reason.as_deref().unwrap_or("nothing in it was built");
        out.push_str(&format!(
            "{} {}: not built in full: {}\n",
            target.kind,
            escape_line(&target.name),
            escape_line(reason)
        ));
    }
    out
}
