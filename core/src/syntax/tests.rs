use super::*;
use crate::text::FileId;
use std::sync::Arc;

fn read(text: &str) -> (Tree, Vec<Problem>) {
    parse(FileId(0), &Arc::from(text), None)
}

fn at<'t>(text: &'t str, node: Node<'_>) -> &'t str {
    &text[node.span().range()]
}

#[test]
fn spans_cover_the_text_as_written() {
    let text = "a: \"q\"   # tail\nb: !t &x [1, {c: d}] \ne: |  # why\n  one\n  two\n\nf:\ng: &m\n  h: 1\n\ni: *x\n";
    let (tree, problems) = read(text);
    assert_eq!(problems, []);
    let root = tree.roots().next().unwrap();
    assert_eq!(at(text, root.get("a").unwrap()), "\"q\"");
    assert_eq!(root.get("a").unwrap().as_str(), Some("q"));
    let b = root.get("b").unwrap();
    assert_eq!(at(text, b), "[1, {c: d}]");
    assert_eq!(b.tag().map(|it| it.0), Some("!t"));
    assert_eq!(&text[b.full_span().range()], "!t &x [1, {c: d}]");
    assert_eq!(at(text, root.get("e").unwrap()), "|  # why\n  one\n  two");
    assert_eq!(root.get("e").unwrap().as_str(), Some("one\ntwo\n"));
    assert!(root.get("f").unwrap().is_null());
    assert!(root.get("f").unwrap().span().is_empty());
    assert_eq!(at(text, root.get("g").unwrap()), "h: 1");
    assert_eq!(root.get("i").unwrap().items().len(), 2);
}

#[test]
fn a_broken_document_does_not_hide_others() {
    let text = "a: 1\n---\nb: [1\n---\nc: 3\n";
    let (tree, problems) = read(text);
    assert_eq!(problems.len(), 1);
    assert_eq!(&text[problems[0].span.range()], "[1");
    let roots: Vec<_> = tree.roots().map(|it| at(text, it).to_owned()).collect();
    assert_eq!(roots, ["a: 1", "b: [1", "c: 3"]);
    assert!(tree.documents[1].is_repaired());
}

#[test]
fn merge_keys_and_aliases_are_followed_lazily() {
    let (tree, problems) =
        read("x: &x {a: 1, b: 2}\ny:\n  <<: [*x, {c: 3, a: 9}]\n  b: 4\nz: *nope\n");
    let y = tree.roots().next().unwrap().get("y").unwrap();
    for (key, value) in [("a", "1"), ("b", "4"), ("c", "3")] {
        assert_eq!(y.get(key).unwrap().as_str(), Some(value));
    }
    assert_eq!(problems.iter().map(|it| it.kind).collect::<Vec<_>>(), [ProblemKind::UnknownAnchor]);
}

#[test]
fn an_alias_inside_its_own_anchor_is_a_problem_and_not_a_loop() {
    let (tree, problems) = read("a: &a\n  b: *a\n");
    assert_eq!(problems.len(), 1);
    assert!(tree.roots().next().unwrap().at(&["a", "b", "b", "b"]).is_none());
}

#[test]
fn duplicate_keys_name_both_places() {
    let text = "a: 1\nb: {c: 1, c: 2}\na: 2\n";
    let (_, problems) = read(text);
    let places: Vec<_> =
        problems.iter().map(|it| (it.span.start, it.related.map(|it| it.start))).collect();
    assert_eq!(places, [(15, Some(9)), (21, Some(0))]);
    let (_, problems) = read("a: &a {b: 1}\nc:\n  <<: *a\n  <<: *a\n");
    assert!(problems[0].message.contains("<<: [*one, *two]"));
    let many: String = (0..100).map(|it| format!("k{it}: 1\n")).collect();
    assert_eq!(read(&format!("{many}k7: 2\nk99: 2\n")).1.len(), 2);
    assert_eq!(read(&many).1.len(), 0);
}
