//! Docker Compose: a project as the real tool would run it, with the place of every value.
//!
//! The structs hold what a set of files means after interpolation, `extends`, `include` and all merges,
//! equal to what `docker compose config` prints, with three intended differences:
//!
//! * Each leaf keeps the file and the range that it came from, also through a merge.
//! * Paths stay relative to the project's folder ([`Project::folder`]) instead of becoming absolute.
//! * Services that a profile disables are kept; see [`Service::profiles`].
//!
//! What the real tool refuses becomes a [`Problem`], and the rest of the project is still read.
//!
//! The modules: `load/` reads files and merges them, `schema/` checks keys and types, `read/` turns the
//! merged tree into the structs here, and `check.rs` looks for contradictions between values.

mod check;
mod deploy;
mod load;
mod parts;
mod project;
mod read;
mod schema;
mod service;

pub use deploy::*;
pub use load::discover::{is_default_name, is_override_name, project_of, projects};
pub use parts::*;
pub use project::*;
pub use schema::keys::known_keys;
pub use service::*;

use crate::syntax::Tree;
use crate::text::FileId;

/// Returns the variables of an env file, the values with the variables that stand before them filled in.
pub fn parse_env_file(id: FileId, text: &str) -> Vec<DotEnvVar> {
    load::dotenv::parse(id, text, &|_| None).variables
}

/// A file for the Compose reader. The reader needs all files of a project: it looks among them for
/// `.env` files, Dockerfiles and the files that `include` and `extends` name.
#[derive(Debug, Clone, Copy)]
pub struct FileInput<'t> {
    pub id: FileId,
    /// The normalised path, relative to the folder that was handed over.
    pub path: &'t str,
    pub text: &'t str,
    /// The tree, if the file is YAML.
    pub tree: Option<&'t Tree>,
    /// Whether the file was detected as a Compose file and may form a project of its own.
    pub compose: bool,
}

#[cfg(test)]
mod tests;
