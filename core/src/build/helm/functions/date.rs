//! Dates, in UTC. The core reads no clock: what `now` is comes from outside.

use super::Parameter::{Any, Str};
use super::{Function, text};
use crate::build::helm::exec::Context;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::value::{Data, Value};

pub const FUNCTIONS: &[Function] = &[
    Function::new("now", &[], |context, _| Ok(Data::Time(context.engine.now).into())),
    Function::new("date", &[Str, Any], date),
    Function::new("dateInZone", &[Str, Any, Str], date),
    Function::new("date_in_zone", &[Str, Any, Str], date),
    Function::new("htmlDate", &[Any], html_date),
    Function::new("htmlDateInZone", &[Any, Str], html_date),
    Function::new("unixEpoch", &[Any], |context, values| {
        Ok(Value::string(seconds(context, &values[0]).to_string()))
    }),
    Function::new("ago", &[Any], |context, values| {
        let now = context.engine.now;
        Ok(Value::string(duration_text(now.saturating_sub(seconds(context, &values[0])))))
    }),
    Function::new("toDate", &[Str, Str], |_, values| {
        let parsed = parse(text(&values[0])?.as_str(), text(&values[1])?.as_str());
        Ok(Data::Time(parsed.unwrap_or(ZERO_TIME)).into())
    }),
    Function::new("mustToDate", &[Str, Str], |_, values| {
        let (layout, date) = (text(&values[0])?, text(&values[1])?);
        match parse(layout.as_str(), date.as_str()) {
            Some(seconds) => Ok(Data::Time(seconds).into()),
            None => Err(Failure::new(format!(
                "parsing time {:?} as {:?}",
                date.as_str(),
                layout.as_str()
            ))),
        }
    }),
    Function::new("dateModify", &[Str, Any], modify),
    Function::new("date_modify", &[Str, Any], modify),
    Function::new("mustDateModify", &[Str, Any], modify),
    Function::new("must_date_modify", &[Str, Any], modify),
    Function::new("duration", &[Any], |_, values| {
        // Only strings and `int64` count, as in sprig.
        let seconds = match &values[0].data {
            Data::Str(text) => text.as_str().parse().unwrap_or(0),
            Data::Int64(seconds) => *seconds,
            _ => 0,
        };
        Ok(Value::string(duration_text(seconds)))
    }),
    Function::new("durationRound", &[Any], |context, values| {
        let seconds = match &values[0].data {
            Data::Str(text) => parse_duration(text.as_str()).unwrap_or(0),
            Data::Int(nanoseconds) | Data::Int64(nanoseconds) => nanoseconds / 1_000_000_000,
            Data::Time(time) => context.engine.now.saturating_sub(*time),
            _ => 0,
        };
        Ok(Value::string(rounded(seconds)))
    }),
];

/// Go's zero time, the first of January of the year 1.
const ZERO_TIME: i64 = -62_135_596_800;

const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A moment taken apart.
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    weekday: usize,
    year_day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

/// The number of days from 1970 to a date of the Gregorian calendar.
fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let month_index = (month + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn moment(seconds: i64) -> Moment {
    let days = seconds.div_euclid(86_400);
    let rest = seconds.rem_euclid(86_400);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Moment {
        year,
        month,
        day: day_of_year - (153 * month_index + 2) / 5 + 1,
        weekday: usize::try_from((days + 4).rem_euclid(7)).unwrap_or(0),
        year_day: days - days_to(year, 1, 1) + 1,
        hour: rest / 3_600,
        minute: rest % 3_600 / 60,
        second: rest % 60,
    }
}

/// Parts of a layout, the longer ones before those that they begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    ShortYear,
    MonthName,
    ShortMonth,
    ZeroMonth,
    Month,
    DayName,
    ShortDay,
    ZeroDay,
    BlankDay,
    Day,
    YearDay,
    Hour,
    ZeroHour12,
    Hour12,
    ZeroMinute,
    Minute,
    ZeroSecond,
    Second,
    UpperNoon,
    LowerNoon,
    Zone,
    Offset,
    OffsetOrZ,
}

