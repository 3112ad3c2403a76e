//! Names that are looked up by how they begin and end.

use std::sync::OnceLock;

/// A list of names without duplicates.
#[derive(Debug, Default)]
pub(super) struct SpelledNames<'a> {
    names: Vec<&'a str>,
    orders: OnceLock<Orders>,
}

/// The indices of the names in two orders. They are sorted when somebody asks, which few projects do.
#[derive(Debug)]
struct Orders {
    /// By the letters from the first one on.
    forwards: Vec<usize>,
    /// By the letters from the last one on.
    backwards: Vec<usize>,
}

impl Orders {
    fn of(names: &[&str]) -> Orders {
        let mut forwards: Vec<usize> = (0..names.len()).collect();
        let mut backwards = forwards.clone();
        forwards.sort_unstable_by_key(|at| names[*at]);
        backwards.sort_unstable_by(|a, b| names[*a].bytes().rev().cmp(names[*b].bytes().rev()));
        Orders { forwards, backwards }
    }
}

impl<'a> SpelledNames<'a> {
    /// Adds a name that is not in the list yet.
    pub(super) fn push(&mut self, name: &'a str) {
        self.names.push(name);
        self.orders.take();
    }

    /// Returns the names that begin and end with two texts, each with what stands between these.
    pub(super) fn between(&self, before: &str, after: &str) -> Vec<(&'a str, &'a str)> {
        let Orders { forwards, backwards } = self.orders.get_or_init(|| Orders::of(&self.names));
        let name = |at: &usize| self.names[*at];
        let parts = |name: &'a str| Some((name, name.strip_prefix(before)?.strip_suffix(after)?));
        // The longer of the two texts leaves fewer names.
        if before.len() > after.len() {
            let start = forwards.partition_point(|at| name(at) < before);
            let names = forwards[start..].iter().map(name);
            names.take_while(|it| it.starts_with(before)).filter_map(parts).collect()
        } else {
            let is_less = |at: &usize| name(at).bytes().rev().lt(after.bytes().rev());
            let names = backwards[backwards.partition_point(is_less)..].iter().map(name);
            names.take_while(|it| it.ends_with(after)).filter_map(parts).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_both_ends() {
        let mut names = SpelledNames::default();
        for name in ["shop-db", "db", "shop-db-data", "blog-db", "shop-", "web"] {
            names.push(name);
        }
        let found = |before: &str, after: &str| {
            let mut parts: Vec<&str> =
                names.between(before, after).into_iter().map(|it| it.1).collect();
            parts.sort_unstable();
            parts
        };
        assert_eq!(found("", "-db"), ["blog", "shop"]);
        assert_eq!(found("shop-", ""), ["", "db", "db-data"]);
        assert_eq!(found("shop-", "-data"), ["db"]);
        assert_eq!(found("shop-d", "b-data"), [""]);
        assert!(found("shop-db-d", "db-data").is_empty(), "the two texts may not overlap");
        assert!(found("x", "").is_empty() && found("", "x").is_empty());
    }
}
