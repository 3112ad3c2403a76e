//! Environment variables whose meaning does not depend on the project.
//!
//! Sources: POSIX "Environment Variables" and the Docker, Kubernetes and Compose documentation on
//! what they set; for drivers and switches, each framework's configuration reference.

mod debug;
mod file_database;
mod names;
mod purpose;
mod state;

use crate::knowledge::data::{entries, words};
use crate::knowledge::net;
pub use debug::{is_debug_switch, is_environment_switch, switch};
pub use file_database::{FileDatabase, file_database};
pub use names::{example_of, is_env_file, is_example, is_example_of, template_paths};
pub use purpose::{Purpose, is_place, purpose};
use rustc_hash::FxHashSet;
pub use state::{State, is_upload_directory, local_state};
use std::sync::LazyLock;

/// Variables that a shell or a CI system always sets.
static SHELL_VARIABLES: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("../data/shell_variables.txt")));

/// Whether a shell or a CI system always sets a variable, so that an undefined `${HOME}` is not a
/// mistake.
#[must_use]
pub fn is_shell_variable(name: &str) -> bool {
    SHELL_VARIABLES.contains(name)
}

/// Variables that belong to one platform or one machine.
static PLATFORM_VARIABLES: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("../data/platform_variables.txt")));

/// Prefixes of variables that belong to one platform, or to an agent that runs on one of them.
const PLATFORM_PREFIXES: &[&str] = &[
    "KUBERNETES_",
    "OTEL_",
    "DD_",
    "SENTRY_",
    "NEW_RELIC_",
    "COMPOSE_",
    "DOCKER_",
    "K8S_",
    "POD_",
];

/// Whether a variable belongs to one platform or one machine, so that the other side may lack it.
#[must_use]
pub fn is_platform_only(name: &str) -> bool {
    PLATFORM_VARIABLES.contains(name) || PLATFORM_PREFIXES.iter().any(|it| name.starts_with(it))
}

/// Variables with the values that their programs take anyway.
static DEFAULTS: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let rows = entries(include_str!("../data/variable_defaults.txt"));
    rows.map(|row| row.split_once(" = ").expect("internal error: a malformed row")).collect()
});

/// Whether a value of a variable is what its program takes where nobody sets the variable.
#[must_use]
pub fn is_default_value(name: &str, value: &str) -> bool {
    DEFAULTS.contains(&(name, value.trim().trim_end_matches(',')))
}

/// Whether a program does the same without a value of a variable: the value is empty, switches something off,
/// is the address of all interfaces, or what the program takes anyway.
#[must_use]
pub fn is_without_effect(name: &str, value: &str) -> bool {
    let value = value.trim();
    let is_off = matches!(value.to_ascii_lowercase().as_str(), "false" | "off" | "no" | "0");
    value.is_empty()
        || is_off
        || matches!(value, "0.0.0.0" | "::" | "[::]")
        || is_default_value(name, value)
}

/// Returns the setting behind the name of a variable: `spring.profiles.active` and `SPRING_PROFILES_ACTIVE`
/// are the same setting, and so are `KEY` and `KEY_FILE`.
#[must_use]
pub fn setting_of(name: &str) -> String {
    let name = name.to_ascii_uppercase().replace(['.', '-'], "_");
    name.strip_suffix("_FILE").map(str::to_owned).unwrap_or(name)
}

/// Whether an argument of a command sets what a variable sets for Spring Boot: `--spring.config.import=x` is
/// `SPRING_CONFIG_IMPORT=x`, and so is `-Dspring.config.import=x`.
///
/// Source: Spring Boot reference, "Externalized Configuration: Relaxed Binding", "Accessing Command Line Properties".
#[must_use]
pub fn is_argument_for(argument: &str, variable: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_uppercase())
    }
    let setting = argument.strip_prefix("--").or_else(|| argument.strip_prefix("-D"));
    let property = setting.and_then(|it| it.split_once('=')).map_or("", |it| it.0);
    property.contains('.') && letters(property).eq(letters(variable))
}

