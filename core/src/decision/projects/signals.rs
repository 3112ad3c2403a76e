//! What each signal says: the names of the user, a place, and nothing where nothing is meant.

use super::{compose, decide, deployment, facts_on, plain, service};
use crate::report::{Decision, Evidence, QuestionId, Signal};

/// Returns the facts of one kind, each with whether it has a place.
fn told(decision: &Decision, signal: Signal) -> Vec<(String, bool)> {
    let all = decision.questions.iter().flat_map(|it| &it.evidence);
    let own = all.filter(|it: &&Evidence| it.signal == signal);
    own.map(|it| (it.fact.to_string(), it.span.is_some())).collect()
}

#[test]
fn what_is_bound_to_its_machine_is_named() {
    let compose = "services:\n  proxy: {image: 'traefik:v3.6', volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']}\n  hub: {image: 'acme/hub:1.2.3', devices: ['/dev/ttyUSB0:/dev/ttyUSB0'], network_mode: host}\n  db: {image: 'postgres:17.2', volumes: ['./pg:/var/lib/postgresql/data']}\n  web: {image: 'acme/web:1.2.3', volumes: ['./web.conf:/etc/web.conf:ro']}\n";
    let facts: Vec<String> = told(&decide(&[("compose.yaml", compose)]), Signal::HostCoupled)
        .into_iter()
        .map(|(fact, has_place)| {
            assert!(has_place, "{fact}");
            fact
        })
        .collect();
    assert_eq!(
        facts,
        [
            "service `db` mounts a path of its machine, which other machines do not have",
            "service `proxy` talks to the Docker Engine of its machine",
            "service `hub` uses a device of its machine",
            "service `hub` shares the network of its machine",
        ]
    );
    let pods = "      hostNetwork: true\n      volumes: [{name: data, hostPath: {path: /srv}}, {name: engine, hostPath: {path: /run/docker.sock}}]\n";
    let web = deployment("web", ["", "", pods]);
    let of = |text: &str| told(&decide(&[("web.yaml", text)]), Signal::HostCoupled).len();
    assert_eq!(of(&web), 3);
    // An agent for every node is meant to read its node.
    assert_eq!(of(&web.replace("kind: Deployment", "kind: DaemonSet")), 0);
    assert_eq!(of(&plain("web")), 0);
}

#[test]
fn to_run_beside_others_is_a_hint_of_several_nodes() {
    let near = "      affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: db}}}]}}\n";
    let decision = decide(&[("web.yaml", &deployment("web", ["", "", near]))]);
    let expected = ("Deployment `web` asks for the node of others".to_owned(), true);
    assert_eq!(told(&decision, Signal::BesideOthers), [expected]);
    assert!(told(&decide(&[("web.yaml", &plain("web"))]), Signal::BesideOthers).is_empty());
}

#[test]
fn policies_are_walls_only_between_namespaces() {
    let policy = |space: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: closed, namespace: {space}}}\nspec: {{podSelector: {{}}, policyTypes: [Ingress]}}\n"
        )
    };
    let (a, b) = (policy("claims"), policy("billing"));
    let web = plain("web");
    let one = decide(&[("web.yaml", &web), ("a.yaml", &a)]);
    assert!(told(&one, Signal::TenantWalls).is_empty());
    let two = decide(&[("web.yaml", &web), ("a.yaml", &a), ("b.yaml", &b)]);
    let fact = "network policies separate 2 namespaces from each other: `billing`, `claims`";
    assert_eq!(told(&two, Signal::TenantWalls), [(fact.to_owned(), true)]);
}

