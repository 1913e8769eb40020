"""Conversations that are this deck's own: an agent in it keeps its files like any other."""

from __future__ import annotations

import mmap
import re

from sessions.paths import Places

_ENTERED = re.compile(rb'"type":"backend\.state"[^\n]{0,200}?"session_id":"([^"\\]{1,200})"')


def own_sessions(places: Places) -> dict[str, str]:
    """By the agent's id of a conversation: the session in which it was led."""
    found: dict[str, str] = {}
    for journal in places.sessions.glob("[!.]*/journal.jsonl"):
        try:
            with (
                journal.open("rb") as file,
                mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data,
            ):
                for told in _ENTERED.finditer(data):
                    found[told[1].decode("utf-8", "replace")] = journal.parent.name
        except (OSError, ValueError):  # gone, empty, or not ours to read
            continue
    return found
