//! How much platform the files ask for: signals with their evidence, six questions, an outcome.
//!
//! The report never calls one tool more professional than another. It says what the files show,
//! what a person answered, and what would change the answer.

mod checklists;
mod crossing;
mod outcome;
mod questions;
mod signals;

use crate::facts::Facts;
use crate::report::{Decision, Finding};

/// The decision report, from the facts and what the rules found. `ran` are the codes of the rules
/// that took part.
pub fn decide(facts: &Facts<'_>, findings: &[Finding], ran: &[&str]) -> Decision {
    let counts = signals::Counts::of(facts);
    let questions = questions::answer(facts, &counts);
    let mut decision = outcome::weigh(facts, &counts, &questions);
    decision.questions = questions;
    decision.checklists = checklists::both(facts, findings, ran);
    decision.crossing = crossing::table(facts);
    decision
}
