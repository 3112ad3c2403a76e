//! The six questions, each answered from the signals with the evidence for the answer.

use super::scale::Scale;
use super::signals::Signals;
use super::system::System;
use crate::report::{Answer, Evidence, Question, QuestionId, Signal};
use std::cmp::Reverse;

/// The questions that decide on the platform; the others are about what is added to it.
pub const DECIDING: [QuestionId; 4] = [
    QuestionId::OneServer,
    QuestionId::MultiNode,
    QuestionId::ReplicasAndRollouts,
    QuestionId::TeamsAndEnvironments,
];

/// Returns the question as a person would ask it.
pub fn text(id: QuestionId) -> &'static str {
    match id {
        QuestionId::OneServer => {
            "Is one server enough for the load and for the downtime that you can tolerate?"
        }
        QuestionId::MultiNode => "Must it run on several nodes, or survive the loss of one?",
        QuestionId::ReplicasAndRollouts => {
            "Does it need many replicas, controlled rollouts or autoscaling?"
        }
        QuestionId::TeamsAndEnvironments => {
            "Are there many services across teams and environments?"
        }
        QuestionId::Gitops => "Is GitOps needed, with drift detection and pull-based delivery?",
        QuestionId::Packaging => "Would charts and reuse across environments pay off?",
    }
}

/// Returns what would settle a question that the files leave open.
fn settled_by(id: QuestionId, system: &System<'_>) -> Vec<&'static str> {
    let mut settled = match id {
        QuestionId::OneServer => vec![
            "how much downtime is tolerable (`downtime`: `none`, `seconds`, `minutes` or `hours`)",
            "requests for every container, or the measured peak load (`docker stats`, `kubectl top pods`)",
        ],
        QuestionId::MultiNode => vec![
            "whether the service must stay up while a machine is down (`multi-node`: `yes` or `no`)",
        ],
        QuestionId::ReplicasAndRollouts => {
            vec!["whether peak load needs more replicas than one machine can run"]
        }
        QuestionId::TeamsAndEnvironments => vec!["how many teams deploy on their own (`teams`)"],
        QuestionId::Gitops => {
            vec!["whether every change must be traceable (`audit`: `yes` or `no`)"]
        }
        QuestionId::Packaging => vec!["how many environments get the same manifests"],
    };
    if system.is_empty() {
        settled.insert(0, "the Compose or Kubernetes files of a single system");
    } else if system.has_unbuilt_parts() {
        settled.insert(
            0,
            "the parts of charts and overlays that were not built: `plimsoll render` names them",
        );
    } else if system.has_hiding_templates() {
        settled.insert(
            0,
            "the objects in Templates of OpenShift: hand over what `oc process --local` prints",
        );
    } else if system.hides_workloads() {
        settled.insert(
            0,
            "the manifests that the GitOps controller applies: hand over the repository that it reads",
        );
    }
    settled
}

/// Returns the strongest evidence for an answer to a question.
pub fn strongest(question: &Question, points: Answer) -> Option<&Evidence> {
    strongest_of(question.evidence.iter().filter(|it| it.points == points))
}

/// Returns the strongest of some evidence: what a person stated before what the files show, an answer to the question
/// itself before what follows from another one, and then by its weight.
pub fn strongest_of<'q>(evidence: impl Iterator<Item = &'q Evidence>) -> Option<&'q Evidence> {
    let order =
        |it: &&Evidence| (Reverse(it.by), it.signal != Signal::DirectAnswer, Reverse(it.weight));
    evidence.min_by_key(order)
}

/// Returns the six questions with their answers.
pub fn answer(system: &System<'_>, signals: &Signals) -> Vec<Question> {
    QuestionId::ALL.into_iter().map(|id| answer_one(id, system, signals)).collect()
}

fn answer_one(id: QuestionId, system: &System<'_>, signals: &Signals) -> Question {
    let scale = Scale::of(id, signals.on(id).cloned().map(|seen| seen.evidence()));
    let (answer, by) = scale.answer();
    let settled_by = if answer == Answer::Unknown { settled_by(id, system) } else { Vec::new() };
    Question { id, text: text(id), answer, by, evidence: scale.evidence, settled_by }
}
