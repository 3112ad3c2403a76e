//! Tests of whole projects: their meaning, and the origin of each value.

mod unknown;

use super::*;
use crate::syntax::{Tree, parse};
use crate::text::{File, FileId, Span};

/// The files of a test and the projects that they form.
struct Given {
    files: Vec<File>,
    projects: Vec<Project>,
}

fn given(files: &[(&str, &str)]) -> Given {
    let files: Vec<File> = files.iter().map(|(path, text)| File::new(path, *text)).collect();
    let id = |at: usize| FileId(u32::try_from(at).unwrap());
    let trees: Vec<Tree> =
        files.iter().enumerate().map(|(at, it)| parse(id(at), &it.text, None).0).collect();
    let inputs: Vec<FileInput<'_>> = files
        .iter()
        .zip(&trees)
        .enumerate()
        .map(|(at, (file, tree))| {
            let yaml = file.path.ends_with("yaml") || file.path.ends_with("yml");
            FileInput {
                id: id(at),
                path: &file.path,
                text: &file.text,
                tree: yaml.then_some(tree),
                compose: yaml,
            }
        })
        .collect();
    let projects = projects(&inputs);
    Given { files, projects }
}

impl Given {
    #[track_caller]
    fn only(&self) -> &Project {
        assert_eq!(self.projects.len(), 1, "{:?}", self.projects);
        &self.projects[0]
    }

    /// Returns the path of the file and the text at a span.
    fn at(&self, span: Span) -> (&str, &str) {
        let file = &self.files[span.file.index()];
        (&file.path, &file.text[span.range()])
    }

    fn files_of(&self, project: &Project) -> Vec<&str> {
        project.files.iter().map(|it| &*self.files[it.index()].path).collect()
    }
}

fn kinds(project: &Project) -> Vec<ProblemKind> {
    project.problems.iter().map(|it| it.kind).collect()
}

#[test]
fn a_service_whose_name_looks_like_an_extension_is_merged() {
    let base = "services: {x-a: {image: 'nginx:1', init: true}}\n";
    let over = "services: {x-a: {image: 'nginx:2'}}\n";
    let given = given(&[("compose.yaml", base), ("compose.override.yaml", over)]);
    let service = given.only().service("x-a").unwrap();
    assert_eq!(service.image.as_ref().unwrap().as_str(), "nginx:2");
    assert!(service.init.is_some());
}

#[test]
fn ranges_with_too_many_ports_are_said_once_and_not_read() {
    let service =
        |at: usize| format!("  s{at}: {{image: 'a:1', ports: ['1-65535:1-65535', '80']}}\n");
    let text = format!("services:\n{}", (0..300).map(service).collect::<String>());
    let given = given(&[("compose.yaml", text.as_str())]);
    let limits = kinds(given.only()).into_iter().filter(|it| *it == ProblemKind::Limit);
    assert_eq!(limits.count(), 1);
    let read: usize = given.only().services.iter().map(|it| it.ports.len()).sum();
    assert!(read < 100_000, "{read}");
}

#[test]
fn merge_keys_that_multiply_are_stopped() {
    let shared: String = (0..500).map(|at| format!("  K{at}: v\n")).collect();
    let service = |at: usize| format!("  s{at}: {{image: 'a:1', environment: {{<<: *e}}}}\n");
    let services: String = (0..1000).map(service).collect();
    let text = format!("x-e: &e\n{shared}services:\n{services}");
    let given = given(&[("compose.yaml", text.as_str())]);
    let read: usize = given.only().services.iter().map(|it| it.environment.len()).sum();
    assert!(read < 60_000, "{read}");
    assert!(kinds(given.only()).contains(&ProblemKind::Limit));
}

#[test]
fn long_texts_and_env_files_that_multiply_are_stopped() {
    let hosts = "db.example.com:5432,".repeat(500);
    let services = |body: &str| {
        let service = |at: usize| format!("  s{at}: {{image: 'a:1', {body}}}\n");
        format!("services:\n{}", (0..1_000).map(service).collect::<String>())
    };
    let by_alias = format!("x-h: &h '{hosts}'\n{}", services("environment: {PEERS: *h}"));
    let by_variable = services("environment: {HOSTS: '${HOSTS}'}");
    let by_file = services("env_file: [app.env]");
    let env = format!("HOSTS={hosts}\n");
    for text in [&by_alias, &by_variable, &by_file] {
        let given = given(&[("compose.yaml", text), (".env", &env), ("app.env", &env)]);
        let variables = given.only().services.iter().flat_map(|it| &it.environment);
        let read: usize = variables.filter_map(|it| Some(it.value.as_ref()?.len())).sum();
        assert!((hosts.len()..4_000_000).contains(&read), "{read}");
        let limits = kinds(given.only()).into_iter().filter(|it| *it == ProblemKind::Limit);
        assert_eq!(limits.count(), 1);
    }
}

