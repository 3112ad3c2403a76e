use super::*;
use crate::syntax::parse;
use crate::text::FileId;
use std::sync::Arc;

#[test]
fn configurations_that_extend_themselves_and_each_other_come_to_an_end() {
    let tree = |text: &str| parse(FileId(0), &Arc::from(text), None).0;
    let many = "extends: [plimsoll.yaml, a.yaml, b.yaml, c.yaml]\nrules: {PLM801: off}\n";
    let names = ["plimsoll.yaml", "a.yaml", "b.yaml", "c.yaml"];
    let trees: Vec<(&str, Tree)> = names.map(|name| (name, tree(many))).into();
    let find = |path: &str| trees.iter().find(|it| it.0 == path).map(|it| &it.1);
    let own = Config::default();
    let config =
        Config::of_project([("plimsoll.yaml", &trees[0].1)].into_iter(), &find, &own, &|_| None);
    assert!(config.is_off(|selector| selector == "PLM801"));
}

/// Reads a configuration, and returns the messages of its problems too.
pub(super) fn read(text: &str) -> (Config, Vec<String>) {
    let (tree, _) = parse(FileId(0), &Arc::from(text), None);
    let (config, problems) = Config::read(&tree, &crate::rules::unknown);
    (config, problems.into_iter().map(|it| it.message).collect())
}

#[test]
fn every_key_is_read() {
    let (config, problems) = read(
        "role: production\nroles: {compose.dev.yaml: development}\nrules: {PLM001: warning, PLM0: off}\n\
         answers: {downtime: minutes}\nserver: {cpus: 8, memory: 32GiB}\n",
    );
    assert_eq!(problems, [""; 0]);
    assert_eq!(config.role, Some(Role::Production));
    assert_eq!(config.roles, [("compose.dev.yaml".to_owned(), Role::Development)]);
    assert_eq!(config.answers.downtime, Some(Downtime::Minutes));
    assert_eq!(config.server, Some(Server { cpus: 8.0, memory_bytes: 32.0 * 1073741824.0 }));
    let level = config.level("a.yaml", |selector| "PLM001".starts_with(selector));
    assert_eq!(level, Some(Level::Off), "the later setting wins");
}

#[test]
fn the_last_override_that_says_anything_about_a_rule_wins() {
    let (config, problems) = read(
        "rules: {PLM001: warning}\nfail-on: warning\nexclude: [old, 'k8s/*/test.yaml']\n\
         overrides:\n- {files: k8s/**, rules: {PLM0: off}, role: production}\n\
         - {files: ['k8s/dev', '*.local.yaml'], rules: {PLM001: info}, role: development}\n",
    );
    assert_eq!(problems, [""; 0]);
    let level = |path: &str| config.level(path, |selector| "PLM001".starts_with(selector));
    assert_eq!(level("compose.yaml"), Some(Level::Warning));
    assert_eq!(level("k8s/web.yaml"), Some(Level::Off));
    assert_eq!(level("k8s/dev/web.yaml"), Some(Level::Info));
    assert_eq!(level("a/b.local.yaml"), Some(Level::Info));
    assert_eq!(config.overridden_role("k8s/dev/web.yaml"), Some(Role::Development));
    assert_eq!(config.role_for("k8s/compose.yaml"), Some(Role::Production));
    assert_eq!(config.fail_on, Some(FailOn::Warning));
    assert!(config.excludes("a/old/b.yaml") && config.excludes("k8s/a/test.yaml"));
    assert!(!config.excludes("k8s/test.yaml"));
    assert!(!config.is_off(|selector| "PLM001".starts_with(selector)));
    let own = read("rules: {PLM0: error}").0;
    let level = |path: &str| config.clone().with(&own).level(path, |it| "PLM001".starts_with(it));
    assert_eq!(level("k8s/dev/web.yaml"), Some(Level::Error), "a caller's settings win");
}

#[test]
fn patterns_are_relative_to_the_folder_of_the_configuration() {
    let base = Base::new("/shop", "/shop/app");
    let config = read("exclude: [app/old/*]\noverrides: [{files: k8s/*, role: production}]").0;
    let config = Config { base: base.clone(), ..config.below("..", &base) };
    assert!(config.excludes("old/a.yaml") && config.excludes("/shop/app/old/a.yaml"));
    assert_eq!(config.overridden_role("../k8s/a.yaml"), Some(Role::Production));
    assert_eq!(config.overridden_role("k8s/a.yaml"), None);
}