#[test]
fn what_is_counted_is_named_and_has_a_place() {
    let names = ["api", "db", "mail", "web"];
    let in_spaces: String = names
        .iter()
        .map(|name| {
            let meta = format!(
                ", namespace: {name}s, labels: {{app.kubernetes.io/owner: x, owner: team-{name}}}"
            );
            format!("---\n{}", deployment(name, [&meta, "", ""]))
        })
        .collect();
    let decision = decide(&[("k8s/all.yaml", &in_spaces)]);
    let told = |signal| told(&decision, signal);
    let fact = "4 workloads are few enough for one team: `api`, `db`, `mail` and 1 more";
    assert_eq!(told(Signal::FewWorkloads), [(fact.to_owned(), true)]);
    let fact = "the objects are spread over 4 namespaces: `apis`, `dbs`, `mails` and 1 more";
    assert_eq!(told(Signal::ManyNamespaces), [(fact.to_owned(), true)]);
    let owners = told(Signal::OwnerLabels);
    assert!(owners[0].0.contains("`team-api`, `team-db`") && owners[0].1, "{owners:?}");
    let fact =
        "a pipeline that applies Deployment `api` and 3 more objects is easy enough to follow";
    assert_eq!(told(Signal::FewObjects), [(fact.to_owned(), true)]);
    let many: Vec<String> = (0..30).map(|it| format!("s{it:02}")).collect();
    let services: Vec<(&str, &str)> = many.iter().map(|it| (&**it, "acme/a:1.2.3")).collect();
    let decision = decide(&[("compose.yaml", &compose(&services))]);
    let fact = "there are 30 workloads: `s00`, `s01`, `s02` and 27 more";
    assert_eq!(self::told(&decision, Signal::ManyWorkloads), [(fact.to_owned(), true)]);
}

#[test]
fn environments_and_their_source_have_a_place() {
    let base = ("k8s/base/kustomization.yaml", "resources: [web.yaml]\n");
    // A few workloads are one team's in any number of environments.
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "web"].map(plain);
    let web = names.join("---\n");
    let overlay = "resources: [../../base]\n";
    let decision = decide(&[
        base,
        ("k8s/base/web.yaml", &web),
        ("k8s/overlays/dev/kustomization.yaml", overlay),
        ("k8s/overlays/staging/kustomization.yaml", overlay),
        ("k8s/overlays/production/kustomization.yaml", overlay),
    ]);
    for signal in [Signal::ManyEnvironments, Signal::ReusedBase] {
        let facts = told(&decision, signal);
        assert!(facts.len() == 1 && facts[0].1, "{facts:?}");
    }
}

#[test]
fn a_pipeline_that_deploys_is_a_fact() {
    let web = plain("web");
    let facts = |path: &str, text: &str| {
        let decision =
            decide(&[("k8s/web.yaml", &web), ("k8s/svc.yaml", &service("web")), (path, text)]);
        facts_on(&decision, QuestionId::Gitops)
    };
    let deploys = "steps:\n  # - script: kubectl apply -f old\n  - script: helm upgrade --install web ./chart\n";
    for path in ["azure-pipelines.yml", ".gitlab-ci.yml", ".github/workflows/deploy.yml"] {
        let said = facts(path, deploys);
        assert!(said.contains(&format!("the pipeline in `{path}` runs `helm upgrade`")), "{said}");
    }
    let jenkins = "node {\n  // sh 'kubectl apply -f old'\n  sh 'helm upgrade web ./chart'\n}\n";
    let said = facts("Jenkinsfile", jenkins);
    assert!(said.contains("the pipeline in `Jenkinsfile` runs `helm upgrade`"), "{said}");
    // It tests only, belongs to another folder, or is no pipeline.
    for (path, text) in [
        ("azure-pipelines.yml", "steps:\n  - script: npm test\n"),
        ("other/.gitlab-ci.yml", deploys),
        ("notes/deploy.yml", deploys),
    ] {
        let said = facts(path, text);
        assert!(!said.contains("the pipeline in"), "{path}: {said}");
    }
}

