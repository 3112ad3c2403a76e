//! The parts of a service.

use super::Key;
use crate::model::{Place, Str};
use crate::text::{FileId, Span, Spanned};
use smol_str::SmolStr;
use std::time::Duration;

/// One entry of a mapping (or of a list of `KEY=value`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyValue {
    pub key: Str,
    /// `None`: written without a value.
    pub value: Option<Str>,
    /// The whole entry.
    pub span: Span,
}

/// `build`, short or long.
#[derive(Debug, Clone, Default)]
pub struct Build {
    /// The whole value.
    pub span: Span,
    pub place: Option<Place>,
    /// Relative to the project's folder, or a URL. `.` where it is not written, then with the span
    /// of the build.
    pub context: Str,
    /// Relative to the context; `None` is `Dockerfile`.
    pub dockerfile: Option<Str>,
    pub dockerfile_inline: Option<Str>,
    /// The Dockerfile, if it was handed over.
    pub dockerfile_id: Option<FileId>,
    pub target: Option<Str>,
    pub args: Vec<KeyValue>,
    pub labels: Vec<KeyValue>,
    pub additional_contexts: Vec<KeyValue>,
    pub cache_from: Vec<Str>,
    pub cache_to: Vec<Str>,
    pub platforms: Vec<Str>,
    pub tags: Vec<Str>,
    pub secrets: Vec<FileReference>,
    pub network: Option<Str>,
    pub keys: Vec<Key>,
}

/// A command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// The words that the container gets. Empty where an override takes the image's own away.
    pub words: Vec<Str>,
    /// Written as one string, which Compose splits into words; no shell runs it.
    pub shell_form: bool,
    /// Shell form: the string itself, after interpolation.
    pub text: Option<Str>,
    /// Shell form: what Compose silently drops, from an unquoted `;`, `&`, `|`, `<` or `>` on. The
    /// words end before it.
    pub dropped: Option<Str>,
    /// The whole value.
    pub span: Span,
}

impl Command {
    /// All words with a blank between them: for recognising, not for running.
    pub fn joined(&self) -> String {
        self.words.iter().map(|it| it.value.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// Where a variable of a container comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvSource {
    Environment,
    /// The file handed over that sets it.
    EnvFile(FileId),
}

/// A variable of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvVar {
    pub name: Str,
    /// After interpolation. `None`: written without a value and set by nothing that we see; then
    /// the container gets the shell's value or no such variable.
    pub value: Option<Str>,
    /// The whole entry as written, `NAME: value` or `NAME=value`.
    pub span: Span,
    pub from: EnvSource,
    /// The value holds a variable of the project: it is not a literal.
    pub interpolated: bool,
    /// Written as a list item `NAME=value` (or a line of an env file) rather than as a mapping.
    pub list_form: bool,
    /// The value is written as null, a number or a boolean and not as a string.
    pub typed: bool,
}

/// One `env_file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    /// Relative to the project's folder.
    pub path: Str,
    pub required: bool,
    pub format: Option<Str>,
    /// The file, if it was handed over.
    pub file: Option<FileId>,
    pub span: Span,
}

/// One published port; a range that is written once stays one item per port pair, as Compose has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    pub host_ip: Option<Str>,
    /// First and last host port; equal for a single one. `None`: the engine picks one.
    pub published: Option<Spanned<(u16, u16)>>,
    /// The container's port.
    pub target: Spanned<u16>,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: SmolStr,
    pub mode: Option<Str>,
    pub name: Option<Str>,
    pub app_protocol: Option<Str>,
    /// The whole item as written.
    pub span: Span,
    pub short_form: bool,
    /// Long form: its mapping.
    pub place: Option<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MountKind {
    Bind,
    Volume,
    /// A volume without a name.
    Anonymous,
    Tmpfs,
    Npipe,
    Cluster,
    Image,
}

/// One item of a service's `volumes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub kind: MountKind,
    /// A host path relative to the project's folder (bind), a top-level volume's key (volume), or
    /// an image.
    pub source: Option<Str>,
    /// The path in the container.
    pub target: Str,
    pub read_only: bool,
    pub consistency: Option<Str>,
    /// `nocopy`, `z`, ... as written in the short form's third part, or from the long form's options.
    pub options: Vec<SmolStr>,
    pub subpath: Option<Str>,
    /// The whole item as written.
    pub span: Span,
    pub short_form: bool,
    pub place: Option<Place>,
}

