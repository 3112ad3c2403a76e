//! Latency from a keystroke to the diagnostics: a small client of a language server that opens a
//! document and edits it. The documents are a manifest of 1,000 lines, which the peer edits too in the
//! same run, and the largest template and the values of a chart.

use crate::generate;
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const EDITS: usize = 50;
const WARMUP: usize = 5;
/// Maximum milliseconds from an edit to its diagnostics at the 99th percentile, on an idle machine.
const LIMIT: f64 = 25.0;
/// Maximum milliseconds where the edited file belongs to a chart, which is rendered again.
const CHART_LIMIT: f64 = 30.0;
const PATIENCE: Duration = Duration::from_secs(20);
/// Pause after an answer, so that a late second answer is not taken for the next edit's.
const SETTLE: Duration = Duration::from_millis(40);
/// Fixed delay in the source of yaml-language-server before it validates, in milliseconds.
const PEER_DELAY: f64 = 200.0;

/// Prints the latencies of both servers, and those of ours in charts, and returns whether ours stay below
/// their limits. The project's own chart is always edited, and so is the one in `chart`.
pub fn run(plimsoll: &Path, root: &Path, chart: Option<&Path>) -> Result<bool, String> {
    let mut within = manifest(plimsoll, root)?;
    within &= edit_chart(plimsoll, &root.join("core/tests/charts/shop"))?;
    if let Some(chart) = chart {
        within &= edit_chart(plimsoll, chart)?;
    }
    Ok(within)
}

pub fn language_server(plimsoll: &Path) -> Command {
    let mut server = Command::new(plimsoll);
    server.arg("lsp");
    server
}

/// Edits a manifest in both servers.
fn manifest(plimsoll: &Path, root: &Path) -> Result<bool, String> {
    let text = generate::lines(1000);
    let count = text.lines().count();
    let document = Document {
        uri: "file:///bench/manifests.yaml".to_owned(),
        editable: (0..count).collect(),
        text,
        folder: None,
    };
    println!("keystroke: {count} lines, {} KB, {EDITS} edits", document.text.len() / 1024);
    let mut ours = latencies(language_server(plimsoll), &document)?;
    let mut peer = Command::new("node");
    let package = root.join(".tools/peers-npm/node_modules/yaml-language-server");
    peer.arg(package.join("bin/yaml-language-server")).arg("--stdio");
    let mut peer = latencies(peer, &document)?;
    let (p50, p99) = (rank(&mut ours, 0.5), rank(&mut ours, 0.99));
    let (peer_p50, peer_p99) = (rank(&mut peer, 0.5), rank(&mut peer, 0.99));
    println!("  plimsoll              {p50:>7.2} ms p50, {p99:.2} ms p99 (limit {LIMIT} ms p99)");
    println!(
        "  yaml-language-server  {peer_p50:>7.2} ms p50, {peer_p99:.2} ms p99 without a schema: {:.0} times \
         at p99, {:.0} times less its delay of {PEER_DELAY} ms",
        peer_p99 / p99,
        (peer_p99 - PEER_DELAY) / p99
    );
    Ok(p99 <= LIMIT)
}

/// Edits the largest template and the values of a chart.
fn edit_chart(plimsoll: &Path, chart: &Path) -> Result<bool, String> {
    let chart = fs::canonicalize(chart).map_err(|why| format!("{}: {why}", chart.display()))?;
    let template = largest_template(&chart.join("templates"))
        .ok_or_else(|| format!("{} holds no template", chart.display()))?;
    println!("keystroke in the chart {}: {EDITS} edits", chart.display());
    let mut within = true;
    for path in [template, chart.join("values.yaml")] {
        let document = Document::in_chart(&chart, &path)?;
        let mut times = latencies(language_server(plimsoll), &document)?;
        let (p50, p99) = (rank(&mut times, 0.5), rank(&mut times, 0.99));
        let name = path.strip_prefix(&chart).unwrap_or(&path).display();
        let kilobytes = document.text.len() as f64 / 1024.0;
        println!(
            "  {name}, {kilobytes:.0} KB: {p50:.2} ms p50, {p99:.2} ms p99 (limit {CHART_LIMIT} ms p99)"
        );
        within &= p99 <= CHART_LIMIT;
    }
    Ok(within)
}

