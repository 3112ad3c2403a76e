//! Decimal numbers, read exactly and printed as Go prints floats.
//!
//! The standard library reads and prints floats with tables of some twenty kilobytes that no
//! compression makes smaller, and this crate is downloaded by browsers. Nothing here may parse an
//! `f64` or print one; this module does both well enough for what people write into files.

use std::fmt;

/// `digits` times ten to the power of `exponent`, without zeros at its end: equal numbers have equal
/// fields. Of more than 18 digits the rest is cut off, which is finer than any float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    digits: u64,
    exponent: i32,
}

impl Decimal {
    pub fn new(digits: u64, exponent: i32) -> Decimal {
        Decimal { negative: false, digits, exponent }.plain()
    }

    /// `-12`, `.5`, `5.`, `1.5e3`; `None` for anything else and for what no float can hold.
    pub fn parse(text: &str) -> Option<Decimal> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (number, power) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let mut found = Decimal { negative: text.starts_with('-'), digits: 0, exponent: 0 };
        let (mut any, mut fraction) = (false, false);
        for byte in number.bytes() {
            match byte {
                b'0'..=b'9' => {
                    any = true;
                    let fits = found.digits < 10_u64.pow(17);
                    if fits {
                        found.digits = found.digits * 10 + u64::from(byte - b'0');
                    }
                    found.exponent += i32::from(!fits) - i32::from(fraction);
                }
                b'.' if !fraction => fraction = true,
                _ => return None,
            }
        }
        found.exponent = found.exponent.checked_add(power.parse().ok()?)?;
        found = found.plain();
        match found.power() {
            _ if !any => None,
            309.. => None,
            ..-324 => Some(Decimal { digits: 0, exponent: 0, ..found }),
            _ => Some(found),
        }
    }

    pub fn is_negative(self) -> bool {
        self.negative && self.digits != 0
    }

    /// The whole part of `factor` times this number; what does not fit becomes the least or largest.
    pub fn times(self, factor: u64) -> i64 {
        let mut value = i128::from(self.digits) * i128::from(factor);
        for _ in 0..self.exponent.unsigned_abs() {
            value = if self.exponent < 0 { value / 10 } else { value.saturating_mul(10) };
        }
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        if self.negative { -value } else { value }
    }

    /// The nearest float, or for very large and very small numbers one next to it.
    pub fn to_f64(self) -> f64 {
        let mut value = self.digits as f64;
        let mut left = self.exponent.unsigned_abs();
        while left > 0 {
            // Up to here a power of ten is exact.
            let step = left.min(22);
            let factor = (0..step).fold(1.0, |it, _| it * 10.0);
            value = if self.exponent < 0 { value / factor } else { value * factor };
            left -= step;
        }
        if self.negative { -value } else { value }
    }

    /// Takes the zeros off its end.
    fn plain(mut self) -> Decimal {
        while self.digits != 0 && self.digits.is_multiple_of(10) {
            self.digits /= 10;
            self.exponent += 1;
        }
        if self.digits == 0 {
            self.exponent = 0;
        }
        self
    }

    /// The power of ten of its first digit.
    fn power(self) -> i32 {
        self.exponent + self.digits.checked_ilog10().unwrap_or(0) as i32
    }

    /// The same number with at most so many digits.
    fn rounded(mut self, count: u32) -> Decimal {
        let mut last = 0;
        while self.digits >= 10_u64.pow(count) {
            last = self.digits % 10;
            self.digits /= 10;
            self.exponent += 1;
        }
        self.digits += u64::from(last >= 5);
        self.plain()
    }
}

/// As Go prints the float of this number: as few digits as tell it from all others, in full from
/// `0.0001` to below a million, else with an exponent.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |it: &Decimal| it.to_f64() == self.to_f64();
        let few = [15, 16].into_iter().map(|it| self.rounded(it)).find(short);
        let number = few.unwrap_or_else(|| self.rounded(17));
        if number.negative {
            f.write_str("-")?;
        }
        let digits = number.digits.to_string();
        let power = number.power();
        let (before, whole, exponent) = match power {
            -4..0 => (power.unsigned_abs() as usize, 1, None),
            0..6 => (0, power as usize + 1, None),
            _ => (0, 1, Some(power)),
        };
        let digits = format!("{:0<before$}{digits:0<whole$}", "");
        let (whole, fraction) = digits.split_at_checked(whole).unwrap_or((&digits, ""));
        f.write_str(whole)?;
        if !fraction.is_empty() {
            write!(f, ".{fraction}")?;
        }
        match exponent {
            Some(power) => write!(f, "e{power:+03}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_go_prints_floats() {
        let cases = [
            ("1.10", "1.1"),
            ("1000", "1000"),
            ("-0.5", "-0.5"),
            ("0.00001", "1e-05"),
            ("0.0001", "0.0001"),
            ("0.0123", "0.0123"),
            ("100000.0", "100000"),
            ("123456.7", "123456.7"),
            ("1000000.0", "1e+06"),
            ("1e21", "1e+21"),
            ("-1.5e-120", "-1.5e-120"),
            ("-0.0", "-0"),
            ("5.", "5"),
            ("+.5", "0.5"),
            ("123456.789e3", "1.23456789e+08"),
            ("0.1234567890123456789", "0.12345678901234568"),
            ("3.14159265358979323846", "3.141592653589793"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("0.299999999999999999999", "0.3"),
            ("18446744073709551616", "1.8446744073709552e+19"),
            ("12345678901234567890123", "1.2345678901234568e+22"),
            ("1e-400", "0"),
        ];
        for (text, wanted) in cases {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", ".", "e3", "1e", "1e+", "1.2.3", "1 ", "inf", "0x1", "1e400", "--1"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn floats_are_those_of_the_standard_library() {
        for text in ["0", "1.1", "-2.5e3", "0.1", "9007199254740991", "1e22", "123.456e-7"] {
            assert_eq!(Decimal::parse(text).map(Decimal::to_f64), text.parse().ok(), "{text}");
        }
    }

    #[test]
    fn multiples_are_exact() {
        let times = |text, factor| Decimal::parse(text).unwrap().times(factor);
        assert_eq!(times("1.1", 1 << 30), 1_181_116_006);
        assert_eq!(times("-2.9", 1), -2);
        assert_eq!(times("0.000000001", 1_000_000_000), 1);
        assert_eq!(times("1e300", 1), i64::MAX);
        assert_eq!(times("1e-300", 1), 0);
    }
}
