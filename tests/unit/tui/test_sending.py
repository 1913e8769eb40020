"""Messages go where the composer says, and nothing that was typed is lost."""

import asyncio
from contextlib import nullcontext
from pathlib import Path

import pytest
from textual import events

from sessions.errors import BackendError, EngineError
from sessions.record import events as ev
from tests.support.deckpilot import Opened, opened
from tui.deck.client import DeckClient
from tui.deck.memory import Memory
from tui.screens.dialogs import Confirm


async def test_enter_sends_to_the_tile_that_is_named() -> None:
    async with opened(3) as here:
        await here.press("alt+2")
        assert here.composer.border_title == "to 2 task 2"
        await here.type("hi there")
        await here.press("enter")
        assert here.client.said("session.send") == [{"session": "s002", "text": "hi there"}]
        assert here.composer.text == ""


async def test_a_message_while_a_turn_runs_is_queued_and_the_tile_says_so() -> None:
    async with opened(1) as here:
        here.client.start_turn("s001")
        await here.settle()
        assert "queues" in str(here.composer.border_subtitle)
        await here.type("next")
        await here.press("enter")
        assert "1 queued" in str(here.deck.tile.border_subtitle)  # type: ignore[union-attr]


async def test_nothing_is_sent_of_an_empty_message() -> None:
    async with opened(1) as here:
        await here.press("space", "enter")
        assert here.client.said("session.send") == []


async def test_without_a_session_a_message_makes_one() -> None:
    async with opened(0) as here:
        assert here.composer.border_title == "to a new session"
        await here.type("hello")
        await here.press("enter")
        await here.until(lambda: bool(here.client.said("session.send")))
        assert here.client.said("session.send")[0]["session"] == "s001"
        assert here.deck.model.current == "s001"


async def test_what_could_not_be_sent_is_a_draft_again() -> None:
    async with opened(1) as here:
        here.client.refuse["session.send"] = BackendError("The disk is full.", "Free some space.")
        await here.type("precious")
        await here.press("enter")
        assert here.composer.text == "precious"
        assert "The disk is full. Free some space." in here.notices()


async def test_what_could_not_be_sent_stands_before_what_was_typed_since() -> None:
    async with opened(1) as here:
        here.client.refuse["session.send"] = BackendError("No.")
        here.client.gate.clear()
        await here.type("first")
        await here.press("enter")
        here.client.gate.set()
        await here.type("second")
        assert here.composer.text.replace("\n", "") == "firstsecond"


async def test_what_could_not_be_sent_is_a_draft_of_its_own_session() -> None:
    async with opened(2) as here:
        here.client.gate.clear()
        await here.type("first")
        await here.press("enter", "alt+2")
        here.client.closed = True
        here.client.gate.set()
        await here.settle()
        assert here.composer.text == ""
        await here.press("alt+1")
        assert here.composer.text == "first"


# -- as fast as keys can come


def at_once(here: Opened, *keys: str) -> None:
    """Keys that are all there before the first is looked at, as in a paste or a script."""
    for key in keys:
        character = "\r" if key == "enter" else key if len(key) == 1 else None
        here.app.post_message(events.Key(key, character))


async def test_keys_after_a_jump_go_to_where_it_went() -> None:
    async with opened(3) as here:
        at_once(here, "a", "alt+2", "b", "enter", "alt+3", "c", "enter", "d")
        await here.until(lambda: len(here.client.said("session.send")) == 2)
        await here.settle()
        assert here.client.said("session.send") == [
            {"session": "s002", "text": "b"},
            {"session": "s003", "text": "c"},
        ]
        assert here.composer.text == "d"
        await here.press("alt+1")
        assert here.composer.text == "a"


async def test_what_is_typed_right_after_enter_is_the_next_message() -> None:
    async with opened(1) as here:
        at_once(here, "a", "enter", "b", "enter", "c")
        await here.until(lambda: len(here.client.said("session.send")) == 2)
        await here.settle()
        assert [m["text"] for m in here.client.said("session.send")] == ["a", "b"]
        assert here.composer.text == "c"


async def test_editing_keys_are_done_in_order_with_what_is_typed() -> None:
    async with opened(1) as here:
        at_once(here, "a", "b", "backspace", "c", "alt+enter", "d", "left", "e")
        await here.settle()
        assert here.composer.text == "ac\ned"


