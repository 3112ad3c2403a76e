//! Go's quoted strings, as `%q` prints them.

use crate::build::origin::Text;

/// The string in double quotes, with Go's escapes.
pub fn quoted(text: &Text) -> Text {
    let plain = text.as_str().chars().all(|letter| !needs_escape(letter));
    let mut quoted = Text::plain("\"");
    if plain {
        quoted.push(text);
    } else {
        let escaped: String = text.as_str().chars().map(escape).collect();
        quoted.push(&text.recast(escaped));
    }
    quoted.push_plain("\"");
    quoted
}

fn needs_escape(letter: char) -> bool {
    matches!(letter, '"' | '\\') || !is_printable(letter)
}

/// An approximation of Go's `unicode.IsPrint`: no control characters, and of the spaces only the
/// ordinary one.
fn is_printable(letter: char) -> bool {
    let invisible = matches!(letter,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}');
    letter == ' ' || !letter.is_control() && !letter.is_whitespace() && !invisible
}

fn escape(letter: char) -> String {
    match letter {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\u{7}' => "\\a".to_owned(),
        '\u{8}' => "\\b".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\u{b}' => "\\v".to_owned(),
        letter if is_printable(letter) => letter.to_string(),
        letter if (letter as u32) < 0x80 => format!("\\x{:02x}", letter as u32),
        letter if (letter as u32) < 0x1_0000 => format!("\\u{:04x}", letter as u32),
        letter => format!("\\U{:08x}", letter as u32),
    }
}
