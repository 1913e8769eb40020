"""Permission requests: shown exactly, answered on purpose, never by keys typed ahead."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from rich.cells import cell_len
from textual.widgets import Input, Static

from tests.support.deckpilot import Opened, opened
from tui.widgets.permission import GUARD_S, AnswerChoice, Detail, PermissionBox
from tui.words.text import clip_middle


@asynccontextmanager
async def asking(detail: str = "rm -rf build", **more: Any) -> AsyncIterator[Opened]:
    """A deck whose second session asks."""
    async with opened(2) as here:
        here.client.start_turn("s002")
        here.client.ask("s002", detail=detail, **more)
        await here.until(lambda: bool(here.deck.query(PermissionBox)))
        await here.settle()
        yield here


def box(here: Opened) -> PermissionBox:
    return here.deck.query_one(PermissionBox)


def arm(here: Opened) -> None:
    """As if the guard's time had passed."""
    box(here)._since -= GUARD_S * 2
    box(here)._shown -= GUARD_S * 2


@pytest.mark.parametrize(
    ("detail", "shown"),
    [("Which way?", False), ("Which way?\nOr none?", True), ("Which  way?", True)],
)
async def test_a_question_is_told_once(detail: str, shown: bool) -> None:
    async with asking(detail, summary="Which way?") as here:
        assert box(here).query_one(Detail).display is shown
        assert box(here).query_one(Detail).unseen == 0


async def test_the_next_request_is_shown_once_whatever_else_changes_meanwhile() -> None:
    async with asking() as here:
        tile = next(t for t in here.deck.grid.tiles() if t.session == "s002")
        asks = tile.summary.asks
        asks[0] = {**asks[0], "ask": "a2"}
        for _ in range(3):
            tile.show(tile.summary, tile.number)
        await here.settle()
        assert [b.ask_id for b in here.deck.query(PermissionBox)] == ["a2"]


async def test_a_request_does_not_take_the_focus() -> None:
    async with asking() as here:
        focused: object = here.app.focused
        assert focused is here.composer
        assert here.deck.model.current == "s001"


async def test_jumping_there_focuses_the_request_and_a_letter_answers() -> None:
    async with asking() as here:
        await here.press("ctrl+j")
        assert here.app.focused is box(here)
        arm(here)
        await here.press("o")
        assert here.client.said("session.answer") == [
            {"session": "s002", "ask": "a1", "decision": "once", "reason": ""}
        ]
        assert not here.deck.query(PermissionBox)
        focused: object = here.app.focused
        assert focused is here.composer


async def test_a_key_goes_to_the_request_from_wherever_the_focus_is() -> None:
    async with asking() as here:
        here.deck.go("s002")
        assert here.deck.tile is not None
        here.deck.tile.view.focus()
        await here.settle()
        await here.press("ctrl+y")
        assert here.app.focused is box(here)
        await here.press("f2")
        assert here.app.focused is not box(here)
        await here.press("ctrl+y")
        assert here.app.focused is box(here)
        assert "^y" not in here.line("footer")  # it is there already


@pytest.mark.parametrize("key", ["o", "a", "enter", "1", "n"])
async def test_keys_typed_ahead_answer_nothing(key: str) -> None:
    async with asking() as here:
        box(here)._clock = lambda: box(here)._since + GUARD_S / 2
        box(here).focus()
        await here.press(key)
        assert here.client.said("session.answer") == []


async def test_a_click_that_comes_too_early_answers_nothing() -> None:
    async with asking() as here:
        box(here)._clock = lambda: box(here)._shown
        await here.pilot.click(AnswerChoice)
        assert here.client.said("session.answer") == []


async def test_a_click_answers() -> None:
    async with asking() as here:
        arm(here)
        await here.pilot.click(AnswerChoice)
        await here.settle()
        assert here.client.said("session.answer")[0]["decision"] == "once"


async def test_always_is_never_marked_by_itself() -> None:
    options = [
        {"id": "always", "name": "always", "kind": "allow_always"},
        {"id": "no", "name": "no", "kind": "reject_once"},
    ]
    async with asking(options=options) as here:
        marked = [c for c in here.deck.query(AnswerChoice) if c.has_class("-marked")]
        assert [c.kind for c in marked] == ["reject_once"]


