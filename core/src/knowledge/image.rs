//! Image references: their parts, what is wrong with them, and how firmly a tag pins an image.
//!
//! Source: the reference grammar of the `distribution/reference` project and the Docker
//! documentation page "docker image tag". A reference is
//! `[registry[:port]/]path[:tag][@digest]`; the first part is a registry when it has a dot, a
//! colon or an upper case letter, or is `localhost`.

use smol_str::SmolStr;
use std::ops::Range;

/// The parts of an image reference, each a slice of the text as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageRef<'a> {
    /// The registry's host and port, when they are written.
    pub registry: Option<&'a str>,
    /// The path below the registry as written, so `library/postgres` keeps its prefix.
    pub path: &'a str,
    pub tag: Option<&'a str>,
    /// The digest with its algorithm, as in `sha256:…`.
    pub digest: Option<&'a str>,
}

/// The hosts of Docker Hub.
const DOCKER_HUB: &[&str] =
    &["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

impl<'a> ImageRef<'a> {
    /// Splits a reference into its parts. This never fails: [`validate`] says what is wrong.
    /// Variables (`${TAG}`, `$TAG`, `{{ .Values.tag }}`) stay whole inside their part.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        let text = text.trim();
        let (name, digest) = match find_outside_braces(text, '@') {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let last_part = outside_braces(name, '/').last().map_or(0, |at| at + 1);
        let (name, tag) = match find_outside_braces(&name[last_part..], ':') {
            Some(at) => (&name[..last_part + at], Some(&name[last_part + at + 1..])),
            None => (name, None),
        };
        match find_outside_braces(name, '/') {
            Some(at) if is_registry(&name[..at]) => {
                Self { registry: Some(&name[..at]), path: &name[at + 1..], tag, digest }
            }
            _ => Self { registry: None, path: name, tag, digest },
        }
    }

    /// Returns the name that two references share when they mean the same repository. The default
    /// registry and its `library/` prefix are dropped: `docker.io/library/postgres` is `postgres`.
    #[must_use]
    pub fn repository(&self) -> SmolStr {
        match self.registry {
            Some(registry) if !DOCKER_HUB.contains(&registry) => {
                format!("{}/{}", registry.to_ascii_lowercase(), self.path).into()
            }
            _ => self.path.strip_prefix("library/").unwrap_or(self.path).into(),
        }
    }

    /// Returns the part of the path after its last slash.
    #[must_use]
    pub fn last_segment(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// Whether the registry or the path contains a variable, so that the repository is not known.
    #[must_use]
    pub fn has_variable_repository(&self) -> bool {
        self.registry.is_some_and(has_variable) || has_variable(self.path)
    }

    /// Returns how firmly the reference names one image.
    #[must_use]
    pub fn pin(&self) -> Pin {
        match (self.digest, self.tag) {
            (Some(_), _) => Pin::Digest,
            // A variable that holds the name may hold the tag too.
            (None, None) if has_variable(self.path) => Pin::Unknown,
            (None, None) => Pin::Absent,
            (None, Some(tag)) => pin_of_tag(tag),
        }
    }

    /// Returns the version that the tag begins with.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.tag.and_then(Version::parse)
    }
}

/// How firmly a reference names one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// A digest: always the same bytes.
    Digest,
    /// A version: the more numbers, the more exact.
    Version(Version),
    /// A tag made for something else, such as a commit, a date or an environment.
    Named,
    /// A tag that its owner moves on purpose: `latest`, `stable`, `lts`, `main`, `alpine`, …
    Moving,
    /// No tag at all, which means `latest`.
    Absent,
    /// The tag contains a variable.
    Unknown,
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
    "latest", "stable", "lts", "nightly", "main", "master", "edge", "develop", "dev", "mainline",
    "current", "beta", "alpha", "rc", "canary", "next", "unstable", "snapshot", "trunk", "head",
    "rolling", "release",
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

fn pin_of_tag(tag: &str) -> Pin {
    if has_variable(tag) {
        return Pin::Unknown;
    }
    let lower = tag.to_ascii_lowercase();
    if lower.starts_with("latest-") || lower.ends_with("-latest") {
        return Pin::Moving;
    }
    let mut parts = lower.split('-');
    let first = parts.next().unwrap_or_default();
    if (MOVING_TAGS.contains(&first) || is_variant(first)) && parts.all(is_variant) {
        return Pin::Moving;
    }
    Version::parse(tag).map_or(Pin::Named, Pin::Version)
}

/// Whether a part of a tag names a variant. `alpine` and `alpine3.20` both leave the version of the
/// program open.
fn is_variant(part: &str) -> bool {
    let name = part.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    VARIANTS.contains(&name)
}

/// Whether a text contains a Compose or shell variable or a template expression.
#[must_use]
pub fn has_variable(text: &str) -> bool {
    text.contains('$') || text.contains("{{")
}

/// What makes a reference impossible to pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    Empty,
    /// White space inside the reference.
    Space,
    /// `https://…` before the registry.
    Scheme,
    /// Upper case letters in the path, where only tags may have them.
    UpperCasePath,
    /// Upper case letters before the first slash: Docker takes such a part for a registry's host.
    UpperCaseNamespace,
    /// More than one tag: `nginx:1.27:alpine`.
    TwoTags,
    /// A colon with nothing after it.
    EmptyTag,
    /// A tag with a character that tags may not have, or with more than 128 characters.
    BadTag,
    /// `@` before a tag: `kafka@3.7.0`.
    TagAfterAt,
    /// `@` before something that is not a digest.
    BadDigest,
    /// A part of the path that breaks the grammar: `foo//bar`, `-web`, `web_`.
    BadPath,
}

