//! Reads `keys.txt`, the table of the keys that Compose knows and the types that it takes.

use crate::model::compose::load::entries::mark;
use crate::words::rows::rows;
use crate::words::words;
use std::cell::OnceCell;

const TABLE: &str = rows!("keys.txt");

/// A mapping with known keys.
#[derive(Debug)]
pub(crate) struct Object {
    pub name: &'static str,
    /// Its own keys.
    pub keys: Vec<Known>,
    /// The [`mark`]s of its own keys.
    marks: u64,
    /// The objects whose keys it takes in.
    others: Vec<&'static str>,
    /// `x-` keys may stand here.
    pub extensible: bool,
    /// At least one of its own keys must be there.
    pub requires: bool,
}

/// A key that an object may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    pub name: &'static str,
    /// The type of its value, in the words of the table.
    pub wanted: &'static str,
    pub required: bool,
}

/// How many objects there are.
const COUNT: usize = 50;

/// Where the name of each object stands, behind an empty line, and where the table ends. Found out
/// when this is compiled, since every analysis would have to walk the whole table for it.
const STARTS: [u16; COUNT + 1] = starts(TABLE.as_bytes());

const fn starts(table: &[u8]) -> [u16; COUNT + 1] {
    assert!(table.len() < u16::MAX as usize);
    let mut starts = [table.len() as u16; COUNT + 1];
    let (mut count, mut at) = (0, 0);
    while at < table.len() {
        if table[at] == b'\n' && (at == 0 || table[at - 1] == b'\n') {
            starts[count] = at as u16 + 1;
            count += 1;
        }
        at += 1;
    }
    assert!(count == COUNT);
    starts
}

/// The table, for all projects. An object is read when it is first asked for: most projects have a
/// few of them only.
#[derive(Debug)]
pub(crate) struct Schema {
    objects: [OnceCell<Object>; COUNT],
}

impl Schema {
    pub fn new() -> Schema {
        Schema { objects: [const { OnceCell::new() }; COUNT] }
    }

    pub fn object(&self, name: &str) -> Option<&Object> {
        let named = |it: &[u16]| {
            let text = &TABLE[it[0] as usize..it[1] as usize];
            text.as_bytes().get(name.len()) == Some(&b'\n') && text.starts_with(name)
        };
        let at = STARTS.windows(2).position(named)?;
        let object = || read_object(&TABLE[STARTS[at] as usize..STARTS[at + 1] as usize]);
        Some(self.objects[at].get_or_init(object))
    }

    /// A key that an object has itself or takes in.
    pub fn key<'s>(&'s self, object: &'s Object, name: &str) -> Option<&'s Known> {
        if object.marks & mark(name) != 0
            && let Some(own) = object.keys.iter().find(|it| it.name == name)
        {
            return Some(own);
        }
        object.others.iter().find_map(|it| self.key(self.object(it)?, name))
    }

    /// All the keys that an object has itself and takes in.
    fn keys(&self, object: &Object) -> Vec<Known> {
        let mut all = object.keys.clone();
        for other in object.others.iter().filter_map(|it| self.object(it)) {
            all.extend(self.keys(other));
        }
        all
    }
}

/// An object from its lines, the first of which is its name.
fn read_object(lines: &'static str) -> Object {
    let mut words = words(lines);
    let mut object = Object {
        name: words.next().unwrap_or_default(),
        // A key takes some eighteen signs with its type.
        keys: Vec::with_capacity(lines.len() / 16),
        marks: 0,
        others: Vec::new(),
        extensible: false,
        requires: false,
    };
    for word in words {
        if let Some(colon) = word.bytes().position(|it| it == b':') {
            let key = &word[..colon];
            let name = key.strip_suffix('!').unwrap_or(key);
            let wanted = &word[colon + 1..];
            object.requires |= name != key;
            object.marks |= mark(name);
            object.keys.push(Known { name, wanted, required: name != key });
        } else if let Some(other) = word.strip_prefix('+') {
            object.others.push(other);
        } else {
            object.extensible = true;
        }
    }
    object
}

/// The keys that Compose knows in a mapping named as in [`UnknownKey::owner`](crate::model::compose::UnknownKey).
pub fn known_keys(owner: &str) -> Vec<&'static str> {
    let schema = Schema::new();
    let keys = schema.object(owner).map(|it| schema.keys(it)).unwrap_or_default();
    keys.into_iter().map(|it| it.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::compose::schema::{alternatives, called, inner};

    /// Follows a type into what it is made of.
    fn follow(schema: &Schema, wanted: &'static str) {
        for it in alternatives(wanted) {
            assert!(!called(it).is_empty(), "`{it}` in `{wanted}` is no type");
            match it.as_bytes()[0] {
                b'[' | b'(' | b'{' | b'<' => follow(schema, inner(it)),
                b'@' => assert!(schema.object(&it[1..]).is_some(), "{it}"),
                _ => {}
            }
        }
    }

    #[test]
    fn every_type_of_the_table_can_be_read() {
        let schema = Schema::new();
        let objects: Vec<&Object> = TABLE
            .split("\n\n")
            .map(|it| schema.object(words(it).next().unwrap()).unwrap())
            .collect();
        assert_eq!(objects.len(), COUNT);
        let plain = |it: u8| it == b'_' || it.is_ascii_alphanumeric();
        for key in objects.iter().flat_map(|it| &it.keys) {
            assert!(key.name.bytes().all(plain), "{}", key.name);
            follow(&schema, key.wanted);
        }
        assert_eq!(TABLE.matches("+container").count(), 3);
        let count = |name: &str| known_keys(name).len();
        assert_eq!(count("service"), 14 + count("workload") + count("container"));
        for other in objects.iter().flat_map(|it| &it.others) {
            assert!(!schema.object(other).unwrap().requires, "{other} is taken in");
        }
        assert_eq!(objects.iter().filter(|it| !it.extensible).count(), 9);
    }
}