#[test]
fn every_value_keeps_the_file_of_its_origin() {
    let given = given(&[
        (
            "compose.yaml",
            "services:\n  web:\n    image: nginx:1\n    ports: [\"80:80\"]\n    environment:\n      A: one\n      B: two\n",
        ),
        (
            "compose.override.yaml",
            "services:\n  web:\n    image: nginx:2\n    ports: [\"127.0.0.1:81:81\"]\n    environment: [B=three, C=four]\n",
        ),
    ]);
    let project = given.only();
    assert_eq!(given.files_of(project), ["compose.yaml", "compose.override.yaml"]);
    let web = project.service("web").unwrap();
    assert_eq!(given.at(web.name.span), ("compose.yaml", "web"));
    assert_eq!(web.places.len(), 2);
    assert_eq!(given.at(web.image.as_ref().unwrap().span), ("compose.override.yaml", "nginx:2"));
    let ports: Vec<_> = web.ports.iter().map(|it| given.at(it.span)).collect();
    assert_eq!(
        ports,
        [("compose.yaml", "\"80:80\""), ("compose.override.yaml", "\"127.0.0.1:81:81\"")]
    );
    let second = &web.ports[1];
    assert_eq!(given.at(second.published.unwrap().span).1, "81");
    assert_eq!(given.at(second.host_ip.as_ref().unwrap().span).1, "127.0.0.1");
    let b = web.env("B").unwrap();
    assert_eq!(given.at(b.span), ("compose.override.yaml", "B=three"));
    assert_eq!(given.at(b.name.span).1, "B");
    assert_eq!(given.at(b.value.as_ref().unwrap().span).1, "three");
    assert!(b.list_form && !web.env("A").unwrap().list_form);
    assert_eq!(given.at(web.env("A").unwrap().span), ("compose.yaml", "A: one"));
    assert_eq!(given.at(web.key("image").unwrap().entry).0, "compose.override.yaml");
}

#[test]
fn a_template_is_not_a_place_of_the_service() {
    let given = given(&[
        (
            "compose.yaml",
            "services:\n  web:\n    extends: {file: base/common.yml, service: app}\n    user: me\n",
        ),
        ("base/common.yml", "services:\n  app:\n    image: x\n    volumes: [./data:/data]\n"),
    ]);
    let project = given.only();
    let web = project.service("web").unwrap();
    assert_eq!(web.places.len(), 1);
    assert_eq!(given.at(web.places[0].span).0, "compose.yaml");
    assert_eq!(given.at(web.image.as_ref().unwrap().span), ("base/common.yml", "x"));
    let mount = &web.volumes[0];
    assert_eq!(mount.source.as_ref().unwrap().value, "base/data");
    assert_eq!(given.at(mount.span), ("base/common.yml", "./data:/data"));
    assert_eq!(web.extends.as_ref().unwrap().file_id, Some(FileId(1)));
    assert_eq!(project.included, [FileId(1)]);
}

#[test]
fn variables_keep_their_form_place_and_source() {
    let given = given(&[
        (
            "compose.yaml",
            "services:\n  web:\n    image: \"nginx:${TAG:-1}\"\n    environment:\n      A: $SET\n      B: >\n        long\n        ${NOPE}\n",
        ),
        (".env", "# x\nSET=yes\n"),
    ]);
    let project = given.only();
    let web = project.service("web").unwrap();
    assert_eq!(web.image.as_ref().unwrap().value, "nginx:1");
    assert!(project.is_interpolated(web.image.as_ref().unwrap().span));
    let shown: Vec<_> = project
        .variables
        .iter()
        .map(|it| {
            (it.name.as_str(), it.form, given.at(it.span).1, it.set_by.map(|it| given.at(it)))
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("TAG", VariableForm::Default { empty: true }, "${TAG:-1}", None),
            ("SET", VariableForm::Plain, "$SET", Some((".env", "SET=yes"))),
            ("NOPE", VariableForm::Plain, "${NOPE}", None),
        ]
    );
    assert!(web.env("A").unwrap().interpolated);
    assert_eq!(project.dot_env_file, Some(FileId(1)));
}

