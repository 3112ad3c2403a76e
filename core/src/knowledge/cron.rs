//! Cron schedules as Kubernetes reads them.
//!
//! Sources: Kubernetes documentation, "CronJob: Schedule syntax", and the documentation of the
//! parser that Kubernetes uses (`robfig/cron` version 3, standard form): five fields or a macro.

/// A field of a schedule.
struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    /// Names for the numbers, from the lowest on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", low: 0, high: 59, names: &[] },
    Field { name: "hour", low: 0, high: 23, names: &[] },
    Field { name: "day of the month", low: 1, high: 31, names: &[] },
    Field { name: "month", low: 1, high: 12, names: MONTHS },
    Field { name: "day of the week", low: 0, high: 6, names: WEEKDAYS },
];
const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Macros for whole schedules, without their `@`.
const MACROS: &[&str] = &["yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly"];

/// Checks a schedule.
///
/// # Errors
/// Returns why the API server refuses the schedule, as the end of a sentence.
pub fn check(schedule: &str) -> Result<(), String> {
    let text = schedule.trim();
    if let Some(name) = text.strip_prefix('@') {
        return match name.strip_prefix("every ") {
            Some(interval) if is_duration(interval) => Ok(()),
            Some(interval) => Err(format!("`{interval}` is not a duration such as `1h30m`")),
            None if MACROS.contains(&name) => Ok(()),
            None => Err(format!("there is no macro `@{name}`")),
        };
    }
    let values: Vec<&str> = text.split_whitespace().collect();
    if values.first().is_some_and(|it| it.starts_with("TZ=") || it.starts_with("CRON_TZ=")) {
        return Err("the time zone belongs in `timeZone`".to_owned());
    }
    if values.len() != FIELDS.len() {
        return Err(format!("it has {} fields instead of 5", values.len()));
    }
    for (value, field) in values.iter().zip(&FIELDS) {
        // The parser leaves out empty parts.
        if !value.split(',').filter(|part| !part.is_empty()).all(|part| field.accepts(part)) {
            let Field { name, low, high, .. } = field;
            return Err(format!("`{value}` is not a valid {name} ({low} to {high})"));
        }
    }
    Ok(())
}

/// Whether a text is a duration as Go reads it: `1h30m`, `1.5h`, `90s`.
fn is_duration(text: &str) -> bool {
    const UNITS: &[&str] = &["ns", "us", "µs", "μs", "ms", "s", "m", "h"];
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let is_part_of_number = |it: char| it.is_ascii_digit() || it == '.';
    while !rest.is_empty() {
        let number = rest.split(|it| !is_part_of_number(it)).next().unwrap_or_default();
        let after = &rest[number.len()..];
        let unit = after.split(is_part_of_number).next().unwrap_or_default();
        let has_digit = number.bytes().any(|it| it.is_ascii_digit());
        if !has_digit || number.matches('.').count() > 1 || !UNITS.contains(&unit) {
            return false;
        }
        rest = &after[unit.len()..];
    }
    !text.is_empty()
}

impl Field {
    /// Whether the field accepts one part of a list: `*`, `5`, `1-5`, `*/10`, `mon-fri`.
    fn accepts(&self, part: &str) -> bool {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        if step.is_some_and(|it| !it.parse::<u32>().is_ok_and(|step| step > 0)) {
            return false;
        }
        match range.split_once('-') {
            Some((low, high)) => {
                self.number(low).zip(self.number(high)).is_some_and(|(low, high)| low <= high)
            }
            None => matches!(range, "*" | "?") || self.number(range).is_some(),
        }
    }

    /// Returns the number that a text stands for, if it is within the bounds.
    fn number(&self, text: &str) -> Option<u32> {
        let named = (self.low..).zip(self.names).find(|(_, name)| text.eq_ignore_ascii_case(name));
        let number = match named {
            Some((number, _)) => number,
            None => text.parse().ok()?,
        };
        (self.low..=self.high).contains(&number).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn schedules_that_the_parser_accepts() {
        for text in [
            "0 4 * * *",
            "*/5 * * * *",
            "0 0-6/2 1,15 * MON-FRI",
            "0 0 ? * sun",
            "@hourly",
            "@every 1h30m",
            "@every 1.5h",
            "0 0 1,,15 * *",
            "5/10 * * JAN,Feb *",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn schedules_that_the_parser_refuses() {
        for text in [
            "",
            "0 4 * *",
            "0 0 4 * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 7",
            "5-1 * * * *",
            "*/0 * * * *",
            "@nightly",
            "@every banana",
            "@every 5",
            "@every ",
            "@every 1h 30m",
            "H 4 * * *",
            "CRON_TZ=UTC 0 4 * * *",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
