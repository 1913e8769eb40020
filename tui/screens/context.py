"""What fills a session's context: a bar of all that its next request carries, part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from sessions.errors import AgentdeckError
from tui.screens.dialogs import Dialog
from tui.terminal import glyphs
from tui.timing.background_work import if_shown, while_shown
from tui.widgets.hints import Hints
from tui.words.text import clip, plain, tokens

if TYPE_CHECKING:
    from sessions.api.answers import ContextFilled
    from tui.deck.interfaces import ForLooking

_PARTS = {
    "system": ("system prompt", "$foreground 50%"),
    "tools": ("descriptions of tools", "$success"),
    "skills": ("skills", "$warning"),
    "files": ("files: attached and read", "$success-darken-3"),
    "primings": ("primings", "$error"),
    "results": ("other results of tools", "$primary-lighten-3"),
    "conversation": ("conversation", "$primary"),
    "agent": ("the agent's own: prompt, tools", "$foreground 30%"),
}
_FIGURES = 18
_NAME = 32


class ContextScreen(Dialog[None]):
    """Read once when it opens, and again when it is asked to."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "again", show=False)]

    def __init__(self, deck: ForLooking, session: str) -> None:
        super().__init__(f"Context of {clip(deck.model.name_of(session), 40)}")
        self.deck = deck
        self.session = session
        self.shown: ContextFilled | None = None

    def body(self) -> ComposeResult:
        """The bar, the parts, and how much of the window is taken."""
        yield Static("", id="bar", markup=False)
        yield Static("…", id="parts", markup=False)
        yield Static("", id="counts", markup=False)
        yield Static("", id="fault", markup=False)
        yield Hints(id="offers")

    def on_mount(self) -> None:
        """Ask for it."""
        self.query_one("#offers", Hints).say([("r", "refreshes"), ("escape", "closes")])
        self.action_again()

    def action_again(self) -> None:
        """As it is now."""
        self.run_worker(while_shown(self, self._ask), group="ask", exclusive=True)

    async def _ask(self) -> None:
        fault, self.shown = "", None
        try:
            self.shown = await self.deck.client.call("session.context", session=self.session)
        except AgentdeckError as error:
            fault = str(error)
        self.query_one("#fault", Static).update(plain(fault))
        self.show()

    def on_resize(self) -> None:
        """A bar of another length."""
        self.call_after_refresh(if_shown(self, self.show))

    def show(self) -> None:
        """Draw what was told."""
        if (shown := self.shown) is None:
            return
        width = self.query_one("#bar").size.width or 60
        self.query_one("#bar", Static).update(_bar(shown, width))
        self.query_one("#parts", Static).update(_parts(shown, width))
        self.query_one("#counts", Static).update(Content("\n".join(_counts(shown))))


def _bar(shown: ContextFilled, width: int) -> Content:
    """Every part at its length, of the window where that is known; the smallest has a cell."""
    whole = max(shown["window"], shown["tokens"], 1)
    block, room = glyphs.mark("filled"), width
    pieces: list[tuple[str, str]] = []
    for part, taken in shown["parts"].items():
        cells = min(room, max(1, round(width * taken / whole)))
        pieces.append((block * cells, _PARTS.get(part, (part, ""))[1]))
        room -= cells
    return Content.assemble(*pieces, (glyphs.mark("left") * room, "$text-muted"))


def _parts(shown: ContextFilled, width: int) -> Content:
    if not shown["parts"]:
        return Content("Nothing has been said yet.")
    block = f"{glyphs.mark('colour')} "
    whole = max(1, shown["window"] or shown["tokens"])
    room = max(8, min(_NAME, width - _FIGURES))
    lines = []
    for part, taken in shown["parts"].items():
        word, style = _PARTS.get(part, (part, ""))
        figures = f"{tokens(taken):>8} {100 * taken / whole:>5.1f} %"
        name = f"{clip(word, room - 1):<{room}}"
        lines.append(Content.assemble((block, style), (name, ""), (figures, "")))
    return Content("\n").join(lines)


def _counts(shown: ContextFilled) -> list[str]:
    """How much it is in all, by our count and by the server's."""
    taken, window, counted = shown["tokens"], shown["window"], shown["counted"]
    of = ""
    if window:
        share = 100 * taken / window
        of = f" of {tokens(window)}, {f'{share:.0f}' if share >= 1 else 'less than 1'} %"
    lines = [f"About {tokens(taken)} tokens{of}."]
    if counted:
        lines.append(f"The server counted {tokens(counted)} at its last answer.")
    if not window:
        lines.append("How much the model takes is not known.")
    return lines
