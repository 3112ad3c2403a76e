//! The merge of a later file over an earlier one.
//!
//! Mappings are merged key by key and sequences are concatenated without repeated items; `command`,
//! `entrypoint` and a healthcheck's `test` are replaced as a whole; `!reset` removes and `!override`
//! replaces a value. Short forms were expanded before.

use crate::model::compose::ProblemKind;
use crate::model::compose::load::lower::Lowering;
use crate::model::compose::load::value::{Data, Entry, Map, Tag, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::{SmolStr, format_smolstr};

/// Merges a file over the files before, or a service over the one that it extends.
pub(crate) struct Merge<'m> {
    pub out: &'m mut Lowering,
    /// The keys that lead from the top level to the values being merged.
    pub path: Vec<SmolStr>,
}

impl Merge<'_> {
    pub fn maps(&mut self, base: &mut Map, over: Map) {
        base.short &= over.short;
        base.write_again(over.place, over.earlier);
        let mut reset = FxHashSet::default();
        for (key, mut entry) in over.entries {
            match entry.value.tag {
                Tag::Reset => {
                    reset.insert(key);
                    continue;
                }
                Tag::Override => {
                    entry.value.tag = Tag::None;
                    strip(&mut entry.value);
                    replace(base, key, entry);
                    continue;
                }
                Tag::None => {}
            }
            let is_extension = key.starts_with("x-") && !self.holds_names();
            if is_extension || !base.entries.contains_key(&key) {
                strip(&mut entry.value);
                replace(base, key, entry);
                continue;
            }
            self.path.push(key.clone());
            let Some(old) = base.entries.get_mut(&key) else { continue };
            if !entry.value.is_null() || self.replaces() {
                old.write_again(&entry);
            }
            self.values(&mut old.value, entry.value);
            self.path.pop();
        }
        base.remove_all(&reset);
    }

    /// Whether the keys of the current mapping are names that people choose: a service may be named `x-a`.
    fn holds_names(&self) -> bool {
        let sections = ["services", "volumes", "networks", "secrets", "configs", "models", "jobs"];
        matches!(self.path.as_slice(), [section] if sections.contains(&section.as_str()))
    }

    /// Returns the section, the key in one of its objects and the two keys below that one; empty where
    /// the path is shorter. The name of the object is left out.
    fn path(&self) -> [&str; 4] {
        let at = |index: usize| self.path.get(index).map_or("", SmolStr::as_str);
        [at(0), at(2), at(3), at(4)]
    }

    /// Whether a later value replaces the earlier one as a whole.
    fn replaces(&self) -> bool {
        let [section, key, inner, below] = self.path();
        (section == "services" || section == "jobs")
            && match key {
                "command" | "entrypoint" => inner.is_empty(),
                "healthcheck" => inner == "test" && below.is_empty(),
                _ => false,
            }
    }

    fn values(&mut self, base: &mut Value, mut over: Value) {
        if self.replaces() {
            strip(&mut over);
            *base = over;
            return;
        }
        if over.is_null() {
            return;
        }
        if base.is_null() {
            strip(&mut over);
            *base = over;
            return;
        }
        let [section, key, inner, _] = self.path();
        if section == "services" && key == "logging" && inner.is_empty() {
            // The options of one logging driver mean nothing to another.
            let driver = |logging: &Value| logging.get("driver").and_then(Value::text).cloned();
            if let (Some(old), Some(new)) = (driver(base), driver(&over))
                && old != new
            {
                strip(&mut over);
                *base = over;
                return;
            }
        }
        // A limit may be a number in one file and a mapping in another.
        let ulimit = section == "services" && key == "ulimits" && !inner.is_empty();
        let ipam = section == "networks" && key == "ipam" && inner == "config";
        match (&mut base.data, over.data) {
            (Data::Map(old), Data::Map(new)) => {
                base.span = over.span;
                (base.flow, base.shared) = (over.flow, over.shared);
                self.maps(old, *new);
            }
            (Data::List(old), Data::List(new)) if ipam => {
                base.span = over.span;
                merge_subnets(self, old, new);
            }
            (Data::List(old), Data::List(mut new)) => {
                base.span = over.span;
                (base.flow, base.shared) = (over.flow, over.shared);
                new.iter_mut().for_each(strip);
                if identity(&self.path).is_some() {
                    old.extend(new);
                    unify_list(&self.path, old);
                } else {
                    append(old, new);
                }
            }
            (Data::Scalar(_), data @ Data::Scalar(_)) => {
                *base = Value { data, tag: Tag::None, ..over };
            }
            (_, data) => {
                let mut value = Value { data, tag: Tag::None, ..over };
                strip(&mut value);
                if !ulimit {
                    let name = self.path.last().cloned().unwrap_or_default();
                    let message = format!(
                        "`{name}` does not have the type here that an earlier file gives it"
                    );
                    self.out.problem(ProblemKind::Conflict, value.span, &name, message);
                }
                *base = value;
            }
        }
    }
}

