"""Which commands of agents are looked behind: none that only looks, however it is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from sessions.features.file_scans import FileScans
from sessions.features.files_made_by_agents import MadeByAgents
from sessions.record import events as ev


@pytest.mark.parametrize(
    ("command", "followed"),
    [
        ("make", True),
        ("ls -l", False),
        (["bash", "-lc", "make"], True),
        (["bash", "-lc", "ls -l"], False),
        (["bash", "-lc", "ls > list.txt"], True),
        (None, True),
    ],
)
def test_what_only_looks_is_not_looked_behind(
    monkeypatch: pytest.MonkeyPatch, command: object, followed: bool
) -> None:
    begun: list[ev.ToolCall] = []
    monkeypatch.setattr(MadeByAgents, "_begins", lambda _, __, call: begun.append(call))
    can = SimpleNamespace(own_tools=True, elsewhere=False)
    session = SimpleNamespace(
        id="s1", observers=[], summary=SimpleNamespace(backend="agent", host="")
    )
    deck = SimpleNamespace(
        sessions={"s1": session}, backend=lambda _: SimpleNamespace(capabilities=can)
    )
    MadeByAgents(cast("Any", deck), FileScans(cast("Any", deck))).joined(cast("Any", session))
    given = {"command": command} if command else {}
    session.observers[0](ev.ToolCall(turn=1, call="a", name="x", kind="execute", input=given))
    assert bool(begun) == followed
