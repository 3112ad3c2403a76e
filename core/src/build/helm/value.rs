//! Values of templates, as Go has them: shared, typed, and dicts changed in place.
//!
//! Lists and dicts are owned by a [`Heap`], which empties them all at the end. A dict that contains
//! itself is no leak then, and a chain of a million dicts is freed without recursion.

use super::budget::Budget;
use super::failure::{Failure, Result};
use super::object::Object;
use crate::build::origin::Text;
use crate::text::Span;
use smol_str::SmolStr;
use std::cell::{Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The place where a scalar other than a string was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub span: Span,
    /// As written; printed text that is equal to it is exact.
    pub text: SmolStr,
}

/// A value and, for scalars other than strings, its place. Strings know their own.
#[derive(Debug, Clone)]
pub struct Value {
    pub data: Data,
    pub origin: Option<Rc<Origin>>,
}

#[derive(Debug, Clone)]
pub enum Data {
    Null,
    Bool(bool),
    /// Go's `int`: literals, lengths, what `int` returns.
    Int(i64),
    /// Go's `int64`: what sprig's arithmetic returns.
    Int64(i64),
    /// Go's `float64`: every number that comes out of YAML or JSON.
    Float(f64),
    Str(Rc<Text>),
    /// Raw bytes of a file.
    Bytes(Rc<str>),
    List(List),
    Dict(Dict),
    /// Seconds since 1970.
    Time(i64),
    Object(Rc<Object>),
}

#[derive(Debug, Clone)]
pub struct List(Rc<RefCell<Vec<Value>>>);

#[derive(Debug, Clone)]
pub struct Dict(Rc<RefCell<Entries>>);

/// A dict's entries in the order in which Go prints and ranges over them.
pub type Entries = BTreeMap<Rc<str>, Entry>;

/// A dict's value, and where its key was written.
#[derive(Debug, Clone)]
pub struct Entry {
    pub key: Option<Span>,
    pub value: Value,
}

impl List {
    pub fn items(&self) -> Ref<'_, Vec<Value>> {
        self.0.borrow()
    }

    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Dict {
    pub fn entries(&self) -> Ref<'_, Entries> {
        self.0.borrow()
    }

    pub fn entries_mut(&self) -> RefMut<'_, Entries> {
        self.0.borrow_mut()
    }

    pub fn get(&self, key: &str) -> Option<Value> {
        self.0.borrow().get(key).map(|entry| entry.value.clone())
    }

    pub fn contains(&self, key: &str) -> bool {
        self.0.borrow().contains_key(key)
    }

    /// Sets a key, which keeps the place where it was first written.
    pub fn set(&self, key: &str, value: Value) {
        let mut entries = self.0.borrow_mut();
        match entries.get_mut(key) {
            Some(entry) => entry.value = value,
            None => {
                entries.insert(key.into(), Entry { key: None, value });
            }
        }
    }

    pub fn remove(&self, key: &str) {
        self.0.borrow_mut().remove(key);
    }

    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn is_same(&self, other: &Dict) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<Value> {
        let (first, rest) = path.split_first()?;
        let mut value = self.get(first)?;
        for key in rest {
            let Data::Dict(dict) = &value.data else { return None };
            let next = dict.get(key)?;
            value = next;
        }
        Some(value)
    }
}

impl From<Data> for Value {
    fn from(data: Data) -> Value {
        Value { data, origin: None }
    }
}

impl Value {
    pub const NULL: Value = Value { data: Data::Null, origin: None };

    pub fn bool(value: bool) -> Value {
        Data::Bool(value).into()
    }

    pub fn int(value: i64) -> Value {
        Data::Int(value).into()
    }

    /// A length or an index, which Go has as `int`.
    pub fn count(value: usize) -> Value {
        Value::int(i64::try_from(value).unwrap_or(i64::MAX))
    }

    pub fn text(text: Text) -> Value {
        Data::Str(Rc::new(text)).into()
    }

    pub fn string(text: impl Into<String>) -> Value {
        Value::text(Text::plain(text))
    }

    pub fn at(self, origin: Option<Rc<Origin>>) -> Value {
        Value { origin, ..self }
    }

