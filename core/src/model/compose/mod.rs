//! Docker Compose: a project as the real tool would run it, with a place for every value.
//!
//! The structs here are what a set of files means after interpolation, `extends`, `include` and all
//! merges, equal to what `docker compose config` prints. Three differences are on purpose:
//!
//! * Nothing is lost to the merge: each leaf knows the file and the range that it came from.
//! * Paths stay relative to the project's folder ([`Project::folder`]), instead of absolute.
//! * Services that a profile switches off are kept; [`Service::profiles`] tells.
//!
//! What the real tool refuses becomes a [`Problem`], and the rest of the project is still read.

mod check;
mod deploy;
mod load;
mod parts;
mod project;
mod read;
mod schema;
mod service;

pub use deploy::*;
pub use load::discover::{is_default_name, project_of, projects};
pub use parts::*;
pub use project::*;
pub use schema::keys::known_keys;
pub use service::*;

use crate::syntax::Tree;
use crate::text::FileId;

/// A file as the Compose reader gets it. Hand over all files of the project: `.env` files,
/// Dockerfiles and files named by `include` and `extends` are found among them.
#[derive(Debug, Clone, Copy)]
pub struct FileInput<'t> {
    pub id: FileId,
    /// Normalised, relative to the folder that was handed over.
    pub path: &'t str,
    pub text: &'t str,
    /// The tree of a YAML file.
    pub tree: Option<&'t Tree>,
    /// It was detected as a Compose file: a candidate for a project of its own.
    pub compose: bool,
}

#[cfg(test)]
mod tests;
