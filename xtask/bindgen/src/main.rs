//! `xtask-bindgen INPUT.wasm FOLDER` writes `FOLDER/web` and `FOLDER/nodejs`.

use std::path::Path;
use std::process::ExitCode;
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, folder] = arguments.as_slice() else {
        eprintln!("usage: xtask-bindgen INPUT.wasm FOLDER");
        return ExitCode::from(2);
    };
    for target in ["web", "nodejs"] {
        let out = Path::new(folder).join(target);
        let mut bindgen = Bindgen::new();
        bindgen.input_path(input).out_name("plimsoll").typescript(true);
        let chosen = match target {
            "web" => bindgen.web(true),
            _ => bindgen.nodejs(true),
        };
        if let Err(error) = chosen.and_then(|bindgen| bindgen.generate(&out)) {
            eprintln!("no {target} glue for {input}: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
