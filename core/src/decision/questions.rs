//! The six questions, each answered from the files with the evidence for the answer.

use super::scale::Scale;
use super::signals::{self, Counts};
use crate::config::Downtime;
use crate::facts::Facts;
use crate::knowledge::publishers::is_public;
use crate::model::environment_of;
use crate::model::kubernetes::{Autoscaler, Body, WorkloadKind};
use crate::report::{Answer, AnsweredBy, Environment, Kind, Question, QuestionId, Role, Weight};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// Returns the question as a person would ask it.
fn text(id: QuestionId) -> &'static str {
    match id {
        QuestionId::OneServer => {
            "Is one server enough for the load and for the downtime that you can tolerate?"
        }
        QuestionId::MultiNode => "Must it run on several nodes, or survive the loss of one?",
        QuestionId::ReplicasAndRollouts => {
            "Does it need many replicas, controlled rollouts or autoscaling?"
        }
        QuestionId::TeamsAndEnvironments => {
            "Are there many services across teams and environments?"
        }
        QuestionId::Gitops => "Is GitOps needed, with drift detection and pull-based delivery?",
        QuestionId::Packaging => "Would charts and reuse across environments pay off?",
    }
}

fn evidence(id: QuestionId, facts: &Facts<'_>, counts: &Counts<'_>) -> Scale {
    match id {
        QuestionId::OneServer => one_server(facts, counts),
        QuestionId::MultiNode => multi_node(facts, counts),
        QuestionId::ReplicasAndRollouts => replicas_and_rollouts(facts, counts),
        QuestionId::TeamsAndEnvironments => teams_and_environments(facts, counts),
        QuestionId::Gitops => gitops(facts, counts),
        QuestionId::Packaging => packaging(facts, counts),
    }
}

/// Whether the question is about workloads, which what was not built may hide.
fn is_about_workloads(id: QuestionId) -> bool {
    match id {
        QuestionId::OneServer
        | QuestionId::MultiNode
        | QuestionId::ReplicasAndRollouts
        | QuestionId::TeamsAndEnvironments => true,
        QuestionId::Gitops | QuestionId::Packaging => false,
    }
}

/// Returns the six questions with their answers.
pub fn answer(facts: &Facts<'_>, counts: &Counts<'_>) -> Vec<Question> {
    QuestionId::ALL.into_iter().map(|id| answer_one(id, facts, counts)).collect()
}

fn answer_one(id: QuestionId, facts: &Facts<'_>, counts: &Counts<'_>) -> Question {
    let mut scale = evidence(id, facts, counts);
    if counts.hides_workloads() && is_about_workloads(id) {
        // Evidence without a place says that something is absent or adds up to little, and here the rest
        // may only be hidden.
        let in_doubt = if id == QuestionId::OneServer { Answer::Yes } else { Answer::No };
        scale
            .evidence
            .retain(|it| it.points != in_doubt || it.span.is_some() || it.by == AnsweredBy::Person);
        scale.lacks(match counts.templates {
            0 => "the manifests that the GitOps controller applies: hand over the repository that it reads",
            _ => "the parts of charts and overlays that were not built: `plimsoll render` names them",
        });
    }
    let (answer, by) = match facts.config().answers.questions.get(&id) {
        Some(true) => (Answer::Yes, AnsweredBy::Person),
        Some(false) => (Answer::No, AnsweredBy::Person),
        None => (scale.answer(), AnsweredBy::Files),
    };
    Question {
        id,
        text: text(id),
        answer,
        by,
        evidence: scale.evidence,
        settled_by: if answer == Answer::Unknown { scale.settled_by } else { Vec::new() },
    }
}

