"""Folders and files that are looked in by name, though git ignores them: `harvest.look_in`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class IgnoredButScanned:
    """Patterns: with a slash from the working directory, without one of a name at any depth."""

    patterns: tuple[str, ...] = ()

    @classmethod
    def of(cls, patterns: Iterable[str]) -> IgnoredButScanned:
        """As they stand in the configuration; `runs/`, `./runs` and `runs` are the same folder."""
        told = (pattern.removeprefix("./").rstrip("/") for pattern in patterns)
        return cls(tuple(pattern for pattern in told if pattern))

    def holds(self, path: str) -> bool:
        """Whether a path is named, or lies in a folder that is."""
        if not self.patterns:
            return False
        parts = PurePosixPath(path).parts
        return any(self._names(parts[:count]) for count in range(1, len(parts) + 1))

    def opens(self, path: str) -> bool:
        """Whether a folder is named itself, or is on the way to what may be."""
        if not self.patterns:
            return False
        parts = PurePosixPath(path).parts
        return self._names(parts) or any(
            len(steps) > len(parts) and _alike(parts, steps[: len(parts)])
            for pattern in self.patterns
            if len(steps := _steps(pattern)) > 1
        )

    def _names(self, parts: tuple[str, ...]) -> bool:
        return any(
            _alike(parts, _steps(pattern)) if "/" in pattern else fnmatchcase(parts[-1], pattern)
            for pattern in self.patterns
        )


def _steps(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.strip("/").split("/"))


def _alike(parts: tuple[str, ...], steps: tuple[str, ...]) -> bool:
    return len(parts) == len(steps) and all(map(fnmatchcase, parts, steps))
