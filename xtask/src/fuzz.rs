//! `fuzz`: every fuzz target for some minutes, with the examples as a first corpus.

use crate::sh::{Result, cmd, fs, root, say, tools, which};
use std::path::{Path, PathBuf};

const TARGETS: [&str; 5] = ["texts", "projects", "edits", "targets", "frames"];

/// Number of minutes for each target, unless the caller says another one.
const MINUTES: u64 = 5;

/// Maximum number of seconds for one input. Targets run several times as long as a release build, since they count
/// what they reach and analyse each input more than once.
const SECONDS_FOR_ONE: u64 = 10;

/// Runs all fuzz targets, or those that are named, each for some minutes.
pub fn run(arguments: &[String]) -> Result {
    let mut minutes = MINUTES;
    let mut chosen: Vec<&str> = Vec::new();
    for argument in arguments {
        match (argument.parse(), TARGETS.iter().find(|target| *target == argument)) {
            (Ok(number), _) => minutes = number,
            (Err(_), Some(target)) => chosen.push(target),
            (Err(_), None) => {
                let known = TARGETS.join(", ");
                return Err(format!(
                    "`{argument}` is neither minutes nor a target; there are: {known}"
                ));
            }
        }
    }
    if chosen.is_empty() {
        chosen.extend(TARGETS);
    }
    install()?;
    corpus()?;
    let mut failed: Vec<&str> = Vec::new();
    for target in chosen {
        say(format!("fuzzing {target} for {minutes} min"));
        let run = cmd("cargo +nightly fuzz run --sanitizer none").args([
            target.to_owned(),
            format!("fuzz/corpus/{target}"),
            "--".to_owned(),
            format!("-max_total_time={}", minutes * 60),
            format!("-timeout={SECONDS_FOR_ONE}"),
            "-max_len=20000".to_owned(),
            "-print_final_stats=1".to_owned(),
        ]);
        if run.run().is_err() {
            failed.push(target);
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("{} failed; the inputs lie in fuzz/artifacts", failed.join(", "))),
    }
}

fn install() -> Result {
    if !cmd("cargo +nightly --version").succeeds() {
        say("adding a nightly toolchain, which fuzzing needs");
        cmd("rustup toolchain install nightly --profile minimal").run()?;
    }
    if which("cargo-fuzz").is_none() {
        say("installing cargo-fuzz");
        cmd("cargo install cargo-fuzz --root").arg(tools()).run()?;
    }
    Ok(())
}

/// Writes the examples as inputs. The other targets take bytes that choose, for which no text is a good start.
fn corpus() -> Result {
    let folder = root().join("fuzz/corpus");
    for target in TARGETS {
        fs::create_dir(&folder.join(target))?;
    }
    for file in files_below(&root().join("examples"))? {
        let text = fs::read(&file)?;
        let name: String =
            file.strip_prefix(root()).unwrap_or(&file).to_string_lossy().replace(['/', '\\'], "-");
        let mut input = vec![kind_of(&file)];
        input.extend(text);
        fs::write(&folder.join("texts").join(name), input)?;
    }
    let session = fs::read(&root().join("fuzz/properties/src/session.jsonl"))?;
    fs::write(&folder.join("frames/session"), session)
}

/// Returns the index of the path that the target gives to such a file, `PATHS` in `fuzz/properties/src/texts.rs`.
fn kind_of(file: &Path) -> u8 {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    match &*name {
        "compose.yaml" => 0,
        "kustomization.yaml" => 2,
        _ => 1,
    }
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut open = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        let entries =
            std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries {
            let path = entry.map_err(|error| error.to_string())?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                files.push(path);
            }
        }
    }
    Ok(files)
}
