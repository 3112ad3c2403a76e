//! Facts: what shows only across documents. The facts do the looking, so that a rule only has to report.
//!
//! The questions by topic:
//!
//! | topic | file | questions |
//! | --- | --- | --- |
//! | the lists | `mod` | `files`, `projects`, `services`, `objects`, `workloads`, `kube_services`, `units` |
//! | a Compose service | `service` | `hosts`, `listens_on`, `restarts`, `is_built`, `starts_one_shot` |
//! | a workload, a Kubernetes Service | `workload` | `containers`, `running`, `lists_port`, `reference` |
//! | a container of either side | `unit`, `images` | `var`, `value`, `family`, `start`, `image` |
//! | the program in a container | `programs`, `dockerfile` | `runs` |
//! | objects by name | `names` | `named`, `named_anywhere`, `all_named`, `is_named_elsewhere`, `near_name`, `label_as_written`, `generated_apart`, `keys` |
//! | the keys of ConfigMaps and Secrets | `contract` | `ConfigKeys` |
//! | what may be applied together | `sets`, `parts` | `together`, `same_part`, `may_share_namespace` |
//! | selectors and autoscalers | `selection` | `workloads_matching`, `workloads_around`, `services_matching` |
//! | hosts that a container names | `mentions`, `host_options` | `mentions`, `written_port`, `inside` |
//! | what a host name means | `hosts` | `compose_host`, `kube_host`, `services_named`, `near_service` |
//! | hosts that a container dials | `peers` | `peers`, `own_ports`, `may_listen_beside`, `is_unknown_service` |
//! | services that a Compose service dials | `dials` | `dialled`, `awaited_stores`, `hosts_in_texts` |
//! | who reads a variable of a whole ConfigMap | `receivers` | `reading`, `receivers`, `map_behind` |
//! | placeholders of other tools | `placeholders` | `filled_in`, `is_filled_in_at` |
//! | who connects to a Service | `callers` | `callers`, `reached_ports` |
//! | addresses that a broker advertises | `brokers` | `brokers`, `broker_clients`, `target_number` |
//! | network policies | `policies` | `network_policies`, `limiting`, `lets_in`, `label_of_nobody`, `allows_dns` |
//! | start order | `order`, `cycles`, `reach` | `waits`, `waiters`, `depends_transitively`, `dependency_cycles` |
//! | health | `healthchecks` | `health`, `healthcheck_entry`, `healthcheck_of_dockerfile`, `probe_of_healthcheck` |
//! | migrations | `migrations` | `migration_of`, `place_of_migration`, `only_migrates`, `workload_migrates` |
//! | storage | `storage`, `bindings` | `mounted`, `backing`, `claim`, `bindings`, `stored` |
//! | where a data store keeps its data | `data_home` | `data_home`, `hides_mounts`, `kept_monitoring`, `kept_nowhere` |
//! | volumes that a fix adds | `new_volumes` | `mount_new_volume`, `move_mount`, `declare_volumes`, `name_volume` |
//! | what a ready check would say | `ready` | `healthcheck_fix`, `wait_safety`, `broken_check` |
//! | replicas | `replicas` | `replica_range`, `autoscalers`, `stop_old_pod_first`, `node`, `is_for_swarm` |
//! | requests and limits | `resources` | `has_request`, `is_limited_from_outside`, `memory_limit`, `amounts` |
//! | programs and scripts that a check runs | `tools`, `scripts` | `missing_tool`, `lacks_shell`, `mounted_script` |
//! | who is let in | `authentication` | `open_door` |
//! | the same thing on both sides | `counterparts`, `pair` | `counterparts`, `counterpart_of`, `pair` |
//! | services and containers of one name | `namesakes` | `sets_in_compose`, `has_unknown_source`, `Releases` |
//! | roles of Compose files and objects | `roles` | `role_of`, `object_role`, `unit_role` |
//! | credentials in ConfigMaps and Secrets | `credentials` | `credentials` |
//! | credentials at containers and objects | `plain_credentials` | `plain_credentials`, `credentials_in_metadata` |
//! | variables that a list sets twice | `repeated` | `repeated_variables` |
//! | objects that one folder defines twice | `repeats` | `without_repeats` |
//! | words that the objects contain | `usage` | `usage` |
//! | what other applications define and use | `outside` | `names_by` |
//! | what is defined anywhere, built or not | `whole`, `written` | `is_optional_service`, `is_selected_anywhere` |
//! | what is started or changed together | `scope` | `built_target`, `started_with`, `changed_with`, `is_kustomized`, `exec` |
//! | charts as written | `charts` | `charts`, `undefined_values`, `unused_values`, `type_conflicts` |
//! | kustomizations as written | `kustomizations` | `kustomizations`, `unmatched_entries` |
//! | overlays of one base | `overlays` | `overlay_gaps` |
//! | copies of manifests | `copies`, `fields` | `copied_manifests`, `fields_without_names` |
//! | hooks, waves, Applications | `delivery` | `hook`, `sync_wave`, `apps`, `app_of`, `needs` |
//! | roles and purposes of files | `roles`, `purpose` | `role_of`, `unit_role`, `workload_role`, `purpose_of` |
//! | repositories of samples | `samples` | `samples`, `are_samples` |
//! | sources and files that a project names | `sources` | `covered_sources`, `language_of_sources`, `shadowed`, `file_at`, `would_be_handed_over`, `is_guessed` |
//! | steps that create a file | `steps` | `creating_step` |
//! | scripts that containers start | `scripts` | `started_scripts` |
//! | lists that an override empties | `emptied` | `emptied_lists` |
//! | examples to be copied | `examples` | `DocumentedVariables`, `example_defining` |
//! | what an image starts that is built here | `image_start` | `default_start`, `build_or_image`, `final_from`, `base_from`, `base_image`, `base_repository`, `dockerfiles_of_containers` |
//! | commands about a running container | `asking` | `show_environment`, `show_variable`, `show_listeners`, `resolve`, `connect` |
//! | commands for a shell | `commands` | `compose`, `compose_of`, `kubectl`, `in_shell` |
//! | what people accept | `accepted` | `stands_alone`, `is_accepted_at`, `annotations_at`, `key_path` |
//! | for the report | `subject`, `map` | `subject_at`, `subject_of`, `sort_by_names`, `map` |

