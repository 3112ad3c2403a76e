use super::*;

const ANSWERS: [Answer; 3] = Answer::ALL;
const NODES: [Nodes; 4] = [Nodes::Must, Nodes::Likely, Nodes::No, Nodes::Unknown];
const SERVERS: [Server; 4] =
    [Server::Enough, Server::EnoughIfLarger, Server::NotEnough, Server::Unknown];
const DELIVERIES: [Delivery; 4] =
    [Delivery::Other, Delivery::ArgoCd, Delivery::Flux, Delivery::Both];
const PACKAGES: [Packages; 4] =
    [Packages::Nothing, Packages::Kustomize, Packages::Helm, Packages::Both];

/// What is written more than once, whether an open question points to a cluster, and whether it scales far.
const HINTS: [(Repeated, bool, bool); 5] = [
    (Repeated::Environments, false, false),
    (Repeated::Environments, true, false),
    (Repeated::Environments, true, true),
    (Repeated::Workloads, false, true),
    (Repeated::Workloads, true, false),
];

/// Runs a check on every situation there is.
fn for_every_situation(check: impl Fn(Situation)) {
    for server in SERVERS {
        for nodes in NODES {
            for replicas in ANSWERS {
                for teams in ANSWERS {
                    for (gitops, packaging) in [Answer::Yes, Answer::No, Answer::Unknown]
                        .into_iter()
                        .flat_map(|it| ANSWERS.map(|other| (it, other)))
                    {
                        for today in Today::ALL {
                            for delivery in DELIVERIES {
                                for packages in PACKAGES {
                                    for (repeated, points_to_cluster, scales_far) in HINTS {
                                        check(Situation {
                                            server,
                                            nodes,
                                            replicas,
                                            teams,
                                            gitops,
                                            packaging,
                                            repeated,
                                            today,
                                            delivery,
                                            packages,
                                            points_to_cluster,
                                            scales_far,
                                        });
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_is_called_for_that_an_answer_leaves_open() {
    for_every_situation(|situation| {
        let verdict = situation.verdict();
        assert!(verdict.sentence.ends_with('.'), "{situation:?}");
        let nothing = situation.nodes == Nodes::No
            && situation.replicas == Answer::No
            && situation.teams == Answer::No;
        // Compose is only called for where every question that decides is answered.
        if matches!(verdict.platform, Platform::Compose | Platform::LargerServer) {
            assert!(nothing, "{situation:?}");
            assert!(
                matches!(situation.server, Server::Enough | Server::EnoughIfLarger),
                "{situation:?}"
            );
        }
        if situation.fit() == Fit::OverBuilt {
            assert!(nothing, "{situation:?}");
        }
        if situation.fit() == Fit::Fits {
            let is_cluster = matches!(verdict.platform, Platform::Kubernetes | Platform::Swarm);
            assert!(situation.server != Server::Unknown || is_cluster, "{situation:?}");
        }
        // A settled platform is also what the answers lean to.
        if verdict.platform != Platform::Either {
            assert_eq!(verdict.platform, verdict.so_far, "{situation:?}");
        }
    });
}

#[test]
fn charts_and_controllers_are_only_worth_it_on_a_cluster() {
    for_every_situation(|situation| {
        let outcome = situation.outcome();
        let all = [outcome.helm, outcome.kustomize, outcome.argocd, outcome.flux];
        if matches!(outcome.platform, Platform::Compose | Platform::LargerServer | Platform::Swarm)
        {
            let only = |it: &Worth| matches!(it, Worth::No | Worth::InUse);
            assert!(all.iter().all(only), "{situation:?}");
        }
        if situation.repeated == Repeated::Workloads {
            assert!(matches!(outcome.kustomize, Worth::No | Worth::NotYet | Worth::InUse));
        }
        if situation.delivery == Delivery::Flux {
            assert_eq!(outcome.argocd, Worth::No, "{situation:?}");
        }
    });
}

/// Returns how far an outcome leans to a cluster, from 0 for Compose to 4.
fn lean(verdict: Verdict) -> u8 {
    let of = |platform: Platform| match platform {
        Platform::Compose | Platform::LargerServer => 0,
        Platform::Either => 1,
        Platform::Swarm | Platform::Kubernetes => 2,
    };
    of(verdict.platform) + of(verdict.so_far)
}

#[test]
fn a_demand_for_a_cluster_never_leads_away_from_it() {
    for_every_situation(|situation| {
        let before = lean(situation.verdict());
        let mut more = vec![
            Situation { replicas: Answer::Yes, ..situation },
            Situation { teams: Answer::Yes, ..situation },
            Situation { nodes: Nodes::Must, ..situation },
            Situation { server: Server::NotEnough, ..situation },
            Situation { points_to_cluster: true, ..situation },
        ];
        if situation.nodes != Nodes::Must {
            more.push(Situation { nodes: Nodes::Likely, ..situation });
        }
        for other in more {
            assert!(lean(other.verdict()) >= before, "{situation:?} {other:?}");
        }
    });
}

#[test]
fn every_row_holds_for_some_case_and_several_nodes_settle_the_platform() {
    let sentences = std::cell::RefCell::new(rustc_hash::FxHashSet::default());
    for_every_situation(|situation| {
        let verdict = situation.verdict();
        sentences.borrow_mut().insert(verdict.sentence);
        if situation.today == Today::Unknown {
            assert_eq!(verdict.platform, Platform::Either, "{situation:?}");
        } else if situation.nodes == Nodes::Must {
            let is_cluster = matches!(verdict.platform, Platform::Kubernetes | Platform::Swarm);
            assert!(is_cluster, "{situation:?}");
        }
        if verdict.sentence.contains("contradict each other") {
            assert_eq!(
                (situation.server, situation.nodes),
                (Server::NotEnough, Nodes::No),
                "{situation:?}"
            );
        }
    });
    assert_eq!(sentences.borrow().len(), 28);
}

#[test]
fn opposites_have_opposite_outcomes() {
    let small = Situation {
        server: Server::Enough,
        nodes: Nodes::No,
        replicas: Answer::No,
        teams: Answer::No,
        gitops: Answer::No,
        packaging: Answer::No,
        repeated: Repeated::Environments,
        today: Today::Kubernetes,
        delivery: Delivery::Other,
        packages: Packages::Nothing,
        points_to_cluster: false,
        scales_far: false,
    };
    assert_eq!((small.verdict().platform, small.fit()), (Platform::Compose, Fit::OverBuilt));
    let large = Situation {
        server: Server::NotEnough,
        nodes: Nodes::Must,
        replicas: Answer::Yes,
        today: Today::Compose,
        ..small
    };
    assert_eq!((large.verdict().platform, large.fit()), (Platform::Kubernetes, Fit::Outgrown));
    let swarm = Situation { today: Today::Swarm, ..large };
    assert_eq!((swarm.verdict().platform, swarm.fit()), (Platform::Swarm, Fit::Fits));
}
