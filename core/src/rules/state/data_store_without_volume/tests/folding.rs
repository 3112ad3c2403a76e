//! Which stores are one finding.

use super::super::RULE;
use crate::rules::testing::{files, findings, messages, run};

#[test]
fn volumes_without_a_name_are_one_habit() {
    let file = |path: &str| {
        format!(
            "# file: {path}\nservices:\n  db:\n    image: postgres:17\n    volumes:\n      - /var/lib/postgresql/data\n  shop:\n    image: mysql:8.4\n    volumes:\n      - /var/lib/mysql\n"
        )
    };
    let sources = files(&file("compose.yaml"));
    let report = run(&RULE, &sources);
    assert_eq!(report.findings.len(), 1);
    assert_eq!(report.findings[0].related[0].message, "so does service `shop` (MySQL)");
    let fixed = crate::rules::testing::apply_fixes(&sources, &report);
    assert_eq!(
        &*fixed[0].text,
        "services:\n  db:\n    image: postgres:17\n    volumes:\n      - db-data:/var/lib/postgresql/data\n  shop:\n    image: mysql:8.4\n    volumes:\n      - shop-data:/var/lib/mysql\nvolumes:\n  db-data: {}\n  shop-data: {}\n"
    );
    let both = [file("compose.yaml"), file("compose.full.yaml")].concat();
    assert_eq!(findings(&RULE, &both).len(), 1);
}

#[test]
fn data_that_is_lost_and_data_that_is_left_behind_are_one_oversight() {
    let search = "elasticsearch:8.15.0";
    let file = |path: &str, image: &str| {
        format!("# file: {path}\nservices: {{db: {{image: '{image}'}}}}\n")
    };
    let why = |other: &str| {
        let text = [file("compose.yaml", "mysql:8.4"), file("compose.full.yaml", other)];
        let found = findings(&RULE, &text.concat());
        assert_eq!(found.len(), 1, "{other}");
        let said = found[0].related[0].message.clone();
        (found[0].why.clone().unwrap_or_default(), said)
    };
    let (both, other) = why(search);
    assert!(both.contains("Some images declare a volume") && both.contains("prune"), "{both}");
    assert_eq!(
        other,
        "service `db` (Elasticsearch) has no volume at `/usr/share/elasticsearch/data`: its data is lost with the container"
    );
    let (one, other) = why("mongo:8.0");
    assert!(!one.contains("Some images declare"), "{one}");
    assert!(other.ends_with("which `docker compose down` leaves behind"), "{other}");
    let text = format!("services: {{a: {{image: 'mysql:8.4'}}, b: {{image: '{search}'}}}}\n");
    let found = findings(&RULE, &text);
    assert_eq!(
        found[0].related[0].message,
        "service `b` (Elasticsearch) has no volume at `/usr/share/elasticsearch/data` either: its data is lost with the container"
    );
}

#[test]
fn the_files_of_an_application_are_one_oversight() {
    let file = |path: &str| format!("# file: {path}\nservices: {{db: {{image: 'mysql:8.4'}}}}\n");
    let text = [file("compose.yaml"), file("compose.full.yaml")].concat();
    let found = findings(&RULE, &text);
    assert_eq!((found.len(), found[0].fixes[0].edits.len()), (1, 4));
}

#[test]
fn the_place_is_the_key_of_the_image() {
    for (file, image) in [
        ("compose.yaml", "services:\n  db:\n    image: mysql:8\n"),
        ("compose.yaml", "services: { db: { image: 'mysql:8' } }\n"),
        (
            "web/templates/db.yaml",
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n      - name: db\n        image: {{ if .Values.registry }}{{ .Values.registry }}/{{ end }}mysql:{{ .Values.tag }}\n",
        ),
    ] {
        let chart = "# file: web/Chart.yaml\napiVersion: v2\nname: web\nversion: 1.0.0\n# file: web/values.yaml\ntag: '8'\n";
        let files = files(&format!("{chart}# file: {file}\n{image}"));
        let report = run(&RULE, &files);
        assert_eq!(report.findings.len(), 1, "{image}");
        let span = report.findings[0].span;
        assert_eq!(&report.entry(span.file).file.text[span.range()], "image", "{image}");
    }
}

#[test]
fn stores_without_volumes_are_one_finding() {
    let text =
        "services: {a: {image: 'postgres:17'}, b: {image: 'mysql:8'}, c: {image: 'mongo:8'}}\n";
    let found = messages(&RULE, text);
    assert!(found.len() == 1 && found[0].ends_with("(and 2 more like it)"), "{found:?}");
}
