use super::{check_span, note_in_development, probes};
use crate::facts::{Facts, MissingTool, Service, Unit, Workload, in_shell};
use crate::knowledge::checks::{self, Flaw};
use crate::knowledge::families::Tool;
use crate::model::compose::Condition;
use crate::model::kubernetes::ProbeHandler;
use crate::report::{Confidence, Finding, Findings};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A health check runs a program that the image does not contain.
    ///
    /// ## Why it hurts
    /// The check fails each time, however well the server is: in Compose what waits for
    /// `service_healthy` never starts, and in a cluster the Pod never becomes ready, or it is restarted
    /// for ever. Slim and distroless images have neither `curl` nor `wget`, and the smallest have no
    /// shell.
    ///
    /// ## What helps
    /// Use what is in the image: the client that comes with the server (`pg_isready`, `redis-cli`), or the
    /// language's own runtime. In a cluster, `httpGet`, `tcpSocket` and `grpc` probes need no program in
    /// the image. Otherwise install it in a Dockerfile.
    ///
    /// ## How to troubleshoot
    /// `docker inspect -f '{{json .State.Health}}' CONTAINER` and `kubectl describe pod POD` show
    /// `executable file not found`.
    ///
    /// ## When to ignore
    /// Where the image under this name is one of your own that brings the program.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17.2
    ///     healthcheck:
    ///       test: ["CMD", "curl", "-f", "http://localhost:5432"] # <- the healthcheck of service `db` runs `curl`, which is not in `postgres:17.2`
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17.2
    ///     healthcheck:
    ///       test: ["CMD", "pg_isready", "-h", "127.0.0.1", "-U", "postgres"]
    /// ```
    PLM621 "exec-probe-tool-missing" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        check_service(facts, out, service);
    }
    for workload in facts.workloads() {
        for (unit, _) in workload.running() {
            check_container(facts, out, workload, unit);
        }
    }
}

fn check_service(facts: &Facts, out: &mut Findings, service: &Service<'_>) {
    let health = service.model.healthcheck.as_ref().filter(|it| !it.disabled);
    let Some(test) = health.and_then(|it| it.test.as_ref()) else { return };
    let words: Vec<&str> = test.arguments().iter().map(|it| it.as_str()).collect();
    // Of several words behind `CMD-SHELL` only the first is run, which PLM624 reports.
    if test.is_shell() && words.len() > 1 || cannot_fail(&words) {
        return;
    }
    let Some(missing) = facts.missing_tool(&service.unit, &words, test.is_shell()) else { return };
    let word = missing.word.as_ref().and_then(|it| test.arguments().get(it.arg));
    let span = word.or(test.arguments().first()).map_or(test.span, |it| it.span);
    let what = format!("the healthcheck of service `{}`", service.name);
    let builder = missing.builder.map_or(service, |it| &facts.services()[it]);
    let from = facts.final_from(builder).filter(|_| !missing.is_certain);
    let dockerfile = from.map(|it| facts.file(it.file).path());
    let finding = report(out, &span, &what, &missing, dockerfile);
    let name = service.name;
    if let (Some(from), Some(path)) = (from, dockerfile) {
        finding.also(&from, format!("the image of `{name}` is built here"));
        if missing.instead.is_none() {
            let tool = missing.tool.name();
            finding.help(match facts.lacks_shell(&service.unit) {
                // What has no shell has no package manager either.
                true => format!(
                    "Build `{path}` on an image with a shell, or let the check run a program that is in the image, with `CMD`: one that is copied into it for that, or the server itself with an option for it."
                ),
                false => format!(
                    "Install `{tool}` in `{path}`, or let the check run a program that is in the image: the language's own runtime, or the server itself with an option for it."
                ),
            });
        }
    }
    for wait in
        facts.waiters(service).filter(|it| it.dependency.condition.value == Condition::Started)
    {
        let words =
            format!("`{}` depends on `{name}`, and has no health to wait for", wait.from.name);
        finding.also(&wait.dependency.span, words);
    }
    note_in_development(facts, &service.unit, finding);
    finding.check(facts.compose(
        service,
        &format!("exec {name} {}", question(missing.tool), name = in_shell(name)),
    ));
    if let Some(shell) = service.ready_shell() {
        finding
            .help(format!("`{shell}` asks the server itself, with a client that is in the image."));
    }
}

