//! Kubernetes objects: what a manifest says, with the place of every word.

mod autoscaler;
mod claim;
mod config;
mod container;
mod pod;
mod policy;
mod probe;
pub mod quantity;
mod rbac;
mod read;
mod routes;
mod selector;
mod service;
mod volume;
mod workload;

pub use autoscaler::*;
pub use claim::*;
pub use config::*;
pub use container::*;
pub use pod::*;
pub use policy::*;
pub use probe::*;
pub use quantity::{Quantity, Resource};
pub use rbac::*;
pub use read::object::{read, read_document};
pub use routes::*;
pub use selector::*;
pub use service::*;
pub use volume::*;
pub use workload::*;

use crate::model::read::{Place, Str, UnknownKey, WrongType};
use crate::syntax::NodeId;
use crate::text::{FileId, Span, Spanned};

/// One API object of a manifest. The items of a `List` stand each for themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// `apps/v1`; `None` for a fragment that does not say.
    pub api_version: Option<Str>,
    pub kind: Str,
    pub meta: Meta,
    pub body: Body,
    /// The whole object.
    pub span: Span,
    pub place: Place,
    /// Which document of its file, from 0.
    pub document: usize,
    pub file: FileId,
    /// The object's mapping in the tree that it was read from.
    pub node: NodeId,
    /// Keys that the schema of the built-in kinds does not know.
    pub unknown: Vec<UnknownKey>,
    pub wrong: Vec<WrongType>,
}

impl Object {
    /// The API group: empty for `v1`.
    pub fn group(&self) -> &str {
        let version = self.api_version.as_ref().map_or("", |it| it.as_str());
        version.rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// The name, or the prefix that a generated one gets.
    pub fn name(&self) -> Option<&Str> {
        self.meta.name.as_ref()
    }

    /// "Deployment `shop`".
    pub fn label(&self) -> String {
        format!("{} `{}`", self.kind.value, self.name().map_or("", |it| it.as_str()))
    }

    /// The namespace, `default` where none is written.
    pub fn namespace(&self) -> &str {
        self.meta.namespace.as_ref().map_or("default", |it| it.as_str())
    }

    /// Where a finding about the object as a whole points: its name, else its kind.
    pub fn name_span(&self) -> Span {
        let name = self.meta.name.as_ref().or(self.meta.generate_name.as_ref());
        name.map_or(self.kind.span, |it| it.span)
    }

    /// The names of the Secrets that this object is or makes; none for anything else.
    pub fn secret_names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        if let Body::Secret(it) = &self.body {
            for made in &it.makes {
                names.push(made.as_str());
            }
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
    /// `None` where there is no `metadata`.
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

/// The value of a key in a list of pairs.
pub fn find<'p>(pairs: &'p [(Str, Str)], key: &str) -> Option<&'p Str> {
    pairs.iter().find(|it| it.0.as_str() == key).map(|it| &it.1)
}

/// What an object is, by its kind and API group.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Workload(Box<Workload>),
    Service(Box<Service>),
    /// Ingress, the Gateway API's routes, Traefik's IngressRoute and the like.
    Routes(Box<Routes>),
    ConfigMap(Box<ConfigMap>),
    /// A Secret, or something that makes one.
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
    /// Custom resources and kinds that no rule needs.
    Other,
}

/// The objects of all documents, the items of a `List` each for itself.
pub fn objects(tree: &crate::syntax::Tree) -> (Vec<Object>, Vec<crate::syntax::Problem>) {
    let mut reader = crate::model::read::Reader::new();
    let objects = read(tree, &mut reader);
    (objects, reader.problems)
}

/// A flag that is set and says so: absent flags are `false`.
pub fn is_true(flag: Option<Spanned<bool>>) -> bool {
    flag.is_some_and(|it| it.value)
}

#[cfg(test)]
mod tests;
