//! The volumes of a Pod.

use super::Claim;
use super::claim::read_claim_spec;
use crate::model::kubernetes::read::scalar::key_of;
use crate::model::read::{Place, Reader, Str};
use crate::syntax::{Entry, Node};
use crate::text::{Span, Spanned};

#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    pub name: Option<Str>,
    pub source: VolumeSource,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq)]
pub enum VolumeSource {
    EmptyDir {
        /// `Memory` for a tmpfs.
        medium: Option<Str>,
        size_limit: Option<Str>,
    },
    HostPath {
        path: Option<Str>,
        /// `type`: `Socket`, `DirectoryOrCreate` ...
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
        /// `volumeAttributes`, as a SecretProviderClass is named there.
        attributes: Vec<(Str, Str)>,
    },
    Nfs {
        server: Option<Str>,
        path: Option<Str>,
        read_only: Option<Spanned<bool>>,
    },
    DownwardApi,
    /// A claim that lives and dies with the Pod.
    Ephemeral(Option<Box<Claim>>),
    /// `image`, `iscsi`, the old in-tree cloud disks ...: the key, and where.
    Other(Str),
    /// No source is written.
    None,
}

/// A ConfigMap or Secret, or some of its keys, as files.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeyedSource {
    /// `name` of a ConfigMap, `secretName` of a Secret.
    pub name: Option<Str>,
    /// Empty means all keys, each under its own name.
    pub items: Vec<KeyToPath>,
    pub optional: Option<Spanned<bool>>,
    pub default_mode: Option<Spanned<i64>>,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct KeyToPath {
    pub key: Option<Str>,
    pub path: Option<Str>,
    pub mode: Option<Spanned<i64>>,
}

/// One source of a projected volume.
#[derive(Debug, Clone, PartialEq)]
pub enum Projection {
    ConfigMap(KeyedSource),
    Secret(KeyedSource),
    ServiceAccountToken(Span),
    DownwardApi(Span),
    Other(Span),
}

impl VolumeSource {
    /// Every ConfigMap and (told by `true`) Secret that the volume reads, in projected sources too.
    pub fn keyed(&self) -> Vec<(bool, &KeyedSource)> {
        let mut found = Vec::new();
        match self {
            VolumeSource::ConfigMap(it) => found.push((false, it)),
            VolumeSource::Secret(it) => found.push((true, it)),
            VolumeSource::Projected(all) => {
                for it in all {
                    match it {
                        Projection::ConfigMap(it) => found.push((false, it)),
                        Projection::Secret(it) => found.push((true, it)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        found
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

fn read_source(reader: &mut Reader, key: &str, entry: Entry<'_>) -> Option<VolumeSource> {
    let value = entry.value;
    Some(match key {
        "emptyDir" => {
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
        "hostPath" => {
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
        "configMap" => {
            VolumeSource::ConfigMap(read_keyed(reader, value, "ConfigMapVolumeSource", "name"))
        }
        "secret" => {
            VolumeSource::Secret(read_keyed(reader, value, "SecretVolumeSource", "secretName"))
        }
        "persistentVolumeClaim" => {
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
        "projected" => {
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
        "csi" => {
            let (mut driver, mut read_only, mut secret, mut attributes) =
                (None, None, None, Vec::new());
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
        "nfs" => {
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
        "downwardAPI" => VolumeSource::DownwardApi,
        "ephemeral" => {
            let claim = value.at(&["volumeClaimTemplate", "spec"]);
            VolumeSource::Ephemeral(claim.map(|it| Box::new(read_claim_spec(reader, it))))
        }
        "awsElasticBlockStore"
        | "azureDisk"
        | "azureFile"
        | "cephfs"
        | "cinder"
        | "fc"
        | "flexVolume"
        | "flocker"
        | "gcePersistentDisk"
        | "gitRepo"
        | "glusterfs"
        | "image"
        | "iscsi"
        | "photonPersistentDisk"
        | "portworxVolume"
        | "quobyte"
        | "rbd"
        | "scaleIO"
        | "storageos"
        | "vsphereVolume" => VolumeSource::Other(key_of(key, entry)),
        _ => return None,
    })
}

fn read_keyed(
    reader: &mut Reader,
    node: Node<'_>,
    owner: &'static str,
    name: &'static str,
) -> KeyedSource {
    let mut it = KeyedSource { place: reader.place(node), ..KeyedSource::default() };
    // A Secret has `name` in a projected source and `secretName` as a volume.
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
