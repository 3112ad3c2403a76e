//! Suppressions and configured severity levels, applied to the findings.

use super::annotations::{self, Annotations};
use super::run::complete;
use crate::facts::Facts;
use crate::report::{Baseline, Finding, Findings, Identity, Level, Report, Unused};
use crate::rules::{self, Rule};
use crate::suppress;
use crate::text::{FileId, did_you_mean, near};

/// Takes out the findings that a comment accepts, reports comments and annotations that accept nothing, and
/// returns how many findings were taken out.
pub(super) fn take_out_suppressed(
    facts: &Facts<'_>,
    findings: &mut Vec<Finding>,
    annotations: &Annotations,
    ran: &dyn Fn(&Rule, FileId) -> bool,
) -> usize {
    let suppressions = annotations::suppressions(facts);
    let stale = rules::find("PLM006").expect("internal error: PLM006 exists");
    let mut out = Findings::new(stale.code, stale.name, stale.severity);
    let used = &annotations.used;
    let suppressed = suppress::apply(findings, &suppressions, used, ran, &mut out);
    for file in facts.files() {
        for (word, span) in &file.directives.unknown {
            let meant = did_you_mean(&near(word, ["ignore", "ignore-file"].into_iter()));
            let known = match meant.is_empty() {
                true => "; use `ignore`, `ignore-file` or `role=production`",
                false => &meant,
            };
            out.at(span, format!("`{word}` is not a known directive{known}"));
        }
    }
    complete(facts, out.since(0));
    let mut said = out.into_list();
    said.retain(|finding| ran(stale, finding.span.file));
    set_levels(facts, &mut said);
    findings.append(&mut said);
    suppressed + annotations.count()
}

/// Takes out the findings that the baseline accepts, and notes the entries that no finding has used though
/// their rule ran.
pub(super) fn take_out_accepted(report: &mut Report, baseline: &Baseline, ran: &[&'static str]) {
    let mut unused = Unused::of(baseline);
    let findings = std::mem::take(&mut report.findings);
    let before = findings.len();
    let mut left = Vec::new();
    for finding in findings {
        if !unused.take(&Identity::all_of(report, &finding)) {
            left.push(finding);
        }
    }
    report.baselined = before - left.len();
    report.findings = left;
    let ran = |entry: &(Identity, usize)| ran.iter().any(|code| *code == entry.0.rule);
    report.stale = unused.left().filter(ran).collect();
}

/// Whether the configuration switches a rule off in a file.
pub(super) fn is_off(facts: &Facts<'_>, rule: &Rule, file: FileId) -> bool {
    level(facts, rule, file) == Some(Level::Off)
}

/// Returns the level that the configuration sets for a rule in a file.
fn level(facts: &Facts<'_>, rule: &Rule, file: FileId) -> Option<Level> {
    facts.config().level(facts.file(file).path(), |selector| rule.is(selector))
}

/// Gives findings the severity that the configuration sets for their rules in their files, and drops those of
/// rules that are off there.
pub(super) fn set_levels(facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    findings.retain_mut(|finding| {
        let rule = rules::find(finding.code);
        match rule.and_then(|rule| level(facts, rule, finding.span.file)) {
            Some(level) => match level.severity() {
                Some(severity) => {
                    finding.severity = severity;
                    true
                }
                None => false,
            },
            None => true,
        }
    });
}
