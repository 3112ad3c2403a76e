//! Which styles a string can be printed in.

/// What a string contains, as far as it limits its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Analysis {
    pub multiline: bool,
    pub plain: bool,
    pub single_quoted: bool,
    pub block: bool,
}

pub fn is_break(letter: char) -> bool {
    matches!(letter, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t') || is_break(letter)
}

/// What `go-yaml` prints as it is; a tab and everything beyond the basic plane are escaped.
pub fn is_printable(letter: char) -> bool {
    matches!(letter, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && letter != '\u{feff}'
}

/// Which of the styles can hold the string in block context.
pub fn analyze(text: &str) -> Analysis {
    if text.is_empty() {
        return Analysis { multiline: false, plain: true, single_quoted: true, block: false };
    }
    let mut indicators = text.starts_with("---") || text.starts_with("...");
    let (mut breaks, mut special) = (false, false);
    let (mut space_break, mut break_space) = (false, false);
    let mut before: Option<char> = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let followed = letters.peek().is_none_or(|next| is_blank(*next));
        indicators |= match letter {
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
            | '`' => before.is_none(),
            '#' => before.is_none_or(is_blank),
            '?' | '-' => before.is_none() && followed,
            ':' => followed,
            _ => false,
        };
        special |= !is_printable(letter);
        breaks |= is_break(letter);
        space_break |= is_break(letter) && before == Some(' ');
        break_space |= letter == ' ' && before.is_some_and(is_break);
        before = Some(letter);
    }
    let at_edge = |letter: Option<char>| letter.is_some_and(|it| it == ' ' || is_break(it));
    let edges = at_edge(text.chars().next()) || at_edge(before);
    let impossible = space_break || special;
    Analysis {
        multiline: breaks,
        plain: !(edges || break_space || impossible || breaks || indicators),
        single_quoted: !(break_space || impossible),
        block: !(impossible || before == Some(' ')),
    }
}
