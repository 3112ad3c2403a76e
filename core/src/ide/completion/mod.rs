//! What may stand at a cursor, of what lives in the project: names of services, volumes, objects and their
//! keys, hosts and ports, variables and values. Keys that a schema knows are left to schema servers.

mod compose;
mod context;
mod hosts;
mod kubernetes;
mod kustomize;
mod templates;
mod values;

use super::here::Here;
use crate::analysis::Analysis;
use crate::report::Kind;
use crate::text::{FileId, Span};
use context::Context;
use serde::Serialize;

/// What a completion stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum CompletionKind {
    Service,
    Condition,
    Volume,
    Network,
    /// A secret or config of Compose.
    File,
    Profile,
    /// A Kubernetes object.
    Object,
    /// A key of a ConfigMap or Secret.
    Key,
    /// A host, with or without a port.
    Host,
    Port,
    /// A value of a chart, or what a chart says about itself.
    Value,
    NamedTemplate,
    /// A variable of a Compose file or of a template.
    Variable,
    /// The path of a file or folder.
    Path,
    /// The name of an image, without its tag.
    Image,
}

/// A text that may stand at a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    pub label: String,
    pub kind: CompletionKind,
    /// A few words behind the label.
    pub detail: Option<String>,
    /// A sentence for those who look closer.
    pub documentation: Option<String>,
    pub insert: String,
    /// What editors compare what is typed with. An item is kept while its text fits, which `service:db` does and `db`
    /// does not.
    pub filter: String,
    /// The text that `insert` replaces, in the text that was handed over.
    pub replace: Span,
}

/// A completion without its place.
struct Offer {
    label: String,
    kind: CompletionKind,
    detail: Option<String>,
    documentation: Option<String>,
    insert: Option<String>,
}

impl Offer {
    fn new(kind: CompletionKind, label: impl Into<String>) -> Offer {
        Offer { label: label.into(), kind, detail: None, documentation: None, insert: None }
    }

    fn detail(mut self, detail: impl Into<String>) -> Offer {
        self.detail = Some(detail.into()).filter(|it| !it.is_empty());
        self
    }

    fn documentation(mut self, documentation: impl Into<String>) -> Offer {
        self.documentation = Some(documentation.into());
        self
    }

    fn insert(mut self, insert: impl Into<String>) -> Offer {
        self.insert = Some(insert.into());
        self
    }
}

/// Completion items, and the number of bytes before the cursor that they replace.
struct Offers {
    typed: usize,
    offers: Vec<Offer>,
}

/// The cursor, and the snapshot that it is completed from.
struct Cursor<'a, 't> {
    here: &'t Here<'a>,
    context: &'t Context<'t>,
    text: &'t str,
}

/// Returns what may stand at a cursor, the likeliest first. `text` is the text of the file now, which may be
/// newer than the snapshot and may not parse; `offset` is an offset of it.
pub fn complete(analysis: &Analysis, file: FileId, text: &str, offset: usize) -> Vec<Completion> {
    let offset = text.floor_char_boundary(offset);
    let here = Here::new(analysis, file, offset);
    let Offers { typed, offers } = offers(&here, text, offset);
    let start = text.floor_char_boundary(offset - typed.min(offset));
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    let rest = text[offset..].trim_start_matches(is_word);
    let replace = Span::new(file, start, text.len() - rest.len());
    let typed = &text[start..offset];
    let mut all: Vec<Completion> = Vec::with_capacity(offers.len());
    for offer in offers {
        let insert = offer.insert.unwrap_or_else(|| offer.label.clone());
        // One name may live in several places.
        if all.iter().any(|it| it.insert == insert) {
            continue;
        }
        let filter = if insert.starts_with(typed) { &insert } else { &offer.label };
        all.push(Completion {
            filter: filter.clone(),
            label: offer.label,
            kind: offer.kind,
            detail: offer.detail,
            documentation: offer.documentation,
            insert,
            replace,
        });
    }
    all
}

