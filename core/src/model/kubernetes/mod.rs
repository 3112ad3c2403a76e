//! Kubernetes objects: typed manifests with the place of every value.

mod argocd;
mod autoscaler;
mod claim;
mod config;
mod container;
mod flux;
mod generators;
mod pod;
mod policy;
mod probe;
pub mod quantity;
mod rbac;
mod read;
mod route_rules;
mod routes;
mod selector;
mod service;
mod volume;
mod workload;

pub(crate) use argocd::read_application;
pub use argocd::*;
pub use autoscaler::*;
pub use claim::*;
pub use config::*;
pub use container::*;
pub use flux::*;
pub use generators::*;
pub use pod::*;
pub use policy::*;
pub use probe::*;
pub use quantity::{Quantity, Resource};
pub use rbac::*;
pub(crate) use read::meta::read_meta;
pub use read::object::{read, read_document};
pub use route_rules::*;
pub use routes::*;
pub use selector::*;
pub use service::*;
pub use volume::*;
pub use workload::*;

use crate::build::kustomize::name_before_hash;
use crate::model::read::{Place, Str, UnknownKey, WrongType};
use crate::syntax::NodeId;
use crate::text::{FileId, Span, Spanned};

/// An API object of a manifest. Each item of a `List` is an object of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// `apps/v1`; `None` for a fragment without a version.
    pub api_version: Option<Str>,
    pub kind: Str,
    pub meta: Meta,
    pub body: Body,
    /// The whole object.
    pub span: Span,
    pub place: Place,
    /// The zero-based index of the document in its file.
    pub document: usize,
    pub file: FileId,
    /// The mapping of the object in its tree.
    pub node: NodeId,
    /// Keys that the schema of the built-in kinds does not know.
    pub unknown: Vec<UnknownKey>,
    pub wrong: Vec<WrongType>,
    /// The largest number of replicas or instances that the `spec` of a custom resource states.
    pub stated_replicas: Option<Spanned<i64>>,
}

impl Object {
    /// Returns the API group; empty for `v1`.
    pub fn group(&self) -> &str {
        let version = self.api_version.as_ref().map_or("", |it| it.as_str());
        version.rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// Returns the name.
    pub fn name(&self) -> Option<&Str> {
        self.meta.name.as_ref()
    }

    /// Returns the name without the hash of its content that Kustomize adds to what a generator makes; `None` if
    /// the name has no hash.
    pub fn name_before_hash(&self) -> Option<&str> {
        name_before_hash(self.name()?.as_str())
    }

    /// Returns the kind and the name for a message, as "Deployment `shop`".
    pub fn label(&self) -> String {
        format!("{} `{}`", self.kind.value, self.name().map_or("", |it| it.as_str()))
    }

    /// Returns the namespace; `default` if none is written.
    pub fn namespace(&self) -> &str {
        self.meta.namespace.as_ref().map_or("default", |it| it.as_str())
    }

    /// Returns the span for findings about the object as a whole: its name, else its kind.
    pub fn name_span(&self) -> Span {
        let name = self.meta.name.as_ref().or(self.meta.generate_name.as_ref());
        name.map_or(self.kind.span, |it| it.span)
    }

    /// Returns the names of the Secrets that this object is or creates; empty for any other object.
    pub fn secret_names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        if let Body::Secret(secret) = &self.body {
            names.extend(secret.makes.iter().map(|name| name.as_str()));
            if let Some(own) = self.meta.name.as_ref().filter(|_| names.is_empty()) {
                names.push(own);
            }
        }
        names
    }

    pub fn workload(&self) -> Option<&Workload> {
        match &self.body {
            Body::Workload(it) => Some(it),
            _ => None,
        }
    }

    pub fn service(&self) -> Option<&Service> {
        match &self.body {
            Body::Service(it) => Some(it),
            _ => None,
        }
    }
}

