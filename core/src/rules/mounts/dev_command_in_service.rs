use crate::facts::{Facts, Part, Purpose, Site, Unit, in_shell};
use crate::knowledge::dev_commands::{DevKind, dev_command, dev_kind};
use crate::knowledge::shell::Word;
use crate::report::{Finding, Findings, Role, Severity};
use crate::rules::rule;
use rustc_hash::FxHashSet;

rule! {
    /// A service is started by a command for development: a reloader, a debugger or a development server.
    ///
    /// ## Why it hurts
    /// Nobody tests such a command for load or for attacks. A reloader goes on waiting for a change after
    /// the program has crashed, a bundler compiles while people wait, a development server may show stack
    /// traces and settings, and a debugger runs any code that it is sent.
    ///
    /// ## What helps
    /// Start the built program with a server for production, and keep the command for development in
    /// `compose.override.yaml` or in a development overlay.
    ///
    /// ## How to troubleshoot
    /// Look at the command line of the first process in the running container.
    ///
    /// ## When to ignore
    /// Where the file is for development and its name does not show it: say so with `# plimsoll:
    /// role=development`.
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
        let finding = out.at(
            &span,
            format!("{} starts `{}`, which is for development", unit.label, shown(words)),
        );
        finding.check(command_line(facts, unit));
        say_why(words, finding);
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
        let Some(start) = facts.default_start(service) else { continue };
        let Some(words) = start.commands.iter().find_map(dev_command) else { continue };
        let Some(last) = words.last() else { continue };
        let build = service.model.key("build").map_or(service.span(), |it| it.name.span);
        let said = start.span_of(last);
        // What a comment accepts at the service stays there.
        let is_accepted = facts.is_accepted_at(build, &|it| RULE.is(it));
        let (place, other, what) = match is_accepted {
            true => (build, said, "the Dockerfile says so here"),
            false => (said, build, "the image is built here"),
        };
        if !seen.insert(place) {
            continue;
        }
        let label = &service.unit.label;
        let finding = out.at(
            &place,
            format!("the image of {label} starts `{}`, which is for development", shown(words)),
        );
        finding
            .subject(facts.subject_at(build))
            .also(&other, what)
            .check(command_line(facts, &service.unit));
        say_why(words, finding);
        // The Dockerfile may lie elsewhere than the project that it is for.
        if facts.purpose_of(build.file) != Purpose::Production {
            finding.severity(Severity::Info);
        }
    }
}

/// Says why a command of this kind hurts.
fn say_why(words: &[Word], finding: &mut Finding) {
    finding.why(match dev_kind(words) {
        DevKind::Reloader => "A reloader watches the files, which do not change here. When the program crashes, the reloader goes on waiting for a change: the container stays up, nothing restarts the program, and no request is answered.",
        DevKind::Debugger => "Whoever reaches the port of the debugger runs any code in the container, without a password.",
        DevKind::Server => "The documentation of this server says that it is not for production: it has not been tested under load or against attacks. It restarts itself when files change, and in debug mode it shows stack traces and settings to whoever causes an error.",
        DevKind::Bundler => "It compiles while people wait, needs the sources and the packages for development, and sends code that is neither minified nor split.",
        DevKind::Insecure => "Its documentation says never to start it so in production: the defaults of this mode are insecure. It serves without TLS and for any host name and, unless it is told otherwise, keeps its data in a file of the container.",
        DevKind::Script => return,
    });
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
        Site::Service(at) => {
            facts.compose(&facts.services()[at], &format!("top {}", in_shell(unit.name)))
        }
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
        assert!(project("web, command: []", "CMD vite").is_empty());
        assert!(project("web, entrypoint: ''", "ENTRYPOINT vite").is_empty());
    }

    #[test]
    fn the_place_is_the_instruction_that_says_so() {
        let text = "# file: compose.yaml\nservices: {web: {build: web}}\n# file: web/Dockerfile\nFROM python:3.13\nENTRYPOINT [\"python3\"]\nCMD [\"manage.py\", \"runserver\", \"0.0.0.0:8000\"]\n";
        let report = crate::rules::testing::run(&RULE, &crate::rules::testing::files(text));
        let found = &report.findings[0];
        let entry = report.entry(found.span.file);
        assert_eq!(entry.file.text[found.span.range()].split(' ').next(), Some("CMD"));
        assert_eq!(found.subject, "service web");
        let related = report.entry(found.related[0].span.file);
        assert_eq!(&*related.file.path, "compose.yaml");
        let accepted = text.replace("{build", "{ # plimsoll: ignore PLM303\n  build");
        assert!(messages(&RULE, &accepted).is_empty());
    }

    #[test]
    fn each_kind_hurts_in_its_own_way() {
        let why = |command: &str| {
            let text = format!("services: {{web: {{image: 'a:1', command: {command}}}}}");
            findings(&RULE, &text)[0].why.clone().unwrap_or_default()
        };
        assert!(why("nodemon app.js").contains("goes on waiting"));
        let server = why("python manage.py runserver");
        assert!(server.contains("not for production") && !server.contains("compile"));
        assert!(why("npm run dev").is_empty(), "the rule's own sentences");
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

    #[test]
    fn keycloak_and_the_images_of_uvicorn_start_for_development_by_a_word() {
        let both = |image: &str, words: &str| {
            let service = format!("services: {{web: {{image: '{image}', command: {words}}}}}\n");
            let pod = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: '{image}', args: {words}}}]}}\n"
            );
            (messages(&RULE, &service).len(), messages(&RULE, &pod).len())
        };
        let keycloak = "quay.io/keycloak/keycloak:26.0";
        for words in
            ["[start-dev]", "[start-dev, --import-realm]", "['/opt/keycloak/bin/kc.sh', start-dev]"]
        {
            assert_eq!(both(keycloak, words), (1, 1), "{words}");
        }
        assert_eq!(both(keycloak, "[start, --optimized]"), (0, 0));
        let uvicorn = "tiangolo/uvicorn-gunicorn-fastapi:python3.11";
        assert_eq!(both(uvicorn, "[/start-reload.sh]"), (1, 1));
        assert_eq!(both(uvicorn, "[/start.sh]"), (0, 0));
    }

    #[test]
    fn a_stateful_set_counts_and_an_init_container_does_not() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', args: [npm, run, dev]}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {initContainers: [{name: i, image: 'a/b:1', args: [npm, run, dev]}], containers: [{name: c, image: 'a/b:1'}]}}}\n"
            ),
            0
        );
    }
}
