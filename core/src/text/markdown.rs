//! Markdown around texts from outside, none of which may become markup, a link or a mention.
//!
//! Sentences of ours quote names in backticks. A name may hold backticks of its own, and CommonMark pairs runs of them: so
//! the spans are written anew, and what stands outside of them is escaped.

use super::visible::{escape, escape_line, one_line};

/// Escapes a sentence. It stays on one line.
pub fn prose(text: &str) -> String {
    inline(&escape_line(text))
}

/// Escapes a text of ours that may have several paragraphs.
pub fn paragraphs(text: &str) -> String {
    inline(&escape(text))
}

/// Returns a code span, which shows a text as it is, on one line.
pub fn code_span(text: &str) -> String {
    let text = one_line(text);
    let ticks = "`".repeat(longest_run(&text) + 1);
    match () {
        () if text.is_empty() => "` `".to_owned(),
        () if text.contains('`') => format!("{ticks} {text} {ticks}"),
        () => format!("{ticks}{text}{ticks}"),
    }
}

/// Returns a fence that does not occur in a text.
pub fn fence(text: &str) -> String {
    "`".repeat((longest_run(text) + 1).max(3))
}

/// Escapes a text for HTML, on one line.
pub fn html(text: &str) -> String {
    let text = escape_line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('@', "&#64;")
}

/// Escapes Markdown for a cell of a table.
pub fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// Returns the length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

fn inline(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let last = parts.len() - 1;
    let mut out = String::with_capacity(text.len() + 16);
    for (index, part) in parts.into_iter().enumerate() {
        match (index % 2 == 1, part) {
            (false, part) => plain(&mut out, part),
            // The last backtick has no partner.
            (true, part) if index == last => {
                out.push_str("&#96;");
                plain(&mut out, part);
            }
            (true, "") => out.push_str("&#96;&#96;"),
            // Without backticks inside, one at either end is enough. Two spans side by side are read as one.
            (true, part) => {
                out.push('`');
                out.push_str(part);
                out.push('`');
            }
        }
    }
    out
}

/// Adds text outside of code.
fn plain(out: &mut String, text: &str) {
    let mut is_start = out.is_empty() || out.ends_with('\n');
    for (at, letter) in text.char_indices() {
        let rest = &text[at..];
        match letter {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("&#64;"),
            '*' | '_' | '[' | ']' | '\\' | '~' => out.extend(['\\', letter]),
            // Addresses become links by themselves, and these letters make headings and quotes.
            ':' if rest.starts_with("://") => out.push_str("&#58;"),
            'w' | 'W' if rest.len() > 3 && rest.as_bytes()[..4].eq_ignore_ascii_case(b"www.") => {
                out.push_str(if letter == 'w' { "&#119;" } else { "&#87;" });
            }
            '#' | '>' if is_start => out.extend(['\\', letter]),
            other => out.push(other),
        }
        is_start = letter == '\n' || is_start && letter == ' ';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_and_markup_is_escaped() {
        assert_eq!(prose("`a_b` <b> @all x_y"), "`a_b` &lt;b> &#64;all x\\_y");
        assert_eq!(prose("# a\n# b ~c~ a&b"), r"\# a\\n# b \~c\~ a&amp;b");
        assert_eq!(paragraphs("a\n# b\n > c"), "a\n\\# b\n \\> c");
        assert_eq!(prose("see http://a.b and www.c.d"), "see http&#58;//a.b and &#119;ww.c.d");
    }

    #[test]
    fn backticks_of_a_name_end_no_code() {
        let said = prose("`x`<img>`y` z `` `u");
        assert_eq!(said, "`x`&lt;img>`y` z &#96;&#96; &#96;u");
        assert_eq!(prose("`a``[l](u)`"), r"`a``[l](u)`");
        assert_eq!(code_span("a`b"), "`` a`b ``");
        assert_eq!(code_span("`` a"), "``` `` a ```");
        assert_eq!(code_span("a\r\nb"), r"`a\r\nb`");
        assert_eq!(code_span(""), "` `");
        assert_eq!(fence("a ```` b"), "`````");
    }
}
