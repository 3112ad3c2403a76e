//! Settings and suppressions, through the real binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use serde_json::Value;
use std::fs;
use support::command::{found, run};
use support::folder;

const MOUNT: &str = "    volumes: ['/home/ann/data:/data']\n";

fn service(name: &str, more: &str) -> String {
    format!("  {name}:\n    image: acme/{name}:1.4.2\n{more}")
}

#[test]
fn the_list_of_rules_is_by_pitfall() {
    let root = folder(&[]);
    let text = run(root.path(), &["explain"]).out;
    assert!(text.starts_with("Pitfall 1: startup order (PLM1)\nA dependency that runs"), "{text}");
    let heading = |title: &str| text.find(title).unwrap_or_else(|| panic!("{title}: {text}"));
    assert!(heading("Pitfall 7: state (PLM7)") < heading("Hosts (PLM8)"));
    assert!(heading("Delivery (PLM9)") < heading("Documents (PLM0)"));
    assert!(text.contains("\n  PLM101 warning  depends-on-started-only "), "{text}");
    let markdown = run(root.path(), &["explain", "--format", "markdown"]).out;
    assert!(markdown.starts_with("## Pitfall 1: startup order (PLM1)\n\n"), "{markdown}");
    let rules: Value =
        serde_json::from_str(&run(root.path(), &["explain", "--format", "json"]).out).unwrap();
    let of = |code: &str| {
        let rule = rules.as_array().unwrap().iter().find(|rule| rule["code"] == code).unwrap();
        rule["pitfall"].clone()
    };
    assert_eq!(
        (of("PLM101"), of("PLM601")),
        ("startup-order".into(), "probes-and-resources".into())
    );
}

