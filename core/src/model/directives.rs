//! Directives to Plimsoll in comments and annotations.
//!
//! A comment at the end of a line covers what starts on that line; a comment on a line of its own covers
//! what starts on the next line that is not a comment. `ignore-file` covers the file. In environment files and
//! Dockerfiles, comments have lines of their own. The annotation
//! `plimsoll.dev/ignore: PLM101,PLM606` of a Kubernetes object or of its Pod template covers the object.
//! A reason stands behind ` -- `.

use super::FileModel;
use super::kubernetes::Object;
use super::read::Str;
use crate::report::{Kind, Role};
use crate::syntax::{Comment, Node, NodeKind};
use crate::text::Span;

/// A directive that suppresses findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Codes, families or names of rules; empty for all rules.
    pub selectors: Vec<(String, Span)>,
    /// Findings that start inside this span are suppressed.
    pub covers: Span,
    /// The comment or annotation itself.
    pub span: Span,
}

/// The word that starts every directive in a comment.
const MARK: &str = "plimsoll:";

/// The annotation that suppresses findings in a Kubernetes object.
const ANNOTATION: &str = "plimsoll.dev/ignore";

/// The directives of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directives {
    pub suppressions: Vec<Suppression>,
    /// `# plimsoll: role=production`
    pub role: Option<Role>,
    /// Unknown words after the mark.
    pub unknown: Vec<(String, Span)>,
}

/// Reads the directives in a file's comments and annotations.
pub fn read(file: &FileModel) -> Directives {
    let mut directives = Directives::default();
    let text = &*file.file.text;
    // Most files have no directives.
    if !text.contains("plimsoll") {
        return directives;
    }
    let comments = match file.kind {
        Kind::Template => template_comments(file),
        Kind::EnvFile | Kind::Dockerfile => line_comments(file),
        Kind::Compose
        | Kind::Kubernetes
        | Kind::Kustomization
        | Kind::Chart
        | Kind::Values
        | Kind::ArgoCd
        | Kind::Config
        | Kind::Unknown => file.tree.comments(),
    };
    for comment in comments {
        let body = &text[comment.span.range()];
        let Some(at) = body.find(MARK) else { continue };
        if !body[..at].trim_start_matches('#').trim().is_empty() {
            continue;
        }
        let directive = &body[at + MARK.len()..];
        let directive_at = at + MARK.len();
        let directive = without_reason(directive);
        let mut words = words(directive);
        let Some((verb, verb_at)) = words.next() else { continue };
        let place = |word: &str, at: usize| {
            comment.span.inner(directive_at + at..directive_at + at + word.len())
        };
        if let Some(role) = verb.strip_prefix("role=").and_then(Role::from_name) {
            directives.role = Some(role);
            continue;
        }
        let covers = match verb {
            "ignore-file" => Span::new(file.id, 0, text.len()),
            "ignore" => covered(file, comment.span, comment.own_line),
            _ => {
                directives.unknown.push((verb.to_owned(), place(verb, verb_at)));
                continue;
            }
        };
        let selectors = words
            .take_while(|(word, _)| !word.starts_with('#'))
            .map(|(word, at)| (word.to_owned(), place(word, at)))
            .collect();
        directives.suppressions.push(Suppression { selectors, covers, span: comment.span });
    }
    for object in &file.objects {
        let accepted = accepted_by(object, &|span| &text[span.range()]);
        directives.suppressions.extend(accepted);
    }
    directives
}

/// Returns what the annotations of an object accept, its own and those of its Pod template. `written` returns
/// the text of a place.
pub fn accepted_by<'w>(object: &Object, written: &dyn Fn(Span) -> &'w str) -> Vec<Suppression> {
    let template = object.workload().map(|workload| &workload.template.meta);
    let lists = [Some(&object.meta), template].into_iter().flatten();
    lists
        .filter_map(|meta| meta.annotation(ANNOTATION))
        .map(|list| annotated(object, list, written))
        .collect()
}

fn annotated<'w>(object: &Object, list: &Str, written: &dyn Fn(Span) -> &'w str) -> Suppression {
    let text = written(list.span);
    let place = |word: &str| match text.find(word) {
        Some(at) => list.span.inner(at..at + word.len()),
        None => list.span,
    };
    let selectors = without_reason(&list.value);
    let selectors = words(selectors).map(|(word, _)| (word.to_owned(), place(word))).collect();
    Suppression { selectors, covers: object.span, span: list.span }
}

/// Returns a directive without the reason behind ` -- `.
fn without_reason(directive: &str) -> &str {
    directive.split(" -- ").next().unwrap_or_default()
}

