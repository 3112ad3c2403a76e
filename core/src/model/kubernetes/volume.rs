//! The volumes of a Pod.

use super::Claim;
use super::claim::read_claim_spec;
use crate::model::kubernetes::read::scalar::key_of;
use crate::model::read::{Place, Reader, Str};
use crate::syntax::{Entry, Node};
use crate::text::{Span, Spanned};

/// A volume.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    pub name: Option<Str>,
    pub source: VolumeSource,
    pub place: Place,
}

/// The source of a volume.
#[derive(Debug, Clone, PartialEq)]
pub enum VolumeSource {
    EmptyDir {
        /// `Memory` for a tmpfs.
        medium: Option<Str>,
        size_limit: Option<Str>,
    },
    HostPath {
        path: Option<Str>,
        /// `type`: `Socket`, `DirectoryOrCreate` and others.
        kind: Option<Str>,
    },
    ConfigMap(KeyedSource),
    Secret(KeyedSource),
    Claim {
        name: Option<Str>,
        read_only: Option<Spanned<bool>>,
    },
    Projected(Vec<Projection>),
    Csi {
        driver: Option<Str>,
        read_only: Option<Spanned<bool>>,
        /// The Secret of `nodePublishSecretRef`.
        secret: Option<Str>,
        /// `volumeAttributes`, which may name a SecretProviderClass.
        attributes: Vec<(Str, Str)>,
    },
    Nfs {
        server: Option<Str>,
        path: Option<Str>,
        read_only: Option<Spanned<bool>>,
    },
    /// A disk of a cloud that is attached to a node: `gcePersistentDisk` and others.
    Disk {
        /// The key of the source.
        source: Str,
        read_only: Option<Spanned<bool>>,
    },
    DownwardApi,
    /// A claim that is created and deleted with the Pod.
    Ephemeral(Option<Box<Claim>>),
    /// The key of another source: `image`, `iscsi` and others.
    Other(Str),
    /// No source is written.
    None,
}

/// A ConfigMap or Secret, or some of its keys, as files.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeyedSource {
    /// `name` of a ConfigMap, `secretName` of a Secret.
    pub name: Option<Str>,
    /// Empty for all keys, each under its own name.
    pub items: Vec<KeyToPath>,
    pub optional: Option<Spanned<bool>>,
    pub default_mode: Option<Spanned<i64>>,
    pub place: Place,
}

/// An item of `items`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeyToPath {
    pub key: Option<Str>,
    pub path: Option<Str>,
    pub mode: Option<Spanned<i64>>,
}

/// A source of a projected volume.
#[derive(Debug, Clone, PartialEq)]
pub enum Projection {
    ConfigMap(KeyedSource),
    Secret(KeyedSource),
    ServiceAccountToken(Span),
    DownwardApi(Span),
    Other(Span),
}

impl VolumeSource {
    /// Returns every ConfigMap (`false`) and Secret (`true`) that the volume reads, also in projected
    /// sources.
    pub fn keyed(&self) -> Vec<(bool, &KeyedSource)> {
        match self {
            VolumeSource::ConfigMap(source) => vec![(false, source)],
            VolumeSource::Secret(source) => vec![(true, source)],
            VolumeSource::Projected(all) => {
                let keyed = all.iter().filter_map(|projection| match projection {
                    Projection::ConfigMap(source) => Some((false, source)),
                    Projection::Secret(source) => Some((true, source)),
                    Projection::ServiceAccountToken(_)
                    | Projection::DownwardApi(_)
                    | Projection::Other(_) => None,
                });
                keyed.collect()
            }
            VolumeSource::EmptyDir { .. }
            | VolumeSource::HostPath { .. }
            | VolumeSource::Claim { .. }
            | VolumeSource::Csi { .. }
            | VolumeSource::Nfs { .. }
            | VolumeSource::Disk { .. }
            | VolumeSource::DownwardApi
            | VolumeSource::Ephemeral(_)
            | VolumeSource::Other(_)
            | VolumeSource::None => Vec::new(),
        }
    }
}

pub(crate) fn read_volume(reader: &mut Reader, node: Node<'_>) -> Option<Volume> {
    let mut volume = Volume { name: None, source: VolumeSource::None, place: reader.place(node) };
    reader.each(node, "Volume", |reader, key, entry| {
        if key == "name" {
            reader.read(entry.value, &mut volume.name);
            return true;
        }
        match read_source(reader, key, entry) {
            Some(source) => volume.source = source,
            None => return false,
        }
        true
    });
    Some(volume)
}

/// Reads the source under a key; `None` for a key that is not a source.
fn read_source(reader: &mut Reader, key: &str, entry: Entry<'_>) -> Option<VolumeSource> {
    let value = entry.value;
    Some(match key {
        "emptyDir" => read_empty_dir(reader, value),
        "hostPath" => read_host_path(reader, value),
        "configMap" => {
            VolumeSource::ConfigMap(read_keyed(reader, value, "ConfigMapVolumeSource", "name"))
        }
        "secret" => {
            VolumeSource::Secret(read_keyed(reader, value, "SecretVolumeSource", "secretName"))
        }
        "persistentVolumeClaim" => read_claim(reader, value),
        "projected" => read_projected(reader, value),
        "csi" => read_csi(reader, value),
        "nfs" => read_nfs(reader, value),
        "downwardAPI" => VolumeSource::DownwardApi,
        "ephemeral" => {
            let claim = value.at(&["volumeClaimTemplate", "spec"]);
            VolumeSource::Ephemeral(claim.map(|spec| Box::new(read_claim_spec(reader, spec))))
        }
        "awsElasticBlockStore" | "azureDisk" | "cinder" | "gcePersistentDisk" | "vsphereVolume" => {
            let read_only = value.get("readOnly").and_then(|it| reader.bool(it));
            VolumeSource::Disk { source: key_of(key, entry), read_only }
        }
        _ if OTHER_SOURCES.contains(&key) => VolumeSource::Other(key_of(key, entry)),
        _ => return None,
    })
}

