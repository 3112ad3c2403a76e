//! The fields of a kustomization file. Kustomize refuses a file with any other field, or with a value of
//! another shape.

use super::accumulated::{Accumulated, Kustomization};
use super::value::{Data, Value};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    List,
    Mapping,
}

const FIELDS: &[(&str, Shape)] = &[
    ("apiVersion", Shape::Text),
    ("kind", Shape::Text),
    ("metadata", Shape::Mapping),
    ("openapi", Shape::Mapping),
    ("namePrefix", Shape::Text),
    ("nameSuffix", Shape::Text),
    ("namespace", Shape::Text),
    ("commonLabels", Shape::Mapping),
    ("labels", Shape::List),
    ("commonAnnotations", Shape::Mapping),
    ("patchesStrategicMerge", Shape::List),
    ("patchesJson6902", Shape::List),
    ("patches", Shape::List),
    ("images", Shape::List),
    ("imageTags", Shape::List),
    ("replacements", Shape::List),
    ("replicas", Shape::List),
    ("vars", Shape::List),
    ("sortOptions", Shape::Mapping),
    ("resources", Shape::List),
    ("components", Shape::List),
    ("crds", Shape::List),
    ("bases", Shape::List),
    ("configMapGenerator", Shape::List),
    ("secretGenerator", Shape::List),
    ("helmGlobals", Shape::Mapping),
    ("helmCharts", Shape::List),
    ("helmChartInflationGenerator", Shape::List),
    ("generatorOptions", Shape::Mapping),
    ("configurations", Shape::List),
    ("generators", Shape::List),
    ("transformers", Shape::List),
    ("validators", Shape::List),
    ("buildMetadata", Shape::List),
];

const KUSTOMIZATION: &str = "kustomize.config.k8s.io/v1beta1";
const COMPONENT: &str = "kustomize.config.k8s.io/v1alpha1";

/// Refuses fields that Kustomize does not know or cannot read.
pub(super) fn check(kustomization: &Kustomization<'_>, all: &mut Accumulated) {
    let value = kustomization.value;
    let fields = value.as_map().into_iter().flatten();
    let mut empty = true;
    for (key, field) in fields.filter(|(_, field)| !field.value.is_null()) {
        empty &= matches!(key.as_str(), "apiVersion" | "kind");
        match FIELDS.iter().find(|(name, _)| name == key) {
            None => all.refuse(field.key, format!("a kustomization has no field `{key}`")),
            Some((_, shape)) => check_shape(key, &field.value, *shape, all),
        }
    }
    if empty {
        all.refuse(value.span, "this kustomization is empty");
    }
    check_type(value, all);
    if let Some(tags) = value.get("imageTags") {
        all.not_built(tags.span, "`imageTags` has been replaced by `images`");
    }
}

fn check_shape(key: &str, value: &Value, shape: Shape, all: &mut Accumulated) {
    match (shape, &value.data) {
        (Shape::Text, _) => all.check_string(key, value),
        (Shape::List, Data::List(_)) | (Shape::Mapping, Data::Map(_)) => {}
        (Shape::List, _) => all.refuse_file(value.span, format!("`{key}` has to be a list")),
        (Shape::Mapping, _) => {
            all.refuse_file(value.span, format!("`{key}` has to be a mapping"));
        }
    }
}

/// Refuses a `kind` and an `apiVersion` that do not belong together.
fn check_type(value: &Value, all: &mut Accumulated) {
    let wanted = match value.str_at(&["kind"]) {
        None | Some("Kustomization" | "") => KUSTOMIZATION,
        Some("Component") => COMPONENT,
        Some(other) => {
            let message =
                format!("`{other}` is not a known kind: write `Kustomization` or `Component`");
            return all.refuse(value.span, message);
        }
    };
    if value.str_at(&["apiVersion"]).is_some_and(|own| own != wanted && !own.is_empty()) {
        let place = value.get("apiVersion").map_or(value.span, |version| version.span);
        all.refuse(place, format!("the `apiVersion` has to be `{wanted}`"));
    }
}
