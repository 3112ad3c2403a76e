//! A build that cannot read packed charts.

use super::SourceFile;
use crate::build::helm::failure::{Failure, Result};
use crate::text::FileId;

/// Refuses the archive.
pub fn unpack(_: &[u8], _: FileId) -> Result<Vec<SourceFile>> {
    Err(Failure::new("packed charts cannot be read here"))
}
