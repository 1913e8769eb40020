"""More acts of the scripted agent (see scripted_agent.py): what it shows, and what else it asks."""

from __future__ import annotations

import json
import os
import threading
import time

TYPE_CHECKING = False  # as in scripted_acts
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Agent = Any
    Message = dict[str, Any]


class MoreRequests:
    """Requests of the scripted agent that not every agent answers.

    What is injected stands in a list until an act takes it.
    """

    injected: list[Message]
    providers: dict[str, Message]
    listening: dict[str, list[str]]

    def on__session_steering(self, params: Message) -> Message:
        """A message for the running turn, if one runs."""
        text = str(params["prompt"][0]["text"])
        behaviour = params["_meta"]["steering"]["idleBehavior"]
        if params["sessionId"] not in self.listening or "refused" in text:
            return {"outcome": behaviour, "reason": "noRunningTurn"}
        self.listening[params["sessionId"]].append(text)
        return {"outcome": "injected"}

    def on_providers_list(self, params: Message) -> Message:
        """Two providers, and where the first is."""
        told = self.providers.get("main")
        now = {k: told[k] for k in ("apiType", "baseUrl")} if told else None
        row = {"providerId": "main", "supported": ["openai"], "required": True, "current": now}
        other = {"providerId": "other", "supported": ["anthropic"], "required": False}
        return {"providers": [row, other]}

    def on_providers_set(self, params: Message) -> Message:
        """Another place for it."""
        if params["providerId"] != "main":
            return {"error": {"code": -32602, "message": "no such provider"}}
        self.providers["main"] = params
        return {}

    def on_providers_disable(self, params: Message) -> Message:
        """No more of it; the other one has to be there."""
        if params["providerId"] == "main":
            return {"error": {"code": -32602, "message": "main is required"}}
        self.providers[params["providerId"]] = {}
        return {}

    def on_session_inject(self, params: Message) -> Message:
        """A message for the running turn, which its acts take out one by one."""
        text = str(params["content"][0]["text"])
        if params["mode"] != "steer" or "refused" in text:
            data = {"reason": "no_running_turn"}
            return {"error": {"code": -32010, "message": "No turn", "data": data}}
        number = f"msg-{len(self.injected)}"
        self.injected.append({"id": number, "text": text, "state": "pending"})
        return {"messageId": number}

    def on_session_revoke_inject(self, params: Message) -> Message:
        """Take one back, unless it was delivered."""
        for each in self.injected:
            if each["id"] == params["messageId"]:
                if each["state"] == "delivered":
                    data = {"reason": "already_delivered", "messageId": each["id"]}
                    return {"error": {"code": -32010, "message": "Too late", "data": data}}
                each["state"] = "revoked"
                return {}
        return {"error": {"code": -32002, "message": "Unknown"}}


def inject(agent: Agent, session: str, text: str) -> str | None:
    """Deliver what is injected, but nothing that has "later" in it, until that is "enough".

    With "end" it ends without delivering it; it ends when it is cancelled, and says what was
    revoked before that.
    """
    agent.say(session, "listening ")
    while session not in agent.cancelled:
        for each in [e for e in agent.injected if e["state"] == "pending"]:
            word = each["text"]
            if word == "end":
                return None
            if "later" in word:
                continue
            each["state"] = "delivered"
            content = [{"type": "text", "text": word}]
            agent.update(session, "user_message", messageId=each["id"], content=content)
            agent.say(session, f"heard {word} ")
            if word == "enough":
                return None
        time.sleep(0.005)
    agent.say(session, " ".join(e["text"] for e in agent.injected if e["state"] == "revoked"))
    return "cancelled"


def later(agent: Agent, session: str, text: str) -> None:
    """Ask the user once the turn is over; what is answered is said in the next turn by `heard`.

    With "clean" in it a permission is asked for after that.
    """

    def ask() -> None:
        while session not in agent.idle:
            time.sleep(0.005)
        schema = {"properties": {"port": {"type": "integer"}}}
        params = {"sessionId": session, "message": "Which port?", "requestedSchema": schema}
        agent.heard = agent.ask("elicitation/create", params).get("result")
        if "clean" not in text:
            return
        call = {"toolCallId": "late", "title": "Clean up", "kind": "execute"}
        agent.ask(
            "session/request_permission", {"sessionId": session, "toolCall": call, "options": []}
        )

    agent.idle.discard(session)
    threading.Thread(target=ask, daemon=True).start()


def heard(agent: Agent, session: str, text: str) -> None:
    """Say what was answered after the turn before, and when the session was opened."""
    while agent.heard is None and agent.opened_by is None:
        time.sleep(0.005)
    agent.say(session, json.dumps([agent.heard, agent.opened_by]))


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


