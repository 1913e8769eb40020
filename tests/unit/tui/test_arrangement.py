"""Tiles as the user wants them: columns, order, groups, and what is on every page."""

from __future__ import annotations

import json

import pytest
from textual.events import MouseDown
from textual.widget import Widget

from sessions.record import events as ev
from sessions.record.groups import groups_of, tags_of
from sessions.record.summary import Summary
from tests.support.deckpilot import Opened, opened
from tui.deck.arrangement import Arrangement
from tui.deck.edge_lines import tab_spots
from tui.deck.memory import Memory
from tui.deck.model import DeckModel


def model(*statuses: str, per_page: int = 2) -> DeckModel:
    """A deck with a session of each status, called a, b, c, …"""
    made = DeckModel()
    for letter, status in zip("abcdefghijklmnopqrstuvwxyz", statuses, strict=False):
        tags = ["odd"] if "aceg".find(letter) >= 0 else []
        summary = Summary(id=letter, title=letter, cwd="/w/deck", tags=tags)
        summary.status = status  # type: ignore[assignment]
        made.put(summary)
    made.capacity = per_page
    return made


def test_a_session_is_grouped_by_where_it_is_from_and_by_tags() -> None:
    summary = Summary(id="a", cwd="/w/deck", profile="claude", run="r1", tags=["night"])
    assert groups_of(summary) == ["repository:deck", "profile:claude", "plan:r1", "tag:night"]
    assert tags_of("#night, day day  # x") == ["night", "day", "x"]


def test_by_need_the_urgent_come_first_and_by_hand_nothing_moves() -> None:
    deck = model("idle", "done", "needs-you", "working")
    assert deck.visible() == ["a", "b"]
    deck.arrangement.by_need = True
    assert deck.shown == ["c", "b", "a", "d"]
    assert deck.number("c") == 3


def test_what_is_kept_is_on_every_page() -> None:
    deck = model(*["idle"] * 5)
    deck.arrangement.kept = ["d"]
    assert deck.visible() == ["d", "a"] and deck.pages == 4
    seen = []
    for _ in range(4):
        deck.turn_page(1)
        assert deck.visible()[0] == "d"
        seen.append(deck.visible()[1])
    assert seen == ["b", "c", "e", "a"]


def test_every_page_is_come_to_where_more_are_kept_than_a_page_has_room_for() -> None:
    deck = model(*["idle"] * 5)
    deck.arrangement.kept = ["a", "b", "c"]
    seen = []
    for _ in range(deck.pages):
        deck.turn_page(1)
        seen.append(deck.visible())
    assert seen == [["a", "c"], ["a", "d"], ["a", "e"], ["a", "b"]]


def test_a_group_alone_is_shown_and_going_elsewhere_leaves_it() -> None:
    deck = model(*["idle"] * 5)
    deck.go("b")
    deck.show_only("tag:odd")
    assert deck.shown == ["a", "c", "e"] and deck.current == "a"
    deck.step(1)
    assert deck.current == "c"
    deck.go("b")
    assert deck.arrangement.only == "" and deck.current == "b"
    deck.show_only("tag:nowhere")
    assert len(deck.shown) == 5


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_tabs_never_hide_who_needs_somebody(width: int) -> None:
    deck = model(*["idle"] * 20, "needs-you", "idle", "failed")
    targets = [spot.target for spot in tab_spots(deck, width)]
    assert "go:u" in targets and "go:w" in targets
    deck.show_only("tag:odd")
    spots = tab_spots(deck, width)
    assert "go:u" in [spot.target for spot in spots]
    assert "tag:odd: 4 of 23" in "".join(spot.text for spot in spots)
    assert sum(len(spot.text) for spot in spots) <= width


def test_an_arrangement_of_another_version_is_none() -> None:
    assert Arrangement.of("x") == Arrangement()
    assert Arrangement.of({"columns": 99, "kept": None, "by_need": 1}) == Arrangement()
    assert Arrangement.of({"thinking_open": True}).thinking == "open"
    assert Arrangement.of({"sizes": {"a": "x", "b": [1e9, 1]}}).sizes == {"b": (5.0, 1.0)}
    kept = Arrangement(3, True, ["a"], "tag:x", "hidden", ["b"], compact=True)
    assert Arrangement.of(kept.to_json()) == kept


async def choose(here: Opened, action: str, word: str) -> None:
    here.deck.start(action)
    await here.until(lambda: here.app.screen is not here.deck)
    await here.type(word)
    await here.press("enter")


