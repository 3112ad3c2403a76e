//! A project and what stands at its top level.

use super::{KeyValue, Service};
use crate::model::{Place, Str};
use crate::text::{FileId, Span, Spanned};
use smol_str::SmolStr;

/// One Compose project: a base file with its override files, or a file that stands alone.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// The top-level `name`, else the name of the project's folder in the form that Compose gives
    /// it (lower case, no signs); then the span is empty. Empty for a nameless root folder.
    pub name: Str,
    /// The folder that relative paths start from, without a trailing slash; empty for the root.
    pub folder: SmolStr,
    /// The base file first, then the override files in the order of their merge.
    pub files: Vec<FileId>,
    /// Files that `include` and `extends` brought in.
    pub included: Vec<FileId>,
    /// In the order of the files; those of a switched-off profile among them.
    pub services: Vec<Service>,
    /// With the implicit `default` network, where a service uses it.
    pub networks: Vec<Network>,
    pub volumes: Vec<Volume>,
    pub secrets: Vec<FileObject>,
    pub configs: Vec<FileObject>,
    /// The names of the top-level `models`.
    pub models: Vec<Str>,
    /// Every profile that a service names, sorted, each once.
    pub profiles: Vec<SmolStr>,
    /// Every use of a variable, in the order of the files.
    pub variables: Vec<VariableUse>,
    /// The variables of the project's `.env` file, the last of each name.
    pub dot_env: Vec<DotEnvVar>,
    /// The project's `.env` file, if it was handed over.
    pub dot_env_file: Option<FileId>,
    /// What the real tool refuses or warns about.
    pub problems: Vec<Problem>,
    /// Keys that the Compose schema does not know; the real tool refuses them.
    pub unknown_keys: Vec<UnknownKey>,
    /// The obsolete top-level `version`: each key with its value.
    pub versions: Vec<Key>,
    /// Where the top level of each file is written, the base file first.
    pub places: Vec<Place>,
    /// Where the `services` mapping of each file is written.
    pub services_places: Vec<Place>,
    /// The top-level keys that are written, `x-` ones among them.
    pub keys: Vec<Key>,
}

impl Project {
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|it| it.name.value == name)
    }

    pub fn network(&self, key: &str) -> Option<&Network> {
        self.networks.iter().find(|it| it.key.value == key)
    }

    pub fn volume(&self, key: &str) -> Option<&Volume> {
        self.volumes.iter().find(|it| it.key.value == key)
    }

    pub fn secret(&self, key: &str) -> Option<&FileObject> {
        self.secrets.iter().find(|it| it.key.value == key)
    }

    pub fn config(&self, key: &str) -> Option<&FileObject> {
        self.configs.iter().find(|it| it.key.value == key)
    }

    /// The variables that are used inside a value: whether it was written out or put together.
    pub fn variables_in(&self, span: Span) -> impl Iterator<Item = &VariableUse> {
        self.variables.iter().filter(move |it| span.contains(it.span))
    }

    /// Whether a value holds any variable.
    pub fn is_interpolated(&self, span: Span) -> bool {
        self.variables_in(span).next().is_some()
    }

    /// Whether the real tool would refuse this project.
    pub fn is_refused(&self) -> bool {
        self.problems.iter().any(|it| it.kind.is_refused())
    }
}

/// A key as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Key {
    pub name: Str,
    /// From the key's first byte to the value's last.
    pub entry: Span,
}

/// A key that the Compose schema does not know at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// What its mapping is: `project`, `service`, `build`, `healthcheck`, `deploy`, ...
    pub owner: &'static str,
    pub key: Str,
    /// From the key's first byte to the value's last.
    pub entry: Span,
    /// The value is a mapping or a sequence.
    pub collection: bool,
}

/// What a use of a variable does when the variable is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableForm {
    /// `$X`, `${X}`: empty, with a warning.
    Plain,
    /// `${X:-d}`, `${X-d}`: a default. `empty` where an empty value gets it too.
    Default { empty: bool },
    /// `${X:?message}`, `${X?message}`: Compose refuses to start.
    Required { empty: bool },
    /// `${X:+r}`, `${X+r}`: a replacement where it is set, else empty.
    Alternative { empty: bool },
}