/// A network that a service is on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServiceNetwork {
    /// The key of the top-level network.
    pub name: Str,
    /// Not written: the `default` network that Compose adds.
    pub implicit: bool,
    pub aliases: Vec<Str>,
    pub ipv4_address: Option<Str>,
    pub ipv6_address: Option<Str>,
    pub priority: Option<Spanned<f64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    Started,
    Healthy,
    CompletedSuccessfully,
}

impl Condition {
    pub fn name(self) -> &'static str {
        match self {
            Condition::Started => "service_started",
            Condition::Healthy => "service_healthy",
            Condition::CompletedSuccessfully => "service_completed_successfully",
        }
    }
}

/// One dependency of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub service: Str,
    /// The span is the service's name where none is written.
    pub condition: Spanned<Condition>,
    /// A condition is written.
    pub explicit_condition: bool,
    pub restart: bool,
    pub required: bool,
    /// An item of a plain list.
    pub short_form: bool,
    /// The whole entry.
    pub span: Span,
    /// Long form: the mapping below the service's name, if it has entries.
    pub place: Option<Place>,
}

/// The `test` of a healthcheck.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HealthTest {
    /// As Compose has it: `NONE`, or `CMD` and words, or `CMD-SHELL` and one string.
    pub words: Vec<Str>,
    /// Written as one string, which means `CMD-SHELL`.
    pub string_form: bool,
    /// The whole value.
    pub span: Span,
}

impl HealthTest {
    /// `CMD`, `CMD-SHELL` or `NONE`; anything else is a mistake.
    pub fn head(&self) -> &str {
        self.words.first().map_or("", |it| it.value.as_str())
    }

    pub fn is_shell(&self) -> bool {
        self.head() == "CMD-SHELL"
    }

    pub fn is_none(&self) -> bool {
        self.head() == "NONE"
    }

    /// What is run, without the head.
    pub fn arguments(&self) -> &[Str] {
        self.words.get(1..).unwrap_or_default()
    }

    /// What is run, with a blank between the words.
    pub fn joined(&self) -> String {
        self.arguments().iter().map(|it| it.value.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// A healthcheck; what is not written keeps the image's or the engine's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Healthcheck {
    /// The whole value.
    pub span: Span,
    pub place: Option<Place>,
    pub test: Option<HealthTest>,
    pub interval: Option<Spanned<Duration>>,
    pub timeout: Option<Spanned<Duration>>,
    pub start_period: Option<Spanned<Duration>>,
    pub start_interval: Option<Spanned<Duration>>,
    pub retries: Option<Spanned<i64>>,
    /// `disable: true` or a test of `NONE`.
    pub disabled: bool,
    pub keys: Vec<Key>,
}

/// A secret or config as a service uses it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileReference {
    /// The key of the top-level object.
    pub source: Str,
    /// The path (or name below `/run/secrets`) in the container, if written.
    pub target: Option<Str>,
    pub uid: Option<Str>,
    pub gid: Option<Str>,
    pub mode: Option<Str>,
    pub span: Span,
    pub short_form: bool,
}

/// `extends` of a service, already applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extends {
    pub service: Str,
    pub file: Option<Str>,
    /// The file, if another one and handed over.
    pub file_id: Option<FileId>,
    pub span: Span,
}

/// `develop`, for `docker compose watch`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Develop {
    pub span: Span,
    pub watch: Vec<Watch>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watch {
    pub action: Option<Str>,
    pub path: Option<Str>,
    pub target: Option<Str>,
    pub span: Span,
}

/// A step of `pre_start`, `post_start` or `pre_stop`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hook {
    pub command: Command,
    pub image: Option<Str>,
    pub user: Option<Str>,
    pub privileged: Option<Spanned<bool>>,
    pub working_dir: Option<Str>,
    pub per_replica: Option<Spanned<bool>>,
    pub environment: Vec<EnvVar>,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Logging {
    pub driver: Option<Str>,
    pub options: Vec<KeyValue>,
    pub span: Span,
    pub place: Option<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ulimit {
    pub name: Str,
    /// -1 is without limit.
    pub soft: Option<Spanned<i64>>,
    pub hard: Option<Spanned<i64>>,
}
