use crate::facts::{Facts, Service, in_shell, nearest};
use crate::model::compose::{FileObject, ProblemKind, Project};
use crate::report::{Confidence, Findings, Kind, Severity};
use crate::rules::rule;
use crate::text::{FileId, Span, folder_of, join_path, name_of};
use rustc_hash::FxHashSet;

rule! {
    /// A Compose file names a file of the project that is not there.
    ///
    /// ## Why it hurts
    /// Compose refuses the whole project where `extends` or `include` leads nowhere, and fails as soon as
    /// it builds an image or starts a service whose file is missing. It works on the machine where the
    /// file was forgotten, or where git ignores it, and nowhere else.
    ///
    /// ## What helps
    /// Add the file to the repository, correct the path, or write down the step that creates it, with an
    /// example file beside it.
    ///
    /// ## How to troubleshoot
    /// Clone the repository afresh and run `docker compose config -q` and `docker compose build` there.
    ///
    /// ## When to ignore
    /// Where something that these files do not show creates the file before Compose starts.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     extends: { file: common.yaml, service: base } # <- `extends` names `common.yaml`, which does not exist; did you mean `commons.yaml`?
    ///     image: nginx:1.29
    /// ```
    /// ```yaml file=commons.yaml
    /// x-note: templates for the services
    /// services: { base: { image: nginx:1.29 } }
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     extends: { file: commons.yaml, service: base }
    ///     image: nginx:1.29
    /// ```
    /// ```yaml file=commons.yaml
    /// x-note: templates for the services
    /// services: { base: { image: nginx:1.29 } }
    /// ```
    PLM520 "file-of-the-project-missing" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

/// A file that a project names and that is not among those handed over.
struct Missing {
    span: Span,
    /// What names it: "`extends` names".
    says: String,
    /// The path as written.
    written: String,
    /// The path from the root of the files.
    path: String,
    /// Whether Compose refuses the whole project.
    refused: bool,
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut seen: FxHashSet<(Span, String)> = FxHashSet::default();
    for (at, project) in facts.projects().iter().enumerate() {
        let mut all = refused(facts, project);
        all.extend(project.configs.iter().filter_map(|it| of_object(facts, project, it, "config")));
        all.extend(project.secrets.iter().filter_map(|it| of_object(facts, project, it, "secret")));
        let mut dockerfiles: FxHashSet<String> = FxHashSet::default();
        for service in facts.services_of(at) {
            // One Dockerfile that several services are built from is missing once.
            let dockerfile =
                dockerfile(facts, service).filter(|_| !facts.is_built_by_overrides(service));
            all.extend(dockerfile.filter(|it| dockerfiles.insert(it.path.clone())));
        }
        for missing in all {
            if seen.insert((missing.span, missing.path.clone())) {
                report(facts, project, at, &missing, out);
            }
        }
    }
}

fn report(facts: &Facts<'_>, project: &Project, at: usize, missing: &Missing, out: &mut Findings) {
    let step = facts.creating_step(at, &missing.path);
    let mut message = format!("{} `{}`, which does not exist", missing.says, missing.written);
    let folder = folder_of(&missing.path);
    let beside = facts.files_below(folder).filter(|it| folder_of(it) == folder);
    // The file that asks is not the one that was meant.
    let own = facts.file(missing.span.file).path();
    if let Some(near) = nearest(name_of(&missing.path), beside.filter(|it| *it != own).map(name_of))
    {
        message.push_str(&format!("; did you mean `{near}`?"));
    }
    let finding = out.at(&missing.span, message);
    finding.confidence(Confidence::Likely);
    if let Some((span, what)) = step {
        finding.severity(Severity::Info).also(&span, what);
    } else if missing.refused {
        finding.severity(Severity::Error);
    }
    // Whatever names the file, it is missing once.
    finding.cause_in_this_run(format!("missing {}", missing.path));
    finding.check(format!("ls -l {}", in_shell(&missing.path)));
    if missing.refused {
        finding.check(facts.compose_of(project, "config -q"));
    }
}

/// Returns the files of `extends`, `include` and `label_file`, and the env files of an `include`, without which
/// Compose refuses the project. PLM507 reports the env files of services.
fn refused(facts: &Facts<'_>, project: &Project) -> Vec<Missing> {
    let mut found = Vec::new();
    let env_files = || project.services.iter().flat_map(|service| &service.env_files);
    for problem in &project.problems {
        let home = folder_of(facts.file(problem.span.file).path());
        let (key, folder) = match problem.kind {
            ProblemKind::ExtendsFileMissing => ("extends", home),
            ProblemKind::IncludeFileMissing => ("include", home),
            ProblemKind::EnvFileMissing if env_files().any(|it| it.path.span == problem.span) => {
                continue;
            }
            ProblemKind::EnvFileMissing if problem.service.is_some() => {
                ("label_file", &*project.folder)
            }
            ProblemKind::EnvFileMissing => ("env_file", home),
            _ => continue,
        };
        let path = join_path(folder, &problem.name);
        if project.is_interpolated(problem.span) || !is_known_to_be_missing(facts, project, &path) {
            continue;
        }
        found.push(Missing {
            span: problem.span,
            says: format!("`{key}` names"),
            written: problem.name.to_string(),
            path,
            refused: true,
        });
    }
    found
}

/// Returns the file of a top-level config or secret.
fn of_object(
    facts: &Facts<'_>,
    project: &Project,
    object: &FileObject,
    what: &str,
) -> Option<Missing> {
    let file = object.file.as_ref().filter(|_| object.file_id.is_none() && !object.external)?;
    let path = join_path(&project.folder, file);
    let missing = is_local(file)
        && !project.is_interpolated(file.span)
        && !is_in_an_outer_folder(facts, project, file)
        && is_known_to_be_missing(facts, project, &path);
    missing.then(|| Missing {
        span: file.span,
        says: format!("the {what} `{}` names the file", object.key),
        written: file.to_string(),
        path,
        refused: false,
    })
}

/// Returns the Dockerfile that a service is built with.
fn dockerfile(facts: &Facts<'_>, service: &Service<'_>) -> Option<Missing> {
    let build = service.model.build.as_ref()?;
    let inline = build.dockerfile_inline.is_some();
    if inline || build.dockerfile_id.is_some() || !is_local(&build.context) {
        return None;
    }
    let place = build.dockerfile.as_ref().unwrap_or(&build.context);
    let name = build.dockerfile.as_ref().map_or("Dockerfile", |it| it.as_str());
    let project = service.project;
    let open = project.is_interpolated(place.span) || project.is_interpolated(build.context.span);
    if open || !is_local(name) {
        return None;
    }
    let context = join_path(&project.folder, &build.context);
    let path = join_path(&context, name);
    let from_folder = join_path(&build.context, name);
    if is_in_an_outer_folder(facts, project, &from_folder) {
        return None;
    }
    // Without a name, a file in lower case is taken too.
    let lower = join_path(&context, "dockerfile");
    if build.dockerfile.is_none() && facts.file_at(&lower).is_some() {
        return None;
    }
    // Where no Dockerfile was handed over around the project and its context, none would have been.
    let around = common_folder(&project.folder, &context);
    let is_dockerfile =
        |it: &&str| facts.file_at(it).is_some_and(|id| facts.file(id).kind == Kind::Dockerfile);
    let any = facts.files_below(around).any(|it| is_dockerfile(&it));
    (any && is_known_to_be_missing(facts, project, &path)).then(|| Missing {
        span: place.span,
        says: format!("`{}` is built with", service.name),
        written: path.clone(),
        path,
        refused: false,
    })
}

/// Whether a path leads to a file when the project is started from a folder around its own, as an override
/// file in a folder of its own is: `-f compose.yaml -f extra/compose.yaml`.
fn is_in_an_outer_folder(facts: &Facts<'_>, project: &Project, path: &str) -> bool {
    let mut folder = project.folder.as_str();
    while !folder.is_empty() {
        folder = folder_of(folder);
        if facts.file_at(&join_path(folder, path)).is_some() {
            return true;
        }
    }
    false
}

/// Returns the innermost folder that contains two others.
fn common_folder<'p>(a: &'p str, b: &str) -> &'p str {
    let mut folder = a;
    while !folder.is_empty() && folder != b && !b.starts_with(&format!("{folder}/")) {
        folder = folder_of(folder);
    }
    folder
}

