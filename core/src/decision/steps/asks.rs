//! What the items of the checklists ask for, with the names of what they miss.

use crate::report::CheckItem;

/// Returns what to do about services, volumes or workloads that an item misses, as a sentence without its end; `None` for
/// the items whose steps are worded elsewhere, or that miss nothing by name. `names` lists what is missed.
pub fn ask(item: CheckItem, names: &str, are_several: bool, is_swarm: bool) -> Option<String> {
    let form = |one: &'static str, many: &'static str| if are_several { many } else { one };
    Some(match item {
        CheckItem::Backups | CheckItem::ImageWithoutBindMounts | CheckItem::Monitoring => {
            return None;
        }
        CheckItem::PinnedImages => {
            format!("Pin the {} of {names} to a version or a digest", form("image", "images"))
        }
        CheckItem::HealthChecks => format!("Add a healthcheck to {names}"),
        // Source: <https://docs.docker.com/reference/compose-file/deploy/#restart_policy>
        CheckItem::RestartPolicies if is_swarm => {
            format!("Set `deploy.restart_policy.condition: any` on {names}")
        }
        // Source: <https://docs.docker.com/engine/containers/start-containers-automatically/>
        CheckItem::RestartPolicies => format!("Set `restart: unless-stopped` on {names}"),
        CheckItem::PersistentData => {
            let keeps = form("keeps its data", "keep their data");
            format!("Mount a named volume where {names} {keeps}")
        }
        CheckItem::TlsEdge => {
            format!("Put a reverse proxy that terminates TLS in front of {names}")
        }
        CheckItem::HostHardening => {
            let need = form("does not need", "do not need");
            format!(
                "Remove the privileges, capabilities, networks and folders of the host that {names} {need}"
            )
        }
        CheckItem::LogsBounded => {
            format!("Set `max-size` for the logs of {names}, or use the `local` logging driver")
        }
        CheckItem::StartupAndRetry => {
            let need = form("it needs", "they need");
            format!("Make {names} retry until what {need} answers, without `depends_on`")
        }
        CheckItem::OneTimeMigrations => {
            format!("Run the migrations of {names} once per release, in a Job or a hook")
        }
        CheckItem::ServiceDiscovery => {
            let dial = form("it dials", "they dial");
            format!("Name the Services that {dial} in the configuration of {names}")
        }
        CheckItem::ConfigAndSecrets => {
            let counterparts = form("counterpart", "counterparts");
            format!("Set the variables of {names} on the {counterparts} in the cluster too")
        }
        // Sources: <https://kubernetes.io/docs/concepts/workloads/pods/probes/> and
        // <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>
        CheckItem::ProbesAndResources => {
            format!("Give {names} a readiness probe and a memory request")
        }
        CheckItem::HiddenState => {
            let outside = form("its container", "their containers");
            format!("Keep the data of {names} on volumes, outside {outside}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ask_is_a_sentence_with_its_names() {
        let unworded =
            [CheckItem::Backups, CheckItem::ImageWithoutBindMounts, CheckItem::Monitoring];
        for item in CheckItem::ALL {
            for (names, are_several) in [("`web`", false), ("`web` and `api`", true)] {
                let text = ask(item, names, are_several, false);
                assert_eq!(text.is_none(), unworded.contains(&item), "{item:?}");
                let Some(text) = text else { continue };
                assert!(text.contains(names) && !text.ends_with(['.', ':']), "{text}");
                assert!(text.starts_with(|it: char| it.is_ascii_uppercase()), "{text}");
            }
        }
        assert_eq!(
            ask(CheckItem::RestartPolicies, "`web`", false, true).as_deref(),
            Some("Set `deploy.restart_policy.condition: any` on `web`")
        );
        assert_eq!(
            ask(CheckItem::PersistentData, "`db` and `cache`", true, false).as_deref(),
            Some("Mount a named volume where `db` and `cache` keep their data")
        );
    }
}
