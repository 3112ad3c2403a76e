//! Tenants in folders of their own: `tenant-a/` and `tenant-b/`, or the folders in `tenants/`.
//!
//! They run the same application next to each other, so that all of them count, unlike the environments of it.

use super::system::System;
use crate::facts::{DisjointSets, Facts, Service};
use crate::knowledge::folder_names::{is_form_folder, is_source_folder, may_be_stage_folder};
use crate::text::{FileId, Span, folder_of, name_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// The folders of tenants that run mostly what other tenants beside them run too, going by the names. A database of
/// its own is not enough: `tenant-api/` and `tenant-billing/` are two parts of one product.
#[derive(Debug, Default)]
pub struct Tenants<'f>(FxHashSet<&'f str>);

impl<'f> Tenants<'f> {
    pub fn of(facts: &Facts<'f>) -> Tenants<'f> {
        let services = facts.services().iter().map(|it| (it.name, facts.base_of(it.project)));
        let workloads = facts.workloads().iter().map(|it| (it.name, it.object.file));
        // By the folder that holds the folders of tenants, and the name.
        let mut folders: FxHashMap<(&str, &str), FxHashSet<&str>> = FxHashMap::default();
        for (name, file) in services.chain(workloads) {
            if let Some(own) = folder_after_tenant(facts, file) {
                folders.entry((folder_of(own), name)).or_default().insert(own);
            }
        }
        // By the folder, how many names it has, and how many of them another folder has as well.
        let mut names: FxHashMap<&str, (usize, usize)> = FxHashMap::default();
        for of_name in folders.values() {
            for own in of_name {
                let (all, shared) = names.entry(own).or_default();
                *all += 1;
                *shared += usize::from(of_name.len() > 1);
            }
        }
        let is_tenant = |(all, shared): (usize, usize)| shared * 2 > all;
        Tenants(names.into_iter().filter(|it| is_tenant(it.1)).map(|it| it.0).collect())
    }

    /// Returns the folder of the tenant that a folder lies in.
    pub fn of_folder<'p>(&self, folder: &'p str) -> Option<&'p str> {
        named_after_tenant(folder).filter(|own| self.0.contains(own))
    }

    /// Returns the folder of the tenant that a file is for, or the target that it is built in.
    pub fn of_file(&self, facts: &Facts<'f>, file: FileId) -> Option<&'f str> {
        folder_after_tenant(facts, file).filter(|own| self.0.contains(own))
    }

    /// Returns the name of the tenant that a file is for. One tenant may have a folder in every environment.
    pub fn name_of_file(&self, facts: &Facts<'f>, file: FileId) -> Option<&'f str> {
        self.of_file(facts, file).map(name_of)
    }

    /// Joins the parts of the tenants that lie next to each other.
    pub fn join(&self, facts: &Facts<'f>, sets: &mut DisjointSets) {
        let mut first: FxHashMap<&str, usize> = FxHashMap::default();
        for file in facts.files() {
            let Some(own) = self.of_folder(folder_of(file.path())) else { continue };
            let part = facts.part_of(file.id);
            sets.join(*first.entry(folder_of(own)).or_insert(part), part);
        }
    }
}

impl<'f> System<'f> {
    /// Returns the names of the tenants whose services or workloads count, each with the place of one.
    pub fn counted_tenants(&self) -> BTreeMap<&'f str, Span> {
        let workloads = self.counted.workloads.iter().map(|it| (it.object.file, it.span()));
        let base = |it: &&Service<'f>| self.facts.base_of(it.project);
        let services = self.counted.services.iter().map(|it| (base(it), it.span()));
        let mut tenants = BTreeMap::new();
        for (file, span) in workloads.chain(services) {
            if let Some(tenant) = self.tenants.name_of_file(self.facts, file) {
                tenants.entry(tenant).or_insert(span);
            }
        }
        tenants
    }
}

/// Returns the folder named after a tenant that a file lies in, or the target that it is built in.
fn folder_after_tenant<'f>(facts: &Facts<'f>, file: FileId) -> Option<&'f str> {
    let path = facts.file(file).path();
    let Some(built) = facts.built_target(file) else { return named_after_tenant(folder_of(path)) };
    let values = built.target.values.iter().rev().map(|it| folder_of(it));
    values.chain([built.target.folder.as_str()]).find_map(named_after_tenant)
}

/// Returns the path up to the first folder that is named after a tenant.
fn named_after_tenant(folder: &str) -> Option<&str> {
    let ends = folder.match_indices('/').map(|it| it.0).chain([folder.len()]);
    let mut above = "";
    for end in ends {
        let path = &folder[..end];
        let name = &path[folder_of(path).len()..];
        let name = name.trim_start_matches('/');
        let is_own = name.starts_with("tenant-") || name.starts_with("tenant_");
        let is_among = above == "tenants"
            && !is_form_folder(name)
            && !may_be_stage_folder(name)
            && !is_source_folder(name);
        if is_own || is_among {
            return Some(path);
        }
        above = name;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::named_after_tenant;

    #[test]
    fn tenants_are_known_by_their_folders() {
        for (folder, expected) in [
            ("tenant-a", Some("tenant-a")),
            ("k8s/tenant_b/web", Some("k8s/tenant_b")),
            ("apps/tenants/acme/k8s", Some("apps/tenants/acme")),
            ("tenants", None),
            ("tenants/base", None),
            ("tenants/src/web", None),
            ("tenants/staging", None),
            ("my-tenant-a", None),
            ("", None),
        ] {
            assert_eq!(named_after_tenant(folder), expected, "{folder}");
        }
    }
}
