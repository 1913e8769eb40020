"""What recurs over sessions: marked with how many they are, and merged to one with its counts.

The same command but for paths and numbers, the same file, and what the user said in nearly the
same words are one thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sessions.harvest.byproducts import Found, was_chosen
from sessions.harvest.language import normal_command, telling_terms
from sessions.harvest.similar_skills import jaccard

_ALIKE = 0.6
"""Of the words that tell what two messages are about, the share that both have."""
_MOST_COMPARED = 400
_SAID = ("correction", "question")


def recurrence(groups: Iterable[list[Found]], *, once: bool = False) -> list[Found]:
    """Mark what recurs: the same thing in several sessions counts as that many.

    Gives all of them; the commands that ran but once in all only where `once` says so.
    """
    every = [found for group in groups for found in group]
    for same in _alike(every):
        if len(same) == 1:
            continue
        sessions = {f.origin.get("session") for f in same}
        if len(sessions) > 1:
            for found in same:
                found.signals["sessions"] = len(sessions)
    if once:
        return every
    return [
        f for f in every if f.signals.get("count") != 1 or "sessions" in f.signals or was_chosen(f)
    ]


def merged(found: Sequence[Found]) -> list[Found]:
    """One of each, with `times` in all: the strongest and newest stands for what recurs.

    What most sessions have comes first.
    """
    told = []
    for same in _alike(found):
        last = max(same, key=lambda f: (f.weight, _at(f)))
        signals = last.signals.copy()
        sessions = {f.origin.get("session") for f in same}
        if len(same) > 1:
            signals["times"] = sum(int(f.signals.get("count") or 1) for f in same)
            signals["sessions"] = len(sessions)
            if last.kind == "command":
                signals["count"] = signals["times"]
                signals["passed"] = any(f.signals.get("passed") for f in same)
        told.append(replace(last, signals=signals))
    return sorted(told, key=lambda f: -int(f.signals.get("sessions") or 1))


def _alike(found: Sequence[Found]) -> list[list[Found]]:
    """All of them, what is the same together, in the order of the first of each."""
    groups: dict[tuple[str, str], list[Found]] = {}
    said: dict[str, list[tuple[set[str], tuple[str, str]]]] = {kind: [] for kind in _SAID}
    for each in found:
        place: tuple[str, str] = (each.kind, _key(each))
        if (group := groups.get(place)) is None and each.kind in _SAID:
            terms = telling_terms(each.text)
            known = said[each.kind]
            near = (p for t, p in known if len(terms & t) > 1 and jaccard(terms, t) >= _ALIKE)
            place = next(near, place)
            if (group := groups.get(place)) is None and len(known) < _MOST_COMPARED:
                known.append((terms, place))
        if group is None:
            groups[place] = [each]
        else:
            group.append(each)
    return list(groups.values())


def _key(found: Found) -> str:
    if found.kind == "command":
        return normal_command(found.text)
    return found.text.strip() or f"\0{found.origin.get('session')}\0{found.path}"


def _at(found: Found) -> tuple[str, int]:
    return str(found.origin.get("session") or ""), int(found.origin.get("seq") or 0)
