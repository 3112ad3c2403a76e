//! The command `plimsoll`: arguments in, a report out, and an exit code that scripts can rely on.

mod args;
mod fix;
mod input;
mod progress;

use args::{CheckFormat, Cli, Color, Command, Input, PageFormat, Rules};
use clap::Parser;
use plimsoll_core::config::Answers;
use plimsoll_core::output::{self, Style, wire};
use plimsoll_core::report::Severity;
use plimsoll_core::{Options, Report, explain, rules};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// A report is thousands of small texts, made on several threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why it could not be done, in a sentence that names the path.
pub struct Failure(String);

impl Failure {
    fn at(path: &Path, cause: &dyn Display) -> Failure {
        Failure(format!("{}: {cause}", path.display()))
    }
}

/// What the person at the other end wants to see.
pub struct Terminal {
    style: Style,
    quiet: bool,
}

impl Terminal {
    fn new(color: Color, quiet: bool) -> Terminal {
        let set =
            |name| std::env::var_os(name).is_some_and(|it: std::ffi::OsString| !it.is_empty());
        let terminal = io::stdout().is_terminal();
        let dumb = std::env::var_os("TERM").is_some_and(|it| it == "dumb");
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !dumb && !set("NO_COLOR"),
        };
        let size = terminal_size::terminal_size().filter(|_| terminal);
        let width = size.map_or(Style::default().width, |it| usize::from(it.0.0));
        Terminal { style: Style { color, width }, quiet }
    }

    /// Something that did not stop us.
    fn warn(&self, text: &str) {
        if !self.quiet {
            self.say(&format!("warning: {text}"));
        }
    }

    fn say(&self, text: &str) {
        let _ = writeln!(io::stderr(), "plimsoll: {text}");
    }
}

fn main() -> ExitCode {
    let Cli { command, color, quiet } = Cli::parse();
    let terminal = Terminal::new(color, quiet);
    let code = match command {
        Command::Check { input, rules, format } => check(&input, &rules, format, &terminal),
        Command::Decide { input, format, answers } => decide(&input, format, answers, &terminal),
        Command::Fix { input, rules, diff, risky } => {
            fix_files(&input, &rules, diff, risky, &terminal)
        }
        Command::Explain { rule, format } => explain_rule(rule.as_deref(), format, &terminal),
        Command::Lsp { .. } => plimsoll_lsp::serve()
            .map(|orderly| if orderly { 0 } else { 1 })
            .map_err(|it| Failure(format!("the language server could not start: {it}"))),
    };
    match code {
        Ok(code) => ExitCode::from(code),
        Err(Failure(why)) => {
            terminal.say(&why);
            ExitCode::from(2)
        }
    }
}

fn check(
    input: &Input,
    rules: &Rules,
    format: CheckFormat,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let options = options(input, rules)?;
    let sources = input::gather(input, terminal)?;
    let report = input::workspace(&sources, terminal).report(&options);
    print(&match format {
        CheckFormat::Text => output::text(&report, terminal.style, !terminal.quiet),
        CheckFormat::Json => output::json(&report),
        CheckFormat::Sarif => output::sarif(&report),
        CheckFormat::Github => output::github(&report),
        CheckFormat::Junit => output::junit(&report),
        CheckFormat::Markdown => output::markdown(&report),
    })?;
    Ok(exit(&report, rules))
}

fn decide(
    input: &Input,
    format: PageFormat,
    answers: Vec<Answers>,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let mut config = input::config(input.config.as_deref())?;
    config.answers = answers.iter().fold(config.answers, Answers::with);
    let options = Options { config, ..Options::default() };
    let sources = input::gather(input, terminal)?;
    let report = input::workspace(&sources, terminal).report(&options);
    print(&match format {
        PageFormat::Text => output::decision(&report, terminal.style),
        PageFormat::Json => wire::decision_json(&report),
        PageFormat::Markdown => output::decision_markdown(&report),
    })?;
    Ok(0)
}

