//! What host names mean to a container: a service of its Compose project, a Service of its namespace,
//! or something outside.

use super::sets::{MAX_ALTERNATIVES, Sets, World, may_share_namespace, rings};
use super::unit::{Site, Unit};
use super::{Facts, KubeService, MANY, Service, Workload, nearest};
use crate::knowledge::env::link_prefix;
use crate::knowledge::net;
use crate::model::FileModel;
use crate::model::kubernetes::Object;
use crate::report::Kind;
use crate::text::FileId;
use rustc_hash::{FxHashMap, FxHashSet};

/// Returns the first label of a host name: `db` of `db.shop.svc`.
pub fn first_label(host: &str) -> &str {
    host.split_once('.').map_or(host, |it| it.0)
}

/// The Compose services of one project, by the names that they go by.
#[derive(Debug, Default)]
pub(super) struct ComposeHosts<'a> {
    by_name: FxHashMap<&'a str, usize>,
    /// By their names, their containers' names, their host names and their aliases on networks.
    by_host: FxHashMap<&'a str, Vec<usize>>,
    /// By the service (or `host`) whose network namespace they share.
    by_network_namespace: FxHashMap<&'a str, Vec<usize>>,
    /// The addresses that services have on networks on purpose.
    addresses: FxHashSet<&'a str>,
    /// By each port on which they are known to listen.
    by_port: FxHashMap<u16, Vec<usize>>,
}

