//! Which Compose files form which project.
//!
//! * The default file of a folder and its override file are one project, as `docker compose up`
//!   without `-f` reads them. `COMPOSE_FILE` in the `.env` file beside them names others.
//! * Another Compose file that cannot stand alone (a service has nothing to run, a network is nowhere
//!   defined), beside or below a default file that defines all that it lacks, is merged over that
//!   one, as with `-f compose.yaml -f compose.prod.yaml`.
//! * Every other Compose file is a project of its own, unless another project includes or extends it.

use crate::model::compose::check::consistency;
use crate::model::compose::load::dotenv;
use crate::model::compose::load::lower::Environment;
use crate::model::compose::load::value::{Entry, Map, Value};
use crate::model::compose::load::{Files, Loader};
use crate::model::compose::read::Read;
use crate::model::compose::schema::check_merged;
use crate::model::compose::schema::keys::Schema;
use crate::model::compose::{FileInput, Key, Problem, ProblemKind, Project};
use crate::syntax::Node;
use crate::text::{FileId, Span, Spanned, folder_of, join_path, name_of};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// The names that Compose looks for, best first.
const DEFAULTS: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// Whether Compose finds the file by itself, so that nothing has to be laid over it.
pub fn is_default_name(path: &str) -> bool {
    DEFAULTS.contains(&name_of(path))
}

