//! The evidence for one question, weighed against each other.

use crate::report::{Answer, AnsweredBy, Evidence, QuestionId, Signal, Weight};
use rustc_hash::FxHashSet;

/// Evidence for both answers to one question.
#[derive(Debug)]
pub struct Scale {
    question: QuestionId,
    pub evidence: Vec<Evidence>,
}

impl Scale {
    pub fn of(question: QuestionId, evidence: impl Iterator<Item = Evidence>) -> Scale {
        Scale { question, evidence: evidence.collect() }
    }

    /// Returns the answer that the evidence gives, and who gave it. An answer to the question itself wins, then
    /// what else a person stated, as far as it is decisive and does not contradict itself.
    pub fn answer(&self) -> (Answer, AnsweredBy) {
        let direct = self.evidence.iter().find(|it| it.signal == Signal::DirectAnswer);
        if let Some(direct) = direct {
            return (direct.points, AnsweredBy::Person);
        }
        let decides = |points: Answer| {
            self.evidence.iter().any(|it| {
                it.by == AnsweredBy::Person && it.weight == Weight::Decisive && it.points == points
            })
        };
        match (decides(Answer::Yes), decides(Answer::No)) {
            (true, false) => return (Answer::Yes, AnsweredBy::Person),
            (false, true) => return (Answer::No, AnsweredBy::Person),
            (true, true) => return (Answer::Unknown, AnsweredBy::Person),
            (false, false) => {}
        }
        let of_files: Vec<&Evidence> =
            self.evidence.iter().filter(|it| it.by == AnsweredBy::Files).collect();
        let all: Vec<&Evidence> = self.evidence.iter().collect();
        let (from_files, with_person) = (self.weigh(&of_files), self.weigh(&all));
        let by = if from_files == with_person { AnsweredBy::Files } else { AnsweredBy::Person };
        (with_person, by)
    }

    /// Returns the answer that some evidence gives. Decisive evidence for one side alone decides; otherwise one
    /// side must outweigh the other by a sign. A signal counts once, on whichever side of a project it is seen.
    fn weigh(&self, evidence: &[&Evidence]) -> Answer {
        let weights = |points: Answer| {
            let mut known: FxHashSet<Signal> = FxHashSet::default();
            let own = evidence.iter().filter(|it| it.points == points);
            let own: Vec<Weight> =
                own.filter(|it| known.insert(it.signal)).map(|it| it.weight).collect();
            own
        };
        let (yes, no) = (weights(Answer::Yes), weights(Answer::No));
        let is_decided = |weights: &[Weight]| weights.contains(&Weight::Decisive);
        match (is_decided(&yes), is_decided(&no)) {
            (true, false) => Answer::Yes,
            (false, true) => Answer::No,
            (true, true) | (false, false) if self.outweighs(&yes, &no) => Answer::Yes,
            (true, true) | (false, false) if self.outweighs(&no, &yes) => Answer::No,
            (true, true) | (false, false) => Answer::Unknown,
        }
    }

    /// Whether one side answers the question against the other.
    fn outweighs(&self, side: &[Weight], other: &[Weight]) -> bool {
        let sum = |weights: &[Weight]| -> u32 {
            weights.iter().map(|weight| u32::from(weight.number())).sum()
        };
        let is_proof = side.iter().any(|weight| *weight >= Weight::Sign);
        (is_proof || self.hints_suffice())
            && sum(side) >= sum(other) + u32::from(Weight::Sign.number())
    }

    /// Whether hints alone can answer the question. Whether one server is enough takes a size, an answer, or
    /// the fact that one machine runs everything today; several nodes and replicas are asked for where they are
    /// needed, and two habits of whoever wrote the files make no need.
    fn hints_suffice(&self) -> bool {
        match self.question {
            QuestionId::OneServer | QuestionId::MultiNode | QuestionId::ReplicasAndRollouts => {
                false
            }
            QuestionId::TeamsAndEnvironments | QuestionId::Gitops | QuestionId::Packaging => true,
        }
    }
}
