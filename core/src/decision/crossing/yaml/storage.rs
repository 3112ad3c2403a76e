//! What the container mounts: claims, Secrets, ConfigMaps, memory and devices.

use super::Context;
use super::container::{memory, of_resource};
use super::draft::{Beside, Draft, dns_label};
use super::names::{Labels, Names};
use crate::compare::cases::{of_device, of_mount};
use crate::edit::Yaml;
use crate::knowledge::compose_key::Key;
use crate::knowledge::compose_keys::Case;
use crate::knowledge::secrets::{self, Verdict};
use crate::model::compose::{FileReference, Mount};
use crate::text::{join_path, name_of};
use indexmap::IndexMap;
use rustc_hash::{FxHashMap, FxHashSet};

pub fn draft(context: &Context<'_, '_>, key: Key, case: Case) -> Option<Draft> {
    let model = context.service.model;
    match key {
        Key::Volumes => volumes(context, case),
        Key::Secrets => {
            let mut names = Names::default();
            let all = model.secrets.iter().map(|it| {
                let target = it.path(FileReference::SECRETS);
                let name = it.source.to_string();
                let secret = Yaml::map([("secretName", Yaml::str(names.of(&name).0))]);
                Volume::file(format!("secret-{name}"), target, ("secret", secret), name)
            });
            mounted(all.collect())
        }
        Key::Configs => configs(context),
        Key::Tmpfs => {
            let all = model.tmpfs.iter().map(|it| {
                let (path, options) = it.as_str().split_once(':').unwrap_or((it.as_str(), ""));
                let size = options.split(',').find_map(|it| it.strip_prefix("size="));
                Volume::memory(path, size.and_then(size_of).and_then(memory))
            });
            mounted(all.collect())
        }
        Key::ShmSize => {
            let size = memory(model.shm_size?.value);
            mounted(vec![Volume::memory("/dev/shm", size)])
        }
        Key::Devices if case == Case::Gpu => gpus(context),
        Key::Devices => devices(context),
        _ => None,
    }
}

/// A volume of the Pod and its one mount.
struct Volume {
    name: String,
    source: (&'static str, Yaml<'static>),
    path: String,
    sub_path: Option<String>,
    read_only: bool,
}

impl Volume {
    fn new(path: &str, source: (&'static str, Yaml<'static>)) -> Volume {
        let name = dns_label(path);
        Volume { name, source, path: path.to_owned(), sub_path: None, read_only: false }
    }

    /// A single file of a Secret or a ConfigMap. Without `subPath` its path would become a directory.
    fn file(
        name: String,
        path: String,
        source: (&'static str, Yaml<'static>),
        key: String,
    ) -> Volume {
        let name = dns_label(&name);
        Volume { name, source, path, sub_path: Some(key), read_only: true }
    }

    fn memory(path: &str, size: Option<Yaml<'static>>) -> Volume {
        let mut fields = vec![("medium", Yaml::str("Memory"))];
        fields.extend(size.map(|size| ("sizeLimit", size)));
        Volume::new(path, ("emptyDir", Yaml::map(fields)))
    }
}

/// Returns the volumes in the Pod and their mounts in the container. A volume that is mounted twice is listed
/// once, and two volumes of one name get names of their own.
fn mounted(mut all: Vec<Volume>) -> Option<Draft> {
    if all.is_empty() {
        return None;
    }
    let mut paths: FxHashSet<String> = FxHashSet::default();
    all.retain(|volume| paths.insert(volume.path.clone()));
    let mut labels = Labels::default();
    let mut listed: IndexMap<(String, (&'static str, Yaml<'static>)), String> = IndexMap::new();
    for volume in &mut all {
        let key = (volume.name.clone(), volume.source.clone());
        let name = listed.entry(key).or_insert_with(|| labels.free(&volume.name));
        volume.name.clone_from(name);
    }
    let mounts: Vec<Yaml<'static>> = all.iter().map(mount).collect();
    let volumes = listed
        .into_iter()
        .map(|((_, source), name)| Yaml::map([("name", Yaml::str(name)), source]));
    let draft = Draft::container([("volumeMounts", Yaml::list(mounts))]);
    Some(draft.with_pod([("volumes", Yaml::list(volumes))]))
}

