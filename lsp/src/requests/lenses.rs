//! `textDocument/codeLens`: the verdict on a system, counterparts and targets above their lines.

use super::{View, show};
use plimsoll_core::Options;
use plimsoll_core::ide::lenses::{self, Lens, LensKind, LensKinds};
use serde_json::json;
use tower_lsp_server::ls_types::{CodeLens, Command, Location};

/// Maximum number of files of a project on which a decision is made for a lens. A decision takes as long as a
/// whole analysis, and a client asks for lenses after each edit.
const MOST_FILES: usize = 500;

/// The commands of an editor's extension that a lens runs.
pub const SHOW_DECISION: &str = "plimsoll.showDecision";
pub const RENDER_TARGET: &str = "plimsoll.renderTarget";
pub const OPEN_PLACE: &str = "plimsoll.openPlace";

/// Returns the lenses of a document.
pub fn lenses(view: &View, kinds: LensKinds) -> Vec<CodeLens> {
    let Some(file) = view.file else { return Vec::new() };
    let analysis = view.analysis();
    let is_small = view.report().files.len() <= MOST_FILES;
    let may_be_main = lenses::may_have_verdict(analysis, file);
    let options = Options { leave_fixes_untried: true, ..Options::default() };
    let decided = (kinds.verdict && is_small && may_be_main).then(|| analysis.report(&options));
    let found = lenses::lenses(analysis, decided.as_ref(), file, kinds);
    found.into_iter().filter_map(|it| lens(view, it)).collect()
}

/// Returns a lens with its command; `None` where the client can do nothing with it.
fn lens(view: &View, it: Lens) -> Option<CodeLens> {
    let commands = view.features.commands;
    let place = it.to.and_then(|to| view.out().location(to));
    let (command, arguments) = match it.kind {
        LensKind::Verdict if commands.decision => (SHOW_DECISION, None),
        LensKind::Target if commands.render => {
            (RENDER_TARGET, it.name.map(|name| vec![json!(name)]))
        }
        LensKind::Counterpart if commands.place => {
            // The extension counts lines and columns as people do.
            let Location { range, uri } = place?;
            let (line, column) = (range.start.line + 1, range.start.character + 1);
            (OPEN_PLACE, Some(vec![json!(uri), json!(line), json!(column)]))
        }
        LensKind::Counterpart => {
            let command = Some(show::place(view, &it.title, it.to?)?);
            return Some(CodeLens { range: view.range(it.span), command, data: None });
        }
        LensKind::Verdict | LensKind::Target => return None,
    };
    let command = Command { title: it.title, command: command.to_owned(), arguments };
    Some(CodeLens { range: view.range(it.span), command: Some(command), data: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capabilities::{Commands, Features};
    use crate::requests::testing::view;

    #[test]
    fn a_verdict_and_a_counterpart_stand_above_their_lines() {
        let compose = "services:\n  web: {image: 'acme/web:1'}\n";
        let cluster = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'acme/web:1'}]}\n";
        let mut view = view(&[("compose.yaml", compose), ("k8s/web.yaml", cluster)]);
        view.features.commands = Commands::read(&json!([SHOW_DECISION, OPEN_PLACE]));
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

        // A client without commands of its own can only be sent to a place.
        view.features = Features { shows_documents: true, ..Features::default() };
        let found = lenses(&view, LensKinds::default());
        let [counterpart] = found.as_slice() else { panic!("{found:?}") };
        let command = counterpart.command.as_ref().unwrap();
        assert_eq!(command.command, show::SHOW);
        let wanted = show::wanted(command.arguments.clone().map(|it| it[0].clone())).unwrap();
        assert_eq!(wanted.selection.unwrap().start.line, 2);
        view.features = Features::default();
        assert!(lenses(&view, LensKinds::default()).is_empty());
    }
}
