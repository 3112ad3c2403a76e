//! `transformers` and `generators`: the built-in ones can stand in files of their own, where they take
//! fields that a kustomization cannot give them. Others are plugins, which are not run.

use super::Builder;
use super::accumulated::{Accumulated, Kustomization};
use super::fieldspec::FieldSpec;
use super::generators::Generator;
use super::names::{self, Affix};
use super::namespace::{self, Mode, Subjects};
use super::sources::Found;
use super::value::{Data, Value};
use super::{ReasonKind, images, metadata};
use std::rc::Rc;

impl Builder<'_, '_> {
    /// Runs what stands under `transformers`.
    pub(super) fn transformer_files(
        &mut self,
        kustomization: &Kustomization<'_>,
        all: &mut Accumulated,
    ) {
        for entry in kustomization.list("transformers") {
            for plugin in self.plugins(kustomization, entry, all) {
                self.transformer(kustomization, &plugin, all);
            }
        }
    }

    /// Runs what stands under `generators`.
    pub(super) fn generator_files(
        &mut self,
        kustomization: &Kustomization<'_>,
        all: &mut Accumulated,
    ) {
        for entry in kustomization.list("generators") {
            for plugin in self.plugins(kustomization, entry, all) {
                let generator = match plugin.str_at(&["kind"]) {
                    Some("ConfigMapGenerator") => Generator::ConfigMap,
                    Some("SecretGenerator") => Generator::Secret,
                    other => {
                        let kind = other.unwrap_or_default();
                        let message = format!("the generator `{kind}` is not run");
                        // KSOPS and its like turn encrypted files into Secrets, and do nothing else.
                        match kind.to_ascii_lowercase().contains("sops") {
                            true => all.reason(ReasonKind::Secrets, entry.span, message),
                            false => all.not_built(entry.span, message),
                        }
                        continue;
                    }
                };
                // The name and namespace stand in the metadata here.
                let mut args = plugin.clone();
                for key in ["name", "namespace"] {
                    if let Some(value) = plugin.at(&["metadata", key]) {
                        args.set(key, value.clone());
                    }
                }
                self.generate_one(generator, kustomization, &args, None, all);
            }
        }
    }

    /// Returns the documents that an entry of `transformers` or `generators` leads to: those of a file, of
    /// a folder with a kustomization, or of the entry's own text.
    fn plugins(
        &mut self,
        kustomization: &Kustomization<'_>,
        entry: &Value,
        all: &mut Accumulated,
    ) -> Vec<Value> {
        let text = entry.as_str().unwrap_or_default();
        if text.contains('\n') {
            return self.read_inline(entry, all);
        }
        match self.sources.find(kustomization.folder, text) {
            (Found::Folder, folder) => {
                let part = self.folder(&folder, entry.span);
                all.reasons.extend(part.reasons.iter().cloned());
                all.read.extend(&part.read);
                part.objects.iter().map(|object| object.value.clone()).collect()
            }
            (Found::File(_) | Found::Missing | Found::Outside | Found::Remote, _) => {
                self.read_documents(kustomization, entry, all)
            }
        }
    }

    fn transformer(
        &mut self,
        kustomization: &Kustomization<'_>,
        plugin: &Value,
        all: &mut Accumulated,
    ) {
        let kind = plugin.str_at(&["kind"]).unwrap_or_default();
        if plugin.str_at(&["apiVersion"]) != Some("builtin") {
            all.not_built(plugin.span, format!("the transformer `{kind}` is not run"));
            return;
        }
        let schema = Rc::clone(&self.schema);
        let own: Vec<FieldSpec> = plugin
            .get("fieldSpecs")
            .map(Value::items)
            .unwrap_or_default()
            .iter()
            .filter_map(FieldSpec::read)
            .collect();
        let word = |key: &str| plugin.str_at(&[key]).unwrap_or_default();
        match kind {
            "PrefixTransformer" => names::add(all, Affix::Prefix, word("prefix"), &own, &schema),
            "SuffixTransformer" => names::add(all, Affix::Suffix, word("suffix"), &own, &schema),
            "PrefixSuffixTransformer" => {
                names::add(all, Affix::Prefix, word("prefix"), &own, &schema);
                names::add(all, Affix::Suffix, word("suffix"), &own, &schema);
            }
            "LabelTransformer" => set_pairs(plugin.get("labels"), &own, all),
            "AnnotationsTransformer" => set_pairs(plugin.get("annotations"), &own, all),
            "NamespaceTransformer" => {
                if let Some(name) = plugin.at(&["metadata", "namespace"]) {
                    namespace::set(all, name, &own, &schema, namespace_mode(plugin));
                }
            }
            "PatchTransformer" => self.patch(kustomization, plugin, all),
            "PatchStrategicMergeTransformer" => self.merge_transformer(kustomization, plugin, all),
            "PatchJson6902Transformer" => {
                let mut entry = plugin.clone();
                if let Some(operations) = plugin.get("jsonOp") {
                    entry.set("patch", operations.clone());
                }
                self.json_patch(kustomization, &entry, all);
            }
            "ImageTagTransformer" => {
                let entry = plugin.get("imageTag").cloned();
                images::set_images(entry.as_slice(), all, &own);
            }
            "ReplicaCountTransformer" => {
                let entry = plugin.get("replica").cloned();
                images::set_replicas(entry.as_slice(), all, &own, &schema);
            }
            "ReplacementTransformer" => {
                let entries = plugin.get("replacements").map(Value::items).unwrap_or_default();
                entries.iter().for_each(|entry| self.replacement_entry(kustomization, entry, all));
            }
            _ => all.not_built(plugin.span, format!("the transformer `{kind}` is not run")),
        }
    }

    fn merge_transformer(
        &mut self,
        kustomization: &Kustomization<'_>,
        plugin: &Value,
        all: &mut Accumulated,
    ) {
        for path in plugin.get("paths").map(Value::items).unwrap_or_default() {
            self.merge_entry(kustomization, path, all);
        }
        if let Some(text) = plugin.get("patches") {
            self.merge_entry(kustomization, text, all);
        }
    }
}

fn set_pairs(pairs: Option<&Value>, fields: &[FieldSpec], all: &mut Accumulated) {
    if let Some(pairs) = pairs.filter(|pairs| matches!(pairs.data, Data::Map(_))) {
        metadata::set(all, pairs, fields);
    }
}

fn namespace_mode(plugin: &Value) -> Mode {
    let subjects = match plugin.str_at(&["setRoleBindingSubjects"]) {
        Some("allServiceAccounts") => Subjects::AllServiceAccounts,
        Some("none") => Subjects::None,
        Some(_) | None => Subjects::DefaultOnly,
    };
    Mode { subjects, only_unset: plugin.get("unsetOnly").is_some_and(Value::is_true) }
}
