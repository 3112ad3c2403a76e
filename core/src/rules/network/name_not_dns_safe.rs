use crate::facts::{Facts, in_shell};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A service's name is not a valid name in Kubernetes.
    ///
    /// ## Why it hurts
    /// Compose allows `_`, capitals and dots in a service's name and uses it as a host name.
    /// Kubernetes accepts only DNS labels, so the name, and every URL that contains it, has to
    /// change on the way to a cluster. Some clients reject such host names even today.
    ///
    /// ## What helps
    /// Use lower-case letters, digits and `-`, at most 63 characters.
    ///
    /// ## How to troubleshoot
    /// `kubectl create service clusterip NAME --tcp=80 --dry-run=server` shows whether a name is
    /// accepted.
    ///
    /// ## When to ignore
    /// Where the project will never run on Kubernetes.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   order_DB: # <- `order_DB` is not a valid DNS label; in Kubernetes it would have to be `order-db`
    ///     image: postgres:17
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   order-db:
    ///     image: postgres:17
    /// ```
    PLM415 "name-not-dns-safe" {
        since: "0.1.0", on: Compose, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        let name = service.name;
        if name.is_empty() || is_label(name) {
            continue;
        }
        let finding = if name.len() > 63 {
            out.at(
                &service.span(),
                format!(
                    "`{name}` is not a valid DNS label: it has {} characters, and at most 63 are allowed",
                    name.len()
                ),
            )
        } else {
            out.at(
                &service.span(),
                format!(
                    "`{name}` is not a valid DNS label; in Kubernetes it would have to be `{}`",
                    as_label(name)
                ),
            )
        };
        finding.check(format!(
            "kubectl create service clusterip {} --tcp=80 --dry-run=server",
            in_shell(name)
        ));
    }
}

fn is_label(name: &str) -> bool {
    let allowed = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    name.len() <= 63 && name.bytes().all(allowed) && !name.starts_with('-') && !name.ends_with('-')
}

fn as_label(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(plain).collect::<String>().trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn letters_digits_and_dashes_are_silent() {
        let named = |name: &str| {
            messages(&RULE, &format!("services: {{{name}: {{image: 'a/b:1'}}}}\n")).len()
        };
        for good in ["web", "web-2", "2048", "a"] {
            assert_eq!(named(good), 0, "{good}");
        }
        for bad in ["my_db", "Web", "a.b", "web-", &"a".repeat(64)] {
            assert_eq!(named(bad), 1, "{bad}");
        }
    }
}
