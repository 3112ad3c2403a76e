//! What is worth doing next on a cluster, which has no checklist of its own.

use super::super::questions::strongest;
use super::super::system::System;
use crate::facts::{Backing, Unit, Workload};
use crate::knowledge::singletons::{is_scheduler_name, scheduler_by_name, singleton};
use crate::knowledge::upkeep::{Topic, words};
use crate::model::kubernetes::{Body, Object, WorkloadKind};
use crate::report::phrases::first_of;
use crate::report::{Answer, Decision, Fit, Platform, QuestionId, Step, Worth};
use crate::text::Span;

/// Returns the step about data, which cannot be brought back: the data store that is copied first.
pub fn data(system: &System<'_>, decision: &Decision) -> Option<Step> {
    let mut workloads = system.counted.workloads.iter();
    let (label, place, span) = workloads.find_map(|it| data_of(system, it))?;
    let text = match decision.fit {
        Fit::OverBuilt => format!(
            "Restore a copy of the data of {label} on a server, which also tests the backup: {place} stays in the cluster."
        ),
        Fit::Fits | Fit::Mixed | Fit::Open | Fit::Outgrown if !has_backup(system) => {
            format!("Add a backup of the data of {label}: nothing in these files copies {place}.")
        }
        Fit::Fits | Fit::Mixed | Fit::Open | Fit::Outgrown => return None,
    };
    Some(Step { text, subject: label, span: Some(span) })
}

/// Returns the label of a workload that is a data store, and what its data lies in.
fn data_of(system: &System<'_>, workload: &Workload<'_>) -> Option<(String, String, Span)> {
    let unit = workload.units.iter().find(|it| it.stored().is_some())?;
    let home = unit.data_home(unit.stored()?)?;
    let mounted = system.facts.mounted(unit);
    let kept = mounted.iter().find(|it| home.is_kept_by(it)).map(|it| it.backing)?;
    let place = match kept {
        Backing::Claim(..) | Backing::ClaimTemplate(_) | Backing::Host(_) => kept.words(),
        _ => return None,
    };
    Some((workload.label.clone(), place, workload.span()))
}

/// API groups whose `Schedule` makes backups.
///
/// Sources: <https://velero.io/docs/main/api-types/schedule/>, <https://docs.k8up.io/>
const BACKUP_GROUPS: [&str; 2] = ["velero.io", "k8up.io"];

/// Whether an object orders backups or snapshots, by its kind. A class or a location says how and where, and copies
/// nothing.
fn orders_backups(object: &Object) -> bool {
    let kind = object.kind.as_str();
    let is_order = (kind.contains("Backup") || kind.contains("Snapshot"))
        && !kind.ends_with("Class")
        && !kind.ends_with("Location");
    is_order || kind == "Schedule" && BACKUP_GROUPS.contains(&object.group())
}

/// Whether anything in the cluster makes backups or snapshots, by its kind, its name, its image or its command.
fn has_backup(system: &System<'_>) -> bool {
    let named = |text: &str| Topic::Backup.is_in(&words(text));
    let counted = &system.counted;
    counted.objects.iter().any(|it| orders_backups(it))
        || counted.workloads.iter().any(|workload| {
            named(workload.name)
                || workload.units.iter().any(|unit| {
                    let image = unit.image.as_ref();
                    named(unit.name)
                        || named(&unit.start.joined())
                        || image.is_some_and(|it| named(&it.repository))
                })
        })
}

/// Returns what the verdict asks for beside the findings: how to move to a server, or what the cluster lacks.
pub fn of_verdict(system: &System<'_>, decision: &Decision) -> Vec<Step> {
    match decision.fit {
        Fit::OverBuilt => to_server(system),
        Fit::Fits | Fit::Mixed | Fit::Open | Fit::Outgrown => {
            let outcome = &decision.outcome;
            let writers = [("Kustomize", outcome.kustomize), ("Helm", outcome.helm)];
            let deliverers = [("Argo CD", outcome.argocd), ("Flux", outcome.flux)];
            let steps = [
                second_replica(system, decision),
                worth(
                    decision,
                    QuestionId::Packaging,
                    writers,
                    "Use {} to write the manifests once",
                ),
                worth(decision, QuestionId::Gitops, deliverers, "Let {} deliver the manifests"),
            ];
            steps.into_iter().flatten().collect()
        }
    }
}

/// Returns the first of some labels with the number of the others, and the place of the first.
fn first_labels(found: &[(String, Span)]) -> Option<(String, Span)> {
    let labels: Vec<&str> = found.iter().map(|it| it.0.as_str()).collect();
    let shown = if labels.len() == 2 { 2 } else { 1 };
    Some((first_of(&labels, shown), found.first()?.1))
}

