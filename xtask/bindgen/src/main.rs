//! `xtask-bindgen INPUT.wasm FOLDER`: writes the engine and its JavaScript module into FOLDER.

use std::path::Path;
use std::process::ExitCode;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, folder] = arguments.as_slice() else {
        eprintln!("usage: xtask-bindgen INPUT.wasm FOLDER");
        return ExitCode::from(2);
    };
    match write_glue(Path::new(input), Path::new(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask-bindgen: no glue for {input}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write_glue(input: &Path, folder: &Path) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(input).out_name("plimsoll").typescript(true);
    // Each entry of the package says where the engine lies, so the glue must not.
    bindgen.omit_default_module_path(true);
    // A trap ends an instance; the package starts another one in its place.
    bindgen.reset_state_function(true);
    bindgen
        .web(true)
        .and_then(|bindgen| bindgen.generate(folder))
        .map_err(|error| format!("{error:#}"))
}
