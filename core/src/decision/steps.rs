//! The next steps, in order, each with the names that it is about.

mod asks;
mod cluster;

use super::checklists;
use super::reasons::overruled;
use super::system::System;
use crate::facts::{Brought, Service};
use crate::knowledge::families::Class;
use crate::knowledge::upkeep::is_web_port;
use crate::model::compose::MountKind;
use crate::report::phrases::{amount, capitalised, first_named, named_in_sentence};
use crate::report::{
    Answer, CheckItem, CheckState, ChecklistItem, Checklists, Decision, Finding, Fit, Platform,
    Question, QuestionId, Role, Severity, Step, Today,
};
use crate::text::{FileId, Span, folder_of};
use asks::ask;
use indexmap::IndexSet;
use rustc_hash::{FxHashMap, FxHashSet};

/// Maximum number of steps.
const MAX_STEPS: usize = 5;

/// The rule about containers that request nothing.
const MISSING_REQUESTS: &str = "PLM606";

/// Maximum number of names in a step.
const MAX_NAMES: usize = 3;

/// Returns the next steps: what fails today, what loses data or stops the crossing first, and last what the verdict asks
/// for.
pub fn next(system: &System<'_>, decision: &Decision, checklists: &Checklists) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut told: FxHashSet<&str> = FxHashSet::default();
    let places = Places::of(system);
    let aside = aside(system, decision);
    let is_aside = |place: Span| aside.contains(&place.file);
    // What is not built hides what the answers depend on.
    if let Some(unread) = system.first_unread()
        && decision.outcome.platform == Platform::Either
    {
        let (text, span) = (unread.next, Some(unread.span));
        steps.push(Step { text, subject: String::new(), span });
    }
    // It is in the way of the move to one server, and right where the system runs today.
    if decision.fit == Fit::OverBuilt
        && let Some(blocked) = overruled(system, &decision.questions)
    {
        let text = format!(
            "Remove the {} of {} as part of the move to one server: on a single node, some of its {} stay pending.",
            blocked.rule.words(),
            blocked.label,
            blocked.rule.pending()
        );
        let (subject, span) = (blocked.label, Some(blocked.span));
        steps.push(Step { text, subject, span });
    }
    let mut errors = system.findings_of(Severity::Error);
    // What is an error stops the system, whatever it is about.
    let of_error = |it: &&Finding| checklists::item_of(it.code).map_or(Urgency::Stops, urgency);
    errors.sort_by_key(|it| of_error(it).min(Urgency::Stops));
    for finding in errors {
        if !is_aside(finding.span) && told.insert(finding.code) {
            steps.push(of_findings(system, &places, finding));
        }
    }
    let warnings = system.findings_of(Severity::Warning);
    let hints = system.findings_of(Severity::Info);
    let by_place: FxHashMap<(&str, Span), &Finding> =
        hints.iter().chain(&warnings).map(|it| ((it.code, it.span), *it)).collect();
    for item in items(decision, checklists) {
        let mut own = item.findings.iter().filter_map(|place| by_place.get(place));
        let next = own.find(|it| !told.contains(it.code) && !is_aside(it.span));
        if let Some(finding) = next {
            told.insert(finding.code);
            steps.push(of_findings(system, &places, finding));
        } else if item.findings.is_empty() {
            steps.extend(of_item(system, item).filter(|it| !it.span.is_some_and(is_aside)));
        }
    }
    // What no item of a list bears on.
    if decision.today == Today::Kubernetes {
        steps.extend(cluster::data(system, decision));
        let has_no_list = items(decision, checklists).is_empty();
        let findings = warnings.into_iter().filter(|it| has_no_list && !is_aside(it.span));
        let new = findings.filter(|it| told.insert(it.code));
        steps.extend(new.map(|it| of_findings(system, &places, it)));
        steps.extend(cluster::of_verdict(system, decision));
        let mut subjects: FxHashSet<String> = steps.iter().map(|it| it.subject.clone()).collect();
        let mut notes = hints;
        notes.sort_by_key(|it| checklists::item_of(it.code).map_or(Urgency::Hygiene, urgency));
        for note in notes {
            // A note about what a step names already can wait.
            let is_new = !told.contains(note.code) && !is_aside(note.span);
            if is_new && subjects.insert(note.subject.clone()) {
                told.insert(note.code);
                steps.push(of_findings(system, &places, note));
            }
        }
        // A workload without requests is a finding already.
        let is_measured = told.contains(MISSING_REQUESTS);
        steps.extend(cluster::open(decision, is_measured));
    }
    let last = last(system, decision);
    steps.truncate(MAX_STEPS - last.iter().len());
    steps.extend(last);
    steps
}

