//! Lists of numbers by name, with one small hash table for all that is looked up.
//!
//! The library's hash table is compiled anew for every type of key and value, and this crate is
//! downloaded by browsers. Here a key is a few words, and a value is an index into a list of the
//! caller's.

use rustc_hash::FxHasher;
use std::hash::Hasher;
use std::ops::Deref;

/// The keys lie behind each other in one text, and the table holds numbers of lists: nothing is put
/// together or copied to look a key up.
#[derive(Debug, Clone, Default)]
pub struct Index {
    keys: String,
    lists: Vec<List>,
    /// Each list's place in `lists` and 1, at the first free slot from its hash on; 0 is free. At least
    /// half of it always is. Empty as long as there are so few lists that each can be asked.
    table: Vec<u32>,
}

/// What was added under one key.
#[derive(Debug, Clone)]
pub struct List {
    hash: usize,
    /// Where the key begins in the text of all keys.
    start: usize,
    numbers: Numbers,
}

/// Most keys have one number, for which there need be no list.
#[derive(Debug, Clone)]
enum Numbers {
    One(usize),
    Many(Vec<usize>),
}

impl Deref for List {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        match &self.numbers {
            Numbers::One(number) => std::slice::from_ref(number),
            Numbers::Many(numbers) => numbers,
        }
    }
}

/// So many lists are asked one after the other.
const FEW: usize = 8;

impl Index {
    /// Adds a number to the list of a key and gives the list.
    pub fn add(&mut self, key: &[&str], value: usize) -> &[usize] {
        let hash = hash(key);
        let number = self.find(key, hash).unwrap_or(self.lists.len());
        match self.lists.get_mut(number) {
            Some(list) => match &mut list.numbers {
                Numbers::One(first) => list.numbers = Numbers::Many(vec![*first, value]),
                Numbers::Many(numbers) => numbers.push(value),
            },
            None => {
                if number == 0 {
                    self.keys.reserve(200);
                    self.lists.reserve(FEW);
                }
                let (start, numbers) = (self.keys.len(), Numbers::One(value));
                for word in key {
                    self.keys.push_str(word);
                    self.keys.push('\n');
                }
                self.lists.push(List { hash, start, numbers });
                self.enter(number);
            }
        }
        &self.lists[number]
    }

    /// Counts a key that has nothing to say but that it is there.
    pub fn count(&mut self, key: &str) {
        self.add(&[key], 0);
    }

    /// What was added under a key, in that order.
    pub fn get(&self, key: &[&str]) -> &[usize] {
        match self.find(key, hash(key)) {
            Some(number) => &self.lists[number],
            None => &[],
        }
    }

    /// Every list, in the order in which their keys first came.
    pub fn lists(&self) -> &[List] {
        &self.lists
    }

    /// Which list is the key's.
    fn find(&self, key: &[&str], hash: usize) -> Option<usize> {
        if self.table.is_empty() {
            return (0..self.lists.len()).find(|it| self.is(*it, key, hash));
        }
        let mut slot = hash;
        loop {
            let number = (self.table[slot & (self.table.len() - 1)] as usize).checked_sub(1)?;
            if self.is(number, key, hash) {
                return Some(number);
            }
            slot = slot.wrapping_add(1);
        }
    }

    fn is(&self, number: usize, key: &[&str], hash: usize) -> bool {
        let list = &self.lists[number];
        if list.hash != hash {
            return false;
        }
        let end = self.lists.get(number + 1).map_or(self.keys.len(), |it| it.start);
        // No word holds a line break that another could be mistaken for.
        let mut rest = &self.keys[list.start..end];
        let same = key.iter().all(|word| {
            let after = rest.strip_prefix(word).and_then(|it| it.strip_prefix('\n'));
            rest = after.unwrap_or_default();
            after.is_some()
        });
        same && rest.is_empty()
    }

    /// Puts a new list into the table, which grows as need be.
    fn enter(&mut self, number: usize) {
        if self.lists.len() <= FEW {
            return;
        }
        let mut from = number;
        if self.lists.len() * 2 > self.table.len() {
            let size = (self.lists.len() * 4).next_power_of_two();
            (self.table, from) = (vec![0; size], 0);
        }
        for number in from..self.lists.len() {
            let mut slot = self.lists[number].hash;
            let mask = self.table.len() - 1;
            while self.table[slot & mask] != 0 {
                slot = slot.wrapping_add(1);
            }
            self.table[slot & mask] = u32::try_from(number + 1).unwrap_or(u32::MAX);
        }
    }
}

fn hash(key: &[&str]) -> usize {
    let mut hasher = FxHasher::default();
    for word in key {
        hasher.write(word.as_bytes());
    }
    hasher.finish() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_among_few_and_among_many() {
        let mut index = Index::default();
        for round in 0..2 {
            for at in 0..300 {
                let name = at.to_string();
                assert_eq!(index.add(&["a", &name], at).len(), round + 1);
                assert_eq!(index.get(&["a", &name])[0], at);
                assert!(index.get(&[&name, "a"]).is_empty() && index.get(&["a"]).is_empty());
                assert!(index.get(&["a", &name, ""]).is_empty());
            }
        }
        assert_eq!(index.lists().len(), 300);
        assert_eq!(index.lists()[299][..], [299, 299]);
    }
}
