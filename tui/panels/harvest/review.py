"""A draft, reviewed: its files, the text, checks and findings; edited, reworded, installed."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path, PurePath
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from sessions.api.harvest import DraftChecked, DraftShown
from sessions.errors import AgentdeckError
from tui.deck.client import Ask, DeckClient
from tui.options import reads_only
from tui.panels.harvest import merging, paired
from tui.panels.harvest.editing import MAX_EDITED, Edited
from tui.panels.harvest.picture import PictureScreen
from tui.panels.harvest.report import report_lines, round_content, skill_content
from tui.panels.prime.words import Words
from tui.pictures.decode import SUFFIXES
from tui.screens.dialogs import Confirm, Dialog, Prompt
from tui.start_directory import here
from tui.terminal.editor import edit_file
from tui.widgets.hints import Hints
from tui.widgets.rows import Row, Rows
from tui.words.text import clean, one_line, size

_HINT = "i installs it · t edit · m tell the model · esc"
_KEYS = (
    ("i", "install"), ("t", "edit here"), ("e", "edit in $EDITOR"), ("m", "tell the model"),
    ("u", "into a near one"), ("y", "decide"),
    ("c", "check: free"), ("p", "replay: runs the scripts"), ("k", "trigger: 1 question"),
    ("b", "pair: 2 runs"), ("x", "export"), ("delete", "reject"),
)  # fmt: skip
_ROUND = "round:"


class DraftReview(Dialog[str]):
    """Gives a sentence of what was done with the draft."""

    WIDE = True
    WHOLE = True
    CSS_PATH = ["../../screens/dialogs.tcss", "panel.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "install", show=False),
        Binding("t", "here", show=False),
        Binding("e", "edit", show=False),
        Binding("m", "model", show=False),
        Binding("u", "update", show=False),
        Binding("y", "decide", show=False),
        Binding("c", "check", show=False),
        Binding("p", "replay", show=False),
        Binding("k", "trigger", show=False),
        Binding("b", "pair", show=False),
        Binding("x", "export", show=False),
        Binding("delete", "reject", show=False),
    ]

    def __init__(self, client: DeckClient, draft: DraftShown, session: str) -> None:
        super().__init__(f"Draft {one_line(draft['name'])}")
        self.client = client
        self.draft = draft
        self.session = session
        self.path = "SKILL.md"
        self.checked: DraftChecked = {"checks": [], "neighbours": []}
        self.busy = ""

    @property
    def name_of_draft(self) -> str:
        """The draft's name, by which the engine knows it."""
        return str(self.draft["name"])

    def body(self) -> ComposeResult:
        """Files and rounds on the left, the chosen one on the right, checks below."""
        with Horizontal(id="review-body"):
            yield Rows("…", id="review-files")
            with VerticalScroll(id="review-text"):
                yield Static("", markup=False, id="review-content")
        with VerticalScroll(id="review-checks"):
            yield Static("", markup=False, id="review-said")
        yield Hints(id="review-keys")

    def on_mount(self) -> None:
        """Show the draft and run the checks that cost nothing."""
        self.hint(_HINT)
        self.query_one(Hints).say(_KEYS)
        self.query_one(Rows).focus()
        self._show()
        self.run(self.check())

    def on_rows_picked(self, message: Rows.Picked) -> None:
        """Another file; a picture is shown."""
        self._turn_to(message.key)
        if PurePath(message.key).suffix.lower() in SUFFIXES:
            self.app.push_screen(PictureScreen(Path(self.draft["path"]) / message.key))

    def on_rows_moved(self, message: Rows.Moved) -> None:
        """The file under the cursor is shown at once."""
        self._turn_to(message.key)

    def _turn_to(self, key: str) -> None:
        if key != self.path:
            self.path = key
            self.query_one("#review-content", Static).update(self._content())
            self.query_one("#review-text").scroll_home(animate=False)

    # -- showing

    def _show(self) -> None:
        changed = set(self.draft["changed_files"])
        rows = []
        for name, length in sorted(self.draft["files"].items()):
            told = "  changed" if name in changed else ""
            cells = ((one_line(name), ""), (f"  {size(length)}", "$text-muted"))
            rows.append(Row(name, (*cells, (told, "$text-warning"))))
        for number, each in enumerate(self.draft["rounds"], 1):
            what = one_line(str(each.get("wish") or each.get("into") or ""))
            cells = ((f"round {number} ", "$text-accent"), (f"by {each['by']} {what}", ""))
            rows.append(Row(f"{_ROUND}{number}", cells))
        listing = self.query_one(Rows)
        first = not listing.rows
        listing.show(rows)
        if first:
            listing.cursor = next((n for n, r in enumerate(rows) if r.key == self.path), 0)
        if self.path not in [row.key for row in rows]:
            self.path = "SKILL.md"
        self.query_one("#review-content", Static).update(self._content())
        self.query_one("#dialog").border_title = clean(f"Draft {one_line(self.name_of_draft)}")

    def _content(self) -> Content:
        if self.path.startswith(_ROUND):
            return round_content(self.draft["rounds"][int(self.path.removeprefix(_ROUND)) - 1])
        if PurePath(self.path).suffix.lower() in SUFFIXES and not self.path.endswith(".svg"):
            return Content("A picture: enter shows it.")
        if self.path != "SKILL.md":
            return Content(clean(self._read(self.path)))
        return skill_content(self.draft)

    def _read(self, name: str) -> str:
        try:
            data = (Path(self.draft["path"]) / name).read_bytes()
        except OSError as error:
            return f"It can't be read: {error.strerror}"
        return "It is no text." if b"\0" in data else data.decode("utf-8", "replace")[:200_000]

    def say(self, text: str) -> None:
        """A sentence below the text."""
        self.query_one("#review-said", Static).update(Content(clean(text)))

    def report(self) -> None:
        """The checks, what is near, and what to look at."""
        self.say("\n".join(report_lines(self.draft, self.checked)))

    def run(self, work: Coroutine[Any, Any, None], busy: str = "") -> None:
        """Do something, one at a time; a refusal is said, and the draft stays."""
        if self.busy:
            work.close()
            self.say(f"Wait: {self.busy}")
            return

        async def guarded() -> None:
            try:
                await work
            except AgentdeckError as error:
                self.say(str(error))
            finally:
                self.busy = ""

        self.busy = busy or "checking…"
        if busy:
            self.say(busy)
        self.run_worker(guarded(), exit_on_error=False)

    # -- checking

    async def check(self, replay: bool = False, session: str = "") -> None:
        """Check the draft; with `replay` or a session whose model is asked, what costs, too."""
        self.checked = await self.client.call(
            "harvest.check", name=self.name_of_draft, replay=replay, session=session
        )
        self.report()

    def action_check(self) -> None:
        """The checks that cost nothing."""
        self.run(self.check())

    def action_replay(self) -> None:
        """Run the scripts again, in the sandbox."""
        self.run(self.check(replay=True), "running the scripts again, in the sandbox…")

    def action_trigger(self) -> None:
        """Ask the session's model which messages would make it open the skill."""
        if self._has_session():
            self.run(self.check(session=self.session), "the model is asked one question…")

    def action_pair(self) -> None:
        """The paired run: begun, looked at, or decided."""
        self.run(paired.go_on(self), "looking at the paired run…")

    def _has_session(self) -> bool:
        if not self.session:
            self.say("Open a session first: its model is asked.")
        return bool(self.session)

    # -- changing

    def take(self, draft: DraftShown) -> None:
        """The draft after a change."""
        self.draft = draft
        self._show()

    async def changed(self, ask: Ask) -> None:
        """Change the draft by a command of the engine's, and look at it again."""
        self.take(await ask(self.client))
        await self.check()

    async def edited(self) -> None:
        """Its files were changed by hand."""
        name = self.name_of_draft
        await self.changed(lambda c: c.call("harvest.open", name=name, edited=True))

    def _editable(self) -> Path | None:
        """The chosen file, if it is one that is edited by hand."""
        if reads_only(self.app):
            self.say("This deck only reads.")
            return None
        if self.path == "harvest.json" or self.path.startswith(_ROUND):
            self.say("Receipts and rounds are not edited by hand: choose another file.")
            return None
        return Path(self.draft["path"]) / self.path

    def action_here(self) -> None:
        """Edit the chosen file in place."""
        path = self._editable()
        if path is None:
            return
        try:
            text = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            self.say(f"{self.path} is no text that can be edited here: e opens your editor.")
            return
        if len(text) > MAX_EDITED:
            self.say(f"{self.path} is too long to be edited here: e opens your editor.")
            return

        def left(changed: str | None) -> None:
            if changed is None or changed == text:
                return
            try:
                path.write_bytes(changed.encode("utf-8", "surrogateescape"))
            except OSError as error:
                self.say(f"{self.path} can't be written: {error.strerror}.")
                return
            self.run(self.edited())

        self.app.push_screen(Edited(self.path, text), left)

    def action_edit(self) -> None:
        """Edit the chosen file in $EDITOR."""
        path = self._editable()
        if path is None:
            return
        try:
            edit_file(self.app, path)
        except AgentdeckError as error:
            self.say(str(error))
            return
        self.run(self.edited())

    def action_model(self) -> None:
        """Tell the model of the session in focus what to change."""
        if not self._has_session():
            return

        def wished(wish: str | None) -> None:
            if wish is not None:
                name, session = self.name_of_draft, self.session
                work = self.changed(
                    lambda c: c.call("harvest.improve", name=name, session=session, wish=wish)
                )
                self.run(work, "the model puts it into better words…")

        about = "Empty: clearer words. Files stay byte for byte; lines of its own are marked."
        self.app.push_screen(Words("What shall the model change?", "", about), wished)

    def action_update(self) -> None:
        """Bring the draft into a skill that is near."""
        merging.update(self)

    def action_decide(self) -> None:
        """Decide the next place that you and the draft both changed."""
        merging.decide(self)

    # -- ending

    def action_install(self) -> None:
        """Copy it to my skills; every tile's panel has it at once."""

        def install(added: bool = False) -> None:
            self.run(self._install(added), "installing…")

        merging.before_install(self, lambda: merging.with_added(self, install))

    async def _install(self, added: bool) -> None:
        # Every interface is told by the engine, this one too.
        await self.client.call("harvest.install", name=self.name_of_draft, added=added)
        self.dismiss("")

    def action_export(self) -> None:
        """Write a .skill archive."""

        def given(folder: str | None) -> None:
            if folder:
                self.run(self._export(folder))

        self.app.push_screen(Prompt("Folder for the archive", here(), enter="writes it"), given)

    async def _export(self, folder: str) -> None:
        path = await self.client.call("harvest.export", name=self.name_of_draft, out=folder)
        self.say(f"written to {path}")

    def action_reject(self) -> None:
        """Throw it away, with a reason that the next draft is told."""

        def asked(reason: str | None) -> None:
            if reason is None:
                return
            text = f"Throw the draft {self.name_of_draft} away? The basket stays."
            confirm = Confirm("Reject", text, "Throw away", danger=True)
            self.app.push_screen(
                confirm, lambda yes: self.run(self._reject(reason)) if yes else None
            )

        self.app.push_screen(Prompt("Why? (the next draft is told)", enter="rejects"), asked)

    async def _reject(self, reason: str) -> None:
        await self.client.call("harvest.reject", name=self.name_of_draft, reason=reason)
        self.dismiss("The draft is gone; its reason is kept.")
