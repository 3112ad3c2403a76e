//! What would change the outcome, found by trying: the decision is made again with another fact or answer.

use super::load::{Load, Side};
use super::outcome::{Delivery, Packages, Situation, Standing};
use super::questions::{self, DECIDING};
use super::signals::{self, Row, Seen, Signals};
use super::sums::{self, Loads, Size};
use super::system::System;
use crate::config::{Answers, Downtime};
use crate::knowledge::servers::rented_servers;
use crate::model::delivery::Controller;
use crate::model::kubernetes::Body;
use crate::report::phrases;
use crate::report::{
    Answer, AnsweredBy, Ask, Flip, Platform, Question, QuestionId, Signal, TargetKind, Today,
    Weight,
};
use rustc_hash::FxHashSet;
use std::fmt;

/// Maximum number of answers that are asked for.
const MAX_ASKED: usize = 2;

/// Maximum number of facts and answers that are named as changing the outcome.
const MAX_FLIPS: usize = 7;

/// Facts that are more than an object or a line away, the farthest last.
const DISTANT: [Signal; 4] =
    [Signal::OwnerLabels, Signal::ManyReplicas, Signal::BeyondServers, Signal::ManyGpus];

/// Returns how far a system is from a fact.
fn distance(signal: Signal) -> usize {
    DISTANT.iter().position(|it| *it == signal).map_or(0, |at| at + 1)
}

/// Maximum number of facts that would leave the platform open.
const MAX_OPENED: usize = 3;

/// An answer that a person might give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Candidate {
    Downtime(Downtime),
    Teams(u32),
    Question(QuestionId, bool),
}

/// The answers that are tried.
const CANDIDATES: [Candidate; 10] = [
    Candidate::Downtime(Downtime::None),
    Candidate::Downtime(Downtime::Minutes),
    Candidate::Question(QuestionId::MultiNode, true),
    Candidate::Teams(3),
    Candidate::Teams(1),
    Candidate::Question(QuestionId::OneServer, true),
    Candidate::Question(QuestionId::OneServer, false),
    Candidate::Question(QuestionId::ReplicasAndRollouts, true),
    Candidate::Question(QuestionId::ReplicasAndRollouts, false),
    Candidate::Question(QuestionId::MultiNode, false),
];

/// Pairs of these answers that are tried where none settles anything alone.
const PAIRS: [[Candidate; 2]; 6] = [
    [Candidate::Downtime(Downtime::Minutes), Candidate::Teams(1)],
    [
        Candidate::Downtime(Downtime::Minutes),
        Candidate::Question(QuestionId::ReplicasAndRollouts, false),
    ],
    [Candidate::Teams(1), Candidate::Question(QuestionId::ReplicasAndRollouts, false)],
    [Candidate::Downtime(Downtime::None), Candidate::Teams(3)],
    [Candidate::Teams(3), Candidate::Question(QuestionId::ReplicasAndRollouts, true)],
    [
        Candidate::Question(QuestionId::MultiNode, false),
        Candidate::Question(QuestionId::ReplicasAndRollouts, false),
    ],
];

impl Candidate {
    /// Returns some answers with this one on top.
    fn apply(self, mut answers: Answers) -> Answers {
        match self {
            Candidate::Downtime(downtime) => answers.downtime = Some(downtime),
            Candidate::Teams(teams) => answers.teams = Some(teams),
            Candidate::Question(id, is_yes) => {
                answers.questions.insert(id, is_yes);
            }
        }
        answers
    }

    /// Returns the question that the answer bears on first.
    fn question(self) -> QuestionId {
        match self {
            Candidate::Downtime(_) => QuestionId::OneServer,
            Candidate::Teams(_) => QuestionId::TeamsAndEnvironments,
            Candidate::Question(id, _) => id,
        }
    }

    /// Whether a person has given this answer or another one in its place.
    fn is_answered(self, answers: &Answers) -> bool {
        match self {
            Candidate::Downtime(_) => answers.downtime.is_some(),
            Candidate::Teams(_) => answers.teams.is_some(),
            Candidate::Question(id, _) => answers.questions.contains_key(&id),
        }
    }
}

