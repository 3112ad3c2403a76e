//! Source code of a project that is mounted over the files of an image, and the files that a Compose
//! project names.

use super::dockerfile::{built_stage, copied_sources, final_stage};
use super::{Facts, Service, is_engine_socket};
use crate::knowledge::env::is_env_file;
use crate::knowledge::families::Class;
use crate::knowledge::folder_names::{is_data_folder, is_image_folder, is_source_folder};
use crate::model::compose::{Mount, MountKind};
use crate::syntax;
use crate::text::{FileId, Span, folder_of, join_path, name_of, normalise_path};

impl Service<'_> {
    /// Returns what a bind mount brings, if that is the build context or a source folder in the context.
    pub fn covered_sources(&self, mount: &Mount) -> Option<&'static str> {
        if mount.kind != MountKind::Bind {
            return None;
        }
        let build = self.model.build.as_ref()?;
        let source = normalise_path(&mount.source.as_ref()?.value);
        let context = normalise_path(&build.context.value);
        if source == context {
            return Some("the build context");
        }
        let inside = if context.is_empty() {
            Some(source.as_str())
        } else {
            source.strip_prefix(&context)?.strip_prefix('/')
        };
        let inside = inside?;
        let (first, below) = inside.split_once('/').unwrap_or((inside, ""));
        let dockerfile = build.dockerfile.as_ref().map(|it| normalise_path(&it.value));
        let is_built_there = dockerfile.is_some_and(|it| {
            let folder = folder_of(&it);
            folder == inside && !folder.is_empty() && !is_image_folder(name_of(folder))
        });
        let is_data = below.split('/').any(is_data_folder);
        let is_source = is_source_folder(first) && !is_data;
        (is_source || is_built_there).then_some("a source folder")
    }
}

/// Directories in which images of languages run the program that they are given.
///
/// Source: the pages of the Docker Official Images of Node.js, PHP, Python, Ruby and Go.
pub(super) const PROGRAM_FOLDERS: &[&str] = &[
    "/app",
    "/code",
    "/home/node/app",
    "/opt/app",
    "/src",
    "/srv",
    "/srv/app",
    "/usr/src",
    "/usr/src/app",
    "/usr/src/myapp",
    "/var/www",
    "/var/www/html",
    "/workspace",
];

impl Service<'_> {
    /// Returns the language whose image a service runs as it is, where a bind mount brings the program: a folder of
    /// the project, mounted where the program is started.
    pub fn language_of_sources(&self, mount: &Mount) -> Option<&'static str> {
        let family = self.unit.family().filter(|it| it.class == Class::Runtime)?;
        let source = mount.source.as_ref()?;
        if self.is_built() || mount.kind != MountKind::Bind || source.starts_with(['/', '~']) {
            return None;
        }
        let (source, target) = (normalise_path(source), normalise_path(&mount.target));
        let is_file = name_of(&source).contains('.') && !source.ends_with("..");
        let is_data = source.split('/').any(is_data_folder);
        let is_started_there =
            self.model.working_dir.as_ref().is_some_and(|it| is_in(&normalise_path(it), &target));
        let is_program = is_started_there || PROGRAM_FOLDERS.contains(&target.as_str());
        (is_program && !is_file && !is_data).then_some(family.name)
    }
}

/// Folders of an image into which no Dockerfile copies what is to stay.
const SCRATCH_FOLDERS: &[&str] = &["/tmp", "/var/tmp", "/run", "/var/run"];

/// What a bind mount brings into a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brought {
    /// Source code, which belongs in the image.
    Code,
    /// Files that are there before the container starts and that it only reads.
    Configuration,
    /// What the container writes and finds again.
    Data,
    /// A part of the machine itself: a socket, its devices, its clock.
    Host,
}

/// The folder in which many images of applications keep what people set up in them.
///
/// Source: <https://docs.linuxserver.io/general/running-our-containers/>
const KEPT_SETTINGS: &str = "/config";

/// Folders of the host that belong to the machine, and not to an application.
const HOST_FOLDERS: &[&str] = &[
    "/boot",
    "/dev",
    "/etc",
    "/lib/modules",
    "/proc",
    "/run",
    "/sys",
    "/usr",
    "/var/lib/docker",
    "/var/run",
];

