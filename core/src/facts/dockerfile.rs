//! Dockerfiles of the project, as far as they say what an image contains and how it starts.
//!
//! Source: Docker documentation, "Dockerfile reference".

use super::Service;
use crate::text::{name_of, normalise_path};
use std::ops::Range;

/// An instruction, continued lines joined.
struct Instruction<'t> {
    keyword: &'t str,
    arguments: String,
    /// The first line, without the space around it.
    range: Range<usize>,
}

/// The words of an `ENTRYPOINT` or `CMD`.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// What is run: in shell form `sh`, `-c` and the text.
    pub words: Vec<String>,
    pub is_shell: bool,
    /// The first line of the instruction.
    pub range: Range<usize>,
}

impl Words {
    /// Returns the name of the program, or an option that belongs to an entrypoint.
    pub(super) fn first(&self) -> &str {
        match self.is_shell {
            true => self.words[2].split_whitespace().next().unwrap_or_default(),
            false => self.words.first().map_or("", String::as_str),
        }
    }
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
    /// The first line of that HEALTHCHECK.
    pub health_range: Range<usize>,
    /// The last `ENTRYPOINT` and `CMD`, of this stage or of an earlier one that it starts from.
    pub entrypoint: Option<Words>,
    pub command: Option<Words>,
    /// The `FROM` of the stage.
    pub from: Range<usize>,
    /// The `FROM` that names the base: that of the stage, or of the earlier one that it starts from.
    pub base_from: Range<usize>,
    /// Whether the `CMD` stands in this stage.
    has_own_command: bool,
    /// The working directory; empty where nothing sets it.
    pub directory: String,
    /// Absolute paths in the image that files are copied to, those of other stages included.
    pub filled: Vec<String>,
    /// The variables that `ENV` sets, those of the stages that it starts from included, with their values.
    pub variables: Vec<(String, String)>,
    /// What is copied from the build context: its path there, which is empty for the context itself, and its
    /// absolute path in the image.
    pub copied: Vec<(String, String)>,
}

impl Stage {
    /// Returns the words that the stage starts, and the line that names the program.
    pub(super) fn start(&self) -> Option<(Vec<String>, Range<usize>)> {
        match (&self.entrypoint, &self.command) {
            (Some(entrypoint), Some(command)) => {
                let words = entrypoint.words.iter().chain(&command.words).cloned().collect();
                Some((words, entrypoint.range.clone()))
            }
            (entrypoint, command) => {
                let it = entrypoint.as_ref().or(command.as_ref())?;
                Some((it.words.clone(), it.range.clone()))
            }
        }
    }

    /// Returns the paths in the build context that a file of the image may come from, the last copy first.
    pub(super) fn sources_of(&self, path: &str) -> impl Iterator<Item = String> {
        let from = |(source, to): &(String, String)| {
            let is_file =
                path == to || path == normalise_path(&format!("{to}/{}", name_of(source)));
            match path.strip_prefix(to.trim_end_matches('/')).and_then(|it| it.strip_prefix('/')) {
                Some(below) if !is_file => Some(normalise_path(&format!("{source}/{below}"))),
                Some(below) if source.is_empty() => Some(below.to_owned()),
                _ => is_file.then(|| source.clone()),
            }
        };
        let found: Vec<String> = self.copied.iter().rev().filter_map(from).collect();
        found.into_iter().map(|it| it.trim_start_matches('/').to_owned())
    }
}

/// Returns the stage that the build of a service ends with, with the arguments that the build is given. One
/// without a value takes that of the project's `.env` file. `text` is the Dockerfile of the service, which is read once.
pub(super) fn built_stage<'s>(text: &str, service: &'s Service<'_>) -> Option<&'s Stage> {
    service.stage.get_or_init(|| read_built_stage(text, service)).as_ref()
}

fn read_built_stage(text: &str, service: &Service<'_>) -> Option<Stage> {
    let build = service.model.build.as_ref()?;
    let of_project = |name: &str| {
        let mut variables = service.project.dot_env.iter();
        variables.find(|it| it.name.as_str() == name).and_then(|it| it.value.as_ref())
    };
    let given = |name: &str| {
        let argument = build.args.iter().find(|it| it.key.as_str() == name)?;
        argument.value.as_ref().or_else(|| of_project(name)).map(|it| it.value.to_string())
    };
    stage_of(text, build.target.as_ref().map(|it| it.as_str()), &given)
}

