"""f8: all that wants somebody is read and answered in one place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import cast

import pytest
from textual.widgets import Input

from sessions.api.priming import DreamWaiting
from sessions.record import events as ev
from sessions.record.closed_sets import Status, TurnReason
from sessions.record.inbox_items import Want, wants
from sessions.record.summary import ENGINE_ENDED, Summary
from sessions.runtime.session import Session
from tests.support.deckpilot import Opened, opened
from tests.support.fake_client import FakeClient
from tui.screens.inbox import InboxScreen
from tui.widgets.inbox_item import WantBox, answers
from tui.widgets.permission import AnswerChoice, PermissionBox
from tui.widgets.rows import Rows


@asynccontextmanager
async def listed(size: tuple[int, int] = (120, 36)) -> AsyncIterator[Opened]:
    """Three sessions ask, and the list is open."""
    async with opened(3, size) as here:
        for number in (1, 2, 3):
            here.client.start_turn(f"s00{number}")
            here.client.ask(f"s00{number}", f"a{number}", f"make target-{number}")
        await here.settle()
        await here.press("f8")
        yield here


def box(here: Opened) -> PermissionBox:
    return here.app.screen.query_one(PermissionBox)


async def armed(here: Opened) -> None:
    await here.settle()
    await here.until(lambda: bool(here.app.screen.query(PermissionBox)) and box(here).armed)


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_one_in_hand_is_shown_whole_and_its_letters_answer_it(
    size: tuple[int, int],
) -> None:
    async with listed(size) as here:
        assert isinstance(here.app.screen, InboxScreen)
        assert len(here.app.screen.query_one(Rows).rows) == 3
        assert box(here).ask["detail"] == "make target-1"
        assert box(here).region.height >= 3  # what it is, what will happen, the answers
        await armed(here)
        await here.press("o")
        await armed(here)
        assert box(here).ask["detail"] == "make target-2"
        await here.press("n")
        await armed(here)
        await here.press("s")
        assert [(a["session"], a["decision"]) for a in here.client.said("session.answer")] == [
            ("s001", "once"),
            ("s002", "no"),
            ("s003", "session"),
        ]
        assert not here.app.screen.query(PermissionBox)
        assert "Nothing waits" in str(here.app.screen.query_one("#dialog").border_title)


async def test_a_key_pressed_twice_answers_one() -> None:
    async with listed() as opened_:
        await armed(opened_)
        opened_.app.simulate_key("o")  # not by the pilot, which waits between two
        opened_.app.simulate_key("o")
        await opened_.settle()
        assert len(opened_.client.said("session.answer")) == 1


async def test_arrows_take_another_in_hand_and_a_reason_can_be_written() -> None:
    async with listed() as here:
        await here.press("down")
        await armed(here)
        assert box(here).session == "s002"
        await here.press("r")
        await here.until(lambda: isinstance(here.app.focused, Input))
        await here.type("no go")
        await here.press("enter")
        answer = here.client.said("session.answer")[0]
        assert (answer["session"], answer["reason"]) == ("s002", "no go")


async def test_what_was_answered_elsewhere_leaves_and_the_tile_can_be_gone_to() -> None:
    async with listed() as here:
        await here.client.call("session.answer", session="s001", ask="a1", decision="no")
        await here.settle()
        assert box(here).session == "s002"
        await here.press("ctrl+g")
        assert here.deck.model.current == "s002"
        assert here.app.focused is here.deck.tile.box  # type: ignore[union-attr]


async def test_esc_leaves_and_all_go_on_waiting() -> None:
    async with listed() as here:
        await here.press("escape")
        assert here.app.screen is here.deck
        assert here.client.said("session.answer") == []


async def test_one_that_goes_as_it_comes_does_not_keep_the_keys() -> None:
    async with opened(1, (80, 24)) as here:
        await here.press("f8")
        screen = here.app.screen
        going = WantBox(Want("done", "s001", "s001", "", "done"), "done")
        await screen.query_one("#request").mount(going)
        removal = going.remove()
        screen.set_focus(going)  # as `focus` does, a little later
        await removal
        assert screen.focused is not going
        await here.press("escape")
        assert here.app.screen is here.deck


# -- what is no question


async def in_hand(here: Opened, kind: str) -> WantBox:
    """The box of the one in hand, once letters count."""

    def ready() -> bool:
        found = list(here.app.screen.query(WantBox))
        return bool(found) and found[0].want.kind == kind and found[0].armed

    await here.until(ready)
    return here.app.screen.query_one(WantBox)


async def test_what_failed_is_paused_or_done_is_listed_by_urgency_and_answered_there() -> None:
    async with opened(4) as here:
        for number in (1, 2, 3):
            here.client.start_turn(f"s00{number}")
        here.client.say("s001", "All is well.")
        here.client.end_turn("s001")
        here.client.emit("s002", ev.Error(turn=1, kind="server", message="It fell over."))
        here.client.end_turn("s002", "error")
        here.client.end_turn("s003", "limit", detail="the session's budget is spent")
        here.deck.go("s004")
        await here.settle()
        assert "inbox" in here.line("footer")
        await here.press("f8")
        rows = here.app.screen.query_one(Rows)
        assert [row.key for row in rows.rows] == ["s002 failed", "s003 limit", "s001 done"]
        assert (await in_hand(here, "failed")).told == "It fell over."
        await here.press("a")
        await here.until(lambda: here.client.said("session.again") == [{"session": "s002"}])
        await here.press("down")
        await in_hand(here, "limit")
        await here.press("c")
        resumed = {"session": "s003", "changes": {"paused": ""}}
        await here.until(lambda: resumed in here.client.said("session.set"))
        await here.until(lambda: "s003 limit" not in [row.key for row in rows.rows])
        await here.press("end", "down")
        box = await in_hand(here, "done")
        assert box.told == "All is well."
        await here.press("r")
        await here.until(lambda: bool(here.app.screen.query(Input)))
        assert "enter sends it" in str(here.app.screen.query_one("#dialog").border_subtitle)
        await here.type("go on")
        await here.press("enter")
        await here.until(lambda: bool(here.client.said("session.send")))
        assert here.client.said("session.send")[0]["text"] == "go on"


@pytest.mark.parametrize(("reason", "detail"), [("error", ""), ("interrupted", ENGINE_ENDED)])
async def test_what_failed_or_was_cut_off_is_put_away_and_stays_away(
    reason: TurnReason, detail: str
) -> None:
    async with opened(2) as here:
        here.client.start_turn("s002")
        here.client.emit("s002", ev.Error(turn=1, kind="server", message="It fell over."))
        here.client.end_turn("s002", reason, detail=detail)
        await here.settle()
        await here.press("f8")
        await in_hand(here, "failed" if reason == "error" else "cut-off")
        await here.press("s")
        await here.until(lambda: not here.app.screen.query_one(Rows).rows)
        assert here.client.said("session.seen") == [{"session": "s002"}]
        assert here.client.sessions["s002"].summary.status == "idle"


@pytest.mark.parametrize(
    ("status", "told"),
    [("done", True), ("failed", True), ("cut-off", True), ("paused", False), ("working", False)],
)
def test_an_end_that_was_seen_is_recorded(status: Status, told: bool) -> None:
    recorded: list[ev.Event] = []
    summary = Summary(id="s1")
    summary.status = status
    recorder = SimpleNamespace(emit=recorded.append)
    Session.seen(cast("Session", SimpleNamespace(summary=summary, recorder=recorder)))
    assert recorded == [ev.SessionSet(seen=True)] * told


async def test_suggestions_and_dreams_come_last_and_are_put_away_there() -> None:
    dream: DreamWaiting = {
        "id": "d1", "at": "", "session": "", "night": "2026-11-27", "idea": "Bees count.",
        "marks": {}, "mean": 0.0, "pair": [], "receipts": {}, "tokens": 3, "usd": 0.0,
        "night_cost": {"tokens": 5, "usd": 0.0, "dreamt": 1},
    }  # fmt: skip
    client = FakeClient()
    client.offers = [
        {"kind": "harvest", "key": "s001 harvest", "session": "s001", "at": "",
         "words": "sum.py ran and passed.", "dream": None},
        {"kind": "dream", "key": "dream d1", "session": "", "at": "2026-11-27",
         "words": "Bees count.", "dream": dream},
    ]  # fmt: skip
    async with opened(1, client=client) as here:
        await here.press("f8")
        await in_hand(here, "harvest")
        await here.press("n")
        await here.until(lambda: bool(here.client.said("harvest.suggestion")))
        box = await in_hand(here, "dream")
        assert "Bees count." in box.told
        await here.press("n")
        await here.until(lambda: bool(here.client.said("priming.wake")))
        assert here.client.said("priming.wake")[0]["keep"] is False
        await here.until(lambda: not here.app.screen.query(WantBox))


def test_a_terminal_that_was_cut_off_can_be_put_away_too() -> None:
    want = Want("cut-off", "s1 cut-off", "s1", "", "The engine stopped.", running=False)
    assert [key for key, _ in answers(want)] == ["a", "s", "t"]


@pytest.mark.parametrize(("size", "whole"), [((80, 24), False), ((200, 60), True)])
async def test_names_take_the_room_they_need_and_no_more(
    size: tuple[int, int], whole: bool
) -> None:
    name = "The harbour's tide tables, read and told anew"
    async with opened(2, size) as here:
        for number, title in ((1, "Ada"), (2, "Bo")):
            here.client.ask(f"s00{number}", f"a{number}", "make all")
            await here.client.call("session.set", session=f"s00{number}", changes={"title": title})
        await here.settle()
        await here.press("f8")
        rows = here.app.screen.query_one(Rows)
        assert [row.cells[1][0] for row in rows.rows] == ["1 Ada ", "2 Bo  "]
        await here.client.call("session.set", session="s002", changes={"title": name})
        await here.until(lambda: len(rows.rows[0].cells[1][0]) > 6)
        assert (rows.rows[1].cells[1][0].strip() == f"2 {name}") is whole
        assert {len(row.cells[1][0]) for row in rows.rows} == {len(name) + 3 if whole else 21}


def test_a_session_that_waits_for_its_turn_wants_nobody() -> None:
    waits = Summary(id="a", status="paused", paused="waiting for a free place")
    spent = Summary(id="b", status="paused", paused="the session's budget of $1.00 is spent")
    closed = Summary(id="c", status="failed", closed=True)
    assert [want.session for want in wants([waits, spent, closed])] == ["b"]


async def test_where_a_reason_is_written_is_seen_once_it_is_wanted() -> None:
    async with listed() as here:
        await armed(here)
        assert not box(here).query_one(Input).display
        await here.press("r")
        await here.until(lambda: box(here).query_one(Input).display)


@pytest.mark.parametrize("size", [(40, 50), (40, 24), (80, 24)])
async def test_every_answer_is_in_view_also_where_the_reasons_take_several_rows(
    size: tuple[int, int],
) -> None:
    why = "It runs in a sandbox: writes only in the working directory, sees no secrets, no network."
    async with opened(1, size) as here:
        here.client.start_turn("s001")
        here.client.ask("s001", detail="git log --oneline v2.3..HEAD -- tests", why=why)
        await here.press("f8")
        inbox = await here.screen(InboxScreen)
        room = inbox.query_one("#request")

        def fits() -> bool:
            answers = inbox.query(AnswerChoice)
            return bool(answers) and all(room.region.contains_region(a.region) for a in answers)

        await here.until(fits)
