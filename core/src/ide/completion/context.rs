//! Where in a document a cursor stands, read from the text alone, so that the line may be broken.
//!
//! The text in front of the cursor is read line by line, by its indentation. Quotes, block scalars and flow
//! collections are followed as far as that is needed to know the keys around the cursor.

mod scan;

use scan::{Scanner, document_start};

/// Maximum number of levels that are followed.
const MAX_LEVELS: usize = 100;

/// What may stand at the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// A key of the mapping at the path.
    Key,
    /// The value of the last key, or the last item.
    Value,
}

/// A step on the path to the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step<'t> {
    Key(&'t str),
    Item,
}

/// A mapping or a list around the cursor.
#[derive(Debug, Clone)]
pub(super) struct Level<'t> {
    column: usize,
    is_flow: bool,
    content: Content<'t>,
}

#[derive(Debug, Clone)]
enum Content<'t> {
    /// The keys so far with their values, where these are on the same line, and whether the last one still
    /// waits for its value.
    Mapping { entries: Vec<(&'t str, &'t str)>, waits: bool },
    /// The items so far, where these are scalars.
    Sequence(Vec<&'t str>),
}

/// Where a cursor stands.
#[derive(Debug, Clone)]
pub(super) struct Context<'t> {
    pub slot: Slot,
    levels: Vec<Level<'t>>,
    /// What is written of the word at the cursor.
    pub typed: &'t str,
    /// The column of the word at the cursor.
    pub column: usize,
    /// Whether the cursor stands in a flow collection.
    pub is_flow: bool,
    /// Entries of the same mapping behind the cursor.
    after: Vec<(&'t str, &'t str)>,
}

impl<'t> Context<'t> {
    /// Returns the context of a cursor; `None` in a comment or a block scalar.
    pub fn at(text: &'t str, offset: usize) -> Option<Context<'t>> {
        let offset = text.floor_char_boundary(offset);
        let before = &text[..offset];
        let start = document_start(before);
        Scanner::default().scan(&before[start..], &text[offset..])
    }

    /// Returns the path of keys and items, the outermost first.
    pub fn path(&self) -> Vec<Step<'t>> {
        let last = self.levels.len();
        let mut path = Vec::with_capacity(last);
        for (at, level) in self.levels.iter().enumerate() {
            let is_last = at + 1 == last;
            match &level.content {
                // The mapping itself is meant, and none of its entries.
                Content::Mapping { .. } if is_last && self.slot == Slot::Key => {}
                Content::Mapping { entries, .. } => {
                    path.extend(entries.last().map(|(key, _)| Step::Key(key)));
                }
                Content::Sequence(_) => path.push(Step::Item),
            }
        }
        path
    }

    /// Returns the value of a key of the mapping around the cursor.
    pub fn sibling(&self, key: &str) -> Option<&'t str> {
        let behind = self.after.iter().find(|it| it.0 == key).map(|it| it.1);
        let mapping = self.mappings().next();
        mapping.and_then(|entries| find(entries, key)).or(behind)
    }

    /// Returns the value of a key of the innermost mapping around the cursor that has the key.
    pub fn around(&self, key: &str) -> Option<&'t str> {
        self.sibling(key).or_else(|| self.outer(key))
    }

    /// Returns the value of a key of the innermost mapping outside of the one around the cursor that has the
    /// key.
    pub fn outer(&self, key: &str) -> Option<&'t str> {
        self.mappings().skip(1).find_map(|entries| find(entries, key))
    }

    /// Returns the keys that the mapping around the cursor has already.
    pub fn keys(&self) -> Vec<&'t str> {
        let own = self.mappings().next().unwrap_or_default().iter();
        own.chain(&self.after).map(|it| it.0).collect()
    }

    /// Returns the items that the list around the cursor has already.
    pub fn items(&self) -> &[&'t str] {
        match self.levels.last().map(|it| &it.content) {
            Some(Content::Sequence(items)) => items,
            _ => &[],
        }
    }

    /// Returns the mappings around the cursor, the innermost first.
    fn mappings(&self) -> impl Iterator<Item = &[(&'t str, &'t str)]> {
        self.levels.iter().rev().filter_map(|level| match &level.content {
            Content::Mapping { entries, .. } => Some(entries.as_slice()),
            Content::Sequence(_) => None,
        })
    }

    /// Returns the value of a key at the top of the document.
    pub fn top(&self, key: &str) -> Option<&'t str> {
        let outermost = self.mappings().last()?;
        find(outermost, key)
    }
}

