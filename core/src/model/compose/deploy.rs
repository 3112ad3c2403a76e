//! The `deploy` section of a service.

use super::{Key, KeyValue};
use crate::model::{Place, Str};
use crate::text::{Span, Spanned};
use std::time::Duration;

/// `deploy`.
#[derive(Debug, Clone, Default)]
pub struct Deploy {
    /// The whole value.
    pub span: Span,
    pub place: Option<Place>,
    /// `replicated`, `global`, `replicated-job`, `global-job`.
    pub mode: Option<Str>,
    pub replicas: Option<Spanned<i64>>,
    pub endpoint_mode: Option<Str>,
    pub labels: Vec<KeyValue>,
    pub limits: Option<Resources>,
    pub reservations: Option<Resources>,
    pub restart_policy: Option<RestartPolicy>,
    pub placement: Option<Placement>,
    pub update_config: Option<UpdateConfig>,
    pub rollback_config: Option<UpdateConfig>,
    pub keys: Vec<Key>,
}

/// `resources.limits` or `resources.reservations`.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    pub span: Span,
    pub place: Option<Place>,
    /// Cores.
    pub cpus: Option<Spanned<f64>>,
    /// Bytes.
    pub memory: Option<Spanned<i64>>,
    pub pids: Option<Spanned<i64>>,
    pub devices: Vec<Device>,
    /// The whole list of `generic_resources`, which only Swarm mode reads.
    pub generic_resources: Option<Span>,
}

/// A requested device, usually a GPU.
#[derive(Debug, Clone, Default)]
pub struct Device {
    pub span: Span,
    pub driver: Option<Str>,
    /// Number of devices; -1 for all.
    pub count: Option<Spanned<i64>>,
    pub device_ids: Vec<Str>,
    pub capabilities: Vec<Str>,
    pub options: Vec<KeyValue>,
}

/// `restart_policy`.
#[derive(Debug, Clone, Default)]
pub struct RestartPolicy {
    pub span: Span,
    /// `none`, `on-failure` or `any`.
    pub condition: Option<Str>,
    pub delay: Option<Spanned<Duration>>,
    pub max_attempts: Option<Spanned<i64>>,
    pub window: Option<Spanned<Duration>>,
}

/// `placement`.
#[derive(Debug, Clone, Default)]
pub struct Placement {
    pub span: Span,
    pub constraints: Vec<Str>,
    /// The `spread` of each preference.
    pub preferences: Vec<Str>,
    pub max_replicas_per_node: Option<Spanned<i64>>,
}

/// A placement constraint: `node.role == manager`.
///
/// Source: <https://docs.docker.com/reference/cli/docker/service/create/#constraint>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Constraint<'a> {
    /// `node.role`, `node.hostname`, `node.labels.disk` and the like.
    pub subject: &'a str,
    /// Whether the node has to have the value (`==`), or must not have it (`!=`).
    pub is_equal: bool,
    pub value: &'a str,
}

impl<'a> Constraint<'a> {
    /// Reads a constraint; `None` for what compares nothing.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Constraint<'a>> {
        let (is_equal, (subject, value)) = match text.split_once("!=") {
            Some(sides) => (false, sides),
            None => (true, text.split_once("==")?),
        };
        Some(Constraint { subject: subject.trim(), is_equal, value: value.trim() })
    }

    /// Returns whether the constraint asks for a manager; `None` where it is not about the role of a node.
    #[must_use]
    pub fn asks_for_manager(self) -> Option<bool> {
        match (self.subject, self.value) {
            ("node.role", "manager") => Some(self.is_equal),
            ("node.role", "worker") => Some(!self.is_equal),
            _ => None,
        }
    }
}

/// `update_config` or `rollback_config`.
#[derive(Debug, Clone, Default)]
pub struct UpdateConfig {
    pub span: Span,
    pub parallelism: Option<Spanned<i64>>,
    pub delay: Option<Spanned<Duration>>,
    /// `continue`, `pause` or `rollback`.
    pub failure_action: Option<Str>,
    pub monitor: Option<Spanned<Duration>>,
    pub max_failure_ratio: Option<Spanned<f64>>,
    /// `start-first` or `stop-first`.
    pub order: Option<Str>,
}