const PARTS: &[(&str, Part)] = &[
    ("January", Part::MonthName),
    ("Jan", Part::ShortMonth),
    ("Monday", Part::DayName),
    ("Mon", Part::ShortDay),
    ("MST", Part::Zone),
    ("2006", Part::Year),
    ("002", Part::YearDay),
    ("01", Part::ZeroMonth),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::ShortYear),
    ("15", Part::Hour),
    ("_2", Part::BlankDay),
    ("Z07:00", Part::OffsetOrZ),
    ("Z0700", Part::OffsetOrZ),
    ("-07:00", Part::Offset),
    ("-0700", Part::Offset),
    ("PM", Part::UpperNoon),
    ("pm", Part::LowerNoon),
    ("1", Part::Month),
    ("2", Part::Day),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
];

/// A moment in a layout of Go, in UTC.
pub fn formatted(seconds: i64, layout: &str) -> String {
    let moment = moment(seconds);
    let mut text = String::new();
    let mut rest = layout;
    while let Some(letter) = rest.chars().next() {
        match PARTS.iter().find(|(written, _)| rest.starts_with(written)) {
            Some((written, part)) => {
                text.push_str(&part_text(*part, &moment, written));
                rest = &rest[written.len()..];
            }
            None => {
                text.push(letter);
                rest = &rest[letter.len_utf8()..];
            }
        }
    }
    text
}

fn part_text(part: Part, moment: &Moment, written: &str) -> String {
    let month = usize::try_from(moment.month - 1).unwrap_or(0).min(11);
    let hour12 = if moment.hour % 12 == 0 { 12 } else { moment.hour % 12 };
    match part {
        Part::Year => format!("{:04}", moment.year),
        Part::ShortYear => format!("{:02}", moment.year.rem_euclid(100)),
        Part::MonthName => MONTHS[month].to_owned(),
        Part::ShortMonth => MONTHS[month][..3].to_owned(),
        Part::ZeroMonth => format!("{:02}", moment.month),
        Part::Month => moment.month.to_string(),
        Part::DayName => DAYS[moment.weekday].to_owned(),
        Part::ShortDay => DAYS[moment.weekday][..3].to_owned(),
        Part::ZeroDay => format!("{:02}", moment.day),
        Part::BlankDay => format!("{:2}", moment.day),
        Part::Day => moment.day.to_string(),
        Part::YearDay => format!("{:03}", moment.year_day),
        Part::Hour => format!("{:02}", moment.hour),
        Part::ZeroHour12 => format!("{hour12:02}"),
        Part::Hour12 => hour12.to_string(),
        Part::ZeroMinute => format!("{:02}", moment.minute),
        Part::Minute => moment.minute.to_string(),
        Part::ZeroSecond => format!("{:02}", moment.second),
        Part::Second => moment.second.to_string(),
        Part::UpperNoon => (if moment.hour < 12 { "AM" } else { "PM" }).to_owned(),
        Part::LowerNoon => (if moment.hour < 12 { "am" } else { "pm" }).to_owned(),
        Part::Zone => "UTC".to_owned(),
        Part::Offset if written.contains(':') => "+00:00".to_owned(),
        Part::Offset => "+0000".to_owned(),
        Part::OffsetOrZ => "Z".to_owned(),
    }
}

