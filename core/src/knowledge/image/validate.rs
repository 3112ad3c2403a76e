//! What makes every registry refuse a reference.

use super::{ImageRef, has_variable};
use std::ops::Range;

/// What makes a reference impossible to pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    Empty,
    /// White space inside the reference.
    Space,
    /// `https://…` before the registry.
    Scheme,
    /// Upper case letters in the path, where only tags may have them.
    UpperCasePath,
    /// Upper case letters before the first slash: Docker takes such a part for a registry's host.
    UpperCaseNamespace,
    /// More than one tag: `nginx:1.27:alpine`.
    TwoTags,
    /// A colon with nothing after it.
    EmptyTag,
    /// A tag with a character that tags may not have, or with more than 128 characters.
    BadTag,
    /// `@` before a tag: `kafka@3.7.0`.
    TagAfterAt,
    /// `@` before something that is not a digest.
    BadDigest,
    /// A part of the path that breaks the grammar: `foo//bar`, `-web`, `web_`.
    BadPath,
}

impl Flaw {
    /// Returns what is wrong, as the end of a sentence that begins with the reference.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Empty => "does not name an image",
            Self::Space => "contains white space",
            Self::Scheme => "starts with a URL scheme, which image references do not have",
            Self::UpperCasePath => {
                "has upper case letters in its repository; only lower case is allowed"
            }
            Self::UpperCaseNamespace => {
                "has upper case letters before the first slash, so Docker takes that part for the \
                 host name of a registry"
            }
            Self::TwoTags => "has more than one tag",
            Self::EmptyTag => "ends in a colon without a tag",
            Self::BadTag => "has a tag with characters that tags may not have",
            Self::TagAfterAt => "has a tag after `@`, where only a digest may stand",
            Self::BadDigest => "has a malformed digest after `@`",
            Self::BadPath => "has a repository that breaks the naming rules",
        }
    }
}

/// A flaw with its bytes in the reference and the repaired text where only one repair makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageProblem {
    pub flaw: Flaw,
    pub start: usize,
    pub end: usize,
    pub suggestion: Option<String>,
}

/// Finds the first flaw that makes every registry refuse a reference. A reference with a variable
/// is not judged.
#[must_use]
pub fn validate(text: &str) -> Option<ImageProblem> {
    let problem = |flaw, range: Range<usize>, suggestion| {
        Some(ImageProblem { flaw, start: range.start, end: range.end, suggestion })
    };
    if text.trim().is_empty() {
        return problem(Flaw::Empty, 0..text.len(), None);
    }
    if has_variable(text) {
        return None;
    }
    if let Some(start) = text.find(char::is_whitespace) {
        let trimmed = text.trim();
        let suggestion = (!trimmed.contains(char::is_whitespace)).then(|| trimmed.to_owned());
        let width = text[start..].chars().next().map_or(1, char::len_utf8);
        return problem(Flaw::Space, start..start + width, suggestion);
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        return problem(Flaw::Scheme, 0..scheme.len() + 3, Some(rest.to_owned()));
    }
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    if let Some(digest) = digest.filter(|it| !is_digest(it)) {
        let range = name.len() + 1..text.len();
        if is_tag(digest) && ImageRef::parse(name).tag.is_none() {
            return problem(Flaw::TagAfterAt, range, Some(format!("{name}:{digest}")));
        }
        return problem(Flaw::BadDigest, range, None);
    }
    let image = ImageRef::parse(name);
    image.tag.and_then(|tag| validate_tag(text, name, tag)).or_else(|| validate_name(text, &image))
}

/// Finds a flaw in the tag at the end of a name; `text` is the whole reference.
fn validate_tag(text: &str, name: &str, tag: &str) -> Option<ImageProblem> {
    let (start, end) = (name.len() - tag.len(), name.len());
    let problem = |flaw| Some(ImageProblem { flaw, start, end, suggestion: None });
    if tag.is_empty() {
        let colon = start - 1;
        let suggestion = Some(format!("{}{}", &text[..colon], &text[end..]));
        return Some(ImageProblem { flaw: Flaw::EmptyTag, start: colon, end, suggestion });
    }
    if tag.contains(':') {
        return problem(Flaw::TwoTags);
    }
    if is_tag(tag) { None } else { problem(Flaw::BadTag) }
}

