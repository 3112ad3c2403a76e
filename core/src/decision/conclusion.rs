//! From signals to words: the answers, the outcome, its reasons, its cost and what would change it.

use super::cost::{costs, number, over_built};
use super::outcome::{Case, Delivery, Packages};
use super::signals::Signals;
use super::sums::{self, Loads};
use super::system::System;
use super::trial::Trial;
use crate::config::Answers;
use crate::report::{
    Answer, Ask, Decision, Fit, Flip, Platform, Question, QuestionId, Scenario, ScenarioName,
    Signal, Statement, Today,
};
use rustc_hash::FxHashSet;

/// The questions that decide on the platform; the others are about what is added to it.
pub const DECIDING: [QuestionId; 4] = [
    QuestionId::OneServer,
    QuestionId::MultiNode,
    QuestionId::ReplicasAndRollouts,
    QuestionId::TeamsAndEnvironments,
];

/// Maximum number of reasons on the first screen.
const MAX_REASONS: usize = 3;

/// Returns the decision without its steps, checklists and crossing table.
pub fn conclude(system: &System<'_>, loads: &Loads, signals: &Signals) -> Decision {
    let trial = Trial::new(system, loads, signals);
    let (questions, case) = trial.as_it_is();
    let verdict = case.verdict();
    let fit = case.fit();
    let flips = trial.flips(verdict.platform);
    let ask = trial.ask(verdict.platform, &questions);
    let would_change = would_change(&ask, &flips);
    Decision {
        verdict: verdict.sentence.to_owned(),
        outcome: case.outcome(),
        today: case.today,
        fit,
        counted: counted(system),
        sums: loads.main().sums,
        reasons: reasons(system, loads, &questions, &case),
        would_change,
        flips,
        ask,
        cost: costs(system),
        myth: myth(&case, fit),
        scenario: scenario(&questions, &system.facts.config().answers),
        questions,
        ..Decision::default()
    }
}

/// Returns what is counted and what is left out.
fn counted(system: &System<'_>) -> String {
    let counted = &system.counted;
    let (services, workloads) = (counted.services.len(), counted.workloads.len());
    let mut words = match (services, workloads) {
        (0, 0) => "nothing that runs".to_owned(),
        (_, 0) => number(services, "Compose service", "Compose services"),
        (0, _) => number(workloads, "workload", "workloads"),
        (_, _) => {
            format!(
                "{} and {}",
                number(services, "Compose service", "Compose services"),
                number(workloads, "workload", "workloads")
            )
        }
    };
    let left = system.services.len() + system.workloads.len() - services - workloads;
    if left > 0 {
        let noun = if left == 1 { "is" } else { "are" };
        words.push_str(&format!(
            "; {left} more {noun} for development, other environments or the same in another form"
        ));
    }
    words
}

/// Returns the reasons: for each deciding question its answer with the strongest evidence, the ones that
/// speak for the verdict first.
fn reasons(
    system: &System<'_>,
    loads: &Loads,
    questions: &[Question],
    case: &Case,
) -> Vec<Statement> {
    let fit = case.fit();
    let mut reasons: Vec<(u8, Statement)> = Vec::new();
    let mut told: FxHashSet<Signal> = FxHashSet::default();
    if fit == Fit::OverBuilt {
        reasons.push((0, Statement { text: over_built(system), span: None }));
    }
    if fit == Fit::Mixed {
        let text = "Both sides look meant for production: every change is made twice, or the two drift apart.";
        reasons.push((0, Statement { text: text.to_owned(), span: None }));
    }
    if case.delivery == Delivery::Flux {
        let text = "Flux is in use, and a second GitOps controller beside it has no use.";
        let place = system.delivery_object().map(|object| object.name_span());
        reasons.push((2, Statement { text: text.to_owned(), span: place }));
    }
    for question in questions.iter().filter(|it| DECIDING.contains(&it.id)) {
        let own = question.evidence.iter().filter(|it| it.points == question.answer);
        // One fact may bear on two questions; it is told once.
        let own = own.filter(|it| !told.contains(&topic(it.signal)));
        // Of two alike, the first one counts.
        let Some(strongest) = own.rev().max_by_key(|it| it.weight) else { continue };
        told.insert(topic(strongest.signal));
        let text = format!("{}.", capitalised(&strongest.fact));
        let rank = 3 - strongest.weight.number();
        let is_known = reasons.iter().any(|it| it.1.text == text);
        if !is_known {
            reasons.push((rank, Statement { text, span: strongest.span }));
        }
    }
    if loads.differ() {
        let [compose, cluster] = [&loads.compose, &loads.cluster].map(|it| sums::amounts(&it.sums));
        let text = format!(
            "The two sides differ: Compose states {compose}, the cluster {cluster}; the larger one counts."
        );
        reasons.push((2, Statement { text, span: None }));
    }
    reasons.sort_by_key(|it| it.0);
    reasons.into_iter().map(|it| it.1).take(MAX_REASONS).collect()
}

