"""The library of skills of this installation, with our places and our configuration."""

from __future__ import annotations

from pathlib import Path

from sessions import paths as where
from skills.library import Library, SkillPlaces


def library(configured: list[str] | None = None, here: where.Places | None = None) -> Library:
    """The library. `configured`: `skills.paths` of the configuration; None = read it.

    Raises:
        UsageError: the configuration is wrong.
    """
    here = here or where.places()
    paths = _configured(here) if configured is None else configured
    return Library(
        SkillPlaces(
            mine=here.my_skills,
            keep=here.data / "skills",
            configured=tuple(Path(path).expanduser() for path in paths),
        )
    )


def _configured(here: where.Places) -> list[str]:
    from sessions import config

    return list(config.load(here.config_file).skills.paths)
