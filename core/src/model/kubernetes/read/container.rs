//! Reads containers.

use crate::model::kubernetes::pod::{SecurityOf, read_container_port, read_security};
use crate::model::kubernetes::probe::{read_handler, read_probe};
use crate::model::kubernetes::quantity::read_resources;
use crate::model::kubernetes::read::scalar::scalar_type;
use crate::model::kubernetes::{
    Container, EnvFrom, EnvSource, EnvValue, EnvVar, Hook, HookHandler, KeyRef, ProbeHandler,
    Resources, VolumeMount,
};
use crate::model::read::{Reader, Str};
use crate::syntax::Node;
use crate::text::Spanned;
use smol_str::SmolStr;

pub(crate) fn read_container(reader: &mut Reader, node: Node<'_>) -> Option<Container> {
    let mut it = Container { place: reader.place(node), ..Container::default() };
    reader.each(node, "Container", |reader, key, entry| {
        let value = entry.value;
        match key {
            "name" => reader.read(value, &mut it.name),
            "image" => reader.read(value, &mut it.image),
            "imagePullPolicy" => reader.read(value, &mut it.image_pull_policy),
            "command" => {
                reader.read(value, &mut it.command);
                it.command_span = Some(value.span());
            }
            "args" => {
                reader.read(value, &mut it.args);
                it.args_span = Some(value.span());
            }
            "workingDir" => reader.read(value, &mut it.working_dir),
            "env" => {
                it.env = reader.list(value, read_env);
                it.env_place = Some(reader.place(value));
            }
            "envFrom" => it.env_from = reader.list(value, read_env_from),
            "ports" => {
                it.ports = reader.list(value, read_container_port);
                it.ports_place = Some(reader.place(value));
            }
            "readinessProbe" => it.readiness = read_probe(reader, value).map(Box::new),
            "livenessProbe" => it.liveness = read_probe(reader, value).map(Box::new),
            "startupProbe" => it.startup = read_probe(reader, value).map(Box::new),
            "lifecycle" => reader.each(value, "Lifecycle", |reader, key, entry| {
                match key {
                    "postStart" => it.post_start = read_hook(reader, entry.value).map(Box::new),
                    "preStop" => it.pre_stop = read_hook(reader, entry.value).map(Box::new),
                    _ => return false,
                }
                true
            }),
            "resources" if value.is_null() => {
                let is_written = !value.span().is_empty();
                it.null_resources = Some(if is_written { value.span() } else { entry.key.span() });
            }
            "resources" => it.resources = read_requirements(reader, value),
            "volumeMounts" => {
                it.mounts = reader.list(value, read_mount);
                it.mounts_place = Some(reader.place(value));
            }
            "volumeDevices" => it.devices = reader.list(value, read_device),
            "securityContext" => {
                it.security = read_security(reader, value, SecurityOf::Container);
            }
            "restartPolicy" => reader.read(value, &mut it.restart_policy),
            "stdin" => reader.read(value, &mut it.stdin),
            "tty" => reader.read(value, &mut it.tty),
            _ => return false,
        }
        true
    });
    Some(it)
}

fn read_env(reader: &mut Reader, node: Node<'_>) -> Option<EnvVar> {
    let (mut name, mut read) = (None, EnvValue::Empty);
    let place = reader.place(node);
    reader.each(node, "EnvVar", |reader, key, entry| {
        let value = entry.value;
        match key {
            "name" => reader.read(value, &mut name),
            "value" => match value.as_str() {
                Some(text) => {
                    let text = Spanned::new(SmolStr::new(text), value.span());
                    read = match scalar_type(value) {
                        Some(kind) => EnvValue::NotAString(text, kind),
                        None => EnvValue::Literal(text),
                    };
                }
                None => reader.wrong_type(value, "a string"),
            },
            "valueFrom" => {
                if let Some(from) = read_env_source(reader, value) {
                    read = from;
                }
            }
            _ => return false,
        }
        true
    });
    Some(EnvVar { name: name?, value: read, place })
}

fn read_env_source(reader: &mut Reader, node: Node<'_>) -> Option<EnvValue> {
    let mut source = None;
    reader.each(node, "EnvVarSource", |reader, key, entry| {
        let value = entry.value;
        match key {
            "configMapKeyRef" => source = Some(EnvValue::ConfigMapKey(read_key_ref(reader, value))),
            "secretKeyRef" => source = Some(EnvValue::SecretKey(read_key_ref(reader, value))),
            "fieldRef" => {
                let field = value.get("fieldPath").and_then(|it| reader.str(it));
                source = Some(field.map_or(EnvValue::Other(value.span()), EnvValue::Field));
            }
            "resourceFieldRef" => {
                let resource = value.get("resource").and_then(|it| reader.str(it));
                source = Some(resource.map_or(EnvValue::Other(value.span()), EnvValue::Resource));
            }
            "fileKeyRef" => source = Some(EnvValue::Other(value.span())),
            _ => return false,
        }
        true
    });
    source
}