/// Writes the answer as `--answer` takes it: `downtime=none`.
impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Candidate::Downtime(downtime) => write!(f, "downtime={downtime}"),
            Candidate::Teams(teams) => write!(f, "teams={teams}"),
            Candidate::Question(id, true) => write!(f, "{id}=yes"),
            Candidate::Question(id, false) => write!(f, "{id}=no"),
        }
    }
}

/// Inputs for answering the questions again with one signal or answer changed.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'t, 'f> {
    system: &'t System<'f>,
    /// What the files show.
    signals: &'t Signals,
    answers: &'t Answers,
    standing: Standing,
    /// What the containers of the side that counts ask for.
    load: Load,
    gpus: i64,
}

impl<'t, 'f> Trial<'t, 'f> {
    pub fn new(system: &'t System<'f>, loads: &Loads, signals: &'t Signals) -> Trial<'t, 'f> {
        let config = system.facts.config();
        let size = Size::of(loads.main(), config.server.unwrap_or_default());
        let standing = Standing {
            today: system.today(),
            delivery: delivery(system),
            packages: packages(system),
            // Limits of Compose are seldom reached, and the most replicas of an autoscaler are meant to be.
            needs_larger_server: match size {
                Size::NeedsLarger(..) => true,
                Size::AtMostBeyond(larger) => {
                    larger.is_some() && loads.main().side == Side::Cluster
                }
                Size::FitsEasily | Size::Fits | Size::Beyond | Size::Open => false,
            },
        };
        let (load, gpus) = (*loads.main(), loads.gpus().count);
        Trial { system, signals, answers: &config.answers, standing, load, gpus }
    }

    /// Returns the questions as they are answered, and the situation that they make.
    pub fn as_it_is(&self) -> (Vec<Question>, Situation) {
        self.decide(self.signals.clone(), self.answers)
    }

    fn decide(&self, signals: Signals, answers: &Answers) -> (Vec<Question>, Situation) {
        let signals = signals.complete(self.system, answers);
        let questions = questions::answer(self.system, &signals);
        let situation = Situation::new(&questions, self.standing);
        (questions, situation)
    }

    fn platform_with(&self, signals: Signals, answers: &Answers) -> Platform {
        self.decide(signals, answers).1.verdict().platform
    }

    /// Returns the platform with another answer; `None` where the answer is the one that was given.
    fn platform_with_answer(&self, candidate: Candidate) -> Option<Platform> {
        let answers = candidate.apply(self.answers.clone());
        let is_given = answers == *self.answers;
        (!is_given).then(|| self.platform_with(self.signals.clone(), &answers))
    }

    /// Returns the single facts and answers that would change the platform, each found by deciding again: without
    /// a fact that the files show, with one that they do not show, and with another answer than was given.
    pub fn flips(&self, now: Platform) -> Vec<Flip> {
        if self.system.is_empty() {
            return Vec::new();
        }
        let mut flips = self.flips_by_removal(now);
        let mut tried: Vec<&Row> = signals::TABLE.iter().filter(|it| self.is_tried(it)).collect();
        tried.sort_by_key(|row| distance(row.signal));
        let mut opened = 0;
        for row in tried {
            let to = self.platform_with(self.signals.with(row), self.answers);
            opened += usize::from(to == Platform::Either);
            if to != now && (to != Platform::Either || opened <= MAX_OPENED) {
                flips.push(Flip { fact: self.supposed(row), to });
            }
        }
        let given = CANDIDATES.into_iter().filter(|it| it.is_answered(self.answers));
        let mut answers: Vec<Flip> = given
            .filter_map(|candidate| {
                let to = self.platform_with_answer(candidate).filter(|to| *to != now)?;
                Some(Flip { fact: format!("`--answer {candidate}`"), to })
            })
            .collect();
        answers.extend(flips);
        answers.truncate(MAX_FLIPS);
        answers
    }

