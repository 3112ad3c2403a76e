//! What fixes must not do to a file, whatever it looks like: a fix that would do damage is left out alone.
#![allow(clippy::unwrap_used)]

use plimsoll_core::autofix::{Fixed, Reason, Wanted, fix_all};
use plimsoll_core::edit::guard::Damage;
use plimsoll_core::{File, Options, Report, Workspace, analyze};

fn options(select: &[&str]) -> Options {
    Options { select: select.iter().map(|it| (*it).to_owned()).collect(), ..Options::default() }
}

/// Applies all fixes of some rules, the unsafe ones too.
fn fix(files: &[(&str, &str)], select: &[&str]) -> Fixed {
    let files: Vec<File> = files.iter().map(|(path, text)| File::new(path, *text)).collect();
    let mut workspace = Workspace::default();
    files.iter().for_each(|file| workspace.set_file(file.clone()));
    let options = options(select);
    let report = workspace.report(&options);
    let wanted = Wanted {
        options: &options,
        unsafe_too: true,
        finding: &|_| true,
        may_change: &|path| !path.starts_with("locked"),
    };
    fix_all(files, &mut workspace, report, &wanted)
}

fn report(path: &str, text: &str, select: &[&str]) -> Report {
    analyze(&[File::new(path, text)], &options(select))
}

/// Asserts that a rule finds something for which it offers no fix.
#[track_caller]
fn no_fix(path: &str, text: &str, code: &str) {
    let report = report(path, text, &[code]);
    let offered: Vec<_> = report.findings.iter().flat_map(|it| &it.fixes).collect();
    assert!(offered.is_empty(), "{code} offers {offered:?} in\n{text}");
    let fixed = fix(&[(path, text)], &[code]);
    assert_eq!(&*fixed.files[0].text, text);
}

/// Asserts that a rule has a fix for a text.
#[track_caller]
fn has_fix(path: &str, text: &str, code: &str) {
    let report = report(path, text, &[code]);
    assert!(report.findings.iter().any(|it| !it.fixes.is_empty()), "{code} has no fix in\n{text}");
}

fn compose(lines: &str) -> String {
    format!("services:\n  web:\n    image: nginx:1.29\n    ports: ['8080:80']\n{lines}")
}

fn deployment(pod: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: 2\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n{pod}---\napiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: web}}, ports: [{{port: 80}}]}}\n"
    )
}

#[test]
fn an_empty_or_wrong_key_gets_no_second_one() {
    has_fix("compose.yaml", &compose(""), "PLM802");
    for value in ["", " ~", " []", " {}"] {
        no_fix("compose.yaml", &compose(&format!("    restart:{value}\n")), "PLM802");
    }
    let logs = "    restart: always\n";
    has_fix("compose.yaml", &compose(logs), "PLM803");
    for value in ["", " json-file", " []"] {
        no_fix("compose.yaml", &compose(&format!("{logs}    logging:{value}\n")), "PLM803");
    }
    let db = |lines: &str| {
        format!(
            "services:\n  app: {{image: 'acme/app:1', depends_on: [db]}}\n  db:\n    image: postgres:17\n    environment: {{POSTGRES_PASSWORD: x}}\n{lines}"
        )
    };
    has_fix("compose.yaml", &db(""), "PLM101");
    no_fix("compose.yaml", &db("    healthcheck:\n"), "PLM101");
    no_fix("compose.yaml", &db("    healthcheck: none\n"), "PLM101");
    let wait = |condition: &str| {
        format!(
            "services:\n  app:\n    image: acme/app:1\n    depends_on:\n      db:\n        restart: true\n{condition}  db: {{image: 'postgres:17', healthcheck: {{test: pg_isready}}}}\n"
        )
    };
    has_fix("compose.yaml", &wait(""), "PLM101");
    for value in ["", " []", " service_startd"] {
        let fixed =
            fix(&[("compose.yaml", &wait(&format!("        condition:{value}\n")))], &["PLM101"]);
        assert_eq!(fixed.files[0].text.matches("condition:").count(), 1, "{}", fixed.files[0].text);
    }
}

#[test]
fn an_empty_or_wrong_key_of_a_manifest_gets_no_second_one() {
    let pod = |probe: &str| {
        deployment(&format!(
            "    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n        - name: web\n          image: nginx:1.29\n          ports: [{{containerPort: 80}}]\n{probe}"
        ))
    };
    has_fix("web.yaml", &pod(""), "PLM110");
    no_fix("web.yaml", &pod("          readinessProbe:\n"), "PLM110");
    no_fix("web.yaml", &pod("          readinessProbe: []\n"), "PLM110");
    let cron = |policy: &str| {
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: dump}}\nspec:\n  schedule: '0 * * * *'\n{policy}  jobTemplate: {{spec: {{template: {{spec: {{containers: [{{name: a, image: 'postgres:17', command: [pg_dump]}}]}}}}}}}}\n"
        )
    };
    has_fix("cron.yaml", &cron(""), "PLM716");
    for value in ["", " []"] {
        let text = cron(&format!("  concurrencyPolicy:{value}\n"));
        let fixed = fix(&[("cron.yaml", &text)], &["PLM716"]);
        assert_eq!(fixed.files[0].text.matches("concurrencyPolicy").count(), 1);
    }
}

