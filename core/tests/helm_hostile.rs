//! Charts that ask for endless work: each ends with an error, soon and without harm.

#![allow(clippy::unwrap_used)]

use plimsoll_core::build::helm::failure::FailureKind;
use plimsoll_core::build::helm::{
    Chart, ChartFile, Content, Layer, ProblemKind, ReleaseOptions, Rendered, render,
};
use plimsoll_core::build::origin::Text;
use plimsoll_core::text::FileId;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Maximum time of one rendering here. A release build on an idle machine takes a second; without a budget
/// it would not end at all.
const PATIENCE: Duration = Duration::from_secs(120);

fn rendered(template: &str, values: &str) -> Rendered {
    let chart = "apiVersion: v2\nname: p\nversion: 0.1.0\n";
    let files = [("Chart.yaml", chart), ("templates/a.yaml", template)];
    let files: Vec<ChartFile> = (0..)
        .zip(files)
        .map(|(id, (path, text))| ChartFile {
            path: path.to_owned(),
            file: FileId(id),
            content: Content::Text(text.into()),
        })
        .collect();
    let values = vec![Layer::File(Arc::new(Text::plain(values)))];
    let start = Instant::now();
    let options = ReleaseOptions { values, ..ReleaseOptions::default() };
    let rendered = render(&Chart::load(&files).unwrap(), &options);
    assert!(start.elapsed() < PATIENCE, "{:?} for {:.80}", start.elapsed(), template);
    rendered
}

/// The message of the limit that the template ran into.
fn limit(template: &str) -> String {
    let rendered = rendered(template, "");
    assert!(rendered.templates.is_empty());
    let problem = rendered.problems.last().unwrap();
    assert_eq!(problem.kind, ProblemKind::Stopped(FailureKind::Limit), "{problem:?}");
    problem.message.clone()
}

#[test]
fn templates_that_include_themselves_end() {
    for template in [
        r#"{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}"#,
        r#"{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}"#,
        r#"{{ define "x" }}{{ if true }}{{ with 1 }}{{ (include "x" .) }}{{ end }}{{ end }}{{ end }}{{ include "x" . }}"#,
        r#"{{ include "p/templates/a.yaml" . }}"#,
    ] {
        assert!(limit(template).contains("nested more than 100 levels"), "{template}");
    }
}

#[test]
fn tpl_of_itself_ends() {
    let template =
        r#"{{ define "x" }}{{ tpl "{{ include \"x\" . }}" . }}{{ end }}{{ include "x" . }}"#;
    assert!(limit(template).contains("levels deep"));
    let template = r#"{{ $_ := set .Values "t" "{{ tpl .Values.t . }}" }}{{ tpl .Values.t . }}"#;
    assert!(limit(template).contains("levels deep"));
}

#[test]
fn a_dict_inside_itself_is_walked_only_so_far() {
    let start = r#"{{ $d := dict }}{{ $_ := set $d "d" $d }}"#;
    for walk in [
        "{{ $d }}",
        "{{ toYaml $d }}",
        "{{ toJson $d }}",
        "{{ toPrettyJson $d }}",
        "{{ toToml $d }}",
        "{{ deepCopy $d }}",
        "{{ printf \"%s\" $d }}",
        "{{ quote $d }}",
        "{{ deepEqual $d (deepCopy (dict)) }}{{ toString $d }}",
        "{{ $e := dict }}{{ $_ := set $e \"d\" $e }}{{ deepEqual $d $e }}",
        "{{ $e := dict }}{{ $_ := set $e \"d\" $e }}{{ merge $d $e }}{{ mergeOverwrite $e $d }}{{ $e }}",
    ] {
        let message = limit(&format!("{start}{walk}"));
        assert!(
            message.contains("deep in one another") || message.contains("steps"),
            "{walk}: {message}"
        );
    }
}

#[test]
fn a_dict_that_holds_another_twice_is_paid_for() {
    let template = r#"{{ $d := dict "a" "xxxxxxxxxxxxxxxx" }}{{ range until 60 }}{{ $d = dict "a" $d "b" $d }}{{ end }}"#;
    for walk in ["{{ $d }}", "{{ toYaml $d }}", "{{ toJson $d }}", "{{ deepCopy $d }}"] {
        let message = limit(&format!("{template}{walk}"));
        assert!(message.contains("more than"), "{walk}: {message}");
    }
}

