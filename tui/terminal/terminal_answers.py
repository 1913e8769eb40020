"""What a terminal answers about itself, taken out of what it sends before keys are read in it.

Textual (8.2.8) hands an answer that it does not know over as keys. Only what was asked for is
taken, and only once something was asked; everything else goes on to the parser as it came.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from time import monotonic

HELD_S = 0.05
"""So long the beginning of an answer is waited with: an escape key looks the same."""
_EXPECTED_S = 2.0
"""After a question the rest of an answer may still be on its way."""
_ANSWER = re.compile(
    r"\x1b\[\?(?P<attributes>[0-9;]*)c"
    r"|\x1b\[\?1;(?P<colours>[0-9;]*)S"
    r"|\x1b\[6;(?P<cell>[0-9]+;[0-9]+)t"
    r"|\x1bP>\|(?P<name>[^\x1b\x07]{0,100})(?:\x1b\\|\x07)"
)
_BEGUN = re.compile(r"\x1b(?:\[(?:\?[0-9;]*|6[0-9;]*)?|P(?:>(?:\|[^\x1b\x07]{0,100}\x1b?)?)?)?\Z")


class TerminalAnswers:
    """The terminal's answers; one reader of them (`told`), called in the thread that reads."""

    def __init__(self) -> None:
        self.told: Callable[[str, str], None] | None = None
        self._asked = 0.0
        self._held = ""
        self._held_at = 0.0

    def expect(self, told: Callable[[str, str], None]) -> None:
        """Something was asked; `told(what, answer)` gets the answers, for good."""
        self.told = told
        self._asked = monotonic()

    def text(self, data: str) -> str:
        """What is left for the parser."""
        if self.told is None:
            return data
        data, self._held = self._held + data, ""
        if "\x1b" not in data:
            return data
        data = _ANSWER.sub(self._take, data)
        expected = monotonic() - self._asked < _EXPECTED_S
        if expected and (begun := _BEGUN.search(data)):
            self._held, self._held_at = begun[0], monotonic()
            data = data[: begun.start()]
        return data

    def _take(self, found: re.Match[str]) -> str:
        what = found.lastgroup or ""
        if self.told is not None:
            self.told(what, found[what])
        return ""

    def late(self) -> str:
        """What was held and is no answer after all."""
        if not self._held or monotonic() - self._held_at < HELD_S:
            return ""
        data, self._held = self._held, ""
        return data


answers = TerminalAnswers()
"""Those of this process's terminal."""
