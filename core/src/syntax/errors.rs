//! The parser's errors in words that say what to do.

use granit_parser::ErrorKind;

/// The parser's category in words that say what to do at that place.
pub(super) fn describe(kind: &ErrorKind) -> String {
    use ErrorKind as E;
    let text = match kind {
        E::UnclosedQuotedScalar => "this quote is never closed",
        E::DocumentIndicatorInQuotedScalar => {
            "a quoted value runs into the next document: its closing quote is missing"
        }
        E::UnclosedFlowCollection { open } => return format!("this `{open}` is never closed"),
        E::MismatchedFlowCollectionEnd { open, close } => {
            return format!("`{close}` closes what `{open}` opened");
        }
        E::MisplacedFlowCollectionEnd => "a closing bracket without an opening one",
        E::UnexpectedEofFlowSequence | E::ExpectedFlowSequenceSeparator => {
            "inside `[ ]` a `,` or the closing `]` is missing here"
        }
        E::UnexpectedEofFlowMapping
        | E::UnexpectedEofImplicitFlowMapping
        | E::ExpectedFlowMappingSeparator => {
            "inside `{ }` a `,` or the closing `}` is missing here"
        }
        E::SimpleKeyExpected | E::InvalidSimpleKey => {
            "a key needs a `:` after it, followed by a space or the end of the line"
        }
        E::ExpectedBlockMappingKey | E::InvalidIndentation => {
            "this line's indentation fits no block above it"
        }
        E::ExpectedBlockSequenceEntry | E::BlockSequenceEntryNotAllowed => {
            "a list item (`- `) is not allowed here: check the indentation of this line and the one above"
        }
        E::TabInIndentation | E::TabInBlockIndentation | E::TabNotAllowed | E::TabInPlainScalar => {
            "a tab stands where YAML allows only spaces"
        }
        E::UnknownQuotedScalarEscape
        | E::InvalidQuotedScalarHexEscape
        | E::InvalidUnicodeEscape => {
            "inside double quotes this `\\` starts no known escape; use single quotes or `\\\\`"
        }
        E::UnexpectedCharacter { character } => {
            return format!("`{}` cannot start a value: quote it", character.escape_debug());
        }
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
            "something follows the closing quote: quote the whole value, or nothing of it"
        }
        E::InvalidBlockScalarIndent | E::TabAtBlockScalarStart | E::InvalidBlockScalarHeader => {
            "the block after `|` or `>` is not indented as it must be"
        }
        E::UndeclaredTagHandle => "this tag's handle is not declared",
        other => return sentence(other),
    };
    text.to_owned()
}

/// Rare categories: the parser's own words for them.
fn sentence(kind: &ErrorKind) -> String {
    let mut text = kind.to_string();
    if let Some(first) = text.get(..1) {
        text = format!("{}{}", first.to_lowercase(), &text[1..]);
    }
    text
}
