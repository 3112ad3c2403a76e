//! Plimsoll's core: Docker Compose and Kubernetes YAML in, findings and a decision out.
//!
//! The core does no input or output, reads no clock, starts no threads and cannot fail: whatever it
//! is given, it answers with a [`Report`]. The way of the data, and what each module may know, is
//! in `docs/architecture.md`.

pub mod config;
pub mod decimal;
pub mod decision;
pub mod edit;
pub mod explain;
pub mod facts;
mod index;
pub mod knowledge;
pub mod model;
pub mod output;
pub mod report;
pub mod rules;
pub mod suppress;
pub mod syntax;
pub mod text;
mod words;
mod workspace;

pub use config::Config;
pub use report::Report;
pub use text::File;
pub use workspace::{Options, Workspace};

/// Analyses files that belong together. Paths are only names; nothing is opened. Where two files
/// have the same path, the later one counts.
pub fn analyze(files: &[File], options: &Options) -> Report {
    let mut files: Vec<&File> = files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut workspace = Workspace::default();
    for file in files {
        workspace.set_file(file.clone());
    }
    workspace.report(options)
}

/// Every rule, sorted by code.
pub fn rules() -> Vec<&'static rules::Rule> {
    rules::all().collect()
}

/// A rule in full, by code or name.
pub fn explain(code_or_name: &str) -> Option<&'static explain::Explanation> {
    rules::find(code_or_name).map(explain::explain)
}
