//! `xtask-oracle helm [DIR...]`: our charts beside those that the real Helm SDK renders.
//!
//! Every chart below a folder is rendered with its own values and with booleans flipped. Texts are
//! compared as YAML, file by file; where Helm refuses, so must we. Every exact piece of our texts is
//! compared with its source.

mod compare;
mod folder;

use compare::documents;
use folder::Project;
use plimsoll_core::build::helm::{Layer, ProblemKind, ReleaseOptions, Rendered, render};
use plimsoll_core::build::origin::Text;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the SDK says about one case.
#[derive(Debug, Deserialize)]
struct Case {
    chart: PathBuf,
    label: String,
    values: serde_json::Value,
    /// The clock before the case, in seconds since 1970.
    now: i64,
    first: Answer,
    second: Answer,
}

/// The texts by their paths, or why there are none.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Answer {
    Texts(BTreeMap<String, String>),
    Refused(String),
}

/// Counts over all cases.
#[derive(Debug, Default)]
struct Tally {
    cases: usize,
    agreeing: usize,
    refused: usize,
    files: usize,
    files_equal: usize,
    bytes_equal: usize,
    random: usize,
    pieces: usize,
    wrong_pieces: usize,
    bytes: usize,
    exact_bytes: usize,
    placed_bytes: usize,
    time: Duration,
    most_steps: u64,
}

/// Compares all charts below the folders; `false` where anything differs.
pub fn run(folders: &[PathBuf], python: &Path) -> Result<bool, String> {
    let mut charts = Vec::new();
    for folder in folders {
        folder::charts(folder, &mut charts)?;
    }
    if charts.is_empty() {
        return Err(format!("no chart below {folders:?}"));
    }
    let mut sdk = Command::new(python)
        .args(["-c", include_str!("sdk.py")])
        .args(&charts)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", python.display()))?;
    let output = sdk.stdout.take().ok_or("the SDK has no output")?;
    let mut tally = Tally::default();
    let mut project: Option<Project> = None;
    for line in BufReader::new(output).lines() {
        let line = line.map_err(|error| format!("the SDK's output: {error}"))?;
        let case: Case = serde_json::from_str(&line)
            .map_err(|error| format!("the SDK's answer cannot be read: {error}"))?;
        if project.as_ref().is_none_or(|project| project.folder != case.chart) {
            project = Some(Project::load(&case.chart)?);
        }
        if let Some(project) = &project {
            judge(&case, project, &mut tally);
        }
    }
    let status = sdk.wait().map_err(|error| format!("the SDK: {error}"))?;
    if !status.success() {
        return Err("the SDK's script failed".to_owned());
    }
    report(&tally, charts.len());
    Ok(tally.agreeing == tally.cases && tally.wrong_pieces == 0)
}

fn judge(case: &Case, project: &Project, tally: &mut Tally) {
    tally.cases += 1;
    let title = format!("{} ({})", case.chart.display(), case.label);
    let start = Instant::now();
    let ours = ours(case, project);
    tally.time += start.elapsed();
    let ours = match ours {
        Ok(rendered) => rendered,
        Err(why) => {
            match &case.first {
                Answer::Refused(_) => tally.agreeing += 1,
                Answer::Texts(_) => println!("{title}\n    only we refuse: {why}"),
            }
            return;
        }
    };
    tally.most_steps = tally.most_steps.max(ours.steps);
    check_pieces(&ours, project, &title, tally);
    let refusal = ours.problems.iter().find(|problem| match problem.kind {
        ProblemKind::Stopped(_) | ProblemKind::Schema => true,
        ProblemKind::MissingDependency => false,
    });
    match (&case.first, refusal) {
        (Answer::Refused(theirs), Some(ours)) => {
            tally.refused += 1;
            tally.agreeing += 1;
            let detail = ours.detail.as_ref().unwrap_or(&ours.message);
            if !same_cause(theirs, &ours.message, ours.kind) {
                println!("{title}\n    other words: {theirs}\n    ours:        {detail}");
            }
        }
        (Answer::Refused(theirs), None) => println!("{title}\n    only Helm refuses: {theirs}"),
        (Answer::Texts(_), Some(ours)) => {
            let detail = ours.detail.as_ref().unwrap_or(&ours.message);
            println!("{title}\n    only we refuse: {detail}");
        }
        (Answer::Texts(theirs), None) => {
            let empty = BTreeMap::new();
            let again = match &case.second {
                Answer::Texts(again) => again,
                Answer::Refused(_) => &empty,
            };
            if compare_files(&title, theirs, again, &ours, tally) {
                tally.agreeing += 1;
            }
        }
    }
}

