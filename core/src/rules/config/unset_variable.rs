use crate::facts::{DocumentedVariable, DocumentedVariables, Facts};
use crate::knowledge::env::is_shell_variable;
use crate::model::compose::{
    ProblemKind, Project, VariableForm, VariableUse, is_default_name, parse_env_file,
};
use crate::report::phrases::first_named;
use crate::report::{Confidence, Edit, Findings, Fix, Kind, Role, Severity};
use crate::rules::rule;
use crate::text::{FileId, Span, folder_of, join_path};
use indexmap::IndexMap;
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

rule! {
    /// A Compose file uses a variable that nothing sets.
    ///
    /// ## Why it hurts
    /// Compose warns once and inserts an empty string. With an empty password, tag or host name the
    /// program behaves differently, and the warning is long gone when somebody looks. Where an example
    /// (`.env.example`) sets the variable, and no other use of it has a default, the finding is a note:
    /// somebody has to copy the example. What the example has in a comment only may be left out.
    ///
    /// A file under `env_file` does not help: its variables are for the container, and Compose does not
    /// look there when it fills in a variable.
    ///
    /// ## What helps
    /// `${NAME:?}` if the variable must be set, `${NAME:-default}` if it need not be, and a line in
    /// `.env`.
    ///
    /// ## How to troubleshoot
    /// `docker compose config --variables` lists every variable with its default and whether it is
    /// required.
    ///
    /// ## When to ignore
    /// Where the shell or the CI system that starts Compose always sets the variable.
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
    let env_files = EnvFiles::new(facts);
    let mut seen: FxHashSet<(Span, &str)> = FxHashSet::default();
    let mut found: IndexMap<(usize, &str), Vec<Unset<'_>>> = IndexMap::new();
    for (at, project) in facts.projects().iter().enumerate() {
        let part = facts.part_of(facts.base_of(project));
        let given = given_to_containers(facts, at);
        // Where some uses have a default, the project is meant to start without the example.
        let has_default = |it: &&VariableUse| {
            matches!(it.form, VariableForm::Default { .. }) && !it.word.is_empty()
        };
        let optional: FxHashSet<&str> =
            project.variables.iter().filter(has_default).map(|it| it.name.as_str()).collect();
        for used in unset_variables(project, part, &env_files) {
            let name = used.name.as_str();
            if env_files.documented.is_optional(part, name) || !seen.insert((used.span, name)) {
                continue;
            }
            let unset = Unset {
                project,
                used,
                has_env_file: env_files.folders.contains(project.folder.as_str()),
                is_development: facts.role_of(used.span.file) == Some(Role::Development),
                is_left_empty: env_files.documented.get(part, name).is_some_and(|it| it.is_empty),
                documented: match optional.contains(name) {
                    true => None,
                    false => env_files.documented.get(part, name),
                },
                given_by: given.get(name).copied(),
            };
            // What a comment accepts gets a finding of its own for the comment to suppress.
            match facts.stands_alone(used.span, &|selector| RULE.is(selector)) {
                true => report(facts, &[unset], out),
                false => found.entry((part, name)).or_default().push(unset),
            }
        }
    }
    // One finding for each application and for each thing to do about it.
    let mut groups: IndexMap<Group, Vec<Unset<'_>>> = IndexMap::new();
    for ((part, _), uses) in found {
        let is_noted = uses.iter().all(Unset::is_noted);
        let example = uses.iter().find_map(|it| it.documented).map(|it| it.file);
        let given_by = uses.iter().find_map(|it| it.given_by);
        let group = (part, is_noted, example, given_by);
        groups.entry(group).or_default().extend(uses);
    }
    for mut uses in groups.into_values() {
        let rank = |it: &Unset<'_>| {
            let file = it.used.span.file;
            (it.is_noted(), !is_default_name(facts.file(file).path()))
        };
        uses.sort_by_cached_key(|it| {
            let used = it.used;
            (rank(it), used.name.clone(), facts.subject_at(used.span), used.span)
        });
        report(facts, &uses, out);
    }
}

/// What has one remedy: the application, whether it is only worth a note, the example that sets the variables, and
/// the env file that gives them to containers.
type Group = (usize, bool, Option<FileId>, Option<FileId>);

