//! Plimsoll for JavaScript: strings and bytes in, plain objects out.
//!
//! Only the hand-written entry points in `npm/src` call these functions. They check the types of
//! arguments and start a fresh instance after a crash, so this crate does neither. Their API is the
//! only one that users see.

use plimsoll_core::output::wire;
use plimsoll_core::report::{self, Severity};
use plimsoll_core::syntax::parse;
use plimsoll_core::text::{File, FileId, normalise_path};
use plimsoll_core::{Config, rules as known};
use serde::Serialize;
use std::sync::Arc;
use wasm_bindgen::prelude::*;

#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// What to look for and how to judge it.
#[wasm_bindgen]
pub struct Options(plimsoll_core::Options);

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
        let options = plimsoll_core::Options {
            config,
            select,
            min_severity: least.flatten(),
            ..plimsoll_core::Options::default()
        };
        Ok(Options(options))
    }
}

/// Analyses files that belong together. `paths` and `contents` have the same length.
#[wasm_bindgen]
pub fn analyze(paths: Vec<String>, contents: Vec<JsValue>, options: &Options) -> JsValue {
    let files: Vec<File> =
        paths.iter().zip(&contents).map(|(path, content)| file(path, content)).collect();
    object(&plimsoll_core::analyze(&files, &options.0))
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
pub struct Workspace(plimsoll_core::Workspace);

#[wasm_bindgen]
impl Workspace {
    #[wasm_bindgen(constructor)]
    pub fn new() -> Workspace {
        Workspace::default()
    }

    /// Adds a file or replaces its content, which is a string or a `Uint8Array`, and returns its
    /// normalised path.
    pub fn set(&mut self, path: &str, content: &JsValue) -> String {
        self.0.set_file(file(path, content));
        normalise_path(path)
    }

    /// Removes a file, and returns its normalised path.
    pub fn remove(&mut self, path: &str) -> String {
        self.0.remove(path);
        normalise_path(path)
    }

    pub fn report(&self, options: &Options) -> JsValue {
        object(&self.0.report(&options.0))
    }
}

fn object(report: &report::Report) -> JsValue {
    plain(&wire::Report::from(report))
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