    /// Whether a system without a signal could come to show it.
    fn is_tried(&self, row: &Row) -> bool {
        let is_seen = self.signals.seen.iter().any(|it| it.signal == row.signal);
        let has_place = (row.signal != Signal::SwarmPlacement
            || self.standing.today == Today::Swarm)
            && (row.signal != Signal::ManyGpus || self.gpus > 0);
        !row.would_be.is_empty() && !is_seen && has_place && DECIDING.contains(&row.question)
    }

    /// Returns a fact that the files do not show, with the number that they show today.
    fn supposed(&self, row: &Row) -> String {
        if row.signal == Signal::BeyondServers && self.load.sums.cpu.sized > 0 {
            let most = rented_servers().map(|it| it.cpus).fold(0.0, f64::max);
            return format!("requests above {most} CPUs, now {}", requested_cpus(&self.load));
        }
        if row.signal == Signal::ManyGpus {
            return format!("{}, now {}", row.would_be, self.gpus);
        }
        row.would_be.to_owned()
    }

    /// Returns the facts that speak for a cluster and without which the platform would be another.
    fn flips_by_removal(&self, now: Platform) -> Vec<Flip> {
        let speaks_for_cluster = |it: &&Seen| match it.question {
            QuestionId::OneServer => it.points == Answer::No,
            QuestionId::MultiNode
            | QuestionId::ReplicasAndRollouts
            | QuestionId::TeamsAndEnvironments => it.points == Answer::Yes,
            QuestionId::Gitops | QuestionId::Packaging => false,
        };
        let mut tried: FxHashSet<Signal> = FxHashSet::default();
        let mut flips = Vec::new();
        for seen in self.signals.seen.iter().filter(speaks_for_cluster) {
            if !tried.insert(seen.signal) {
                continue;
            }
            let to = self.platform_with(self.signals.without(seen.signal), self.answers);
            if to != now {
                flips.push(Flip { fact: format!("without this: {}", seen.fact), to });
            }
        }
        flips
    }

    /// Returns the answers that are worth giving: those that change the platform, first to what the files lean to,
    /// and of open questions first. Where no single answer settles on what the files lean to, two together may. A
    /// question that a person has settled, perhaps by another answer, is not asked again.
    pub fn ask(&self, situation: &Situation, questions: &[Question]) -> Vec<Ask> {
        // Of a system that is not there, no answer settles anything.
        if self.system.is_empty() {
            return Vec::new();
        }
        let now = situation.verdict().platform;
        let lean = lean(situation);
        let asked: Vec<(Candidate, bool)> = CANDIDATES
            .into_iter()
            .filter_map(|it| Some((it, self.is_open(it, questions)?)))
            .collect();
        let mut asks: Vec<(bool, bool, Platform, Ask)> = Vec::new();
        for (candidate, is_open) in &asked {
            let changed = self.platform_with_answer(*candidate).filter(|to| *to != now);
            let Some(to) = changed else { continue };
            let ask = Ask { answer: candidate.to_string(), changes: change_words(now, to) };
            asks.push((!is_open, !lean.contains(&to), to, ask));
        }
        let settles = |to: &Platform| lean.contains(to);
        if now == Platform::Either
            && !asks.iter().any(|it| settles(&it.2))
            && let Some((to, ask)) = self.ask_for_two(&asked, lean)
        {
            asks.push((false, false, to, ask));
        }
        asks.sort_by_key(|it| (it.2 == Platform::Either, it.1, it.0));
        // A second answer with the same result says nothing new.
        let mut results: FxHashSet<Platform> = FxHashSet::default();
        let new = asks.into_iter().filter(|it| results.insert(it.2));
        new.map(|it| it.3).take(MAX_ASKED).collect()
    }

    /// Returns whether the question that a candidate bears on is open; `None` where it is not to be asked.
    fn is_open(&self, candidate: Candidate, questions: &[Question]) -> Option<bool> {
        let question = questions.iter().find(|it| it.id == candidate.question());
        if candidate.is_answered(self.answers) || question.is_some_and(is_settled) {
            return None;
        }
        Some(question.is_some_and(|it| it.answer == Answer::Unknown))
    }

