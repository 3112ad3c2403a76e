//! What host names mean to a container: a service of its Compose project, a Service of its namespace,
//! or something outside.

use super::unit::{Site, Unit};
use super::{Facts, KubeService, MANY, Service, Workload, nearest};
use crate::knowledge::env::link_prefix;
use crate::knowledge::net;
use crate::model::FileModel;
use crate::model::kubernetes::Object;
use crate::report::Kind;
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

/// What is known of the host names in the cluster.
#[derive(Debug)]
pub(super) struct ClusterHosts<'a> {
    /// Services by name, in any namespace.
    by_name: FxHashMap<&'a str, Vec<usize>>,
    by_namespace: FxHashMap<&'a str, InNamespace<'a>>,
    /// The names of objects from which an operator may make Services.
    operated: FxHashSet<&'a str>,
    /// The first Service with each cluster IP.
    by_address: FxHashMap<&'a str, usize>,
    /// Whether Services may come from something that is not read here.
    from_elsewhere: bool,
}

/// The Services of one namespace.
#[derive(Debug, Default)]
struct InNamespace<'a> {
    all: Vec<usize>,
    first_by_name: FxHashMap<&'a str, usize>,
    /// By the prefix of the variables that Kubernetes makes from their names.
    by_prefix: FxHashMap<String, Vec<usize>>,
    /// By the numbers of their ports.
    by_port: FxHashMap<u16, Vec<usize>>,
}

impl<'a> ClusterHosts<'a> {
    pub(super) fn new(
        objects: &[&'a Object],
        services: &[KubeService<'a>],
        from_elsewhere: bool,
    ) -> ClusterHosts<'a> {
        let mut hosts = ClusterHosts {
            by_name: FxHashMap::default(),
            by_namespace: FxHashMap::default(),
            operated: FxHashSet::default(),
            by_address: FxHashMap::default(),
            from_elsewhere: from_elsewhere || objects.iter().any(|it| installs_others(it)),
        };
        for it in services {
            hosts.by_name.entry(it.name).or_default().push(it.index);
            if let Some(address) = &it.model.cluster_ip {
                hosts.by_address.entry(address).or_insert(it.index);
            }
            let here = hosts.by_namespace.entry(it.namespace).or_default();
            here.all.push(it.index);
            here.first_by_name.entry(it.name).or_insert(it.index);
            here.by_prefix.entry(link_prefix(it.name)).or_default().push(it.index);
            let ports = it.model.ports.iter().filter_map(|port| port.port);
            for port in ports.filter_map(|port| u16::try_from(port.value).ok()) {
                let offering = here.by_port.entry(port).or_default();
                if offering.last() != Some(&it.index) {
                    offering.push(it.index);
                }
            }
        }
        for object in objects.iter().filter(|it| it.body.is_custom()) {
            hosts.operated.extend(object.name().map(|it| it.as_str()));
        }
        hosts.operated.remove("");
        hosts
    }

    /// Returns the first Service of a name that a Pod of a namespace may reach by it.
    fn reachable(&self, name: &str, namespace: &str) -> Option<usize> {
        if namespace == "default" {
            return self.by_name.get(name)?.first().copied();
        }
        let within =
            |namespace: &str| self.by_namespace.get(namespace)?.first_by_name.get(name).copied();
        [within(namespace), within("default")].into_iter().flatten().min()
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

    /// Whether a Compose service of any project has this name.
    pub fn is_service_name(&self, name: &str) -> bool {
        self.service_names.contains(name)
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

    /// Returns what a host name means to a Pod in a namespace.
    pub fn kube_host(&self, namespace: &str, host: &str) -> KubeHost<'_, 'a> {
        if net::ipv4(host).is_some() || net::is_loopback(host) {
            return KubeHost::Outside;
        }
        let Some(name) = net::cluster_name(host) else { return KubeHost::Outside };
        let wanted = name.namespace.unwrap_or(namespace);
        if let Some(found) = self.cluster_hosts.reachable(name.service, wanted) {
            return KubeHost::Service(&self.kube_services[found]);
        }
        if name.namespace.is_none() {
            let mut elsewhere = self.services_named(name.service);
            return elsewhere.next().map_or(KubeHost::Missing, KubeHost::OtherNamespace);
        }
        if name.certain { KubeHost::Missing } else { KubeHost::Outside }
    }

    /// Returns the Services of this name, in any namespace.
    pub fn services_named<'f>(
        &'f self,
        name: &str,
    ) -> impl Iterator<Item = &'f KubeService<'a>> + Clone + use<'f, 'a> {
        self.cluster_hosts
            .by_name
            .get(name)
            .into_iter()
            .flatten()
            .map(|at| &self.kube_services[*at])
    }

    /// Returns the Services of exactly this namespace.
    pub fn services_in<'f>(
        &'f self,
        namespace: &str,
    ) -> impl Iterator<Item = &'f KubeService<'a>> + Clone + use<'f, 'a> {
        let here = self.cluster_hosts.by_namespace.get(namespace);
        here.into_iter().flat_map(|it| &it.all).map(|at| &self.kube_services[*at])
    }

    /// Returns the Services of exactly this namespace that set variables with a prefix.
    pub(super) fn services_by_prefix(&self, namespace: &str, prefix: &str) -> &[usize] {
        let here = self.cluster_hosts.by_namespace.get(namespace);
        here.and_then(|it| it.by_prefix.get(prefix)).map_or(&[], Vec::as_slice)
    }

    /// Returns the first Service of this name in exactly this namespace.
    pub fn service_in(&self, namespace: &str, name: &str) -> Option<&KubeService<'a>> {
        let here = self.cluster_hosts.by_namespace.get(namespace)?;
        Some(&self.kube_services[*here.first_by_name.get(name)?])
    }

