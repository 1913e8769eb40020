"""What is asked of terminals and answered, and what comes of them unasked."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from sessions.api.lines import TerminalLine


class TerminalWatched(TypedDict):
    """What a terminal's watcher begins with.

    Its emulator is made `columns` by `rows`, is fed `preamble` (base64), and then what comes from
    byte `start` on; `end` is how much there is by now. `whole`: nothing before it is missing.
    """

    columns: int
    rows: int
    start: int
    end: int
    preamble: str
    whole: bool
    running: bool


class Pasted(TypedDict):
    """Whether a text was typed into a terminal; if not, `why`."""

    typed: bool
    why: str


class TerminalCommand(TypedDict):
    """A command that ran in a terminal, as its shell told by OSC 133. `exit`: None: not told."""

    command: str
    output: str
    exit: int | None
    seconds: float


class CastTerm(TypedDict, total=False):
    """The terminal that was recorded."""

    cols: int
    rows: int
    type: str


class CastHeader(TypedDict, total=False):
    """The first line of a recording; what else is in it is left as it is."""

    version: int
    term: CastTerm


class Recorded(TypedDict):
    """A part of a terminal's recording, as asciicast has it (version 3).

    An event: seconds since the one before, code, data. `next`: where the following part begins.
    `header` only with the first part.
    """

    header: NotRequired[CastHeader]
    events: list[tuple[float, str, str]]
    next: int
    done: bool


@dataclass(frozen=True, slots=True)
class TerminalOutput:
    """What comes of a terminal that is watched: bytes from `at`, drawn at `size` if that is told.

    `end`: the program has ended and nothing follows. `lost`: more came than is kept; watch anew.
    """

    at: int
    data: bytes = b""
    size: tuple[int, int] | None = None
    end: bool = False
    lost: bool = False


def output_of(data: TerminalLine) -> TerminalOutput:
    """A line of the socket as that. Raises whatever a broken one makes it raise."""
    size = data.get("size")
    return TerminalOutput(
        int(data["at"]),
        base64.b64decode(data.get("data", "")),
        (int(size[0]), int(size[1])) if size else None,
        bool(data.get("end")),
        bool(data.get("lost")),
    )
