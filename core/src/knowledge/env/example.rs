//! Examples of env files, which lie beside them and have no values.

/// Words in the name of an example.
const WORDS: &[&str] = &["example", "sample", "template", "dist"];

/// Returns the example of an env file among the files beside it: `.env.example` for `.env`.
#[must_use]
pub fn example_of<'p>(path: &str, beside: &[&'p str]) -> Option<&'p str> {
    let stem = file_name(path).trim_start_matches('.');
    let is_example = |path: &&&str| {
        let name = file_name(path);
        WORDS.iter().any(|it| name.contains(it)) && name.contains(stem)
    };
    beside.iter().find(is_example).copied()
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_has_the_name_of_its_file_and_a_word_for_it() {
        let beside = ["k/.env_sample", "k/web.yaml", "k/.secrets.example"];
        assert_eq!(example_of("k/.env", &beside), Some("k/.env_sample"));
        assert_eq!(example_of("k/.secrets", &beside), Some("k/.secrets.example"));
        assert_eq!(example_of("k/mail.env", &beside), None);
    }
}
