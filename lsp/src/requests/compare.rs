//! The command `plimsoll.compare`: Compose services beside what runs the same thing in the cluster.

use crate::project::Snapshot;
use plimsoll_core::Options;
use plimsoll_core::output::comparison_json;
use serde_json::Value;

/// The command that returns the comparison of a project, as `plimsoll compare --format json` prints it. Its
/// argument is the URI of a file of the project; without one, the first workspace folder is the project.
pub const COMPARE: &str = "plimsoll.compare";

pub fn comparison(snapshot: &Snapshot) -> Option<Value> {
    let options = Options { leave_fixes_untried: true, ..Options::default() };
    let analysis = snapshot.applications.analysis();
    let report = analysis.report(&options);
    serde_json::from_str(&comparison_json(&report, &analysis.comparison())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::snapshot;

    #[test]
    fn both_sides_stand_beside_each_other() {
        let compose = "services:\n  web:\n    image: shop/web:1\n";
        let manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\nspec:\n  selector: { matchLabels: { app: web } }\n  template:\n    metadata: { labels: { app: web } }\n    spec:\n      containers: [{ name: web, image: shop/web:2 }]\n";
        let files = [("compose.yaml", compose), ("k8s/web.yaml", manifest)];
        let answer = comparison(&snapshot(&files, None, 1)).unwrap();
        assert_eq!(answer["services"][0]["service"], "web");
        assert_eq!(answer["services"][0]["counterpart"]["path"], "k8s/web.yaml");
        assert_eq!(answer["services"][0]["compared"][0]["drift"], "drifted");
    }
}
