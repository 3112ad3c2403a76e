//! Messages for the parser's errors, at the place of the cause.
//!
//! A parser notices an open quote or bracket only where the text no longer fits, often lines further
//! down. The text above the error says more than the kind of the error, so both are considered.

use super::lines::{indent, left_open, line_around, lines_before, word_at};
use super::repair;
use granit_parser::ErrorKind;
use std::borrow::Cow;
use std::ops::Range;

/// Returns the range to underline and the message.
pub(super) fn explain(
    kind: &ErrorKind,
    text: &str,
    segment: &Range<usize>,
    at: usize,
) -> (Range<usize>, String) {
    use ErrorKind as E;
    let case = Case { text, segment, at, line: line_around(text, segment, at) };
    let found = match kind {
        // The parser knows exactly where the quote or bracket is that is never closed.
        E::UnclosedFlowCollection { .. } | E::UnclosedQuotedScalar => None,
        _ => case.template(),
    };
    let (place, message) = case
        .conflict()
        .or(found)
        .or_else(|| match kind {
            E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
                case.open_above(&['"', '\''])
            }
            E::InvalidColonPlacement
            | E::ExpectedFlowMappingSeparator
            | E::ExpectedFlowSequenceSeparator
            | E::MappingValueNotAllowed
            | E::BlockEntryInFlowCollection
            | E::PlainScalarStartsWithDashFlowIndicator => case.open_above(&['[', '{']),
            E::TabInPlainScalar => case.tab_below(),
            _ => None,
        })
        .or_else(|| match kind {
            E::MappingValueNotAllowed | E::InvalidColonPlacement => Some(case.second_colon()),
            _ => None,
        })
        .unwrap_or_else(|| (at, describe(kind, case.rest()).into_owned()));
    (word_at(text, place, segment), message)
}

/// An error with the text around it.
struct Case<'t> {
    text: &'t str,
    segment: &'t Range<usize>,
    at: usize,
    /// The line of the error, without its line break.
    line: Range<usize>,
}

