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
