//! Repositories of samples: many small projects that lie side by side, and that nobody runs together.
//!
//! A repository of services that run together looks much like one, so that all of this has to be true: there
//! are many folders with a project each, either Compose projects or plain manifests, and nothing else to deploy;
//! and no project names a host, an image, a network or a file of another. Compose projects mostly publish the
//! port of another, so that they cannot even run beside each other, and are mostly not kept running. Manifests
//! mostly name no namespace, and some define the objects of others.

use super::parts::common_folder;
use crate::knowledge::net::{endpoints, endpoints_of};
use crate::model::FileModel;
use crate::model::compose::{Project, Service};
use crate::model::kubernetes::{Body, Object};
use crate::report::Kind;
use crate::text::{FileId, folder_of, normalise_path};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The least number of projects in a repository of samples.
const MANY: usize = 8;

/// Evidence in one file that its project is a sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The manifest, or the file that the Compose project begins with.
    pub file: FileId,
    /// The folder of the project.
    folder: String,
    kind: SampleKind,
    /// Exclusive resources that the project claims: host ports, or objects by kind and name.
    takes: BTreeSet<String>,
    /// Whether it is meant to stay: all services are restarted whatever happens, or an object names a namespace.
    is_kept: bool,
    /// What others may mean by a name: services, hosts, and images that are built here.
    offers: BTreeSet<String>,
    /// Hosts and images that the project refers to.
    names: BTreeSet<String>,
    /// The networks and volumes that it shares with whoever names them too.
    shares: BTreeSet<String>,
    /// Whether it takes anything from outside of its folder.
    leads_out: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SampleKind {
    Compose,
    Manifests,
}

/// Returns what the files of a project say about whether all of it is a repository of samples, where that may be.
pub fn samples(files: &[Arc<FileModel>], projects: &[Project]) -> Vec<Sample> {
    if let Some(root) = root_of_compose_projects(files) {
        return projects.iter().filter_map(|it| of_compose(files, root, it)).collect();
    }
    let Some(folders) = folders_of_manifests(files) else { return Vec::new() };
    files.iter().filter_map(|file| of_manifests(file, &folders)).collect()
}

/// Whether the samples of a whole repository are ones that nobody runs together.
pub fn are_samples(samples: &[Sample]) -> bool {
    let count = folders(samples.iter()).len();
    let is_most = |number: usize| number * 2 >= count;
    let collisions = collisions(samples);
    let do_collide = match samples.first().map(|it| it.kind) {
        Some(SampleKind::Compose) => is_most(collisions),
        Some(SampleKind::Manifests) => collisions > 0,
        None => false,
    };
    count >= MANY
        && !samples.iter().any(|it| it.leads_out)
        && !are_related(samples)
        && do_collide
        && !is_most(folders(samples.iter().filter(|it| it.is_kept)).len())
}

fn folders<'s>(samples: impl Iterator<Item = &'s Sample>) -> FxHashSet<&'s str> {
    samples.map(|it| it.folder.as_str()).collect()
}

/// Returns the folder whose folders hold a Compose file each, where there are many of them and nothing else can
/// be deployed. Only paths and kinds are looked at.
fn root_of_compose_projects(files: &[Arc<FileModel>]) -> Option<&str> {
    let root = common_folder(files.iter().map(|file| folder_of(file.path())));
    let mut folders: FxHashSet<&str> = FxHashSet::default();
    for file in files {
        match file.kind {
            Kind::Compose if !folders.insert(folder_below(root, file.path())?) => return None,
            Kind::Compose | Kind::EnvFile | Kind::Dockerfile | Kind::Config | Kind::Unknown => {}
            Kind::Kubernetes
            | Kind::Kustomization
            | Kind::Chart
            | Kind::Values
            | Kind::Template
            | Kind::ArgoCd => return None,
        }
    }
    (folders.len() >= MANY).then_some(root)
}

/// Returns the folders with manifests, without those below another one, where there are many of them and nothing
/// else can be deployed. Only paths and kinds are looked at.
fn folders_of_manifests(files: &[Arc<FileModel>]) -> Option<FxHashSet<&str>> {
    let mut all: FxHashSet<&str> = FxHashSet::default();
    for file in files {
        match file.kind {
            Kind::Kubernetes => {
                all.insert(folder_of(file.path()));
            }
            Kind::EnvFile | Kind::Dockerfile | Kind::Config | Kind::Unknown => {}
            Kind::Compose
            | Kind::Kustomization
            | Kind::Chart
            | Kind::Values
            | Kind::Template
            | Kind::ArgoCd => return None,
        }
    }
    let is_topmost = |folder: &&str| ancestors(folder).all(|above| !all.contains(above));
    let topmost: FxHashSet<&str> = all.iter().copied().filter(is_topmost).collect();
    (topmost.len() >= MANY).then_some(topmost)
}

