//! A chart with subcharts of every kind beside what the Helm SDK 4.2.3 makes of it, byte by byte.
//! `charts/cases.json` has the values, `charts/shop.txt` the SDK's answers.

#![allow(clippy::unwrap_used)]

use plimsoll_core::build::helm::{
    Chart, ChartFile, Content, Hook, Layer, ProblemKind, ReleaseOptions, Rendered, TemplateKind,
    render,
};
use plimsoll_core::build::origin::Text;
use plimsoll_core::text::{File, FileId};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charts")
}

/// The chart's files, each with the id of its place in the list.
fn files() -> Vec<ChartFile> {
    let root = folder().join("shop");
    let mut open = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
            let content = match name.ends_with(".tgz") {
                true => Content::Archive(bytes.into()),
                false => Content::Text(File::from_bytes(&name, &bytes).text),
            };
            let file = FileId(u32::try_from(files.len()).unwrap());
            files.push(ChartFile { path: name, file, content });
        }
    }
    files
}

fn rendered(chart: &Chart, values: &str) -> Rendered {
    let options = ReleaseOptions {
        name: "rel".to_owned(),
        namespace: "ns".to_owned(),
        values: vec![Layer::File(Arc::new(Text::plain(values)))],
        ..ReleaseOptions::default()
    };
    render(chart, &options)
}

#[test]
fn charts_render_as_helm_renders_them() {
    let expected = fs::read_to_string(folder().join("shop.txt")).unwrap();
    let cases = fs::read_to_string(folder().join("cases.json")).unwrap();
    let cases: BTreeMap<String, serde_json::Value> = serde_json::from_str(&cases).unwrap();
    let chart = Chart::load(&files()).unwrap();
    let mut seen = 0;
    for section in expected.split("=== ").skip(1) {
        let (name, answer) = section.split_once('\n').unwrap();
        let ours = rendered(&chart, &cases[name].to_string());
        seen += 1;
        let refusal = ours.problems.iter().find(|it| it.kind != ProblemKind::MissingDependency);
        if answer.starts_with("ERROR") {
            let refusal = refusal.unwrap_or_else(|| panic!("{name}: only Helm refuses: {answer}"));
            let schema = answer.contains("schema");
            assert_eq!(refusal.kind == ProblemKind::Schema, schema, "{name}: {refusal:?}");
            continue;
        }
        assert_eq!(refusal, None, "{name}");
        let mut text = String::new();
        for template in ours.templates.iter().filter(|it| it.kind == TemplateKind::Manifest) {
            writeln!(text, "--- {}\n{}", template.path, template.text).unwrap();
        }
        assert_eq!(text, answer, "{name}");
    }
    assert_eq!(seen, cases.len());
}

#[test]
fn every_exact_piece_is_what_stands_at_its_place() {
    let files = files();
    let chart = Chart::load(&files).unwrap();
    let mut pieces = 0;
    for template in rendered(&chart, "{}").templates {
        for piece in template.text.pieces().iter().filter(|piece| piece.exact) {
            let Content::Text(source) = &files[piece.from.file.index()].content else {
                panic!("{}: text of an archive is not exact", template.path);
            };
            let own = &template.text.as_str()[piece.at..piece.at + piece.length];
            assert_eq!(&source[piece.from.range()], own, "{}", template.path);
            pieces += 1;
        }
    }
    assert!(pieces > 100, "only {pieces} pieces");
}

#[test]
fn values_and_actions_are_found_behind_the_text() {
    let files = files();
    let rendered = rendered(&Chart::load(&files).unwrap(), "{}");
    let template = |path: &str| rendered.templates.iter().find(|it| it.path == path).unwrap();
    let written = |span: plimsoll_core::text::Span| match &files[span.file.index()].content {
        Content::Text(text) => (files[span.file.index()].path.as_str(), &text[span.range()]),
        Content::Archive(_) => (files[span.file.index()].path.as_str(), ""),
    };
    let deployment = template("shop/templates/deployment.yaml");
    let place = |wanted: &str| {
        let at = deployment.text.as_str().find(wanted).unwrap();
        deployment.text.locate(at..at + wanted.len()).unwrap()
    };
    // One line: the action, and the value behind it.
    let replicas = place("2\n  template").span;
    assert_eq!(written(replicas).0, "templates/deployment.yaml");
    let image = place("registry.example.com/shop:2.1");
    assert_eq!(written(image.span).1, "include \"shop.image\" . | quote");
    assert_eq!(written(image.via.unwrap()), ("values.yaml", "registry.example.com/shop"));
    // Several lines: each line's own place, and the action.
    let memory = place("128Mi");
    assert_eq!((written(memory.span), memory.exact), (("values.yaml", "128Mi"), true));
    assert_eq!(written(memory.via.unwrap()).1, "toYaml .Values.resources | nindent 12");
    let label = place("app.kubernetes.io/name: ");
    assert_eq!(written(label.span).0, "templates/_helpers.tpl");
    // A packed chart is one place.
    let queue = template("shop/charts/queue/templates/q.yaml");
    let place = queue.text.locate(0..4).unwrap();
    assert_eq!((written(place.span).0, place.exact), ("charts/queue-1.0.0.tgz", false));
}

#[test]
fn hooks_crds_and_what_is_missing_are_named() {
    let files = files();
    let rendered = rendered(&Chart::load(&files).unwrap(), "{}");
    let hooks = &rendered
        .templates
        .iter()
        .find(|it| it.path == "shop/templates/tests/connection.yaml")
        .unwrap()
        .documents;
    assert_eq!(hooks[0].hooks, [Hook::Test, Hook::PreUpgrade]);
    assert_eq!(hooks[1].hooks, []);
    let crds: Vec<&str> = rendered
        .templates
        .iter()
        .filter(|it| it.kind == TemplateKind::Crd)
        .map(|it| it.path.as_str())
        .collect();
    assert_eq!(
        crds,
        [
            "shop/charts/cache/crds/store.yaml",
            "shop/charts/sessions/crds/store.yaml",
            "shop/crds/thing.yaml"
        ]
    );
    assert!(rendered.templates.iter().all(|it| !it.path.ends_with("NOTES.txt")));
    let [missing] = &rendered.problems[..] else { panic!("{:?}", rendered.problems) };
    assert_eq!(missing.kind, ProblemKind::MissingDependency);
    assert!(missing.message.contains("`absent`"), "{}", missing.message);
    let span = missing.span.unwrap();
    assert_eq!(files[span.file.index()].path, "Chart.yaml");
}
