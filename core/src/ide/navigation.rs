//! Definitions, references, and the other side of a thing.

use super::links::links;
use super::names::{Occurrence, Role};
use super::{Indexed, Name, World};
use crate::analysis::Analysis;
use crate::facts::{Counterpart, Facts};
use crate::text::{FileId, Span};

/// Returns the places that define what stands at an offset.
pub fn definition(snapshot: Indexed<'_>, file: FileId, offset: usize) -> Vec<Span> {
    places(snapshot, file, offset, |it| it.role == Role::Definition)
}

/// Returns the places that define what stands at an offset: a name, or else the start of the file of the project
/// that a path names.
pub fn definition_or_file(snapshot: Indexed<'_>, file: FileId, offset: usize) -> Vec<Span> {
    let found = definition(snapshot, file, offset);
    if !found.is_empty() {
        return found;
    }
    let here = Span::new(file, offset, offset);
    let link = links(snapshot.analysis, file).into_iter().find(|it| it.span.contains(here));
    link.and_then(|it| it.file).map(|it| Span::new(it, 0, 0)).into_iter().collect()
}

/// Returns the places that name the same as an offset.
pub fn references(
    snapshot: Indexed<'_>,
    file: FileId,
    offset: usize,
    include_declaration: bool,
) -> Vec<Span> {
    places(snapshot, file, offset, |it| include_declaration || it.role == Role::Reference)
}

/// Returns the places of the same file that name the same as an offset, with what each does.
pub fn highlights(snapshot: Indexed<'_>, file: FileId, offset: usize) -> Vec<(Span, Role)> {
    let mut found: Vec<(Span, Role)> = same(snapshot, file, offset)
        .filter(|it| it.span.file == file)
        .map(|it| (it.span, it.role))
        .collect();
    found.sort_unstable();
    found.dedup_by_key(|(span, _)| *span);
    found
}

fn places(
    snapshot: Indexed<'_>,
    file: FileId,
    offset: usize,
    is_wanted: impl Fn(&Occurrence) -> bool,
) -> Vec<Span> {
    let found = same(snapshot, file, offset).filter(|it| is_wanted(it));
    sorted(snapshot, found.map(|it| it.span).collect())
}

/// Sorts places by path and drops the doubles.
pub(super) fn sorted(snapshot: Indexed<'_>, mut spans: Vec<Span>) -> Vec<Span> {
    let path = |span: &Span| snapshot.analysis.file(span.file).path();
    spans.sort_by(|a, b| (path(a), a).cmp(&(path(b), b)));
    spans.dedup();
    spans
}

/// Returns every occurrence that means the same as what stands at an offset.
fn same(snapshot: Indexed<'_>, file: FileId, offset: usize) -> impl Iterator<Item = &Occurrence> {
    let names = snapshot.names;
    names.at(file, offset).iter().flat_map(move |here| same_as(snapshot, here))
}

/// Returns every occurrence that means the same as another one: objects of different namespaces, and manifests
/// that are not applied together, are different things.
pub(super) fn same_as<'s>(
    snapshot: Indexed<'s>,
    here: &'s Occurrence,
) -> impl Iterator<Item = &'s Occurrence> {
    let facts = snapshot.analysis.facts();
    let names = snapshot.names;
    let is_loose = matches!(
        names.name(here.name),
        Name::Object { world: World::Part(_), .. }
            | Name::Key { world: World::Part(_), .. }
            | Name::Label { world: World::Part(_), .. }
            | Name::ContainerPort { world: World::Part(_), .. }
            | Name::PodVolume { world: World::Part(_), .. }
            | Name::ServicePort { world: World::Part(_), .. }
    );
    names.occurrences_of(here.name).filter(move |other| {
        let may_meet = match (&here.namespace, &other.namespace) {
            (Some(one), Some(two)) => facts.may_share_namespace(one, two),
            (None, _) | (_, None) => true,
        };
        may_meet && (!is_loose || facts.together(here.span.file, other.span.file))
    })
}

/// Counterpart of a service or container on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherSide {
    /// For messages: "service `web`", "container `web` of Deployment `shop`".
    pub label: String,
    /// The name of the Compose service or of the container.
    pub span: Span,
}

/// Returns the counterparts of the Compose service, the workload or the container at an offset.
pub fn counterparts(analysis: &Analysis, file: FileId, offset: usize) -> Vec<OtherSide> {
    let facts = analysis.facts();
    let here = Span::new(file, offset, offset);
    let mut found = Vec::new();
    for counterpart in facts.counterparts() {
        let (service, _, unit) = facts.pair(counterpart);
        let places = service.model.places.iter().map(|it| it.span);
        let is_service = places.chain([service.model.name.span]).any(|it| it.contains(here));
        if is_service {
            found.push(OtherSide { label: unit.label.clone(), span: unit.name.span });
        } else if is_container_at(facts, counterpart, here) {
            let label = service.unit.label.clone();
            found.push(OtherSide { label, span: service.model.name.span });
        }
    }
    found
}

