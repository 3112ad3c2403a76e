//! `xtask-oracle compose|kustomize|helm|union|fixes|pairs|crossing [DIR...]`: what we make of a project beside what
//! the real tool makes of it. Without a folder it looks at the examples and at the small cases of the core's
//! own tests.
//!
//! Every Compose project that we find below a folder is given to `docker-compose config` as well, every
//! kustomization to `kubectl kustomize`, every chart to the Helm SDK (`helm`). Both answers are brought into
//! one form and compared key by key; refusals must agree too. `union` needs no tool: it compares projects
//! side by side with each of them alone. `fixes` applies fixes and asks `docker-compose config` what they
//! changed. `pairs` prints which Compose service is taken for which container in the cluster. `crossing`
//! validates the YAML that the crossing table gives with the JSON schemas of Kubernetes.

mod cases;
mod compose;
mod crossing;
mod fixes;
mod helm;
mod kustomize;
mod pairs;
mod shape;
mod union;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (oracle, folders) = match words[..] {
        ["compose", ref folders @ ..] => (&COMPOSE, folders),
        ["kustomize", ref folders @ ..] => (&KUSTOMIZE, folders),
        ["helm", ref folders @ ..] => return charts(folders),
        ["union", ref folders @ ..] => return side_by_side(folders),
        ["fixes", ref folders @ ..] => return applied(folders),
        ["pairs", ref folders @ ..] => return pairs_of(folders),
        ["crossing", ref folders @ ..] => return crossings(folders),
        _ => {
            eprintln!(
                "usage: xtask-oracle compose|kustomize|helm|union|fixes|pairs|crossing [DIR...]"
            );
            return ExitCode::from(2);
        }
    };
    match compare(oracle, folders) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("xtask-oracle: {why}");
            ExitCode::FAILURE
        }
    }
}

/// A comparison with a real tool.
struct Oracle {
    tool: &'static str,
    /// The small cases of the core's tests.
    cases: &'static str,
    run: fn(&Path, &Path) -> Result<bool, String>,
}

const COMPOSE: Oracle =
    Oracle { tool: "docker-compose", cases: "core/tests/compose_cases.txt", run: compose::run };

const KUSTOMIZE: Oracle =
    Oracle { tool: "kubectl", cases: "core/tests/kustomize_cases.txt", run: kustomize::run };

/// Compares the given folders, or the examples and the small cases; whether all agree.
fn compare(oracle: &Oracle, folders: &[&str]) -> Result<bool, String> {
    let folders: Vec<PathBuf> = match folders {
        [] => vec![PathBuf::from("examples"), cases::unpack(Path::new(oracle.cases))?],
        folders => folders.iter().map(PathBuf::from).collect(),
    };
    let missing = || format!("`{}` is not installed; `cargo xtask setup` does that", oracle.tool);
    let tool = find(oracle.tool).ok_or_else(missing)?;
    let mut agree = true;
    for folder in folders {
        println!("{}", folder.display());
        let whole = std::path::absolute(&folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        agree &= (oracle.run)(&whole, &tool)?;
    }
    Ok(agree)
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

/// Compares projects side by side with each of them alone: those in the folders, or the examples.
fn side_by_side(folders: &[&str]) -> ExitCode {
    let folders: Vec<PathBuf> = match folders {
        [] => vec![PathBuf::from("examples")],
        folders => folders.iter().map(PathBuf::from).collect(),
    };
    match union::run(&folders) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("xtask-oracle: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the counterparts in the projects of the folders, or in the examples.
fn pairs_of(folders: &[&str]) -> ExitCode {
    let folders: Vec<PathBuf> = match folders {
        [] => vec![PathBuf::from("examples")],
        folders => folders.iter().map(PathBuf::from).collect(),
    };
    match pairs::run(&folders) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask-oracle: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Validates what the crossing table writes for the projects in the folders, the examples and the projects of
/// the core's own tests.
fn crossings(folders: &[&str]) -> ExitCode {
    let own = ["examples", "core/tests/decisions/projects"];
    let folders: Vec<PathBuf> = own.iter().chain(folders).map(PathBuf::from).collect();
    match crossing::run(&folders, Path::new(".tools/venv/bin/python")) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("xtask-oracle: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Applies the fixes of the projects in the folders, or of the examples.
fn applied(folders: &[&str]) -> ExitCode {
    let folders: Vec<PathBuf> = match folders {
        [] => vec![PathBuf::from("examples")],
        folders => folders.iter().map(PathBuf::from).collect(),
    };
    let missing = || "`docker-compose` is not installed; `cargo xtask setup` does that".to_owned();
    let answer = find("docker-compose").ok_or_else(missing);
    match answer.and_then(|tool| fixes::run(&folders, &tool)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("xtask-oracle: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Returns a program of the project's own tools, else of the search path.
fn find(program: &str) -> Option<PathBuf> {
    let own = std::path::absolute(Path::new(".tools/bin").join(program)).ok()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).map(|it| it.join(program));
    [own].into_iter().chain(all).find(|it| it.is_file())
}