impl Flaw {
    /// Returns what is wrong, as the end of a sentence that begins with the reference.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Empty => "does not name an image",
            Self::Space => "contains white space",
            Self::Scheme => "starts with a URL scheme, which image references do not have",
            Self::UpperCasePath => {
                "has upper case letters in its repository; only lower case is allowed"
            }
            Self::UpperCaseNamespace => {
                "has upper case letters before the first slash, so Docker takes that part for the \
                 host name of a registry"
            }
            Self::TwoTags => "has more than one tag",
            Self::EmptyTag => "ends in a colon without a tag",
            Self::BadTag => "has a tag with characters that tags may not have",
            Self::TagAfterAt => "has a tag after `@`, where only a digest may stand",
            Self::BadDigest => "has a malformed digest after `@`",
            Self::BadPath => "has a repository that breaks the naming rules",
        }
    }
}

/// A flaw with its bytes in the reference and the repaired text where only one repair makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageProblem {
    pub flaw: Flaw,
    pub start: usize,
    pub end: usize,
    pub suggestion: Option<String>,
}

/// Finds the first flaw that makes every registry refuse a reference. A reference with a variable
/// is not judged.
#[must_use]
pub fn validate(text: &str) -> Option<ImageProblem> {
    let problem = |flaw, range: Range<usize>, suggestion| {
        Some(ImageProblem { flaw, start: range.start, end: range.end, suggestion })
    };
    if text.trim().is_empty() {
        return problem(Flaw::Empty, 0..text.len(), None);
    }
    if has_variable(text) {
        return None;
    }
    if let Some(start) = text.find(char::is_whitespace) {
        let trimmed = text.trim();
        let suggestion = (!trimmed.contains(char::is_whitespace)).then(|| trimmed.to_owned());
        let width = text[start..].chars().next().map_or(1, char::len_utf8);
        return problem(Flaw::Space, start..start + width, suggestion);
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        return problem(Flaw::Scheme, 0..scheme.len() + 3, Some(rest.to_owned()));
    }
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    if let Some(digest) = digest.filter(|it| !is_digest(it)) {
        let range = name.len() + 1..text.len();
        if is_tag(digest) && ImageRef::parse(name).tag.is_none() {
            return problem(Flaw::TagAfterAt, range, Some(format!("{name}:{digest}")));
        }
        return problem(Flaw::BadDigest, range, None);
    }
    let image = ImageRef::parse(name);
    image.tag.and_then(|tag| validate_tag(text, name, tag)).or_else(|| validate_name(text, &image))
}

