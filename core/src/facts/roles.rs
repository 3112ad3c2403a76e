//! The roles of Compose files and of objects (development, production or unknown).
//!
//! The configuration decides first, then a comment in the file, the file's name, and its content.
//! Sources that are mounted mark a file as development only where the workspace also has a cluster side,
//! because then production runs there. Without a cluster side, a file that looks like development may well
//! be what runs on the server, and the rules should report what they find in it. A build stage called
//! `development` or a reloader beside mounted sources leaves no such doubt.
//!
//! What a repository of [samples](super::samples) holds is there to be tried out.

mod content;
mod names;

pub(super) use names::by_path as role_by_path;
pub(super) use names::{calls_itself_an_example, is_aside, lies_below};

use super::purpose::Purpose;
use super::{Facts, Workload, common_folder};
use crate::config::Config;
use crate::model::compose::{Project, Service, is_default_name, is_override_name};
use crate::model::kubernetes::Object;
use crate::model::{FileModel, Target, environment_of};
use crate::report::{Environment, Kind, Role};
use crate::text::{FileId, folder_of};
use content::{
    by_content, is_kept_running, is_self_hosted, is_tried_out, runs_own_program, serves_developers,
    shows_development,
};
use indexmap::IndexMap;
use names::{by_path, calls_itself_development, is_for_swarm_by_name, is_local_by_folder};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::sync::Arc;

pub(super) fn of_files(
    files: &[Arc<FileModel>],
    projects: &[Project],
    config: &Config,
    above: &str,
    has_cluster_side: &dyn Fn(FileId) -> bool,
) -> Vec<Option<Role>> {
    let is_said =
        |file: &FileModel| config.role_for(&file.file.path).or(file.directives.role).is_some();
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
    settle_overrides(files, projects, above, &is_said, has_cluster_side, &mut roles);
    let alone = by_themselves(projects);
    // For each folder its whole projects for production.
    let mut in_production: FxHashMap<&str, Vec<&Project>> = FxHashMap::default();
    for project in &alone {
        let Some(base) = project.files.first() else { continue };
        let path = files[base.index()].path();
        if roles[base.index()] == Some(Role::Production) && !is_for_swarm_by_name(path) {
            in_production.entry(folder_of(path)).or_default().push(project);
        }
    }
    for project in alone {
        let Some(base) = project.files.first() else { continue };
        let file = &files[base.index()];
        let is_said = is_said(file);
        let path = inside(&file.file.path, above);
        if !is_said && is_local_by_folder(path) && is_self_hosted(project) {
            roles[base.index()] = Some(Role::Unknown);
        }
        // A form for Swarm is tried out like any other.
        if !is_said && is_for_swarm_by_name(&file.file.path) && is_tried_out(project) {
            roles[base.index()] = Some(Role::Development);
        }
        let is_beside_production = || {
            let beside = in_production.get(folder_of(file.path()));
            is_default_name(file.path())
                && beside.is_some_and(|it| it.iter().any(|it| is_the_other(project, it)))
        };
        // What runs in the cluster has its stores there, or beside it where they come back after a reboot.
        let is_beside_cluster = || {
            is_default_name(file.path())
                && has_cluster_side(*base)
                && serves_developers(project)
                && project.services.iter().all(|it| it.restart.is_none())
        };
        if roles[base.index()] == Some(Role::Unknown)
            && (is_beside_production()
                || is_beside_cluster()
                || calls_itself_development(file.text()))
        {
            roles[base.index()] = Some(Role::Development);
        }
        if roles[base.index()] == Some(Role::Unknown) {
            roles[base.index()] = Some(by_content(project, files, has_cluster_side(*base)));
        }
    }
    roles
}

/// Whether a project is for development, seen beside a whole one for production: it has services of the same name, and
/// nothing that comes back after a reboot, or most of them come back in the other project alone, or it has nothing but
/// what a developer starts beside the program that the other project runs.
fn is_the_other(project: &Project, production: &Project) -> bool {
    let of_both: Vec<(&Service, &Service)> = project
        .services
        .iter()
        .filter_map(|it| Some((it, production.service(&it.name)?)))
        .collect();
    let comes_back_there =
        of_both.iter().filter(|(here, there)| here.restart.is_none() && there.restart.is_some());
    !of_both.is_empty()
        && (project.services.iter().all(|it| it.restart.is_none())
            || comes_back_there.count() * 2 > of_both.len()
            || serves_developers(project) && runs_own_program(production))
}