/// One use of a variable in the text of a Compose file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableUse {
    pub name: SmolStr,
    pub form: VariableForm,
    /// The default, message or replacement as written.
    pub word: SmolStr,
    /// From `$` to the closing brace. The whole scalar where its text was escaped or folded.
    pub span: Span,
    /// The scalar that it stands in.
    pub scalar: Span,
    /// Where the project's `.env` file (or an `include`'s own) sets it. `None` where nothing does
    /// that we can see, and the shell still may.
    pub set_by: Option<Span>,
    /// The value that it has here; also set for what Compose itself provides
    /// (`COMPOSE_PROJECT_NAME`), which has no place.
    pub value: Option<SmolStr>,
}

/// A variable of a `.env` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DotEnvVar {
    pub name: Str,
    /// Empty text for `X=`; `None` for a lone `X`, which takes the shell's value.
    pub value: Option<Str>,
}

/// What went wrong; see [`ProblemKind::is_refused`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    UndefinedService,
    UndefinedNetwork,
    UndefinedVolume,
    UndefinedSecret,
    UndefinedConfig,
    UndefinedModel,
    /// `depends_on` and its kin lead back to where they came from.
    DependencyCycle,
    /// A value refers to a variable that must be set (`${X:?...}`), and no `.env` file sets it.
    RequiredVariable,
    /// `${` without an end, `$1`, a name that is none.
    InvalidInterpolation,
    /// The file of an `extends` was not handed over.
    ExtendsFileMissing,
    ExtendsServiceMissing,
    ExtendsCycle,
    IncludeFileMissing,
    IncludeCycle,
    /// A required `env_file` (or a `label_file`) was not handed over.
    EnvFileMissing,
    /// An `env_file` that does not parse.
    EnvFileInvalid,
    InvalidPort,
    /// A healthcheck's `test` list that starts with neither `CMD`, `CMD-SHELL` nor `NONE`.
    InvalidHealthTest,
    InvalidMount,
    InvalidDuration,
    InvalidSize,
    /// A string where a mapping is asked for and the like.
    WrongType,
    /// Nothing where a value must be.
    Null,
    /// The same key twice in one mapping.
    DuplicateKey,
    /// Another value that the schema refuses, such as an unknown `condition`.
    InvalidValue,
    UnknownKey,
    /// A key that must be there is not.
    MissingKey,
    /// Two keys that exclude each other.
    Conflict,
    /// Neither `image` nor `build`.
    NothingToRun,
    /// The project has no services at all.
    Empty,
    /// A limit of ours was reached; the rest is not read.
    Limit,
}

impl ProblemKind {
    /// Whether the real tool stops here. A missing file is a refusal only as far as we see: it may
    /// exist where the project lives and merely not have been handed over.
    pub fn is_refused(self) -> bool {
        !matches!(self, ProblemKind::Limit)
    }

    /// Whether something is not there that another document could have brought.
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

    /// Whether the problem is that a file was not among those handed over.
    pub fn is_missing_file(self) -> bool {
        matches!(
            self,
            ProblemKind::ExtendsFileMissing
                | ProblemKind::IncludeFileMissing
                | ProblemKind::EnvFileMissing
        )
    }
}

/// Something that the real tool refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    /// The value (or key) at fault.
    pub span: Span,
    /// The name at fault as written: the undefined service, the variable, the key.
    pub name: SmolStr,
    /// The service that it was found in, if one.
    pub service: Option<SmolStr>,
    /// One calm sentence without a full stop.
    pub message: String,
}

/// A top-level network.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// The name by which services know it.
    pub key: Str,
    /// The whole entry; empty for the implicit `default`.
    pub span: Span,
    /// Not written anywhere: the `default` network that Compose adds.
    pub implicit: bool,
    /// The name of the object itself, if `name` gives one.
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
    /// The name by which services know it.
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
    /// The name by which services know it.
    pub key: Str,
    /// The whole entry.
    pub span: Span,
    pub name: Option<Str>,
    pub external: bool,
    /// The path of `file`, relative to the project's folder.
    pub file: Option<Str>,
    /// The file, if it was handed over.
    pub file_id: Option<FileId>,
    /// The variable that holds the value.
    pub environment: Option<Str>,
    pub content: Option<Str>,
    pub labels: Vec<KeyValue>,
    pub keys: Vec<Key>,
    pub places: Vec<Place>,
}
