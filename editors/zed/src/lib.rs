//! Tells Zed how `heard lsp` is started: as the settings say, else as it is found on the `PATH` of the project.

use zed_extension_api::serde_json::Value;
use zed_extension_api::settings::{CommandSettings, LspSettings};
use zed_extension_api::{Command, Extension, LanguageServerId, Result, Worktree, register_extension};

struct Heard;

impl Extension for Heard {
    fn new() -> Self {
        Heard
    }

    fn language_server_command(&mut self, id: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let binary = settings(id, worktree)?.binary;
        let CommandSettings { path, arguments, env } = binary.unwrap_or(CommandSettings { path: None, arguments: None, env: None });
        let command = path.or_else(|| worktree.which("heard")).ok_or(
            "the program `heard` is not on the PATH: install it by `pip install heard`, \
             or name it in the setting `lsp.heard.binary.path`",
        )?;
        let args = arguments.unwrap_or_else(|| vec!["lsp".to_owned()]);
        let mut whole_env = worktree.shell_env();
        whole_env.extend(env.into_iter().flatten());
        Ok(Command { command, args, env: whole_env })
    }

    fn language_server_initialization_options(&mut self, id: &LanguageServerId, worktree: &Worktree) -> Result<Option<Value>> {
        Ok(settings(id, worktree)?.initialization_options)
    }

    fn language_server_workspace_configuration(&mut self, id: &LanguageServerId, worktree: &Worktree) -> Result<Option<Value>> {
        Ok(settings(id, worktree)?.settings)
    }
}

fn settings(id: &LanguageServerId, worktree: &Worktree) -> Result<LspSettings> {
    LspSettings::for_worktree(id.as_ref(), worktree)
}

register_extension!(Heard);
