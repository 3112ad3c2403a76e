use crate::facts::Facts;
use crate::model::FileModel;
use crate::model::compose::{Project, VariableForm, VariableUse};
use crate::report::{Findings, Kind, phrases};
use crate::rules::rule;
use crate::text::{FileId, folder_of, name_of};
use rustc_hash::FxHashSet;

rule! {
    /// A project takes variables from `.env`, and no example file says which ones it needs.
    ///
    /// ## Why it hurts
    /// Nobody commits `.env`. Whoever sets up the next server guesses the names from the Compose file,
    /// and learns about a forgotten one from a program that misbehaves.
    ///
    /// ## What helps
    /// Commit `.env.example` with every name and without values, or give each variable a default in the
    /// Compose file.
    ///
    /// ## How to troubleshoot
    /// `docker compose config --variables` lists the names.
    ///
    /// ## When to ignore
    /// Where another document lists the variables.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:${TAG} # <- `TAG` comes from `.env`, and no `.env.example` documents it
    /// ```
    /// ```yaml file=.env
    /// TAG=17
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:${TAG}
    /// ```
    /// ```yaml file=.env
    /// TAG=17
    /// ```
    /// ```yaml file=.env.example
    /// TAG=
    /// ```
    PLM508 "undocumented-env" {
        since: "0.1.0", on: Compose, severity: Hint, check: check, about: absence,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // Several Compose files of a folder share its `.env`.
    let mut reported: FxHashSet<FileId> = FxHashSet::default();
    let examples = Examples::new(facts);
    for project in facts.projects() {
        let Some(file) = project.dot_env_file else { continue };
        let mut needed = needed(project, file);
        facts.sort_by_names(&mut needed);
        let Some(first) = needed.first() else { continue };
        if examples.are_near(&project.folder) || !reported.insert(file) {
            continue;
        }
        let mut names: Vec<&str> = needed.iter().map(|it| it.name.as_str()).collect();
        names.dedup();
        let (come, them) = if names.len() == 1 { ("comes", "it") } else { ("come", "them") };
        let names = phrases::first_named(&names, 4);
        out.at(
            &first.span,
            format!("{names} {come} from `.env`, and no `.env.example` documents {them}"),
        )
        .check(facts.compose_of(project, "config --variables"));
    }
}

/// Returns the uses of variables that `.env` sets and that have no default.
fn needed(project: &Project, file: FileId) -> Vec<&VariableUse> {
    let uses = project.variables.iter().filter(|it| it.set_by.is_some_and(|it| it.file == file));
    uses.filter(|it| match it.form {
        VariableForm::Plain | VariableForm::Required { .. } => true,
        VariableForm::Default { .. } | VariableForm::Alternative { .. } => false,
    })
    .collect()
}

/// Words in the names of files that say which variables there are.
const EXAMPLE_WORDS: &[&str] =
    &["example", "sample", "template", "dist", "default", "schema", "contract", "tpl", "vault"];

/// The folders that hold an example of an env file.
struct Examples<'a> {
    folders: FxHashSet<&'a str>,
    /// The parents of these folders.
    parents: FxHashSet<&'a str>,
}

impl<'a> Examples<'a> {
    fn new(facts: &'a Facts<'_>) -> Examples<'a> {
        let is_example = |file: &&&FileModel| {
            let name = name_of(file.path()).to_ascii_lowercase();
            let is_env = file.kind == Kind::EnvFile || name.contains("env");
            is_env && EXAMPLE_WORDS.iter().any(|it| name.contains(it))
        };
        let files = facts.files().iter().filter(is_example);
        let folders: FxHashSet<&str> = files.map(|it| folder_of(it.path())).collect();
        let parents = folders.iter().filter(|it| !it.is_empty()).map(|it| folder_of(it)).collect();
        Examples { folders, parents }
    }

    /// Whether an example is in a project's folder, in a folder above it or directly below it.
    fn are_near(&self, folder: &str) -> bool {
        let mut above =
            std::iter::successors(Some(folder), |it| (!it.is_empty()).then(|| folder_of(it)));
        above.any(|it| self.folders.contains(it)) || self.parents.contains(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn project(image: &str, others: &str) -> usize {
        let text =
            format!("# file: app/compose.yaml\nservices: {{web: {{image: '{image}'}}}}\n{others}");
        messages(&RULE, &text).len()
    }

    #[test]
    fn variables_env_and_no_example_come_together() {
        let env = "# file: app/.env\nTAG=1\n";
        assert_eq!(project("x:${TAG}", env), 1);
        assert_eq!(project("x:${TAG:?set it}", env), 1);
        assert_eq!(project("x:1", env), 0, "no variable is used");
        assert_eq!(project("x:${TAG}", ""), 0, "no `.env` is in use");
        assert_eq!(project("x:${TAG:-1}", env), 0, "the default is documented");
    }

    #[test]
    fn any_example_near_by_is_enough() {
        for path in [
            "app/.env.example",
            "app/env.sample",
            "app/.env.dist",
            "app/example.env",
            ".env.template",
            "app/config/.env.example",
        ] {
            let others = format!("# file: app/.env\nTAG=1\n# file: {path}\nTAG=\n");
            assert_eq!(project("x:${TAG}", &others), 0, "{path}");
        }
    }
}
