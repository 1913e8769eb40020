"""Before a skill is used for the first time, or after it changed: what it is, and what is in it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from sessions.api.skills import SkillReviewed
from sessions.errors import AgentdeckError
from skills.shapes import SkillFileSeen
from tui.deck.client import DeckClient
from tui.screens.dialogs import Dialog
from tui.words.text import clean, one_line, size

_MOST = 200
_STANDS = {
    "bundled": "It came with agentdeck.",
    "reviewed": "Reviewed: these are exactly the files that were trusted.",
    "own": "One of your own: it may be used without a review.",
    "new": "Nobody has looked at it yet.",
    "changed": "It has changed since it was trusted:",
    "folder": "It belongs to a project folder that is not trusted.",
}


class ReviewScreen(Dialog[bool]):
    """Gives True when the user trusts the skill as it is now."""

    WIDE = True
    WHOLE = True
    CSS_PATH = ["../../screens/dialogs.tcss", "panel.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+y", "trust", show=False)]

    def __init__(self, client: DeckClient, name: str, session: str, folder: str = "") -> None:
        super().__init__(f"Review {one_line(name)}")
        self.client = client
        self.skill, self.session, self.folder = name, session, folder
        self.report: SkillReviewed | None = None

    def body(self) -> ComposeResult:
        """The report, and what can be answered."""
        with VerticalScroll(id="review-body"):
            yield Static("Reading…", markup=False, id="review-text")
        with Horizontal(id="buttons"):
            yield Button(Content("Trust these files"), id="yes", disabled=True, compact=True)
            yield Button(Content("Leave it"), id="no", compact=True)

    def on_mount(self) -> None:
        """Ask for the report; the focus is on what does no harm."""
        self.query_one("#review-body").focus()
        self.run_worker(self._load(), exit_on_error=False)

    async def _load(self) -> None:
        try:
            self.report = await self.client.call(
                "skills.review", name=self.skill, session=self.session, path=self.folder
            )
        except AgentdeckError as error:
            self.query_one("#review-text", Static).update(Content(str(error)))
            return
        self.query_one("#review-text", Static).update(report_text(self.report))
        if self.report["usable"]:
            self.query_one("#buttons").display = False
            self.hint("↑/↓ scroll · esc")
        else:
            self.query_one("#yes", Button).disabled = False
            self.hint("↑/↓ scroll · ctrl+y trusts exactly these files · esc cancels")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "yes":
            self.action_trust()
        else:
            self.dismiss(False)

    def action_trust(self) -> None:
        """Record the trust, then leave."""
        if self.report is None or self.report["usable"]:
            return
        folder = bool(self.report["folder"])

        async def send() -> None:
            name, session, path = self.skill, self.session, self.folder
            try:
                await self.client.call(
                    "skills.trust", name=name, session=session, path=path, folder=folder
                )
            except AgentdeckError as error:
                self.query_one("#review-text", Static).update(Content(str(error)))
                return
            self.dismiss(True)

        self.run_worker(send(), exit_on_error=False)


def report_text(report: SkillReviewed) -> Content:
    """A review in words: where it stands, then tree, commands, addresses and findings."""
    trust, usable = report["trust"], report["usable"]
    stands = _STANDS.get("own" if trust == "new" and usable else trust, "")
    parts = [(f"{stands}\n", "$text-success" if usable else "$text-warning")]
    for change in report["changes"][:_MOST]:
        parts.append((f"  {change['how']}: {one_line(change['path'])}\n", "$text-warning"))
    parts.append((f"\n{one_line(report['description'])}\n", ""))
    parts.append((f"{one_line(report['path'])}\n", "$text-muted"))
    if report["folder"]:
        words = f"\nTrusting it trusts the project folder {one_line(report['folder'])}.\n"
        parts.append((words, "$text-warning"))
    sections = (
        ("Files", [_file(f) for f in report["files"]]),
        ("Left out", report["left_out"]),
        ("Tools it asks for (a request, not a grant)", report["tools"]),
        ("Commands", report["commands"]),
        ("Addresses", report["urls"]),
    )
    for title, rows in sections:
        if rows:
            parts.append((f"\n{title}\n", "bold"))
            parts += [(f"  {one_line(row)}\n", "") for row in rows[:_MOST]]
            parts += _more(len(rows))
    notes = report["notes"]
    count = f"{len(notes)} finding{'' if len(notes) == 1 else 's'}"
    parts.append((f"\n{count}: worth a look\n" if notes else "\nNo findings.\n", "bold"))
    for note in notes[:_MOST]:
        where = f"{note['path']}:{note['line']}"
        parts.append((f"  {one_line(where)}  ", "$text-accent"))
        parts.append((f"{one_line(note['says'])}\n", ""))
        parts.append((f"    {clean(note['context'])}\n", "$text-muted"))
    parts += _more(len(notes))
    words = "\nA scan is advice: it misses what it does not know. Read what will run.\n"
    parts.append((words, "$text-muted"))
    return Content.assemble(*parts)


def _more(count: int) -> list[tuple[str, str]]:
    """That some are not shown."""
    return [(f"  … and {count - _MOST} more\n", "$text-warning")] if count > _MOST else []


def _file(file: SkillFileSeen) -> str:
    marks: list[str] = [] if file["kind"] in ("skill", "text") else [file["kind"]]
    marks += ["executable"] if file["executable"] else []
    said = f" ({', '.join(marks)})" if marks else ""
    return f"{file['path']}  {size(file['size'])}{said}"