/// Returns the stage that a build without arguments ends with: the one called `target`, or the last.
pub(super) fn final_stage(text: &str, target: Option<&str>) -> Option<Stage> {
    stage_of(text, target, &|_| None)
}

fn stage_of(
    text: &str,
    target: Option<&str>,
    given: &dyn Fn(&str) -> Option<String>,
) -> Option<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut arguments: Vec<(String, String)> = Vec::new();
    for Instruction { keyword, arguments: rest, range } in instructions(text) {
        let is = |word: &str| keyword.eq_ignore_ascii_case(word);
        if is("ARG") && stages.is_empty() {
            let (name, default) = match rest.split_once('=') {
                Some((name, default)) => (name.trim(), Some(default)),
                None => (rest.trim(), None),
            };
            let default = default.map(|it| it.trim().trim_matches(['"', '\'']).to_owned());
            arguments.extend(given(name).or(default).map(|value| (name.to_owned(), value)));
        } else if is("FROM") {
            let mut stage = start(&rest, &stages, &arguments);
            if stage.base_from.is_empty() {
                stage.base_from = range.clone();
            }
            stages.push(Stage { from: range.clone(), ..stage });
        }
        let from_stage = match is("COPY") {
            true => copied_from_stage(&rest, &stages),
            false => Vec::new(),
        };
        let Some(stage) = stages.last_mut() else { continue };
        if is("ENV") {
            stage.variables.extend(assigned(&rest));
        } else if is("WORKDIR") {
            stage.directory = in_directory(&stage.directory, &rest);
        } else if is("COPY") || is("ADD") {
            if let Some(target) = target_of_copy(&rest, &stage.directory) {
                let sources = copied(&rest).into_iter();
                stage.copied.extend(sources.map(|source| (source, target.clone())));
                for (source, below) in from_stage {
                    stage.copied.push((source, normalise_path(&format!("{target}/{below}"))));
                }
                stage.filled.push(target);
            }
        } else if is("HEALTHCHECK") {
            stage.healthcheck = Some(!rest.trim().eq_ignore_ascii_case("NONE"));
            stage.health_range = range;
        } else if is("ENTRYPOINT") {
            stage.entrypoint = Some(words_of(&rest, range));
            // An ENTRYPOINT resets the CMD that the stage has from its base.
            if !stage.has_own_command {
                stage.command = None;
            }
        } else if is("CMD") {
            stage.command = Some(words_of(&rest, range));
            stage.has_own_command = true;
        }
    }
    match target {
        Some(target) => stages
            .into_iter()
            .find(|it| it.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(target))),
        None => stages.pop(),
    }
}

/// Returns the variables of an `ENV`: `A=1 B="two words"`, or `A one two` for a single one.
///
/// Source: <https://docs.docker.com/reference/dockerfile/#env>
fn assigned(rest: &str) -> Vec<(String, String)> {
    let is_old_form = rest.split_whitespace().next().is_some_and(|it| !it.contains('='));
    if is_old_form {
        let pair = rest.trim().split_once(char::is_whitespace);
        return pair
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .into_iter()
            .collect();
    }
    let mut assigned = Vec::new();
    let mut word = String::new();
    let mut quote: Option<char> = None;
    for letter in rest.chars().chain([' ']) {
        match quote {
            Some(open) if letter == open => quote = None,
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            None if letter.is_whitespace() => {
                let pair = word.split_once('=');
                assigned.extend(pair.map(|(name, value)| (name.to_owned(), value.to_owned())));
                word.clear();
            }
            _ => word.push(letter),
        }
    }
    assigned
}

/// Returns the paths in the build context that any stage copies.
pub(super) fn copied_sources(text: &str) -> Vec<String> {
    let all = instructions(text).into_iter().filter(|it| {
        it.keyword.eq_ignore_ascii_case("COPY") || it.keyword.eq_ignore_ascii_case("ADD")
    });
    all.flat_map(|it| copied(&it.arguments)).collect()
}