fn check_container(facts: &Facts, out: &mut Findings, workload: &Workload<'_>, unit: &Unit<'_>) {
    let at = workload.units.iter().position(|it| it.site == unit.site);
    let Some(container) = at.map(|at| workload.container(at)) else { return };
    let mut first: Option<(&mut Finding, Tool)> = None;
    for (field, probe) in probes(container) {
        let ProbeHandler::Exec { command, .. } = &probe.handler else { continue };
        let words: Vec<&str> = command.iter().map(|it| it.as_str()).collect();
        if cannot_fail(&words) {
            continue;
        }
        let Some(missing) = facts.missing_tool(unit, &words, false) else { continue };
        let word = missing.word.as_ref().and_then(|it| command.get(it.arg));
        let span = word.map_or(check_span(probe), |it| it.span);
        match &mut first {
            // The same probe, written once and used twice.
            Some((finding, tool)) if *tool == missing.tool => {
                if finding.span != span {
                    finding.also(&span, format!("so does the {field}"));
                }
            }
            Some(_) => {}
            None => {
                let what = format!("the {field} of {}", unit.label);
                let finding = report(out, &span, &what, &missing, None);
                note_in_development(facts, unit, finding);
                finding.check(workload.exec(unit, question(missing.tool)));
                first = Some((finding, missing.tool));
            }
        }
    }
}

/// Whether a check succeeds even when its program is missing, which PLM624 reports.
fn cannot_fail(words: &[&str]) -> bool {
    words.last().is_some_and(|it| checks::flaw(it, true) == Some(Flaw::EndsInSuccess))
}

fn report<'o>(
    out: &'o mut Findings,
    span: &Span,
    what: &str,
    missing: &MissingTool,
    dockerfile: Option<&str>,
) -> &'o mut Finding {
    let (tool, image) = (missing.tool.name(), &missing.image);
    let start = match (missing.tool, &missing.word) {
        (Tool::Sh, None) => format!("{what} is run by a shell, and there is none in `{image}`"),
        _ => format!("{what} runs `{tool}`, which is not in `{image}`"),
    };
    let message = match (missing.is_certain, dockerfile) {
        (true, _) => start,
        (false, Some(path)) => format!("{start} and not added by `{path}`"),
        (false, None) => format!("{start} and not added by the Dockerfile"),
    };
    let finding = out.at(span, message);
    finding.cause_in_this_run(format!("{tool} in {}", dockerfile.unwrap_or(image)));
    if !missing.is_certain {
        finding.confidence(Confidence::Likely);
    }
    match missing.instead {
        Some(Tool::Wget) => finding.help(
            "`wget` is in the image: `wget -q -O /dev/null URL` fails where `curl -f URL` does.",
        ),
        Some(Tool::Curl) => finding.help(
            "`curl` is in the image: `curl -fsS -o /dev/null URL` fails where `wget URL` does.",
        ),
        _ => finding,
    }
}

