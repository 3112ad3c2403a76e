//! What the documents mean: typed, owned structs in which every leaf knows its place.
//!
//! A reader never fails. What it does not know it keeps (as [`read::UnknownKey`]), what has the
//! wrong type it records (as [`read::WrongType`]), and the rest of the document is still read.
//! Nothing here borrows from the tree, so that the result of a file may be cached and sent to
//! another thread.

pub mod compose;
pub mod detect;
mod directives;
mod file;
pub mod kubernetes;
pub mod read;

pub use directives::{Directives, Suppression};
pub use file::FileModel;
pub use read::{IntOrStr, Place, Str};
