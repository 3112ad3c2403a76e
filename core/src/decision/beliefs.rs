//! Common beliefs about platforms, each with its correction.

use super::outcome::{Delivery, Packages, Situation};
use super::reasons::Reason;
use crate::report::{Answer, Platform, Question, QuestionId, Signal, Today};

/// A belief that people bring to the choice of a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belief {
    ComposeIsForDevelopment,
    ClusterIsAvailable,
    ConverterMoves,
    KubernetesNeedsHelm,
    KubernetesNeedsArgoCd,
    LoadNeedsKubernetes,
}

/// Inputs for the choice of a belief.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'g> {
    pub situation: &'g Situation,
    pub questions: &'g [Question],
    /// The reasons given already, which a belief does not repeat.
    pub reasons: &'g [Reason],
    /// Whether Compose files are meant for a server.
    pub has_server: bool,
}

impl Grounds<'_> {
    /// Whether the files show one of some signals.
    fn shows(&self, signals: &[Signal]) -> bool {
        self.questions.iter().flat_map(|it| &it.evidence).any(|it| signals.contains(&it.signal))
    }

    /// Whether a reason tells of one of some signals.
    fn tells(&self, signals: &[Signal]) -> bool {
        self.reasons.iter().filter_map(|it| it.signal).any(|it| signals.contains(&it))
    }

    fn is_answered(&self, id: QuestionId, answer: Answer) -> bool {
        self.questions.iter().any(|it| it.id == id && it.answer == answer)
    }
}

impl Belief {
    #[cfg(test)]
    pub const ALL: [Belief; 6] = [
        Belief::ComposeIsForDevelopment,
        Belief::ClusterIsAvailable,
        Belief::ConverterMoves,
        Belief::KubernetesNeedsHelm,
        Belief::KubernetesNeedsArgoCd,
        Belief::LoadNeedsKubernetes,
    ];

    /// Returns the belief that bears most on what the files show.
    pub fn on(grounds: &Grounds<'_>) -> Option<Belief> {
        Belief::in_order(grounds.situation).iter().copied().find(|it| it.bears_on(grounds))
    }

    /// Returns the beliefs that people hold who think about this outcome, the most frequent first.
    fn in_order(situation: &Situation) -> &'static [Belief] {
        use Belief::{
            ClusterIsAvailable, ComposeIsForDevelopment, ConverterMoves, KubernetesNeedsArgoCd,
            KubernetesNeedsHelm, LoadNeedsKubernetes,
        };
        match (situation.verdict().platform, situation.today) {
            (_, Today::Unknown) => &[],
            (Platform::Kubernetes, Today::Compose | Today::Swarm) => &[ConverterMoves],
            (Platform::LargerServer, _) => &[LoadNeedsKubernetes],
            (Platform::Compose, Today::Compose | Today::Swarm) => &[ComposeIsForDevelopment],
            // A swarm is no single server, of which the correction speaks.
            (Platform::Swarm, Today::Compose | Today::Swarm) => &[],
            (Platform::Either, Today::Compose | Today::Swarm) => {
                &[LoadNeedsKubernetes, ComposeIsForDevelopment]
            }
            (Platform::Compose | Platform::Swarm, Today::Kubernetes | Today::Both) => {
                &[ClusterIsAvailable, ComposeIsForDevelopment]
            }
            (Platform::Either, Today::Both) => {
                &[LoadNeedsKubernetes, ComposeIsForDevelopment, ClusterIsAvailable, ConverterMoves]
            }
            (Platform::Either, Today::Kubernetes) => &[
                LoadNeedsKubernetes,
                ClusterIsAvailable,
                KubernetesNeedsHelm,
                KubernetesNeedsArgoCd,
                ComposeIsForDevelopment,
            ],
            (Platform::Kubernetes, Today::Kubernetes | Today::Both) => &[
                KubernetesNeedsHelm,
                KubernetesNeedsArgoCd,
                ClusterIsAvailable,
                LoadNeedsKubernetes,
            ],
        }
    }

    /// Whether the files show what the belief is about, and no reason says the same.
    fn bears_on(self, grounds: &Grounds<'_>) -> bool {
        let situation = grounds.situation;
        match self {
            Belief::ComposeIsForDevelopment => {
                // Where it is on a server already, nobody holds the belief.
                !grounds.has_server || matches!(situation.today, Today::Compose | Today::Swarm)
            }
            Belief::ClusterIsAvailable => {
                const SINGLE: &[Signal] = &[Signal::SingleReplicas, Signal::StatefulSingleton];
                grounds.shows(SINGLE) && !grounds.tells(SINGLE)
            }
            Belief::ConverterMoves => situation.today != Today::Both,
            Belief::KubernetesNeedsHelm => {
                situation.packages == Packages::Nothing && situation.packaging != Answer::Yes
            }
            Belief::KubernetesNeedsArgoCd => {
                situation.delivery == Delivery::Other && situation.gitops != Answer::Yes
            }
            Belief::LoadNeedsKubernetes => {
                const LOAD: &[Signal] = &[
                    Signal::Autoscaler,
                    Signal::FewReplicas,
                    Signal::LimitsBeyondServer,
                    Signal::ManyReplicas,
                    Signal::NeedsLargerServer,
                    Signal::SeveralReplicated,
                ];
                grounds.shows(LOAD)
                    || grounds.is_answered(QuestionId::ReplicasAndRollouts, Answer::Yes)
            }
        }
    }

    /// Returns the belief in quotation marks, and its correction.
    pub fn answer(self) -> &'static str {
        match self {
            // Source: <https://docs.docker.com/compose/how-tos/production/>, "Running Compose on a single server".
            Belief::ComposeIsForDevelopment => {
                "\"Compose is only for development\": Docker documents it for production on a single server."
            }
            // Source: <https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/>, "Taint
            // based Evictions": a Pod stays bound to an unreachable node for 300 seconds by default.
            Belief::ClusterIsAvailable => {
                "\"Kubernetes makes it highly available\": a single replica is down with its node there too."
            }
            // Sources: <https://kompose.io/conversion/>, the keys that are not converted, and
            // <https://docs.docker.com/compose/bridge/>.
            Belief::ConverterMoves => {
                "\"A converter does the move\": it translates keys; startup, migrations and state stay your work."
            }
            // Sources: <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/> for plain
            // manifests, <https://helm.sh/docs/topics/charts/> for what a chart adds.
            Belief::KubernetesNeedsHelm => {
                "\"Kubernetes needs Helm\": plain manifests are enough until several environments share them."
            }
            // Source: <https://argo-cd.readthedocs.io/en/stable/core_concepts/>: the controller compares the live
            // state with the target state; nothing in Kubernetes asks for it.
            Belief::KubernetesNeedsArgoCd => {
                "\"Kubernetes needs Argo CD\": a pipeline is enough until drift or audits have to be shown."
            }
            // Sources: <https://aws.amazon.com/ec2/instance-types/high-memory/> for the size of one machine,
            // <https://docs.docker.com/reference/cli/docker/container/stats/> for how to measure.
            Belief::LoadNeedsKubernetes => {
                "\"More load needs Kubernetes\": a larger server comes first, for a load that is measured."
            }
        }
    }
}
