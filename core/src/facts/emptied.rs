//! Lists that an override file empties and that Compose keeps.

use super::Facts;
use crate::model::compose::Project;
use crate::syntax::Node;
use crate::text::{FileId, Span};
use rustc_hash::{FxHashMap, FxHashSet};

/// The lists of a service that Compose adds together. Others, such as `command`, are replaced.
///
/// Source: <https://docs.docker.com/reference/compose-file/merge/>
const ADDED: &[&str] = &[
    "cap_add",
    "cap_drop",
    "configs",
    "depends_on",
    "devices",
    "dns",
    "env_file",
    "environment",
    "expose",
    "extra_hosts",
    "group_add",
    "labels",
    "networks",
    "ports",
    "profiles",
    "secrets",
    "security_opt",
    "tmpfs",
    "volumes",
];

/// An empty list in a file that is laid over another one.
#[derive(Debug, Clone, Copy)]
pub struct EmptiedList<'a> {
    pub project: &'a Project,
    pub service: &'a str,
    pub key: &'static str,
    pub list: Span,
    /// The entries that stay, in the last file before it that lists any.
    pub kept: Span,
}

impl<'a> Facts<'a> {
    /// Returns the lists that an override file empties although Compose keeps what earlier files list, each once: a file
    /// may be laid over several others.
    pub fn emptied_lists(&self) -> Vec<EmptiedList<'a>> {
        let mut seen: FxHashSet<Span> = FxHashSet::default();
        let mut found = Vec::new();
        for project in self.projects() {
            let mut kept: FxHashMap<&str, FxHashMap<&str, Span>> = FxHashMap::default();
            for (service, node) in
                project.files.iter().flat_map(|file| self.written_services(*file))
            {
                let is_replaced = node.tag().is_some();
                if is_replaced {
                    kept.remove(service);
                }
                let kept = kept.entry(service).or_default();
                for key in ADDED {
                    let Some(list) = node.get(key) else { continue };
                    let span = list.span();
                    if list.items().len() + list.entries().len() > 0 {
                        kept.insert(key, span);
                    } else if is_replaced || list.tag().is_some() {
                        kept.remove(key);
                    } else if let Some(kept) = kept.get(key).copied()
                        && list.is_sequence()
                        && self.written(&span).starts_with('[')
                        && seen.insert(span)
                    {
                        found.push(EmptiedList { project, service, key, list: span, kept });
                    }
                }
            }
        }
        found
    }

    /// Returns the services of a file as they are written, with their names.
    fn written_services(
        &self,
        file: FileId,
    ) -> impl Iterator<Item = (&'a str, Node<'a>)> + use<'a> {
        let services = self.file(file).tree.roots().filter_map(|it| it.get("services"));
        services.flat_map(|it| it.entries()).filter_map(|it| Some((it.key.as_str()?, it.value)))
    }
}