/// Returns the absolute path in the image that a `COPY` writes to.
fn target_of_copy(rest: &str, directory: &str) -> Option<String> {
    let target = rest.split_whitespace().next_back()?;
    Some(in_directory(directory, target.trim_matches(['[', ']', '"', ',', '\''])))
}

/// Returns the paths that the arguments of a `COPY` take from the build context, which itself is an empty
/// path; none for files of another stage.
fn copied(rest: &str) -> Vec<String> {
    let is_option = |word: &&str| word.starts_with("--");
    if rest.split_whitespace().take_while(is_option).any(|it| it.starts_with("--from")) {
        return Vec::new();
    }
    let words: Vec<&str> = rest.split_whitespace().skip_while(is_option).collect();
    let trim = |word: &&str| word.trim_matches(['[', ']', '"', ',', '\'']).to_owned();
    let words: Vec<String> = words.iter().map(trim).filter(|it| !it.is_empty()).collect();
    let Some((_, sources)) = words.split_last() else { return Vec::new() };
    let is_local = |it: &&String| !it.contains("://") && !it.starts_with("<<");
    sources.iter().filter(is_local).map(|it| normalise_path(it.trim_start_matches('/'))).collect()
}

/// Returns what the arguments of a `COPY --from` take from an earlier stage that has it from the build context:
/// its path in the context, and its path below what is copied. Only what is copied as a whole counts, because
/// a folder within it may hold what the stage builds.
fn copied_from_stage(rest: &str, stages: &[Stage]) -> Vec<(String, String)> {
    let options = rest.split_whitespace().take_while(|it| it.starts_with("--"));
    let Some(from) = options.filter_map(|it| it.strip_prefix("--from=")).next() else {
        return Vec::new();
    };
    let is_meant = |at: usize, stage: &Stage| {
        let by_name = stage.name.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(from));
        by_name || from.parse() == Ok(at)
    };
    let Some(stage) = stages.iter().enumerate().find_map(|(at, it)| is_meant(at, it).then_some(it))
    else {
        return Vec::new();
    };
    let mut words: Vec<&str> = rest
        .split_whitespace()
        .skip_while(|it| it.starts_with("--"))
        .map(|it| it.trim_matches(['[', ']', '"', ',', '\'']))
        .filter(|it| !it.is_empty())
        .collect();
    words.pop();
    let mut found = Vec::new();
    for source in words.into_iter().map(|it| in_directory("", it)) {
        for (copied, to) in &stage.copied {
            let below = match *to == source {
                true => Some(""),
                false => to
                    .strip_prefix(source.trim_end_matches('/'))
                    .and_then(|below| below.strip_prefix('/')),
            };
            found.extend(below.map(|below| (copied.clone(), below.to_owned())));
        }
    }
    found
}

/// Returns a path in an image, which is relative to the working directory unless it is absolute.
fn in_directory(directory: &str, path: &str) -> String {
    let path = path.trim().trim_matches(['"', '\'']);
    match path.starts_with('/') {
        true => normalise_path(path),
        false => normalise_path(&format!("{directory}/{path}")),
    }
}

/// Whether a Dockerfile may put a program into the image: an instruction names it, or runs something
/// whose words are not in the file.
pub(super) fn may_bring(text: &str, program: &str) -> bool {
    let hides = |it: &str| {
        [".sh", "<<", "xargs", "$(", "`", "requirements.apt", "packages", "make "]
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
        Some(earlier) => Stage { name, has_own_command: false, ..earlier.clone() },
        None => Stage { name, base, ..Stage::default() },
    }
}

/// Fills the defaults of arguments into a reference: `mysql:${VERSION}`.
fn filled_in(text: &str, arguments: &[(String, String)]) -> String {
    arguments.iter().fold(text.to_owned(), |text, (name, default)| {
        text.replace(&format!("${{{name}}}"), default).replace(&format!("${name}"), default)
    })
}

