#!/usr/bin/env bash
# Subject:  mcp 2.3.0, MCPServer (the server side of the Python SDK).
# Guess:    an argument that is a string, and declared as one, reaches the tool as it is.
# Seen:     only if the type is exactly str. For `str | None`, as optional text is declared, a
#           value that happens to be JSON is parsed first: a tool can't be given the text of a
#           package.json (list and object are refused as "not a string") and the word null is
#           None. Numbers and quoted strings come through.
# Output:
#   required plain            got 'plain'
#   optional plain            got 'plain'
#   required {"name": "app"}  got '{"name": "app"}'
#   optional {"name": "app"}  refused: not a string
#   required [1, 2]           got '[1, 2]'
#   optional [1, 2]           refused: not a string
#   required null             got 'null'
#   optional null             got None
#   required 12               got '12'
#   optional 12               got '12'
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mcp==2.3.0

"$work/venv/bin/python" - <<'PY'
import asyncio
import logging
import sys

from mcp import Client
from mcp.server.mcpserver import MCPServer

logging.disable(logging.CRITICAL)
server = MCPServer("notes")


@server.tool()
def required(text: str) -> str:
    return f"got {text!r}"


@server.tool()
def optional(text: str | None = None) -> str:
    return f"got {text!r}"


async def main() -> bool:
    told = {}
    async with Client(server) as client:
        for text in ("plain", '{"name": "app"}', "[1, 2]", "null", "12"):
            for tool in ("required", "optional"):
                result = await client.call_tool(tool, {"text": text})
                told[tool, text] = "refused: not a string" if result.is_error and "valid string" in result.content[0].text else result.content[0].text
                print(f"{tool} {text:16} {told[tool, text]}")
    kept = all(told["required", text] == f"got {text!r}" for tool, text in told)
    odd = [told["optional", text] for text in ('{"name": "app"}', "[1, 2]", "null")]
    return kept and odd == ["refused: not a string"] * 2 + ["got None"] and told["optional", "12"] == "got '12'"


sys.exit(not asyncio.run(main()))
PY
