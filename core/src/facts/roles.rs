//! The roles of Compose files and of objects (development, production or unknown), and what a file is for.
//!
//! The configuration decides first, then a comment in the file, the file's name, and its content.
//! Sources that are mounted mark a file as development only where the workspace also has a cluster side,
//! because then production runs there. Without a cluster side, a file that looks like development may well
//! be what runs on the server, and the rules should report what they find in it. A build stage called
//! `development` or a reloader beside mounted sources leaves no such doubt.
//!
//! What a repository of [samples](super::samples) holds is there to be tried out.

use super::dockerfile::final_stage;
use super::{Facts, Workload, common_folder};
use crate::config::Config;
use crate::knowledge::dev_commands::dev_command;
use crate::knowledge::env::is_debug_switch;
use crate::knowledge::families::family_of;
use crate::knowledge::folder_uses::{FolderUse, is_for_trial};
use crate::knowledge::image::ImageRef;
use crate::knowledge::publishers::is_public;
use crate::knowledge::shell::commands_of_argv;
use crate::model::compose::{MountKind, Project, Service, is_default_name};
use crate::model::kubernetes::Object;
use crate::model::{FileModel, Target, environment_of};
use crate::report::{Environment, Kind, Role};
use crate::text::{FileId, folder_of, name_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::sync::{Arc, OnceLock};

/// What a file is for, which says how much its findings weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To run in production, as far as anybody can tell.
    Production,
    /// To work on the program.
    Development,
    /// To test something: fixtures, expected output, clusters that come and go.
    Test,
    /// To show something, or kept although it is no longer in use.
    Demonstration,
    /// To be tried out: samples and workshops, which run as they are.
    Trial,
}

/// The purposes of all files by their ids, once by their folders alone and once in full. They are kept for the main
/// facts only: those over one variant of a target ask about a few files of many.
#[derive(Debug, Default)]
pub(super) struct Purposes {
    by_folder: OnceLock<Vec<Purpose>>,
    in_full: OnceLock<Vec<Purpose>>,
}

pub(super) fn of_files(
    files: &[Arc<FileModel>],
    projects: &[Project],
    config: &Config,
    above: &str,
    has_cluster_side: &dyn Fn(FileId) -> bool,
) -> Vec<Option<Role>> {
    let mut roles: Vec<Option<Role>> = files
        .iter()
        .map(|file| {
            if file.kind != Kind::Compose {
                return None;
            }
            let said = config.role_for(&file.file.path).or(file.directives.role);
            let path = inside(&file.file.path, above);
            Some(said.or_else(|| by_path(path)).unwrap_or(Role::Unknown))
        })
        .collect();
    let alone = by_themselves(projects);
    // For each folder the services of its whole projects for production.
    let mut in_production: FxHashMap<&str, FxHashSet<&str>> = FxHashMap::default();
    for project in &alone {
        let Some(base) = project.files.first() else { continue };
        let path = files[base.index()].path();
        if roles[base.index()] == Some(Role::Production) && !is_for_swarm_by_name(path) {
            let names = project.services.iter().map(|it| it.name.as_str());
            in_production.entry(folder_of(path)).or_default().extend(names);
        }
    }
    for project in alone {
        let Some(base) = project.files.first() else { continue };
        let file = &files[base.index()];
        let is_said = config.role_for(&file.file.path).or(file.directives.role).is_some();
        let path = inside(&file.file.path, above);
        if !is_said && is_local_by_folder(path) && is_self_hosted(project) {
            roles[base.index()] = Some(Role::Unknown);
        }
        // A form for Swarm is tried out like any other.
        if !is_said && is_for_swarm_by_name(&file.file.path) && is_tried_out(project) {
            roles[base.index()] = Some(Role::Development);
        }
        // Beside a whole project for production with the same services, what Compose picks by itself, and brings
        // back after no reboot, is for development.
        let is_the_other = || {
            let names = in_production.get(folder_of(file.path()));
            is_default_name(file.path())
                && names.is_some_and(|names| {
                    project.services.iter().any(|it| names.contains(it.name.as_str()))
                })
                && project.services.iter().all(|it| it.restart.is_none())
        };
        if roles[base.index()] == Some(Role::Unknown)
            && (is_the_other() || calls_itself_development(file.text()))
        {
            roles[base.index()] = Some(Role::Development);
        }
        if roles[base.index()] == Some(Role::Unknown) {
            roles[base.index()] = Some(by_content(project, files, has_cluster_side(*base)));
        }
    }
    roles
}

