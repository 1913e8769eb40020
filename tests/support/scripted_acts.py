"""What the scripted agent does (see scripted_agent.py). The words of a prompt choose: see `ACTS`.

Hundreds of tests start it, for a few messages each: most of what one costs is what it imports, so
it does without argparse, pathlib and typing, and what one act needs is imported there.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from types import SimpleNamespace

from tests.support.scripted_more import ACTS as MORE
from tests.support.scripted_more import MoreRequests

TYPE_CHECKING = False  # typing has one too, for three milliseconds of each start
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Message = dict[str, Any]
    Act = Callable[["Agent", str, str], Any]


class Agent(MoreRequests):
    """One agent process."""

    def __init__(self, options: SimpleNamespace) -> None:
        self.options = options
        self.state = str(options.state)
        self.sessions: dict[str, list[Message]] = {}
        if os.path.exists(self.state):
            with open(self.state, encoding="utf-8") as file:
                self.sessions = json.load(file)
        self.offered = options.modes.split(",")
        """The modes that it has, and starts in the first of."""
        self.modes: dict[str, str] = {}
        self.kinds: list[str] = []
        self.chosen: dict[str, str] = {}
        self.servers: dict[str, list[Message]] = {}
        self.opened: Message = {}
        self.opened_by: Message | None = None
        self.providers: dict[str, Message] = {}
        self.signed_in = f"{options.state}.signed-in"
        self.cancelled: set[str] = set()
        self.listening: dict[str, list[str]] = {}
        self.answers: dict[int, Message] = {}
        self.answered = threading.Condition()
        self.lock = threading.Lock()
        self.number = 1000
        self.injected: list[Message] = []
        self.heard: Message | None = None
        self.idle: set[str] = set()
        self.latest: Message = {}
        """The ids of the newest request of each method."""

    def sign_in(self) -> None:
        """From now on, and for all that come later."""
        with open(self.signed_in, "w", encoding="utf-8"):
            pass

    # -- the wire

    def raw(self, line: str) -> None:
        """Write a line as it is."""
        with self.lock:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def send(self, message: Message) -> None:
        """Write a JSON-RPC message."""
        self.raw(json.dumps({"jsonrpc": "2.0", **message}))

    def update(self, session: str, update_kind: str, /, **fields: Any) -> None:
        """Send a session/update and keep what is told again at a load."""
        update = {"sessionUpdate": update_kind, **fields}
        if update_kind.endswith("_chunk"):
            self.sessions[session].append(update)
        params = {"sessionId": session, "update": update}
        self.send({"method": "session/update", "params": params})

    def say(self, session: str, text: str) -> None:
        """A chunk of the answer."""
        content = {"type": "text", "text": text}
        self.update(session, "agent_message_chunk", content=content)

    def ask(self, method: str, params: Message) -> Message:
        """Send a request and wait for its answer."""
        with self.answered:
            self.number += 1
            number = self.number
        self.send({"id": number, "method": method, "params": params})
        with self.answered:
            self.answered.wait_for(lambda: number in self.answers, 30)
            return self.answers.pop(number, {})

    def serve(self) -> None:
        """Read requests until stdin ends."""
        for line in sys.stdin:
            message = json.loads(line)
            if "method" not in message:
                with self.answered:
                    self.answers[message["id"]] = message
                    self.answered.notify_all()
                continue
            threading.Thread(target=self.handle, args=(message,), daemon=True).start()

    def handle(self, message: Message) -> None:
        """Answer one request."""
        method, params = message["method"], message.get("params") or {}
        self.latest[method] = message.get("id")
        if method == "session/cancel":
            self.cancelled.add(params["sessionId"])
            return
        if method == "initialize" and self.options.hang:
            return
        if method == "session/new" and self.options.stuck:
            return
        answer = getattr(self, "on_" + method.replace("/", "_"), None)
        if answer is None:
            error = {"code": -32601, "message": "Method not found"}
            self.send({"id": message["id"], "error": error})
            return
        result = answer(params)
        if "error" in result:
            self.send({"id": message["id"], "error": result["error"]})
            return
        self.send({"id": message["id"], "result": result})
        if method == "session/prompt":
            self.idle.add(params["sessionId"])

    # -- methods

    def on_initialize(self, params: Message) -> Message:
        """Who it is and what it can do."""
        if self.options.noise:
            self.raw("Welcome to the scripted agent!")
            self.raw('{"half": ')
            self.send({"id": 424242, "result": {}})
            self.send({"id": "text", "result": {}})
        steers = {"_meta": {"steering": {"supported": True}}} if self.options.steers else {}
        inject = {"modes": ["queue", "steer"], "steerInStream": ["finish"]}
        sessions = {} if self.options.forgetful else {"close": {}, "fork": {}, "list": {}}
        if self.options.resumes:
            sessions["resume"] = {}
        if self.options.more:
            sessions |= {"delete": {}, "additionalDirectories": {}, "systemPrompt": {}}
        images = not self.options.blind
        return {
            **steers,
            "protocolVersion": 1,
            "agentInfo": {"name": "scripted", "version": "1"},
            "agentCapabilities": {
                "loadSession": not self.options.forgetful,
                "promptCapabilities": {"image": images, "embeddedContext": images},
                "mcpCapabilities": {"http": images},
                "sessionCapabilities": sessions,
                **({"providers": {}} if self.options.more else {}),
                **({"session": {"inject": inject}} if self.options.injects else {}),
            },
            "authMethods": [
                *([{"id": "api-key", "name": "K"}] if os.environ.get("OPENAI_API_KEY") else []),
                {"id": "key", "name": "An API key"},
                {"id": "login", "name": "Log in", "type": "terminal", "args": ["--login"]},
                {"id": "var", "name": "By hand", "type": "env_var", "vars": [{"name": "A_KEY"}]},
            ],
        }

    def on_session_new(self, params: Message) -> Message:
        """A new session, which starts in a mode that does not ask."""
        if self.options.signed_out and not os.path.exists(self.signed_in):
            return {"error": {"code": -32000, "message": "Authentication required"}}
        session = f"s{os.getpid()}-{len(self.sessions)}"
        if self.options.asks:
            asked = {"requestId": self.latest["session/new"], "message": "Which account?",
                     "requestedSchema": {"properties": {"name": {"type": "string"}}}}  # fmt: skip
            self.opened_by = self.ask("elicitation/create", asked).get("result")
        self.sessions[session] = []
        self.modes[session] = self.offered[0]
        self.servers[session] = params["mcpServers"]
        self.opened = params
        return {"sessionId": session, **self._choices(session)}

    def on_session_load(self, params: Message) -> Message:
        """An old session, told again."""
        session = params["sessionId"]
        if session not in self.sessions:
            return {"error": {"code": -32602, "message": "no such session"}}
        if self.options.late:
            threading.Timer(0.05, self._retell, [session]).start()
        else:
            self._retell(session)
        if self.options.twice:
            self._retell(session)
            threading.Timer(0.05, self._retell, [session]).start()
        self.modes[session] = self.offered[0]
        if not (self.options.keeps and session in self.servers):
            self.servers[session] = params["mcpServers"]
        return self._choices(session)

    def _retell(self, session: str) -> None:
        """Tell the past of a session, and what its commands are."""
        commands = {"sessionUpdate": "available_commands_update", "availableCommands": [{}]}
        for update in [*self.sessions[session], commands]:
            self.send(
                {"method": "session/update", "params": {"sessionId": session, "update": update}}
            )

    def on_session_resume(self, params: Message) -> Message:
        """An old session, not told again."""
        session = params["sessionId"]
        if session not in self.sessions:
            return {"error": {"code": -32602, "message": "no such session"}}
        self.servers[session] = params["mcpServers"]
        return self._choices(session)

    def on_session_list(self, params: Message) -> Message:
        """All sessions, one a page."""
        names = list(self.sessions)
        at = int(params.get("cursor") or 0)
        page = [{"sessionId": n, "cwd": "/w", "title": f"T {n}"} for n in names[at : at + 1]]
        more = {"nextCursor": str(at + 1)} if at + 1 < len(names) else {}
        return {"sessions": page, **more}

    def on_authenticate(self, params: Message) -> Message:
        """Sign in."""
        if params["methodId"] not in ("key", "api-key"):
            return {"error": {"code": -32602, "message": "no such method"}}
        self.sign_in()
        return {}

    def on_session_set_config_option(self, params: Message) -> Message:
        """Change an option; one value is never taken."""
        kept = params["value"] == "refused" or (
            self.options.bounces and params["configId"] == "mode"
        )
        if not kept:
            self.chosen[params["configId"]] = params["value"]
        return {"configOptions": self._config()}

    def on_session_set_model(self, params: Message) -> Message:
        """Change the model."""
        self.chosen["model"] = params["modelId"]
        return {}

    def on_session_fork(self, params: Message) -> Message:
        """A copy of a session."""
        session = f"f{os.getpid()}-{len(self.sessions)}"
        self.sessions[session] = list(self.sessions[params["sessionId"]])
        return {"sessionId": session}

    def on_session_close(self, params: Message) -> Message:
        """Let go of what it was opened with."""
        self.servers.pop(params["sessionId"], None)
        return {}

    def on_session_delete(self, params: Message) -> Message:
        """Forget a session."""
        if self.sessions.pop(params["sessionId"], None) is None:
            return {"error": {"code": -32602, "message": "no such session"}}
        return {}

    def on_session_set_mode(self, params: Message) -> Message:
        """Change the mode."""
        if self.options.bounces:
            self.update(params["sessionId"], "current_mode_update", currentModeId=self.offered[0])
            return {}
        self.modes[params["sessionId"]] = params["modeId"]
        return {}

    def on_session_prompt(self, params: Message) -> Message:
        """Run the act that the prompt names."""
        session = params["sessionId"]
        text = "\n".join(b.get("text", "") for b in params["prompt"] if b["type"] == "text")
        self.cancelled.discard(session)
        self.kinds = [str(block["type"]) for block in params["prompt"]]
        told = {"type": "text", "text": text}
        self.sessions[session].append({"sessionUpdate": "user_message_chunk", "content": told})
        firsts = [line.split()[0] for line in text.splitlines() if line.strip()]
        act = ACTS[next((word for word in reversed(firsts) if word in ACTS), "say")]
        given = act(self, session, text)
        reason: Any = "end_turn" if given is None else given
        if isinstance(reason, dict) and "error" in reason:
            return reason
        with open(self.state, "w", encoding="utf-8") as file:
            file.write(json.dumps(self.sessions))
        return {
            "stopReason": reason,
            "usage": {"inputTokens": 7, "outputTokens": 5, "totalTokens": 12},
        }

    def _choices(self, session: str) -> Message:
        if self.options.options:
            return {"configOptions": self._config()}
        if self.options.models:
            offered = [{"modelId": m, "name": m.upper()} for m in ("m1", "m2")]
            current = {"currentModelId": "m1", "availableModels": offered}
            return {"modes": self._modes(session), "models": current}
        return {"modes": self._modes(session)}

    def _config(self) -> list[Message]:
        values = {
            "mode": self.offered,
            "model": ("m1", "m2", "refused"),
            "effort": ("low", "high"),
        }
        return [
            {
                "id": name,
                "name": name.title(),
                "category": name,
                "type": "select",
                "currentValue": self.chosen.get(name, offered[0]),
                "options": [{"value": v, "name": v.upper()} for v in offered],
            }
            for name, offered in values.items()
        ]

    def _modes(self, session: str) -> Message:
        modes = [{"id": m, "name": m} for m in self.offered]
        return {"currentModeId": self.modes.get(session, self.offered[0]), "availableModes": modes}


def say(agent: Agent, session: str, text: str) -> None:
    """Say how many messages this session has had, and in which mode it is."""
    count = sum(u["sessionUpdate"] == "user_message_chunk" for u in agent.sessions[session])
    agent.say(session, f"message {count} ")
    agent.say(session, f"in mode {agent.modes.get(session)}")


def echo(agent: Agent, session: str, text: str) -> None:
    """Say the whole prompt."""
    agent.say(session, text)


def everything(agent: Agent, session: str, text: str) -> None:
    """Every kind of update there is, and one that there is not."""
    agent.update(session, "user_message_chunk", content={"type": "text", "text": "echoed"})
    agent.update(session, "agent_thought_chunk", content={"type": "text", "text": "Hm. "})
    agent.update(session, "plan", entries=[{"content": "look", "status": "pending"}])
    commands = [{"name": "init", "description": "…"}]
    agent.update(session, "available_commands_update", availableCommands=commands)
    agent.update(session, "current_mode_update", currentModeId="plan")
    agent.update(session, "config_option_update", configOptions=[])
    agent.update(session, "session_info_update", title="A scripted title")
    agent.update(
        session, "tool_call", toolCallId="t1", title="Edit a.txt", kind="edit", status="pending"
    )
    diff = {"type": "diff", "path": "/x/a.txt", "oldText": "a\n", "newText": "b\n"}
    agent.update(
        session,
        "tool_call_update",
        toolCallId="t1",
        status="completed",
        rawInput={"path": "a.txt"},
        content=[diff, {"type": "terminal", "terminalId": "x"}],
        locations=[{"path": "/x/a.txt", "line": 3}],
    )
    agent.update(session, "novelty_update", payload={"x": 1})
    cost = {"amount": 0.25, "currency": "USD"}
    agent.update(session, "usage_update", used=1000, size=200000, cost=cost)
    agent.update(
        session,
        "agent_message_chunk",
        content={"type": "image", "data": "", "mimeType": "image/png"},
    )
    agent.say(session, "done")


def permit(agent: Agent, session: str, text: str) -> str | None:
    """Ask before a command and say what was answered; with options of JSON instead of its own.

    With "- then end cancelled" in the next line, a refusal ends the turn as cancelled.
    """
    call = {
        "toolCallId": "p1",
        "title": "Run make",
        "kind": "execute",
        "rawInput": {"command": "make test"},
    }
    options = [
        {"optionId": "yes", "name": "Yes", "kind": "allow_once"},
        {"optionId": "always", "name": "Always", "kind": "allow_always"},
        {"optionId": "no", "name": "No", "kind": "reject_once"},
    ]
    told = rest_of(text, "permit").partition("\n")[0]
    if told.startswith("["):
        options = json.loads(told)
    answer = agent.ask(
        "session/request_permission",
        {"sessionId": session, "toolCall": call, "options": options},
    )
    outcome = answer.get("result", {}).get("outcome", {})
    status = "completed" if outcome.get("optionId") in ("yes", "always") else "failed"
    agent.update(session, "tool_call_update", toolCallId="p1", status=status)
    agent.say(session, f"outcome {outcome.get('outcome')} {outcome.get('optionId')}")
    return "cancelled" if status == "failed" and "end cancelled" in text else None


def doomed(agent: Agent, session: str, text: str) -> None:
    """Ask for a permission and end before it is answered."""
    call = {"toolCallId": "p1", "title": "Run make", "kind": "execute"}
    options = [{"optionId": "yes", "name": "Yes", "kind": "allow_once"}]
    params = {"sessionId": session, "toolCall": call, "options": options}
    agent.send({"id": 5, "method": "session/request_permission", "params": params})
    time.sleep(0.05)
    os._exit(9)


def unknown(agent: Agent, session: str, text: str) -> None:
    """Ask for a method that no client has."""
    answer = agent.ask("fs/teleport", {"sessionId": session})
    agent.say(session, f"error {answer.get('error', {}).get('code')}")


def forever(agent: Agent, session: str, text: str) -> str:
    """Stream until cancelled."""
    for number in range(100_000):
        if session in agent.cancelled:
            return "cancelled"
        agent.say(session, f"{number} ")
        time.sleep(0.01)
    return "end_turn"


def die(agent: Agent, session: str, text: str) -> None:
    """Say something and end in the middle of the turn."""
    agent.say(session, "last words")
    sys.stderr.write("out of cheese\n")
    sys.stderr.flush()
    os._exit(7)


def garble(agent: Agent, session: str, text: str) -> None:
    """Noise between the chunks."""
    agent.say(session, "before ")
    agent.raw("not json at all \x1b[31m")
    agent.raw("[1, 2, 3]")
    agent.raw('{"jsonrpc": "2.0", "method": "session/update", "params": {"sess')
    agent.raw('"text"')
    agent.raw('{"jsonrpc": "2.0", "method": "session/update", "params": 5}')
    agent.send({"id": 999999, "result": {"x": 1}})
    agent.say(session, "after")


def flood(agent: Agent, session: str, text: str) -> None:
    """Five thousand chunks, or as many as are asked for, and much on stderr."""
    sys.stderr.write("x" * 300_000 + "\n")
    for number in range(int(rest_of(text, "flood") or 5000)):
        agent.say(session, f"{number} ")


def rest_of(text: str, word: str) -> str:
    """What follows an act's word in its line, and the lines after it."""
    lines = text.splitlines()
    at = max(n for n, line in enumerate(lines) if line.split()[:1] == [word])
    return "\n".join([lines[at].partition(word)[2].strip(), *lines[at + 1 :]]).strip()


