//! Phrases that the messages of several rules share.

/// Returns names in backticks, separated by commas: `` `a`, `b` ``.
pub fn named(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Returns at most `most` names, and how many are left out: `` `a`, `b` and 3 more ``.
pub fn first_named(names: &[&str], most: usize) -> String {
    if names.len() > most {
        format!("{} and {} more", named(&names[..most]), names.len() - most)
    } else {
        named(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(named(&["a", "b"]), "`a`, `b`");
        assert_eq!(first_named(&["a", "b", "c"], 2), "`a`, `b` and 1 more");
        assert_eq!(first_named(&["a", "b"], 2), "`a`, `b`");
    }
}
