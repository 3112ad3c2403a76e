//! The values of a key that share a fate.

use crate::facts::{Brought, Facts, Service, is_engine_socket};
use crate::knowledge::compose_key::Key;
use crate::knowledge::compose_keys::Case;
use crate::model::Str;
use crate::model::compose::{Deploy, Mount, MountKind, Port};
use std::net::IpAddr;

/// Returns the cases that the value of a key has, each once. A list may have several: TCP and UDP ports,
/// named volumes and bind mounts.
pub fn of(facts: &Facts<'_>, service: &Service<'_>, key: Key) -> Vec<Case> {
    let model = service.model;
    let deploy = model.deploy.as_deref();
    match key {
        Key::Labels => each(&model.labels, |label| of_label(&label.key.value)),
        Key::DeployLabels => {
            each(deploy.map_or(&[][..], |it| &it.labels), |label| of_label(&label.key.value))
        }
        Key::Environment => each(&model.environment, |it| of_variable(&it.name.value)),
        Key::Ports => each(&model.ports, of_port),
        Key::Volumes => each(&model.volumes, |mount| of_mount(facts, service, mount)),
        Key::Devices => each(&model.devices, |device| of_device(&device.value)),
        Key::ExtraHosts => each(&model.extra_hosts, |entry| {
            let gateway = entry.value.as_ref().is_some_and(|it| it.as_str() == "host-gateway");
            if gateway { Case::Gateway } else { Case::Other }
        }),
        _ => vec![of_scalar(service, deploy, key)],
    }
}

/// Returns the cases of the items of a list, each once, the first ones first.
fn each<T>(items: &[T], of: impl Fn(&T) -> Case) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for case in items.iter().map(of) {
        if !cases.contains(&case) {
            cases.push(case);
        }
    }
    if cases.is_empty() {
        cases.push(Case::Other);
    }
    cases
}

fn of_scalar(service: &Service<'_>, deploy: Option<&Deploy>, key: Key) -> Case {
    let model = service.model;
    let text =
        |value: &Option<Str>| value.as_ref().map_or_else(String::new, |it| it.value.to_string());
    match key {
        Key::NetworkMode => of_namespace(&text(&model.network_mode)),
        Key::Pid => of_namespace(&text(&model.pid)),
        Key::Ipc => match text(&model.ipc).as_str() {
            "shareable" => Case::Shared,
            "none" => Case::Other,
            mode => of_namespace(mode),
        },
        Key::Restart => {
            let restart = text(&model.restart);
            let ends = restart == "no" || restart.starts_with("on-failure");
            if ends { Case::Once } else { Case::Other }
        }
        Key::User => match numeric_user(&text(&model.user)) {
            Some(_) => Case::Other,
            None => Case::Name,
        },
        Key::Healthcheck => {
            let off = model.healthcheck.as_ref().is_some_and(|check| check.disabled);
            if off { Case::Off } else { Case::Other }
        }
        Key::DeployMode => match deploy.map(|it| text(&it.mode)).unwrap_or_default().as_str() {
            "global" => Case::Global,
            "replicated-job" | "global-job" => Case::Once,
            _ => Case::Other,
        },
        Key::DeployEndpointMode => {
            let names = deploy.is_some_and(|it| text(&it.endpoint_mode) == "dnsrr");
            if names { Case::Addresses } else { Case::Other }
        }
        Key::DeployRestartCondition => {
            let policy = deploy.and_then(|it| it.restart_policy.as_ref());
            let condition = policy.map(|it| text(&it.condition)).unwrap_or_default();
            let ends = matches!(condition.as_str(), "none" | "on-failure");
            if ends { Case::Once } else { Case::Other }
        }
        _ => Case::Other,
    }
}

fn of_namespace(mode: &str) -> Case {
    match mode {
        "host" => Case::Host,
        "none" => Case::Off,
        _ if mode.starts_with("service:") || mode.starts_with("container:") => Case::Shared,
        _ => Case::Other,
    }
}

