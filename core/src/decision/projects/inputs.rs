//! What a kustomization lacks that is not committed: it hides only what it could bear on.

use super::{decide, plain, service};
use crate::report::{Answer, CheckItem, CheckState, Decision, Worth};

/// The environment file of the generator is not among the files.
const GENERATOR: &str = "resources: [web.yaml]\nsecretGenerator: [{name: web, envs: [.env]}]\n";

fn with(kustomization: &str, compose: &str) -> Decision {
    let web = format!("{}---\n{}", plain("web"), service("web"));
    decide(&[
        ("compose.yaml", compose),
        ("k8s/kustomization.yaml", kustomization),
        ("k8s/web.yaml", &web),
    ])
}

const COMPOSE: &str = "services: {web: {image: 'acme/web:1.2.3', restart: always}}\n";

#[test]
fn a_missing_input_of_a_generator_hides_no_workload() {
    let decision = with(GENERATOR, COMPOSE);
    for question in &decision.questions[1..] {
        assert_eq!(question.answer, Answer::No, "{:?}", question.id);
    }
    assert_eq!((decision.outcome.kustomize, decision.outcome.argocd), (Worth::InUse, Worth::No));
    let said = format!("{:?}{:?}", decision.reasons, decision.steps);
    assert!(!said.contains("not built") && !said.contains("Complete"), "{said}");
    let unseen = decision.checklists.crossing.iter().filter(|it| it.next.contains("not built"));
    assert_eq!(unseen.count(), 0);
}

#[test]
fn a_missing_resource_may_be_anything() {
    let decision = with("resources: [web.yaml, worker.yaml]\n", COMPOSE);
    assert!(decision.questions[1..].iter().all(|it| it.answer == Answer::Unknown));
    let both = "resources: [web.yaml, worker.yaml]\nsecretGenerator: [{name: web, envs: [.env]}]\n";
    assert!(with(both, COMPOSE).questions[1..].iter().all(|it| it.answer == Answer::Unknown));
}

#[test]
fn the_variables_in_a_missing_file_cannot_be_seen() {
    let compose = "services: {web: {image: 'acme/web:1.2.3', environment: {MODE: prod}}}\n";
    let web = plain("web").replace(
        "image: 'acme/web:1.2.3'",
        "image: 'acme/web:1.2.3', env: [{name: MODE, value: prod}], envFrom: [{secretRef: {name: web}}]",
    );
    let item = |kustomization: &str| {
        let decision = decide(&[
            ("compose.yaml", compose),
            ("k8s/kustomization.yaml", kustomization),
            ("k8s/web.yaml", &web),
        ]);
        let mut items = decision.checklists.crossing.iter();
        items.find(|it| it.item == CheckItem::ConfigAndSecrets).unwrap().clone()
    };
    let open = item(GENERATOR);
    assert_eq!(open.state, CheckState::CannotSee, "{open:?}");
    assert!(open.next.contains("`.env`"), "{open:?}");
    let whole = item("resources: [web.yaml]\nsecretGenerator: [{name: web, literals: [MODE=x]}]\n");
    assert_eq!(whole.state, CheckState::Pass, "{whole:?}");
}
