"""What `agentdeck run` prints of a turn as it happens, and how it knows that the turn has ended."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field

import click

from sessions.cli.output import say_line
from sessions.engine.memory_limit import memory_limit_told
from sessions.errors import AgentdeckError
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.summary import Summary
from sessions.runtime.full_disk import NOT_RECORDED, not_recorded
from sessions.safety.sanitise import clean


@dataclass(slots=True)
class TurnOutput:
    """Prints a session's events and notes how its turn ends."""

    as_json: bool
    session: str = ""
    after: int = 0
    ended: asyncio.Future[ev.TurnEnded] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    asked: asyncio.Future[ev.PermissionAsked] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    error: str = ""
    turn: int = 0
    _last: ev.TurnEnded | None = None
    _line_open: bool = False

    def take(self, _: str, event: ev.Event) -> None:
        """One event of the session. Output that can't be written ends the watching."""
        if event.seq > self.after and not self.ended.done():
            try:
                self._show(event)
            except OSError as error:
                self.ended.set_exception(error)

    def _show(self, event: ev.Event) -> None:
        if self.as_json:
            say_line(codec.to_json(event))
        else:
            self._print(event)
        if isinstance(event, ev.Error):
            self.error = f"{event.message} {event.hint}".strip()
        elif isinstance(event, ev.PermissionAsked) and not self.asked.done():
            self.asked.set_result(event)
        elif isinstance(event, ev.TurnEnded):
            self._last = event
            self._settle()

    def wait_for(self, turn: int) -> None:
        """Which turn it is about; its end may have come before its number was told."""
        self.turn = turn
        self._settle()

    def _settle(self) -> None:
        if self.turn and self._last is not None and self._last.turn >= self.turn:
            self._close_line()
            if not self.ended.done():
                self.ended.set_result(self._last)

    def _print(self, event: ev.Event) -> None:
        if isinstance(event, ev.Text):
            click.echo(clean(event.text), nl=False)
            self._line_open = not event.text.endswith("\n")
            sys.stdout.flush()
        elif isinstance(event, ev.ToolCall):
            self._close_line()
            given = " ".join(str(v) for v in event.input.values() if isinstance(v, str | int))
            click.echo(clean(f"[{event.name}] {given[:200]}"), err=True)
        elif isinstance(event, ev.ContextRefused):
            self._close_line()
            click.echo(clean(f"Not shown to the model: {event.reason}."), err=True)
        elif isinstance(event, ev.Notice):
            self._close_line()
            click.echo(clean(event.message), err=True)
        elif isinstance(event, ev.BackendState) and event.data.get("quiet"):
            self._close_line()
            click.echo(clean(f"{event.data['quiet']} waits for its server."), err=True)
        elif isinstance(event, ev.Retry):
            click.echo(clean(f"{event.message} Trying again in {event.wait_s:g} s."), err=True)

    def _close_line(self) -> None:
        if self._line_open:
            click.echo()
            self._line_open = False

    def summary(self, summary: Summary) -> None:
        """A session's summary changed; one that can't be recorded ends the watching at once."""
        refused = summary.paused.startswith(NOT_RECORDED)
        if refused and summary.id == self.session and not self.ended.done():
            self._close_line()
            self.ended.set_exception(not_recorded(summary.paused))

    def forget(self) -> None:
        """Nobody waits for the end any more; a fault that nobody asked for is no news."""
        if not self.ended.cancel() and not self.ended.cancelled():
            self.ended.exception()

    def lost(self, reason: str) -> None:
        """The engine went away."""
        if not self.ended.done():
            self.ended.set_exception(
                AgentdeckError(f"The engine has gone: {reason}.", memory_limit_told())
            )
