#!/usr/bin/env bash
# Subject:  agent-client-protocol 0.12.1 (Python), the reserved field _meta.
# Guess:    _meta, free for anybody's keys, comes as one dictionary or not at all.
# Seen:     its keys become keyword arguments of the handler. A handler that follows the
#           documented names but has no **kwargs works until the other side adds, say, a
#           traceparent: from then on each such update is lost with a line in the log, and the
#           turn still ends with end_turn.
# Output:
#   sent:  plain traced
#   heard: plain
#   logged: Client.session_update() got an unexpected keyword argument 'traceparent'
#   turn:   end_turn
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check agent-client-protocol==0.12.1

"$work/venv/bin/python" - <<'PY'
import asyncio
import logging
import socket
import sys
import warnings

import acp
from acp import schema

warnings.simplefilter("ignore", DeprecationWarning)
logged = []
logging.basicConfig(handlers=[logging.NullHandler()])
logging.getLogger().addFilter(lambda record: logged.append(str(record.exc_info[1])) or True)


class Agent:
    def on_connect(self, connection):
        self.client = connection

    async def prompt(self, prompt, session_id, **_):
        await self.client.session_update(session_id, acp.update_agent_message_text("plain"))
        await self.client.session_update(session_id, acp.update_agent_message_text("traced"), traceparent="00-ab-cd-01")
        return schema.PromptResponse(stop_reason="end_turn")


class Client:
    heard = []

    def on_connect(self, connection):
        pass

    async def session_update(self, session_id, update):
        self.heard.append(update.content.text)


async def main() -> bool:
    ends = [await asyncio.open_connection(sock=end) for end in socket.socketpair()]
    client = Client()
    acp.AgentSideConnection(Agent(), ends[0][1], ends[0][0])
    connection = acp.ClientSideConnection(client, ends[1][1], ends[1][0])
    answer = await connection.prompt(session_id="s", prompt=[acp.text_block("go")])
    print("sent:  plain traced\nheard:", *client.heard)
    print("logged:", *logged)
    print("turn:  ", answer.stop_reason)
    return client.heard == ["plain"] and "traceparent" in logged[0] and answer.stop_reason == "end_turn"


sys.exit(not asyncio.run(main()))
PY
