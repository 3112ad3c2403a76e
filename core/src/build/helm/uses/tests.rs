//! What templates read, for each way of writing it.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::text::FileId;

fn uses_of(template: &str) -> ValueUses {
    uses_in(template, false)
}

/// Returns what a template reads in a chart beside which there may be other named templates.
fn uses_in(template: &str, is_complete: bool) -> ValueUses {
    followed_in(template, is_complete).0
}

fn followed_in(template: &str, is_complete: bool) -> (ValueUses, usize) {
    let files = [
        ("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("templates/app.yaml", template),
    ];
    let files = files.iter().enumerate().map(|(at, (path, text))| ChartFile {
        path: (*path).to_owned(),
        file: FileId(u32::try_from(at).unwrap()),
        content: Content::Text((*text).into()),
    });
    let files: Vec<ChartFile> = files.collect();
    followed("shop", &files, &[], is_complete, &KnownTemplates::default())
}

/// The reads as words: `a.b`, with `*` where all below is read and `?` or `??` where keys may be missing.
fn reads(template: &str) -> Vec<String> {
    let uses = uses_of(template);
    assert!(!uses.is_open, "{template}");
    let mut words: Vec<String> = uses
        .reads
        .iter()
        .map(|read| {
            let missing = match read.missing {
                Missing::None => "",
                Missing::Last => "?",
                Missing::Any => "??",
            };
            let below = if read.is_whole { "*" } else { "" };
            format!("{}{below}{missing}", read.path.join("."))
        })
        .collect();
    words.sort();
    words.dedup();
    words
}

#[test]
fn printed_values_are_read_whole() {
    assert_eq!(reads("a: {{ .Values.a.b }}\nb: {{ $.Values.c }}"), ["a.b*", "c*"]);
    assert_eq!(reads("{{ toYaml .Values.a | nindent 2 }}"), ["a*"]);
    assert_eq!(reads("{{ index .Values \"a\" \"b\" }}"), ["a.b*"]);
    assert_eq!(reads("{{ get .Values.a \"b\" }}"), ["a.b*??"]);
    assert_eq!(reads("{{ eq .Values.a \"x\" }}"), ["a*"]);
    assert_eq!(reads("{{ .Files.Get .Values.a }}"), ["a*"]);
}

#[test]
fn tests_and_fallbacks_cover_what_is_missing() {
    assert_eq!(reads("{{ if .Values.a }}x{{ end }}"), ["a?"]);
    assert_eq!(reads("{{ if eq .Values.a \"x\" }}x{{ end }}"), ["a*?"]);
    assert_eq!(reads("{{ .Values.a | default \"x\" }}"), ["a*?", "a?"]);
    assert_eq!(reads("{{ required \"x\" .Values.a }}"), ["a*?", "a?"]);
    assert_eq!(reads("{{ coalesce .Values.a .Values.b }}"), ["a*?", "a?", "b*?", "b?"]);
    assert_eq!(reads("{{ dig \"a\" \"b\" \"x\" .Values.c }}"), ["c.a.b*??"]);
    assert_eq!(reads("{{ if hasKey .Values.a \"b\" }}x{{ end }}"), ["a.b??"]);
    assert_eq!(reads("{{ (.Values.a).b }}"), ["a.b*??"]);
    assert_eq!(reads("{{ ((.Values.a).b).c }}"), ["a.b.c*??"]);
}

#[test]
fn contexts_are_followed() {
    assert_eq!(
        reads("{{ with .Values.a }}{{ .b }}{{ $.Values.c }}{{ end }}"),
        ["a.b*", "a?", "c*"]
    );
    assert_eq!(reads("{{ $x := .Values.a }}{{ $x.b }}"), ["a.b*"]);
    assert_eq!(reads("{{ range .Values.a }}{{ .b }}{{ $.Values.c }}{{ end }}"), ["a*?", "c*"]);
    assert_eq!(reads("{{ range $k, $v := .Values.a }}{{ $v.b }}{{ end }}"), ["a*?"]);
    assert_eq!(reads("{{ range list .Values.a .Values.b }}{{ .c }}{{ end }}"), ["a.c*?", "b.c*?"]);
    assert_eq!(reads("{{ define \"x\" }}{{ .Values.a }}{{ end }}{{ include \"x\" . }}"), ["a*"]);
    assert_eq!(
        reads("{{ define \"x\" }}{{ .b }}{{ end }}{{ template \"x\" .Values.a }}"),
        ["a.b*"]
    );
    assert_eq!(
        reads(
            "{{ define \"x\" }}{{ .top.Values.a }}{{ .own.b }}{{ end }}{{ include \"x\" (dict \"top\" $ \"own\" .Values.c) }}"
        ),
        ["a*", "c.b*"]
    );
    assert_eq!(
        reads(
            "{{ define \"shop.x\" }}{{ .Values.a }}{{ end }}{{ include (printf \"%s.x\" .Chart.Name) . }}"
        ),
        ["a*"]
    );
    assert_eq!(reads("{{ define \"unused\" }}{{ .Values.a }}{{ end }}"), [""; 0]);
}

#[test]
fn what_is_assigned_later_is_one_of_both() {
    assert_eq!(
        reads("{{ $x := .Values.a }}{{ if .Values.b }}{{ $x = .Values.c }}{{ end }}{{ $x.d }}"),
        ["a.d*??", "b?", "c.d*??"]
    );
}

#[test]
fn a_template_that_is_not_there_may_read_all() {
    assert!(uses_of("{{ include \"common.labels\" . }}").is_open);
    assert!(!uses_in("{{ include \"common.labels\" . }}", true).is_open);
    assert!(uses_in("{{ include .Values.name . }}", true).is_open);
    assert!(uses_of("{{ include .Values.name . }}").is_open);
    assert!(uses_of("{{ toYaml .Values }}").is_open);
    assert!(
        !uses_of("{{ include (print $.Template.BasePath \"/cm.yaml\") . | sha256sum }}").is_open
    );
    assert!(uses_of("{{ tpl .Values.a $ }}").renders_texts);
}

#[test]
fn templates_that_include_themselves_come_to_an_end() {
    let grows = "{{ define \"x\" }}{{ include \"x\" (dict \"a\" .) }}{{ end }}{{ include \"x\" .Values.b }}";
    let _ = uses_of(grows);
    assert_eq!(
        reads(
            "{{ define \"x\" }}{{ .Values.a }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}"
        ),
        ["a*"]
    );
}

#[test]
fn values_that_double_in_each_line_end() {
    for (start, grows, times) in [
        ("{{ $x := list .Values.a .Values.a }}", "{{ $x = list $x $x }}", 14),
        ("{{ $x := list .Values.a .Values.a }}", "{{ $x := list $x $x $x }}", 40),
        ("{{ $x := list 1 2 }}", "{{ $x = list $x $x }}", 40),
        ("{{ $x := dict \"a\" .Values.a }}", "{{ $x = dict \"a\" $x \"b\" $x }}", 40),
        ("{{ $x := dict \"a\" .Values.a }}", "{{ $x := dict \"a\" $x \"b\" $x }}", 40),
        ("{{ $x := .Values.a }}", "{{ $x = default $x $x }}", 40),
        ("{{ $x := .Values.a }}", "{{ $x := coalesce $x $x }}", 40),
        ("{{ $x := dict \"a\" .Values.a }}", "{{ $x = merge $x $x }}", 40),
        ("{{ $x := .Values.a }}", "{{ $x = $x.b }}", 40),
        ("{{ $x := .Values.a }}", "{{ $x = dig \"b\" $x $x }}", 40),
    ] {
        for end in [
            "a: {{ len $x }}",
            "{{ range $x }}{{ . }}{{ end }}",
            "{{ include \"x\" $x }}",
            "{{ $x.a }}",
        ] {
            let template = format!("{start}{}{end}", grows.repeat(times));
            let (uses, steps) = followed_in(&template, false);
            assert!(uses.is_open, "{template}");
            assert!(steps <= walk::MAX_STEPS, "{template}: {steps} steps");
            assert!(
                uses.reads.len() <= 2 * shape::MAX_WEIGHT,
                "{}: {}",
                template,
                uses.reads.len()
            );
        }
    }
}

#[test]
fn a_read_is_noted_once() {
    let uses = uses_of("{{ $x := .Values.a }}{{ toYaml (list $x $x (dict \"b\" $x)) }}");
    assert_eq!(uses.reads.len(), 1);
    let small = format!(
        "{{{{ $x := .Values.a }}}}{}{{{{ toYaml $x }}}}",
        "{{ $x = list $x $x }}".repeat(4)
    );
    assert_eq!(reads(&small), ["a*", "a*?"]);
}

#[test]
fn paths_contexts_and_conditions_are_bounded() {
    let path = ".a".repeat(20_000);
    let (uses, steps) = followed_in(&format!("{{{{ .Values{path} }}}}"), false);
    assert_eq!(uses.reads.iter().map(|it| it.path.len()).collect::<Vec<_>>(), [64]);
    assert!(steps <= walk::MAX_STEPS, "{steps} steps");

    let name = "a".repeat(20_000);
    let context = format!(
        "{{{{ define \"x\" }}}}{{{{ .b }}}}{{{{ end }}}}{{{{ include \"x\" .Values.{name} }}}}"
    );
    assert!(uses_of(&context).is_open);

    let all: String = (0..1_000).map(|at| format!(" .Values.a{at}")).collect();
    let conditions =
        format!("{{{{ if and{all} }}}}{}{{{{ end }}}}", "{{ .Values.b }}".repeat(1_000));
    let uses = uses_of(&conditions);
    assert!(uses.is_open);
    assert_eq!(uses.reads.iter().map(|it| it.conditions.len()).max(), Some(64));
}
