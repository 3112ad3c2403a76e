//! Relative paths of files in other folders, rewritten to start from the project's folder.

use crate::model::compose::load::value::{Data, Entry, Map, Value};
use crate::text::{join_path, relative_path};
use smol_str::SmolStr;

/// Rewrites the paths of a file whose relative paths start from `folder`.
///
/// `default_context` says what a build without `context` builds: the file's own folder (true, for an
/// included file) or the project's folder (false, for a file that `extends` names).
pub(crate) fn rebase(root: &mut Map, folder: &str, project: &str, default_context: bool) {
    if folder == project {
        return;
    }
    let rebase = Rebase { folder, project, default_context };
    root.each_in(&["services", "jobs"], &mut |service| rebase.service(service));
    root.each_in(&["secrets", "configs"], &mut |object| rebase.key(object, "file"));
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
                "build" => self.build(value),
                "env_file" => value.each(&mut |file| self.key(file, "path")),
                "label_file" => value.each(&mut |path| self.path(path)),
                "volumes" => value.each(&mut |mount| {
                    let kind = mount.get("type").and_then(Value::text);
                    if kind.is_some_and(|kind| kind == "bind") {
                        self.key(mount, "source");
                    }
                }),
                "credential_spec" => self.key(value, "file"),
                "develop" => {
                    if let Some(watch) = value.get_mut("watch") {
                        watch.each(&mut |rule| self.key(rule, "path"));
                    }
                }
                _ => {}
            }
        }
    }

    fn build(&self, value: &mut Value) {
        let span = value.span;
        let Some(build) = value.as_map_mut() else { return };
        if let Some(context) = build.get_mut("context") {
            self.path(context);
        } else if self.default_context {
            let here = Value::string(span, relative_path(self.project, self.folder));
            build.insert("context", Entry::new(span, span, here));
        }
        if let Some(contexts @ Value { data: Data::Map(_), .. }) =
            build.get_mut("additional_contexts")
        {
            contexts.each(&mut |context| self.path(context));
        }
    }

    /// Rewrites the path under a key.
    fn key(&self, value: &mut Value, key: &str) {
        if let Some(path) = value.get_mut(key) {
            self.path(path);
        }
    }

    fn path(&self, value: &mut Value) {
        if let Data::Scalar(scalar) = &mut value.data
            && is_relative(&scalar.text)
        {
            scalar.text =
                SmolStr::new(relative_path(self.project, &join_path(self.folder, &scalar.text)));
        }
    }
}

/// Whether a path is relative: not absolute, not in a home folder, and neither a URL nor another kind
/// of build context.
pub(crate) fn is_relative(path: &str) -> bool {
    let bytes = path.as_bytes();
    let drive = bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
    let remote = path.contains("://")
        || ["git@", "github.com/", "service:", "docker-image:", "oci-layout:"]
            .iter()
            .any(|prefix| path.starts_with(prefix));
    !path.is_empty() && !path.starts_with(['/', '~', '\\']) && !drive && !remote
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_and_urls_are_not_relative() {
        for path in
            ["/a", "~/a", "C:\\a", "https://x/y", "git@host:x", "service:web", "\\\\.\\pipe"]
        {
            assert!(!is_relative(path), "{path}");
        }
        assert!(is_relative("./a") && is_relative("../a") && is_relative("a"));
    }
}
