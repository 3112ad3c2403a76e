//! Persistent storage: claims, volumes and storage classes.

use super::quantity::read_resources;
use super::selector::read_selector;
use super::{Resource, Selector};
use crate::model::kubernetes::read::scalar::key_of;
use crate::model::read::{Place, Reader, Str};
use crate::syntax::Node;

/// The spec of a PersistentVolumeClaim.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Claim {
    pub access_modes: Vec<Str>,
    pub storage: Option<Resource>,
    pub storage_class: Option<Str>,
    pub volume_name: Option<Str>,
    pub volume_mode: Option<Str>,
    pub selector: Option<Selector>,
    pub place: Option<Place>,
}

impl Claim {
    /// Whether only one node can use the volume (`ReadWriteOnce`, `ReadWriteOncePod`); false if no mode is
    /// written.
    pub fn single_node(&self) -> bool {
        let single = |mode: &Str| matches!(mode.as_str(), "ReadWriteOnce" | "ReadWriteOncePod");
        !self.access_modes.is_empty() && self.access_modes.iter().all(single)
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct PersistentVolume {
    pub access_modes: Vec<Str>,
    pub capacity: Option<Resource>,
    pub storage_class: Option<Str>,
    /// The key of the source: `hostPath`, `nfs`, `csi`, `local` and others.
    pub source: Option<Str>,
    /// `hostPath.path`
    pub host_path: Option<Str>,
    /// Whether `nodeAffinity` ties the volume to its node.
    pub has_node_affinity: bool,
    /// `csi.driver`
    pub driver: Option<Str>,
    /// The name and namespace of the claim that may bind the volume.
    pub claim: Option<(Str, Option<Str>)>,
    pub reclaim_policy: Option<Str>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct StorageClass {
    pub provisioner: Option<Str>,
    pub is_default: bool,
}

pub(crate) fn read_claim_spec(reader: &mut Reader, node: Node<'_>) -> Claim {
    let mut it = Claim { place: node.is_mapping().then(|| reader.place(node)), ..Claim::default() };
    reader.each(node, "PersistentVolumeClaimSpec", |reader, key, entry| {
        let value = entry.value;
        match key {
            "accessModes" => reader.read(value, &mut it.access_modes),
            "resources" => {
                let requests = value.get("requests").map(|it| read_resources(reader, it));
                it.storage = storage(requests.unwrap_or_default());
            }
            "storageClassName" => {
                // An empty class is not a missing one: it turns off dynamic provisioning.
                reader.read(value, &mut it.storage_class);
            }
            "volumeName" => reader.read(value, &mut it.volume_name),
            "volumeMode" => reader.read(value, &mut it.volume_mode),
            "selector" => it.selector = read_selector(reader, value),
            _ => return false,
        }
        true
    });
    it
}

fn storage(resources: Vec<Resource>) -> Option<Resource> {
    resources.into_iter().find(|it| it.name.as_str() == "storage")
}

pub(crate) fn read_persistent_volume(reader: &mut Reader, node: Node<'_>) -> PersistentVolume {
    let mut it = PersistentVolume::default();
    reader.each(node, "PersistentVolumeSpec", |reader, key, entry| {
        let value = entry.value;
        match key {
            "accessModes" => reader.read(value, &mut it.access_modes),
            "capacity" => it.capacity = storage(read_resources(reader, value)),
            "storageClassName" => reader.read(value, &mut it.storage_class),
            "persistentVolumeReclaimPolicy" => reader.read(value, &mut it.reclaim_policy),
            "claimRef" => {
                let name = value.get("name").and_then(|it| reader.str(it));
                let namespace = value.get("namespace").and_then(|it| reader.str(it));
                it.claim = name.map(|name| (name, namespace));
            }
            "nodeAffinity" => it.has_node_affinity = true,
            "mountOptions" | "volumeAttributesClassName" | "volumeMode" => {}
            _ => {
                if key == "hostPath" {
                    it.host_path = value.get("path").and_then(|it| reader.str(it));
                }
                it.driver = value.get("driver").and_then(|it| reader.str(it));
                it.source = Some(key_of(key, entry));
            }
        }
        true
    });
    it
}
