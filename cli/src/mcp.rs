//! `plimsoll mcp`: a server of the Model Context Protocol on standard input and output, with a tool for each
//! question that an AI agent may ask.
//!
//! The tools read files of one folder, the workspace, and write none. Every path of a client is checked before
//! anything is opened, and links that lead out of the workspace are not followed.

mod answers;
mod lines;
mod workspace;

use crate::Failure;
use answers::{Check, Decide, Explain, Render};
use lines::Lines;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolResult, ContentBlock, Implementation, ServerCapabilities, ServerConfig};
use rmcp::{ServerHandler, ServiceExt, tool, tool_handler, tool_router};
use std::path::Path;
use workspace::Workspace;

const INSTRUCTIONS: &str = "\
Plimsoll reads the Docker Compose and Kubernetes files of a project together and says what will bite in production. \
Call `check` first, `explain` for the rule behind a finding, and `check` again after each change. `decide` says how \
much platform the files ask for, and `render` prints what charts and overlays put onto the cluster. Findings follow \
from several files at once, so hand over the whole project and narrow the answer with `only`. The tools change no \
files: `plimsoll fix --diff` on the command line shows what can be mended safely.";

/// Maximum number of bytes of an answer: more than that fills the context of an agent.
const MAX_ANSWER: usize = 200_000;

/// Serves until the client closes its end, and returns the exit code.
pub fn run(folder: Option<&Path>) -> Result<u8, Failure> {
    let workspace = Workspace::enter(folder.unwrap_or(Path::new(".")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| Failure(format!("the server could not start: {error}")))?;
    let served = runtime.block_on(async {
        let service = Server { workspace }.serve(Lines::new()).await;
        match service {
            Ok(service) => service.waiting().await.map(|_| ()).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    });
    // A pending read of standard input may never return and must not keep the process alive.
    runtime.shutdown_background();
    match served {
        Ok(()) => Ok(0),
        Err(error) => Err(Failure(format!("the server stopped: {error}"))),
    }
}

#[derive(Clone)]
struct Server {
    workspace: Workspace,
}

#[tool_router]
impl Server {
    #[tool(
        description = "Find what will bite in production in the Docker Compose and Kubernetes files of the \
                       workspace, read together: a line for each finding with its place, rule and next command, \
                       and a last line that counts them.",
        annotations(title = "Find pitfalls", read_only_hint = true, open_world_hint = false)
    )]
    async fn check(&self, Parameters(wanted): Parameters<Check>) -> CallToolResult {
        self.answer(move |workspace| answers::check(&workspace, wanted)).await
    }

    #[tool(
        description = "Say which platform the files call for (Compose or Kubernetes, with or without Kustomize, \
                       Helm, Argo CD or Flux), why, and what would change the answer.",
        annotations(
            title = "Decide on a platform",
            read_only_hint = true,
            open_world_hint = false
        )
    )]
    async fn decide(&self, Parameters(wanted): Parameters<Decide>) -> CallToolResult {
        self.answer(move |workspace| answers::decide(&workspace, wanted)).await
    }

    #[tool(
        description = "Explain a rule in full: what it finds, why it hurts, what helps, how to check it on the \
                       running system, and examples. Without a rule, list all rules.",
        annotations(title = "Explain a rule", read_only_hint = true, open_world_hint = false)
    )]
    async fn explain(&self, Parameters(wanted): Parameters<Explain>) -> CallToolResult {
        self.answer(move |_| answers::explain(&wanted)).await
    }

    #[tool(
        description = "Print the Kubernetes objects that a Helm chart or a Kustomize overlay puts onto the cluster, \
                       each below the place that it comes from, rendered without Helm, kubectl or a network.",
        annotations(title = "Render a target", read_only_hint = true, open_world_hint = false)
    )]
    async fn render(&self, Parameters(wanted): Parameters<Render>) -> CallToolResult {
        self.answer(move |workspace| answers::render(&workspace, wanted)).await
    }
}

impl Server {
    /// Works on a thread of its own, so that the server answers other messages meanwhile and outlives a crash.
    async fn answer(
        &self,
        work: impl FnOnce(Workspace) -> Result<String, Failure> + Send + 'static,
    ) -> CallToolResult {
        let workspace = self.workspace.clone();
        let text = match tokio::task::spawn_blocking(move || work(workspace)).await {
            Ok(Ok(text)) if text.len() <= MAX_ANSWER => return success(text),
            Ok(Ok(text)) => format!(
                "the answer has {} bytes, and at most {MAX_ANSWER} fit; ask about less",
                text.len()
            ),
            Ok(Err(Failure(reason))) => reason,
            Err(_) => "the analysis crashed, which is a mistake in plimsoll".to_owned(),
        };
        CallToolResult::error(vec![ContentBlock::text(text)])
    }
}

fn success(text: String) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text)])
}

#[tool_handler]
impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("plimsoll", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }
}
