//! The command line as people type it. The doc comments are the help texts.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use plimsoll_core::config::Answers;
use plimsoll_core::report::{Confidence, FailOn, Severity};
use std::path::PathBuf;

/// Reads Docker Compose and Kubernetes files together and finds what will bite in production.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    /// When to colour the output
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", display_order = 100)]
    pub color: When,
    /// When to link rule codes to their pages
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", display_order = 100)]
    pub hyperlinks: When,
    /// Print results only: no summary, no warnings, no progress bar
    #[arg(long, short, global = true, display_order = 101)]
    pub quiet: bool,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  no finding reached the severity of --fail-on
  1  at least one finding did
  2  the command could not do what it was asked to do";

const FIX_EXIT_CODES: &str = "\
Exit codes:
  0  no finding that is left reached the severity of --fail-on; with --diff, there is nothing to change
  1  at least one finding did; with --diff, there is something to change
  2  the command could not do what it was asked to do";

const ANSWERS: &str = "\
Questions that the files leave open:
  downtime=none|seconds|minutes|hours  how much downtime is tolerable
  teams=NUMBER                         how many teams deploy on their own
  audit=yes|no                         whether every change must be traceable
The six questions of the decision can be answered with yes or no:
  one-server, multi-node, replicas-and-rollouts, teams-and-environments, gitops, packaging";

const RENDERING: &str = "\
A PATH that is a chart or an overlay means that target, the chart with its own values:
  plimsoll render charts/shop --values prod.yaml --set image.tag=1.2
Any other folder means all targets below it.";

const TOOLS: &str = "\
Tools:
  check    what will bite in production, a line for each finding
  decide   which platform the files call for
  explain  a rule in full, or the list of all rules
  render   what charts and overlays put onto the cluster
They read files of the folder only, and write none.";

const INSTALLING: &str = "\
Where each shell looks for the script:
  bash        plimsoll completions bash > ~/.local/share/bash-completion/completions/plimsoll
  fish        plimsoll completions fish > ~/.config/fish/completions/plimsoll.fish
  zsh         plimsoll completions zsh > DIR/_plimsoll, where DIR is a directory in $fpath
  powershell  plimsoll completions powershell >> $PROFILE
  elvish      plimsoll completions elvish >> ~/.config/elvish/rc.elv";

const READING: &str = "\
To read a page:      plimsoll man check | man -l -
To install a page:   plimsoll man check > ~/.local/share/man/man1/plimsoll-check.1";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Report pitfalls
    #[command(after_help = EXIT_CODES)]
    Check(Box<Check>),
    /// Say which platform the files call for: Compose or Kubernetes, with or without Helm and Argo CD
    #[command(after_help = ANSWERS)]
    Decide {
        #[command(flatten)]
        input: Input,
        /// How to print the decision
        #[arg(long, default_value = "text")]
        format: PageFormat,
        /// Print the evidence, both checklists and what becomes of each key as well
        #[arg(long)]
        details: bool,
        /// Only this system, by its name in the table of systems
        #[arg(long, value_name = "NAME")]
        system: Option<String>,
        /// Answer a question yourself, as in downtime=minutes; may be repeated
        #[arg(long = "answer", value_name = "KEY=VALUE", value_parser = answer)]
        answers: Vec<Answers>,
    },
    /// Compare Compose services with what runs the same thing in the cluster: same, drifted, lost
    Compare {
        #[command(flatten)]
        input: Input,
        /// How to print the comparison
        #[arg(long, default_value = "text")]
        format: PageFormat,
    },
    /// Apply safe fixes of errors and warnings, and of infos and hints whose rules are selected
    #[command(after_help = FIX_EXIT_CODES)]
    Fix {
        #[command(flatten)]
        input: Input,
        #[command(flatten)]
        rules: Rules,
        /// Print the changes as a diff and write nothing
        #[arg(long)]
        diff: bool,
        /// Also apply fixes that may change how your software behaves; review them first
        #[arg(long = "unsafe")]
        risky: bool,
        /// Fix nothing, and accept every finding with a comment that gives this reason
        #[arg(long, value_name = "REASON", conflicts_with = "risky", value_parser = reason)]
        add_ignore: Option<String>,
    },
    /// Write a commented plimsoll.yaml for the files that are there
    Init {
        /// Folder of the project [default: the current folder]
        #[arg(value_name = "PATH")]
        path: Option<PathBuf>,
    },
    /// Print what charts and overlays put onto the cluster
    #[command(after_help = RENDERING)]
    Render {
        #[command(flatten)]
        input: Input,
        #[command(flatten)]
        release: Release,
        /// Print the names of the targets instead
        #[arg(long)]
        list: bool,
        /// Print only this target, by its name in --list; may be repeated
        #[arg(long = "target", value_name = "NAME")]
        targets: Vec<String>,
        /// How to print the objects
        #[arg(long, default_value = "yaml")]
        format: RenderFormat,
    },
    /// Explain a rule, or list all rules by pitfall
    Explain {
        /// The rule's code or name, such as PLM101 or depends-on-started-only; all rules if omitted
        #[arg(value_name = "CODE|NAME")]
        rule: Option<String>,
        /// How to print the rules
        #[arg(long, default_value = "text")]
        format: PageFormat,
    },
    /// Run the language server on standard input and output
    Lsp {
        /// Accepted because many editors pass it; standard input and output are the only transport
        #[arg(long, hide = true)]
        stdio: bool,
    },
    /// Run a server of the Model Context Protocol on standard input and output, for AI agents
    #[command(after_help = TOOLS)]
    Mcp {
        /// Folder whose files the tools may read [default: the current folder]
        #[arg(value_name = "PATH")]
        path: Option<PathBuf>,
    },
    /// Print a script that completes this command line in a shell
    #[command(after_help = INSTALLING)]
    Completions {
        /// The shell to print the script for
        shell: Shell,
    },
    /// Print the manual page, in the format that man(1) reads
    #[command(after_help = READING)]
    Man {
        /// The subcommand to describe; plimsoll itself if omitted
        #[arg(value_name = "COMMAND")]
        subcommand: Option<String>,
    },
}

