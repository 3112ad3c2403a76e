//! The objects of Flux: what is applied, and where it comes from.

use crate::build::kustomize::Value;
use crate::model::read::{Place, Reader, Str};
use crate::syntax::Node;

/// A Kustomization of Flux: a folder of a source that is built and applied.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FluxKustomization {
    pub path: Option<Str>,
    pub source: SourceRef,
    pub target_namespace: Option<Str>,
    pub name_prefix: Option<Str>,
    pub name_suffix: Option<Str>,
    pub patches: Vec<Value>,
    /// Entries as those of `images` in a kustomization.
    pub images: Vec<Value>,
    pub components: Vec<Str>,
    /// `postBuild.substitute`: variables in the built text.
    pub substitute: Vec<(Str, Str)>,
    /// `postBuild.substituteFrom`: names of ConfigMaps and Secrets with further variables.
    pub substitute_from: Vec<Str>,
    pub place: Option<Place>,
}

/// A HelmRelease: a chart with its values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HelmRelease {
    /// `chart.spec.chart`: a folder of a repository of files, or the name of a chart.
    pub chart: Option<Str>,
    /// `chart.spec.sourceRef`, or `chartRef`, which names the chart itself.
    pub source: SourceRef,
    /// Values files beside the chart; the later ones win.
    pub values_files: Vec<Str>,
    pub ignores_missing_values_files: bool,
    /// Values of ConfigMaps and Secrets; the later ones win.
    pub values_from: Vec<ValuesReference>,
    /// Values that win over all others.
    pub values: Option<Value>,
    pub release_name: Option<Str>,
    pub target_namespace: Option<Str>,
    pub place: Option<Place>,
}

/// A reference to a source.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourceRef {
    pub kind: Option<Str>,
    pub name: Option<Str>,
    pub namespace: Option<Str>,
}

/// An entry of `valuesFrom`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ValuesReference {
    pub kind: Option<Str>,
    pub name: Option<Str>,
    /// The key that holds the values; `values.yaml` by default.
    pub values_key: Option<Str>,
    /// The value that the whole content is set to; without one the content is a values file.
    pub target_path: Option<Str>,
    pub is_optional: bool,
}

/// GitRepository, OCIRepository, HelmRepository or Bucket.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FluxSource {
    pub url: Option<Str>,
}

pub(crate) fn read_flux_kustomization(reader: &mut Reader, spec: Node<'_>) -> FluxKustomization {
    let mut it =
        FluxKustomization { place: Some(reader.place(spec)), ..FluxKustomization::default() };
    reader.each(spec, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "path" => reader.read(value, &mut it.path),
            "sourceRef" => it.source = read_source_ref(reader, value),
            "targetNamespace" => reader.read(value, &mut it.target_namespace),
            "namePrefix" => reader.read(value, &mut it.name_prefix),
            "nameSuffix" => reader.read(value, &mut it.name_suffix),
            "patches" => it.patches = value.items().filter_map(Value::of).collect(),
            "images" => it.images = value.items().filter_map(Value::of).collect(),
            "components" => reader.read(value, &mut it.components),
            "postBuild" => {
                let substitute = value.get("substitute");
                it.substitute = substitute.map(|pairs| reader.pairs(pairs)).unwrap_or_default();
                let from = value.get("substituteFrom").into_iter().flat_map(Node::items);
                it.substitute_from =
                    from.filter_map(|item| reader.str(item.get("name")?)).collect();
            }
            _ => {}
        }
        true
    });
    it
}

pub(crate) fn read_helm_release(reader: &mut Reader, spec: Node<'_>) -> HelmRelease {
    let mut it = HelmRelease { place: Some(reader.place(spec)), ..HelmRelease::default() };
    reader.each(spec, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "chart" => {
                if let Some(spec) = value.get("spec") {
                    read_chart(reader, spec, &mut it);
                }
            }
            "chartRef" => it.source = read_source_ref(reader, value),
            "values" => it.values = Value::of(value),
            "valuesFrom" => it.values_from = reader.list(value, read_values_reference),
            "releaseName" => reader.read(value, &mut it.release_name),
            "targetNamespace" => reader.read(value, &mut it.target_namespace),
            _ => {}
        }
        true
    });
    it
}

fn read_chart(reader: &mut Reader, spec: Node<'_>, release: &mut HelmRelease) {
    reader.each(spec, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "chart" => reader.read(value, &mut release.chart),
            "sourceRef" => release.source = read_source_ref(reader, value),
            "valuesFiles" => reader.read(value, &mut release.values_files),
            "ignoreMissingValuesFiles" => {
                let flag = reader.bool(value);
                release.ignores_missing_values_files = flag.is_some_and(|flag| flag.value);
            }
            _ => {}
        }
        true
    });
}

fn read_source_ref(reader: &mut Reader, node: Node<'_>) -> SourceRef {
    let mut it = SourceRef::default();
    reader.each(node, "", |reader, key, entry| {
        match key {
            "kind" => reader.read(entry.value, &mut it.kind),
            "name" => reader.read(entry.value, &mut it.name),
            "namespace" => reader.read(entry.value, &mut it.namespace),
            _ => {}
        }
        true
    });
    it
}

fn read_values_reference(reader: &mut Reader, node: Node<'_>) -> Option<ValuesReference> {
    let mut it = ValuesReference::default();
    reader.each(node, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "kind" => reader.read(value, &mut it.kind),
            "name" => reader.read(value, &mut it.name),
            "valuesKey" => reader.read(value, &mut it.values_key),
            "targetPath" => reader.read(value, &mut it.target_path),
            "optional" => {
                it.is_optional = reader.bool(value).is_some_and(|flag| flag.value);
            }
            _ => {}
        }
        true
    });
    Some(it)
}

pub(crate) fn read_flux_source(reader: &mut Reader, spec: Node<'_>) -> FluxSource {
    FluxSource { url: spec.get("url").and_then(|url| reader.str(url)) }
}
