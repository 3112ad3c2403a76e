//! `xtask-oracle compose [DIR]`: our Compose model beside the real tool's. Without a folder it looks
//! at the examples and at the small cases of the core's own tests.
//!
//! `xtask-oracle helm [DIR...]`: our rendered charts beside those of the Helm SDK; see `helm`.
//!
//! Every project that we find below a folder is given to `docker-compose config` as well. Both
//! answers are brought into one form and compared key by key; refusals must agree too.

mod cases;
mod compose;
mod helm;
mod shape;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folders: Vec<PathBuf> = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["compose"] => match cases::unpack(Path::new("core/tests/compose_cases.txt")) {
            Ok(cases) => vec![PathBuf::from("examples"), cases],
            Err(why) => {
                eprintln!("xtask-oracle: {why}");
                return ExitCode::FAILURE;
            }
        },
        ["compose", folder] => vec![PathBuf::from(folder)],
        ["helm", ref folders @ ..] => return charts(folders),
        _ => {
            eprintln!("usage: xtask-oracle compose [DIR] | helm [DIR...]");
            return ExitCode::from(2);
        }
    };
    let Some(tool) = find("docker-compose") else {
        eprintln!("xtask-oracle: `docker-compose` is not installed; `cargo xtask setup` does that");
        return ExitCode::FAILURE;
    };
    let mut agree = true;
    for folder in folders {
        println!("{}", folder.display());
        let run = std::path::absolute(&folder)
            .map_err(|error| format!("{}: {error}", folder.display()))
            .and_then(|folder| compose::run(&folder, &tool));
        match run {
            Ok(same) => agree &= same,
            Err(why) => {
                eprintln!("xtask-oracle: {why}");
                return ExitCode::FAILURE;
            }
        }
    }
    if agree { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Compares rendered charts: those of the folders, or those of the core's own tests.
fn charts(folders: &[&str]) -> ExitCode {
    let python = Path::new(".tools/venv/bin/python");
    let folders: Vec<PathBuf> = match folders {
        [] => vec![PathBuf::from("core/tests/charts")],
        folders => folders.iter().map(PathBuf::from).collect(),
    };
    match helm::run(&folders, python) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("xtask-oracle: {why}");
            ExitCode::FAILURE
        }
    }
}

/// A program of the project's own tools, else of the search path.
fn find(program: &str) -> Option<PathBuf> {
    let own = std::path::absolute(Path::new(".tools/bin").join(program)).ok()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).map(|it| it.join(program));
    [own].into_iter().chain(all).find(|it| it.is_file())
}