    /// Returns the first two answers that together settle on one of some platforms.
    fn ask_for_two(
        &self,
        asked: &[(Candidate, bool)],
        lean: &[Platform],
    ) -> Option<(Platform, Ask)> {
        for [first, second] in PAIRS {
            if ![first, second].into_iter().all(|it| asked.iter().any(|asked| asked.0 == it)) {
                continue;
            }
            let answers = second.apply(first.apply(self.answers.clone()));
            let to = self.platform_with(self.signals.clone(), &answers);
            if lean.contains(&to) {
                let changes =
                    format!("with `--answer {second}`, {}", change_words(Platform::Either, to));
                return Some((to, Ask { answer: first.to_string(), changes }));
            }
        }
        None
    }
}

/// Returns the CPUs that a side requests at most, with its limits where those are more: a limit is no request.
fn requested_cpus(load: &Load) -> String {
    let [sums, requests, limits] = [load.sums.cpu, load.requests.cpu, load.limits.cpu];
    let requested = match load.side {
        Side::Cluster => Some(sums.max),
        Side::Compose => Some(requests.max).filter(|_| requests.sized > 0),
    };
    let words = requested.map_or_else(|| "none stated".to_owned(), sums::rounded);
    match load.side {
        Side::Compose if limits.max > requested.unwrap_or_default() => {
            format!("{words} (limits: {})", sums::rounded(limits.max))
        }
        Side::Compose | Side::Cluster => words,
    }
}

/// Returns the platforms that the answers lean to: where nothing speaks for a cluster, to those without one.
fn lean(situation: &Situation) -> &'static [Platform] {
    const SERVERS: &[Platform] = &[Platform::Compose, Platform::LargerServer];
    const CLUSTERS: &[Platform] = &[Platform::Kubernetes, Platform::Swarm];
    match situation.verdict().so_far {
        Platform::Compose | Platform::LargerServer => SERVERS,
        Platform::Swarm | Platform::Kubernetes => CLUSTERS,
        Platform::Either if situation.asks_for_cluster() => CLUSTERS,
        Platform::Either => SERVERS,
    }
}

/// Whether a person has settled a question: by an answer to it, or by one that decides it.
fn is_settled(question: &Question) -> bool {
    let mut evidence = question.evidence.iter();
    question.answer != Answer::Unknown
        && evidence.any(|it| it.by == AnsweredBy::Person && it.weight == Weight::Decisive)
}

/// Returns what an answer changes.
fn change_words(now: Platform, to: Platform) -> String {
    match now {
        Platform::Either => format!("settles on {}", phrases::platform(to)),
        Platform::Compose | Platform::LargerServer | Platform::Swarm | Platform::Kubernetes => {
            format!("{} instead of {}", phrases::platform(to), phrases::platform(now))
        }
    }
}

fn delivery(system: &System<'_>) -> Delivery {
    let is = |controller: Controller| system.delivery_objects().any(|it| it.1 == controller);
    match (is(Controller::ArgoCd), is(Controller::Flux)) {
        (true, true) => Delivery::Both,
        (true, false) => Delivery::ArgoCd,
        (false, true) => Delivery::Flux,
        (false, false) => Delivery::Other,
    }
}

fn packages(system: &System<'_>) -> Packages {
    let is = |kind: TargetKind| system.targets.iter().any(|it| it.target.kind == kind);
    let releases = system.objects.iter().any(|it| matches!(it.body, Body::HelmRelease(_)));
    // Manifests may be the output of a chart that is kept elsewhere. Where only some of them are, that chart is of
    // something beside the application.
    let is_rendered = || {
        let loose = system.counted.workloads.iter().map(|it| it.object.file);
        let files: FxHashSet<_> = loose.collect();
        !files.is_empty() && files.into_iter().all(|it| system.facts.is_output_of_chart(it))
    };
    let charts = is(TargetKind::Chart) || releases || is_rendered();
    match (is(TargetKind::Kustomization), charts) {
        (true, true) => Packages::Both,
        (true, false) => Packages::Kustomize,
        (false, true) => Packages::Helm,
        (false, false) => Packages::Nothing,
    }
}
