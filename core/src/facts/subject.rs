//! The object or service that a finding is about, by its place.

use super::{Facts, Service};
use crate::model::kubernetes::{Container, Object, PodSpec};
use crate::text::Span;
use std::cmp::Reverse;

/// The places of the Compose services of one file. A place may lie within another one, as where
/// services share an anchor, but two places never overlap in part.
#[derive(Debug, Default)]
pub(super) struct ServicePlaces {
    /// Sorted by start, an outer place before those within it.
    places: Vec<ServicePlace>,
}

#[derive(Debug)]
struct ServicePlace {
    span: Span,
    /// The first service that has this place.
    service: usize,
    /// The index of the place around this one.
    outer: Option<usize>,
}

impl ServicePlaces {
    /// Collects the places of all services, by the index of their file.
    pub(super) fn by_file(files: usize, services: &[Service<'_>]) -> Vec<ServicePlaces> {
        let mut spans: Vec<Vec<(Span, usize)>> = vec![Vec::new(); files];
        for service in services {
            let others = service.model.places.iter().map(|it| it.span);
            for span in others.chain([service.model.span]) {
                if let Some(spans) = spans.get_mut(span.file.index()) {
                    spans.push((span, service.index));
                }
            }
        }
        spans.into_iter().map(ServicePlaces::new).collect()
    }

    fn new(mut spans: Vec<(Span, usize)>) -> ServicePlaces {
        spans.sort_unstable_by_key(|(span, service)| (span.start, Reverse(span.end), *service));
        spans.dedup_by_key(|it| it.0);
        let mut places: Vec<ServicePlace> = Vec::with_capacity(spans.len());
        for (span, service) in spans {
            let mut outer = places.len().checked_sub(1);
            while let Some(at) = outer.filter(|at| !places[*at].span.contains(span)) {
                outer = places[at].outer;
            }
            places.push(ServicePlace { span, service, outer });
        }
        ServicePlaces { places }
    }

    /// Returns a service of the file, whose project the others in it belong to as well.
    fn any_service(&self) -> Option<usize> {
        self.places.first().map(|it| it.service)
    }

    /// Returns the first service with a place around a span.
    fn service_at(&self, span: Span) -> Option<usize> {
        let after = self.places.partition_point(|it| it.span.start <= span.start);
        let innermost = after.checked_sub(1);
        let outwards = std::iter::successors(innermost, |at| self.places[*at].outer);
        let around = outwards.map(|at| &self.places[at]).filter(|it| it.span.contains(span));
        around.map(|it| it.service).min()
    }
}

impl Facts<'_> {
    /// Returns what a message at a place is about. Where several services may share the place through an
    /// anchor, the message names the one that is meant.
    pub fn subject_of(&self, span: Span, message: &str) -> String {
        let Some(places) = self.service_places.get(span.file.index()) else {
            return self.subject_at(span);
        };
        let own = places.service_at(span);
        let Some(project) = own.or_else(|| places.any_service()) else {
            return self.subject_at(span);
        };
        let is_anchored = || {
            let path = self.file(span.file).tree.path_at(span.start as usize);
            path.into_iter().any(|step| step.value().anchor().is_some())
        };
        let uses_aliases = |service: &Service<'_>| {
            let text = self.written(&service.model.span);
            text.match_indices('*').any(|(at, _)| text[..at].ends_with([' ', '[', ',']))
        };
        let is_meant = |service: &&Service<'_>| own == Some(service.index) || uses_aliases(service);
        let names = message.split('`').skip(1).step_by(2);
        let mut named = names.filter_map(|name| self.sibling(&self.services[project], name));
        match named.find(is_meant).filter(|_| is_anchored()) {
            Some(service) => format!("service {}", service.name),
            None => self.subject_at(span),
        }
    }

    /// Returns `service app`, `Deployment shop/api, container web`, or an empty string.
    pub fn subject_at(&self, span: Span) -> String {
        let places = self.service_places.get(span.file.index());
        if let Some(service) = places.and_then(|it| it.service_at(span)) {
            return format!("service {}", self.services[service].name);
        }
        match self.object_at(span) {
            Some((object, container)) => subject_of(object, container),
            None => String::new(),
        }
    }

    /// Returns the object that a place belongs to, and its container there.
    fn object_at(&self, span: Span) -> Option<(&Object, Option<&Container>)> {
        if self.is_built(span.file) {
            return self.targets().find_map(|target| target.owner(span));
        }
        let file = self.file(span.file);
        let after = file.objects.partition_point(|it| it.span.start <= span.start);
        let object = file.objects[..after].last().filter(|it| it.span.end >= span.start)?;
        let spec = object.workload().map(|it| &it.template.spec);
        let mut containers = spec.into_iter().flat_map(PodSpec::all_containers);
        Some((object, containers.find(|it| it.place.span.contains(span))))
    }
}

/// Returns the name of an object and of its container.
fn subject_of(object: &Object, container: Option<&Container>) -> String {
    let mut subject = object.kind.to_string();
    let name = object.meta.name.as_ref().or(object.meta.generate_name.as_ref());
    let name = name.map_or("", |it| it.as_str().trim_end());
    match &object.meta.namespace {
        Some(namespace) => subject += &format!(" {namespace}/{name}"),
        None if name.is_empty() => {}
        None => subject += &format!(" {name}"),
    }
    if let Some(container) = container {
        subject += &format!(", container {}", container.label());
    }
    subject
}