fn one_server(facts: &Facts<'_>, counts: &Counts<'_>) -> Scale {
    let mut scale = Scale::default();
    weigh_size(&mut scale, facts, counts);
    if counts.gpus > 1 {
        let weight = if counts.gpus > 8 { Weight::Decisive } else { Weight::Hint };
        let fact = format!("the files ask for {} GPUs", counts.gpus);
        scale.fact_at(Answer::No, weight, fact, counts.first_gpu);
    }
    if counts.containers > 0 && counts.replicated.is_empty() && !counts.hides_workloads() {
        scale.fact(
            Answer::Yes,
            Weight::Hint,
            "everything runs as a single replica, so the loss of one machine stops it anyway",
        );
    }
    if let Some((first, span)) = signals::host_couplings(facts).first() {
        let fact = format!("{first} and stays where its files are");
        scale.fact_at(Answer::Yes, Weight::Hint, fact, Some(*span));
    }
    let production = facts.services().iter().find(|service| service.role == Role::Production);
    if let Some(service) = production
        && !facts.has_cluster_side()
    {
        let fact = "a Compose file for production runs everything on one machine today";
        scale.fact_at(Answer::Yes, Weight::Hint, fact, Some(service.span()));
    }
    match facts.config().answers.downtime {
        Some(Downtime::Hours) => {
            scale.stated(Answer::Yes, Weight::Sign, "hours of downtime are tolerable");
        }
        Some(Downtime::Minutes) => {
            scale.stated(Answer::Yes, Weight::Sign, "minutes of downtime are tolerable");
        }
        Some(Downtime::Seconds) => {
            scale.stated(Answer::No, Weight::Decisive, "only seconds of downtime are tolerable");
        }
        Some(Downtime::None) => {
            scale.stated(Answer::No, Weight::Decisive, "no downtime is tolerable");
        }
        None => scale.lacks(
            "how much downtime is tolerable (`downtime`: `none`, `seconds`, `minutes` or `hours`)",
        ),
    }
    scale.lacks("the measured peak load (`docker stats`, `kubectl top pods`)");
    scale
}

/// Compares what the files ask for with the size of the server.
fn weigh_size(scale: &mut Scale, facts: &Facts<'_>, counts: &Counts<'_>) {
    let server = facts.config().server.unwrap_or_default();
    let sum = amounts(counts.cpus, counts.memory_bytes);
    let size = amounts(server.cpus, server.memory_bytes);
    if counts.cpus > server.cpus || counts.memory_bytes > server.memory_bytes {
        let fact = format!("the files ask for {sum}, more than a server with {size} has");
        scale.fact(Answer::No, Weight::Decisive, fact);
    } else if counts.is_sized() {
        let share = (counts.cpus / server.cpus).max(counts.memory_bytes / server.memory_bytes);
        let weight = if share <= 0.5 { Weight::Sign } else { Weight::Hint };
        let fact = format!("the files ask for {sum}, which a server with {size} has");
        scale.fact(Answer::Yes, weight, fact);
    } else {
        scale.lacks("requests or limits for every container, so that they can be added up");
    }
}

/// Returns amounts in words, without one that nothing states.
fn amounts(cpus: f64, memory_bytes: f64) -> String {
    let processors = match rounded(cpus).as_str() {
        "1" => "1 CPU".to_owned(),
        number => format!("{number} CPUs"),
    };
    let memory = format!("{} GiB of memory", rounded(memory_bytes / (1024.0 * 1024.0 * 1024.0)));
    match (cpus > 0.0, memory_bytes > 0.0) {
        (true, false) => processors,
        (false, true) => memory,
        (true, true) | (false, false) => format!("{processors} and {memory}"),
    }
}

/// Returns an amount with at most one decimal place, or two below a tenth.
fn rounded(amount: f64) -> String {
    if amount > 0.0 && amount < 0.005 {
        return "less than 0.01".to_owned();
    }
    let steps = if amount < 0.1 { 100.0 } else { 10.0 };
    format!("{}", (amount * steps).round() / steps)
}

fn multi_node(facts: &Facts<'_>, counts: &Counts<'_>) -> Scale {
    let mut scale = Scale::default();
    let mut spread = Vec::new();
    let mut pinned = Vec::new();
    let mut agents = Vec::new();
    for workload in facts.workloads() {
        let spec = &workload.model.template.spec;
        let note = |list: &mut Vec<_>, span: Span| list.push((workload.label.clone(), span));
        if let Some(constraint) = spec.topology_spread.first() {
            note(&mut spread, constraint.span);
        } else if let Some(span) = spec.affinity.anti {
            note(&mut spread, span);
        }
        let mut node_labels = spec.node_selector.iter();
        if let Some((key, value)) = node_labels.find(|(key, _)| !is_platform_label(key)) {
            note(&mut pinned, key.span.to(value.span));
        } else if let Some(span) = spec.affinity.node {
            note(&mut pinned, span);
        }
        if workload.kind() == WorkloadKind::DaemonSet {
            note(&mut agents, workload.span());
        }
    }
    let budgets = signals::objects_where(facts, |body| matches!(body, Body::DisruptionBudget(_)));
    scale.places(
        Answer::Yes,
        Weight::Sign,
        &spread,
        ["spreads its Pods across nodes", "spread their Pods across nodes"],
    );
    scale.places(
        Answer::Yes,
        Weight::Sign,
        &pinned,
        ["asks for particular nodes", "ask for particular nodes"],
    );
    scale.places(Answer::Yes, Weight::Hint, &agents, ["runs on every node", "run on every node"]);
    scale.places(
        Answer::Yes,
        Weight::Hint,
        &budgets,
        ["protects Pods while a node is drained", "protect Pods while a node is drained"],
    );
    scale.places(
        Answer::Yes,
        Weight::Sign,
        &placed_in_swarm(counts),
        ["is placed on particular nodes of a swarm", "are placed on particular nodes of a swarm"],
    );
    if scale.evidence.is_empty() {
        let fact = if facts.has_cluster_side() {
            "no workload spreads across nodes, asks for a node or guards against the loss of one"
        } else {
            "nothing in the files mentions more than one machine"
        };
        scale.fact(Answer::No, Weight::Sign, fact);
    }
    scale.lacks("whether the service must stay up while a machine is down");
    scale
}