/// All Compose projects of the files, each once.
pub fn projects(files: &[FileInput<'_>]) -> Vec<Project> {
    if !files.iter().any(|it| it.compose && it.tree.is_some()) {
        return Vec::new();
    }
    let by_path: FxHashMap<&str, usize> =
        files.iter().enumerate().map(|(at, it)| (it.path, at)).collect();
    let files = Files { all: files, by_path: &by_path, schema: &Schema::new() };
    let mut by_folder: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (index, input) in files.all.iter().enumerate() {
        if input.compose && input.tree.is_some() {
            by_folder.entry(folder_of(input.path)).or_default().push(index);
        }
    }
    let mut folders: Vec<&str> = by_folder.keys().copied().collect();
    // Outer folders first: they include the inner ones.
    let depth = |it: &str| it.matches('/').count() + usize::from(!it.is_empty());
    folders.sort_by_key(|it| (depth(it), *it));
    let mut projects = Vec::new();
    let mut taken: FxHashSet<FileId> = FxHashSet::default();
    let mut bases: FxHashMap<&str, usize> = FxHashMap::default();
    let add = |project: Project, taken: &mut FxHashSet<FileId>, all: &mut Vec<Project>| {
        taken.extend(&project.files);
        taken.extend(&project.included);
        all.push(project);
    };
    for folder in &folders {
        let default = default_files(files, folder);
        let Some(first) = default.first() else { continue };
        bases.insert(folder, *first);
        if !taken.contains(&files.all[*first].id) {
            add(project(files, &default), &mut taken, &mut projects);
        }
    }
    for folder in &folders {
        let base = nearest_base(&bases, folder);
        for &index in &by_folder[folder] {
            if taken.contains(&files.all[index].id) {
                continue;
            }
            let with_base = base.filter(|base| is_overlay(files, *base, index));
            let list: Vec<usize> = with_base.into_iter().chain([index]).collect();
            add(project(files, &list), &mut taken, &mut projects);
        }
    }
    without_included(projects)
}

/// Leaves out the projects that another one includes: an included file may come before the file that
/// includes it.
fn without_included(projects: Vec<Project>) -> Vec<Project> {
    let mut includers: FxHashMap<FileId, Vec<usize>> = FxHashMap::default();
    for (at, project) in projects.iter().enumerate() {
        for file in &project.included {
            includers.entry(*file).or_default().push(at);
        }
    }
    let mut kept = vec![true; projects.len()];
    for (at, project) in projects.iter().enumerate() {
        let candidates = project.files.first().and_then(|it| includers.get(it));
        let includes = |other: &usize| {
            let included = &projects[*other].included;
            *other != at && kept[*other] && project.files.iter().all(|it| included.contains(it))
        };
        kept[at] = !candidates.into_iter().flatten().any(includes);
    }
    let kept = projects.into_iter().zip(kept).filter(|it| it.1);
    kept.map(|it| it.0).collect()
}

/// The project made of these files, in this order.
pub fn project_of(files: &[FileInput<'_>], list: &[FileId]) -> Project {
    let by_path: FxHashMap<&str, usize> =
        files.iter().enumerate().map(|(at, it)| (it.path, at)).collect();
    let position = |id: &FileId| files.iter().position(|it| it.id == *id);
    let list: Vec<usize> = list.iter().filter_map(position).collect();
    project(Files { all: files, by_path: &by_path, schema: &Schema::new() }, &list)
}

/// What `docker compose` reads in this folder when it is given no `-f`.
fn default_files(files: Files<'_>, folder: &str) -> Vec<usize> {
    let tree = |(index, input): (usize, &FileInput<'_>)| input.tree.is_some().then_some(index);
    let find = |name: &str| files.find_in(folder, name).and_then(tree);
    if let Some((_, env)) = files.find_in(folder, ".env") {
        let variables = dotenv::parse(env.id, env.text, &|_| None).variables;
        let value = |name: &str| {
            let found = variables.iter().rev().find(|it| it.name.value == name)?;
            Some(found.value.as_ref()?.value.clone())
        };
        if let Some(list) = value("COMPOSE_FILE").filter(|it| !it.is_empty()) {
            let separator = value("COMPOSE_PATH_SEPARATOR").unwrap_or(SmolStr::new_static(":"));
            let named = |path: &str| files.find(&join_path(folder, path)).and_then(tree);
            let all: Vec<usize> = list.split(separator.as_str()).filter_map(named).collect();
            if !all.is_empty() {
                return all;
            }
        }
    }
    let Some(base) = DEFAULTS.iter().find_map(|it| find(it)) else { return Vec::new() };
    let over = OVERRIDES.iter().find_map(|it| find(it));
    [base].into_iter().chain(over).collect()
}

/// Whether a file cannot stand alone, and the other one defines all that it lacks.
fn is_overlay(files: Files<'_>, base: usize, other: usize) -> bool {
    let lacks = lacks(files, other);
    if lacks.is_empty() {
        return false;
    }
    let defined = defines(files, base);
    lacks.iter().all(|(name, sections)| sections & !sections_of(&defined, name) == 0)
}

const SECTIONS: [&str; 5] = ["services", "networks", "volumes", "secrets", "configs"];

/// Names with one bit for each of the [`SECTIONS`] that they belong to.
type Names<'t> = FxHashMap<&'t str, usize>;

fn sections_of(names: &Names<'_>, name: &str) -> usize {
    names.get(name).copied().unwrap_or_default()
}

fn add<'t>(names: &mut Names<'t>, section: usize, name: &'t str) {
    let before = sections_of(names, name);
    names.insert(name, before | 1 << section);
}

fn roots<'t>(files: Files<'t>, index: usize) -> Vec<Node<'t>> {
    files.all[index].tree.map(|it| it.roots().collect()).unwrap_or_default()
}

