//! Hostile texts: deep, large, malformed, written by accident or on purpose.

#![allow(clippy::unwrap_used)]

mod common;

use common::{TEXTS, check, read};
use plimsoll_core::syntax::ProblemKind;
use plimsoll_core::{File, Options, analyze};

/// Returns the top-level keys and values of a text.
fn pairs(text: &str) -> Vec<(String, String)> {
    let (tree, problems) = read(text);
    check(text, &tree, &problems);
    tree.roots()
        .flat_map(|it| it.entries().collect::<Vec<_>>())
        .map(|it| {
            let text = |node: plimsoll_core::syntax::Node<'_>| {
                node.as_str().unwrap_or_default().to_owned()
            };
            (text(it.key), text(it.value))
        })
        .collect()
}

fn kinds(text: &str) -> Vec<ProblemKind> {
    let (tree, problems) = read(text);
    check(text, &tree, &problems);
    problems.iter().map(|it| it.kind).collect()
}

#[test]
fn the_example_texts_parse() {
    for text in TEXTS {
        let (tree, problems) = read(text);
        check(text, &tree, &problems);
        assert_eq!(problems, []);
    }
}

#[test]
fn line_breaks_and_byte_order_marks_do_not_change_the_meaning() {
    let wanted = pairs("a: 1\nb: two words\n---\nc: 3\n");
    for text in [
        "a: 1\r\nb: two words\r\n---\r\nc: 3\r\n",
        "a: 1\rb: two words\r---\rc: 3\r",
        "\u{FEFF}a: 1\nb: two words\n---\nc: 3\n",
        "\u{FEFF}a: 1\r\nb: two words\r\n---\r\n\u{FEFF}c: 3",
        "a: 1\n\u{FEFF}b: two words\n---\n\u{FEFF}c: 3\n",
        "a: 1\nb: two words\n...\n\u{FEFF}---\nc: 3\n",
        "a:\t1\nb:\ttwo words\n---\nc: 3\n",
    ] {
        assert_eq!(pairs(text), wanted, "{text:?}");
        assert_eq!(kinds(text), [], "{text:?}");
    }
}

#[test]
fn line_breaks_of_any_kind_do_not_hide_other_documents() {
    for text in ["a: [1\r\n---\r\nb: 2\r\n", "a: [1\r---\rb: 2\r", "a: [1\n...\n---\nb: 2\n"] {
        assert_eq!(kinds(text), [ProblemKind::Syntax]);
        assert!(pairs(text[3..].trim_start_matches("[1")).contains(&("b".into(), "2".into())));
        let (tree, _) = read(text);
        assert_eq!(tree.roots().last().unwrap().get("b").unwrap().as_str(), Some("2"), "{text:?}");
    }
}

#[test]
fn a_control_character_is_one_problem() {
    for letter in ['\0', '\u{1}', '\u{7}', '\u{1b}', '\u{7f}', '\u{fffe}'] {
        for text in [
            format!("a: 1\nb: x{letter}y\nc: 3\n"),
            format!("a: 1\n{letter}\nc: 3\n"),
            format!("a: 1\nb: \"{letter}\"\nc: 3\n"),
            format!("a: 1\n# {letter}\nc: 3\n"),
            format!("a: 1\nb: |\n  {letter}\nc: 3\n"),
        ] {
            assert!(kinds(&text).len() <= 1, "{text:?}: {:?}", read(&text).1);
            let (tree, problems) = read(&text);
            let root = tree.roots().next().unwrap_or_else(|| panic!("{text:?} {problems:?}"));
            assert_eq!(root.get("c").and_then(|it| it.as_str()), Some("3"), "{text:?}");
        }
    }
}

#[test]
fn a_tab_in_the_indentation_is_one_problem() {
    let text = "a:\n  b: 1\n\tc: 2\nd: 3\n";
    assert_eq!(kinds(text), [ProblemKind::Syntax]);
    assert!(read(text).0.roots().next().unwrap().get("d").is_some());
}

#[test]
fn a_template_is_one_problem() {
    let text = "a: 1\n{{- if .Values.x }}\nb: {{ .Values.b | quote }}\n{{- end }}\nc: {{ include \"x\" . }}\n";
    assert_eq!(kinds(text), [ProblemKind::Syntax]);
    assert!((5..8).contains(&read(text).1[0].span.start));
}

#[test]
fn deep_texts_reach_a_limit_and_do_not_hide_other_documents() {
    let blocks: String = (0..10_000).map(|it| " ".repeat(it) + "a:\n").collect();
    for deep in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
        "[".repeat(10_000) + &"]".repeat(10_000),
        blocks,
    ] {
        assert_eq!(kinds(&deep), [ProblemKind::Limit]);
        let text = format!("{deep}\n---\nb: 2\n");
        assert_eq!(read(&text).0.roots().last().unwrap().get("b").unwrap().as_str(), Some("2"));
    }
}

