//! The limits of reading a file, which keep hostile input from using up time and memory.

/// Maximum size of a file in bytes. A larger deployment file is a mistake or an attack.
pub const MAX_BYTES: usize = 64 << 20;

/// Maximum number of nodes in a file. A file of [`MAX_BYTES`] has far fewer unless it was made to use up
/// memory.
pub(super) const MAX_NODES: usize = 8 << 20;

/// Maximum depth of nested collections, in flow and in block style. The parser enforces it.
pub(super) const MAX_DEPTH: usize = 255;

/// Maximum number of problems recorded for a file.
pub(super) const MAX_PROBLEMS: usize = 10_000;

/// Maximum number of aliases that lead to one another.
pub(super) const MAX_HOPS: usize = 32;

/// Maximum number of mappings read for one look-up through merge keys. Chains written by people have
/// two or three.
pub(super) const MAX_MAPPINGS: usize = 32;

/// Maximum number of merged entries of a file that are compared with the keys before their merge key.
pub(super) const MAX_MERGED: usize = 100_000;

/// Maximum number of byte order marks or conflict markers repaired in one document. Every position of a
/// repaired document is looked up among its patches.
pub(super) const MAX_MARKS: usize = 64;

/// Maximum number of lines repaired in one document.
pub(super) const MAX_REPAIRS: usize = 4;

/// Maximum number of lines searched before an error for something that was left open.
pub(super) const MAX_LINES_BACK: usize = 200;

/// Maximum length in bytes of the word that is underlined at an error: nobody wants a whole minified
/// file underlined.
pub(super) const MAX_WORD: usize = 80;

/// Number of bytes, rounded up to whole documents, that the parser gets at a time once a document was
/// broken. It looks at all its input when it starts, so that giving it the rest of a large file after
/// every broken document would take quadratic time.
pub(super) const WINDOW: usize = 16 << 10;

/// Returns how often a document of a size is read again for repairs, at most: a keystroke in a large
/// document must not take noticeably long.
pub(super) fn max_tries(bytes: usize) -> usize {
    match bytes {
        0..=0xFFFF => 48,
        0x1_0000..=0xF_FFFF => 16,
        0x10_0000..=0x7F_FFFF => 3,
        _ => 1,
    }
}