fn mount(volume: &Volume) -> Yaml<'static> {
    let mut fields = vec![
        ("name", Yaml::str(volume.name.clone())),
        ("mountPath", Yaml::str(volume.path.clone())),
    ];
    if let Some(key) = &volume.sub_path {
        fields.push(("subPath", Yaml::str(key.clone())));
    }
    if volume.read_only {
        fields.push(("readOnly", Yaml::bool(true)));
    }
    Yaml::map(fields)
}

fn volumes(context: &Context<'_, '_>, case: Case) -> Option<Draft> {
    let of = |it: &Mount| of_mount(context.facts, context.service, it);
    let own = context.service.model.volumes.iter().filter(|it| of(it) == case);
    match case {
        Case::Configuration => bind_mounts(context, own),
        Case::Data => claims(context, own),
        Case::Anonymous | Case::Memory | Case::Image => {
            let volume = |it: &Mount| {
                let path = it.target.as_str();
                Some(match case {
                    Case::Memory => Volume::memory(path, None),
                    Case::Image => {
                        let reference = Yaml::str(it.source.as_ref()?.to_string());
                        Volume::new(path, ("image", Yaml::map([("reference", reference)])))
                    }
                    _ => Volume::new(path, ("emptyDir", Yaml::Map(Vec::new()))),
                })
            };
            mounted(own.filter_map(volume).collect())
        }
        Case::Other | Case::Cluster => claims(context, own),
        _ => None,
    }
}

/// The size of a claim, which Kubernetes requires and Compose does not state: an example, marked as a choice.
const SIZE_TO_CHOOSE: &str = "1Gi # choose a size";

/// Returns a claim for each named volume, and for each folder of the host with data.
fn claims<'f>(context: &Context<'_, 'f>, mounts: impl Iterator<Item = &'f Mount>) -> Option<Draft> {
    let (facts, service) = (context.facts, context.service);
    let mut objects = Vec::new();
    let mut volumes = Vec::new();
    let mut written: FxHashSet<&str> = FxHashSet::default();
    for mount in mounts {
        let Some(claim) = context.shared.claims.of(facts, service, mount) else { continue };
        if written.insert(&claim.name) {
            let is_of_several = claim.is_shared || service.model.replicas() > 1;
            let mode = if is_of_several { "ReadWriteMany" } else { "ReadWriteOnce" };
            let requests =
                Yaml::map([("requests", Yaml::map([("storage", Yaml::raw(SIZE_TO_CHOOSE))]))]);
            let spec = [("accessModes", Yaml::list([Yaml::str(mode)])), ("resources", requests)];
            let body = ("spec", Yaml::map(spec));
            objects.push(Beside::Claim.named(claim.name.clone(), body));
        }
        let named = Yaml::map([("claimName", Yaml::str(claim.name.clone()))]);
        volumes.push(Volume {
            name: claim.name.clone(),
            source: ("persistentVolumeClaim", named),
            path: mount.target.to_string(),
            sub_path: mount.subpath.as_ref().map(ToString::to_string),
            read_only: mount.read_only,
        });
    }
    let draft = mounted(volumes)?;
    Some(objects.into_iter().fold(draft, Draft::with_object))
}

/// Endings of files that configure a program.
const CONFIGURATION: &[&str] =
    &[".cfg", ".cnf", ".conf", ".ini", ".json", ".properties", ".toml", ".xml", ".yaml", ".yml"];

