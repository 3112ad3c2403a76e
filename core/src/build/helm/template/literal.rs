//! The values of literals: numbers, strings and characters, as Go reads them.

use super::node::Literal;
use crate::build::origin::Text;

/// The value of a number, an `int` where it is whole.
pub fn number(text: &str) -> Option<Literal> {
    let digits = text.replace('_', "");
    if let Some(integer) = integer(&digits) {
        return Some(Literal::Int(integer));
    }
    if let Some(float) = hexadecimal_float(&digits) {
        return Some(Literal::Float(float));
    }
    let has_digit = digits.bytes().any(|byte| byte.is_ascii_digit());
    let is_decimal = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'+' | b'-' | b'e' | b'E'));
    let float: f64 = if has_digit && is_decimal { digits.parse().ok()? } else { return None };
    Some(Literal::Float(float))
}

/// `0x1p10`: hexadecimal digits times a power of two.
fn hexadecimal_float(digits: &str) -> Option<f64> {
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let unsigned = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X"))?;
    let (mantissa, power) = unsigned.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut value = 0.0;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let shift = 4 * i32::try_from(fraction.len()).ok()?;
    let value = value * 2_f64.powi(power.parse::<i32>().ok()?.checked_sub(shift)?);
    Some(if digits.starts_with('-') { -value } else { value })
}

fn integer(digits: &str) -> Option<i64> {
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let (radix, unsigned) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    if unsigned.starts_with(['+', '-']) {
        return None;
    }
    let size = u64::from_str_radix(unsigned, radix).ok()?;
    if digits.starts_with('-') {
        0_i64.checked_sub_unsigned(size)
    } else {
        i64::try_from(size).ok()
    }
}

/// The value of a character constant, its code as an `int`.
pub fn character(text: &str) -> Option<Literal> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let unescaped = unescape(inner)?;
    let mut letters = unescaped.chars();
    let letter = letters.next()?;
    letters.next().is_none().then(|| Literal::Int(i64::from(u32::from(letter))))
}

/// The value of a quoted string, given with its quotes.
pub fn string(text: &Text) -> Option<Text> {
    let inner = text.slice(1..text.len() - 1);
    if text.as_str().starts_with('`') {
        return Some(inner.replace("\r", &Text::new()));
    }
    if !inner.as_str().contains('\\') {
        return Some(inner);
    }
    unescape(inner.as_str()).map(|unescaped| inner.recast(unescaped))
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            escape(&mut letters, &mut bytes)?;
        } else {
            push(letter, &mut bytes);
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn push(letter: char, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Reads what follows a backslash.
fn escape(letters: &mut std::str::Chars<'_>, bytes: &mut Vec<u8>) -> Option<()> {
    let letter = letters.next()?;
    let byte = match letter {
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0C,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0B,
        '\\' | '"' | '\'' => u8::try_from(letter).ok()?,
        'x' => u8::try_from(digits(letters, 2, 16, 0)?).ok()?,
        '0'..='7' => u8::try_from(digits(letters, 2, 8, letter.to_digit(8)?)?).ok()?,
        'u' | 'U' => {
            let count = if letter == 'u' { 4 } else { 8 };
            push(char::from_u32(digits(letters, count, 16, 0)?)?, bytes);
            return Some(());
        }
        _ => return None,
    };
    bytes.push(byte);
    Some(())
}

fn digits(letters: &mut std::str::Chars<'_>, count: usize, radix: u32, first: u32) -> Option<u32> {
    let mut code = first;
    for _ in 0..count {
        code = code.checked_mul(radix)?.checked_add(letters.next()?.to_digit(radix)?)?;
    }
    Some(code)
}
