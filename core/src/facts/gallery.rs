//! Galleries: repositories of samples that lie side by side, a Compose project each, and that nobody runs
//! together.
//!
//! A repository of services that run together looks much like one, so that all of this has to be true: there
//! are many folders with a Compose project each and nothing else to deploy; no project names a host, an image,
//! a network or a file of another; most of them publish the port of another, so that they cannot even run
//! beside each other; and most of them are not kept running.

use super::parts::common_folder;
use crate::knowledge::net::endpoints_of;
use crate::model::FileModel;
use crate::model::compose::{Project, Service};
use crate::report::Kind;
use crate::text::{FileId, folder_of, normalise_path};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The least number of projects in a gallery.
const MANY: usize = 8;

/// What a Compose project says about whether it is a sample among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exhibit {
    /// The file that the project begins with.
    pub file: FileId,
    /// The host ports that it publishes.
    ports: BTreeSet<u16>,
    /// Whether all of its services are restarted whatever happens.
    is_kept: bool,
    /// What others may mean by a name: services, hosts, and images that are built here.
    offers: BTreeSet<String>,
    /// What it names itself: hosts and images.
    names: BTreeSet<String>,
    /// The networks and volumes that it shares with whoever names them too.
    shares: BTreeSet<String>,
    /// Whether it takes anything from outside of its folder.
    leads_out: bool,
}

/// Returns the exhibits of the Compose projects, where a project as a whole may be a gallery.
pub fn exhibits(files: &[Arc<FileModel>], projects: &[Project]) -> Vec<Exhibit> {
    match rooms(files) {
        Some(root) => projects.iter().filter_map(|project| exhibit(files, root, project)).collect(),
        None => Vec::new(),
    }
}

/// Whether the exhibits of a whole project are samples that nobody runs together.
pub fn is_gallery(exhibits: &[Exhibit]) -> bool {
    let count = exhibits.len();
    let is_most = |number: usize| number * 2 >= count;
    count >= MANY
        && !exhibits.iter().any(|it| it.leads_out)
        && !are_related(exhibits)
        && is_most(collisions(exhibits))
        && !is_most(exhibits.iter().filter(|it| it.is_kept).count())
}

/// Returns the folder whose folders hold a Compose file each, where there are many of them and nothing else can
/// be deployed. Only paths and kinds are looked at.
fn rooms(files: &[Arc<FileModel>]) -> Option<&str> {
    let root = common_folder(files.iter().map(|file| folder_of(file.path())));
    let mut rooms: FxHashSet<&str> = FxHashSet::default();
    for file in files {
        match file.kind {
            Kind::Compose if !rooms.insert(room_of(root, file.path())?) => return None,
            Kind::Compose | Kind::EnvFile | Kind::Dockerfile | Kind::Config | Kind::Unknown => {}
            Kind::Kubernetes
            | Kind::Kustomization
            | Kind::Chart
            | Kind::Values
            | Kind::Template
            | Kind::ArgoCd => return None,
        }
    }
    (rooms.len() >= MANY).then_some(root)
}

/// Returns the folder directly below the root that a file lies in; `None` for a file at the root.
fn room_of<'p>(root: &str, path: &'p str) -> Option<&'p str> {
    let below = path.strip_prefix(root)?.trim_start_matches('/');
    let (room, _) = below.split_once('/')?;
    Some(&path[..path.len() - below.len() + room.len()])
}

fn exhibit(files: &[Arc<FileModel>], root: &str, project: &Project) -> Option<Exhibit> {
    let file = *project.files.first()?;
    let room = room_of(root, files[file.index()].path())?;
    let services = &project.services;
    let mut shares = BTreeSet::new();
    for network in &project.networks {
        let name = network.name.as_ref().map(|it| it.as_str());
        let shared = name.or_else(|| network.external.then_some(network.key.as_str()));
        shares.extend(shared.map(|name| format!("network {name}")));
    }
    for volume in &project.volumes {
        let name = volume.name.as_ref().map(|it| it.as_str());
        let shared = name.or_else(|| volume.external.then_some(volume.key.as_str()));
        shares.extend(shared.map(|name| format!("volume {name}")));
    }
    let is_outside = |path: &str| {
        let path = normalise_path(&format!("{}/{path}", project.folder));
        path != room && !path.starts_with(&format!("{room}/"))
    };
    let leads_out = services.iter().any(|service| {
        let context = service.build.as_ref().map(|build| build.context.as_str());
        context.is_some_and(|it| !it.contains("://") && !it.starts_with('/') && is_outside(it))
    });
    let is_included_from_outside =
        |it: &FileId| room_of(root, files[it.index()].path()) != Some(room);
    let published = services.iter().flat_map(|it| &it.ports).filter_map(|it| it.published.as_ref());
    let offered = services.iter().flat_map(|service| {
        let built = service.image.as_ref().filter(|_| service.build.is_some());
        let image = built.map(|it| as_image(it.as_str()));
        let hosts = [Some(&service.name), service.container_name.as_ref()];
        hosts.into_iter().flatten().map(|it| it.as_str().to_owned()).chain(image)
    });
    Some(Exhibit {
        file,
        ports: published.map(|it| it.value.0).collect(),
        is_kept: !services.is_empty() && services.iter().all(is_kept),
        offers: offered.collect(),
        names: services.iter().flat_map(named).collect(),
        shares,
        leads_out: leads_out || project.included.iter().any(is_included_from_outside),
    })
}

