//! From the rows of one repository to a project: the first stage for each file, and what cannot be read.

use crate::input::Row;
use plimsoll_core::model::FileModel;
use plimsoll_core::report::Severity;
use plimsoll_core::syntax::MAX_BYTES;
use plimsoll_core::text::{FileId, name_of, normalise_path};
use plimsoll_core::{File, Workspace};
use plimsoll_files::{belongs, is_outside_walk};
use std::collections::BTreeMap;
use std::path::Path;

/// Why a file was not read, or not as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    NullRepository,
    NullPath,
    NullText,
    InvalidUtf8,
    RepeatedPath,
    InternalError,
}

impl Cause {
    /// Returns the name that the tables have.
    pub fn name(self) -> &'static str {
        match self {
            Cause::NullRepository => "null-repository",
            Cause::NullPath => "null-path",
            Cause::NullText => "null-text",
            Cause::InvalidUtf8 => "invalid-utf8",
            Cause::RepeatedPath => "repeated-path",
            Cause::InternalError => "internal-error",
        }
    }

    /// An error where something was not read at all.
    pub fn severity(self) -> Severity {
        match self {
            Cause::NullRepository | Cause::NullPath | Cause::NullText | Cause::InternalError => {
                Severity::Error
            }
            Cause::InvalidUtf8 | Cause::RepeatedPath => Severity::Warning,
        }
    }
}

/// A file that was not read, or not as it is. It never stops a scan.
#[derive(Debug)]
pub struct Problem {
    pub cause: Cause,
    /// `None` where the row names no file.
    pub path: Option<String>,
    pub message: String,
}

impl Problem {
    pub fn new(cause: Cause, path: Option<String>, message: impl Into<String>) -> Problem {
        Problem { cause, path, message: message.into() }
    }
}

/// Reads the files of one repository. Folders that `plimsoll check` does not enter, hidden and vendored
/// ones, are left out here too.
pub fn read(rows: &[Row<'_>]) -> (Workspace, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut files: BTreeMap<String, &[u8]> = BTreeMap::new();
    for row in rows {
        let Some(path) = row.path else {
            let message = "the path of this file is null, so that it was not read";
            problems.push(Problem::new(Cause::NullPath, None, message));
            continue;
        };
        let path = normalise_path(&String::from_utf8_lossy(path));
        if is_outside_walk(Path::new(""), Path::new(&path)) {
            continue;
        }
        let Some(text) = row.text else {
            let message = format!("the text of `{path}` is null, so that it was not read");
            problems.push(Problem::new(Cause::NullText, Some(path), message));
            continue;
        };
        if files.get(&path).is_some_and(|earlier| *earlier != text) {
            let message =
                format!("`{path}` is there with different texts, and the last one was read");
            problems.push(Problem::new(Cause::RepeatedPath, Some(path.clone()), message));
        }
        files.insert(path, text);
    }
    let mut models = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        problems.extend(invalid_utf8(&path, bytes));
        // Just beyond the limit is far enough for the core to report that the file is too large.
        let file = File::from_bytes(&path, &bytes[..bytes.len().min(MAX_BYTES + 1)]);
        let id = FileId(u32::try_from(models.len()).unwrap_or(u32::MAX));
        models.push(FileModel::read(id, file, None));
    }
    (Workspace::from_models(models), problems)
}

/// Says where a text file stops being UTF-8. Other encodings are recognised by a byte order mark, and what is
/// read as no text is nobody's concern.
fn invalid_utf8(path: &str, bytes: &[u8]) -> Option<Problem> {
    let is_text = belongs(Path::new(path)) || name_of(path).ends_with(".json");
    let is_utf16 = matches!(bytes, [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]);
    if !is_text || is_utf16 || bytes.len() > MAX_BYTES {
        return None;
    }
    let at = std::str::from_utf8(bytes).err()?.valid_up_to();
    let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    let message = format!(
        "`{path}` is not UTF-8: line {line} has the byte 0x{:02X}, and such bytes were read as U+FFFD",
        bytes[at]
    );
    Some(Problem::new(Cause::InvalidUtf8, Some(path.to_owned()), message))
}
