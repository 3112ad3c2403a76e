//! Bindings: which PersistentVolume each claim gets.

use super::{Facts, Workload};
use crate::model::Str;
use crate::model::kubernetes::{Body, Claim, Object, PersistentVolume, Quantity, Resource};
use crate::text::{FileId, Span};
use rustc_hash::FxHashMap;

/// A PersistentVolume, with its object.
type Stored<'a> = (&'a Object, &'a PersistentVolume);

/// The PersistentVolumes of claims, by the place of the claim's name.
#[derive(Debug, Default)]
pub struct Bindings<'a> {
    of_claim: FxHashMap<Span, &'a PersistentVolume>,
}

impl<'a> Bindings<'a> {
    /// Returns the PersistentVolume that a claim of a workload is bound to.
    pub fn volume(
        &self,
        facts: &Facts<'a>,
        workload: &Workload<'a>,
        claim: &str,
    ) -> Option<&'a PersistentVolume> {
        let claim = facts.claim_object(workload, claim)?;
        self.of_claim.get(&claim.name_span()).copied()
    }

    /// Returns the folder of whichever node a Pod runs on to which a claim of a workload is bound.
    pub fn node_folder(
        &self,
        facts: &Facts<'a>,
        workload: &Workload<'a>,
        claim: &str,
    ) -> Option<&'a Str> {
        let volume = self.volume(facts, workload, claim)?;
        volume.host_path.as_ref().filter(|_| !volume.has_node_affinity)
    }
}

impl<'a> Facts<'a> {
    /// Binds claims to the PersistentVolumes of the files: each to the one that it names, to the one that is kept
    /// for it, or, of those of a class that both name, to the smallest that has what it asks for. No two claims of
    /// one cluster get the same one.
    ///
    /// Source: Kubernetes documentation, "Persistent Volumes: Binding".
    pub fn bindings(&self) -> Bindings<'a> {
        let volumes: Vec<Stored<'a>> = self.objects().iter().copied().filter_map(stored).collect();
        let mut bindings = Bindings::default();
        if volumes.is_empty() {
            return bindings;
        }
        let mut by_name: FxHashMap<&str, Vec<Stored<'a>>> = FxHashMap::default();
        let mut kept: FxHashMap<&str, Vec<Stored<'a>>> = FxHashMap::default();
        let mut by_class: FxHashMap<&str, Vec<Stored<'a>>> = FxHashMap::default();
        for it in volumes {
            let (object, volume) = it;
            if let Some(name) = object.name() {
                by_name.entry(name.as_str()).or_default().push(it);
            }
            if let Some((claim, _)) = &volume.claim {
                kept.entry(claim.as_str()).or_default().push(it);
            } else if let Some(class) = volume.storage_class.as_ref().filter(|it| !it.is_empty()) {
                by_class.entry(class.as_str()).or_default().push(it);
            }
        }
        for of_class in by_class.values_mut() {
            of_class.sort_by_key(|it| (size(&it.1.capacity).is_none(), size(&it.1.capacity)));
        }
        // The files of the claims that have a volume, by the volume's place.
        let mut taken: FxHashMap<Span, Vec<FileId>> = FxHashMap::default();
        let claims = self.objects().iter().copied().filter_map(|object| match &object.body {
            Body::Claim(claim) => Some((object, &**claim)),
            _ => None,
        });
        let (told, open): (Vec<_>, Vec<_>) = claims.partition(|(object, claim)| {
            let name = object.name().map_or("", |it| it.as_str());
            claim.volume_name.is_some() || kept.contains_key(name)
        });
        for (object, claim) in told.into_iter().chain(open) {
            let near = |it: &Stored<'a>| self.together(object.file, it.0.file);
            let name = object.name().map_or("", |it| it.as_str());
            let of = |index: &FxHashMap<&str, Vec<Stored<'a>>>, key: &str| {
                index.get(key).into_iter().flatten().copied().find(near)
            };
            let found = match &claim.volume_name {
                Some(wanted) => of(&by_name, wanted),
                None => of(&kept, name).filter(|it| is_kept_for(it.1, object)).or_else(|| {
                    let class = claim.storage_class.as_ref()?;
                    let of_class = by_class.get(class.as_str())?;
                    let wanted = size(&claim.storage);
                    let is_small = |it: &Stored<'a>| {
                        size(&it.1.capacity).zip(wanted).is_some_and(|(own, wanted)| own < wanted)
                    };
                    let large = &of_class[of_class.partition_point(is_small)..];
                    let is_free = |it: &Stored<'a>| {
                        let takers = taken.get(&it.0.name_span()).map_or(&[][..], Vec::as_slice);
                        !takers.iter().any(|file| self.together(*file, object.file))
                    };
                    large.iter().copied().find(|it| near(it) && fits(it, claim) && is_free(it))
                }),
            };
            if let Some((volume_object, volume)) = found {
                taken.entry(volume_object.name_span()).or_default().push(object.file);
                bindings.of_claim.insert(object.name_span(), volume);
            }
        }
        bindings
    }
}

fn stored(object: &Object) -> Option<Stored<'_>> {
    match &object.body {
        Body::PersistentVolume(volume) => Some((object, &**volume)),
        _ => None,
    }
}

fn size(resource: &Option<Resource>) -> Option<Quantity> {
    resource.as_ref().and_then(|it| it.quantity)
}

/// Whether a volume is kept for a claim, in the namespace that it names.
fn is_kept_for(volume: &PersistentVolume, claim: &Object) -> bool {
    let namespace = claim.meta.namespace.as_ref();
    volume.claim.as_ref().is_some_and(|(_, of)| {
        of.as_ref().zip(namespace).is_none_or(|(of, own)| of.as_str() == own.as_str())
    })
}

/// Whether a volume has the class, the size, the access modes and the labels that a claim asks for, as far as the
/// files say.
fn fits((object, volume): &Stored<'_>, claim: &Claim) -> bool {
    let class = volume.storage_class.as_ref().filter(|it| !it.is_empty());
    let is_of_class = class.is_some_and(|class| {
        claim.storage_class.as_ref().is_some_and(|it| it.as_str() == class.as_str())
    });
    let has_room = match (size(&claim.storage), size(&volume.capacity)) {
        (Some(wanted), Some(offered)) => wanted <= offered,
        _ => true,
    };
    let modes = &volume.access_modes;
    let offers = |mode: &Str| modes.iter().any(|it| it.as_str() == mode.as_str());
    let has_labels = claim.selector.as_ref().is_none_or(|it| it.matches(&object.meta.labels));
    is_of_class
        && has_room
        && has_labels
        && (modes.is_empty() || claim.access_modes.iter().all(offers))
}
