//! A small parser of shell command lines: which simple commands they run, with which words.
//!
//! The parser knows as much of the POSIX shell grammar ("Shell Command Language", XCU 2) as start
//! commands use: lists, pipes, quotes, comments, redirections, here-documents, loops and `sh -c`.
//! It expands nothing. What it cannot follow (functions, `case`) it reads as plain words, which
//! finds fewer commands, never wrong ones.

mod branches;
mod scan;

pub use branches::without_branches;
use scan::{Token, scan};
use smol_str::SmolStr;

/// Maximum depth to which `sh -c "sh -c …"` is followed.
const MAX_NESTING: u8 = 4;

/// A word without its quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub text: SmolStr,
    /// Index of the argument that the word came from; 0 for a command given as one string.
    pub arg: usize,
    /// Byte offsets in that argument, quotes included.
    pub start: usize,
    pub end: usize,
}

/// The operator between a command and the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joint {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `;` or the end of the line.
    Then,
    /// `|`
    Pipe,
    /// `&`
    Background,
    /// Nothing follows.
    End,
}

/// The place of a command in an `until` or `while` loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Plain,
    UntilCondition,
    WhileCondition,
    LoopBody,
}

/// A simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments, without leading keywords and assignments.
    pub words: Vec<Word>,
    /// Assignments before the program, such as `NODE_ENV=production`.
    pub assignments: Vec<Word>,
    /// Redirections that connect to a host: `/dev/tcp/db/5432`.
    pub connections: Vec<Word>,
    pub place: Place,
    /// Whether a `!` precedes the command.
    pub negated: bool,
    pub joint: Joint,
}

impl Command {
    fn empty(place: Place) -> Command {
        Command {
            words: Vec::new(),
            assignments: Vec::new(),
            connections: Vec::new(),
            place,
            negated: false,
            joint: Joint::End,
        }
    }

    /// Returns the texts of the words.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        self.words.iter().map(|it| it.text.as_str()).collect()
    }

    /// Returns the words from the real program on, past wrappers such as `exec`, `env`, `tini --`
    /// and `gosu app`.
    #[must_use]
    pub fn program(&self) -> &[Word] {
        &self.words[wrapper_words(&self.words)..]
    }

    /// Returns the program's file name: `gunicorn` for `/usr/bin/gunicorn`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.program().first().map_or("", |it| base_name(&it.text))
    }
}

/// Returns the part of a path after its last slash or backslash.
#[must_use]
pub fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Returns the commands of a shell string, with each `sh -c` replaced by the commands in its
/// script.
#[must_use]
pub fn commands(text: &str) -> Vec<Command> {
    let mut out = Vec::new();
    unfold(split(text, 0, 0), MAX_NESTING, &mut out);
    out
}

/// Returns the commands of an argument list: one command, or those of its `sh -c` string. `words`
/// may be the entrypoint and the command joined; the `arg` of a word is its index in the list.
#[must_use]
pub fn commands_of_argv(words: &[&str]) -> Vec<Command> {
    let words = words
        .iter()
        .enumerate()
        .map(|(arg, word)| Word { text: (*word).into(), arg, start: 0, end: word.len() })
        .collect();
    let command = Command { words, ..Command::empty(Place::Plain) };
    let mut out = Vec::new();
    unfold(vec![command], MAX_NESTING, &mut out);
    out
}

/// Replaces each `sh -c "…"` with the commands of its script, and separates wait helpers from the
/// commands that they start. Follows at most `nesting` levels.
fn unfold(commands: Vec<Command>, nesting: u8, out: &mut Vec<Command>) {
    for command in commands {
        if nesting > 0
            && let Some(at) = handed_over(&command)
        {
            let (wait, rest) = split_at(command, at);
            out.push(wait);
            unfold(vec![rest], nesting - 1, out);
            continue;
        }
        let Some(script) = (nesting > 0).then(|| script_of(&command)).flatten() else {
            out.push(command);
            continue;
        };
        let mut inner = commands_of_script(&script);
        if inner.is_empty() {
            out.push(command);
            continue;
        }
        if let Some(last) = inner.last_mut() {
            last.joint = command.joint;
        }
        for it in &mut inner {
            if it.place == Place::Plain {
                it.place = command.place;
            }
        }
        if let Some(first) = inner.first_mut() {
            first.negated |= command.negated;
            first.assignments.splice(0..0, command.assignments.iter().cloned());
        }
        unfold(inner, nesting - 1, out);
    }
}

