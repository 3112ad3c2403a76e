//! No server: WebAssembly has no threads to wait with.

use crate::Failure;
use std::path::Path;

pub fn run(_folder: Option<&Path>) -> Result<u8, Failure> {
    Err(Failure("`plimsoll mcp` is not in this package: it needs the native command".to_owned()))
}
