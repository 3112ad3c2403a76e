//! Language runtimes and base images.
//!
//! A project's own image is seldom run under these names, but a Dockerfile or a quick service names
//! them, and then it matters what they bring and lack.

use super::{BASE, Class, Family, start};

pub(super) const TABLE: &[Family] = &[
    runtime("node", "Node.js", &["node", "bitnami/node", "cimg/node"]),
    runtime("bun", "Bun", &["oven/bun"]),
    runtime("deno", "Deno", &["denoland/deno"]),
    runtime("python", "Python", &["python", "bitnami/python", "ghcr.io/astral-sh/uv", "pypy"]),
    runtime("ruby", "Ruby", &["ruby", "bitnami/ruby"]),
    runtime(
        "php",
        "PHP",
        &[
            "php",
            "bitnami/php-fpm",
            "dunglas/frankenphp",
            "serversideup/php",
            "webdevops/php-nginx",
        ],
    ),
    runtime("go", "Go", &["golang", "cosmtrek/air"]),
    runtime("rust", "Rust", &["rust"]),
    runtime("elixir", "Elixir", &["elixir", "hexpm/elixir", "erlang"]),
    runtime(
        "dotnet",
        ".NET",
        &[
            "mcr.microsoft.com/dotnet/aspnet",
            "mcr.microsoft.com/dotnet/runtime",
            "mcr.microsoft.com/dotnet/sdk",
        ],
    ),
    Family {
        id: "java",
        name: "Java",
        class: Class::Runtime,
        repositories: &[
            "eclipse-temurin",
            "openjdk",
            "amazoncorretto",
            "bellsoft/liberica-openjre-alpine",
            "ibm-semeru-runtimes",
            "sapmachine",
            "azul/zulu-openjdk",
            "gradle",
            "maven",
            "gcr.io/distroless/java17-debian12",
            "gcr.io/distroless/java21-debian12",
        ],
        start: start(60, "the JVM starts"),
        source: "each Docker Official Image's page",
        ..BASE
    },
    Family {
        id: "java-server",
        name: "Java application server",
        class: Class::Runtime,
        repositories: &[
            "tomcat",
            "jetty",
            "quay.io/wildfly/wildfly",
            "jboss/wildfly",
            "open-liberty",
            "payara/server-full",
            "payara/micro",
            "bitnami/tomcat",
            "websphere-liberty",
        ],
        ports: &[8080],
        without_healthcheck: &["tomcat", "jetty"],
        start: start(90, "the JVM starts and deploys the application"),
        source: "each Docker Official Image's page",
        ..BASE
    },
    Family {
        id: "distroless",
        name: "distroless",
        class: Class::Base,
        repositories: &[
            "gcr.io/distroless/static",
            "gcr.io/distroless/static-debian11",
            "gcr.io/distroless/static-debian12",
            "gcr.io/distroless/static-debian13",
            "gcr.io/distroless/base",
            "gcr.io/distroless/base-debian11",
            "gcr.io/distroless/base-debian12",
            "gcr.io/distroless/base-debian13",
            "gcr.io/distroless/cc",
            "gcr.io/distroless/cc-debian12",
            "gcr.io/distroless/cc-debian13",
            "gcr.io/distroless/nodejs20-debian12",
            "gcr.io/distroless/nodejs22-debian12",
            "gcr.io/distroless/python3",
            "gcr.io/distroless/python3-debian12",
            "gcr.io/distroless/java-base-debian12",
            "cgr.dev/chainguard/static",
            "registry.k8s.io/pause",
            "scratch",
        ],
        lacks: &["sh", "bash", "curl", "wget", "nc"],
        source: "GoogleContainerTools/distroless README (only debug tags have a shell)",
        ..BASE
    },
    Family {
        id: "alpine",
        name: "Alpine Linux",
        class: Class::Base,
        repositories: &["alpine"],
        without_healthcheck: &["alpine"],
        lacks: &["curl", "bash"],
        source: "Docker Official Image page `alpine` (BusyBox brings sh, wget and nc)",
        ..BASE
    },
    Family {
        id: "busybox",
        name: "BusyBox",
        class: Class::Base,
        repositories: &["busybox"],
        without_healthcheck: &["busybox"],
        lacks: &["curl", "bash"],
        source: "Docker Official Image page `busybox` (brings sh, wget and nc)",
        ..BASE
    },
    Family {
        id: "debian",
        name: "Debian or Ubuntu",
        class: Class::Base,
        repositories: &["debian", "ubuntu"],
        without_healthcheck: &["debian", "ubuntu"],
        lacks: &["curl", "wget", "nc"],
        source: "Docker Official Image pages `debian` and `ubuntu`",
        ..BASE
    },
    Family {
        id: "curl",
        name: "curl",
        class: Class::Tool,
        repositories: &[
            "curlimages/curl",
            "quay.io/curl/curl",
            "appropriate/curl",
            "nicolaka/netshoot",
            "giantswarm/tiny-tools",
        ],
        source: "each project's README",
        ..BASE
    },
];

const fn runtime(
    id: &'static str,
    name: &'static str,
    repositories: &'static [&'static str],
) -> Family {
    Family {
        id,
        name,
        class: Class::Runtime,
        repositories,
        source: "the image's own page on its registry",
        ..BASE
    }
}