async def test_thinking_is_open_folded_or_left_out_in_tiles_and_those_to_come() -> None:
    memory = Memory()
    async with opened(1, memory=memory) as here:
        here.client.start_turn("s001")
        here.client.emit("s001", ev.Thinking(turn=1, text="First this.\nThen that."))
        here.client.say("s001", "Done.")
        await here.settle()
        view = here.deck.tiles["s001"].view

        def rows() -> int:
            return view.body.total

        folded = rows()
        await choose(here, "thinking", "open")
        await here.until(lambda: rows() > folded)
        assert memory.arrangement.thinking == "open"
        here.client.emit("s001", ev.Thinking(turn=1, text="And\nso\non."))
        here.client.say("s001", "Done.")
        await here.settle()
        assert not any(b.folded for b in view.body.blocks if b.block.kind == "thinking")
        await choose(here, "thinking", "hidden")
        await here.until(lambda: rows() == 5)  # the question and two answers, apart
        here.client.emit("s001", ev.Thinking(turn=1, text="Unseen."))
        here.client.say("s001", "Done.")
        await here.until(lambda: rows() == 7)  # the question and three answers, apart
        assert view.search("unseen") == 1 and rows() > 7
        await choose(here, "thinking", "folded")
        await here.until(
            lambda: all(b.folded for b in view.body.blocks if b.block.kind == "thinking")
        )
        here.deck.start("density")
        await here.until(lambda: memory.arrangement.compact)
        await here.until(lambda: rows() == 7)  # two blocks a row each more, no empty ones
        here.deck.start("density")
        await here.until(lambda: not memory.arrangement.compact)


def pressed(here: Opened, widget: Widget, x: int, y: int) -> None:
    """The mouse goes down, as a terminal tells it: the pilot would name the widget too."""
    x, y = x + widget.region.x, y + widget.region.y
    here.app.post_message(MouseDown(None, x, y, 0, 0, 1, False, False, False, x, y))


async def test_a_tile_is_made_larger_by_key_and_mouse_and_hidden_and_both_are_kept() -> None:
    memory = Memory()
    async with opened(4, (160, 46), memory=memory) as here:
        first, second, third = (here.deck.tiles[f"s00{n}"] for n in (1, 2, 3))
        before = first.region
        await here.press("alt+plus")
        await here.until(lambda: first.region.width > before.width)
        assert first.region.height > before.height and second.region.width < before.width
        size = memory.arrangement.sizes["s001"]
        edge = first.region
        pressed(here, first, edge.width - 1, 4)
        await here.settle()
        await here.pilot.hover(here.deck.grid, offset=(60, 4))
        await here.pilot.mouse_up(here.deck.grid, offset=(60, 4))
        await here.until(lambda: first.region.width == 60)
        assert second.region.x == 60 and memory.arrangement.sizes["s001"] != size
        pressed(here, third, 9, 0)
        await here.settle()
        await here.pilot.hover(here.deck.grid, offset=(9, 12))
        await here.pilot.mouse_up(here.deck.grid, offset=(9, 12))
        await here.until(lambda: third.region.y - here.deck.grid.region.y == 12)
        assert Arrangement.of(json.loads(json.dumps(memory.arrangement.to_json()))) == (
            memory.arrangement
        )
        here.deck.start("even")
        await here.until(lambda: first.region == before)
        await here.press("alt+2")
        here.deck.start("hide")
        await here.until(lambda: list(here.deck.tiles) == ["s001", "s003", "s004"])
        assert memory.arrangement.hidden == ["s002"] and "1 hidden" in here.line("status")
        assert here.deck.model.current == "s003"
        here.client.start_turn("s002")
        here.client.ask("s002")
        await here.until(lambda: "2!" in here.line("tabs"))
        await choose(here, "show_hidden", "task 2")
        await here.until(lambda: len(here.deck.tiles) == 4)
        assert memory.arrangement.hidden == [] and here.deck.model.current == "s002"


def test_the_last_tile_in_view_is_not_hidden() -> None:
    deck = model("idle", "idle")
    assert deck.hide() == "a" and deck.current == "b"
    assert deck.hide() == "" and deck.visible() == ["b"]
    deck.go("a")
    assert deck.shown == ["a", "b"]


async def test_columns_are_chosen_and_remembered_and_tags_are_the_sessions() -> None:
    memory = Memory()
    async with opened(4, (200, 60), memory=memory) as here:
        here.deck.start("columns")
        await here.until(lambda: here.app.screen is not here.deck)
        await here.type("4")
        await here.press("enter")
        tiles = here.deck.tiles
        await here.until(lambda: len({tile.region.y for tile in tiles.values()}) == 1)
        assert memory.arrangement.columns == 4
        here.deck.start("tags")
        await here.until(lambda: here.app.screen is not here.deck)
        await here.type("night")
        await here.press("enter")
        await here.until(lambda: here.deck.model.summaries["s001"].tags == ["night"])
        here.deck.start("show_only")
        await here.until(lambda: here.app.screen is not here.deck)
        await here.type("night")
        await here.press("enter")
        await here.until(lambda: list(here.deck.tiles) == ["s001"])
        assert "tag:night: 1 of 4" in here.line("tabs")
        await choose(here, "show_only", "all")
        await here.until(lambda: len(here.deck.tiles) == 4)
        here.deck.start("pin")
        await here.until(lambda: "pinned" in str(here.deck.tiles["s001"].border_subtitle))
