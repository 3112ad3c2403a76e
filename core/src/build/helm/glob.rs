//! Patterns of file names, as `.Files.Glob` and `.helmignore` know them.

/// A pattern with `*`, `**`, `?`, `[a-z]` and `{a,b}`; stars stop at `/` unless doubled.
#[derive(Debug)]
pub struct Pattern {
    /// The pattern without braces: each choice by itself.
    choices: Vec<Vec<char>>,
}

/// Maximum number of patterns that braces stand for.
const MAX_CHOICES: usize = 256;

impl Pattern {
    pub fn new(pattern: &str) -> Pattern {
        let choices = expand(pattern).iter().map(|choice| choice.chars().collect()).collect();
        Pattern { choices }
    }

    pub fn matches(&self, path: &str) -> bool {
        let path: Vec<char> = path.chars().collect();
        self.choices.iter().any(|choice| matches(choice, &path))
    }
}

/// `a{b,c}` as `ab` and `ac`.
fn expand(pattern: &str) -> Vec<String> {
    let mut open = vec![pattern.to_owned()];
    let mut finished = Vec::new();
    while let Some(pattern) = open.pop() {
        let braces = pattern.find('{').and_then(|start| {
            let length = pattern[start..].find('}')?;
            Some((start, start + length))
        });
        match braces {
            Some((start, end)) if open.len() + finished.len() < MAX_CHOICES => {
                for choice in pattern[start + 1..end].split(',') {
                    open.push(format!("{}{choice}{}", &pattern[..start], &pattern[end + 1..]));
                }
            }
            _ => finished.push(pattern),
        }
    }
    finished
}

/// Matches by the last star that can take one letter more: linear for one star, and never worse
/// than the product of both lengths.
fn matches(pattern: &[char], path: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    // The last star of each sort: where the pattern goes on, where the path does.
    let mut star: Option<(usize, usize)> = None;
    let mut double: Option<(usize, usize)> = None;
    while t < path.len() || p < pattern.len() {
        if pattern[p..].starts_with(&['*', '*']) {
            let slash = usize::from(pattern.get(p + 2) == Some(&'/'));
            p += 2 + slash;
            (double, star) = (Some((p, t)), None);
            continue;
        }
        match pattern.get(p) {
            Some('*') => {
                p += 1;
                star = Some((p, t));
                continue;
            }
            Some(_) if t < path.len() => {
                if let Some(length) = one(&pattern[p..], path[t]) {
                    (p, t) = (p + length, t + 1);
                    continue;
                }
            }
            Some(_) | None => {}
        }
        match (star, double) {
            (Some((after, from)), _) if from < path.len() && path[from] != '/' => {
                (p, t) = (after, from + 1);
                star = Some((after, t));
            }
            (_, Some((after, from))) if from < path.len() => {
                (p, t) = (after, from + 1);
                (double, star) = (Some((after, t)), None);
            }
            _ => return false,
        }
    }
    true
}

/// How many letters of the pattern match the one letter.
fn one(pattern: &[char], letter: char) -> Option<usize> {
    match pattern[0] {
        '?' => (letter != '/').then_some(1),
        '\\' => (pattern.get(1) == Some(&letter)).then_some(2),
        '[' => {
            let end = pattern.iter().skip(2).position(|it| *it == ']')? + 2;
            let negated = matches!(pattern[1], '!' | '^');
            let set = &pattern[1 + usize::from(negated)..end];
            let mut at = 0;
            let mut inside = false;
            while at < set.len() {
                if set.get(at + 1) == Some(&'-') && at + 2 < set.len() {
                    inside |= (set[at]..=set[at + 2]).contains(&letter);
                    at += 3;
                } else {
                    inside |= set[at] == letter;
                    at += 1;
                }
            }
            (inside != negated).then_some(end + 1)
        }
        same => (same == letter).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stop_at_folders_unless_doubled() {
        for (pattern, path, expected) in [
            ("*.txt", "a.txt", true),
            ("*.txt", "d/a.txt", false),
            ("**.txt", "d/a.txt", true),
            ("**/*.txt", "d/e/a.txt", true),
            ("conf/*", "conf/a", true),
            ("conf/{a,b}.yaml", "conf/b.yaml", true),
            ("[a-c]?", "bz", true),
            ("[!a-c]?", "bz", false),
            ("a", "ab", false),
            ("ab", "a", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(path), expected, "{pattern} {path}");
        }
    }
}
