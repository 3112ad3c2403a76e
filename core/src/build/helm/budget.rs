//! What one rendering may cost, and how it fails.
//!
//! A template can ask for endless work in a few bytes. Everything that builds or walks a value
//! spends from a [`Budget`], so that the answer to such a template is an error within a second.

use super::failure::{Failure, Result};
use super::value::{Data, Value};
use std::cell::Cell;

/// Maximum number of nodes evaluated, values built and values visited in one rendering. The largest
/// of the public charts that were measured needs 34,000.
const MAX_STEPS: u64 = 2_000_000;

/// Number of bytes of a text, or of items of a list or dict, that a function looks at for one step.
const LOOKED_AT: usize = 64;

/// Number of steps that a value costs when it is printed or copied, which is more work than most.
pub const VISIT: usize = 5;

/// Maximum number of bytes of all strings that one rendering makes on its way.
const MAX_BYTES: u64 = 64 << 20;

/// Maximum number of template nodes that are evaluated inside one another: blocks, parentheses,
/// included templates. Real charts stay below fifty.
pub const MAX_NESTING: usize = 100;

/// Maximum depth of values inside values that is printed, copied, compared or merged.
pub const MAX_DEPTH: usize = 100;

/// Steps and bytes that are left.
#[derive(Debug)]
pub struct Budget {
    steps: Cell<u64>,
    bytes: Cell<u64>,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { steps: Cell::new(MAX_STEPS), bytes: Cell::new(MAX_BYTES) }
    }
}

impl Budget {
    pub fn spend_steps(&self, count: usize) -> Result<()> {
        spend(&self.steps, count, || {
            Failure::limit(format!("rendering takes more than {MAX_STEPS} steps"))
        })
    }

    /// Pays for a function that may look at all of these values, though not at what lies inside of them.
    pub fn spend_arguments(&self, values: &[Value]) -> Result<()> {
        let sizes = values.iter().map(|value| match &value.data {
            Data::Str(text) => text.weight(),
            Data::Bytes(bytes) => bytes.len(),
            Data::List(list) => list.len(),
            Data::Dict(dict) => dict.len(),
            Data::Null
            | Data::Bool(_)
            | Data::Int(_)
            | Data::Int64(_)
            | Data::Float(_)
            | Data::Time(_)
            | Data::Object(_) => 0,
        });
        self.spend_steps(sizes.sum::<usize>() / LOOKED_AT)
    }

    pub fn spend_bytes(&self, count: usize) -> Result<()> {
        spend(&self.bytes, count, || {
            let megabytes = MAX_BYTES >> 20;
            Failure::limit(format!("rendering makes more than {megabytes} MiB of text"))
        })
    }

    /// Steps that were spent so far.
    pub fn steps_spent(&self) -> u64 {
        MAX_STEPS - self.steps.get()
    }
}

fn spend(left: &Cell<u64>, count: usize, failure: impl Fn() -> Box<Failure>) -> Result<()> {
    let rest = left.get().checked_sub(count as u64).ok_or_else(failure)?;
    left.set(rest);
    Ok(())
}

/// Fails where values lie too deep in one another, as a dict that was set into itself does.
pub fn check_depth(depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        let message = format!("values lie more than {MAX_DEPTH} deep in one another");
        return Err(Failure::limit(message));
    }
    Ok(())
}
