//! From answers to an outcome: a table over what is known, which can be read aloud row by row.

use crate::report::{Answer, Fit, Outcome, Platform, Question, QuestionId, Today, Worth};

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

/// Everything that the outcome depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    pub server: Server,
    pub multi_node: Answer,
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
            multi_node: to(QuestionId::MultiNode),
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

    /// Returns the number of demands for a cluster among the three questions about it, and how many of the
    /// three are open.
    fn demands(&self) -> (Demands, Open) {
        let answers = [self.multi_node, self.replicas, self.teams];
        let count = |wanted: Answer| answers.iter().filter(|it| **it == wanted).count();
        let demands = match count(Answer::Yes) {
            0 => Demands::None,
            1 => Demands::One,
            _ => Demands::Several,
        };
        (demands, if count(Answer::Unknown) == 0 { Open::Nothing } else { Open::Something })
    }

    /// Returns the row of the table that holds.
    pub fn verdict(&self) -> Verdict {
        use Platform::{Compose, Either, Kubernetes, LargerServer};
        let (demands, open) = self.demands();
        let nodes = self.multi_node;
        let row = |platform, so_far, sentence| Verdict { platform, so_far, sentence };
        let settled = |platform, sentence| row(platform, platform, sentence);
        #[rustfmt::skip]
        let verdict = match (self.server, nodes, demands, open) {
            // One server is enough.
            (Server::Enough, _, Demands::None, Open::Nothing) =>
                settled(Compose, "One server is enough, and nothing asks for more than that: Compose is a sound choice for production."),
            (Server::EnoughIfLarger, _, Demands::None, Open::Nothing) =>
                settled(LargerServer, "Nothing asks for several machines, but the load needs a larger server: Compose on that server is a sound choice."),
            (Server::Enough | Server::EnoughIfLarger, _, Demands::None, Open::Something) =>
                row(Either, Compose, "One server is enough as far as the files say, but not every question that decides is answered: so far Compose."),
            (Server::Enough | Server::EnoughIfLarger, _, Demands::One, Open::Nothing) =>
                settled(Either, "One server is enough, and one demand speaks for a cluster: both platforms can meet it, so choose the one that you can operate."),
            (Server::Enough | Server::EnoughIfLarger, _, Demands::One, Open::Something) =>
                row(Either, Either, "One server is enough, one demand speaks for a cluster, and a question that decides is open."),
            (Server::Enough | Server::EnoughIfLarger, _, Demands::Several, _) =>
                settled(Kubernetes, "One server could carry the load, but several demands are those of a cluster: Kubernetes meets them by itself."),
            // Nobody knows whether one server is enough.
            (Server::Unknown, _, Demands::None, Open::Nothing) =>
                row(Either, Compose, "Nothing asks for a cluster, but the files do not say whether one server carries the load: so far Compose."),
            (Server::Unknown, _, Demands::None, Open::Something) =>
                row(Either, Either, "The files leave open what decides: neither platform is ruled out."),
            (Server::Unknown, Answer::Yes, Demands::One, _) =>
                settled(Kubernetes, "It must run on several nodes, which is what Kubernetes is for."),
            (Server::Unknown, Answer::No | Answer::Unknown, Demands::One, _) =>
                row(Either, Either, "One demand speaks for a cluster, and the files do not say whether one server carries the load."),
            (Server::Unknown, _, Demands::Several, _) =>
                settled(Kubernetes, "Several demands are those of a cluster: Kubernetes meets them by itself."),
            // One server is not enough.
            (Server::NotEnough, Answer::No, Demands::None, Open::Nothing) =>
                row(Either, Kubernetes, "One server is not enough, and yet several nodes are ruled out: one of the two answers has to give."),
            (Server::NotEnough, Answer::No | Answer::Unknown, Demands::None, Open::Something)
            | (Server::NotEnough, Answer::Yes | Answer::Unknown, Demands::None, Open::Nothing)
            | (Server::NotEnough, Answer::Yes, Demands::None, Open::Something)
            | (Server::NotEnough, _, Demands::One | Demands::Several, _) =>
                settled(Kubernetes, "One server is not enough: it has to run on several machines, which is what Kubernetes is for."),
        };
        self.in_swarm(verdict)
    }

    /// Keeps a swarm that does what is asked of it: several nodes and replicas, and no scaling by load or
    /// teams to keep apart.
    fn in_swarm(&self, verdict: Verdict) -> Verdict {
        let stays = self.today == Today::Swarm
            && verdict.platform == Platform::Kubernetes
            && self.teams != Answer::Yes;
        match stays {
            true => Verdict {
                platform: Platform::Swarm,
                so_far: Platform::Swarm,
                sentence: "It needs several machines, and Compose files in Swarm mode run on several machines today: that is enough until teams or autoscaling ask for more.",
            },
            false => verdict,
        }
    }

    pub fn fit(&self) -> Fit {
        let verdict = self.verdict();
        use Platform::{Compose, Either, Kubernetes, LargerServer, Swarm};
        match (self.today, verdict.platform) {
            (Today::Unknown, _) => Fit::Open,
            (_, Either) if verdict.so_far == Either && self.demands().1 == Open::Nothing => {
                Fit::Fits
            }
            (_, Either) => Fit::Open,
            (Today::Compose, Kubernetes | Swarm | LargerServer) => Fit::Outgrown,
            (Today::Swarm, Kubernetes) => Fit::Outgrown,
            (Today::Kubernetes | Today::Swarm, Compose | LargerServer) => Fit::OverBuilt,
            (Today::Both, _) => Fit::Mixed,
            (Today::Compose, Compose)
            | (Today::Swarm, Swarm)
            | (Today::Kubernetes, Kubernetes | Swarm) => Fit::Fits,
        }
    }
}

