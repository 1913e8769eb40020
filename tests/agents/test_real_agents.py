"""Real agents as backends, one behaviour at a time, against the scripted server.

Run by `make agents`; skipped where they are not installed. No network but loopback is needed.
One deck serves all tests, so that an agent is started once; what is true of some only is in
`Known`, so that a newer one that behaves otherwise is noticed.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from sessions import config
from sessions.backends import throttle
from sessions.backends.acp import providers
from sessions.backends.acp.backend import AcpBackend
from sessions.engine.commands.agents import choose
from sessions.engine.whole_deck import WholeDeck
from sessions.paths import ASKED_IN
from sessions.record import events as ev
from sessions.record.summary_parts import Attachment
from sessions.runtime.session import Session
from tests.agents import dialects
from tests.agents.setting import (
    AGENTS,
    FOLDER,
    MADE,
    PROVIDERS,
    WRITTEN,
    Model,
    configuration,
)
from tests.support.agent_turns import START_S, answer, asked, ended, half_told, kill, process_of
from tests.support.messages_server import MessagesServer
from tests.support.nativerig import of_type, text_of
from tests.support.rig import rig_places, until
from tests.support.skill_folders import make_skill

pytestmark = [
    pytest.mark.skipif(not FOLDER, reason="run by `make agents`"),
    pytest.mark.timeout(300),
    pytest.mark.parametrize("agent", AGENTS),
    pytest.mark.asyncio(loop_scope="module"),
]
MCP_SERVER = Path(__file__).parents[1] / "support" / "mcp_server.py"
ANSWER = "These are the answers."
SKILL, TOLD = (
    "pebble-counter",
    "Counts the pebbles of the far shore. Use when pebbles are asked for.",
)


SERVER = "sums"
MCP = f"""
[mcp.servers.{SERVER}]
command = ["{sys.executable}", "{MCP_SERVER}"]
auto = false
"""
SYSTEM, LIBRARY = "Answer in verse about lighthouses.", "further-library"
MORE = "".join(
    f'[profiles.more-{name}]\nbackend = "{name}"\nsystem = "{SYSTEM}"\n'
    f'directories = ["ROOT/{LIBRARY}"]\n'
    for name in AGENTS
)


@dataclass(frozen=True)
class Known:
    """What is to be seen of one agent."""

    asks_in: str = ""
    """The mode in which it is held."""
    steers: bool = False
    forks: bool = False
    lists: bool = True
    writes: bool = True
    """It has a tool of its own that writes a file."""
    titles: bool = True
    """It gives its sessions a title while they run."""
    ends_at_refusal: bool = False
    names_skills: bool = False
    """Its tool that activates skills goes on naming those that it knows, without a description."""
    takes_more: bool = False
    """It takes further directories and a system prompt with a session."""
    costs: float = 0.0
    """It says what a session has cost so far: so much for an answer of the scripted model's."""
    reads_skills: bool = False
    """It tells its model of the skills at home by itself, whatever the deck does."""
    apart: bool = True
    """What is chosen in a session changes nothing else: no other session, not where tools stand."""
    keeps_cancelled: bool = True
    """What was asked in a turn that was cancelled stays in its conversation."""


SEEN = {
    "opencode": Known("build", forks=True, titles=False),
    "claude-code": Known("default", steers=True, forks=True, takes_more=True, costs=0.00014),
    "codex": Known(
        "read-only",
        steers=True,
        forks=True,
        writes=False,
        ends_at_refusal=True,
        takes_more=True,
        apart=False,
    ),
    "gemini": Known("default", lists=False, titles=False, keeps_cancelled=False, names_skills=True),
    "qwen": Known("default", titles=False),
    "vibe": Known("ask", forks=True, apart=False),
    "copilot": Known(
        "https://agentclientprotocol.com/protocol/session-modes#agent",
        reads_skills=True,
    ),
}


CHOSEN = {
    "opencode": ("model", "mock/other-model", '"other-model"'),
    "claude-code": ("model", "haiku", '"model": "claude-haiku'),
    "codex": ("model", "gpt-6-astra", '"gpt-6-astra"'),
    "gemini": ("model", "gemini-2.5-pro", "models/gemini-2.5-pro:"),
    "qwen": ("mode", "plan", "Plan mode is active"),
    "vibe": ("thinking", "high", '"reasoning_effort": "high"'),
    "copilot": (
        "mode",
        "https://agentclientprotocol.com/protocol/session-modes#plan",
        "<plan_mode>",
    ),
}
"""An option of each, another value of it, and what tells it to the model."""


