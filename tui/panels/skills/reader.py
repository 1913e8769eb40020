"""A skill, read: SKILL.md rendered, the file tree, scripts with syntax colours."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

from rich.syntax import Syntax
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Markdown, Static

from sessions.errors import AgentdeckError
from tui.client import DeckClient
from tui.rows import Row, Rows
from tui.screens.dialogs import Dialog
from tui.text import clean, one_line


class Reader(Dialog[None]):
    """Shows one skill's files."""

    WIDE = True
    CSS_PATH = ["../../screens/dialogs.tcss", "panel.tcss"]  # noqa: RUF012

    def __init__(self, client: DeckClient, name: str, session: str) -> None:
        super().__init__(one_line(name))
        self.client = client
        self.skill = name
        self.session = session

    def body(self) -> ComposeResult:
        """Files on the left, the chosen one on the right."""
        with Horizontal(id="reader-body"):
            yield Rows("…", id="reader-files")
            yield VerticalScroll(id="reader-text")

    def on_mount(self) -> None:
        """Read SKILL.md."""
        self.hint("↑/↓ enter another file · tab scroll · esc")
        self.query_one(Rows).focus()
        self._open("SKILL.md")

    def on_rows_picked(self, message: Rows.Picked) -> None:
        """Another file."""
        self._open(message.key)

    def _open(self, path: str) -> None:
        self.run_worker(self._load(path), exclusive=True, exit_on_error=False)

    async def _load(self, path: str) -> None:
        view = self.query_one("#reader-text", VerticalScroll)
        try:
            found: dict[str, Any] = await self.client.call(
                "skills.read", name=self.skill, session=self.session, path=path
            )
        except AgentdeckError as error:
            await view.remove_children()
            await view.mount(Static(Content(str(error)), markup=False))
            return
        rows = [Row(name, ((one_line(name), ""),)) for name in found["files"]]
        self.query_one(Rows).show(rows)
        text = clean(found["text"])
        await view.remove_children()
        if PurePosixPath(path).suffix.lower() == ".md":
            await view.mount(Markdown(_front_as_code(text), open_links=False))
        else:
            lexer = Syntax.guess_lexer(path, code=text)
            shown = Syntax(text, lexer, line_numbers=True, theme="ansi_dark", word_wrap=True)
            await view.mount(Static(shown, markup=False))
        view.scroll_home(animate=False)


def _front_as_code(text: str) -> str:
    """Frontmatter as a block of YAML; Markdown would take it for a heading."""
    found = re.match(r"---\s*\n(.*?)\n---[ \t]*\n", text, re.DOTALL)
    if found is None:
        return text
    return f"```yaml\n{found[1]}\n```\n{text[found.end() :]}"
