//! What is counted: one environment of each application, in one of its forms.
//!
//! A repository often holds an application several times: Compose files for other machines or databases,
//! a chart beside plain manifests, a folder for each environment. Whoever runs it runs one of them.

use super::forms::other_forms;
use super::tenants::Tenants;
use crate::facts::{Facts, Part, Purpose, Service, Workload, of_release, without_environment};
use crate::model::compose::{self, MountKind, Project, is_default_name};
use crate::model::kubernetes::{Object, WorkloadKind};
use crate::model::{BuiltTarget, FileModel, environment_of_word, environment_rank};
use crate::report::{Environment, Kind, Role};
use crate::text::{FileId, folder_of, join_path, name_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::cmp::Reverse;
use std::sync::Arc;

/// The services, workloads and objects that count, in the order of the facts.
#[derive(Debug, Default)]
pub struct Counted<'f> {
    /// Compose services that are not for development alone, and start without a further profile.
    pub services: Vec<&'f Service<'f>>,
    pub workloads: Vec<&'f Workload<'f>>,
    pub objects: Vec<&'f Object>,
    /// Targets that are another form of what counts.
    pub other_forms: Vec<&'f Arc<BuiltTarget>>,
    /// Whether something is there beside examples and tests, so that those do not count.
    has_more_than_examples: bool,
}

