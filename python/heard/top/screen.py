"""The screen of `heard top`."""

from __future__ import annotations

import time
import typing
from collections.abc import Callable
from pathlib import PurePath

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from heard.monitor.places import shown
from heard.report.text import counted

Data = dict[str, typing.Any]
#: Rows of each table on a screen that is not as high as it would have to be.
_FEWEST_ROWS = 5


def show(first: Data, again: Callable[[], Data] | None, interval: float) -> None:
    """Shows it once, or until Ctrl-C with what `again` gives."""
    console = Console()
    if again is None:
        # All of it: nothing is cut where it can be scrolled, or goes to a file.
        console.print(render(first, None))
        return
    with Live(render(first, console.height), console=console, screen=console.is_terminal, auto_refresh=False) as live:
        live.refresh()
        while True:
            time.sleep(interval)
            live.update(render(again(), console.height), refresh=True)


def render(data: Data, height: int | None) -> RenderableType:
    """The tables, so that they fit on a screen of so many lines."""
    parts: list[RenderableType] = [_head(data)]
    parts += [line for loop in data["loops"] if (line := _loop(loop)) is not None]
    failures, services, groups = data["unread"], data["services"], data["groups"]
    if failures:
        parts.append(_failures(failures, None if height is None else _FEWEST_ROWS))
    if services:
        parts.append(_services(services, None if height is None else _FEWEST_ROWS))
    if groups:
        parts.append(_groups(data, None if height is None else _FEWEST_ROWS))
    taken = len(data["loops"]) + sum(min(len(one), _FEWEST_ROWS) + 4 for one in (failures, services, groups) if one)
    parts.append(_tasks(data, None if height is None else max(_FEWEST_ROWS, height - taken - 6)))
    return Group(*parts)


def _head(data: Data) -> Text:
    stats = data["stats"]
    failures = ", ".join(f"{stats[name]} {name}" for name in ("lost", "unread", "retracted") if stats[name])
    text = Text()
    text.append(f"process {data['process']}", style="bold")
    text.append(f"  {' '.join(data['program'])}  ", style="dim")
    text.append(f"{counted(data['total'], 'task')}, failures: ")
    text.append(failures or "none", style="bold red" if failures else "green")
    return text


def _loop(loop: Data) -> RenderableType | None:
    if loop["blocked"] is None:
        return None
    name = f"{loop['name']} ({loop['thread'] or 'thread unknown'})"
    text = Text(f"{name} has not turned for {duration(loop['blocked'])}: ", style="bold red")
    text.append(" < ".join(place(one) for one in loop["stack"][:3]))
    return text


def _failures(failures: list[Data], most: int | None) -> RenderableType:
    table = _table("Unread failures", "failure", "coroutine", "born", "age")
    for one in failures[:most]:
        raised = one["exception"] or {}
        said = f"{raised.get('type', '?')}: {raised.get('message', '')}"
        row = (said, one["coroutine"] or one["task"] or "", _first(one["born"]), duration(one["age"]))
        table.add_row(*map(escape, row))
    return _with_rest(table, len(failures), most)


def _services(services: list[Data], most: int | None) -> RenderableType:
    table = _table("Services", "service", "state", "restarts", "last failure")
    for one in services[:most]:
        raised = (one["last_failure"] or {}).get("exception")
        said = f"{raised['type']}: {raised['message']}" if raised else ""
        table.add_row(*map(escape, (one["name"], one["state"], str(one["restarts"]), said)))
    return _with_rest(table, len(services), most)


def _groups(data: Data, most: int | None) -> RenderableType:
    named = {task["id"]: task for task in data["tasks"]}
    table = _table("Groups", "group", "tasks", "of")
    for one in data["groups"][:most]:
        parent = named.get(one["parent"])
        table.add_row(*map(escape, (one["kind"], str(len(one["tasks"])), _title(parent) if parent else "")))
    return _with_rest(table, len(data["groups"]), most)


def _tasks(data: Data, most: int | None) -> RenderableType:
    named = {task["id"]: task for task in data["tasks"]}
    table = _table("Tasks by birth", "coroutine", "born", "tasks", "oldest", "at", "awaited by")
    first: dict[tuple[str | None, str], Data] = {}
    for task in data["tasks"]:
        first.setdefault((task["coroutine"], _first(task["born"])), task)
    for one in data["births"][:most]:
        born = _first(one["born"])
        example = first.get((one["coroutine"], born))
        at = _first(_without_asyncio(example["at"])) if example else ""
        waiters = [_title(named[key]) for key in example["awaited_by"] if key in named] if example else []
        row = (one["coroutine"] or "?", born, str(one["tasks"]), duration(one["oldest"]), at, ", ".join(waiters[:3]))
        table.add_row(*map(escape, row))
    return _with_rest(table, len(data["births"]), most)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", expand=True, box=None, padding=(0, 1))
    for column in columns:
        is_number = column in ("tasks", "oldest", "age", "restarts")
        side: typing.Literal["left", "right"] = "right" if is_number else "left"
        table.add_column(column, header_style="dim", justify=side, no_wrap=is_number, overflow="fold")
    return table


def _with_rest(table: Table, count: int, most: int | None) -> RenderableType:
    return table if most is None or count <= most else Group(table, Text(f" … and {count - most} more", style="dim"))


def _title(task: Data) -> str:
    return f"{task['name']} ({task['coroutine']})"


def _without_asyncio(frames: list[Data]) -> list[Data]:
    """The frames from where the program waits on, if it is there: how `asyncio.sleep` waits is no news."""
    for index, frame in enumerate(frames):
        if not PurePath(frame["path"]).parent.match("python3.*/asyncio"):
            return frames[index:]
    return frames


def _first(places: list[Data]) -> str:
    return place(places[0]) if places else ""


def place(one: Data) -> str:
    """A line of the program, as short as it can be said."""
    return f"{shown(one['path'])}:{one['line']} in {one['function']}"


def duration(seconds: float | None) -> str:
    """A time in the unit that suits it; empty where it is not known."""
    if seconds is None:
        return ""
    for most, unit, size in ((120, "s", 1), (7200, "min", 60), (172_800, "h", 3600)):
        if seconds < most:
            return f"{seconds / size:.1f} {unit}" if unit == "s" and seconds < 10 else f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"
