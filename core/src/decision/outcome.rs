//! From answers to an outcome: a table over what is known, which can be read aloud row by row.

use crate::report::{
    Answer, AnsweredBy, Evidence, Fit, Outcome, Platform, Question, QuestionId, Today, Weight,
    Worth,
};

/// Whether one server carries the load, in the words of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Enough,
    /// Enough, but a larger one than the one that is compared with.
    EnoughIfLarger,
    NotEnough,
    Unknown,
}

/// What delivers the manifests today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// A pipeline, or a person.
    Other,
    ArgoCd,
    Flux,
    Both,
}

/// What packages the manifests today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packages {
    Nothing,
    Kustomize,
    Helm,
    Both,
}

/// What is known of a system beside the answers to the questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub today: Today,
    pub delivery: Delivery,
    pub packages: Packages,
    /// Whether one server is only enough if it is larger than the one that is compared with.
    pub needs_larger_server: bool,
}

/// Whether several nodes are needed, in the words of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nodes {
    /// A person says it, or the files do in a way that one node cannot meet.
    Must,
    /// The files point to several nodes.
    Likely,
    No,
    Unknown,
}

/// Everything that the outcome depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    pub server: Server,
    pub nodes: Nodes,
    pub replicas: Answer,
    pub teams: Answer,
    pub gitops: Answer,
    pub packaging: Answer,
    pub today: Today,
    pub delivery: Delivery,
    pub packages: Packages,
}

impl Case {
    /// Reads the answers to the questions.
    pub fn new(questions: &[Question], standing: Standing) -> Case {
        let to = |id: QuestionId| {
            let question = questions.iter().find(|question| question.id == id);
            question.map_or(Answer::Unknown, |question| question.answer)
        };
        let server = match to(QuestionId::OneServer) {
            Answer::Yes if standing.needs_larger_server => Server::EnoughIfLarger,
            Answer::Yes => Server::Enough,
            Answer::No => Server::NotEnough,
            Answer::Unknown => Server::Unknown,
        };
        Case {
            server,
            nodes: nodes(questions),
            replicas: to(QuestionId::ReplicasAndRollouts),
            teams: to(QuestionId::TeamsAndEnvironments),
            gitops: to(QuestionId::Gitops),
            packaging: to(QuestionId::Packaging),
            today: standing.today,
            delivery: standing.delivery,
            packages: standing.packages,
        }
    }

    pub fn outcome(&self) -> Outcome {
        let verdict = self.verdict();
        let cluster = match verdict.platform {
            Platform::Kubernetes => true,
            Platform::Either => matches!(self.today, Today::Kubernetes | Today::Both),
            Platform::Compose | Platform::LargerServer | Platform::Swarm => false,
        };
        let (argocd, flux) = delivery(self.delivery, cluster, self.gitops);
        let (kustomize, helm) = packages(self.packages, cluster, self.packaging);
        Outcome {
            platform: verdict.platform,
            so_far: verdict.so_far,
            kustomize,
            helm,
            argocd,
            flux,
        }
    }

    /// Whether anything speaks for a cluster.
    pub fn asks_for_cluster(&self) -> bool {
        self.demands() != Demands::Nothing || self.server == Server::NotEnough
    }

    /// Returns what the three questions about a cluster demand.
    fn demands(&self) -> Demands {
        let others = [self.replicas, self.teams].iter().filter(|it| **it == Answer::Yes).count();
        match (self.nodes, others) {
            (Nodes::Must, _) => Demands::Nodes,
            (Nodes::Likely, 0) => Demands::LikelyNodes,
            (Nodes::No | Nodes::Unknown, 0) => Demands::Nothing,
            (Nodes::No | Nodes::Unknown, 1) => Demands::One,
            (Nodes::Likely | Nodes::No | Nodes::Unknown, _) => Demands::Several,
        }
    }

    /// Returns whether any of the three questions about a cluster is open.
    fn open(&self) -> Open {
        let is_open = self.nodes == Nodes::Unknown
            || self.replicas == Answer::Unknown
            || self.teams == Answer::Unknown;
        if is_open { Open::Something } else { Open::Nothing }
    }