@dataclass
class Rig:
    """A deck in this process, the server behind it and what its model does."""

    deck: WholeDeck
    server: MessagesServer
    model: Model
    work: Path

    async def session(self, backend: str, cwd: Path | None = None) -> Session:
        """A session in the work folder, or another one."""
        return await self.deck.create(backend=backend, cwd=str(cwd or self.work), title=backend)

    def backend(self, agent: str) -> AcpBackend:
        """The agent's backend; one of a directory where it has a process for each."""
        backend = self.deck.backend(agent)
        assert isinstance(backend, AcpBackend)
        return backend._folders.get(self.work, backend)

    async def kill(self, agent: str) -> None:
        """As `kill -9` does, with all that it started."""
        await kill(process_of(self.deck, agent, self.work))

    def told(self) -> str:
        """What the model was sent last by an agent that has tools."""
        return dialects.told(dialects.latest(self.server.asked))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    """A deck with all agents, on one scripted server."""
    root = tmp_path_factory.mktemp("agents")
    throttle._GATES.clear()
    model = Model()
    home = root / "agents"
    for folder in (".agents/skills", ".claude/skills"):
        make_skill(home / folder, SKILL, TOLD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        async with MessagesServer(model) as server:
            async for rig in served(server, model, root):
                yield rig


async def served(server: MessagesServer, model: Model, root: Path) -> AsyncIterator[Rig]:
    """The deck, its configuration and its places below `root`."""
    model.work = root / "work"
    model.work.mkdir()
    places = rig_places(root / "home")
    places.config_file.parent.mkdir(parents=True)
    (root / LIBRARY).mkdir()
    more = MCP + MORE.replace("ROOT", str(root))
    places.config_file.write_text(configuration(server.url, root / "agents") + more)
    deck = WholeDeck(places, config.load(places.config_file))
    await deck.open()
    try:
        yield Rig(deck, server, model, model.work)
    finally:
        await deck.close()


@pytest_asyncio.fixture(loop_scope="module")
async def rig(house: Rig) -> AsyncIterator[Rig]:
    """The deck, as if nothing had been done in it."""
    house.model.gate = asyncio.Event()
    for path in house.work.iterdir():
        path.unlink()
    yield house
    house.model.gate.set()
    for session in list(house.deck.sessions.values()):
        if session.working:
            await session.interrupt()


async def test_a_command_is_asked_for_in_the_deck_and_runs_once_allowed(
    rig: Rig, agent: str
) -> None:
    session = await rig.session(agent)
    await session.send("please run it")
    ask = await asked(session)
    assert f"touch {MADE}" in ask["summary"] + ask["detail"]
    assert {"allow_once", "reject_once"} <= {o["kind"] for o in ask["options"]}
    assert str(rig.work) in ask["detail"] or "working directory" not in ask["detail"]
    assert not (rig.work / MADE).exists()
    await answer(session, "allow_once")
    await ended(session)
    assert (rig.work / MADE).exists()
    (result,) = of_type(session, ev.ToolResult)
    assert result.status == "ok" and "[terminal" not in result.content
    assert "The tool has run." in text_of(session)


async def test_the_mode_in_which_it_asks_its_options_its_usage_and_its_title(
    rig: Rig, agent: str
) -> None:
    session = await rig.session(agent)
    for number in range(2):
        await session.send(f"Question {number}")
        await ended(session)
    ends = of_type(session, ev.TurnEnded)
    assert [(e.usage["input"], e.usage["output"]) for e in ends] == [(10, 5), (10, 5)]
    assert [e.cost_usd for e in ends] in ([None, None], [0.0, 0.0])  # a server of ours has no price
    options = {o["category"]: o for o in session.summary.agent["options"]}
    mode = options.get("mode")
    assert (mode["current"] if mode else "") == SEEN[agent].asks_in
    assert "model" in options or "model" in session.summary.agent["reasons"]
    if SEEN[agent].titles:  # some tell it when the turn is over
        await until(lambda: bool(_titles(session)), START_S)
    assert bool(_titles(session)) == SEEN[agent].titles
    assert providers.takes(process_of(rig.deck, agent, rig.work)) == (agent in PROVIDERS)


def _titles(session: Session) -> list[str]:
    return [e.agent_title for e in of_type(session, ev.SessionSet) if e.agent_title]


async def test_a_file_is_shown_as_a_diff_before_it_is_written(rig: Rig, agent: str) -> None:
    if not SEEN[agent].writes:
        pytest.skip("it writes by commands alone")
    session = await rig.session(agent)
    await session.send("please write it")
    ask = await asked(session)
    assert ask["detail_kind"] == "diff"
    assert ask["detail"].endswith("+one\n+two")
    assert WRITTEN in ask["summary"] + ask["detail"]
    assert not (rig.work / WRITTEN).exists()
    await answer(session, "allow_once")
    await ended(session)
    assert (rig.work / WRITTEN).read_text() == "one\ntwo\n"
    # Some also send fs/write_text_file once an edit is allowed.
    assert len(of_type(session, ev.PermissionAsked)) == 1
    assert len({json.dumps(c.input) for c in of_type(session, ev.ToolCall)}) == len(
        of_type(session, ev.ToolCall)
    )
    assert of_type(session, ev.ToolResult)[-1].data["diffs"][0]["new"] == "one\ntwo\n"


async def test_in_mode_edit_a_file_inside_is_written_unasked_and_a_command_is_not_run(
    rig: Rig, agent: str
) -> None:
    session = await rig.session(agent)
    await rig.deck.change(session, {"permission": "edit"})
    if SEEN[agent].writes:
        await session.send("please write it")
        await ended(session)
        assert (rig.work / WRITTEN).exists()
        assert {e.by for e in of_type(session, ev.PermissionAnswered)} == {"mode"}
    await session.send("please run it")
    await asked(session)
    await session.interrupt()
    assert not (rig.work / MADE).exists()


async def test_a_command_that_is_refused_does_not_run(rig: Rig, agent: str) -> None:
    session = await rig.session(agent)
    await session.send("please run it")
    await answer(session, "reject_once")
    await ended(session)
    assert not (rig.work / MADE).exists()
    assert "ok" not in [r.status for r in of_type(session, ev.ToolResult)]
    stopped = [e for e in of_type(session, ev.Error) if "stopped at what was refused" in e.message]
    assert bool(stopped) == SEEN[agent].ends_at_refusal


async def test_an_interrupted_turn_keeps_its_text_and_the_next_one_goes_on(
    rig: Rig, agent: str
) -> None:
    session = await rig.session(agent)
    await session.send("please hold it")
    await half_told(session)
    await session.interrupt()
    assert of_type(session, ev.TurnEnded)[-1].reason == "interrupted"
    await session.send("Second question, please answer")
    await ended(session)
    assert text_of(session).endswith(ANSWER)
    assert ("please hold it" in rig.told()) == SEEN[agent].keeps_cancelled


async def test_a_message_into_a_running_turn_is_steered_or_waits(rig: Rig, agent: str) -> None:
    session = await rig.session(agent)
    await session.send("please hold it")
    await half_told(session)
    await session.send("A steered question, please answer", mode="steer")
    if SEEN[agent].steers:
        await until(lambda: not session.queue, START_S)
    rig.model.gate.set()
    turns = 1 if SEEN[agent].steers else 2
    await until(lambda: session.summary.turns == turns and not session.working, START_S)
    told = [e.turn for e in of_type(session, ev.UserMessage)]
    assert told == [1, turns]
    assert text_of(session).endswith(ANSWER)
    assert "A steered question, please answer" in rig.told()


async def test_two_sessions_in_two_folders_at_once(rig: Rig, agent: str, tmp_path: Path) -> None:
    sessions = [await rig.session(agent), await rig.session(agent, tmp_path)]
    await asyncio.gather(*(s.send("please run it") for s in sessions))
    await asyncio.gather(*(answer(s, "allow_once") for s in sessions))
    await asyncio.gather(*(ended(s) for s in sessions))
    assert (rig.work / MADE).exists() and (tmp_path / MADE).exists()
    for session in sessions:
        (ask,) = of_type(session, ev.PermissionAsked)
        others = {str(rig.work), str(tmp_path)} - {session.summary.cwd}
        assert not any(other in ask.detail for other in others)


async def test_a_picture_reaches_its_model(rig: Rig, agent: str) -> None:
    from PIL import Image

    session = await rig.session(agent)
    files = session.journal.path.parent / "files"
    files.mkdir(exist_ok=True)
    Image.new("RGB", (64, 64), "red").save(files / "red.png")
    attachment: Attachment = {"path": "files/red.png", "media_type": "image/png"}
    await session.send("What question is this?", attachments=[attachment])
    await ended(session)
    start = base64.b64encode((files / "red.png").read_bytes()[:16]).decode()[:12]
    assert start in rig.told()


async def test_killed_between_turns_and_in_the_middle_of_one_it_comes_back_with_its_conversation(
    rig: Rig, agent: str
) -> None:
    option, value, wire = CHOSEN[agent]
    session = await rig.session(agent)
    await session.send("First question")
    await ended(session)
    if SEEN[agent].apart:
        await choose(rig.deck, session.id, option, value)
    await rig.kill(agent)
    before = len(rig.server.asked)
    await session.send("Second question, please answer")
    await ended(session)
    if SEEN[agent].apart:
        assert _on_the_wire(rig, wire, before) and _current(session)[option] == value
    told = rig.told()
    assert told.index("First question") < told.index(ANSWER) < told.index("Second question")
    said = text_of(session)
    assert said.count(ANSWER) == 2

    await session.send("please hold it")
    await half_told(session)
    await rig.kill(agent)
    await ended(session, "failed")
    assert "ended in the middle of the turn" in session.summary.error
    rig.model.gate.set()
    await session.send("Third question, please answer")
    await ended(session)
    told = rig.told()
    assert told.index("First question") < told.index("Third question")
    assert text_of(session).startswith(said)


async def test_a_fork_knows_the_conversation_and_leaves_the_first_alone(
    rig: Rig, agent: str
) -> None:
    first = await rig.session(agent)
    await first.send("First question")
    await ended(first)
    fork = await rig.deck.fork(first.id)
    await fork.send("Question of the fork")
    await ended(fork)
    assert "First question" in rig.told()
    assert first.summary.agent["can"]["fork"] == SEEN[agent].forks
    await first.send("Question of the first")
    await ended(first)
    assert "First question" in rig.told()
    assert "Question of the fork" not in rig.told()


async def test_its_sessions_are_listed(rig: Rig, agent: str) -> None:
    session = await rig.session(agent)
    await session.send("Listed question")
    await ended(session)
    assert session.summary.agent["can"]["list"] == SEEN[agent].lists
    if SEEN[agent].lists:
        found = await rig.backend(agent).listed(rig.work)
        assert session.summary.agent["session_id"] in [row["id"] for row in found]


async def test_one_question_is_answered_without_tools(rig: Rig, agent: str) -> None:
    from sessions.backends.base import Question

    backend = rig.deck.backend(agent)
    assert isinstance(backend, AcpBackend)
    reply = await backend.ask(
        Question([{"role": "user", "content": "What is it?"}], system="Be brief.")
    )
    assert reply.text.endswith(ANSWER)
    if (await backend.process()).can("delete"):
        assert not [r for r in await backend.listed() if ASKED_IN in r["cwd"]]


@pytest.mark.parametrize("state", ["off", "name-only", "on", "manual"])
async def test_a_skill_is_described_once_where_it_is_on_and_nowhere_else(
    rig: Rig, agent: str, state: str
) -> None:
    session = await rig.session(agent)
    skills = rig.deck.features.skills.of(session)
    library = rig.deck.features.skills.library
    library.lock.trust(library.get(SKILL))
    await skills.switch(SKILL, state)
    await session.send("please answer")
    await ended(session)
    body = json.dumps(dialects.latest(rig.server.asked).body)
    row = next(r for r in skills.rows() if r["name"] == SKILL and not r["shadowed_by"])
    assert row["own"] == SEEN[agent].reads_skills
    assert body.count(TOLD) == (1 if row["own"] or state == "on" else 0)
    named = row["own"] or SEEN[agent].names_skills or state in ("on", "name-only")
    assert (SKILL in body) == named
    assert (skills.cost()["tokens"] > 0) == (row["own"] or state in ("on", "name-only"))


async def test_more_directories_and_a_system_prompt_reach_its_model_once(
    rig: Rig, agent: str
) -> None:
    session = await rig.deck.create(profile=f"more-{agent}", cwd=str(rig.work))
    for number in range(2):
        await session.send(f"Question {number}, please answer")
        await ended(session)
    process = process_of(rig.deck, agent, rig.work)
    for name in ("additionalDirectories", "systemPrompt"):
        assert process.can(name) == SEEN[agent].takes_more
    body = json.dumps(dialects.latest(rig.server.asked).body)
    assert body.count(SYSTEM) == 1 and LIBRARY in body
    first = of_type(session, ev.UserMessage)[0].text
    assert "verse" not in first  # the record has what its user said
    assert ("Instructions of the user" in rig.told()) != SEEN[agent].takes_more


async def test_what_a_session_costs_is_the_sum_of_its_turns(
    rig: Rig, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the server were its vendor's: with one of ours no price is shown."""
    monkeypatch.setattr(AcpBackend, "cost_is_real", True)
    session = await rig.session(agent)
    asked = [len(rig.server.asked)]

    async def turn(text: str) -> None:
        await session.send(text)
        if "run" in text:  # its model is asked once more
            await answer(session, "allow_once")
        await ended(session)
        asked.append(len(rig.server.asked))

    await turn("Question 0, please answer")
    if not SEEN[agent].costs:
        assert not any(e.cost_usd for e in of_type(session, ev.TurnEnded))
        return
    await rig.kill(agent)
    await turn("please run it")
    await turn("Question 1, please answer")
    costs = [e.cost_usd or 0.0 for e in of_type(session, ev.TurnEnded)]
    assert session.summary.cost_usd == pytest.approx(sum(costs))
    # Beside a turn's own answers it asks for a title and the like, sooner or later.
    for cost, least, before, after in zip(costs, (1, 2, 1), asked[:-1], asked[1:], strict=True):
        answers = cost / SEEN[agent].costs
        assert (
            answers == pytest.approx(round(answers)) and least <= round(answers) <= after - before
        )


async def test_an_mcp_server_is_handed_on_and_its_tool_is_asked_for_with_what_it_is_given(
    rig: Rig, agent: str
) -> None:
    session = await rig.session(agent)
    await session.send("First question")
    await ended(session)
    await rig.deck.features.mcp.switch(session, {SERVER: True})
    async with asyncio.timeout(START_S):
        while not session.summary.asks:  # most start them beside their first turns
            await asyncio.sleep(0.5)
            await session.send("please add")
            await until(lambda: bool(session.summary.asks) or not session.working, START_S)
    ask = session.summary.asks[0]
    assert "add" in ask["summary"] or "add" in str(ask["options"])
    assert all(number in ask["detail"] for number in ("2", "40"))
    await answer(session, "allow_once")
    await ended(session)
    result = of_type(session, ev.ToolResult)[-1]
    assert (result.status, "42" in result.content) == ("ok", True)
    assert text_of(session).endswith("The tool has run.")
    await rig.deck.features.mcp.switch(session, {SERVER: False})
    await session.send("What was asked before? please answer")
    await ended(session)
    told = rig.told()  # the conversation went along
    assert told.index("First question") < told.index("please add") < told.index("asked before")
    latest = dialects.latest(rig.server.asked)
    tools = json.dumps(dialects.of(latest).tools(latest))
    # Claude Code's API wants to know a tool that the conversation has found by a search.
    assert SERVER not in tools or "no longer available in this session" in told


async def test_what_is_chosen_among_its_options_holds(rig: Rig, agent: str) -> None:
    """And after a kill: here, or where it is killed anyway."""
    option, value, wire = CHOSEN[agent]
    session = await rig.session(agent)
    for chosen, killed in (
        (False, False),
        (True, False),
        *([] if SEEN[agent].apart else [(True, True)]),
    ):
        if killed:
            await rig.kill(agent)
        elif chosen:
            await choose(rig.deck, session.id, option, value)
        before = len(rig.server.asked)
        await session.send("What is the question? please answer")
        await ended(session)
        assert _on_the_wire(rig, wire, before) == chosen
    assert _current(session)[option] == value


def _on_the_wire(rig: Rig, words: str, before: int) -> bool:
    """Whether its model was told something since a request."""
    return any(words in r.path + json.dumps(r.body) for r in rig.server.asked[before:])


def _current(session: Session) -> dict[str, str]:
    return {o["id"]: o["current"] for o in session.summary.agent["options"]}
