//! Patches of both kinds, and what they are applied to.

use super::Builder;
use super::UnmatchedKind;
use super::accumulated::{Accumulated, Kustomization};
use super::jsonpatch;
use super::load::add_objects;
use super::merge::{Merger, Outcome};
use super::object::{Id, Object};
use super::selector::Selector;
use super::value::{Data, Value};
use crate::text::Span;
use std::rc::Rc;

/// What a patch may change about an object beyond its fields.
#[derive(Debug, Clone, Copy, Default)]
struct Allowed {
    name: bool,
    kind: bool,
}

/// Why an entry of `patches` does nothing.
const NO_PATCH: &str = "this entry of `patches` names no patch: give it a `path` to a file, or a `patch` with the text";

impl Builder<'_, '_> {
    /// Applies `patchesStrategicMerge`: files or inline texts that name their target themselves.
    pub(super) fn strategic_merge_patches(
        &mut self,
        kustomization: &Kustomization<'_>,
        all: &mut Accumulated,
    ) {
        for entry in kustomization.list("patchesStrategicMerge") {
            self.merge_entry(kustomization, entry, all);
        }
    }

    /// Merges the patches of a file, or of an inline text.
    pub(super) fn merge_entry(
        &mut self,
        kustomization: &Kustomization<'_>,
        entry: &Value,
        all: &mut Accumulated,
    ) {
        let inline =
            entry.as_str().is_some_and(|text| text.contains('\n') || text.starts_with('{'));
        let documents = match inline {
            true => self.read_inline(entry, all),
            false => self.read_documents(kustomization, entry, all),
        };
        self.apply_named(documents, entry.span, Allowed::default(), all);
    }

    /// Applies `patches`: inline or from a file, with or without a target.
    pub(super) fn patches(&mut self, kustomization: &Kustomization<'_>, all: &mut Accumulated) {
        for entry in kustomization.list("patches") {
            if entry.as_map().is_none() && !entry.is_null() {
                all.refuse_file(entry.span, NO_PATCH);
                continue;
            }
            self.patch(kustomization, entry, all);
        }
    }

    /// Applies one entry: a patch of either kind.
    pub(super) fn patch(
        &mut self,
        kustomization: &Kustomization<'_>,
        entry: &Value,
        all: &mut Accumulated,
    ) {
        let given =
            |key: &str| entry.get(key).filter(|it| it.as_str().is_some_and(|it| !it.is_empty()));
        let documents = match (given("patch"), given("path")) {
            (Some(_), Some(_)) => {
                all.refuse(entry.span, "a patch is either inline (`patch`) or a file (`path`)");
                return;
            }
            (Some(text), None) => self.read_inline(text, all),
            (None, Some(path)) => self.read_documents(kustomization, path, all),
            (None, None) => {
                all.refuse(entry.span, NO_PATCH);
                return;
            }
        };
        if let Some(text) = documents.iter().find(|document| document.as_scalar().is_some()) {
            let message = match entry.get("patch") {
                Some(_) => {
                    "this `patch` is plain text: write the fields to change, or give the file under `path`"
                }
                None => "this file is plain text and not a patch",
            };
            all.refuse(text.span, message);
            return;
        }
        let says = |key: &str| entry.at(&["options", key]).is_some_and(Value::is_true);
        let allowed = Allowed { name: says("allowNameChange"), kind: says("allowKindChange") };
        match (entry.get("target"), jsonpatch::is_patch(&documents)) {
            (Some(target), true) => self.apply_operations(&documents[0], target, all),
            (None, true) => all.refuse(entry.span, "a JSON patch needs a `target`"),
            (Some(target), false) => self.apply_targeted(documents, target, allowed, all),
            (None, false) => self.apply_named(documents, entry.span, allowed, all),
        }
    }

    /// Applies `patchesJson6902`, which are JSON patches only.
    pub(super) fn json_patches(
        &mut self,
        kustomization: &Kustomization<'_>,
        all: &mut Accumulated,
    ) {
        for entry in kustomization.list("patchesJson6902") {
            self.json_patch(kustomization, entry, all);
        }
    }

