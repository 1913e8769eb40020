"""A session gives work to sessions of its own: one level deep, within its rights and budget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sessions.record import events as ev
from tests.support.messages_server import (
    Hang,
    MessagesServer,
    Request,
    Step,
    call,
    say,
    start,
    stop,
    tool,
)
from tests.support.nativerig import NativeRig, of_type
from tests.support.rig import until

LONG = 30.0


@pytest.fixture
async def rig(tmp_path: Path, server: MessagesServer) -> AsyncIterator[NativeRig]:
    rig = await NativeRig.make(tmp_path, server, extra="retries = 0", permission="edit")
    yield rig
    await rig.close()


def given(prompt: str, **more: Any) -> dict[str, Any]:
    return {"description": f"about {prompt}", "prompt": prompt, **more}


def tools_of(request: Request) -> set[str]:
    return {t["name"] for t in request.body.get("tools", [])}


def two(request: Request) -> Sequence[Step]:
    """Gives away two pieces of work at once."""
    if request.results:
        return say(*(str(r["content"]) for r in request.results))
    if request.last_text.startswith("give"):
        calls = [*tool(0, "c1", "Task", given("one")), *tool(1, "c2", "Task", given("two"))]
        return [start(), *calls, *stop("tool_use")]
    return say(f"did {request.last_text}")


async def test_answers_come_back_and_not_transcripts(
    rig: NativeRig, server: MessagesServer
) -> None:
    server.script = two
    parent = await rig.session()
    await rig.turn(parent, "give")
    results = of_type(parent, ev.ToolResult)
    assert sorted(r.content for r in results) == ["did one", "did two"]
    children = [s for s in await rig.deck.all_summaries() if s.id != parent.id]
    assert {c.title for c in children} == {"about one", "about two"}
    assert all(c.closed and c.parent and c.parent["id"] == parent.id for c in children)
    by_text = {r.last_text: tools_of(r) for r in server.asked}
    assert "Task" in by_text["give"]
    assert "Task" not in by_text["one"]
    assert "Read" in by_text["one"]


async def test_a_sub_session_may_do_no_more_than_its_parent(
    rig: NativeRig, server: MessagesServer
) -> None:
    def script(request: Request) -> Sequence[Step]:
        if request.results or request.last_text == "one":
            return say("done")
        return call("Task", given("one", profile="mighty"))

    server.script = script
    rig.configure('[profiles.mighty]\nbackend = "test"\npermission = "full"\n')
    parent = await rig.session()
    await rig.turn(parent, "give")
    child = next(s for s in await rig.deck.all_summaries() if s.id != parent.id)
    assert (child.profile, child.permission) == ("mighty", "edit")


async def test_a_profile_can_have_it_off(rig: NativeRig, server: MessagesServer) -> None:
    from dataclasses import replace

    config = rig.deck.config
    off = replace(config.profiles["test"], subsessions=False)
    rig.deck.config = replace(config, profiles={**config.profiles, "test": off})
    await rig.turn(await rig.session(), "hello")
    assert "Task" not in tools_of(server.asked[0])


async def test_an_interrupt_ends_the_sub_session_too(
    rig: NativeRig, server: MessagesServer
) -> None:
    server.script = lambda r: (
        [start(), Hang()] if r.last_text == "one" else call("Task", given("one"))
    )
    parent = await rig.session()
    await parent.send("give")
    await until(lambda: any(r.last_text == "one" for r in server.asked), LONG)
    await parent.interrupt()
    await until(lambda: not rig.deck.working, LONG)
    child = next(s for s in rig.deck.sessions.values() if s.id != parent.id)
    ends = of_type(child, ev.TurnEnded)
    assert [(e.reason, "interrupted" in e.detail) for e in ends] == [("interrupted", True)]


async def test_one_budget_for_all_of_them(rig: NativeRig, server: MessagesServer) -> None:
    from dataclasses import replace

    server.script = two
    config = rig.deck.config
    rig.deck.config = replace(config, limits=replace(config.limits, session_tokens=40))
    parent = await rig.session()
    await rig.turn(parent, "give")
    await asyncio.sleep(0)
    ended = await rig.turn(parent, "give")
    assert ended.reason == "limit"
    assert "40 tokens" in ended.detail
