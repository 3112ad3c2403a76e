//! How much platform the files ask for: signals with their evidence, six questions, an outcome.
//!
//! The report never calls one tool more professional than another. It says what the files show,
//! what a person answered, and what would change the answer.

mod checklists;
mod crossing;
mod outcome;
mod questions;
mod signals;

use crate::facts::Facts;
use crate::report::{Answer, Decision, Finding, Question};

/// The decision report, from the facts and what the rules found. `ran` are the codes of the rules
/// that took part.
pub fn decide(facts: &Facts<'_>, findings: &[Finding], ran: &[&str]) -> Decision {
    let counts = signals::Counts::of(facts);
    let mut questions = questions::answer(facts, &counts);
    if counts.is_empty() {
        questions.iter_mut().for_each(unseen);
    }
    let mut decision = outcome::weigh(facts, &counts, &questions);
    decision.questions = questions;
    decision.checklists = checklists::both(facts, findings, ran);
    decision.crossing = crossing::table(facts);
    decision
}

/// Files that show no system show neither what it needs nor what it does without.
fn unseen(question: &mut Question) {
    question.evidence.retain(|it| it.fact.starts_with("a person"));
    if question.evidence.is_empty() && !question.by_person {
        question.answer = Answer::Unknown;
        question.settled_by = vec!["the Compose or Kubernetes files of one system"];
    }
}

#[cfg(test)]
mod tests {
    use crate::report::Answer;
    use crate::{Config, File, Options, analyze};

    #[test]
    fn what_templates_hide_is_not_absent() {
        let files = [
            File::new("Chart.yaml", "apiVersion: v2\nname: a\nversion: 0.1.0\n"),
            File::new(
                "templates/a.yaml",
                "kind: Deployment\nspec:\n{{- if .x }}\n  replicas: 9\n{{- end }}\n",
            ),
            File::new("compose.yaml", "services: {a: {image: 'a:1', restart: always}}\n"),
        ];
        let decision = |files: &[File]| analyze(files, &Options::default()).decision;
        let whole = decision(&files);
        assert_eq!(whole.questions[1].answer, Answer::Unknown);
        assert!(whole.questions[1].settled_by.iter().any(|it| it.contains("helm template")));
        assert_eq!((whole.today, whole.outcome.platform), ("both", "either"));
        assert_eq!(decision(&files[..2]).today, "kubernetes");
        assert_eq!(decision(&files[2..]).outcome.platform, "compose");
    }

    #[test]
    fn nothing_is_decided_about_files_that_show_no_system() {
        let files = [File::new("notes.yaml", "just: text\n")];
        let report = analyze(&files, &Options::default());
        let decision = &report.decision;
        assert!(decision.questions.iter().all(|it| it.answer == Answer::Unknown));
        assert_eq!((decision.today, decision.outcome.platform), ("unknown", "either"));
        assert_eq!(decision.would_change.len(), 1 + 1, "{:?}", decision.would_change);
        let config =
            Config { answers: vec![("downtime".into(), "none".into())], ..Config::default() };
        let told = analyze(&files, &Options { config, ..Options::default() });
        assert_eq!(told.decision.questions[0].answer, Answer::No);
    }
}