/// Returns the commands of a script given as one word. Their offsets are exact inside plain quotes;
/// escapes would shift them, so every word then gets the range of the whole script.
fn commands_of_script(script: &Word) -> Vec<Command> {
    let extra = (script.end - script.start).saturating_sub(script.text.len());
    let start = if extra == 2 { script.start + 1 } else { script.start };
    let mut commands = split(&script.text, script.arg, start);
    if extra > 2 {
        for command in &mut commands {
            let named = command.words.iter_mut().chain(&mut command.assignments);
            for word in named.chain(&mut command.connections) {
                (word.start, word.end) = (script.start, script.end);
            }
        }
    }
    commands
}

/// Returns the index of the word at which the command of a wait helper begins:
/// `wait-for db:5432 -- COMMAND`.
fn handed_over(command: &Command) -> Option<usize> {
    let program = command.program();
    let head = command.words.len() - program.len();
    let name = base_name(&program.first()?.text);
    let at = if name == "dockerize" {
        let mut at = 1;
        while let Some(option) = program.get(at).map(|it| it.text.as_str())
            && option.starts_with('-')
            && option != "--"
        {
            let flag = option.contains('=')
                || matches!(option, "-poll" | "-no-overwrite" | "-skip-redirect");
            at += if flag { 1 } else { 2 };
        }
        at + usize::from(program.get(at).is_some_and(|it| it.text == "--"))
    } else if is_wait_helper(name) {
        program.iter().position(|it| it.text == "--")? + 1
    } else {
        return None;
    };
    (at < program.len()).then_some(head + at)
}

/// Whether a program is a script or tool made for waiting, such as `wait-for-it.sh`.
#[must_use]
pub fn is_wait_helper(name: &str) -> bool {
    let script = name.strip_suffix(".sh").or_else(|| name.strip_suffix(".py"));
    let stem = script.unwrap_or(name);
    // The shell's own `wait` waits for its jobs.
    script == Some("wait")
        || matches!(stem, "wait4x" | "waitforit")
        || stem.replace('_', "-").starts_with("wait-for")
}

/// Splits a command in two, joined by `&&`.
fn split_at(mut command: Command, at: usize) -> (Command, Command) {
    let words = command.words.split_off(at);
    if command.words.last().is_some_and(|it| it.text == "--") {
        command.words.pop();
    }
    let rest = Command { words, joint: command.joint, ..Command::empty(command.place) };
    command.joint = Joint::And;
    (command, rest)
}

/// Returns the script of `sh -c SCRIPT`, past wrappers and with options such as `-ec`.
fn script_of(command: &Command) -> Option<Word> {
    let program = command.program();
    let shell = base_name(&program.first()?.text);
    if !is_shell(shell) {
        return None;
    }
    let mut words = program[1..].iter();
    while let Some(word) = words.next() {
        if matches!(word.text.as_str(), "-o" | "+o" | "-O") {
            words.next();
        } else if word.text.starts_with('-')
            && !word.text.starts_with("--")
            && word.text.contains('c')
        {
            return words.next().cloned();
        } else if !word.text.starts_with('-') {
            return None;
        }
    }
    None
}

/// Whether a program name is a shell.
#[must_use]
pub fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh")
}

