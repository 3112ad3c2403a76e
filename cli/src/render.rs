//! `plimsoll render`: what charts and overlays put onto the cluster.

use crate::args::{Input, Release, RenderFormat};
use crate::scope::Scope;
use crate::terminal::{Terminal, print_exactly};
use crate::{Failure, input, json};
use plimsoll_core::build::{Manifest, Target};
use plimsoll_core::config::Targets;
use plimsoll_core::output::escape_line;
use plimsoll_core::text::{Encoding, Span};
use plimsoll_core::{Analysis, Workspace};
use serde::Serialize;

/// A target as `--format json` prints it.
#[derive(Serialize)]
struct Rendered<'t> {
    name: &'t str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'static str>,
    documents: Vec<Document>,
    /// Why the target is not built in full.
    reasons: Vec<String>,
}

#[derive(Serialize)]
struct Document {
    /// `path:line` of the place that the document comes from.
    source: String,
    text: String,
}

/// What is to be printed.
pub struct Wanted {
    pub list: bool,
    /// Names of targets; empty for all.
    pub names: Vec<String>,
    pub release: Release,
    pub format: RenderFormat,
}

/// Prints the targets and returns the exit code: 2 if one of them is not built in full.
pub fn run(input: Input, wanted: &Wanted, terminal: &Terminal) -> Result<u8, Failure> {
    let mut config = input::config(input.config.as_deref())?;
    let scope = Scope::of(input, wanted)?;
    if !scope.requests.is_empty() {
        config.targets = Targets { requests: scope.requests.clone(), ..Targets::default() };
    }
    let sources = scope.gather(terminal)?;
    let workspace = input::workspace(&sources, terminal);
    let analysis = workspace.analysis(&config);
    let targets = chosen(&analysis, &scope, &wanted.names)?;
    if wanted.list {
        terminal.print(&targets.iter().map(|target| line(target)).collect::<String>())?;
        return Ok(0);
    }
    for reason in targets.iter().flat_map(|target| &target.reasons) {
        terminal.say(&format!("{}: {}", place(&workspace, reason.span), reason.message));
    }
    print_exactly(&match wanted.format {
        RenderFormat::Yaml => targets
            .iter()
            .flat_map(|target| target.manifests())
            .map(|manifest| yaml(&workspace, &manifest))
            .collect(),
        RenderFormat::Json => {
            json(&targets.iter().map(|target| rendered(&workspace, target)).collect::<Vec<_>>())
        }
    })?;
    let is_whole = targets.iter().all(|target| target.reasons.is_empty());
    Ok(if is_whole { 0 } else { 2 })
}

/// Returns the targets that the paths mean, or those with the names.
fn chosen<'a>(
    analysis: &'a Analysis,
    scope: &Scope,
    names: &[String],
) -> Result<Vec<&'a Target>, Failure> {
    let all = analysis.targets().iter().map(|built| &built.target);
    let all: Vec<&Target> = all.filter(|target| scope.holds(target)).collect();
    if all.is_empty() {
        return Err(Failure(
            "there is no chart and no kustomization here: a chart has a `Chart.yaml`, an overlay a `kustomization.yaml`".to_owned(),
        ));
    }
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|it| it.name == **name)) {
        return Err(Failure(format!(
            "`{unknown}` is not a target; `plimsoll render --list` prints their names"
        )));
    }
    Ok(all.into_iter().filter(|it| names.is_empty() || names.contains(&it.name)).collect())
}

fn line(target: &Target) -> String {
    let environment = target.environment.map_or("", |it| it.name());
    let state = match target.reasons.first() {
        None => String::new(),
        Some(reason) => format!("  not built in full: {}", escape_line(&reason.message)),
    };
    let name = escape_line(&target.name);
    format!("{:<13} {environment:<12} {name}{state}\n", target.kind.name())
}

fn yaml(workspace: &Workspace, manifest: &Manifest) -> String {
    let text = manifest.text.trim_start_matches("---").trim_matches('\n');
    // A line break in the name of a file must not end the comment.
    let source = escape_line(&place(workspace, manifest.source));
    format!("---\n# source: {source}\n{text}\n")
}

fn rendered<'t>(workspace: &Workspace, target: &'t Target) -> Rendered<'t> {
    let document = |manifest: Manifest| Document {
        source: place(workspace, manifest.source),
        text: manifest.text,
    };
    Rendered {
        name: &target.name,
        kind: target.kind.name(),
        environment: target.environment.map(|it| it.name()),
        documents: target.manifests().into_iter().map(document).collect(),
        reasons: target.reasons.iter().map(|reason| reason.message.clone()).collect(),
    }
}

/// Returns `path:line`.
fn place(workspace: &Workspace, span: Span) -> String {
    let file = workspace.file(span.file);
    let line = file.lines.position(span.start as usize, Encoding::Utf8).line + 1;
    format!("{}:{line}", file.path())
}
