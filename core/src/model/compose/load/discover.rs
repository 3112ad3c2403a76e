//! Groups Compose files into projects.
//!
//! * The default file of a folder and its override file form one project, as `docker compose up`
//!   reads them without `-f`. `COMPOSE_FILE` in the `.env` file beside them names other files.
//! * A Compose file that is incomplete by itself (a service has nothing to run, a network is defined
//!   nowhere, there are no services at all, a service is built without the folder that the default file
//!   builds it in), or that is called an override, is merged over the default file of its folder, or of a
//!   folder around it, if that file defines everything that it lacks, as with
//!   `-f compose.yaml -f compose.prod.yaml`. So is a file that gives an image to a service for which the
//!   default file has nothing to run.
//! * Every other Compose file is a project of its own, unless another project includes or extends it.

use crate::model::Str;
use crate::model::compose::check::consistency;
use crate::model::compose::load::dotenv;
use crate::model::compose::load::interpolate::substitute;
use crate::model::compose::load::lower::Environment;
use crate::model::compose::load::value::Map;
use crate::model::compose::load::{Files, Loader};
use crate::model::compose::read::Read;
use crate::model::compose::schema::check_merged;
use crate::model::compose::{
    FileInput, Key, Problem, ProblemKind, Project, UnknownKey, VariableUse,
};
use crate::syntax::Node;
use crate::text::{FileId, Span, Spanned, folder_of, join_path, name_of};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// The file names that Compose looks for, in order of preference.
const DEFAULTS: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// The override files that Compose looks for, in order of preference.
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// Whether Compose reads a file of this name without `-f`.
pub fn is_default_name(path: &str) -> bool {
    DEFAULTS.contains(&name_of(path))
}

/// Whether Compose reads a file of this name without `-f`, over the default file beside it.
pub fn is_override_name(path: &str) -> bool {
    OVERRIDES.contains(&name_of(path))
}

