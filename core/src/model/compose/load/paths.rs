//! Relative paths of a file in another folder, as seen from the project's folder.

use crate::model::compose::load::value::{Data, Map, Value};
use crate::text::{join_path, normalise_path};
use smol_str::SmolStr;

/// Rewrites the paths of one file that lies in (or is included for) `folder`.
/// `default_context`: a build without a context builds that folder, as in an included file; in an
/// extended one it builds the project's.
pub(crate) fn rebase(root: &mut Map, folder: &str, project: &str, default_context: bool) {
    if folder == project {
        return;
    }
    let rebase = Rebase { folder, project, default_context };
    root.each_in("services jobs", &mut |it| rebase.service(it));
    root.each_in("secrets configs", &mut |it| rebase.key(it, "file"));
}

struct Rebase<'r> {
    folder: &'r str,
    project: &'r str,
    default_context: bool,
}

impl Rebase<'_> {
    fn service(&self, service: &mut Value) {
        let Some(map) = service.as_map_mut() else { return };
        for (key, entry) in map.entries.iter_mut() {
            let value = &mut entry.value;
            match key.as_str() {
                "build" => {
                    let span = value.span;
                    let Some(build) = value.as_map_mut() else { continue };
                    if let Some(context) = build.get_mut("context") {
                        self.path(context);
                    } else if self.default_context {
                        let here = Value::string(span, relative(self.project, self.folder));
                        build.insert(
                            "context",
                            crate::model::compose::load::value::Entry::new(span, span, here),
                        );
                    }
                    if let Some(all @ Value { data: Data::Map(_), .. }) =
                        build.get_mut("additional_contexts")
                    {
                        all.each(&mut |it| self.path(it));
                    }
                }
                "env_file" => value.each(&mut |it| self.key(it, "path")),
                "label_file" => value.each(&mut |it| self.path(it)),
                "volumes" => value.each(&mut |it| {
                    let bind = it.get("type").and_then(Value::text).is_some_and(|it| it == "bind");
                    if bind {
                        self.key(it, "source");
                    }
                }),
                "credential_spec" => self.key(value, "file"),
                "develop" => {
                    if let Some(watch) = value.get_mut("watch") {
                        watch.each(&mut |it| self.key(it, "path"));
                    }
                }
                _ => {}
            }
        }
    }

    fn key(&self, value: &mut Value, key: &str) {
        if let Some(it) = value.get_mut(key) {
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

/// Not from the root, not from a home folder, not a URL or another kind of build context.
pub(crate) fn is_relative(path: &str) -> bool {
    let bytes = path.as_bytes();
    let drive = bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    let remote = path.contains("://")
        || ["git@", "github.com/", "service:", "docker-image:", "oci-layout:"]
            .iter()
            .any(|it| path.starts_with(it));
    !path.is_empty() && !path.starts_with(['/', '~', '\\']) && !drive && !remote
}

/// `path` as seen from `folder`; both from the root of what was handed over.
pub(crate) fn relative(folder: &str, path: &str) -> String {
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
