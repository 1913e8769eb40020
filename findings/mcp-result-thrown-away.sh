#!/usr/bin/env bash
# Subject:  mcp 2.3.0, Client.call_tool.
# Guess:    one request; a result that does not fit is handed over with a warning.
# Seen:     the first call of a tool is followed by a tools/list of the client's own, made after
#           the tool has run. A result that breaks the tool's output schema then raises a
#           RuntimeError: what the tool did is done, and what it said is gone. Only the first
#           page is asked for: a tool of the second page is not checked, until somebody lists that page.
# Output:
#   first: tools/call first -> tools/list
#           RuntimeError: Invalid structured content returned by tool first: 'many' is not of type 'integer'
#   second: tools/call second -> tools/list
#           moved
#   second: tools/call second
#           RuntimeError: Invalid structured content returned by tool second: 'many' is not of type 'integer'
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mcp==2.3.0

"$work/venv/bin/python" - <<'PY'
import asyncio
import logging
import sys

import mcp.types as types
from mcp import Client
from mcp.server.lowlevel import Server

logging.disable(logging.CRITICAL)
asked = []


def tool(name: str) -> types.Tool:
    counted = {"type": "object", "properties": {"count": {"type": "integer"}}}
    return types.Tool(name=name, input_schema={"type": "object"}, output_schema=counted)


async def listed(context, params):
    asked.append("tools/list")
    if params is not None and params.cursor:
        return types.ListToolsResult(tools=[tool("second")])
    return types.ListToolsResult(tools=[tool("first")], next_cursor="page 2")


async def called(context, params):
    asked.append(f"tools/call {params.name}")
    said = types.TextContent(type="text", text="moved")
    return types.CallToolResult(content=[said], structured_content={"count": "many"})


async def main() -> list:
    seen = []
    async with Client(Server("mover", on_list_tools=listed, on_call_tool=called)) as client:
        for name in ("first", "second", "second"):
            asked.clear()
            try:
                outcome = (await client.call_tool(name, {})).content[0].text
            except RuntimeError as fault:
                outcome = f"RuntimeError: {str(fault).splitlines()[0]}"
            print(f"{name}: {' -> '.join(asked)}\n        {outcome}")
            seen.append(outcome.split(":")[0])
            await client.list_tools(cursor="page 2") if len(seen) == 2 else None
    return seen


seen = asyncio.run(main())
sys.exit(seen != ["RuntimeError", "moved", "RuntimeError"])
PY
