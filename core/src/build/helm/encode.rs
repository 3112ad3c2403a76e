//! Base64, base32 and hexadecimal digits.

use std::fmt::Write;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

pub fn base64_encode(bytes: &[u8]) -> String {
    encode(bytes, BASE64, 6, 4)
}

pub fn base32_encode(bytes: &[u8]) -> String {
    encode(bytes, BASE32, 5, 8)
}

/// Decodes base64; the error is Go's sentence.
pub fn base64_decode(text: &str) -> Result<Vec<u8>, String> {
    decode(text, BASE64, 6, 4).map_err(|at| format!("illegal base64 data at input byte {at}"))
}

/// Decodes base32; the error is Go's sentence.
pub fn base32_decode(text: &str) -> Result<Vec<u8>, String> {
    decode(text, BASE32, 5, 8).map_err(|at| format!("illegal base32 data at input byte {at}"))
}

/// Bits in groups as letters of an alphabet, filled up with `=`.
fn encode(bytes: &[u8], alphabet: &[u8], width: u32, group: usize) -> String {
    let mut encoded = String::with_capacity(bytes.len() * 2 + group);
    let (mut bits, mut count) = (0_u32, 0);
    let mask = (1 << width) - 1;
    for byte in bytes {
        bits = (bits << 8 | u32::from(*byte)) & 0xFFFF;
        count += 8;
        while count >= width {
            count -= width;
            encoded.push(char::from(alphabet[(bits >> count & mask) as usize]));
        }
    }
    if count > 0 {
        encoded.push(char::from(alphabet[(bits << (width - count) & mask) as usize]));
    }
    while !encoded.len().is_multiple_of(group) {
        encoded.push('=');
    }
    encoded
}

/// The bytes, or the offset of the first letter that cannot stand there.
fn decode(text: &str, alphabet: &[u8], width: u32, group: usize) -> Result<Vec<u8>, usize> {
    let letters: Vec<(usize, u8)> =
        text.bytes().enumerate().filter(|(_, byte)| !matches!(byte, b'\n' | b'\r')).collect();
    let filled = letters.iter().rev().take_while(|(_, byte)| *byte == b'=').count();
    if !letters.len().is_multiple_of(group) {
        let wrong = letters.iter().find(|(_, byte)| !alphabet.contains(byte));
        return Err(wrong.map_or(text.len(), |(at, _)| *at));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0);
    for (at, letter) in &letters[..letters.len() - filled] {
        let value = alphabet.iter().position(|known| known == letter).ok_or(*at)?;
        bits = (bits << width | u32::try_from(value).unwrap_or(0)) & 0xFFFF;
        count += width;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xFF) as u8);
        }
    }
    Ok(bytes)
}

/// Two lower-case hexadecimal digits for each byte.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 4648.
    #[test]
    fn encodings_are_those_of_the_standard() {
        for (text, base64, base32) in [
            ("", "", ""),
            ("f", "Zg==", "MY======"),
            ("fo", "Zm8=", "MZXQ===="),
            ("foob", "Zm9vYg==", "MZXW6YQ="),
            ("foobar", "Zm9vYmFy", "MZXW6YTBOI======"),
        ] {
            assert_eq!(base64_encode(text.as_bytes()), base64);
            assert_eq!(base32_encode(text.as_bytes()), base32);
            assert_eq!(base64_decode(base64).as_deref(), Ok(text.as_bytes()));
            assert_eq!(base32_decode(base32).as_deref(), Ok(text.as_bytes()));
        }
        assert_eq!(base64_decode("!!"), Err("illegal base64 data at input byte 0".to_owned()));
    }
}
