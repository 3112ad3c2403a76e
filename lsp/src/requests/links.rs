//! `textDocument/documentLink`: the files that a document names, where they exist.

use super::View;
use plimsoll_core::ide::links::{self, Link};
use tower_lsp_server::ls_types::{DocumentLink, Uri};

/// Returns the links of a document to files of the project and to other files on disk.
pub fn links(view: &View) -> Vec<DocumentLink> {
    let Some(file) = view.file else { return Vec::new() };
    let found = links::links(view.analysis(), file).into_iter();
    let link = found.filter_map(|it| {
        let target = target(view, &it)?;
        let range = view.range(it.span);
        Some(DocumentLink { range, target: Some(target), tooltip: Some(it.path), data: None })
    });
    link.collect()
}

/// Returns the address of a file that a link leads to; `None` for one that is not there.
fn target(view: &View, link: &Link) -> Option<Uri> {
    if let Some(file) = link.file {
        return view.out().uri(file);
    }
    let root = &view.addresses.root;
    (root.is_absolute() && root.join(&link.path).is_file())
        .then(|| view.addresses.uri(&link.path))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::view;

    #[test]
    fn files_that_are_there_are_linked_and_others_are_not() {
        let text = "services:\n  web: {image: x, env_file: [web.env, missing.env]}\n";
        let view = view(&[("compose.yaml", text), ("web.env", "A=1\n")]);
        let found = links(&view);
        let [link] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(link.target.as_ref().map(|it| it.as_str()), Some("file:///w/web.env"));
        assert_eq!((link.range.start.line, link.range.start.character), (1, 29));
        assert_eq!(link.range.end.character, 36);
    }
}