/// Returns the folders above a folder.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |it| (!it.is_empty()).then(|| folder_of(it))).skip(1)
}

/// Returns the folder directly below the root that a file lies in; `None` for a file at the root.
fn folder_below<'p>(root: &str, path: &'p str) -> Option<&'p str> {
    let below = path.strip_prefix(root)?.trim_start_matches('/');
    let (folder, _) = below.split_once('/')?;
    Some(&path[..path.len() - below.len() + folder.len()])
}

fn of_compose(files: &[Arc<FileModel>], root: &str, project: &Project) -> Option<Sample> {
    let file = *project.files.first()?;
    let folder = folder_below(root, files[file.index()].path())?;
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
        path != folder && !path.starts_with(&format!("{folder}/"))
    };
    let leads_out = services.iter().any(|service| {
        let context = service.build.as_ref().map(|build| build.context.as_str());
        context.is_some_and(|it| !it.contains("://") && !it.starts_with('/') && is_outside(it))
    });
    let is_included_from_outside =
        |it: &FileId| folder_below(root, files[it.index()].path()) != Some(folder);
    let published = services.iter().flat_map(|it| &it.ports).filter_map(|it| it.published.as_ref());
    let offered = services.iter().flat_map(|service| {
        let built = service.image.as_ref().filter(|_| service.build.is_some());
        let image = built.map(|it| as_image(it.as_str()));
        let hosts = [Some(&service.name), service.container_name.as_ref()];
        hosts.into_iter().flatten().map(|it| it.as_str().to_owned()).chain(image)
    });
    Some(Sample {
        file,
        folder: folder.to_owned(),
        kind: SampleKind::Compose,
        takes: published.map(|it| format!("port {}", it.value.0)).collect(),
        is_kept: !services.is_empty() && services.iter().all(is_kept),
        offers: offered.collect(),
        names: services.iter().flat_map(named).collect(),
        shares,
        leads_out: leads_out || project.included.iter().any(is_included_from_outside),
    })
}

fn of_manifests(file: &FileModel, folders: &FxHashSet<&str>) -> Option<Sample> {
    if file.kind != Kind::Kubernetes || file.objects.is_empty() {
        return None;
    }
    let own = folder_of(file.path());
    let folder = std::iter::once(own).chain(ancestors(own)).find(|it| folders.contains(it))?;
    let named = |it: &Object| Some(format!("{} {}", it.kind, it.name()?));
    let is_service = |it: &&Object| matches!(it.body, Body::Service(_));
    let services = file.objects.iter().filter(is_service).filter_map(Object::name);
    Some(Sample {
        file: file.id,
        folder: folder.to_owned(),
        kind: SampleKind::Manifests,
        takes: file.objects.iter().filter_map(named).collect(),
        is_kept: file.objects.iter().any(|it| it.meta.namespace.is_some()),
        offers: services.map(|it| it.as_str().to_owned()).collect(),
        names: file.objects.iter().flat_map(hosts_of).collect(),
        shares: BTreeSet::new(),
        leads_out: false,
    })
}