async def test_the_detail_is_shown_exactly_and_as_text() -> None:
    detail = "curl [@click=app.quit]x[/] | sh\n" + "\n".join(f"line {n}" for n in range(50))
    async with asking(detail=detail) as here:
        shown = here.deck.query_one(".permission--detail").query_one(Static)
        assert str(shown.content) == detail


async def test_all_answers_are_in_view_in_the_smallest_tile() -> None:
    async with asking(detail="\n".join(f"line {n}" for n in range(50)), why="outside") as here:
        for number in range(7):
            here.client.add(f"more {number}")
            here.client.on_summary(here.client.sessions[f"s{number + 3:03}"].summary)
        await here.settle()
        tile = here.deck.grid.tile("s002")
        assert tile is not None
        assert len(here.deck.grid.tiles()) == 9
        for choice in here.deck.query(AnswerChoice):
            assert tile.region.contains_region(choice.region)
            assert choice.region.height == 1


TITLE = "Run a command that takes more than a row to say"


@pytest.mark.parametrize(
    ("size", "detail"),
    [
        ((120, 36), "rm -rf build"),
        ((120, 36), "echo a\n" * 4 + "b"),
        ((120, 36), "echo a\n" * 60),
        ((80, 24), "echo a\n" * 60),
    ],
    ids=["short", "five rows", "long", "one tile"],
)
async def test_answers_stay_in_view_when_a_yes_came_too_early(
    size: tuple[int, int], detail: str
) -> None:
    async with opened(9, size) as here:
        here.deck.go("s002")
        here.client.start_turn("s002")
        here.client.ask("s002", summary=TITLE, detail=detail, why="outside", options=LONG)
        here.client.ask("s002", "a2", "make deploy")
        await here.until(lambda: bool(here.deck.query(PermissionBox)))
        tile = here.deck.grid.tile("s002")
        assert tile is not None

        def in_view() -> bool:
            shown = [c for c in box(here).query(AnswerChoice) if c.region.height]
            inside = [c for c in shown if tile.content_region.contains_region(c.region)]
            return len(inside) == len(LONG) and box(here).query_one(Detail).region.height > 0

        await here.settle()
        assert in_view()
        await here.press("ctrl+j")
        assert in_view()
        arm(here)
        await here.press("a" if len(detail) > 100 else "right")
        await here.settle()
        assert in_view()
        arm(here)
        await here.press("r")
        await here.settle()
        reason = box(here).query_one(Input)
        assert tile.content_region.contains_region(reason.region)
        assert reason.region.height
        await here.press("escape")
        await here.settle()
        assert in_view()


async def test_a_long_answer_goes_on_below_and_is_not_cut_off() -> None:
    name = "Always allow Bash(touch made-by-agent *) and access to " + "/a/long/path " * 8 + "END"
    options = [
        {"id": "always", "name": name, "kind": "allow_always"},
        {"id": "no", "name": "no", "kind": "reject_once"},
    ]
    async with asking(options=options) as here:
        first, second = here.deck.query(AnswerChoice)
        assert "END" in "".join(
            strip.text for strip in first.render_lines(first.region.at_offset((0, 0)))
        )
        assert second.region.y == first.region.bottom
        assert box(here).region.contains_region(second.region)


async def test_no_with_a_reason_sends_the_reason() -> None:
    async with asking() as here:
        await here.press("ctrl+j")
        arm(here)
        await here.press("r")
        await here.type("use make")
        await here.press("enter")
        answer = here.client.said("session.answer")[0]
        assert (answer["decision"], answer["reason"]) == ("no", "use make")


async def test_an_answer_that_is_to_be_explained_asks_why() -> None:
    options = [
        {"id": "once", "name": "Yes, once", "kind": "allow_once"},
        {"id": "no", "name": "No", "kind": "reject_once"},
        {"id": "no-reason", "name": "No, and say why", "kind": "reject_once"},
    ]
    async with asking(options=options) as here:
        assert [c.key for c in here.deck.query(AnswerChoice)] == ["o", "n", "r"]
        await here.press("ctrl+j")
        arm(here)
        await here.press("3")
        assert here.client.said("session.answer") == []
        await here.type("later")
        await here.press("enter")
        answer = here.client.said("session.answer")[0]
        assert (answer["decision"], answer["reason"]) == ("no-reason", "later")


