#!/usr/bin/env bash
# Subject:  agent-client-protocol 0.12.1 (Python), reading requests and updates.
# Guess:    pydantic models refuse what does not fit, or keep it.
# Seen:     it depends on the field, and most leave without a word. An MCP server entry that
#           forgets `env` is not in the agent's list (the session starts without it); a plan
#           entry with a priority of tomorrow is not in the plan; an unknown status of a tool
#           call is None, `loadSession: "sometimes"` is False. But one permission option of an
#           unknown kind refuses the whole request.
# Output:
#   2 servers, one without env:    ['files']
#   2 entries, one 'urgent':       ['read']
#   a call that is 'paused':       None
#   loadSession 'sometimes':       False
#   2 options, one 'allow_today':  request refused
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check agent-client-protocol==0.12.1

"$work/venv/bin/python" - <<'PY'
import sys

from acp import schema

asked = schema.NewSessionRequest.model_validate({"cwd": "/srv", "mcpServers": [
    {"name": "files", "command": "files-server", "args": [], "env": []},
    {"name": "search", "command": "search-server", "args": []},
]})
servers = [server.name for server in asked.mcp_servers]
print("2 servers, one without env:   ", servers)


def update(**told):
    return schema.SessionNotification.model_validate({"sessionId": "s", "update": told}).update


plan = update(sessionUpdate="plan", entries=[
    {"content": "read", "priority": "high", "status": "pending"},
    {"content": "write", "priority": "urgent", "status": "pending"},
])
entries = [entry.content for entry in plan.entries]
print("2 entries, one 'urgent':      ", entries)
call = update(sessionUpdate="tool_call_update", toolCallId="1", status="paused")
print("a call that is 'paused':      ", call.status)
able = schema.AgentCapabilities.model_validate({"loadSession": "sometimes"})
print("loadSession 'sometimes':      ", able.load_session)
try:
    schema.RequestPermissionRequest.model_validate({
        "sessionId": "s", "toolCall": {"toolCallId": "1"}, "options": [
            {"optionId": "a", "name": "Today", "kind": "allow_today"},
            {"optionId": "b", "name": "No", "kind": "reject_once"}]})
    option = "accepted"
except ValueError:
    option = "request refused"
print("2 options, one 'allow_today': ", option)
sys.exit(not (servers == ["files"] and entries == ["read"] and call.status is None
              and able.load_session is False and option == "request refused"))
PY
