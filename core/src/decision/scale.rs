//! The evidence for one question, weighed against each other.

use crate::report::{Answer, AnsweredBy, Evidence, Weight};
use crate::text::Span;
use std::borrow::Cow;

/// Evidence for both answers to one question.
#[derive(Debug, Default)]
pub struct Scale {
    pub evidence: Vec<Evidence>,
    /// What would settle the question if the evidence does not.
    pub settled_by: Vec<&'static str>,
}

impl Scale {
    /// Adds a fact that no single place in the files states.
    pub fn fact(&mut self, points: Answer, weight: Weight, fact: impl Into<Cow<'static, str>>) {
        self.add(points, weight, fact.into(), AnsweredBy::Files, None);
    }

    /// Adds a fact with the place that states it.
    pub fn fact_at(
        &mut self,
        points: Answer,
        weight: Weight,
        fact: impl Into<Cow<'static, str>>,
        span: Option<Span>,
    ) {
        self.add(points, weight, fact.into(), AnsweredBy::Files, span);
    }

    /// Adds a fact that a person stated.
    pub fn stated(&mut self, points: Answer, weight: Weight, fact: &str) {
        let fact = format!("{fact} (your answer)");
        self.add(points, weight, fact.into(), AnsweredBy::Person, None);
    }

    /// Adds several places that mean the same: the first is shown and the others are counted.
    /// `one` and `many` say what the subjects do.
    pub fn places(
        &mut self,
        points: Answer,
        weight: Weight,
        found: &[(String, Span)],
        [one, many]: [&str; 2],
    ) {
        let Some((first, span)) = found.first() else { return };
        let fact = match found.len() - 1 {
            0 => format!("{first} {one}"),
            1 => format!("{first} and one more {many}"),
            more => format!("{first} and {more} more {many}"),
        };
        self.fact_at(points, weight, fact, Some(*span));
    }

    /// Adds something that would settle the question.
    pub fn lacks(&mut self, what: &'static str) {
        self.settled_by.push(what);
    }

    fn add(
        &mut self,
        points: Answer,
        weight: Weight,
        fact: Cow<'static, str>,
        by: AnsweredBy,
        span: Option<Span>,
    ) {
        self.evidence.push(Evidence { fact, points, weight, by, span });
    }

    /// Returns the answer that the evidence gives. Decisive evidence for one side alone decides;
    /// otherwise one side must outweigh the other by a sign.
    pub fn answer(&self) -> Answer {
        let weights = |points: Answer| {
            self.evidence.iter().filter(move |it| it.points == points).map(|it| it.weight)
        };
        let sum = |points: Answer| -> u32 {
            weights(points).map(|weight| u32::from(weight.number())).sum()
        };
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
}
