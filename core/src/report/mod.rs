//! What a run has to say: findings with places, fixes, the decision and the map.
//!
//! These types speak of bytes; `render` and the language server turn them into lines and columns.

mod decision;
mod finding;
mod map;
pub mod phrases;

pub use decision::*;
pub use finding::*;
pub use map::*;

use crate::text::{File, FileId, LineIndex, Span};

/// What kind of file this is, from its content first and its name second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    Compose,
    Kubernetes,
    Kustomization,
    Chart,
    Values,
    Template,
    ArgoCd,
    EnvFile,
    Dockerfile,
    /// `plimsoll.yaml`.
    Config,
    #[default]
    Unknown,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Compose => "compose",
            Kind::Kubernetes => "kubernetes",
            Kind::Kustomization => "kustomization",
            Kind::Chart => "chart",
            Kind::Values => "values",
            Kind::Template => "template",
            Kind::ArgoCd => "argocd",
            Kind::EnvFile => "env-file",
            Kind::Dockerfile => "dockerfile",
            Kind::Config => "config",
            Kind::Unknown => "unknown",
        }
    }
}

/// What a Compose file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Development,
    Production,
    Unknown,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Role::Development => "development",
            Role::Production => "production",
            Role::Unknown => "unknown",
        }
    }

    pub fn from_name(name: &str) -> Option<Role> {
        [Role::Development, Role::Production, Role::Unknown]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

/// A file of the project, as the report knows it.
#[derive(Debug, Clone)]
pub struct FileEntry {
    pub file: File,
    pub kind: Kind,
    pub role: Option<Role>,
    pub lines: LineIndex,
}

/// Everything that one analysis found. Findings are sorted by path, offset and code.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub files: Vec<FileEntry>,
    pub findings: Vec<Finding>,
    pub decision: Decision,
    pub map: Map,
    /// How many findings were silenced by comments, annotations or configuration.
    pub suppressed: usize,
}

impl Report {
    pub fn entry(&self, id: FileId) -> &FileEntry {
        &self.files[id.index()]
    }

    /// The text under a span.
    pub fn snippet(&self, span: Span) -> &str {
        self.entry(span.file).file.text.get(span.range()).unwrap_or_default()
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|it| it.severity == severity).count()
    }
}
