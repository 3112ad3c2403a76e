//! No watching: WebAssembly is not told when files change.

use crate::terminal::Terminal;
use crate::{Failure, args};

pub fn run(_wanted: &args::Check, _terminal: &Terminal) -> Result<u8, Failure> {
    Err(Failure("`--watch` is not in this package: it needs the native command".to_owned()))
}
