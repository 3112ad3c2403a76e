//! Persistent storage.

use super::{Resource, Selector};
use crate::model::read::{Place, Str};

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
    /// Only one node may use it (`ReadWriteOnce`, `ReadWriteOncePod`); false where no mode is written.
    pub fn single_node(&self) -> bool {
        !self.access_modes.is_empty()
            && self
                .access_modes
                .iter()
                .all(|it| matches!(it.as_str(), "ReadWriteOnce" | "ReadWriteOncePod"))
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct PersistentVolume {
    pub access_modes: Vec<Str>,
    pub capacity: Option<Resource>,
    pub storage_class: Option<Str>,
    /// The key of the source: `hostPath`, `nfs`, `csi`, `local` ...
    pub source: Option<Str>,
    /// The claim that it waits for: name and namespace.
    pub claim: Option<(Str, Option<Str>)>,
    pub reclaim_policy: Option<Str>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct StorageClass {
    pub provisioner: Option<Str>,
    pub is_default: bool,
}
