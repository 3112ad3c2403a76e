//! What must not change the decision, and what may change it in one direction only.

use super::{Project, all};
use plimsoll_core::File;
use plimsoll_core::report::{Answer, AnsweredBy, Decision, Platform, Question, QuestionId, System};

/// Returns how near an outcome is to a cluster.
fn nearness(decision: &Decision) -> u8 {
    let outcome = &decision.outcome;
    match (outcome.platform, outcome.so_far) {
        (Platform::Compose | Platform::LargerServer, _) => 0,
        (Platform::Either, Platform::Compose | Platform::LargerServer) => 1,
        (Platform::Either, Platform::Either) => 2,
        (Platform::Either, Platform::Swarm | Platform::Kubernetes) => 3,
        (Platform::Swarm | Platform::Kubernetes, _) => 4,
    }
}

/// Returns the answers, what suits the system and what it asks for, without the words.
fn cells(systems: &[System]) -> Vec<String> {
    let cells = |system: &System| {
        let decision = &system.decision;
        let answers: Vec<&str> = decision.questions.iter().map(|it| it.answer.name()).collect();
        format!(
            "{} {} {answers:?} {:?} {:?} {:?}",
            system.name, decision.today, decision.outcome, decision.fit, decision.sums
        )
    };
    systems.iter().map(cells).collect()
}

/// Calls a function with each project and its systems.
fn each(mut judge: impl FnMut(&Project, &[System])) {
    for project in all() {
        let systems = project.decide(&project.files, project.config());
        judge(&project, &systems);
    }
}

/// Returns the files with a change of those that the function changes. `None` where it changes nothing.
fn changed(files: &[File], change: impl Fn(&File) -> Option<String>) -> Option<Vec<File>> {
    let mut count = 0;
    let mut each = |file: &File| match change(file) {
        Some(text) => {
            count += 1;
            File::new(file.path.clone(), text)
        }
        None => file.clone(),
    };
    let files: Vec<File> = files.iter().map(&mut each).collect();
    (count > 0).then_some(files)
}

fn is_compose(file: &File) -> bool {
    file.text.lines().any(|line| line.starts_with("services:"))
}

fn is_manifest(file: &File) -> bool {
    file.text.contains("\nkind: Deployment\n") && !file.text.contains("{{")
}

/// Returns a manifest after each of whose Deployments one more document stands.
fn with_documents(file: &File, document: impl Fn(&str) -> String) -> Option<String> {
    if !is_manifest(file) {
        return None;
    }
    let mut text = file.text.trim_end().to_owned();
    for part in file.text.split("\n---") {
        let is_deployment = part.lines().any(|line| line == "kind: Deployment");
        let name = part.lines().find_map(|line| line.strip_prefix("  name: "));
        if is_deployment && let Some(name) = name {
            text.push_str(&format!("\n---\n{}", document(name.trim())));
        }
    }
    Some(text)
}

/// Returns a Compose file in which each service that is written in block style has one more line.
fn with_lines(file: &File, line: &str) -> Option<String> {
    if !is_compose(file) {
        return None;
    }
    let mut text = String::new();
    let mut is_among_services = false;
    for written in file.text.lines() {
        if !written.starts_with([' ', '#']) && !written.is_empty() {
            is_among_services = written.starts_with("services:");
        }
        text.push_str(&format!("{written}\n"));
        let is_name = written.starts_with("  ") && !written[2..].starts_with([' ', '#']);
        if is_among_services && is_name && written.trim_end().ends_with(':') {
            text.push_str(&format!("    {line}\n"));
        }
    }
    Some(text)
}

fn autoscaler(name: &str) -> String {
    format!(
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata:\n  name: {name}\nspec:\n  minReplicas: 2\n  maxReplicas: 12\n  scaleTargetRef:\n    apiVersion: apps/v1\n    kind: Deployment\n    name: {name}\n"
    )
}

fn budget(name: &str) -> String {
    format!(
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata:\n  name: {name}\nspec:\n  minAvailable: 1\n  selector:\n    matchLabels:\n      app: {name}\n"
    )
}

