use crate::facts::Facts;
use crate::knowledge::env::is_shell_variable;
use crate::model::compose::{VariableForm, VariableUse};
use crate::report::phrases::first_named;
use crate::report::{Confidence, Edit, Findings, Fix, Kind, Severity};
use crate::rules::rule;
use crate::text::{FileId, folder_of};
use rustc_hash::FxHashSet;

rule! {
    /// A Compose file uses a variable that nothing sets.
    ///
    /// ## Why it hurts
    /// Compose warns once and puts an empty text in its place. An empty password, tag or host name is
    /// a different program, and the warning is long gone when somebody looks.
    ///
    /// ## What helps
    /// `${NAME:?}` where it must be set, `${NAME:-default}` where it need not, and a line in `.env`.
    ///
    /// ## How to troubleshoot
    /// `docker compose config --variables` lists every variable with its default and whether it is
    /// required.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   db:
    ///     image: postgres:17
    ///     environment:
    ///       POSTGRES_PASSWORD: ${DB_PASSWORD} # <- `DB_PASSWORD` is set by no `.env` file and has no default: it becomes empty
    /// ```
    /// ```yaml file=.env
    /// TAG=17
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   db:
    ///     image: postgres:17
    ///     environment:
    ///       POSTGRES_PASSWORD: ${DB_PASSWORD:?set it in .env}
    /// ```
    /// ```yaml file=.env
    /// TAG=17
    /// ```
    PLM501 "unset-variable" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut told: FxHashSet<(FileId, &str)> = FxHashSet::default();
    let mut counted: FxHashSet<FileId> = FxHashSet::default();
    let env_files = EnvFiles::new(facts);
    for project in facts.projects() {
        let documented = env_files.are_near(&project.folder);
        let mut unset: Vec<&VariableUse> = Vec::new();
        for it in &project.variables {
            if it.form != VariableForm::Plain || it.set_by.is_some() || is_shell_variable(&it.name)
            {
                continue;
            }
            // A file laid over one elsewhere takes that one's `.env`.
            if !env_files.set.contains(it.name.as_str()) {
                unset.push(it);
            }
        }
        if !documented {
            // Without any `.env` the values come from somewhere that we do not see.
            unset.retain(|it| {
                let accepted = facts.is_accepted(it.span, &|it| RULE.is(it));
                if accepted {
                    out.at(
                        &it.span,
                        format!("without a value in the shell `{}` would become empty", it.name),
                    );
                }
                !accepted
            });
            let Some(first) = unset.first().filter(|it| counted.insert(it.span.file)) else {
                continue;
            };
            let mut names: Vec<&str> = unset.iter().map(|it| it.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            out.at(
                &first.span,
                format!(
                    "without a value in the shell {} would become empty",
                    first_named(&names, 4, "more")
                ),
            )
            .severity(Severity::Info)
            .confidence(Confidence::Possible)
            .check("docker compose config --variables");
            continue;
        }
        for it in unset {
            if !told.insert((it.span.file, &it.name)) {
                continue;
            }
            out.at(
                &it.span,
                format!(
                    "`{}` is set by no `.env` file and has no default: it becomes empty",
                    it.name
                ),
            )
            .confidence(Confidence::Likely)
            .check("docker compose config --variables")
            .maybe_fix(require(facts, &project.variables, it));
        }
    }
}

/// The env files of the workspace, and what is set for any project.
struct EnvFiles<'a> {
    /// The folders that hold an env file.
    folders: FxHashSet<&'a str>,
    /// The parents of these folders.
    parents: FxHashSet<&'a str>,
    /// The variables that the `.env` of any project sets.
    set: FxHashSet<&'a str>,
}

impl<'a> EnvFiles<'a> {
    fn new(facts: &Facts<'a>) -> EnvFiles<'a> {
        let files = facts.files().iter().filter(|it| it.kind == Kind::EnvFile);
        let folders: FxHashSet<&str> = files.map(|it| folder_of(it.path())).collect();
        let parents = folders.iter().map(|it| folder_of(it)).collect();
        let variables = facts.projects().iter().flat_map(|it| &it.dot_env);
        EnvFiles { folders, parents, set: variables.map(|it| it.name.value.as_str()).collect() }
    }

    /// Whether an env file lies in a project's folder, above it or just below.
    fn are_near(&self, folder: &str) -> bool {
        let mut above = Some(folder);
        while let Some(at) = above {
            if self.folders.contains(at) {
                return true;
            }
            above = (!at.is_empty()).then(|| folder_of(at));
        }
        self.parents.contains(folder)
    }
}

/// `${NAME:?}` at every use in the file. Unsafe: a project that starts today would refuse to.
fn require(facts: &Facts, all: &[VariableUse], wanted: &VariableUse) -> Option<Fix> {
    let mut edits: Vec<Edit> = Vec::new();
    for it in all {
        if it.name != wanted.name || it.form != wanted.form || it.span.file != wanted.span.file {
            continue;
        }
        let written = facts.written(&it.span);
        // A use whose exact place is not known, or inside a flow collection, is left alone.
        if written != format!("${{{}}}", it.name) && written != format!("${}", it.name) {
            return None;
        }
        let edit = facts.replace(&it.span, &format!("${{{}:?}}", it.name));
        if !edits.contains(&edit) {
            edits.push(edit);
        }
    }
    Some(Fix::r#unsafe(format!("Refuse to start without `{}`", wanted.name), edits))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn defaults_shell_variables_and_set_ones_are_silent() {
        let text = "# file: compose.yaml\nservices: {a: {image: 'x:${TAG}', user: '${USER}', hostname: '${H:-h}', working_dir: '${W:?}'}}\n# file: .env\nTAG=1\n";
        assert!(messages(&RULE, text).is_empty());
        assert!(messages(&RULE, "services: {a: {image: x:1, command: 'echo $$HOME'}}").is_empty());
    }

    #[test]
    fn without_any_env_file_it_is_told_once() {
        let all = findings(&RULE, "services: {a: {image: 'x:${TAG}', hostname: '${H}'}}");
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].severity.name(), "info");
        assert!(all[0].message.contains("`H`, `TAG`"));
    }
}
