"""What a session that is a terminal says of itself, and which status that is.

No screen is read: a status is what the program or its shell said by the sequences made for it
(OSC 133, OSC 9;4, OSC 9 and 777, the bell), by `agentdeck notify`, or its end. Of a program that
says nothing, nothing is known.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Protocol

from sessions.errors import UsageError
from sessions.record import events as ev
from sessions.record.closed_sets import Status, one_of
from sessions.record.summary_parts import PendingAsk, TerminalState
from sessions.safety.sanitise import clean_line

_MOST_NAME = 60
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish"})
"""Whose `-c` has a line of its own words."""
TERMINAL = "terminal"
"""The backend of every session that is a terminal."""
NO_MESSAGES = "A terminal takes keys, not messages."
KILLED = "You ended it."
"""Why a terminal ended whose user ended it."""
WENT = "The engine stopped, and the terminal with it."
"""Why a terminal ended whose engine did."""


class OfTerminal(Protocol):
    """As much of a summary as this writes."""

    status: Status
    error: str
    snippet: str
    auto_title: str
    asks: list[PendingAsk]
    terminal: TerminalState | None


def refuse_if_terminal(summary: OfTerminal, what: str = NO_MESSAGES) -> None:
    """Raises UsageError for a session that is a terminal."""
    if summary.terminal is not None:
        raise UsageError(what, "Type into its tile; to an agent in it, as you would to any.")


def apply(
    summary: OfTerminal,
    event: ev.TerminalStarted | ev.TerminalEnded | ev.TerminalSaid | ev.ShellRan,
) -> None:
    """Take an event in."""
    if isinstance(event, ev.TerminalStarted):
        summary.terminal = _fresh(event)
        summary.error, summary.asks = "", []
        summary.snippet = clean_line(shlex.join(event.argv))[:200]
        summary.auto_title = called(event.argv)
    state = summary.terminal
    if state is None:
        return
    if isinstance(event, ev.TerminalEnded):
        state["running"], state["code"], state["why"] = False, event.code, event.why
        state["at"], state["progress"] = "", None
        state["said"] = {}
        summary.asks = []
        state["new"] = True
        summary.error = ended(state)
    elif isinstance(event, ev.TerminalSaid):
        said = event.state or state["said"].get("state", "")
        state["said"] = {"state": said, "message": event.message}
        summary.snippet = event.message or summary.snippet
    elif isinstance(event, ev.ShellRan):
        state["exit"], state["new"] = event.exit, event.exit is not None
        summary.snippet = event.command[:200] or summary.snippet
    summary.status = status(state)


def called(argv: Sequence[str]) -> str:
    """What a terminal is called whose program gives it no title: as its command, but for a path."""
    name, *rest = argv or [""]
    if len(rest) == 2 and rest[0] == "-c" and name.rpartition("/")[2] in _SHELLS:
        return clean_line(rest[1]).strip()[:_MOST_NAME]  # the line, not who runs it
    words = [name.rpartition("/")[2], *(word for word in rest if word != "-l")]
    return clean_line(shlex.join(words)).strip()[:_MOST_NAME]


def status(state: TerminalState) -> Status:
    """The status that a terminal's state is."""
    if not state["running"]:
        if state["why"] == WENT:
            return "cut-off" if state["new"] else "idle"
        if state["why"] == KILLED:
            return "idle"
        done: Status = "done" if state["code"] == 0 else "failed"
        return done if state["new"] else "idle"
    said: Status = one_of(Status, state["said"].get("state", ""), "unknown")
    if said != "unknown":
        return said
    if state["progress"] is not None or state["at"] == "command":
        return "working"
    if state["new"] and state["exit"] is not None:
        return "done" if state["exit"] == 0 else "failed"
    return "idle" if state["at"] == "prompt" else "unknown"


def seen(summary: OfTerminal) -> None:
    """Its user has looked at it."""
    state = summary.terminal
    if state is None:
        return
    state["bell"] = state["new"] = False
    if state["said"].get("state") in ("done", "failed", "idle", ""):
        state["said"] = {}
    summary.status = "needs-you" if summary.asks else status(state)


def unseen(summary: OfTerminal) -> bool:
    """Whether there is something that looking at it takes back."""
    state = summary.terminal
    return state is not None and (
        state["bell"] or state["new"] or state["said"].get("state") in ("done", "failed")
    )


def ended(state: TerminalState) -> str:
    """A terminal's end in words, "" for a good one."""
    code = state["code"]
    if state["why"]:
        return str(state["why"])
    if code is None or code == 0:
        return ""
    return f"It ended with code {code}." if code > 0 else f"Signal {-code} ended it."


def _fresh(event: ev.TerminalStarted) -> TerminalState:
    return {
        "argv": list(event.argv), "shell": event.shell, "columns": event.columns,
        "rows": event.rows, "keys": event.keys, "record": event.record, "running": True,
        "code": None, "why": "", "title": "", "at": "", "exit": None, "progress": None,
        "bell": False, "said": {}, "new": False,
    }  # fmt: skip