/// Returns the comments of a template that have the mark: YAML comments, and comments of the template
/// language such as `{{/* plimsoll: ignore PLM606 */}}`.
fn template_comments(file: &FileModel) -> Vec<Comment> {
    let text = &*file.file.text;
    let mut comments = Vec::new();
    for (mark, _) in text.match_indices(MARK) {
        let line = file.lines.line_range(file.lines.line_of(mark));
        let before = &text[line.start..mark];
        let Some((start, opening)) =
            ["#", "/*"].iter().filter_map(|opening| Some((before.rfind(opening)?, *opening))).max()
        else {
            continue;
        };
        let body = line.start + start + if opening == "#" { 0 } else { opening.len() };
        let end = text[mark..line.end].find("*/").map_or(line.end, |at| mark + at);
        let ahead = before[..start].trim_end_matches(['{', '-', ' ']);
        comments.push(Comment {
            span: Span::new(file.id, body, end),
            own_line: ahead.trim().is_empty(),
        });
    }
    comments
}

/// Returns the comments of an environment file or a Dockerfile, which begin their lines.
fn line_comments(file: &FileModel) -> Vec<Comment> {
    let lines = (0..file.lines.lines()).map(|line| file.lines.line_range(line));
    let comments = lines.filter_map(|line| {
        let text = file.text()[line.clone()].trim_start();
        let start = line.end - text.len();
        let end = start + text.trim_end().len();
        let span = Span::new(file.id, start, end);
        text.starts_with('#').then_some(Comment { span, own_line: true })
    });
    comments.collect()
}

/// Returns the words between spaces and commas, each with its position.
fn words(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut next = 0;
    text.split([' ', ',', '\t']).filter_map(move |word| {
        let at = next;
        next += word.len() + 1;
        (!word.is_empty()).then_some((word, at))
    })
}

/// Returns the span of everything that starts on the line of a comment, or on the next line of content.
fn covered(file: &FileModel, comment: Span, own_line: bool) -> Span {
    let text = &*file.file.text;
    let mut line = file.lines.line_of(comment.start as usize);
    if own_line {
        loop {
            line += 1;
            let content = text[file.lines.line_range(line)].trim_start();
            if line >= file.lines.lines() || !(content.is_empty() || content.starts_with('#')) {
                break;
            }
        }
    }
    let range = file.lines.line_range(line);
    let line = Span::new(file.id, range.start, range.end);
    if file.kind == Kind::Dockerfile {
        return Span { end: end_of_instruction(text, range.start), ..line };
    }
    let mut end = line.end;
    let documents = &file.tree.documents;
    let after = documents.partition_point(|document| document.span.start <= line.end);
    let around =
        documents[..after].iter().rev().take_while(|document| document.span.end >= line.start);
    let roots = around.filter_map(|document| document.root);
    let mut open: Vec<Node<'_>> = roots.map(|root| file.tree.node(root)).collect();
    while let Some(node) = open.pop() {
        let mut children: Vec<(Span, Node<'_>)> =
            node.entries().map(|entry| (entry.span(), entry.value)).collect();
        children.extend(node.items().map(|item| (item.full_span(), item)));
        for (span, child) in children {
            if span.start >= line.start && span.start <= line.end {
                end = end.max(span.end);
            } else if span.start < line.start
                && line.start <= span.end
                && child.kind() != NodeKind::Alias
            {
                open.push(child);
            }
        }
    }
    Span { end, ..line }
}

/// Returns the end of an instruction of a Dockerfile, which goes on behind a backslash at the end of a line.
fn end_of_instruction(text: &str, start: usize) -> u32 {
    let mut end = start;
    for line in text[start..].split_inclusive('\n') {
        end += line.len();
        let line = line.trim();
        if !line.ends_with('\\') && !line.starts_with('#') {
            break;
        }
    }
    u32::try_from(end).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{File, FileId};

    /// Returns what each directive of a file covers.
    fn covered_by(path: &str, text: &str) -> Vec<String> {
        let file = FileModel::read(FileId(0), File::new(path, text), None);
        let all = file.directives.suppressions.iter();
        all.map(|it| text[it.covers.range()].trim_end().to_owned()).collect()
    }

    #[test]
    fn a_comment_in_an_environment_file_covers_the_next_line() {
        let text = "A=1\r\n  # plimsoll: ignore PLM812 -- public\r\n# two\r\nB=2 # plimsoll: ignore\r\nC=3\r\n";
        assert_eq!(covered_by(".env", text), ["B=2 # plimsoll: ignore"]);
        assert_eq!(covered_by("app.env", "# plimsoll: ignore-file PLM8\nA=1\n").len(), 1);
    }

    #[test]
    fn a_comment_in_a_dockerfile_covers_the_next_instruction() {
        let text = "FROM a:1\n# plimsoll: ignore PLM801 -- x\nRUN a \\\n  # why\n  b\nRUN c\n";
        assert_eq!(covered_by("Dockerfile", text), ["RUN a \\\n  # why\n  b"]);
        assert!(covered_by("Dockerfile", "RUN a # plimsoll: ignore\n").is_empty());
    }
}
