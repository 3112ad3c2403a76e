//! The evidence for one question, weighed against each other.

use crate::report::{Answer, AnsweredBy, Evidence, Weight};

/// Evidence for both answers to one question.
#[derive(Debug, Default)]
pub struct Scale {
    pub evidence: Vec<Evidence>,
}

impl Scale {
    pub fn of(evidence: impl Iterator<Item = Evidence>) -> Scale {
        Scale { evidence: evidence.collect() }
    }

    /// Returns the answer that the evidence gives, and who gave it: a person where the files alone answer
    /// otherwise. What a person stated decides alone where it is decisive.
    pub fn answer(&self) -> (Answer, AnsweredBy) {
        let stated = || self.evidence.iter().filter(|it| it.by == AnsweredBy::Person);
        if let Some(decisive) = stated().find(|it| it.weight == Weight::Decisive) {
            return (decisive.points, AnsweredBy::Person);
        }
        let from_files = weigh(self.evidence.iter().filter(|it| it.by == AnsweredBy::Files));
        let with_person = weigh(self.evidence.iter());
        let by = if from_files == with_person { AnsweredBy::Files } else { AnsweredBy::Person };
        (with_person, by)
    }
}

/// Returns the answer that some evidence gives. Decisive evidence for one side alone decides; otherwise one
/// side must outweigh the other by a sign.
pub fn weigh<'e>(evidence: impl Iterator<Item = &'e Evidence> + Clone) -> Answer {
    let weights =
        |points: Answer| evidence.clone().filter(move |it| it.points == points).map(|it| it.weight);
    let sum =
        |points: Answer| -> u32 { weights(points).map(|weight| u32::from(weight.number())).sum() };
    let decisive = |points: Answer| weights(points).any(|weight| weight == Weight::Decisive);
    let (yes, no) = (sum(Answer::Yes), sum(Answer::No));
    let lead = u32::from(Weight::Sign.number());
    match (decisive(Answer::Yes), decisive(Answer::No)) {
        (true, false) => Answer::Yes,
        (false, true) => Answer::No,
        (true, true) | (false, false) if yes >= no + lead => Answer::Yes,
        (true, true) | (false, false) if no >= yes + lead => Answer::No,
        (true, true) | (false, false) => Answer::Unknown,
    }
}
