//! What the files say about one server and about several nodes.

use super::{compose, decide, deployment, facts_on, plain, service};
use crate::report::{Answer, Decision, Fit, Platform, QuestionId, Today, Worth};

fn answer(decision: &Decision, id: QuestionId) -> Answer {
    decision.questions.iter().find(|it| it.id == id).unwrap().answer
}

/// Returns the answer on several nodes for two replicas of a Deployment with these fields of its Pods.
fn nodes_with(pods: &str) -> (Answer, Platform, String) {
    let text = deployment("web", ["", "  replicas: 2\n", pods]);
    let decision = decide(&[("web.yaml", &text)]);
    let answer = answer(&decision, QuestionId::MultiNode);
    (answer, decision.outcome.platform, facts_on(&decision, QuestionId::MultiNode))
}

#[test]
fn single_replicas_without_sizes_leave_one_server_open_on_a_cluster() {
    let pods = "      volumes: [{name: data, hostPath: {path: /srv}}]\n";
    let web = deployment("web", ["", "", pods]);
    let db = plain("db").replace("acme/db:1.2.3", "postgres:16");
    let decision = decide(&[("web.yaml", &web), ("db.yaml", &db)]);
    let facts = facts_on(&decision, QuestionId::OneServer);
    assert!(facts.contains("single replica") && facts.contains("runs once"), "{facts}");
    assert_eq!(answer(&decision, QuestionId::OneServer), Answer::Unknown);
    assert_eq!(answer(&decision, QuestionId::MultiNode), Answer::No);
    let outcome = decision.outcome;
    assert_eq!((outcome.platform, outcome.so_far), (Platform::Either, Platform::Compose));
    assert_eq!(decision.fit, Fit::Open);
}

#[test]
fn what_runs_with_compose_on_one_machine_needs_no_sizes() {
    let text = compose(&[("web", "acme/web:1.2.3"), ("db", "postgres:16")]);
    let decision = decide(&[("compose.yaml", &text)]);
    assert_eq!(answer(&decision, QuestionId::OneServer), Answer::Yes);
    assert_eq!((decision.outcome.platform, decision.fit), (Platform::Compose, Fit::Fits));
    let swarm = text.replace("{image: 'acme", "{deploy: {mode: global}, image: 'acme");
    let decision = decide(&[("docker-stack.yml", &swarm)]);
    assert_eq!(decision.today, Today::Swarm);
    assert_eq!(answer(&decision, QuestionId::OneServer), Answer::Unknown);
}

#[test]
fn sizes_of_some_containers_do_not_answer_for_all() {
    let sized = |name: &str| {
        let size = ", resources: {requests: {cpu: 100m, memory: 1Gi}}}";
        plain(name).replace(":1.2.3'}", &format!(":1.2.3'{size}"))
    };
    let [web, api, db] = ["web", "api", "db"].map(sized);
    let whole = decide(&[("web.yaml", &web), ("api.yaml", &api), ("db.yaml", &db)]);
    assert_eq!(answer(&whole, QuestionId::OneServer), Answer::Yes);
    let part = decide(&[("web.yaml", &web), ("api.yaml", &api), ("db.yaml", &plain("db"))]);
    assert_eq!(answer(&part, QuestionId::OneServer), Answer::Unknown);
}

#[test]
fn what_a_controller_hides_may_need_more_than_what_is_shown() {
    let size = ", resources: {requests: {cpu: 100m, memory: 1Gi}}}";
    let web = plain("web").replace(":1.2.3'}", &format!(":1.2.3'{size}"));
    let remote = "resources: ['https://example.com/shop/base?ref=v1']\n";
    let decision = decide(&[("k8s/kustomization.yaml", remote), ("k8s/extra/web.yaml", &web)]);
    assert_eq!(answer(&decision, QuestionId::OneServer), Answer::Unknown);
    let facts = facts_on(&decision, QuestionId::OneServer);
    assert!(facts.contains("of what is shown"), "{facts}");
    assert_eq!(answer(&decision, QuestionId::Packaging), Answer::Unknown);
    assert!(!facts_on(&decision, QuestionId::Packaging).contains("written again"));
}