/// Returns the Compose files for development of what a cluster runs in production: what they do otherwise is no step
/// there.
fn aside(system: &System<'_>, decision: &Decision) -> FxHashSet<FileId> {
    let is_there = |it: &&&Service<'_>| {
        it.role == Role::Development && system.facts.counterpart_of(it.index).is_some()
    };
    let services = system.services.iter().filter(|_| decision.today == Today::Kubernetes);
    services.filter(is_there).flat_map(|it| it.project.files.iter().copied()).collect()
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
    // Data that nothing copies is lost on either side.
    let is_unsaved = |it: &&ChecklistItem| {
        it.item == CheckItem::Backups && decision.today != Today::Kubernetes && !of_server
    };
    let unsaved = checklists.server.iter().filter(is_unsaved);
    let mut items: Vec<&ChecklistItem> = all
        .iter()
        .chain(unsaved)
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

/// The position of an item among the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    /// Lost data cannot be brought back.
    LosesData,
    /// Nothing works without it on the other side.
    Stops,
    /// The other side runs something that was not tested here.
    RunsOtherwise,
    LetsStrangersIn,
    StartsBadly,
    IsNotWatched,
    Hygiene,
}

fn urgency(item: CheckItem) -> Urgency {
    match item {
        CheckItem::PersistentData | CheckItem::Backups | CheckItem::HiddenState => {
            Urgency::LosesData
        }
        CheckItem::OneTimeMigrations | CheckItem::ServiceDiscovery => Urgency::Stops,
        CheckItem::ImageWithoutBindMounts => Urgency::RunsOtherwise,
        CheckItem::TlsEdge | CheckItem::HostHardening | CheckItem::ConfigAndSecrets => {
            Urgency::LetsStrangersIn
        }
        CheckItem::RestartPolicies | CheckItem::StartupAndRetry => Urgency::StartsBadly,
        CheckItem::HealthChecks | CheckItem::ProbesAndResources => Urgency::IsNotWatched,
        CheckItem::PinnedImages | CheckItem::LogsBounded | CheckItem::Monitoring => {
            Urgency::Hygiene
        }
    }
}

/// Returns what a finding asks for: its fix, if there is one, and what is wrong.
fn of_finding(finding: &Finding) -> Step {
    let message = finding.message_for_one();
    let text = match finding.fixes.first() {
        // Some messages end with what to do.
        Some(fix) if message.to_lowercase().ends_with(&fix.title.to_lowercase()) => {
            format!("{}.", capitalised(message))
        }
        Some(fix) => format!("{}: {message}.", fix.title),
        None => format!("{}.", capitalised(message)),
    };
    Step { text, subject: finding.subject.clone(), span: Some(finding.span) }
}

/// Returns what a finding asks for, with the names of what has the same fault.
fn of_findings(system: &System<'_>, places: &Places<'_>, finding: &Finding) -> Step {
    let mut step = of_finding(finding);
    let own = name_of_subject(&finding.subject);
    let is_same = |it: &&&Finding| it.code == finding.code && it.severity == finding.severity;
    let mut names: IndexSet<&str> = IndexSet::new();
    for same in system.findings.iter().filter(is_same) {
        let others = same.others.iter().map(|other| match other.subject.as_str() {
            "" => places.workload_at(other.span).unwrap_or_default(),
            subject => name_of_subject(subject),
        });
        for name in std::iter::once(name_of_subject(&same.subject)).chain(others) {
            let is_named = name == own || step.text.contains(&format!("`{name}`"));
            if !name.is_empty() && !is_named {
                names.insert(name);
            }
        }
    }
    if !names.is_empty() && !own.is_empty() {
        let end = step.text.trim_end_matches('.').len();
        step.text.truncate(end);
        let names = Vec::from_iter(names);
        step.text.push_str(&format!("; the same for {}.", first_named(&names, MAX_NAMES)));
    }
    step
}