impl Case<'_> {
    /// Returns the line from the error on.
    fn rest(&self) -> &str {
        &self.text[self.at..self.line.end.max(self.at)]
    }

    /// Recognises a line of a Helm, Go or Jinja template.
    fn template(&self) -> Option<(usize, String)> {
        let line = &self.text[self.line.clone()];
        let brace = ["{{", "{%"].into_iter().filter_map(|open| line.find(open)).min()?;
        let mark = &line[brace..brace + 2];
        let message = format!(
            "`{mark}` starts a template, which is not YAML until it is rendered; quote the value if it is literal text"
        );
        Some((self.line.start + brace, message))
    }

    /// Finds the nearest line above that leaves one of these open.
    fn open_above(&self, openers: &[char]) -> Option<(usize, String)> {
        let above = lines_before(self.text, self.segment, &self.line);
        above.iter().find_map(|line| {
            let place = line.start + left_open(&self.text[line.clone()]).opener?;
            let opener = self.text[place..].chars().next().filter(|open| openers.contains(open))?;
            let kind = if matches!(opener, '[' | '{') { "bracket" } else { "quote" };
            let message =
                format!("this {kind} is not closed, and the lines below do not fit inside it");
            Some((place, message))
        })
    }

    /// Recognises an unresolved merge conflict before the error.
    fn conflict(&self) -> Option<(usize, String)> {
        let mark = repair::conflicts(self.text, self.segment).first()?.remove.start;
        let message = "this merge conflict is not resolved: keep one side, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`";
        (mark <= self.line.end).then(|| (mark, message.to_owned()))
    }

    /// Finds the tab that indents the next line; the parser reports it at the end of the value above.
    fn tab_below(&self) -> Option<(usize, String)> {
        let below =
            self.text[self.line.end..self.segment.end].find(|next| !matches!(next, '\r' | '\n'))?;
        let line = line_around(self.text, self.segment, self.line.end + below);
        let written = &self.text[line.clone()];
        let content = written.trim_start();
        let margin = &written[..written.len() - content.len()];
        let place = line.start + margin.len();
        (margin.contains('\t') && !content.is_empty())
            .then(|| (place, describe(&ErrorKind::TabInIndentation, content).into_owned()))
    }

    /// Whether a line above a deeper one is a single word in the position of a key.
    fn is_bare_key(&self, line: &Range<usize>, content: &str) -> bool {
        let word = content.split(" #").next().unwrap_or_default().trim_end();
        if word.is_empty() || word.contains([' ', '\t', ':', '"', '\'', '[', '{', '|', '>']) {
            return false;
        }
        // After `key: text`, a deeper line continues the text.
        let depth = indent(&self.text[line.clone()]);
        let above = lines_before(self.text, self.segment, line);
        let above = above.iter().map(|range| self.text[range.clone()].trim_end());
        let mut content =
            above.filter(|line| !line.is_empty() && !line.trim_start().starts_with('#'));
        content.next().is_none_or(|line| {
            line.ends_with(':') || indent(line) >= depth || line.starts_with("---")
        })
    }

    /// Explains a `:` where no key is allowed.
    fn second_colon(&self) -> (usize, String) {
        let line = &self.text[self.line.clone()];
        let before = &line[..self.at.saturating_sub(self.line.start).min(line.len())];
        let key = self.line.start + indent(line);
        if let Some(first) = before.find(": ") {
            let value = self.line.start + first + 2;
            let message = "there is a second `: ` on this line: put quotes around the whole value";
            return (value, message.to_owned());
        }
        let above = lines_before(self.text, self.segment, &self.line);
        let filled = |range: &&Range<usize>| {
            let line = self.text[(*range).clone()].trim_start();
            !line.is_empty() && !line.starts_with('#')
        };
        let Some(above) = above.iter().find(filled) else {
            return (key, "a key is not allowed here: start it on a line of its own".to_owned());
        };
        let written = &self.text[above.clone()];
        let content = written.trim_start_matches([' ', '-']);
        if let Some((name, _)) = content.split_once(':')
            && !content.contains(": ")
            && !content.ends_with(':')
        {
            let place = above.start + written.len() - content.len();
            return (place, format!("a space is missing after `{name}:`"));
        }
        if indent(line) > indent(written) && self.is_bare_key(above, content) {
            let place = above.start + written.len() - content.len();
            return (place, "this key needs a `:` after it".to_owned());
        }
        if indent(line) > indent(written) {
            let message = "this key is indented under a line that already has a value: align it with the keys around it";
            return (key, message.to_owned());
        }
        (key, "the indentation of this line matches no block above it".to_owned())
    }
}

/// Returns the message for a kind of error; `rest` is the line from the error on.
fn describe(kind: &ErrorKind, rest: &str) -> Cow<'static, str> {
    collections(kind)
        .or_else(|| block_structure(kind, rest))
        .or_else(|| quoted_scalars(kind))
        .or_else(|| plain_and_block_scalars(kind, rest))
        .or_else(|| properties_and_directives(kind))
        // The other kinds are limits and errors of other kinds of input.
        .unwrap_or("this is not valid YAML".into())
}

/// Messages about brackets and what is inside them.
fn collections(kind: &ErrorKind) -> Option<Cow<'static, str>> {
    use ErrorKind as E;
    Some(match kind {
        E::UnclosedFlowCollection { open } => format!("this `{open}` is never closed").into(),
        E::MismatchedFlowCollectionEnd { open, close } => {
            format!("this `{open}` is closed by `{close}`, which does not match it").into()
        }
        E::MisplacedFlowCollectionEnd => {
            "this bracket closes nothing: remove it, or quote the value".into()
        }
        E::UnexpectedEofFlowSequence | E::ExpectedFlowSequenceSeparator => {
            "inside `[ ]`, a `,` or the closing `]` is missing before this".into()
        }
        E::UnexpectedEofFlowMapping
        | E::UnexpectedEofImplicitFlowMapping
        | E::ExpectedFlowMappingSeparator => {
            "inside `{ }`, a `,` or the closing `}` is missing before this".into()
        }
        E::BlockEntryInFlowCollection | E::PlainScalarStartsWithDashFlowIndicator => {
            "inside brackets, items are separated by `,`; `- ` is not allowed there".into()
        }
        E::FlowMappingValueAdjacentCollection => {
            "a space is required between `:` and a bracket".into()
        }
        _ => return None,
    })
}

