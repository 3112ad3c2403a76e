//! Where findings on rendered and built objects point: the line that a person would change, with what is
//! behind it, and the object and container that they are about.

#![allow(clippy::unwrap_used)]

use plimsoll_core::report::Finding;
use plimsoll_core::{File, Options, Report, analyze};

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";

fn check(rule: &str, all: &[(&str, &str)]) -> Report {
    let mut files: Vec<File> = all.iter().map(|(path, text)| File::new(path, *text)).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    analyze(&files, &Options { select: vec![rule.to_owned()], ..Options::default() })
}

/// Returns `path:line: text` of a place, and of each related place.
fn places(report: &Report, finding: &Finding) -> Vec<String> {
    let place = |span: plimsoll_core::text::Span| {
        let entry = report.entry(span.file);
        let line = entry.lines.line_of(span.start as usize) + 1;
        format!("{}:{line}: {}", entry.file.path, &entry.file.text[span.range()])
    };
    let related = finding.related.iter().map(|related| related.span);
    std::iter::once(finding.span).chain(related).map(place).collect()
}

#[track_caller]
fn only(report: &Report) -> &Finding {
    let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    finding
}

/// A Deployment with this image and these further lines in its container.
fn deployment(image: &str, container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector:\n    \
         matchLabels: {{app: web}}\n  template:\n    metadata:\n      labels: {{app: web}}\n    \
         spec:\n      containers:\n        - name: web\n          image: {image}\n{container}"
    )
}

#[test]
fn a_finding_about_the_tag_is_at_the_value_of_the_tag() {
    let template = deployment("\"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"", "");
    let values = "image:\n  repository: nginx\n  tag: latest\n";
    let report = check(
        "unpinned-image",
        &[
            ("shop/Chart.yaml", CHART),
            ("shop/values.yaml", values),
            ("shop/templates/web.yaml", &template),
        ],
    );
    let finding = only(&report);
    let found = places(&report, finding);
    assert_eq!(found[0], "shop/values.yaml:3: latest");
    assert!(found[1].starts_with("shop/templates/web.yaml:14: "), "{found:?}");
    assert_eq!(finding.subject, "Deployment web, container web");
}

#[test]
fn empty_values_are_the_place_to_fill() {
    let template = deployment(
        "acme/web:1.0.0",
        "          resources:\n            {{- toYaml .Values.resources | nindent 12 }}\n",
    );
    for values in ["resources: {}\n", "resources: {}\nother: 1\n"] {
        let report = check(
            "missing-memory-limit",
            &[
                ("shop/Chart.yaml", CHART),
                ("shop/values.yaml", values),
                ("shop/templates/web.yaml", &template),
            ],
        );
        let found = places(&report, only(&report));
        assert_eq!(found[1..], ["shop/values.yaml:1: {}"], "{found:?}");
    }
}

#[test]
fn a_container_that_ends_in_another_file_is_still_the_subject() {
    let helper = "{{- define \"limits\" }}\n{{ toYaml .Values.resources }}\n{{- end }}\n";
    let template = deployment(
        "acme/web:1.0.0",
        "          resources:\n            {{- include \"limits\" . | nindent 12 }}\n",
    );
    let report = check(
        "PLM611",
        &[
            ("shop/Chart.yaml", CHART),
            ("shop/values.yaml", "resources:\n  limits:\n    memory: 1GB\n"),
            ("shop/templates/_helpers.tpl", helper),
            ("shop/templates/web.yaml", &template),
        ],
    );
    let finding = only(&report);
    assert_eq!(finding.subject, "Deployment web, container web");
    assert!(places(&report, finding)[0].starts_with("shop/values.yaml:3: 1GB"));
}

#[test]
fn a_patch_points_at_itself_and_at_what_it_replaces() {
    let limits = "          resources:\n            limits:\n              memory: 1G\n";
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    \
                 spec:\n      containers:\n        - name: web\n          resources:\n            limits:\n              memory: 1GB\n";
    let report = check(
        "PLM611",
        &[
            ("base/kustomization.yaml", "resources:\n  - web.yaml\n"),
            ("base/web.yaml", &deployment("acme/web:1.0.0", limits)),
            (
                "prod/kustomization.yaml",
                "resources:\n  - ../base\npatches:\n  - path: memory.yaml\n",
            ),
            ("prod/memory.yaml", patch),
        ],
    );
    let found = places(&report, only(&report));
    assert_eq!(found, ["prod/memory.yaml:12: 1GB", "base/web.yaml:17: 1G"]);
}

#[test]
fn an_image_entry_points_at_itself_and_at_the_image_in_the_base() {
    let overlay = "resources:\n  - ../base\nimages:\n  - name: nginx\n    newTag: latest\n";
    let report = check(
        "unpinned-image",
        &[
            ("base/kustomization.yaml", "resources:\n  - web.yaml\n"),
            ("base/web.yaml", &deployment("nginx:1.27.0", "")),
            ("prod/kustomization.yaml", overlay),
        ],
    );
    let found = places(&report, only(&report));
    assert_eq!(found, ["prod/kustomization.yaml:5: latest", "base/web.yaml:14: nginx:1.27.0"]);
}

#[test]
fn commands_use_the_names_that_are_deployed() {
    let overlay = "namePrefix: eu-\nnamespace: shop\nresources:\n  - ../base\n";
    let report = check(
        "missing-memory-limit",
        &[
            ("base/kustomization.yaml", "resources:\n  - web.yaml\n"),
            ("base/web.yaml", &deployment("nginx:1.27.0", "")),
            ("prod/kustomization.yaml", overlay),
        ],
    );
    let finding = only(&report);
    assert_eq!(finding.subject, "Deployment shop/eu-web, container web");
    assert!(finding.check.iter().all(|command| command.contains("-n shop")), "{finding:?}");
    let template = deployment("nginx:latest", "")
        .replace("name: web\nspec", "name: {{ .Release.Name }}-web\nspec");
    let report = check(
        "missing-memory-limit",
        &[("shop/Chart.yaml", CHART), ("shop/templates/web.yaml", &template)],
    );
    let finding = only(&report);
    let commands = finding.check.join("\n");
    assert!(!commands.contains("release-name"), "{finding:?}");
}
