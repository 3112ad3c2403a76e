//! What is past its maintainers' end of life, and what was withdrawn from where it was pulled.
//!
//! The tables carry the day on which they were compared with their sources, and everything is judged
//! as of that day: Plimsoll reads no clock, so the same files always give the same report.

use super::data::{Block, blocks, entries};
use super::families::without_mirror;
use super::image::{ImageRef, Pin, Version};
use rustc_hash::FxHashMap;
use std::fmt;
use std::sync::LazyLock;

/// A calendar day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    pub year: u16,
    pub month: u8,
    pub day: u8,
}

impl Day {
    /// Reads `2026-11-29`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Day> {
        let mut parts = text.split('-');
        let year = parts.next()?.parse().ok()?;
        let month = parts.next()?.parse().ok().filter(|it| (1..=12).contains(it))?;
        let day = parts.next()?.parse().ok().filter(|it| (1..=31).contains(it))?;
        parts.next().is_none().then_some(Day { year, month, day })
    }

    /// Returns the same day of a later month.
    fn plus_months(self, months: u8) -> Day {
        let month = u16::from(self.month - 1) + u16::from(months);
        let (year, month) = (self.year + month / 12, month % 12 + 1);
        Day { year, month: u8::try_from(month).unwrap_or(12), day: self.day }
    }
}

impl Day {
    /// Returns the month and the year in words: "September 2025".
    #[must_use]
    pub fn month_and_year(self) -> String {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let month = MONTHS.get(usize::from(self.month) - 1).unwrap_or(&MONTHS[0]);
        format!("{month} {}", self.year)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// The day on which the tables were compared with their sources.
pub const AS_OF: Day = Day { year: 2026, month: 11, day: 29 };

/// Number of months before its end in which a version counts as ending soon.
const SOON: u8 = 6;

/// How a version stands on the day of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    Ended,
    /// It ends within six months.
    EndsSoon,
    Maintained,
}

/// A version with the last day on which its makers maintain it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// The product's name as its makers write it.
    pub product: &'static str,
    /// The version as the table writes it: `14`, `8.0`, `bullseye`.
    pub version: &'static str,
    pub last_day: Day,
    /// Whether it is of the newest major version and maintained for a few weeks only, until the next one.
    pub is_short: bool,
    /// The page that says so.
    pub source: &'static str,
}

impl Cycle {
    #[must_use]
    pub fn support(&self) -> Support {
        if self.last_day < AS_OF {
            Support::Ended
        } else if self.last_day <= AS_OF.plus_months(SOON) {
            Support::EndsSoon
        } else {
            Support::Maintained
        }
    }

    /// Whether it ended more than a year ago.
    #[must_use]
    pub fn is_long_over(&self) -> bool {
        Day { year: self.last_day.year + 1, ..self.last_day } < AS_OF
    }
}

/// The cycles of each repository.
static CYCLES: LazyLock<FxHashMap<&str, Vec<Cycle>>> = LazyLock::new(|| {
    let products = blocks(include_str!("data/end_of_life.txt"));
    let rows = products.iter().map(|it| cycles(it).expect("internal error: a malformed product"));
    let mut by_repository = FxHashMap::default();
    for (repositories, cycles) in rows {
        by_repository.extend(repositories.into_iter().map(|it| (it, cycles.clone())));
    }
    by_repository
});

/// Reads a product into its repositories and its cycles.
fn cycles(block: &Block) -> Option<(Vec<&'static str>, Vec<Cycle>)> {
    let (product, source) = block.heading.split_once(" = ")?.1.split_once(" | ")?;
    let mut repositories = Vec::new();
    let mut cycles = Vec::new();
    for &(word, rest) in &block.lines {
        if word == "image" {
            repositories.extend(rest.split(' '));
        } else {
            let (day, is_short) = match rest.strip_suffix(" short") {
                Some(day) => (day, true),
                None => (rest, false),
            };
            let last_day = Day::parse(day)?;
            cycles.push(Cycle { product, version: word, last_day, is_short, source });
        }
    }
    let newest = cycles.iter().filter_map(|it| major(it.version)).max();
    for cycle in &mut cycles {
        cycle.is_short &= major(cycle.version) == newest;
    }
    Some((repositories, cycles))
}

/// Returns the major version of a version in the table.
fn major(version: &str) -> Option<u64> {
    version.split('.').next()?.parse().ok()
}

/// Returns the cycle that an image reference names; `None` where the image or its version is not
/// known, or where the tag leaves the cycle open.
#[must_use]
pub fn cycle_of(image: &str) -> Option<Cycle> {
    let reference = ImageRef::parse(image);
    let repository = reference.repository();
    let known = CYCLES.get(repository.as_str());
    let cycles = known.or_else(|| CYCLES.get(without_mirror(&repository)?))?;
    let tag = reference.tag.filter(|it| !super::image::has_variable(it))?;
    // The images of PostgreSQL extensions put its version last: `0.8.0-pg17`.
    let extended = tag.split('-').find_map(|it| it.strip_prefix("pg"));
    let tag = extended.unwrap_or(tag);
    let name = tag.split('-').next().unwrap_or(tag);
    let version = Version::parse(tag);
    let names = |cycle: &&Cycle| match version {
        Some(Version { major, minor, .. }) => match cycle.version.split_once('.') {
            Some((first, second)) => {
                first.parse() == Ok(major) && minor.is_some_and(|it| second.parse() == Ok(it))
            }
            None => cycle.version.parse() == Ok(major),
        },
        None => cycle.version == name,
    };
    // `8.0` before `8`, where the table has both.
    cycles.iter().filter(names).max_by_key(|it| it.version.len()).copied()
}

