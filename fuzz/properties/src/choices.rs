//! Choices made by bytes, and bytes made from a seed.

use arbitrary::Unstructured;

/// A source of choices. Where the bytes have ended, it always takes the first of what there is.
pub struct Choices<'a>(Unstructured<'a>);

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Choices<'a> {
        Choices(Unstructured::new(bytes))
    }

    /// Returns a number from zero up to a limit, which is left out.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0.int_in_range(0..=limit.saturating_sub(1)).unwrap_or(0)
    }

    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    /// Whether an event happens that has a chance of one in `count`, which is more than one.
    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) + 1 == count
    }

    /// Returns a place in a text at which it may be cut.
    pub fn boundary(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    /// Returns a range of a text, of at most 400 bytes.
    pub fn range(&mut self, text: &str) -> std::ops::Range<usize> {
        let start = self.boundary(text);
        let mut end = start + self.below((text.len() - start).min(400) + 1);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        start..end
    }
}

/// A xorshift generator (Marsaglia 2003), which gives the same numbers everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        // Neighbouring seeds would start with similar numbers, and zero is the one state that never changes.
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let byte = |_| {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 32) as u8
        };
        (0..count).map(byte).collect()
    }
}
