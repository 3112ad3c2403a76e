//! What the services of a Compose project say about its role.

use super::names::is_among;
use crate::facts::dockerfile::final_stage;
use crate::facts::sources::PROGRAM_FOLDERS;
use crate::knowledge::dev_commands::dev_command;
use crate::knowledge::env::{is_debug_switch, is_environment_switch, switch};
use crate::knowledge::families::{Class, Family, family_of};
use crate::knowledge::image::ImageRef;
use crate::knowledge::publishers::is_public;
use crate::knowledge::shell::commands_of_argv;
use crate::model::FileModel;
use crate::model::compose::{MountKind, Project, Service};
use crate::report::Role;
use crate::text::{name_of, normalise_path};
use std::sync::Arc;

/// Whether Docker starts a service again after a reboot.
fn is_kept(service: &Service) -> bool {
    let restart = service.restart.as_ref().map_or("", |it| it.as_str());
    matches!(restart, "always" | "unless-stopped")
}

/// Whether a service runs an image of the application, and not one that anybody may use.
fn is_own(service: &Service) -> bool {
    let image = service.image.as_ref().map(|it| ImageRef::parse(it));
    image.is_some_and(|image| {
        let repository = image.repository();
        family_of(&repository).is_none() && !is_public(&repository)
    })
}

/// Returns the family of the image of a service that is not built here.
fn family(service: &Service) -> Option<&'static Family> {
    let image = service.image.as_ref().filter(|_| service.build.is_none())?;
    Some(family_of(&ImageRef::parse(image).repository())?.0)
}

/// Whether everything in a project comes back after a reboot.
pub(super) fn is_kept_running(project: &Project) -> bool {
    !project.services.is_empty() && project.services.iter().all(is_kept)
}

/// Whether a project is what people run on a server of their own: nothing is built, everything comes back after a
/// reboot, and an image of the application is among it. The stores alone are what a developer starts beside a program.
pub(super) fn is_self_hosted(project: &Project) -> bool {
    is_kept_running(project)
        && project.services.iter().all(|it| it.build.is_none())
        && project.services.iter().any(is_own)
}

/// Whether a project runs a program of its authors.
pub(super) fn runs_own_program(project: &Project) -> bool {
    project.services.iter().any(|it| it.build.is_some() || is_own(it))
}

/// Whether a project holds only what a developer starts beside a program that runs on the machine itself: stores,
/// consoles and mail catchers, all of them published.
pub(super) fn serves_developers(project: &Project) -> bool {
    let is_beside = |it: &Service| {
        let family = family(it).filter(|_| !it.ports.is_empty());
        family.is_some_and(|it| {
            it.is_data_store() || it.class == Class::AdminUi || it.id == MAIL_CATCHER
        })
    };
    !project.services.is_empty() && project.services.iter().all(is_beside)
}

/// The family of programs that take mail and deliver none, which nobody runs in production.
const MAIL_CATCHER: &str = "mail-catcher";

/// Whether anything in a project looks like development.
pub(super) fn shows_development(project: &Project, files: &[Arc<FileModel>]) -> bool {
    let shows = |it: &Service| {
        is_plainly_development(it, files)
            || is_development(it)
            || is_switched(it)
            || reloads(it, files)
            || family(it).is_some_and(|it| it.id == MAIL_CATCHER)
    };
    project.services.iter().any(shows) || is_tried_out(project)
}

pub(super) fn by_content(project: &Project, files: &[Arc<FileModel>], cluster: bool) -> Role {
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
    match by_variables(project) {
        // Production runs in the cluster then.
        Some(Role::Development) if cluster => return Role::Development,
        Some(Role::Production) if !cluster && !shows_development(project, files) => {
            return Role::Production;
        }
        Some(_) | None => {}
    }
    let kept_running = project.services.iter().filter(|it| is_kept(it)).count();
    let limited = project.services.iter().any(|it| it.memory_limit().is_some());
    if kept_running * 2 > services && (limited || kept_running == services) {
        Role::Production
    } else {
        Role::Unknown
    }
}

/// Whether sources are mounted over a built image, or `develop` watches them.
fn is_development(service: &Service) -> bool {
    mounted_in_context(service).any(|it| it.is_source()) || service.develop.is_some()
}

