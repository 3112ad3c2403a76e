//! `textDocument/codeAction`: the fixes of what is found on a line, the same fixes all at once, and comments that
//! accept a finding.

use super::difference::differences;
use super::{View, ignore, show};
use plimsoll_core::autofix::{Wanted, fix_all};
use plimsoll_core::report::{Finding, Fix, Safety};
use plimsoll_core::{Options, Workspace};
use serde_json::{Value, json};
use std::collections::HashSet;
use tower_lsp_server::ls_types::{
    CodeAction, CodeActionContext, CodeActionKind, CodeActionOrCommand, CodeActionParams, Command,
    Diagnostic, NumberOrString, Range, Uri,
};

/// The kind of the action that applies every safe fix in a file.
pub const FIX_ALL: &str = "source.fixAll.plimsoll";
/// The command that explains a rule. Its argument is the code.
pub const EXPLAIN: &str = "plimsoll.explain";

/// What an action edits when somebody chooses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deferred {
    pub uri: Uri,
    /// The rule whose fixes are meant; `None` for all rules.
    pub code: Option<String>,
}

impl Deferred {
    fn data(&self) -> Value {
        json!({ "uri": self.uri, "code": self.code })
    }

    /// Reads what an action carries.
    pub fn read(data: &Value) -> Option<Deferred> {
        let uri = serde_json::from_value(data.get("uri")?.clone()).ok()?;
        let code = data.get("code").and_then(Value::as_str).map(str::to_owned);
        Some(Deferred { uri, code })
    }
}

/// Returns the actions for a range.
pub fn actions(view: &View, params: &CodeActionParams) -> Vec<CodeActionOrCommand> {
    let context = &params.context;
    let mut actions: Vec<CodeAction> = Vec::new();
    if wants(context, CodeActionKind::QUICKFIX.as_str()) {
        let findings = findings(view, params);
        actions.extend(fixes(view, &findings));
        actions.extend(fixes_of_rules(view, params, &findings));
        actions.extend(ignores(view, &findings));
        actions
            .extend(findings_by_code(&findings).into_iter().filter_map(|it| explanation(view, it)));
    }
    // Only on demand: a client asks for every action on each move of the cursor.
    let is_fixable = |it: &Finding| Some(it.span.file) == view.file && has_safe_fix(it);
    let is_asked = context.only.is_some() && wants(context, FIX_ALL);
    if is_asked && view.report().findings.iter().any(is_fixable) {
        let all = Deferred { uri: params.text_document.uri.clone(), code: None };
        let fixable = view.report().findings.iter().filter(|it| is_fixable(it));
        let others = elsewhere(view, fixable);
        let title = format!("Fix everything in this file that can be fixed safely{others}");
        actions.extend(deferred(view, title, CodeActionKind::new(FIX_ALL), &all));
    }
    with_unique_titles(actions).into_iter().map(CodeActionOrCommand::CodeAction).collect()
}

/// Whether actions of a kind are wanted. A kind that is asked for includes those below it.
fn wants(context: &CodeActionContext, kind: &str) -> bool {
    let includes = |only: &CodeActionKind| {
        let only = only.as_str();
        only.is_empty()
            || kind.strip_prefix(only).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    context.only.as_ref().is_none_or(|it| it.iter().any(includes))
}

/// Returns the findings on the lines of the range, and those whose diagnostics the client names.
fn findings<'v>(view: &'v View, params: &CodeActionParams) -> Vec<&'v Finding> {
    let out = view.out();
    let lines = |range: Range| range.start.line..=range.end.line;
    let is_meant = |range: Range, finding: &Finding| {
        let names = |it: &Diagnostic| {
            it.range == range && it.code == Some(NumberOrString::String(finding.code.to_owned()))
        };
        let (asked, own) = (lines(params.range), lines(range));
        asked.start() <= own.end() && own.start() <= asked.end()
            || params.context.diagnostics.iter().any(names)
    };
    let findings = view.report().findings.iter().filter(|it| Some(it.span.file) == view.file);
    let mut findings: Vec<&Finding> =
        findings.filter(|it| is_meant(out.range(it.span), it)).collect();
    // What the cursor is on comes before what else is on the line.
    findings.sort_by_key(|it| {
        let own = out.range(it.span);
        !(own.start <= params.range.end && params.range.start <= own.end)
    });
    findings
}

