"""Tools in a real session: asked, answered from elsewhere, recorded, interrupted, undone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.backends.base import TurnHost
from sessions.harvest.byproducts import byproducts
from sessions.record import events as ev
from sessions.record.closed_sets import Permission
from sessions.runtime.session import Session
from tests.support.deckrig import Rig, types_of
from tests.support.rig import Act, until


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = await Rig.make(tmp_path / "deck")
    yield rig
    await rig.close()


def using(*calls: tuple[str, ev.JSON]) -> Act:
    """A turn that uses tools, all in one answer."""

    async def act(host: TurnHost) -> ev.TurnEnded:
        made = [
            ev.ToolCall(turn=host.turn, call=f"t{host.turn}-{n}", name=name, input=args)
            for n, (name, args) in enumerate(calls)
        ]
        for call in made:
            await host.emit_synced(call)
        assert host.tools is not None
        await host.tools.run(made, host)
        return ev.TurnEnded(turn=host.turn, reason="end_turn")

    return act


async def opened(rig: Rig, tmp_path: Path, permission: Permission = "ask") -> Session:
    workspace = tmp_path / "ws"
    workspace.mkdir(exist_ok=True)
    return await rig.deck.create(cwd=str(workspace), permission=permission)


async def test_a_request_waits_and_is_answered_from_elsewhere(rig: Rig, tmp_path: Path) -> None:
    session = await opened(rig, tmp_path)
    rig.backend.act = using(("Write", {"file_path": "a.txt", "content": "new\n"}))
    await session.send("go")
    await until(lambda: session.summary.status == "needs-you")
    ask = session.summary.asks[0]
    assert "+new" in ask["detail"]
    assert not (tmp_path / "ws/a.txt").exists()
    await session.answer(ask["ask"], "once", "", True)
    await rig.idle(session)
    assert (tmp_path / "ws/a.txt").read_text() == "new\n"
    wanted = ["tool.call", "permission.asked", "permission.answered", "file.changed", "tool.result"]
    assert [t for t in types_of(session) if t in wanted] == wanted


async def test_an_interrupt_ends_a_command_and_the_record_is_whole(
    rig: Rig, tmp_path: Path
) -> None:
    session = await opened(rig, tmp_path, "full")
    line = "echo half > half.csv; echo started; while :; do sleep 1; done"
    rig.backend.act = using(("Bash", {"command": line}), ("LS", {}))
    await session.send("go")
    if session.summary.status != "working":
        await until(lambda: session.summary.status in ("working", "needs-you"))
    await until(lambda: "tool.progress" in types_of(session) or bool(session.summary.asks))
    if session.summary.asks:  # no sandbox here: full asks
        await session.answer(session.summary.asks[0]["ask"], "once", "", True)
        await until(lambda: "tool.progress" in types_of(session))
    await session.interrupt()
    results = [e for e in session.journal.events() if isinstance(e, ev.ToolResult)]
    assert sorted(r.call for r in results) == ["t1-0", "t1-1"]
    assert {r.status for r in results} == {"cancelled"}
    assert "started" in results[0].content + results[1].content
    await until(lambda: "files.made" in types_of(session), 60)
    (half,) = [f for f in byproducts(session.id, session.journal.events()) if f.path]
    assert half.path == "half.csv" and half.signals["interrupted"]
    assert half.signals["command"] == line


async def test_undo_with_files_puts_them_back(rig: Rig, tmp_path: Path) -> None:
    session = await opened(rig, tmp_path, "edit")
    file = tmp_path / "ws/a.txt"
    file.write_text("one\n")
    edit = {"file_path": "a.txt", "old_string": "one", "new_string": "two"}
    rig.backend.act = using(("Edit", edit))
    await session.send("go")
    await until(lambda: "turn.ended" in types_of(session))
    await rig.idle(session)
    assert file.read_text() == "two\n"
    await rig.deck.features.tools.undo(session, None, True)
    assert file.read_text() == "one\n"


async def test_what_a_mode_forbids_is_in_the_record(rig: Rig, tmp_path: Path) -> None:
    session = await opened(rig, tmp_path, "read-only")
    rig.backend.act = using(("Bash", {"command": "touch made"}))
    await session.send("go")
    await until(lambda: "turn.ended" in types_of(session))
    answered = [e for e in session.journal.events() if isinstance(e, ev.PermissionAnswered)]
    assert [(a.by, a.allowed) for a in answered] == [("mode", False)]
    assert not (tmp_path / "ws/made").exists()