#[test]
fn the_nearest_configuration_decides() {
    let parsed = |text: &str| parse(FileId(0), &Arc::from(text), None).0;
    let root = parsed(
        "role: production\nrules: {PLM001: off, PLM002: error}\noverrides: [{files: '*.yaml', rules: {PLM003: off}}]",
    );
    let nested = parsed(
        "role: development\nroles: {live.yaml: production}\nrules: {PLM001: info}\noverrides: [{files: k8s/*, rules: {PLM001: error}}]",
    );
    let gone = parsed("rules: {PLM001: off}");
    let own = Config::default();
    let files =
        [("app/plimsoll.yaml", &nested), ("plimsoll.yaml", &root), ("b/app/plimsoll.yaml", &gone)];
    let config = Config::of_project(files.into_iter(), &|_| None, &own, &crate::rules::unknown);
    let level = |path: &str, rule: &str| config.level(path, |selector| selector == rule);
    assert_eq!(level("a.yaml", "PLM001"), Some(Level::Off));
    assert_eq!(level("app/a.yaml", "PLM001"), Some(Level::Info));
    assert_eq!(level("app/k8s/a.yaml", "PLM001"), Some(Level::Error));
    assert_eq!(level("app/a.yaml", "PLM002"), None, "the one above has no say here");
    assert_eq!(level("app/a.yaml", "PLM003"), None);
    assert_eq!(level("b/a.yaml", "PLM003"), Some(Level::Off));
    assert!(!config.is_off(|selector| selector == "PLM001"));
    assert_eq!(config.role_for("compose.yaml"), Some(Role::Production));
    assert_eq!(config.role_for("app/compose.yaml"), Some(Role::Development));
    assert_eq!(config.role_for("app/x/live.yaml"), Some(Role::Production));
    assert_eq!(config.overridden_role("app/k8s/a.yaml"), None);
}

#[test]
fn what_is_extended_holds_unless_the_configuration_says_otherwise() {
    let parsed = |text: &str| parse(FileId(0), &Arc::from(text), None).0;
    let root = parsed("rules: {PLM003: error}");
    let nested = parsed("extends: ../shared/base.yaml\nrules: {PLM001: info}");
    let shared = parsed(
        "extends: base.yaml\nrules: {PLM001: off, PLM002: off}\noverrides: [{files: '*.yaml', rules: {PLM004: off}}]",
    );
    let files = [("plimsoll.yaml", &root), ("app/plimsoll.yaml", &nested)];
    let find = |path: &str| (path == "shared/base.yaml").then_some(&shared);
    let own = Config::default();
    let config = Config::of_project(files.into_iter(), &find, &own, &crate::rules::unknown);
    let level = |path: &str, rule: &str| config.level(path, |selector| selector == rule);
    assert_eq!(level("app/a.yaml", "PLM001"), Some(Level::Info));
    assert_eq!(level("app/a.yaml", "PLM002"), Some(Level::Off));
    assert_eq!(level("app/a.yaml", "PLM003"), None, "only what it extends is inherited");
    assert_eq!(level("shared/a.yaml", "PLM004"), Some(Level::Off), "patterns stay where they are");
    assert_eq!((level("a.yaml", "PLM001"), level("a.yaml", "PLM002")), (None, None));
}

#[test]
fn a_configuration_has_no_say_about_the_folders_beside_its_own() {
    let parsed = |text: &str| parse(FileId(0), &Arc::from(text), None).0;
    let app = parsed("rules: {PLM001: off}\nfail-on: warning");
    let own = Config { base: Base::new("/shop", "/shop/deploy"), ..Config::default() };
    let of = |path| {
        let files = [(path, &app)].into_iter();
        Config::of_project(files, &|_| None, &own, &crate::rules::unknown)
    };
    let level = |config: &Config, path| config.level(path, |selector| selector == "PLM001");
    let nested = of("app/plimsoll.yaml");
    assert_eq!(level(&nested, "app/a.yaml"), Some(Level::Off));
    assert_eq!(level(&nested, "web/a.yaml"), None);
    assert_eq!(nested.fail_on, Some(FailOn::Warning));
    assert_eq!(level(&of("../plimsoll.yaml"), "web/a.yaml"), Some(Level::Off));
    assert_eq!(level(&of("../other/plimsoll.yaml"), "web/a.yaml"), None);
}
