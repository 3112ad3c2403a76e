//! One object under construction: its value, its names so far, and who it is to the others.

use super::schema::Schema;
use super::value::{Scalar, Value};
use crate::text::{FileId, Span};
use smol_str::SmolStr;

/// The annotation by which a file says that it is not meant for the cluster.
const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

/// The namespace that cluster-scoped objects are compared by.
const NO_NAMESPACE: &str = "_non_namespaceable_";

/// The API group, version and kind of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Gvk {
    pub group: SmolStr,
    pub version: SmolStr,
    pub kind: SmolStr,
}

/// Identity of an object within a build.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Id {
    pub gvk: Gvk,
    pub name: SmolStr,
    /// `default` where an object says nothing, and a word of its own for cluster-scoped objects.
    pub namespace: SmolStr,
}

/// What a generator's object does to one that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Behavior {
    #[default]
    Create,
    Merge,
    Replace,
}

#[derive(Debug, Clone)]
pub(super) struct Object {
    pub value: Value,
    /// The identities that the object had, the first one first.
    pub previous: Vec<Id>,
    pub prefixes: Vec<SmolStr>,
    pub suffixes: Vec<SmolStr>,
    pub behavior: Behavior,
    /// Whether the name gets the hash of the content.
    pub hashed: bool,
    /// The names of the vars whose value this object holds.
    pub vars: Vec<SmolStr>,
    /// The file that the object was read from, or whose generator made it.
    pub file: FileId,
    /// Whether a generator made the object.
    pub generated: bool,
    /// Whether a file that the generator reads is not there, so that keys are missing.
    pub lacks_keys: bool,
    /// Whether a chart made the object: Helm has set its namespace, and Kustomize leaves the object there.
    pub from_chart: bool,
}

impl Gvk {
    /// Returns the group and version of an `apiVersion`.
    pub(super) fn parse(api_version: &str, kind: &str) -> Gvk {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        Gvk { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Whether a selector names this kind; what the selector leaves empty fits everything.
    pub(super) fn is_selected_by(&self, selector: &Gvk) -> bool {
        let fits = |wanted: &SmolStr, own: &SmolStr| wanted.is_empty() || wanted == own;
        fits(&selector.group, &self.group)
            && fits(&selector.version, &self.version)
            && fits(&selector.kind, &self.kind)
    }
}

impl Id {
    pub(super) fn is_cluster_scoped(&self) -> bool {
        self.namespace == NO_NAMESPACE
    }

    /// Returns a label such as "Deployment `shop`".
    pub(super) fn label(&self) -> String {
        format!("{} `{}`", self.gvk.kind, self.name)
    }
}

impl Object {
    pub(super) fn new(value: Value, file: FileId) -> Object {
        Object {
            value,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            behavior: Behavior::Create,
            hashed: false,
            vars: Vec::new(),
            file,
            generated: false,
            lacks_keys: false,
            from_chart: false,
        }
    }

    pub(super) fn kind(&self) -> &str {
        self.value.str_at(&["kind"]).unwrap_or_default()
    }

    pub(super) fn name(&self) -> &str {
        self.value.str_at(&["metadata", "name"]).unwrap_or_default()
    }

    /// Returns the namespace as written; empty where there is none.
    pub(super) fn namespace(&self) -> &str {
        self.value.str_at(&["metadata", "namespace"]).unwrap_or_default()
    }

    pub(super) fn gvk(&self) -> Gvk {
        Gvk::parse(self.value.str_at(&["apiVersion"]).unwrap_or_default(), self.kind())
    }

    pub(super) fn id(&self, schema: &Schema) -> Id {
        let api_version = self.value.str_at(&["apiVersion"]).unwrap_or_default();
        let namespace = effective_namespace(self.namespace(), api_version, self.kind(), schema);
        Id { gvk: self.gvk(), name: self.name().into(), namespace }
    }

    /// Returns the identity that the object was loaded with.
    pub(super) fn original_id(&self, schema: &Schema) -> Id {
        self.previous.first().cloned().unwrap_or_else(|| self.id(schema))
    }

    /// Returns all identities that the object has had, the current one last.
    pub(super) fn ids(&self, schema: &Schema) -> Vec<Id> {
        let mut ids = self.previous.clone();
        ids.push(self.id(schema));
        ids
    }

    /// Remembers the current identity before something changes it.
    pub(super) fn remember(&mut self, schema: &Schema) {
        let id = self.id(schema);
        self.previous.push(id);
    }

    /// Gives the object another name. The name keeps its place: it is still written there.
    pub(super) fn rename(&mut self, name: impl Into<SmolStr>) {
        if let Some(old) = self.value.get_mut("metadata").and_then(|it| it.get_mut("name")) {
            old.data = super::value::Data::Scalar(Scalar::string(name));
        }
    }

    /// Returns where the name is written, or the whole object where there is none.
    pub(super) fn name_span(&self) -> Span {
        self.value.at(&["metadata", "name"]).map_or(self.value.span, |name| name.span)
    }

    /// Whether the object is meant for tools only and never reaches the cluster.
    pub(super) fn is_local(&self) -> bool {
        let annotation = self.value.str_at(&["metadata", "annotations", LOCAL_CONFIG]);
        annotation.is_some_and(|value| value != "false")
    }
}

/// Returns the namespace that an object with this kind and namespace is compared by.
pub(super) fn effective_namespace(
    namespace: &str,
    api_version: &str,
    kind: &str,
    schema: &Schema,
) -> SmolStr {
    if schema.is_cluster_scoped(api_version, kind) {
        NO_NAMESPACE.into()
    } else if namespace.is_empty() {
        "default".into()
    } else {
        namespace.into()
    }
}