/// Returns the Compose services that say on which nodes of a swarm they run.
fn placed_in_swarm(counts: &Counts<'_>) -> Vec<(String, Span)> {
    let mut placed = Vec::new();
    for service in &counts.counted.services {
        let Some(deploy) = &service.model.deploy else { continue };
        let placement = deploy
            .placement
            .as_ref()
            .filter(|it| !it.constraints.is_empty() || !it.preferences.is_empty());
        let global = deploy.mode.as_ref().filter(|mode| mode.as_str() == "global");
        let span = placement.map(|it| it.span).or(global.map(|mode| mode.span));
        placed.extend(span.map(|span| (service.unit.label.clone(), span)));
    }
    placed
}

/// Whether a node label names an operating system or an architecture, which images depend on and
/// which therefore says nothing about wanting several nodes.
fn is_platform_label(key: &str) -> bool {
    matches!(
        key,
        "kubernetes.io/os"
            | "kubernetes.io/arch"
            | "beta.kubernetes.io/os"
            | "beta.kubernetes.io/arch"
    )
}

fn replicas_and_rollouts(facts: &Facts<'_>, counts: &Counts<'_>) -> Scale {
    let mut scale = Scale::default();
    let weight = if counts.replicated.len() > 1 { Weight::Sign } else { Weight::Hint };
    scale.places(
        Answer::Yes,
        weight,
        &counts.replicated,
        ["runs as more than one replica", "run as more than one replica"],
    );
    // An autoscaler whose maximum is one replica scales nothing.
    let scales = |it: &Autoscaler| it.scales_replicas() && it.maximum().is_none_or(|most| most > 1);
    let autoscalers = signals::objects_where(
        facts,
        |body| matches!(body, Body::Autoscaler(autoscaler) if scales(autoscaler)),
    );
    scale.places(
        Answer::Yes,
        Weight::Sign,
        &autoscalers,
        ["adapts the number of replicas to the load", "adapt the number of replicas to the load"],
    );
    scale.places(
        Answer::Yes,
        Weight::Hint,
        &configured_rollouts(facts, counts),
        ["configures how a new version rolls out", "configure how a new version rolls out"],
    );
    if scale.evidence.is_empty() && counts.containers > 0 {
        scale.fact(
            Answer::No,
            Weight::Sign,
            "every server runs as one replica, and none scales with the load",
        );
    }
    scale.lacks("whether peak load needs more replicas than one machine can run");
    scale
}

/// Returns the workloads and Compose services that say how a new version replaces the old one.
fn configured_rollouts(facts: &Facts<'_>, counts: &Counts<'_>) -> Vec<(String, Span)> {
    let mut rollouts = Vec::new();
    for workload in facts.workloads() {
        let rolling = workload.model.strategy.as_ref().filter(|it| it.rolling_place.is_some());
        if workload.kind() == WorkloadKind::Rollout {
            rollouts.push((workload.label.clone(), workload.span()));
        } else if let Some(strategy) = rolling {
            rollouts.push((workload.label.clone(), strategy.place.span));
        }
    }
    for service in &counts.counted.services {
        let update = service.model.deploy.as_ref().and_then(|deploy| deploy.update_config.as_ref());
        rollouts.extend(update.map(|update| (service.unit.label.clone(), update.span)));
    }
    rollouts
}

