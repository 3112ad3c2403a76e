use crate::facts::Facts;
use crate::knowledge::env::is_shell_variable;
use crate::model::compose::{Project, VariableForm, VariableUse};
use crate::report::phrases::first_named;
use crate::report::{Confidence, Edit, Findings, Fix, Kind, Role, Severity};
use crate::rules::rule;
use crate::text::{FileId, folder_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};

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
    ///       POSTGRES_PASSWORD: ${DB_PASSWORD} # <- `DB_PASSWORD` is not set in `.env` and has no default, so it becomes empty
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
const MAX_RELATED: usize = 8;

fn check(facts: &Facts, out: &mut Findings) {
    let mut reported: FxHashSet<(FileId, &str)> = FxHashSet::default();
    let env_files = EnvFiles::new(facts);
    for project in facts.projects() {
        let part = facts.part_of(facts.base_of(project));
        let mut by_file: IndexMap<FileId, Vec<&VariableUse>, FxBuildHasher> = IndexMap::default();
        let mut unset = unset_variables(project, part, &env_files);
        facts.sort_by_names(&mut unset);
        for variable in unset {
            by_file.entry(variable.span.file).or_default().push(variable);
        }
        for (file, mut unset) in by_file {
            unset.retain(|it| !reported.contains(&(file, it.name.as_str())));
            reported.extend(unset.iter().map(|it| (file, it.name.as_str())));
            // What a comment accepts gets a finding of its own for the comment to suppress.
            let (accepted, open): (Vec<_>, Vec<_>) = unset
                .into_iter()
                .partition(|it| facts.is_accepted(it.span, &|selector| RULE.is(selector)));
            for unset in accepted.chunks(1).chain([open.as_slice()]) {
                report(facts, project, &env_files, unset, out);
            }
        }
    }
}

/// Reports all unset variables of one file.
fn report(
    facts: &Facts,
    project: &Project,
    env_files: &EnvFiles<'_>,
    unset: &[&VariableUse],
    out: &mut Findings,
) {
    let Some((first, others)) = unset.split_first() else { return };
    let mut names: Vec<&str> = unset.iter().map(|it| it.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let (are, have, become_empty) = match names.len() {
        1 => ("is", "has", "it becomes empty"),
        _ => ("are", "have", "they become empty"),
    };
    let listed = first_named(&names, 5);
    let message = match project.dot_env_file {
        Some(file) => {
            let path = facts.file(file).path();
            format!("{listed} {are} not set in `{path}` and {have} no default, so {become_empty}")
        }
        None => format!(
            "{listed} {have} no default, and there is no `.env` file beside this project: without a value in the shell, {become_empty}"
        ),
    };
    let finding = out.at(&first.span, message);
    for other in others.iter().filter(|it| it.span != first.span).take(MAX_RELATED) {
        finding.also(&other.span, format!("`{}` is used here", other.name));
    }
    finding.confidence(Confidence::Likely).check(facts.compose_of(project, "config --variables"));
    // Without any file for its variables, the values come from somewhere that the files do not show.
    let has_env_file = env_files.folders.contains(project.folder.as_str());
    let role = facts.role_of(first.span.file);
    if !has_env_file {
        finding.confidence(Confidence::Possible);
    }
    if !has_env_file || role == Some(Role::Development) {
        finding.severity(Severity::Info);
    }
    if has_env_file {
        finding.maybe_fix(require(facts, &project.variables, &names, first.span.file));
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

/// The env files of the workspace.
struct EnvFiles<'a> {
    /// The folders that hold an env file, or an example of one.
    folders: FxHashSet<&'a str>,
    /// The variables that the `.env` of any project of one application sets, with the number of its
    /// part: an override file uses the `.env` of its base file, which may be another project here.
    variables: FxHashSet<(usize, &'a str)>,
}

impl<'a> EnvFiles<'a> {
    fn new(facts: &Facts<'a>) -> EnvFiles<'a> {
        let files = facts.files().iter().filter(|it| it.kind == Kind::EnvFile);
        let folders: FxHashSet<&str> = files.map(|it| folder_of(it.path())).collect();
        let variables_of = |project: &'a Project| {
            let part = facts.part_of(facts.base_of(project));
            project.dot_env.iter().map(move |it| (part, it.name.value.as_str()))
        };
        let variables = facts.projects().iter().flat_map(variables_of).collect();
        EnvFiles { folders, variables }
    }
}

/// Rewrites the uses of variables in a file as `${NAME:?}`. Unsafe, because a project that starts today would
/// then refuse to.
fn require(facts: &Facts, all: &[VariableUse], names: &[&str], file: FileId) -> Option<Fix> {
    let mut edits: Vec<Edit> = Vec::new();
    for it in all.iter().filter(|it| it.form == VariableForm::Plain && it.span.file == file) {
        if !names.contains(&it.name.as_str()) {
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
    Some(Fix::r#unsafe(format!("Refuse to start without {}", first_named(names, 5)), edits))
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

    #[test]
    fn the_variables_of_a_file_are_one_finding() {
        let text = "# file: compose.yaml\nservices: {a: {image: 'x:${TAG}', hostname: '${H}', domainname: '${H}'}}\n# file: .env\nOTHER=1\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].message,
            "`H`, `TAG` are not set in `.env` and have no default, so they become empty"
        );
        assert_eq!((found[0].severity.name(), found[0].fixes[0].edits.len()), ("warning", 3));
    }

    #[test]
    fn an_env_file_that_compose_does_not_read_is_no_list_of_variables() {
        let text = "# file: compose.yaml\nservices: {a: {image: 'x:${TAG}'}}\n# file: api/.env\nAPP_ENV=prod\n";
        let found = findings(&RULE, text);
        assert_eq!((found.len(), found[0].severity.name()), (1, "info"));
        let beside = text.replace("api/.env", ".env.example");
        assert_eq!(findings(&RULE, &beside)[0].severity.name(), "warning");
    }
}
