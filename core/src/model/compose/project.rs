//! A project and the objects at its top level.

use super::{KeyValue, Service};
use crate::model::{Place, Str};
use crate::text::{FileId, Span, Spanned};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// A Compose project: a base file with its override files, or a single file.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// The top-level `name`, else the name of the project's folder in the form that Compose gives it
    /// (lower case, letters and digits), with an empty span. Empty for a root folder without a name.
    pub name: Str,
    /// The folder where relative paths start, without a trailing slash; empty for the root.
    pub folder: SmolStr,
    /// The base file first, then the override files in the order of their merge.
    pub files: Vec<FileId>,
    /// The files that `include` and `extends` brought in, sorted.
    pub included: Vec<FileId>,
    /// The services sorted by their names, including those that a profile disables.
    pub services: Vec<Service>,
    /// The networks, with the implicit `default` network if a service uses it.
    pub networks: Vec<Network>,
    pub volumes: Vec<Volume>,
    pub secrets: Vec<FileObject>,
    pub configs: Vec<FileObject>,
    /// The names of the top-level `models`.
    pub models: Vec<Str>,
    /// All profiles that services name, sorted, each once.
    pub profiles: Vec<SmolStr>,
    /// All uses of variables, sorted by their spans.
    pub variables: Vec<VariableUse>,
    /// The variables of the project's `.env` file, the last of each name.
    pub dot_env: Vec<DotEnvVar>,
    /// The project's `.env` file, if it was handed over.
    pub dot_env_file: Option<FileId>,
    /// Everything that the real tool refuses or warns about.
    pub problems: Vec<Problem>,
    /// Keys that the Compose schema does not know and the real tool refuses.
    pub unknown_keys: Vec<UnknownKey>,
    /// The obsolete top-level `version` keys.
    pub versions: Vec<Key>,
    /// The place of the top level in each file, the base file first.
    pub places: Vec<Place>,
    /// The place of the `services` mapping in each file.
    pub services_places: Vec<Place>,
    /// The top-level keys as written, including those that begin with `x-`.
    pub keys: Vec<Key>,
    positions: Positions,
}

/// The positions of the top-level objects in their lists, by name.
#[derive(Debug, Clone, Default)]
struct Positions {
    services: FxHashMap<SmolStr, usize>,
    networks: FxHashMap<SmolStr, usize>,
    volumes: FxHashMap<SmolStr, usize>,
    secrets: FxHashMap<SmolStr, usize>,
    configs: FxHashMap<SmolStr, usize>,
}

impl Project {
    /// Records the positions of all objects, for the look-ups by name below. The lists must not change
    /// afterwards.
    pub(crate) fn index(&mut self) {
        fn positions<'n>(names: impl Iterator<Item = &'n Str>) -> FxHashMap<SmolStr, usize> {
            names.enumerate().map(|(at, name)| (name.value.clone(), at)).collect()
        }
        self.positions = Positions {
            services: positions(self.services.iter().map(|it| &it.name)),
            networks: positions(self.networks.iter().map(|it| &it.key)),
            volumes: positions(self.volumes.iter().map(|it| &it.key)),
            secrets: positions(self.secrets.iter().map(|it| &it.key)),
            configs: positions(self.configs.iter().map(|it| &it.key)),
        };
    }

    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.get(*self.positions.services.get(name)?)
    }

    pub fn network(&self, key: &str) -> Option<&Network> {
        self.networks.get(*self.positions.networks.get(key)?)
    }

    pub fn volume(&self, key: &str) -> Option<&Volume> {
        self.volumes.get(*self.positions.volumes.get(key)?)
    }

    pub fn secret(&self, key: &str) -> Option<&FileObject> {
        self.secrets.get(*self.positions.secrets.get(key)?)
    }

    pub fn config(&self, key: &str) -> Option<&FileObject> {
        self.configs.get(*self.positions.configs.get(key)?)
    }

    /// Returns the uses of variables inside a span.
    pub fn variables_in(&self, span: Span) -> impl Iterator<Item = &VariableUse> {
        let start = |used: &VariableUse| (used.span.file, used.span.start);
        let first = self.variables.partition_point(|used| start(used) < (span.file, span.start));
        self.variables[first..]
            .iter()
            .take_while(move |used| start(used) <= (span.file, span.end))
            .filter(move |used| span.contains(used.span))
    }

    /// Whether a value contains a variable.
    pub fn is_interpolated(&self, span: Span) -> bool {
        self.variables_in(span).next().is_some()
    }

    /// Whether only the environment knows a value: whether it contains a required variable that no file sets.
    pub fn is_unknown(&self, span: Span) -> bool {
        self.variables_in(span).any(|used| match used.form {
            VariableForm::Required { empty } => {
                used.value.as_ref().is_none_or(|value| empty && value.is_empty())
            }
            VariableForm::Plain
            | VariableForm::Default { .. }
            | VariableForm::Alternative { .. } => false,
        })
    }

    /// Whether the real tool refuses this project.
    pub fn is_refused(&self) -> bool {
        self.problems.iter().any(|it| it.kind.is_refused())
    }
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Key {
    pub name: Str,
    /// The entry, from the first byte of the key to the last byte of the value.
    pub entry: Span,
}

