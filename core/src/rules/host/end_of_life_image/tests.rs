use super::RULE;
use crate::rules::testing::{findings, messages};

fn severities(image: &str) -> Vec<&'static str> {
    let text = format!("services: {{a: {{image: '{image}'}}}}\n");
    findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
}

#[test]
fn versions_past_their_end_and_near_it() {
    for image in [
        "postgres:9.6",
        "mysql:5.7",
        "docker.io/library/redis:5-alpine",
        "debian:buster-slim",
        "cassandra:3.9",
    ] {
        assert_eq!(severities(image), ["warning"], "{image}");
    }
    for image in [
        "grafana/grafana:7.5.16",
        "docker.io/grafana/grafana:12.1.1",
        "prom/prometheus:v2.37.0",
        "quay.io/prometheus/prometheus:v3.6.0",
    ] {
        assert_eq!(severities(image), ["warning"], "{image}");
    }
    assert_eq!(severities("php:8.2-fpm"), ["info"]);
}

#[test]
fn a_message_shows_the_image_without_its_digest() {
    let digest = "a".repeat(64);
    let said = |image: &str| {
        let text = format!("services: {{a: {{image: '{image}@sha256:{digest}'}}}}\n");
        messages(&RULE, &text).remove(0)
    };
    for image in ["postgres:12", "php:8.2-fpm", "bitnami/redis:7.0", "grafana/promtail:3.0.0"] {
        let message = said(image);
        assert!(message.starts_with(&format!("`{image}` ")), "{message}");
    }
}

#[test]
fn the_table_says_where_it_comes_from_and_when() {
    let help = |image: &str| {
        let text = format!("services: {{a: {{image: '{image}'}}}}\n");
        findings(&RULE, &text)[0].help.clone().unwrap_or_default()
    };
    for image in ["postgres:12", "php:8.2-fpm", "bitnami/redis:7.0"] {
        let help = help(image);
        assert!(help.contains("Source: ") && help.contains("as of 20"), "{help}");
    }
}

#[test]
fn a_version_that_is_maintained_for_weeks_is_worth_a_note_for_a_year() {
    let found = |tag: &str| {
        let text = format!("services: {{a: {{image: 'prom/prometheus:{tag}'}}}}\n");
        findings(&RULE, &text).remove(0)
    };
    let newer = found("v3.9.1");
    assert_eq!(newer.severity.name(), "info");
    assert!(newer.why.is_some_and(|it| it.contains("until the next one")));
    for tag in ["v3.6.0", "v3.5.0", "v2.53.1"] {
        assert_eq!(found(tag).severity.name(), "warning", "{tag}");
    }
    assert!(found("v3.5.0").why.is_none(), "one with long-term support");
}

#[test]
fn the_base_of_an_image_that_is_built_here_counts() {
    let found = |dockerfile: &str| {
        let text = format!(
            "# file: compose.yaml\nservices: {{a: {{build: ., image: 'app:1'}}, b: {{build: .}}}}\n# file: Dockerfile\n{dockerfile}\n"
        );
        messages(&RULE, &text)
    };
    let found_base = found("FROM node:22 AS build\nFROM ruby:2.5.1\n");
    assert!(found_base.len() == 1 && found_base[0].starts_with("`ruby:2.5.1` gets no more"));
    let built =
        "# file: compose.yaml\nservices: {a: {build: .}}\n# file: Dockerfile\nFROM ruby:2.5.1\n";
    assert_eq!(
        findings(&RULE, built)[0].check,
        [
            "docker image inspect --format '{{.Created}} {{.Config.Env}}' $(docker compose images -q a)"
        ]
    );
    assert_eq!(found("FROM openjdk:21-slim").len(), 1);
    assert_eq!(found("FROM golang:1.21-alpine").len(), 1);
    for dockerfile in [
        "FROM ruby:2.5.1 AS build\nFROM postgres:17",
        "FROM golang:1.27",
        "FROM scratch",
        "FROM ${BASE}",
    ] {
        assert!(found(dockerfile).is_empty(), "{dockerfile}");
    }
}

#[test]
fn the_base_counts_where_the_cluster_runs_what_is_built_for_development() {
    let found = |path: &str| {
        let text = format!(
            "# file: dev/compose.yaml\nservices: {{web: {{build: .., image: 'acme/web:1'}}}}\n# file: Dockerfile\nFROM ruby:2.5.1\n# file: {path}\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1'}}]}}\n"
        );
        findings(&RULE, &text).len()
    };
    assert_eq!(found("k8s/web.yaml"), 1);
    assert_eq!(found("dev/web.yaml"), 0);
}