#[test]
fn a_pipeline_that_reaches_a_server_deploys_there() {
    let compose = "services: {web: {image: 'acme/web:1.2.3', restart: always}}\n";
    let facts = |text: &str| {
        let decision = decide(&[("compose.yaml", compose), (".github/workflows/ci.yml", text)]);
        facts_on(&decision, QuestionId::Gitops)
    };
    let said =
        facts("steps: [{run: ssh deploy@shop.example.com 'docker compose -f a.yaml up -d'}]\n");
    let expected = "the pipeline in `.github/workflows/ci.yml` runs `docker compose up`";
    assert!(said.contains(expected), "{said}");
    let said = facts(
        "steps:\n  - run: |\n      /usr/bin/ssh deploy@shop.example.com true\n      docker compose up -d\n",
    );
    assert!(said.contains(expected), "{said}");
    for comment in ["# ssh deploy@shop", "// ssh deploy@shop"] {
        let said = facts(&format!("steps:\n  {comment}\n  - run: docker compose up -d\n"));
        assert!(!said.contains("the pipeline in"), "{comment}: {said}");
    }
    // What starts on the machine of the pipeline is there for its tests.
    let said = facts("steps: [{run: docker compose up -d}, {run: npm test}]\n");
    assert!(!said.contains("the pipeline in"), "{said}");
}

#[test]
fn what_one_zone_meets_is_no_preference() {
    let spread = |key: &str, when: &str| {
        let pods = format!(
            "      topologySpreadConstraints: [{{maxSkew: 1, topologyKey: {key}, whenUnsatisfiable: {when}, labelSelector: {{matchLabels: {{app: web}}}}}}]\n"
        );
        let text = deployment("web", ["", "  replicas: 3\n", &pods]);
        facts_on(&decide(&[("web.yaml", &text)]), QuestionId::MultiNode)
    };
    assert_eq!(
        spread("topology.kubernetes.io/zone", "DoNotSchedule"),
        "Deployment `web` must spread over zones, which one zone also meets"
    );
    assert_eq!(
        spread("kubernetes.io/hostname", "DoNotSchedule"),
        "Deployment `web` must spread over nodes, which one node also meets"
    );
    assert_eq!(
        spread("kubernetes.io/hostname", "ScheduleAnyway"),
        "Deployment `web` prefers to spread its Pods across nodes"
    );
}

#[test]
fn what_runs_on_every_node_is_no_job() {
    let agent = |api: &str, kind: &str, fields: &str| {
        let text = format!(
            "apiVersion: {api}/v1\nkind: {kind}\nmetadata: {{name: agent}}\nspec: {{template: {{metadata: {{labels: {{app: agent}}}}, spec: {{{fields}containers: [{{name: agent, image: 'acme/agent:1.2.3'}}]}}}}}}\n"
        );
        facts_on(&decide(&[("k8s/agent.yaml", &text)]), QuestionId::ReplicasAndRollouts)
    };
    let said = agent("apps", "DaemonSet", "");
    assert_eq!(said, "what stays up runs once on each node, and nothing scales with the load");
    let said = agent("batch", "Job", "restartPolicy: Never, ");
    assert_eq!(said, "nothing but Jobs runs, and nothing scales with the load");
}

#[test]
fn the_name_of_a_release_is_replaced_in_what_is_said_alone() {
    let web = deployment("{{ .Release.Name }}-web", ["", "  replicas: 3\n", ""]);
    let systems = crate::decision::tests::systems_of(&[
        ("release-name/Chart.yaml", super::CHART),
        ("release-name/templates/web.yaml", &web),
    ]);
    let decision = &systems[0].decision;
    let facts = facts_on(decision, QuestionId::ReplicasAndRollouts);
    assert!(facts.contains("Deployment `RELEASE-web` runs as 3 replicas"), "{facts}");
    assert_eq!(systems[0].name, "release-name");
    let steps: Vec<&str> = decision.steps.iter().map(|it| it.text.as_str()).collect();
    assert!(steps.iter().all(|it| !it.contains("`release-name-web`")), "{steps:?}");
    assert!(steps.iter().any(|it| it.contains("RELEASE-web")), "{steps:?}");
}
