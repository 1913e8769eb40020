"""What was allowed for a session outlives the engine; a rule that an answer makes is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions.engine.whole_deck import WholeDeck
from sessions.record import events as ev
from sessions.record.summary_parts import AskOption, Grant
from sessions.runtime.session import Session
from sessions.tools.grants import Granted, Grants
from sessions.tools.rules import FileRules
from tests.support.deckrig import Rig
from tests.support.rig import until
from tests.unit.tools.test_in_a_session import using

LINE = "uname -s"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    rig = await Rig.make(tmp_path / "deck")
    yield rig
    await rig.close()


async def answered(rig: Rig, session: Session, decision: str) -> ev.PermissionAnswered:
    """Let the session run a command, and answer its request; the answer as recorded."""
    rig.backend.act = using(("Bash", {"command": LINE}))
    await session.send("go")
    await until(lambda: bool(session.summary.asks))
    await session.answer(session.summary.asks[0]["ask"], decision, "", True)
    await rig.idle(session)
    return answers(session)[-1]


def answers(session: Session) -> list[ev.PermissionAnswered]:
    """Every answer in the record."""
    return [e for e in session.journal.events() if isinstance(e, ev.PermissionAnswered)]


async def opened(rig: Rig, tmp_path: Path) -> Session:
    workspace = tmp_path / "ws"
    workspace.mkdir(exist_ok=True)
    return await rig.deck.create(cwd=str(workspace))


async def again(rig: Rig, session: Session) -> Session:
    """The session in an engine that was started anew."""
    await rig.deck.close()
    backend = rig.backend
    rig.deck = WholeDeck(rig.deck.places, rig.deck.config)
    rig.deck._backends[backend.name] = backend
    await rig.deck.open()
    return await rig.deck.get(session.id)


async def test_an_answer_always_names_the_rule_that_it_made(rig: Rig, tmp_path: Path) -> None:
    session = await opened(rig, tmp_path)
    answer = await answered(rig, session, "always")
    (rule,) = FileRules(rig.deck.places.config_file).rules()
    assert answer.rule == rule.id
    assert rule.argv == tuple(LINE.split())


async def test_an_answer_once_names_no_rule(rig: Rig, tmp_path: Path) -> None:
    assert (await answered(rig, await opened(rig, tmp_path), "once")).rule == ""


async def test_what_was_allowed_for_the_session_holds_after_a_restart(
    rig: Rig, tmp_path: Path
) -> None:
    session = await opened(rig, tmp_path)
    await answered(rig, session, "session")
    session = await again(rig, session)
    rig.backend.act = using(("Bash", {"command": LINE}))
    await session.send("once more")
    await until(lambda: bool(session.summary.asks) or len(answers(session)) > 1)
    assert session.summary.asks == []
    assert answers(session)[-1].by == "rule"


async def test_what_was_allowed_once_is_asked_again_after_a_restart(
    rig: Rig, tmp_path: Path
) -> None:
    session = await opened(rig, tmp_path)
    await answered(rig, session, "once")
    session = await again(rig, session)
    rig.backend.act = using(("Bash", {"command": LINE}))
    await session.send("once more")
    await until(lambda: bool(session.summary.asks))


async def test_a_fork_asks_for_what_its_parent_was_allowed(rig: Rig, tmp_path: Path) -> None:
    session = await opened(rig, tmp_path)
    await answered(rig, session, "session")
    fork = await rig.deck.fork(session.id)
    rig.backend.act = using(("Bash", {"command": LINE}))
    await fork.send("once more")
    await until(lambda: bool(fork.summary.asks))


@pytest.mark.parametrize(
    "grant",
    [{}, {"kind": "all"}, {"kind": "argv"}, {"kind": "argv", "words": []},
     {"kind": "prefix", "words": "rm"}, {"kind": "prefix", "words": [1]}],
)  # fmt: skip
def test_a_grant_that_is_none_allows_nothing(grant: Grant) -> None:
    grants = Grants()
    grants.take(grant)
    assert grants == Grants()


def test_a_grant_that_was_turned_down_counts_for_nothing() -> None:
    fold = Granted()
    option: AskOption = {
        "id": "s",
        "name": "",
        "kind": "allow_session",
        "grant": {"kind": "edits", "words": []},
    }
    fold.observe(ev.PermissionAsked(seq=2, turn=1, call="c", ask="a", options=[option]))
    fold.observe(ev.PermissionAnswered(seq=3, turn=1, call="c", ask="a", decision="s"))
    assert fold.grants == []
