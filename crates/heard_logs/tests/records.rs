//! What a program has written to its standard error, and what is to be found in it.

/// Lines as Python 3.13 writes them without a formatter: marks are under more sources than before.
pub(crate) const LINES: &str = r#"Task exception was never retrieved
future: <Task finished name='Task-2' coro=<Till.pay() done, defined at /srv/shop/till.py:11> exception=RuntimeError('till 1 is shut')>
Traceback (most recent call last):
  File "/srv/shop/till.py", line 13, in pay
    self.open()
    ~~~~~~~~~^^
  File "/srv/shop/till.py", line 8, in open
    raise RuntimeError(f"till {self.number} is shut")
RuntimeError: till 1 is shut
Task exception was never retrieved
future: <Task finished name='Task-3' coro=<Till.pay() done, defined at /srv/shop/till.py:11> exception=RuntimeError('till 2 is shut')>
Traceback (most recent call last):
  File "/srv/shop/till.py", line 13, in pay
    self.open()
    ~~~~~~~~~^^
  File "/srv/shop/till.py", line 8, in open
    raise RuntimeError(f"till {self.number} is shut")
RuntimeError: till 2 is shut
_GatheringFuture exception was never retrieved
future: <_GatheringFuture finished exception=shop.Empty('no bread')>
Traceback (most recent call last):
  File "/srv/shop/shelf.py", line 20, in take
    return self.rows[name]
           ~~~~~~~~~^^^^^^
KeyError: 'bread'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/shop/shelf.py", line 22, in take
    raise Empty(f"no {name}") from error
shop.Empty: no bread
Exception in callback ring(<shop.Bell ob...x7f00aa11bb22>, 3) at /srv/shop/bell.py:5
handle: <Handle ring(<shop.Bell ob...x7f00aa11bb22>, 3) at /srv/shop/bell.py:5>
Traceback (most recent call last):
  File "/usr/local/lib/python3.13/asyncio/events.py", line 89, in _run
    self._context.run(self._callback, *self._args)
    ~~~~~~~~~~~~~~~~~^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/srv/shop/bell.py", line 6, in ring
    bell.strokes /= times - 3
ZeroDivisionError: division by zero
/srv/shop/main.py:31: RuntimeWarning: coroutine 'Shelf.count' was never awaited
  shelf.count()
RuntimeWarning: Enable tracemalloc to get the object allocation traceback
Task was destroyed but it is pending!
task: <Task pending name='lamp' coro=<lamp() done, defined at /srv/shop/main.py:3> wait_for=<Future pending cb=[Task.task_wakeup()]>>
Unclosed client session
client_session: <aiohttp.client.ClientSession object at 0x7f00aa11bb33>
"#;

/// What is in them.
pub(crate) const EXPECTED: [&str; 6] = [
    "callback-raised ring ZeroDivisionError 6 x1",
    "coroutine-never-awaited Shelf.count - 31 x1",
    "gather-failed - shop.Empty 22 x1",
    "task-destroyed lamp - - x1",
    "task-failed Till.pay RuntimeError 8 x2",
    "unclosed - - - x1",
];

