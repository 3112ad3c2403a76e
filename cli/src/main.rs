//! The command `plimsoll`: arguments in, a report out, and an exit code that scripts can rely on.

mod args;
mod baseline;
mod check;
mod companions;
mod decide;
mod explain;
mod filter;
mod fix;
mod gone;
mod ignore;
mod init;
mod input;
#[cfg_attr(target_family = "wasm", path = "mcp/none.rs")]
mod mcp;
#[cfg_attr(target_family = "wasm", path = "progress/none.rs")]
mod progress;
mod queue;
mod render;
mod scope;
mod shell;
mod terminal;
#[cfg_attr(target_family = "wasm", path = "watch/none.rs")]
mod watch;

use args::{Cli, Command, Input, PageFormat, Rules};
use clap::Parser;
use plimsoll_core::output;
use plimsoll_core::report::FailOn;
use plimsoll_core::text::steers_a_terminal;
use plimsoll_core::{Options, Report, rules};
use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;
use terminal::{Terminal, print_exactly};

/// Analyses allocate many small strings on several threads, for which mimalloc is a twentieth
/// faster than the system's allocator.
#[cfg(not(target_family = "wasm"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why the command could not do what it was asked to do: a sentence that names the path.
pub struct Failure(String);

impl Failure {
    fn at(path: &Path, cause: &dyn Display) -> Failure {
        Failure(format!("{}: {cause}", output::escape_line(&path.to_string_lossy())))
    }
}

/// Says what is wrong with the arguments, and ends the program. What was given may hold control characters.
fn refuse(error: &clap::Error) -> ! {
    let is_odd = |argument: OsString| argument.to_string_lossy().contains(steers_a_terminal);
    if !error.use_stderr() || !std::env::args_os().skip(1).any(is_odd) {
        error.exit();
    }
    eprintln!("{}", output::escape_line(error.render().to_string().trim_end()));
    std::process::exit(error.exit_code());
}

fn main() -> ExitCode {
    enter_current_folder();
    let Cli { command, color, hyperlinks, quiet } =
        Cli::try_parse().unwrap_or_else(|error| refuse(&error));
    let terminal = Terminal::new(color, hyperlinks, quiet);
    match run(command, &terminal) {
        Ok(code) => ExitCode::from(code),
        Err(Failure(reason)) => {
            terminal.say(&reason);
            ExitCode::from(2)
        }
    }
}

/// Enters the folder that the person is in. WASI starts every program at the root, so what runs the
/// WebAssembly hands the folder over.
fn enter_current_folder() {
    if cfg!(target_family = "wasm")
        && let Some(folder) = std::env::var_os("PWD")
    {
        // Where that fails, the first relative path is reported as missing.
        let _ = std::env::set_current_dir(folder);
    }
}

/// Runs a subcommand and returns the exit code.
fn run(command: Command, terminal: &Terminal) -> Result<u8, Failure> {
    match command {
        Command::Check(wanted) => check::run(&wanted, terminal),
        Command::Decide { input, format, details, system, answers } => {
            let wanted = decide::Wanted { system, answers };
            decide::run(&input, &wanted, format, details, terminal)
        }
        Command::Compare { input, format } => compare(&input, format, terminal),
        Command::Fix { input, rules, diff, risky, add_ignore } => {
            let how = match add_ignore {
                Some(reason) => fix::How::Accept { reason },
                None => fix::How::Mend { risky },
            };
            fix::run(&input, &rules, diff, &how, terminal)
        }
        Command::Init { path } => init::run(path, terminal),
        Command::Render { input, release, list, targets, format } => {
            let wanted = render::Wanted { list, names: targets, release, format };
            render::run(input, &wanted, terminal)
        }
        Command::Explain { rule, format } => explain::run(rule.as_deref(), format, terminal),
        Command::Lsp { .. } => serve(),
        Command::Mcp { path } => mcp::run(path.as_deref()),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man { subcommand } => shell::man(subcommand.as_deref()),
    }
}

#[cfg(not(target_family = "wasm"))]
fn serve() -> Result<u8, Failure> {
    match plimsoll_lsp::serve() {
        Ok(orderly) => Ok(if orderly { 0 } else { 1 }),
        Err(error) => Err(Failure(format!("the language server could not start: {error}"))),
    }
}

#[cfg(target_family = "wasm")]
fn serve() -> Result<u8, Failure> {
    Err(Failure(
        "the language server is not in this package: it needs the native command".to_owned(),
    ))
}

fn compare(input: &Input, format: PageFormat, terminal: &Terminal) -> Result<u8, Failure> {
    let config = input::config(input)?;
    let project = input::gather(input, terminal)?;
    let workspace = project.workspace(terminal);
    // The report lends its files and what becomes of each key; nobody asks for fixes here.
    let options = Options { config, leave_fixes_untried: true, ..Options::default() };
    let report = project.report(&workspace, &options, terminal)?;
    let comparison = workspace.analysis(&options.config).comparison();
    match format {
        PageFormat::Text => {
            terminal.print(&output::comparison(&report, &comparison, terminal.style))
        }
        PageFormat::Json => print_exactly(&output::comparison_json(&report, &comparison)),
        PageFormat::Markdown => print_exactly(&output::comparison_markdown(&report, &comparison)),
    }?;
    Ok(0)
}

/// Refuses rules that do not exist.
fn refuse_unknown(rules: &Rules) -> Result<(), Failure> {
    match rules.select.iter().chain(&rules.ignore).find(|it| !rules::is_known(it)) {
        Some(unknown) => Err(Failure(explain::unknown(unknown))),
        None => Ok(()),
    }
}

fn options(input: &Input, rules: &Rules) -> Result<Options, Failure> {
    refuse_unknown(rules)?;
    Ok(Options {
        config: input::config(input)?,
        select: rules.select.clone(),
        ignore: rules.ignore.clone(),
        min_severity: rules.min_severity,
        leave_fixes_untried: false,
        gathers_siblings: false,
    })
}

fn exit_code(report: &Report, rules: &Rules) -> u8 {
    let fail_on = rules.fail_on.or(report.fail_on).unwrap_or(FailOn::Error);
    u8::from(report.findings.iter().any(|finding| fail_on.fails(finding.severity)))
}

fn json(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_string_pretty(value);
    output::escape_json(json.expect("internal error: the wire format is JSON")) + "\n"
}
