//! State of a build: the result of the kustomizations read so far, and the kustomization being read.

use super::config::Config;
use super::object::Object;
use super::schema::Schema;
use super::value::Value;
use super::vars::Var;
use super::{Reason, ReasonKind, Unmatched, UnmatchedKind};
use crate::text::{FileId, Span};
use rustc_hash::FxHashSet;

/// What the kustomizations read so far have come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Accumulated {
    pub objects: Vec<Object>,
    /// The fields that `configurations` and `crds` added to the defaults.
    pub config: Config,
    pub vars: Vec<Var>,
    pub reasons: Vec<Reason>,
    pub unmatched: Vec<Unmatched>,
    /// Whether a resource file holds nothing, as one does that a tool is still to write.
    pub has_blank_file: bool,
    pub read: Vec<FileId>,
    /// Whether a kustomization has a value of the wrong type, so that Kustomize cannot read the file.
    pub is_malformed: bool,
}

/// A kustomization being built.
pub(super) struct Kustomization<'k> {
    pub value: &'k Value,
    pub folder: &'k str,
    pub file: FileId,
}

impl Accumulated {
    pub(super) fn refuse(&mut self, span: Span, message: impl Into<String>) {
        self.reason(ReasonKind::Refused, span, message.into());
    }

    /// Refuses a value of the wrong type, with which Kustomize cannot read the file at all.
    pub(super) fn refuse_file(&mut self, span: Span, message: impl Into<String>) {
        self.is_malformed = true;
        self.refuse(span, message);
    }

    /// Refuses a value that has to be a string and is read as something else, such as the tag `1.0`.
    pub(super) fn check_string(&mut self, key: &str, value: &Value) {
        if !value.is_string() {
            self.refuse(
                value.span,
                format!("`{key}` has to be a string; a number or boolean needs quotes"),
            );
        }
    }

    /// Checks the strings under some keys of an entry.
    pub(super) fn check_strings(&mut self, entry: &Value, keys: &[&str]) {
        for key in keys {
            if let Some(value) = entry.get(key) {
                self.check_string(key, value);
            }
        }
    }

    pub(super) fn not_built(&mut self, span: Span, message: impl Into<String>) {
        self.reason(ReasonKind::NotBuilt, span, message.into());
    }

    /// Says that an entry names what is not there; `message` is the reason where Kustomize refuses that.
    /// What is missing may be in a part that is not built or not written yet.
    pub(super) fn unmatched(
        &mut self,
        what: UnmatchedKind,
        span: Span,
        name: impl Into<String>,
        message: impl Into<String>,
    ) {
        let of_file = matches!(what, UnmatchedKind::Resource | UnmatchedKind::File);
        if of_file || self.reasons.is_empty() && !self.has_blank_file {
            self.unmatched.push(Unmatched { what, name: name.into(), span });
        }
        if what.is_refused() {
            self.refuse(span, message);
        }
    }

    /// Marks the reasons of the entries from one on as files that a generator misses, so that nothing but the content
    /// of what it makes is unknown.
    pub(super) fn mark_generator_inputs(&mut self, first: usize) {
        let missing = &self.unmatched[first..];
        for reason in &mut self.reasons {
            if missing.iter().any(|it| it.span == reason.span) {
                reason.kind = ReasonKind::GeneratorInput;
            }
        }
    }

    /// Says that an entry names something that Kustomize would fetch.
    pub(super) fn remote(&mut self, span: Span, message: String) {
        self.reason(ReasonKind::Remote, span, message);
    }

    /// Says that what an entry asks for is more than one builder makes.
    pub(super) fn too_large(&mut self, span: Span) {
        let message = "the project is too large to be built in full; this part is left out";
        self.reason(ReasonKind::Limit, span, message.to_owned());
    }

    pub(super) fn reason(&mut self, kind: ReasonKind, span: Span, message: String) {
        self.reasons.push(Reason { kind, message, span });
    }

    /// Adds objects of which none may be there yet.
    pub(super) fn append(&mut self, objects: Vec<Object>, schema: &Schema) {
        let mut ids: FxHashSet<_> = self.objects.iter().map(|object| object.id(schema)).collect();
        for object in objects {
            let id = object.id(schema);
            if ids.contains(&id) {
                let message =
                    format!("{} exists already; Kustomize refuses a second one", id.label());
                self.refuse(object.name_span(), message);
                continue;
            }
            ids.insert(id);
            self.objects.push(object);
        }
    }

    /// Adds all that another kustomization has come to.
    pub(super) fn absorb(&mut self, other: Accumulated, schema: &Schema) {
        self.reasons.extend(other.reasons);
        self.unmatched.extend(other.unmatched);
        self.has_blank_file |= other.has_blank_file;
        self.is_malformed |= other.is_malformed;
        self.read.extend(other.read);
        self.append(other.objects, schema);
        self.config.merge(&other.config);
        self.add_vars(other.vars);
    }

    pub(super) fn add_vars(&mut self, vars: Vec<Var>) {
        for var in vars {
            // Two overlays over one base bring its vars twice, which Kustomize refuses too.
            match self.vars.iter().any(|known| known.name == var.name) {
                true => self.refuse(var.span, format!("the var `{}` is defined twice", var.name)),
                false => self.vars.push(var),
            }
        }
    }
}

impl Kustomization<'_> {
    /// Returns the items of a list field.
    pub(super) fn list(&self, key: &str) -> &[Value] {
        self.value.get(key).map(Value::items).unwrap_or_default()
    }
}
