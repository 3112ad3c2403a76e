//! Names that changed are changed too where other objects refer to them.

use super::accumulated::Accumulated;
use super::config::Config;
use super::fieldspec::FieldSpec;
use super::object::{Gvk, Id, Object};
use super::schema::Schema;
use super::value::{Data, Scalar, Value};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// What a reference may lead to: an object whose name or namespace has changed.
struct Candidate {
    previous: Vec<Id>,
    now: Id,
    /// The namespace as written.
    namespace: SmolStr,
    prefixes: Vec<SmolStr>,
    suffixes: Vec<SmolStr>,
}

/// The object that refers to others.
struct Referrer {
    id: Id,
    prefixes: Vec<SmolStr>,
    suffixes: Vec<SmolStr>,
    /// What the `roleRef` of a binding says about the role.
    role: Option<Gvk>,
    /// The namespaces of the accounts that a RoleBinding names.
    account_namespaces: FxHashSet<SmolStr>,
}

/// Changes the references of all objects to the names and namespaces that there are now.
pub(super) fn fix(all: &mut Accumulated, config: &Config, schema: &Schema) {
    let candidates: Vec<Candidate> =
        all.objects.iter().map(|it| Candidate::new(it, schema)).collect();
    let mut by_name: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (at, candidate) in candidates.iter().enumerate() {
        for name in candidate.previous.iter().map(|id| id.name.as_str()) {
            let list = by_name.entry(name).or_default();
            if list.last() != Some(&at) {
                list.push(at);
            }
        }
    }
    if by_name.is_empty() {
        return;
    }
    let fields = fields_by_kind(config);
    let mut failures = Vec::new();
    for object in &mut all.objects {
        let original = object.original_id(schema).gvk;
        let own = fields.get(original.kind.as_str()).into_iter().flatten();
        let any = fields.get("").into_iter().flatten();
        let referrer = Referrer::new(object, schema);
        for (target, field) in own.chain(any) {
            if !original.is_selected_by(&field.gvk) {
                continue;
            }
            let fixer = Fixer {
                candidates: &candidates,
                by_name: &by_name,
                referrer: &referrer,
                target,
                field,
            };
            field.visit_anyway(&mut object.value, &mut |value| fixer.value(value, &mut failures));
        }
    }
    failures.into_iter().for_each(|(span, message)| all.refuse(span, message));
}

/// Returns the fields that hold names, by the kind that they are a field of; empty for fields of all kinds.
fn fields_by_kind(config: &Config) -> FxHashMap<&str, Vec<(&Gvk, &FieldSpec)>> {
    let mut fields: FxHashMap<&str, Vec<(&Gvk, &FieldSpec)>> = FxHashMap::default();
    for reference in &config.name_reference {
        for field in &reference.fields {
            fields.entry(&field.gvk.kind).or_default().push((&reference.target, field));
        }
    }
    fields
}

impl Candidate {
    fn new(object: &Object, schema: &Schema) -> Candidate {
        Candidate {
            previous: object.previous.clone(),
            now: object.id(schema),
            namespace: object.namespace().into(),
            prefixes: object.prefixes.clone(),
            suffixes: object.suffixes.clone(),
        }
    }
}

impl Referrer {
    fn new(object: &Object, schema: &Schema) -> Referrer {
        let word = |key: &str| object.value.str_at(&["roleRef", key]);
        let role = word("apiGroup").zip(word("kind")).map(|(group, kind)| Gvk {
            group: group.into(),
            version: SmolStr::default(),
            kind: kind.into(),
        });
        let subjects = match object.kind() {
            "RoleBinding" => object.value.get("subjects").map(Value::items).unwrap_or_default(),
            _ => &[],
        };
        let accounts = subjects.iter().filter(|it| it.str_at(&["kind"]) == Some("ServiceAccount"));
        Referrer {
            id: object.id(schema),
            prefixes: object.prefixes.clone(),
            suffixes: object.suffixes.clone(),
            role,
            account_namespaces: accounts
                .filter_map(|it| it.str_at(&["namespace"]).map(SmolStr::new))
                .collect(),
        }
    }

    /// Whether the referrer could mean something in the candidate's namespace.
    fn reaches(&self, candidate: &Candidate) -> bool {
        self.id.is_cluster_scoped()
            || candidate.now.is_cluster_scoped()
            || candidate.now.namespace == self.id.namespace
            || (self.account_namespaces.contains(&candidate.namespace)
                && candidate.now.gvk.kind == "ServiceAccount")
    }

    /// Whether both got the same affixes; with `allow_none`, one that has none fits all.
    fn has_affixes_of(&self, candidate: &Candidate, allow_none: bool) -> bool {
        let fits = |own: &[SmolStr], other: &[SmolStr]| {
            (allow_none && (own.is_empty() || other.is_empty())) || end_alike(own, other)
        };
        fits(&self.prefixes, &candidate.prefixes) && fits(&self.suffixes, &candidate.suffixes)
    }
}

