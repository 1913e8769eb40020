"""A skill, read: SKILL.md rendered, the file tree, scripts with syntax colours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from rich.syntax import Syntax
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Markdown, Static

from sessions.api.skills import SkillFile
from sessions.errors import AgentdeckError
from tui.deck.client import DeckClient
from tui.screens.dialogs import Dialog
from tui.screens.review.colours import language
from tui.timing.background_work import while_shown
from tui.widgets.rows import Row, Rows
from tui.words.text import clean, one_line, plain, size

_PLAIN = 60_000
"""Characters from which on a file is shown without rendering: that would stop the keys."""


class SkillReader(Dialog[None]):
    """Shows one skill's files."""

    WIDE = True
    WHOLE = True
    CSS_PATH = ["../../screens/dialogs.tcss", "panel.tcss"]  # noqa: RUF012

    def __init__(self, client: DeckClient, name: str, session: str, folder: str = "") -> None:
        super().__init__(one_line(name))
        self.client = client
        self.skill, self.session, self.folder = name, session, folder

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
        if not message.key.endswith("/"):
            self._open(message.key)

    def _open(self, path: str) -> None:
        self.run_worker(while_shown(self, self._load, path), exclusive=True, exit_on_error=False)

    async def _load(self, path: str) -> None:
        view = self.query_one("#reader-text", VerticalScroll)
        try:
            found = await self.client.call(
                "skills.read",
                name=self.skill,
                session=self.session,
                folder=self.folder,
                path=path,
            )
        except AgentdeckError as error:
            await view.remove_children()
            await view.mount(Static(Content(clean(str(error))), markup=False))
            return
        self.query_one(Rows).show(tree(found["files"]))
        self.query_one("#dialog").border_title = plain(f"{self.heading}: {one_line(path)}")
        await view.remove_children()
        await view.mount_all(_shown(path, found))
        view.scroll_home(animate=False)


def tree(files: Sequence[str]) -> list[Row]:
    """Files below their folders; a folder's key ends in `/`."""
    rows: list[Row] = []
    seen: set[str] = set()
    # What lies at the top comes first, as it is read first.
    for path in sorted(files, key=lambda f: (f != "SKILL.md", "/" in f, f)):
        *folders, name = path.split("/")
        for depth, folder in enumerate(folders):
            key = "/".join(folders[: depth + 1]) + "/"
            if key not in seen:
                seen.add(key)
                rows.append(Row(key, ((f"{'  ' * depth}{one_line(folder)}/", "$text-muted"),)))
        rows.append(Row(path, ((f"{'  ' * len(folders)}{one_line(name)}", ""),)))
    return rows


def _shown(path: str, found: SkillFile) -> list[Widget]:
    """A file as it is best read; what is long goes without colours, so that nothing waits."""
    if found.get("binary"):
        return [_words(f"A binary file of {size(found['size'])}.", "$text-muted")]
    text = clean(found["text"])
    widgets: list[Widget] = []
    if len(text) > _PLAIN:
        widgets.append(_words(text))
    elif PurePosixPath(path).suffix.lower() in (".md", ".markdown"):
        front = re.match(r"---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", text, re.DOTALL)
        if front is not None:
            widgets.append(Static(_front(front[1]), markup=False, id="reader-front"))
            text = text[front.end() :]
        widgets.append(Markdown(text, open_links=False))
    else:
        shown = Syntax(
            text,
            language(PurePosixPath(path).name),
            line_numbers=True,
            theme="ansi_dark",
            word_wrap=True,
        )
        widgets.append(Static(shown, markup=False))
    if found.get("cut"):
        widgets.append(_words(f"… cut: the file has {size(found['size'])}", "$text-warning"))
    return widgets


def _words(text: str, style: str = "") -> Static:
    return Static(Content.styled(text, style) if style else Content(text), markup=False)


def _front(text: str) -> Content:
    """Frontmatter as it was written, its keys marked; long values wrap, nothing is cut."""
    parts: list[tuple[str, str]] = []
    for line in text.split("\n"):
        key = re.match(r"[A-Za-z][\w-]*:", line)
        parts.append((key[0] if key else "", "bold"))
        parts.append((line[key.end() if key else 0 :] + "\n", ""))
    return Content.assemble(*parts).rstrip()
