//! Plimsoll for JavaScript: strings and bytes in, plain objects out.
//!
//! Only the hand-written entry points in `npm/src` call these functions. They check the types of
//! arguments and start a fresh instance after a crash, so this crate does neither. Their API is the
//! only one that users see.

mod ide;

use plimsoll_core::edit::apply::apply_at;
use plimsoll_core::ide::Snapshot;
use plimsoll_core::output::wire_targets::rendered_targets;
use plimsoll_core::output::{self, Style, wire, wire_compare};
use plimsoll_core::report::{self, Edit, Fix, Report, Severity};
use plimsoll_core::syntax::parse;
use plimsoll_core::text::{Encoding, File, FileId, LineColumn, LineIndex, Span, normalise_path};
use plimsoll_core::{Config, rules as known};
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;
use std::sync::Arc;
use wasm_bindgen::prelude::*;

#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// What to look for, how to judge it, and how to count places in the answer.
#[wasm_bindgen]
pub struct Options {
    core: plimsoll_core::Options,
    positions: wire::Positions,
}

#[wasm_bindgen]
impl Options {
    /// Reads `config`, which is JSON with the keys of `plimsoll.yaml`. JSON is YAML, so one reader
    /// serves both.
    ///
    /// # Errors
    /// A string that names every setting that makes no sense.
    #[wasm_bindgen(constructor)]
    pub fn new(
        config: &str,
        select: Vec<String>,
        min_severity: Option<String>,
        utf16: bool,
    ) -> Result<Options, JsValue> {
        let (tree, _) = parse(FileId(0), &Arc::from(config), None);
        let (config, problems) = Config::read(&tree, &known::unknown);
        let mut problems: Vec<String> = problems.into_iter().map(|it| it.message).collect();
        problems.extend(select.iter().filter_map(|it| known::unknown(it)));
        let least = min_severity.as_deref().map(Severity::from_name);
        if least == Some(None) {
            problems.push("`minSeverity` must be `error`, `warning`, `info` or `hint`".to_owned());
        }
        if !problems.is_empty() {
            return Err(JsValue::from_str(&problems.join("; ")));
        }
        let core = plimsoll_core::Options {
            config,
            select,
            min_severity: least.flatten(),
            // As `plimsoll check` over the same files has it.
            gathers_siblings: true,
            ..plimsoll_core::Options::default()
        };
        Ok(Options { core, positions: positions(utf16) })
    }
}

fn positions(utf16: bool) -> wire::Positions {
    if utf16 { wire::Positions::Utf16 } else { wire::Positions::CodePoints }
}

/// Analyses files that belong together. `paths` and `contents` have the same length.
#[wasm_bindgen]
pub fn analyze(paths: Vec<String>, contents: Vec<JsValue>, options: &Options) -> JsValue {
    object(&plimsoll_core::analyze(&files(&paths, &contents), &options.core), options)
}

/// Analyses files that belong together and renders the report in a format of the command.
///
/// # Errors
/// A string that names the formats, if this is not one of them.
#[wasm_bindgen]
pub fn render(
    paths: Vec<String>,
    contents: Vec<JsValue>,
    options: &Options,
    format: &str,
) -> Result<String, JsValue> {
    let report = plimsoll_core::analyze(&files(&paths, &contents), &options.core);
    Ok(match format {
        "text" => output::text(&report, Style::default(), true, output::Length::Readable),
        "json" => wire::checked_json(&report, wire::Include::default()),
        "sarif" => output::sarif(&report),
        "github" => output::github(&report),
        "junit" => output::junit(&report),
        "markdown" => output::markdown(&report),
        _ => {
            return Err(JsValue::from_str(
                "format must be `text`, `json`, `sarif`, `github`, `junit` or `markdown`",
            ));
        }
    })
}

/// Analyses files that belong together and renders the decision in a format of `plimsoll decide`.
///
/// # Errors
/// A string that names the formats, if this is not one of them.
#[wasm_bindgen]
pub fn render_decision(
    paths: Vec<String>,
    contents: Vec<JsValue>,
    options: &Options,
    format: &str,
) -> Result<String, JsValue> {
    let report = plimsoll_core::analyze(&files(&paths, &contents), &options.core);
    match format {
        "text" => Ok(output::decision(&report, Style::default(), true)),
        "json" => Ok(wire::decision_json(&report)),
        "markdown" => Ok(output::decision_markdown(&report)),
        _ => Err(page_formats()),
    }
}

