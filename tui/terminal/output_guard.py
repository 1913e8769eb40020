"""The second gate: nothing but text and colours of our own leaves the app.

Textual hands escape sequences in text through to the terminal (measured with 8.2.8: OSC 52,
OSC 8, CSI and C1 arrive intact from nearly every widget, whatever `markup` says), reads
`[@click=…]` in notifications, and prints local variables when it crashes. Text is cleaned
where it comes in (`sessions.safety.sanitise`); this is for what slips past.
"""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from rich.text import Text
from textual.color import Color
from textual.filter import LineFilter

from sessions.errors import AgentdeckError
from sessions.paths import places, private_folder
from sessions.safety.sanitise import clean, clean_line
from sessions.safety.secrets_filter import hide
from skills import private_files
from tui.terminal.lean_styles import LeanStylesheet

_NOTICES = 6
"""On screen at once; an older one goes when a seventh comes."""

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.app import App
    from textual.dom import DOMNode
    from textual.notifications import SeverityLevel
    from textual.theme import Theme

    _App = App[Any]
else:
    _App = object


class OutputGuard(LineFilter):
    """Replaces control characters in everything that is drawn.

    Args:
        before: Textual's own filters, which come first. Textual keeps a copy of every row for
            every filter; so all are applied by this one.
    """

    def __init__(self, before: Sequence[LineFilter] = ()) -> None:
        super().__init__()
        self.before = tuple(before)

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments with a visible mark for each forbidden character."""
        for line_filter in self.before:
            segments = line_filter.apply(segments, background)
        for segment in segments:
            text, style, control = segment
            if control is None and (
                not text.isprintable() or (style is not None and style.link is not None)
            ):
                return [_guarded(each) for each in segments]
        return segments


def _guarded(segment: Segment) -> Segment:
    text, style, control = segment
    if control is not None:
        return segment
    if not text.isprintable():
        text = printable(text)
    if style is not None and style.link is not None and not style.link.isprintable():
        style = style.update_link(None)
    return Segment(text, style)


def printable(text: str) -> str:
    """Text of one row with a visible mark for every character that may not be drawn."""
    return clean(text).replace("\n", "\u240a").replace("\t", "\u2409")


class GuardedApp(_App):
    """What every app of ours is built on: `class DeckApp(GuardedApp, App[None])`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stylesheet = LeanStylesheet(variables=self.stylesheet._variables)
        self._gate = OutputGuard()
        self.faults: list[Exception] = []
        """What has failed and cost itself alone; a test that drives the app looks here."""

    @property
    def current_theme(self) -> Theme:
        """The theme; Textual (8.2.8) copies all of them twice for that, at each row it paints."""
        return self._registered_themes.get(self.theme) or super().current_theme

    def get_line_filters(self) -> Sequence[LineFilter]:
        """One filter: the gate, after Textual's own."""
        own = tuple(super().get_line_filters())
        if own != self._gate.before:
            self._gate = OutputGuard(own)
        return (self._gate,)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a notice. Markup is never read in it, whatever the caller says."""
        super().notify(
            clean(message),
            title=clean_line(title),
            severity=severity,
            timeout=timeout,
            markup=False,
        )
        self.call_later(self._sweep_notices)

    def take_back(self, message: str) -> None:
        """Take a notice away that is not true any more (Textual 8.2.8 has no public way)."""
        for notice in [n for n in self._notifications if n.message == clean(message)]:
            self._unnotify(notice)
        self._sweep_notices()

    def _sweep_notices(self) -> None:
        """Take away the oldest notices, and what stands for those that are gone.

        Every notice is a few widgets in every frame; who has not read six reads no seventh.
        Textual (8.2.8) removes the toast of a notice that was taken back, and leaves the
        container that it was in: one more widget, and one more task, for ever.
        """
        from textual.widgets._toast import ToastHolder, ToastRack

        for old in list(self._notifications)[:-_NOTICES]:
            self._unnotify(old, refresh=False)
        there = {ToastRack._toast_id(notice) for notice in self._notifications}
        for screen in self.screen_stack:
            for holder in screen.query(ToastHolder):
                if holder.id not in there:
                    holder.remove()

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by OSC 52, and into a file for terminals that ignore it; a notice says both."""
        text = clean(text)
        super().copy_to_clipboard(text)
        said = f"Copied {len(text)} characters."
        # Without the file the terminal still has it; a disk that is full is said elsewhere.
        with contextlib.suppress(AgentdeckError, OSError):
            said += f" If your terminal refused: {_keep(text)}"
        self.notify(said, timeout=4)

    # -- crashes

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """As in Textual, but a key that fails costs itself alone, not the deck."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except Exception as error:  # noqa: BLE001 - the boundary of a key, wherever it leads
            self.fault("That did not work", error)
            return True

    def fault(self, what: str, error: Exception) -> None:
        """Something of ours failed which costs itself alone: say so."""
        self.faults.append(error)
        self.notify(fault_notice(what, error), severity="error", timeout=8)

    def _handle_exception(self, error: Exception) -> None:
        """As in Textual, but an error that can draw itself is not trusted to."""
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._fatal_error()

    def _fatal_error(self) -> None:
        """Leave with a sentence; what happened is in the log, without local variables."""
        error = sys.exc_info()[1] or self._exception
        self._exit_renderables.append(Text(crash_notice(error)))
        self._close_messages_no_wait()


def crash_notice(error: BaseException | None) -> str:
    """What is said when the deck ends by a fault of its own; its traceback is logged."""
    return fault_notice(
        "The deck's screen failed", error, "Your sessions go on; open it again with agentdeck."
    )


def fault_notice(what: str, error: BaseException | None, remedy: str = "") -> str:
    """Log an error's traceback (no local variables) and say so in a sentence."""
    name = type(error).__name__ if error is not None else "an error"
    said = f"{what} ({name}). {remedy}".rstrip()
    try:
        private_folder(places().log.parent)
        when = datetime.now(UTC).isoformat(timespec="seconds")
        lines = traceback.format_exception(error) if error is not None else ["no traceback\n"]
        _append(places().log, f"{when} {what}\n{hide(clean(''.join(lines)))}\n")
    except (AgentdeckError, OSError):
        return said
    return f"{said} What happened is in {places().log}"


def _keep(text: str) -> Path:
    path = private_folder(places().state) / "clipboard.txt"
    private_files.write(path, text, synced=False)
    return path


def _append(path: Path, text: str) -> None:
    private_files.add(path, text.encode("utf-8", "surrogateescape"), synced=False)
