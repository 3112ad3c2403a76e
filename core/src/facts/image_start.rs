//! The command that an image starts, as its Dockerfile says.

use super::dockerfile::{Stage, Words, built_stage, final_stage};
use super::roles::role_by_path;
use super::unit::{Part, Site, Start, Unit};
use super::{Counterpart, Facts, Service, migrations};
use crate::knowledge::image::ImageRef;
use crate::knowledge::publishers;
use crate::knowledge::shell::{Command, Joint, Word, base_name, commands_of_argv};
use crate::model::FileModel;
use crate::report::{Kind, Role};
use crate::text::{FileId, Span, folder_of, name_of};
use indexmap::IndexMap;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::ops::Range;
use std::sync::Arc;

/// The start command of an image that is built here.
#[derive(Debug, Clone)]
pub struct ImageStart {
    pub commands: Vec<Command>,
    /// The instruction in the Dockerfile that names the program.
    pub span: Span,
    /// Where both an `ENTRYPOINT` and a `CMD` say what is started: the number of words of the first, and the
    /// place of the second.
    arguments: Option<(usize, Span)>,
}

impl ImageStart {
    /// Returns what the image of a stage starts in a container with a start command of its own, which may be
    /// empty; `None` where that command replaces or drops what the image starts. `place` returns the place of a range
    /// of the Dockerfile.
    fn of(
        stage: &Stage,
        own: &Start<'_>,
        place: &dyn Fn(&Range<usize>) -> Span,
    ) -> Option<ImageStart> {
        if own.replaces_entrypoint || own.drops_command {
            return None;
        }
        let texts = |words: &Words| words.words.clone();
        let arguments: Option<(Vec<String>, Span)> = match own.span {
            Some(span) => Some((own.words.iter().map(|it| it.value.to_string()).collect(), span)),
            None => stage.command.as_ref().map(|it| (texts(it), place(&it.range))),
        };
        let Some(entrypoint) = &stage.entrypoint else {
            let command = stage.command.as_ref().filter(|_| own.is_empty())?;
            let span = place(&command.range);
            return Some(ImageStart {
                commands: commands_of(&texts(command)),
                span,
                arguments: None,
            });
        };
        let span = place(&entrypoint.range);
        let (first, rest) = (texts(entrypoint), arguments.as_ref().map(|it| it.0.as_slice()));
        let commands = started_with(&first, rest.unwrap_or_default());
        Some(ImageStart {
            commands,
            span,
            arguments: arguments.map(|(_, place)| (first.len(), place)),
        })
    }

    /// Returns the instruction that holds a word of a command, or the container's own arguments.
    pub fn span_of(&self, word: &Word) -> Span {
        match self.arguments {
            Some((first, span)) if word.arg >= first => span,
            Some(_) | None => self.span,
        }
    }

    /// Whether it starts a program in the background, beside the others.
    pub fn has_background(&self) -> bool {
        self.commands.iter().any(|it| it.joint == Joint::Background)
    }
}

/// Returns the commands of an entrypoint with its arguments. A script that is called an entrypoint ends with what it is
/// given, by the custom of images, so that its arguments are a command of their own.
fn started_with(entrypoint: &[String], arguments: &[String]) -> Vec<Command> {
    let mut commands = commands_of(entrypoint);
    if !commands.last().is_some_and(is_entrypoint_script) {
        return commands_of(&[entrypoint, arguments].concat());
    }
    for mut command in commands_of(arguments) {
        command.words.iter_mut().for_each(|it| it.arg += entrypoint.len());
        commands.push(command);
    }
    commands
}

/// Whether a command is a script that prepares a container and then starts what it is given: `docker-entrypoint.sh`.
pub(super) fn is_entrypoint_script(command: &Command) -> bool {
    base_name(command.name()).contains("entrypoint")
}

fn commands_of(words: &[String]) -> Vec<Command> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if words.is_empty() { Vec::new() } else { commands_of_argv(&words) }
}

/// Settles what the images start that services build, for each service.
pub(super) fn of_services<'a>(services: &mut [Service<'a>], files: &'a [Arc<FileModel>]) {
    for service in services {
        service.unit.image_start = of_service(service, &service.unit.start, files);
    }
}

/// Returns what the image of a service that is built here starts in a container with a start command.
fn of_service(
    service: &Service<'_>,
    start: &Start<'_>,
    files: &[Arc<FileModel>],
) -> Option<ImageStart> {
    let build = service.model.build.as_ref()?;
    if let Some(inline) = &build.dockerfile_inline {
        let stage = built_stage(inline.as_str(), service)?;
        return ImageStart::of(stage, start, &|_| inline.span);
    }
    let file = &files[build.dockerfile_id?.index()];
    let stage = built_stage(file.text(), service)?;
    ImageStart::of(stage, start, &|it| Span::new(file.id, it.start, it.end))
}

