//! From answers to an outcome, with its reasons and what would change it.

use super::signals::Counts;
use crate::facts::Facts;
use crate::report::{
    Answer, AnsweredBy, Decision, Fit, Outcome, Platform, Question, QuestionId, Role, Scenario,
    ScenarioName, Today, Worth,
};
use rustc_hash::FxHashSet;

/// The questions and their answers.
struct Answered<'q>(&'q [Question]);

impl Answered<'_> {
    fn to(&self, id: QuestionId) -> Answer {
        let question = self.0.iter().find(|question| question.id == id);
        question.map_or(Answer::Unknown, |question| question.answer)
    }

    fn is_yes(&self, id: QuestionId) -> bool {
        self.to(id) == Answer::Yes
    }
}

/// Returns the decision without its questions, checklists and crossing table.
pub fn weigh(facts: &Facts<'_>, counts: &Counts<'_>, questions: &[Question]) -> Decision {
    let answered = Answered(questions);
    let unseen = counts.hides_workloads()
        && answered.to(QuestionId::MultiNode) == Answer::Unknown
        && answered.to(QuestionId::ReplicasAndRollouts) == Answer::Unknown;
    let platform = platform(&answered, counts.is_empty() || unseen);
    let today = today(facts, counts);
    let fit = fit(today, platform);

    let mut reasons: Vec<String> =
        questions.iter().filter(|it| shapes_the_platform(it.id)).filter_map(reason).collect();
    reasons.extend(reason_for_fit(fit, facts, counts));
    if counts.flux > 0 && counts.argocd == 0 {
        reasons.push(
            "Flux is in use, and a second GitOps controller beside it has no use.".to_owned(),
        );
    }

    Decision {
        outcome: outcome(&answered, counts, platform),
        scenario: scenario(facts, &answered),
        next_steps: next_steps(fit, platform, today),
        today,
        fit,
        reasons,
        would_change: would_change(questions, platform),
        ..Decision::default()
    }
}

/// Whether a question is about the platform itself, and not about what is added to it.
fn shapes_the_platform(id: QuestionId) -> bool {
    match id {
        QuestionId::OneServer
        | QuestionId::MultiNode
        | QuestionId::ReplicasAndRollouts
        | QuestionId::TeamsAndEnvironments => true,
        QuestionId::Gitops | QuestionId::Packaging => false,
    }
}

/// Returns the platform that the answers ask for. `unseen` says that the files do not show what
/// runs, so that a lack of demands means nothing.
fn platform(answered: &Answered<'_>, unseen: bool) -> Platform {
    let too_large = answered.to(QuestionId::OneServer) == Answer::No;
    let demands =
        [QuestionId::MultiNode, QuestionId::ReplicasAndRollouts, QuestionId::TeamsAndEnvironments];
    match demands.into_iter().filter(|id| answered.is_yes(*id)).count() {
        _ if too_large => Platform::Kubernetes,
        0 if unseen => Platform::Either,
        0 => Platform::Compose,
        1 => Platform::Either,
        _ => Platform::Kubernetes,
    }
}

fn outcome(answered: &Answered<'_>, counts: &Counts<'_>, platform: Platform) -> Outcome {
    // Charts and GitOps controllers have no use without a cluster.
    let kubernetes = platform == Platform::Kubernetes || counts.has_cluster();
    let worth = |in_use: bool, needed: Answer| match needed {
        _ if in_use => Worth::InUse,
        _ if !kubernetes => Worth::No,
        Answer::Yes => Worth::WorthIt,
        Answer::Unknown => Worth::NotYet,
        Answer::No => Worth::No,
    };
    Outcome {
        platform,
        helm: worth(
            counts.charts > 0 || counts.helm_release.is_some(),
            answered.to(QuestionId::Packaging),
        ),
        argocd: match worth(counts.argocd > 0, answered.to(QuestionId::Gitops)) {
            Worth::WorthIt | Worth::NotYet if counts.flux > 0 => Worth::No,
            worth => worth,
        },
    }
}

fn today(facts: &Facts<'_>, counts: &Counts<'_>) -> Today {
    let compose = facts.services().iter().any(|service| service.role != Role::Development);
    match (compose, counts.has_cluster()) {
        (true, true) => Today::Both,
        (false, true) => Today::Kubernetes,
        (true, false) => Today::Compose,
        (false, false) if !facts.services().is_empty() => Today::Compose,
        (false, false) => Today::Unknown,
    }
}

fn fit(today: Today, platform: Platform) -> Fit {
    match (today, platform) {
        (Today::Compose, Platform::Kubernetes) => Fit::Outgrown,
        (Today::Kubernetes, Platform::Compose) => Fit::OverBuilt,
        (Today::Both, Platform::Compose | Platform::Kubernetes) => Fit::Mixed,
        (Today::Compose | Today::Kubernetes | Today::Both, Platform::Either)
        | (Today::Compose, Platform::Compose)
        | (Today::Kubernetes, Platform::Kubernetes)
        | (Today::Unknown, _) => Fit::Fits,
    }
}

