//! What was looked at for one item of a checklist.

/// What was looked at, and what of it is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tally {
    /// There is nothing that the item is about; the text says why.
    NothingToSee(String),
    /// The files cannot show it: what was looked for, and where to look.
    Hidden(String, &'static str),
    /// What is good and what is not, by name.
    Counted {
        /// What the subjects are called: `services`.
        noun: &'static str,
        /// What the good ones do: `have a healthcheck that can fail`.
        does: &'static str,
        good: Vec<String>,
        missing: Vec<String>,
    },
}

impl Tally {
    /// Counts subjects by whether they are good. Without any, there is nothing to see.
    pub fn count(
        noun: &'static str,
        does: &'static str,
        subjects: impl Iterator<Item = (String, bool)>,
    ) -> Tally {
        let (good, missing): (Vec<_>, Vec<_>) = subjects.partition(|subject| subject.1);
        let names = |subjects: Vec<(String, bool)>| subjects.into_iter().map(|it| it.0).collect();
        if good.is_empty() && missing.is_empty() {
            return Tally::NothingToSee(format!("there are no {noun} that this is about"));
        }
        Tally::Counted { noun, does, good: names(good), missing: names(missing) }
    }

    /// Returns "4 of 5 services have a healthcheck that can fail; missing: `worker`".
    pub fn words(&self) -> String {
        match self {
            Tally::NothingToSee(why) | Tally::Hidden(why, _) => why.clone(),
            Tally::Counted { noun, does, good, missing } => {
                let all = good.len() + missing.len();
                let noun = if all == 1 { noun.trim_end_matches('s') } else { noun };
                let mut words = format!("{} of {all} {noun} {does}", good.len());
                if !missing.is_empty() {
                    words.push_str("; missing: ");
                    words.push_str(&named(missing));
                }
                words
            }
        }
    }
}

/// Returns the first few names, and how many more there are.
fn named(names: &[String]) -> String {
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

    #[test]
    fn what_is_missing_is_named() {
        let subjects = [("web", true), ("worker", false)].map(|it| (it.0.to_owned(), it.1));
        let tally = Tally::count("services", "restart", subjects.into_iter());
        assert_eq!(tally.words(), "1 of 2 services restart; missing: `worker`");
        let none = Tally::count("services", "restart", std::iter::empty());
        assert_eq!(none.words(), "there are no services that this is about");
    }
}
