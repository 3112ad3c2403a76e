//! Units: the containers of either side, with what rules ask of a Compose service and of a container in
//! a Pod template alike.

use super::image_start::ImageStart;
use super::images::Image;
use super::mentions::Mention;
use super::migrations::Migration;
use super::programs::Program;
use crate::knowledge::env::is_argument_for;
use crate::knowledge::shell;
use crate::model::{Str, compose};
use crate::text::{Span, name_of};

/// Where a unit comes from, as an index into [`Facts::services`](super::Facts::services) or
/// [`Facts::workloads`](super::Facts::workloads).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Site {
    Service(usize),
    /// The workload, and the container's index among its units.
    Container(usize, usize),
}

/// The part that a container plays in its Pod. A Compose service is always `Main`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Main,
    /// An init container that ends before the main ones start.
    Init,
    /// An init container that keeps running (`restartPolicy: Always`).
    Sidecar,
}

/// How many copies of a unit may run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    One,
    /// One replica, but a rolling update runs old and new side by side.
    Overlapping,
    /// More than one, and the place that says so.
    Many(Span),
}

impl Copies {
    pub fn is_many(self) -> bool {
        matches!(self, Copies::Many(_))
    }

    pub fn many(self) -> Option<Span> {
        match self {
            Copies::Many(span) => Some(span),
            _ => None,
        }
    }
}

/// Where a variable's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VarSource {
    /// Written at the container or service.
    Inline,
    EnvFile,
    ConfigMap,
    Secret,
    /// A field of the Pod or the container's resources.
    Field,
}

/// An environment variable of a container.
#[derive(Debug, Clone, Copy)]
pub struct Var<'a> {
    pub name: &'a str,
    /// The name as written at the container or in its env file.
    pub name_span: Span,
    /// The value, where the files show it. Values of Secrets are never read.
    pub value: Option<&'a str>,
    /// The place of the value, or of the name where there is no value.
    pub value_span: Span,
    /// The whole entry.
    pub span: Span,
    pub source: VarSource,
    /// Whether it is written out, without a Compose variable in it.
    pub literal: bool,
}

/// A start command: entrypoint and arguments as far as the files show them.
#[derive(Debug, Clone, Default)]
pub struct Start<'a> {
    /// Entrypoint (Kubernetes `command`), then command (`args`).
    pub words: Vec<&'a Str>,
    /// The commands that run, including those inside `sh -c`. The `arg` of each word is its index in
    /// `words`.
    pub commands: Vec<shell::Command>,
    /// From the first word to the last.
    pub span: Option<Span>,
    /// Whether it replaces the entrypoint of the image, or drops it.
    pub replaces_entrypoint: bool,
    /// Whether an empty command takes away what the image would start: `command: []` in Compose.
    pub drops_command: bool,
}

impl<'a> Start<'a> {
    /// Whether it starts a program in the background, beside the others.
    pub fn has_background(&self) -> bool {
        self.commands.iter().any(|it| it.joint == shell::Joint::Background)
    }

    pub fn new(entrypoint: &'a [Str], arguments: &'a [Str]) -> Start<'a> {
        let words: Vec<&Str> = entrypoint.iter().chain(arguments).collect();
        let texts: Vec<&str> = words.iter().map(|it| it.value.as_str()).collect();
        let commands = if texts.is_empty() { Vec::new() } else { shell::commands_of_argv(&texts) };
        let span = words.first().zip(words.last()).map(|(first, last)| first.span.to(last.span));
        let replaces_entrypoint = !entrypoint.is_empty();
        Start { words, commands, span, replaces_entrypoint, drops_command: false }
    }

    /// Returns the start command of a Compose service. An empty list or text takes away what the image says, while one
    /// that is not written leaves it.
    ///
    /// Sources: Compose file reference, "entrypoint" and "command".
    pub(super) fn of_service(model: &'a compose::Service) -> Start<'a> {
        let words = |of: &'a Option<compose::Command>| of.as_ref().map(|it| it.words.as_slice());
        let (entrypoint, command) = (words(&model.entrypoint), words(&model.command));
        let start = Start::new(entrypoint.unwrap_or_default(), command.unwrap_or_default());
        Start {
            replaces_entrypoint: entrypoint.is_some(),
            drops_command: command.is_some_and(<[Str]>::is_empty),
            ..start
        }
    }

    /// Whether it is empty, and the image starts nothing of its own either.
    pub(super) fn is_dropped(&self) -> bool {
        self.is_empty() && (self.replaces_entrypoint || self.drops_command)
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Returns the place of a word of a command, as precisely as the text allows.
    pub fn span_of(&self, word: &shell::Word) -> Span {
        self.words.get(word.arg).map(|it| it.span).or(self.span).unwrap_or_default()
    }

    /// Returns all words, separated by spaces, for messages.
    pub fn joined(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(|it| it.value.as_str()).collect();
        words.join(" ")
    }
}

/// A container to run.
#[derive(Debug)]
pub struct Unit<'a> {
    pub site: Site,
    pub part: Part,
    /// The service's or the container's name.
    pub name: &'a Str,
    pub image: Option<Image<'a>>,
    /// The program in it, where its image or its shape give that away.
    pub runs: Option<Program>,
    pub start: Start<'a>,
    /// What its image starts with the arguments above, where the image is built here and the start command does not
    /// replace it.
    pub image_start: Option<ImageStart>,
    /// Its environment variables, each name once, in the order of the files.
    pub env: Vec<Var<'a>>,
    pub copies: Copies,
    /// The hosts that it names, and those of them that it dials.
    pub(super) mentions: Vec<Mention<'a>>,
    pub(super) peers: Vec<Mention<'a>>,
    /// The migration in its start command, or one that a variable switches on.
    pub migration: Option<Migration>,
    /// For messages: "service `web`", "container `web` of Deployment `shop`".
    pub label: String,
}

impl<'a> Unit<'a> {
    pub fn var(&self, name: &str) -> Option<&Var<'a>> {
        self.env.iter().find(|it| it.name == name)
    }

    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.var(name)?.value
    }

    /// Whether an argument of the start command sets what a variable sets.
    pub fn is_set_by_argument(&self, variable: &str) -> bool {
        let mut words = self.start.commands.iter().flat_map(|it| &it.words);
        words.any(|it| is_argument_for(&it.text, variable))
    }

    pub fn family(&self) -> Option<&'static crate::knowledge::families::Family> {
        self.runs.as_ref().map(|it| it.family)
    }

    /// Whether the image is of this family.
    pub fn is_family(&self, id: &str) -> bool {
        self.family().is_some_and(|it| it.id == id)
    }

    pub fn is_compose(&self) -> bool {
        matches!(self.site, Site::Service(_))
    }

    /// Returns the last part of its image's name, which mostly is that of the program: `traefik`.
    pub fn program(&self) -> &str {
        self.image.as_ref().map_or("", |it| name_of(&it.repository))
    }

    /// Returns the commands that it starts: its own, or those of its image where it has none.
    pub fn started(&self) -> &[shell::Command] {
        match &self.image_start {
            Some(image) if self.start.is_empty() => &image.commands,
            Some(_) | None => &self.start.commands,
        }
    }

    /// Whether it starts a program in the background, beside the others.
    pub fn has_background(&self) -> bool {
        self.start.has_background()
            || self.image_start.as_ref().is_some_and(ImageStart::has_background)
    }

    /// Returns the place of the image, or else of the name, for findings about the unit as a whole.
    pub fn image_or_name(&self) -> Span {
        self.image.as_ref().map_or(self.name.span, |it| it.span)
    }
}
