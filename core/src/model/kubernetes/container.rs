//! A container of a Pod.

use super::{ContainerPort, Probe, ProbeHandler, Resource, SecurityContext};
use crate::model::read::{Place, Str};
use crate::text::{Span, Spanned};
use smol_str::SmolStr;

/// A container.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Container {
    pub name: Option<Str>,
    pub image: Option<Str>,
    pub image_pull_policy: Option<Str>,
    /// Replaces the ENTRYPOINT of the image. Empty if not written.
    pub command: Vec<Str>,
    /// Replaces the CMD of the image.
    pub args: Vec<Str>,
    pub working_dir: Option<Str>,
    pub env: Vec<EnvVar>,
    pub env_from: Vec<EnvFrom>,
    pub ports: Vec<ContainerPort>,
    pub readiness: Option<Box<Probe>>,
    pub liveness: Option<Box<Probe>>,
    pub startup: Option<Box<Probe>>,
    pub post_start: Option<Box<Hook>>,
    pub pre_stop: Option<Box<Hook>>,
    pub resources: Option<Resources>,
    /// The `null` behind `resources`, or the key where nothing follows it.
    pub null_resources: Option<Span>,
    pub mounts: Vec<VolumeMount>,
    /// `volumeDevices`: block devices, by volume name and path.
    pub devices: Vec<(Str, Option<Str>)>,
    pub security: Option<SecurityContext>,
    /// `Always` on an init container makes it a sidecar.
    pub restart_policy: Option<Str>,
    pub stdin: Option<Spanned<bool>>,
    pub tty: Option<Spanned<bool>>,
    pub place: Place,
    /// The place of `env`, for fixes that add an item.
    pub env_place: Option<Place>,
    pub ports_place: Option<Place>,
    pub mounts_place: Option<Place>,
    pub command_span: Option<Span>,
    pub args_span: Option<Span>,
}

impl Container {
    /// Returns the name for a message.
    pub fn label(&self) -> &str {
        self.name.as_ref().or(self.image.as_ref()).map_or("(unnamed)", |it| it.as_str())
    }

    /// Returns the span of the resources where they are written in another file than the container, such as a
    /// values file or a patch.
    pub fn resources_elsewhere(&self) -> Option<Span> {
        let place = self.resources.as_ref()?.place.span;
        (place.file != self.span().file).then_some(place)
    }

    /// Returns the span for findings about the container as a whole.
    pub fn span(&self) -> Span {
        self.name.as_ref().or(self.image.as_ref()).map_or(self.place.span, |it| it.span)
    }

    /// Whether this init container keeps running beside the others (Kubernetes 1.29 and later).
    pub fn is_sidecar(&self) -> bool {
        self.restart_policy.as_ref().is_some_and(|it| it.as_str() == "Always")
    }

    pub fn env(&self, name: &str) -> Option<&EnvVar> {
        self.env.iter().rev().find(|it| it.name.as_str() == name)
    }

    /// Returns the words of `command` and `args`.
    pub fn words(&self) -> impl Iterator<Item = &Str> {
        self.command.iter().chain(&self.args)
    }
}

/// An item of `env`.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvVar {
    pub name: Str,
    pub value: EnvValue,
    pub place: Place,
}

impl EnvVar {
    /// Returns the value if it is written out, also with the wrong type.
    pub fn literal(&self) -> Option<&Str> {
        match &self.value {
            EnvValue::Literal(it) | EnvValue::NotAString(it, _) => Some(it),
            _ => None,
        }
    }
}

/// The value of an environment variable.
#[derive(Debug, Clone, PartialEq)]
pub enum EnvValue {
    /// No `value` and no `valueFrom`: the empty string.
    Empty,
    Literal(Str),
    /// A boolean, number or null as written, which the API server refuses.
    NotAString(Str, ScalarType),
    ConfigMapKey(KeyRef),
    SecretKey(KeyRef),
    /// `metadata.name`, `status.podIP`
    Field(Str),
    /// `limits.memory`
    Resource(Str),
    /// `fileKeyRef` and sources of later versions.
    Other(Span),
}

/// A scalar type other than string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarType {
    Null,
    Bool,
    Number,
}

impl ScalarType {
    pub fn name(self) -> &'static str {
        match self {
            ScalarType::Null => "null",
            ScalarType::Bool => "a boolean",
            ScalarType::Number => "a number",
        }
    }
}

/// A reference to a key of a ConfigMap or Secret.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeyRef {
    pub name: Option<Str>,
    pub key: Option<Str>,
    pub optional: Option<Spanned<bool>>,
    pub place: Place,
}

/// An item of `envFrom`.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvFrom {
    pub prefix: Option<Str>,
    pub source: EnvSource,
    pub name: Option<Str>,
    pub optional: Option<Spanned<bool>>,
    pub span: Span,
}

/// The kind of object that `envFrom` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvSource {
    ConfigMap,
    Secret,
    Unknown,
}

/// `lifecycle.postStart` or `lifecycle.preStop`.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    pub handler: HookHandler,
    pub place: Place,
}

/// The action of a lifecycle hook.
#[derive(Debug, Clone, PartialEq)]
pub enum HookHandler {
    Run(ProbeHandler),
    /// Seconds, since Kubernetes 1.30.
    Sleep(Option<Spanned<i64>>),
}

/// `resources`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resources {
    pub requests: Vec<Resource>,
    pub limits: Vec<Resource>,
    /// The names of claims for dynamic resource allocation.
    pub claims: Vec<Str>,
    pub place: Place,
    pub requests_place: Option<Place>,
    pub limits_place: Option<Place>,
}

impl Resources {
    /// Returns the request for a resource: `cpu`, `memory`, `ephemeral-storage`, `nvidia.com/gpu`.
    pub fn request(&self, name: &str) -> Option<&Resource> {
        self.requests.iter().find(|it| it.name.as_str() == name)
    }

    pub fn limit(&self, name: &str) -> Option<&Resource> {
        self.limits.iter().find(|it| it.name.as_str() == name)
    }

    /// Returns the limits for GPUs of any vendor. Such a limit is a request as well.
    pub fn gpus(&self) -> impl Iterator<Item = &Resource> {
        self.limits.iter().filter(|it| it.is_gpu())
    }
}

/// An item of `volumeMounts`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VolumeMount {
    pub name: Option<Str>,
    pub mount_path: Option<Str>,
    pub sub_path: Option<Str>,
    pub sub_path_expr: Option<Str>,
    pub read_only: Option<Spanned<bool>>,
    pub propagation: Option<Str>,
    pub place: Place,
}

impl VolumeMount {
    pub fn is_of(&self, volume: &SmolStr) -> bool {
        self.name.as_ref().is_some_and(|it| it.value == *volume)
    }
}
