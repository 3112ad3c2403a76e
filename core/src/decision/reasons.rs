//! The reasons for a verdict, the ones that support it first.

use super::cost::over_built;
use super::outcome::{Delivery, Server, Situation};
use super::questions::{DECIDING, strongest_of};
use super::signals::nodes::{Blocked, blocked_on_one_node};
use super::sums::{self, Loads};
use super::system::System;
use crate::report::phrases::capitalised;
use crate::report::{
    Answer, AnsweredBy, Fit, Platform, Question, QuestionId, Role, Signal, Statement, Today, Weight,
};
use crate::text::Span;
use rustc_hash::FxHashSet;
use std::cmp::Reverse;

/// Maximum number of reasons on the first screen.
const MAX_REASONS: usize = 3;

/// The signals that name a larger server.
const SIZES: [Signal; 3] =
    [Signal::NeedsLargerServer, Signal::LimitsBeyondServer, Signal::FitsInPart];

/// What an audit asks for where no GitOps controller has a place.
///
/// Sources: <https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/about-rulesets>
/// for reviewed changes, <https://git-scm.com/docs/git-tag> for signed tags and
/// <https://docs.docker.com/engine/logging/configure/> for logs that leave the server.
const AUDIT_ON_SERVERS: &str = "You answered `audit=yes`: regulated systems review every change in Git and keep a record of each deployment. Without a cluster, deploy only from the main branch, sign tags and keep the logs off the server.";

/// Bearing of a reason on the verdict, in the order in which reasons are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bearing {
    /// It is about the fit of today's platform.
    Fit,
    /// It leaves a question open, and the platform with it.
    Decides,
    Supports,
    Opposes,
    /// It leaves a question open that decides nothing.
    Open,
}

/// A reason, with the signal that it tells of.
#[derive(Debug)]
pub struct Reason {
    pub statement: Statement,
    pub signal: Option<Signal>,
}

/// A reason with its rank: how it bears on the verdict, how much it weighs, and whether a person stated it.
type Ranked = ((Bearing, Reverse<Weight>, AnsweredBy), Reason);

impl Reason {
    fn without_signal(text: String, span: Option<Span>) -> Reason {
        Reason { statement: Statement { text, span }, signal: None }
    }
}

/// Returns the reasons: for each deciding question the strongest evidence for its answer.
pub fn reasons(
    system: &System<'_>,
    loads: &Loads,
    questions: &[Question],
    situation: &Situation,
) -> Vec<Reason> {
    let mut reasons = about_fit(system, situation);
    let mut told: FxHashSet<(Signal, Option<QuestionId>)> = FxHashSet::default();
    let mut deciding: Vec<&Question> =
        questions.iter().filter(|it| DECIDING.contains(&it.id)).collect();
    // An answer to a question comes before what follows from it for another one.
    let is_direct = |it: &Question| it.evidence.iter().any(|it| it.signal == Signal::DirectAnswer);
    deciding.sort_by_key(|it| !is_direct(it));
    for question in deciding {
        // A fact that bears on two questions is listed once.
        let own = question
            .evidence
            .iter()
            .filter(|it| it.points == question.answer || question.answer == Answer::Unknown)
            .filter(|it| !told.contains(&topic(it.signal, question.id)));
        let Some(strongest) = strongest_of(own) else { continue };
        told.insert(topic(strongest.signal, question.id));
        let bearing = bearing(situation, question);
        let text = match bearing {
            Bearing::Opposes if leans(situation) => format!("Against it: {}.", strongest.fact),
            _ => format!("{}.", capitalised(&strongest.fact)),
        };
        if reasons.iter().any(|it| it.1.statement.text == text) {
            continue;
        }
        let rank = (bearing, Reverse(strongest.weight), strongest.by);
        let statement = Statement { text, span: strongest.span };
        reasons.push((rank, Reason { statement, signal: Some(strongest.signal) }));
    }
    // A person's answer settles the question, and the sum still says how large the server has to be.
    if situation.server == Server::EnoughIfLarger
        && !told.iter().any(|it| SIZES.contains(&it.0))
        && let Some(size) = questions
            .iter()
            .flat_map(|it| &it.evidence)
            .find(|it| it.by == AnsweredBy::Files && SIZES.contains(&it.signal))
    {
        let rank = (Bearing::Supports, Reverse(Weight::Decisive), AnsweredBy::Person);
        let statement =
            Statement { text: format!("{}.", capitalised(&size.fact)), span: size.span };
        reasons.push((rank, Reason { statement, signal: Some(size.signal) }));
    }
    let gpus = loads.gpus();
    let tells_of_gpus = [Signal::SeveralGpus, Signal::ManyGpus]
        .iter()
        .any(|signal| told.iter().any(|it| it.0 == *signal));
    let is_about_server =
        matches!(situation.verdict().so_far, Platform::Compose | Platform::LargerServer);
    if gpus.count > 1 && !tells_of_gpus && is_about_server {
        let text = format!("The server needs {} GPUs as well.", gpus.count);
        let rank = (Bearing::Supports, Reverse(Weight::Decisive), AnsweredBy::Files);
        reasons.push((rank, Reason::without_signal(text, gpus.first)));
    }
    if loads.differ() {
        let [compose, cluster] = [&loads.compose, &loads.cluster].map(|it| sums::amounts(&it.sums));
        let text = format!(
            "The two sides differ: Compose states {compose}, the cluster {cluster}; the larger one counts."
        );
        // It shows how far the two sides have drifted apart already.
        let rank = (Bearing::Fit, Reverse(Weight::Hint), AnsweredBy::Files);
        reasons.push((rank, Reason::without_signal(text, None)));
    }
    reasons.sort_by_key(|it| (it.0.0, it.0.1, Reverse(it.0.2)));
    let mut reasons: Vec<Reason> = reasons.into_iter().map(|it| it.1).collect();
    if let Some(blocked) = overruled(system, questions) {
        let text = format!(
            "As written, {} would leave {} pending on one node: its {} has to go before a move to one server.",
            blocked.label,
            blocked.rule.pending(),
            blocked.rule.words()
        );
        let reason = Reason::without_signal(text, Some(blocked.span));
        reasons.insert(reasons.len().min(1), reason);
    }
    if is_audited_without_cluster(system, situation) {
        // One answer is one reason.
        reasons.retain(|it| it.signal != Some(Signal::Audit));
        // What a person answered is told before what the files add to the verdict.
        let audit = Reason::without_signal(AUDIT_ON_SERVERS.to_owned(), None);
        reasons.insert(reasons.len().min(1), audit);
    }
    reasons.truncate(MAX_REASONS);
    reasons
}

