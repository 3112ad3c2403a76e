//! The applications of findings that gather places, by which each is the same one in another run whichever of its places
//! leads.
//!
//! A finding goes by its application only where another application has a finding of the same rule for the same thing.
//! Otherwise neither the folders of the application nor the files that are handed over say anything about it.

use crate::facts::Facts;
use crate::report::{Finding, Shared};
use crate::text::{Base, FileId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// What tells a finding from others: its rule, and what it gathers places for.
type Key<'f> = (&'static str, &'f str);

/// Names the applications that have findings for the same thing. Of all findings, before any is accepted: what is accepted
/// in one application changes nothing about another one.
pub(super) fn shared(findings: &[Finding], facts: &Facts<'_>, base: &Base) -> Shared {
    let mut files: FxHashMap<Key<'_>, FxHashSet<FileId>> = FxHashMap::default();
    for finding in findings {
        if let Some(what) = &finding.gathers {
            files.entry((finding.code, what)).or_default().extend(finding.files());
        }
    }
    let mut shared = Shared::default();
    for ((code, what), files) in files {
        let mut parts: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for file in &files {
            let path = base.in_repository(facts.file(*file).path());
            parts.entry(facts.part_of(*file)).or_default().push(path);
        }
        if parts.len() > 1 {
            let names = names(parts);
            let name = |file: FileId| Some((file, names.get(&facts.part_of(file))?.clone()));
            shared.add(code, what, files.into_iter().filter_map(name).collect());
        }
    }
    shared
}

/// Returns a name for each of several applications: the shortest path from the root of the repository, of a folder or a
/// file, that leads to its first file and to no file of another one.
fn names(parts: BTreeMap<usize, Vec<String>>) -> FxHashMap<usize, String> {
    // `None` where a path leads to several applications.
    let mut owners: FxHashMap<&str, Option<usize>> = FxHashMap::default();
    for (part, paths) in &parts {
        for path in paths.iter().flat_map(|it| leading(it)) {
            let owner = owners.entry(path).or_insert(Some(*part));
            if *owner != Some(*part) {
                *owner = None;
            }
        }
    }
    let name = |(part, paths): (&usize, &Vec<String>)| {
        let first = paths.iter().min()?;
        let own = leading(first).find(|path| owners.get(path) == Some(&Some(*part)));
        Some((*part, own.unwrap_or(first).to_owned()))
    };
    parts.iter().filter_map(name).collect()
}

/// Returns the folders above a path, the outermost first, and the path itself.
fn leading(path: &str) -> impl Iterator<Item = &str> {
    let folders = path.match_indices('/').filter(|(at, _)| *at > 0).map(|(at, _)| &path[..at]);
    folders.chain([path])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_path_that_leads_to_no_other_application_is_its_name() {
        let all = [
            &["apps/a/k8s/web.yaml", "apps/a/compose.yaml"][..],
            &["apps/b/compose.yaml"],
            &["compose.yaml"],
            &["apps/c/one.yaml"],
            &["apps/c/two.yaml"],
            &["/tmp/x.yaml"],
        ];
        let owned = |paths: &&[&str]| paths.iter().map(|it| (*it).to_owned()).collect();
        let named = names(all.iter().map(owned).enumerate().collect());
        let named: BTreeMap<usize, String> = named.into_iter().collect();
        let named: Vec<&str> = named.values().map(String::as_str).collect();
        let expected =
            ["apps/a", "apps/b", "compose.yaml", "apps/c/one.yaml", "apps/c/two.yaml", "/tmp"];
        assert_eq!(named, expected);
    }
}
