//! The thread that computes: it has the programs, and answers one question after the other.
//!
//! All that has changed comes first, then what was asked, then the other open files: where something else is found in
//! one of them now, the editor is told. Whatever it does is dropped when something changes meanwhile, and whatever
//! fails is an answer that it failed.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::{io, thread};

use camino::{Utf8Path, Utf8PathBuf};
use crossbeam_channel::{Receiver, Sender, unbounded};
use heard_analysis::{Cancellation, limits};
use lsp_server::{ErrorCode, RequestId, Response, ResponseError};
use lsp_types::{PublishDiagnosticsParams, Uri};
use serde::Serialize;
use serde_json::{Value, json};

use super::actions::Actions;
use super::atlas::Atlas;
use super::capabilities::Client;
use super::diagnostic::{self, Diagnostics};
use super::document::{Content, Snapshot};
use super::fates::Fates;
use super::progress::Progress;
use super::room::{Found, NoAnswer, Room};
use super::task::{Ask, Desk, Named, Question, Task, Told};
use super::uri::is_unsaved;
use super::wire::failure;
use crate::project::{Project, Scope};
use crate::survey::target::Target;
use crate::system::Disk;

/// The stack of the thread where the one that analyses needs cannot be had: answers are put together on it, but no tree
/// is walked.
const LEAST_STACK: usize = 16 << 20;

/// So many projects without an open file are kept.
const MOST_IDLE_ROOMS: usize = 2;

/// The one who computes.
pub(super) struct Analyst {
    pub(super) client: Client,
    inbox: Receiver<Task>,
    pub(super) told: Sender<Told>,
    desk: Arc<Desk>,
    pub(super) disk: Disk,
    pub(super) folders: Vec<Utf8PathBuf>,
    /// Whether what was read is kept for the next start.
    caches: bool,
    /// What is open, by its path, and where that is a link by the real one as well.
    pub(super) open: BTreeMap<Utf8PathBuf, Snapshot>,
    /// The documents, each with its real path.
    pub(super) documents: BTreeMap<Utf8PathBuf, Utf8PathBuf>,
    pub(super) rooms: Vec<Room>,
    /// The project of each file that was asked about, which is not looked for on the disk at each key.
    projects: HashMap<Utf8PathBuf, Project>,
    /// How often something changed, counted as the main thread does.
    revision: u64,
    asks: VecDeque<Ask>,
    /// What the editor shows of each document or cell, as far as it was told: the answer, and the version that it is of.
    shown: HashMap<Uri, (String, i32)>,
    /// A question about the whole workspace that is answered when there is something new, and for which state there was
    /// nothing.
    held: Option<(Ask, u64)>,
    /// For which state the editor was told last to ask again. It asks about all documents then.
    refreshed: u64,
    /// The troubles that were told, each once.
    troubles: HashSet<String>,
}

/// What stands in for an answer.
pub(super) type Answer = Result<Value, NoAnswer>;

impl Analyst {
    /// Starts the thread, and gives the way to it.
    pub(super) fn start(
        client: &Client,
        folders: &[Utf8PathBuf],
        caches: bool,
        desk: &Arc<Desk>,
        told: &Sender<Told>,
    ) -> io::Result<Sender<Task>> {
        let (sender, inbox) = unbounded();
        let cwd = folders.first().map_or(Utf8Path::new("/"), |folder| folder);
        let analyst = || Analyst {
            client: client.clone(),
            inbox: inbox.clone(),
            told: told.clone(),
            desk: Arc::clone(desk),
            disk: Disk::new(cwd),
            folders: folders.to_vec(),
            caches,
            open: BTreeMap::new(),
            documents: BTreeMap::new(),
            rooms: Vec::new(),
            projects: HashMap::new(),
            revision: 0,
            asks: VecDeque::new(),
            shown: HashMap::new(),
            held: None,
            refreshed: 0,
            troubles: HashSet::new(),
        };
        let start = |stack| {
            let mut analyst = analyst();
            thread::Builder::new().name("heard: analyst".to_owned()).stack_size(stack).spawn(move || analyst.run())
        };
        start(limits::STACK).or_else(|_| start(LEAST_STACK))?;
        Ok(sender)
    }

