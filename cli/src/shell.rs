//! What the shell needs to know: completion scripts and manual pages, both generated from the
//! command line's own definition.

use crate::Failure;
use crate::args::Cli;
use crate::terminal::print_exactly;
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use std::io;

pub fn completions(shell: Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "plimsoll", &mut script);
    print_generated(script)
}

/// Prints the manual page of the command, or that of one subcommand.
pub fn man(subcommand: Option<&str>) -> Result<u8, Failure> {
    // There is no page for `help`, so the command's page must not refer to one.
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let described = match subcommand {
        None => &command,
        Some(name) => command.find_subcommand(name).ok_or_else(|| {
            let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            Failure(format!("`{name}` is not a subcommand; they are: {}", names.join(", ")))
        })?,
    };
    let mut page = Vec::new();
    Man::new(described.clone())
        // Left empty, the date would give its place to the next field.
        .date(" ")
        .source(concat!("plimsoll ", env!("CARGO_PKG_VERSION")))
        .manual("Plimsoll Manual")
        .render(&mut page)
        .map_err(|error: io::Error| Failure(format!("the manual page: {error}")))?;
    print_generated(page)
}

fn print_generated(bytes: Vec<u8>) -> Result<u8, Failure> {
    print_exactly(&String::from_utf8_lossy(&bytes))?;
    Ok(0)
}
