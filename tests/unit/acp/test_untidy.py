"""Agents that deviate: what is lost is told, and what they say of a refusal is shown."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from sessions.backends.acp import conversation, permission_request, process, usage
from sessions.backends.acp.backend import AcpBackend, AgentConfig
from sessions.backends.acp.conversation import AcpConversation
from sessions.backends.acp.ending import Ending
from sessions.backends.acp.options import Options
from sessions.backends.acp.permissions import decide
from sessions.backends.acp.updates import Translator
from sessions.backends.base import Question
from sessions.config.known_agents import AGENTS
from sessions.errors import BackendError
from sessions.record import events as ev
from sessions.record.summary_parts import AgentState
from sessions.tools.workspace import Target
from tests.support.host import FakeHost
from tests.support.known_agent import called

AGENT = str(Path(__file__).parents[2] / "support" / "scripted_agent.py")
Make = Callable[..., AcpBackend]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Makes backends on the scripted agent and ends them."""
    made: list[AcpBackend] = []

    def backend(*flags: str) -> AcpBackend:
        command = [sys.executable, AGENT, "--state", str(tmp_path / "agent.json"), *flags]
        made.append(AcpBackend(AgentConfig("scripted", command, state=tmp_path, sleep_s=0)))
        return made[-1]

    yield backend
    for each in made:
        await each.close()


async def opened(backend: AcpBackend, host: FakeHost) -> AcpConversation:
    conversation = await backend.open(host.session_id, host.cwd, host.state())
    assert isinstance(conversation, AcpConversation)
    return conversation


async def run(backend: AcpBackend, host: FakeHost, text: str) -> ev.TurnEnded:
    """One turn in a new conversation."""
    host.say(text)
    return await (await opened(backend, host)).turn(host)


def faults(host: FakeHost) -> list[str]:
    return [e.message for e in host.events if isinstance(e, ev.Error)]


async def test_a_message_of_60_mb_is_shortened_and_told(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    await run(make(), host, "heap")
    assert host.text().startswith("begin xxx")
    assert host.text().endswith(" error -32600"), "the agent's request was answered"
    assert len(host.text()) < 2_000_000
    told = faults(host)
    assert len(told) == 2
    assert told[0].startswith("The agent scripted sent a message of 60,000,")
    assert "(agent_message_chunk); 16,777,216 are taken at most, of which the beginning" in told[0]
    assert "(fs/write_text_file)" in told[1]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ('{"odd": 1}', "the reason {'odd': 1}, which is none of the protocol's"),
        ("[1]", "the reason [1], which"),
        ("7", "the reason 7, which"),
        ('"finished"', "the reason 'finished', which"),
        ('"\\u001b[31m"', "the reason '"),
    ],
)
async def test_a_reason_that_is_none_is_told_in_a_sentence(
    make: Make, tmp_path: Path, given: str, words: str
) -> None:
    host = FakeHost(tmp_path)
    ended = await run(make(), host, f"ending {given}")
    assert ended.reason == "error"
    assert ended.detail.startswith(f"The agent scripted ended its turn with {words}")
    assert "\x1b" not in ended.detail


REFUSALS: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"code": -32603, "message": "Internal error",
         "data": {"startupFailureReason": "bypass_root", "details": "not as root"}},
        ["Internal error", "startupFailureReason: bypass_root; not as root"],
    ),
    ({"code": -32603, "message": "No", "data": "because of the weather"}, ["of the weather"]),
    ({"code": -1, "message": "No", "data": {"errors": [{"message": "x\x1b[1m"}]}}, ["errors: x"]),
]  # fmt: skip


