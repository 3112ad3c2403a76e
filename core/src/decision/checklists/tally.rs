//! What was looked at for one item of a checklist.

/// What was looked at, and what of it is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tally {
    /// There is nothing that the item is about; the text says why.
    NothingToSee(String),
    /// The files cannot show it: what was looked for, and where to look.
    Hidden(String, &'static str),
    /// What was seen is enough, whatever else there is.
    Proven(String),
    /// What is good and what is not, by name.
    Counted { words: Words, good: Vec<String>, missing: Vec<String> },
}

/// What is counted and what the good ones do, for one and for several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// `["service", "services"]`
    pub noun: [&'static str; 2],
    /// `["has a healthcheck", "have a healthcheck"]`
    pub does: [&'static str; 2],
}

impl Words {
    /// Returns the words for services that do something.
    pub const fn services(does: [&'static str; 2]) -> Words {
        Words { noun: ["service", "services"], does }
    }
}

impl Tally {
    /// Counts subjects by whether they are good. Without any, there is nothing to see.
    pub fn count(words: Words, subjects: impl Iterator<Item = (String, bool)>) -> Tally {
        let (good, missing): (Vec<_>, Vec<_>) = subjects.partition(|subject| subject.1);
        let names = |subjects: Vec<(String, bool)>| subjects.into_iter().map(|it| it.0).collect();
        if good.is_empty() && missing.is_empty() {
            return Tally::NothingToSee(format!("no {} to check", words.noun[0]));
        }
        Tally::Counted { words, good: names(good), missing: names(missing) }
    }

    /// Returns what was counted as something that the files cannot show, unless all of it is good.
    pub fn or_hidden(self, look: &'static str) -> Tally {
        match &self {
            Tally::Counted { missing, .. } if !missing.is_empty() => {
                Tally::Hidden(self.says(), look)
            }
            _ => self,
        }
    }

    /// Returns "4 of 5 services have a healthcheck; missing: `worker`".
    pub fn says(&self) -> String {
        match self {
            Tally::NothingToSee(text) | Tally::Hidden(text, _) | Tally::Proven(text) => {
                text.clone()
            }
            Tally::Counted { words, good, missing } => {
                let form = |count: usize| usize::from(count != 1);
                let all = good.len() + missing.len();
                // "0 of 1 volume is", "0 of 2 volumes are", "1 of 2 volumes is"
                let verb = if all == 1 { 0 } else { form(good.len()) };
                let (noun, does) = (words.noun[form(all)], words.does[verb]);
                let mut text = format!("{} of {all} {noun} {does}", good.len());
                if !missing.is_empty() {
                    text.push_str("; missing: ");
                    text.push_str(&named(missing));
                }
                text
            }
        }
    }
}

/// Returns the first few names, and how many more there are.
pub fn named(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let mut words: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        words.push(format!("{} more", names.len() - SHOWN));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESTART: Words = Words::services(["restarts", "restart"]);

    #[test]
    fn what_is_missing_is_named() {
        let subjects = [("web", true), ("worker", false)].map(|it| (it.0.to_owned(), it.1));
        let tally = Tally::count(RESTART, subjects.into_iter());
        assert_eq!(tally.says(), "1 of 2 services restarts; missing: `worker`");
        let hidden = tally.or_hidden("Look elsewhere.");
        assert!(matches!(hidden, Tally::Hidden(..)), "{hidden:?}");
        let none = Tally::count(RESTART, std::iter::empty());
        assert_eq!(none.says(), "no service to check");
    }

    #[test]
    fn nouns_agree_with_the_whole_and_verbs_with_the_good_ones() {
        let of = |good: usize, all: usize| {
            Tally::count(RESTART, (0..all).map(|at| (at.to_string(), at < good))).says()
        };
        assert_eq!(of(1, 1), "1 of 1 service restarts");
        assert!(of(0, 1).starts_with("0 of 1 service restarts;"));
        assert!(of(0, 2).starts_with("0 of 2 services restart;"));
        assert_eq!(of(3, 3), "3 of 3 services restart");
    }
}