/// Returns for each base file the project with the fewest files on top of it: what a file for tests adds to a
/// base says nothing about the base.
fn by_themselves(projects: &[Project]) -> Vec<&Project> {
    let mut smallest: IndexMap<FileId, &Project, FxBuildHasher> = IndexMap::default();
    for project in projects {
        let Some(base) = project.files.first() else { continue };
        let known = smallest.entry(*base).or_insert(project);
        if project.files.len() < known.files.len() {
            *known = project;
        }
    }
    smallest.into_values().collect()
}

/// Returns the folder above a project whose paths come from the root of the file system or lead out of the current
/// folder; else an empty one. What such a folder is called says nothing about the project.
pub(super) fn folder_above(files: &[Arc<FileModel>]) -> &str {
    let common = common_folder(files.iter().map(|file| folder_of(file.path())));
    let leads_in = !common.starts_with('/') && !common.starts_with("../");
    if leads_in { "" } else { common }
}

/// Returns what follows the folder above the project in a path.
fn inside<'p>(path: &'p str, above: &str) -> &'p str {
    if above.is_empty() {
        return path;
    }
    path.strip_prefix(above).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path)
}

/// Whether one of the folders in a path has a use.
fn lies_below(path: &str, wanted: FolderUse) -> bool {
    folder_of(path).split('/').any(|folder| wanted.fits(folder))
}

/// Whether a path says that its file is not for production.
fn is_aside(path: &str) -> bool {
    let aside = [FolderUse::Development, FolderUse::Test, FolderUse::Demonstration];
    aside.into_iter().any(|it| lies_below(path, it)) || is_for_trial(path)
}

/// Whether some of the files that can be deployed lie outside of folders for development, tests and
/// examples. Where none does, what the project deploys are its examples.
pub(super) fn has_more_than_examples(files: &[Arc<FileModel>], above: &str) -> bool {
    let is_deployed = |kind: Kind| match kind {
        Kind::Compose
        | Kind::Kubernetes
        | Kind::Kustomization
        | Kind::Chart
        | Kind::Values
        | Kind::Template
        | Kind::ArgoCd => true,
        Kind::EnvFile | Kind::Dockerfile | Kind::Config | Kind::Unknown => false,
    };
    files.iter().any(|file| is_deployed(file.kind) && !is_aside(inside(file.path(), above)))
}

impl<'a> Facts<'a> {
    /// Returns the environment that the path of a file names inside of the project.
    pub fn environment_of_file(&self, file: FileId) -> Option<Environment> {
        environment_of(inside(self.file(file).path(), self.above))
    }

    /// Returns the environment of a target: what somebody states, what its values files name, or its folder inside of
    /// the project.
    pub fn environment_of_target(&self, target: &Target) -> Option<Environment> {
        if self.above.is_empty() || target.states_environment {
            return target.environment;
        }
        let mut values = target.values.iter().rev();
        values
            .find_map(|path| environment_of(path))
            .or_else(|| environment_of(inside(&target.folder, self.above)))
    }

    /// Returns the role of a workload.
    pub fn workload_role(&self, workload: &Workload<'a>) -> Role {
        self.object_role(workload.object)
    }

    /// Returns the role of an object: what an override of the configuration says, or development where a
    /// folder of its file, or the overlay that it is built in, is named so.
    pub fn object_role(&self, object: &Object) -> Role {
        let file = self.file(object.file);
        let said = self.config.overridden_role(file.path()).or(file.directives.role);
        said.unwrap_or_else(|| match self.purpose_by_folder(object.file) {
            Purpose::Development | Purpose::Test => Role::Development,
            Purpose::Production | Purpose::Demonstration | Purpose::Trial => {
                // Samples are for development, even in a project that has nothing else.
                let path = inside(file.path(), self.above);
                match folder_of(path).split('/').any(|it| it.eq_ignore_ascii_case("samples")) {
                    true => Role::Development,
                    false => Role::Unknown,
                }
            }
        })
    }

