"""Pictures: how soon a large one stands in its tile, what it takes there, and keys beside it.

    python -m tests.bench pictures

4 megapixels (2,400 × 1,700, as a camera would have it) in a message, from the event to the row
on screen, in each form; by sixel it stands there in half blocks first, and in full a little later.
Then the deck itself with twelve tiles that stream and six that show such
a picture each.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from sessions.engine.client import Client
from sessions.record import events as ev
from sessions.record.summary_parts import AttachedFile
from sessions.record.transcript import Transcript
from tests.bench.harness.figure import Figure, Target
from tests.bench.harness.stage import Stage
from tests.bench.tiles import One, Teller
from tui.pictures.picture_cache import shelf
from tui.pictures.terminal_support import BLOCKS, PictureSupport
from tui.view.picture import PictureLine

SIZE = (2400, 1700)
STREAM, SHOW = 12, 6
FORMS = (BLOCKS, PictureSupport("sixel", (10, 20)), PictureSupport("kitty", (10, 20)))


def photograph(path: Path, turned: int = 0) -> None:
    """A picture with large and small in it; `turned` makes another of it."""
    from PIL import Image, ImageChops

    base = Image.radial_gradient("L").resize(SIZE)
    bands = [base.rotate(90 * (turned + n) + 17).resize(SIZE) for n in range(3)]
    image = Image.merge("RGB", bands)
    grain = Image.effect_noise((600, 425), 24).resize(SIZE).convert("RGB")
    ImageChops.add(image, grain, 1, -128).save(path, compress_level=1)


def figures(quick: bool) -> Iterator[Figure]:
    """As the module says."""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder)
        for number in range(SHOW):
            photograph(files / f"{number}.png", number)
        for powers in FORMS:
            runs = [asyncio.run(_appears(files, n, powers)) for n in range(3 if quick else SHOW)]
            appear, whole = zip(*runs, strict=True)
            yield Figure(f"4 megapixels appear, {powers.form}", list(appear), "ms", Target(150))
            if powers.form == "sixel":
                yield Figure("4 megapixels in full, sixel", list(whole), "ms")
        for form in ("blocks", "sixel"):
            yield from _beside(files, form, 3.0 if quick else 10.0, 1 if quick else 3)


async def _appears(files: Path, number: int, powers: PictureSupport) -> tuple[float, float]:
    """Milliseconds from the message's event to the picture's rows, and to those in full."""
    transcript, tell = Transcript(), Teller()
    transcript.files = files
    app = One(transcript)
    async with app.run_test(size=(100, 40)):
        kept = shelf(app)
        kept.powers = powers
        warm = {"path": f"files/{(number + 1) % SHOW}.png", "media_type": "image/png"}
        await _shown(app, transcript, tell, warm)  # Pillow is imported with the first
        told = {"path": f"files/{number}.png", "media_type": "image/png"}
        return await _shown(app, transcript, tell, told)


async def _shown(
    app: One, transcript: Transcript, tell: Teller, told: dict[str, Any]
) -> tuple[float, float]:
    began = time.perf_counter()
    block = transcript.apply(tell(ev.UserMessage, turn=1, text="Look", attachments=[told]))
    assert block is not None
    app.view.mark_dirty(block)
    app.view.flush()
    number = len(transcript.blocks) - 1
    appeared = 0.0
    while True:
        found = [
            row.line.picture
            for row in app.view._rows
            if row.block == number and isinstance(row.line, PictureLine)
        ]
        now = (time.perf_counter() - began) * 1000
        appeared = appeared or (now if found else 0.0)
        wanted = shelf(app).powers.form == "sixel"
        if found and (found[0].sixels is not None or not wanted):
            return appeared, now
        await asyncio.sleep(0.001)
        if now > 30_000:
            raise RuntimeError("no picture came")


def _beside(files: Path, form: str, seconds: float, rounds: int) -> Iterator[Figure]:
    with mock.patch.dict(os.environ, AGENTDECK_PICTURES=form), Stage(STREAM + SHOW) as stage:
        stage.open(STREAM + SHOW)
        without = [stage.watched(seconds).interface for _ in range(rounds)]
        blinking = _printed(stage)
        asyncio.run(_show(stage, files))
        # The turns' notices have gone, too: what they take is not what pictures take.
        until = time.monotonic() + 40.0
        time.sleep(5.0)
        while _printed(stage) > blinking + 1000 and time.monotonic() < until:
            pass
        idle = [stage.watched(seconds).interface for _ in range(rounds)]
        streaming, stage.ids = stage.ids, stage.ids[:STREAM]
        stage.stream(100)
        stage.ids = streaming
        echoes = [stage.typed(seconds)[0].p99 for _ in range(rounds)]
    name = f"{SHOW} pictures in view, {form}"
    yield Figure(f"interface CPU, idle, {name}", idle, "% of a core", Target(0.5, "over"),
                 "the same deck without", without)  # fmt: skip
    yield Figure(f"key echo p99, {STREAM} tiles stream, {name}", echoes, "ms", Target(30))


def _printed(stage: Stage, seconds: float = 4.0) -> int:
    """How many bytes the deck prints in so long."""
    assert stage.terminal is not None
    before = stage.terminal.bytes
    time.sleep(seconds)
    return stage.terminal.bytes - before


async def _show(stage: Stage, files: Path) -> None:
    """A picture each for the last sessions."""
    client = await Client.connect(stage.places, start=False)
    try:
        for number, session in enumerate(stage.ids[STREAM:]):
            given: list[AttachedFile] = [{"file": str(files / f"{number}.png")}]
            await client.call("session.send", session=session, text="Look", attachments=given)
    finally:
        await client.close()
