//! Dockerfiles of the project, as far as they say what an image contains and how it starts.
//!
//! Source: Docker documentation, "Dockerfile reference".

/// An instruction, continued lines joined.
struct Instruction<'t> {
    keyword: &'t str,
    arguments: String,
}

/// A stage of a Dockerfile.
#[derive(Debug, Default, Clone)]
pub(super) struct Stage {
    /// The name after `AS`.
    name: Option<String>,
    /// The image that the stage starts from, through earlier stages, with the defaults of arguments
    /// filled in.
    pub base: String,
    /// Whether the stage, or an earlier one that it starts from, has a HEALTHCHECK; `Some(false)` for
    /// `HEALTHCHECK NONE`.
    pub healthcheck: Option<bool>,
    /// The words of its own `ENTRYPOINT` and `CMD`, brackets and quotes removed.
    pub entrypoint: Option<String>,
    pub command: Option<String>,
}

/// Returns the stage that a build ends with: the one called `target`, or the last.
pub(super) fn final_stage(text: &str, target: Option<&str>) -> Option<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut arguments: Vec<(String, String)> = Vec::new();
    for Instruction { keyword, arguments: rest } in instructions(text) {
        let is = |word: &str| keyword.eq_ignore_ascii_case(word);
        if is("ARG") && stages.is_empty() {
            arguments.extend(rest.split_once('=').map(|(name, default)| {
                (name.trim().to_owned(), default.trim().trim_matches(['"', '\'']).to_owned())
            }));
        } else if is("FROM") {
            let stage = start(&rest, &stages, &arguments);
            stages.push(stage);
        }
        let Some(stage) = stages.last_mut() else { continue };
        if is("HEALTHCHECK") {
            stage.healthcheck = Some(!rest.trim().eq_ignore_ascii_case("NONE"));
        } else if is("ENTRYPOINT") {
            stage.entrypoint = Some(plain_words(&rest));
            // An ENTRYPOINT resets the CMD of the base image.
            stage.command = None;
        } else if is("CMD") {
            stage.command = Some(plain_words(&rest));
        }
    }
    match target {
        Some(target) => stages
            .into_iter()
            .find(|it| it.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(target))),
        None => stages.pop(),
    }
}

/// Whether a Dockerfile may put a program into the image: an instruction names it, or runs something
/// whose words are not in the file.
pub(super) fn may_bring(text: &str, program: &str) -> bool {
    let hides = |it: &str| {
        [".sh", "xargs", "$(", "`", "requirements.apt", "packages", "make "]
            .iter()
            .any(|word| it.contains(word))
    };
    let names = |it: &str| {
        let is_part = |letter: char| !letter.is_ascii_alphanumeric() && letter != '_';
        it.split(is_part).any(|it| it == program)
    };
    instructions(text).iter().any(|it| {
        let is = |word: &str| it.keyword.eq_ignore_ascii_case(word);
        let arguments = it.arguments.as_str();
        is("RUN") && (names(arguments) || hides(arguments))
            || (is("COPY") || is("ADD")) && (names(arguments) || arguments.contains("busybox"))
    })
}

/// Starts a stage from the arguments of its `FROM`.
fn start(rest: &str, stages: &[Stage], arguments: &[(String, String)]) -> Stage {
    let mut words = rest.split_whitespace().filter(|it| !it.starts_with("--"));
    let base = filled_in(words.next().unwrap_or_default(), arguments);
    let name = words.nth(1).map(str::to_owned);
    let named = |it: &&Stage| it.name.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(&base));
    match stages.iter().find(named) {
        Some(earlier) => Stage { name, ..earlier.clone() },
        None => Stage { name, base, ..Stage::default() },
    }
}

/// Fills the defaults of arguments into a reference: `mysql:${VERSION}`.
fn filled_in(text: &str, arguments: &[(String, String)]) -> String {
    arguments.iter().fold(text.to_owned(), |text, (name, default)| {
        text.replace(&format!("${{{name}}}"), default).replace(&format!("${name}"), default)
    })
}

/// Returns the words of a shell or exec form as plain text.
fn plain_words(text: &str) -> String {
    let parts = text.split(['[', ']', ',', '"', ' ', '\t']).filter(|it| !it.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}

fn instructions(text: &str) -> Vec<Instruction<'_>> {
    let mut out: Vec<Instruction<'_>> = Vec::new();
    let mut continued = false;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let (line, goes_on) = match line.strip_suffix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        match out.last_mut().filter(|_| continued) {
            Some(instruction) => {
                instruction.arguments.push(' ');
                instruction.arguments.push_str(line);
            }
            None => {
                let (keyword, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
                out.push(Instruction { keyword, arguments: rest.trim().to_owned() });
            }
        }
        continued = goes_on;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str, target: Option<&str>) -> Option<String> {
        final_stage(text, target).map(|it| it.base)
    }

    #[test]
    fn the_last_from_counts_through_earlier_stages() {
        assert_eq!(base("FROM mysql:5.7\n", None).as_deref(), Some("mysql:5.7"));
        assert_eq!(
            base("FROM node AS build\nRUN x\nFROM --platform=$P nginx:1.27 AS web\n", None)
                .as_deref(),
            Some("nginx:1.27")
        );
        assert_eq!(base("FROM postgres:17 AS db\nFROM db\n", None).as_deref(), Some("postgres:17"));
        let two = "FROM postgres:17 AS db\nFROM redis AS cache\n";
        assert_eq!(base(two, Some("DB")).as_deref(), Some("postgres:17"));
        assert_eq!(base(two, Some("web")), None);
        assert_eq!(
            base("ARG VERSION=8.4\nFROM mysql:${VERSION}\n", None).as_deref(),
            Some("mysql:8.4")
        );
        assert_eq!(base("# nothing\n", None), None);
    }

    #[test]
    fn what_a_dockerfile_may_bring() {
        let brings = |text| may_bring(text, "curl");
        assert!(brings(
            "FROM python:3.13-slim\nRUN apt-get update && apt-get install -y \\\n  curl\n"
        ));
        assert!(brings("FROM scratch\nCOPY --from=tools /usr/bin/curl /usr/bin/curl\n"));
        assert!(brings("FROM alpine\nRUN ./install.sh\n"));
        assert!(!brings("FROM python:3.13-slim\nRUN pip install -r requirements.txt\n"));
        assert!(!brings("FROM python:3.13-slim\nRUN apt-get install -y libcurl4 curlie\n"));
        assert!(!brings("FROM python:3.13-slim\nHEALTHCHECK CMD curl -f localhost\n"));
    }

    #[test]
    fn a_command_on_the_next_line_is_part_of_its_healthcheck() {
        let stage =
            final_stage("FROM redis\nHEALTHCHECK --interval=5s \\\n  CMD redis-cli ping\n", None)
                .expect("a stage");
        assert_eq!((stage.healthcheck, stage.command), (Some(true), None));
        let stage = final_stage("FROM redis\nHEALTHCHECK NONE\n", None).expect("a stage");
        assert_eq!(stage.healthcheck, Some(false));
        let stage =
            final_stage("FROM redis\nENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"run.sh\"]\n", None)
                .expect("a stage");
        assert_eq!(stage.entrypoint.as_deref(), Some("sh -c"));
        assert_eq!(stage.command.as_deref(), Some("run.sh"));
    }
}
