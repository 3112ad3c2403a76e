//! Go's `fmt.Sprintf` over template values.

use super::number::{float, float_exponent, float_fixed};
use super::{display, quoted};
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::value::{Data, Heap, Value};
use crate::build::origin::Text;

/// Maximum width or precision, as in Go.
const MAX_WIDTH: usize = 1_000_000;

/// A verb with its flags: `%-08.3f`.
#[derive(Debug, Default)]
struct Verb {
    minus: bool,
    plus: bool,
    sharp: bool,
    zero: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

struct Printer<'p> {
    format: &'p Text,
    at: usize,
    arguments: &'p [Value],
    next: usize,
    /// An explicit index was used, after which unused arguments are no error.
    reordered: bool,
    heap: &'p Heap,
    out: Text,
}

pub fn printf(format: &Text, arguments: &[Value], heap: &Heap) -> Result<Text> {
    let mut printer =
        Printer { format, at: 0, arguments, next: 0, reordered: false, heap, out: Text::new() };
    printer.run()?;
    Ok(printer.out)
}

impl Printer<'_> {
    fn rest(&self) -> &str {
        &self.format.as_str()[self.at..]
    }

    fn run(&mut self) -> Result<()> {
        while let Some(length) = self.rest().find('%') {
            self.out.push_slice(self.format, self.at..self.at + length);
            self.at += length + 1;
            self.verb()?;
        }
        self.out.push_slice(self.format, self.at..self.format.len());
        if !self.reordered && self.next < self.arguments.len() {
            self.extra()?;
        }
        Ok(())
    }

    fn extra(&mut self) -> Result<()> {
        self.out.push_plain("%!(EXTRA ");
        for (index, value) in self.arguments[self.next..].iter().enumerate() {
            if index > 0 {
                self.out.push_plain(", ");
            }
            if value.is_null() {
                self.out.push_plain("<nil>");
            } else {
                self.out.push_plain(&format!("{}=", value.type_name()));
                self.out.push(&display(value, self.heap)?);
            }
        }
        self.out.push_plain(")");
        Ok(())
    }

    fn verb(&mut self) -> Result<()> {
        let mut verb = Verb::default();
        while let Some(letter) = self.rest().chars().next() {
            match letter {
                '-' => verb.minus = true,
                '+' => verb.plus = true,
                '#' => verb.sharp = true,
                '0' => verb.zero = true,
                ' ' => verb.space = true,
                _ => break,
            }
            self.at += 1;
        }
        self.index();
        let width = self.number();
        // A negative width, which only an argument can be, is a positive one with `-`.
        verb.minus |= width.is_some_and(|width| width < 0);
        verb.width = width.map(magnitude);
        if self.rest().starts_with('.') {
            self.at += 1;
            self.index();
            let precision = self.number().unwrap_or(0);
            verb.precision = (precision >= 0).then(|| magnitude(precision));
        }
        self.index();
        if verb.width.max(verb.precision).is_some_and(|width| width > MAX_WIDTH) {
            return Err(Failure::new("printf: width or precision is too large"));
        }
        let Some(letter) = self.rest().chars().next() else {
            self.out.push_plain("%!(NOVERB)");
            return Ok(());
        };
        self.at += letter.len_utf8();
        if letter == '%' {
            self.out.push_plain("%");
            return Ok(());
        }
        let Some(value) = self.arguments.get(self.next) else {
            self.out.push_plain(&format!("%!{letter}(MISSING)"));
            return Ok(());
        };
        self.next += 1;
        let text = verb.text(letter, value, self.heap)?;
        self.heap.budget.spend_bytes(text.len())?;
        self.out.push(&text);
        Ok(())
    }

    /// `[2]`: the argument that comes next.
    fn index(&mut self) {
        let Some(inside) = self.rest().strip_prefix('[') else { return };
        let Some((digits, _)) = inside.split_once(']') else { return };
        let length = digits.len() + 2;
        if let Ok(index @ 1..) = digits.parse::<usize>() {
            self.next = index - 1;
            self.at += length;
            self.reordered = true;
        }
    }

    /// A width or precision: digits, or `*` for the next argument.
    fn number(&mut self) -> Option<i64> {
        if self.rest().starts_with('*') {
            self.at += 1;
            let value = self.arguments.get(self.next)?;
            self.next += 1;
            return match value.data {
                Data::Int(number) | Data::Int64(number) => Some(number),
                _ => None,
            };
        }
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let number = self.rest()[..digits].parse().ok();
        self.at += digits;
        number
    }
}

impl Verb {
    fn text(&self, letter: char, value: &Value, heap: &Heap) -> Result<Text> {
        let text = match letter {
            'v' if self.sharp && matches!(value.data, Data::Str(_)) => {
                self.one('q', value, heap)?
            }
            'T' => Text::plain(value.type_name()),
            _ => self.one(letter, value, heap)?,
        };
        Ok(self.pad(text, letter, value))
    }

