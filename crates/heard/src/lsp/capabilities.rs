//! What the editor can do, what the server offers it, and what can be set.

use camino::Utf8Path;
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CodeLensOptions, DiagnosticOptions, DiagnosticServerCapabilities,
    HoverProviderCapability, InitializeParams, InitializeResult, InlayHintOptions, InlayHintServerCapabilities, NotebookCellSelector,
    NotebookDocumentSyncOptions, NotebookSelector, OneOf, SaveOptions, ServerCapabilities, ServerInfo, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions, WorkDoneProgressOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};
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

/// What can be set in the editor, where it says nothing of what is found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    /// `heard.inlayHints`: whether the fate of each awaitable stands behind it.
    pub(super) inlay_hints: bool,
    /// `heard.diagnosticMode`: whether findings are shown in files that are not open, too. It counts at the start.
    pub(super) whole_workspace: bool,
}

impl Options {
    /// What the editor says at the start, with or without the name of the section.
    pub(super) fn of(given: Option<&Value>) -> Self {
        let mut options = Options::default();
        if let Some(given) = given {
            options.update(given.get("heard").unwrap_or(given));
        }
        options
    }

    /// Takes over what is set; what is not stays.
    pub(super) fn update(&mut self, settings: &Value) {
        if let Some(hints) = settings.get("inlayHints").and_then(Value::as_bool) {
            self.inlay_hints = hints;
        }
        if let Some(mode) = settings.get("diagnosticMode").and_then(Value::as_str) {
            self.whole_workspace = mode == "workspace";
        }
    }
}

/// What the server answers to `initialize`.
pub(super) fn answer(client: &Client) -> InitializeResult {
    let notebooks = NotebookSelector::ByCells { notebook: None, cells: vec![NotebookCellSelector { language: "python".to_owned() }] };
    let diagnostics = DiagnosticServerCapabilities::Options(DiagnosticOptions {
        identifier: Some(NAME.to_owned()),
        inter_file_dependencies: true,
        workspace_diagnostics: client.options.whole_workspace,
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

/// The registration for news of files: sources, and all that says what is analysed and reported.
pub(super) fn watchers() -> Value {
    let globs = [
        "**/*.{py,pyi,pyw,ipynb}",
        "**/{pyproject.toml,heard.toml,setup.py,setup.cfg,pytest.ini,tox.ini,heard-models.toml}",
        "**/*baseline*.json",
    ];
    let watchers: Vec<Value> = globs.iter().map(|glob| json!({ "globPattern": glob })).collect();
    let options = json!({ "watchers": watchers });
    json!({ "registrations": [{ "id": "heard-files", "method": "workspace/didChangeWatchedFiles", "registerOptions": options }] })
}

/// Whether a document has Python in it.
pub(super) fn is_python(language: &str, path: &Utf8Path) -> bool {
    language == "python" || matches!(path.extension(), Some("py" | "pyi" | "pyw"))
}
