//! Fields of the container: what runs in it, with what environment, checks and resources.

use super::draft::{Beside, Draft, Entry};
use super::{Context, labels_and_annotations};
use crate::compare::cases::of_variable;
use crate::edit::Yaml;
use crate::facts::probe_of_healthcheck;
use crate::knowledge::compose_key::Key;
use crate::knowledge::compose_keys::Case;
use crate::knowledge::secrets::{self, Verdict};
use crate::model::compose::{Command, Device, EnvSource, EnvVar, Healthcheck, Hook, Service};
use crate::model::kubernetes::Container;
use std::time::Duration;

pub fn draft(context: &Context<'_, '_>, key: Key, case: Case) -> Option<Draft> {
    let model = context.service.model;
    match key {
        Key::Image => {
            let image = model.image.as_ref()?;
            Some(Draft::container([("image", text(image))]))
        }
        Key::Command => Some(Draft::container([("args", words(model.command.as_ref()?)?)])),
        Key::Entrypoint => {
            Some(Draft::container([("command", words(model.entrypoint.as_ref()?)?)]))
        }
        Key::WorkingDir => {
            Some(Draft::container([("workingDir", text(model.working_dir.as_ref()?))]))
        }
        Key::Environment if case == Case::Other => environment(context),
        Key::EnvFile => env_file(context),
        Key::Healthcheck => healthcheck(context, model.healthcheck.as_deref()?),
        Key::Labels if case == Case::Other => {
            let entries = labels_and_annotations(&model.labels);
            (!entries.is_empty()).then(|| Draft::template_meta(entries))
        }
        Key::Annotations => {
            let all = model.annotations.iter().map(|it| {
                let value = it.value.as_ref().map_or("", |value| value.as_str());
                (it.key.to_string(), Yaml::str(value.to_owned()))
            });
            Some(Draft::template_meta(vec![("annotations", Yaml::map(all))]))
        }
        Key::StdinOpen => Some(Draft::container([("stdin", Yaml::bool(model.stdin_open?.value))])),
        Key::Tty => Some(Draft::container([("tty", Yaml::bool(model.tty?.value))])),
        Key::PullPolicy => {
            let policy = match model.pull_policy.as_ref()?.as_str() {
                "always" => "Always",
                "never" => "Never",
                "missing" | "if_not_present" => "IfNotPresent",
                _ => return None,
            };
            Some(Draft::container([("imagePullPolicy", Yaml::str(policy))]))
        }
        Key::PostStart => lifecycle("postStart", &model.post_start),
        Key::PreStop => lifecycle("preStop", &model.pre_stop),
        Key::PreStart => init_containers(context),
        _ => resources(model, key),
    }
}

fn text(value: &str) -> Yaml<'static> {
    Yaml::str(value.to_owned())
}

/// Escapes what Kubernetes would replace in commands and variables: `$(NAME)`.
///
/// Source:
/// <https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/>
fn literal(value: &str) -> String {
    value.replace("$(", "$$(")
}

fn words(command: &Command) -> Option<Yaml<'static>> {
    let words = command.words.iter().map(|word| literal(word.as_str()));
    (!command.words.is_empty()).then(|| Yaml::words(words))
}

/// Whether a variable holds a credential, or the place of one.
fn is_secret(variable: &EnvVar) -> bool {
    let value = variable.value.as_ref().map_or("", |it| it.as_str());
    secrets::judge(&variable.name.value, value).verdict != Verdict::No
}

fn environment(context: &Context<'_, '_>) -> Option<Draft> {
    let own = |it: &&EnvVar| {
        matches!(it.from, EnvSource::Environment) && of_variable(&it.name.value) == Case::Other
    };
    let secret = format!("{}-secrets", context.names.workload);
    let mut all = Vec::new();
    for variable in context.service.model.environment.iter().filter(own) {
        let name = text(&variable.name.value);
        let value = variable.value.as_ref().map_or("", |it| it.as_str());
        if is_secret(variable) {
            let reference = [("name", text(&secret)), ("key", text(&variable.name.value))];
            let source = Yaml::map([("secretKeyRef", Yaml::map(reference))]);
            all.push(Yaml::map([("name", name), ("valueFrom", source)]));
        } else if variable.value.is_some() && !(variable.interpolated && value.is_empty()) {
            all.push(Yaml::map([("name", name), ("value", Yaml::str(literal(value)))]));
        }
    }
    (!all.is_empty()).then(|| Draft::container([("env", Yaml::list(all))]))
}