#[test]
fn variables_of_env_files_come_first_and_keep_their_places() {
    let given = given(&[
        (
            "compose.yaml",
            "services:\n  web:\n    image: x\n    env_file: web.env\n    environment: {B: own, D: }\n",
        ),
        ("web.env", "A=1\nB=2 # no\n"),
        (".env", "D=dot\n"),
    ]);
    let web = given.only().service("web").unwrap();
    let all: Vec<_> = web
        .environment
        .iter()
        .map(|it| (it.name.as_str(), it.value.as_ref().map(|it| it.as_str()), it.from))
        .collect();
    assert_eq!(
        all,
        [
            ("A", Some("1"), EnvSource::EnvFile(FileId(1))),
            ("B", Some("own"), EnvSource::Environment),
            ("D", Some("dot"), EnvSource::Environment),
        ]
    );
    assert_eq!(given.at(web.env("A").unwrap().span), ("web.env", "A=1"));
    assert_eq!(web.env_files[0].file, Some(FileId(1)));
}

#[test]
fn undefined_names_are_reported_where_they_are_used() {
    let text = "services:\n  a:\n    image: x\n    depends_on: [b]\n    networks: [n]\n    volumes: [\"vol:/x\"]\n    secrets: [s]\n    configs: [c]\n";
    let given = given(&[("compose.yaml", text)]);
    let project = given.only();
    let shown: Vec<_> = project.problems.iter().map(|it| (it.kind, given.at(it.span).1)).collect();
    assert_eq!(
        shown,
        [
            (ProblemKind::UndefinedService, "b"),
            (ProblemKind::UndefinedNetwork, "n"),
            (ProblemKind::UndefinedVolume, "vol"),
            (ProblemKind::UndefinedSecret, "s"),
            (ProblemKind::UndefinedConfig, "c"),
        ]
    );
    assert!(project.problems.iter().all(|it| it.service.as_deref() == Some("a")));
}

#[test]
fn objects_are_not_missing_if_a_document_is_broken() {
    let files =
        [("compose.yaml", "services: {a: {image: x, volumes: [\"vol:/x\"]}}\n---\nvolumes: [}\n")];
    assert_eq!(kinds(given(&files).only()), []);
}

#[test]
fn override_tags_work_across_files() {
    let given = given(&[
        (
            "compose.yaml",
            "services:\n  a:\n    image: x\n    ports: [\"1:1\"]\n    command: [a]\n    environment: {A: 1}\n",
        ),
        (
            "compose.override.yaml",
            "services:\n  a:\n    ports: !override [\"2:2\"]\n    command: !reset null\n    environment: {A: !reset null, B: 2}\n",
        ),
    ]);
    let a = given.only().service("a").unwrap();
    assert_eq!(a.ports.len(), 1);
    assert_eq!(a.ports[0].target.value, 2);
    assert_eq!(a.command, None);
    assert!(a.env("A").is_none() && a.env("B").is_some());
}

#[test]
fn the_part_of_a_command_that_compose_drops_is_kept() {
    let text = "services:\n  a:\n    image: x\n    command: migrate && serve\n";
    let given = given(&[("compose.yaml", text)]);
    let command = given.only().service("a").unwrap().command.as_ref().unwrap();
    assert_eq!(command.joined(), "migrate");
    assert_eq!(given.at(command.dropped.as_ref().unwrap().span).1, "&& serve");
    assert_eq!(command.text.as_ref().unwrap().value, "migrate && serve");
}

#[test]
fn files_form_projects_as_docker_compose_would_be_called() {
    let base = "services: {web: {image: x}}\nnetworks: {back: {}}\n";
    let given = given(&[
        ("compose.yaml", base),
        ("compose.override.yaml", "services: {web: {user: me}}\n"),
        ("compose.prod.yaml", "services: {web: {restart: always}}\n"),
        ("compose.tools.yaml", "services: {tool: {image: t}}\n"),
        (
            "extra/agent.yaml",
            "services: {agent: {image: a, networks: [back], depends_on: [web]}}\n",
        ),
        ("other/docker-compose.yml", "services: {web: {image: y}}\n"),
        ("lost/part.yaml", "services: {nobody: {user: me}}\n"),
    ]);
    let mut all: Vec<_> = given.projects.iter().map(|it| given.files_of(it).join(" ")).collect();
    all.sort();
    assert_eq!(
        all,
        [
            "compose.tools.yaml",
            "compose.yaml compose.override.yaml",
            "compose.yaml compose.prod.yaml",
            "compose.yaml extra/agent.yaml",
            "lost/part.yaml",
            "other/docker-compose.yml",
        ]
    );
}