impl Service<'_> {
    /// Returns what a bind mount brings: by the image where that keeps data at the path, else by what is mounted.
    pub fn brought_by(&self, mount: &Mount) -> Brought {
        let source = mount.source.as_ref().map_or("", |it| it.as_str());
        let target = mount.target.as_str();
        // Some programs read what they are given below the folder of their data.
        let is_given = matches!(name_of(target), "import" | "provisioning");
        let keeps_data = !is_given
            && self.unit.stored().zip(self.unit.runs.as_ref()).is_some_and(|(family, image)| {
                let dirs = family.data_dirs(&image.repository, image.major);
                dirs.iter().any(|dir| is_in(dir, target) || is_in(target, dir))
            });
        if keeps_data {
            return Brought::Data;
        }
        let is_on_host = |folder: &&str| is_in(source, folder);
        if source == "/" || is_engine_socket(source) || HOST_FOLDERS.iter().any(is_on_host) {
            return Brought::Host;
        }
        if self.covered_sources(mount).is_some() {
            return Brought::Code;
        }
        let is_config = |path: &str| {
            let mut words = path.split(|it: char| !it.is_ascii_alphanumeric());
            words.any(|it| matches!(it, "conf" | "config" | "configs" | "configuration"))
        };
        let is_file = |path: &str| name_of(path).trim_start_matches('.').contains('.');
        let is_read = is_given
            || mount.read_only
            || is_in(target, "/etc")
            || is_file(target)
            || is_config(target)
            || is_config(source);
        if is_read { Brought::Configuration } else { Brought::Data }
    }
}

/// Whether a path of the host, mounted at another path, holds data by its name: what is only read may still be more
/// than a ConfigMap takes.
///
/// Source: <https://kubernetes.io/docs/concepts/configuration/configmap/>, 1 MiB at most
fn is_data_set(source: &str, target: &str) -> bool {
    const DATA: [&str; 10] = [
        "archive",
        "data",
        "dataset",
        "datasets",
        "downloads",
        "media",
        "models",
        "music",
        "photos",
        "videos",
    ];
    let names_data = |path: &str| {
        let mut words = path.split(|it: char| !it.is_ascii_alphanumeric());
        words.any(|it| DATA.contains(&it.to_ascii_lowercase().as_str()))
    };
    let is_file = |path: &str| name_of(path).trim_start_matches('.').contains('.');
    source.starts_with('/')
        && !is_file(source)
        && !is_file(target)
        && !is_in(target, "/etc")
        && names_data(name_of(target))
}

impl Facts<'_> {
    /// Returns what a bind mount of a service brings, as far as the files tell: a folder with files of the project
    /// holds no data, and a folder of the host in which a program keeps its settings does.
    pub fn brought_by(&self, service: &Service<'_>, mount: &Mount) -> Brought {
        let brought = service.brought_by(mount);
        let is_on_host = mount.source.as_ref().is_some_and(|it| it.starts_with(['/', '~']));
        // Beside the Compose file, such a folder may also hold files of the project that are only read.
        let holds_files = || {
            mount.source.as_ref().is_some_and(|it| {
                let folder = join_path(&service.project.folder, it);
                folder.is_empty() || self.files_below(&folder).next().is_some()
            })
        };
        let keeps_settings = !mount.read_only
            && mount.target.as_str() == KEPT_SETTINGS
            && (is_on_host || !holds_files());
        if brought == Brought::Configuration && keeps_settings {
            return Brought::Data;
        }
        let is_data_set = mount.source.as_ref().is_some_and(|it| is_data_set(it, &mount.target));
        if brought == Brought::Configuration && mount.read_only && is_data_set {
            return Brought::Data;
        }
        let source = mount.source.as_ref().filter(|_| brought == Brought::Data);
        if source.is_some_and(|it| !is_on_host && is_source_folder(name_of(it))) {
            return Brought::Code;
        }
        let is_in_project = source.is_some_and(|it| {
            let folder = join_path(&service.project.folder, it);
            !folder.is_empty() && self.files_below(&folder).next().is_some()
        });
        if is_in_project { Brought::Configuration } else { brought }
    }
}

