//! Service accounts and roles, as far as other objects name them.

use crate::model::read::Str;
use crate::text::{Span, Spanned};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServiceAccount {
    pub image_pull_secrets: Vec<Str>,
    pub automount_token: Option<Spanned<bool>>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Role {
    pub rules: Vec<RoleRule>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoleRule {
    pub api_groups: Vec<Str>,
    pub resources: Vec<Str>,
    pub verbs: Vec<Str>,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct RoleBinding {
    /// `Role` or `ClusterRole`, and its name.
    pub role_kind: Option<Str>,
    pub role_name: Option<Str>,
    pub subjects: Vec<Subject>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Subject {
    /// `ServiceAccount`, `User`, `Group`
    pub kind: Option<Str>,
    pub name: Option<Str>,
    pub namespace: Option<Str>,
}
