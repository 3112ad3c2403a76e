use crate::facts::{Facts, Service};
use crate::knowledge::env::{example_of, is_env_file};
use crate::model::Str;
use crate::model::compose::EnvFile;
use crate::report::{Confidence, Findings, Severity, phrases};
use crate::rules::rule;
use crate::text::{Span, folder_of, join_path, name_of};
use indexmap::IndexMap;
use rustc_hash::FxHashMap;

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
            if let Some(path) = missing_path(service, file, &folders) {
                let all = missing.entry((service.project_index, path)).or_default();
                all.push((service, &file.path));
            }
        }
    }
    for ((_, path), readers) in &missing {
        let beside = folders.get(folder_of(path)).map_or(&[][..], Vec::as_slice);
        report(facts, path, beside, readers, out);
    }
}

/// Returns the path of a required `env_file` that was not handed over although its folder was.
fn missing_path(
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
    let is_seen = is_env_file(name_of(&path)) && folders.contains_key(folder_of(&path));
    is_seen.then_some(path)
}

/// Reports a missing file once, whoever reads it. `beside` are the paths of the files in its folder.
fn report(
    facts: &Facts,
    path: &str,
    beside: &[&str],
    readers: &[(&Service<'_>, &Str)],
    out: &mut Findings,
) {
    let [(first, written), others @ ..] = readers else { return };
    let mut names: Vec<&str> = readers.iter().map(|it| it.0.name).collect();
    names.dedup();
    let read = if names.len() == 1 { "reads" } else { "read" };
    let names = phrases::first_named(&names, 4);
    let finding = out.at(
        &written.span,
        format!("{names} {read} `{written}`, which is not there, so Compose refuses to start"),
    );
    for (service, written) in others.iter().filter(|it| it.1.span != written.span) {
        finding.also(&written.span, format!("`{}` reads the same file", service.name));
    }
    finding.confidence(Confidence::Likely);
    if let Some(example) = example_of(path, beside) {
        // Somebody has thought of the file: it is written by hand from the example.
        finding.severity(Severity::Info).help(format!("Copy `{example}` to `{path}`."));
    } else if let Some(script) = facts.script_that_names(path, written.span.file) {
        let start = Span::new(script, 0, 0);
        finding.severity(Severity::Info).also(&start, "this script may create it");
    }
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
    fn one_file_is_one_finding() {
        let text =
            "services:\n  a: {image: 'a:1', env_file: .env}\n  b: {image: 'b:1', env_file: .env}\n";
        let all = findings(&RULE, text);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].related.len(), 1);
        assert!(all[0].message.starts_with("`a`, `b` read `.env`"), "{}", all[0].message);
    }

    #[test]
    fn a_script_that_names_the_file_may_create_it() {
        let script = |text: &str| project(".env.web", &format!("# file: gen.sh\n{text}\n"));
        assert_eq!(script("echo \"A=1\" > .env.web")[0].0, "info");
        assert_eq!(script("echo \"A=1\" > .env.api")[0].0, "warning");
    }
}
