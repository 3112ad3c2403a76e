//! What the command asks of the engine in Node: `npm/src/cli.js` reads arguments and files, and this module
//! does what `plimsoll` does between them and the output.

use crate::{comparison_as, decision_as, file, report_as};
use plimsoll_core::config::Answers;
use plimsoll_core::output::{Style, escape};
use plimsoll_core::report::{FailOn, Report, Severity};
use plimsoll_core::syntax::{Problem, Tree, parse};
use plimsoll_core::text::{
    Base, Encoding, FileId, LineIndex, did_you_mean, folder_of, normalise_path,
};
use plimsoll_core::{Config, Options, Workspace, rules};
use std::sync::Arc;
use wasm_bindgen::prelude::*;

/// Returns the name of a file in the report.
#[wasm_bindgen(js_name = normalisePath)]
pub fn normalised(path: &str) -> String {
    normalise_path(path)
}

/// Makes text from outside safe for a terminal.
#[wasm_bindgen(js_name = escapeText)]
pub fn escaped(text: &str) -> String {
    escape(text)
}

/// Returns what is wrong with a selector of rules; `undefined` if it means one.
#[wasm_bindgen(js_name = unknownRule)]
pub fn unknown_rule(selector: &str) -> Option<String> {
    if rules::is_known(selector) {
        return None;
    }
    let meant = did_you_mean(&rules::nearest(selector));
    let advice = if meant.is_empty() { "; `plimsoll explain` lists all rules" } else { &meant };
    Some(format!("`{selector}` is not a known rule{advice}"))
}

/// Returns a mistake with its place.
fn said(path: &str, lines: &LineIndex, problem: &Problem) -> String {
    let place = lines.position(problem.span.start as usize, Encoding::Utf32);
    format!("{path}:{}:{}: {}", place.line + 1, place.column + 1, problem.message)
}

/// The settings of `--config`, where the project lies, and which rules are wanted.
#[wasm_bindgen]
pub struct Settings(Options);

#[wasm_bindgen]
impl Settings {
    /// Reads the file of `--config`, if there is one. `root` is the root of the repository, and `folder` the
    /// current folder.
    ///
    /// # Errors
    /// A string that names every setting that is not understood.
    #[wasm_bindgen(constructor)]
    pub fn new(
        root: &str,
        folder: &str,
        path: Option<String>,
        content: &JsValue,
    ) -> Result<Settings, JsValue> {
        let base = Base::new(root, folder);
        let settings = |config| Settings(Options { config, ..Options::default() });
        let Some(path) = path else { return Ok(settings(Config { base, ..Config::default() })) };
        let file = file(&path, content);
        let (tree, mut problems) = parse(FileId(0), &Arc::clone(&file.text), None);
        let (config, more) = Config::read(&tree, &rules::unknown);
        problems.extend(more);
        if problems.is_empty() {
            let config = config.below(folder_of(&file.path), &base);
            return Ok(settings(Config { base, ..config }));
        }
        let lines = LineIndex::new(&file.text);
        let said: Vec<String> = problems.iter().map(|it| said(&path, &lines, it)).collect();
        Err(JsValue::from_str(&said.join("\n")))
    }

    /// Answers a question of the decision.
    ///
    /// # Errors
    /// A string that says what is wrong with the answer.
    pub fn answer(&mut self, key: &str, value: &str) -> Result<(), JsValue> {
        let mut answers = Answers::default();
        answers.set(key, value).map_err(|wrong| JsValue::from_str(&wrong.message()))?;
        let config = &mut self.0.config;
        config.answers = std::mem::take(&mut config.answers).with(&answers);
        Ok(())
    }

    /// Chooses rules, all of which are known, and the lowest severity to report.
    pub fn choose(&mut self, select: Vec<String>, ignore: Vec<String>, least: Option<String>) {
        self.0.select = select;
        self.0.ignore = ignore;
        self.0.min_severity = least.as_deref().and_then(Severity::from_name);
    }

    /// Leaves the fixes in charts and overlays untried, for which a comparison has no use.
    #[wasm_bindgen(js_name = leaveFixesUntried)]
    pub fn leave_fixes_untried(&mut self) {
        self.0.leave_fixes_untried = true;
    }

