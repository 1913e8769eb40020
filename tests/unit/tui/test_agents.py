"""What is done with an agent's session: its options, its commands, signing in, going on."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest
from textual.command import CommandList
from textual.content import Content

from sessions.api.agents import options_in
from sessions.errors import NotFound
from sessions.record import events as ev
from sessions.record.summary_parts import AgentOption, AgentState
from tests.support.deckpilot import Opened, opened
from tui.actions import actions
from tui.deck.tile import foot_of
from tui.screens.agents import _columned
from tui.screens.dialogs import Choose

OPTIONS: list[AgentOption] = [
    {
        "id": "mode",
        "name": "Mode",
        "description": "How far it goes",
        "category": "mode",
        "current": "default",
        "choices": [{"value": "default", "name": "Default"}, {"value": "plan", "name": "Plan"}],
    },
    {
        "id": "model",
        "name": "Model",
        "description": "",
        "category": "model",
        "current": "m1",
        "choices": [{"value": "m1", "name": "M1"}],
    },
]
STATE: AgentState = {
    "starting": "",
    "options": OPTIONS,
    "wanted": {},
    "commands": [{"name": "init", "description": "Write it down", "input": {"hint": "where"}}],
}


def answering(here: Opened, command: str, result: Any) -> None:
    """Let the engine answer a command so."""

    async def answer(**args: Any) -> Any:
        return result

    setattr(here.client, "_" + command.replace(".", "_"), answer)


def offered(here: Opened) -> set[str]:
    """The actions that can be done now."""
    return {name for name, spec in actions().items() if spec.when(here.deck)}


async def start(here: Opened, action: str, *keys: str) -> None:
    """Start an action; press keys once its list is there."""
    here.deck.start(action)
    await here.until(lambda: isinstance(here.app.screen, Choose))
    await here.press(*keys)


async def test_they_are_offered_for_an_agents_session_alone() -> None:
    mine = {"agent_options", "agent_commands", "sign_in"}
    async with opened(1) as here:
        context = ev.BackendState(data={"context": {"used": 1}})  # a native one tells that
        here.client.emit("s001", context)
        await here.settle()
        here.client.emit("s001", ev.BackendState(data={"servers": ""}))  # and that they are ready
        await here.settle()
        assert not mine & offered(here)
        here.client.emit("s001", ev.BackendState(data=STATE))
        await here.settle()
        assert mine <= offered(here)


def test_of_recorded_options_those_that_are_whole_are_read() -> None:
    odd: Any = {"options": [*OPTIONS, {"id": "odd", "choices": 5}, "x"]}
    other: Any = {"options": {"id": 1}}
    assert options_in(odd) == OPTIONS and options_in(other) == options_in({}) == []


async def test_an_option_is_chosen_from_what_the_agent_offers() -> None:
    async with opened(1) as here:
        here.client.emit("s001", ev.BackendState(data=STATE))
        answering(here, "agent.options", OPTIONS)
        await start(here, "agent_options", "enter")
        await here.until(lambda: getattr(here.app.screen, "heading", "") == "Mode")
        await here.press("down", "enter")
        await here.until(lambda: bool(here.client.said("agent.choose")))
        assert here.client.said("agent.choose") == [
            {"session": "s001", "option": "mode", "value": "plan"}
        ]


async def test_a_command_of_the_agent_begins_the_message() -> None:
    async with opened(1) as here:
        here.client.emit("s001", ev.BackendState(data=STATE))
        await here.type("docs")
        await start(here, "agent_commands", "enter")
        await here.until(lambda: here.composer.text == "/init docs")
        assert here.client.said("session.send") == []


async def test_a_login_has_the_terminal_and_the_agent_starts_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(1) as here:
        monkeypatch.setattr(here.app, "suspend", nullcontext)
        here.client.emit("s001", ev.BackendState(data=STATE))
        way = {"id": "x", "name": "Log in", "kind": "terminal", "description": "", "env": {}}
        answering(here, "agent.sign_in", [{**way, "command": [sys.executable, "-c", ""]}])
        here.deck.start("sign_in")
        await here.until(lambda: bool(here.notices()))
        assert len(here.client.said("agent.restart")) == 1
        assert "Signed in" in here.notices()[-1]


async def test_a_login_that_fails_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(1) as here:
        monkeypatch.setattr(here.app, "suspend", nullcontext)
        here.client.emit("s001", ev.BackendState(data=STATE))
        way = {"id": "x", "name": "Log in", "kind": "terminal", "description": "", "env": {}}
        command = [sys.executable, "-c", "raise SystemExit(3)"]
        answering(here, "agent.sign_in", [{**way, "command": command}])
        here.deck.start("sign_in")
        await here.until(lambda: bool(here.notices()))
        assert "ended with exit code 3" in here.notices()[-1]
        assert not here.client.said("agent.restart")


async def test_where_the_terminal_can_not_be_lent_the_login_is_named() -> None:
    async with opened(1) as here:  # a pilot's terminal can't
        here.client.emit("s001", ev.BackendState(data=STATE))
        way = {"id": "x", "name": "Log in", "kind": "terminal", "description": "", "env": {}}
        answering(here, "agent.sign_in", [{**way, "command": ["opencode", "auth", "login"]}])
        here.deck.start("sign_in")
        await here.until(lambda: bool(here.notices()))
        assert "opencode auth login" in here.notices()[-1]


async def test_an_import_goes_on_with_another_backend_where_its_own_is_not_here() -> None:
    async with opened(1) as here:
        here.client.sessions["s001"].summary.source = {
            "harness": "codex", "path": "", "id": "1",
        }  # fmt: skip
        here.client.on_summary(here.client.sessions["s001"].summary)
        await here.settle()
        here.client.refuse["session.continue"] = NotFound("codex is not here.")
        made = here.client.add("continued")
        answering(here, "session.continue", here.client.sessions[made].summary.to_json())
        await start(here, "continue", "enter")
        await here.until(lambda: here.deck.model.current == made)
        assert [a.get("backend") for a in here.client.said("session.continue")] == [None, "local"]


async def test_the_tile_says_which_model_and_mode_an_agent_has() -> None:
    async with opened(1) as here:
        here.client.emit("s001", ev.BackendState(data={**STATE, "wanted": {"mode": "default"}}))
        summary = here.client.sessions["s001"].summary
        summary.backend, summary.model = "opencode", ""
        assert foot_of(summary, 80, datetime.now(UTC)).plain == "opencode · M1 · Default"


REASONS = {"steer": "It can't be spoken to in a turn.", "model": "Gadget names no models."}


async def test_what_the_agent_cannot_do_is_grey_in_the_palette_and_says_why() -> None:
    async with opened(1) as here:
        here.client.emit("s001", ev.BackendState(data={**STATE, "reasons": REASONS}))
        await here.press("ctrl+p")
        await here.type("change the model")
        found = here.app.screen.query_one(CommandList)
        await here.until(lambda: found.option_count > 0)
        shown = found.get_option_at_index(0).prompt
        assert isinstance(shown, Content)
        assert REASONS["model"] in shown.plain
        assert any(str(span.style) == "$text-disabled" for span in shown.spans)
        await here.press("enter")
        await here.until(lambda: REASONS["model"] in here.notices())
        assert not here.client.said("deck.models")


async def test_a_word_within_a_turn_waits_for_its_end_where_the_agent_takes_none() -> None:
    async with opened(1) as here:
        here.client.emit("s001", ev.BackendState(data={**STATE, "reasons": REASONS}))
        here.client.emit(
            "s001", ev.UserMessage(turn=1, text="go"), ev.TurnStarted(turn=1, model="m1")
        )
        await here.type("and this")
        await here.settle()
        assert "steer now" not in here.line("footer")
        await here.press("ctrl+g")
        await here.until(lambda: bool(here.client.said("session.send")))
        assert here.client.said("session.send")[0]["mode"] == "queue"
        assert REASONS["steer"] in here.notices()


async def test_the_tile_says_how_full_the_models_window_is() -> None:
    async with opened(1) as here:
        context = {"used": 45_000, "size": 200_000}
        here.client.emit("s001", ev.BackendState(data={**STATE, "context": context}))
        await here.settle()
        summary = here.deck.model.summary()
        assert summary is not None
        assert "context 22 %" in foot_of(summary, 80, datetime.now(UTC)).plain
        here.client.emit("s001", ev.ContextCompacted(summary="short", upto=1))
        await here.settle()
        assert "context" not in foot_of(summary, 80, datetime.now(UTC)).plain


def test_what_an_option_stands_at_has_a_column_of_its_own() -> None:
    rows = [("m", "Mode", "Manual", "How it asks"), ("e", "Effort", "Default (best)", "How much")]
    first, second = ("".join(text for text, _ in pick.cells) for pick in _columned(rows))
    assert first.index("Manual") == second.index("Default") == len("Effort") + 2
    assert first.index("How it asks") == second.index("How much")
