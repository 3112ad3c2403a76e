//! Image references: their parts, what is wrong with them, and how firmly a tag pins an image.
//!
//! Source: the reference grammar of the `distribution/reference` project and the Docker
//! documentation page "docker image tag". A reference is
//! `[registry[:port]/]path[:tag][@digest]`; the first part is a registry when it has a dot, a
//! colon or an upper case letter, or is `localhost`.

use crate::words::{Words, find, is_among, lower, split_once};
use smol_str::SmolStr;

/// The parts of an image reference, each a slice of the text as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageRef<'a> {
    /// The registry's host and port, when one is written.
    pub registry: Option<&'a str>,
    /// The path below the registry as written, so `library/postgres` keeps its prefix.
    pub path: &'a str,
    pub tag: Option<&'a str>,
    /// The digest with its algorithm, as in `sha256:…`.
    pub digest: Option<&'a str>,
}

/// What Docker Hub is called in a reference.
const DOCKER_HUB: &str = "docker.io index.docker.io registry-1.docker.io registry.hub.docker.com";

impl<'a> ImageRef<'a> {
    /// Splits a reference. This never fails: what is wrong is the business of [`validate`].
    /// Variables (`${TAG}`, `$TAG`, `{{ .Values.tag }}`) are kept whole inside the part they are in.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        let text = text.trim();
        let (name, digest) = match find_outside(text, b'@', false) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        let slash = find_outside(name, b'/', true);
        let tail = slash.map_or(0, |at| at + 1);
        let (name, tag) = match find_outside(&name[tail..], b':', false) {
            Some(at) => (&name[..tail + at], Some(&name[tail + at + 1..])),
            None => (name, None),
        };
        match find_outside(name, b'/', false) {
            Some(at) if is_registry(&name[..at]) => {
                Self { registry: Some(&name[..at]), path: &name[at + 1..], tag, digest }
            }
            _ => Self { registry: None, path: name, tag, digest },
        }
    }

    /// The name two references share when they mean the same repository: the default registry and
    /// its `library/` prefix are dropped, so `docker.io/library/postgres` becomes `postgres`.
    #[must_use]
    pub fn repository(&self) -> SmolStr {
        match self.registry {
            None => self.path.strip_prefix("library/").unwrap_or(self.path).into(),
            Some(registry) if is_among(DOCKER_HUB, registry) => {
                self.path.strip_prefix("library/").unwrap_or(self.path).into()
            }
            Some(registry) => [&lower(registry), "/", self.path].concat().into(),
        }
    }

    /// The part of the path after its last slash.
    #[must_use]
    pub fn last_segment(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// Whether registry or path depend on a variable, so that the repository is not known.
    #[must_use]
    pub fn has_variable_repository(&self) -> bool {
        self.registry.is_some_and(has_variable) || has_variable(self.path)
    }

    /// How firmly the reference names one image.
    #[must_use]
    pub fn pin(&self) -> Pin {
        match (self.digest, self.tag) {
            (Some(_), _) => Pin::Digest,
            // A variable that holds the name may hold the tag as well.
            (None, None) if has_variable(self.path) => Pin::Unknown,
            (None, None) => Pin::Absent,
            (None, Some(tag)) => pin_of_tag(tag),
        }
    }

    /// The version in the tag, if the tag begins with one.
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
    /// A version; how exact it is depends on how many numbers it has.
    Version(Version),
    /// A tag made for something else, such as a commit, a date or an environment.
    Named,
    /// A tag that is moved on purpose: `latest`, `stable`, `lts`, `main`, `alpine`, …
    Moving,
    /// No tag at all, which means `latest`.
    Absent,
    /// The tag holds a variable.
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
    /// Reads the leading numbers; `None` for tags without them and for commits and dates.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Self> {
        let hex = tag.len() >= 7 && tag.bytes().all(|b| b.is_ascii_hexdigit());
        if hex && tag.bytes().any(|b| b.is_ascii_alphabetic()) {
            return None;
        }
        let rest = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
        let end = rest.bytes().position(|b| !b.is_ascii_digit() && b != b'.').unwrap_or(rest.len());
        let mut numbers = rest[..end].trim_end_matches('.').split('.');
        // Eight digits and more are a date or a build number, not a version.
        let mut number = || numbers.next().filter(|it| it.len() < 8).and_then(|it| it.parse().ok());
        let major = number()?;
        let minor = number();
        let patch = if minor.is_some() { number() } else { None };
        Some(Self { major, minor, patch })
    }
}