#[test]
fn labels_of_a_wrong_type_are_left_alone() {
    let pod = |labels: &str| {
        deployment(&format!(
            "    metadata:\n      labels: {labels}\n    spec: {{containers: [{{name: web, image: 'nginx:1.29'}}]}}\n"
        ))
    };
    has_fix("web.yaml", &pod("{tier: web}"), "PLM423");
    no_fix("web.yaml", &pod("[]"), "PLM423");
    no_fix("web.yaml", &pod("['app: web']"), "PLM423");
    let block = pod("\n        - tier");
    no_fix("web.yaml", &block, "PLM423");
}

#[test]
fn nothing_is_fixed_in_a_half_typed_document() {
    let half = [
        "services:\n  web:\n    image: nginx:1.29\n    ports: ['8080:80'\n    restart: always\n",
        "services:\n  web:\n    image: nginx:1.29\n    restart: always\n    environment: {A: \n  db: {image: 'postgres:17'}\n",
        "services:\n  web:\n    image: nginx:1.29\n    restart: always\n    vol\nvolumes:\n  data: {}\nsecrets:\n  key: {file: key.txt}\n",
    ];
    for text in half {
        let whole = report("compose.yaml", text, &[]);
        assert!(whole.findings.iter().all(|it| it.fixes.is_empty()), "{text}");
        assert_eq!(&*fix(&[("compose.yaml", text)], &[]).files[0].text, text);
    }
    // A whole document beside a broken one keeps its fixes.
    let pods = "    metadata: {labels: {tier: web}}\n    spec: {containers: [{name: web, image: 'nginx:1.29'}]}\n";
    let two = format!("{}---\nkind: ConfigMap\ndata: {{a: \n", deployment(pods));
    has_fix("web.yaml", &two, "PLM423");
}

#[test]
fn a_version_stays_with_its_anchor_and_its_comment() {
    let web = "services:\n  web: {image: 'nginx:1.29', labels: {v: *v}}\n";
    no_fix("compose.yaml", &format!("version: &v '3.8'\n{web}"), "PLM807");
    let plain = "services:\n  web: {image: 'nginx:1.29'}\n";
    no_fix(
        "compose.yaml",
        &format!("version: # until the old hosts are gone\n  '3.8'\n{plain}"),
        "PLM807",
    );
    let behind = format!("version: '3.8' # until the old hosts are gone\n{plain}");
    let fixed = fix(&[("compose.yaml", &behind)], &["PLM807"]);
    assert_eq!(&*fixed.files[0].text, format!("# until the old hosts are gone\n{plain}"));
}

#[test]
fn a_key_is_not_renamed_to_one_that_is_there() {
    let typo = |other: &str| compose(&format!("    restar: always\n{other}"));
    has_fix("compose.yaml", &typo(""), "PLM808");
    no_fix("compose.yaml", &typo("    restart: always\n"), "PLM808");
    no_fix("compose.yaml", &typo("    restart:\n"), "PLM808");
}

#[test]
fn a_refused_fix_is_left_out_alone_and_said() {
    // Each of the two fixes writes `restart`; after the first, the second has nothing to do.
    let typo = compose("    restar: always\n");
    let fixed =
        fix(&[("a/compose.yaml", &typo), ("b/compose.yaml", &compose(""))], &["PLM802", "PLM808"]);
    assert_eq!(fixed.files[0].text.matches("restart:").count(), 1, "{}", fixed.files[0].text);
    assert!(fixed.files[1].text.contains("restart: unless-stopped"));

    let web = compose("");
    let fixed = fix(&[("compose.yaml", &web), ("locked/compose.yaml", &web)], &["PLM802"]);
    assert!(fixed.files[0].text.contains("restart: unless-stopped"));
    assert_eq!(&*fixed.files[1].text, web);
    let said: Vec<_> =
        fixed.refused.iter().map(|it| (it.path.as_str(), it.line, it.code)).collect();
    assert_eq!(said, [("locked/compose.yaml", 2, "PLM802")]);
    assert_eq!(fixed.refused[0].reason, Reason::Locked);
}

