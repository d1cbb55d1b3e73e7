"""Compares what is said of a program: by its header, by the record of what happens, and by heard."""

from __future__ import annotations

import dataclasses
import typing

from generator.piece import HEARD, LOST, QUIET
from generator.program import Stated
from judge.interpreters import Ran

#: The generator is wrong about its own program.
GENERATOR = "the generator is wrong"
#: What heard may get wrong, the worst first.
WRONG_LOST = "wrong lost"
MISSED = "missed"
WRONG_UNREAD = "wrong unread"
TWICE = "told twice"
NOISE = "told of nothing"
BIRTH = "wrong birth"
HARM = "harm"
KINDS = (WRONG_LOST, MISSED, WRONG_UNREAD, TWICE, NOISE, HARM, BIRTH)


@dataclasses.dataclass(frozen=True)
class Disagreement:
    """Something that is not as it should be."""

    kind: str
    #: The message of the failure, or of the event.
    about: str
    expected: str
    got: str


def check_truth(stated: list[Stated], ran: Ran) -> list[Disagreement]:
    """Whether a program does what its header says."""
    if ran.code != 0 or not ran.records:
        return [Disagreement(GENERATOR, "the program", "exit code 0", f"{ran.code}: {ran.output[-600:]}")]
    raised, read, unpacked = (set(ran.records[0][name]) for name in ("raised", "read", "unpacked"))
    found = []
    for one in stated:
        happened = QUIET if one.message not in raised else HEARD if one.message in read else LOST
        # Whether a name that was unpacked is looked at, only the construction knows.
        if happened != one.fate and not (happened == LOST and one.message in unpacked and one.fate == HEARD):
            found.append(Disagreement(GENERATOR, one.message, one.fate, happened))
    return found


def check_heard(stated: list[Stated], plain: Ran, ran: Ran, patient: bool) -> list[Disagreement]:
    """Whether heard says what is so.

    `patient`: the grace period was longer than the program, so nothing that is read can be unread before.
    """
    found = []
    if ran.code != plain.code:
        about = "it hangs" if ran.code is None else f"exit code {ran.code}"
        found.append(
            Disagreement(HARM, "the end of the program", f"exit code {plain.code}", f"{about}: {ran.output[-600:]}")
        )
    if "heard: a report failed" in ran.output:
        found.append(Disagreement(HARM, "a report", "no failure of its own", ran.output[-600:]))
    for record in _strangers(stated, ran):
        # What is pending or destroyed at the end is so on purpose; no program swallows a cancellation.
        if record.get("exception") or record["event"] == "task-swallowed-cancel":
            about = _message(record.get("exception")) or record["event"]
            found.append(Disagreement(NOISE, about, "nothing: it is handled on the spot", _words([record])))
    hidden = sum(record.get("repeated", 0) for record in ran.records)
    told = _told(ran)
    for one in stated:
        records = [record for record in ran.records if one.message in told[record["id"]]]
        verdicts = _last_words(records)
        if one.fate == LOST and not records:
            if hidden:
                hidden -= 1
            else:
                found.append(Disagreement(MISSED, one.message, "lost, or unread", "nothing"))
        elif one.fate == HEARD:
            found += _of_heard(one, records, verdicts, patient)
        elif one.fate == QUIET and records:
            found.append(Disagreement(NOISE, one.message, "nothing: it never fails", _words(records)))
        if one.fate == LOST and len(verdicts) > 1:
            found.append(Disagreement(TWICE, one.message, "one failure", _words(records)))
        if one.fate == LOST and one.line is not None:
            found += _births(one, records)
    return found


def _of_heard(
    one: Stated, records: list[dict[str, typing.Any]], verdicts: dict[str, str], patient: bool
) -> list[Disagreement]:
    if "lost" in verdicts.values() or "escalated" in verdicts.values() or "" in verdicts.values():
        return [Disagreement(WRONG_LOST, one.message, "nothing: it is read", _words(records))]
    if "unread" in verdicts.values():
        return [Disagreement(WRONG_UNREAD, one.message, "retracted, since it is read", _words(records))]
    if records and patient:
        return [Disagreement(WRONG_UNREAD, one.message, "nothing: it is read within the grace", _words(records))]
    return []


def _births(one: Stated, records: list[dict[str, typing.Any]]) -> list[Disagreement]:
    for record in records:
        lines = [place["line"] for place in record["born"]]
        if lines and one.line not in lines:
            return [Disagreement(BIRTH, one.message, f"line {one.line}", f"lines {lines}")]
    return []


def _last_words(records: list[dict[str, typing.Any]]) -> dict[str, str]:
    """The last verdict on each failure; empty where a record has none."""
    return {record["id"]: record["verdict"] or "" for record in records}


def _message(exception: dict[str, typing.Any] | None) -> str:
    """What an exception says, with those in it."""
    if exception is None:
        return ""
    return "\n".join([exception["message"], *(_message(one) for one in exception["exceptions"])])


def _words(records: list[dict[str, typing.Any]]) -> str:
    return "; ".join(f"{record['event']} {record['rule']} {record['verdict']}: {record['why']}" for record in records)


def others(stated: list[Stated], ran: Ran) -> list[str]:
    """The events of records that are about no failure of the program."""
    return [record["event"] for record in _strangers(stated, ran)]


def _strangers(stated: list[Stated], ran: Ran) -> list[dict[str, typing.Any]]:
    told = _told(ran)
    return [record for record in ran.records if not any(one.message in told[record["id"]] for one in stated)]


def _told(ran: Ran) -> dict[str, str]:
    """What all records of a failure say of it: a later one leaves out what the first has said."""
    told: dict[str, str] = {}
    for record in ran.records:
        told[record["id"]] = f"{told.get(record['id'], '')}\n{_message(record.get('exception'))}"
    return told