mod accepted;
mod asking;
mod authentication;
mod bindings;
mod brokers;
mod build;
mod callers;
mod charts;
mod commands;
mod contract;
mod copies;
mod counterparts;
mod credentials;
mod cycles;
mod data_home;
mod delivery;
mod dials;
mod disjoint;
mod dockerfile;
mod emptied;
mod examples;
mod fields;
mod healthchecks;
mod host_options;
mod hosts;
mod image_start;
mod images;
mod kustomizations;
mod map;
mod mentions;
mod migrations;
mod names;
mod namesakes;
mod new_volumes;
mod order;
mod outside;
mod overlays;
mod pair;
mod parts;
mod peers;
mod placeholders;
mod plain_credentials;
mod policies;
mod programs;
mod purpose;
mod reach;
mod ready;
mod receivers;
mod repeated;
mod repeats;
mod replicas;
mod resources;
mod roles;
mod samples;
mod scope;
mod scripts;
mod selection;
mod service;
mod sets;
mod sources;
mod spelled;
mod steps;
mod storage;
mod subject;
mod tools;
mod unit;
mod upkeep;
mod usage;
mod watchtower;
mod whole;
mod workload;
mod written;

pub use crate::text::nearest;
pub use crate::text::{in_shell, quoted};
pub use authentication::{OpenDoor, Reach};
pub use bindings::Bindings;
pub use brokers::{Advertised, Broker, BrokerClient, BrokerClients};
pub use callers::{Caller, Callers, PortTarget, reached_ports};
pub use charts::{TypeConflict, UndefinedValue, UnusedValue};
pub use commands::{
    READY_ADDRESSES, for_any_release, kubectl, namespace_option, without_default_namespace,
};
pub use contract::ConfigKeys;
pub use copies::{CopiedManifests, Fields, without_environment};
pub use counterparts::{Counterpart, Why, of_release};
pub use credentials::Credential;
pub use data_home::DataHome;
pub use delivery::{
    Hook, HookTool, Phase, argocd_hook, has_sync_option, helm_hook, hook, sync_wave,
};
pub use disjoint::DisjointSets;
pub use emptied::EmptiedList;
pub use examples::{DocumentedVariable, DocumentedVariables};
pub use healthchecks::{Health, local_request, probe_of_healthcheck};
pub use hosts::{KubeHost, first_label};
pub use image_start::ImageStart;
pub use images::Image;
pub use mentions::{Mention, as_probe_word};
pub use migrations::{Migration, hook_words, migrates_before_start, migration_in};
pub use names::{MANY, Named};
pub use namesakes::{Namesakes, Releases};
pub use new_volumes::new_volume_name;
pub use order::Wait;
pub use outside::{NOTHING, Names, Outside};
pub use overlays::OverlayGap;
pub use pair::{Pair, probe_words, shortened, workload_label};
pub use parts::{Parts, common_folder};
pub use peers::{is_listen_flag, is_placeholder_host};
pub use placeholders::braces;
pub use plain_credentials::PlainCredential;
pub use policies::{Direction, Limiting, Policies, Policy, allows_dns};
pub use programs::Program;
pub use purpose::Purpose;
pub use reach::components;
pub use ready::ReadyCheck;
pub use receivers::Reading;
pub use repeated::Repeated;
pub use resources::Amount;
pub use samples::{Sample, are_samples, samples};
pub use scope::{Change, Together};
pub use scripts::{MountedScript, StartedScript};
pub use service::{RestartSetting, Service};
pub use sources::{Brought, Shadowed};
pub use storage::{Backing, Mounted, is_below, is_docker_socket, is_engine_socket};
pub use tools::MissingTool;
pub use unit::{Copies, Part, Site, Start, Unit, Var, VarSource};
pub use upkeep::Tls;
pub use usage::Usage;
pub use whole::Whole;
pub use workload::{KubeService, Workload, listed_ports};