/// A key that the Compose schema does not know in its mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// The kind of the mapping: `project`, `service`, `build`, `healthcheck`, `deploy`, ...
    pub owner: &'static str,
    pub key: Str,
    /// The entry, from the first byte of the key to the last byte of the value.
    pub entry: Span,
    /// Whether the value is a mapping or a sequence.
    pub collection: bool,
}

/// The form of a variable, which says what happens if the variable is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableForm {
    /// `$X`, `${X}`: becomes empty, with a warning.
    Plain,
    /// `${X:-d}`, `${X-d}`: becomes a default. `empty`: an empty value is replaced too.
    Default { empty: bool },
    /// `${X:?message}`, `${X?message}`: Compose refuses to start.
    Required { empty: bool },
    /// `${X:+r}`, `${X+r}`: becomes empty; a variable that is set becomes the replacement.
    Alternative { empty: bool },
}

/// A use of a variable in a Compose file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableUse {
    pub name: SmolStr,
    pub form: VariableForm,
    /// The default, message or replacement as written.
    pub word: SmolStr,
    /// The expression, from `$` to the closing brace. The whole scalar if its text is escaped or folded.
    pub span: Span,
    /// The scalar that contains the expression.
    pub scalar: Span,
    /// The place where the project's `.env` file (or that of an `include`) sets the variable. `None` if
    /// no file sets it; the shell still may.
    pub set_by: Option<Span>,
    /// The value of the variable here. Variables that Compose itself provides
    /// (`COMPOSE_PROJECT_NAME`) have a value but no place.
    pub value: Option<SmolStr>,
}

/// A variable of a `.env` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DotEnvVar {
    pub name: Str,
    /// An empty text for `X=`; `None` for `X` alone, which takes the value of the shell.
    pub value: Option<Str>,
}

/// The kind of a problem; see [`ProblemKind::is_refused`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    UndefinedService,
    UndefinedNetwork,
    UndefinedVolume,
    UndefinedSecret,
    UndefinedConfig,
    UndefinedModel,
    /// Services that depend on one another in a circle.
    DependencyCycle,
    /// A required variable (`${X:?...}`) that no `.env` file sets.
    RequiredVariable,
    /// A `${` without an end or without a valid name.
    InvalidInterpolation,
    /// An `extends` whose file was not handed over.
    ExtendsFileMissing,
    ExtendsServiceMissing,
    ExtendsCycle,
    IncludeFileMissing,
    IncludeCycle,
    /// A required `env_file` (or a `label_file`) that was not handed over.
    EnvFileMissing,
    /// An `env_file` with a syntax error.
    EnvFileInvalid,
    InvalidPort,
    /// A healthcheck's `test` list that starts with neither `CMD`, `CMD-SHELL` nor `NONE`.
    InvalidHealthTest,
    InvalidMount,
    InvalidDuration,
    InvalidSize,
    /// A value of the wrong type, as a string in place of a mapping.
    WrongType,
    /// A missing value where one is required.
    Null,
    /// A key that appears twice in one mapping.
    DuplicateKey,
    /// Another value that the schema refuses, such as an unknown `condition`.
    InvalidValue,
    UnknownKey,
    /// A required key that is missing.
    MissingKey,
    /// Two keys that are mutually exclusive or contradict each other.
    Conflict,
    /// A service with neither `image` nor `build`.
    NothingToRun,
    /// A project without services.
    Empty,
    /// A limit of this reader was reached; the rest is not read.
    Limit,
}

