//! The Compose projects of a sample, as the real tool resolves them.

use super::Sample;
use crate::compose::{Loaded, inputs_of, load};
use plimsoll_core::model::compose::{project_of, projects};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Compose project with the model that the real tool makes of it; `None` where the tool refuses it.
pub struct Resolved {
    pub files: Vec<String>,
    /// Every file that the project may read, with includes and `extends`.
    pub sources: Vec<String>,
    folder: String,
    pub before: Option<Value>,
}

pub struct Engine {
    root: PathBuf,
    tool: PathBuf,
    pub projects: Vec<Resolved>,
}

impl Engine {
    pub fn new(sample: &Sample, tool: &Path) -> Result<Engine, String> {
        let files = load(&sample.root)?;
        let inputs = inputs_of(&files);
        let mut found = projects(&inputs);
        // Each file alone as well, so that nothing is left out because another file includes it.
        for input in inputs.iter().filter(|it| it.compose) {
            if !found.iter().any(|it| it.files == [input.id]) {
                found.push(project_of(&inputs, &[input.id]));
            }
        }
        let name = |file: &Loaded| file.file.path.to_string();
        let mut engine =
            Engine { root: sample.root.clone(), tool: tool.to_owned(), projects: Vec::new() };
        for project in &found {
            let names = project.files.iter().map(|it| name(&files[it.index()]));
            let all = project.files.iter().chain(&project.included);
            let mut resolved = Resolved {
                files: names.collect(),
                sources: all.map(|it| name(&files[it.index()])).collect(),
                folder: project.folder.to_string(),
                before: None,
            };
            resolved.before = engine.ask(&resolved)?.ok();
            engine.projects.push(resolved);
        }
        Ok(engine)
    }

    pub fn accepted(&self) -> usize {
        self.projects.iter().filter(|it| it.before.is_some()).count()
    }

    /// Returns what the real tool makes of a project now, or why it refuses.
    pub fn ask(&self, project: &Resolved) -> Result<Result<Value, String>, String> {
        let mut command = Command::new(&self.tool);
        command.current_dir(self.root.join(&project.folder));
        // Nothing of this machine may show: no shell variables and a home of its own.
        command.env_clear().env("HOME", "/plimsoll-oracle-home");
        for name in &project.files {
            command.arg("-f").arg(self.root.join(name));
        }
        command.args(["--profile", "*", "config", "--format", "json"]);
        let output =
            command.output().map_err(|error| format!("{}: {error}", self.tool.display()))?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            let lines = message.lines().filter(|line| !line.starts_with("time="));
            return Ok(Err(lines.collect::<Vec<_>>().join(" ")));
        }
        let value = serde_json::from_slice(&output.stdout);
        Ok(Ok(value.map_err(|error| format!("{:?}: {error}", project.files))?))
    }
}
