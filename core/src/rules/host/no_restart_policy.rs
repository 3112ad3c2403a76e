use crate::edit::Yaml;
use crate::facts::{Facts, Service, in_shell, nearest};
use crate::knowledge::families::Class;
use crate::knowledge::folder_names::may_be_stage_folder;
use crate::knowledge::preparing::begins_as_preparation;
use crate::knowledge::starts;
use crate::model::compose::{Condition, is_default_name};
use crate::report::phrases::{first_named, named};
use crate::report::{Finding, Findings, Fix, Precedence, Role, Severity};
use crate::rules::rule;
use crate::text::{FileId, Span, folder_of, name_of};
use rustc_hash::{FxHashMap, FxHashSet};

rule! {
    /// A service that should keep running has no restart policy, or an unknown one.
    ///
    /// ## Why it hurts
    /// After a crash, and after every reboot of the host, the container stays down until somebody
    /// notices.
    ///
    /// ## What helps
    /// Set `restart: unless-stopped`. Where no service of a project, or of one in the same folder, has a policy,
    /// the finding is a note: such files mostly start something for a while. Where some have one, the others were
    /// forgotten. A helper that serves nobody, such as an updater of images, is a note too.
    ///
    /// ## How to troubleshoot
    /// `docker inspect --format '{{.HostConfig.RestartPolicy.Name}}' CONTAINER` prints `no`;
    /// `docker compose ps -a` lists what has exited.
    ///
    /// ## When to ignore
    /// Where somebody starts the service by hand for a while, or a supervisor outside of Docker, such as
    /// systemd, starts it again.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   cache:
    ///     image: redis:8.2
    ///     restart: unless-stopped
    ///   web: # <- `cache` restarts, but `web` has no restart policy, so it stays down after a crash or a reboot
    ///     image: nginx:1.29
    ///     ports: ["8080:80"]
    ///   db:
    ///     image: postgres:17.2
    ///     restart: unless_stopped # <- `unless_stopped` is not a restart policy; did you mean `unless-stopped`?
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   cache:
    ///     image: redis:8.2
    ///     restart: unless-stopped
    ///   web:
    ///     image: nginx:1.29
    ///     ports: ["8080:80"]
    ///     restart: unless-stopped
    ///   db:
    ///     image: postgres:17.2
    ///     restart: unless-stopped
    /// ```
    PLM802 "no-restart-policy" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

const POLICIES: &[&str] = &["no", "always", "on-failure", "unless-stopped"];

fn check(facts: &Facts, out: &mut Findings) {
    let overlaid = Overlaid::new(facts);
    let kept = kept_beside(facts);
    for at in 0..facts.projects().len() {
        let services = facts.services_of(at);
        let habit = Habit::of(facts, at, &kept);
        let images: FxHashSet<&str> =
            services.iter().filter(|it| keeps_running(it)).filter_map(image).collect();
        let mut images_written: FxHashMap<Span, usize> = FxHashMap::default();
        for image in services.iter().filter_map(|it| it.model.image.as_ref()) {
            *images_written.entry(image.span).or_default() += 1;
        }
        let mut bare: Vec<&Service<'_>> = Vec::new();
        for service in services {
            unknown_policy(facts, service, out);
            let is_written_for_others =
                is_template(service, &images_written) || overlaid.settles(service);
            if is_written_for_others || !is_bare(facts, service, &images) {
                continue;
            }
            if facts.stands_alone(service.span(), &|it| RULE.is(it)) {
                alone(facts, service, &habit, out);
            } else {
                bare.push(service);
            }
        }
        // The main file leads; within a file the order of the keys says nothing.
        bare.sort_by_key(|it| {
            (Some(it.span().file) != first_file(facts, at), it.span().file, it.name)
        });
        if let [service] = bare.as_slice() {
            alone(facts, service, &habit, out);
        } else if let Some((first, others)) = bare.split_first() {
            // Many services without a policy are one oversight, so one finding covers them all.
            let names: Vec<&str> = bare.iter().map(|it| it.name).collect();
            let finding = out.at(
                &first.span(),
                format!(
                    "{}{} have no restart policy, so they stay down after a crash or a reboot",
                    habit.but(),
                    and_others(&names)
                ),
            );
            habit.weigh(facts, &bare, finding);
            for other in others {
                finding
                    .also(&other.span(), format!("`{}` has no restart policy either", other.name));
            }
            let all = facts.compose(first, "ps -aq");
            finding
                .check(format!("docker inspect --format '{{{{.Name}}}} {{{{.HostConfig.RestartPolicy.Name}}}}' $({all})"))
                .maybe_fix(add(facts, &bare))
                .cause_in_this_run(oversight(facts, first))
                .gathers("no restart policy");
        }
    }
}

/// Returns the base file of a project.
fn first_file(facts: &Facts<'_>, project: usize) -> Option<FileId> {
    facts.projects()[project].files.first().copied()
}

/// Returns what the services without a policy have in common: the folder, in which the files of several
/// variants lie, each perhaps in a folder for its stage. What lies in other folders is started by itself.
fn oversight(facts: &Facts<'_>, service: &Service<'_>) -> String {
    format!("no restart policy in {}", home(facts, service))
}

/// Returns the folder of a service's file, without one for its stage.
fn home<'f>(facts: &'f Facts<'_>, service: &Service<'_>) -> &'f str {
    let folder = folder_of(facts.file(service.span().file).path());
    if may_be_stage_folder(name_of(folder)) { folder_of(folder) } else { folder }
}

