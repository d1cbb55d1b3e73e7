//! The server's main thread: it reads what the editor says, keeps the documents, and never computes.

use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use crossbeam_channel::{Receiver, Sender, bounded, select, tick};
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    CancelParams, ConfigurationParams, DidChangeNotebookDocumentParams, DidChangeTextDocumentParams, DidChangeWatchedFilesParams,
    DidChangeWorkspaceFoldersParams, DidCloseNotebookDocumentParams, DidCloseTextDocumentParams, DidOpenNotebookDocumentParams,
    DidOpenTextDocumentParams, InitializeParams, NumberOrString, Uri, WorkspaceFolder,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::analyst::Analyst;
use super::capabilities::{self, Client, Options};
use super::document::Documents;
use super::question;
use super::task::{Ask, Desk, Task, Told};
use super::uri::path_of;
use super::wire::{Incoming, Outgoing, failure};
use crate::exit::Exit;

/// How often the server looks whether the editor still runs.
const LOOK: Duration = Duration::from_secs(2);

/// How long what is left to write may take when the server ends.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where in its life the server is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Running,
    /// `shutdown` was answered, and `exit` is all that may come.
    Down,
}

/// What the editor said at the start, and what goes on since.
pub(super) struct Server {
    outgoing: Sender<Outgoing>,
    phase: Phase,
    client: Client,
    folders: Vec<Utf8PathBuf>,
    /// Whether what was read is kept for the next start.
    caches: bool,
    documents: Documents,
    /// The requests that are not answered yet.
    pending: HashMap<RequestId, Arc<AtomicBool>>,
    analyst: Option<Sender<Task>>,
    desk: Arc<Desk>,
    told: (Sender<Told>, Receiver<Told>),
    /// How often something changed.
    revision: u64,
    /// The number of the last request of the server, and of the one that asks for the options.
    numbers: i32,
    asked_options: Option<RequestId>,
}

/// Serves until the editor ends it, or is gone.
pub(super) fn serve(incoming: &Receiver<Incoming>, outgoing: Sender<Outgoing>, cwd: &Utf8Path, caches: bool) -> Exit {
    let mut server = Server {
        outgoing,
        phase: Phase::New,
        client: Client::default(),
        folders: vec![cwd.to_owned()],
        caches,
        documents: Documents::default(),
        pending: HashMap::new(),
        analyst: None,
        desk: Arc::default(),
        told: crossbeam_channel::unbounded(),
        revision: 0,
        numbers: 0,
        asked_options: None,
    };
    let told = server.told.1.clone();
    let looks = tick(LOOK);
    let exit = loop {
        select! {
            recv(incoming) -> message => {
                // The end of the input is the end of the editor.
                let Ok(message) = message else { break server.exit() };
                if let Some(exit) = server.take(message) {
                    break exit;
                }
            }
            recv(told) -> told => {
                if let Ok(told) = told {
                    server.tell(told);
                }
            }
            recv(looks) -> _ => {
                if server.client.is_gone() {
                    break server.exit();
                }
            }
        }
    };
    server.desk.stop();
    let (done, waiting) = bounded(1);
    if server.outgoing.send(Outgoing::Flushed(done)).is_ok() {
        // An editor that does not read must not keep the server alive.
        let _ = waiting.recv_timeout(PATIENCE);
    }
    exit
}

impl Server {
    fn exit(&self) -> Exit {
        if self.phase == Phase::Down { Exit::Clean } else { Exit::Unannounced }
    }

    fn send(&self, message: impl Into<Message>) {
        // Where nobody reads, the end of the input will tell.
        let _ = self.outgoing.send(Outgoing::Message(message.into()));
    }

    /// Deals with what came in. Whatever goes wrong in it, the server goes on.
    fn take(&mut self, incoming: Incoming) -> Option<Exit> {
        match incoming {
            Incoming::Unreadable(unreadable) => drop(self.outgoing.send(Outgoing::Raw(unreadable.answer()))),
            Incoming::Message(Message::Request(request)) => {
                let id = request.id.clone();
                if panic::catch_unwind(AssertUnwindSafe(|| self.request(request))).is_err() {
                    self.pending.remove(&id);
                    self.send(failure(id, ErrorCode::InternalError, "heard failed to answer; this is a bug in heard"));
                }
            }
            Incoming::Message(Message::Notification(notification)) => {
                if notification.method == "exit" {
                    return Some(self.exit());
                }
                // What a notification was about is lost then, and the next one goes on from there.
                let _ = panic::catch_unwind(AssertUnwindSafe(|| self.notification(notification)));
            }
            Incoming::Message(Message::Response(response)) => self.response(response),
        }
        None
    }

    fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        match (self.phase, method.as_str()) {
            (Phase::New, "initialize") => match InitializeParams::deserialize(&params) {
                Ok(initialize) => {
                    let refreshes = params.pointer("/capabilities/workspace/diagnostics/refreshSupport") == Some(&Value::Bool(true));
                    self.initialize(id, initialize, refreshes);
                }
                Err(error) => self.send(failure(id, ErrorCode::InvalidParams, format!("initialize: {error}"))),
            },
            (Phase::New, _) => self.send(failure(id, ErrorCode::ServerNotInitialized, "`initialize` comes first")),
            (Phase::Down, _) => self.send(failure(id, ErrorCode::InvalidRequest, "the server is shut down; only `exit` may come")),
            (Phase::Running, "initialize") => self.send(failure(id, ErrorCode::InvalidRequest, "the server is initialised already")),
            (Phase::Running, "shutdown") => {
                self.phase = Phase::Down;
                self.desk.stop();
                self.send(Response::new_ok(id, Value::Null));
            }
            (Phase::Running, method) => match question::of(method, params, &self.documents, self.folder()) {
                Ok(Some(question)) => {
                    let is_cancelled = Arc::new(AtomicBool::new(false));
                    self.pending.insert(id.clone(), Arc::clone(&is_cancelled));
                    self.task(Task::Ask(Ask { id, question, is_cancelled, revision: self.revision }));
                }
                Ok(None) => self.send(failure(id, ErrorCode::MethodNotFound, format!("there is no request `{method}` here"))),
                Err(error) => self.send(failure(id, ErrorCode::InvalidParams, format!("{method}: {error}"))),
            },
        }
    }

    fn initialize(&mut self, id: RequestId, params: InitializeParams, refreshes_diagnostics: bool) {
        let options = Options::of(params.initialization_options.as_ref());
        self.client = Client::of(&params, refreshes_diagnostics, options);
        let folders = params.workspace_folders.into_iter().flatten();
        let mut folders: Vec<Utf8PathBuf> = folders.filter_map(|folder| path_of(&folder.uri, self.folder())).collect();
        #[expect(deprecated, reason = "older editors say it so")]
        if let (true, Some(root)) = (folders.is_empty(), params.root_uri.and_then(|root| path_of(&root, self.folder()))) {
            folders.push(root);
        }
        if !folders.is_empty() {
            self.folders = folders;
        }
        self.phase = Phase::Running;
        match Analyst::start(&self.client, &self.folders, self.caches, &self.desk, &self.told.0) {
            Ok(analyst) => self.analyst = Some(analyst),
            Err(error) => return self.send(failure(id, ErrorCode::InternalError, format!("no thread can be started: {error}"))),
        }
        self.send(Response::new_ok(id, capabilities::answer(&self.client)));
    }

    fn notification(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        if self.phase != Phase::Running {
            return;
        }
        match method.as_str() {
            "initialized" => self.initialized(),
            "textDocument/didOpen" => {
                let Some(DidOpenTextDocumentParams { text_document }) = read(params) else { return };
                let Some(path) = self.path(&text_document.uri) else { return };
                if capabilities::is_python(&text_document.language_id, &path) {
                    let snapshot = self.documents.open(path.clone(), text_document);
                    self.task(Task::Put(path, snapshot));
                }
            }
            "textDocument/didChange" => {
                let Some(DidChangeTextDocumentParams { text_document, content_changes }) = read(params) else { return };
                let Some(path) = self.path(&text_document.uri) else { return };
                if let Some(snapshot) = self.documents.change(&path, text_document.version, content_changes, self.client.encoding) {
                    self.task(Task::Put(path, snapshot));
                }
            }
            // An editor that watches no files may at least have written this one.
            "textDocument/didSave" if !self.client.registers_watchers => self.task(Task::Unwatched),
            "textDocument/didClose" => {
                let Some(DidCloseTextDocumentParams { text_document }) = read(params) else { return };
                self.close(&text_document.uri);
            }
            "notebookDocument/didOpen" => {
                let Some(DidOpenNotebookDocumentParams { notebook_document, cell_text_documents }) = read(params) else { return };
                let Some(path) = self.path(&notebook_document.uri) else { return };
                let snapshot = self.documents.open_notebook(path.clone(), notebook_document, cell_text_documents);
                self.task(Task::Put(path, snapshot));
            }
            "notebookDocument/didChange" => {
                let Some(params) = read::<DidChangeNotebookDocumentParams>(params) else { return };
                let Some(path) = self.path(&params.notebook_document.uri) else { return };
                if let Some(snapshot) = self.documents.change_notebook(&path, params, self.client.encoding) {
                    self.task(Task::Put(path, snapshot));
                }
            }
            "notebookDocument/didClose" => {
                let Some(DidCloseNotebookDocumentParams { notebook_document, .. }) = read(params) else { return };
                self.close(&notebook_document.uri);
            }
            "workspace/didChangeWatchedFiles" => {
                let Some(DidChangeWatchedFilesParams { changes }) = read(params) else { return };
                let files = changes.iter().filter_map(|change| self.path(&change.uri)).collect();
                self.task(Task::Disk(files));
            }
            "workspace/didChangeWorkspaceFolders" => {
                let Some(DidChangeWorkspaceFoldersParams { event }) = read(params) else { return };
                let paths = |folders: &[WorkspaceFolder]| folders.iter().filter_map(|folder| self.path(&folder.uri)).collect::<Vec<_>>();
                let (added, removed) = (paths(&event.added), paths(&event.removed));
                self.folders.retain(|folder| !removed.contains(folder));
                self.folders.extend(added);
                self.task(Task::Folders(self.folders.clone()));
            }
            "workspace/didChangeConfiguration" => self.ask_options(&params["settings"]),
            "$/cancelRequest" => {
                let Some(CancelParams { id }) = read(params) else { return };
                let id = match id {
                    NumberOrString::Number(number) => RequestId::from(number),
                    NumberOrString::String(text) => RequestId::from(text),
                };
                if let Some(is_cancelled) = self.pending.get(&id) {
                    is_cancelled.store(true, Ordering::Relaxed);
                    self.desk.cancel(&id);
                    self.task(Task::Cancelled);
                }
            }
            // All others may be ignored.
            _ => {}
        }
    }

    fn initialized(&mut self) {
        let registrations = capabilities::registrations(&self.client);
        if !registrations.is_empty() {
            self.ask("client/registerCapability", json!({ "registrations": registrations }));
        }
        self.ask_options(&Value::Null);
    }

    /// Asks the editor for the options, where it answers that; else they may have come with the question.
    fn ask_options(&mut self, settings: &Value) {
        if self.client.has_configuration {
            let items = vec![lsp_types::ConfigurationItem { scope_uri: None, section: Some("heard".to_owned()) }];
            let id = self.ask("workspace/configuration", json!(ConfigurationParams { items }));
            self.asked_options = Some(id);
        } else if let Some(settings) = settings.get("heard") {
            self.options(settings);
        }
    }

    fn options(&mut self, settings: &Value) {
        let before = self.client.options;
        self.client.options.update(settings);
        // What is set as it was is no change that would end any work.
        if self.client.options.inlay_hints != before.inlay_hints {
            self.task(Task::Hints(self.client.options.inlay_hints));
        }
    }

    fn response(&mut self, response: Response) {
        if self.asked_options.as_ref() == Some(&response.id) {
            self.asked_options = None;
            if let Ok(Value::Array(answers)) = response.response_result {
                answers.iter().take(1).for_each(|settings| self.options(settings));
            }
        }
    }

    fn close(&mut self, uri: &Uri) {
        let Some(path) = self.path(uri) else { return };
        if self.documents.close(&path) {
            self.task(Task::Close(path));
        }
    }

    /// Hands something to the analyst. What changes something ends the work that does not know of it yet.
    fn task(&mut self, task: Task) {
        let is_change = !matches!(task, Task::Ask(_) | Task::Cancelled);
        self.revision += u64::from(is_change);
        if let Some(analyst) = &self.analyst {
            // It ends with the server only.
            let _ = analyst.send(task);
        }
        if is_change {
            self.desk.stop();
        }
    }

    /// Passes on what the analyst says.
    fn tell(&mut self, told: Told) {
        match told {
            Told::Response(response) => {
                self.pending.remove(&response.id);
                self.send(response);
            }
            Told::Notification { method, params } => self.send(Notification { method: method.to_owned(), params }),
            Told::Request { method, params } => drop(self.ask(method, params)),
        }
    }

    /// Asks the editor something.
    fn ask(&mut self, method: &str, params: Value) -> RequestId {
        self.numbers += 1;
        let id = RequestId::from(self.numbers);
        self.send(Request { id: id.clone(), method: method.to_owned(), params });
        id
    }

    fn path(&self, uri: &Uri) -> Option<Utf8PathBuf> {
        path_of(uri, self.folder())
    }

    /// The folder in which buffers seem to lie that were never saved.
    fn folder(&self) -> &Utf8Path {
        self.folders.first().map_or(Utf8Path::new("/"), |folder| folder)
    }
}

/// The parameters of a notification. One that has others is ignored, since nobody can be told.
fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}