/// Messages about keys, list items and indentation.
fn block_structure(kind: &ErrorKind, rest: &str) -> Option<Cow<'static, str>> {
    use ErrorKind as E;
    let text = match kind {
        E::SimpleKeyExpected | E::InvalidSimpleKey | E::ExpectedBlockSequenceEntry
            if rest.starts_with('-') =>
        {
            "a list item needs a space after its `-`"
        }
        E::SimpleKeyExpected | E::InvalidSimpleKey => "this key needs a `:` after it",
        E::ExpectedBlockMappingKey | E::ExpectedDocumentStart if rest.starts_with(['&', '!']) => {
            "a value can have only one anchor and one tag"
        }
        E::ExpectedBlockMappingKey | E::ExpectedDocumentStart if rest.starts_with('*') => {
            "an alias cannot have an anchor or a tag of its own"
        }
        E::ExpectedBlockMappingKey | E::InvalidIndentation | E::InvalidFlowScalarIndent => {
            "this does not fit the lines above: check the indentation, or quote the value"
        }
        E::ExpectedDocumentStart => {
            "this does not belong to the value before it: quote the whole value, or start a new document with `---`"
        }
        E::ExpectedBlockSequenceEntry => {
            "the lines above are list items (`- `), but this line is not: check its indentation"
        }
        E::BlockSequenceEntryNotAllowed => {
            "a list item (`- `) is not allowed here: start it on a line of its own, under its key"
        }
        E::MappingKeyNotAllowed => "a `? ` key is not allowed here: start it on a line of its own",
        E::TabInIndentation | E::TabInBlockIndentation | E::TabNotAllowed => {
            "this line is indented with a tab; YAML allows only spaces"
        }
        E::TabInPlainScalar => "the next line is indented with a tab; YAML allows only spaces",
        E::ExpectedWhitespace
        | E::InvalidBlockEntryWhitespace
        | E::InvalidMappingValueWhitespace => "a space is required here, not a tab",
        _ => return None,
    };
    Some(text.into())
}

/// Messages about quotes and escapes.
fn quoted_scalars(kind: &ErrorKind) -> Option<Cow<'static, str>> {
    use ErrorKind as E;
    let text = match kind {
        E::UnclosedQuotedScalar => "this quote is never closed",
        E::DocumentIndicatorInQuotedScalar => {
            "this quote is not closed before the next document starts"
        }
        E::UnknownQuotedScalarEscape
        | E::InvalidQuotedScalarHexEscape
        | E::InvalidUnicodeEscape
        | E::InvalidLowSurrogateHexEscape
        | E::InvalidLowSurrogate
        | E::MissingLowSurrogate
        | E::UnpairedLowSurrogate => {
            "in double quotes, `\\` starts an escape sequence, and this one is unknown: write `\\\\`, or use single quotes"
        }
        E::InvalidTrailingSingleQuotedScalar => {
            "this follows the closing quote: quote the whole value, and write `''` for a quote inside it"
        }
        E::InvalidTrailingDoubleQuotedScalar => {
            "this follows the closing quote: quote the whole value, and write `\\\"` for a quote inside it"
        }
        E::InvalidQuotedScalarIndent => {
            "a quoted value continues here: indent this line further than its key, or close the quote above"
        }
        _ => return None,
    };
    Some(text.into())
}