fn read_key_ref(reader: &mut Reader, node: Node<'_>) -> KeyRef {
    let mut it = KeyRef { place: reader.place(node), ..KeyRef::default() };
    reader.each(node, "KeySelector", |reader, key, entry| {
        match key {
            "name" => reader.read(entry.value, &mut it.name),
            "key" => reader.read(entry.value, &mut it.key),
            "optional" => reader.read(entry.value, &mut it.optional),
            _ => return false,
        }
        true
    });
    it
}

fn read_env_from(reader: &mut Reader, node: Node<'_>) -> Option<EnvFrom> {
    let mut it = EnvFrom {
        prefix: None,
        source: EnvSource::Unknown,
        name: None,
        optional: None,
        span: node.span(),
    };
    reader.each(node, "EnvFromSource", |reader, key, entry| {
        it.source = match key {
            "prefix" => {
                reader.read(entry.value, &mut it.prefix);
                return true;
            }
            "configMapRef" => EnvSource::ConfigMap,
            "secretRef" => EnvSource::Secret,
            _ => return false,
        };
        reader.each(entry.value, "EnvSource", |reader, key, entry| {
            match key {
                "name" => reader.read(entry.value, &mut it.name),
                "optional" => reader.read(entry.value, &mut it.optional),
                _ => return false,
            }
            true
        });
        true
    });
    Some(it)
}

fn read_hook(reader: &mut Reader, node: Node<'_>) -> Option<Hook> {
    if node.is_null() {
        return None;
    }
    let mut hook =
        Hook { handler: HookHandler::Run(ProbeHandler::None), place: reader.place(node) };
    reader.each(node, "LifecycleHandler", |reader, key, entry| {
        if key == "sleep" {
            let seconds = entry.value.get("seconds").and_then(|it| reader.int(it));
            hook.handler = HookHandler::Sleep(seconds);
            return true;
        }
        if key == "grpc" {
            return false;
        }
        match read_handler(reader, key, entry.value) {
            Some(ProbeHandler::None) => {}
            Some(handler) => hook.handler = HookHandler::Run(handler),
            None => return false,
        }
        true
    });
    Some(hook)
}

pub(crate) fn read_requirements(reader: &mut Reader, node: Node<'_>) -> Option<Resources> {
    if node.is_null() {
        return None;
    }
    let mut it = Resources { place: reader.place(node), ..Resources::default() };
    reader.each(node, "ResourceRequirements", |reader, key, entry| {
        let value = entry.value;
        match key {
            "requests" => {
                it.requests = read_resources(reader, value);
                it.requests_place = Some(reader.place(value));
            }
            "limits" => {
                it.limits = read_resources(reader, value);
                it.limits_place = Some(reader.place(value));
            }
            "claims" => {
                it.claims =
                    reader.list(value, |reader, it| it.get("name").and_then(|it| reader.str(it)));
            }
            _ => return false,
        }
        true
    });
    Some(it)
}

fn read_mount(reader: &mut Reader, node: Node<'_>) -> Option<VolumeMount> {
    let mut it = VolumeMount { place: reader.place(node), ..VolumeMount::default() };
    reader.each(node, "VolumeMount", |reader, key, entry| {
        let value = entry.value;
        match key {
            "name" => reader.read(value, &mut it.name),
            "mountPath" => reader.read(value, &mut it.mount_path),
            "subPath" => reader.read(value, &mut it.sub_path),
            "subPathExpr" => reader.read(value, &mut it.sub_path_expr),
            "readOnly" => reader.read(value, &mut it.read_only),
            "mountPropagation" => reader.read(value, &mut it.propagation),
            _ => return false,
        }
        true
    });
    Some(it)
}

fn read_device(reader: &mut Reader, node: Node<'_>) -> Option<(Str, Option<Str>)> {
    let (mut name, mut path) = (None, None);
    reader.each(node, "VolumeDevice", |reader, key, entry| {
        match key {
            "name" => reader.read(entry.value, &mut name),
            "devicePath" => reader.read(entry.value, &mut path),
            _ => return false,
        }
        true
    });
    Some((name?, path))
}
