//! Reads the build, the environment, the labels, the ports and the mounts of a service.

use crate::knowledge::ip::is_ip;
use crate::model::compose::load::dotenv;
use crate::model::compose::load::short::{clean, is_path, range};
use crate::model::compose::load::value::Value;
use crate::model::compose::read::service::extra_hosts;
use crate::model::compose::read::{
    Read, boolean, key_values, keys, maps, str_at, str_of, strings, text_at,
};
use crate::model::compose::{
    Build, EnvFile, EnvSource, EnvVar, KeyValue, Mount, MountKind, Port, ProblemKind,
};
use crate::text::{Spanned, join_path};
use indexmap::IndexMap;
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

impl Read<'_> {
    pub(crate) fn build(&mut self, value: &Value) -> Option<Build> {
        let map = value.as_map()?;
        let span = value.span;
        let context =
            str_at(map, "context").unwrap_or_else(|| Spanned::new(SmolStr::new_static("."), span));
        let dockerfile = str_at(map, "dockerfile");
        let dockerfile_inline = str_at(map, "dockerfile_inline");
        if let (Some(path), Some(_)) = (&dockerfile, &dockerfile_inline) {
            let message = "`dockerfile` and `dockerfile_inline` are mutually exclusive";
            self.out.problem(ProblemKind::Conflict, path.span, "dockerfile", message);
        }
        let name = dockerfile.as_ref().map_or("Dockerfile", |path| path.as_str());
        let dockerfile_id = match dockerfile_inline {
            Some(_) => None,
            None => self.file(&join_path(&context.value, name)),
        };
        Some(Build {
            span,
            place: map.place,
            context,
            dockerfile,
            dockerfile_inline,
            dockerfile_id,
            target: str_at(map, "target"),
            args: self.arguments(map.get("args")),
            labels: key_values(map.get("labels")),
            additional_contexts: key_values(map.get("additional_contexts")),
            extra_hosts: extra_hosts(map.get("extra_hosts")),
            cache_from: strings(map.get("cache_from")),
            cache_to: strings(map.get("cache_to")),
            platforms: strings(map.get("platforms")),
            tags: strings(map.get("tags")),
            secrets: self.file_references(map.get("secrets")),
            network: str_at(map, "network"),
            keys: keys(map),
        })
    }

    /// Reads build arguments. One without a value takes that of the project's variable.
    fn arguments(&self, value: Option<&Value>) -> Vec<KeyValue> {
        let mut all = key_values(value);
        for argument in all.iter_mut().filter(|argument| argument.value.is_none()) {
            let inherited = self.environment.value(&argument.key);
            argument.value = inherited.map(|value| Spanned::new(value, argument.key.span));
        }
        all
    }

    pub(crate) fn env_files(&mut self, value: &Value) -> Vec<EnvFile> {
        let mut all = Vec::new();
        for (span, map) in maps(Some(value)) {
            let Some(path) = str_at(map, "path") else { continue };
            let required = boolean(map.get("required")).is_none_or(|flag| flag.value);
            let file = self.file(&path.value);
            if file.is_none() && required {
                let message = format!("the file `{path}` that `env_file` names was not found");
                self.out.problem(ProblemKind::EnvFileMissing, path.span, &path, message);
            }
            let format = str_at(map, "format");
            if let Some(format) =
                format.as_ref().filter(|format| !matches!(format.as_str(), "" | "raw"))
            {
                let message =
                    format!("`{format}` is not a format of an `env_file`: the only one is `raw`");
                self.out.problem(ProblemKind::InvalidValue, format.span, format, message);
            }
            all.push(EnvFile { path, required, format, file, span });
        }
        all
    }

    /// Returns the variables of the files, overridden by those of `environment`, and the variables of the
    /// files to which `environment` gives another value. A variable that is set again keeps its position.
    pub(crate) fn effective_environment(
        &mut self,
        files: &[EnvFile],
        own: Option<&Value>,
    ) -> (Vec<EnvVar>, Vec<EnvVar>) {
        if files.is_empty() {
            return (self.environment(own), Vec::new());
        }
        let mut all: IndexMap<SmolStr, EnvVar> = IndexMap::new();
        for file in files {
            let Some(input) = file.file.and_then(|id| self.files.get(id)) else { continue };
            let raw = file.format.as_ref().is_some_and(|format| format.value == "raw");
            let found = if raw {
                dotenv::parse_raw(input.id, input.text)
            } else {
                let outer = |name: &str| self.environment.value(name);
                let earlier = |name: &str| Some(all.get(name)?.value.as_ref()?.value.clone());
                dotenv::parse_after(input.id, input.text, &outer, &earlier)
            };
            if let Some((kind, span, message)) = found.error {
                self.out.problem(kind, span, &file.path, message);
            }
            for variable in found.variables {
                // A name alone that nothing sets is not passed to the container.
                let Some(value) = variable.value else { continue };
                let span = variable.name.span.to(value.span);
                if !self.out.share(value.len(), span) {
                    break;
                }
                let variable = EnvVar {
                    name: variable.name,
                    value: Some(value),
                    span,
                    from: EnvSource::EnvFile(input.id),
                    interpolated: false,
                    list_form: true,
                    typed: false,
                };
                all.insert(variable.name.value.clone(), variable);
            }
        }
        let mut overridden = Vec::new();
        for variable in self.environment(own) {
            let text = |it: &EnvVar| it.value.as_ref().map(|it| it.value.clone());
            let value = text(&variable);
            let earlier = all.insert(variable.name.value.clone(), variable);
            overridden.extend(earlier.filter(|it| text(it) != value));
        }
        (all.into_values().collect(), overridden)
    }

    /// Returns the labels of files, overridden by those of `labels`.
    pub(crate) fn labels(&mut self, files: Option<&Value>, own: Option<&Value>) -> Vec<KeyValue> {
        let own = key_values(own);
        let paths = strings(files);
        if paths.is_empty() {
            return own;
        }
        let mut all: Vec<KeyValue> = Vec::new();
        for path in paths {
            let Some((_, input)) = self.files.find(&join_path(self.folder, &path)) else {
                let message = format!("the file `{path}` that `label_file` names was not found");
                self.out.problem(ProblemKind::EnvFileMissing, path.span, &path, message);
                continue;
            };
            let outer = |name: &str| self.environment.value(name);
            for label in dotenv::parse(input.id, input.text, &outer).variables {
                let Some(value) = label.value else { continue };
                let span = label.name.span.to(value.span);
                all.push(KeyValue { key: label.name, value: Some(value), span });
            }
        }
        all.extend(own);
        // The last label of each name counts, and keeps its position.
        let mut seen: FxHashSet<SmolStr> = FxHashSet::default();
        let mut last: Vec<KeyValue> =
            all.into_iter().rev().filter(|label| seen.insert(label.key.value.clone())).collect();
        last.reverse();
        last
    }

    pub(crate) fn ports(&mut self, value: &Value) -> Vec<Port> {
        let mut all = Vec::new();
        for (span, map) in maps(Some(value)) {
            let Some(target) = map.get("target") else {
                let message = "a port needs a `target`, the port of the container";
                self.out.problem(ProblemKind::InvalidPort, span, "", message);
                continue;
            };
            let ports = |value: &Value| Some(Spanned::new(range(value.text()?)?, value.span));
            let Some(target) = ports(target).filter(|ports| ports.0 == ports.1) else {
                let name = target.text().map_or("", SmolStr::as_str);
                let message = format!("`{name}` is not a valid container port");
                self.out.problem(ProblemKind::InvalidPort, target.span, name, message);
                continue;
            };
            // `::80` has no address either, and Compose accepts that.
            let host_ip = str_at(map, "host_ip").filter(|ip| !(map.short && ip.is_empty()));
            if let Some(ip) = host_ip.as_ref().filter(|ip| !is_ip(ip)) {
                let message = format!("`{ip}` is not an IP address");
                self.out.problem(ProblemKind::InvalidPort, ip.span, ip, message);
            }
            let protocol = str_at(map, "protocol");
            all.push(Port {
                host_ip,
                published: map.get("published").and_then(ports),
                target: target.map(|(first, _)| first),
                protocol_span: protocol.as_ref().map(|it| it.span),
                protocol: protocol.map_or(SmolStr::new_static("tcp"), |it| it.value),
                mode: str_at(map, "mode"),
                name: str_at(map, "name"),
                app_protocol: str_at(map, "app_protocol"),
                span,
                short_form: map.short,
                place: map.place,
            });
        }
        all
    }

    pub(crate) fn mounts(&mut self, value: &Value) -> Vec<Mount> {
        let mut all = Vec::new();
        for (span, map) in maps(Some(value)) {
            let source = str_at(map, "source");
            let kind = match text_at(map, "type") {
                Some("bind") => MountKind::Bind,
                Some("tmpfs") => MountKind::Tmpfs,
                Some("npipe") => MountKind::Npipe,
                Some("cluster") => MountKind::Cluster,
                Some("image") => MountKind::Image,
                // A type that only the environment knows.
                Some("") if source.as_ref().is_some_and(|it| is_path(it)) => MountKind::Bind,
                _ if source.is_none() => MountKind::Anonymous,
                _ => MountKind::Volume,
            };
            let Some(mut target) = str_at(map, "target") else {
                let message = "a mount needs a `target`, the path in the container";
                self.out.problem(ProblemKind::InvalidMount, span, "", message);
                continue;
            };
            target.value = clean(&target.value);
            let inner = |section: &str, key: &str| str_of(map.get(section)?.get(key)?);
            let mut options: Vec<SmolStr> = Vec::new();
            if let Some(written) = text_at(map, "options") {
                options.extend(written.split(',').map(SmolStr::new));
            }
            if inner("volume", "nocopy").is_some_and(|flag| flag.value == "true") {
                options.push(SmolStr::new_static("nocopy"));
            }
            options.extend(inner("bind", "propagation").map(|mode| mode.value));
            options.extend(inner("bind", "selinux").map(|mode| mode.value));
            let subpath = inner("volume", "subpath").or_else(|| inner("image", "subpath"));
            all.push(Mount {
                kind,
                source,
                target,
                read_only: boolean(map.get("read_only")).is_some_and(|flag| flag.value),
                consistency: str_at(map, "consistency"),
                options,
                subpath,
                span,
                short_form: map.short,
                place: map.place,
            });
        }
        all
    }
}