/// Takes the role from override files that are part of what runs on the server: Compose reads them by itself there too.
/// Each service comes back after a reboot, nothing looks like development, and no other files are for production.
fn settle_overrides(
    files: &[Arc<FileModel>],
    projects: &[Project],
    above: &str,
    is_said: &dyn Fn(&FileModel) -> bool,
    has_cluster_side: &dyn Fn(FileId) -> bool,
    roles: &mut [Option<Role>],
) {
    let is_production = |it: &&FileId| roles[it.index()] == Some(Role::Production);
    let overlaid: FxHashSet<FileId> = projects
        .iter()
        .filter(|it| it.files.iter().any(|it| is_production(&it)))
        .filter_map(|it| it.files.first().copied())
        .collect();
    for project in projects {
        let [base, rest @ ..] = project.files.as_slice() else { continue };
        let is_only_called_so = |file: &&FileId| {
            let file = &files[file.index()];
            is_override_name(file.path())
                && !is_said(file)
                && by_path(&without_name(inside(file.path(), above))) != Some(Role::Development)
        };
        let overrides: Vec<&FileId> = rest.iter().filter(is_only_called_so).collect();
        if !overrides.is_empty()
            && !overlaid.contains(base)
            && !has_cluster_side(*base)
            && is_kept_running(project)
            && !shows_development(project, files)
        {
            for file in overrides {
                roles[file.index()] = Some(Role::Unknown);
            }
        }
    }
}

/// Returns a path with a file name that says nothing.
fn without_name(path: &str) -> String {
    format!("{}/compose.yaml", folder_of(path))
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
pub(super) fn inside<'p>(path: &'p str, above: &str) -> &'p str {
    if above.is_empty() {
        return path;
    }
    path.strip_prefix(above).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path)
}

impl<'a> Facts<'a> {
    /// Returns the environment that the path of a file names inside of the project.
    pub fn environment_of_file(&self, file: FileId) -> Option<Environment> {
        environment_of(inside(self.file(file).path(), self.whole.above))
    }

    /// Returns the environment of a target: what somebody states, what its values files name, or its folder inside of
    /// the project.
    pub fn environment_of_target(&self, target: &Target) -> Option<Environment> {
        if self.whole.above.is_empty() || target.states_environment {
            return target.environment;
        }
        let mut values = target.values.iter().rev();
        values
            .find_map(|path| environment_of(path))
            .or_else(|| environment_of(inside(&target.folder, self.whole.above)))
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
                let path = inside(file.path(), self.whole.above);
                match folder_of(path).split('/').any(|it| it.eq_ignore_ascii_case("samples")) {
                    true => Role::Development,
                    false => Role::Unknown,
                }
            }
        })
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
}

/// Returns the role of a project, which is that of its last file with a role: an override file decides.
pub(super) fn of_project(project: &Project, roles: &[Option<Role>]) -> Role {
    let known = |role: &Role| *role != Role::Unknown;
    let mut all = project.files.iter().filter_map(|it| roles.get(it.index()).copied().flatten());
    all.rfind(known).unwrap_or(Role::Unknown)
}