/// How many of the three questions about a cluster are answered with yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demands {
    None,
    One,
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
    const SERVERS: [Server; 4] =
        [Server::Enough, Server::EnoughIfLarger, Server::NotEnough, Server::Unknown];
    const DELIVERIES: [Delivery; 4] =
        [Delivery::Other, Delivery::ArgoCd, Delivery::Flux, Delivery::Both];
    const PACKAGES: [Packages; 4] =
        [Packages::Nothing, Packages::Kustomize, Packages::Helm, Packages::Both];

    /// Runs a check on every case there is.
    fn for_every_case(check: impl Fn(Case)) {
        for server in SERVERS {
            for multi_node in ANSWERS {
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
                                            multi_node,
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
            let demands = [case.multi_node, case.replicas, case.teams];
            // Compose is only called for where every question that decides is answered.
            if matches!(verdict.platform, Platform::Compose | Platform::LargerServer) {
                assert!(demands.iter().all(|it| *it == Answer::No), "{case:?}");
                assert!(matches!(case.server, Server::Enough | Server::EnoughIfLarger), "{case:?}");
            }
            if case.fit() == Fit::OverBuilt {
                assert!(demands.iter().all(|it| *it == Answer::No), "{case:?}");
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
            for id in [
                QuestionId::MultiNode,
                QuestionId::ReplicasAndRollouts,
                QuestionId::TeamsAndEnvironments,
            ] {
                let mut other = case;
                match id {
                    QuestionId::MultiNode => other.multi_node = Answer::Yes,
                    QuestionId::ReplicasAndRollouts => other.replicas = Answer::Yes,
                    _ => other.teams = Answer::Yes,
                }
                assert!(lean(other.verdict()) >= before, "{case:?} {id}");
            }
            let mut other = case;
            other.server = Server::NotEnough;
            assert!(lean(other.verdict()) >= before, "{case:?}, one server is not enough");
        });
    }

    #[test]
    fn opposites_have_opposite_outcomes() {
        let small = Case {
            server: Server::Enough,
            multi_node: Answer::No,
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
            multi_node: Answer::Yes,
            replicas: Answer::Yes,
            today: Today::Compose,
            ..small
        };
        assert_eq!((large.verdict().platform, large.fit()), (Platform::Kubernetes, Fit::Outgrown));
        let swarm = Case { today: Today::Swarm, ..large };
        assert_eq!((swarm.verdict().platform, swarm.fit()), (Platform::Swarm, Fit::Fits));
    }
}
