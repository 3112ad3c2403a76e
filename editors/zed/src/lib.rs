//! Plimsoll's language server in Zed: the program from the settings, or else the one on `PATH`.

use zed_extension_api::settings::LspSettings;
use zed_extension_api::{self as zed, Command, LanguageServerId, Result, Worktree, serde_json};

struct Plimsoll;

impl zed::Extension for Plimsoll {
    fn new() -> Self {
        Plimsoll
    }

    fn language_server_command(
        &mut self,
        id: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Command> {
        let settings = LspSettings::for_worktree(id.as_ref(), worktree)?;
        let configured = settings.binary.and_then(|binary| binary.path);
        let program = configured.or_else(|| worktree.which("plimsoll")).ok_or(
            "the program `plimsoll` is not on PATH; install it, or name it in `lsp.plimsoll.binary.path`",
        )?;
        Ok(Command { command: program, args: vec!["lsp".to_owned()], env: worktree.shell_env() })
    }

    /// The server asks for the section `plimsoll`, which has the keys of a `plimsoll.yaml`.
    fn language_server_workspace_configuration(
        &mut self,
        id: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<serde_json::Value>> {
        let settings = LspSettings::for_worktree(id.as_ref(), worktree)?.settings;
        Ok(Some(serde_json::json!({ "plimsoll": settings.unwrap_or_default() })))
    }
}

zed::register_extension!(Plimsoll);
