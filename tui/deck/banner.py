"""The line that says what is wrong with the whole deck: no engine, or no room."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui.words.text import one_line

MIN_WIDTH = 60
PHONE_WIDTH = 40
MIN_HEIGHT = 14


def too_narrow(width: int, height: int, *, browser: bool) -> str:
    """What to say of a terminal that is smaller than is comfortable, or "".

    In a browser that is a phone, which can't be made wider: the line has a better use.
    """
    if browser and width >= PHONE_WIDTH:
        return ""
    if width and width < MIN_WIDTH:
        return f"{width} columns: usable, but {MIN_WIDTH} show more."
    if height and height < MIN_HEIGHT:
        return f"{height} rows: usable, but {MIN_HEIGHT} show more."
    return ""


class Banner(Static):
    """Hidden unless there is something to say."""

    def __init__(self) -> None:
        super().__init__("", id="banner", classes="-hidden", markup=False)
        self._trouble = ""
        self._narrow = ""

    @property
    def words(self) -> str:
        """What it says."""
        return self._trouble or self._narrow

    def tell(self, message: str, hint: str, key: str) -> None:
        """The engine can't be reached: what, what to do, and the key that tries again."""
        self._trouble = one_line(f"{message} {hint} {key} reconnects.")
        self._show()

    def hide(self) -> None:
        """The engine is there."""
        self._trouble = ""
        self._show()

    def narrow(self, sentence: str) -> None:
        """Say that the terminal is small, as long as nothing worse is to be said."""
        if sentence != self._narrow:
            self._narrow = sentence
            self._show()

    def _show(self) -> None:
        self.update(Content(self.words))
        self.set_class(not self.words, "-hidden")
        self.set_class(bool(self._trouble), "-trouble")
