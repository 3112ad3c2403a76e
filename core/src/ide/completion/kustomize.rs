//! What a kustomization may name: files and folders beside it, and the objects and images that it changes.

use super::context::{Slot, Step};
use super::{CompletionKind, Cursor, Offer};
use crate::ide::objects::name_at;
use crate::ide::words::place;
use crate::knowledge::image::ImageRef;
use crate::model::FileModel;
use crate::model::kubernetes::{Body, Object};
use crate::report::Kind;
use crate::text::{folder_of, relative_path};

/// What an entry of a kustomization names.
enum Wanted {
    /// A manifest, or the folder of another kustomization.
    Resource,
    Component,
    /// A file with a patch.
    Patch,
    /// Any file.
    File,
    /// The name of an object, of the kind where one is given.
    Name(Option<String>),
    ObjectKind,
    /// The name of an image, without its tag.
    Image,
    /// The name of a workload with replicas.
    Scaled,
}

/// Returns what may stand at the cursor; `None` for an entry that other manifests have as well.
pub(super) fn offers(cursor: &Cursor<'_, '_>) -> Option<Vec<Offer>> {
    if cursor.context.slot != Slot::Value {
        return None;
    }
    let offers = match wanted(cursor)? {
        Wanted::Resource => {
            let mut offers = files(cursor, |file| file.kind == Kind::Kubernetes);
            offers.extend(folders(cursor, false));
            offers
        }
        Wanted::Component => folders(cursor, true),
        Wanted::Patch => files(cursor, |file| file.kind == Kind::Kubernetes),
        Wanted::File => files(cursor, |file| file.kind != Kind::Kustomization),
        Wanted::Name(kind) => {
            names(cursor, |object| kind.as_ref().is_none_or(|kind| object.kind.as_str() == kind))
        }
        Wanted::ObjectKind => kinds(cursor),
        Wanted::Image => images(cursor),
        Wanted::Scaled => names(cursor, |object| {
            object.workload().is_some_and(|workload| workload.kind.has_replicas())
        }),
    };
    Some(offers)
}

fn wanted(cursor: &Cursor<'_, '_>) -> Option<Wanted> {
    let sibling = |key: &str| cursor.context.sibling(key).map(str::to_owned);
    Some(match &cursor.context.path()[..] {
        [Step::Key("resources" | "bases"), Step::Item] => Wanted::Resource,
        [Step::Key("components"), Step::Item] => Wanted::Component,
        [Step::Key("patchesStrategicMerge"), Step::Item]
        | [
            Step::Key("patches" | "patchesJson6902" | "replacements"),
            Step::Item,
            Step::Key("path"),
        ] => Wanted::Patch,
        [
            Step::Key("configMapGenerator" | "secretGenerator"),
            Step::Item,
            Step::Key("files" | "envs"),
            Step::Item,
        ]
        | [Step::Key("configMapGenerator" | "secretGenerator"), Step::Item, Step::Key("env")]
        | [Step::Key("helmCharts"), Step::Item, Step::Key("valuesFile")]
        | [Step::Key("helmCharts"), Step::Item, Step::Key("additionalValuesFiles"), Step::Item] => {
            Wanted::File
        }
        [
            Step::Key("patches" | "patchesJson6902"),
            Step::Item,
            Step::Key("target"),
            Step::Key(key),
        ] => match *key {
            "name" => Wanted::Name(sibling("kind")),
            "kind" => Wanted::ObjectKind,
            _ => return None,
        },
        [Step::Key("images"), Step::Item, Step::Key("name")] => Wanted::Image,
        [Step::Key("replicas"), Step::Item, Step::Key("name")] => Wanted::Scaled,
        _ => return None,
    })
}

/// Returns the files below the folder of the kustomization that it does not list yet.
fn files(cursor: &Cursor<'_, '_>, is_wanted: impl Fn(&FileModel) -> bool) -> Vec<Offer> {
    let here = cursor.here;
    let folder = folder_of(here.file.path());
    let listed = cursor.context.items();
    let inside = here.facts.files().iter().filter(|file| {
        let path = file.path();
        folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    });
    let paths = inside
        .filter(|file| file.id != here.file.id && is_wanted(file))
        .map(|file| relative_path(folder, file.path()))
        .filter(|path| !listed.contains(&path.as_str()));
    let mut paths: Vec<String> = paths.collect();
    // What lies beside the kustomization is meant more often than what lies deeper.
    paths.sort_by_key(|path| (path.matches('/').count(), path.clone()));
    paths.into_iter().map(|path| Offer::new(CompletionKind::Path, path)).collect()
}

/// Returns the folders of other kustomizations, or of components.
fn folders(cursor: &Cursor<'_, '_>, of_components: bool) -> Vec<Offer> {
    let here = cursor.here;
    let own = folder_of(here.file.path());
    let listed = cursor.context.items();
    let others = here.facts.files().iter().filter(|file| {
        let roots = file.tree.roots();
        let is_component = roots
            .filter_map(|root| root.get("kind"))
            .any(|kind| kind.as_str() == Some("Component"));
        file.kind == Kind::Kustomization && file.id != here.file.id && is_component == of_components
    });
    let paths = others
        .map(|file| relative_path(own, folder_of(file.path())))
        .filter(|path| !listed.contains(&path.as_str()));
    let mut paths: Vec<String> = paths.collect();
    paths.sort_by_key(|path| (path.matches('/').count(), path.clone()));
    paths.into_iter().map(|path| Offer::new(CompletionKind::Path, path)).collect()
}

