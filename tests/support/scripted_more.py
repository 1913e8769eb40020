"""More acts of the scripted agent (see scripted_agent.py): what it shows, and what else it asks."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Agent = Any


def opened(agent: Agent, session: str, text: str) -> None:
    """Say what the session was opened with, and where the provider's requests go."""
    told = {k: v for k, v in agent.opened.items() if k not in ("cwd", "mcpServers")}
    agent.say(session, json.dumps({**told, "providers": agent.providers}))


def delegate(agent: Agent, session: str, text: str) -> None:
    """A session of its own does the work: it speaks, reads, asks, and has a helper itself."""
    agent.sessions |= {"child": [], "grandchild": []}
    agent.update(session, "subagent_update", sessionId="child", title="Scout", description="Look.")
    agent.update(session, "subagent_update", sessionId="child", state={"state": "running"})
    told = [{"type": "text", "text": "Scout for it"}]
    said = {"messageId": "m1", "senderSessionId": session, "recipientSessionId": "child"}
    agent.update(session, "session_message", **said, content=told)
    agent.say("child", "I look")
    call = {"toolCallId": "c1", "title": "Read a.txt", "kind": "read", "status": "completed"}
    agent.update("child", "tool_call", **call)
    asked = {
        "toolCallId": "c2",
        "title": "Run ls",
        "kind": "execute",
        "rawInput": {"command": "ls"},
    }
    options = [{"optionId": "yes", "name": "Yes", "kind": "allow_once"}]
    agent.ask(
        "session/request_permission",
        {"sessionId": "child", "toolCall": asked, "options": options},
    )
    agent.update("child", "tool_call_update", toolCallId="c2", status="completed")
    agent.update("child", "subagent_update", sessionId="grandchild", title="Aide")
    agent.say("grandchild", "deep down")
    agent.say("child", "Found it.")
    idle = {"state": "idle", "stopReason": "end_turn"}
    agent.update(session, "subagent_update", sessionId="child", state=idle)
    agent.say(session, "The scout found it.")


def where(agent: Agent, session: str, text: str) -> None:
    """Say the process's id and its working directory."""
    agent.say(session, f"{os.getpid()} {Path.cwd()}")


def doze(agent: Agent, session: str, text: str) -> None:
    """Say nothing for a second."""
    time.sleep(1.0)
    agent.say(session, "awake")


def picture(agent: Agent, session: str, text: str) -> None:
    """Show a picture."""
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
    content = {"type": "image", "data": data, "mimeType": "image/png"}
    agent.update(session, "agent_message_chunk", content=content)


def orphan(agent: Agent, session: str, text: str) -> None:
    """Start a process that outlives the agent unless somebody ends it; say its id."""
    child = subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL)
    agent.say(session, f"child {child.pid}")


def twins(agent: Agent, session: str, text: str) -> None:
    """Two requests of one id, and answers to what nobody asked."""
    call = {"toolCallId": "w1", "title": "Look", "kind": "read"}
    params = {"sessionId": session, "toolCall": call, "options": []}
    for _ in range(2):
        self_id = {"id": 77, "method": "session/request_permission", "params": params}
        agent.send(self_id)
    for number in (1, 2, 3, 31337):
        agent.send({"id": number, "result": {"sessionId": "stolen"}})
    agent.say(session, "still here")


def endless(agent: Agent, session: str, text: str) -> None:
    """Stream for ever, whoever cancels."""
    number = 0
    while True:
        agent.say(session, f"{number} ")
        number += 1
        time.sleep(0.01)


def blocks(agent: Agent, session: str, text: str) -> None:
    """Say the kinds of the prompt's blocks."""
    agent.say(session, " ".join(agent.kinds))


def about(agent: Agent, session: str, text: str) -> None:
    """Say what was chosen and handed over, and which kinds of blocks the prompt had."""
    servers = [server["name"] for server in agent.servers.get(session, [])]
    agent.say(session, json.dumps({"chosen": agent.chosen, "servers": servers}))


ACTS: dict[str, Callable[[Any, str, str], Any]] = {
    "opened": opened,
    "delegate": delegate,
    "where": where,
    "doze": doze,
    "picture": picture,
    "orphan": orphan,
    "twins": twins,
    "endless": endless,
    "blocks": blocks,
    "about": about,
}