/// Messages about the characters of plain scalars, and about block scalars.
fn plain_and_block_scalars(kind: &ErrorKind, rest: &str) -> Option<Cow<'static, str>> {
    use ErrorKind as E;
    Some(match kind {
        E::UnexpectedCharacter { character } if character.is_control() => {
            let character = character.escape_default();
            format!("YAML does not allow the control character {character}: remove it").into()
        }
        E::UnexpectedCharacter { character: '`' } => {
            "a value cannot start with a backtick: quote it".into()
        }
        E::UnexpectedCharacter { character } => {
            format!("a value cannot start with `{character}`: quote it").into()
        }
        E::ExpectedNodeContent | E::UnexpectedEofBlockMapping | E::UnexpectedEofBlockSequence
            if rest.starts_with(',') =>
        {
            "a value cannot start with `,`: quote it".into()
        }
        E::InvalidBlockScalarHeader => {
            "after `|` or `>`, only `+`, `-`, a digit and a comment are allowed: start the text on the next line".into()
        }
        E::ZeroBlockScalarIndent => {
            "the digit after `|` or `>` is an indentation, from 1 to 9".into()
        }
        E::InvalidBlockScalarIndent | E::TabAtBlockScalarStart => {
            "the text of this block must be indented with spaces, further than its key".into()
        }
        E::CommentNotSeparated => "a space is missing before this `#`".into(),
        E::CommentInterceptedScalar => {
            "this comment interrupts a value that continues on the line below".into()
        }
        E::BomInsideDocument => {
            "there is an invisible byte order mark (U+FEFF) here: remove it".into()
        }
        E::UnexpectedEof | E::UnexpectedEndOfPlainScalar => {
            "the text ends in the middle of a value".into()
        }
        _ => return None,
    })
}

