//! The six questions, each answered from signals with their evidence.

use super::signals::{self, Counts};
use crate::facts::Facts;
use crate::model::kubernetes::{Autoscaler, Body, WorkloadKind};
use crate::report::{Answer, Evidence, Kind, Question, Role};
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::borrow::Cow;

/// Collects evidence for one question.
#[derive(Default)]
struct Scale {
    evidence: Vec<Evidence>,
    settled_by: Vec<&'static str>,
}

impl Scale {
    fn says(
        &mut self,
        points: Answer,
        weight: u8,
        fact: impl Into<Cow<'static, str>>,
        span: Option<Span>,
    ) {
        self.evidence.push(Evidence { fact: fact.into(), points, weight, span });
    }

    /// What would settle the question.
    fn lacks(&mut self, what: &'static str) {
        self.settled_by.push(what);
    }

    /// Several places with one meaning: the first is shown, the others counted. `what` they do, for
    /// one of them and for several.
    fn counts(&mut self, points: Answer, weight: u8, found: &[(String, Span)], what: [&str; 2]) {
        let Some((first, span)) = found.first() else { return };
        let more = match found.len() - 1 {
            0 => String::new(),
            1 => " and one more".to_owned(),
            more => format!(" and {more} more"),
        };
        self.says(
            points,
            weight,
            format!("{first}{more} {}", what[usize::from(found.len() > 1)]),
            Some(*span),
        );
    }

    /// Decisive evidence decides; else one side must outweigh the other by a sign (2).
    fn weigh(&self) -> Answer {
        let sum = |points: Answer| -> u32 {
            self.evidence
                .iter()
                .filter(|it| it.points == points)
                .map(|it| u32::from(it.weight))
                .sum()
        };
        let decisive =
            |points: Answer| self.evidence.iter().any(|it| it.points == points && it.weight >= 3);
        let (yes, no) = (sum(Answer::Yes), sum(Answer::No));
        match (decisive(Answer::Yes), decisive(Answer::No)) {
            (true, false) => Answer::Yes,
            (false, true) => Answer::No,
            _ if yes >= no + 2 => Answer::Yes,
            _ if no >= yes + 2 => Answer::No,
            _ => Answer::Unknown,
        }
    }
}

