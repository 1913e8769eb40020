"""An MCP server on stdio that answers what a JSON file says: `python mcp_odd.py FILE`.

`tools`: the answer to tools/list; `result`: to tools/call; `late`: a tool that comes with the first
call; `prose`: a line on stdout first; `size`: a result's text of so many letters.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

script: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
tools = script.get("tools", [])


def out(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def called(params: dict[str, Any]) -> Any:
    if "late" in script and script["late"] not in tools:
        tools.append(script["late"])
        out({"method": "notifications/tools/list_changed"})
    if "size" in script:
        return {"content": [{"type": "text", "text": "begin\n" + "x" * script["size"]}]}
    told = json.dumps(params.get("arguments"))
    return script.get("result", {"content": [{"type": "text", "text": told}]})


if "prose" in script:
    print(script["prose"], flush=True)
    if not tools:
        sys.exit(1)
for line in sys.stdin:
    message = json.loads(line)
    number, method = message.get("id"), message.get("method")
    if method == "initialize":
        version = message["params"]["protocolVersion"]
        can = {"tools": {"listChanged": True}}
        info = {"name": "odd", "version": "1"}
        out({"id": number, "result": {"protocolVersion": version, "capabilities": can,
                                      "serverInfo": info}})  # fmt: skip
    elif method == "tools/list":
        out({"id": number, "result": {"tools": tools}})
    elif method == "tools/call":
        out({"id": number, "result": called(message["params"])})
    elif number is not None:
        out({"id": number, "error": {"code": -32601, "message": "no"}})
