"""The library of skills of this installation: `skills.library` with our configuration."""

from __future__ import annotations

from pathlib import Path

from sessions.places import places
from skills.library import Library, Places


def library(configured: list[str] | None = None) -> Library:
    """The library. `configured`: `skills.paths` of the configuration; None = read it.

    Raises:
        UsageError: the configuration is wrong.
    """
    here = places()
    paths = _configured() if configured is None else configured
    return Library(
        Places(
            mine=here.my_skills,
            keep=here.data / "skills",
            configured=tuple(Path(path).expanduser() for path in paths),
        )
    )


def _configured() -> list[str]:
    from sessions import config

    return list(config.load().skills.paths)