/// Whether a service is built or started in a way that nobody uses in production: from a stage for
/// development, or with a reloader on mounted sources.
fn is_plainly_development(service: &Service, files: &[Arc<FileModel>]) -> bool {
    if is_sail(service) {
        return true;
    }
    let Some(build) = &service.build else { return false };
    let is_stage = |target: &str| is_among(&["dev", "develop", "development"], target);
    if build.target.as_ref().is_some_and(|it| is_stage(it.as_str()))
        || build
            .args
            .iter()
            .any(|it| it.value.as_ref().is_some_and(|value| names_mode(&it.key, value)))
    {
        return true;
    }
    let is_folder = |it: InContext<'_>| {
        it.is_source() || (is_within(it.source, it.context) && !name_of(it.source).contains('.'))
    };
    if !mounted_in_context(service).any(is_folder) && service.develop.is_none() {
        return false;
    }
    is_switched(service) || reloads(service, files)
}

/// Returns the role that the programs of a project are told by variables such as `NODE_ENV: production`; `None` where no
/// variable tells it, or several tell different ones.
///
/// Sources: <https://expressjs.com/en/advanced/best-practice-performance.html>, `NODE_ENV`,
/// <https://guides.rubyonrails.org/configuring.html>, `RAILS_ENV`,
/// <https://learn.microsoft.com/aspnet/core/fundamentals/environments>, `ASPNETCORE_ENVIRONMENT`,
/// <https://symfony.com/doc/current/configuration.html>, `APP_ENV`
fn by_variables(project: &Project) -> Option<Role> {
    let variables = project.services.iter().flat_map(|it| &it.environment);
    let mut roles = variables.filter_map(|it| {
        let (name, value) = (it.name.as_str(), it.value.as_ref()?.trim());
        let is_mode = is_environment_switch(name) && is_mode_variable(name);
        if names_mode(name, value) {
            return Some(Role::Development);
        }
        let value = value.to_ascii_lowercase();
        (is_mode && matches!(value.as_str(), "production" | "prod")).then_some(Role::Production)
    });
    let first = roles.next()?;
    roles.all(|it| it == first).then_some(first)
}

fn is_mode_variable(name: &str) -> bool {
    name.ends_with("_ENV") || name.ends_with("_ENVIRONMENT")
}

/// Whether a variable says that a program runs in a mode for development.
fn names_mode(name: &str, value: &str) -> bool {
    is_mode_variable(name) && is_debug_switch(name, value)
}

/// Whether a variable of a service switches its program to a mode for development.
fn is_switched(service: &Service) -> bool {
    let mut variables = service.environment.iter();
    variables.any(|it| it.value.as_ref().is_some_and(|value| names_mode(&it.name, value)))
}

/// Whether a service is that of Laravel Sail, which is made for development.
///
/// Source: the `docker-compose.stub` of laravel/sail, which sets the variable.
fn is_sail(service: &Service) -> bool {
    let mut variables = service.environment.iter();
    variables.any(|it| {
        it.name.as_str() == "LARAVEL_SAIL"
            && it.value.as_ref().is_some_and(|value| switch(value) == Some(true))
    })
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
pub(super) fn is_tried_out(project: &Project) -> bool {
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

/// A bind mount of a service that is built here.
struct InContext<'a> {
    source: &'a str,
    target: &'a str,
    /// The folder that the service is built in.
    context: &'a str,
}

/// Returns the bind mounts of a service that is built here.
fn mounted_in_context(service: &Service) -> impl Iterator<Item = InContext<'_>> {
    let context = service.build.as_ref().map(|build| build.context.as_str());
    let bound = service.volumes.iter().filter(|it| it.kind == MountKind::Bind);
    bound.filter_map(move |it| {
        let source = it.source.as_ref()?.as_str();
        Some(InContext { source, target: it.target.as_str(), context: context? })
    })
}

impl InContext<'_> {
    /// Whether the source is the build context, a folder of sources in it, or a folder of the project around it that
    /// is mounted where programs are started; not a file.
    fn is_source(&self) -> bool {
        let (source, context) = (self.source, self.context);
        let name = name_of(source.trim_end_matches('/'));
        let is_around = || {
            !source.starts_with(['/', '~'])
                && !context.starts_with("..")
                && is_within(context, source)
                && PROGRAM_FOLDERS.contains(&normalise_path(self.target).as_str())
        };
        normalise_path(source) == normalise_path(context)
            || is_within(source, context)
                && matches!(name, "src" | "app" | "lib" | "server" | "client")
            || is_around()
    }
}

/// Whether a path leads into a folder.
fn is_within(path: &str, folder: &str) -> bool {
    let folder = normalise_path(folder);
    let path = normalise_path(path);
    folder.is_empty() && !path.starts_with('/') || path.starts_with(&format!("{folder}/"))
}
