"""How main runs the strands, and how the loop is run."""

from __future__ import annotations

from collections.abc import Callable

from generator.piece import Piece, function, indented

Frame = Callable[[list[Piece]], list[str]]


def _main(pieces: list[Piece]) -> str:
    return function("main", *(piece.call for piece in pieces), "await let_run()")


def _parts(pieces: list[Piece]) -> list[str]:
    return [function(f"part_{number}", piece.call, "await let_run()") for number, piece in enumerate(pieces, 1)]


def _run(pieces: list[Piece]) -> list[str]:
    return [_main(pieces), "asyncio.run(main())"]


def _runner(pieces: list[Piece]) -> list[str]:
    return [_main(pieces), "with asyncio.Runner() as runner:\n    runner.run(main())"]


def _loop(pieces: list[Piece]) -> list[str]:
    ends = "loop = asyncio.new_event_loop()\ntry:\n    loop.run_until_complete(main())\nfinally:\n    loop.close()"
    return [_main(pieces), ends]


def _thread(pieces: list[Piece]) -> list[str]:
    return [
        _main(pieces),
        "thread = threading.Thread(target=asyncio.run, args=(main(),))\nthread.start()\nthread.join()",
    ]


def _each(pieces: list[Piece]) -> list[str]:
    return [*_parts(pieces), "\n".join(f"asyncio.run(part_{number}())" for number, _ in enumerate(pieces, 1))]


def _group(pieces: list[Piece]) -> list[str]:
    started = "\n".join(f"group.create_task(part_{number}())" for number, _ in enumerate(pieces, 1))
    body = "async with asyncio.TaskGroup() as group:\n" + indented(started)
    return [*_parts(pieces), function("main", body), "asyncio.run(main())"]


def _gather(pieces: list[Piece]) -> list[str]:
    calls = ", ".join(f"part_{number}()" for number, _ in enumerate(pieces, 1))
    return [*_parts(pieces), function("main", f"await asyncio.gather({calls})"), "asyncio.run(main())"]


def _eager(pieces: list[Piece]) -> list[str]:
    eager = "asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)"
    return [function("main", eager, *(piece.call for piece in pieces), "await let_run()"), "asyncio.run(main())"]


FRAMES: dict[str, Frame] = {
    "run": _run,
    "Runner": _runner,
    "a loop of its own": _loop,
    "a thread": _thread,
    "a loop for each": _each,
    "a group": _group,
    "gather": _gather,
    "eager tasks": _eager,
}

#: Frames that an older Python does not have.
SINCE = {"eager tasks": (3, 12)}
