//! Service accounts, roles and role bindings.

use crate::model::read::{Reader, Str};
use crate::syntax::Node;
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

pub(crate) fn read_rules(reader: &mut Reader, node: Node<'_>) -> Vec<RoleRule> {
    reader.list(node, |reader, node| {
        let mut it = RoleRule { span: node.span(), ..RoleRule::default() };
        reader.each(node, "PolicyRule", |reader, key, entry| {
            match key {
                "apiGroups" => reader.read(entry.value, &mut it.api_groups),
                "resources" => reader.read(entry.value, &mut it.resources),
                "verbs" => reader.read(entry.value, &mut it.verbs),
                _ => return false,
            }
            true
        });
        Some(it)
    })
}

pub(crate) fn read_subjects(reader: &mut Reader, node: Node<'_>) -> Vec<Subject> {
    reader.list(node, |reader, node| {
        let mut it = Subject::default();
        reader.each(node, "Subject", |reader, key, entry| {
            match key {
                "kind" => reader.read(entry.value, &mut it.kind),
                "name" => reader.read(entry.value, &mut it.name),
                "namespace" => reader.read(entry.value, &mut it.namespace),
                _ => return false,
            }
            true
        });
        Some(it)
    })
}
