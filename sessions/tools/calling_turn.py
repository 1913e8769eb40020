"""The turn that calls tools, as far as these ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from sessions.record import events as ev
from sessions.record.closed_sets import Permission


class PermissionNow(Protocol):
    """What is set for the turn, as far as tools go by it."""

    @property
    def permission(self) -> Permission:
        """What the session may do unasked, as it is now."""


class CallingTurn(Protocol):
    """The turn that a call belongs to (`sessions.backends.base.TurnHost` is one, and more)."""

    @property
    def turn(self) -> int:
        """The turn that runs, by its number."""

    @property
    def files(self) -> Path:
        """The session's `files/` folder."""

    @property
    def settings(self) -> PermissionNow:
        """What is set for it."""

    @property
    def interruption(self) -> str:
        """Why the turn is being interrupted, in words for the model."""

    def emit(self, event: ev.Event) -> None:
        """Record an event and tell everybody. Text and thinking are coalesced to ~50 ms."""

    async def emit_synced(self, event: ev.Event) -> None:
        """Record an event and wait until it is on the disk (before a tool starts, say)."""

    async def ask(self, request: ev.PermissionAsked) -> ev.PermissionAnswered:
        """Ask for a permission; returns when it is answered, never by itself with a yes."""