/// Returns the objects of the application that the kustomization belongs to, without kustomizations but with what they
/// generate.
fn objects<'a>(cursor: &Cursor<'a, '_>) -> impl Iterator<Item = &'a Object> {
    let facts = cursor.here.facts;
    let here = cursor.here.file.id;
    let all = facts.objects().iter().copied();
    all.filter(move |it| {
        let is_object = facts.file(it.file).kind != Kind::Kustomization
            || matches!(it.body, Body::ConfigMap(_) | Body::Secret(_));
        is_object && facts.same_part(it.file, here)
    })
}

fn names(cursor: &Cursor<'_, '_>, is_wanted: impl Fn(&Object) -> bool) -> Vec<Offer> {
    let wanted = objects(cursor).filter(|it| is_wanted(it));
    let offers = wanted.filter_map(|it| {
        let detail = format!("{} in {}", it.kind.value, place(cursor.here.facts, it.name_span()));
        Some(Offer::new(CompletionKind::Object, name_at(cursor.here, it)?).detail(detail))
    });
    offers.collect()
}

fn kinds(cursor: &Cursor<'_, '_>) -> Vec<Offer> {
    objects(cursor).map(|it| Offer::new(CompletionKind::Object, it.kind.as_str())).collect()
}

fn images(cursor: &Cursor<'_, '_>) -> Vec<Offer> {
    let specs = objects(cursor).filter_map(|it| Some(&it.workload()?.template.spec));
    let images = specs.flat_map(|spec| spec.all_containers()).filter_map(|it| it.image.as_ref());
    let offers = images.map(|image| {
        let reference = ImageRef::parse(image.as_str());
        let name = match reference.registry {
            Some(registry) => format!("{registry}/{}", reference.path),
            None => reference.path.to_owned(),
        };
        Offer::new(CompletionKind::Image, name).detail(image.as_str())
    });
    offers.collect()
}

#[cfg(test)]
mod tests {
    use crate::ide::completion::testing::{labels, taken};

    const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'registry.example.com/acme/web:1'}]}\n";
    const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: front}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n";

    /// Returns an overlay with the text beside a base with a Deployment and a Service.
    fn overlay(text: &str) -> String {
        format!(
            "# file: prod/kustomization.yaml\n{text}\n# file: prod/patch.yaml\n{WEB}# file: prod/app.env\nA=1\n# file: base/kustomization.yaml\nresources: [web.yaml, service.yaml]\n# file: base/web.yaml\n{WEB}# file: base/service.yaml\n{SERVICE}# file: debug/kustomization.yaml\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        )
    }

    #[test]
    fn resources_are_manifests_and_folders_that_are_not_listed() {
        assert_eq!(labels(&overlay("resources:\n  - ‸")), ["patch.yaml", "../base"]);
        assert_eq!(labels(&overlay("resources:\n  - ../base\n  - ‸")), ["patch.yaml"]);
        assert_eq!(labels(&overlay("components:\n  - ‸")), ["../debug"]);
        let begun = overlay("resources:\n  - ../b‸");
        assert!(taken(&begun).iter().any(|it| it.contains("  - ../base\n")), "{:?}", taken(&begun));
    }

    #[test]
    fn patches_and_generators_name_files() {
        assert_eq!(labels(&overlay("patches:\n  - path: ‸")), ["patch.yaml"]);
        let generator = "configMapGenerator:\n  - name: env\n    envs:\n      - ‸";
        assert_eq!(labels(&overlay(generator)), ["app.env", "patch.yaml"]);
    }

    #[test]
    fn targets_images_and_replicas_name_what_the_objects_have() {
        // What the overlay adds to the names is not written in it.
        let resources = "resources: [../base]\nnamePrefix: prod-\nconfigMapGenerator: [{name: conf, literals: [A=1]}]\n";
        let target = format!("{resources}patches:\n  - target: {{kind: Service, name: ‸}}");
        assert_eq!(labels(&overlay(&target)), ["front"]);
        assert_eq!(labels(&overlay(&target.replace("Service", "ConfigMap"))), ["conf"]);
        let kind = format!("{resources}patches:\n  - target:\n      kind: ‸");
        assert_eq!(labels(&overlay(&kind)), ["Deployment", "Service", "ConfigMap"]);
        let images = format!("{resources}images:\n  - name: ‸");
        assert_eq!(labels(&overlay(&images)), ["registry.example.com/acme/web"]);
        let replicas = format!("{resources}replicas:\n  - name: ‸");
        assert_eq!(labels(&overlay(&replicas)), ["web"]);
    }

    #[test]
    fn other_entries_are_left_to_schemas() {
        for text in ["‸", "namePrefix: ‸", "resources: ‸", "images:\n  - newTag: ‸"] {
            assert!(labels(&overlay(text)).is_empty(), "{text}");
        }
    }
}
