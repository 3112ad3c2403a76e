use crate::facts::{Counterpart, Facts, Service, Start, Unit, Workload, in_shell};
use crate::knowledge::dev_commands::dev_command;
use crate::knowledge::migrations::find_migration;
use crate::knowledge::shell::{Command, base_name};
use crate::knowledge::starts::wait_of;
use crate::report::phrases::first_named;
use crate::report::{Findings, Role};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

rule! {
    /// Compose and the cluster start the same image with another command, user or working directory.
    ///
    /// ## Why it hurts
    /// What was tested on one side is not what runs on the other: an option, a flag or a permission
    /// that one side relies on is missing on the other, and nobody compares the two.
    ///
    /// ## What helps
    /// Put the command, the user and the working directory into the image, and override them on neither
    /// side; or set the same on both.
    ///
    /// ## How to troubleshoot
    /// Look at the command line and the user of the first process on both sides.
    ///
    /// ## When to ignore
    /// Where the two sides run different parts of the same image on purpose.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   api:
    ///     image: ghcr.io/acme/api:2
    ///     command: [serve, --workers=4] # <- container `api` of Deployment `api` does not start like `api` in Compose: the command is the image's own instead of `serve --workers=4`
    /// ```
    /// ```yaml file=k8s/api.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: api }
    /// spec:
    ///   selector: { matchLabels: { app: api } }
    ///   template:
    ///     metadata: { labels: { app: api } }
    ///     spec: { containers: [{ name: api, image: "ghcr.io/acme/api:2" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   api:
    ///     image: ghcr.io/acme/api:2
    ///     command: [serve, --workers=4]
    /// ```
    /// ```yaml file=k8s/api.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: api }
    /// spec:
    ///   selector: { matchLabels: { app: api } }
    ///   template:
    ///     metadata: { labels: { app: api } }
    ///     spec:
    ///       containers:
    ///         - name: api
    ///           image: ghcr.io/acme/api:2
    ///           args: [serve, --workers=4]
    /// ```
    PLM314 "command-drift" {
        since: "0.1.0", on: Dual, severity: Info, check: check,
    }
}

/// A setting that differs, and its place on each side that sets it.
struct Difference {
    /// How the cluster differs from Compose: "the user is `0` instead of the image's own".
    says: String,
    here: Option<Span>,
    there: Option<Span>,
}

/// A pair whose only difference is that the cluster sets the user.
struct OwnUser<'f, 'a> {
    service: &'f Service<'a>,
    workload: &'f Workload<'a>,
    unit: &'f Unit<'a>,
    place: Span,
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut users: IndexMap<usize, Vec<OwnUser<'_, '_>>, FxBuildHasher> = IndexMap::default();
    for pair in facts.counterparts().iter().filter(|pair| !facts.is_other_publisher(pair)) {
        let (service, workload, unit) = facts.pair(pair);
        let development =
            service.role == Role::Development || facts.workload_role(workload) == Role::Development;
        if development {
            continue;
        }
        let command = command_difference(facts, service, unit);
        let user = user_difference(service, workload, pair.unit);
        let directory = directory_difference(service, workload, pair.unit);
        if let (None, Some(Difference { here: None, there: Some(place), .. }), None) =
            (&command, &user, &directory)
            && !facts.stands_alone(*place, &|selector| RULE.is(selector))
        {
            let own = OwnUser { service, workload, unit, place: *place };
            users.entry(service.project_index).or_default().push(own);
            continue;
        }
        let differences: Vec<Difference> =
            [command, user, directory].into_iter().flatten().collect();
        report(facts, pair, &differences, out);
    }
    for together in users.values() {
        report_users(facts, together, out);
    }
}

fn report(facts: &Facts<'_>, pair: &Counterpart, differences: &[Difference], out: &mut Findings) {
    let (service, workload, unit) = facts.pair(pair);
    let places = || differences.iter().flat_map(|it| [it.here, it.there]).flatten();
    let in_compose = places().find(|it| it.file == service.span().file);
    let Some(first) = in_compose.or(places().next()) else { return };
    let parts: Vec<&str> = differences.iter().map(|it| it.says.as_str()).collect();
    let finding = out.at(
        &first,
        format!(
            "{} does not start like `{}` in Compose: {}",
            unit.label,
            service.name,
            parts.join(", and ")
        ),
    );
    finding.also(
        &workload.container(pair.unit).span(),
        format!("{} is the counterpart, matched by {}", unit.label, pair.why.says()),
    );
    for place in places().filter(|it| *it != first) {
        finding.also(&place, "the other side sets this");
    }
    finding
        .check(facts.compose(service, &format!("top {}", in_shell(service.name))))
        .check(workload.exec(unit, "sh -c 'id; cat /proc/1/cmdline'"));
}

