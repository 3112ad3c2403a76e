//! What would change the outcome, found by trying: the decision is made again with another fact or answer.

use super::conclusion::{DECIDING, platform_words};
use super::outcome::{Case, Delivery, Packages, Standing};
use super::questions;
use super::signals::{self, Seen, Signals};
use super::sums::{Loads, Size};
use super::system::{System, is_argocd, is_flux};
use crate::config::Answers;
use crate::model::kubernetes::Body;
use crate::report::{Answer, Ask, Flip, Platform, Question, QuestionId, Signal, TargetKind, Today};
use rustc_hash::FxHashSet;

/// Maximum number of answers that are asked for.
const MAX_ASKED: usize = 2;

/// Maximum number of facts and answers that are named as changing the outcome.
const MAX_FLIPS: usize = 5;

/// The answers that are tried.
const CANDIDATES: &[(&str, &str)] = &[
    ("downtime", "none"),
    ("downtime", "hours"),
    ("multi-node", "yes"),
    ("teams", "3"),
    ("teams", "1"),
    ("one-server", "yes"),
    ("one-server", "no"),
    ("replicas-and-rollouts", "yes"),
    ("replicas-and-rollouts", "no"),
    ("multi-node", "no"),
];

/// What it takes to answer the questions again, with other signals and answers.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'t, 'f> {
    system: &'t System<'f>,
    /// What the files show.
    signals: &'t Signals,
    answers: &'t Answers,
    standing: Standing,
}

impl<'t, 'f> Trial<'t, 'f> {
    pub fn new(system: &'t System<'f>, loads: &Loads, signals: &'t Signals) -> Trial<'t, 'f> {
        let config = system.facts.config();
        let size = Size::of(loads.main(), config.server.unwrap_or_default());
        let standing = Standing {
            today: system.today(),
            delivery: delivery(system),
            packages: packages(system),
            needs_larger_server: matches!(size, Size::NeedsLarger(_)),
        };
        Trial { system, signals, answers: &config.answers, standing }
    }

    /// Returns the questions as they are answered, and the case that they make.
    pub fn as_it_is(&self) -> (Vec<Question>, Case) {
        self.decide(self.signals.clone(), self.answers)
    }

    fn decide(&self, signals: Signals, answers: &Answers) -> (Vec<Question>, Case) {
        let signals = signals.complete(self.system, answers);
        let questions = questions::answer(self.system, &signals);
        let case = Case::new(&questions, self.standing);
        (questions, case)
    }

    fn platform_with(&self, signals: Signals, answers: &Answers) -> Platform {
        self.decide(signals, answers).1.verdict().platform
    }

    /// Returns the platform with another answer; `None` where the answer is the one that was given.
    fn platform_with_answer(&self, key: &str, value: &str) -> Option<Platform> {
        let mut other = Answers::default();
        // Every candidate is a valid answer.
        other.set(key, value).ok()?;
        let answers = self.answers.clone().with(&other);
        let is_given = answers == *self.answers;
        (!is_given).then(|| self.platform_with(self.signals.clone(), &answers))
    }

    /// Returns the single facts and answers that would change the platform, each found by deciding again: without
    /// a fact that the files show, with one that they do not show, and with another answer than was given.
    pub fn flips(&self, now: Platform) -> Vec<Flip> {
        let mut flips = self.flips_by_removal(now);
        for row in signals::TABLE.iter().filter(|row| !row.would_be.is_empty()) {
            let is_seen = self.signals.seen.iter().any(|it| it.signal == row.signal);
            let is_out_of_place =
                row.signal == Signal::SwarmPlacement && self.standing.today != Today::Swarm;
            if is_seen || is_out_of_place || !DECIDING.contains(&row.question) {
                continue;
            }
            let to = self.platform_with(self.signals.with(row), self.answers);
            if to != now && to != Platform::Either {
                flips.push(Flip { fact: row.would_be.to_owned(), to });
            }
        }
        let given = CANDIDATES.iter().filter(|(key, _)| self.is_answered(key));
        let mut answers: Vec<Flip> = given
            .filter_map(|(key, value)| {
                let to = self.platform_with_answer(key, value).filter(|to| *to != now)?;
                Some(Flip { fact: format!("`--answer {key}={value}`"), to })
            })
            .collect();
        answers.extend(flips);
        // A platform that is settled says more than one that is open.
        answers.sort_by_key(|it| it.to == Platform::Either);
        answers.truncate(MAX_FLIPS);
        answers
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

    /// Returns the answers that are worth giving: those that change the platform, of open questions first.
    pub fn ask(&self, now: Platform, questions: &[Question]) -> Vec<Ask> {
        let mut asks: Vec<(bool, Platform, Ask)> = Vec::new();
        for (key, value) in CANDIDATES.iter().filter(|(key, _)| !self.is_answered(key)) {
            let Some(to) = self.platform_with_answer(key, value) else { continue };
            if to == now {
                continue;
            }
            let open = questions.iter().any(|it| {
                it.answer == Answer::Unknown && question_of(key).is_some_and(|id| id == it.id)
            });
            let changes = format!("{} instead of {}", platform_words(to), platform_words(now));
            asks.push((!open, to, Ask { answer: format!("{key}={value}"), changes }));
        }
        asks.sort_by_key(|it| (it.1 == Platform::Either, it.0));
        // A second answer with the same result says nothing new.
        let mut results: FxHashSet<Platform> = FxHashSet::default();
        let new = asks.into_iter().filter(|it| results.insert(it.1));
        new.map(|it| it.2).take(MAX_ASKED).collect()
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
