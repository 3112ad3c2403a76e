use crate::facts::{Facts, Service, in_shell, is_below};
use crate::model::compose::{Mount, MountKind};
use crate::report::phrases::first_named;
use crate::report::{Findings, Role};
use crate::rules::rule;

rule! {
    /// An anonymous volume keeps a part of the image from being hidden by mounted sources.
    ///
    /// ## Why it hurts
    /// The volume is filled from the image once, when the container is created for the first time.
    /// `docker compose up` hands it on to the next container, so that a rebuilt image with new
    /// dependencies still runs with the old ones, and only on this machine.
    ///
    /// ## What helps
    /// Copy the sources into the image and drop both mounts, or keep both in
    /// `compose.override.yaml` for development. After a build,
    /// `docker compose up --renew-anon-volumes` takes the content of the new image.
    ///
    /// ## How to troubleshoot
    /// Compare the directory in the running container with the same directory in a container of the
    /// image that has no mounts.
    ///
    /// ## When to ignore
    /// Where the file is for the machine of a developer: say so with `# plimsoll: role=development`.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     build: .
    ///     image: ghcr.io/acme/web:1.4.2
    ///     volumes:
    ///       - .:/app
    ///       - /app/node_modules # <- the anonymous volume at `/app/node_modules` of `web` masks a part of the sources mounted at `/app`, and outlives a rebuild of the image
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     build: .
    ///     image: ghcr.io/acme/web:1.4.2
    /// ```
    PLM302 "anonymous-volume-mask" {
        since: "0.1.0", on: Compose, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services().iter().filter(|it| it.role != Role::Development) {
        let (accepted, open): (Vec<_>, Vec<_>) = masks(service)
            .into_iter()
            .partition(|(mask, _)| facts.stands_alone(mask.span, &|it| RULE.is(it)));
        for mask in accepted {
            report(facts, service, &[mask], out);
        }
        // Several volumes under one mount of sources are one setup.
        if !open.is_empty() {
            report(facts, service, &open, out);
        }
    }
}

/// Returns the anonymous volumes that lie in mounted sources, each with that mount.
fn masks<'a>(service: &Service<'a>) -> Vec<(&'a Mount, &'a Mount)> {
    let volumes = &service.model.volumes;
    let around = |mask: &Mount| {
        volumes.iter().find(|it| {
            mask.target != it.target
                && is_below(&mask.target, &it.target)
                && service.covered_sources(it).is_some()
        })
    };
    let anonymous = volumes.iter().filter(|it| it.kind == MountKind::Anonymous);
    anonymous.filter_map(|mask| Some((mask, around(mask)?))).collect()
}

fn report(
    facts: &Facts<'_>,
    service: &Service<'_>,
    masks: &[(&Mount, &Mount)],
    out: &mut Findings,
) {
    let Some(((first, sources), others)) = masks.split_first() else { return };
    let name = service.name;
    let paths: Vec<&str> = masks.iter().map(|it| it.0.target.as_str()).collect();
    let (what, verbs) = match others.is_empty() {
        true => ("the anonymous volume", ("masks", "outlives")),
        false => ("the anonymous volumes", ("mask", "outlive")),
    };
    let finding = out.at(
        &first.span,
        format!(
            "{what} at {} of `{name}` {} a part of the sources mounted at `{}`, and {} a rebuild of the image",
            first_named(&paths, 3),
            verbs.0,
            sources.target,
            verbs.1
        ),
    );
    finding.gathers(format!("masks of {name}"));
    finding.also(&sources.span, "the sources are mounted here");
    for (other, _) in others {
        finding.also(&other.span, format!("`{}` is masked too", other.target));
    }
    finding.check(facts.compose(
        service,
        &format!("exec {name} ls -la {}", in_shell(&first.target), name = in_shell(name)),
    ));
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn service(volumes: &str) -> String {
        format!("services: {{web: {{build: ., volumes: [{volumes}]}}}}")
    }

    #[test]
    fn a_mask_is_an_anonymous_volume_inside_mounted_sources() {
        for (volumes, count) in [
            ("'.:/app', /app/node_modules", 1),
            ("'./src:/app', /app/node_modules/", 1),
            ("{type: bind, source: ., target: /app}, {type: volume, target: /app/node_modules}", 1),
            ("/app/node_modules, '.:/app'", 1),
            ("'.:/app', 'deps:/app/node_modules'", 0),
            ("'.:/app', /app", 0),
            ("'.:/app', /application", 0),
            ("'./data:/app', /app/cache", 0),
            ("/app/node_modules", 0),
        ] {
            assert_eq!(messages(&RULE, &service(volumes)).len(), count, "{volumes}");
        }
    }

    #[test]
    fn without_a_build_there_is_no_image_to_mask() {
        let text = "services: {web: {image: node:22, volumes: ['.:/app', /app/node_modules]}}";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn several_masks_are_one_finding_and_an_accepted_one_is_apart() {
        let all = findings(&RULE, &service("'.:/app', /app/node_modules, /app/.next"));
        assert_eq!(all.len(), 1);
        assert!(all[0].message.contains("`/app/node_modules`, `/app/.next` of `web` mask"));
        assert_eq!((all[0].severity.name(), all[0].related.len()), ("info", 2));
        let text = "services:\n  web:\n    build: .\n    volumes:\n      - .:/app\n      - /app/a # plimsoll: ignore PLM302 -- wanted\n      - /app/b\n";
        assert_eq!(messages(&RULE, text).len(), 1);
    }

    #[test]
    fn development_is_silent() {
        let text = format!("# file: compose.dev.yaml\n{}", service("'.:/app', /app/node_modules"));
        assert!(messages(&RULE, &text).is_empty());
    }
}