/// Whether the shorter list is the end of the longer one.
fn end_alike(one: &[SmolStr], two: &[SmolStr]) -> bool {
    one.is_empty() == two.is_empty() && (one.ends_with(two) || two.ends_with(one))
}

/// Finds what the value of one field refers to.
struct Fixer<'f> {
    candidates: &'f [Candidate],
    by_name: &'f FxHashMap<&'f str, Vec<usize>>,
    referrer: &'f Referrer,
    target: &'f Gvk,
    field: &'f FieldSpec,
}

type Failures = Vec<(Span, String)>;

impl<'f> Fixer<'f> {
    fn value(&self, value: &mut Value, failures: &mut Failures) {
        match &mut value.data {
            Data::Scalar(_) => self.scalar(value, failures),
            Data::Map(_) => self.mapping(value, failures),
            Data::List(items) => {
                for item in items {
                    match item.data {
                        Data::Scalar(_) => self.scalar(item, failures),
                        Data::Map(_) => self.mapping(item, failures),
                        Data::List(_) => {}
                    }
                }
            }
        }
    }

    fn scalar(&self, value: &mut Value, failures: &mut Failures) {
        let Some(name) = value.as_str().filter(|_| !value.is_null()) else { return };
        let found = self.select(name, |_| true, |one, two| one.now.name == two.now.name);
        match found {
            Ok(Some(candidate)) => rename(value, &candidate.now.name),
            Ok(None) => {}
            Err(message) => failures.push((value.span, message)),
        }
    }

    /// Fixes a mapping with a name and perhaps a namespace.
    fn mapping(&self, value: &mut Value, failures: &mut Failures) {
        let Some(name) = value.get("name").and_then(Value::as_str) else { return };
        let namespace = value.str_at(&["namespace"]).map(SmolStr::new);
        let first = |it: &Candidate| {
            it.previous.first().map_or(it.now.namespace.clone(), |id| id.namespace.clone())
        };
        let was_there = namespace.as_ref().is_some_and(|namespace| {
            self.candidates.iter().any(|it| self.referrer.reaches(it) && first(it) == *namespace)
        });
        let in_namespace = |it: &Candidate| match &namespace {
            None => true,
            Some(namespace) if was_there => first(it) == *namespace,
            Some(namespace) => it.now.namespace == *namespace,
        };
        let same = |one: &Candidate, two: &Candidate| {
            one.now.name == two.now.name && one.namespace == two.namespace
        };
        match self.select(name, in_namespace, same) {
            Ok(Some(candidate)) => {
                let span = value.span;
                if let Some(name) = value.get_mut("name") {
                    rename(name, &candidate.now.name);
                }
                if !candidate.namespace.is_empty()
                    && value.str_at(&["namespace"]) != Some(&candidate.namespace)
                {
                    let place = value.get("namespace").map_or(span, |it| it.span);
                    value.set("namespace", Value::string(candidate.namespace.clone(), place));
                }
            }
            Ok(None) => {}
            Err(message) => failures.push((value.span, message)),
        }
    }

    /// Returns the one candidate that a name means.
    fn select(
        &self,
        name: &str,
        wanted: impl Fn(&Candidate) -> bool,
        same: impl Fn(&Candidate, &Candidate) -> bool,
    ) -> Result<Option<&'f Candidate>, String> {
        let about_role = self.field.path.ends_with(&["roleRef".into(), "name".into()]);
        let role = self.referrer.role.as_ref().filter(|_| about_role);
        let was =
            |it: &Candidate, gvk: &Gvk| it.previous.iter().any(|id| id.gvk.is_selected_by(gvk));
        let named = self.by_name.get(name).into_iter().flatten().map(|at| &self.candidates[*at]);
        let mut fitting: Vec<&Candidate> = named
            .filter(|it| self.referrer.reaches(it) && wanted(it))
            .filter(|it| was(it, self.target))
            .filter(|it| role.is_none_or(|role| was(it, role)))
            .collect();
        for allow_none in [true, false] {
            if fitting.len() > 1 {
                fitting.retain(|it| self.referrer.has_affixes_of(it, allow_none));
            }
        }
        match fitting.as_slice() {
            [] => Ok(None),
            [first, rest @ ..] if rest.iter().all(|it| same(first, it)) => Ok(Some(first)),
            [first, ..] => Err(format!("`{name}` could be more than one {}", first.now.gvk.kind)),
        }
    }
}

/// Writes another name; a reference keeps its place.
fn rename(value: &mut Value, name: &SmolStr) {
    if value.as_str() != Some(name) {
        value.data = Data::Scalar(Scalar::string(name.clone()));
    }
}
