"""One session on the deck: its frame, its transcript, its permission request."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.errors import NoWidget
from textual.geometry import Offset
from textual.message import Message

from sessions.api.agents import options_in
from sessions.record.closed_sets import Status
from sessions.record.summary import Summary
from sessions.record.summary_parts import RetryWait
from tui.terminal import glyphs
from tui.view.clock import Flushable
from tui.view.transcript_view import TranscriptView
from tui.widgets.permission import PermissionBox
from tui.words.text import clip, cost, one_line, place_of, title_of, tokens

if TYPE_CHECKING:
    from textual.widget import Widget

    from sessions.api.terminals import TerminalOutput
    from sessions.record.summary_parts import AgentOption
    from sessions.record.transcript import Block
    from tui.deck.client import DeckClient
    from tui.deck.model import Live

NEARLY_FULL = 80
"""Percent of the model's window from which on it is said in a warning's colour."""
STATUS_STYLE: dict[Status, str] = {
    "working": "$text-primary",
    "needs-you": "bold $text-warning",
    "done": "$text-success",
    "idle": "$text-muted",
    "failed": "bold $text-error",
    "paused": "$text-warning",
    "cut-off": "$text-warning",
    "offline": "$text-muted",
    "unknown": "$text-muted",
}


def seconds_left(retry: RetryWait | None, now: datetime) -> int | None:
    """Whole seconds until a retry, 0 when it is due; None without one."""
    if not retry:
        return None
    try:
        at = datetime.fromisoformat(retry["at"].replace("Z", "+00:00"))
    except ValueError:
        return None
    return max(0, math.ceil(retry["wait_s"] - (now - at).total_seconds()))


def head_of(summary: Summary, number: int, width: int) -> Content:
    """The frame's upper line in `width` cells: number, status as shape and word, title.

    The status word is never cut; the title is.
    """
    status = summary.status
    style = STATUS_STYLE.get(status, "")
    shape = glyphs.status(status)
    before = f"{number} " if number else ""
    word = f" {shape} {status} "
    room = width - cell_len(before) - cell_len(word)
    title = clip(title_of(summary), max(4, room))
    return Content.assemble((before, "bold"), (title, "bold"), (word, style))


def _agent_waits(summary: Summary) -> tuple[str, str] | None:
    """What an agent that says nothing yet is doing."""
    if summary.status != "working":
        return None
    if starting := summary.agent.get("starting") or summary.agent.get("servers"):
        return f"starting {one_line(str(starting))}…", "$text-accent"
    if quiet := summary.agent.get("quiet"):
        return f"{one_line(str(quiet))} waits for its server…", "$text-warning"
    return None


def _stopped(summary: Summary) -> tuple[str, str] | None:
    """Why it does not go on."""
    if summary.status == "paused" and summary.paused:
        return one_line(summary.paused), "$text-warning"
    if summary.status == "failed" and summary.error:
        return one_line(summary.error), "$text-error"
    if summary.status == "cut-off":
        return f"{one_line(summary.error)} It can be asked again.", "$text-warning"
    if summary.status == "offline":
        return f"{one_line(summary.host)} can't be reached", "$text-warning"
    return None


def foot_of(summary: Summary, width: int, now: datetime) -> Content:
    """The frame's lower line, as much as fits."""
    return joined(foot_parts(summary, now), width)


