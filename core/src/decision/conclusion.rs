//! From signals to words: the answers, the outcome, its reasons, its cost and what would change it.

use super::outcome::{Case, Delivery, Packages};
use super::questions;
use super::signals::{self, Row, Seen, Signals};
use super::sums::{self, Loads, Size};
use super::system::{System, is_argocd, is_flux};
use crate::config::Answers;
use crate::model::kubernetes::Body;
use crate::report::{
    Answer, AnsweredBy, Ask, Cost, Costs, Decision, Fit, Flip, Platform, Question, QuestionId,
    Scenario, ScenarioName, Signal, Statement, TargetKind, Today,
};
use rustc_hash::FxHashSet;

/// The questions that decide on the platform; the others are about what is added to it.
const DECIDING: [QuestionId; 4] = [
    QuestionId::OneServer,
    QuestionId::MultiNode,
    QuestionId::ReplicasAndRollouts,
    QuestionId::TeamsAndEnvironments,
];

/// Maximum number of reasons on the first screen.
const MAX_REASONS: usize = 3;

/// Maximum number of answers that are asked for.
const MAX_ASKED: usize = 2;

/// Maximum number of facts that are named as changing the outcome.
const MAX_FLIPS: usize = 4;

/// Returns the decision without its steps, checklists and crossing table.
pub fn conclude(system: &System<'_>, loads: &Loads, signals: &Signals) -> Decision {
    let trial = Trial { system, loads, signals, answers: &system.facts.config().answers };
    let questions = trial.questions(signals, trial.answers);
    let case = trial.case(&questions);
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
        scenario: scenario(&questions, trial.answers),
        questions,
        ..Decision::default()
    }
}

/// What it takes to answer the questions again, with other signals and answers.
#[derive(Debug, Clone, Copy)]
struct Trial<'t, 'f> {
    system: &'t System<'f>,
    loads: &'t Loads,
    signals: &'t Signals,
    answers: &'t Answers,
}

impl Trial<'_, '_> {
    fn questions(&self, signals: &Signals, answers: &Answers) -> Vec<Question> {
        questions::answer(self.system, signals, answers)
    }

    fn case(&self, questions: &[Question]) -> Case {
        let server = self.system.facts.config().server.unwrap_or_default();
        let size = Size::of(self.loads.main(), server);
        let larger = matches!(size, Size::NeedsLarger(_));
        let today = self.system.today();
        Case::new(questions, larger, today, delivery(self.system), packages(self.system))
    }

    fn platform_with(&self, signals: &Signals, answers: &Answers) -> Platform {
        self.case(&self.questions(signals, answers)).verdict().platform
    }

    /// Returns the single facts that would change the platform: each signal of the table that the files do
    /// not show is added, and the decision is made again.
    fn flips(&self, now: Platform) -> Vec<Flip> {
        let mut flips = Vec::new();
        for row in signals::TABLE.iter().filter(|row| !row.would_be.is_empty()) {
            let is_seen = self
                .signals
                .seen
                .iter()
                .any(|it| it.signal == row.signal && it.points == row.points);
            if is_seen || !DECIDING.contains(&row.question) {
                continue;
            }
            let signals = self.signals.with(supposed(row));
            let to = self.platform_with(&signals, self.answers);
            if to != now && to != Platform::Either {
                flips.push(Flip { fact: row.would_be.to_owned(), to });
            }
        }
        flips.truncate(MAX_FLIPS);
        flips
    }

    /// Returns the answers that are worth giving: those that change the platform, of open questions first.
    fn ask(&self, now: Platform, questions: &[Question]) -> Vec<Ask> {
        let candidates = [
            ("downtime", "none"),
            ("downtime", "hours"),
            ("multi-node", "yes"),
            ("teams", "3"),
            ("teams", "1"),
            ("one-server", "yes"),
            ("replicas-and-rollouts", "yes"),
            ("replicas-and-rollouts", "no"),
            ("multi-node", "no"),
        ];
        let mut asks: Vec<(bool, Ask)> = Vec::new();
        let mut keys: FxHashSet<&str> = FxHashSet::default();
        for (key, value) in candidates {
            let mut other = Answers::default();
            // Every candidate is a valid answer.
            let Ok(()) = other.set(key, value) else { continue };
            if self.is_answered(key) {
                continue;
            }
            let answers = self.answers.clone().with(&other);
            let mut signals = self.signals.of_files();
            signals::person::add(&mut signals, &answers);
            let to = self.platform_with(&signals, &answers);
            if to == now || !keys.insert(key) {
                continue;
            }
            let open = questions.iter().any(|it| {
                it.answer == Answer::Unknown && question_of(key).is_some_and(|id| id == it.id)
            });
            let changes = format!("{} instead of {}", platform_words(to), platform_words(now));
            asks.push((!open, Ask { answer: format!("{key}={value}"), changes }));
        }
        asks.sort_by_key(|it| it.0);
        asks.into_iter().map(|it| it.1).take(MAX_ASKED).collect()
    }

    /// Whether a person has given this answer already.
    fn is_answered(&self, key: &str) -> bool {
        match key {
            "downtime" => self.answers.downtime.is_some(),
            "teams" => self.answers.teams.is_some(),
            _ => QuestionId::from_name(key)
                .is_some_and(|id| self.answers.questions.contains_key(&id)),
        }
    }
}

/// Returns the question that an answer bears on first.
fn question_of(key: &str) -> Option<QuestionId> {
    match key {
        "downtime" => Some(QuestionId::OneServer),
        "teams" => Some(QuestionId::TeamsAndEnvironments),
        _ => QuestionId::from_name(key),
    }
}

