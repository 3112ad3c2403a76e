//! The rules, run over one set of facts.

use super::accept::set_levels;
use super::purpose;
use crate::facts::{Facts, for_any_release, without_default_namespace};
use crate::report::{Finding, Findings};
use crate::rules::{self, Rule};

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
    is_outdated: &dyn Fn() -> bool,
) -> Option<Found> {
    let mut findings = Vec::new();
    let mut ran = Vec::new();
    for rule in rules::all().filter(|it| wanted(it)) {
        if is_outdated() {
            return None;
        }
        ran.push(rule.code);
        let mut out = Findings::new(rule.code, rule.name, rule.severity);
        rule.run(facts, &mut out);
        let mut found = out.into_list();
        purpose::fit_to_purpose(rule, facts, &mut found);
        complete(facts, &mut found);
        findings.append(&mut found);
    }
    set_levels(facts, &mut findings);
    Some((findings, ran))
}

/// Names the object or service that each finding is about, and makes commands fit any release of a chart.
pub(super) fn complete(facts: &Facts<'_>, findings: &mut [Finding]) {
    let says_default = facts.says_default_namespace();
    for finding in findings {
        if finding.subject.is_empty() {
            finding.subject = facts.subject_of(&finding.message, finding.span);
        }
        for command in &mut finding.check {
            *command = for_any_release(command);
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
            if message.contains("release-name") {
                *message = message.replace("release-name", "RELEASE");
            }
        }
    }
}