fn defines(files: Files<'_>, index: usize) -> Names<'_> {
    let mut all = Names::default();
    for root in roots(files, index) {
        for (at, section) in SECTIONS.iter().enumerate() {
            for entry in root.get(section).map(Node::merged_entries).unwrap_or_default() {
                if let Some(name) = entry.key.as_str() {
                    add(&mut all, at, name);
                }
            }
        }
    }
    all
}

/// What a file names and does not define. A service without anything to run is lacking itself.
fn lacks(files: Files<'_>, index: usize) -> Names<'_> {
    let own = defines(files, index);
    let mut lacks = Names::default();
    let services = roots(files, index).into_iter().filter_map(|it| it.get("services"));
    for entry in services.flat_map(Node::merged_entries) {
        let Some(name) = entry.key.as_str() else { continue };
        let service = entry.value;
        let runs = ["image", "build", "extends", "provider"];
        if !runs.iter().any(|key| service.get(key).is_some()) {
            add(&mut lacks, 0, name);
        }
        let keys = ["depends_on", "networks", "volumes", "secrets", "configs"];
        for (at, key) in keys.iter().enumerate() {
            let Some(value) = service.get(key) else { continue };
            let used = value.entries().map(|it| it.key).chain(value.items());
            for mut used in used.filter_map(|it| it.as_str()) {
                if *key == "volumes" {
                    let Some((source, _)) = used.split_once(':') else { continue };
                    if source.len() < 2 || source.contains(['/', '.', '~', '$', '\\']) {
                        continue;
                    }
                    used = source;
                }
                let implicit = *key == "networks" && used == "default";
                if !implicit && sections_of(&own, used) & 1 << at == 0 {
                    add(&mut lacks, at, used);
                }
            }
        }
    }
    lacks
}

/// The default file of a folder or of the nearest folder around it.
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

fn project(files: Files<'_>, list: &[usize]) -> Project {
    let Some(first) = list.first().map(|it| &files.all[*it]) else { return Project::default() };
    let folder = SmolStr::new(folder_of(first.path));
    let mut loader = Loader::new(files, folder.clone());
    let mut environment = Environment::default();
    let mut project = Project::default();
    if let Some((_, input)) = files.find_in(&folder, ".env") {
        let found = dotenv::parse(input.id, input.text, &|_| None);
        if let Some((kind, span, message)) = found.error {
            loader.out.told(kind, span, ".env", message);
        }
        environment = environment.with(&found.variables);
        project.dot_env = found.variables;
        project.dot_env_file = Some(input.id);
    }
    for it in list {
        project.files.push(files.all[*it].id);
    }
    project.name = project_name(files, list, &folder, &environment);
    if project.name.value.is_empty() && !project.name.span.is_empty() {
        let message = "no letter or digit of this project's name is left";
        loader.out.problem(ProblemKind::InvalidValue, project.name.span, "name", message);
    }
    project.folder.clone_from(&folder);
    environment.set(&SmolStr::new_static("COMPOSE_PROJECT_NAME"), &project.name.value, None);
    let model = loader.model(list, &environment, &folder);
    // Files without fault stay so when they are merged, unless a tag takes something away.
    if loader.lacks || loader.out.tagged {
        check_merged(files.schema, &model, &mut loader.out);
    }
    let empty = Map::default();
    let root = model.as_map().unwrap_or(&empty);
    Read { out: &mut loader.out, files, environment: &environment, folder: &folder }
        .project(root, &mut project);
    project.versions = versions(files, list);
    project.included = std::mem::take(&mut loader.included);
    project.included.sort();
    project.included.dedup();
    project.included.retain(|it| !project.files.contains(it));
    let mut problems = std::mem::take(&mut loader.out.problems);
    problems.extend(consistency(&project));
    let services = root.get("services");
    if root.entries.is_empty() || services.is_some_and(Value::is_null) {
        let span = root.entries.get("services").map_or(Span::default(), |it: &Entry| it.first);
        let message = "this project has no services".to_owned();
        let kind = ProblemKind::Empty;
        let span = if span == Span::default() { Span::new(first.id, 0, 0) } else { span };
        problems.push(Problem { kind, span, name: SmolStr::default(), service: None, message });
    }
    let brought = project.files.iter().chain(&project.included);
    let broken = brought
        .filter_map(|id| file_with_id(files, *id)?.tree)
        .any(|tree| tree.documents.iter().any(|it| it.broken || it.repaired));
    if broken || loader.incomplete {
        // What a file that we do not have defines,
        // what a broken document would have defined, or a repair took out, is not missing.
        problems.retain(|it| !it.kind.is_absence());
    }
    let unread = |it: &Problem| {
        use ProblemKind::{ExtendsCycle, ExtendsFileMissing, ExtendsServiceMissing, Limit};
        matches!(it.kind, ExtendsCycle | ExtendsFileMissing | ExtendsServiceMissing | Limit)
    };
    if problems.iter().any(unread) {
        // A service whose template was not read may well have something to run.
        let extends = |name: &str| project.service(name).is_some_and(|it| it.extends.is_some());
        problems.retain(|it| it.kind != ProblemKind::NothingToRun || !extends(&it.name));
    }
    // A file that is read twice tells everything twice.
    let mut seen: FxHashSet<(Span, ProblemKind, SmolStr)> = FxHashSet::default();
    problems.retain(|it| seen.insert((it.span, it.kind, it.name.clone())));
    project.problems = problems;
    seen.clear();
    let once = ProblemKind::UnknownKey;
    let mut unknown = std::mem::take(&mut loader.unknown);
    unknown.retain(|it| seen.insert((it.key.span, once, it.key.value.clone())));
    project.unknown_keys = unknown;
    seen.clear();
    // The same text may be read with the variables of an `include` and without: the one where it
    // is set says more.
    let mut uses = std::mem::take(&mut loader.out.variables);
    uses.sort_by_key(|it| (it.span, it.value.is_none()));
    let mut here = Span::default();
    uses.retain(|it| {
        // They lie in order, so that only what stands at the same place has to be known.
        if std::mem::replace(&mut here, it.span) != it.span {
            seen.clear();
        }
        seen.insert((it.span, once, it.name.clone()))
    });
    project.variables = uses;
    project
}

/// The file with an id, which mostly is its index.
fn file_with_id<'t>(files: Files<'t>, id: FileId) -> Option<&'t FileInput<'t>> {
    let by_index = files.all.get(id.index()).filter(|it| it.id == id);
    by_index.or_else(|| files.all.iter().find(|it| it.id == id))
}

/// The obsolete top-level `version` of each file.
fn versions(files: Files<'_>, list: &[usize]) -> Vec<Key> {
    let mut all = Vec::new();
    for index in list {
        for root in roots(files, *index) {
            let found = root.entries().find(|it| it.key.as_str() == Some("version"));
            if let Some(entry) = found {
                let name = Spanned::new(SmolStr::new_static("version"), entry.key.span());
                all.push(Key { name, entry: entry.span() });
            }
        }
    }
    all
}

/// `COMPOSE_PROJECT_NAME`, else the top-level `name` of the last file, else the folder's name.
fn project_name(
    files: Files<'_>,
    list: &[usize],
    folder: &str,
    environment: &Environment,
) -> crate::model::Str {
    if let Some((name, span)) = environment.get("COMPOSE_PROJECT_NAME") {
        return Spanned::new(plain_name(name), span.unwrap_or_default());
    }
    let lookup = |name: &str| environment.value(name);
    for index in list.iter().rev() {
        for root in roots(files, *index) {
            let Some(value) = root.get("name") else { continue };
            let text = value.as_str().unwrap_or_default();
            let text =
                crate::model::compose::load::interpolate::substitute(text, &lookup, &mut |_| {});
            if let Some(text) = text.ok().filter(|it| !it.is_empty()) {
                return Spanned::new(plain_name(&text), value.span());
            }
        }
    }
    Spanned::new(plain_name(name_of(folder)), Span::default())
}

/// Lower case, and only the signs that a project's name may have.
fn plain_name(name: &str) -> SmolStr {
    let name = name.to_ascii_lowercase();
    let plain =
        |it: &char| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, '_' | '-');
    let name: String = name.chars().filter(plain).collect();
    SmolStr::new(name.trim_start_matches(['_', '-']))
}