impl<'f> Counted<'f> {
    /// Chooses among the services, workloads and objects of one system.
    pub fn of(
        facts: &'f Facts<'f>,
        tenants: &Tenants<'f>,
        services: &[&'f Service<'f>],
        workloads: &[&'f Workload<'f>],
        objects: &[&'f Object],
        files: &[&FileModel],
    ) -> Counted<'f> {
        // What is written for one tenant is no other form of what is written for another one.
        let tenant = |file: FileId| tenants.name_of_file(facts, file);
        let mounted = mounted_by_compose(services, files);
        // What a kustomization beside it does not name is not applied with the rest.
        let kustomized = files.iter().filter(|it| it.kind == Kind::Kustomization);
        let kustomized: FxHashSet<&str> =
            kustomized.filter(|it| facts.is_built(it.id)).map(|it| folder_of(it.path())).collect();
        let is_left_aside = |file: FileId| kustomized.contains(folder_of(facts.file(file).path()));
        let mut counted = Counted {
            has_more_than_examples: workloads
                .iter()
                .any(|it| !shows_or_tests(facts, it.object.file)),
            ..Counted::default()
        };
        // Beside a cluster, a Compose file that only says how images are built starts nothing.
        let services: Vec<&Service<'_>> = match workloads.is_empty() {
            true => services.to_vec(),
            false => services.iter().copied().filter(|it| !only_builds(it.project)).collect(),
        };
        counted.services = variant(facts, tenants, &services);
        let mut known: FxHashSet<(Option<&str>, Identity<'_>)> = FxHashSet::default();
        let mut known_objects: FxHashSet<(Option<&str>, Identity<'_>)> = FxHashSet::default();
        for mut home in homes(facts, workloads, objects) {
            home.workloads.retain(|it| !counted.is_aside(facts, it.object.file));
            home.objects.retain(|it| !counted.is_aside(facts, it.file));
            if home.target.is_none() {
                home.workloads.retain(|it| !is_left_aside(it.object.file));
                home.objects.retain(|it| !is_left_aside(it.file));
                let mut by_tenant: FxHashMap<_, Vec<&Workload<'f>>> = FxHashMap::default();
                for workload in &home.workloads {
                    by_tenant.entry(tenant(workload.object.file)).or_default().push(workload);
                }
                let others = by_tenant.values().flat_map(|it| other_forms(facts, it));
                let others: FxHashSet<FileId> = others.collect();
                home.workloads.retain(|it| !others.contains(&it.object.file));
                home.objects.retain(|it| !others.contains(&it.file));
            }
            let key =
                |it: &&'f Workload<'f>| Some((tenant(it.object.file), identity(home.part, it)?));
            let is_known = |it: &&&'f Workload<'f>| key(it).is_some_and(|key| known.contains(&key));
            let again = home.workloads.iter().filter(is_known).count();
            // Another form of what is counted already.
            if again * 2 > home.workloads.len() {
                counted.other_forms.extend(home.target.map(|at| &facts.all_targets()[at]));
                continue;
            }
            let mut named: FxHashSet<(WorkloadKind, &str, &str, Option<&str>)> =
                FxHashSet::default();
            let mut stages = Stages::new(facts);
            counted.workloads.extend(home.workloads.iter().filter(|it| !is_known(it)).filter(
                |it| {
                    it.name.is_empty()
                        || stages.is_first(tenant(it.object.file), it.object)
                            && named.insert((
                                it.kind(),
                                it.namespace,
                                it.name,
                                tenant(it.object.file),
                            ))
                },
            ));
            let mut here: FxHashSet<(Option<&str>, &str, &str, &str)> = FxHashSet::default();
            let mut stages = Stages::new(facts);
            counted.objects.extend(home.objects.iter().filter(|object| {
                let Some(name) = object.name() else { return true };
                let kind = object.kind.as_str();
                let tenant = tenant(object.file);
                let key = (tenant, (home.part, kind, of_release(name.as_str())));
                !mounted.contains(&object.file)
                    && !CLIENT_GROUPS.contains(&object.group())
                    && !known_objects.contains(&key)
                    && stages.is_first(tenant, object)
                    && here.insert((tenant, kind, object.namespace(), name.as_str()))
            }));
            known.extend(home.workloads.iter().filter_map(key));
            let names = here.into_iter();
            known_objects.extend(
                names.map(|(tenant, kind, _, name)| (tenant, (home.part, kind, of_release(name)))),
            );
        }
        counted.workloads.sort_by_key(|workload| workload.index);
        counted
    }

    /// Whether a file only shows or tests something, beside what is meant to run.
    pub fn is_aside(&self, facts: &Facts<'_>, file: FileId) -> bool {
        self.has_more_than_examples && shows_or_tests(facts, file)
    }

    /// Returns the files of the services and workloads.
    pub fn files(&self) -> impl Iterator<Item = FileId> {
        let services = self.services.iter().map(|it| it.span().file);
        services.chain(self.workloads.iter().map(|it| it.object.file))
    }

    /// Returns the number of lines of the files that the counted objects are written in.
    pub fn lines_of_objects(&self, facts: &Facts<'_>) -> usize {
        let mut files: FxHashSet<FileId> = FxHashSet::default();
        let mut targets: FxHashSet<&str> = FxHashSet::default();
        for object in &self.objects {
            files.insert(object.file);
            if let Some(target) = facts.built_target(object.file)
                && targets.insert(&target.target.name)
            {
                files.extend(&target.target.sources);
            }
        }
        files.into_iter().map(|file| facts.file(file).text().lines().count()).sum()
    }
}

/// API groups of files that a program on a developer's machine reads, and no cluster.
///
/// Sources: <https://skaffold.dev/docs/references/yaml/>, <https://kind.sigs.k8s.io/docs/user/configuration/>,
/// <https://k3d.io/stable/usage/configfile/>
const CLIENT_GROUPS: [&str; 3] = ["skaffold", "kind.x-k8s.io", "k3d.io"];

/// Whether a file lies where examples or tests are kept, or calls itself an example.
fn shows_or_tests(facts: &Facts<'_>, file: FileId) -> bool {
    !matches!(facts.purpose_of(file), Purpose::Production | Purpose::Development)
}

/// The environments of loose manifests, by what they define: what is written for production and again for staging
/// counts for production alone.
struct Stages<'f> {
    facts: &'f Facts<'f>,
    /// By the tenant, the kind and the name.
    seen: FxHashMap<(Option<&'f str>, &'f str, String), Option<Environment>>,
}

impl<'f> Stages<'f> {
    fn new(facts: &'f Facts<'f>) -> Stages<'f> {
        Stages { facts, seen: FxHashMap::default() }
    }

    /// Whether nothing of the same kind and name, but for words that name an environment, was seen for another
    /// environment before.
    fn is_first(&mut self, tenant: Option<&'f str>, object: &'f Object) -> bool {
        let environment = self.facts.environment_of_file(object.file);
        let name = object.name().map_or("", |name| name.as_str());
        let name = without_environment(name).map_or(name.to_owned(), |it| it.0);
        let key = (tenant, object.kind.as_str(), name);
        *self.seen.entry(key).or_insert(environment) == environment
    }
}

/// Objects that one `kubectl apply` may take together: a target, or the loose manifests of one part.
#[derive(Debug)]
struct Home<'f> {
    part: usize,
    target: Option<usize>,
    rank: usize,
    /// Whether every object of it was built.
    is_whole: bool,
    workloads: Vec<&'f Workload<'f>>,
    objects: Vec<&'f Object>,
}