/// Returns all Compose projects of the files, each once.
pub fn projects(files: &[FileInput<'_>]) -> Vec<Project> {
    let files = &Files::new(files);
    let mut by_folder: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (index, input) in files.all.iter().enumerate() {
        if input.compose && input.tree.is_some() {
            by_folder.entry(folder_of(input.path)).or_default().push(index);
        }
    }
    // Outer folders first: their projects include the files of inner ones.
    let depth = |folder: &str| folder.matches('/').count() + usize::from(!folder.is_empty());
    let mut folders: Vec<(&str, Vec<usize>)> = by_folder.into_iter().collect();
    folders.sort_by_key(|(folder, _)| (depth(folder), *folder));

    let mut found = Found::default();
    let mut bases: FxHashMap<&str, usize> = FxHashMap::default();
    for (folder, _) in &folders {
        let default = default_files(files, folder);
        let Some(first) = default.first() else { continue };
        bases.insert(folder, *first);
        if !found.taken.contains(&files.all[*first].id) {
            found.add(project(files, &default));
        }
    }
    let mut defined: FxHashMap<usize, Names<'_>> = FxHashMap::default();
    for (folder, compose_files) in &folders {
        let base = nearest_base(&bases, folder);
        for index in compose_files {
            if found.taken.contains(&files.all[*index].id) {
                continue;
            }
            let lacks = lacks(files, *index);
            let base = base.filter(|base| {
                let defined = defined.entry(*base).or_insert_with(|| defines(files, *base));
                let is_override = !lacks.is_empty()
                    || has_only_objects(files, *index)
                    || is_laid_over(files, *base, *index);
                is_override && lacks.is_subset(defined)
            });
            if base.is_none() && has_only_objects(files, *index) {
                continue;
            }
            let list: Vec<usize> = base.into_iter().chain([*index]).collect();
            found.add(project(files, &list));
        }
    }
    without_included(found.projects)
}

/// The projects found so far.
#[derive(Default)]
struct Found {
    projects: Vec<Project>,
    /// The files of these projects, including those of `include` and `extends`.
    taken: FxHashSet<FileId>,
}

impl Found {
    fn add(&mut self, project: Project) {
        self.taken.extend(&project.files);
        self.taken.extend(&project.included);
        self.projects.push(project);
    }
}

/// Removes the projects whose files another project includes. They were read first if their folder
/// comes before that of the other project.
fn without_included(projects: Vec<Project>) -> Vec<Project> {
    let mut includers: FxHashMap<FileId, Vec<usize>> = FxHashMap::default();
    for (at, project) in projects.iter().enumerate() {
        for file in &project.included {
            includers.entry(*file).or_default().push(at);
        }
    }
    // Of two projects that include each other, one has to stay.
    let mut kept = vec![true; projects.len()];
    for (at, project) in projects.iter().enumerate() {
        let includers = project.files.first().and_then(|file| includers.get(file));
        let included = includers.into_iter().flatten().any(|other| {
            let includes = |file: &FileId| projects[*other].included.binary_search(file).is_ok();
            *other != at && kept[*other] && project.files.iter().all(includes)
        });
        kept[at] = !included;
    }
    projects.into_iter().zip(kept).filter_map(|(project, kept)| kept.then_some(project)).collect()
}

/// Returns the project made of these files, in this order.
pub fn project_of(files: &[FileInput<'_>], list: &[FileId]) -> Project {
    let files = Files::new(files);
    let list: Vec<usize> = list.iter().filter_map(|id| files.index_of(*id)).collect();
    project(&files, &list)
}

/// Returns the files that `docker compose` reads in a folder when it is called without `-f`.
fn default_files(files: &Files<'_>, folder: &str) -> Vec<usize> {
    let yaml = |(index, input): (usize, &FileInput<'_>)| input.tree.is_some().then_some(index);
    let find = |name: &&str| files.find_in(folder, name).and_then(yaml);
    if let Some((_, env)) = files.find_in(folder, ".env") {
        let variables = dotenv::parse(env.id, env.text, &|_| None).variables;
        let value = |name: &str| {
            let found = variables.iter().rev().find(|variable| variable.name.value == name)?;
            Some(found.value.as_ref()?.value.clone())
        };
        if let Some(list) = value("COMPOSE_FILE").filter(|list| !list.is_empty()) {
            let separator = value("COMPOSE_PATH_SEPARATOR").unwrap_or(SmolStr::new_static(":"));
            let named = |path: &str| files.find(&join_path(folder, path)).and_then(yaml);
            let all: Vec<usize> = list.split(separator.as_str()).filter_map(named).collect();
            if !all.is_empty() {
                return all;
            }
        }
    }
    let Some(base) = DEFAULTS.iter().find_map(find) else { return Vec::new() };
    let over = OVERRIDES.iter().find_map(find);
    [base].into_iter().chain(over).collect()
}

/// Objects by their section and name.
type Names<'t> = FxHashSet<(&'static str, &'t str)>;

/// The keys of a service that name objects, with the sections where those are defined.
const REFERENCES: [(&str, &str); 5] = [
    ("depends_on", "services"),
    ("networks", "networks"),
    ("volumes", "volumes"),
    ("secrets", "secrets"),
    ("configs", "configs"),
];

/// Returns the roots of the documents of a file.
fn roots<'t>(files: &Files<'t>, index: usize) -> Vec<Node<'t>> {
    files.all[index].tree.map(|tree| tree.roots().collect()).unwrap_or_default()
}

/// Returns the objects that a file defines.
fn defines<'t>(files: &Files<'t>, index: usize) -> Names<'t> {
    let mut all = Names::default();
    for root in roots(files, index) {
        for (_, section) in REFERENCES {
            for entry in root.get(section).map(Node::merged_entries).unwrap_or_default() {
                all.extend(entry.key.as_str().map(|name| (section, name)));
            }
        }
    }
    all
}