    fn run(&mut self) {
        let mut is_idle = false;
        loop {
            if is_idle {
                self.rooms.iter_mut().for_each(Room::keep);
                let Ok(task) = self.inbox.recv() else { return };
                self.take(task);
            }
            // Who stops the work does so after what it is for has been sent, so nothing is missed between these two.
            let cancellation = self.desk.begin(None);
            while let Ok(task) = self.inbox.try_recv() {
                self.take(task);
            }
            is_idle = match self.asks.pop_front() {
                Some(ask) => {
                    let cancellation = self.desk.begin(Some(ask.id.clone()));
                    if self.inbox.is_empty() {
                        self.deal(ask, &cancellation);
                    } else {
                        self.asks.push_front(ask);
                    }
                    false
                }
                None => self.look_around(&cancellation),
            };
            self.desk.end();
        }
    }

    /// Takes in what changed, or was asked.
    fn take(&mut self, task: Task) {
        let ask = match task {
            Task::Ask(ask) => return self.asks.push_back(ask),
            Task::Cancelled => {
                if let Some(held) = self.held.take_if(|(held, _)| held.is_cancelled()) {
                    self.respond(failure(held.0.id, ErrorCode::RequestCanceled, "cancelled"));
                }
                return;
            }
            change => change,
        };
        self.revision += 1;
        match ask {
            Task::Put(path, snapshot) => self.put(&path, &snapshot),
            Task::Close(path) => self.close(&path),
            Task::Disk(files) => self.disk_changed(&files),
            Task::Unwatched => {
                self.projects.clear();
                self.rooms.iter_mut().for_each(Room::renew);
            }
            Task::Folders(folders) => {
                self.folders = folders;
                self.rooms.iter_mut().for_each(Room::renew);
            }
            Task::Hints(hints) => {
                self.client.options.inlay_hints = hints;
                if self.client.refreshes_hints {
                    self.request("workspace/inlayHint/refresh", Value::Null);
                }
            }
            Task::Ask(_) | Task::Cancelled => {}
        }
    }

