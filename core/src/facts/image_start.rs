//! The command that an image starts, as its Dockerfile says.

use super::dockerfile::{built_stage, final_stage};
use super::{Facts, Service, Unit};
use crate::knowledge::image::ImageRef;
use crate::knowledge::shell::{Command, Word, commands_of_argv};
use crate::model::FileModel;
use crate::report::Kind;
use crate::text::{FileId, Span, folder_of, name_of};
use indexmap::IndexMap;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::ops::Range;

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
    /// Returns the instruction that holds a word of a command.
    pub fn span_of(&self, word: &Word) -> Span {
        match self.arguments {
            Some((first, span)) if word.arg >= first => span,
            Some(_) | None => self.span,
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
        let builds = self.services().iter().filter_map(|it| it.model.build.as_ref()?.dockerfile_id);
        let built: FxHashSet<FileId> = builds.collect();
        let mut dockerfiles: FxHashMap<usize, Vec<&FileModel>> = FxHashMap::default();
        for file in self.files().iter().filter(|it| it.kind == Kind::Dockerfile) {
            if !built.contains(&file.id) {
                dockerfiles.entry(self.part_of(file.id)).or_default().push(file);
            }
        }
        let mut images: IndexMap<usize, IndexMap<&str, &Unit<'a>>> = IndexMap::new();
        for workload in self.workloads() {
            let part = self.part_of(workload.object.file);
            for unit in workload.units.iter().filter(|_| dockerfiles.contains_key(&part)) {
                let own = unit.image.as_ref().filter(|it| it.family.is_none());
                if let Some(image) = own {
                    images.entry(part).or_default().entry(&image.repository).or_insert(unit);
                }
            }
        }
        let mut found = Vec::new();
        for (part, images) in &images {
            let Some(files) = dockerfiles.get(part) else { continue };
            for file in files {
                let folder = name_of(folder_of(file.path()));
                let mut named = images.iter().filter(|it| name_of(it.0) == folder);
                let only = match (named.next(), named.next()) {
                    (Some(image), None) => Some(image),
                    _ => images.first().filter(|_| images.len() == 1 && files.len() == 1),
                };
                found.extend(only.map(|(_, unit)| (*file, *unit)));
            }
        }
        found
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

    /// Returns what the image of a service starts, if its Dockerfile was handed over and says so.
    pub fn image_start(&self, service: &Service<'a>) -> Option<ImageStart> {
        let build = service.model.build.as_ref()?;
        let file = self.file(build.dockerfile_id?);
        let stage = built_stage(file.text(), service)?;
        let span = |range: &Range<usize>| Span::new(file.id, range.start, range.end);
        let both = stage.entrypoint.as_ref().zip(stage.command.as_ref());
        let arguments = both.map(|(first, then)| (first.words.len(), span(&then.range)));
        let (words, range) = stage.start()?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Some(ImageStart { commands: commands_of_argv(&words), span: span(&range), arguments })
    }
}