/// Tags that their owners move to newer images as a habit.
const MOVING: Words = Words::new(
    "latest stable lts nightly main master edge develop dev mainline current \
    beta alpha rc canary next unstable snapshot trunk head rolling release",
);

/// Variants of an image that say nothing about its version.
const VARIANTS: Words = Words::new(
    "alpine slim fpm apache perl management full debian ubuntu jdk jre cli \
    ubi otel gpu cpu cuda rocm default windowsservercore nanoserver distroless rootless \
    ubuntu-slim scratch musl glibc openjdk temurin buildx dind",
);

fn pin_of_tag(tag: &str) -> Pin {
    if has_variable(tag) {
        return Pin::Unknown;
    }
    let lower = lower(tag);
    if lower.starts_with("latest-") || lower.ends_with("-latest") {
        return Pin::Moving;
    }
    let mut parts = lower.split('-');
    let first = parts.next().unwrap_or_default();
    if (MOVING.has(first) || is_variant(first)) && parts.all(is_variant) {
        return Pin::Moving;
    }
    Version::parse(tag).map_or(Pin::Named, Pin::Version)
}

/// `alpine` and `alpine3.20` both leave the version of the program open.
fn is_variant(part: &str) -> bool {
    let name = part.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    VARIANTS.has(name)
}

/// Whether a text holds a Compose or shell variable or a template expression.
#[must_use]
pub fn has_variable(text: &str) -> bool {
    memchr::memchr(b'$', text.as_bytes()).is_some() || find(text, "{{").is_some()
}

/// What makes a reference impossible to pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    Empty,
    /// White space inside the reference.
    Space,
    /// `https://…` before the registry.
    Scheme,
    /// Upper case in the path, which only tags may have.
    UpperCasePath,
    /// Upper case before the first slash: Docker takes such a part for a registry's host name.
    UpperCaseNamespace,
    /// More than one tag: `nginx:1.27:alpine`.
    TwoTags,
    /// `:` with nothing after it.
    EmptyTag,
    /// A tag with a character that tags may not have, or longer than 128.
    BadTag,
    /// `@` before what is plainly a tag: `kafka@3.7.0`.
    TagAfterAt,
    /// `@` before something that is no digest.
    BadDigest,
    /// A path part that breaks the grammar: `foo//bar`, `-web`, `web_`.
    BadPath,
}

