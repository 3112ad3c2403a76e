//! Patterns of paths, as the generators and folders of Argo CD use them.

/// Maximum number of patterns that the braces of one pattern stand for.
const MAX_ALTERNATIVES: usize = 64;

/// Whether a path matches a pattern: `*` and `?` within a segment, `**` for any number of segments and
/// `{a,b}` for alternatives.
pub fn matches(pattern: &str, path: &str) -> bool {
    alternatives(pattern).iter().any(|pattern| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        let path: Vec<&str> = path.split('/').collect();
        matches_segments(&pattern, &path)
    })
}

/// Whether a text is a pattern and not the path of one file or folder.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '{', '['])
}

/// Returns the patterns without braces that a pattern stands for.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(pattern) = open.pop() {
        let braces = pattern.find('{').and_then(|start| {
            let end = start + pattern[start..].find('}')?;
            Some((start, end))
        });
        match braces {
            Some((start, end)) if done.len() + open.len() < MAX_ALTERNATIVES => {
                let (before, after) = (&pattern[..start], &pattern[end + 1..]);
                let inner = pattern[start + 1..end].split(',');
                open.extend(inner.map(|word| format!("{before}{}{after}", word.trim())));
            }
            _ => done.push(pattern),
        }
    }
    done
}

/// Matches two lists of segments; `reached[i]` says whether the patterns so far match the first `i`
/// segments of the path.
fn matches_segments(pattern: &[&str], path: &[&str]) -> bool {
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for segment in pattern {
        let mut next = vec![false; path.len() + 1];
        if *segment == "**" {
            let mut any = false;
            for (at, slot) in next.iter_mut().enumerate() {
                any |= reached[at];
                *slot = any;
            }
        } else {
            for (at, name) in path.iter().enumerate() {
                next[at + 1] = reached[at] && matches_name(segment, name);
            }
        }
        reached = next;
    }
    reached[path.len()]
}

/// Matches one segment, in the same way, letter by letter.
fn matches_name(pattern: &str, name: &str) -> bool {
    let letters: Vec<char> = name.chars().collect();
    let mut reached = vec![false; letters.len() + 1];
    reached[0] = true;
    for wanted in pattern.chars() {
        let mut next = vec![false; letters.len() + 1];
        let mut any = false;
        for at in 0..=letters.len() {
            any |= reached[at];
            next[at] = match wanted {
                '*' => any,
                '?' => at > 0 && reached[at - 1],
                letter => at > 0 && reached[at - 1] && letters[at - 1] == letter,
            };
        }
        reached = next;
    }
    reached[letters.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_its_segment() {
        assert!(matches("apps/*", "apps/web"));
        assert!(!matches("apps/*", "apps/web/base"));
        assert!(!matches("apps/*", "apps"));
        assert!(matches("apps/w*b", "apps/web"));
        assert!(matches("*", "apps"));
    }

    #[test]
    fn two_stars_cross_segments() {
        assert!(matches("clusters/**/config.json", "clusters/eu/prod/config.json"));
        assert!(matches("clusters/**/config.json", "clusters/config.json"));
        assert!(!matches("clusters/**/config.json", "other/config.json"));
    }

    #[test]
    fn braces_are_alternatives() {
        assert!(matches("{a,b}.yaml", "b.yaml"));
        assert!(
            matches("{*.yml,env/*-{dev,prod}.yaml}", "x.yml") || matches("*.{yml,yaml}", "x.yml")
        );
        assert!(!matches("{a,b}.yaml", "c.yaml"));
    }

    #[test]
    fn many_stars_end() {
        let pattern = "*a".repeat(200);
        assert!(!matches(&pattern, &"a".repeat(199)));
        assert!(matches(&"**/".repeat(100), &"a/".repeat(150)));
    }
}