impl<'a> ComposeHosts<'a> {
    /// Collects the names of all services, by the index of their project.
    pub(super) fn by_project(projects: usize, services: &[Service<'a>]) -> Vec<ComposeHosts<'a>> {
        let mut all: Vec<ComposeHosts<'a>> = Vec::new();
        all.resize_with(projects, ComposeHosts::default);
        for service in services {
            let hosts = &mut all[service.project_index];
            hosts.by_name.entry(service.name).or_insert(service.index);
            for host in service.hosts() {
                let answering = hosts.by_host.entry(host).or_default();
                if answering.last() != Some(&service.index) {
                    answering.push(service.index);
                }
            }
            let sharing = hosts.by_network_namespace.entry(service.network_namespace());
            sharing.or_default().push(service.index);
            let networks = service.model.networks.iter();
            let addresses = networks.flat_map(|it| [&it.ipv4_address, &it.ipv6_address]);
            hosts.addresses.extend(addresses.flatten().map(|it| it.as_str()));
            for port in service.listens_on() {
                hosts.by_port.entry(port).or_default().push(service.index);
            }
        }
        all
    }

    /// Returns the service with this name.
    pub(super) fn service(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}

/// Index of the host names in the cluster.
#[derive(Debug)]
pub(super) struct ClusterHosts<'a> {
    /// Services by name, in any namespace and whatever they are applied with.
    by_name: FxHashMap<&'a str, Vec<usize>>,
    worlds: FxHashMap<World, InWorld<'a>>,
    /// The names of Services, by the part of the project.
    names: FxHashSet<(usize, &'a str)>,
    /// The names of objects from which an operator may make Services, by the part of the project.
    operated: FxHashSet<(usize, &'a str)>,
    /// The parts of the project into which something that is not read here may bring Services.
    from_elsewhere: FxHashSet<usize>,
}

/// The Services that may be applied together.
#[derive(Debug, Default)]
struct InWorld<'a> {
    /// In any namespace.
    by_name: FxHashMap<&'a str, Vec<usize>>,
    by_namespace: FxHashMap<&'a str, InNamespace<'a>>,
    /// The first Service with each cluster IP.
    by_address: FxHashMap<&'a str, usize>,
}

/// The Services of one namespace.
#[derive(Debug, Default)]
struct InNamespace<'a> {
    all: Vec<usize>,
    by_name: FxHashMap<&'a str, Vec<usize>>,
    /// By the prefix of the variables that Kubernetes makes from their names.
    by_prefix: FxHashMap<String, Vec<usize>>,
    /// By the numbers of their ports.
    by_port: FxHashMap<u16, Vec<usize>>,
}

impl<'a> ClusterHosts<'a> {
    pub(super) fn new(
        objects: &[&'a Object],
        services: &[KubeService<'a>],
        sets: &Sets,
        mut from_elsewhere: FxHashSet<usize>,
        unused: &FxHashSet<FileId>,
    ) -> ClusterHosts<'a> {
        let installing = objects.iter().filter(|it| installs_others(it));
        from_elsewhere.extend(installing.map(|it| sets.part(it.file)));
        let mut hosts = ClusterHosts {
            by_name: FxHashMap::default(),
            worlds: FxHashMap::default(),
            names: FxHashSet::default(),
            operated: FxHashSet::default(),
            from_elsewhere,
        };
        for it in services {
            let home = it.object.file;
            if !unused.contains(&home) {
                hosts.by_name.entry(it.name).or_default().push(it.index);
            }
            hosts.names.insert((sets.part(home), it.name));
            hosts.worlds.entry(sets.world(home)).or_default().add(it);
        }
        for object in objects.iter().filter(|it| it.body.is_custom()) {
            let name = object.name().filter(|name| !name.is_empty());
            hosts.operated.extend(name.map(|it| (sets.part(object.file), it.as_str())));
        }
        hosts
    }

    fn within(&self, world: World, namespace: &str) -> Option<&InNamespace<'a>> {
        self.worlds.get(&world)?.by_namespace.get(namespace)
    }
}

impl<'a> InWorld<'a> {
    fn add(&mut self, it: &KubeService<'a>) {
        self.by_name.entry(it.name).or_default().push(it.index);
        if let Some(address) = &it.model.cluster_ip {
            self.by_address.entry(address).or_insert(it.index);
        }
        let here = self.by_namespace.entry(it.namespace).or_default();
        here.all.push(it.index);
        here.by_name.entry(it.name).or_default().push(it.index);
        here.by_prefix.entry(link_prefix(it.name)).or_default().push(it.index);
        let ports = it.model.ports.iter().filter_map(|port| port.port);
        for port in ports.filter_map(|port| u16::try_from(port.value).ok()) {
            let offering = here.by_port.entry(port).or_default();
            if offering.last() != Some(&it.index) {
                offering.push(it.index);
            }
        }
    }
}

/// Whether a file stands for manifests that are not read: a chart, a template, a remote base.
pub(super) fn brings_services(file: &FileModel) -> bool {
    match file.kind {
        Kind::Template | Kind::Chart | Kind::Values | Kind::ArgoCd => true,
        Kind::Kustomization => {
            let text = file.text();
            text.contains("helmCharts:") || text.contains("://") || text.contains("github.com/")
        }
        _ => false,
    }
}

/// Whether a controller installs whole applications from an object.
fn installs_others(object: &Object) -> bool {
    const KINDS: &[&str] = &[
        "Application",
        "ApplicationSet",
        "HelmRelease",
        "HelmChart",
        "HelmChartConfig",
        "HelmApp",
        "Kustomization",
        "Subscription",
        "ClusterServiceVersion",
    ];
    KINDS.contains(&object.kind.as_str())
}

/// What a host name means to a Pod.
#[derive(Debug, Clone, Copy)]
pub enum KubeHost<'f, 'a> {
    /// A Service of the project, which the Pod reaches by this name.
    Service(&'f KubeService<'a>),
    /// A Service of this name in another namespace, which the short name does not reach.
    OtherNamespace(&'f KubeService<'a>),
    /// A name within the cluster that no Service of the project has.
    Missing,
    /// Something outside of the cluster, or a name that the files cannot settle.
    Outside,
}

impl<'a> Facts<'a> {
    /// Returns the service of the same project that a host name means: by its name, its container's
    /// name, its host name or an alias on a network.
    pub fn compose_host(&self, from: &Service<'a>, host: &str) -> Option<&Service<'a>> {
        self.sibling(from, host).or_else(|| self.answers_to(from, host).next())
    }

    /// Returns every service of the project that answers to a host name.
    pub fn answers_to<'f>(
        &'f self,
        from: &Service<'a>,
        host: &str,
    ) -> impl Iterator<Item = &'f Service<'a>> + use<'f, 'a> {
        let answering = self.compose_hosts[from.project_index].by_host.get(host);
        answering.into_iter().flatten().map(|at| &self.services[*at])
    }

    /// Whether a Compose service or a Kubernetes Service in the same part of the project as a file has
    /// this name.
    pub fn is_service_name(&self, home: FileId, name: &str) -> bool {
        let key = (self.sets.part(home), name);
        self.service_names.contains(&key) || self.cluster_hosts.names.contains(&key)
    }

    /// Returns the name of another service of the project that a misspelt host probably means.
    pub fn near_sibling(&self, service: &Service<'a>, host: &str) -> Option<&'a str> {
        let siblings = self.siblings(service);
        if siblings.len() > MANY {
            return None;
        }
        nearest(host, siblings.iter().map(|it| it.name).filter(|it| *it != service.name))
    }

    /// Whether a service of the same project has this address on a network on purpose.
    pub fn is_fixed_address(&self, service: &Service<'a>, address: &str) -> bool {
        self.compose_hosts[service.project_index].addresses.contains(address)
    }

    /// Returns the services of the same project that are known to listen on a port.
    pub fn listening_on<'f>(
        &'f self,
        service: &Service<'a>,
        port: u16,
    ) -> impl Iterator<Item = &'f Service<'a>> + use<'f, 'a> {
        let listening = self.compose_hosts[service.project_index].by_port.get(&port);
        listening.into_iter().flatten().map(|at| &self.services[*at])
    }

    /// Returns the services that share one network namespace with a service, itself among them.
    pub fn sharing_network<'f>(
        &'f self,
        service: &Service<'a>,
    ) -> impl Iterator<Item = &'f Service<'a>> + use<'f, 'a> {
        let hosts = &self.compose_hosts[service.project_index];
        let sharing = hosts.by_network_namespace.get(service.network_namespace());
        sharing.into_iter().flatten().map(|at| &self.services[*at])
    }

    /// Returns what a host name means to a Pod in a namespace, whose manifest is the file `home`.
    pub fn kube_host(&self, home: FileId, namespace: &str, host: &str) -> KubeHost<'_, 'a> {
        if net::ipv4(host).is_some() || net::is_loopback(host) {
            return KubeHost::Outside;
        }
        let Some(name) = net::cluster_name(host) else { return KubeHost::Outside };
        let wanted = name.namespace.unwrap_or(namespace);
        if let Some(found) = self.reachable(home, name.service, wanted) {
            return KubeHost::Service(found);
        }
        if name.namespace.is_none()
            && let Some(other) = self.services_named(home, name.service).next()
        {
            return KubeHost::OtherNamespace(other);
        }
        // A Service that is not applied together with the Pod may be meant, or it may not.
        let same_name = self.cluster_hosts.by_name.get(name.service).into_iter().flatten();
        let mut namespaces = same_name.map(|at| self.kube_services[*at].namespace);
        let is_elsewhere = namespaces.any(|it| may_share_namespace(it, wanted));
        let is_certain = name.namespace.is_none() || name.certain;
        if is_certain && !is_elsewhere { KubeHost::Missing } else { KubeHost::Outside }
    }

    /// Returns the nearest Service of a name that a Pod of a namespace may reach by it.
    fn reachable(&self, home: FileId, name: &str, namespace: &str) -> Option<&KubeService<'a>> {
        if namespace == "default" {
            return self.services_named(home, name).next();
        }
        self.service_in(home, namespace, name).or_else(|| {
            // A Service without a namespace lands wherever it is applied.
            let anywhere = self.service_in(home, "default", name);
            anywhere.filter(|it| !self.is_said_to_be_in_default(it.object))
        })
    }

