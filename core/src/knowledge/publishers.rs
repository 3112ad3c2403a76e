//! Publishers of public images.

use super::data::entries;
use std::sync::LazyLock;

static PUBLISHERS: LazyLock<Vec<&str>> =
    LazyLock::new(|| entries(include_str!("data/publishers.txt")).map(str::trim_end).collect());

/// Whether the images of a normalised repository are a public product by the account that they belong
/// to.
#[must_use]
pub fn is_public(repository: &str) -> bool {
    let rest_after = |owner: &&str| repository.strip_prefix(*owner);
    PUBLISHERS.iter().filter_map(rest_after).any(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::is_public;

    #[test]
    fn an_account_is_known_by_its_whole_name() {
        assert!(is_public("grafana/loki"));
        assert!(is_public("mcr.microsoft.com/dotnet/aspnet"));
        assert!(!is_public("grafana-fans/loki"));
        assert!(!is_public("acme/grafana"));
        assert!(!is_public("quay.io/acme/web"));
    }
}
