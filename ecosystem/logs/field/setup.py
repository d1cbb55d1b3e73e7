"""Set-ups: programs in `setups/`, each with a block of metadata that says what its log should tell.

The block is that of inline script metadata. `dependencies` are the packages that it needs, and `[tool.heard]` has:

- `losses`: tables with the fields of `Loss`, where the program loses something else than the shop does;
- `without`: kinds and coroutines of the shop's losses that do not get into the log, and `also`: further ones;
- `rounds`: how often the shop loses everything, and `processes`: in how many processes. A process warns of a line once;
- `time`: whether the log tells `full` times, `part` of them, or `none`;
- `warnings`: whether warnings are `logged`, with a time, or only `printed`;
- `places`: false where the log does not tell where something was raised;
- `names`: false where the log has no repr, so that coroutines are unknown;
- `reads`: patterns of the files to read instead of what the program prints;
- `zone`: the time zone of the machine;
- `not_understood`: how many records may remain so;
- `pythons`: the oldest Python that has it;
- `environment`: variables for the program.
"""

import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .losses import LOSSES, WARNED, Loss

FOLDER = Path(__file__).parents[1] / "setups"


@dataclass(frozen=True)
class Expected:
    """What a log should tell."""

    losses: tuple[Loss, ...] = LOSSES
    time: str = "full"
    warnings: str = "printed"
    places: bool = True
    not_understood: int = 0


@dataclass(frozen=True)
class Setup:
    """A program, and what its log should tell."""

    name: str
    program: Path
    expected: Expected
    packages: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    zone: str = "UTC"
    oldest: tuple[int, ...] = (3, 11)
    environment: dict[str, str] = field(default_factory=dict, hash=False)


class BadSetup(Exception):
    """The metadata of a set-up are wrong."""


def read(folder: Path = FOLDER) -> list[Setup]:
    """All set-ups, by their names."""
    return [parse(program) for program in sorted(folder.glob("*.py"))]


def parse(program: Path) -> Setup:
    """Reads the metadata of a program."""
    found = re.search(r"^# /// script\n((?:#.*\n)+?)# ///$", program.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise BadSetup(f"{program.name} has no block of metadata")
    block = tomllib.loads(re.sub(r"^# ?", "", found[1], flags=re.MULTILINE))
    told = block.get("tool", {}).get("heard", {})
    return Setup(
        name=program.stem,
        program=program,
        expected=expected(told),
        packages=tuple(block.get("dependencies", ())),
        reads=tuple(told.get("reads", ())),
        zone=told.get("zone", "UTC"),
        oldest=tuple(map(int, told.get("pythons", "3.11").split("."))),
        environment=told.get("environment", {}),
    )


def expected(told: dict[str, Any]) -> Expected:
    """What these metadata expect."""
    without = told.get("without", ())
    losses = [loss for loss in LOSSES if loss.kind not in without and loss.coroutine not in without]
    rounds, processes = told.get("rounds", 1), told.get("processes", 1)
    losses = [loss.times(processes * (1 if loss.kind == WARNED else rounds)) for loss in losses]
    if "losses" in told:
        losses = [Loss(**loss) for loss in told["losses"]]
    losses += [Loss(**loss) for loss in told.get("also", ())]
    if not told.get("names", True):
        kept = (WARNED, "callback-raised")
        losses = [loss if loss.kind in kept else replace(loss, coroutine=None) for loss in losses]
    return Expected(
        losses=tuple(losses),
        time=told.get("time", "full"),
        warnings=told.get("warnings", "printed"),
        places=told.get("places", True),
        not_understood=told.get("not_understood", 0),
    )