/// Returns the fixes of findings. The first safe one of each finding is preferred.
fn fixes(view: &View, findings: &[&Finding]) -> Vec<CodeAction> {
    let mut actions = Vec::new();
    for finding in findings {
        let fixes = view.analysis().tried_fixes(finding);
        let preferred = fixes.iter().position(|it| it.safety == Safety::Safe);
        let diagnostic = view.out().diagnostic(finding);
        for (at, fix) in fixes.iter().enumerate() {
            actions.push(CodeAction {
                title: fix.title.clone(),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![diagnostic.clone()]),
                edit: Some(view.out().workspace_edit(fix, view.features.versioned_edits)),
                is_preferred: (preferred == Some(at)).then_some(true),
                ..CodeAction::default()
            });
        }
    }
    actions
}

/// Whether a fix may be applied unread, as far as is known before the fix is tried.
fn has_safe_fix(finding: &Finding) -> bool {
    finding.fixes.iter().chain(&finding.untried).any(|it| it.safety == Safety::Safe)
}

/// Returns what the title of an action says where the safe fixes of findings change other files too.
fn elsewhere<'f>(view: &View, findings: impl Iterator<Item = &'f Finding>) -> &'static str {
    let fixes = findings.flat_map(|it| it.fixes.iter().chain(&it.untried));
    let mut edits = fixes.filter(|it| it.safety == Safety::Safe).flat_map(|it| &it.edits);
    match edits.any(|it| Some(it.span.file) != view.file) {
        true => " (also edits other files)",
        false => "",
    }
}

/// Returns the first finding of each code.
fn findings_by_code<'v>(findings: &[&'v Finding]) -> Vec<&'v Finding> {
    let mut seen = HashSet::new();
    findings.iter().copied().filter(|it| seen.insert(it.code)).collect()
}

/// Returns an action for each rule that has several safe fixes in the file.
fn fixes_of_rules(
    view: &View,
    params: &CodeActionParams,
    findings: &[&Finding],
) -> Vec<CodeAction> {
    let mut actions = Vec::new();
    for finding in findings_by_code(findings) {
        let is_fixable = |it: &&Finding| it.code == finding.code && has_safe_fix(it);
        let fixable = view.report().findings.iter().filter(is_fixable);
        let places = fixable
            .flat_map(|it| [it.span].into_iter().chain(it.others.iter().map(|other| other.span)));
        if places.filter(|it| Some(it.file) == view.file).count() < 2 {
            continue;
        }
        let uri = params.text_document.uri.clone();
        let all = Deferred { uri, code: Some(finding.code.to_owned()) };
        let own = view.report().findings.iter().filter(is_fixable);
        let others = elsewhere(view, own.filter(|it| Some(it.span.file) == view.file));
        let (code, name) = (finding.code, finding.name);
        let title = format!("Fix all of {code} ({name}) in this file{others}");
        actions.extend(deferred(view, title, CodeActionKind::QUICKFIX, &all));
    }
    actions
}

/// Returns an action whose edit is made when somebody chooses it, or now where the client does not ask for edits
/// later.
fn deferred(
    view: &View,
    title: String,
    kind: CodeActionKind,
    all: &Deferred,
) -> Option<CodeAction> {
    let mut action =
        CodeAction { title, kind: Some(kind), data: Some(all.data()), ..CodeAction::default() };
    if !view.features.resolves_edits {
        action = resolved(view, action, all);
        action.edit.as_ref()?;
    }
    Some(action)
}

