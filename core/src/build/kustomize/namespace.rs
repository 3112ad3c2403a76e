//! The namespace of a kustomization.

use super::accumulated::Accumulated;
use super::fieldspec::{Create, FieldSpec};
use super::schema::Schema;
use super::value::{Data, Scalar, Value};
use crate::text::Span;
use rustc_hash::FxHashMap;

/// Which subjects of role bindings move along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Subjects {
    /// The account `default`, which every namespace has.
    #[default]
    DefaultOnly,
    AllServiceAccounts,
    None,
}

/// How namespaces are set.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mode {
    pub subjects: Subjects,
    /// Namespaces that are written stay.
    pub only_unset: bool,
}

/// Moves all objects into a namespace.
pub(super) fn set(
    all: &mut Accumulated,
    namespace: &Value,
    fields: &[FieldSpec],
    schema: &Schema,
    mode: Mode,
) {
    let Some(name) = namespace.as_str().filter(|name| !name.is_empty()) else { return };
    let span = namespace.span;
    let mut change = |value: &mut Value| {
        let unset = value.is_null() || value.as_str() == Some("");
        if value.as_scalar().is_some() && (unset || !mode.only_unset) {
            *value = Value::string(name, span);
        }
    };
    let own = FieldSpec::everywhere("metadata/namespace", true);
    for object in all.objects.iter_mut().filter(|object| !object.from_chart) {
        object.remember(schema);
        if !object.id(schema).is_cluster_scoped() {
            own.visit(&mut object.value, Some((Create::Scalar, span)), &mut change);
        }
        let binding = matches!(object.kind(), "RoleBinding" | "ClusterRoleBinding");
        if binding {
            set_subjects(&mut object.value, mode.subjects, span, &mut change);
        }
        for field in fields {
            let special = field.path == ["metadata", "namespace"]
                || (binding && field.path.first().is_some_and(|key| key == "subjects"));
            if !special {
                field.visit(&mut object.value, Some((Create::Scalar, span)), &mut change);
            }
        }
    }
    refuse_conflicts(all, schema, span);
}

fn set_subjects(
    object: &mut Value,
    subjects: Subjects,
    span: Span,
    change: &mut dyn FnMut(&mut Value),
) {
    let Some(list) = object.get_mut("subjects") else { return };
    let Data::List(items) = &mut list.data else { return };
    for subject in items {
        let chosen = match subjects {
            Subjects::DefaultOnly => subject.str_at(&["name"]) == Some("default"),
            Subjects::AllServiceAccounts => subject.str_at(&["kind"]) == Some("ServiceAccount"),
            Subjects::None => false,
        };
        if chosen {
            if subject.get("namespace").is_none() {
                let empty = Value { data: Data::Scalar(Scalar::plain("")), span };
                subject.set("namespace", empty);
            }
            if let Some(namespace) = subject.get_mut("namespace") {
                change(namespace);
            }
        }
    }
}

/// Refuses objects that only their namespaces kept apart.
fn refuse_conflicts(all: &mut Accumulated, schema: &Schema, span: Span) {
    let mut seen: FxHashMap<_, usize> = FxHashMap::default();
    for object in &all.objects {
        *seen.entry(object.id(schema)).or_default() += 1;
    }
    let mut twice: Vec<String> =
        seen.into_iter().filter(|(_, count)| *count > 1).map(|(id, _)| id.label()).collect();
    twice.sort_unstable();
    for label in twice {
        all.refuse(span, format!("{label} would exist twice in this namespace"));
    }
}
