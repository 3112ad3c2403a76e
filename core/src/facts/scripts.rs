//! Scripts that a project defines and mounts into its containers, and what they set.

use super::dockerfile::{Stage, built_stage};
use super::{Facts, Service, Site, Unit, is_below};
use crate::knowledge::shell::{self, Command, Word, commands_of_argv, is_assignment};
use crate::model::compose::{FileObject, MountKind};
use crate::model::kubernetes::VolumeSource;
use crate::text::{FileId, Span, join_path, normalise_path};

/// A script of the project in a container.
#[derive(Debug, Clone, Copy)]
pub struct MountedScript<'a> {
    pub text: &'a str,
    /// The first line of its file, or the key that holds it.
    pub span: Span,
    /// The file that it is.
    file: Option<FileId>,
}

impl MountedScript<'_> {
    /// Returns the place of a word of the script, as precisely as the text allows.
    pub fn span_of(&self, word: &Word) -> Span {
        self.file.map_or(self.span, |file| Span::new(file, word.start, word.end))
    }
}

/// A script that a container starts, with what it runs in any case.
#[derive(Debug, Clone)]
pub struct StartedScript<'a> {
    pub script: MountedScript<'a>,
    /// Its name, such as `entrypoint.sh`.
    pub name: String,
    /// What starts it: a word of the start command, or the `build` whose image starts it.
    pub started_at: Span,
    /// The commands that do not depend on a condition.
    pub commands: Vec<Command>,
}

impl<'a> Facts<'a> {
    /// Returns the script that a container finds at a path, where the project defines it: a file that is
    /// mounted, a Compose config or the key of a ConfigMap.
    pub fn mounted_script(&self, unit: &Unit<'a>, path: &str) -> Option<MountedScript<'a>> {
        match unit.site {
            Site::Service(at) => self.script_of_service(at, path),
            Site::Container(workload, at) => self.script_of_container(workload, at, path),
        }
    }

    /// Returns the value that the start command of a container, or the script that it runs, gives a variable
    /// whatever the environment of the container says: `NODE_ENV=production node server.js`.
    pub fn value_at_start(&self, unit: &Unit<'a>, name: &str) -> Option<String> {
        let commands = match self.service_of(unit) {
            Some(service) => self.started_commands(service),
            None => unit.start.commands.clone(),
        };
        let script = |it: &Command| self.mounted_script(unit, script_path(it)?);
        let in_script = |it: &Command| last_value(&shell::commands(script(it)?.text), name);
        last_value(&commands, name).or_else(|| commands.iter().find_map(in_script))
    }

    /// Returns the scripts of the project that a container starts: those that are mounted, and those that the
    /// Dockerfile of a service copies into its image.
    pub fn started_scripts(&self, unit: &Unit<'a>) -> Vec<StartedScript<'a>> {
        let builder = self.builder(unit);
        let stage = builder.and_then(|it| {
            let build = it.model.build.as_ref()?;
            built_stage(self.file(build.dockerfile_id?).text(), it)
        });
        let own = &unit.start;
        let mut commands: Vec<(Command, bool)> = Vec::new();
        if let Some(stage) = stage.filter(|_| !own.replaces_entrypoint && !own.drops_command) {
            let of_image = match own.is_empty() {
                true => stage.start().map(|it| it.0),
                false => stage.entrypoint.clone().map(|it| it.words),
            };
            let words = of_image.unwrap_or_default();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let started = if words.is_empty() { Vec::new() } else { commands_of_argv(&words) };
            commands.extend(started.into_iter().map(|it| (it, true)));
        }
        commands.extend(own.commands.iter().cloned().map(|it| (it, false)));
        let service = self.service_of(unit);
        let folder = match service.and_then(|it| it.model.working_dir.as_ref()) {
            Some(folder) => folder.as_str(),
            None => stage.map_or("", |it| it.directory.as_str()),
        };
        let of_image = self.build_or_image(unit);
        let mut found = Vec::new();
        for (command, is_of_image) in &commands {
            let Some(word) = script_word(command) else { continue };
            let script = places_of(&word.text, folder, command).into_iter().find_map(|path| {
                self.mounted_script(unit, &path)
                    .or_else(|| self.copied_script(builder?, stage?, &path))
            });
            let Some(script) = script else { continue };
            found.push(StartedScript {
                name: shell::base_name(&word.text).to_owned(),
                started_at: if *is_of_image { of_image } else { own.span_of(word) },
                commands: shell::commands(&shell::without_branches(script.text)),
                script,
            });
        }
        found
    }

    /// Returns the script that the image of a service has at a path, copied from the build context.
    fn copied_script(
        &self,
        service: &Service<'a>,
        stage: &Stage,
        path: &str,
    ) -> Option<MountedScript<'a>> {
        let context = &service.model.build.as_ref()?.context;
        let context = join_path(&service.project.folder, context);
        let mut files =
            stage.sources_of(path).filter_map(|it| self.file_at(&join_path(&context, &it)));
        self.script_in(files.next()?)
    }

    fn script_of_service(&self, at: usize, path: &str) -> Option<MountedScript<'a>> {
        let service = &self.services[at];
        for mount in service.model.volumes.iter().filter(|it| it.kind == MountKind::Bind) {
            let target = mount.target.as_str();
            if !is_below(path, target) {
                continue;
            }
            let source = mount.source.as_ref()?.as_str();
            let rest = path.trim_start_matches(target.trim_end_matches('/'));
            let path = join_path(&service.project.folder, &format!("{source}{rest}"));
            return self.script_in(self.file_at(&path)?);
        }
        let config = service.model.configs.iter().find(|it| match &it.target {
            Some(target) => target.as_str() == path,
            None => path.strip_prefix('/') == Some(it.source.as_str()),
        })?;
        let FileObject { content, file_id, .. } = service.project.config(&config.source)?;
        match content {
            Some(text) => Some(MountedScript { text: text.as_str(), span: text.span, file: None }),
            None => self.script_in((*file_id)?),
        }
    }

