//! The parts of a service.

use super::Key;
use crate::model::{Place, Str};
use crate::text::{FileId, Span, Spanned};
use smol_str::SmolStr;
use std::time::Duration;

/// An entry of a mapping, or of a list of `KEY=value`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyValue {
    pub key: Str,
    /// `None` for a key without a value.
    pub value: Option<Str>,
    /// The whole entry.
    pub span: Span,
}

/// `build`, in short or long form.
#[derive(Debug, Clone, Default)]
pub struct Build {
    /// The whole value.
    pub span: Span,
    pub place: Option<Place>,
    /// The build context, relative to the project's folder, or a URL. `.` with the span of the whole
    /// value if none is written.
    pub context: Str,
    /// The path of the Dockerfile, relative to the build context; `None` for `Dockerfile`.
    pub dockerfile: Option<Str>,
    pub dockerfile_inline: Option<Str>,
    /// The Dockerfile, if it was handed over.
    pub dockerfile_id: Option<FileId>,
    pub target: Option<Str>,
    pub args: Vec<KeyValue>,
    pub labels: Vec<KeyValue>,
    pub additional_contexts: Vec<KeyValue>,
    pub extra_hosts: Vec<KeyValue>,
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
    /// The words that the container gets. Empty if an override file removes the image's own command.
    pub words: Vec<Str>,
    /// Whether the command is written as one string, which Compose splits into words without a shell.
    pub shell_form: bool,
    /// The string itself, after interpolation, in shell form.
    pub text: Option<Str>,
    /// The rest of a string from an unquoted `;`, `&`, `|`, `<` or `>` on, which Compose silently drops.
    pub dropped: Option<Str>,
    /// The whole value.
    pub span: Span,
}

impl Command {
    /// Returns all words with a space between them, to search in and not to run.
    pub fn joined(&self) -> String {
        self.words.iter().map(|it| it.value.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// The origin of a variable of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvSource {
    Environment,
    /// The file that sets the variable.
    EnvFile(FileId),
}

/// A variable of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvVar {
    pub name: Str,
    /// The value after interpolation. `None` for a name without a value that no file sets: the
    /// container gets the value of the shell, if there is one.
    pub value: Option<Str>,
    /// The whole entry as written, `NAME: value` or `NAME=value`.
    pub span: Span,
    pub from: EnvSource,
    /// Whether the value contains a variable of the project, so that it is not a literal.
    pub interpolated: bool,
    /// Whether the variable is a list item `NAME=value` or a line of an env file, not a mapping entry.
    pub list_form: bool,
    /// Whether the value is written as null, a number or a boolean instead of a string.
    pub typed: bool,
}

/// An `env_file`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvFile {
    /// The path, relative to the project's folder.
    pub path: Str,
    pub required: bool,
    pub format: Option<Str>,
    /// The file, if it was handed over.
    pub file: Option<FileId>,
    pub span: Span,
}

/// A port of the container, published or not. A range becomes one item for each port, as in Compose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    pub host_ip: Option<Str>,
    /// The first and the last host port, equal for a single port. `None` if the engine picks one.
    pub published: Option<Spanned<(u16, u16)>>,
    /// The container's port.
    pub target: Spanned<u16>,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: SmolStr,
    /// The place of the protocol, where it is written.
    pub protocol_span: Option<Span>,
    pub mode: Option<Str>,
    pub name: Option<Str>,
    pub app_protocol: Option<Str>,
    /// The whole item as written.
    pub span: Span,
    pub short_form: bool,
    /// The mapping, in long form.
    pub place: Option<Place>,
}

/// The type of a mount.
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

/// An item of a service's `volumes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    pub kind: MountKind,
    /// A path on the host, relative to the project's folder (bind mount), the key of a top-level volume
    /// (volume), or an image.
    pub source: Option<Str>,
    /// The path in the container.
    pub target: Str,
    pub read_only: bool,
    pub consistency: Option<Str>,
    /// `nocopy`, `z`, ... from the third part of the short form or from the options of the long form.
    pub options: Vec<SmolStr>,
    pub subpath: Option<Str>,
    /// The whole item as written.
    pub span: Span,
    pub short_form: bool,
    pub place: Option<Place>,
}

