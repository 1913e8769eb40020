"""Terminals of an engine that is none: what is typed is kept, the test says what is printed."""

from __future__ import annotations

import base64
from typing import Any

from sessions.api.terminals import Pasted, Recorded, TerminalOutput, TerminalWatched
from sessions.record import events as ev
from sessions.record.summary import SessionSummary
from sessions.record.terminal_state import TERMINAL
from tests.support.fake_client import FakeClient


class TerminalClient(FakeClient):
    """A fake engine with terminals."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, bytes] = {}
        self.watching: set[str] = set()
        self.typed = b""
        self.replied = b""
        self.sizes: list[tuple[int, int]] = []
        self.recorded: list[tuple[float, str, str]] = []
        self.brackets = True
        """Whether a paste of several lines can be typed without running."""

    def terminal(self, *argv: str) -> str:
        """A terminal on which a program runs; its id."""
        session = self.add(backend=TERMINAL, model="")
        self.emit(session, ev.TerminalStarted(argv=list(argv or ("bash",)), shell=not argv))
        self.kept[session] = b""
        return session

    def prints(self, session: str, data: bytes, **more: Any) -> None:
        """A program prints; who watches is told."""
        at = len(self.kept[session])
        self.kept[session] += data
        if session in self.watching:
            self.on_terminal(session, TerminalOutput(at, data, **more))

    async def _terminal_new(self, argv: list[str], **_: Any) -> SessionSummary:
        session = self.terminal(*argv)
        self.on_summary(self.sessions[session].summary)
        return self.sessions[session].summary.to_json()

    async def _terminal_watch(
        self, session: str, columns: int = 0, rows: int = 0, history: int = 1
    ) -> TerminalWatched:
        self.watching.add(session)
        data = self.kept[session] if history else b""
        end = len(self.kept[session])
        told: TerminalWatched = {
            "columns": columns or 80, "rows": rows or 24, "start": end - len(data), "end": end,
            "preamble": "", "whole": bool(history), "running": True,
        }  # fmt: skip
        if data:
            self.on_terminal(session, TerminalOutput(end - len(data), data))
        return told

    async def _terminal_unwatch(self, session: str) -> None:
        self.watching.discard(session)

    async def _terminal_input(self, session: str, data: str, reply: bool = False) -> None:
        if reply:
            self.replied += base64.b64decode(data)
        else:
            self.typed += base64.b64decode(data)

    async def _terminal_size(self, session: str, columns: int, rows: int) -> None:
        self.sizes.append((columns, rows))

    async def _terminal_clipboard(self, session: str, ask: str) -> str:
        return "from the program"

    async def _terminal_recorded(self, session: str, offset: int = 0) -> Recorded:
        header = {"version": 3, "term": {"cols": 80, "rows": 24}}
        return {"header": header, "events": self.recorded, "next": 1, "done": True}

    async def _terminal_paste(self, session: str, text: str, run: bool = False) -> Pasted:
        if "\n" in text and not (run or self.brackets):
            return {"typed": False, "why": "The program takes no pastes."}
        self.typed += text.encode()
        return {"typed": True, "why": ""}
