"""Keys that terminals without the Kitty protocol send as escape and a character.

Textual 8.2.8 reads alt+1 and alt+2 there as `¡` and `™`, drops the alt of alt+enter (which
would send a message that was to get a new line), and holds every other alt+letter back until
its escape delay has passed. Most terminals, and tmux in all of them, send these.
"""

from __future__ import annotations

import string
from typing import Any, NamedTuple, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

_WORD_MOVES = "bf"
"""What option+left and option+right send on macOS: they stay moves by a word."""


class _Named(NamedTuple):
    """Stands where the parser looks for a member of `Keys`."""

    value: str


def learn() -> None:
    """Teach Textual's parser alt with digits, small letters, slash and enter."""
    table = cast("dict[str, Any]", ANSI_SEQUENCES_KEYS)
    for character in string.ascii_lowercase + string.digits:
        if character in _WORD_MOVES:
            continue
        table[f"\x1b{character}"] = (_Named(f"alt+{character}"),)
    table["\x1b/"] = (_Named("alt+slash"),)
    table["\x1b\r"] = table["\x1b\n"] = (_Named("alt+enter"),)