/// A network that a service is attached to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServiceNetwork {
    /// The key of the top-level network.
    pub name: Str,
    /// Whether this is the `default` network that Compose adds.
    pub implicit: bool,
    pub aliases: Vec<Str>,
    pub ipv4_address: Option<Str>,
    pub ipv6_address: Option<Str>,
    pub priority: Option<Spanned<f64>>,
}

/// The condition under which a dependency counts as fulfilled.
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

/// A dependency of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    pub service: Str,
    /// The condition, with the span of the service's name if none is written.
    pub condition: Spanned<Condition>,
    /// Whether a condition is written.
    pub explicit_condition: bool,
    pub restart: bool,
    pub required: bool,
    /// Whether the dependency is an item of a list of names.
    pub short_form: bool,
    /// The whole entry.
    pub span: Span,
    /// The mapping under the service's name, in long form.
    pub place: Option<Place>,
}

/// The `test` of a healthcheck.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HealthTest {
    /// `NONE`, or `CMD` and words, or `CMD-SHELL` and one string.
    pub words: Vec<Str>,
    /// Whether the test is written as one string, which means `CMD-SHELL`.
    pub string_form: bool,
    /// The whole value.
    pub span: Span,
}

impl HealthTest {
    /// Returns the first word: `CMD`, `CMD-SHELL` or `NONE`; anything else is a mistake.
    pub fn head(&self) -> &str {
        self.words.first().map_or("", |it| it.value.as_str())
    }

    pub fn is_shell(&self) -> bool {
        self.head() == "CMD-SHELL"
    }

    pub fn is_none(&self) -> bool {
        self.head() == "NONE"
    }

    /// Returns the words after the first.
    pub fn arguments(&self) -> &[Str] {
        self.words.get(1..).unwrap_or_default()
    }

    /// Returns the words after the first with a space between them.
    pub fn joined(&self) -> String {
        self.arguments().iter().map(|it| it.value.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// A healthcheck. Fields that are not written keep the default of the image or the engine.
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
    /// Whether the healthcheck is disabled, by `disable: true` or by the test `NONE`.
    pub disabled: bool,
    pub keys: Vec<Key>,
}

/// A secret or config that a service uses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileReference {
    /// The key of the top-level object.
    pub source: Str,
    /// The path in the container, or the name below `/run/secrets`, if written.
    pub target: Option<Str>,
    pub uid: Option<Str>,
    pub gid: Option<Str>,
    pub mode: Option<Str>,
    pub span: Span,
    pub short_form: bool,
}

impl FileReference {
    /// Folder of the secrets in a container.
    pub const SECRETS: &str = "/run/secrets/";
    /// Folder of the configs in a container.
    pub const CONFIGS: &str = "/";

    /// Returns the path in the container, where a name without a path lies in a folder.
    pub fn path(&self, folder: &str) -> String {
        let target = self.target.as_ref().unwrap_or(&self.source).as_str();
        if target.starts_with('/') { target.to_owned() } else { format!("{folder}{target}") }
    }
}

/// The `extends` of a service, which is already applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extends {
    pub service: Str,
    pub file: Option<Str>,
    /// The file, if it is another one and was handed over.
    pub file_id: Option<FileId>,
    pub span: Span,
}

/// `develop`, for `docker compose watch`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Develop {
    pub span: Span,
    pub watch: Vec<Watch>,
}

/// An item of `develop.watch`.
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

/// `logging`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Logging {
    pub driver: Option<Str>,
    pub options: Vec<KeyValue>,
    pub span: Span,
    pub place: Option<Place>,
}

/// An entry of `ulimits`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ulimit {
    pub name: Str,
    /// -1 for no limit.
    pub soft: Option<Spanned<i64>>,
    pub hard: Option<Spanned<i64>>,
}
