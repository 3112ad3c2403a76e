//! Small Compose projects with the verdict of the real tool, and properties that must hold for any files.

#![expect(clippy::unwrap_used, reason = "a test may fail by a panic")]

mod common;

use common::compose_projects;
use plimsoll_core::model::compose::{ProblemKind, Project};
use plimsoll_core::text::{File, Span};
use plimsoll_core::{Options, analyze};

const CASES: &str = include_str!("compose_cases.txt");

struct Case {
    name: &'static str,
    refused: bool,
    /// Whether we refuse the project on purpose although the real tool accepts it.
    stricter: bool,
    files: Vec<(String, String)>,
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for case in CASES.split("\n=== ").skip(1) {
        let (head, rest) = case.split_once('\n').unwrap();
        let (name, verdict) = head.split_once(' ').unwrap();
        let refused = match verdict {
            "accepted" => false,
            "refused" | "stricter" => true,
            other => panic!("{name}: {other}"),
        };
        let mut files = Vec::new();
        for file in format!("\n{rest}").split("\n--- ").skip(1) {
            let (path, text) = file.split_once('\n').unwrap_or((file, ""));
            let text = match text.strip_suffix('␄') {
                Some(text) => text.to_owned(),
                None => format!("{text}\n"),
            };
            files.push((path.to_owned(), text.replace('␍', "\r")));
        }
        all.push(Case { name, refused, stricter: verdict == "stricter", files });
    }
    all
}

fn read<R>(files: &[(String, String)], then: impl FnOnce(&[File], Vec<Project>, bool) -> R) -> R {
    let files: Vec<File> =
        files.iter().map(|(path, text)| File::new(path, text.as_str())).collect();
    let (all, broken) = compose_projects(&files);
    then(&files, all, broken)
}

#[test]
fn we_refuse_what_the_real_tool_refuses_and_nothing_else() {
    let all = cases();
    assert!(all.len() > 400, "only {} cases were read", all.len());
    for case in all {
        read(&case.files, |_, projects, broken| {
            let Some(project) = projects.first() else { panic!("{}: no project", case.name) };
            let refused = broken || project.is_refused();
            assert_eq!(refused, case.refused, "{}: {:?}", case.name, project.problems);
        });
    }
}

/// Every refusal is a finding, unless what is missing may exist in the real project.
#[test]
fn every_refusal_is_a_finding_and_nothing_else_is() {
    for case in cases() {
        let elsewhere = read(&case.files, |_, projects, _| {
            projects[0].problems.iter().filter(|it| it.kind.is_refused()).any(|it| {
                it.kind.is_missing_file()
                    || it.kind == ProblemKind::RequiredVariable
                    || projects[0].is_interpolated(it.span)
            })
        });
        let files: Vec<File> =
            case.files.iter().map(|(path, text)| File::new(path, text.as_str())).collect();
        let report = analyze(&files, &Options::default());
        let found = |codes: &[&str]| report.findings.iter().any(|it| codes.contains(&it.code));
        if case.refused && !case.stricter && !elsewhere {
            let codes = [
                "PLM001", "PLM002", "PLM003", "PLM004", "PLM009", "PLM111", "PLM515", "PLM520",
                "PLM709", "PLM808", "PLM816",
            ];
            assert!(found(&codes), "{}: there is no finding", case.name);
        } else if !case.refused || case.stricter {
            assert!(!found(&["PLM009"]), "{}: {:?}", case.name, report.findings);
        }
    }
}

