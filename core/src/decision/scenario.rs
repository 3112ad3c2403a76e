//! The typical system that is nearest.

use super::outcome::{Nodes, Server, Situation};
use crate::config::Answers;
use crate::report::{Answer, Scenario, ScenarioName};

/// Evidence that a system outgrows one server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Growth {
    Replicas,
    BeyondOneServer,
    Nodes,
    Nothing,
}

pub fn nearest(situation: &Situation, answers: &Answers) -> Scenario {
    let growth = if situation.replicas == Answer::Yes {
        Growth::Replicas
    } else if situation.server == Server::NotEnough {
        Growth::BeyondOneServer
    } else if matches!(situation.nodes, Nodes::Must | Nodes::Likely) {
        Growth::Nodes
    } else {
        Growth::Nothing
    };
    // An open answer about teams is not one about few teams.
    let few_teams = situation.teams == Answer::No;
    let (nearest, because) = match (situation.teams, growth) {
        _ if answers.audit == Some(true) => (ScenarioName::Regulated, "changes are audited"),
        (
            Answer::Yes,
            Growth::Replicas | Growth::BeyondOneServer | Growth::Nodes | Growth::Nothing,
        ) => (
            ScenarioName::MultiTeamPlatform,
            "it is shared by many services, teams or environments",
        ),
        (Answer::No | Answer::Unknown, Growth::Replicas) => {
            let because = match few_teams {
                true => {
                    "it runs several replicas or scales with the load, and few teams work on it"
                }
                false => {
                    "it runs several replicas or scales with the load; how many teams work on it is open"
                }
            };
            (ScenarioName::GrowingSaas, because)
        }
        (Answer::No | Answer::Unknown, Growth::BeyondOneServer) => {
            let because = match few_teams {
                true => "one server is not enough for it, and few teams work on it",
                false => "one server is not enough for it; how many teams work on it is open",
            };
            (ScenarioName::GrowingSaas, because)
        }
        (Answer::No | Answer::Unknown, Growth::Nodes) => {
            let because = match few_teams {
                true => "it is meant to run on several nodes, and few teams work on it",
                false => "it is meant to run on several nodes; how many teams work on it is open",
            };
            (ScenarioName::GrowingSaas, because)
        }
        (Answer::No | Answer::Unknown, Growth::Nothing) => {
            (ScenarioName::InternalApp, internal(situation))
        }
    };
    Scenario { nearest, because }
}

/// Says why a system is nearest to an internal application, and what of it is open.
fn internal(situation: &Situation) -> &'static str {
    match (situation.teams, situation.replicas, situation.nodes) {
        (Answer::No, Answer::No, Nodes::Unknown) => {
            "few teams work on it, and nothing in it scales; whether it needs several nodes is open"
        }
        (Answer::No, Answer::No, _) => "few teams work on it, and nothing in it scales",
        (Answer::No, _, _) => "few teams work on it; whether it has to scale is open",
        (_, Answer::No, _) => "nothing in it scales; how many teams work on it is open",
        (_, _, _) => "what is answered so far asks for nothing more, and what decides is open",
    }
}
