"""A line of pieces that can be clicked, as at the deck's edges; one row, drawn whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


@dataclass(frozen=True, slots=True)
class ClickableSpot:
    """A piece of a line that can be clicked. `target`: what is told when it is."""

    text: str
    style: str = ""
    target: str = ""


class ClickableLine(Widget):
    """One row made of spots; told to draw only when it says something else."""

    DEFAULT_CSS = "ClickableLine { height: 1; }"

    @dataclass
    class Clicked(Message):
        """A spot was clicked."""

        line: ClickableLine
        target: str

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._spots: tuple[ClickableSpot, ...] = ()

    def say(self, spots: Sequence[ClickableSpot]) -> None:
        """Show these spots, from the left."""
        if (new := tuple(spots)) != self._spots:
            self._spots = new
            self.refresh()

    def render(self) -> Content:
        """The spots one after the other."""
        return Content.assemble(*((spot.text, spot.style) for spot in self._spots))

    def on_click(self, event: events.Click) -> None:
        """Tell which spot was clicked."""
        x = 0
        for spot in self._spots:
            x += cell_len(spot.text)
            if event.x < x:
                if spot.target:
                    self.post_message(self.Clicked(self, spot.target))
                return

    @property
    def words(self) -> str:
        """What it says, for tests and screen readers."""
        return "".join(spot.text for spot in self._spots)