/// Prefixes of labels that configure a reverse proxy.
///
/// Sources: <https://doc.traefik.io/traefik/routing/providers/docker/>,
/// <https://github.com/lucaslorentz/caddy-docker-proxy>, <https://github.com/nginx-proxy/nginx-proxy>.
const PROXY_LABELS: &[&str] = &["traefik.", "caddy", "com.github.nginx-proxy."];

pub fn of_label(name: &str) -> Case {
    let proxy = PROXY_LABELS.iter().any(|prefix| name.starts_with(prefix));
    if proxy { Case::Proxy } else { Case::Other }
}

/// Variables by which nginx-proxy and its companion for certificates find their routes.
///
/// Sources: <https://github.com/nginx-proxy/nginx-proxy/tree/main/docs>,
/// <https://github.com/nginx-proxy/acme-companion/tree/main/docs>.
const PROXY_VARIABLES: &[&str] = &[
    "VIRTUAL_HOST",
    "VIRTUAL_PORT",
    "VIRTUAL_PATH",
    "VIRTUAL_PROTO",
    "VIRTUAL_DEST",
    "LETSENCRYPT_HOST",
    "LETSENCRYPT_EMAIL",
    "CERT_NAME",
];

pub fn of_variable(name: &str) -> Case {
    if PROXY_VARIABLES.contains(&name) { Case::Proxy } else { Case::Other }
}

pub fn of_port(port: &Port) -> Case {
    let address = port.host_ip.as_ref().and_then(|it| it.as_str().parse::<IpAddr>().ok());
    if port.protocol != "tcp" {
        Case::Udp
    } else if address.is_some_and(|it| it.is_loopback()) {
        Case::Loopback
    } else {
        Case::Other
    }
}

pub fn of_mount(facts: &Facts<'_>, service: &Service<'_>, mount: &Mount) -> Case {
    match mount.kind {
        MountKind::Bind => {
            let source = mount.source.as_ref().map_or("", |it| it.as_str());
            match facts.brought_by(service, mount) {
                _ if is_engine_socket(source) => Case::Socket,
                Brought::Data => Case::Data,
                Brought::Configuration => Case::Configuration,
                Brought::Code => Case::Code,
                Brought::Host => Case::Machine,
            }
        }
        MountKind::Volume => Case::Other,
        MountKind::Anonymous => Case::Anonymous,
        MountKind::Tmpfs => Case::Memory,
        MountKind::Image => Case::Image,
        MountKind::Npipe => Case::Pipe,
        MountKind::Cluster => Case::Cluster,
    }
}

/// Device files of GPUs, and the vendors whose devices the Container Device Interface names.
///
/// Source: <https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/> for the plugins, and their own
/// pages for the device files.
const GPUS: &[&str] = &["/dev/nvidia", "/dev/dri", "/dev/kfd", "nvidia.com/gpu", "amd.com/gpu"];

pub fn of_device(device: &str) -> Case {
    let gpu = GPUS.iter().any(|prefix| device.starts_with(prefix));
    if gpu { Case::Gpu } else { Case::Other }
}

/// Returns the numbers of a user and a group; `None` where one of them is a name other than `root`.
pub fn numeric_user(user: &str) -> Option<(i64, Option<i64>)> {
    let number = |text: &str| match text {
        "root" => Some(0),
        _ => text.parse::<i64>().ok().filter(|it| *it >= 0),
    };
    match user.split_once(':') {
        Some((user, group)) => Some((number(user)?, Some(number(group)?))),
        None => Some((number(user)?, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_and_root_are_users_by_number() {
        assert_eq!(numeric_user("1000"), Some((1000, None)));
        assert_eq!(numeric_user("1000:1001"), Some((1000, Some(1001))));
        assert_eq!(numeric_user("root"), Some((0, None)));
        assert_eq!(numeric_user("node"), None);
        assert_eq!(numeric_user("1000:staff"), None);
        assert_eq!(numeric_user(""), None);
    }

    #[test]
    fn a_tunnel_is_not_a_gpu() {
        assert_eq!(of_device("/dev/net/tun:/dev/net/tun"), Case::Other);
        assert_eq!(of_device("/dev/dri/renderD128"), Case::Gpu);
        assert_eq!(of_device("nvidia.com/gpu=all"), Case::Gpu);
    }
}