async def test_an_enter_pressed_twice_confirms_no_broadcast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tui.screens.dialogs.GUARD_S", 60.0)
    async with opened(2) as here:
        await here.press("ctrl+b", "ctrl+a", "enter")
        await here.type("all")
        await here.press("enter", "enter")
        assert here.client.said("deck.broadcast") == []
        assert isinstance(here.app.screen, Confirm)


async def test_without_an_engine_nothing_leaves_the_composer() -> None:
    async with opened(1) as here:
        here.client.on_lost("killed")
        await here.type("precious")
        await here.press("enter")
        assert here.composer.text == "precious"


async def test_every_session_keeps_its_own_draft() -> None:
    async with opened(2) as here:
        await here.type("for one")
        await here.press("alt+2")
        assert here.composer.text == ""
        await here.type("for two")
        await here.press("alt+1")
        assert here.composer.text == "for one"
        await here.press("alt+2")
        assert here.composer.text == "for two"


async def test_drafts_outlive_the_deck() -> None:
    memory = Memory()
    async with opened(2, memory=memory) as here:
        await here.press("alt+2")
        await here.type("unsent")
        here.deck.drafts.save()
    async with opened(2, memory=memory) as here:
        assert here.deck.model.current == "s002"
        assert here.composer.text == "unsent"


@pytest.mark.parametrize("key", ["shift+enter", "alt+enter", "ctrl+o"])
async def test_a_new_line_does_not_send(key: str) -> None:
    async with opened(1) as here:
        await here.press("a", key, "b")
        assert here.composer.text == "a\nb"
        assert here.client.said("session.send") == []


async def test_a_backslash_before_enter_is_a_new_line() -> None:
    async with opened(1) as here:
        await here.press("a", "backslash", "enter", "b")
        assert here.composer.text == "a\nb"


async def test_the_history_comes_back_with_up_and_the_draft_with_down() -> None:
    async with opened(1, memory=Memory(history=["older", "newer"])) as here:
        await here.type("draft")
        await here.press("up")
        assert here.composer.text == "newer"
        await here.press("up", "up")
        assert here.composer.text == "older"
        await here.press("down", "down")
        assert here.composer.text == "draft"


async def test_up_moves_inside_a_message_of_several_lines() -> None:
    async with opened(1, memory=Memory(history=["older"])) as here:
        await here.press("a", "shift+enter", "b", "up")
        assert here.composer.text == "a\nb"
        assert here.composer.cursor_location[0] == 0


# -- pasting


async def test_a_large_paste_is_folded_and_sent_whole() -> None:
    pasted = "0123456789abcde\n" * 6400  # 100 KB
    async with opened(1) as here:
        here.composer.paste(pasted)
        await here.type(" look")
        assert here.composer.text == "[pasted 100 KB] look"
        await here.press("enter")
        assert here.client.said("session.send")[0]["text"] == pasted + " look"


async def test_two_large_pastes_are_told_apart() -> None:
    async with opened(1) as here:
        here.composer.paste("a" * 5000)
        here.composer.paste("b" * 5000)
        assert here.composer.text == "[pasted 5 KB][pasted 5 KB #2]"
        assert here.composer.expanded() == "a" * 5000 + "b" * 5000


async def test_a_small_paste_stands_there_without_control_codes() -> None:
    async with opened(1) as here:
        here.composer.paste("one\r\ntwo\x1b]52;c;AAAA\x07")
        assert here.composer.text.startswith("one\ntwo")
        assert "\x1b" not in here.composer.text


async def test_a_pasted_placeholder_is_not_mistaken_for_a_paste() -> None:
    async with opened(1) as here:
        here.composer.paste("x [pasted 5 KB]")
        here.composer.paste("b" * 5000)
        assert here.composer.expanded() == "x [pasted 5 KB]" + "b" * 5000


# -- broadcast


async def test_a_broadcast_asks_with_count_and_list_and_names_its_targets() -> None:
    async with opened(3) as here:
        await here.press("ctrl+b", "ctrl+a", "enter")
        assert str(here.composer.border_title).startswith("to 3 sessions: 1 task 1, 2 task 2")
        await here.type("all")
        await here.press("enter")
        dialog = here.app.screen
        assert isinstance(dialog, Confirm)
        assert dialog.heading == "Send to 3 sessions?"
        assert "2 task 2" in dialog.text
        assert here.client.said("deck.broadcast") == []
        await here.press("y")
        assert here.client.said("deck.broadcast") == [
            {"sessions": ["s001", "s002", "s003"], "text": "all"}
        ]
        assert str(here.composer.border_title) == "to 1 task 1"


