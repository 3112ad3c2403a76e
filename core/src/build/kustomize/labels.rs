//! Label selectors in the notation of `kubectl get -l`.

use super::value::{Map, Value};

/// Whether labels, or annotations, fulfil all the conditions of a selector; nothing is fulfilled
/// always.
pub(super) fn fits(selector: &str, labels: Option<&Map>) -> bool {
    conditions(selector).iter().all(|condition| fulfils(condition, labels))
}

/// Returns the conditions between the commas, of which those within brackets do not count.
fn conditions(selector: &str) -> Vec<&str> {
    let mut conditions = Vec::new();
    let (mut start, mut within) = (0, false);
    for (at, letter) in selector.char_indices() {
        match letter {
            '(' => within = true,
            ')' => within = false,
            ',' if !within => {
                conditions.push(selector[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    conditions.push(selector[start..].trim());
    conditions.retain(|condition| !condition.is_empty());
    conditions
}

fn fulfils(condition: &str, labels: Option<&Map>) -> bool {
    let value = |key: &str| {
        labels.and_then(|it| it.get(key.trim())).and_then(|field| Value::as_str(&field.value))
    };
    if let Some(key) = condition.strip_prefix('!') {
        return value(key).is_none();
    }
    if let Some((key, wanted)) = condition.split_once("!=") {
        return value(key) != Some(wanted.trim());
    }
    if let Some((key, wanted)) = condition.split_once('=') {
        return value(key) == Some(wanted.trim_start_matches('=').trim());
    }
    if let Some((head, list)) = condition.strip_suffix(')').and_then(|it| it.split_once('(')) {
        let mut words = head.split_whitespace();
        let (key, operator) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let among = value(key).is_some_and(|own| list.split(',').any(|it| it.trim() == own));
        return if operator == "notin" { !among } else { among };
    }
    value(condition).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::kustomize::value::Field;
    use crate::text::Span;

    #[test]
    fn every_form_of_a_condition_is_understood() {
        let mut labels = Map::default();
        for (key, value) in [("app", "shop"), ("tier", "web")] {
            let value = Value::string(value, Span::default());
            labels.insert(key.into(), Field { key: Span::default(), value });
        }
        for (selector, expected) in [
            ("", true),
            ("app=shop,tier==web", true),
            ("app!=shop", false),
            ("other!=shop", true),
            ("app in (blog, shop),tier notin (db)", true),
            ("app notin (shop)", false),
            ("other notin (shop)", true),
            ("app", true),
            ("!app", false),
            ("!other", true),
        ] {
            assert_eq!(fits(selector, Some(&labels)), expected, "{selector}");
        }
    }
}