/// Finds a flaw in the tag at the end of a name; `text` is the whole reference.
fn validate_tag(text: &str, name: &str, tag: &str) -> Option<ImageProblem> {
    let (start, end) = (name.len() - tag.len(), name.len());
    let problem = |flaw| Some(ImageProblem { flaw, start, end, suggestion: None });
    if tag.is_empty() {
        let colon = start - 1;
        let suggestion = Some(format!("{}{}", &text[..colon], &text[end..]));
        return Some(ImageProblem { flaw: Flaw::EmptyTag, start: colon, end, suggestion });
    }
    if tag.contains(':') {
        return problem(Flaw::TwoTags);
    }
    if is_tag(tag) { None } else { problem(Flaw::BadTag) }
}

/// Finds a flaw in the registry or path of an image; `text` is the whole reference.
fn validate_name(text: &str, image: &ImageRef<'_>) -> Option<ImageProblem> {
    let start = image.registry.map_or(0, |it| it.len() + 1);
    let end = start + image.path.len();
    if image.path.contains(|c: char| c.is_ascii_uppercase()) {
        let lower = image.path.to_ascii_lowercase();
        if !lower.split('/').all(is_path_part) {
            return Some(ImageProblem { flaw: Flaw::BadPath, start, end, suggestion: None });
        }
        let suggestion = Some(format!("{}{lower}{}", &text[..start], &text[end..]));
        return Some(ImageProblem { flaw: Flaw::UpperCasePath, start, end, suggestion });
    }
    if let Some(registry) = image.registry
        && !registry.contains(['.', ':'])
        && registry != "localhost"
    {
        let end = registry.len();
        let suggestion = Some(format!("{}{}", registry.to_ascii_lowercase(), &text[end..]));
        return Some(ImageProblem { flaw: Flaw::UpperCaseNamespace, start: 0, end, suggestion });
    }
    if !image.path.split('/').all(is_path_part) {
        return Some(ImageProblem { flaw: Flaw::BadPath, start, end, suggestion: None });
    }
    None
}

/// Whether the part before the first slash names a registry.
fn is_registry(part: &str) -> bool {
    if has_variable(part) {
        // The colon of `${NAME:-default}` is not that of a port.
        return part.contains([':', '.']) && !part.contains(":-") && !part.contains("{{");
    }
    part.contains(['.', ':'])
        || part == "localhost"
        || part.contains(|c: char| c.is_ascii_uppercase())
}

fn is_tag(tag: &str) -> bool {
    let ok = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    (1..=128).contains(&tag.len()) && tag.bytes().all(ok) && !tag.starts_with(['.', '-'])
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let wanted = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()),
    };
    hex.len() == wanted && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether a part of the path has only lower case letters and digits, joined by `.`, `_`, `__` or
/// any number of `-`.
fn is_path_part(part: &str) -> bool {
    let bytes = part.as_bytes();
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if !bytes.first().copied().is_some_and(word) || !bytes.last().copied().is_some_and(word) {
        return false;
    }
    bytes
        .split(|b| word(*b))
        .all(|glue| matches!(glue, b"" | b"." | b"_" | b"__") || glue.iter().all(|b| *b == b'-'))
}

/// Returns the first place of a character outside `${…}` and `{{…}}`.
fn find_outside_braces(text: &str, wanted: char) -> Option<usize> {
    outside_braces(text, wanted).next()
}