fn largest_template(folder: &Path) -> Option<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut largest: Option<(u64, PathBuf)> = None;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            let size = entry.metadata().map_or(0, |metadata| metadata.len());
            let is_template = path.extension().is_some_and(|it| it == "yaml" || it == "yml");
            if path.is_dir() {
                folders.push(path);
            } else if is_template && largest.as_ref().is_none_or(|it| *it < (size, path.clone())) {
                largest = Some((size, path));
            }
        }
    }
    largest.map(|(_, path)| path)
}

/// A document to edit.
pub struct Document {
    pub uri: String,
    pub text: String,
    /// The lines to whose end a letter may be appended.
    pub editable: Vec<usize>,
    /// The folder that the client opens; none for a document by itself.
    pub folder: Option<String>,
}

impl Document {
    /// Reads a file of a chart. Lines are edited that end in a plain value and stay one with another
    /// letter, since a chart that no longer renders is answered sooner.
    fn in_chart(chart: &Path, path: &Path) -> Result<Document, String> {
        let text = fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let is_editable = |line: &str| {
            let is_plain = line.ends_with(|last: char| last.is_ascii_alphanumeric());
            let is_constant = ["true", "false", "null"].iter().any(|word| line.ends_with(word));
            let is_comment = line.trim_start().starts_with('#');
            line.contains(": ") && is_plain && !is_constant && !is_comment
        };
        let lines = text.lines().enumerate();
        let editable: Vec<usize> =
            lines.filter(|(_, line)| is_editable(line)).map(|(at, _)| at).collect();
        if editable.is_empty() {
            return Err(format!("{}: no line ends in a plain value", path.display()));
        }
        let uri = |path: &Path| format!("file://{}", path.display());
        Ok(Document { uri: uri(path), editable, text, folder: Some(uri(chart)) })
    }
}

/// What was measured of a server.
pub struct Measured {
    /// Milliseconds from each edit to its diagnostics.
    pub times: Vec<f64>,
    /// The most memory that the server held, as far as this system says.
    pub memory_mib: f64,
}

/// Returns the milliseconds from each edit to its diagnostics.
fn latencies(server: Command, document: &Document) -> Result<Vec<f64>, String> {
    Ok(measure(server, document)?.times)
}

