//! Latency from a keystroke to the diagnostics: a small client of a language server that opens a
//! manifest of 1,000 lines and edits it. The peer answers the same edits in the same run.

use crate::generate;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const EDITS: usize = 50;
const WARMUP: usize = 5;
/// Maximum milliseconds from an edit to its diagnostics at the 99th percentile, on an idle machine.
const LIMIT: f64 = 25.0;
const PATIENCE: Duration = Duration::from_secs(20);
/// Pause after an answer, so that a late second answer is not taken for the next edit's.
const SETTLE: Duration = Duration::from_millis(40);
/// Fixed delay in the source of yaml-language-server before it validates, in milliseconds.
const PEER_DELAY: f64 = 200.0;
const URI: &str = "file:///bench/manifests.yaml";

/// Prints the latencies of both servers and returns whether ours stays below the limit.
pub fn run(plimsoll: &Path, root: &Path) -> Result<bool, String> {
    let text = generate::lines(1000);
    let count = text.lines().count();
    println!("keystroke: {count} lines, {} KB, {EDITS} edits", text.len() / 1024);
    let mut ours = Command::new(plimsoll);
    ours.arg("lsp");
    let mut ours = latencies(ours, &text)?;
    let mut peer = Command::new("node");
    let package = root.join(".tools/peers-npm/node_modules/yaml-language-server");
    peer.arg(package.join("bin/yaml-language-server")).arg("--stdio");
    let mut peer = latencies(peer, &text)?;
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

/// Returns the milliseconds from each edit to its diagnostics.
fn latencies(server: Command, text: &str) -> Result<Vec<f64>, String> {
    let mut client = Client::start(server)?;
    client.notify(
        "textDocument/didOpen",
        json!({ "textDocument": { "uri": URI, "languageId": "yaml", "version": 1, "text": text } }),
    )?;
    client.diagnostics(1)?;
    // Each edit appends a letter to the end of a line or takes it away again.
    let lines: Vec<&str> = text.lines().collect();
    let mut times = Vec::new();
    for edit in 0..WARMUP + EDITS {
        std::thread::sleep(SETTLE);
        client.drain();
        let line = (edit / 2 * 7919) % lines.len();
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
    client.stop()?;
    Ok(times)
}

fn rank(times: &mut [f64], part: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    times[((part * times.len() as f64).ceil() as usize).max(1) - 1]
}

struct Client {
    server: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    next_id: u64,
    incremental: bool,
}

impl Client {
    fn start(mut command: Command) -> Result<Client, String> {
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
        let mut client = Client { server, input, messages, next_id: 1, incremental: false };
        let capabilities = json!({
            "general": { "positionEncodings": ["utf-16"] },
            "textDocument": {
                "publishDiagnostics": { "versionSupport": true, "relatedInformation": true },
                "synchronization": {}
            }
        });
        let answer = client.request(
            "initialize",
            json!({ "processId": std::process::id(), "rootUri": null, "capabilities": capabilities }),
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
                message["method"] == "textDocument/publishDiagnostics" && params["uri"] == URI;
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
        json!({ "textDocument": { "uri": URI, "version": version }, "contentChanges": [change] })
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
