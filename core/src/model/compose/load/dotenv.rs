//! Parser for `.env` files and the files that `env_file` names.
//!
//! The dialect is that of Compose: an optional `export`, `KEY=value` or `KEY: value`, comments after a
//! space, and quotes that span lines. Double quotes allow escapes and variables, unquoted values allow
//! variables, single quotes allow neither. A `KEY` alone takes its value from the environment.

use crate::model::Str;
use crate::model::compose::DotEnvVar;
use crate::model::compose::ProblemKind;
use crate::model::compose::load::interpolate::{Event, Failure, Missing, TOO_DEEP, substitute};
use crate::text::{FileId, Span, Spanned};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// The variables of a file in their order, and its first error. Compose refuses a file with an error;
/// we keep the variables before it.
#[derive(Debug, Clone, Default)]
pub(crate) struct DotEnv {
    pub variables: Vec<DotEnvVar>,
    pub error: Option<(ProblemKind, Span, String)>,
}

/// Returns the value of a variable.
type Lookup<'l> = &'l dyn Fn(&str) -> Option<SmolStr>;

/// Parses a file. `outer` looks up variables of the surrounding environment, which win over those of
/// the file.
pub(crate) fn parse(file: FileId, text: &str, outer: Lookup<'_>) -> DotEnv {
    parse_after(file, text, outer, &|_| None)
}

/// Parses a file after others. `earlier` looks up the variables of those files, over which the
/// variables of this file win.
pub(crate) fn parse_after(
    file: FileId,
    text: &str,
    outer: Lookup<'_>,
    earlier: Lookup<'_>,
) -> DotEnv {
    let start = text.len() - text.trim_start_matches('\u{FEFF}').len();
    let mut parser = Parser {
        file,
        text,
        at: start,
        earlier,
        found: DotEnv::default(),
        last: FxHashMap::default(),
    };
    while parser.skip_to_statement() {
        if let Err(error) = parser.statement(outer) {
            parser.found.error = Some(error);
            break;
        }
    }
    parser.found
}

/// Parses the format `raw` of an `env_file`: lines of `KEY=value`, whose values are taken literally.
pub(crate) fn parse_raw(file: FileId, text: &str) -> DotEnv {
    let mut found = DotEnv::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let content = line.trim_end_matches(['\n', '\r']);
        let indent = content.len() - content.trim_start().len();
        let content = content.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let start = start + indent;
        let end = content.find('=').unwrap_or(content.len());
        let name = Spanned::new(SmolStr::new(&content[..end]), Span::new(file, start, start + end));
        let value = content.get(end + 1..).map(|value| {
            Spanned::new(
                SmolStr::new(value),
                Span::new(file, start + end + 1, start + content.len()),
            )
        });
        found.variables.push(DotEnvVar { name, value });
    }
    found
}

struct Parser<'t> {
    file: FileId,
    text: &'t str,
    at: usize,
    earlier: Lookup<'t>,
    found: DotEnv,
    /// The position of the last variable of each name.
    last: FxHashMap<SmolStr, usize>,
}

type Error = (ProblemKind, Span, String);

