//! Constant data in the order that compresses best.
//!
//! The linker keeps the compiler's order, in which prose, tables of pointers and numbers take turns.
//! Here like stands beside like, and what nothing refers to any longer leaves no gap; every reference
//! in code and data is corrected by the linker's own list.

use crate::sweep::{Linked, Symbol};
use std::ops::Range;

/// A piece of constant data that stays in one piece.
struct Piece {
    /// Where it stands in the file.
    old: Range<usize>,
    new: usize,
    kind: Kind,
    /// The first place in the code that refers to it.
    first: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Text,
    Pointers,
    Numbers,
}

/// Moves the pieces of the first segment, `.rodata`, within it; `live` are the symbols that stay.
///
/// # Errors
/// A segment with bytes that no name stands for: they might be meant by their distance from others.
pub fn arrange(
    bytes: &mut [u8],
    linked: &Linked,
    live: impl Fn(usize) -> bool,
) -> Result<(), String> {
    let Some(segment) = linked.segments.first().cloned() else { return Ok(()) };
    let mut pieces = pieces(bytes, linked, &segment, live)?;
    pieces.sort_by_key(|it| (it.kind, it.first, it.old.start));
    let mut end = segment.start;
    for piece in &mut pieces {
        if piece.kind != Kind::Text {
            // As aligned as it was, as far as anything can count on that.
            let alignment = 1 << (piece.old.start - segment.start).trailing_zeros().min(3);
            end = segment.start + (end - segment.start).next_multiple_of(alignment);
        }
        piece.new = end;
        end += piece.old.len();
    }
    if end > segment.end {
        return Err("the constant data does not fit in its place any longer".to_owned());
    }
    pieces.sort_by_key(|it| it.old.start);
    correct(bytes, linked, &segment, &pieces);
    let before = bytes[segment.clone()].to_vec();
    bytes[segment.clone()].fill(0);
    for piece in pieces {
        let old = piece.old.start - segment.start..piece.old.end - segment.start;
        bytes[piece.new..piece.new + old.len()].copy_from_slice(&before[old]);
    }
    Ok(())
}

/// The live pieces in their old order. Names that share bytes make one piece.
fn pieces(
    bytes: &[u8],
    linked: &Linked,
    segment: &Range<usize>,
    live: impl Fn(usize) -> bool,
) -> Result<Vec<Piece>, String> {
    let mut named: Vec<(Range<usize>, bool)> = Vec::new();
    for (at, symbol) in linked.symbols.iter().enumerate() {
        if let Symbol::Data(range) = symbol
            && segment.contains(&range.start)
        {
            named.push((range.clone(), live(at)));
        }
    }
    named.sort_by_key(|it| (it.0.start, it.0.end));
    let mut pieces: Vec<Piece> = Vec::new();
    let mut end = segment.start;
    let mut open = false;
    for (range, live) in named {
        if bytes[end.min(range.start)..range.start].iter().any(|it| *it != 0) {
            return Err("constant data that no name stands for".to_owned());
        }
        let joined = open && range.start < end;
        end = end.max(range.end);
        match pieces.last_mut() {
            Some(last) if joined && last.old.end > range.start => last.old.end = end,
            _ if live => {
                pieces.push(Piece { old: range, new: 0, kind: Kind::Text, first: usize::MAX })
            }
            _ => {}
        }
        open = true;
    }
    for piece in &mut pieces {
        let at = linked.references.partition_point(|it| it.0 < piece.old.start);
        let data = &bytes[piece.old.clone()];
        if linked.references.get(at).is_some_and(|it| it.0 < piece.old.end) {
            piece.kind = Kind::Pointers;
        } else if !data.iter().all(|it| *it >= b'\t') {
            piece.kind = Kind::Numbers;
        }
    }
    for (place, symbol) in &linked.references {
        if let Symbol::Data(range) = &linked.symbols[*symbol as usize]
            && let Some(piece) = piece_at(&pieces, range.start)
        {
            let piece = &mut pieces[piece];
            piece.first = piece.first.min(*place);
        }
    }
    Ok(pieces)
}

fn piece_at(pieces: &[Piece], place: usize) -> Option<usize> {
    let at = pieces.partition_point(|it| it.old.start <= place).checked_sub(1)?;
    (place < pieces[at].old.end.max(pieces[at].old.start + 1)).then_some(at)
}

/// Corrects every reference to what moves.
fn correct(bytes: &mut [u8], linked: &Linked, segment: &Range<usize>, pieces: &[Piece]) {
    for (place, symbol) in &linked.references {
        let Symbol::Data(range) = &linked.symbols[*symbol as usize] else { continue };
        if !segment.contains(&range.start) {
            continue;
        }
        let Some(at) = piece_at(pieces, range.start) else { continue };
        let moved = pieces[at].new as i64 - pieces[at].old.start as i64;
        let in_code = linked.bodies.first().is_some_and(|it| it.start <= *place)
            && linked.bodies.last().is_some_and(|it| *place < it.end);
        if in_code {
            // The linker pads these to five bytes of seven bits, with or without a sign.
            let field = &mut bytes[*place..*place + 5];
            let old = field.iter().rev().fold(0_i64, |sum, it| (sum << 7) | i64::from(it & 0x7f));
            let new = old + moved;
            for (at, byte) in field.iter_mut().enumerate() {
                let more = if at < 4 { 0x80 } else { 0 };
                *byte = ((new >> (7 * at)) & 0x7f) as u8 | more;
            }
        } else {
            let field = &mut bytes[*place..*place + 4];
            let old = u32::from_le_bytes([field[0], field[1], field[2], field[3]]);
            field.copy_from_slice(&((i64::from(old) + moved) as u32).to_le_bytes());
        }
    }
}
