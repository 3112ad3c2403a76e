//! Pipelines that deploy: files of a CI system in sight that run a command which changes what runs.

use super::system::System;
use crate::facts::Facts;
use crate::knowledge::pipelines::{folder_around, is_pipeline};
use crate::model::FileModel;
use crate::report::Kind;
use crate::text::{FileId, Span, folder_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::Range;

/// Commands that change what runs in a cluster.
///
/// Sources: <https://kubernetes.io/docs/reference/kubectl/>, <https://helm.sh/docs/helm/>,
/// <https://skaffold.dev/docs/references/cli/>.
const ON_CLUSTERS: &[&str] = &[
    "kubectl apply",
    "kubectl set image",
    "kubectl rollout",
    "helm upgrade",
    "helm install",
    "skaffold run",
    "skaffold deploy",
];

/// Commands that change what runs in a swarm.
///
/// Source: <https://docs.docker.com/reference/cli/docker/stack/deploy/>.
const ON_SWARMS: &[&str] = &["docker stack deploy"];

/// Commands that change what runs on a server.
///
/// Source: <https://docs.docker.com/reference/cli/docker/compose/up/>.
const ON_SERVERS: &[&str] = &["docker compose up", "docker-compose up"];

/// Signs that a pipeline talks to the Docker Engine of another machine. Without one, it starts services for its own
/// tests.
///
/// Sources: <https://docs.docker.com/engine/manage-resources/contexts/>,
/// <https://docs.docker.com/engine/security/protect-access/>.
const REACHES_SERVERS: &[&str] =
    &["ssh ", "ssh://", "ssh-action", "DOCKER_HOST", "docker context", "--context"];

/// A pipeline that deploys, with its command.
#[derive(Debug, Clone, Copy)]
pub struct Pipeline<'f> {
    pub path: &'f str,
    /// The command that deploys, as people type it.
    pub text: &'static str,
    pub span: Span,
    /// Position among all pipelines.
    at: usize,
}

/// The first pipelines about a folder that change what runs in a cluster, and what runs elsewhere.
#[derive(Debug, Default)]
struct First<'f> {
    on_cluster: Option<Pipeline<'f>>,
    on_servers: Option<Pipeline<'f>>,
}

/// The pipelines that deploy, by the folders that they are about.
#[derive(Debug)]
pub struct Pipelines<'f>(FxHashMap<&'f str, First<'f>>);

