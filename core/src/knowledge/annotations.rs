//! Annotations that their platform reads no longer, or still reads though a field took their place.

use super::data::entries;
use std::sync::LazyLock;

/// Whether an old annotation still does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The platform reads it no longer, so what it asks for is off.
    Dead,
    /// The platform still reads it, but a field took its place.
    Deprecated,
}

/// An annotation that something else took the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldAnnotation {
    /// The name, or the beginning of all names that end differently, with its slash.
    pub name: &'static str,
    pub effect: Effect,
    /// What read it: Kubernetes, cert-manager.
    pub platform: &'static str,
    /// The version of the platform since which it is dead or deprecated.
    pub since: Option<&'static str>,
    /// The field or annotation that says the same now.
    pub replacement: Option<&'static str>,
}

static OLD_ANNOTATIONS: LazyLock<Vec<OldAnnotation>> = LazyLock::new(|| {
    let rows = entries(include_str!("data/dead_annotations.txt"));
    rows.map(|row| read(row).expect("internal error: a malformed row")).collect()
});

/// Reads `NAME EFFECT PLATFORM VERSION = REPLACEMENT`.
fn read(row: &'static str) -> Option<OldAnnotation> {
    let known = |word: &'static str| Some(word).filter(|it| *it != "-");
    let (what, replacement) = row.split_once(" = ")?;
    let mut words = what.split(' ');
    Some(OldAnnotation {
        name: words.next()?,
        effect: match words.next()? {
            "dead" => Effect::Dead,
            "deprecated" => Effect::Deprecated,
            _ => return None,
        },
        platform: words.next()?,
        since: known(words.next()?),
        replacement: known(replacement),
    })
}

/// Returns what is known of an annotation that something else took the place of.
#[must_use]
pub fn old_annotation(name: &str) -> Option<OldAnnotation> {
    let is = |it: &&OldAnnotation| {
        it.name == name || it.name.ends_with('/') && name.starts_with(it.name)
    };
    OLD_ANNOTATIONS.iter().find(is).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_annotations_name_what_took_their_place() {
        let dead = old_annotation("scheduler.alpha.kubernetes.io/critical-pod").expect("listed");
        assert_eq!((dead.effect, dead.since), (Effect::Dead, Some("1.16")));
        assert_eq!(dead.replacement, Some("spec.priorityClassName"));
        let prefix = old_annotation("container.seccomp.security.alpha.kubernetes.io/web");
        assert_eq!(prefix.map(|it| it.effect), Some(Effect::Dead));
        assert_eq!(
            old_annotation("pod.alpha.kubernetes.io/initialized").map(|it| it.replacement),
            Some(None)
        );
    }

    #[test]
    fn annotations_that_are_still_read_are_only_deprecated() {
        for name in [
            "kubernetes.io/ingress.class",
            "volume.beta.kubernetes.io/storage-class",
            "scheduler.alpha.kubernetes.io/node-selector",
            "container.apparmor.security.beta.kubernetes.io/web",
        ] {
            assert_eq!(
                old_annotation(name).map(|it| it.effect),
                Some(Effect::Deprecated),
                "{name}"
            );
        }
        for name in ["cert-manager.io/cluster-issuer", "helm.sh/hook", "seccomp", ""] {
            assert_eq!(old_annotation(name), None, "{name}");
        }
    }

    #[test]
    fn every_row_is_read() {
        assert!(OLD_ANNOTATIONS.len() > 20);
        for row in OLD_ANNOTATIONS.iter() {
            assert!(row.name.contains('/'), "{row:?}");
            assert_eq!(old_annotation(row.name), Some(*row), "listed twice");
        }
    }
}
