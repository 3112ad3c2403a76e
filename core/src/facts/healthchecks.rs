//! Whether a Compose service can be asked for its health, and how its healthcheck reads as a probe.

use super::{Facts, Service, Unit, dockerfile};
use crate::edit::Yaml;
use crate::knowledge::families::{Certainty, Family, Known, Tool, family_of, for_compose};
use crate::knowledge::image::ImageRef;
use crate::knowledge::{net, shell};
use crate::model::compose::{HealthTest, Healthcheck};
use crate::model::kubernetes::Container;
use crate::model::{IntOrStr, Str};
use crate::report::Edit;
use crate::text::Span;
use std::borrow::Cow;

/// Whether Docker knows the health of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// The service or its image has a healthcheck.
    Checked,
    /// The healthcheck is switched off at this place.
    Disabled(Span),
    /// Neither the service nor its image has one.
    None,
    /// The service has no healthcheck, and whether its image has one is not known.
    Unknown,
}

impl<'a> Facts<'a> {
    /// Returns whether Docker knows the health of a service.
    pub fn health(&self, service: &Service<'a>) -> Health {
        if let Some(check) = &service.model.healthcheck {
            if check.disabled {
                return Health::Disabled(check.span);
            }
            if check.test.is_some() {
                return Health::Checked;
            }
        }
        if let Some(build) = &service.model.build {
            let file = build.dockerfile_id.map(|it| self.file(it).text());
            return match file.or(build.dockerfile_inline.as_ref().map(|it| it.as_str())) {
                Some(text) => {
                    dockerfile::built_stage(text, service).map_or(Health::Unknown, stage_health)
                }
                None => Health::Unknown,
            };
        }
        match &service.unit.image {
            Some(image) if image.certainty == Certainty::Certain => {
                image.family.map_or(Health::Unknown, |it| family_health(it, &image.repository))
            }
            _ => Health::Unknown,
        }
    }
}

impl<'a> Facts<'a> {
    /// Returns the HEALTHCHECK in the Dockerfile of a service that has no healthcheck of its own.
    pub fn healthcheck_of_dockerfile(&self, service: &Service<'a>) -> Option<Span> {
        let build = service.model.build.as_ref().filter(|_| service.model.healthcheck.is_none())?;
        let file = self.file(build.dockerfile_id?);
        let stage = dockerfile::built_stage(file.text(), service)?;
        let range = &stage.health_range;
        (stage.healthcheck == Some(true)).then(|| Span::new(file.id, range.start, range.end))
    }

    /// Returns the edit that gives a service the ready check of its image family, if it has none.
    pub fn healthcheck_entry(&self, service: &Service<'a>) -> Option<Edit> {
        let shell = service.ready_shell()?;
        let place = service.model.place()?;
        if service.model.healthcheck.is_some() {
            return None;
        }
        // A first start takes minutes where the image may be emulated.
        let start_period = if service.model.platform.is_some() { "120s" } else { "30s" };
        let check = Yaml::map([
            ("test", Yaml::words(service.test_words(shell))),
            ("interval", Yaml::raw("10s")),
            ("timeout", Yaml::raw("5s")),
            ("retries", Yaml::raw("5")),
            ("start_period", Yaml::raw(start_period)),
        ]);
        self.insert_entry(place, "healthcheck", &check)
    }
}

impl Service<'_> {
    /// Returns the words of a healthcheck that runs a command: as they stand, where the image may have no
    /// shell.
    fn test_words(&self, shell: &'static str) -> Vec<Cow<'static, str>> {
        let tag = self.unit.image.as_ref().and_then(|it| ImageRef::parse(it.text).tag);
        let has_shell = self.unit.runs.as_ref().is_some_and(|it| {
            it.family.has_tool(&it.repository, tag.or(Some("latest")), Tool::Sh) == Known::Yes
        });
        let is_plain = !shell.contains(['|', '&', ';', '<', '>', '$', '"', '\'', '`']);
        if is_plain && !has_shell {
            let words = shell.split(' ').map(Cow::Borrowed);
            return std::iter::once(Cow::Borrowed("CMD")).chain(words).collect();
        }
        vec![Cow::Borrowed("CMD-SHELL"), Cow::Owned(for_compose(shell))]
    }

    /// Returns the shell command that asks a server of its image family whether it is ready.
    pub fn ready_shell(&self) -> Option<&'static str> {
        self.unit.ready_shell()
    }
}

impl Unit<'_> {
    /// Returns the shell command that asks a server of its image family whether it is ready.
    pub fn ready_shell(&self) -> Option<&'static str> {
        let runs = self.runs.as_ref()?;
        // What only ports, mounts or a counterpart give away may lack the tools of the family's images.
        let by_image = self.image.as_ref().is_some_and(|it| it.family.is_some());
        if runs.certainty != Certainty::Certain && !by_image {
            return None;
        }
        let has_variable = |name: &str| self.var(name).is_some();
        runs.family.ready_shell(&runs.repository, runs.version, &has_variable)
    }
}

fn image_health(repository: &str) -> Health {
    match family_of(repository) {
        Some((family, Certainty::Certain)) => family_health(family, repository),
        _ => Health::Unknown,
    }
}

fn family_health(family: &Family, repository: &str) -> Health {
    match family.brings_healthcheck(repository) {
        Known::Yes => Health::Checked,
        Known::No => Health::None,
        Known::Unknown => Health::Unknown,
    }
}

/// Returns the health of a stage of a Dockerfile: its own HEALTHCHECK, or else that of the image that it
/// starts from.
fn stage_health(stage: &dockerfile::Stage) -> Health {
    match stage.healthcheck {
        Some(true) => Health::Checked,
        Some(false) => Health::None,
        None => image_health(&ImageRef::parse(&stage.base).repository()),
    }
}