/// The keys of sources that no rule reads.
const OTHER_SOURCES: &[&str] = &[
    "azureFile",
    "cephfs",
    "fc",
    "flexVolume",
    "flocker",
    "gitRepo",
    "glusterfs",
    "image",
    "iscsi",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
];

fn read_empty_dir(reader: &mut Reader, value: Node<'_>) -> VolumeSource {
    let (mut medium, mut size_limit) = (None, None);
    reader.each(value, "EmptyDirVolumeSource", |reader, key, entry| {
        match key {
            "medium" => reader.read(entry.value, &mut medium),
            "sizeLimit" => reader.read(entry.value, &mut size_limit),
            _ => return false,
        }
        true
    });
    VolumeSource::EmptyDir { medium, size_limit }
}

fn read_host_path(reader: &mut Reader, value: Node<'_>) -> VolumeSource {
    let (mut path, mut kind) = (None, None);
    reader.each(value, "HostPathVolumeSource", |reader, key, entry| {
        match key {
            "path" => reader.read(entry.value, &mut path),
            "type" => reader.read(entry.value, &mut kind),
            _ => return false,
        }
        true
    });
    VolumeSource::HostPath { path, kind }
}

fn read_claim(reader: &mut Reader, value: Node<'_>) -> VolumeSource {
    let (mut name, mut read_only) = (None, None);
    reader.each(value, "PersistentVolumeClaimVolumeSource", |reader, key, entry| {
        match key {
            "claimName" => reader.read(entry.value, &mut name),
            "readOnly" => reader.read(entry.value, &mut read_only),
            _ => return false,
        }
        true
    });
    VolumeSource::Claim { name, read_only }
}

fn read_projected(reader: &mut Reader, value: Node<'_>) -> VolumeSource {
    let mut sources = Vec::new();
    reader.each(value, "ProjectedVolumeSource", |reader, key, entry| {
        match key {
            "sources" => sources = reader.list(entry.value, read_projection),
            _ => return false,
        }
        true
    });
    VolumeSource::Projected(sources)
}

fn read_csi(reader: &mut Reader, value: Node<'_>) -> VolumeSource {
    let (mut driver, mut read_only, mut secret, mut attributes) = (None, None, None, Vec::new());
    reader.each(value, "CSIVolumeSource", |reader, key, entry| {
        let value = entry.value;
        match key {
            "driver" => reader.read(value, &mut driver),
            "readOnly" => reader.read(value, &mut read_only),
            "nodePublishSecretRef" => {
                secret = value.get("name").and_then(|it| reader.str(it));
            }
            "volumeAttributes" => attributes = reader.pairs(value),
            _ => return false,
        }
        true
    });
    VolumeSource::Csi { driver, read_only, secret, attributes }
}

fn read_nfs(reader: &mut Reader, value: Node<'_>) -> VolumeSource {
    let (mut server, mut path, mut read_only) = (None, None, None);
    reader.each(value, "NFSVolumeSource", |reader, key, entry| {
        match key {
            "server" => reader.read(entry.value, &mut server),
            "path" => reader.read(entry.value, &mut path),
            "readOnly" => reader.read(entry.value, &mut read_only),
            _ => return false,
        }
        true
    });
    VolumeSource::Nfs { server, path, read_only }
}

/// Reads a ConfigMap or Secret. `name` is the key of its name: a Secret has `secretName` as a volume and
/// `name` in a projected source.
fn read_keyed(
    reader: &mut Reader,
    node: Node<'_>,
    owner: &'static str,
    name: &'static str,
) -> KeyedSource {
    let mut it = KeyedSource { place: reader.place(node), ..KeyedSource::default() };
    reader.each(node, owner, |reader, key, entry| {
        let value = entry.value;
        match key {
            "items" => it.items = reader.list(value, read_item),
            "optional" => reader.read(value, &mut it.optional),
            "defaultMode" => reader.read(value, &mut it.default_mode),
            key if key == name => reader.read(value, &mut it.name),
            _ => return false,
        }
        true
    });
    it
}

fn read_item(reader: &mut Reader, node: Node<'_>) -> Option<KeyToPath> {
    let mut it = KeyToPath::default();
    reader.each(node, "KeyToPath", |reader, key, entry| {
        match key {
            "key" => reader.read(entry.value, &mut it.key),
            "path" => reader.read(entry.value, &mut it.path),
            "mode" => reader.read(entry.value, &mut it.mode),
            _ => return false,
        }
        true
    });
    Some(it)
}

fn read_projection(reader: &mut Reader, node: Node<'_>) -> Option<Projection> {
    let mut source = None;
    reader.each(node, "VolumeProjection", |reader, key, entry| {
        let value = entry.value;
        source = Some(match key {
            "configMap" => {
                Projection::ConfigMap(read_keyed(reader, value, "ConfigMapProjection", "name"))
            }
            "secret" => Projection::Secret(read_keyed(reader, value, "SecretProjection", "name")),
            "serviceAccountToken" => Projection::ServiceAccountToken(value.span()),
            "downwardAPI" => Projection::DownwardApi(value.span()),
            "clusterTrustBundle" | "podCertificate" => Projection::Other(value.span()),
            _ => return false,
        });
        true
    });
    source
}
