//! From signals to words: the answers, the outcome, its reasons, its cost and what would change it.

use super::beliefs::{Belief, Grounds};
use super::cost::costs;
use super::questions::strongest;
use super::reasons::{has_server, reasons};
use super::scenario;
use super::signals::Signals;
use super::sums::Loads;
use super::system::System;
use super::trial::Trial;
use crate::facts::{Facts, Service, common_folder};
use crate::model::{BuiltTarget, Target};
use crate::report::phrases::{amount, capitalised};
use crate::report::{
    Answer, Ask, Decision, Environment, Flip, Kind, Question, QuestionId, Role, Signal, TargetKind,
    phrases,
};
use crate::text::{FileId, folder_of};
use indexmap::IndexSet;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Returns the decision without its steps, checklists and crossing table. `signals` are those of the files.
pub fn conclude(system: &System<'_>, loads: &Loads, signals: &Signals) -> Decision {
    let trial = Trial::new(system, loads, signals);
    let (questions, situation) = trial.as_it_is();
    let verdict = situation.verdict();
    let fit = situation.fit();
    let flips = trial.flips(verdict.platform);
    let ask = trial.ask(&situation, &questions);
    let would_change = would_change(&ask, &flips);
    let reasons = reasons(system, loads, &questions, &situation);
    let grounds = Grounds {
        situation: &situation,
        questions: &questions,
        reasons: &reasons,
        has_server: has_server(system),
    };
    let myth = Belief::on(&grounds).map(Belief::answer);
    Decision {
        verdict: with_names(verdict.sentence, &questions),
        outcome: situation.outcome(),
        today: situation.today,
        fit,
        counted: counted(system),
        sums: loads.main().sums,
        reasons: reasons.into_iter().map(|it| it.statement).collect(),
        would_change,
        flips,
        ask,
        cost: costs(system, verdict.so_far),
        myth,
        scenario: scenario::nearest(&situation, &questions, &system.facts.config().answers),
        questions,
        ..Decision::default()
    }
}

/// Returns the sentence of a verdict with the demand and the open questions that it speaks of.
fn with_names(sentence: &str, questions: &[Question]) -> String {
    if !sentence.contains('{') {
        return sentence.to_owned();
    }
    let about_cluster = questions.iter().filter(|it| open_words(it.id).is_some());
    let mut demands = about_cluster.clone().filter(|it| it.answer == Answer::Yes);
    let demand = demands.next().and_then(|question| strongest(question, Answer::Yes));
    let demand = demand.map_or_else(|| "One demand".to_owned(), |it| capitalised(&it.fact));
    let open = about_cluster.filter(|it| it.answer == Answer::Unknown);
    let open: Vec<&str> = open.filter_map(|it| open_words(it.id)).collect();
    let sentence = sentence.replace("{demand}", &demand).replace("{open}", &open.join(", "));
    sentence.replace("{choice}", choice(questions))
}

/// Returns what both platforms make of the one demand that speaks for a cluster. Compose follows no load, and places
/// no containers.
///
/// Source: <https://docs.docker.com/reference/compose-file/deploy/#replicas>
fn choice(questions: &[Question]) -> &'static str {
    let demanded = questions.iter().filter(|it| it.answer == Answer::Yes);
    let shows = |signal: Signal| {
        let mut evidence = demanded.clone().flat_map(|it| &it.evidence);
        evidence.any(|it| it.signal == signal && it.points == Answer::Yes)
    };
    if shows(Signal::Autoscaler) {
        "Compose meets it without the autoscaler, so decide whether the number of replicas must follow the load"
    } else if shows(Signal::ManyReplicas) {
        "Compose can run them, but starts and replaces so many on one machine by itself, so decide whether that is enough"
    } else {
        "both platforms can meet it, so choose the one that you can operate"
    }
}

/// Returns what is not known while a question about a cluster is open.
fn open_words(id: QuestionId) -> Option<&'static str> {
    match id {
        QuestionId::MultiNode => Some("whether it must survive the loss of a machine"),
        QuestionId::ReplicasAndRollouts => Some("whether it needs many replicas"),
        QuestionId::TeamsAndEnvironments => Some("how many teams work on it"),
        QuestionId::OneServer | QuestionId::Gitops | QuestionId::Packaging => None,
    }
}

