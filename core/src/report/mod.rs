//! The result of an analysis: findings with their places and fixes, the decision and the map.
//!
//! Places are byte spans here; `output` and the language server turn them into lines and columns.

mod compare;
mod decision;
mod finding;
mod identity;
mod map;
pub mod phrases;
mod target;
mod vocabulary;

pub use compare::*;
pub use decision::*;
pub use finding::*;
pub use identity::*;
pub use map::*;
pub use target::*;
pub(crate) use vocabulary::vocabulary;

use crate::text::{Base, File, FileId, LineIndex, Span, in_shell};
use std::sync::Arc;

vocabulary! {
    /// The kind of a file, recognised by its content first and its name second.
    #[derive(Default)]
    pub enum FileKind {
        Compose = "compose",
        Kubernetes = "kubernetes",
        Kustomization = "kustomization",
        Chart = "chart",
        Values = "values",
        Template = "template",
        ArgoCd = "argocd",
        EnvFile = "env-file",
        Dockerfile = "dockerfile",
        // `plimsoll.yaml`.
        Config = "config",
        #[default]
        Unknown = "unknown",
    }

    /// The environment that a Compose file is meant for.
    pub enum Role {
        Development = "development",
        Production = "production",
        Unknown = "unknown",
    }
}

vocabulary! {
    /// Why a file or a folder was not read.
    pub enum SkipReason {
        Hidden = "hidden",
        /// It holds other people's files.
        Vendored = "vendored",
        /// Git ignores it.
        Ignored = "ignored",
        Unreadable = "unreadable",
        TooLarge = "too-large",
        /// A link to a folder, or to a file that is read under another name.
        Link = "link",
        /// A link that leads out of the project.
        Outside = "outside",
        /// A pipe, a socket or a device.
        Special = "special",
    }
}

impl SkipReason {
    /// Returns the reason in words for people: "2 linked out of the project".
    pub fn words(self) -> &'static str {
        match self {
            SkipReason::Outside => "linked out of the project",
            SkipReason::Special => "not a regular file",
            SkipReason::Hidden
            | SkipReason::Vendored
            | SkipReason::Ignored
            | SkipReason::Unreadable
            | SkipReason::TooLarge
            | SkipReason::Link => self.name(),
        }
    }
}

/// A file or a folder that was not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    pub path: String,
    pub reason: SkipReason,
}

/// The short name that the code uses; TypeScript and the JSON Schema have the long one.
pub use self::FileKind as Kind;

/// A file of the project, as the report knows it.
#[derive(Debug, Clone)]
pub struct FileEntry {
    pub file: File,
    pub kind: Kind,
    pub role: Option<Role>,
    pub lines: LineIndex,
    /// Whether the configuration excludes the file, so that it was not read.
    pub is_excluded: bool,
    /// Whether the file is one of a CI system, which only the decision looks at.
    pub is_pipeline: bool,
}

impl FileEntry {
    /// Whether the file is not part of what was checked: it is excluded, or is here only because the decision, a
    /// chart or an overlay reads it, as a template reads a dashboard.
    pub fn is_companion(&self) -> bool {
        let path = &self.file.path;
        let is_yaml = path.ends_with(".yaml") || path.ends_with(".yml");
        self.is_excluded || self.is_pipeline || self.kind == Kind::Unknown && !is_yaml
    }
}

/// Everything that one analysis found. Findings are sorted by path, offset and code.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Shared by the reports on the applications of one project.
    pub files: Arc<Vec<FileEntry>>,
    /// What is deployed: Compose projects, folders of manifests, overlays and charts, by name.
    pub targets: Vec<TargetEntry>,
    pub findings: Vec<Finding>,
    /// The decision on each application, never empty after an analysis.
    pub systems: Vec<System>,
    pub map: Map,
    /// Number of findings silenced by comments or annotations.
    pub suppressed: usize,
    /// Number of findings that the baseline accepts.
    pub baselined: usize,
    /// Entries of the baseline without a finding, though their rule ran, and the number that each has too
    /// many.
    pub stale: Vec<(Identity, usize)>,
    /// Number of files that the configuration excludes.
    pub excluded: usize,
    /// What the caller did not read, by path; only a caller knows that.
    pub skipped: Vec<Skipped>,
    /// Number of findings that a caller left out because they are outside of what was asked about.
    pub elsewhere: usize,
    /// The lowest severity that makes a check fail, if the configuration says so.
    pub fail_on: Option<FailOn>,
    /// What several applications have findings for.
    pub shared: Shared,
    /// Where the project lies in its repository.
    pub base: Base,
    /// The paths that the caller was given, for commands that go on from here; empty for all of the current folder.
    pub paths: Vec<String>,
}

impl Report {
    /// Returns a command of Plimsoll about what this report is about.
    pub fn command(&self, command: &str) -> String {
        let paths = self.paths.iter().map(|path| format!(" {}", in_shell(path)));
        std::iter::once(command.to_owned()).chain(paths).collect()
    }

    /// Returns the decision on the first system.
    pub fn decision(&self) -> Decision {
        self.systems.first().map(|system| system.decision.clone()).unwrap_or_default()
    }

    pub fn entry(&self, id: FileId) -> &FileEntry {
        &self.files[id.index()]
    }

    /// Returns the text under a span.
    pub fn snippet(&self, span: Span) -> &str {
        self.entry(span.file).file.text.get(span.range()).unwrap_or_default()
    }

    /// Returns the number of findings of one severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}
