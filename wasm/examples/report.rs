//! `report [PATH]...` prints the report of the native engine, to compare the one of WebAssembly with.

use plimsoll_core::output::wire;
use plimsoll_core::{File, Options, analyze};
use std::io::{Error, Write as _};

fn main() -> Result<(), Error> {
    let read = |path: String| Ok(File::new(&path, std::fs::read_to_string(&path)?));
    let files: Vec<File> = std::env::args().skip(1).map(read).collect::<Result<_, Error>>()?;
    let report = wire::json(&analyze(&files, &Options::default()));
    std::io::stdout().write_all(report.as_bytes())
}