/// What the Dockerfile of a service says about a bind mount over its image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shadowed {
    /// The image holds the files that are mounted, at the same path.
    Same,
    /// The image holds files where the mount lies, or the files that are mounted.
    Copies,
    /// The Dockerfile copies no files into the image at all.
    Nothing,
    /// The mount has nothing to do with what the image holds.
    Apart,
    /// The Dockerfile is not among the files.
    Unknown,
}

impl<'a> Facts<'a> {
    /// Returns what a bind mount hides of the image that is built for a service.
    pub fn shadowed(&self, service: &Service<'a>, mount: &Mount) -> Shadowed {
        let stage = service.model.build.as_ref().and_then(|build| {
            let target = build.target.as_ref().map(|it| it.as_str());
            let text = self.file(build.dockerfile_id?).text();
            let stage = final_stage(text, target)?;
            Some((stage, copied_sources(text), normalise_path(&build.context.value)))
        });
        let target = normalise_path(&mount.target);
        let is_scratch = SCRATCH_FOLDERS.iter().any(|folder| is_in(&target, folder));
        let (Some((stage, sources, context)), Some(source)) = (stage, &mount.source) else {
            return if is_scratch { Shadowed::Apart } else { Shadowed::Unknown };
        };
        let source = normalise_path(&source.value);
        let inside = match source == context {
            true => "",
            false if context.is_empty() => source.as_str(),
            false => source.strip_prefix(&format!("{context}/")).unwrap_or(&source),
        };
        let is_same = |(copied, to): &(String, String)| {
            let below = match copied.is_empty() {
                true => Some(inside),
                false if copied == inside => Some(""),
                false => inside.strip_prefix(&format!("{copied}/")),
            };
            below.is_some_and(|below| normalise_path(&format!("{to}/{below}")) == target)
        };
        if stage.copied.iter().any(is_same) {
            return Shadowed::Same;
        }
        // What an earlier stage copies is built there.
        let is_copied =
            |copied: &String| copied.is_empty() || is_in(inside, copied) || is_in(copied, inside);
        let is_hidden = |path: &String| is_in(path, &target);
        let is_over_files = stage.filled.iter().any(is_hidden) || is_in(&stage.directory, &target);
        if is_over_files || sources.iter().any(is_copied) && !is_scratch {
            Shadowed::Copies
        } else if is_scratch {
            Shadowed::Apart
        } else if sources.is_empty() && stage.filled.is_empty() {
            Shadowed::Nothing
        } else {
            Shadowed::Apart
        }
    }

    /// Returns the value that the Dockerfile of a service gives a variable (`ENV`), for each container of the image.
    ///
    /// Source: <https://docs.docker.com/reference/dockerfile/#env>
    pub fn variable_of_image(&self, service: &Service<'a>, name: &str) -> Option<String> {
        let file = service.model.build.as_ref()?.dockerfile_id?;
        let stage = built_stage(self.file(file).text(), service)?;
        stage.variables.iter().rfind(|it| it.0 == name).map(|it| it.1.clone())
    }

    /// Whether the image that is built for a service brings a variable by itself, in the `.env` file that its
    /// Dockerfile copies.
    pub fn is_in_copied_dot_env(&self, service: &Service<'_>, name: &str) -> bool {
        let service = &self.services()[service.index];
        let Some(file) = self.copied_dot_env(service) else { return false };
        self.file(file).text().lines().any(|line| {
            let line = line.trim_start();
            line.split_once('=').is_some_and(|it| it.0.trim_end() == name)
        })
    }

    /// Returns the `.env` file that the Dockerfile of a service copies into its image with the rest of the
    /// build context.
    fn copied_dot_env(&self, service: &Service<'a>) -> Option<FileId> {
        let build = service.model.build.as_ref()?;
        let copied = copied_sources(self.file(build.dockerfile_id?).text());
        if !copied.iter().any(|it| it.is_empty() || it == "." || it == ".env") {
            return None;
        }
        let folder = join_path(&service.project.folder, &build.context);
        self.file_at(&normalise_path(&format!("{folder}/.env")))
    }

    /// Returns the file with this path among those that were handed over.
    pub fn file_at(&self, path: &str) -> Option<FileId> {
        let at = self.sorted.binary_search_by(|it| it.path().cmp(path)).ok()?;
        Some(self.sorted[at].id)
    }