/// Returns a signal that the files do not show, as if they did.
fn supposed(row: &Row) -> Seen {
    Seen {
        signal: row.signal,
        question: row.question,
        points: row.points,
        by: AnsweredBy::Files,
        fact: row.would_be.into(),
        span: None,
    }
}

fn delivery(system: &System<'_>) -> Delivery {
    let argocd = system.objects.iter().any(|it| is_argocd(it));
    let flux = system.objects.iter().any(|it| is_flux(it));
    match (argocd, flux) {
        (true, true) => Delivery::Both,
        (true, false) => Delivery::ArgoCd,
        (false, true) => Delivery::Flux,
        (false, false) => Delivery::Other,
    }
}

fn packages(system: &System<'_>) -> Packages {
    let is = |kind: TargetKind| system.targets.iter().any(|it| it.target.kind == kind);
    let releases = system.objects.iter().any(|it| matches!(it.body, Body::HelmRelease(_)));
    match (is(TargetKind::Kustomization), is(TargetKind::Chart) || releases) {
        (true, true) => Packages::Both,
        (true, false) => Packages::Kustomize,
        (false, true) => Packages::Helm,
        (false, false) => Packages::Nothing,
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

fn over_built(system: &System<'_>) -> String {
    let cost = cluster_cost(system);
    format!(
        "You operate {} objects of {} kinds, written in {} lines, and nothing in them needs more than one machine.",
        cost.objects, cost.kinds, cost.lines
    )
}

/// Returns what the cluster side costs as it is.
fn cluster_cost(system: &System<'_>) -> Cost {
    let objects = &system.counted.objects;
    let kinds: FxHashSet<&str> = objects.iter().map(|object| object.kind.as_str()).collect();
    let lines = system.counted.lines_of_objects(system.facts);
    let text = format!(
        "{} objects of {} kinds in {lines} lines, and a cluster to run and upgrade",
        objects.len(),
        kinds.len()
    );
    Cost { kinds: kinds.len(), objects: objects.len(), lines, text }
}

/// Returns what the Compose side costs as it is.
fn compose_cost(system: &System<'_>) -> Cost {
    let services = system.counted.services.len();
    let files: FxHashSet<_> =
        system.counted.services.iter().flat_map(|it| it.project.files.iter().copied()).collect();
    let lines = files.iter().map(|file| system.facts.file(*file).lines.lines()).sum();
    let text = format!(
        "{} in {lines} lines, and one server to patch, watch and back up by yourself",
        number(services, "service", "services")
    );
    Cost { kinds: 1, objects: services, lines, text }
}

/// Returns what a cluster would take for the Compose services that count.
fn cost_of_cluster(system: &System<'_>) -> Cost {
    let services = &system.counted.services;
    let count = |has: &dyn Fn(&crate::model::compose::Service) -> bool| {
        services.iter().filter(|it| has(it.model)).count()
    };
    let with_ports = count(&|it| !it.ports.is_empty() || !it.expose.is_empty());
    let with_env = count(&|it| !it.environment.is_empty() || !it.env_files.is_empty());
    let volumes: FxHashSet<&str> = services
        .iter()
        .flat_map(|it| &it.project.volumes)
        .map(|volume| volume.key.as_str())
        .collect();
    let parts = [
        (services.len(), "Deployment or StatefulSet", "Deployments or StatefulSets"),
        (with_ports, "Service", "Services"),
        (with_env, "ConfigMap or Secret", "ConfigMaps or Secrets"),
        (volumes.len(), "PersistentVolumeClaim", "PersistentVolumeClaims"),
    ];
    let named: Vec<String> = parts
        .iter()
        .filter(|part| part.0 > 0)
        .map(|(count, one, many)| number(*count, one, many))
        .collect();
    let objects = parts.iter().map(|part| part.0).sum();
    let text = format!(
        "about {objects} objects to write ({}), a registry for the images, and a cluster to run and upgrade",
        named.join(", ")
    );
    Cost { kinds: named.len(), objects, lines: 0, text }
}

/// Returns what Compose would take for what the cluster does.
fn cost_of_compose(system: &System<'_>) -> Cost {
    let objects = &system.counted.objects;
    let count = |wanted: &dyn Fn(&Body) -> bool| {
        objects.iter().filter(|object| wanted(&object.body)).count()
    };
    let parts = [
        (count(&|it| matches!(it, Body::Autoscaler(_))), "autoscaler", "autoscalers"),
        (
            count(&|it| matches!(it, Body::DisruptionBudget(_))),
            "disruption budget",
            "disruption budgets",
        ),
        (count(&|it| matches!(it, Body::NetworkPolicy(_))), "network policy", "network policies"),
        (count(&|it| matches!(it, Body::Routes(_))), "route from outside", "routes from outside"),
        (system.counted.workloads.iter().filter(|it| it.kind().is_job()).count(), "Job", "Jobs"),
    ];
    let named: Vec<String> = parts
        .iter()
        .filter(|part| part.0 > 0)
        .map(|(count, one, many)| number(*count, one, many))
        .collect();
    let workloads = system.counted.workloads.len();
    let written = number(workloads, "service", "services");
    let outside = match named.is_empty() {
        true => "nothing that Compose lacks".to_owned(),
        false => format!("{} to give up or to build outside Compose", named.join(", ")),
    };
    let text = format!("{written} to write, {outside}, and one server to patch, watch and back up");
    Cost { kinds: 1, objects: workloads, lines: 0, text }
}

/// Returns a number with its noun.
fn number(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn costs(system: &System<'_>) -> Costs {
    match system.today() {
        Today::Unknown => Costs::default(),
        Today::Compose | Today::Swarm => {
            Costs { stay: compose_cost(system), go: cost_of_cluster(system) }
        }
        Today::Kubernetes | Today::Both => {
            Costs { stay: cluster_cost(system), go: cost_of_compose(system) }
        }
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
