//! Compose services beside their counterparts in the cluster: what is the same, what has drifted apart and
//! what is lost.

use super::vocabulary;
use crate::text::{FileId, Span};
use smol_str::SmolStr;
use std::borrow::Cow;

vocabulary! {
    /// What is compared.
    pub enum Aspect {
        Image = "image",
        Command = "command",
        Environment = "env",
        Ports = "ports",
        Volumes = "volumes",
        Health = "health",
        Resources = "resources",
        Replicas = "replicas",
    }

    /// How the two sides differ.
    pub enum Drift {
        Same = "same",
        // Both sides have it, in different forms.
        Drifted = "drifted",
        // Only the Compose side has it.
        Lost = "lost",
    }
}

/// One aspect of a service, on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    pub aspect: Aspect,
    pub drift: Drift,
    /// What the Compose service has.
    pub compose: String,
    /// What its counterpart has.
    pub cluster: String,
    pub span: Option<Span>,
    pub cluster_span: Option<Span>,
}

/// The container in the cluster that runs the same thing as a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The workload, and its container where there are several.
    pub label: String,
    /// Completes "matched by ...".
    pub by: Cow<'static, str>,
    pub span: Span,
}

/// A Compose service and its counterpart.
#[derive(Debug, Clone, PartialEq)]
pub struct ServicePair {
    pub service: SmolStr,
    pub span: Span,
    /// The files of its Compose project.
    pub files: Vec<FileId>,
    /// `None` where no container, or more than one, could be meant.
    pub counterpart: Option<Match>,
    /// Without a counterpart, the workloads that run the same image: nothing tells which of them is meant.
    pub candidates: Vec<String>,
    /// Without a counterpart, whether any container has the image or the name of the service.
    pub resembles: bool,
    pub compared: Vec<Compared>,
    /// The keys that a converter treats differently from what to write.
    pub converters: Vec<ConverterNote>,
}

/// What converters make of a key that does not cross as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ConverterNote {
    pub key: String,
    pub span: Span,
    /// What kompose makes of the key; `None` where that is not documented.
    pub kompose: Option<&'static str>,
    /// What Compose Bridge makes of the key; `None` where that is not known.
    pub bridge: Option<&'static str>,
    /// The Kubernetes page for what to write instead.
    pub see: &'static str,
}

/// A container of the cluster that no Compose service runs.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterOnly {
    pub label: String,
    pub span: Span,
}

/// Both sides of a project.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    pub services: Vec<ServicePair>,
    pub only_in_cluster: Vec<ClusterOnly>,
    /// Whether the files hold workloads of a cluster.
    pub has_cluster: bool,
}

impl Comparison {
    /// Returns the number of aspects with this drift.
    pub fn count(&self, drift: Drift) -> usize {
        let all = self.services.iter().flat_map(|it| &it.compared);
        all.filter(|it| it.drift == drift).count()
    }
}
