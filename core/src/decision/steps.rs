//! The next steps, in order, each with the names that it is about.

use super::checklists;
use super::cost::number;
use super::system::System;
use crate::facts::Service;
use crate::report::phrases::capitalised;
use crate::report::{
    Answer, CheckItem, CheckState, ChecklistItem, Checklists, Decision, Finding, Fit, Platform,
    Question, QuestionId, Severity, Step, Today,
};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// Maximum number of steps.
const MAX_STEPS: usize = 5;

/// Returns the next steps: what fails today, the worst first, and last what the verdict asks for.
pub fn next(system: &System<'_>, decision: &Decision, checklists: &Checklists) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut told: FxHashSet<&str> = FxHashSet::default();
    // What is not built hides what the answers depend on.
    if let Some(unread) = system.first_unread()
        && decision.outcome.platform == Platform::Either
    {
        let (text, span) = (unread.next, Some(unread.span));
        steps.push(Step { text, subject: String::new(), span });
    }
    for finding in system.findings_of(Severity::Error) {
        if told.insert(finding.code) {
            steps.push(of_finding(finding));
        }
    }
    let warnings = system.findings_of(Severity::Warning);
    let by_place: FxHashMap<(&str, Span), &Finding> =
        warnings.iter().map(|it| ((it.code, it.span), *it)).collect();
    for item in items(decision, checklists) {
        let mut own = item.findings.iter().filter_map(|place| by_place.get(place));
        let next = own.find(|it| !told.contains(it.code));
        if let Some(finding) = next {
            told.insert(finding.code);
            steps.push(of_finding(finding));
        } else if item.findings.is_empty() {
            steps.push(of_item(system, item));
        }
    }
    // A cluster alone has no list of its own.
    let has_no_list = decision.today == Today::Kubernetes && items(decision, checklists).is_empty();
    if has_no_list {
        for finding in warnings {
            if told.insert(finding.code) {
                steps.push(of_finding(finding));
            }
        }
    }
    let last = last(system, decision);
    steps.truncate(MAX_STEPS - last.iter().len());
    steps.extend(last);
    steps
}

/// Returns the items of the checklist of the platform that fail, the worst first; on a server also those that
/// nobody can see, at the end.
fn items<'c>(decision: &Decision, checklists: &'c Checklists) -> Vec<&'c ChecklistItem> {
    // Where the verdict is open, the platform that it leans to.
    let leans = match decision.outcome.platform {
        Platform::Either => decision.outcome.so_far,
        settled => settled,
    };
    let of_server = match (leans, decision.today) {
        (_, Today::Unknown) => return Vec::new(),
        (Platform::Compose | Platform::LargerServer | Platform::Swarm, _) => true,
        (Platform::Either, Today::Compose | Today::Swarm) => true,
        (Platform::Either, Today::Kubernetes | Today::Both) | (Platform::Kubernetes, _) => false,
    };
    let all = if of_server { &checklists.server } else { &checklists.crossing };
    let mut items: Vec<&ChecklistItem> = all
        .iter()
        .filter(|it| match it.state {
            CheckState::Fail => true,
            CheckState::CannotSee => of_server,
            CheckState::Pass | CheckState::NotApplicable => false,
        })
        .collect();
    // Lost data cannot be brought back, so that nobody should find out late.
    let is_late =
        |it: &ChecklistItem| it.state == CheckState::CannotSee && it.item != CheckItem::Backups;
    items.sort_by_key(|it| (is_late(it), urgency(it.item)));
    items
}

/// Returns the position of an item among the steps: what loses data, then what lets strangers in, what stops
/// the system, and what makes it hard to look after.
fn urgency(item: CheckItem) -> u8 {
    match item {
        CheckItem::PersistentData
        | CheckItem::Backups
        | CheckItem::HiddenState
        | CheckItem::OneTimeMigrations => 0,
        CheckItem::TlsEdge | CheckItem::HostHardening | CheckItem::ConfigAndSecrets => 1,
        CheckItem::HealthChecks
        | CheckItem::RestartPolicies
        | CheckItem::StartupAndRetry
        | CheckItem::ImageWithoutBindMounts
        | CheckItem::ServiceDiscovery
        | CheckItem::ProbesAndResources => 2,
        CheckItem::PinnedImages | CheckItem::LogsBounded | CheckItem::Monitoring => 3,
    }
}