fn is_kept(service: &Service) -> bool {
    let policy = service.restart.as_ref().map_or("", |it| it.as_str());
    matches!(policy, "always" | "unless-stopped")
}

/// Returns the hosts and the image that a service names.
fn named(service: &Service) -> Vec<String> {
    let hosts = service.environment.iter().flat_map(|it| {
        let value = it.value.as_ref().map_or("", |it| it.as_str());
        endpoints_of(it.name.as_str(), value).into_iter().map(|it| it.host.to_owned())
    });
    let image = service.image.as_ref().filter(|_| service.build.is_none());
    hosts.chain(image.map(|it| as_image(it.as_str()))).collect()
}

/// Returns the name of an image, told apart from a host of the same name.
fn as_image(name: &str) -> String {
    format!("image {name}")
}

/// Whether one project names what another one offers and it does not offer itself, or two share something.
fn are_related(exhibits: &[Exhibit]) -> bool {
    let mut offering: FxHashSet<&str> = FxHashSet::default();
    let mut sharing: FxHashSet<&str> = FxHashSet::default();
    for exhibit in exhibits {
        offering.extend(exhibit.offers.iter().map(String::as_str));
        if exhibit.shares.iter().any(|it| !sharing.insert(it)) {
            return true;
        }
    }
    let leads_to_another = |it: &Exhibit| {
        it.names.iter().any(|name| offering.contains(name.as_str()) && !it.offers.contains(name))
    };
    exhibits.iter().any(leads_to_another)
}

/// Returns the number of projects that publish a port of another one.
fn collisions(exhibits: &[Exhibit]) -> usize {
    let mut counts: FxHashMap<u16, usize> = FxHashMap::default();
    for port in exhibits.iter().flat_map(|it| &it.ports) {
        *counts.entry(*port).or_default() += 1;
    }
    let collides = |it: &&Exhibit| it.ports.iter().any(|port| counts[port] > 1);
    exhibits.iter().filter(collides).count()
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::facts::Purpose;
    use crate::workspace::Workspace;

    /// Returns what the first of many folders is for, each with a Compose file of this text. `NAME` stands for
    /// the name of the folder, and `NEXT` for that of another one.
    fn purpose_of(folders: usize, text: &str, more: &[(&str, &str)]) -> Purpose {
        let mut workspace = Workspace::default();
        let name = |at: usize| format!("app{}", at % folders);
        for at in 0..folders {
            let text = text.replace("NAME", &name(at)).replace("NEXT", &name(at + 1));
            workspace.set(&format!("{}/compose.yaml", name(at)), text);
        }
        more.iter().for_each(|(path, text)| workspace.set(path, *text));
        let analysis = workspace.analysis(&Config::default());
        let facts = analysis.facts();
        let first = facts.files().iter().find(|it| it.path() == "app0/compose.yaml");
        facts.purpose_of(first.expect("a file").id)
    }

    const SAMPLE: &str = "services:\n  web: {build: ., ports: ['80:80'], environment: {DB_HOST: db}}\n  db: {image: 'postgres:17', restart: always}\n";

    #[test]
    fn many_samples_side_by_side_are_a_demonstration() {
        assert_eq!(purpose_of(8, SAMPLE, &[]), Purpose::Demonstration);
        let beside = [("app0/.env", "A=b\n"), ("app0/Dockerfile", "FROM nginx\n")];
        assert_eq!(purpose_of(8, SAMPLE, &beside), Purpose::Demonstration);
    }

    #[test]
    fn a_few_projects_are_not_a_gallery() {
        assert_eq!(purpose_of(7, SAMPLE, &[]), Purpose::Production);
    }

    #[test]
    fn what_is_said_in_a_file_counts_more() {
        let said = format!("# plimsoll: role=production\n{SAMPLE}");
        assert_eq!(purpose_of(8, &said, &[]), Purpose::Production);
    }

    #[test]
    fn anything_else_to_deploy_makes_it_a_real_repository() {
        let web = "services: {gateway: {image: 'nginx:1'}}\n";
        for path in ["compose.yaml", "app0/compose.prod.yaml"] {
            assert_eq!(purpose_of(8, SAMPLE, &[(path, web)]), Purpose::Production, "{path}");
        }
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'a:1'}]}\n";
        assert_eq!(purpose_of(8, SAMPLE, &[("k8s/pod.yaml", pod)]), Purpose::Production);
    }

    #[test]
    fn services_that_belong_together_are_not_samples() {
        for (what, text) in [
            (
                "hosts",
                "services: {NAME: {build: ., ports: ['80:80'], environment: {API_URL: 'http://NEXT:80'}}}\n",
            ),
            (
                "a network",
                "services: {web: {build: ., ports: ['80:80'], networks: [shop]}}\nnetworks: {shop: {external: true}}\n",
            ),
            (
                "a volume",
                "services: {web: {build: ., ports: ['80:80'], volumes: ['d:/d']}}\nvolumes: {d: {name: shop}}\n",
            ),
            (
                "images",
                "services:\n  web: {build: ., image: 'acme/NAME', ports: ['80:80']}\n  other: {image: 'acme/NEXT'}\n",
            ),
            ("a folder", "services: {web: {build: ../app0, ports: ['80:80']}}\n"),
            ("ports of their own", "services: {web: {build: .}}\n"),
            (
                "restarts",
                "services: {web: {build: ., ports: ['80:80'], restart: unless-stopped}}\n",
            ),
        ] {
            assert_eq!(purpose_of(8, text, &[]), Purpose::Production, "{what}");
        }
    }
}
