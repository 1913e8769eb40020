"""What else of the protocol an agent may take: roots, system prompts, providers, children, ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sessions.backends.acp import providers
from sessions.backends.acp.backend import AcpBackend
from sessions.backends.acp.updates import Translator
from sessions.backends.base import Settings
from sessions.config.model import Provider
from sessions.errors import BackendError, UsageError
from sessions.record import events as ev
from tests.support.host import FakeHost, saying
from tests.unit.acp.test_conversation import Make, make, run

__all__ = ["make"]

SYSTEM = "Answer in verse."


def with_more(host: FakeHost) -> FakeHost:
    host.settings = Settings(permission="ask", system=SYSTEM, directories=["/srv/library"])
    return host


async def test_roots_and_system_prompt_are_handed_to_an_agent_that_takes_them(
    make: Make, tmp_path: Path
) -> None:
    host = with_more(FakeHost(tmp_path))
    await run(make("--more"), host, "opened")
    told = json.loads(host.text())
    assert told["additionalDirectories"] == ["/srv/library"]
    assert told["systemPrompt"] == {
        "mode": "append", "content": [{"type": "text", "text": SYSTEM}]
    }  # fmt: skip


async def test_an_agent_that_takes_none_is_told_them_before_the_first_message_alone(
    make: Make, tmp_path: Path
) -> None:
    host = with_more(FakeHost(tmp_path))
    conversation = await make().open(host.session_id, host.cwd, {})
    host.say("echo")
    await conversation.turn(host)
    assert SYSTEM in host.text() and "/srv/library" in host.text()
    host.next("echo again")
    before = len(host.text())
    await conversation.turn(host)
    assert SYSTEM not in host.text()[before:]


async def test_what_an_agent_says_in_every_turn_is_told_once(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    conversation = await make().open(host.session_id, host.cwd, {})
    for title in ("Old", "Old", "New"):
        told = ["update", {"sessionUpdate": "notice", "title": title}]
        host.say("client " + json.dumps([told]))
        await conversation.turn(host)
    said = [e.message for e in host.events if isinstance(e, ev.Notice) and e.kind == "agent"]
    assert said == ["Old", "New"]


async def test_an_agent_deletes_its_own_sessions_but_none_that_is_open(
    make: Make, tmp_path: Path
) -> None:
    backend, host = make("--more"), FakeHost(tmp_path)
    conversation = await backend.open(host.session_id, host.cwd, {})
    host.say("say")
    await conversation.turn(host)
    (there,) = await backend.listed()
    with pytest.raises(UsageError, match="session of the deck"):
        await backend.delete(there["id"])
    await conversation.close()
    await backend.delete(there["id"])
    assert await backend.listed() == []
    with pytest.raises(BackendError, match="no such session"):
        await backend.delete(there["id"])


async def test_one_that_deletes_none_says_so(make: Make) -> None:
    with pytest.raises(UsageError, match="deletes no sessions"):
        await make().delete("s1")


def with_provider(backend: AcpBackend, name: str, *, disabled: bool = False) -> AcpBackend:
    from dataclasses import replace

    provider = Provider("openai", "http://127.0.0.1:9/v1", "SECRET_OF_TEST", disabled)
    backend._config = replace(backend._config, providers={name: provider})
    return backend


async def test_providers_are_told_at_every_start_and_shown_without_their_keys(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_TEST", "sk-of-test")
    backend, host = with_provider(make("--more"), "main"), FakeHost(tmp_path)
    await run(backend, host, "opened")
    main = json.loads(host.text())["providers"]["main"]
    assert main["headers"] == {"Authorization": "Bearer sk-of-test"}
    assert await providers.listed(await backend.process()) == [
        {
            "id": "main", "takes": ["openai"], "api": "openai",
            "base_url": "http://127.0.0.1:9/v1", "required": True,
        },
        {"id": "other", "takes": ["anthropic"], "api": "", "base_url": "", "required": False},
    ]  # fmt: skip


async def test_a_provider_that_is_off_is_told_so_and_one_that_has_to_be_there_says_so(
    make: Make, tmp_path: Path
) -> None:
    host = FakeHost(tmp_path)
    await run(with_provider(make("--more"), "other", disabled=True), host, "opened")
    assert json.loads(host.text())["providers"] == {"other": {}}
    with pytest.raises(BackendError, match="main is required"):
        await run(with_provider(make("--more"), "main", disabled=True), host, "opened")


@pytest.mark.parametrize(("flags", "name"), [((), "main"), (("--more",), "other")])
async def test_a_provider_that_cant_be_set_keeps_the_agent_from_asking_another_server(
    make: Make, tmp_path: Path, flags: tuple[str, ...], name: str
) -> None:
    backend = with_provider(make(*flags), name)
    with pytest.raises(BackendError):
        await run(backend, FakeHost(tmp_path), "say")


async def test_sessions_that_an_agent_starts_are_rows_of_their_parent(
    make: Make, tmp_path: Path
) -> None:
    host = FakeHost(tmp_path)
    host.answer = saying("yes")
    await run(make(), host, "delegate")
    calls = {e.call: e for e in host.events if isinstance(e, ev.ToolCall)}
    scout, ls, aide = calls.values()
    assert (scout.name, scout.title, scout.input) == (
        "Sub-agent", "Scout", {"description": "Look.", "prompt": "Scout for it"},
    )  # fmt: skip
    assert aide.title == "Scout › Aide" and ls.input == {"command": "ls"}
    results = {e.call: e for e in host.events if isinstance(e, ev.ToolResult)}
    assert results.keys() == calls.keys(), "every row has its end"
    assert results[scout.call].content == "I look\nFound it."
    assert results[aide.call].content == "deep down\n(It had not ended when the turn did.)"
    shown = [e for e in host.events if isinstance(e, ev.ToolProgress) and e.call == scout.call]
    assert [p.text or p.title for p in shown] == ["I look", "Scout: Read a.txt", "Found it."]
    assert host.text() == "The scout found it.", "what a child says is no answer of its parent"
    assert not [e for e in host.events if isinstance(e, ev.Unknown)]


def chunk(text: str, message: Any, kind: str = "agent_message_chunk") -> ev.JSON:
    content = {"type": "text", "text": text}
    return {"sessionUpdate": kind, "content": content, "messageId": message}


def test_another_message_of_an_agent_begins_a_paragraph() -> None:
    translator = Translator(1)
    told = [
        chunk("Looking", "m1"), chunk(" around.", "m1"), chunk("Found", "m2"), chunk(".", None),
        chunk("Hm", "t1", "agent_thought_chunk"), chunk("So", "m3"),
        {"sessionUpdate": "tool_call", "toolCallId": "x", "title": "T"}, chunk("Done", "m4"),
    ]  # fmt: skip
    texts = [e.text for u in told for e in translator.events(u) if isinstance(e, ev.Text)]
    assert texts == ["Looking", " around.", "\n\nFound", ".", "So", "Done"]


def test_what_an_agent_wants_its_user_to_know_is_told_beside_the_conversation() -> None:
    translator = Translator(1)

    def told(**notice: Any) -> list[ev.Event]:
        return translator.events({"sessionUpdate": "notice", **notice})

    assert told(severity="warning", title="Old\x1b[31m\nversion", description="Update it.") == [
        ev.Notice(turn=1, kind="agent", message="Old\u241b[31m version\nUpdate it.")
    ]
    assert told(severity="error", title="It broke", description=None) == [
        ev.Error(turn=1, kind="agent", message="It broke")
    ]
    assert told(severity="_of_mine", title="Hm") == [ev.Notice(turn=1, kind="agent", message="Hm")]
    assert told(severity="info") == []
