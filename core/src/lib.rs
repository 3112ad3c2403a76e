//! Plimsoll's core: Docker Compose and Kubernetes YAML in, findings and a decision out.
//!
//! The core does no input or output, reads no clock and cannot fail: it answers every input with a
//! [`Report`]. It starts threads only with the feature `parallel`. `docs/architecture.md` describes how
//! data flows through it and which module may know what.

mod adopt;
mod analysis;
pub mod autofix;
pub mod build;
pub mod compare;
pub mod config;
pub mod decision;
pub mod edit;
pub mod explain;
pub mod facts;
pub mod ide;
pub mod knowledge;
pub mod model;
pub mod output;
pub mod report;
pub mod rules;
pub mod suppress;
pub mod syntax;
pub mod text;
mod workspace;

pub use adopt::accept_each;
pub use analysis::{Analysis, Application, Applications, Options};
pub use config::Config;
pub use report::Report;
pub use text::File;
pub use workspace::Workspace;

/// Analyses files that belong together. Paths are only names; nothing is opened. Where two files have
/// the same path, the later one wins.
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