/// Returns the steps from the cluster to a server: what is written anew, what takes requests, what runs by the clock.
fn to_server(system: &System<'_>) -> Vec<Step> {
    let step = |text: String, span| Step { text, subject: String::new(), span: Some(span) };
    let of_kind = |wanted: &dyn Fn(WorkloadKind) -> bool| -> Vec<(String, Span)> {
        let workloads = system.counted.workloads.iter().filter(|it| wanted(it.kind()));
        workloads.map(|it| (it.label.clone(), it.span())).collect()
    };
    let mut steps = Vec::new();
    if let Some((all, span)) = first_labels(&of_kind(&|kind| kind != WorkloadKind::CronJob)) {
        steps
            .push(step(format!("Write {all} as Compose services, with their healthchecks."), span));
    }
    let routes = system.objects_where(|it| matches!(it, Body::Routes(_)));
    if let Some((all, span)) = first_labels(&routes) {
        steps.push(step(format!("Put a reverse proxy on the server in the place of {all}."), span));
    }
    // Source: <https://docs.docker.com/reference/compose-file/services/>, which has no key for a schedule.
    if let Some((all, span)) = first_labels(&of_kind(&|kind| kind == WorkloadKind::CronJob)) {
        steps.push(step(
            format!("Run {all} from a timer on the server, such as cron: Compose has no schedule."),
            span,
        ));
    }
    steps
}

/// Whether a workload starts jobs by the clock, so that a second replica would start each of them twice.
fn schedules(workload: &Workload<'_>) -> bool {
    let in_commands = |unit: &Unit<'_>| {
        let is_own = unit.family().is_none();
        unit.start.commands.iter().any(|command| {
            singleton(command).is_some() || is_own && scheduler_by_name(command).is_some()
        })
    };
    is_scheduler_name(workload.name)
        || workload.units.iter().any(|unit| is_scheduler_name(unit.name) || in_commands(unit))
}

/// Returns the step for the first workload that must survive the loss of a node and runs once.
///
/// Source: <https://kubernetes.io/docs/concepts/workloads/pods/disruptions/>
fn second_replica(system: &System<'_>, decision: &Decision) -> Option<Step> {
    let mut questions = decision.questions.iter();
    let survives = questions.any(|it| it.id == QuestionId::MultiNode && it.answer == Answer::Yes);
    if !survives || decision.outcome.so_far != Platform::Kubernetes {
        return None;
    }
    // A second Pod may not attach the disk of the first one.
    let keeps = |unit: &Unit<'_>| {
        system.facts.mounted(unit).iter().any(|it| it.backing.lasts() && !it.read_only)
    };
    let runs_once = |it: &&&Workload<'_>| {
        it.kind() == WorkloadKind::Deployment
            && system.facts.replica_range(it).is_some_and(|range| range == (1, 1))
            && it.units.iter().all(|unit| unit.stored().is_none() && !keeps(unit))
            && !schedules(it)
            && !it
                .model
                .strategy
                .iter()
                .any(|it| it.kind.as_ref().is_some_and(|it| it.as_str() == "Recreate"))
    };
    let first = system.counted.workloads.iter().find(runs_once)?;
    let text =
        format!("Run at least 2 replicas of {}: a single one is down with its node.", first.label);
    Some(Step { text, subject: first.label.clone(), span: Some(first.span()) })
}

/// Returns the step for a tool that is worth it, with the fact that says so. `does` says what to do with it.
fn worth(
    decision: &Decision,
    id: QuestionId,
    tools: [(&str, Worth); 2],
    does: &str,
) -> Option<Step> {
    let worth: Vec<&str> =
        tools.iter().filter(|it| it.1 == Worth::WorthIt).map(|it| it.0).collect();
    let question = decision.questions.iter().find(|it| it.id == id)?;
    let reason = strongest(question, Answer::Yes).filter(|_| !worth.is_empty())?;
    let text = format!("{}: {}.", does.replace("{}", &worth.join(" or ")), reason.fact);
    Some(Step { text, subject: String::new(), span: reason.span })
}

/// Returns a step for each open question that no asked answer bears on, with what is known of it. `is_measured` says
/// that a step is about sizes already.
pub fn open(decision: &Decision, is_measured: bool) -> Vec<Step> {
    let is_asked = |id: QuestionId| {
        decision.ask.iter().filter_map(|it| it.answer.split('=').next()).any(|key| match id {
            QuestionId::MultiNode => matches!(key, "downtime" | "multi-node"),
            QuestionId::TeamsAndEnvironments => key == "teams" || key == id.name(),
            QuestionId::OneServer
            | QuestionId::ReplicasAndRollouts
            | QuestionId::Gitops
            | QuestionId::Packaging => key == id.name(),
        })
    };
    let open = decision.questions.iter().filter(|it| it.answer == Answer::Unknown);
    let steps = open.filter(|it| !is_asked(it.id)).filter_map(|question| {
        let ask = match question.id {
            QuestionId::OneServer if is_measured => return None,
            // Source: <https://kubernetes.io/docs/reference/kubectl/generated/kubectl_top/kubectl_top_pod/>
            QuestionId::OneServer => "Measure the peak load with `kubectl top pods`",
            QuestionId::MultiNode => "Find out whether it must stay up while a machine is down",
            QuestionId::ReplicasAndRollouts => "Find out how many replicas the peak load takes",
            QuestionId::TeamsAndEnvironments => "Find out how many teams deploy on their own",
            QuestionId::Gitops => "Find out whether every change must be traceable",
            QuestionId::Packaging => "Find out how many environments get these manifests",
        };
        let known = question.evidence.iter().max_by_key(|it| it.weight)?;
        let text = format!("{ask}: {}.", known.fact);
        Some(Step { text, subject: String::new(), span: known.span })
    });
    steps.collect()
}