/// Adds the edit that applies every safe fix in a file, of one rule or of all. Fixes that would do damage are left
/// out, as the command does.
pub fn resolved(view: &View, action: CodeAction, all: &Deferred) -> CodeAction {
    let mut workspace = Workspace::default();
    let own = &view.part.application.files;
    let models = view.snapshot.applications.files();
    let files: Vec<_> = own.iter().map(|file| models[file.index()].file.clone()).collect();
    files.iter().for_each(|file| workspace.set_file(file.clone()));
    // The configuration may lie in the folder of another application.
    let config = view.analysis().config().clone();
    let options =
        Options { config, leave_fixes_untried: false, ..(*view.snapshot.options).clone() };
    let report = workspace.report(&options);
    let name = view.file.map(|file| &*view.report().entry(file).file.path);
    let is_here = |path: &str| Some(path) == name;
    let own_file = report.files.iter().position(|it| is_here(&it.file.path));
    let wanted = Wanted {
        options: &options,
        unsafe_too: false,
        finding: &|finding| {
            Some(finding.span.file.index()) == own_file
                && all.code.as_ref().is_none_or(|code| finding.code == code)
        },
        may_change: &|_| true,
    };
    let fixed = fix_all(files.clone(), &mut workspace, report, &wanted);
    let pairs = own.iter().zip(files.iter().zip(&fixed.files));
    let edits = pairs.flat_map(|(file, (old, new))| differences(*file, &old.text, &new.text));
    let fix = Fix::safe(action.title.clone(), edits.collect::<Vec<_>>());
    if fix.edits.is_empty() {
        return action;
    }
    let edit = view.out().workspace_edit(&fix, view.features.versioned_edits);
    CodeAction { edit: Some(edit), data: None, ..action }
}

/// Returns actions that accept findings, here or in the whole file.
fn ignores(view: &View, findings: &[&Finding]) -> Vec<CodeAction> {
    let mut actions = Vec::new();
    for finding in findings_by_code(findings) {
        let code = finding.code;
        let choices = [
            (format!("Ignore {code} here"), ignore::here(view, finding)),
            (format!("Ignore {code} in this file"), ignore::in_file(view, finding)),
        ];
        for (title, edit) in choices {
            let Some(edit) = edit else { continue };
            let fix = Fix::safe(title, [edit]);
            actions.push(CodeAction {
                title: fix.title.clone(),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![view.out().diagnostic(finding)]),
                edit: Some(view.out().workspace_edit(&fix, view.features.versioned_edits)),
                ..CodeAction::default()
            });
        }
    }
    actions
}

/// Returns an action that explains a rule: by the client's own command, or else on the rule's page.
fn explanation(view: &View, finding: &Finding) -> Option<CodeAction> {
    let title = format!("Explain {} ({})", finding.code, finding.name);
    let command = if view.features.commands.explain {
        let arguments = Some(vec![json!(finding.code)]);
        Command { title: title.clone(), command: EXPLAIN.to_owned(), arguments }
    } else {
        let page = view.out().diagnostic(finding).code_description?.href;
        show::page(view, &title, &page)?
    };
    let kind = Some(CodeActionKind::QUICKFIX);
    Some(CodeAction { title, kind, command: Some(command), ..CodeAction::default() })
}