#[test]
fn limits_beyond_the_server_leave_open_what_is_used() {
    let text = "services: {web: {image: 'acme/web:1', cpus: 40, mem_limit: 100g, deploy: {mode: global}}}\n";
    let decision = decide(&[("docker-stack.yml", text)]);
    let facts = facts_on(&decision, QuestionId::OneServer);
    assert!(facts.contains("the limits go beyond a server with 16 CPUs"), "{facts}");
    assert_eq!(answer(&decision, QuestionId::OneServer), Answer::Unknown);
}

#[test]
fn a_spread_is_required_only_where_one_node_cannot_meet_it() {
    let spread = |fields: &str| {
        format!(
            "      topologySpreadConstraints: [{{maxSkew: 1, whenUnsatisfiable: DoNotSchedule, labelSelector: {{matchLabels: {{app: web}}}}, {fields}}}]\n"
        )
    };
    let (hostname, zone) = ("kubernetes.io/hostname", "topology.kubernetes.io/zone");
    for key in [hostname, zone] {
        let (answer, platform, facts) =
            nodes_with(&spread(&format!("topologyKey: {key}, minDomains: 2")));
        assert_eq!((answer, platform), (Answer::Yes, Platform::Kubernetes), "{facts}");
        let (answer, _, facts) = nodes_with(&spread(&format!("topologyKey: {key}")));
        assert_eq!(answer, Answer::Unknown, "{facts}");
        assert!(facts.contains("also meets"), "{facts}");
    }
    // A node has one value of any label, and the only domain may hold `maxSkew` Pods.
    let (answer, _, facts) = nodes_with(&spread("topologyKey: example.com/rack, minDomains: 2"));
    assert_eq!(answer, Answer::Yes, "{facts}");
    let wide =
        spread(&format!("topologyKey: {hostname}, minDomains: 2")).replace("Skew: 1", "Skew: 2");
    let (answer, _, facts) = nodes_with(&wide);
    assert_eq!(answer, Answer::Unknown, "{facts}");
    assert!(facts.contains("which one node also meets"), "{facts}");
}

#[test]
fn every_constraint_of_a_spread_is_read() {
    let item = |key: &str, when: &str| {
        format!(
            "{{maxSkew: 1, whenUnsatisfiable: {when}, topologyKey: {key}, labelSelector: {{matchLabels: {{app: web}}}}}}"
        )
    };
    let zone = "topology.kubernetes.io/zone";
    let two = |first: String| {
        let second = item(zone, "DoNotSchedule");
        nodes_with(&format!("      topologySpreadConstraints: [{first}, {second}]\n")).2
    };
    for first in [item("example.com/rack", "DoNotSchedule"), item(zone, "ScheduleAnyway")] {
        let facts = two(first);
        assert!(facts.contains("must spread over zones, which one zone also meets"), "{facts}");
    }
    let soft = item(zone, "ScheduleAnyway");
    let facts = nodes_with(&format!("      topologySpreadConstraints: [{soft}, {soft}]\n")).2;
    assert!(facts.contains("prefers to spread") && !facts.contains("must spread"), "{facts}");
}

#[test]
fn anti_affinity_counts_against_the_own_pods_alone() {
    let anti = |key: &str, app: &str| {
        format!(
            "      affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: {key}, labelSelector: {{matchLabels: {{app: {app}}}}}}}]}}}}\n"
        )
    };
    for (key, app, expected) in [
        ("kubernetes.io/hostname", "web", Answer::Yes),
        ("topology.kubernetes.io/zone", "web", Answer::Yes),
        ("kubernetes.io/hostname", "other", Answer::Unknown),
        ("example.com/rack", "web", Answer::Unknown),
    ] {
        let (answer, _, facts) = nodes_with(&anti(key, app));
        assert_eq!(answer, expected, "{key} {app}: {facts}");
    }
}

