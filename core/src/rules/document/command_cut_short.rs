use crate::edit::Yaml;
use crate::facts::{Facts, in_shell};
use crate::model::compose::Command;
use crate::report::{Findings, Fix, Severity};
use crate::rules::rule;

rule! {
    /// Compose runs only the first part of a command that was written for a shell.
    ///
    /// ## Why it hurts
    /// Compose splits a command that is written as one string into words, without a shell. At the
    /// first `&&`, `;`, `|`, `&`, `<` or `>` outside of quotes it stops and silently drops the
    /// rest: what follows never runs, and a container whose command was cut down to its first step
    /// exits as if everything had been done.
    ///
    /// ## What helps
    /// Give the whole line to a shell, as `["sh", "-c", "..."]`, or run the steps one after the
    /// other as separate services.
    ///
    /// ## How to troubleshoot
    /// `docker compose config` shows the words that the container actually gets.
    ///
    /// ## When to ignore
    /// Where the container is meant to do nothing but what the first part of the command says.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: flask db upgrade && gunicorn app:app # <- Compose runs `flask db upgrade` and drops `&& gunicorn app:app`
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: ["sh", "-c", "flask db upgrade && exec gunicorn app:app"]
    /// ```
    PLM010 "command-cut-short" {
        since: "0.1.0", on: Compose, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        let model = service.model;
        let hooks = [&model.pre_start, &model.post_start, &model.pre_stop];
        let hooks = hooks.into_iter().flatten().map(|it| &it.command);
        for command in model.command.iter().chain(&model.entrypoint).chain(hooks) {
            let Some(dropped) = &command.dropped else { continue };
            let rest = dropped.trim();
            // An operator at the very end drops nothing.
            if rest.trim_matches([';', '&', '|', ' ']).is_empty() {
                continue;
            }
            let words: Vec<&str> = command.words.iter().map(|it| it.as_str()).collect();
            let kept = if words.is_empty() {
                "nothing".to_owned()
            } else {
                format!("`{}`", one_line(&words.join(" ")))
            };
            let message = format!("Compose runs {kept} and drops `{}`", one_line(rest));
            let finding = out.at(&dropped.span, message);
            if rest.starts_with(['<', '>']) || rest.starts_with(|it: char| it.is_ascii_digit()) {
                // The program still runs; only its input or output differs.
                finding.severity(Severity::Warning);
            }
            finding
                .check(facts.compose(service, &format!("config {}", in_shell(service.name))))
                .maybe_fix(in_a_shell(facts, command));
        }
    }
}

/// Returns the text with each run of white space as one space.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Passes the same line to a shell, if it is written on one line and without variables. Unsafe,
/// because the image may have no shell.
fn in_a_shell(facts: &Facts, command: &Command) -> Option<Fix> {
    let text = command.text.as_ref()?;
    let written = facts.file(text.span.file).text().get(text.span.range())?;
    if written.trim_matches(['"', '\'']) != text.as_str() || text.contains('$') {
        return None;
    }
    let list = Yaml::words(["sh", "-c", text.as_str()]).flow(true);
    let edit = facts.replace(&text.span, &list);
    Some(Fix::r#unsafe("Let a shell run the whole line", [edit]))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn over(command: &str) -> Vec<String> {
        messages(&RULE, &format!("services:\n  a:\n    image: x:1\n    command: {command}\n"))
    }

    #[test]
    fn every_shell_operator_cuts() {
        for (command, message) in [
            ("migrate; serve", "Compose runs `migrate` and drops `; serve`"),
            ("serve | tee x", "Compose runs `serve` and drops `| tee x`"),
            ("curl http://x/?a=1&b=2 -v", "Compose runs `curl http://x/?a=1` and drops `&b=2 -v`"),
            ("'&& serve'", "Compose runs nothing and drops `&& serve`"),
            (">\n      sh -c \"a\" &&\n      b", "Compose runs `sh -c a` and drops `&& b`"),
        ] {
            assert_eq!(over(command), [message], "{command}");
        }
    }

    #[test]
    fn shell_commands_and_operators_that_drop_nothing_are_silent() {
        for command in
            ["sh -c 'a && b'", "[\"a && b\"]", "serve &", "echo \"a > b\"", "serve --flag"]
        {
            assert!(over(command).is_empty(), "{command}");
        }
    }

    #[test]
    fn a_redirection_is_a_warning() {
        let text = "services: {a: {image: x:1, command: 'serve 2> /log'}}\n";
        assert_eq!(findings(&RULE, text)[0].severity.name(), "warning");
    }

    #[test]
    fn a_line_with_variables_or_a_block_has_no_fix() {
        let fixes = |command: &str| {
            let text = format!("services:\n  a:\n    image: x:1\n    command: {command}\n");
            findings(&RULE, &text)[0].fixes.len()
        };
        assert_eq!(fixes("a && b"), 1);
        assert_eq!(fixes("a && $$HOME/b"), 0);
        assert_eq!(fixes(">\n      a &&\n      b"), 0);
    }

    #[test]
    fn hooks_and_entrypoints_are_read_too() {
        let text =
            "services: {a: {image: x:1, entrypoint: 'a && b', post_start: [{command: 'c; d'}]}}\n";
        assert_eq!(messages(&RULE, text).len(), 2);
    }
}