/// Returns a ConfigMap with the plain values of the env files; credentials go into a Secret, whose values
/// are not repeated here.
fn env_file(context: &Context<'_, '_>) -> Option<Draft> {
    let from_file = |it: &&EnvVar| matches!(it.from, EnvSource::EnvFile(_));
    let variables = context.service.model.environment.iter().filter(from_file);
    let (secret, plain): (Vec<&EnvVar>, Vec<&EnvVar>) = variables.partition(|it| is_secret(it));
    let reference = |kind: &'static str, name: String| {
        Yaml::map([(kind, Yaml::map([("name", Yaml::str(name))]))])
    };
    let config = format!("{}-env", context.names.workload);
    let mut sources = vec![reference("configMapRef", config.clone())];
    if !secret.is_empty() {
        sources.push(reference("secretRef", format!("{}-secrets", context.names.workload)));
    }
    let draft = Draft::container([("envFrom", Yaml::list(sources))]);
    if plain.is_empty() {
        return Some(draft);
    }
    let data = plain.iter().map(|it| {
        let value = it.value.as_ref().map_or("", |value| value.as_str());
        (it.name.to_string(), text(value))
    });
    Some(draft.with_object(Beside::ConfigMap.named(config, ("data", Yaml::map(data)))))
}

/// Docker's defaults for a healthcheck.
///
/// Source: <https://docs.docker.com/reference/dockerfile/#healthcheck>
const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(30);
const RETRIES: i64 = 3;

/// Returns the check of a probe. An HTTP request to the service by its own name becomes one to the Pod
/// itself.
fn handler(context: &Context<'_, '_>, check: &Healthcheck) -> Option<Entry> {
    let sets = |name: &str| context.service.unit.var(name).is_some();
    if let Some(probe) = probe_of_healthcheck(context.service, check, &Container::default(), &sets)
    {
        let Yaml::Map(fields) = probe else { return None };
        return fields.into_iter().next();
    }
    let command = check.test.as_ref()?.joined();
    let asks = ["curl ", "wget "].iter().any(|client| command.starts_with(client));
    let (_, rest) = command.split_once("http://").filter(|_| asks)?;
    let end = rest.find([' ', '"', '\'', '|', ';', '&']).unwrap_or(rest.len());
    let (address, path) = rest[..end].split_once('/').unwrap_or((&rest[..end], ""));
    let (host, port) = address.split_once(':').unwrap_or((address, "80"));
    let port: u16 = port.parse().ok()?;
    if path.contains('$') || !context.service.hosts().any(|own| own == host) {
        return None;
    }
    let request = [("path", text(&format!("/{path}"))), ("port", Yaml::int(i64::from(port)))];
    Some(("httpGet".into(), Yaml::map(request)))
}

/// Returns a readiness probe with the numbers of the healthcheck, and for `start_period` a startup probe that
/// fails only after it.
fn healthcheck(context: &Context<'_, '_>, check: &Healthcheck) -> Option<Draft> {
    if check.disabled {
        return None;
    }
    let handler = handler(context, check)?;
    let interval = seconds(check.interval.map_or(INTERVAL, |it| it.value));
    let timeout = seconds(check.timeout.map_or(TIMEOUT, |it| it.value));
    let retries = check.retries.map_or(RETRIES, |it| it.value).max(1);
    let probe = |failures: i64| {
        let numbers = [
            ("periodSeconds", interval),
            ("timeoutSeconds", timeout),
            ("failureThreshold", failures),
        ];
        let numbers = numbers.map(|(name, number)| (name.into(), Yaml::int(number)));
        Yaml::Map(std::iter::once(handler.clone()).chain(numbers).collect())
    };
    let readiness = ("readinessProbe", probe(retries));
    let start =
        check.start_period.filter(|it| !it.value.is_zero()).map_or(0, |it| seconds(it.value));
    if start == 0 {
        return Some(Draft::container([readiness]));
    }
    // Failures during the start period do not count in Compose, and those after it do.
    let failures = div_ceil(start, interval).saturating_add(retries);
    Some(Draft::container([readiness, ("startupProbe", probe(failures))]))
}

/// Divides a positive number by another one and rounds up.
fn div_ceil(number: i64, by: i64) -> i64 {
    number / by + i64::from(number % by > 0)
}

/// Returns whole seconds, rounded up, and at least one.
pub(super) fn seconds(duration: Duration) -> i64 {
    let whole = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i64::try_from(whole.max(1)).unwrap_or(i64::MAX)
}

/// Returns the one hook as a lifecycle action. Kubernetes runs a single action, as the user of the container.
fn lifecycle(event: &'static str, hooks: &[Hook]) -> Option<Draft> {
    let [hook] = hooks else { return None };
    let plain = hook.user.is_none() && hook.privileged.is_none() && hook.working_dir.is_none();
    if !plain || !hook.environment.is_empty() {
        return None;
    }
    let exec = Yaml::map([("command", words(&hook.command)?)]);
    let action = Yaml::map([(event, Yaml::map([("exec", exec)]))]);
    Some(Draft::container([("lifecycle", action)]))
}