fn find<'t>(entries: &[(&'t str, &'t str)], key: &str) -> Option<&'t str> {
    entries.iter().rev().find(|it| it.0 == key).map(|it| it.1).filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the path, the slot and the word at the mark.
    fn at(text: &str) -> Option<(String, Slot, String)> {
        let offset = text.find('‸').unwrap();
        let text = text.replace('‸', "");
        let context = Context::at(&text, offset)?;
        let words: Vec<&str> = context
            .path()
            .iter()
            .map(|it| match it {
                Step::Key(key) => *key,
                Step::Item => "-",
            })
            .collect();
        Some((words.join(" "), context.slot, context.typed.to_owned()))
    }

    fn expect(text: &str, path: &str, slot: Slot, typed: &str) {
        let found = at(text);
        assert_eq!(found, Some((path.to_owned(), slot, typed.to_owned())), "{text}");
    }

    #[test]
    fn the_path_comes_from_the_indentation() {
        let head = "services:\n  a: {image: x}\n  web:\n    command: [\n    depends_on:\n";
        expect(&format!("{head}      - ‸"), "services web depends_on -", Slot::Value, "");
        expect(
            &format!("{head}      - d‸\n    image: x"),
            "services web depends_on -",
            Slot::Value,
            "d",
        );
        expect(&format!("{head}    - d‸"), "services web depends_on -", Slot::Value, "d");
        expect(&format!("{head}      d‸"), "services web depends_on", Slot::Key, "d");
        expect(
            &format!("{head}      db:\n        condition: ‸"),
            "services web depends_on db condition",
            Slot::Value,
            "",
        );
        expect(&format!("{head}  ‸"), "services", Slot::Key, "");
    }

    #[test]
    fn line_ends_quotes_and_letters_do_not_matter() {
        let head = "# Größe\r\nservices:\r\n  \"wéb\":\r\n    volumes:\r\n      - \"a\"\r\n";
        expect(&format!("{head}      - 'd‸"), "services wéb volumes -", Slot::Value, "d");
        expect("a: {b: 'x, y', ü: [1, \"2‸", "a ü -", Slot::Value, "2");
    }

    #[test]
    fn flow_collections_are_followed() {
        expect(
            "services: {web: {depends_on: [a, d‸]}}",
            "services web depends_on -",
            Slot::Value,
            "d",
        );
        expect("a: {b: {c: ‸", "a b c", Slot::Value, "");
        expect("a: {b: 1, ‸", "a", Slot::Key, "");
        expect("a: {\n  b: [x,\n    ‸", "a b -", Slot::Value, "");
        expect("a: {b: 1}\nc: ‸", "c", Slot::Value, "");
        expect("a: {b: 1\nc: ‸", "c", Slot::Value, "");
    }

    #[test]
    fn nothing_is_offered_in_texts_and_comments() {
        assert_eq!(at("a: |\n  b: ‸"), None);
        assert_eq!(at("a: 1 # b: ‸"), None);
        assert_eq!(at("# ‸"), None);
        expect("a:\n  - |\n    x\n  - ‸", "a -", Slot::Value, "");
        expect("a: >-\n  x\n\n  y\nb:\n  c: ‸", "b c", Slot::Value, "");
    }

    #[test]
    fn entries_beside_the_cursor_are_known() {
        let text = "env:\n  - name: A\n    valueFrom:\n      configMapKeyRef:\n        key: \n        name: web # x\n  - name: B\n";
        let context = Context::at(text, text.find("key: ").unwrap() + 5).unwrap();
        assert_eq!(context.sibling("name"), Some("web"));
        assert_eq!(context.around("valueFrom"), None);
        let flow = "env: [{valueFrom: {configMapKeyRef: {key: , name: web}}}]";
        let context = Context::at(flow, flow.find("key: ").unwrap() + 5).unwrap();
        assert_eq!(context.sibling("name"), Some("web"));
        let list = "a:\n  - x\n  - ";
        assert_eq!(Context::at(list, list.len()).unwrap().items(), ["x"]);
    }

    #[test]
    fn the_last_document_counts() {
        let text = "kind: A\n---\nkind: B\nspec:\n  x: ";
        let context = Context::at(text, text.len()).unwrap();
        assert_eq!(context.top("kind"), Some("B"));
    }
}
