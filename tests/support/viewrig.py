"""A transcript view under a pilot, and events to feed it."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Input

import tests.support.idle  # noqa: F401  (how pilots wait)
from sessions.record import events as ev
from sessions.record.transcript import Transcript
from tui.terminal.output_guard import GuardedApp
from tui.view.clock import FrameClock
from tui.view.compositor import LeanScreen
from tui.view.transcript_view import TranscriptView


class Teller:
    """Numbers events as a journal does."""

    def __init__(self) -> None:
        self.seq = 0

    def __call__(self, kind: type[ev.Event], /, **fields: Any) -> ev.Event:
        self.seq += 1
        return kind(seq=self.seq, at="2026-11-23T10:00:00.000Z", **fields)


class ViewApp(GuardedApp, App[None]):
    """One view, an input line, a clock."""

    CSS = "Input { dock: bottom; border: none; height: 1; }"
    AUTO_FOCUS: ClassVar[str] = "TranscriptView"

    def __init__(self, transcript: Transcript | None = None, lean: bool = True) -> None:
        super().__init__()
        self.tell = Teller()
        self.view = TranscriptView(transcript or Transcript())
        self.lean = lean
        self.told: list[object] = []

    def get_default_screen(self) -> Screen[Any]:
        return LeanScreen() if self.lean else Screen()

    def compose(self) -> ComposeResult:
        yield self.view
        yield Input()

    def on_mount(self) -> None:
        self.clock = FrameClock(self)

    def on_transcript_view_block_activated(self, message: object) -> None:
        self.told.append(message)

    def on_transcript_view_block_marked(self, message: object) -> None:
        self.told.append(message)

    def say(self, kind: type[ev.Event], /, **fields: Any) -> None:
        """Fold an event in, as the deck does, without waiting for the clock."""
        block = self.view.transcript.apply(self.tell(kind, turn=1, **fields))
        if block is not None:
            self.view.mark_dirty(block)

    @property
    def rows(self) -> list[str]:
        """What the view shows, row by row."""
        return [strip.text.rstrip() for strip in self.view._strips]

    @property
    def shown(self) -> str:
        """The same as one text."""
        return "\n".join(self.rows)
