//! Growth: what ten times, and a hundred times, the documents cost.
//!
//! Each measurement runs in a process of its own, which analyses one project several times and
//! reports the fastest run and its peak memory. Time is processor time where the system tells it, so
//! that other work on the machine does not count.

use crate::extremes::Extreme;
use crate::shapes::Shape;
use plimsoll_core::output::{self, Include, Length, Style};
use plimsoll_core::{Options, Report, analyze};
use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

/// Maximum cost of ten times the documents.
const TENFOLD_LIMIT: f64 = 11.0;
/// Maximum cost of a hundred times the documents.
const HUNDREDFOLD_LIMIT: f64 = 100.0;
/// Maximum memory of a run with 100,000 documents, as a multiple of the text.
const MEMORY_LIMIT: f64 = 12.0;

/// Number of documents that the compared overlays build, two each.
const BUILT_DOCUMENTS: usize = 1_000;
/// Maximum cost of overlays, as a multiple of what they build as plain files.
const OVERLAYS_LIMIT: f64 = 1.5;

/// Maximum number of bytes of a text that must be answered within a second, in each format.
const SMALL_TEXT: u64 = 260_000;
const SMALL_TEXT_SECONDS: f64 = 1.0;
/// Maximum number of bytes of what is said about such a text.
const SMALL_TEXT_REPORT: u64 = 20_000_000;

const ROUNDS: usize = 5;

/// One run: the time of the analysis, the size of the text, the peak memory of the process.
struct Run {
    seconds: f64,
    bytes: u64,
    /// Zero where the system does not say.
    peak: u64,
    findings: u64,
    /// The time of all formats together, and the size of the longest one; zero where they are not wanted.
    formats: f64,
    longest: u64,
}

/// Prints a table over all shapes and returns whether all are within the limits.
pub fn run() -> Result<bool, String> {
    println!("growth: processor time of one analysis, median of {ROUNDS} pairs of runs");
    println!(
        "  {:<10} {:>16} {:>20} {:>20} {:>7}",
        "shape", "documents", "ms", "findings", "ratio"
    );
    let mut within = true;
    for shape in Shape::ALL {
        within &= tenfold(shape)?;
    }
    within &= overlays()?;
    within &= extremes()?;
    Ok(hundredfold()? && within)
}

/// Compares overlays over one base with what they build.
fn overlays() -> Result<bool, String> {
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let overlays = measure(Shape::Overlays.name(), BUILT_DOCUMENTS)?;
        let built = measure(Shape::Built.name(), BUILT_DOCUMENTS)?;
        ratios.push(overlays.seconds / built.seconds);
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ROUNDS / 2];
    println!(
        "  {} overlays over one base: {ratio:.1} times what they build (limit {OVERLAYS_LIMIT})  [{:.1}..{:.1}]",
        BUILT_DOCUMENTS / 2,
        ratios[0],
        ratios[ROUNDS - 1],
    );
    Ok(ratio <= OVERLAYS_LIMIT)
}

fn tenfold(shape: Shape) -> Result<bool, String> {
    let (small, large) = (shape.small(), shape.small() * 10);
    let mut ratios = Vec::new();
    let mut last = None;
    for _ in 0..ROUNDS {
        let (few, many) = (measure(shape.name(), small)?, measure(shape.name(), large)?);
        ratios.push(many.seconds / few.seconds);
        last = Some((few, many));
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ROUNDS / 2];
    let (few, many) = last.expect("internal error: there is at least one round");
    println!(
        "  {:<10} {:>16} {:>20} {:>20} {ratio:>6.1}x  [{:.1}..{:.1}]",
        shape.name(),
        format!("{small} -> {large}"),
        format!("{:.1} -> {:.1}", few.seconds * 1e3, many.seconds * 1e3),
        format!("{} -> {}", few.findings, many.findings),
        ratios[0],
        ratios[ROUNDS - 1],
    );
    Ok(ratio <= TENFOLD_LIMIT)
}

/// Prints what the extremes cost, and with ten times as many items.
fn extremes() -> Result<bool, String> {
    println!("extremes: with ten times as many items, in seconds of processor time");
    println!(
        "  {:<15} {:>9} {:>17} {:>7} {:>17} {:>9} {:>12} {:>12}",
        "shape", "text", "analysis", "ratio", "formats", "findings", "longest", "memory"
    );
    let mut within = true;
    for extreme in Extreme::ALL {
        let few = measure(extreme.name(), extreme.small())?;
        let many = measure(extreme.name(), extreme.small() * 10)?;
        let ratio = (many.seconds + many.formats) / (few.seconds + few.formats);
        let memory = many.peak as f64 / many.bytes as f64;
        let is_small = many.bytes < SMALL_TEXT;
        let is_within = match is_small {
            true => {
                many.seconds.max(many.formats) <= SMALL_TEXT_SECONDS
                    && many.longest < SMALL_TEXT_REPORT
            }
            false => ratio <= TENFOLD_LIMIT && memory <= MEMORY_LIMIT,
        };
        within &= is_within;
        println!(
            "  {:<15} {:>6.1} MB {:>17} {ratio:>6.1}x {:>17} {:>9} {:>9.1} MB {:>11.1}x{}",
            extreme.name(),
            many.bytes as f64 / 1e6,
            format!("{:.3} -> {:.3}", few.seconds, many.seconds),
            format!("{:.3} -> {:.3}", few.formats, many.formats),
            many.findings,
            many.longest as f64 / 1e6,
            memory,
            if is_within { "" } else { "  above a limit" },
        );
    }
    Ok(within)
}

