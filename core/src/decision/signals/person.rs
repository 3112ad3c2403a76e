//! What a person answered. An answer counts for every question that it bears on.

use super::{Gitops, MultiNode, No, OneServer, Packaging, Replicas, Seen, Signals, Teams, Yes};
use crate::config::{Answers, Downtime};
use crate::report::{Answer, AnsweredBy, QuestionId, Signal};

pub fn add(signals: &mut Signals, answers: &Answers) {
    let is_beyond_servers = signals
        .on(OneServer)
        .any(|it| matches!(it.signal, Signal::BeyondServers | Signal::ManyGpus));
    // An audit alone asks for no replicas; it adds to what already does.
    let asks_for_rollouts = signals.any(Replicas, Yes);
    let mut state = |signal: Signal, question: QuestionId, points: Answer, said: String| {
        let fact = format!("you answered {said}").into();
        let by = AnsweredBy::Person;
        signals.seen.push(Seen { signal, question, points, by, fact, span: None });
    };
    for id in QuestionId::ALL {
        if let Some(is_yes) = answers.questions.get(&id) {
            let (value, points) = if *is_yes { ("yes", Yes) } else { ("no", No) };
            let said = format!("`{id}={value}`: {}", meaning(id, *is_yes));
            state(Signal::DirectAnswer, id, points, said);
        }
    }
    if answers.questions.get(&MultiNode) == Some(&true) {
        let said = "`multi-node=yes`, and one server is one node".to_owned();
        state(Signal::MustSurviveLoss, OneServer, No, said);
    }
    if answers.questions.get(&OneServer) == Some(&false) {
        let said = "`one-server=no`, and more than one server is several nodes".to_owned();
        state(Signal::BeyondServers, MultiNode, Yes, said);
    }
    if let Some(downtime) = answers.downtime {
        let said = format!("`downtime={}`", downtime.name());
        match downtime {
            Downtime::Hours | Downtime::Minutes => {
                // Patience makes no server larger.
                if !is_beyond_servers {
                    let restore = if downtime == Downtime::Minutes {
                        "a restore within minutes takes a machine that is ready and a restore that is practised"
                    } else {
                        "one machine can be restored in that time"
                    };
                    state(Signal::ToleratedDowntime, OneServer, Yes, format!("{said}: {restore}"));
                }
                let said = format!("{said}: the loss of a machine can wait for a restore");
                state(Signal::ToleratedDowntime, MultiNode, No, said);
            }
            Downtime::Seconds | Downtime::None => {
                let said = format!("{said}: it must stay up while a machine is down");
                state(Signal::MustSurviveLoss, OneServer, No, said.clone());
                state(Signal::MustSurviveLoss, MultiNode, Yes, said);
            }
        }
    }
    match answers.teams {
        None => {}
        Some(teams @ 3..) => {
            let said = format!("`teams={teams}`: {teams} teams deploy on their own");
            state(Signal::Teams, Teams, Yes, said);
        }
        Some(2) => {
            let said = "`teams=2`: two teams agree without a platform between them".to_owned();
            state(Signal::Teams, Teams, No, said);
        }
        Some(teams @ (0 | 1)) => {
            let said = format!("`teams={teams}`: no other team has to be kept apart");
            state(Signal::Teams, Teams, No, said);
        }
    }
    match answers.audit {
        None => {}
        Some(true) => {
            let said = || "`audit=yes`: changes are audited".to_owned();
            state(Signal::Audit, Gitops, Yes, said());
            if asks_for_rollouts {
                state(Signal::Audit, Replicas, Yes, said());
            }
        }
        Some(false) => {
            state(Signal::Audit, Gitops, No, "`audit=no`: changes are not audited".to_owned());
        }
    }
}

/// Returns what an answer to a question means.
fn meaning(id: QuestionId, is_yes: bool) -> &'static str {
    match (id, is_yes) {
        (OneServer, true) => "one server is enough",
        (OneServer, false) => "one server is not enough",
        (MultiNode, true) => "it must run on several nodes, or survive the loss of one",
        (MultiNode, false) => "it may be down while its machine is down",
        (Replicas, true) => "it needs many replicas, controlled rollouts or autoscaling",
        (Replicas, false) => "it needs neither many replicas nor autoscaling",
        (Teams, true) => "many services are shared by teams and environments",
        (Teams, false) => "few people work on few services",
        (Gitops, true) => "GitOps is needed",
        (Gitops, false) => "GitOps is not needed",
        (Packaging, true) => "several environments are to share their manifests",
        (Packaging, false) => "there is nothing to package",
    }
}