fn page_formats() -> JsValue {
    JsValue::from_str("format must be `text`, `json` or `markdown`")
}

/// Compares Compose services with what runs the same thing in the cluster.
#[wasm_bindgen]
pub fn compare(paths: Vec<String>, contents: Vec<JsValue>, options: &Options) -> JsValue {
    let (report, comparison) = compared(&paths, &contents, options);
    plain(&wire_compare::Comparison::new(&report, &comparison, options.positions))
}

/// Compares Compose services with their counterparts and renders the comparison.
///
/// # Errors
/// A string that names the formats, if this is not one of them.
#[wasm_bindgen]
pub fn render_comparison(
    paths: Vec<String>,
    contents: Vec<JsValue>,
    options: &Options,
    format: &str,
) -> Result<String, JsValue> {
    let (report, comparison) = compared(&paths, &contents, options);
    match format {
        "text" => Ok(output::comparison(&report, &comparison, Style::default())),
        "json" => Ok(output::comparison_json(&report, &comparison)),
        "markdown" => Ok(output::comparison_markdown(&report, &comparison)),
        _ => Err(page_formats()),
    }
}

fn compared(
    paths: &[String],
    contents: &[JsValue],
    options: &Options,
) -> (Report, report::Comparison) {
    let workspace = workspace(paths, contents);
    let analysis = workspace.analysis(&options.core.config);
    let comparison = analysis.comparison();
    // The report lends its files and what becomes of each key; nobody asks for fixes here.
    let core = plimsoll_core::Options { leave_fixes_untried: true, ..options.core.clone() };
    (analysis.report(&core), comparison)
}

/// Returns what charts, overlays and folders of manifests put onto the cluster.
#[wasm_bindgen(js_name = renderTargets)]
pub fn render_targets(paths: Vec<String>, contents: Vec<JsValue>, options: &Options) -> JsValue {
    let workspace = workspace(&paths, &contents);
    let analysis = workspace.analysis(&options.core.config);
    let file = |id| analysis.file(id);
    plain(&rendered_targets(analysis.targets(), analysis.plain_targets(), &file))
}

fn files(paths: &[String], contents: &[JsValue]) -> Vec<File> {
    paths.iter().zip(contents).map(|(path, content)| file(path, content)).collect()
}

fn workspace(paths: &[String], contents: &[JsValue]) -> plimsoll_core::Workspace {
    let mut files = files(paths, contents);
    // Stable, so that the later one of two files with the same path wins.
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut workspace = plimsoll_core::Workspace::default();
    for file in files {
        workspace.set_file(file);
    }
    workspace
}

/// A fix as a report has it.
#[derive(Deserialize)]
struct GivenFix {
    edits: Vec<GivenEdit>,
}

#[derive(Deserialize)]
struct GivenEdit {
    path: String,
    range: GivenRange,
    text: String,
}

#[derive(Deserialize)]
struct GivenRange {
    start: GivenPosition,
    end: GivenPosition,
}

/// Line and column say all: the offset is left unread.
#[derive(Deserialize)]
struct GivenPosition {
    line: u32,
    column: u32,
}

/// Texts with fixes applied, and whether each fix was.
#[derive(Serialize)]
struct Applied {
    texts: Vec<String>,
    applied: Vec<bool>,
}

