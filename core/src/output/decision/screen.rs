//! The first screen of the decision report: what somebody reads who reads nothing else.

use super::super::columns::{columns, escape_line};
use super::super::place::Place;
use super::super::style::Style;
use super::{at, hang, words};
use crate::report::{Decision, Report, Statement, Step, Today};
use crate::text::Span;

/// Maximum number of lines of the first screen, without the empty line and the line that say how to see more.
const MAX_LINES: usize = 23;

/// Number of columns for the titles.
const TITLE: usize = 10;

/// Number of columns for the number of an item.
const NUMBER: usize = 3;

/// How much of the screen is shown.
#[derive(Debug, Clone, Copy)]
struct Shown {
    reasons: usize,
    steps: usize,
    myth: bool,
    /// Whether steps are printed in full, with their counts and reasons.
    whole_steps: bool,
    whole_reasons: bool,
    /// Whether it is said what is not counted.
    whole_head: bool,
    /// Whether places are whole paths, and not names of files alone.
    whole_places: bool,
    /// Whether empty lines stand between the groups.
    is_spacious: bool,
}

impl Shown {
    fn all(decision: &Decision) -> Shown {
        Shown {
            reasons: decision.reasons.len(),
            steps: decision.steps.len(),
            myth: true,
            whole_steps: true,
            whole_reasons: true,
            whole_head: true,
            whole_places: true,
            is_spacious: true,
        }
    }

    /// Returns less: words go before whole items, and of those the last steps go first. `None` where nothing is left
    /// that may go.
    fn less(self) -> Option<Shown> {
        match self {
            Shown { whole_steps: true, .. } => Some(Shown { whole_steps: false, ..self }),
            Shown { is_spacious: true, .. } => Some(Shown { is_spacious: false, ..self }),
            Shown { whole_reasons: true, .. } => Some(Shown { whole_reasons: false, ..self }),
            Shown { whole_head: true, .. } => Some(Shown { whole_head: false, ..self }),
            Shown { whole_places: true, .. } => Some(Shown { whole_places: false, ..self }),
            Shown { steps: 3.., .. } => Some(Shown { steps: self.steps - 1, ..self }),
            Shown { reasons: 3.., .. } => Some(Shown { reasons: self.reasons - 1, ..self }),
            Shown { steps: 2.., .. } => Some(Shown { steps: self.steps - 1, ..self }),
            Shown { myth: true, .. } => Some(Shown { myth: false, ..self }),
            Shown { reasons: 2.., .. } => Some(Shown { reasons: self.reasons - 1, ..self }),
            _ => None,
        }
    }
}

/// Returns the screen with everything on it.
pub fn whole(report: &Report, decision: &Decision, style: Style) -> String {
    render(report, decision, style, Shown::all(decision))
}

/// Returns what fits on the screen, and how many steps are left out.
pub fn first(report: &Report, decision: &Decision, style: Style) -> (String, usize) {
    let mut shown = Shown::all(decision);
    let mut screen = render(report, decision, style, shown);
    while screen.lines().count() > MAX_LINES
        && let Some(less) = shown.less()
    {
        shown = less;
        screen = render(report, decision, style, shown);
    }
    (screen, decision.steps.len() - shown.steps)
}

fn render(report: &Report, decision: &Decision, style: Style, shown: Shown) -> String {
    let mut out = String::new();
    head(&mut out, decision, style, shown.whole_head);
    let Shown { is_spacious, whole_places, .. } = shown;
    let groups = Groups { style, is_spacious, whole_places };
    let reasons = decision.reasons.iter().take(shown.reasons);
    let reasons = reasons.map(|it| groups.statement(report, it, shown.whole_reasons));
    groups.add(&mut out, "Why", reasons);
    let ask = decision.ask.iter().map(|ask| format!("--answer {}: {}", ask.answer, ask.changes));
    groups.add(&mut out, "Answer", ask);
    let steps = decision.steps.iter().take(shown.steps);
    let steps = steps.map(|it| groups.step(report, it, shown.whole_steps));
    groups.add(&mut out, "Next", steps);
    if let Some(myth) = decision.myth.filter(|_| shown.myth) {
        groups.begin(&mut out);
        hang(&mut out, style, "", 0, myth);
    }
    out
}

fn padding(title: &str) -> String {
    " ".repeat(TITLE.saturating_sub(title.len()))
}

/// Renders the verdict, the platforms of today and of the outcome, and what each way costs.
fn head(out: &mut String, decision: &Decision, style: Style, in_full: bool) {
    hang(out, style, "", 0, &style.bold(&escape_line(&decision.verdict)));
    let mut today = words::today_and_fit(decision);
    if decision.today != Today::Unknown {
        let parts: Vec<&str> = decision.counted.split("; ").collect();
        let counted = parts.iter().enumerate();
        let counted = counted.filter(|(at, part)| {
            in_full || *at == 0 || at + 1 == parts.len() && part.starts_with("counted from")
        });
        let counted: Vec<&str> = counted.map(|it| *it.1).collect();
        today.push_str(&format!("; counted: {}", counted.join("; ")));
    }
    let mut rows = vec![("Today", today), ("Platform", words::outcome(&decision.outcome))];
    if !decision.cost.stay.text.is_empty() {
        rows.push(("To stay", decision.cost.stay.text.clone()));
        rows.push(("To move", decision.cost.go.text.clone()));
    }
    for (title, text) in rows {
        let head = format!("{}{}", style.bold(title), padding(title));
        hang(out, style, &head, TITLE, &escape_line(&text));
    }
}