#[test]
fn a_misspelt_rule_is_answered_with_the_nearest() {
    let root = folder(&[("compose.yaml", "services: {}\n")]);
    let cases: [(&[&str], &str); 5] = [
        (&["explain", "PML101"], "did you mean `PLM101`?"),
        (&["explain", "unpined-image"], "did you mean `unpinned-image`?"),
        (&["check", "--select", "PLM1O1"], "did you mean `PLM101`?"),
        (&["check", "--ignore", "duplicat-key"], "did you mean `duplicate-key`?"),
        (&["fix", "--select", "depends-on-startd-only"], "did you mean `depends-on-started-only`?"),
    ];
    for (arguments, expected) in cases {
        let run = run(root.path(), arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.err.contains(expected), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn every_mistake_in_a_configuration_is_named_and_nothing_is_checked() {
    let root = folder(&[
        ("compose.yaml", "services: {}\n"),
        ("plimsoll.yaml", "rules:\n  PML101: off\n  PLM102: loud\noverides: []\n"),
        ("deploy/plimsoll.yaml", "role: [\n"),
    ]);
    for arguments in [&["check", "--min-severity", "error"][..], &["decide"], &["fix"], &["render"]]
    {
        let run = run(root.path(), arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}: {}", run.err);
        for expected in [
            "plimsoll.yaml:2:3: `PML101` is not a known rule; did you mean `PLM101`?",
            "plimsoll.yaml:3:11: a rule must be set to `error`",
            "plimsoll.yaml:4:1: `overides` is not a known setting of Plimsoll; did you mean `overrides`?",
            "deploy/plimsoll.yaml:1:",
        ] {
            assert!(run.err.contains(expected), "{arguments:?}: {expected}: {}", run.err);
        }
    }
}

#[test]
fn a_configuration_that_cannot_be_followed_is_a_mistake_whatever_is_reported() {
    let compose = format!("services:\n{}", service("web", MOUNT));
    let chart = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";
    let cases: [(&[(&str, &str)], &str); 9] = [
        (
            &[("plimsoll.yaml", "extends: plimsoll.yaml\n")],
            "plimsoll.yaml:1:10: a configuration cannot extend itself",
        ),
        (
            &[
                ("plimsoll.yaml", "extends: [a.yaml]\n"),
                ("a.yaml", "role: production\nextends: b/b.yaml\n"),
                ("b/b.yaml", "extends: ../a.yaml\n"),
            ],
            "b/b.yaml:1:10: `../a.yaml` extends this file in turn",
        ),
        (
            &[
                ("plimsoll.yaml", "extends: deploy/plimsoll.yaml\n"),
                ("deploy/plimsoll.yaml", "extends: ../plimsoll.yaml\n"),
            ],
            "extends this file in turn",
        ),
        (
            &[("plimsoll.yaml", "targets: [{ chart: shop, set: { 'a[x': 1 } }]\n")],
            "plimsoll.yaml:1:33: a key under `set` is a path",
        ),
        (
            &[("plimsoll.yaml", "targets: [{ chart: shpo }]\n")],
            "plimsoll.yaml:1:20: there is no `Chart.yaml` in `shpo`",
        ),
        (
            &[("plimsoll.yaml", "targets: [{ chart: shop, values: dead.yaml }]\n")],
            "plimsoll.yaml:1:34: there is no values file `dead.yaml`",
        ),
        (
            &[("plimsoll.yaml", "targets: [{ kustomization: nowhere }]\n")],
            "there is no `kustomization.yaml` in `nowhere`",
        ),
        (
            &[("plimsoll.yaml", "targets: [{ compose: ../nowhere.yaml }]\n")],
            "there is no `../nowhere.yaml` here",
        ),
        (
            &[("plimsoll.yaml", "role: production\n"), (".plimsoll.yaml", "role: development\n")],
            "in the same folder is a configuration too",
        ),
    ];
    for (files, expected) in cases {
        let root =
            folder(&[files, &[("compose.yaml", &compose), ("shop/Chart.yaml", chart)]].concat());
        for command in ["check", "decide", "fix"] {
            let mut arguments = vec![command];
            arguments.extend((command == "check").then_some("--min-severity=error"));
            let run = run(root.path(), &arguments);
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{files:?}: {}", run.err);
            assert!(run.err.contains(expected), "{files:?}: {expected}: {}", run.err);
        }
    }
}

#[test]
fn what_a_target_names_may_lie_beside_the_part_that_is_checked() {
    let compose = format!("services:\n{}", service("web", MOUNT));
    let root = folder(&[
        ("app/compose.yaml", &compose),
        (
            "app/plimsoll.yaml",
            "targets: [{ chart: ../shop, values: [../live.yaml] }, { compose: dev }]\n",
        ),
        ("app/dev/compose.yaml", &compose),
        ("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("live.yaml", "a: 1\n"),
    ]);
    for (from, path) in
        [("", "."), ("", "app"), ("app", "."), ("app", "compose.yaml"), ("app/dev", ".")]
    {
        let run = run(
            &root.path().join(from),
            &["check", "--select", "PLM309", "--fail-on", "never", path],
        );
        assert_eq!(run.code, 0, "{from} {path}: {}", run.err);
    }
}

#[cfg(unix)]
#[test]
fn a_configuration_that_cannot_be_read_is_not_passed_over() {
    let compose = format!("services:\n{}", service("web", MOUNT));
    let root = folder(&[("compose.yaml", &compose), ("app/compose.yaml", &compose)]);
    std::os::unix::fs::symlink("nowhere.yaml", root.path().join("app/plimsoll.yaml")).unwrap();
    let check = run(root.path(), &["check"]);
    assert_eq!((check.code, check.out.as_str()), (2, ""), "{}", check.err);
    assert!(check.err.contains("app/plimsoll.yaml: this configuration is a link"), "{}", check.err);
}

#[test]
fn the_file_of_config_extends_others() {
    let compose = format!("services:\n{}", service("web", MOUNT));
    let root = folder(&[
        ("shop/compose.yaml", &compose),
        ("shared/ci.yaml", "extends: [base.yaml]\nfail-on: warning\n"),
        (
            "shared/base.yaml",
            "rules: {PLM309: error}\noverrides: [{files: compose.yaml, rules: {PLM6: off}}]\n",
        ),
    ]);
    let shop = root.path().join("shop");
    let check = ["check", "--config", "../shared/ci.yaml", "--select", "PLM309"];
    let loud = run(&shop, &check);
    assert!(loud.out.starts_with("compose.yaml:4:15 error PLM309"), "{}{}", loud.out, loud.err);
    let own = "extends: base.yaml\nrules: {PLM309: warning}\nfail-on: warning\n";
    fs::write(root.path().join("shared/ci.yaml"), own).unwrap();
    let own = run(&shop, &check);
    assert!(own.code == 1 && own.out.starts_with("compose.yaml:4:15 warning"), "{}", own.out);
    for (text, expected) in [
        ("rules: {PLM3O9: off}\n", "shared/base.yaml:1:9: `PLM3O9`"),
        ("extends: ci.yaml\n", "shared/base.yaml:1:10: `ci.yaml` extends this file in turn"),
        (
            "extends: gone.yaml\n",
            "shared/gone.yaml: a configuration extends this file: No such file",
        ),
        ("targets: [{chart: gone}]\n", "shared/base.yaml:1:19: there is no `Chart.yaml`"),
    ] {
        fs::write(root.path().join("shared/base.yaml"), text).unwrap();
        let wrong = run(&shop, &check);
        assert!(wrong.code == 2 && wrong.err.contains(expected), "{text}: {}", wrong.err);
    }
}

#[test]
fn excluded_files_are_not_read_and_counted() {
    let bad = "services:\n  a:\n    image: x:1\n    image: y:1\n";
    let root = folder(&[
        ("compose.yaml", "services: {web: {image: 'nginx:1.29'}}\n"),
        ("old/compose.yaml", bad),
        ("app/fixtures/deep/compose.yaml", bad),
        ("plimsoll.yaml", "exclude: [old/**, fixtures]\n"),
        (".git/HEAD", ""),
    ]);
    let select = ["check", "--select", "PLM002"];
    let all = run(root.path(), &select);
    assert_eq!(all.code, 0, "{}", all.out);
    assert!(all.out.contains("; 2 files excluded"), "{}", all.out);
    for folder in ["old", "app"] {
        let below = run(&root.path().join(folder), &select);
        assert_eq!((below.code, below.out.as_str()), (2, ""), "nothing was read: {}", below.err);
        assert!(below.err.contains("the configuration excludes `"), "from above: {}", below.err);
    }
    fs::write(root.path().join("old/plimsoll.yaml"), "nonsense: 1\n").unwrap();
    let silent = run(root.path(), &["check", "--select", "PLM002,PLM008"]);
    assert!(silent.code == 0 && silent.out.starts_with("no findings"), "it has no say: {silent:?}");
    fs::remove_file(root.path().join("old/plimsoll.yaml")).unwrap();
    let named = run(root.path(), &[&select[..], &["old/compose.yaml"]].concat());
    let warning = "warning: old/compose.yaml: the configuration excludes this file";
    assert!(named.code == 0 && named.err.contains(warning), "hooks name any file: {}", named.err);
    let above = root.path().parent().unwrap();
    let name = root.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(run(above, &[&select[..], &[name]].concat()).code, 0, "from outside");
    fs::remove_file(root.path().join("plimsoll.yaml")).unwrap();
    assert_eq!(run(root.path(), &select).code, 1);
}

#[test]
fn overrides_are_for_files_and_fail_on_decides_about_the_exit_code() {
    let compose = format!("services:\n{}", service("web", MOUNT));
    let root = folder(&[
        ("a/compose.yaml", &compose),
        ("b/compose.yaml", &compose),
        ("c/compose.yaml", &compose),
        (
            "plimsoll.yaml",
            "fail-on: warning\nroles: {}\nrules: {PLM309: warning}\noverrides:\n\
             - {files: [b, c/**], rules: {PLM309: off}}\n\
             - {files: 'c/*.yaml', rules: {machine-specific-path: error}}\n",
        ),
    ]);
    let report = run(root.path(), &["check", "--select", "PLM309", "--format", "json"]);
    assert_eq!(report.code, 1);
    let report: Value = serde_json::from_str(&report.out).unwrap();
    let levels: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["path"].as_str().unwrap(), it["severity"].as_str().unwrap()))
        .collect();
    assert_eq!(levels, [("a/compose.yaml", "warning"), ("c/compose.yaml", "error")]);
    let code = |arguments: &[&str]| run(root.path(), arguments).code;
    assert_eq!(code(&["check", "a", "--select", "PLM309"]), 1, "the configuration says warning");
    assert_eq!(code(&["check", "a", "--select", "PLM309", "--fail-on", "error"]), 0);
    assert_eq!(code(&["check", "--select", "PLM309", "--fail-on", "never"]), 0);
}

#[test]
fn the_nearest_configuration_rules_its_folder() {
    let compose = format!("services:\n{}", service("web", MOUNT));
    let root = folder(&[
        ("a/compose.yaml", &compose),
        ("b/compose.yaml", &compose),
        ("plimsoll.yaml", "rules: {PLM309: off}\n"),
        ("b/plimsoll.yaml", "rules: {PLM309: error}\n"),
    ]);
    let check = ["check", "--select", "PLM309"];
    assert_eq!(found(root.path(), &check).len(), 1);
    let all = run(root.path(), &check);
    assert!(all.code == 1 && all.out.starts_with("b/compose.yaml:"), "{}", all.out);
    assert_eq!(run(&root.path().join("b"), &check).code, 1);
    assert_eq!(run(&root.path().join("a"), &check).code, 0);
}

#[test]
fn a_configuration_rules_nothing_beside_its_folder_wherever_the_command_runs() {
    let compose = format!("services:\n{}", service("web", MOUNT));
    let root = folder(&[
        ("plimsoll.yaml", "rules: {PLM309: error}\n"),
        ("a/sub/plimsoll.yaml", "rules: {PLM309: off}\n"),
        ("a/sub/compose.yaml", &compose),
        ("a/compose.yaml", &compose),
        (".git/HEAD", ""),
    ]);
    let check = ["check", "--select", "PLM309"];
    let at =
        |folder: &str, more: &[&str]| run(&root.path().join(folder), &[&check[..], more].concat());
    let all = at("", &[]);
    assert!(all.out.starts_with("a/compose.yaml:4:15 error"), "{}", all.out);
    let below = at("a", &[]);
    assert!(below.out.starts_with("compose.yaml:4:15 error"), "from above: {}", below.out);
    assert!(below.out.contains("1 error in "), "{}", below.out);
    assert_eq!(at("a/sub", &[]).code, 0);
    assert_eq!(at("", &["a/sub"]).code, 0);
    let two = at("a/sub", &[".", "../compose.yaml"]);
    assert!(two.out.starts_with("../compose.yaml:4:15 error"), "{}{}", two.out, two.err);
    fs::remove_file(root.path().join("plimsoll.yaml")).unwrap();
    let alone = at("", &[]);
    assert!(alone.out.starts_with("a/compose.yaml:4:15 warning"), "{}", alone.out);
}

#[test]
fn a_configuration_extends_others() {
    let compose = format!("services:\n{}", service("web", MOUNT));
    let root = folder(&[
        ("shared/base.yaml", "rules: {PLM309: off}\n"),
        ("app/plimsoll.yaml", "extends: ../shared/base.yaml\n"),
        ("app/compose.yaml", &compose),
        ("loud/plimsoll.yaml", "extends: [../app/plimsoll.yaml]\nrules: {PLM309: error}\n"),
        ("loud/compose.yaml", &compose),
    ]);
    let check = ["check", "--select", "PLM309"];
    let all = run(root.path(), &check);
    assert!(all.code == 1 && all.out.starts_with("loud/compose.yaml:"), "{}{}", all.out, all.err);
    assert_eq!(found(root.path(), &check).len(), 1);
    let alone = run(&root.path().join("app"), &check);
    assert_eq!(alone.code, 0, "what is extended lies outside of the folder: {}", alone.err);
    fs::write(root.path().join("shared/base.yaml"), "rules: {PLM3O9: off}\n").unwrap();
    let wrong = run(root.path(), &check);
    assert!(
        wrong.code == 2 && wrong.err.contains("shared/base.yaml:1:9: `PLM3O9`"),
        "{}",
        wrong.err
    );
    fs::remove_file(root.path().join("shared/base.yaml")).unwrap();
    let missing = run(root.path(), &check);
    assert!(missing.code == 2 && missing.err.contains("a configuration extends this file"));
}

#[test]
fn init_writes_a_configuration_that_is_understood_and_never_overwrites() {
    let compose = format!("services:\n{}", service("web", MOUNT));
    let root = folder(&[
        ("compose.yaml", &compose),
        ("charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        ("charts/web/templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
        ("base/kustomization.yaml", "resources: [a.yaml]\n"),
        ("base/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
        ("overlays/prod/kustomization.yaml", "resources: [../../base]\n"),
    ]);
    let file = root.path().join("plimsoll.yaml");
    let before = found(root.path(), &["check"]);
    let init = run(root.path(), &["init"]);
    assert_eq!(init.code, 0, "{}", init.err);
    let text = fs::read_to_string(&file).unwrap();
    for expected in
        ["#  compose.yaml: ", "#  - chart: charts/web\n", "#  PLM", "#fail-on: warning\n"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(text.contains("#  - kustomization: overlays/prod\n"), "{text}");
    assert!(!text.contains("kustomization: base"), "a base is no target: {text}");
    assert_eq!(found(root.path(), &["check"]), before, "comments change nothing");
    // Every setting in it is understood.
    let uncommented: String = text
        .lines()
        .filter(|line| line.starts_with("#  ") || !line.starts_with("# ") && *line != "#")
        .map(|line| format!("{}\n", line.strip_prefix('#').unwrap_or(line)))
        .collect();
    fs::write(&file, &uncommented).unwrap();
    let check = run(root.path(), &["check", "--fail-on", "never"]);
    assert_eq!((check.code, check.err.as_str()), (0, ""), "{uncommented}");
    let again = run(root.path(), &["init"]);
    assert!(again.code == 2 && again.err.contains("is there already"), "{}", again.err);
    assert_eq!(fs::read_to_string(&file).unwrap(), uncommented);
    assert_eq!(run(&root.path().join("charts/web/templates"), &["init", "nowhere"]).code, 2);
}
