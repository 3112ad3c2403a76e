//! Output settings of the terminal: colour, width and verbosity.

use crate::Failure;
use crate::args::When;
use anstream::{AutoStream, ColorChoice};
use plimsoll_core::output::{Style, escape, escape_line};
use std::io::{self, IsTerminal, Write};

pub struct Terminal {
    pub style: Style,
    /// Whether a person reads standard output directly.
    pub interactive: bool,
    pub quiet: bool,
    choice: ColorChoice,
}

impl Terminal {
    pub fn new(color: When, hyperlinks: When, quiet: bool) -> Terminal {
        let choice = match color {
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
            When::Auto if is_color_forced() => ColorChoice::Always,
            // Asks the terminal, NO_COLOR, CLICOLOR and CLICOLOR_FORCE.
            When::Auto => AutoStream::choice(&io::stdout()),
        };
        let links = match hyperlinks {
            When::Always => true,
            When::Never => false,
            When::Auto => supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout),
        };
        let interactive = io::stdout().is_terminal();
        let width = columns().filter(|_| interactive).unwrap_or(Style::default().width);
        let style = Style { color: choice != ColorChoice::Never, links, width };
        // Links are escape sequences too, and stay where the output is not coloured.
        let choice = if links { ColorChoice::AlwaysAnsi } else { choice };
        Terminal { style, interactive, quiet, choice }
    }

    /// A terminal for answers to programs: no colour, no warnings, no progress bar.
    pub fn quiet() -> Terminal {
        let style = Style::default();
        Terminal { style, interactive: false, quiet: true, choice: ColorChoice::Never }
    }

    /// Prints text for people. Its colours are translated for old Windows consoles.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        write(AutoStream::new(io::stdout().lock(), self.choice), text)
    }

    /// Empties the screen of a person, and leaves a pipe alone.
    pub fn clear(&self) -> Result<(), Failure> {
        match self.interactive {
            true => {
                write(AutoStream::new(io::stdout().lock(), self.choice), "\x1b[2J\x1b[3J\x1b[H")
            }
            false => Ok(()),
        }
    }

    /// Reports something that did not stop the command.
    pub fn warn(&self, text: &str) {
        if !self.quiet {
            self.say(&format!("warning: {}", escape_line(text)));
        }
    }

    /// Writes a line, or several, to standard error.
    pub fn say(&self, text: &str) {
        let _ = writeln!(io::stderr(), "plimsoll: {}", escape(text));
    }
}

/// Returns the width of the terminal. WASI cannot ask for it, so what runs the WebAssembly hands it over.
fn columns() -> Option<usize> {
    if cfg!(target_family = "wasm") {
        return std::env::var("COLUMNS").ok()?.parse().ok();
    }
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// Whether `FORCE_COLOR` asks for colour; `NO_COLOR` overrules it.
fn is_color_forced() -> bool {
    let value = |name| std::env::var_os(name).unwrap_or_default();
    let forced = value("FORCE_COLOR");
    value("NO_COLOR").is_empty() && !forced.is_empty() && forced != "0"
}

/// Prints data for programs, byte for byte.
pub fn print_exactly(text: &str) -> Result<(), Failure> {
    write(io::stdout().lock(), text)
}

/// A reader that has seen enough, such as `head`, closes the pipe; that is not a failure.
fn write(mut out: impl Write, text: &str) -> Result<(), Failure> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}