/// What became of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its images cannot be pulled any more.
    Gone,
    /// Its images get no more fixes.
    Frozen,
}

/// The tags of a repository that a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tags {
    All,
    /// Those that name a version.
    Versions,
    /// All without this text in them.
    Without(&'static str),
}

/// A repository that its owners withdrew or left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// The repository, or a path that ends in a slash and stands for all below it.
    pub repository: &'static str,
    tags: Tags,
    pub fate: Fate,
    pub since: Day,
    /// The repository or path that takes its place.
    pub replacement: Option<&'static str>,
    /// The only architecture that the replacement is made for, where that is fewer than before.
    pub runs_only_on: Option<&'static str>,
    pub source: &'static str,
}

static WITHDRAWN: LazyLock<Vec<Withdrawn>> = LazyLock::new(|| {
    let rows = entries(include_str!("data/withdrawn_images.txt"));
    rows.map(|row| withdrawn(row).expect("internal error: a malformed row")).collect()
});

/// Reads `REPOSITORY FATE DAY [versions | without TEXT] = REPLACEMENT [for ARCHITECTURE] | SOURCE`.
fn withdrawn(row: &'static str) -> Option<Withdrawn> {
    let (what, rest) = row.split_once(" = ")?;
    let (replacement, source) = rest.split_once(" | ")?;
    let (replacement, runs_only_on) = match replacement.split_once(" for ") {
        Some((replacement, architecture)) => (replacement, Some(architecture)),
        None => (replacement, None),
    };
    let mut words = what.split(' ');
    Some(Withdrawn {
        repository: words.next()?,
        fate: match words.next()? {
            "gone" => Fate::Gone,
            "frozen" => Fate::Frozen,
            _ => return None,
        },
        since: Day::parse(words.next()?)?,
        tags: match words.next() {
            None => Tags::All,
            Some("versions") => Tags::Versions,
            Some("without") => Tags::Without(words.next()?),
            Some(_) => return None,
        },
        replacement: Some(replacement).filter(|it| *it != "-"),
        runs_only_on,
        source,
    })
}

impl Withdrawn {
    fn covers(&self, repository: &str, reference: &ImageRef<'_>) -> bool {
        let is_named = self.repository == repository
            || self.repository.ends_with('/') && repository.starts_with(self.repository);
        is_named
            && match self.tags {
                Tags::All => true,
                Tags::Versions => matches!(reference.pin(), Pin::Version(_)),
                Tags::Without(text) => !reference.tag.unwrap_or_default().contains(text),
            }
    }

    /// Returns what an image of the repository is called where its replacement is. A replaced
    /// repository keeps its tag only below a path: `bitnamilegacy/redis:7.0` for `bitnami/redis:7.0`.
    #[must_use]
    pub fn replacement_of(&self, image: &str) -> Option<String> {
        let replacement = self.replacement?;
        if !replacement.ends_with('/') {
            return Some(replacement.to_owned());
        }
        let reference = ImageRef::parse(image);
        let repository = reference.repository();
        let rest = repository.strip_prefix(self.repository)?;
        let tag = reference.tag.map(|it| format!(":{it}")).unwrap_or_default();
        Some(format!("{replacement}{rest}{tag}"))
    }
}