/// Settles what the images start that containers of the cluster run and Compose services build.
pub(super) fn of_counterparts(facts: &mut Facts<'_>) {
    let started = |pair: &Counterpart| {
        let (workload, at) = (pair.workload, pair.unit);
        let unit = &facts.workloads[workload].units[at];
        let start = of_service(facts.builder(unit)?, &unit.start, facts.files)?;
        Some((workload, at, start))
    };
    let found: Vec<_> = facts.counterparts().iter().filter_map(started).collect();
    for (workload, at, start) in found {
        let unit = &mut facts.workloads[workload].units[at];
        unit.image_start = Some(start);
        if unit.migration.is_none() {
            unit.migration = migrations::of_image(unit);
        }
    }
}

impl<'a> Facts<'a> {
    /// Whether every project that lays more files over those of a service builds it with another Dockerfile, so that
    /// nobody builds it as its own files say.
    pub fn is_built_by_overrides(&self, service: &Service<'a>) -> bool {
        let files = &service.project.files;
        let dockerfile = |of: &Service<'a>| {
            let build = of.model.build.as_ref()?;
            Some(build.dockerfile.as_ref().map_or("Dockerfile".into(), |it| it.value.clone()))
        };
        let own = dockerfile(service);
        let over = self.projects().iter().enumerate().filter(|(at, project)| {
            *at != service.project_index
                && project.files.len() > files.len()
                && project.files.starts_with(files)
        });
        let mut over = over.peekable();
        over.peek().is_some()
            && over.all(|(at, _)| {
                let there = self.services_of(at).iter().find(|it| it.name == service.name);
                there.is_some_and(|it| dockerfile(it) != own)
            })
    }

    /// Returns the image that the image of a service is built from, if its Dockerfile was handed over.
    pub fn base_image(&self, service: &Service<'a>) -> Option<String> {
        let build = service.model.build.as_ref()?;
        Some(built_stage(self.file(build.dockerfile_id?).text(), service)?.base.clone())
    }

    /// Returns the Dockerfiles that no Compose service builds, each with a container of the cluster whose image is
    /// clearly made from it: its folder is called like the image, or it is the only one beside the only image of the
    /// project's own.
    pub fn dockerfiles_of_containers(&self) -> Vec<(&'a FileModel, &Unit<'a>)> {
        let mut dockerfiles: FxHashMap<usize, Vec<&FileModel>> = FxHashMap::default();
        for file in self.unbuilt_dockerfiles() {
            dockerfiles.entry(self.part_of(file.id)).or_default().push(file);
        }
        let mut images: IndexMap<usize, OwnImages<'_, 'a>> = IndexMap::new();
        for workload in self.workloads() {
            let part = self.part_of(workload.object.file);
            for unit in workload.units.iter().filter(|_| dockerfiles.contains_key(&part)) {
                images.entry(part).or_default().add(unit, workload.object.file);
            }
        }
        let mut found = Vec::new();
        for (part, images) in &images {
            let files = dockerfiles.get(part).map_or(&[][..], Vec::as_slice);
            for file in files {
                let folder = folder_of(file.path());
                let only = images.only().filter(|_| files.len() == 1);
                let beside = only.filter(|(_, manifest)| {
                    folder.is_empty() || folder == folder_of(self.file(*manifest).path())
                });
                let unit = images.named(name_of(folder)).or(beside.map(|it| it.0));
                found.extend(unit.map(|unit| (*file, unit)));
            }
        }
        found
    }

    /// Returns the Dockerfiles that no Compose service builds, without those for development and for tests. Of several
    /// in a folder, it is the one without an addition to its name.
    fn unbuilt_dockerfiles(&self) -> impl Iterator<Item = &'a FileModel> {
        let all = self.files().iter().copied().filter(|it| it.kind == Kind::Dockerfile);
        let all: Vec<&FileModel> = all.collect();
        let mut in_folder: FxHashMap<&str, usize> = FxHashMap::default();
        for file in &all {
            *in_folder.entry(folder_of(file.path())).or_default() += 1;
        }
        let builds = self.services().iter().filter_map(|it| it.model.build.as_ref()?.dockerfile_id);
        let built: FxHashSet<FileId> = builds.collect();
        all.into_iter().filter(move |file| {
            let path = file.path();
            let is_alone = in_folder.get(folder_of(path)) == Some(&1);
            !built.contains(&file.id)
                && !is_development_name(path)
                && (is_alone || name_of(path) == "Dockerfile")
        })
    }

    /// Returns the image that a Dockerfile builds on, and the `FROM` that names it.
    pub fn base_of_dockerfile(&self, file: &FileModel) -> Option<(String, Span)> {
        let stage = final_stage(file.text(), None)?;
        let span = Span::new(file.id, stage.base_from.start, stage.base_from.end);
        Some((stage.base, span))
    }

    /// Returns the normalised repository of the image that a service runs, or that its image is built on.
    pub fn base_repository(&self, service: &Service<'a>) -> Option<SmolStr> {
        let Some(build) = &service.model.build else {
            return service.unit.image.as_ref().map(|it| it.repository.clone());
        };
        let stage = built_stage(self.file(build.dockerfile_id?).text(), service)?;
        Some(ImageRef::parse(&stage.base).repository())
    }

    /// Returns the `FROM` of the stage that the image of a service is, if its Dockerfile was handed over.
    pub fn final_from(&self, service: &Service<'a>) -> Option<Span> {
        let build = service.model.build.as_ref()?;
        let file = self.file(build.dockerfile_id?);
        let from = &built_stage(file.text(), service)?.from;
        Some(Span::new(file.id, from.start, from.end))
    }

    /// Returns the `FROM` that names the image that the image of a service is built from, through earlier stages, if
    /// its Dockerfile was handed over.
    pub fn base_from(&self, service: &Service<'a>) -> Option<Span> {
        let build = service.model.build.as_ref()?;
        let file = self.file(build.dockerfile_id?);
        let from = &built_stage(file.text(), service)?.base_from;
        Some(Span::new(file.id, from.start, from.end))
    }

    /// Returns what the image of a service starts where nothing is added to it, if its Dockerfile was handed over and
    /// says so; `None` where the service drops that.
    pub fn default_start(&self, service: &Service<'a>) -> Option<ImageStart> {
        let is_dropped = service.unit.start.is_dropped();
        of_service(service, &Start::default(), self.files).filter(|_| !is_dropped)
    }

    /// Returns the place for what the image of a container does: the `build` of a service, or else its image.
    pub fn build_or_image(&self, unit: &Unit<'a>) -> Span {
        let build = self.service_of(unit).and_then(|it| it.model.build.as_ref());
        build.map_or_else(|| unit.image_or_name(), |it| it.span)
    }

    /// Returns the service that builds the image of a container: itself, or for a main container of the cluster the
    /// one that runs the same thing, unless it builds another image or one for development.
    pub(super) fn builder(&self, unit: &Unit<'a>) -> Option<&Service<'a>> {
        let (workload, at) = match unit.site {
            Site::Service(at) => return Some(&self.services[at]).filter(|it| it.is_built()),
            Site::Container(workload, at) => (workload, at),
        };
        let pair = self.counterpart_of_container(workload, at)?;
        let service = &self.services[pair.service];
        let build = service.model.build.as_ref().filter(|_| unit.part == Part::Main)?;
        let name = |of: &Unit<'_>| of.image.as_ref().map(|it| base_name(&it.repository).to_owned());
        let is_same = service.unit.image.is_none() || name(&service.unit) == name(unit);
        let named = [&build.dockerfile, &build.target].into_iter().flatten();
        let is_for_development = named.into_iter().any(|it| is_development_name(it));
        (is_same && !is_for_development).then_some(service)
    }
}

