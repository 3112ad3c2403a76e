//! Commands for a shell in the root of the project, with the options that these files need.
//!
//! People paste them. Whatever somebody has written stands in them as one word, by `in_shell`: a name may hold anything
//! that a shell understands.

use super::{Facts, Service, Site, Unit, Workload};
use crate::model::compose::{Project, is_default_name, is_override_name};
use crate::model::kubernetes::Object;
use crate::model::{FileModel, Str};
use crate::report::phrases::{PLACEHOLDER, RELEASE};
use crate::text::{folder_of, in_shell, words_of};
use std::sync::Arc;

/// Options of `kubectl get endpointslices` with which it prints for each slice which of its addresses are ready. Without
/// them it lists the addresses of all Pods alike.
///
/// Source: <https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions>
pub const READY_ADDRESSES: &str = "-o custom-columns='NAME:.metadata.name,ADDRESSES:.endpoints[*].addresses,READY:.endpoints[*].conditions.ready'";

impl<'a> Facts<'a> {
    /// Returns the `docker compose` command for a project: with `-f` for each file, unless Compose finds
    /// them by itself in the root.
    pub fn compose_of(&self, project: &Project, arguments: &str) -> String {
        format!("docker compose{} {arguments}", self.compose_files(project))
    }

    /// Returns the `docker compose` command about a service, with the profile that it needs.
    pub fn compose(&self, service: &Service<'a>, arguments: &str) -> String {
        if let Some(command) = self.stack_command(service, arguments) {
            return command;
        }
        let files = self.compose_files(service.project);
        let profile = service.model.profiles.first();
        let profile = profile.map(|it| format!(" --profile {}", in_shell(it))).unwrap_or_default();
        format!("docker compose{files}{profile} {arguments}")
    }

