use crate::facts::Facts;
use crate::knowledge::env::is_shell_variable;
use crate::model::compose::{Project, VariableForm, VariableUse};
use crate::report::phrases::first_named;
use crate::report::{Confidence, Edit, Findings, Fix, Kind, Severity};
use crate::rules::rule;
use crate::text::{FileId, folder_of};
use rustc_hash::FxHashSet;

rule! {
    /// A Compose file uses a variable that nothing sets.
    ///
    /// ## Why it hurts
    /// Compose warns once and inserts an empty string. With an empty password, tag or host name the
    /// program behaves differently, and the warning is long gone when somebody looks.
    ///
    /// ## What helps
    /// `${NAME:?}` if the variable must be set, `${NAME:-default}` if it need not be, and a line in
    /// `.env`.
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
    ///       POSTGRES_PASSWORD: ${DB_PASSWORD} # <- `DB_PASSWORD` is not set in any `.env` file and has no default, so it becomes empty
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

/// Maximum number of other uses that a finding points at.
const MAX_RELATED: usize = 5;

fn check(facts: &Facts, out: &mut Findings) {
    let mut reported: FxHashSet<(FileId, &str)> = FxHashSet::default();
    let mut summarised: FxHashSet<FileId> = FxHashSet::default();
    let env_files = EnvFiles::new(facts);
    for project in facts.projects() {
        let part = facts.part_of(facts.base_of(project));
        let mut unset = unset_variables(project, part, &env_files);
        facts.sort_by_names(&mut unset);
        if !env_files.are_near(&project.folder) {
            report_together(facts, project, unset, &mut summarised, out);
            continue;
        }
        for variable in unset {
            if !reported.insert((variable.span.file, &variable.name)) {
                continue;
            }
            let others = |other: &&VariableUse| {
                other.name == variable.name
                    && other.form == VariableForm::Plain
                    && other.span != variable.span
                    && other.span.file == variable.span.file
            };
            let others: Vec<&VariableUse> = project.variables.iter().filter(others).collect();
            let times = match others.len() + 1 {
                1 => String::new(),
                times => format!(" in all {times} places"),
            };
            let finding = out.at(
                &variable.span,
                format!(
                    "`{}` is not set in any `.env` file and has no default, so it becomes empty{times}",
                    variable.name
                ),
            );
            for other in others.iter().take(MAX_RELATED) {
                finding.also(&other.span, "used here too");
            }
            finding
                .confidence(Confidence::Likely)
                .check(facts.compose_of(project, "config --variables"))
                .maybe_fix(require(facts, &project.variables, variable));
        }
    }
}

/// Returns the uses of variables that have no default and that no `.env` file sets.
fn unset_variables<'a>(
    project: &'a Project,
    part: usize,
    env_files: &EnvFiles<'_>,
) -> Vec<&'a VariableUse> {
    project
        .variables
        .iter()
        .filter(|it| it.form == VariableForm::Plain && it.set_by.is_none())
        .filter(|it| {
            !is_shell_variable(&it.name) && !env_files.variables.contains(&(part, it.name.as_str()))
        })
        .collect()
}

/// Reports all unset variables of a file in one finding: without any `.env` file, their values come
/// from somewhere that the files do not show.
fn report_together(
    facts: &Facts,
    project: &Project,
    mut unset: Vec<&VariableUse>,
    summarised: &mut FxHashSet<FileId>,
    out: &mut Findings,
) {
    // A use that is accepted by a comment gets a finding of its own for the comment to suppress.
    unset.retain(|variable| {
        let accepted = facts.is_accepted(variable.span, &|selector| RULE.is(selector));
        if accepted {
            out.at(
                &variable.span,
                format!("without a value in the shell, `{}` becomes empty", variable.name),
            );
        }
        !accepted
    });
    let Some(first) = unset.first() else { return };
    if !summarised.insert(first.span.file) {
        return;
    }
    let mut names: Vec<&str> = unset.iter().map(|it| it.name.as_str()).collect();
    names.dedup();
    let become_empty = if names.len() == 1 { "becomes empty" } else { "become empty" };
    out.at(
        &first.span,
        format!("without a value in the shell, {} {become_empty}", first_named(&names, 4)),
    )
    .severity(Severity::Info)
    .confidence(Confidence::Possible)
    .check(facts.compose_of(project, "config --variables"));
}

/// The env files of the workspace.
struct EnvFiles<'a> {
    /// The folders that hold an env file.
    folders: FxHashSet<&'a str>,
    /// The parents of these folders.
    parents: FxHashSet<&'a str>,
    /// The variables that the `.env` of any project of one application sets, with the number of its
    /// part: an override file uses the `.env` of its base file, which may be another project here.
    variables: FxHashSet<(usize, &'a str)>,
}

impl<'a> EnvFiles<'a> {
    fn new(facts: &Facts<'a>) -> EnvFiles<'a> {
        let files = facts.files().iter().filter(|it| it.kind == Kind::EnvFile);
        let folders: FxHashSet<&str> = files.map(|it| folder_of(it.path())).collect();
        let parents = folders.iter().map(|it| folder_of(it)).collect();
        let variables_of = |project: &'a Project| {
            let part = facts.part_of(facts.base_of(project));
            project.dot_env.iter().map(move |it| (part, it.name.value.as_str()))
        };
        let variables = facts.projects().iter().flat_map(variables_of).collect();
        EnvFiles { folders, parents, variables }
    }

    /// Whether an env file is in a project's folder, in a folder above it or directly below it.
    fn are_near(&self, folder: &str) -> bool {
        let mut folders = ancestors(folder);
        folders.any(|it| self.folders.contains(it)) || self.parents.contains(folder)
    }
}

/// A folder and those above it, up to the root, which is the empty string.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |it| (!it.is_empty()).then(|| folder_of(it)))
}

/// Rewrites every use in the file as `${NAME:?}`. Unsafe, because a project that starts today would
/// then refuse to.
fn require(facts: &Facts, all: &[VariableUse], wanted: &VariableUse) -> Option<Fix> {
    let mut edits: Vec<Edit> = Vec::new();
    for it in all {
        if it.name != wanted.name || it.form != wanted.form || it.span.file != wanted.span.file {
            continue;
        }
        let written = facts.written(&it.span);
        // Without the exact place of every use, as in a folded scalar, there is no fix.
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
    fn without_an_env_file_there_is_one_finding_per_file() {
        let all = findings(&RULE, "services: {a: {image: 'x:${TAG}', hostname: '${H}'}}");
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].severity.name(), "info");
        assert!(all[0].message.contains("`H`, `TAG`"));
    }
}
