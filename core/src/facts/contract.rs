//! The keys of ConfigMaps and Secrets, for whoever reads them.

use crate::model::Str;
use crate::model::kubernetes::{Body, Object};

/// The keys of one ConfigMap or Secret. Values of Secrets are only there in plain text.
#[derive(Debug, Clone)]
pub struct ConfigKeys<'a> {
    pub object: &'a Object,
    pub entries: Vec<(&'a Str, Option<&'a Str>)>,
    /// Every key is known; false for what an operator fills.
    pub complete: bool,
}

impl<'a> ConfigKeys<'a> {
    pub fn of(object: &'a Object) -> Option<ConfigKeys<'a>> {
        match &object.body {
            Body::ConfigMap(it) => {
                let mut entries: Vec<(&Str, Option<&Str>)> =
                    it.data.iter().map(|(key, value)| (key, Some(value))).collect();
                entries.extend(it.binary_keys.iter().map(|it| (it, None)));
                Some(ConfigKeys { object, entries, complete: true })
            }
            Body::Secret(it) => {
                let mut entries: Vec<(&Str, Option<&Str>)> =
                    it.data.iter().map(|(key, _)| (key, None)).collect();
                entries.extend(it.string_data.iter().map(|(key, value)| (key, Some(value))));
                entries.extend(it.hidden_keys.iter().map(|it| (it, None)));
                Some(ConfigKeys { object, entries, complete: it.keys_known })
            }
            _ => None,
        }
    }

    pub fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|it| it.0.as_str() == key)
    }

    pub fn value(&self, key: &str) -> Option<&'a Str> {
        self.entries.iter().find(|it| it.0.as_str() == key).and_then(|it| it.1)
    }
}
