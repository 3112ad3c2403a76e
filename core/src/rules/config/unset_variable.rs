use crate::facts::Facts;
use crate::index::Index;
use crate::knowledge::env::is_shell_variable;
use crate::model::compose::{VariableForm, VariableUse};
use crate::report::phrases::first_named;
use crate::report::{Confidence, Edit, Findings, Fix, Kind, Severity};
use crate::rules::rule;

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
    let mut told = Index::default();
    let mut counted = Vec::new();
    for project in facts.projects() {
        let documented = facts
            .files()
            .iter()
            .any(|it| it.kind == Kind::EnvFile && is_near(it.path(), &project.folder));
        let mut unset: Vec<&VariableUse> = Vec::new();
        for it in &project.variables {
            if it.form != VariableForm::Plain || it.set_by.is_some() || is_shell_variable(&it.name)
            {
                continue;
            }
            // A file laid over one elsewhere takes that one's `.env`.
            let mut all = facts.projects().iter();
            if !all.any(|at| at.dot_env.iter().any(|var| var.name.value == it.name)) {
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
            let Some(first) = unset.first().filter(|it| !counted.contains(&it.span.file)) else {
                continue;
            };
            counted.push(first.span.file);
            let mut names: Vec<&str> = Vec::new();
            for it in &unset {
                if !names.contains(&it.name.as_str()) {
                    names.push(&it.name);
                }
            }
            names.sort();
            out.at(
                &first.span,
                format!(
                    "without a value in the shell {} would become empty",
                    first_named(&names, 4)
                ),
            )
            .severity(Severity::Info)
            .confidence(Confidence::Possible)
            .check("docker compose config --variables");
            continue;
        }
        for it in unset {
            if told.add(&[&it.span.file.0.to_string(), &it.name], 0).len() > 1 {
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

/// Whether an env file lies in the project's folder, above it or just below.
fn is_near(path: &str, folder: &str) -> bool {
    let own = crate::text::folder_of(path);
    let above = own.is_empty()
        || own == folder
        || folder.strip_prefix(own).is_some_and(|it| it.starts_with('/'));
    above || crate::text::folder_of(own) == folder
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
