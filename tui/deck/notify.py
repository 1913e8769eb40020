"""Telling of sessions that are out of sight: once per change of status, in one line for all.

The first change is told at once; those that come within the next second are told together at its
end. On the deck there is one notice at most: a new one takes the place of the one that stands.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Literal

from sessions.record.closed_sets import Status
from sessions.record.summary import Summary
from tui.options import Notify
from tui.timing.timers import later
from tui.words.text import clip, one_line, title_of

if TYPE_CHECKING:
    from textual.app import App

GATHER_S = 1.0
"""What happens within this time of a notice is told together."""
STANDS_S = 6.0

TOLD: dict[Status, str] = {
    "needs-you": "needs you", "failed": "failed", "paused": "is paused",
    "cut-off": "was cut off", "done": "is done",
}  # fmt: skip
"""What is told of, the most urgent first."""
_MANY: dict[Status, str] = {
    "needs-you": "need you", "failed": "failed", "paused": "are paused",
    "cut-off": "were cut off", "done": "are done",
}  # fmt: skip
_WEIGHT: dict[Status, Literal["information", "warning", "error"]] = {
    "done": "information",
    "needs-you": "warning",
    "paused": "warning",
    "cut-off": "warning",
    "failed": "error",
}


@dataclass(frozen=True, slots=True)
class News:
    """A change of status that is to be told."""

    status: Status
    title: str
    why: str = ""
    at: float = 0.0


def news_of(summary: Summary, at: float = 0.0) -> News:
    """What is told of a session."""
    status = summary.status
    why = {"failed": summary.error, "paused": summary.paused}.get(status, "")
    return News(status, clip(title_of(summary), 40), clip(one_line(why), 80), at)


def in_one_line(news: Iterable[News]) -> str:
    """`task 2 needs you`; of several, how many and which: `3 sessions need you: a, b, c`."""
    all_news = list(news)
    if len(all_news) == 1:
        only = all_news[0]
        return f"{only.title} {TOLD[only.status]}" + (f": {only.why}" if only.why else "")
    counts = Counter(each.status for each in all_news)
    parts = []
    for status in TOLD:
        if count := counts[status]:
            noun = "session" if count == 1 else "sessions"
            verb = TOLD[status] if count == 1 else _MANY[status]
            names = [each.title for each in all_news if each.status == status]
            parts.append(f"{count} {noun} {verb}: {clip(', '.join(names), 60)}")
    return " · ".join(parts)


class Notifier:
    """Remembers each session's last told status, so that one change is told once."""

    def __init__(
        self, app: App[object], how: Notify, clock: Callable[[], float] = monotonic
    ) -> None:
        self.app = app
        self.how = how
        self._clock = clock
        self._last: dict[str, str] = {}
        self._heard: dict[str, str] = {}
        """What sessions on other machines were before these went offline."""
        self._news: dict[str, News] = {}
        """What is to be told, by session."""
        self._standing: dict[str, News] = {}
        """What the deck's notice says."""
        self._said = ""
        self._gathering = False

    def learn(self, summary: Summary) -> None:
        """Take a status in without telling (at the start, after reconnecting)."""
        self._last[summary.id] = summary.status

    def forget(self, session_id: str) -> None:
        """A session is gone."""
        for kept in (self._last, self._heard, self._news, self._standing):
            kept.pop(session_id, None)

    def see(self, summary: Summary, in_sight: bool) -> bool:
        """Take a summary in; True if its change of status is to be told: nobody saw it."""
        before = self._last.get(summary.id)
        self._last[summary.id] = summary.status
        if before == summary.status:
            return False
        if summary.status == "offline" and before is not None:
            self._heard[summary.id] = before
        if before == "offline":  # back: told is what happened meanwhile, if what was is known
            before = self._heard.pop(summary.id, None)
            if before == summary.status:
                return False
        # What has changed again is no news any more.
        self._news.pop(summary.id, None)
        self._standing.pop(summary.id, None)
        if before is None or summary.status not in TOLD or in_sight:
            return False
        if summary.run and summary.status != "needs-you":
            return False  # the run tells of itself, once
        self._news[summary.id] = news_of(summary, self._clock())
        if not self._gathering:
            self._gathering = True
            self.app.call_later(self._tell)
        return True

    def _tell(self) -> None:
        """Tell what has gathered, and gather anew."""
        news, self._news = self._news, {}
        if not news:
            self._gathering = False
            return
        later(self.app, GATHER_S, self._tell)
        if self.how.deck:
            self._on_deck(news)
        self.outward(in_one_line(news.values()))

    def outward(self, text: str) -> None:
        """Tell it beside the deck: by bell, by the terminal, by the desktop, as was chosen."""
        if self.how.bell:
            self.app.bell()
        if self.how.terminal and not self.app.app_focus:
            self._terminal(text)
        if self.how.desktop and not self.app.app_focus:
            self.app.run_worker(_desktop(text), group="notify", exit_on_error=False)

    def _on_deck(self, news: dict[str, News]) -> None:
        """One notice for this and for what the one before still says."""
        now = self._clock()
        fresh = {i: n for i, n in self._standing.items() if now - n.at < STANDS_S}
        self._standing = fresh | news
        worst = min((n.status for n in self._standing.values()), key=list(TOLD).index)
        severity = _WEIGHT["failed" if self._has("failed") else worst]
        # Textual can take all notices away or none; this one alone only by its own means.
        for old in [n for n in self.app._notifications if n.message == self._said]:
            self.app._unnotify(old, refresh=False)
        self._said = in_one_line(self._standing.values())
        self.app.notify(self._said, severity=severity, timeout=STANDS_S, markup=False)

    def _has(self, status: Status) -> bool:
        return any(each.status == status for each in self._standing.values())

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
