//! Relative paths of a file in another folder, as seen from the project's folder.

use super::value::{Data, Map, Value};
use crate::text::{join_path, normalise_path};
use smol_str::SmolStr;

/// Rewrites the paths of one file that lies in (or is included for) `folder`.
/// `default_context`: a build without a context builds that folder, as in an included file; in an
/// extended one it builds the project's.
pub(super) fn rebase(root: &mut Map, folder: &str, project: &str, default_context: bool) {
    if folder == project {
        return;
    }
    let rebase = Rebase { folder, project, default_context };
    for section in ["services", "jobs"] {
        let Some(map) = root.get_mut(section).and_then(Value::as_map_mut) else { continue };
        for entry in map.entries.values_mut() {
            rebase.service(&mut entry.value);
        }
    }
    for section in ["secrets", "configs"] {
        let Some(map) = root.get_mut(section).and_then(Value::as_map_mut) else { continue };
        for entry in map.entries.values_mut() {
            rebase.key(&mut entry.value, "file");
        }
    }
}

struct Rebase<'r> {
    folder: &'r str,
    project: &'r str,
    default_context: bool,
}

impl Rebase<'_> {
    fn service(&self, service: &mut Value) {
        let Some(map) = service.as_map_mut() else { return };
        for (key, entry) in &mut map.entries {
            let value = &mut entry.value;
            match key.as_str() {
                "build" => {
                    let Some(build) = value.as_map_mut() else { continue };
                    if let Some(context) = build.get_mut("context") {
                        self.path(context);
                    } else if self.default_context {
                        let span = value.span;
                        let here = Value::string(span, relative(self.project, self.folder));
                        let entry = super::value::Entry::new(span, span, here);
                        if let Some(build) = value.as_map_mut() {
                            build.insert("context", entry);
                        }
                    }
                    if let Some(Data::Map(all)) = value
                        .as_map_mut()
                        .and_then(|it| it.get_mut("additional_contexts"))
                        .map(|it| &mut it.data)
                    {
                        all.entries.values_mut().for_each(|it| self.path(&mut it.value));
                    }
                }
                "env_file" => each(value, |it| self.key(it, "path")),
                "label_file" => each(value, |it| self.path(it)),
                "volumes" => each(value, |it| {
                    let bind = it.get("type").and_then(Value::text).is_some_and(|it| it == "bind");
                    if bind {
                        self.key(it, "source");
                    }
                }),
                "credential_spec" => self.key(value, "file"),
                "develop" => {
                    if let Some(watch) = value.as_map_mut().and_then(|it| it.get_mut("watch")) {
                        each(watch, |it| self.key(it, "path"));
                    }
                }
                _ => {}
            }
        }
    }

    fn key(&self, value: &mut Value, key: &str) {
        if let Some(it) = value.as_map_mut().and_then(|it| it.get_mut(key)) {
            self.path(it);
        }
    }

    fn path(&self, value: &mut Value) {
        if let Data::Scalar(scalar) = &mut value.data
            && is_relative(&scalar.text)
        {
            scalar.text =
                SmolStr::new(relative(self.project, &join_path(self.folder, &scalar.text)));
        }
    }
}

fn each(value: &mut Value, change: impl FnMut(&mut Value)) {
    if let Data::List(items) = &mut value.data {
        items.iter_mut().for_each(change);
    }
}

/// Not from the root, not from a home folder, not a URL or another kind of build context.
pub(super) fn is_relative(path: &str) -> bool {
    let bytes = path.as_bytes();
    let drive = bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    let remote = path.contains("://")
        || ["git@", "github.com/", "service:", "docker-image:", "oci-layout:"]
            .iter()
            .any(|it| path.starts_with(it));
    !path.is_empty() && !path.starts_with(['/', '~', '\\']) && !drive && !remote
}

/// `path` as seen from `folder`; both from the root of what was handed over.
pub(super) fn relative(folder: &str, path: &str) -> String {
    let (folder, path) = (normalise_path(folder), normalise_path(path));
    if folder.is_empty() {
        return if path.is_empty() { ".".to_owned() } else { path };
    }
    let parts = |it: &str| -> Vec<String> {
        it.split('/').filter(|it| !it.is_empty()).map(str::to_owned).collect()
    };
    let (folder, path) = (parts(&folder), parts(&path));
    let common = folder.iter().zip(&path).take_while(|(a, b)| a == b).count();
    let mut all: Vec<&str> = vec![".."; folder.len() - common];
    all.extend(path[common..].iter().map(String::as_str));
    if all.is_empty() { ".".to_owned() } else { all.join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_project() {
        assert_eq!(relative("", "a/b"), "a/b");
        assert_eq!(relative("a", "a/b"), "b");
        assert_eq!(relative("a/b", "a/c"), "../c");
        assert_eq!(relative("a", "a"), ".");
    }

    #[test]
    fn what_is_no_relative_path_stays() {
        for path in
            ["/a", "~/a", "C:\\a", "https://x/y", "git@host:x", "service:web", "\\\\.\\pipe"]
        {
            assert!(!is_relative(path), "{path}");
        }
        assert!(is_relative("./a") && is_relative("../a") && is_relative("a"));
    }
}