/// The questions as a person would ask them, and what weighs each.
type Weigh = fn(&Facts<'_>, &Counts) -> Scale;
const ASKED: [(&str, &str, Weigh); 6] = [
    ("one-server", "Can one server carry the load and the failure model?", one_server),
    ("multi-node", "Must it run on several nodes, or move when a node is lost?", multi_node),
    (
        "replicas-and-rollouts",
        "Does it need many replicas, controlled rollouts or autoscaling?",
        replicas,
    ),
    ("teams-and-environments", "Are there many services across teams and environments?", teams),
    ("gitops", "Is GitOps with drift control and pull-based delivery needed?", gitops),
    ("packaging", "Do charts and reuse across environments pay?", packaging),
];

pub fn answer(facts: &Facts<'_>, counts: &Counts) -> Vec<Question> {
    let mut questions = Vec::with_capacity(ASKED.len());
    for (id, text, weigh) in ASKED {
        let mut scale = weigh(facts, counts);
        let of_workloads = ["multi-node", "replicas-and-rollouts", "teams-and-environments"];
        if counts.hides_workloads() && of_workloads.contains(&id) {
            // Evidence without a place says that something is absent.
            scale.evidence.retain(|it| {
                it.points != Answer::No || it.span.is_some() || it.fact.starts_with("a person")
            });
            scale.lacks("the charts as rendered (`helm template`): their templates were left out");
        }
        let person = facts.config().answer(id).and_then(|it| match it {
            "yes" | "true" => Some(Answer::Yes),
            "no" | "false" => Some(Answer::No),
            _ => None,
        });
        let answer = person.unwrap_or_else(|| scale.weigh());
        questions.push(Question {
            id,
            text,
            answer,
            by_person: person.is_some(),
            evidence: scale.evidence,
            settled_by: if answer == Answer::Unknown { scale.settled_by } else { Vec::new() },
        });
    }
    questions
}

fn gib(bytes: f64) -> f64 {
    bytes / (1024.0 * 1024.0 * 1024.0)
}

/// To one decimal, if there is one. By hand, since the library's printing of any float is big.
fn rounded(amount: f64) -> String {
    let tenths = (amount * 10.0).round() as u64;
    match tenths % 10 {
        0 => format!("{}", tenths / 10),
        rest => format!("{}.{rest}", tenths / 10),
    }
}

fn one_server(facts: &Facts<'_>, counts: &Counts) -> Scale {
    let mut scale = Scale::default();
    let server = facts.config().server.unwrap_or_default();
    let amounts =
        |cpus: f64, memory: f64| format!("{} CPUs and {} GiB", rounded(cpus), rounded(memory));
    let size = || amounts(server.cpus, gib(server.memory_bytes));
    let sum = || amounts(counts.cpus, gib(counts.memory_bytes));
    if counts.cpus > server.cpus || counts.memory_bytes > server.memory_bytes {
        let fact = format!("the files ask for {}, more than a server of {} has", sum(), size());
        scale.says(Answer::No, 3, fact, None);
    } else if counts.is_sized() {
        let share = (counts.cpus / server.cpus).max(counts.memory_bytes / server.memory_bytes);
        let weight = if share <= 0.5 { 2 } else { 1 };
        let fact = format!("the files ask for {}, which a server of {} has", sum(), size());
        scale.says(Answer::Yes, weight, fact, None);
    } else {
        scale.lacks("requests or limits for every container, so that they can be summed");
    }
    if counts.gpus > 1 {
        let weight = if counts.gpus > 8 { 3 } else { 1 };
        scale.says(
            Answer::No,
            weight,
            format!("{} GPUs are asked for", counts.gpus),
            counts.first_gpu,
        );
    }
    if counts.containers > 0 && counts.replicated.is_empty() && !counts.hides_workloads() {
        scale.says(
            Answer::Yes,
            1,
            "everything runs as a single replica, so losing one machine stops it anyway",
            None,
        );
    }
    let couplings = signals::host_couplings(facts);
    if let Some((first, span)) = couplings.first() {
        scale.says(Answer::Yes, 1, format!("{first}: it stays where its files are"), Some(*span));
    }
    let production = facts.services().iter().find(|it| it.role == Role::Production);
    if let Some(service) = production
        && !facts.has_cluster_side()
    {
        scale.says(
            Answer::Yes,
            1,
            "a Compose file for production runs it on one machine today",
            Some(service.span()),
        );
    }
    match facts.config().answer("downtime") {
        Some(it @ ("hours" | "minutes")) => {
            scale.says(
                Answer::Yes,
                2,
                format!("a person says that {it} of downtime are tolerable"),
                None,
            );
        }
        Some(it @ ("seconds" | "none")) => {
            scale.says(
                Answer::No,
                3,
                format!("a person says that the tolerable downtime is: {it}"),
                None,
            );
        }
        _ => scale
            .lacks("how much downtime is tolerable (`downtime`: none, seconds, minutes, hours)"),
    }
    scale.lacks("measured peak load of one machine (`docker stats`, `kubectl top pods`)");
    scale
}

fn multi_node(facts: &Facts<'_>, _: &Counts) -> Scale {
    let mut scale = Scale::default();
    let mut spread = Vec::new();
    let mut pinned = Vec::new();
    let mut agents = Vec::new();
    for workload in facts.workloads() {
        let spec = &workload.model.template.spec;
        if let Some(it) = spec.topology_spread.first() {
            spread.push((workload.label.clone(), it.span));
        } else if let Some(span) = spec.affinity.anti {
            spread.push((workload.label.clone(), span));
        }
        if let Some((key, value)) = spec.node_selector.iter().find(|it| !is_platform_label(&it.0)) {
            pinned.push((workload.label.clone(), key.span.to(value.span)));
        } else if let Some(span) = spec.affinity.node {
            pinned.push((workload.label.clone(), span));
        }
        if workload.kind() == WorkloadKind::DaemonSet {
            agents.push((workload.label.clone(), workload.span()));
        }
    }
    let budgets = signals::objects_where(facts, &|it| matches!(it, Body::DisruptionBudget(_)));
    scale.counts(
        Answer::Yes,
        2,
        &spread,
        ["spreads its Pods over nodes", "spread their Pods over nodes"],
    );
    scale.counts(
        Answer::Yes,
        2,
        &pinned,
        ["chooses among different nodes", "choose among different nodes"],
    );
    scale.counts(Answer::Yes, 1, &agents, ["runs on every node", "run on every node"]);
    scale.counts(
        Answer::Yes,
        1,
        &budgets,
        ["guards against drained nodes", "guard against drained nodes"],
    );
    let mut swarm = Vec::new();
    for service in facts.services().iter().filter(|it| it.role != Role::Development) {
        let Some(deploy) = &service.model.deploy else { continue };
        if let Some(placement) = deploy
            .placement
            .as_ref()
            .filter(|it| !it.constraints.is_empty() || !it.preferences.is_empty())
        {
            swarm.push((service.unit.label.clone(), placement.span));
        } else if let Some(mode) = deploy.mode.as_ref().filter(|it| it.as_str() == "global") {
            swarm.push((service.unit.label.clone(), mode.span));
        }
    }
    scale.counts(
        Answer::Yes,
        2,
        &swarm,
        ["says on which nodes of a Swarm it runs", "say on which nodes of a Swarm they run"],
    );
    if scale.evidence.is_empty() {
        let what = if facts.has_cluster_side() {
            "no workload spreads over nodes, chooses a node or guards against losing one"
        } else {
            "nothing in the files speaks of more than one machine"
        };
        scale.says(Answer::No, 2, what, None);
    }
    scale.lacks("whether service must go on while a machine is down");
    scale
}

fn is_platform_label(key: &str) -> bool {
    matches!(
        key,
        "kubernetes.io/os"
            | "kubernetes.io/arch"
            | "beta.kubernetes.io/os"
            | "beta.kubernetes.io/arch"
    )
}

fn replicas(facts: &Facts<'_>, counts: &Counts) -> Scale {
    let mut scale = Scale::default();
    let weight = if counts.replicated.len() > 1 { 2 } else { 1 };
    scale.counts(
        Answer::Yes,
        weight,
        &counts.replicated,
        ["runs as more than one replica", "run as more than one replica"],
    );
    // An autoscaler that may run one replica at most scales nothing.
    let scales = |it: &Autoscaler| it.scales_replicas() && it.maximum().is_none_or(|most| most > 1);
    let scalers =
        signals::objects_where(facts, &|it| matches!(it, Body::Autoscaler(it) if scales(it)));
    scale.counts(
        Answer::Yes,
        2,
        &scalers,
        ["changes the number of replicas by load", "change the number of replicas by load"],
    );
    let mut rollouts = Vec::new();
    for workload in facts.workloads() {
        if workload.kind() == WorkloadKind::Rollout {
            rollouts.push((workload.label.clone(), workload.span()));
        } else if let Some(strategy) =
            workload.model.strategy.as_ref().filter(|it| it.rolling_place.is_some())
        {
            rollouts.push((workload.label.clone(), strategy.place.span));
        }
    }
    for service in facts.services().iter().filter(|it| it.role != Role::Development) {
        if let Some(update) = service.model.deploy.as_ref().and_then(|it| it.update_config.as_ref())
        {
            rollouts.push((service.unit.label.clone(), update.span));
        }
    }
    scale.counts(
        Answer::Yes,
        1,
        &rollouts,
        ["says how a new version rolls out", "say how a new version rolls out"],
    );
    if scale.evidence.is_empty() && counts.containers > 0 {
        scale.says(
            Answer::No,
            2,
            "every server runs as one replica and none is scaled by load",
            None,
        );
    }
    scale.lacks("whether peaks of load need more copies than one machine runs");
    scale
}

fn teams(facts: &Facts<'_>, counts: &Counts) -> Scale {
    let mut scale = Scale::default();
    let things = counts.workloads.max(counts.compose_services);
    match things {
        0 => {}
        1..=8 => scale.says(
            Answer::No,
            2,
            format!("{things} workloads are few enough for one team"),
            None,
        ),
        9..=20 => {}
        _ => scale.says(Answer::Yes, 1, format!("{things} workloads are run"), None),
    }
    if counts.namespaces.len() > 2 {
        scale.says(
            Answer::Yes,
            1,
            format!("objects live in {} namespaces", counts.namespaces.len()),
            None,
        );
    }
    let walls = signals::objects_where(facts, &|it| {
        matches!(it, Body::ResourceQuota(_) | Body::LimitRange(_) | Body::NetworkPolicy(_))
    });
    scale.counts(
        Answer::Yes,
        1,
        &walls,
        ["parts tenants from one another", "part tenants from one another"],
    );
    let owners = owners(facts);
    if owners > 2 {
        scale.says(
            Answer::Yes,
            1,
            format!("images come from {owners} owners of your own registries"),
            None,
        );
    }
    if counts.overlays > 1 {
        scale.says(
            Answer::Yes,
            1,
            format!("{} overlays stand for environments", counts.overlays),
            None,
        );
    }
    match facts.config().answer("teams").and_then(|it| it.parse::<u32>().ok()) {
        Some(teams) if teams > 2 => {
            scale.says(Answer::Yes, 3, format!("a person says that {teams} teams deploy"), None)
        }
        Some(teams) => scale.says(
            Answer::No,
            2,
            format!("a person says that the number of teams is {teams}"),
            None,
        ),
        None => scale.lacks("how many teams deploy on their own (`teams`)"),
    }
    scale
}

/// Distinct owners of images that are not public products.
fn owners(facts: &Facts<'_>) -> usize {
    let mut owners: FxHashMap<&str, usize> = FxHashMap::default();
    for image in facts.units().filter_map(|it| it.image.as_ref()).filter(|it| it.family.is_none()) {
        if let Some((owner, _)) = image.repository.rsplit_once('/') {
            *owners.entry(owner).or_default() += 1;
        }
    }
    owners.values().filter(|count| **count > 1).count()
}

fn gitops(facts: &Facts<'_>, counts: &Counts) -> Scale {
    let mut scale = Scale::default();
    if counts.argocd + counts.flux > 0 {
        let file = facts.files().iter().find(|it| it.kind == Kind::ArgoCd);
        let span = file.map(|it| Span::new(it.id, 0, it.text().find('\n').unwrap_or(0)));
        let flux = || facts.objects().iter().find(|it| it.group().ends_with("fluxcd.io"));
        let span = span.or_else(|| flux().map(|it| it.name_span()));
        scale.says(Answer::Yes, 3, "a GitOps controller's objects are among the files", span);
    } else if !counts.has_cluster() {
        scale.says(Answer::No, 2, "there is no cluster whose state could drift from Git", None);
    } else if counts.workloads <= 8 && !counts.hides_workloads() {
        scale.says(
            Answer::No,
            1,
            "a pipeline that applies these few objects is enough to follow",
            None,
        );
    }
    match facts.config().answer("audit") {
        Some("yes" | "true") => {
            scale.says(Answer::Yes, 3, "a person says that changes are audited", None)
        }
        Some("no" | "false") => {
            scale.says(Answer::No, 2, "a person says that changes are not audited", None)
        }
        _ => scale.lacks("whether every change must be traceable (`audit`: yes, no)"),
    }
    scale
}

fn packaging(facts: &Facts<'_>, counts: &Counts) -> Scale {
    let mut scale = Scale::default();
    if counts.charts > 0 {
        let chart = facts.files().iter().find(|it| it.kind == Kind::Chart);
        scale.says(
            Answer::Yes,
            2,
            "a chart is among the files",
            chart.map(|it| Span::new(it.id, 0, 0)),
        );
    }
    if counts.overlays > 1 {
        scale.says(Answer::Yes, 2, format!("{} overlays reuse a base", counts.overlays), None);
    }
    if let Some((name, count, span)) = copied_workload(facts) {
        let text =
            format!("`{name}` is written {count} times, once for each environment or namespace");
        scale.says(Answer::Yes, 2, text, Some(span));
    }
    if scale.evidence.is_empty() {
        let what = if facts.has_cluster_side() {
            "nothing is written twice for different environments"
        } else {
            "there is no cluster to package for"
        };
        scale.says(Answer::No, 2, what, None);
    }
    scale.lacks("how many environments get the same manifests");
    scale
}

/// The workload that stands most often in several namespaces or folders, with the same kind, name
/// and images: its label, how often, and its first place.
fn copied_workload<'f>(facts: &'f Facts<'_>) -> Option<(&'f str, usize, Span)> {
    let mut copies: IndexMap<(&str, Vec<&str>), Vec<usize>, FxBuildHasher> = IndexMap::default();
    for workload in facts.workloads().iter().filter(|it| !it.name.is_empty()) {
        let images = workload.units.iter().filter_map(|it| it.image.as_ref());
        let repositories = images.map(|it| it.repository.as_str()).collect();
        copies.entry((&workload.label, repositories)).or_default().push(workload.index);
    }
    let mut most: Option<(usize, &str, Span)> = None;
    for list in copies.values() {
        let first = &facts.workloads()[list[0]];
        let more = most.is_none_or(|(count, label, _)| {
            list.len() > count || list.len() == count && first.label.as_str() < label
        });
        if list.len() > 1 && more {
            most = Some((list.len(), &first.label, first.span()));
        }
    }
    most.map(|(count, label, span)| (label, count, span))
}