/// How the numbered items of the screen are set.
#[derive(Debug, Clone, Copy)]
struct Groups {
    style: Style,
    is_spacious: bool,
    whole_places: bool,
}

impl Groups {
    fn begin(self, out: &mut String) {
        if self.is_spacious {
            out.push('\n');
        }
    }

    /// Renders numbered items behind a title.
    fn add(self, out: &mut String, title: &str, items: impl Iterator<Item = String>) {
        for (index, item) in items.enumerate() {
            let head = match index {
                0 => format!("{}{}", self.style.bold(title), padding(title)),
                _ => " ".repeat(TITLE),
            };
            if index == 0 {
                self.begin(out);
            }
            let head = format!("{head}{}. ", index + 1);
            hang(out, self.style, &head, TITLE + NUMBER, &escape_line(&item));
        }
    }

    /// Returns the number of columns that an item has on one line beside its place.
    fn room(self, beside: &str) -> usize {
        let width = self.style.prose_width();
        width.saturating_sub(TITLE + NUMBER + columns(beside))
    }

    /// Returns a place in brackets.
    fn place(self, report: &Report, span: Span) -> String {
        if self.whole_places {
            return at(report, span);
        }
        let place = Place::of(report, span);
        format!(" ({}:{})", short_path(report, place.path), place.line)
    }

    fn statement(self, report: &Report, statement: &Statement, in_full: bool) -> String {
        let place = statement.span.map(|span| self.place(report, span)).unwrap_or_default();
        let text = &statement.text;
        match in_full {
            true => format!("{text}{place}"),
            false => format!("{}{place}", shortened(text, self.room(&place), &REASON)),
        }
    }

    fn step(self, report: &Report, step: &Step, in_full: bool) -> String {
        let place = step.span.map(|span| self.place(report, span)).unwrap_or_default();
        if in_full {
            return format!("{}{place}", words::step(step));
        }
        format!("{}{place}", shortened_step(step, self.room(&place)))
    }
}

/// Returns the shortest end of a path that no other file of the report has, with what stands for the rest.
pub fn short_path(report: &Report, path: &str) -> String {
    let is_of = |file: &str, end: &str| {
        file.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    let is_unique =
        |end: &&str| report.files.iter().filter(|it| is_of(&it.file.path, end)).take(2).count() < 2;
    let mut ends = path.rmatch_indices('/').map(|(at, _)| &path[at + 1..]);
    match ends.find(is_unique) {
        Some(end) => format!("…/{end}"),
        None => path.to_owned(),
    }
}

/// Trailing clauses that may be cut from a text.
#[derive(Debug)]
struct Clauses {
    begin: &'static [&'static str],
    /// Whether a text that names something has to go on naming something.
    keeps_names: bool,
}

const REASON: Clauses = Clauses { begin: &["; ", ", which "], keeps_names: false };

/// A clause with ", which" is kept: it often says what is wrong.
const STEP: Clauses = Clauses { begin: &["; ", ": ", ", because "], keeps_names: true };

/// Returns a step without the clauses that do not fit into some columns, behind its subject where what is left does not
/// name that.
pub fn shortened_step(step: &Step, room: usize) -> String {
    let text = shortened(&step.text, room, &STEP);
    let subject = words::subject_before(step, &text);
    let text = shortened(&step.text, room.saturating_sub(columns(&subject)), &STEP);
    format!("{}{text}", words::subject_before(step, &text))
}

/// Returns a sentence without the clauses at its end that do not fit into some columns: what is in brackets, and what
/// explains the rest. Of several sentences nothing is left out.
fn shortened(text: &str, room: usize, clauses: &Clauses) -> String {
    let Some(whole) = text.strip_suffix('.').filter(|it| !it.contains(". ")) else {
        return text.to_owned();
    };
    let mut kept = whole;
    while columns(kept) + 1 > room
        && let Some(at) = last_clause(kept, clauses.begin)
    {
        let (before, after) = kept.split_at(at);
        if clauses.keeps_names && (!before.contains('`') || names_alone(after)) {
            break;
        }
        kept = &kept[..at];
    }
    format!("{kept}.")
}

/// Whether a clause is a list of names: "`web`, `worker` and 3 more".
fn names_alone(clause: &str) -> bool {
    let outside = clause.split('`').step_by(2);
    let mut words = outside.flat_map(|it| it.split(|letter: char| !letter.is_alphanumeric()));
    clause.contains('`')
        && words
            .all(|it| it.is_empty() || matches!(it, "and" | "more") || it.parse::<u32>().is_ok())
}

/// Returns where the last clause of a sentence begins: the brackets at its end, or what one of some words introduces
/// outside of quotes and brackets.
fn last_clause(text: &str, begin: &[&str]) -> Option<usize> {
    if text.ends_with(')') {
        return text.rfind(" (");
    }
    let is_outside = |at: &usize| {
        let before = &text[..*at];
        before.matches('`').count().is_multiple_of(2)
            && before.matches('(').count() == before.matches(')').count()
    };
    let found = begin.iter().flat_map(|it| text.match_indices(it)).map(|it| it.0);
    found.filter(is_outside).max()
}