/// Returns the number of leading words that only start another program: `exec`, `tini --`.
fn wrapper_words(words: &[Word]) -> usize {
    let second = |at: usize| words.get(at + 1).map_or("", |it| it.text.as_str());
    let options = |from: usize, dash: &str| {
        words[from..].iter().take_while(|it| it.text.starts_with(dash)).count()
    };
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let next = match base_name(&word.text) {
            "exec" | "command" | "nohup" | "time" | "setsid" | "catatonit" | "ionice"
            | "chronic" => at + 1,
            "tini" | "dumb-init" | "docker-init" | "tini-static" | "sudo" | "nice" | "stdbuf" => {
                at + 1 + options(at + 1, "-")
            }
            "env" | "cross-env" | "dotenv" => {
                let passed = |it: &&Word| it.text.starts_with('-') || is_assignment(&it.text);
                at + 1 + words[at + 1..].iter().take_while(passed).count()
            }
            "gosu" | "su-exec" | "setuidgid" | "chpst" => at + 2,
            "timeout" => at + 2 + options(at + 1, "-"),
            "poetry" | "pipenv" | "uv" | "pdm" | "rye" | "hatch" | "conda"
                if second(at) == "run" =>
            {
                at + 2 + options(at + 2, "--")
            }
            "bundle" | "bundler" if second(at) == "exec" => at + 2,
            "npx" | "bunx" | "pnpx" => at + 1 + options(at + 1, "-"),
            "npm" | "pnpm" | "yarn" if matches!(second(at), "exec" | "dlx") => {
                at + 2 + options(at + 2, "-")
            }
            "opentelemetry-instrument" | "ddtrace-run" | "newrelic-admin" => {
                at + 1 + usize::from(second(at) == "run-program")
            }
            _ => break,
        };
        // A wrapper that wraps nothing is the program itself.
        if next >= words.len() {
            break;
        }
        at = next;
    }
    at
}

/// Whether a word is `NAME=value` with a name that a shell accepts.
#[must_use]
pub fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
    })
}

/// Splits a shell string into simple commands. The text begins at `offset` in argument `arg`.
fn split(text: &str, arg: usize, offset: usize) -> Vec<Command> {
    let mut builder = Builder { out: Vec::new(), current: None, place: Place::Plain };
    for token in scan(text, arg, offset) {
        match token {
            Token::Joint(joint) => builder.finish(joint),
            Token::Word { word, quoted } => builder.word(word, quoted),
            Token::Connection(word) => builder.connection(word),
        }
    }
    builder.finish(Joint::End);
    if let Some(last) = builder.out.last_mut()
        && last.joint == Joint::Then
    {
        last.joint = Joint::End;
    }
    builder.out
}

/// Groups words into commands and follows loops.
struct Builder {
    out: Vec<Command>,
    current: Option<Command>,
    place: Place,
}

impl Builder {
    fn word(&mut self, word: Word, quoted: bool) {
        let place = self.place;
        let empty = || Command::empty(place);
        let fresh = self.current.as_ref().is_none_or(|it| it.words.is_empty());
        if fresh && !quoted {
            match word.text.as_str() {
                "until" => self.place = Place::UntilCondition,
                "while" => self.place = Place::WhileCondition,
                "do" => self.place = Place::LoopBody,
                "done" => self.place = Place::Plain,
                "if" | "then" | "else" | "elif" | "fi" | "{" | "}" | "(" | ")" => {}
                "!" => self.current.get_or_insert_with(empty).negated = true,
                _ if is_assignment(&word.text) => {
                    self.current.get_or_insert_with(empty).assignments.push(word)
                }
                _ => self.current.get_or_insert_with(empty).words.push(word),
            }
            return;
        }
        self.current.get_or_insert_with(empty).words.push(word);
    }

    fn connection(&mut self, word: Word) {
        let place = self.place;
        self.current.get_or_insert_with(|| Command::empty(place)).connections.push(word);
    }

