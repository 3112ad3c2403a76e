//! The signals: what the files or a person say about the six questions, each with its weight and why it
//! weighs that much.

mod delivery;
pub mod nodes;
pub mod person;
mod replicas;
mod size;
mod teams;

use super::sums::Loads;
use super::system::System;
use crate::config::Answers;
use crate::report::{Answer, AnsweredBy, Evidence, QuestionId, Signal, Weight};
use crate::text::Span;
use std::borrow::Cow;

/// A row of the table of signals.
#[derive(Debug)]
pub struct Row {
    pub signal: Signal,
    pub question: QuestionId,
    /// The answer that the signal supports.
    pub points: Answer,
    pub weight: Weight,
    /// Why it counts as much as it does.
    pub because: &'static str,
    /// What a system would have to show, for what would change the outcome: "a workload that …". Empty for
    /// what is no single fact of the files.
    pub would_be: &'static str,
}

use Answer::{No, Yes};
use QuestionId::{Gitops, MultiNode, OneServer, Packaging};
use QuestionId::{ReplicasAndRollouts as Replicas, TeamsAndEnvironments as Teams};
use Weight::{Decisive, Hint, Sign};

/// Every signal.
///
/// What the fields mean is from <https://kubernetes.io/docs/concepts/scheduling-eviction/>,
/// <https://kubernetes.io/docs/concepts/workloads/>, <https://docs.docker.com/reference/compose-file/deploy/>,
/// <https://argo-cd.readthedocs.io/en/stable/core_concepts/> and <https://fluxcd.io/flux/concepts/>; the weights are
/// Plimsoll's own.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row(Signal::FitsServerEasily, OneServer, Yes, Sign, "a sum that covers every container and fills at most half of the server leaves room to grow", ""),
    row(Signal::FitsServer, OneServer, Yes, Sign, "a sum that covers every container and fits is carried by one machine", ""),
    row(Signal::FitsInPart, OneServer, Yes, Hint, "what states no size or is not shown may ask for any amount", ""),
    row(Signal::NeedsLargerServer, OneServer, Yes, Sign, "a larger machine is still one machine", ""),
    row(Signal::LimitsBeyondServer, OneServer, No, Hint, "the most that is stated is seldom used", ""),
    row(Signal::BeyondServers, OneServer, No, Decisive, "no single machine that can be rented holds what the containers ask for", "requests that no single server holds"),
    row(Signal::SeveralGpus, OneServer, No, Hint, "servers with several GPUs exist, but few providers rent them", ""),
    row(Signal::ManyGpus, OneServer, No, Decisive, "one server holds 16 GPUs at most", "more than 16 GPUs"),
    // Source: <https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions>
    row(Signal::SingleReplicas, OneServer, Yes, Hint, "a single replica is interrupted when its machine is lost, on any platform; a cluster starts it elsewhere, after five minutes by default", ""),
    row(Signal::HostCoupled, OneServer, Yes, Hint, "what belongs to one machine does not follow a container to another", ""),
    row(Signal::StatefulSingleton, OneServer, Yes, Hint, "a second machine does not help a data store that runs once", ""),
    row(Signal::ComposeInProduction, OneServer, Yes, Sign, "what runs on one machine today shows that one machine can do it", ""),
    row(Signal::RequiredSpread, OneServer, No, Decisive, "one server is one node, and some of the Pods would stay pending", ""),
    row(Signal::SwarmPlacement, OneServer, No, Decisive, "one server is a swarm of one node, which leaves the tasks pending", ""),
    row(Signal::MustSurviveLoss, OneServer, No, Decisive, "one machine cannot survive its own loss", ""),
    row(Signal::ToleratedDowntime, OneServer, Yes, Decisive, "a restore onto a new machine takes minutes to hours", ""),
    row(Signal::DirectAnswer, OneServer, Yes, Decisive, BY_PERSON, ""),
    row(Signal::DirectAnswer, OneServer, No, Decisive, BY_PERSON, ""),

    row(Signal::RequiredSpread, MultiNode, Yes, Decisive, "the scheduler leaves Pods pending rather than put them on one node", "a workload whose replicas must run on different nodes"),
    row(Signal::SwarmPlacement, MultiNode, Yes, Decisive, "a swarm of one node leaves the tasks pending", "a service that a swarm of one node cannot place"),
    row(Signal::BeyondServers, MultiNode, Yes, Decisive, "what no single machine carries takes several", ""),
    row(Signal::ManyGpus, MultiNode, Yes, Decisive, "what no single machine carries takes several", ""),
    row(Signal::ParticularNodes, MultiNode, Yes, Sign, "nodes that differ are several nodes", "workloads that ask for nodes of several kinds"),
    row(Signal::KindOfNode, MultiNode, Yes, Hint, "a single node may be of that kind", ""),
    row(Signal::PreferredSpread, MultiNode, Yes, Hint, "a preference is met by one node too, and so is a skew while there is one domain", ""),
    row(Signal::AwayFromOthers, MultiNode, Yes, Hint, "the others may run elsewhere, or not at all", ""),
    row(Signal::BesideOthers, MultiNode, Yes, Hint, "on a single node everything runs beside everything else", ""),
    row(Signal::Tolerations, MultiNode, Yes, Hint, "a toleration allows a node that is kept for something, and does not ask for it", ""),
    row(Signal::DisruptionBudget, MultiNode, Yes, Hint, "a budget matters only while one of several nodes is drained", "a PodDisruptionBudget"),
    row(Signal::RunsOnEveryNode, MultiNode, Yes, Hint, "an agent for every node is written for one node too", ""),
    row(Signal::OverlayNetwork, MultiNode, Yes, Hint, "an overlay network connects the hosts of a swarm, which may be one", ""),
    row(Signal::MustSurviveLoss, MultiNode, Yes, Decisive, "to stay up while a machine is down takes another machine", ""),
    row(Signal::ToleratedDowntime, MultiNode, No, Decisive, "who can wait for a restore needs no second machine", ""),
    row(Signal::NothingSpreads, MultiNode, No, Sign, "what is written for several nodes says so somewhere", ""),
    row(Signal::DirectAnswer, MultiNode, Yes, Decisive, BY_PERSON, ""),
    row(Signal::DirectAnswer, MultiNode, No, Decisive, BY_PERSON, ""),

    row(Signal::FewReplicas, Replicas, Yes, Hint, "below ten, replicas of one workload often stand for a restart without a gap", ""),
    row(Signal::SeveralReplicated, Replicas, Yes, Sign, "replicas of several workloads are a habit that a platform carries better than a person", "several workloads with more than one replica"),
    row(Signal::ManyReplicas, Replicas, Yes, Decisive, "ten or more replicas are placed and replaced by a scheduler, not by hand", "ten replicas of one workload"),
    row(Signal::Autoscaler, Replicas, Yes, Sign, "Compose does not follow the load", "an autoscaler with a maximum above one"),
    row(Signal::VerticalAutoscaler, Replicas, Yes, Hint, "Compose does not adapt the size of containers", ""),
    row(Signal::ControlledRollout, Replicas, Yes, Hint, "somebody cared how a new version replaces the old one", ""),
    row(Signal::ProgressiveDelivery, Replicas, Yes, Sign, "canaries and blue-green releases need a controller", "a Rollout that releases step by step"),
    row(Signal::Audit, Replicas, Yes, Hint, "audited changes are easier to show where releases are objects", ""),
    row(Signal::NothingScales, Replicas, No, Sign, "replicas and autoscalers are written where they are wanted", ""),
    row(Signal::DirectAnswer, Replicas, Yes, Decisive, BY_PERSON, ""),
    row(Signal::DirectAnswer, Replicas, No, Decisive, BY_PERSON, ""),

    row(Signal::FewWorkloads, Teams, No, Sign, "a person can hold eight services in mind", ""),
    row(Signal::ManyWorkloads, Teams, Yes, Hint, "more than twenty services seldom belong to one team", ""),
    row(Signal::ManyNamespaces, Teams, Yes, Hint, "namespaces separate teams or systems", ""),
    row(Signal::TenantWalls, Teams, Yes, Hint, "folders, quotas and policies of their own keep tenants apart", ""),
    row(Signal::AccessRules, Teams, Yes, Hint, "rights that are given to groups of people mean several groups", ""),
    row(Signal::OwnerLabels, Teams, Yes, Sign, "owners are named where there are several", "labels that name several owners"),
    row(Signal::ImageOwners, Teams, Yes, Hint, "each account that own images come from may be a team", ""),
    row(Signal::ManyEnvironments, Teams, Yes, Hint, "each environment is deployed and changed on its own", ""),
    row(Signal::Teams, Teams, Yes, Decisive, "three or more teams that deploy on their own need walls between them", ""),
    row(Signal::Teams, Teams, No, Decisive, "one or two teams agree without a platform", ""),
    row(Signal::DirectAnswer, Teams, Yes, Decisive, BY_PERSON, ""),
    row(Signal::DirectAnswer, Teams, No, Decisive, BY_PERSON, ""),

    row(Signal::GitopsInUse, Gitops, Yes, Decisive, "what runs and is relied on is needed", ""),
    row(Signal::NoCluster, Gitops, No, Sign, "without a cluster there is no state that could drift from Git", ""),
    row(Signal::FewObjects, Gitops, No, Sign, "one pipeline that applies a few objects is easy to follow", ""),
    row(Signal::Pipeline, Gitops, No, Hint, "what a pipeline applies is delivered already, though nothing watches it afterwards", ""),
    row(Signal::Audit, Gitops, Yes, Decisive, "every change must be traceable; a GitOps controller applies what Git holds, and reports or reverts what differs", ""),
    row(Signal::Audit, Gitops, No, Decisive, "nobody asks for a record of changes", ""),
    row(Signal::DirectAnswer, Gitops, Yes, Decisive, BY_PERSON, ""),
    row(Signal::DirectAnswer, Gitops, No, Decisive, BY_PERSON, ""),

    row(Signal::CopiedEnvironments, Packaging, Yes, Sign, "copies of one manifest drift apart", "manifests that are copied for another environment"),
    row(Signal::CopiedWorkloads, Packaging, Yes, Sign, "many workloads that differ only in names are one template, which a chart has and an overlay has not", ""),
    row(Signal::ReusedBase, Packaging, Yes, Sign, "several environments share one source already", "overlays or values files for two environments"),
    row(Signal::NoCluster, Packaging, No, Sign, "there is no cluster to package for", ""),
    row(Signal::WrittenOnce, Packaging, No, Sign, "what is written once has nothing to share", ""),
    row(Signal::DirectAnswer, Packaging, Yes, Decisive, BY_PERSON, ""),
    row(Signal::DirectAnswer, Packaging, No, Decisive, BY_PERSON, ""),
];

