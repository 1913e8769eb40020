"""The review of a session's changes on screen: read, moved in, commented, taken back, landed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from sessions.api.worktrees import (
    ChangesCommitted,
    ChangesShown,
    FileShown,
    GivenBack,
    HunkShown,
    Landed,
    MessageDrafted,
    NotLanded,
    PicturesShown,
    Staged,
    TakenBack,
)
from sessions.record.summary import Summary
from sessions.record.summary_parts import WorktreeOf
from sessions.worktrees import changes, review
from tests.support.deckpilot import Opened, opened
from tests.support.fake_client import FakeClient, landed, not_landed
from tests.support.gitrig import git, head, repo
from tui.screens.dialogs import Choose, Confirm, Prompt
from tui.screens.review.colours import Colours
from tui.screens.review.comments import Comment, Comments
from tui.screens.review.rows import rows_of
from tui.screens.review.screen import ChangeReview
from tui.screens.review.view import ChangeView

CODE = "".join(f"value_{n} = {n}\n" for n in range(60))


@pytest.fixture
def told(tmp_path: Path) -> ChangesShown:
    """What the engine tells of a real repository."""
    mine = repo(tmp_path / "mine", **{"a.py": CODE, "gone.txt": "x\n"})
    base = head(mine)
    text = CODE.replace("value_5 = 5\n", "value_5 = 'five'\nvalue_x = 1\n")
    (mine / "a.py").write_text(text.replace("value_50 = 50\n", ""))
    git(mine, "rm", "-q", "gone.txt")
    (mine / "new [red]\x1b.md").write_text("# new\x1b[31m\n")
    (mine / "p.png").write_bytes(b"\x89PNG\0")
    tree: WorktreeOf = {
        "session": "s001", "path": str(mine), "repository": str(mine / ".git"), "base": base,
        "base_ref": "refs/heads/main",
    }  # fmt: skip
    summary = Summary("s001", worktree=tree, branch="agentdeck/w")
    return review.told(summary, changes.collect(mine, base))


class Engine(FakeClient):
    """Tells a change, and what was asked of it."""

    def __init__(self, told: ChangesShown) -> None:
        super().__init__()
        self.told = told
        self.landing: Landed | NotLanded = landed("s001", 2)

    async def _worktree_diff(self, **_: Any) -> ChangesShown:
        return self.told

    async def _worktree_pictures(self, **_: Any) -> PicturesShown:
        return {"pictures": {}}

    async def _worktree_take_back(self, path: str, **_: Any) -> TakenBack:
        return {"path": path, "what": path}

    async def _worktree_give_back(self, **_: Any) -> GivenBack:
        return {"path": "a.py"}

    async def _worktree_commit(self, **_: Any) -> ChangesCommitted:
        return {"id": "s001", "commit": "abcdef0123456789"}

    async def _worktree_stage(self, path: str, undo: bool = False, **_: Any) -> Staged:
        for file in self.told["files"]:
            if file["path"] == path:
                file["staged"] = file["hunks"][0]["staged"] = "" if undo else "all"
        return {"path": path, "staged": not undo}

    async def _worktree_draft(self, **_: Any) -> MessageDrafted:
        return {"message": "Values are words\n\nWhy not."}

    async def _worktree_land(self, **_: Any) -> Landed | NotLanded:
        return self.landing


@asynccontextmanager
async def reviewed(
    told: ChangesShown, size: tuple[int, int] = (120, 36), client: Engine | None = None
) -> AsyncIterator[Opened]:
    ChangeReview.COMMENTS.clear()
    async with opened(1, size, client=client or Engine(told)) as here:
        await here.press("alt+d")
        await here.until(lambda: isinstance(here.app.screen, ChangeReview))
        await here.until(lambda: bool(view(here).rows))
        await here.settle()
        yield here


def view(here: Opened) -> ChangeView:
    return here.app.screen.query_one(ChangeView)


def drawn(here: Opened) -> list[str]:
    shown = view(here)
    return [shown.render_line(y).text.rstrip() for y in range(shown.size.height)]


async def to_line(here: Opened, text: str) -> None:
    rows = view(here).rows
    view(here).go(next(n for n, r in enumerate(rows) if r.cell and r.cell.text == text))
    await here.settle()


async def test_files_and_hunks_are_shown_with_their_figures(told: ChangesShown) -> None:
    async with reviewed(told) as here:
        text = "\n".join(drawn(here))
        assert "a.py  +2 -1" not in text and "a.py  +2 -2" in text
        assert "+ value_5 = 'five'" in text
        assert "- value_5 = 5" in text
        assert "\x1b" not in text
        assert "agentdeck/w against main" in str(
            here.app.screen.query_one("#dialog").border_subtitle
        )
        await here.press("n", "n")
        assert view(here).row is not None and view(here).row.hunk == 1  # type: ignore[union-attr]
        await here.press("right_square_bracket")
        assert view(here).row is not None and view(here).row.kind == "file"  # type: ignore[union-attr]


async def test_side_by_side_pairs_what_was_with_what_is(told: ChangesShown) -> None:
    async with reviewed(told, (200, 40)) as here:
        line = next(one for one in drawn(here) if "value_5 = 5" in one)
        assert "value_5 = 'five'" in line
        await here.press("v")
        line = next(one for one in drawn(here) if "value_5 = 5" in one)
        assert "five" not in line


async def test_comments_are_collected_and_go_as_one_message(told: ChangesShown) -> None:
    async with reviewed(told) as here:
        for line, words in (("value_5 = 'five'", "Why a word?"), ("value_50 = 50", "Keep it.")):
            await to_line(here, line)
            await here.press("c")
            here.app.screen.query_one(Input).value = words
            await here.press("enter")
        assert any("Why a word?" in one.text for one in view(here).rows)
        await here.press("escape", "alt+d")  # leaving loses none of them
        await here.until(lambda: bool(view(here).rows))
        await here.press("s")
        (sent,) = here.client.said("session.send")
        assert "a.py:6\n   > value_5 = 'five'\n   Why a word?" in sent["text"]
        assert "a.py:51 (a line that you removed)" in sent["text"]
        assert not any(row.kind == "comment" for row in view(here).rows)


async def test_a_hunk_and_a_file_are_taken_back_and_given_back(told: ChangesShown) -> None:
    async with reviewed(told) as here:
        await to_line(here, "value_x = 1")
        await here.press("u")
        await here.press("U")
        await here.press("z")
        first, second = here.client.said("worktree.take_back")
        hunk = told["files"][0]["hunks"][0]["id"]
        assert (first["path"], first["hunk"]) == ("a.py", hunk)
        assert (second["path"], second.get("hunk")) == ("a.py", "")
        assert len(here.client.said("worktree.give_back")) == 1


async def test_ticked_files_are_committed_with_a_drafted_message(told: ChangesShown) -> None:
    async with reviewed(told) as here:
        await to_line(here, "value_x = 1")
        await here.press("space", "M")
        await here.until(lambda: bool(here.app.screen.query(Input)))
        assert here.app.screen.query_one(Input).value == "Values are words"
        await here.press("enter")
        (asked,) = here.client.said("worktree.commit")
        assert asked["paths"] == ["a.py"]
        assert asked["message"] == "Values are words\n\nWhy not."


async def test_a_hunk_is_staged_taken_out_and_committed_as_it_is_staged(told: ChangesShown) -> None:
    async with reviewed(told) as here:
        await to_line(here, "value_x = 1")
        await here.press("a")
        await here.until(lambda: "partly" not in view(here).rows[1].text)
        await here.until(lambda: "staged" in view(here).rows[1].text)
        await here.press("a", "A")
        await here.until(lambda: len(here.client.said("worktree.stage")) == 3)
        asked = [(a["hunk"] != "", a["undo"]) for a in here.client.said("worktree.stage")]
        assert asked == [(True, False), (True, True), (False, False)]
        await here.press("m")
        await here.until(lambda: bool(here.app.screen.query(Input)))
        here.app.screen.query_one(Input).value = "Half of it"
        await here.press("enter")
        (said,) = here.client.said("worktree.commit")
        assert (said["paths"], said["staged"]) == ([], True)


async def test_a_conflict_at_landing_is_handed_over(told: ChangesShown) -> None:
    async with reviewed(told) as here:
        engine = here.client
        assert isinstance(engine, Engine)
        engine.landing = not_landed("s001", "a.py")
        await here.press("l")
        assert isinstance(here.app.screen, Choose)
        await here.press("enter")
        title = str((await here.screen(Prompt)).query_one("#dialog").border_title)
        assert title == "4 files not committed yet: commit and land"
        await here.type("Words")
        await here.press("enter")
        assert "a.py" in (await here.screen(Confirm)).text
        await here.press("y")
        await here.until(lambda: here.app.screen is here.deck)
        assert [c.get("hand_over", False) for c in engine.said("worktree.land")] == [False, True]
        assert {c["message"] for c in engine.said("worktree.land")} == {"Words"}


async def test_pushing_is_shown_as_the_command_that_it_is(told: ChangesShown) -> None:
    async with reviewed(told) as here:
        await here.press("l", "down", "down", "down", "enter")
        await here.until(lambda: "git push -u origin agentdeck/w" in here.app.clipboard)
        assert "gh pr create --fill --base main" in here.notices()[-1]
        assert here.client.said("worktree.land") == []


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_it_fits_a_small_terminal(told: ChangesShown, size: tuple[int, int]) -> None:
    async with reviewed(told, size) as here:
        assert view(here).size.width > 30
        assert any("a.py" in line for line in drawn(here))


async def test_nothing_changed_is_said(told: ChangesShown) -> None:
    empty: ChangesShown = {**told, "files": [], "added": 0, "removed": 0}
    async with opened(1, client=Engine(empty)) as here:
        await here.press("alt+d")
        await here.until(lambda: view(here).empty != "…")
        await here.settle()
        assert drawn(here)[0].strip() == "Nothing has changed."


def test_a_large_change_is_rows_at_once() -> None:
    lines = [f"+line {n}" for n in range(50_000)]
    hunk: HunkShown = {
        "id": "h", "staged": "", "old_start": 0, "old_count": 0, "new_start": 1,
        "new_count": len(lines), "heading": "", "lines": lines,
    }  # fmt: skip
    file: FileShown = {
        "path": "x.py", "old_path": "", "status": "added", "binary": False, "untracked": True,
        "uncommitted": True, "staged": "", "added": 50_000, "removed": 0, "old_mode": "",
        "new_mode": "100644", "old_blob": "", "new_blob": "", "hunks": [hunk],
    }  # fmt: skip
    rows = rows_of([file], split=False, said={})
    assert len(rows) == 50_002
    assert rows[-1].cell is not None and rows[-1].cell.new == 50_000


def test_a_comment_that_is_emptied_is_none() -> None:
    comments = Comments()
    comments.put(Comment("a", 0, 1, "x", "words"))
    comments.put(Comment("a", 0, 1, "x", " "))
    assert len(comments) == 0


def test_a_long_hunk_is_coloured_as_far_as_it_is_seen() -> None:
    lines = ['+"""begun', *(f"+word {n}" for n in range(600)), '+"""', "+end = 1"]
    colours = Colours([{"path": "x.py", "hunks": [{"lines": lines}]}])
    first = colours.line(0, 0, 1)
    assert len(colours._kept[0, 0]) < 200
    assert [style for _, style in colours.line(0, 0, 590)] == [style for _, style in first]
    assert colours.line(0, 0, 602)[0][0].startswith("end")