/// Returns what became of the repository of an image, when its owners withdrew it or left it behind.
#[must_use]
pub fn withdrawal_of(image: &str) -> Option<Withdrawn> {
    let reference = ImageRef::parse(image);
    let repository = reference.repository();
    WITHDRAWN.iter().find(|it| it.covers(&repository, &reference)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn support(image: &str) -> Option<(&'static str, Support)> {
        cycle_of(image).map(|it| (it.version, it.support()))
    }

    #[test]
    fn a_version_stands_as_of_the_day_of_the_table() {
        assert_eq!(support("postgres:12-alpine"), Some(("12", Support::Ended)));
        assert_eq!(support("postgres:9.6.24"), Some(("9.6", Support::Ended)));
        assert_eq!(support("docker.io/library/postgres:16.3"), Some(("16", Support::Maintained)));
        assert_eq!(support("pgvector/pgvector:0.8.0-pg13"), Some(("13", Support::Ended)));
        assert_eq!(support("mysql:5.7"), Some(("5.7", Support::Ended)));
        assert_eq!(support("mysql:8.4.3"), Some(("8.4", Support::Maintained)));
        assert_eq!(support("php:8.2-fpm"), Some(("8.2", Support::EndsSoon)));
        assert_eq!(support("debian:buster-slim"), Some(("buster", Support::Ended)));
        assert_eq!(support("ubuntu:focal"), Some(("focal", Support::Ended)));
        assert_eq!(support("redis:5-alpine"), Some(("5", Support::Ended)));
        assert_eq!(support("mcr.microsoft.com/dotnet/aspnet:6.0"), Some(("6", Support::Ended)));
        assert_eq!(support("mariadb:11.2"), Some(("11.2", Support::Ended)));
        assert_eq!(support("mariadb:11.4.5"), Some(("11.4", Support::Maintained)));
        assert_eq!(support("rabbitmq:3.13-management"), Some(("3.13", Support::Ended)));
        assert_eq!(support("elasticsearch:7.17.29"), Some(("7", Support::Ended)));
        assert_eq!(support("elasticsearch:8.19.3"), Some(("8", Support::Maintained)));
        assert_eq!(support("node:22-alpine"), Some(("22", Support::EndsSoon)));
        assert_eq!(support("node:23"), Some(("23", Support::Ended)));
        assert_eq!(support("node:0.10.40"), Some(("0.10", Support::Ended)));
        assert_eq!(support("python:3.13-slim"), Some(("3.13", Support::Maintained)));
        assert_eq!(support("postgres:18"), Some(("18", Support::Maintained)));
        assert_eq!(support("nginx:1.28.0-alpine"), Some(("1.28", Support::Ended)));
    }

    #[test]
    fn versions_that_are_maintained_for_weeks_are_told_apart() {
        let cycle = |image| cycle_of(image).expect("a cycle");
        for (image, is_short, is_long_over) in [
            ("prom/prometheus:v3.9.1", true, false),
            ("prom/prometheus:v3.6.0", true, true),
            ("prom/prometheus:v3.5.0", false, false),
            ("prom/prometheus:v2.53.1", false, true),
            ("grafana/grafana:12.1.1", false, false),
        ] {
            let cycle = cycle(image);
            assert_eq!((cycle.is_short, cycle.is_long_over()), (is_short, is_long_over), "{image}");
        }
    }

    #[test]
    fn what_the_table_does_not_say_is_not_known() {
        for image in [
            "mysql:8",
            "mysql",
            "postgres:latest",
            "postgres:${TAG:-9.6}",
            "postgres:99",
            "acme/postgres:9.6",
            "node:lts",
        ] {
            assert_eq!(support(image), None, "{image}");
        }
    }

    #[test]
    fn withdrawn_repositories_are_known_by_name_or_path() {
        let fate = |image| withdrawal_of(image).map(|it| (it.fate, it.replacement));
        assert_eq!(fate("minio/minio"), Some((Fate::Gone, Some("quay.io/minio/minio"))));
        assert_eq!(fate("k8s.gcr.io/pause:3.2"), Some((Fate::Frozen, Some("registry.k8s.io/"))));
        assert_eq!(fate("bitnamilegacy/redis"), Some((Fate::Frozen, None)));
        assert_eq!(fate("postgres:17"), None);
    }

    #[test]
    fn some_tags_of_a_withdrawn_repository_remain() {
        let fate = |image| withdrawal_of(image).map(|it| it.fate);
        assert_eq!(fate("bitnami/redis:7.0"), Some(Fate::Gone));
        assert_eq!(fate("docker.io/bitnami/redis:7.0-debian-11"), Some(Fate::Gone));
        assert_eq!(fate("bitnami/redis"), None);
        assert_eq!(fate("bitnami/redis:latest"), None);
        assert_eq!(fate("bitnami/redis:${TAG}"), None);
        assert_eq!(fate("openjdk:17-slim"), Some(Fate::Frozen));
        assert_eq!(fate("openjdk:24-ea-jdk"), None);
    }

    #[test]
    fn a_replacement_below_a_path_keeps_name_and_tag() {
        let replaced = |image| withdrawal_of(image).and_then(|it| it.replacement_of(image));
        assert_eq!(replaced("bitnami/redis:7.0").as_deref(), Some("bitnamilegacy/redis:7.0"));
        assert_eq!(replaced("k8s.gcr.io/pause:3.2").as_deref(), Some("registry.k8s.io/pause:3.2"));
        assert_eq!(replaced("openjdk:17").as_deref(), Some("eclipse-temurin"));
        assert_eq!(replaced("bitnamilegacy/redis"), None);
    }

    #[test]
    fn the_tables_are_whole_and_carry_their_day() {
        assert!(include_str!("data/end_of_life.txt").contains(&format!("As of {AS_OF}.")));
        assert!(include_str!("data/withdrawn_images.txt").contains(&format!("As of {AS_OF}.")));
        assert!(CYCLES.values().map(Vec::len).sum::<usize>() > 200);
        for cycles in CYCLES.values() {
            assert!(cycles.iter().all(|it| it.source.starts_with("https://")));
        }
        assert!(WITHDRAWN.iter().all(|it| it.since < AS_OF && !it.source.is_empty()));
        assert_eq!(AS_OF.plus_months(6), Day { year: 2027, month: 5, day: 29 });
    }
}
