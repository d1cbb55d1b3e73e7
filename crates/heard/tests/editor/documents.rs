//! What may be open in an editor: texts in each encoding, files of other places, buffers that were never saved, notebooks.

use std::time::{Duration, Instant};
use std::{fs, thread};

use serde_json::{Value, json};

use super::{Editor, HEAD, PATIENCE, pulling, uri};
use crate::tree::Tree;

fn finding(line: u64, character: u64) -> Vec<(String, u64, u64)> {
    vec![("unawaited-coroutine".to_owned(), line, character)]
}

#[test]
fn places_are_counted_as_was_agreed() {
    let text = format!("{HEAD}async def main():\n    name = 'é😀'; work()\n");
    // The line begins with 12 characters in one byte each; é has 2 bytes and 1 unit, the other 4 and 2.
    for (encoding, character) in [("utf-8", 21), ("utf-16", 18), ("utf-32", 17)] {
        let tree = Tree::new();
        let path = tree.write("app.py", &text);
        let mut capabilities = pulling();
        capabilities["general"] = json!({ "positionEncodings": [encoding] });
        let (mut editor, answer) = Editor::start(&tree, capabilities, Value::Null);
        assert_eq!(answer["positionEncoding"], encoding);
        editor.open(&path, &text);
        assert_eq!(editor.findings(&path), finding(8, character), "{encoding}");
        let hover = editor.at("textDocument/hover", &path, 8, u32::try_from(character).unwrap());
        assert_eq!(hover["range"]["start"]["character"], character, "{encoding}");
        let at = json!({ "line": 8, "character": character });
        editor.change(&path, 2, json!([{ "range": { "start": at, "end": at }, "text": "await " }]));
        assert_eq!(editor.findings(&path), [], "{encoding}");
    }
}

#[test]
fn a_file_outside_of_the_workspace_is_a_project_of_its_own() {
    let (tree, other) = (Tree::new(), Tree::new());
    tree.write("helper.py", "def helper():\n    print(1)\n");
    other.write("helper.py", "async def helper():\n    print(1)\n");
    let text = "from helper import helper\n\nhelper()\n";
    let (inside, outside) = (tree.write("app.py", text), other.write("app.py", text));
    let (mut editor, _) = Editor::start(&tree, pulling(), Value::Null);
    editor.open(&inside, text);
    editor.open(&outside, text);
    assert_eq!(editor.findings(&inside), []);
    assert_eq!(editor.findings(&outside), finding(2, 0));
}

#[test]
fn a_buffer_that_was_never_saved_sees_the_standard_library_alone() {
    let tree = Tree::new();
    let path = tree.write("app.py", HEAD);
    let (mut editor, _) = Editor::start(&tree, pulling(), Value::Null);
    editor.open(&path, HEAD);
    let name = "untitled:Untitled-1";
    let item = json!({ "uri": name, "languageId": "python", "version": 1, "text": format!("{HEAD}work()\n") });
    editor.tell("textDocument/didOpen", json!({ "textDocument": item }));
    assert_eq!(editor.findings_of(name), finding(7, 0));
    let whole = json!([{ "text": format!("{HEAD}from app import work\n\nasync def main():\n    await work()\n") }]);
    editor.tell("textDocument/didChange", json!({ "textDocument": { "uri": name, "version": 2 }, "contentChanges": whole }));
    assert_eq!(editor.findings_of(name), []);
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": name } }));
    assert_eq!(editor.findings_of(name), []);
    assert_eq!(editor.findings(&path), []);
    // What another tool shows of a file's past is no file.
    let past = format!("git:{}?ref=HEAD", path.to_str().unwrap());
    let item = json!({ "uri": past, "languageId": "python", "version": 1, "text": "work(" });
    editor.tell("textDocument/didOpen", json!({ "textDocument": item }));
    assert_eq!(editor.findings_of(&past), []);
}

/// The parameters that open a notebook whose cells are called by numbers.
fn notebook(name: &str, cells: &[(u8, &str)]) -> Value {
    let cell = |number: usize| format!("vscode-notebook-cell:{name}#{number}");
    let kinds: Vec<_> = cells.iter().enumerate().map(|(number, (kind, _))| json!({ "kind": kind, "document": cell(number) })).collect();
    let texts = cells.iter().enumerate();
    let texts: Vec<_> =
        texts.map(|(number, (_, text))| json!({ "uri": cell(number), "languageId": "python", "version": 1, "text": text })).collect();
    json!({
        "notebookDocument": { "uri": name, "notebookType": "jupyter-notebook", "version": 1, "cells": kinds },
        "cellTextDocuments": texts,
    })
}

