"""The keys of a panel in a few words, each of which can be clicked instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from tui.words.key_names import show_key


class Hints(Static):
    """Keys and what they do; a click presses the key in the panel's rows."""

    # Most keys are here: underlined, they would shout.
    DEFAULT_CSS = """
    Hints {
        height: auto;
        color: $text-muted;
        link-style: none;
        link-color: $text-muted;
    }
    """

    @dataclass
    class Chosen(Message):
        """A key was clicked where no rows of a panel take it."""

        key: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", markup=False, id=id)
        self._keys: Sequence[tuple[str, str]] = ()
        self._width = 0

    def say(self, keys: Sequence[tuple[str, str]]) -> None:
        """Show these: (key as Textual names it, what it does)."""
        self._keys = keys
        self._lay()

    def on_resize(self) -> None:
        """No key is parted from its word: where lines end depends on the width."""
        if self.size.width != self._width:
            self._lay()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The lines that it needs at `width`: asked for before it has been given that width."""
        return len(self._lines(width))

    def render(self) -> Content:
        """For the width that there is: while a panel is hidden it has none, and keys are said."""
        return Content("\n").join(self._lines(self.size.width))

    def _lay(self) -> None:
        self._width = self.size.width
        self.update(Content("\n").join(self._lines(self._width)))

    def _lines(self, width: int) -> list[Content]:
        lines: list[Content] = []
        for key, word in self._keys:
            click = Style.from_meta({"@click": f"press({key!r})"})
            shown = show_key(key)
            hint = Content.styled(shown, "bold $text-accent") + Content(f" {word}")
            hint = hint.stylize(click)
            if lines and lines[-1].cell_length + 2 + hint.cell_length <= width:
                lines[-1] = lines[-1] + Content("  ") + hint
            else:
                lines += hint.wrap(width) if 0 < width < hint.cell_length else [hint]
        return lines

    def action_press(self, key: str) -> None:
        """As if the key had been pressed in the panel; a dialog does it itself."""
        if self.id == "offers":
            self.post_message(self.Chosen(key))
            return
        rows = next(iter(self.parent.query("Rows")), None) if self.parent else None
        if rows is not None:
            rows.focus()
            self.app.simulate_key(key)