/// Returns the objects that a file uses and does not define. A service with nothing to run counts as
/// used only: another file has to define it.
fn lacks<'t>(files: &Files<'t>, index: usize) -> Names<'t> {
    let own = defines(files, index);
    let mut lacks = Names::default();
    let services = roots(files, index).into_iter().filter_map(|root| root.get("services"));
    for entry in services.flat_map(Node::merged_entries) {
        let Some(name) = entry.key.as_str() else { continue };
        let service = entry.value;
        if !has_something_to_run(service) {
            lacks.insert(("services", name));
        }
        for (key, section) in REFERENCES {
            let Some(value) = service.get(key) else { continue };
            let used = value.entries().map(|entry| entry.key).chain(value.items());
            for used in used.filter_map(Node::as_str) {
                let name = if key == "volumes" { named_volume(used) } else { Some(used) };
                let Some(name) = name else { continue };
                let implicit = key == "networks" && name == "default";
                if !implicit && !own.contains(&(section, name)) {
                    lacks.insert((section, name));
                }
            }
        }
    }
    lacks
}

/// Whether a service says what runs in its container.
fn has_something_to_run(service: Node<'_>) -> bool {
    ["image", "build", "extends", "provider"].iter().any(|key| service.get(key).is_some())
}

/// Whether a file, complete by itself, changes services of a base file: its name says so, it names a Dockerfile for a
/// service that the base file builds in another folder, or it brings what runs in a service of which the base file says
/// everything else.
fn is_laid_over(files: &Files<'_>, base: usize, index: usize) -> bool {
    let services = |of: usize| {
        let roots = roots(files, of).into_iter().filter_map(|root| root.get("services"));
        roots.flat_map(Node::merged_entries)
    };
    let name = name_of(files.all[index].path);
    let is_called_override = name.split(['.', '-', '_']).any(|word| word == "override");
    let of_base: FxHashMap<_, _> = services(base).map(|it| (it.key.as_str(), it)).collect();
    services(index).any(|own| {
        let Some(same) = of_base.get(&own.key.as_str()) else { return false };
        let builds_there = || {
            let context = same.value.at(&["build", "context"]).or(same.value.get("build"));
            context.and_then(Node::as_str).is_some_and(|it| !matches!(it, "." | "./"))
        };
        let build = own.value.get("build").filter(|it| it.is_mapping());
        let has_no_context = build.is_some_and(|it| it.get("context").is_none());
        let is_completed = || !has_something_to_run(same.value) && has_something_to_run(own.value);
        is_called_override || has_no_context && builds_there() || is_completed()
    })
}

/// Whether a file has no services and defines networks, volumes and the like for those of another file.
fn has_only_objects(files: &Files<'_>, index: usize) -> bool {
    let mut roots = roots(files, index).into_iter();
    let own = ["services", "include"];
    roots.all(|root| own.iter().all(|key| root.get(key).is_none()))
        && !defines(files, index).is_empty()
}

/// Returns the name of the volume in the short form of a mount; `None` for a bind mount or a mount
/// without a name.
fn named_volume(mount: &str) -> Option<&str> {
    let (source, _) = mount.split_once(':')?;
    let name = source.len() >= 2 && !source.contains(['/', '.', '~', '$', '\\']);
    name.then_some(source)
}