    /// Returns the command that asks Swarm about a service, where the service is for Swarm and the question
    /// is one that Swarm answers. Nobody but who deploys a stack knows its name.
    fn stack_command(&self, service: &Service<'a>, arguments: &str) -> Option<String> {
        if !self.is_for_swarm(service) {
            return None;
        }
        let (own, name) = (in_shell(service.name), format!("STACK_{}", service.name));
        let label = in_shell(&format!("label=com.docker.swarm.service.name={name}"));
        let name = in_shell(&name);
        let (verb, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
        let container = format!("$(docker ps -q -f {label})");
        Some(match verb {
            "ps" if rest.starts_with("-q") => {
                container.strip_prefix("$(")?.strip_suffix(')')?.to_owned()
            }
            "ps" => format!("docker service ps {name}"),
            "logs" => {
                let options: Vec<&str> =
                    words_of(rest).into_iter().filter(|it| *it != own).collect();
                format!("docker service logs {}", [&options[..], &[&name]].concat().join(" "))
            }
            "exec" => {
                let command = rest.trim_start_matches("-T ").strip_prefix(&own)?.trim();
                format!("docker exec {container} {command}")
            }
            // Swarm keeps no list of the ids of images; their names do where another command takes them.
            "images" => image_of_stack(&name),
            _ => return None,
        })
    }

    /// Returns the command that shows the image that a container runs.
    pub fn image_command(&self, unit: &Unit<'a>) -> String {
        match unit.site {
            Site::Service(at) => {
                let service = &self.services[at];
                match self.is_for_swarm(service) {
                    true => format!("docker service ls | grep {}", in_shell(service.name)),
                    false => self.compose(service, &format!("images {}", in_shell(service.name))),
                }
            }
            Site::Container(at, _) => {
                // What was pulled; the workload itself only repeats what the file says.
                self.workloads[at].image_ids()
            }
        }
    }

    /// Returns the command that shows which build of a moving tag a container runs: a tag by itself only repeats
    /// what the file says.
    pub fn digest_command(&self, unit: &Unit<'a>) -> String {
        let Site::Service(at) = unit.site else { return self.image_command(unit) };
        let service = &self.services[at];
        let name = service.name;
        if self.is_for_swarm(service) {
            return image_of_stack(&in_shell(&format!("STACK_{name}")));
        }
        let format = "{{.RepoDigests}} {{.Created}}";
        let ids = self.compose(service, &format!("images -q {}", in_shell(name)));
        format!("docker image inspect --format '{format}' $({ids})")
    }

    /// Returns the command that asks the API server whether it takes a workload: for a built target,
    /// the one that shows what it took.
    pub fn dry_run(&self, workload: &Workload<'a>) -> String {
        let file = workload.object.file;
        if self.is_built(file) {
            return kubectl("get", workload.object, "-o yaml");
        }
        format!("kubectl apply --dry-run=server -f {}", in_shell(self.file(file).path()))
    }

    /// Returns the `docker compose` command about a container that is a Compose service.
    pub fn compose_for(&self, unit: &Unit<'a>, arguments: &str) -> String {
        match unit.site {
            Site::Service(at) => self.compose(&self.services[at], arguments),
            Site::Container(..) => format!("docker compose {arguments}"),
        }
    }

    /// Whether a file says in so many words that an object belongs to the namespace `default`. A chart that
    /// is rendered without a namespace prints the same, and is installed anywhere.
    pub fn says_default_namespace(&self) -> bool {
        *self.says_default_namespace.get_or_init(|| {
            self.objects.iter().any(|it| self.is_said_to_be_in_default(it))
                || self.outside.says_default_namespace()
        })
    }

    /// Whether the file of an object says in so many words that it belongs to the namespace `default`.
    pub(super) fn is_said_to_be_in_default(&self, object: &Object) -> bool {
        says_default(object, self.files)
    }

    fn compose_files(&self, project: &Project) -> String {
        let paths: Vec<&str> = project.files.iter().map(|it| self.file(*it).path()).collect();
        let is_found = |path: &&str| is_default_name(path) || is_override_name(path);
        let is_found = |path: &&str| folder_of(path).is_empty() && is_found(path);
        if paths.iter().all(is_found) {
            return String::new();
        }
        let mut options: String = paths.iter().map(|it| format!(" -f {}", in_shell(it))).collect();
        if paths.first().is_some_and(|it| folder_of(it) != project.folder) {
            let folder = if project.folder.is_empty() { "." } else { &project.folder };
            options.push_str(&format!(" --project-directory {}", in_shell(folder)));
        }
        options
    }
}

/// Returns the command that shows the image, with its digest, that Swarm runs for a service.
fn image_of_stack(service: &str) -> String {
    let format = "{{.Spec.TaskTemplate.ContainerSpec.Image}}";
    format!("docker service inspect --format '{format}' {service}")
}

/// Returns a `kubectl` command about one object: `kubectl get configmap -n shop web`, and what follows.
pub fn kubectl(verb: &str, object: &Object, options: &str) -> String {
    let kind = object.kind.to_ascii_lowercase();
    let name = object.name().map_or("NAME", |it| it.as_str());
    let namespace = namespace_option(object.meta.namespace.as_ref());
    let (kind, name) = (in_shell(&kind), in_shell(known_or(name, "NAME")));
    format!("kubectl {verb} {kind}{namespace} {name} {options}").trim_end().to_owned()
}

/// Returns the option for the namespace that an object states: ` -n shop`, with the blank before it; empty where it
/// states none.
pub fn namespace_option(namespace: Option<&Str>) -> String {
    namespace.map(|it| option_for(it)).unwrap_or_default()
}

/// Returns the option for a namespace, with the blank before it.
pub(super) fn option_for(namespace: &str) -> String {
    format!(" -n {}", in_shell(known_or(namespace, "NAMESPACE")))
}

/// Returns a name for a command, and a word in capitals for one that a tool fills in: `{{ namespace }}`.
pub(super) fn known_or<'n>(name: &'n str, word: &'static str) -> &'n str {
    if name.contains(['{', '$', '<', '%']) { word } else { name }
}

/// Returns a command for whatever release a chart is installed as. Labels with the name of the release are
/// left out of a selector that has others, and elsewhere a placeholder stands for the name.
pub fn for_any_release(command: &str) -> String {
    if !command.contains(RELEASE) {
        return command.to_owned();
    }
    let words = words_of(command).into_iter().map(|word| {
        let bare = word.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')).unwrap_or(word);
        // The rest of a command in quotes stays as it is.
        if !word.contains(RELEASE) || bare.contains('\'') {
            return word.replace(RELEASE, PLACEHOLDER);
        }
        let is_of_release = |label: &&str| label.contains(RELEASE);
        let labels: Vec<&str> = bare.split(',').collect();
        let is_selector = labels.iter().all(|label| label.contains('='));
        if !is_selector || labels.iter().all(&is_of_release) {
            return word.replace(RELEASE, PLACEHOLDER);
        }
        let kept: Vec<&str> = labels.into_iter().filter(|label| !is_of_release(label)).collect();
        in_shell(&kept.join(","))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The namespace of objects that name none.
const DEFAULT_NAMESPACE: &str = "default";

/// See [`Facts::is_said_to_be_in_default`].
pub(super) fn says_default(object: &Object, files: &[Arc<FileModel>]) -> bool {
    object.meta.namespace.as_ref().is_some_and(|it| {
        let written = files[it.span.file.index()].unquoted(&it.span);
        it.as_str() == DEFAULT_NAMESPACE && written == DEFAULT_NAMESPACE
    })
}

/// Returns a command for whatever namespace a chart is installed in: without the one that stands for it in a
/// rendering.
pub fn without_default_namespace(command: &str) -> String {
    let flag = format!(" -n {DEFAULT_NAMESPACE}");
    match command.strip_suffix(&flag) {
        Some(start) => start.to_owned(),
        None => command.replace(&format!("{flag} "), " "),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::workspace::Workspace;

    fn command(files: &[&str]) -> String {
        let mut workspace = Workspace::default();
        for path in files {
            workspace.set(path, "services: {web: {image: 'acme/web:1'}}\n");
        }
        let analysis = workspace.analysis(&Config::default());
        let facts = analysis.facts();
        facts.compose_of(&facts.projects()[0], "ps web")
    }

    #[test]
    fn files_that_compose_does_not_find_are_named() {
        assert_eq!(command(&["compose.yaml"]), "docker compose ps web");
        let both = ["docker-compose.yml", "docker-compose.override.yml"];
        assert_eq!(command(&both), "docker compose ps web");
        assert_eq!(command(&["compose.prod.yaml"]), "docker compose -f compose.prod.yaml ps web");
        assert_eq!(
            command(&["shop/compose.yaml"]),
            "docker compose -f shop/compose.yaml ps web",
            "the folder of the first file is the project's own"
        );
        assert_eq!(
            command(&["my shop/compose.yaml"]),
            "docker compose -f 'my shop/compose.yaml' ps web"
        );
    }

    #[test]
    fn swarm_is_asked_about_what_it_runs() {
        let mut workspace = Workspace::default();
        workspace.set("docker-stack.yml", "services: {web: {image: 'acme/web:1'}}\n");
        let analysis = workspace.analysis(&Config::default());
        let facts = analysis.facts();
        let command = |arguments: &str| facts.compose(&facts.services()[0], arguments);
        assert_eq!(command("ps -a web"), "docker service ps STACK_web");
        assert_eq!(command("logs --since 5m web"), "docker service logs --since 5m STACK_web");
        assert_eq!(
            command("exec web printenv"),
            "docker exec $(docker ps -q -f label=com.docker.swarm.service.name=STACK_web) printenv"
        );
        assert_eq!(
            command("ps -q web"),
            "docker ps -q -f label=com.docker.swarm.service.name=STACK_web"
        );
        let image = "docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}' STACK_web";
        assert_eq!([command("images web"), command("images -q web")], [image, image]);
        assert_eq!(command("config web"), "docker compose -f docker-stack.yml config web");
    }

    #[test]
    fn a_placeholder_for_a_namespace_or_a_name_is_a_word_in_capitals() {
        let command = |name: &str, namespace: &str| {
            let mut workspace = Workspace::default();
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: '{name}', namespace: '{namespace}'}}\nspec: {{containers: [{{name: c, image: 'acme/web:1'}}]}}\n"
            );
            workspace.set("a.yaml", text);
            let analysis = workspace.analysis(&Config::default());
            let workload = &analysis.facts().workloads()[0];
            [
                workload.logs(&workload.units[0], "--tail=5"),
                super::kubectl("get", workload.object, "-o yaml"),
            ]
        };
        assert_eq!(
            command("web", "{{ namespace }}"),
            [
                "kubectl logs -n NAMESPACE pod/web -c c --tail=5",
                "kubectl get pod -n NAMESPACE web -o yaml"
            ]
        );
        assert_eq!(
            command("${NAME}", "shop"),
            ["kubectl logs -n shop pod/NAME -c c --tail=5", "kubectl get pod -n shop NAME -o yaml"]
        );
    }

    #[test]
    fn the_name_of_an_unknown_release_is_never_in_a_command() {
        let labels = "app.kubernetes.io/name=web,app.kubernetes.io/instance=release-name";
        for (command, expected) in [
            (
                format!("kubectl get pods -l {labels} -o wide"),
                "kubectl get pods -l app.kubernetes.io/name=web -o wide",
            ),
            (
                "kubectl get pods -l release=release-name".to_owned(),
                "kubectl get pods -l release=RELEASE",
            ),
            (
                "kubectl logs -n shop deploy/release-name-web".to_owned(),
                "kubectl logs -n shop deploy/RELEASE-web",
            ),
            ("kubectl get pods -l app=web".to_owned(), "kubectl get pods -l app=web"),
            (
                "kubectl get configmap release-name-api-conf -o 'jsonpath={.data}'".to_owned(),
                "kubectl get configmap RELEASE-api-conf -o 'jsonpath={.data}'",
            ),
        ] {
            assert_eq!(super::for_any_release(&command), expected);
        }
    }

    #[test]
    fn the_namespace_of_a_rendering_is_never_in_a_command() {
        for (command, expected) in [
            ("kubectl logs -n default deploy/web", "kubectl logs deploy/web"),
            ("kubectl get pods -n default", "kubectl get pods"),
            (
                "kubectl get pods -n default-web -l app=web",
                "kubectl get pods -n default-web -l app=web",
            ),
        ] {
            assert_eq!(super::without_default_namespace(command), expected);
        }
    }
}
