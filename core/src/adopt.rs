//! Findings of each place by itself, for those who accept what is found today.

use crate::analysis::Options;
use crate::report::{Baseline, Report};
use crate::workspace::Workspace;
use std::sync::Arc;

/// Maximum number of further looks at a project. What a rule says about one place may depend on whether another
/// place is accepted, so that the first look need not be the last.
const MAX_LOOKS: usize = 6;

/// Returns a baseline with which nothing of what is found now is reported, and a report with a finding for each of
/// its entries. `wanted` takes out of a report what is not asked for.
pub fn accept_each(
    workspace: &Workspace,
    options: &Options,
    wanted: &dyn Fn(&mut Report),
) -> (Baseline, Report) {
    let report = |baseline: Baseline| {
        let mut options = Options { leave_fixes_untried: true, ..options.clone() };
        options.config.baseline = Some(Arc::new(baseline));
        let mut report = workspace.report(&options);
        wanted(&mut report);
        report
    };
    let mut known = Baseline::of(&report(Baseline::splitting_all()));
    for _ in 0..MAX_LOOKS {
        let left = report(known.clone());
        if left.findings.is_empty() && left.stale.is_empty() {
            break;
        }
        known = known.without(&left.stale).with(&Baseline::of(&left));
    }
    let report = report(known.clone().splitting());
    (known, report)
}
