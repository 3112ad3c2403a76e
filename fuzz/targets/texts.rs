//! Any bytes, as each kind of file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_properties::{PATHS, any_text_is_analysed};

fuzz_target!(|bytes: &[u8]| {
    if let Some((kind, text)) = bytes.split_first() {
        any_text_is_analysed(PATHS[usize::from(*kind) % PATHS.len()], text);
    }
});