/// Why an answer to the question itself decides.
const BY_PERSON: &str = "a person knows what the files do not say";

const fn row(
    signal: Signal,
    question: QuestionId,
    points: Answer,
    weight: Weight,
    because: &'static str,
    would_be: &'static str,
) -> Row {
    Row { signal, question, points, weight, because, would_be }
}

/// A signal that a system shows.
#[derive(Debug, Clone)]
pub struct Seen {
    pub signal: Signal,
    pub question: QuestionId,
    pub points: Answer,
    pub by: AnsweredBy,
    /// In words, with the names of the user.
    pub fact: Cow<'static, str>,
    pub span: Option<Span>,
}

impl Seen {
    /// Returns the signal as evidence, with its weight.
    pub fn evidence(self) -> Evidence {
        let row = find(self.signal, self.question, self.points);
        Evidence {
            signal: self.signal,
            fact: self.fact,
            points: self.points,
            weight: row.map_or(Weight::Hint, |row| row.weight),
            because: row.map_or("", |row| row.because),
            by: self.by,
            span: self.span,
        }
    }
}

fn find(signal: Signal, question: QuestionId, points: Answer) -> Option<&'static Row> {
    let matches =
        |row: &&Row| row.signal == signal && row.question == question && row.points == points;
    TABLE.iter().find(matches)
}