fn init_containers(context: &Context<'_, '_>) -> Option<Draft> {
    let model = context.service.model;
    let mut all = Vec::new();
    for (at, hook) in model.pre_start.iter().enumerate() {
        let image = hook.image.as_ref().or(model.image.as_ref())?;
        let name = Yaml::str(format!("pre-start-{}", at + 1));
        let fields = [("name", name), ("image", text(image)), ("args", words(&hook.command)?)];
        all.push(Yaml::map(fields));
    }
    (!all.is_empty()).then(|| Draft::pod([("initContainers", Yaml::list(all))]))
}

/// Returns requests and limits, one for each key.
fn resources(model: &Service, key: Key) -> Option<Draft> {
    let deploy = model.deploy.as_deref();
    let limits = deploy.and_then(|it| it.limits.as_ref());
    let reservations = deploy.and_then(|it| it.reservations.as_ref());
    let (side, name, amount) = match key {
        Key::MemLimit => ("limits", "memory", memory(model.mem_limit?.value)?),
        Key::MemReservation => ("requests", "memory", memory(model.mem_reservation?.value)?),
        Key::Cpus => ("limits", "cpu", cpu(model.cpus?.value)?),
        Key::CpuShares => ("requests", "cpu", cpu(model.cpu_shares?.value / 1024.0)?),
        Key::DeployLimitsMemory => ("limits", "memory", memory(limits?.memory?.value)?),
        Key::DeployLimitsCpus => ("limits", "cpu", cpu(limits?.cpus?.value)?),
        Key::DeployReservationsMemory => {
            ("requests", "memory", memory(reservations?.memory?.value)?)
        }
        Key::DeployReservationsCpus => ("requests", "cpu", cpu(reservations?.cpus?.value)?),
        Key::Gpus => return gpus(&model.gpus),
        Key::DeployReservationsDevices => return gpus(&reservations?.devices),
        _ => return None,
    };
    Some(of_resource(side, name.to_owned(), amount))
}

pub(super) fn of_resource(side: &'static str, name: String, amount: Yaml<'static>) -> Draft {
    let resources = Yaml::map([(side, Yaml::map([(name, amount)]))]);
    Draft::container([("resources", resources)])
}

/// Returns a limit for GPUs; none where Compose asks for all of them, since Kubernetes wants a number.
fn gpus(devices: &[Device]) -> Option<Draft> {
    let [device] = devices else { return None };
    let vendor = match device.driver.as_ref().map_or("nvidia", |it| it.as_str()) {
        vendor @ ("nvidia" | "amd") => vendor,
        _ => return None,
    };
    let count = match device.count {
        Some(count) => count.value,
        None => i64::try_from(device.device_ids.len()).unwrap_or(0),
    };
    (count > 0).then(|| of_resource("limits", format!("{vendor}.com/gpu"), Yaml::int(count)))
}

/// Returns bytes as a quantity, in the largest unit that represents them exactly.
pub(in crate::decision::crossing) fn memory(bytes: i64) -> Option<Yaml<'static>> {
    if bytes <= 0 {
        return None;
    }
    for (unit, size) in [("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)] {
        if bytes % size == 0 {
            return Some(Yaml::str(format!("{}{unit}", bytes / size)));
        }
    }
    Some(Yaml::int(bytes))
}

/// Returns CPUs as a quantity, in thousandths where they are not whole.
pub(in crate::decision::crossing) fn cpu(cores: f64) -> Option<Yaml<'static>> {
    let thousandths = (cores * 1000.0).ceil();
    if !(1.0..1e9).contains(&thousandths) {
        return None;
    }
    let thousandths = thousandths as i64;
    Some(match thousandths % 1000 {
        0 => Yaml::int(thousandths / 1000),
        _ => Yaml::str(format!("{thousandths}m")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_exact() {
        let flow = |it: Option<Yaml<'_>>| it.map(|it| it.flow(false));
        assert_eq!(flow(memory(512 << 20)).as_deref(), Some("512Mi"));
        assert_eq!(flow(memory(2 << 30)).as_deref(), Some("2Gi"));
        assert_eq!(flow(memory(1000)).as_deref(), Some("1000"));
        assert_eq!(flow(memory(0)), None);
        assert_eq!(flow(cpu(0.5)).as_deref(), Some("500m"));
        assert_eq!(flow(cpu(2.0)).as_deref(), Some("2"));
        assert_eq!(flow(cpu(0.0)), None);
    }

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(seconds(Duration::from_millis(1500)), 2);
        assert_eq!(seconds(Duration::from_millis(10)), 1);
        assert_eq!(div_ceil(60, 25), 3);
    }

    #[test]
    fn references_of_kubernetes_are_escaped() {
        assert_eq!(literal("echo $(date) $HOME"), "echo $$(date) $HOME");
    }
}
