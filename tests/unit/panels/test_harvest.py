"""The Harvest panel by keyboard, on a real engine: from a script that ran to a skill in use."""

from __future__ import annotations

import json
import os
import struct
import sys
import zlib
from pathlib import Path

import pytest
from textual.widgets import Static

from sessions.harvest.service import Harvest
from sessions.record import events as ev
from sessions.record.event_parts import FileMade
from skills.validate import validate
from tests.support.messages_server import Request, Step, call, say
from tests.support.nativerig import of_type
from tests.support.panelrig import PanelRig, panel_rig
from tui.panels.harvest import HarvestPanel
from tui.panels.harvest.picture import PictureScreen, half_blocks
from tui.panels.harvest.review import DraftReview
from tui.pictures.pixels import read
from tui.widgets.hints import Hints

SCRIPT = "import sys\nprint(sum(range(10)))  # ünï\n"
ANSWER = "Here:\n\n```python\ndef sluice(level: float) -> bool:\n    return level > 2.5\n```\n"


def worker(request: Request) -> list[Step]:
    """Writes a script and runs it when told to; uses a skill when told to."""
    told = str(request.body["messages"])
    if "You edit the text of a skill" in request.last_text:
        lines = [{"text": "# Totals", "from": []}, {"text": "Own words.", "from": []}]
        return say(json.dumps({"name": "total", "description": "Use to add.", "lines": lines}))
    if "would you open the skill" in request.last_text:
        return say("none")
    if "use the skill" in told and not request.results:
        return call("skill", {"name": "total"}, f"s{len(told)}")
    if "sluice" in told:
        return say(ANSWER)
    if "script" not in told:
        return say("Nothing to do.")
    if not request.results:
        return call("Write", {"file_path": "total.py", "content": SCRIPT}, f"w{len(told)}")
    if told.count("'tool_result'") % 2:
        return call("Bash", {"command": "python3 total.py"}, f"b{len(told)}")
    return say("It ran.")


async def harvested(rig: PanelRig) -> HarvestPanel:
    """A session in which a script was written and run, its panel open."""
    await rig.native.turn(rig.session, "Write a script that totals, and run it, please?")
    await rig.press("f5")
    panel = rig.panel(HarvestPanel)
    await rig.until(lambda: any(f["kind"] == "file" for f in panel.found))
    await rig.press()
    return panel


def full(tmp_path: Path, **more: object) -> object:
    """A rig whose sessions may run things."""
    return panel_rig(tmp_path, worker, permission="full", confirmed_full=True, **more)  # type: ignore[arg-type]


async def drafted(rig: PanelRig) -> DraftReview:
    """A draft of everything that was found, in its review."""
    panel = await harvested(rig)
    await rig.press("a")
    await rig.until(lambda: len(panel.basket) == len(panel.found))
    await rig.press("d")
    await rig.press("enter")
    await rig.until(lambda: isinstance(rig.app.screen, DraftReview))
    review = rig.app.screen
    assert isinstance(review, DraftReview)
    await rig.until(lambda: bool(review.checked["checks"]) and not review.busy)
    await rig.press()
    return review


async def test_a_script_that_ran_becomes_a_skill_that_another_tile_uses(tmp_path: Path) -> None:
    async with full(tmp_path, sessions=2) as rig:  # type: ignore[attr-defined]
        await drafted(rig)
        await rig.press("i")
        path = rig.native.deck.places.my_skills / "total"
        await rig.until(lambda: (path / "SKILL.md").exists() and rig.app.screen is rig.deck)
        assert (path / "scripts" / "total.py").read_bytes() == SCRIPT.encode()
        assert validate(path).findings == ()
        other = rig.sessions[1]
        rig.deck.go(other.id)
        await rig.press("f4")
        await rig.until(lambda: any("total" in row for row in rig.rows()))
        await rig.press("slash")
        await rig.type("total")
        await rig.press("enter", "space")
        await rig.until(lambda: bool(of_type(other, ev.SkillSet)))
        await rig.native.turn(other, "use the skill")
        assert [used.name for used in of_type(other, ev.SkillUsed)] == ["total"]