impl<'f> Pipelines<'f> {
    pub fn of(facts: &Facts<'f>) -> Pipelines<'f> {
        let mut by_folder: FxHashMap<&str, First<'f>> = FxHashMap::default();
        for (at, file) in facts.files().iter().copied().filter(|it| is_read(it)).enumerate() {
            let found = |it: Option<(&'static str, Span)>| {
                it.map(|(text, span)| Pipeline { path: file.path(), text, span, at })
            };
            let first = by_folder.entry(folder_of_pipeline(file.path())).or_default();
            first.on_cluster = first.on_cluster.or(found(first_command(file, ON_CLUSTERS)));
            if first.on_servers.is_none() {
                let on_servers =
                    || first_command(file, ON_SERVERS).filter(|_| reaches_server(file));
                first.on_servers = found(first_command(file, ON_SWARMS).or_else(on_servers));
            }
        }
        Pipelines(by_folder)
    }

    /// Returns the first pipeline that deploys a system. A pipeline lies above what it deploys, so that it may be
    /// outside of the folders of the system.
    pub fn first_of(&self, system: &System<'_>) -> Option<Pipeline<'f>> {
        let has_cluster = system.has_cluster();
        let services = system.services.iter().map(|it| it.span().file);
        let files: FxHashSet<FileId> =
            services.chain(system.workloads.iter().map(|it| it.object.file)).collect();
        let paths = files.into_iter().map(|it| system.facts.file(it).path());
        let above = paths.flat_map(|path| path.match_indices('/').map(move |it| &path[..it.0]));
        let folders: FxHashSet<&str> = above.chain([""]).collect();
        let about = folders.into_iter().filter_map(|folder| self.0.get(folder));
        let deploying =
            about.filter_map(|it| if has_cluster { it.on_cluster } else { it.on_servers });
        deploying.min_by_key(|it| it.at)
    }
}

/// Whether a pipeline talks to the Docker Engine of another machine.
fn reaches_server(file: &FileModel) -> bool {
    let lines = file.text().lines().map(str::trim_start);
    let mut said = lines.filter(|line| !is_comment(line));
    said.any(|line| REACHES_SERVERS.iter().any(|it| line.contains(it)))
}

/// Whether a line is a comment of YAML or of Groovy.
fn is_comment(line: &str) -> bool {
    line.starts_with('#') || line.starts_with("//")
}

/// Returns the first of some commands that a pipeline runs, and its place.
fn first_command(file: &FileModel, commands: &[&'static str]) -> Option<(&'static str, Span)> {
    let said = file.text().lines().filter(|it| !is_comment(it.trim_start()));
    let mut found = said.flat_map(|line| {
        let places = commands.iter().filter_map(move |it| Some((*it, place_of(line, it)?)));
        places.map(move |(command, place)| (line, command, place))
    });
    let (line, command, place) = found.next()?;
    let before = line.as_ptr() as usize - file.text().as_ptr() as usize;
    Some((command, Span::new(file.id, before + place.start, before + place.end)))
}

/// Maximum number of words between two of a command.
const MAX_WORDS: usize = 64;

/// Returns where a line has a command, between whose words options may stand: `docker compose -f a.yaml up`.
fn place_of(line: &str, command: &str) -> Option<Range<usize>> {
    let mut words = command.split(' ');
    let program = words.next()?;
    let mut starts = line.match_indices(program).map(|it| it.0);
    starts.find_map(|start| {
        let end = words
            .clone()
            .try_fold(start + program.len(), |at, word| end_of_word(line, at, word))?;
        Some(start..end)
    })
}

/// Returns where a word ends that a line has behind a place, with nothing but options and their values between.
fn end_of_word(line: &str, at: usize, wanted: &str) -> Option<usize> {
    let rest = &line[at..];
    if !rest.starts_with([' ', '\t']) {
        return None;
    }
    let goes_on = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
    let mut may_be_value = false;
    for word in rest.split_ascii_whitespace().take(MAX_WORDS) {
        if word.strip_prefix(wanted).is_some_and(|it| !it.starts_with(goes_on)) {
            return Some(word.as_ptr() as usize - line.as_ptr() as usize + wanted.len());
        }
        let is_option = word.starts_with('-');
        if !is_option && !may_be_value {
            return None;
        }
        may_be_value = is_option && !word.contains('=');
    }
    None
}

/// Returns the folder that a pipeline is about: the one that its file or the folder of its CI system lies in.
fn folder_of_pipeline(path: &str) -> &str {
    folder_around(path).unwrap_or(folder_of(path))
}

/// Whether a file is a pipeline, and nothing that is deployed.
fn is_read(file: &FileModel) -> bool {
    file.kind == Kind::Unknown && is_pipeline(file.path())
}

#[cfg(test)]
mod tests {
    use super::place_of;

    #[test]
    fn a_command_may_have_options_before_its_last_word() {
        let found = |line: &str, command| place_of(line, command).map(|it| line[it].to_owned());
        let compose = "cd /srv && docker compose -f a.yaml -f b.yaml up -d";
        let expected = Some("docker compose -f a.yaml -f b.yaml up".to_owned());
        assert_eq!(found(compose, "docker compose up"), expected);
        assert_eq!(found("docker compose pull up", "docker compose up"), None);
        let second = found("docker stack ls; docker stack deploy a", "docker stack deploy");
        assert_eq!(second.unwrap(), "docker stack deploy");
        assert!(found("kubectl -n shop apply -k .", "kubectl apply").is_some());
        assert_eq!(found("helm plugin install x", "helm install"), None);
        assert_eq!(found("helm upgrade web .", "helm upgrade").unwrap(), "helm upgrade");
        assert!(found("script: ['docker stack deploy -c a b']", "docker stack deploy").is_some());
        for (line, command) in [
            ("docker --context prod compose up", "docker compose up"),
            ("docker -H ssh://h stack deploy -c a b", "docker stack deploy"),
            ("kubectl -n a set image deployment/web web=web:2", "kubectl set image"),
            ("sh('docker compose up')", "docker compose up"),
            ("docker compose up; docker compose ps", "docker compose up"),
        ] {
            assert!(found(line, command).is_some(), "{line}");
        }
        assert_eq!(found("helm-docs install", "helm install"), None);
    }
}