async def test_a_broadcast_that_is_refused_leaves_the_message() -> None:
    async with opened(2) as here:
        await here.press("ctrl+b", "ctrl+a", "enter")
        await here.type("all")
        await here.press("enter", "n")
        assert here.composer.text == "all"
        assert here.client.said("deck.broadcast") == []


async def test_esc_takes_a_broadcast_back_before_it_interrupts_anything() -> None:
    async with opened(2) as here:
        here.client.start_turn("s001")
        await here.press("ctrl+b", "ctrl+a", "enter")
        await here.press("escape")
        assert str(here.composer.border_title) == "to 1 task 1"
        assert here.client.said("session.interrupt") == []


# -- the running turn


async def test_steering_hands_the_message_to_the_running_turn() -> None:
    async with opened(1) as here:
        here.client.start_turn("s001")
        await here.type("rather this")
        await here.press("alt+g")
        assert here.client.said("session.send")[0]["mode"] == "steer"
        assert here.composer.text == ""


async def test_esc_interrupts_a_turn_that_only_writes() -> None:
    async with opened(1) as here:
        here.client.start_turn("s001")
        here.client.say("s001", "half an ans")
        await here.settle()
        await here.press("escape")
        assert here.client.said("session.interrupt") == [{"session": "s001"}]


async def test_esc_asks_twice_while_a_tool_runs() -> None:
    from sessions.record import events as ev

    async with opened(1) as here:
        here.client.start_turn("s001")
        here.client.emit("s001", ev.ToolCall(turn=1, call="c", name="pytest", input={}))
        await here.settle()
        await here.press("escape")
        assert here.client.said("session.interrupt") == []
        assert "pytest is running" in here.notices()[-1]
        await here.press("escape")
        assert here.client.said("session.interrupt") == [{"session": "s001"}]


async def test_the_second_esc_counts_for_the_same_session_only() -> None:
    from sessions.record import events as ev

    async with opened(2) as here:
        for session in ("s001", "s002"):
            here.client.start_turn(session)
            here.client.emit(session, ev.ToolCall(turn=1, call="c", name="pytest", input={}))
        await here.settle()
        await here.press("escape", "alt+2", "escape")
        assert here.client.said("session.interrupt") == []


async def test_esc_with_nothing_to_end_does_nothing() -> None:
    async with opened(1) as here:
        await here.press("escape")
        assert here.client.said("session.interrupt") == []
        assert here.app.focused is here.composer


# -- a queue that an interrupt left


async def stuck(here: Opened, *texts: str) -> None:
    """An idle session in which these wait."""
    here.client.start_turn("s001")
    for text in texts:
        await here.client.call("session.send", session="s001", text=text)
    here.client.end_turn("s001", "interrupted")
    await here.settle()


async def test_enter_in_the_empty_composer_sends_what_an_interrupt_left_waiting() -> None:
    async with opened(1) as here:
        await stuck(here, "one", "two")
        assert "send next" in here.line("footer")
        assert "enter sends the next" in str(here.composer.border_subtitle)
        await here.press("enter")
        assert here.client.said("session.next") == [{"session": "s001"}]
        assert here.client.sessions["s001"].summary.status == "working"
        # A turn runs now, which takes the rest by itself.
        assert "send next" not in here.line("footer")
        await here.press("enter")
        assert len(here.client.said("session.next")) == 1


async def test_enter_with_something_written_sends_that() -> None:
    async with opened(1) as here:
        await stuck(here, "one")
        await here.type("x")
        assert "send next" not in here.line("footer")
        assert "enter sends, 1 waiting" in str(here.composer.border_subtitle)
        await here.press("enter")
        assert here.client.said("session.next") == []


async def test_enter_elsewhere_sends_nothing_that_waits() -> None:
    async with opened(1) as here:
        await stuck(here, "one")
        await here.press("tab", "enter")
        assert here.client.said("session.next") == []


