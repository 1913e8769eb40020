"""Real agents in the deck, against the scripted server: run by `make agents`.

`AGENTDECK_AGENTS` names the folder into which npm installed `opencode-ai` and
`@agentclientprotocol/claude-agent-acp`; without it these tests are skipped. No network but
loopback is needed.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from sessions import config, limits
from sessions import events as ev
from sessions.deck import Deck
from sessions.session import Session
from tests.support.messages_server import MessagesServer, Request, Step, call, say
from tests.support.nativerig import of_type, text_of
from tests.support.rig import rig_places, until

FOLDER = os.environ.get("AGENTDECK_AGENTS", "")
pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="run by `make agents`"),
    pytest.mark.timeout(300),
]


def since_last_answer(request: Request) -> list[ev.JSON]:
    """The messages after the model's last one: an agent may add reminders behind the user's."""
    recent: list[ev.JSON] = []
    for message in reversed(request.body.get("messages", [])):
        if message["role"] == "assistant":
            break
        recent.insert(0, message)
    return recent


def script(request: Request) -> Sequence[Step]:
    """A tool call when the user asks for one, streaming otherwise, a title when it is wanted."""
    text = json.dumps(since_last_answer(request))
    if '"tool_result"' in text:
        return say("The tool has ", "run.")
    if "please run" in text:
        names = [t["name"] for t in request.body.get("tools") or []]
        shell = next((n for n in names if n.lower() == "bash"), "")
        if shell:
            given = {"command": "touch made-by-agent", "description": "Make a file"}
            return call(shell, given, f"toolu_{request.number}")
    return say("These ", "are ", "the ", "answers.")


@pytest.fixture
async def deck(tmp_path: Path) -> AsyncIterator[Deck]:
    """A deck with OpenCode, Claude Code and a native backend, all on one scripted server."""
    limits._GATES.clear()
    bin_ = Path(FOLDER) / "node_modules" / ".bin"
    (tmp_path / "work").mkdir()
    async with MessagesServer(script) as server:
        provider = {
            "npm": "@ai-sdk/anthropic",
            "options": {"baseURL": f"{server.url}/v1", "apiKey": "local"},
            "models": {"mock-model": {"name": "Mock"}},
        }
        opencode = {
            "autoupdate": False,
            "share": "disabled",
            "model": "mock/mock-model",
            "small_model": "mock/mock-model",
            "enabled_providers": ["mock"],
            "permission": {"bash": "ask", "edit": "ask"},
            "provider": {"mock": provider},
        }
        quiet = {
            name: "1"
            for name in (
                "OPENCODE_DISABLE_AUTOUPDATE", "OPENCODE_DISABLE_MODELS_FETCH",
                "OPENCODE_DISABLE_LSP_DOWNLOAD", "OPENCODE_DISABLE_DEFAULT_PLUGINS",
                "OPENCODE_DISABLE_SHARE", "OPENCODE_PURE",
            )
        }  # fmt: skip
        homes = {f"XDG_{n}_HOME": str(tmp_path / n) for n in ("CONFIG", "DATA", "CACHE", "STATE")}
        claude = {
            "ANTHROPIC_BASE_URL": server.url,
            "ANTHROPIC_API_KEY": "local",
            "ANTHROPIC_MODEL": "mock-model",
            "ANTHROPIC_SMALL_FAST_MODEL": "mock-model",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CONFIG_DIR": str(tmp_path / "claude"),
            "IS_SANDBOX": "1",
        }
        places = rig_places(tmp_path / "home")
        places.config_file.parent.mkdir(parents=True)
        env = {"OPENCODE_CONFIG_CONTENT": json.dumps(opencode), **quiet, **homes}
        places.config_file.write_text(
            f'[backends.native]\nbase_url = "{server.url}"\nmodel = "m"\n'
            f'[backends.opencode]\ntype = "acp"\ncommand = ["{bin_}/opencode", "acp"]\n'
            f"env = {_toml(env)}\n"
            f'[backends.claude-code]\ntype = "acp"\ncommand = ["{bin_}/claude-agent-acp"]\n'
            f"env = {_toml(claude)}\n"
        )
        deck = Deck(places, config.load(places.config_file))
        deck.server = server  # type: ignore[attr-defined]
        await deck.open()
        yield deck
        await deck.close()


def _toml(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{k} = {json.dumps(v)}" for k, v in values.items()) + "}"


async def new(deck: Deck, backend: str, tmp_path: Path) -> Session:
    return await deck.create(backend=backend, cwd=str(tmp_path / "work"), title=backend)


async def idle(session: Session) -> None:
    await until(lambda: not session.working, 120)
    assert session.summary.status == "done", session.summary.error


AGENTS = ["opencode", "claude-code"]


async def test_six_tiles_of_three_kinds_answer_at_once_and_are_found(
    deck: Deck, tmp_path: Path
) -> None:
    sessions = [await new(deck, b, tmp_path) for b in ("native", *AGENTS) for _ in range(2)]
    await asyncio.gather(*(s.send(f"Question {n}") for n, s in enumerate(sessions)))
    await asyncio.gather(*(idle(s) for s in sessions))
    for session in sessions:
        assert "These are the answers." in text_of(session)
    index = await deck.index()
    assert {h.id for h in index.search("these are the answers")} == {s.id for s in sessions}


@pytest.mark.parametrize("agent", AGENTS)
async def test_an_agents_permission_is_asked_and_answered_in_the_deck(
    deck: Deck, tmp_path: Path, agent: str
) -> None:
    session = await new(deck, agent, tmp_path)
    await session.send("please run it")
    await until(lambda: session.summary.status == "needs-you" or not session.working, 120)
    assert session.summary.asks, session.summary.error or "it acted without asking"
    ask = session.summary.asks[0]
    assert "touch made-by-agent" in ask["detail"] + ask["summary"]
    assert not (tmp_path / "work" / "made-by-agent").exists()
    once = next(o["id"] for o in ask["options"] if o["kind"] == "allow_once")
    await session.answer(ask["ask"], once, "", True)
    await idle(session)
    assert (tmp_path / "work" / "made-by-agent").exists()
    assert [r.status for r in of_type(session, ev.ToolResult)] == ["ok"]
    assert "The tool has run." in text_of(session)


@pytest.mark.parametrize("agent", AGENTS)
async def test_a_killed_agent_comes_back_with_its_conversation(
    deck: Deck, tmp_path: Path, agent: str
) -> None:
    session = await new(deck, agent, tmp_path)
    await session.send("First question")
    await idle(session)
    process = deck.backend(agent)._process._process  # type: ignore[attr-defined]
    os.killpg(process.pid, signal.SIGKILL)
    await deck.backend(agent)._process.wait_ended()  # type: ignore[attr-defined]
    await session.send("Second question")
    await idle(session)
    assert text_of(session).count("These are the answers.") == 2
    ids = {
        e.data["session_id"] for e in of_type(session, ev.BackendState) if "session_id" in e.data
    }
    # An agent that had not written its session down when it was killed is told the past instead.
    past = json.dumps(deck.server.asked[-1].body["messages"])  # type: ignore[attr-defined]
    assert len(ids) == 1 or "First question" in past
