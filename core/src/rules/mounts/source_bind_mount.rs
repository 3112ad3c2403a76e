use crate::facts::{Facts, Service, Shadowed, in_shell};
use crate::report::{Findings, Precedence, Role, Severity};
use crate::rules::rule;
use crate::text::join_path;

rule! {
    /// A service's source code is mounted over the files of its image.
    ///
    /// ## Why it hurts
    /// What runs is the host's working copy, not what was built and tested. The image may lack
    /// files that nobody misses until it runs elsewhere: in a cluster, or on the next server. The image of a
    /// language alone, such as `node:22`, lacks the whole program. Where the
    /// Dockerfile copies the same files to the same path, also by way of an earlier stage, the finding is a
    /// note.
    ///
    /// ## What helps
    /// Copy the sources into the image in the Dockerfile, and keep the mount in
    /// `compose.override.yaml` for development.
    ///
    /// ## How to troubleshoot
    /// Build the image and start it once without any mounts.
    /// `docker compose run --rm --no-deps -v /empty SERVICE ls` is no substitute, because the
    /// service's own mounts stay in place.
    ///
    /// ## When to ignore
    /// Where the file is for the machine of a developer: say so with `# plimsoll: role=development`.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     build: .
    ///     image: ghcr.io/acme/web:1.4.2
    ///     volumes:
    ///       - .:/app # <- the build context of `web` is mounted over `/app` in its image
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     build: .
    ///     image: ghcr.io/acme/web:1.4.2
    /// ```
    PLM301 "source-bind-mount" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut noted_projects = Vec::new();
    for service in facts.services() {
        for mount in &service.model.volumes {
            let what = service.covered_sources(mount);
            let language =
                service.language_of_sources(mount).filter(|_| !facts.is_one_shot(service));
            if what.is_none() && language.is_none() {
                continue;
            }
            let shadowed = facts.shadowed(service, mount);
            if shadowed == Shadowed::Apart || facts.is_built_by_overrides(service) {
                continue;
            }
            let development = service.role == Role::Development;
            if development {
                // Normal in development, so a project gets one note: the file may reach a server.
                if noted_projects.contains(&service.project_index) {
                    continue;
                }
                noted_projects.push(service.project_index);
            }
            let name = service.name;
            let target = &mount.target;
            let mut message = match (what, language) {
                (None, Some(language)) => format!(
                    "`{name}` runs the sources that are mounted at `{target}`, because its image holds {language} and no program"
                ),
                (what, _) => format!(
                    "{} of `{name}` is mounted over `{target}` in its image",
                    what.unwrap_or_default()
                ),
            };
            if shadowed == Shadowed::Nothing {
                message.push_str(", into which the Dockerfile copies no files at all");
            }
            let finding = out.at(&mount.span, message);
            // What the image itself holds there.
            let image = match &service.unit.image {
                Some(image) => in_shell(image.text),
                None => format!(
                    "$({})",
                    facts.compose(service, &format!("images -q {}", in_shell(name)))
                ),
            };
            // Services with the same sources, and the files of several variants, have the same mount.
            finding.cause_in_this_run(format!("{} {}", sources_of(service), mount.target));
            finding.gathers(format!("sources at {}", mount.target));
            if service.model.places.iter().any(|it| it.span.contains(mount.span)) {
                finding.precedence(Precedence::First);
            }
            let target = in_shell(&mount.target);
            finding.check(format!("docker run --rm --entrypoint ls {image} -l {target}"));
            if language.is_some() {
                finding
                    .why("The program is not in any image: what runs is whatever lies in this folder of this machine. No version of it can be pulled on another server, and in a cluster there is nothing to start.")
                    .help("Write a Dockerfile that copies the sources into an image, and keep the mount in `compose.override.yaml` for development.");
            }
            if development {
                finding.severity(Severity::Info);
            } else if shadowed == Shadowed::Same {
                finding.severity(Severity::Info).why("The Dockerfile copies the same files to this path, so that the image lacks nothing. What runs is still the host's working copy, and not what was built and tested.");
            }
            if let Some(build) = &service.model.build {
                finding.also(&build.span, "the image is built here");
            }
        }
    }
}

