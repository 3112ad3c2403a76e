//! Lists of numbers by name, with one copy of the hash table for all that is looked up.
//!
//! A hash table is compiled anew for every type of key and value, and this crate is downloaded by
//! browsers. Here a key is a few words, and a value is an index into a list of the caller's.

use rustc_hash::FxHashMap;
use std::ops::Deref;

#[derive(Debug, Clone, Default)]
pub struct Index {
    numbers: FxHashMap<String, usize>,
    lists: Vec<List>,
}

/// What was added under one key. Most keys have one number, for which there need be no list.
#[derive(Debug, Clone)]
pub enum List {
    One(usize),
    Many(Vec<usize>),
}

impl Deref for List {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        match self {
            List::One(number) => std::slice::from_ref(number),
            List::Many(numbers) => numbers,
        }
    }
}

impl Index {
    /// Adds a number to the list of a key and gives the list.
    pub fn add(&mut self, key: &[&str], value: usize) -> &[usize] {
        let next = self.lists.len();
        let number = *self.numbers.entry(joined(key)).or_insert(next);
        if number == next {
            self.lists.push(List::One(value));
        } else {
            match &mut self.lists[number] {
                List::One(first) => self.lists[number] = List::Many(vec![*first, value]),
                List::Many(numbers) => numbers.push(value),
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
        match self.numbers.get(&joined(key)) {
            Some(at) => &self.lists[*at],
            None => &[],
        }
    }

    /// Every list, in the order in which their keys first came.
    pub fn lists(&self) -> &[List] {
        &self.lists
    }
}

/// The words of a key, none of which holds a line break that another could be mistaken for.
fn joined(key: &[&str]) -> String {
    let mut text = String::with_capacity(key.iter().map(|it| it.len() + 1).sum());
    for word in key {
        text.push_str(word);
        text.push('\n');
    }
    text
}