/// Finds a flaw in the registry or path of an image; `text` is the whole reference.
fn validate_name(text: &str, image: &ImageRef<'_>) -> Option<ImageProblem> {
    let start = image.registry.map_or(0, |it| it.len() + 1);
    let end = start + image.path.len();
    if image.path.contains(|c: char| c.is_ascii_uppercase()) {
        let lower = image.path.to_ascii_lowercase();
        if !lower.split('/').all(is_path_part) {
            return Some(ImageProblem { flaw: Flaw::BadPath, start, end, suggestion: None });
        }
        let suggestion = Some(format!("{}{lower}{}", &text[..start], &text[end..]));
        return Some(ImageProblem { flaw: Flaw::UpperCasePath, start, end, suggestion });
    }
    if let Some(registry) = image.registry
        && !registry.contains(['.', ':'])
        && registry != "localhost"
    {
        let end = registry.len();
        let suggestion = Some(format!("{}{}", registry.to_ascii_lowercase(), &text[end..]));
        return Some(ImageProblem { flaw: Flaw::UpperCaseNamespace, start: 0, end, suggestion });
    }
    if !image.path.split('/').all(is_path_part) {
        return Some(ImageProblem { flaw: Flaw::BadPath, start, end, suggestion: None });
    }
    None
}

fn is_tag(tag: &str) -> bool {
    let ok = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    (1..=128).contains(&tag.len()) && tag.bytes().all(ok) && !tag.starts_with(['.', '-'])
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let wanted = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()),
    };
    hex.len() == wanted && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether a part of the path has only lower case letters and digits, joined by `.`, `_`, `__` or
/// any number of `-`.
fn is_path_part(part: &str) -> bool {
    let bytes = part.as_bytes();
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if !bytes.first().copied().is_some_and(word) || !bytes.last().copied().is_some_and(word) {
        return false;
    }
    bytes
        .split(|b| word(*b))
        .all(|glue| matches!(glue, b"" | b"." | b"_" | b"__") || glue.iter().all(|b| *b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_that_no_registry_accepts() {
        let flaw = |text| validate(text).map(|it| (it.flaw, it.suggestion));
        assert_eq!(flaw("kafka@3.7.0"), Some((Flaw::TagAfterAt, Some("kafka:3.7.0".into()))));
        assert_eq!(
            flaw("ghcr.io/Acme/App:1"),
            Some((Flaw::UpperCasePath, Some("ghcr.io/acme/app:1".into())))
        );
        assert_eq!(flaw("Acme/app"), Some((Flaw::UpperCaseNamespace, Some("acme/app".into()))));
        assert_eq!(flaw("MyApp:1"), Some((Flaw::UpperCasePath, Some("myapp:1".into()))));
        assert_eq!(flaw("nginx:1.27:alpine"), Some((Flaw::TwoTags, None)));
        assert_eq!(flaw("nginx: 1"), Some((Flaw::Space, None)));
        assert_eq!(flaw("nginx:"), Some((Flaw::EmptyTag, Some("nginx".into()))));
        assert_eq!(flaw("nginx:1+2"), Some((Flaw::BadTag, None)));
        assert_eq!(flaw("<YOUR-IMAGE>"), Some((Flaw::BadPath, None)));
        assert_eq!(flaw("foo//bar"), Some((Flaw::BadPath, None)));
        assert_eq!(flaw("nginx@sha256:12"), Some((Flaw::BadDigest, None)));
        assert_eq!(flaw("https://ghcr.io/a/b"), Some((Flaw::Scheme, Some("ghcr.io/a/b".into()))));
        assert_eq!(flaw(""), Some((Flaw::Empty, None)));
    }

    #[test]
    fn references_that_registries_accept() {
        let digest = format!("nginx:1@sha256:{}", "0a".repeat(32));
        for text in [
            "nginx",
            "a/b__c/d--e.f:V_1.2-x",
            "localhost/x",
            "reg:5000/a:1",
            "${X}",
            "a:{{ .T }}",
            &digest,
        ] {
            assert_eq!(validate(text), None, "{text}");
        }
    }
}