#[test]
fn a_tree_with_an_alias_bomb_is_smaller_than_its_text() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let alias = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", vec![alias; 10].join(", "));
    }
    let mut merges = "m0: &m0 {k: v}\n".to_owned();
    for level in 1..200 {
        let before = level - 1;
        merges += &format!("m{level}: &m{level}\n  <<: [*m{before}, *m{before}]\n  k{level}: v\n");
    }
    for text in [text, merges] {
        assert_eq!(kinds(&text), []);
        let (tree, _) = read(&text);
        assert!(tree.len() < text.len());
        let root = tree.roots().next().unwrap();
        for entry in root.entries() {
            assert!(entry.value.merged_entries().len() < 100);
        }
    }
}

#[test]
fn many_comments_and_a_very_long_line_are_read() {
    let comments = format!("a:\n{}  b: 1\n", "  # why\n".repeat(33_000));
    let (tree, problems) = read(&comments);
    assert_eq!((tree.comments().len(), problems.len()), (33_000, 0));
    let list = format!("a: [{}x]\nb: \"{}\"\n", "x, ".repeat(200_000), "long ".repeat(200_000));
    assert_eq!(kinds(&list), []);
    let broken = format!("a: [{}x\nb: 2\n", "x, ".repeat(200_000));
    assert_eq!(kinds(&broken), [ProblemKind::Syntax]);
    assert_eq!(pairs(&broken).last(), Some(&("b".into(), "2".into())));
}

#[test]
fn files_that_are_too_large_are_reported_and_not_read() {
    let large = "a: b\n".repeat(13 << 20);
    assert_eq!(read(&large).1.iter().map(|it| it.kind).collect::<Vec<_>>(), [ProblemKind::Limit]);
}

#[test]
fn what_is_said_about_a_very_long_value_is_short() {
    let long = "x ".repeat(40_000);
    let text = format!(
        "services:\n  web:\n    image: 'acme/{}:latest'\n    command: sh -c 'alembic upgrade head && {long}'\n",
        "y".repeat(100_000)
    );
    let report = analyze(&[File::new("compose.yaml", text)], &Options::default());
    let sentences = report.findings.iter().flat_map(|finding| {
        let related = finding.related.iter().map(|it| &it.message);
        related.chain(&finding.check).chain([&finding.message, &finding.subject])
    });
    let longest = sentences.map(String::len).max();
    assert!(longest.is_some_and(|it| (1_000..3_000).contains(&it)), "{longest:?}");
}

/// Returns Services that all select the same Pods, as many of each.
fn services_of_the_same_pods(count: usize) -> File {
    let pair = |at: usize| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: s{at}}}\nspec: {{selector: {{a: b}}, ports: [{{port: 80, targetPort: web}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{at}, labels: {{a: b}}}}\nspec: {{containers: [{{name: a, image: 'acme/web:1', ports: [{{name: http, containerPort: 8080}}]}}]}}\n---\n"
        )
    };
    File::new("all.yaml", (0..count).map(pair).collect::<String>())
}

#[test]
fn a_finding_names_some_of_many_places_and_counts_the_others() {
    let report = analyze(&[services_of_the_same_pods(60)], &Options::default());
    let many = report.findings.iter().map(|it| it.related.len()).max().unwrap();
    assert!(many <= 30, "{many}");
    let found: Vec<_> = report.findings.iter().filter(|it| it.code == "PLM405").collect();
    assert!(!found.is_empty());
    for finding in found {
        let last = &finding.related.last().unwrap().message;
        assert!(last.ends_with("(49 more are not listed)"), "{last}");
    }
}

#[test]
fn a_map_of_too_many_relations_is_not_drawn() {
    let edges = |count: usize| {
        let mut workspace = plimsoll_core::Workspace::default();
        workspace.set_file(services_of_the_same_pods(count));
        workspace.analysis(&Options::default().config).facts().map().edges.len()
    };
    assert_eq!(edges(20), 400);
    assert_eq!(edges(120), 0);
}

#[test]
fn services_that_share_a_list_through_an_anchor_are_few_findings() {
    let dependencies = |condition: &str| -> String {
        (0..30).map(|at| format!("s{at}: {{condition: {condition}}}, ")).collect()
    };
    let text = |condition: &str| {
        let services: String = (0..30)
            .map(|at| format!("  s{at}: {{image: 'postgres:17', restart: always}}\n"))
            .collect();
        let waiting: String = (0..30)
            .map(|at| format!("  w{at}: {{image: 'acme/web:1', depends_on: *d}}\n"))
            .collect();
        format!("x-d: &d {{{}}}\nservices:\n{services}{waiting}", dependencies(condition))
    };
    let file = File::new("compose.yaml", text("service_completed_successfully"));
    let options = Options { select: vec!["PLM105".to_owned()], ..Options::default() };
    let report = analyze(&[file], &options);
    assert!((1..=30).contains(&report.findings.len()), "{}", report.findings.len());
    let options = Options { select: vec!["PLM101".to_owned()], ..Options::default() };
    let report = analyze(&[File::new("compose.yaml", text("service_started"))], &options);
    let edits = report.findings.iter().flat_map(|it| &it.fixes).map(|it| it.edits.len());
    assert!(edits.sum::<usize>() <= 200);
}
