"""A clock, a source of papers and the real captures, for the tests of arXiv."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sessions.priming.arxiv.draw import Source
from sessions.priming.kinds import kind_of
from tests.support.arxiv_server import ArxivServer
from tests.support.rig import rig_places

NOW = 1_795_000_000.0  # 2026-11-18
REAL = next(
    (
        folder
        for folder in (
            Path(__file__).parents[4] / "shared/fixtures/arxiv",
            Path(__file__).parents[3] / "shared/fixtures/arxiv",
        )
        if folder.is_dir()
    ),
    None,
)


class Time:
    """A clock that moves when somebody waits."""

    def __init__(self) -> None:
        self.now = NOW
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def source(server: ArxivServer, root: Path, time: Time) -> Source:
    return Source(rig_places(root), server.url, 3.0, clock=time, wait=time.wait, timeout_s=5.0)


def params(**given: object) -> dict[str, object]:
    return kind_of("arxiv").read({"month": "2026-01", **given})
