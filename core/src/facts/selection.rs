//! Which workloads Services select and autoscalers own.

use super::Facts;
use super::sets::{MAX_ALTERNATIVES, ObjectKey, Sets, rings};
use super::unit::Copies;
use super::workload::{KubeService, Workload};
use crate::model::kubernetes::{Body, Object, Selector};
use crate::model::{FileModel, Str};
use crate::text::FileId;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::sync::Arc;

/// Indices of objects of one list, such as that of all workloads. Those that define the same object
/// are alternatives and stand together, sorted by path.
type Groups<'a> = IndexMap<GroupKey<'a>, Vec<usize>, FxBuildHasher>;

/// Key by which objects are alternatives: their own key, or the index of an unnamed object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum GroupKey<'a> {
    Named(ObjectKey<'a>),
    Unnamed(usize),
}

/// The objects that carry one label, by their namespace.
#[derive(Debug, Default)]
struct Carriers<'a> {
    count: usize,
    by_namespace: IndexMap<&'a str, Groups<'a>, FxBuildHasher>,
}

/// The objects of one list by their labels, and by their namespace.
#[derive(Debug, Default)]
pub(super) struct LabelIndex<'a> {
    by_label: FxHashMap<(&'a str, &'a str), Carriers<'a>>,
    by_namespace: IndexMap<&'a str, Vec<usize>, FxBuildHasher>,
}

impl<'a> LabelIndex<'a> {
    fn add(&mut self, index: usize, object: &'a Object, labels: &'a [(Str, Str)]) {
        let namespace = object.namespace();
        let key = ObjectKey::of(object).map_or(GroupKey::Unnamed(index), GroupKey::Named);
        for (label, value) in labels {
            let carriers = self.by_label.entry((label, value)).or_default();
            carriers.count += 1;
            let groups = carriers.by_namespace.entry(namespace).or_default();
            groups.entry(key).or_default().push(index);
        }
        self.by_namespace.entry(namespace).or_default().push(index);
    }

    /// Indexes Services by their own labels.
    pub(super) fn of_services(services: &[KubeService<'a>]) -> LabelIndex<'a> {
        let mut index = LabelIndex::default();
        for service in services {
            index.add(service.index, service.object, &service.object.meta.labels);
        }
        index
    }

    /// Indexes workloads by the labels of their Pods.
    pub(super) fn of_workloads(workloads: &[Workload<'a>]) -> LabelIndex<'a> {
        let mut index = LabelIndex::default();
        for workload in workloads {
            index.add(workload.index, workload.object, &workload.model.template.meta.labels);
        }
        index
    }

    /// Returns the carriers of the rarest label of a selector: only they need to be compared. `None`
    /// where the selector names no label or nothing carries one of them.
    fn rarest<'f>(&'f self, selector: &'f Selector) -> Option<&'f Carriers<'a>> {
        let mut rarest: Option<&Carriers<'a>> = None;
        for (key, value) in &selector.match_labels {
            let carriers = self.by_label.get(&(key.as_str(), value.as_str()))?;
            if rarest.is_none_or(|it| carriers.count < it.count) {
                rarest = Some(carriers);
            }
        }
        rarest
    }

    /// Returns the indices in exactly one namespace (or in all of them) that a selector may match.
    fn candidates<'f>(
        &'f self,
        namespace: Option<&'f str>,
        selector: &'f Selector,
    ) -> impl Iterator<Item = usize> + use<'f, 'a> {
        let is_meant = move |it: &str| namespace.is_none_or(|namespace| namespace == it);
        // A selector of expressions alone may match anything.
        let any_label = selector.match_labels.is_empty();
        let all = self.by_namespace.iter().filter(move |it| any_label && is_meant(it.0));
        let carriers = self.rarest(selector).into_iter().flat_map(|it| &it.by_namespace);
        let carriers = carriers.filter(move |it| is_meant(it.0)).flat_map(|it| it.1.values());
        all.map(|it| it.1).chain(carriers).flatten().copied()
    }

    fn within(&self, namespace: &str) -> &[usize] {
        self.by_namespace.get(namespace).map_or(&[], Vec::as_slice)
    }
}

/// Decides which workloads an object means.
struct Chooser<'f, 'a> {
    files: &'a [Arc<FileModel>],
    workloads: &'f [Workload<'a>],
    sets: &'f Sets,
}

/// The workloads that an object means, and whether others would fit if they were not alternatives.
#[derive(Debug, Default)]
struct Choice {
    workloads: Vec<usize>,
    elsewhere: bool,
}

impl Chooser<'_, '_> {
    /// Adds those of a group of alternatives that fit and lie nearest to a file.
    fn choose(
        &self,
        home: FileId,
        alternatives: &[usize],
        fits: impl Fn(&Workload<'_>) -> bool,
        choice: &mut Choice,
    ) {
        let path_of = |at: &usize| self.path(self.workloads[*at].object.file);
        let before = choice.workloads.len();
        let mut left = MAX_ALTERNATIVES;
        for ring in rings(alternatives, self.path(home), path_of) {
            for &at in ring.into_iter().flatten().take(left) {
                left -= 1;
                if !fits(&self.workloads[at]) {
                    continue;
                }
                if self.sets.together(home, self.workloads[at].object.file) {
                    choice.workloads.push(at);
                } else {
                    choice.elsewhere = true;
                }
            }
            if left == 0 || choice.workloads.len() > before {
                break;
            }
        }
    }

    fn path(&self, file: FileId) -> &str {
        &self.files[file.index()].file.path
    }

    /// Returns the workloads in the given namespaces that a selector in a file matches.
    fn selected<'n>(
        &self,
        home: FileId,
        selector: &Selector,
        carriers: &Carriers<'_>,
        namespaces: impl Iterator<Item = &'n str>,
    ) -> Choice {
        let mut choice = Choice::default();
        let fits = |it: &Workload<'_>| selector.matches(&it.model.template.meta.labels);
        for groups in namespaces.filter_map(|it| carriers.by_namespace.get(it)) {
            for alternatives in groups.values() {
                self.choose(home, alternatives, fits, &mut choice);
            }
        }
        choice.workloads.sort_unstable();
        choice.workloads.dedup();
        choice
    }
}

/// Returns those of the namespaces of a map that an object of `namespace` may meet.
fn in_reach<'m, T>(
    by_namespace: &'m IndexMap<&str, T, FxBuildHasher>,
    namespace: &'m str,
) -> impl Iterator<Item = &'m str> {
    let everywhere = namespace == "default";
    let all = by_namespace.keys().copied().filter(move |_| everywhere);
    all.chain(["default", namespace].into_iter().filter(move |_| !everywhere))
}