/// Whether a variable repeats one of the ports on which its program listens anyway, or opens one for metrics.
#[must_use]
pub fn repeats_a_port(name: &str, value: Option<&str>, ports: &[u16]) -> bool {
    let name = setting_of(name);
    let mut words = name.split('_');
    let is_for_metrics = words.any(|it| matches!(it, "PROM" | "PROMETHEUS" | "METRICS" | "JMX"));
    let is_own = value.and_then(|it| it.parse().ok()).is_some_and(|it| ports.contains(&it));
    name.ends_with("PORT") && (is_for_metrics || is_own)
}

/// A variable that Kubernetes, like Docker's old links, puts into a container for a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Injected<'a> {
    /// The Service's name as the variable spells it: in upper case, with underscores for dashes.
    pub service: &'a str,
    pub port: Option<u16>,
}

/// Reads names such as `REDIS_SERVICE_HOST` and `REDIS_PORT_6379_TCP_ADDR` (Kubernetes
/// documentation, "Service: Environment variables"). Plain `REDIS_PORT` is too common to be told
/// from a variable that somebody set.
#[must_use]
pub fn injected_variable(name: &str) -> Option<Injected<'_>> {
    let plain = |it: &str| {
        !it.is_empty()
            && it.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    if let Some(service) = name.strip_suffix("_SERVICE_HOST") {
        return plain(service).then_some(Injected { service, port: None });
    }
    if let Some(at) = name.find("_SERVICE_PORT") {
        let rest = &name[at + "_SERVICE_PORT".len()..];
        let service = &name[..at];
        return (plain(service) && (rest.is_empty() || rest.starts_with('_')))
            .then_some(Injected { service, port: None });
    }
    for (at, _) in name.match_indices("_PORT_") {
        let service = &name[..at];
        let mut parts = name[at + "_PORT_".len()..].split('_');
        let port = parts.next().and_then(|it| it.parse().ok());
        let protocol = matches!(parts.next(), Some("TCP" | "UDP" | "SCTP"));
        let field = matches!(parts.next(), None | Some("ADDR" | "PORT" | "PROTO"));
        if port.is_some() && protocol && field && parts.next().is_none() && plain(service) {
            return Some(Injected { service, port });
        }
    }
    None
}

/// Returns the prefix of a Service's injected variables: `REDIS_MASTER` for `redis-master`.
#[must_use]
pub fn link_prefix(service: &str) -> String {
    service.to_ascii_uppercase().replace('-', "_")
}

/// Returns the names of the variables that Kubernetes injects for a Service with these ports
/// (number, name, protocol).
#[must_use]
pub fn link_variables(service: &str, ports: &[(u16, Option<&str>, &str)]) -> Vec<String> {
    let prefix = link_prefix(service);
    let mut out = vec![
        format!("{prefix}_SERVICE_HOST"),
        format!("{prefix}_SERVICE_PORT"),
        format!("{prefix}_PORT"),
    ];
    for (number, name, protocol) in ports {
        if let Some(name) = name {
            out.push(format!("{prefix}_SERVICE_PORT_{}", link_prefix(name)));
        }
        let base = format!("{prefix}_PORT_{number}_{}", protocol.to_ascii_uppercase());
        out.extend(["_PORT", "_PROTO", "_ADDR"].map(|it| format!("{base}{it}")));
        out.push(base);
    }
    out
}

/// Variables that set the address on which a program itself listens.
static LISTEN_VARIABLES: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("../data/listen_variables.txt")));

/// Suffixes of such variables.
const LISTEN_SUFFIXES: &[&str] = &[
    "_BIND",
    "_BIND_ADDR",
    "_BIND_ADDRESS",
    "_BIND_HOST",
    "_LISTEN",
    "_LISTEN_ADDR",
    "_LISTEN_ADDRESS",
    "_LISTEN_HOST",
    "_LISTENERS",
];

/// Words in the key of an address that a program hands to others, whatever it listens on.
const ADVERTISED_WORDS: &[&str] = &["ADVERTISE", "ADVERTISED", "ANNOUNCE", "ANNOUNCED"];