async def test_esc_goes_back_to_the_composer_and_the_request_waits_on() -> None:
    async with asking() as here:
        await here.press("ctrl+j", "escape")
        focused: object = here.app.focused
        assert focused is here.composer
        assert here.client.said("session.interrupt") == []
        assert here.deck.query(PermissionBox)


async def test_other_letters_do_not_fall_through_into_the_deck() -> None:
    async with asking() as here:
        await here.press("ctrl+j")
        arm(here)
        await here.press("z", "q")
        assert here.composer.text == ""
        assert here.client.said("session.answer") == []


async def test_the_second_request_follows_the_first_behind_a_new_guard() -> None:
    async with asking() as here:
        here.client.ask("s002", "a2", "make deploy")
        await here.settle()
        await here.press("ctrl+j")
        arm(here)
        await here.press("o")
        await here.until(lambda: bool(here.deck.query(PermissionBox)))
        assert box(here).ask_id == "a2"
        box(here)._clock = lambda: box(here)._since + GUARD_S / 2
        await here.press("o")
        assert len(here.client.said("session.answer")) == 1


async def test_the_list_of_requests_names_all_and_goes_there() -> None:
    async with asking() as here:
        here.client.start_turn("s001")
        here.client.ask("s001", "a9", "git push")
        await here.settle()
        await here.press("f8")
        rows = here.app.screen.query_one("Rows").rows  # type: ignore[attr-defined]
        said = ["".join(text for text, _ in row.cells) for row in rows]
        assert "rm -rf build" in said[0]
        assert "git push" in said[1]
        await here.press("down", "enter")
        assert here.deck.model.current == "s001"


async def test_a_request_answered_elsewhere_goes_away() -> None:
    async with asking() as here:
        await here.client.call("session.answer", session="s002", ask="a1", decision="no")
        await here.until(lambda: not here.deck.query(PermissionBox))


# -- what answers say where there is little room

LONG = [
    {"id": "once", "name": "Yes, once", "kind": "allow_once", "short": "Once"},
    {"id": "session", "kind": "allow_session", "short": "This session",
     "name": "Yes, `make -C services/reports test` for this session"},
    {"id": "always", "kind": "allow_always", "short": "Always here",
     "name": "Always `make -C services/reports test` in /home/me/projects/the-long-name"},
    {"id": "session-prefix", "kind": "allow_session", "short": "Session make -C…",
     "name": "Yes, `make -C …` for this session"},
    {"id": "always-prefix", "kind": "allow_always", "short": "Always make -C…",
     "name": "Always `make -C …` in /home/me/projects/the-long-name"},
    {"id": "no", "name": "No", "kind": "reject_once"},
    {"id": "no-reason", "name": "No, and say why", "kind": "reject_once", "short": "No, because…"},
]  # fmt: skip


@pytest.mark.parametrize("more", [0, 4, 10])
async def test_every_answer_is_in_view_and_says_what_it_is(more: int) -> None:
    async with asking(options=LONG, why="outside") as here:
        for number in range(more):
            here.client.add(f"more {number}")
            here.client.on_summary(here.client.sessions[f"s{number + 3:03}"].summary)
        await here.settle()
        tile = here.deck.grid.tile("s002")
        assert tile is not None
        choices = list(here.deck.query(AnswerChoice))
        assert len(choices) == len(LONG)
        for choice in choices:
            assert tile.region.contains_region(choice.region)
            said = str(choice.content).rstrip()
            assert cell_len(said) <= choice.region.area
            words = said.split(maxsplit=1)[1]
            assert words in (choice.label, choice.short) or "…" in words
        assert len({str(choice.content) for choice in choices}) == len(LONG)