/// The places and names of the workloads, by their files and in the order of their starts.
struct Places<'f>(FxHashMap<FileId, Vec<(Span, &'f str)>>);

impl<'f> Places<'f> {
    fn of(system: &System<'f>) -> Places<'f> {
        let mut places: FxHashMap<FileId, Vec<(Span, &'f str)>> = FxHashMap::default();
        for workload in &system.workloads {
            let span = workload.object.span;
            places.entry(span.file).or_default().push((span, workload.name));
        }
        for in_file in places.values_mut() {
            in_file.sort_by_key(|it| it.0.start);
            in_file.dedup_by_key(|it| it.0.start);
        }
        Places(places)
    }

    /// Returns the name of the workload that a place belongs to.
    fn workload_at(&self, place: Span) -> Option<&'f str> {
        let in_file = self.0.get(&place.file)?;
        let before = in_file.partition_point(|it| it.0.start <= place.start);
        let (span, name) = in_file.get(before.checked_sub(1)?)?;
        (place.end <= span.end).then_some(name)
    }
}

/// Returns the name of the object that a finding is about: `web` of "Deployment shop/web, container app".
fn name_of_subject(subject: &str) -> &str {
    let object = subject.split(", ").next().unwrap_or_default();
    object.rsplit([' ', '/']).next().unwrap_or_default().trim_matches('`')
}

/// Returns what an item asks for that no finding fails; `None` where nothing of the user's own can be named.
fn of_item(system: &System<'_>, item: &ChecklistItem) -> Option<Step> {
    match item.item {
        // Where a backup runs, nobody can see what it copies.
        CheckItem::Backups if item.state != CheckState::Fail => return None,
        CheckItem::Backups => return backup(system),
        CheckItem::ImageWithoutBindMounts => return bind_mount(system, item),
        CheckItem::TlsEdge => {
            if let Some(step) = plain_proxy(system, item) {
                return Some(step);
            }
        }
        _ => {}
    }
    let (_, span) = item.missing.first()?;
    let names: Vec<&str> = item.missing.iter().map(|it| it.0.as_str()).collect();
    let named = named_in_sentence(&names, MAX_NAMES);
    // What is missing is named already.
    let seen = item.seen.split("; missing: ").next().unwrap_or_default();
    let ask = ask(item.item, &named, names.len() > 1, system.is_swarm())?;
    let text = format!("{ask}: {seen}.");
    Some(Step { text, subject: String::new(), span: Some(*span) })
}

/// Returns the step for a reverse proxy that answers without TLS, which another proxy before it would only repeat.
fn plain_proxy(system: &System<'_>, item: &ChecklistItem) -> Option<Step> {
    const PROXIES: [Class; 2] = [Class::Proxy, Class::WebServer];
    let missing: FxHashSet<Span> = item.missing.iter().map(|it| it.1).collect();
    let is_missing = |service: &&&Service<'_>| missing.contains(&service.span());
    let is_proxy = |service: &&&Service<'_>| {
        service.unit.family().is_some_and(|it| PROXIES.contains(&it.class))
    };
    let services = system.counted.services.iter();
    let service = services.filter(is_missing).find(is_proxy)?;
    let ports = service.model.ports.iter().map(|it| it.target.value);
    let port = ports.into_iter().find(|it| is_web_port(*it))?;
    let text = format!(
        "Terminate TLS in `{0}`, or in a proxy in front of it: `{0}` answers on port {port} without TLS.",
        service.name
    );
    Some(Step { text, subject: service.unit.label.clone(), span: Some(service.span()) })
}