#[test]
fn the_from_that_names_the_base_is_the_place() {
    let places = |dockerfile: &str| -> Vec<String> {
        let text = format!(
            "# file: compose.yaml\nservices: {{a: {{build: .}}}}\n# file: Dockerfile\n{dockerfile}\n"
        );
        let report = crate::rules::testing::run(&RULE, &crate::rules::testing::files(&text));
        let place = |it: &crate::report::Finding| {
            report.entry(it.span.file).file.text[it.span.range()].to_owned()
        };
        report.findings.iter().map(place).collect()
    };
    let staged = "FROM ruby:2.5.1 AS base\nFROM node:24 AS build\nFROM base AS middle\nFROM middle AS release";
    assert_eq!(places(staged), ["FROM ruby:2.5.1 AS base"]);
    assert_eq!(places("FROM node:24 AS build\nFROM ruby:2.5.1"), ["FROM ruby:2.5.1"]);
    let maintained = staged.replace("ruby:2.5.1", "ruby:3.4").replace("node:24", "ruby:2.5.1");
    assert!(places(&maintained).is_empty(), "the last stage does not start from it");
}

#[test]
fn withdrawn_repositories() {
    for image in [
        "bitnami/redis:7.0",
        "openjdk:17",
        "k8s.gcr.io/pause:3.2",
        "minio/minio",
        "jaegertracing/jaeger-query:1.57",
    ] {
        assert_eq!(severities(image), ["warning"], "{image}");
    }
    let text = "services: {a: {image: 'bitnami/redis:7.0'}}\n";
    let help = findings(&RULE, text)[0].help.clone().unwrap_or_default();
    assert!(
        help.contains("bitnamilegacy/redis:7.0") && help.contains("as of 2026-11-29"),
        "{help}"
    );
}

#[test]
fn a_successor_for_one_architecture_is_said_to_be_one() {
    let help = |image: &str| {
        let text = format!("services: {{a: {{image: '{image}'}}}}\n");
        findings(&RULE, &text)[0].help.clone().unwrap_or_default()
    };
    let edge = help("mcr.microsoft.com/azure-sql-edge:1.0.7");
    assert!(
        edge.starts_with("`mcr.microsoft.com/mssql/server` (for amd64 only) takes its place."),
        "{edge}"
    );
    assert!(!help("grafana/promtail:3.0.0").contains("only"));
}

#[test]
fn maintained_and_unknown_versions_are_silent() {
    for image in
        ["postgres:17.2", "postgres", "postgres:${TAG}", "acme/web:1", "bitnami/redis:latest"]
    {
        assert_eq!(severities(image), [""; 0], "{image}");
    }
    for image in ["grafana/grafana:12.4.2", "grafana/grafana:12", "prom/prometheus:v3.12.0"] {
        assert_eq!(severities(image), [""; 0], "{image}");
    }
}

#[test]
fn own_builds_and_development_are_silent() {
    assert!(messages(&RULE, "services: {a: {image: 'postgres:9.6', build: .}}\n").is_empty());
    let text = "# file: compose.dev.yaml\nservices: {a: {image: 'postgres:9.6'}}\n";
    assert!(messages(&RULE, text).is_empty());
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'postgres:9.6'}]}\n";
    assert_eq!(messages(&RULE, pod).len(), 1);
    assert!(messages(&RULE, &format!("# file: e2e/pod.yaml\n{pod}")).is_empty());
}

#[test]
fn one_image_of_one_application_is_reported_once() {
    let text = "services: {a: {image: 'mysql:5.7'}, b: {image: 'mysql:5.7'}}\n";
    let found = findings(&RULE, text);
    assert_eq!((found.len(), found[0].related.len()), (1, 1));
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\nspec: {containers: [{name: a, image: 'mysql:5.7'}]}\n";
    let text = format!(
        "# file: k8s/a.yaml\n{}# file: k8s/b.yaml\n{}",
        pod.replace("NAME", "a"),
        pod.replace("NAME", "b")
    );
    let found = findings(&RULE, &text);
    assert_eq!((found.len(), found[0].related.len()), (1, 1));
}

#[test]
fn one_version_in_the_files_of_an_application_is_one_finding() {
    let file = |path: &str, image: &str| {
        format!("# file: {path}\nservices: {{db: {{image: '{image}'}}}}\n")
    };
    let both = [file("compose.yaml", "mongo:4.4.6"), file("compose.swarm.yaml", "mongo:4.4")];
    let found = findings(&RULE, &both.concat());
    assert_eq!((found.len(), found[0].related.len()), (1, 1));
    assert!(found[0].why.is_none());
    let apart = [file("a/compose.yaml", "mongo:4.4.6"), file("b/compose.yaml", "mongo:4.4.5")];
    assert_eq!(findings(&RULE, &apart.concat()).len(), 2, "two applications");
}

