//! The owner of a habit that a finding shows: one application, or a group of
//! applications whose folders lie side by side.

use crate::facts::Facts;
use crate::report::{Finding, Kind, Severity};
use crate::text::folder_of;
use rustc_hash::{FxHashMap, FxHashSet};

/// The applications for which a cause of findings is one thing to mend. Findings with the same cause and the same owner
/// become one finding.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum Owner<'p> {
    /// One application, by the number of its part of the project.
    Part(usize),
    /// All applications in the folders of this folder, for findings of one severity.
    Siblings(&'p str, Severity),
}

/// Rules about what somebody leaves out of all manifests alike: readiness probes, requests and exact tags.
const HABITS: [&str; 3] = ["PLM110", "PLM606", "PLM801"];

/// Says which owner each finding has.
pub(super) struct Owners<'f, 'p> {
    facts: &'f Facts<'p>,
    /// For each application whose habits are gathered with those of others, the folder that holds its own folder; by the
    /// number of its part.
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
        // An application that has a habit in its Compose files or its charts as well keeps all of its findings
        // together.
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
        // The folder of an application at the root lies beside no other one.
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

    /// Whether a finding shows a habit in a manifest that is applied as it is written, and not built from a chart or a
    /// kustomization.
    fn is_habit(&self, finding: &Finding) -> bool {
        let file = finding.span.file;
        let is_plain = self.facts.file(file).kind == Kind::Kubernetes
            && self.facts.built_target(file).is_none();
        HABITS.contains(&finding.code) && finding.targets.is_empty() && is_plain
    }
}

#[cfg(test)]
mod tests {
    use super::HABITS;
    use crate::{Options, Workspace};

    const SIDE_BY_SIDE: [&str; 2] = ["apps/a/app.yaml", "apps/b/app.yaml"];

    /// Returns the findings about habits in two applications, by the paths of their files: each rule with the number of
    /// further places that its finding stands for. Each application has a Service and a Deployment without a readiness
    /// probe, without requests and without an exact tag.
    fn habits(paths: [&str; 2], gathers_siblings: bool) -> Vec<(&'static str, usize)> {
        let mut workspace = Workspace::default();
        for (name, path) in ["a", "b"].into_iter().zip(paths) {
            let text = format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: {name}, image: 'acme/{name}:latest', ports: [{{containerPort: 80}}]}}]}}}}}}\n"
            );
            workspace.set(path, text);
        }
        let select = HABITS.map(str::to_owned).to_vec();
        let options = Options { gathers_siblings, select, ..Options::default() };
        let report = workspace.report(&options);
        let mut found: Vec<_> = report.findings.iter().map(|it| (it.code, it.more)).collect();
        found.sort_unstable();
        found
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
    fn each_habit_in_folders_side_by_side_is_one_finding() {
        assert_eq!(habits(SIDE_BY_SIDE, true), HABITS.map(|it| (it, 1)));
    }

    #[test]
    fn each_application_speaks_for_itself_unless_the_caller_gathers() {
        assert_eq!(habits(SIDE_BY_SIDE, false), HABITS.map(|it| [(it, 0); 2]).concat());
    }

    #[test]
    fn applications_in_folders_of_different_folders_speak_for_themselves() {
        let apart = ["apps/a/app.yaml", "tools/b/app.yaml"];
        assert_eq!(habits(apart, true), HABITS.map(|it| [(it, 0); 2]).concat());
    }
}
