#!/usr/bin/env bash
# Subject:  mcp 2.3.0, MCPServer.
# Guess:    a call is checked against the schema, so a misspelt argument is an error that the
#           model can mend.
# Seen:     an argument that the tool does not have is dropped. With an optional one the tool runs
#           with its default and reports success: a delete with `dryrun` for `dry_run`
#           deletes.
# Output:
#   additionalProperties in the schema: not said
#   dry_run: would delete old
#   dryrun:  deleted old | is_error: False
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check mcp==2.3.0

"$work/venv/bin/python" - <<'PY'
import asyncio
import sys

from mcp import Client
from mcp.server.mcpserver import MCPServer

server = MCPServer("files")


@server.tool()
def clean(folder: str, dry_run: bool = False) -> str:
    return f"{'would delete' if dry_run else 'deleted'} {folder}"


async def main() -> bool:
    async with Client(server) as client:
        schema = (await client.list_tools()).tools[0].input_schema
        right = await client.call_tool("clean", {"folder": "old", "dry_run": True})
        wrong = await client.call_tool("clean", {"folder": "old", "dryrun": True})
    print("additionalProperties in the schema:", schema.get("additionalProperties", "not said"))
    print("dry_run:", right.content[0].text)
    print("dryrun: ", wrong.content[0].text, "| is_error:", wrong.is_error)
    return not wrong.is_error and wrong.content[0].text == "deleted old" and "additionalProperties" not in schema


sys.exit(not asyncio.run(main()))
PY
