//! Packed charts: gzip and tar, read in memory.

use super::SourceFile;
use crate::build::helm::failure::{Failure, Result};
use crate::build::origin::Text;
use crate::text::{FileId, Span, normalise_path};
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use std::sync::Arc;

/// Maximum size of an unpacked chart, in bytes.
const MAX_UNPACKED: usize = 32 << 20;

/// Maximum number of files in a packed chart.
const MAX_FILES: usize = 10_000;

const BLOCK: usize = 512;

/// The files of a packed chart, by their paths below its one folder. Their text is placed at the
/// archive as a whole.
pub fn unpack(bytes: &[u8], file: FileId) -> Result<Vec<SourceFile>> {
    let compressed = gzip_body(bytes).ok_or_else(|| Failure::new("gzip: invalid header"))?;
    let tar = decompress_to_vec_with_limit(compressed, MAX_UNPACKED).map_err(|error| {
        Failure::new(format!(
            "cannot be unpacked, or is larger than {} MiB: {error}",
            MAX_UNPACKED >> 20
        ))
    })?;
    let place = Span::new(file, 0, 0);
    let mut files = Vec::new();
    let mut rest = &tar[..];
    let mut long_name: Option<String> = None;
    while let Some(header) = rest.get(..BLOCK) {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        let size = octal(&header[124..136]).ok_or_else(|| Failure::new("tar: invalid header"))?;
        let body = rest.get(BLOCK..BLOCK.saturating_add(size));
        let body = body.ok_or_else(|| Failure::new("tar: unexpected end of file"))?;
        let name = long_name.take().unwrap_or_else(|| entry_name(header));
        match header[156] {
            b'L' => long_name = Some(text_of(body)),
            b'x' => long_name = pax_path(body),
            b'0' | 0 => {
                if let Some(path) = path_in_chart(&name)? {
                    let content = String::from_utf8_lossy(body).into_owned();
                    let text = Arc::new(Text::from_place(content, place, false, None));
                    files.push(SourceFile { path, text });
                }
            }
            _ => {}
        }
        if files.len() > MAX_FILES {
            return Err(Failure::new(format!("has more than {MAX_FILES} files")));
        }
        let padded = size.div_ceil(BLOCK) * BLOCK;
        rest = rest.get(BLOCK + padded..).unwrap_or_default();
    }
    Ok(files)
}

/// Returns the path below the archive's first folder, which is the chart's own; `None` for a file beside that
/// folder. A path that leaves the folder is refused in Helm's words.
fn path_in_chart(name: &str) -> Result<Option<String>> {
    let name = name.replace('\\', "/");
    let Some((_, path)) = name.trim_start_matches("./").split_once('/') else { return Ok(None) };
    if path.starts_with('/') {
        return Err(Failure::new("chart illegally contains absolute paths"));
    }
    let path = normalise_path(path);
    if path == ".." || path.starts_with("../") {
        return Err(Failure::new("chart illegally references parent directory"));
    }
    Ok(Some(path))
}

/// The compressed bytes behind a gzip header.
fn gzip_body(bytes: &[u8]) -> Option<&[u8]> {
    let [0x1F, 0x8B, 8, flags, ..] = bytes else { return None };
    let mut at = 10;
    if flags & 4 != 0 {
        let length = u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]);
        at += 2 + usize::from(length);
    }
    // A name and a comment, each ended by a zero.
    for flag in [8, 16] {
        if flags & flag != 0 {
            at += bytes.get(at..)?.iter().position(|byte| *byte == 0)? + 1;
        }
    }
    if flags & 2 != 0 {
        at += 2;
    }
    bytes.get(at..)
}

fn text_of(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

fn entry_name(header: &[u8]) -> String {
    let name = text_of(&header[..100]);
    let prefix = text_of(&header[345..500]);
    let ustar = header[257..262] == *b"ustar";
    if ustar && !prefix.is_empty() { format!("{prefix}/{name}") } else { name }
}

fn octal(field: &[u8]) -> Option<usize> {
    let digits = text_of(field);
    let digits = digits.trim();
    if digits.is_empty() { Some(0) } else { usize::from_str_radix(digits, 8).ok() }
}

/// The path of an extended header: records `12 path=name\n`.
fn pax_path(body: &[u8]) -> Option<String> {
    let text = text_of(body);
    let record = text.lines().find_map(|line| line.split_once(" path="));
    record.map(|(_, path)| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packs one file, without compression.
    fn packed(name: &str, content: &str) -> Vec<u8> {
        let mut tar = vec![0; BLOCK];
        tar[..name.len()].copy_from_slice(name.as_bytes());
        let size = format!("{:011o}", content.len());
        tar[124..135].copy_from_slice(size.as_bytes());
        tar[156] = b'0';
        tar.extend_from_slice(content.as_bytes());
        tar.resize(4 * BLOCK, 0);
        let length = u16::try_from(tar.len()).unwrap();
        let mut gzip = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0, 1];
        gzip.extend_from_slice(&length.to_le_bytes());
        gzip.extend_from_slice(&(!length).to_le_bytes());
        gzip.extend_from_slice(&tar);
        gzip
    }

    #[test]
    fn paths_that_leave_the_chart_are_refused() {
        let unpack = |name: &str| unpack(&packed(name, "a: 1\n"), FileId(0));
        let files = unpack("web/templates/../values.yaml").unwrap();
        assert_eq!((files[0].path.as_str(), files[0].text.as_str()), ("values.yaml", "a: 1\n"));
        for (name, expected) in [
            ("web/../../etc/passwd", "chart illegally references parent directory"),
            ("web/templates/../../x.yaml", "chart illegally references parent directory"),
            ("web\\..\\x.yaml", "chart illegally references parent directory"),
            ("web//etc/passwd", "chart illegally contains absolute paths"),
        ] {
            assert_eq!(unpack(name).unwrap_err().message, expected, "{name}");
        }
    }
}
