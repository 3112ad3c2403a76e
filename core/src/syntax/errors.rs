//! The parser's errors in words that say what to do, at the place that a person would point to.
//!
//! A parser notices an open quote or bracket only where the text no longer fits, often lines below.
//! What stands above the error tells more than its category, so both are looked at.

use super::repair::{self, indent, left_open, line_around, lines_before};
use granit_parser::ErrorKind;
use std::ops::Range;

/// The place to underline and the sentence to say.
pub(super) fn explain(
    kind: &ErrorKind,
    text: &str,
    segment: &Range<usize>,
    at: usize,
) -> (Range<usize>, String) {
    use ErrorKind as E;
    let case = Case { text, segment, at, line: line_around(text, segment, at) };
    let found = match kind {
        // Quotes and brackets that are never closed are named where they open: that is exact.
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
        .unwrap_or_else(|| (at, describe(kind, case.rest())));
    (repair::token_at(text, place, segment), message)
}

/// An error with the text around it.
struct Case<'t> {
    text: &'t str,
    segment: &'t Range<usize>,
    at: usize,
    /// The line of the error without its break.
    line: Range<usize>,
}

impl Case<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..self.line.end.max(self.at)]
    }

    /// Helm, Go and Jinja templates are YAML only once they are rendered.
    fn template(&self) -> Option<(usize, String)> {
        let line = &self.text[self.line.clone()];
        let brace = ["{{", "{%"].into_iter().filter_map(|it| line.find(it)).min()?;
        let mark = &line[brace..brace + 2];
        let message = format!(
            "`{mark}` starts a template, which is no YAML before it is rendered; quote the value if it is meant as text"
        );
        Some((self.line.start + brace, message))
    }

    /// The nearest line above that leaves one of these open.
    fn open_above(&self, openers: &[char]) -> Option<(usize, String)> {
        let above = lines_before(self.text, self.segment, &self.line);
        above.iter().find_map(|line| {
            let place = line.start + left_open(&self.text[line.clone()]).opener?;
            let opener = self.text[place..].chars().next().filter(|it| openers.contains(it))?;
            let kind = if matches!(opener, '[' | '{') { "bracket" } else { "quote" };
            Some((place, format!("this {kind} is not closed before the text goes on below")))
        })
    }

    /// Merge tools leave their marks in both halves; nothing below them can be trusted to fit.
    fn conflict(&self) -> Option<(usize, String)> {
        let mark = repair::conflicts(self.text, self.segment).first()?.remove.start;
        let message = "a merge conflict is not resolved here: keep one half, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`";
        (mark <= self.line.end).then(|| (mark, message.to_owned()))
    }

    /// The parser tells of a tab where the value above it ends.
    fn tab_below(&self) -> Option<(usize, String)> {
        let below =
            self.text[self.line.end..self.segment.end].find(|it| !matches!(it, '\r' | '\n'))?;
        let line = line_around(self.text, self.segment, self.line.end + below);
        let written = &self.text[line.clone()];
        let content = written.trim_start();
        let margin = &written[..written.len() - content.len()];
        let place = line.start + margin.len();
        (margin.contains('\t') && !content.is_empty())
            .then(|| (place, describe(&ErrorKind::TabInIndentation, content)))
    }

    /// Whether the line above a deeper one is a single word that stands where a key would.
    fn is_bare_key(&self, line: &Range<usize>, content: &str) -> bool {
        let word = content.split(" #").next().unwrap_or_default().trim_end();
        if word.is_empty() || word.contains([' ', '\t', ':', '"', '\'', '[', '{', '|', '>']) {
            return false;
        }
        // Behind `key: text` a deeper line goes on with the text.
        let depth = indent(&self.text[line.clone()]);
        let above = lines_before(self.text, self.segment, line);
        let above = above.iter().map(|it| self.text[it.clone()].trim_end());
        let above = above.filter(|it| !it.trim_start().starts_with('#')).find(|it| !it.is_empty());
        above.is_none_or(|it| it.ends_with(':') || indent(it) >= depth || it.starts_with("---"))
    }

    /// A `:` where no key may stand.
    fn second_colon(&self) -> (usize, String) {
        let line = &self.text[self.line.clone()];
        let before = &line[..self.at.saturating_sub(self.line.start).min(line.len())];
        let key = self.line.start + indent(line);
        if let Some(first) = before.find(": ") {
            let value = self.line.start + first + 2;
            let message = "a second `: ` on one line: put quotes around the whole value";
            return (value, message.to_owned());
        }
        let above = lines_before(self.text, self.segment, &self.line);
        let filled = |it: &&Range<usize>| {
            let line = self.text[(*it).clone()].trim_start();
            !line.is_empty() && !line.starts_with('#')
        };
        let Some(above) = above.iter().find(filled) else {
            return (key, "a key may not stand here: begin it on a line of its own".to_owned());
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
            return (place, "a key needs a `:` after it".to_owned());
        }
        if indent(line) > indent(written) {
            let message = "this key is indented below a line that already has a value: give it the indentation of its neighbours";
            return (key, message.to_owned());
        }
        (key, "this line's indentation fits no block above it".to_owned())
    }
}