/// Returns the files of the projects that run in production.
pub(super) fn production_files(projects: &[Project], roles: &[Option<Role>]) -> FxHashSet<FileId> {
    let in_production = projects.iter().filter(|it| of_project(it, roles) == Role::Production);
    in_production.flat_map(|it| it.files.iter().copied()).collect()
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
    fn what_a_developer_starts_beside_the_program_is_for_development() {
        let db = "db: {image: 'postgres:17', restart: unless-stopped, ports: ['5432:5432']}";
        let stores = format!(
            "services:\n  {db}\n  mail: {{image: 'axllent/mailpit:v1', restart: always, ports: ['8025:8025']}}\n  web: {{image: adminer, restart: always, ports: ['8080:8080']}}\n"
        );
        let prod = |web: &str| {
            let text = format!("services: {{web: {{{web}, restart: always}}, {db}}}\n");
            role_beside(&stores, ("compose.prod.yaml", &text))
        };
        assert_eq!(prod("build: ."), Role::Development);
        assert_eq!(prod("image: 'acme/web:1'"), Role::Development);
        assert_eq!(prod("image: 'nginx:1.29'"), Role::Production);
        let built = "services: {app: {build: .}, db: {image: 'postgres:17'}}\n";
        for other in [
            stores.replace(", ports: ['5432:5432']", ""),
            stores.replace("image: adminer", "image: 'acme/web:1'"),
            stores.replace("image: adminer", "build: ."),
            stores.replace("  db:", "  store:"),
        ] {
            let role = role_beside(&other, ("compose.prod.yaml", built));
            assert_eq!(role, Role::Production, "{other}");
        }
    }

    #[test]
    fn an_override_file_may_be_a_part_of_what_runs_on_the_server() {
        let base =
            "services: {web: {restart: always}, db: {image: 'postgres:17', restart: always}}\n";
        let role = |name: &str, base: &str, web: &str| {
            role_beside(base, (name, &format!("services: {{web: {{{web}}}}}\n")))
        };
        let plain = "image: 'acme/web:1', build: .";
        for name in ["compose.override.yaml", "docker-compose.override.yml"] {
            assert_eq!(role(name, base, plain), Role::Production, "{name}");
        }
        let once = base.replacen("restart: always", "user: app", 1);
        let name = "compose.override.yaml";
        assert_eq!(role(name, &once, plain), Role::Development);
        for web in [
            "build: ., volumes: ['.:/app']",
            "build: {context: ., target: dev}",
            "image: 'acme/web:1', environment: {NODE_ENV: development}",
            "image: 'acme/web:1', command: npm run dev",
            "image: 'axllent/mailpit:v1'",
        ] {
            assert_eq!(role(name, base, web), Role::Development, "{web}");
        }
        let said = format!("# plimsoll: role=development\n{base}");
        assert_eq!(role(name, &said, plain), Role::Development);
    }

    #[test]
    fn an_override_file_beside_an_overlay_for_production_is_for_development() {
        let mut workspace = crate::Workspace::default();
        workspace.set("compose.yaml", "services: {web: {build: ., restart: always}}\n");
        workspace.set("compose.override.yaml", "services: {web: {ports: ['80:80']}}\n");
        let role = |workspace: &mut crate::Workspace| {
            let analysis = workspace.analysis(&Config::default());
            let facts = analysis.facts();
            let of_two = |it: &&crate::facts::Service<'_>| {
                it.project.files.iter().any(|it| facts.file(*it).path() == "compose.override.yaml")
            };
            facts.services().iter().find(of_two).map(|it| it.role).expect("the service")
        };
        assert_eq!(role(&mut workspace), Role::Production);
        workspace.set("compose.prod.yaml", "services: {web: {user: app}}\n");
        assert_eq!(role(&mut workspace), Role::Development);
    }

    #[test]
    fn sail_and_a_mount_around_the_build_context_are_for_development() {
        let role = |web: &str| {
            let text = format!("services: {{web: {{{web}}}}}\n");
            role_beside(&text, ("app.compose.yaml", "services: {app: {image: 'acme/app:1'}}\n"))
        };
        assert_eq!(role("image: 'acme/web:1', environment: {LARAVEL_SAIL: 1}"), Role::Development);
        let debug = "environment: {APP_DEBUG: 'true', APP_ENV: local}";
        let build = "build: {context: ./docker/php}";
        assert_eq!(
            role(&format!("{build}, {debug}, volumes: ['.:/var/www/html']")),
            Role::Development
        );
        for web in [
            format!("{build}, {debug}, volumes: ['.:/backup']"),
            format!("{build}, {debug}, volumes: ['/srv:/var/www/html']"),
            format!("{build}, volumes: ['.:/var/www/html']"),
            "image: 'acme/web:1', environment: {LARAVEL_SAIL: 0}".to_owned(),
        ] {
            assert_eq!(role(&web), Role::Unknown, "{web}");
        }
    }

    #[test]
    fn variables_name_the_role_where_the_name_of_the_file_does_not() {
        let plain = "image: 'acme/web:1'";
        let alone = |web: &str, more: &str| {
            let text = format!("services: {{web: {{{web}}}, {more}}}\n");
            role_beside(&text, ("app.compose.yaml", "services: {app: {image: 'acme/app:1'}}\n"))
        };
        for variable in [
            "NODE_ENV: production",
            "RAILS_ENV: production",
            "APP_ENV: prod",
            "ASPNETCORE_ENVIRONMENT: Production",
        ] {
            let web = format!("{plain}, environment: {{{variable}}}");
            assert_eq!(alone(&web, "db: {image: 'postgres:17'}"), Role::Production, "{variable}");
        }
        let production = format!("{plain}, environment: {{NODE_ENV: production}}");
        for (web, more) in [
            (format!("{plain}, environment: {{NODE_ENV: staging}}"), ""),
            (format!("{plain}, environment: {{MODE: production}}"), ""),
            (format!("{plain}, environment: [NODE_ENV]"), ""),
            (
                production.clone(),
                "api: {image: 'acme/api:1', environment: {NODE_ENV: development}}",
            ),
            (production.clone(), "mail: {image: 'axllent/mailpit:v1'}"),
            ("build: ., environment: {NODE_ENV: production}, volumes: ['.:/app']".to_owned(), ""),
            // It may well run on the server, where a rule tells of it.
            (format!("{plain}, environment: {{NODE_ENV: development}}"), ""),
        ] {
            assert_eq!(alone(&web, more), Role::Unknown, "{web} {more}");
        }
        let cluster = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'acme/web:1'}]}}}\n";
        for (value, expected) in [("development", Role::Development), ("production", Role::Unknown)]
        {
            let web =
                format!("services: {{web: {{{plain}, environment: {{NODE_ENV: {value}}}}}}}\n");
            assert_eq!(role_beside(&web, ("k8s/web.yaml", cluster)), expected, "{value}");
        }
    }

    #[test]
    fn the_head_of_a_file_says_that_it_is_for_development() {
        let role = |comment: &str| {
            let text = format!("# {comment}\nservices: {{web: {{image: 'acme/web:1'}}}}\n");
            role_beside(&text, ("app.compose.yaml", "services: {app: {image: 'acme/app:1'}}\n"))
        };
        for comment in [
            "The shop: Local Development Stack",
            "Sviluppo: database e posta",
            "=== Entwicklung ===",
            "Разработка - база данных",
            "开发环境：数据库",
        ] {
            assert_eq!(role(comment), Role::Development, "{comment}");
        }
        for comment in [
            "Development: docker compose up",
            "Entwicklung und Produktion",
            "Entwicklungsabteilung: Datenbank",
            "La base\n# Sviluppo: database",
            "The shop",
            "For local development use compose.dev.yaml",
            "This is not a local development setup",
        ] {
            assert_eq!(role(comment), Role::Unknown, "{comment}");
        }
    }

    #[test]
    fn most_services_that_come_back_in_production_alone_make_a_file_for_development() {
        let mail = "mail: {image: 'axllent/mailpit:v1', restart: always}";
        let here = |web: &str| {
            format!("services: {{web: {{{web}}}, api: {{image: 'acme/api:1'}}, {mail}}}\n")
        };
        let there = "services: {web: {image: 'acme/web:1', restart: always}, api: {image: 'acme/api:1', restart: always}}\n";
        let role = |web: &str| role_beside(&here(web), ("compose.prod.yaml", there));
        assert_eq!(role("image: 'acme/web:1'"), Role::Development);
        let other =
            "services: {web: {image: 'acme/web:1', restart: always}, api: {image: 'acme/api:1'}}\n";
        let kept = here("image: 'acme/web:1', restart: always");
        assert_ne!(role_beside(&kept, ("compose.prod.yaml", other)), Role::Development);
    }

    #[test]
    fn published_stores_in_the_default_file_beside_a_cluster_serve_developers() {
        let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'acme/web:1'}]}}}\n";
        let stores = "services: {db: {image: 'postgres:17', ports: ['5432:5432']}}\n";
        assert_eq!(role_beside(stores, ("k8s/web.yaml", deployment)), Role::Development);
        let kept = stores.replace("ports:", "restart: always, ports:");
        for (text, other) in [(kept.as_str(), deployment), (stores, "a: b\n")] {
            assert_ne!(role_beside(text, ("k8s/web.yaml", other)), Role::Development, "{text}");
        }
    }
}
