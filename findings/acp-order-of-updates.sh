#!/usr/bin/env bash
# Subject:  agent-client-protocol 0.12.1 (Python), the client's session_update.
# Guess:    updates of a session come one after the other, as they were sent.
# Seen:     each is a task of its own. A handler that awaits anything lets later ones overtake:
#           text chunks come out in another order. And prompt() answers only when the last
#           handler has ended, so a slow screen makes the agent look slow.
# Output:
#   sent:  one two three
#   heard: two three one
#   prompt() waited for the slow handler: True
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check agent-client-protocol==0.12.1

"$work/venv/bin/python" - <<'PY'
import asyncio
import socket
import sys
import warnings
from time import monotonic

import acp
from acp import schema

warnings.simplefilter("ignore", DeprecationWarning)


class Agent:
    def on_connect(self, connection):
        self.client = connection

    async def prompt(self, prompt, session_id, **_):
        for word in ("one", "two", "three"):
            await self.client.session_update(session_id, acp.update_agent_message_text(word))
        return schema.PromptResponse(stop_reason="end_turn")


class Client:
    heard = []

    def on_connect(self, connection):
        pass

    async def session_update(self, session_id, update, **_):
        if update.content.text == "one":
            await asyncio.sleep(0.5)  # the first one is slow, say because a file is read
        self.heard.append(update.content.text)


async def main() -> bool:
    ends = [await asyncio.open_connection(sock=end) for end in socket.socketpair()]
    agent, client = Agent(), Client()
    acp.AgentSideConnection(agent, ends[0][1], ends[0][0])
    connection = acp.ClientSideConnection(client, ends[1][1], ends[1][0])
    began = monotonic()
    await connection.prompt(session_id="s", prompt=[acp.text_block("count")])
    waited = monotonic() - began >= 0.5
    print("sent:  one two three\nheard:", *client.heard)
    print("prompt() waited for the slow handler:", waited)
    return client.heard == ["two", "three", "one"] and waited


sys.exit(not asyncio.run(main()))
PY
