use crate::facts::Facts;
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A service's name cannot be a name in Kubernetes.
    ///
    /// ## Why it hurts
    /// Compose lets a name hold `_`, capitals and dots, and makes a host name of it. Kubernetes takes
    /// only DNS labels, so that name, and every URL that holds it, has to change on the way. Some
    /// clients refuse such hosts already today.
    ///
    /// ## What helps
    /// Lower case letters, digits and `-`, at most 63 of them.
    ///
    /// ## How to troubleshoot
    /// `kubectl create service clusterip NAME --tcp=80 --dry-run=server` says whether a name passes.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   order_DB: # <- `order_DB` is no DNS label; in Kubernetes it would have to be `order-db`
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
                    "`{name}` is no DNS label: it has {} letters, and 63 are allowed",
                    name.len()
                ),
            )
        } else {
            out.at(
                &service.span(),
                format!(
                    "`{name}` is no DNS label; in Kubernetes it would have to be `{}`",
                    as_label(name)
                ),
            )
        };
        finding.check(format!("kubectl create service clusterip {name} --tcp=80 --dry-run=server"));
    }
}

fn is_label(name: &str) -> bool {
    let letter = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    name.len() <= 63 && name.bytes().all(letter) && !name.starts_with('-') && !name.ends_with('-')
}

fn as_label(name: &str) -> String {
    let mut plain = String::new();
    for it in name.chars() {
        plain.push(if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' });
    }
    plain.trim_matches('-').to_owned()
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
