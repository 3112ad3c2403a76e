//! The command as a whole: what it prints and how it ends.

use super::BINARY;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// Outcome of a command that has ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs the command in a folder, without colours.
pub fn run(root: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(BINARY);
    command.current_dir(root).args(arguments).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    let text = |it: Vec<u8>| String::from_utf8(it).expect("output is UTF-8");
    Run {
        code: output.status.code().expect("the command ended by itself"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Returns the codes and subjects of the findings.
pub fn found(root: &Path, arguments: &[&str]) -> Vec<(String, String)> {
    let run = run(root, &[arguments, &["--format", "json"]].concat());
    let report: Value =
        serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err));
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|it| (text(&it["code"]), text(&it["subject"]))).collect()
}
