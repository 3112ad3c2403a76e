use super::*;
use crate::syntax::{Node, parse};
use std::sync::Arc;

/// Returns the node at a path; a number is an index.
fn at<'t>(root: Node<'t>, path: &str) -> Node<'t> {
    path.split('/').filter(|it| !it.is_empty()).fold(root, |node, part| match part.parse() {
        Ok(index) => node.items().nth(index).unwrap(),
        Err(_) => node.get(part).unwrap(),
    })
}

fn apply(text: &str, edit: &Edit) -> String {
    let mut text = text.to_owned();
    text.replace_range(edit.span.range(), &edit.text);
    let (_, problems) = parse(FileId(0), &Arc::from(text.as_str()), None);
    assert!(problems.is_empty(), "{problems:?} in {text}");
    text
}

fn change(
    text: &str,
    path: &str,
    make: impl Fn(Editor<'_>, Place, Span) -> Option<Edit>,
) -> Option<String> {
    let shared: Arc<str> = text.into();
    let (tree, _) = parse(FileId(0), &shared, None);
    let root = tree.roots().next().unwrap();
    let node = at(root, path);
    let place = crate::model::read::Reader::new().place(node);
    // The entry of the last key, for removals.
    let (parent, key) = path.rsplit_once('/').unwrap_or(("", path));
    let entry = at(root, parent).entry(key).map_or(node.span(), |it| it.span());
    make(Editor::new(FileId(0), text, &tree), place, entry).map(|it| apply(text, &it))
}

fn insert(text: &str, path: &str, key: &str, value: Yaml) -> Option<String> {
    change(text, path, |editor, place, _| editor.insert_entry(&place, key, &value))
}

fn remove(text: &str, path: &str) -> Option<String> {
    change(text, path, |editor, _, entry| editor.remove_entry(entry))
}

fn probe() -> Yaml<'static> {
    Yaml::map([("httpGet", Yaml::map([("port", Yaml::int(80))])), ("x", Yaml::words(["a", "b"]))])
}

#[test]
fn a_block_mapping_grows_at_its_end() {
    let text = "c:\n  - name: web # main\n    image: x # pinned\n  # next\n  - name: b\n";
    let wanted = "c:\n  - name: web # main\n    image: x # pinned\n    p:\n      httpGet:\n        port: 80\n      x: [\"a\", \"b\"]\n  # next\n  - name: b\n";
    assert_eq!(insert(text, "c/0", "p", probe()).unwrap(), wanted);
}

#[test]
fn line_endings_and_a_missing_last_newline_are_kept() {
    assert_eq!(
        insert("a:\r\n  b: 1\r\nc: 2\r\n", "a", "d", Yaml::int(3)).unwrap(),
        "a:\r\n  b: 1\r\n  d: 3\r\nc: 2\r\n"
    );
    assert_eq!(
        insert("a:\n  b: 1", "a", "d", Yaml::str("yes")).unwrap(),
        "a:\n  b: 1\n  d: \"yes\""
    );
    assert_eq!(
        insert("a:\n  b: |\n    x\n\n\nc: 1\n", "a", "d", Yaml::int(3)).unwrap(),
        "a:\n  b: |\n    x\n  d: 3\n\n\nc: 1\n"
    );
}

#[test]
fn flow_mappings_grow_inside_their_braces() {
    assert_eq!(
        insert("a: {b: 1}\n", "a", "d", probe()).unwrap(),
        "a: {b: 1, d: { httpGet: { port: 80 }, x: [\"a\", \"b\"] }}\n"
    );
    assert_eq!(insert("a: { b: 1 }\n", "a", "d", Yaml::int(1)).unwrap(), "a: { b: 1, d: 1 }\n");
    assert_eq!(insert("a: {}\n", "a", "d", Yaml::int(1)).unwrap(), "a: { d: 1 }\n");
    assert_eq!(insert("a: {b: 1, # why\n  c: 2}\n", "a", "d", Yaml::int(1)), None);
}

#[test]
fn json_stays_json() {
    let text = "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n";
    let wanted = "{\n  \"a\": {\n    \"b\": 1,\n    \"d\": {\"x\": \"y\"}\n  }\n}\n";
    assert_eq!(insert(text, "a", "d", Yaml::map([("x", Yaml::str("y"))])).unwrap(), wanted);
}

#[test]
fn an_empty_value_gets_its_first_entry() {
    assert_eq!(
        insert("x:\n  a:  # later\n  b: 1\n", "x/a", "d", Yaml::int(1)).unwrap(),
        "x:\n  a:  # later\n    d: 1\n  b: 1\n"
    );
}