/// Returns a ConfigMap for each single file of configuration; folders and sources have no counterpart.
fn bind_mounts<'m>(
    context: &Context<'_, '_>,
    mounts: impl Iterator<Item = &'m Mount>,
) -> Option<Draft> {
    let name = format!("{}-files", context.names.workload);
    let mounts: Vec<&Mount> = mounts.collect();
    let folder_of_file = |source: &str| -> String {
        let (folder, _) = source.rsplit_once('/').unwrap_or(("", source));
        folder.to_owned()
    };
    // Two files of one name need two keys, with the folder in them.
    let mut sources: FxHashMap<&str, FxHashSet<&str>> = FxHashMap::default();
    for source in mounts.iter().filter_map(|it| it.source.as_ref()) {
        sources.entry(name_of(source)).or_default().insert(source.as_str());
    }
    let key = |source: &str| {
        let file = name_of(source);
        let folder = folder_of_file(source);
        let folder = folder.trim_matches(['.', '/']).replace('/', "-");
        let is_shared = sources[file].len() > 1;
        if is_shared && !folder.is_empty() { format!("{folder}-{file}") } else { file.to_owned() }
    };
    let volume = |it: &&Mount| {
        let source = it.source.as_ref()?;
        let file = name_of(source);
        let shown = context.facts.file_at(&join_path(&context.service.project.folder, source));
        let configures = CONFIGURATION.iter().any(|ending| file.ends_with(ending));
        if !configures && shown.is_none() {
            return None;
        }
        let config = Yaml::map([("name", Yaml::str(name.clone()))]);
        let path = it.target.to_string();
        Some(Volume::file("files".to_owned(), path, ("configMap", config), key(source)))
    };
    mounted(mounts.iter().filter_map(volume).collect())
}

/// Maximum length of a config that is written out in a fragment.
const MAX_CONTENT: usize = 2000;

fn configs(context: &Context<'_, '_>) -> Option<Draft> {
    let project = context.service.project;
    let mut objects = Vec::new();
    let mut volumes = Vec::new();
    let mut names = Names::default();
    for reference in &context.service.model.configs {
        let name = reference.source.to_string();
        let (own, is_new) = names.of(&name);
        let config = Yaml::map([("name", Yaml::str(own.clone()))]);
        let path = reference.path(FileReference::CONFIGS);
        let volume = format!("config-{name}");
        volumes.push(Volume::file(volume, path, ("configMap", config), name.clone()));
        let content = project.config(&name).and_then(|it| it.content.as_ref());
        let Some(content) = content.filter(|it| it.len() <= MAX_CONTENT) else { continue };
        if is_new && secrets::judge(&name, content).verdict == Verdict::No {
            let data = Yaml::map([(name.clone(), Yaml::str(content.to_string()))]);
            objects.push(Beside::ConfigMap.named(own, ("data", data)));
        }
    }
    let draft = mounted(volumes)?;
    Some(objects.into_iter().fold(draft, Draft::with_object))
}

/// Returns the device files as host paths, in a container that may use them. Whether a path is a character
/// device, a block device or a folder of devices (`/dev/snd`) is not in the file, and `type` may be left out.
///
/// Source: <https://kubernetes.io/docs/concepts/storage/volumes/#hostpath-volume-types>
fn devices(context: &Context<'_, '_>) -> Option<Draft> {
    let mut volumes = Vec::new();
    for device in &context.service.model.devices {
        if of_device(device) == Case::Gpu {
            continue;
        }
        let mut parts = device.split(':');
        let source = parts.next().filter(|it| it.starts_with('/'))?;
        let target = parts.next().unwrap_or(source);
        let path = Yaml::map([("path", Yaml::str(source.to_owned()))]);
        volumes.push(Volume::new(target, ("hostPath", path)));
    }
    let privileged = Yaml::map([("privileged", Yaml::bool(true))]);
    Some(mounted(volumes)?.with_container([("securityContext", privileged)]))
}

/// Returns a limit for the GPU of the vendor whose device files are named.
fn gpus(context: &Context<'_, '_>) -> Option<Draft> {
    let devices = &context.service.model.devices;
    let any = |prefixes: &[&str]| {
        devices.iter().any(|device| prefixes.iter().any(|it| device.starts_with(it)))
    };
    let vendor = match (any(&["/dev/nvidia", "nvidia.com/gpu"]), any(&["/dev/kfd", "amd.com/gpu"]))
    {
        (true, false) => "nvidia",
        (false, true) => "amd",
        _ => return None,
    };
    Some(of_resource("limits", format!("{vendor}.com/gpu"), Yaml::int(1)))
}

/// Parses the size of a tmpfs: `64m`, or bytes.
fn size_of(text: &str) -> Option<i64> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" => 10,
        "m" | "mb" => 20,
        "g" | "gb" => 30,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_memory_are_read() {
        assert_eq!(size_of("64m"), Some(64 << 20));
        assert_eq!(size_of("1024"), Some(1024));
        assert_eq!(size_of("half"), None);
    }
}