impl Flaw {
    /// What is wrong, as the end of a sentence that begins with the reference.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Empty => "names no image",
            Self::Space => "has white space in it",
            Self::Scheme => "begins with a URL scheme, which an image reference does not have",
            Self::UpperCasePath => {
                "has upper case letters in its repository; only lower case is allowed"
            }
            Self::UpperCaseNamespace => {
                "has upper case letters before the first slash, so that part is taken for a registry's host name"
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

/// A flaw with its bytes in the reference and, where only one repair makes sense, the repaired text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageProblem {
    pub flaw: Flaw,
    pub start: usize,
    pub end: usize,
    pub suggestion: Option<String>,
}

/// Finds the first thing that no registry accepts. Parts with variables are not judged.
#[must_use]
pub fn validate(text: &str) -> Option<ImageProblem> {
    let problem =
        |flaw, start, end, suggestion| Some(ImageProblem { flaw, start, end, suggestion });
    // A path of sound parts and a sound tag is what nearly all are.
    let (path, tag) = text.rsplit_once(':').map_or((text, None), |it| (it.0, Some(it.1)));
    if tag.is_none_or(is_tag) && path.split('/').all(is_path_part) {
        return None;
    }
    if text.trim().is_empty() {
        return problem(Flaw::Empty, 0, text.len(), None);
    }
    if has_variable(text) {
        return None;
    }
    if text.contains(char::is_whitespace) {
        let trimmed = text.trim();
        let whole = (!trimmed.contains(char::is_whitespace)).then(|| trimmed.to_owned());
        let start = text.find(char::is_whitespace).unwrap_or(0);
        let width = text[start..].chars().next().map_or(1, char::len_utf8);
        return problem(Flaw::Space, start, start + width, whole);
    }
    if let Some(at) = find(text, "://") {
        return problem(Flaw::Scheme, 0, at + 3, Some(text[at + 3..].to_owned()));
    }
    let (name, digest) = match split_once(text, "@") {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    if let Some(digest) = digest
        && !is_digest(digest)
    {
        let start = name.len() + 1;
        let tag_like = !digest.contains(':') && is_tag(digest);
        if tag_like && ImageRef::parse(name).tag.is_none() {
            return problem(Flaw::TagAfterAt, start, text.len(), Some(format!("{name}:{digest}")));
        }
        return problem(Flaw::BadDigest, start, text.len(), None);
    }
    let image = ImageRef::parse(name);
    if let Some(tag) = image.tag {
        let start = name.len() - tag.len();
        if tag.is_empty() {
            return problem(
                Flaw::EmptyTag,
                start - 1,
                name.len(),
                Some(text.replacen(name, &name[..start - 1], 1)),
            );
        }
        if tag.contains(':') {
            return problem(Flaw::TwoTags, start, name.len(), None);
        }
        if !is_tag(tag) {
            return problem(Flaw::BadTag, start, name.len(), None);
        }
    }
    let path_start = image.registry.map_or(0, |it| it.len() + 1);
    let path_end = path_start + image.path.len();
    if image.path.bytes().any(|b| b.is_ascii_uppercase()) {
        let mut fixed = text.to_owned();
        fixed.replace_range(path_start..path_end, &image.path.to_ascii_lowercase());
        if image.path.to_ascii_lowercase().split('/').all(is_path_part) {
            return problem(Flaw::UpperCasePath, path_start, path_end, Some(fixed));
        }
        return problem(Flaw::BadPath, path_start, path_end, None);
    }
    if let Some(registry) = image.registry
        && !registry.contains(['.', ':'])
        && registry != "localhost"
    {
        let mut fixed = text.to_owned();
        fixed.replace_range(0..registry.len(), &registry.to_ascii_lowercase());
        return problem(Flaw::UpperCaseNamespace, 0, registry.len(), Some(fixed));
    }
    if !image.path.split('/').all(is_path_part) {
        return problem(Flaw::BadPath, path_start, path_end, None);
    }
    None
}

fn is_registry(part: &str) -> bool {
    has_variable(part) && part.contains([':', '.']) && !part.contains(":-") && !part.contains("{{")
        || !has_variable(part)
            && (part.contains(['.', ':'])
                || part == "localhost"
                || part.bytes().any(|b| b.is_ascii_uppercase()))
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

/// Lower case letters and digits, held together by `.`, `_`, `__` or any number of `-`.
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

/// Finds a character outside `${…}` and `{{…}}`.
fn find_outside(text: &str, wanted: u8, last: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    if memchr::memchr(b'{', bytes).is_none() {
        let mut all = bytes.iter();
        let is = |it: &u8| *it == wanted;
        return if last { all.rposition(is) } else { all.position(is) };
    }
    let mut depth = 0usize;
    let mut found = None;
    for (at, b) in bytes.iter().enumerate() {
        match b {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ if depth == 0 && *b == wanted => {
                found = Some(at);
                if !last {
                    return found;
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_the_parts() {
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
    fn one_name_for_one_repository() {
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
    fn tells_how_firm_a_tag_is() {
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
    fn finds_what_no_registry_accepts() {
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
    fn accepts_what_registries_accept() {
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
