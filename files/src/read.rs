//! Reading one file: regular files only, up to the core's limit, decoded to text.

use plimsoll_core::File;
use plimsoll_core::syntax::MAX_BYTES;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// A file as it was read, from a folder or from a pipe.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub file: File,
    /// Whether the text is the file's content byte for byte. Where it is not (UTF-16, bytes that
    /// are not UTF-8, more than the limit), writing the text back would change other bytes too.
    pub exact: bool,
}

/// Reads a regular file. Pipes and devices are refused, since reading them may never end.
pub fn load(path: &Path, name: &str) -> io::Result<Loaded> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::Error::other("this is a folder, not a file"));
    }
    if !metadata.is_file() {
        return Err(io::Error::other("this is not a regular file (use `-` for standard input)"));
    }
    load_from(fs::File::open(path)?, name)
}

/// Reads a stream to its end, or just beyond the limit: far enough for the core to report that the
/// file is too large.
pub fn load_from(source: impl Read, name: &str) -> io::Result<Loaded> {
    let mut bytes = Vec::new();
    source.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    let file = File::from_bytes(name, &bytes);
    let exact = bytes.len() <= MAX_BYTES && file.text.as_bytes() == bytes;
    Ok(Loaded { file, exact })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tree;

    fn decoded(bytes: &[u8]) -> Loaded {
        load_from(bytes, "a.yaml").unwrap()
    }

    #[test]
    fn text_is_exact_only_where_every_byte_is_kept() {
        let utf8 = decoded("a: ü\n".as_bytes());
        assert_eq!((&*utf8.file.text, utf8.exact), ("a: ü\n", true));
        let utf16 = decoded(b"\xFF\xFEa\0:\0 \x001\0");
        assert!(utf16.file.text.ends_with("a: 1") && !utf16.exact);
        let latin1 = decoded(b"a: caf\xE9\n");
        assert_eq!((&*latin1.file.text, latin1.exact), ("a: caf\u{FFFD}\n", false));
    }

    #[test]
    fn reading_stops_just_beyond_the_limit() {
        let loaded = load_from(io::repeat(b'#'), "endless.yaml").unwrap();
        assert_eq!((loaded.file.text.len(), loaded.exact), (MAX_BYTES + 1, false));
    }

    #[test]
    fn folders_and_missing_files_are_errors() {
        let root = tree(&["a.yaml"]);
        assert_eq!(&*load(&root.path().join("a.yaml"), "./a.yaml").unwrap().file.path, "a.yaml");
        let folder = load(root.path(), "a").unwrap_err().to_string();
        assert!(folder.contains("folder"), "{folder}");
        let missing = load(&root.path().join("b.yaml"), "b.yaml").unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn pipes_are_not_read() {
        let root = tree(&[]);
        let pipe = root.path().join("pipe.yaml");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = load(&pipe, "pipe.yaml").unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
    }
}
