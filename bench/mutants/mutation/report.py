"""The tables, the list of what heard missed, and the JSON."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from . import awaits, reads, stored
from .measure import IN_FUNCTION, ON_LINE, Elsewhere, Outcome
from .mutant import Mutant

Result = tuple[Mutant, Outcome]

TITLES = {"await": "Deleted awaits", "read": "Deleted readings", "stored": "Stored tasks"}

ROWS = (*awaits.CONTEXTS, *reads.KINDS, *stored.KINDS)


def tables(results: list[Result], elsewhere: Elsewhere) -> str:
    """For each part one table by package and one by context, and how many findings are elsewhere."""
    parts = []
    for part, title in TITLES.items():
        chosen = [result for result in results if result[0].part == part]
        if chosen:
            packages = list(dict.fromkeys(mutant.package for mutant, _ in chosen))
            by_package = table("Package", packages, chosen, lambda mutant: mutant.package)
            by_context = table("Context", list(dict.fromkeys(ROWS)), chosen, lambda mutant: mutant.context)
            parts.append(f"{title}\n\n{by_package}\n\n{by_context}")
    if elsewhere:
        counts = ", ".join(f"{column} {len(found)}" for column, found in elsewhere.items())
        parts.append(f"New findings outside the classes with stored tasks: {counts}")
    return "\n\n".join(parts)


def table(head: str, names: Iterable[str], results: list[Result], name_of: Callable[[Mutant], str]) -> str:
    columns = list(dict.fromkeys(column for _, outcome in results for column in outcome))
    groups = {name: [result for result in results if name_of(result[0]) == name] for name in names}
    rows = [[head, "mutants", *columns], ["---", *["---:"] * (len(columns) + 1)]]
    for name, group in [*groups.items(), ("all", results)]:
        if group:
            rows.append([name, str(len(group)), *(share(group, column) for column in columns)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def share(results: list[Result], column: str) -> str:
    """The share reported on the line, and with what is reported elsewhere in the function."""
    near = [outcome[column][0] for _, outcome in results if column in outcome]
    if not near:
        return "failed"
    line, function = near.count(ON_LINE), near.count(ON_LINE) + near.count(IN_FUNCTION)
    return f"{100 * line / len(near):.1f} % ({100 * function / len(near):.0f})"


def missed(results: list[Result], column: str = "heard") -> str:
    """What a tool does not report on the line, by part and context; where it says something near, what."""
    groups: dict[str, list[str]] = defaultdict(list)
    for mutant, outcome in results:
        near, said = outcome.get(column, (ON_LINE, []))
        if near == ON_LINE:
            continue
        others = [other for other, (place, _) in outcome.items() if place == ON_LINE]
        hint = f"    found by {', '.join(others)}" if others else ""
        beside = f"    near: {said[0]}" if near == IN_FUNCTION else ""
        text = f"  {mutant.package} {mutant.path}:{mutant.line}: {mutant.source_line}"
        groups[f"{TITLES[mutant.part]}: {mutant.context}"].append("\n".join(filter(None, (text, hint, beside))))
    return "\n\n".join(f"{name} ({len(lines)} missed)\n" + "\n".join(lines) for name, lines in sorted(groups.items()))


def save(path: Path, results: list[Result], elsewhere: Elsewhere) -> None:
    entries = [
        asdict(mutant) | {"reports": {column: {"near": near, "said": said} for column, (near, said) in outcome.items()}}
        for mutant, outcome in results
    ]
    path.write_text(json.dumps({"mutants": entries, "elsewhere": elsewhere}, indent=1) + "\n")