#[test]
fn a_version_from_an_environment_file_is_changed_there() {
    let file = |path: &str| {
        format!("# file: {path}\nservices: {{db: {{image: 'mysql:${{MYSQL_VERSION}}'}}}}\n")
    };
    let text = format!(
        "{}{}# file: .env\nMYSQL_VERSION=5.7\n",
        file("compose.yaml"),
        file("compose.full.yaml")
    );
    let report = crate::rules::testing::run(&RULE, &crate::rules::testing::files(&text));
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    let found = &report.findings[0];
    let file = &report.entry(found.span.file).file;
    assert_eq!((&*file.path, &file.text[found.span.range()]), (".env", "5.7"));
    assert_eq!((found.subject.as_str(), found.related.len()), ("service db", 2));
    // What a comment accepts where the image is used stays there.
    let accepted = text.replace("services: {db", "services: # plimsoll: ignore PLM812\n  {db");
    assert!(messages(&RULE, &accepted).is_empty());
}

#[test]
fn accepting_one_place_does_not_accept_the_others() {
    let text = "services:\n  a:\n    # plimsoll: ignore PLM812 until the migration\n    image: mysql:5.7\n  b:\n    image: mysql:5.7\n";
    assert_eq!(messages(&RULE, text).len(), 1);
}

#[test]
fn each_version_has_its_own_end() {
    let until = |image: &str| {
        let text = format!("services: {{a: {{image: '{image}'}}}}\n");
        findings(&RULE, &text).first().map(|it| it.message.clone()).unwrap_or_default()
    };
    for (image, end) in [
        ("redis:3", "October 2018"),
        ("redis:3.2", "October 2018"),
        ("redis:4.0.14", "April 2020"),
        ("redis:5.0.5", "April 2022"),
        ("solr:7.1", "May 2022"),
        ("zookeeper:3.4", "June 2020"),
        ("traefik:v2.3", "January 2021"),
    ] {
        let said = until(image);
        assert!(said.ends_with(&format!("was maintained until {end}")), "{image}: {said}");
    }
    for image in ["solr:9.7", "zookeeper:3.9", "traefik:v2.11", "traefik:v2", "redis:8.2"] {
        assert_eq!(until(image), "", "{image}");
    }
}

#[test]
fn the_parts_of_a_product_that_ended_together_are_one_finding() {
    let found = |one: &str, other: &str| {
        messages(&RULE, &format!("services: {{a: {{image: '{one}'}}, b: {{image: '{other}'}}}}\n"))
    };
    let jaeger = found("jaegertracing/jaeger-collector:1.60", "jaegertracing/jaeger-query:1.60");
    assert_eq!(jaeger.len(), 1, "{jaeger:?}");
    let registry = found("k8s.gcr.io/pause:3.5", "k8s.gcr.io/metrics-server:v0.5.0");
    assert_eq!(registry.len(), 2, "each has its own replacement");
}

#[test]
fn a_dockerfile_that_only_the_cluster_needs() {
    let found = |dockerfiles: &[&str], images: &[&str], compose: &str| {
        let mut text = compose.to_owned();
        for path in dockerfiles {
            text.push_str(&format!(
                "# file: {path}\nFROM python:3.8-slim\nCMD [\"python\", \"app.py\"]\n"
            ));
        }
        text.push_str("# file: k8s/apps.yaml\n");
        for image in images {
            let name = image.split(['/', ':']).nth(1).unwrap_or_default();
            text.push_str(&format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: {name}, image: '{image}'}}]}}\n"
            ));
        }
        findings(&RULE, &text).into_iter().map(|it| it.severity.name()).collect::<Vec<_>>()
    };
    assert_eq!(found(&["Dockerfile"], &["acme/web:1"], ""), ["warning"]);
    assert_eq!(found(&["api/Dockerfile"], &["acme/api:1", "acme/web:1"], ""), ["warning"]);
    assert!(found(&["Dockerfile"], &["acme/api:1", "acme/web:1"], "").is_empty());
    assert!(found(&["Dockerfile"], &["redis:8.2"], "").is_empty());
    assert!(found(&["Dockerfile"], &["grafana/loki:3"], "").is_empty(), "a public image");
    assert_eq!(found(&["k8s/Dockerfile"], &["acme/web:1"], ""), ["warning"]);
    assert!(found(&["tools/Dockerfile"], &["acme/web:1"], "").is_empty(), "far from the manifest");
    for development in ["Dockerfile.dev", "web/Dockerfile.test", "e2e/Dockerfile"] {
        assert!(found(&[development], &["acme/web:1"], "").is_empty(), "{development}");
    }
    let beside = ["web/Dockerfile", "web/Dockerfile.worker", "web/Dockerfile.dev"];
    assert_eq!(found(&beside, &["acme/web:1"], "").len(), 1);
    assert!(found(&beside[1..], &["acme/web:1"], "").is_empty());
    let compose = "# file: compose.yaml\nservices: {web: {build: ., restart: always}}\n";
    assert_eq!(found(&["Dockerfile"], &["acme/web:1"], compose).len(), 1);
}

#[test]
fn the_version_of_a_language_counts() {
    let count = |text: &str| messages(&RULE, text).len();
    assert_eq!(count("services: {web: {image: 'python:3.8-slim', command: python app.py}}\n"), 1);
    assert_eq!(count("services: {web: {image: 'python:3.13-slim', command: python app.py}}\n"), 0);
}
