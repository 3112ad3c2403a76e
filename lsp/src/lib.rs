//! The language server: the core behind the Language Server Protocol, on standard input and output.
//!
//! A handler changes the [`state`] before it awaits anything. Each project has a [`worker`], which analyses the
//! newest state, one analysis at a time. Results for an older version of a document are dropped. Requests are
//! answered from immutable snapshots, by the pure functions in [`requests`].

mod backend;
mod buffer;
mod capabilities;
mod connection;
mod convert;
mod diagnostics;
mod document;
mod frames;
mod project;
mod requests;
mod settings;
mod state;
mod worker;

use futures::future::select;
use std::io::{self, Read, Write};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tower_lsp_server::LspService;

/// Serves on standard input and output until the client sends `exit`, closes its end or dies. Returns whether the
/// client sent `shutdown` first, which the protocol requires for an exit code of 0.
pub fn serve() -> io::Result<bool> {
    serve_streams(io::stdin(), io::stdout())
}

/// Serves on other streams than those of the process.
pub fn serve_streams(
    input: impl Read + Send + 'static,
    output: impl Write + Send + 'static,
) -> io::Result<bool> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    let orderly = runtime.block_on(async {
        let shared = Arc::new(state::Shared::default());
        let (service, socket) =
            LspService::new(|client| backend::Backend::new(client, Arc::clone(&shared)));
        let connection = connection::serve(service, socket, input, output);
        select(pin!(connection), pin!(shared.abandoned.notified())).await;
        shared.orderly.load(Ordering::Relaxed)
    });
    // A pending read of standard input may never return and must not keep the process alive.
    runtime.shutdown_background();
    Ok(orderly)
}