    /// Returns which of `names` the configurations among the files exclude. `configs` are the paths of these
    /// configurations.
    pub fn excluded(
        &self,
        configs: Vec<String>,
        contents: Vec<JsValue>,
        names: Vec<String>,
    ) -> Vec<String> {
        let tree = |(path, content): (&String, &JsValue)| -> (String, Tree) {
            let file = file(path, content);
            (path.clone(), parse(FileId(0), &file.text, None).0)
        };
        let trees: Vec<(String, Tree)> = configs.iter().zip(&contents).map(tree).collect();
        let find = |path: &str| trees.iter().find(|it| it.0 == path).map(|it| &it.1);
        let named = trees.iter().map(|(path, tree)| (path.as_str(), tree));
        let config = Config::of_project(named, &find, &self.0.config, &rules::unknown);
        let is_kept = |name: &String| configs.contains(name) || !config.excludes(name);
        names.into_iter().filter(|name| !is_kept(name)).collect()
    }
}

/// The analysis of a project.
#[wasm_bindgen]
pub struct Run {
    workspace: Workspace,
    options: Options,
    report: Report,
}

#[wasm_bindgen]
impl Run {
    /// Analyses the files of a project, of which `excluded` were left out.
    ///
    /// # Errors
    /// A string that names every mistake in the configurations among the files.
    #[wasm_bindgen(constructor)]
    pub fn new(
        settings: &Settings,
        paths: Vec<String>,
        contents: Vec<JsValue>,
        excluded: usize,
    ) -> Result<Run, JsValue> {
        let workspace = crate::workspace(&paths, &contents);
        let options = settings.0.clone();
        let analysis = workspace.analysis(&options.config);
        let mistakes = analysis.config_mistakes();
        let said: Vec<String> =
            mistakes.iter().map(|(file, it)| said(file.path(), &file.lines, it)).collect();
        if !said.is_empty() {
            return Err(JsValue::from_str(&said.join("\n")));
        }
        let report = Report { excluded, ..analysis.report(&options) };
        Ok(Run { workspace, options, report })
    }

    /// Renders the findings as `plimsoll check` does.
    ///
    /// # Errors
    /// A string that names the formats, if this is not one of them.
    pub fn check(
        &self,
        format: &str,
        color: bool,
        width: usize,
        summary: bool,
    ) -> Result<String, JsValue> {
        report_as(&self.report, format, Style { color, width }, summary)
    }

    /// Renders the decision as `plimsoll decide` does.
    ///
    /// # Errors
    /// A string that names the formats, if this is not one of them.
    pub fn decide(
        &self,
        format: &str,
        color: bool,
        width: usize,
        details: bool,
    ) -> Result<String, JsValue> {
        decision_as(&self.report, format, Style { color, width }, details)
    }

    /// Renders the comparison as `plimsoll compare` does.
    ///
    /// # Errors
    /// A string that names the formats, if this is not one of them.
    pub fn compare(&self, format: &str, color: bool, width: usize) -> Result<String, JsValue> {
        let comparison = self.workspace.analysis(&self.options.config).comparison();
        comparison_as(&self.report, &comparison, format, Style { color, width })
    }

    /// Leaves only one system in the report.
    ///
    /// # Errors
    /// A string that names the systems, if this is not one of them.
    #[wasm_bindgen(js_name = keepSystem)]
    pub fn keep_system(&mut self, name: &str) -> Result<(), JsValue> {
        let systems = &mut self.report.systems;
        let known: Vec<String> = systems.iter().map(|it| format!("`{}`", it.name)).collect();
        systems.retain(|system| system.name == name);
        if !systems.is_empty() {
            return Ok(());
        }
        let known = known.join(", ");
        let message = format!("`{name}` is not a system in these files; there are {known}");
        Err(JsValue::from_str(&message))
    }

    /// Whether a finding is as severe as `fail_on`, or as the configuration says, or an error.
    #[wasm_bindgen]
    pub fn fails(&self, fail_on: Option<String>) -> bool {
        let asked = fail_on.as_deref().and_then(FailOn::from_name);
        let fail_on = asked.or(self.report.fail_on).unwrap_or(FailOn::Error);
        self.report.findings.iter().any(|finding| fail_on.fails(finding.severity))
    }
}
