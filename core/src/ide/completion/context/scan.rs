//! Reads the text in front of a cursor line by line.

use super::{Content, Context, Level, MAX_LEVELS, Slot};

/// Returns where the last document of a text starts.
pub(super) fn document_start(text: &str) -> usize {
    let mut start = 0;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        offset += line.len();
        if line.starts_with("---") && line.ends_with('\n') {
            start = offset;
        }
    }
    start
}

#[derive(Default)]
pub(super) struct Scanner<'t> {
    levels: Vec<Level<'t>>,
}

impl<'t> Scanner<'t> {
    /// Returns the context of the cursor between two texts.
    pub fn scan(&mut self, before: &'t str, after: &'t str) -> Option<Context<'t>> {
        // The column of the key in front of a block scalar.
        let mut block: Option<usize> = None;
        let mut rest = before;
        loop {
            let (line, following) = match rest.find('\n') {
                Some(end) => (&rest[..end], Some(&rest[end + 1..])),
                None => (rest, None),
            };
            let line = line.trim_end_matches('\r');
            let content = line.trim_start_matches([' ', '\t']);
            let column = line.len() - content.len();
            let is_last = following.is_none();
            if block.is_some_and(|outer| column > outer || content.is_empty() && !is_last) {
                if is_last {
                    return None;
                }
            } else {
                block = None;
                if is_last {
                    return self.cursor(content, column, after);
                }
                if !content.is_empty()
                    && !content.starts_with('#')
                    && self.levels.len() < MAX_LEVELS
                {
                    let flow = self.line(content, column)?;
                    match flow {
                        Line::Plain => {}
                        Line::BlockScalar(column) => block = Some(column),
                        Line::Flow { column, text } => {
                            let at = text.as_ptr() as usize - rest.as_ptr() as usize;
                            let flow = flow_text(&rest[at..], column);
                            let is_cursor = at + flow.len() == rest.len();
                            match self.flow(flow) {
                                Some(typed) if is_cursor => return self.in_flow(typed, after),
                                Some(_) | None => {}
                            }
                            self.levels.retain(|it| !it.is_flow);
                            rest = &rest[at + flow.len()..];
                            // Behind a closing bracket nothing may stand.
                            if rest.is_empty() && !flow.ends_with('\n') {
                                return None;
                            }
                            continue;
                        }
                    }
                }
            }
            match following {
                Some(following) => rest = following,
                None => return None,
            }
        }
    }

    /// Reads a whole line.
    fn line(&mut self, content: &'t str, column: usize) -> Option<Line<'t>> {
        let (content, column) = self.open(content, column);
        if content.starts_with(['{', '[']) {
            return Some(Line::Flow { column: column.saturating_sub(1), text: content });
        }
        let Some((key, value)) = key_and_value(content) else {
            if let Some(Level { content: Content::Sequence(items), .. }) = self.levels.last_mut() {
                items.extend(Some(unquoted(value_of(content))).filter(|it| !it.is_empty()));
            }
            let is_block = content.starts_with(['|', '>']);
            return Some(if is_block {
                Line::BlockScalar(column.saturating_sub(1))
            } else {
                Line::Plain
            });
        };
        self.entry(key, unquoted(value_of(value)), column);
        let value = without_properties(value);
        Some(match value.chars().next() {
            Some('|' | '>') => Line::BlockScalar(column),
            Some('{' | '[') => Line::Flow { column, text: value },
            _ => Line::Plain,
        })
    }

    /// Closes the levels that a line at a column ends, and opens those of its dashes. Returns what stands
    /// behind the dashes, and its column.
    fn open(&mut self, content: &'t str, column: usize) -> (&'t str, usize) {
        let is_dash = dash(content).is_some();
        while let Some(last) = self.levels.last() {
            let is_list = matches!(last.content, Content::Sequence(_));
            if last.column > column || last.column == column && is_list && !is_dash {
                self.levels.pop();
            } else {
                break;
            }
        }
        let (mut content, mut column) = (content, column);
        while let Some(rest) = dash(content) {
            let is_open = self.levels.last().is_some_and(|it| {
                it.column == column && matches!(it.content, Content::Sequence(_))
            });
            if !is_open {
                self.push(column, false, Content::Sequence(Vec::new()));
            }
            column += content.len() - rest.len();
            content = rest;
            if self.levels.len() >= MAX_LEVELS {
                break;
            }
        }
        (content, column)
    }

    fn push(&mut self, column: usize, is_flow: bool, content: Content<'t>) {
        self.levels.push(Level { column, is_flow, content });
    }

    /// Adds an entry to the mapping at a column, which may begin with it.
    fn entry(&mut self, key: &'t str, value: &'t str, column: usize) {
        match self.levels.last_mut() {
            Some(Level {
                column: at,
                content: Content::Mapping { entries, .. },
                is_flow: false,
            }) if *at == column => {
                entries.push((key, value));
            }
            _ => {
                let content = Content::Mapping { entries: vec![(key, value)], waits: false };
                self.push(column, false, content);
            }
        }
    }

    /// Reads the line of the cursor, of which only the part in front of it counts.
    fn cursor(&mut self, content: &'t str, column: usize, after: &'t str) -> Option<Context<'t>> {
        if content.starts_with('#') || content.contains(" #") {
            return None;
        }
        let has_dash = dash(content).is_some();
        let (content, column) = self.open(content, column);
        if content.starts_with(['{', '[']) {
            let typed = self.flow(content)?;
            return self.in_flow(typed, after);
        }
        if let Some((key, value)) = key_and_value(content) {
            self.entry(key, "", column);
            let value = without_properties(value);
            if value.starts_with(['{', '[']) {
                let typed = self.flow(value)?;
                return self.in_flow(typed, after);
            }
            if value.starts_with(['|', '>']) {
                return None;
            }
            let after = entries_below(after, column);
            return Some(self.context(Slot::Value, value, column, after));
        }
        if has_dash {
            let after = entries_below(after, column);
            return Some(self.context(Slot::Value, content, column, after));
        }
        let is_mapping = self
            .levels
            .last()
            .is_some_and(|it| it.column == column && matches!(it.content, Content::Mapping { .. }));
        if !is_mapping {
            let content = Content::Mapping { entries: Vec::new(), waits: false };
            self.push(column, false, content);
        }
        let after = entries_below(after, column);
        Some(self.context(Slot::Key, content, column, after))
    }

    fn context(
        &mut self,
        slot: Slot,
        typed: &'t str,
        column: usize,
        after: Vec<(&'t str, &'t str)>,
    ) -> Context<'t> {
        let typed = typed.trim_start().trim_start_matches(['"', '\'']);
        let levels = std::mem::take(&mut self.levels);
        Context { slot, levels, typed, column, is_flow: false, after }
    }

    fn in_flow(&mut self, typed: &'t str, after: &'t str) -> Option<Context<'t>> {
        let slot = match self.levels.last()?.content {
            Content::Mapping { waits, .. } => {
                if waits {
                    Slot::Value
                } else {
                    Slot::Key
                }
            }
            Content::Sequence(_) => Slot::Value,
        };
        let end = after.find(['}', ']', '\n']).unwrap_or(after.len());
        let after = after[..end].split(',').filter_map(|it| key_and_value(it.trim()));
        let after = after.map(|(key, value)| (key, unquoted(value.trim()))).collect();
        Some(Context { is_flow: true, ..self.context(slot, typed, 0, after) })
    }

    /// Follows a flow collection. Returns the word at the end of the text if the collection is still open
    /// there.
    fn flow(&mut self, text: &'t str) -> Option<&'t str> {
        let mut token = 0;
        let mut quote: Option<char> = None;
        let mut depth = 0;
        for (at, letter) in text.char_indices() {
            if let Some(open) = quote {
                quote = quote.filter(|_| letter != open);
                continue;
            }
            match letter {
                '"' | '\'' if text[token..at].trim().is_empty() => quote = Some(letter),
                '{' | '[' => {
                    if self.levels.len() >= MAX_LEVELS {
                        return None;
                    }
                    let content = match letter {
                        '{' => Content::Mapping { entries: Vec::new(), waits: false },
                        _ => Content::Sequence(Vec::new()),
                    };
                    self.push(usize::MAX, true, content);
                    depth += 1;
                    token = at + 1;
                }
                ':' if text[at + 1..].starts_with([' ', '\n', '\r']) || at + 1 == text.len() => {
                    if let Some(Level { content: Content::Mapping { entries, waits }, .. }) =
                        self.levels.last_mut()
                    {
                        entries.push((unquoted(text[token..at].trim()), ""));
                        *waits = true;
                        token = at + 1;
                    }
                }
                ',' | '}' | ']' => {
                    self.finish(text[token..at].trim());
                    token = at + 1;
                    if letter != ',' {
                        self.levels.pop();
                        depth -= 1;
                    }
                    if depth == 0 {
                        return None;
                    }
                }
                _ => {}
            }
        }
        Some(text[token..].trim_start())
    }

    /// Notes a scalar of a flow collection.
    fn finish(&mut self, scalar: &'t str) {
        match self.levels.last_mut().map(|it| &mut it.content) {
            Some(Content::Mapping { entries, waits }) => {
                if let Some(last) = entries.last_mut().filter(|it| *waits && it.1.is_empty()) {
                    last.1 = unquoted(scalar);
                }
                *waits = false;
            }
            Some(Content::Sequence(items)) if !scalar.is_empty() => items.push(unquoted(scalar)),
            _ => {}
        }
    }
}

