//! What a healthcheck and a probe ask, in one form, so that both can be compared.

use crate::facts::local_request;
use crate::knowledge::shell;
use crate::model::IntOrStr;
use crate::model::compose::HealthTest;
use crate::model::kubernetes::{Container, Probe, ProbeHandler};
use crate::text::name_of;

/// A question to a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// `GET` on a port and a path.
    Http(i64, String),
    /// Whether a port accepts connections.
    Tcp(i64),
    /// A command, without the shell that runs it.
    Command(String),
}

impl Question {
    pub fn of_test(test: &HealthTest) -> Option<Question> {
        let arguments: Vec<&str> = test.arguments().iter().map(|it| it.as_str()).collect();
        Question::of_words(&arguments, test.is_shell())
    }

    /// Returns what a probe asks; `None` for what no healthcheck can ask, and for a port that the container
    /// does not list.
    pub fn of_probe(probe: &Probe, container: &Container) -> Option<Question> {
        let number = |port: &IntOrStr| match port {
            IntOrStr::Int(number) => Some(*number),
            IntOrStr::Str(_) => {
                let found = container.ports.iter().find(|it| it.is(port))?;
                found.container_port.map(|it| it.value)
            }
        };
        match &probe.handler {
            ProbeHandler::Exec { command, .. } => {
                let words: Vec<&str> = command.iter().map(|it| it.as_str()).collect();
                match words[..] {
                    [shell, "-c", text] if shell::is_shell(name_of(shell)) => {
                        Question::of_words(&[text], true)
                    }
                    _ => Question::of_words(&words, false),
                }
            }
            ProbeHandler::Http { path, port, .. } => {
                let path = path.as_ref().map_or("/", |it| it.as_str());
                Some(Question::Http(number(&port.as_ref()?.value)?, path.to_owned()))
            }
            ProbeHandler::Tcp { port, .. } => Some(Question::Tcp(number(&port.as_ref()?.value)?)),
            ProbeHandler::Grpc { .. } | ProbeHandler::None => None,
        }
    }

    fn of_words(words: &[&str], is_shell: bool) -> Option<Question> {
        if words.is_empty() {
            return None;
        }
        if let Some((port, path)) = local_request(words, is_shell) {
            return Some(Question::Http(i64::from(port), format!("/{path}")));
        }
        let text = words.join(" ");
        let commands =
            if is_shell { shell::commands(&text) } else { shell::commands_of_argv(words) };
        let port =
            commands.first().filter(|it| matches!(it.name(), "nc" | "ncat")).and_then(|it| {
                let is_scan = it.words.iter().any(|word| word.text.starts_with("-z"));
                let port = it.words.last()?.text.parse().ok()?;
                is_scan.then_some(port)
            });
        let plain = text.trim().trim_end_matches("|| exit 1").trim_end().to_owned();
        Some(port.map_or(Question::Command(plain), Question::Tcp))
    }
}