/// For each folder the first two projects in which a service is always restarted, and not for development, with the
/// file of the service.
type Kept<'f> = FxHashMap<&'f str, Vec<(usize, FileId)>>;

fn kept_beside<'f>(facts: &'f Facts<'_>) -> Kept<'f> {
    let mut kept = Kept::default();
    for service in facts.services() {
        if service.role == Role::Development || retries_alone(service) || !restarts(service) {
            continue;
        }
        let known = kept.entry(home(facts, service)).or_default();
        // One of two is another one than the project that asks.
        if known.len() < 2 && known.iter().all(|(project, _)| *project != service.project_index) {
            known.push((service.project_index, service.span().file));
        }
    }
    kept
}

/// Use of restart policies in a project and in the projects beside it.
struct Habit<'a> {
    /// The services of the project that are restarted.
    restarted: Vec<&'a str>,
    /// A service of another project in the same folder that always is, and not for development.
    beside: Option<FileId>,
}

impl<'a> Habit<'a> {
    fn of(facts: &Facts<'a>, project: usize, kept: &Kept<'_>) -> Habit<'a> {
        let own = facts.services_of(project).iter().filter(|it| restarts(it));
        let mut restarted: Vec<&str> = own.map(|it| it.name).collect();
        restarted.sort_unstable();
        let first = facts.services_of(project).first();
        let beside = first.and_then(|it| kept.get(home(facts, it))).and_then(|kept| {
            kept.iter().find(|(other, _)| *other != project).map(|(_, file)| *file)
        });
        Habit { restarted, beside }
    }

    /// Returns the words before those about services without a policy.
    fn but(&self) -> String {
        match self.restarted.as_slice() {
            [] => String::new(),
            [one] => format!("`{one}` restarts, but "),
            all => format!("{} restart, but ", and_others(all)),
        }
    }

    /// Makes a note of a finding where nothing in the project or beside it is restarted, unless the file is for
    /// production. Of several files the one leads that Compose picks by itself, or one in which other services
    /// are restarted.
    fn weigh(&self, facts: &Facts<'_>, bare: &[&Service<'_>], finding: &mut Finding) {
        let Some(service) = bare.first() else { return };
        if bare.iter().all(|it| is_helper(it)) {
            finding.severity(Severity::Info);
            finding.why("Nothing of the application depends on it: while it is down, what it looks after goes on as it is, and nobody notices.");
        }
        let is_default = is_default_name(facts.file(service.span().file).path());
        if is_default || !self.restarted.is_empty() {
            finding.precedence(Precedence::First);
        }
        if !self.restarted.is_empty() {
            return;
        }
        match self.beside {
            Some(file) => {
                let path = facts.file(file).path();
                finding.help(format!(
                    "Set `restart: unless-stopped`, as services of `{path}` have it, or another policy."
                ));
            }
            None if service.role == Role::Production => {
                finding.help("Set `restart: unless-stopped`: the file is for production.");
            }
            None => {
                finding.severity(Severity::Info);
            }
        }
    }
}

/// Whether a policy brings a service back only after a failure: it says that it may be too early, and not that it
/// is to be there after a reboot.
fn retries_alone(service: &Service<'_>) -> bool {
    service.model.restart.as_ref().is_some_and(|it| it.as_str().starts_with("on-failure"))
}

/// Whether a policy brings a service back after a crash.
fn restarts(service: &Service<'_>) -> bool {
    let policy = service.model.restart.as_ref().map_or("", |it| it.as_str());
    let is_known =
        matches!(policy, "always" | "unless-stopped") || policy.starts_with("on-failure");
    let deploy = service.model.deploy.as_ref();
    is_known || deploy.is_some_and(|it| it.restart_policy.is_some())
}

fn alone(facts: &Facts<'_>, service: &Service<'_>, habit: &Habit<'_>, out: &mut Findings) {
    let name = service.name;
    let but = habit.but();
    let kind = if but.is_empty() { "service " } else { "" };
    let finding = out.at(
        &service.span(),
        format!(
            "{but}{kind}`{name}` has no restart policy, so it stays down after a crash or a reboot"
        ),
    );
    habit.weigh(facts, &[service], finding);
    finding
        .check(format!(
            "docker inspect --format '{{{{.HostConfig.RestartPolicy.Name}}}}' $({})",
            facts.compose(service, &format!("ps -aq {}", in_shell(name)))
        ))
        .maybe_fix(add(facts, &[service]))
        .cause_in_this_run(oversight(facts, service))
        .gathers("no restart policy");
}