fn offers(here: &Here<'_>, text: &str, offset: usize) -> Offers {
    let none = Offers { typed: 0, offers: Vec::new() };
    let before = &text[..offset];
    let line = before.rsplit('\n').next().unwrap_or_default();
    if is_in_template(here) {
        let offers = values::in_template(here, before);
        return offers.or_else(|| templates::ports(here, text, offset)).unwrap_or(none);
    }
    // Nobody knows yet what a new file will be, but a Compose file says so.
    let is_new = here.file.kind == Kind::Unknown;
    let is_compose = here.file.kind == Kind::Compose
        || is_new && text.lines().any(|it| it.trim_end() == "services:");
    if is_compose && let Some(typed) = variable_start(line) {
        return Offers { typed: typed.len(), offers: compose::variables(here) };
    }
    let Some(context) = Context::at(text, offset) else { return none };
    let cursor = Cursor { here, context: &context, text };
    let plain = |offers: Vec<Offer>| Offers { typed: context.typed.len(), offers };
    if is_compose {
        return compose::hosts(&cursor).unwrap_or_else(|| plain(compose::offers(&cursor)));
    }
    if here.file.kind == Kind::Kustomization
        && let Some(offers) = kustomize::offers(&cursor)
    {
        return plain(offers);
    }
    if let Some(offers) = values::in_values_file(&cursor) {
        return plain(offers);
    }
    kubernetes::hosts(&cursor).unwrap_or_else(|| plain(kubernetes::offers(&cursor)))
}

/// Whether the file is a template of a chart.
fn is_in_template(here: &Here<'_>) -> bool {
    here.file.kind == Kind::Template
        || values::chart_of(here).is_some_and(|(_, path)| path.starts_with("templates/"))
}

/// Returns what is typed of the name of a variable: what stands behind an open `${` or a `$`.
fn variable_start(line: &str) -> Option<&str> {
    let at = line.rfind('$')?;
    // `$$` is a dollar sign.
    let dollars = line[..=at].len() - line[..=at].trim_end_matches('$').len();
    let name = &line[at + 1..];
    let name = name.strip_prefix('{').unwrap_or(name);
    let is_name = name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_');
    (dollars % 2 == 1 && is_name).then_some(name)
}

#[cfg(test)]
mod testing {
    use super::{Completion, complete};
    use crate::ide::hover::testing::{file_at, marked};
    use crate::rules::testing::files;

    /// Returns what is offered at the mark.
    pub fn offered(text: &str) -> Vec<Completion> {
        let (analysis, file, offset) = marked(text);
        let now = analysis.facts().file(file).text().to_owned();
        complete(&analysis, file, &now, offset)
    }

    pub fn labels(text: &str) -> Vec<String> {
        offered(text).into_iter().map(|it| it.label).collect()
    }

    /// Returns the text after each completion is taken.
    pub fn taken(text: &str) -> Vec<String> {
        let (analysis, file, offset) = marked(text);
        let now = analysis.facts().file(file).text().to_owned();
        let all = complete(&analysis, file, &now, offset);
        all.into_iter().map(|it| replaced(&now, &it)).collect()
    }

    fn replaced(text: &str, it: &Completion) -> String {
        let range = it.replace.range();
        format!("{}{}{}", &text[..range.start], it.insert, &text[range.end..])
    }

    /// Returns what is offered at the mark of a newer text of the first file.
    pub fn offered_now(snapshot: &str, now: &str) -> Vec<String> {
        let (analysis, _, _) = marked(&format!("{snapshot}‸"));
        let first = files(&format!("{snapshot}‸")).remove(0).path;
        let offset = now.find('‸').unwrap();
        let all = complete(&analysis, file_at(&analysis, &first), &now.replace('‸', ""), offset);
        all.into_iter().map(|it| it.label).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{labels, offered, taken};
    use super::variable_start;

    #[test]
    fn a_variable_begins_behind_a_dollar_sign() {
        assert_eq!(variable_start("a: ${TA"), Some("TA"));
        assert_eq!(variable_start("a: $TA"), Some("TA"));
        assert_eq!(variable_start("a: ${"), Some(""));
        assert_eq!(variable_start("a: $"), Some(""));
        assert_eq!(variable_start("a: $${"), None);
        assert_eq!(variable_start("a: ${TAG} "), None);
        assert_eq!(variable_start("a: ${TAG:-"), None);
    }

    #[test]
    fn the_word_around_the_cursor_is_replaced() {
        let text = "# ü🎵\r\nservices:\r\n  web: {image: 'a:1', depends_on: [d‸x]}\r\n  db: {image: 'b:1'}\r\n";
        assert_eq!(labels(text), ["db"]);
        assert_eq!(taken(text), [text.replace("d‸x", "db")]);
    }

    #[test]
    fn keys_of_a_schema_are_not_offered() {
        for text in [
            "services:\n  web:\n    ‸\n",
            "services:\n  web:\n    image: a:1\n    he‸\n",
            "apiVersion: v1\nkind: Pod\nspec:\n  ‸\n",
            "‸",
        ] {
            assert!(offered(text).is_empty(), "{text}");
        }
    }
}
