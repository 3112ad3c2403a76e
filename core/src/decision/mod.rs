//! How much platform the files ask for: signals with their evidence, six questions, an outcome.
//!
//! The decision never calls one tool more professional than another. It states what the files show,
//! what a person answered, and what would change the outcome.

mod checklists;
mod counted;
mod crossing;
mod outcome;
mod questions;
mod scale;
mod signals;

use crate::facts::Facts;
use crate::report::{Answer, AnsweredBy, Decision, Finding, Question};

/// Decides from the facts and the findings. `ran` holds the codes of the rules that took part.
pub fn decide(facts: &Facts<'_>, findings: &[Finding], ran: &[&str]) -> Decision {
    let counts = signals::Counts::of(facts);
    let mut questions = questions::answer(facts, &counts);
    if counts.is_empty() {
        questions.iter_mut().for_each(leave_to_person);
    }
    let mut decision = outcome::weigh(facts, &counts, &questions);
    decision.questions = questions;
    decision.checklists = checklists::both(facts, &counts, findings, ran);
    decision.crossing = crossing::table(facts);
    decision
}

/// Takes back what the absence of a system seems to say: files that show no system show neither what
/// it needs nor what it can do without.
fn leave_to_person(question: &mut Question) {
    question.evidence.retain(|it| it.by == AnsweredBy::Person);
    if question.evidence.is_empty() && question.by == AnsweredBy::Files {
        question.answer = Answer::Unknown;
        question.settled_by = vec!["the Compose or Kubernetes files of a single system"];
    }
}

#[cfg(test)]
mod cases;

#[cfg(test)]
mod tests {
    use crate::config::Downtime;
    use crate::report::{Answer, Decision, Platform, Today};
    use crate::{Config, File, Options, analyze};

    /// Returns the decision on a project with these paths and texts.
    pub fn decide_with(files: &[(&str, &str)], config: Config) -> Decision {
        let files: Vec<File> = files.iter().map(|(path, text)| File::new(*path, *text)).collect();
        analyze(&files, &Options { config, ..Options::default() }).decision
    }

    #[test]
    fn what_templates_hide_is_not_absent() {
        let files = [
            File::new("Chart.yaml", "apiVersion: v2\nname: a\nversion: 0.1.0\n"),
            File::new(
                "templates/a.yaml",
                "kind: Deployment\nspec:\n  replicas: {{ required \"replicas are wanted\" .Values.replicas }}\n",
            ),
            File::new("compose.yaml", "services: {a: {image: 'a:1', restart: always}}\n"),
        ];
        let decision = |files: &[File]| analyze(files, &Options::default()).decision;
        let whole = decision(&files);
        assert_eq!(whole.questions[1].answer, Answer::Unknown);
        assert!(whole.questions[1].settled_by.iter().any(|it| it.contains("plimsoll render")));
        assert_eq!((whole.today, whole.outcome.platform), (Today::Both, Platform::Either));
        assert_eq!(decision(&files[..2]).today, Today::Kubernetes);
        assert_eq!(decision(&files[2..]).outcome.platform, Platform::Compose);
    }

    #[test]
    fn nothing_is_decided_about_files_that_show_no_system() {
        let files = [File::new("notes.yaml", "just: text\n")];
        let report = analyze(&files, &Options::default());
        let decision = &report.decision;
        assert!(decision.questions.iter().all(|it| it.answer == Answer::Unknown));
        assert_eq!((decision.today, decision.outcome.platform), (Today::Unknown, Platform::Either));
        assert_eq!(decision.would_change.len(), 1 + 1, "{:?}", decision.would_change);
        let mut config = Config::default();
        config.answers.downtime = Some(Downtime::None);
        let answered = analyze(&files, &Options { config, ..Options::default() });
        assert_eq!(answered.decision.questions[0].answer, Answer::No);
    }
}
