//! The release of Kubernetes that a cluster runs.

use std::fmt;

/// A release of Kubernetes, written as `1.33` or `v1.33.2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesVersion {
    text: String,
    /// The major and the minor number.
    release: (u32, u32),
}

impl KubernetesVersion {
    /// Returns the release that a text names; `None` where it names none.
    pub fn parse(text: &str) -> Option<KubernetesVersion> {
        Some(KubernetesVersion { text: text.to_owned(), release: release_of(text)? })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is a release, such as `1.25`, or a later one.
    pub fn is_at_least(&self, release: &str) -> bool {
        release_of(release).is_some_and(|it| self.release >= it)
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.release.0, self.release.1)
    }
}

/// Returns the major and the minor number of a version.
fn release_of(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix('v').unwrap_or(text).splitn(3, '.');
    let release = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    // What follows the patch, as in `1.33.2-gke.100`, is the provider's own.
    let patch = numbers.next().is_none_or(|it| it.starts_with(|c: char| c.is_ascii_digit()));
    patch.then_some(release)
}

#[cfg(test)]
mod tests {
    use super::KubernetesVersion;

    #[test]
    fn a_release_has_two_numbers_and_perhaps_a_patch() {
        for text in ["1.9", "v1.9", "1.9.3", "v1.9.11-gke.1"] {
            let version = KubernetesVersion::parse(text).expect(text);
            assert!(version.is_at_least("1.8") && version.is_at_least("1.9"), "{text}");
            assert!(!version.is_at_least("1.10"), "{text}");
            assert_eq!(version.to_string(), "1.9");
        }
        for text in ["", "1", "latest", "1.x", "1.33.x", ">=1.20", "-1.2"] {
            assert_eq!(KubernetesVersion::parse(text), None, "{text}");
        }
    }
}
