//! Image references: their parts, what is wrong with them, and how firmly a tag pins an image.
//!
//! Source: the reference grammar of the `distribution/reference` project and the Docker
//! documentation page "docker image tag". A reference is
//! `[registry[:port]/]path[:tag][@digest]`; the first part is a registry when it has a dot, a
//! colon or an upper case letter, or is `localhost`.

mod pin;
mod validate;

use super::data::words;
pub use pin::{Pin, Version};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;
use std::sync::LazyLock;
pub use validate::{Flaw, ImageProblem, validate};

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

/// The images that Docker Hub keeps without an owner's name.
static OFFICIAL: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("../data/official_images.txt")));

/// Whether Docker Hub has an image of this name without an owner: `redis`, but not `shop`.
#[must_use]
pub fn is_official(name: &str) -> bool {
    OFFICIAL.contains(name)
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
            (None, Some(tag)) => Pin::of_tag(tag),
        }
    }

    /// Returns the version that the tag begins with.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.tag.and_then(Version::parse)
    }
}

/// Whether a text contains a Compose or shell variable or a template expression.
#[must_use]
pub fn has_variable(text: &str) -> bool {
    text.contains('$') || text.contains("{{")
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
}
