//! Variables that one `environment` list of a Compose file sets more than once. Compose takes the last
//! one, and the merged model no longer has the others.

use super::Facts;
use crate::model::FileModel;
use crate::report::Kind;
use crate::syntax::Node;
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// A variable that a list sets twice.
#[derive(Debug, Clone, Copy)]
pub struct Repeated<'a> {
    pub service: &'a str,
    pub name: &'a str,
    /// The item that has no effect.
    pub first: Span,
    /// The item that counts.
    pub last: Span,
    /// Whether both items say the same.
    pub is_same: bool,
}

impl<'a> Facts<'a> {
    /// Returns the variables that a list of a Compose file sets twice, in the order of the files.
    pub fn repeated_variables(&self) -> Vec<Repeated<'a>> {
        let files = self.files().iter().filter(|it| it.kind == Kind::Compose);
        files.flat_map(|file| in_file(file)).collect()
    }
}

fn in_file(file: &FileModel) -> Vec<Repeated<'_>> {
    let mut found = Vec::new();
    // Several services may share one list through an alias.
    let mut seen = FxHashSet::default();
    for root in file.tree.roots() {
        let Some(services) = root.get("services") else { continue };
        for service in services.entries() {
            let (Some(name), Some(list)) = (service.key.as_str(), service.value.get("environment"))
            else {
                continue;
            };
            if seen.insert(list.resolve().id()) {
                found.extend(in_list(name, list));
            }
        }
    }
    found
}

fn in_list<'t>(service: &'t str, list: Node<'t>) -> Vec<Repeated<'t>> {
    let mut last: FxHashMap<&str, (Span, &str)> = FxHashMap::default();
    let mut found = Vec::new();
    for item in list.items() {
        let Some(text) = item.as_str() else { continue };
        let (name, value) = text.split_once('=').unwrap_or((text, text));
        let span = item.resolve().span();
        if let Some((first, earlier)) = last.insert(name, (span, value)) {
            found.push(Repeated { service, name, first, last: span, is_same: earlier == value });
        }
    }
    found
}