/// Reporting pitfalls.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    pub input: Input,
    #[command(flatten)]
    pub rules: Rules,
    #[command(flatten)]
    pub filter: Filter,
    #[command(flatten)]
    pub baseline: BaselineFile,
    #[command(flatten)]
    pub printing: Printing,
    /// List the files that are read and those that are not, with the reason, and report nothing
    #[arg(long)]
    pub show_files: bool,
    /// Check again whenever a file that is read changes, until Ctrl-C
    #[arg(long, conflicts_with_all = ["show_files", "staged", "write_baseline", "prune"])]
    pub watch: bool,
}

/// Which findings are reported. Everything is read and analysed all the same, because a finding may come from
/// a file that did not change.
#[derive(Debug, Args)]
pub struct Filter {
    /// Report only findings that have to do with files changed since this revision of git, committed or not
    #[arg(long, value_name = "REV", conflicts_with = "write_baseline")]
    pub changed_since: Option<String>,
    /// Report only findings that have to do with files staged in git
    #[arg(long, conflicts_with_all = ["changed_since", "write_baseline"])]
    pub staged: bool,
    /// Read this folder, and report only findings that have to do with the named files
    #[arg(long, value_name = "DIR", conflicts_with = "write_baseline")]
    pub project: Option<PathBuf>,
    /// Leave out findings below this confidence
    #[arg(long, value_name = "CONFIDENCE", value_parser = confidence())]
    pub min_confidence: Option<Confidence>,
}

/// How findings are printed.
#[derive(Debug, Args)]
pub struct Printing {
    /// How to print the findings
    #[arg(long, default_value = "text")]
    pub format: CheckFormat,
    /// Write the findings to a file as well, as in sarif=out.sarif; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = output_file)]
    pub output: Vec<OutputFile>,
    /// Parts to add to `--format json`, separated by commas
    #[arg(long, value_name = "PARTS", value_delimiter = ',')]
    pub include: Vec<Part>,
    /// Print how many findings each rule has
    #[arg(long)]
    pub statistics: bool,
    /// Print every finding in full, however many there are
    #[arg(long)]
    pub all: bool,
}

/// A file that findings are written to.
#[derive(Debug, Clone)]
pub struct OutputFile {
    pub format: CheckFormat,
    pub path: PathBuf,
}

/// A part of the JSON report that is there only where it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The decision on the platform
    Decision,
    /// What runs, what it mounts and what it talks to
    Map,
}

/// What a chart is rendered with.
#[derive(Debug, Args)]
pub struct Release {
    /// Values file for the chart, over its own values; may be repeated, and later files win
    #[arg(long, value_name = "FILE")]
    pub values: Vec<PathBuf>,
    /// Value for the chart, as in image.tag=1.2, over all values files; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Name of the chart's release [default: release-name]
    #[arg(long, value_name = "NAME")]
    pub release: Option<String>,
    /// Namespace of the chart's release [default: default]
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
}

