//! The entries of a mapping, in the order in which they were written.

use crate::model::compose::load::value::Entry;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// So many keys are looked through one by one, which is most mappings; for more there is an index.
const FEW: usize = 16;

#[derive(Debug, Clone, Default)]
pub(crate) struct Entries {
    list: Vec<(SmolStr, Entry)>,
    /// The [`mark`]s of all keys that ever were in the list: most keys that are asked for never were.
    marks: u64,
    /// Where each key stands in the list, once there are more than a few.
    index: Option<Box<FxHashMap<SmolStr, usize>>>,
}

/// One of 64 bits for keys that begin alike and are of one length.
pub(crate) fn mark(key: &str) -> u64 {
    let first = key.as_bytes().first().copied().unwrap_or_default();
    1 << ((first as usize + 7 * key.len()) % 64)
}

impl Entries {
    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn reserve(&mut self, more: usize) {
        self.list.reserve_exact(more);
    }

    fn place(&self, key: &str) -> Option<usize> {
        if self.marks & mark(key) == 0 {
            return None;
        }
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.list.iter().position(|it| it.0 == key),
        }
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.place(key).is_some()
    }

    pub fn get(&self, key: &str) -> Option<&Entry> {
        Some(&self.list[self.place(key)?].1)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        let place = self.place(key)?;
        Some(&mut self.list[place].1)
    }

    /// Adds an entry at the end, or puts it in the place of the one with its key; whether there was
    /// one.
    pub fn insert(&mut self, key: SmolStr, entry: Entry) -> bool {
        if let Some(old) = self.get_mut(&key) {
            *old = entry;
            return true;
        }
        self.push(key, entry);
        false
    }

    /// Adds an entry whose key is not there yet.
    pub fn push(&mut self, key: SmolStr, entry: Entry) {
        self.marks |= mark(&key);
        if let Some(index) = &mut self.index {
            index.insert(key.clone(), self.list.len());
        }
        self.list.push((key, entry));
        if self.index.is_none() && self.list.len() > FEW {
            self.write_index();
        }
    }

    fn write_index(&mut self) {
        self.index = None;
        if self.list.len() > FEW {
            let places = self.list.iter().enumerate().map(|(at, it)| (it.0.clone(), at));
            self.index = Some(Box::new(places.collect()));
        }
    }

    /// Takes an entry out; those after it move up.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let place = self.place(key)?;
        if let Some(index) = &mut self.index {
            index.remove(key);
            index.values_mut().filter(|it| **it > place).for_each(|it| *it -= 1);
        }
        Some(self.list.remove(place).1)
    }

    pub fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        let before = self.list.len();
        self.list.retain(|it| keep(&it.1));
        if self.list.len() < before {
            self.write_index();
        }
    }

    pub fn iter(&self) -> std::slice::Iter<'_, (SmolStr, Entry)> {
        self.list.iter()
    }

    pub fn keys(&self) -> impl Iterator<Item = &SmolStr> {
        self.list.iter().map(|it| &it.0)
    }

    pub fn values(&self) -> impl Iterator<Item = &Entry> {
        self.list.iter().map(|it| &it.1)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.list.iter_mut().map(|it| &mut it.1)
    }

    /// The keys with their entries, which alone may be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&SmolStr, &mut Entry)> {
        self.list.iter_mut().map(|it| (&it.0, &mut it.1))
    }
}

impl<'e> IntoIterator for &'e Entries {
    type Item = &'e (SmolStr, Entry);
    type IntoIter = std::slice::Iter<'e, (SmolStr, Entry)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Entries {
    type Item = (SmolStr, Entry);
    type IntoIter = std::vec::IntoIter<(SmolStr, Entry)>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::compose::load::value::Value;
    use crate::text::Span;

    #[test]
    fn few_and_many_keys_are_found_alike() {
        let entry = |text: &str| {
            let span = Span::default();
            Entry::new(span, span, Value::string(span, text))
        };
        let mut all = Entries::default();
        for at in 0..40 {
            assert!(!all.insert(SmolStr::new(format!("k{at}")), entry("old")));
        }
        assert!(all.insert(SmolStr::new("k30"), entry("new")));
        assert!(all.remove("k3").is_some() && all.remove("k3").is_none());
        let text = |all: &Entries, key: &str| all.get(key)?.value.text().map(SmolStr::to_string);
        assert_eq!(text(&all, "k30").as_deref(), Some("new"));
        assert_eq!(text(&all, "k39").as_deref(), Some("old"));
        assert_eq!(all.keys().nth(3).map(SmolStr::as_str), Some("k4"));
        for at in 4..35 {
            all.remove(&format!("k{at}"));
        }
        assert_eq!(all.len(), 8);
        assert_eq!(text(&all, "k36").as_deref(), Some("old"));
        assert!(!all.contains_key("k30"));
    }
}
