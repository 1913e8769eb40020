"""Pictures in a review: before beside after, in half cells; what can't be drawn is said."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sessions.record import events as ev
from sessions.record.summary import Summary
from sessions.worktrees import changes, pictures, review
from tests.support.gitrig import git, head, repo
from tests.unit.tui.test_review import Engine, drawn, reviewed, view
from tui.pictures.pixels import NotDrawn, read


def png(colour: tuple[int, int, int], side: int = 8) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()


async def test_before_and_after_stand_side_by_side(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    (mine / "p.png").write_bytes(png((255, 0, 0)))
    git(mine, "add", "-A")
    git(mine, "commit", "-qm", "two")
    base = head(mine)
    (mine / "p.png").write_bytes(png((0, 0, 255), 4))
    (mine / "q.png").write_bytes(png((0, 255, 0))[:50])
    found = changes.collect(mine, base)
    told = review.told(Summary("s001"), found)

    class WithPictures(Engine):
        async def _worktree_pictures(self, paths: list[str], **_: Any) -> ev.JSON:
            return {"pictures": pictures.sides(found, paths)}

    async with reviewed(told, client=WithPictures(told)) as here:
        await here.until(lambda: any("before: 8 × 8" in line for line in drawn(here)))
        text = "\n".join(drawn(here))
        assert "after: 4 × 4" in text
        assert "not drawn: it is broken" in text
        at = next(n for n, r in enumerate(view(here).rows) if r.kind == "picture") + 1
        colours = [s.style.color.triplet for s in view(here).render_line(at) if s.text == "▀"
                   and s.style and s.style.color]  # fmt: skip
        assert [tuple(c or ()) for c in colours] == [(255, 0, 0)] * 8 + [(0, 0, 255)] * 4
        (mine / "p.png").write_bytes(png((0, 255, 0), 6))
        await here.press("r")
        await here.until(lambda: any("after: 6 × 6" in line for line in drawn(here)))


async def test_a_drawing_stands_above_its_changed_text(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine")
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{0}"></svg>\n'
    (mine / "d.svg").write_text(drawing.format(8))
    git(mine, "add", "-A")
    git(mine, "commit", "-qm", "two")
    base = head(mine)
    (mine / "d.svg").write_text(drawing.format(4))
    found = changes.collect(mine, base)
    told = review.told(Summary("s001"), found)

    class WithPictures(Engine):
        async def _worktree_pictures(self, paths: list[str], **_: Any) -> ev.JSON:
            return {"pictures": pictures.sides(found, paths)}

    async with reviewed(told, client=WithPictures(told)) as here:
        await here.until(lambda: any("before: " in line for line in drawn(here)))
        text = "\n".join(drawn(here))
        assert text.index("before: ") < text.index('width="8"') < text.index('width="4"')


def test_the_engine_tells_both_sides_and_nothing_else(tmp_path: Path) -> None:
    mine = repo(tmp_path / "mine", **{"gone.png": "old"})
    base = head(mine)
    (mine / "gone.png").unlink()
    (mine / "new.png").write_bytes(b"new")
    (mine / "link.png").symlink_to("/etc/hostname")
    names = ["gone.png", "new.png", "link.png", "f", "../../etc/hostname"]
    told = pictures.sides(changes.collect(mine, base), names)
    sides = {
        name: (base64.b64decode(p["old"]), base64.b64decode(p["new"])) for name, p in told.items()
    }
    assert sides == {"gone.png": (b"old", b""), "new.png": (b"", b"new"), "link.png": (b"", b"")}


def test_a_picture_is_made_small_and_transparency_is_laid_on_black() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (400, 100), (255, 255, 255, 0)).save(out, "PNG")
    made = read(out.getvalue(), 40, 10)
    assert (made.width, len(made.rows), made.size) == (40, 10, (400, 100))
    assert made.rows[0][0] == (0, 0, 0)
    with pytest.raises(NotDrawn):
        read(b"no picture", 10, 10)