def crew(agent: Agent, session: str, text: str) -> None:
    """A helper that works on when the turn is over, until it is cancelled or the word "end" comes.

    With "end" the one that works is ended, as the agent does it by itself.
    """
    idle = {"state": "idle", "stopReason": "cancelled"}
    if "end" in text:
        agent.dug.wait(30)
        idle["stopReason"] = "end_turn"
        agent.update(session, "subagent_update", sessionId="mate", state=idle)
        return
    agent.sessions["mate"], agent.dug = [], threading.Event()
    agent.cancelled.discard("mate")
    told = {"title": "Mate", "description": "Dig.", "capabilities": {"cancel": {}}}
    agent.update(session, "subagent_update", sessionId="mate", **told)
    agent.update(session, "subagent_update", sessionId="mate", state={"state": "running"})
    agent.say("mate", "I dig ")

    def dig() -> None:
        while session not in agent.idle:
            time.sleep(0.005)
        agent.say("mate", "on ")
        agent.dug.set()
        while "mate" not in agent.cancelled:
            time.sleep(0.005)
        agent.update(session, "subagent_update", sessionId="mate", state=idle)

    agent.idle.discard(session)
    threading.Thread(target=dig, daemon=True).start()


def withdraw(agent: Agent, session: str, text: str) -> None:
    """Ask for a permission or, with "form", a question; take it back once it can be seen."""
    call = {"toolCallId": "w1", "title": "Run make", "kind": "execute"}
    options = [{"optionId": "yes", "name": "Yes", "kind": "allow_once"}]
    method, params = "session/request_permission", {"toolCall": call, "options": options}
    if "form" in text:
        schema = {"properties": {"port": {"type": "integer"}}}
        method, params = "elicitation/create", {"message": "Port?", "requestedSchema": schema}
    agent.send({"id": "w", "method": method, "params": {"sessionId": session, **params}})
    for number in ("none", "w"):  # of the first there is no request
        agent.send({"method": "$/cancel_request", "params": {"requestId": number}})
    with agent.answered:
        agent.answered.wait_for(lambda: "w" in agent.answers, 30)
    agent.say(session, json.dumps(agent.answers.pop("w").get("result")))


def where(agent: Agent, session: str, text: str) -> None:
    """Say the process's id and its working directory."""
    agent.say(session, f"{os.getpid()} {os.getcwd()}")


def doze(agent: Agent, session: str, text: str) -> None:
    """Say nothing of the answer for a second."""
    said = {"type": "text", "text": text}
    for _ in range(2):
        agent.update(session, "available_commands_update", availableCommands=[])
        agent.update(session, "user_message_chunk", content=said)
        time.sleep(0.5)
    agent.say(session, "awake")


def picture(agent: Agent, session: str, text: str) -> None:
    """Show a picture."""
    import base64

    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
    content = {"type": "image", "data": data, "mimeType": "image/png"}
    agent.update(session, "agent_message_chunk", content=content)


def orphan(agent: Agent, session: str, text: str) -> None:
    """Start a process that outlives the agent unless somebody ends it; say its id."""
    import subprocess

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


def hasty(agent: Agent, session: str, text: str) -> None:
    """Ask for a call a moment before telling what it is given, as OpenCode does."""
    call = {"toolCallId": "h1", "title": "sums_add", "kind": "other", "rawInput": {}}
    agent.update(session, "tool_call", **call)
    told = {**call, "rawInput": {"a": 2}}
    threading.Timer(0.05, agent.update, [session, "tool_call_update"], told).start()
    options = [{"optionId": "no", "name": "No", "kind": "reject_once"}]
    params = {"sessionId": session, "toolCall": call, "options": options}
    agent.ask("session/request_permission", params)


def dribble(agent: Agent, session: str, text: str) -> None:
    """Stream for a while, and end in the middle of it."""
    for number in range(60):
        agent.say(session, f"{number} ")
        time.sleep(0.004)
    os._exit(7)


def blocks(agent: Agent, session: str, text: str) -> None:
    """Say the kinds of the prompt's blocks."""
    agent.say(session, " ".join(agent.kinds))


def about(agent: Agent, session: str, text: str) -> None:
    """Say what was chosen and handed over, and which kinds of blocks the prompt had."""
    servers = [server["name"] for server in agent.servers.get(session, [])]
    agent.say(session, json.dumps({"chosen": agent.chosen, "servers": servers}))


ACTS: dict[str, Callable[[Any, str, str], Any]] = {
    "opened": opened,
    "inject": inject,
    "later": later,
    "heard": heard,
    "delegate": delegate,
    "crew": crew,
    "withdraw": withdraw,
    "where": where,
    "doze": doze,
    "picture": picture,
    "orphan": orphan,
    "twins": twins,
    "endless": endless,
    "blocks": blocks,
    "dribble": dribble,
    "hasty": hasty,
    "about": about,
}