/// Returns the signal that says the same for another question.
fn topic(signal: Signal) -> Signal {
    match signal {
        Signal::SingleReplicas => Signal::NothingScales,
        Signal::RequiredSpread => Signal::MustSurviveLoss,
        other => other,
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

fn would_change(ask: &[Ask], flips: &[Flip]) -> Vec<String> {
    let answers = ask.iter().map(|it| format!("`--answer {}`: {}", it.answer, it.changes));
    let facts = flips.iter().map(|it| format!("{}: {}", it.fact, platform_words(it.to)));
    answers.chain(facts).collect()
}

/// Returns a platform in words.
pub fn platform_words(platform: Platform) -> &'static str {
    match platform {
        Platform::Compose => "Compose",
        Platform::LargerServer => "Compose on a larger server",
        Platform::Swarm => "Compose in Swarm mode",
        Platform::Either => "either of the two",
        Platform::Kubernetes => "Kubernetes",
    }
}

/// Returns the answer to a belief about platforms that bears on the outcome.
///
/// Sources: <https://docs.docker.com/compose/how-tos/production/>,
/// <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/>,
/// <https://helm.sh/docs/topics/charts/>, <https://argo-cd.readthedocs.io/en/stable/> and
/// <https://kubernetes.io/docs/concepts/configuration/overview/>.
fn myth(case: &Case, fit: Fit) -> Option<&'static str> {
    let platform = case.verdict().platform;
    match (platform, case.today, fit) {
        (Platform::Compose | Platform::LargerServer, Today::Compose, _) => Some(
            "\"Compose is only for development\": Docker documents Compose for production on a single server; what counts is backups, health checks, updates and somebody who watches.",
        ),
        (_, _, Fit::OverBuilt) => Some(
            "\"A cluster is available by itself\": with one replica of everything, a lost node is an outage on Kubernetes too, until the Pod runs elsewhere and its volume follows.",
        ),
        (Platform::Kubernetes | Platform::Swarm, Today::Compose, _) => Some(
            "\"A converter does the move\": it translates keys; startup order, migrations, mounted files, secrets and probes have to be designed again.",
        ),
        (Platform::Kubernetes, Today::Kubernetes | Today::Both, _)
            if case.packages == Packages::Nothing && case.packaging != Answer::Yes =>
        {
            Some(
                "\"Kubernetes needs Helm\": plain manifests are fine while they are written once; a chart pays when several environments share them.",
            )
        }
        (Platform::Kubernetes, Today::Kubernetes | Today::Both, _)
            if case.delivery == Delivery::Other && case.gitops != Answer::Yes =>
        {
            Some(
                "\"Kubernetes needs Argo CD\": a pipeline that applies the manifests is enough until drift or audits have to be shown.",
            )
        }
        (Platform::Either, _, _) => Some(
            "\"More load needs Kubernetes\": a larger server comes first, and it is measured, not guessed.",
        ),
        _ => None,
    }
}

fn scenario(questions: &[Question], answers: &Answers) -> Scenario {
    let to = |id: QuestionId| {
        let question = questions.iter().find(|question| question.id == id);
        question.map_or(Answer::Unknown, |question| question.answer)
    };
    let (nearest, because) = if answers.audit == Some(true) {
        (ScenarioName::Regulated, "changes are audited")
    } else if to(QuestionId::TeamsAndEnvironments) == Answer::Yes {
        (ScenarioName::MultiTeamPlatform, "it is shared by many services, teams or environments")
    } else if to(QuestionId::ReplicasAndRollouts) == Answer::Yes {
        (
            ScenarioName::GrowingSaas,
            "it runs several replicas or scales with the load, and few teams work on it",
        )
    } else if to(QuestionId::OneServer) == Answer::No {
        (ScenarioName::GrowingSaas, "one server is not enough for it, and few teams work on it")
    } else if to(QuestionId::MultiNode) == Answer::Yes {
        (ScenarioName::GrowingSaas, "it is meant to run on several nodes, and few teams work on it")
    } else if to(QuestionId::ReplicasAndRollouts) == Answer::No
        && to(QuestionId::TeamsAndEnvironments) == Answer::No
    {
        (ScenarioName::InternalApp, "there are few services, with one replica each")
    } else {
        (ScenarioName::InternalApp, "nothing in the files asks for more")
    };
    Scenario { nearest, because }
}
