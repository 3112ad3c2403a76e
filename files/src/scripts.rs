//! The shell scripts that Compose files and Dockerfiles name: what a container runs may lie in one of them.

use crate::env_files::{below, stays};
use crate::names::is_env;
use crate::read::load;
use plimsoll_core::model::detect::by_name;
use plimsoll_core::report::FileKind;
use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Maximum length of a script in bytes. A start script is short; what is longer is a program.
const MAX_SCRIPT: u64 = 64 * 1024;

/// Names of scripts that are often without an extension. They count if their first line names a shell.
const BARE_NAMES: &[&str] = &["entrypoint", "docker-entrypoint", "start", "run", "init"];

/// Whether a file of this name may be a script that starts a container.
#[must_use]
pub fn is_script(path: &Path) -> bool {
    let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
    name.len() > 3 && name.ends_with(".sh") || BARE_NAMES.contains(&name)
}

/// Returns the scripts below `root` that a file names, if it is a Compose file or a Dockerfile by its name, and those
/// beside a Compose file that may write an env file which it lacks.
///
/// A path in an image or in a build context (`/app/docker/run.sh`) is looked for by its ends (`docker/run.sh`,
/// `run.sh`) in the folder of the file, in the folders that it names and, for a Dockerfile, in those around it.
/// Which file really lies at the path, the core decides.
#[must_use]
pub fn scripts_named_by(file: &Path, root: &Path) -> Vec<PathBuf> {
    let name = file.to_string_lossy();
    let kind = by_name(&name);
    if !matches!(kind, FileKind::Compose | FileKind::Dockerfile) {
        return Vec::new();
    }
    let Ok(loaded) = load(file, &name) else { return Vec::new() };
    let words: BTreeSet<&str> = loaded.file.text.split(is_between_words).collect();
    let (scripts, others): (Vec<&str>, Vec<&str>) =
        words.into_iter().filter(|it| !it.is_empty()).partition(|it| is_script(Path::new(it)));
    let folder = file.parent().unwrap_or(root);
    let mut found: BTreeSet<PathBuf> = BTreeSet::new();
    if kind == FileKind::Compose {
        found.extend(scripts_that_write(folder, root, &others));
    }
    if scripts.is_empty() {
        return found.into_iter().collect();
    }
    let mut bases = vec![folder.to_owned()];
    if kind == FileKind::Dockerfile {
        let around = folder.ancestors().skip(1).take_while(|it| it.starts_with(root));
        bases.extend(around.map(Path::to_owned));
    }
    let named: BTreeSet<PathBuf> = others
        .iter()
        .filter(|it| !it.starts_with('/'))
        .flat_map(|it| bases.iter().filter_map(|base| below(root, base, it)))
        .filter(|it| it.is_dir())
        .collect();
    bases.extend(named);
    // The folders that hold something of a name. What leads out of a folder is looked for from that of the file.
    let mut holders: HashMap<OsString, Vec<&PathBuf>> = HashMap::new();
    for base in &bases {
        for entry in fs::read_dir(base).into_iter().flatten().flatten() {
            holders.entry(entry.file_name()).or_default().push(base);
        }
    }
    holders.insert("..".into(), vec![&bases[0]]);
    for end in scripts.into_iter().flat_map(ends) {
        let first = end.split('/').next().unwrap_or_default();
        let holders = holders.get(OsStr::new(first)).into_iter().flatten();
        let paths = holders.filter_map(|base| below(root, base, end));
        found.extend(paths.filter(|it| stays(it, root) && is_small_script(it)));
    }
    found.into_iter().collect()
}

/// Returns the scripts beside a Compose file that name an env file which it names and which is not there.
fn scripts_that_write(folder: &Path, root: &Path, words: &[&str]) -> Vec<PathBuf> {
    let name = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let is_missing = |word: &&&str| is_env(&name(word)) && !folder.join(word).exists();
    let missing: BTreeSet<String> = words.iter().filter(is_missing).map(|it| name(it)).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let beside = fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path());
    let scripts = beside.filter(|it| it.extension().is_some_and(|it| it == "sh"));
    let writes = |it: &PathBuf| {
        let is_read = stays(it, root) && is_small_script(it);
        let text = if is_read { fs::read_to_string(it).ok() } else { None };
        text.is_some_and(|text| missing.iter().any(|name| text.contains(name)))
    };
    scripts.filter(writes).collect()
}

/// Whether a letter separates words in YAML, in a Dockerfile or in a shell.
fn is_between_words(letter: char) -> bool {
    letter.is_whitespace() || "\"'`,:;=[]{}()&|<>".contains(letter)
}

/// Returns a path without its first folders: `a/b/c`, `b/c`, `c`.
fn ends(path: &str) -> impl Iterator<Item = &str> {
    let path = path.trim_start_matches('/');
    let starts = path.match_indices('/').map(|(at, _)| at + 1);
    std::iter::once(0).chain(starts).map(|start| &path[start..])
}