/// The exit code speaks of the files as they are afterwards: with `--diff`, unchanged.
fn fix_files(
    input: &Input,
    rules: &Rules,
    diff: bool,
    risky: bool,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let options = options(input, rules)?;
    let sources = input::gather(input, terminal)?;
    let workspace = input::workspace(&sources, terminal);
    let before = diff.then(|| workspace.report(&options));
    let fixed = fix::apply(&sources, workspace, &options, risky, terminal);
    let mut changed = 0;
    for (source, file) in sources.iter().zip(&fixed.files) {
        let differs = source.file != *file;
        changed += usize::from(differs);
        match &source.path {
            _ if diff && differs => print(&fix::diff(&source.file, file, terminal))?,
            Some(path) if !diff && differs => fix::write(path, &file.text)?,
            None if !diff => print(&file.text)?,
            _ => {}
        }
    }
    if !terminal.quiet {
        let done = if diff { "would apply" } else { "applied" };
        let applied = if changed == 0 { 0 } else { fixed.applied };
        let left = fixed.report.findings.len();
        terminal.say(&format!(
            "{done} {applied} {} in {changed} {}; {left} {} left",
            plural(applied, "fix", "fixes"),
            plural(changed, "file", "files"),
            plural(left, "finding", "findings"),
        ));
    }
    Ok(exit(before.as_ref().unwrap_or(&fixed.report), rules))
}

fn explain_rule(
    rule: Option<&str>,
    format: PageFormat,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let Some(name) = rule else {
        print(&match format {
            PageFormat::Json => json(&rules::all().map(wire::Rule::from).collect::<Vec<_>>()),
            PageFormat::Markdown => rules::all().map(markdown_line).collect(),
            PageFormat::Text => rules::all().map(text_line).collect(),
        })?;
        return Ok(0);
    };
    let Some(rule) = rules::find(name) else {
        return Err(Failure(format!("`{name}` is no rule; `plimsoll explain` lists them all")));
    };
    print(&match format {
        PageFormat::Json => json(&wire::Explanation::from(rule)),
        PageFormat::Markdown => explain::markdown(rule),
        PageFormat::Text => page(&explain::markdown(rule), terminal.style.color),
    })?;
    Ok(0)
}

fn text_line(rule: &'static rules::Rule) -> String {
    let summary = &explain::explain(rule).summary;
    format!("{} {:<8} {:<36} {summary}\n", rule.code, rule.severity.name(), rule.name)
}

fn markdown_line(rule: &'static rules::Rule) -> String {
    let (url, summary) = (wire::rule_url(rule), &explain::explain(rule).summary);
    format!("- [{} {}]({url}) ({}): {summary}\n", rule.code, rule.name, rule.severity.name())
}

/// Markdown reads well as it is; on a terminal its headings stand out.
fn page(markdown: &str, color: bool) -> String {
    let bold = |line: &str| match line.trim_start_matches('#') {
        title if color && title.len() < line.len() => format!("\x1b[1m{}\x1b[0m\n", title.trim()),
        _ => format!("{line}\n"),
    };
    markdown.lines().map(bold).collect()
}

fn options(input: &Input, rules: &Rules) -> Result<Options, Failure> {
    for selector in rules.select.iter().chain(&rules.ignore) {
        if !rules::all().any(|it| it.is(selector)) {
            return Err(Failure(format!(
                "`{selector}` is no rule, family or name; `plimsoll explain` lists them all"
            )));
        }
    }
    Ok(Options {
        config: input::config(input.config.as_deref())?,
        select: rules.select.clone(),
        ignore: rules.ignore.clone(),
        min_severity: rules.min_severity.as_deref().and_then(Severity::from_name),
    })
}

fn exit(report: &Report, rules: &Rules) -> u8 {
    u8::from(report.findings.iter().any(|it| rules.fail_on.fails(it.severity)))
}

fn plural<'a>(number: usize, one: &'a str, many: &'a str) -> &'a str {
    if number == 1 { one } else { many }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("internal error: the wire format is JSON") + "\n"
}

/// Standard output may be a pipe whose reader has seen enough, as with `head`.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
