"""The side panel's tabs: which of them exist; what they share is in `base`."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from tui.panels.base import Panel


@dataclass(frozen=True, slots=True)
class PanelKind:
    """A panel that may be there; its module is imported when it is first opened."""

    name: str
    title: str
    key: str
    class_name: str

    @property
    def module(self) -> str:
        """The package that holds the panel and its style sheets."""
        return f"tui.panels.{self.name}"

    def make(self) -> Panel:
        """A new panel of this kind."""
        cls = getattr(importlib.import_module(self.module), self.class_name)
        return cast("Panel", cls())


# In the order of their tabs.
_KNOWN = (
    PanelKind("prime", "Prime", "f3", "PrimePanel"),
    PanelKind("skills", "Skills", "f4", "SkillsPanel"),
    PanelKind("harvest", "Harvest", "f5", "HarvestPanel"),
)


@cache
def kinds() -> tuple[PanelKind, ...]:
    """The panels that exist, in the order of their tabs. Imports none of them."""
    return tuple(kind for kind in _KNOWN if find_spec(kind.module) is not None)


def sheets() -> list[str]:
    """The panels' style sheets: they belong to the screen that the panels stand in."""
    folder = Path(__file__).parent
    return [str(path) for kind in kinds() for path in sorted((folder / kind.name).glob("*.tcss"))]
