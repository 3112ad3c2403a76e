//! The family of a repository, and how sure that is.

use super::{FAMILIES, Family};
use crate::knowledge::data::{entries, words};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::LazyLock;

/// How sure a family match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// The name alone suggests the family, as in `acme-postgresql`. Something else must confirm it.
    Possible,
    /// A repository elsewhere ends in a listed name, as in `registry.corp/postgres`, or in one with a
    /// word that says nothing about the program, as in `acme/redis-server`.
    Likely,
    /// The repository is listed, or is on a well-known mirror of a registry whose repository is.
    Certain,
}

/// The family of each listed repository.
static BY_REPOSITORY: LazyLock<FxHashMap<&str, &Family>> = LazyLock::new(|| {
    let families = FAMILIES.iter();
    families
        .flat_map(|family| family.repositories.iter().map(move |it| (it.name, family)))
        .collect()
});

/// The families by their listed repositories and by the names that people give to their images.
static BY_NAME: LazyLock<FxHashMap<&str, &Family>> = LazyLock::new(|| {
    let names = FAMILIES.iter().flat_map(|family| family.names.iter().map(move |it| (*it, family)));
    names.chain(BY_REPOSITORY.iter().map(|(name, family)| (*name, *family))).collect()
});

/// Paths below which registries hold images of other registries under the same names.
static MIRRORS: LazyLock<Vec<&str>> =
    LazyLock::new(|| entries(include_str!("../data/mirrors.txt")).collect());

/// Words in an image's name that say nothing about the program in it.
static AFFIXES: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("../data/image_affixes.txt")));

/// Words in an image's name that say that the program is another one: a client, an exporter, a job.
static OTHER_PROGRAMS: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("../data/image_client_words.txt")));

/// Returns the family of a normalised repository (see
/// [`ImageRef::repository`](crate::knowledge::image::ImageRef::repository)) and how sure that is: by
/// the whole name first, then by the last part of the path. A part with a word for a client is never
/// taken for the server: `my-postgres-backup` is not PostgreSQL.
#[must_use]
pub fn family_of(repository: &str) -> Option<(&'static Family, Certainty)> {
    let listed = BY_REPOSITORY.get(without_mirror(repository).unwrap_or(repository));
    if let Some(family) = listed.or_else(|| BY_REPOSITORY.get(repository)) {
        return Some((family, Certainty::Certain));
    }
    if let Some((family, name)) = longest_known_end(repository) {
        // In somebody else's registry or account, only a specific name says what is inside.
        let specific = name.contains('/') || family.has_specific_name();
        return specific.then_some((family, Certainty::Likely));
    }
    by_words(repository.rsplit('/').next().unwrap_or(repository))
}

/// Returns the longest known name that a repository ends in, and its family:
/// `bitnami/redis` for `harbor.corp/hub/bitnami/redis`.
fn longest_known_end(repository: &str) -> Option<(&'static Family, &str)> {
    let slashes = repository.match_indices('/').map(|(at, _)| at + 1);
    let mut ends = std::iter::once(0).chain(slashes).map(|start| &repository[start..]);
    ends.find_map(|end| Some((*BY_NAME.get(end)?, end)))
}

/// Returns the data store that the words of a name mention, when no other word speaks against it.
fn by_words(name: &str) -> Option<(&'static Family, Certainty)> {
    let mut family: Option<&'static Family> = None;
    let mut certainty = Certainty::Likely;
    for word in name.split(['-', '_', '.']) {
        let found = BY_NAME.get(word).filter(|it| it.is_data_store());
        match (found, family) {
            (Some(found), None) => family = Some(found),
            // Two programs in one name are neither.
            (Some(found), Some(first)) if found.id != first.id => return None,
            (Some(_), Some(_)) => {}
            (None, _) if OTHER_PROGRAMS.contains(word) => return None,
            (None, _) if AFFIXES.contains(word) || is_version(word) => {}
            // Whose image it is: `acme-postgresql`. A word of its own after the name says what the
            // program does with the data store: `kafka-orders`.
            (None, None) => certainty = Certainty::Possible,
            (None, Some(_)) => return None,
        }
    }
    family.map(|it| (it, certainty))
}

fn is_version(word: &str) -> bool {
    let digits = word.trim_start_matches(['v', 'r']);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Returns the repository's name in the registry that a well-known mirror copies.
pub(in crate::knowledge) fn without_mirror(repository: &str) -> Option<&str> {
    MIRRORS.iter().find_map(|mirror| repository.strip_prefix(mirror))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::families::Repository;
    use crate::knowledge::image::ImageRef;

    fn id(repository: &str) -> Option<(&'static str, Certainty)> {
        family_of(repository).map(|(it, sure)| (it.id, sure))
    }

    #[test]
    fn a_listed_repository_is_certain() {
        assert_eq!(id("postgres"), Some(("postgres", Certainty::Certain)));
        assert_eq!(id("public.ecr.aws/docker/library/redis"), Some(("redis", Certainty::Certain)));
        assert_eq!(id("mirror.gcr.io/bitnami/redis"), Some(("redis", Certainty::Certain)));
    }

    #[test]
    fn a_listed_name_elsewhere_is_likely() {
        assert_eq!(id("registry.corp/postgres"), Some(("postgres", Certainty::Likely)));
        assert_eq!(id("harbor.corp/hub/bitnami/redis"), Some(("redis", Certainty::Likely)));
        assert_eq!(id("acme/kafka"), Some(("kafka", Certainty::Likely)));
        assert_eq!(id("acme/redis-server"), Some(("redis", Certainty::Likely)));
        assert_eq!(id("acme/postgres-16-alpine"), Some(("postgres", Certainty::Likely)));
        assert_eq!(id("registry.k8s.io/redis-slave"), Some(("redis", Certainty::Likely)));
    }

    #[test]
    fn a_name_in_front_leaves_doubt() {
        assert_eq!(id("acme-postgresql"), Some(("postgres", Certainty::Possible)));
        assert_eq!(id("acme/my-redis"), Some(("redis", Certainty::Possible)));
        assert_eq!(id("ghcr.io/acme/shop-mysql-db"), Some(("mysql", Certainty::Possible)));
    }

    #[test]
    fn clients_and_programs_around_a_store_are_not_the_store() {
        for repository in [
            "my-postgres-backup",
            "postgres-exporter",
            "acme/kafka-ui",
            "acme/kafka-consumer",
            "acme/kafka-load-generator",
            "acme/orders-kafka-producer",
            "acme/kafka-orders",
            "acme/redis-commander",
            "acme/mongo-seed",
            "acme/mysql-client",
            "acme/postgres-redis-bridge",
            "acme/rabbitmq-operator",
            "acme/elasticsearch-curator",
        ] {
            assert_eq!(id(repository), None, "{repository}");
        }
    }

    #[test]
    fn unspecific_names_say_nothing_elsewhere() {
        for repository in ["acme/node", "acme/registry", "image", "checked", "acme/", ""] {
            assert_eq!(id(repository), None, "{repository}");
        }
    }

    #[test]
    fn every_repository_is_normalised_and_found_in_its_family() {
        for family in FAMILIES.iter() {
            assert!(!family.repositories.is_empty(), "{}", family.id);
            for Repository { name, .. } in &family.repositories {
                assert_eq!(ImageRef::parse(name).repository(), *name, "not normalised");
                assert_eq!(id(name), Some((family.id, Certainty::Certain)), "{name}");
            }
        }
    }
}