/// Applies fixes of a report to its files. A fix that touches the changes of an earlier one is left out.
///
/// # Errors
/// A string that says what is wrong with the fixes.
#[wasm_bindgen(js_name = applyFixes)]
pub fn apply_fixes(
    paths: Vec<String>,
    contents: Vec<JsValue>,
    fixes: JsValue,
    utf16: bool,
) -> Result<JsValue, JsValue> {
    let fixes: Vec<GivenFix> = tsify::serde_wasm_bindgen::from_value(fixes)
        .map_err(|error| JsValue::from_str(&format!("fixes must be those of a report: {error}")))?;
    let files = files(&paths, &contents);
    let encoding = if utf16 { Encoding::Utf16 } else { Encoding::Utf32 };
    let lines: Vec<LineIndex> = files.iter().map(|file| LineIndex::new(&file.text)).collect();
    let read = |edit: &GivenEdit| -> Result<Edit, String> {
        let path = normalise_path(&edit.path);
        let at = files.iter().rposition(|file| *file.path == *path);
        let at =
            at.ok_or_else(|| format!("a fix changes `{path}`, which is not among the files"))?;
        let offset = |it: &GivenPosition| {
            let (line, column) = (it.line.saturating_sub(1), it.column.saturating_sub(1));
            lines[at].offset(LineColumn { line, column }, encoding)
        };
        let id = FileId(u32::try_from(at).unwrap_or(u32::MAX));
        let (start, end) = (offset(&edit.range.start), offset(&edit.range.end));
        Ok(Edit { span: Span::new(id, start, end.max(start)), text: edit.text.clone() })
    };
    let fix = |fix: &GivenFix| -> Result<Fix, String> {
        let mut edits: Vec<Edit> = fix.edits.iter().map(read).collect::<Result<_, String>>()?;
        edits.sort_by_key(|edit| edit.span);
        Ok(Fix::safe("", edits))
    };
    let fixes: Vec<Fix> = fixes
        .iter()
        .map(fix)
        .collect::<Result<_, String>>()
        .map_err(|it| JsValue::from_str(&it))?;
    let path = |edit: &Edit| files.get(edit.span.file.index()).map(|file| &*file.path);
    let (fixed, applied) = apply_at(&files, &fixes, &path);
    let texts = fixed.iter().map(|file| file.text.to_string()).collect();
    Ok(plain(&Applied { texts, applied }))
}

/// Creates a file of a string or a `Uint8Array`.
fn file(path: &str, content: &JsValue) -> File {
    match content.as_string() {
        Some(text) => File::new(path, text),
        None => File::from_bytes(path, &js_sys::Uint8Array::new(content).to_vec()),
    }
}

/// The files of a project, kept so that only changed files are read again.
#[wasm_bindgen]
#[derive(Default)]
pub struct Workspace {
    files: plimsoll_core::Workspace,
    latest: Option<Latest>,
}

/// What is known of the files as they are, kept for the questions of an editor.
struct Latest {
    options: plimsoll_core::Options,
    snapshot: Snapshot,
    report: OnceCell<Report>,
}

impl Latest {
    /// Returns what is known of the files, which are analysed unless that has been done with these options.
    fn of<'l>(
        latest: &'l mut Option<Latest>,
        files: &plimsoll_core::Workspace,
        options: &plimsoll_core::Options,
    ) -> &'l Latest {
        let kept = latest.take().filter(|it| it.options == *options);
        latest.insert(kept.unwrap_or_else(|| Latest {
            snapshot: Snapshot::new(files.analysis(&options.config)),
            options: options.clone(),
            report: OnceCell::new(),
        }))
    }

    fn report(&self) -> &Report {
        self.report.get_or_init(|| self.snapshot.analysis.report(&self.options))
    }
}

#[wasm_bindgen]
impl Workspace {
    #[wasm_bindgen(constructor)]
    pub fn new() -> Workspace {
        Workspace::default()
    }

    /// Adds a file or replaces its content, which is a string or a `Uint8Array`, and returns its
    /// normalised path.
    pub fn set(&mut self, path: &str, content: &JsValue) -> String {
        self.latest = None;
        self.files.set_file(file(path, content));
        normalise_path(path)
    }

    /// Removes a file, and returns its normalised path.
    pub fn remove(&mut self, path: &str) -> String {
        self.latest = None;
        self.files.remove(path);
        normalise_path(path)
    }

    pub fn report(&mut self, options: &Options) -> JsValue {
        let latest = Latest::of(&mut self.latest, &self.files, &options.core);
        object(latest.report(), options)
    }
}

fn object(report: &Report, options: &Options) -> JsValue {
    plain(&wire::Report::new(report, options.positions))
}

/// Returns every rule, sorted by code.
#[wasm_bindgen]
pub fn rules() -> JsValue {
    let rules: Vec<wire::Rule> = plimsoll_core::rules().into_iter().map(wire::Rule::from).collect();
    plain(&rules)
}

/// Returns a rule with its documentation, or `undefined` if no rule has this code or name.
#[wasm_bindgen]
pub fn explain(code_or_name: &str) -> JsValue {
    match known::find(code_or_name) {
        Some(rule) => plain(&wire::Explanation::from(rule)),
        None => JsValue::UNDEFINED,
    }
}

fn plain(value: &impl Serialize) -> JsValue {
    value
        .serialize(&tsify::serde_wasm_bindgen::Serializer::json_compatible())
        .expect("internal error: these types always serialise")
}
