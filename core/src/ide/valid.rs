//! The names that each kind of thing may have.

use super::Name;

/// Maximum number of characters of a DNS label, and of a label's value.
const MAX_LABEL: usize = 63;

/// Maximum number of characters of a DNS subdomain, and of a key of a ConfigMap.
const MAX_SUBDOMAIN: usize = 253;

/// Maximum number of characters of the name of a port.
const MAX_PORT: usize = 15;

/// Whether a text may be the name of such a thing.
pub(super) fn is_valid(name: &Name, text: &str) -> bool {
    match name {
        // https://docs.docker.com/reference/compose-file/services/
        Name::Compose { .. } | Name::Template { .. } => {
            has_only(text, |it| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-'))
        }
        Name::Variable { .. } | Name::Value { .. } => is_identifier(text),
        Name::Anchor { .. } => has_only(text, |it| {
            !it.is_whitespace() && !matches!(it, ',' | '[' | ']' | '{' | '}' | ':')
        }),
        // https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
        Name::Object { kind, .. } => match kind.as_str() {
            "Service" | "Namespace" => is_dns_label(text),
            _ => text.len() <= MAX_SUBDOMAIN && text.split('.').all(is_part_of_subdomain),
        },
        Name::Key { .. } => {
            text.len() <= MAX_SUBDOMAIN
                && has_only(text, |it| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-'))
        }
        Name::Label { .. } => {
            text.len() <= MAX_LABEL
                && starts_and_ends(text, |it| it.is_ascii_alphanumeric())
                && has_only(text, |it| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-'))
        }
        Name::ContainerPort { .. } => {
            text.len() <= MAX_PORT
                && is_dns_label(text)
                && text.contains(|it: char| it.is_ascii_lowercase())
                && !text.contains("--")
        }
        Name::ServicePort { .. } | Name::PodVolume { .. } => is_dns_label(text),
        Name::NamedTemplate { .. } => {
            has_only(text, |it| !it.is_whitespace() && !matches!(it, '"' | '`' | '\\'))
        }
    }
}

/// Returns the rule in words, as it stands behind a colon.
pub(super) fn rule_of(name: &Name) -> &'static str {
    match name {
        Name::Compose { .. } | Name::Template { .. } | Name::Key { .. } => {
            "it may have letters, digits, `.`, `_` and `-`"
        }
        Name::Variable { .. } | Name::Value { .. } => {
            "it may have letters, digits and `_`, and must not start with a digit"
        }
        Name::Anchor { .. } => "it must not contain spaces, brackets, commas or colons",
        Name::Object { kind, .. } => match kind.as_str() {
            "Service" | "Namespace" => {
                "it may contain only lowercase letters, digits and `-`, and must start and end with a letter or digit"
            }
            _ => {
                "it may have lower-case letters, digits, `-` and `.`, and begins and ends with a letter or digit"
            }
        },
        Name::Label { .. } => {
            "it may have letters, digits, `.`, `_` and `-`, at most 63 characters, and begins and ends with a letter or digit"
        }
        Name::ContainerPort { .. } => {
            "it may have lower-case letters, digits and single `-`, at most 15 of them and at least one letter"
        }
        Name::ServicePort { .. } | Name::PodVolume { .. } => {
            "it may contain only lowercase letters, digits and `-`, and must start and end with a letter or digit"
        }
        Name::NamedTemplate { .. } => "it must not contain spaces or quotes",
    }
}

fn has_only(text: &str, is_allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(is_allowed)
}

fn starts_and_ends(text: &str, is_allowed: impl Fn(char) -> bool) -> bool {
    text.starts_with(&is_allowed) && text.ends_with(&is_allowed)
}

fn is_identifier(text: &str) -> bool {
    has_only(text, |it| it.is_ascii_alphanumeric() || it == '_')
        && !text.starts_with(|it: char| it.is_ascii_digit())
}

/// Whether a text is a part of a DNS subdomain of RFC 1123.
fn is_part_of_subdomain(text: &str) -> bool {
    starts_and_ends(text, |it| it.is_ascii_lowercase() || it.is_ascii_digit())
        && has_only(text, |it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-')
}

/// Whether a text is a DNS label of RFC 1123.
fn is_dns_label(text: &str) -> bool {
    text.len() <= MAX_LABEL && is_part_of_subdomain(text)
}
