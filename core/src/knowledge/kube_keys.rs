//! The keys of the Kubernetes types that people write by hand: which key is wrong, which one was
//! meant, and where it belongs.
//!
//! Source: Kubernetes API reference, "Workload Resources" and "Service Resources", release 1.34.

use super::data::{Block, blocks};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// A type of the Kubernetes API.
struct Type {
    /// What people call it.
    words: &'static str,
    /// The keys that people write.
    keys: Vec<&'static str>,
    /// Keys that are valid but that nobody means to write.
    rare: Vec<&'static str>,
}

/// The types by name.
static TYPES: LazyLock<FxHashMap<&str, Type>> = LazyLock::new(|| {
    let blocks = blocks(include_str!("data/kubernetes_keys.txt"));
    blocks.iter().map(|it| Type::read(it).expect("internal error: a malformed type")).collect()
});

impl Type {
    /// Reads the name of a type and the type itself.
    fn read(block: &Block) -> Option<(&'static str, Type)> {
        let (name, words) = block.heading.split_once(" = ")?;
        let mut found = Type { words, keys: Vec::new(), rare: Vec::new() };
        for (keyword, keys) in &block.lines {
            match *keyword {
                "keys" => found.keys.extend(keys.split(' ')),
                "rare" => found.rare.extend(keys.split(' ')),
                _ => return None,
            }
        }
        Some((name, found))
    }
}

/// Whether a known type does not have a key.
#[must_use]
pub fn is_wrong(owner: &str, key: &str) -> bool {
    TYPES.get(owner).is_some_and(|it| !it.keys.contains(&key) && !it.rare.contains(&key))
}

/// Returns the keys of a type; none for a type that is not known.
#[must_use]
pub fn known_keys(owner: &str) -> &'static [&'static str] {
    TYPES.get(owner).map_or(&[], |it| &it.keys)
}

/// Returns what people call a type: "a container", "the Pod's `spec`".
#[must_use]
pub fn words_for(owner: &str) -> Option<&'static str> {
    TYPES.get(owner).map(|it| it.words)
}

/// Returns the key that somebody meant who wrote another word for the same thing.
#[must_use]
pub fn synonym(owner: &str, key: &str) -> Option<&'static str> {
    Some(match (owner, key) {
        ("ContainerPort", "port" | "targetPort") => "containerPort",
        ("ServicePort", "containerPort") => "targetPort",
        ("VolumeMount", "path") => "mountPath",
        ("VolumeMount", "volumeName") => "name",
        ("Container", "environment") => "env",
        ("Container", "entrypoint") => "command",
        ("Container", "healthcheck") => "livenessProbe",
        ("Probe", "timeout") => "timeoutSeconds",
        ("Probe", "interval") => "periodSeconds",
        ("Probe", "retries") => "failureThreshold",
        ("EnvFromSource", "configMap" | "configMapKeyRef") => "configMapRef",
        ("EnvFromSource", "secret" | "secretKeyRef") => "secretRef",
        ("EnvVarSource", "configMap" | "configMapRef") => "configMapKeyRef",
        ("EnvVarSource", "secret" | "secretRef") => "secretKeyRef",
        ("PersistentVolumeClaimVolumeSource", "name") => "claimName",
        _ => return None,
    })
}

/// The types of a workload that people put each other's keys into.
const WORKLOAD_TYPES: &[&str] = &[
    "Container",
    "PodSpec",
    "PodTemplateSpec",
    "Probe",
    "SecurityContext",
    "DeploymentSpec",
    "JobSpec",
];

/// Returns the type that a key of a workload belongs to, if only one type has the key. `resources`
/// could belong to two, and `name`, `metadata` and `spec` occur in too many places to say anything.
#[must_use]
pub fn belongs_to(key: &str) -> Option<&'static str> {
    if matches!(key, "name" | "metadata" | "spec") {
        return None;
    }
    let mut owners = WORKLOAD_TYPES.iter().filter(|it| known_keys(it).contains(&key));
    let owner = owners.next()?;
    owners.next().is_none().then_some(*owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_words_and_no_key_twice() {
        assert_eq!(TYPES.len(), 49);
        for (name, it) in TYPES.iter() {
            assert!(!it.words.is_empty() && !it.keys.is_empty(), "{name}");
            let mut keys: Vec<&str> = it.keys.iter().chain(&it.rare).copied().collect();
            let count = keys.len();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), count, "{name}");
            assert!(keys.iter().all(|key| !key.is_empty() && !is_wrong(name, key)), "{name}");
        }
    }

    #[test]
    fn workload_types_and_synonyms_are_in_the_data() {
        for owner in WORKLOAD_TYPES {
            assert!(!known_keys(owner).is_empty(), "{owner}");
        }
        for (owner, key) in
            [("ContainerPort", "port"), ("VolumeMount", "path"), ("Probe", "retries")]
        {
            let meant = synonym(owner, key).expect("a synonym");
            assert!(is_wrong(owner, key) && !is_wrong(owner, meant), "{owner} {key}");
        }
    }

    #[test]
    fn only_keys_that_a_type_lacks_are_wrong() {
        assert!(!is_wrong("PodSpec", "overhead"));
        assert!(!is_wrong("PodSpec", "hostnameOverride"));
        assert!(!is_wrong("ObjectMeta", "uid"));
        assert!(is_wrong("PodSpec", "uid"));
        assert!(is_wrong("Container", "a container"));
        assert!(!is_wrong("Subject", "anything"), "not in the table");
    }

    #[test]
    fn a_key_of_two_types_belongs_to_neither() {
        assert_eq!(belongs_to("livenessProbe"), Some("Container"));
        assert_eq!(belongs_to("nodeSelector"), Some("PodSpec"));
        assert_eq!(belongs_to("replicas"), Some("DeploymentSpec"));
        assert_eq!(belongs_to("resources"), None);
        assert_eq!(belongs_to("name"), None);
    }
}
