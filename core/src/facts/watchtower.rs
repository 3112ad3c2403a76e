//! Containers that Watchtower replaces as soon as the tag of their image moves.

use super::{Facts, Service};

/// The label with which a container says whether it is watched.
const LABEL: &str = "com.centurylinklabs.watchtower.enable";

impl<'a> Facts<'a> {
    /// Whether a Watchtower beside a service replaces its container when the tag moves, which is how the service is
    /// delivered.
    ///
    /// Source: <https://containrrr.dev/watchtower/arguments/>, "Container selection".
    pub fn is_watched(&self, service: &Service<'a>) -> bool {
        let part = self.part_of(service.span().file);
        let is_beside = |it: &&Service<'a>| self.part_of(it.span().file) == part;
        let label = service.model.labels.iter().find(|it| it.key.as_str() == LABEL);
        let label = label.and_then(|it| it.value.as_ref()).map(|it| it.as_str());
        let name = service.model.container_name.as_ref().map_or(service.name, |it| it.as_str());
        let mut watchers = self
            .services()
            .iter()
            .filter(|it| it.unit.program() == "watchtower" && it.index != service.index)
            .filter(is_beside);
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