/// Returns the homes of all objects, those that count before those that may only repeat them.
fn homes<'f>(
    facts: &'f Facts<'f>,
    workloads: &[&'f Workload<'f>],
    objects: &[&'f Object],
) -> Vec<Home<'f>> {
    let mut homes: IndexMap<(usize, Option<usize>), Home<'f>, FxBuildHasher> = IndexMap::default();
    let key_of = |file: FileId| (facts.part_of(file), facts.target_of(file));
    for object in objects {
        let key = key_of(object.file);
        let built = key.1.map(|at| &facts.all_targets()[at]);
        let new = || Home {
            part: key.0,
            target: key.1,
            rank: environment_rank(built.and_then(|it| facts.environment_of_target(&it.target))),
            is_whole: built.is_none_or(|it| it.lacks_only_settings()),
            workloads: Vec::new(),
            objects: Vec::new(),
        };
        homes.entry(key).or_insert_with(new).objects.push(object);
    }
    for workload in workloads {
        if let Some(home) = homes.get_mut(&key_of(workload.object.file)) {
            home.workloads.push(workload);
        }
    }
    let mut homes: Vec<Home<'f>> = homes.into_values().collect();
    // What Compose services are compared with comes before other forms of it.
    let pairs = |home: &Home<'_>| {
        let own = home.workloads.iter().flat_map(|it| (0..it.units.len()).map(|at| (it.index, at)));
        own.filter(|it| facts.counterpart_of_container(it.0, it.1).is_some()).count()
    };
    let rank_of = |object: &Object| environment_rank(facts.environment_of_file(object.file));
    for home in &mut homes {
        home.workloads.sort_by_key(|it| rank_of(it.object));
        home.objects.sort_by_key(|it| rank_of(it));
    }
    homes.sort_by_key(|it| {
        let sizes = Reverse((pairs(it), it.workloads.len()));
        (it.workloads.is_empty(), it.rank, !it.is_whole, sizes)
    });
    homes
}

/// What two forms of one thing have in common: the part of the project, the image or the kind, and the name.
type Identity<'f> = (usize, &'f str, &'f str);

fn identity<'f>(part: usize, workload: &'f Workload<'_>) -> Option<Identity<'f>> {
    let unit = workload.units.iter().find(|unit| unit.part == Part::Main)?;
    let image = unit.image.as_ref()?.path_without_registry();
    Some((part, image, of_release(workload.name)))
}

/// Returns the services of one variant of each Compose application.
fn variant<'f>(
    facts: &'f Facts<'f>,
    tenants: &Tenants<'f>,
    services: &[&'f Service<'f>],
) -> Vec<&'f Service<'f>> {
    let mut variants: IndexMap<usize, Vec<&Service<'f>>, FxBuildHasher> = IndexMap::default();
    let is_aside = |it: &Service<'_>| shows_or_tests(facts, facts.base_of(it.project));
    let meant = || services.iter().copied().filter(|it| it.role != Role::Development);
    let has_more = meant().any(|it| !is_aside(it));
    for service in meant().filter(|it| !(has_more && is_aside(it))) {
        variants.entry(service.project_index).or_default().push(service);
    }
    let mut variants: Vec<Vec<&Service<'f>>> = variants.into_values().collect();
    let part_of = |it: &Service<'f>| facts.part_of(facts.base_of(it.project));
    // A project that holds nothing but what a larger one starts with a profile is an option of that one.
    let by_profile: FxHashSet<(usize, &str)> = variants
        .iter()
        .filter(|services| services.iter().any(|it| it.starts_by_itself()))
        .flatten()
        .filter(|it| it.has_profile())
        .map(|it| (part_of(it), it.name))
        .collect();
    variants.retain(|services| {
        let is_optional = |it: &&Service<'f>| by_profile.contains(&(part_of(it), it.name));
        services.iter().any(|it| it.has_profile() || !is_optional(it))
    });
    for services in &mut variants {
        // Where every service has a profile, people choose some of them.
        if services.iter().any(|it| it.starts_by_itself()) {
            services.retain(|it| it.starts_by_itself());
        } else if services.iter().any(|it| !is_by_development_profile(it)) {
            services.retain(|it| !is_by_development_profile(it));
        }
    }
    variants.sort_by_cached_key(|services| variant_rank(facts, services));
    let mut in_folder: FxHashSet<(&str, &str)> = FxHashSet::default();
    let mut in_part: FxHashSet<(usize, Option<&str>, &str, Option<&str>)> = FxHashSet::default();
    let mut containers: FxHashSet<(usize, &str)> = FxHashSet::default();
    let mut counted: Vec<&Service<'f>> = Vec::new();
    for services in variants {
        let keys = |it: &&'f Service<'f>| {
            let image = it.unit.image.as_ref().map(|image| image.repository.as_str());
            let tenant = tenants.name_of_file(facts, facts.base_of(it.project));
            ((it.project.folder.as_str(), it.name), (part_of(it), tenant, it.name, image))
        };
        // One machine has one container of a name.
        let container = |it: &Service<'f>| {
            let name = it.model.container_name.as_ref()?;
            Some((part_of(it), name.as_str()))
        };
        let is_new = |it: &&'f Service<'f>| {
            let (folder, part) = keys(it);
            !in_folder.contains(&folder)
                && !in_part.contains(&part)
                && container(it).is_none_or(|it| !containers.contains(&it))
        };
        let new: Vec<&Service<'f>> = services.iter().copied().filter(is_new).collect();
        // Services that exist only in another variant are alternatives, not additions, and so is all of a variant that
        // cannot run beside what counts.
        let shares_containers =
            services.iter().any(|it| container(it).is_some_and(|it| containers.contains(&it)));
        if new.len() * 2 >= services.len() && !shares_containers {
            counted.extend(new);
            containers.extend(services.iter().filter_map(|it| container(it)));
        }
        for service in &services {
            let (folder, part) = keys(service);
            in_folder.insert(folder);
            in_part.insert(part);
        }
    }
    counted.sort_by_key(|service| service.index);
    counted
}