use crate::config::Config;
use crate::edit::{Editor, Yaml};
use crate::model::Place;
use crate::model::chart::Chart;
use crate::model::compose::Project;
use crate::model::kubernetes::Object;
use crate::model::{BuiltTarget, FileModel};
use crate::report::{Edit, Role};
use crate::syntax::Problem;
use crate::text::{FileId, Span, folder_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, OnceLock};

/// The facts over all files, as rules and the decision see them.
#[derive(Debug)]
pub struct Facts<'a> {
    config: &'a Config,
    files: &'a [Arc<FileModel>],
    /// The same files, sorted by path: the order of everything else.
    sorted: Vec<&'a FileModel>,
    whole: Arc<Whole<'a>>,
    projects: &'a [Project],
    roles: Vec<Option<Role>>,
    /// The files of the Compose projects that run in production.
    production_files: FxHashSet<FileId>,
    /// Whether all Compose projects are samples that lie side by side.
    are_samples: bool,
    objects: Vec<&'a Object>,
    services: Vec<Service<'a>>,
    workloads: Vec<Workload<'a>>,
    kube_services: Vec<KubeService<'a>>,
    limit_ranges: resources::LimitRanges<'a>,
    named: names::NamedObjects<'a>,
    waits: order::Waits<'a>,
    /// By the index of the project.
    compose_hosts: Vec<hosts::ComposeHosts<'a>>,
    /// The names of the Compose services, by the part of the project.
    service_names: FxHashSet<(usize, &'a str)>,
    cluster_hosts: hosts::ClusterHosts<'a>,
    /// The workloads by the labels of their Pods.
    pods: selection::LabelIndex<'a>,
    /// The Kubernetes Services by their own labels.
    service_labels: selection::LabelIndex<'a>,
    /// By the index of the file.
    service_places: Vec<subject::ServicePlaces>,
    /// By the index of the project.
    swarm: Vec<replicas::Swarm>,
    counterparts: counterparts::Counterparts,
    sets: sets::Sets,
    deliveries: delivery::Deliveries<'a>,
    all_targets: &'a [Arc<BuiltTarget>],
    charts: &'a [Arc<Chart>],
    /// Whether the files themselves are looked at.
    is_main: bool,
    /// What the applications that these facts are not about define and use.
    outside: &'a Outside,
    /// Indices of the targets whose objects these facts are about.
    chosen: Vec<usize>,
    /// The files that were built into a target.
    built_files: &'a FxHashSet<FileId>,
    printed_paths: accepted::PrintedPaths,
    watchers: watchtower::Watchers,
    builders: tools::Builders,
    config_maps: receivers::MapsByKey,
    /// Found when somebody asks for it, as are the purposes.
    says_default_namespace: OnceLock<bool>,
    /// For each file the targets that have an object from it, by their places among the chosen ones.
    targets_of_file: OnceLock<FxHashMap<FileId, Vec<usize>>>,
    purposes: purpose::Purposes,
}