def foot_parts(summary: Summary, now: datetime) -> list[tuple[str, str]]:
    """What the frame's lower line says: what it costs and what it waits for.

    In order of importance: the retry, an agent that starts, what stopped it, the queue, cost,
    tokens, how full the model's window is, repository and branch, model.
    """
    parts: list[tuple[str, str]] = []
    left = seconds_left(summary.retry, now)
    if left is not None and summary.retry is not None:
        kind = one_line(summary.retry["kind"])
        wait = f"retry in {left} s" if left else "retrying"
        parts.append((f"{kind}: {wait}" if kind else wait, "$text-warning"))
    if waits := _agent_waits(summary):
        parts.append(waits)
    if stopped := _stopped(summary):
        parts.append(stopped)
    if summary.queue:
        parts.append((f"{len(summary.queue)} queued", "$text-accent"))
    if summary.cost_usd is not None:
        parts.append((f"{cost(summary.cost_usd)}{_of(summary.budget.get('usd'), cost)}", ""))
    if used := sum(summary.tokens.values()):
        of = _of(summary.budget.get("tokens"), lambda own: tokens(int(own)))
        parts.append((f"{tokens(used)}{of} tokens", ""))
    if full := _fullness(summary):
        parts.append((f"context {full} %", "$text-warning" if full >= NEARLY_FULL else ""))
    if summary.branch:
        parts.append((place_of(summary), "$text-accent"))
    if summary.permission not in ("ask", ""):
        parts.append((summary.permission, "$text-warning" if summary.permission == "full" else ""))
    parts += [(name, "") for name in _answers(summary)]
    return parts


def _of(own: float | None, said: Callable[[float], str]) -> str:
    """What a session may take by a budget of its own."""
    return f" of {said(own)}" if own else ""


def _fullness(summary: Summary) -> int:
    """Percent of the model's window that the conversation takes; 0 where it is not known."""
    told = summary.agent.get("context")
    size = told.get("size") if isinstance(told, dict) else 0
    return round(100 * summary.context_tokens / size) if isinstance(size, int) and size > 0 else 0


def answers_of(summary: Summary) -> str:
    """The model; of a server that was told none, the backend's name says more."""
    told = summary.model not in ("", "default")
    return one_line(summary.model if told else summary.backend)


def _answers(summary: Summary) -> list[str]:
    """What answers: the model; of an agent its name, its model and the mode that was chosen."""
    options = options_in(summary.agent)
    if not options:
        return [answers_of(summary)]
    wanted = summary.agent.get("wanted") or {}
    found = [one_line(summary.backend)]
    for category in ("model", "mode"):
        option = next((o for o in options if category in (o["category"], o["id"])), None)
        if option and (category == "model" or option["id"] in wanted):
            found.append(one_line(_chosen(option)))
    return [name for name in found if name]


def _chosen(option: AgentOption) -> str:
    """What an option stands at, as its agent calls that; its bare value where it says no name."""
    current = option["current"]
    return next((c["name"] for c in option["choices"] if c["value"] == current), "") or current


def joined(parts: list[tuple[str, str]], width: int) -> Content:
    """So many of the parts as fit in `width` cells."""
    content = Content("")
    for text, style in parts:
        separator = " · " if content else ""
        room = width - content.cell_length - len(separator)
        if room < 6:
            break
        content = Content.assemble(content, (separator, ""), (clip(text, room), style))
    return content


class Face(Flushable, Protocol):
    """What is seen in a tile's frame, as the deck has to do with it."""

    def focus(self, scroll_visible: bool = True) -> object:
        """Give it the keys."""

    def look_anew(self) -> None:
        """Show all as the user wants it now."""

    def scroll_home(self, *, animate: bool = True) -> None:
        """To the beginning."""

    def scroll_end(self, *, animate: bool = True) -> None:
        """To the end, and stay there."""

    def scroll_page_up(self, *, animate: bool = True) -> None:
        """A page up."""

    def scroll_page_down(self, *, animate: bool = True) -> None:
        """A page down."""


class TileView(TranscriptView):
    """The transcript of a tile. A click selects text; the keys stay where they are typed."""

    def focus_on_click(self) -> bool:
        """No: `tab` brings the keys here, and a click only makes the tile current."""
        return False