/// Returns what is counted and what is left out.
fn counted(system: &System<'_>) -> String {
    let counted = &system.counted;
    let (services, workloads) = (counted.services.len(), counted.workloads.len());
    let mut words = match (services, workloads) {
        (0, 0) => "nothing that runs".to_owned(),
        (_, 0) => amount(services, "Compose service", "Compose services"),
        (0, _) => amount(workloads, "workload", "workloads"),
        (_, _) => {
            format!(
                "{} and {}",
                amount(services, "Compose service", "Compose services"),
                amount(workloads, "workload", "workloads")
            )
        }
    };
    let tenants = system.counted_tenants().len();
    if tenants > 1 {
        words.push_str(&format!(" of {tenants} tenants"));
    }
    let counted_services: FxHashSet<usize> = counted.services.iter().map(|it| it.index).collect();
    let is_by_profile = |it: &&&Service<'_>| {
        it.role != Role::Development
            && !counted_services.contains(&it.index)
            && !it.starts_by_itself()
    };
    let all_by_profile: Vec<_> = system.services.iter().filter(is_by_profile).collect();
    let all = system.services.len() + system.workloads.len();
    let left = all - services - workloads - all_by_profile.len();
    // Several files may define one service.
    let part = |it: &Service<'_>| system.facts.part_of(system.facts.base_of(it.project));
    let by_profile: FxHashSet<_> = all_by_profile.iter().map(|it| (part(it), it.name)).collect();
    let by_profile = by_profile.len();
    let is_choice = left > 0 || has_other_variants(system);
    if is_choice && let Some(environment) = counted_environment(system) {
        words.push_str(&format!(" of `{environment}`"));
    }
    if left > 0 {
        let verb = if left == 1 { "is" } else { "are" };
        words.push_str(&format!(
            "; {left} more {verb} for development, other environments or the same in another form"
        ));
    }
    if by_profile > 0 {
        let verb = if by_profile == 1 { "starts" } else { "start" };
        words.push_str(&format!("; {by_profile} more {verb} only with a profile"));
    }
    let sources = counted_sources(system);
    if is_choice && let Some((first, others)) = sources.split_first() {
        let and = if let [second] = others { format!(" and {second}") } else { String::new() };
        let more = if others.len() > 1 { format!(" and {} more", others.len()) } else { and };
        words.push_str(&format!("; counted from {first}{more}"));
    }
    words
}

/// Whether a chart or an overlay is a variant of what counts, for another environment or with other values.
fn has_other_variants(system: &System<'_>) -> bool {
    let workloads = system.counted.workloads.iter();
    let counted: FxHashSet<*const BuiltTarget> = workloads
        .filter_map(|it| system.facts.built_target(it.object.file))
        .map(std::ptr::from_ref)
        .collect();
    let mut built_from: FxHashMap<FileId, usize> = FxHashMap::default();
    for file in system.targets.iter().flat_map(|it| it.sources()) {
        *built_from.entry(*file).or_default() += 1;
    }
    let mut own = system.targets.iter().filter(|it| counted.contains(&Arc::as_ptr(it)));
    own.any(|it| it.sources().iter().any(|file| built_from.get(file) > Some(&1)))
}

/// Returns what is counted, in backticks: the Compose files, the charts and overlays by their names, and the loose
/// manifests by their file or their folder.
fn counted_sources(system: &System<'_>) -> Vec<String> {
    let facts = system.facts;
    let mut sources: IndexSet<String> = IndexSet::new();
    for project in system.projects() {
        let base = facts.file(facts.base_of(project)).path();
        let over = project.files.iter().map(|file| facts.file(*file).path());
        sources.insert(match over.filter(|it| *it != base).last() {
            Some(over) => format!("`{base}` with `{over}`"),
            None => format!("`{base}`"),
        });
    }
    let mut loose: IndexSet<&str> = IndexSet::new();
    for workload in &system.counted.workloads {
        match facts.built_target(workload.object.file) {
            Some(target) => {
                sources.insert(source_of(facts, &target.target));
            }
            None => {
                loose.insert(facts.file(workload.object.file).path());
            }
        }
    }
    let folder = common_folder(loose.iter().map(|it| folder_of(it)));
    match (loose.first(), folder) {
        (None, _) => {}
        (Some(only), _) if loose.len() == 1 => {
            sources.insert(format!("`{only}`"));
        }
        (Some(_), "") => {
            sources.insert("the manifests at the root".to_owned());
        }
        (Some(_), folder) => {
            sources.insert(format!("the manifests in `{folder}`"));
        }
    }
    sources.into_iter().collect()
}

/// Returns what a target is built from, with its kind.
fn source_of(facts: &Facts<'_>, target: &Target) -> String {
    let folder = &target.folder;
    match (target.kind, target.values.last()) {
        _ if folder.is_empty() => format!("`{}`", target.name),
        (TargetKind::Chart, Some(values)) => {
            let values = values.strip_prefix(&format!("{folder}/")).unwrap_or(values);
            format!("chart `{folder}` with `{values}`")
        }
        (TargetKind::Chart, None) => format!("chart `{folder}`"),
        (TargetKind::Kustomization, _) => {
            // An overlay builds on another kustomization.
            let is_base = |file: &FileId| {
                let file = facts.file(*file);
                file.kind == Kind::Kustomization && folder_of(file.path()) != folder
            };
            let is_overlay = target.sources.iter().any(is_base);
            format!("{} `{folder}`", if is_overlay { "overlay" } else { "kustomization" })
        }
        (TargetKind::Compose | TargetKind::Manifests | TargetKind::Application, _) => {
            format!("`{}`", target.name)
        }
    }
}

/// Returns the environment that the counted workloads name, unless they name several.
fn counted_environment(system: &System<'_>) -> Option<Environment> {
    let facts = system.facts;
    let mut environments = system.counted.workloads.iter().filter_map(|workload| {
        let file = workload.object.file;
        let target = facts.target_of(file).map(|at| &facts.all_targets()[at].target);
        target.map_or_else(|| facts.environment_of_file(file), |it| facts.environment_of_target(it))
    });
    let first = environments.next()?;
    environments.all(|it| it == first).then_some(first)
}

fn would_change(ask: &[Ask], flips: &[Flip]) -> Vec<String> {
    let answers = ask.iter().map(|it| format!("`--answer {}`: {}", it.answer, it.changes));
    let facts = flips.iter().map(|it| format!("{}: {}", it.fact, phrases::platform(it.to)));
    answers.chain(facts).collect()
}