#[test]
fn what_runs_in_a_service_of_the_default_file_is_laid_over_it() {
    let overlay = "services: {web: {image: 'x:1'}}\n";
    let files = |base: &str| {
        let all = given(&[("compose.yaml", base), ("compose.prod.yaml", overlay)]);
        all.projects.iter().map(|it| all.files_of(it).join(" ")).collect::<Vec<_>>()
    };
    let both = ["compose.yaml", "compose.yaml compose.prod.yaml"];
    assert_eq!(files("services: {db: {image: y}, web: {ports: ['80:80']}}\n"), both);
    for base in ["services: {web: {image: 'y:1'}}\n", "services: {api: {ports: ['80:80']}}\n"] {
        assert_eq!(files(base), ["compose.yaml", "compose.prod.yaml"], "{base}");
    }
}

#[test]
fn a_file_without_services_is_laid_over_those_that_have_them() {
    let volumes = "volumes: {data: {external: true}}\n";
    let all = given(&[
        ("compose.yaml", "services: {db: {image: x, volumes: ['data:/d']}}\nvolumes: {data: }\n"),
        ("docker/prod.yml", volumes),
    ]);
    let found: Vec<_> = all.projects.iter().map(|it| all.files_of(it).join(" ")).collect();
    assert_eq!(found, ["compose.yaml", "compose.yaml docker/prod.yml"]);
    assert!(all.projects[1].volume("data").unwrap().external);
    assert!(given(&[("docker/prod.yml", volumes)]).projects.is_empty());
}

#[test]
fn an_included_file_is_not_a_project_of_its_own() {
    let given = given(&[
        (
            "compose.yaml",
            "include: [sub/compose.yaml]\nservices: {a: {image: x, depends_on: [b]}}\n",
        ),
        ("sub/compose.yaml", "services: {b: {image: \"y:$TAG\", env_file: b.env, build: .}}\n"),
        ("sub/.env", "TAG=7\n"),
        ("sub/b.env", "K=v\n"),
    ]);
    let project = given.only();
    assert_eq!(kinds(project), []);
    let b = project.service("b").unwrap();
    assert_eq!(b.image.as_ref().unwrap().value, "y:7");
    assert_eq!(b.build.as_ref().unwrap().context.value, "sub");
    assert_eq!(b.env_files[0].path.value, "sub/b.env");
    assert_eq!(given.at(b.env("K").unwrap().span), ("sub/b.env", "K=v"));
}

#[test]
fn short_and_long_forms_have_the_same_meaning() {
    let given = given(&[(
        "compose.yaml",
        "services:\n  a:\n    image: x\n    depends_on: [b]\n    healthcheck: {test: curl localhost, interval: 1m30s}\n    build: ./d\n    mem_limit: 512m\n  b:\n    image: y\n    depends_on:\n      c: {condition: service_healthy}\n    healthcheck: {test: [NONE]}\n    build: {context: ./d}\n    deploy: {resources: {limits: {memory: 512m}}}\n  c: {image: z}\n",
    )]);
    let project = given.only();
    let (a, b) = (project.service("a").unwrap(), project.service("b").unwrap());
    let short = &a.depends_on[0];
    assert!(short.short_form && !short.explicit_condition);
    assert_eq!(short.condition.value, Condition::Started);
    let long = &b.depends_on[0];
    assert!(!long.short_form && long.explicit_condition);
    assert_eq!(given.at(long.condition.span).1, "service_healthy");
    assert_eq!(given.at(long.place.unwrap().span).1, "{condition: service_healthy}");
    let check = a.healthcheck.as_ref().unwrap();
    assert!(check.test.as_ref().unwrap().is_shell());
    assert_eq!(check.interval.unwrap().value.as_secs(), 90);
    assert!(b.healthcheck.as_ref().unwrap().disabled);
    assert_eq!(a.build.as_ref().unwrap().context.value, b.build.as_ref().unwrap().context.value);
    assert_eq!(a.memory_limit().unwrap().value, b.memory_limit().unwrap().value);
    assert!(a.shares_network_with(b));
}