    pub fn as_dict(&self) -> Option<&Dict> {
        match &self.data {
            Data::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&List> {
        match &self.data {
            Data::List(list) => Some(list),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::Str(text) => Some(text.as_str()),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.data, Data::Null)
    }

    /// Whether `if` takes the value for true.
    pub fn is_true(&self) -> bool {
        match &self.data {
            Data::Null => false,
            Data::Bool(value) => *value,
            Data::Int(value) | Data::Int64(value) => *value != 0,
            Data::Float(value) => *value != 0.0,
            Data::Str(text) => !text.is_empty(),
            Data::Bytes(bytes) => !bytes.is_empty(),
            Data::List(list) => !list.is_empty(),
            Data::Dict(dict) => !dict.is_empty(),
            Data::Time(_) => true,
            Data::Object(object) => !object.is_empty(),
        }
    }

    /// Go's name of the kind, as `kindOf` returns it.
    pub fn kind(&self) -> &'static str {
        match &self.data {
            Data::Null => "invalid",
            Data::Bool(_) => "bool",
            Data::Int(_) => "int",
            Data::Int64(_) => "int64",
            Data::Float(_) => "float64",
            Data::Str(_) => "string",
            Data::Bytes(_) | Data::List(_) => "slice",
            Data::Dict(_) => "map",
            Data::Time(_) => "struct",
            Data::Object(object) => object.kind(),
        }
    }

    /// Go's name of the type, as `typeOf` returns it.
    pub fn type_name(&self) -> &'static str {
        match &self.data {
            Data::Null => "<nil>",
            Data::Bool(_) => "bool",
            Data::Int(_) => "int",
            Data::Int64(_) => "int64",
            Data::Float(_) => "float64",
            Data::Str(_) => "string",
            Data::Bytes(_) => "[]uint8",
            Data::List(_) => "[]interface {}",
            Data::Dict(_) => "map[string]interface {}",
            Data::Time(_) => "time.Time",
            Data::Object(object) => object.type_name(),
        }
    }
}

/// The owner of all lists and dicts of one rendering, and its budget.
#[derive(Debug, Default)]
pub struct Heap {
    pub budget: Budget,
    /// What `required` gives in the place of an empty value; without it, the rendering stops, as in Helm.
    pub stand_in: Option<&'static str>,
    lists: RefCell<Vec<List>>,
    dicts: RefCell<Vec<Dict>>,
}

impl Heap {
    pub fn list(&self, items: Vec<Value>) -> Result<Value> {
        self.budget.spend_steps(1 + items.len())?;
        let list = List(Rc::new(RefCell::new(items)));
        self.lists.borrow_mut().push(list.clone());
        Ok(Data::List(list).into())
    }

    pub fn dict(&self, entries: Entries) -> Result<Dict> {
        self.budget.spend_steps(1 + entries.len())?;
        let dict = Dict(Rc::new(RefCell::new(entries)));
        self.dicts.borrow_mut().push(dict.clone());
        Ok(dict)
    }

    /// A dict of values that were written nowhere.
    pub fn dict_of<'k>(&self, entries: impl IntoIterator<Item = (&'k str, Value)>) -> Result<Dict> {
        let entries =
            entries.into_iter().map(|(key, value)| (key.into(), Entry { key: None, value }));
        self.dict(entries.collect())
    }

    /// A string result, paid for by its length.
    pub fn text(&self, text: Text) -> Result<Value> {
        self.budget.spend_bytes(text.weight())?;
        Ok(Value::text(text))
    }

    /// A copy that shares no list or dict with the original.
    pub fn deep_copy(&self, value: &Value) -> Result<Value> {
        self.copy_at(value, 0)
    }

    fn copy_at(&self, value: &Value, depth: usize) -> Result<Value> {
        super::budget::check_depth(depth)?;
        self.budget.spend_steps(super::budget::VISIT)?;
        let copied = match &value.data {
            Data::List(list) => {
                let items = list.items();
                let items: Result<Vec<Value>> =
                    items.iter().map(|item| self.copy_at(item, depth + 1)).collect();
                self.list(items?)?
            }
            Data::Dict(dict) => {
                let mut copy = Entries::new();
                for (key, entry) in dict.entries().iter() {
                    let value = self.copy_at(&entry.value, depth + 1)?;
                    copy.insert(Rc::clone(key), Entry { key: entry.key, value });
                }
                Data::Dict(self.dict(copy)?).into()
            }
            Data::Null
            | Data::Bool(_)
            | Data::Int(_)
            | Data::Int64(_)
            | Data::Float(_)
            | Data::Str(_)
            | Data::Bytes(_)
            | Data::Time(_)
            | Data::Object(_) => return Ok(value.clone()),
        };
        Ok(copied.at(value.origin.clone()))
    }

    /// A copy of a dict that shares no list or dict with the original.
    pub fn copy_dict(&self, dict: &Dict) -> Result<Dict> {
        match self.copy_at(&Data::Dict(dict.clone()).into(), 0)?.data {
            Data::Dict(copy) => Ok(copy),
            _ => Err(Failure::new("internal error: the copy of a dict is no dict")),
        }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        for list in self.lists.borrow().iter() {
            list.0.borrow_mut().clear();
        }
        for dict in self.dicts.borrow().iter() {
            dict.0.borrow_mut().clear();
        }
    }
}
