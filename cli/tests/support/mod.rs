//! Helpers for the tests of the command: folders of files, and a client for the language server.
#![allow(dead_code, reason = "no test file uses every helper")]

pub mod command;

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

pub const BINARY: &str = env!("CARGO_BIN_EXE_plimsoll");

/// How long a test waits for what has to come. Longer than any busy machine takes, since only a failure waits for it.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A temporary folder with these files.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

/// Runs git in a folder. It must succeed.
pub fn git(folder: &Path, arguments: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
    let output =
        Command::new("git").current_dir(folder).args(who).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// A language server at the other end of two pipes, as an editor runs it.
pub struct Server {
    child: Child,
    /// `None` once it is closed.
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// All diagnostics received so far.
    pub published: Vec<Value>,
    /// The server's requests, each of which was answered with null.
    pub asked: Vec<Value>,
    /// All other notifications received so far.
    pub notified: Vec<Value>,
    /// Answers that no caller waits for, such as errors for messages that the server cannot read.
    pub refused: Vec<Value>,
    id: i64,
}

impl Server {
    /// Starts and initializes a server with a workspace folder and the client's capabilities.
    pub fn start(root: &Path, capabilities: Value) -> Server {
        Server::start_with(initialize(root, capabilities)).0
    }

    /// Starts and initializes a server. Returns what it answers about itself too.
    pub fn start_with(params: Value) -> (Server, Value) {
        let mut server = Server::spawn();
        let answer = server.request("initialize", params);
        server.notify("initialized", json!({}));
        (server, answer)
    }

    /// Starts a server for a client that runs the commands of lenses and code actions itself.
    pub fn start_for_commands(root: &Path, capabilities: Value) -> Server {
        let mut params = initialize(root, capabilities);
        params["initializationOptions"] = json!({ "commands": [
            "plimsoll.showDecision", "plimsoll.renderTarget", "plimsoll.openPlace", "plimsoll.explain"
        ]});
        Server::start_with(params).0
    }

    pub fn spawn() -> Server {
        let mut child = Command::new(BINARY)
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = receive(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take();
        Server {
            child,
            input,
            messages,
            published: Vec::new(),
            asked: Vec::new(),
            notified: Vec::new(),
            refused: Vec::new(),
            id: 0,
        }
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    pub fn send(&mut self, message: &Value) {
        self.send_bytes(&frame(message));
    }

    /// Sends many messages in one write, as in a burst of typing.
    pub fn burst(&mut self, messages: &[Value]) {
        let bytes: Vec<u8> = messages.iter().flat_map(frame).collect();
        self.send_bytes(&bytes);
    }

    pub fn request(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        let id = self.id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let message = self.next(deadline).unwrap_or_else(|| panic!("no answer to {method}"));
            if message["id"] == id && message.get("method").is_none() {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.keep(message);
        }
    }

    fn next(&self, deadline: Instant) -> Option<Value> {
        self.messages.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
    }

    fn keep(&mut self, message: Value) {
        if message["method"] == "textDocument/publishDiagnostics" {
            self.published.push(message["params"].clone());
        } else if message.get("method").is_none() {
            self.refused.push(message);
        } else if message.get("id").is_some() {
            self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": null }));
            self.asked.push(message);
        } else {
            self.notified.push(message);
        }
    }

    /// Returns the first diagnostics that fit, among those received and those still to come.
    pub fn diagnostics(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = 0;
        loop {
            if let Some(found) = self.published[seen..].iter().find(|it| fits(it)) {
                return found.clone();
            }
            seen = self.published.len();
            let Some(message) = self.next(deadline) else {
                panic!("{what} did not come; published: {:#?}", self.published)
            };
            self.keep(message);
        }
    }

    /// Sends raw bytes, which need not be a message.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).unwrap();
        input.flush().unwrap();
    }

    /// Closes the server's input.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Sends a request whose answer is taken later.
    pub fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.id += 1;
        let id = self.id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// Receives messages until something holds of what was received.
    pub fn wait(&mut self, what: &str, holds: impl Fn(&Server) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            let Some(message) = self.next(deadline) else { panic!("{what} did not come") };
            self.keep(message);
        }
    }

    /// Waits until the process ends by itself.
    pub fn ended(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        while self.running() {
            assert!(Instant::now() < deadline, "the server still runs");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.wait().unwrap().code()
    }

    /// Receives all that the server sends because of what it was told so far. The answer to the first request waits for
    /// the analyses of the workspace; what these publish is sent before the second one is answered.
    pub fn settle(&mut self) {
        for _ in 0..2 {
            self.request("workspace/symbol", json!({ "query": "" }));
        }
    }

    /// Receives messages for a while.
    pub fn drain(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        while let Some(message) = self.next(deadline) {
            self.keep(message);
        }
    }

    pub fn stop(mut self) -> Option<i32> {
        self.request("shutdown", Value::Null);
        self.notify("exit", Value::Null);
        self.child.wait().unwrap().code()
    }

    pub fn running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn initialize(root: &Path, capabilities: Value) -> Value {
    json!({
        "processId": null,
        "capabilities": capabilities,
        "workspaceFolders": [{ "uri": uri(root), "name": "root" }],
    })
}

pub fn uri(path: &Path) -> String {
    format!("file://{}", path.to_str().unwrap())
}

pub fn open(path: &Path, version: i64, text: &str) -> Value {
    json!({ "textDocument": {
        "uri": uri(path), "languageId": "yaml", "version": version, "text": text
    }})
}

fn frame(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn receive(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim() {
            "" => break,
            line => {
                if let Some(number) = line.strip_prefix("Content-Length:") {
                    length = number.trim().parse().ok()?;
                }
            }
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
