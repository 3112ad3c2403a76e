//! Scripts that a project defines and mounts into its containers, and what they set.

use super::order::script_path;
use super::{Facts, Site, Unit, is_below};
use crate::knowledge::shell::{self, Command, is_assignment};
use crate::model::compose::{FileObject, MountKind};
use crate::model::kubernetes::VolumeSource;
use crate::text::{FileId, Span, normalise_path};

/// A script of the project in a container.
#[derive(Debug, Clone, Copy)]
pub struct MountedScript<'a> {
    pub text: &'a str,
    /// The first line of its file, or the key that holds it.
    pub span: Span,
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

    fn script_of_service(&self, at: usize, path: &str) -> Option<MountedScript<'a>> {
        let service = &self.services[at];
        for mount in service.model.volumes.iter().filter(|it| it.kind == MountKind::Bind) {
            let target = mount.target.as_str();
            if !is_below(path, target) {
                continue;
            }
            let source = mount.source.as_ref()?.as_str();
            let rest = path.trim_start_matches(target.trim_end_matches('/'));
            return self.script_in(self.file_at(&normalise_path(&format!("{source}{rest}")))?);
        }
        let config = service.model.configs.iter().find(|it| match &it.target {
            Some(target) => target.as_str() == path,
            None => path.strip_prefix('/') == Some(it.source.as_str()),
        })?;
        let FileObject { content, file_id, .. } = service.project.config(&config.source)?;
        match content {
            Some(text) => Some(MountedScript { text: text.as_str(), span: text.span }),
            None => self.script_in((*file_id)?),
        }
    }

    fn script_in(&self, file: FileId) -> Option<MountedScript<'a>> {
        let text = self.file(file).text();
        let end = text.lines().next().map_or(0, str::len);
        Some(MountedScript { text, span: Span::new(file, 0, end) })
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
        Some(MountedScript { text: (*text)?.as_str(), span: key.span })
    }
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