def client(agent: Agent, session: str, text: str) -> None:
    """Send the client the requests of a JSON list `[[method, params], …]` and say the answers.

    "$terminal" in the parameters is the id of the last terminal that was made.
    """
    answers: list[Any] = []
    terminal = ""
    for method, params in json.loads(rest_of(text, "client")):
        given = json.loads(json.dumps(params).replace("$terminal", terminal))
        if method == "update":
            agent.update(session, given.pop("sessionUpdate"), **given)
            continue
        answer = agent.ask(method, {"sessionId": session, **given})
        result = answer.get("result", answer.get("error"))
        if isinstance(result, dict):
            terminal = str(result.get("terminalId") or terminal)
        answers.append(result)
    agent.say(session, json.dumps(answers))


def heap(agent: Agent, session: str, text: str) -> None:
    """A chunk of 60 MB, and a request of as much: what the client answers is said."""
    agent.say(session, "begin " + "x" * 60_000_000)
    answer = agent.ask("fs/write_text_file", {"sessionId": session, "content": "y" * 60_000_000})
    agent.say(session, f" error {answer.get('error', {}).get('code')}")


def ending(agent: Agent, session: str, text: str) -> Any:
    """End the turn with a reason of JSON."""
    return json.loads(rest_of(text, "ending"))


