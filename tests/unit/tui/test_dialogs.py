"""What is done with sessions, through keys and dialogs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Checkbox, Input, Select, Static

from sessions.api.deck import SearchHit
from sessions.archive.order import grouped
from sessions.record import events as ev
from sessions.runtime.queued_message import Queued
from tests.support.deckpilot import Opened, opened
from tests.support.fake_client import FakeClient, hit
from tui import actions as registry
from tui.deck.memory import Memory
from tui.deck.welcome import Welcome
from tui.screens.dialogs import NOT_FOUND, Choose, Confirm, Listing, Pick, Prompt
from tui.screens.new_session import NewSessionForm, complete_folder
from tui.widgets.hints import Hints
from tui.widgets.rows import Rows


def rows(here: Opened) -> list[str]:
    """What the list on screen says, row by row."""
    return ["".join(text for text, _ in row.cells) for row in here.app.screen.query_one(Rows).rows]


# -- the first screen


async def test_the_first_screen_says_what_works_and_what_is_missing() -> None:
    async with opened(0) as here:
        welcome = here.deck.query_one(Welcome)
        await here.until(lambda: "local" in str(welcome.content))
        words = str(welcome.content)
        # What may be cut off below is what does not work.
        assert words.index("Write below") < words.index("More in the settings (alt+o)")
        assert "SmolLM2-135M" in words
        assert "ANTHROPIC_API_KEY is not set" in words
        assert "Set it, then start the deck again." in words
        assert words.index("local") < words.index("claude")
        assert welcome.display


async def test_what_is_said_of_a_backend_stands_in_from_its_name_in_every_line() -> None:
    async with opened(0, (50, 24)) as here:
        welcome = here.deck.query_one(Welcome)
        await here.until(lambda: "(default)" in str(welcome.content))
        lines = str(welcome.content).splitlines()
        named = next(n for n, line in enumerate(lines) if "(default)" in line)
        below = lines[named + 1 : lines.index("", named)]
        assert below and all(line.startswith("    ") and len(line) <= 46 for line in below)


async def test_what_is_not_in_a_list_is_not_said_to_be_the_whole_list() -> None:
    async with opened(1) as here:
        listing = Listing([Pick("1", (("first", ""),))], empty="No turn yet.")
        here.app.push_screen(Choose("Turns", listing))
        screen = await here.screen(Choose)
        await here.until(lambda: bool(screen.query(Rows)))
        rows = screen.query_one(Rows)
        await here.type("zz")
        await here.until(lambda: not rows.rows)
        assert rows.empty == NOT_FOUND


async def test_the_first_screen_goes_with_the_first_session() -> None:
    async with opened(0) as here:
        await here.type("hi")
        await here.press("enter")
        await here.until(lambda: len(here.deck.grid.tiles()) == 1)
        assert not here.deck.query_one(Welcome).display


# -- new


async def test_enter_alone_makes_a_session_with_the_default_profile() -> None:
    async with opened(0) as here:
        await here.press("ctrl+n")
        form = here.app.screen
        await here.until(lambda: form.query_one("#profile", Select).value == "local")
        await here.press("enter")
        await here.until(lambda: here.app.screen is here.deck)
        made = here.client.said("session.create")
        assert made == [{"cwd": str(Path.cwd()), "profile": "local"}]


async def test_a_key_that_comes_before_the_form_has_its_fields_does_nothing() -> None:
    async with opened(0) as here:
        form = NewSessionForm(here.deck.client, "")
        here.app.push_screen(form)  # not waited for, as where two keys come at once
        await here.app.run_action("create", form)
        assert here.app.faults == []
        await here.until(lambda: form.is_mounted)
        await here.press("escape")


async def test_several_sessions_are_made_at_once_and_numbered() -> None:
    async with opened(0) as here:
        await here.press("ctrl+n")
        await here.type("try")
        here.app.screen.query_one("#count", Input).value = "6"
        await here.press("enter")
        await here.until(lambda: len(here.deck.grid.tiles()) == 6)
        titles = [args["title"] for args in here.client.said("session.create")]
        assert titles == [f"try {n}" for n in range(1, 7)]


async def test_the_form_offers_the_models_of_the_backend() -> None:
    async with opened(0) as here:
        await here.press("ctrl+n")
        form = here.app.screen
        await here.until(lambda: len(form.query_one("#model", Select)._options) == 3)
        form.query_one("#model", Select).value = "local-2"
        await here.press("enter")
        await here.until(lambda: bool(here.client.said("session.create")))
        assert here.client.said("session.create")[0]["model"] == "local-2"


async def test_a_backend_that_is_not_ready_is_greyed_with_the_reason() -> None:
    async with opened(0) as here:
        await here.press("ctrl+n")
        form = here.app.screen
        field = form.query_one("#backend", Select)
        await here.until(lambda: len(field._options) > 2)
        offered = {value: prompt for prompt, value in field._options}
        claude, local = offered["claude"], offered["local"]
        assert "not ready: ANTHROPIC_API_KEY is not set" in str(claude)
        styles = [[span.style for span in p.spans if span.start == 0] for p in (claude, local)]  # type: ignore[union-attr]
        assert styles[0] and styles[0] != styles[1]


@pytest.mark.parametrize(
    ("field", "value"),
    [("cwd", "/no/such/place"), ("count", "0"), ("count", "99"), ("budget", "2,50")],
)
async def test_a_wrong_entry_is_said_in_the_form(field: str, value: str) -> None:
    async with opened(0) as here:
        await here.press("ctrl+n")
        here.app.screen.query_one(f"#{field}", Input).value = value
        await here.press("enter")
        assert isinstance(here.app.screen, NewSessionForm)
        assert here.client.said("session.create") == []
        assert str(here.app.screen.query_one("#fault").content)  # type: ignore[attr-defined]


async def test_a_budget_goes_with_a_new_session_and_can_be_changed_on_it() -> None:
    async with opened(0) as here:
        await here.press("ctrl+n")
        here.app.screen.query_one("#budget", Input).value = "$2, 3 h"
        await here.press("enter")
        await here.until(lambda: bool(here.client.said("session.create")))
        assert here.client.said("session.create")[0]["budget"] == "$2, 3 h"
        here.deck.start("budget")
        await here.until(lambda: here.app.screen is not here.deck)
        here.app.screen.query_one(Input).value = "20 turns"
        await here.press("enter")
        await here.until(lambda: bool(here.client.said("session.budget")))
        assert here.client.said("session.budget")[0]["text"] == "20 turns"


async def test_what_is_no_budget_stays_in_its_field_with_the_reason() -> None:
    async with opened(1) as here:
        here.deck.start("budget")
        asked = await here.screen(Prompt)
        await here.type("much")
        await here.press("enter")
        await here.until(lambda: "is no budget" in str(asked.query_one("#fault", Static).content))
        assert asked.query_one(Input).value == "much" and not here.client.said("session.budget")


def test_a_directory_is_completed(tmp_path: Path) -> None:
    (tmp_path / "alpha").mkdir()
    (tmp_path / "beta.txt").write_text("")
    assert complete_folder(f"{tmp_path}/al") == f"{tmp_path}/alpha/"
    assert complete_folder(f"{tmp_path}/be") is None
    assert complete_folder("/no/such/place/x") is None


# -- names, closing, reopening


async def test_renaming() -> None:
    async with opened(1) as here:
        await here.press("alt+r")
        here.app.screen.query_one(Input).value = "better"
        await here.press("enter")
        assert "better" in str(here.deck.tile.border_title)  # type: ignore[union-attr]
        assert here.composer.border_title == "to 1 better"


async def test_closing_and_reopening_from_the_list() -> None:
    async with opened(2) as here:
        await here.press("alt+x")
        assert here.deck.model.order == ["s002"]
        await here.press("ctrl+l")
        assert "closed" in rows(here)[1]
        await here.press("down", "enter")
        await here.until(lambda: here.deck.model.current == "s001")
        assert here.client.sessions["s001"].summary.closed is False


async def test_closing_a_session_that_works_asks() -> None:
    async with opened(1) as here:
        here.client.start_turn("s001")
        await here.press("alt+x")
        assert isinstance(here.app.screen, Confirm)
        await here.press("n")
        assert here.deck.model.order == ["s001"]


async def test_deleting_asks_says_what_goes_and_no_is_the_default() -> None:
    async with opened(1) as here:
        await here.press("ctrl+l", "alt+d")
        dialog = here.app.screen
        assert isinstance(dialog, Confirm)
        assert "record goes for good" in dialog.text
        await here.press("enter")
        assert here.client.said("session.delete") == []
        await here.press("alt+d", "y")
        assert here.client.said("session.delete") == [{"session": "s001"}]


async def test_what_a_list_offers_can_be_clicked() -> None:
    async with opened(2) as here:
        await here.press("ctrl+l")
        offers = here.app.screen.query_one("#offers", Hints)
        said = str(offers.content).split("\n")
        row = next(n for n, line in enumerate(said) if "close" in line)
        await here.pilot.click(offers, offset=(said[row].index("close"), row))
        await here.until(lambda: here.client.sessions["s001"].summary.closed)


async def test_the_list_is_filtered_by_every_word() -> None:
    async with opened(12) as here:
        await here.press("ctrl+l")
        await here.type("task 11")
        assert len(rows(here)) == 1


async def test_ten_thousand_sessions_are_listed() -> None:
    async with opened(1) as here:
        for number in range(10_000):
            session = here.client.add(f"old {number}", cwd="/x")
            here.client._fold(session, ev.SessionSet(closed=True))
        await here.press("ctrl+l")
        await here.until(lambda: isinstance(here.app.screen, Choose))
        await here.settle()
        assert len(rows(here)) == 10_001


async def test_searching_all_sessions_opens_what_is_picked() -> None:
    async with opened(2) as here:
        here.client.found = [hit("s002", 4, "[b]x", at="2026-11-23T10:00:00Z")]
        await here.press("ctrl+f")
        await here.type("x")
        await here.until(lambda: bool(here.app.screen.query_one(Rows).rows))
        assert "[b]x" in rows(here)[0]
        await here.press("enter")
        await here.until(lambda: here.deck.model.current == "s002")


async def test_forking_goes_to_the_fork() -> None:
    async with opened(1) as here:
        await here.press("ctrl+k")
        await here.until(lambda: here.deck.model.current == "s002")
        assert here.client.said("session.fork")[0]["session"] == "s001"


async def test_asking_again_and_undoing() -> None:
    async with opened(1) as here:
        here.client.start_turn("s001")
        here.client.end_turn("s001")
        await here.settle()
        await here.press("alt+a")
        assert here.client.said("session.again") == [{"session": "s001"}]
        await here.press("alt+u", "down", "enter")
        assert here.client.said("session.undo") == [{"session": "s001", "files": True}]


# -- the queue


async def queued(here: Opened) -> None:
    here.client.start_turn("s001")
    items = [Queued(f"message {n}", id=f"q{n}").to_json() for n in range(3)]
    here.client.emit("s001", ev.QueueSet(items=items))
    await here.settle()
    await here.press("alt+q")


def queue(here: Opened) -> list[str]:
    return [item["text"] for item in here.client.sessions["s001"].summary.queue]


async def test_the_queue_is_reordered_and_dropped_from() -> None:
    async with opened(1) as here:
        await queued(here)
        await here.press("alt+down")
        assert queue(here) == ["message 1", "message 0", "message 2"]
        await here.press("d")
        assert queue(here) == ["message 1", "message 2"]
        assert "message 0" in here.deck.memory.history


async def test_a_queued_message_is_edited_in_the_composer_and_keeps_its_place() -> None:
    async with opened(1) as here:
        await queued(here)
        await here.press("down", "e")
        assert here.composer.text == "message 1"
        await here.type("!")
        await here.press("enter")
        assert queue(here) == ["message 0", "message 1!", "message 2"]


async def test_a_queued_message_is_sent_into_the_turn_now() -> None:
    async with opened(1) as here:
        await queued(here)
        await here.press("s")
        assert here.client.sessions["s001"].summary.queue[0]["mode"] == "steer"


async def test_the_queue_on_screen_follows_what_happens_to_it() -> None:
    async with opened(1) as here:
        await queued(here)
        here.client.emit("s001", ev.QueueSet(items=[]))
        await here.until(lambda: rows(here) == [])


# -- help, palette, theme


async def test_help_lists_every_action_and_does_it() -> None:
    async with opened(2) as here:
        await here.press("f1")
        said = "\n".join(rows(here))
        for spec in registry.actions().values():
            assert spec.title in said
        await here.type("zoom")
        await here.press("enter")
        await here.until(lambda: here.deck.model.zoomed)


async def test_the_palette_does_what_has_no_key() -> None:
    async with opened(1) as here:
        await here.press("ctrl+p")
        await here.type("archive")
        await here.until(lambda: here.app.screen.query_one("CommandList").option_count > 0)  # type: ignore[attr-defined]
        await here.press("enter")
        await here.until(lambda: bool(here.client.said("session.archive")))


async def test_a_title_in_the_palette_is_no_markup() -> None:
    async with opened(1) as here:
        here.client.emit("s001", ev.SessionSet(title="[@click=app.quit]x[/] [/"))
        await here.press("ctrl+p")
        await here.type("go to")
        await here.settle()
        assert here.app.is_running


async def test_a_changed_key_works_and_is_shown() -> None:
    from tui.options import DeckOptions

    # f10 is the list of runs', which is in the palette still.
    async with opened(2, options=DeckOptions(keys={"zoom": ("f10",)})) as here:
        assert "f10 zoom" in here.line("footer")
        await here.press("ctrl+z")
        assert not here.deck.model.zoomed
        await here.press("f10")
        assert here.deck.model.zoomed
        assert here.app.screen is here.deck


async def test_the_theme_is_remembered() -> None:
    memory = Memory()
    async with opened(0, memory=memory) as here:
        here.app.theme = "textual-light"
        await here.settle()
    async with opened(0, memory=memory) as here:
        assert here.app.theme == "textual-light"


async def test_every_word_of_the_footer_can_be_clicked() -> None:
    async with opened(2) as here:
        x = here.line("footer").index("zoom")
        await here.pilot.click("#footer", offset=(x, 0))
        await here.settle()
        assert here.deck.model.zoomed


async def test_a_new_session_is_the_current_one_before_the_engine_has_told_of_it() -> None:
    async with opened(1) as here:
        tell, late = here.client.on_summary, []
        here.client.on_summary = late.append
        await here.press("ctrl+n")
        form = here.app.screen
        await here.until(lambda: form.query_one("#profile", Select).value == "local")
        await here.press("enter")
        await here.until(lambda: here.deck.model.current == "s002")
        for summary in late:
            tell(summary)
        await here.settle()
        assert here.deck.model.current == "s002"
        assert len(here.deck.grid.tiles()) == 2


# -- as fast as keys can come


def at_once(here: Opened, *keys: str) -> None:
    """Keys that are all there before the first is looked at."""
    for key in keys:
        here.app.post_message(events.Key(key, key if len(key) == 1 else None))


async def test_enter_takes_what_all_that_was_typed_before_it_leaves() -> None:
    async with opened(3) as here:
        await here.press("ctrl+l")
        await here.until(lambda: isinstance(here.app.screen, Choose))
        at_once(here, "t", "a", "s", "k", " ", "3", "enter")
        await here.until(lambda: here.app.screen is here.deck)
        await here.until(lambda: here.deck.model.current == "s003")


async def test_a_mark_is_set_on_what_was_typed_before_it() -> None:
    async with opened(3) as here:
        await here.press("ctrl+b")
        screen = await here.screen(Choose)
        marked = set(screen.marked)
        at_once(here, "t", "a", "s", "k", " ", "2", "ctrl+t")
        await here.until(lambda: screen.marked != marked)
        assert screen.marked == marked ^ {"s002"}


async def test_enter_goes_to_what_was_found_for_all_that_was_typed() -> None:
    class Finds(FakeClient):
        async def _archive_search(self, query: str, limit: int = 50) -> list[SearchHit]:
            return [hit("s001" if query == "abc" else "s002", 1)]

    async with opened(3, client=Finds()) as here:
        await here.press("alt+3", "ctrl+f")
        at_once(here, "a", "b", "c", "enter")
        await here.until(lambda: here.app.screen is here.deck)
        await here.until(lambda: here.deck.model.current == "s001")


async def test_a_field_does_its_keys_in_order_with_what_is_typed() -> None:
    async with opened(1) as here:
        await here.press("alt+r")
        await here.until(lambda: bool(here.app.screen.query(Input)))
        field = here.app.screen.query_one(Input)
        field.value = ""
        at_once(here, "a", "b", "backspace", "c", "left", "d", "home", "e", "ctrl+k", "f")
        await here.settle()
        assert field.value == "ef"


async def test_a_dialogs_own_key_is_not_the_fields() -> None:
    async with opened(2) as here:
        await here.press("ctrl+l")
        await here.until(lambda: isinstance(here.app.screen, Choose))
        await here.type("task")
        await here.press("alt+a")
        await here.until(lambda: bool(here.client.said("session.archive")))


async def test_a_tick_puts_a_session_on_a_branch_of_its_own() -> None:
    async with opened(0) as here:
        await here.press("ctrl+n")
        form = here.app.screen
        assert not form.query_one("#worktree", Checkbox).value
        form.query_one("#base", Input).value = "main"
        await here.until(lambda: form.query_one("#worktree", Checkbox).value)
        form.query_one("#title", Input).value = "Try"
        await here.press("ctrl+s")
        (asked,) = here.client.said("session.create")
        assert (asked["worktree"], asked["base"], asked["title"]) == (True, "main", "Try")


async def test_the_form_says_what_enter_does_and_on_a_tick_it_creates() -> None:
    async with opened(0) as here:
        await here.press("ctrl+n")
        form = here.app.screen
        form.query_one("#profile").focus()
        await here.until(lambda: "enter opens" in str(form.query_one("#dialog").border_subtitle))
        form.query_one("#worktree").focus()
        await here.until(lambda: "space ticks" in str(form.query_one("#dialog").border_subtitle))
        await here.press("space", "enter")
        (asked,) = here.client.said("session.create")
        assert asked["worktree"] is True


async def test_a_row_and_a_tile_say_repository_and_branch() -> None:
    async with opened(1) as here:
        added = ev.WorktreeAdded(
            session="s001", path="/w", name="parsers", branch="agentdeck/port-it-s001",
            repository="/r/.git", base="abc", base_ref="refs/heads/main",
        )  # fmt: skip
        here.client.emit("s001", added)
        await here.until(lambda: "parsers port-it" in str(here.deck.tile.border_subtitle))  # type: ignore[union-attr]
        await here.press("ctrl+l")
        assert "parsers port-it" in rows(here)[0]
        await here.press("alt+d")
        assert "Its worktree and branch go too" in here.app.screen.text  # type: ignore[attr-defined]


def test_sessions_of_one_repository_stand_together() -> None:
    assert grouped({"1": "/r/.git", "2": "", "3": "/r/.git", "4": ""}) == ["4", "3", "1", "2"]


def test_sub_sessions_stand_below_the_session_that_started_them() -> None:
    alone = dict.fromkeys("123456", "")
    above = {"6": "1", "4": "6", "5": "1", "3": "gone"}
    assert grouped(alone, above) == ["3", "2", "1", "6", "4", "5"]
    assert grouped(alone, above, ["5", "1", "9"]) == ["1", "5", "6", "4", "3", "2"]
    assert grouped({"1": "", "2": ""}, {"1": "2", "2": "1"}) == ["2", "1"]


async def test_who_clicks_a_button_is_told_its_key_and_who_presses_it_is_not() -> None:
    async with opened(1) as here:
        for click in (True, False):
            here.app.push_screen(Confirm("Really?", "It goes on.", "Yes"))
            await here.screen(Confirm)
            await here.until(lambda: any(b.size.width for b in here.app.screen.query("#no")))
            if click:
                await here.pilot.click("#no")
            else:
                await here.press("escape")
            await here.until(lambda: here.app.screen is here.deck)
            assert here.notices().count("Quicker next time: esc") == 1


async def test_what_the_first_dialog_needs_is_ready_once_nobody_has_done_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tui.deck import preload

    monkeypatch.setattr(preload, "IDLE_S", 0.0)
    async with opened(1) as here:
        sheets = here.app.stylesheet
        await here.until(lambda: any("settings.tcss" in path for path, _ in sheets.source))
        reads: list[object] = []
        monkeypatch.setattr(sheets, "read", reads.append)
        await here.press("alt+o")
        await here.until(lambda: type(here.app.screen).__name__ == "SettingsScreen")
        assert not reads


async def test_what_a_dialog_leaves_is_collected_once_nobody_does_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tui.timing import idle

    monkeypatch.setattr(idle, "IDLE_S", 0.0)
    full: list[int] = []
    monkeypatch.setattr(idle.gc, "collect", lambda: full.append(1))
    async with opened(1) as here:
        full.clear()
        await here.press("f1")
        await here.until(lambda: here.app.screen is not here.deck)
        assert not full
        await here.press("escape")
        await here.until(lambda: bool(full))


async def test_what_several_dialogs_leave_is_collected_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tui.timing import idle

    full: list[int] = []
    monkeypatch.setattr(idle.gc, "collect", lambda: full.append(1))
    waiting: list[Callable[[], object]] = []
    monkeypatch.setattr(idle, "when_idle", lambda _app, do: waiting.append(do))
    async with opened(1) as here:
        full.clear()
        for times in (1, 2):
            for _ in range(3):
                here.app.push_screen(Confirm("Really?", "It goes on.", "Yes"))
                await here.screen(Confirm)
                await here.press("escape")
                await here.until(lambda: here.app.screen is here.deck)
            await here.until(lambda: bool(waiting))
            assert len(waiting) == 1
            waiting.pop()()
            assert len(full) == times
