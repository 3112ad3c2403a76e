//! The application of a finding that gathers places, by which the finding is the same one in another run whichever of its
//! places leads.
//!
//! A finding goes by its application only where another application has a finding of the same rule for the same thing.
//! Otherwise neither the folders of the application nor the files that are handed over say anything about it.

use crate::facts::Facts;
use crate::report::Finding;
use crate::text::{Base, FileId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// What tells a finding from others: its rule, and what it gathers places for.
type Key = (&'static str, String);

/// The applications that have a finding for the same thing, each with the paths of the files where it is found.
#[derive(Debug, Default)]
pub(super) struct Gathered(FxHashMap<Key, BTreeMap<usize, Vec<String>>>);

impl Gathered {
    /// Notes where things are found before anything is accepted: what is accepted in one application changes nothing
    /// about another one.
    pub(super) fn of(findings: &[Finding], facts: &Facts<'_>, base: &Base) -> Gathered {
        let mut gathered = Gathered::default();
        let mut paths: FxHashMap<FileId, String> = FxHashMap::default();
        for finding in findings {
            let Some(what) = &finding.gathers else { continue };
            let parts = gathered.0.entry((finding.code, what.clone())).or_default();
            for file in files(finding) {
                let path = paths
                    .entry(file)
                    .or_insert_with(|| base.in_repository(facts.file(file).path()));
                parts.entry(facts.part_of(file)).or_default().push(path.clone());
            }
        }
        gathered.0.retain(|_, parts| parts.len() > 1);
        gathered
    }

    /// Names the applications of findings that other applications have as well.
    pub(super) fn name_applications(self, findings: &mut [Finding], facts: &Facts<'_>) {
        if self.0.is_empty() {
            return;
        }
        let names: FxHashMap<Key, FxHashMap<usize, String>> =
            self.0.into_iter().map(|(key, parts)| (key, names(parts))).collect();
        for finding in findings {
            let Some(what) = &finding.gathers else { continue };
            let Some(names) = names.get(&(finding.code, what.clone())) else { continue };
            // A habit in folders side by side is one finding of several applications.
            let own: FxHashSet<usize> = files(finding).map(|it| facts.part_of(it)).collect();
            if own.len() < names.len() {
                finding.application = names.get(&facts.part_of(finding.span.file)).cloned();
            }
        }
    }
}

/// Returns the files of a finding and of those that it stands for.
fn files(finding: &Finding) -> impl Iterator<Item = FileId> {
    std::iter::once(finding.span.file).chain(finding.others.iter().map(|it| it.span.file))
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
