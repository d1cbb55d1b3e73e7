"""What differs between the findings that are expected and those that are there."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from .expected import Expected, Finding, Judged


@dataclass(frozen=True)
class Difference:
    same: tuple[Judged, ...] = ()
    # What is expected, and what is there in its stead: at another place or level, or in other words.
    changed: tuple[tuple[Judged, Finding], ...] = ()
    gone: tuple[Judged, ...] = ()
    new: tuple[Finding, ...] = ()
    # What went wrong, if that is not what is expected.
    trouble: tuple[str, ...] = ()
    past_trouble: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone or self.new or self.troubled)

    @property
    def troubled(self) -> bool:
        return bool(self.trouble or self.past_trouble)


def compare(expected: Expected, found: Iterable[Finding], trouble: Sequence[str] = ()) -> Difference:
    """Pairs the findings by fingerprint; by place and rule where the fingerprint is another."""
    same, changed = [], []
    known, left = list(expected.findings), list(found)
    for key in (by_fingerprint, by_place):
        pairs, known, left = paired(known, left, key)
        same += [one for one, finding in pairs if one.finding == finding]
        changed += [(one, finding) for one, finding in pairs if one.finding != finding]
    fresh = tuple(line for line in trouble if line not in expected.trouble)
    past = tuple(line for line in expected.trouble if line not in trouble)
    return Difference(tuple(same), tuple(changed), tuple(known), tuple(left), fresh, past)


def blessed(expected: Expected, difference: Difference) -> Expected:
    """The package as it is: judgements stay with findings that changed, those that are new have none.

    Trouble is never blessed, since it is a defect of heard.
    """
    changed = (replace(one, finding=finding) for one, finding in difference.changed)
    new = (Judged(finding) for finding in difference.new)
    return replace(expected, findings=(*difference.same, *changed, *new))


def by_fingerprint(finding: Finding) -> Hashable:
    return finding.path, finding.rule, finding.fingerprint


def by_place(finding: Finding) -> Hashable:
    return finding.path, finding.rule, finding.line


def paired(
    known: list[Judged], found: list[Finding], key: Callable[[Finding], Hashable]
) -> tuple[list[tuple[Judged, Finding]], list[Judged], list[Finding]]:
    """The pairs that agree in the key, and what is left on either side."""
    pairs, rest = [], []
    left = list(found)
    for one in known:
        match = next((finding for finding in left if key(finding) == key(one.finding)), None)
        if match is None:
            rest.append(one)
        else:
            left.remove(match)
            pairs.append((one, match))
    return pairs, rest, left
