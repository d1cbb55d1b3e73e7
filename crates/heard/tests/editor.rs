//! The language server as an editor uses it: messages in, messages out.

#![expect(clippy::needless_pass_by_value, reason = "messages are written where they are sent")]

mod answers;
mod documents;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::tree::Tree;

/// How long the slowest machine may take for one answer.
const PATIENCE: Duration = Duration::from_mins(2);

const HEAD: &str = "import asyncio\n\n\nasync def work():\n    await asyncio.sleep(1)\n\n\n";

/// An editor with its server.
struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    /// The notifications and requests of the server that came while an answer was waited for.
    aside: Vec<Value>,
    number: i32,
}

impl Editor {
    fn start(tree: &Tree, capabilities: Value, options: Value) -> (Self, Value) {
        let mut child = tree.heard().args(["lsp", "--stdio"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = mpsc::channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut output)
                && sender.send(message).is_ok()
            {}
        });
        let mut editor = Editor { input: child.stdin.take(), child, messages, aside: Vec::new(), number: 0 };
        let folder = json!({ "uri": uri(&tree.root()), "name": "project" });
        let params = json!({
            "processId": std::process::id(), "rootUri": null, "workspaceFolders": [folder], "capabilities": capabilities,
            "initializationOptions": options,
        });
        let answer = editor.ask("initialize", params);
        editor.tell("initialized", json!({}));
        (editor, answer["result"]["capabilities"].clone())
    }

    /// Answers the next request of the server with this method, and gives its parameters.
    fn grant(&mut self, method: &str, result: Value) -> Value {
        let request = self.hear(method);
        self.send(&json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }));
        request["params"].clone()
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let input = self.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        input.flush().unwrap();
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn next(&mut self) -> Value {
        self.messages.recv_timeout(PATIENCE).expect("a message of the server")
    }

    /// Asks, again where the server says so, and gives the whole answer.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        loop {
            self.number += 1;
            let number = self.number;
            self.send(&json!({ "jsonrpc": "2.0", "id": number, "method": method, "params": params.clone() }));
            let answer = loop {
                let message = self.next();
                match message.get("method") {
                    None if message["id"] == number => break message,
                    None => {}
                    Some(_) => self.aside.push(message),
                }
            };
            if answer["error"]["data"]["retriggerRequest"] != true {
                return answer;
            }
        }
    }

    fn open(&mut self, path: &Path, text: &str) {
        let item = json!({ "uri": uri(path), "languageId": "python", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": item }));
    }

    fn change(&mut self, path: &Path, version: i32, changes: Value) {
        self.tell("textDocument/didChange", json!({ "textDocument": { "uri": uri(path), "version": version }, "contentChanges": changes }));
    }

    /// The findings of a document: rule, line and character.
    fn findings(&mut self, path: &Path) -> Vec<(String, u64, u64)> {
        self.findings_of(&uri(path))
    }

    /// The same of a document or cell that is called so.
    fn findings_of(&mut self, name: &str) -> Vec<(String, u64, u64)> {
        let answer = self.ask("textDocument/diagnostic", json!({ "textDocument": { "uri": name } }));
        rows(&answer["result"]["items"])
    }

    /// Waits for the answer with this number or name.
    fn answer(&mut self, id: &Value) -> Value {
        loop {
            let message = self.next();
            if message.get("method").is_none() && message["id"] == *id {
                return message;
            }
            self.aside.push(message);
        }
    }

    /// Waits for a message with this method.
    fn hear(&mut self, method: &str) -> Value {
        if let Some(place) = self.aside.iter().position(|message| message["method"] == method) {
            return self.aside.remove(place);
        }
        loop {
            let message = self.next();
            if message["method"] == method {
                return message;
            }
        }
    }

    fn at(&mut self, method: &str, path: &Path, line: u32, character: u32) -> Value {
        let params = json!({
            "textDocument": { "uri": uri(path) }, "position": { "line": line, "character": character },
            "context": { "includeDeclaration": true },
        });
        self.ask(method, params)["result"].clone()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().strip_prefix("Content-Length: ") {
            Some(number) => length = number.parse().ok()?,
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.to_str().unwrap())
}

fn rows(items: &Value) -> Vec<(String, u64, u64)> {
    let row = |item: &Value| {
        let start = &item["range"]["start"];
        (item["code"].as_str().unwrap_or_default().to_owned(), start["line"].as_u64().unwrap(), start["character"].as_u64().unwrap())
    };
    items.as_array().unwrap().iter().map(row).collect()
}

fn pulling() -> Value {
    json!({ "textDocument": { "diagnostic": {} }, "workspace": { "diagnostics": { "refreshSupport": true } } })
}

#[test]
fn findings_follow_what_is_typed() {
    let tree = Tree::new();
    let path = tree.write("app.py", HEAD);
    let (mut editor, capabilities) = Editor::start(&tree, pulling(), Value::Null);
    assert_eq!(capabilities["positionEncoding"], "utf-16");
    editor.open(&path, HEAD);
    assert_eq!(editor.findings(&path), []);
    let at = json!({ "line": 7, "character": 0 });
    editor.change(&path, 2, json!([{ "range": { "start": at, "end": at }, "text": "async def main():\n    name = '😀'; work()\n" }]));
    assert_eq!(editor.findings(&path), [("unawaited-coroutine".to_owned(), 8, 17)]);
    let (start, end) = (json!({ "line": 8, "character": 17 }), json!({ "line": 8, "character": 17 }));
    editor.change(&path, 3, json!([{ "range": { "start": start, "end": end }, "text": "await " }]));
    assert_eq!(editor.findings(&path), []);
}

#[test]
fn what_changes_elsewhere_is_told() {
    let tree = Tree::new();
    let plain = "def helper():\n    print(1)\n";
    let (first, second) = (tree.write("first.py", plain), "from first import helper\n\n\ndef main():\n    helper()\n");
    let other = tree.write("second.py", second);
    let (mut editor, _) = Editor::start(&tree, pulling(), Value::Null);
    editor.open(&first, plain);
    editor.open(&other, second);
    assert_eq!(editor.findings(&other), []);
    editor.change(&first, 2, json!([{ "text": format!("async {plain}") }]));
    editor.hear("workspace/diagnostic/refresh");
    assert_eq!(editor.findings(&other), [("unawaited-coroutine".to_owned(), 4, 4)]);
    // What is not open counts as it is on the disk.
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri(&first) } }));
    assert_eq!(editor.findings(&other), []);
    tree.write("first.py", format!("async {plain}"));
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri(&first), "type": 2 }] }));
    assert_eq!(editor.findings(&other).len(), 1);
    tree.write("heard.toml", "ignore = [\"unawaited-coroutine\"]\n");
    let settings = tree.root().join("heard.toml");
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri(&settings), "type": 1 }] }));
    assert_eq!(editor.findings(&other), []);
}

