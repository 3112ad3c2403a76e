use crate::facts::{Facts, in_shell};
use crate::knowledge::servers::is_service_account;
use crate::model::compose::MountKind;
use crate::report::{Findings, Role, Severity};
use crate::rules::rule;

rule! {
    /// A bind mount uses a path that exists on only one person's machine.
    ///
    /// ## Why it hurts
    /// On another machine the folder does not exist. Docker then creates an empty one, owned by
    /// root, and the program starts without its files.
    ///
    /// ## What helps
    /// Use a path relative to the Compose file, a named volume, or a variable that must be set
    /// (`${DATA_DIR:?}`). For `~`, which everybody has, the finding is a note.
    ///
    /// ## How to troubleshoot
    /// `docker compose config` shows the path that would be mounted; `ls -ld` on that path shows
    /// whether it existed before Docker created it.
    ///
    /// ## When to ignore
    /// Where the file is for this one machine, and will be.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     volumes:
    ///       - /home/maria/shop/uploads:/uploads # <- `web` mounts `/home/maria/shop/uploads`, a path on one person's machine
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     volumes:
    ///       - ./uploads:/uploads
    /// ```
    PLM309 "machine-specific-path" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        for mount in service.model.volumes.iter().filter(|it| it.kind == MountKind::Bind) {
            let Some(source) = &mount.source else { continue };
            let is_on_server = service.role != Role::Development && is_of_service_account(source);
            // Whoever develops has the folder, or is told to make it.
            let is_home = is_in_any_home(source) && service.role != Role::Development;
            let is_left = is_on_server || service.project.is_interpolated(mount.span);
            if is_left || !is_home && !is_personal(source) {
                continue;
            }
            if is_home {
                out.at(
                    &mount.span,
                    format!(
                        "`{}` mounts `{source}`, which is in the home of whoever starts Compose",
                        service.name
                    ),
                )
                .severity(Severity::Info)
                .why("For everybody else, and for the same person under `sudo`, `~` is another folder. Docker creates an empty one there, owned by root, and the program starts without its files.")
                .check(format!("ls -ld {}", in_home(source)));
                continue;
            }
            let finding = out.at(
                &mount.span,
                format!("`{}` mounts `{source}`, a path on one person's machine", service.name),
            );
            let path = facts.file(mount.span.file).path();
            finding
                .check(format!("ls -ld {}", in_shell(source)))
                .cause_in_this_run(format!("paths of one machine in {path}"))
                .gathers("paths of one machine");
            if service.role == Role::Development {
                finding.severity(Severity::Info);
            }
        }
    }
}

/// Whether a path lies in the home directory of an account that no person has.
fn is_of_service_account(path: &str) -> bool {
    let account = path.strip_prefix("/home/").and_then(|it| it.split('/').next());
    account.is_some_and(is_service_account)
}

/// Whether a path lies in the home directory of whoever starts Compose.
fn is_in_any_home(path: &str) -> bool {
    path == "~" || path.starts_with("~/")
}

/// Whether a path lies in the home directory of one person or on a Windows drive.
fn is_personal(path: &str) -> bool {
    let bytes = path.as_bytes();
    let drive = bytes.len() > 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes[2], b'\\' | b'/');
    let below = |folder: &str| path.strip_prefix(folder).is_some_and(|it| !it.is_empty());
    below("/home/") || below("/Users/") || drive
}

/// Returns a path in a home directory for a shell, which fills in the `~` before the first slash.
fn in_home(path: &str) -> String {
    match path.strip_prefix("~/") {
        None | Some("") => path.to_owned(),
        Some(below) => format!("~/{}", in_shell(below)),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn only_paths_of_one_machine_are_reported() {
        let mount = |source: &str| {
            messages(&RULE, &format!("services: {{a: {{image: x:1, volumes: ['{source}:/x']}}}}"))
                .len()
        };
        assert_eq!(mount("/home/ann/data"), 1);
        assert_eq!(mount("/Users/ann/data"), 1);
        assert_eq!(mount("C:\\data"), 1);
        for account in ["deploy", "ubuntu", "ec2-user"] {
            assert_eq!(mount(&format!("/home/{account}/data")), 0, "{account}");
        }
        let text = "# file: compose.dev.yaml\nservices: {a: {image: x:1, volumes: ['/home/ubuntu/data:/x']}}";
        assert_eq!(messages(&RULE, text).len(), 1, "on the machine of a developer");
        for fine in ["./data", "/srv/data", "${HOME}/data", "data", "/homework"] {
            assert_eq!(mount(fine), 0, "{fine}");
        }
    }

    #[test]
    fn the_home_of_whoever_starts_compose_is_worth_a_note() {
        let found = |path: &str, mount: &str| {
            let text =
                format!("# file: {path}\nservices: {{a: {{image: x:1, volumes: [{mount}]}}}}\n");
            let all = crate::rules::testing::findings(&RULE, &text);
            all.into_iter().map(|it| (it.severity.name(), it.message)).collect::<Vec<_>>()
        };
        let said = "`a` mounts `~/data`, which is in the home of whoever starts Compose";
        for mount in ["'~/data:/x'", "{type: bind, source: ~/data, target: /x}"] {
            assert_eq!(found("compose.yaml", mount), [("info", said.to_owned())], "{mount}");
            assert!(found("compose.dev.yaml", mount).is_empty(), "{mount}");
        }
    }

    #[test]
    fn the_long_form_and_the_other_slash_count() {
        for mount in [
            "{type: bind, source: /Users/ann/data, target: /x}",
            "'C:/data:/x'",
            "{type: bind, source: 'D:\\data', target: /x}",
        ] {
            let text = format!("services: {{a: {{image: x:1, volumes: [{mount}]}}}}");
            assert_eq!(messages(&RULE, &text).len(), 1, "{mount}");
        }
        let named = "services: {a: {image: x:1, volumes: ['home:/home/app']}}\nvolumes: {home: {}}";
        assert!(messages(&RULE, named).is_empty());
    }

    #[test]
    fn the_paths_of_one_machine_are_one_finding() {
        let text = "services: {a: {image: x:1, volumes: ['/home/ann/a:/x', '/home/ann/b:/y']}}";
        let report =
            crate::analyze(&crate::rules::testing::files(text), &crate::Options::default());
        let found: Vec<_> = report.findings.iter().filter(|it| it.code == "PLM309").collect();
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(only.more, 1);
    }
}