/// Edits a document in a server.
pub fn measure(server: Command, document: &Document) -> Result<Measured, String> {
    let mut client = Client::start(server, document)?;
    client.notify(
        "textDocument/didOpen",
        json!({
            "textDocument": {
                "uri": document.uri, "languageId": "yaml", "version": 1, "text": document.text
            }
        }),
    )?;
    client.diagnostics(1)?;
    // Each edit appends a letter to the end of a line or takes it away again.
    let lines: Vec<&str> = document.text.lines().collect();
    let mut times = Vec::new();
    for edit in 0..WARMUP + EDITS {
        std::thread::sleep(SETTLE);
        client.drain();
        let line = document.editable[(edit / 2 * 7919) % document.editable.len()];
        let end = lines[line].encode_utf16().count();
        let (from, to, typed) = if edit % 2 == 0 { (end, end, "x") } else { (end, end + 1, "") };
        let version = edit + 2;
        let changed = client.change(version, &lines, line, from, to, typed);
        let start = Instant::now();
        client.notify("textDocument/didChange", changed)?;
        client.diagnostics(version)?;
        if edit >= WARMUP {
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    let memory_mib = peak_memory(client.server.id());
    client.stop()?;
    Ok(Measured { times, memory_mib })
}

/// Returns the most memory that a process has held, in MiB; 0 where the system does not say.
fn peak_memory(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}

pub fn rank(times: &mut [f64], part: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    times[((part * times.len() as f64).ceil() as usize).max(1) - 1]
}

struct Client {
    server: Child,
    uri: String,
    input: ChildStdin,
    messages: Receiver<Value>,
    next_id: u64,
    incremental: bool,
}

impl Client {
    fn start(mut command: Command, document: &Document) -> Result<Client, String> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut server = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let input = server.stdin.take().expect("internal error: the input was piped");
        let output = server.stdout.take().expect("internal error: the output was piped");
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read_message(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let uri = document.uri.clone();
        let mut client = Client { server, uri, input, messages, next_id: 1, incremental: false };
        let capabilities = json!({
            "general": { "positionEncodings": ["utf-16"] },
            "textDocument": {
                "publishDiagnostics": { "versionSupport": true, "relatedInformation": true },
                "synchronization": {}
            }
        });
        let answer = client.request(
            "initialize",
            json!({
                "processId": std::process::id(),
                "rootUri": document.folder,
                "capabilities": capabilities
            }),
        )?;
        let sync = &answer["capabilities"]["textDocumentSync"];
        client.incremental = *sync == 2 || sync["change"] == 2;
        client.notify("initialized", json!({}))?;
        Ok(client)
    }

    fn send(&mut self, message: &Value) -> Result<(), String> {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len())
            .and_then(|()| self.input.flush())
            .map_err(|error| format!("the server takes no input: {error}"))
    }

    fn notify(&mut self, method: &str, params: Value) -> Result<(), String> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    fn request(&mut self, method: &str, params: Value) -> Result<Value, String> {
        let id = self.next_id;
        self.next_id += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let message = self.receive(method)?;
            if message["id"] == id && message.get("method").is_none() {
                return match message.get("error") {
                    Some(error) => Err(format!("{method}: {error}")),
                    None => Ok(message["result"].clone()),
                };
            }
        }
    }

    /// The next message; what the server asks meanwhile is answered with nothing.
    fn receive(&mut self, wanted: &str) -> Result<Value, String> {
        let message = self
            .messages
            .recv_timeout(PATIENCE)
            .map_err(|why| format!("no answer from the language server to {wanted}: {why}"))?;
        if let (Some(id), Some(method)) = (message.get("id"), message.get("method")) {
            let items = message["params"]["items"].as_array().map_or(0, Vec::len);
            let result = match method.as_str() {
                Some("workspace/configuration") => json!(vec![Value::Null; items]),
                _ => Value::Null,
            };
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }))?;
        }
        Ok(message)
    }

    /// Waits for the diagnostics of a version and returns their number.
    fn diagnostics(&mut self, version: usize) -> Result<usize, String> {
        loop {
            let message = self.receive(&format!("version {version}"))?;
            let params = &message["params"];
            let ours =
                message["method"] == "textDocument/publishDiagnostics" && params["uri"] == self.uri;
            if ours && params["version"].as_u64().is_none_or(|it| it >= version as u64) {
                return Ok(params["diagnostics"].as_array().map_or(0, Vec::len));
            }
        }
    }

    fn drain(&mut self) {
        while self.messages.try_recv().is_ok() {}
    }

    fn change(
        &self,
        version: usize,
        lines: &[&str],
        line: usize,
        from: usize,
        to: usize,
        typed: &str,
    ) -> Value {
        let change = if self.incremental {
            let at = |character| json!({ "line": line, "character": character });
            json!({ "range": { "start": at(from), "end": at(to) }, "text": typed })
        } else {
            let edited: Vec<String> = lines
                .iter()
                .enumerate()
                .map(|(index, it)| format!("{it}{}\n", if index == line { typed } else { "" }))
                .collect();
            json!({ "text": edited.concat() })
        };
        json!({ "textDocument": { "uri": self.uri, "version": version }, "contentChanges": [change] })
    }

    fn stop(mut self) -> Result<(), String> {
        self.request("shutdown", Value::Null)?;
        self.notify("exit", Value::Null)?;
        self.server.wait().map_err(|error| error.to_string())?;
        Ok(())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Already gone after `stop`; after an error it must not stay behind.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn read_message(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