/// Returns the path of the folder that a service is built from.
fn sources_of(service: &Service<'_>) -> String {
    let context = service.model.build.as_ref().map_or("", |it| it.context.as_str());
    join_path(&service.project.folder, context)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn services_with_the_same_sources_are_one_finding() {
        let services = |context: &str| {
            let text = format!(
                "services: {{api: {{build: ., command: ./start.sh, volumes: ['.:/code']}}, worker: {{build: {context}, volumes: ['{context}:/code']}}}}"
            );
            messages(&RULE, &text)
        };
        assert_eq!(
            services("."),
            [
                "the build context of `api` is mounted over `/code` in its image (and 1 more like it)"
            ]
        );
        assert_eq!(services("./worker").len(), 2);
    }

    #[test]
    fn a_base_that_every_override_builds_otherwise_is_judged_with_them() {
        let found = |dev: &str| {
            let text = format!(
                "# file: docker-compose.yml\nservices: {{app: {{build: {{context: app}}, volumes: ['./app:/srv']}}}}\n# file: docker-compose.prod.override.yml\nservices: {{app: {{build: {{dockerfile: Dockerfile.prod}}}}}}\n# file: docker-compose.dev.yml\nservices: {{app: {{build: {{dockerfile: {dev}}}}}}}\n# file: app/Dockerfile.prod\nFROM ruby:3.4\nWORKDIR /srv\nCOPY . .\n# file: app/Dockerfile.dev\nFROM ruby:3.4\n"
            );
            findings(&RULE, &text).into_iter().map(|it| it.severity.name()).collect::<Vec<_>>()
        };
        assert!(!found("Dockerfile.dev").contains(&"warning"), "the image lacks nothing");
        assert!(found("Dockerfile").contains(&"warning"), "the base is built as it is");
    }

    #[test]
    fn the_image_of_a_language_has_no_program_of_its_own() {
        let found = |body: &str| findings(&RULE, &format!("services: {{web: {{{body}}}}}"));
        for body in [
            "image: 'node:22', working_dir: /app, command: node server.js, volumes: ['.:/app']",
            "image: 'node:22', working_dir: /work/web, volumes: ['./:/work']",
            "image: 'php:8.3-apache', volumes: ['./src:/var/www/html']",
            "image: 'php:8.3-apache', volumes: ['./html:/var/www/html:ro']",
            "image: 'python:3.13', volumes: [{type: bind, source: ., target: /code}]",
        ] {
            let all = found(body);
            assert_eq!(all.len(), 1, "{body}");
            assert_eq!(all[0].severity.name(), "warning", "{body}");
            assert!(all[0].message.ends_with("and no program"), "{}", all[0].message);
        }
        for body in [
            "image: 'node:22', volumes: ['./data:/app/data']",
            "image: 'node:22', volumes: ['./uploads:/app']",
            "image: 'node:22', volumes: ['./app.conf:/app']",
            "image: 'node:22', volumes: ['modules:/app']",
            "image: 'node:22', volumes: ['/srv/shop:/app']",
            "image: 'python:3.13', command: python manage.py migrate, volumes: ['.:/code']",
            "image: 'postgres:17', volumes: ['.:/work']",
            "image: 'acme/web:1', volumes: ['.:/app']",
        ] {
            assert!(found(body).is_empty(), "{body}");
        }
        let text =
            "# file: compose.dev.yaml\nservices: {web: {image: 'node:22', volumes: ['.:/app']}}";
        assert_eq!(findings(&RULE, text)[0].severity.name(), "info");
    }

    #[test]
    fn every_form_of_a_mount_is_read() {
        for mount in [
            "'.:/app'",
            "'./:/app'",
            "'./src:/app/src:ro'",
            "{type: bind, source: ., target: /app}",
            "{type: bind, source: ./src, target: /app/src, read_only: true}",
        ] {
            let text = format!("services: {{web: {{build: ., volumes: [{mount}]}}}}");
            assert_eq!(messages(&RULE, &text).len(), 1, "{mount}");
        }
        for mount in ["'code:/app'", "/app", "{type: volume, source: code, target: /app}"] {
            let text = format!("services: {{web: {{build: ., volumes: [{mount}]}}}}");
            assert!(messages(&RULE, &text).is_empty(), "{mount}");
        }
    }

    #[test]
    fn the_service_that_has_the_line_leads() {
        let text = "services:\n  web: &web {build: ., volumes: ['.:/code']}\n  bot: {<<: *web, command: bot}\n";
        let found = messages(&RULE, text);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("the build context of `web`"), "{found:?}");
    }

    #[test]
    fn a_path_for_files_that_do_not_last_hides_nothing() {
        let count = |mount: &str, workdir: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{build: ., volumes: ['{mount}']}}}}\n# file: Dockerfile\nFROM python:3.13\nWORKDIR {workdir}\nCOPY . .\n"
            );
            messages(&RULE, &text).len()
        };
        for target in ["/tmp/static", "/var/tmp/x", "/run/web"] {
            assert_eq!(count(&format!("./frontend/static:{target}"), "/app"), 0, "{target}");
        }
        assert_eq!(count("./frontend/static:/tmp/static", "/tmp/static"), 1);
        assert_eq!(count("./frontend/static:/app/frontend/static", "/app"), 1);
    }

    #[test]
    fn data_in_a_source_folder_is_none_and_the_folder_of_the_dockerfile_is_one() {
        let count = |mount: &str| {
            let text = format!(
                "# file: prod/compose.yaml\nservices: {{web: {{build: {{context: .., dockerfile: maps/Dockerfile}}, volumes: ['{mount}']}}}}"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(count("../server/storage:/app/server/storage"), 0);
        assert_eq!(count("../server:/app/server"), 1);
        assert_eq!(count("../maps:/var/www/html/"), 1);
        assert_eq!(count("../music:/var/www/html/"), 0);
    }

    #[test]
    fn data_and_configuration_are_not_sources() {
        let text = "services:\n  web:\n    build: .\n    volumes: ['./data:/data', './nginx.conf:/etc/nginx/nginx.conf']\n";
        assert!(messages(&RULE, text).is_empty());
        assert!(
            messages(&RULE, "services: {db: {image: postgres, volumes: ['.:/work']}}").is_empty()
        );
    }

    #[test]
    fn the_dockerfile_says_what_is_hidden() {
        let count = |dockerfile: &str, mount: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{build: {{context: ., dockerfile: web/Dockerfile}}, volumes: ['{mount}']}}}}\n# file: web/Dockerfile\n{dockerfile}"
            );
            messages(&RULE, &text)
        };
        let own = "FROM node:22\nWORKDIR /app\nCOPY src/web ./\n";
        assert!(count(own, "./src/flags:/app/data").is_empty(), "data of another folder");
        assert_eq!(count(own, "./src/web:/srv").len(), 1);
        assert_eq!(count(own, "./src:/app").len(), 1);
        assert_eq!(count("FROM node:22\nCOPY [\"src\", \"/app\"]\n", "./src/x:/app/x").len(), 1);
        let built = "FROM node:22 AS b\nWORKDIR /b\nCOPY src/web ./\nFROM nginx\nWORKDIR /app\nCOPY --from=b /out ./\n";
        assert!(count(built, "./src/flags:/app/data").is_empty(), "data beside what is built");
        let found = count(built, "./src/web:/srv");
        assert!(found[0].ends_with("over `/srv` in its image"), "{found:?}");
        assert_eq!(count(built, "./src/flags:/app").len(), 1, "over what is built");
        let found = count("FROM nginx\nRUN date\n", ".:/usr/share/nginx/html");
        assert!(
            found[0].ends_with("into which the Dockerfile copies no files at all"),
            "{found:?}"
        );
    }

    #[test]
    fn an_image_with_the_same_files_lacks_nothing() {
        let severity = |dockerfile: &str, mount: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{build: ., volumes: ['{mount}']}}}}\n# file: Dockerfile\nFROM node:22 AS first\n{dockerfile}"
            );
            findings(&RULE, &text)[0].severity.name()
        };
        assert_eq!(severity("WORKDIR /app\nCOPY . .\n", ".:/app"), "info");
        assert_eq!(severity("COPY . /app\n", "./src:/app/src"), "info");
        assert_eq!(severity("COPY src /app/src/\n", "./src:/app/src"), "info");
        assert_eq!(severity("COPY src /app\n", ".:/app"), "warning");
        assert_eq!(severity("COPY . /srv\n", ".:/app"), "warning");
        assert_eq!(severity("WORKDIR /app\nCOPY --from=other . .\n", ".:/app"), "warning");
        let staged = |copy: &str| {
            severity(&format!("WORKDIR /app\nCOPY . .\nRUN make\nFROM nginx\n{copy}"), ".:/app")
        };
        assert_eq!(staged("COPY --from=first /app /app\n"), "info");
        assert_eq!(staged("COPY --chown=1 --from=0 /app/ /app/\n"), "info");
        assert_eq!(staged("COPY --from=first / /\n"), "info");
        assert_eq!(staged("COPY --from=first /app/dist /app\n"), "warning");
        assert_eq!(staged("COPY --from=first /app /srv\n"), "warning");
    }

    #[test]
    fn the_folder_of_the_shell_is_that_of_the_project() {
        let found = |source: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{build: app, volumes: ['{source}:/srv']}}}}\n# file: app/Dockerfile\nFROM ruby:3.4\nWORKDIR /srv\nCOPY . .\n"
            );
            messages(&RULE, &text).len()
        };
        for source in ["./app", "$PWD/app", "${PWD}/app"] {
            assert_eq!(found(source), 1, "{source}");
        }
        assert_eq!(found("$OTHER/app"), 0);
    }

    #[test]
    fn the_command_shows_what_the_image_holds() {
        let text = "services: {web: {build: ., image: acme/web, volumes: ['.:/app']}}";
        let command = "docker run --rm --entrypoint ls acme/web -l /app";
        assert_eq!(findings(&RULE, text)[0].check, [command]);
        let text = "# file: shop/compose.yaml\nservices: {web: {build: ., volumes: ['.:/app']}}";
        let command = "docker run --rm --entrypoint ls $(docker compose -f shop/compose.yaml images -q web) -l /app";
        assert_eq!(findings(&RULE, text)[0].check, [command]);
    }

    #[test]
    fn development_mounts_are_reported_once_per_project() {
        let text = "# file: compose.dev.yaml\nservices:\n  a: {build: ./a, volumes: ['./a:/app']}\n  b: {build: ./b, volumes: ['./b/src:/app/src']}\n";
        let all = findings(&RULE, text);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].severity.name(), "info");
    }
}