    /// Returns what a file is for: what the configuration or a comment says, else what its folders or those
    /// of its target are called, else its role.
    pub fn purpose_of(&self, file: FileId) -> Purpose {
        self.kept(&self.purposes.in_full, file, |file| self.find_purpose(file))
    }

    fn purpose_by_folder(&self, file: FileId) -> Purpose {
        self.kept(&self.purposes.by_folder, file, |file| self.find_purpose_by_folder(file))
    }

    /// Returns the purpose of a file from those that are kept.
    fn kept(
        &self,
        kept: &OnceLock<Vec<Purpose>>,
        file: FileId,
        find: impl Fn(FileId) -> Purpose,
    ) -> Purpose {
        if !self.is_main {
            return find(file);
        }
        let all = || self.files.iter().map(|it| find(it.id)).collect();
        kept.get_or_init(all)[file.index()]
    }

    fn find_purpose(&self, file: FileId) -> Purpose {
        let model = self.file(file);
        let is_compose = model.kind == Kind::Compose;
        let configured = self.config.role_for(model.path()).filter(|_| is_compose);
        let configured = configured.or_else(|| self.config.overridden_role(model.path()));
        match configured.or(model.directives.role) {
            Some(Role::Production) => return Purpose::Production,
            Some(Role::Development) => return Purpose::Development,
            Some(Role::Unknown) | None => {}
        }
        let by_folder = self.purpose_by_folder(file);
        let is_development =
            self.role_of(file) == Some(Role::Development) && !self.production_files.contains(&file);
        match by_folder {
            Purpose::Production if is_development => Purpose::Development,
            // What the services of a file say outweighs a folder called `local`.
            Purpose::Development if self.role_of(file) == Some(Role::Production) => {
                Purpose::Production
            }
            Purpose::Production if calls_itself_an_example(model.text()) => Purpose::Demonstration,
            Purpose::Production
            | Purpose::Development
            | Purpose::Test
            | Purpose::Demonstration
            | Purpose::Trial => by_folder,
        }
    }

    /// Returns the role of any file. What only tests or shows something counts as development.
    pub fn file_role(&self, file: FileId) -> Role {
        match self.purpose_of(file) {
            Purpose::Production => self.role_of(file).unwrap_or(Role::Unknown),
            Purpose::Development | Purpose::Test | Purpose::Demonstration | Purpose::Trial => {
                Role::Development
            }
        }
    }

    fn find_purpose_by_folder(&self, file: FileId) -> Purpose {
        let target = self.built_target(file).map_or("", |it| it.target.folder.as_str());
        let target = format!("{target}/");
        let paths = [self.file(file).path(), &target].map(|path| inside(path, self.above));
        let is_below = |wanted| paths.iter().any(|path| lies_below(path, wanted));
        if is_below(FolderUse::Test) {
            Purpose::Test
        } else if is_below(FolderUse::Development) {
            Purpose::Development
        } else if self.has_more_than_examples && is_below(FolderUse::Demonstration) {
            Purpose::Demonstration
        } else if self.are_samples
            || self.has_more_than_examples && paths.iter().any(|it| is_for_trial(it))
        {
            Purpose::Trial
        } else {
            Purpose::Production
        }
    }
}

/// Whether the comments at the head of a file say that it is an example, which is not used as it is.
fn calls_itself_an_example(text: &str) -> bool {
    const SAID: &[&str] = &[
        "only an example",
        "just an example",
        "is an example",
        "example only",
        "edit this",
        "for demonstration",
        "not for production",
    ];
    // Generated files carry a "do not edit" notice, which is no invitation to edit.
    head(text).any(|line| {
        !line.contains("not edit")
            && !line.contains("n't edit")
            && SAID.iter().any(|it| line.contains(it))
    })
}

/// Whether the comments at the head of a file say that it is for development, and not which other file is.
fn calls_itself_development(text: &str) -> bool {
    const SAID: &[&str] = &["local development", "development stack", "development environment"];
    head(text).any(|line| {
        let names_a_file = line.contains(".yml") || line.contains(".yaml");
        !names_a_file && !line.contains("not ") && SAID.iter().any(|it| line.contains(it))
    })
}

/// Returns the comments at the head of a file, in lower case.
fn head(text: &str) -> impl Iterator<Item = String> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let lines = text.lines().map(str::trim);
    lines.take_while(|it| it.is_empty() || it.starts_with('#')).map(str::to_ascii_lowercase)
}