/// Maximum number of items among which a mapping that is repeated is looked for.
const MAX_COMPARED: usize = 1000;

/// Appends the items that the list does not contain yet.
fn append(base: &mut Vec<Value>, over: Vec<Value>) {
    let mut texts: FxHashSet<SmolStr> =
        base.iter().filter_map(|item| item.text().cloned()).collect();
    for item in over {
        let known = match item.text() {
            Some(text) => !texts.insert(text.clone()),
            // Lists without an identity for their items hold few mappings, if any.
            None => base.len() < MAX_COMPARED && base.iter().any(|old| old.same(&item)),
        };
        if !known {
            base.push(item);
        }
    }
}

fn replace(base: &mut Map, key: SmolStr, entry: Entry) {
    match base.entries.get_mut(&key) {
        Some(old) => {
            old.write_again(&entry);
            old.value = entry.value;
        }
        None => base.insert(key, entry),
    }
}

/// Removes the tags from a value that is merged over nothing, and with them the values to reset.
pub(crate) fn strip(value: &mut Value) {
    value.tag = Tag::None;
    match &mut value.data {
        Data::Scalar(_) => {}
        Data::List(items) => items.retain(|item| item.tag != Tag::Reset),
        Data::Map(map) => map.entries.retain(|_, entry| entry.value.tag != Tag::Reset),
    }
    value.each(&mut strip);
}

/// Merges the address ranges of a network: entries with the same subnet are one.
fn merge_subnets(merge: &mut Merge<'_>, base: &mut Vec<Value>, over: Vec<Value>) {
    let subnet = |item: &Value| item.get("subnet").and_then(Value::text).cloned();
    let mut known: FxHashMap<Option<SmolStr>, usize> = FxHashMap::default();
    for (at, item) in base.iter().enumerate() {
        known.entry(subnet(item)).or_insert(at);
    }
    for mut item in over {
        let key = subnet(&item);
        match (known.get(&key), item.data) {
            (Some(at), Data::Map(new)) => {
                if let Some(old) = base[*at].as_map_mut() {
                    merge.maps(old, *new);
                }
            }
            (_, data) => {
                item.data = data;
                strip(&mut item);
                known.entry(key).or_insert(base.len());
                base.push(item);
            }
        }
    }
}

/// Removes repeated items from the lists of one file.
pub(crate) fn unify(root: &mut Map) {
    let mut path: Vec<SmolStr> = Vec::new();
    for section in ["services", "jobs"] {
        let Some(map) = root.get_mut(section).and_then(Value::as_map_mut) else { continue };
        path.push(SmolStr::new_static(section));
        for (name, entry) in map.entries.iter_mut() {
            let Some(service) = entry.value.as_map_mut() else { continue };
            path.push(name.clone());
            for (key, entry) in service.entries.iter_mut() {
                let nested = matches!(key.as_str(), "build" | "networks");
                if !nested && entry.value.as_list().is_none() {
                    continue;
                }
                path.push(key.clone());
                unify_below(&mut path, &mut entry.value, 0);
                path.pop();
            }
            path.pop();
        }
        path.clear();
    }
}

