//! Semantic versions and constraints on them.

use super::Function;
use super::Parameter::Str;
use super::text;
use crate::build::helm::exec::Context;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::object::{Object, Record};
use crate::build::helm::value::{Data, Value};
use std::cmp::Ordering;
use std::rc::Rc;

pub const FUNCTIONS: &[Function] = &[
    Function::new("semver", &[Str], |_, values| record(text(&values[0])?.as_str())),
    Function::new("semverCompare", &[Str, Str], compare),
];

/// A version: three numbers, and what stands after `-` and `+`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub major: u64,
    pub minor: u64,
    pub patch: u64,
    pub prerelease: String,
    pub metadata: String,
}

impl Version {
    /// Reads a version as people write them: with a `v`, and with parts left out.
    pub fn parse(text: &str) -> Option<Version> {
        let partial = Partial::parse(text)?;
        if partial.wildcard {
            return None;
        }
        Some(Version {
            major: partial.numbers[0]?,
            minor: partial.numbers[1].unwrap_or(0),
            patch: partial.numbers[2].unwrap_or(0),
            prerelease: partial.prerelease,
            metadata: partial.metadata,
        })
    }

    fn numbers(&self) -> (u64, u64, u64) {
        (self.major, self.minor, self.patch)
    }

    fn precedence(&self, other: &Version) -> Ordering {
        self.numbers()
            .cmp(&other.numbers())
            .then_with(|| compare_prereleases(&self.prerelease, &other.prerelease))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

/// A version without a prerelease comes after all that have one.
fn compare_prereleases(a: &str, b: &str) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => a.cmp(b),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// A version of which parts may be missing or wildcards.
#[derive(Debug, Clone)]
struct Partial {
    numbers: [Option<u64>; 3],
    wildcard: bool,
    prerelease: String,
    metadata: String,
}

impl Partial {
    fn parse(text: &str) -> Option<Partial> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let (text, metadata) = text.split_once('+').unwrap_or((text, ""));
        let (core, prerelease) = match text.split_once('-') {
            Some((core, prerelease)) if !prerelease.is_empty() => (core, prerelease),
            Some(_) => return None,
            None => (text, ""),
        };
        let is_identifier = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !prerelease.is_empty() && !prerelease.split('.').all(is_identifier) {
            return None;
        }
        let mut partial = Partial {
            numbers: [None; 3],
            wildcard: false,
            prerelease: prerelease.to_owned(),
            metadata: metadata.to_owned(),
        };
        for (index, part) in core.split('.').enumerate() {
            let slot = partial.numbers.get_mut(index)?;
            if matches!(part, "x" | "X" | "*") {
                partial.wildcard = true;
            } else if partial.wildcard {
                return None;
            } else {
                let digits = part.bytes().all(|byte| byte.is_ascii_digit());
                *slot = Some(digits.then(|| part.parse().ok()).flatten()?);
            }
        }
        Some(partial)
    }

    fn version(&self) -> Version {
        Version {
            major: self.numbers[0].unwrap_or(0),
            minor: self.numbers[1].unwrap_or(0),
            patch: self.numbers[2].unwrap_or(0),
            prerelease: self.prerelease.clone(),
            metadata: self.metadata.clone(),
        }
    }

    fn is_complete(&self) -> bool {
        self.numbers.iter().all(Option::is_some)
    }

    /// Whether the numbers that are written are those of the version.
    fn covers(&self, version: &Version) -> bool {
        let numbers = [version.major, version.minor, version.patch];
        self.numbers.iter().zip(numbers).all(|(own, other)| own.is_none_or(|own| own == other))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Tilde,
    Caret,
}

const OPERATORS: &[(&str, Operator)] = &[
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterEqual),
    ("=>", Operator::GreaterEqual),
    ("<=", Operator::LessEqual),
    ("=<", Operator::LessEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

/// `>=1.2 <2 || 3.x`: alternatives of conditions that must hold together.
#[derive(Debug, Clone)]
pub struct Constraint {
    alternatives: Vec<Vec<(Operator, Partial)>>,
}

impl Constraint {
    pub fn parse(text: &str) -> Option<Constraint> {
        let alternatives: Option<Vec<_>> = text.split("||").map(conditions).collect();
        Some(Constraint { alternatives: alternatives? })
    }

    pub fn allows(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|conditions| {
            conditions.iter().all(|(operator, wanted)| holds(*operator, wanted, version))
        })
    }
}

fn conditions(text: &str) -> Option<Vec<(Operator, Partial)>> {
    let words: Vec<&str> = text.split([',', ' ', '\t']).filter(|word| !word.is_empty()).collect();
    let mut conditions = Vec::new();
    let mut at = 0;
    while at < words.len() {
        // `1.2 - 2.0`
        if words.get(at + 1) == Some(&"-") {
            conditions.push((Operator::GreaterEqual, Partial::parse(words[at])?));
            conditions.push((Operator::LessEqual, Partial::parse(words.get(at + 2)?)?));
            at += 3;
            continue;
        }
        let found = OPERATORS.iter().find(|operator| words[at].starts_with(operator.0));
        let (operator, mut rest) = match found {
            Some((sign, operator)) => (*operator, &words[at][sign.len()..]),
            None => (Operator::Equal, words[at]),
        };
        at += 1;
        if rest.is_empty() {
            rest = words.get(at)?;
            at += 1;
        }
        conditions.push((operator, Partial::parse(rest)?));
    }
    (!conditions.is_empty()).then_some(conditions)
}

fn holds(operator: Operator, wanted: &Partial, version: &Version) -> bool {
    // Prereleases are only looked at by those who ask for one.
    let unasked = !version.prerelease.is_empty() && wanted.prerelease.is_empty();
    if unasked && operator != Operator::NotEqual {
        return false;
    }
    let least = wanted.version();
    let order = version.precedence(&least);
    match operator {
        Operator::Equal if wanted.is_complete() => order.is_eq(),
        Operator::Equal => holds(Operator::Tilde, wanted, version),
        Operator::NotEqual if wanted.is_complete() => order.is_ne(),
        Operator::NotEqual => !wanted.covers(version),
        Operator::Less => order.is_lt(),
        Operator::LessEqual => order.is_le() || !wanted.is_complete() && wanted.covers(version),
        Operator::Greater => order.is_gt() && (wanted.is_complete() || !wanted.covers(version)),
        Operator::GreaterEqual => order.is_ge(),
        Operator::Tilde => match wanted.numbers {
            [None, ..] => true,
            [Some(major), None, _] => order.is_ge() && version.major == major,
            [Some(major), Some(minor), _] => {
                order.is_ge() && (version.major, version.minor) == (major, minor)
            }
        },
        Operator::Caret => {
            order.is_ge()
                && match wanted.numbers {
                    [None, ..] => true,
                    [Some(0), None, _] => version.major == 0,
                    [Some(0), Some(0), None] => (version.major, version.minor) == (0, 0),
                    [Some(0), Some(0), Some(patch)] => version.numbers() == (0, 0, patch),
                    [Some(0), Some(minor), _] => (version.major, version.minor) == (0, minor),
                    [Some(major), ..] => version.major == major,
                }
        }
    }
}

fn compare(_: &Context<'_>, values: &[Value]) -> Result<Value> {
    let version = text(&values[1])?;
    let Some(constraint) = Constraint::parse(text(&values[0])?.as_str()) else {
        return Err(Failure::new(format!("improper constraint: {:?}", text(&values[0])?.as_str())));
    };
    match Version::parse(version.as_str()) {
        Some(version) => Ok(Value::bool(constraint.allows(&version))),
        None => Err(Failure::new("invalid semantic version")),
    }
}

fn record(text: &str) -> Result<Value> {
    let Some(version) = Version::parse(text) else {
        return Err(Failure::new("invalid semantic version"));
    };
    let number = |number: u64| Value::from(Data::Int64(i64::try_from(number).unwrap_or(i64::MAX)));
    let record = Record {
        type_name: "*semver.Version",
        display: version.to_string(),
        fields: vec![
            ("Major", number(version.major)),
            ("Minor", number(version.minor)),
            ("Patch", number(version.patch)),
            ("Prerelease", Value::string(version.prerelease.as_str())),
            ("Metadata", Value::string(version.metadata.as_str())),
            ("Original", Value::string(text)),
            ("String", Value::string(version.to_string())),
        ],
    };
    Ok(Data::Object(Rc::new(Object::Record(record))).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the documentation of Masterminds/semver.
    #[test]
    fn constraints_mean_what_their_documentation_says() {
        for (constraint, version, expected) in [
            (">=1.2, <3", "2.9.9", true),
            (">= 1.2 < 3 || >= 4", "4.0.0", true),
            (">=1.2-0", "1.3.0-beta", true),
            (">=1.2", "1.3.0-beta", false),
            ("1.2 - 1.4.5", "1.4.5", true),
            ("1.2 - 1.4.5", "1.4.6", false),
            ("1.2.x", "1.2.9", true),
            (">= 1.2.x", "1.2.0", true),
            ("<= 2.x", "2.9.0", true),
            ("*", "7.1.0", true),
            ("~1.2.3", "1.2.9", true),
            ("~1.2.3", "1.3.0", false),
            ("~1", "1.9.0", true),
            ("^1.2.3", "1.9.0", true),
            ("^1.2.3", "2.0.0", false),
            ("^0.2.3", "0.2.9", true),
            ("^0.2.3", "0.3.0", false),
            ("^0.0.3", "0.0.4", false),
            ("!=1.2.3", "1.2.4", true),
            (">1.2", "1.2.5", false),
            ("=1.2", "1.2.5", true),
            (">=1.19-0", "v1.36.0", true),
        ] {
            let parsed = Constraint::parse(constraint).unwrap();
            let version = Version::parse(version).unwrap();
            assert_eq!(parsed.allows(&version), expected, "{constraint} {version}");
        }
        assert!(Constraint::parse("nope").is_none());
        assert!(Version::parse("1.2.3.4").is_none());
    }
}
