//! Phrases that the messages of several rules share.

/// Returns names as a list: `` `a`, `b` ``.
pub fn named(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Returns at most `most` names and the number of the others, which `rest` describes:
/// `` `a`, `b` and 3 more ``.
pub fn first_named(names: &[&str], most: usize, rest: &str) -> String {
    if names.len() > most {
        format!("{} and {} {rest}", named(&names[..most]), names.len() - most)
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
        assert_eq!(first_named(&["a", "b", "c"], 2, "others"), "`a`, `b` and 1 others");
        assert_eq!(first_named(&["a", "b"], 2, "others"), "`a`, `b`");
    }
}
