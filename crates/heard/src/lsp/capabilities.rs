//! What the editor can do, what the server offers it, and what can be set.

use camino::Utf8Path;
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CodeLensOptions, DiagnosticOptions, DiagnosticServerCapabilities,
    HoverProviderCapability, InitializeParams, InitializeResult, InlayHintOptions, InlayHintServerCapabilities, NotebookCellSelector,
    NotebookDocumentSyncOptions, NotebookSelector, OneOf, SaveOptions, ServerCapabilities, ServerInfo, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions, WorkDoneProgressOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::position::Encoding;

/// What the server is called.
pub(super) const NAME: &str = "heard";

/// The kind of the action that mends all of a file.
pub(super) const FIX_ALL: &str = "source.fixAll.heard";

/// What the editor can do.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a capability of the protocol")]
pub(super) struct Client {
    pub(super) encoding: Encoding,
    /// It asks for diagnostics; others are sent them.
    pub(super) pulls: bool,
    /// It can be told to ask again, for diagnostics and for hints.
    pub(super) refreshes_diagnostics: bool,
    pub(super) refreshes_hints: bool,
    /// It shows more places beside a diagnostic.
    pub(super) shows_related: bool,
    /// It shows how far work has come.
    pub(super) shows_progress: bool,
    /// It tells of files that change, where it is asked to.
    pub(super) registers_watchers: bool,
    /// It tells that settings changed only where it is asked to; others do so anyway.
    registers_configuration: bool,
    /// It says what is set, where it is asked.
    pub(super) has_configuration: bool,
    pub(super) options: Options,
    /// Its process, which the server does not outlive.
    process: Option<u32>,
}

impl Default for Client {
    fn default() -> Self {
        Client::of(&InitializeParams::default(), false, Options::default())
    }
}

impl Client {
    /// `refreshes_diagnostics` is told apart from the rest, since lsp-types knows it by another name than the protocol.
    pub(super) fn of(params: &InitializeParams, refreshes_diagnostics: bool, options: Options) -> Self {
        let (text, workspace) = (params.capabilities.text_document.as_ref(), params.capabilities.workspace.as_ref());
        let encodings = params.capabilities.general.as_ref().and_then(|general| general.position_encodings.as_deref());
        let publish = text.and_then(|text| text.publish_diagnostics.as_ref());
        Client {
            encoding: Encoding::chosen(encodings),
            pulls: text.is_some_and(|text| text.diagnostic.is_some()),
            refreshes_diagnostics,
            refreshes_hints: workspace.and_then(|workspace| workspace.inlay_hint.as_ref()?.refresh_support) == Some(true),
            shows_related: publish.and_then(|publish| publish.related_information) == Some(true),
            shows_progress: params.capabilities.window.as_ref().and_then(|window| window.work_done_progress) == Some(true),
            registers_watchers: workspace.and_then(|workspace| workspace.did_change_watched_files.as_ref()?.dynamic_registration)
                == Some(true),
            registers_configuration: workspace.and_then(|workspace| workspace.did_change_configuration.as_ref()?.dynamic_registration)
                == Some(true),
            has_configuration: workspace.and_then(|workspace| workspace.configuration) == Some(true),
            options,
            process: params.process_id,
        }
    }

    /// Whether the editor's process has ended.
    #[cfg(unix)]
    pub(super) fn is_gone(&self) -> bool {
        let process = self.process.and_then(|process| rustix::process::Pid::from_raw(i32::try_from(process).ok()?));
        process.is_some_and(|process| rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH))
    }

    /// Whether the editor's process has ended. Here only the end of the input tells.
    #[cfg(not(unix))]
    pub(super) fn is_gone(&self) -> bool {
        let _ = self.process;
        false
    }
}

/// What can be set in the editor, where it says nothing of what is found. The names are those of the section `heard`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Options {
    /// Whether the fate of each awaitable stands behind it.
    pub(super) inlay_hints: bool,
    /// It counts at the start.
    pub(super) diagnostic_mode: DiagnosticMode,
}

/// In which files findings are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum DiagnosticMode {
    #[default]
    OpenFilesOnly,
    Workspace,
}

impl Options {
    /// What the editor says at the start, with or without the name of the section.
    pub(super) fn of(given: Option<&Value>) -> Self {
        let mut options = Options::default();
        if let Some(given) = given {
            options.update(given.get(NAME).unwrap_or(given));
        }
        options
    }

    /// Takes over what is set; what is not stays, and so does what is set to something that means nothing.
    pub(super) fn update(&mut self, settings: &Value) {
        let Value::Object(known) = json!(self) else { return };
        for name in known.keys() {
            let mut options = json!(self);
            if let Some(value) = settings.get(name) {
                options[name] = value.clone();
                *self = serde_json::from_value(options).unwrap_or(*self);
            }
        }
    }
}