/// Returns the answer to a question with the strongest evidence for it.
fn reason(question: &Question) -> Option<String> {
    let text = question.text;
    let answer = match question.answer {
        Answer::Yes => "Yes",
        Answer::No => "No",
        Answer::Unknown => return Some(format!("{text} The files do not say.")),
    };
    match question.by {
        AnsweredBy::Person => Some(format!("{text} {answer} (your answer).")),
        AnsweredBy::Files => {
            let own = question.evidence.iter().filter(|it| it.points == question.answer);
            let strongest = own.max_by_key(|it| it.weight)?;
            Some(format!("{text} {answer}: {}.", strongest.fact))
        }
    }
}

fn reason_for_fit(fit: Fit, facts: &Facts<'_>, counts: &Counts<'_>) -> Option<String> {
    match fit {
        Fit::Fits => None,
        Fit::Outgrown => Some("The files ask for more than one host can provide.".to_owned()),
        Fit::OverBuilt => {
            let objects = &counts.counted.objects;
            let kinds: FxHashSet<&str> = objects.iter().map(|object| object.kind.as_str()).collect();
            Some(format!(
                "You operate {} objects of {} kinds, written in {} lines, and nothing in them needs more than one machine.",
                objects.len(),
                kinds.len(),
                counts.counted.lines_of_objects(facts)
            ))
        }
        Fit::Mixed => Some(
            "Both the Compose side and the cluster side look meant for production: every change is made twice, or the two drift apart."
                .to_owned(),
        ),
    }
}

fn would_change(questions: &[Question], platform: Platform) -> Vec<&'static str> {
    let mut changes = Vec::new();
    for question in questions.iter().filter(|it| shapes_the_platform(it.id)) {
        for what in &question.settled_by {
            if !changes.contains(what) {
                changes.push(*what);
            }
        }
    }
    changes.push(match platform {
        Platform::Compose => {
            "a second machine that must take over, or a load that one machine cannot handle"
        }
        Platform::Kubernetes => {
            "a measured load that fits on one machine, and tolerance for its downtime"
        }
        Platform::Either => "answers to the questions that are still open",
    });
    changes
}

fn scenario(facts: &Facts<'_>, answered: &Answered<'_>) -> Scenario {
    let (nearest, because) = if facts.config().answers.audit == Some(true) {
        (ScenarioName::Regulated, "changes are audited")
    } else if answered.is_yes(QuestionId::TeamsAndEnvironments) {
        (ScenarioName::MultiTeamPlatform, "it is shared by many services, teams or environments")
    } else if answered.is_yes(QuestionId::ReplicasAndRollouts) {
        (
            ScenarioName::GrowingSaas,
            "it runs several replicas or scales with the load, and few teams work on it",
        )
    } else if answered.to(QuestionId::OneServer) == Answer::No {
        (ScenarioName::GrowingSaas, "one server is not enough for it, and few teams work on it")
    } else if answered.is_yes(QuestionId::MultiNode) {
        (ScenarioName::GrowingSaas, "it is meant to run on several nodes, and few teams work on it")
    } else if answered.to(QuestionId::ReplicasAndRollouts) == Answer::No
        && answered.to(QuestionId::TeamsAndEnvironments) == Answer::No
    {
        (ScenarioName::InternalApp, "there are few services, with one replica each")
    } else {
        (ScenarioName::InternalApp, "nothing in the files asks for more")
    };
    Scenario { nearest, because }
}

fn next_steps(fit: Fit, platform: Platform, today: Today) -> &'static [&'static str] {
    match (fit, today, platform) {
        (Fit::Outgrown, ..) => &[
            "Work through the crossing checklist, beginning with startup order, migrations and mounts.",
            "Move one stateless service first, with its probes and resource requests, before anything that holds data.",
        ],
        (Fit::OverBuilt, ..) => &[
            "Compare the hours that the cluster costs each month with one server and its backups.",
            "If the cluster stays, write down which of the answers above it is kept for.",
        ],
        (Fit::Mixed, ..) => &[
            "Decide which side is production, and mark the other as development (`roles` in `plimsoll.yaml`).",
        ],
        (Fit::Fits, Today::Unknown, _) => {
            &["Analyse the Compose or Kubernetes files of a single system."]
        }
        (Fit::Fits, Today::Compose | Today::Kubernetes | Today::Both, Platform::Compose) => {
            &["Work through the single-server checklist: it makes one machine a sound choice."]
        }
        (Fit::Fits, Today::Compose, Platform::Either | Platform::Kubernetes) => {
            &["Bring the Compose files to zero errors before the next change of platform."]
        }
        (Fit::Fits, Today::Kubernetes, Platform::Either | Platform::Kubernetes) => {
            &["Bring the manifests to zero errors before the next change of platform."]
        }
        (Fit::Fits, Today::Both, Platform::Either | Platform::Kubernetes) => {
            &["Bring both sides to zero errors before the next change of platform."]
        }
    }
}
