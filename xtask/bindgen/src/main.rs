//! `xtask-bindgen glue INPUT.wasm FOLDER` writes the engine and its JavaScript module into FOLDER;
//! `xtask-bindgen layout INPUT.wasm OUTPUT.wasm UNLIKE` puts the functions of an optimized engine into
//! an order in which they compress well.

mod arrange;
mod layout;
mod sweep;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::process::ExitCode;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["glue", input, folder] => glue(Path::new(input), Path::new(folder)),
        ["layout", input, output, unlike] => {
            let unlike = unlike.parse().map_err(|_| format!("{unlike} is no number"));
            unlike.and_then(|it| layout(Path::new(input), Path::new(output), it))
        }
        _ => {
            eprintln!(
                "usage: xtask-bindgen glue INPUT.wasm FOLDER | layout INPUT.wasm OUTPUT.wasm UNLIKE"
            );
            return ExitCode::from(2);
        }
    };
    if let Err(error) = done {
        eprintln!("xtask-bindgen: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn glue(input: &Path, folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let swept = folder.join("swept.wasm");
    let raw = std::fs::read(input).map_err(|error| format!("{}: {error}", input.display()))?;
    let kept = sweep::sweep(&raw).map_err(|error| format!("{}: {error}", input.display()))?;
    std::fs::write(&swept, kept).map_err(|error| format!("{}: {error}", swept.display()))?;
    let mut bindgen = Bindgen::new();
    bindgen.input_path(&swept).out_name("plimsoll").typescript(true);
    // Each entry of the package says itself where the engine lies, so the glue must not.
    bindgen.omit_default_module_path(true);
    // A trap ends an instance; the package starts another one in its place.
    bindgen.reset_state_function(true);
    bindgen
        .web(true)
        .and_then(|bindgen| bindgen.generate(folder))
        .map_err(|error| format!("no glue for {}: {error:#}", input.display()))
}

fn layout(input: &Path, output: &Path, unlike: f64) -> Result<(), String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", input.display());
    let bytes = std::fs::read(input).map_err(|error| named(&error))?;
    let changed = layout::by_likeness(&bytes, unlike).map_err(|error| named(&error))?;
    std::fs::write(output, changed).map_err(|error| format!("{}: {error}", output.display()))
}
