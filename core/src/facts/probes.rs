//! A Compose healthcheck in the words of a Kubernetes probe.

use crate::edit::Yaml;
use crate::knowledge::{net, shell};
use crate::model::compose::Healthcheck;

/// The healthcheck as a readiness probe: an HTTP question where it is one, else the same command.
pub fn probe_of_healthcheck(health: &Healthcheck) -> Option<Yaml<'static>> {
    let test = health.test.as_ref()?;
    let mut arguments: Vec<&str> = Vec::new();
    for word in test.arguments() {
        arguments.push(&word.value);
    }
    if arguments.is_empty() || arguments.iter().any(|it| it.contains('$')) && !test.is_shell() {
        return None;
    }
    let handler = http_question(&arguments, test.is_shell()).unwrap_or_else(|| {
        let words: Vec<String> = if test.is_shell() {
            vec!["sh".to_owned(), "-c".to_owned(), arguments.join(" ")]
        } else {
            arguments.iter().map(|it| (*it).to_owned()).collect()
        };
        ("exec", Yaml::map([("command", Yaml::words(words))]))
    });
    let mut fields = vec![handler];
    let seconds = |it: std::time::Duration| i64::try_from(it.as_secs().max(1)).unwrap_or(i64::MAX);
    if let Some(it) = health.interval {
        fields.push(("periodSeconds", Yaml::int(seconds(it.value))));
    }
    if let Some(it) = health.timeout {
        fields.push(("timeoutSeconds", Yaml::int(seconds(it.value))));
    }
    if let Some(it) = health.retries.filter(|it| it.value > 0) {
        fields.push(("failureThreshold", Yaml::int(it.value)));
    }
    Some(Yaml::map(fields))
}

/// `curl -f http://localhost:8080/health` as `httpGet`.
fn http_question(arguments: &[&str], is_shell: bool) -> Option<(&'static str, Yaml<'static>)> {
    let text = arguments.join(" ");
    let commands =
        if is_shell { shell::commands(&text) } else { shell::commands_of_argv(arguments) };
    let command = commands.first()?;
    if !matches!(command.name(), "curl" | "wget") {
        return None;
    }
    let url = command.words.iter().find_map(|it| it.text.strip_prefix("http://"))?;
    let (address, path) =
        url.split_once('/').map_or((url, String::new()), |it| (it.0, it.1.to_owned()));
    let (host, port) = address.split_once(':').unwrap_or((address, "80"));
    if !net::is_loopback(host) || path.contains(['$', '`']) {
        return None;
    }
    let port: u16 = port.parse().ok()?;
    let path = Yaml::str(format!("/{path}"));
    Some(("httpGet", Yaml::map([("path", path), ("port", Yaml::int(i64::from(port)))])))
}