/// The signals of a system in the order in which they are found.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    pub seen: Vec<Seen>,
}

impl Signals {
    /// Returns what the files show. What they lack, and what a person answered, is added by
    /// [`Signals::complete`].
    pub fn of(system: &System<'_>, loads: &Loads) -> Signals {
        let mut signals = Signals::default();
        // Files that show no system show nothing about what it needs.
        if !system.is_empty() {
            size::add(&mut signals, system, loads);
            nodes::add(&mut signals, system);
            replicas::add(&mut signals, system);
            teams::add(&mut signals, system);
            delivery::add(&mut signals, system);
        }
        signals
    }

    /// Returns these signals of the files with what is absent, and with what a person answered.
    #[must_use]
    pub fn complete(mut self, system: &System<'_>, answers: &Answers) -> Signals {
        if !system.is_empty() {
            nodes::add_absence(&mut self, system);
            replicas::add_absence(&mut self, system);
            delivery::add_absence(&mut self, system);
        }
        person::add(&mut self, answers);
        self
    }

    /// Returns the signals that bear on a question.
    pub fn on(&self, question: QuestionId) -> impl Iterator<Item = &Seen> {
        self.seen.iter().filter(move |it| it.question == question)
    }

    /// Returns these signals and one that the files do not show, on every question that it bears on.
    #[must_use]
    pub fn with(&self, supposed: &Row) -> Signals {
        let rows = TABLE.iter().filter(|row| row.signal == supposed.signal);
        let more = rows.map(|row| Seen {
            signal: row.signal,
            question: row.question,
            points: row.points,
            by: AnsweredBy::Files,
            fact: supposed.would_be.into(),
            span: None,
        });
        Signals { seen: self.seen.iter().cloned().chain(more).collect() }
    }

