//! The keys of ConfigMaps and Secrets.

use crate::model::Str;
use crate::model::kubernetes::{Body, Object};

/// The keys of one ConfigMap or Secret. The value of a Secret is known only where it is plain text.
#[derive(Debug, Clone)]
pub struct ConfigKeys<'a> {
    pub object: &'a Object,
    pub entries: Vec<(&'a Str, Option<&'a Str>)>,
    /// Whether every key is known; `false` for a Secret that an operator fills.
    pub complete: bool,
}

impl<'a> ConfigKeys<'a> {
    pub fn of(object: &'a Object) -> Option<ConfigKeys<'a>> {
        let mut entries: Vec<(&Str, Option<&Str>)> = Vec::new();
        let (data, other, complete) = match &object.body {
            Body::ConfigMap(it) => (&it.data, &it.binary_keys, true),
            Body::Secret(it) => {
                for (key, _) in &it.data {
                    entries.push((key, None));
                }
                (&it.string_data, &it.hidden_keys, it.keys_known)
            }
            _ => return None,
        };
        for (key, value) in data {
            entries.push((key, Some(value)));
        }
        for key in other {
            entries.push((key, None));
        }
        Some(ConfigKeys { object, entries, complete })
    }

    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|it| it.0.as_str() == key)
    }

    pub fn value(&self, key: &str) -> Option<&'a Str> {
        self.entries.iter().find(|it| it.0.as_str() == key).and_then(|it| it.1)
    }
}