#[test]
fn only_nodes_of_several_kinds_are_several_nodes() {
    let affinity = |required: bool, expressions: &str| {
        let term = format!("matchExpressions: [{expressions}]");
        let terms = match required {
            true => format!(
                "requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{{{term}}}]}}"
            ),
            false => format!(
                "preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 1, preference: {{{term}}}}}]"
            ),
        };
        format!("      affinity: {{nodeAffinity: {{{terms}}}}}\n")
    };
    let os = "{\"key\": kubernetes.io/os, operator: In, values: [linux]}";
    let windows = "{operator: NotIn, values: [windows], key: 'kubernetes.io/os'}";
    let disk = "{key: disk, operator: In, values: [ssd]}";
    let absent = "{key: example.com/spot, operator: DoesNotExist}";
    let zone = "{key: topology.kubernetes.io/zone, operator: In, values: [eu-1a]}";
    for (required, expressions) in
        [(true, os), (true, windows), (true, absent), (true, zone), (false, os)]
    {
        let (_, _, facts) = nodes_with(&affinity(required, expressions));
        assert!(!facts.contains("nodes of a kind") && facts.contains("no workload"), "{facts}");
    }
    for required in [true, false] {
        let (answer, _, facts) = nodes_with(&affinity(required, disk));
        assert_eq!(answer, Answer::Unknown, "{facts}");
    }
    let [web, db] = ["zone: a", "zone: b"]
        .map(|it| deployment("web", ["", "", &format!("      nodeSelector: {{{it}}}\n")]));
    let decision = decide(&[("web.yaml", &web), ("db.yaml", &db.replace("web", "db"))]);
    assert_eq!(answer(&decision, QuestionId::MultiNode), Answer::Yes);
    let pinned = web.replace("zone: a", "kubernetes.io/hostname: node-1");
    let decision = decide(&[("web.yaml", &pinned)]);
    assert_eq!(answer(&decision, QuestionId::MultiNode), Answer::No);
}

#[test]
fn workloads_that_no_single_node_suits_take_several() {
    let affinity = |key: &str, values: &str| {
        format!(
            "      affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{{matchExpressions: [{{key: {key}, operator: In, values: [{values}]}}]}}]}}}}}}\n"
        )
    };
    let selector = |label: &str| format!("      nodeSelector: {{{label}}}\n");
    let node = |name: &str| format!("      nodeName: {name}\n");
    let (os, arch) = ("kubernetes.io/os", "kubernetes.io/arch");
    let two = |web: &str, api: &str| {
        let [web, api] =
            [("web", web), ("api", api)].map(|(name, pods)| deployment(name, ["", "", pods]));
        let decision = decide(&[("web.yaml", &web), ("api.yaml", &api)]);
        let facts = facts_on(&decision, QuestionId::MultiNode);
        (answer(&decision, QuestionId::MultiNode), facts)
    };
    let [a, b] = ["a", "b"].map(|it| selector(&format!("kubernetes.io/hostname: {it}")));
    for (web, api, words) in [
        (a.clone(), b.clone(), "are bound to different machines"),
        (node("a"), node("b"), "are bound to different machines"),
        (a.clone(), affinity("kubernetes.io/hostname", "b, c"), "are bound to different machines"),
        (
            selector("topology.kubernetes.io/zone: eu-1a"),
            affinity("topology.kubernetes.io/zone", "eu-1b"),
            "are bound to different zones",
        ),
        (selector("beta.kubernetes.io/os: windows"), affinity(os, "linux"), "operating systems"),
        (affinity(arch, "arm64"), affinity(arch, "amd64"), "different architectures"),
    ] {
        let (answer, facts) = two(&web, &api);
        assert_eq!(answer, Answer::Yes, "{facts}");
        assert!(facts.contains(words) && !facts.contains("no workload"), "{facts}");
    }
    for (web, api) in [
        (a.clone(), a.clone()),
        (a, String::new()),
        (affinity(arch, "arm64, amd64"), affinity(arch, "amd64")),
        (affinity(os, "linux"), selector("kubernetes.io/arch: amd64")),
    ] {
        let (answer, facts) = two(&web, &api);
        assert_eq!(answer, Answer::No, "{facts}");
        assert!(facts.contains("asks for different nodes"), "{facts}");
    }
    let agent = |name: &str, os: &str| {
        let text = deployment(name, ["", "", &selector(&format!("kubernetes.io/os: {os}"))]);
        text.replace("kind: Deployment", "kind: DaemonSet")
    };
    let (linux, windows) = (agent("linux", "linux"), agent("windows", "windows"));
    let decision = decide(&[("linux.yaml", &linux), ("windows.yaml", &windows)]);
    assert_eq!(answer(&decision, QuestionId::MultiNode), Answer::Unknown);
}

