//! Any bytes are a file that can be analysed.

use crate::sound::{assert_every_format, assert_sound};
use plimsoll_core::config::Config;
use plimsoll_core::{File, Options, Workspace};

/// Names that make different readers of the same bytes.
pub const PATHS: &[&str] = &[
    "compose.yaml",
    "k8s/web.yaml",
    "kustomization.yaml",
    "chart/templates/web.yaml",
    "chart/values.yaml",
    "chart/Chart.yaml",
    "plimsoll.yaml",
    ".env",
    "Dockerfile",
    "chart/charts/packed.tgz",
];

/// Analyses a file of these bytes, beside a chart and a Compose file that may meet it, and writes what is found in
/// every format.
pub fn any_text_is_analysed(path: &str, bytes: &[u8]) {
    let mut workspace = Workspace::default();
    workspace.set("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
    workspace
        .set("compose.override.yaml", "services: {web: {image: 'nginx:1.29', env_file: .env}}\n");
    workspace.set_file(File::from_bytes(path, bytes));
    let analysis = workspace.analysis(&Config::default());
    let report = analysis.report(&Options::default());
    assert_sound(&report);
    assert_every_format(&report, Some(&analysis));
}
