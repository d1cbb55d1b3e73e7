"""What runs now, as plain data: what `heard top` shows, and prints as JSON."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import os
import platform
import sys
import time
import typing

from heard import _native
from heard.monitor import case, places
from heard.watch import chain, tasks as living
from heard.watch.chain import Task
from heard.watch.loops import Loop, Loops

if typing.TYPE_CHECKING:
    from heard.monitor.install import Monitor
    from heard.record import Failure, Place

#: Tasks that are told one by one, and those that are counted by their birth. There may be many more.
_MOST_TOLD = 500
_MOST_COUNTED = 20_000
_MOST_FAILURES = 50

Data = dict[str, typing.Any]


class Snapshots:
    """Takes one when it is asked for."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.loops = Loops()

    def take(self) -> Data:
        """The state of this process. May be called in any thread but those of loops."""
        now = time.time()
        everyone = living.alive()
        seen = everyone[:_MOST_COUNTED]
        loops = {id(one.loop): one for one in self.loops.look(seen)}
        names = {key: f"loop-{number}" for number, key in enumerate(loops, 1)}
        ages = {id(task): _native.age(task) for task in seen}
        # The oldest first: those that came before the monitor, and have no age, before all.
        seen.sort(key=lambda task: -(ages[id(task)] or float("inf")))
        told = seen[:_MOST_TOLD]
        waiters = chain.awaited_by(told)
        groups = _Groups()
        of_tasks = [_task(task, waiters[task], ages[id(task)], names.get(id(task.get_loop())), groups) for task in told]
        return {
            "v": 1,
            "process": os.getpid(),
            "program": _program(),
            "python": platform.python_version(),
            "time": now,
            "loops": [_loop(one, names[key], seen) for key, one in loops.items()],
            "tasks": of_tasks,
            "births": _births(seen, ages),
            "total": len(everyone),
            "groups": groups.found(),
            "services": [service for one in loops.values() for service in _services(one)],
            "stats": dataclasses.asdict(self.monitor.reporter.stats()),
            "unread": [_failure(failure, now) for failure in self._unread()],
        }

    def _unread(self) -> list[Failure]:
        """The failures that were reported as unread and that nobody has read since."""
        held = [one.failure for one in list(self.monitor.verdicts.held.values()) if one.state is case.State.UNREAD]
        return [failure for failure in held if failure is not None][:_MOST_FAILURES]


class _Groups:
    def __init__(self) -> None:
        self.members: dict[int, tuple[typing.Any, list[str]]] = {}

    def note(self, task: Task) -> list[str]:
        found = []
        for group in chain.groups_of(task):
            self.members.setdefault(id(group), (group, []))[1].append(_id(task))
            found.append(f"{id(group):x}")
        return found

    def found(self) -> list[Data]:
        return [
            {
                "id": f"{key:x}",
                "kind": "asyncio.TaskGroup" if isinstance(group, asyncio.TaskGroup) else "heard.Group",
                "parent": _id(chain.parent_of(group)),
                "tasks": members,
            }
            for key, (group, members) in self.members.items()
        ]


def _id(task: object) -> str:
    return f"{id(task):x}"


def _program() -> list[str]:
    """As the process was started, its interpreter left out."""
    return list(sys.orig_argv[1:] or sys.argv)


def _task(task: Task, waiters: list[Task], age: float | None, loop: str | None, groups: _Groups) -> Data:
    return {
        "id": _id(task),
        "name": task.get_name(),
        "coroutine": places.coroutine_name(task.get_coro()),
        "loop": loop,
        "age": age,
        "state": _state(task),
        "born": _places(places.born(_native.birth(task))),
        "at": _places(chain.frames_of(task)),
        "awaited_by": [_id(one) for one in waiters],
        "groups": groups.note(task),
    }


def _state(task: Task) -> str:
    if task is asyncio.current_task(task.get_loop()):
        return "running"
    if task.cancelling():
        return "cancelling"
    return "ready" if getattr(task, "_fut_waiter", None) is None else "waiting"


def _births(seen: list[Task], ages: dict[int, float | None]) -> list[Data]:
    """How many tasks have the same place of birth and the same coroutine, the most first."""
    found: dict[tuple[int, str | None], list[Task]] = collections.defaultdict(list)
    for task in seen:
        found[_native.birth(task), places.coroutine_name(task.get_coro())].append(task)
    return [
        {
            "coroutine": coroutine,
            "born": _places(places.born(site)),
            "tasks": len(those),
            "oldest": max((age for one in those if (age := ages[id(one)]) is not None), default=None),
        }
        for (site, coroutine), those in sorted(found.items(), key=lambda item: -len(item[1]))[:_MOST_TOLD]
    ]


def _loop(one: Loop, name: str, seen: list[Task]) -> Data:
    kind = type(one.loop)
    return {
        "name": name,
        "kind": f"{kind.__module__}.{kind.__qualname__}",
        "thread": one.thread,
        "running": one.running,
        "tasks": sum(task.get_loop() is one.loop for task in seen),
        "blocked": one.blocked,
        "stack": _places(one.stack),
    }


def _services(one: Loop) -> list[Data]:
    from heard.work import background

    return [
        {
            "task": _id(task),
            "name": service.name,
            "state": service.state,
            "restarts": service.restarts,
            "last_failure": service.last_failure and service.last_failure.as_dict(),
        }
        for task, service in background.services_of(one.loop)
    ]


def _failure(failure: Failure, now: float) -> Data:
    # It may have come since `now`, and clocks of walls are set back.
    return failure.as_dict() | {"age": max(0.0, now - failure.time)}


def _places(those: tuple[Place, ...]) -> list[Data]:
    return [dataclasses.asdict(place) for place in those]
