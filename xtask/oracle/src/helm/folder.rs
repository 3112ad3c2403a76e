//! Charts on the disk.

use plimsoll_core::build::helm::{Chart, ChartFile, Content};
use plimsoll_core::text::{File, FileId};
use std::path::{Path, PathBuf};

/// A chart with the texts of its files, by their ids.
pub struct Project {
    pub folder: PathBuf,
    pub chart: Result<Chart, String>,
    pub texts: Vec<std::sync::Arc<str>>,
}

/// Adds the charts below a folder that are not vendored into another chart.
pub fn charts(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), String> {
    if folder.join("Chart.yaml").is_file() {
        let folder = std::path::absolute(folder);
        found.push(folder.map_err(|error| format!("a chart's folder: {error}"))?);
        return Ok(());
    }
    for path in sorted(folder)? {
        if path.is_dir() {
            charts(&path, found)?;
        }
    }
    Ok(())
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|it| format!("{}: {it}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

impl Project {
    pub fn load(folder: &Path) -> Result<Project, String> {
        let mut files = Vec::new();
        let mut texts = Vec::new();
        let mut open = vec![folder.to_path_buf()];
        while let Some(next) = open.pop() {
            for path in sorted(&next)? {
                if path.is_dir() {
                    open.push(path);
                    continue;
                }
                let bytes =
                    std::fs::read(&path).map_err(|it| format!("{}: {it}", path.display()))?;
                let id = FileId(u32::try_from(texts.len()).unwrap_or(u32::MAX));
                let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy();
                let path = name.replace('\\', "/");
                let file = File::from_bytes(&path, &bytes);
                texts.push(file.text.clone());
                let content = if path.ends_with(".tgz") {
                    Content::Archive(bytes.into())
                } else {
                    Content::Text(file.text)
                };
                files.push(ChartFile { path, file: id, content });
            }
        }
        let chart = Chart::load(&files).map_err(|failure| failure.to_string());
        Ok(Project { folder: folder.to_path_buf(), chart, texts })
    }
}
