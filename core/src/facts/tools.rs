//! Programs that a check runs and that are not in the image.

use super::{Facts, Service, Site, Unit, dockerfile};
use crate::knowledge::families::{Certainty, Class, Family, Known, Tool, family_of};
use crate::knowledge::image::ImageRef;
use crate::knowledge::shell::{Command, Joint, Word, commands, is_shell};
use crate::report::Role;
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// The indices of the services that build an image, by their part of the project and the name of the image.
#[derive(Debug, Default)]
pub(super) struct Builders(OnceLock<FxHashMap<(usize, String), Vec<usize>>>);

/// A program that a check runs and that is not in the image.
#[derive(Debug, Clone)]
pub struct MissingTool {
    pub tool: Tool,
    /// The word that calls it; `None` for the shell that `CMD-SHELL` starts.
    pub word: Option<Word>,
    /// The image in which it is missing, as a person would name it.
    pub image: String,
    /// Whether the image is pulled as it is, and not built here.
    pub is_certain: bool,
    /// Index of another service, which builds the image that this one pulls.
    pub builder: Option<usize>,
    /// A program in the image that could make the same request.
    pub instead: Option<Tool>,
}

/// The contents of an image, as far as they are known.
struct Contents<'f> {
    family: &'static Family,
    repository: String,
    tag: String,
    /// The Dockerfile that builds on it.
    dockerfile: Option<&'f str>,
    /// Index of another service, which builds the image with this Dockerfile.
    builder: Option<usize>,
    /// The image as written.
    image: String,
}

impl Contents<'_> {
    fn of<'f>(image: &str, dockerfile: Option<&'f str>) -> Option<Contents<'f>> {
        let reference = ImageRef::parse(image);
        // A variable that is not set leaves an empty tag.
        if reference.has_variable_repository() || reference.tag == Some("") {
            return None;
        }
        let repository = reference.repository();
        let (family, certainty) = family_of(&repository)?;
        // Without a tag the image is the newest one, but a digest may name any.
        let tag = reference.tag.or(reference.digest.is_none().then_some("latest"))?;
        (certainty == Certainty::Certain).then(|| Contents {
            family,
            repository: repository.to_string(),
            tag: tag.to_owned(),
            dockerfile,
            builder: None,
            image: image.to_owned(),
        })
    }

    fn has(&self, tool: Tool) -> Known {
        let known = self.family.has_tool(&self.repository, Some(&self.tag), tool);
        match self.dockerfile {
            Some(text) if known == Known::No && dockerfile::may_bring(text, tool.name()) => {
                Known::Unknown
            }
            _ => known,
        }
    }
}

/// Returns the last part of the name of an image, by which it is known in any registry.
fn built_name(image: &str) -> Option<String> {
    let name = ImageRef::parse(image).last_segment().to_owned();
    (!name.is_empty() && !name.contains('$')).then_some(name)
}

impl<'a> Facts<'a> {
    /// Returns a program that a check in a container needs and its image lacks. `words` are the words of
    /// the check, which a shell takes apart where `in_shell` says so.
    pub fn missing_tool(
        &self,
        unit: &Unit<'a>,
        words: &[&str],
        in_shell: bool,
    ) -> Option<MissingTool> {
        let contents = self.contents(unit)?;
        let lacks = |tool: Tool| contents.has(tool) == Known::No && !self.mounts_tool(unit, tool);
        let found = |tool, word: Option<&Word>| {
            let able = [Tool::Curl, Tool::Wget];
            let requests = able.contains(&tool);
            let other = able.into_iter().find(|it| *it != tool && contents.has(*it) == Known::Yes);
            MissingTool {
                tool,
                word: word.cloned(),
                image: contents.image.clone(),
                is_certain: contents.dockerfile.is_none(),
                builder: contents.builder,
                instead: other.filter(|_| requests),
            }
        };
        if in_shell && lacks(Tool::Sh) {
            return Some(found(Tool::Sh, None));
        }
        let first = words.first().map(|it| crate::knowledge::shell::base_name(it));
        let shell = first.filter(|it| !in_shell && is_shell(it)).and_then(Tool::from_program);
        if let Some(shell) = shell.filter(|it| lacks(*it)) {
            let text = words.first().copied().unwrap_or_default();
            let word = Word { text: text.into(), arg: 0, start: 0, end: text.len() };
            return Some(found(shell, Some(&word)));
        }
        let run = match words {
            [script] if in_shell => commands(script),
            _ => crate::knowledge::shell::commands_of_argv(words),
        };
        let missing = |at: usize| {
            let word = run[at].program().first()?;
            let tool = Tool::from_program(run[at].name())?;
            (lacks(tool) && !has_alternative(&run, at)).then(|| found(tool, Some(word)))
        };
        (0..run.len()).find_map(missing)
    }