impl Release {
    /// Whether anything is given.
    pub fn is_given(&self) -> bool {
        let Release { values, set, release, namespace } = self;
        !values.is_empty() || !set.is_empty() || release.is_some() || namespace.is_some()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RenderFormat {
    /// One YAML stream, each document below the place that it comes from
    Yaml,
    /// A list of targets with their documents as text
    Json,
}

#[derive(Debug, Clone, Args)]
pub struct Input {
    /// Files and folders of one project; `-` reads standard input [default: the current folder]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// File name to use for standard input
    #[arg(long, value_name = "NAME", default_value = "stdin.yaml")]
    pub stdin_filename: String,
    /// Configuration file; its settings win over those of the plimsoll.yaml files of the project
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The canonical path of the only folder whose files may be read.
    #[arg(skip)]
    pub within: Option<PathBuf>,
}

/// The findings that are accepted already.
#[derive(Debug, Args)]
pub struct BaselineFile {
    /// Write what is found now into a baseline, and exit with code 0
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "prune", "output"], value_parser = new_baseline)]
    pub write_baseline: Option<PathBuf>,
    /// Report only what is not in this baseline, and its entries that are no longer found
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Remove from the baseline the entries that are no longer found
    #[arg(long, requires = "baseline")]
    pub prune: bool,
}

impl BaselineFile {
    /// Returns the file that is read or written.
    pub fn file(&self) -> Option<&PathBuf> {
        self.baseline.as_ref().or(self.write_baseline.as_ref())
    }
}

#[derive(Debug, Args)]
pub struct Rules {
    /// Run only these rules: codes (PLM101), families (PLM1) or names, separated by commas
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Run all rules except these: codes, families or names, separated by commas
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Leave out findings below this severity
    #[arg(long, value_name = "SEVERITY", value_parser = severity())]
    pub min_severity: Option<Severity>,
    /// Exit with code 1 if a finding has this severity or a higher one [default: fail-on of the
    /// configuration, or else error]
    #[arg(long, value_name = "SEVERITY", value_parser = fail_on())]
    pub fail_on: Option<FailOn>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// Where the terminal can show it
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// Findings as stories, with their source lines
    Text,
    /// A line for each finding
    Concise,
    Json,
    /// A JSON object on a line for each finding
    JsonLines,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions; what is too much for them goes into the job summary
    Github,
    /// GitLab's code quality report
    Gitlab,
    Junit,
    Markdown,
    /// The format of reviewdog
    Rdjson,
    /// A line for each finding with the next command, for programs that act on it
    Agent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PageFormat {
    Text,
    Json,
    Markdown,
}

fn severity() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(Severity::ALL.map(Severity::name)).map(|name| {
        Severity::from_name(&name).expect("internal error: every possible value is a severity")
    })
}

fn confidence() -> impl TypedValueParser<Value = Confidence> {
    PossibleValuesParser::new(Confidence::ALL.map(Confidence::name)).map(|name| {
        Confidence::from_name(&name).expect("internal error: every possible value has a name")
    })
}

fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a reason says why the findings are accepted".to_owned()),
        reason if reason.chars().any(char::is_control) => {
            Err("a reason must be one line of text".to_owned())
        }
        reason => Ok(reason.to_owned()),
    }
}

fn new_baseline(text: &str) -> Result<PathBuf, String> {
    match text {
        "-" => Err("a baseline goes into a file".to_owned()),
        path => Ok(path.into()),
    }
}

fn output_file(text: &str) -> Result<OutputFile, String> {
    let known = || {
        let names = CheckFormat::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        names.map(|it| it.get_name().to_owned()).collect::<Vec<_>>().join(", ")
    };
    let (format, path) = text
        .split_once('=')
        .filter(|(_, path)| !path.is_empty())
        .ok_or("an output must be written as FORMAT=FILE, such as sarif=out.sarif".to_owned())?;
    let format = CheckFormat::from_str(format, false)
        .map_err(|_| format!("`{format}` is not a known format; the formats are {}", known()))?;
    if path == "-" {
        return Err("an output goes into a file; `--format` prints to standard output".to_owned());
    }
    Ok(OutputFile { format, path: path.into() })
}

fn fail_on() -> impl TypedValueParser<Value = FailOn> {
    PossibleValuesParser::new(FailOn::ALL.map(FailOn::name)).map(|name| {
        FailOn::from_name(&name).expect("internal error: every possible value has a name")
    })
}

fn answer(text: &str) -> Result<Answers, String> {
    let Some((key, value)) = text.split_once('=') else {
        return Err("an answer must be written as KEY=VALUE, such as downtime=minutes".to_owned());
    };
    let mut answers = Answers::default();
    answers.set(key, value).map_err(|wrong| wrong.message())?;
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }
}
