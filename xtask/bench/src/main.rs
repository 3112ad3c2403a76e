//! `xtask-bench [stream|corpus|lsp]... [--corpus DIR]`: speed against its limits.
//!
//! Exit code 1 when a median is above its limit, 2 when something could not be measured.

mod generate;
mod lsp;
mod ratio;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// As in the command, whose speed this measures; the bare parser runs with it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("above the limit");
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("xtask-bench: {why}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<bool, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut corpus: PathBuf = root.join("examples");
    let mut chosen: Vec<String> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--corpus" => corpus = arguments.next().ok_or("`--corpus` needs a folder")?.into(),
            "stream" | "corpus" | "lsp" | "wasm" => chosen.push(argument),
            other => return Err(format!("`{other}` is none of stream, corpus, lsp, wasm")),
        }
    }
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|it| it == name);
    let mut within = true;
    if wanted("stream") {
        within &= ratio::stream();
    }
    if wanted("corpus") {
        within &= ratio::corpus(&corpus)?;
    }
    if wanted("lsp") {
        // Beside this program, since both are built together.
        let here = std::env::current_exe().map_err(|error| error.to_string())?;
        within &=
            lsp::run(&here.with_file_name(format!("plimsoll{}", std::env::consts::EXE_SUFFIX)))?;
    }
    Ok(within)
}
