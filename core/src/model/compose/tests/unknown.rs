//! Values that only the environment knows.

use super::{given, kinds};
use crate::model::compose::{MountKind, ProblemKind};

#[test]
fn what_only_the_environment_knows_is_never_wrong() {
    for service in [
        r#"depends_on: ["${D:?}"]"#,
        r#"depends_on: ["db-${D:?}"]"#,
        r#"depends_on: {"b": {condition: "${C:?}"}}"#,
        r#"networks: ["${N:?}"]"#,
        r#"networks: ["net-${N:?}"]"#,
        r#"secrets: ["${S:?}"]"#,
        r#"configs: ["${C?}"]"#,
        r#"links: ["${L:?}", "${L:?}:db"]"#,
        r#"volumes_from: ["${V:?}"]"#,
        r#"network_mode: "service:${S:?}""#,
        r#"extends: {service: "${S:?}"}"#,
        r#"extends: {file: "${F:?}", service: "${S:?}"}"#,
        r#"deploy: {replicas: "${R:?}"}"#,
        r#"healthcheck: {test: x, interval: "${I:?}", retries: "${R:?}"}"#,
        r#"ports: ["${P:?}", "${P:?}:80", "80:${P:?}", "80/${P:?}"]"#,
        r#"volumes: ["${D:?}:/x", "${D:?}", "./x:${T:?}", "v-${V:?}:/x"]"#,
        r#"volumes: [{type: "${T:?}", source: ./x, target: /x}]"#,
        r#"mem_limit: "${M:?}""#,
        r#"scale: "${S:?}""#,
        r#"restart: "${R:?}""#,
        r#"privileged: "${P:?}""#,
        r#"env_file: ["${E:?}", "${E:?}.env"]"#,
        r#"image: "${I:?}""#,
    ] {
        let text = format!("services: {{b: {{image: x:1}}, w: {{image: x:1, {service}}}}}\n");
        let text = match service.starts_with("image") || service.starts_with("extends") {
            true => text.replace("w: {image: x:1, ", "w: {"),
            false => text,
        };
        let given = given(&[("compose.yaml", &text)]);
        let kinds = kinds(given.only());
        assert!(!kinds.is_empty(), "{service}");
        let wrong = kinds
            .iter()
            .find(|it| !matches!(it, ProblemKind::RequiredVariable | ProblemKind::NothingToRun));
        assert_eq!(wrong, None, "{service}");
    }
    for top in [
        r#"include: ["${I:?}"]"#,
        r#"include: ["${I:?}.yaml"]"#,
        r#"networks: {n: {external: "${E:?}"}}"#,
        r#"volumes: {v: {external: "${E:?}"}}"#,
    ] {
        let text = format!("{top}\nservices: {{w: {{image: x:1}}}}\n");
        let given = given(&[("compose.yaml", &text)]);
        assert_eq!(kinds(given.only()), [ProblemKind::RequiredVariable], "{top}");
    }
}

#[test]
fn the_known_parts_of_an_unknown_mount_stay() {
    let text = "services: {w: {image: x:1, volumes: ['${D:?}:/x/:ro', '${D:?}/data:/y']}}\n";
    let given = given(&[("compose.yaml", text)]);
    let mounts = &given.only().service("w").unwrap().volumes;
    let shown: Vec<_> = mounts
        .iter()
        .map(|it| (it.kind, it.source.as_ref().map(|it| it.as_str()), it.target.as_str()))
        .collect();
    assert_eq!(shown, [(MountKind::Bind, None, "/x"), (MountKind::Bind, Some("/data"), "/y")]);
}

#[test]
fn a_variable_that_is_set_or_plain_is_read_as_it_is() {
    let text = "services: {w: {image: x:1, networks: ['${SET:?}', '${PLAIN}x']}}\n";
    let given = given(&[("compose.yaml", text), (".env", "SET=back\n")]);
    assert_eq!(kinds(given.only()), [ProblemKind::UndefinedNetwork, ProblemKind::UndefinedNetwork]);
}
