//! What is answered: the way of a value, fixes for a whole file, and what ends or does not end a question.

use std::io::Write;

use serde_json::{Value, json};

use super::{Editor, HEAD, pulling, rows, uri};
use crate::tree::Tree;

const FAILING: &str =
    "import asyncio\n\n\nasync def fail():\n    raise ValueError(1)\n\n\nasync def main():\n    asyncio.create_task(fail())\n";

#[test]
fn the_way_of_the_value_is_told_to_those_who_show_it() {
    for shows in [true, false] {
        let tree = Tree::new();
        let path = tree.write("app.py", FAILING);
        let mut capabilities = pulling();
        capabilities["textDocument"]["publishDiagnostics"] = json!({ "relatedInformation": shows });
        let (mut editor, _) = Editor::start(&tree, capabilities, Value::Null);
        editor.open(&path, FAILING);
        let answer = editor.ask("textDocument/diagnostic", json!({ "textDocument": { "uri": uri(&path) } }));
        let [item] = &answer["result"]["items"].as_array().unwrap()[..] else { panic!("{answer}") };
        assert_eq!(item["code"], "dropped-task");
        assert!(item["codeDescription"]["href"].as_str().is_none_or(|page| page.contains("dropped-task")), "{item}");
        let related = &item["relatedInformation"];
        assert_eq!(related.is_array(), shows);
        if shows {
            assert_eq!(
                (&related[0]["location"]["uri"], &related[0]["location"]["range"]["start"]["line"]),
                (&json!(uri(&path)), &json!(4))
            );
            assert!(related[0]["message"].as_str().unwrap().contains("raise ValueError(1)"), "{related}");
        }
    }
}

#[test]
fn all_of_a_file_is_mended_at_once_where_that_is_safe() {
    let tree = Tree::new();
    let callback = "def report(task):\n    if task.exception():\n        print('failed')\n\n\n";
    let text = format!(
        "{HEAD}{callback}async def main():\n    work()\n    task = asyncio.create_task(work())\n    task.add_done_callback(report)\n    await task\n"
    );
    let path = tree.write("app.py", &text);
    let (mut editor, capabilities) = Editor::start(&tree, pulling(), Value::Null);
    assert_eq!(capabilities["codeActionProvider"]["codeActionKinds"], json!(["quickfix", "source.fixAll.heard"]));
    editor.open(&path, &text);
    let rules = |findings: &[(String, u64, u64)]| findings.iter().map(|(rule, ..)| rule.clone()).collect::<Vec<_>>();
    assert_eq!(rules(&editor.findings(&path)), ["raising-callback", "unawaited-coroutine"]);
    let nowhere = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } });
    let mut asked = |only: &str| {
        let context = json!({ "diagnostics": [], "only": [only] });
        let params = json!({ "textDocument": { "uri": uri(&path) }, "range": nowhere, "context": context });
        editor.ask("textDocument/codeAction", params)["result"].clone()
    };
    assert_eq!(asked("quickfix"), json!([]));
    assert_eq!(asked("refactor"), json!([]));
    let actions = asked("source.fixAll");
    let [action] = &actions.as_array().unwrap()[..] else { panic!("{actions}") };
    assert_eq!(action["kind"], "source.fixAll.heard");
    editor.change(&path, 2, changes(&action["edit"]["changes"][uri(&path)]));
    assert_eq!(rules(&editor.findings(&path)), ["unawaited-coroutine"], "an `await` changes what the program does");
}

/// Edits of one text as changes one after the other: the last place comes first.
fn changes(edits: &Value) -> Value {
    let mut edits = edits.as_array().unwrap().clone();
    let place = |edit: &Value| (edit["range"]["start"]["line"].as_u64(), edit["range"]["start"]["character"].as_u64());
    edits.sort_by_key(place);
    edits.into_iter().rev().map(|edit| json!({ "range": edit["range"], "text": edit["newText"] })).collect()
}

