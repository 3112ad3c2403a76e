//! The targets of a project: what one command puts onto one platform.

use super::vocabulary;
use crate::text::FileId;

vocabulary! {
    /// What makes the objects of a target.
    pub enum TargetKind {
        Kustomization = "kustomization",
        Chart = "chart",
        Compose = "compose",
        /// Files that are applied as they are.
        Manifests = "manifests",
        /// An object of Argo CD or Flux whose sources are not at hand, so that nothing can be built.
        Application = "application",
    }

    /// The stage that a target is for, as far as its folder or values file says.
    pub enum Environment {
        Production = "production",
        Staging = "staging",
        Test = "test",
        Development = "development",
    }
}

/// What one command puts onto one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetEntry {
    pub name: String,
    pub kind: TargetKind,
    pub environment: Option<Environment>,
    /// The files that it is built from.
    pub files: Vec<FileId>,
    /// Whether it is built with all its parts.
    pub built: bool,
    /// Why it is not built in full.
    pub reason: Option<String>,
}