/// What one set of facts is about.
#[derive(Debug, Clone)]
pub struct Scope<'a> {
    /// All files, by their ids.
    pub files: &'a [Arc<FileModel>],
    pub whole: Arc<Whole<'a>>,
    pub projects: &'a [Project],
    pub config: &'a Config,
    /// All targets of the project.
    pub targets: &'a [Arc<BuiltTarget>],
    /// The charts that are looked at as their authors wrote them.
    pub charts: &'a [Arc<Chart>],
    /// The files that were built into a target.
    pub built_files: &'a FxHashSet<FileId>,
    pub parts: &'a Parts,
    /// What the applications that are not looked at define and use.
    pub outside: &'a Outside,
    /// The indices of the targets whose objects are looked at.
    pub chosen: Vec<usize>,
    /// Whether the files themselves are looked at: the Compose projects, and the manifests that are
    /// not part of a target.
    pub is_main: bool,
}

impl<'a> Facts<'a> {
    pub fn new(scope: Scope<'a>) -> Facts<'a> {
        build::facts(scope)
    }

    /// Returns the targets whose objects these facts are about.
    pub fn targets(&self) -> impl Iterator<Item = &'a BuiltTarget> + '_ {
        self.chosen.iter().map(|at| &*self.all_targets[*at])
    }

    /// Returns every target of the project, whether these facts are about its objects or not.
    pub fn all_targets(&self) -> &'a [Arc<BuiltTarget>] {
        self.all_targets
    }

    /// Whether a file was built into a target, so that it says nothing by itself.
    pub fn is_built(&self, file: FileId) -> bool {
        self.built_files.contains(&file)
    }