/// Returns every Service with the workloads that it selects, and tells the workloads.
pub(super) fn kube_services<'a>(
    files: &'a [Arc<FileModel>],
    objects: &[&'a Object],
    workloads: &mut [Workload<'a>],
    sets: &Sets,
    pods: &LabelIndex<'a>,
) -> Vec<KubeService<'a>> {
    let mut services: Vec<KubeService<'a>> = Vec::new();
    for &object in objects {
        let Some(model) = object.service() else { continue };
        let chooser = Chooser { files, workloads, sets };
        let carriers = model.selector.as_ref().and_then(|it| Some((it, pods.rarest(it)?)));
        let choice = carriers.map_or_else(Choice::default, |(selector, carriers)| {
            let namespaces = in_reach(&carriers.by_namespace, object.namespace());
            chooser.selected(object.file, selector, carriers, namespaces)
        });
        let index = services.len();
        for at in &choice.workloads {
            workloads[*at].services.push(index);
        }
        services.push(KubeService {
            index,
            name: object.name().map_or("", |it| it.as_str()),
            object,
            model,
            namespace: object.namespace(),
            selects: choice.workloads,
            selects_elsewhere: choice.elsewhere,
        });
    }
    services
}

/// Gives each workload its autoscalers; one that may go above one replica makes it replicated.
pub(super) fn autoscale<'a>(
    files: &'a [Arc<FileModel>],
    objects: &[&'a Object],
    workloads: &mut [Workload<'a>],
    sets: &Sets,
) {
    if !objects.iter().any(|it| matches!(it.body, Body::Autoscaler(_))) {
        return;
    }
    let mut by_name: FxHashMap<(&str, &str), IndexMap<&str, Vec<usize>, FxBuildHasher>> =
        FxHashMap::default();
    for workload in workloads.iter() {
        let by_namespace = by_name.entry((workload.model.kind.name(), workload.name)).or_default();
        by_namespace.entry(workload.namespace).or_default().push(workload.index);
    }
    for (at, &object) in objects.iter().enumerate() {
        let Body::Autoscaler(scaler) = &object.body else { continue };
        let Some(target) = scaler.target.as_ref().filter(|_| scaler.scales_replicas()) else {
            continue;
        };
        let kind = target.kind.as_ref().map_or("Deployment", |it| it.as_str());
        let Some(name) = &target.name else { continue };
        let Some(by_namespace) = by_name.get(&(kind, name.as_str())) else { continue };
        let chooser = Chooser { files, workloads, sets };
        let mut owned = Choice::default();
        for namespace in in_reach(by_namespace, object.namespace()) {
            let alternatives = by_namespace.get(namespace).map_or(&[][..], Vec::as_slice);
            chooser.choose(object.file, alternatives, |_| true, &mut owned);
        }
        let many = scaler.maximum().is_some_and(|it| it > 1);
        for index in owned.workloads {
            let workload = &mut workloads[index];
            workload.autoscalers.push(at);
            if many && !workload.copies.is_many() {
                let span = scaler.max.map_or(object.name_span(), |it| it.span);
                workload.copies = Copies::Many(span);
                for unit in &mut workload.units {
                    unit.copies = workload.copies;
                }
            }
        }
    }
}

impl<'a> Facts<'a> {
    /// Returns the workloads of exactly this namespace that may be applied together with a file.
    pub fn workloads_in<'f>(
        &'f self,
        home: FileId,
        namespace: &str,
    ) -> impl Iterator<Item = &'f Workload<'a>> + use<'f, 'a> {
        let here = self.pods.within(namespace).iter().map(|at| &self.workloads[*at]);
        here.filter(move |it| self.together(home, it.object.file))
    }

    /// Returns the workloads of exactly this namespace whose Pods a selector matches, whatever they are
    /// applied together with.
    pub fn workloads_matching<'f>(
        &'f self,
        namespace: &'f str,
        selector: &'f Selector,
    ) -> impl Iterator<Item = &'f Workload<'a>> + use<'f, 'a> {
        let candidates = self.pods.candidates(Some(namespace), selector);
        let workloads = candidates.map(|at| &self.workloads[at]);
        workloads.filter(|it| selector.matches(&it.model.template.meta.labels))
    }

    /// Returns the workloads of an object's namespace that its selector means: of several alternatives
    /// the nearest ones.
    pub fn workloads_covered<'f>(
        &'f self,
        object: &'f Object,
        selector: &'f Selector,
    ) -> Vec<&'f Workload<'a>> {
        let namespace = object.namespace();
        let Some(carriers) = self.pods.rarest(selector) else {
            let matching = self.workloads_matching(namespace, selector);
            return matching.filter(|it| self.together(object.file, it.object.file)).collect();
        };
        let chooser = Chooser { files: self.files, workloads: &self.workloads, sets: &self.sets };
        let namespaces = std::iter::once(namespace);
        let choice = chooser.selected(object.file, selector, carriers, namespaces);
        choice.workloads.into_iter().map(|at| &self.workloads[at]).collect()
    }

    /// Returns the Services, in exactly this namespace or in any, whose own labels a selector matches,
    /// whatever they are applied together with.
    pub fn services_matching<'f>(
        &'f self,
        namespace: Option<&'f str>,
        selector: &'f Selector,
    ) -> impl Iterator<Item = &'f KubeService<'a>> + use<'f, 'a> {
        let candidates = self.service_labels.candidates(namespace, selector);
        let services = candidates.map(|at| &self.kube_services[at]);
        services.filter(|it| selector.matches(&it.object.meta.labels))
    }

    /// Returns the workloads that an object may meet in one namespace and in one set of files, the
    /// nearest first.
    pub fn workloads_around<'f>(
        &'f self,
        object: &'f Object,
    ) -> impl Iterator<Item = &'f Workload<'a>> + use<'f, 'a> {
        let lists = in_reach(&self.pods.by_namespace, object.namespace())
            .map(|namespace| self.pods.within(namespace));
        let home = self.file(object.file).path();
        let path_of = |at: &usize| self.file(self.workloads[*at].object.file).path();
        let around = lists.flat_map(move |list| rings(list, home, path_of)).flatten().flatten();
        let workloads = around.map(|at| &self.workloads[*at]);
        workloads.filter(|it| self.together(it.object.file, object.file))
    }

    /// Returns the Services of an object's namespace and set of files that set variables with a prefix,
    /// as `redis` sets `REDIS_SERVICE_HOST`; the nearest first.
    pub fn services_around<'f>(
        &'f self,
        object: &'f Object,
        prefix: &str,
    ) -> impl Iterator<Item = &'f KubeService<'a>> + use<'f, 'a> {
        let home = self.file(object.file).path();
        let path_of = |at: &usize| self.file(self.kube_services[*at].object.file).path();
        let candidates = self.services_by_prefix(object.file, object.namespace(), prefix);
        let around = rings(candidates, home, path_of).flatten().flatten().take(MAX_ALTERNATIVES);
        let services = around.map(|at| &self.kube_services[*at]);
        services.filter(|it| self.together(it.object.file, object.file))
    }
}
