//! What makes a finding the same finding in another run.

use super::{Finding, Report};
use crate::text::FileId;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The identity of a finding: its rule, its object and the path of keys to its place. Messages, lines, and
/// how the command was called are no part of it, so that it survives edits elsewhere in the project.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The code of the rule.
    pub rule: String,
    /// The path of the file in the repository.
    pub path: String,
    /// The subject of the finding: `service app`.
    pub object: String,
    /// `services.app.ports[8080:80]`
    pub key: String,
}

impl Identity {
    /// Returns the identity of a finding.
    pub fn of(report: &Report, finding: &Finding) -> Identity {
        let path = |finding: &Finding| {
            let path = &report.entry(finding.span.file).file.path;
            report.base.in_repository(path)
        };
        Identity {
            rule: finding.code.to_owned(),
            path: path(finding),
            object: finding.subject.clone(),
            key: finding.key_path.clone(),
        }
    }

    /// Returns the identity by which other programs know a finding from run to run. A finding that gathers places
    /// goes by what it gathers them for: which of them leads may change with every place that comes or goes. Only
    /// where several applications have such a finding, it goes by the path of its own one as well.
    pub fn lasting(report: &Report, finding: &Finding) -> Identity {
        let own = Identity::of(report, finding);
        let Some(what) = &finding.gathers else { return own };
        Identity {
            path: report.shared.application_of(finding).unwrap_or_default().to_owned(),
            object: String::new(),
            key: what.clone(),
            rule: own.rule,
        }
    }

    /// Returns the identities of a finding and of those in other places that it stands for.
    pub fn all_of(report: &Report, finding: &Finding) -> Vec<Identity> {
        let others = finding.others.iter().map(|other| {
            let path = &report.entry(other.span.file).file.path;
            Identity {
                rule: finding.code.to_owned(),
                path: report.base.in_repository(path),
                object: other.subject.clone(),
                key: other.key_path.clone(),
            }
        });
        std::iter::once(Identity::of(report, finding)).chain(others).collect()
    }

    /// Returns a number that is the same for equal identities: FNV-1a over the parts.
    pub fn fingerprint(&self) -> u64 {
        let parts = [&self.rule, &self.path, &self.object, &self.key];
        let bytes = parts.into_iter().flat_map(|part| part.bytes().chain([0]));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}

/// What several applications have findings for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shared(FxHashMap<&'static str, FxHashMap<String, Sharing>>);

/// The applications that have findings for one thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Sharing {
    count: usize,
    /// Their names, by the files where it is found.
    names: FxHashMap<FileId, String>,
}

impl Shared {
    /// Adds what findings of a rule gather places for, and the names of the applications, each by the files where it is
    /// found.
    pub fn add(&mut self, code: &'static str, what: &str, names: FxHashMap<FileId, String>) {
        let count = names.values().collect::<FxHashSet<_>>().len();
        self.0.entry(code).or_default().insert(what.to_owned(), Sharing { count, names });
    }

    /// Returns the name of the application of a finding that others have as well.
    fn application_of(&self, finding: &Finding) -> Option<&str> {
        let Sharing { count, names } = self.0.get(finding.code)?.get(finding.gathers.as_ref()?)?;
        let own: FxHashSet<&String> = finding.files().filter_map(|it| names.get(&it)).collect();
        // A habit in folders side by side is one finding of several applications.
        names.get(&finding.span.file).filter(|_| own.len() < *count).map(String::as_str)
    }
}

/// Returns a number that mostly differs for different texts, and is too small to tell which text it comes from.
pub fn short_digest(text: &str) -> u8 {
    let identity = Identity { key: text.to_owned(), ..Identity::default() };
    identity.fingerprint().to_le_bytes()[0]
}

/// The findings that were accepted when a project began to be checked, with the number of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeMap<Identity, usize>,
    /// The codes of rules by the path of a file and the path of keys in it.
    rules: FxHashMap<String, FxHashMap<String, Vec<String>>>,
    effect: Effect,
}

