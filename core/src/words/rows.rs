//! Tables as text files: rows that can be read as they are, with their sources above them.

/// How many bytes [`without_comments`] keeps.
pub(crate) const fn length_without_comments(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut length) = (0, 0);
    while at < bytes.len() {
        let (end, keep) = line(bytes, at);
        if keep {
            length += end - at;
        }
        at = end;
    }
    length
}

/// The text without the lines that begin with `#`: the sources of the rows are for those who read
/// the file, and need not travel with the program.
pub(crate) const fn without_comments<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let bytes = text.as_bytes();
    let mut out = [0; LENGTH];
    let (mut at, mut length) = (0, 0);
    while at < bytes.len() {
        let (end, keep) = line(bytes, at);
        while at < end {
            if keep {
                out[length] = bytes[at];
                length += 1;
            }
            at += 1;
        }
    }
    out
}

/// Where the line ends that begins here, its break included, and whether it is no comment.
const fn line(bytes: &[u8], start: usize) -> (usize, bool) {
    let mut first = start;
    while first < bytes.len() && bytes[first] == b' ' {
        first += 1;
    }
    let mut end = first;
    while end < bytes.len() && bytes[end] != b'\n' {
        end += 1;
    }
    let keep = first >= bytes.len() || bytes[first] != b'#';
    (if end < bytes.len() { end + 1 } else { end }, keep)
}

/// The rows of text files that stand next to the module, without the files' comments.
macro_rules! rows {
    ($($file:literal),+ $(,)?) => {{
        const WHOLE: &str = concat!($(include_str!($file)),+);
        const BYTES: [u8; $crate::words::rows::length_without_comments(WHOLE)] =
            $crate::words::rows::without_comments(WHOLE);
        match core::str::from_utf8(&BYTES) {
            Ok(it) => it,
            Err(_) => panic!("whole lines are left out, so that no character is cut"),
        }
    }};
}
pub(crate) use rows;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_left_out() {
        const TEXT: &str = "# a\n\nrow # 1\n  # b\n  more\n#";
        const KEPT: [u8; length_without_comments(TEXT)] = without_comments(TEXT);
        assert_eq!(core::str::from_utf8(&KEPT), Ok("\nrow # 1\n  more\n"));
    }
}
