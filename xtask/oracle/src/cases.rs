//! The small cases of the core's tests as a folder of projects.

use std::path::{Path, PathBuf};

/// Writes each case of the file into a folder of its own.
pub fn unpack(list: &Path) -> Result<PathBuf, String> {
    let cannot = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(list).map_err(|it| cannot(list, it))?;
    let folder = PathBuf::from("target/oracle-cases");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|it| cannot(&folder, it))?;
    }
    for case in text.split("\n=== ").skip(1) {
        let (head, rest) = case.split_once('\n').unwrap_or((case, ""));
        let name = head.split(' ').next().unwrap_or(head);
        for file in format!("\n{rest}").split("\n--- ").skip(1) {
            let (path, text) = file.split_once('\n').unwrap_or((file, ""));
            let text = match text.strip_suffix('␄') {
                Some(text) => text.to_owned(),
                None => format!("{text}\n"),
            };
            let path = folder.join(name).join(path);
            let parent = path.parent().unwrap_or(&folder);
            std::fs::create_dir_all(parent).map_err(|it| cannot(parent, it))?;
            std::fs::write(&path, text.replace('␍', "\r")).map_err(|it| cannot(&path, it))?;
        }
    }
    Ok(folder)
}
