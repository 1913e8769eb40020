"""MCP servers that deviate: one odd tool or answer takes nothing else with it."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from sessions.tools.mcp import Hub, ServerSpec
from sessions.tools.toolbox import Toolbox
from tests.support.toolhost import Desk, say

SERVER = Path(__file__).parents[2] / "support" / "mcp_odd.py"
GOOD = {"name": "healthy", "inputSchema": {"type": "object", "properties": {"q": {}}}}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mcp") is None, reason="the mcp package is not installed"
)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    hub = Hub(tmp_path / "state")
    yield hub
    await hub.close()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, mode="full", answer=say("session"))


def odd(folder: Path, name: str = "odd", **script: Any) -> ServerSpec:
    file = folder / f"{name}.json"
    file.write_text(json.dumps(script))
    return ServerSpec(name, (sys.executable, str(SERVER), str(file)), timeout_s=60.0)


async def use(desk: Desk, hub: Hub, spec: ServerSpec, tool: str, **args: Any) -> tuple[str, str]:
    found, _ = await hub.tools([spec])
    desk.box = Toolbox(desk.box.state, found)
    result = await desk.use(f"mcp__{spec.name}__{tool}", **args)
    return result.status, result.content


def schemas(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if type(node) is list else ():
        yield from schemas(inner)


ACCEPTED = {
    "no type": {"properties": {"q": {"type": "string"}}},
    "null": None,
    "true": True,
    "anyOf": {
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        "properties": {"a": {}, "b": {}},
    },
    "oneOf": {"oneOf": [{"type": "object", "properties": {"k": {"const": n}}} for n in "ab"]},
    "allOf": {"allOf": [{"$ref": "#/$defs/x"}], "$defs": {"x": {"properties": {"a": {}}}}},
    "key": {"type": "object", "properties": {"$.xgafv": {"type": "string"}, "": {}, "ä" * 80: {}}},
    "deep key": {"type": "object", "properties": {"a": {"properties": {"b c": {}}}}},
    "nullable": {"type": ["object", "null"], "properties": {"q": {"type": "str"}}},
    "draft 4": {"type": "object", "properties": {"n": {"minimum": 0, "exclusiveMinimum": True}}},
    "draft 7": {"type": "object", "properties": {"l": {"items": [{"type": "string"}, {}]}}},
    "wrong": {"type": "object", "properties": {"n": {"minimum": "x", "type": 7}}, "required": "n"},
    "no properties": {"type": "object", "properties": ["q"], "required": None},
    "loop": {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
    "self": {"$ref": "#"},
    "tree": {"type": "object", "properties": {"of": {"items": {"$ref": "#"}}}},
    "nowhere": {"type": "object", "properties": {"q": {"$ref": "https://example.com/q"}}},
    "many ways": {
        "$ref": "#/$defs/n0",
        "$defs": {f"n{n}": {"allOf": [{"$ref": f"#/$defs/n{n + 1}"}] * 2} for n in range(60)}
        | {"n60": {}},
    },
    "surrogate": {"type": "object", "properties": {"q": {"description": "\ud800", "default": 1}}},
}


@pytest.mark.parametrize("given", ACCEPTED.values(), ids=ACCEPTED)
def test_a_schema_is_put_into_the_shape_that_the_api_takes(given: Any) -> None:
    import jsonschema  # type: ignore[import-untyped]

    from sessions.tools.mcp_schema import Arguments, shape

    shaped = shape(given)
    schema = shaped.schema
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert not {"anyOf", "oneOf", "allOf", "$ref"} & set(schema)
    for node in schemas(schema):
        for name in node["properties"] if isinstance(node.get("properties"), dict) else ():
            assert 1 <= len(name) <= 64
            assert (
                name.isascii() and name.replace("_", "").replace(".", "").replace("-", "").isalnum()
            )
    json.dumps(schema).encode()
    assert isinstance(Arguments(given, shaped).faults({"of": [{}]}), list)


def test_what_a_combination_allows_is_kept_and_told() -> None:
    from sessions.tools.mcp_schema import shape

    shaped = shape(ACCEPTED["anyOf"])
    assert set(shaped.schema["properties"]) == {"a", "b"}
    assert shaped.note == "Give `a`, or `b`."
    assert shape(ACCEPTED["oneOf"]).schema["properties"]["k"] == {
        "anyOf": [{"const": "a"}, {"const": "b"}]
    }
    assert set(shape(ACCEPTED["allOf"]).schema["properties"]) == {"a"}


async def test_a_tool_that_can_not_be_offered_is_left_out_by_name(tmp_path: Path, hub: Hub) -> None:
    deep: dict[str, Any] = {}
    for _ in range(400):
        deep = {"properties": {"a": deep}}
    bad = [
        {"name": "text", "inputSchema": {"type": "string"}},
        {"name": "list", "inputSchema": []},
        {"name": "huge", "inputSchema": {"description": "x" * 300_000}},
        {"inputSchema": {}},
        GOOD,
        "nonsense",
    ]
    deeper = {"name": "deep", "inputSchema": deep}
    tools, faults = await hub.tools([odd(tmp_path, tools=[*bad[:3], GOOD, *bad[3:], deeper])])
    assert {t.name for t in tools} == {"mcp__odd__healthy", "mcp__odd__deep"}
    said = "\n".join(faults)
    for words in (
        "The tool text of the MCP server odd is left out: its input is a string, not an object.",
        "The tool list of the MCP server odd is left out: its input schema is a list",
        "The tool huge of the MCP server odd is left out: its input schema has 300,",
        "it has no name",
        "another of the same name",
    ):
        assert words in said


@pytest.mark.parametrize("given", [None, "none", {"properties": {}}, 7], ids=repr)
async def test_good_tools_stay_beside_an_odd_one(tmp_path: Path, hub: Hub, given: Any) -> None:
    tool = {"name": "odd"} if given == "none" else {"name": "odd", "inputSchema": given}
    tools, faults = await hub.tools([odd(tmp_path, tools=[GOOD, tool])])
    assert "mcp__odd__healthy" in {t.name for t in tools}
    assert len(tools) + len(faults) == 2


async def test_arguments_go_out_by_the_servers_own_names(
    tmp_path: Path, desk: Desk, hub: Hub
) -> None:
    properties = {"$.xgafv": {"type": "string"}, "of": {"properties": {"a b": {}}}}
    tool = {"name": "gapi", "inputSchema": {"properties": properties, "required": ["$.xgafv"]}}
    spec = odd(tmp_path, tools=[tool])
    _, said = await use(desk, hub, spec, "gapi", of={})
    assert "`xgafv` is missing; it is required." in said
    status, said = await use(desk, hub, spec, "gapi", xgafv="1", of={"a_b": 2})
    assert (status, json.loads(said)) == ("ok", {"$.xgafv": "1", "of": {"a b": 2}})


async def test_all_of_2020_12_is_read_when_arguments_are_checked(
    tmp_path: Path, desk: Desk, hub: Hub
) -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/pair"}, "b": {"type": ["string", "null"]}, "c": {"const": 1},
        },
        "anyOf": [{"required": ["a"]}, {"required": ["c"]}],
        "$defs": {"pair": {"prefixItems": [{"type": "string"}, {"type": "integer"}]}},
    }  # fmt: skip
    spec = odd(tmp_path, tools=[{"name": "t", "inputSchema": schema}])
    assert "`a[1]` must be an integer" in (await use(desk, hub, spec, "t", a=["x", "y"]))[1]
    assert "needs one of these: a; c" in (await use(desk, hub, spec, "t", b="x"))[1]
    assert "1 was expected" in (await use(desk, hub, spec, "t", c=2))[1]
    status, said = await use(desk, hub, spec, "t", a=["x", 1], b=None)
    assert (status, json.loads(said)["b"]) == ("ok", None), "a null that the schema wants is sent"


RESULTS: dict[str, tuple[Any, str, str]] = {
    "structured does not fit": (
        {"content": [{"type": "text", "text": "the answer 42"}], "structuredContent": {"n": "x"}},
        "ok", "the answer 42",
    ),
    "an error's structured part": (
        {"content": [{"type": "text", "text": "denied"}], "structuredContent": {}, "isError": True},
        "error", "denied",
    ),
    "null content": ({"content": None, "structuredContent": {"ok": True}}, "ok", '{"ok": true}'),
    "structured no object": ({"structuredContent": [1, 2]}, "ok", "[1, 2]"),
    "text alone": ({"content": "plain"}, "ok", "plain"),
    "no result object": (["x"], "ok", '["x"]'),
    "parts unknown": (
        {"content": [{"type": "text"}, {"type": "new", "n": 1}, {"type": "text", "text": "fine"}]},
        "ok", "fine",
    ),
    "extra fields of wrong types": (
        {"content": [{"type": "text", "text": "fine", "annotations": 7, "_meta": []}], "_meta": 3},
        "ok", "fine",
    ),
    "nothing": ({}, "ok", "(It answered nothing.)"),
}  # fmt: skip


@pytest.mark.parametrize(("result", "status", "words"), RESULTS.values(), ids=RESULTS)
async def test_an_answer_brings_its_text_whatever_else_is_in_it(
    tmp_path: Path, desk: Desk, hub: Hub, result: Any, status: str, words: str
) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    spec = odd(tmp_path, tools=[{**GOOD, "outputSchema": schema}], result=result)
    given, said = await use(desk, hub, spec, "healthy")
    assert given == status
    assert words in said


async def test_prose_on_stdout_is_no_fault_and_tells_why_a_server_ended(
    tmp_path: Path, desk: Desk, hub: Hub
) -> None:
    spec = odd(tmp_path, tools=[GOOD], prose="Starting up …")
    assert (await use(desk, hub, spec, "healthy", q=1))[1] == '{"q": 1}'
    _, faults = await hub.tools([odd(tmp_path, "shut", prose="Please sign in first.")])
    assert "Please sign in first." in faults[0]


async def test_tools_that_change_are_listed_again(tmp_path: Path, desk: Desk, hub: Hub) -> None:
    late = {"name": "unlocked", "inputSchema": {"type": "object"}}
    spec = odd(tmp_path, tools=[GOOD], late=late)
    first = (await hub.tools([spec]), await hub.versions([spec]))
    assert await hub.versions([spec]) == first[1], "nothing changed"
    await use(desk, hub, spec, "healthy")
    assert await hub.versions([spec]) != first[1]
    assert "mcp__odd__unlocked" in {t.name for t in (await hub.tools([spec]))[0]}


async def test_a_result_of_60_mb_is_shortened_and_stalls_nobody(
    tmp_path: Path, desk: Desk, hub: Hub
) -> None:
    spec = odd(tmp_path, tools=[GOOD], size=60_000_000)
    found, _ = await hub.tools([spec])
    desk.box = Toolbox(desk.box.state, found)
    loop, longest = asyncio.get_running_loop(), 0.0

    async def beat() -> None:
        nonlocal longest
        while True:
            before = loop.time()
            await asyncio.sleep(0.01)
            longest = max(longest, loop.time() - before)

    beating = asyncio.create_task(beat())
    result = await desk.use("mcp__odd__healthy")
    beating.cancel()
    print(f"longest pause {longest:.3f} s")
    assert result.status == "ok"
    assert result.content.startswith("begin\nxxx")
    assert "(Shortened: the server's answer has 60,0" in result.content[-200:]


async def test_a_listing_that_is_too_long_is_told(tmp_path: Path, hub: Hub) -> None:
    tool = {**GOOD, "description": "x" * 13_000_000}
    tools, faults = await hub.tools([odd(tmp_path, tools=[tool])])
    assert not tools
    assert "its answer to tools/list has 13,0" in faults[0]


async def test_names_of_two_servers_do_not_meet(tmp_path: Path, hub: Hub) -> None:
    one = odd(tmp_path, "a", tools=[{**GOOD, "name": "b__c"}, {**GOOD, "name": "_d"}])
    other = odd(tmp_path, "a__b", tools=[{**GOOD, "name": "c"}])
    third = odd(tmp_path, "a_", tools=[{**GOOD, "name": "d"}])
    tools, faults = await hub.tools([one, other, third])
    assert len({t.name for t in tools}) == 4
    assert not faults