impl ProblemKind {
    /// Whether the real tool refuses the project. A missing file may exist in the real project and only
    /// not have been handed over; see [`ProblemKind::is_missing_file`].
    pub fn is_refused(self) -> bool {
        !matches!(self, ProblemKind::Limit)
    }

    /// Whether something is missing that another document could define.
    pub fn is_absence(self) -> bool {
        matches!(
            self,
            ProblemKind::UndefinedService
                | ProblemKind::UndefinedNetwork
                | ProblemKind::UndefinedVolume
                | ProblemKind::UndefinedSecret
                | ProblemKind::UndefinedConfig
                | ProblemKind::UndefinedModel
                | ProblemKind::ExtendsServiceMissing
                | ProblemKind::MissingKey
                | ProblemKind::Null
                | ProblemKind::NothingToRun
                | ProblemKind::Empty
        )
    }

    /// Whether a file is missing among those handed over.
    pub fn is_missing_file(self) -> bool {
        matches!(
            self,
            ProblemKind::ExtendsFileMissing
                | ProblemKind::IncludeFileMissing
                | ProblemKind::EnvFileMissing
        )
    }
}

/// Something that the real tool refuses or warns about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    /// The value (or key) at fault.
    pub span: Span,
    /// The name at fault: the undefined service, the variable, the key.
    pub name: SmolStr,
    /// The service in which the problem was found, if any.
    pub service: Option<SmolStr>,
    /// One sentence without a full stop.
    pub message: String,
}

/// A top-level network.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// The key under which services refer to it.
    pub key: Str,
    /// The whole entry; empty for the implicit `default` network.
    pub span: Span,
    /// Whether this is the `default` network that Compose adds.
    pub implicit: bool,
    /// `name`, the name of the network itself.
    pub name: Option<Str>,
    pub external: bool,
    pub driver: Option<Str>,
    pub driver_opts: Vec<KeyValue>,
    pub internal: Option<Spanned<bool>>,
    pub attachable: Option<Spanned<bool>>,
    pub enable_ipv6: Option<Spanned<bool>>,
    /// `ipam.config[].subnet`.
    pub subnets: Vec<Str>,
    pub labels: Vec<KeyValue>,
    pub keys: Vec<Key>,
    pub places: Vec<Place>,
}

/// A top-level volume.
#[derive(Debug, Clone, Default)]
pub struct Volume {
    /// The key under which services refer to it.
    pub key: Str,
    /// The whole entry.
    pub span: Span,
    pub name: Option<Str>,
    pub external: bool,
    pub driver: Option<Str>,
    pub driver_opts: Vec<KeyValue>,
    pub labels: Vec<KeyValue>,
    pub keys: Vec<Key>,
    pub places: Vec<Place>,
}

/// A top-level secret or config.
#[derive(Debug, Clone, Default)]
pub struct FileObject {
    /// The key under which services refer to it.
    pub key: Str,
    /// The whole entry.
    pub span: Span,
    pub name: Option<Str>,
    pub external: bool,
    /// The path of `file`, relative to the project's folder.
    pub file: Option<Str>,
    /// The file, if it was handed over.
    pub file_id: Option<FileId>,
    /// The environment variable that contains the value.
    pub environment: Option<Str>,
    pub content: Option<Str>,
    pub labels: Vec<KeyValue>,
    pub keys: Vec<Key>,
    pub places: Vec<Place>,
}