/// Whether Helm's message ends with our cause. The words of schema validators differ.
fn same_cause(theirs: &str, ours: &str, kind: ProblemKind) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    kind == ProblemKind::Schema && theirs.contains("schema")
        || plain(theirs).ends_with(&plain(ours))
}

fn ours(case: &Case, project: &Project) -> Result<Rendered, String> {
    let chart = project.chart.as_ref().map_err(Clone::clone)?;
    let values = Arc::new(Text::plain(case.values.to_string()));
    let options = ReleaseOptions {
        name: "example".to_owned(),
        namespace: "shop".to_owned(),
        now: case.now,
        values: vec![Layer::File(values)],
        ..ReleaseOptions::default()
    };
    Ok(render(chart, &options))
}

fn compare_files(
    title: &str,
    theirs: &BTreeMap<String, String>,
    again: &BTreeMap<String, String>,
    ours: &Rendered,
    tally: &mut Tally,
) -> bool {
    let mut own: BTreeMap<&str, &str> = BTreeMap::new();
    for template in &ours.templates {
        own.insert(&template.path, template.text.as_str());
    }
    let mut same = true;
    let mut say = |what: String| {
        if std::mem::replace(&mut same, false) {
            println!("{title}");
        }
        println!("    {what}");
    };
    for (path, text) in theirs.iter().filter(|(path, _)| !path.ends_with("NOTES.txt")) {
        let Some(own) = own.remove(path.as_str()) else {
            say(format!("{path}: only Helm renders it"));
            continue;
        };
        tally.files += 1;
        tally.bytes_equal += usize::from(own == text);
        let random = again.get(path).is_some_and(|again| again != text);
        tally.random += usize::from(random);
        let theirs = documents(text);
        let mask = again.get(path).map(|again| documents(again));
        let differences = compare::differences(&documents(own), &theirs, mask.as_ref());
        tally.files_equal += usize::from(differences.is_empty());
        for difference in differences.iter().take(5) {
            say(format!("{path}: {difference}"));
        }
    }
    for (path, text) in own {
        let is_crd = path.contains("/crds/");
        if !is_crd && !text.trim().is_empty() {
            say(format!("{path}: only we render it"));
        }
    }
    same
}

/// Each exact piece must be, byte by byte, what stands at its place.
fn check_pieces(rendered: &Rendered, project: &Project, title: &str, tally: &mut Tally) {
    for template in &rendered.templates {
        let text = template.text.as_str();
        tally.bytes += text.len();
        for piece in template.text.pieces() {
            tally.placed_bytes += piece.length;
            if !piece.exact {
                continue;
            }
            tally.pieces += 1;
            tally.exact_bytes += piece.length;
            let source = project.texts.get(piece.from.file.index());
            let source = source.and_then(|source| source.get(piece.from.range()));
            let own = &text[piece.at..piece.at + piece.length];
            if source != Some(own) {
                tally.wrong_pieces += 1;
                println!(
                    "{title}\n    wrong piece in {}: {own:?} is from {source:?}",
                    template.path
                );
            }
        }
    }
}

fn report(tally: &Tally, charts: usize) {
    let Tally { cases, agreeing, refused, files, files_equal, bytes_equal, .. } = tally;
    println!();
    println!("{charts} charts, {cases} cases: {agreeing} agree, {refused} of them refused by both");
    println!(
        "{files} files: {files_equal} equal as YAML, {bytes_equal} byte by byte, {} random by nature",
        tally.random
    );
    let share = |part: usize| 100 * part / tally.bytes.max(1);
    println!(
        "{} exact pieces, {} of them wrong; {} % of the bytes are exact, {} % have a place",
        tally.pieces,
        tally.wrong_pieces,
        share(tally.exact_bytes),
        share(tally.placed_bytes)
    );
    let each = tally.time.as_secs_f64() * 1000.0 / tally.cases.max(1) as f64;
    println!("{each:.1} ms for one rendering, at most {} steps", tally.most_steps);
}
