//! Every key of the Compose Specification with every shape of value: Plimsoll refuses what the real tool refuses
//! and nothing else. `compose_values.txt` has the verdicts.

#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod common;

use common::compose_projects;
use plimsoll_core::File;
use std::collections::BTreeMap;

const TABLE: &str = include_str!("compose_values.txt");

const BESIDE: &[(&str, &str)] = &[
    ("Dockerfile", "FROM x\n"),
    ("f.env", "A=1\n"),
    ("other.yaml", "services: {b: {image: y}}\n"),
];

/// Where an object stands in a project, and the keys that it needs.
struct Object {
    project: &'static str,
    keys: Vec<(&'static str, &'static str)>,
}

impl Object {
    /// Returns a project in which the object has one more key, or another value of one.
    fn with(&self, key: &str, value: &str) -> String {
        let mut keys = self.keys.clone();
        keys.retain(|it| it.0 != key);
        keys.push((key, value));
        let entries: Vec<String> =
            keys.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        self.project.replace('@', &format!("{{{}}}", entries.join(", ")))
    }
}

fn objects() -> BTreeMap<&'static str, Object> {
    let lines = TABLE.lines().filter_map(|line| line.strip_prefix("object "));
    let read = |line: &'static str| {
        let (name, rest) = line.split_once(' ').unwrap();
        let (project, keys) = rest.split_once(" |").unwrap();
        // No value of these keys has a comma.
        let keys = keys.trim().split(", ").filter_map(|it| it.split_once(": ")).collect();
        (name, Object { project, keys })
    };
    lines.map(read).collect()
}

fn values() -> Vec<&'static str> {
    let lines = TABLE.lines().filter_map(|line| line.strip_prefix("value "));
    lines.map(|line| line.split_once(' ').unwrap().1).collect()
}

fn is_refused(compose: &str) -> bool {
    let mut files = vec![File::new("compose.yaml", compose)];
    files.extend(BESIDE.iter().map(|(path, text)| File::new(*path, *text)));
    let (projects, is_broken) = compose_projects(&files);
    is_broken || projects.first().unwrap().is_refused()
}

/// A project with the verdict of the table.
struct Case {
    text: String,
    is_refused: bool,
}

/// Returns a project for each value of each key, except for those that crash the real tool.
fn cases() -> Vec<Case> {
    let (objects, values) = (objects(), values());
    let mut all = Vec::new();
    for line in TABLE.lines() {
        let Some((place, marks)) = line.strip_prefix("key ").and_then(|it| it.split_once(' '))
        else {
            continue;
        };
        let (object, key) = place.split_once('.').unwrap();
        let marks = marks.trim();
        assert_eq!(marks.len(), values.len(), "{line}");
        for (value, mark) in values.iter().zip(marks.chars()) {
            let is_refused = match mark {
                '+' => false,
                '-' => true,
                '!' => continue,
                other => panic!("{line}: {other}"),
            };
            all.push(Case { text: objects[object].with(key, value), is_refused });
        }
    }
    assert!(all.len() > 7000, "only {} values were read", all.len());
    all
}

/// Fails with the cases in which somebody says something else than the table.
fn compare(who: &str, cases: &[Case], different: &[&Case]) {
    let shown: Vec<String> = different
        .iter()
        .map(|case| {
            format!("{} {}", if case.is_refused { "refused" } else { "accepted" }, case.text)
        })
        .collect();
    println!("{who}: {} of {} as in the table", cases.len() - shown.len(), cases.len());
    assert!(shown.is_empty(), "{who} differs from these lines:\n{}", shown.join("\n"));
}

#[test]
fn every_value_of_every_key_is_refused_or_accepted_as_by_the_real_tool() {
    let cases = cases();
    let different: Vec<&Case> =
        cases.iter().filter(|case| is_refused(&case.text) != case.is_refused).collect();
    compare("Plimsoll", &cases, &different);
}

/// `cargo xtask oracle values` runs this test.
#[test]
#[ignore = "asks docker-compose some 7,400 times"]
fn the_real_tool_says_what_the_table_says() {
    let cases: &'static [Case] = cases().leak();
    let threads = std::thread::available_parallelism().unwrap().get();
    let folder = std::env::temp_dir().join(format!("plimsoll-values-{}", std::process::id()));
    let folder = &folder;
    let asked = move |thread: usize, some: &'static [Case]| -> Vec<&'static Case> {
        let folder = folder.join(thread.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        for (path, text) in BESIDE {
            std::fs::write(folder.join(path), text).unwrap();
        }
        let refuses = |case: &Case| {
            std::fs::write(folder.join("compose.yaml"), &case.text).unwrap();
            let mut command = std::process::Command::new("docker-compose");
            let path = std::env::var_os("PATH").unwrap_or_default();
            command.current_dir(&folder).env_clear().env("HOME", &folder).env("PATH", path);
            let output = command.args(["-f", "compose.yaml", "config", "--quiet"]).output();
            !output.expect("`cargo xtask setup` installs docker-compose").status.success()
        };
        some.iter().filter(|case| refuses(case) != case.is_refused).collect()
    };
    let different = std::thread::scope(|scope| {
        let chunks = cases.chunks(cases.len().div_ceil(threads)).enumerate();
        let running: Vec<_> =
            chunks.map(|(thread, some)| scope.spawn(move || asked(thread, some))).collect();
        running.into_iter().flat_map(|it| it.join().unwrap()).collect::<Vec<_>>()
    });
    std::fs::remove_dir_all(folder).unwrap();
    compare("docker-compose", cases, &different);
}
