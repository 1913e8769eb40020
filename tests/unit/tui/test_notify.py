"""A change out of sight is told once; what is in sight is not told."""

from unittest.mock import Mock

import pytest

from sessions.errors import AgentdeckError
from sessions.record.closed_sets import Status
from sessions.record.summary import Summary
from tests.support.deckpilot import opened
from tui.deck.notify import Notifier
from tui.options import DeckOptions, Notify


async def test_the_end_of_a_turn_out_of_sight_is_told_once() -> None:
    async with opened(2) as here:
        await here.press("f11")
        here.client.start_turn("s002")
        here.client.end_turn("s002")
        here.client.on_summary(here.client.sessions["s002"].summary)
        await here.settle()
        assert here.notices() == ["task 2 is done"]


async def test_the_current_tile_is_not_told_and_counts_as_seen() -> None:
    async with opened(2) as here:
        here.client.start_turn("s001")
        here.client.end_turn("s001")
        await here.until(lambda: bool(here.client.said("session.seen")))
        assert here.notices() == []
        assert here.client.sessions["s001"].summary.status == "idle"


async def test_a_tile_in_view_is_not_told_though_another_one_is_current() -> None:
    async with opened(2) as here:
        here.client.start_turn("s002")
        here.client.ask("s002")
        await here.settle()
        assert here.notices() == []


async def test_a_tile_behind_a_dialog_is_told() -> None:
    async with opened(1) as here:
        await here.press("f1")
        here.client.start_turn("s001")
        here.client.ask("s001")
        await here.settle()
        assert here.notices() == ["task 1 needs you"]


async def test_a_tile_in_view_is_told_when_the_terminal_is_not_looked_at() -> None:
    async with opened(1) as here:
        here.app.app_focus = False
        here.client.start_turn("s001")
        here.client.ask("s001")
        await here.settle()
        assert here.notices() == ["task 1 needs you"]


async def test_several_at_once_are_one_notice() -> None:
    async with opened(4) as here:
        await here.press("f11")
        for session in ("s002", "s003", "s004"):
            here.client.start_turn(session)
            here.client.ask(session, f"a-{session}")
        await here.settle()
        assert here.notices() == ["3 sessions need you: task 2, task 3, task 4"]


async def test_what_comes_after_a_notice_takes_its_place() -> None:
    async with opened(3) as here:
        await here.press("f11")
        here.client.start_turn("s002")
        here.client.end_turn("s002")
        await here.settle()
        here.client.start_turn("s003")
        here.client.ask("s003")
        await here.settle()
        here.deck.notifier._tell()  # the second is over
        await here.settle()
        assert here.notices() == ["1 session needs you: task 3 · 1 session is done: task 2"]


async def test_what_was_answered_meanwhile_is_told_no_more() -> None:
    async with opened(3) as here:
        await here.press("f11")
        here.client.start_turn("s002")
        here.client.ask("s002")
        await here.client.call("session.answer", session="s002", ask="a1", decision="once")
        await here.settle()
        assert here.notices() == []


@pytest.mark.parametrize("way", ["deck", "bell", "terminal", "desktop"])
async def test_each_way_of_telling_can_be_had_alone(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    async def desktop(text: str) -> None:
        told.append("desktop")

    monkeypatch.setattr("tui.deck.notify._desktop", desktop)
    ways = dict.fromkeys(("deck", "bell", "terminal", "desktop"), False) | {way: True}
    async with opened(1, options=DeckOptions(notify=Notify(**ways))) as here:
        here.app.app_focus = False
        monkeypatch.setattr(here.app, "bell", lambda: told.append("bell"))
        monkeypatch.setattr(here.deck.notifier, "_terminal", lambda _: told.append("terminal"))
        here.client.start_turn("s001")
        here.client.ask("s001")
        await here.until(lambda: bool(told or here.notices()))
        await here.settle()
        assert told + ["deck"] * len(here.notices()) == [way]


async def test_a_tile_that_is_not_current_stays_unseen() -> None:
    async with opened(2) as here:
        here.client.start_turn("s002")
        here.client.end_turn("s002")
        await here.settle()
        assert here.client.said("session.seen") == []
        assert "1 done" in here.line("status")


async def test_with_the_terminal_out_of_focus_the_terminal_is_told_without_escapes() -> None:
    async with opened(1) as here:
        driver = Mock()
        here.app._driver = driver
        here.app.app_focus = False
        here.client.emit("s001")
        here.client.sessions["s001"].summary.title = "a\x07\x1b]52;c;AAAA"
        here.client.start_turn("s001")
        here.client.ask("s001")
        await here.settle()
        written = "".join(call.args[0] for call in driver.write.call_args_list)
        told = written[written.index("\x1b]9;") :]
        assert told.count("\x07") == 2
        assert "\x1b]52" not in told


async def test_notices_can_be_switched_off() -> None:
    quiet = DeckOptions(notify=Notify(deck=False, bell=False, terminal=False))
    async with opened(2, options=quiet) as here:
        await here.press("f11")
        here.client.start_turn("s002")
        here.client.end_turn("s002")
        await here.settle()
        assert here.notices() == []


async def test_an_error_in_a_notice_is_plain_text() -> None:
    async with opened(1) as here:
        here.deck.say_error(AgentdeckError("[@click=app.quit]x[/] \x1b[2J [/", "Do this."))
        await here.settle()
        assert "\x1b" not in here.notices()[0]
        assert here.app.is_running


def test_a_machine_that_is_back_tells_what_happened_meanwhile_and_nothing_else() -> None:
    notifier = Notifier(Mock(), Notify())

    def see(session: str, status: Status) -> bool:
        return notifier.see(Summary(session, host="build", status=status), in_sight=False)

    notifier.learn(Summary("a", host="build", status="offline"))  # what it was is not known here
    for session in ("b", "c"):
        notifier.learn(Summary(session, host="build", status="working"))
    assert see("b", "done") and not see("b", "offline") and not see("c", "offline")
    assert not see("a", "done") and not see("b", "done")
    assert see("c", "needs-you")
