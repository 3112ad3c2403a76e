//! Cron schedules as Kubernetes reads them.
//!
//! Source: Kubernetes documentation, "CronJob: Schedule syntax", and the documentation of the parser
//! that it uses (`robfig/cron` version 3, standard form): five fields or a macro.

use crate::words::{is_among, place_of};

/// A field: its name, its bounds and the words for its numbers, from the lowest on.
type Field = (&'static str, u32, u32, &'static str);

const FIELDS: [Field; 5] = [
    ("minute", 0, 59, ""),
    ("hour", 0, 23, ""),
    ("day of the month", 1, 31, ""),
    ("month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
    ("day of the week", 0, 6, "sun mon tue wed thu fri sat"),
];

/// Says what is wrong with a schedule, as the end of a sentence.
///
/// # Errors
/// The reason why the API server refuses it.
pub fn check(schedule: &str) -> Result<(), String> {
    let text = schedule.trim();
    if let Some(name) = text.strip_prefix('@') {
        let known = is_among("yearly annually monthly weekly daily midnight hourly", name);
        let every = name.strip_prefix("every ").is_some_and(|it| !it.trim().is_empty());
        return if known || every { Ok(()) } else { Err(format!("there is no `@{name}`")) };
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.first().is_some_and(|it| it.starts_with("TZ=") || it.starts_with("CRON_TZ=")) {
        return Err("the time zone goes into `timeZone`".to_owned());
    }
    if fields.len() != FIELDS.len() {
        return Err(format!("it has {} fields in place of 5", fields.len()));
    }
    for (text, field) in fields.iter().zip(FIELDS) {
        if !text.split(',').all(|it| part(it, field)) {
            return Err(format!("`{text}` is no {} ({} to {})", field.0, field.1, field.2));
        }
    }
    Ok(())
}

/// `*`, `5`, `1-5`, `*/10`, `mon-fri`.
fn part(text: &str, field: Field) -> bool {
    let (range, step) = match text.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (text, None),
    };
    let step = step.is_none_or(|it| it.parse::<u32>().is_ok_and(|it| it > 0));
    if matches!(range, "*" | "?") {
        return step;
    }
    let bounds = match range.split_once('-') {
        Some((low, high)) => number(low, field).zip(number(high, field)),
        None => number(range, field).map(|it| (it, it)),
    };
    step && bounds.is_some_and(|(low, high)| low <= high)
}

fn number(text: &str, (_, low, high, words): Field) -> Option<u32> {
    let value = match place_of(words, &text.to_ascii_lowercase()) {
        Some(at) => low + u32::try_from(at).ok()?,
        None => text.parse().ok()?,
    };
    (low..=high).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_the_parser_takes() {
        for text in [
            "0 4 * * *",
            "*/5 * * * *",
            "0 0-6/2 1,15 * MON-FRI",
            "0 0 ? * sun",
            "@hourly",
            "@every 1h30m",
            "5/10 * * JAN,Feb *",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_it_refuses() {
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
            "H 4 * * *",
            "CRON_TZ=UTC 0 4 * * *",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
