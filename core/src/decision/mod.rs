//! How much platform the files ask for: signals with their evidence, six questions, an outcome.
//!
//! How a decision is made: the facts are split into systems (`system`), of each one environment is counted
//! (`counted`) and added up (`sums`); signals are seen (`signals`) and weighed for each question (`scale`,
//! `questions`); a table leads from the answers to an outcome (`outcome`); and what follows from it is put
//! into words (`conclusion`), into two checklists and into the crossing table.
//!
//! The decision never calls one tool more professional than another. It states what the files show,
//! what a person answered, and what would change the outcome.

mod alike;
mod beliefs;
mod checklists;
mod conclusion;
mod cost;
mod counted;
mod crossing;
mod forms;
mod load;
mod outcome;
mod pipelines;
mod questions;
mod reasons;
mod release;
mod scale;
mod scenario;
mod signals;
mod stages;
mod steps;
mod sums;
mod system;
mod tenants;
mod trial;
mod unread;

use crate::facts::Facts;
use crate::report::{self, Decision, Finding};
use crossing::Shared;
use signals::Signals;
use sums::Loads;
use system::System;

/// Decides on every system from the facts and the findings. `ran` holds the codes of the rules that took
/// part.
pub fn decide(facts: &Facts<'_>, findings: &[Finding], ran: &[&str]) -> Vec<report::System> {
    let copies = facts.copied_manifests();
    let systems = system::systems(facts, findings, &copies);
    let shared = Shared::of(facts);
    systems
        .iter()
        .map(|system| report::System {
            name: system.name.clone(),
            targets: system.target_names(),
            decision: decide_one(system, ran, &shared),
        })
        .collect()
}

fn decide_one<'f>(system: &System<'f>, ran: &[&str], shared: &Shared<'f>) -> Decision {
    let loads = Loads::of(system);
    let signals = Signals::of(system, &loads);
    let to_cross = crossing::services(system);
    let crossing = crossing::table(system.facts, &to_cross, shared);
    let checklists = checklists::both(system, ran, &to_cross, &crossing);
    let mut decision = conclusion::conclude(system, &loads, &signals);
    decision.steps = steps::next(system, &decision, &checklists);
    decision.checklists = checklists;
    decision.crossing = crossing;
    release::name(&mut decision);
    decision
}

#[cfg(test)]
mod projects;

#[cfg(test)]
mod tests {
    use crate::build::{Recipe, Request};
    use crate::config::Downtime;
    use crate::report::{Answer, Decision, Environment, Platform, Today};
    use crate::{Config, File, Options, Workspace, analyze};

    /// Returns the decision on a project with these paths and texts.
    pub fn decide_with(files: &[(&str, &str)], config: Config) -> Decision {
        let files: Vec<File> = files.iter().map(|(path, text)| File::new(*path, *text)).collect();
        analyze(&files, &Options { config, ..Options::default() }).decision()
    }

    /// Returns the systems of a project with these paths and texts.
    pub fn systems_of(files: &[(&str, &str)]) -> Vec<crate::report::System> {
        let files: Vec<File> = files.iter().map(|(path, text)| File::new(*path, *text)).collect();
        analyze(&files, &Options::default()).systems
    }

    #[test]
    fn what_templates_hide_is_not_absent() {
        let files = [
            File::new("Chart.yaml", "apiVersion: v2\nname: a\nversion: 0.1.0\n"),
            File::new(
                "templates/a.yaml",
                "kind: Deployment\nspec:\n  replicas: {{ required \"replicas are wanted\" .Values.replicas }}\n",
            ),
            File::new("compose.yaml", "services: {a: {image: 'a:1', restart: always}}\n"),
        ];
        let decision = |files: &[File]| analyze(files, &Options::default()).decision();
        let whole = decision(&files);
        assert_eq!(whole.questions[1].answer, Answer::Unknown);
        assert!(whole.questions[1].settled_by.iter().any(|it| it.contains("plimsoll render")));
        assert_eq!((whole.today, whole.outcome.platform), (Today::Both, Platform::Either));
        assert_eq!(decision(&files[..2]).today, Today::Kubernetes);
        assert_eq!(decision(&files[2..]).outcome.platform, Platform::Compose);
    }

    #[test]
    fn nothing_is_decided_about_files_that_show_no_system() {
        let files = [File::new("notes.yaml", "just: text\n")];
        let decision = analyze(&files, &Options::default()).decision();
        assert!(decision.questions.iter().all(|it| it.answer == Answer::Unknown));
        assert_eq!((decision.today, decision.outcome.platform), (Today::Unknown, Platform::Either));
        let mut config = Config::default();
        config.answers.downtime = Some(Downtime::None);
        let answered = analyze(&files, &Options { config, ..Options::default() });
        assert_eq!(answered.decision().questions[0].answer, Answer::No);
    }

    #[test]
    fn the_environment_that_somebody_states_is_the_one_that_counts() {
        let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'acme/web:1.2.3'}]}\n";
        let overlay = |count: u8| {
            format!("resources: [../../base]\nreplicas: [{{name: web, count: {count}}}]\n")
        };
        for root in ["", "/srv/prod/shop/"] {
            let mut workspace = Workspace::default();
            for (path, text) in [
                ("k8s/base/kustomization.yaml", "resources: [web.yaml]\n".to_owned()),
                ("k8s/base/web.yaml", web.to_owned()),
                ("k8s/overlays/prod/kustomization.yaml", overlay(4)),
                ("k8s/overlays/staging/kustomization.yaml", overlay(2)),
            ] {
                workspace.set(&format!("{root}{path}"), text);
            }
            let request = Request {
                environment: Some(Environment::Production),
                is_exclusive: true,
                ..Request::new(
                    &format!("{root}k8s/overlays/staging"),
                    Recipe::Kustomization(Default::default()),
                )
            };
            let mut config = Config::default();
            config.targets.requests.push(request);
            let decision = workspace.analysis(&config).report(&Options::default()).decision();
            let facts = decision.questions.iter().flat_map(|it| &it.evidence);
            let facts: Vec<&str> = facts.map(|it| &*it.fact).collect();
            let is_staging = facts.iter().any(|it| it.contains("`web` runs as 2 replicas"));
            assert!(is_staging, "{root}: {facts:?}");
            let from = format!("counted from overlay `{root}k8s/overlays/staging`");
            assert!(decision.counted.ends_with(&from), "{}", decision.counted);
        }
    }
}