/// Renders names as "`a` and `b`" or "`a`, `b`, `c` and 4 others".
fn and_others(names: &[&str]) -> String {
    match names {
        [all @ .., last] if (2..=4).contains(&names.len()) => {
            format!("{} and `{last}`", named(all))
        }
        _ => first_named(names, 3),
    }
}

/// Builds a fix that adds a policy to the services.
fn add(facts: &Facts<'_>, services: &[&Service<'_>]) -> Option<Fix> {
    let mut edits = Vec::new();
    let title = "Restart unless stopped by hand";
    for service in services {
        // A service that cannot be edited keeps its finding.
        let place = service.model.place();
        let value = Yaml::str("unless-stopped");
        edits.extend(place.and_then(|place| facts.insert_entry(place, "restart", &value)));
    }
    // Docker would run again and again what only looks like a server.
    let are_servers = services.iter().all(|it| is_server_image(it));
    Some(if are_servers { Fix::safe(title, edits) } else { Fix::r#unsafe(title, edits) })
}

fn has_policy(service: &Service<'_>) -> bool {
    let deploy = service.model.deploy.as_ref();
    service.model.restart.is_some() || deploy.is_some_and(|it| it.restart_policy.is_some())
}

/// Whether a service keeps running on a server, as far as the files show, and nothing restarts it. `images` are
/// those of the servers of its project.
fn is_bare<'a>(facts: &Facts<'a>, service: &Service<'a>, images: &FxHashSet<&str>) -> bool {
    let model = service.model;
    let interactive = model.stdin_open.is_some_and(|it| it.value) && model.ports.is_empty();
    let away = has_policy(service)
        || service.role == Role::Development
        || service.has_profile()
        || interactive
        || model.has_key("provider");
    !away
        && (keeps_running(service)
            || is_waited_for(facts, service)
            || is_like_server(service, images)
            || is_called_worker(service))
        && !is_task(facts, service)
        && !facts.is_for_swarm(service)
}

fn is_task<'a>(facts: &Facts<'a>, service: &Service<'a>) -> bool {
    let mode = service.model.deploy.as_ref().and_then(|it| it.mode.as_ref());
    facts.is_one_shot(service)
        || mode.is_some_and(|it| it.value.ends_with("-job"))
        || service.unit.start.commands.iter().any(starts::ends_when_done)
        || service.unit.value("WATCHTOWER_RUN_ONCE") == Some("true")
        || is_quick_tunnel(service)
}

/// Whether a service only looks after others, as an updater of images does, and serves nobody.
fn is_helper(service: &Service<'_>) -> bool {
    service.unit.family().is_some_and(|it| it.class == Class::Tool)
}

/// Whether a service is a tunnel for a trial: its address is another one after each start, so that somebody has to
/// read it there.
///
/// Source: <https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/do-more-with-tunnels/trycloudflare/>
fn is_quick_tunnel(service: &Service<'_>) -> bool {
    let words = &service.unit.start.words;
    let has = |option: &str| words.iter().any(|it| it.as_str().starts_with(option));
    service.unit.is_family("cloudflared")
        && has("--url")
        && !has("run")
        && !has("--token")
        && !has("--name")
}

/// Whether a port, also one for other services alone, a healthcheck or the start of a server shows that the service is not a task.
fn keeps_running(service: &Service<'_>) -> bool {
    let model = service.model;
    let serves = !model.ports.is_empty()
        || !model.expose.is_empty()
        || model.healthcheck.as_ref().is_some_and(|it| !it.disabled);
    let commands = &service.unit.start.commands;
    if serves || commands.iter().any(starts::is_server_start) {
        return true;
    }
    is_server_image(service)
}

/// Whether another service is started after this one and does not wait for it to end. What prepares something, by
/// its name, is started before others too.
fn is_waited_for<'a>(facts: &Facts<'a>, service: &Service<'a>) -> bool {
    if begins_as_preparation(service.name) {
        return false;
    }
    let mut waits = facts.waiters(service);
    waits.any(|it| it.dependency.condition.value != Condition::CompletedSuccessfully)
}

fn image<'a>(service: &Service<'a>) -> Option<&'a str> {
    service.unit.image.as_ref().map(|it| it.text)
}

/// Whether a server of the project has the same image, and this service has no command of its own.
fn is_like_server(service: &Service<'_>, images: &FxHashSet<&str>) -> bool {
    service.unit.start.is_empty() && image(service).is_some_and(|it| images.contains(it))
}

