//! Conversions between numbers and strings.

use super::Parameter::{Any, Str};
use super::{Function, text};
use crate::build::helm::value::{Data, Value};

pub const FUNCTIONS: &[Function] = &[
    Function::new("int", &[Any], |_, values| {
        Ok(Value::int(to_int(&values[0])).at(values[0].origin.clone()))
    }),
    Function::new("int64", &[Any], |_, values| {
        Ok(Value::from(Data::Int64(to_int(&values[0]))).at(values[0].origin.clone()))
    }),
    Function::new("float64", &[Any], |_, values| {
        Ok(Value::from(Data::Float(to_float(&values[0]))).at(values[0].origin.clone()))
    }),
    Function::new("atoi", &[Str], |_, values| {
        let text = text(&values[0])?.as_str();
        let digits = text.strip_prefix('+').unwrap_or(text);
        Ok(Value::int(digits.parse().unwrap_or(0)))
    }),
    Function::new("toDecimal", &[Any], |context, values| {
        let octal = super::to_text(context, &values[0])?;
        Ok(Data::Int64(i64::from_str_radix(octal.as_str(), 8).unwrap_or(0)).into())
    }),
];

/// A value as a whole number; zero for what is none.
#[allow(clippy::cast_possible_truncation)]
pub fn to_int(value: &Value) -> i64 {
    match &value.data {
        Data::Bool(flag) => i64::from(*flag),
        Data::Int(number) | Data::Int64(number) => *number,
        Data::Float(number) => *number as i64,
        Data::Str(text) => integer(text.as_str()).unwrap_or(0),
        Data::Null
        | Data::Bytes(_)
        | Data::List(_)
        | Data::Dict(_)
        | Data::Time(_)
        | Data::Object(_) => 0,
    }
}

/// Go's `strconv.ParseInt` with the base in the prefix; a fraction of zeros is cut off.
fn integer(text: &str) -> Option<i64> {
    let text = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => whole,
        _ => text,
    };
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let size = i64::from_str_radix(digits, radix).ok()?;
    Some(if text.starts_with('-') { -size } else { size })
}

/// A value as a float; zero for what is none.
#[allow(clippy::cast_precision_loss)]
pub fn to_float(value: &Value) -> f64 {
    match &value.data {
        Data::Bool(flag) => f64::from(u8::from(*flag)),
        Data::Int(number) | Data::Int64(number) => *number as f64,
        Data::Float(number) => *number,
        Data::Str(text) => text.as_str().parse().unwrap_or(0.0),
        Data::Null
        | Data::Bytes(_)
        | Data::List(_)
        | Data::Dict(_)
        | Data::Time(_)
        | Data::Object(_) => 0.0,
    }
}