fn teams_and_environments(facts: &Facts<'_>, counts: &Counts<'_>) -> Scale {
    let mut scale = Scale::default();
    match counts.workloads.max(counts.counted.services.len()) {
        0 => {}
        1 => scale.fact(Answer::No, Weight::Sign, "one workload needs no more than one team"),
        few @ 2..=8 => {
            let fact = format!("{few} workloads are few enough for one team");
            scale.fact(Answer::No, Weight::Sign, fact);
        }
        9..=20 => {}
        many => scale.fact(Answer::Yes, Weight::Hint, format!("there are {many} workloads")),
    }
    if counts.namespaces.len() > 2 {
        let fact = format!("the objects are spread over {} namespaces", counts.namespaces.len());
        scale.fact(Answer::Yes, Weight::Hint, fact);
    }
    let walls = signals::objects_where(facts, |body| {
        matches!(body, Body::ResourceQuota(_) | Body::LimitRange(_) | Body::NetworkPolicy(_))
    });
    scale.places(
        Answer::Yes,
        Weight::Hint,
        &walls,
        ["separates tenants from each other", "separate tenants from each other"],
    );
    let owners = image_owners(counts);
    if owners > 2 {
        let fact = format!("your own images come from {owners} different owners");
        scale.fact(Answer::Yes, Weight::Hint, fact);
    }
    if counts.overlays > 1 {
        let fact = format!("{} overlays stand for environments", counts.overlays);
        scale.fact(Answer::Yes, Weight::Hint, fact);
    }
    match facts.config().answers.teams {
        Some(teams @ 3..) => {
            let fact = format!("{teams} teams deploy on their own");
            scale.stated(Answer::Yes, Weight::Decisive, &fact);
        }
        Some(teams) => {
            let fact = format!("the number of teams that deploy on their own is {teams}");
            scale.stated(Answer::No, Weight::Sign, &fact);
        }
        None => scale.lacks("how many teams deploy on their own (`teams`)"),
    }
    scale
}

/// Returns the number of owners of several images that are not public products.
fn image_owners(counts: &Counts<'_>) -> usize {
    let services = counts.counted.services.iter().map(|it| &it.unit);
    let containers = counts.counted.workloads.iter().flat_map(|it| &it.units);
    let images = services.chain(containers).filter_map(|it| it.image.as_ref());
    let own = images.filter(|it| it.family.is_none() && !is_public(&it.repository));
    let mut owners: FxHashMap<&str, FxHashSet<&str>> = FxHashMap::default();
    for image in own {
        if let Some((owner, name)) = image.repository.rsplit_once('/') {
            owners.entry(owner).or_default().insert(name);
        }
    }
    owners.into_values().filter(|names| names.len() > 1).count()
}

fn gitops(facts: &Facts<'_>, counts: &Counts<'_>) -> Scale {
    let mut scale = Scale::default();
    if counts.argocd + counts.flux > 0 {
        let file = facts.files().iter().find(|file| file.kind == Kind::ArgoCd);
        let first_line = |text: &str| text.find('\n').unwrap_or(0);
        let argocd = file.map(|file| Span::new(file.id, 0, first_line(file.text())));
        let flux = || facts.objects().iter().find(|object| signals::is_flux(object));
        let span = argocd.or_else(|| flux().map(|object| object.name_span()));
        let fact = "the files include objects of a GitOps controller";
        scale.fact_at(Answer::Yes, Weight::Decisive, fact, span);
    } else if !counts.has_cluster() {
        let fact = "there is no cluster whose state could drift from Git";
        scale.fact(Answer::No, Weight::Sign, fact);
    } else if counts.workloads <= 8 && !counts.hides_workloads() {
        let fact = "a pipeline that applies these few objects is easy enough to follow";
        scale.fact(Answer::No, Weight::Hint, fact);
    }
    match facts.config().answers.audit {
        Some(true) => scale.stated(Answer::Yes, Weight::Decisive, "changes are audited"),
        Some(false) => scale.stated(Answer::No, Weight::Sign, "changes are not audited"),
        None => scale.lacks("whether every change must be traceable (`audit`: `yes` or `no`)"),
    }
    scale
}

