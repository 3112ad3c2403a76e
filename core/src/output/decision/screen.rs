//! The first screen of the decision report: what somebody reads who reads nothing else.

use super::super::columns::escape_line;
use super::super::style::Style;
use super::{at, hang, words};
use crate::report::{Decision, Report, Statement, Step, Today};

/// Maximum number of lines of the first screen, without the empty line and the line that say how to see more.
const MAX_LINES: usize = 23;

/// Number of columns for the titles.
const TITLE: usize = 10;

/// How much of the screen is shown.
#[derive(Debug, Clone, Copy)]
struct Shown {
    reasons: usize,
    steps: usize,
    myth: bool,
}

impl Shown {
    fn all(decision: &Decision) -> Shown {
        Shown { reasons: decision.reasons.len(), steps: decision.steps.len(), myth: true }
    }

    /// Returns less: the last steps go first. `None` where nothing is left that may go.
    fn less(self) -> Option<Shown> {
        match self {
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
    head(&mut out, decision, style);
    let reasons = decision.reasons.iter().take(shown.reasons);
    group(&mut out, style, "Why", reasons.map(|reason| statement(report, reason)));
    let ask = decision.ask.iter().map(|ask| format!("--answer {}: {}", ask.answer, ask.changes));
    group(&mut out, style, "Answer", ask);
    let steps = decision.steps.iter().take(shown.steps);
    group(&mut out, style, "Next", steps.map(|next| step(report, next)));
    if let Some(myth) = decision.myth.filter(|_| shown.myth) {
        out.push('\n');
        hang(&mut out, style, "", 0, myth);
    }
    out
}

/// Renders numbered items behind a title.
fn group(out: &mut String, style: Style, title: &str, items: impl Iterator<Item = String>) {
    for (index, item) in items.enumerate() {
        let head = match index {
            0 => format!("\n{}{}", style.bold(title), padding(title)),
            _ => " ".repeat(TITLE),
        };
        let number = format!("{}. ", index + 1);
        hang(out, style, &format!("{head}{number}"), TITLE + number.len(), &escape_line(&item));
    }
}

fn padding(title: &str) -> String {
    " ".repeat(TITLE.saturating_sub(title.len()))
}

/// Renders the verdict, the platforms of today and of the outcome, and what each way costs.
fn head(out: &mut String, decision: &Decision, style: Style) {
    hang(out, style, "", 0, &style.bold(&escape_line(&decision.verdict)));
    let mut today = words::today_and_fit(decision);
    if decision.today != Today::Unknown {
        today.push_str(&format!("; counted: {}", decision.counted));
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

fn statement(report: &Report, statement: &Statement) -> String {
    let place = statement.span.map(|span| at(report, span)).unwrap_or_default();
    format!("{}{place}", statement.text)
}

fn step(report: &Report, step: &Step) -> String {
    let place = step.span.map(|span| at(report, span)).unwrap_or_default();
    format!("{}{place}", words::step(step))
}
