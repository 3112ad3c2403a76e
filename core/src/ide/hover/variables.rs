//! Variables of Compose files: their value and where it comes from, and who uses a variable of `.env`.

use super::Section;
use crate::ide::here::Here;
use crate::ide::words::{code, code_or_mask, list, place_in_markdown as place};
use crate::model::compose::{Project, VariableForm, VariableUse};
use crate::text::Span;
use crate::text::markdown::prose;

pub(super) fn sections(here: &Here<'_>) -> Vec<Section> {
    let mut found = Vec::new();
    for project in here.facts.projects() {
        let at = Span::new(here.file.id, here.offset, here.offset);
        let around = project.variables.iter().filter(|it| here.is_in(it.span));
        // Of nested variables, the innermost one is meant.
        if let Some(used) = around.min_by_key(|it| it.span.range().len()) {
            found.push(Section { span: used.span, text: used_text(here, used) });
        } else if project.dot_env_file == Some(at.file) {
            found.extend(set_here(here, project));
        }
    }
    // A file of several projects says the same once.
    found.dedup_by(|a, b| a.text == b.text);
    found
}

fn used_text(here: &Here<'_>, used: &VariableUse) -> String {
    let name = code(&used.name);
    let shown = |value: &str| code_or_mask(&used.name, value);
    let value = used.value.as_ref().map(|it| shown(it));
    let said = match (&value, used.set_by) {
        (Some(value), Some(set_by)) => format!("{value}, from {}", place(here.facts, set_by)),
        (Some(value), None) => format!("{value}, which Compose sets"),
        (None, _) => return format!("**Variable** {name}: {}", unset(used)),
    };
    let otherwise = match (used.form, used.word.as_str()) {
        (VariableForm::Default { .. }, word) => format!(" (default {})", shown(word)),
        (VariableForm::Alternative { .. }, word) => {
            format!(" (since it is set, {} stands here)", shown(word))
        }
        (VariableForm::Plain | VariableForm::Required { .. }, _) => String::new(),
    };
    format!("**Variable** {name}: {said}{otherwise}")
}

/// Returns what becomes of a variable that no file sets.
fn unset(used: &VariableUse) -> String {
    let word = code_or_mask(&used.name, &used.word);
    match used.form {
        VariableForm::Default { .. } => format!("{word}, its default; no file sets it"),
        VariableForm::Required { .. } => {
            "required, but no file sets it: Compose starts only where the shell does".to_owned()
        }
        VariableForm::Alternative { .. } => {
            format!("no file sets it, so that nothing stands here; {word} if the shell does")
        }
        VariableForm::Plain => "no file sets it: it is empty unless the shell sets it".to_owned(),
    }
}

/// Returns who uses the variable that the project's `.env` file sets at the place.
fn set_here(here: &Here<'_>, project: &Project) -> Option<Section> {
    let is_here = |span: Span| here.is_in(span);
    let var = project.dot_env.iter().find(|it| {
        is_here(it.name.span) || it.value.as_ref().is_some_and(|value| is_here(value.span))
    })?;
    let used = project.variables.iter().filter(|it| it.name == var.name.as_str());
    let users: Vec<String> = used
        .map(|it| {
            let subject = here.facts.subject_at(it.span);
            let place = place(here.facts, it.span);
            if subject.is_empty() { place } else { format!("{} ({place})", prose(&subject)) }
        })
        .collect();
    let name = code(&var.name);
    let text = match users.is_empty() {
        true => format!("**Variable** {name}: no Compose file uses it"),
        false => format!("**Variable** {name} is used by\n\n{}", list(&users)),
    };
    let value = var.value.as_ref().map(|it| it.span).filter(|it| is_here(*it));
    Some(Section { span: value.unwrap_or(var.name.span), text })
}

#[cfg(test)]
mod tests {
    use crate::ide::hover::testing;

    fn said(value: &str, env: &str) -> String {
        let text = format!(
            "# file: .env\n{env}\n# file: compose.yaml\nservices:\n  web: {{image: 'acme/web', labels: {{a: '{value}'}}}}\n"
        );
        testing::said(&text)
    }

    #[test]
    fn a_variable_says_its_value_and_where_it_comes_from() {
        assert_eq!(said("${T‸AG}", "TAG=1.2"), "**Variable** `TAG`: `1.2`, from .env:1");
        assert_eq!(
            said("${T‸AG:-9}", "TAG=ä"),
            "**Variable** `TAG`: `ä`, from .env:1 (default `9`)"
        );
        assert_eq!(
            said("${TA‸G:-9}", "A=1"),
            "**Variable** `TAG`: `9`, its default; no file sets it"
        );
        assert_eq!(
            said("${TA‸G:?no}", "A=1"),
            "**Variable** `TAG`: required, but no file sets it: Compose starts only where the shell does"
        );
        assert_eq!(
            said("$TA‸G", "A=1"),
            "**Variable** `TAG`: no file sets it: it is empty unless the shell sets it"
        );
    }

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(
            said("${DB_PASS‸WORD}", "DB_PASSWORD=hunter2"),
            "**Variable** `DB_PASSWORD`: `•••`, from .env:1"
        );
    }

    #[test]
    fn a_line_of_the_env_file_says_who_uses_it() {
        assert_eq!(
            said("${TAG}", "# ü\r\nT‸AG=1.2"),
            "**Variable** `TAG` is used by\n\n- service web (compose.yaml:2)"
        );
        assert_eq!(said("x", "TA‸G=1.2"), "**Variable** `TAG`: no Compose file uses it");
    }
}