/// Whether a character is white space that does not end the line.
fn is_blank(letter: char) -> bool {
    matches!(letter, '\t' | '\u{0B}' | '\u{0C}' | '\r' | ' ' | '\u{85}' | '\u{A0}')
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_blank).len();
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    /// Skips empty lines and comments. Returns whether a statement follows.
    fn skip_to_statement(&mut self) -> bool {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            if !self.rest().starts_with('#') {
                return !self.rest().is_empty();
            }
            match self.rest().find('\n') {
                Some(end) => self.at += end,
                None => self.at = self.text.len(),
            }
        }
    }

    fn push(&mut self, name: Str, value: Option<Str>) {
        self.last.insert(name.value.clone(), self.found.variables.len());
        self.found.variables.push(DotEnvVar { name, value });
    }

    /// Parses one variable.
    fn statement(&mut self, outer: Lookup<'_>) -> Result<(), Error> {
        if let Some(rest) = self.rest().strip_prefix("export")
            && rest.starts_with(char::is_whitespace)
        {
            self.at += "export".len();
            self.skip_blanks();
        }
        let start = self.at;
        let (end, lone) = self.end_of_name()?;
        let name = self.text[start..end].trim_end();
        let span = self.span(start, start + name.len());
        if name.contains(' ') {
            return Err((
                ProblemKind::EnvFileInvalid,
                span,
                "the name of a variable cannot contain a space".to_owned(),
            ));
        }
        let name = Spanned::new(SmolStr::new(name), span);
        if lone {
            self.at = end;
            let value = outer(&name.value).map(|value| Spanned::new(value, span));
            self.push(name, value);
            return Ok(());
        }
        self.at = end + 1;
        self.skip_blanks();
        let value = self.value(outer)?;
        self.push(name, Some(value));
        Ok(())
    }

    /// Returns the end of the name that starts here, and whether the name has no value.
    fn end_of_name(&self) -> Result<(usize, bool), Error> {
        for (at, letter) in self.rest().char_indices() {
            let at = self.at + at;
            match letter {
                '=' | ':' => return Ok((at, false)),
                '\n' => return Ok((at, true)),
                '_' | '.' | '-' | '[' | ']' => {}
                _ if is_blank(letter) || letter.is_alphanumeric() => {}
                _ => {
                    let message = format!("the name of a variable cannot contain `{letter}`");
                    let span = self.span(at, at + letter.len_utf8());
                    return Err((ProblemKind::EnvFileInvalid, span, message));
                }
            }
        }
        Ok((self.text.len(), true))
    }

    /// Parses the value of a variable, quoted or not.
    fn value(&mut self, outer: Lookup<'_>) -> Result<Str, Error> {
        let start = self.at;
        let quote = self.rest().chars().next().filter(|first| matches!(first, '"' | '\''));
        let Some(quote) = quote else {
            let line = self.rest().split('\n').next().unwrap_or_default();
            let content = line.split(" #").next().unwrap_or_default().trim_end();
            self.at = start + line.len();
            let span = self.span(start, start + content.len());
            let value = self.expand(content, span, outer)?;
            return Ok(Spanned::new(value, span));
        };
        let mut value = String::new();
        let mut escaped = false;
        for (at, letter) in self.text[start + 1..].char_indices() {
            if letter == quote && !escaped {
                let end = start + 1 + at + 1;
                self.at = end;
                let span = self.span(start, end);
                let value = if quote == '"' {
                    self.expand(&unescape(&value), span, outer)?
                } else {
                    SmolStr::new(value)
                };
                return Ok(Spanned::new(value, span));
            }
            if letter == '\\' && !escaped {
                escaped = true;
                continue;
            }
            if escaped && letter != quote {
                value.push('\\');
            }
            escaped = false;
            value.push(letter);
        }
        let line = self.text[start..].split('\n').next().unwrap_or_default();
        Err((
            ProblemKind::EnvFileInvalid,
            self.span(start, start + line.len()),
            "this quote is never closed".to_owned(),
        ))
    }

    /// Replaces the variables in a value.
    fn expand(&self, text: &str, span: Span, outer: Lookup<'_>) -> Result<SmolStr, Error> {
        let lookup = |name: &str| {
            if let Some(value) = outer(name) {
                return Some(value);
            }
            let own = self.last.get(name).map(|at| &self.found.variables[*at]);
            match own.and_then(|variable| variable.value.as_ref()) {
                Some(value) => Some(value.value.clone()),
                None => (self.earlier)(name),
            }
        };
        let mut missing = None;
        let mut meet = |event| {
            if let Event::Missing(variable) = event {
                missing.get_or_insert(variable);
            }
        };
        let value = substitute(text, &lookup, &mut meet);
        match value {
            Ok(value) => match missing {
                None => Ok(SmolStr::new(value)),
                Some(Missing { name, message, .. }) => {
                    let message = format!("the variable `{name}` must be set: {message}");
                    Err((ProblemKind::RequiredVariable, span, message))
                }
            },
            Err(Failure::TooDeep(_)) => Err((ProblemKind::Limit, span, TOO_DEEP.to_owned())),
            Err(Failure::Invalid(_) | Failure::Unclosed(_)) => Err((
                ProblemKind::EnvFileInvalid,
                span,
                "Compose cannot read the variable in this value".to_owned(),
            )),
        }
    }
}

