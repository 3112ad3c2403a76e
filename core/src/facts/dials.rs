//! Whom a Compose service dials, as far as the files show it.

use super::{Facts, KubeHost, Pair, Service, Site, Unit, Var, VarSource};
use crate::knowledge::families::{Class, Family};
use crate::knowledge::net::{self, hosts_named};
use crate::model::compose::{FileObject, MountKind};
use crate::model::kubernetes::VolumeSource;
use crate::text::join_path;
use rustc_hash::FxHashSet;

impl<'a> Facts<'a> {
    /// Returns the services of the project that a service dials: those that its variables, its start command, its links
    /// or a file that is mounted into it name. `depends_on` gives an order and dials nobody.
    ///
    /// Source: <https://docs.docker.com/reference/compose-file/services/#depends_on>
    pub fn dialled<'f>(&'f self, service: &Service<'a>) -> Vec<&'f Service<'a>> {
        let links = service.model.links.iter().filter_map(|link| link.split(':').next());
        let peers = self.peers(&service.unit).iter().map(|it| it.host);
        let named = self.hosts_in_texts(&service.unit).into_iter();
        let mut in_a_text: Vec<&Service<'a>> =
            named.filter_map(|host| self.sibling(service, host)).collect();
        in_a_text.sort_by_key(|it| it.index);
        let hosts = links.chain(peers).filter_map(|host| self.compose_host(service, host));
        let mut known: FxHashSet<usize> = std::iter::once(service.index).collect();
        hosts.chain(in_a_text).filter(|it| known.insert(it.index)).collect()
    }

    /// Returns the services that a service waits for and cannot work without: data stores, and those of secrets and
    /// identities.
    pub fn awaited_stores<'f>(
        &'f self,
        service: &Service<'a>,
    ) -> impl Iterator<Item = &'f Service<'a>> {
        let waits = service.model.depends_on.iter();
        let awaited = waits.filter_map(|it| self.sibling(service, &it.service));
        awaited.filter(|it| it.unit.family().is_some_and(|family| family.must_be_ready()))
    }

    /// Whether the cluster reaches a data store of Compose somewhere outside of it, as a managed database is reached: it
    /// has no counterpart, and that of a client takes its address from a Secret, or names a host that no Service has.
    pub fn is_reached_outside(&self, store: &Service<'a>) -> bool {
        let Some(family) = store.unit.family().filter(|it| it.is_data_store()) else {
            return false;
        };
        if self.counterparts().is_empty() {
            return false;
        }
        let runs_there = self.counterpart_of(store.index).is_some()
            || self.candidates_for(store.index).next().is_some();
        let clients = self.siblings(store).iter().filter(|it| it.index != store.index);
        let mut pairs = clients.filter_map(|it| Pair::of(self, it.index));
        !runs_there
            && pairs.any(|pair| {
                let client = pair.service;
                let names = |name: &str, value: &str| {
                    let mut hosts = net::endpoints_of(name, value).into_iter();
                    hosts.any(|it| {
                        self.compose_host(client, it.host).is_some_and(|it| it.index == store.index)
                    })
                };
                let own = client.unit.env.iter();
                let named: Vec<&str> = own
                    .filter(|it| it.value.is_some_and(|value| names(it.name, value)))
                    .map(|it| it.name)
                    .collect();
                let waits =
                    client.model.depends_on.iter().any(|it| it.service.as_str() == store.name);
                let is_address = |name: &str| match named[..] {
                    [] => waits && is_address_of(family, name),
                    _ => named.contains(&name),
                };
                pair.unit.env.iter().any(|it| is_address(it.name) && self.leads_outside(&pair, it))
            })
    }

    /// Whether a variable of a counterpart leads out of the cluster, as far as its files show.
    fn leads_outside(&self, pair: &Pair<'_, 'a>, var: &Var<'a>) -> bool {
        let Some(value) = var.value else { return var.source == VarSource::Secret };
        let (home, namespace) = (pair.workload.object.file, pair.workload.namespace);
        let hosts = net::endpoints_of(var.name, value);
        !hosts.is_empty()
            && hosts.iter().all(|it| {
                // Under the name that Compose has for a service, nothing outside of the cluster is meant.
                let leads = match self.kube_host(home, namespace, it.host) {
                    KubeHost::Outside => true,
                    KubeHost::Missing => self.compose_host(pair.service, it.host).is_none(),
                    KubeHost::Service(_) | KubeHost::OtherNamespace(_) => false,
                };
                leads && !net::is_loopback(it.host)
            })
    }

    /// Returns the hosts that the files in a container, and the variables that hold one, name as addresses.
    pub fn hosts_in_texts(&self, unit: &Unit<'a>) -> FxHashSet<&str> {
        self.texts_in(unit).into_iter().flat_map(hosts_named).collect()
    }

    /// Returns the configuration that a container is given as text, where the project holds it: files that are mounted,
    /// the keys of ConfigMaps and variables of several lines.
    fn texts_in(&self, unit: &Unit<'a>) -> Vec<&str> {
        let values = unit.env.iter().filter_map(|it| it.value);
        let mut texts: Vec<&str> = values.filter(|it| it.contains('\n')).collect();
        match unit.site {
            Site::Service(at) => self.add_texts_of_service(&self.services[at], &mut texts),
            Site::Container(workload, at) => self.add_texts_of_container(workload, at, &mut texts),
        }
        texts
    }

    fn add_texts_of_service<'f>(&'f self, service: &Service<'a>, texts: &mut Vec<&'f str>) {
        let binds = service.model.volumes.iter().filter(|it| it.kind == MountKind::Bind);
        let sources = binds.filter_map(|it| it.source.as_ref());
        let files = sources.filter_map(|it| self.file_at(&join_path(&service.project.folder, it)));
        texts.extend(files.map(|it| self.file(it).text()));
        for config in &service.model.configs {
            match service.project.config(&config.source) {
                Some(FileObject { content: Some(text), .. }) => texts.push(text.as_str()),
                Some(FileObject { file_id: Some(file), .. }) => {
                    texts.push(self.file(*file).text());
                }
                Some(_) | None => {}
            }
        }
    }

    fn add_texts_of_container<'f>(&'f self, workload: usize, at: usize, texts: &mut Vec<&'f str>) {
        let workload = &self.workloads[workload];
        let mounts = workload.container(at).mounts.iter().filter_map(|it| it.name.as_ref());
        for volume in mounts.filter_map(|it| workload.model.template.spec.volume(it)) {
            let VolumeSource::ConfigMap(source) = &volume.source else { continue };
            let Some(name) = &source.name else { continue };
            let home = workload.object.file;
            let keys = self.keys(home, workload.namespace, name, false);
            let entries = keys.into_iter().flat_map(|it| it.entries);
            texts.extend(entries.filter_map(|it| it.1).map(|it| it.as_str()));
        }
    }
}

/// Whether the name of a variable is that of the address of such a store: `PG_HOST`, `DATABASE_URL`.
fn is_address_of(family: &Family, name: &str) -> bool {
    const DATABASES: &[&str] = &["PG", "SQL", "DB", "DATABASE"];
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper.split('_').collect();
    let is_url = words.last().is_some_and(|it| matches!(*it, "URL" | "URI" | "DSN"));
    let is_of_kind = |word: &&str| {
        word.eq_ignore_ascii_case(family.id)
            || word.eq_ignore_ascii_case(family.name)
            || family.class == Class::Database && DATABASES.contains(word)
    };
    (is_url || net::is_host_key(name)) && words.iter().any(is_of_kind)
}
