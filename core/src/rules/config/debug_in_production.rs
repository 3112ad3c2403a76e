use crate::facts::{Facts, Purpose, Reading, Together, Unit, Var};
use crate::knowledge::env::is_debug_switch;
use crate::report::{Confidence, Findings, Role, phrases};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;

rule! {
    /// A program runs in development or debug mode where it is meant to serve users.
    ///
    /// ## Why it hurts
    /// Development mode shows stack traces, settings and sometimes a console to whoever causes an error,
    /// compiles or reloads on every request, caches nothing and logs everything.
    ///
    /// ## What helps
    /// Set the variable to its production value here, and the development value in a file that only
    /// developers use (`compose.override.yaml`, a development overlay).
    ///
    /// ## How to troubleshoot
    /// `printenv` in the container, and an error page that you provoke, show the mode.
    ///
    /// ## When to ignore
    /// If the file is for development only: say so with `# plimsoll: role=development`.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       NODE_ENV: development # <- `NODE_ENV=development` runs service `web` in development mode
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     environment:
    ///       NODE_ENV: production
    /// ```
    PLM517 "debug-in-production" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // What is started together and switched alike has one cause.
    let mut found: IndexMap<(Together<'_>, Option<Span>, String), Vec<Switched<'_, '_>>> =
        IndexMap::new();
    for unit in facts.units() {
        let is_example = match facts.purpose_of(unit.name.span.file) {
            Purpose::Demonstration | Purpose::Trial => true,
            Purpose::Production | Purpose::Development | Purpose::Test => false,
        };
        if facts.unit_role(unit) == Role::Development || is_example {
            continue;
        }
        // What a comment accepts gets a finding of its own for the comment to suppress.
        let (accepted, open): (Vec<&Var<'_>>, Vec<&Var<'_>>) = unit
            .env
            .iter()
            .filter(|it| {
                it.literal
                    && it.value.is_some_and(|value| is_debug_switch(it.name, value))
                    && !facts.serves_only(unit)
                    && !is_overridden(facts, unit, it.name)
            })
            .partition(|it| facts.stands_alone(it.value_span, &|selector| RULE.is(selector)));
        for variables in accepted.chunks(1).chain([open.as_slice()]) {
            let Some(first) = variables.first() else { continue };
            let alone = accepted.iter().any(|it| it.value_span == first.value_span);
            let key =
                (facts.started_with(unit), alone.then_some(first.value_span), written(variables));
            found.entry(key).or_default().push(Switched { unit, variables: variables.to_vec() });
        }
    }
    for ((_, _, what), mut switched) in found {
        // What a data store gets with all of a ConfigMap says nothing about it, and those lead that read it.
        let reading = |it: &Switched<'_, '_>| {
            let all = it.variables.iter().map(|variable| facts.reading(it.unit, variable.name));
            all.min().unwrap_or(Reading::Seen)
        };
        switched.retain(|it| reading(it) != Reading::Unlikely);
        switched.sort_by_key(reading);
        report(facts, &what, &switched, out);
    }
}

/// Whether what a container starts switches its development mode off again.
fn is_overridden<'a>(facts: &Facts<'a>, unit: &Unit<'a>, name: &str) -> bool {
    facts.value_at_start(unit, name).is_some_and(|value| !is_debug_switch(name, &value))
}

/// A container with the variables that switch it to development mode.
struct Switched<'u, 'a> {
    unit: &'u Unit<'a>,
    variables: Vec<&'u Var<'a>>,
}