async def test_byproducts_show_their_receipts_and_signals(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        await harvested(rig)
        row = next(row for row in rig.rows() if "file" in row)
        assert "passed" in row and "total.py" in row
        about = rig.text("#harvest-about")
        assert "from 1 task 1, turn 1, event" in about


async def test_the_basket_is_the_same_in_every_tile(tmp_path: Path) -> None:
    async with full(tmp_path, sessions=2) as rig:  # type: ignore[attr-defined]
        panel = await harvested(rig)
        await rig.press("space")
        await rig.until(lambda: len(panel.basket) == 1)
        rig.deck.go(rig.sessions[1].id)
        await rig.press("f5", "b")  # going to a tile gave the keys to the composer
        await rig.until(lambda: len(rig.rows()) == 1)
        await rig.press("x")
        await rig.until(lambda: not panel.basket)
        assert Harvest(rig.native.deck.places).basket.items() == []


async def test_of_several_sessions_and_of_all(tmp_path: Path) -> None:
    async with full(tmp_path, sessions=3) as rig:  # type: ignore[attr-defined]
        await rig.native.turn(rig.sessions[1], "A sluice, please?")
        await rig.native.turn(rig.sessions[2], "A sluice, please?")
        panel = await harvested(rig)
        assert {f["from"]["session"] for f in panel.found} == {rig.session.id}
        await rig.press("v")
        await rig.until(lambda: len({f["from"]["session"] for f in panel.found}) == 3)
        assert any(f["signals"].get("sessions") == 2 for f in panel.found), "what recurs is marked"
        closed = rig.sessions[2].id
        await rig.deck.client.call("session.set", session=closed, changes={"closed": True})
        await rig.until(lambda: rig.deck.model.summaries[closed].closed)
        del rig.deck.model.summaries[closed]  # as after a start: closed ones are not told
        await rig.press("m")
        await rig.until(lambda: rig.app.screen is not rig.deck)
        await rig.press(*"today", "ctrl+a", "enter")
        await rig.until(lambda: panel.where == "several" and not panel.looking)
        assert len(panel.several) == 3 and closed in panel.several
        assert any(int(f["signals"].get("times") or 1) > 1 for f in panel.found), "merged, counted"
        await rig.press("r")
        await rig.until(lambda: rig.app.screen is not rig.deck)
        await rig.press(*"today", "enter")
        await rig.until(lambda: panel.span.startswith("day ") and not panel.looking)
        assert len(panel.several) == 3 and len(panel.found) > 1


async def test_a_block_marked_in_a_tile_is_a_byproduct(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        panel = await harvested(rig)
        call_ = rig.deck.client.call
        await call_(
            "harvest.mark", session=rig.session.id, kind="text", text="keep this", turn=1, seq=3
        )
        await rig.until(lambda: any(f["signals"].get("marked") for f in panel.found))
        await rig.until(lambda: any("keep this" in row for row in rig.rows()[:2]))


async def test_its_turn_is_opened_also_of_a_closed_session(tmp_path: Path) -> None:
    async with full(tmp_path, sessions=2) as rig:  # type: ignore[attr-defined]
        panel = await harvested(rig)
        rig.deck.go(rig.sessions[1].id)
        await rig.press("f5", "v")
        await rig.until(lambda: bool(panel.found) and bool(rig.rows()))
        await rig.native.deck.change(rig.session, {"closed": True})
        await rig.until(lambda: rig.session.id not in rig.deck.model.order)
        panel.rows.focus()
        await rig.press("t")
        await rig.until(lambda: rig.deck.model.current == rig.session.id)


async def test_what_is_saved_is_byte_for_byte_what_ran(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        await harvested(rig)
        await rig.press("slash")
        await rig.type("total.py")
        await rig.press("enter", "w", "ctrl+u")
        await rig.type(str(tmp_path / "out.py").replace("_", "_"))
        target = tmp_path / "out.py"
        rig.app.screen.query_one("Input").value = str(target)  # type: ignore[attr-defined]
        await rig.press("enter")
        await rig.until(target.exists)
        assert target.read_bytes() == SCRIPT.encode()


async def test_a_suggestion_is_shown_and_dismissed(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        panel = await harvested(rig)
        await rig.until(lambda: bool(panel.suggestion))
        assert "make it a skill?" in rig.text("#harvest-suggestion")
        await rig.press("n")
        assert not rig.deck.query_one("#harvest-suggestion").display
        panel.reload()
        await rig.until(lambda: not panel.looking)
        assert panel.suggestion == ""


async def test_a_suggestion_is_taken_by_one_key(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        panel = await harvested(rig)
        await rig.until(lambda: bool(panel.suggestion))
        await rig.press("y")
        await rig.until(lambda: isinstance(rig.app.screen, DraftReview))
        review = rig.app.screen
        assert isinstance(review, DraftReview)
        assert "scripts/total.py" in review.draft["files"] and panel.basket == []


async def test_the_keys_of_a_review_take_no_more_lines_than_they_need(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        review = await drafted(rig)
        keys = review.query_one(Hints)
        assert keys.size.height == str(keys.content).count("\n") + 1 <= 3


async def test_the_models_words_are_marked_and_the_round_is_recorded(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        review = await drafted(rig)
        await rig.press("m")
        await rig.press("ctrl+s")
        await rig.until(lambda: bool(review.draft["rounds"]) and not review.busy)
        await rig.press()
        assert "Own words.  ← the model's own" in rig.text("#review-content")
        await rig.press("end")
        assert review.path == "round:1" and "+Own words." in rig.text("#review-content")


async def test_a_broken_draft_of_the_model_leaves_the_one_before(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        review = await drafted(rig)
        before = rig.text("#review-content")
        rig.server.script = lambda request: say("no json")
        await rig.press("m")
        await rig.press("ctrl+s")
        await rig.until(lambda: "was no draft" in rig.text("#review-said"))
        assert rig.text("#review-content") == before and not review.draft["rounds"]


async def test_an_edit_in_the_editor_is_a_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "ed"
    editor.write_text('#!/bin/sh\nprintf "\\nMind the units.\\n" >> "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        review = await drafted(rig)
        monkeypatch.setattr(rig.app, "suspend", lambda: __import__("contextlib").nullcontext())
        await rig.press("e")
        await rig.until(lambda: bool(review.draft["rounds"]) and not review.busy)
        assert "Mind the units." in rig.text("#review-content")
        assert review.draft["rounds"][0]["by"] == "user"


async def test_a_missing_editor_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "/no/such/editor")
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        await drafted(rig)
        monkeypatch.setattr(rig.app, "suspend", lambda: __import__("contextlib").nullcontext())
        await rig.press("e")
        assert "can't be started" in rig.text("#review-said")


async def test_checks_say_what_they_cost_and_what_they_found(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        review = await drafted(rig)
        assert "ok valid: valid by the strict rules (free)" in rig.text("#review-said")
        await rig.press("p")
        await rig.until(lambda: not review.busy)
        assert "1/1 scripts ended and printed as recorded (runs the scripts)" in rig.text(
            "#review-said"
        )
        await rig.press("k")
        await rig.until(lambda: not review.busy)
        assert "(one question to the model)" in rig.text("#review-said")


async def second(rig: PanelRig, mine: str = "", draft: str = "") -> tuple[DraftReview, Path]:
    """A skill of mine with a line added by hand, and a second draft with one of its own."""
    await drafted(rig)
    await rig.press("i")
    md = rig.native.deck.places.my_skills / "total" / "SKILL.md"
    await rig.until(lambda: md.exists() and rig.app.screen is rig.deck)
    md.write_text(md.read_text() + mine)
    await rig.press("d")
    await rig.type("again")
    await rig.press("enter")
    await rig.until(lambda: isinstance(rig.app.screen, DraftReview))
    review = rig.app.screen
    assert isinstance(review, DraftReview)
    await rig.until(lambda: bool(review.checked["neighbours"]) and not review.busy)
    if draft:
        theirs = Path(review.draft["path"]) / "SKILL.md"
        theirs.write_text(theirs.read_text() + draft)
        review.run(review.edited())
        await rig.until(lambda: not review.busy)
    return review, md


async def test_a_second_draft_is_offered_as_an_update_of_the_first(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        review, md = await second(rig, mine="\nMind the units.\n")
        assert "near: total: update it? (u)" in rig.text("#review-said")
        await rig.press("u", "enter")
        assert [row.split()[0] for row in rig.rows()] == ["update", "extend"]
        await rig.press("enter")
        await rig.until(lambda: review.draft["into"] == "total" and not review.busy)
        await rig.press("end")
        assert "y+ Mind the units." in rig.text("#review-content"), "the three versions"
        await rig.press("i")
        await rig.until(lambda: rig.app.screen is rig.deck)
        assert "Mind the units." in md.read_text()


async def test_a_near_skill_is_offered_before_a_second_one_is_made(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        await second(rig)
        await rig.press("i")
        assert [row.split()[0] for row in rig.rows()] == ["update", "extend", "make"]
        await rig.press("down", "down", "enter")
        await rig.until(lambda: rig.app.screen is rig.deck)
        assert (rig.native.deck.places.my_skills / "again" / "SKILL.md").exists()


async def test_what_both_changed_is_decided_on_screen(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        review, md = await second(rig, "\nIn metres.\n", "\nIn feet.\n")
        await rig.press("u", "enter", "enter")
        await rig.until(lambda: review.draft["into"] == "total" and not review.busy)
        assert "1 places were changed by you and by the draft" in rig.text("#review-said")
        await rig.press("i")
        await rig.until(lambda: "both stand there" in rig.text("#review-said"))
        await rig.press("y")
        yours, theirs, _ = rig.rows()
        assert yours.startswith("yours") and "In metres." in yours and "In feet." in theirs
        await rig.press("enter")
        await rig.until(lambda: not review.draft["conflicts"] and not review.busy)
        await rig.press("i")
        await rig.until(lambda: rig.app.screen is rig.deck)
        assert "In metres." in md.read_text() and "In feet." not in md.read_text()


async def test_a_draft_is_edited_in_place(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        review = await drafted(rig)
        await rig.press("t", "ctrl+end")
        await rig.type("Mind the units.")
        await rig.press("ctrl+s")
        await rig.until(lambda: bool(review.draft["rounds"]) and not review.busy)
        assert "Mind the units." in rig.text("#review-content")
        assert review.draft["rounds"][0]["by"] == "user"


async def test_a_paired_run_is_begun_and_decided_from_the_review(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        review = await drafted(rig)
        await rig.press("b")
        await rig.until(lambda: rig.app.screen is not review)
        await rig.press("y")
        await rig.until(lambda: "Two tiles run" in rig.text("#review-said"))
        deck = rig.native.deck
        await rig.until(lambda: len(deck.sessions) == 3 and not deck.working)
        await rig.press("b")
        await rig.until(lambda: rig.app.screen is not review)
        await rig.press("down", "down", "enter")
        await rig.until(lambda: "pair: alike" in rig.text("#review-said"))


async def test_a_rejected_draft_leaves_its_reason_and_the_basket(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        await drafted(rig)
        await rig.press("delete")
        await rig.type("too narrow")
        await rig.press("enter", "y")
        await rig.until(lambda: rig.app.screen is rig.deck)
        service = Harvest(rig.native.deck.places)
        assert service.names() == [] and service.lessons.reasons() == ["too narrow"]
        assert service.basket.items()


async def test_a_skill_is_put_away_and_brought_back(tmp_path: Path) -> None:
    async with full(tmp_path) as rig:  # type: ignore[attr-defined]
        await drafted(rig)
        await rig.press("i")
        mine = rig.native.deck.places.my_skills / "total"
        await rig.until(lambda: mine.exists() and rig.app.screen is rig.deck)
        await rig.press("u")
        await rig.until(lambda: rig.app.screen is not rig.deck)
        assert "never used" in rig.rows()[0]
        await rig.press("enter")
        await rig.press("y")
        await rig.until(lambda: not mine.exists())
        await rig.press("u")
        await rig.until(lambda: rig.app.screen is not rig.deck)
        assert "put away" in rig.rows()[0] and "bring it back?" in rig.rows()[0]
        await rig.press("enter")
        await rig.until(mine.exists)


# -- pictures


def png(width: int, height: int, kind: int, rows: list[bytes], palette: bytes = b"") -> bytes:
    """A PNG file of these filtered rows."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"PLTE", palette) if palette else b""]
    parts += [chunk(b"IDAT", zlib.compress(b"".join(rows))), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_two_pixels_make_a_cell() -> None:
    data = png(1, 3, 2, [b"\0\xff\0\0", b"\0\0\0\xff", b"\0\xff\0\0"])
    assert half_blocks(read(data, 10, 10)).plain == "▀\n▀"


async def test_without_the_extra_it_is_said_what_draws_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    (tmp_path / "red.png").write_bytes(png(1, 1, 2, [b"\0\xff\0\0"]))
    async with panel_rig(tmp_path, worker) as rig:
        rig.app.push_screen(PictureScreen(tmp_path / "red.png"))
        await rig.until(lambda: bool(rig.app.screen.query("#picture")))
        await rig.until(
            lambda: "extra `pictures`" in str(rig.app.screen.query_one("#picture", Static).content)
        )


async def test_a_picture_is_shown_and_opens_outside(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, worker) as rig:
        (tmp_path / "work" / "red.png").write_bytes(png(2, 2, 2, [b"\0" + b"\xff\0\0" * 2] * 2))
        rig.session.recorder.emit(
            ev.Byproduct(kind="picture", path="red.png", origin={"turn": 1, "seq": 1})
        )
        await rig.press("f5")
        panel = rig.panel(HarvestPanel)
        await rig.until(lambda: bool(panel.found) and bool(rig.rows()))
        await rig.press("enter")
        await rig.until(lambda: isinstance(rig.app.screen, PictureScreen))
        await rig.until(lambda: "▀" in str(rig.app.screen.query_one("#picture", Static).content))
        opened: list[str] = []
        rig.app.open_url = lambda url, **_: opened.append(url)  # type: ignore[method-assign]
        await rig.press("o")
        assert opened and opened[0].endswith("/work/red.png")


async def test_files_that_turn_up_behind_a_command_are_shown(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, worker) as rig:
        await rig.press("f5")
        panel = rig.panel(HarvestPanel)
        await rig.until(lambda: panel.rows.empty.startswith("Nothing"))
        rig.session.recorder.emit(ev.ShellRan(command="make plot"))
        shell = next(e for e in rig.session.journal.events() if isinstance(e, ev.ShellRan))
        files: list[FileMade] = [{"path": "plot.png", "size": 9}]
        rig.session.recorder.emit(ev.FilesMade(turn=1, call=shell.call, files=files))
        await rig.until(lambda: any(each["path"] == "plot.png" for each in panel.found))


def test_a_pipe_that_is_called_a_picture_holds_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    screen = PictureScreen(tmp_path / "a.png")
    screen._read()
    assert "it is no file" in screen.why


async def test_of_a_picture_that_is_text_the_source_is_shown(tmp_path: Path) -> None:
    async with panel_rig(tmp_path, worker) as rig:
        (tmp_path / "work" / "a.svg").write_text("<svg>\x1b[31m<rect/></svg>")
        rig.session.recorder.emit(
            ev.Byproduct(kind="picture", path="a.svg", origin={"turn": 1, "seq": 1})
        )
        await rig.press("f5")
        panel = rig.panel(HarvestPanel)
        await rig.until(lambda: bool(panel.found) and bool(rig.rows()))
        await rig.press("enter")
        await rig.until(lambda: isinstance(rig.app.screen, PictureScreen))
        await rig.until(
            lambda: "<rect/>" in str(rig.app.screen.query_one("#picture", Static).content)
        )
        assert "\x1b" not in str(rig.app.screen.query_one("#picture", Static).content)


def test_what_is_no_text_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0\1")
    (tmp_path / "a.svg").write_text("<svg/>")
    draft: ev.JSON = {"name": "x", "path": str(tmp_path)}
    review = DraftReview(None, draft, "")  # type: ignore[arg-type]
    told = {}
    for name in ("a.png", "a.bin", "a.svg"):
        review.path = name
        told[name] = review._content().plain
    assert told == {"a.png": "A picture: enter shows it.", "a.bin": "It is no text.",
                    "a.svg": "<svg/>"}  # fmt: skip