    /// Returns the row of the table that holds.
    pub fn verdict(&self) -> Verdict {
        use Platform::{Compose, Either, Kubernetes, LargerServer};
        let row = |platform, so_far, sentence| Verdict { platform, so_far, sentence };
        let settled = |platform, sentence| row(platform, platform, sentence);
        #[rustfmt::skip]
        let verdict = match (self.demands(), self.server, self.open()) {
            // It must run on several nodes.
            (Demands::Nodes, Server::Enough | Server::EnoughIfLarger, _) =>
                settled(Kubernetes, "One server could carry the load, but it must run on several machines, which is what Kubernetes is for."),
            (Demands::Nodes, Server::NotEnough | Server::Unknown, _) =>
                settled(Kubernetes, "It must run on several machines, which is what Kubernetes is for."),
            // Several demands are those of a cluster.
            (Demands::Several, Server::Enough | Server::EnoughIfLarger, _) =>
                settled(Kubernetes, "One server could carry the load, but several demands are those of a cluster: Kubernetes meets them out of the box."),
            (Demands::Several, Server::NotEnough, _) =>
                settled(Kubernetes, "One server is not enough, and several demands are those of a cluster: Kubernetes meets them out of the box."),
            (Demands::Several, Server::Unknown, _) =>
                settled(Kubernetes, "Several demands are those of a cluster: Kubernetes meets them out of the box."),
            // One server is enough.
            (Demands::Nothing, Server::Enough, Open::Nothing) =>
                settled(Compose, "One server is enough, and nothing asks for more than that: Compose is a sound choice for production."),
            (Demands::Nothing, Server::EnoughIfLarger, Open::Nothing) =>
                settled(LargerServer, "Nothing asks for several machines, but the load needs a larger server: Compose on that server is a sound choice."),
            (Demands::Nothing, Server::Enough | Server::EnoughIfLarger, Open::Something) =>
                row(Either, Compose, "One server is enough as far as the files say, but not every question that decides is answered: so far Compose."),
            (Demands::One | Demands::LikelyNodes, Server::Enough | Server::EnoughIfLarger, Open::Nothing) =>
                settled(Either, "One server is enough, and one demand speaks for a cluster: both platforms can meet it, so choose the one that you can operate."),
            (Demands::One | Demands::LikelyNodes, Server::Enough | Server::EnoughIfLarger, Open::Something) =>
                row(Either, Either, "One server is enough, one demand speaks for a cluster, and a question that decides is open."),
            // Nobody knows whether one server is enough.
            (Demands::Nothing, Server::Unknown, Open::Nothing) =>
                row(Either, Compose, "Nothing asks for a cluster, but the files do not say whether one server carries the load: so far Compose."),
            (Demands::Nothing, Server::Unknown, Open::Something) =>
                row(Either, Either, "The files leave open what decides: neither platform is ruled out."),
            (Demands::LikelyNodes, Server::Unknown, _) =>
                row(Either, Kubernetes, "The files point to several machines, but do not say whether one server carries the load: so far Kubernetes."),
            (Demands::One, Server::Unknown, _) =>
                row(Either, Either, "One demand speaks for a cluster, and the files do not say whether one server carries the load."),
            // One server is not enough. The files never rule out several nodes then; a person may.
            (Demands::Nothing | Demands::One, Server::NotEnough, _) if self.nodes == Nodes::No =>
                row(Either, Kubernetes, "One server is not enough, and yet several nodes are ruled out: these two answers contradict each other: change one."),
            (Demands::Nothing | Demands::One | Demands::LikelyNodes, Server::NotEnough, _) =>
                settled(Kubernetes, "One server is not enough: it has to run on several machines, which is what Kubernetes is for."),
        };
        self.in_swarm(verdict)
    }

    /// Keeps a swarm that does what is asked of it: several nodes and replicas, and no teams to keep apart.
    fn in_swarm(&self, verdict: Verdict) -> Verdict {
        use Platform::{Compose, Either, Kubernetes, LargerServer, Swarm};
        if self.today != Today::Swarm || self.teams == Answer::Yes {
            return verdict;
        }
        match (verdict.platform, verdict.so_far) {
            (Kubernetes, _) => Verdict {
                platform: Swarm,
                so_far: Swarm,
                sentence: "It needs several machines, and Compose files in Swarm mode run on several machines today: that is enough until teams or autoscaling ask for more.",
            },
            (Either, Kubernetes) if self.nodes == Nodes::Likely => Verdict {
                platform: Either,
                so_far: Swarm,
                sentence: "The files point to several machines, but do not say whether one server carries the load: so far Compose in Swarm mode, which runs on several.",
            },
            (Compose | LargerServer | Swarm | Either, _) => verdict,
        }
    }