/// Returns the role of a project, which is that of its last file with a role: an override file decides.
pub(super) fn of_project(project: &Project, roles: &[Option<Role>]) -> Role {
    let known = |role: &Role| *role != Role::Unknown;
    let mut all = project.files.iter().filter_map(|it| roles.get(it.index()).copied().flatten());
    all.rfind(known).unwrap_or(Role::Unknown)
}

/// Whether the name of a file says only that it is for Swarm, and not for which environment.
fn is_for_swarm_by_name(path: &str) -> bool {
    let words = || name_of(path).split(['.', '-', '_']);
    words().any(|it| is_among(&["swarm", "stack"], it))
        && !words().any(|it| is_among(&["prod", "production", "live"], it))
}

/// Returns the role that the words in the names of a file and its folders give it.
fn by_path(path: &str) -> Option<Role> {
    const DEVELOPMENT: &[&str] = &[
        "dev",
        "development",
        "override",
        "local",
        "test",
        "tests",
        "testing",
        "e2e",
        "ci",
        "debug",
        "demo",
    ];
    const PRODUCTION: &[&str] = &["prod", "production", "live", "deploy", "swarm", "stack"];
    let mut development = false;
    for word in name_of(path).split(['.', '-', '_']) {
        if is_among(PRODUCTION, word) {
            return Some(Role::Production);
        }
        development |= is_among(DEVELOPMENT, word);
    }
    if development {
        return Some(Role::Development);
    }
    folder_of(path).rsplit('/').find_map(|folder| {
        if FolderUse::Development.fits(folder) || FolderUse::Test.fits(folder) {
            Some(Role::Development)
        } else if FolderUse::Production.fits(folder) {
            Some(Role::Production)
        } else {
            None
        }
    })
}

/// Whether nothing but a folder called `local` says that a file is for development. Some mean by that what runs on a
/// server of one's own.
fn is_local_by_folder(path: &str) -> bool {
    let elsewhere: Vec<&str> =
        path.split('/').filter(|it| !it.eq_ignore_ascii_case("local")).collect();
    by_path(path) == Some(Role::Development)
        && by_path(&elsewhere.join("/")) != Some(Role::Development)
}

/// Whether a project is what people run on a server of their own: nothing is built, everything comes back after a
/// reboot, and an image of the application is among it. The stores alone are what a developer starts beside a program.
fn is_self_hosted(project: &Project) -> bool {
    let is_kept = |it: &Service| {
        let restart = it.restart.as_ref().map_or("", |it| it.as_str());
        it.build.is_none() && matches!(restart, "always" | "unless-stopped")
    };
    let is_own = |it: &Service| {
        let image = it.image.as_ref().map(|it| ImageRef::parse(it));
        image.is_some_and(|image| {
            let repository = image.repository();
            family_of(&repository).is_none() && !is_public(&repository)
        })
    };
    let mut services = project.services.iter().peekable();
    services.peek().is_some() && services.all(is_kept) && project.services.iter().any(is_own)
}

/// Returns the files of the projects that run in production.
pub(super) fn production_files(projects: &[Project], roles: &[Option<Role>]) -> FxHashSet<FileId> {
    let in_production = projects.iter().filter(|it| of_project(it, roles) == Role::Production);
    in_production.flat_map(|it| it.files.iter().copied()).collect()
}

/// Whether a word, in upper or lower case, is one of a list.
fn is_among(list: &[&str], word: &str) -> bool {
    list.iter().any(|it| word.eq_ignore_ascii_case(it))
}

fn by_content(project: &Project, files: &[Arc<FileModel>], cluster: bool) -> Role {
    let services = project.services.len();
    if services == 0 {
        return Role::Unknown;
    }
    let is_plain = |it: &Service| is_plainly_development(it, files);
    if project.services.iter().any(is_plain) || is_tried_out(project) {
        return Role::Development;
    }
    let development = project.services.iter().any(is_development);
    if development {
        return if cluster { Role::Development } else { Role::Unknown };
    }
    let kept_running = project
        .services
        .iter()
        .filter(|it| {
            it.restart.as_ref().is_some_and(|it| matches!(it.as_str(), "always" | "unless-stopped"))
        })
        .count();
    let limited = project.services.iter().any(|it| it.memory_limit().is_some());
    if kept_running * 2 > services && (limited || kept_running == services) {
        Role::Production
    } else {
        Role::Unknown
    }
}