    /// Returns the Services of exactly this namespace that offer a port by its number.
    pub fn services_offering<'f>(
        &'f self,
        namespace: &str,
        port: u16,
    ) -> impl Iterator<Item = &'f KubeService<'a>> + use<'f, 'a> {
        let here = self.cluster_hosts.by_namespace.get(namespace);
        let offering = here.and_then(|it| it.by_port.get(&port));
        offering.into_iter().flatten().map(|at| &self.kube_services[*at])
    }

    /// Returns the first Service of exactly this namespace that sets variables with a prefix.
    pub fn service_with_prefix(&self, namespace: &str, prefix: &str) -> Option<&KubeService<'a>> {
        let first = self.services_by_prefix(namespace, prefix).first()?;
        Some(&self.kube_services[*first])
    }

    /// Returns the first Service with a fixed cluster IP.
    pub fn service_with_address(&self, address: &str) -> Option<&KubeService<'a>> {
        Some(&self.kube_services[*self.cluster_hosts.by_address.get(address)?])
    }

    /// Returns the name of the Service in a namespace that a misspelt host probably means.
    pub fn near_service(&self, namespace: &str, host: &str) -> Option<&'a str> {
        let here = &self.cluster_hosts.by_namespace.get(namespace)?.all;
        if here.len() > MANY {
            return None;
        }
        nearest(host, here.iter().map(|at| self.kube_services[*at].name))
    }

    /// Whether Services may come from something that is not read here: a chart, a template, an
    /// application that a controller installs.
    pub fn services_from_elsewhere(&self) -> bool {
        self.cluster_hosts.from_elsewhere
    }

    /// Whether a controller may make a Service of this name from an object of the project, as an
    /// operator makes `db-rw` from the cluster `db`.
    pub fn operator_may_make(&self, name: &str) -> bool {
        let operated = &self.cluster_hosts.operated;
        let mut ends = name.char_indices().map(|(at, letter)| at + letter.len_utf8());
        !operated.is_empty() && ends.any(|end| operated.contains(&name[..end]))
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
