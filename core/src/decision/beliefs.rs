//! Common beliefs about platforms, each with its correction.

use super::outcome::{Case, Delivery, Packages};
use crate::report::{Answer, Platform, Today};

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

impl Belief {
    /// Returns the belief that bears on the outcome.
    pub fn on(case: &Case) -> Option<Belief> {
        let belief = match (case.verdict().platform, case.today) {
            (_, Today::Unknown) => return None,
            (Platform::Either | Platform::LargerServer, Today::Compose | Today::Swarm)
            | (Platform::LargerServer, Today::Kubernetes | Today::Both) => {
                Belief::LoadNeedsKubernetes
            }
            (Platform::Either, Today::Kubernetes | Today::Both) if case.replicas != Answer::Yes => {
                Belief::ClusterIsAvailable
            }
            (Platform::Either, Today::Kubernetes | Today::Both) => Belief::LoadNeedsKubernetes,
            (Platform::Compose | Platform::Swarm, Today::Compose | Today::Swarm) => {
                Belief::ComposeIsForDevelopment
            }
            (Platform::Compose | Platform::Swarm, Today::Kubernetes | Today::Both) => {
                Belief::ClusterIsAvailable
            }
            (Platform::Kubernetes, Today::Compose | Today::Swarm) => Belief::ConverterMoves,
            (Platform::Kubernetes, Today::Kubernetes | Today::Both) => {
                if case.packages == Packages::Nothing && case.packaging != Answer::Yes {
                    Belief::KubernetesNeedsHelm
                } else if case.delivery == Delivery::Other && case.gitops != Answer::Yes {
                    Belief::KubernetesNeedsArgoCd
                } else {
                    Belief::ClusterIsAvailable
                }
            }
        };
        Some(belief)
    }

    /// Returns the belief in quotation marks, and its correction.
    pub fn answer(self) -> &'static str {
        match self {
            // Source: <https://docs.docker.com/compose/how-tos/production/>, "Running Compose on a single server".
            Belief::ComposeIsForDevelopment => {
                "\"Compose is only for development\": Docker documents Compose for production on a single server; what counts is backups, health checks, updates and somebody who watches."
            }
            // Source: <https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/>, "Taint
            // based Evictions": a Pod stays bound to an unreachable node for 300 seconds by default.
            Belief::ClusterIsAvailable => {
                "\"Kubernetes makes it highly available\": with one replica, a lost node is an outage there too: the Pod stays bound to it for five minutes by default, and then needs its volume on another node."
            }
            // Sources: <https://kompose.io/conversion/>, the keys that are not converted, and
            // <https://docs.docker.com/compose/bridge/>.
            Belief::ConverterMoves => {
                "\"A converter does the move\": it translates keys; startup order, migrations, mounted files, secrets and probes have to be designed again."
            }
            // Sources: <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/> for plain
            // manifests, <https://helm.sh/docs/topics/charts/> for what a chart adds.
            Belief::KubernetesNeedsHelm => {
                "\"Kubernetes needs Helm\": `kubectl apply` takes plain manifests, which are fine while they are written once; a chart pays when several environments share them."
            }
            // Source: <https://argo-cd.readthedocs.io/en/stable/core_concepts/>: the controller compares the live
            // state with the target state; nothing in Kubernetes asks for it.
            Belief::KubernetesNeedsArgoCd => {
                "\"Kubernetes needs Argo CD\": a pipeline that applies the manifests is enough until drift or audits have to be shown."
            }
            // Sources: <https://aws.amazon.com/ec2/instance-types/high-memory/> for the size of one machine,
            // <https://docs.docker.com/reference/cli/docker/container/stats/> for how to measure.
            Belief::LoadNeedsKubernetes => {
                "\"More load needs Kubernetes\": a larger server comes first, and the load is measured (`docker stats`, `kubectl top pods`), not guessed."
            }
        }
    }
}
