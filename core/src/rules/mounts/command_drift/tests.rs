use super::RULE;
use crate::rules::testing::{findings, messages};

fn text(compose: &str, container: &str, pod: &str) -> String {
    format!(
        "# file: compose.yaml\nservices: {{a: {{image: 'acme/a:1', {compose}}}}}\n# file: k8s/a.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{{pod} containers: [{{name: a, image: 'acme/a:1', {container}}}]}}\n"
    )
}

fn drift(compose: &str, container: &str) -> Vec<String> {
    let all = findings(&RULE, &text(compose, container, ""));
    assert!(all.iter().all(|it| it.severity.name() == "info"));
    all.into_iter().map(|it| it.message.split_once(": ").map_or("", |it| it.1).to_owned()).collect()
}

#[test]
fn each_setting_on_one_side_only_is_a_drift() {
    for (compose, container, says) in [
        ("command: run", "", "the command is the image's own instead of `run`"),
        ("entrypoint: [run]", "", "the command is the image's own instead of `run`"),
        ("", "args: [run]", "the command is `run` instead of the image's own"),
        ("", "command: [run]", "the command is `run` instead of the image's own"),
        ("user: '1000'", "", "the user is the image's own instead of `1000`"),
        ("", "securityContext: {runAsUser: 7}", "the user is `7` instead of the image's own"),
        ("working_dir: /a", "", "the working directory is the image's own instead of `/a`"),
        ("", "workingDir: /b", "the working directory is `/b` instead of the image's own"),
    ] {
        assert_eq!(drift(compose, container), [says]);
    }
}

#[test]
fn long_commands_are_shown_where_they_differ() {
    let line = |last: &str| {
        format!(
            "[sh, -c, 'shop prepare --everything --that --is --needed --before && shop serve -b {last}']"
        )
    };
    let found = drift(
        &format!("command: {}", line("0.0.0.0:5000")),
        &format!("args: {}", line("0.0.0.0:8000")),
    );
    assert_eq!(found, ["the command is `… 0.0.0.0:8000` instead of `… 0.0.0.0:5000`"]);
}

#[test]
fn arguments_at_the_end_of_a_command_are_the_same() {
    let alone = "command: [--no-sandbox, --port=9222]";
    let whole = "command: [chromium, --headless, --no-sandbox, --port=9222]";
    assert!(drift(alone, whole).is_empty());
    assert_eq!(drift(alone, "command: [chromium, --headless, --port=9222]").len(), 1);
}

#[test]
fn different_values_are_a_drift_and_a_pair_is_one_finding() {
    assert_eq!(
        drift("command: run -a, user: root", "args: [run, -b], securityContext: {runAsUser: 7}"),
        ["the command has `-b` instead of `-a`, and the user is `7` instead of `root`"]
    );
}

#[test]
fn of_one_program_only_the_words_that_differ_are_shown() {
    for (compose, container, says) in [
        ("command: run -a -b", "args: [run, -a]", "the command lacks `-b`"),
        ("command: run -a", "args: [run, -a, -b, x]", "the command has `-b x` in addition"),
        ("command: --a=1", "args: [--a=2]", "the command has `--a=2` instead of `--a=1`"),
        ("command: start -a", "command: [/run, start, -b]", "the command has `-b` instead of `-a`"),
        (
            "command: -f a",
            "command: [/run], args: [-f, b]",
            "the command has `-f b` instead of `-f a`",
        ),
        ("command: run", "command: [walk]", "the command is `walk` instead of `run`"),
    ] {
        assert_eq!(drift(compose, container), [says]);
    }
}

#[test]
fn the_same_in_another_spelling_is_silent() {
    for (compose, container) in [
        ("command: run -a", "args: [run, -a]"),
        ("command: run -a", "command: [run, -a]"),
        ("entrypoint: run, command: -a", "command: [run], args: [-a]"),
        ("command: sh -c 'run -a'", "command: [run, -a]"),
        ("command: ./run --a=1 -b", "command: [/bin/run, -b, --a, '1']"),
        ("command: run $$PORT", "args: [run, $(PORT)]"),
        ("command: run ${PORT:-80}", "args: [run, '81']"),
        ("command: sh -c 'alembic upgrade head && run'", ""),
        ("", "command: [sh, -c, 'until nc -z db 5432; do sleep 1; done; run']"),
        ("user: '1000:1000'", "securityContext: {runAsUser: 1000}"),
        ("user: root", "securityContext: {runAsUser: 0}"),
        ("user: node", "securityContext: {runAsUser: 1000}"),
        ("user: '${UID}'", ""),
        ("working_dir: /a/", "workingDir: /a"),
        ("", ""),
    ] {
        assert!(drift(compose, container).is_empty(), "{compose} | {container}");
    }
    let pod = text("user: '7'", "", "securityContext: {runAsUser: 7},");
    assert!(messages(&RULE, &pod).is_empty());
}

#[test]
fn users_that_only_the_manifests_set_are_one_finding() {
    let pod = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: {name}, image: 'acme/{name}:1', securityContext: {{runAsUser: 7}}}}]}}\n"
        )
    };
    let text = format!(
        "# file: compose.yaml\nservices: {{a: {{image: 'acme/a:1'}}, b: {{image: 'acme/b:1'}}}}\n# file: k.yaml\n{}{}",
        pod("a"),
        pod("b")
    );
    let all = findings(&RULE, &text);
    assert_eq!(all.len(), 1);
    assert!(all[0].message.starts_with("`a`, `b` run as a user that the manifests set"));
    assert_eq!(all[0].check, ["docker compose exec a id", "kubectl exec pod/a -c a -- id"]);
}

#[test]
fn commands_for_development_are_another_rule_s() {
    assert!(drift("command: npm run dev", "").is_empty());
    assert!(drift("", "command: [nodemon, a.js]").is_empty());
    assert_eq!(drift("command: npm run dev, user: '5'", "").len(), 1);
}

#[test]
fn what_the_dockerfile_says_is_the_image_s_own() {
    let cluster = "# file: k8s/a.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'acme/a:1', command: [run, -a]}]}\n";
    let project = |start: &str| {
        format!(
            "# file: compose.yaml\nservices: {{a: {{build: ., image: 'acme/a:1'}}}}\n# file: Dockerfile\nFROM x\n{start}\n{cluster}"
        )
    };
    assert!(messages(&RULE, &project("CMD [\"run\", \"-a\"]")).is_empty());
    assert_eq!(messages(&RULE, &project("CMD [\"run\"]")).len(), 1);
    assert_eq!(messages(&RULE, &project("RUN x")).len(), 1);
}

#[test]
fn one_side_for_development_is_silent() {
    let both = text("command: run", "", "");
    assert_eq!(messages(&RULE, &both).len(), 1);
    assert!(messages(&RULE, &both.replace("compose.yaml", "compose.dev.yaml")).is_empty());
    assert!(messages(&RULE, &both.replace("k8s/a", "k8s/dev/a")).is_empty());
}