/// What the server answers to `initialize`.
pub(super) fn answer(client: &Client) -> InitializeResult {
    let notebooks = NotebookSelector::ByCells { notebook: None, cells: vec![NotebookCellSelector { language: "python".to_owned() }] };
    let diagnostics = DiagnosticServerCapabilities::Options(DiagnosticOptions {
        identifier: Some(NAME.to_owned()),
        inter_file_dependencies: true,
        workspace_diagnostics: client.options.diagnostic_mode == DiagnosticMode::Workspace,
        work_done_progress_options: WorkDoneProgressOptions::default(),
    });
    let actions = CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::new(FIX_ALL)]),
        ..CodeActionOptions::default()
    };
    let capabilities = ServerCapabilities {
        position_encoding: Some(client.encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        notebook_document_sync: Some(OneOf::Left(NotebookDocumentSyncOptions { notebook_selector: vec![notebooks], save: Some(false) })),
        diagnostic_provider: client.pulls.then_some(diagnostics),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        references_provider: Some(OneOf::Left(true)),
        inlay_hint_provider: Some(OneOf::Right(InlayHintServerCapabilities::Options(InlayHintOptions::default()))),
        code_lens_provider: Some(CodeLensOptions { resolve_provider: Some(false) }),
        code_action_provider: Some(CodeActionProviderCapability::Options(actions)),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    };
    let info = ServerInfo { name: NAME.to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) };
    InitializeResult { capabilities, server_info: Some(info) }
}

/// What the editor is asked to tell of, where it wants to be asked: files that change, be they sources or what says what
/// is analysed and reported, and settings.
pub(super) fn registrations(client: &Client) -> Vec<Value> {
    let globs = [
        "**/*.{py,pyi,pyw,ipynb}",
        "**/{pyproject.toml,heard.toml,setup.py,setup.cfg,pytest.ini,tox.ini,heard-models.toml}",
        "**/*baseline*.json",
    ];
    let watchers: Vec<Value> = globs.iter().map(|glob| json!({ "globPattern": glob })).collect();
    let files = json!({ "watchers": watchers });
    let registration = |id, method, options| json!({ "id": id, "method": method, "registerOptions": options });
    let files = client.registers_watchers.then(|| registration("heard-files", "workspace/didChangeWatchedFiles", files));
    let section = json!({ "section": NAME });
    let settings = client.registers_configuration.then(|| registration("heard-settings", "workspace/didChangeConfiguration", section));
    files.into_iter().chain(settings).collect()
}

/// Whether a document has Python in it.
pub(super) fn is_python(language: &str, path: &Utf8Path) -> bool {
    language == "python" || matches!(path.extension(), Some("py" | "pyi" | "pyw"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use serde_json::{Value, json};

    use super::{DiagnosticMode, Options};

    fn committed(path: &str) -> String {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
    }

    #[test]
    fn the_options_are_those_of_the_client_and_of_the_page() {
        let manifest: Value = serde_json::from_str(&committed("editors/code/package.json")).unwrap();
        let declared = manifest["contributes"]["configuration"]["properties"].as_object().unwrap();
        // These are not for the server: the first says where it is, the second what is written of its messages.
        let is_client_own = |name: &str| ["heard.path", "heard.trace.server"].contains(&name);
        let own = json!(Options::default());
        let own = own.as_object().unwrap();
        let names: BTreeSet<String> = own.keys().map(|name| format!("heard.{name}")).collect();
        assert_eq!(declared.keys().filter(|name| !is_client_own(name)).cloned().collect::<BTreeSet<_>>(), names);
        let page = committed("docs/editors.md");
        for (name, default) in own {
            let setting = &declared[&format!("heard.{name}")];
            assert_eq!(setting["default"], *default, "{name}");
            assert!(page.contains(&format!("\n| `{name}` | `{default}` |")), "{name}");
            for value in setting["enum"].as_array().into_iter().flatten() {
                let mut options = Options::default();
                options.update(&json!({ name: value }));
                assert_eq!(json!(options)[name], *value, "the server does not know this value");
            }
        }
    }

    #[test]
    fn what_means_nothing_leaves_an_option_as_it_is() {
        let mut options = Options::of(Some(&json!({ "heard": { "inlayHints": true, "diagnosticMode": "workspace" } })));
        assert_eq!(options, Options { inlay_hints: true, diagnostic_mode: DiagnosticMode::Workspace });
        for settings in [json!({ "inlayHints": "yes", "diagnosticMode": 1, "other": true }), json!([]), json!(null)] {
            options.update(&settings);
            assert_eq!(options, Options { inlay_hints: true, diagnostic_mode: DiagnosticMode::Workspace }, "{settings}");
        }
        options.update(&json!({ "inlayHints": false, "diagnosticMode": null }));
        assert_eq!(options, Options { inlay_hints: false, diagnostic_mode: DiagnosticMode::Workspace });
    }
}