#[test]
fn an_editor_that_does_not_ask_is_sent_what_it_shows() {
    let tree = Tree::new();
    let text = format!("{HEAD}work()\n");
    let path = tree.write("app.py", &text);
    let (mut editor, capabilities) = Editor::start(&tree, json!({ "general": { "positionEncodings": ["utf-8"] } }), Value::Null);
    assert_eq!((&capabilities["positionEncoding"], &capabilities["diagnosticProvider"]), (&json!("utf-8"), &Value::Null));
    editor.open(&path, &text);
    let published = editor.hear("textDocument/publishDiagnostics");
    assert_eq!(rows(&published["params"]["diagnostics"]), [("unawaited-coroutine".to_owned(), 7, 0)]);
    assert_eq!(published["params"]["version"], 1);
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri(&path) } }));
    assert_eq!(editor.hear("textDocument/publishDiagnostics")["params"]["diagnostics"], json!([]));
}

#[test]
fn a_task_is_told_by_its_fate() {
    let tree = Tree::new();
    let text = format!(
        "{HEAD}class Service:\n    def start(self):\n        self.task = asyncio.create_task(work())\n\n    \
         async def close(self):\n        await self.task\n\n\nasync def fail():\n    raise ValueError(1)\n\n\n\
         async def main():\n    asyncio.create_task(fail())\n"
    );
    let path = tree.write("app.py", &text);
    let (mut editor, _) = Editor::start(&tree, pulling(), json!({ "inlayHints": true }));
    editor.open(&path, &text);
    let hover = editor.at("textDocument/hover", &path, 9, 30);
    let words = hover["contents"]["value"].as_str().unwrap();
    assert!(words.starts_with("**task** of `asyncio.create_task`: awaited, [app.py:13]("), "{words}");
    let lost = editor.at("textDocument/hover", &path, 20, 10);
    let words = lost["contents"]["value"].as_str().unwrap();
    assert!(words.contains("nobody reads it") && words.contains("# dropped-task"), "{words}");
    assert_eq!(editor.at("textDocument/hover", &path, 0, 0), Value::Null);
    let reader = editor.at("textDocument/references", &path, 9, 30);
    assert_eq!(reader[0]["range"]["start"]["line"], 12);
    let place = &reader[0]["range"]["start"];
    let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    let birth = editor.at("textDocument/references", &path, number(&place["line"]), number(&place["character"]));
    assert!(birth.as_array().unwrap().iter().any(|birth| birth["range"]["start"]["line"] == 9), "{birth}");
    let whole = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    let hints = editor.ask("textDocument/inlayHint", json!({ "textDocument": { "uri": uri(&path) }, "range": whole }))["result"].clone();
    let labels: Vec<&str> = hints.as_array().unwrap().iter().map(|hint| hint["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["→ read in line 13", "→ nobody reads it"]);
    let lenses = editor.ask("textDocument/codeLens", json!({ "textDocument": { "uri": uri(&path) } }))["result"].clone();
    let lens = |lens: &Value| (lens["range"]["start"]["line"].as_u64().unwrap(), lens["command"]["title"].as_str().unwrap().to_owned());
    let lenses: Vec<_> = lenses.as_array().unwrap().iter().map(lens).collect();
    assert_eq!(lenses, [(8, "starts 1 task: 1 read".to_owned()), (19, "starts 1 task: 1 read by nobody".to_owned())]);
}

#[test]
fn findings_come_with_what_can_be_done() {
    let tree = Tree::new();
    let text = format!("{HEAD}async def main():\n    work()\n");
    let path = tree.write("app.py", &text);
    tree.write("heard.toml", "baseline = \"known.json\"\n");
    tree.write("known.json", "{\"version\":1,\"findings\":[\n\n]}\n");
    let (mut editor, _) = Editor::start(&tree, pulling(), Value::Null);
    editor.open(&path, &text);
    let at = json!({ "line": 8, "character": 5 });
    let params = json!({ "textDocument": { "uri": uri(&path) }, "range": { "start": at, "end": at }, "context": { "diagnostics": [] } });
    let actions = editor.ask("textDocument/codeAction", params)["result"].clone();
    let actions = actions.as_array().unwrap();
    let edit = |title: &str, file: &Path| {
        let action = actions.iter().find(|action| action["title"].as_str().unwrap().contains(title)).expect(title);
        action["edit"]["changes"][uri(file)][0].clone()
    };
    assert_eq!(edit("(changes what the program does)", &path)["newText"], "await ");
    let allow = edit("Allow `unawaited-coroutine`", &path);
    assert_eq!(allow["range"]["start"], json!({ "line": 8, "character": 0 }));
    assert!(allow["newText"].as_str().unwrap().starts_with("    # heard: allow[unawaited-coroutine] "), "{allow}");
    let known = edit("Add to known.json", &tree.root().join("known.json"));
    tree.write("known.json", known["newText"].as_str().unwrap());
    assert_eq!(tree.check(&["."]).stdout, "");
}

#[test]
fn a_notebook_is_one_program_in_cells() {
    let tree = Tree::new();
    let path = tree.write("book.ipynb", "{}");
    let (mut editor, _) = Editor::start(&tree, pulling(), Value::Null);
    let cell = |name: &str| format!("vscode-notebook-cell:{}#{name}", path.to_str().unwrap());
    let text = |name: &str, text: &str| json!({ "uri": cell(name), "languageId": "python", "version": 1, "text": text });
    let cells = [
        json!({ "kind": 1, "document": cell("prose") }),
        json!({ "kind": 2, "document": cell("one") }),
        json!({ "kind": 2, "document": cell("two") }),
    ];
    editor.tell(
        "notebookDocument/didOpen",
        json!({
            "notebookDocument": { "uri": uri(&path), "notebookType": "jupyter-notebook", "version": 1, "cells": cells },
            "cellTextDocuments": [text("prose", "# A title"), text("one", HEAD), text("two", "x = 1\nwork()")],
        }),
    );
    assert_eq!(editor.findings_of(&cell("one")), []);
    assert_eq!(editor.findings_of(&cell("two")), [("unawaited-coroutine".to_owned(), 1, 0)]);
}

#[test]
fn the_whole_workspace_is_told_once_and_then_when_it_changes() {
    let tree = Tree::new();
    let text = format!("{HEAD}work()\n");
    let path = tree.write("app.py", &text);
    tree.write("fine.py", HEAD);
    let (mut editor, capabilities) = Editor::start(&tree, pulling(), json!({ "diagnosticMode": "workspace" }));
    assert_eq!(capabilities["diagnosticProvider"]["workspaceDiagnostics"], true);
    let answer = editor.ask("workspace/diagnostic", json!({ "previousResultIds": [] }))["result"].clone();
    let [report] = &answer["items"].as_array().unwrap()[..] else { panic!("{answer}") };
    assert_eq!((report["uri"].as_str().unwrap(), rows(&report["items"]).len()), (uri(&path).as_str(), 1));
    // Nothing is new, so the answer waits for the change that comes next.
    editor.number += 1;
    let known = json!([{ "uri": uri(&path), "value": report["resultId"] }]);
    let (number, params) = (editor.number, json!({ "previousResultIds": known }));
    editor.send(&json!({ "jsonrpc": "2.0", "id": number, "method": "workspace/diagnostic", "params": params }));
    editor.open(&path, HEAD);
    let answer = editor.answer(&json!(number));
    assert_eq!(answer["result"]["items"][0]["items"], json!([]), "{answer}");
}

#[test]
fn each_folder_is_a_project_of_its_own() {
    let tree = Tree::new();
    let text = "from helper import work\n\nwork()\n";
    let [first, second] = [("first", "async def"), ("second", "def")].map(|(folder, define)| {
        tree.write(&format!("{folder}/pyproject.toml"), "");
        tree.write(&format!("{folder}/helper.py"), format!("{define} work():\n    print(1)\n"));
        tree.write(&format!("{folder}/app.py"), text)
    });
    let (mut editor, _) = Editor::start(&tree, pulling(), json!({ "diagnosticMode": "workspace" }));
    editor.open(&first, text);
    editor.open(&second, text);
    assert_eq!(editor.findings(&first), [("unawaited-coroutine".to_owned(), 2, 0)]);
    assert_eq!(editor.findings(&second), []);
    let folder = |name: &str| json!({ "uri": uri(&tree.root().join(name)), "name": name });
    let mut reported = |added: Value, removed: Value| {
        editor.tell("workspace/didChangeWorkspaceFolders", json!({ "event": { "added": added, "removed": removed } }));
        let answer = editor.ask("workspace/diagnostic", json!({ "previousResultIds": [] }))["result"].clone();
        let items = answer["items"].as_array().unwrap();
        items.iter().map(|item| item["uri"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let whole = json!([{ "uri": uri(&tree.root()), "name": "project" }]);
    assert_eq!(reported(json!([folder("second")]), whole), Vec::<String>::new());
    assert_eq!(reported(json!([folder("first")]), json!([])), [uri(&first)]);
}

#[test]
fn settings_count_from_when_they_change() {
    let tree = Tree::new();
    let text = format!("{HEAD}async def main():\n    task = asyncio.create_task(work())\n    await task\n");
    let path = tree.write("app.py", &text);
    let workspace = json!({ "configuration": true, "inlayHint": { "refreshSupport": true } });
    let (mut editor, _) = Editor::start(&tree, json!({ "textDocument": { "diagnostic": {} }, "workspace": workspace }), Value::Null);
    editor.open(&path, &text);
    let params = json!({
        "textDocument": { "uri": uri(&path) },
        "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } },
    });
    let asked = editor.grant("workspace/configuration", json!([null]));
    assert_eq!(asked["items"][0]["section"], "heard");
    assert_eq!(editor.ask("textDocument/inlayHint", params.clone())["result"], json!([]));
    for is_on in [true, false] {
        editor.tell("workspace/didChangeConfiguration", json!({ "settings": null }));
        editor.grant("workspace/configuration", json!([{ "inlayHints": is_on }]));
        editor.grant("workspace/inlayHint/refresh", Value::Null);
        let hints = editor.ask("textDocument/inlayHint", params.clone())["result"].clone();
        assert_eq!(!hints.as_array().unwrap().is_empty(), is_on, "{hints}");
    }
}

#[test]
fn long_work_tells_how_far_it_is() {
    let tree = Tree::new();
    for number in 0..500 {
        tree.write(&format!("module_{number}.py"), HEAD);
    }
    let path = tree.root().join("module_0.py");
    let mut capabilities = pulling();
    capabilities["window"] = json!({ "workDoneProgress": true });
    let (mut editor, _) = Editor::start(&tree, capabilities, Value::Null);
    editor.open(&path, HEAD);
    assert_eq!(editor.findings(&path), []);
    let token = editor.grant("window/workDoneProgress/create", Value::Null)["token"].clone();
    let mut told = Vec::new();
    while told.last().is_none_or(|kind| kind != "end") {
        let report = editor.hear("$/progress")["params"].clone();
        assert_eq!(report["token"], token);
        told.push(report["value"]["kind"].as_str().unwrap().to_owned());
    }
    assert_eq!((told[0].as_str(), told.contains(&"report".to_owned())), ("begin", true), "{told:?}");
    // An edit is no long work, however large the project is.
    editor.change(&path, 2, json!([{ "text": format!("{HEAD}work()\n") }]));
    assert_eq!(editor.findings(&path).len(), 1);
    assert!(editor.aside.iter().all(|message| message["method"] != "$/progress"), "{:?}", editor.aside);
}

#[test]
fn files_that_come_and_go_are_seen() {
    let text = "from helper import work\n\nwork()\n";
    let helper = "async def work():\n    print(1)\n";
    for is_watched in [true, false] {
        let tree = Tree::new();
        let (path, module) = (tree.write("app.py", text), tree.root().join("helper.py"));
        let mut capabilities = pulling();
        capabilities["workspace"]["didChangeWatchedFiles"] = json!({ "dynamicRegistration": is_watched });
        let (mut editor, _) = Editor::start(&tree, capabilities, Value::Null);
        if is_watched {
            let asked = editor.grant("client/registerCapability", Value::Null);
            assert_eq!(asked["registrations"][0]["method"], "workspace/didChangeWatchedFiles");
        }
        editor.open(&path, text);
        let mut findings = |kind: u32| {
            if is_watched {
                editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri(&module), "type": kind }] }));
            } else {
                editor.tell("textDocument/didSave", json!({ "textDocument": { "uri": uri(&path) } }));
            }
            editor.findings(&path).len()
        };
        assert_eq!(findings(2), 0, "before there is such a module");
        tree.write("helper.py", helper);
        assert_eq!(findings(1), 1, "watched: {is_watched}");
        std::fs::remove_file(&module).unwrap();
        assert_eq!(findings(3), 0, "watched: {is_watched}");
    }
}