/// Returns what one node cannot run as it is written, where a person's answer rules out several nodes.
pub fn overruled(system: &System<'_>, questions: &[Question]) -> Option<Blocked> {
    let is_ruled_out = |it: &Question| {
        it.id == QuestionId::MultiNode && it.by == AnsweredBy::Person && it.answer == Answer::No
    };
    questions.iter().any(is_ruled_out).then(|| blocked_on_one_node(system)).flatten()
}

/// Whether the verdict names one platform, or leans to one: only then can something speak against it.
fn leans(situation: &Situation) -> bool {
    situation.verdict().so_far != Platform::Either
}

/// Whether changes are audited, and nothing of what the outcome calls for could hold a GitOps controller.
fn is_audited_without_cluster(system: &System<'_>, situation: &Situation) -> bool {
    let without_cluster = match situation.verdict().platform {
        Platform::Compose | Platform::LargerServer | Platform::Swarm => true,
        Platform::Either => matches!(situation.today, Today::Compose | Today::Swarm),
        Platform::Kubernetes => false,
    };
    system.facts.config().answers.audit == Some(true) && without_cluster
}

/// Returns how the answer to a question bears on the verdict, or on what the answers lean to.
fn bearing(situation: &Situation, question: &Question) -> Bearing {
    let for_cluster = match (question.id, question.answer) {
        (_, Answer::Unknown) if situation.verdict().platform == Platform::Either => {
            return Bearing::Decides;
        }
        (_, Answer::Unknown) => return Bearing::Open,
        (QuestionId::OneServer, answer) => answer == Answer::No,
        (
            QuestionId::MultiNode
            | QuestionId::ReplicasAndRollouts
            | QuestionId::TeamsAndEnvironments
            | QuestionId::Gitops
            | QuestionId::Packaging,
            answer,
        ) => answer == Answer::Yes,
    };
    let supports = match situation.verdict().so_far {
        Platform::Compose | Platform::LargerServer => !for_cluster,
        Platform::Swarm | Platform::Kubernetes => for_cluster,
        // The demand for a cluster is what the verdict speaks of, and what leaves both platforms open.
        Platform::Either if for_cluster => return Bearing::Decides,
        Platform::Either => question.answer == Answer::Yes,
    };
    if supports { Bearing::Supports } else { Bearing::Opposes }
}

/// Returns what is to say about the platform of today.
fn about_fit(system: &System<'_>, situation: &Situation) -> Vec<Ranked> {
    let mut reasons = Vec::new();
    let mut add = |bearing: Bearing, text: String, span| {
        let rank = (bearing, Reverse(Weight::Sign), AnsweredBy::Files);
        reasons.push((rank, Reason::without_signal(text, span)));
    };
    if situation.verdict().platform == Platform::Either
        && let Some(unread) = system.first_unread()
    {
        add(Bearing::Decides, unread.why, Some(unread.span));
    }
    if situation.fit() == Fit::OverBuilt {
        add(Bearing::Fit, over_built(system), None);
    }
    if situation.today == Today::Both {
        add(Bearing::Fit, both_sides(system).to_owned(), None);
    }
    if situation.delivery == Delivery::Flux {
        let text = "Flux is in use: Argo CD beside it would deliver the same manifests twice.";
        let place = system.delivery_object().map(|object| object.name_span());
        add(Bearing::Opposes, text.to_owned(), place);
    }
    reasons
}

/// Whether Compose files say that they are meant for a server.
pub fn has_server(system: &System<'_>) -> bool {
    let mut services = system.counted.services.iter();
    services.any(|it| it.role == Role::Production || system.facts.is_for_swarm(it))
}

/// Returns what is to say about two sides, of which Compose may or may not be meant for production.
fn both_sides(system: &System<'_>) -> &'static str {
    match has_server(system) {
        true => {
            "Both sides look meant for production: every change is made twice, or the two drift apart."
        }
        false => {
            "Compose files stand beside the cluster, and neither their names nor their comments say whether they are for development."
        }
    }
}

/// Returns what a signal says, whichever question it bears on. What follows from an answer for another question
/// says the same as the answer.
fn topic(signal: Signal, question: QuestionId) -> (Signal, Option<QuestionId>) {
    match (signal, question) {
        (Signal::SingleReplicas, _) => (Signal::NothingScales, None),
        (Signal::DirectAnswer, QuestionId::OneServer) => (Signal::BeyondServers, None),
        (Signal::DirectAnswer, QuestionId::MultiNode) => (Signal::MustSurviveLoss, None),
        (Signal::DirectAnswer, other) => (Signal::DirectAnswer, Some(other)),
        (signal, _) => (signal, None),
    }
}
