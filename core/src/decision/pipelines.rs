//! Pipelines that deploy: files of a CI system in sight that run a command which changes a cluster.

use super::system::System;
use crate::facts::is_below;
use crate::model::FileModel;
use crate::report::Kind;
use crate::text::{Span, folder_of, name_of};

/// Names of the files of CI systems, up to their endings.
///
/// Sources: <https://learn.microsoft.com/azure/devops/pipelines/customize-pipeline>,
/// <https://support.atlassian.com/bitbucket-cloud/docs/bitbucket-pipelines-configuration-reference/>,
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html>,
/// <https://cloud.google.com/build/docs/build-config-file-schema>, <https://docs.gitlab.com/ci/yaml/>,
/// <https://docs.drone.io/pipeline/configuration/>, <https://woodpecker-ci.org/docs/usage/workflow-syntax>.
const NAMES: [&str; 8] = [
    "azure-pipelines",
    "azure-pipeline",
    "bitbucket-pipelines",
    "buildspec",
    "cloudbuild",
    ".gitlab-ci",
    ".drone",
    ".woodpecker",
];

/// Folders of CI systems.
///
/// Sources: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax>,
/// <https://circleci.com/docs/configuration-reference/>.
const FOLDERS: [&str; 4] =
    [".github/workflows/", ".gitea/workflows/", ".circleci/", "azure-pipelines/"];

/// Commands that change what runs in a cluster.
///
/// Sources: <https://kubernetes.io/docs/reference/kubectl/>, <https://helm.sh/docs/helm/>,
/// <https://skaffold.dev/docs/references/cli/>.
const COMMANDS: [&str; 7] = [
    "kubectl apply",
    "kubectl set image",
    "kubectl rollout",
    "helm upgrade",
    "helm install",
    "skaffold run",
    "skaffold deploy",
];

impl System<'_> {
    /// Whether a workload of the system lies in a folder.
    fn lies_below(&self, folder: &str) -> bool {
        let mut paths = self.workloads.iter().map(|it| self.facts.file(it.object.file).path());
        folder.is_empty() || paths.any(|it| is_below(it, folder))
    }

    /// Returns the first pipeline that deploys: its path, the command and its place. A pipeline lies above what it
    /// deploys, so that it may be outside of the folders of the system.
    pub fn pipeline(&self) -> Option<(&str, &'static str, Span)> {
        let files = self.facts.files().iter().filter(|it| is_pipeline(it));
        files.filter(|it| self.lies_below(folder_of_pipeline(it.path()))).find_map(|file| {
            let (line, command) = file.text().lines().find_map(|line| {
                let is_said = !line.trim_start().starts_with('#');
                let command = COMMANDS.iter().find(|it| line.contains(**it))?;
                is_said.then_some((line, *command))
            })?;
            let before = line.as_ptr() as usize - file.text().as_ptr() as usize;
            let start = before + line.find(command)?;
            Some((file.path(), command, Span::new(file.id, start, start + command.len())))
        })
    }
}

/// Returns the folder that a pipeline is about: the one that its file or the folder of its CI system lies in.
fn folder_of_pipeline(path: &str) -> &str {
    let at = FOLDERS.iter().find_map(|it| path.find(it));
    at.map_or(folder_of(path), |at| path[..at].trim_end_matches('/'))
}

fn is_pipeline(file: &FileModel) -> bool {
    if file.kind != Kind::Unknown {
        return false;
    }
    let path = file.path();
    let name = name_of(path);
    let is_named = NAMES
        .iter()
        .any(|it| name.strip_prefix(it).is_some_and(|rest| rest.starts_with(['.', '-'])));
    let is_below =
        FOLDERS.iter().any(|it| path.starts_with(it) || path.contains(&format!("/{it}")));
    is_named || is_below
}
