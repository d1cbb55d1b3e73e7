"""The command line: `python -m heard run [OPTIONS] PROGRAM [ARGUMENTS]`, `python -m heard prove` and
`python -m heard top PROCESS`; all other commands are the program's."""

from __future__ import annotations

import argparse
import os
import sys

from heard import __version__
from heard.settings import Settings


def main(arguments: list[str] | None = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] == "prove":
        from heard.launch import prove

        prove.main(arguments[1:])
    if arguments and arguments[0] not in ("run", "top") and not arguments[0].startswith("-"):
        from heard.launch import binary

        binary.hand_over(arguments)
    options = _parser().parse_args(arguments)
    if options.command_name == "top":
        from heard.top import command

        sys.exit(command.run(options.target, interval=options.interval, as_json=options.json, once=options.once))
    if not options.program:
        _parser().error("run: which program? Give a file, - for standard input, -m and a module, or -c and a command")
    from heard.launch import run
    from heard.launch.program import Kind

    try:
        settings = Settings(
            grace=options.grace,
            escalate=options.escalate,
            origins=options.origins,
            ignore=tuple(options.ignore),
            json=_target(options.json),
        ).checked()
    except ValueError as error:
        _parser().error(f"run: {error}")
    try:
        if isinstance(settings.json, str):
            open(settings.json, "ab").close()
        elif settings.json is not None:
            os.fstat(settings.json)
    except OSError as error:
        _parser().error(f"run: cannot write to {options.json}: {error.strerror}")
    kind = Kind.MODULE if options.module else Kind.COMMAND if options.command else Kind.PATH
    run.launch(settings, kind, options.program, strict=options.strict, summary=not options.quiet)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m heard",
        description="Hears every asyncio failure of a program when it happens.",
        epilog="Other commands, like check and audit, are those of the program heard: pip install heard.",
    )
    parser.add_argument("--version", action="version", version=f"heard-runtime {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    top = commands.add_parser("top", help="show what runs now in a monitored process that is watched")
    top.set_defaults(command_name="top")
    top.add_argument("target", metavar="PROCESS", help="the number of the process, or unix:///PATH, its socket")
    top.add_argument("--json", action="store_true", help="print a line of JSON each time, in place of the screen")
    top.add_argument("--once", action="store_true", help="look once, and end")
    top.add_argument(
        "--interval", metavar="SECONDS", type=_interval, default=1.0, help="how long to wait between looks (default: 1)"
    )
    run = commands.add_parser("run", help="run a program, and the Python programs it starts, with the monitor on")
    run.set_defaults(command_name="run")
    run.add_argument(
        "--strict", action="store_true", help="exit with 1 if failures were lost and the program itself ends well"
    )
    run.add_argument(
        "--json", metavar="FILE", help="append every record as a line of JSON to this file, or to this descriptor"
    )
    run.add_argument(
        "--ignore",
        metavar="NAME",
        action="append",
        default=[],
        help="do not report this exception, coroutine or task (may be repeated)",
    )
    run.add_argument(
        "--origins",
        metavar="N",
        type=int,
        default=0,
        help="keep N frames of where coroutines are made, for those that are never awaited",
    )
    run.add_argument(
        "--grace",
        metavar="SECONDS",
        type=float,
        default=1.0,
        help="how long a failed task may wait for its reader (default: 1)",
    )
    run.add_argument(
        "--escalate",
        metavar="SECONDS",
        type=float,
        default=60.0,
        help="when an unread failure counts as lost (default: 60)",
    )
    run.add_argument("-q", "--quiet", action="store_true", help="no summary at the end")
    commands.add_parser("prove", help="tell of each finding of `heard check` whether the tests prove it", add_help=False)
    what = run.add_mutually_exclusive_group()
    what.add_argument("-m", dest="module", action="store_true", help="the program is a module")
    what.add_argument("-c", dest="command", action="store_true", help="the program is a command")
    run.add_argument(
        "program",
        nargs=argparse.REMAINDER,
        metavar="PROGRAM ...",
        help="a file, a folder or an archive, - for standard input, with -m a module, with -c a command; "
        "then its arguments",
    )
    return parser


def _target(json: str | None) -> str | int | None:
    if json is None:
        return None
    return int(json) if json.isdigit() else os.path.abspath(json)


def _interval(text: str) -> float:
    seconds = float(text)
    if not 0.1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("it is a number of seconds, from 0.1 to 3600")
    return seconds
