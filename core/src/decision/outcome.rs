//! From answers to an outcome: a table over what is known, which can be read aloud row by row.

use crate::report::{
    Answer, AnsweredBy, Evidence, Fit, Outcome, Platform, Question, QuestionId, Signal, Today,
    Weight, Worth,
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

/// Kind of repetition in the manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeated {
    /// The same objects for several environments, which an overlay or a values file tells apart.
    Environments,
    /// Many workloads of one environment that differ in names and images, which only a template can write once:
    /// an overlay changes what is there already
    /// (<https://kubernetes.io/docs/tasks/manage-kubernetes-objects/kustomization/#bases-and-overlays>).
    Workloads,
}

/// State of a system apart from the answers to the questions.
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
pub struct Situation {
    pub server: Server,
    pub nodes: Nodes,
    pub replicas: Answer,
    pub teams: Answer,
    pub gitops: Answer,
    pub packaging: Answer,
    pub repeated: Repeated,
    pub today: Today,
    pub delivery: Delivery,
    pub packages: Packages,
    /// Whether the evidence on an open question that decides speaks for a cluster alone.
    pub points_to_cluster: bool,
    /// Whether the evidence for many replicas is beyond doubt.
    pub scales_far: bool,
}

impl Situation {
    /// Reads the answers to the questions.
    pub fn new(questions: &[Question], standing: Standing) -> Situation {
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
        Situation {
            server,
            nodes: nodes(questions),
            replicas: to(QuestionId::ReplicasAndRollouts),
            teams: to(QuestionId::TeamsAndEnvironments),
            gitops: to(QuestionId::Gitops),
            packaging: to(QuestionId::Packaging),
            repeated: repeated(questions),
            today: standing.today,
            delivery: standing.delivery,
            packages: standing.packages,
            points_to_cluster: questions.iter().any(points_to_cluster),
            scales_far: questions.iter().any(scales_far),
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
        let (kustomize, helm) = packages(self.packages, cluster, self.packaging, self.repeated);
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

    /// Returns whether any of the three questions about a cluster is open, and what is known of it.
    fn open(&self) -> Open {
        let is_open = self.nodes == Nodes::Unknown
            || self.replicas == Answer::Unknown
            || self.teams == Answer::Unknown;
        match (is_open, self.points_to_cluster) {
            (false, _) => Open::Nothing,
            (true, false) => Open::Something,
            (true, true) => Open::TowardsCluster,
        }
    }

    /// Returns the row of the table that holds.
    pub fn verdict(&self) -> Verdict {
        use Platform::{Compose, Either, Kubernetes, LargerServer};
        let row = |platform, so_far, sentence| Verdict { platform, so_far, sentence };
        let settled = |platform, sentence| row(platform, platform, sentence);
        // Where there is no system, no answer makes one.
        if self.today == Today::Unknown {
            return row(
                Either,
                Either,
                "These files show nothing that runs in production, so there is nothing to decide.",
            );
        }
        #[rustfmt::skip]
        let verdict = match (self.demands(), self.server, self.open()) {
            // It must run on several nodes.
            (Demands::Nodes, Server::EnoughIfLarger, _) =>
                settled(Kubernetes, "A larger server could carry the load, but it must run on several machines, which is what Kubernetes is for."),
            (Demands::Nodes, Server::Enough, _) =>
                settled(Kubernetes, "One server could carry the load, but it must run on several machines, which is what Kubernetes is for."),
            (Demands::Nodes, Server::NotEnough | Server::Unknown, _) =>
                settled(Kubernetes, "It must run on several machines, which is what Kubernetes is for."),
            // Several demands are those of a cluster.
            (Demands::Several, Server::EnoughIfLarger, _) =>
                settled(Kubernetes, "A larger server could carry the load, but several demands are those of a cluster: Kubernetes meets them out of the box."),
            (Demands::Several, Server::Enough, _) =>
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
            (Demands::Nothing, Server::Enough, Open::Something) =>
                row(Either, Compose, "One server is enough as far as the files say, but not every question that decides is answered: so far Compose."),
            (Demands::Nothing, Server::EnoughIfLarger, Open::Something) =>
                row(Either, LargerServer, "A larger server is enough as far as the files say, but not every question that decides is answered: so far Compose on that server."),
            (Demands::Nothing, Server::Enough, Open::TowardsCluster) =>
                row(Either, Either, "One server is enough as far as the files say, but a question that decides is open, and what is known of it points to a cluster."),
            (Demands::Nothing, Server::EnoughIfLarger, Open::TowardsCluster) =>
                row(Either, Either, "A larger server is enough as far as the files say, but a question that decides is open, and what is known of it points to a cluster."),
            (Demands::One | Demands::LikelyNodes, Server::Enough, Open::Nothing) =>
                settled(Either, "One server is enough, and one demand speaks for a cluster: {choice}."),
            (Demands::One | Demands::LikelyNodes, Server::EnoughIfLarger, Open::Nothing) =>
                settled(Either, "A larger server is enough, and one demand speaks for a cluster: {choice}."),
            (Demands::One | Demands::LikelyNodes, Server::Enough, Open::Something | Open::TowardsCluster) =>
                row(Either, Either, "One server carries the load. {demand}. That speaks for a cluster. Still open: {open}."),
            (Demands::One | Demands::LikelyNodes, Server::EnoughIfLarger, Open::Something | Open::TowardsCluster) =>
                row(Either, Either, "A larger server carries the load. {demand}. That speaks for a cluster. Still open: {open}."),
            // Nobody knows whether one server is enough.
            (Demands::Nothing, Server::Unknown, Open::Nothing) if self.points_to_cluster =>
                row(Either, Either, "Nothing asks for a cluster, but what is known of the load goes beyond one server."),
            (Demands::Nothing, Server::Unknown, Open::Nothing) =>
                row(Either, Compose, "Nothing asks for a cluster, but the files do not say whether one server carries the load: so far Compose."),
            (Demands::Nothing, Server::Unknown, Open::Something | Open::TowardsCluster) =>
                row(Either, Either, "The files leave open what decides: neither platform is ruled out."),
            (Demands::LikelyNodes, Server::Unknown, _) =>
                row(Either, Kubernetes, "The files point to several machines, but do not say whether one server carries the load: so far Kubernetes."),
            (Demands::One, Server::Unknown, Open::TowardsCluster) if self.uses_its_cluster() =>
                settled(Kubernetes, "It may outgrow one server, and a GitOps controller already delivers it to a cluster: Kubernetes is a sound choice."),
            (Demands::One, Server::Unknown, _) =>
                row(Either, Either, "One demand speaks for a cluster, and the files do not say whether one server carries the load."),
            // One server is not enough. The files never rule out several nodes then; a person may.
            (Demands::Nothing | Demands::One, Server::NotEnough, _) if self.nodes == Nodes::No =>
                row(Either, Kubernetes, "One server is not enough, and yet several machines are ruled out: the two answers contradict each other, so change one of them."),
            (Demands::Nothing | Demands::One | Demands::LikelyNodes, Server::NotEnough, _) =>
                settled(Kubernetes, "One server is not enough, so it must run on several machines, which is what Kubernetes is for."),
        };
        self.in_swarm(verdict)
    }

    /// Whether it runs in a cluster that a GitOps controller keeps, with decisive evidence for many replicas.
    fn uses_its_cluster(&self) -> bool {
        self.today == Today::Kubernetes
            && self.delivery != Delivery::Other
            && self.nodes != Nodes::No
            && self.replicas == Answer::Yes
            && self.scales_far
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
            // Whatever else speaks for a cluster, the server of today does not carry the load.
            (Today::Compose, Either) if self.server == Server::EnoughIfLarger => Fit::Outgrown,
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

/// Whether a question is open, with evidence for a cluster and none against it.
fn points_to_cluster(question: &Question) -> bool {
    let for_cluster = match question.id {
        QuestionId::OneServer => Answer::No,
        QuestionId::MultiNode
        | QuestionId::ReplicasAndRollouts
        | QuestionId::TeamsAndEnvironments => Answer::Yes,
        QuestionId::Gitops | QuestionId::Packaging => return false,
    };
    question.answer == Answer::Unknown
        && !question.evidence.is_empty()
        && question.evidence.iter().all(|it| it.points == for_cluster)
}

/// Whether a question is about replicas, and evidence for many of them is decisive.
fn scales_far(question: &Question) -> bool {
    let is_decisive = |it: &Evidence| it.points == Answer::Yes && it.weight == Weight::Decisive;
    question.id == QuestionId::ReplicasAndRollouts && question.evidence.iter().any(is_decisive)
}

/// Returns what is written more than once, by the files. Where they show nothing, a person who says that packaging pays
/// thinks of environments.
fn repeated(questions: &[Question]) -> Repeated {
    let packaging = questions.iter().filter(|it| it.id == QuestionId::Packaging);
    let mut reasons = packaging
        .flat_map(|it| &it.evidence)
        .filter(|it| it.points == Answer::Yes && it.by == AnsweredBy::Files)
        .map(|it| it.signal)
        .peekable();
    let is_repeated = reasons.peek().is_some();
    match is_repeated && reasons.all(|it| it == Signal::CopiedWorkloads) {
        true => Repeated::Workloads,
        false => Repeated::Environments,
    }
}

/// Combined demand of the three questions about a cluster.
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
    /// Something, and what is known of one open question speaks for a cluster alone.
    TowardsCluster,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub platform: Platform,
    /// The platform that the answers favour while the decision is open.
    pub so_far: Platform,
    /// `{demand}` stands for what speaks for a cluster, `{open}` for the open questions, and `{choice}` for what both
    /// platforms make of the demand.
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
fn packages(
    today: Packages,
    cluster: bool,
    packaging: Answer,
    repeated: Repeated,
) -> (Worth, Worth) {
    match (today, cluster, packaging) {
        (Packages::Kustomize, _, _) => (Worth::InUse, Worth::No),
        (Packages::Helm, _, _) => (Worth::No, Worth::InUse),
        (Packages::Both, _, _) => (Worth::InUse, Worth::InUse),
        (Packages::Nothing, false, _) | (Packages::Nothing, true, Answer::No) => {
            (Worth::No, Worth::No)
        }
        (Packages::Nothing, true, Answer::Yes) => match repeated {
            Repeated::Environments => (Worth::WorthIt, Worth::WorthIt),
            Repeated::Workloads => (Worth::No, Worth::WorthIt),
        },
        (Packages::Nothing, true, Answer::Unknown) => (Worth::NotYet, Worth::NotYet),
    }
}

#[cfg(test)]
mod tests;