/// Returns the words of the exec form, or those that run the shell form.
fn words_of(text: &str, range: Range<usize>) -> Words {
    let list = text.strip_prefix('[').and_then(|it| it.trim_end().strip_suffix(']'));
    let Some(list) = list else {
        let words = vec!["sh".to_owned(), "-c".to_owned(), text.to_owned()];
        return Words { words, is_shell: true, range };
    };
    // Between quotes stands a word, and between words a comma.
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = list.chars();
    while let Some(letter) = letters.next() {
        match (letter, &mut word) {
            ('"', None) => word = Some(String::new()),
            ('"', Some(_)) => words.extend(word.take()),
            ('\\', Some(text)) => text.extend(letters.next()),
            (letter, Some(text)) => text.push(letter),
            (_, None) => {}
        }
    }
    Words { words, is_shell: false, range }
}

fn instructions(text: &str) -> Vec<Instruction<'_>> {
    let mut found: Vec<Instruction<'_>> = Vec::new();
    let mut at = 0;
    let mut continues = false;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (content, goes_on) = match content.strip_suffix('\\') {
            Some(content) => (content.trim_end(), true),
            None => (content, false),
        };
        match found.last_mut().filter(|_| continues) {
            Some(instruction) => {
                instruction.arguments.push(' ');
                instruction.arguments.push_str(content);
            }
            None => {
                let (keyword, rest) =
                    content.split_once(char::is_whitespace).unwrap_or((content, ""));
                let indent = line.len() - line.trim_start().len();
                let range = start + indent..start + line.trim_end().len();
                found.push(Instruction { keyword, arguments: rest.trim().to_owned(), range });
            }
        }
        continues = goes_on;
    }
    found
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
        assert_eq!(stage.healthcheck, Some(true));
        assert!(stage.command.is_none());
        let stage = final_stage("FROM redis\nHEALTHCHECK NONE\n", None).expect("a stage");
        assert_eq!(stage.healthcheck, Some(false));
        let stage =
            final_stage("FROM redis\nENTRYPOINT [\"sh\", \"-c\"]\nCMD [\"run.sh\"]\n", None)
                .expect("a stage");
        assert_eq!(stage.entrypoint.map(|it| it.words), Some(vec!["sh".into(), "-c".into()]));
        assert_eq!(stage.command.map(|it| it.words), Some(vec!["run.sh".into()]));
    }

    fn started(text: &str, target: Option<&str>) -> Option<String> {
        final_stage(text, target)?.start().map(|it| it.0.join(" "))
    }

    #[test]
    fn the_last_stage_or_the_target_decides() {
        let text = "FROM node:22 AS dev\nCMD [\"npm\", \"run\", \"dev\"]\nFROM dev AS mid\nFROM nginx:1\nCMD nginx -g 'daemon off;'\n";
        assert_eq!(started(text, None).as_deref(), Some("sh -c nginx -g 'daemon off;'"));
        assert_eq!(started(text, Some("dev")).as_deref(), Some("npm run dev"));
        assert_eq!(started(text, Some("mid")).as_deref(), Some("npm run dev"));
        assert_eq!(started(text, Some("none")), None);
    }

    #[test]
    fn entrypoint_and_command_are_joined_over_several_lines() {
        let text = "# build\nfrom --platform=linux/amd64 python:3\nENTRYPOINT [\"python3\"]\ncmd [\"manage.py\", \\\n  # where\n  \"runserver\"]\n";
        assert_eq!(started(text, None).as_deref(), Some("python3 manage.py runserver"));
        let stage = final_stage(text, None).expect("a stage");
        let (_, range) = stage.start().expect("a start");
        assert_eq!(&text[range], "ENTRYPOINT [\"python3\"]");
        assert_eq!(started("FROM x\nRUN y\n", None), None);
        assert_eq!(started("", None), None);
    }

    #[test]
    fn an_entrypoint_resets_the_command_of_the_base_alone() {
        let text = "FROM node AS base\nCMD [\"npm\"]\nFROM base\nENTRYPOINT [\"serve\"]\n";
        assert_eq!(started(text, None).as_deref(), Some("serve"));
        let text = "FROM node\nCMD [\"--port\", \"80\"]\nENTRYPOINT [\"serve\"]\n";
        assert_eq!(started(text, None).as_deref(), Some("serve --port 80"));
    }
}