/// Tells actions of one title apart by the line of their finding, and then by number.
fn with_unique_titles(mut actions: Vec<CodeAction>) -> Vec<CodeAction> {
    let mut seen: HashSet<String> = HashSet::new();
    let is_repeated = |actions: &[CodeAction], title: &str| {
        actions.iter().filter(|it| it.title == title).count() > 1
    };
    for at in 0..actions.len() {
        let title = actions[at].title.clone();
        let mut unique = title.clone();
        if is_repeated(&actions, &title)
            && let Some([diagnostic]) = actions[at].diagnostics.as_deref()
        {
            unique = format!("{title} (line {})", diagnostic.range.start.line + 1);
        }
        let mut number = 2;
        while seen.contains(&unique) {
            unique = format!("{title} ({number})");
            number += 1;
        }
        seen.insert(unique.clone());
        actions[at].title = unique;
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::{apply, position_of, view};
    use tower_lsp_server::ls_types::TextDocumentIdentifier;

    const APP: &str = "services:
  db:
    image: postgres:16
    healthcheck: {test: pg_isready}
  cache:
    image: redis:7
    healthcheck: {test: redis-cli ping}
  app:
    image: shop:1
    depends_on: [db]
  worker:
    image: shop:1
    depends_on: [cache]
";

    fn params(view: &View, needle: &str, only: Option<&str>) -> CodeActionParams {
        let at = position_of(view, needle);
        let at = tower_lsp_server::ls_types::Position { character: 0, ..at };
        let uri = view.addresses.uri("compose.yaml").unwrap();
        CodeActionParams {
            text_document: TextDocumentIdentifier { uri },
            range: Range { start: at, end: at },
            context: CodeActionContext {
                only: only.map(|it| vec![CodeActionKind::from(it.to_owned())]),
                ..CodeActionContext::default()
            },
            work_done_progress_params: Default::default(),
            partial_result_params: Default::default(),
        }
    }

    fn offered(view: &View, needle: &str, only: Option<&str>) -> Vec<CodeAction> {
        let actions = actions(view, &params(view, needle, only)).into_iter();
        let action = |it| match it {
            CodeActionOrCommand::CodeAction(action) => action,
            CodeActionOrCommand::Command(command) => panic!("{command:?}"),
        };
        actions.map(action).collect()
    }

    #[test]
    fn every_fix_is_offered_anywhere_on_the_line_under_its_own_title() {
        let mut view = view(&[("compose.yaml", APP)]);
        view.features.commands.explain = true;
        let actions = offered(&view, "    depends_on: [db]\n  worker", None);
        let titles: HashSet<&str> = actions.iter().map(|it| it.title.as_str()).collect();
        assert_eq!(titles.len(), actions.len(), "{titles:?}");
        let of = |code: &str| {
            let code = Some(NumberOrString::String(code.to_owned()));
            let is_its =
                |it: &&CodeAction| it.diagnostics.iter().flatten().any(|it| it.code == code);
            actions.iter().filter(is_its).collect::<Vec<_>>()
        };
        let waits = of("PLM101");
        assert_eq!(waits.iter().filter(|it| it.is_preferred == Some(true)).count(), 1, "{waits:?}");
        assert!(titles.iter().any(|it| it.starts_with("Explain PLM101")), "{titles:?}");
        assert!(titles.iter().any(|it| it.starts_with("Fix all of PLM101")), "{titles:?}");
        assert!(titles.contains("Ignore PLM101 here"), "{titles:?}");
    }

    #[test]
    fn a_client_without_commands_is_sent_to_the_page_of_a_rule() {
        let mut view = view(&[("compose.yaml", APP)]);
        let explanations = |view: &View| {
            let actions = offered(view, "    depends_on: [db]\n  worker", None).into_iter();
            let commands = actions.filter_map(|it| it.command);
            commands.map(|it| (it.command, it.arguments.unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(explanations(&view), []);
        view.features.shows_documents = true;
        let all = explanations(&view);
        assert!(!all.is_empty() && all.iter().all(|it| it.0 == show::SHOW), "{all:?}");
        assert!(all.iter().any(|it| it.1[0]["uri"].as_str().unwrap().contains("PLM101")));
    }

    #[test]
    fn a_diagnostic_that_the_client_names_is_fixed_from_afar() {
        let view = view(&[("compose.yaml", APP)]);
        let near = offered(&view, "    depends_on: [db]\n  worker", None);
        let mut far = params(&view, "services:", None);
        far.context.diagnostics = near.iter().find_map(|it| it.diagnostics.clone()).unwrap();
        let wanted = &near[0].title;
        let has = |it: &CodeActionOrCommand| matches!(it, CodeActionOrCommand::CodeAction(it) if it.title == *wanted);
        assert!(actions(&view, &far).iter().any(has));
    }

    #[test]
    fn all_fixes_of_a_rule_or_of_a_file_are_one_edit() {
        let view = view(&[("compose.yaml", APP)]);
        let actions = offered(&view, "services:", Some("source.fixAll"));
        let [all] = actions.as_slice() else { panic!("{actions:?}") };
        assert_eq!(all.kind, Some(CodeActionKind::new(FIX_ALL)));
        let fixed = apply(&view, all.edit.as_ref().unwrap());
        assert_eq!(fixed.matches("condition: service_healthy").count(), 2, "{fixed}");
        let rule = Deferred {
            uri: view.addresses.uri("compose.yaml").unwrap(),
            code: Some("PLM101".into()),
        };
        assert_eq!(Deferred::read(&rule.data()), Some(rule.clone()));
        let fixed =
            apply(&view, resolved(&view, CodeAction::default(), &rule).edit.as_ref().unwrap());
        assert_eq!(fixed.matches("condition: service_healthy").count(), 2, "{fixed}");
        assert!(offered(&view, "services:", Some("refactor")).is_empty());
    }
}
