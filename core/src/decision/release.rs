//! The name of the release in what a decision says.
//!
//! What a chart makes goes by the name of its release, which nobody has given here: the words get a placeholder for it.
//! The names of systems, of folders and of what is counted stay as they are written.

use crate::report::phrases::{PLACEHOLDER, RELEASE};
use crate::report::{Decision, Question};
use std::borrow::Cow;

/// Puts a placeholder into the words of a decision for the name that `helm template` gives a release without one.
pub fn name(decision: &mut Decision) {
    decision.questions.iter_mut().for_each(name_in_evidence);
    let Decision {
        verdict,
        reasons,
        would_change,
        flips,
        ask,
        cost,
        steps,
        scenario,
        checklists,
        crossing,
        ..
    } = decision;
    let steps = steps.iter_mut().flat_map(|it| [&mut it.text, &mut it.subject]);
    let items = checklists.server.iter_mut().chain(&mut checklists.crossing);
    let items = items.flat_map(|it| {
        let missing = it.missing.iter_mut().map(|it| &mut it.0);
        missing.chain([&mut it.seen, &mut it.next])
    });
    // The YAML to write keeps the name that `helm template` gives: no name of an object has capitals.
    let crossing = crossing.iter_mut().flat_map(|it| [&mut it.instead, &mut it.counterpart]);
    let texts = [verdict, &mut cost.stay.text, &mut cost.go.text, &mut scenario.because];
    texts
        .into_iter()
        .chain(reasons.iter_mut().map(|it| &mut it.text))
        .chain(would_change)
        .chain(flips.iter_mut().map(|it| &mut it.fact))
        .chain(ask.iter_mut().map(|it| &mut it.changes))
        .chain(steps)
        .chain(items)
        .chain(crossing)
        .for_each(name_in);
}

fn name_in_evidence(question: &mut Question) {
    for evidence in &mut question.evidence {
        if evidence.fact.contains(RELEASE) {
            evidence.fact = Cow::Owned(evidence.fact.replace(RELEASE, PLACEHOLDER));
        }
    }
}

fn name_in(text: &mut String) {
    if text.contains(RELEASE) {
        *text = text.replace(RELEASE, PLACEHOLDER);
    }
}
