"""What the runtime does not say of the oracle's programs, and why."""

from judge.compare import MISSED
from judge.undecided import Undecided

_USED = "the list of outcomes is used, and nobody can tell for what"
_MEANT = "a library that gives a future a failure, and then cancels it, says that nobody has to read it"
UNDECIDED = (
    Undecided((("plot: gather of exceptions of which one is looked at",),), MISSED, _USED),
    Undecided(
        (
            ("birth: a future",),
            ("reader: cancel", "reader: cancel in a loop", "reader: the shutdown's cancel and gather"),
        ),
        MISSED,
        _MEANT,
    ),
)