/// Returns the variables that env files give to the containers of a project, each with the first such file. Compose
/// reads `.env` for itself too.
///
/// Source: <https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/>
fn given_to_containers(facts: &Facts<'_>, project: usize) -> FxHashMap<SmolStr, FileId> {
    let dot_env = facts.projects()[project].dot_env_file;
    let mut given = FxHashMap::default();
    let env_files = facts.services_of(project).iter().flat_map(|it| &it.model.env_files);
    for file in env_files.filter_map(|it| it.file).filter(|it| Some(*it) != dot_env) {
        for variable in parse_env_file(file, facts.file(file).text()) {
            given.entry(variable.name.value).or_insert(file);
        }
    }
    given
}

/// A use of a variable that nothing sets.
struct Unset<'a> {
    project: &'a Project,
    used: &'a VariableUse,
    /// Whether the folder of the project holds an env file. Without one, the values come from somewhere that
    /// the files do not show.
    has_env_file: bool,
    is_development: bool,
    documented: Option<DocumentedVariable>,
    /// Whether an example leaves the variable empty.
    is_left_empty: bool,
    /// The env file that sets the variable for containers only.
    given_by: Option<FileId>,
}

impl Unset<'_> {
    /// Whether the use is only worth a note.
    fn is_noted(&self) -> bool {
        !self.has_env_file || self.is_development || self.documented.is_some()
    }
}

/// Reports uses of variables that ask for one remedy.
fn report(facts: &Facts, uses: &[Unset<'_>], out: &mut Findings) {
    let Some(first) = uses.first() else { return };
    let mut names: Vec<&str> = uses.iter().map(|it| it.used.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let finding = out.at(&first.used.span, message(facts, first, &names));
    let mut named: FxHashSet<&str> = FxHashSet::default();
    let (leading, further): (Vec<_>, Vec<_>) =
        uses.iter().map(|it| it.used).partition(|it| named.insert(it.name.as_str()));
    let others = leading.iter().chain(&further).filter(|it| it.span != first.used.span);
    for other in others.take(MAX_RELATED) {
        finding.also(&other.span, format!("`{}` is used here", other.name));
    }
    finding.gathers(if first.is_noted() { "variables for a note" } else { "variables" });
    finding.check(facts.compose_of(first.project, "config --variables"));
    finding.confidence(match first.has_env_file && first.documented.is_none() {
        true => Confidence::Likely,
        false => Confidence::Possible,
    });
    if first.is_noted() {
        finding.severity(Severity::Info);
    }
    if let Some(documented) = first.documented {
        let example = facts.file(documented.file).path();
        let env = join_path(folder_of(example), ".env");
        finding.help(format!(
            "Copy `{example}` to `{env}`, or start Compose with `--env-file {example}`."
        ));
    } else if let Some(given_by) = first.given_by {
        let path = facts.file(given_by).path();
        finding.help(format!(
            "Start Compose with `--env-file {path}`, which stands in for `.env`, or set the variable in `.env` as well. \
             Under `environment`, an entry such as `NAME: ${{NAME}}` replaces what the env file sets: leave it out. In a \
             command, `$$NAME` leaves the variable to the shell in the container."
        ));
    }
    if first.has_env_file && first.given_by.is_none() {
        finding.maybe_fix(require(facts, uses));
    }
}

/// Returns the message about variables, the first use of which leads.
fn message(facts: &Facts, first: &Unset<'_>, names: &[&str]) -> String {
    let (are, have, become_empty, them) = match names.len() {
        1 => ("is", "has", "it becomes empty", "it"),
        _ => ("are", "have", "they become empty", "them"),
    };
    let listed = first_named(names, 5);
    let dot_env = first.project.dot_env_file.map(|file| facts.file(file).path());
    let example = first.documented.map(|it| facts.file(it.file).path());
    if let (Some(given_by), None) = (first.given_by, example) {
        let path = facts.file(given_by).path();
        return format!(
            "{listed} {are} set in `{path}`, but `env_file` gives {them} to the container alone: here {become_empty}"
        );
    }
    match (dot_env, example) {
        (Some(path), Some(example)) => format!(
            "{listed} {are} not set in `{path}` and {have} no default, so {become_empty}; `{example}` sets {them}"
        ),
        (Some(path), None) => {
            format!("{listed} {are} not set in `{path}` and {have} no default, so {become_empty}")
        }
        (None, Some(example)) => {
            let env = join_path(folder_of(example), ".env");
            format!(
                "{listed} {have} no default, and {become_empty} until somebody copies `{example}` to `{env}`"
            )
        }
        (None, None) => format!(
            "{listed} {have} no default, and there is no `.env` file beside this project: without a value in the shell, {become_empty}"
        ),
    }
}

/// Returns the uses of variables that have no default, that no `.env` file sets, and without which Compose
/// starts all the same.
fn unset_variables<'a>(
    project: &'a Project,
    part: usize,
    env_files: &EnvFiles<'_>,
) -> Vec<&'a VariableUse> {
    let is_required = |it: &&VariableUse| matches!(it.form, VariableForm::Required { .. });
    let required: FxHashSet<&str> =
        project.variables.iter().filter(is_required).map(|it| it.name.as_str()).collect();
    // Without the env file of an `include`, Compose refuses the project, and nobody knows what the file sets: what
    // an example of it has, or anything at all.
    let is_refused = lacks_included_env_file(project);
    let documented = &env_files.documented;
    let may_be_set = |it: &VariableUse| {
        is_refused
            && project.included.contains(&it.span.file)
            && (!documented.has_example(part) || documented.get(part, &it.name).is_some())
    };
    project
        .variables
        .iter()
        .filter(|it| it.form == VariableForm::Plain && it.set_by.is_none())
        .filter(|it| {
            !is_shell_variable(&it.name)
                && !is_for_more(&it.name)
                && !may_be_set(it)
                && !env_files.variables.contains(&(part, it.name.as_str()))
                && !required.contains(it.name.as_str())
        })
        .collect()
}

