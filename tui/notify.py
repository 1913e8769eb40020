"""Telling of a session that is out of sight: once per change of status, never more."""

from __future__ import annotations

import asyncio
import shutil
import sys
from typing import TYPE_CHECKING, Literal

from sessions.summary import Summary
from tui.options import Notify
from tui.text import clip, one_line, title_of

if TYPE_CHECKING:
    from textual.app import App

TOLD = {"needs-you": "needs you", "done": "is done", "failed": "failed", "paused": "is paused"}
_WEIGHT: dict[str, Literal["information", "warning", "error"]] = {
    "done": "information",
    "needs-you": "warning",
    "paused": "warning",
    "failed": "error",
}


class Notifier:
    """Remembers each session's last told status, so that one change is told once."""

    def __init__(self, app: App[object], how: Notify) -> None:
        self.app = app
        self.how = how
        self._last: dict[str, str] = {}

    def learn(self, summary: Summary) -> None:
        """Take a status in without telling (at the start, after reconnecting)."""
        self._last[summary.id] = summary.status

    def forget(self, session_id: str) -> None:
        """A session is gone."""
        self._last.pop(session_id, None)

    def see(self, summary: Summary, in_sight: bool) -> bool:
        """Take a summary in; tell if its status is one to be told and nobody saw it change."""
        before = self._last.get(summary.id)
        self._last[summary.id] = summary.status
        if before in (None, summary.status) or summary.status not in TOLD or in_sight:
            return False
        # `done` → `idle` → … : seeing is no news; `needs-you` after another request is.
        text = f"{clip(title_of(summary), 40)} {TOLD[summary.status]}"
        if why := one_line(summary.error if summary.status == "failed" else summary.paused):
            text = f"{text}: {clip(why, 80)}"
        if self.how.deck:
            self.app.notify(text, severity=_WEIGHT[summary.status], markup=False, timeout=6)
        if self.how.bell:
            self.app.bell()
        if self.how.terminal and not self.app.app_focus:
            self._terminal(text)
        if self.how.desktop and not self.app.app_focus:
            self.app.run_worker(_desktop(text), group="notify", exit_on_error=False)
        return True

    def _terminal(self, text: str) -> None:
        """OSC 9 and OSC 777, of which a terminal knows one or neither; both end with BEL."""
        driver = self.app._driver
        if driver is None:
            return
        safe = "".join(c for c in text if c.isprintable()).replace(";", ",")
        driver.write(f"\x1b]9;{safe}\x07\x1b]777;notify;agentdeck;{safe}\x07")
        driver.flush()


def _desktop_command(text: str) -> list[str]:
    """What shows a notification of the desktop here, [] if nothing does."""
    if sys.platform == "darwin":
        script = 'on run argv\ndisplay notification (item 1 of argv) with title "agentdeck"\nend'
        return ["osascript", "-e", script, text]
    found = shutil.which("notify-send")
    return [found, "--app-name=agentdeck", "--", "agentdeck", text] if found else []


async def _desktop(text: str) -> None:
    """The text is an argument of its own, never part of a script or a shell's line."""
    command = _desktop_command(text)
    if not command:
        return
    nowhere = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, stdin=nowhere, stdout=nowhere, stderr=nowhere
    )
    await process.wait()
