//! The part of a script that runs in every case, whatever its arguments and variables are.

/// Returns a script in which the lines of each `if`, `case` and function are replaced by spaces, so that the byte
/// offsets of all other words stay the same.
///
/// The script is not parsed: each line is judged by the words in it. A line that cannot be judged counts as a part of
/// the branch before it, so that no command that depends on a condition is ever kept.
#[must_use]
pub fn without_branches(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Vec<Branch> = Vec::new();
    for line in text.split_inclusive('\n') {
        let is_inside = !open.is_empty();
        let is_branch = follow(line.trim(), &mut open);
        if is_inside || is_branch {
            out.extend(line.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        } else {
            out.push_str(line);
        }
    }
    out
}

/// A construct that begins on one line of a script and ends on a later one.
#[derive(PartialEq, Eq)]
enum Branch {
    If,
    Case,
    Function,
}

/// Adds the constructs that a line begins to `open` and removes those that it ends. Returns whether it begins or ends
/// any.
fn follow(line: &str, open: &mut Vec<Branch>) -> bool {
    if line.starts_with('#') {
        return false;
    }
    let is_named = line.starts_with("function ") || line.contains("()");
    if is_named && !line.starts_with(['"', '\'', '(']) {
        // The body of `name()` begins on this line or the next one. `name() { …; }` ends on its own line.
        if !line.ends_with('}') {
            open.push(Branch::Function);
        }
        return true;
    }
    if line == "}" && open.last() == Some(&Branch::Function) {
        open.pop();
        return true;
    }
    let mut found = false;
    let mut is_command = true;
    for word in line.split_whitespace() {
        let bare = word.trim_end_matches(';');
        let close = |branch: Branch, open: &mut Vec<Branch>| {
            if open.last() == Some(&branch) {
                open.pop();
            }
        };
        match bare {
            "if" if is_command => open.push(Branch::If),
            "case" if is_command => open.push(Branch::Case),
            "fi" if is_command => close(Branch::If, open),
            "esac" if is_command => close(Branch::Case, open),
            _ => {
                let is_joint = matches!(bare, "then" | "else" | "do" | "{" | "&&" | "||" | "");
                is_command = is_joint || word.ends_with(';');
                continue;
            }
        }
        found = true;
        is_command = word.ends_with(';');
    }
    found
}

#[cfg(test)]
mod tests {
    use super::without_branches;
    use crate::knowledge::shell::commands;

    fn shown(text: &str) -> Vec<String> {
        commands(&without_branches(text)).iter().map(|it| it.texts().join(" ")).collect()
    }

    #[test]
    fn what_depends_on_something_is_left_out() {
        let text = "set -e\nif [ \"$1\" = web ]; then\n  migrate\nfi\nseed\n";
        assert_eq!(shown(text), ["set -e", "seed"]);
        assert_eq!(shown("case $1 in\n  a) migrate ;;\nesac\nserve\n"), ["serve"]);
        assert_eq!(shown("prepare() {\n  migrate\n}\nserve\n"), ["serve"]);
        assert_eq!(shown("function prepare\n{\n  migrate\n}\nserve\n"), ["serve"]);
        assert_eq!(shown("prepare() { migrate; }\nserve\n"), ["serve"]);
        assert_eq!(shown("if true; then migrate; fi\nserve\n"), ["serve"]);
        let nested = "if a; then\n  if b; then\n    migrate\n  fi\n  seed\nfi\nserve\n";
        assert_eq!(shown(nested), ["serve"]);
    }

    #[test]
    fn what_always_runs_stays_where_it_is() {
        let text =
            "#!/bin/sh\n# if in doubt\necho if\nfor i in 1 2; do migrate && break; done\nserve\n";
        assert_eq!(without_branches(text), text);
        let text = "if a; then b; fi\nmigrate\n";
        let kept = without_branches(text);
        assert_eq!((kept.len(), kept.find("migrate")), (text.len(), text.find("migrate")));
    }
}