#[test]
fn a_question_that_is_taken_back_is_answered_so() {
    let tree = Tree::new();
    let text = format!("{HEAD}work()\n");
    let path = tree.write("app.py", &text);
    let (mut editor, _) = Editor::start(&tree, pulling(), json!({ "diagnosticMode": "workspace" }));
    let report = editor.ask("workspace/diagnostic", json!({ "previousResultIds": [] }))["result"]["items"][0].clone();
    assert_eq!(rows(&report["items"]).len(), 1);
    // Nothing is new, so this one waits.
    let known = json!([{ "uri": uri(&path), "value": report["resultId"] }]);
    editor.send(&json!({ "jsonrpc": "2.0", "id": "held", "method": "workspace/diagnostic", "params": { "previousResultIds": known } }));
    editor.tell("$/cancelRequest", json!({ "id": "no such question" }));
    editor.tell("$/cancelRequest", json!({ "id": "held" }));
    assert_eq!(editor.answer(&json!("held"))["error"]["code"], -32800);
    editor.open(&path, &text);
    assert_eq!(editor.findings(&path).len(), 1);
}

#[test]
fn what_is_no_message_and_what_is_no_program_end_nothing() {
    let tree = Tree::new();
    let text = format!("{HEAD}work()\n");
    let path = tree.write("app.py", &text);
    let (mut editor, _) = Editor::start(&tree, pulling(), Value::Null);
    for (bad, code) in [("{nope", -32700), ("[1, 2]", -32600), ("{\"jsonrpc\": \"2.0\", \"id\": 7}", -32600)] {
        let input = editor.input.as_mut().unwrap();
        write!(input, "Content-Length: {}\r\n\r\n{bad}", bad.len()).unwrap();
        input.flush().unwrap();
        let id = if bad.contains("id") { json!(7) } else { Value::Null };
        assert_eq!(editor.answer(&id)["error"]["code"], code, "{bad}");
    }
    editor.open(&path, &text);
    assert_eq!(editor.findings(&path).len(), 1);
    let deep = format!("x = {}1{}\n", "(".repeat(50_000), ")".repeat(50_000));
    let long = "x = 1\n".repeat(50_000);
    let backwards = json!({ "start": { "line": 9, "character": 9 }, "end": { "line": 0, "character": 99 } });
    for (version, change) in
        [json!({ "text": deep }), json!({ "text": long }), json!({ "range": backwards, "text": "\u{0}(" })].iter().enumerate()
    {
        editor.change(&path, i32::try_from(version).unwrap() + 2, json!([change]));
        assert!(editor.findings(&path).iter().all(|(rule, ..)| rule != "unawaited-coroutine"), "{version}");
    }
    editor.change(&path, 9, json!([{ "text": text }]));
    assert_eq!(editor.findings(&path).len(), 1);
}

#[test]
fn one_change_asks_the_editor_once_to_ask_again() {
    let tree = Tree::new();
    let plain = "def helper():\n    print(1)\n";
    let caller = "from helper import helper\n\n\ndef main():\n    helper()\n";
    let helper = tree.write("helper.py", plain);
    let callers = ["a.py", "b.py", "z.py"].map(|name| tree.write(name, caller));
    let (mut editor, _) = Editor::start(&tree, pulling(), Value::Null);
    editor.open(&helper, plain);
    for path in &callers {
        editor.open(path, caller);
        assert_eq!(editor.findings(path), []);
    }
    for (version, text, found) in [(2, format!("async {plain}"), 1), (3, plain.to_owned(), 0)] {
        editor.change(&helper, version, json!([{ "text": text }]));
        editor.hear("workspace/diagnostic/refresh");
        assert_eq!(callers.each_ref().map(|path| editor.findings(path).len()), [found; 3]);
        assert!(editor.aside.iter().all(|message| message["method"] != "workspace/diagnostic/refresh"), "{:?}", editor.aside);
    }
}