    fn put(&mut self, path: &Utf8Path, snapshot: &Snapshot) {
        let real = match self.documents.get(path) {
            Some(real) => real.clone(),
            None => path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned()),
        };
        let is_new = self.documents.insert(path.to_owned(), real.clone()).is_none();
        if is_new && !path.is_file() {
            // There is one more file than the disk has, which imports may mean.
            self.rooms.iter_mut().for_each(Room::renew);
        }
        for name in [path, &*real] {
            match &snapshot.content {
                Content::Text(text) => self.disk.put_text(name, Arc::clone(text)),
                Content::Notebook { json, .. } => self.disk.put(name, json.as_bytes().to_vec()),
            }
            self.open.insert(name.to_owned(), snapshot.clone());
            self.rooms.iter_mut().for_each(|room| room.change(name));
        }
        if is_new {
            self.room(path).enter(path);
        }
    }

    fn close(&mut self, path: &Utf8Path) {
        let Some(real) = self.documents.remove(path) else { return };
        self.projects.remove(path);
        let closed = self.open.remove(path);
        self.open.remove(&real);
        let open = &self.open;
        self.disk.clear(&|kept| open.contains_key(kept));
        for room in &mut self.rooms {
            room.leave(path);
            room.change(path);
            room.change(&real);
            if !path.is_file() {
                room.renew();
            }
        }
        let mut idle = self.rooms.iter().filter(|room| room.is_idle()).count();
        self.rooms.retain(|room| {
            let goes = room.is_idle() && idle > MOST_IDLE_ROOMS;
            idle -= usize::from(goes);
            !goes
        });
        for uri in closed.iter().flat_map(uris) {
            self.shown.remove(&uri);
            if !self.client.pulls {
                self.publish(uri, Diagnostics::default(), None);
            }
        }
    }

    fn disk_changed(&mut self, files: &[Utf8PathBuf]) {
        for path in files {
            let is_source = matches!(path.extension(), Some("py" | "pyi" | "pyw" | "ipynb"));
            for room in &mut self.rooms {
                if is_source && path.is_file() && room.has(path) {
                    room.change(path);
                } else {
                    room.renew();
                }
            }
        }
        // A file that says where a project begins may have come or gone.
        if files.iter().any(|path| matches!(path.file_name(), Some("pyproject.toml" | "setup.py" | "setup.cfg" | "__init__.py"))) {
            self.projects.clear();
            self.rooms.clear();
            let paths: Vec<Utf8PathBuf> = self.documents.keys().cloned().collect();
            for path in &paths {
                self.room(path).enter(path);
            }
        }
    }

    /// The room of a file.
    pub(super) fn room(&mut self, path: &Utf8Path) -> &mut Room {
        let project = self.projects.entry(path.to_owned()).or_insert_with(|| {
            if is_unsaved(path) {
                let root = path.parent().unwrap_or(path).to_owned();
                Project { root, scope: Scope::File(path.to_owned()) }
            } else {
                Target::given(path).project()
            }
        });
        let place = self.rooms.iter().position(|room| room.project == *project).unwrap_or_else(|| {
            self.rooms.push(Room::new(project.clone(), &self.disk, self.caches));
            self.rooms.len() - 1
        });
        &mut self.rooms[place]
    }

    /// Answers a request, whatever comes of it.
    fn deal(&mut self, ask: Ask, cancellation: &Cancellation) {
        let id = ask.id.clone();
        if ask.is_cancelled() {
            return self.respond(failure(id, ErrorCode::RequestCanceled, "cancelled"));
        }
        // Places in a text that is another one now mean nothing.
        let is_placed = !matches!(ask.question, Question::Diagnostics { .. } | Question::Workspace { .. } | Question::Lenses(_));
        if is_placed && ask.revision != self.revision {
            return self.respond(failure(id, ErrorCode::ContentModified, "the text has changed"));
        }
        let answer = panic::catch_unwind(AssertUnwindSafe(|| self.answer(&ask.question, cancellation)));
        let response = match answer {
            Ok(Ok(Value::Null)) if matches!(ask.question, Question::Workspace { .. }) => {
                if let Some((before, _)) = self.held.replace((ask, self.revision)) {
                    self.respond(retry(before.id));
                }
                return;
            }
            Ok(Ok(value)) => Response::new_ok(id, value),
            Ok(Err(NoAnswer::Cancelled)) if ask.is_cancelled() => failure(id, ErrorCode::RequestCanceled, "cancelled"),
            Ok(Err(NoAnswer::Cancelled)) => retry(id),
            Ok(Err(NoAnswer::Trouble(message))) => failure(id, ErrorCode::RequestFailed, message),
            Err(_) => {
                self.rooms.iter_mut().for_each(Room::renew);
                failure(id, ErrorCode::InternalError, "heard failed to answer; this is a bug in heard")
            }
        };
        self.respond(response);
    }

    fn answer(&mut self, question: &Question, cancellation: &Cancellation) -> Answer {
        match question {
            Question::Diagnostics { document, previous } => self.document_diagnostics(document, previous.as_deref(), cancellation),
            Question::Workspace { previous } => self.workspace_diagnostics(previous, cancellation),
            Question::Hover(document, position) => self.with_fates(document, cancellation, |fates| fates.hover(*position)),
            Question::References(document, position) => self.with_fates(document, cancellation, |fates| fates.references(*position)),
            Question::Lenses(document) => self.with_fates(document, cancellation, |fates| Some(fates.lenses())),
            Question::Hints(..) if !self.client.options.inlay_hints => Ok(json!([])),
            Question::Hints(document, range) => self.with_fates(document, cancellation, |fates| fates.hints(*range)),
            Question::Actions { document, range, only } => {
                let Some(path) = self.open_path(document) else { return Ok(Value::Null) };
                let found = self.found(&path, false, cancellation)?;
                let baseline = self.room(&path).baseline(&path);
                let atlas = Atlas::new(&self.disk, &self.open, self.client.encoding);
                let actions = Actions { atlas: &atlas, client: &self.client, disk: &self.disk, path: &path, uri: &document.uri, baseline };
                Ok(json!(actions.of(&found.findings, *range, only.as_deref())))
            }
        }
    }

    /// Answers from what becomes of the awaitables in a document.
    fn with_fates<T: Serialize>(
        &mut self,
        document: &Named,
        cancellation: &Cancellation,
        answer: impl FnOnce(&Fates<'_>) -> Option<T>,
    ) -> Answer {
        let Some(path) = self.open_path(document) else { return Ok(Value::Null) };
        let found = self.found(&path, true, cancellation)?;
        // Those of others are told as far as they are known.
        let others = self.rooms.iter().flat_map(Room::all_known).filter(|(other, _)| **other != *path);
        let others = others.flat_map(|(_, found)| found.awaitables.as_deref().unwrap_or_default());
        let atlas = Atlas::new(&self.disk, &self.open, self.client.encoding);
        let fates =
            Fates { atlas: &atlas, path: &path, uri: &document.uri, found: &found, others: others.collect(), folders: &self.folders };
        Ok(answer(&fates).map_or(Value::Null, |answer| json!(answer)))
    }

    fn open_path(&self, document: &Named) -> Option<Utf8PathBuf> {
        document.path.clone().filter(|path| self.documents.contains_key(path))
    }

    fn document_diagnostics(&mut self, document: &Named, previous: Option<&str>, cancellation: &Cancellation) -> Answer {
        let diagnostics = match document.path.as_ref().filter(|path| self.documents.contains_key(*path)) {
            None => Diagnostics::new(Vec::new()),
            Some(path) => {
                let path = path.clone();
                self.diagnostics(&path, cancellation)?.remove(&document.uri).unwrap_or_else(|| Diagnostics::new(Vec::new()))
            }
        };
        if let Some(snapshot) = document.path.as_ref().and_then(|path| self.open.get(path)) {
            self.shown.insert(document.uri.clone(), (diagnostics.id.clone(), snapshot.version));
        }
        Ok(if previous == Some(&diagnostics.id) {
            json!({ "kind": "unchanged", "resultId": diagnostics.id })
        } else {
            json!({ "kind": "full", "resultId": diagnostics.id, "items": diagnostics.items })
        })
    }

    /// What was found in an open document, and with `awaitables` also all of those.
    pub(super) fn found(&mut self, path: &Utf8Path, awaitables: bool, cancellation: &Cancellation) -> Result<Found, NoAnswer> {
        let real = self.documents.get(path).cloned().unwrap_or_else(|| path.to_owned());
        let progress = Progress::new(&self.client, self.told.clone());
        let room = self.room(path);
        let name = if room.is_settled_with(path)? { path.to_owned() } else { real };
        room.find(std::slice::from_ref(&name), awaitables, cancellation, &progress)?;
        Ok(room.known(&name, awaitables).cloned().unwrap_or_default())
    }

    /// The diagnostics of a document, or of each cell.
    pub(super) fn diagnostics(&mut self, path: &Utf8Path, cancellation: &Cancellation) -> Result<HashMap<Uri, Diagnostics>, NoAnswer> {
        let mut items: HashMap<Uri, Vec<_>> = self.open.get(path).map(uris).into_iter().flatten().map(|uri| (uri, Vec::new())).collect();
        let found = match self.found(path, false, cancellation) {
            Ok(found) => found,
            Err(NoAnswer::Trouble(message)) => {
                let atlas = Atlas::new(&self.disk, &self.open, self.client.encoding);
                let told = diagnostic::of_trouble(&message, path, &atlas);
                if self.troubles.insert(message.clone()) {
                    let params = json!({ "type": 2, "message": format!("heard: {message}") });
                    self.send(Told::Notification { method: "window/showMessage", params });
                }
                return Ok(told.map(|(uri, item)| (uri, Diagnostics::new(vec![item]))).into_iter().collect());
            }
            Err(error) => return Err(error),
        };
        let atlas = Atlas::new(&self.disk, &self.open, self.client.encoding);
        let of_findings = found.findings.iter().filter_map(|finding| diagnostic::of(finding, &atlas, &self.client));
        let of_notices = found.notices.iter().filter_map(|notice| diagnostic::of_notice(notice, &atlas));
        for (uri, item) in of_findings.chain(of_notices) {
            items.entry(uri).or_default().push(item);
        }
        Ok(items.into_iter().map(|(uri, items)| (uri, Diagnostics::new(items))).collect())
    }

    /// Looks at the next open document of which nothing is known since something changed, and tells the editor where it
    /// shows something else. Gives whether there is nothing left to look at.
    fn look_around(&mut self, cancellation: &Cancellation) -> bool {
        let paths: Vec<Utf8PathBuf> = self.documents.keys().cloned().collect();
        for path in paths {
            let looked = panic::catch_unwind(AssertUnwindSafe(|| self.diagnostics(&path, cancellation)));
            let diagnostics = match looked {
                Ok(Ok(diagnostics)) => diagnostics,
                Ok(Err(_)) => return false,
                Err(_) => continue,
            };
            let version = self.open.get(&path).map_or(0, |snapshot| snapshot.version);
            for (uri, diagnostics) in diagnostics {
                // At once, since there may be many documents left to look at.
                if self.is_outdated(uri, diagnostics, version) && self.refreshed != self.revision {
                    self.refreshed = self.revision;
                    if self.client.refreshes_diagnostics {
                        self.request("workspace/diagnostic/refresh", Value::Null);
                    }
                }
            }
            if !self.inbox.is_empty() {
                return false;
            }
        }
        if let Some((held, _)) = self.held.take_if(|(_, revision)| *revision != self.revision) {
            self.asks.push_back(held);
        }
        self.asks.is_empty()
    }

    /// Whether the editor shows something else of a document, and does not know it. One that asks for nothing is sent
    /// what it is to show.
    fn is_outdated(&mut self, uri: Uri, diagnostics: Diagnostics, version: i32) -> bool {
        let shown = self.shown.get(&uri);
        if !self.client.pulls {
            if shown.is_none_or(|shown| *shown != (diagnostics.id.clone(), version)) {
                self.shown.insert(uri.clone(), (diagnostics.id.clone(), version));
                self.publish(uri, diagnostics, Some(version));
            }
            return false;
        }
        // What it never asked about it does not show, and after a change of its own it asks by itself.
        let Some((id, of_version)) = shown else { return false };
        let is_outdated = *id != diagnostics.id && *of_version == version;
        if is_outdated {
            self.shown.insert(uri, (diagnostics.id, version));
        }
        is_outdated
    }

    fn publish(&self, uri: Uri, diagnostics: Diagnostics, version: Option<i32>) {
        let params = PublishDiagnosticsParams { uri, diagnostics: diagnostics.items, version };
        self.send(Told::Notification { method: "textDocument/publishDiagnostics", params: json!(params) });
    }

    fn respond(&self, response: Response) {
        self.send(Told::Response(response));
    }

    fn request(&self, method: &'static str, params: Value) {
        self.send(Told::Request { method, params });
    }

    fn send(&self, told: Told) {
        // Where nobody listens, the server is about to end.
        let _ = self.told.send(told);
    }
}

/// The names of a document: its own, or those of its cells.
fn uris(snapshot: &Snapshot) -> Vec<Uri> {
    match &snapshot.content {
        Content::Text(_) => vec![snapshot.uri.clone()],
        Content::Notebook { cells, .. } => cells.iter().map(|cell| cell.uri.clone()).collect(),
    }
}

/// The answer to what was overtaken by a change: the editor is to ask again.
fn retry(id: RequestId) -> Response {
    let data = Some(json!({ "retriggerRequest": true }));
    let error = ResponseError { code: ErrorCode::ServerCancelled as i32, message: "the text has changed".to_owned(), data };
    Response { id, response_result: Err(error) }
}
