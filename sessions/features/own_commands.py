"""Commands that the user runs in a session's directory (`!` in the composer), kept in its record.

They are the user's own: with all of the user's rights, in the user's shell, outside the sandbox
and the permissions, which are for what models do. The model is told of them with the next message,
and what they made is looked for as behind a model's commands.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError, UsageError
from sessions.features.feature import Feature
from sessions.plans import placeholders
from sessions.record import events as ev
from sessions.record.event_parts import MessageNote
from sessions.safety import secrets_filter
from sessions.safety.sanitise import clean
from sessions.tools import files_made
from sessions.tools.deferred_file_scan import CLOCK_NS

if TYPE_CHECKING:
    from sessions.features.file_scans import FileScans
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

LIMIT_S = 600.0
_TOLD = "The user ran this in the working directory ({end}):\n\n$ {command}\n\n{output}"


class OwnCommands(Feature):
    """Runs them, and remembers which of them the model has not been told of."""

    def __init__(self, deck: Deck, scans: FileScans) -> None:
        self._deck = deck
        self._untold: dict[str, list[ev.ShellRan]] = defaultdict(list)
        self._running: dict[str, set[asyncio.Task[ev.ShellRan]]] = defaultdict(set)
        self._begun: dict[tuple[str, str, float], int] = {}
        """When those began that are being recorded: by session, command and seconds."""
        self._behind = scans

    def joined(self, session: Session) -> None:
        """A session is in memory: what a message has told of is told by now."""

        def observe(event: ev.Event) -> None:
            if isinstance(event, ev.ShellRan):
                self._untold[session.id].append(event)
                self._look_behind(session, event)
            elif isinstance(event, ev.UserMessage):
                # One that went into a running turn, or was refused its notes, has told nothing.
                told = sum(note.get("kind") == "shell" for note in event.notes)
                del self._untold[session.id][:told]

        session.observers.append(observe)

    async def notes(self, session: Session, message: ev.UserMessage) -> list[MessageNote]:
        """What was run since the last message."""
        return [
            {"kind": "shell", "name": run.command[:80], "text": _words(run)}
            for run in self._untold.get(session.id, ())
        ]

    @property
    def busy(self) -> bool:
        """Whether one of them runs."""
        return any(self._running.values())

    async def run(self, session: Session, command: str) -> ev.ShellRan:
        """Run a command to its end, and record it. Raises AgentdeckError."""
        if not command.strip():
            raise UsageError("There is no command behind the `!`.")
        task = asyncio.get_running_loop().create_task(self._run(session, command.strip()))
        running = self._running[session.id]
        running.add(task)
        task.add_done_callback(running.discard)
        return await asyncio.shield(task)

    async def _run(self, session: Session, command: str) -> ev.ShellRan:
        from sessions.tools import contained_command
        from sessions.tools.command_output import Spool
        from sessions.tools.shell import output_text

        cwd = Path(session.summary.cwd)
        if not cwd.is_dir():
            raise UsageError(f"The directory {cwd} is not there any more.")
        shell = os.environ.get("SHELL") or "/bin/sh"
        behind = self._behind.of(session)
        try:
            spool = Spool(self._deck.places.session(session.id) / "files", "shell.txt", None)
        except OSError as error:
            raise AgentdeckError(f"Its output can't be kept: {error.strerror}.") from error
        began, began_ns = monotonic(), time.time_ns() - CLOCK_NS
        behind.begins()
        code, why = -1, "stopped"
        try:
            ended = await contained_command.to_end(
                [shell, "-c", command], cwd=cwd, env=dict(os.environ), spool=spool, sandbox=None,
                network=True, seconds=LIMIT_S,
            )  # fmt: skip
            code = ended.code if ended.code is not None else -(ended.signal or 1)
            why = f"ended after {LIMIT_S:g} s" if ended.why == "timeout" else ended.message
        except asyncio.CancelledError:
            pass  # the user has enough of it: what it printed until then is kept
        finally:
            output, cut = output_text(spool)
            spool.close(keep=True)
            behind.ended()
        ran = ev.ShellRan(
            command=secrets_filter.hide(command),
            exit=code,
            output=clean(secrets_filter.hide("\n".join(part for part in (output, why) if part))),
            seconds=round(monotonic() - began, 3),
            path=f"files/{spool.name}" if cut else "",
        )
        key = session.id, ran.command, ran.seconds
        self._begun[key] = began_ns
        try:
            await session.recorder.emit_synced(ran)
        finally:
            self._begun.pop(key, None)
        return ran

    def _look_behind(self, session: Session, ran: ev.ShellRan) -> None:
        """Have what a command made told, now that the record has its number."""
        began_ns = self._begun.pop((session.id, ran.command, ran.seconds), None)
        if began_ns is None or files_made.only_looks(ran.command):
            return
        call = ev.ToolCall(turn=session.summary.turns, call=ran.call, name="!", input={})
        self._behind.of(session).made_by(began_ns, call, session.recorder.emit)

    def end(self, session: Session) -> int:
        """End what runs of a session; how many there were."""
        running = list(self._running.get(session.id, ()))
        for task in running:
            task.cancel()
        return len(running)

    async def parted(self, session: Session) -> None:
        """A session is not in memory any more."""
        self.end(session)
        self._untold.pop(session.id, None)
        self._running.pop(session.id, None)

    async def close(self) -> None:
        """The engine ends."""
        tasks = [task for running in self._running.values() for task in running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _words(run: ev.ShellRan) -> str:
    end = "it succeeded" if run.exit == 0 else f"exit code {run.exit}"
    output = placeholders.quoted(run.output) if run.output.strip() else "It printed nothing."
    return _TOLD.format(end=end, command=run.command, output=output)
