//! No progress bar: WebAssembly has no thread that could draw one.

use crate::terminal::Terminal;

/// A progress bar that is never shown.
pub struct Progress;

impl Progress {
    pub fn start(_action: &'static str, _total: Option<usize>, _terminal: &Terminal) -> Progress {
        Progress
    }

    pub fn step(&self) {}
}