/// Whether a service is there for others to take its image from by an anchor: it does nothing of its own. `images`
/// has the number of services of the project by the place of their image.
fn is_template(service: &Service<'_>, images: &FxHashMap<Span, usize>) -> bool {
    let Some(image) = service.model.image.as_ref().map(|it| it.span) else { return false };
    let is_empty = service.unit.start.is_empty() && service.model.ports.is_empty();
    let is_own = image.file == service.span().file && image.start > service.span().start;
    is_empty && is_own && images.get(&image).is_some_and(|count| *count > 1)
}

/// The services over which the files of some project lay a restart policy, as an override for production does, or
/// a profile that keeps them from being started.
struct Overlaid<'a> {
    /// The largest number of files of such a project, by a file of it and the name of the service.
    projects: FxHashMap<(FileId, &'a str), usize>,
}

impl<'a> Overlaid<'a> {
    fn new(facts: &Facts<'a>) -> Overlaid<'a> {
        let mut projects: FxHashMap<(FileId, &'a str), usize> = FxHashMap::default();
        let is_settled = |it: &&Service<'a>| {
            it.role != Role::Development && (has_policy(it) || it.has_profile())
        };
        for service in facts.services().iter().filter(is_settled) {
            let files = &service.project.files;
            for file in files {
                let most = projects.entry((*file, service.name)).or_default();
                *most = files.len().max(*most);
            }
        }
        Overlaid { projects }
    }

    /// Whether a project with more files than that of a service settles whether it is restarted.
    fn settles(&self, service: &Service<'a>) -> bool {
        let most = self.projects.get(&(service.span().file, service.name));
        most.is_some_and(|most| *most > service.project.files.len())
    }
}

/// Endings of names of programs that run for ever without serving anything.
const WORKERS: &[&str] = &[
    "worker",
    "workers",
    "bot",
    "consumer",
    "scheduler",
    "celery",
    "celerybeat",
    "-beat",
    "listener",
    "daemon",
    "service",
    "eventhandler",
];

/// Whether a service of the project's own is called like a program that runs for ever, and is started after
/// others that do: a worker behind a queue.
fn is_called_worker(service: &Service<'_>) -> bool {
    let name = without_number(service.name).to_ascii_lowercase().replace('_', "-");
    let is_own = service.is_built() || service.unit.family().is_none();
    let is_after_others = service
        .model
        .depends_on
        .iter()
        .any(|it| it.condition.value != Condition::CompletedSuccessfully);
    is_own && is_after_others && WORKERS.iter().any(|word| name.ends_with(word))
}

/// Returns a name without the number that tells several services of one kind apart, as in `worker-2`.
fn without_number(name: &str) -> &str {
    match name.rsplit_once(['-', '_']) {
        Some((kind, number)) if number.starts_with(|it: char| it.is_ascii_digit()) => kind,
        _ => name.trim_end_matches(|it: char| it.is_ascii_digit()),
    }
}

/// Whether the service runs a server's image as the image starts it.
fn is_server_image(service: &Service<'_>) -> bool {
    let server = service.unit.family().is_some_and(|it| {
        !matches!(
            it.class,
            Class::Runtime | Class::Base | Class::Tool | Class::Migration | Class::Backup
        )
    });
    server && service.unit.start.commands.is_empty() && !service.is_built()
}

fn unknown_policy(facts: &Facts<'_>, service: &Service<'_>, out: &mut Findings) {
    let Some(policy) = &service.model.restart else { return };
    let text = policy.as_str();
    let limited = text.strip_prefix("on-failure:").is_some_and(|it| it.parse::<u32>().is_ok());
    // YAML reads a plain `no` as a boolean, and a value with a variable is not known.
    let known = matches!(text, "" | "false" | "true") || limited || POLICIES.contains(&text);
    if known || service.project.is_interpolated(policy.span) {
        return;
    }
    let plain = text.to_ascii_lowercase().replace(['_', ' '], "-");
    let exact = POLICIES.iter().copied().find(|it| *it == plain);
    let meant = exact
        .or_else(|| nearest(&plain, POLICIES.iter().copied().filter(|it| *it != "no")))
        .or_else(|| (plain == "never").then_some("no"));
    let mut message = format!("`{text}` is not a restart policy");
    if let Some(meant) = meant {
        message.push_str(&format!("; did you mean `{meant}`?"));
    }
    let finding = out.at(&policy.span, message).severity(Severity::Error);
    finding.why(
        "A misspelt policy passes the schema and is rejected only when the container is created.",
    );
    if let Some(meant) = meant {
        let written = if meant == "no" { "\"no\"" } else { meant };
        let edit = facts.replace(&policy.span, written);
        finding.fix(Fix::safe(format!("Write `{meant}`"), [edit]));
    }
}

#[cfg(test)]
mod tests;
