"""MCP servers as tools. Needs the optional `mcp` package."""

from __future__ import annotations

import asyncio
import contextvars
import os
import socket
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sessions.harvest.byproducts import byproducts
from sessions.record import events as ev
from sessions.record.event_parts import KeptFile
from sessions.tools import mcp
from sessions.tools.mcp import Hub, ServerSpec, tool_name
from sessions.tools.mcp_asks import McpAsks
from sessions.tools.toolbox import Toolbox
from tests.support.forked import relayed
from tests.support.toolhost import Desk, say

SERVER = Path(__file__).parents[2] / "support" / "mcp_server.py"

# Only whether it is there: every process of the tests collects this file, and few run it.
HAS_SDK = find_spec("mcp") is not None

needs_sdk = pytest.mark.skipif(not HAS_SDK, reason="the mcp package is not installed")


def spec(*flags: str, timeout_s: float = 30.0, name: str = "calc") -> ServerSpec:
    env = {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    return ServerSpec(name, relayed(str(SERVER), *flags), env=env, timeout_s=timeout_s)


@pytest.fixture
async def hub(tmp_path: Path):
    hub = Hub(tmp_path / "state")
    yield hub
    await hub.close()


async def boxed(desk: Desk, hub: Hub, *specs: ServerSpec) -> Toolbox:
    tools, faults = await hub.tools(specs)
    assert not faults
    desk.box = Toolbox(desk.box.state, tools)
    return desk.box


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, mode="full", answer=say("session"))


@needs_sdk
async def test_a_tool_of_a_server_asks_even_in_full(desk: Desk, hub: Hub) -> None:
    await boxed(desk, hub, spec())
    result = await desk.use("mcp__calc__add", a=2, b=3)
    assert result.status == "ok"
    assert "5" in result.content
    assert len(desk.host.asked) == 1
    assert '"a": 2' in desk.host.asked[0].detail
    await desk.use("mcp__calc__add", a=2, b=3)
    assert len(desk.host.asked) == 1, "allowed for the session"


@needs_sdk
async def test_no_keeps_it_from_being_called(desk: Desk, hub: Hub) -> None:
    await boxed(desk, hub, spec())
    desk.host.answer = say("no")
    assert (await desk.use("mcp__calc__die")).status == "denied"
    desk.host.answer = say("once")
    assert (await desk.use("mcp__calc__add", a=1, b=1)).status == "ok"


@needs_sdk
async def test_wrong_arguments_do_not_reach_the_server(desk: Desk, hub: Hub) -> None:
    await boxed(desk, hub, spec())
    result = await desk.use("mcp__calc__add", a="x")
    assert "`b` is missing" in result.content
    assert not desk.host.asked


@needs_sdk
async def test_a_failing_tool_is_an_error_without_escape_codes(desk: Desk, hub: Hub) -> None:
    await boxed(desk, hub, spec())
    result = await desk.use("mcp__calc__fail")
    assert result.status == "error"
    assert "failed" in result.content
    assert "\x1b" not in result.content


@needs_sdk
async def test_images_are_kept_as_files(desk: Desk, hub: Hub) -> None:
    await boxed(desk, hub, spec())
    result = await desk.use("mcp__calc__picture")
    assert result.images[0]["media_type"] == "image/png"
    assert (desk.files / result.images[0]["path"]).is_file()


def test_a_drawing_in_svg_is_kept_for_the_person(desk: Desk) -> None:
    drawn = b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'
    part = SimpleNamespace(type="image", data=b64encode(drawn).decode(), mimeType="image/svg+xml")
    texts: list[str] = []
    images: list[KeptFile] = []
    mcp._take(part, cast("Any", SimpleNamespace(host=desk.host)), texts, images)
    assert images[0]["media_type"] == "image/svg+xml"
    assert (desk.files / images[0]["path"]).read_bytes() == drawn
    assert texts == []


