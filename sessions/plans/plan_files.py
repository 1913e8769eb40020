"""The plans of a directory, each as it would be started now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sessions.api.plans import PlanFound
from sessions.config.model import Config
from sessions.errors import AgentdeckError, UsageError
from sessions.plans import draft, examples
from sessions.plans.read import CheckedPlan, PlanError, read

BEGINNING = "beginning"
"""The example that a new plan begins as."""
_MOST = 100
_LOOKED_IN = 64_000
_ENDS = ".plan.toml"
_FOLDER = "plans"


def found(folder: Path, config: Config, skills: Sequence[str]) -> list[PlanFound]:
    """Files with tasks there, and in its folder `plans`; the newest first."""
    try:
        paths = list(folder.iterdir())
        if (inner := folder / _FOLDER).is_dir():
            paths += inner.iterdir()
        paths = [path for path in paths if _is_plan(path)]
        paths.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError as error:
        raise UsageError(f"{folder} can't be read: {error.strerror}.") from error
    return [look(path, config, skills) for path in paths[:_MOST]]


def _is_plan(path: Path) -> bool:
    if path.suffix != ".toml" or not path.is_file():
        return False
    if path.name.endswith(_ENDS):
        return True
    with path.open("rb") as file:
        return b"[[task]]" in file.read(_LOOKED_IN)


def look(path: Path, config: Config, skills: Sequence[str]) -> PlanFound:
    """What a plan file leads to, or what is wrong with it."""
    try:
        checked = read(path, config, skills=skills)
    except PlanError as error:
        return _told(path, fault=str(error.findings[0]))
    except AgentdeckError as error:
        return _told(path, fault=str(error))
    return _told(path, checked)


def _told(path: Path, checked: CheckedPlan | None = None, fault: str = "") -> PlanFound:
    if checked is None:
        return PlanFound(
            path=str(path), title="", tasks=0, sessions=0, more=False, warnings=[], fault=fault
        )
    counts = [checked.sessions(task) for task in checked.plan.tasks]
    return PlanFound(
        path=str(path),
        title=checked.plan.title,
        tasks=len(counts),
        sessions=sum(count or 0 for count in counts),
        more=None in counts,
        warnings=list(checked.warnings),
        fault="",
    )


def begin(folder: Path) -> Path:
    """A new plan there, to be changed. Raises AgentdeckError."""
    return draft.write_new(folder, "my plan", examples.text(BEGINNING))