/// Whether a variable holds more options for a program, as `JAVA_OPTS` does: mostly there are none.
fn is_for_more(name: &str) -> bool {
    ["_OPTS", "_ARGS", "_FLAGS"].iter().any(|it| name.ends_with(it))
}

/// Whether the env file of an `include` was not handed over. PLM520 reports it.
fn lacks_included_env_file(project: &Project) -> bool {
    let env_files = || project.services.iter().flat_map(|service| &service.env_files);
    project.problems.iter().any(|it| {
        it.kind == ProblemKind::EnvFileMissing
            && it.service.is_none()
            && env_files().all(|file| file.path.span != it.span)
    })
}

/// The env files of the workspace.
struct EnvFiles<'a> {
    /// The folders that hold an env file, or an example of one.
    folders: FxHashSet<&'a str>,
    /// The variables that the `.env` of any project of one application sets, with the number of its
    /// part: an override file uses the `.env` of its base file, which may be another project here.
    variables: FxHashSet<(usize, &'a str)>,
    documented: DocumentedVariables,
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
        EnvFiles { folders, variables, documented: DocumentedVariables::new(facts) }
    }
}

/// Rewrites uses of variables as `${NAME:?}`, but for those that an example leaves empty on purpose, and those in
/// services that need a profile: Compose fills in variables before it leaves such services out. Unsafe, because a
/// project that starts today would then refuse to.
fn require(facts: &Facts, uses: &[Unset<'_>]) -> Option<Fix> {
    let mut edits: Vec<Edit> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let in_profiles = places_in_profiles(facts);
    let is_needed = |it: &&Unset<'_>| {
        !it.is_left_empty && !in_profiles.iter().any(|place| place.contains(it.used.span))
    };
    for Unset { used, .. } in uses.iter().filter(is_needed) {
        let written = facts.written(&used.span);
        // Without the exact place of every use, as in a folded scalar, there is no fix.
        if written != format!("${{{}}}", used.name) && written != format!("${}", used.name) {
            return None;
        }
        names.push(&used.name);
        edits.push(facts.replace(&used.span, &format!("${{{}:?}}", used.name)));
    }
    if edits.is_empty() {
        return None;
    }
    names.sort_unstable();
    names.dedup();
    Some(Fix::r#unsafe(format!("Refuse to start without {}", first_named(&names, 5)), edits))
}

/// Returns the places of the services that do not start by themselves.
fn places_in_profiles(facts: &Facts) -> Vec<Span> {
    let services = facts.services().iter().filter(|it| !it.starts_by_itself());
    services.flat_map(|it| it.model.places.iter().map(|place| place.span)).collect()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{apply_fixes, files, findings, messages, run};

    #[test]
    fn defaults_shell_variables_and_set_ones_are_silent() {
        let text = "# file: compose.yaml\nservices: {a: {image: 'x:${TAG}', user: '${USER}', hostname: '${H:-h}', working_dir: '${W:?}'}}\n# file: .env\nTAG=1\n";
        assert!(messages(&RULE, text).is_empty());
        assert!(messages(&RULE, "services: {a: {image: x:1, command: 'echo $$HOME'}}").is_empty());
    }

    #[test]
    fn what_an_example_has_in_a_comment_may_be_left_out() {
        let named = |example: &str| {
            let text = "# file: compose.yaml\nservices: {a: {image: x:1, hostname: '${H}', domainname: '${D}'}}\n";
            let found = messages(&RULE, &format!("{text}# file: .env.example\n{example}"));
            (found.iter().any(|it| it.contains("`H`")), found.iter().any(|it| it.contains("`D`")))
        };
        assert_eq!(named("# H=web\n#D=\n"), (false, false));
        assert_eq!(named("# H=web\n# ask for D=1\n"), (false, true));
        assert_eq!(named("# H=web\nH=web\nA=1\n"), (true, true));
        assert_eq!(named("## H=web\n# export D=1\n"), (false, false));
    }

    #[test]
    fn what_env_file_gives_to_a_container_is_not_there_for_compose() {
        let said = |env_file: &str, env: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{a: {{image: x:1, env_file: {env_file}, environment: {{H: '${{H}}', D: '${{D}}'}}}}}}\n# file: .env\nOTHER=1\n{env}# file: web.env\nH=web\n"
            );
            messages(&RULE, &text)
        };
        assert_eq!(
            said("web.env", ""),
            [
                "`H` is set in `web.env`, but `env_file` gives it to the container alone: here it becomes empty",
                "`D` is not set in `.env` and has no default, so it becomes empty",
            ]
        );
        // Compose reads `.env` for itself too.
        assert_eq!(said(".env", "H=web\nD=1\n"), [""; 0]);
        assert_eq!(said("web.env", "H=web\nD=1\n"), [""; 0]);
    }

    #[test]
    fn what_a_service_with_a_profile_uses_is_not_required() {
        let fixes = |profile: &str| {
            let text = format!(
                "# file: compose.yaml\nservices:\n  app: {{image: x:1, hostname: '${{H}}'{profile}}}\n# file: .env\nA=1\n"
            );
            let found = findings(&RULE, &text);
            assert_eq!(found.len(), 1);
            found[0].fixes.len()
        };
        assert_eq!(fixes(""), 1);
        assert_eq!(fixes(", profiles: [websites]"), 0);
        let both = "# file: compose.yaml\nservices:\n  app: {image: x:1, hostname: '${H}', profiles: [a]}\n  web: {image: x:1, hostname: '${D}'}\n# file: .env\nA=1\n";
        assert_eq!(findings(&RULE, both)[0].fixes[0].edits.len(), 1);
    }

    #[test]
    fn without_an_env_file_there_is_one_finding() {
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

    const APP: &str =
        "# file: compose.yaml\nservices: {a: {image: 'x:${TAG}', hostname: '${H}'}}\n";

    #[test]
    fn what_an_example_sets_is_a_note_to_copy_it() {
        for example in [".env.example", "env.example", "example.env", ".env-sample", ".env.dist"] {
            let found = findings(&RULE, &format!("{APP}# file: {example}\nTAG=1\nH=h\n"));
            assert_eq!((found.len(), found[0].severity.name()), (1, "info"), "{example}");
            assert_eq!(
                found[0].message,
                format!(
                    "`H`, `TAG` have no default, and they become empty until somebody copies `{example}` to `.env`"
                )
            );
        }
        let stale = format!("{APP}# file: .env.example\nTAG=1\nH=h\n# file: .env\nTAG=1\n");
        let found = findings(&RULE, &stale);
        assert!(found[0].message.ends_with("`.env.example` sets it"), "{}", found[0].message);
    }

    #[test]
    fn what_no_example_sets_leads_by_itself() {
        let found = findings(&RULE, &format!("{APP}# file: .env.example\nTAG=1\n"));
        let said: Vec<_> =
            found.iter().map(|it| (it.severity.name(), it.message.split(' ').next())).collect();
        assert_eq!(said, [("info", Some("`TAG`")), ("warning", Some("`H`"))]);
    }

    #[test]
    fn a_default_that_only_some_uses_have_is_no_matter_of_the_example() {
        let text = "# file: compose.yaml\nservices: {a: {image: 'x:1', hostname: '${H:-h}', domainname: '${H}'}}\n# file: .env.example\nH=h\n";
        assert_eq!(findings(&RULE, text)[0].severity.name(), "warning");
        assert_eq!(findings(&RULE, &text.replace(":-h", ":-"))[0].severity.name(), "info");
    }

    #[test]
    fn the_file_of_a_service_is_no_example() {
        let text = "# file: compose.yaml\nservices: {a: {image: 'x:${TAG}', env_file: web.env}}\n# file: web.env\nTAG=1\n# file: web.env.example\nTAG=1\n";
        assert_eq!(findings(&RULE, text)[0].severity.name(), "warning");
    }

    #[test]
    fn a_variable_that_an_example_leaves_empty_is_not_required() {
        let found = findings(&RULE, &format!("{APP}# file: .env.example\nTAG=1\nH=\n"));
        assert_eq!(found[0].fixes[0].title, "Refuse to start without `TAG`");
        let found = findings(&RULE, &format!("{APP}# file: .env.example\nTAG=\nH=\n"));
        assert!(found[0].fixes.is_empty());
    }

    #[test]
    fn what_is_required_elsewhere_never_becomes_empty() {
        let text = "# file: compose.yaml\nservices: {a: {image: 'x:1', hostname: '${H}', domainname: '${H:?set it}'}}\n# file: .env\nOTHER=1\n";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn the_files_of_one_application_are_one_finding() {
        let file = |name: &str| {
            format!("# file: {name}\nservices: {{a: {{image: x:1, hostname: '${{H}}'}}}}\n")
        };
        let both = [file("docker-compose.yml"), file("docker-compose.tls.yml")].concat();
        let found = findings(&RULE, &format!("{both}# file: .env\nOTHER=1\n"));
        assert_eq!((found.len(), found[0].related.len()), (1, 1));
        assert_eq!(found[0].fixes[0].edits.len(), 2);
    }

    #[test]
    fn more_options_for_a_program_may_be_left_out() {
        let text = "# file: compose.yaml\nservices: {a: {image: 'x:1', environment: {JAVA_OPTS: '${JAVA_OPTS} -Dx=1', EXTRA: '${RUN_ARGS}'}, hostname: '${OPTS_HOST}'}}\n# file: .env\nOTHER=1\n";
        let found = messages(&RULE, text);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("`OPTS_HOST` is not set"), "{found:?}");
    }

    #[test]
    fn what_the_env_file_of_an_include_sets_is_not_known_without_it() {
        let project = |file: &str| {
            let text = format!(
                "# file: compose.yaml\ninclude: [{{path: b.yaml, env_file: [.env, .env.search]}}]\nservices: {{a: {{image: 'x:${{TAG}}'}}}}\n# file: b.yaml\nservices: {{b: {{image: 'y:1', hostname: '${{SEARCH_HOST}}'}}}}\n# file: .env\nOTHER=1\n{file}"
            );
            messages(&RULE, &text).join("\n")
        };
        let without = project("# file: .env.search.example\nSEARCH_HOST=search\n");
        assert!(without.contains("`TAG`") && !without.contains("SEARCH_HOST"), "{without}");
        let lacking = project("# file: .env.search.example\nX=1\n");
        assert!(lacking.contains("`SEARCH_HOST`"), "the example lacks it: {lacking}");
        let nothing = project("");
        assert!(!nothing.contains("SEARCH_HOST"), "anything may be in the file: {nothing}");
        let other = project("# file: .env.search\nX=1\n");
        assert!(other.contains("`SEARCH_HOST`"), "{other}");
        let set = project("# file: .env.search\nSEARCH_HOST=search\n");
        assert!(!set.contains("SEARCH_HOST"), "{set}");
    }

    #[test]
    fn every_form_of_a_variable_is_read() {
        let named = |form: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{a: {{image: x:1, hostname: '{form}'}}}}\n# file: .env\nOTHER=1\n"
            );
            findings(&RULE, &text)
        };
        for unset in ["${H}", "$H", "${A:-${H}}"] {
            let found = named(unset);
            assert!(found.len() == 1 && found[0].message.starts_with("`H` is not set"), "{unset}");
        }
        for fine in ["${H:-x}", "${H-x}", "${H:-}", "${H:?x}", "${H?x}", "${H:+x}", "${H+x}", "$$H"]
        {
            assert!(named(fine).is_empty(), "{fine}");
        }
        for shell in ["PWD", "HOME", "USER", "PATH", "UID"] {
            assert!(named(&format!("${{{shell}}}")).is_empty(), "{shell}");
        }
    }

    #[test]
    fn the_fix_asks_for_the_variable_in_either_form() {
        let text = |one: &str, other: &str| {
            format!(
                "# file: compose.yaml\nservices: {{a: {{image: 'x:1', hostname: '{one}', domainname: '{other}.b'}}}}\n# file: .env\nOTHER=1\n"
            )
        };
        let before = files(&text("${H}", "$D"));
        let after = apply_fixes(&before, &run(&RULE, &before));
        assert_eq!(&*after[0].text, &*files(&text("${H:?}", "${D:?}"))[0].text);
    }
}
