//! How firmly a tag pins an image, and the version that it names.

use super::has_variable;

/// How firmly a reference names one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// A digest: always the same bytes.
    Digest,
    /// A version: the more numbers, the more exact.
    Version(Version),
    /// A tag made for something else, such as a commit or a date.
    Named,
    /// A tag that its owner moves on purpose: `latest`, `stable`, `lts`, `main`, `alpine`, `production`, …
    Moving,
    /// No tag at all, which means `latest`.
    Absent,
    /// The tag contains a variable.
    Unknown,
}

impl Pin {
    /// Returns how firmly a tag names one image.
    pub(super) fn of_tag(tag: &str) -> Pin {
        if has_variable(tag) {
            return Pin::Unknown;
        }
        let lower = tag.to_ascii_lowercase();
        // `main-4f2c1e0` is built once, whatever stands before the commit.
        let names_a_build = lower.split('-').any(is_build);
        let is_latest = ["-", "."].iter().any(|it| {
            lower.starts_with(&format!("latest{it}")) || lower.ends_with(&format!("{it}latest"))
        });
        // What a pipeline pushes for each commit of a branch.
        let is_branch = lower.starts_with("branch-");
        if !names_a_build && (is_latest || is_branch) {
            return Pin::Moving;
        }
        let mut parts = lower.split('-');
        let first = parts.next().unwrap_or_default();
        if (MOVING_TAGS.contains(&first) || is_variant(first)) && parts.all(is_variant) {
            return Pin::Moving;
        }
        Version::parse(tag).map_or(Pin::Named, Pin::Version)
    }
}

/// Whether a part of a tag is a commit or a date.
fn is_build(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    part.len() >= 7 && digits > 0 && part.bytes().all(|it| it.is_ascii_hexdigit())
}

/// The leading numbers of a tag: `16.3` in `16.3-alpine3.20`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub major: u64,
    pub minor: Option<u64>,
    pub patch: Option<u64>,
}

impl Version {
    /// Reads the leading numbers of a tag; `None` for a tag without them, a commit or a date.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let hex = tag.len() >= 7 && tag.bytes().all(|b| b.is_ascii_hexdigit());
        if hex && tag.bytes().any(|b| b.is_ascii_alphabetic()) {
            return None;
        }
        let rest = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let mut numbers = rest[..end].trim_end_matches('.').split('.');
        // Eight digits or more are a date or a build number, not a version.
        let mut number = || numbers.next().filter(|it| it.len() < 8).and_then(|it| it.parse().ok());
        let major = number()?;
        let minor = number();
        let patch = if minor.is_some() { number() } else { None };
        Some(Self { major, minor, patch })
    }
}

/// Tags that their owners regularly move to newer images.
const MOVING_TAGS: &[&str] = &[
    "latest",
    "stable",
    "lts",
    "nightly",
    "main",
    "master",
    "edge",
    "develop",
    "dev",
    "mainline",
    "current",
    "beta",
    "alpha",
    "rc",
    "canary",
    "next",
    "unstable",
    "snapshot",
    "trunk",
    "head",
    "rolling",
    "release",
    "prod",
    "production",
    "staging",
    "stage",
    "preprod",
];

/// Variants of an image that say nothing about its version.
const VARIANTS: &[&str] = &[
    "alpine",
    "slim",
    "fpm",
    "apache",
    "perl",
    "management",
    "full",
    "debian",
    "ubuntu",
    "jdk",
    "jre",
    "cli",
    "ubi",
    "otel",
    "gpu",
    "cpu",
    "cuda",
    "rocm",
    "default",
    "windowsservercore",
    "nanoserver",
    "distroless",
    "rootless",
    "ubuntu-slim",
    "scratch",
    "musl",
    "glibc",
    "openjdk",
    "temurin",
    "buildx",
    "dind",
];

/// Whether a part of a tag names a variant. `alpine` and `alpine3.20` both leave the version of the
/// program open.
fn is_variant(part: &str) -> bool {
    let name = part.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    VARIANTS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::super::ImageRef;
    use super::*;

    #[test]
    fn a_tag_pins_more_or_less_firmly() {
        let pin = |text: &'static str| ImageRef::parse(text).pin();
        let version = |major, minor, patch| Pin::Version(Version { major, minor, patch });
        assert_eq!(pin("postgres:16-alpine"), version(16, None, None));
        assert_eq!(pin("redis:7.4-debian-12-r3"), version(7, Some(4), None));
        assert_eq!(pin("a/b:v1.2.3"), version(1, Some(2), Some(3)));
        assert_eq!(pin("supabase/postgres:15.1.0.147"), version(15, Some(1), Some(0)));
        assert_eq!(pin("openjdk:8u212-jdk"), version(8, None, None));
        for text in [
            "nginx:latest",
            "nginx:alpine",
            "node:lts-alpine3.20",
            "nginx:stable-alpine",
            "node:slim",
        ] {
            assert_eq!(pin(text), Pin::Moving, "{text}");
        }
        for text in
            ["mcr.microsoft.com/mssql/server:2022-latest", "timescale/timescaledb:latest-pg16"]
        {
            assert_eq!(pin(text), Pin::Moving, "{text}");
        }
        // A tag named after a branch follows it, unless the commit is part of the tag.
        for text in ["a/b:branch-main", "a/b:branch-new-login-page"] {
            assert_eq!(pin(text), Pin::Moving, "{text}");
        }
        assert_eq!(pin("a/b:branch-main-4f2a9c1"), Pin::Named);
        for text in ["a/b:prod", "a/b:production", "a/b:staging", "a/b:production.latest"] {
            assert_eq!(pin(text), Pin::Moving, "{text}");
        }
        for text in [
            "a/b:4f2a9c1",
            "minio/minio:RELEASE.2024-05-10T01-41-38Z",
            "debian:bookworm",
            "a/b:production-4f2a9c1",
            "a/b:production.41",
        ] {
            assert_eq!(pin(text), Pin::Named, "{text}");
        }
        assert_eq!(pin("nginx"), Pin::Absent);
        assert_eq!(pin("nginx:${TAG}"), Pin::Unknown);
        assert_eq!(pin("${IMAGE}"), Pin::Unknown);
        assert_eq!(pin("nginx:1@sha256:00"), Pin::Digest);
    }
}