#[test]
fn long_chains_are_freed_without_recursion() {
    let template = r#"{{ $d := dict }}{{ range until 100000 }}{{ $d = dict "a" $d }}{{ end }}done"#;
    let rendered = rendered(template, "");
    assert_eq!(rendered.templates.first().map(|it| it.text.as_str()), Some("done"));
    let template = r#"{{ $d := dict }}{{ $h := $d }}{{ range until 100000 }}{{ $n := dict }}{{ $_ := set $d "a" $n }}{{ $d = $n }}{{ end }}done"#;
    assert!(self::rendered(template, "").problems.is_empty());
}

#[test]
fn strings_that_double_end() {
    let template = r#"{{ $s := "0123456789abcdef" }}{{ range until 40 }}{{ $s = printf "%s%s" $s $s }}{{ end }}{{ $s }}"#;
    assert!(limit(template).contains("MiB of text"));
    for template in [
        r#"{{ repeat 1000000000 "abc" }}"#,
        r#"{{ $s := repeat 10000 "a" }}{{ replace "a" $s $s }}"#,
        r#"{{ $s := repeat 10000 "a" }}{{ regexReplaceAll "a" $s $s }}"#,
        r#"{{ indent 100000000 "a" }}"#,
        r#"{{ $s := repeat 10000 "a\n" }}{{ nindent 100000 $s }}"#,
        r#"{{ randAlphaNum 1000000000 }}"#,
        r#"{{ join (repeat 10000 "a") (until 100000) }}"#,
        r#"{{ range until 1000 }}{{ printf "%1000000d" 1 }}{{ end }}"#,
    ] {
        assert!(limit(template).contains("MiB of text"), "{template}");
    }
}

#[test]
fn one_string_in_many_places_is_paid_for_in_each() {
    let many = r#"{{ $s := repeat 1000000 "a" }}{{ $l := list }}{{ range until 1000 }}{{ $l = append $l $s }}{{ end }}"#;
    for use_of_list in [
        r#"{{ join "" $l }}"#,
        r#"{{ toStrings $l | len }}"#,
        r#"{{ sortAlpha $l | len }}"#,
        r#"{{ printf "%s" $l }}"#,
        r#"{{ printf "%q" $l }}"#,
        r#"{{ printf "%v" $l }}"#,
        r#"{{ print $l }}"#,
        r#"{{ quote $l }}"#,
        r#"{{ toYaml $l }}"#,
    ] {
        let message = limit(&format!("{many}{use_of_list}"));
        assert!(message.contains("more than"), "{use_of_list}: {message}");
    }
    let template = r#"{{ $l := list }}{{ range until 1000 }}{{ $l = append $l 1.0 }}{{ end }}{{ printf "%.1000000f" $l }}"#;
    assert!(limit(template).contains("MiB of text"));
}

