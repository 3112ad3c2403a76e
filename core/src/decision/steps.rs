//! The next steps, in order, each with the names that it is about.

use super::system::System;
use crate::report::{
    CheckState, ChecklistItem, Checklists, Decision, Finding, Fit, Platform, Severity, Step, Today,
};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// Maximum number of steps.
const MAX_STEPS: usize = 5;

/// Returns the next steps: what fails today, the worst first, then what the platform asks for.
pub fn next(system: &System<'_>, decision: &Decision, checklists: &Checklists) -> Vec<Step> {
    let items: &[ChecklistItem] = match (decision.outcome.platform, decision.today) {
        (_, Today::Unknown) => &[],
        (Platform::Compose | Platform::LargerServer | Platform::Swarm, _) => &checklists.server,
        (Platform::Either, Today::Compose | Today::Swarm) => &checklists.server,
        (Platform::Either | Platform::Kubernetes, _) => &checklists.crossing,
    };
    let mut steps = Vec::new();
    let mut told: FxHashSet<&str> = FxHashSet::default();
    for finding in system.findings.iter().filter(|it| it.severity == Severity::Error) {
        if told.insert(finding.code) {
            steps.push(of_finding(finding));
        }
    }
    let warnings = system.findings.iter().filter(|it| it.severity == Severity::Warning);
    let warnings: FxHashMap<(&str, Span), &Finding> =
        warnings.map(|it| ((it.code, it.span), *it)).collect();
    for item in items.iter().filter(|it| it.state == CheckState::Fail) {
        let mut failing = item.findings.iter().filter_map(|place| warnings.get(place));
        if let Some(finding) = failing.find(|it| told.insert(it.code)) {
            steps.push(of_finding(finding));
        }
    }
    // A cluster alone has no list of its own.
    if items.iter().all(|it| it.state == CheckState::NotApplicable) {
        for finding in system.findings.iter().filter(|it| it.severity == Severity::Warning) {
            if told.insert(finding.code) {
                steps.push(of_finding(finding));
            }
        }
    }
    steps.truncate(MAX_STEPS - 1);
    steps.extend(last(decision));
    steps
}

fn of_finding(finding: &Finding) -> Step {
    let mut text = finding.message_for_one().to_owned();
    text.push('.');
    Step { text, subject: finding.subject.to_string(), span: Some(finding.span) }
}

/// Returns the step that follows from the verdict.
fn last(decision: &Decision) -> Option<Step> {
    let text = match (decision.fit, decision.today) {
        (_, Today::Unknown) => "Analyse the Compose or Kubernetes files of a single system.",
        (Fit::Outgrown, _) if decision.outcome.platform == Platform::LargerServer => {
            "Move to the larger server with a restored backup, which also tests the backup."
        }
        (Fit::Outgrown, _) => {
            "Move one service without data first, with its probes and resource requests, before anything that holds data."
        }
        (Fit::OverBuilt, _) => {
            "Compare the hours that the cluster costs each month with one server and its backups."
        }
        (Fit::Mixed, _) => {
            "Decide which side is production, and mark the other as development (`roles` in `plimsoll.yaml`)."
        }
        (Fit::Open, _) => {
            let ask = decision.ask.first()?;
            let text = format!("Answer what is open: `plimsoll decide --answer {}`.", ask.answer);
            return Some(Step { text, subject: String::new(), span: None });
        }
        (Fit::Fits, _) => return None,
    };
    Some(Step { text: text.to_owned(), subject: String::new(), span: None })
}