/// Whether a service starts only with profiles that are called after development or tests.
fn is_by_development_profile(service: &Service<'_>) -> bool {
    let is_named = |word: &str| {
        let word = word.to_ascii_lowercase();
        matches!(word.as_str(), "debug" | "debugging" | "tools")
            || matches!(
                environment_of_word(&word),
                Some(Environment::Development | Environment::Test)
            )
    };
    let is_for_development = |profile: &str| profile.split(['-', '_', '.']).any(&is_named);
    service.has_profile() && service.model.profiles.iter().all(|it| is_for_development(it))
}

/// Returns the position of a Compose project among the variants of one application: production first, by its role and
/// then by its name, then the file that Compose reads by default, then the one with the most services.
fn variant_rank(
    facts: &Facts<'_>,
    services: &[&Service<'_>],
) -> (usize, bool, bool, usize, Reverse<usize>) {
    let Some(first) = services.first() else { return (1, true, true, 0, Reverse(0)) };
    let path = facts.file(facts.base_of(first.project)).path();
    let role = match first.role {
        Role::Production => 0,
        Role::Unknown | Role::Development => 1,
    };
    let depth = folder_of(path).split('/').filter(|it| !it.is_empty()).count();
    let mut words = name_of(path).split(['.', '-', '_']);
    let is_named = words.any(|it| environment_of_word(it) == Some(Environment::Production));
    (role, !is_named, !is_default_name(path), depth, Reverse(services.len()))
}

/// Whether a Compose project says how images are built and nothing of how they run.
fn only_builds(project: &Project) -> bool {
    const KEYS: [&str; 5] = ["build", "image", "platform", "pull_policy", "extends"];
    let only_builds = |it: &compose::Service| {
        it.build.is_some() && it.keys.iter().all(|key| KEYS.contains(&key.name.as_str()))
    };
    project.services.iter().all(only_builds)
}

/// Returns the files with objects that Compose services mount, as the components of Dapr are: they
/// configure a container and reach no cluster.
fn mounted_by_compose(services: &[&Service<'_>], files: &[&FileModel]) -> FxHashSet<FileId> {
    let mut mounted: FxHashSet<String> = FxHashSet::default();
    for service in services {
        let binds = service.model.volumes.iter().filter(|it| it.kind == MountKind::Bind);
        for source in binds.filter_map(|it| it.source.as_ref()) {
            mounted.insert(join_path(&service.project.folder, source.as_str()));
        }
    }
    // The folder of a project is mounted for its sources.
    mounted.remove("");
    services.iter().for_each(|it| {
        mounted.remove(it.project.folder.as_str());
    });
    let manifests = files.iter().filter(|it| it.kind == Kind::Kubernetes);
    let without_workloads =
        manifests.filter(|file| file.objects.iter().all(|it| it.workload().is_none()));
    let is_mounted = |path: &str| {
        let around = std::iter::successors(Some(path), |it| {
            let folder = folder_of(it);
            (!folder.is_empty()).then_some(folder)
        });
        around.into_iter().any(|it| mounted.contains(it))
    };
    without_workloads.filter(|file| is_mounted(file.path())).map(|file| file.id).collect()
}