/// Reports the containers of one project that only the cluster gives a user, which is one habit of the
/// manifests.
fn report_users<'a>(facts: &Facts<'a>, together: &[OwnUser<'_, 'a>], out: &mut Findings) {
    let Some((first, others)) = together.split_first() else { return };
    let message = if others.is_empty() {
        format!(
            "{} does not start like `{}` in Compose: the user is `{}` instead of the image's own",
            first.unit.label,
            first.service.name,
            facts.written(&first.place)
        )
    } else {
        let names: Vec<&str> = together.iter().map(|it| it.service.name).collect();
        format!(
            "{} run as a user that the manifests set, and in Compose as that of their images",
            first_named(&names, 4)
        )
    };
    let finding = out.at(&first.place, message);
    finding.gathers("users that the cluster sets");
    for other in others {
        finding.also(&other.place, format!("the user of {}", other.unit.label));
    }
    finding
        .check(facts.compose(first.service, &format!("exec {} id", in_shell(first.service.name))))
        .check(first.workload.exec(first.unit, "id"));
}

/// A value as written, with its place.
type Written = Option<(String, Span)>;

impl Difference {
    /// Returns the difference between two values of a setting.
    fn new(what: &str, here: Written, there: Written) -> Difference {
        let own = || "the image's own".to_owned();
        let (there_says, here_says) = match (&there, &here) {
            (Some((there, _)), Some((here, _))) => {
                let (there, here) = both_shown(there, here);
                (format!("`{there}`"), format!("`{here}`"))
            }
            (Some((there, _)), None) => (format!("`{}`", shortened(there)), own()),
            (None, Some((here, _))) => (own(), format!("`{}`", shortened(here))),
            (None, None) => (own(), own()),
        };
        let says = format!("the {what} is {there_says} instead of {here_says}");
        Difference { says, here: here.map(|it| it.1), there: there.map(|it| it.1) }
    }
}

/// Maximum number of characters of a command in a message.
const MAX_SHOWN: usize = 60;

/// Returns two texts, cut where they are long, but not so that they look the same: they then begin at the word
/// in which they differ.
fn both_shown(one: &str, other: &str) -> (String, String) {
    let on_one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (one, other) = (on_one_line(one), on_one_line(other));
    let shown = (shortened(&one), shortened(&other));
    if shown.0 != shown.1 || one == other {
        return shown;
    }
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let word = one[..one.floor_char_boundary(same)].rfind(' ').map_or(0, |at| at + 1);
    let rest = |text: &str| format!("… {}", shortened(&text[word..]));
    (rest(&one), rest(&other))
}

fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_SHOWN {
        return line;
    }
    let start: String = line.chars().take(MAX_SHOWN - 2).collect();
    format!("{} …", start.trim_end())
}

fn command_difference<'a>(
    facts: &Facts<'a>,
    service: &Service<'a>,
    unit: &Unit<'a>,
) -> Option<Difference> {
    let (here, there) = (&service.unit.start, &unit.start);
    // PLM303 reports a command for development.
    let development = |start: &Start<'_>| start.commands.iter().any(|it| dev_command(it).is_some());
    if development(here) || development(there) {
        return None;
    }
    // What one side leaves to the image is known where the image is built here.
    let built = facts.default_start(service).map(|it| it.commands).unwrap_or_default();
    let commands = |start: &Start<'_>| {
        if start.is_empty() { programs(&built) } else { programs(&start.commands) }
    };
    let (mut left, mut right) = (commands(here), commands(there));
    // What only migrates or waits before the image's own command is what PLM201 and PLM106 are about.
    if here.is_empty() && prepares(there) || there.is_empty() && prepares(here) {
        return None;
    }
    // One side repeats the entrypoint of the image, the other one only adds to it.
    if there.replaces_entrypoint && !here.replaces_entrypoint {
        drop_entrypoint(&mut right, &left);
    } else if here.replaces_entrypoint && !there.replaces_entrypoint {
        drop_entrypoint(&mut left, &right);
    }
    if left == right {
        return None;
    }
    // The value of a variable is not known, so that only the program itself can be compared.
    let open = is_open(service, here) || there.words.iter().any(|it| it.value.contains("$("));
    let same_program = left.first().zip(right.first()).is_some_and(|it| it.0[0] == it.1[0]);
    if open && same_program {
        return None;
    }
    if let ([left], [right]) = (left.as_slice(), right.as_slice())
        && (same_program || is_option(&left[0]) && is_option(&right[0]))
    {
        let says = options_say(left, right)?;
        return Some(Difference { says, here: here.span, there: there.span });
    }
    let written = |start: &Start<'_>| Some((start.joined(), start.span?));
    Some(Difference::new("command", written(here), written(there)))
}