#[test]
fn links_and_namespaces_imply_dependencies() {
    let text = "services:\n  a: {image: x, links: [\"b:alias\"], network_mode: \"service:c\", depends_on: [c]}\n  b: {image: x}\n  c: {image: x}\n";
    let given = given(&[("compose.yaml", text)]);
    let a = given.only().service("a").unwrap();
    let implied: Vec<_> = a.implied_dependencies.iter().map(|it| it.service.as_str()).collect();
    assert_eq!(implied, ["b"]);
    assert!(a.networks.is_empty());
}

#[test]
fn mappings_behind_an_alias_are_marked_as_shared() {
    let text = "x-base: &base\n  image: x\n  environment: &env\n    A: 1\nservices:\n  a:\n    <<: *base\n    user: me\n  b: *base\n";
    let given = given(&[("compose.yaml", text)]);
    let project = given.only();
    let (a, b) = (project.service("a").unwrap(), project.service("b").unwrap());
    assert!(!a.places[0].shared && b.places[0].shared);
    assert!(a.environment_places[0].shared);
    assert_eq!(given.at(a.env("A").unwrap().span).1, "A: 1");
}

#[test]
fn unknown_keys_are_recorded_with_their_mapping() {
    let text = "services:\n  a:\n    image: x\n    enviroment: {A: 1}\n    healthcheck: {intervall: 1s}\nvolume: {}\n";
    let given = given(&[("compose.yaml", text)]);
    let shown: Vec<_> = given
        .only()
        .unknown_keys
        .iter()
        .map(|it| (it.owner, it.key.as_str(), given.at(it.entry).1, it.collection))
        .collect();
    assert_eq!(
        shown,
        [
            ("service", "enviroment", "enviroment: {A: 1}", true),
            ("healthcheck", "intervall", "intervall: 1s", false),
            ("project", "volume", "volume: {}", true),
        ]
    );
    for (owner, key) in
        [("service", "environment"), ("healthcheck", "interval"), ("project", "volumes")]
    {
        assert!(known_keys(owner).contains(&key), "{owner} {key}");
    }
}

#[test]
fn the_definitions_of_a_missing_file_are_not_missing_too() {
    let text = "include: [gone.yaml]\nservices: {a: {image: x, depends_on: [b], networks: [n]}}\n";
    assert_eq!(kinds(given(&[("compose.yaml", text)]).only()), [ProblemKind::IncludeFileMissing]);
    let text = "services: {a: {extends: {file: gone.yaml, service: b}}}\n";
    assert_eq!(kinds(given(&[("compose.yaml", text)]).only()), [ProblemKind::ExtendsFileMissing]);
}

#[test]
fn every_key_is_read_into_the_field_of_its_name() {
    let texts = "image network_mode user working_dir container_name hostname domainname runtime \
                 platform stop_signal pid ipc uts userns_mode";
    let lists = "tmpfs volumes_from profiles cap_add cap_drop security_opt group_add links \
                 external_links dns dns_search expose";
    let mut text = "services:\n  a:\n    x-a: 1\n".to_owned();
    for key in texts.split(' ') {
        text += &format!("    {key}: {key}\n");
    }
    for key in lists.split(' ') {
        text += &format!("    {key}: [{key}]\n");
    }
    let numbers =
        ["mem_limit", "mem_reservation", "memswap_limit", "shm_size", "scale", "pids_limit"];
    for (at, key) in numbers.iter().enumerate() {
        text += &format!("    {key}: {at}\n");
    }
    let all = given(&[("compose.yaml", &text)]);
    let shown = format!("{:?}", all.only().services[0]);
    for key in texts.split(' ') {
        assert!(
            shown.contains(&format!(" {key}: Some(Spanned {{ value: \"{key}\"")),
            "{key}: {shown}"
        );
    }
    for key in lists.split(' ') {
        assert!(shown.contains(&format!(" {key}: [Spanned {{ value: \"{key}\"")), "{key}: {shown}");
    }
    for (at, key) in numbers.iter().enumerate() {
        assert!(shown.contains(&format!(" {key}: Some(Spanned {{ value: {at}")), "{key}: {shown}");
    }
    for key in ["privileged", "read_only", "init", "tty", "stdin_open", "attach"] {
        let text = format!("services: {{a: {{image: x, {key}: true}}}}\n");
        let one = given(&[("compose.yaml", &text)]);
        let shown = format!("{:?}", one.only().services[0]);
        assert!(shown.contains(&format!(" {key}: Some(Spanned {{ value: true")), "{key}");
    }
}
