//! The command `plimsoll.render`: what a target puts onto the cluster, or which targets there are.

use crate::project::Snapshot;
use plimsoll_core::output::wire_targets::RenderedTarget;
use plimsoll_core::report::{Environment, TargetKind};
use serde::Serialize;
use serde_json::{Value, json};
use tower_lsp_server::ls_types::{Location, Position, Range};

/// The command that returns the targets of a project as a list, or one target as a stream of YAML as
/// `plimsoll render` prints it. Its arguments are the URI of a file of the project, or null for the first
/// workspace folder, and the name of the target. With `true` as the third one, the answer is an object with the
/// `text` and the `places` of its lines: for each line the location of the source, or null.
pub const RENDER: &str = "plimsoll.render";

#[derive(Serialize)]
struct Listed<'t> {
    name: &'t str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'static str>,
    /// Why the target is not built in full.
    reasons: Vec<&'t str>,
}

impl<'t> Listed<'t> {
    fn new(
        name: &'t str,
        kind: TargetKind,
        environment: Option<Environment>,
        reasons: Vec<&'t str>,
    ) -> Listed<'t> {
        Listed { name, kind: kind.name(), environment: environment.map(|it| it.name()), reasons }
    }
}

/// Returns the targets of a project, sorted by name.
pub fn list(snapshot: &Snapshot) -> Option<Value> {
    let analysis = snapshot.applications.analysis();
    let built = analysis.targets().iter().map(|built| {
        let target = &built.target;
        let reasons = target.reasons.iter().map(|it| it.message.as_str()).collect();
        Listed::new(&target.name, target.kind, target.environment, reasons)
    });
    let plain = analysis.plain_targets().iter().map(|target| {
        let reasons = target.reason.iter().map(String::as_str).collect();
        Listed::new(&target.name, target.kind, target.environment, reasons)
    });
    let mut all: Vec<Listed<'_>> = built.chain(plain).collect();
    all.sort_by_key(|it| it.name);
    serde_json::to_value(all).ok()
}

/// Returns a target as YAML, each document below the place that it comes from.
///
/// # Errors
/// Says why there is nothing to render.
pub fn rendered(snapshot: &Snapshot, name: &str) -> Result<Value, String> {
    Ok(Value::String(target(snapshot, name)?.yaml()))
}

/// Returns a target as YAML, with the place that each line comes from.
///
/// # Errors
/// Says why there is nothing to render.
pub fn located(snapshot: &Snapshot, name: &str) -> Result<Value, String> {
    let target = target(snapshot, name)?;
    let location = |place: Option<&str>| {
        let (path, line) = place?.rsplit_once(':')?;
        let start = Position { line: line.parse::<u32>().ok()?.checked_sub(1)?, character: 0 };
        let uri = snapshot.addresses.uri(path)?;
        Some(Location { uri, range: Range { start, end: start } })
    };
    let places: Vec<Option<Location>> = target.places().into_iter().map(location).collect();
    Ok(json!({ "text": target.yaml(), "places": places }))
}

fn target(snapshot: &Snapshot, name: &str) -> Result<RenderedTarget, String> {
    let analysis = snapshot.applications.analysis();
    let built = analysis.targets().iter().find(|it| it.target.name == name);
    let file = |id| analysis.file(id);
    Ok(match built {
        Some(built) => RenderedTarget::built(&built.target, &file),
        None => match analysis.plain_targets().iter().find(|it| it.name == name) {
            Some(target) if target.kind == TargetKind::Compose => {
                return Err(format!(
                    "`{name}` is a Compose project, which is deployed as it is written"
                ));
            }
            Some(target) => RenderedTarget::written(target, &file),
            None => return Err(format!("`{name}` is not a target of this project")),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::snapshot;

    #[test]
    fn charts_are_rendered_and_manifests_stand_as_they_are() {
        let chart = "apiVersion: v2\nname: web\nversion: 0.1.0\n";
        let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-{{ .Values.name }}\n";
        let manifest =
            "apiVersion: v1 # as it stands\nkind: ConfigMap\nmetadata: { name: plain }\n";
        let files = [
            ("chart/Chart.yaml", chart),
            ("chart/values.yaml", "name: settings\n"),
            ("chart/templates/config.yaml", template),
            ("k8s/config.yaml", manifest),
            ("compose.yaml", "services:\n  web:\n    image: shop/web:1\n"),
        ];
        let snapshot = snapshot(&files, None, 1);
        let all = list(&snapshot).unwrap();
        let kinds: Vec<&str> =
            all.as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["chart", "compose", "manifests"]);

        let chart = all[0]["name"].as_str().unwrap();
        let text = rendered(&snapshot, chart).unwrap();
        let text = text.as_str().unwrap();
        assert!(text.starts_with("---\n# source: chart/templates/config.yaml:1\n"), "{text}");
        assert!(text.contains("name: release-name-settings"), "{text}");
        let text = rendered(&snapshot, all[2]["name"].as_str().unwrap()).unwrap();
        assert_eq!(text, format!("---\n# source: k8s/config.yaml:1\n{manifest}"));

        let answer = located(&snapshot, chart).unwrap();
        let lines = answer["text"].as_str().unwrap().lines();
        let places = answer["places"].as_array().unwrap();
        assert_eq!(places.len(), lines.clone().count());
        let (_, name) = lines.zip(places).find(|it| it.0.starts_with("  name:")).unwrap();
        assert_eq!(name["uri"], "file:///w/chart/templates/config.yaml");
        assert_eq!(name["range"]["start"], json!({ "line": 3, "character": 0 }));
        assert!(rendered(&snapshot, all[1]["name"].as_str().unwrap()).is_err());
        assert!(rendered(&snapshot, "nope").unwrap_err().contains("`nope`"));
    }
}
