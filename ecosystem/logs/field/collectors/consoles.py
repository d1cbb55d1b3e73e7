"""What terminals, editors, pages and people who paste make of lines, and how files are encoded."""

import json
import re
from collections.abc import Callable

from ..running import Seen
from .collector import Collector, each, joined


def numbered(form: str) -> Callable[[list[Seen]], bytes]:
    return lambda lines: "".join(
        form.format(number=number, text=line.text) + "\n" for number, line in enumerate(lines, 1)
    ).encode()


def _boxed(lines: list[Seen]) -> bytes:
    width = max(len(line.text) for line in lines)
    inside = "".join(f"│ {line.text.ljust(width)} │\n" for line in lines)
    return f"┌{'─' * (width + 2)}┐\n{inside}└{'─' * (width + 2)}┘\n".encode()


def _wrapped(width: int) -> Callable[[list[Seen]], bytes]:
    def cut(text: str) -> str:
        return "\n".join(text[at : at + width] for at in range(0, len(text), width)) or ""

    return each(lambda text, at: cut(text))


def _cards(lines: list[Seen]) -> bytes:
    """A user interface shows each record in a block that says how often it has come."""
    begins = re.compile(r"(?:\S+ \S+ (?:INFO|WARNING|ERROR) \S+ )?(.*(?:Task|Future|Exception in|RuntimeWarning: c).*)")
    others = re.compile(r"\S+ \S+ (?:INFO|WARNING) shop|RuntimeWarning: Enable")
    cards = []
    for line in lines:
        if others.match(line.text):
            cards.append("")
        elif line.text[:1].isspace() or not (found := begins.fullmatch(line.text)) or line.text.startswith("future"):
            cards[-1] += f"{line.text}\n"
        else:
            clock = f"{line.at:%B %d, %Y at %I:%M:%S %p}"
            head = f"Logger: homeassistant\nSource: runner.py:186\nFirst occurred: {clock} (3 occurrences)"
            cards.append(f"{head}\nLast logged: {clock}\n\n{found[1]}\n")
    return "\n".join(cards).encode()


def _old_python(lines: list[Seen]) -> bytes:
    """Reprs as Python 3.6 wrote them, on Windows: tasks without names, and a comma behind a single argument."""
    text = re.sub(r" name='[^']*'(?= coro=)", "", joined(lines))
    text = re.sub(r"(exception=\w+\('[^'\n]*')\)", r"\1,)", text)
    return re.sub(r"/[^\s\"<>]*/(?=shop\.py)", r"C:\\\\Shop Tills\\\\", text).encode()


def _pasted(lines: list[Seen]) -> bytes:
    """Somebody has pasted it where lines that do not begin a record are indented by one blank."""
    begins = re.compile(r"\d{4}-|(?:Task|Future|_Gathering|Exception in)\b")
    return "".join(f"{'' if begins.match(line.text) else ' '}{line.text}\n" for line in lines).encode()


def _returns(lines: list[Seen]) -> bytes:
    return joined(lines, "\r").encode()


COLLECTORS = (
    Collector("cat-all", "none", each(lambda text, at: text.replace("\t", "^I").replace("\x1b", "^[") + "$")),
    Collector(
        "typescript",
        "none",
        lambda lines: f"Script started on 2025-03-11\n{joined(lines, chr(13) + chr(10))}\nScript done\n".encode(),
    ),
    Collector(
        "shouted-prompt",
        "none",
        lambda lines: f"root@wharf:/srv# python shop.py\n{joined(lines)}root@wharf:/srv# ".encode(),
    ),
    Collector("double-spaced-times", "part", each(lambda text, at: f"{at:%H:%M:%S}  {text}", "\n\n")),
    Collector("trailing-commas", "none", each(lambda text, at: f"{json.dumps(text)},")),
    Collector("repeated", "none", lambda lines: joined([*lines, *lines]).encode(), 2),
    Collector("no-last-end", "none", lambda lines: joined(lines).rstrip().encode()),
    Collector("zeros-between", "none", lambda lines: joined(lines, "\n\0\0").encode()),
    Collector("python-reprs", "none", each(lambda text, at: repr(text))),
    Collector("numbered", "none", numbered("{number:>6}\t{text}")),
    Collector("numbered-colon", "none", numbered("{number}: {text}")),
    Collector("numbered-bar", "none", numbered("{number:4d} | {text}")),
    Collector("numbered-bracket", "none", numbered("[{number}] {text}")),
    Collector("indented", "none", each(lambda text, at: f"    {text}")),
    Collector("tab-indented", "none", each(lambda text, at: f"\t{text}")),
    Collector(
        "grey-times", "part", each(lambda text, at: f"\x1b[90m{at:%H:%M:%S}\x1b[39m \x1b[36mshop\x1b[39m {text}")
    ),
    Collector("less", "none", each(lambda text, at: f"\x1b[0m{text}\x1b[0m\x1b[K")),
    Collector("boxed", "none", _boxed),
    Collector("blank-lines", "none", each(lambda text, at: text, "\n\n")),
    Collector("trailing-blanks", "none", each(lambda text, at: text.ljust(200))),
    Collector("wrapped-80", "none", _wrapped(80)),
    Collector("wrapped-120", "none", _wrapped(120)),
    Collector("returns-and-feeds", "none", each(lambda text, at: text, "\r\n")),
    Collector("returns", "none", _returns),
    Collector("feeds-and-returns", "none", each(lambda text, at: text, "\n\r")),
    Collector("utf-8-mark", "none", lambda lines: b"\xef\xbb\xbf" + joined(lines).encode()),
    Collector("utf-16", "none", lambda lines: joined(lines, "\r\n").encode("utf-16-le")),
    Collector("utf-16-mark", "none", lambda lines: b"\xfe\xff" + joined(lines).encode("utf-16-be")),
    Collector(
        "html",
        "none",
        lambda lines: (
            "<pre>\n" + joined(lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") + "</pre>\n"
        ).encode(),
    ),
    Collector("card", "full", _cards, 3),
    Collector("old-python", "none", _old_python),
    Collector("pasted", "none", _pasted),
)
