"""One piece of work: how it is born, who holds it, what disturbs, and who reads it."""

from __future__ import annotations

import dataclasses
import random

from generator.births import BIRTHS
from generator.disturbances import DISTURBANCES
from generator.holders import HOLDERS
from generator.parts import THREAD, Birth, Disturbance, Holder, Reader, Work
from generator.piece import HEARD, LOST, QUIET, Piece, Truth, fill, function, marked, words
from generator.readers import DEAF, READERS, READING
from generator.words import ERRORS
from generator.works import WORKS

#: The productions of each dimension, the simplest first.
DIMENSIONS = {
    "work": {work.name: work for work in WORKS},
    "birth": {birth.name: birth for birth in BIRTHS},
    "holder": {holder.name: holder for holder in HOLDERS},
    "disturbance": {disturbance.name: disturbance for disturbance in DISTURBANCES},
    "reader": {reader.name: reader for reader in sorted(READERS, key=lambda reader: reader.name != "nobody")},
}


@dataclasses.dataclass(frozen=True)
class Single:
    """A choice in every dimension, by name."""

    noun: str
    verb: str
    error: int
    work: str
    birth: str
    holder: str
    disturbance: str
    reader: str
    #: Whether the work ends before the reader comes.
    waits: bool

    @property
    def productions(self) -> tuple[str, ...]:
        return tuple(f"{name}: {getattr(self, name)}" for name in DIMENSIONS)

    @property
    def needs_run(self) -> bool:
        return False

    def parts(self) -> tuple[Work, Birth, Holder, Disturbance, Reader]:
        return (
            DIMENSIONS["work"][self.work],
            DIMENSIONS["birth"][self.birth],
            DIMENSIONS["holder"][self.holder],
            DIMENSIONS["disturbance"][self.disturbance],
            DIMENSIONS["reader"][self.reader],
        )

    def fits(self) -> bool:
        """Whether the choices go together."""
        work, birth, holder, disturbance, reader = self.parts()
        if work.is_async != birth.is_async or birth.gives not in reader.gives or birth.gives not in holder.gives:
            return False
        if not holder.held and reader.name != "nobody":
            return False
        if reader.task_only and not birth.is_task:
            return False
        if not work.ends or work.on_cancel:
            # Somebody has to cancel it, and to be a task's own owner for that.
            simple = birth.is_task and "wait_for" not in birth.name and "thread" not in birth.name
            return simple and reader.cancels and disturbance.passes and self.waits
        return not (holder.waits and work.release)

    def fate(self) -> str:
        work, _, holder, disturbance, reader = self.parts()
        if not work.fails and not work.on_cancel:
            return QUIET
        early = bool(reader.early) and reader.reads
        return HEARD if holder.reads or early or reader.reads and disturbance.passes else LOST

    def piece(self) -> Piece:
        work, birth, holder, disturbance, reader = self.parts()
        filled = words(self.noun, self.verb, self.error)
        filled["error"] = work.raises or filled["leaf"]
        truth = Truth(filled["message"], self.fate())
        birth_module = fill(birth.module, **filled)
        born = fill(birth.expression, **filled)
        kept = fill(holder.text, birth=born, **filled)
        if "§" in birth_module:
            kept = kept.replace("§", "")
        filled["held"] = fill(holder.held, **filled)
        body = [birth.prepare, kept]
        if reader.early or reader.text.count("{held}") > 1 and holder.once:
            if filled["held"] and filled["held"] != "job":
                # What is used more than once, or before its time, has a name.
                body.append(f"job = {filled['held']}")
                filled["held"] = "job"
        body.append(fill(reader.early, **filled))
        body.append(fill(work.release, **filled))
        if self.waits or reader.after:
            body.append(birth.settle)
        body.append(fill(disturbance.text, **filled))
        body.append(fill(reader.text, **filled))
        strand = function(filled["strand"], *[marked(part, truth) for part in body])
        definitions = [fill(work.module, **filled), fill(work.text, **filled), marked(birth_module, truth)]
        definitions += [fill(part.module, **filled) for part in (holder, disturbance, reader)]
        call = fill(disturbance.call, **filled)
        if not birth.is_async:
            call += "\n" + birth.settle
        return Piece(
            tuple(dict.fromkeys(part for part in (*definitions, strand) if part)),
            call,
            (truth,),
            birth.since,
        )

    def simpler(self) -> list[Single]:
        """The same with one choice replaced by a simpler one, the simplest first."""
        # Work for a thread and a birth in one go together.
        found = [dataclasses.replace(self, work=WORKS[0].name, birth=BIRTHS[0].name)]
        for dimension, productions in DIMENSIONS.items():
            names = list(productions)
            for name in names[: names.index(getattr(self, dimension))]:
                found.append(dataclasses.replace(self, **{dimension: name}))
        if self.waits:
            found.append(dataclasses.replace(self, waits=False))
        return [one for one in found if one != self and one.fits()]


def draw(chance: random.Random, noun: str, verb: str) -> Single:
    """Any choices that go together."""
    while True:
        birth = chance.choices(BIRTHS, [3 if birth.gives == THREAD else 1 for birth in BIRTHS])[0]
        readers = READING if chance.random() < 0.6 else DEAF
        holder = chance.choice(HOLDERS)
        # What cannot be reached cannot be read.
        reader = chance.choice([one for one in readers if birth.gives in one.gives]).name if holder.held else "nobody"
        single = Single(
            noun=noun,
            verb=verb,
            error=chance.randrange(len(ERRORS)),
            work=chance.choice([work for work in WORKS if work.is_async == birth.is_async]).name,
            birth=birth.name,
            holder=holder.name,
            disturbance=chance.choice(DISTURBANCES).name if chance.random() < 0.5 else "nothing",
            reader=reader,
            waits=chance.random() < 0.6,
        )
        if single.fits():
            return single
