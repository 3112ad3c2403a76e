//! The order of keys in printed YAML: numbers inside of names count as numbers.

/// A part of a key. The derived order is the one of `go-yaml`: letters come last, and of equal
/// numbers the one with fewer zeros comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyPart {
    Other { number: u64, digits: usize, letter: char },
    Letter(char),
}

/// The parts by which keys are compared.
pub fn natural_key(key: &str) -> Vec<KeyPart> {
    let mut parts = Vec::new();
    let mut letters = key.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_alphabetic() {
            parts.push(KeyPart::Letter(letter));
            continue;
        }
        let Some(first) = letter.to_digit(10) else {
            parts.push(KeyPart::Other { number: 0, digits: 0, letter });
            continue;
        };
        let (mut number, mut digits) = (u64::from(first), 1);
        while let Some(digit) = letters.peek().and_then(|next| next.to_digit(10)) {
            number = number.saturating_mul(10).saturating_add(u64::from(digit));
            digits += 1;
            letters.next();
        }
        parts.push(KeyPart::Other { number, digits, letter: '0' });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checked against the Helm SDK's `toYaml`.
    #[test]
    fn keys_are_in_the_order_of_go_yaml() {
        let sorted = ["_a", "1", "A", "a", "a b", "a-b", "a.b", "a9", "a10", "aB", "ab"];
        let mut keys = sorted;
        keys.sort_unstable();
        assert_ne!(keys, sorted);
        keys.sort_by_cached_key(|key| natural_key(key));
        assert_eq!(keys, sorted);
    }
}