/// Replaces the escapes of double quotes. `\$` becomes `$$`, which stands for a literal dollar sign.
fn unescape(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            result.push(letter);
            continue;
        }
        let Some(next) = letters.next() else {
            result.push('\\');
            break;
        };
        match next {
            'a' => result.push('\u{07}'),
            'b' => result.push('\u{08}'),
            'f' => result.push('\u{0C}'),
            'n' => result.push('\n'),
            'r' => result.push('\r'),
            't' => result.push('\t'),
            'v' => result.push('\u{0B}'),
            '\\' => result.push('\\'),
            '"' => result.push('"'),
            '$' => result.push_str("$$"),
            '0' => {
                let mut code = 0;
                for _ in 0..3 {
                    match letters.peek().and_then(|letter| letter.to_digit(8)) {
                        Some(digit) => {
                            code = code * 8 + digit;
                            letters.next();
                        }
                        None => break,
                    }
                }
                result.extend(char::from_u32(code));
            }
            other => {
                result.push('\\');
                result.push(other);
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, Option<String>)> {
        let outer = |name: &str| (name == "OUTER").then(|| SmolStr::new("shell"));
        let found = parse(FileId(0), text, &outer);
        assert_eq!(found.error, None, "{text}");
        let plain = |it: DotEnvVar| (it.name.to_string(), it.value.map(|it| it.to_string()));
        found.variables.into_iter().map(plain).collect()
    }

    #[track_caller]
    fn one(text: &str, value: &str) {
        assert_eq!(read(text).pop().unwrap().1.as_deref(), Some(value), "{text}");
    }

    #[test]
    fn values_are_read_as_compose_does() {
        one("A=a b #c", "a b");
        one("A=a#b", "a#b");
        one("export A = \"x\\n\\\"y\\\"\" # c", "x\n\"y\"");
        one("A='${B}\\n'", "${B}\\n");
        one("B=1\nA=${B}$$B", "1$B");
        one("B=1\nA=\"${B} \\$B\"", "1 $B");
        one("A: v\r\n", "v");
        one("A=\"two\nlines\"", "two\nlines");
        one("A=${OUTER}", "shell");
        one("A=${NO:-d}", "d");
        one("A=", "");
        one("\u{FEFF}# c\n\nA=1", "1");
    }

    #[test]
    fn a_name_alone_takes_the_value_of_the_shell() {
        let all = read("OUTER\nOTHER\n");
        let outer = ("OUTER".to_owned(), Some("shell".to_owned()));
        assert_eq!(all, [outer, ("OTHER".to_owned(), None)]);
    }

    #[test]
    fn names_and_values_have_spans() {
        let text = "# x\nexport AB = \"c d\" # e\n";
        let found = parse(FileId(3), text, &|_| None);
        let variable = &found.variables[0];
        assert_eq!(&text[variable.name.span.range()], "AB");
        assert_eq!(&text[variable.value.as_ref().unwrap().span.range()], "\"c d\"");
        assert_eq!(variable.name.span.file, FileId(3));
    }

    #[test]
    fn required_variables_and_our_own_limit_are_not_syntax_errors() {
        let doubled = (1..40).map(|it| format!("A{it}=$A{0}$A{0}\n", it - 1)).collect::<String>();
        for (text, kind) in [
            ("A=${B:?set it}", ProblemKind::RequiredVariable),
            (&*format!("A0=0123456789\n{doubled}"), ProblemKind::Limit),
        ] {
            assert_eq!(parse(FileId(0), text, &|_| None).error.unwrap().0, kind);
        }
    }

    #[test]
    fn syntax_errors_point_at_their_cause() {
        for (text, at) in [("A=1\nB!=2", "!"), ("A=\"x", "\"x"), ("A B=1", "A B"), ("A=${", "${")] {
            let found = parse(FileId(0), text, &|_| None);
            assert_eq!(&text[found.error.unwrap().1.range()], at, "{text}");
        }
    }

    #[test]
    fn the_raw_format_takes_values_literally() {
        let found = parse_raw(FileId(0), "A=\"x\" # y\n#c\nB=$A\n");
        let values: Vec<_> =
            found.variables.iter().map(|it| it.value.as_ref().unwrap().as_str()).collect();
        assert_eq!(values, ["\"x\" # y", "$A"]);
    }

    #[test]
    fn names_may_contain_letters_and_digits_of_any_script() {
        assert_eq!(read("größe=1\nЖ2=x\n").len(), 2);
        for text in ["A“=1", "A→=1", "🚀=1"] {
            assert!(parse(FileId(0), text, &|_| None).error.is_some(), "{text}");
        }
    }
}
