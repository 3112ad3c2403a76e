//! Evidence for one item of a checklist.

use crate::facts::Service;
use crate::report::phrases::{first_named, named_in_sentence};
use crate::text::Span;

/// A service, volume or workload that an item looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub name: String,
    pub span: Span,
}

impl Subject {
    pub fn of(service: &Service<'_>) -> Subject {
        Subject { name: service.name.to_owned(), span: service.span() }
    }
}

/// Evidence for an item: how many subjects pass, and which do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tally {
    /// There is nothing that the item is about; the text says why.
    NothingToSee(String),
    /// The files cannot show it: what was looked for, and where to look.
    Hidden(String, &'static str),
    /// What was seen is enough, whatever else there is.
    Proven(String),
    /// How many are good, and which are not. `look` says where to look for what the files cannot show of those.
    Counted { words: Words, good: usize, missing: Vec<Subject>, look: Option<&'static str> },
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
    pub fn count(words: Words, subjects: impl Iterator<Item = (Subject, bool)>) -> Tally {
        let (good, missing): (Vec<_>, Vec<_>) = subjects.partition(|subject| subject.1);
        if good.is_empty() && missing.is_empty() {
            return Tally::NothingToSee(format!("no {} to check", words.noun[0]));
        }
        let missing = missing.into_iter().map(|it| it.0).collect();
        Tally::Counted { words, good: good.len(), missing, look: None }
    }

    /// Returns what was counted as something that the files cannot show, unless all of it is good.
    pub fn or_hidden(self, look: &'static str) -> Tally {
        match self {
            Tally::Counted { words, good, missing, .. } => {
                let look = Some(look).filter(|_| !missing.is_empty());
                Tally::Counted { words, good, missing, look }
            }
            other => other,
        }
    }

    /// Returns what is not good.
    pub fn missing(&self) -> &[Subject] {
        match self {
            Tally::Counted { missing, .. } => missing,
            Tally::NothingToSee(_) | Tally::Hidden(..) | Tally::Proven(_) => &[],
        }
    }

    /// Returns "4 of 5 services have a healthcheck; missing: `worker`".
    pub fn says(&self) -> String {
        match self {
            Tally::NothingToSee(text) | Tally::Hidden(text, _) | Tally::Proven(text) => {
                text.clone()
            }
            Tally::Counted { words, good, missing, .. } => {
                let form = |count: usize| usize::from(count != 1);
                let all = good + missing.len();
                // "0 of 1 volume is", "0 of 2 volumes are", "1 of 2 volumes is"
                let verb = if all == 1 { 0 } else { form(*good) };
                let (noun, does) = (words.noun[form(all)], words.does[verb]);
                let mut text = format!("{good} of {all} {noun} {does}");
                if !missing.is_empty() {
                    text.push_str("; missing: ");
                    let names: Vec<&str> = missing.iter().map(|it| it.name.as_str()).collect();
                    text.push_str(&first_named(&names, MAX_NAMES));
                }
                text
            }
        }
    }
}

/// Maximum number of names in what was seen.
pub const MAX_NAMES: usize = 4;

/// Returns the first few names as a sentence lists them, and how many more there are.
pub fn named(names: &[String]) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    named_in_sentence(&names, MAX_NAMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESTART: Words = Words::services(["restarts", "restart"]);

    fn subject(name: &str) -> Subject {
        Subject { name: name.to_owned(), span: Span::default() }
    }

    #[test]
    fn what_is_missing_is_named() {
        let subjects = [("web", true), ("worker", false)].map(|it| (subject(it.0), it.1));
        let tally = Tally::count(RESTART, subjects.into_iter());
        assert_eq!(tally.says(), "1 of 2 services restarts; missing: `worker`");
        let hidden = tally.or_hidden("Look elsewhere.");
        assert!(
            matches!(hidden, Tally::Counted { look: Some("Look elsewhere."), .. }),
            "{hidden:?}"
        );
        assert_eq!(hidden.missing(), [subject("worker")]);
        let none = Tally::count(RESTART, std::iter::empty());
        assert_eq!(none.says(), "no service to check");
    }

    #[test]
    fn nouns_agree_with_the_whole_and_verbs_with_the_good_ones() {
        let of = |good: usize, all: usize| {
            Tally::count(RESTART, (0..all).map(|at| (subject(&at.to_string()), at < good))).says()
        };
        assert_eq!(of(1, 1), "1 of 1 service restarts");
        assert!(of(0, 1).starts_with("0 of 1 service restarts;"));
        assert!(of(0, 2).starts_with("0 of 2 services restart;"));
        assert_eq!(of(3, 3), "3 of 3 services restart");
    }
}
