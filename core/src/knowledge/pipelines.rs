//! The files of CI systems, by their names and folders.

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

/// The name of a pipeline of Jenkins, which is written in Groovy.
///
/// Source: <https://www.jenkins.io/doc/book/pipeline/jenkinsfile/>.
const JENKINSFILE: &str = "Jenkinsfile";

/// Whether the file of a path is one of a CI system.
#[must_use]
pub fn is_pipeline(path: &str) -> bool {
    is_named(path, |_| true) || lies_in(path, |_| true) || name_of(path) == JENKINSFILE
}

/// Whether the file of a path is one of a CI system by a hidden name or in a hidden folder.
#[must_use]
pub fn is_hidden_pipeline(path: &str) -> bool {
    let is_hidden = |it: &str| it.starts_with('.');
    is_named(path, is_hidden) || lies_in(path, is_hidden)
}

/// Returns the hidden folders of CI systems.
pub fn hidden_folders() -> impl Iterator<Item = &'static str> {
    FOLDERS.into_iter().filter(|it| it.starts_with('.'))
}

/// Returns the path of the folder that a pipeline is about, if the folder of its CI system says so.
#[must_use]
pub fn folder_around(path: &str) -> Option<&str> {
    let is_whole = |at: &usize| *at == 0 || path[..*at].ends_with('/');
    let places = FOLDERS.iter().flat_map(|it| path.match_indices(it)).map(|it| it.0);
    let at = places.filter(is_whole).min()?;
    Some(path[..at].trim_end_matches('/'))
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yaml") || path.ends_with(".yml")
}

fn is_named(path: &str, wanted: fn(&str) -> bool) -> bool {
    let is_version_of = |stem: &&str| {
        let rest = name_of(path).strip_prefix(stem);
        rest.is_some_and(|rest| rest.starts_with(['.', '-']))
    };
    NAMES.iter().filter(|it| wanted(it)).any(is_version_of) && is_yaml(path)
}

fn lies_in(path: &str, wanted: fn(&str) -> bool) -> bool {
    let is_below = |it: &&str| path.starts_with(it) || path.contains(&format!("/{it}"));
    FOLDERS.iter().filter(|it| wanted(it)).any(is_below) && is_yaml(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipelines_are_known_by_name_and_folder() {
        for path in [
            ".github/workflows/ci.yml",
            "shop/.gitlab-ci.yml",
            ".gitlab-ci-deploy.yaml",
            ".circleci/config.yml",
            ".drone.yml",
        ] {
            assert!(is_pipeline(path) && is_hidden_pipeline(path), "{path}");
        }
        for path in ["azure-pipelines.yml", "ci/Jenkinsfile", "cloudbuild.yaml"] {
            assert!(is_pipeline(path) && !is_hidden_pipeline(path), "{path}");
        }
        for path in
            [".travis.yml", ".github/dependabot.yml", ".github/workflows/run.sh", "drone.yml"]
        {
            assert!(!is_pipeline(path), "{path}");
        }
        assert_eq!(folder_around("shop/.github/workflows/ci.yml"), Some("shop"));
        assert_eq!(folder_around(".circleci/config.yml"), Some(""));
        assert_eq!(folder_around("a/azure-pipelines/b.yml"), Some("a"));
        for path in ["shop/.gitlab-ci.yml", "old-azure-pipelines/b.yml", "my.circleci/config.yml"] {
            assert_eq!(folder_around(path), None, "{path}");
        }
        let both = "old-azure-pipelines/x/azure-pipelines/b.yml";
        assert_eq!(folder_around(both), Some("old-azure-pipelines/x"));
    }
}
