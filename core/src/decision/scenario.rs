//! The typical system that is nearest.

use super::outcome::{Nodes, Server, Situation};
use super::questions::strongest;
use crate::config::Answers;
use crate::report::{Answer, Question, QuestionId, Scenario, ScenarioName};

/// Evidence that a system outgrows one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    Replicas,
    BeyondOneServer,
    Nodes,
    Nothing,
}

pub fn nearest(situation: &Situation, questions: &[Question], answers: &Answers) -> Scenario {
    let growth = if situation.replicas == Answer::Yes {
        Growth::Replicas
    } else if situation.server == Server::NotEnough {
        Growth::BeyondOneServer
    } else if matches!(situation.nodes, Nodes::Must | Nodes::Likely) {
        Growth::Nodes
    } else {
        Growth::Nothing
    };
    let fact = |id: QuestionId, points: Answer, otherwise: &str| {
        let question = questions.iter().find(|it| it.id == id);
        let strongest = question.and_then(|it| strongest(it, points));
        strongest.map_or_else(|| otherwise.to_owned(), |it| it.fact.to_string())
    };
    let (nearest, because) = match (situation.teams, growth) {
        _ if answers.audit == Some(true) => {
            (ScenarioName::Regulated, "you answered `audit=yes`: changes are audited".to_owned())
        }
        (
            Answer::Yes,
            Growth::Replicas | Growth::BeyondOneServer | Growth::Nodes | Growth::Nothing,
        ) => {
            let id = QuestionId::TeamsAndEnvironments;
            let shared = fact(id, Answer::Yes, "several teams or environments share it");
            (ScenarioName::MultiTeamPlatform, shared)
        }
        (Answer::No | Answer::Unknown, Growth::Nothing) => {
            (ScenarioName::InternalApp, internal(situation).to_owned())
        }
        (Answer::No | Answer::Unknown, Growth::Replicas) => {
            let id = QuestionId::ReplicasAndRollouts;
            growing(situation, &fact(id, Answer::Yes, "it runs several replicas"))
        }
        (Answer::No | Answer::Unknown, Growth::BeyondOneServer) => {
            let id = QuestionId::OneServer;
            growing(situation, &fact(id, Answer::No, "one server is not enough"))
        }
        (Answer::No | Answer::Unknown, Growth::Nodes) => {
            let id = QuestionId::MultiNode;
            growing(situation, &fact(id, Answer::Yes, "it runs on several machines"))
        }
    };
    Scenario { nearest, because }
}

/// Returns the scenario of a system that outgrows one server, and says what is known of its teams. An open answer about
/// teams is not one about few teams.
fn growing(situation: &Situation, fact: &str) -> (ScenarioName, String) {
    let because = match situation.teams {
        Answer::No => format!("{fact}; few teams work on the system"),
        Answer::Yes | Answer::Unknown => {
            format!("{fact}; how many teams work on the system is open")
        }
    };
    (ScenarioName::GrowingSaas, because)
}

/// Says why a system is nearest to an internal application, and what of it is open.
fn internal(situation: &Situation) -> &'static str {
    match (situation.teams, situation.replicas, situation.nodes) {
        (Answer::No, Answer::No, Nodes::Unknown) => {
            "few teams work on it, and nothing has to scale; whether it needs several machines is open"
        }
        (Answer::No, Answer::No, _) => "few teams work on it, and nothing has to scale",
        (Answer::No, _, _) => "few teams work on it; whether it has to scale is open",
        (_, Answer::No, _) => "nothing has to scale; how many teams work on it is open",
        (_, _, _) => {
            "nothing is known yet that asks for more; how many teams work on it and whether it has to scale are open"
        }
    }
}