/// What to do about a category of error; `rest` is the line from the error on.
fn describe(kind: &ErrorKind, rest: &str) -> String {
    use ErrorKind as E;
    let text = match kind {
        E::UnclosedQuotedScalar => "this quote is never closed",
        E::DocumentIndicatorInQuotedScalar => {
            "this quote is not closed before the next document starts"
        }
        E::UnclosedFlowCollection { open } => return format!("this `{open}` is never closed"),
        E::MismatchedFlowCollectionEnd { open, close } => {
            return format!("this `{open}` is closed by `{close}`, which does not belong to it");
        }
        E::MisplacedFlowCollectionEnd => {
            "this bracket closes nothing: remove it, or quote the value"
        }
        E::UnexpectedEofFlowSequence | E::ExpectedFlowSequenceSeparator => {
            "inside `[ ]` a `,` or the closing `]` is missing before this"
        }
        E::UnexpectedEofFlowMapping
        | E::UnexpectedEofImplicitFlowMapping
        | E::ExpectedFlowMappingSeparator => {
            "inside `{ }` a `,` or the closing `}` is missing before this"
        }
        E::SimpleKeyExpected | E::InvalidSimpleKey if rest.starts_with('-') => {
            "a list item needs a space after its `-`"
        }
        E::SimpleKeyExpected | E::InvalidSimpleKey => "a key needs a `:` after it",
        E::ExpectedBlockMappingKey | E::ExpectedDocumentStart if rest.starts_with(['&', '!']) => {
            "only one anchor and one tag may stand before a value"
        }
        E::ExpectedBlockMappingKey | E::ExpectedDocumentStart if rest.starts_with('*') => {
            "an alias may have no anchor or tag of its own"
        }
        E::ExpectedBlockMappingKey | E::InvalidIndentation | E::InvalidFlowScalarIndent => {
            "this does not fit what stands above it: check the indentation, or quote the value"
        }
        E::ExpectedDocumentStart => {
            "this does not belong to the value before it: quote the whole value, or start a new document with `---`"
        }
        E::ExpectedBlockSequenceEntry if rest.starts_with('-') => {
            "a list item needs a space after its `-`"
        }
        E::ExpectedBlockSequenceEntry => {
            "the lines above are list items (`- `) and this is none: check its indentation"
        }
        E::BlockSequenceEntryNotAllowed => {
            "a list item (`- `) may not stand here: begin it on a line of its own, under its key"
        }
        E::BlockEntryInFlowCollection | E::PlainScalarStartsWithDashFlowIndicator => {
            "inside brackets items are divided by `,`; `- ` may not stand there"
        }
        E::TabInIndentation | E::TabInBlockIndentation | E::TabNotAllowed => {
            "a tab indents this line; YAML allows only spaces there"
        }
        E::TabInPlainScalar => "a tab indents the line after this; YAML allows only spaces there",
        E::UnknownQuotedScalarEscape
        | E::InvalidQuotedScalarHexEscape
        | E::InvalidUnicodeEscape
        | E::InvalidLowSurrogateHexEscape
        | E::InvalidLowSurrogate
        | E::MissingLowSurrogate
        | E::UnpairedLowSurrogate => {
            "in double quotes `\\` starts an escape, and this one is unknown: write `\\\\`, or use single quotes"
        }
        E::UnexpectedCharacter { character } if character.is_control() => {
            return format!(
                "the control character {} may not stand in YAML: remove it",
                character.escape_default()
            );
        }
        E::UnexpectedCharacter { character: '`' } => {
            "a value may not start with a backtick: quote it"
        }
        E::UnexpectedCharacter { character } => {
            return format!("a value may not start with `{character}`: quote it");
        }
        E::ExpectedNodeContent | E::UnexpectedEofBlockMapping | E::UnexpectedEofBlockSequence
            if rest.starts_with(',') =>
        {
            "a value may not start with `,`: quote it"
        }
        E::InvalidTrailingSingleQuotedScalar => {
            "this stands behind the closing quote: quote the whole value, and write `''` for a quote inside it"
        }
        E::InvalidTrailingDoubleQuotedScalar => {
            "this stands behind the closing quote: quote the whole value, and write `\\\"` for a quote inside it"
        }
        E::InvalidQuotedScalarIndent => {
            "a quoted value goes on here: indent the line further than its key, or close the quote above"
        }
        E::InvalidBlockScalarHeader => {
            "behind `|` or `>` only `+`, `-`, a digit and a comment may stand: begin the text on the next line"
        }
        E::ZeroBlockScalarIndent => "the digit behind `|` or `>` is an indentation from 1 to 9",
        E::InvalidBlockScalarIndent | E::TabAtBlockScalarStart => {
            "the text of this block must be indented with spaces, further than its key"
        }
        E::MissingAnchorOrAliasName => {
            "`&` and `*` need a name directly after them: quote the value if it is text"
        }
        E::CommentNotSeparated => "a space is missing before this `#`",
        E::CommentInterceptedScalar => {
            "this comment stands in the middle of a value: the line below goes on with it"
        }
        E::BomInsideDocument => "an invisible byte order mark (U+FEFF) stands here: remove it",
        E::UndeclaredTagHandle => {
            "this tag's handle is not declared: quote the value if it is text"
        }
        E::UnclosedVerbatimTag
        | E::InvalidTagTerminator
        | E::MissingTagUri
        | E::ExpectedTagBang
        | E::InvalidGlobalTagCharacter
        | E::InvalidTagEscape
        | E::InvalidTagUtf8LeadingByte
        | E::InvalidTagUtf8TrailingByte
        | E::InvalidTagUtf8 => "`!` starts a tag, and this is none: quote the value if it is text",
        E::DuplicateVersionDirective | E::DuplicateTagDirective => {
            "this directive stands twice before one document: remove it"
        }
        E::UnsupportedYamlMajorVersion => "no version of YAML but 1.1 and 1.2 can be read",
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
            "a line that starts with `%` is a directive: indent or quote it if it is text"
        }
        E::MappingKeyNotAllowed => "a `? ` key may not stand here: begin it on a line of its own",
        E::InvalidDocumentEnd => "nothing but a comment may follow `...` on its line",
        E::UnexpectedEof | E::UnexpectedEndOfPlainScalar => {
            "the text ends in the middle of a value"
        }
        E::ExpectedWhitespace
        | E::InvalidBlockEntryWhitespace
        | E::InvalidMappingValueWhitespace => "a space must stand here, and no tab",
        E::FlowMappingValueAdjacentCollection => "a space must stand between `:` and a bracket",
        // What no text can bring about: the limits and faults of other kinds of input.
        _ => "this is no YAML",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use crate::syntax::parse;
    use crate::text::FileId;
    use std::sync::Arc;

    /// The text, what is underlined, and words of the message.
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
        ("a:\n  - b\n  c: 1", "c:", "this is none"),
        ("- a\nb: 1", "b:", "this is none"),
        ("a: - b", "-", "on a line of its own"),
        ("a: [- b]", "-", "divided by `,`"),
        ("a:\n\tb: 1", "b:", "only spaces"),
        ("a: 1\n\tb: 1", "b:", "tab indents this line"),
        ("a:\n  b: 1\n\n \tc: [x]\n", "c:", "tab indents this line"),
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
        ("a: \"x\" y", "y", "behind the closing quote"),
        ("a: 'it's'", "s'", "write `''`"),
        ("a: \"\\q\"", "\"\\q\"", "this one is unknown"),
        ("a: |x\n  y", "|x", "on the next line"),
        ("a: |5\n x\n", "x", "must be indented"),
        ("a: !e!x y", "!e!x", "handle is not declared"),
        ("a: *", "*", "need a name"),
        ("a: &x &y 1", "&y", "only one anchor"),
        ("a: [1]#c", "#c", "space is missing before"),
        ("a: 1\n%FOO\n---", "%FOO", "directive"),
        ("{{- if .x }}\na: 1", "{{-", "template"),
        ("a: 1\n  {% if x %}\nb: {% y %}\n", "{%", "template"),
        ("image: {{ .x }}:{{ .y }}", "{{", "template"),
    ];

    #[test]
    fn each_error_is_named_where_it_was_made() {
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