@needs_sdk
async def test_files_in_an_answer_are_kept_under_names_for_people(desk: Desk, hub: Hub) -> None:
    await boxed(desk, hub, spec())
    result = await desk.use("mcp__calc__report")
    assert "hour,height" in result.content
    (table,) = result.data["resources"]
    (chart,) = result.images
    assert (desk.files / table["path"]).read_text() == "hour,height\n1,2\n"
    assert (desk.files / chart["path"]).is_file()
    call = ev.ToolCall(turn=1, call=result.call, name="mcp__calc__report", input={})
    told = {f.name: f.kind for f in byproducts("s", [call, result])}
    assert told == {"tides.png": "picture", "tide table.csv": "file"}


@needs_sdk
async def test_a_server_that_ends_is_one_failed_call(desk: Desk, hub: Hub) -> None:
    await boxed(desk, hub, spec())
    assert (await desk.use("mcp__calc__die")).status == "error"
    assert "5" in (await desk.use("mcp__calc__add", a=2, b=3)).content, "started again"


@needs_sdk
async def test_no_key_of_the_engine_reaches_a_server(
    desk: Desk, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-1234567890")
    await boxed(desk, hub, spec())
    assert "sk-ant" not in (await desk.use("mcp__calc__env")).content


@needs_sdk
async def test_equal_servers_are_shared(desk: Desk, hub: Hub, tmp_path: Path) -> None:
    await boxed(desk, hub, spec())
    first = await desk.use("mcp__calc__pid")
    (tmp_path / "other").mkdir()
    other = Desk(tmp_path / "other", answer=say("once"))
    await boxed(other, hub, spec())
    assert (await other.use("mcp__calc__pid")).content == first.content


@needs_sdk
async def test_a_server_that_does_not_answer_is_given_up(hub: Hub) -> None:
    tools, faults = await hub.tools([spec("--silent", timeout_s=0.5), spec(name="good")])
    assert {t.name.split("__")[1] for t in tools} == {"good"}
    assert "did not answer within 0.5 s" in faults[0]


@needs_sdk
async def test_a_server_that_is_not_there_says_so(hub: Hub) -> None:
    tools, faults = await hub.tools([ServerSpec("x", ("/no/such/server",))])
    assert not tools
    assert "can't be used" in faults[0] and ". See " in faults[0]


@needs_sdk
async def test_an_allowance_is_bound_to_the_definition(desk: Desk, hub: Hub) -> None:
    """CVE-2025-54136: the same name with other words behind it asks again."""
    desk.host.answer = say("always")
    await boxed(desk, hub, spec())
    await desk.use("mcp__calc__add", a=1, b=1)
    await desk.use("mcp__calc__add", a=1, b=1)
    assert len(desk.host.asked) == 1
    assert [r.kind for r in desk.rules.rules()] == ["tool"]
    await boxed(desk, hub, spec("--changed"))
    await desk.use("mcp__calc__add", a=1, b=1)
    assert len(desk.host.asked) == 2


@needs_sdk
async def test_hidden_characters_of_a_description_do_not_reach_the_model(hub: Hub) -> None:
    tools, _ = await hub.tools([spec()])
    add = next(t for t in tools if t.name.endswith("add"))
    assert add.definition["description"] == "Adds. Hidden"


@needs_sdk
async def test_over_http(desk: Desk, hub: Hub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        relayed(str(SERVER), "--http", str(port)),
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=dict(os.environ),
    )  # fmt: skip
    try:
        assert server.stderr is not None
        for line in server.stderr:
            if b"running on" in line:
                break
        await boxed(desk, hub, ServerSpec("web", url=f"http://127.0.0.1:{port}/mcp"))
        assert "5" in (await desk.use("mcp__web__add", a=2, b=3)).content
        await hub.close()
    finally:
        server.kill()
        server.wait()


@pytest.mark.parametrize(
    ("server", "tool"), [("a b", "x"), ("a", "x" * 80), ("ä", "../x"), ("a", "x\x1b[31m")]
)
def test_names_fit_what_the_api_takes(server: str, tool: str) -> None:
    import re

    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", tool_name(server, tool))


def test_names_do_not_collide() -> None:
    assert tool_name("a", "x y") != tool_name("a", "x_y")
    assert tool_name("a", "x") == "mcp__a__x"


@pytest.mark.skipif(HAS_SDK, reason="the mcp package is installed")
async def test_without_the_package_it_says_what_to_install(hub: Hub) -> None:
    tools, faults = await hub.tools([ServerSpec("x", ("y",))])
    assert not tools
    assert "agentdeck-tui[mcp]" in faults[0]


@needs_sdk
async def test_a_server_that_wants_input_first_asks_in_the_session(desk: Desk, hub: Hub) -> None:
    await boxed(desk, hub, spec())
    desk.host.answer = lambda asked: say("form" if asked.form else "once")(asked)
    desk.host.entered = {"day": "Monday", "seats": 3}
    result = await desk.use("mcp__calc__book")
    asked = desk.host.asked[-1]
    assert [(f["name"], f["required"]) for f in asked.form] == [("day", True), ("seats", False)]
    assert asked.form[1]["default"] == 2 and "calc" in asked.why
    assert result.content == "accept day='Monday' seats=3"


@needs_sdk
async def test_no_answer_to_a_server_is_said_to_it(desk: Desk, hub: Hub) -> None:
    await boxed(desk, hub, spec())
    desk.host.answer = lambda asked: say("no" if asked.form else "once")(asked)
    assert (await desk.use("mcp__calc__book")).content == "decline None"


async def test_a_question_of_no_call_is_asked_of_the_only_session_that_waits() -> None:
    """Older servers do not say for which call they ask."""
    types = pytest.importorskip("mcp.types")
    asks, heard = McpAsks("calc"), []

    async def ask(given: Mapping[str, Any]) -> ev.JSON:
        heard.append(given["message"])
        return {"action": "accept", "content": {"day": "Monday"}}

    params = types.ElicitRequestFormParams(message="When?", requested_schema={"type": "object"})

    async def asked() -> Any:
        context = contextvars.Context()  # of the connection, not of a call
        return await asyncio.create_task(asks.answer(None, params), context=context)

    async with asyncio.timeout(50) as limit:
        with asks.during(ask, limit):
            assert (await asked()).content == {"day": "Monday"}
            with asks.during(ask, limit):
                assert (await asked()).action == "cancel", "it could be either's"
    assert heard == ["When?"]
    assert (await asked()).action == "cancel"


async def test_a_calls_time_stands_still_while_a_person_is_asked() -> None:
    types = pytest.importorskip("mcp.types")
    asks = McpAsks("calc")
    params = types.ElicitRequestFormParams(message="When?", requested_schema={"type": "object"})

    async def ask(_: Mapping[str, Any]) -> ev.JSON:
        assert limit.when() is None
        return {"action": "decline"}

    limit = asyncio.timeout(50)
    with asks.during(ask, limit):
        async with limit:
            await asks.answer(None, params)
            assert limit.when() is not None


async def test_two_questions_at_once_leave_a_call_its_time() -> None:
    types = pytest.importorskip("mcp.types")
    asks, now = McpAsks("calc"), asyncio.get_running_loop().time
    gates = {"one": asyncio.Event(), "two": asyncio.Event()}
    asked: list[str] = []

    async def ask(given: Mapping[str, Any]) -> ev.JSON:
        asked.append(given["message"])
        await gates[given["message"]].wait()
        return {"action": "decline"}

    def question(message: str) -> asyncio.Task[Any]:
        schema = {"type": "object"}
        params = types.ElicitRequestFormParams(message=message, requested_schema=schema)
        return asyncio.create_task(asks.answer(None, params))

    limit = asyncio.timeout(5000)
    with asks.during(ask, limit):
        async with limit:
            answers = {message: question(message) for message in gates}
            while len(asked) < 2:
                await asyncio.sleep(0)
            for message, gate in gates.items():
                assert limit.when() is None
                gate.set()
                await answers[message]
            ends = limit.when()
            assert ends is not None and ends - now() > 1000