#[cfg(test)]
mod tests {
    use crate::report::Answer;
    use crate::{File, Options, analyze};

    /// The answer to `replicas-and-rollouts` for a Deployment with an HPA of at most `most`.
    fn answer_with_at_most(most: u32) -> Answer {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: a }}\nspec:\n  selector: {{ matchLabels: {{ a: b }} }}\n  \
             template:\n    metadata: {{ labels: {{ a: b }} }}\n    spec:\n      containers: [{{ name: a, image: 'a:1' }}]\n---\n\
             apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{ name: a }}\nspec:\n  \
             scaleTargetRef: {{ kind: Deployment, name: a }}\n  minReplicas: 1\n  maxReplicas: {most}\n"
        );
        let report = analyze(&[File::new("a.yaml", text)], &Options::default());
        let question =
            report.decision.questions.iter().find(|it| it.id == "replicas-and-rollouts").unwrap();
        question.answer
    }

    #[test]
    fn the_questions_are_those_that_can_be_answered() {
        let report = analyze(&[], &Options::default());
        let ids: Vec<&str> = report.decision.questions.iter().map(|it| it.id).collect();
        assert_eq!(ids, crate::config::QUESTIONS);
    }

    #[test]
    fn an_autoscaler_of_one_replica_scales_nothing() {
        assert_eq!(answer_with_at_most(1), Answer::No);
        assert_eq!(answer_with_at_most(4), Answer::Yes);
    }
}