@pytest.mark.parametrize(("error", "words"), REFUSALS)
async def test_a_refusal_is_shown_with_what_its_data_and_the_agents_prose_say(
    make: Make, tmp_path: Path, error: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(BackendError) as caught:
        await run(make(), FakeHost(tmp_path), f"refuse {json.dumps(error)}")
    for word in [*words, "It printed: Sorry, this agent is closed today."]:
        assert word in caught.value.message
    assert "\x1b" not in caught.value.message


async def test_an_agent_that_only_prints_a_sentence_is_quoted(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('Please run: kimi login')"]
    backend = AcpBackend(AgentConfig("kimi", command, state=tmp_path))
    with pytest.raises(BackendError, match="Please run: kimi login"):
        await run(backend, FakeHost(tmp_path), "say")
    await backend.close()


async def test_an_agent_that_ends_at_its_start_is_quoted(make: Make, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="unrecognized arguments: --nonsense"):
        await run(make("--nonsense"), FakeHost(tmp_path), "say")


async def test_a_killed_agents_message_quotes_nothing_of_an_earlier_turn(
    make: Make, tmp_path: Path
) -> None:
    backend = make()
    await run(backend, FakeHost(tmp_path, session_id="other"), "mutter a secret of the other")
    agent = backend._process
    assert agent is not None
    while agent.mark().stderr == 0:  # a thread copies it
        pass
    with pytest.raises(BackendError) as caught:
        await run(backend, FakeHost(tmp_path), "die")
    assert "out of cheese" in caught.value.message
    assert "secret of the other" not in caught.value.message


TOKENS: list[tuple[str, dict[str, Any], dict[str, int]]] = [
    ("answer", {"usage": {"inputTokens": 3, "outputTokens": 4}}, {"input": 3, "output": 4}),
    ("quota", {"_meta": {"quota": {"token_count": {"input_tokens": 3, "output_tokens": 4}}}},
     {"input": 3, "output": 4}),
    ("null", {"usage": None}, {}),
    ("text", {"usage": {"inputTokens": "many", "outputTokens": 1e400}}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "tokens"), TOKENS)
def test_tokens_are_found_where_the_agent_tells_them(
    name: str, answer: dict[str, Any], tokens: dict[str, int]
) -> None:
    assert usage.of_answer(answer) == tokens


def test_tokens_that_come_with_chunks_are_added_up() -> None:
    translator = Translator(1)
    for told in ({"inputTokens": 5, "outputTokens": 2}, {"promptTokens": 6, "cachedTokens": 1}):
        content = {"type": "text", "text": ""}
        kind = {"sessionUpdate": "agent_message_chunk", "content": content}
        translator.events({**kind, "_meta": {"usage": told}})
    assert translator.spent == {"input": 11, "output": 2, "cache_read": 1}


def test_usage_that_is_the_sessions_so_far_is_counted_once() -> None:
    assert usage.since({"input": 22, "output": 4}, {"input": 11}) == {"input": 11, "output": 4}
    assert usage.since({"input": 5}, {"input": 11}) == {"input": 5}, "it began anew"


@pytest.mark.parametrize(("name", "dollars"), [("claude-code", 0.5), ("opencode", 0.2)])
def test_a_turn_costs_what_is_more_than_before_it_as_its_agent_counts(
    name: str, dollars: float, tmp_path: Path
) -> None:
    """Claude Code's sum begins anew when its session is entered again, others' goes on."""
    told = {"cost": {"amount": 0.5, "currency": "USD"}}
    backend = AcpBackend(AgentConfig(name, AGENTS[name].command, {"ANTHROPIC_BASE_URL": ""}))
    state: AgentState = {"session_id": "s", "context": {"cost": {**told["cost"], "amount": 0.3}}}
    ending, translator = Ending(backend, state), Translator(1)
    ending.entered(again=True)
    translator.events({"sessionUpdate": "usage_update", "used": 1, "size": 2, **told})
    ended = ending.ended(FakeHost(tmp_path), {"stopReason": "end_turn"}, translator, refused=False)
    assert ended.cost_usd == pytest.approx(dollars)


GEMINI = [("proceed_always", "allow_always"), ("proceed_once", "allow_once"),
          ("cancel", "reject_once")]  # fmt: skip
QWEN = [("proceed_once_and_switch_to_default", "allow_once"), ("proceed_once", "allow_once"),
        ("cancel", "reject_once")]  # fmt: skip
CODEX = [("allow_for_session", "allow_always"), ("allow_once", "allow_once"),
         ("cancel", "reject_once")]  # fmt: skip
OPTIONS: list[tuple[list[tuple[str, str]], str, str]] = [
    (GEMINI, "allow_once", "proceed_once"),
    (QWEN, "allow_once", "proceed_once"),
    (QWEN, "reject_once", "cancel"),
    (CODEX, "allow_once", "allow_once"),
    ([("a1", "allow_once")], "allow_once", "a1"),
    ([("a1", "allow_once"), ("a2", "allow_once")], "allow_once", ""),
    ([("yes-and-accept-edits-mode", "allow_once")], "allow_once", ""),
    ([("r2", "reject_once"), ("r1", "reject_once")], "reject_once", "r1"),
    ([("never", "reject_always")], "reject_once", "never"),
    ([("yes", "allow_once")], "reject_once", ""),
]


@pytest.mark.parametrize(("offered", "kind", "chosen"), OPTIONS)
def test_an_option_is_chosen_by_its_kind_and_id_and_never_by_its_place(
    offered: list[tuple[str, str]], kind: str, chosen: str
) -> None:
    options = [{"optionId": i, "kind": k, "name": i.replace("_", " ")} for i, k in offered]
    assert permission_request.option(options, kind) == chosen
    assert permission_request.option(options[::-1], kind) == chosen


PLAN = [("bypassPermissions", "Yes, and bypass permissions", "allow_always"),
        ("acceptEdits", "Yes, and auto-accept edits", "allow_always"),
        ("default", "Yes, and manually approve edits", "allow_once"),
        ("plan", "No, keep planning", "reject_once")]  # fmt: skip
CHANGING = [
    ("allow_all", "Allow all", "allow_once"),
    ("acceptEdits", "Yes", "allow_once"),
    ("yolo", "Go", "allow_once"),
    ("y2", "Yes, and don't ask again", "allow_once"),
    ("y3", "Yes, for this session", "allow_once"),
    ("dontAsk", "Yes", "allow_once"),
    ("proceed_once_and_switch_to_default", "Yes, and ask from now on", "allow_once"),
]
"""Of these ids and names agents have options that change their mode; of any kind."""


@pytest.mark.parametrize("mode", ["read-only", "ask", "edit", "full"])
@pytest.mark.parametrize("changing", [PLAN, *([c] for c in CHANGING)])
def test_an_option_that_changes_the_mode_is_never_chosen_for_the_user(
    mode: str, changing: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    inside = Target("", tmp_path / "x", inside=True)
    more = [{"optionId": i, "name": n, "kind": k} for i, n, k in changing]
    always = {"optionId": "always", "name": "Always", "kind": "allow_always"}
    once = {"optionId": "once", "name": "Yes", "kind": "allow_once"}
    no = {"optionId": "no", "name": "No", "kind": "reject_once"}
    for kind in ("execute", "edit", "read", "other"):
        wanted = decide(mode, {"kind": kind}, [inside]).option_kind
        assert wanted in ("", "allow_once", "reject_once")
        for options in ([*more, always], [*more, always, once, no], [no, once, always, *more]):
            chosen = permission_request.option(options, wanted) if wanted else ""
            assert chosen in ("", "once", "no", "plan"), (kind, chosen)


@pytest.mark.parametrize("changing", CHANGING)
def test_what_only_answers_stands_before_what_changes_the_mode_too(
    changing: tuple[str, str, str], tmp_path: Path
) -> None:
    """The first of a kind has its key, and is marked."""
    offered = [changing, ("once", "Yes", "allow_once"), ("no", "No", "reject_once")]
    options = [{"optionId": i, "name": n, "kind": k} for i, n, k in offered]
    shown = permission_request.asked(1, "c", {"kind": "execute"}, options, tmp_path).options
    assert [o["id"] for o in shown] == ["once", changing[0], "no"]


async def test_where_no_refusal_is_offered_the_request_is_cancelled(
    make: Make, tmp_path: Path
) -> None:
    host = FakeHost(tmp_path, permission="read-only")
    options = [{"optionId": "yes", "name": "Yes", "kind": "allow_once"}]
    await run(make(), host, f"permit {json.dumps(options)}")
    assert host.text() == "outcome cancelled None"
    (answered,) = [e for e in host.events if isinstance(e, ev.PermissionAnswered)]
    assert not answered.allowed


@pytest.mark.parametrize(
    ("act", "reason", "words"),
    [
        ("permit", "end_turn", "The agent scripted stopped at what was refused."),
        ("ending", "error", "The agent scripted cancelled the turn by itself."),
    ],
)
async def test_a_turn_that_nobody_interrupted_is_not_told_as_interrupted(
    make: Make, tmp_path: Path, act: str, reason: str, words: str
) -> None:
    host = FakeHost(tmp_path, permission="read-only")
    text = 'ending "cancelled"' if act == "ending" else "permit\n- then end cancelled"
    ended = await run(make(), host, text)
    assert ended.reason == reason
    assert words in (ended.detail, *faults(host))


async def test_a_session_that_never_opens_is_given_up(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "ANSWER_S", 0.5)
    backend = make("--stuck")
    with pytest.raises(BackendError, match=r"did not answer session/new within 0\.5 s") as caught:
        await run(backend, FakeHost(tmp_path), "say")
    assert caught.value.kind == "agent_hangs"
    assert backend._process is None, "the next turn starts another"


async def test_an_agent_runs_in_its_sessions_directory(make: Make, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    backend, host, other = make(), FakeHost(one), FakeHost(two, session_id="other")
    await run(backend, host, "where")
    await run(backend, other, "where")
    assert host.text().endswith(str(one))
    assert other.text() == host.text(), "one process serves many directories"
    one.rmdir()
    again = FakeHost(two)
    await run(backend, again, "where")
    assert again.text().endswith(str(two)), "none stays in a directory that is gone"


async def test_an_agent_that_shows_its_own_directory_gets_a_process_for_each(
    tmp_path: Path,
) -> None:
    backend = called(tmp_path, "gemini")
    told: dict[str, list[str]] = {}
    for name in ("one", "two", "one"):
        (tmp_path / name).mkdir(exist_ok=True)
        host = FakeHost(tmp_path / name, session_id=f"{name}{len(told)}")
        await run(backend, host, "where")
        told.setdefault(name, []).append(host.text())
    assert told["one"][0].endswith("/one") and told["two"][0].endswith("/two")
    assert told["one"][0] == told["one"][1]
    assert backend.restart()
    await backend.close()


@pytest.mark.parametrize("flag", ["--late", "--twice"])
async def test_a_past_that_is_told_after_the_answer_is_not_recorded_again(
    flag: str, make: Make, tmp_path: Path
) -> None:
    host = FakeHost(tmp_path)
    backend = make(flag)
    await run(backend, host, "say one")
    await backend.close()
    again = FakeHost(tmp_path)
    again.events = [ev.BackendState(data=host.state())]
    await run(make(flag), again, "say two")
    assert again.text() == "message 2 in mode default"
    assert again.state()["commands"] == [{}], "what it says of now is kept"


async def test_a_conversation_that_would_be_lost_by_loading_is_told_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "_now", lambda: 6000.0)
    host = FakeHost(tmp_path)
    backend = called(tmp_path, "gemini")
    await run(backend, host, "say one")
    await backend.close()
    for made, count in ((5999.0, 2), (6059.0, 1)):
        again = FakeHost(tmp_path)
        again.past = [{"role": "user", "content": "say one"}] if count == 1 else []
        again.events = [ev.BackendState(data={**host.state(), "made": made})]
        backend = called(tmp_path, "gemini")
        await run(backend, again, "say two")
        await backend.close()
        told = [m for m in faults(again) if "within the minute of its beginning" in m]
        assert bool(told) == (count == 1)


async def test_a_key_that_is_there_is_enough(tmp_path: Path) -> None:
    """Codex refuses session/new until it was told once to take the key."""
    backend = called(tmp_path, "codex-acp", "--signed-out", OPENAI_API_KEY="k-1234567890")
    host = FakeHost(tmp_path)
    await run(backend, host, "say")
    assert host.text().startswith("message 1")
    await backend.close()


async def test_a_question_takes_the_key_has_its_model_and_leaves_no_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    flags = ("--signed-out", "--models", "--more")
    backend = called(tmp_path, "codex-acp", *flags, OPENAI_API_KEY="k-1234567890")
    said = [{"role": "user", "content": "about"}]
    reply = await backend.ask(Question(said, model="m2"))
    assert json.loads(reply.text)["chosen"] == {"model": "m2"}
    assert await backend.listed() == []
    assert backend._process is not None
    assert backend._process.cwd == tmp_path, "not in the deck's own folder"
    await backend.close()


async def test_models_of_the_older_kind_are_offered_and_set(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    host.settings = replace(host.settings, model="m2")
    backend = make("--models")
    await run(backend, host, "about")
    assert json.loads(host.text())["chosen"] == {"model": "m2"}
    assert [m.id for m in await backend.models()] == ["m1", "m2"]
    listed = {o["id"]: o["current"] for o in host.state()["options"]}
    assert listed["model"] == "m2"
    assert "model" not in host.state()["reasons"]


async def test_that_an_agent_waits_for_its_server_is_said(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "_QUIET_S", 0.05)
    host = FakeHost(tmp_path)
    await run(make(), host, "doze")
    told = [e.data["quiet"] for e in host.events if isinstance(e, ev.BackendState)
            and "quiet" in e.data]  # fmt: skip
    assert told == ["scripted", ""]


@pytest.mark.parametrize(
    ("permission", "mode"),
    [("ask", "read-only"), ("edit", "read-only"), ("full", "agent-full-access")],
)
async def test_codex_is_put_into_the_mode_that_fits_the_sessions(
    permission: str, mode: str
) -> None:
    asked: list[str] = []

    class Asked:
        async def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
            asked.append(params["modeId"])
            return {}

    options = Options(AGENTS["codex"])
    modes = [{"id": m} for m in ("agent", "workspace-write", "read-only", "agent-full-access")]
    options.take({"modes": {"currentModeId": "agent", "availableModes": modes}})
    agent = cast("Any", Asked())
    await options.apply(agent, "s", "", permission)
    assert asked == [mode]
    await options.follow(agent, "s", permission)
    assert asked == [mode], "nothing has changed"
    await options.follow(agent, "s", "ask")
    await options.follow(agent, "s", "full")
    held = [] if mode == "read-only" else ["read-only"]
    assert asked == [mode, *held, "agent-full-access"]


async def test_a_mode_that_does_not_stick_keeps_the_prompt_back(make: Make, tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    with pytest.raises(BackendError, match="stays with mode auto") as caught:
        await run(make("--bounces"), host, "say one")
    assert "not prompted" in str(caught.value.hint) and host.text() == ""


async def test_that_an_agent_goes_into_a_mode_that_acts_is_told(make: Make, tmp_path: Path) -> None:
    backend, host = make(), FakeHost(tmp_path)
    conversation = await opened(backend, host)
    host.say("say one")
    await conversation.turn(host)
    for mode, count in (("plan", 0), ("auto", 1), ("auto", 1), ("default", 1), ("auto", 2)):
        said = {"sessionUpdate": "current_mode_update", "currentModeId": mode}
        host.next(f'client [["update", {json.dumps(said)}]]')
        await conversation.turn(host)
        told = [e.message for e in host.events if isinstance(e, ev.Notice) and "went" in e.message]
        assert len(told) == count
    assert told[0] == "scripted went into its mode “auto”: it may act unasked from now on."


async def test_an_agent_that_ends_between_a_request_and_its_answer_fails_its_turn(
    make: Make, tmp_path: Path
) -> None:
    host, backend = FakeHost(tmp_path), make()
    with pytest.raises(BackendError, match="ended in the middle of the turn"):
        await run(backend, host, "doomed")  # nobody answers
    assert [type(e) for e in host.events].count(ev.PermissionAsked) == 1
    again = FakeHost(tmp_path)
    again.events = [ev.BackendState(data=host.state())]
    assert (await run(backend, again, "say one")).reason == "end_turn"
