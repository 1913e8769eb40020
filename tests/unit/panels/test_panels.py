"""The side panels by keyboard alone, on the deck under a pilot."""

from __future__ import annotations

from typing import Any

import pytest

from sessions.harvest.byproducts import Found
from tests.support.deckpilot import opened
from tests.support.fake_client import FakeClient
from tui.widgets.hints import Hints
from tui.widgets.rows import Rows

SCRIPT = Found(
    "file",
    "print(1)\n",
    "/w/total.py",
    origin={"session": "s1", "turn": 1, "seq": 3},
    signals={"ran": True, "passed": True},
)


class Engine:
    """Answers the panels' commands and remembers them."""

    def __init__(self, client: FakeClient) -> None:
        self.client = client
        self.basket: list[Any] = []
        inner = client._ask

        async def call(command: str, /, **args: Any) -> Any:
            method = getattr(self, command.replace(".", "_"), None)
            if method is None:
                return await inner(command, args)
            client.calls.append((command, args))
            return method(**args)

        client.call = call  # type: ignore[method-assign]

    def harvest_basket(self, add: Any = (), remove: Any = (), clear: bool = False) -> list[Any]:
        self.basket += add
        self.basket = [b for b in self.basket if b["id"] not in remove]
        return list(self.basket)

    def harvest_byproducts(self, sessions: Any = ()) -> list[Any]:
        return [{**SCRIPT.to_json(), "weight": SCRIPT.weight}]


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_a_byproduct_is_picked_into_the_basket(size: tuple[int, int]) -> None:
    client = FakeClient()
    engine = Engine(client)
    async with opened(2, size, client=client) as deck:
        await deck.press("f5")
        rows = deck.deck.query_one("#harvest-rows", Rows)
        (row,) = [r.content().plain for r in rows.rows]
        assert row.startswith("[ ] file") and "/w/to" in row
        await deck.press("space")
        assert [b["path"] for b in engine.basket] == ["/w/total.py"]
        assert rows.rows[0].content().plain.startswith("[x]")


@pytest.mark.parametrize("width", [24, 30, 37])
async def test_no_key_is_parted_from_its_word(width: int) -> None:
    keys = [("space", "profile's default"), ("slash", "leave it"), ("a", "all of them")]
    async with opened(1) as deck:
        hints = Hints()
        hints.styles.width = width
        await deck.deck.side.mount(hints)
        hints.say(keys)
        await deck.deck.side.toggle("prime")
        await deck.until(lambda: hints.size.height > 1)
        lines = [hints.render_line(y).text for y in range(hints.size.height)]
        for hint in ("space profile's default", "/ leave it", "a all of them"):
            assert any(hint in line for line in lines), lines