    pub fn fit(&self) -> Fit {
        use Platform::{Compose, Either, Kubernetes, LargerServer, Swarm};
        let verdict = self.verdict();
        // Both platforms meet what is asked for, and nothing that bears on it is open.
        let is_settled = verdict.so_far == Either
            && self.open() == Open::Nothing
            && self.server != Server::Unknown;
        match (self.today, verdict.platform) {
            (Today::Unknown, _) => Fit::Open,
            (_, Either) if !is_settled => Fit::Open,
            (Today::Both, _) => Fit::Mixed,
            (Today::Compose | Today::Swarm | Today::Kubernetes, Either) => Fit::Fits,
            (Today::Compose, Kubernetes | Swarm | LargerServer) => Fit::Outgrown,
            (Today::Swarm, Kubernetes) => Fit::Outgrown,
            (Today::Kubernetes | Today::Swarm, Compose | LargerServer) => Fit::OverBuilt,
            (Today::Compose, Compose)
            | (Today::Swarm, Swarm)
            | (Today::Kubernetes, Kubernetes | Swarm) => Fit::Fits,
        }
    }
}

/// Returns the answer about several nodes, and how sure it is.
fn nodes(questions: &[Question]) -> Nodes {
    let question = questions.iter().find(|question| question.id == QuestionId::MultiNode);
    let Some(question) = question else { return Nodes::Unknown };
    let is_decisive = |it: &Evidence| it.points == Answer::Yes && it.weight == Weight::Decisive;
    match question.answer {
        Answer::Yes
            if question.by == AnsweredBy::Person || question.evidence.iter().any(is_decisive) =>
        {
            Nodes::Must
        }
        Answer::Yes => Nodes::Likely,
        Answer::No => Nodes::No,
        Answer::Unknown => Nodes::Unknown,
    }
}

/// What the three questions about a cluster demand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demands {
    Nothing,
    /// Replicas, or teams.
    One,
    /// Several nodes by signs alone.
    LikelyNodes,
    /// Several nodes, beyond doubt.
    Nodes,
    Several,
}

/// Whether any of the three is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    Something,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub platform: Platform,
    /// What the answers lean to while the platform is open.
    pub so_far: Platform,
    pub sentence: &'static str,
}

/// Returns the worth of Argo CD and of Flux. There is never a second controller beside one in use, and none
/// without a cluster.
fn delivery(today: Delivery, cluster: bool, gitops: Answer) -> (Worth, Worth) {
    match (today, cluster, gitops) {
        (Delivery::ArgoCd, _, _) => (Worth::InUse, Worth::No),
        (Delivery::Flux, _, _) => (Worth::No, Worth::InUse),
        (Delivery::Both, _, _) => (Worth::InUse, Worth::InUse),
        (Delivery::Other, false, _) | (Delivery::Other, true, Answer::No) => (Worth::No, Worth::No),
        (Delivery::Other, true, Answer::Yes) => (Worth::WorthIt, Worth::WorthIt),
        (Delivery::Other, true, Answer::Unknown) => (Worth::NotYet, Worth::NotYet),
    }
}

