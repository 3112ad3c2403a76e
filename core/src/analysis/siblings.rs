//! Habits in the manifests of applications whose folders lie side by side.

use crate::facts::Facts;
use crate::report::{Finding, Kind, Severity};
use crate::text::folder_of;
use rustc_hash::{FxHashMap, FxHashSet};

/// Whose cause a finding has.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum Owner<'p> {
    /// That of an application, by the number of its part of the project.
    Part(usize),
    /// That of whoever writes the manifests in the folders of this folder.
    Siblings(&'p str, Severity),
}

/// Rules about habits, which somebody has in all manifests alike.
const HABITS: [&str; 3] = ["PLM110", "PLM606", "PLM801"];

/// Whose causes the findings have.
pub(super) struct Owners<'f, 'p> {
    facts: &'f Facts<'p>,
    /// The folder above that of each application with habits, by the number of its part.
    above: FxHashMap<usize, &'p str>,
}

impl<'f, 'p> Owners<'f, 'p> {
    pub(super) fn new(
        findings: &[Finding],
        facts: &'f Facts<'p>,
        gathers_siblings: bool,
    ) -> Owners<'f, 'p> {
        let mut owners = Owners { facts, above: FxHashMap::default() };
        if !gathers_siblings {
            return owners;
        }
        let mut folders: FxHashMap<usize, &'p str> = FxHashMap::default();
        // What is deployed in another way too has its habits in both, which stay one finding.
        let mut mixed: FxHashSet<usize> = FxHashSet::default();
        for finding in findings.iter().filter(|it| HABITS.contains(&it.code)) {
            let file = finding.span.file;
            if !owners.is_habit(finding) {
                mixed.insert(facts.part_of(file));
                continue;
            }
            let folder = folder_of(facts.file(file).path());
            let known = folders.entry(facts.part_of(file)).or_insert(folder);
            if folder.len() < known.len() {
                *known = folder;
            }
        }
        // An application at the root has no siblings.
        folders.retain(|part, folder| !folder.is_empty() && !mixed.contains(part));
        folders.values_mut().for_each(|folder| *folder = folder_of(folder));
        let mut count: FxHashMap<&str, usize> = FxHashMap::default();
        folders.values().for_each(|folder| *count.entry(folder).or_default() += 1);
        folders.retain(|_, folder| count[folder] > 1);
        owners.above = folders;
        owners
    }

    pub(super) fn of(&self, finding: &Finding) -> Owner<'p> {
        let part = self.facts.part_of(finding.span.file);
        match self.above.get(&part).filter(|_| self.is_habit(finding)) {
            Some(folder) => Owner::Siblings(folder, finding.severity),
            None => Owner::Part(part),
        }
    }

    /// Whether a finding is about a habit in manifests that are applied as they are written.
    fn is_habit(&self, finding: &Finding) -> bool {
        let file = finding.span.file;
        let is_plain = self.facts.file(file).kind == Kind::Kubernetes
            && self.facts.built_target(file).is_none();
        HABITS.contains(&finding.code) && finding.targets.is_empty() && is_plain
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, Workspace};

    /// Returns what is said about the habits in two Deployments, by the paths of their files.
    fn habits(paths: [&str; 2], gathers_siblings: bool) -> Vec<(&'static str, usize)> {
        let mut workspace = Workspace::default();
        for (name, path) in ["a", "b"].into_iter().zip(paths) {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: {name}, image: 'acme/{name}:latest'}}]}}}}}}\n"
            );
            workspace.set(path, text);
        }
        let select = vec!["PLM606".into(), "PLM801".into(), "PLM812".into()];
        let options = Options { gathers_siblings, select, ..Options::default() };
        let report = workspace.report(&options);
        assert!(report.findings.iter().all(|it| it.others.len() == it.more));
        report.findings.iter().map(|it| (it.code, it.more)).collect()
    }

    #[test]
    fn what_compose_and_the_cluster_have_in_common_stays_one_finding() {
        let manifest = |name: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: {name}, image: 'acme/{name}:latest'}}]}}\n"
            )
        };
        let mut workspace = Workspace::default();
        workspace.set("apps/a/compose.yaml", "services: {a: {image: 'acme/a:latest'}}\n");
        workspace.set("apps/a/k8s/a.yaml", manifest("a"));
        workspace.set("apps/b/b.yaml", manifest("b"));
        let select = vec!["PLM801".into()];
        let options = Options { gathers_siblings: true, select, ..Options::default() };
        let found = workspace.report(&options).findings;
        assert_eq!(found.iter().map(|it| it.more).collect::<Vec<_>>(), [1, 0], "{found:?}");
    }

    #[test]
    fn a_habit_in_folders_side_by_side_is_one_finding_where_that_is_asked_for() {
        let siblings = ["apps/a/deployment.yaml", "apps/b/deployment.yaml"];
        let mut found = habits(siblings, true);
        found.sort_unstable();
        assert_eq!(found, [("PLM606", 1), ("PLM801", 1)]);
        assert_eq!(habits(siblings, false).len(), 4, "each application says it by itself");
        let apart = ["apps/a/deployment.yaml", "tools/b/deployment.yaml"];
        assert_eq!(habits(apart, true).len(), 4, "somebody else's, perhaps");
    }
}
