//! Misspelt words, and what was probably meant.

/// Returns the candidate that was probably meant by a misspelt word: one or two letters differ, in
/// one place. Names that differ only by their number, such as `web-1` and `web-2`, are different
/// things.
pub fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    near(word, candidates).first().copied()
}

/// Returns the candidates that may have been meant by a misspelt word, the nearest first.
pub fn near<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Vec<&'c str> {
    let limit = if word.chars().count() <= 4 { 1 } else { 2 };
    let mut near: Vec<(usize, &str)> =
        candidates.filter_map(|it| Some((distance(word, it, limit)?, it))).collect();
    near.sort_by_key(|it| it.0);
    near.into_iter().map(|it| it.1).collect()
}

/// Returns the question that a message ends with where something near is known: `; did you mean `x`?`.
/// Of several candidates the first three are named.
pub fn did_you_mean(candidates: &[&str]) -> String {
    let quoted: Vec<String> = candidates.iter().take(3).map(|it| format!("`{it}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => format!("; did you mean {only}?"),
        Some((last, others)) => format!("; did you mean {} or {last}?", others.join(", ")),
    }
}

/// The distance between two different words, unless it is more than `limit`.
fn distance(word: &str, candidate: &str, limit: usize) -> Option<usize> {
    let (here, there) = difference(word, candidate)?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if here.len().max(there.len()) > 4 * limit || (is_number(here) && is_number(there)) {
        return None;
    }
    let distance = alignment_distance(here, there, limit);
    (distance <= limit).then_some(distance)
}

/// The parts of two words between their common start and end; `None` for equal words.
fn difference<'w>(a: &'w str, b: &'w str) -> Option<(&'w str, &'w str)> {
    let start = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    if start == a.len() && start == b.len() {
        return None;
    }
    let start = super::floor_boundary(a, start);
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count();
    let (a_end, b_end) = (a.len() - end, b.len() - end);
    // A character of several bytes that was cut in two belongs to the difference.
    let up = |text: &str, mut at: usize| {
        while !text.is_char_boundary(at) {
            at += 1;
        }
        at
    };
    Some((&a[..up(a, a_end)], &b[..up(b, b_end)]))
}

/// Returns the optimal string alignment distance, or `limit + 1` where it is more.
fn alignment_distance(a: &str, b: &str, limit: usize) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut older = above.clone();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut cost = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(older[j - 1] + 1);
            }
            row.push(cost);
        }
        older = std::mem::replace(&mut above, row);
        // No cell costs less than the cheapest one in the two rows above it.
        if older.iter().chain(&above).all(|it| *it > limit) {
            return limit + 1;
        }
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_one_or_two_letters() {
        let names = ["redis", "postgres", "db", "web"];
        assert_eq!(nearest("reids", names.into_iter()), Some("redis"));
        assert_eq!(nearest("postgress", names.into_iter()), Some("postgres"));
        assert_eq!(nearest("api", names.into_iter()), None);
        assert_eq!(nearest("redis", names.into_iter()), None, "an exact name is no near miss");
        assert_eq!(nearest("web-1", ["web-2", "web-10"].into_iter()), None, "another member");
        assert_eq!(near("wob", ["web", "w", "wab", "bow"].into_iter()), ["web", "wab"]);
        assert_eq!(nearest("größe", ["grösse", "grüße"].into_iter()), Some("grüße"));
    }
    #[test]
    fn a_question_names_at_most_three() {
        assert_eq!(did_you_mean(&[]), "");
        assert_eq!(did_you_mean(&["a"]), "; did you mean `a`?");
        assert_eq!(did_you_mean(&["a", "b", "c", "d"]), "; did you mean `a`, `b` or `c`?");
    }
}
