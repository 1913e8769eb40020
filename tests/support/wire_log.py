"""A log of what went over the wire between the deck and a real agent, played again.

The logs are in tests/fixtures/wire, one for each agent (tests/agents/recorder.py makes them). A
line is `{"from": "client" | "agent", "message": …}`, or `{"from": "agent", "noise": "…"}`;
`{"from": "start"}` begins what one process of the agent said. Stdlib only, as the agents are.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

Message = dict[str, Any]
LOGS = Path(__file__).parents[1] / "fixtures" / "wire"
PLAYER = Path(__file__).with_name("scripted_agent.py")
_WAITED_FOR = ("initialize", "session/new", "session/load", "session/resume", "session/fork",
               "session/prompt", "session/cancel")  # fmt: skip
"""What the log's next words hang on; what else a client says, a newer one may leave out."""


def wrapped(agent: str, line: str, root: Path, env: Mapping[str, str]) -> str:
    """A config.toml in which the agent is a shell's line under the name by which it is known."""
    from sessions.config.known_agents import AGENTS

    known = AGENTS[agent]
    program = root / "bin" / known.command[0]
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\nexec {line}\n")
    program.chmod(0o700)
    command = [str(program), *known.command[1:]]
    given = ", ".join(f"{k} = {json.dumps(v)}" for k, v in env.items())
    return (
        f'[defaults]\nprofile = "{agent}"\n[backends.{agent}]\ntype = "acp"\n'
        f"command = {json.dumps(command)}\nenv = {{{given}}}\n"
    )


def played(agent: str, root: Path) -> str:
    """A config.toml in which the agent is its log."""
    words = [sys.executable, str(PLAYER), "--state", str(root / "state"), "--replay",
             str(LOGS / f"{agent}.jsonl")]  # fmt: skip
    return wrapped(agent, shlex.join(words), root, {})


class Player:
    """One process of the agent: says what it said, when the client says what it said then."""

    def __init__(self, log: Path, starts: Path) -> None:
        """`starts` counts the processes, since each has a part of the log."""
        number = int(starts.read_text()) if starts.exists() else 0
        starts.write_text(str(number + 1))
        parts: list[list[Message]] = []
        for line in log.read_text("utf-8").splitlines():
            entry = json.loads(line)
            if entry["from"] == "start":
                parts.append([])
            else:
                parts[-1].append(entry)
        self._part = parts[number] if number < len(parts) else []
        self._names: dict[str, str] = {}
        """What stands in the log, and what is to be said for it now."""
        self._ids: dict[Any, Any] = {}
        """The client's requests: their ids in the log, and as they are now."""
        self._came: list[Message] = []

    def play(self) -> None:
        """To the end, and then stay."""
        for at, entry in enumerate(self._part):
            if entry["from"] == "agent":
                self._say(entry)
            else:
                self._hear(entry["message"], self._part[at + 1 :])
        while True:
            self._stray(self._next())

    def _say(self, entry: Message) -> None:
        message = entry.get("message")
        if message is None:
            self._write(str(entry["noise"]))
            return
        if "method" not in message:  # an answer
            if message["id"] not in self._ids:
                return
            message = {**message, "id": self._ids[message["id"]]}
        self._write(json.dumps({"jsonrpc": "2.0", **message}))

    def _write(self, line: str) -> None:
        for name, now in self._names.items():
            line = line.replace(name, now)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def _hear(self, wanted: Message, rest: list[Message]) -> None:
        """Wait for what the client said next."""
        while True:
            for message in self._came:
                if _same(wanted, message):
                    self._came.remove(message)
                    self._take(wanted, message)
                    return
            if wanted.get("method", "") not in _WAITED_FOR and "method" in wanted:
                later = [e["message"] for e in rest if e["from"] == "client"]
                if any(_same(w, m) and _waited(w) for w in later for m in self._came):
                    return
            message = self._next()
            coming = [wanted, *(e["message"] for e in rest if e["from"] == "client")]
            if any(_same(each, message) for each in coming):
                self._came.append(message)
            else:
                self._stray(message)

    def _take(self, wanted: Message, message: Message) -> None:
        if "method" in wanted and "id" in wanted:
            self._ids[wanted["id"]] = message["id"]
        if cwd := (message.get("params") or {}).get("cwd"):
            self._names["@WORK@"] = cwd
        before, now = wanted.get("result"), message.get("result")
        if wanted.get("answers") == "session/request_permission" and before != now:
            _end(f"a permission was answered by {now}, not by {before}")
        if wanted.get("answers") == "terminal/create" and before and now:
            self._names[before["terminalId"]] = now["terminalId"]

    def _stray(self, message: Message) -> None:
        """What the log does not know: an answer that nobody waits for, a newer request."""
        if message.get("method") in ("session/new", "session/prompt"):
            _end(f"the log has no {message['method']} here")
        if "method" in message and "id" in message:
            error = {"code": -32601, "message": "Method not found"}
            self._write(json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error}))

    def _next(self) -> Message:
        line = sys.stdin.readline()
        if not line:
            sys.exit(0)
        message: Message = json.loads(line)
        return message


def _same(wanted: Message, message: Message) -> bool:
    """Whether it is the same request or notice, or the answer to the same question."""
    if "method" in wanted or "method" in message:
        return wanted.get("method") == message.get("method")
    return bool(wanted["id"] == message.get("id"))


def _waited(wanted: Message) -> bool:
    return wanted.get("method", "") in _WAITED_FOR


def _end(why: str) -> NoReturn:
    sys.stderr.write(f"{why}\n")
    sys.stderr.flush()
    sys.exit(3)
