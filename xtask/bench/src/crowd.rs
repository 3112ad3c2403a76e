//! Latency from a keystroke to the diagnostics where the edited file is one of many: what an edit costs in a
//! repository, beside what it costs in a file by itself.

use super::generate;
use super::lsp::{Document, language_server, measure, rank};
use super::shapes::{deployment, service, variable};
use std::fs;
use std::path::Path;

/// Maximum times of a file by itself that an edit may take beside 1,000 and 5,000 other files.
const BESIDE_A_THOUSAND: f64 = 2.0;
const BESIDE_FIVE_THOUSAND: f64 = 4.0;
/// Maximum milliseconds from an edit in a file of 10 MB to its diagnostics, at the median.
const LARGE_FILE: f64 = 1000.0;
/// Maximum memory beside 5,000 files, in MiB.
const MEMORY: f64 = 500.0;

/// What lies beside the edited file.
struct Crowd {
    name: &'static str,
    files: usize,
    /// Whether each file lies in a folder of its own, as an application does, or all beside the edited one.
    in_folders: bool,
    /// Whether each container names a host that nobody has.
    with_strangers: bool,
    /// Number of lines of the edited file.
    lines: usize,
    limit: Option<f64>,
}

const CROWDS: &[Crowd] = &[
    Crowd { name: "a file by itself", files: 0, limit: Some(1.0), ..ORDINARY },
    Crowd { name: "1,000 applications", files: 1_000, limit: Some(BESIDE_A_THOUSAND), ..ORDINARY },
    Crowd {
        name: "5,000 applications",
        files: 5_000,
        limit: Some(BESIDE_FIVE_THOUSAND),
        ..ORDINARY
    },
    Crowd {
        name: "5,000 with unknown hosts",
        files: 5_000,
        with_strangers: true,
        limit: Some(BESIDE_FIVE_THOUSAND),
        ..ORDINARY
    },
    // Everything in one folder is one application, which is analysed as a whole.
    Crowd { name: "1,000 in one folder", files: 1_000, in_folders: false, ..ORDINARY },
    Crowd { name: "5,000 in one folder", files: 5_000, in_folders: false, ..ORDINARY },
    Crowd { name: "a file of 10 MB", lines: 340_000, ..ORDINARY },
];

const ORDINARY: Crowd = Crowd {
    name: "",
    files: 0,
    in_folders: true,
    with_strangers: false,
    lines: 1_000,
    limit: None,
};

/// Prints the table, and returns whether all limits are kept.
pub fn run(plimsoll: &Path) -> Result<bool, String> {
    println!("keystroke in a manifest among other files");
    println!("  {:<26}{:>9}{:>9}{:>9}{:>10}", "", "p50", "p99", "p50 to", "memory");
    println!("  {:<26}{:>9}{:>9}{:>9}{:>10}", "", "ms", "ms", "alone", "MiB");
    let scratch = std::env::temp_dir().join(format!("plimsoll-bench-{}", std::process::id()));
    let mut alone = None;
    let mut within = true;
    for crowd in CROWDS {
        let document =
            write(&scratch, crowd).map_err(|why| format!("{}: {why}", scratch.display()))?;
        let measured = measure(language_server(plimsoll), &document);
        fs::remove_dir_all(&scratch).map_err(|why| format!("{}: {why}", scratch.display()))?;
        let mut measured = measured?;
        let (p50, p99) = (rank(&mut measured.times, 0.5), rank(&mut measured.times, 0.99));
        let alone = *alone.get_or_insert(p50);
        let (times, memory) = (p50 / alone, measured.memory_mib);
        println!("  {:<26}{p50:>9.2}{p99:>9.2}{times:>9.1}{memory:>10.0}", crowd.name);
        let is_large = crowd.lines > ORDINARY.lines;
        within &= crowd.limit.is_none_or(|limit| times <= limit);
        within &= !is_large || p50 <= LARGE_FILE;
        within &= crowd.files < 5_000 || memory <= MEMORY;
    }
    println!(
        "  limits: {BESIDE_A_THOUSAND} times beside 1,000, {BESIDE_FIVE_THOUSAND} times and {MEMORY} MiB beside \
         5,000, {LARGE_FILE} ms for 10 MB"
    );
    Ok(within)
}

/// Writes the files, and returns the document that is edited.
fn write(root: &Path, crowd: &Crowd) -> std::io::Result<Document> {
    for number in 0..crowd.files {
        let name = format!("app-{number}");
        let host = match crowd.with_strangers {
            true => format!("http://stranger-{number}:8080"),
            false => format!("http://{name}:8080"),
        };
        let space = format!("space-{}", number % 20);
        let text =
            deployment(&name, &space, &variable("UPSTREAM_URL", &host)) + &service(&name, &space);
        let path = match crowd.in_folders {
            true => root.join(&name).join("k8s.yaml"),
            false => root.join("edited").join(format!("{name}.yaml")),
        };
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(path, text)?;
    }
    let text = generate::lines(crowd.lines);
    let path = root.join("edited/manifests.yaml");
    fs::create_dir_all(root.join("edited"))?;
    fs::write(&path, &text)?;
    Ok(Document {
        uri: format!("file://{}", path.display()),
        editable: (0..text.lines().count()).collect(),
        text,
        folder: Some(format!("file://{}", root.display())),
    })
}
