"""In which order sessions stand in a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sessions.record.summary_parts import SessionAbove


def grouped(
    repositories: Mapping[str, str],
    above: Mapping[str, str] | None = None,
    first: Iterable[str] = (),
) -> list[str]:
    """The newest first, but those on branches of one repository together, by their newest.

    `repositories`: sessions by their ids, each with its worktree's repository, "" without one.
    `above`: sub-sessions with the session that started each: they stand below that.
    `first`: these come before all others, in their order.
    """
    newest = sorted(repositories, reverse=True)
    groups: dict[str, list[str]] = {}
    for session in newest:
        if repository := repositories[session]:
            groups.setdefault(repository, []).append(session)
    rest: list[str] = []
    for session in newest:
        if repository := repositories[session]:
            rest += groups.pop(repository, ())  # all of them, where their newest stands
        else:
            rest.append(session)
    known = dict.fromkeys([*(s for s in first if s in repositories), *rest])
    return _families(known, above or {})


def started_by(parent: SessionAbove | None) -> str:
    """The session that started a sub-session, by what that says of its parent; "" for a fork."""
    return str(parent.get("id") or "") if parent and "call" in parent else ""


def _families(order: Iterable[str], above: Mapping[str, str]) -> list[str]:
    """The same in the same order, but each below the one that is above it, where that is there."""
    there = list(order)
    if not any(above.values()):
        return there
    below: dict[str, list[str]] = {session: [] for session in there}
    tops: list[str] = []
    for session in there:
        below.get(above.get(session, ""), tops).append(session)
    if len(tops) == len(there):
        return there
    found: dict[str, None] = {}
    for top in [*tops, *there]:  # what leads in a circle has no top
        waiting = [top]
        while waiting:
            if (session := waiting.pop()) not in found:
                found[session] = None
                waiting += reversed(below[session])
    return list(found)