/// Whether a key sets the address on which the program itself listens.
#[must_use]
pub fn is_listen_key(key: &str) -> bool {
    let key = key.to_ascii_uppercase();
    if key.split(['_', '.', '-']).any(|word| ADVERTISED_WORDS.contains(&word)) {
        return false;
    }
    LISTEN_VARIABLES.contains(key.as_str()) || LISTEN_SUFFIXES.iter().any(|it| key.ends_with(it))
}

/// Variables that hold the name under which the program itself is reached.
const OWN_NAME_VARIABLES: &[&str] = &[
    "SERVER_NAME",
    "KC_HOSTNAME",
    "KC_HOSTNAME_URL",
    "SERVER_HOST",
    "API_HOST",
    "APP_HOST",
    "WEB_HOST",
    "PHX_HOST",
    "VIRTUAL_HOST",
];

/// Words in the key of an address that the program itself has, announces or accepts.
const OWN_ADDRESS_WORDS: &[&str] = &[
    "LISTEN",
    "LISTENER",
    "LISTENERS",
    "BIND",
    "BINDING",
    "ADVERTISED",
    "ADVERTISE",
    "ALLOWED",
    "TRUSTED",
];

/// Whether a key holds an address of the program itself, on which it listens or which it announces
/// to others. What such a key says about loopback or a fixed address is not a mistake about a peer.
#[must_use]
pub fn is_own_address_key(key: &str) -> bool {
    let key = key.to_ascii_uppercase();
    OWN_NAME_VARIABLES.contains(&key.as_str())
        || key.split(['_', '.', '-']).any(|word| OWN_ADDRESS_WORDS.contains(&word))
        || is_listen_key(&key)
}

/// Variables that hold a URL for browsers or callers outside the cluster. An entry such as `*_SITE_URL` stands for
/// all that end in `_SITE_URL`.
static BROWSER_VARIABLES: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("../data/browser_variables.txt")));

/// Prefixes of variables that frameworks compile into the pages that they serve. Sources: the pages about
/// environment variables in the documentation of Next.js, Create React App, Vite, Nuxt, SvelteKit and Astro, Vue
/// CLI, Expo, Gatsby, `@ngx-env/builder` for Angular and Storybook.
const BROWSER_PREFIXES: &[&str] = &[
    "NEXT_PUBLIC_",
    "REACT_APP_",
    "VITE_",
    "NUXT_PUBLIC_",
    "PUBLIC_",
    "VUE_APP_",
    "EXPO_PUBLIC_",
    "GATSBY_",
    "NG_APP_",
    "STORYBOOK_",
];

/// Words in the key of a URL for browsers or callers outside.
const BROWSER_WORDS: &[&str] = &[
    "PUBLIC", "EXTERNAL", "CORS", "ORIGIN", "ORIGINS", "CALLBACK", "REDIRECT", "RETURN", "BROWSER",
    "WEBSITE", "ISSUER", "CSRF", "REFERER", "REFERRER", "WEBHOOK", "LANDING", "WIDGET", "LOGOUT",
    "LOGIN", "DOMAIN",
];

/// Whether a URL under this key is opened by a browser or by a caller outside, for whom `localhost`
/// and a published port are right: `NEXT_PUBLIC_API_URL`, `CORS_ORIGINS`, `OAUTH_REDIRECT_URI`.
#[must_use]
pub fn is_browser_facing(key: &str) -> bool {
    let key = in_snake_case(key);
    let fits = |entry: &str| match entry.strip_prefix('*') {
        Some(end) => key.ends_with(end),
        None => key == entry,
    };
    BROWSER_VARIABLES.iter().any(|it| fits(it))
        || BROWSER_PREFIXES.iter().any(|it| key.starts_with(it))
        || key.split(['_', '.', '-', ':']).any(|word| BROWSER_WORDS.contains(&word))
}

/// Returns `PAYMENT_CALLBACK_URL` for `paymentCallbackUrl`, and other keys in upper case.
fn in_snake_case(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    let mut lower_before = false;
    for c in key.chars() {
        if c.is_ascii_uppercase() && lower_before {
            out.push('_');
        }
        lower_before = c.is_ascii_lowercase();
        out.push(c.to_ascii_uppercase());
    }
    out
}