/// Returns the places of a character outside `${…}` and `{{…}}`.
fn outside_braces(text: &str, wanted: char) -> impl Iterator<Item = usize> {
    let mut depth = 0_usize;
    text.char_indices().filter_map(move |(at, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 && c == wanted => return Some(at),
            _ => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split_into_their_parts() {
        let it = ImageRef::parse("localhost:5000/team/app:1.2@sha256:abc");
        assert_eq!(
            (it.registry, it.path, it.tag, it.digest),
            (Some("localhost:5000"), "team/app", Some("1.2"), Some("sha256:abc"))
        );
        let it = ImageRef::parse("registry:5000/app");
        assert_eq!((it.registry, it.path, it.tag), (Some("registry:5000"), "app", None));
        let it = ImageRef::parse("team/app:${TAG:-latest}");
        assert_eq!((it.path, it.tag), ("team/app", Some("${TAG:-latest}")));
        let it = ImageRef::parse("${REGISTRY:-docker.io/x}/app:1");
        assert_eq!(
            (it.registry, it.path, it.tag),
            (None, "${REGISTRY:-docker.io/x}/app", Some("1"))
        );
        assert!(it.has_variable_repository());
    }

    #[test]
    fn a_repository_has_one_normalised_name() {
        for text in [
            "postgres:16",
            "library/postgres",
            "docker.io/postgres",
            "docker.io/library/postgres:16",
        ] {
            assert_eq!(ImageRef::parse(text).repository(), "postgres", "{text}");
        }
        assert_eq!(ImageRef::parse("GHCR.io/a/b:1").repository(), "ghcr.io/a/b");
        assert_eq!(
            ImageRef::parse("reg.corp/library/postgres").repository(),
            "reg.corp/library/postgres"
        );
    }

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
        for text in [
            "a/b:4f2a9c1",
            "minio/minio:RELEASE.2024-05-10T01-41-38Z",
            "debian:bookworm",
            "a/b:prod",
        ] {
            assert_eq!(pin(text), Pin::Named, "{text}");
        }
        assert_eq!(pin("nginx"), Pin::Absent);
        assert_eq!(pin("nginx:${TAG}"), Pin::Unknown);
        assert_eq!(pin("${IMAGE}"), Pin::Unknown);
        assert_eq!(pin("nginx:1@sha256:00"), Pin::Digest);
    }

    #[test]
    fn references_that_no_registry_accepts() {
        let flaw = |text| validate(text).map(|it| (it.flaw, it.suggestion));
        assert_eq!(flaw("kafka@3.7.0"), Some((Flaw::TagAfterAt, Some("kafka:3.7.0".into()))));
        assert_eq!(
            flaw("ghcr.io/Acme/App:1"),
            Some((Flaw::UpperCasePath, Some("ghcr.io/acme/app:1".into())))
        );
        assert_eq!(flaw("Acme/app"), Some((Flaw::UpperCaseNamespace, Some("acme/app".into()))));
        assert_eq!(flaw("MyApp:1"), Some((Flaw::UpperCasePath, Some("myapp:1".into()))));
        assert_eq!(flaw("nginx:1.27:alpine"), Some((Flaw::TwoTags, None)));
        assert_eq!(flaw("nginx: 1"), Some((Flaw::Space, None)));
        assert_eq!(flaw("nginx:"), Some((Flaw::EmptyTag, Some("nginx".into()))));
        assert_eq!(flaw("nginx:1+2"), Some((Flaw::BadTag, None)));
        assert_eq!(flaw("<YOUR-IMAGE>"), Some((Flaw::BadPath, None)));
        assert_eq!(flaw("foo//bar"), Some((Flaw::BadPath, None)));
        assert_eq!(flaw("nginx@sha256:12"), Some((Flaw::BadDigest, None)));
        assert_eq!(flaw("https://ghcr.io/a/b"), Some((Flaw::Scheme, Some("ghcr.io/a/b".into()))));
        assert_eq!(flaw(""), Some((Flaw::Empty, None)));
    }

    #[test]
    fn references_that_registries_accept() {
        let digest = format!("nginx:1@sha256:{}", "0a".repeat(32));
        for text in [
            "nginx",
            "a/b__c/d--e.f:V_1.2-x",
            "localhost/x",
            "reg:5000/a:1",
            "${X}",
            "a:{{ .T }}",
            &digest,
        ] {
            assert_eq!(validate(text), None, "{text}");
        }
    }
}