/// Construct that a line opens and does not close.
enum Line<'t> {
    Plain,
    /// A block scalar, all lines of which are indented more than this.
    BlockScalar(usize),
    /// A flow collection behind a key at a column.
    Flow {
        column: usize,
        text: &'t str,
    },
}

/// Returns what stands behind a dash; `None` where there is none.
fn dash(content: &str) -> Option<&str> {
    let rest = content.strip_prefix('-')?;
    match rest.chars().next() {
        None => Some(rest),
        Some(' ' | '\t') => Some(rest.trim_start_matches([' ', '\t'])),
        Some(_) => None,
    }
}

/// Splits `key: value`. The value may be empty.
fn key_and_value(content: &str) -> Option<(&str, &str)> {
    let quote = content.chars().next().filter(|it| matches!(it, '"' | '\''));
    if let Some(quote) = quote {
        let end = content[1..].find(quote)? + 1;
        let value = content[end + 1..].trim_start().strip_prefix(':')?;
        return Some((&content[1..end], value.trim_start()));
    }
    let mut colons = content.match_indices(':').map(|it| it.0);
    let at = colons.find(|at| {
        let rest = &content[at + 1..];
        rest.is_empty() || rest.starts_with([' ', '\t'])
    })?;
    Some((content[..at].trim_end(), content[at + 1..].trim_start()))
}