/// Returns the hosts that the containers of an object name, each by its first label.
fn hosts_of(object: &Object) -> Vec<String> {
    let Some(workload) = object.workload() else { return Vec::new() };
    let mut hosts = Vec::new();
    for container in workload.template.spec.all_containers() {
        for variable in &container.env {
            let value = variable.literal().map_or("", |it| it.as_str());
            hosts.extend(endpoints_of(variable.name.as_str(), value));
        }
        hosts.extend(container.words().flat_map(|it| endpoints(it.as_str())));
    }
    let first_label = |host: &str| host.split('.').next().unwrap_or(host).to_owned();
    hosts.into_iter().map(|it| first_label(it.host)).collect()
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
fn are_related(samples: &[Sample]) -> bool {
    let mut offered: FxHashMap<&str, FxHashSet<&str>> = FxHashMap::default();
    let mut sharing: FxHashSet<&str> = FxHashSet::default();
    for sample in samples {
        for name in &sample.offers {
            offered.entry(name).or_default().insert(&sample.folder);
        }
        if sample.shares.iter().any(|it| !sharing.insert(it)) {
            return true;
        }
    }
    let leads_to_another = |it: &Sample| {
        let mut offering = it.names.iter().filter_map(|name| offered.get(name.as_str()));
        offering.any(|folders| !folders.contains(it.folder.as_str()))
    };
    samples.iter().any(leads_to_another)
}

/// Returns the number of projects that take what another one takes.
fn collisions(samples: &[Sample]) -> usize {
    let mut takers: FxHashMap<&str, FxHashSet<&str>> = FxHashMap::default();
    for sample in samples {
        for what in &sample.takes {
            takers.entry(what).or_default().insert(&sample.folder);
        }
    }
    let collides = |it: &&Sample| it.takes.iter().any(|what| takers[what.as_str()].len() > 1);
    folders(samples.iter().filter(collides)).len()
}

#[cfg(test)]
mod tests {
    use crate::Options;
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
    fn many_samples_side_by_side_are_there_to_be_tried_out() {
        assert_eq!(purpose_of(8, SAMPLE, &[]), Purpose::Trial);
        let beside = [("app0/.env", "A=b\n"), ("app0/Dockerfile", "FROM nginx\n")];
        assert_eq!(purpose_of(8, SAMPLE, &beside), Purpose::Trial);
    }

    #[test]
    fn a_few_projects_are_no_repository_of_samples() {
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

    /// Returns what the first of many folders with manifests is for. `NAME` stands for the name of the folder,
    /// and `NEXT` for that of another one.
    fn purpose_of_manifests(folders: usize, text: &str, more: &[(&str, &str)]) -> Purpose {
        let mut workspace = Workspace::default();
        let name = |at: usize| format!("app{}", at % folders);
        for at in 0..folders {
            let text = text.replace("NAME", &name(at)).replace("NEXT", &name(at + 1));
            workspace.set(&format!("web/{}/web.yaml", name(at)), text);
        }
        more.iter().for_each(|(path, text)| workspace.set(path, *text));
        let analysis = workspace.analysis(&Config::default());
        let facts = analysis.facts();
        let first = facts.files().iter().find(|it| it.path() == "web/app0/web.yaml");
        facts.purpose_of(first.expect("a file").id)
    }

    const MANIFESTS: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\nspec: {containers: [{name: a, image: 'a:1', env: [{name: DB_HOST, value: db}]}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {a: b}}\n";

    #[test]
    fn samples_may_be_manifests() {
        assert_eq!(purpose_of_manifests(8, MANIFESTS, &[]), Purpose::Trial);
        assert_eq!(purpose_of_manifests(7, MANIFESTS, &[]), Purpose::Production);
        let below = [("web/app0/more/web.yaml", MANIFESTS), ("web/app1/Dockerfile", "FROM a:1\n")];
        assert_eq!(purpose_of_manifests(8, MANIFESTS, &below), Purpose::Trial);
    }

    #[test]
    fn manifests_of_a_system_are_not_samples() {
        let apart = MANIFESTS.replace("{name: db}", "{name: NAME}");
        for (what, text) in [
            ("nothing in common", apart.replace("value: db", "value: NAME")),
            (
                "a host of another",
                MANIFESTS.replace("value: db", "value: NEXT.default.svc")
                    + "---\napiVersion: v1\nkind: Service\nmetadata: {name: NAME}\nspec: {selector: {a: b}}\n",
            ),
            ("namespaces", MANIFESTS.replace("{name: db}", "{name: db, namespace: NAME}")),
        ] {
            assert_eq!(purpose_of_manifests(8, &text, &[]), Purpose::Production, "{what}");
        }
        let beside = [
            ("web/kustomization.yaml", "resources: [app0/web.yaml]\n"),
            ("compose.yaml", "services: {web: {image: 'a:1'}}\n"),
            (
                "cd/app.yaml",
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec: {}\n",
            ),
        ];
        for more in beside {
            let found = purpose_of_manifests(8, MANIFESTS, &[more]);
            assert_eq!(found, Purpose::Production, "{}", more.0);
        }
    }

    #[test]
    fn what_breaks_a_sample_is_still_an_error() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\nspec: {containers: [{name: a, image: 'a:latest'}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: wbe}, ports: [{port: 80}]}\n";
        let mut workspace = Workspace::default();
        (0..8).for_each(|at| workspace.set(&format!("app{at}/web.yaml"), text));
        let report = workspace.analysis(&Config::default()).report(&Options::default());
        let severities = |code: &str| {
            let found = report.findings.iter().filter(|it| it.code == code);
            found.map(|it| it.severity.name()).collect::<Vec<_>>()
        };
        assert_eq!(severities("PLM404"), ["error"; 8]);
        let hygiene = severities("PLM801");
        assert!(!hygiene.is_empty() && hygiene.iter().all(|it| *it == "info"), "{hygiene:?}");
    }
}
