//! From answers to an outcome, with its reasons and what would change it.

use super::signals::Counts;
use crate::facts::Facts;
use crate::report::{Answer, Decision, Kind, Outcome, Question, Role, Scenario};
use rustc_hash::FxHashSet;

pub fn weigh(facts: &Facts<'_>, counts: &Counts, questions: &[Question]) -> Decision {
    let answer =
        |id: &str| questions.iter().find(|it| it.id == id).map_or(Answer::Unknown, |it| it.answer);
    let yes = |id: &str| answer(id) == Answer::Yes;
    let mut reasons = Vec::with_capacity(8);
    let mut would_change = Vec::with_capacity(8);

    let too_large = answer("one-server") == Answer::No;
    let shaped = [yes("multi-node"), yes("replicas-and-rollouts"), yes("teams-and-environments")];
    let shapes = shaped.iter().filter(|it| **it).count();
    let unseen = counts.hides_workloads()
        && ["multi-node", "replicas-and-rollouts"].iter().all(|it| answer(it) == Answer::Unknown);
    let platform = match (too_large, shapes) {
        (true, _) | (false, 2..) => "kubernetes",
        (false, 1) => "either",
        (false, _) if counts.is_empty() || unseen => "either",
        (false, _) => "compose",
    };
    for question in questions.iter().take(4) {
        let strongest = question
            .evidence
            .iter()
            .filter(|it| it.points == question.answer)
            .max_by_key(|it| it.weight);
        match (question.by_person, strongest) {
            (true, _) => reasons
                .push([question.text, " A person answered ", question.answer.name(), "."].concat()),
            (false, Some(it)) => reasons
                .push([question.text, " ", capital(question.answer), ": ", &it.fact, "."].concat()),
            (false, None) => {}
        }
        if question.answer == Answer::Unknown {
            reasons.push([question.text, " The files do not say."].concat());
            for it in &question.settled_by {
                if !would_change.contains(it) {
                    would_change.push(*it);
                }
            }
        }
    }

    // Charts and what delivers them have no other use.
    let cluster = counts.has_cluster();
    let kubernetes = platform == "kubernetes" || cluster;
    let pay = |in_use: bool, worth: Answer| match (in_use, kubernetes, worth) {
        (true, _, _) => "in use",
        (_, false, _) => "no",
        (_, _, Answer::Yes) => "worth it",
        (_, _, Answer::Unknown) => "not yet",
        (_, _, Answer::No) => "no",
    };
    let outcome = Outcome {
        platform,
        helm: pay(counts.charts > 0, answer("packaging")),
        argocd: pay(counts.argocd > 0, answer("gitops")),
    };

    let compose = facts.services().iter().any(|it| it.role != Role::Development);
    let today = match (compose, cluster) {
        (true, true) => "both",
        (false, true) => "kubernetes",
        (true, false) => "compose",
        (false, false) if !facts.services().is_empty() => "compose",
        (false, false) => "unknown",
    };
    let fit = match (today, platform) {
        ("compose", "kubernetes") => "outgrown",
        ("kubernetes", "compose") => "over-built",
        ("both", "compose" | "kubernetes") => "mixed",
        _ => "fits",
    };
    match fit {
        "outgrown" => reasons.push("The files ask for things that one host cannot give.".to_owned()),
        "over-built" => {
            let kinds: FxHashSet<&str> = facts.objects().iter().map(|it| it.kind.as_str()).collect();
            let files = facts.files().iter().filter(|it| it.kind == Kind::Kubernetes);
            reasons.push(format!(
                "{} objects of {} kinds in {} lines are operated, and nothing in them needs more than one machine.",
                counts.objects,
                kinds.len(),
                files.map(|it| it.lines.lines()).sum::<usize>()
            ));
        }
        "mixed" => reasons.push(
            "Both a Compose side and a cluster side look meant for production: every change is made twice, or drifts."
                .to_owned(),
        ),
        _ => {}
    }
    match platform {
        "compose" => would_change
            .push("a second machine that must take over, or load that one machine cannot carry"),
        "kubernetes" => would_change
            .push("a measured load that fits one machine, and tolerance for its downtime"),
        _ => would_change.push("an answer to the questions that are still open"),
    }
    Decision {
        scenario: scenario(facts, counts, unseen, &answer, platform),
        next_steps: next_steps(fit, platform, today),
        outcome,
        today,
        fit,
        reasons,
        would_change,
        ..Decision::default()
    }
}

fn capital(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "Yes",
        Answer::No => "No",
        Answer::Unknown => "Unknown",
    }
}

fn scenario(
    facts: &Facts<'_>,
    counts: &Counts,
    unseen: bool,
    answer: &dyn Fn(&str) -> Answer,
    platform: &str,
) -> Scenario {
    let audited = facts.config().answer("audit").is_some_and(|it| it == "yes" || it == "true");
    let (nearest, because) = if audited {
        ("regulated", "changes are audited")
    } else if answer("teams-and-environments") == Answer::Yes {
        ("multi-team-platform", "many services, teams or environments share it")
    } else if answer("replicas-and-rollouts") == Answer::Yes
        || platform != "compose" && !counts.is_empty() && !unseen
    {
        ("growing-saas", "it runs several replicas or scales with load, for few teams")
    } else if counts.is_empty() || unseen {
        ("internal-app", "nothing was seen that asks for more")
    } else {
        ("internal-app", "few services with one replica each")
    };
    Scenario { nearest, because }
}

fn next_steps(fit: &str, platform: &str, today: &str) -> &'static [&'static str] {
    match (fit, platform, today) {
        ("outgrown", ..) => &[
            "Work through the crossing checklist: start order, migrations and mounts first.",
            "Move one stateless service, with its probes and requests, before anything that holds data.",
        ],
        ("over-built", ..) => &[
            "Price what the cluster costs in hours a month against one server with backups.",
            "If it stays, write down which answer above it is kept for.",
        ],
        ("mixed", ..) => &[
            "Decide which side is production, and mark the other as development (`plimsoll.yaml`, `roles`).",
        ],
        (_, _, "unknown") => &["Hand over the Compose or Kubernetes files of one system."],
        (_, "compose", _) => &[
            "Work through the single-server checklist; it is what makes one machine a sound choice.",
        ],
        _ => &["Keep both sides' findings at zero errors before the next change of platform."],
    }
}