    /// A value, or each value of a list or dict, with the verb.
    fn one(&self, letter: char, value: &Value, heap: &Heap) -> Result<Text> {
        heap.budget.spend_steps(1)?;
        let text = match (&value.data, letter) {
            (Data::Null, 'v') => Text::plain("<nil>"),
            (Data::Null, _) => Text::plain(format!("%!{letter}(<nil>)")),
            (_, 'v') => display(value, heap)?,
            (Data::Str(text), 's') => match self.precision {
                Some(most) => text.keep(|text| first_letters(text, most)),
                None => (**text).clone(),
            },
            (Data::Str(text), 'q') => quoted(text),
            (Data::Str(text), 'x' | 'X') => {
                text.recast(hexadecimal(text.as_str().as_bytes(), letter))
            }
            (Data::Bool(_), 't') => display(value, heap)?,
            (Data::Int(number) | Data::Int64(number), _) => {
                self.integer(letter, *number, value, heap)?
            }
            (Data::Float(number), 'e' | 'f' | 'F' | 'g') => {
                heap.budget.spend_bytes(self.precision.unwrap_or(0))?;
                super::placed(self.float(letter, *number), value)
            }
            (Data::List(list), _) => {
                let items = list.items();
                self.several("[", letter, items.iter().map(|item| (None, item)), heap)?
            }
            (Data::Dict(dict), _) => {
                let entries = dict.entries();
                let pairs = entries.iter().map(|(key, entry)| (Some(&**key), &entry.value));
                self.several("map[", letter, pairs, heap)?
            }
            (Data::Time(_) | Data::Object(_) | Data::Bytes(_), 's' | 'd') => display(value, heap)?,
            _ => self.wrong(letter, value, heap)?,
        };
        Ok(text)
    }

    fn several<'v>(
        &self,
        open: &str,
        letter: char,
        values: impl Iterator<Item = (Option<&'v str>, &'v Value)>,
        heap: &Heap,
    ) -> Result<Text> {
        let mut text = Text::plain(open);
        for (index, (key, value)) in values.enumerate() {
            if index > 0 {
                text.push_plain(" ");
            }
            if let Some(key) = key {
                text.push_plain(key);
                text.push_plain(":");
            }
            let inner = match value.data {
                // Deeper values are printed plainly, which also ends dicts that hold themselves.
                Data::List(_) | Data::Dict(_) => display(value, heap)?,
                _ => self.one(letter, value, heap)?,
            };
            heap.budget.spend_bytes(inner.weight())?;
            text.push(&inner);
        }
        text.push_plain("]");
        Ok(text)
    }

    /// `%!d(string=x)`.
    fn wrong(&self, letter: char, value: &Value, heap: &Heap) -> Result<Text> {
        let mut text = Text::plain(format!("%!{letter}({}=", value.type_name()));
        let mut shown = display(value, heap)?;
        if let (Data::Str(_), Some(most)) = (&value.data, self.precision) {
            shown = shown.keep(|text| first_letters(text, most));
        }
        text.push(&self.pad(shown, letter, value));
        text.push_plain(")");
        Ok(text)
    }

    fn integer(&self, letter: char, number: i64, value: &Value, heap: &Heap) -> Result<Text> {
        let size = number.unsigned_abs();
        let digits = match letter {
            'd' => size.to_string(),
            'x' => format!("{size:x}"),
            'X' => format!("{size:X}"),
            'o' => format!("{size:o}"),
            'b' => format!("{size:b}"),
            'c' | 'q' | 'U' => {
                let character = u32::try_from(number).ok().and_then(char::from_u32);
                let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
                return Ok(Text::plain(match letter {
                    'c' => character.to_string(),
                    'q' => format!("'{character}'"),
                    _ => format!("U+{number:04X}"),
                }));
            }
            _ => return self.wrong(letter, value, heap),
        };
        let prefix = if self.sharp && matches!(letter, 'x' | 'X') { "0x" } else { "" };
        Ok(super::placed(format!("{}{prefix}{digits}", self.sign(number < 0)), value))
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.plus, self.space) {
            (true, _, _) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        }
    }

    fn float(&self, letter: char, number: f64) -> String {
        let size = number.abs();
        let text = match (letter, self.precision) {
            ('e', precision) => float_exponent(size, precision.unwrap_or(6)),
            ('g', None) => float(size),
            ('g', Some(precision)) => general(size, precision.max(1)),
            (_, precision) => float_fixed(size, precision.unwrap_or(6)),
        };
        format!("{}{text}", self.sign(number < 0.0))
    }

    fn pad(&self, text: Text, letter: char, value: &Value) -> Text {
        let length = text.as_str().chars().count();
        let missing = self.width.unwrap_or(0).saturating_sub(length);
        if missing == 0 {
            return text;
        }
        let number = matches!(value.data, Data::Int(_) | Data::Int64(_) | Data::Float(_));
        let mut padded = Text::new();
        if self.minus {
            padded.push(&text);
            padded.push_plain(&" ".repeat(missing));
        } else if self.zero && number && letter != 'c' {
            let sign = usize::from(text.as_str().starts_with(['-', '+', ' ']));
            padded.push_slice(&text, 0..sign);
            padded.push_plain(&"0".repeat(missing));
            padded.push_slice(&text, sign..text.len());
        } else {
            padded.push_plain(&(if self.zero { "0" } else { " " }).repeat(missing));
            padded.push(&text);
        }
        padded
    }
}

/// `%.3g`.
fn general(size: f64, precision: usize) -> String {
    let scientific = float_exponent(size, precision - 1);
    let exponent = scientific.split_once('e').and_then(|parts| parts.1.parse::<i32>().ok());
    let exponent = exponent.unwrap_or(0);
    let limit = i32::try_from(precision).unwrap_or(i32::MAX);
    let strip = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if exponent < -4 || exponent >= limit {
        let (mantissa, power) = scientific.split_once('e').unwrap_or((&scientific, "+00"));
        return format!("{}e{power}", strip(mantissa));
    }
    let decimals = usize::try_from(limit - 1 - exponent).unwrap_or(0);
    strip(&float_fixed(size, decimals))
}

fn magnitude(number: i64) -> usize {
    usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX)
}

fn hexadecimal(bytes: &[u8], letter: char) -> String {
    let digits = bytes.iter().map(|byte| match letter {
        'X' => format!("{byte:02X}"),
        _ => format!("{byte:02x}"),
    });
    digits.collect()
}

fn first_letters(text: &str, most: usize) -> &str {
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    &text[..end]
}
