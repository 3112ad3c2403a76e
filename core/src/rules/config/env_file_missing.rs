use crate::facts::{Facts, Service};
use crate::knowledge::env::{example_of, is_env_file};
use crate::model::Str;
use crate::model::compose::EnvFile;
use crate::report::{Confidence, Findings, Severity, phrases};
use crate::rules::rule;
use crate::text::{Span, folder_of, join_path, name_of};
use indexmap::IndexMap;
use rustc_hash::{FxHashMap, FxHashSet};

rule! {
    /// A service takes its variables from an `env_file` that is not there.
    ///
    /// ## Why it hurts
    /// Compose refuses to start the project: "env file … not found". It happens on the server or on the
    /// machine of a new colleague, because the file exists only where somebody wrote it by hand.
    ///
    /// ## What helps
    /// Commit an example file without values and say how to copy it, correct the path, or write
    /// `required: false` if the service works without the file.
    ///
    /// ## How to troubleshoot
    /// `docker compose config -q` names the first file that is missing.
    ///
    /// ## When to ignore
    /// Where the deployment writes the file before it starts Compose.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     env_file: web.env # <- `web` reads `web.env`, which is not there, so Compose refuses to start
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     env_file:
    ///       - path: web.env
    ///         required: false
    /// ```
    PLM507 "env-file-missing" {
        since: "0.1.0", on: Compose, severity: Warning, check: check, about: absence,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut folders: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    for file in facts.files() {
        folders.entry(folder_of(file.path())).or_default().push(file.path());
    }
    // By project and path: several services may read one file.
    let mut missing: IndexMap<(usize, String), Vec<(&Service<'_>, &Str)>> = IndexMap::new();
    for service in facts.services() {
        for file in &service.model.env_files {
            if let Some(path) = missing_path(facts, service, file, &folders) {
                let all = missing.entry((service.project_index, path)).or_default();
                all.push((service, &file.path));
            }
        }
    }
    // The files of one folder that nobody shows how to write are one thing to do.
    let mut groups: IndexMap<(usize, String), Vec<Missing<'_, '_>>> = IndexMap::new();
    for ((project, path), readers) in missing {
        let beside = folders.get(folder_of(&path)).map_or(&[][..], Vec::as_slice);
        let example = example_of(&path, beside).map(str::to_owned);
        let step = facts.creating_step(project, &path).filter(|_| example.is_none());
        let is_accepted = readers.iter().any(|it| facts.stands_alone(it.1.span, &|it| RULE.is(it)));
        let is_alone = example.is_some() || step.is_some() || is_accepted;
        let key = if is_alone { path.clone() } else { folder_of(&path).to_owned() };
        let group = groups.entry((project, format!("{is_alone} {key}"))).or_default();
        group.push(Missing { path, readers, example, step });
    }
    for group in groups.values() {
        report(facts, group, out);
    }
}

/// A file that is not there, and what the others say about it.
struct Missing<'f, 'a> {
    path: String,
    readers: Vec<(&'f Service<'a>, &'f Str)>,
    /// The example beside it that somebody copies.
    example: Option<String>,
    /// The step that may create it.
    step: Option<(Span, String)>,
}

/// Returns the path of a required `env_file` that was not handed over although its folder was. One that lies there and
/// could not be read is not missing.
fn missing_path(
    facts: &Facts<'_>,
    service: &Service<'_>,
    file: &EnvFile,
    folders: &FxHashMap<&str, Vec<&str>>,
) -> Option<String> {
    let written = file.path.as_str();
    if !file.required
        || file.file.is_some()
        || written.starts_with(['/', '~'])
        || service.project.is_interpolated(file.path.span)
    {
        return None;
    }
    let path = join_path(&service.project.folder, written);
    // Files with other names are not looked at unless somebody asks for them.
    let is_seen = is_env_file(name_of(&path))
        && folders.contains_key(folder_of(&path))
        && !facts.config().unread.contains(&path);
    is_seen.then_some(path)
}

/// Reports the missing files of one folder once, whoever reads them.
fn report(facts: &Facts, all: &[Missing<'_, '_>], out: &mut Findings) {
    let readers: Vec<_> = all.iter().flat_map(|it| &it.readers).collect();
    let Some((first, written)) = readers.first() else { return };
    let mut names: Vec<&str> = readers.iter().map(|it| it.0.name).collect();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    names.retain(|it| seen.insert(it));
    let read = if names.len() == 1 { "reads" } else { "read" };
    let names = phrases::first_named(&names, 4);
    let files: Vec<&str> =
        all.iter().filter_map(|it| Some(it.readers.first()?.1.as_str())).collect();
    let are = if files.len() == 1 { "is" } else { "are" };
    let files = phrases::first_named(&files, 4);
    let finding = out.at(
        &written.span,
        match all {
            [_] => format!(
                "{names} {read} {files}, which {are} not there, so Compose refuses to start"
            ),
            _ => format!("{files} {are} not there, so Compose refuses to start {names}"),
        },
    );
    for (service, other) in readers.iter().filter(|it| it.1.span != written.span) {
        let what = match other.as_str() == written.as_str() {
            true => format!("`{}` reads the same file", service.name),
            false => format!("`{}` reads `{other}` here", service.name),
        };
        finding.also(&other.span, what);
    }
    finding.confidence(Confidence::Likely);
    if let [Missing { path, example, step, .. }] = all {
        if let Some(example) = example {
            // Somebody has thought of the file: it is written by hand from the example.
            finding.severity(Severity::Info).help(format!("Copy `{example}` to `{path}`."));
        }
        if let Some((span, what)) = step {
            finding.severity(Severity::Info).also(span, what.clone());
        }
    }
    let mut paths: Vec<&str> = all.iter().map(|it| it.path.as_str()).collect();
    paths.sort_unstable();
    // Several Compose files may read what somebody writes once.
    finding.cause_in_this_run(format!("no {}", paths.join(" ")));
    finding.gathers(match all {
        [Missing { path, example, step, .. }] if example.is_some() || step.is_some() => {
            name_of(path)
        }
        _ => "files that nobody shows how to write",
    });
    finding.check(facts.compose_of(first.project, "config -q"));
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn project(env_file: &str, others: &str) -> Vec<(&'static str, String)> {
        let text = format!(
            "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', env_file: {env_file}}}}}\n{others}"
        );
        findings(&RULE, &text).into_iter().map(|it| (it.severity.name(), it.message)).collect()
    }

    #[test]
    fn short_list_and_long_form_are_read() {
        for form in
            ["web.env", "[web.env]", "[{path: web.env}]", "[{path: web.env, required: true}]"]
        {
            assert_eq!(project(form, "")[0].0, "warning", "{form}");
            assert!(project(form, "# file: web.env\nA=1\n").is_empty(), "{form}");
        }
    }

    #[test]
    fn optional_unseen_and_chosen_files_are_silent() {
        for form in [
            "[{path: web.env, required: false}]",
            "config/web.env",
            "../web.env",
            "/etc/web.env",
            "'${STAGE:-dev}.env'",
            "settings.conf",
        ] {
            assert!(project(form, "").is_empty(), "{form}");
        }
        assert_eq!(project("config/web.env", "# file: config/db.env\nA=1\n").len(), 1);
    }

    #[test]
    fn a_name_with_an_underscore_is_one_of_an_env_file() {
        assert_eq!(project(".env_db", "")[0].0, "warning");
        assert!(project(".env_db", "# file: .env_db\nA=1\n").is_empty());
    }

    #[test]
    fn an_example_lowers_the_severity() {
        for example in [".env.example", ".env-sample", "env.dist", "example.env", ".env_sample"] {
            let found = project(".env", &format!("# file: {example}\nA=1\n"));
            assert_eq!(found[0].0, "info", "{example}");
        }
        assert_eq!(project(".env", "# file: web.env\nA=1\n")[0].0, "warning");
    }

    #[test]
    fn a_template_or_a_script_that_writes_the_file_lowers_the_severity() {
        for step in [
            "# file: web.env.tmpl\nA=\n",
            "# file: scripts/web.default.env\nA=\n",
            "# file: setup.sh\ncp defaults web.env\n",
        ] {
            let found = project("web.env", step);
            assert_eq!(found.iter().map(|it| it.0).collect::<Vec<_>>(), ["info"], "{step}");
        }
        assert_eq!(project("web.env", "# file: setup.sh\ncp a other.web.env\n")[0].0, "warning");
        assert_eq!(project(".env", "# file: scripts/default_env\nA=\n")[0].0, "info");
    }

    #[test]
    fn the_files_of_one_folder_are_one_finding() {
        let text = "services:\n  a: {image: 'a:1', env_file: a.env}\n  b: {image: 'b:1', env_file: b.env}\n";
        let all = findings(&RULE, text);
        assert_eq!((all.len(), all[0].related.len()), (1, 1));
        let said = "`a.env`, `b.env` are not there, so Compose refuses to start `a`, `b`";
        assert_eq!(all[0].message, said);
        let accepted = text.replace("b.env}", "b.env} # plimsoll: ignore PLM507 - made by hand");
        assert_eq!(findings(&RULE, &accepted).len(), 1);
        let elsewhere = "# file: compose.yaml\nservices:\n  a: {image: 'a:1', env_file: a.env}\n  b: {image: 'b:1', env_file: x/b.env}\n# file: x/c.env\nA=1\n";
        assert_eq!(findings(&RULE, elsewhere).len(), 2);
    }

    #[test]
    fn one_file_is_one_finding() {
        let text =
            "services:\n  a: {image: 'a:1', env_file: .env}\n  b: {image: 'b:1', env_file: .env}\n";
        let all = findings(&RULE, text);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].related.len(), 1);
        assert!(all[0].message.starts_with("`a`, `b` read `.env`"), "{}", all[0].message);
    }

    #[test]
    fn one_file_that_two_projects_miss_is_one_finding() {
        let both = |other: &str| {
            let text = format!(
                "# file: compose.prod.yaml\nservices: {{a: {{image: 'a:1', env_file: .env.prod}}}}\n# file: compose.proxy.yaml\nservices: {{b: {{image: 'b:1', env_file: {other}}}}}\n"
            );
            findings(&RULE, &text)
        };
        let all = both(".env.prod");
        assert_eq!((all.len(), all[0].related.len()), (1, 1));
        assert_eq!(both("proxy.env").len(), 2);
    }

    #[test]
    fn a_script_that_names_the_file_may_create_it() {
        let script = |text: &str| project(".env.web", &format!("# file: gen.sh\n{text}\n"));
        assert_eq!(script("echo \"A=1\" > .env.web")[0].0, "info");
        assert_eq!(script("echo \"A=1\" > .env.api")[0].0, "warning");
    }
}