/// `metadata`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meta {
    pub name: Option<Str>,
    pub generate_name: Option<Str>,
    pub namespace: Option<Str>,
    pub labels: Vec<(Str, Str)>,
    pub annotations: Vec<(Str, Str)>,
    /// `None` if there is no `metadata`.
    pub place: Option<Place>,
    pub labels_place: Option<Place>,
    pub annotations_place: Option<Place>,
}

impl Meta {
    pub fn label(&self, key: &str) -> Option<&Str> {
        find(&self.labels, key)
    }

    pub fn annotation(&self, key: &str) -> Option<&Str> {
        find(&self.annotations, key)
    }
}

/// Returns the value of a key in a list of pairs.
pub fn find<'p>(pairs: &'p [(Str, Str)], key: &str) -> Option<&'p Str> {
    pairs.iter().find(|(name, _)| name.as_str() == key).map(|(_, value)| value)
}

/// The contents of an object, by its kind and API group.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Workload(Box<Workload>),
    Service(Box<Service>),
    /// Ingress, the Gateway API's routes, Traefik's IngressRoute and the like.
    Routes(Box<Routes>),
    /// Istio's DestinationRule
    DestinationRule(Box<DestinationRule>),
    /// Istio's ServiceEntry
    ServiceEntry(Box<ServiceEntry>),
    ConfigMap(Box<ConfigMap>),
    /// A Secret, or an object that creates one.
    Secret(Box<Secret>),
    /// PersistentVolumeClaim
    Claim(Box<Claim>),
    /// HorizontalPodAutoscaler, KEDA's ScaledObject and ScaledJob, VerticalPodAutoscaler
    Autoscaler(Box<Autoscaler>),
    DisruptionBudget(Box<DisruptionBudget>),
    NetworkPolicy(Box<NetworkPolicy>),
    /// ServiceMonitor, PodMonitor
    Monitor(Box<Monitor>),
    LimitRange(Box<LimitRange>),
    ResourceQuota(Box<ResourceQuota>),
    ServiceAccount(Box<ServiceAccount>),
    /// Role, ClusterRole
    Role(Box<Role>),
    /// RoleBinding, ClusterRoleBinding
    RoleBinding(Box<RoleBinding>),
    Namespace,
    PersistentVolume(Box<PersistentVolume>),
    StorageClass(Box<StorageClass>),
    PriorityClass(Box<PriorityClass>),
    IngressClass,
    /// Argo CD's Application
    Application(Box<Application>),
    /// Argo CD's ApplicationSet
    ApplicationSet(Box<ApplicationSet>),
    /// Argo CD's AppProject
    AppProject(Box<AppProject>),
    /// Flux's Kustomization
    FluxKustomization(Box<FluxKustomization>),
    /// Flux's HelmRelease
    HelmRelease(Box<HelmRelease>),
    /// Flux's GitRepository, OCIRepository, HelmRepository and Bucket
    FluxSource(Box<FluxSource>),
    /// Custom resources and kinds that no rule needs.
    Other,
}

impl Body {
    /// Whether a controller makes other objects from this one, as far as its kind says.
    pub fn is_custom(&self) -> bool {
        matches!(
            self,
            Body::Other
                | Body::ServiceEntry(_)
                | Body::Application(_)
                | Body::ApplicationSet(_)
                | Body::FluxKustomization(_)
                | Body::HelmRelease(_)
        )
    }
}

/// Reads the objects of all documents. Each item of a `List` is an object of its own.
pub fn objects(tree: &crate::syntax::Tree) -> (Vec<Object>, Vec<crate::syntax::Problem>) {
    let mut reader = crate::model::read::Reader::new();
    let objects = read(tree, &mut reader);
    (objects, reader.problems)
}

/// Whether a flag is set to true.
pub fn is_true(flag: Option<Spanned<bool>>) -> bool {
    flag.is_some_and(|it| it.value)
}

#[cfg(test)]
mod tests;
