//! Building of targets: charts and overlays turned into the manifests that reach the cluster.
//!
//! People do not deploy files. They deploy what one command makes of them: a chart rendered with
//! its values, an overlay built over its base. This room does that making, and every byte that it
//! makes knows the source it came from ([`origin`]).

pub mod helm;
pub mod kustomize;
pub mod origin;
mod target;

pub use kustomize::{Edits, NAMES as KUSTOMIZATION_FILES, SourceFile, Unmatched, UnmatchedKind};
pub use target::{
    Assignment, Cache, Cause, Manifest, Reason, Recipe, Release, Request, Target, build,
    build_with, chart_folders, environment_of, environment_of_word, environment_rank,
    is_further_values_file,
};
