//! `plimsoll render`: what a target puts onto the cluster.

use crate::args::{Input, Release, RenderFormat};
use crate::scope::Scope;
use crate::terminal::{Terminal, print_exactly};
use crate::{Failure, input, json};
use plimsoll_core::build::Target;
use plimsoll_core::config::Targets;
use plimsoll_core::model::PlainTarget;
use plimsoll_core::output::wire_targets::RenderedTarget;
use plimsoll_core::output::{escape, escape_line};
use plimsoll_core::report::{Environment, TargetKind};
use plimsoll_core::text::{Encoding, Span};
use plimsoll_core::{Analysis, Workspace};

/// A target of the project.
#[derive(Clone, Copy)]
enum Chosen<'a> {
    Built(&'a Target),
    Plain(&'a PlainTarget),
}

impl<'a> Chosen<'a> {
    fn name(self) -> &'a str {
        match self {
            Chosen::Built(target) => &target.name,
            Chosen::Plain(target) => &target.name,
        }
    }

    fn kind(self) -> TargetKind {
        match self {
            Chosen::Built(target) => target.kind,
            Chosen::Plain(target) => target.kind,
        }
    }

    fn environment(self) -> Option<Environment> {
        match self {
            Chosen::Built(target) => target.environment,
            Chosen::Plain(target) => target.environment,
        }
    }

    /// Why the target is not built in full.
    fn reasons(self) -> Vec<&'a str> {
        match self {
            Chosen::Built(target) => target.reasons.iter().map(|it| it.message.as_str()).collect(),
            Chosen::Plain(target) => target.reason.iter().map(String::as_str).collect(),
        }
    }

    fn rendered(self, workspace: &Workspace) -> RenderedTarget {
        let file = |id| workspace.file(id);
        match self {
            Chosen::Built(target) => RenderedTarget::built(target, &file),
            Chosen::Plain(target) => RenderedTarget::written(target, &file),
        }
    }
}

/// Selection of the targets to print.
pub struct Wanted {
    pub list: bool,
    /// Names of targets; empty for all.
    pub names: Vec<String>,
    pub release: Release,
    pub format: RenderFormat,
}

/// What targets put onto the cluster, or the list of targets.
pub struct Rendered {
    pub text: String,
    /// Why targets are not built in full, each with its place.
    pub reasons: Vec<String>,
    /// Whether every target is built in full.
    pub is_whole: bool,
}

/// Prints the targets and returns the exit code: 2 if one of them is not built in full.
pub fn run(input: Input, wanted: &Wanted, terminal: &Terminal) -> Result<u8, Failure> {
    let Rendered { text, reasons, is_whole } = rendered(input, wanted, terminal)?;
    for reason in &reasons {
        terminal.say(&escape_line(reason));
    }
    match wanted.list && wanted.format == RenderFormat::Yaml {
        true => terminal.print(&text),
        // Programs get the objects byte for byte, and people without control characters.
        false if terminal.interactive => terminal.print(&escape(&text)),
        false => print_exactly(&text),
    }?;
    Ok(if is_whole { 0 } else { 2 })
}

/// Builds the targets that are wanted.
pub fn rendered(input: Input, wanted: &Wanted, terminal: &Terminal) -> Result<Rendered, Failure> {
    let mut config = input::config(&input)?;
    let scope = Scope::of(input, wanted)?;
    if !scope.requests.is_empty() {
        config.targets = Targets { requests: scope.requests.clone(), ..Targets::default() };
    }
    let project = scope.gather(terminal)?;
    let workspace = project.workspace(terminal);
    let analysis = workspace.analysis(&config);
    input::refuse_mistakes(&analysis, project.within.as_deref())?;
    let all = all_targets(&workspace, &analysis, &scope);
    let targets = chosen(&all, &wanted.names)?;
    if wanted.list {
        let listed = if wanted.names.is_empty() { &all } else { &targets };
        let text = match wanted.format {
            RenderFormat::Yaml => listed.iter().map(|target| line(*target)).collect(),
            RenderFormat::Json => {
                json(&listed.iter().map(|it| Listed::of(*it)).collect::<Vec<_>>())
            }
        };
        return Ok(Rendered { text, reasons: Vec::new(), is_whole: true });
    }
    if let Some(project) = targets.iter().find(|it| it.kind() == TargetKind::Compose) {
        return Err(Failure(format!(
            "`{}` is a Compose project, which is deployed as it is written; `docker compose config` prints its merged form",
            escape_line(project.name())
        )));
    }
    let mut reasons = Vec::new();
    for target in &targets {
        if let Chosen::Built(target) = target {
            reasons.extend(
                target.reasons.iter().map(|reason| {
                    format!("{}: {}", place(&workspace, reason.span), reason.message)
                }),
            );
        }
    }
    let rendered: Vec<RenderedTarget> = targets.iter().map(|it| it.rendered(&workspace)).collect();
    let text = match wanted.format {
        RenderFormat::Yaml => rendered.iter().map(RenderedTarget::yaml).collect(),
        RenderFormat::Json => json(&rendered),
    };
    let is_whole = targets.iter().all(|target| target.reasons().is_empty());
    Ok(Rendered { text, reasons, is_whole })
}

