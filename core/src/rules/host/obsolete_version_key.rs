use crate::facts::Facts;
use crate::report::{Findings, Fix};
use crate::rules::rule;
use rustc_hash::FxHashSet;

rule! {
    /// The top-level `version` of a Compose file does nothing.
    ///
    /// ## Why it hurts
    /// Compose has ignored it for years and prints a warning with every command, which hides the
    /// warnings that matter. The key also makes readers look for differences that do not exist.
    ///
    /// ## What helps
    /// Remove the line.
    ///
    /// ## How to troubleshoot
    /// `docker compose config -q` prints "the attribute `version` is obsolete".
    ///
    /// ## When to ignore
    /// Where `docker-compose` before 1.27, which takes a file without the key for one of the oldest format,
    /// still reads the file.
    ///
    /// ## Bad
    /// ```yaml
    /// version: "3.8" # <- `version` is obsolete: Compose ignores it and warns about it with every command
    /// services:
    ///   web:
    ///     image: nginx:1.29
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    /// ```
    PLM807 "obsolete-version-key" {
        since: "0.1.0", on: Compose, severity: Hint, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut seen = FxHashSet::default();
    for (at, project) in facts.projects().iter().enumerate() {
        if project.versions.is_empty() {
            continue;
        }
        // `docker stack deploy` is another program, which still requires the version.
        let swarm = facts.services_of(at).iter().any(|it| facts.is_for_swarm(it));
        for key in &project.versions {
            if swarm || !seen.insert(key.entry) {
                continue;
            }
            let edit = facts.editor(key.entry.file).remove_entry(key.entry);
            let finding = out.at(
                &key.name.span,
                "`version` is obsolete: Compose ignores it and warns about it with every command",
            );
            finding
                .maybe_fix(edit.map(|it| Fix::safe("Remove `version`", [it])))
                .cause("version")
                .check(facts.compose_of(project, "config -q"));
            finding.unnecessary = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn the_files_of_an_application_are_one_finding_with_a_fix_for_each() {
        let text = "# file: compose.yaml\nversion: '3'\nservices: { a: { image: 'a:1' } }\n\
                    # file: compose.full.yaml\nversion: '3'\nservices: { a: { tty: true } }\n";
        let found = findings(&RULE, text);
        assert_eq!((found.len(), found[0].fixes[0].edits.len()), (1, 2));
        assert!(found[0].message.ends_with("(the same in `compose.full.yaml`)"), "{found:?}");
        let apart = text.replace("compose.full.yaml", "blog/compose.yaml");
        let apart = apart.replace("file: compose.yaml", "file: shop/compose.yaml");
        assert_eq!(messages(&RULE, &apart).len(), 2);
    }

    #[test]
    fn stack_files_need_a_version() {
        let stack = "version: '3.8'\nservices: { a: { image: 'a:1', deploy: { placement: { constraints: [node.role == worker] } } } }\n";
        assert!(messages(&RULE, stack).is_empty());
        assert!(messages(&RULE, "services: { a: { image: 'a:1' } }\n").is_empty());
    }
}
