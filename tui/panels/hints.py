"""The keys of a panel in a few words, each of which can be clicked instead."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.style import Style
from textual.widgets import Static


class Hints(Static):
    """Keys and what they do; a click presses the key in the panel's rows."""

    DEFAULT_CSS = "Hints { height: auto; color: $text-muted; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", markup=False, id=id)

    def say(self, keys: Sequence[tuple[str, str]]) -> None:
        """Show these: (key as Textual names it, what it does)."""
        parts: list[Content] = []
        for key, word in keys:
            click = Style.from_meta({"@click": f"press({key!r})"})
            shown = {"slash": "/", "escape": "esc"}.get(key, key)
            parts += [
                Content.styled(shown, "bold $text-accent").stylize(click),
                Content.styled(f" {word}".replace(" ", "\u00a0")).stylize(click),
                Content("  "),
            ]
        self.update(Content("").join(parts))

    def action_press(self, key: str) -> None:
        """As if the key had been pressed in the panel."""
        rows = next(iter(self.parent.query("Rows")), None) if self.parent else None
        if rows is not None:
            rows.focus()
            self.app.simulate_key(key)
