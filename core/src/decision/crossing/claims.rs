//! The claims that take the place of named volumes, and of folders of the host with data.

use super::yaml::{Labels, dns_label};
use crate::compare::cases::of_mount;
use crate::facts::{Facts, Service};
use crate::knowledge::compose_keys::Case;
use crate::model::compose::Mount;
use crate::text::join_path;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

/// What a claim takes the place of. The volume `data` and the folder `./data` are two places.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place<'f> {
    Volume(&'f str),
    /// A folder of the host, by its path from the root of the files or of the host.
    Folder(String),
}

impl<'f> Place<'f> {
    /// Returns the place of a mount with data; `None` for a mount of anything else.
    pub fn of(facts: &Facts<'_>, service: &Service<'f>, mount: &'f Mount) -> Option<Place<'f>> {
        let source = mount.source.as_ref()?;
        match of_mount(facts, service, mount) {
            Case::Other | Case::Cluster => Some(Place::Volume(source.as_str())),
            Case::Data => Some(Place::Folder(join_path(&service.project.folder, source))),
            _ => None,
        }
    }
}

/// A claim of a project.
#[derive(Debug)]
pub struct Claim {
    pub name: String,
    /// The first service that mounts it.
    first: usize,
    /// Whether several services mount it.
    pub is_shared: bool,
}

/// The claims of all projects. Every service that mounts a place is given the same claim.
#[derive(Debug)]
pub struct Claims<'f>(IndexMap<(usize, Place<'f>), Claim, FxBuildHasher>);

impl<'f> Claims<'f> {
    pub fn of_all(facts: &Facts<'f>) -> Claims<'f> {
        let mut claims: IndexMap<(usize, Place<'f>), Claim, FxBuildHasher> = IndexMap::default();
        // The mounts whose claims still need a name, with the name to begin with.
        let (mut volumes, mut folders) = (Vec::new(), Vec::new());
        for service in facts.services() {
            for mount in &service.model.volumes {
                let (Some(place), Some(source)) = (Place::of(facts, service, mount), &mount.source)
                else {
                    continue;
                };
                let at = (service.project_index, place);
                if let Some(claim) = claims.get_mut(&at) {
                    claim.is_shared |= claim.first != service.index;
                    continue;
                }
                match at.1 {
                    Place::Volume(name) => volumes.push((at.clone(), name)),
                    Place::Folder(_) => {
                        let name = source.trim_matches(['.', '/', '~']);
                        folders.push((at.clone(), if name.is_empty() { "data" } else { name }));
                    }
                }
                let claim = Claim { name: String::new(), first: service.index, is_shared: false };
                claims.insert(at, claim);
            }
        }
        // A volume keeps its name, whatever folder comes before it.
        let mut labels: IndexMap<usize, Labels, FxBuildHasher> = IndexMap::default();
        for (at, name) in volumes.into_iter().chain(folders) {
            let label = labels.entry(at.0).or_default().free(&dns_label(name));
            if let Some(claim) = claims.get_mut(&at) {
                claim.name = label;
            }
        }
        Claims(claims)
    }

    /// Returns the claim that takes the place of a mount.
    pub fn of(&self, facts: &Facts<'_>, service: &Service<'f>, mount: &'f Mount) -> Option<&Claim> {
        self.0.get(&(service.project_index, Place::of(facts, service, mount)?))
    }
}
