"""The screen: files on the left, the change on the right, keys for what can be done."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Coroutine
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content

from sessions.api.worktrees import ChangesShown, FileShown, HunkShown
from sessions.errors import AgentdeckError
from tui.deck.client import DeckClient
from tui.pictures.picture_cache import shelf
from tui.screens.dialogs import Choose, Confirm, Dialog, Listing, Pick, Prompt
from tui.screens.review.comments import Comment, Comments
from tui.screens.review.order import LandingOrder, candidates
from tui.screens.review.pictures import pairs, side_of, to_draw
from tui.screens.review.rows import DiffRow, rows_of
from tui.screens.review.view import ChangeView
from tui.timing.background_work import while_shown
from tui.view.compositor import LeanCompositor
from tui.widgets.hints import Hints
from tui.widgets.rows import Row as Listed
from tui.widgets.rows import Rows
from tui.words.text import clean, clip, clip_middle, one_line

_SPLIT_FROM = 150
"""Columns from which on old and new stand side by side."""
_FILES_FROM = 90
_FILES_WIDTH = 34
_KEYS = (
    ("n", "next hunk"), ("p", "previous"), ("right_square_bracket", "next file"),
    ("left_square_bracket", "previous"), ("c", "comment"), ("s", "send comments"),
    ("u", "take back hunk"), ("U", "file"), ("z", "give back"), ("a", "stage hunk"),
    ("A", "file"), ("space", "tick file"), ("m", "commit"), ("M", "drafted"), ("k", "check"),
    ("l", "land"), ("x", "discard"),
    ("w", "white space"), ("v", "side by side"), ("r", "refresh"),
    ("escape", "closes"),
)  # fmt: skip
_STAGED = {"": "  ", "part": "~ ", "all": "+ "}
_LANDINGS = (
    ("rebase", "commit by commit on top of it, and forward"),
    ("squash", "as one commit"),
    ("merge", "by a merge commit"),
    ("push", "not landed: the command that pushes the branch, for your shell"),
    ("several", "with other sessions, in an order that you give"),
)


def _count(number: int, noun: str) -> str:
    """`2 commits`; nothing of none."""
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""


class ChangeReview(Dialog[str]):
    """Gives a sentence of what became of the session's branch, if something did."""

    CSS_PATH = ["../dialogs.tcss", "review.tcss"]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "hunk(1)", show=False),
        Binding("p", "hunk(-1)", show=False),
        Binding("right_square_bracket", "file(1)", show=False),
        Binding("left_square_bracket", "file(-1)", show=False),
        Binding("c", "comment", show=False),
        Binding("s", "send", show=False),
        Binding("u", "take_back(False)", show=False),
        Binding("U", "take_back(True)", show=False),
        Binding("z", "give_back", show=False),
        Binding("a", "stage(False)", show=False),
        Binding("A", "stage(True)", show=False),
        Binding("space", "tick", show=False),
        Binding("m", "commit(False)", show=False),
        Binding("M", "commit(True)", show=False),
        Binding("k", "check", show=False),
        Binding("l", "land", show=False),
        Binding("x", "discard", show=False),
        Binding("w", "space", show=False),
        Binding("v", "split", show=False),
        Binding("r", "again", show=False),
    ]
    COMMENTS: ClassVar[dict[str, Comments]] = {}
    """What was said and not sent yet, by session: leaving the screen loses none of it."""

    def __init__(self, client: DeckClient, session: str, title: str) -> None:
        super().__init__(f"Review: {clip(title, 60)}")
        self._compositor = LeanCompositor()  # which draws pictures over their cells
        self.client = client
        self.session = session
        self.told: ChangesShown | None = None
        """What has changed; None until the engine has told it."""
        self.comments = self.COMMENTS.setdefault(session, Comments())
        self.ticked: set[str] = set()
        self.fold_space = False
        self.split: bool | None = None
        """Side by side or not, as it was asked for; None: where there is room."""
        self.busy = ""

    @property
    def files(self) -> list[FileShown]:
        """The files that changed."""
        return self.told["files"] if self.told else []

    @property
    def view(self) -> ChangeView:
        """The change."""
        return self.query_one(ChangeView)

    def body(self) -> ComposeResult:
        """Files, the change, and the keys."""
        with Horizontal(id="change-body"):
            yield Rows("…", id="change-files")
            yield ChangeView(id="change-view")
        yield Hints(id="change-keys")

    def on_mount(self) -> None:
        """Read the change."""
        self.query_one(Hints).say(_KEYS)
        self.view.focus()
        self.run(self.read())

    async def on_resize(self, event: events.Resize) -> None:
        """Files and two sides where there is room for them."""
        self.query_one("#change-files").display = event.size.width >= _FILES_FROM
        self._lay()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do some work; what is refused is said in the frame."""
        self.run_worker(while_shown(self, self._told_of, work), group="review", exclusive=False)

    async def _told_of(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except AgentdeckError as error:
            self.say(str(error), fault=True)

    def say(self, words: str, *, fault: bool = False) -> None:
        """What was done, or could not be."""
        self.app.notify(clean(words), severity="error" if fault else "information", markup=False)

    # -- reading and showing

    @property
    def put_away(self) -> bool:
        """Whether the session's worktree was discarded."""
        summary = self.client.summaries.get(self.session)
        return "kept" in ((summary.worktree if summary else None) or {})

    async def read(self, *, anew: bool = False) -> None:
        """Ask the engine for all that has changed; `anew`: for pictures that were drawn as well."""
        if self.put_away:
            self._show()
            return
        self.told = await self.client.call(
            "worktree.diff", session=self.session, fold_space=self.fold_space
        )
        self.ticked &= {file["path"] for file in self.files}
        self._show()
        if wanted := to_draw(self.files, () if anew else self.view.pictures):
            self.run(self._draw(wanted))

    async def _draw(self, paths: list[str]) -> None:
        told = await self.client.call("worktree.pictures", session=self.session, paths=paths)
        kept = shelf(self.app)
        side = side_of(self.view.scrollable_content_region.width - 1)
        made = await asyncio.to_thread(pairs, told["pictures"], await kept.known(), side)
        for pair in made.values():
            for shown in filter(None, (pair.old, pair.new)):
                kept.adopt(shown)
        self.view.pictures |= made
        self._lay()

    def _show(self) -> None:
        self._lay()
        rows = []
        for number, file in enumerate(self.files):
            tick = "✓ " if file["path"] in self.ticked else _STAGED[file["staged"]]
            figures = f" +{file['added']} -{file['removed']}" if file["hunks"] else " *"
            room = _FILES_WIDTH - 4 - len(figures)
            style = "$text-warning" if file["uncommitted"] else ""
            cells = (
                (tick, "$text-success"),
                (clip_middle(one_line(file["path"]), room), style),
                (figures, "$text-muted"),
            )
            rows.append(Listed(str(number), cells))
        listing = self.query_one(Rows)
        listing.empty = "Nothing has changed."
        listing.show(rows)
        dialog = self.query_one("#dialog")
        dialog.border_subtitle = Content(clean(self._subtitle()))

    def _subtitle(self) -> str:
        parts: list[str] = []
        if (told := self.told) is not None:
            base = told["base_ref"] or told["base"][:10]
            parts.append(f"{told['branch']} against {base}" if told["branch"] else "")
            parts.append(_count(len(told["commits"]), "commit"))
            parts.append(f"+{told['added']} -{told['removed']}")
        parts.append("white space folded" if self.fold_space else "")
        parts.append(_count(len(self.comments), "comment"))
        parts.append(f"{len(self.ticked)} ticked" if self.ticked else "")
        return " · ".join(part for part in [self.busy, *parts] if part)

    def _lay(self) -> None:
        files = self.query_one("#change-files")
        room = self.app.size.width - (_FILES_WIDTH if files.display else 0)
        split = self.split if self.split is not None else room >= _SPLIT_FROM
        self.view.empty = "Nothing has changed." if self.told else "…"
        if self.put_away:
            keys = [(key, "bring back" if key == "x" else word) for key, word in _KEYS]
            self.query_one(Hints).say(tuple(keys))
            self.view.empty = "Its worktree was discarded: x brings it back as it was."
        drawn = {path: pair.lines for path, pair in self.view.pictures.items()}
        rows = rows_of(self.files, split=split, said=self.comments.said(), drawn=drawn)
        self.view.show(self.files, rows)

    def on_rows_moved(self, message: Rows.Moved) -> None:
        """The file under the cursor is shown."""
        self._turn_to(int(message.key))

    def on_rows_picked(self, message: Rows.Picked) -> None:
        """A file was chosen: go on reading in it."""
        self._turn_to(int(message.key))
        self.view.focus()

    def _turn_to(self, file: int) -> None:
        for at, row in enumerate(self.view.rows):
            if row.file == file:
                self.view.go(at)
                self.view.scroll_to(y=at, animate=False)
                return

    def on_change_view_moved(self, message: ChangeView.Moved) -> None:
        """The list of files follows."""
        listing = self.query_one(Rows)
        if listing.rows and not listing.has_focus and listing.cursor != message.row.file:
            listing.cursor = message.row.file
            listing._into_view()
            listing.refresh()

    # -- moving

    def action_hunk(self, by: int) -> None:
        """To the next or previous hunk."""
        self.view.to("hunk", by)

    def action_file(self, by: int) -> None:
        """To the next or previous file."""
        self.view.to("file", by)

    def action_split(self) -> None:
        """Side by side, or one under the other."""
        now = any(len(row.cells) == 2 for row in self.view.rows)
        self.split = not now
        self._lay()

    def action_space(self) -> None:
        """Fold changes of white space alone, or show them."""
        self.fold_space = not self.fold_space
        self.run(self.read())

    def action_again(self) -> None:
        """Read it anew."""
        self.run(self.read(anew=True))

    # -- comments

    def action_comment(self) -> None:
        """Say something of the line under the cursor."""
        row = self.view.row
        cell = row.cell if row is not None else None
        if row is None or cell is None or not (cell.old or cell.new):
            self.say("A comment is about a line: put the cursor on one.", fault=True)
            return
        self.run(self._comment(row))

    async def _comment(self, row: DiffRow) -> None:
        cell, path = row.cell, str(self.files[row.file]["path"])
        assert cell is not None
        before = self.comments.text(path, cell.old, cell.new)
        where = f"{path}:{cell.new or cell.old}"
        asked = Prompt(f"Comment on {clip(where, 44)}", before, enter="keeps the comment")
        text = await self.app.push_screen_wait(asked)
        if text is not None:
            self.comments.put(Comment(path, cell.old, cell.new, cell.text, text))
            self._show()

    def action_send(self) -> None:
        """Send all comments to the session, as one message."""
        if len(self.comments):
            self.run(self._send())
        else:
            self.say("There are no comments to send: c makes one.", fault=True)

    async def _send(self) -> None:
        sent = await self.client.call(
            "session.send", session=self.session, text=self.comments.message()
        )
        count = len(self.comments)
        self.comments.clear()
        self._show()
        queued = "queued: a turn runs" if "queued" in sent else "sent"
        self.say(f"{_count(count, 'comment')} {queued}.")

    # -- taking back

    def action_take_back(self, whole: bool) -> None:
        """Take the hunk under the cursor back, or its file."""
        row = self.view.row
        if row is None or not self.files:
            return
        file = self.files[row.file]
        hunk = "" if whole or row.hunk < 0 else str(file["hunks"][row.hunk]["id"])
        self.run(self._take_back(str(file["path"]), hunk))

    async def _take_back(self, path: str, hunk: str) -> None:
        told = await self.client.call(
            "worktree.take_back", session=self.session, path=path, hunk=hunk
        )
        await self.read()
        self.say(f"Taken back: {told['what']}. z gives it back.")

    def action_give_back(self) -> None:
        """Undo the last taking back."""
        self.run(self._give_back())

    async def _give_back(self) -> None:
        told = await self.client.call("worktree.give_back", session=self.session)
        await self.read()
        self.say(f"Given back: {told['path']}")

    # -- staging, committing, checking, landing

    def action_stage(self, whole: bool) -> None:
        """Put the hunk under the cursor, or its file, into git's index, or take it out again."""
        row = self.view.row
        if row is None or not self.files:
            return
        file = self.files[row.file]
        part = None if whole or row.hunk < 0 else file["hunks"][row.hunk]
        if not file["uncommitted"]:
            self.say("All of this file is committed.", fault=True)
            return
        staged = str((part or file)["staged"])
        self.run(self._stage(str(file["path"]), part, undo=staged == "all"))

    async def _stage(self, path: str, part: HunkShown | None, *, undo: bool) -> None:
        hunk = str(part["id"]) if part else ""
        await self.client.call(
            "worktree.stage", session=self.session, path=path, hunk=hunk, undo=undo
        )
        await self.read()

    def action_tick(self) -> None:
        """Tick the file for a commit."""
        listing, row = self.query_one(Rows), self.view.row
        at = listing.cursor if listing.has_focus else row.file if row is not None else -1
        if 0 <= at < len(self.files):
            self.ticked ^= {str(self.files[at]["path"])}
            self._show()

    def action_commit(self, draft: bool) -> None:
        """Commit the ticked files, or all; `draft`: the session's model words the message."""
        self.run(self._commit(draft))

    async def _commit(self, draft: bool) -> None:
        waiting = [str(f["path"]) for f in self.files if f["uncommitted"]]
        if not waiting:
            self.say("Everything is committed.", fault=True)
            return
        paths = [path for path in waiting if path in self.ticked]
        staged = 0 if paths else sum(bool(f["staged"]) for f in self.files)
        words = ""
        if draft:
            self._busy("the model words the message…")
            try:
                words = str(
                    (await self.client.call("worktree.draft", session=self.session))["message"]
                )
            finally:
                self._busy("")
        subject, _, rest = words.partition("\n")
        ticked = _count(len(paths), "ticked file")
        what = ticked if paths else f"all: {_count(len(waiting), 'file')}"
        if staged:
            what = f"what is staged of {_count(staged, 'file')}"
        message = await self.app.push_screen_wait(
            Prompt(f"Commit {what}", one_line(subject), "what is so now", enter="commits")
        )
        if not message:
            return
        whole = f"{message}\n{rest}" if rest.strip() else message
        told = await self.client.call(
            "worktree.commit", session=self.session, message=whole, staged=bool(staged),
            paths=self._with_old(paths),
        )  # fmt: skip
        self.ticked.clear()
        await self.read()
        self.say(f"Committed: {str(told['commit'])[:10]}")

    def _with_old(self, paths: list[str]) -> list[str]:
        """The names that renamed files had before go into the same commit."""
        old = [str(f["old_path"]) for f in self.files if f["path"] in paths and f["old_path"]]
        return [*paths, *old]

    def _busy(self, what: str) -> None:
        self.busy = what
        self.query_one("#dialog").border_subtitle = Content(clean(self._subtitle()))

    def action_check(self) -> None:
        """Run the configured check."""
        self.run(self._check())

    async def _check(self) -> None:
        self._busy("the check runs…")
        try:
            told = await self.client.call("worktree.check", session=self.session)
        finally:
            self._busy("")
        output = str(told["output"])[-3000:].strip() or "It printed nothing."
        title = f"The check: {one_line(str(told['how']))}"
        await self.app.push_screen_wait(Confirm(title, output, "Good"))

    def action_land(self) -> None:
        """Bring the branch into the one that it began at."""
        self.run(self._land())

    async def _land(self) -> None:
        onto = (self.told and self.told["base_ref"]) or "its base"
        rows = [Pick(how, ((f"{how:8}", "bold"), (words, ""))) for how, words in _LANDINGS]
        chosen = await self.app.push_screen_wait(
            Choose(f"Land on {clip(str(onto), 40)}", Listing(rows, enter="lands"))
        )
        if chosen is None or not chosen.row:
            return
        if chosen.row == "push":
            self._show_push()
            return
        if chosen.row == "several":
            found = candidates(list(self.client.summaries.values()), self.session)
            if said := await self.app.push_screen_wait(LandingOrder(self.client, found)):
                await self.read()
                self.say(said)
            return
        message = ""
        if loose := sum(bool(file["uncommitted"]) for file in self.files):
            what = f"{_count(loose, 'file')} not committed yet: commit and land"
            asked = Prompt(what, "", "what is so now", enter="commits and lands")
            message = await self.app.push_screen_wait(asked) or ""
            if not message:
                return
        told = await self.client.call(
            "worktree.land", session=self.session, how=chosen.row, message=message
        )
        if told["landed"]:
            await self.read()
            self.say(f"{_count(told['commits'], 'commit')} landed on {told['onto']}.")
            return
        listed = "\n".join(f"{c['kind'] or 'conflict':14} {c['path']}" for c in told["conflicts"])
        text = f"Both sides changed:\n\n{listed}\n\nNothing was changed. Let the session mend it?"
        if await self.app.push_screen_wait(Confirm("It conflicts", text, "Hand it over")):
            await self.client.call(
                "worktree.land",
                session=self.session,
                how=chosen.row,
                message=message,
                hand_over=True,
            )
            self.dismiss("The session mends what conflicts; land it again when it is done.")

    def _show_push(self) -> None:
        """Pushing is done by the user's own git and gh: the command, also on the clipboard."""
        if self.told is None:
            return
        summary, branch = self.client.summaries[self.session], self.told["branch"]
        folder = summary.cwd.removeprefix(f"{summary.host}:") if summary.host else summary.cwd
        command = f"cd {shlex.quote(folder)} && git push -u origin {shlex.quote(branch)}"
        command += " && gh pr create --fill"
        if base := self.told["base_ref"]:
            command += f" --base {shlex.quote(base)}"
        self.app.copy_to_clipboard(command)
        shell = f"a shell on {summary.host}" if summary.host else "your shell"
        self.say(f"Copied, for {shell}: {command}")

    def action_discard(self) -> None:
        """Put the worktree away, its work stays under a ref; or bring it back."""
        self.run(self._bring_back() if self.put_away else self._discard())

    async def _bring_back(self) -> None:
        told = await self.client.call("worktree.bring_back", session=self.session)
        self.dismiss(f"{told['branch']} is back, with all that was not committed.")

    async def _discard(self) -> None:
        text = (
            "The session's worktree and branch go. All that they hold is kept under a ref, and "
            "comes back by x here."
        )
        if await self.app.push_screen_wait(Confirm("Discard it?", text, "Discard", danger=True)):
            told = await self.client.call("worktree.discard", session=self.session)
            self.dismiss(f"Discarded. Its review and x bring it back: {told['ref']}.")