/// Returns a value without the comment behind it.
fn value_of(value: &str) -> &str {
    let end = value.find(" #").unwrap_or(value.len());
    value[..end].trim()
}

/// Returns a value without its tag and its anchor.
fn without_properties(value: &str) -> &str {
    let mut value = value;
    while value.starts_with(['&', '!']) {
        value = value.find(' ').map_or("", |end| value[end..].trim_start());
    }
    value
}

fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// Returns the text of a flow collection: up to the first line that is not indented more than its key, since
/// nobody may have closed it yet.
fn flow_text(text: &str, column: usize) -> &str {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start_matches([' ', '\t']);
        let is_outside = line.len() - content.len() <= column
            && !content.trim().is_empty()
            && !content.starts_with(['}', ']']);
        if end > 0 && is_outside {
            break;
        }
        end += line.len();
        if balance(&text[..end]) <= 0 {
            break;
        }
    }
    &text[..end]
}

/// Returns how many brackets of a text are open, not counting those in quotes.
fn balance(text: &str) -> i64 {
    let mut open = 0;
    let mut quote: Option<char> = None;
    for letter in text.chars() {
        match (letter, quote) {
            (_, Some(own)) => quote = quote.filter(|_| letter != own),
            ('"' | '\'', None) => quote = Some(letter),
            ('{' | '[', None) => open += 1,
            ('}' | ']', None) => open -= 1,
            (_, None) => {}
        }
    }
    open
}

/// Returns the entries of the mapping at a column that stand on the lines behind the cursor.
fn entries_below(after: &str, column: usize) -> Vec<(&str, &str)> {
    let mut entries = Vec::new();
    for line in after.lines().skip(1) {
        let content = line.trim_start_matches([' ', '\t']);
        let own = line.len() - content.len();
        if content.is_empty() || content.starts_with('#') || own > column {
            continue;
        }
        if own < column || dash(content).is_some() || content.starts_with("---") {
            break;
        }
        let entry = key_and_value(content);
        entries.extend(entry.map(|(key, value)| (key, unquoted(value_of(value)))));
    }
    entries
}
