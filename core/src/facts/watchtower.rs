//! Containers that Watchtower replaces as soon as the tag of their image moves.

use super::{Facts, Service};
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// The label with which a container says whether it is watched.
const LABEL: &str = "com.centurylinklabs.watchtower.enable";

/// The indices of the services that run Watchtower, by their part of the project.
#[derive(Debug, Default)]
pub(super) struct Watchers(OnceLock<FxHashMap<usize, Vec<usize>>>);

impl Watchers {
    fn beside(&self, facts: &Facts<'_>, service: &Service<'_>) -> &[usize] {
        let by_part = self.0.get_or_init(|| {
            let mut by_part: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
            for it in facts.services().iter().filter(|it| it.unit.program() == "watchtower") {
                by_part.entry(facts.part_of(it.span().file)).or_default().push(it.index);
            }
            by_part
        });
        by_part.get(&facts.part_of(service.span().file)).map_or(&[], Vec::as_slice)
    }
}

impl<'a> Facts<'a> {
    /// Whether a Watchtower beside a service replaces its container when the tag moves, which is how the service is
    /// delivered.
    ///
    /// Source: <https://containrrr.dev/watchtower/arguments/>, "Container selection".
    pub fn is_watched(&self, service: &Service<'a>) -> bool {
        let label = service.model.labels.iter().find(|it| it.key.as_str() == LABEL);
        let label = label.and_then(|it| it.value.as_ref()).map(|it| it.as_str());
        let name = service.model.container_name.as_ref().map_or(service.name, |it| it.as_str());
        let beside = self.watchers.beside(self, service).iter();
        let mut watchers = beside.filter(|at| **at != service.index).map(|at| &self.services[*at]);
        watchers.any(|watcher| {
            let words: Vec<&str> = watcher.unit.start.words.iter().map(|it| it.as_str()).collect();
            let is_option =
                |it: &str| it.starts_with('-') || it.bytes().all(|it| it.is_ascii_digit());
            let named: Vec<&str> = words.iter().copied().filter(|it| !is_option(it)).collect();
            let by_label = words.contains(&"--label-enable")
                || watcher.unit.value("WATCHTOWER_LABEL_ENABLE").is_some_and(|it| it == "true");
            match (by_label, named.is_empty()) {
                (true, _) => label == Some("true"),
                (false, true) => label != Some("false"),
                (false, false) => named.contains(&name),
            }
        })
    }
}