async def test_the_queue_of_an_idle_session_sends_the_message_that_is_chosen() -> None:
    async with opened(1) as here:
        await stuck(here, "one", "two")
        await here.press("alt+q", "down", "s")
        item = here.client.said("session.next")[0]["item"]
        assert here.client.sessions["s001"].events[-2].text == "two"  # type: ignore[attr-defined]
        assert item


async def test_what_begins_with_an_exclamation_mark_is_a_command_of_ones_own() -> None:
    async with opened(1) as here:
        await here.type("!make")
        assert "enter runs it as you" in str(here.composer.border_subtitle)
        await here.press("enter")
        await here.until(lambda: bool(here.client.said("session.shell")))
        assert here.client.said("session.shell") == [{"session": "s001", "line": "make"}]
        await here.type(" !important")
        await here.press("enter")
        await here.until(lambda: bool(here.client.said("session.send")))
        assert here.client.said("session.send")[0]["text"] == " !important"
    async with opened(0) as here:
        await here.type("!make")
        await here.press("enter")
        await here.until(lambda: here.composer.text == "!make")
        assert any("one session" in said for said in here.notices())


async def test_the_message_goes_to_the_users_editor_and_comes_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AGENTDECK_HOME", str(tmp_path))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "sed -i s/one/two/")
    async with opened(1) as here:
        monkeypatch.setattr(here.app, "suspend", nullcontext)
        await here.type("say one")
        await here.press("alt+h")
        await here.until(lambda: here.composer.text == "say two")
        assert not list((tmp_path / "run").glob("message-*"))
        monkeypatch.setenv("EDITOR", "/no/such/editor")
        await here.press("alt+h")
        await here.until(lambda: any("Set $EDITOR" in said for said in here.notices()))
        assert here.composer.text == "say two"


async def test_what_is_pasted_opens_in_its_place_and_undo_folds_it_again() -> None:
    async with opened(1) as here:
        await here.type("see ")
        here.composer.paste("line\n" * 40)
        folded = here.composer.text
        assert folded.startswith("see [pasted ")
        here.deck.start("unfold_pastes")
        await here.until(lambda: here.composer.text == "see " + "line\n" * 40)
        await here.press("alt+z")
        await here.until(lambda: here.composer.text == folded)
        assert here.composer.expanded() == "see " + "line\n" * 40


async def test_the_composer_says_what_becomes_of_a_message_to_an_agents_own_business() -> None:
    async with opened(1) as here:
        asked = ev.PermissionAsked(turn=1, call="q", ask="a", tool="X", summary="Which port?")
        here.client.emit("s001", asked)
        await here.until(lambda: "taken away unanswered" in str(here.composer.border_subtitle))
        led = here.client.add("Mate", parent={"id": "s001", "seq": 0, "call": "c", "by": "agent"})
        here.client.emit(led, ev.SessionSet(title="Mate"))
        await here.until(lambda: led in here.deck.model.order)
        await here.press("alt+2")
        assert "an agent leads this session" in str(here.composer.border_subtitle)


async def test_what_is_sent_before_the_engine_is_there_goes_when_it_is() -> None:
    async with opened(1, down=EngineError("Not yet.")) as here:
        link, there = here.deck.link, asyncio.Event()
        made = link._factory

        async def late() -> DeckClient:
            await there.wait()
            return await made()

        await here.until(lambda: link.tried)
        link._factory = late
        here.deck.reconnect()
        await here.until(lambda: link.connecting)
        await here.type("hello")
        await here.press("enter")
        assert here.composer.text == "hello"
        assert "waits" in str(here.composer.border_subtitle)
        there.set()
        await here.until(lambda: bool(here.client.said("session.send")))
        assert here.client.said("session.send")[0]["text"] == "hello"
        await here.until(lambda: here.composer.text == "")
        assert len(here.client.said("session.send")) == 1


async def test_what_waits_for_the_engine_stays_a_draft_once_changed_or_without_engine() -> None:
    async with opened(1, down=EngineError("Not yet.")) as here:
        link = here.deck.link
        await here.until(lambda: link.tried)
        for change in (True, False):
            link.connecting = True
            await here.type("hi")
            await here.press("enter")
            assert here.deck.sender.waiting is not None
            if change:
                await here.type("!")
            else:
                here.deck.feed.lost("It went.", "")
            assert here.deck.sender.waiting is None
        assert here.composer.text == "hi!hi"