fn hundredfold() -> Result<bool, String> {
    let few = measure(Shape::Manifests.name(), 1_000)?;
    let many = measure(Shape::Manifests.name(), 100_000)?;
    let ratio = many.seconds / few.seconds;
    let memory = many.peak as f64 / many.bytes as f64;
    println!(
        "  100,000 documents ({:.0} MB): {:.2} s, {ratio:.0} times 1,000 documents (limit {HUNDREDFOLD_LIMIT}); \
         {:.0} MB of memory, {memory:.1} times the text (limit {MEMORY_LIMIT})",
        many.bytes as f64 / 1e6,
        many.seconds,
        many.peak as f64 / 1e6,
    );
    Ok(ratio <= HUNDREDFOLD_LIMIT && memory <= MEMORY_LIMIT)
}

/// Runs this program again with `measure SHAPE COUNT`.
fn measure(shape: &str, count: usize) -> Result<Run, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program)
        .args(["measure", shape, &count.to_string()])
        .output()
        .map_err(|error| format!("a measurement did not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|it| it.parse().ok()).collect();
    match numbers[..] {
        [seconds, bytes, peak, findings, formats, longest] if output.status.success() => Ok(Run {
            seconds,
            bytes: bytes as u64,
            peak: peak as u64,
            findings: findings as u64,
            formats,
            longest: longest as u64,
        }),
        _ => Err(format!("{shape} with {count} documents: {}", output.status)),
    }
}

/// The other side of [`measure`]: analyses a project and prints what it cost.
pub fn measured(name: &str, count: &str) -> Result<(), String> {
    let count: usize = count.parse().map_err(|_| "not a number of documents")?;
    // All on this thread, whose time is measured.
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build_global()
        .map_err(|error| error.to_string())?;
    let (files, repeats) = match Shape::from_name(name) {
        // Short runs are repeated, because the first one also warms the caches.
        Some(shape) => (shape.files(count), if count <= shape.small() { 7 } else { 2 }),
        None => (Extreme::from_name(name).ok_or("not a shape")?.files(count), 1),
    };
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    let (mut fastest, mut findings) = (f64::MAX, 0);
    let mut last = Report::default();
    for _ in 0..repeats {
        let start = Clock::start();
        let report = black_box(analyze(black_box(&files), &Options::default()));
        fastest = fastest.min(start.seconds());
        findings = report.findings.len();
        last = report;
    }
    let (formats, longest) = match Shape::from_name(name) {
        Some(_) => (0.0, 0),
        None => written(&last),
    };
    println!("{fastest} {bytes} {} {findings} {formats} {longest}", peak_memory());
    Ok(())
}

/// Writes a report in every format, one after the other. Returns the seconds and the size of the longest one.
fn written(report: &Report) -> (f64, usize) {
    let style = Style::default();
    let include = Include { decision: true, map: true };
    let formats: [&dyn Fn() -> String; 13] = [
        &|| output::text(report, style, true, Length::Readable),
        &|| output::text(report, style, true, Length::All),
        &|| output::concise(report, style, true),
        &|| output::checked_json(report, include),
        &|| output::json_lines(report),
        &|| output::sarif(report),
        &|| output::github(report),
        &|| output::gitlab(report),
        &|| output::junit(report),
        &|| output::markdown(report),
        &|| output::rdjson(report),
        &|| output::agent(report),
        &|| output::decision(report, style, true),
    ];
    let start = Clock::start();
    let longest = formats.iter().map(|format| black_box(format()).len()).max().unwrap_or(0);
    (start.seconds(), longest)
}

/// A stopwatch for the processor time of this thread, or for real time where that is not known.
struct Clock {
    started: Instant,
    processor: Option<u64>,
}

impl Clock {
    fn start() -> Clock {
        Clock { started: Instant::now(), processor: processor_time() }
    }

    fn seconds(&self) -> f64 {
        match (self.processor, processor_time()) {
            (Some(before), Some(after)) => (after - before) as f64 / 1e9,
            _ => self.started.elapsed().as_secs_f64(),
        }
    }
}

/// Returns the nanoseconds for which this thread ran so far, as Linux counts them.
fn processor_time() -> Option<u64> {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    schedule.split(' ').next()?.parse().ok()
}

/// Returns the peak resident memory of this process in bytes, or 0 where `/proc` does not say.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes =
        line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
