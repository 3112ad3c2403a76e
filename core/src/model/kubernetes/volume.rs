//! The volumes of a Pod.

use super::Claim;
use crate::model::read::{Place, Str};
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
    /// Every ConfigMap that the volume reads, in projected sources too.
    pub fn config_maps(&self) -> impl Iterator<Item = &KeyedSource> {
        let (own, projected): (_, &[Projection]) = match self {
            VolumeSource::ConfigMap(it) => (Some(it), &[]),
            VolumeSource::Projected(all) => (None, all),
            _ => (None, &[]),
        };
        own.into_iter().chain(projected.iter().filter_map(|it| match it {
            Projection::ConfigMap(it) => Some(it),
            _ => None,
        }))
    }

    /// Every Secret that the volume reads, in projected sources too.
    pub fn secrets(&self) -> impl Iterator<Item = &KeyedSource> {
        let (own, projected): (_, &[Projection]) = match self {
            VolumeSource::Secret(it) => (Some(it), &[]),
            VolumeSource::Projected(all) => (None, all),
            _ => (None, &[]),
        };
        own.into_iter().chain(projected.iter().filter_map(|it| match it {
            Projection::Secret(it) => Some(it),
            _ => None,
        }))
    }
}
