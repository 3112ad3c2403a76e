//! Lower severities for findings in files that are not for production.

use crate::facts::{Facts, Purpose};
use crate::report::{Finding, Severity};
use crate::rules::Rule;
use crate::text::FileId;
use rustc_hash::FxHashMap;

/// The family of rules about a server in production, which have nothing to say about development and tests.
const PRODUCTION_SERVER: &str = "PLM8";

/// Codes of rules whose errors mean that Compose, Kubernetes, Helm or Kustomize refuse a file, or that what it
/// deploys cannot start or reach what it needs: that is as bad in an example as anywhere. The family of
/// documents (PLM0) belongs to them too.
const REFUSED: &[&str] = &[
    "PLM102", "PLM111", "PLM401", "PLM408", "PLM414", "PLM420", "PLM423", "PLM505", "PLM510",
    "PLM515", "PLM520", "PLM608", "PLM611", "PLM617", "PLM716", "PLM802", "PLM808", "PLM809",
    "PLM811", "PLM816", "PLM908", "PLM916",
];

/// Codes of rules whose warnings are about the upkeep of what runs for years: they break nothing where something is
/// shown or tried out.
const UPKEEP: &[&str] = &["PLM606", "PLM801", "PLM802", "PLM812"];

/// Lowers what the findings of a rule weigh to what their files are for, and drops those that say nothing
/// there. A warning becomes an information where nothing runs in production; an error stays where the file
/// is in use or would be refused.
pub(super) fn fit_to_purpose(rule: &Rule, facts: &Facts<'_>, findings: &mut Vec<Finding>) {
    let mut known: FxHashMap<FileId, Purpose> = FxHashMap::default();
    let mut shown: FxHashMap<FileId, bool> = FxHashMap::default();
    findings.retain_mut(|finding| {
        let file = finding.span.file;
        let purpose = *known.entry(file).or_insert_with(|| facts.purpose_of(file));
        let is_silent = match purpose {
            Purpose::Production | Purpose::Demonstration | Purpose::Trial => false,
            // Tests hold files that are wrong on purpose.
            Purpose::Test => rule.family() == PRODUCTION_SERVER,
            Purpose::Development => {
                let refuses = finding.severity == Severity::Error && REFUSED.contains(&rule.code);
                rule.family() == PRODUCTION_SERVER && !refuses
            }
        };
        // What a project of examples deploys weighs as much as anything, but for its upkeep.
        if finding.severity == Severity::Warning
            && purpose == Purpose::Production
            && UPKEEP.contains(&rule.code)
            && *shown.entry(file).or_insert_with(|| facts.is_for_show(file))
        {
            finding.severity = Severity::Info;
        }
        let bites = purpose == Purpose::Development && finding.bites_in_development;
        if !bites {
            finding.severity = finding.severity.max(least(rule, purpose, finding.severity));
        }
        !is_silent
    });
}

