//! The language server: the core behind the Language Server Protocol, on standard input and output.
//!
//! The order is: a handler changes the [`state`] before it awaits anything; one [`worker`] analyses
//! the newest state, one analysis at a time; results for an older version of a document are dropped.

mod backend;
mod convert;
pub mod folder;
mod project;
mod state;
mod worker;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tower_lsp_server::{LspService, Server};

/// Serves until the client says `exit` or closes its end. Whether the client said `shutdown` first,
/// as the protocol wants for an exit code of 0.
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
    // A read of standard input may never return; it must not keep the process alive.
    runtime.shutdown_background();
    Ok(orderly)
}
