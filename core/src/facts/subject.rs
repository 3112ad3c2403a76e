//! The object or service that a finding is about, by its place.

use super::{Facts, Service};
use crate::model::compose::VariableUse;
use crate::model::kubernetes::{Container, Object, PodSpec};
use crate::text::{FileId, Span};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::cmp::Reverse;

/// The places of the Compose services of one file. A place may lie within another one, as where
/// services share an anchor, but two places never overlap in part.
#[derive(Debug, Default)]
pub(super) struct ServicePlaces {
    /// Sorted by start, an outer place before those within it.
    places: Vec<ServicePlace>,
    /// The services that have a place or a borrowed value here, by their names.
    named: Named,
}

/// Services by their names, those of one name in order and each once.
type Named = FxHashMap<SmolStr, Vec<usize>>;

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
        let mut named: Vec<Named> = vec![Named::default(); files];
        for service in services {
            let others = service.model.places.iter().map(|it| it.span);
            let places = others.chain([service.model.span]);
            for span in places.clone() {
                if let Some(spans) = spans.get_mut(span.file.index()) {
                    spans.push((span, service.index));
                }
            }
            for span in places.chain(service.model.borrowed.iter().copied()) {
                let Some(named) = named.get_mut(span.file.index()) else { continue };
                let known = named.entry(SmolStr::new(service.name)).or_default();
                if known.last() != Some(&service.index) {
                    known.push(service.index);
                }
            }
        }
        let both = spans.into_iter().zip(named);
        both.map(|(spans, named)| ServicePlaces::new(spans, named)).collect()
    }

    fn new(mut spans: Vec<(Span, usize)>, named: Named) -> ServicePlaces {
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
        ServicePlaces { places, named }
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

/// Whether something that a service says is written at a place.
fn says_at(service: &Service<'_>, span: Span) -> bool {
    let model = service.model;
    let after = model.borrowed.partition_point(|it| (it.file, it.start) <= (span.file, span.start));
    let borrowed = after.checked_sub(1).map(|at| model.borrowed[at]);
    let mut places = model.places.iter().map(|it| it.span).chain([model.span]).chain(borrowed);
    places.any(|it| it.contains(span))
}

impl Facts<'_> {
    /// Returns what a message about a place speaks of, like [`Facts::subject_at`]. Services may share the
    /// place through an anchor: then the message says which one is meant.
    pub fn subject_of(&self, message: &str, span: Span) -> String {
        let Some(places) = self.service_places.get(span.file.index()) else {
            return self.subject_at(span);
        };
        let names = message.split('`').skip(1).step_by(2);
        let mut services = names.filter_map(|name| places.named.get(name)).flatten();
        match services.find(|it| says_at(&self.services[**it], span)) {
            Some(service) => format!("service {}", self.services[*service].name),
            None => self.subject_at(span),
        }
    }

    /// Sorts uses of variables by the names of the variables and of the services that use them, so that the
    /// first one does not depend on the order of keys.
    pub fn sort_by_names(&self, uses: &mut [&VariableUse]) {
        uses.sort_by_cached_key(|it| (it.name.clone(), self.subject_at(it.span), it.span));
    }

    /// Returns `service app`, `Deployment shop/api, container web`, or an empty string.
    pub fn subject_at(&self, span: Span) -> String {
        let places = self.service_places.get(span.file.index());
        if let Some(service) = places.and_then(|it| it.service_at(span)) {
            return format!("service {}", self.services[service].name);
        }
        match self.object_at(span) {
            Some((object, container)) => name_of(object, container),
            None => String::new(),
        }
    }

    /// Returns the object of the first target that a place belongs to, and its container there.
    pub(super) fn built_owner(&self, span: Span) -> Option<(&Object, Option<&Container>)> {
        let of_file = self.targets_of_file.get_or_init(|| {
            let mut of_file: FxHashMap<FileId, Vec<usize>> = FxHashMap::default();
            for (at, target) in self.targets().enumerate() {
                for file in target.owned_files() {
                    let targets = of_file.entry(file).or_default();
                    if targets.last() != Some(&at) {
                        targets.push(at);
                    }
                }
            }
            of_file
        });
        let targets = of_file.get(&span.file)?;
        targets.iter().find_map(|at| self.all_targets[self.chosen[*at]].owner(span))
    }

    /// Returns the object that a place belongs to, and its container there.
    fn object_at(&self, span: Span) -> Option<(&Object, Option<&Container>)> {
        if self.is_built(span.file) {
            return self.built_owner(span);
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
fn name_of(object: &Object, container: Option<&Container>) -> String {
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

#[cfg(test)]
mod tests {
    use crate::rules::testing::files;
    use crate::{Options, analyze};

    /// Returns the subjects of the findings of a rule, with the text at their places.
    fn subjects(text: &str, rule: &str) -> Vec<(String, String)> {
        let options = Options { select: vec![rule.into()], ..Options::default() };
        let report = analyze(&files(text), &options);
        let subject =
            |it: &crate::report::Finding| (it.subject.clone(), report.snippet(it.span).to_owned());
        report.findings.iter().map(subject).collect()
    }

    #[test]
    fn a_service_is_the_subject_of_what_it_borrows() {
        for borrowed in ["environment: *env", "environment: {<<: *env}"] {
            let text = format!(
                "services:\n  admin: {{image: 'a:1', environment: &env {{DB: 'tcp://db:5432'}}, depends_on: [db]}}\n  db: {{image: 'postgres:17'}}\n  web: {{image: 'a:1', {borrowed}}}\n"
            );
            let expected = [("service web".to_owned(), "db:5432".to_owned())];
            assert_eq!(subjects(&text, "PLM104"), expected, "{borrowed}");
        }
    }
}
