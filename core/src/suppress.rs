//! Takes out findings that somebody has read and accepted, and says which acceptances are stale.

use crate::model::Suppression;
use crate::report::{Finding, Findings};
use crate::rules;

/// Takes out what is silenced, and reports suppressions that silence nothing. `ran` tells whether a
/// rule took part in this run: a suppression of one that did not is not stale.
pub fn apply(
    findings: &mut Vec<Finding>,
    suppressions: &[Suppression],
    ran: impl Fn(&rules::Rule) -> bool,
    out: &mut Findings,
) -> usize {
    let mut used: Vec<Vec<bool>> =
        suppressions.iter().map(|it| vec![false; it.selectors.len().max(1)]).collect();
    let before = findings.len();
    findings.retain(|finding| {
        let Some(rule) = rules::find(finding.code) else { return true };
        let mut silenced = false;
        for (suppression, used) in suppressions.iter().zip(&mut used) {
            let covers = suppression.covers;
            if covers.file != finding.span.file
                || finding.span.start < covers.start
                || finding.span.start > covers.end
            {
                continue;
            }
            if suppression.selectors.is_empty() {
                used[0] = true;
                silenced = true;
            }
            for (selector, used) in suppression.selectors.iter().zip(used) {
                if rule.is(&selector.0) {
                    *used = true;
                    silenced = true;
                }
            }
        }
        !silenced
    });
    for (suppression, used) in suppressions.iter().zip(&used) {
        if suppression.selectors.is_empty() && !used[0] && rules::all().all(&ran) {
            out.at(suppression.span, "this suppression silences nothing").unnecessary = true;
        }
        for ((selector, span), used) in suppression.selectors.iter().zip(used) {
            let known = rules::all().any(|it| it.is(selector));
            if !known {
                out.at(*span, format!("`{selector}` is no rule"));
            } else if !used && rules::all().filter(|it| it.is(selector)).all(&ran) {
                out.at(*span, format!("`{selector}` finds nothing here any more")).unnecessary =
                    true;
            }
        }
    }
    before - findings.len()
}