/// Checks that every span of a project is inside the text of its file, on character boundaries.
fn check_places(files: &[File], projects: &[Project], what: &str) {
    let check = |span: Span| {
        let text = &files[span.file.index()].text;
        assert!(text.get(span.range()).is_some(), "{what}: {span:?} is outside its file");
    };
    for project in projects {
        project.problems.iter().for_each(|it| check(it.span));
        project.unknown_keys.iter().for_each(|it| check(it.entry));
        for it in &project.variables {
            check(it.span);
            check(it.scalar);
        }
        for service in &project.services {
            check(service.name.span);
            check(service.span);
            service.keys.iter().for_each(|it| check(it.entry));
            service.places.iter().for_each(|it| check(it.span));
            for it in &service.environment {
                check(it.span);
                check(it.name.span);
                it.value.iter().for_each(|it| check(it.span));
            }
            for it in service.command.iter().flat_map(|it| &it.words) {
                check(it.span);
            }
            for it in &service.ports {
                check(it.span);
                check(it.target.span);
                it.published.iter().for_each(|it| check(it.span));
            }
            for it in &service.volumes {
                check(it.span);
                check(it.target.span);
                it.source.iter().for_each(|it| check(it.span));
            }
            for it in service.dependencies() {
                check(it.span);
                check(it.service.span);
            }
        }
    }
}

#[test]
fn every_span_is_inside_its_file() {
    for case in cases() {
        read(&case.files, |files, projects, _| check_places(files, &projects, case.name));
    }
}

/// A small random number generator with a fixed seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

#[test]
fn cut_and_spliced_files_never_cause_a_panic() {
    let all = cases();
    let mut numbers = Numbers(7);
    let boundary = |text: &str, at: usize| text.floor_char_boundary(at);
    for round in 0..1500 {
        let case = &all[numbers.below(all.len())];
        let other = &all[numbers.below(all.len())];
        let mut files = case.files.clone();
        let at = numbers.below(files.len());
        let donor = &other.files[numbers.below(other.files.len())].1;
        let (from, to) = (numbers.below(donor.len() + 1), numbers.below(donor.len() + 1));
        let piece = &donor[boundary(donor, from.min(to))..boundary(donor, from.max(to))];
        let text = &mut files[at].1;
        let (start, end) = (numbers.below(text.len() + 1), numbers.below(text.len() + 1));
        let range = boundary(text, start.min(end))..boundary(text, start.max(end));
        match round % 3 {
            0 => text.replace_range(range, ""),
            1 => text.insert_str(range.start, piece),
            _ => text.replace_range(range, piece),
        }
        read(&files, |files, projects, _| {
            check_places(files, &projects, &format!("round {round}"))
        });
    }
}

fn kinds(project: &Project) -> Vec<ProblemKind> {
    project.problems.iter().map(|it| it.kind).collect()
}

fn alone(text: String) -> Vec<(String, String)> {
    vec![("compose.yaml".to_owned(), text)]
}

#[test]
fn aliases_that_multiply_are_stopped() {
    let mut text = "x-a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        let items = [before.as_str(); 9].join(", ");
        text.push_str(&format!("x-a{level}: &a{level} [{items}]\n"));
    }
    text.push_str("services: {a: {image: x, x-all: *a11}}\n");
    read(&alone(text), |_, projects, _| {
        assert_eq!(projects[0].services.len(), 1);
        assert_eq!(kinds(&projects[0]), [ProblemKind::Limit]);
    });
}

#[test]
fn long_chains_of_extends_are_stopped() {
    let mut text = "services:\n  s0: {image: x}\n".to_owned();
    for at in (1..5000).rev() {
        text.push_str(&format!("  s{at}: {{extends: s{}}}\n", at - 1));
    }
    read(&alone(text), |_, projects, _| assert_eq!(projects[0].services.len(), 5000));
}

#[test]
fn a_large_template_of_many_services_is_stopped() {
    let mut text = "services:\n  base:\n    image: x\n    labels:\n".to_owned();
    for at in 0..5000 {
        text.push_str(&format!("      l{at}: v\n"));
    }
    for at in 0..2000 {
        text.push_str(&format!("  s{at}: {{extends: base}}\n"));
    }
    read(&alone(text), |_, projects, _| {
        assert_eq!(projects[0].services.len(), 2001);
        assert_eq!(kinds(&projects[0]), [ProblemKind::Limit]);
    });
}