/// Returns the command that shows whether a program is there.
fn question(tool: Tool) -> &'static str {
    match tool {
        Tool::Sh => "sh -c true",
        Tool::Bash => "bash --version",
        Tool::Curl => "curl --version",
        Tool::Wget => "wget --help",
        Tool::Nc => "nc -h",
        Tool::Perl => "perl --version",
        Tool::Python => "python3 --version",
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Confidence;
    use crate::rules::testing::{findings, messages};

    fn test(image: &str, test: &str) -> usize {
        let text =
            format!("services: {{a: {{image: '{image}', healthcheck: {{test: {test}}}}}}}\n");
        messages(&RULE, &text).len()
    }

    #[test]
    fn every_form_of_a_healthcheck() {
        assert_eq!(test("postgres:17", "[CMD, curl, -f, localhost]"), 1);
        assert_eq!(test("postgres:17", "[CMD-SHELL, 'curl -f localhost || exit 1']"), 1);
        assert_eq!(test("postgres:17", "curl -f localhost || exit 1"), 1);
        assert_eq!(test("postgres:17", "[CMD, sh, -c, 'wget -q localhost']"), 1);
        assert_eq!(test("redis:7.4-alpine", "[CMD, bash, -c, 'redis-cli ping']"), 1);
        assert_eq!(test("nats:2.10", "[CMD-SHELL, 'nats-server --version']"), 1);
        assert_eq!(test("gcr.io/distroless/static", "[CMD, sh, -c, /app]"), 1);
        assert_eq!(test("postgres", "[CMD, curl, -f, localhost]"), 1);
    }

    #[test]
    fn what_is_there_or_unknown_is_silent() {
        assert_eq!(test("postgres:17", "[CMD-SHELL, pg_isready]"), 0);
        assert_eq!(test("postgres:17-alpine", "[CMD, wget, -q, localhost]"), 0);
        assert_eq!(test("acme/web:1", "[CMD, curl, -f, localhost]"), 0);
        assert_eq!(test("acme/postgres:17", "[CMD, curl, -f, localhost]"), 0);
        assert_eq!(test("postgres:${TAG}", "[CMD, curl, -f, localhost]"), 0);
        assert_eq!(test("postgres:17", "[NONE]"), 0);
    }

    #[test]
    fn another_way_to_ask_is_silent() {
        assert_eq!(test("postgres:17", "'curl -f localhost || pg_isready'"), 0);
        assert_eq!(test("postgres:17", "'command -v curl && curl -f localhost'"), 0);
        // PLM624 reports that these cannot fail.
        assert_eq!(test("postgres:17", "'curl -f localhost || true'"), 0);
        assert_eq!(test("postgres:17", "[CMD-SHELL, curl, -f, localhost]"), 0);
        let mounted = "services: {a: {image: 'postgres:17', volumes: ['./curl:/usr/bin/curl:ro'], healthcheck: {test: [CMD, curl, localhost]}}}\n";
        assert!(messages(&RULE, mounted).is_empty());
    }

    fn built(dockerfile: &str) -> usize {
        let text = format!(
            "# file: compose.yaml\nservices: {{a: {{build: ./a, healthcheck: {{test: [CMD, curl, -f, localhost]}}}}}}\n# file: a/Dockerfile\n{dockerfile}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn an_image_that_another_compose_file_builds_is_known_by_its_dockerfile() {
        let found = |image: &str, builders: &str, path: &str| {
            let text = format!(
                "# file: docker-stack.yml\nservices: {{web: {{image: '{image}', healthcheck: {{test: [CMD, curl, -f, localhost]}}}}}}\n# file: {path}\nservices: {{{builders}}}\n# file: a/Dockerfile\nFROM eclipse-temurin:21-jre-alpine\n# file: b/Dockerfile\nFROM eclipse-temurin:21\n"
            );
            findings(&RULE, &text)
        };
        let image = "reg.acme.example/shop/backend:1";
        let a = "api: {build: ./a, image: 'backend:${TAG:-latest}'}";
        let all = found(image, a, "compose.yaml");
        let [finding] = &all[..] else { panic!("{all:?}") };
        assert_eq!(finding.confidence, Confidence::Likely);
        assert!(finding.message.ends_with("not added by `a/Dockerfile`"), "{}", finding.message);
        assert_eq!(finding.related[0].message, "the image of `web` is built here");
        assert_eq!(found("${REGISTRY}/backend:1", a, "compose.yaml").len(), 1);
        let both = format!("{a}, worker: {{build: ./b, image: 'backend:2'}}");
        let same = format!("{a}, worker: {{build: ./a, image: 'backend:2'}}");
        assert_eq!(found(image, &same, "compose.yaml").len(), 1);
        for (image, builders) in [
            (image, both.as_str()),
            ("reg.acme.example/shop/frontend:1", a),
            (image, "api: {build: ./a}"),
            (image, "api: {build: ./b, image: backend}"),
            (image, "api: {image: backend}"),
        ] {
            assert!(found(image, builders, "compose.yaml").is_empty(), "{image} {builders}");
        }
    }

    #[test]
    fn images_of_dotnet_and_java_have_few_programs() {
        let dotnet = "mcr.microsoft.com/dotnet/aspnet";
        for (image, program, found) in [
            (format!("{dotnet}:8.0"), "curl", 1),
            (format!("{dotnet}:8.0"), "wget", 1),
            (format!("{dotnet}:8.0-alpine"), "wget", 0),
            (format!("{dotnet}:8.0-alpine"), "curl", 1),
            (format!("{dotnet}:10.0-noble-chiseled"), "sh", 1),
            (format!("{dotnet}:8.0-azurelinux3.0-distroless"), "sh", 1),
            (format!("{dotnet}:8.0-azurelinux3.0"), "curl", 0),
            (format!("{dotnet}:8.0-nanoserver-ltsc2022"), "curl", 0),
            (format!("{dotnet}:3.1"), "curl", 0),
            ("mcr.microsoft.com/dotnet/sdk:8.0".to_owned(), "wget", 0),
            ("eclipse-temurin:21-jre-alpine".to_owned(), "curl", 1),
            ("eclipse-temurin:21-jre-alpine".to_owned(), "wget", 0),
            ("eclipse-temurin:21-jre-alpine".to_owned(), "bash", 0),
            ("eclipse-temurin:21-jre".to_owned(), "curl", 0),
            ("nginxinc/nginx-unprivileged:stable".to_owned(), "wget", 1),
            ("nginxinc/nginx-unprivileged:stable-alpine".to_owned(), "wget", 0),
        ] {
            let check = format!("[CMD, {program}, -c, localhost]");
            assert_eq!(test(&image, &check), found, "{image} {program}");
        }
    }

    #[test]
    fn a_dockerfile_may_add_the_program() {
        assert_eq!(built("FROM python:3.13-slim\nRUN pip install -r requirements.txt"), 1);
        assert_eq!(built("FROM node:22-alpine AS build\nRUN apk add curl\nFROM node:22-alpine"), 0);
        assert_eq!(built("FROM python:3.13-slim\nRUN apt-get install -y curl"), 0);
        assert_eq!(built("FROM python:3.13-slim\nRUN ./setup.sh"), 0);
        assert_eq!(built("FROM python:3.13"), 0);
        assert_eq!(built("FROM acme/base"), 0);
    }

    #[test]
    fn what_has_no_shell_has_no_package_manager_either() {
        let help = |base: &str, test: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{a: {{build: ./a, healthcheck: {{test: {test}}}}}}}\n# file: a/Dockerfile\nFROM rust:1 AS build\nFROM {base}\nCOPY --from=build /app /app\n"
            );
            findings(&RULE, &text)[0].help.clone().unwrap_or_default()
        };
        let bare = help("gcr.io/distroless/static", "[CMD-SHELL, /app ping]");
        assert!(bare.starts_with("Build `a/Dockerfile` on an image with a shell"), "{bare}");
        let slim = help("debian:bookworm-slim", "[CMD, curl, -f, localhost]");
        assert!(slim.starts_with("Install `curl`"), "{slim}");
    }

    #[test]
    fn a_dockerfile_is_named_and_one_finding_for_all_that_are_built_from_it() {
        let service =
            "services: {a: {build: ./a, healthcheck: {test: [CMD, curl, -f, localhost]}}}\n";
        let text = format!(
            "# file: compose.yaml\n{service}# file: compose.all.yaml\n{service}# file: a/Dockerfile\nFROM rust:1 AS build\nFROM debian:bookworm-slim\nRUN apt-get install -y libssl3\n"
        );
        let found = findings(&RULE, &text);
        let path = "`a/Dockerfile`";
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].message,
            format!(
                "the healthcheck of service `a` runs `curl`, which is not in `debian:bookworm-slim` and not added by {path} (the same in `compose.all.yaml`)"
            )
        );
        assert!(found[0].help.as_deref().is_some_and(|it| it.starts_with("Install `curl` in")));
        assert_eq!(found[0].related.len(), 2);
    }

    #[test]
    fn probes_of_one_container_are_one_finding() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'redis:7.4', readinessProbe: {exec: {command: [nc, -z, localhost, '6379']}}, livenessProbe: {exec: {command: [nc, -z, localhost, '6379']}}}]}\n";
        let found = findings(&RULE, text);
        assert_eq!((found.len(), found[0].related.len()), (1, 1));
        let http =
            text.replace("exec: {command: [nc, -z, localhost, '6379']}", "tcpSocket: {port: 6379}");
        assert!(messages(&RULE, &http).is_empty());
    }

    #[test]
    fn small_images_lack_tools_and_shells() {
        assert_eq!(test("alpine:3.20", "[CMD, curl, -f, localhost]"), 1);
        assert_eq!(test("python:3.13-alpine", "[CMD, curl, -f, localhost]"), 1);
        assert_eq!(test("alpine:3.20", "[CMD, wget, -q, localhost]"), 0);
        let scratch = "# file: compose.yaml\nservices: {a: {build: ., healthcheck: {test: curl -f localhost}}}\n# file: Dockerfile\nFROM golang:1.24 AS build\nFROM scratch\nCOPY --from=build /app /app\n";
        assert_eq!(messages(&RULE, scratch).len(), 1);
        let pod = |command: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: gcr.io/distroless/static, livenessProbe: {{exec: {{command: {command}}}}}}}]}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(pod("[sh, -c, test -f /x]"), 1);
        assert_eq!(pod("[/app, check]"), 0);
    }
}
