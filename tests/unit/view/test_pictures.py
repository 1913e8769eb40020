"""Pictures in a transcript stand where they were sent, and are drawn when they have come."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

from PIL import Image

from sessions.record import events as ev
from tests.support.viewrig import ViewApp
from tui.pictures.picture_cache import shelf
from tui.pictures.strips import PictureStrip
from tui.pictures.terminal_support import PictureSupport


def red(files: Path, name: str = "a.png") -> ev.JSON:
    """A picture under `files/`, as a message names it."""
    out = io.BytesIO()
    Image.new("RGB", (80, 40), "red").save(out, "PNG")
    files.mkdir(exist_ok=True)
    (files / name).write_bytes(out.getvalue())
    return {"path": f"files/{name}", "media_type": "image/png", "name": "plot.png"}


async def came(app: ViewApp, words: str) -> None:
    """Wait until a row says it."""
    for _ in range(2000):
        app.view.flush()
        if any(words in row for row in app.rows):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(app.rows)


def colours(app: ViewApp) -> set[Any]:
    """The colours of the half blocks on screen."""
    return {s.style.color.triplet for strip in app.view._strips for s in strip
            if s.text == "▀" and s.style and s.style.color}  # fmt: skip


async def test_a_picture_of_a_message_and_one_of_a_result_are_drawn(tmp_path: Path) -> None:
    app = ViewApp()
    async with app.run_test(size=(40, 40)):
        app.view.transcript.files = tmp_path / "files"
        app.view.show_transcript(app.view.transcript)
        app.say(ev.UserMessage, text="Look", attachments=[red(tmp_path / "files")])
        app.say(ev.ToolCall, call="c", name="Read", input={})
        outside = {"path": "../../b.png", "media_type": "image/png"}
        red(tmp_path, "b.png")
        app.say(ev.ToolResult, call="c", status="ok", content="An image", images=[outside])
        await came(app, "plot.png] 80 × 40")
        await came(app, "b.png] is not drawn")
        (colour,) = colours(app)
        assert tuple(colour) == (255, 0, 0)
        assert sum("▀" in row for row in app.rows) == 10  # 38 cells wide, 2 to 1

        # The terminal turns out to know sixels: the same rows, and the picture over them.
        shelf(app)._better(PictureSupport("sixel", (10, 20)))
        for _ in range(2000):
            app.view.flush()
            if any(isinstance(strip, PictureStrip) for strip in app.view._strips):
                break
            await asyncio.sleep(0.01)
        assert sum(isinstance(strip, PictureStrip) for strip in app.view._strips) == 2
        app.view.action_scroll_home()
        rendered = app.view.render_lines(app.view.region.reset_offset)
        assert any(isinstance(strip, PictureStrip) for strip in rendered)


async def test_a_picture_in_an_agents_text_is_drawn_where_it_was_shown(tmp_path: Path) -> None:
    app = ViewApp()
    async with app.run_test(size=(40, 40)):
        app.view.transcript.files = tmp_path / "files"
        app.view.show_transcript(app.view.transcript)
        red(tmp_path / "files")
        app.say(ev.Text, text="See:")
        app.say(ev.Text, text="\n\n[image: files/a.png]\n\n")
        app.view.flush()
        app.say(ev.Text, text="Well?")
        await came(app, "a.png] 80 × 40")
        await came(app, "Well?")
        rows = [row.strip() for row in app.rows if row.strip()]
        assert rows[0] == "See:" and "▀" in rows[1] and rows[-1] == "Well?"


async def test_a_picture_that_an_answer_names_in_markdown_is_drawn_once_it_is_whole(
    tmp_path: Path,
) -> None:
    app = ViewApp()
    async with app.run_test(size=(50, 60)):
        app.view.transcript.folder = tmp_path / "work"
        app.view.show_transcript(app.view.transcript)
        red(tmp_path / "work", "a b.png")
        red(tmp_path, "out.png")
        (tmp_path / "work" / "link.png").symlink_to(tmp_path / "out.png")
        (tmp_path / "work" / "round.png").symlink_to("round.png")
        app.say(ev.Text, text="Here:\n\n![the pl")
        app.view.flush()
        app.say(ev.Text, text="ot](a%20b.png)\n\n[out](../out.png)\n\n![far](link.png)\n\n")
        app.say(ev.Text, text="![ring](round.png)\n\n")
        app.say(ev.Text, text="![web](https://example.org/a.png)\n\nSee ![it](<a b.png>) there.")
        await came(app, "the plot] 80 × 40")
        await came(app, "it]")
        assert sum("▀" in row for row in app.rows) == 12  # one picture of 48 cells, 2 to 1
        for words in ("../out.png", "link.png", "round.png", "example.org", "there."):
            assert any(words in row for row in app.rows), words


async def test_pictures_that_a_command_made_are_drawn_below_it(tmp_path: Path) -> None:
    app = ViewApp()
    async with app.run_test(size=(40, 40)):
        app.view.transcript.folder = tmp_path / "work"
        app.view.show_transcript(app.view.transcript)
        red(tmp_path / "work")
        red(tmp_path, "b.png")
        app.say(ev.ToolCall, call="c", name="Bash", input={"command": "plot"})
        app.say(ev.ToolResult, call="c", status="ok", content="done")
        made: list[ev.JSON] = [{"path": "a.png"}, {"path": "../b.png"}, {"path": "a.csv"}]
        app.say(ev.FilesMade, call="c", files=made)
        await came(app, "a.png] 80 × 40")
        assert not any("b.png" in row or "csv" in row for row in app.rows)


async def test_without_a_place_a_picture_is_named(tmp_path: Path) -> None:
    app = ViewApp()
    async with app.run_test(size=(40, 12)):
        app.say(ev.UserMessage, text="Look", attachments=[red(tmp_path / "files"), {"path": 3}])
        await came(app, "[attached: plot.png]")
        await came(app, "[attached: 3]")