/// Returns the default file of a folder, or of the nearest folder around it that has one.
fn nearest_base(bases: &FxHashMap<&str, usize>, folder: &str) -> Option<usize> {
    let mut folder = folder;
    loop {
        if let Some(found) = bases.get(folder) {
            return Some(*found);
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder_of(folder);
    }
}

fn project(files: &Files<'_>, list: &[usize]) -> Project {
    let Some(first) = list.first().map(|index| &files.all[*index]) else {
        return Project::default();
    };
    let folder = SmolStr::new(folder_of(first.path));
    let mut loader = Loader::new(files, folder.clone());
    let mut project = Project::default();
    project.files = list.iter().map(|index| files.all[*index].id).collect();
    project.folder = folder.clone();
    project.versions = versions(files, list);
    let mut environment = dot_env(files, &mut loader, &mut project);
    project.name = project_name(files, list, &folder, &environment);
    if project.name.value.is_empty() && !project.name.span.is_empty() {
        let message = "the name of this project contains no letter or digit";
        loader.out.problem(ProblemKind::InvalidValue, project.name.span, "name", message);
    }
    if let Some(span) = empty_name(files, list, &environment) {
        let message = "the name of this project is empty as long as its variables are not set";
        loader.out.problem(ProblemKind::RequiredVariable, span, "name", message);
    }
    environment.set("COMPOSE_PROJECT_NAME".into(), project.name.value.clone(), None);
    // The shell sets it to the folder in which Compose is started, that of the project: `$PWD/app` is `./app`.
    if environment.get("PWD").is_none() {
        environment.set("PWD".into(), ".".into(), None);
    }
    let model = loader.model(list, &environment, &folder);
    // Files that are complete by themselves stay so in the merge, unless a tag removes something.
    if loader.lacks || loader.out.tagged {
        check_merged(&model, &mut loader.out);
    }
    let empty = Map::default();
    let root = model.as_map().unwrap_or(&empty);
    Read { out: &mut loader.out, files, environment: &environment, folder: &folder }
        .project(root, &mut project);
    project.included = included(&mut loader, &project);
    let mut problems = std::mem::take(&mut loader.out.problems);
    problems.extend(consistency(&project));
    problems.extend(no_services(root, first.id));
    project.problems = relevant(problems, &project, files, loader.incomplete);
    without_unknown(&mut project.problems, &loader.out.unknown);
    project.unknown_keys = without_repeated_keys(loader.unknown);
    project.variables = without_repeated_uses(loader.out.variables);
    project
}

/// Reads the `.env` file of a project and returns its variables.
fn dot_env(files: &Files<'_>, loader: &mut Loader<'_>, project: &mut Project) -> Environment {
    let Some((_, input)) = files.find_in(&project.folder, ".env") else {
        return Environment::default();
    };
    let found = dotenv::parse(input.id, input.text, &|_| None);
    if let Some((kind, span, message)) = found.error {
        loader.out.problem(kind, span, ".env", message);
    }
    let environment = Environment::default().with(&found.variables);
    project.dot_env = found.variables;
    project.dot_env_file = Some(input.id);
    environment
}

/// Returns the files that `include` and `extends` brought in, sorted.
fn included(loader: &mut Loader<'_>, project: &Project) -> Vec<FileId> {
    let mut included = std::mem::take(&mut loader.included);
    included.sort();
    included.dedup();
    included.retain(|file| !project.files.contains(file));
    included
}

/// Returns the problem of a project that has no services at all.
fn no_services(root: &Map, first: FileId) -> Option<Problem> {
    let services = root.entries.get("services");
    if !root.entries.is_empty() && !services.is_some_and(|entry| entry.value.is_null()) {
        return None;
    }
    Some(Problem {
        kind: ProblemKind::Empty,
        span: services.map_or(Span::new(first, 0, 0), |entry| entry.first),
        name: SmolStr::default(),
        service: None,
        message: "this project has no services".to_owned(),
    })
}

/// Removes problems that only follow from something that was not read, and repeated ones.
fn relevant(
    mut problems: Vec<Problem>,
    project: &Project,
    files: &Files<'_>,
    incomplete: bool,
) -> Vec<Problem> {
    let damaged = project.files.iter().chain(&project.included).any(|id| {
        let tree = files.get(*id).and_then(|input| input.tree);
        let mut documents = tree.into_iter().flat_map(|tree| &tree.documents);
        documents.any(|document| document.broken || document.is_repaired())
    });
    if damaged || incomplete {
        // A file that was not handed over, a broken document or the part of one that a repair removed
        // may define what seems to be missing.
        problems.retain(|problem| !problem.kind.is_absence());
    }
    let unread = |problem: &Problem| {
        use ProblemKind::{ExtendsCycle, ExtendsFileMissing, ExtendsServiceMissing, Limit};
        matches!(problem.kind, ExtendsCycle | ExtendsFileMissing | ExtendsServiceMissing | Limit)
    };
    if problems.iter().any(unread) {
        // A service may get its image from a template that was not read.
        let extends = |name: &str| project.service(name).is_some_and(|it| it.extends.is_some());
        problems.retain(|it| it.kind != ProblemKind::NothingToRun || !extends(&it.name));
    }
    // A file that is included twice repeats its problems.
    let mut seen: FxHashSet<(Span, ProblemKind, SmolStr)> = FxHashSet::default();
    problems.retain(|it| seen.insert((it.span, it.kind, it.name.clone())));
    problems
}

/// Removes what is wrong only as long as the environment does not say what a value is.
fn without_unknown(problems: &mut Vec<Problem>, unknown: &FxHashSet<Span>) {
    if unknown.is_empty() {
        return;
    }
    let mut scalars: Vec<Span> = unknown.iter().copied().collect();
    scalars.sort_unstable();
    let is_unknown = |span: Span| {
        let after = scalars.partition_point(|it| (it.file, it.start) <= (span.file, span.start));
        after.checked_sub(1).is_some_and(|at| scalars[at].contains(span))
    };
    problems.retain(|problem| {
        use ProblemKind::{InvalidInterpolation, Limit, RequiredVariable};
        matches!(problem.kind, InvalidInterpolation | Limit | RequiredVariable)
            || !is_unknown(problem.span)
    });
}

fn without_repeated_keys(mut unknown: Vec<UnknownKey>) -> Vec<UnknownKey> {
    let mut seen: FxHashSet<Str> = FxHashSet::default();
    unknown.retain(|it| seen.insert(it.key.clone()));
    unknown
}

/// Returns the uses of variables in the order of the files, each once. A file may be read with the
/// variables of an `include` and without them: the use with a value is kept.
fn without_repeated_uses(mut uses: Vec<VariableUse>) -> Vec<VariableUse> {
    uses.sort_by_key(|it| (it.span, it.value.is_none()));
    let mut seen: FxHashSet<(Span, SmolStr)> = FxHashSet::default();
    uses.retain(|it| seen.insert((it.span, it.name.clone())));
    uses
}

/// Returns the obsolete top-level `version` of each file.
fn versions(files: &Files<'_>, list: &[usize]) -> Vec<Key> {
    let mut all = Vec::new();
    for index in list {
        for root in roots(files, *index) {
            let found = root.entries().find(|entry| entry.key.as_str() == Some("version"));
            if let Some(entry) = found {
                let name = Spanned::new(SmolStr::new_static("version"), entry.key.span());
                all.push(Key { name, entry: entry.span() });
            }
        }
    }
    all
}

/// Returns the name of a project: `COMPOSE_PROJECT_NAME`, else the top-level `name` of the last file
/// that has one, else the name of the folder.
fn project_name(files: &Files<'_>, list: &[usize], folder: &str, environment: &Environment) -> Str {
    if let Some(variable) = environment.get("COMPOSE_PROJECT_NAME") {
        return Spanned::new(plain_name(&variable.value), variable.place.unwrap_or_default());
    }
    let lookup = |name: &str| environment.value(name);
    for index in list.iter().rev() {
        for root in roots(files, *index) {
            let Some(value) = root.get("name") else { continue };
            let text = substitute(value.as_str().unwrap_or_default(), &lookup, &mut |_| {});
            if let Some(text) = text.ok().filter(|text| !text.is_empty()) {
                return Spanned::new(plain_name(&text), value.span());
            }
        }
    }
    Spanned::new(plain_name(name_of(folder)), Span::default())
}

/// Returns the `name` that counts if its variables leave nothing of it, which Compose refuses.
fn empty_name(files: &Files<'_>, list: &[usize], environment: &Environment) -> Option<Span> {
    if environment.get("COMPOSE_PROJECT_NAME").is_some() {
        return None;
    }
    let of_file = |index: &usize| roots(files, *index).into_iter().find_map(|it| it.get("name"));
    let name = list.iter().rev().find_map(of_file)?;
    let written = name.as_str()?;
    let text = substitute(written, &|name| environment.value(name), &mut |_| {}).ok()?;
    (text.is_empty() && !written.is_empty()).then(|| name.span())
}

/// Returns a name in lower case with only the characters that the name of a project may contain.
fn plain_name(name: &str) -> SmolStr {
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let name: String =
        name.chars().filter(plain).map(|letter| letter.to_ascii_lowercase()).collect();
    SmolStr::new(name.trim_start_matches(['_', '-']))
}
