"""Writes samples in all shapes, and compares what heard finds in them."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from shapes.places import tagged, text_and_tags
from shapes.samples import Sample
from shapes.shapes import SHAPES, Files, Shape, as_it_is

#: A finding: its rule, its level, and which statement of the sample it lies on; none for a new one.
Place = tuple[str, str, int | None]
ORIGINAL = Shape("as it is", as_it_is)


@dataclasses.dataclass(frozen=True)
class Trial:
    """A sample in a shape."""

    sample: Sample
    shape: Shape
    #: The text of each file, and which statement of the sample is on each of its lines.
    files: dict[str, tuple[str, dict[int, int | None]]]


@dataclasses.dataclass(frozen=True)
class Difference:
    """What is found in one shape and not in the other."""

    trial: Trial
    gone: tuple[Place, ...]
    new: tuple[Place, ...]

    @property
    def kind(self) -> tuple[str, tuple[tuple[str, str, str], ...]]:
        """The shape, and the rules and levels that differ."""
        signs = [("-", rule, level) for rule, level, _ in self.gone]
        signs += [("+", rule, level) for rule, level, _ in self.new]
        return self.trial.shape.name, tuple(sorted(set(signs)))

    def write(self, path: Path) -> None:
        """Writes both shapes, and what differs."""
        path.parent.mkdir(parents=True, exist_ok=True)
        says = [f"{self.trial.sample.name}: {self.trial.shape.name}"]
        says += [f"gone: {rule} ({level})" for rule, level, _ in self.gone]
        says += [f"new: {rule} ({level})" for rule, level, _ in self.new]
        files = {"as it is": self.trial.sample.text, **{name: text for name, (text, _) in self.trial.files.items()}}
        path.write_text("\n".join(says + [f"\n== {name}\n{text}" for name, text in files.items()]) + "\n")


def trial(sample: Sample, shape: Shape) -> Trial | None:
    """The sample in a shape, if it can have that."""
    files = shape.change(tagged(sample.tree()))
    try:
        return None if files is None else Trial(sample, shape, _written(files))
    except ValueError:
        return None


def _written(files: Files) -> dict[str, tuple[str, dict[int, int | None]]]:
    return {name: text_and_tags(tree) for name, tree in files.items()}


def found_in(heard: Path, all_trials: list[Trial]) -> list[collections.Counter[Place]]:
    """What heard finds in each; every one is a project of its own."""
    folder = Path(tempfile.mkdtemp(prefix="shapes-"))
    try:
        for number, trial in enumerate(all_trials):
            for name, (text, _) in trial.files.items():
                path = folder / str(number) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        projects = [str(number) for number, _ in enumerate(all_trials)]
        command = [str(heard), "check", "--no-cache", "--level", "preview", "--output-format", "json-lines", *projects]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(folder)
    if ran.returncode not in (0, 1):
        raise SystemExit(f"shapes: {heard} check ends with {ran.returncode}: {ran.stderr[-2000:]}")
    found: list[collections.Counter[Place]] = [collections.Counter() for _ in all_trials]
    for line in ran.stdout.splitlines():
        one = json.loads(line)
        number, _, name = one["path"].partition("/")
        _, tags = all_trials[int(number)].files[name]
        if name.startswith("twin/"):
            continue
        found[int(number)][one["rule"], one["level"], tags.get(one["line"])] += 1
    return found


def differences(heard: Path, pairs: list[tuple[Sample, Shape]]) -> tuple[int, list[Difference]]:
    """How many of the samples have these shapes, and those in which heard finds something else."""
    changed = [one for one in itertools.starmap(trial, pairs) if one is not None]
    if not changed:
        return 0, []
    whole = {one.sample: trial(one.sample, ORIGINAL) for one in changed}
    originals = [one for one in whole.values() if one is not None]
    said = found_in(heard, [*originals, *changed])
    original = {one.sample: says for one, says in zip(originals, said)}
    found = []
    for one, says in zip(changed, said[len(originals) :]):
        before = original.get(one.sample, says)
        if says != before:
            found.append(Difference(one, tuple((before - says).elements()), tuple((says - before).elements())))
    return len(changed), found
