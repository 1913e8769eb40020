"""Papers that are here already: today's answers, earlier draws, the sample that ships.

Version 1 of a paper never changes, so a draw is kept for ever and the same seed gives the same
papers without a network. Bodies are kept for a day, which is how long arXiv's metadata lasts.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sessions.errors import AgentdeckError
from sessions.paths import private_folder
from sessions.priming.arxiv.papers import Paper, paper_from_json
from sessions.priming.model import JSON
from skills import private_files

DAY_S = 86_400.0
_MAX_BODIES = 200
_MAX_DRAWS = 2_000
_POOLED_DRAWS = 100
_MAX_FILE = 8 * 1024 * 1024


class PaperStore:
    """Files under one folder (`state/arxiv`); losing them costs requests, nothing else."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._bodies = folder / "answers"
        self._draws = folder / "draws"
        self._clock = clock

    # -- the day's answers

    def body(self, key: str) -> bytes | None:
        """The body fetched for this key within the last day, if any."""
        path = self._bodies / _name(key, "xml")
        try:
            status = path.stat()
            if status.st_size > _MAX_FILE or self._clock() - status.st_mtime > DAY_S:
                return None
            return path.read_bytes()
        except OSError:
            return None

    def keep_body(self, key: str, body: bytes) -> None:
        """Keep a body for the day, and let go of the oldest."""
        _write(self._bodies / _name(key, "xml"), body, self._clock())
        _prune(self._bodies, _MAX_BODIES, self._clock() - DAY_S)

    # -- draws

    def kept_draw(self, key: str) -> tuple[list[Paper], JSON] | None:
        """The papers of this very draw in draw order, and the facts of it, if it was made."""
        return _read_draw(self._draws / _name(key, "json"))

    def keep_draw(self, key: str, about: JSON, papers: list[Paper]) -> None:
        """Keep a draw; `about` has `month` and `category`."""
        data = {"about": about, "papers": [paper.to_json() for paper in papers]}
        text = json.dumps(data, ensure_ascii=True)
        _write(self._draws / _name(key, "json"), text.encode("ascii"), self._clock())
        _prune(self._draws, _MAX_DRAWS, 0)

    def earlier(self, month: str, category: str) -> list[Paper]:
        """All papers of earlier draws of that month and category, by id."""
        found: dict[str, Paper] = {}
        for path in _newest(self._draws)[:_POOLED_DRAWS]:
            draw = _read_draw(path)
            if draw and draw[1].get("month") == month and draw[1].get("category") == category:
                found.update((paper.id, paper) for paper in draw[0])
        return [found[key] for key in sorted(found)]

    def any_earlier(self) -> list[Paper]:
        """All papers of the newest earlier draws, whatever they were of, by id."""
        found: dict[str, Paper] = {}
        for path in _newest(self._draws)[:_POOLED_DRAWS]:
            draw = _read_draw(path)
            found.update((paper.id, paper) for paper in (draw[0] if draw else ()))
        return [found[key] for key in sorted(found)]


@cache
def bundled() -> tuple[Paper, ...]:
    """The records that ship with agentdeck: real, CC0, and no random sample of anything."""
    path = files("sessions.priming") / "data" / "arxiv-sample.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    return tuple(paper_from_json(paper) for paper in data["papers"])


def _name(key: str, suffix: str) -> str:
    return f"{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.{suffix}"


def _read_draw(path: Path) -> tuple[list[Paper], JSON] | None:
    """A kept draw; None where the file is missing or damaged."""
    try:
        if path.stat().st_size > _MAX_FILE:
            return None
        data: Any = json.loads(path.read_bytes())
        papers = [paper_from_json(paper) for paper in data["papers"]]
        return papers, dict(data["about"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _write(path: Path, data: bytes, now: float) -> None:
    """Write a whole file or none of it. A cache that can't be written is done without."""
    with contextlib.suppress(OSError, AgentdeckError):
        private_folder(path.parent)
        private_files.write(path, data, synced=False)
        os.utime(path, (now, now))


def _newest(folder: Path) -> list[Path]:
    """The files of a folder, newest first."""

    def dated() -> Iterator[tuple[float, Path]]:
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                yield path.stat().st_mtime, path

    try:
        return [path for _, path in sorted(dated(), reverse=True)]
    except OSError:
        return []


def _prune(folder: Path, keep: int, before: float) -> None:
    """Let go of what is older than `before`, and of all beyond the `keep` newest."""
    for index, path in enumerate(_newest(folder)):
        with contextlib.suppress(OSError):
            if index >= keep or path.stat().st_mtime < before:
                path.unlink()
