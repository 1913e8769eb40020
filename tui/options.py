"""What the deck is started with: the parts of the configuration that concern the screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessions.config import Config

DEFAULT_THEME = "textual-dark"
MAX_TILES = 12
"""Side by side on one page, if the configuration says no other number."""


@dataclass(frozen=True, slots=True)
class Notify:
    """Where a session's change is told while it is out of sight."""

    deck: bool = True
    bell: bool = False
    terminal: bool = True
    """By OSC 9 and 777, which many terminals show as a notification of the desktop."""
    desktop: bool = False
    """By the desktop itself: notify-send, or osascript on macOS."""


@dataclass(frozen=True, slots=True)
class DeckOptions:
    """`keys`: an action's name → the keys that replace its own. `memory`: see tui.deck.memory."""

    theme: str = DEFAULT_THEME
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notify: Notify = field(default_factory=Notify)
    max_tiles: int = MAX_TILES
    remember: bool = True
    """Keep drafts, history and theme from one start to the next."""
    read_only: bool = False
    """Look on: whatever would send or change something is refused."""

    @classmethod
    def of(cls, config: Config) -> DeckOptions:
        """What the configuration says. Unknown action names are refused by `tui.actions`."""
        keys: dict[str, tuple[str, ...]] = {}
        for name, value in config.keys.items():
            keys[name] = (value,) if isinstance(value, str) else tuple(value)
        said = config.notify
        notify = Notify(said.deck, said.bell, said.terminal, said.desktop)
        return cls(theme=config.defaults.theme or DEFAULT_THEME, keys=keys, notify=notify)


def reads_only(app: object) -> bool:
    """Whether the deck that this app is only looks on."""
    options = getattr(app, "options", None)
    return isinstance(options, DeckOptions) and options.read_only