def refuse(agent: Agent, session: str, text: str) -> Any:
    """Refuse the prompt with an error of JSON, after a sentence on stdout."""
    agent.raw("Sorry, this agent is closed today.")
    return {"error": json.loads(rest_of(text, "refuse"))}


def listen(agent: Agent, session: str, text: str) -> None:
    """Say what is put into the turn, until that is "enough"."""
    agent.listening[session] = heard = []
    agent.say(session, "listening ")
    said = 0
    while "enough" not in heard:
        for word in heard[said:]:
            agent.say(session, f"heard {word} ")
            said += 1
        time.sleep(0.005)
    del agent.listening[session]
    agent.say(session, "heard enough ")


def drain(agent: Agent, session: str, text: str) -> None:
    """Ask for what waits, as Qwen Code does between its steps, until something does."""
    agent.say(session, "listening ")
    while True:
        answer = agent.ask("craft/drainMidTurnQueue", {"sessionId": session})
        items = answer.get("result", {}).get("items", [])
        for item in items:
            agent.say(session, f"heard {item['content'][0]['text']} ")
        if items:
            return
        time.sleep(0.01)


def mutter(agent: Agent, session: str, text: str) -> None:
    """Print to stderr alone."""
    sys.stderr.write(rest_of(text, "mutter") + "\n")
    sys.stderr.flush()


