"""A draft, reviewed: its files, the text, checks and findings; edited, reworded, installed."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from sessions.errors import AgentdeckError
from tui.client import DeckClient
from tui.rows import Row, Rows
from tui.screens.dialogs import Confirm, Dialog, Prompt
from tui.text import clean, one_line, size

JSON = dict[str, Any]
_HINT = "i install · e edit · m tell the model · c check · p replay · x export · del reject · esc"


class Review(Dialog[str]):
    """Gives a sentence of what was done with the draft."""

    WIDE = True
    CSS_PATH = ["../../screens/dialogs.tcss", "panel.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "install", show=False),
        Binding("e", "edit", show=False),
        Binding("m", "model", show=False),
        Binding("c", "check", show=False),
        Binding("p", "replay", show=False),
        Binding("x", "export", show=False),
        Binding("delete", "reject", show=False),
    ]

    def __init__(self, client: DeckClient, draft: JSON, session: str) -> None:
        super().__init__(f"Draft {one_line(draft['name'])}")
        self.client = client
        self.draft = draft
        self.session = session
        self.path = "SKILL.md"

    def body(self) -> ComposeResult:
        """Files on the left, the chosen one on the right, checks below."""
        with Horizontal(id="review-body"):
            yield Rows("…", id="review-files")
            with VerticalScroll(id="review-text"):
                yield Static("", markup=False, id="review-content")
        yield Static("", markup=False, id="review-checks")

    def on_mount(self) -> None:
        """Show the draft and run the checks that cost nothing."""
        self.hint(_HINT)
        self.query_one(Rows).focus()
        self._show()
        self._run(self._check(replay=False))

    def on_rows_picked(self, message: Rows.Picked) -> None:
        """Another file."""
        self.path = message.key
        self._show()

    # -- showing

    def _show(self) -> None:
        changed = set(self.draft["changed_files"])
        rows = []
        for name, length in sorted(self.draft["files"].items()):
            mark = "  changed" if name in changed else ""
            cells = ((one_line(name), ""), (f"  {size(length)}{mark}", "$text-muted"))
            rows.append(Row(name, cells))
        self.query_one(Rows).show(rows)
        self.query_one("#review-content", Static).update(self._content())

    def _content(self) -> Content:
        if self.path != "SKILL.md":
            return Content(clean(self._read(self.path)))
        head = self.draft["skill_md"].split("\n---\n", 1)[0] + "\n---\n\n"
        parts: list[tuple[str, str]] = [(clean(head), "$text-muted")]
        for line in self.draft["lines"]:
            receipt = line["receipt"]
            mark = "  ← the model's own" if receipt == "model" else self._receipt(receipt)
            parts += [(clean(line["text"]), ""), (f"{mark}\n", "$text-warning")]
        return Content.assemble(*parts)

    def _receipt(self, receipt: str) -> str:
        origin = (self.draft["receipts"].get(receipt) or {}).get("from") or {}
        return f"  ← turn {origin.get('turn')}" if origin else ""

    def _read(self, name: str) -> str:
        try:
            return (Path(self.draft["path"]) / name).read_text("utf-8", "replace")[:200_000]
        except OSError as error:
            return f"It can't be read: {error.strerror}"

    def _say(self, text: str) -> None:
        self.query_one("#review-checks", Static).update(Content(clean(text)))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except AgentdeckError as error:
                self._say(str(error))

        self.run_worker(guarded(), exclusive=True, exit_on_error=False)

    # -- doing

    async def _check(self, *, replay: bool) -> None:
        found = await self.client.call("harvest.check", name=self.draft["name"], replay=replay)
        marks = {True: "ok", False: "NOT", None: "?"}
        lines = [f"{marks[c['passed']]}  {c['name']}: {c['detail']}" for c in found["checks"]]
        for check in found["checks"]:
            lines += [f"     {f}" for f in map(str, check["findings"][:3]) if not check["passed"]]
        lines += [f"near: {n['name']} — {n['offer']} it?" for n in found["neighbours"]]
        lines += [f"look: {flag}" for flag in self.draft["flags"]]
        if self.draft["redactions"]:
            taken = ", ".join(f"{n} {kind}" for kind, n in self.draft["redactions"].items())
            lines.append(f"taken out: {taken} (unknown shapes pass: read it)")
        self._say("\n".join(lines))

    def action_check(self) -> None:
        """The checks that cost nothing."""
        self._run(self._check(replay=False))

    def action_replay(self) -> None:
        """Run the scripts again, in the sandbox."""
        self._say("running the scripts again, in the sandbox…")
        self._run(self._check(replay=True))

    def action_install(self) -> None:
        """Copy it to my skills; every tile's panel has it at once."""

        async def install() -> None:
            path = await self.client.call("harvest.install", name=self.draft["name"])
            self.dismiss(f"{self.draft['name']} is one of your skills: {path}")

        self._run(install())

    def action_edit(self) -> None:
        """Edit the chosen file in $EDITOR."""
        if self.path == "harvest.json":
            self._say("The receipts are not edited by hand.")
            return
        editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
        with self.app.suspend():
            subprocess.run([*editor, str(Path(self.draft["path"]) / self.path)], check=False)

        async def reread() -> None:
            self.draft = await self.client.call(
                "harvest.open", name=self.draft["name"], edited=True
            )
            self._show()
            await self._check(replay=False)

        self._run(reread())

    def action_model(self) -> None:
        """Tell the model of the session in focus what to change."""

        def wished(wish: str | None) -> None:
            if wish is None:
                return
            self._say("the model puts it into better words…")
            self._run(self._improve(wish))

        self.app.push_screen(Prompt("What shall the model change? (empty = clearer words)"), wished)

    async def _improve(self, wish: str) -> None:
        self.draft = await self.client.call(
            "harvest.improve", name=self.draft["name"], session=self.session, wish=wish
        )
        self._show()
        await self._check(replay=False)

    def action_export(self) -> None:
        """Write a .skill archive."""

        def given(folder: str | None) -> None:
            if folder:
                self._run(self._export(folder))

        self.app.push_screen(Prompt("Folder for the archive", str(Path.cwd())), given)

    async def _export(self, folder: str) -> None:
        path = await self.client.call("harvest.export", name=self.draft["name"], out=folder)
        self._say(f"written to {path}")

    def action_reject(self) -> None:
        """Throw it away, with a reason that the next draft is told."""

        def asked(reason: str | None) -> None:
            if reason is None:
                return
            text = f"Throw the draft {self.draft['name']} away? The basket stays."
            confirm = Confirm("Reject", text, "Throw away", danger=True)
            self.app.push_screen(confirm, lambda yes: self._reject(reason) if yes else None)

        self.app.push_screen(Prompt("Why? (the next draft is told)"), asked)

    def _reject(self, reason: str) -> None:
        async def reject() -> None:
            await self.client.call("harvest.reject", name=self.draft["name"], reason=reason)
            self.dismiss("The draft is gone; its reason is kept.")

        self._run(reject())