/// Returns the switches for a message: `` `NODE_ENV=development`, `DEBUG=true` ``.
fn written(variables: &[&Var<'_>]) -> String {
    let written =
        variables.iter().map(|it| format!("{}={}", it.name, it.value.unwrap_or_default()));
    let written: Vec<String> = written.collect();
    let written: Vec<&str> = written.iter().map(String::as_str).collect();
    phrases::first_named(&written, 4)
}

/// Reports all containers that the same switches put into development mode.
fn report(facts: &Facts, what: &str, switched: &[Switched<'_, '_>], out: &mut Findings) {
    let [Switched { unit, variables }, others @ ..] = switched else { return };
    let [first, more @ ..] = variables.as_slice() else { return };
    let run = if more.is_empty() { "runs" } else { "run" };
    let and_others = match others.len() {
        0 => String::new(),
        1 => " and one more".to_owned(),
        count => format!(" and {count} more"),
    };
    let message = format!("{what} {run} {}{and_others} in development mode", unit.label);
    // What a chart takes from one of its values is changed there, unless a comment accepts it here.
    let is_accepted = facts.is_accepted_at(first.value_span, &|selector| RULE.is(selector));
    let values = facts.values_printed_at(first.value_span);
    let value = match values.as_slice() {
        [value] if !is_accepted => Some(value),
        _ => None,
    };
    let finding = out.at(value.unwrap_or(&first.value_span), message);
    finding.gathers(what);
    finding.confidence(Confidence::Likely);
    if value.is_some() {
        finding.subject(facts.subject_at(unit.name.span));
        finding.also(&first.value_span, "the value is used here");
    }
    for variable in more {
        finding.also(&variable.value_span, format!("`{}` does too", variable.name));
    }
    for other in others {
        let Some(variable) = other.variables.first() else { continue };
        // An anchor or a ConfigMap may set it for many containers in one place.
        let is_same_place = variable.value_span == first.value_span;
        let place = if is_same_place { other.unit.name.span } else { variable.value_span };
        finding.also(&place, format!("{} gets it too", other.unit.label));
    }
    finding.check(facts.show_variable(unit, first.name));
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{files, findings, messages, run};

    #[test]
    fn a_value_of_a_chart_is_changed_there() {
        let chart = |value: &str| {
            format!(
                "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\nmode: development\n# file: c/templates/p.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n    - name: p\n      image: 'acme/p:1'\n      env: [{{name: NODE_ENV, value: {value}}}]\n"
            )
        };
        let place = |value: &str| {
            let report = run(&RULE, &files(&chart(value)));
            let found = &report.findings[0];
            assert_eq!(found.subject, "Pod p, container p");
            (report.entry(found.span.file).file.path.to_string(), found.related.len())
        };
        assert_eq!(place("'{{ .Values.mode }}'"), ("c/values.yaml".to_owned(), 1));
        assert_eq!(place("development"), ("c/templates/p.yaml".to_owned(), 0));
    }

    fn compose(path: &str, environment: &str) -> usize {
        let text = format!(
            "# file: {path}\nservices: {{web: {{image: 'acme/web:1', environment: {environment}}}}}\n"
        );
        messages(&RULE, &text).len()
    }

    fn pod(path: &str, env: &str) -> usize {
        let text = format!(
            "# file: {path}\napiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, {env}}}]}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{FLASK_DEBUG: '1'}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn the_switches_of_the_frameworks_are_known_on_both_sides() {
        for (name, value) in [
            ("NODE_ENV", "development"),
            ("FLASK_DEBUG", "1"),
            ("ASPNETCORE_ENVIRONMENT", "Development"),
            ("RAILS_ENV", "development"),
            ("DEBUG", "True"),
            ("APP_DEBUG", "true"),
        ] {
            assert_eq!(compose("compose.yaml", &format!("{{{name}: '{value}'}}")), 1, "{name}");
            assert_eq!(compose("compose.yaml", &format!("[{name}={value}]")), 1, "{name}");
            let env = format!("env: [{{name: {name}, value: '{value}'}}]");
            assert_eq!(pod("k8s/a.yaml", &env), 1, "{name}");
        }
        assert_eq!(pod("k8s/a.yaml", "envFrom: [{configMapRef: {name: c}}]"), 1);
        for fine in [
            "{NODE_ENV: production}",
            "{DEBUG: 'false'}",
            "{DEBUG: '${DEBUG:-true}'}",
            "{LOG_LEVEL: debug}",
        ] {
            assert_eq!(compose("compose.yaml", fine), 0, "{fine}");
        }
    }

    #[test]
    fn of_those_who_take_a_config_map_a_data_store_is_not_named() {
        let takes = |name: &str, image: &str| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: {name}, image: '{image}', envFrom: [{{configMapRef: {{name: c}}}}]}}]}}\n"
            )
        };
        let map = "# file: k8s/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {NODE_ENV: development}\n";
        let (db, web) = (takes("db", "mongo:8"), takes("web", "acme/web:1"));
        assert_eq!(
            messages(&RULE, &format!("{map}{db}{web}")),
            ["`NODE_ENV=development` runs container `web` of Pod `web` in development mode"]
        );
        assert!(messages(&RULE, &format!("{map}{db}")).is_empty());
    }

    #[test]
    fn what_the_start_command_or_its_script_overrides_is_silent() {
        let found = |more: &str| {
            let text = format!(
                "services: {{web: {{image: 'acme/web:1', environment: {{NODE_ENV: development}}, {more}}}}}\n"
            );
            messages(&RULE, &text).len()
        };
        for (command, count) in [
            ("NODE_ENV=production node server.js", 0),
            ("export NODE_ENV=production && exec node server.js", 0),
            ("export NODE_ENV; node server.js", 1),
            ("NODE_ENV=development node server.js", 1),
            ("NODE_ENV=${NODE_ENV:-production} node server.js", 1),
            ("echo NODE_ENV=production; node server.js", 1),
            ("OTHER=production node server.js", 1),
        ] {
            let command = command.replace('$', "$$");
            assert_eq!(found(&format!("command: [sh, -c, '{command}']")), count, "{command}");
        }
        assert_eq!(found("command: [env, NODE_ENV=production, node, server.js]"), 0);
        let pod = |script: &str| {
            let text = format!(
                "# file: k8s/a.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers: [{{name: a, image: a, command: [/scripts/start.sh], env: [{{name: NODE_ENV, value: development}}], volumeMounts: [{{name: s, mountPath: /scripts}}]}}]\n  volumes: [{{name: s, configMap: {{name: scripts, defaultMode: 0755}}}}]\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: scripts}}\ndata:\n  start.sh: |\n    #!/bin/sh\n    {script}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(pod("export NODE_ENV=production\n    exec node server.js"), 0);
        assert_eq!(pod("exec node server.js"), 1);
    }

    #[test]
    fn development_is_silent() {
        let environment = "{NODE_ENV: development}";
        assert_eq!(compose("compose.prod.yaml", environment), 1);
        assert_eq!(compose("compose.dev.yaml", environment), 0);
        assert_eq!(compose("compose.override.yaml", environment), 0);
        let env = "env: [{name: NODE_ENV, value: development}]";
        for folder in ["overlays/dev", "test", "e2e", "samples/web"] {
            assert_eq!(pod(&format!("{folder}/a.yaml"), env), 0, "{folder}");
        }
        assert_eq!(pod("attestation/a.yaml", env), 1);
    }

    #[test]
    fn one_cause_is_one_finding() {
        let text = "x-env: &env {NODE_ENV: development, DEBUG: 'true'}\nservices:\n  a: {image: 'a:1', environment: *env}\n  b: {image: 'b:1', environment: *env}\n";
        let all = findings(&RULE, text);
        assert_eq!(all.len(), 1);
        assert_eq!(
            all[0].message,
            "`NODE_ENV=development`, `DEBUG=true` run service `a` and one more in development mode"
        );
        let pods = |folder: &str| {
            let pod = |name: &str| {
                format!(
                    "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: {name}, image: a, env: [{{name: DEBUG, value: 'true'}}]}}]}}\n"
                )
            };
            messages(
                &RULE,
                &format!("# file: k8s/a.yaml\n{}# file: {folder}/b.yaml\n{}", pod("a"), pod("b")),
            )
            .len()
        };
        assert_eq!(pods("k8s"), 1);
        assert_eq!(pods("other"), 2);
    }
}