ACTS: dict[str, Act] = {
    **MORE,
    "heap": heap,
    "ending": ending,
    "refuse": refuse,
    "mutter": mutter,
    "listen": listen,
    "drain": drain,
    "client": client,
    "say": say,
    "echo": echo,
    "everything": everything,
    "permit": permit,
    "unknown": unknown,
    "forever": forever,
    "doomed": doomed,
    "die": die,
    "garble": garble,
    "flood": flood,
}


# fmt: off
FLAGS = (
    "hang", "stuck", "noise", "forgetful", "signed-out", "options", "resumes", "blind", "login",
    "steers", "asks", "injects", "late", "twice", "bounces", "models", "more", "keeps",
)
# fmt: on


def _options(words: list[str]) -> SimpleNamespace:
    """How it was begun. `--replay`: a log of a real agent's."""
    told: dict[str, str | bool] = {"modes": "auto,default,plan", "replay": "", "state": ""}
    told |= dict.fromkeys(FLAGS, False)
    left = iter(words)
    for word in left:
        name = word.removeprefix("--")
        if name not in told:
            sys.exit(f"error: unrecognized arguments: {word}")
        told[name] = told[name] is False or next(left)
    assert told["state"], "there is no --state"
    return SimpleNamespace(**{name.replace("-", "_"): value for name, value in told.items()})


def main() -> None:
    """Serve."""
    options = _options(sys.argv[1:])
    if options.replay:
        from pathlib import Path

        from tests.support.wire_log import Player

        Player(Path(options.replay), Path(f"{options.state}.starts")).play()
    agent = Agent(options)
    if options.login:
        agent.sign_in()
        return
    agent.serve()
