//! `docs/rules/*.md` are the rules' own doc comments. `UPDATE_DOCS=1` rewrites them.

#![allow(clippy::unwrap_used)]

use plimsoll_core::{explain, rules};
use std::fs;
use std::path::Path;

#[test]
fn pages_equal_the_rules() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rules");
    let mut pages: Vec<(String, String)> = rules::all()
        .map(|rule| (format!("{}-{}.md", rule.code, rule.name), explain::markdown(rule)))
        .collect();
    let rows: String = rules::all()
        .map(|rule| {
            let summary = &explain::explain(rule).summary;
            format!(
                "| [{}]({}-{}.md) | {} | {} | {} | {summary} |\n",
                rule.code,
                rule.code,
                rule.name,
                rule.name,
                rule.on.name(),
                rule.severity.name()
            )
        })
        .collect();
    let index = format!(
        "# Rules\n\n| code | name | reads | severity | |\n| --- | --- | --- | --- | --- |\n{rows}"
    );
    pages.push(("README.md".to_owned(), index));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, page) in &pages {
            fs::write(folder.join(name), page).unwrap();
        }
    }
    for (name, page) in &pages {
        let path = folder.join(name);
        let written = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert!(&written == page, "{} is out of date: run `cargo xtask docs`", path.display());
    }
    let count = fs::read_dir(&folder).unwrap().count();
    assert_eq!(count, pages.len(), "docs/rules has pages of rules that do not exist");
}