/// Returns what a finding asks for: its fix, if there is one, and what is wrong.
fn of_finding(finding: &Finding) -> Step {
    let message = finding.message_for_one();
    let text = match finding.fixes.first() {
        Some(fix) => format!("{}: {message}.", fix.title),
        None => format!("{}.", capitalised(message)),
    };
    Step { text, subject: finding.subject.clone(), span: Some(finding.span) }
}

/// Returns what an item asks for that no finding fails.
fn of_item(system: &System<'_>, item: &ChecklistItem) -> Step {
    if item.item == CheckItem::Backups
        && let Some(step) = backup(system)
    {
        return step;
    }
    let text = format!("{} ({}).", item.next.trim_end_matches('.'), item.seen);
    Step { text, subject: String::new(), span: None }
}

/// Returns the step that names the data to back up.
fn backup(system: &System<'_>) -> Option<Step> {
    let (service, data) = checklists::first_missing_backup(system)?;
    let sources = service.model.volumes.iter().filter_map(|it| it.source.as_ref());
    let span = sources.into_iter().find(|it| it.as_str() == data).map(|it| it.span);
    let file = system.facts.file(service.span().file).path();
    Some(Step {
        text: format!("Add a backup of `{data}`: nothing in {file} copies it."),
        subject: format!("service {}", service.name),
        span: span.or(Some(service.span())),
    })
}

/// Returns the step that follows from the verdict.
fn last(system: &System<'_>, decision: &Decision) -> Option<Step> {
    let text = match (decision.fit, decision.today) {
        (_, Today::Unknown) => {
            "Analyse the Compose or Kubernetes files of a single system.".to_owned()
        }
        (Fit::Outgrown, _) if decision.outcome.platform == Platform::LargerServer => {
            "Move to the larger server with a restored backup, which also tests the backup."
                .to_owned()
        }
        (Fit::Outgrown, _) => return Some(first_to_move(system)),
        (Fit::OverBuilt, _) => format!(
            "Compare the hours that the cluster takes each month for {} with one server and its backups.",
            number(system.counted.workloads.len(), "workload", "workloads")
        ),
        (Fit::Mixed, _) => {
            "Decide which side is production, and mark the other as development (`roles` in `plimsoll.yaml`).".to_owned()
        }
        (Fit::Open, _) => open_answer(decision)?,
        (Fit::Fits, _) => return None,
    };
    Some(Step { text, subject: String::new(), span: None })
}

/// Returns what to answer where the verdict is open.
fn open_answer(decision: &Decision) -> Option<String> {
    // What each answer changes stands beside the verdict.
    let mut keys: Vec<&str> = Vec::new();
    for key in decision.ask.iter().filter_map(|it| it.answer.split('=').next()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    match keys[..] {
        [] => {}
        [only] => return Some(format!("Settle what is open: answer `{only}`.")),
        [first, second, ..] => {
            return Some(format!("Settle what is open: answer `{first}` or `{second}`."));
        }
    }
    let open = |it: &&Question| {
        it.answer == Answer::Unknown
            && matches!(it.id, QuestionId::MultiNode | QuestionId::OneServer)
    };
    let question = decision.questions.iter().find(open)?;
    let id = question.id;
    Some(format!("Answer the open question: `--answer {id}=yes` or `--answer {id}=no`."))
}

/// Returns the step that moves a service that keeps no data.
fn first_to_move(system: &System<'_>) -> Step {
    let is_light = |it: &&&Service<'_>| {
        it.unit.stored().is_none() && it.model.volumes.is_empty() && !system.facts.is_one_shot(it)
    };
    match system.counted.services.iter().find(is_light) {
        Some(service) => Step {
            text: "Move this service first, with its probes and resource requests: it keeps no data."
                .to_owned(),
            subject: format!("service {}", service.name),
            span: Some(service.span()),
        },
        None => Step {
            text: "Every service here mounts a volume: plan where its data will live before you move one.".to_owned(),
            subject: String::new(),
            span: None,
        },
    }
}
