//! The command that an image starts, as its Dockerfile says.

use super::{Facts, Service};
use crate::knowledge::shell::{Command, commands_of_argv};
use crate::text::Span;

/// The start command of an image that is built here.
#[derive(Debug, Clone)]
pub struct ImageStart {
    pub commands: Vec<Command>,
    /// The instruction in the Dockerfile that names the program.
    pub span: Span,
}

impl<'a> Facts<'a> {
    /// Returns what the image of a service starts, if its Dockerfile was handed over and says so.
    pub fn image_start(&self, service: &Service<'a>) -> Option<ImageStart> {
        let build = service.model.build.as_ref()?;
        let file = self.file(build.dockerfile_id?);
        let target = build.target.as_ref().map(|it| it.as_str());
        let (words, range) = start_of(file.text(), target)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let span = Span::new(file.id, range.0, range.1);
        Some(ImageStart { commands: commands_of_argv(&words), span })
    }
}

/// Words of an instruction, and the range of its first line.
type Instruction = (Vec<String>, (usize, usize));

/// What a stage of a Dockerfile starts.
#[derive(Debug, Clone, Default)]
struct Stage {
    name: String,
    entrypoint: Option<Instruction>,
    command: Option<Instruction>,
}

/// Returns the words that a stage, or else the last one, starts.
fn start_of(text: &str, target: Option<&str>) -> Option<Instruction> {
    let mut stages: Vec<Stage> = Vec::new();
    for (instruction, rest, range) in instructions(text) {
        match (instruction.to_ascii_uppercase().as_str(), stages.last_mut()) {
            ("FROM", _) => {
                let mut words = rest.split_whitespace().filter(|it| !it.starts_with("--"));
                let base = words.next().unwrap_or_default();
                let name = words.nth(1).unwrap_or_default();
                let earlier = stages.iter().find(|it| it.name.eq_ignore_ascii_case(base));
                let inherited = earlier.cloned().unwrap_or_default();
                stages.push(Stage { name: name.to_owned(), ..inherited });
            }
            ("ENTRYPOINT", Some(stage)) => stage.entrypoint = Some((words_of(&rest), range)),
            ("CMD", Some(stage)) => stage.command = Some((words_of(&rest), range)),
            _ => {}
        }
    }
    let stage = match target {
        Some(target) => stages.into_iter().find(|it| it.name.eq_ignore_ascii_case(target))?,
        None => stages.pop()?,
    };
    match (stage.entrypoint, stage.command) {
        (Some((mut words, range)), Some((more, _))) => {
            words.extend(more);
            Some((words, range))
        }
        (entrypoint, command) => entrypoint.or(command),
    }
}

/// Returns the instructions of a Dockerfile: the keyword, the rest with its continuation lines, and the
/// range of the first line.
fn instructions(text: &str) -> Vec<(&str, String, (usize, usize))> {
    let mut found: Vec<(&str, String, (usize, usize))> = Vec::new();
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
        if let (true, Some(last)) = (continues, found.last_mut()) {
            last.1.push(' ');
            last.1.push_str(content);
        } else {
            let (keyword, rest) = content.split_once(char::is_whitespace).unwrap_or((content, ""));
            let indent = line.len() - line.trim_start().len();
            let range = (start + indent, start + line.trim_end().len());
            found.push((keyword, rest.trim().to_owned(), range));
        }
        continues = goes_on;
    }
    found
}

/// Returns the words of the exec form, or those that run the shell form.
fn words_of(text: &str) -> Vec<String> {
    let list = text.strip_prefix('[').and_then(|it| it.trim_end().strip_suffix(']'));
    let Some(list) = list else {
        return vec!["sh".to_owned(), "-c".to_owned(), text.to_owned()];
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
    words
}

#[cfg(test)]
mod tests {
    use super::start_of;

    fn start(text: &str, target: Option<&str>) -> Option<String> {
        start_of(text, target).map(|it| it.0.join(" "))
    }

    #[test]
    fn the_last_stage_or_the_target_decides() {
        let text = "FROM node:22 AS dev\nCMD [\"npm\", \"run\", \"dev\"]\nFROM dev AS mid\nFROM nginx:1\nCMD nginx -g 'daemon off;'\n";
        assert_eq!(start(text, None).as_deref(), Some("sh -c nginx -g 'daemon off;'"));
        assert_eq!(start(text, Some("dev")).as_deref(), Some("npm run dev"));
        assert_eq!(start(text, Some("mid")).as_deref(), Some("npm run dev"));
        assert_eq!(start(text, Some("none")), None);
    }

    #[test]
    fn entrypoint_and_command_are_joined_over_several_lines() {
        let text = "# build\nfrom --platform=linux/amd64 python:3\nENTRYPOINT [\"python3\"]\ncmd [\"manage.py\", \\\n  # where\n  \"runserver\"]\n";
        assert_eq!(start(text, None).as_deref(), Some("python3 manage.py runserver"));
        let (_, range) = start_of(text, None).expect("a start");
        assert_eq!(&text[range.0..range.1], "ENTRYPOINT [\"python3\"]");
        assert_eq!(start("FROM x\nRUN y\n", None), None);
        assert_eq!(start("", None), None);
    }
}