/// Maximum seconds between two probes, and maximum number of failures until a Pod gets no traffic:
/// Kubernetes' own defaults. Many retries in Compose are for the start, which a readiness probe does not
/// need to allow for.
const PROBE_PERIOD: i64 = 10;
const PROBE_FAILURES: i64 = 3;

/// Returns the healthcheck of a service as a readiness probe: as `httpGet` where it makes an HTTP request, or
/// else with the same command. There is none where the check asks the service by its name, which in a cluster
/// answers only once the Pod is ready, and none where it asks a port that the container does not list, takes
/// a variable that the container does not set, or has the values of this machine's `.env` in it.
pub fn probe_of_healthcheck(
    service: &Service<'_>,
    health: &Healthcheck,
    container: &Container,
    sets: &dyn Fn(&str) -> bool,
) -> Option<Yaml<'static>> {
    let test = health.test.as_ref()?;
    let is_filled_in = |it: &Str| service.project.is_interpolated(it.span);
    if test.arguments().iter().any(is_filled_in) {
        return None;
    }
    let asked = http_port(test);
    let lists_other = !container.ports.is_empty()
        && asked.is_some_and(|port| {
            let port = IntOrStr::Int(i64::from(port));
            !container.ports.iter().any(|it| it.is(&port))
        });
    let text = test.joined();
    if service.hosts().any(|host| names_host(&text, host)) || lists_other {
        return None;
    }
    let arguments: Vec<&str> = test.arguments().iter().map(|it| it.value.as_str()).collect();
    if arguments.is_empty() || arguments.iter().any(|it| it.contains('$')) && !test.is_shell() {
        return None;
    }
    if test.is_shell() && !variables_in(&text).all(sets) {
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
        fields.push(("periodSeconds", Yaml::int(seconds(it.value).min(PROBE_PERIOD))));
    }
    if let Some(it) = health.timeout {
        fields.push(("timeoutSeconds", Yaml::int(seconds(it.value))));
    }
    if let Some(it) = health.retries.filter(|it| it.value > 0) {
        fields.push(("failureThreshold", Yaml::int(it.value.min(PROBE_FAILURES))));
    }
    Some(Yaml::map(fields))
}

/// Returns the variables that a shell command reads without a default for them.
fn variables_in(command: &str) -> impl Iterator<Item = &str> {
    command.split('$').skip(1).filter_map(|rest| {
        let name = rest.strip_prefix('{').unwrap_or(rest);
        let is_letter = |it: char| it.is_ascii_alphanumeric() || it == '_';
        let end = name.find(|it| !is_letter(it)).unwrap_or(name.len());
        let has_default = name[end..].starts_with(":-");
        let is_name = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
        (is_name && !has_default).then(|| &name[..end])
    })
}

/// Whether a command names a host: in a URL, with a port or before one, or behind the option of a client. Unlike the
/// configuration that [`net::hosts_named`] reads, a command has options and arguments: `-h db`, `nc db 5432`.
fn names_host(command: &str, host: &str) -> bool {
    command.match_indices(host).any(|(at, _)| {
        let (before, after) = (&command[..at], &command[at + host.len()..]);
        let is_whole =
            !after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
        let is_host = ["//", "@", "-h ", "-h", "--host ", "--host="].iter();
        let is_behind = is_host.clone().any(|it| before.ends_with(it));
        let is_alone = before.ends_with([' ', '"', '\'', '=', ',']);
        let port = after.strip_prefix([':', ' ', '/']).unwrap_or_default();
        let has_port = after.starts_with(':') || port.starts_with(|c: char| c.is_ascii_digit());
        let is_device = before.ends_with("/dev/tcp/");
        is_whole && (is_behind || is_device || is_alone && has_port)
    })
}

/// Returns the local port that a healthcheck asks over HTTP.
fn http_port(test: &HealthTest) -> Option<u16> {
    let arguments: Vec<&str> = test.arguments().iter().map(|it| it.as_str()).collect();
    local_request(&arguments, test.is_shell()).map(|it| it.0)
}

/// Returns a command such as `curl -f http://localhost:8080/health` as `httpGet`.
fn http_question(arguments: &[&str], is_shell: bool) -> Option<(&'static str, Yaml<'static>)> {
    let (port, path) = local_request(arguments, is_shell)?;
    let path = Yaml::str(format!("/{path}"));
    Some(("httpGet", Yaml::map([("path", path), ("port", Yaml::int(i64::from(port)))])))
}

/// Returns the port and the path of the local URL that a client asks.
pub fn local_request(arguments: &[&str], is_shell: bool) -> Option<(u16, String)> {
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
    Some((port, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_a_command_are_found() {
        let found = |text| variables_in(text).collect::<Vec<_>>();
        let command = "pg_isready -U $DB_USER -d ${DB_NAME} -p ${PORT:-5432} && test $? = $(id -u)";
        assert_eq!(found(command), ["DB_USER", "DB_NAME"]);
    }

    #[test]
    fn a_dockerfile_says_what_its_stage_has() {
        let dockerfile_health = |text, target| {
            dockerfile::final_stage(text, target).map_or(Health::Unknown, |it| stage_health(&it))
        };
        let text = "FROM postgres:17 AS base\nFROM base AS checked\nHEALTHCHECK CMD pg_isready\nFROM checked\nRUN x\n";
        assert_eq!(dockerfile_health(text, None), Health::Checked);
        assert_eq!(dockerfile_health(text, Some("base")), Health::None);
        assert_eq!(dockerfile_health("FROM corp/base\n", None), Health::Unknown);
    }
}
