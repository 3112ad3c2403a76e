//! Variables that switch a program to development or debug mode.
//!
//! Source: the head of `data/debug_switches.txt`.

use crate::knowledge::data::entries;
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// The values that each variable must have.
static SWITCHES: LazyLock<FxHashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let lines = entries(include_str!("../data/debug_switches.txt"));
    let switches = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.collect()))
    });
    switches.collect()
});

/// Whether `name=value` switches a program to development or debug mode: `FLASK_DEBUG=1`.
#[must_use]
pub fn is_debug_switch(name: &str, value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let Some(values) = SWITCHES.get(name.to_ascii_uppercase().as_str()) else { return false };
    values.iter().any(|it| match it.strip_prefix('*') {
        Some(part) => value.contains(&part.to_ascii_lowercase()),
        None if *it == "on" => switch(&value) == Some(true),
        None => value == *it,
    })
}

/// Whether a variable says in which environment or mode a program runs: `NODE_ENV`, `DEBUG`.
#[must_use]
pub fn is_environment_switch(name: &str) -> bool {
    SWITCHES.contains_key(name.to_ascii_uppercase().as_str())
}

/// Returns what a text says that switches something on or off.
#[must_use]
pub fn switch(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" | "enabled" | "enable" => Some(true),
        "0" | "false" | "no" | "off" | "disabled" | "disable" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_need_one_of_their_values() {
        for (name, value) in [
            ("NODE_ENV", "development"),
            ("FLASK_DEBUG", "1"),
            ("SPRING_PROFILES_ACTIVE", "dev"),
            ("AUTH_MODE", "dev"),
            ("DEBUG", "True"),
            ("ASPNETCORE_ENVIRONMENT", "Development"),
            ("XDEBUG_MODE", "develop,debug"),
            ("NODE_OPTIONS", "--max-old-space-size=256 --inspect=0.0.0.0:9229"),
            ("JAVA_TOOL_OPTIONS", "-agentlib:jdwp=transport=dt_socket,server=y"),
        ] {
            assert!(is_debug_switch(name, value), "{name}={value}");
        }
        for (name, value) in [
            ("NODE_ENV", "production"),
            ("DEBUG", "app:*"),
            ("SPRING_PROFILES_ACTIVE", "k8s"),
            ("AUTH_MODE", "oidc"),
            ("DEBUG", "0"),
            ("LOG_LEVEL", "debug"),
            ("NODE_OPTIONS", "--max-old-space-size=256"),
        ] {
            assert!(!is_debug_switch(name, value), "{name}={value}");
        }
    }
}