/// What a baseline does to a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Effect {
    /// Its findings are taken out.
    #[default]
    Accept,
    /// Its findings stay, each by itself.
    Split,
    /// All findings stay, each place of each finding by itself.
    SplitAll,
}

impl Baseline {
    pub fn new(entries: impl IntoIterator<Item = (Identity, usize)>) -> Baseline {
        let mut baseline = Baseline::default();
        for (identity, count) in entries {
            let keys = baseline.rules.entry(identity.path.clone()).or_default();
            keys.entry(identity.key.clone()).or_default().push(identity.rule.clone());
            *baseline.entries.entry(identity).or_default() += count;
        }
        baseline
    }

    /// Returns the baseline of everything that a report says.
    pub fn of(report: &Report) -> Baseline {
        let all = report.findings.iter().flat_map(|finding| Identity::all_of(report, finding));
        Baseline::new(all.map(|identity| (identity, 1)))
    }

    /// A baseline that accepts nothing, and makes rules report each place by itself.
    pub fn splitting_all() -> Baseline {
        Baseline { effect: Effect::SplitAll, ..Baseline::default() }
    }

    /// Returns a baseline that accepts nothing, and makes rules report the places of this one as if it did.
    #[must_use]
    pub fn splitting(self) -> Baseline {
        Baseline { effect: Effect::Split, ..self }
    }

    /// Whether the baseline takes findings out of a report.
    pub fn accepts_any(&self) -> bool {
        self.effect == Effect::Accept
    }

    /// Whether rules report each place by itself, accepted or not.
    pub fn splits_all(&self) -> bool {
        self.effect == Effect::SplitAll
    }

    /// Returns a baseline with the entries of another one as well.
    #[must_use]
    pub fn with(&self, other: &Baseline) -> Baseline {
        let all = self.entries().chain(other.entries());
        Baseline::new(all.map(|(identity, count)| (identity.clone(), count)))
    }

    /// Returns a baseline without entries that have more findings than there are.
    #[must_use]
    pub fn without(&self, stale: &[(Identity, usize)]) -> Baseline {
        let too_many: BTreeMap<&Identity, usize> =
            stale.iter().map(|(identity, count)| (identity, *count)).collect();
        let left = self.entries().map(|(identity, count)| {
            let gone = too_many.get(identity).copied().unwrap_or(0);
            (identity.clone(), count.saturating_sub(gone))
        });
        Baseline::new(left.filter(|(_, count)| *count > 0))
    }

    /// Returns the entries in order, with the number of findings of each.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&Identity, usize)> {
        self.entries.iter().map(|(identity, count)| (identity, *count))
    }

    /// Whether there is an entry for a rule at a place of a file. `key_path` returns the path of keys to
    /// the place, and `is` says whether a code means the rule.
    pub fn has(
        &self,
        path: &str,
        key_path: impl Fn() -> String,
        is: &dyn Fn(&str) -> bool,
    ) -> bool {
        let Some(keys) = self.rules.get(path) else { return false };
        keys.get(&key_path()).is_some_and(|rules| rules.iter().any(|code| is(code)))
    }
}

/// The entries of a baseline that no finding has used.
#[derive(Debug)]
pub struct Unused(BTreeMap<Identity, usize>);

impl Unused {
    pub fn of(baseline: &Baseline) -> Unused {
        Unused(baseline.entries.clone())
    }

    /// Uses the entries for a finding and all that it stands for; `false` where one of them has none left.
    pub fn take(&mut self, identities: &[Identity]) -> bool {
        let mut all = true;
        for identity in identities {
            match self.0.get_mut(identity) {
                Some(count) if *count > 0 => *count -= 1,
                Some(_) | None => all = false,
            }
        }
        all
    }

    /// Returns the entries that are left, with the number of findings that each has too many.
    pub fn left(self) -> impl Iterator<Item = (Identity, usize)> {
        self.0.into_iter().filter(|(_, count)| *count > 0)
    }
}