    /// Applies a JSON patch to what its target selects.
    pub(super) fn json_patch(
        &mut self,
        kustomization: &Kustomization<'_>,
        entry: &Value,
        all: &mut Accumulated,
    ) {
        let Some(target) = entry.get("target") else {
            all.refuse(entry.span, "a JSON patch needs a `target`");
            return;
        };
        let operations = match (entry.get("patch"), entry.get("path")) {
            (Some(text), _) => self.read_inline(text, all),
            (None, Some(path)) => self.read_documents(kustomization, path, all),
            (None, None) => Vec::new(),
        };
        if !jsonpatch::is_patch(&operations) {
            all.refuse(entry.span, "this is not a list of operations");
            return;
        }
        self.apply_operations(&operations[0], target, all);
    }

    pub(super) fn read_inline(&mut self, text: &Value, all: &mut Accumulated) -> Vec<Value> {
        let (documents, whole) = self.sources.inline(text, &mut self.budget);
        if !whole {
            all.refuse(text.span, "this text is not valid YAML");
        }
        documents
    }

    fn apply_operations(&mut self, document: &Value, target: &Value, all: &mut Accumulated) {
        let Some(selector) = read_selector(target, all) else { return };
        let schema = Rc::clone(&self.schema);
        let chosen: Vec<bool> =
            all.objects.iter().map(|object| selector.fits(object, &schema)).collect();
        note_unmatched(UnmatchedKind::PatchTarget, target, &chosen, all);
        self.operate(&chosen, document, all);
    }

    /// Applies the operations of a document to the chosen objects.
    fn operate(&mut self, chosen: &[bool], document: &Value, all: &mut Accumulated) {
        let schema = Rc::clone(&self.schema);
        let mut document = document.clone();
        document.read_old_booleans();
        let operations = document.items();
        let size = document.size();
        let copies = operations.iter().filter(|it| it.str_at(&["op"]) == Some("copy")).count();
        let mut failures = Vec::new();
        let mut all_fit = true;
        for (object, _) in all.objects.iter_mut().zip(chosen).filter(|(_, chosen)| **chosen) {
            // Each copy can double an object.
            let factor = 1_usize << copies.min(40);
            let growth = if copies == 0 { 0 } else { object.value.size().saturating_mul(factor) };
            if !self.budget.take(size.saturating_add(growth)) {
                all_fit = false;
                continue;
            }
            object.remember(&schema);
            // The object goes through JSON, which knows no twins; and as Kustomize keeps its notes there,
            // it always has annotations.
            object.value.part_twins();
            if let Some(metadata) = object.value.get_mut("metadata") {
                metadata.map_at("annotations", document.span);
            }
            if let Err(why) = jsonpatch::apply(&mut object.value, operations) {
                failures.push((why.span, why.message));
            }
        }
        failures.into_iter().for_each(|(span, message)| all.refuse(span, message));
        if !all_fit {
            all.too_large(document.span);
        }
    }

    /// Merges a patch into all objects that its entry's target selects.
    fn apply_targeted(
        &mut self,
        documents: Vec<Value>,
        target: &Value,
        allowed: Allowed,
        all: &mut Accumulated,
    ) {
        let Some(selector) = read_selector(target, all) else { return };
        let [patch] = documents.as_slice() else {
            all.refuse(target.span, "a patch with a `target` is one document");
            return;
        };
        let schema = Rc::clone(&self.schema);
        let chosen: Vec<bool> =
            all.objects.iter().map(|object| selector.fits(object, &schema)).collect();
        note_unmatched(UnmatchedKind::PatchTarget, target, &chosen, all);
        self.merge_into(&chosen, patch, allowed, all);
    }