    /// Returns the paths of the files in a folder and in the folders below it.
    pub fn files_below<'f>(&'f self, folder: &'f str) -> impl Iterator<Item = &'a str> + 'f {
        let start = match folder {
            "" => 0,
            folder => self.sorted.partition_point(|it| it.path() < folder),
        };
        let is_inside = move |path: &str| {
            folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        // `shop-old/a` stands between `shop` and `shop/a`.
        self.sorted[start..]
            .iter()
            .map(|it| it.path())
            .take_while(move |path| path.starts_with(folder))
            .filter(move |path| is_inside(path))
    }

    /// Whether a file of this name would have been handed over with its folder. Folders are read for the kinds of files
    /// that say something here, but hidden folders and those that a package manager fills are left out; another kind is
    /// read where a file with the same extension lies in the same folder. Of scripts only those are read that another
    /// file names as what a container starts.
    pub fn would_be_handed_over(&self, path: &str) -> bool {
        let hidden = folder_of(path).split('/').any(|it| it.starts_with('.') && it != "..");
        if hidden && self.files_below(folder_of(path)).next().is_none() {
            return false;
        }
        let is_untouched = |folder: &str| self.files_below(folder).next().is_none();
        if installed_folder(path).is_some_and(is_untouched) {
            return false;
        }
        let extension = |path: &str| name_of(path).rsplit_once('.').map(|it| it.1.to_owned());
        let folder = folder_of(path);
        is_read_by_name(name_of(path))
            || extension(path).filter(|wanted| wanted != "sh").is_some_and(|wanted| {
                let mut beside = self.files_below(folder).filter(|it| folder_of(it) == folder);
                beside.any(|it| extension(it).is_some_and(|own| own == wanted))
            })
    }

    /// Whether what stands at a place is a guess of the repair of a document that does not parse: what is missing
    /// or unknown there says nothing.
    pub fn is_guessed(&self, place: Span) -> bool {
        let file = self.file(place.file);
        !file.problems.is_empty() && file.tree.is_guessed(place)
    }

    /// Whether a file was read as it is written: without a repair, an alias that has no anchor, or a
    /// limit.
    pub fn is_read_as_written(&self, file: FileId) -> bool {
        use syntax::ProblemKind as P;
        let broken =
            |it: &syntax::Problem| matches!(it.kind, P::Syntax | P::UnknownAnchor | P::Limit);
        !self.file(file).problems.iter().any(broken)
    }
}

/// Folders that a package manager fills, and that nobody commits.
const INSTALLED: &[&str] = &["node_modules", "vendor", ".venv"];

/// Returns the folder in a path that a package manager fills.
fn installed_folder(path: &str) -> Option<&str> {
    let ends = path.match_indices('/').map(|it| it.0).chain([path.len()]);
    let mut folders = ends.map(|end| &path[..end]);
    folders.find(|it| INSTALLED.contains(&name_of(it)))
}

/// Whether a path is a folder or lies in it. An empty path is no place in an image.
fn is_in(path: &str, folder: &str) -> bool {
    !path.is_empty()
        && (path == folder || folder.is_empty() || path.starts_with(&format!("{folder}/")))
}

/// Whether a file of this name is read wherever it lies: YAML, a Dockerfile or an env file.
fn is_read_by_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_yaml = !name.starts_with('.') && (lower.ends_with(".yaml") || lower.ends_with(".yml"));
    let is_dockerfile = ["dockerfile", "containerfile"].into_iter().any(|kind| {
        lower == kind
            || lower.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.'))
            || lower.strip_suffix(kind).is_some_and(|rest| rest.ends_with('.'))
    });
    is_yaml || is_dockerfile || is_env_file(name)
}

#[cfg(test)]
mod tests {
    use super::is_read_by_name;

    #[test]
    fn files_that_say_something_here_are_read_by_name() {
        for name in [
            "compose.yaml",
            "a.YML",
            "Dockerfile",
            "Dockerfile.dev",
            "api.Dockerfile",
            ".env",
            ".env-a",
        ] {
            assert!(is_read_by_name(name), "{name}");
        }
        for name in ["nginx.conf", ".travis.yml", "Dockerfile-dev", "key.pem", "yaml"] {
            assert!(!is_read_by_name(name), "{name}");
        }
    }
}
