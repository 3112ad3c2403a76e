use crate::facts::{Facts, Part, Site, Unit};
use crate::knowledge::dev_commands::dev_command;
use crate::knowledge::shell::Word;
use crate::report::{Findings, Role};
use crate::rules::rule;
use rustc_hash::FxHashSet;

rule! {
    /// A service is started by a command for development: a reloader, a debugger or a development server.
    ///
    /// ## Why it hurts
    /// Such servers watch files, compile at start and answer one request at a time; many show stack
    /// traces and settings to whoever causes an error, and a debugger runs any code that it is sent.
    /// They need packages that an image for production does not have.
    ///
    /// ## What helps
    /// Start the built program with a server for production, and keep the command for development in
    /// `compose.override.yaml` or in a development overlay.
    ///
    /// ## How to troubleshoot
    /// Look at the command line of the first process in the running container.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: npm run dev # <- service `web` starts `npm run dev`, which is for development
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: node dist/server.js
    /// ```
    PLM303 "dev-command-in-service" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // One command that several services share through an anchor is one finding.
    let mut seen = FxHashSet::default();
    for unit in facts.units().filter(|it| it.part != Part::Init) {
        let Some(words) = unit.start.commands.iter().find_map(dev_command) else { continue };
        let (Some(first), Some(last)) = (words.first(), words.last()) else { continue };
        if is_for_development(facts, unit) {
            continue;
        }
        let span = unit.start.span_of(first).to(unit.start.span_of(last));
        if !seen.insert(span) {
            continue;
        }
        out.at(
            &span,
            format!("{} starts `{}`, which is for development", unit.label, shown(words)),
        )
        .check(command_line(facts, unit));
    }
    check_images(facts, out);
}

/// Reports services that override nothing, whose Dockerfile starts a command for development.
fn check_images(facts: &Facts, out: &mut Findings) {
    let mut seen = FxHashSet::default();
    for service in facts.services() {
        if !service.unit.start.is_empty() || service.role == Role::Development {
            continue;
        }
        let Some(start) = facts.image_start(service) else { continue };
        let Some(words) = start.commands.iter().find_map(dev_command) else { continue };
        let place = service.model.key("build").map_or(service.span(), |it| it.name.span);
        if seen.insert(place) {
            let label = &service.unit.label;
            out.at(
                &place,
                format!("the image of {label} starts `{}`, which is for development", shown(words)),
            )
            .also(&start.span, "the Dockerfile says so here")
            .check(command_line(facts, &service.unit));
        }
    }
}

/// Returns the command for a message: long ones without the arguments between program and last word.
fn shown(words: &[Word]) -> String {
    let texts: Vec<&str> = words.iter().map(|it| it.text.as_str()).collect();
    match texts.as_slice() {
        [first, .., last] if texts.len() > 5 => format!("{first} … {last}"),
        all => all.join(" "),
    }
}

fn is_for_development<'a>(facts: &Facts<'a>, unit: &Unit<'a>) -> bool {
    let role = match unit.site {
        Site::Service(at) => facts.services()[at].role,
        Site::Container(workload, _) => facts.workload_role(&facts.workloads()[workload]),
    };
    role == Role::Development
}

/// Returns the command that shows what runs in the container.
fn command_line<'a>(facts: &Facts<'a>, unit: &Unit<'a>) -> String {
    match unit.site {
        Site::Service(at) => facts.compose(&facts.services()[at], &format!("top {}", unit.name)),
        Site::Container(workload, _) => {
            facts.workloads()[workload].exec(unit, "cat /proc/1/cmdline")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn compose(body: &str) -> Vec<String> {
        messages(&RULE, &format!("services: {{web: {{image: 'a:1', {body}}}}}"))
    }

    fn pod(body: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'a:1', {body}}}]}}\n"
            ),
        )
    }

    #[test]
    fn every_way_to_write_a_command_is_read() {
        for body in [
            "command: nodemon app.js",
            "command: [nodemon, app.js]",
            "entrypoint: [nodemon, app.js]",
            "entrypoint: npx, command: [nodemon, app.js]",
            "command: sh -c 'npm ci && exec nodemon app.js'",
            "command: [sh, -c, 'npm ci && npm run dev']",
            "command: flask --app web run --debug",
            "command: uvicorn app:app --reload",
            "command: python manage.py runserver 0.0.0.0:8000",
            "command: next dev",
            "command: vite",
            "command: air",
            "command: cargo watch -x run",
        ] {
            assert_eq!(compose(body).len(), 1, "{body}");
        }
        for body in [
            "command: [npm, run, dev]",
            "args: [npm, run, dev]",
            "command: [sh, -c], args: ['npm run dev']",
            "command: [python, manage.py], args: [runserver]",
        ] {
            assert_eq!(pod(body).len(), 1, "{body}");
        }
    }

    #[test]
    fn servers_for_production_are_silent() {
        for body in ["command: npm start", "command: gunicorn app:app", "command: [vite, build]"] {
            assert!(compose(body).is_empty(), "{body}");
        }
        assert!(pod("command: [node, server.js]").is_empty());
        assert!(pod("env: [{name: A, value: nodemon}]").is_empty());
    }

    #[test]
    fn a_service_gets_one_finding() {
        assert_eq!(compose("command: sh -c 'vite & nodemon app.js'").len(), 1);
        let text =
            "x-web: &web {image: 'a:1', command: nodemon app.js}\nservices: {a: *web, b: *web}";
        assert_eq!(messages(&RULE, text).len(), 1);
    }

    #[test]
    fn the_command_of_a_dockerfile_counts_where_nothing_overrides_it() {
        let project = |body: &str, command: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{build: {body}}}}}\n# file: web/Dockerfile\nFROM node:22 AS site\nCMD [\"npm\", \"run\", \"dev\"]\nFROM nginx:1\n{command}\n"
            );
            messages(&RULE, &text)
        };
        let start = "the image of service `web` starts";
        let found = project("web", "CMD vite --host");
        assert_eq!(found, [format!("{start} `vite`, which is for development")]);
        let found = project("{context: web, target: site}", "CMD nginx");
        assert_eq!(found, [format!("{start} `npm run dev`, which is for development")]);
        assert!(project("web", "CMD nginx").is_empty());
        assert!(project("web, command: nginx", "CMD vite").is_empty());
    }

    #[test]
    fn long_commands_are_shortened() {
        let found = compose("command: uvicorn app:app --host 0.0.0.0 --port 80 --reload");
        assert_eq!(found, ["service `web` starts `uvicorn … --reload`, which is for development"]);
    }

    #[test]
    fn development_is_silent_on_both_sides() {
        let text = "# file: compose.dev.yaml\nservices: {web: {image: 'a:1', command: nodemon}}";
        assert!(messages(&RULE, text).is_empty());
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'a:1', command: [nodemon]}]}\n";
        for (folder, count) in [
            ("k8s/dev", 0),
            ("k8s/overlays/development", 0),
            ("e2e", 0),
            ("k8s/prod", 1),
            ("attestation", 1),
        ] {
            let text = format!("# file: {folder}/pod.yaml\n{pod}");
            assert_eq!(messages(&RULE, &text).len(), count, "{folder}");
        }
    }

    #[test]
    fn commands_to_check_fit_the_files() {
        let text = "# file: shop/web.compose.yaml\nservices: {web: {image: 'a:1', profiles: [all], command: nodemon}}";
        assert_eq!(
            findings(&RULE, text)[0].check,
            ["docker compose -f shop/web.compose.yaml --profile all top web"]
        );
    }
}
