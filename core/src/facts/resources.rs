//! What containers request, and what their Pods and LimitRanges give them.

use super::sets::{Sets, World};
use super::{Facts, Site, Unit, Workload};
use crate::knowledge::memory::{self, Setting};
use crate::model::Str;
use crate::model::kubernetes::{
    Body, Container, LimitRangeItem, MetricSource, Object, Resource, VolumeSource,
};
use crate::report::Environment;
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// What LimitRanges give to containers that say nothing themselves, by the names of the resources.
#[derive(Debug, Default)]
struct Defaults<'a> {
    requests: FxHashSet<&'a str>,
    limits: FxHashSet<&'a str>,
}

impl<'a> Defaults<'a> {
    /// Adds what an item gives. Without a default the API server takes the maximum as the limit, and the minimum
    /// as the request.
    ///
    /// Source: kubernetes/kubernetes, `pkg/apis/core/v1/defaults.go`, `SetDefaults_LimitRangeItem`.
    fn add(&mut self, item: &'a LimitRangeItem) {
        let names = |all: &'a [Resource]| all.iter().map(|it| it.name.as_str());
        self.requests.extend(names(&item.default_request).chain(names(&item.min)));
        self.limits.extend(names(&item.default).chain(names(&item.max)));
    }

    /// A limit is also the request where none is written.
    fn requests(&self, name: &str) -> bool {
        self.requests.contains(name) || self.limits.contains(name)
    }
}

/// The defaults of all LimitRanges, by what they are applied with.
#[derive(Debug, Default)]
pub(super) struct LimitRanges<'a> {
    by_namespace: FxHashMap<(World, &'a str), Defaults<'a>>,
    /// Of all namespaces together.
    anywhere: FxHashMap<World, Defaults<'a>>,
}

