"""Several pieces of work in one strand: what a gather, a wait or a group makes of the failures of siblings."""

from __future__ import annotations

import dataclasses
import random

from generator.piece import HEARD, LOST, QUIET, Piece, Truth, fill, function, words
from generator.plot import ENDS, FAILS, GOES_ON, NAMES, TURNS, Cast, Plot, Sibling
from generator.plots import gathers, shutdowns, waits
from generator.words import ERRORS

#: By name.
PLOTS: dict[str, Plot] = {plot.name: plot for plot in (*gathers.PLOTS, *waits.PLOTS, *shutdowns.PLOTS)}


@dataclasses.dataclass(frozen=True)
class Scene:
    """A plot and its cast."""

    noun: str
    verb: str
    error: int
    plot: str
    cast: Cast

    @property
    def productions(self) -> tuple[str, ...]:
        return (f"plot: {self.plot}", *(f"sibling: {one.outcome} after {one.turns}" for one in self.cast))

    @property
    def needs_run(self) -> bool:
        return False

    def piece(self) -> Piece:
        plot = PLOTS[self.plot]
        filled = words(self.noun, self.verb, self.error)
        reason = filled["message"].partition(": ")[2]
        fates = plot.fates(self.cast)
        truths = tuple(Truth(f"{self.noun} {name}: {reason}", fate) for name, fate in fates.items())
        filled["calls"] = ", ".join(f'{filled["work"]}("{one.name}", {one.turns})' for one in self.cast)
        filled["message"] = reason
        sign = _sign(truths)
        work = _work(self.cast, filled)
        module = fill(plot.module, **filled).replace("§", sign)
        strand = function(filled["strand"], fill(plot.text, **filled).replace("§", sign))
        definitions = [part for part in (module, work, strand) if part]
        return Piece(tuple(definitions), fill(plot.call, **filled), truths, plot.since)

    def simpler(self) -> list[Scene]:
        """The same with a sibling less."""
        if len(self.cast) == 1:
            return []
        return [dataclasses.replace(self, cast=self.cast[:i] + self.cast[i + 1 :]) for i in range(len(self.cast))]


def _sign(truths: tuple[Truth, ...]) -> str:
    """The mark of the line where the siblings are born: lost if one of them is."""
    fates = {truth.fate for truth in truths}
    fate = LOST if LOST in fates else HEARD if HEARD in fates else QUIET
    messages = "|".join(truth.message for truth in truths if truth.fate != QUIET)
    return "" if fate == QUIET else f"  # {fate} @{messages}@"


def _work(cast: Cast, filled: dict[str, str]) -> str:
    """The function that all siblings run."""
    names = {outcome: [one.name for one in cast if one.outcome == outcome] for outcome in (FAILS, ENDS, GOES_ON)}
    lines = ["for _ in range(turns):", "    await asyncio.sleep(0)"]
    if names[GOES_ON]:
        lines += [f"if name in {names[GOES_ON]}:".replace("'", '"'), "    await asyncio.sleep(3600)"]
    if names[FAILS]:
        failure = f'raise {filled["leaf"]}(f"{filled["noun"]} {{name}}: {filled["message"]}")'
        if names[ENDS] or names[GOES_ON]:
            lines += [f"if name in {names[FAILS]}:".replace("'", '"'), f"    {failure}"]
        else:
            lines.append(failure)
    return function(filled["work"], "\n".join(lines), arguments="name: str, turns: int")


def draw(chance: random.Random, noun: str, verb: str) -> Scene:
    """Any plot with two to four siblings, of whom one at least fails."""
    plot = PLOTS[chance.choice(list(PLOTS))]
    names = NAMES[: chance.randint(2, 4)]
    turns = chance.sample(TURNS, len(names))
    outcomes = chance.choices((FAILS, ENDS, GOES_ON) if plot.endless else (FAILS, ENDS), k=len(names))
    outcomes[chance.randrange(len(names))] = FAILS
    cast = tuple(Sibling(*one) for one in zip(names, turns, outcomes))
    return Scene(noun, verb, chance.randrange(len(ERRORS)), plot.name, cast)