#[test]
fn a_fix_that_does_damage_is_left_out_with_its_reason() {
    let web = compose("    # Stays.\n");
    let options = options(&["PLM802"]);
    let wanted =
        Wanted { options: &options, unsafe_too: true, finding: &|_| true, may_change: &|_| true };
    // The fix of the first file writes what no rule would; that of the second one is right.
    let refused = |text: &str| {
        let files = ["a/compose.yaml", "b/compose.yaml"].map(|path| File::new(path, web.as_str()));
        let mut workspace = Workspace::default();
        files.iter().for_each(|file| workspace.set_file(file.clone()));
        let mut report = workspace.report(&options);
        assert_eq!(report.findings.len(), 2);
        report.findings[0].fixes[0].edits[0].text = text.to_owned();
        let fixed = fix_all(files.to_vec(), &mut workspace, report, &wanted);
        assert_eq!(&*fixed.files[0].text, web);
        assert!(fixed.files[1].text.contains("restart: unless-stopped"));
        assert_eq!(fixed.applied, 1);
        let [refused] = &fixed.refused[..] else { panic!("{:?}", fixed.refused) };
        assert_eq!(refused.path, "a/compose.yaml");
        refused.reason.clone()
    };
    let twice = "\n    restart: always\n    restart: always";
    assert_eq!(refused(twice), Reason::Damage(Damage::Syntax));
    assert_eq!(refused("\n    read_only: true"), Reason::Unsettled);
    // The error comes from a rule that was not selected.
    let depends = refused("\n    restart: always\n    depends_on: [nobody]");
    assert!(matches!(depends, Reason::Error(..)), "{depends:?}");
}

#[test]
fn a_base_file_does_not_count_on_an_override() {
    // Without the override, `app` would depend on a service that is not there.
    let base =
        "services:\n  app: {image: 'acme/app:1', depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
    let more =
        "services:\n  app:\n    environment: {REDIS_HOST: cache}\n  cache: {image: 'redis:8'}\n";
    let files = |more: &str| {
        vec![File::new("compose.yaml", base), File::new("compose.override.yaml", more.to_owned())]
    };
    let report = analyze(&files(more), &options(&["PLM104"]));
    assert_eq!(report.findings.len(), 1);
    assert!(report.findings[0].fixes.is_empty());
    // The override may count on the base.
    let own = "services:\n  web: {image: 'acme/web:1', environment: {DB_HOST: db}}\n";
    let report = analyze(&files(own), &options(&["PLM104"]));
    assert_eq!(report.findings[0].fixes.len(), 1);
    // Nobody waits for the health of a service that has a healthcheck only in an override.
    let base = "services:\n  app: {image: 'acme/app:1', depends_on: [db]}\n  db: {image: 'postgres:17', environment: {POSTGRES_PASSWORD: x}}\n";
    let check = "services:\n  db: {healthcheck: {test: pg_isready}}\n";
    let files = [File::new("compose.yaml", base), File::new("compose.override.yaml", check)];
    let report = analyze(&files, &options(&["PLM101"]));
    assert!(report.findings.iter().all(|it| it.fixes.is_empty()));
}

#[test]
fn the_editor_gets_only_fixes_that_work() {
    let mut workspace = Workspace::default();
    workspace.set("compose.yaml", compose(""));
    let options = Options { leave_fixes_untried: true, ..options(&["PLM802"]) };
    let analysis = workspace.analysis(&options.config);
    let report = analysis.report(&options);
    let finding = &report.findings[0];
    assert_eq!(analysis.tried_fixes(finding).len(), 1);
    // An edit that does not settle the finding is not offered.
    let mut other = finding.clone();
    other.fixes[0].edits[0].text = "\n    read_only: true".to_owned();
    assert!(analysis.tried_fixes(&other).is_empty());
    // Nor is one that adds the same key twice.
    let twice = "\n    restart: always\n    restart: always";
    other.fixes[0].edits[0].text = twice.to_owned();
    assert!(analysis.tried_fixes(&other).is_empty());
}

#[test]
fn the_subject_is_the_service_that_the_message_names() {
    let text = "x-env: &env\n  DB_HOST: db\nservices:\n  admin: {image: 'acme/admin:1', environment: *env, depends_on: [db]}\n  worker: {image: 'acme/worker:1', environment: *env}\n  db: {image: 'postgres:17'}\n";
    let report = report("compose.yaml", text, &["PLM104"]);
    let said: Vec<_> =
        report.findings.iter().map(|it| (it.subject.as_str(), it.message.as_str())).collect();
    assert_eq!(said, [("service worker", "`worker` talks to `db`, but does not depend on it")]);
}

#[test]
fn services_in_one_anchor_have_a_subject_each() {
    let text = "services:\n  admin: &app\n    image: acme/app:1\n    environment: {DB_HOST: db}\n  worker: *app\n  db: {image: 'postgres:17'}\n";
    let report = report("compose.yaml", text, &["PLM104"]);
    let said: Vec<_> =
        report.findings.iter().map(|it| (it.subject.as_str(), it.message.as_str())).collect();
    assert_eq!(
        said,
        [(
            "service admin",
            "`admin` talks to `db`, but does not depend on it (and 1 more like it)"
        )]
    );
}