/// Returns the step that puts something in the place of a bind mount: a claim for data, a ConfigMap for configuration,
/// the image for code.
///
/// Sources: <https://kubernetes.io/docs/concepts/storage/persistent-volumes/>,
/// <https://kubernetes.io/docs/concepts/configuration/configmap/> and
/// <https://kubernetes.io/docs/concepts/storage/volumes/#hostpath>, which advises against paths of the node.
fn bind_mount(system: &System<'_>, item: &ChecklistItem) -> Option<Step> {
    let missing: FxHashSet<Span> = item.missing.iter().map(|it| it.1).collect();
    let is_missing = |service: &&&Service<'_>| missing.contains(&service.span());
    let services = system.services.iter().filter(is_missing);
    let mounts = services.flat_map(|service| {
        let binds = service.model.volumes.iter().filter(|it| it.kind == MountKind::Bind);
        binds.map(move |mount| (service, mount, system.facts.brought_by(service, mount)))
    });
    // Lost data cannot be brought back.
    let rank = |brought: Brought| match brought {
        Brought::Data => 0,
        Brought::Configuration => 1,
        Brought::Code => 2,
        Brought::Host => 3,
    };
    let (service, mount, brought) = mounts.min_by_key(|it| rank(it.2))?;
    let source = mount.source.as_ref()?;
    let (target, name) = (&mount.target, service.name);
    let text = match brought {
        Brought::Data => format!(
            "Give `{name}` a PersistentVolumeClaim at `{target}`: its data in `{source}` stays on this host."
        ),
        Brought::Configuration => format!(
            "Deliver `{source}` as a ConfigMap at `{target}` of `{name}`: a Pod finds no such file on its node."
        ),
        Brought::Code => format!(
            "Copy `{source}` into the image of `{name}`: a Pod has no folder of this host to mount at `{target}`."
        ),
        Brought::Host => return None,
    };
    Some(Step { text, subject: service.unit.label.clone(), span: Some(mount.span) })
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
    let step = |text: String, span| Step { text, subject: String::new(), span };
    match (decision.fit, decision.today) {
        (_, Today::Unknown) if system.is_for_tests_alone() => {
            let first = system.workloads.first()?;
            let folder = folder_of(system.facts.file(first.object.file).path());
            let text = format!(
                "Analyse what is deployed: `{folder}` with {} holds tests, by its name (a `role` in `overrides` of `plimsoll.yaml` says otherwise).",
                first.label
            );
            Some(step(text, Some(first.span())))
        }
        (_, Today::Unknown) => {
            let text = "Analyse these files again once they define a service or a workload for production.";
            Some(step(text.to_owned(), None))
        }
        (Fit::Outgrown, _)
            if matches!(decision.outcome.platform, Platform::LargerServer | Platform::Either) =>
        {
            Some(move_to_larger_server(system))
        }
        (Fit::Outgrown, _) => Some(first_to_move(system)),
        (Fit::OverBuilt, _) => {
            let first = system.counted.workloads.first()?;
            let workloads = match system.counted.workloads.len() - 1 {
                0 => first.label.clone(),
                more => format!(
                    "{} and {}",
                    first.label,
                    amount(more, "more workload", "more workloads")
                ),
            };
            let text = format!(
                "Compare the hours that the cluster takes each month for {workloads} with those of one server and its backups."
            );
            Some(step(text, Some(first.span())))
        }
        (Fit::Mixed, _) => {
            let (service, workload) =
                (system.counted.services.first()?, system.counted.workloads.first()?);
            let path = system.facts.file(service.span().file).path();
            let text = format!(
                "Decide whether `{path}` or the cluster with {} is production, and mark the other as development (`roles` in `plimsoll.yaml`).",
                workload.label
            );
            Some(step(text, Some(service.span())))
        }
        (Fit::Open, _) => open_answer(decision).map(|text| step(text, None)),
        (Fit::Fits, _) => None,
    }
}

/// Returns the step to a larger server, which begins with the data.
fn move_to_larger_server(system: &System<'_>) -> Step {
    let named = checklists::first_with_data(system);
    let (text, service) = match named {
        Some((service, data)) => (
            format!(
                "Restore a backup of `{data}` on the larger server, which also tests the backup, and move there."
            ),
            Some(service),
        ),
        None => (
            "Move to the larger server: nothing here keeps data.".to_owned(),
            system.counted.services.first().copied(),
        ),
    };
    Step {
        text,
        subject: service.map(|it| it.unit.label.clone()).unwrap_or_default(),
        span: service.map(|it| it.span()),
    }
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
            text: format!(
                "Move `{}` first, with its probes and resource requests: it keeps no data.",
                service.name
            ),
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
