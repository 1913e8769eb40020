"""In which order sessions stand in a list."""

from __future__ import annotations

from collections.abc import Mapping


def grouped(repositories: Mapping[str, str]) -> list[str]:
    """The newest first, but those on branches of one repository together, by their newest.

    `repositories`: sessions by their ids, each with its worktree's repository, "" without one.
    """
    groups: dict[str, list[str]] = {}
    for session in sorted(repositories, reverse=True):
        groups.setdefault(repositories[session] or session, []).append(session)
    return [session for group in groups.values() for session in group]