    pub fn config(&self) -> &'a Config {
        self.config
    }

    /// The files, sorted by path.
    pub fn files(&self) -> &[&'a FileModel] {
        &self.sorted
    }

    pub fn file(&self, id: FileId) -> &'a FileModel {
        &self.files[id.index()]
    }

    /// Returns an editor of a file.
    pub fn editor(&self, file: FileId) -> Editor<'a> {
        let model: &'a FileModel = &self.files[file.index()];
        Editor::new(file, &model.file.text, &model.tree)
    }

    /// Returns the text of a span.
    pub fn written(&self, span: &Span) -> &'a str {
        self.file(span.file).written(span)
    }

    /// Returns the text of a span without quotes around it.
    pub fn unquoted(&self, span: &Span) -> &'a str {
        self.file(span.file).unquoted(span)
    }

    /// [`Editor::replace_scalar`] in the span's own file.
    pub fn replace_scalar(&self, span: &Span, text: &str) -> Edit {
        self.editor(span.file).replace_scalar(*span, text)
    }

    /// [`Editor::replace`] in the span's own file.
    pub fn replace(&self, span: &Span, text: &str) -> Edit {
        self.editor(span.file).replace(*span, text)
    }

    /// [`Editor::insert_entry`] in the place's own file.
    pub fn insert_entry(&self, place: &Place, key: &str, value: &Yaml<'_>) -> Option<Edit> {
        self.editor(place.span.file).insert_entry(place, key, value)
    }

    /// Returns the problems in the texts of all files.
    pub fn problems(&self) -> impl Iterator<Item = &'a Problem> + '_ {
        self.files().iter().flat_map(|it| it.problems.iter())
    }

    /// What makes no sense in configuration files; `is_rule` says whether a selector means a rule.
    pub fn config_problems(&self, unknown_rule: &dyn Fn(&str) -> Option<String>) -> Vec<Problem> {
        let mut problems = Vec::new();
        // What lies above the project was not handed over, and may be there.
        let is_there = |path: &str| {
            let leads_to = |file: &str| {
                file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            path.starts_with("..") || self.files().iter().any(|file| leads_to(file.path()))
        };
        let is_config = |it: &&&FileModel| it.kind == crate::report::Kind::Config;
        let all_configs = || self.files().iter().filter(is_config);
        let trees = || all_configs().map(|it| (it.path(), &it.tree));
        let configs = || all_configs().filter(|it| !self.config.silences(it.path(), trees()));
        for file in configs() {
            let (config, mut own) = Config::read(&file.tree, unknown_rule);
            let config = config.below(folder_of(file.path()), &self.config.base);
            problems.append(&mut own);
            problems.append(&mut config.targets.problems(&is_there));
        }
        let find = |path: &str| self.files().iter().find(|it| it.path() == path).map(|it| &it.tree);
        problems.extend(Config::conflicts(configs().map(|it| (it.path(), &it.tree)), &find));
        problems
    }

    /// Returns every Compose project.
    pub fn projects(&self) -> &'a [Project] {
        self.projects
    }

    /// Returns every Compose service of every project.
    pub fn services(&self) -> &[Service<'a>] {
        &self.services
    }

    /// Returns every Kubernetes object.
    pub fn objects(&self) -> &[&'a Object] {
        &self.objects
    }

    /// Returns every owner of a Pod template.
    pub fn workloads(&self) -> &[Workload<'a>] {
        &self.workloads
    }

    /// Returns every Kubernetes Service.
    pub fn kube_services(&self) -> &[KubeService<'a>] {
        &self.kube_services
    }

    /// Returns every container to run: Compose services, then the containers of each workload.
    pub fn units(&self) -> impl Iterator<Item = &Unit<'a>> + Clone {
        let services = self.services.iter().map(|it| &it.unit);
        services.chain(self.workloads.iter().flat_map(|it| &it.units))
    }

    pub fn unit(&self, site: Site) -> &Unit<'a> {
        match site {
            Site::Service(at) => &self.services[at].unit,
            Site::Container(workload, at) => &self.workloads[workload].units[at],
        }
    }

    /// Returns the role of a file, if it is a Compose file.
    pub fn role_of(&self, file: FileId) -> Option<Role> {
        self.roles.get(file.index()).copied().flatten()
    }

    /// Returns the role in which a unit runs.
    pub fn unit_role(&self, unit: &Unit<'_>) -> Role {
        match unit.site {
            Site::Service(at) => self.services[at].role,
            Site::Container(workload, _) => self.object_role(self.workloads[workload].object),
        }
    }

    /// Whether two objects may meet in one namespace; `default` stands for an object that names none.
    pub fn may_share_namespace(&self, a: &str, b: &str) -> bool {
        sets::may_share_namespace(a, b)
    }

    /// Whether two files may be applied together: they belong to one application, neither defines again
    /// what the other defines, and both are built into the same target or into none.
    pub fn together(&self, a: FileId, b: FileId) -> bool {
        self.sets.together(a, b)
    }

    /// Returns the number of the part of the project that a file lies in: the files of one application.
    pub fn part_of(&self, file: FileId) -> usize {
        self.sets.part(file)
    }

    /// Returns the index of the target that a file was built into.
    pub fn target_of(&self, file: FileId) -> Option<usize> {
        self.sets.target(file)
    }

    /// Whether two files are about one application.
    pub fn same_part(&self, a: FileId, b: FileId) -> bool {
        self.sets.part(a) == self.sets.part(b)
    }

    /// Returns the file from which a Compose project starts.
    pub fn base_of(&self, project: &Project) -> FileId {
        project.files.first().copied().unwrap_or(FileId(0))
    }

    /// Whether the files define any workload for a cluster.
    pub fn has_cluster_side(&self) -> bool {
        !self.workloads.is_empty()
    }
}