/// Whether a command migrates or waits before it starts the program.
fn prepares(start: &Start<'_>) -> bool {
    let is_step = |it: &Command| find_migration(it).is_some() || wait_of(it).is_some();
    start.commands.len() > 1 && start.commands.iter().any(is_step)
}

/// Removes the program from a command if what follows begins like the arguments on the other side.
fn drop_entrypoint(own: &mut [Vec<String>], arguments: &[Vec<String>]) {
    if let ([own], [arguments]) = (&mut *own, arguments)
        && !arguments.is_empty()
        && own.ends_with(arguments)
    {
        own.drain(..own.len() - arguments.len());
        return;
    }
    if let ([own], [arguments]) = (own, arguments)
        && let (Some(second), Some(first)) = (own.get(1), arguments.first())
        && (second == first || is_option(second) && is_option(first))
    {
        own.remove(0);
    }
}

fn is_option(word: &str) -> bool {
    word.starts_with('-')
}

/// Says which words of a command only one side has; `None` where only their order differs.
fn options_say(here: &[String], there: &[String]) -> Option<String> {
    let only = |own: &[String], other: &[String]| {
        let mut rest = other.to_vec();
        let mut only: Vec<String> = Vec::new();
        for word in own {
            match rest.iter().position(|it| it == word) {
                Some(at) => drop(rest.swap_remove(at)),
                None => only.push(word.clone()),
            }
        }
        shortened(&only.join(" "))
    };
    let (lost, added) = (only(here, there), only(there, here));
    match (lost.is_empty(), added.is_empty()) {
        (true, true) => None,
        (true, false) => Some(format!("the command has `{added}` in addition")),
        (false, true) => Some(format!("the command lacks `{lost}`")),
        (false, false) => Some(format!("the command has `{added}` instead of `{lost}`")),
    }
}

/// Returns the words of each command that runs: the program without its folder, an option with its value
/// as one word, and variables in one spelling.
fn programs(commands: &[Command]) -> Vec<Vec<String>> {
    let plain = |text: &str| text.replace("$(", "$").replace("${", "$").replace([')', '}'], "");
    commands
        .iter()
        .filter(|it| !it.program().is_empty())
        .map(|command| {
            let mut words: Vec<String> = Vec::new();
            for word in command.program() {
                let text = plain(&word.text);
                match words.last_mut() {
                    None if !is_option(&text) => words.push(base_name(&text).to_owned()),
                    // `--port 80` and `--port=80` are the same.
                    Some(last)
                        if is_option(last) && !is_option(&text) && !last.contains([' ', '=']) =>
                    {
                        last.push(if last.starts_with("--") { '=' } else { ' ' });
                        last.push_str(&text);
                    }
                    _ => words.push(text),
                }
            }
            words
        })
        .collect()
}

/// Whether a command of Compose contains a variable of the project.
fn is_open(service: &Service<'_>, start: &Start<'_>) -> bool {
    start.words.iter().any(|it| service.project.is_interpolated(it.span))
}

fn user_difference(
    service: &Service<'_>,
    workload: &Workload<'_>,
    unit: usize,
) -> Option<Difference> {
    let here = service.model.user.as_ref().filter(|it| !it.is_empty());
    if here.is_some_and(|it| service.project.is_interpolated(it.span)) {
        return None;
    }
    let container = workload.container(unit).security.as_ref();
    let pod = workload.model.template.spec.security.as_ref();
    let there = container.and_then(|it| it.run_as_user).or(pod.and_then(|it| it.run_as_user));
    if let (Some(here), Some(there)) = (here, there) {
        let name = here.split(':').next().unwrap_or_default();
        let id = if name == "root" { Some(0) } else { name.parse::<i64>().ok() };
        // The number of another name is in the image.
        if id.is_none_or(|id| id == there.value) {
            return None;
        }
    }
    let here = here.map(|it| (it.to_string(), it.span));
    let there = there.map(|it| (it.value.to_string(), it.span));
    (here.is_some() || there.is_some()).then(|| Difference::new("user", here, there))
}

fn directory_difference(
    service: &Service<'_>,
    workload: &Workload<'_>,
    unit: usize,
) -> Option<Difference> {
    let here = service.model.working_dir.as_ref().filter(|it| !it.is_empty());
    let there = workload.container(unit).working_dir.as_ref().filter(|it| !it.is_empty());
    let plain = |text: &str| text.trim_end_matches('/').to_owned();
    let same = here.map(|it| plain(it)) == there.map(|it| plain(it));
    if same || here.is_some_and(|it| service.project.is_interpolated(it.span)) {
        return None;
    }
    let side = |it: &crate::model::Str| (it.to_string(), it.span);
    Some(Difference::new("working directory", here.map(side), there.map(side)))
}
#[cfg(test)]
mod tests;