/// The images of an application that it may build itself.
#[derive(Default)]
struct OwnImages<'f, 'a> {
    /// The first container of each image by its repository, with the file that defines the container.
    by_repository: IndexMap<&'f str, (&'f Unit<'a>, FileId)>,
    /// The first container of each image by the last part of its repository; `None` for parts that several share.
    by_name: FxHashMap<&'f str, Option<&'f Unit<'a>>>,
}

impl<'f, 'a> OwnImages<'f, 'a> {
    /// Adds the image of a container, unless it is a public one.
    fn add(&mut self, unit: &'f Unit<'a>, manifest: FileId) {
        let Some(image) = &unit.image else { return };
        let is_public = image.family.is_some() || publishers::is_public(&image.repository);
        if is_public || self.by_repository.contains_key(image.repository.as_str()) {
            return;
        }
        self.by_repository.insert(&image.repository, (unit, manifest));
        let of_name = self.by_name.entry(name_of(&image.repository));
        of_name.and_modify(|it| *it = None).or_insert(Some(unit));
    }

    /// Returns the first container of the only image of a name.
    fn named(&self, name: &str) -> Option<&'f Unit<'a>> {
        *self.by_name.get(name)?
    }

    /// Returns the first container of the only image.
    fn only(&self) -> Option<(&'f Unit<'a>, FileId)> {
        self.by_repository.values().next().copied().filter(|_| self.by_repository.len() == 1)
    }
}

/// Whether the name of a Dockerfile or of a stage says that it is for development or for tests.
fn is_development_name(name: &str) -> bool {
    role_by_path(name) == Some(Role::Development)
}