    fn script_in(&self, file: FileId) -> Option<MountedScript<'a>> {
        let text = self.file(file).text();
        let end = text.lines().next().map_or(0, str::len);
        Some(MountedScript { text, span: Span::new(file, 0, end), file: Some(file) })
    }

    fn script_of_container(
        &self,
        workload: usize,
        at: usize,
        path: &str,
    ) -> Option<MountedScript<'a>> {
        let workload = &self.workloads[workload];
        let mounts = workload.container(at).mounts.iter();
        let (mount, target) = mounts
            .filter_map(|it| Some((it, it.mount_path.as_ref()?.as_str())))
            .filter(|it| is_below(path, it.1))
            .max_by_key(|it| it.1.len())?;
        let volume = workload.model.template.spec.volume(mount.name.as_ref()?)?;
        let VolumeSource::ConfigMap(source) = &volume.source else { return None };
        let file = match &mount.sub_path {
            Some(key) => key.as_str(),
            None => path[target.trim_end_matches('/').len()..].trim_start_matches('/'),
        };
        let renamed =
            source.items.iter().find(|it| it.path.as_ref().is_some_and(|it| it.as_str() == file));
        let key = match renamed {
            Some(item) => item.key.as_ref()?.as_str(),
            None if source.items.is_empty() => file,
            None => return None,
        };
        let name = source.name.as_ref()?;
        let keys = self.keys(workload.object.file, workload.namespace, name, false)?;
        let (key, text) = keys.entries.iter().find(|it| it.0.as_str() == key)?;
        Some(MountedScript { text: (*text)?.as_str(), span: key.span, file: None })
    }
}

/// Returns the word of a command that names a script: its program, or what it gives to a shell.
fn script_word(command: &Command) -> Option<&Word> {
    let words = command.program();
    if !shell::is_shell(command.name()) {
        return words.first();
    }
    words[1..].iter().find(|it| !it.text.starts_with('-'))
}

/// Returns the absolute path of the script that a command runs. A program that is no path may be a wrapper of an
/// unknown kind, which is given the script: `run-as app /entrypoint.sh`.
pub(super) fn script_path(command: &Command) -> Option<&str> {
    let is_absolute = |word: &&Word| word.text.starts_with('/');
    let is_given = |word: &&Word| is_absolute(word) && word.text.ends_with(".sh");
    let word = script_word(command).filter(is_absolute);
    Some(&word.or_else(|| command.program().iter().find(is_given))?.text)
}

/// Returns the absolute paths at which a container may find a script: its own, below the working directory, or on
/// the search path.
fn places_of(name: &str, folder: &str, command: &Command) -> Vec<String> {
    if name.starts_with('/') {
        return vec![normalise_path(name)];
    }
    let below = |folder: &str| normalise_path(&format!("/{folder}/{name}"));
    if name.contains('/') || shell::is_shell(command.name()) {
        return vec![below(folder)];
    }
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .map(below)
        .into()
}

/// Returns the last value that commands give a variable, unless it depends on other variables.
fn last_value(commands: &[Command], name: &str) -> Option<String> {
    let assignments = commands.iter().flat_map(|command| {
        let is_export = matches!(command.name(), "export" | "declare" | "typeset");
        let wrapped = command.words.len() - command.program().len();
        let end = if is_export { command.words.len() } else { wrapped };
        command.assignments.iter().chain(&command.words[..end])
    });
    let values = assignments.filter(|it| is_assignment(&it.text));
    let mut values = values.filter_map(|it| it.text.split_once('='));
    let (_, value) = values.rfind(|it| it.0 == name)?;
    (!value.contains(['$', '`'])).then(|| value.to_owned())
}