/// What stands in a log behind the message, and what is to be found.
pub(crate) const SHAPES: [(&str, &[&str]); 14] = [
    // Cloud Foundry begins its lines with blanks.
    (
        "   2025-03-11T08:10:02.12+0000 [APP/PROC/WEB/0] ERR ERROR loop: {'message': 'Task exception was never retrieved', 'exception': KeyError('x'), 'future': <Task finished coro=<f() done, defined at /a.py:3> exception=KeyError('x')>}\n",
        &["task-failed f KeyError - x1"],
    ),
    // A container's stream in which there is nothing else.
    (
        "2025-03-11T08:10:02.123456789Z stderr F /srv/a.py:3: RuntimeWarning: coroutine 'f' was never awaited\n2025-03-11T08:10:02.123456789Z stderr F   f()\n",
        &["coroutine-never-awaited f - 3 x1"],
    ),
    // A console has broken the message at its column, which is behind the name of a service.
    (
        "web-1  | [09:15:02] WARNING  /srv/a.py:3: RuntimeWarning: coroutine 'f' was         warnings.py:112\nweb-1  |                     never awaited\nweb-1  |                       f()\n",
        &["coroutine-never-awaited f - 3 x1"],
    ),
    // Ray counts what others have written too.
    (
        "(Depot pid=811) Unclosed client session\n(Depot pid=812) Unclosed client session [repeated 3x across cluster]\n(Depot pid=811) open\n",
        &["unclosed - - - x4"],
    ),
    // A daemon of syslog counts what it does not write again; where that is the last line of several, it is none of them.
    (
        "Mar 11 09:15:02 wharf shop[811]: /srv/a.py:3: RuntimeWarning: coroutine 'f' was never awaited\nMar 11 09:15:09 wharf last message repeated 3 times\n",
        &["coroutine-never-awaited f - 3 x4"],
    ),
    (
        "Mar 11 09:15:02 wharf shop[811]: Unclosed client session\nMar 11 09:15:09 wharf --- last message repeated 1 time ---\n",
        &["unclosed - - - x2"],
    ),
    ("Mar 11 09:15:02 wharf shop[811]: message repeated 2 times: [ Unclosed client session]\n", &["unclosed - - - x2"]),
    (
        "Mar 11 09:15:02 wharf shop[811]: Unclosed client session\nMar 11 09:15:02 wharf shop[811]: client_session: <aiohttp.client.ClientSession object at 0x7f00>\nMar 11 09:15:09 wharf last message repeated 3 times\n",
        &["unclosed - - - x1"],
    ),
    // What a model says is no document, and a program's own lines come in between.
    (
        "Sure:\n```python\nawait f()\nTask was destroyed but it is pending!\ntask: <Task pending name='T' coro=<lamp() done, defined at /a.py:3>>\n```\n",
        &["task-destroyed lamp - - x1"],
    ),
    // A column of numbers, and a group before.
    (
        "   121 asyncio ERROR Task exception was never retrieved\n  + Exception Group Traceback (most recent call last):\n  |   File \"/a.py\", line 5, in f\n  | ExceptionGroup: two (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | KeyError: 'a'\n    +------------------------------------\n   140 asyncio ERROR Task was destroyed but it is pending!\ntask: <Task pending name='T' coro=<lamp() done, defined at /a.py:3>>\n",
        &["task-destroyed lamp - - x1", "task-failed - ExceptionGroup 5 x1"],
    ),
    // Cut between a cause and what came of it.
    (
        "ERROR asyncio: Task exception was never retrieved\nfuture: <Task finished coro=<f() done, defined at /a.py:1> exception=Shut('x')>\nTraceback (most recent call last):\n  File \"/a.py\", line 2, in f\n    int('x')\nValueError: x\n\nDuring handling of t... (truncated)\nINFO shop: open\n",
        &["task-failed f Shut - x1"],
    ),
    // All of the traceback is indented by a tab.
    (
        "ERROR asyncio: Exception in callback ring() at /a.py:5\nhandle: <Handle ring() at /a.py:5>\n\tFile \"/a.py\", line 6, in ring\n\t    5  def ring():\n\t--> 6      bell()\n\n\tLookupError: bell\n",
        &["callback-raised ring LookupError 6 x1"],
    ),
    // Standard error of a program under PowerShell.
    (
        "python : 2025-03-11 09:15:02,123 ERROR [asyncio] Task was destroyed but it is pending!\nAt line:1 char:1\n+ python main.py 2> log\n+ ~~~~~~~~~~~~~~~~~~~~~\n    + CategoryInfo          : NotSpecified: (2025-03-11 09:15:02,123 ERROR [asyncio] Task was destroyed but it is pending!:String) [], RemoteException\n    + FullyQualifiedErrorId : NativeCommandError\n \ntask: <Task pending name='T' coro=<lamp() done, defined at /a.py:3>>\n",
        &["task-destroyed lamp - - x1"],
    ),
    // The text is a repr.
    (
        "2025-03-11 09:15:02 ERROR asyncio 'Task was destroyed but it is pending!\\ntask: <Task pending name=\\'T\\' coro=<lamp() done, defined at /a.py:3>>'\n",
        &["task-destroyed lamp - - x1"],
    ),
];

#[test]
fn records_of_any_shape_are_read() {
    for (text, expected) in SHAPES {
        assert_eq!(crate::incidents(text.as_bytes()), expected, "{text}");
    }
}

/// The lines, one by one.
pub(crate) fn lines() -> Vec<&'static str> {
    LINES.lines().collect()
}

/// The records, each with the lines that belong to it.
pub(crate) fn records() -> Vec<String> {
    let mut records: Vec<String> = Vec::new();
    let begins = |line: &str| {
        ["Task exc", "_Gathering", "Exception in", "/srv/shop/main.py:31", "Task was", "Unclosed"].iter().any(|head| line.starts_with(head))
    };
    for line in lines() {
        match records.last_mut().filter(|_| !begins(line)) {
            Some(record) => {
                record.push('\n');
                record.push_str(line);
            }
            None => records.push(line.to_owned()),
        }
    }
    records
}
