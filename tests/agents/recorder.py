"""Drives the real agents through the deck and keeps what goes over the wire as a test's case.

    AGENTDECK_AGENTS=FOLDER python -m tests.agents.recorder [AGENT…]

writes tests/fixtures/wire/AGENT.jsonl, which tests/support/wire_log.py plays again. Folders become
`@WORK@`, `@HOME@` and `@AGENTS@`; of what the client says only what an answer depends on is kept,
and what is long is cut.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sessions import config
from sessions.engine.whole_deck import WholeDeck
from tests.agents.setting import AGENTS, FOLDER, Model, command_of
from tests.support.agent_turns import drive
from tests.support.messages_server import MessagesServer
from tests.support.rig import rig_places
from tests.support.wire_log import LOGS, wrapped

_TEE = Path(__file__).with_name("tee.py")
_MOST_CHARS, _MOST_WORDS = 400, 60
_SAID = ("description", "body", "whenToUse")
_TEXTS = ("text", "data", "newText", "output")
_MOST = {
    "availableCommands": 2,
    "availableSkills": 2,
    "availableSkillDetails": 2,
    "availableModels": 8,
    "options": 8,
}
"""Lists of which some items are enough: nobody chooses in a log."""


async def record(agent: str) -> Path:
    """One agent's log, and where it is."""
    with tempfile.TemporaryDirectory(prefix="wire-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve()
        work, home, log = root / "work", root / "home", root / "log.jsonl"
        work.mkdir()
        os.environ["HOME"] = str(home)
        model = Model(work=work)
        async with MessagesServer(model) as server:
            command, env = command_of(agent, server.url, home)
            line = shlex.join([sys.executable, str(_TEE), str(log), *command])
            places = rig_places(root / "deck")
            places.config_file.parent.mkdir(parents=True)
            places.config_file.write_text(wrapped(agent, line, root, env))
            deck = WholeDeck(places, config.load(places.config_file))
            await deck.open()
            try:
                await drive(deck, agent, work, _next_minute, model.gate.set)
            finally:
                await deck.close()
        names = {str(work): "@WORK@", str(home): "@HOME@", FOLDER: "@AGENTS@", str(root): "@ROOT@"}
        names[str(work).lstrip("/")] = "work"  # some name files from the root on
        LOGS.mkdir(exist_ok=True)
        path = LOGS / f"{agent}.jsonl"
        entries = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        path.write_text("".join(_tidy(entries, names)), "utf-8")
    return path


async def _next_minute() -> None:
    """Gemini's files are named by the minute."""
    await asyncio.sleep(61 - time.time() % 60)


def _tidy(entries: Sequence[dict[str, str]], names: dict[str, str]) -> Iterator[str]:
    methods: dict[tuple[str, Any], str] = {}
    for entry in entries:
        whose, line = entry["from"], entry.get("line", "")
        for folder, name in names.items():
            line = line.replace(folder, name)
        try:
            message = json.loads(line) if line else None
        except ValueError:
            message = line  # noise is told again as it is
        told: dict[str, Any] = {"from": whose}
        if isinstance(message, dict):
            method, number = str(message.get("method", "")), message.get("id")
            methods.setdefault((whose, number), method)
            if whose == "client":
                other = methods.get(("agent", number), "")
                told["message"] = _of_client(message, "" if method else other)
            else:
                message.pop("jsonrpc", None)
                told["message"] = _short(message)
        elif message is not None:
            told["noise"] = message
        yield json.dumps(told, ensure_ascii=False) + "\n"


def _of_client(message: dict[str, Any], answered: str) -> dict[str, Any]:
    """Which request or notice it is; of an answer, what it says."""
    if "method" in message:
        return {k: message[k] for k in ("id", "method") if k in message}
    result = message.get("result")
    small = {"id": message["id"]} | ({"answers": answered} if answered else {})
    return small | {"result": _short(result)} if "result" in message else small


def _short(value: Any, name: str = "") -> Any:
    if isinstance(value, str):
        most = _MOST_CHARS if name in _TEXTS else _MOST_WORDS if name in _SAID else _MOST_CHARS // 3
        return value if len(value) <= most else value[:most] + "…"
    if isinstance(value, list):
        return [_short(item) for item in value[: _MOST.get(name, len(value))]]
    if isinstance(value, dict):
        return {k: _short(v, k) for k, v in value.items()}
    return value


async def _main(agents: Sequence[str]) -> None:
    for agent in agents:
        path = await record(agent)
        print(f"{path}: {path.stat().st_size:,} bytes", flush=True)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:] or AGENTS))
