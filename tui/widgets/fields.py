"""Fields in which every key is done in the order in which it was pressed.

Textual (8.2.8) does a field's own bindings (backspace, left, …) only when the key has bubbled up
to the app. Characters that came right behind it, as over a slow line, stand in the text by then:
`a b backspace c` leaves `ab`. Here such keys are done by the field itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.content import Content
from textual.widgets import Checkbox, Input, TextArea
from textual.widgets.text_area import Selection

if TYPE_CHECKING:
    from textual.widget import Widget as _Base
else:
    # Not a widget when it runs: styles and component classes are inherited from the first base
    # that is one, and that must be the field.
    _Base = object

_ELSEWHERE = frozenset({"enter", "ctrl+d"})
"""Keys that dialogs round a field have a use for."""


class InOrder(_Base):
    """Comes before the field's class among the bases."""

    async def _on_key(self, event: events.Key) -> None:
        own = self._bindings.key_to_bindings.get(event.key)
        if own and event.key not in _ELSEWHERE:
            event.stop()
            event.prevent_default()  # else the field's own handler comes next
            await self.run_action(own[0].action)


class Field(InOrder, Input):
    """A field of one line."""


class Tick(Checkbox):
    """A box that is ticked or empty: told by its shape, as in every list, not by a colour."""

    DEFAULT_CSS = """
    Tick > .toggle--button, Tick.-on > .toggle--button {
        color: $foreground;
        background: transparent;
        text-style: bold;
    }
    """

    @property
    def _button(self) -> Content:
        return Content("[x]" if self.value else "[ ]").stylize(
            self.get_visual_style("toggle--button")
        )


class Area(InOrder, TextArea):
    """A field of several lines."""

    def undo(self) -> None:
        """Undo typing.

        Textual (8.2.8) looks where the cursor is when lines and with them the scrollbar have gone,
        and fails if that was in one of them. Where it is after the undo, the edit itself knows.
        """
        if self.history.undo_stack:
            self.selection = Selection.cursor((0, 0))
            super().undo()

    def redo(self) -> None:
        """The same for what was undone."""
        if self.history.redo_stack:
            self.selection = Selection.cursor((0, 0))
            super().redo()

    def put(self, text: str, start: tuple[int, int]) -> None:
        """Put text in place of what stands between there and the cursor."""
        self._replace_via_keyboard(text, start, self.cursor_location)
