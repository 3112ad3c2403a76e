//! The command `plimsoll.decide`: the decision report of a project.

use crate::project::Snapshot;
use plimsoll_core::Options;
use plimsoll_core::output::wire;
use serde_json::Value;

/// The command that returns the decision report of a project, as `plimsoll decide --format json` prints it.
/// Its argument is the URI of a file of the project; without one, the first workspace folder is the project.
pub const DECIDE: &str = "plimsoll.decide";

pub fn decision(snapshot: &Snapshot) -> Option<Value> {
    let options = Options { leave_fixes_untried: true, ..Options::default() };
    serde_json::from_str(&wire::decision_json(&snapshot.applications.analysis().report(&options)))
        .ok()
}
