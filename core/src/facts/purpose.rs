//! What a file is for.

use super::Facts;
use super::roles::{calls_itself_an_example, inside, is_aside, lies_below};
use crate::knowledge::folder_uses::{FolderUse, is_for_show, is_for_trial, is_title_for_show};
use crate::model::FileModel;
use crate::report::{Kind, Role};
use crate::text::{FileId, folder_of, name_of};
use std::sync::{Arc, OnceLock};

/// What a file is for, which says how much its findings weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To run in production, as far as anybody can tell.
    Production,
    /// To work on the program.
    Development,
    /// To test something: fixtures, expected output, clusters that come and go.
    Test,
    /// To show something, or kept although it is no longer in use.
    Demonstration,
    /// To be tried out: samples and workshops, which run as they are.
    Trial,
}

/// The purposes of all files by their ids, once by their folders alone and once in full. They are kept for the main
/// facts only: those over one variant of a target ask about a few files of many.
#[derive(Debug, Default)]
pub(super) struct Purposes {
    by_folder: OnceLock<Vec<Purpose>>,
    in_full: OnceLock<Vec<Purpose>>,
}

/// Whether some of the files that can be deployed lie outside of folders for development, tests and
/// examples. Where none does, what the project deploys are its examples.
pub(super) fn has_more_than_examples(files: &[Arc<FileModel>], above: &str) -> bool {
    let is_deployed = |kind: Kind| match kind {
        Kind::Compose
        | Kind::Kubernetes
        | Kind::Kustomization
        | Kind::Chart
        | Kind::Values
        | Kind::Template
        | Kind::ArgoCd => true,
        Kind::EnvFile | Kind::Dockerfile | Kind::Config | Kind::Unknown => false,
    };
    files.iter().any(|file| is_deployed(file.kind) && !is_aside(inside(file.path(), above)))
}

/// Whether a folder is another one or lies below it; the root is the empty string.
fn is_below(folder: &str, above: &str) -> bool {
    let rest = folder.strip_prefix(above);
    above.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the title of a README: its first heading, or its first line with text.
fn title_of(text: &str) -> Option<&str> {
    let lines = || text.lines().map(str::trim);
    let heading = lines().find_map(|it| it.strip_prefix("# "));
    heading.or_else(|| lines().find(|it| !it.is_empty()))
}

impl<'a> Facts<'a> {
    /// Returns what a file is for: what the configuration or a comment says, else what its folders or those
    /// of its target are called, else its role.
    pub fn purpose_of(&self, file: FileId) -> Purpose {
        self.kept(&self.purposes.in_full, file, |file| self.find_purpose(file))
    }

    /// Whether a file belongs to what calls itself an example, a demo or a tutorial, by a folder or by the title of a
    /// README above it: also where a project has nothing else, which then is what it deploys.
    pub fn is_for_show(&self, file: FileId) -> bool {
        let model = self.file(file);
        let folder = folder_of(model.path());
        let is_above = |readme: &FileModel| is_below(folder, folder_of(readme.path()));
        let is_readme = |it: &&&FileModel| {
            it.kind == Kind::Unknown
                && name_of(it.path()).to_ascii_lowercase().starts_with("readme")
        };
        let mut readmes = self.files().iter().filter(is_readme);
        self.said_role(model).is_none()
            && (is_for_show(inside(model.path(), self.whole.above))
                || readmes
                    .any(|it| is_above(it) && title_of(it.text()).is_some_and(is_title_for_show)))
    }

    pub(super) fn purpose_by_folder(&self, file: FileId) -> Purpose {
        self.kept(&self.purposes.by_folder, file, |file| self.find_purpose_by_folder(file))
    }

    /// Returns the purpose of a file from those that are kept.
    fn kept(
        &self,
        kept: &OnceLock<Vec<Purpose>>,
        file: FileId,
        find: impl Fn(FileId) -> Purpose,
    ) -> Purpose {
        if !self.is_main {
            return find(file);
        }
        let all = || self.files.iter().map(|it| find(it.id)).collect();
        kept.get_or_init(all)[file.index()]
    }

    fn find_purpose(&self, file: FileId) -> Purpose {
        let model = self.file(file);
        match self.said_role(model) {
            Some(Role::Production) => return Purpose::Production,
            Some(Role::Development) => return Purpose::Development,
            Some(Role::Unknown) | None => {}
        }
        let by_folder = self.purpose_by_folder(file);
        let is_development =
            self.role_of(file) == Some(Role::Development) && !self.production_files.contains(&file);
        match by_folder {
            Purpose::Production if is_development => Purpose::Development,
            // What the services of a file say outweighs a folder called `local`.
            Purpose::Development if self.role_of(file) == Some(Role::Production) => {
                Purpose::Production
            }
            Purpose::Production if calls_itself_an_example(model.text()) => Purpose::Demonstration,
            Purpose::Production
            | Purpose::Development
            | Purpose::Test
            | Purpose::Demonstration
            | Purpose::Trial => by_folder,
        }
    }

    /// Returns the role that the configuration or a comment gives a file.
    fn said_role(&self, model: &FileModel) -> Option<Role> {
        let is_compose = model.kind == Kind::Compose;
        let configured = self.config.role_for(model.path()).filter(|_| is_compose);
        let configured = configured.or_else(|| self.config.overridden_role(model.path()));
        configured.or(model.directives.role)
    }

    fn find_purpose_by_folder(&self, file: FileId) -> Purpose {
        let target = self.built_target(file).map_or("", |it| it.target.folder.as_str());
        let target = format!("{target}/");
        let paths = [self.file(file).path(), &target].map(|path| inside(path, self.whole.above));
        let is_below = |wanted| paths.iter().any(|path| lies_below(path, wanted));
        if is_below(FolderUse::Test) {
            Purpose::Test
        } else if is_below(FolderUse::Development) {
            Purpose::Development
        } else if self.whole.has_more_than_examples
            && (is_below(FolderUse::Demonstration) || is_below(FolderUse::Aside))
        {
            Purpose::Demonstration
        } else if self.are_samples
            || self.whole.has_more_than_examples && paths.iter().any(|it| is_for_trial(it))
        {
            Purpose::Trial
        } else {
            Purpose::Production
        }
    }
}
