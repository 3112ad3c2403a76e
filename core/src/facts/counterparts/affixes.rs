//! What the names of all workloads that are deployed together begin and end with: the product and the environment, as
//! `shop-production-` of `shop-production-web` and `shop-production-worker`. Compose services go without.

use super::of_release;
use crate::facts::{Facts, Part, Workload};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// Separator between the words of a name.
const JOINT: &str = "-";

/// What the workloads of one target, or of the loose manifests of a part of the project, share.
type Home = (usize, Option<usize>);

fn home_of(facts: &Facts<'_>, workload: &Workload<'_>) -> Home {
    let file = workload.object.file;
    (facts.part_of(file), facts.target_of(file))
}

/// What names begin and end with, in words and with what joins them to the rest.
#[derive(Debug, Default, PartialEq, Eq)]
struct Affix {
    before: String,
    after: String,
}

/// The affixes of all places in which workloads are deployed together.
#[derive(Debug, Default)]
pub(super) struct Affixes(FxHashMap<Home, Affix>);

impl Affixes {
    pub(super) fn of_all(facts: &Facts<'_>) -> Affixes {
        let mut homes: BTreeMap<Home, [BTreeSet<&str>; 2]> = BTreeMap::new();
        for workload in facts.workloads.iter().filter(|it| !it.name.is_empty()) {
            let [own, stores] = homes.entry(home_of(facts, workload)).or_default();
            // A data store often has the name of its product alone.
            let mut main = workload.units.iter().filter(|it| it.part == Part::Main);
            let is_store = main.any(|it| it.family().is_some_and(|it| it.is_data_store()));
            let names = if is_store { stores } else { own };
            names.insert(of_release(workload.name));
        }
        let affixes = homes.into_iter().map(|(home, [own, stores])| {
            let names = if own.len() > 1 { own } else { own.union(&stores).copied().collect() };
            (home, Affix::of(&names.into_iter().collect::<Vec<_>>()))
        });
        Affixes(affixes.filter(|it| it.1 != Affix::default()).collect())
    }

    /// Returns what is left of the name of a workload; `None` where nothing is taken off or nothing is left.
    pub(super) fn bare<'n>(&self, facts: &Facts<'_>, workload: &Workload<'n>) -> Option<&'n str> {
        let affix = self.0.get(&home_of(facts, workload))?;
        let name = of_release(workload.name);
        let rest = name.strip_prefix(&affix.before).unwrap_or(name);
        let rest = rest.strip_suffix(&affix.after).unwrap_or(rest);
        (rest != name && !rest.is_empty()).then_some(rest)
    }

    /// Returns what is taken off the name of a workload, in backticks.
    pub(super) fn of(&self, facts: &Facts<'_>, workload: &Workload<'_>) -> Option<String> {
        let affix = self.0.get(&home_of(facts, workload))?;
        Some(match (affix.before.as_str(), affix.after.as_str()) {
            (before, "") => format!("`{before}`"),
            ("", after) => format!("`{after}`"),
            (before, after) => format!("`{before}` and `{after}`"),
        })
    }
}

impl Affix {
    /// Returns what several names share. At least two of them have something more.
    fn of(names: &[&str]) -> Affix {
        let words: Vec<Vec<&str>> = names.iter().map(|it| it.split(JOINT).collect()).collect();
        let before = shared(&words, |words, at| words.get(at).copied());
        let rest: Vec<&[&str]> =
            words.iter().map(|it| &it[before..]).filter(|it| !it.is_empty()).collect();
        let from_end = |words: &&[&str], at: usize| {
            let at = words.len().checked_sub(at + 1)?;
            words.get(at).map(|it| (*it).to_owned())
        };
        let after = shared(&rest, from_end);
        let joined = |words: &[&str]| words.join(JOINT);
        let Some(first) = rest.first() else { return Affix::default() };
        let before = joined(&words[0][..before]);
        let after = joined(&first[first.len() - after..]);
        Affix {
            before: if before.is_empty() { before } else { format!("{before}{JOINT}") },
            after: if after.is_empty() { after } else { format!("{JOINT}{after}") },
        }
    }
}

/// Returns how many words all names share in an order, so that at least two names have more words than those.
fn shared<N, W: PartialEq>(names: &[N], word: impl Fn(&N, usize) -> Option<W>) -> usize {
    let Some(first) = names.first() else { return 0 };
    let is_shared = |at: &usize| {
        let wanted = word(first, *at);
        wanted.is_some() && names.iter().all(|name| word(name, *at) == wanted)
    };
    let mut count = (0..).take_while(is_shared).count();
    let has_more = |count: usize| names.iter().filter(|it| word(it, count).is_some()).count() > 1;
    while count > 0 && !has_more(count) {
        count -= 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn affix(names: &[&str]) -> [String; 2] {
        let affix = Affix::of(names);
        [affix.before, affix.after]
    }

    #[test]
    fn what_all_names_share_is_found_word_by_word() {
        let of = |before: &str, after: &str| [before.to_owned(), after.to_owned()];
        assert_eq!(affix(&["shop-live-db", "shop-live-web"]), of("shop-live-", ""));
        assert_eq!(affix(&["web-prod", "worker-prod"]), of("", "-prod"));
        assert_eq!(affix(&["shop-web-prod", "shop-worker-prod"]), of("shop-", "-prod"));
        assert_eq!(affix(&["shop", "shop-api", "shop-web"]), of("shop-", ""));
        assert_eq!(affix(&["a-b", "a-b-c"]), of("a-", ""));
        for names in
            [&["web", "worker"][..], &["shop-web"], &["shop", "shop-api"], &["webapp", "webapi"]]
        {
            assert_eq!(affix(names), of("", ""), "{names:?}");
        }
    }
}
