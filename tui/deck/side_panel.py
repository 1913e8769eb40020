"""The side panel of the session in focus: a row of tabs and the panel that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content

from tui.panels import kinds
from tui.panels.base import Panel
from tui.terminal import glyphs
from tui.widgets.clickable_line import ClickableLine, ClickableSpot
from tui.words.text import clip

if TYPE_CHECKING:
    from sessions.api.notices import EngineNotice
    from sessions.record.events import Event
    from sessions.record.summary import Summary
    from tui.deck.topics import Topics

WIDTHS = (46, 62, 78)
"""Columns that the panel can have; in a narrow terminal it has them all."""


class SidePanel(Vertical):
    """Shows one panel at a time; each is made when it is first opened, the tabs with the first."""

    def __init__(self, topics: Topics) -> None:
        super().__init__(id="side", classes="-hidden")
        self.topics = topics
        self.kinds = kinds()
        self.open_name = ""
        self.wide = WIDTHS[0]
        self.session: str | None = None

    def on_mount(self) -> None:
        """What is told from now on is handed to the open panel."""
        self.topics.event.subscribe(self._event)
        self.topics.summary.subscribe(self._summary)
        self.topics.notice.subscribe(self._notice)

    @property
    def shown(self) -> bool:
        """Whether the side panel is open."""
        return not self.has_class("-hidden")

    @property
    def panel(self) -> Panel | None:
        """The panel that is open."""
        if not self.shown:
            return None
        found = [p for p in self.query(Panel) if p.name_ == self.open_name]
        return found[0] if found else None

    async def toggle(self, name: str = "") -> None:
        """Open the panel of that name (default: the last one); close it if it is open.

        One that is open while the keys go elsewhere gets the keys first.
        """
        if name and self.panel is not None and name == self.open_name and not self.has_focus_within:
            self.panel.take_focus()
            return
        if self.shown and name in ("", self.open_name):
            self.add_class("-hidden")
            return
        names = [kind.name for kind in self.kinds]
        wanted = name or self.open_name or (names[0] if names else "")
        if wanted not in names:
            return
        self.open_name = wanted
        self.remove_class("-hidden")
        if not self.query("#side-tabs"):
            await self.mount(ClickableLine(id="side-tabs"))
        if self.panel is None:
            await self.mount(self.kinds[names.index(wanted)].make())
        for panel in self.query(Panel):
            panel.display = panel.name_ == wanted
        if self.panel is not None:
            self.panel.attach(self.session)
            self.panel.take_focus()
        self._say()

    def attach(self, session_id: str | None) -> bool:
        """Another session is in focus; whether that is so."""
        if session_id == self.session:
            return False
        self.session = session_id
        if self.panel is not None:
            self.panel.attach(session_id)
        return True

    def widen(self, width: int = 0) -> int:
        """Take the next of its widths, or this one; what it is then."""
        wider = [each for each in WIDTHS if each > self.wide]
        wanted = width or (wider[0] if wider else WIDTHS[0])
        self.wide = wanted if wanted in WIDTHS else WIDTHS[0]
        for each in WIDTHS:
            # By class: a narrow terminal's style sheet has the last word.
            self.set_class(each == self.wide, f"-wide-{each}")
        return self.wide

    @property
    def title(self) -> str:
        """The open panel's name, "" if none is."""
        return next((k.title for k in self.kinds if self.shown and k.name == self.open_name), "")

    def say(self, name: str) -> None:
        """Say in the frame whose panel this is ("" = no session's), and whether it has the keys."""
        whose = f" of {name}" if name else ""
        self.set_class(self.has_focus_within, "-keys")
        keys = "  has the keys " if self.has_focus_within else ""
        room = max(10, self.size.width - 4 - len(keys))
        named = clip(f"{self.title}{whose}", room)
        self.border_title = Content.assemble((named, "bold"), (keys, "reverse" if keys else ""))

    def _event(self, session_id: str, event: Event) -> None:
        if session_id == self.session and self.panel is not None:
            self.panel.session_event(event)

    def _summary(self, summary: Summary) -> None:
        if summary.id == self.session and self.panel is not None:
            self.panel.session_summary(summary)

    def _notice(self, notice: EngineNotice) -> None:
        if self.panel is not None:
            self.panel.session_notice(notice)

    def _say(self) -> None:
        spots: list[ClickableSpot] = []
        for kind in self.kinds:
            # Key and name together, and a rule between them: whose key it is can be seen.
            style = "reverse" if kind.name == self.open_name else "$text-muted"
            spots.append(ClickableSpot(f" {kind.key} {kind.title} ", style, f"act:{kind.name}"))
            spots.append(ClickableSpot(glyphs.mark("column"), "$text-muted"))
        spots.append(ClickableSpot(" × ", "$text-muted", "act:side"))
        self.query_one("#side-tabs", ClickableLine).say(spots)