/// Reads a date in a layout; `None` where it has another shape.
fn parse(layout: &str, text: &str) -> Option<i64> {
    let (mut year, mut month, mut day) = (1, 1, 1);
    let (mut hour, mut minute, mut second, mut afternoon) = (0, 0, 0, None);
    let (mut layout, mut text) = (layout, text);
    while let Some(letter) = layout.chars().next() {
        let Some((written, part)) = PARTS.iter().find(|(written, _)| layout.starts_with(written))
        else {
            text = text.strip_prefix(letter)?;
            layout = &layout[letter.len_utf8()..];
            continue;
        };
        layout = &layout[written.len()..];
        let mut number = |most: usize| -> Option<i64> {
            let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
            let number = text[..digits].parse().ok()?;
            text = &text[digits..];
            Some(number)
        };
        match part {
            Part::Year => year = number(4)?,
            Part::ShortYear => {
                year = number(2).map(|year| if year < 69 { year + 2000 } else { year + 1900 })?
            }
            Part::ZeroMonth | Part::Month => month = number(2)?,
            Part::ZeroDay | Part::Day => day = number(2)?,
            Part::BlankDay => {
                text = text.trim_start_matches(' ');
                let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
                day = text[..digits].parse().ok()?;
                text = &text[digits..];
            }
            Part::Hour | Part::ZeroHour12 | Part::Hour12 => hour = number(2)?,
            Part::ZeroMinute | Part::Minute => minute = number(2)?,
            Part::ZeroSecond | Part::Second => second = number(2)?,
            Part::YearDay => day = number(3)?,
            Part::MonthName | Part::ShortMonth => {
                let length = |name: &str| if *part == Part::ShortMonth { 3 } else { name.len() };
                let at = MONTHS.iter().position(|name| text.starts_with(&name[..length(name)]))?;
                text = &text[length(MONTHS[at])..];
                month = i64::try_from(at).ok()? + 1;
            }
            Part::DayName | Part::ShortDay => {
                let length = |name: &str| if *part == Part::ShortDay { 3 } else { name.len() };
                let at = DAYS.iter().position(|name| text.starts_with(&name[..length(name)]))?;
                text = &text[length(DAYS[at])..];
            }
            Part::UpperNoon | Part::LowerNoon => {
                afternoon = Some(text.get(..2)?.eq_ignore_ascii_case("pm"));
                text = &text[2..];
            }
            Part::Zone => text = text.strip_prefix("UTC").or_else(|| text.strip_prefix("GMT"))?,
            Part::Offset | Part::OffsetOrZ => {
                let zero = ["Z", "+00:00", "+0000", "-00:00", "-0000"];
                text = zero.iter().find_map(|zero| text.strip_prefix(zero))?;
            }
        }
    }
    match afternoon {
        Some(true) if hour < 12 => hour += 12,
        Some(false) if hour == 12 => hour = 0,
        _ => {}
    }
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60;
    (text.is_empty() && valid)
        .then(|| days_to(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// The seconds of a date argument: a time, or a number of seconds. Everything else is now, as in
/// sprig.
fn seconds(context: &Context<'_>, value: &Value) -> i64 {
    match value.data {
        Data::Time(seconds) | Data::Int(seconds) | Data::Int64(seconds) => seconds,
        _ => context.engine.now,
    }
}

fn date(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let layout = text(&values[0])?;
    // At each letter, all parts are looked for.
    context.heap.budget.spend_steps(layout.len())?;
    Ok(Value::string(formatted(seconds(context, &values[1]), layout.as_str())))
}

fn html_date(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    Ok(Value::string(formatted(seconds(context, &values[0]), "2006-01-02")))
}

fn modify(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let change = parse_duration(text(&values[0])?.as_str());
    let moved = seconds(context, &values[1]).saturating_add(change.unwrap_or(0));
    Ok(Data::Time(moved).into())
}

/// Whole seconds of a duration such as `-1h30m`.
fn parse_duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let units =
            [("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
        let (unit, scale) = units.iter().find(|(unit, _)| rest.starts_with(unit))?;
        seconds += number * scale;
        rest = &rest[unit.len()..];
    }
    #[allow(clippy::cast_possible_truncation)]
    Some((sign * seconds) as i64)
}

/// `1h1m1s`, as Go prints a duration.
fn duration_text(seconds: i64) -> String {
    let size = seconds.unsigned_abs();
    let (hours, minutes, rest) = (size / 3_600, size % 3_600 / 60, size % 60);
    let sign = if seconds < 0 { "-" } else { "" };
    match (hours, minutes) {
        (0, 0) => format!("{sign}{rest}s"),
        (0, _) => format!("{sign}{minutes}m{rest}s"),
        _ => format!("{sign}{hours}h{minutes}m{rest}s"),
    }
}

/// The largest unit of a duration alone.
fn rounded(seconds: i64) -> String {
    let size = seconds.unsigned_abs();
    let units =
        [("y", 31_536_000), ("mo", 2_592_000), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    match units.iter().find(|(_, length)| size > *length) {
        Some((unit, length)) => format!("{}{unit}", size / length),
        None => "0s".to_owned(),
    }
}

/// As `%v` prints a time.
pub fn go_time(seconds: i64) -> String {
    formatted(seconds, "2006-01-02 15:04:05 -0700 MST")
}

/// As JSON has a time.
pub fn rfc3339(seconds: i64) -> String {
    formatted(seconds, "2006-01-02T15:04:05Z07:00")
}