/// Returns the worth of Kustomize and of Helm. What packages the manifests today goes on doing it.
fn packages(today: Packages, cluster: bool, packaging: Answer) -> (Worth, Worth) {
    match (today, cluster, packaging) {
        (Packages::Kustomize, _, _) => (Worth::InUse, Worth::No),
        (Packages::Helm, _, _) => (Worth::No, Worth::InUse),
        (Packages::Both, _, _) => (Worth::InUse, Worth::InUse),
        (Packages::Nothing, false, _) | (Packages::Nothing, true, Answer::No) => {
            (Worth::No, Worth::No)
        }
        (Packages::Nothing, true, Answer::Yes) => (Worth::WorthIt, Worth::WorthIt),
        (Packages::Nothing, true, Answer::Unknown) => (Worth::NotYet, Worth::NotYet),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERS: [Answer; 3] = Answer::ALL;
    const NODES: [Nodes; 4] = [Nodes::Must, Nodes::Likely, Nodes::No, Nodes::Unknown];
    const SERVERS: [Server; 4] =
        [Server::Enough, Server::EnoughIfLarger, Server::NotEnough, Server::Unknown];
    const DELIVERIES: [Delivery; 4] =
        [Delivery::Other, Delivery::ArgoCd, Delivery::Flux, Delivery::Both];
    const PACKAGES: [Packages; 4] =
        [Packages::Nothing, Packages::Kustomize, Packages::Helm, Packages::Both];

    /// Runs a check on every case there is.
    fn for_every_case(check: impl Fn(Case)) {
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
                                        check(Case {
                                            server,
                                            nodes,
                                            replicas,
                                            teams,
                                            gitops,
                                            packaging,
                                            today,
                                            delivery,
                                            packages,
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

    #[test]
    fn nothing_is_called_for_that_an_answer_leaves_open() {
        for_every_case(|case| {
            let verdict = case.verdict();
            assert!(verdict.sentence.ends_with('.'), "{case:?}");
            let nothing =
                case.nodes == Nodes::No && case.replicas == Answer::No && case.teams == Answer::No;
            // Compose is only called for where every question that decides is answered.
            if matches!(verdict.platform, Platform::Compose | Platform::LargerServer) {
                assert!(nothing, "{case:?}");
                assert!(matches!(case.server, Server::Enough | Server::EnoughIfLarger), "{case:?}");
            }
            if case.fit() == Fit::OverBuilt {
                assert!(nothing, "{case:?}");
            }
            if case.fit() == Fit::Fits {
                let is_cluster = matches!(verdict.platform, Platform::Kubernetes | Platform::Swarm);
                assert!(case.server != Server::Unknown || is_cluster, "{case:?}");
            }
            // A settled platform is also what the answers lean to.
            if verdict.platform != Platform::Either {
                assert_eq!(verdict.platform, verdict.so_far, "{case:?}");
            }
        });
    }

    #[test]
    fn charts_and_controllers_are_only_worth_it_on_a_cluster() {
        for_every_case(|case| {
            let outcome = case.outcome();
            let all = [outcome.helm, outcome.kustomize, outcome.argocd, outcome.flux];
            if matches!(
                outcome.platform,
                Platform::Compose | Platform::LargerServer | Platform::Swarm
            ) {
                let only = |it: &Worth| matches!(it, Worth::No | Worth::InUse);
                assert!(all.iter().all(only), "{case:?}");
            }
            if case.delivery == Delivery::Flux {
                assert_eq!(outcome.argocd, Worth::No, "{case:?}");
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
        for_every_case(|case| {
            let before = lean(case.verdict());
            let mut more = vec![
                Case { replicas: Answer::Yes, ..case },
                Case { teams: Answer::Yes, ..case },
                Case { nodes: Nodes::Must, ..case },
                Case { server: Server::NotEnough, ..case },
            ];
            if case.nodes != Nodes::Must {
                more.push(Case { nodes: Nodes::Likely, ..case });
            }
            for other in more {
                assert!(lean(other.verdict()) >= before, "{case:?} {other:?}");
            }
        });
    }

    #[test]
    fn every_row_holds_for_some_case_and_several_nodes_settle_the_platform() {
        let sentences = std::cell::RefCell::new(rustc_hash::FxHashSet::default());
        for_every_case(|case| {
            let verdict = case.verdict();
            sentences.borrow_mut().insert(verdict.sentence);
            if case.nodes == Nodes::Must {
                let is_cluster = matches!(verdict.platform, Platform::Kubernetes | Platform::Swarm);
                assert!(is_cluster, "{case:?}");
            }
            if verdict.sentence.contains("contradict each other") {
                assert_eq!((case.server, case.nodes), (Server::NotEnough, Nodes::No), "{case:?}");
            }
        });
        assert_eq!(sentences.borrow().len(), 18);
    }

    #[test]
    fn opposites_have_opposite_outcomes() {
        let small = Case {
            server: Server::Enough,
            nodes: Nodes::No,
            replicas: Answer::No,
            teams: Answer::No,
            gitops: Answer::No,
            packaging: Answer::No,
            today: Today::Kubernetes,
            delivery: Delivery::Other,
            packages: Packages::Nothing,
        };
        assert_eq!((small.verdict().platform, small.fit()), (Platform::Compose, Fit::OverBuilt));
        let large = Case {
            server: Server::NotEnough,
            nodes: Nodes::Must,
            replicas: Answer::Yes,
            today: Today::Compose,
            ..small
        };
        assert_eq!((large.verdict().platform, large.fit()), (Platform::Kubernetes, Fit::Outgrown));
        let swarm = Case { today: Today::Swarm, ..large };
        assert_eq!((swarm.verdict().platform, swarm.fit()), (Platform::Swarm, Fit::Fits));
    }
}
