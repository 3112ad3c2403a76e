//! Analysis against bare parsing, in one process and in turns, so that a busy machine slows both.

use crate::generate;
use granit_parser::Parser;
use plimsoll_core::text::{File, FileId};
use plimsoll_core::{Options, analyze, syntax};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How many times the cost of bare parsing the whole analysis may take.
pub const LIMIT: f64 = 1.8;

const ROUNDS: usize = 9;

/// Files that are analysed in one call.
type Project = Vec<File>;

/// The generated stream of 10 MB.
pub fn stream() -> bool {
    let (text, documents) = generate::stream(10_000_000);
    println!("stream: {:.1} MB, {documents} manifests", text.len() as f64 / 1e6);
    compare(&[vec![File::new("stream.yaml", text)]])
}

/// All YAML below a folder; the files that lie in one folder make one project.
pub fn corpus(folder: &Path) -> Result<bool, String> {
    let mut projects = Vec::new();
    collect(folder, folder, &mut projects)?;
    // The parser gives up at the first `{{` of a template, so a ratio to it would say nothing there.
    let broken = set_broken_apart(&mut projects);
    let files: usize = projects.iter().map(Vec::len).sum();
    let bytes: usize = projects.iter().flatten().map(|file| file.text.len()).sum();
    println!(
        "corpus {}: {files} files in {} folders, {:.2} MB",
        folder.display(),
        projects.len(),
        bytes as f64 / 1e6
    );
    if files == 0 {
        return Err(format!("{}: no YAML file that parses", folder.display()));
    }
    let within = compare(&projects);
    if !broken.is_empty() {
        let each = time(3, &broken, analyses).as_secs_f64() / 3.0 / broken.len() as f64;
        println!(
            "  besides, {} broken files and templates: {:.2} ms each",
            broken.len(),
            each * 1e3
        );
    }
    Ok(within)
}

/// Takes the files out that the parser refuses; each becomes a project of its own.
fn set_broken_apart(projects: &mut Vec<Project>) -> Vec<Project> {
    let mut broken = Vec::new();
    for project in projects.iter_mut() {
        broken.extend(project.extract_if(.., |file| syntax_error(file)).map(|file| vec![file]));
    }
    projects.retain(|project| !project.is_empty());
    broken
}

fn syntax_error(file: &File) -> bool {
    parser(file, true).any(|event| event.is_err())
}

fn collect(root: &Path, folder: &Path, projects: &mut Vec<Project>) -> Result<(), String> {
    let failed = |path: &Path, error| format!("{}: {error}", path.display());
    let entries = std::fs::read_dir(folder).map_err(|error| failed(folder, error))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let mut here = Project::new();
    for path in paths {
        if path.is_dir() {
            collect(root, &path, projects)?;
        } else if path.extension().is_some_and(|it| it == "yaml" || it == "yml") {
            let bytes = std::fs::read(&path).map_err(|error| failed(&path, error))?;
            let name = path.strip_prefix(root).unwrap_or(&path);
            here.push(File::from_bytes(name.to_string_lossy(), &bytes));
        }
    }
    if !here.is_empty() {
        projects.push(here);
    }
    Ok(())
}

/// The bare parser. The measure has it tell all that it can, comments too; the core takes those from
/// the text by itself where it needs them.
fn parser(file: &File, comments: bool) -> Parser<'_, granit_parser::StrInput<'_>> {
    let options = granit_parser::options! {
        emit_comments: comments,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        strict_indentation: false,
        max_buffered_comment_events: usize::MAX,
    };
    Parser::new_from_str_with_options(&file.text, options)
}

/// Reads every event and keeps none.
fn events(projects: &[Project], comments: bool) -> usize {
    projects
        .iter()
        .flatten()
        .flat_map(|file| parser(file, comments))
        .map(|event| usize::from(black_box(event).is_ok()))
        .sum()
}

fn bare(projects: &[Project]) -> usize {
    events(projects, true)
}

fn without_comments(projects: &[Project]) -> usize {
    events(projects, false)
}

fn trees(projects: &[Project]) -> usize {
    let files = projects.iter().flatten();
    files.map(|file| black_box(syntax::parse(FileId(0), &file.text, None)).1.len()).sum()
}

fn analyses(projects: &[Project]) -> usize {
    let options = Options::default();
    projects.iter().map(|files| black_box(analyze(files, &options)).findings.len()).sum()
}

/// Prints the ratios; whether the analysis stays below the limit.
fn compare(projects: &[Project]) -> bool {
    let once = time(1, projects, bare);
    // Short inputs are read several times a round, so that a round is long against the clock.
    let repeats = (Duration::from_millis(150).as_nanos() / once.as_nanos().max(1)).max(1) as usize;
    let mut commentless = Vec::new();
    let mut tree = Vec::new();
    let mut analysis = Vec::new();
    let mut speed = Vec::new();
    let bytes: usize = projects.iter().flatten().map(|file| file.text.len()).sum();
    for _ in 0..ROUNDS {
        let parse = time(repeats, projects, bare).as_secs_f64();
        commentless.push(time(repeats, projects, without_comments).as_secs_f64() / parse);
        tree.push(time(repeats, projects, trees).as_secs_f64() / parse);
        analysis.push(time(repeats, projects, analyses).as_secs_f64() / parse);
        speed.push((bytes * repeats) as f64 / 1e6 / parse);
    }
    print("bare parsing", &mut speed, "MB/s", None);
    print("no comments", &mut commentless, "x parsing", None);
    print("tree", &mut tree, "x parsing", None);
    let median = print("analysis", &mut analysis, "x parsing", Some(LIMIT));
    median <= LIMIT
}

fn time(repeats: usize, projects: &[Project], work: fn(&[Project]) -> usize) -> Duration {
    let start = Instant::now();
    for _ in 0..repeats {
        black_box(work(black_box(projects)));
    }
    start.elapsed()
}

fn print(name: &str, values: &mut [f64], unit: &str, limit: Option<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let median = values[values.len() / 2];
    let (low, high) = (values[0], values[values.len() - 1]);
    let limit = limit.map_or(String::new(), |it| format!("   limit {it:.2}"));
    println!("  {name:<13} {median:>7.2} {unit} [{low:.2}..{high:.2}]{limit}");
    median
}
