//! Blanks the places of panics: file, line and column of whatever could panic, some hundreds of them.
//!
//! Only panic messages show them, and those are gone (see `sweep`), but the linker has no means to know.

use std::ops::Range;
use wasmparser::{DataKind, Operator, Payload};

/// A part of the memory as it is at the start.
struct Segment {
    address: usize,
    /// Where its bytes stand in the module.
    file: Range<usize>,
}

/// # Errors
/// What is no module, or has no such places: then their form has changed, and this is out of date.
pub fn blank(wasm: &[u8]) -> Result<Vec<u8>, String> {
    let segments = segments(wasm).map_err(|error| error.to_string())?;
    let find = |address: usize, length: usize| {
        let inside =
            |it: &&Segment| it.address <= address && address + length <= it.address + it.file.len();
        let segment = segments.iter().find(inside)?;
        let start = segment.file.start + address - segment.address;
        Some(start..start + length)
    };
    let mut changed = wasm.to_vec();
    let mut count = 0;
    for segment in &segments {
        let end = segment.address + segment.file.len();
        for address in (segment.address.next_multiple_of(4)..end).step_by(4) {
            let Some(place) = find(address, 16) else { break };
            let mut words = wasm[place.clone()].chunks_exact(4).map(word);
            let mut next = || words.next().unwrap_or_default();
            let [name, length, line, column] = [next(), next(), next(), next()];
            let lines = 1..100_000;
            if !(4..300).contains(&length) || !lines.contains(&line) || !lines.contains(&column) {
                continue;
            }
            let Some(name) = find(name, length) else { continue };
            if is_source_path(&wasm[name.clone()]) {
                changed[place].fill(0);
                changed[name].fill(0);
                count += 1;
            }
        }
    }
    if count == 0 { Err("no places of panics found to blank".to_owned()) } else { Ok(changed) }
}

fn word(bytes: &[u8]) -> usize {
    bytes.iter().rev().fold(0, |word, byte| (word << 8) | usize::from(*byte))
}

fn is_source_path(name: &[u8]) -> bool {
    let name = name.strip_suffix(b"\0").unwrap_or(name);
    name.ends_with(b".rs") && name.contains(&b'/') && name.iter().all(u8::is_ascii_graphic)
}

fn segments(wasm: &[u8]) -> wasmparser::Result<Vec<Segment>> {
    let mut all = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        let Payload::DataSection(section) = payload? else { continue };
        for data in section {
            let data = data?;
            let DataKind::Active { offset_expr, .. } = data.kind else { continue };
            if let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? {
                let end = data.range.end;
                all.push(Segment { address: value as usize, file: end - data.data.len()..end });
            }
        }
    }
    Ok(all)
}
