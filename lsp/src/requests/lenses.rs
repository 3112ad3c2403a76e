//! `textDocument/codeLens`: the verdict on a system, counterparts and targets above their lines.

use super::View;
use plimsoll_core::Options;
use plimsoll_core::ide::lenses::{self, Lens, LensKind, LensKinds};
use serde_json::json;
use tower_lsp_server::ls_types::{CodeLens, Command, Location};

/// Maximum number of files of a project on which a decision is made for a lens. A decision takes as long as a
/// whole analysis, and a client asks for lenses after each edit.
const MOST_FILES: usize = 500;

/// Returns the lenses of a document.
pub fn lenses(view: &View, kinds: LensKinds) -> Vec<CodeLens> {
    let Some(file) = view.file else { return Vec::new() };
    let analysis = view.analysis();
    let is_small = view.report().files.len() <= MOST_FILES;
    let may_be_main = lenses::may_have_verdict(analysis, file);
    let options = Options { leave_fixes_untried: true, ..Options::default() };
    let decided = (kinds.verdict && is_small && may_be_main).then(|| analysis.report(&options));
    let found = lenses::lenses(analysis, decided.as_ref(), file, kinds);
    found.into_iter().map(|it| lens(view, it)).collect()
}

fn lens(view: &View, it: Lens) -> CodeLens {
    let place = it.to.and_then(|to| view.out().location(to));
    // These are commands of the editor's extension. An editor without them shows the words alone.
    let (command, arguments) = match it.kind {
        LensKind::Verdict => ("plimsoll.showDecision", None),
        LensKind::Target => ("plimsoll.renderTarget", it.name.map(|name| vec![json!(name)])),
        LensKind::Counterpart => {
            // The extension counts lines and columns as people do.
            let start = |it: Location| (it.range.start, it.uri);
            let place = place
                .map(start)
                .map(|(at, uri)| vec![json!(uri), json!(at.line + 1), json!(at.character + 1)]);
            ("plimsoll.openPlace", place)
        }
    };
    let command = Command { title: it.title, command: command.to_owned(), arguments };
    CodeLens { range: view.range(it.span), command: Some(command), data: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::view;

    #[test]
    fn a_verdict_and_a_counterpart_stand_above_their_lines() {
        let compose = "services:\n  web: {image: 'acme/web:1'}\n";
        let cluster = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'acme/web:1'}]}\n";
        let view = view(&[("compose.yaml", compose), ("k8s/web.yaml", cluster)]);
        let found = lenses(&view, LensKinds::default());
        let lines: Vec<u32> = found.iter().map(|it| it.range.start.line).collect();
        assert_eq!(lines, [0, 1]);
        let commands: Vec<&Command> = found.iter().filter_map(|it| it.command.as_ref()).collect();
        assert_eq!(commands[0].command, "plimsoll.showDecision");
        assert_eq!(commands[1].title, "Pod/web in k8s/web.yaml");
        let to = commands[1].arguments.clone().unwrap();
        assert_eq!(to, [json!("file:///w/k8s/web.yaml"), json!(3), json!(18)]);
        let off = LensKinds { verdict: false, counterparts: false, targets: false };
        assert!(lenses(&view, off).is_empty());
    }
}
