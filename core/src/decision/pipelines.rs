//! Pipelines that deploy: files of a CI system in sight that run a command which changes what runs.

use super::system::System;
use crate::facts::is_below;
use crate::knowledge::pipelines::{folder_around, is_pipeline};
use crate::model::FileModel;
use crate::report::Kind;
use crate::text::{Span, folder_of};
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

/// What a pipeline reaches the Docker Engine of another machine by. Without it, a pipeline starts services for its
/// own tests.
///
/// Sources: <https://docs.docker.com/engine/manage-resources/contexts/>,
/// <https://docs.docker.com/engine/security/protect-access/>.
const REACHES_SERVERS: &[&str] = &["ssh", "DOCKER_HOST", "docker context", "--context"];

impl System<'_> {
    /// Whether a service or a workload of the system lies in a folder.
    fn lies_below(&self, folder: &str) -> bool {
        let services = self.services.iter().map(|it| it.span().file);
        let files = services.chain(self.workloads.iter().map(|it| it.object.file));
        folder.is_empty()
            || files.into_iter().any(|it| is_below(self.facts.file(it).path(), folder))
    }

    /// Returns the first pipeline that deploys: its path, the command and its place. A pipeline lies above what it
    /// deploys, so that it may be outside of the folders of the system.
    pub fn pipeline(&self) -> Option<(&str, &'static str, Span)> {
        let files = self.facts.files().iter().filter(|it| is_read(it));
        let mut near = files.filter(|it| self.lies_below(folder_of_pipeline(it.path())));
        let has_cluster = self.has_cluster();
        near.find_map(|file| {
            let reaches_server = || REACHES_SERVERS.iter().any(|it| file.text().contains(it));
            let found = match has_cluster {
                true => first_command(file, ON_CLUSTERS),
                false => first_command(file, ON_SWARMS)
                    .or_else(|| first_command(file, ON_SERVERS).filter(|_| reaches_server())),
            };
            let (command, span) = found?;
            Some((file.path(), command, span))
        })
    }
}

/// Returns the first of some commands that a pipeline runs, and its place. YAML and Groovy have different comments.
fn first_command(file: &FileModel, commands: &[&'static str]) -> Option<(&'static str, Span)> {
    let is_comment = |it: &str| it.starts_with('#') || it.starts_with("//");
    let said = file.text().lines().filter(|it| !is_comment(it.trim_start()));
    let mut found = said.flat_map(|line| {
        let places = commands.iter().filter_map(move |it| Some((*it, place_of(line, it)?)));
        places.map(move |(command, place)| (line, command, place))
    });
    let (line, command, place) = found.next()?;
    let before = line.as_ptr() as usize - file.text().as_ptr() as usize;
    Some((command, Span::new(file.id, before + place.start, before + place.end)))
}

/// Returns where a line has a command, whose last word may stand behind options: `docker compose -f a.yaml up`.
fn place_of(line: &str, command: &str) -> Option<Range<usize>> {
    let (program, verb) = command.rsplit_once(' ')?;
    let mut starts = line.match_indices(program).map(|it| it.0);
    starts.find_map(|start| Some(start..end_of_verb(line, start + program.len(), verb)?))
}

/// Returns where a word ends that stands at some place of a line, behind nothing but options and their values.
fn end_of_verb(line: &str, at: usize, verb: &str) -> Option<usize> {
    let mut may_be_value = false;
    for word in line[at..].split_ascii_whitespace() {
        if word.trim_matches(['"', '\'']) == verb {
            return Some(word.as_ptr() as usize - line.as_ptr() as usize + word.len());
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
    }
}
