//! `xtask-bindgen glue INPUT.wasm FOLDER` writes the engine and its JavaScript module into FOLDER;
//! `xtask-bindgen layout FILE.wasm` puts the functions of an optimized engine into the order in which
//! they compress best.

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
        ["layout", file] => rewrite(Path::new(file), layout::by_likeness),
        _ => {
            eprintln!("usage: xtask-bindgen glue INPUT.wasm FOLDER | layout FILE.wasm");
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

/// Replaces a module by what `change` makes of it.
fn rewrite(path: &Path, change: fn(&[u8]) -> Result<Vec<u8>, String>) -> Result<(), String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let bytes = std::fs::read(path).map_err(|error| named(&error))?;
    let changed = change(&bytes).map_err(|error| named(&error))?;
    std::fs::write(path, changed).map_err(|error| named(&error))
}