    fn finish(&mut self, joint: Joint) {
        let Some(mut command) = self.current.take() else { return };
        // A redirection without a program only says something as the condition of a loop.
        let is_condition = matches!(command.place, Place::UntilCondition | Place::WhileCondition);
        let connects = is_condition && !command.connections.is_empty();
        if connects || !command.words.is_empty() || !command.assignments.is_empty() {
            command.joint = joint;
            self.out.push(command);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        commands(text).iter().map(|it| it.texts().join(" ")).collect()
    }

    #[test]
    fn a_string_that_no_program_can_be_started_with_has_no_commands() {
        let long =
            |words: usize| commands(&format!("alembic upgrade head && {}", "x ".repeat(words)));
        assert_eq!(long(60_000).len(), 2);
        assert!(long(70_000).is_empty());
    }

    #[test]
    fn lists_pipes_and_lines_are_split() {
        assert_eq!(shown("a 1 && b || c; d | e & f\ng"), ["a 1", "b", "c", "d", "e", "f", "g"]);
        let joints: Vec<_> = commands("a && b || c; d | e & f").iter().map(|it| it.joint).collect();
        assert_eq!(
            joints,
            [Joint::And, Joint::Or, Joint::Then, Joint::Pipe, Joint::Background, Joint::End]
        );
        assert_eq!(shown("a; "), ["a"]);
        assert_eq!(shown("echo 'a && b' \"c; d\" e\\ f # && g"), ["echo a && b c; d e f"]);
        assert_eq!(shown("a \\\n  b"), ["a b"]);
        assert_eq!(shown("(cd x && y)"), ["cd x", "y"]);
    }

    #[test]
    fn offsets_point_into_the_text() {
        let text = "FOO=1 exec sh -c 'alembic upgrade head && gunicorn \"a b\"'";
        let all = commands(text);
        assert_eq!(all.len(), 2);
        let word = &all[0].words[1];
        assert_eq!(&text[word.start..word.end], "upgrade");
        assert_eq!(&text[all[1].words[1].start..all[1].words[1].end], "\"a b\"");
        assert_eq!(all[0].assignments[0].text, "FOO=1");
    }

    #[test]
    fn shells_in_argument_lists_are_followed() {
        let all = commands_of_argv(&["/bin/bash", "-ec", "a && b"]);
        assert_eq!(all.iter().map(|it| it.texts().join(" ")).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((all[1].words[0].arg, all[1].words[0].start), (2, 5));
        let all = commands_of_argv(&["sh", "start.sh", "-c", "x"]);
        assert_eq!(all[0].texts(), ["sh", "start.sh", "-c", "x"]);
    }

    #[test]
    fn redirections_and_here_documents_are_dropped() {
        assert_eq!(shown("a >/dev/null 2>&1 && b < in &> out"), ["a", "b"]);
        assert_eq!(shown("cat <<EOF > x\nalembic upgrade head\nEOF\nb"), ["cat", "b"]);
        assert_eq!(shown("cat <<-'EOF'\n  a && b\n  EOF\nc"), ["cat", "c"]);
    }

    #[test]
    fn expansions_stay_whole() {
        assert_eq!(
            shown("echo ${A:-b c} $(x && y; z) `p; q` d"),
            ["echo ${A:-b c} $(x && y; z) `p; q` d"]
        );
    }

    #[test]
    fn loops_are_followed() {
        let all = commands("until nc -z db 5432; do sleep 1; done; server");
        let places: Vec<_> = all.iter().map(|it| (it.words[0].text.as_str(), it.place)).collect();
        assert_eq!(
            places,
            [("nc", Place::UntilCondition), ("sleep", Place::LoopBody), ("server", Place::Plain)]
        );
        let all = commands("while ! nc -z db 1; do sleep 1; done");
        assert!(all[0].negated && all[0].place == Place::WhileCondition);
    }

    #[test]
    fn the_program_behind_wrappers_is_found() {
        let name = |text: &str| commands(text)[0].name().to_owned();
        assert_eq!(name("exec tini -g -- gosu app /usr/bin/gunicorn x"), "gunicorn");
        assert_eq!(name("env A=1 poetry run alembic upgrade head"), "alembic");
        assert_eq!(name("timeout 60 bundle exec rails s"), "rails");
        assert_eq!(name("env"), "env");
    }

    #[test]
    fn the_command_behind_a_wait_helper_is_found() {
        assert_eq!(
            shown("./wait-for-it.sh db:5432 -t 30 -- gunicorn x"),
            ["./wait-for-it.sh db:5432 -t 30", "gunicorn x"]
        );
        assert_eq!(
            shown("dockerize -wait tcp://db:1 -timeout 20s sh -c 'a && b'"),
            ["dockerize -wait tcp://db:1 -timeout 20s", "a", "b"]
        );
        assert_eq!(shown("wait-for db:5432"), ["wait-for db:5432"]);
        assert_eq!(shown("dockerize -wait tcp://db:1"), ["dockerize -wait tcp://db:1"]);
    }

    #[test]
    fn broken_quotes_do_no_harm() {
        for text in [
            "a 'b", "a \"b", "a $(b", "a `b", "<<", ">", "\\", "a ${", "é'ü", "2>", "<<E", ") }",
            "sh -c", "sh -c ''",
        ] {
            for word in commands(text).iter().flat_map(|it| &it.words) {
                assert!(text.get(word.start..word.end).is_some(), "{text}: {word:?}");
            }
        }
    }
}