#[test]
fn shared_places_are_not_edited() {
    let text = "a: &x\n  b: 1\nc: *x\n";
    assert_eq!(insert(text, "c", "d", Yaml::int(1)), None);
    assert_eq!(insert(text, "a", "d", Yaml::int(1)).unwrap(), "a: &x\n  b: 1\n  d: 1\nc: *x\n");
}

#[test]
fn sequences_grow_at_their_end() {
    let item = Yaml::map([("name", Yaml::str("A")), ("value", Yaml::str("1"))]);
    let grow = |text: &str| change(text, "e", |editor, place, _| editor.insert_item(&place, &item));
    let new = "- name: A\n  value: \"1\"\n";
    assert_eq!(
        grow("e:\n- name: B\n  value: x\nf: 1\n").unwrap(),
        format!("e:\n- name: B\n  value: x\n{new}f: 1\n")
    );
    assert_eq!(
        grow("e:\n  - name: B\n").unwrap(),
        "e:\n  - name: B\n  - name: A\n    value: \"1\"\n"
    );
    assert_eq!(grow("e: [{name: B}]\n").unwrap(), "e: [{name: B}, { name: A, value: \"1\" }]\n");
    assert_eq!(grow("e: []\n").unwrap(), "e: [{ name: A, value: \"1\" }]\n");
}

#[test]
fn entries_are_removed_with_their_lines_but_never_with_a_comment() {
    assert_eq!(remove("a: 1\nb:\n  - 1\n  - 2\nc: 3\n", "b").unwrap(), "a: 1\nc: 3\n");
    assert_eq!(remove("a: 1\nb: 2 # why\nc: 3\n", "b").unwrap(), "a: 1\n# why\nc: 3\n");
    assert_eq!(remove("a: 1\nb:\n  # why\n  x: 1\n", "b"), None);
    assert_eq!(remove("a: 1\r\nb: 2", "b").unwrap(), "a: 1");
    assert_eq!(remove("a: 1\n# about b\nb:\nc: 3\n", "b").unwrap(), "a: 1\n# about b\nc: 3\n");
    assert_eq!(remove("x:\n  - a: 1\n    b: 2\n", "x/0/a").unwrap(), "x:\n  - b: 2\n");
    assert_eq!(remove("x:\n  - a: 1\n  - b: 2\n", "x/0/a"), None);
}

#[test]
fn a_new_entry_follows_those_that_are_commented_out() {
    let add = |text: &str| insert(text, "s/web", "d", Yaml::int(1)).unwrap();
    for (before, after) in [
        ("    # b: 2\n", "    # b: 2\n    d: 1\n"),
        ("      # deeper\n    # b: 2\n", "      # deeper\n    # b: 2\n    d: 1\n"),
        ("\n    # b:\n    #   c: 2\n\n", "\n    # b:\n    #   c: 2\n    d: 1\n\n"),
        ("#    b: 2\n", "#    b: 2\n    d: 1\n"),
        ("    # b: 2", "    # b: 2\n    d: 1"),
    ] {
        let text = format!("s:\n  web:\n    a: 1\n{before}");
        assert_eq!(add(&text), format!("s:\n  web:\n    a: 1\n{after}"), "{before}");
    }
    for after in ["  # db:\n  #   a: 1\n", "# end\n", "\n  db: 1\n", "\n"] {
        let text = format!("s:\n  web:\n    a: 1\n{after}");
        assert_eq!(add(&text), format!("s:\n  web:\n    a: 1\n    d: 1\n{after}"));
    }
    assert_eq!(add("s:\n  web:\n    # a: 1\n"), "s:\n  web:\n    # a: 1\n    d: 1\n");
    assert_eq!(
        add("s:\r\n  web:\r\n    a: 1\r\n    # b: 2\r\n"),
        "s:\r\n  web:\r\n    a: 1\r\n    # b: 2\r\n    d: 1\r\n"
    );
}

#[test]
fn flow_entries_are_removed_with_their_comma() {
    assert_eq!(remove("x: {a: 1, b: 2}\n", "x/a").unwrap(), "x: {b: 2}\n");
    assert_eq!(remove("x: {a: 1, b: 2}\n", "x/b").unwrap(), "x: {a: 1}\n");
    assert_eq!(remove("x: { a: 1 }\n", "x/a").unwrap(), "x: {}\n");
}

#[test]
fn replacing_keeps_quotes_and_fills_empty_values() {
    let put = |text: &str, path: &str, value: &str| {
        change(text, path, |editor, place, _| Some(editor.replace_scalar(place.span, value)))
            .unwrap()
    };
    assert_eq!(put("a: 'x' # c\n", "a", "it's"), "a: 'it''s' # c\n");
    assert_eq!(put("a: yes\n", "a", "yes"), "a: \"yes\"\n");
    assert_eq!(put("a: # c\nb: 1\n", "a", "x"), "a: x # c\nb: 1\n");
}
