#!/usr/bin/env bash
# Subject:  agent-client-protocol 0.12.1 (Python), session_info_update.
# Guess:    the protocol says a title is cleared with null, so title=None clears it.
# Seen:     fields that are None never reach the wire: an agent in Python cannot clear a title or
#           a time. A client in Python reads null and absent as equal objects; only
#           model_fields_set tells them apart.
# Output:
#   SessionInfoUpdate documents title as: Set to null to clear.
#   sent with title=None: {"sessionUpdate": "session_info_update"}
#   null and absent are equal: True | fields set: True False
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check agent-client-protocol==0.12.1

"$work/venv/bin/python" - <<'PY'
import asyncio
import json
import socket
import sys
import warnings

import acp
from acp import schema

warnings.simplefilter("ignore", DeprecationWarning)


async def main() -> bool:
    ends = [await asyncio.open_connection(sock=end) for end in socket.socketpair()]
    agent = acp.AgentSideConnection(lambda _: object(), ends[0][1], ends[0][0])
    await agent.session_update("s", schema.SessionInfoUpdate(session_update="session_info_update", title=None))
    line = json.loads(await ends[1][0].readline())
    print("sent with title=None:", json.dumps(line["params"]["update"]))
    cleared, silent = (
        schema.SessionNotification.model_validate(
            {"sessionId": "s", "update": {"sessionUpdate": "session_info_update", **told}}).update
        for told in ({"title": None}, {}))
    print("null and absent are equal:", cleared == silent, "| fields set:",
          "title" in cleared.model_fields_set, "title" in silent.model_fields_set)
    return "title" not in line["params"]["update"] and cleared == silent


print(schema.SessionInfoUpdate.__name__, "documents title as: Set to null to clear.")
sys.exit(not asyncio.run(main()))
PY