#[test]
fn services_on_different_machines_of_a_swarm_take_several() {
    let two = |web: &str, api: &str| {
        let service = |name: &str, constraint: &str| {
            format!(
                "  {name}: {{image: 'acme/{name}:1.2.3', deploy: {{placement: {{constraints: ['{constraint}']}}}}}}\n"
            )
        };
        let text = format!("services:\n{}{}", service("web", web), service("api", api));
        answer(&decide(&[("docker-stack.yml", &text)]), QuestionId::MultiNode)
    };
    assert_eq!(two("node.hostname == a", "node.hostname==b"), Answer::Yes);
    assert_eq!(two("node.hostname == a", "node.hostname==a"), Answer::No);
    assert_eq!(two("node.hostname == a", "node.hostname != a"), Answer::No);
}

#[test]
fn a_swarm_has_several_nodes_where_one_cannot_hold_the_services() {
    let stack = |deploy: &str| {
        let text = format!(
            "services: {{web: {{image: 'acme/web:1.2.3', deploy: {{replicas: 2, {deploy}}}}}}}\n"
        );
        decide(&[("docker-stack.yml", &text)])
    };
    for deploy in
        ["placement: {constraints: [node.role == worker]}", "placement: {max_replicas_per_node: 1}"]
    {
        let decision = stack(deploy);
        assert_eq!(answer(&decision, QuestionId::MultiNode), Answer::Yes, "{deploy}");
        assert_eq!((decision.outcome.platform, decision.fit), (Platform::Swarm, Fit::Fits));
    }
    for deploy in [
        "mode: global",
        "placement: {constraints: [node.labels.disk == ssd]}",
        "placement: {preferences: [{spread: node.labels.zone}]}",
    ] {
        assert_eq!(answer(&stack(deploy), QuestionId::MultiNode), Answer::Unknown, "{deploy}");
    }
    for deploy in [
        "placement: {constraints: [node.role == manager]}",
        "placement: {max_replicas_per_node: 2}",
    ] {
        assert_eq!(answer(&stack(deploy), QuestionId::MultiNode), Answer::No, "{deploy}");
    }
}

#[test]
fn a_load_beyond_every_server_takes_several() {
    let size = ", resources: {requests: {cpu: 2000, memory: 1Gi}}}";
    let text = plain("web").replace(":1.2.3'}", &format!(":1.2.3'{size}"));
    let decision = decide(&[("web.yaml", &text)]);
    assert_eq!(answer(&decision, QuestionId::OneServer), Answer::No);
    assert_eq!(answer(&decision, QuestionId::MultiNode), Answer::Yes);
    assert_eq!(decision.outcome.platform, Platform::Kubernetes);
}

#[test]
fn tenants_and_owners_are_told_by_quotas_and_owner_labels() {
    let limits = |space: &str| {
        format!(
            "apiVersion: v1\nkind: LimitRange\nmetadata: {{name: limits, namespace: {space}}}\nspec: {{limits: []}}\n"
        )
    };
    let labelled =
        |name: &str, label: &str| deployment(name, [&format!(", labels: {{{label}}}"), "", ""]);
    let decision = decide(&[
        ("a.yaml", &limits("a")),
        ("b.yaml", &limits("b")),
        ("web.yaml", &labelled("web", "app.kubernetes.io/managed-by: Helm, image: web")),
        ("db.yaml", &labelled("db", "app.kubernetes.io/managed-by: hand, image: db")),
    ]);
    let facts = facts_on(&decision, QuestionId::TeamsAndEnvironments);
    assert_eq!(facts, "2 workloads are few enough for one team: `db`, `web`");
}

#[test]
fn a_handful_of_objects_is_counted_in_objects() {
    let few = [("web.yaml", plain("web")), ("service.yaml", service("web"))];
    let few: Vec<(&str, &str)> = few.iter().map(|(path, text)| (*path, &**text)).collect();
    assert_eq!(decide(&few).outcome.argocd, Worth::No);
    let many: String = (0..20).map(|it| format!("---\n{}", service(&format!("s{it}")))).collect();
    let web = plain("web");
    let decision = decide(&[("web.yaml", &web), ("services.yaml", &many)]);
    assert_eq!(answer(&decision, QuestionId::Gitops), Answer::Unknown);
}
