//! Where a finding on a rendered or built object belongs: its target, and the values that it comes from.

use super::trial;
use crate::facts::Facts;
use crate::model::BuiltTarget;
use crate::report::{Finding, TargetKind};
use crate::text::Span;

/// Whether a finding speaks about a value, and not only about the object whose name the value is.
fn is_about_value(finding: &Finding, value: &str) -> bool {
    let names = |word: &str| finding.subject.split([' ', '/', ',']).any(|name| name == word);
    // The words between backticks are the user's own.
    finding.message.split('`').enumerate().any(|(at, part)| match at % 2 {
        1 => !names(part) && (contains_whole(value, part) || contains_whole(part, value)),
        _ => words_of(part).any(|word| word == value && word.parse::<f64>().is_ok()),
    })
}

/// Returns the words of a sentence without the punctuation around them.
fn words_of(sentence: &str) -> impl Iterator<Item = &str> {
    let is_around = |letter: char| !letter.is_alphanumeric();
    sentence.split_whitespace().map(move |word| word.trim_matches(is_around))
}

/// Whether one text stands in another as a whole part of it, such as the tag of an image. The folders of an
/// absolute path are no parts: `/var/lib/rabbitmq` does not speak of `rabbitmq`.
fn contains_whole(text: &str, part: &str) -> bool {
    if text == part {
        return true;
    }
    let is_path = text.starts_with('/') && !part.starts_with('/');
    if is_path || !part.contains(char::is_alphanumeric) {
        return false;
    }
    let is_inner = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    text.match_indices(part).any(|(at, _)| {
        !text[..at].ends_with(is_inner) && !text[at + part.len()..].starts_with(is_inner)
    })
}

/// Returns the values that a finding is about, of those that its place was printed from. Of an image, it is
/// about the tag alone where it says so.
fn values_of(finding: &Finding, behind: &[Span], facts: &Facts<'_>) -> Vec<Span> {
    let written = |span: &Span| facts.unquoted(span);
    let mut about: Vec<Span> =
        behind.iter().copied().filter(|span| is_about_value(finding, written(span))).collect();
    if about.len() > 1 && finding.message.contains("the tag of") {
        let words = finding.message.split('`').skip(1).step_by(2);
        let tags: Vec<&str> = words.filter_map(|word| Some(word.rsplit_once(':')?.1)).collect();
        if about.iter().any(|span| tags.contains(&written(span))) {
            about.retain(|span| tags.contains(&written(span)));
        }
    }
    about
}

/// Says which target a finding is about and where its value comes from. Its fixes are made from the built
/// form: what an action prints is changed where the value is written.
pub(super) fn place_in_target(finding: &mut Finding, target: &BuiltTarget, facts: &Facts<'_>) {
    finding.targets.push(target.target.name.clone());
    let behind = target.target.behind.get(&finding.span).map_or(&[][..], Vec::as_slice);
    let in_action =
        trial::touches_action(facts.file(finding.span.file).text(), finding.span.range());
    let (places, words) = match target.target.kind {
        TargetKind::Chart if in_action => {
            (values_of(finding, behind, facts), "the value comes from here")
        }
        TargetKind::Chart => (behind.to_vec(), "this action prints it"),
        TargetKind::Kustomization
        | TargetKind::Compose
        | TargetKind::Manifests
        | TargetKind::Application => (behind.to_vec(), "this is what it replaces"),
    };
    for place in places {
        let known = finding.related.iter().any(|related| related.span == place);
        if !known && place != finding.span {
            finding.also(&place, words);
        }
    }
    if target.target.kind == TargetKind::Chart {
        let text_of = |file| facts.file(file).text();
        for fix in &mut finding.fixes {
            trial::edit_values(fix, &target.target.behind, &text_of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::said;
    use super::*;

    #[test]
    fn a_value_is_spoken_of_as_a_whole() {
        let image = said("Deployment web", "the tag of `acme/web:latest` moves");
        assert!(is_about_value(&image, "latest"));
        assert!(is_about_value(&image, "acme/web"));
        assert!(!is_about_value(&image, "late"));
        assert!(!is_about_value(&image, "-"));
        assert!(!is_about_value(&image, "web-latest"));
        let volume = said("StatefulSet mq", "nothing is mounted at `/var/lib/rabbitmq`");
        assert!(!is_about_value(&volume, "rabbitmq"));
        assert!(is_about_value(&volume, "/var/lib/rabbitmq"));
        let named = said("Deployment web", "`web` has no probe");
        assert!(!is_about_value(&named, "web"));
        let timing = said("Deployment web", "`timeoutSeconds` is 30, more than the period (10)");
        assert!(is_about_value(&timing, "30") && is_about_value(&timing, "10"));
        assert!(!is_about_value(&timing, "3") && !is_about_value(&timing, "more"));
    }
}