impl<'a> LimitRanges<'a> {
    pub(super) fn new(objects: &[&'a Object], sets: &Sets) -> LimitRanges<'a> {
        let mut ranges = LimitRanges::default();
        for &object in objects {
            let Body::LimitRange(range) = &object.body else { continue };
            let world = sets.world(object.file);
            for item in &range.items {
                if item.kind.as_ref().is_none_or(|it| it.as_str() == "Container") {
                    let here = ranges.by_namespace.entry((world, object.namespace())).or_default();
                    here.add(item);
                    let anywhere = ranges.anywhere.entry(world).or_default();
                    anywhere.add(item);
                }
            }
        }
        ranges
    }

    /// Whether the LimitRanges that may hold in a namespace give something.
    fn give(
        &self,
        world: World,
        namespace: &str,
        is_given: impl Fn(&Defaults<'a>) -> bool,
    ) -> bool {
        match namespace {
            "default" => self.anywhere.get(&world).is_some_and(is_given),
            _ => ["default", namespace]
                .iter()
                .filter_map(|it| self.by_namespace.get(&(world, *it)))
                .any(is_given),
        }
    }
}

/// A quantity outside of a container: the size of a claim, the target of an autoscaler.
#[derive(Debug, Clone, Copy)]
pub struct Amount<'a> {
    /// The resource or the field that it is about: `storage`, `sizeLimit`.
    pub name: &'a str,
    /// The value as written.
    pub raw: &'a Str,
}

impl<'a> Amount<'a> {
    fn all(resources: &'a [Resource]) -> impl Iterator<Item = Amount<'a>> {
        resources.iter().map(|it| Amount { name: it.name.as_str(), raw: &it.raw })
    }
}

/// Returns the quantities of an object beside those of its containers.
fn amounts(object: &Object) -> Vec<Amount<'_>> {
    let mut found = Vec::new();
    match &object.body {
        Body::Workload(workload) => {
            let spec = &workload.template.spec;
            if let Some(resources) = &spec.resources {
                found.extend(Amount::all(&resources.requests));
                found.extend(Amount::all(&resources.limits));
            }
            found.extend(spec.volumes.iter().filter_map(|it| match &it.source {
                VolumeSource::EmptyDir { size_limit: Some(raw), .. } => {
                    Some(Amount { name: "sizeLimit", raw })
                }
                _ => None,
            }));
            let claims = workload.volume_claim_templates.iter().map(|it| &it.claim.storage);
            found.extend(claims.flat_map(|it| Amount::all(it.as_slice())));
        }
        Body::Claim(claim) => found.extend(Amount::all(claim.storage.as_slice())),
        Body::PersistentVolume(volume) => found.extend(Amount::all(volume.capacity.as_slice())),
        Body::ResourceQuota(quota) => found.extend(Amount::all(&quota.hard)),
        Body::LimitRange(range) => {
            for item in &range.items {
                for all in [&item.default, &item.default_request, &item.min, &item.max] {
                    found.extend(Amount::all(all));
                }
            }
        }
        Body::Autoscaler(scaler) => found.extend(scaler.metrics.iter().filter_map(|it| {
            // What other metrics are called says nothing about their unit: `memory` may be a share.
            let of_container =
                matches!(it.source, MetricSource::Resource | MetricSource::ContainerResource);
            let name = it.name.as_ref().filter(|_| of_container);
            let name = name.map_or("a metric", |it| it.as_str());
            Some(Amount { name, raw: it.written.as_ref()? })
        })),
        _ => {}
    }
    found
}

impl<'a> Facts<'a> {
    /// Returns the quantities of all objects beside those of containers.
    pub fn amounts(&self) -> impl Iterator<Item = Amount<'a>> + '_ {
        self.objects.iter().flat_map(|it| amounts(it))
    }

    /// Whether a container has a request for a resource: its own, its Pod's or that of a LimitRange.
    pub fn has_request(&self, workload: &Workload<'a>, container: &Container, name: &str) -> bool {
        let own = container.resources.as_ref();
        let pod = workload.model.template.spec.resources.as_ref();
        own.is_some_and(|it| it.request(name).is_some() || it.limit(name).is_some())
            || pod.is_some_and(|it| it.request(name).is_some())
            || self.limits_give(workload, |it| it.requests(name))
    }

    /// Whether an overlay for development or tests takes away the resources that the manifest of a container
    /// sets: somebody wants it to run on a small machine.
    pub fn takes_resources_away(&self, container: &Container) -> bool {
        let place = container.span();
        let environment = self.built_target(place.file).and_then(|it| it.target.environment);
        if !matches!(environment, Some(Environment::Development | Environment::Test)) {
            return false;
        }
        let objects = self.file(place.file).objects.iter().filter(|it| it.span.contains(place));
        let mut written = objects.filter_map(Object::workload).flat_map(|it| it.running());
        container.resources.as_ref().is_none_or(|it| it.place.span.is_empty())
            && written.any(|it| it.span() == place && it.resources.is_some())
    }

    /// Whether a workload's containers are limited by their Pod or by a LimitRange.
    pub fn is_limited_from_outside(&self, workload: &Workload<'a>, name: &str) -> bool {
        let pod = workload.model.template.spec.resources.as_ref();
        pod.is_some_and(|it| it.limit(name).is_some())
            || self.limits_give(workload, |it| it.limits.contains(name))
    }

    /// Returns the memory limit of a container in bytes, and its place.
    pub fn memory_limit(&self, unit: &Unit<'a>) -> Option<(u64, Span)> {
        match unit.site {
            Site::Service(at) => {
                let limit = self.services[at].model.memory_limit()?;
                Some((u64::try_from(limit.value).ok()?, limit.span))
            }
            Site::Container(workload, at) => {
                let container = self.workloads[workload].container(at);
                let limit = container.resources.as_ref()?.limit("memory")?.value()?;
                Some((u64::try_from(limit.value.units()).ok()?, limit.span))
            }
        }
    }

    /// Whether a container is given a GPU.
    pub fn asks_for_gpu(&self, unit: &Unit<'a>) -> bool {
        match unit.site {
            Site::Service(at) => {
                let model = self.services[at].model;
                let reserved = model.deploy.as_ref().and_then(|it| it.reservations.as_ref());
                let devices = reserved.map_or(&[][..], |it| &it.devices);
                let is_gpu = |capabilities: &[Str]| {
                    capabilities.is_empty() || capabilities.iter().any(|it| it.as_str() == "gpu")
                };
                devices.iter().chain(&model.gpus).any(|it| is_gpu(&it.capabilities))
                    || !model.devices.is_empty()
                    || model.runtime.as_ref().is_some_and(|it| it.as_str() == "nvidia")
            }
            Site::Container(workload, at) => {
                let workload = &self.workloads[workload];
                let container = workload.container(at);
                let gpus = container.resources.as_ref().map(|it| it.gpus().count());
                gpus.is_some_and(|it| it > 0)
                    || workload.model.template.spec.runtime_class_name.is_some()
            }
        }
    }

    fn limits_give(
        &self,
        workload: &Workload<'a>,
        is_given: impl Fn(&Defaults<'a>) -> bool,
    ) -> bool {
        let world = self.sets.world(workload.object.file);
        self.limit_ranges.give(world, workload.namespace, is_given)
    }
}

impl Unit<'_> {
    /// Returns the settings in its command and its variables that tell a runtime how much memory to use,
    /// each with its place.
    pub fn memory_settings(&self) -> Vec<(Setting<'_>, Span)> {
        let mut found = Vec::new();
        for command in &self.start.commands {
            for setting in memory::settings(&command.texts()) {
                let word = command.words.iter().find(|it| it.text == setting.written);
                found.push((setting, word.map_or_else(Span::default, |it| self.start.span_of(it))));
            }
        }
        for var in self.env.iter().filter(|it| it.literal) {
            let Some(value) = var.value else { continue };
            let words: Vec<&str> = value.split_whitespace().collect();
            let in_options = memory::settings(&words).into_iter();
            let all = in_options.chain(memory::variable(var.name, value));
            found.extend(all.map(|it| (it, var.value_span)));
        }
        found
    }
}