/// Whether a place belongs to the container of a pair, or to its workload but to no other container.
fn is_container_at(facts: &Facts<'_>, counterpart: &Counterpart, here: Span) -> bool {
    let (_, workload, unit) = facts.pair(counterpart);
    let model = workload.container(counterpart.unit);
    let (is_inside, containers) = match facts.target_of(workload.object.file) {
        Some(target) => {
            let owner = facts.all_targets()[target].owner(here);
            let is_inside = owner.is_some_and(|(it, _)| std::ptr::eq(it, workload.object));
            (is_inside, owner.and_then(|(_, container)| container))
        }
        None => {
            let all = workload.containers().map(|(_, it)| it);
            let around = all.into_iter().find(|it| it.place.span.contains(here));
            (workload.object.span.contains(here), around)
        }
    };
    is_inside
        && containers
            .is_none_or(|it| std::ptr::eq(it, model) || it.name.as_ref() == Some(unit.name))
}

/// An object that is built from a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltObject {
    /// Index of the target in [`Analysis::targets`](crate::Analysis::targets).
    pub target: usize,
    /// Index of the object in its target.
    pub object: usize,
    /// The kind and the name, as "Deployment `shop`".
    pub label: String,
    /// The name as it is written in the sources.
    pub span: Span,
}

/// Returns the objects that a place of a template, a base or a patch is built into, one for each target.
pub fn built_objects(analysis: &Analysis, file: FileId, offset: usize) -> Vec<BuiltObject> {
    let here = Span::new(file, offset, offset);
    let targets = analysis.targets().iter().enumerate();
    let built = targets.filter(|(_, target)| target.has_source(file)).filter_map(|(at, target)| {
        let (object, _) = target.owner(here)?;
        let index = target.objects.iter().position(|it| std::ptr::eq(it, object))?;
        let (label, span) = (object.label(), object.name_span());
        Some(BuiltObject { target: at, object: index, label, span })
    });
    built.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ide::testing::{project, shown};

    #[test]
    fn highlights_stay_in_the_file() {
        let asked = project(
            "=== compose.yaml
services:
  d<>b: {image: 'postgres:17'}
  web: {image: 'acme/web:1', depends_on: [db]}
=== compose.override.yaml
services: {db: {ports: ['5432:5432']}}
",
        );
        let found = highlights(asked.indexed(), asked.file, asked.offset);
        let spans: Vec<Span> = found.iter().map(|it| it.0).collect();
        assert_eq!(shown(&asked.analysis, &spans), ["compose.yaml:2:3 db", "compose.yaml:3:43 db"]);
        assert_eq!(found[0].1, Role::Definition);
        assert_eq!(found[1].1, Role::Reference);
    }

    const BOTH: &str = "=== compose.yaml
services:
  api:
    image: acme/api:1
=== k8s/api.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: api
          image: acme/api:1
        - name: proxy
          image: acme/proxy:1
";

    fn other_side(text: &str) -> Vec<String> {
        let asked = project(text);
        let found = counterparts(&asked.analysis, asked.file, asked.offset);
        let spans: Vec<Span> = found.iter().map(|it| it.span).collect();
        shown(&asked.analysis, &spans)
    }

    #[test]
    fn a_service_leads_to_its_container_and_back() {
        let at = |needle: &str| other_side(&BOTH.replacen(needle, &format!("<>{needle}"), 1));
        assert_eq!(at("api:\n    image"), ["k8s/api.yaml:11:17 api"]);
        assert_eq!(at("image: acme/api:1\n==="), ["k8s/api.yaml:11:17 api"]);
        assert_eq!(at("replicas"), ["compose.yaml:2:3 api"]);
        assert_eq!(at("image: acme/api:1\n        -"), ["compose.yaml:2:3 api"]);
        assert!(at("image: acme/proxy").is_empty());
    }

    #[cfg(feature = "targets")]
    #[test]
    fn a_place_of_a_base_leads_to_what_each_overlay_makes_of_it() {
        let asked = project(
            "=== base/kustomization.yaml
resources: [web.yaml]
=== base/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  repli<>cas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'acme/web:1'}]}
=== dev/kustomization.yaml
resources: [../base]
=== prod/kustomization.yaml
resources: [../base]
namePrefix: prod-
",
        );
        let found = built_objects(&asked.analysis, asked.file, asked.offset);
        let targets = asked.analysis.targets();
        let say = |it: &BuiltObject| format!("{} {}", targets[it.target].target.name, it.label);
        let labels: Vec<String> = found.iter().map(say).collect();
        assert_eq!(labels, ["dev Deployment `web`", "prod Deployment `prod-web`"]);
    }
}