/// Whether `key=value` makes a program listen on loopback only.
#[must_use]
pub fn listens_on_loopback(key: &str, value: &str) -> bool {
    if !is_listen_key(key) {
        return false;
    }
    let text = value.trim();
    let endpoints = net::endpoints(text);
    if endpoints.is_empty() {
        let host = match text.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => text,
        };
        return net::is_loopback(host);
    }
    endpoints.iter().all(|it| net::is_loopback(it.host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_and_platform_variables() {
        assert!(is_shell_variable("HOME") && is_shell_variable("PWD"));
        assert!(!is_shell_variable("DB_PASSWORD"));
        assert!(is_platform_only("TZ") && is_platform_only("KUBERNETES_SERVICE_HOST"));
        assert!(!is_platform_only("DATABASE_URL"));
    }

    #[test]
    fn injected_names_are_read() {
        let read = |name| injected_variable(name).map(|it| (it.service, it.port));
        assert_eq!(read("REDIS_MASTER_SERVICE_HOST"), Some(("REDIS_MASTER", None)));
        assert_eq!(read("DB_PORT_5432_TCP_ADDR"), Some(("DB", Some(5432))));
        assert_eq!(read("DB_PORT_5432_TCP"), Some(("DB", Some(5432))));
        assert_eq!(read("API_SERVICE_PORT_HTTP"), Some(("API", None)));
        for name in [
            "REDIS_PORT",
            "DB_HOST",
            "_SERVICE_HOST",
            "API_SERVICE_PORTAL",
            "X_PORT_A_TCP",
            "auth_service_host_name",
        ] {
            assert_eq!(read(name), None, "{name}");
        }
    }

    #[test]
    fn injected_names_are_written() {
        let names = link_variables("my-db", &[(5432, Some("pg"), "TCP")]);
        for name in [
            "MY_DB_PORT",
            "MY_DB_SERVICE_HOST",
            "MY_DB_SERVICE_PORT_PG",
            "MY_DB_PORT_5432_TCP",
            "MY_DB_PORT_5432_TCP_ADDR",
        ] {
            assert!(names.iter().any(|it| it == name), "{name}");
        }
    }

    #[test]
    fn listeners_on_loopback() {
        assert!(listens_on_loopback("HOST", "127.0.0.1"));
        assert!(listens_on_loopback("LISTEN_ADDR", "localhost:8080"));
        assert!(listens_on_loopback("ASPNETCORE_URLS", "http://localhost:5000"));
        assert!(listens_on_loopback("GUNICORN_BIND", "127.0.0.1:80"));
        for (key, value) in [
            ("HOST", "0.0.0.0"),
            ("LISTEN_ADDR", ":8080"),
            ("DB_HOST", "localhost"),
            ("ASPNETCORE_URLS", "http://+:80"),
            ("HOST", ""),
        ] {
            assert!(!listens_on_loopback(key, value), "{key}={value}");
        }
    }

    #[test]
    fn own_and_public_addresses_are_not_those_of_peers() {
        for key in ["KAFKA_ADVERTISED_LISTENERS", "ETCD_LISTEN_CLIENT_URLS", "HOST", "KC_HOSTNAME"]
        {
            assert!(is_own_address_key(key), "{key}");
        }
        for key in [
            "NEXT_PUBLIC_API_URL",
            "CORS_ORIGINS",
            "oauthRedirectUri",
            "APP_URL",
            "TEMPORAL_CORS_ORIGINS",
            "KEYCLOAK_FRONTEND_URL",
            "CHAT_WIDGET_URL",
            "WIDGET_URL",
            "GITEA_ROOT_URL",
            "API_ROOT_URL",
            "SHOP_FRONTEND_URL",
            "WIDGET_EMBED_PATH",
            "FRONT_BASE_URL",
        ] {
            assert!(is_browser_facing(key), "{key}");
        }
        for key in
            ["DATABASE_URL", "REDIS_HOST", "API_URL", "DB_HOSTNAME", "KAFKA_BROKERS", "OLLAMA_HOST"]
        {
            assert!(!is_own_address_key(key) && !is_browser_facing(key), "{key}");
        }
    }
}
