//! Who speaks of a failure has none.

use crate::{incidents, read};

#[test]
fn quotes_are_no_incidents() {
    let detail = "future: <Task finished name='T' coro=<f() done, defined at /a.py:1> exception=KeyError(1)>";
    let quotes = [
        "2025-03-11 09:15:02 INFO bot: what does 'Task exception was never retrieved' mean?".to_owned(),
        "2025-03-11 09:15:02 ERROR bot: no answer to \"Task exception was never retrieved\"".to_owned(),
        "2025-03-11 09:15:02 INFO report: old.log:22:2025-03-10 09:20:02 ERROR asyncio Task exception was never retrieved".to_owned(),
        "2025-03-11 09:15:02 WARNING search: query=Task exception was never retrieved hits=3".to_owned(),
        "2025-03-11 09:15:02 ERROR pager: alert Task exception was never retrieved fired".to_owned(),
        "2025-03-11 09:15:02 ERROR pager: Task exception was never retrieved x12\n2025-03-11 09:15:03 INFO pager: sent".to_owned(),
        "2025-03-11 09:15:02 ERROR shop.bot: Task exception was never retrieved\n2025-03-11 09:15:03 INFO shop.bot: sent".to_owned(),
        "src/app.py:12:    # Task exception was never retrieved".to_owned(),
        format!("[11/03/2025, 09:15] Cy: Task exception was never retrieved\n{detail}"),
        format!("Look at this:\n```\nTask exception was never retrieved\n{detail}\n```"),
        format!("# Incident\n\nIt says:\n\n```\n2025-03-11 09:15:02 ERROR asyncio: Task exception was never retrieved\n{detail}\n```\n"),
        format!("```console\n$ python main.py\nERROR:asyncio:Task exception was never retrieved\n{detail}\n```\nWhat is that?\n"),
        format!("- so:\n  ~~~\n  ...\n  ERROR:asyncio:Task exception was never retrieved\n  {detail}\n  ~~~\n"),
        "    + CategoryInfo          : NotSpecified: (2025-03-11 09:15... ERROR asyncio: Task exception was never retrieved:String) [], RemoteException".to_owned(),
        "# logged: Task exception was never retrieved".to_owned(),
        "    // Else it says: Task was destroyed but it is pending!".to_owned(),
        "| `create_task(work())` | Task exception was never retrieved | at once |".to_owned(),
        "                'message': 'Task was destroyed but it is pending!',\n".to_owned(),
        "# Task exception was never retrieved\n\nThis is a page.".to_owned(),
        "> Task exception was never retrieved\nsomebody forgot an await".to_owned(),
        format!("old.log:3:Task exception was never retrieved\nold.log-4-{detail}"),
        format!("{{\"user\": \"cy\", \"channel\": \"help\", \"text\": \"Task exception was never retrieved\\n{detail}\"}}"),
        format!("[{{\"title\": \"x\", \"html_url\": \"y\", \"body\": \"Task exception was never retrieved\\n{detail}\"}}]"),
    ];
    for text in &quotes {
        assert_eq!(incidents(text.as_bytes()), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn handlers_of_the_loop_are_no_quotes() {
    for (text, expected) in [
        (
            "2025-03-11 09:15:02 ERROR (MainThread) [homeassistant.core] Error doing job: Task was destroyed but it is pending!\nx\n",
            "task-destroyed - - - x1",
        ),
        ("[T:MainThread] ERROR:asyncio.unhandled: Task was destroyed but it is pending!\nx\n", "task-destroyed - - - x1"),
        ("asyncio unhandled: Task was destroyed but it is pending! (no exception object)\nx\n", "task-destroyed - - - x1"),
        ("ERROR:root:Task was destroyed but it is pending!\nx\n", "task-destroyed - - - x1"),
        (
            "{'exception': KeyError('x'),\n 'future': <Task finished coro=<f() done, defined at /a.py:3> exception=KeyError('x')>,\n 'message': 'Task exception was never retrieved'}\n",
            "task-failed f KeyError - x1",
        ),
        (
            "{'message': 'Task was destroyed but it is pending!',\n 'task': <Task pending coro=<f() done, defined at /a.py:3>>}\n",
            "task-destroyed f - - x1",
        ),
        (
            "[2025-03-11 09:15:02,123] WARNING in warnings: /a.py:3: RuntimeWarning: coroutine 'f' was never awaited\n  f()\n",
            "coroutine-never-awaited f - 3 x1",
        ),
        (
            "ERROR loop {'message': 'Task exception was never retrieved', 'exception': KeyError('x'), 'future': <Task finished coro=<f() done, defined at /a.py:3> exception=KeyError('x')>}\n",
            "task-failed f KeyError - x1",
        ),
    ] {
        assert_eq!(incidents(text.as_bytes()), [expected], "{text}");
    }
}

#[test]
fn what_asyncio_says_otherwise_is_counted() {
    let text = "09:15:02 WARNING asyncio: socket.send() raised exception.\n09:15:03 DEBUG asyncio: Using selector: EpollSelector\n";
    // A warning is a record that nothing ends but other lines.
    let warning = "/a.py:3: RuntimeWarning: coroutine 'f' was never awaited\n";
    for text in [text.to_owned(), format!("{warning}{text}")] {
        assert_eq!(heard_logs::Report::of(&read(text.as_bytes())).not_understood.count, 1, "{text}");
    }
}

#[test]
fn our_own_records_tell_what_became_of_a_failure() {
    let record = |id: &str, verdict: &str| {
        format!(
            "{{\"v\":1,\"event\":\"task-failed\",\"rule\":\"unread-task\",\"verdict\":\"{verdict}\",\"id\":\"{id}\",\"time\":1741680902.5,\
             \"coroutine\":\"work\",\"exception\":{{\"type\":\"KeyError\",\"message\":\"'a'\",\"traceback\":[{{\"path\":\"/a.py\",\"line\":3,\"function\":\"work\"}}]}},\
             \"born\":[{{\"path\":\"/a.py\",\"line\":9,\"function\":\"main\"}}],\"process\":7,\"repeated\":0}}\n"
        )
    };
    let text = [("1", "lost"), ("2", "unread"), ("3", "unread"), ("2", "retracted"), ("3", "escalated"), ("4", "unread")]
        .map(|(id, verdict)| record(id, verdict))
        .concat();
    assert_eq!(incidents(text.as_bytes()), ["task-failed work KeyError 3 x3"]);
}