/// Whether sources are mounted over a built image, or `develop` watches them.
fn is_development(service: &Service) -> bool {
    mounted_in_context(service).any(|(source, context)| is_source(source, context))
        || service.develop.is_some()
}

/// Whether a service is built or started in a way that nobody uses in production: from a stage for
/// development, or with a reloader on mounted sources.
fn is_plainly_development(service: &Service, files: &[Arc<FileModel>]) -> bool {
    let Some(build) = &service.build else { return false };
    let is_stage = |target: &str| is_among(&["dev", "develop", "development"], target);
    let names_mode = |name: &str| name.ends_with("_ENV") || name.ends_with("_ENVIRONMENT");
    let is_switch = |name: &str, value: &str| names_mode(name) && is_debug_switch(name, value);
    if build.target.as_ref().is_some_and(|it| is_stage(it.as_str()))
        || build
            .args
            .iter()
            .any(|it| it.value.as_ref().is_some_and(|value| is_switch(&it.key.value, &value.value)))
    {
        return true;
    }
    let is_folder = |(source, context): (&str, &str)| {
        is_source(source, context) || (is_within(source, context) && !name_of(source).contains('.'))
    };
    if !mounted_in_context(service).any(is_folder) && service.develop.is_none() {
        return false;
    }
    let is_switched = service
        .environment
        .iter()
        .any(|it| it.value.as_ref().is_some_and(|value| is_switch(&it.name.value, &value.value)));
    is_switched || reloads(service, files)
}

/// Whether a service starts a command for development, by itself or as its Dockerfile says.
fn reloads(service: &Service, files: &[Arc<FileModel>]) -> bool {
    let own = service.entrypoint.iter().chain(&service.command).flat_map(|it| &it.words);
    let own: Vec<&str> = own.map(|it| it.value.as_str()).collect();
    let is_for_development =
        |words: &[&str]| commands_of_argv(words).iter().any(|it| dev_command(it).is_some());
    if !own.is_empty() {
        return is_for_development(&own);
    }
    let started = service.build.as_ref().and_then(|build| {
        let file = &files[build.dockerfile_id?.index()];
        let target = build.target.as_ref().map(|it| it.as_str());
        Some(final_stage(file.text(), target)?.start()?.0)
    });
    let started = started.unwrap_or_default();
    let words: Vec<&str> = started.iter().map(String::as_str).collect();
    !words.is_empty() && is_for_development(&words)
}

/// Whether the names that somebody gave to containers and images say that a project is for trying something
/// out: all containers are called `demo-…`, or an image that is built elsewhere has the tag `local`.
fn is_tried_out(project: &Project) -> bool {
    let is_trial = |name: &str| {
        name.split(['-', '_']).next().is_some_and(|it| is_among(&["demo", "test"], it))
    };
    let mut named = project.services.iter().filter_map(|it| it.container_name.as_ref()).peekable();
    let all_trials = named.peek().is_some() && named.all(|name| is_trial(name));
    all_trials
        || project.services.iter().any(|it| {
            it.build.is_none()
                && it.image.as_ref().is_some_and(|image| image.value.ends_with(":local"))
        })
}

/// Returns the sources of the bind mounts of a service that is built here, each with the build context.
fn mounted_in_context(service: &Service) -> impl Iterator<Item = (&str, &str)> {
    let context = service.build.as_ref().map(|build| build.context.as_str());
    let bound = service.volumes.iter().filter(|it| it.kind == MountKind::Bind);
    bound.filter_map(move |it| Some((it.source.as_ref()?.as_str(), context?)))
}

/// Whether the source of a bind mount is the build context or a folder of sources in it, not a file.
fn is_source(source: &str, context: &str) -> bool {
    let name = name_of(source.trim_end_matches('/'));
    crate::text::normalise_path(source) == crate::text::normalise_path(context)
        || is_within(source, context) && matches!(name, "src" | "app" | "lib" | "server" | "client")
}

