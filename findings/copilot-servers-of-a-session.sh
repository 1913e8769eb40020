#!/usr/bin/env bash
# Subject:  Copilot CLI 1.0.102 over the Agent Client Protocol (350 MB, Node 20 does), without a network.
# Guess:    an MCP server that is a program and stands in `session/new` is started, since every agent
#           must support that transport.
# Seen:     the session is opened and the server left out, without an error. The same server in a
#           file that the command names (--additional-mcp-config) is started.
# Output:
#   in session/new: opened, not started
#   in the command's file: opened, started
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-fund --no-audit --prefix "$work/npm" @github/copilot@1.0.102

python3 - "$work" "$work/npm/node_modules/.bin/copilot" <<'PY'
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

work, copilot = Path(sys.argv[1]), sys.argv[2]
server = work / "server.py"
server.write_text('''
import json, pathlib, sys
pathlib.Path(sys.argv[1]).touch()
for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        given = asked.get("params") or {}
        result = {"tools": []} if asked["method"] == "tools/list" else {}
        if asked["method"] == "initialize":
            result = {"protocolVersion": given["protocolVersion"], "capabilities": {"tools": {}},
                      "serverInfo": {"name": "counts", "version": "1"}}
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
''')


def tried(name: str, in_session: bool) -> str:
    home, mark = work / name, work / f"{name}.started"
    home.mkdir()
    words, servers = [copilot, "--acp"], []
    if in_session:
        servers = [{"name": "counts", "command": sys.executable, "args": [str(server), str(mark)], "env": []}]
    else:
        told = {"type": "local", "command": sys.executable, "args": [str(server), str(mark)], "tools": ["*"]}
        (work / "mcp.json").write_text(json.dumps({"mcpServers": {"counts": told}}))
        words += ["--additional-mcp-config", f"@{work / 'mcp.json'}"]
    env = {
        "PATH": os.environ["PATH"], "HOME": str(home), "COPILOT_HOME": str(home), "COPILOT_OFFLINE": "true",
        "COPILOT_AUTO_UPDATE": "false", "COPILOT_MODEL": "m", "COPILOT_PROVIDER_BASE_URL": "http://127.0.0.1:9/v1",
    }
    agent = subprocess.Popen(words, cwd=home, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    limit = threading.Timer(180, agent.kill)
    limit.start()
    opened = False
    asks = (("initialize", {"protocolVersion": 1, "clientCapabilities": {}}),
            ("session/new", {"cwd": str(home), "mcpServers": servers}))
    try:
        for number, (method, params) in enumerate(asks):
            agent.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}) + "\n")
            agent.stdin.flush()
            for line in agent.stdout:
                answer = json.loads(line)
                if answer.get("id") == number and "method" not in answer:
                    opened = "sessionId" in answer.get("result", {})
                    break
        end = time.monotonic() + 30
        while time.monotonic() < end and not mark.exists():
            time.sleep(0.2)
    finally:
        limit.cancel()
        os.killpg(agent.pid, signal.SIGKILL)
        agent.wait()
    return f"{'opened' if opened else 'refused'}, {'started' if mark.exists() else 'not started'}"


seen = {"in session/new": tried("one", True), "in the command's file": tried("two", False)}
for place, what in seen.items():
    print(f"{place}: {what}")
sys.exit(list(seen.values()) != ["opened, not started", "opened, started"])
PY
