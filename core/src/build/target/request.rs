//! Requests: targets that somebody describes, in `plimsoll.yaml`, on the command line or in an
//! Application of Argo CD, beside those that are found among the files.

use super::{Cause, Reason, Target, folder_name};
use crate::build::kustomize::Edits;
use crate::report::{Environment, TargetKind};
use crate::text::{Span, Spanned};

/// A target that somebody describes.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The name of the target; without one, the target is named as if it had been found.
    pub name: Option<String>,
    /// The environment; without one, what the names of the files and of the folder say.
    pub environment: Option<Environment>,
    /// Path of the chart's, the kustomization's or the manifests' folder; empty for the root of the
    /// project.
    pub folder: String,
    /// The place that asks for the target, where it stands in a file of the project.
    pub span: Option<Span>,
    /// The namespace of objects that name none, where what deploys the target says one.
    pub namespace: Option<Spanned<String>>,
    /// Whether only requests make targets of this folder: none is found there beside them.
    pub is_exclusive: bool,
    /// What the target will lack, whatever is built.
    pub reasons: Vec<Reason>,
    pub recipe: Recipe,
}

/// Sources and settings from which a target is built.
#[derive(Debug, Clone, PartialEq)]
pub enum Recipe {
    Chart(Release),
    Kustomization(Edits),
    Manifests {
        /// Paths of the files; empty for all YAML files of the folder itself.
        files: Vec<String>,
    },
}

/// What a chart is rendered with. Files come first, then texts, then assignments: the later ones win.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Release {
    /// Paths of values files in the project, each with the place that names it.
    pub values_files: Vec<Spanned<String>>,
    /// Whether the values files stand in the place of the chart's own `values.yaml`, as those of Flux do.
    /// Otherwise they are laid over it.
    pub replaces_own_values: bool,
    /// Whether a values file that is not there is left out without a word.
    pub ignores_missing_files: bool,
    /// Values written inside another file, as text.
    pub values: Vec<Spanned<String>>,
    pub set: Vec<Assignment>,
    /// The name of the release; without one, `release-name`, as `helm template` has it.
    pub name: Option<String>,
    /// The namespace of the release; without one, `default`.
    pub namespace: Option<String>,
    /// The cluster's version, `1.30` or `v1.30.2`.
    pub kube_version: Option<String>,
    /// API versions of the cluster besides Kubernetes' own.
    pub api_versions: Vec<String>,
    /// Whether the files of `crds/` are left out.
    pub skips_crds: bool,
}

/// Values as `--set` and `--set-string` take them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// `key=value`, with the place that it stands at in a file of the project.
    pub text: String,
    pub span: Option<Span>,
    /// Whether every value is a string.
    pub is_string: bool,
}

impl Request {
    /// Returns a request with nothing but a folder and what to make of it.
    pub fn new(folder: &str, recipe: Recipe) -> Request {
        Request {
            name: None,
            environment: None,
            folder: folder.to_owned(),
            span: None,
            namespace: None,
            is_exclusive: false,
            reasons: Vec::new(),
            recipe,
        }
    }

    /// Returns the kind of the target.
    pub fn kind(&self) -> TargetKind {
        match self.recipe {
            Recipe::Chart(_) => TargetKind::Chart,
            Recipe::Kustomization(_) => TargetKind::Kustomization,
            Recipe::Manifests { .. } => TargetKind::Manifests,
        }
    }

    /// Whether the request stands for the chart that is found with this values file beside it, or with
    /// its own values alone.
    pub(super) fn replaces_chart(&self, folder: &str, values_file: Option<&str>) -> bool {
        let Recipe::Chart(release) = &self.recipe else { return false };
        let own = crate::text::join_path(folder, "values.yaml");
        let mut further = release.values_files.iter().filter(|path| path.value != own);
        self.folder == folder
            && (self.is_exclusive
                || match values_file {
                    Some(file) => further.any(|path| path.value == file),
                    None => further.next().is_none(),
                })
    }

    /// Returns the target of a request whose folder holds nothing to build; `None` where no place in the
    /// project asks for it.
    pub(super) fn nothing_there(&self, what: &str) -> Option<Target> {
        let span = self.span?;
        let message = format!("there is no {what} in `{}`", folder_name(&self.folder));
        let mut target = Target::new(self.kind(), &self.folder).described_by(self);
        target.reasons.push(Reason { message, span, is_refused: true, cause: Cause::Other });
        Some(target)
    }

    /// Whether the request stands for the kustomization that is found in this folder.
    pub(super) fn replaces_kustomization(&self, folder: &str) -> bool {
        matches!(self.recipe, Recipe::Kustomization(_)) && self.folder == folder
    }
}