class Tile(Vertical):
    """Frame, transcript view, and the permission box while a request waits."""

    @dataclass
    class Chosen(Message):
        """The user pointed at this tile."""

        session: str

    @dataclass
    class Grabbed(Message):
        """The mouse went down on an edge of the frame: left, right, top or bottom."""

        session: str
        edge: str

    def __init__(self, summary: Summary, number: int, live: Live) -> None:
        super().__init__(classes="tile")
        self.summary = summary
        self.number = number
        self.live = live
        self.view = TileView(live.transcript)
        self.kept = False
        """Whether it is on every page."""
        self._said: tuple[Content, Content] | None = None

    @property
    def face(self) -> Face:
        """What is seen in the frame: the transcript, or what stands in its place."""
        return self.view

    @property
    def session(self) -> str:
        """The session's id."""
        return self.summary.id

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        """Say everything once."""
        self.show(self.summary, self.number)

    # -- what changes

    def show(self, summary: Summary, number: int) -> None:
        """Take a changed summary in; the frame is redrawn only if it says something else."""
        self.summary, self.number = summary, number
        self._show_ask()
        self.frame()

    def frame(self) -> None:
        """Say status, cost, queue and countdown in the frame."""
        width = max(8, self.size.width - 4)
        now = datetime.now(UTC)
        said = (
            head_of(self.summary, self.number, width),
            joined([*([("pinned", "$text-accent")] if self.kept else ()), *self.foot(now)], width),
        )
        if said != self._said:
            self._said = said
            self.border_title, self.border_subtitle = said
            status = self.summary.status
            self.set_class(status == "needs-you", "-needs-you")
            self.set_class(status == "failed", "-failed")

    def foot(self, now: datetime) -> list[tuple[str, str]]:
        """What the frame's lower line says, the most telling first."""
        return foot_parts(self.summary, now)

    @property
    def counting(self) -> bool:
        """Whether a countdown is shown."""
        return self.summary.retry is not None

    def attend(self, client: DeckClient) -> None:
        """There is an engine to look on by; a transcript comes by itself."""

    def came(self, output: TerminalOutput) -> bool:
        """A terminal has printed; whether the clock has to draw it."""
        return False

    def changed(self, block: Block) -> None:
        """A block of the transcript is new or changed; drawn at the next frame."""
        self.view.mark_dirty(block)

    def mark_current(self, current: bool) -> None:
        """Whether the composer's messages go here."""
        self.set_class(current, "-current")

    def on_resize(self) -> None:
        """The frame's lines are cut to the new width, the request to the new height."""
        self.frame()
        self._fit_box()

    # -- permission

    @property
    def box(self) -> PermissionBox | None:
        """The request that is shown; one that was answered may stand beside it for a moment."""
        found = [box for box in self.query(PermissionBox) if not box.leaving]
        return found[0] if found else None

    def _show_ask(self) -> None:
        asks = self.summary.asks
        box = self.box
        wanted = str(asks[0].get("ask", "")) if asks else ""
        if box is not None and box.ask_id == wanted:
            return
        if box is not None:
            if box.has_focus_within and not asks:
                self.post_message(self.Answered(self.session))
            box.leaving = True  # it is gone only later, and the next change may come before
            box.remove()
        if asks:
            self.mount(PermissionBox(self.session, asks[0], len(asks) - 1))
            self.call_after_refresh(self._fit_box)

    def _fit_box(self) -> None:
        box = self.box
        if box is not None and box.is_mounted:
            box.fit_in()

    @dataclass
    class Answered(Message):
        """The focused request is gone: the focus has nowhere to be."""

        session: str

    def answerable(self) -> Widget | None:
        """What takes the focus when the user comes to answer."""
        return self.box

    def find(self) -> None:
        """Open the search line of the transcript."""
        self.view.focus()
        self.view.action_search()

    # -- pointing

    def _is_at(self, spot: Offset) -> bool:
        """The tile itself is seen there; a terminal's press, unlike a click, names no widget."""
        try:
            return self.screen.get_widget_at(*spot)[0] is self
        except NoWidget:
            return False

    @on(events.MouseDown)
    def _pointed(self, event: events.MouseDown) -> None:
        self.post_message(self.Chosen(self.session))
        width, height = self.outer_size
        edges = {"left": event.x == 0, "right": event.x == width - 1,
                 "top": event.y == 0, "bottom": event.y == height - 1}  # fmt: skip
        edge = next((e for e, at in edges.items() if at), "")
        if edge and self._is_at(event.screen_offset):
            self.post_message(self.Grabbed(self.session, edge))
