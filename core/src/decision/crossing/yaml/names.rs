//! Names of objects and volumes, each given once.

use super::draft::dns_label;
use rustc_hash::{FxHashMap, FxHashSet};

/// Names that are taken.
#[derive(Debug, Default)]
pub struct Labels {
    taken: FxHashSet<String>,
    /// The number that is tried next for each name that was asked for.
    next: FxHashMap<String, u32>,
}

impl Labels {
    /// Returns a name, with a number at its end if it is taken, and takes it.
    pub fn free(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let next = self.next.entry(name.clone()).or_insert(2);
        while self.taken.contains(&name) {
            name = format!("{wanted}-{next}");
            *next += 1;
        }
        self.taken.insert(name.clone());
        name
    }
}

/// The names of objects by those of Compose, which allows names that Kubernetes would take for one.
#[derive(Debug, Default)]
pub struct Names {
    by_name: FxHashMap<String, String>,
    labels: Labels,
}

impl Names {
    /// Returns the name of an object, and whether it is the first time that the object is asked for.
    pub fn of(&mut self, name: &str) -> (String, bool) {
        if let Some(known) = self.by_name.get(name) {
            return (known.clone(), false);
        }
        let own = self.labels.free(&dns_label(name));
        self.by_name.insert(name.to_owned(), own.clone());
        (own, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_shorten_to_one_get_numbers() {
        let mut names = Names::default();
        for (name, expected) in [
            ("my_data", ("my-data", true)),
            ("my.data", ("my-data-2", true)),
            ("my-data-3", ("my-data-3", true)),
            ("My_Data", ("my-data-4", true)),
            ("my.data", ("my-data-2", false)),
        ] {
            assert_eq!(names.of(name), (expected.0.to_owned(), expected.1), "{name}");
        }
    }
}