/// Returns the targets that the paths mean, by name.
fn all_targets<'a>(
    workspace: &Workspace,
    analysis: &'a Analysis,
    scope: &Scope,
) -> Vec<Chosen<'a>> {
    let built = analysis.targets().iter().map(|built| &built.target);
    let built = built.filter(|target| scope.holds(target)).map(Chosen::Built);
    let is_meant = |target: &&PlainTarget| {
        target.files.iter().any(|file| scope.holds_file(&workspace.file(*file).file.path))
    };
    let plain = analysis.plain_targets().iter().filter(is_meant).map(Chosen::Plain);
    let mut all: Vec<Chosen<'a>> = built.chain(plain).collect();
    all.sort_by_key(|target| (target.name(), target.kind() as usize));
    all
}

/// Returns the targets of these names. Without names they are those that are built: charts and overlays.
fn chosen<'a>(all: &[Chosen<'a>], names: &[String]) -> Result<Vec<Chosen<'a>>, Failure> {
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|it| it.name() == **name)) {
        return Err(Failure(format!(
            "`{}` is not a target; `plimsoll render --list` prints their names",
            escape_line(unknown)
        )));
    }
    if all.is_empty() {
        return Err(Failure(
            "there is nothing to deploy here: no chart, no kustomization, no manifests and no Compose project".to_owned(),
        ));
    }
    let mut targets = all.to_vec();
    match names {
        [] if all.iter().any(|it| matches!(it, Chosen::Built(_))) => {
            targets.retain(|it| matches!(it, Chosen::Built(_)));
        }
        [] => {
            // Manifests print as they are, and a Compose project beside them does not hinder that.
            let has_manifests = all.iter().any(|it| it.kind() == TargetKind::Manifests);
            targets.retain(|it| !has_manifests || it.kind() == TargetKind::Manifests);
        }
        names => targets.retain(|it| names.iter().any(|name| name == it.name())),
    }
    Ok(targets)
}

/// A target in the list as JSON, with the keys that a report has for targets.
#[derive(serde::Serialize)]
struct Listed<'a> {
    name: &'a str,
    kind: &'static str,
    environment: Option<&'static str>,
    built: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> Listed<'a> {
    fn of(target: Chosen<'a>) -> Listed<'a> {
        let reason = target.reasons().first().copied();
        Listed {
            name: target.name(),
            kind: target.kind().name(),
            environment: target.environment().map(|it| it.name()),
            built: reason.is_none(),
            reason,
        }
    }
}

fn line(target: Chosen<'_>) -> String {
    let environment = target.environment().map_or("", |it| it.name());
    let state = match target.reasons().first() {
        None => String::new(),
        Some(reason) => format!("  not built in full: {}", escape_line(reason)),
    };
    let name = escape_line(target.name());
    format!("{:<13} {environment:<12} {name}{state}\n", target.kind().name())
}

/// Returns `path:line`.
fn place(workspace: &Workspace, span: Span) -> String {
    let file = workspace.file(span.file);
    let line = file.lines.position(span.start as usize, Encoding::Utf8).line + 1;
    format!("{}:{line}", file.path())
}