#[test]
fn a_fact_of_clusters_never_moves_the_outcome_towards_compose() {
    type Change = fn(&File) -> Option<String>;
    let changes: [(&str, Change); 4] = [
        ("an autoscaler", |file| with_documents(file, autoscaler)),
        ("a PodDisruptionBudget", |file| with_documents(file, budget)),
        ("twelve replicas in the cluster", |file| {
            let text = file.text.replace("\nspec:\n  replicas: 1\n", "\nspec:\n  replicas: 12\n");
            (is_manifest(file) && text != *file.text).then_some(text)
        }),
        ("twelve replicas with Compose", |file| {
            (!file.text.contains("deploy:")).then_some(())?;
            with_lines(file, "deploy: {replicas: 12}")
        }),
    ];
    let mut tried = [0; 4];
    each(|project, before| {
        for (index, (name, change)) in changes.iter().enumerate() {
            let Some(files) = changed(&project.files, change) else { continue };
            let after = project.decide(&files, project.config());
            assert_eq!(before.len(), after.len(), "{}, {name}", project.name);
            for before in before {
                let after = after.iter().find(|it| it.name == before.name).unwrap();
                let is_nearer = nearness(&after.decision) >= nearness(&before.decision);
                let [from, to] = [before, after].map(|it| it.decision.outcome);
                assert!(is_nearer, "{}, {name}: {from:?} became {to:?}", project.name);
            }
            tried[index] += 1;
        }
    });
    assert!(tried.iter().all(|count| *count >= 3), "{tried:?}");
}

#[test]
fn another_copy_of_the_environment_of_production_asks_for_nothing_more() {
    let mut tried = 0;
    each(|project, before| {
        let of_production = project.files.iter().filter(|it| it.path.contains("prod"));
        let copies: Vec<File> = of_production
            .map(|it| {
                let path = it.path.replace("production", "staging").replace("prod", "staging");
                let text = it.text.replace("production", "staging").replace("prod", "staging");
                File::new(path, text)
            })
            .filter(|copy| project.files.iter().all(|it| it.path != copy.path))
            .collect();
        if copies.is_empty() {
            return;
        }
        tried += 1;
        let files = [project.files.clone(), copies].concat();
        let after = project.decide(&files, project.config());
        assert_eq!(before.len(), after.len(), "{}", project.name);
        for (before, after) in before.iter().zip(&after) {
            let [before, after] = [&before.decision, &after.decision];
            assert_eq!(before.sums, after.sums, "{}", project.name);
            let to = |decision: &Decision| {
                let about =
                    [QuestionId::OneServer, QuestionId::MultiNode, QuestionId::ReplicasAndRollouts];
                let of = |id| decision.questions.iter().find(|it| it.id == id).unwrap().answer;
                (decision.today, about.map(of))
            };
            assert_eq!(to(before), to(after), "{}", project.name);
        }
    });
    assert!(tried >= 3, "{tried}");
}

#[test]
fn each_document_in_a_file_of_its_own_changes_nothing() {
    let mut tried = 0;
    each(|project, before| {
        // Overlays and charts name their files.
        let is_named = project
            .files
            .iter()
            .any(|it| it.path.ends_with("kustomization.yaml") || it.path.ends_with("Chart.yaml"));
        let has_several = project.files.iter().any(|it| it.text.contains("\n---\n"));
        if is_named || !has_several {
            return;
        }
        tried += 1;
        let split = |file: &File| -> Vec<File> {
            let documents = file.text.split("\n---\n").enumerate();
            let path = |at: usize| match (at, file.path.rsplit_once('.')) {
                (1.., Some((stem, ending))) => format!("{stem}-{at}.{ending}"),
                _ => file.path.to_string(),
            };
            documents.map(|(at, text)| File::new(path(at), format!("{text}\n"))).collect()
        };
        let files: Vec<File> = project.files.iter().flat_map(split).collect();
        let after = project.decide(&files, project.config());
        assert_eq!(cells(before), cells(&after), "{}", project.name);
    });
    assert!(tried >= 3, "{tried}");
}

#[test]
fn an_answer_that_repeats_the_files_changes_only_who_said_it() {
    let mut tried = 0;
    each(|project, before| {
        let [system] = before else { return };
        for question in &system.decision.questions {
            let says = match (question.answer, question.by) {
                (Answer::Yes, AnsweredBy::Files) => true,
                (Answer::No, AnsweredBy::Files) => false,
                (Answer::Unknown, _) | (_, AnsweredBy::Person) => continue,
            };
            let mut config = project.config();
            config.answers.questions.insert(question.id, says);
            let after = project.decide(&project.files, config);
            assert_eq!(cells(before), cells(&after), "{}, {}={says}", project.name, question.id);
            let of = |it: &&Question| it.id == question.id;
            let after = after[0].decision.questions.iter().find(of).unwrap();
            assert_eq!(after.by, AnsweredBy::Person, "{}, {}", project.name, question.id);
            tried += 1;
        }
    });
    assert!(tried >= 40, "{tried}");
}