#[test]
fn cells_come_go_and_change() {
    let tree = Tree::new();
    let name = uri(&tree.root().join("book.ipynb"));
    let cell = |number: usize| format!("vscode-notebook-cell:{name}#{number}");
    let (mut editor, _) = Editor::start(&tree, pulling(), Value::Null);
    editor.tell("notebookDocument/didOpen", notebook(&name, &[(2, HEAD), (1, "work()"), (2, "x = 1")]));
    let change = |cells: Value| json!({ "notebookDocument": { "uri": name, "version": 2 }, "change": { "cells": cells } });
    let found = |editor: &mut Editor| [0, 1, 2, 3].map(|number| editor.findings_of(&cell(number)).len());
    assert_eq!(found(&mut editor), [0, 0, 0, 0]);
    // Prose becomes code.
    editor.tell("notebookDocument/didChange", change(json!({ "data": [{ "kind": 2, "document": cell(1) }] })));
    assert_eq!(found(&mut editor), [0, 1, 0, 0]);
    let at = json!({ "line": 0, "character": 0 });
    let text = json!({ "range": { "start": at, "end": at }, "text": "await " });
    let changes = json!({ "textContent": [{ "document": { "uri": cell(1), "version": 2 }, "changes": [text] }] });
    editor.tell("notebookDocument/didChange", change(changes));
    assert_eq!(found(&mut editor), [0, 0, 0, 0]);
    // One cell goes, and another comes in its place.
    let array = json!({ "start": 1, "deleteCount": 1, "cells": [{ "kind": 2, "document": cell(3) }] });
    let opened = json!([{ "uri": cell(3), "languageId": "python", "version": 1, "text": "work()\nwork()\ny = 1" }]);
    let closed = json!([{ "uri": cell(1) }]);
    editor.tell("notebookDocument/didChange", change(json!({ "structure": { "array": array, "didOpen": opened, "didClose": closed } })));
    assert_eq!(found(&mut editor), [0, 0, 0, 2]);
    editor.tell("notebookDocument/didClose", json!({ "notebookDocument": { "uri": name }, "cellTextDocuments": [] }));
    assert_eq!(found(&mut editor), [0, 0, 0, 0]);
}

#[test]
fn a_notebook_that_was_never_saved_is_one() {
    let tree = Tree::new();
    let name = "untitled:Untitled-1.ipynb?jupyter-notebook";
    let (mut editor, _) = Editor::start(&tree, pulling(), Value::Null);
    editor.tell("notebookDocument/didOpen", notebook(name, &[(2, HEAD), (2, "work()\nx = await work()")]));
    assert_eq!(editor.findings_of(&format!("vscode-notebook-cell:{name}#1")), finding(0, 0));
}

#[test]
fn a_second_start_knows_what_the_first_one_read_and_sees_what_changed_since() {
    let tree = Tree::new();
    tree.write("pyproject.toml", "");
    for number in 0..120 {
        tree.write(&format!("m{number}.py"), format!("async def work{number}():\n    raise ValueError\n"));
    }
    let text = "from m7 import work7\n\nasync def main():\n    work7()\n";
    let path = tree.write("app.py", text);
    let opened = |expected: Vec<_>| {
        let (mut editor, _) = Editor::start(&tree, pulling(), Value::Null);
        editor.open(&path, text);
        assert_eq!(editor.findings(&path), expected);
        editor
    };
    let editor = opened(finding(3, 4));
    let folder = tree.root().parent().unwrap().join("home/.cache/heard");
    let is_kept =
        || fs::read_dir(&folder).is_ok_and(|mut files| files.any(|file| file.unwrap().path().extension() == Some("tables".as_ref())));
    let start = Instant::now();
    while !is_kept() {
        assert!(start.elapsed() < PATIENCE, "nothing was kept");
        thread::sleep(Duration::from_millis(20));
    }
    drop(editor);
    drop(opened(finding(3, 4)));
    tree.write("m7.py", "def work7():\n    raise ValueError\n");
    drop(opened(Vec::new()));
}