/// Messages about anchors, aliases, tags and directives.
fn properties_and_directives(kind: &ErrorKind) -> Option<Cow<'static, str>> {
    use ErrorKind as E;
    let text = match kind {
        E::MissingAnchorOrAliasName => {
            "`&` and `*` need a name directly after them: quote the value if it is literal text"
        }
        E::UndeclaredTagHandle => {
            "the handle of this tag is not declared: quote the value if it is literal text"
        }
        E::UnclosedVerbatimTag
        | E::InvalidTagTerminator
        | E::MissingTagUri
        | E::ExpectedTagBang
        | E::InvalidGlobalTagCharacter
        | E::InvalidTagEscape
        | E::InvalidTagUtf8LeadingByte
        | E::InvalidTagUtf8TrailingByte
        | E::InvalidTagUtf8 => {
            "`!` starts a tag, and this one is not valid: quote the value if it is literal text"
        }
        E::DuplicateVersionDirective | E::DuplicateTagDirective => {
            "this directive appears twice before the same document: remove one of them"
        }
        E::UnsupportedYamlMajorVersion => "only YAML 1.1 and 1.2 are supported",
        E::MissingDocumentEndBeforeDirective
        | E::MissingDirectiveName
        | E::InvalidDirectiveName
        | E::InvalidDirectiveTerminator
        | E::DirectiveDisallowed
        | E::MissingYamlVersion
        | E::MissingYamlVersionSeparator
        | E::YamlVersionTooLong
        | E::ExpectedTagDirectiveBang
        | E::InvalidTagDirectiveTerminator
        | E::DirectiveByteLimitExceeded { .. }
        | E::TooManyReservedDirectiveParams { .. } => {
            "a line that starts with `%` is a directive: indent or quote it if it is literal text"
        }
        E::InvalidDocumentEnd => "only a comment may follow `...` on the same line",
        _ => return None,
    };
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use crate::syntax::parse;
    use crate::text::FileId;
    use std::sync::Arc;

    /// A text, the part that is underlined, and a part of the message.
    const CASES: [(&str, &str, &str); 47] = [
        ("a: [1, 2", "[1", "`[` is never closed"),
        ("a: {b: 1\n---\nc: 1", "{b:", "`{` is never closed"),
        ("a: \"x\nb: 1\n", "\"x", "quote is never closed"),
        ("a: \"x\n---\nb: 1", "\"x", "before the next document"),
        ("ports:\n  - \"80:80\n  - \"81:81\"\nx: 1", "\"80:80", "quote is not closed"),
        ("key: [a, b\nc: d\ne: f\n", "[a", "bracket is not closed"),
        ("x: {a: 1\ny: 2\n", "{a:", "bracket is not closed"),
        ("a: [1, 2]]", "]", "closes nothing"),
        ("a: [1}", "[1", "closed by `}`"),
        ("a: [x: y: z]", ":", "`,` or the closing"),
        ("a: 1\npor\nb: 2", "por", "needs a `:`"),
        ("- a\n-b\n- c", "-b", "space after its `-`"),
        ("- : x\n -y", "-y", "space after its `-`"),
        ("a: b: c", "b:", "second `: `"),
        ("a: b\n  c: d", "c:", "already has a value"),
        ("a:b\nc: d", "a:b", "space is missing after `a:`"),
        ("a:\n  b: 1\n c: 2", "c:", "check the indentation"),
        ("a:\n  - b\n  c: 1", "c:", "this line is not"),
        ("- a\nb: 1", "b:", "this line is not"),
        ("a: - b", "-", "on a line of its own"),
        ("a: [- b]", "-", "separated by `,`"),
        ("a:\n\tb: 1", "b:", "only spaces"),
        ("a: 1\n\tb: 1", "b:", "indented with a tab"),
        ("a:\n  b: 1\n\n \tc: [x]\n", "c:", "indented with a tab"),
        ("a:\n  db\n    image: x\n", "db", "needs a `:`"),
        ("a:\n  x: 1\n  db # the store\n    image: x\n", "db", "needs a `:`"),
        ("a:\n  - db\n      image: x\n", "db", "needs a `:`"),
        ("a: b\n  c\n    d: e\n", "d:", "already has a value"),
        ("a:\n<<<<<<< HEAD\n  b: 1\n=======\n  b: 2\n>>>>>>> x\n", "<<<<<<<", "merge conflict"),
        ("a: @x", "@x", "start with `@`: quote it"),
        ("a: `x`", "`x`", "backtick"),
        ("a: %x", "%x", "start with `%`: quote it"),
        ("a: ,x", ",", "start with `,`: quote it"),
        ("a: x\0y", "\0y", "control character \\u{0}"),
        ("a: \"x\" y", "y", "follows the closing quote"),
        ("a: 'it's'", "s'", "write `''`"),
        ("a: \"\\q\"", "\"\\q\"", "this one is unknown"),
        ("a: |x\n  y", "|x", "on the next line"),
        ("a: |5\n x\n", "x", "must be indented"),
        ("a: !e!x y", "!e!x", "is not declared"),
        ("a: *", "*", "need a name"),
        ("a: &x &y 1", "&y", "only one anchor"),
        ("a: [1]#c", "#c", "space is missing before"),
        ("a: 1\n%FOO\n---", "%FOO", "directive"),
        ("{{- if .x }}\na: 1", "{{-", "template"),
        ("a: 1\n  {% if x %}\nb: {% y %}\n", "{%", "template"),
        ("image: {{ .x }}:{{ .y }}", "{{", "template"),
    ];

    #[test]
    fn each_error_is_reported_at_its_cause() {
        let mut wrong = Vec::new();
        for (text, underlined, words) in CASES {
            let (_, problems) = parse(FileId(0), &Arc::from(text), None);
            let problem = problems.first().unwrap_or_else(|| panic!("{text:?} parses"));
            let place = &text[problem.span.range()];
            if place != underlined || !problem.message.contains(words) {
                wrong.push(format!("{text:?} at {place:?}: {}", problem.message));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