fn unify_below(path: &mut Vec<SmolStr>, value: &mut Value, depth: usize) {
    match &mut value.data {
        Data::List(items) => unify_list(path, items),
        Data::Map(map) if depth < 2 => {
            for (key, entry) in map.entries.iter_mut() {
                path.push(key.clone());
                unify_below(path, &mut entry.value, depth + 1);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Returns what identifies an item in its list.
type Identity = fn(&Value) -> Option<SmolStr>;

/// Keeps one item of each identity: the last one, in the position of the first.
fn unify_list(path: &[SmolStr], items: &mut Vec<Value>) {
    if items.len() < 2 {
        return;
    }
    let Some(identity) = identity(path) else { return };
    let mut seen: FxHashMap<SmolStr, usize> = FxHashMap::default();
    let mut all: Vec<Value> = Vec::with_capacity(items.len());
    for item in items.drain(..) {
        let Some(key) = identity(&item) else {
            all.push(item);
            continue;
        };
        match seen.get(&key) {
            Some(at) => all[*at] = item,
            None => {
                seen.insert(key, all.len());
                all.push(item);
            }
        }
    }
    *items = all;
}

/// Returns how the items of the list at a path are identified; `None` where they are not.
fn identity(path: &[SmolStr]) -> Option<Identity> {
    let at = |index: usize| path.get(index).map_or("", SmolStr::as_str);
    if !matches!(at(0), "services" | "jobs") {
        return None;
    }
    match (path.len(), at(2)) {
        (3, "volumes") => Some(|mount| mount.get("target")?.text().cloned()),
        (3, "ports") => Some(port),
        (3, "expose") => Some(|port| port.text().cloned()),
        (3, "secrets") => Some(|secret| file_reference(secret, "/run/secrets")),
        (3, "configs") => Some(|config| file_reference(config, "")),
        (3, "env_file") => Some(|file| file.get("path")?.text().cloned()),
        (3, "devices") => Some(device),
        (3, "extra_hosts") => Some(|entry| {
            let (host, address) = (entry.get("host")?.text()?, entry.get("address")?.text()?);
            Some(format_smolstr!("{host}={address}"))
        }),
        (
            3,
            "cap_add" | "cap_drop" | "dns" | "dns_opt" | "dns_search" | "links" | "profiles"
            | "tmpfs",
        ) => Some(key),
        (4, "build") if at(3) == "tags" => Some(key),
        (5, "networks") if matches!(at(4), "aliases" | "link_local_ips") => Some(key),
        _ => None,
    }
}

fn key(value: &Value) -> Option<SmolStr> {
    let text = value.text()?;
    Some(text.split_once('=').map_or_else(|| text.clone(), |(key, _)| SmolStr::new(key)))
}

fn port(value: &Value) -> Option<SmolStr> {
    let get = |key: &str| value.get(key).and_then(Value::text).map(SmolStr::as_str);
    let host = get("host_ip").unwrap_or("0.0.0.0");
    let published = get("published").unwrap_or_default();
    let protocol = get("protocol").unwrap_or("tcp");
    Some(format_smolstr!("{host}:{published}:{}/{protocol}", get("target")?))
}

fn file_reference(value: &Value, folder: &str) -> Option<SmolStr> {
    match value.get("target").and_then(Value::text) {
        Some(target) => Some(target.clone()),
        None => Some(format_smolstr!("{folder}/{}", value.get("source")?.text()?)),
    }
}

fn device(value: &Value) -> Option<SmolStr> {
    if let Some(target) = value.get("target") {
        return target.text().cloned();
    }
    let text = value.text()?;
    Some(SmolStr::new(text.split(':').nth(1).unwrap_or(text)))
}
