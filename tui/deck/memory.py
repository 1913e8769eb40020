"""What the deck remembers from one start to the next: drafts, history, order, theme.

One small JSON file under the state folder, written whole and renamed into place. It is the
deck's own convenience: without it nothing of a session is missing.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, cast, get_type_hints

import msgspec

from sessions.errors import AgentdeckError
from sessions.paths import own_bytes, private_folder
from skills import private_files
from tui.deck.arrangement import Arrangement

log = logging.getLogger("agentdeck.deck")

HISTORY = 200
"""Messages that are kept to be sent again."""
HISTORY_CHARS = 20_000
"""A longer message is not kept in the history; the session's record has it."""
_MOST_BYTES = 1 << 28
"""Of the file: more than all that a deck writes to it, so that no draft is given up."""


@dataclass(slots=True)
class Draft:
    """What stands in the composer, unsent. `pastes`: what its placeholders stand for."""

    text: str = ""
    pastes: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    """What is attached, by its path."""

    def __bool__(self) -> bool:
        return bool(self.text or self.files)

    def before(self, later: Draft) -> Draft:
        """Both, this one first."""
        text = f"{self.text}\n{later.text}" if self.text and later.text else self.text or later.text
        files = tuple(dict.fromkeys((*self.files, *later.files)))
        return Draft(text, {**later.pastes, **self.pastes}, files)


class DraftKept(TypedDict, total=False):
    """A draft in the file."""

    text: str
    pastes: dict[str, str]
    files: list[str]


class Remembered(TypedDict, total=False):
    """The file: what is not there is as in a deck that remembers nothing."""

    theme: str
    drafts: dict[str, Any]
    """Each a `DraftKept`."""
    history: list[str]
    order: list[str]
    current: str
    side: str
    side_width: int
    toured: bool
    arrangement: Any
    """See `Arrangement.of`, which leaves out what is none."""


@dataclass(slots=True)
class Memory:
    """The remembered things; `path` None = nothing is written."""

    path: Path | None = None
    theme: str = ""
    drafts: dict[str, Draft] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    current: str = ""
    side: str = ""
    side_width: int = 0
    toured: bool = True
    """The tour was gone through, or skipped; a deck that remembers nothing offers none."""
    arrangement: Arrangement = field(default_factory=Arrangement)
    _taken: int = field(default=0, repr=False, compare=False)
    _written: int = field(default=0, repr=False, compare=False)
    _writing: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def load(cls, path: Path | None) -> Memory:
        """Read it; a missing or broken file is an empty memory, a wrong field is left out."""
        memory = cls(path)
        if path is None:
            return memory
        try:
            # json: a lone surrogate that was typed is written as an escape, which msgspec refuses.
            told = json.loads(own_bytes(path, _MOST_BYTES))
            data = cast("Remembered", _right(told, Remembered, "the deck's memory"))
            memory.theme = data.get("theme", "")
            memory.history = data.get("history", [])
            memory.order = data.get("order", [])
            memory.current = data.get("current", "")
            memory.side = data.get("side", "")
            memory.side_width = data.get("side_width", 0)
            memory.toured = data.get("toured", True)
            memory.arrangement = Arrangement.of(data.get("arrangement"))
            for key, kept in data.get("drafts", {}).items():
                draft = cast("DraftKept", _right(kept, DraftKept, "a draft"))
                pastes, files = draft.get("pastes", {}), tuple(draft.get("files", []))
                memory.drafts[key] = Draft(draft.get("text", ""), pastes, files)
        except FileNotFoundError:
            memory.toured = False
        except (OSError, ValueError, RecursionError) as error:
            log.warning("the deck's memory can't be read: %s", error)
        return memory

    def save(self) -> None:
        """Write it; a full disk costs the convenience, not the session."""
        self.taken()()

    def taken(self) -> Callable[[], None]:
        """What is remembered now, to be written by a call in any thread; the newest stays."""
        data = {
            "theme": self.theme,
            "drafts": {k: asdict(d) for k, d in self.drafts.items() if d},
            "history": self.history[-HISTORY:],
            "order": self.order,
            "current": self.current,
            "side": self.side,
            "side_width": self.side_width,
            "toured": self.toured,
            "arrangement": self.arrangement.to_json(),
        }
        self._taken += 1
        return partial(self._put, self._taken, data)

    def _put(self, number: int, data: dict[str, object]) -> None:
        if self.path is None:
            return
        with self._writing:
            if number < self._written:
                return
            try:
                private_folder(self.path.parent)
                private_files.write(self.path, json.dumps(data))
                self._written = number
            except (OSError, AgentdeckError) as error:
                log.warning("the deck's memory can't be written: %s", error)

    def sent(self, text: str) -> None:
        """A message was sent: the newest of the history, each text once."""
        if text.strip() and len(text) <= HISTORY_CHARS:
            self.history = [*(t for t in self.history if t != text), text][-HISTORY:]


def _right(told: object, shape: type, what: str) -> dict[str, Any]:
    """The fields that are as `shape` has them: with one that is wrong the others are not lost."""
    found: dict[str, Any] = {}
    if not isinstance(told, dict):
        log.warning("%s is no table: it is left out", what)
        return found
    for name, kind in get_type_hints(shape).items():
        try:
            if name in told:
                found[name] = msgspec.convert(told[name], kind)
        except msgspec.ValidationError as error:
            log.warning("%s of %s is left out: %s", name, what, error)
    return found