    /// Returns these signals without one of them.
    #[must_use]
    pub fn without(&self, signal: Signal) -> Signals {
        Signals { seen: self.seen.iter().filter(|it| it.signal != signal).cloned().collect() }
    }

    /// Adds a signal of the files.
    fn add(
        &mut self,
        signal: Signal,
        question: QuestionId,
        points: Answer,
        fact: impl Into<Cow<'static, str>>,
        span: Option<Span>,
    ) {
        let by = AnsweredBy::Files;
        self.seen.push(Seen { signal, question, points, by, fact: fact.into(), span });
    }

    /// Adds several places that mean the same as one signal: one or two are named; of more, the first
    /// is shown and the others are counted. `one` and `many` say what the subjects do.
    fn places(
        &mut self,
        signal: Signal,
        question: QuestionId,
        found: &[(String, Span)],
        [one, many]: [&str; 2],
    ) {
        let Some((first, span)) = found.first() else { return };
        let fact = match found.len() - 1 {
            0 => format!("{first} {one}"),
            1 => format!("{first} and {} {many}", found[1].0),
            more => format!("{first} and {more} more {many}"),
        };
        self.add(signal, question, Yes, fact, Some(*span));
    }

    /// Whether any signal bears on a question in a direction.
    fn any(&self, question: QuestionId, points: Answer) -> bool {
        self.on(question).any(|it| it.points == points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustc_hash::FxHashSet;

    #[test]
    fn every_signal_has_one_row_for_each_answer_it_supports() {
        let mut rows = FxHashSet::default();
        for row in TABLE {
            assert!(rows.insert((row.signal, row.question, row.points)), "{} twice", row.signal);
            assert!(!row.because.is_empty(), "{}", row.signal);
        }
        for signal in Signal::ALL {
            assert!(TABLE.iter().any(|row| row.signal == signal), "{signal}");
        }
    }
}