/// Whether a path is relative, so that the project should have it.
fn is_local(path: &str) -> bool {
    let remote = path.contains("://") || path.starts_with("git@") || path.contains(':');
    !path.is_empty() && !path.starts_with(['/', '~', '\\']) && !remote
}

/// Whether a file would be among those handed over if it existed.
fn is_known_to_be_missing(facts: &Facts<'_>, project: &Project, path: &str) -> bool {
    if path.starts_with("..") || path.starts_with('/') || !facts.would_be_handed_over(path) {
        return false;
    }
    if facts.file_at(path).is_some() || facts.files_below(path).next().is_some() {
        return false;
    }
    // A file that was handed over alone, or with its override files, says nothing about its folder.
    let is_another = |other: &&str| {
        let id = facts.file_at(other);
        id.is_some_and(|it: FileId| !project.files.contains(&it))
    };
    let home = project.folder.as_str();
    let mut around = facts.files_below(home).chain(facts.files_below(folder_of(path)));
    around.any(|it| is_another(&it))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    const OTHER: &str = "# file: other.yaml\na: 1\n# file: web/Dockerfile\nFROM scratch\n";

    fn found(compose: &str, others: &str) -> Vec<(&'static str, String)> {
        let text = format!("# file: compose.yaml\n{compose}\n{others}");
        findings(&RULE, &text).into_iter().map(|it| (it.severity.name(), it.message)).collect()
    }

    #[test]
    fn what_a_package_manager_installs_is_not_handed_over() {
        let build = |context: &str, others: &str| {
            let compose = format!("services: {{web: {{build: {{context: {context}}}}}}}");
            found(&compose, &format!("{OTHER}{others}")).len()
        };
        for context in ["./vendor/laravel/sail/runtimes/8.4", "web/node_modules/tool", ".venv/x"] {
            assert_eq!(build(context, ""), 0, "{context}");
        }
        assert_eq!(build("vendors/sail", ""), 1);
        assert_eq!(build("vendor/gone", "# file: vendor/tool/compose.yaml\nservices: {}\n"), 1);
    }

    #[test]
    fn each_key_that_names_a_file_is_followed() {
        for (compose, severity, words) in [
            (
                "services: {a: {extends: {file: gone.yaml, service: b}}}",
                "error",
                "`extends` names `gone.yaml`",
            ),
            (
                "include: [gone.yaml]\nservices: {a: {image: x}}",
                "error",
                "`include` names `gone.yaml`",
            ),
            (
                "include: [{path: [db/gone.yml]}]\nservices: {a: {image: x}}",
                "error",
                "`db/gone.yml`",
            ),
            (
                "include: [{path: other.yaml, env_file: gone.env}]\nservices: {a: {image: x}}",
                "error",
                "`env_file` names `gone.env`",
            ),
            (
                "services: {a: {image: x, label_file: gone.env}}",
                "error",
                "`label_file` names `gone.env`",
            ),
            (
                "services: {a: {image: x}}\nconfigs: {c: {file: ./gone.yaml}}",
                "warning",
                "the config `c` names the file `./gone.yaml`",
            ),
            (
                "services: {a: {image: x}}\nsecrets: {s: {file: gone.env}}",
                "warning",
                "the secret `s` names the file `gone.env`",
            ),
            ("services: {a: {build: ./api}}", "warning", "`a` is built with `api/Dockerfile`"),
            (
                "services: {a: {build: {context: web, dockerfile: prod.Dockerfile}}}",
                "warning",
                "`a` is built with `web/prod.Dockerfile`",
            ),
        ] {
            let all = found(compose, OTHER);
            assert!(all.len() == 1, "{compose}: {all:?}");
            assert!(all[0].0 == severity && all[0].1.contains(words), "{compose}: {all:?}");
        }
    }

    #[test]
    fn files_that_are_there_or_elsewhere_are_silent() {
        for compose in [
            "services: {a: {image: x, env_file: gone.env}}",
            "services: {a: {build: web}}",
            "services: {a: {build: {context: web, dockerfile: ./Dockerfile}}}",
            "services: {a: {build: {context: gone, dockerfile_inline: FROM x}}}",
            "services: {a: {build: 'https://github.com/acme/web.git'}}",
            "services: {a: {build: ../elsewhere}}",
            "services: {a: {build: '${DIR}'}}",
            "services: {a: {build: {context: web, dockerfile: '${FILE}'}}}",
            "services: {a: {image: x}}\nconfigs: {c: {file: ./other.yaml}}",
            "services: {a: {image: x}}\nconfigs: {c: {file: ./nginx.conf}}",
            "services: {a: {image: x}}\nconfigs: {c: {external: true}, d: {content: x}}",
            "services: {a: {image: x}}\nsecrets: {s: {file: /run/key.yaml}, t: {environment: T}}",
            "services: {a: {image: x}}\nconfigs: {c: {file: .hidden/gone.yaml}}",
            "include: ['https://example.org/compose.yaml']\nservices: {a: {image: x}}",
        ] {
            let all = found(compose, OTHER);
            assert!(all.is_empty(), "{compose}: {all:?}");
        }
        let inner = "# file: extra/compose.yaml\nservices: {a: {build: web/}}\nsecrets: {s: {file: other.yaml}}\n# file: extra/b.yaml\na: 1\n";
        let all = findings(&RULE, &format!("{inner}{OTHER}"));
        assert!(all.is_empty(), "started from the root: {all:?}");
        let lower = format!("{OTHER}# file: api/dockerfile\nFROM scratch\n");
        assert!(found("services: {a: {build: api}}", &lower).is_empty());
    }

    #[test]
    fn env_files_are_another_rule_s() {
        for body in ["env_file: gone.env", "env_file: [{path: gone.env, required: false}]"] {
            assert!(found(&format!("services: {{a: {{image: x, {body}}}}}"), OTHER).is_empty());
        }
    }

    #[test]
    fn a_file_that_was_handed_over_alone_says_nothing_about_its_folder() {
        for compose in [
            "services: {a: {extends: {file: gone.yaml, service: b}}}",
            "services: {a: {build: ./api}}",
        ] {
            assert!(found(compose, "").is_empty(), "{compose}");
            let over = "# file: compose.override.yaml\nservices: {a: {restart: always}}\n";
            assert!(found(compose, over).is_empty(), "{compose}");
        }
        let without_dockerfiles = "# file: other.yaml\na: 1\n";
        assert!(found("services: {a: {build: ./api}}", without_dockerfiles).is_empty());
    }

    #[test]
    fn another_kind_of_file_is_missing_where_its_kind_is_read() {
        let conf = format!("{OTHER}# file: conf/a.conf\nx\n");
        let compose = "services: {a: {image: x}}\nconfigs: {c: {file: conf/b.conf}}";
        assert_eq!(found(compose, &conf).len(), 1);
        assert!(found(compose, OTHER).is_empty());
    }

    #[test]
    fn a_file_that_a_step_creates_is_a_note() {
        let compose = "services: {a: {image: x}}\nconfigs: {c: {file: conf/app.yaml}}";
        for others in [
            "# file: conf/app.yaml.example\nx\n",
            "# file: conf/app.example.yaml\nx: 1\n",
            "# file: init.sh\ncp defaults conf/app.yaml\n",
            "# file: Makefile\nsetup:\n\tcp a conf/app.yaml\n",
        ] {
            let all = found(compose, &format!("{OTHER}{others}"));
            assert_eq!(all.iter().map(|it| it.0).collect::<Vec<_>>(), ["info"], "{others}");
        }
        let service = "services: {a: {image: x}, certs-init: {image: y, volumes: ['./conf:/out']}}\nconfigs: {c: {file: conf/app.yaml}}";
        assert_eq!(found(service, OTHER)[0].0, "info");
        let read_only = service.replace("/out", "/out:ro");
        assert_eq!(found(&read_only, OTHER)[0].0, "warning");
    }

    #[test]
    fn dockerfiles_of_another_project_say_nothing() {
        let text = "# file: shop/docker/compose.yaml\nservices: {a: {build: ..}}\n# file: shop/k8s.yaml\na: 1\n# file: blog/Dockerfile\nFROM x\n";
        assert!(findings(&RULE, text).is_empty());
        let own = format!("{text}# file: shop/web/Dockerfile\nFROM x\n");
        assert_eq!(findings(&RULE, &own).len(), 1);
    }

    #[test]
    fn a_base_that_every_override_gives_a_dockerfile_is_not_built_alone() {
        let base = "services: {a: {build: {context: web}}, b: {image: x}}";
        let over = |path: &str, dockerfile: &str| {
            format!("# file: {path}\nservices: {{a: {{build: {{dockerfile: {dockerfile}}}}}}}\n")
        };
        let others = "# file: web/Dockerfile.prod\nFROM x\n# file: web/Dockerfile.dev\nFROM x\n";
        let prod = over("docker-compose.prod.override.yml", "Dockerfile.prod");
        let dev = over("docker-compose.dev.yml", "Dockerfile.dev");
        assert!(found(base, &format!("{prod}{dev}{others}")).is_empty());
        assert_eq!(found(base, others).len(), 1, "nothing is laid over it");
        let missing = over("docker-compose.dev.yml", "Dockerfile.test");
        let all = found(base, &format!("{prod}{missing}{others}"));
        assert!(all.len() == 1 && all[0].1.contains("Dockerfile.test"), "{all:?}");
    }

    #[test]
    fn one_file_is_missing_once() {
        let compose = "services: {a: {build: api}, b: {build: ./api}}";
        assert_eq!(found(compose, OTHER).len(), 1);
        let include = |second: &str| {
            let compose = format!(
                "include: [{{path: other.yaml, env_file: gone.env}}, {{path: third.yaml, env_file: {second}}}]\nservices: {{a: {{image: x}}}}"
            );
            let text =
                format!("# file: compose.yaml\n{compose}\n{OTHER}# file: third.yaml\na: 1\n");
            findings(&RULE, &text)
        };
        let all = include("gone.env");
        assert_eq!((all.len(), all[0].related.len()), (1, 1));
        assert_eq!(include("lost.env").len(), 2);
    }
}
