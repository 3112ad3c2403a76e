//! What a service builds, what it is told, what it opens and what it mounts.

use crate::model::compose::load::dotenv;
use crate::model::compose::load::short::{clean, range};
use crate::model::compose::load::value::Value;
use crate::model::compose::read::{
    Read, boolean, key_values, keys, maps, place, str_at, str_of, strings,
};
use crate::model::compose::{
    Build, EnvFile, EnvSource, EnvVar, KeyValue, Mount, MountKind, Port, ProblemKind,
};
use crate::text::{Spanned, join_path};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// The variables of a container, each name once.
#[derive(Default)]
struct Variables {
    list: Vec<EnvVar>,
    index: FxHashMap<SmolStr, usize>,
}

impl Variables {
    /// The last one counts, at the place of the first.
    fn set(&mut self, variable: EnvVar) {
        match self.index.get(&variable.name.value) {
            Some(at) => self.list[*at] = variable,
            None => {
                self.index.insert(variable.name.value.clone(), self.list.len());
                self.list.push(variable);
            }
        }
    }
}

impl Read<'_> {
    pub(crate) fn build(&mut self, value: &Value) -> Option<Build> {
        let map = value.as_map()?;
        let span = value.span;
        let context =
            str_at(map, "context").unwrap_or_else(|| Spanned::new(SmolStr::new_static("."), span));
        let dockerfile = str_at(map, "dockerfile");
        let dockerfile_inline = str_at(map, "dockerfile_inline");
        if let (Some(it), Some(_)) = (&dockerfile, &dockerfile_inline) {
            let message = "`dockerfile` and `dockerfile_inline` exclude each other";
            self.out.problem(ProblemKind::Conflict, it.span, "dockerfile", message);
        }
        let name = dockerfile.as_ref().map_or("Dockerfile", |it| it.value.as_str());
        let dockerfile_id = match dockerfile_inline {
            Some(_) => None,
            None => self.file(&join_path(&context.value, name)),
        };
        Some(Build {
            span,
            place: place(map),
            context,
            dockerfile,
            dockerfile_inline,
            dockerfile_id,
            target: str_at(map, "target"),
            args: self.arguments(map.get("args")),
            labels: key_values(map.get("labels")),
            additional_contexts: key_values(map.get("additional_contexts")),
            cache_from: strings(map.get("cache_from")),
            cache_to: strings(map.get("cache_to")),
            platforms: strings(map.get("platforms")),
            tags: strings(map.get("tags")),
            secrets: self.file_references(map.get("secrets")),
            network: str_at(map, "network"),
            keys: keys(map),
        })
    }

    /// Build arguments without a value take that of the project.
    fn arguments(&self, value: Option<&Value>) -> Vec<KeyValue> {
        let mut all = key_values(value);
        for it in &mut all {
            if it.value.is_none() {
                let value = self.environment.value(&it.key.value);
                it.value = value.map(|value| Spanned::new(value, it.key.span));
            }
        }
        all
    }

    pub(crate) fn env_files(&mut self, value: &Value) -> Vec<EnvFile> {
        let mut all = Vec::with_capacity(value.as_list().map_or(0, <[Value]>::len));
        for (span, map) in maps(Some(value)) {
            let Some(path) = str_at(map, "path") else { continue };
            let required = boolean(map.get("required")).is_none_or(|it| it.value);
            let file = self.file(&path.value);
            if file.is_none() && required {
                let message = "the file `{}` that `env_file` names is not there";
                self.out.problem(ProblemKind::EnvFileMissing, path.span, &path.value, message);
            }
            let format = str_at(map, "format");
            if let Some(it) = format.as_ref().filter(|it| it.value != "raw") {
                let message = "`{}` is no format of an `env_file`; `raw` is the only one";
                self.out.problem(ProblemKind::InvalidValue, it.span, &it.value, message);
            }
            all.push(EnvFile { path, required, format, file, span });
        }
        all
    }

    /// The variables of the files, overridden by those of `environment`.
    pub(crate) fn effective_environment(
        &mut self,
        files: &[EnvFile],
        own: Option<&Value>,
    ) -> Vec<EnvVar> {
        if files.is_empty() {
            return self.environment(own);
        }
        let mut all = Variables::default();
        for file in files {
            let Some(id) = file.file else { continue };
            let Some(input) = self.files.all.iter().find(|it| it.id == id) else { continue };
            let raw = file.format.as_ref().is_some_and(|it| it.value == "raw");
            let found = if raw {
                dotenv::parse_raw(id, input.text)
            } else {
                let outer = |name: &str| self.environment.value(name);
                let earlier = |name: &str| {
                    let at = *all.index.get(name)?;
                    Some(all.list[at].value.as_ref()?.value.clone())
                };
                dotenv::parse_after(id, input.text, &outer, &earlier)
            };
            if let Some((kind, span, message)) = found.error {
                self.out.told(kind, span, &file.path.value, message);
            }
            for variable in found.variables {
                // A lone name that nothing sets is no variable.
                let Some(value) = variable.value else { continue };
                let span = variable.name.span.to(value.span);
                all.set(EnvVar {
                    name: variable.name,
                    value: Some(value),
                    span,
                    from: EnvSource::EnvFile(id),
                    interpolated: false,
                    list_form: true,
                    typed: false,
                });
            }
        }
        for variable in self.environment(own) {
            all.set(variable);
        }
        all.list
    }

    /// The labels of files, overridden by those of `labels`.
    pub(crate) fn labels(&mut self, files: Option<&Value>, own: Option<&Value>) -> Vec<KeyValue> {
        let own = key_values(own);
        let mut all: Vec<KeyValue> = Vec::new();
        for path in strings(files) {
            let Some((_, input)) = self.files.find(&join_path(self.folder, &path.value)) else {
                let message = "the file `{}` that `label_file` names is not there";
                self.out.problem(ProblemKind::EnvFileMissing, path.span, &path.value, message);
                continue;
            };
            let outer = |name: &str| self.environment.value(name);
            let found = dotenv::parse(input.id, input.text, &outer).variables;
            for it in found {
                let Some(value) = it.value else { continue };
                let span = it.name.span.to(value.span);
                all.retain(|old| old.key.value != it.name.value);
                all.push(KeyValue { key: it.name, value: Some(value), span });
            }
        }
        all.retain(|it| !own.iter().any(|own| own.key.value == it.key.value));
        all.extend(own);
        all
    }

    pub(crate) fn ports(&mut self, value: &Value) -> Vec<Port> {
        let mut all = Vec::with_capacity(value.as_list().map_or(0, <[Value]>::len));
        for (span, map) in maps(Some(value)) {
            let [target, published, host_ip, protocol, mode, name, app_protocol] = map.all([
                "target",
                "published",
                "host_ip",
                "protocol",
                "mode",
                "name",
                "app_protocol",
            ]);
            let text = |it: Option<&Value>| it.and_then(str_of);
            let Some(target) = target else {
                let message = "a port needs a `target`, the port of the container";
                self.out.problem(ProblemKind::InvalidPort, span, "", message);
                continue;
            };
            let number = |it: &Value| {
                let (first, last) = range(it.text()?)?;
                Some(Spanned::new((first, last), it.span))
            };
            let Some(target) = number(target).filter(|it| it.value.0 == it.value.1) else {
                let name = target.text().cloned().unwrap_or_default();
                let message = "`{}` is no port of a container";
                self.out.problem(ProblemKind::InvalidPort, target.span, &name, message);
                continue;
            };
            let published = published.filter(|it| it.text().is_some_and(|it| !it.is_empty()));
            let host_ip = text(host_ip).filter(|it| !it.value.is_empty());
            if let Some(ip) = &host_ip
                && !crate::knowledge::ip::is_ip(&ip.value)
            {
                let message = "`{}` is no IP address";
                self.out.problem(ProblemKind::InvalidPort, ip.span, &ip.value, message);
            }
            all.push(Port {
                host_ip,
                published: published.and_then(number),
                target: target.map(|it| it.0),
                protocol: text(protocol).map_or(SmolStr::new_static("tcp"), |it| it.value),
                mode: text(mode),
                name: text(name),
                app_protocol: text(app_protocol),
                span,
                short_form: map.short,
                place: place(map),
            });
        }
        all
    }

    pub(crate) fn mounts(&mut self, value: &Value) -> Vec<Mount> {
        let mut all = Vec::with_capacity(value.as_list().map_or(0, <[Value]>::len));
        for (span, map) in maps(Some(value)) {
            let [kind, source, target, options, read_only, consistency, bind, volume, image] = map
                .all([
                    "type",
                    "source",
                    "target",
                    "options",
                    "read_only",
                    "consistency",
                    "bind",
                    "volume",
                    "image",
                ]);
            let source = source.and_then(str_of);
            let kind = match kind.and_then(Value::text).map(SmolStr::as_str) {
                Some("bind") => MountKind::Bind,
                Some("tmpfs") => MountKind::Tmpfs,
                Some("npipe") => MountKind::Npipe,
                Some("cluster") => MountKind::Cluster,
                Some("image") => MountKind::Image,
                _ if source.is_none() => MountKind::Anonymous,
                _ => MountKind::Volume,
            };
            let Some(mut target) = target.and_then(str_of) else {
                let message = "a mount needs a `target`, the path in the container";
                self.out.problem(ProblemKind::InvalidMount, span, "", message);
                continue;
            };
            target.value = clean(&target.value);
            let written = options.and_then(Value::text);
            let mut options: Vec<SmolStr> = Vec::new();
            if let Some(text) = written {
                options.extend(text.split(',').map(SmolStr::new));
            }
            let inner = |section: Option<&Value>, key: &str| section?.get(key).and_then(str_of);
            if inner(volume, "nocopy").is_some_and(|it| it.value == "true") {
                options.push(SmolStr::new_static("nocopy"));
            }
            options.extend(inner(bind, "propagation").map(|it| it.value));
            options.extend(inner(bind, "selinux").map(|it| it.value));
            let subpath = inner(volume, "subpath").or_else(|| inner(image, "subpath"));
            all.push(Mount {
                kind,
                source,
                target,
                read_only: boolean(read_only).is_some_and(|it| it.value),
                consistency: consistency.and_then(str_of),
                options,
                subpath,
                span,
                short_form: map.short,
                place: place(map),
            });
        }
        all
    }
}