    /// Whether the image of a container is known to hold no shell, and therefore no other tools: one that is
    /// built from scratch or from a distroless image, here or for the service that runs the same thing.
    pub fn lacks_shell(&self, unit: &Unit<'a>) -> bool {
        if self.missing_tool(unit, &[], true).is_some() {
            return true;
        }
        self.base_beneath(unit).is_some_and(|base| {
            let base = base.to_ascii_lowercase();
            let is_debug = base.rsplit(':').next().is_some_and(|it| it.contains("debug"));
            base == "scratch" || base.contains("distroless") && !is_debug
        })
    }

    /// Whether a container is known to run a web server or a proxy, by its own image or by the one that its
    /// image is built on: such a program reads no settings of application frameworks.
    pub fn serves_only(&self, unit: &Unit<'a>) -> bool {
        let family = match self.base_beneath(unit) {
            Some(base) => family_of(&ImageRef::parse(&base).repository()).map(|it| it.0),
            None => unit.family(),
        };
        family.is_some_and(|it| matches!(it.class, Class::WebServer | Class::Proxy))
    }

    /// Returns the image that the image of a container is built on, if a service of the project builds it: the container
    /// itself, or the service that runs the same thing.
    fn base_beneath(&self, unit: &Unit<'a>) -> Option<String> {
        let service = match unit.site {
            Site::Service(at) => &self.services()[at],
            Site::Container(workload, at) => {
                &self.services()[self.counterpart_of_container(workload, at)?.service]
            }
        };
        Some(self.base_of_build(service)?.1)
    }

    fn contents(&self, unit: &Unit<'a>) -> Option<Contents<'_>> {
        if let Some(service) = self.service_of(unit).filter(|it| it.is_built()) {
            let (text, base) = self.base_of_build(service)?;
            return Contents::of(&base, Some(text));
        }
        let image = unit.image.as_ref()?;
        let pulled = Contents::of(image.text, None);
        if pulled.is_some() || image.family.is_some() {
            return pulled;
        }
        let builder = self.builder_of(self.service_of(unit)?, image.text)?;
        let (text, base) = self.base_of_build(builder)?;
        Some(Contents { builder: Some(builder.index), ..Contents::of(&base, Some(text))? })
    }

    /// Returns the service of another Compose file in the same part of the project that builds the image which a service
    /// pulls: one whose image ends in the same name, whatever the registry and the tag. There is none where services
    /// build different things under that name.
    fn builder_of(&self, service: &Service<'a>, image: &str) -> Option<&Service<'a>> {
        let name = built_name(image)?;
        let builders = self.builders.0.get_or_init(|| self.find_builders());
        let part = self.part_of(service.span().file);
        let built = |it: &Service<'a>| {
            let build = it.model.build.as_ref()?;
            Some((build.dockerfile_id?, build.target.as_ref().map(|it| it.value.clone())))
        };
        let all = builders.get(&(part, name))?.iter().map(|at| &self.services()[*at]);
        let mut builders = all.filter(|it| {
            it.project_index != service.project_index
                && (it.role != Role::Development || service.role == Role::Development)
        });
        let first = builders.next()?;
        builders.all(|it| built(it) == built(first)).then_some(first)
    }

    fn find_builders(&self) -> FxHashMap<(usize, String), Vec<usize>> {
        let mut builders: FxHashMap<_, Vec<usize>> = FxHashMap::default();
        for service in self.services().iter().filter(|it| it.is_built()) {
            let image = service.unit.image.as_ref();
            if let Some(name) = image.and_then(|it| built_name(it.text)) {
                let part = self.part_of(service.span().file);
                builders.entry((part, name)).or_default().push(service.index);
            }
        }
        builders
    }

    /// Returns the Dockerfile of a service and the image that its final stage starts from.
    fn base_of_build(&self, service: &Service<'a>) -> Option<(&str, String)> {
        let build = service.model.build.as_ref()?;
        let inline = build.dockerfile_inline.as_ref().map(|it| it.as_str());
        let text = inline.or(build.dockerfile_id.map(|it| self.file(it).text()))?;
        Some((text, dockerfile::built_stage(text, service)?.base.clone()))
    }

    /// Whether a container mounts something at a path that ends in the name of a program.
    fn mounts_tool(&self, unit: &Unit<'a>, tool: Tool) -> bool {
        let is_tool = |path: &str| path.rsplit('/').next() == Some(tool.name());
        self.mounted(unit).iter().any(|it| {
            let path = it.path.as_str();
            is_tool(path)
                || matches!(path.trim_end_matches('/'), "/bin" | "/usr/bin" | "/usr/local/bin")
        })
    }
}

/// Whether another command is tried where this one fails, as in `curl … || wget …`, or the command
/// runs only where a test before it finds the program.
fn has_alternative(run: &[Command], at: usize) -> bool {
    let gives_up =
        |it: &Command| matches!(it.name(), "exit" | "false" | "kill" | "echo" | "return");
    let next = run.get(at + 1).filter(|_| run[at].joint == Joint::Or);
    let looks_for_it = |it: &Command| {
        matches!(
            it.words.first().map(|it| it.text.as_str()),
            Some("command" | "which" | "type" | "hash")
        )
    };
    next.is_some_and(|it| !gives_up(it)) || run[..at].iter().any(looks_for_it)
}
