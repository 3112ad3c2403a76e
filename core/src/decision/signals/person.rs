//! What a person answered. An answer counts for every question that it bears on.

use super::{Gitops, MultiNode, No, OneServer, Replicas, Seen, Signals, Teams, Yes};
use crate::config::{Answers, Downtime};
use crate::report::{Answer, AnsweredBy, QuestionId, Signal};

pub fn add(signals: &mut Signals, answers: &Answers) {
    let mut state = |signal: Signal, question: QuestionId, points: Answer, fact: String| {
        let fact = format!("{fact} (your answer)").into();
        let by = AnsweredBy::Person;
        signals.seen.push(Seen { signal, question, points, by, fact, span: None });
    };
    match answers.downtime {
        None => {}
        Some(Downtime::Hours | Downtime::Minutes) => {
            let name = answers.downtime.map_or("", Downtime::name);
            let fact = format!("{name} of downtime are tolerable");
            state(Signal::ToleratedDowntime, OneServer, Yes, fact.clone());
            state(Signal::ToleratedDowntime, MultiNode, No, fact);
        }
        Some(Downtime::Seconds | Downtime::None) => {
            let fact = match answers.downtime {
                Some(Downtime::Seconds) => "only seconds of downtime are tolerable",
                _ => "no downtime is tolerable",
            };
            state(Signal::MustSurviveLoss, OneServer, No, fact.to_owned());
            state(Signal::MustSurviveLoss, MultiNode, Yes, fact.to_owned());
        }
    }
    if answers.questions.get(&MultiNode) == Some(&true) {
        let fact = "it must run on several nodes, or survive the loss of one".to_owned();
        state(Signal::MustSurviveLoss, OneServer, No, fact);
    }
    match answers.teams {
        None => {}
        Some(teams @ 3..) => {
            state(Signal::Teams, Teams, Yes, format!("{teams} teams deploy on their own"));
        }
        Some(teams) => {
            let fact = format!("the number of teams that deploy on their own is {teams}");
            state(Signal::Teams, Teams, No, fact);
        }
    }
    match answers.audit {
        None => {}
        Some(true) => {
            state(Signal::Audit, Gitops, Yes, "changes are audited".to_owned());
            state(Signal::Audit, Replicas, Yes, "changes are audited".to_owned());
        }
        Some(false) => state(Signal::Audit, Gitops, No, "changes are not audited".to_owned()),
    }
}