    /// Merges patches into the objects that they name themselves.
    fn apply_named(
        &mut self,
        documents: Vec<Value>,
        at: Span,
        allowed: Allowed,
        all: &mut Accumulated,
    ) {
        let schema = Rc::clone(&self.schema);
        let mut patches: Vec<Object> = Vec::new();
        for document in documents {
            match document.data {
                Data::Map(_) => add_objects(document, at.file, &mut patches, all),
                Data::List(_) | Data::Scalar(_) => {
                    all.refuse(document.span, "this document is not a patch")
                }
            }
        }
        for patch in patches {
            let wanted = patch.id(&schema);
            let chosen: Vec<bool> =
                all.objects.iter().map(|object| object.ids(&schema).contains(&wanted)).collect();
            match chosen.iter().filter(|chosen| **chosen).count() {
                1 => self.merge_into(&chosen, &patch.value, allowed, all),
                0 => {
                    // The object of this name in another namespace is another one.
                    let is_namesake = |it: &Id| it.gvk == wanted.gvk && it.name == wanted.name;
                    let objects = all.objects.iter().flat_map(|object| object.ids(&schema));
                    let namesake = objects.filter(is_namesake).last();
                    let label = match &namesake {
                        Some(it) => format!(
                            "{} in namespace `{}` (only in `{}`)",
                            wanted.label(),
                            wanted.namespace,
                            it.namespace
                        ),
                        None => wanted.label(),
                    };
                    let namespace = patch.value.at(&["metadata", "namespace"]);
                    let place = namespace.filter(|_| namesake.is_some()).map(|it| it.span);
                    let message = format!("there is no {label} to patch");
                    let place = place.unwrap_or_else(|| patch.name_span());
                    all.unmatched(UnmatchedKind::Patch, place, label, message);
                }
                _ => {
                    let message = format!("there is more than one {} to patch", wanted.label());
                    all.refuse(patch.name_span(), message);
                }
            }
        }
    }

    fn merge_into(
        &mut self,
        chosen: &[bool],
        patch: &Value,
        allowed: Allowed,
        all: &mut Accumulated,
    ) {
        let schema = Rc::clone(&self.schema);
        let size = patch.size();
        let mut merger = Merger::new(&schema);
        let objects = std::mem::take(&mut all.objects);
        for (mut object, chosen) in objects.into_iter().zip(chosen) {
            if *chosen {
                if !self.budget.take(size) {
                    all.too_large(patch.span);
                } else if merge_one(&mut object, patch, allowed, &mut merger) == Outcome::Cleared {
                    continue;
                }
            }
            all.objects.push(object);
        }
        for mismatch in merger.mismatches {
            all.refuse(mismatch.span, mismatch.message);
        }
    }
}

/// Merges a patch into one object, which keeps its name, namespace and kind unless they may change.
fn merge_one(
    object: &mut Object,
    patch: &Value,
    allowed: Allowed,
    merger: &mut Merger<'_>,
) -> Outcome {
    let schema = merger.schema;
    if allowed.name || allowed.kind {
        object.remember(schema);
    }
    let mut kept = vec![["metadata", "namespace"].as_slice(), &["apiVersion"]];
    if !allowed.name {
        kept.push(&["metadata", "name"]);
    }
    if !allowed.kind {
        kept.push(&["kind"]);
    }
    let before: Vec<Option<Value>> =
        kept.iter().map(|path| object.value.at(path).cloned()).collect();
    if merger.object(&mut object.value, patch) == Outcome::Cleared {
        return Outcome::Cleared;
    }
    for (path, old) in kept.into_iter().zip(before) {
        restore(&mut object.value, path, old);
    }
    Outcome::Kept
}

/// Gives a field the value back that it had, or takes it away where there was none.
fn restore(value: &mut Value, path: &[&str], old: Option<Value>) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(value, |value, key| value.get_mut(key));
    match (parent, old) {
        (Some(parent), Some(old)) => parent.set(last, old),
        (Some(parent), None) => {
            let map = parent.as_map_mut();
            map.into_iter().for_each(|it| {
                it.shift_remove(*last);
            });
        }
        (None, _) => {}
    }
}

/// Notes a selector that chose nothing.
pub(super) fn note_unmatched(
    what: UnmatchedKind,
    selector: &Value,
    chosen: &[bool],
    all: &mut Accumulated,
) {
    if chosen.contains(&true) {
        return;
    }
    let words = ["kind", "name", "namespace", "labelSelector", "annotationSelector"];
    let words = words.iter().filter_map(|key| selector.str_at(&[key]));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    all.unmatched(what, selector.span, words.join(" "), "");
}

fn read_selector(target: &Value, all: &mut Accumulated) -> Option<Selector> {
    match Selector::read(target) {
        Ok(selector) => Some(selector),
        Err(message) => {
            all.refuse(target.span, message);
            None
        }
    }
}
