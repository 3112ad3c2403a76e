//! The rules, run over one set of facts.

use super::accept::set_levels;
use super::purpose;
use crate::facts::{Facts, for_any_release, without_default_namespace};
use crate::report::phrases::{PLACEHOLDER, RELEASE};
use crate::report::{Finding, Findings};
use crate::rules::{self, Rule};
use crate::text::{one_line, steers_a_terminal};
#[cfg(feature = "parallel")]
use rayon::prelude::*;

/// The findings of some rules, and the codes of the rules that ran.
pub(super) type Found = (Vec<Finding>, Vec<&'static str>);

/// Returns the findings of all wanted rules.
pub(super) fn run_rules(facts: &Facts<'_>, wanted: &dyn Fn(&Rule) -> bool) -> Found {
    run_rules_unless(facts, wanted, &|| false).unwrap_or_default()
}

/// Returns the findings of all wanted rules, unless they are outdated before the last rule has run.
pub(super) fn run_rules_unless(
    facts: &Facts<'_>,
    wanted: &dyn Fn(&Rule) -> bool,
    is_outdated: &(dyn Fn() -> bool + Sync),
) -> Option<Found> {
    let chosen: Vec<&'static Rule> = rules::all().filter(|it| wanted(it)).collect();
    let run = |rule: &&'static Rule| {
        let is_due = !is_outdated();
        is_due.then(|| found_by(rule, facts))
    };
    #[cfg(feature = "parallel")]
    let found: Option<Vec<Vec<Finding>>> = chosen.par_iter().map(run).collect();
    #[cfg(not(feature = "parallel"))]
    let found: Option<Vec<Vec<Finding>>> = chosen.iter().map(run).collect();
    let mut findings: Vec<Finding> = found?.into_iter().flatten().collect();
    set_levels(facts, &mut findings);
    Some((findings, chosen.into_iter().map(|rule| rule.code).collect()))
}

/// Returns what one rule finds.
fn found_by(rule: &Rule, facts: &Facts<'_>) -> Vec<Finding> {
    let mut out = Findings::new(rule.code, rule.name, rule.severity);
    rule.run(facts, &mut out);
    let mut found = out.into_list();
    purpose::fit_to_purpose(rule, facts, &mut found);
    complete(facts, &mut found);
    found
}

/// Maximum number of bytes of a sentence or a command in a finding, into which somebody's command of any length may
/// go.
const MAX_SENTENCE: usize = 2_000;

/// Makes each sentence of a finding one line without control characters, whatever names are in it, cuts it where it is
/// too long, and leaves out commands that nobody would paste.
fn settle(finding: &mut Finding) {
    let related = finding.related.iter_mut().map(|it| &mut it.message);
    let titles = finding.fixes.iter_mut().map(|it| &mut it.title);
    let own = [&mut finding.message, &mut finding.subject];
    let advice = finding.why.iter_mut().chain(finding.help.iter_mut());
    for sentence in related.chain(titles).chain(own).chain(advice) {
        if sentence.contains(steers_a_terminal) {
            *sentence = one_line(sentence);
        }
        if sentence.len() > MAX_SENTENCE {
            sentence.truncate(sentence.floor_char_boundary(MAX_SENTENCE));
            sentence.push('…');
        }
    }
    finding.check.retain(|command| command.len() <= MAX_SENTENCE);
}

/// Names the object or service that each finding is about, and makes commands fit any release of a chart.
pub(super) fn complete(facts: &Facts<'_>, findings: &mut [Finding]) {
    let says_default = facts.says_default_namespace();
    for finding in findings {
        if finding.subject.is_empty() {
            finding.subject = facts.subject_of(&finding.message, finding.span);
        }
        settle(finding);
        for command in &mut finding.check {
            let settled = for_any_release(command);
            finding.names_release |= settled != *command && settled.contains(PLACEHOLDER);
            *command = settled;
            if !says_default {
                *command = without_default_namespace(command);
            }
        }
    }
}

/// Puts a placeholder into messages for the name that `helm template` gives a release without one.
pub(super) fn name_release(findings: &mut [Finding]) {
    for finding in findings {
        let related = finding.related.iter_mut().map(|it| &mut it.message);
        for message in related.chain([&mut finding.message]) {
            if message.contains(RELEASE) {
                *message = message.replace(RELEASE, PLACEHOLDER);
            }
        }
    }
}
