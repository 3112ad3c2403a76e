//! Quantities of resources: `250m`, `512Mi`, `1.5`, `1e3`.

use crate::model::kubernetes::read::scalar::key_of;
use crate::model::read::{Reader, Str};
use crate::syntax::{Node, Style};
use crate::text::Spanned;

/// An amount in thousandths, which represents every quantity of Kubernetes exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity {
    pub milli: i128,
}

impl Quantity {
    /// Returns the amount in whole units, rounded up as the scheduler does.
    pub fn units(self) -> i128 {
        self.milli.div_euclid(1000) + i128::from(self.milli.rem_euclid(1000) > 0)
    }
}

/// An entry of `requests`, `limits`, `hard` and the like.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// `cpu`, `memory`, `nvidia.com/gpu`
    pub name: Str,
    /// The value as written.
    pub raw: Str,
    /// `None` if the API server refuses the value.
    pub quantity: Option<Quantity>,
    /// Whether the value is quoted, which makes no difference to the API server.
    pub quoted: bool,
}

impl Resource {
    pub fn is_gpu(&self) -> bool {
        let name = self.name.as_str();
        name.ends_with("/gpu")
            || name.starts_with("nvidia.com/mig-")
            || name.contains("gpu.intel.com/")
    }

    pub fn value(&self) -> Option<Spanned<Quantity>> {
        self.quantity.map(|it| Spanned::new(it, self.raw.span))
    }
}

impl Quantity {
    /// Parses a quantity as the API server does; `None` if the server refuses it, as `1GB` or `1.5 Gi`.
    pub fn parse(text: &str) -> Option<Quantity> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let number =
            unsigned.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(number);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let scale = Scale::parse(suffix)?;
        let digits: String = [whole, fraction].concat();
        let digits = digits.trim_start_matches('0');
        if digits.len() > 30 {
            return None;
        }
        let value = digits.bytes().fold(0, |all, it| all * 10 + i128::from(it - b'0'));
        let fraction = i32::try_from(fraction.len()).ok()?;
        let milli = scale.milli(value, fraction)?;
        Some(Quantity { milli: if negative { -milli } else { milli } })
    }
}

/// The factor that a suffix stands for.
enum Scale {
    /// A power of ten.
    Ten(i32),
    /// A power of two.
    Two(u32),
}

impl Scale {
    fn parse(suffix: &str) -> Option<Scale> {
        Some(match suffix {
            "" => Scale::Ten(0),
            "n" => Scale::Ten(-9),
            "u" => Scale::Ten(-6),
            "m" => Scale::Ten(-3),
            "k" => Scale::Ten(3),
            "M" => Scale::Ten(6),
            "G" => Scale::Ten(9),
            "T" => Scale::Ten(12),
            "P" => Scale::Ten(15),
            "E" => Scale::Ten(18),
            "Ki" => Scale::Two(10),
            "Mi" => Scale::Two(20),
            "Gi" => Scale::Two(30),
            "Ti" => Scale::Two(40),
            "Pi" => Scale::Two(50),
            "Ei" => Scale::Two(60),
            exponent => {
                let digits = exponent.strip_prefix(['e', 'E'])?;
                let power: i32 = digits.parse().ok()?;
                Scale::Ten(power.clamp(-40, 40))
            }
        })
    }

    /// Returns thousandths of a value whose last `fraction` digits are decimals. Smaller parts are rounded
    /// up.
    fn milli(&self, value: i128, fraction: i32) -> Option<i128> {
        let (value, power) = match self {
            Scale::Ten(power) => (value, power + 3 - fraction),
            Scale::Two(bits) => (value.checked_mul(1 << bits)?, 3 - fraction),
        };
        let factor = 10_i128.checked_pow(power.unsigned_abs());
        if power >= 0 {
            value.checked_mul(factor?)
        } else {
            // Beyond 38 places, nothing but the rounding is left.
            let factor = factor.unwrap_or(i128::MAX);
            Some(value / factor + i128::from(value % factor > 0))
        }
    }
}

/// Reads `requests`, `limits` and other mappings from the name of a resource to a quantity.
pub(crate) fn read_resources(reader: &mut Reader, node: Node<'_>) -> Vec<Resource> {
    let mut all = Vec::new();
    reader.each(node, "", |reader, key, entry| {
        all.extend(read_quantity(reader, entry.value).map(|(raw, quantity, quoted)| Resource {
            name: key_of(key, entry),
            raw,
            quantity,
            quoted,
        }));
        true
    });
    all
}

/// Reads a quantity. Returns the text, the quantity, and whether the text is quoted.
pub(crate) fn read_quantity(
    reader: &mut Reader,
    node: Node<'_>,
) -> Option<(Str, Option<Quantity>, bool)> {
    let raw = reader.str(node)?;
    let quantity = Quantity::parse(&raw);
    let quoted = node.resolve().style() != Style::Plain;
    Some((raw, quantity, quoted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_exact() {
        for (text, milli) in [
            ("1", 1000),
            ("100m", 100),
            ("0.5", 500),
            (".5", 500),
            ("1.", 1000),
            ("512Mi", 512 * 1024 * 1024 * 1000),
            ("1.5Gi", 1536 * 1024 * 1024 * 1000),
            ("500M", 500_000_000_000),
            ("512m", 512),
            ("1e3", 1_000_000),
            ("1E3", 1_000_000),
            ("2E", 2_000_000_000_000_000_000_000),
            ("12e-1", 1200),
            ("1u", 1),
            ("100n", 1),
            ("-1", -1000),
            ("+2", 2000),
            ("0", 0),
        ] {
            assert_eq!(Quantity::parse(text), Some(Quantity { milli }), "{text}");
        }
    }

    #[test]
    fn quantities_that_the_api_server_refuses_are_none() {
        for text in [
            "", "1GB", "500MB", "1g", "1.5 Gi", "Mi", ".", "1.2.3", "1mi", "1K", "e3", "1e",
            "0x10", "1_000", "-",
        ] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }

    #[test]
    fn units_are_rounded_up() {
        assert_eq!(Quantity { milli: 512 }.units(), 1);
        assert_eq!(Quantity { milli: 2000 }.units(), 2);
    }
}