/// Whether this is a regular file of a few lines for a shell.
fn is_small_script(path: &Path) -> bool {
    let is_small = path.metadata().is_ok_and(|it| it.is_file() && it.len() <= MAX_SCRIPT);
    is_small && (path.extension().is_some_and(|it| it == "sh") || names_a_shell(path))
}

/// Whether the first line of a file names a shell: `#!/bin/bash -e`, `#!/usr/bin/env sh`.
fn names_a_shell(path: &Path) -> bool {
    let mut beginning = Vec::new();
    let Ok(file) = fs::File::open(path) else { return false };
    if file.take(128).read_to_end(&mut beginning).is_err() {
        return false;
    }
    let text = String::from_utf8_lossy(&beginning);
    let first = text.lines().next().and_then(|it| it.strip_prefix("#!")).unwrap_or_default();
    first.split(['/', ' ']).any(|it| matches!(it, "sh" | "bash" | "ash" | "dash"))
}

#[cfg(test)]
mod tests {
    use crate::testing::tree;
    use crate::walk;
    use std::fs;
    use std::path::Path;

    /// Returns the scripts that a walk reads.
    fn read(root: &Path) -> Vec<String> {
        let files = walk(root, None).files;
        let names = files.iter().map(|it| it.strip_prefix(root).unwrap().to_str().unwrap());
        names.filter(|it| super::is_script(Path::new(it))).map(str::to_owned).collect()
    }

    #[test]
    fn scripts_are_read_where_a_compose_file_or_a_dockerfile_names_them() {
        let root =
            tree(&["run.sh", "other.sh", "deploy/wait.sh", "api/docker/start.sh", "api/x.sh"]);
        let write = |path: &str, text: &str| fs::write(root.path().join(path), text).unwrap();
        write(
            "compose.yaml",
            "services: {web: {image: a, command: sh /run.sh, volumes: ['./run.sh:/run.sh', './deploy:/opt']}, b: {image: a, command: [/opt/wait.sh]}}\n",
        );
        write(
            "api/Dockerfile",
            "FROM alpine\nCOPY . /app\nENTRYPOINT [\"/app/docker/start.sh\"]\n",
        );
        assert_eq!(read(root.path()), ["api/docker/start.sh", "deploy/wait.sh", "run.sh"]);
    }

    #[test]
    fn a_dockerfile_in_a_folder_of_its_own_names_scripts_of_the_context_around_it() {
        let root = tree(&["scripts/start.sh", "docker/entry.sh", "compose.yaml"]);
        let at = root.path().join("docker/Dockerfile");
        let text = "FROM alpine\nCOPY scripts/start.sh docker/entry.sh /\nCMD [\"/start.sh\"]\n";
        fs::write(&at, text).unwrap();
        assert_eq!(read(root.path()), ["docker/entry.sh", "scripts/start.sh"]);
        fs::write(at, "FROM alpine\nCOPY scripts/ .\nCMD [\"./start.sh\"]\n").unwrap();
        assert_eq!(read(root.path()), ["scripts/start.sh"]);
    }

    #[test]
    fn a_name_without_an_extension_needs_a_shell_and_a_long_file_is_no_script() {
        let root = tree(&["entrypoint", "start", "long.sh"]);
        let write = |path: &str, text: &str| fs::write(root.path().join(path), text).unwrap();
        let text = "FROM alpine\nCOPY start entrypoint long.sh /\nCMD [\"/long.sh\"]\n";
        write("Dockerfile", text);
        write("entrypoint", "#!/usr/bin/env bash\nexec \"$@\"\n");
        write("start", "#!/usr/bin/python3\n");
        assert_eq!(read(root.path()), ["entrypoint", "long.sh"]);
        write("long.sh", &"# x\n".repeat(20_000));
        assert_eq!(read(root.path()), ["entrypoint"]);
    }

    #[test]
    fn a_script_that_may_write_a_missing_env_file_is_read() {
        let root = tree(&["compose.yaml"]);
        let write = |path: &str, text: &str| fs::write(root.path().join(path), text).unwrap();
        write("compose.yaml", "services: {web: {image: a, env_file: .env.web}}\n");
        write("make-settings.sh", "echo \"A=1\" > .env.web\n");
        write("other.sh", "echo hello\n");
        assert_eq!(read(root.path()), ["make-settings.sh"]);
        write(".env.web", "A=1\n");
        assert_eq!(read(root.path()), [""; 0], "the file is there");
    }

    #[test]
    fn a_script_outside_of_the_folder_is_not_read() {
        let root = tree(&["run.sh"]);
        let app = root.path().join("app");
        fs::create_dir(&app).unwrap();
        let text = "services: {web: {image: a, volumes: ['../run.sh:/run.sh']}}\n";
        fs::write(app.join("compose.yaml"), text).unwrap();
        assert_eq!(read(&app), [""; 0]);
        assert_eq!(read(root.path()), ["run.sh"]);
    }
}
