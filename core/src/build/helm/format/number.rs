//! Go's decimal notation of floats.

/// Maximum number of decimals that are asked of Rust, which takes no precision above 65,535. The exact value of a
/// float has at most 1,074 decimals, so that all further ones are zeros.
const MAX_DECIMALS: usize = 1_100;

/// The shortest digits that read back as the same float, and the exponent of the first digit.
fn shortest(value: f64) -> (String, i32) {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.chars().filter(char::is_ascii_digit).collect();
    (digits, exponent.parse().unwrap_or(0))
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value.is_infinite() {
        Some(if value > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        None
    }
}

fn sign(value: f64) -> &'static str {
    if value.is_sign_negative() { "-" } else { "" }
}

/// `1.5e+07`: at least two digits in the exponent.
fn scientific(value: f64, digits: &str, exponent: i32) -> String {
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let direction = if exponent < 0 { '-' } else { '+' };
    format!("{}{first}{point}{rest}e{direction}{:02}", sign(value), exponent.abs())
}

/// The shortest plain notation, `1500000`.
fn plain(value: f64) -> String {
    format!("{value}")
}

/// As `%v` prints a float: scientific below 0.0001 and from a million on.
pub fn float(value: f64) -> String {
    if let Some(special) = special(value) {
        return special.to_owned();
    }
    let (digits, exponent) = shortest(value);
    if (-4..6).contains(&exponent) || value == 0.0 {
        plain(value)
    } else {
        scientific(value, &digits, exponent)
    }
}

/// As `encoding/json` prints a float.
pub fn float_json(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let (digits, exponent) = shortest(value);
        let text = scientific(value, &digits, exponent);
        return text.replace("e-0", "e-");
    }
    plain(value)
}

/// As `%e` prints a float, with a precision.
pub fn float_exponent(value: f64, precision: usize) -> String {
    if let Some(special) = special(value) {
        return special.to_owned();
    }
    let decimals = precision.min(MAX_DECIMALS);
    let text = format!("{value:.decimals$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let direction = if exponent < 0 { '-' } else { '+' };
    let zeros = "0".repeat(precision - decimals);
    format!("{mantissa}{zeros}e{direction}{:02}", exponent.abs())
}

/// As `%f` prints a float, with a precision.
pub fn float_fixed(value: f64, precision: usize) -> String {
    if let Some(special) = special(value) {
        return special.to_owned();
    }
    let decimals = precision.min(MAX_DECIMALS);
    format!("{value:.decimals$}") + &"0".repeat(precision - decimals)
}