#[test]
fn functions_that_look_at_a_whole_value_are_paid_for() {
    let long = r#"{{ $s := repeat 10000000 "a" }}{{ range until 100000 }}"#;
    for call in [r#"contains "b" $s"#, r#"sha256sum $s"#, r#"date $s 0"#] {
        let template = format!("{long}{{{{ $_ := {call} }}}}{{{{ end }}}}");
        assert!(limit(&template).contains("steps"), "{call}");
    }
    let template = "{{ $l := until 500000 }}{{ range until 100000 }}{{ $_ := first $l }}{{ end }}";
    assert!(limit(template).contains("steps"));
    for call in [r#"splitList "" $s"#, r#"split "a" $s"#, r#"regexFindAll "" $s -1"#] {
        let template = format!(r#"{{{{ $s := repeat 10000000 "a" }}}}{{{{ len ({call}) }}}}"#);
        assert!(limit(&template).contains("steps"), "{call}");
    }
}

#[test]
fn regular_expressions_are_paid_for() {
    let many = r#"{{ range until 100000 }}{{ $_ := regexMatch "(x{1,90}){1,90}" "a" }}{{ end }}"#;
    assert!(limit(many).contains("steps"));
    let rescans = r#"{{ regexReplaceAllLiteral "a.*z|b" (repeat 20000 "ab") "" }}"#;
    assert!(limit(rescans).contains("steps"));
    let usual = r#"{{ regexReplaceAll "[^a-z0-9]+" (repeat 2000 "some words. ") "-" | len }}"#;
    assert_eq!(rendered(usual, "").templates.first().map(|it| it.text.as_str()), Some("22000"));
}

#[test]
fn loops_inside_loops_end() {
    let template = "{{ range until 10000 }}{{ range until 10000 }}{{ range until 10000 }}x{{ end }}{{ end }}{{ end }}";
    assert!(limit(template).contains("steps"));
    assert!(limit("{{ range 1000000000000 }}{{ end }}").contains("steps"));
    assert!(limit("{{ until 1000000000 }}").contains("steps"));
    assert!(limit("{{ untilStep 0 9000000000000000000 1 }}").contains("steps"));
    assert!(limit("{{ seq 1 1000000000 }}").contains("steps"));
    let template = "{{ $l := list }}{{ range until 100000 }}{{ $l = append $l . }}{{ end }}";
    assert!(limit(template).contains("steps"));
}

#[test]
fn deep_nesting_in_the_text_is_refused() {
    for (open, close) in [
        ("{{ if true }}", "{{ end }}"),
        ("{{ range until 1 }}", "{{ end }}"),
        ("{{ if false }}{{ else }}", "{{ end }}"),
    ] {
        let template = format!("{}{}", open.repeat(100_000), close.repeat(100_000));
        let rendered = rendered(&template, "");
        let problem = rendered.problems.first().unwrap();
        assert!(problem.message.contains("nested more than 100 deep"), "{}", problem.message);
    }
    let template =
        format!("{{{{ if false }}}}{}{{{{ end }}}}", "{{ else if false }}".repeat(100_000));
    assert!(!rendered(&template, "").problems.is_empty());
    let template = format!("{{{{ {}1{} }}}}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(!rendered(&template, "").problems.is_empty());
}

#[test]
fn files_outside_of_the_chart_are_not_there() {
    for path in ["../secret", "../../etc/passwd", "/etc/passwd", "templates/../../secret"] {
        let template = format!(r#"[{{{{ .Files.Get "{path}" }}}}{{{{ .Files.Lines "{path}" }}}}]"#);
        let rendered = rendered(&template, "");
        assert_eq!(rendered.templates.first().map(|it| it.text.as_str()), Some("[[]]"), "{path}");
    }
}

#[test]
fn long_pipelines_and_many_values_take_their_time_once() {
    let template = format!("{{{{ 1{} }}}}", " | int".repeat(100_000));
    assert_eq!(rendered(&template, "").templates.first().map(|it| it.text.as_str()), Some("1"));
    let values: String = (0..60_000).map(|at| format!("key{at}: {at}\n")).collect();
    assert_eq!(rendered("{{ .Values.key7 }}", &values).templates.len(), 1);
    let template: String = (0..20_000).map(|at| format!("{{{{ $v{at} := {at} }}}}")).collect();
    assert_eq!(rendered(&template, "").problems, []);
}

#[test]
fn values_that_expand_end() {
    let mut values = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        values += &format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 10].join(", "));
    }
    let rendered = rendered("{{ .Values | toYaml }}", &values);
    let problem = rendered.problems.first().unwrap();
    assert_eq!(problem.kind, ProblemKind::Stopped(FailureKind::Limit));
}

#[test]
fn a_packed_chart_that_is_no_archive_is_named() {
    let chart = "apiVersion: v2\nname: p\nversion: 0.1.0\n";
    for bytes in
        [&b""[..], b"\x1f\x8b\x08\x00", b"\x1f\x8b\x08\x00\0\0\0\0\0\0nonsense", b"PK\x03\x04"]
    {
        let files = [
            ChartFile {
                path: "Chart.yaml".into(),
                file: FileId(0),
                content: Content::Text(chart.into()),
            },
            ChartFile {
                path: "charts/a.tgz".into(),
                file: FileId(1),
                content: Content::Archive(bytes.into()),
            },
        ];
        let failure = Chart::load(&files).unwrap_err();
        assert!(
            failure.message.contains("error unpacking subchart a.tgz in p"),
            "{}",
            failure.message
        );
    }
}
