//! The format of the files of this folder, read into families.

use super::{Class, Family, Known, Repository};
use crate::knowledge::data::Block;
use std::ops::Range;

/// A major and a minor version.
pub(super) type Release = (u64, u64);

/// After every release.
const NEWEST: Release = (u64::MAX, u64::MAX);

/// Returns a release of which only the major version is known: the newest of its series, as a tag is that
/// names no more.
pub(super) fn newest_of(major: u64) -> Release {
    (major, u64::MAX)
}

/// Reads `3` or `3.8`.
fn release(text: &str) -> Option<Release> {
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// A fact about a family's images, with the conditions under which it holds.
#[derive(Debug)]
pub(super) struct Setting {
    pub value: &'static str,
    pub releases: Range<Release>,
    /// The repositories that the setting is for, or parts of their paths that end in a slash; empty
    /// when it is for all.
    pub repositories: Vec<&'static str>,
    /// A part of the tag that names a variant, as `alpine` in `17-alpine3.20`.
    pub variant: Option<&'static str>,
    /// A variable that the service must set.
    pub variable: Option<&'static str>,
}

impl Family {
    pub(super) fn read(block: &Block) -> Option<Family> {
        let (words, name) = block.heading.split_once(" = ")?;
        let mut words = words.split(' ');
        let mut family = Family {
            id: words.next()?,
            name,
            class: Class::from_word(words.next()?)?,
            persistent: words.next() == Some("kept"),
            names: Vec::new(),
            repositories: Vec::new(),
            ports: Vec::new(),
            data: Vec::new(),
            ready: Vec::new(),
            tools: Vec::new(),
            user: Vec::new(),
            memory: Vec::new(),
        };
        for &(keyword, text) in &block.lines {
            match keyword {
                "name" => family.names.extend(text.split(' ')),
                "image" => family.list(text, Known::Unknown),
                "checked" => family.list(text, Known::Yes),
                "unchecked" => family.list(text, Known::No),
                "port" => {
                    for port in text.split(' ') {
                        family.ports.push(port.parse().ok()?);
                    }
                }
                "data" => family.data.push(Setting::read(text)?),
                "ready" => family.ready.push(Setting::read(text)?),
                "tools" => family.tools.push(Setting::read(text)?),
                "user" => family.user.push(Setting::read(text)?),
                "memory" => family.memory.push(Setting::read(text)?),
                _ => return None,
            }
        }
        Some(family)
    }

    fn list(&mut self, repositories: &'static str, has_healthcheck: Known) {
        let names = repositories.split(' ');
        self.repositories.extend(names.map(|name| Repository { name, has_healthcheck }));
    }
}

impl Setting {
    /// Reads the text after the keyword: conditions, `=` and the value.
    pub(super) fn read(text: &'static str) -> Option<Setting> {
        let (conditions, value) = text.split_once('=')?;
        let value = value.trim_start();
        let mut setting = Setting {
            value,
            releases: (0, 0)..NEWEST,
            repositories: Vec::new(),
            variant: None,
            variable: None,
        };
        for condition in conditions.split_ascii_whitespace() {
            if let Some((from, below)) = condition.split_once("..") {
                let bound =
                    |text: &str, open| if text.is_empty() { Some(open) } else { release(text) };
                setting.releases = bound(from, (0, 0))?..bound(below, NEWEST)?;
            } else if let Some(variable) = condition.strip_prefix('$') {
                setting.variable = Some(variable);
            } else if let Some(variant) = condition.strip_prefix(':') {
                setting.variant = Some(variant);
            } else {
                setting.repositories.push(condition);
            }
        }
        Some(setting)
    }

    /// Whether it is for this major version. An unknown version is taken for the newest.
    pub(super) fn fits(&self, major: Option<u64>) -> bool {
        self.fits_release(major.map(newest_of))
    }

    /// Whether it is for this release. An unknown one is taken for the newest.
    pub(super) fn fits_release(&self, release: Option<Release>) -> bool {
        match release {
            Some(release) => self.releases.contains(&release),
            None => self.releases.end == NEWEST,
        }
    }

    /// Returns what a list of words says about one of them, where a dash stands before those that do
    /// not hold.
    pub(super) fn states(&self, word: &str) -> Known {
        let mut words = self.value.split(' ');
        words
            .find(|it| it.trim_start_matches('-') == word)
            .map_or(Known::Unknown, |it| if it.starts_with('-') { Known::No } else { Known::Yes })
    }

    fn names(&self, repository: &str) -> bool {
        self.repositories
            .iter()
            .any(|it| repository == *it || it.ends_with('/') && repository.contains(it))
    }
}

/// Returns the settings that name a repository; where none does, those for all repositories.
pub(super) fn settings_for<'s>(
    settings: &'s [Setting],
    repository: &str,
) -> impl Iterator<Item = &'s Setting> {
    let named = settings.iter().any(|it| it.names(repository));
    settings.iter().filter(
        move |it| {
            if named { it.names(repository) } else { it.repositories.is_empty() }
        },
    )
}

/// Returns the settings that name a variant in the tag; where none does, those without a variant.
pub(super) fn for_variant<'s>(
    settings: impl Iterator<Item = &'s Setting>,
    tag: &str,
) -> Vec<&'s Setting> {
    let of_tag = |setting: &Setting| setting.variant.is_some_and(|it| tag.contains(it));
    let (named, others): (Vec<_>, Vec<_>) = settings.partition(|it| of_tag(it));
    if named.is_empty() {
        others.into_iter().filter(|it| it.variant.is_none()).collect()
    } else {
        named
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::data::blocks;

    #[test]
    fn a_malformed_family_is_refused() {
        let read = |text| Family::read(&blocks(text)[0]);
        assert!(read("a cache = A\n  image a\n  data 1.. = /a").is_some());
        for text in [
            "a cache\n  image a",
            "a store = A\n  image a",
            "a cache = A\n  images a",
            "a cache = A\n  port http",
            "a cache = A\n  data /a",
            "a cache = A\n  data 1..x = /a",
            "a cache = A\n  data 1.x.. = /a",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