async def test_the_marked_answer_is_said_whole_where_its_label_is_short() -> None:
    async with asking(options=LONG, why="outside") as here:
        for number in range(10):
            here.client.add(f"more {number}")
            here.client.on_summary(here.client.sessions[f"s{number + 3:03}"].summary)
        await here.settle()
        why = here.deck.query_one(".permission--why", Static)
        assert str(why.content) == "outside"
        await here.press("ctrl+j", "right", "right")
        assert str(why.content) == LONG[2]["name"]
        await here.press("escape")
        assert str(why.content) == "outside"


@pytest.mark.parametrize(
    ("text", "cells", "clipped"),
    [
        ("short", 10, "short"),
        ("Always `make test` in /home/me/project", 20, "Always `make…roject"),
        ("日本語日本語日本語", 9, "日本語…語"),
    ],
)
def test_a_text_without_its_middle(text: str, cells: int, clipped: str) -> None:
    assert clip_middle(text, cells) == clipped
    assert cell_len(clip_middle(text, cells)) <= cells


ENDLESS = "\n".join(f"echo {n}" for n in range(80)) + "\ntouch THE-END"


def said(here: Opened, part: str) -> str:
    """What a part of the request says."""
    return str(box(here).query_one(f".permission--{part}", Static).content)


@pytest.mark.parametrize("key", ["o", "a", "enter"])
async def test_no_yes_counts_before_the_end_was_shown(key: str) -> None:
    async with asking(ENDLESS) as here:
        await here.press("ctrl+j")
        arm(here)
        await here.press(key)
        await here.settle()
        assert here.client.said("session.answer") == []
        assert "more rows below" in said(here, "below")
        assert "a yes counts when the end was shown" in said(here, "below")
        for _ in range(20):
            await here.press("pagedown")
        await here.settle()
        assert not here.deck.query_one(".permission--below").display
        await here.press(key)
        await here.until(lambda: len(here.client.said("session.answer")) == 1)


async def test_a_no_counts_at_once() -> None:
    async with asking(ENDLESS) as here:
        await here.press("ctrl+j")
        arm(here)
        await here.press("n")
        await here.until(lambda: len(here.client.said("session.answer")) == 1)


async def test_blank_lines_and_spaces_hide_nothing() -> None:
    hidden = "ls" + "\n" * 200 + "touch A" + " " * 300 + "; touch B"
    async with asking(hidden) as here:
        await here.press("ctrl+j")
        shown = said(here, "detail Static")
        assert "⟨199 blank lines⟩" in shown
        assert "touch A ⟨300 spaces⟩ ; touch B" in shown
        arm(here)
        await here.press("o")
        await here.until(lambda: len(here.client.said("session.answer")) == 1)


async def test_zero_width_characters_are_named_and_private_keys_not_shown() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIabcdef\nxyz\n-----END RSA PRIVATE KEY-----"
    async with asking(f"ls pl\u200bain\n{key}\ntrue") as here:
        await here.press("ctrl+j")
        shown = said(here, "detail Static")
        assert "pl⟨U+200B⟩ain" in shown
        assert "MIIabcdef" not in shown
        assert "a private key of 4 lines, not shown" in shown


async def test_an_option_says_what_it_means_also_where_only_its_name_has_room() -> None:
    about = "keeps every reading for ten years, on disks that nobody has bought yet"
    options = [
        {"id": "choice-1", "name": "Archive", "kind": "choice", "description": about},
        {"id": "choice-2", "name": "Drop", "kind": "choice", "description": "frees the room"},
    ]
    for size in ((160, 40), (80, 24)):
        async with opened(1, size) as here:
            here.client.start_turn("s001")
            here.client.ask("s001", options=options, detail="What of the readings?")
            await here.settle()
            await here.press("ctrl+y")
            box = here.deck.tile.box  # type: ignore[union-attr]
            assert box is not None
            said = " ".join(str(each.render()) for each in box.query(Static))
            assert about in " ".join(said.split())


async def test_a_request_that_goes_as_the_keys_leave_it_takes_nothing_with_it() -> None:
    async with asking() as here:
        await here.press("ctrl+j")
        gone = box(here)
        gone.on_blur()  # says why again, after the next refresh
        await gone.query("*").remove()
        await here.settle()
        gone._explain()
        assert here.app._exception is None
