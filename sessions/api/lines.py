"""The lines that a client and the engine send each other, by their keys.

For the type checker, and as this version writes them: the other side may be of another one, and
whoever reads a line takes nothing in it for granted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from sessions.api.notices import EngineNotice
    from sessions.record.summary import SessionSummary


class ErrorSent(TypedDict):
    """An error, as `sessions.errors.told_as` reads it; `kind`: its class."""

    message: str
    hint: str
    exit_code: int
    kind: str


class RequestLine(TypedDict, total=False):
    """A command. `host`: the machine whose engine shall do it, "" = this one."""

    id: int | float | None
    do: str
    args: dict[str, Any]
    host: str


class AnswerLine(TypedDict, total=False):
    """What became of the command of that number."""

    id: int | float | None
    ok: Any
    error: ErrorSent


class TerminalLine(TypedDict, total=False):
    """What a terminal printed, from byte `at` of all on, in base 64; see `TerminalOutput`."""

    terminal: str
    at: int
    data: str
    size: list[int]
    end: bool
    lost: bool


class EngineLine(AnswerLine, TerminalLine, total=False):
    """Whatever the engine tells. `session`: of the `event`; `gone`: a session that was deleted;
    `bye`: why it hangs up."""

    session: str
    event: dict[str, Any]
    summary: SessionSummary
    gone: str
    notice: EngineNotice
    bye: str