/// Returns the severity that findings of a severity have at most in files for a purpose.
fn least(rule: &Rule, purpose: Purpose, severity: Severity) -> Severity {
    let is_refused = rule.family() == "PLM0" || REFUSED.contains(&rule.code);
    match (purpose, severity) {
        (Purpose::Production, _) => severity,
        (Purpose::Development, Severity::Error) => Severity::Error,
        // Who tries something out wants it to work, and has no server to look after.
        (Purpose::Trial, Severity::Error) if is_refused || rule.family() != PRODUCTION_SERVER => {
            Severity::Error
        }
        (Purpose::Test | Purpose::Demonstration, Severity::Error) if is_refused => Severity::Error,
        (Purpose::Development | Purpose::Test | Purpose::Demonstration | Purpose::Trial, _) => {
            Severity::Info
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::report::{Finding, Severity};
    use crate::{Options, Workspace, config::Config};

    const WEB: &str = "services:\n  web:\n    image: acme/web:latest\n    depends_on: [db]\n  db:\n    image: postgres:17\n";

    /// Returns the findings of a rule on a text in a file, beside a project for production.
    fn found(code: &str, path: &str, text: &str) -> Vec<Finding> {
        let mut workspace = Workspace::default();
        workspace.set("shop/compose.yaml", "services: {shop: {image: 'acme/shop:1'}}\n");
        workspace.set(path, text);
        let options = Options { select: vec![code.to_owned()], ..Options::default() };
        let report = workspace.analysis(&Config::default()).report(&options);
        let file = report.files.iter().position(|it| &*it.file.path == path).expect("the file");
        report.findings.into_iter().filter(|it| it.span.file.index() == file).collect()
    }

    fn severities(code: &str, path: &str, text: &str) -> Vec<Severity> {
        found(code, path, text).into_iter().map(|it| it.severity).collect()
    }

    #[test]
    fn what_compose_refuses_is_said_of_files_for_development_too() {
        let wrong =
            "services: {web: {image: 'acme/web:1', deploy: {resources: {limits: {cpu: '1'}}}}}\n";
        assert_eq!(severities("PLM808", "dev/compose.yaml", wrong), [Severity::Error]);
        assert_eq!(severities("PLM801", "dev/compose.yaml", WEB), []);
    }

    #[test]
    fn warnings_weigh_less_where_nothing_runs_in_production() {
        assert_eq!(severities("PLM101", "web/compose.yaml", WEB), [Severity::Warning]);
        for folder in ["tests", "ci", "local-environment", "examples/web", "_archived", "docs/web"]
        {
            let path = format!("{folder}/compose.yaml");
            assert_eq!(severities("PLM101", &path, WEB), [Severity::Info], "{folder}");
        }
        let said = format!("# plimsoll: role=production\n{WEB}");
        assert_eq!(severities("PLM101", "tests/compose.yaml", &said), [Severity::Warning]);
    }

    #[test]
    fn what_bites_in_development_stays_a_warning_there_alone() {
        let db = "services: {db: {image: 'postgres:18', volumes: ['data:/var/lib/postgresql/data']}}\nvolumes: {data: {}}\n";
        for (path, severity) in [
            ("dev/compose.yaml", Severity::Warning),
            ("examples/web/compose.yaml", Severity::Info),
            ("web/compose.yaml", Severity::Error),
        ] {
            assert_eq!(severities("PLM707", path, db), [severity], "{path}");
        }
    }

    #[test]
    fn a_file_calls_itself_an_example_behind_a_byte_order_mark_too() {
        let said = format!("# This is only an EXAMPLE.\n{WEB}");
        for text in [said.clone(), format!("\u{FEFF}{said}")] {
            assert_eq!(severities("PLM101", "web/compose.yaml", &text), [Severity::Info]);
        }
    }

    #[test]
    fn the_family_of_the_server_is_silent_in_development_and_low_in_examples() {
        assert_eq!(severities("PLM801", "web/compose.yaml", WEB), [Severity::Warning]);
        assert_eq!(severities("PLM801", "e2e/compose.yaml", WEB), []);
        assert_eq!(severities("PLM801", "examples/compose.yaml", WEB), [Severity::Info]);
        let old =
            "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: web}\nspec: {}\n";
        assert_eq!(severities("PLM809", "examples/ingress.yaml", old), [Severity::Error]);
        assert_eq!(severities("PLM809", "test/testdata/ingress.yaml", old), []);
    }

    #[test]
    fn an_example_that_cannot_start_is_an_error() {
        let secret = |key: &str| {
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata: {{name: cache}}\nstringData: {{PASSWORD: x}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: cache}}\nspec: {{containers: [{{name: cache, image: 'redis:8', env: [{{name: P, valueFrom: {{secretKeyRef: {{name: cache, key: {key}}}}}}}]}}]}}\n"
            )
        };
        let path = "examples/kubernetes/redis.yaml";
        assert_eq!(severities("PLM505", path, &secret("REDIS_PASSWORD")), [Severity::Error]);
        assert_eq!(severities("PLM505", path, &secret("PASSWORD")), []);
    }

    #[test]
    fn what_only_documentation_deploys_weighs_as_much_as_anything() {
        let mut workspace = Workspace::default();
        workspace.set("docs/install/docker/compose.yaml", WEB);
        let options = Options { select: vec!["PLM101".to_owned()], ..Options::default() };
        let report = workspace.analysis(&Config::default()).report(&options);
        assert_eq!(report.findings[0].severity, Severity::Warning);
    }

    #[test]
    fn errors_stay_where_a_file_is_in_use() {
        let web = "services:\n  web:\n    image: acme/web:1\n    container_name: web\n    deploy: {replicas: 2}\n";
        for (folder, severity) in [
            ("web", Severity::Error),
            ("dev", Severity::Error),
            ("script/test/fixtures", Severity::Info),
            ("samples", Severity::Info),
            ("quickstart", Severity::Error),
            ("labs/01-replicas", Severity::Error),
            ("lab", Severity::Error),
        ] {
            let found = severities("PLM709", &format!("{folder}/compose.yaml"), web);
            assert_eq!(found, [severity], "{folder}");
        }
    }

    #[test]
    fn what_is_tried_out_is_low_on_hygiene() {
        for (folder, severity) in [
            ("workshop", Severity::Info),
            ("sample-manifests", Severity::Info),
            ("training/module-1", Severity::Info),
            ("training", Severity::Warning),
            ("lab", Severity::Warning),
            ("labs/web", Severity::Warning),
        ] {
            let path = format!("{folder}/compose.yaml");
            assert_eq!(severities("PLM101", &path, WEB), [severity], "{folder}");
            assert_eq!(severities("PLM801", &path, WEB), [severity], "{folder}");
        }
    }

    #[test]
    fn a_project_that_is_all_examples_is_taken_for_what_it_deploys() {
        let mut workspace = Workspace::default();
        workspace.set("examples/web/compose.yaml", WEB);
        let options = Options { select: vec!["PLM101".to_owned()], ..Options::default() };
        let report = workspace.analysis(&Config::default()).report(&options);
        assert_eq!(report.findings[0].severity, Severity::Warning);
    }

    #[test]
    fn upkeep_weighs_little_in_a_project_that_is_all_examples() {
        let severities = |code: &str, files: &[(&str, &str)]| -> Vec<Severity> {
            let mut workspace = Workspace::default();
            files.iter().for_each(|(path, text)| workspace.set(path, *text));
            let options = Options { select: vec![code.to_owned()], ..Options::default() };
            let findings = workspace.analysis(&Config::default()).report(&options).findings;
            findings.into_iter().map(|it| it.severity).collect()
        };
        for path in [
            "examples/web/compose.yaml",
            "demo/compose.yaml",
            "tutorial/1/compose.yaml",
            "sample/compose.yaml",
        ] {
            assert_eq!(severities("PLM801", &[(path, WEB)]), [Severity::Info], "{path}");
        }
        for path in ["docs/install/compose.yaml", "legacy/compose.yaml", "compose.yaml"] {
            assert_eq!(severities("PLM801", &[(path, WEB)]), [Severity::Warning], "{path}");
        }
        let titled =
            |title: &str| severities("PLM801", &[("compose.yaml", WEB), ("README.md", title)]);
        assert_eq!(titled("[![CI](x)](y)\n\n# Kafka tutorial\n"), [Severity::Info]);
        assert_eq!(titled("# Shop\n\nSee the tutorial.\n"), [Severity::Warning]);
        let said = format!("# plimsoll: role=production\n{WEB}");
        assert_eq!(severities("PLM801", &[("examples/compose.yaml", &said)]), [Severity::Warning]);
        // What is open or does not start is as bad there.
        let open =
            "services: {db: {image: 'postgres:17', ports: ['5432:5432'], restart: sometimes}}\n";
        assert_eq!(severities("PLM412", &[("examples/compose.yaml", open)]), [Severity::Warning]);
        assert_eq!(severities("PLM802", &[("examples/compose.yaml", open)]), [Severity::Error]);
    }

    #[test]
    fn a_build_stage_or_a_reloader_on_sources_is_development() {
        let web = |body: &str| {
            format!(
                "services:\n  web:\n    depends_on: [db]\n{body}  db:\n    image: postgres:17\n"
            )
        };
        for body in [
            "    build: {context: web, target: development}\n",
            "    build: {context: web, args: [NODE_ENV=development]}\n",
            "    build: web\n    command: npm run dev\n    volumes: ['./web:/app']\n",
            "    build: web\n    environment: {FLASK_ENV: development}\n    volumes: ['./web/src:/app/src']\n",
            "    image: acme/web:1\n    container_name: demo-web\n",
            "    image: acme/web:local\n",
        ] {
            assert_eq!(
                severities("PLM101", "compose.yaml", &web(body)),
                [Severity::Info],
                "{body}"
            );
        }
        for body in [
            "    build: {context: web, target: runtime}\n",
            "    build: web\n    environment: {NODE_ENV: development}\n",
            "    build: web\n    command: npm run dev\n",
            "    build: web\n    volumes: ['./web:/app']\n",
        ] {
            let found = severities("PLM101", "compose.yaml", &web(body));
            assert_eq!(found, [Severity::Warning], "{body}");
        }
    }
}
