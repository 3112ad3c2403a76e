//! The model of the documents: typed, owned structs in which every leaf knows its place.
//!
//! A reader never fails. It records unknown keys as [`read::UnknownKey`] and values of the wrong type as
//! [`read::WrongType`], and still reads the rest of the document. Nothing here borrows from the tree, so
//! that the result of a file can be cached and sent to another thread.

pub mod chart;
pub mod compose;
pub mod delivery;
pub mod detect;
mod directives;
mod file;
mod key_path;
pub mod kubernetes;
pub mod kustomization;
mod plain;
pub mod read;
mod target;

pub use crate::build::{Cause, Reason, Target};
pub use detect::is_template_name;
pub use directives::{Directives, Suppression, accepted_by};
pub use file::FileModel;
pub use key_path::{key_path, key_paths};
pub use plain::{Described, PlainTarget, plain_targets};
pub use read::{IntOrStr, Place, Str};
pub use target::{BuiltTarget, Delivered, ReadTarget, TargetCache, targets};

pub use crate::build::{
    Unmatched, UnmatchedKind, environment_of, environment_of_word, environment_rank,
};