    /// Returns the Services of a list that may be applied together with a file, the nearest first.
    fn services_together<'f>(
        &'f self,
        home: FileId,
        candidates: Option<&'f Vec<usize>>,
    ) -> impl Iterator<Item = &'f KubeService<'a>> + use<'f, 'a> {
        let candidates = candidates.map_or(&[][..], Vec::as_slice);
        let path_of = |at: &usize| self.file(self.kube_services[*at].object.file).path();
        // The objects of a target are all applied together, and not sorted by path.
        let (all, sorted) = match self.sets.world(home) {
            World::Part(_) => (&[][..], candidates),
            World::Target(_) | World::All => (candidates, &[][..]),
        };
        let around = rings(sorted, self.file(home).path(), path_of).flatten().flatten();
        let services = all.iter().chain(around.take(MAX_ALTERNATIVES));
        let services = services.map(|at| &self.kube_services[*at]);
        services.filter(move |it| self.together(home, it.object.file))
    }

    /// Returns the Services of this name, in any namespace, that may be applied together with a file.
    pub fn services_named<'f>(
        &'f self,
        home: FileId,
        name: &str,
    ) -> impl Iterator<Item = &'f KubeService<'a>> + use<'f, 'a> {
        let world = self.cluster_hosts.worlds.get(&self.sets.world(home));
        self.services_together(home, world.and_then(|it| it.by_name.get(name)))
    }

    /// Returns the Services of exactly this namespace that may be applied together with a file.
    pub fn services_in<'f>(
        &'f self,
        home: FileId,
        namespace: &str,
    ) -> impl Iterator<Item = &'f KubeService<'a>> + use<'f, 'a> {
        let here = self.cluster_hosts.within(self.sets.world(home), namespace);
        let services = here.into_iter().flat_map(|it| &it.all).map(|at| &self.kube_services[*at]);
        services.filter(move |it| self.together(home, it.object.file))
    }

    /// Returns the Services of exactly this namespace that set variables with a prefix, whether or not
    /// their files may be applied together.
    pub(super) fn services_by_prefix(
        &self,
        home: FileId,
        namespace: &str,
        prefix: &str,
    ) -> &[usize] {
        let here = self.cluster_hosts.within(self.sets.world(home), namespace);
        here.and_then(|it| it.by_prefix.get(prefix)).map_or(&[], Vec::as_slice)
    }

    /// Returns the nearest Service of this name in exactly this namespace.
    pub fn service_in(
        &self,
        home: FileId,
        namespace: &str,
        name: &str,
    ) -> Option<&KubeService<'a>> {
        let here = self.cluster_hosts.within(self.sets.world(home), namespace)?;
        self.services_together(home, here.by_name.get(name)).next()
    }

    /// Returns the Services of exactly this namespace that offer a port by its number.
    pub fn services_offering<'f>(
        &'f self,
        home: FileId,
        namespace: &str,
        port: u16,
    ) -> impl Iterator<Item = &'f KubeService<'a>> + use<'f, 'a> {
        let here = self.cluster_hosts.within(self.sets.world(home), namespace);
        let offering = here.and_then(|it| it.by_port.get(&port)).into_iter().flatten();
        let services = offering.map(|at| &self.kube_services[*at]);
        services.filter(move |it| self.together(home, it.object.file))
    }

    /// Returns the nearest Service of exactly this namespace that sets variables with a prefix.
    pub fn service_with_prefix(
        &self,
        home: FileId,
        namespace: &str,
        prefix: &str,
    ) -> Option<&KubeService<'a>> {
        let here = self.cluster_hosts.within(self.sets.world(home), namespace)?;
        self.services_together(home, here.by_prefix.get(prefix)).next()
    }

    /// Returns the first Service with a fixed cluster IP that may be applied together with a file.
    pub fn service_with_address(&self, home: FileId, address: &str) -> Option<&KubeService<'a>> {
        let world = self.cluster_hosts.worlds.get(&self.sets.world(home))?;
        let service = &self.kube_services[*world.by_address.get(address)?];
        self.together(home, service.object.file).then_some(service)
    }

    /// Returns the name of the Service in a namespace that a misspelt host probably means.
    pub fn near_service(&self, home: FileId, namespace: &str, host: &str) -> Option<&'a str> {
        let here = self.cluster_hosts.within(self.sets.world(home), namespace)?;
        if here.all.len() > MANY {
            return None;
        }
        nearest(host, self.services_in(home, namespace).map(|it| it.name))
    }

    /// Whether Services may come from something that is not read here and lies in the same part of the
    /// project as a file: a chart, a template, an application that a controller installs.
    pub fn services_from_elsewhere(&self, home: FileId) -> bool {
        self.cluster_hosts.from_elsewhere.contains(&self.sets.part(home))
    }

    /// Whether a controller may make a Service of this name from an object in the same part of the
    /// project as a file, as an operator makes `db-rw` from the cluster `db`.
    pub fn operator_may_make(&self, home: FileId, name: &str) -> bool {
        let operated = &self.cluster_hosts.operated;
        let part = self.sets.part(home);
        let mut ends = name.char_indices().map(|(at, letter)| at + letter.len_utf8());
        !operated.is_empty() && ends.any(|end| operated.contains(&(part, &name[..end])))
    }

    /// Returns the workload that a container is part of.
    pub fn workload_of(&self, unit: &Unit<'_>) -> Option<&Workload<'a>> {
        match unit.site {
            Site::Container(workload, _) => Some(&self.workloads[workload]),
            Site::Service(_) => None,
        }
    }

    /// Returns the Compose service that a unit is.
    pub fn service_of(&self, unit: &Unit<'_>) -> Option<&Service<'a>> {
        match unit.site {
            Site::Service(service) => Some(&self.services[service]),
            Site::Container(..) => None,
        }
    }

    /// Returns the ports on which a unit is known to listen: those that it lists, and those of its image
    /// family.
    pub fn listens_on(&self, unit: &Unit<'a>) -> Vec<u16> {
        let (workload, at) = match unit.site {
            Site::Service(at) => return self.services[at].listens_on(),
            Site::Container(workload, at) => (workload, at),
        };
        let listed = self.workloads[workload].container(at).ports.iter();
        let numbers = listed.filter_map(|it| it.container_port);
        let mut ports: Vec<u16> = numbers.filter_map(|it| u16::try_from(it.value).ok()).collect();
        ports.extend(unit.family().into_iter().flat_map(|it| it.ports()));
        ports.sort_unstable();
        ports.dedup();
        ports
    }
}