#[test]
fn the_server_ends_as_the_editor_says() {
    let tree = Tree::new();
    let (mut editor, _) = Editor::start(&tree, json!({}), Value::Null);
    assert_eq!(editor.ask("no/such", json!({}))["error"]["code"], -32601);
    assert_eq!(editor.ask("textDocument/hover", json!([]))["error"]["code"], -32602);
    assert_eq!(editor.ask("initialize", json!({ "capabilities": {} }))["error"]["code"], -32600);
    assert_eq!(editor.ask("shutdown", Value::Null)["result"], Value::Null);
    assert_eq!(editor.ask("textDocument/hover", json!({}))["error"]["code"], -32600);
    editor.tell("exit", Value::Null);
    assert_eq!(editor.child.wait().unwrap().code(), Some(0));
    let (mut editor, _) = Editor::start(&tree, json!({}), Value::Null);
    editor.input = None;
    assert_eq!(editor.child.wait().unwrap().code(), Some(1));
}

/// Lines that programs are put together from; what they lead to depends on the other file.
const LINES: [&str; 10] = [
    "async def helper():\n    await asyncio.sleep(1)\n",
    "def helper():\n    print(1)\n",
    "async def main():\n    helper()\n",
    "async def wait():\n    await helper()\n",
    "async def start():\n    asyncio.create_task(helper())\n",
    "class Base:\n    async def run(self):\n        helper()\n",
    "from other import *\n",
    "class Derived(Base):\n    def stop(self):\n        self.run()\n",
    "def broken(:\n",
    "# heard: allow[dropped-task] known\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn what_is_shown_is_what_a_new_run_finds(edits in proptest::collection::vec((0..2_usize, 0..12_usize, 0..LINES.len(), any::<bool>()), 1..12)) {
        let tree = Tree::new();
        let names = ["app.py", "other.py"];
        let mut texts = [vec![0, 2], vec![1, 4]];
        let whole = |lines: &[usize]| format!("import asyncio\n{}", lines.iter().map(|line| LINES[*line]).collect::<String>());
        let paths = names.map(|name| tree.write(name, ""));
        let (mut editor, _) = Editor::start(&tree, pulling(), Value::Null);
        for (path, lines) in paths.iter().zip(&texts) {
            editor.open(path, &whole(lines));
        }
        for (version, (file, at, line, goes)) in edits.into_iter().enumerate() {
            let lines = &mut texts[file];
            let before = whole(lines);
            let at = at % (lines.len() + 1);
            if goes && at < lines.len() {
                lines.remove(at);
            } else {
                lines.insert(at, line);
            }
            let (after, from) = (whole(lines), whole(&lines[..at.min(lines.len())]).matches('\n').count());
            prop_assert!(before.lines().take(from).eq(after.lines().take(from)));
            let rest: String = after.split_inclusive('\n').skip(from).collect();
            let range = json!({ "start": { "line": from, "character": 0 }, "end": { "line": 9999, "character": 0 } });
            editor.change(&paths[file], i32::try_from(version).unwrap() + 2, json!([{ "range": range, "text": rest }]));
            // A new run sees what the editor shows only where both files are saved.
            for (name, lines) in names.iter().zip(&texts) {
                tree.write(name, whole(lines));
            }
            for (name, path) in names.iter().zip(&paths) {
                let shown = editor.findings(path);
                let run = tree.check(&["--output-format", "json-lines", name]);
                let cold: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
                let place = |row: &Value, key: &str| row[key].as_u64().unwrap() - 1;
                let cold: Vec<_> = cold.iter().map(|row| (row["rule"].as_str().unwrap().to_owned(), place(row, "line"), place(row, "column"))).collect();
                prop_assert_eq!(shown, cold, "{} after {:?}", name, texts);
            }
        }
    }
}
