//! What would change the outcome, found by trying: the decision is made again with another fact or answer.

use super::conclusion::{DECIDING, platform_words};
use super::outcome::{Case, Delivery, Packages, Standing};
use super::questions;
use super::signals::{self, Row, Seen, Signals};
use super::sums::{Loads, Size};
use super::system::{System, is_argocd, is_flux};
use crate::config::Answers;
use crate::model::kubernetes::Body;
use crate::report::{Answer, AnsweredBy, Ask, Flip, Platform, Question, QuestionId, TargetKind};
use rustc_hash::FxHashSet;

/// Maximum number of answers that are asked for.
const MAX_ASKED: usize = 2;

/// Maximum number of facts that are named as changing the outcome.
const MAX_FLIPS: usize = 4;

/// What it takes to answer the questions again, with other signals and answers.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'t, 'f> {
    system: &'t System<'f>,
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
        let questions = questions::answer(self.system, self.signals, self.answers);
        let case = Case::new(&questions, self.standing);
        (questions, case)
    }

    fn platform_with(&self, signals: &Signals, answers: &Answers) -> Platform {
        let questions = questions::answer(self.system, signals, answers);
        Case::new(&questions, self.standing).verdict().platform
    }

    /// Returns the single facts that would change the platform: each signal of the table that the files do
    /// not show is added, and the decision is made again.
    pub fn flips(&self, now: Platform) -> Vec<Flip> {
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
    pub fn ask(&self, now: Platform, questions: &[Question]) -> Vec<Ask> {
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
