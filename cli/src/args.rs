//! The command line as people type it.

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use plimsoll_core::config::Answers;
use plimsoll_core::report::Severity;
use std::path::PathBuf;

/// Finds what will bite in production in Docker Compose and Kubernetes files, read together.
#[derive(Debug, Parser)]
#[command(
    name = "plimsoll",
    version,
    after_help = "Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 it could not be done."
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Say only what was asked for: no summary, warnings or progress
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find pitfalls
    Check {
        #[command(flatten)]
        input: Input,
        #[command(flatten)]
        rules: Rules,
        /// How to print the findings
        #[arg(long, default_value = "text")]
        format: CheckFormat,
    },
    /// Say how much platform the files ask for: Compose or Kubernetes, Helm, Argo CD
    Decide {
        #[command(flatten)]
        input: Input,
        /// How to print the report
        #[arg(long, default_value = "text")]
        format: PageFormat,
        /// Answer what files cannot tell, as `downtime=minutes`; may be given several times
        #[arg(long = "answer", value_name = "KEY=VALUE", value_parser = answer)]
        answers: Vec<Answers>,
    },
    /// Apply safe fixes
    Fix {
        #[command(flatten)]
        input: Input,
        #[command(flatten)]
        rules: Rules,
        /// Print what would change and write nothing
        #[arg(long)]
        diff: bool,
        /// Also apply fixes that should be read first
        #[arg(long = "unsafe")]
        risky: bool,
    },
    /// Explain a rule in full; without one, list all rules
    Explain {
        /// A code or a name, as PLM101 or depends-on-started-only
        #[arg(value_name = "CODE|NAME")]
        rule: Option<String>,
        /// How to print it
        #[arg(long, default_value = "text")]
        format: PageFormat,
    },
    /// Serve editors: the language server on standard input and output
    Lsp {
        /// Accepted, since many editors add it; there is no other way
        #[arg(long, hide = true)]
        stdio: bool,
    },
}

#[derive(Debug, Args)]
pub struct Input {
    /// Files and folders that belong together; `-` reads standard input [default: this folder]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The name of what `-` reads
    #[arg(long, value_name = "NAME", default_value = "stdin.yaml")]
    pub stdin_filename: String,
    /// Settings to use on top of a `plimsoll.yaml` among the files
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Rules {
    /// Only these rules: codes, families (PLM1) or names
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,
    /// All but these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Leave out what is less severe
    #[arg(long, value_name = "SEVERITY", value_parser = PossibleValuesParser::new(["error", "warning", "info", "hint"]))]
    pub min_severity: Option<String>,
    /// The least severity that makes the exit code 1
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Error,
    Warning,
    Info,
    Never,
}

impl FailOn {
    pub fn fails(self, severity: Severity) -> bool {
        match self {
            FailOn::Error => severity <= Severity::Error,
            FailOn::Warning => severity <= Severity::Warning,
            FailOn::Info => severity <= Severity::Info,
            FailOn::Never => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    Text,
    Json,
    Sarif,
    Github,
    Junit,
    Markdown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PageFormat {
    Text,
    Json,
    Markdown,
}

fn answer(text: &str) -> Result<Answers, String> {
    let Some((key, value)) = text.split_once('=') else {
        return Err("an answer must be written as KEY=VALUE, such as downtime=minutes".to_owned());
    };
    let mut answers = Answers::default();
    answers.set(key, value).map_err(|wrong| wrong.message())?;
    Ok(answers)
}