/// Whether a path leads into a folder.
fn is_within(path: &str, folder: &str) -> bool {
    let folder = crate::text::normalise_path(folder);
    let path = crate::text::normalise_path(path);
    folder.is_empty() && !path.starts_with('/') || path.starts_with(&format!("{folder}/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_called_local_may_hold_what_people_host_themselves() {
        let role = |path: &str, services: &str| {
            let mut workspace = crate::Workspace::default();
            workspace.set(path, format!("services:\n{services}"));
            let analysis = workspace.analysis(&Config::default());
            let facts = analysis.facts();
            let service = &facts.services()[0];
            (service.role, facts.purpose_of(service.span().file))
        };
        let stores = "  mongodb: {image: mongo, restart: unless-stopped}\n  redis: {image: 'redis:8', restart: always}\n";
        let own = format!(
            "{stores}  api: {{image: 'ghcr.io/acme/shop/api:1.2', restart: unless-stopped}}\n"
        );
        for path in ["docker/local/deployment/docker-compose.yml", "local/compose.yaml"] {
            assert_eq!(role(path, &own), (Role::Production, Purpose::Production), "{path}");
        }
        let development = (Role::Development, Purpose::Development);
        for path in ["local/development/compose.yaml", "compose.local.yaml", "dev/compose.yaml"] {
            assert_eq!(role(path, &own), development, "{path}");
        }
        let built = own.replace("image: 'ghcr.io/acme/shop/api:1.2'", "build: .");
        let stopped = own.replace(", restart: always", "");
        for services in [stores, &built, &stopped] {
            assert_eq!(role("local/compose.yaml", services), development, "{services}");
        }
    }

    /// Returns the role of the service `web` in `compose.yaml`, beside another file.
    fn role_beside(text: &str, other: (&str, &str)) -> Role {
        let mut workspace = crate::Workspace::default();
        workspace.set("compose.yaml", text);
        workspace.set(other.0, other.1);
        let analysis = workspace.analysis(&Config::default());
        let facts = analysis.facts();
        let is_here =
            |it: &&crate::facts::Service<'_>| facts.file(it.span().file).path() == "compose.yaml";
        facts.services().iter().find(is_here).map(|it| it.role).expect("the service")
    }

    #[test]
    fn the_default_file_beside_a_whole_project_for_production_is_for_development() {
        let web = "services: {web: {image: 'acme/web:1'}}\n";
        let whole = "services: {web: {image: 'acme/web:1', restart: always}}\n";
        let overlay = "services: {web: {restart: always}}\n";
        assert_eq!(role_beside(web, ("compose.prod.yaml", whole)), Role::Development);
        for other in ["compose.tools.yaml", "prod/compose.yaml"] {
            assert_eq!(role_beside(web, (other, whole)), Role::Unknown, "{other}");
        }
        assert_eq!(role_beside(web, ("compose.prod.yaml", overlay)), Role::Unknown);
        assert_eq!(role_beside(web, ("compose.swarm.yaml", whole)), Role::Unknown);
        let other = "services: {gateway: {image: 'nginx:1.29', restart: always}}\n";
        assert_eq!(role_beside(web, ("compose.prod.yaml", other)), Role::Unknown);
        assert_ne!(role_beside(whole, ("compose.prod.yaml", whole)), Role::Development);
        let said = format!("# plimsoll: role=production\n{web}");
        assert_eq!(role_beside(&said, ("compose.prod.yaml", whole)), Role::Production);
    }

    #[test]
    fn the_head_of_a_file_says_that_it_is_for_development() {
        let role = |comment: &str| {
            let text = format!("# {comment}\nservices: {{web: {{image: 'acme/web:1'}}}}\n");
            role_beside(&text, ("app.compose.yaml", "services: {app: {image: 'acme/app:1'}}\n"))
        };
        assert_eq!(role("The shop: Local Development Stack"), Role::Development);
        for comment in [
            "The shop",
            "For local development use compose.dev.yaml",
            "This is not a local development setup",
        ] {
            assert_eq!(role(comment), Role::Unknown, "{comment}");
        }
    }

    #[test]
    fn names_say_what_a_file_is_for() {
        assert_eq!(by_path("compose.override.yaml"), Some(Role::Development));
        assert_eq!(by_path("docker-compose.prod.yml"), Some(Role::Production));
        assert_eq!(by_path(".devcontainer/docker-compose.yml"), Some(Role::Development));
        assert_eq!(by_path("compose.yaml"), None);
        assert_eq!(by_path("shop/devices/compose.yaml"), None);
    }
}
