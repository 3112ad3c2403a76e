//! The language server: the core behind the Language Server Protocol, on standard input and output.
//!
//! A handler changes the [`state`] before it awaits anything. One [`worker`] analyses the newest
//! state, one analysis at a time. Results for an older version of a document are dropped.

mod backend;
mod convert;
mod project;
mod requests;
mod settings;
mod state;
mod worker;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tower_lsp_server::{LspService, Server};

/// Serves until the client sends `exit` or closes its end. Returns whether the client sent
/// `shutdown` first, which the protocol requires for an exit code of 0.
pub fn serve() -> io::Result<bool> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    let orderly = runtime.block_on(async {
        let shared = Arc::new(state::Shared::default());
        let (service, socket) = LspService::new(|client| {
            tokio::spawn(worker::run(Arc::clone(&shared), client.clone()));
            backend::Backend::new(client, Arc::clone(&shared))
        });
        Server::new(tokio::io::stdin(), tokio::io::stdout(), socket).serve(service).await;
        shared.orderly.load(Ordering::Relaxed)
    });
    // A pending read of standard input may never return and must not keep the process alive.
    runtime.shutdown_background();
    Ok(orderly)
}
