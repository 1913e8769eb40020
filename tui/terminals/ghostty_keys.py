"""The numbers by which Ghostty's library knows keys, and what is held with them."""

from __future__ import annotations

from pyghostty._ffi import ffi

from tui.terminals.emulator import Press

SHIFT, _CTRL, _ALT, _SUPER = 1, 2, 4, 8


def _key_codes() -> dict[str, int]:
    """The library's keys by W3C's names: `GHOSTTY_KEY_ARROW_UP` is `ArrowUp`."""
    found = {}
    for name, value in ffi.typeof("GhosttyKey").relements.items():
        words = name.removeprefix("GHOSTTY_KEY_").split("_")
        code = "".join(word.capitalize() for word in words)
        if len(code) == 1:
            code = f"Key{code}"
        found[code] = value
    return found


CODES = _key_codes()


def mods_of(press: Press) -> int:
    """What is held with a key."""
    return (
        (SHIFT if press.shift else 0)
        | (_CTRL if press.ctrl else 0)
        | (_ALT if press.alt else 0)
        | (_SUPER if press.super else 0)
    )