fn packaging(facts: &Facts<'_>, counts: &Counts<'_>) -> Scale {
    let mut scale = Scale::default();
    if counts.charts > 0 {
        let chart = facts.files().iter().find(|file| file.kind == Kind::Chart);
        let span = chart.map(|file| Span::new(file.id, 0, 0));
        scale.fact_at(Answer::Yes, Weight::Sign, "the files include a chart", span);
    }
    if counts.helm_release.is_some() {
        let fact = "Flux installs charts for these files";
        scale.fact_at(Answer::Yes, Weight::Sign, fact, counts.helm_release);
    }
    if counts.overlays > 1 {
        let fact = format!("{} overlays reuse a base", counts.overlays);
        scale.fact(Answer::Yes, Weight::Sign, fact);
    }
    if let Some((name, count, span)) = most_copied_workload(facts) {
        let fact =
            format!("{name} is written {count} times, once for each environment or namespace");
        scale.fact_at(Answer::Yes, Weight::Sign, fact, Some(span));
    }
    if let Some(copies) = facts.copied_manifests().first() {
        let [first, second] = &copies.paths;
        let percent = 100.0 * copies.similarity();
        let fact = format!("{percent:.0} % of `{second}` is the same as `{first}`");
        scale.fact_at(Answer::Yes, Weight::Sign, fact, Some(copies.places[1]));
    }
    if scale.evidence.is_empty() {
        let fact = if facts.has_cluster_side() {
            "nothing is written again for another environment"
        } else {
            "there is no cluster to package for"
        };
        scale.fact(Answer::No, Weight::Sign, fact);
    }
    scale.lacks("how many environments get the same manifests");
    scale
}

/// Returns the workload that is written most often, with the same kind, name and images, for different
/// environments or namespaces: its label, for how many of them, and where it appears first.
fn most_copied_workload<'f>(facts: &'f Facts<'_>) -> Option<(&'f str, usize, Span)> {
    struct Copies<'f> {
        label: &'f str,
        /// What each copy is for.
        stages: FxHashSet<(Option<Environment>, Option<&'f str>)>,
        first: Span,
    }
    let mut copies: FxHashMap<(&str, Vec<&str>), Copies<'_>> = FxHashMap::default();
    for workload in facts.workloads().iter().filter(|workload| !workload.name.is_empty()) {
        // What a chart or an overlay builds for several environments is written once.
        if facts.built_target(workload.object.file).is_some() {
            continue;
        }
        let environment = environment_of(facts.file(workload.object.file).path());
        let namespace = workload.object.meta.namespace.as_ref().map(|it| it.as_str());
        if environment.is_none() && namespace.is_none() {
            continue;
        }
        let images = workload.units.iter().filter_map(|unit| unit.image.as_ref());
        let repositories = images.map(|image| image.repository.as_str()).collect();
        let label = workload.label.as_str();
        let seen = copies.entry((label, repositories)).or_insert_with(|| Copies {
            label,
            stages: FxHashSet::default(),
            first: workload.span(),
        });
        seen.stages.insert((environment, namespace));
    }
    let several = copies.into_values().filter(|it| it.stages.len() > 1);
    // Of two with the same count, the label and then the place decide, whatever the order of the map.
    let most = several.min_by_key(|it| (std::cmp::Reverse(it.stages.len()), it.label, it.first))?;
    Some((most.label, most.stages.len(), most.first))
}

#[cfg(test)]
mod tests {
    use super::rounded;
    use crate::report::{Answer, QuestionId};
    use crate::{File, Options, analyze};

    /// Returns the answer to `replicas-and-rollouts` for a Deployment whose autoscaler has this
    /// maximum.
    fn answer_for_maximum(maximum: u32) -> Answer {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: a }}\nspec:\n  selector: {{ matchLabels: {{ a: b }} }}\n  \
             template:\n    metadata: {{ labels: {{ a: b }} }}\n    spec:\n      containers: [{{ name: a, image: 'a:1' }}]\n---\n\
             apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{ name: a }}\nspec:\n  \
             scaleTargetRef: {{ kind: Deployment, name: a }}\n  minReplicas: 1\n  maxReplicas: {maximum}\n"
        );
        let report = analyze(&[File::new("a.yaml", text)], &Options::default());
        let mut questions = report.decision.questions.into_iter();
        questions.find(|it| it.id == QuestionId::ReplicasAndRollouts).unwrap().answer
    }

    #[test]
    fn an_autoscaler_of_one_replica_scales_nothing() {
        assert_eq!(answer_for_maximum(1), Answer::No);
        assert_eq!(answer_for_maximum(4), Answer::Yes);
    }

    #[test]
    fn amounts_have_a_decimal_place_only_where_it_says_something() {
        assert_eq!(rounded(16.0), "16");
        assert_eq!(rounded(0.25), "0.3");
        assert_eq!(rounded(1.97), "2");
        assert_eq!(rounded(3.5), "3.5");
        assert_eq!(rounded(0.02), "0.02");
        assert_eq!(rounded(0.001), "less than 0.01");
    }
}
